"""What services tell the bus, with which members, and how often it arrives."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from .account import BUCKET, Account
from .hosting.endpoints import config, created, deleted, lost_data, model, model_data, settled, until, updated

pytestmark = pytest.mark.cloud

PLACE = "us-east-1:123456789012"
ENDPOINT, DEPLOYMENT = "SageMaker Endpoint State Change", "SageMaker Endpoint Deployment State Change"
PACKAGE, ALARM = "SageMaker Model Package State Change", "CloudWatch Alarm State Change"


class Bus:
    """A queue that gets every event of a kind."""

    def __init__(self, cloud: Cloud, name: str, *detail_types: str) -> None:
        self._sqs = cloud.client("sqs")
        self._url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:{PLACE}:{name}"
        events = cloud.client("events")
        events.put_rule(Name=name, EventPattern=json.dumps({"detail-type": list(detail_types)}))
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
        self._came: list[dict[str, Any]] = []

    def come(self, count: int) -> list[dict[str, Any]]:
        """The next events when so many are there, in order."""

        def look() -> list[dict[str, Any]]:
            found = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", ())
            for message in found:
                self._came.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            return self._came

        until(look, lambda came: len(came) >= count)
        come, self._came = self._came, []
        assert len(come) == count, come
        return come


@pytest.fixture
def bus(account: Account, cloud: Cloud, request: pytest.FixtureRequest) -> Bus:
    return Bus(cloud, account.fresh("events"), *request.param)


def watching(*detail_types: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("bus", [detail_types], indirect=True, ids=["bus"])


@pytest.fixture
def group(account: Account) -> str:
    name = account.fresh("Group")
    account.sagemaker.create_model_package_group(ModelPackageGroupName=name)
    return name


class TestModelPackages:
    @watching(PACKAGE)
    def test_a_version_is_told_when_it_comes_and_when_it_changes(self, account: Account, group: str, bus: Bus) -> None:
        specification = {
            "Containers": [{"Image": "i", "ModelDataUrl": f"s3://{BUCKET}/m.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        }
        metrics = {
            "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": f"s3://{BUCKET}/metrics.json"}}
        }
        arn = account.sagemaker.create_model_package(
            ModelPackageGroupName=group, InferenceSpecification=specification, ModelMetrics=metrics
        )["ModelPackageArn"]
        account.sagemaker.update_model_package(
            ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="good"
        )
        made, approved = bus.come(2)
        assert (made["source"], made["detail-type"], made["resources"]) == ("aws.sagemaker", PACKAGE, [arn])
        changed = account.sagemaker.describe_model_package(ModelPackageName=arn)["LastModifiedTime"]
        assert made["detail"] == {
            "ModelPackageGroupName": group,
            "ModelPackageVersion": 1,
            "ModelPackageArn": arn,
            "ModelApprovalStatus": "PendingManualApproval",
            "ModelPackageStatus": "Completed",
            "InferenceSpecification": specification,
            "ModelMetrics": metrics,
            "LastModifiedTime": made["detail"]["LastModifiedTime"],
        }
        assert approved["detail"] == {
            **made["detail"],
            "ModelApprovalStatus": "Approved",
            "UpdatedModelPackageFields": ["ModelApprovalStatus", "ApprovalDescription"],
            "LastModifiedTime": f"{changed:%Y-%m-%dT%H:%M:%S}Z",
        }

    @watching(PACKAGE)
    def test_an_edit_of_an_approved_version_says_that_it_is_one(self, account: Account, group: str, bus: Bus) -> None:
        arn = account.sagemaker.create_model_package(ModelPackageGroupName=group, ModelApprovalStatus="Approved")[
            "ModelPackageArn"
        ]
        update = account.sagemaker.update_model_package
        update(ModelPackageArn=arn, CustomerMetadataProperties={"a": "b"}, CustomerMetadataPropertiesToRemove=["c"])
        update(ModelPackageArn=arn, SourceUri=f"s3://{BUCKET}/source")
        _, noted, moved = bus.come(3)
        assert noted["detail"]["ModelApprovalStatus"] == moved["detail"]["ModelApprovalStatus"] == "Approved"
        assert noted["detail"]["UpdatedModelPackageFields"] == ["CustomerMetadataProperties"]
        assert moved["detail"]["UpdatedModelPackageFields"] == ["sourceUri"]

    @watching(PACKAGE)
    def test_the_event_may_come_twice_or_not_at_all(self, account: Account, group: str, cloud: Cloud, bus: Bus) -> None:
        create = account.sagemaker.create_model_package
        cloud.deliver(PACKAGE, times=0)
        create(ModelPackageGroupName=group)
        cloud.client("events").put_events(Entries=[{"Source": "ours", "DetailType": PACKAGE, "Detail": "{}"}])
        cloud.deliver(PACKAGE, times=2)
        create(ModelPackageGroupName=group)
        cloud.deliver(PACKAGE, times=1)
        create(ModelPackageGroupName=group)
        first, again, last = bus.come(3)
        assert first == again
        assert [each["detail"]["ModelPackageVersion"] for each in (first, last)] == [2, 3]


class TestEndpoints:
    @pytest.fixture
    def old(self, account: Account) -> str:
        return config(account, model(account, model_data(account, "old")))

    @watching(ENDPOINT)
    def test_a_life_is_told_status_by_status(self, account: Account, old: str, bus: Bus) -> None:
        name = created(account, old)
        updated(account, name, new := config(account, model(account, model_data(account, "new"))))
        described = account.sagemaker.describe_endpoint(EndpointName=name)
        deleted(account, name)
        come = bus.come(5)
        assert [each["detail"]["EndpointStatus"] for each in come] == [
            "CREATING", "IN_SERVICE", "UPDATING", "IN_SERVICE", "DELETING",
        ]  # fmt: skip
        assert [each["detail"]["EndpointConfigName"] for each in come] == [old, old, old, new, new]
        assert come[3]["resources"] == [described["EndpointArn"]]
        assert come[3]["detail"] == {
            "EndpointName": name,
            "EndpointConfigName": new,
            "EndpointStatus": "IN_SERVICE",
            "CreationTime": round(described["CreationTime"].timestamp() * 1000),
            "LastModifiedTime": round(described["LastModifiedTime"].timestamp() * 1000),
        }

    @watching(ENDPOINT)
    def test_a_silent_rollback_shows_in_the_configurations_name_alone(
        self, account: Account, old: str, bus: Bus
    ) -> None:
        name = created(account, old)
        updated(account, name, config(account, lost_data(account)))
        last = bus.come(5)[-2:]
        assert [each["detail"]["EndpointStatus"] for each in last] == ["ROLLING_BACK", "IN_SERVICE"]
        assert last[-1]["detail"]["EndpointConfigName"] == old
        assert "FailureReason" not in last[-1]["detail"]

    @watching(DEPLOYMENT)
    def test_a_deployment_is_told_step_by_step(self, account: Account, old: str, bus: Bus) -> None:
        name = created(account, old)
        half = {"Type": "CAPACITY_PERCENT", "Value": 50}
        canary = {"Type": "CANARY", "WaitIntervalInSeconds": 600, "CanarySize": half}
        watched = account.role(account.fresh("Watched"), ["s3:GetObject", "cloudwatch:DescribeAlarms"])
        new = config(account, model(account, model_data(account, "new"), role=watched))
        alarm = {"AlarmName": quiet_alarm(account)}
        guarded = {
            "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": canary},
            "AutoRollbackConfiguration": {"Alarms": [alarm]},
        }
        assert updated(account, name, new, DeploymentConfig=guarded)["EndpointConfigName"] == new
        come = bus.come(5)
        statuses = [each["detail"].pop("PendingDeploymentSummary") for each in come]
        assert statuses == [
            {"ProductionVariants": [{"VariantStatus": [{"Status": status}]}]}
            for status in ("Creating", "ActivatingTraffic", "Baking", "ActivatingTraffic", "Baking")
        ]
        assert {each["detail"]["EndpointStatus"] for each in come} == {"UPDATING"}
        assert {each["detail"]["EndpointConfigName"] for each in come} == {old}
        capacity: list[Any] = [{"VariantName": "one", "DesiredInstanceCount": 2}]
        account.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name, DesiredWeightsAndCapacities=capacity
        )
        settled(account, name)
        [resized] = bus.come(1)
        assert resized["detail"]["PendingDeploymentSummary"]["ProductionVariants"] == [
            {"VariantStatus": [{"Status": "Updating"}]}
        ]


def quiet_alarm(account: Account) -> str:
    name = account.fresh("alarm")
    cloudwatch = account.cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name, AlarmDescription="too many", Namespace="Ours", MetricName=name, Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
        Dimensions=[{"Name": "Endpoint", "Value": "e"}],
    )  # fmt: skip
    return name


class TestAlarms:
    @watching(ALARM)
    def test_a_metric_that_crosses_the_threshold_is_told_once(self, account: Account, cloud: Cloud, bus: Bus) -> None:
        name = quiet_alarm(account)
        data: list[Any] = [
            {"MetricName": name, "Value": 5, "Dimensions": [{"Name": "Endpoint", "Value": "e"}]},
        ]
        for _ in range(2):
            cloud.client("cloudwatch").put_metric_data(Namespace="Ours", MetricData=data)
        cloud.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="OK", StateReason="mended")
        rose, mended = bus.come(2)
        assert (rose["source"], rose["resources"]) == ("aws.cloudwatch", [f"arn:aws:cloudwatch:{PLACE}:alarm:{name}"])
        state, previous = rose["detail"].pop("state"), rose["detail"].pop("previousState")
        assert (state["value"], previous["value"]) == ("ALARM", "INSUFFICIENT_DATA")
        assert state["reason"].startswith("Threshold Crossed")
        assert state["timestamp"].endswith("+0000")
        assert rose["detail"] == {
            "alarmName": name,
            "configuration": {
                "description": "too many",
                "metrics": [
                    {
                        "metricStat": {
                            "metric": {"namespace": "Ours", "name": name, "dimensions": {"Endpoint": "e"}},
                            "period": 60,
                            "stat": "Sum",
                        },
                        "returnData": True,
                    }
                ],
            },
        }
        assert mended["detail"]["previousState"] == state
        assert mended["detail"]["state"]["reason"] == "mended"

    @watching(ALARM)
    def test_a_composite_alarm_is_told_too(self, account: Account, cloud: Cloud, bus: Bus) -> None:
        cloudwatch, child, name = cloud.client("cloudwatch"), quiet_alarm(account), account.fresh("both")
        cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule=f'ALARM("{child}")')
        cloudwatch.set_alarm_state(AlarmName=child, StateValue="ALARM", StateReason="a test")
        made, *rose = bus.come(3)
        assert made["detail"]["previousState"] == {"value": "INSUFFICIENT_DATA"}
        assert [each["detail"]["alarmName"] for each in rose] == [child, name]
        assert rose[1]["detail"]["configuration"] == {"alarmRule": f'ALARM("{child}")'}


class TestObjects:
    @watching("Object Created")
    def test_an_object_may_be_told_twice_or_never(self, account: Account, cloud: Cloud, bus: Bus) -> None:
        name = account.fresh("watched")
        account.new_bucket(name)
        account.s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        for times in (0, 2, 1):
            cloud.deliver("Object Created", times=times)
            account.s3.put_object(Bucket=name, Key=f"times {times}", Body=b"1")
        once, twice, again = sorted(bus.come(3), key=lambda event: str(event["detail"]["object"]["key"]))
        assert twice == again
        assert [each["detail"]["object"]["key"] for each in (twice, once)] == ["times 2", "times 1"]


class TestPassedOn:
    @pytest.fixture
    def twice(self, cloud: Cloud) -> Iterator[None]:
        cloud.deliver("Ours", times=2)
        yield
        cloud.deliver("Ours", times=1)

    @pytest.mark.usefixtures("twice")
    def test_what_a_rule_passes_on_is_not_counted_again(self, account: Account, cloud: Cloud) -> None:
        events, name = cloud.client("events"), account.fresh("other")
        arn = events.create_event_bus(Name=name)["EventBusArn"]
        events.put_rule(Name=name, EventPattern=json.dumps({"detail-type": ["Ours"]}))
        events.put_targets(Rule=name, Targets=[{"Id": "bus", "Arn": arn, "RoleArn": account.job_role}])
        url = cloud.client("sqs").create_queue(QueueName=name)["QueueUrl"]
        events.put_rule(Name="all", EventBusName=name, EventPattern=json.dumps({"detail-type": ["Ours"]}))
        events.put_targets(
            Rule="all", EventBusName=name, Targets=[{"Id": "queue", "Arn": f"arn:aws:sqs:{PLACE}:{name}"}]
        )
        events.put_events(Entries=[{"Source": "ours", "DetailType": "Ours", "Detail": "{}"}])
        attribute = "ApproximateNumberOfMessages"
        found = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])["Attributes"]
        assert found[attribute] == "2"


def test_events_put_while_a_lock_is_held_are_told(account: Account, cloud: Cloud, group: str) -> None:
    """A function that an event starts may ask for the package at once, many of them at the same time."""
    bus = Bus(cloud, account.fresh("events"), PACKAGE)
    create = account.sagemaker.create_model_package
    threads = [threading.Thread(target=create, kwargs={"ModelPackageGroupName": group}) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    versions = [each["detail"]["ModelPackageVersion"] for each in bus.come(8)]
    assert versions == list(range(1, 9)), "events are told in the order of what happened"
