"""Events that come late, and calls that are lost: nothing is made at rest, and nothing that serves is destroyed."""

import copy
import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from constructs_lib.runtime.contract import (
    MODEL_PACKAGE_TYPE,
    MODEL_TYPE,
    OUTCOME_TYPE,
    RESOURCE_TYPE,
    SERVICE_TIMEOUT,
    TRANSFORM_TYPE,
    WATCH_TYPE,
    OwnerTag,
)
from constructs_lib.runtime.handler import serve

from .fake_hosting import HostingWorld, model
from .fake_sagemaker import EPOCH, client_error
from .test_registration import package
from .test_transform import transform
from .world import LOGICAL_ID, Crash, Sink, World, properties, watching

A = properties()
B = properties(ProblemType="Regression")
ROLLS_BACK = "UPDATE_ROLLBACK_IN_PROGRESS"
THROTTLED = ("ThrottlingException", "Rate exceeded")


def to(world: World, new: dict[str, Any], old: dict[str, Any]) -> Any:
    """An Update of the resource as it is."""
    return world.event(
        "Update", PhysicalResourceId=world.physical_id, ResourceProperties=new, OldResourceProperties=old
    )


def settle(world: World, answer: dict[str, Any]) -> None:
    """What CloudFormation does with the answer to an Update; the Delete of what was replaced has not come yet."""
    world.physical_id = answer["PhysicalResourceId"]
    world.status("UPDATE_COMPLETE")


@pytest.fixture
def hosting(sink: Sink) -> HostingWorld:
    return HostingWorld(sink)


def made(world: HostingWorld) -> int:
    return world.hosting.count("CreateAutoMLJob", "CreateModel", "CreateTransformJob", "CreateModelPackage")


# ------------------------------------------------------------------------------------------------------ nothing is made


def test_update_that_cloudformation_has_rolled_back_makes_no_job(world: World) -> None:
    world.create(A)
    late = to(world, B, A)
    world.status("UPDATE_COMPLETE")

    answer = world.send(late)

    assert answer["Reason"] == "nothing is made: the resource is UPDATE_COMPLETE, nobody waits for this request"
    assert world.creates() == 1
    assert world.running() == [world.physical_id]


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        (MODEL_TYPE, model(), model("churn-2")),
        (TRANSFORM_TYPE, transform(), transform("model-2")),
        (MODEL_PACKAGE_TYPE, package(), package("churn-2")),
    ],
)
def test_nothing_else_is_made_at_rest_either(
    hosting: HostingWorld, kind: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    hosting.resource_type = kind
    hosting.create(before)
    late = to(hosting, after, before)
    hosting.status("UPDATE_COMPLETE")

    assert hosting.send(late)["Reason"].startswith("nothing is made: the resource is UPDATE_COMPLETE")
    assert made(hosting) == 1


def test_create_that_has_failed_meanwhile_makes_no_job(world: World) -> None:
    event = world.event("Create", ResourceProperties=A)
    world.status("CREATE_FAILED")

    assert world.send(event)["Status"] == "FAILED"
    assert world.creates() == 0


def test_update_of_what_the_resource_has_replaced_since_makes_no_job(world: World) -> None:
    world.create(A)
    late = to(world, B, A)
    world.update(properties(revision="2"))
    world.status("UPDATE_IN_PROGRESS")

    answer = world.send(late)

    assert answer["Reason"] == (
        f"nothing is made: the resource is '{world.physical_id}' by now, nobody waits for this request"
    )
    assert world.creates() == 2


def test_update_delivered_again_after_later_ones_makes_no_job_although_none_carries_its_request(world: World) -> None:
    """The rollback's own Update had adopted the old job, so that no job knows of that request."""
    world.create(A)
    world.update(B, another_resource_fails=True)
    [back] = [event for event in world.events if event.get("OldResourceProperties") == B]
    world.update(B)
    before = (world.creates(), world.running())

    world.send(back)

    assert (world.creates(), world.running()) == before


def test_cancelled_update_that_comes_during_the_rollback_makes_no_job(world: World) -> None:
    world.create(A)
    late = to(world, B, A)
    world.cloudformation.stack_status = ROLLS_BACK

    assert "the stack rolls back" in world.send(late)["Reason"]
    assert world.creates() == 1


def test_request_that_nobody_can_be_waiting_for_makes_nothing_whatever_is_shown(world: World) -> None:
    event = world.event("Create", ResourceProperties=A)
    event["ResponseURL"] = f"{world.sink.url}?X-Amz-Date={EPOCH:%Y%m%dT%H%M%SZ}&X-Amz-Signature=x"
    world.time.sleep(SERVICE_TIMEOUT + 60)

    answer = world.send(event)

    assert answer["Reason"] == (
        "nothing is made: the request is older than the 960 seconds for which CloudFormation waits, nobody waits for "
        "this request"
    )
    assert world.creates() == 0


def test_request_older_than_the_one_under_way_makes_nothing(world: World) -> None:
    event = world.event("Create", ResourceProperties=A)
    event["ResponseURL"] = f"{world.sink.url}?X-Amz-Date={EPOCH:%Y%m%dT%H%M%SZ}&X-Amz-Signature=x"
    world.time.sleep(300)
    world.cloudformation.since = EPOCH + timedelta(seconds=300)

    assert "another request is under way" in world.send(event)["Reason"]
    assert world.creates() == 0


def test_change_of_tags_older_than_the_request_under_way_puts_no_old_tags_back(world: World) -> None:
    """Soak, seed 400039: what CloudFormation says of the resource fits both requests, but for the times."""
    world.create(properties(tags={"team": "one"}))
    late = to(world, properties(tags={"team": "two"}), properties(tags={"team": "one"}))
    late["ResponseURL"] = f"{world.sink.url}?X-Amz-Date={EPOCH:%Y%m%dT%H%M%SZ}&X-Amz-Signature=x"
    world.status("UPDATE_IN_PROGRESS")
    world.cloudformation.since = EPOCH + timedelta(seconds=300)

    assert "another request is under way" in world.send(late)["Reason"]
    assert world.job().tags["team"] == "one"


def test_tags_are_asked_for_before_each_call_and_taken_back_where_the_second_is_refused(world: World) -> None:
    old, new = properties(tags={"team": "one", "cost": "7"}), properties(tags={"team": "two"})
    world.create(old)

    def end() -> None:
        world.status("UPDATE_COMPLETE")
        world.cloudformation.events = [shown(world, properties=old, after=4)]

    world.sagemaker.hooks["AddTags"] = end
    answer = world.send(to(world, new, old))

    assert "the resource is UPDATE_COMPLETE" in answer["Reason"]
    assert world.sagemaker.count("DeleteTags") == 0
    assert (world.job().tags["team"], world.job().tags["cost"]) == ("one", "7")


def test_events_of_the_stack_are_asked_for_once_in_a_look(world: World) -> None:
    world.create(A)
    late = to(world, B, A)
    late["ResponseURL"] = f"{world.sink.url}?X-Amz-Date={EPOCH:%Y%m%dT%H%M%SZ}&X-Amz-Signature=x"
    world.cloudformation.since = EPOCH + timedelta(seconds=2)
    world.cloudformation.events = [shown(world, properties=A, after=2)]

    world.send(late)

    assert world.cloudformation.count("DescribeStackEvents") == 1


def shown(world: World, **wanted: Any) -> dict[str, Any]:
    """An event of the stack about the resource, as CloudFormation's model has it."""
    return {
        "LogicalResourceId": LOGICAL_ID,
        "ResourceStatus": "UPDATE_IN_PROGRESS",
        "ResourceProperties": json.dumps(wanted["properties"]),
        "Timestamp": EPOCH + timedelta(seconds=wanted["after"]),
    }


ONE, TWO = properties(tags={"team": "one"}), properties(tags={"team": "two"})


@pytest.mark.parametrize("is_told", [True, False])
def test_tags_of_an_update_that_the_stack_took_back_meanwhile_are_taken_back(world: World, *, is_told: bool) -> None:
    """Soak, seeds 410799 and 421096: the rollback's request looks at the tags before the update changes them."""
    world.create(ONE)

    def go_back() -> None:
        if is_told:
            world.cloudformation.events = [shown(world, properties=ONE, after=4), shown(world, properties=TWO, after=1)]

    world.sagemaker.hooks["AddTags"] = go_back
    world.send(to(world, TWO, ONE))

    assert world.job().tags["team"] == ("one" if is_told else "two")


def test_tag_that_an_update_added_goes_when_the_stack_took_the_update_back(world: World) -> None:
    old, new = properties(tags={"team": "one", "cost": "7"}), properties(tags={"team": "one", "stage": "dev"})
    world.create(old)
    world.cloudformation.events = [shown(world, properties=old, after=4)]
    world.send(to(world, new, old))

    assert {key: world.job().tags.get(key) for key in ("team", "cost", "stage")} == {
        "team": "one",
        "cost": "7",
        "stage": None,
    }


@pytest.mark.parametrize(
    ("latest", "reason"),
    [
        ([(B, 2)], ""),
        ([(B, 2), (A, 0)], ""),
        ([(A, 2), (B, 0)], "another request is under way"),
        ([(properties(revision="3"), 9), (A, 2), (B, 0)], "another request is under way"),
        ([("no JSON", 2)], ""),
        ([], ""),
    ],
    ids=["its own, shown late", "its own and an older one", "the way back", "a later one", "not to be read", "untold"],
)
def test_request_of_the_same_seconds_as_later_ones_is_told_by_the_events_of_the_stack(
    world: World, latest: list[tuple[Any, float]], reason: str
) -> None:
    """Soak, seed 408561: an update that was cancelled makes its job while a later one is under way."""
    world.create(A)
    late = to(world, B, A)
    late["ResponseURL"] = f"{world.sink.url}?X-Amz-Date={EPOCH:%Y%m%dT%H%M%SZ}&X-Amz-Signature=x"
    world.cloudformation.since = EPOCH + timedelta(seconds=2)
    world.cloudformation.events = [
        {"LogicalResourceId": "Other", "ResourceStatus": "UPDATE_IN_PROGRESS", "Timestamp": EPOCH + timedelta(hours=1)},
        *(shown(world, properties=wanted, after=after) for wanted, after in latest),
    ]

    answer = world.send(late)

    assert (reason or "SUCCESS") in (answer["Reason"] if reason else answer["Status"])
    assert world.creates() == (1 if reason else 2)


def test_job_made_while_its_update_was_cancelled_is_given_up_at_once(world: World) -> None:
    old = world.create(A)["PhysicalResourceId"]
    event = to(world, B, A)
    world.sagemaker.hooks["CreateAutoMLJob"] = lambda: setattr(world.cloudformation, "stack_status", ROLLS_BACK)

    assert world.send(event)["Status"] == "FAILED"
    assert world.running() == [old]


def test_job_of_a_call_that_died_is_given_up_by_its_late_second_try(world: World) -> None:
    old = world.create(A)["PhysicalResourceId"]
    event = to(world, B, A)
    world.sagemaker.fail("CreateAutoMLJob", Crash(), after=True)
    with pytest.raises(Crash):
        world.send(event)
    world.status("UPDATE_COMPLETE")

    assert world.send(event)["Status"] == "FAILED"
    assert world.running() == [old]


@pytest.mark.parametrize("error", [ReadTimeoutError(endpoint_url="https://x"), client_error("x", "Broken", "", 500)])
def test_update_without_a_clear_answer_that_nobody_waits_for_any_more_leaves_no_job_behind(
    world: World, error: Exception
) -> None:
    """The rollback may be over before the job is to be seen."""
    old = world.create(A)["PhysicalResourceId"]
    world.sagemaker.hooks["CreateAutoMLJob"] = lambda: setattr(world.cloudformation, "stack_status", ROLLS_BACK)
    world.sagemaker.fail("CreateAutoMLJob", error, after=True)

    assert world.send(to(world, B, A))["Status"] == "FAILED"
    assert world.running() == [old]


def test_transform_job_of_a_call_without_an_answer_that_nobody_waits_for_any_more_is_stopped(
    hosting: HostingWorld,
) -> None:
    hosting.resource_type = TRANSFORM_TYPE
    old = hosting.create(transform())["PhysicalResourceId"]
    hooks, cloudformation = hosting.hosting.hooks, hosting.cloudformation
    hooks["CreateTransformJob"] = lambda: setattr(cloudformation, "stack_status", ROLLS_BACK)
    hosting.hosting.fail("CreateTransformJob", ReadTimeoutError(endpoint_url="https://x"), after=True)

    assert hosting.send(to(hosting, transform(revision="2"), transform()))["Status"] == "FAILED"
    assert {run.name for run in hosting.hosting.runs.values() if run.status == "InProgress"} == {old}


def test_job_of_a_call_without_an_answer_is_the_one_that_another_delivery_is_about_to_answer_with(
    world: World,
) -> None:
    """What the other delivery has found, and answers with a moment later, was given up in between."""
    world.create(A)
    event = to(world, B, A)

    def again() -> None:
        world.send(event)

    def found_by_another() -> None:
        world.sagemaker.hooks["DescribeAutoMLJobV2"] = again

    world.sagemaker.fail("CreateAutoMLJob", ReadTimeoutError(endpoint_url="https://x"), after=True)
    world.sagemaker.hooks["CreateAutoMLJob"] = found_by_another
    serve(copy.deepcopy(event), lambda: world.aws, world.clock())

    answers = world.sink.answers()[-2:]
    assert [answer["Status"] for answer in answers] == ["SUCCESS", "SUCCESS"]
    [name] = {answer["PhysicalResourceId"] for answer in answers}
    assert name in world.running()
    assert OwnerTag.RELEASED not in world.sagemaker.jobs[name].tags


@pytest.mark.parametrize("does_cloudformation_tell", [True, False])
def test_job_that_another_delivery_has_answered_with_is_not_taken_back_when_the_answer_of_its_call_is_lost(
    world: World, does_cloudformation_tell: bool
) -> None:
    """Soak, seed 939: two deliveries of a Create at once."""
    event = world.event("Create", ResourceProperties=A)

    def delivered_again() -> None:
        world.physical_id = world.send(event)["PhysicalResourceId"]
        world.status("CREATE_COMPLETE")
        if not does_cloudformation_tell:
            world.cloudformation.fail("DescribeStackResource", ("AccessDenied", "not now"), times=1000)

    def is_looked_for() -> None:
        world.sagemaker.hooks["DescribeAutoMLJobV2"] = delivered_again

    world.sagemaker.fail("CreateAutoMLJob", ReadTimeoutError(endpoint_url="https://x"), after=True)
    world.sagemaker.hooks["CreateAutoMLJob"] = is_looked_for
    serve(copy.deepcopy(event), lambda: world.aws, world.clock())

    again, first = world.sink.answers()[-2:]
    assert again["Status"] == "SUCCESS"
    assert first["Status"] == ("SUCCESS" if does_cloudformation_tell else "FAILED")
    assert first["PhysicalResourceId"] == world.physical_id
    assert world.running() == [world.physical_id]


def test_late_change_of_tags_puts_no_old_tags_back(world: World) -> None:
    world.create(properties(tags={"team": "one"}))
    late = to(world, properties(tags={"team": "two"}), properties(tags={"team": "one"}))
    world.update(properties(tags={"team": "three"}))

    world.send(late)

    assert world.job().tags["team"] == "three"


def test_late_change_of_a_models_tags_puts_no_old_tags_back(hosting: HostingWorld) -> None:
    hosting.create(model(tags={"team": "one"}))
    late = to(hosting, model(tags={"team": "two"}), model(tags={"team": "one"}))
    hosting.update(model(tags={"team": "three"}))

    hosting.send(late)

    assert hosting.hosting.hosted[hosting.physical_id].tags["team"] == "three"


def test_late_change_of_a_transform_jobs_tags_puts_no_old_tags_back(hosting: HostingWorld) -> None:
    hosting.resource_type = TRANSFORM_TYPE
    one, two, three = (transform(tags={"team": team}) for team in ("one", "two", "three"))
    name = hosting.create(one)["PhysicalResourceId"]
    late = to(hosting, two, one)
    hosting.update(three)

    hosting.send(late)

    assert hosting.hosting.runs[name].tags["team"] == "three"


def test_late_approval_changes_nothing(hosting: HostingWorld) -> None:
    hosting.resource_type = MODEL_PACKAGE_TYPE
    hosting.create(package())
    late = to(hosting, package(status="Approved"), package())
    hosting.update(package(status="Rejected"))

    hosting.send(late)

    [version] = hosting.hosting.packages.values()
    assert version.request["ModelApprovalStatus"] == "Rejected"


def test_late_watch_follows_nothing(world: World) -> None:
    world.sagemaker.add_job("theirs", {})
    wanted = {"JobName": "theirs", "Watch": watching("Wait")}
    late = world.event("Create", ResourceType=WATCH_TYPE, ResourceProperties=wanted)
    world.status("CREATE_FAILED")

    assert world.send(late)["Status"] == "FAILED"
    assert not world.stepfunctions.executions


def test_late_outcome_stops_no_job(world: World) -> None:
    job = world.sagemaker.add_job("theirs", {})
    wanted = {"JobName": "theirs", "TimeoutSeconds": "60", "OnTimeout": "StopJob"}
    late = world.event("Create", ResourceType=OUTCOME_TYPE, ResourceProperties=wanted)
    world.status("CREATE_FAILED")

    assert world.send(late)["Status"] == "FAILED"
    assert job.status == "InProgress"


# ------------------------------------------------------------------------------------------ nothing that serves is lost


def test_delete_that_comes_late_spares_the_job_that_the_resource_has_again(world: World) -> None:
    world.create(A)
    late = world.event("Delete", PhysicalResourceId=world.physical_id, ResourceProperties=A)
    world.status("UPDATE_COMPLETE")

    assert world.send(late)["Status"] == "SUCCESS"
    assert world.running() == [world.physical_id]


def test_delete_during_an_update_waits_for_what_comes_of_it(world: World) -> None:
    """The update may go back to the very job: what the resource is told by its end."""
    old = world.create(A)["PhysicalResourceId"]
    late = world.event("Delete", PhysicalResourceId=old, ResourceProperties=A)
    world.status("UPDATE_IN_PROGRESS", physical_id="demo-churn-another")
    sleep = world.time.sleep

    def sleep_and_settle(seconds: float) -> None:
        sleep(seconds)
        world.status("UPDATE_COMPLETE", physical_id=old)

    world.time.sleep = sleep_and_settle  # type: ignore[method-assign]

    assert world.send(late)["Status"] == "SUCCESS"
    assert world.running() == [old]


def running(world: HostingWorld) -> set[str]:
    """What is there and was not stopped."""
    runs = {run.name for run in world.hosting.runs.values() if run.status == "InProgress"}
    return {*world.running(), *world.hosting.hosted, *runs}


def clean_up_shows(world: World, replaced: str, *, now: str) -> None:
    """The clean-up of what was replaced shows as the deletion of the resource; it ends when the stack is asked for."""
    world.cloudformation.stack_status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    world.status("DELETE_IN_PROGRESS", physical_id=replaced)

    def ends() -> None:
        world.physical_id = now
        world.status("UPDATE_COMPLETE")

    world.cloudformation.hooks["DescribeStacks"] = ends


def test_delete_that_comes_late_during_the_clean_up_after_another_spares_the_job_of_the_same_properties(
    world: World,
) -> None:
    """Soak, seed 107027: a Delete was delivered twice, and its second try went on two updates later."""
    first = world.create(A)["PhysicalResourceId"]
    replaced = world.update(B)["PhysicalResourceId"]
    late = world.events[-1]
    assert (late["RequestType"], late["PhysicalResourceId"]) == ("Delete", first)
    lives = world.update(A)["PhysicalResourceId"]
    clean_up_shows(world, replaced, now=lives)

    assert world.send(late)["Status"] == "SUCCESS"
    assert world.running() == [lives]


@pytest.mark.parametrize(
    ("kind", "before", "after", "operation"),
    [
        (RESOURCE_TYPE, A, B, "CreateAutoMLJob"),
        (TRANSFORM_TYPE, transform(), transform("model-2"), "CreateTransformJob"),
        (MODEL_TYPE, model(), model("churn-2"), "CreateModel"),
    ],
)
@pytest.mark.parametrize("is_kept", [True, False])
def test_what_another_delivery_has_answered_with_is_not_taken_back_during_the_clean_up(
    hosting: HostingWorld, kind: str, before: dict[str, Any], after: dict[str, Any], operation: str, is_kept: bool
) -> None:
    """Soak, seed 102507: two deliveries at once; the one that has made it finds the resource in DELETE_IN_PROGRESS."""
    hosting.resource_type = kind
    old = hosting.create(before)["PhysicalResourceId"]
    event = to(hosting, after, before)

    def delivered_again() -> None:
        made = hosting.send(event)["PhysicalResourceId"]
        clean_up_shows(hosting, old, now=made if is_kept else old)

    def once_made() -> None:
        hosting.cloudformation.hooks["DescribeStackResource"] = delivered_again

    hosting.sagemaker.hooks[operation] = once_made
    serve(copy.deepcopy(event), lambda: hosting.aws, hosting.clock())

    again, first = hosting.sink.answers()[-2:]
    assert (again["Status"], first["Status"]) == ("SUCCESS", "FAILED")
    assert (again["PhysicalResourceId"] in running(hosting)) == is_kept
    assert old in running(hosting)


@pytest.mark.parametrize("looks", [2, 1000])
def test_name_that_is_taken_is_looked_for_until_it_is_seen(hosting: HostingWorld, looks: int) -> None:
    """Soak, seed 104123: a Create was delivered twice at once, and the second could not see yet what the first made."""
    hosting.resource_type = TRANSFORM_TYPE
    event = hosting.event("Create", ResourceProperties=transform())
    made = hosting.send(event)["PhysicalResourceId"]
    hide(hosting, "DescribeTransformJob", looks)

    answer = hosting.send(event)

    assert answer["PhysicalResourceId"] == made, "what fails names it, for the Delete that follows"
    assert answer["Status"] == ("SUCCESS" if looks == 2 else "FAILED")


def test_delete_during_an_update_that_does_not_end_destroys_nothing(world: World) -> None:
    old = world.create(A)["PhysicalResourceId"]
    late = world.event("Delete", PhysicalResourceId=old, ResourceProperties=A)
    world.status("UPDATE_IN_PROGRESS")

    answer = world.send(late)

    assert answer["Reason"] == (
        "nothing is deleted: the resource is UPDATE_IN_PROGRESS, so this request is an older one"
    )
    assert world.running() == [old]


@pytest.mark.parametrize("error", [("Throttling", "Rate exceeded"), ("AccessDenied", "no")])
def test_nothing_is_stopped_where_cloudformation_does_not_tell(world: World, error: tuple[str, str]) -> None:
    world.create(A)
    late = world.event("Delete", PhysicalResourceId=world.physical_id, ResourceProperties=A)
    world.cloudformation.fail("DescribeStackResource", error, times=1000)

    answer = world.send(late)

    assert answer["Reason"].startswith("CloudFormation does not tell whether this is still wanted: ")
    assert world.running() == [world.physical_id]


def test_cloudformation_that_tells_at_last_is_waited_for(world: World) -> None:
    world.create(A)
    world.cloudformation.fail("DescribeStackResource", ("Throttling", "Rate exceeded"), times=9)

    assert world.delete()["Status"] == "SUCCESS"
    assert world.running() == []


def test_nothing_is_made_where_cloudformation_does_not_tell(world: World) -> None:
    world.cloudformation.fail("DescribeStackResource", ("Throttling", "Rate exceeded"), times=1000)

    assert world.create(A)["Status"] == "FAILED"
    assert world.creates() == 0


# ------------------------------------------------------------------------------------------------- a Delete is patient


@pytest.mark.parametrize("operation", ["DescribeAutoMLJobV2", "ListTags", "AddTags", "StopAutoMLJob"])
@pytest.mark.parametrize(
    "error", [THROTTLED, client_error("x", "InternalFailure", "", 500), ReadTimeoutError(endpoint_url="https://x")]
)
def test_delete_goes_on_about_what_may_pass(world: World, operation: str, error: tuple[str, str] | Exception) -> None:
    world.create(A)
    world.sagemaker.fail(operation, error, times=9)

    assert world.delete()["Status"] == "SUCCESS"
    assert world.running() == []
    assert OwnerTag.RELEASED in world.job().tags


@pytest.mark.parametrize("operation", ["DescribeTransformJob", "ListTags", "AddTags", "StopTransformJob"])
def test_delete_of_a_transform_job_does_too(hosting: HostingWorld, operation: str) -> None:
    hosting.resource_type = TRANSFORM_TYPE
    hosting.create(transform())
    hosting.hosting.fail(operation, THROTTLED, times=9)

    assert hosting.delete()["Status"] == "SUCCESS"
    assert [run.status for run in hosting.hosting.runs.values()] == ["Stopped"]


@pytest.mark.parametrize("operation", ["DescribeEndpoint", "DescribeEndpointConfig", "DeleteEndpoint", "DeleteModel"])
def test_one_click_clean_up_does_too(world: World, operation: str) -> None:
    world.create(properties(ModelDeployConfig={"AutoGenerateEndpointName": True}))
    world.sagemaker.deploy(world.physical_id, "auto-endpoint")
    world.sagemaker.fail(operation, THROTTLED, times=4)

    assert world.delete()["Status"] == "SUCCESS"
    assert not world.sagemaker.endpoints
    assert not world.sagemaker.models


def test_job_is_stopped_in_time_although_it_cannot_be_marked(world: World) -> None:
    world.create(A)
    world.sagemaker.fail("AddTags", THROTTLED, times=1000)

    assert world.delete()["Status"] == "FAILED"
    assert world.running() == []


def hide(world: World, operation: str, times: int) -> None:
    """SageMaker's answers lag behind what was just made."""
    missing = client_error(operation, "ResourceNotFound", "Could not find it")
    world.sagemaker.fail(operation, missing, times=times)


def test_delete_looks_as_often_as_create_does_for_a_job_that_may_not_be_seen_yet(world: World) -> None:
    world.create(A)
    hide(world, "DescribeAutoMLJobV2", 6)  # two a look: by the physical id, and by the properties

    assert world.delete()["Status"] == "SUCCESS"
    assert world.running() == []


def test_so_does_the_delete_of_a_transform_job(hosting: HostingWorld) -> None:
    hosting.resource_type = TRANSFORM_TYPE
    hosting.create(transform())
    hide(hosting, "DescribeTransformJob", 6)

    assert hosting.delete()["Status"] == "SUCCESS"
    assert [run.status for run in hosting.hosting.runs.values()] == ["Stopped"]


def test_so_does_the_delete_of_a_model(hosting: HostingWorld) -> None:
    hosting.create(model())
    hide(hosting, "DescribeModel", 6)

    assert hosting.delete()["Status"] == "SUCCESS"
    assert not hosting.hosting.hosted


def test_rollback_looks_again_for_what_the_update_before_has_made(world: World) -> None:
    old = world.create(A)["PhysicalResourceId"]
    event = to(world, B, A)
    world.sagemaker.fail("CreateAutoMLJob", Crash(), after=True)
    with pytest.raises(Crash):
        world.send(event)
    world.cloudformation.stack_status = ROLLS_BACK
    back = to(world, A, B)
    orphan = next(job for job in world.jobs() if job.name != old)
    describe = world.sagemaker.describe_auto_ml_job_v2

    def describe_late(**params: str) -> dict[str, Any]:
        if params["AutoMLJobName"] == orphan.name and world.time.now() < 2:
            raise client_error("DescribeAutoMLJobV2", "ResourceNotFound", "Could not find it")
        return describe(**params)

    world.sagemaker.describe_auto_ml_job_v2 = describe_late  # type: ignore[method-assign]

    assert world.send(back)["PhysicalResourceId"] == old
    assert world.running() == [old]


# --------------------------------------------------------------------------------------------------- orphans, and stops


def test_job_that_was_stopped_but_not_marked_is_not_taken_for_a_live_one(world: World) -> None:
    world.create(A)
    first = world.job()
    settle(world, world.send(to(world, B, A)))
    first.status = "Stopped"  # its Delete could stop it, and not mark it

    answer = world.send(to(world, A, B))

    assert answer["PhysicalResourceId"] != first.name
    assert OwnerTag.RELEASED not in first.tags


def test_nor_is_such_a_transform_job(hosting: HostingWorld) -> None:
    hosting.resource_type = TRANSFORM_TYPE
    first = hosting.create(transform())["PhysicalResourceId"]
    settle(hosting, hosting.send(to(hosting, transform("model-2"), transform())))
    hosting.hosting.runs[first].status = "Stopped"

    answer = hosting.send(to(hosting, transform(), transform("model-2")))

    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] != first


@pytest.mark.parametrize(
    ("kind", "before", "after", "operation"),
    [
        (TRANSFORM_TYPE, transform(), transform("model-2"), "CreateTransformJob"),
        (MODEL_TYPE, model(), model("churn-2"), "CreateModel"),
    ],
)
def test_orphan_of_an_update_that_died_goes_with_the_rollback(
    hosting: HostingWorld, kind: str, before: dict[str, Any], after: dict[str, Any], operation: str
) -> None:
    hosting.resource_type = kind
    old = hosting.create(before)["PhysicalResourceId"]
    hosting.hosting.fail(operation, Crash(), after=True)
    with pytest.raises(Crash):
        hosting.send(to(hosting, after, before))
    hosting.cloudformation.stack_status = ROLLS_BACK

    assert hosting.send(to(hosting, before, after))["PhysicalResourceId"] == old

    left = {*hosting.hosting.hosted, *(run.name for run in hosting.hosting.runs.values() if run.status != "Stopped")}
    assert left == {old}


def test_transform_job_that_is_gone_back_to_is_found_although_the_prefix_has_changed(hosting: HostingWorld) -> None:
    hosting.resource_type = TRANSFORM_TYPE
    old = hosting.create(transform())["PhysicalResourceId"]
    renamed = transform(NamePrefix="renamed-")
    hosting.update(renamed)

    hosting.update(transform("model-2", NamePrefix="renamed-"), another_resource_fails=True)

    assert hosting.physical_id == old
    assert hosting.hosting.count("CreateTransformJob") == 2


NEW, OLD = ("renamed-", "churn-"), ("demo", "churn-")
"""What names begin with in the policy of an update that changes the prefix, and in that which a rollback brings."""


@pytest.mark.parametrize("fails", [False, True], ids=["", "rolled back"])
@pytest.mark.parametrize("policy", [NEW, OLD], ids=["new policy", "old policy again"])
def test_job_under_a_new_prefix_replaces_the_old_one_and_goes_when_that_is_taken_back(
    world: World, policy: tuple[str, ...], *, fails: bool
) -> None:
    """Names of the old prefix are none that may be asked for, unless something of the stack bears them."""
    old = world.create(A)["PhysicalResourceId"]
    world.sagemaker.prefixes, world.sagemaker.stack_id = NEW, world.stack_id
    world.sagemaker.hooks["CreateAutoMLJob"] = lambda: setattr(world.sagemaker, "prefixes", policy)
    began = world.time.now()

    world.update(B | {"NamePrefix": "renamed-"}, another_resource_fails=fails)

    assert world.running() == [world.physical_id]
    assert (world.physical_id == old) is fails
    assert world.creates() == 2
    assert world.time.now() - began < 60  # nobody waits for a permission that never comes


@pytest.mark.parametrize("fails", [False, True], ids=["", "rolled back"])
@pytest.mark.parametrize("policy", [NEW, OLD], ids=["new policy", "old policy again"])
@pytest.mark.parametrize(
    ("kind", "first", "second", "create"),
    [
        (TRANSFORM_TYPE, transform(), transform("model-2", NamePrefix="renamed-"), "CreateTransformJob"),
        (MODEL_TYPE, model(), model("churn-2", NamePrefix="renamed-"), "CreateModel"),
    ],
    ids=["transform", "model"],
)
def test_transforms_and_models_do_the_same(
    hosting: HostingWorld,
    kind: str,
    first: dict[str, Any],
    second: dict[str, Any],
    create: str,
    policy: tuple[str, ...],
    *,
    fails: bool,
) -> None:
    hosting.resource_type = kind
    old = hosting.create(first)["PhysicalResourceId"]
    hosting.hosting.prefixes, hosting.hosting.stack_id = NEW, hosting.stack_id
    hosting.hosting.hooks[create] = lambda: setattr(hosting.hosting, "prefixes", policy)
    began = hosting.time.now()

    hosting.update(second, another_resource_fails=fails)

    left = {*hosting.hosting.hosted, *(run.name for run in hosting.hosting.runs.values() if run.status != "Stopped")}
    assert left == {hosting.physical_id}
    assert (hosting.physical_id == old) is fails
    assert hosting.time.now() - began < 60


def test_denial_is_no_gap_where_nothing_of_the_stack_is_seen(world: World) -> None:
    """The policy may not be known everywhere yet, and the job of a call that got no answer may be there."""
    world.create(A)
    world.physical_id = "Demo-Churn8A3F2C11-1QXAMPLE2IDZ3"
    world.sagemaker.prefixes = ("nothing",)

    assert world.delete()["Status"] == "FAILED"


def test_adopted_job_gets_the_tags_of_its_properties(world: World) -> None:
    first = world.create(properties(tags={"team": "one"}))["PhysicalResourceId"]
    settle(world, world.send(to(world, B, properties(tags={"team": "one"}))))

    answer = world.send(to(world, properties(tags={"team": "two"}), B))

    assert answer["PhysicalResourceId"] == first
    assert world.sagemaker.jobs[first].tags["team"] == "two"
