"""An endpoint in a stack with what belongs to it: scaling, alarms, a topic; and what an update does to it."""

from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..account import BUCKET, JOB_ACTIONS, Account
from ..hosting.endpoints import answer, model_data
from ..stacks import Stacks

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def stacks(cloud: Cloud, account: Account) -> Stacks:
    return Stacks(cloud, account)


@pytest.fixture(scope="module")
def role(account: Account) -> str:
    return account.role("Hosting", [*JOB_ACTIONS, "cloudwatch:DescribeAlarms"])


def alarm(**properties: Any) -> dict[str, Any]:
    common = {"EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": {**common, **properties}}


def metric(name: str, endpoint: str) -> dict[str, Any]:
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}]
    return {"Namespace": "AWS/SageMaker", "MetricName": name, "Dimensions": dimensions}


def container(account: Account, text: str) -> dict[str, str]:
    """A container that answers every row with a text."""
    return {"Image": account.image, "ModelDataUrl": model_data(account, text)}


def resources(name: str, data: dict[str, str], role: str, instance: str = "ml.m5.large") -> dict[str, Any]:
    """A whole service, as a construct would make it."""
    errors = metric("Invocation5XXErrors", name)
    rate = {"Id": "rate", "Expression": "errors / all", "Label": "error rate"}
    stat = {"Period": 60, "Stat": "Sum"}
    deployment = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": "50"},
                "WaitIntervalInSeconds": "600",
            }
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": {"Ref": "Errors"}}]},
    }
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InstanceType": instance,
        "InitialInstanceCount": "2",
    }
    capture = {
        "EnableCapture": "true",
        "InitialSamplingPercentage": "100",
        "DestinationS3Uri": f"s3://{BUCKET}/{name}",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    action = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish"}
    return {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": name}},
        "Policy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [{"Ref": "Topic"}],
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [{**action, "Resource": {"Ref": "Topic"}}]},
            },
        },
        "Mail": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "a@b.example"},
        },
        "Errors": alarm(**errors, Statistic="Sum", Period=60, AlarmActions=[{"Ref": "Topic"}]),
        "Latency": alarm(**metric("ModelLatency", name), ExtendedStatistic="p99", Period="60"),
        "Rate": alarm(
            Metrics=[
                rate,
                {"Id": "errors", "MetricStat": {"Metric": errors, **stat}, "ReturnData": False},
                {"Id": "all", "MetricStat": {"Metric": metric("Invocations", name), **stat}, "ReturnData": "false"},
            ]
        ),
        "Any": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {
                "AlarmRule": {"Fn::Sub": 'ALARM("${Errors}") OR ALARM("${Latency}")'},
                "ActionsEnabled": "false",
                "AlarmActions": [{"Ref": "Topic"}],
            },
        },
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {"ExecutionRoleArn": role, "Containers": [data]},
        },
        "Config": {
            "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": {"ProductionVariants": [variant], "DataCaptureConfig": capture},
        },
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointName": name,
                "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
                "DeploymentConfig": deployment,
                "RetainAllVariantProperties": "true",
                "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DataCaptureConfig"}],
            },
        },
        "Target": {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "DependsOn": "Endpoint",
            "Properties": {
                "ServiceNamespace": "sagemaker",
                "ResourceId": f"endpoint/{name}/variant/AllTraffic",
                "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
                "MinCapacity": 3,
                "MaxCapacity": 4,
            },
        },
    }


def described(account: Account, name: str) -> dict[str, Any]:
    found: dict[str, Any] = account.sagemaker.describe_endpoint(EndpointName=name)
    return found


def test_a_service_deploys_takes_another_model_and_leaves_nothing(
    stacks: Stacks, account: Account, cloud: Cloud, role: str
) -> None:
    status = stacks.deploy("whole", resources("whole", container(account, "old"), role))
    assert status == "CREATE_COMPLETE", stacks.reasons("whole")
    assert described(account, "whole")["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    status = stacks.deploy("whole", resources("whole", container(account, "new"), role))
    assert status == "UPDATE_COMPLETE", stacks.reasons("whole")
    after = described(account, "whole")
    assert after["ProductionVariants"][0]["CurrentInstanceCount"] == 3, "what was scaled stays scaled"
    assert after["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"] == "CANARY"
    assert after["DataCaptureConfig"]["CurrentSamplingPercentage"] == 100
    assert answer(account, "whole") == "new"
    stacks.delete("whole")
    cloudwatch = cloud.client("cloudwatch")
    alarms = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert (alarms["MetricAlarms"], alarms["CompositeAlarms"]) == ([], [])
    assert cloud.client("sns").list_topics()["Topics"] == []
    assert account.sagemaker.list_endpoint_configs()["EndpointConfigs"] == []


def test_an_alarm_rolls_endpoint_and_stack_back(stacks: Stacks, account: Account, cloud: Cloud, role: str) -> None:
    before = resources("guarded", container(account, "old"), role)
    assert stacks.deploy("guarded", before) == "CREATE_COMPLETE", stacks.reasons("guarded")
    cloud.client("cloudwatch").set_alarm_state(
        AlarmName=stacks.resource("guarded", "Errors"), StateValue="ALARM", StateReason="a test"
    )
    config = described(account, "guarded")["EndpointConfigName"]
    status = stacks.deploy("guarded", resources("guarded", container(account, "new"), role))
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert "The endpoint guarded rolled back to its old configuration: The deployment was rolled back because" in (
        stacks.reasons("guarded")
    )
    assert described(account, "guarded")["EndpointConfigName"] == config
    assert answer(account, "guarded") == "old"
    assert len(account.sagemaker.list_endpoint_configs(NameContains="guarded")["EndpointConfigs"]) == 1
    stacks.delete("guarded")


def test_another_instance_type_meets_the_scalable_target(stacks: Stacks, account: Account, role: str) -> None:
    data = container(account, "old")
    assert stacks.deploy("scaled", resources("scaled", data, role)) == "CREATE_COMPLETE", stacks.reasons("scaled")
    status = stacks.deploy("scaled", resources("scaled", data, role, instance="ml.m5.xlarge"))
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert "must be deregistered as scalable targets with AWS Auto Scaling" in stacks.reasons("scaled")
    without = resources("scaled", data, role)
    del without["Target"]
    assert stacks.deploy("scaled", without) == "UPDATE_COMPLETE", stacks.reasons("scaled")
    changed = resources("scaled", data, role, instance="ml.m5.xlarge")
    assert stacks.deploy("scaled", changed) == "UPDATE_COMPLETE", stacks.reasons("scaled")
    stacks.delete("scaled")


def test_other_tags_leave_a_configuration_its_name_in_the_letters_that_it_had(
    stacks: Stacks, account: Account, role: str
) -> None:
    whole = resources("tagged", container(account, "old"), role)
    made = {name: whole[name] for name in ("Model", "Config")}
    outputs = {"Name": {"Value": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}}}
    assert stacks.deploy("tagged", made, outputs) == "CREATE_COMPLETE", stacks.reasons("tagged")
    before = stacks.describe("tagged")["Outputs"]
    made["Config"]["Properties"]["Tags"] = [{"Key": "k", "Value": "v"}]
    assert stacks.deploy("tagged", made, outputs) == "UPDATE_COMPLETE", stacks.reasons("tagged")
    assert stacks.describe("tagged")["Outputs"] == before
    [output] = before
    assert output["OutputValue"].startswith("tagged-Config-")
    stacks.delete("tagged")


def test_endpoint_that_fails_is_gone_when_its_stack_has_rolled_back(
    stacks: Stacks, account: Account, role: str
) -> None:
    whole = resources("failed", {"Image": account.image, "ModelDataUrl": f"s3://{BUCKET}/train/a.csv"}, role)
    made = {name: whole[name] for name in ("Model", "Config", "Endpoint")}
    del made["Endpoint"]["Properties"]["DeploymentConfig"]
    assert stacks.deploy("failed", made) == "ROLLBACK_COMPLETE"
    assert "The endpoint failed failed: " in stacks.reasons("failed")
    assert account.sagemaker.list_endpoints(NameContains="failed")["Endpoints"] == []
    assert account.sagemaker.list_models(NameContains="failed")["Models"] == []


def test_what_an_update_removes_or_replaces_is_seen_to_go(stacks: Stacks, account: Account, role: str) -> None:
    whole = resources("cleaned", container(account, "old"), role)
    made = {name: whole[name] for name in ("Model", "Config", "Topic")}
    assert stacks.deploy("cleaned", made) == "CREATE_COMPLETE", stacks.reasons("cleaned")
    config, topic = stacks.resource("cleaned", "Config"), stacks.resource("cleaned", "Topic")
    del made["Topic"]
    made["Config"]["Properties"]["DataCaptureConfig"]["InitialSamplingPercentage"] = "50"
    assert stacks.deploy("cleaned", made) == "UPDATE_COMPLETE", stacks.reasons("cleaned")
    events = stacks.cloudformation.describe_stack_events(StackName="cleaned")["StackEvents"]
    deleted = [
        (event["PhysicalResourceId"], event["ResourceStatus"])
        for event in reversed(events)
        if event["ResourceStatus"].startswith("DELETE_")
    ]
    assert deleted == [(each, f"DELETE_{status}") for each in (config, topic) for status in ("IN_PROGRESS", "COMPLETE")]
    stacks.delete("cleaned")
