"""A transform job: never two for one wish, none a second time in a rollback, none running after a delete."""

from typing import Any, cast

import pytest

from constructs_lib.runtime.contract import HOSTED_NAME_LENGTH, TRANSFORM_TYPE, OwnerTag

from .fake_hosting import HostingWorld
from .world import Crash, Sink, stringified

QUOTA = (
    "The account-level service limit 'ml.m5.large for transform job usage' is {} Instances, with current utilization "
    "of {} Instances and a request delta of 1 Instances."
)


@pytest.fixture
def world(sink: Sink) -> HostingWorld:
    return HostingWorld(sink, resource_type=TRANSFORM_TYPE)


def transform(
    model: str = "model-1", *, tags: dict[str, str] | None = None, revision: str = "1", **changes: Any
) -> dict[str, Any]:
    """Properties as CloudFormation sends them."""
    request: dict[str, Any] = {
        "ModelName": model,
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/new/"}}},
        "TransformOutput": {"S3OutputPath": "s3://results/predictions/"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    if tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    wanted = {"Request": request, "NamePrefix": "demo1a2b-score-", "Revision": revision, **changes}
    return cast("dict[str, Any]", stringified(wanted))


def running(world: HostingWorld) -> list[str]:
    return [run.name for run in world.hosting.runs.values() if run.status == "InProgress"]


def test_job_is_started_and_not_waited_for(world: HostingWorld) -> None:
    answer = world.create(transform(tags={"team": "growth"}))

    [run] = world.hosting.runs.values()
    assert answer["Data"] == {"TransformJobName": run.name, "TransformJobArn": run.arn}
    assert len(run.name) == HOSTED_NAME_LENGTH
    assert run.name.startswith("demo1a2b-score-")
    assert run.request["TransformResources"] == {"InstanceType": "ml.m5.large", "InstanceCount": 1}
    assert run.tags["team"] == "growth"
    assert run.tags[OwnerTag.STACK] == world.stack_id
    assert world.time.slept == []


def test_same_event_six_times_is_one_job(world: HostingWorld) -> None:
    event = world.event("Create", ResourceProperties=transform())

    assert len({world.send(event)["PhysicalResourceId"] for _ in range(6)}) == 1
    assert world.hosting.count("CreateTransformJob") == 1


def test_job_started_by_a_call_that_died_is_found_again(world: HostingWorld) -> None:
    event = world.event("Create", ResourceProperties=transform())
    world.hosting.fail("CreateTransformJob", Crash(), after=True)
    with pytest.raises(Crash):
        world.send(event)

    world.send(event)

    assert len(world.hosting.runs) == 1


@pytest.mark.parametrize(
    "changed", [transform("model-2"), transform(revision="2")], ids=["another model", "another revision"]
)
def test_change_starts_another_job_and_stops_the_old_one(world: HostingWorld, changed: dict[str, Any]) -> None:
    world.create(transform())
    before = world.physical_id

    world.update(changed)

    assert running(world) == [world.physical_id]
    assert world.physical_id != before
    assert world.hosting.runs[before].status == "Stopped"


def test_nothing_changed_starts_nothing(world: HostingWorld) -> None:
    world.create(transform())

    world.update(transform(tags={"a": "1"}))

    assert running(world) == [world.physical_id]
    assert world.hosting.runs[world.physical_id].tags["a"] == "1"
    assert world.hosting.count("CreateTransformJob") == 1


def test_prefix_alone_starts_nothing(world: HostingWorld) -> None:
    world.create(transform())

    world.update(transform(NamePrefix="demo1a2b-other-"))

    assert running(world) == [world.physical_id]


def test_rollback_transforms_nothing_a_second_time(world: HostingWorld) -> None:
    world.create(transform())
    before = world.physical_id
    world.hosting.runs[before].status = "Completed"

    world.update(transform("model-2"), another_resource_fails=True)

    assert world.physical_id == before
    assert running(world) == []
    assert world.hosting.count("CreateTransformJob") == 2


def test_job_that_was_given_up_is_never_taken_again(world: HostingWorld) -> None:
    world.create(transform())
    world.update(transform("model-2"))

    world.update(transform())

    assert running(world) == [world.physical_id]
    assert world.hosting.count("CreateTransformJob") == 3


def test_name_of_somebody_elses_job_is_passed_over(world: HostingWorld) -> None:
    world.create(transform())
    world.hosting.runs[world.physical_id].tags[OwnerTag.STACK] = "other"

    answer = world.send(world.event("Create", ResourceProperties=transform()))

    assert answer["PhysicalResourceId"] != world.physical_id


def test_delete_stops_the_job_and_waits_for_its_end(world: HostingWorld) -> None:
    world.create(transform())

    assert world.delete()["Status"] == "SUCCESS"
    assert world.hosting.runs[world.physical_id].status == "Stopped"


def test_delete_does_not_wait_for_ever(world: HostingWorld) -> None:
    world.create(transform())
    run = world.hosting.runs[world.physical_id]
    run.status, run.stops_at = "Stopping", 9e9

    assert world.delete()["Status"] == "SUCCESS"
    assert world.time.seconds <= 300


def test_delete_of_a_job_that_ended_stops_nothing(world: HostingWorld) -> None:
    world.create(transform())
    world.hosting.runs[world.physical_id].status = "Completed"

    assert world.delete()["Status"] == "SUCCESS"
    assert world.hosting.count("StopTransformJob") == 0


def test_job_that_ends_while_it_is_stopped_is_as_good(world: HostingWorld) -> None:
    world.create(transform())
    run = world.hosting.runs[world.physical_id]
    world.hosting.hooks["StopTransformJob"] = lambda: setattr(run, "status", "Completed")

    assert world.delete()["Status"] == "SUCCESS"


def test_job_that_cannot_be_stopped_is_said(world: HostingWorld) -> None:
    world.create(transform())
    world.hosting.fail("StopTransformJob", ("AccessDeniedException", "no"), times=1_000)

    assert "no" in world.delete()["Reason"]


@pytest.mark.parametrize("physical_id", ["Demo-Score-1ABCDEF", "no_automl_job_was_made"])
def test_delete_with_an_id_that_is_not_ours_stops_what_is(world: HostingWorld, physical_id: str) -> None:
    world.create(transform())

    assert world.delete(physical_id=physical_id)["Status"] == "SUCCESS"
    assert running(world) == []


def test_delete_leaves_somebody_elses_job(world: HostingWorld) -> None:
    world.create(transform())
    world.hosting.runs[world.physical_id].tags[OwnerTag.RESOURCE] = "Other"

    assert world.delete()["Status"] == "SUCCESS"
    assert running(world) == [world.physical_id]


def test_delete_that_comes_late_spares_the_job_that_the_resource_has_by_now(world: HostingWorld) -> None:
    world.create(transform())

    world.send(world.event("Delete", PhysicalResourceId=world.physical_id, ResourceProperties=transform()))

    assert running(world) == [world.physical_id]


def test_delete_without_permission_to_look_is_not_stuck(world: HostingWorld) -> None:
    world.hosting.fail("DescribeTransformJob", ("AccessDeniedException", "no"), times=1_000)
    wanted = {"Request": {"ModelName": "x"}}

    assert world.delete(physical_id="a" * HOSTED_NAME_LENGTH, wanted=wanted)["Status"] == "SUCCESS"


def test_job_for_a_resource_that_is_deleted_meanwhile_is_stopped(world: HostingWorld) -> None:
    world.status("CREATE_IN_PROGRESS")
    world.hosting.hooks["CreateTransformJob"] = lambda: world.status("DELETE_IN_PROGRESS")

    answer = world.send(world.event("Create", ResourceProperties=transform()))

    assert answer["Reason"] == "nothing is made: the resource is DELETE_IN_PROGRESS, nobody waits for this request"
    assert running(world) == []


def test_quota_is_waited_for_and_then_said(world: HostingWorld) -> None:
    world.hosting.fail("CreateTransformJob", ("ResourceLimitExceeded", QUOTA.format(4, 4)), times=1_000)

    reason = world.create(transform())["Reason"]

    assert "ml.m5.large for transform job usage" in reason
    assert 300 < world.time.seconds < 900


def test_quota_of_nothing_is_said_at_once(world: HostingWorld) -> None:
    """A new account has none for transform jobs, and no other job's end brings one."""
    world.hosting.fail("CreateTransformJob", ("ResourceLimitExceeded", QUOTA.format(0, 0)), times=1_000)

    assert "is 0 Instances" in world.create(transform())["Reason"]
    assert world.time.seconds == 0


def test_job_that_is_gone_when_it_is_to_be_stopped_is_as_good(world: HostingWorld) -> None:
    world.create(transform())
    world.hosting.hooks["StopTransformJob"] = world.hosting.runs.clear

    assert world.delete()["Status"] == "SUCCESS"
