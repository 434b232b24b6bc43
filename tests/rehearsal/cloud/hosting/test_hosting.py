"""Models, endpoint configurations, endpoints and invocations."""

import json
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..account import BUCKET, JOB_ACTIONS, Account, refusal
from ..wire import Reply, Request, ask
from .endpoints import config, lost_data, model, settled

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def model_data(account: Account) -> str:
    job = account.ended(account.request())
    return str(job["BestCandidate"]["InferenceContainers"][0]["ModelDataUrl"])


@pytest.fixture(scope="module")
def endpoint(account: Account, model_data: str) -> str:
    account.sagemaker.create_endpoint(EndpointName="ep", EndpointConfigName=config(account, model(account, model_data)))
    assert settled(account, "ep")["EndpointStatus"] == "InService"
    return "ep"


def test_what_is_missing_or_twice_is_a_validation_error_as_on_aws(account: Account, endpoint: str) -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012"
    sagemaker = account.sagemaker
    for call, request, message in (
        (sagemaker.describe_model, {"ModelName": "no"}, f'Could not find model "{arn}:model/no".'),
        (sagemaker.delete_endpoint, {"EndpointName": "no"}, f'Could not find endpoint "{arn}:endpoint/no".'),
        (
            sagemaker.create_endpoint,
            {"EndpointName": endpoint, "EndpointConfigName": settled(account, endpoint)["EndpointConfigName"]},
            f'Cannot create already existing endpoint "{arn}:endpoint/ep".',
        ),
        (
            sagemaker.create_endpoint,
            {"EndpointName": "new", "EndpointConfigName": "no"},
            f'Could not find endpoint configuration "{arn}:endpoint-config/no".',
        ),
        (sagemaker.create_model, {"ModelName": "empty"}, "A model needs a PrimaryContainer or Containers"),
        (
            sagemaker.create_endpoint_config,
            {"EndpointConfigName": "c", "ProductionVariants": [{"VariantName": "v"}]},
            "Variant v needs an InstanceType or a ServerlessConfig",
        ),
    ):
        assert refusal(call, **request) == ("ValidationException", message)


def test_an_endpoint_answers_and_refuses_what_the_model_refuses(cloud: Cloud, endpoint: str) -> None:
    runtime = cloud.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=b"1\n2", ContentType="text/csv", Accept="text/csv")
    assert (answer["Body"].read(), answer["ContentType"]) == (b"answer 1\nanswer 1", "text/csv")
    with pytest.raises(runtime.exceptions.ModelError) as refused:
        runtime.invoke_endpoint(EndpointName=endpoint, Body=b"1", ContentType="image/png")
    group = "/aws/sagemaker/Endpoints/ep"
    assert refused.value.response["Error"]["Message"] == (
        'Received client error (400) from primary with message "content type image/png is not text/csv". See '
        "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logEventViewer:group="
        f"{group} in account 123456789012 for more information."
    )
    members = ("OriginalStatusCode", "OriginalMessage", "LogStreamArn")
    assert [refused.value.response[member] for member in members] == [
        400,
        "content type image/png is not text/csv",
        f"arn:aws:logs:us-east-1:123456789012:log-group:{group}",
    ]


def test_a_request_that_the_endpoint_does_not_take_is_refused(cloud: Cloud, endpoint: str) -> None:
    runtime = cloud.client("sagemaker-runtime")
    for members, message in (
        ({"EndpointName": "no"}, "Endpoint no of account 123456789012 not found."),
        ({"TargetVariant": "two"}, "Variant two of endpoint ep not found."),
        (
            {"TargetModel": "a.tar.gz"},
            "Endpoint ep is not a multi-model endpoint and does not support target model header.",
        ),
        (
            {"TargetContainerHostname": "first"},
            "Endpoint ep is not a multi-container endpoint and does not support target container header.",
        ),
        (
            {"InferenceComponentName": "one"},
            "Endpoint ep has no inference components and does not support inference component header.",
        ),
        (
            {"EnableExplanations": "`true`"},
            "Endpoint ep has no explainer and does not support enable explanations header.",
        ),
        ({"SessionId": "NEW_SESSION"}, "Endpoint ep is not stateful and does not support session id header."),
        (
            {"PrefixAwareId": "p"},
            "Endpoint ep has no prefix aware routing and does not support prefix aware id header.",
        ),
        (
            {"InferenceId": "i" * 65},
            f"1 validation error detected: Value '{'i' * 65}' at 'inferenceId' failed to satisfy constraint: Member "
            "must have length less than or equal to 64",
        ),
        (
            {"Body": b"1" * (6 * 1024 * 1024 + 1)},
            "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length less "
            "than or equal to 6291456",
        ),
    ):
        request: dict[str, Any] = {"EndpointName": endpoint, "Body": b"1", "ContentType": "text/csv", **members}
        assert refusal(runtime.invoke_endpoint, **request) == ("ValidationError", message)


def test_an_update_that_fails_leaves_the_old_configuration_in_service(
    account: Account, cloud: Cloud, endpoint: str
) -> None:
    before = settled(account, endpoint)["EndpointConfigName"]
    broken = config(account, lost_data(account))
    account.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=broken)
    after = settled(account, endpoint)
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", before)
    assert "NoSuchKey" in after["FailureReason"]
    answer = cloud.client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, Body=b"1", ContentType="text/csv")
    assert answer["Body"].read() == b"answer 1"


def test_the_model_is_read_as_its_own_role(account: Account, model_data: str) -> None:
    role = account.role("Blind", JOB_ACTIONS)
    blind = config(account, model(account, model_data, role=role))
    account.iam.delete_role_policy(RoleName="Blind", PolicyName="inline")
    account.sagemaker.create_endpoint(EndpointName="blind", EndpointConfigName=blind)
    failed = settled(account, "blind")
    assert failed["EndpointStatus"] == "Failed"
    assert f"The execution role {role} is not authorized to perform s3:GetObject" in failed["FailureReason"]


def test_a_model_needs_an_image_and_data_that_are_there_and_its_role_may_read(
    account: Account, model_data: str
) -> None:
    role = account.role("Sightless", [action for action in JOB_ACTIONS if action != "s3:GetObject"])
    registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
    in_vpc = {"ImageConfig": {"RepositoryAccessMode": "Vpc"}}
    for container, executing, message in (
        ({"ModelDataUrl": f"s3://{BUCKET}/no"}, account.job_role, f"Could not find model data at s3://{BUCKET}/no."),
        ({"ModelDataUrl": "s3://nowhere/no"}, account.job_role, "Could not find model data at s3://nowhere/no."),
        (
            {},
            role,
            f'Could not access model data at {model_data}. Please ensure that the role "{role}" exists and that its '
            'trust relationship policy allows the action "sts:AssumeRole" for the service principal '
            '"sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that the object '
            "is located in us-east-1. If your Model uses multiple models or uncompressed models, please ensure that "
            'the role has "s3:ListBucket" permission.',
        ),
        (
            {"Image": "library/xgboost:1"},
            account.job_role,
            'Using non-ECR image "library/xgboost:1" without Vpc repository access mode is not supported.',
        ),
        (
            {"Image": "library/xgboost:1", **in_vpc},
            account.job_role,
            "The rehearsal offers no image from a registry in a VPC, and library/xgboost:1 is one",
        ),
        ({"Image": f"{registry}/mine:1"}, account.job_role, f"Requested image {registry}/mine:1 not found."),
    ):
        request = {"Image": account.image, "ModelDataUrl": model_data, **container}
        create = account.sagemaker.create_model
        assert refusal(create, ModelName="no", ExecutionRoleArn=executing, PrimaryContainer=request) == (
            "ValidationException",
            message,
        )
    assert account.sagemaker.list_models(NameContains="no")["Models"] == []


def test_what_is_not_offered_is_named(account: Account) -> None:
    component = {"VariantName": "one", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    create = account.sagemaker.create_endpoint_config
    assert refusal(create, EndpointConfigName="components", ProductionVariants=[component]) == (
        "ValidationException",
        "The rehearsal offers no inference components: each variant needs a ModelName",
    )


def test_errors_on_the_wire_are_json_1_1(cloud: Cloud, account: Account) -> None:
    del account

    def answer(target: str, body: bytes) -> Reply:
        headers = {"X-Amz-Target": f"SageMaker.{target}", "Content-Type": "application/x-amz-json-1.1"}
        request = Request("sagemaker", body=body, headers=headers)
        return ask(cloud, request, request.signed(cloud))

    for body, code in (
        (b"{", "SerializationException"),
        (b"[]", "SerializationException"),
        (b"{}", "ValidationException"),
    ):
        said = answer("CreateAutoMLJob", body)
        assert (said.status, said.headers["x-amzn-ErrorType"], said.code) == (400, code, code)
        assert json.loads(said.text)["message"]
    assert json.loads(answer("CreateTrainingJob", b"{}").text) == {
        "__type": "UnknownOperationException",
        "message": "The rehearsal does not offer CreateTrainingJob",
    }
