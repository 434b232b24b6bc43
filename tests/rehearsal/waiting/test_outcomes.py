"""Deployments that wait for their jobs: what they hand on, whom they tell, and how they fail."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm

from constructs_lib import AutoMLJobOutcome, OnMiss, QualityGate
from constructs_lib.runtime.contract import EVENT_DETAIL_TYPE, EVENT_SOURCE, OUTCOME_TYPE, OutcomeAttribute

from .paced_training import AT_ONCE, BAD, SOME_SECONDS
from .stage import Stage, Template, ended, eventually, logical_id, new_job, new_stack

pytestmark = pytest.mark.cloud


def messages(stage: Stage, url: str) -> list[dict[str, Any]]:
    """The messages of a queue about a job that completes, in the order in which they came."""
    client = stage.cloud.client("sqs")
    found: list[dict[str, Any]] = []

    def receive() -> bool:
        for message in client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
            found.append(json.loads(message["Body"]))
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return any(message["detail"]["AutoMLJobStatus"] == "Completed" for message in found)

    eventually(receive)
    return found


def is_empty(stage: Stage, url: str) -> bool:
    return not stage.cloud.client("sqs").receive_message(QueueUrl=url).get("Messages")


def test_deployment_waits_and_hands_on_what_the_job_has_come_to(stage: Stage) -> None:
    stack = new_stack("Told")
    job = new_job(stack, SOME_SECONDS)
    outcome = AutoMLJobOutcome(stack, "Outcome", job=job, quality_gate=QualityGate(at_least=0.5))
    for name in (
        "job_name", "job_arn", "status", "secondary_status", "problem_type", "best_candidate_name",
        "best_candidate_metric", "objective_value", "gate_result", "model_data_url", "inference_image",
        "model_insights_uri", "explainability_uri", "result_uri",
    ):  # fmt: skip
        cdk.CfnOutput(stack, name.replace("_", ""), value=f"<{getattr(outcome, name)}>")
    template = stage.template(stack)

    assert stage.put("Told", template) == "CREATE_COMPLETE", stage.reasons("Told")

    [name] = stage.jobs("Told")
    described = stage.job(name)
    assert described["AutoMLJobStatus"] == "Completed"
    best = described["BestCandidate"]
    container = best["InferenceContainers"][0]
    artifacts = best["CandidateProperties"]["CandidateArtifactLocations"]
    expected = {
        OutcomeAttribute.JOB_NAME: name,
        OutcomeAttribute.JOB_ARN: described["AutoMLJobArn"],
        OutcomeAttribute.STATUS: "Completed",
        OutcomeAttribute.SECONDARY_STATUS: described["AutoMLJobSecondaryStatus"],
        OutcomeAttribute.PROBLEM_TYPE: "BinaryClassification",
        OutcomeAttribute.BEST_CANDIDATE_NAME: "WeightedEnsemble-L3-FULL-t1",
        OutcomeAttribute.BEST_CANDIDATE_METRIC: "F1",
        OutcomeAttribute.OBJECTIVE_VALUE: "1",
        OutcomeAttribute.GATE_RESULT: "met: F1 is 1, wanted at least 0.5",
        OutcomeAttribute.MODEL_DATA_URL: container["ModelDataUrl"],
        OutcomeAttribute.INFERENCE_IMAGE: container["Image"],
        OutcomeAttribute.MODEL_INSIGHTS_URI: artifacts.get("ModelInsights", ""),
        OutcomeAttribute.EXPLAINABILITY_URI: artifacts["Explainability"],
        OutcomeAttribute.RESULT_URI: f"s3://data/models/{name}/outcome.json",
    }
    outputs = {key.lower(): value for key, value in stage.outputs("Told").items()}
    assert outputs == {attribute.lower(): f"<{value}>" for attribute, value in expected.items()}
    result = stage.result(expected[OutcomeAttribute.RESULT_URI])
    assert result["AutoMLJob"]["AutoMLJobArn"] == described["AutoMLJobArn"]
    assert [candidate["CandidateName"] for candidate in result["Candidates"]] == [
        "WeightedEnsemble-L3-FULL-t1",
        "WeightedEnsemble-L3-FULL-t2",
    ]
    assert result["GateResult"] == expected[OutcomeAttribute.GATE_RESULT]
    eventually(lambda: ended(stage.executions("Told")))
    assert list(stage.executions("Told").values()) == ["SUCCEEDED"]


def test_whoever_listens_hears_of_each_state_once_and_in_order(stage: Stage) -> None:
    stack = new_stack("Heard")
    job = new_job(stack, SOME_SECONDS)
    everything = sqs.Queue(stack, "Everything")
    completed = sqs.Queue(stack, "Completed")
    failed = sqs.Queue(stack, "Failed")
    events.Rule(
        stack,
        "All",
        event_pattern=events.EventPattern(source=[EVENT_SOURCE], detail={"AutoMLJobName": [job.job_name]}),
        targets=[targets.SqsQueue(everything)],
    )
    topic = sns.Topic(stack, "Topic")
    topic.add_subscription(subscriptions.SqsSubscription(completed, raw_message_delivery=True))
    job.on_completed(topic)
    job.on_failed(targets.SqsQueue(failed))
    AutoMLJobOutcome(stack, "Outcome", job=job)
    for name, queue in {"Everything": everything, "Completed": completed, "Failed": failed}.items():
        cdk.CfnOutput(stack, f"{name}Url", value=queue.queue_url)

    assert stage.put("Heard", stage.template(stack)) == "CREATE_COMPLETE", stage.reasons("Heard")

    outputs = stage.outputs("Heard")
    [name] = stage.jobs("Heard")
    told = messages(stage, outputs["EverythingUrl"])
    states = [(each["detail"]["AutoMLJobStatus"], each["detail"]["AutoMLJobSecondaryStatus"]) for each in told]
    assert states[0][0] == "InProgress"
    assert states[-1] == ("Completed", stage.job(name)["AutoMLJobSecondaryStatus"])
    assert len(set(states)) == len(states)
    last = told[-1]
    assert (last["source"], last["detail-type"]) == (EVENT_SOURCE, EVENT_DETAIL_TYPE)
    assert last["resources"] == [stage.job(name)["AutoMLJobArn"]]
    assert last["detail"]["BestCandidateName"] == "WeightedEnsemble-L3-FULL-t1"
    assert last["detail"]["MetricValue"] == 1.0
    assert last["detail"]["StackId"] == stage.describe("Heard")["StackId"]
    [only] = messages(stage, outputs["CompletedUrl"])
    assert only["detail"] == last["detail"]
    eventually(lambda: ended(stage.executions("Heard")))
    assert all(is_empty(stage, outputs[f"{queue}Url"]) for queue in ("Everything", "Completed", "Failed"))


def test_job_that_fails_fails_the_deployment_with_its_own_reason(stage: Stage) -> None:
    stack = new_stack("Fails")
    job = new_job(stack, BAD)
    AutoMLJobOutcome(stack, "Outcome", job=job)

    assert stage.put("Fails", stage.template(stack)) == "ROLLBACK_COMPLETE"

    [(name, status)] = stage.jobs("Fails").items()
    assert status == "Failed"
    reasons = stage.reasons("Fails")
    assert f"the AutoML job '{name}' is Failed" in reasons
    assert stage.job(name)["FailureReason"] in reasons
    assert "https://" in reasons


@pytest.mark.parametrize("on_miss", list(OnMiss))
def test_gate_that_is_missed_fails_or_warns(on_miss: OnMiss, stage: Stage) -> None:
    name = f"Gate{on_miss.capitalize()}"
    stack = new_stack(name)
    gate = QualityGate(at_least=1.5, on_miss=on_miss)
    outcome = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack, AT_ONCE), quality_gate=gate)
    cdk.CfnOutput(stack, "Gate", value=outcome.gate_result)
    missed = "missed: F1 is 1, wanted at least 1.5"

    status = stage.put(name, stage.template(stack))

    if on_miss is OnMiss.WARN:
        assert status == "CREATE_COMPLETE", stage.reasons(name)
        assert stage.outputs(name) == {"Gate": missed}
    else:
        assert status == "ROLLBACK_COMPLETE"
        assert missed in stage.reasons(name)
        [job] = stage.jobs(name)
        assert stage.result(f"s3://data/models/{job}/outcome.json")["GateResult"] == missed


def better_than_parameter(stage: Stage, name: str, parameter: str, **props: str) -> Template:
    """A stack whose job's model has to beat the number that a parameter of Parameter Store holds."""
    stack = new_stack(name)
    best = ssm.StringParameter.from_string_parameter_name(stack, "Best", parameter)
    outcome = AutoMLJobOutcome(
        stack, "Outcome", job=new_job(stack, AT_ONCE, **props), quality_gate=QualityGate(better_than=best)
    )
    cdk.CfnOutput(stack, "Gate", value=outcome.gate_result)
    return stage.template(stack)


def answered(stage: Stage, name: str, request_type: str) -> list[str]:
    """The resources of a stack that the function has answered such a request for, in order."""
    return [
        each["logical_id"]
        for each in stage.log(name)
        if each.get("decision") == "answer" and each["request_type"] == request_type
    ]


def test_parameter_that_was_raised_judges_the_next_job_and_never_the_same_one_again(stage: Stage) -> None:
    parameter = "/best/f1"

    def promote(value: str) -> None:
        stage.cloud.client("ssm").put_parameter(Name=parameter, Value=value, Type="String", Overwrite=True)

    promote("0.5")
    template = better_than_parameter(stage, "Baseline", parameter)
    assert stage.put("Baseline", template) == "CREATE_COMPLETE", stage.reasons("Baseline")
    met = {"Gate": "met: F1 is 1, wanted better than 0.5"}
    assert stage.outputs("Baseline") == met
    [first] = stage.jobs("Baseline")

    promote("1")
    assert stage.put("Baseline", template) == "UPDATE_COMPLETE", stage.reasons("Baseline")
    eventually(lambda: answered(stage, "Baseline", "Update"))
    assert answered(stage, "Baseline", "Update") == [logical_id(template, OUTCOME_TYPE)]
    judged = [each["detail"] for each in stage.log("Baseline") if each.get("decision") == "gate judged"]
    assert judged == [met["Gate"]]
    assert stage.outputs("Baseline") == met
    assert stage.jobs("Baseline") == {first: "Completed"}

    promote("1.5")
    retrained = better_than_parameter(stage, "Baseline", parameter, revision="2")
    assert stage.put("Baseline", retrained) == "UPDATE_ROLLBACK_COMPLETE"
    assert "missed: F1 is 1, wanted better than 1.5" in stage.reasons("Baseline")
    second = (stage.jobs("Baseline").keys() - {first}).pop()
    assert stage.result(f"s3://data/models/{second}/outcome.json")["GateResult"].startswith("missed: ")
    assert stage.resource("Baseline", logical_id(template)) == first
    assert stage.outputs("Baseline") == met


def test_two_jobs_of_a_stack_train_at_once_and_are_waited_for(stage: Stage) -> None:
    stack = new_stack("Twins")
    for number in ("One", "Two"):
        outcome = AutoMLJobOutcome(stack, f"Outcome{number}", job=new_job(stack, SOME_SECONDS, f"Job{number}"))
        cdk.CfnOutput(stack, number, value=outcome.job_name)

    assert stage.put("Twins", stage.template(stack)) == "CREATE_COMPLETE", stage.reasons("Twins")

    names = list(stage.jobs("Twins"))
    assert sorted(stage.outputs("Twins").values()) == sorted(names)
    first, second = (stage.job(name) for name in names)
    assert second["CreationTime"] < first["EndTime"], "the second should have begun while the first was training"
    assert {first["AutoMLJobStatus"], second["AutoMLJobStatus"]} == {"Completed"}
    eventually(lambda: ended(stage.executions("Twins")))
    assert list(stage.executions("Twins").values()) == ["SUCCEEDED", "SUCCEEDED"]
