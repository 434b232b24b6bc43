"""What an endpoint configuration may ask for, and what it keeps."""

from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..account import BUCKET, Account, refusal
from .endpoints import CAPACITY, config, model, model_data

pytestmark = pytest.mark.cloud

SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
CAPTURE = {
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": f"s3://{BUCKET}/captured",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}
ASYNC = {"OutputConfig": {"S3OutputPath": f"s3://{BUCKET}/later"}}


@pytest.fixture(scope="module")
def served(account: Account) -> str:
    return model(account, model_data(account, "a"))


def test_a_configuration_is_described_as_it_was_made(account: Account, served: str) -> None:
    variant = {
        "VariantName": "one",
        "ModelName": served,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 2,
        "ContainerStartupHealthCheckTimeoutInSeconds": 60,
        "ModelDataDownloadTimeoutInSeconds": 3600,
    }
    members = {"DataCaptureConfig": CAPTURE, "AsyncInferenceConfig": ASYNC, "KmsKeyId": "alias/aws/sagemaker"}
    request = {"EndpointConfigName": "kept", "ProductionVariants": [variant], **members}
    account.sagemaker.create_endpoint_config(**request)
    described = account.sagemaker.describe_endpoint_config(EndpointConfigName="kept")
    assert {name: described[name] for name in request} == request


def test_a_serverless_configuration_is_kept(account: Account, served: str) -> None:
    capacity = {"ServerlessConfig": {**SERVERLESS, "ProvisionedConcurrency": 5}}
    name = config(account, served, capacity=capacity)
    described = account.sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert described["ProductionVariants"][0]["ServerlessConfig"] == capacity["ServerlessConfig"]


@pytest.mark.parametrize(
    ("capacity", "members", "message"),
    [
        ({}, {}, "Variant one needs an InstanceType or a ServerlessConfig"),
        (
            {**CAPACITY, "ServerlessConfig": SERVERLESS},
            {},
            "Variant one has a ServerlessConfig, so it can not have InstanceType, InitialInstanceCount",
        ),
        (
            {"ServerlessConfig": {**SERVERLESS, "MemorySizeInMB": 2000}},
            {},
            "MemorySizeInMB of variant one must be a multiple of 1024",
        ),
        (
            {"ServerlessConfig": {**SERVERLESS, "MemorySizeInMB": 7168}},
            {},
            "1 validation error detected: Value '7168' at "
            "'productionVariants.1.member.serverlessConfig.memorySizeInMB' failed to satisfy constraint: "
            "Member must have value less than or equal to 6144",
        ),
        (
            {"ServerlessConfig": {**SERVERLESS, "ProvisionedConcurrency": 6}},
            {},
            "ProvisionedConcurrency of variant one must be less than or equal to its MaxConcurrency",
        ),
        (
            {"ServerlessConfig": SERVERLESS},
            {"DataCaptureConfig": CAPTURE},
            "Serverless inference does not support DataCaptureConfig",
        ),
        (
            {"ServerlessConfig": SERVERLESS},
            {"AsyncInferenceConfig": ASYNC},
            "Serverless inference does not support AsyncInferenceConfig",
        ),
        (
            CAPACITY,
            {"AsyncInferenceConfig": {"OutputConfig": {}}},
            "The rehearsal needs an S3OutputPath in AsyncInferenceConfig.OutputConfig",
        ),
        (
            CAPACITY,
            {"ShadowProductionVariants": [{"VariantName": "two", **CAPACITY}]},
            "The rehearsal offers no ShadowProductionVariants",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    account: Account, served: str, capacity: dict[str, Any], members: dict[str, Any], message: str
) -> None:
    variants = [{"VariantName": "one", "ModelName": served, **capacity}]
    create = account.sagemaker.create_endpoint_config
    assert refusal(create, EndpointConfigName="no", ProductionVariants=variants, **members) == (
        "ValidationException",
        message,
    )


def test_variants_have_names_of_their_own_and_serverless_has_one(account: Account, served: str) -> None:
    create = account.sagemaker.create_endpoint_config
    twice = [{"VariantName": "one", "ModelName": served, **CAPACITY}] * 2
    assert refusal(create, EndpointConfigName="no", ProductionVariants=twice)[1] == (
        "There are 2 variants with the name one"
    )
    variant = {"ModelName": served, "ServerlessConfig": SERVERLESS}
    two = [{"VariantName": "one", **variant}, {"VariantName": "two", **variant}]
    assert refusal(create, EndpointConfigName="no", ProductionVariants=two)[1] == (
        "Serverless inference supports one production variant only"
    )


@pytest.mark.parametrize("problem", ["an inference pipeline", "a VpcConfig", "network isolation"])
def test_serverless_inference_refuses_some_models(account: Account, cloud: Cloud, problem: str) -> None:
    del cloud
    container = {"Image": account.image, "ModelDataUrl": model_data(account, "a")}
    all_members: dict[str, dict[str, Any]] = {
        "an inference pipeline": {"Containers": [container, container]},
        "a VpcConfig": {
            "PrimaryContainer": container,
            "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        },
        "network isolation": {"PrimaryContainer": container, "EnableNetworkIsolation": True},
    }
    members = all_members[problem]
    name = account.fresh("odd")
    account.sagemaker.create_model(ModelName=name, ExecutionRoleArn=account.job_role, **members)
    variant = {"VariantName": "one", "ModelName": name, "ServerlessConfig": SERVERLESS}
    create = account.sagemaker.create_endpoint_config
    assert refusal(create, EndpointConfigName="no", ProductionVariants=[variant])[1] == (
        f"Serverless inference does not support {problem}, and the model {name} is one with it"
    )
