"""What is refused before a job is made, and what a missing permission turns red."""

import json

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs

from constructs_lib import AutoMLJobOutcome
from constructs_lib.runtime.watch import IN_VAIN

from ...constructs.synthesis import resources_of
from .paced_training import AT_ONCE, FOR_EVER
from .stage import CONDITION, Stage, Template, ended, eventually, impatient, new_job, new_stack, without

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def template(stage: Stage) -> Template:
    """A stack that waits, and has somebody told."""
    stack = new_stack("Refused")
    job = new_job(stack, AT_ONCE)
    queue = sqs.Queue(stack, "Queue")
    job.on_finished(targets.SqsQueue(queue))
    AutoMLJobOutcome(stack, "Outcome", job=job)
    cdk.CfnOutput(stack, "Url", value=queue.queue_url)
    return stage.template(stack)


def test_change_that_only_the_deployment_knows_is_refused_before_a_job_is_made(stage: Stage) -> None:
    stack = new_stack("Unknown")
    parameter = cdk.CfnParameter(stack, "Weight", default="x")
    job = new_job(stack, AT_ONCE, sample_weight_attribute=parameter.value_as_string, mode="ENSEMBLING")
    outcome = AutoMLJobOutcome(stack, "Outcome", job=job)
    cdk.CfnOutput(stack, "JobName", value=outcome.job_name)
    template = stage.template(stack)
    assert stage.put("Unknown", template, Weight="x") == "CREATE_COMPLETE", stage.reasons("Unknown")
    [made] = stage.jobs("Unknown")

    assert stage.put("Unknown", template, Weight="slow") == "UPDATE_ROLLBACK_COMPLETE"

    assert IN_VAIN in stage.reasons("Unknown")
    assert stage.jobs("Unknown") == {made: "Completed"}
    assert stage.outputs("Unknown") == {"JobName": made}


def test_with_all_its_permissions_somebody_is_told(stage: Stage, template: Template) -> None:
    assert stage.put("Allowed", template) == "CREATE_COMPLETE", stage.reasons("Allowed")
    eventually(lambda: ended(stage.executions("Allowed")))
    [message] = stage.cloud.client("sqs").receive_message(QueueUrl=stage.outputs("Allowed")["Url"])["Messages"]
    assert json.loads(message["Body"])["detail"]["AutoMLJobStatus"] == "Completed"


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("states:StartExecution", "cannot be followed to its end"),
        ("s3:PutObject", "the result cannot be written to s3://data/models/"),
        ("sagemaker:ListCandidatesForAutoMLJob", "the result cannot be written to s3://data/models/"),
    ],
)
def test_permission_that_is_missing_fails_the_deployment_and_is_named(
    action: str, reason: str, stage: Stage, template: Template
) -> None:
    name = f"No{action.split(':')[1]}"[:20]

    assert stage.put(name, without(impatient(template), action)) == "ROLLBACK_COMPLETE"

    reasons = stage.reasons(name)
    assert reason in reasons
    assert "AccessDenied" in reasons


def test_wait_that_cannot_be_signalled_fails_the_deployment(stage: Stage, template: Template) -> None:
    changed = without(template, "cloudformation:SignalResource")
    for condition in resources_of(changed, CONDITION).values():
        condition["CreationPolicy"]["ResourceSignal"]["Timeout"] = "PT4S"

    stage.begin("NoSignal", changed)
    stage.until_waiting("NoSignal", changed)
    refused = eventually(
        lambda: [each for each in stage.log("NoSignal") if "does not take its signal" in each.get("decision", "")]
    )

    assert "cloudformation:SignalResource" in refused[0]["detail"]
    assert stage.wait("NoSignal") == "ROLLBACK_COMPLETE"
    assert "WaitCondition timed out" in stage.reasons("NoSignal")


def test_event_that_cannot_be_sent_is_in_the_log_and_fails_no_deployment(stage: Stage, template: Template) -> None:
    assert stage.put("NoEvents", without(template, "events:PutEvents")) == "CREATE_COMPLETE"

    eventually(lambda: ended(stage.executions("NoEvents")))
    unsent = [each for each in stage.log("NoEvents") if each.get("decision") == "event could not be sent"]
    assert "events:PutEvents" in unsent[0]["detail"]
    url = stage.outputs("NoEvents")["Url"]
    assert not stage.cloud.client("sqs").receive_message(QueueUrl=url).get("Messages")


def test_foreign_source_of_events_is_not_allowed(stage: Stage, template: Template) -> None:
    """The condition on `events:source` is enforced here as IAM documents it."""
    [policy] = [
        each["Properties"]["PolicyDocument"]["Statement"]
        for name, each in resources_of(template, "AWS::IAM::ManagedPolicy").items()
        if "events:PutEvents" in json.dumps(each) and name.startswith("SageMakerAutopilotProvider")
    ]
    [statement] = [each for each in policy if each["Action"] == "events:PutEvents"]
    bus = f"arn:aws:events:{stage.cloud.region}:{stage.cloud.account}:event-bus/default"
    client = stage.account.acting_as({**statement, "Resource": bus})("events")
    entry = {"DetailType": "d", "Detail": "{}", "EventBusName": bus}

    source = statement["Condition"]["StringEquals"]["events:source"]
    assert client.put_events(Entries=[{**entry, "Source": source}])["FailedEntryCount"] == 0
    for sources in (["other"], [source, "other"]):
        with pytest.raises(client.exceptions.ClientError, match="not authorized to perform: events:PutEvents"):
            client.put_events(Entries=[{**entry, "Source": each} for each in sources])


def test_job_that_cannot_be_followed_is_stopped(stage: Stage) -> None:
    stack = new_stack("Unfollowed")
    AutoMLJobOutcome(stack, "Outcome", job=new_job(stack, FOR_EVER))
    changed = without(impatient(stage.template(stack)), "states:StartExecution")

    assert stage.put("Unfollowed", changed) == "ROLLBACK_COMPLETE"

    # The function has so little time here that it does not wait for the end.
    [job] = stage.jobs("Unfollowed")
    assert stage.account.wait(job)["AutoMLJobStatus"] == "Stopped"
