"""One-click deployment: what the job is given and its endpoint perhaps not is told, and nothing else is."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms

from constructs_lib import AutoMLJob, AutoMLJobOutcome, Mode, ModelDeployConfig

from ..constructs.synthesis import new_job, new_stack, template_of, warnings_of

TOLD = (
    "{prop} has the service itself make an endpoint, and the request says nothing but its name: that it has {given} "
    "too is nowhere documented; make an AutoMLEndpoint of the job's outcome, which takes them, where that has to be "
    "sure [ack: cdk-sagemaker-autopilot:{name}]"
)
KEY_ARN = f"arn:aws:kms:eu-west-1:111122223333:key/{'1' * 8}-1111-1111-1111-{'1' * 12}"
DEPLOY: dict[str, Any] = {"model_deploy_config": ModelDeployConfig.auto_named()}


def key(stack: cdk.Stack) -> dict[str, Any]:
    return {"volume_encryption_key": kms.Key.from_key_arn(stack, "Key", KEY_ARN)}


def vpc(stack: cdk.Stack) -> dict[str, Any]:
    return {"vpc": ec2.Vpc(stack, "Vpc")}


def subnets(stack: cdk.Stack) -> dict[str, Any]:
    subnet = ec2.Subnet.from_subnet_id(stack, "Subnet", "subnet-1")
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-1")
    return {"vpc_subnets": ec2.SubnetSelection(subnets=[subnet]), "security_groups": [group]}


@pytest.mark.parametrize(
    ("make", "given"),
    [
        (key, "the job's 'volume_encryption_key'"),
        (vpc, "the job's 'vpc'"),
        (subnets, "the job's 'vpc_subnets'"),
        (lambda stack: {**key(stack), **vpc(stack)}, "the job's 'volume_encryption_key' and the job's 'vpc'"),
    ],
)
def test_what_its_endpoint_may_not_have_is_told(make: Callable[[cdk.Stack], dict[str, Any]], given: str) -> None:
    stack = new_stack()
    job = new_job(stack, **make(stack), **DEPLOY)

    assert warnings_of(job) == [TOLD.format(prop="'model_deploy_config'", given=given, name="one_click")]


def test_of_a_request_it_is_told_in_its_own_names() -> None:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data-bucket/x"}}
    network = {"SecurityGroupIds": ["sg-12345678"], "Subnets": ["subnet-12345678"]}
    request = {
        "InputDataConfig": [{"DataSource": source, "TargetAttributeName": "y"}],
        "OutputDataConfig": {"S3OutputPath": "s3://data-bucket/out"},
        "RoleArn": "arn:aws:iam::111111111111:role/TheRole",
        "AutoMLJobConfig": {"SecurityConfig": {"VolumeKmsKeyId": "alias/mine", "VpcConfig": network}},
        "ModelDeployConfig": {"EndpointName": "churn"},
        "Tags": [{"Key": "team", "Value": "growth"}],
    }
    stack = new_stack()
    job = AutoMLJob.from_request(stack, "Job", request)
    template_of(stack)

    path = "AutoMLJobConfig.SecurityConfig"
    given = f"the job's '{path}.VolumeKmsKeyId' and the job's '{path}.VpcConfig'"
    assert warnings_of(job) == [
        TOLD.format(prop="'ModelDeployConfig'", given=given, name="one_click"),
        TOLD.format(prop="'ModelDeployConfig'", given="the job's tags", name="one_click_tags"),
    ]


def test_tags_are_told_when_the_app_is_complete() -> None:
    stack = new_stack()
    job = new_job(stack, **DEPLOY)
    cdk.Tags.of(stack.node.root).add("team", "growth")
    assert warnings_of(job) == []
    template_of(stack)

    assert warnings_of(job) == [
        TOLD.format(prop="'model_deploy_config'", given="the job's tags", name="one_click_tags")
    ]


def test_nothing_is_told_where_nothing_is_configured() -> None:
    """What an endpoint has no place for, such as traffic between instances, is not missing there."""
    stack = new_stack()
    job = new_job(stack, mode=Mode.ENSEMBLING, encrypt_inter_container_traffic=True, **DEPLOY)
    template_of(stack)

    assert warnings_of(job) == []


def test_nothing_is_told_of_a_job_that_deploys_nothing() -> None:
    stack = new_stack()
    job = new_job(stack, **key(stack), **vpc(stack))
    cdk.Tags.of(job).add("team", "growth")
    template_of(stack)

    assert warnings_of(job) == []


def test_both_are_acknowledged_as_all_warnings_are() -> None:
    stack = new_stack()
    job = new_job(stack, **key(stack), **DEPLOY)
    cdk.Tags.of(job).add("team", "growth")
    for name in ("one_click", "one_click_tags"):
        cdk.Annotations.of(stack).acknowledge_warning(f"cdk-sagemaker-autopilot:{name}", "no such rules here")
    template_of(stack)

    assert warnings_of(job) == []


# ------------------------------------------------------------------------------------- a name that two jobs would share

SHARED = (
    "the job deploys to the endpoint {named}, and this outcome waits until it has: an update that trains again fails "
    "after the training, as the endpoint of the job before has that name until the update is over; give "
    "ModelDeployConfig.auto_named() and read the outcome's 'endpoint_name', or make an AutoMLEndpoint "
    "[ack: cdk-sagemaker-autopilot:one_click_name]"
)


def named(stack: cdk.Stack, name: str = "churn-now") -> AutoMLJob:
    return new_job(stack, model_deploy_config=ModelDeployConfig.named(name))


def test_a_name_is_told_of_where_the_next_job_is_waited_for() -> None:
    stack = new_stack()
    outcome = AutoMLJobOutcome(stack, "Outcome", job=named(stack))

    assert warnings_of(outcome) == [SHARED.format(named="'churn-now'")]


def test_so_it_is_where_the_outcome_is_in_a_nested_stack_and_the_name_a_token() -> None:
    stack = new_stack()
    outcome = AutoMLJobOutcome(
        cdk.NestedStack(stack, "Inner"), "Outcome", job=named(stack, cdk.Fn.import_value("name"))
    )

    assert warnings_of(outcome) == [SHARED.format(named="whose name is only known at deploy time")]


def test_it_is_not_where_the_update_of_the_job_is_over_before() -> None:
    stack = new_stack()
    app = cdk.Stage.of(stack)
    other = cdk.Stack(app, "Other", env=cdk.Environment(account=stack.account, region=stack.region))

    assert warnings_of(AutoMLJobOutcome(other, "Outcome", job=named(stack))) == []


def test_it_is_not_where_the_service_chooses_the_name_or_deploys_nothing() -> None:
    stack = new_stack()
    for number, props in enumerate((DEPLOY, {})):
        job = new_job(stack, f"Job{number}", **props)
        assert warnings_of(AutoMLJobOutcome(stack, f"Outcome{number}", job=job)) == []
