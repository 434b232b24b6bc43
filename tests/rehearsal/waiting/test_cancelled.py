"""Deployments that end before their job does: nothing trains on, and nobody goes on looking at it."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns

from constructs_lib import AutoMLJobOutcome
from constructs_lib.runtime.contract import OUTCOME_TYPE, OwnerTag

from .paced_training import AT_ONCE, FOR_EVER, SOME_SECONDS
from .stage import Stage, Template, ended, eventually, failing, logical_id, new_job, new_stack

pytestmark = pytest.mark.cloud


def waiting_for(stage: Stage, name: str, target: str) -> Template:
    """The template of a stack that waits for its job."""
    stack = new_stack(name)
    outcome = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack, target))
    cdk.CfnOutput(stack, "JobName", value=outcome.job_name)
    return stage.template(stack)


def is_released(stage: Stage, job: str) -> bool:
    tags = stage.sagemaker.list_tags(ResourceArn=stage.job(job)["AutoMLJobArn"])["Tags"]
    return OwnerTag.RELEASED in {tag["Key"] for tag in tags}


def expect_all_ended(stage: Stage, executions: list[str]) -> None:
    eventually(lambda: all(stage.status_of(each) != "RUNNING" for each in executions))


def test_stack_that_is_deleted_while_it_waits_stops_its_job_at_once(stage: Stage) -> None:
    template = waiting_for(stage, "Deleted", FOR_EVER)
    stage.begin("Deleted", template)
    stage.until_waiting("Deleted", template)
    [execution] = stage.executions("Deleted")
    stack = stage.describe("Deleted")["StackId"]

    stage.cloudformation.delete_stack(StackName="Deleted")

    assert stage.wait(stack) == "DELETE_COMPLETE", stage.reasons(stack)
    assert list(stage.jobs("Deleted").values()) == ["Stopped"]
    expect_all_ended(stage, [execution])
    assert "Resource creation cancelled" in stage.reasons(stack)


def test_update_that_is_cancelled_while_it_waits_leaves_the_old_job_and_trains_nothing_again(stage: Stage) -> None:
    assert stage.put("Cancel", waiting_for(stage, "Cancel", AT_ONCE)) == "CREATE_COMPLETE", stage.reasons("Cancel")
    [old] = stage.jobs("Cancel")
    template = waiting_for(stage, "Cancel", FOR_EVER)
    stage.begin("Cancel", template)
    stage.until_waiting("Cancel", template)

    stage.cloudformation.cancel_update_stack(StackName="Cancel")

    assert stage.wait("Cancel") == "UPDATE_ROLLBACK_COMPLETE", stage.reasons("Cancel")
    assert list(stage.jobs("Cancel").values()) == ["Completed", "Stopped"]
    assert stage.resource("Cancel", logical_id(template)) == old
    assert not is_released(stage, old)
    assert stage.outputs("Cancel") == {"JobName": old}
    # Its own resource is gone, or has another job: the execution notices.
    eventually(lambda: ended(stage.executions("Cancel")))
    assert set(stage.executions("Cancel").values()) == {"SUCCEEDED"}


def test_update_that_fails_after_the_wait_leaves_the_old_job_and_trains_nothing_again(stage: Stage) -> None:
    assert stage.put("Late", waiting_for(stage, "Late", AT_ONCE)) == "CREATE_COMPLETE", stage.reasons("Late")
    [old] = stage.jobs("Late")
    template = waiting_for(stage, "Late", SOME_SECONDS)

    assert stage.put("Late", failing(template, logical_id(template, OUTCOME_TYPE))) == "UPDATE_ROLLBACK_COMPLETE"

    assert list(stage.jobs("Late").values()) == ["Completed", "Completed"]
    assert stage.resource("Late", logical_id(template)) == old
    assert not is_released(stage, old)
    [_, new] = stage.jobs("Late")
    assert is_released(stage, new)
    eventually(lambda: ended(stage.executions("Late")))


def test_job_that_a_cancelled_update_made_is_not_what_the_same_update_gets_the_next_time(stage: Stage) -> None:
    assert stage.put("Again", waiting_for(stage, "Again", AT_ONCE)) == "CREATE_COMPLETE", stage.reasons("Again")
    template = waiting_for(stage, "Again", SOME_SECONDS)
    stage.begin("Again", template)
    stage.until_waiting("Again", template)
    stage.cloudformation.cancel_update_stack(StackName="Again")
    assert stage.wait("Again") == "UPDATE_ROLLBACK_COMPLETE", stage.reasons("Again")

    assert stage.put("Again", template) == "UPDATE_COMPLETE", stage.reasons("Again")

    assert list(stage.jobs("Again").values()) == ["Completed", "Stopped", "Completed"]
    [*_, new] = stage.jobs("Again")
    assert stage.outputs("Again") == {"JobName": new}
    eventually(lambda: ended(stage.executions("Again")))


def test_another_resource_that_fails_meanwhile_stops_the_job(stage: Stage) -> None:
    template = waiting_for(stage, "Other", FOR_EVER)

    assert stage.put("Other", failing(template, logical_id(template))) == "ROLLBACK_COMPLETE"

    assert "AFailure WaitCondition timed out" in stage.reasons("Other")
    assert list(stage.jobs("Other").values()) == ["Stopped"]


def listened_to(stage: Stage, name: str) -> Template:
    """A stack that does not wait, but is told of its job's end."""
    stack = new_stack(name)
    new_job(stack, FOR_EVER).on_finished(sns.Topic(stack, "Topic"))
    return stage.template(stack)


def test_stack_that_is_deleted_while_its_job_is_followed_leaves_nothing_running(stage: Stage) -> None:
    assert stage.put("Listen", listened_to(stage, "Listen")) == "CREATE_COMPLETE", stage.reasons("Listen")
    [(execution, status)] = stage.executions("Listen").items()
    assert status == "RUNNING"

    stage.delete("Listen")

    assert list(stage.jobs("Listen").values()) == ["Stopped"]
    expect_all_ended(stage, [execution])


@pytest.mark.parametrize("change", ["replaced", "removed"])
def test_job_that_goes_while_its_stack_stays_is_not_followed_any_more(change: str, stage: Stage) -> None:
    name = change.capitalize()
    assert stage.put(name, listened_to(stage, name)) == "CREATE_COMPLETE", stage.reasons(name)
    [first] = stage.executions(name)
    stack = new_stack(name)
    sns.Topic(stack, "Topic")
    if change == "replaced":
        new_job(stack, AT_ONCE).on_finished(sns.Topic(stack, "Another"))
    else:
        new_job(stack, AT_ONCE, "SecondJob").on_finished(sns.Topic(stack, "Another"))

    assert stage.put(name, stage.template(stack)) == "UPDATE_COMPLETE", stage.reasons(name)

    eventually(lambda: ended(stage.executions(name)))
    assert stage.executions(name)[first] == "SUCCEEDED"
    assert stage.jobs(name, "")[next(iter(stage.jobs(name)))] == "Stopped"
