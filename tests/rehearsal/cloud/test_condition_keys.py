"""What policies can test of a request: the services' own condition keys, as AWS lists them for each operation."""

import json
from functools import cache
from importlib import util
from pathlib import Path
from typing import Any

import pytest
from ministack.core import iam_evaluator

from constructs_lib.rehearsal.cloud import condition_keys
from constructs_lib.rehearsal.cloud.model import check_request
from constructs_lib.rehearsal.cloud.service import served
from constructs_lib.rehearsal.cloud.store import Place

from .account import BUCKET, Account, refusal
from .hosting.endpoints import config, model, model_data

PLACE = Place("123456789012", "us-east-1")
ROLE = "arn:aws:iam::123456789012:role/r"
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
NETWORK = {"VpcConfig": {"SecurityGroupIds": ["sg-1", "sg-2"], "Subnets": ["subnet-1"]}}
SECURITY = {**NETWORK, "EnableInterContainerTrafficEncryption": False, "VolumeKmsKeyId": KEY}
SOURCE = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/k"}}}
OUTPUT = {"OutputDataConfig": {"S3OutputPath": "s3://b/out", "KmsKeyId": KEY}}
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/e/variant/v",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
SAYING_ALL: dict[str, dict[str, Any]] = {
    "CreateAutoMLJob": {
        "AutoMLJobName": "j",
        "InputDataConfig": [{**SOURCE, "TargetAttributeName": "y"}],
        "RoleArn": ROLE,
        "AutoMLJobConfig": {"SecurityConfig": SECURITY},
        **OUTPUT,
    },
    "CreateAutoMLJobV2": {
        "AutoMLJobName": "j",
        "AutoMLJobInputDataConfig": [SOURCE],
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}},
        "RoleArn": ROLE,
        "SecurityConfig": SECURITY,
        **OUTPUT,
    },
    "CreateModel": {"ModelName": "m", "EnableNetworkIsolation": True, **NETWORK},
    "CreateEndpointConfig": {
        "EndpointConfigName": "c",
        "KmsKeyId": KEY,
        "EnableNetworkIsolation": False,
        **NETWORK,
        "ProductionVariants": [
            {
                "VariantName": "a",
                "ModelName": "First",
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
                "AcceleratorType": "ml.eia2.medium",
            },
            {"VariantName": "b", "ModelName": "m2", "InstancePools": [{"InstanceType": "ml.c5.large", "Priority": 1}]},
            {"VariantName": "c", "ModelName": "m2", "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 5}},
        ],
    },
    "CreateTransformJob": {
        "TransformJobName": "t",
        "ModelName": "m",
        "TransformInput": SOURCE,
        "TransformOutput": {"S3OutputPath": "s3://b/out", "KmsKeyId": KEY},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeKmsKeyId": KEY},
    },
    "CreateModelPackage": {
        "ModelPackageGroupName": "g",
        "ModelApprovalStatus": "Approved",
        "CustomerMetadataProperties": {"Owner": "me"},
    },
    "UpdateModelPackage": {
        "ModelPackageArn": "arn:aws:sagemaker:us-east-1:123456789012:model-package/g/1",
        "ModelApprovalStatus": "Approved",
        "CustomerMetadataProperties": {"Owner": "me"},
        "CustomerMetadataPropertiesToRemove": ["old"],
    },
    "RegisterScalableTarget": TARGET,
    "DeregisterScalableTarget": TARGET,
    "PutScalingPolicy": {**TARGET, "PolicyName": "p"},
    "DeleteScalingPolicy": {**TARGET, "PolicyName": "p"},
    "PutScheduledAction": {**TARGET, "ScheduledActionName": "a"},
    "DeleteScheduledAction": {**TARGET, "ScheduledActionName": "a"},
}
"""A request of each operation that has a value for each of its keys."""

OF_NO_REQUEST_SERVED = {"sagemaker:TargetModel"}
"""Multi-model endpoints are refused here, whatever a policy says."""

OPERATORS = {"Bool": "Bool", "ARN": "ArnEquals", "Numeric": "NumericEquals"}
CASES = [
    (service, operation, key)
    for service, operations in condition_keys.KEYS.items()
    for operation, keys in operations.items()
    for key in keys
]


@cache
def published(service: str) -> dict[str, Any]:
    """What AWS says of a service, as a package for linting policies carries it."""
    package = util.find_spec("parliament")
    assert package
    assert package.origin
    definitions = json.loads(Path(package.origin).with_name("iam_definition.json").read_text())
    found: dict[str, Any] = next(one for one in definitions if one["prefix"] == service)
    return found


def published_keys(service: str, operation: str) -> set[str]:
    keys = {
        key
        for action in published(service)["privileges"]
        if action["privilege"] == operation
        for resource in action["resource_types"]
        for key in resource["condition_keys"]
    }
    return {key.removesuffix("/${MetadataKey}") for key in keys if key.startswith(f"{service}:")}


def test_every_operation_that_is_served_has_the_keys_that_aws_lists() -> None:
    elsewhere = {"sagemaker:TaggingAction"} | OF_NO_REQUEST_SERVED
    for name, operations in served().items():
        service = name.removesuffix("-runtime")
        for operation in operations:
            ours = {f"{service}:{key}" for key in condition_keys.KEYS[service].get(operation, {})}
            assert ours == published_keys(service, operation) - elsewhere, operation


def test_the_requests_of_this_test_are_ones_that_the_services_take() -> None:
    for service, of in condition_keys.KEYS.items():
        for operation in of:
            check_request(operation, SAYING_ALL[operation], service)


def allowed(service: str, operation: str, request: dict[str, Any], *statements: dict[str, Any]) -> bool:
    """Whether these statements, and an Allow for everything, allow a request."""
    keys = condition_keys.of_request(service, operation, request, PLACE)
    context = iam_evaluator.EvalContext(
        principal_arn=ROLE, principal_type="AssumedRole", principal_account=PLACE.account, region=PLACE.region,
        action=f"{service}:{operation}", resource_arn="*",
        service_context={key.lower(): value for key, value in keys.items()},
    )  # fmt: skip
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = iam_evaluator.parse_policy_document({"Statement": [everything, *statements]})
    return bool(iam_evaluator.evaluate(context, [policy]).decision == "Allow")


def deny(operator: str, key: str, *values: str) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {operator: {key: list(values)}}}


def named(service: str, operation: str, key: str) -> tuple[str, str, list[str]]:
    """A key as policies write it, its type, and the values that the request of this test has for it."""
    found = condition_keys.of_request(service, operation, SAYING_ALL[operation], PLACE)
    [(name, value)] = [item for item in found.items() if item[0].partition("/")[0] == f"{service}:{key}"]
    [kind] = [
        one["type"]
        for one in published(service)["conditions"]
        if one["condition"].partition("/")[0] == f"{service}:{key}"
    ]
    return name, kind, value if isinstance(value, list) else [value]


@pytest.mark.parametrize(("service", "operation", "key"), CASES)
def test_a_deny_on_a_value_meets_the_request_that_has_it(service: str, operation: str, key: str) -> None:
    name, kind, values = named(service, operation, key)
    several = "ForAnyValue:" if len(values) > 1 else ""
    operator = several + OPERATORS.get(kind, "StringEquals")
    request = SAYING_ALL[operation]
    for value in values:
        assert not allowed(service, operation, request, deny(operator, name, value))
    other = {"Bool": "true" if values == ["false"] else "false", "Numeric": "7"}.get(kind, "arn:aws:other:::x/y")
    assert allowed(service, operation, request, deny(operator, name, other))


@pytest.mark.parametrize(("service", "operation", "key"), CASES)
def test_null_tells_whether_a_request_says_anything(service: str, operation: str, key: str) -> None:
    name, _, _ = named(service, operation, key)
    required = {"InstanceTypes", "ModelArn"} if operation == "CreateTransformJob" else set()
    assert allowed(service, operation, SAYING_ALL[operation], deny("Null", name, "true"))
    assert not allowed(service, operation, SAYING_ALL[operation], deny("Null", name, "false"))
    if service == "sagemaker" and key not in required:
        assert not allowed(service, operation, {}, deny("Null", name, "true"))
        assert allowed(service, operation, {}, deny("Null", name, "false"))


@pytest.mark.parametrize(("service", "operation", "key"), CASES)
def test_for_all_values_wants_every_value_in_the_list(service: str, operation: str, key: str) -> None:
    name, _, values = named(service, operation, key)
    request = SAYING_ALL[operation]
    assert not allowed(service, operation, request, deny("ForAllValues:StringEquals", name, *values))
    assert allowed(service, operation, request, deny("ForAllValues:StringEquals", name, *values[1:], "other"))


def test_values_are_those_of_every_variant_and_models_are_arns() -> None:
    found = condition_keys.of_request("sagemaker", "CreateEndpointConfig", SAYING_ALL["CreateEndpointConfig"], PLACE)
    assert found["sagemaker:InstanceTypes"] == ["ml.m5.large", "ml.c5.large"]
    arn = "arn:aws:sagemaker:us-east-1:123456789012:model"
    assert found["sagemaker:ModelArn"] == [f"{arn}/first", f"{arn}/m2", f"{arn}/m2"]


@pytest.mark.parametrize("request_", [{}, {"VpcConfig": "x"}, {"VpcConfig": {"Subnets": [None, {"a": 1}]}}])
def test_a_request_that_was_not_checked_yet_is_no_trouble(request_: dict[str, Any]) -> None:
    condition_keys.of_request("sagemaker", "CreateModel", request_, PLACE)
    assert condition_keys.of_tags({"Tags": ["x", {}]}) != {}


# On the wire

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
DENIED = "AccessDeniedException"


def denied(action: str, operator: str, key: str, value: str) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": "*", "Condition": {operator: {key: value}}}


@pytest.mark.cloud
def test_policies_meet_the_calls(account: Account) -> None:
    no_network = denied("sagemaker:CreateModel", "Null", "sagemaker:VpcSubnets", "true")
    big = denied("sagemaker:CreateEndpointConfig", "StringLike", "sagemaker:InstanceTypes", "ml.p*")
    sagemaker = account.acting_as(ALL, no_network, big)("sagemaker")
    container = {"Image": "i", "ModelDataUrl": f"s3://{BUCKET}/x"}
    made = {"ModelName": "met", "ExecutionRoleArn": account.job_role, "PrimaryContainer": container}
    assert refusal(sagemaker.create_model, **made)[0] == DENIED
    assert refusal(sagemaker.create_model, **made, **NETWORK)[0] != DENIED
    variant = {"VariantName": "v", "ModelName": "no", "InitialInstanceCount": 1}
    create = sagemaker.create_endpoint_config
    for instance, code in (("ml.p3.2xlarge", DENIED), ("ml.m5.large", "ValidationException")):
        variants = [{**variant, "InstanceType": instance}]
        assert refusal(create, EndpointConfigName="met", ProductionVariants=variants)[0] == code


@pytest.mark.cloud
def test_tags_of_a_request_are_seen_on_every_resource_that_it_names(account: Account) -> None:
    configuration = config(account, model(account, model_data(account, "a")))
    of = {"Effect": "Allow", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestTag/team": "ours"}}}
    tagging = {**of, "Action": "sagemaker:AddTags"}
    creating = {**of, "Action": "sagemaker:CreateEndpoint"}
    request = {"EndpointConfigName": configuration, "Tags": [{"Key": "team", "Value": "ours"}]}
    account.acting_as(creating, tagging)("sagemaker").create_endpoint(EndpointName="ours", **request)
    elsewhere = {"Effect": "Allow", "Action": "sagemaker:AddTags", "Resource": "*"}
    for operation, code in (("CreateModel", DENIED), ("CreateEndpoint", "ValidationException")):
        condition = {"StringEquals": {"sagemaker:TaggingAction": operation}}
        caller = account.acting_as(creating, {**elsewhere, "Condition": condition})("sagemaker")
        assert refusal(caller.create_endpoint, EndpointName="ours", **request)[0] == code


@pytest.mark.cloud
def test_a_tag_of_a_resource_has_a_key_of_sagemaker_too(account: Account) -> None:
    sagemaker = account.sagemaker
    arn = sagemaker.create_model_package_group(ModelPackageGroupName="g", Tags=[{"Key": "Team", "Value": "ours"}])
    assert arn
    theirs = denied("sagemaker:DescribeModelPackageGroup", "StringEquals", "sagemaker:ResourceTag/team", "ours")
    others = denied("sagemaker:DescribeModelPackageGroup", "StringEquals", "sagemaker:ResourceTag/team", "others")
    describe = account.acting_as(ALL, theirs)("sagemaker").describe_model_package_group
    assert refusal(describe, ModelPackageGroupName="g")[0] == DENIED
    account.acting_as(ALL, others)("sagemaker").describe_model_package_group(ModelPackageGroupName="g")
