"""The calls of the function: what its policy has to allow, and nothing else."""

import ast
from pathlib import Path

import pytest

from constructs_lib import runtime
from constructs_lib.runtime import clients

from .fake_sagemaker import FakeCloudFormation, FakeSageMaker, method_of, service_model
from .world import World, properties

AUTO_NAMED = {"AutoGenerateEndpointName": True}

SAGEMAKER = {
    "CreateAutoMLJob",
    "CreateAutoMLJobV2",
    "DescribeAutoMLJobV2",
    "StopAutoMLJob",
    "ListTags",
    "AddTags",
    "DeleteTags",
    "DescribeEndpoint",
    "DescribeEndpointConfig",
    "DeleteEndpoint",
    "DeleteEndpointConfig",
    "DeleteModel",
}
CLOUDFORMATION = {"DescribeStackResource"}


def methods_of(protocol: type) -> set[str]:
    return {name for name in vars(protocol) if not name.startswith("_")} - {"meta"}


def test_clients_can_do_nothing_else() -> None:
    assert methods_of(clients.SageMaker) == {method_of(operation) for operation in SAGEMAKER}
    assert methods_of(clients.CloudFormation) == {method_of(operation) for operation in CLOUDFORMATION}


def test_operations_exist_in_botocore() -> None:
    assert set(service_model("sagemaker").operation_names) >= SAGEMAKER
    assert set(service_model("cloudformation").operation_names) >= CLOUDFORMATION


def test_life_of_a_deployed_job_makes_every_one_of_these_calls_and_no_other(world: World) -> None:
    body = {
        "AutoMLJobInputDataConfig": [{"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://x/"}}}],
        "OutputDataConfig": {"S3OutputPath": "s3://results/"},
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}},
        "RoleArn": "arn:aws:iam::111122223333:role/churn",
    }
    world.create(properties(ModelDeployConfig=AUTO_NAMED, tags={"a": "1"}))
    world.sagemaker.deploy(world.physical_id, "auto-endpoint")
    world.update(properties(ModelDeployConfig=AUTO_NAMED, tags={"b": "1"}))
    world.update({"Operation": "CreateAutoMLJobV2", "Request": body, "NamePrefix": "demo-"})

    assert set(world.sagemaker.operations()) == SAGEMAKER
    assert set(world.cloudformation.operations()) == CLOUDFORMATION


def test_code_calls_every_method_that_the_clients_have() -> None:
    folder = Path(runtime.__file__).parent
    called = {
        node.attr
        for path in folder.glob("*.py")
        if path.name != "clients.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
    }

    assert methods_of(clients.SageMaker) | methods_of(clients.CloudFormation) <= called


def test_real_clients_can_do_what_the_protocols_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    aws = clients.connect()

    assert methods_of(clients.SageMaker) <= set(dir(aws.sagemaker))
    assert methods_of(clients.CloudFormation) <= set(dir(aws.cloudformation))
    assert aws.sagemaker.meta.service_model.operation_model("CreateAutoMLJob").input_shape.members


def test_fakes_can_do_what_the_clients_can() -> None:
    assert methods_of(clients.SageMaker) <= set(dir(FakeSageMaker))
    assert methods_of(clients.CloudFormation) <= set(dir(FakeCloudFormation))
