"""An organisation may allow listed tag keys alone: then the owner's tags begin with what it says."""

from typing import Any

import pytest

from constructs_lib.runtime.contract import OWNER_PREFIX, OwnerTag, read_owner

from .world import LOGICAL_ID, World, properties

ACME = "acme:autopilot/"
A = properties(tags={"team": "core"})
B = properties(tags={"team": "core"}, ProblemType="Regression", AutoMLJobObjective={"MetricName": "MSE"})
OWNER: dict[str, str] = {
    OwnerTag.STACK: "stack",
    OwnerTag.RESOURCE: "Churn",
    OwnerTag.SPEC: "abc",
    OwnerTag.REQUEST: "1",
}


def under(prefix: str, wanted: dict[str, Any]) -> dict[str, Any]:
    return wanted | {"OwnerTagPrefix": prefix}


def owner(prefix: str, tags: dict[str, str] = OWNER) -> dict[str, str]:
    return {OwnerTag(key).under(prefix): value for key, value in tags.items()}


def test_every_tag_of_the_owner_has_the_prefix(world: World) -> None:
    world.create(under(ACME, A))

    keys = set(world.job().tags)
    assert keys - {"team"} == {
        "acme:autopilot/stack-id",
        "acme:autopilot/logical-id",
        "acme:autopilot/spec",
        "acme:autopilot/request-id",
    }
    assert world.job().tags["acme:autopilot/logical-id"] == LOGICAL_ID


def test_life_of_a_job_under_another_prefix(world: World) -> None:
    first = world.create(under(ACME, A))["PhysicalResourceId"]
    world.update(under(ACME, B))
    second = world.physical_id

    world.update(under(ACME, B), another_resource_fails=True)
    world.delete()

    assert first != second
    assert world.creates() == 2
    for name in (first, second):
        job = world.sagemaker.jobs[name]
        assert job.tags["acme:autopilot/released"] == "true"
        assert job.status in {"Stopping", "Stopped"}
        assert not [key for key in job.tags if key.startswith(OWNER_PREFIX)]


def test_same_event_twice_makes_one_job(world: World) -> None:
    def twice(event: Any) -> dict[str, Any]:
        world.send(event)
        return world.send(event)

    world.create(under(ACME, A), twice)

    assert world.creates() == 1


def test_another_prefix_keeps_the_job_and_is_written_beside_the_one_before(world: World) -> None:
    name = world.create(A)["PhysicalResourceId"]
    before = dict(world.job().tags)

    answer = world.update(under(ACME, A))

    assert answer["PhysicalResourceId"] == name
    assert world.creates() == 1
    assert world.job().tags == before | owner(ACME, {key: before[key] for key in OWNER})


@pytest.mark.parametrize(("old", "new"), [(A, under(ACME, A)), (under(ACME, A), A), (under("x", A), under(ACME, A))])
def test_another_prefix_that_is_rolled_back_leaves_the_job_alone(
    world: World, old: dict[str, Any], new: dict[str, Any]
) -> None:
    name = world.create(old)["PhysicalResourceId"]
    before = dict(world.job().tags)

    world.update(new, another_resource_fails=True)

    assert (world.physical_id, world.creates()) == (name, 1)
    assert before.items() <= world.job().tags.items()
    assert world.delete()["Status"] == "SUCCESS"
    assert world.running() == []


def test_job_from_before_the_prefix_is_stopped_when_a_later_change_replaces_it(world: World) -> None:
    first = world.create(A)["PhysicalResourceId"]
    world.update(under(ACME, A))

    world.update(under(ACME, B))

    assert world.sagemaker.jobs[first].status in {"Stopping", "Stopped"}
    assert world.sagemaker.jobs[first].tags["acme:autopilot/released"] == "true"
    assert "sagemaker-autopilot:released" not in world.sagemaker.jobs[first].tags


@pytest.mark.parametrize("wanted", [B, A | {"NamePrefix": "renamed-"}, A | {"Revision": "2"}])
def test_prefix_and_what_needs_another_job_in_one_update_are_refused(world: World, wanted: dict[str, Any]) -> None:
    name = world.create(A)["PhysicalResourceId"]
    before = dict(world.job().tags)

    answer = world.update(under(ACME, wanted))

    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(
        "'owner_tag_prefix' changes to 'acme:autopilot/' in the same update as something that needs another job, model "
        "or name: deploy the prefix alone, and then the rest"
    )
    assert (world.physical_id, world.creates(), world.job().tags) == (name, 1, before)


def test_prefix_is_refused_for_a_job_whose_name_the_policy_does_not_hold(world: World) -> None:
    """Its construct got another id since: what its tags say under the new prefix alone would let us see it."""
    name = world.create(A)["PhysicalResourceId"]
    world.update(A | {"NamePrefix": "renamed-"})
    world.sagemaker.prefixes, world.sagemaker.stack_id = ("renamed-",), world.stack_id
    world.sagemaker.owner_tags = (OwnerTag.STACK.under(ACME),)
    event = world.event(
        "Update",
        PhysicalResourceId=name,
        ResourceProperties=under(ACME, A) | {"NamePrefix": "renamed-"},
        OldResourceProperties=A | {"NamePrefix": "renamed-"},
    )

    answer = world.send(event)

    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(
        f"'owner_tag_prefix' changes to 'acme:autopilot/', and '{name}' has a name from before its construct or its "
        "stack was called so: it is known by its tags alone. Go back to the prefix before, have another one made under "
        "the new name (change 'revision'), and then change the prefix"
    )


def test_job_of_somebody_else_is_not_marked(world: World) -> None:
    squatter = world.squat(A, "another stack")
    event = world.event(
        "Update", PhysicalResourceId=squatter.job.name, ResourceProperties=under(ACME, A), OldResourceProperties=A
    )

    world.send(event)

    assert squatter.is_untouched


def test_owner_is_read_under_any_prefix() -> None:
    tags = owner(ACME) | {"team": "core", "acme:autopilot/released": "true"}

    assert OWNER.items() <= read_owner(tags).items()
    assert read_owner(tags)[OwnerTag.RELEASED] == "true"


def test_what_cloudformation_tags_is_no_owner() -> None:
    of_aws = {f"aws:cloudformation:{key}": "x" for key in ("stack-id", "logical-id", "spec", "request-id")}
    some = {"acme:stack-id": "stack", "acme:logical-id": "Churn"}

    assert read_owner(of_aws) == of_aws
    assert read_owner(some) == some


@pytest.mark.parametrize("tag", list(OWNER))
def test_two_owners_are_none(tag: OwnerTag) -> None:
    tags = owner(OWNER_PREFIX) | owner(ACME) | {tag.under(ACME): "another", "team": "core"}

    read = read_owner(tags)

    assert not set(OwnerTag) & set(read)
    assert read["team"] == "core"


@pytest.mark.parametrize("tag", list(OWNER))
def test_two_other_prefixes_may_not_contradict_either(tag: OwnerTag) -> None:
    tags = owner("x") | owner(ACME) | {tag.under(ACME): "another"}

    assert not set(OwnerTag) & set(read_owner(tags))


def test_no_tag_of_a_user_is_taken_for_a_note_of_the_functions_own(world: World) -> None:
    """A tag called `former` was: it became the owner under the new prefix, and the job nobody's."""
    tagged = properties(tags={"former": "Somebody"})
    name = world.create(tagged)["PhysicalResourceId"]

    world.update(under(ACME, tagged))

    assert world.job().tags["acme:autopilot/logical-id"] == LOGICAL_ID
    world.delete()
    assert world.sagemaker.jobs[name].status == "Stopped"
