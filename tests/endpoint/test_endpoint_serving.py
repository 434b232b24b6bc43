"""Kinds of serving, scaling and deployments: what becomes of each."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from constructs_lib import (
    Asynchronous,
    AutoScaling,
    DeploymentPolicy,
    OutputLocation,
    RealTime,
    ScalingSchedule,
    Serverless,
)
from constructs_lib.runtime import contract

from ..constructs.synthesis import (
    allowing,
    as_list,
    data_bucket,
    flat,
    new_stack,
    only,
    resources_of,
    statements_of,
    template_of,
)
from .test_endpoint import CONFIG, ENDPOINT, new_endpoint, properties_of

TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"


@pytest.fixture
def stack() -> cdk.Stack:
    return new_stack()


def queue(stack: cdk.Stack, **props: Any) -> Asynchronous:
    output = OutputLocation.from_bucket(data_bucket(stack), "answers/")
    return Asynchronous(**{"instance_type": "ml.m5.large", "output": output, **props})


# ---------------------------------------------------------------------------------------------------------- serverless


def test_serverless_endpoint_has_no_instances(stack: cdk.Stack) -> None:
    new_endpoint(stack, serving=Serverless(memory_size_mib=4096, max_concurrency=20, provisioned_concurrency=2))

    template = template_of(stack)

    (variant,) = properties_of(template, CONFIG)["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MemorySizeInMB": 4096, "MaxConcurrency": 20, "ProvisionedConcurrency": 2}
    assert not {"InstanceType", "InitialInstanceCount"} & set(variant)
    model = properties_of(template, contract.MODEL_TYPE)
    assert model["MaxContainers"] == 1
    assert "InstanceType" not in model


def test_another_kind_of_serving_is_another_endpoint() -> None:
    ids = set()
    for make in (lambda _: RealTime(instance_type="ml.m5.large"), lambda _: Serverless(), queue):
        stack = new_stack()
        new_endpoint(stack, serving=make(stack))
        ids |= set(resources_of(template_of(stack), ENDPOINT))

    assert len(ids) == 3


# -------------------------------------------------------------------------------------------------------- asynchronous


def test_asynchronous_endpoint_reads_and_writes_s3_and_tells_topics(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    topics = [sns.Topic(stack, "Done", master_key=key), sns.Topic(stack, "Failed")]
    output = OutputLocation.from_bucket(data_bucket(stack), "answers/", encryption_key=key)
    failures = OutputLocation.from_bucket(data_bucket(stack), "failures/")
    serving = queue(
        stack,
        output=output,
        failure_output=failures,
        input_bucket=s3.Bucket.from_bucket_name(stack, "Requests", "requests"),
        success_topic=topics[0],
        error_topic=topics[1],
        max_concurrent_invocations_per_instance=4,
    )
    endpoint = new_endpoint(stack, serving=serving)
    endpoint.grant_invoke(iam.User(stack, "User"))

    template = template_of(stack)

    config = properties_of(template, CONFIG)["AsyncInferenceConfig"]
    assert config["ClientConfig"] == {"MaxConcurrentInvocationsPerInstance": 4}
    told = config["OutputConfig"]
    assert told["S3OutputPath"] == "s3://data-bucket/answers/"
    assert told["S3FailurePath"] == "s3://data-bucket/failures/"
    assert flat(told["KmsKeyId"]).startswith("<Key")
    assert flat(told["NotificationConfig"]["SuccessTopic"]).startswith("<Done")
    assert flat(told["NotificationConfig"]["ErrorTopic"]).startswith("<Failed")
    statements = statements_of(template, beginning="EndpointPermissions")
    published = [flat(each) for one in allowing(statements, "sns:Publish") for each in as_list(one["Resource"])]
    assert [name.partition("B")[0][:5] for name in published] == ["<Done", "<Fail"]
    assert any("kms:GenerateDataKey" in as_list(each["Action"]) for each in allowing(statements, "kms:Decrypt"))
    read = [flat(each) for one in allowing(statements, "s3:GetObject") for each in as_list(one["Resource"])]
    assert "arn:<Partition>:s3:::requests/*" in read
    (invoking,) = statements_of(template, beginning="UserDefaultPolicy")
    assert invoking["Action"] == "sagemaker:InvokeEndpointAsync"


def test_asynchronous_endpoint_needs_no_more_than_an_output(stack: cdk.Stack) -> None:
    new_endpoint(stack, serving=queue(stack))

    config = properties_of(template_of(stack), CONFIG)["AsyncInferenceConfig"]

    assert config == {"OutputConfig": {"S3OutputPath": "s3://data-bucket/answers/"}}


# ------------------------------------------------------------------------------------------------------------- scaling


def test_instances_follow_invocations(stack: cdk.Stack) -> None:
    wanted = AutoScaling(
        min_capacity=2,
        max_capacity=8,
        invocations_per_instance=600,
        scale_in_cooldown=cdk.Duration.minutes(10),
        scale_out_cooldown=cdk.Duration.minutes(1),
        schedules=[
            ScalingSchedule(
                schedule=scaling.Schedule.cron(hour="8", minute="0"), min_capacity=4, time_zone="Europe/Berlin"
            ),
            ScalingSchedule(schedule=scaling.Schedule.cron(hour="20", minute="0"), min_capacity=2, max_capacity=4),
        ],
    )
    new_endpoint(
        stack, serving=RealTime(instance_type="ml.m5.large", instance_count=2, auto_scaling=wanted), endpoint_name="c"
    )

    template = template_of(stack)

    target = only(resources_of(template, TARGET))
    assert target["DependsOn"] == ["Endpoint8024A810"]
    assert target["Properties"] == {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ResourceId": "endpoint/c/variant/AllTraffic",
        "MinCapacity": 2,
        "MaxCapacity": 8,
        "ScheduledActions": [
            {
                "ScheduledActionName": "schedule-0",
                "Schedule": "cron(0 8 * * ? *)",
                "ScalableTargetAction": {"MinCapacity": 4},
                "Timezone": "Europe/Berlin",
            },
            {
                "ScheduledActionName": "schedule-1",
                "Schedule": "cron(0 20 * * ? *)",
                "ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 4},
            },
        ],
    }
    policy = only(resources_of(template, POLICY))["Properties"]
    assert policy["PolicyType"] == "TargetTrackingScaling"
    assert policy["TargetTrackingScalingPolicyConfiguration"] == {
        "TargetValue": 600,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "ScaleInCooldown": 600,
        "ScaleOutCooldown": 60,
    }


def test_deployment_of_a_scaled_endpoint_keeps_its_instances(stack: cdk.Stack) -> None:
    wanted = AutoScaling(min_capacity=1, max_capacity=2, invocations_per_instance=10)
    new_endpoint(stack, serving=RealTime(instance_type="ml.m5.large", auto_scaling=wanted))

    properties = properties_of(template_of(stack), ENDPOINT)

    assert properties["RetainAllVariantProperties"] is True
    assert properties["ExcludeRetainedVariantProperties"] == [{"VariantPropertyType": "DataCaptureConfig"}]


def test_schedule_alone_scales_too(stack: cdk.Stack) -> None:
    night = ScalingSchedule(schedule=scaling.Schedule.rate(cdk.Duration.hours(12)), max_capacity=1)
    wanted = AutoScaling(min_capacity=1, max_capacity=2, schedules=[night])
    new_endpoint(stack, serving=RealTime(instance_type="ml.m5.large", auto_scaling=wanted))

    template = template_of(stack)

    assert resources_of(template, POLICY) == {}
    assert only(resources_of(template, TARGET))["Properties"]["ScheduledActions"][0]["Schedule"] == "rate(12 hours)"


def test_provisioned_concurrency_follows_its_use(stack: cdk.Stack) -> None:
    wanted = AutoScaling(min_capacity=1, max_capacity=10, utilization=0.7)
    new_endpoint(stack, serving=Serverless(max_concurrency=20, provisioned_concurrency=1, auto_scaling=wanted))

    template = template_of(stack)

    assert (
        only(resources_of(template, TARGET))["Properties"]["ScalableDimension"]
        == "sagemaker:variant:DesiredProvisionedConcurrency"
    )
    tracking = only(resources_of(template, POLICY))["Properties"]["TargetTrackingScalingPolicyConfiguration"]
    assert tracking == {
        "TargetValue": 0.7,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"},
    }
    assert "RetainAllVariantProperties" not in properties_of(template, ENDPOINT)


def test_queue_scales_to_nothing_and_wakes_up(stack: cdk.Stack) -> None:
    wanted = AutoScaling(min_capacity=0, max_capacity=3, backlog_per_instance=5)
    new_endpoint(stack, serving=queue(stack, auto_scaling=wanted), endpoint_name="c")

    template = template_of(stack)

    policies = {each["Properties"]["PolicyType"]: name for name, each in resources_of(template, POLICY).items()}
    assert set(policies) == {"TargetTrackingScaling", "StepScaling"}
    tracking = template["Resources"][policies["TargetTrackingScaling"]]["Properties"]
    metric = tracking["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]
    assert metric == {
        "Namespace": "AWS/SageMaker",
        "MetricName": "ApproximateBacklogSizePerInstance",
        "Dimensions": [{"Name": "EndpointName", "Value": "c"}],
        "Statistic": "Average",
    }
    alarm = only(resources_of(template, "AWS::CloudWatch::Alarm"))["Properties"]
    assert alarm["MetricName"] == "HasBacklogWithoutCapacity"
    assert alarm["AlarmActions"] == [{"Ref": policies["StepScaling"]}]
    step = template["Resources"][policies["StepScaling"]]["Properties"]["StepScalingPolicyConfiguration"]
    assert step["StepAdjustments"] == [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]


def test_queue_that_keeps_an_instance_needs_no_waking(stack: cdk.Stack) -> None:
    wanted = AutoScaling(min_capacity=1, max_capacity=3, backlog_per_instance=5)
    new_endpoint(stack, serving=queue(stack, auto_scaling=wanted))

    assert resources_of(template_of(stack), "AWS::CloudWatch::Alarm") == {}


# --------------------------------------------------------------------------------------------------------- deployments

FIVE = cdk.Duration.minutes(5)
POLICIES: dict[str, tuple[DeploymentPolicy, dict[str, Any]]] = {
    "all at once": (
        DeploymentPolicy.all_at_once(termination_wait=FIVE, maximum_execution_timeout=cdk.Duration.hours(1)),
        {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
                "TerminationWaitInSeconds": 300,
                "MaximumExecutionTimeoutInSeconds": 3600,
            }
        },
    ),
    "canary": (
        DeploymentPolicy.canary(instances=2, wait_interval=FIVE, termination_wait=FIVE),
        {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {
                    "Type": "CANARY",
                    "WaitIntervalInSeconds": 300,
                    "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 2},
                },
                "TerminationWaitInSeconds": 300,
            }
        },
    ),
    "linear": (
        DeploymentPolicy.linear(percent=25, wait_interval=FIVE),
        {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {
                    "Type": "LINEAR",
                    "WaitIntervalInSeconds": 300,
                    "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 25},
                }
            }
        },
    ),
    "rolling": (
        DeploymentPolicy.rolling(percent=25, wait_interval=FIVE, rollback_instances=4),
        {
            "RollingUpdatePolicy": {
                "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 25},
                "WaitIntervalInSeconds": 300,
                "RollbackMaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 4},
            }
        },
    ),
}


@pytest.mark.parametrize(("policy", "rendered"), POLICIES.values(), ids=POLICIES)
def test_policy_is_the_services(stack: cdk.Stack, policy: DeploymentPolicy, rendered: dict[str, Any]) -> None:
    new_endpoint(stack, serving=RealTime(instance_type="ml.m5.large", instance_count=4), deployment_policy=policy)

    assert properties_of(template_of(stack), ENDPOINT)["DeploymentConfig"] == rendered
