"""What a change of one prop replaces, for every prop of every construct: nothing but what its docstring says.

Which properties of a resource CloudFormation changes by making another one, AWS's own schemas say, which cfn-lint has.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from constructs_lib import (
    Algorithm,
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLJobV2,
    AutoMLModelPackage,
    AutoMLProvider,
    AutoMLTransform,
    Channel,
    CompletionCriteria,
    DataCapture,
    DeploymentPolicy,
    FeatureSpecification,
    Metric,
    Mode,
    ModelDeployConfig,
    OnTimeout,
    OutputLocation,
    ProblemType,
    QualityGate,
    RealTime,
    ResponseKey,
    Serverless,
    Tabular,
    TextClassification,
)

from .synthesis import data_bucket, new_job, template_of

Change = Callable[[cdk.Stack], Any]


def effects(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """What an update replaces, makes and removes, and which properties of custom resources it changes.

    Policies are left out: they are made anew with what they allow, and follow what they serve.
    """
    old, new = before["Resources"], after["Resources"]
    found = {f"new {each['Type']}" for name, each in new.items() if name not in old}
    found |= {f"gone {each['Type']}" for name, each in old.items() if name not in new}
    for name in old.keys() & new.keys():
        kind = new[name]["Type"]
        one, other = ({**each[name].get("Properties", {})} for each in (old, new))
        changed = {member for member in one | other if untagged(one.get(member)) != untagged(other.get(member))}
        if kind.startswith("Custom::"):
            found |= {f"{kind}.{member}" for member in changed - {"Watch"}}
        elif changed & create_only(kind):
            found.add(f"another {kind}")
    return {each for each in found if "::IAM::ManagedPolicy" not in each and "::IAM::Policy" not in each}


def untagged(value: object) -> object:
    return {name: each for name, each in value.items() if name != "Tags"} if isinstance(value, dict) else value


def create_only(kind: str) -> set[str]:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return {pointer.split("/")[2] for pointer in schema.get("createOnlyProperties", [])}


def vpc(stack: cdk.Stack) -> ec2.IVpc:
    return ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["a", "b"], private_subnet_ids=["subnet-1", "subnet-2"]
    )


def key(stack: cdk.Stack) -> kms.IKey:
    return kms.Key.from_key_arn(
        stack, "Key", f"arn:aws:kms:eu-west-1:111122223333:key/{'1' * 8}-1111-1111-1111-{'1' * 12}"
    )


def role(stack: cdk.Stack) -> iam.IRole:
    return iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/mine")


def topic(stack: cdk.Stack) -> sns.ITopic:
    return sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:eu-west-1:111122223333:topic")


def group(stack: cdk.Stack) -> ec2.ISecurityGroup:
    return ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-1")


def second(stack: cdk.Stack) -> ec2.SubnetSelection:
    return ec2.SubnetSelection(availability_zones=["b"])


def below(prefix: str) -> Change:
    return lambda stack: Channel.from_bucket(data_bucket(stack), prefix)


def output(prefix: str) -> Change:
    return lambda stack: OutputLocation.from_bucket(data_bucket(stack), prefix)


def always(value: object) -> Change:
    return lambda _: value


def alarms(stack: cdk.Stack) -> list[cloudwatch.IAlarm]:
    arn = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:bad"
    return [cloudwatch.Alarm.from_alarm_arn(stack, "Alarm", arn)]


def outcome_of(stack: cdk.Stack) -> AutoMLJobOutcome:
    return AutoMLJobOutcome(stack, "Outcome", job=new_job(stack, mode=Mode.ENSEMBLING))


def retrained(stack: cdk.Stack) -> AutoMLJobOutcome:
    return AutoMLJobOutcome(stack, "Outcome", job=new_job(stack, mode=Mode.ENSEMBLING, revision="2"))


Props = dict[str, Change]


@dataclass(frozen=True)
class Row:
    """One prop goes from one value to another, or from none."""

    after: Change
    expected: set[str]
    before: Change | None = None
    beside: Props = field(default_factory=dict)
    """Other props, before and after."""


TRAINS_AGAIN = {"Custom::SageMakerAutoMLJob.Request"}
JOB, OUTCOME, MODEL, TRANSFORM, PACKAGE = (
    f"Custom::SageMakerAutoML{kind}." for kind in ("Job", "Outcome", "Model", "Transform", "ModelPackage")
)
CONFIG = "another AWS::SageMaker::EndpointConfig"
"""The endpoint takes it over without downtime."""

ENDPOINT = "another AWS::SageMaker::Endpoint"
WAITS = {"new AWS::CloudFormation::WaitCondition", "gone AWS::CloudFormation::WaitCondition"}
"""A wait condition waits once, so each wait is another one."""

NEW_GROUP, OLD_GROUP = "new AWS::EC2::SecurityGroup", "gone AWS::EC2::SecurityGroup"
OLD_ROLE = "gone AWS::IAM::Role"

OF_EVERY_JOB: dict[str, Row] = {
    "training_data": Row(below("other/"), TRAINS_AGAIN),
    "validation_data": Row(below("validate/"), TRAINS_AGAIN),
    "validation_fraction": Row(always(0.3), TRAINS_AGAIN),
    "model_deploy_config": Row(always(ModelDeployConfig.named("churn")), TRAINS_AGAIN),
    "job_name": Row(always("other"), TRAINS_AGAIN, always("one")),
    "revision": Row(always("2"), {JOB + "Revision"}),
    "output": Row(output("other/"), TRAINS_AGAIN),
    "role": Row(role, TRAINS_AGAIN | {OLD_ROLE}),
    "volume_encryption_key": Row(key, TRAINS_AGAIN),
    "vpc": Row(vpc, TRAINS_AGAIN | {NEW_GROUP}),
    "vpc_subnets": Row(second, TRAINS_AGAIN, beside={"vpc": vpc}),
    "security_groups": Row(lambda stack: [group(stack)], TRAINS_AGAIN | {OLD_GROUP}, beside={"vpc": vpc}),
    "encrypt_inter_container_traffic": Row(always(value=True), TRAINS_AGAIN),
}
ROWS: dict[type, tuple[Props, dict[str, Row]]] = {
    AutoMLJob: (
        {"training_data": below("train/"), "target_attribute": always("y"), "output": output("models/")},
        {
            **OF_EVERY_JOB,
            "target_attribute": Row(always("z"), TRAINS_AGAIN),
            "sample_weight_attribute": Row(always("w"), TRAINS_AGAIN, beside={"mode": always(Mode.ENSEMBLING)}),
            "problem_type": Row(
                always(ProblemType.MULTICLASS_CLASSIFICATION),
                TRAINS_AGAIN,
                always(ProblemType.BINARY_CLASSIFICATION),
                {"objective": always(Metric.ACCURACY)},
            ),
            "objective": Row(
                always(Metric.F1),
                TRAINS_AGAIN,
                always(Metric.AUC),
                {"problem_type": always(ProblemType.BINARY_CLASSIFICATION)},
            ),
            "mode": Row(always(Mode.ENSEMBLING), TRAINS_AGAIN),
            "algorithms": Row(always([Algorithm.XGBOOST]), TRAINS_AGAIN, beside={"mode": always(Mode.ENSEMBLING)}),
            "features": Row(always(FeatureSpecification.of(["a"])), TRAINS_AGAIN),
            "completion_criteria": Row(always(CompletionCriteria(max_candidates=3)), TRAINS_AGAIN),
            "generate_candidate_definitions_only": Row(always(value=True), TRAINS_AGAIN),
        },
    ),
    AutoMLJobV2: (
        {
            "training_data": below("train/"),
            "problem": always(Tabular(target_attribute="y")),
            "output": output("models/"),
        },
        {
            **OF_EVERY_JOB,
            "problem": Row(always(TextClassification(content_column="a", target_label_column="y")), TRAINS_AGAIN),
            "objective": Row(
                always(Metric.F1),
                TRAINS_AGAIN,
                always(Metric.AUC),
                {"problem": always(Tabular(target_attribute="y", problem_type=ProblemType.BINARY_CLASSIFICATION))},
            ),
            "emr_serverless_role": Row(role, TRAINS_AGAIN),
        },
    ),
    AutoMLJobOutcome: (
        {"job": new_job},
        {
            "job": Row(lambda stack: new_job(stack, revision="2"), WAITS | {JOB + "Revision"}),
            "timeout": Row(always(cdk.Duration.hours(1)), WAITS | {OUTCOME + "TimeoutSeconds"}),
            "on_timeout": Row(always(OnTimeout.FAIL), {OUTCOME + "OnTimeout"}),
            "quality_gate": Row(always(QualityGate(at_least=0.7, metric=Metric.F1)), {OUTCOME + "Gate"}),
            "revision": Row(always("2"), WAITS | {OUTCOME + "Revision"}),
        },
    ),
    AutoMLEndpoint: (
        {"outcome": outcome_of, "serving": always(RealTime(instance_type="ml.m5.large"))},
        {
            "outcome": Row(retrained, WAITS | {JOB + "Revision", MODEL + "JobSpec"}),
            "serving": Row(always(RealTime(instance_type="ml.m5.xlarge")), {CONFIG, MODEL + "InstanceType"}),
            "data_capture": Row(lambda stack: DataCapture(destination=output("captured/")(stack)), {CONFIG}),
            "inference_response_keys": Row(always([ResponseKey.PREDICTED_LABEL]), {MODEL + "InferenceResponseKeys"}),
            # The job's function looks whether the name is free, and trains nothing.
            "endpoint_name": Row(always("other"), {ENDPOINT, JOB + "Endpoints"}, always("one")),
            "deployment_policy": Row(
                always(DeploymentPolicy.canary(percent=20, wait_interval=cdk.Duration.minutes(5))), set()
            ),
            "rollback_alarms": Row(alarms, set()),
            "role": Row(role, {OLD_ROLE, MODEL + "Request"}),
            "encryption_key": Row(key, {CONFIG}),
            "vpc": Row(vpc, {NEW_GROUP, MODEL + "Request"}),
            "vpc_subnets": Row(second, {MODEL + "Request"}, beside={"vpc": vpc}),
            "security_groups": Row(lambda stack: [group(stack)], {OLD_GROUP, MODEL + "Request"}, beside={"vpc": vpc}),
            "enable_network_isolation": Row(always(value=True), {MODEL + "Request"}),
            "log_retention": Row(always(cdk.Duration.days(30)), {"new AWS::Logs::LogGroup"}),
            "log_encryption_key": Row(key, {"new AWS::Logs::LogGroup"}),
        },
    ),
    AutoMLTransform: (
        {
            "outcome": outcome_of,
            "data": below("new/"),
            "instance_type": always("ml.m5.large"),
            "output": output("answers/"),
        },
        {
            "outcome": Row(retrained, WAITS | {JOB + "Revision", MODEL + "JobSpec"}),
            "data": Row(below("other/"), {TRANSFORM + "Request"}),
            "instance_type": Row(always("ml.m5.xlarge"), {MODEL + "InstanceType", TRANSFORM + "Request"}),
            "output": Row(output("others/"), {TRANSFORM + "Request"}),
            "instance_count": Row(always(2), {TRANSFORM + "Request"}),
            "content_type": Row(always("text/csv"), set()),  # which it is anyway
            "split_type": Row(always("None"), {TRANSFORM + "Request"}),
            "accept": Row(always("text/csv"), {TRANSFORM + "Request"}),
            "assemble_with": Row(always("Line"), {TRANSFORM + "Request"}),
            "batch_strategy": Row(always("SingleRecord"), {TRANSFORM + "Request"}),
            "max_payload_mib": Row(always(2), {TRANSFORM + "Request"}),
            "max_concurrent_transforms": Row(always(2), {TRANSFORM + "Request"}),
            "input_filter": Row(always("$[1:]"), {TRANSFORM + "Request"}),
            "output_filter": Row(always("$[0]"), {TRANSFORM + "Request"}),
            "join_source": Row(always("Input"), {TRANSFORM + "Request"}),
            "inference_response_keys": Row(always([ResponseKey.PREDICTED_LABEL]), {MODEL + "InferenceResponseKeys"}),
            "role": Row(role, {OLD_ROLE, MODEL + "Request"}),
            "volume_encryption_key": Row(key, {TRANSFORM + "Request"}),
            "vpc": Row(vpc, {NEW_GROUP, MODEL + "Request"}),
            "vpc_subnets": Row(second, {MODEL + "Request"}, beside={"vpc": vpc}),
            "security_groups": Row(lambda stack: [group(stack)], {OLD_GROUP, MODEL + "Request"}, beside={"vpc": vpc}),
            "enable_network_isolation": Row(always(value=True), {MODEL + "Request"}),
            "revision": Row(always("2"), {TRANSFORM + "Revision"}),
        },
    ),
    AutoMLModelPackage: (
        {"outcome": outcome_of, "model_package_group": always("churn")},
        {
            "outcome": Row(retrained, WAITS | {JOB + "Revision", PACKAGE + "JobSpec"}),
            "model_package_group": Row(always("other"), {PACKAGE + "Request"}),
            "approval_status": Row(always("Approved"), {PACKAGE + "Request"}),
            "description": Row(always("text"), {PACKAGE + "Request"}),
            "metadata": Row(always({"a": "b"}), {PACKAGE + "Request"}),
            "content_types": Row(always(["text/csv"]), {PACKAGE + "Request"}),
            "response_mime_types": Row(always(["text/csv"]), {PACKAGE + "Request"}),
            "instance_type": Row(always("ml.m5.large"), {PACKAGE + "InstanceType"}),
            "inference_response_keys": Row(always([ResponseKey.PREDICTED_LABEL]), {PACKAGE + "InferenceResponseKeys"}),
            "removal_policy": Row(always(cdk.RemovalPolicy.DESTROY), set()),
        },
    ),
}

OPTIONS: dict[str, Row] = {
    "poll_interval": Row(always(cdk.Duration.minutes(2)), set()),
    "event_bus": Row(lambda stack: events.EventBus.from_event_bus_name(stack, "Bus", "ml"), set()),
    "log_retention": Row(always(cdk.Duration.days(30)), set()),
    "log_encryption_key": Row(key, set()),
    "state_machine_log_level": Row(always(sfn.LogLevel.ERROR), set()),
    "tracing": Row(always(value=True), set()),
    "vpc": Row(vpc, {NEW_GROUP}),
    "vpc_subnets": Row(second, set(), beside={"vpc": vpc}),
    "security_groups": Row(lambda stack: [group(stack)], {OLD_GROUP}, beside={"vpc": vpc}),
    "permissions_boundary": Row(
        lambda stack: iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "boundary"), set()
    ),
    "reserved_concurrent_executions": Row(always(5), set()),
    "dead_letter_topic": Row(topic, set()),
    "architecture": Row(always(lambda_.Architecture.X86_64), set()),
    "runtime": Row(always(lambda_.Runtime.PYTHON_3_12), set()),
    "environment": Row(always({"HTTPS_PROXY": "http://proxy:3128"}), set()),
    # The function writes its tags again, and trains nothing.
    "owner_tag_prefix": Row(always("acme:"), {JOB + "OwnerTagPrefix"}),
}


def deployed(construct: type, props: Props) -> dict[str, Any]:
    stack = cdk.Stack(cdk.App(), "Stack")
    construct(stack, "It", **{name: make(stack) for name, make in props.items()})
    return template_of(stack)


@cache
def plain(construct: type) -> dict[str, Any]:
    """With what it needs alone."""
    return deployed(construct, ROWS[construct][0])


def configured(props: Props) -> dict[str, Any]:
    stack = cdk.Stack(cdk.App(), "Stack")
    AutoMLProvider.of(stack).configure(**{name: make(stack) for name, make in props.items()})
    outcome_of(stack)
    return template_of(stack)


@cache
def unconfigured() -> dict[str, Any]:
    return configured({})


def of(row: Row, prop: str) -> tuple[Props, Props]:
    before = {**row.beside, **({} if row.before is None else {prop: row.before})}
    return before, {**row.beside, prop: row.after}


@pytest.mark.parametrize(
    ("construct", "prop"), [(construct, prop) for construct, (_, rows) in ROWS.items() for prop in rows]
)
def test_change_of_a_prop_replaces_what_it_must_and_nothing_else(construct: type, prop: str) -> None:
    base, rows = ROWS[construct]
    before, after = of(rows[prop], prop)
    old = deployed(construct, base | before) if before else plain(construct)

    assert effects(old, deployed(construct, base | after)) == rows[prop].expected


@pytest.mark.parametrize("prop", OPTIONS)
def test_options_of_the_provider_replace_nothing(prop: str) -> None:
    before, after = of(OPTIONS[prop], prop)

    old = configured(before) if before else unconfigured()

    assert effects(old, configured(after)) == OPTIONS[prop].expected


@pytest.mark.parametrize("construct", ROWS)
def test_every_prop_has_its_row(construct: type) -> None:
    assert sorted(ROWS[construct][1]) == sorted(
        set(inspect.signature(construct).parameters) - {"scope", "construct_id"}
    )


def test_every_option_has_its_row() -> None:
    assert sorted(OPTIONS) == sorted(set(inspect.signature(AutoMLProvider.configure).parameters) - {"self"})


def test_bucket_of_a_job_stays_when_it_is_said_what_becomes_of_it() -> None:
    props = {name: make for name, make in ROWS[AutoMLJob][0].items() if name != "output"}
    gone = OutputLocation.new_bucket(removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True)

    assert effects(deployed(AutoMLJob, props), deployed(AutoMLJob, {**props, "output": always(gone)})) == {
        "new AWS::IAM::Role",
        "new AWS::Lambda::Function",
        "new Custom::S3AutoDeleteObjects",
    }


def test_another_kind_of_serving_is_another_endpoint() -> None:
    """The service turns none of them into another."""
    warm = {"serving": always(Serverless())}

    found = effects(plain(AutoMLEndpoint), deployed(AutoMLEndpoint, ROWS[AutoMLEndpoint][0] | warm))
    assert {"new AWS::SageMaker::Endpoint", "gone AWS::SageMaker::Endpoint"} <= found
