"""What CloudFormation makes itself is in the tree as the CDK's own L1 construct, and costs no import."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from jsii import _reference_map

from constructs_lib import (
    Asynchronous,
    AutoMLEndpoint,
    AutoMLJobOutcome,
    AutoMLProvider,
    AutoMLRetraining,
    AutoScaling,
    Channel,
    DataCapture,
    DeploymentPolicy,
    Mode,
    OutputLocation,
    RealTime,
    ScalingSchedule,
    Serverless,
    l1,
)
from constructs_lib.l1 import Kind

from .synthesis import data_bucket, new_job, new_stack, only, resources_of, template_of

TOPIC = "arn:aws:sns:eu-west-1:111122223333:topic"


def define(stack: cdk.Stack) -> None:
    """Every L1 construct that the library makes, with every property that it may give it."""
    from aws_cdk import aws_applicationautoscaling as scaling
    from aws_cdk import aws_scheduler as scheduler

    key = kms.Key(stack, "Key")
    topic = sns.Topic.from_topic_arn(stack, "Topic", TOPIC)
    AutoMLProvider.of(stack).configure(
        event_bus=events.EventBus.from_event_bus_name(stack, "Bus", "ml"),
        log_retention=cdk.Duration.days(30),
        log_encryption_key=key,
        state_machine_log_level=sfn.LogLevel.ERROR,
        tracing=True,
        vpc=ec2.Vpc(stack, "Vpc"),
        permissions_boundary=iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "boundary"),
        reserved_concurrent_executions=5,
        dead_letter_topic=topic,
    )
    job = new_job(stack, mode=Mode.ENSEMBLING)
    outcome = AutoMLJobOutcome(stack, "Outcome", job=job)
    weekdays = ScalingSchedule(
        schedule=scaling.Schedule.cron(hour="8", minute="0"), min_capacity=1, max_capacity=2, time_zone="Europe/Berlin"
    )
    bucket = data_bucket(stack)
    endpoint = AutoMLEndpoint(
        stack,
        "RealTime",
        outcome=outcome,
        serving=RealTime(
            instance_type="ml.m5.large",
            instance_count=2,
            auto_scaling=AutoScaling(
                min_capacity=1,
                max_capacity=4,
                invocations_per_instance=100,
                scale_in_cooldown=cdk.Duration.minutes(5),
                scale_out_cooldown=cdk.Duration.minutes(1),
                schedules=[weekdays],
            ),
        ),
        data_capture=DataCapture(destination=OutputLocation.from_bucket(bucket, "captured/", encryption_key=key)),
        deployment_policy=DeploymentPolicy.canary(percent=20, wait_interval=cdk.Duration.minutes(5)),
        encryption_key=key,
    )
    endpoint.add_rollback_alarm(endpoint.alarm_5xx())
    AutoMLRetraining(
        stack,
        "Retraining",
        job=job,
        promotes=endpoint,
        max_runs_per_month=5,
        schedule=scheduler.ScheduleExpression.cron(hour="3", minute="0", time_zone=cdk.TimeZone.EUROPE_BERLIN),
        time_window=scheduler.TimeWindow.flexible(cdk.Duration.minutes(5)),
    )
    warm = Serverless(
        memory_size_mib=2048,
        max_concurrency=5,
        provisioned_concurrency=1,
        auto_scaling=AutoScaling(min_capacity=1, max_capacity=2, utilization=0.7),
    )
    AutoMLEndpoint(stack, "Serverless", outcome=outcome, serving=warm)
    queue = Asynchronous(
        instance_type="ml.m5.large",
        output=OutputLocation.from_bucket(bucket, "answers/", encryption_key=key),
        failure_output=OutputLocation.from_bucket(bucket, "failures/", encryption_key=key),
        success_topic=topic,
        error_topic=topic,
        max_concurrent_invocations_per_instance=3,
        auto_scaling=AutoScaling(min_capacity=0, max_capacity=2, backlog_per_instance=3),
    )
    rolling = DeploymentPolicy.rolling(percent=20, wait_interval=cdk.Duration.minutes(5))
    AutoMLEndpoint(stack, "Queue", outcome=outcome, serving=queue, deployment_policy=rolling)


def names(properties: Mapping[str, Any]) -> Iterator[str]:
    """Every name in nested properties."""
    for name, value in properties.items():
        yield name
        for each in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(each, Mapping):
                yield from (f"{name}.{inner}" for inner in names(each))


def test_no_property_that_the_library_gives_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """JavaScript leaves out, without a word, what it does not know."""
    given: dict[str, set[str]] = {}
    real_create, real_change = l1.create, l1.change

    def create(kind: Kind, scope: Any, construct_id: str, properties: Mapping[str, Any]) -> cdk.CfnResource:
        made = real_create(kind, scope, construct_id, properties)
        given.setdefault(made.node.path, set()).update(names(properties))
        return made

    def change(resource: cdk.CfnResource, **properties: Any) -> None:
        real_change(resource, **properties)
        given[resource.node.path] |= set(names(properties))

    monkeypatch.setattr(l1, "create", create)
    monkeypatch.setattr(l1, "change", change)
    app = cdk.App(context={"aws:cdk:enable-path-metadata": True})
    stack = cdk.Stack(app, "Stack")
    define(stack)
    resources = template_of(stack)["Resources"].values()
    by_path = {each["Metadata"]["aws:cdk:path"]: each for each in resources if "Metadata" in each}
    written = {path: set(names(by_path[path].get("Properties", {}))) for path in given}

    assert {path: lost for path in given if (lost := given[path] - written[path])} == {}
    types = {by_path[path]["Type"] for path in given}
    assert types == {
        f"AWS::{module}::{name}"
        for module, name in (
            ("ApplicationAutoScaling", "ScalableTarget"),
            ("ApplicationAutoScaling", "ScalingPolicy"),
            ("CloudWatch", "Alarm"),
            ("Events", "Rule"),
            ("Lambda", "Function"),
            ("Logs", "LogGroup"),
            ("SageMaker", "Endpoint"),
            ("SageMaker", "EndpointConfig"),
            ("Scheduler", "Schedule"),
            ("StepFunctions", "StateMachine"),
        )
    }
    assert len(types) == len(Kind)


def test_name_that_the_cdk_does_not_know_would_be_found_out() -> None:
    stack = new_stack()
    l1.create(Kind.LOG_GROUP, stack, "Log", {"RetentionInDays": 3, "RetentionInMonths": 1})

    (log,) = template_of(stack)["Resources"].values()
    assert log["Properties"] == {"RetentionInDays": 3}


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("S3Bucket", "s3Bucket"),
        ("MemorySizeInMB", "memorySizeInMb"),
        ("EnableSSMAccess", "enableSsmAccess"),
        ("VpcConfig", "vpcConfig"),
        ("KmsKeyId", "kmsKeyId"),
        ("X", "x"),
    ],
)
def test_names_are_spelled_as_javascript_does(name: str, spelled: str) -> None:
    assert l1._camel(name) == spelled


def test_nothing_in_the_tree_is_a_plain_resource_but_custom_ones() -> None:
    stack = new_stack()
    define(stack)

    plain = {
        (each.node.path, each.cfn_resource_type)
        for each in stack.node.find_all()
        if isinstance(each, cdk.CfnResource) and type(each) is cdk.CfnResource
    }
    assert {kind for _, kind in plain if not kind.startswith("Custom::")} == set()


ASPECT = """
import sys
import aws_cdk as cdk
import jsii
from aws_cdk import aws_s3 as s3
from constructs_lib import AutoMLJob, Channel

@jsii.implements(cdk.IAspect)
class Functions:
    found = []
    def visit(self, node):
        if type(node).__name__ == "CfnFunction":
            from aws_cdk import aws_lambda as lambda_
            assert isinstance(node, lambda_.CfnFunction)
            node.timeout = 60
            node.tags.set_tag("seen", "yes")
            self.found.append(node.handler)

app = cdk.App()
stack = cdk.Stack(app, "Stack")
bucket = s3.Bucket.from_bucket_name(stack, "Data", "data")
AutoMLJob(stack, "Job", training_data=Channel.from_bucket(bucket), target_attribute="y")
cdk.Aspects.of(app).add(Functions())
template = app.synth().get_stack_artifact("Stack").template
(function,) = (each for each in template["Resources"].values() if each["Type"] == "AWS::Lambda::Function")
print(Functions.found, function["Properties"]["Timeout"], function["Properties"]["Tags"])
"""


def test_aspect_in_python_is_handed_the_function_as_what_it_is() -> None:
    done = subprocess.run([sys.executable, "-c", ASPECT], capture_output=True, text=True, timeout=240)

    assert done.stdout == "['runtime.handler.handle'] 60 [{'Key': 'seen', 'Value': 'yes'}]\n", done.stderr


def test_token_within_a_text_stands_where_a_number_belongs() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    outcome = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack))
    count: Any = f"1{cdk.Fn.import_value('Zeros')}"
    serving = RealTime(instance_type="ml.m5.large", instance_count=count)
    AutoMLEndpoint(stack, "Endpoint", outcome=outcome, serving=serving)

    config = only(resources_of(template_of(stack), "AWS::SageMaker::EndpointConfig"))["Properties"]
    [variant] = config["ProductionVariants"]
    assert variant["InitialInstanceCount"] == {"Fn::Join": ["", ["1", {"Fn::ImportValue": "Zeros"}]]}


def test_tokens_stand_for_values_of_any_type() -> None:
    """As objects, and as text where a number belongs, which the typed properties of an L1 do not take."""
    stack = cdk.Stack(cdk.App(), "Stack")
    late = cdk.CfnParameter(stack, "Late", type="Number")
    types = cdk.CfnParameter(stack, "Types", type="CommaDelimitedList")
    outcome = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack, mode=Mode.ENSEMBLING))
    text: Any = cdk.Fn.import_value("Count")
    given: dict[str, Any] = {"instance_type": late, "instance_count": text}
    scaling: dict[str, Any] = {"min_capacity": text, "max_capacity": late, "invocations_per_instance": late}
    capture: dict[str, Any] = {"sampling_percentage": late, "csv_content_types": types}
    steps: dict[str, Any] = {"percent": late}
    name: Any = cdk.Fn.condition_if("IsNamed", "mine", cdk.Aws.NO_VALUE)
    cdk.CfnCondition(stack, "IsNamed")
    AutoMLEndpoint(
        stack,
        "Endpoint",
        outcome=outcome,
        serving=RealTime(**given, auto_scaling=AutoScaling(**scaling)),
        data_capture=DataCapture(destination=OutputLocation.from_bucket(data_bucket(stack), "seen/"), **capture),
        deployment_policy=DeploymentPolicy.canary(**steps, wait_interval=cdk.Duration.minutes(1)),
        endpoint_name=name,
    )
    reserved: dict[str, Any] = {"reserved_concurrent_executions": late}
    AutoMLProvider.of(stack).configure(**reserved)

    template = template_of(stack)
    (config, endpoint, target) = (
        only(resources_of(template, kind))["Properties"]
        for kind in (
            "AWS::SageMaker::EndpointConfig",
            "AWS::SageMaker::Endpoint",
            "AWS::ApplicationAutoScaling::ScalableTarget",
        )
    )
    (variant,) = config["ProductionVariants"]
    traffic = endpoint["DeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]

    imported = {"Fn::ImportValue": "Count"}

    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ({"Ref": "Late"}, imported)
    assert config["DataCaptureConfig"]["InitialSamplingPercentage"] == {"Ref": "Late"}
    assert config["DataCaptureConfig"]["CaptureContentTypeHeader"]["CsvContentTypes"] == {"Ref": "Types"}
    assert endpoint["EndpointName"] == {"Fn::If": ["IsNamed", "mine", {"Ref": "AWS::NoValue"}]}
    assert traffic["CanarySize"]["Value"] == {"Ref": "Late"}
    assert (target["MinCapacity"], target["MaxCapacity"]) == (imported, {"Ref": "Late"})
    function = only(resources_of(template, "AWS::Lambda::Function"))["Properties"]
    assert function["ReservedConcurrentExecutions"] == {"Ref": "Late"}


def test_inside_of_jsii_is_still_as_it_is_taken_here() -> None:
    """If this fails with a new jsii: `l1.create` forgets an object by taking it out of this very dictionary."""
    stack = new_stack()
    refs = _reference_map._refs._refs
    before = set(refs)
    made = l1.create(Kind.LOG_GROUP, stack, "Log", {})

    assert isinstance(made, cdk.CfnResource)
    assert set(refs) == before
    assert type(made) is cdk.CfnResource
    assert type(stack.node.find_child("Log")).__name__ == "CfnLogGroup"


# ---------------------------------------------------------------------------------------------------------------- tags


@pytest.mark.newest  # older ones know no tags of scalable targets
@pytest.mark.parametrize("explicit", [False, True])
def test_tags_of_the_app_reach_every_resource_that_takes_tags(explicit: bool) -> None:
    app = cdk.App(context={"@aws-cdk/core:explicitStackTags": explicit})
    stack = cdk.Stack(app, "Stack")
    define(stack)
    cdk.Tags.of(app).add("team", "growth")
    resources = template_of(stack)["Resources"]

    tagged = {each["Type"] for each in resources.values() if '"growth"' in json.dumps(each.get("Properties", {}))}
    assert tagged >= {
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::CloudWatch::Alarm",
        "AWS::IAM::Role",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
        "AWS::SageMaker::Endpoint",
        "AWS::SageMaker::EndpointConfig",
        "AWS::StepFunctions::StateMachine",
        "Custom::SageMakerAutoMLJob",
        "Custom::SageMakerAutoMLModel",
    }
    assert {
        each
        for each in {each["Type"] for each in resources.values()} - tagged
        if not each.startswith(("AWS::EC2", "Custom::"))
    } == {
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::CloudFormation::WaitCondition",
        "AWS::IAM::ManagedPolicy",
        "AWS::Scheduler::Schedule",
    }  # which take none


def test_tags_of_an_endpoint_stand_on_its_model_configuration_and_endpoint() -> None:
    stack = new_stack()
    outcome = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack))
    endpoint = AutoMLEndpoint(stack, "Endpoint", outcome=outcome, serving=RealTime(instance_type="ml.m5.large"))
    cdk.Tags.of(endpoint).add("team", "growth")
    tagged = [each["Type"] for each in template_of(stack)["Resources"].values() if '"growth"' in json.dumps(each)]

    assert sorted(tagged) == [
        "AWS::IAM::Role",
        "AWS::SageMaker::Endpoint",
        "AWS::SageMaker::EndpointConfig",
        "Custom::SageMakerAutoMLModel",
    ]


# -------------------------------------------------------------------------------------------------- the main resource


def test_default_child_is_the_main_resource() -> None:
    stack = new_stack()
    job = new_job(stack)
    outcome = AutoMLJobOutcome(stack, "Outcome", job=job)
    endpoint = AutoMLEndpoint(stack, "Endpoint", outcome=outcome, serving=RealTime(instance_type="ml.m5.large"))
    transform = outcome.transform(data=Channel.from_bucket(data_bucket(stack), "new/"), instance_type="ml.m5.large")
    package = outcome.register("churn")
    provider = AutoMLProvider.of(stack)

    assert {type(each).__name__: main_of(each) for each in (job, outcome, endpoint, transform, package, provider)} == {
        "AutoMLJob": "Custom::SageMakerAutoMLJob",
        "AutoMLJobOutcome": "Custom::SageMakerAutoMLOutcome",
        "AutoMLEndpoint": "AWS::SageMaker::Endpoint",
        "AutoMLTransform": "Custom::SageMakerAutoMLTransform",
        "AutoMLModelPackage": "Custom::SageMakerAutoMLModelPackage",
        "AutoMLProvider": "AWS::Lambda::Function",
    }


def main_of(construct: Any) -> str:
    resource = construct.node.default_child
    assert isinstance(resource, cdk.CfnResource), construct
    return resource.cfn_resource_type
