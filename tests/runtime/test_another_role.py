"""What a role is called makes no other model: a job that has learned stays when its role is renamed."""

from typing import Any

import pytest

from constructs_lib.runtime.contract import OwnerTag

from .fake_sagemaker import ACCOUNT
from .world import World, properties, watching


def as_role(name: str, **changes: Any) -> dict[str, Any]:
    return properties(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", **changes)


A, RENAMED = as_role("churn"), as_role("acme/churn")
B = as_role("acme/churn", ProblemType="Regression", AutoMLJobObjective={"MetricName": "MSE"})


@pytest.fixture
def job(world: World) -> str:
    """The name of a job that has come to a good end."""
    name: str = world.create(A)["PhysicalResourceId"]
    world.sagemaker.complete(name)
    return name


def test_completed_job_stays(world: World, job: str) -> None:
    answer = world.update(RENAMED)

    assert answer["PhysicalResourceId"] == job
    assert world.creates() == 1
    assert OwnerTag.RELEASED not in world.job().tags


def test_what_waits_for_it_goes_on_at_once(world: World, job: str) -> None:
    world.update(A | {"Watch": watching("WaitA")})

    answer = world.update(RENAMED | {"Watch": watching("WaitA")})

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", job)


def test_rollback_from_another_job_comes_back_to_it(world: World, job: str) -> None:
    world.update(RENAMED)

    world.update(B, another_resource_fails=True)

    assert world.physical_id == job
    assert world.creates() == 2
    assert world.running() == []


def test_rollback_of_the_new_name_itself_keeps_it_too(world: World, job: str) -> None:
    world.update(RENAMED, another_resource_fails=True)
    world.update(B, another_resource_fails=True)

    assert world.physical_id == job
    assert world.creates() == 2


def test_job_that_runs_is_replaced_since_its_role_goes(world: World) -> None:
    first = world.create(A)["PhysicalResourceId"]

    world.update(RENAMED)

    assert world.physical_id != first
    assert world.sagemaker.jobs[first].status == "Stopped"


def test_job_that_failed_is_tried_again(world: World) -> None:
    """The role before may have lacked something."""
    first = world.create(A)["PhysicalResourceId"]
    world.sagemaker.fail_job(first, "AccessDenied")

    world.update(RENAMED)

    assert world.physical_id != first
    assert world.creates() == 2


def test_job_whose_endpoint_runs_as_the_role_is_replaced(world: World) -> None:
    wanted = as_role("churn", ModelDeployConfig={"EndpointName": "churn"})
    first = world.create(wanted)["PhysicalResourceId"]
    world.sagemaker.complete(first, ModelDeployResult={"EndpointName": "churn"})

    world.update(as_role("acme/churn", ModelDeployConfig={"EndpointName": "churn"}))

    assert world.physical_id != first


@pytest.mark.parametrize("change", [{"revision": "2"}, {"ProblemType": "Regression"}])
def test_anything_else_besides_makes_another_job(world: World, job: str, change: dict[str, Any]) -> None:
    world.update(as_role("acme/churn", **change))

    assert world.physical_id != job
    assert world.creates() == 2


def test_job_with_the_owners_tags_under_two_prefixes_is_replaced(world: World, job: str) -> None:
    """One of two tags of the spec would be an old one, and what contradicts itself belongs to nobody."""
    world.update(A | {"OwnerTagPrefix": "acme:autopilot/"})

    world.update(RENAMED | {"OwnerTagPrefix": "acme:autopilot/"})

    assert world.physical_id != job
    assert OwnerTag.RELEASED.under("acme:autopilot/") in world.sagemaker.jobs[job].tags


def test_completed_job_of_another_prefix_stays_too(world: World) -> None:
    marked = {"OwnerTagPrefix": "acme:autopilot/"}
    name = world.create(A | marked)["PhysicalResourceId"]
    world.sagemaker.complete(name)

    world.update(RENAMED | marked)
    world.update(B | marked, another_resource_fails=True)

    assert world.physical_id == name
    assert world.creates() == 2


@pytest.mark.parametrize("watch", [{}, {"Watch": watching("WaitA")}], ids=["nobody waits", "somebody waits"])
def test_rollback_goes_back_to_the_job_before_although_the_new_one_is_completed(
    world: World, watch: dict[str, Any]
) -> None:
    """The one before still runs: it would go on, and be nobody's."""
    first = world.create(A)["PhysicalResourceId"]

    def completed(event: Any) -> dict[str, Any]:
        answer = world.send(event)
        world.sagemaker.complete(answer["PhysicalResourceId"])
        return answer

    world.update(RENAMED | watch, completed, another_resource_fails=True)

    assert world.physical_id == first
    assert world.running() == [first]
    assert [job.name for job in world.jobs() if OwnerTag.RELEASED not in job.tags] == [first]
