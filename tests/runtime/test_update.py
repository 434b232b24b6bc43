"""An Update makes a job only when something that matters has changed, and a rollback never trains again."""

from typing import Any

import pytest

from constructs_lib.runtime.answer import NO_JOB
from constructs_lib.runtime.contract import OwnerTag

from .world import Crash, World, properties

A = properties()
B = properties(ProblemType="BinaryClassification", AutoMLJobObjective={"MetricName": "AUC"})


def start(world: World, wanted: dict[str, Any]) -> str:
    name: str = world.create(wanted)["PhysicalResourceId"]
    world.sagemaker.calls.clear()
    world.cloudformation.calls.clear()
    return name


@pytest.mark.parametrize(
    "cosmetic",
    [
        A,
        A | {"ServiceTimeout": "960", "ServiceToken": "another"},
        A | {"NamePrefix": "renamed-"},
        A | {"Request": dict(reversed(A["Request"].items()))},
        properties(AutoMLJobConfig={**A["Request"]["AutoMLJobConfig"], "CompletionCriteria": {"MaxCandidates": 5}}),
    ],
    ids=["same", "service timeout and token", "prefix", "order of keys", "numbers as numbers"],
)
def test_change_that_does_not_matter_calls_nothing(world: World, cosmetic: dict[str, Any]) -> None:
    name = start(world, A)

    answer = world.update(cosmetic)

    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == name
    assert answer["Data"] == {"JobName": name, "JobArn": world.job().arn, "JobSpec": ""}
    assert world.sagemaker.calls == []
    assert world.cloudformation.calls == []


def test_order_of_tags_does_not_matter(world: World) -> None:
    start(world, properties(tags={"a": "1", "b": "2"}))

    world.update(properties(tags={"b": "2", "a": "1"}))

    assert world.sagemaker.calls == []


def test_arn_of_a_name_with_capitals_is_asked_for_and_stays_the_same(world: World) -> None:
    named = properties(AutoMLJobName="Churn")
    arn = world.create(named)["Data"]["JobArn"]

    answer = world.update(named | {"ServiceTimeout": "1"})

    assert answer["Data"]["JobArn"] == arn


def test_changed_tags_change_the_job_in_place(world: World) -> None:
    name = start(world, properties(tags={"keep": "1", "change": "1", "drop": "1"}))
    owner = {key: value for key, value in world.job().tags.items() if key in set(OwnerTag)}

    answer = world.update(properties(tags={"keep": "1", "change": "2", "add": "1", "aws:cloudformation:x": "y"}))

    assert answer["PhysicalResourceId"] == name
    assert world.job().tags == owner | {"keep": "1", "change": "2", "add": "1"}
    assert world.sagemaker.operations() == {"AddTags": 1, "DeleteTags": 1}
    assert {tag["Key"] for tag in world.sagemaker.calls[0].params["Tags"]} == {"change", "add"}


def test_owner_tags_cannot_be_taken_away_by_users(world: World) -> None:
    start(world, properties(tags={OwnerTag.STACK: "mine", "a": "1"}))

    world.update(properties(tags={"a": "1"}))

    assert world.job().tags[OwnerTag.STACK] == world.stack_id


def test_tag_change_that_fails_half_way_is_taken_back_by_the_rollback(world: World) -> None:
    old = properties(tags={"change": "1", "drop": "1"})
    start(world, old)
    world.sagemaker.fail("DeleteTags", ("ValidationException", "no"))

    answer = world.update(properties(tags={"change": "2", "add": "1"}))

    assert answer["Status"] == "FAILED"
    assert {key: value for key, value in world.job().tags.items() if key not in set(OwnerTag)} == {
        "change": "1",
        "drop": "1",
    }


def test_change_that_matters_makes_a_job_and_the_clean_up_stops_the_old_one(world: World) -> None:
    old = start(world, A)

    answer = world.update(B)

    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] != old
    assert world.running() == [answer["PhysicalResourceId"]]
    assert world.sagemaker.jobs[old].status == "Stopped"
    assert OwnerTag.RELEASED in world.sagemaker.jobs[old].tags


def test_output_that_moves_makes_a_job_and_leaves_where_it_is_what_the_old_one_has_written(world: World) -> None:
    moved = properties(OutputDataConfig={"S3OutputPath": "s3://results/moved/"})
    old = start(world, A)
    world.s3.store(f"s3://results/churn/{old}/model.tar.gz")
    before = dict(world.s3.objects)

    answer = world.update(moved)
    new = answer["PhysicalResourceId"]

    assert (new != old, world.running()) == (True, [new])
    assert world.sagemaker.jobs[old].status == "Stopped"
    assert world.sagemaker.jobs[new].request["OutputDataConfig"] == {"S3OutputPath": "s3://results/moved/"}
    assert world.s3.objects == before
    assert world.s3.calls == []


def test_output_that_moves_back_in_a_rollback_trains_nothing(world: World) -> None:
    old = start(world, A)

    world.update(properties(OutputDataConfig={"S3OutputPath": "s3://results/moved/"}), another_resource_fails=True)

    assert (world.physical_id, world.running(), world.creates()) == (old, [old], 1)


def test_another_revision_trains_again(world: World) -> None:
    start(world, A)

    assert world.update(A | {"Revision": "2"})["Status"] == "SUCCESS"
    assert world.creates() == 1


def test_going_back_to_earlier_properties_later_trains_again(world: World) -> None:
    first = start(world, A)
    world.update(B)
    answer = world.update(A)

    assert answer["PhysicalResourceId"] != first
    assert len(world.jobs()) == 3
    assert world.running() == [answer["PhysicalResourceId"]]


@pytest.mark.parametrize("status", ["InProgress", "Completed", "Failed", "Stopped"])
def test_rollback_returns_the_old_job_whatever_its_status(world: World, status: str) -> None:
    old = start(world, A)
    world.job().status = status

    world.update(B, another_resource_fails=True)

    assert world.physical_id == old
    assert world.creates() == 1
    assert world.job().status == status
    assert [job.status for job in world.jobs() if job.name != old] == ["Stopped"]


def test_refused_update_rolls_back_without_a_job(world: World) -> None:
    old = start(world, A)
    world.sagemaker.fail("CreateAutoMLJob", ("ValidationException", "the target is not in the data"))

    answer = world.update(B)

    assert answer["Status"] == "FAILED"
    assert "the target is not in the data" in answer["Reason"]
    assert world.physical_id == old
    assert world.running() == [old]
    assert len(world.jobs()) == 1


def test_rollback_from_properties_that_cannot_be_read_returns_the_old_job(world: World) -> None:
    old = start(world, A)

    answer = world.update(properties(Misspelt="x"))

    assert answer["Status"] == "FAILED"
    assert world.physical_id == old
    assert world.running() == [old]


def test_update_after_a_failed_one_does_not_adopt_what_was_given_up(world: World) -> None:
    start(world, A)
    world.update(B, another_resource_fails=True)

    answer = world.update(B)

    assert answer["Status"] == "SUCCESS"
    assert world.running() == [answer["PhysicalResourceId"]]


def test_orphan_of_an_update_that_died_is_stopped_by_the_rollback(world: World) -> None:
    old = start(world, A)

    def dies(event: Any) -> dict[str, Any]:
        world.sagemaker.fail("CreateAutoMLJob", Crash(), after=True)
        with pytest.raises(Crash):
            world.send(event)
        return {"Status": "FAILED", "PhysicalResourceId": event["PhysicalResourceId"]}  # CloudFormation's own time-out

    world.update(B, deliver=dies)

    assert world.physical_id == old
    assert world.running() == [old]
    orphan = world.jobs()[1]
    assert orphan.status == "Stopped"
    assert OwnerTag.RELEASED in orphan.tags


def test_update_delivered_again_finds_its_job(world: World) -> None:
    start(world, A)
    world.update(B, deliver=lambda event: (world.send(event), world.send(event))[1])

    assert world.creates() == 1
    assert world.running() == [world.physical_id]


@pytest.mark.parametrize("cloudformation_tells", [True, False])
def test_old_update_delivered_again_touches_nothing(world: World, cloudformation_tells: bool) -> None:
    start(world, A)
    world.update(B)
    to_b = world.events[1]
    world.update(A)
    before = {job.name: job.status for job in world.jobs()}
    if not cloudformation_tells:
        world.cloudformation.fail("DescribeStackResource", ("AccessDenied", "no"), times=99)

    world.send(to_b)

    assert {job.name: job.status for job in world.jobs()} == before
    assert world.running() == [world.physical_id]


def test_update_of_a_resource_that_is_being_deleted_makes_no_job(world: World) -> None:
    name = start(world, A)
    world.status("DELETE_IN_PROGRESS")
    event = world.event("Update", PhysicalResourceId=name, ResourceProperties=B, OldResourceProperties=A)

    assert world.send(event)["Status"] == "FAILED"
    assert world.creates() == 0


def test_update_goes_on_where_cloudformation_shows_no_progress(world: World) -> None:
    name = start(world, A)  # an emulator may still say CREATE_COMPLETE
    event = world.event("Update", PhysicalResourceId=name, ResourceProperties=B, OldResourceProperties=A)

    assert world.send(event)["Status"] == "SUCCESS"
    assert world.creates() == 1


def test_rollback_finds_its_job_although_the_prefix_has_changed_since(world: World) -> None:
    old = start(world, A)
    world.update(A | {"NamePrefix": "renamed-"})
    world.sagemaker.fail("CreateAutoMLJob", ("ValidationException", "no"))

    world.update(B | {"NamePrefix": "renamed-"})

    assert world.physical_id == old
    assert world.creates() == 1  # the refused one
    assert world.running() == [old]


def test_rollback_of_a_replacement_finds_its_job_although_the_prefix_has_changed_since(world: World) -> None:
    old = start(world, A)
    world.update(A | {"NamePrefix": "renamed-"})

    world.update(B | {"NamePrefix": "renamed-"}, another_resource_fails=True)

    assert world.running() == [world.physical_id] == [old]
    assert world.creates() == 1


def test_unchanged_job_name_is_refused_when_a_new_job_is_needed(world: World) -> None:
    start(world, properties(AutoMLJobName="churn"))

    answer = world.update(properties(AutoMLJobName="churn", ProblemType="Regression"))

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == (
        "this change needs a new AutoML job, but 'job_name' is still 'churn': AutoML jobs cannot be deleted, so a name "
        "is spent for good. Give another 'job_name', or leave it out to get a fresh name for every job"
    )
    assert world.physical_id == "churn"
    assert world.running() == ["churn"]


def test_changed_job_name_replaces_the_job(world: World) -> None:
    start(world, properties(AutoMLJobName="churn"))

    world.update(properties(AutoMLJobName="churn-2"))

    assert world.running() == [world.physical_id] == ["churn-2"]


def test_rollback_to_an_explicit_name_returns_that_job(world: World) -> None:
    start(world, properties(AutoMLJobName="churn"))

    world.update(properties(AutoMLJobName="churn-2"), another_resource_fails=True)

    assert world.running() == [world.physical_id] == ["churn"]


def test_explicit_name_given_up_before_is_refused(world: World) -> None:
    start(world, properties(AutoMLJobName="churn"))
    world.update(properties(AutoMLJobName="churn-2"))

    answer = world.update(properties(AutoMLJobName="churn"))

    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("an AutoML job named 'churn' exists, and this request did not make it")
    assert world.running() == ["churn-2"]


def test_name_can_change_from_generated_to_explicit_and_back(world: World) -> None:
    start(world, A)
    world.update(properties(AutoMLJobName="churn"))
    world.update(A)

    assert world.running() == [world.physical_id]
    assert world.physical_id.startswith("demo-churn-")


def test_physical_id_of_another_kind_does_not_stop_an_update(world: World) -> None:
    world.status("UPDATE_IN_PROGRESS")
    event = world.event("Update", PhysicalResourceId=NO_JOB, ResourceProperties=B, OldResourceProperties=A)

    assert world.send(event)["Status"] == "SUCCESS"
