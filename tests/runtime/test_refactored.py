"""A stack refactoring gives a resource another logical id and asks nobody: what it has made is still its own."""

from typing import Any

import pytest

from constructs_lib.runtime.contract import OwnerTag

from . import world as worlds
from .world import World, properties

A = properties()
B = properties(ProblemType="Regression", AutoMLJobObjective={"MetricName": "MSE"})
MOVED = "ModelsChurn77AA0001"


@pytest.fixture
def refactored(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a running job whose resource has another logical id since."""
    name: str = world.create(A)["PhysicalResourceId"]
    known = world.cloudformation.resources
    known[world.stack_id, MOVED] = known.pop((world.stack_id, worlds.LOGICAL_ID))
    monkeypatch.setattr(worlds, "LOGICAL_ID", MOVED)
    monkeypatch.setattr(World.status, "__defaults__", (MOVED, None))
    return name


def state_of(world: World, name: str) -> tuple[str, bool]:
    job = world.sagemaker.jobs[name]
    return job.status, OwnerTag.RELEASED in job.tags


def test_deletion_stops_the_job(world: World, refactored: str) -> None:
    world.delete()

    assert state_of(world, refactored) == ("Stopped", True)


def test_another_job_takes_the_place_of_the_one_before(world: World, refactored: str) -> None:
    world.update(B)

    assert world.physical_id != refactored
    assert state_of(world, refactored) == ("Stopped", True)
    assert world.job().status == "InProgress"
    assert world.creates() == 2


def test_a_rollback_goes_back_to_the_job_before(world: World, refactored: str) -> None:
    world.update(B, another_resource_fails=True)

    assert world.physical_id == refactored
    assert state_of(world, refactored) == ("InProgress", False)
    assert world.creates() == 2
    assert len([job for job in world.sagemaker.jobs.values() if job.status == "InProgress"]) == 1


def test_nothing_changes_for_a_job_that_stays(world: World, refactored: str) -> None:
    answer = world.update(A | {"Watch": worlds.watching("Wait")})

    assert answer["PhysicalResourceId"] == refactored
    assert world.creates() == 1


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"])
def test_what_another_resource_of_the_stack_has_made_is_left_alone(world: World, status: str) -> None:
    """The stack tells of it, in whatever state: then nobody has moved it here."""
    theirs: dict[str, str] = {
        OwnerTag.STACK: world.stack_id,
        OwnerTag.RESOURCE: "Other",
        OwnerTag.SPEC: "x",
        OwnerTag.REQUEST: "1",
    }
    job = world.sagemaker.add_job("demo-other-00000000000000000000", dict(theirs))
    world.status(status, "Other", job.name)

    world.delete(physical_id=job.name, wanted=A)

    assert (job.status, job.tags) == ("InProgress", theirs)


def test_what_another_stack_has_made_is_left_alone(world: World) -> None:
    theirs: dict[str, str] = {
        OwnerTag.STACK: "theirs",
        OwnerTag.RESOURCE: "Other",
        OwnerTag.SPEC: "x",
        OwnerTag.REQUEST: "1",
    }
    job = world.sagemaker.add_job("demo-other-00000000000000000000", dict(theirs))

    world.delete(physical_id=job.name, wanted=A)

    assert (job.status, job.tags) == ("InProgress", theirs)


def test_a_deletion_fails_while_cloudformation_does_not_tell(world: World, refactored: str) -> None:
    """Unknown is no reason to leave a job running, nor to stop what may be another's."""
    world.cloudformation.fail("DescribeStackResource", ("Throttling", "Rate exceeded"), times=10_000)

    answer: dict[str, Any] = world.delete()

    assert answer["Status"] == "FAILED"
    assert "CloudFormation does not tell" in answer["Reason"]
    assert state_of(world, refactored) == ("InProgress", False)
