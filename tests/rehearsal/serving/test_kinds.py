"""Each kind of serving, and what belongs to it: deployed side by side, asked, and gone."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs

from constructs_lib import Asynchronous, AutoScaling, DataCapture, OutputLocation, RealTime, Serverless
from constructs_lib.rehearsal.account import Thing
from constructs_lib.rehearsal.failures import CheckFailedError

from ..cloud.account import BUCKET
from ..waiting.stage import data, eventually, new_stack
from .stage import Serving, new_endpoint
from .tiny_models import FIRST

pytestmark = pytest.mark.cloud

NAMES = ("Serverless", "Queued", "Scaled")


def serverless() -> cdk.Stack:
    stack = new_stack("Serverless")
    kind = Serverless(
        memory_size_mib=2048,
        max_concurrency=5,
        provisioned_concurrency=2,
        auto_scaling=AutoScaling(min_capacity=1, max_capacity=4, utilization=0.7),
    )
    new_endpoint(stack, serving=kind, inference_response_keys=["probability", "labels"])
    return stack


def queued() -> cdk.Stack:
    stack = new_stack("Queued")
    topics = {}
    for name in ("Success", "Error"):
        topics[name] = sns.Topic(stack, f"{name}Topic")
        queue = sqs.Queue(stack, f"{name}Queue")
        topics[name].add_subscription(subscriptions.SqsSubscription(queue, raw_message_delivery=True))
        cdk.CfnOutput(stack, f"{name}Url", value=queue.queue_url)
    kind = Asynchronous(
        instance_type="ml.m5.large",
        output=OutputLocation.from_bucket(data(stack), "answers/"),
        failure_output=OutputLocation.from_bucket(data(stack), "failures/"),
        success_topic=topics["Success"],
        error_topic=topics["Error"],
        auto_scaling=AutoScaling(min_capacity=0, max_capacity=2, backlog_per_instance=5),
    )
    new_endpoint(stack, serving=kind)
    return stack


def scaled(sampling_percentage: int = 100) -> cdk.Stack:
    stack = new_stack("Scaled")
    kind = RealTime(
        instance_type="ml.m5.large",
        instance_count=1,
        auto_scaling=AutoScaling(min_capacity=1, max_capacity=3, invocations_per_instance=100),
    )
    capture = DataCapture(
        destination=OutputLocation.from_bucket(data(stack), "captured/"), sampling_percentage=sampling_percentage
    )
    new_endpoint(stack, serving=kind, data_capture=capture, inference_response_keys=["predicted_label", "probability"])
    return stack


@pytest.fixture(scope="module")
def endpoints(stage: Serving) -> Iterator[dict[str, str]]:
    """The names of the endpoints of three stacks that are deployed side by side."""
    for make in (serverless, queued, scaled):
        stack = make()
        stage.begin(stack.stack_name, stage.template(stack))
    for name in NAMES:
        assert stage.wait(name) == "CREATE_COMPLETE", stage.reasons(name)
    yield {name: stage.outputs(name)["EndpointName"] for name in NAMES}
    stage.delete_all(*NAMES)
    assert stage.left() == set()


def targets(stage: Serving, endpoint: str) -> list[dict[str, Any]]:
    scaling = stage.cloud.client("application-autoscaling")
    found = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    return [each for each in found if each["ResourceId"] == f"endpoint/{endpoint}/variant/AllTraffic"]


def test_serverless_endpoint_answers_with_the_keys_asked_for(stage: Serving, endpoints: dict[str, str]) -> None:
    name = endpoints["Serverless"]
    assert stage.ask(name) == f"{FIRST} probability,labels"
    [variant] = stage.endpoint(name)["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == {
        "MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 2,
    }  # fmt: skip
    [target] = targets(stage, name)
    assert target["ScalableDimension"] == "sagemaker:variant:DesiredProvisionedConcurrency"


def told(stage: Serving, kind: str) -> dict[str, Any]:
    url = stage.outputs("Queued")[f"{kind}Url"]
    [message] = eventually(lambda: stage.cloud.client("sqs").receive_message(QueueUrl=url).get("Messages"))
    loaded: dict[str, Any] = json.loads(message["Body"])
    return loaded


def ask_by_s3(stage: Serving, endpoint: str, row: str) -> dict[str, Any]:
    stage.account.s3.put_object(Bucket=BUCKET, Key="answers/request", Body=row.encode())
    asked: dict[str, Any] = stage.runtime.invoke_endpoint_async(
        EndpointName=endpoint, InputLocation=f"s3://{BUCKET}/answers/request", ContentType="text/csv"
    )
    return asked


def content(stage: Serving, uri: str) -> str:
    found = eventually(lambda: stage.seen.read(uri)) or b""
    return found.decode()


def test_asynchronous_endpoint_answers_in_s3_and_tells_the_topic(stage: Serving, endpoints: dict[str, str]) -> None:
    asked = ask_by_s3(stage, endpoints["Queued"], "1")
    assert asked["OutputLocation"].startswith(f"s3://{BUCKET}/answers/")
    assert content(stage, asked["OutputLocation"]) == FIRST
    assert told(stage, "Success")["responseParameters"]["outputLocation"] == asked["OutputLocation"]


def test_request_that_an_asynchronous_endpoint_fails_at_is_written_and_told_elsewhere(
    stage: Serving, endpoints: dict[str, str]
) -> None:
    asked = ask_by_s3(stage, endpoints["Queued"], "bad")
    assert asked["FailureLocation"].startswith(f"s3://{BUCKET}/failures/")
    assert "row 1 is bad" in content(stage, asked["FailureLocation"])
    notice = told(stage, "Error")
    assert notice["invocationStatus"] == "Failed"
    assert "row 1 is bad" in notice["failureReason"]


def test_requests_and_answers_are_captured(stage: Serving, endpoints: dict[str, str]) -> None:
    name = endpoints["Scaled"]
    assert stage.ask(name, "7") == f"{FIRST} predicted_label,probability"

    [uri] = eventually(lambda: stage.seen.objects(f"s3://{BUCKET}/captured/"))

    assert uri.startswith(f"s3://{BUCKET}/captured/{name}/AllTraffic/")
    [line] = content(stage, uri).splitlines()
    captured = json.loads(line)["captureData"]
    assert captured["endpointInput"]["data"] == "7"
    assert captured["endpointOutput"]["data"] == f"{FIRST} predicted_label,probability"


def test_number_of_instances_follows_the_load_and_a_deployment_keeps_it(
    stage: Serving, endpoints: dict[str, str]
) -> None:
    name = endpoints["Scaled"]
    [target] = targets(stage, name)
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 3)
    scaling = stage.cloud.client("application-autoscaling")
    [policy] = [
        each for each in scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
        if each["ResourceId"] == target["ResourceId"]
    ]  # fmt: skip
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 100
    stage.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}]
    )
    eventually(lambda: stage.endpoint(name)["EndpointStatus"] == "InService")
    before = stage.endpoint(name)["EndpointConfigName"]

    assert stage.deployed("Scaled", stage.template(scaled(50))) == name

    after = stage.endpoint(name)
    assert after["EndpointConfigName"] != before
    assert after["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    assert after["DataCaptureConfig"]["CurrentSamplingPercentage"] == 50


def asked_as_rehearsed(stage: Serving, endpoint: str, row: str) -> str:
    """What `automl rehearse` gets of an asynchronous endpoint."""
    state = stage.seen.endpoint(endpoint)
    with closing(stage.seen.invoke_by_s3(state, row.encode(), "text/csv", "text/csv")) as answers:
        return next(answer for answer in answers if answer is not None)


def test_rehearsal_asks_an_asynchronous_endpoint_and_leaves_nothing_in_s3(
    stage: Serving, endpoints: dict[str, str]
) -> None:
    state = stage.seen.endpoint(endpoints["Queued"])
    assert state.output == f"s3://{BUCKET}/answers/"
    assert stage.seen.best_model(stage.outputs("Queued")["JobName"]) == (
        "WeightedEnsemble-L3-FULL-t1",
        tuple(state.model_data),
    )
    before = stage.account.keys("answers/")

    assert asked_as_rehearsed(stage, endpoints["Queued"], "1") == FIRST
    with pytest.raises(CheckFailedError, match=r"failed at a request: .*row 1 is bad"):
        asked_as_rehearsed(stage, endpoints["Queued"], "bad")

    assert stage.account.keys("answers/") == before


def test_everything_that_a_stack_with_an_endpoint_has_is_looked_for(stage: Serving, endpoints: dict[str, str]) -> None:
    before = stage.seen.things()
    assert Thing("scalable target", f"endpoint/{endpoints['Scaled']}/variant/AllTraffic") in before
    assert Thing("endpoint config", stage.endpoint(endpoints["Queued"])["EndpointConfigName"]) in before
    cloudwatch = stage.cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="left-one", Namespace="N", MetricName="M", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    cloudwatch.put_composite_alarm(AlarmName="left-both", AlarmRule='ALARM("left-one")')
    stage.sagemaker.create_model_package_group(ModelPackageGroupName="left-group")
    [container] = stage.sagemaker.describe_auto_ml_job_v2(
        AutoMLJobName=stage.outputs("Queued")["JobName"]
    )["BestCandidate"]["InferenceContainers"]  # fmt: skip
    version = stage.sagemaker.create_model_package(
        ModelPackageGroupName="left-group",
        InferenceSpecification={
            "Containers": [{"Image": container["Image"], "ModelDataUrl": container["ModelDataUrl"]}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]

    assert stage.seen.things() - before == {
        Thing("alarm", "left-one"),
        Thing("alarm", "left-both"),
        Thing("model package group", "left-group"),
        Thing("model package", version),
    }

    cloudwatch.delete_alarms(AlarmNames=["left-both"])
    cloudwatch.delete_alarms(AlarmNames=["left-one"])
    stage.sagemaker.delete_model_package(ModelPackageName=version)
    stage.sagemaker.delete_model_package_group(ModelPackageGroupName="left-group")
