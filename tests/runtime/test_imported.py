"""A watch over a job that the stack did not make follows it and never touches it."""

import json
from typing import Any

import pytest

from constructs_lib.runtime.contract import WATCH_TYPE
from constructs_lib.runtime.watch import IN_VAIN

from .fake_sagemaker import FakeJob
from .world import LOGICAL_ID, World, watching

PHYSICAL_ID = f"{LOGICAL_ID}-theirs"
WATCHES_NONE = f"{LOGICAL_ID}-watch"


def wanted(name: str = "theirs", watch: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"ServiceToken": "arn", "JobName": name, "Watch": watch or watching("Wait")}


def create(world: World, properties: dict[str, Any]) -> dict[str, Any]:
    return world.send(world.event("Create", ResourceType=WATCH_TYPE, ResourceProperties=properties))


def update(world: World, new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    event = world.event(
        "Update",
        ResourceType=WATCH_TYPE,
        PhysicalResourceId=PHYSICAL_ID,
        ResourceProperties=new,
        OldResourceProperties=old,
    )
    return world.send(event)


@pytest.fixture
def job(world: World) -> FakeJob:
    return world.sagemaker.add_job("theirs", {"owner": "x"})


def test_existing_job_is_followed_under_a_name_of_both(world: World, job: FakeJob) -> None:
    answer = create(world, wanted())

    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == PHYSICAL_ID
    assert answer["Data"] == {"JobName": "theirs", "JobArn": job.arn, "JobSpec": ""}
    assert world.stepfunctions.running() == ["theirs-00000001"]


def test_followed_job_lets_the_deployment_go_on(world: World, job: FakeJob) -> None:
    create(world, wanted())
    world.status("CREATE_COMPLETE", physical_id=PHYSICAL_ID)
    world.status("CREATE_IN_PROGRESS", "Wait")
    job.status = "Failed"

    world.follow(9)

    assert world.cloudformation.signals
    assert world.events_bus.states() == ["Failed"]
    assert not world.stepfunctions.running()


def test_condition_that_waits_for_another_job_in_its_place_is_not_signalled(world: World, job: FakeJob) -> None:
    create(world, wanted())
    job.status = "Stopped"
    world.status("UPDATE_COMPLETE", physical_id=f"{LOGICAL_ID}-next")
    world.status("CREATE_IN_PROGRESS", "Wait")

    world.follow(3)

    assert not world.cloudformation.signals


def test_running_job_is_not_followed_when_the_watch_is_deleted(world: World, job: FakeJob) -> None:
    create(world, wanted())
    world.status("DELETE_COMPLETE", physical_id=PHYSICAL_ID)

    assert world.follow(9) == 1
    assert job.status == "InProgress"


def test_job_that_has_ended_before_is_no_news(world: World, job: FakeJob) -> None:
    job.status = "Completed"
    create(world, wanted())
    world.status("CREATE_COMPLETE", physical_id=PHYSICAL_ID)
    world.status("CREATE_IN_PROGRESS", "Wait")

    world.follow(9)

    assert world.cloudformation.signals
    assert not world.events_bus.entries


def test_job_that_does_not_exist_is_refused(world: World) -> None:
    answer = create(world, wanted("nobodys"))

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == (
        "the AutoML job 'nobodys' that is to be watched does not exist in this account and region"
    )
    assert answer["PhysicalResourceId"] == WATCHES_NONE


@pytest.mark.parametrize("missing", ["JobName", "Watch"])
def test_missing_property_is_refused_by_its_name(world: World, job: FakeJob, missing: str) -> None:
    properties = wanted()
    del properties[missing]

    assert create(world, properties)["Reason"] == f"the resource properties lack {missing}"


def test_watch_that_cannot_be_read_is_refused(world: World, job: FakeJob) -> None:
    assert "'Watch' must be an object" in create(world, wanted() | {"Watch": "on"})["Reason"]


def test_start_that_fails_names_the_watch_and_not_the_job(world: World, job: FakeJob) -> None:
    world.stepfunctions.fail("StartExecution", ("StateMachineDoesNotExist", "gone"))

    answer = create(world, wanted())

    assert "the AutoML job 'theirs' cannot be followed to its end" in answer["Reason"]
    assert answer["PhysicalResourceId"] == WATCHES_NONE


def test_update_that_changes_nothing_starts_nothing(world: World, job: FakeJob) -> None:
    answer = update(world, wanted() | {"ServiceTimeout": "1"}, wanted())

    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["JobArn"] == job.arn
    assert not world.stepfunctions.calls


def test_update_with_more_to_signal_follows_anew(world: World, job: FakeJob) -> None:
    update(world, wanted(watch=watching("Wait", "More")), wanted())

    assert world.stepfunctions.running()


def test_another_job_with_new_conditions_is_followed(world: World, job: FakeJob) -> None:
    world.sagemaker.add_job("next", {})

    answer = update(world, wanted("next", watching("Wait2")), wanted())

    assert answer["Data"]["JobName"] == "next"
    assert answer["PhysicalResourceId"] == f"{LOGICAL_ID}-next"
    [state] = [json.loads(call.params["input"]) for call in world.stepfunctions.calls]
    assert state["JobName"] == "next"


def test_another_job_without_conditions_is_followed(world: World, job: FakeJob) -> None:
    world.sagemaker.add_job("next", {})

    assert update(world, wanted("next", watching()), wanted(watch=watching()))["Status"] == "SUCCESS"
    assert world.stepfunctions.running()


def test_another_job_that_the_deployment_could_not_wait_for_is_refused(world: World, job: FakeJob) -> None:
    world.sagemaker.add_job("next", {})

    answer = update(world, wanted("next"), wanted())

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == IN_VAIN
    assert not world.stepfunctions.calls


@pytest.mark.parametrize("exists", [True, False])
def test_rollback_starts_nothing_and_fails_at_nothing(world: World, exists: bool) -> None:
    if exists:
        world.sagemaker.add_job("theirs", {})
    world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
    world.sagemaker.fail("DescribeAutoMLJobV2", ("AccessDeniedException", "no"), times=0 if exists else 9)

    answer = update(world, wanted(), wanted("next"))

    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["JobName"] == "theirs"
    assert not world.stepfunctions.calls


@pytest.mark.parametrize("physical_id", [PHYSICAL_ID, "Demo-Churn8A3F2C11-1QXAMPLE2IDZ3", "theirs"])
def test_delete_leaves_the_job_alone(world: World, job: FakeJob, physical_id: str) -> None:
    event = world.event(
        "Delete", ResourceType=WATCH_TYPE, PhysicalResourceId=physical_id, ResourceProperties={"anything": "old"}
    )

    answer = world.send(event)

    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == physical_id
    assert (job.status, job.tags) == ("InProgress", {"owner": "x"})
    assert not world.sagemaker.calls
