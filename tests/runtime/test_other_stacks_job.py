"""What takes a job of another stack sees first that this job is the one that its own template was made for."""

from typing import Any

import pytest

from constructs_lib.runtime.contract import MODEL_TYPE, OUTCOME_TYPE, WATCH_TYPE

from .fake_hosting import model
from .world import World, watching

OLD, NEW = "0" * 16, "1" * 16
ENDED = {"AutoMLJobStatus": "Completed"}


def watch(made_for: str, deployed: str, **changes: Any) -> dict[str, Any]:
    specs = {"JobSpec": made_for, "DeployedJobSpec": deployed}
    return {"ServiceToken": "arn", "JobName": "churn", "Watch": watching("Wait"), **specs, **changes}


def test_job_of_the_template_is_followed(world: World) -> None:
    world.sagemaker.add_job("churn", {})

    answer = world.send(world.event("Create", ResourceType=WATCH_TYPE, ResourceProperties=watch(NEW, NEW)))

    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["JobSpec"] == NEW


@pytest.mark.parametrize("deployed", [OLD, ""], ids=["of the job before", "untold"])
def test_stack_that_comes_before_the_jobs_is_refused(world: World, deployed: str) -> None:
    world.sagemaker.add_job("churn", {})
    event = world.event(
        "Update",
        ResourceType=WATCH_TYPE,
        PhysicalResourceId="Churn-churn",
        ResourceProperties=watch(NEW, deployed),
        OldResourceProperties=watch(OLD, OLD),
    )

    answer = world.send(event)

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == (
        "'churn' is not the job that this template was made for: the stack that has the job, or the one that waits for "
        "it, was last deployed with another request. Deploy it first, then this stack; `cdk deploy` does so unless it "
        "is told to leave other stacks out (--exclusively)"
    )
    assert not world.stepfunctions.executions


def test_model_is_not_made_of_it_either(world: World) -> None:
    wanted = model("churn", JobSpec=NEW, DeployedJobSpec=OLD)

    answer = world.send(world.event("Create", ResourceType=MODEL_TYPE, ResourceProperties=wanted))

    assert answer["Status"] == "FAILED"
    assert "'churn' is not the job that this template was made for" in answer["Reason"]
    assert not world.sagemaker.calls


def test_rollback_goes_back_whatever_the_jobs_stack_was_deployed_with_since(world: World) -> None:
    world.sagemaker.add_job("churn", {})
    world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
    event = world.event(
        "Update",
        ResourceType=WATCH_TYPE,
        PhysicalResourceId="Churn-churn",
        ResourceProperties=watch(OLD, NEW),
        OldResourceProperties=watch(NEW, NEW),
    )

    assert world.send(event)["Status"] == "SUCCESS"


def test_deletion_asks_nothing_of_the_job(world: World) -> None:
    event = world.event(
        "Delete", ResourceType=WATCH_TYPE, PhysicalResourceId="Churn-churn", ResourceProperties=watch(NEW, OLD)
    )

    assert world.send(event)["Status"] == "SUCCESS"


def test_outcome_passes_on_what_its_job_is_made_of(world: World) -> None:
    world.sagemaker.add_job("churn", {})
    world.sagemaker.complete("churn")
    wanted = {"ServiceToken": "arn", "JobName": "churn", "TimeoutSeconds": "60", "OnTimeout": "Fail", "JobSpec": NEW}

    answer = world.send(world.event("Create", ResourceType=OUTCOME_TYPE, ResourceProperties=wanted))

    assert answer["Data"]["JobSpec"] == NEW
