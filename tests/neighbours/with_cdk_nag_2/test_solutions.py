"""AWS Solutions Constructs that call an endpoint."""

import json

import pytest
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sagemaker as sagemaker
from aws_solutions_constructs.aws_apigateway_sagemakerendpoint import ApiGatewayToSageMakerEndpoint
from aws_solutions_constructs.aws_lambda_sagemakerendpoint import LambdaToSagemakerEndpoint

from ..churn import Churn, of_type, resources

pytestmark = pytest.mark.neighbours


def test_a_function_takes_the_endpoints_l1() -> None:
    stack = Churn()
    endpoint = stack.endpoint.node.default_child
    assert isinstance(endpoint, sagemaker.CfnEndpoint)
    LambdaToSagemakerEndpoint(
        stack,
        "Caller",
        existing_sagemaker_endpoint_obj=endpoint,
        lambda_function_props=lambda_.FunctionProps(
            code=lambda_.Code.from_inline("def handler(event, context): pass"),
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
        ),
    )
    template = resources(stack)
    (ours,) = of_type("AWS::SageMaker::Endpoint", template)
    (caller,) = (each for name, each in of_type("AWS::Lambda::Function", template).items() if name.startswith("Caller"))
    variables = caller["Properties"]["Environment"]["Variables"]
    policies = json.dumps(of_type("AWS::IAM::Policy", template))

    assert variables["SAGEMAKER_ENDPOINT_NAME"] == {"Fn::GetAtt": [ours, "EndpointName"]}
    assert f'"sagemaker:InvokeEndpoint", "Effect": "Allow", "Resource": {{"Ref": "{ours}"}}' in policies


def test_an_api_takes_the_endpoints_name() -> None:
    stack = Churn()
    ApiGatewayToSageMakerEndpoint(
        stack,
        "Api",
        endpoint_name=stack.endpoint.endpoint_name,
        resource_path="{customer}",
        request_mapping_template='{"instances": ["$input.params(\'customer\')"]}',
    )
    template = resources(stack)
    (ours,) = of_type("AWS::SageMaker::Endpoint", template)
    (uri,) = (
        each["Properties"]["Integration"]["Uri"]
        for each in of_type("AWS::ApiGateway::Method", template).values()
        if "Uri" in each["Properties"].get("Integration", {})
    )

    assert {"Fn::GetAtt": [ours, "EndpointName"]} in uri["Fn::Join"][1]
