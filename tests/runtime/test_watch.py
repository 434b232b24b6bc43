"""A job that is watched is followed by one execution of the state machine; the wait conditions of an update can act."""

import json
from typing import Any

import pytest

from constructs_lib.runtime.retry import ROLE

from .fake_sagemaker import ACCOUNT, REGION
from .world import BUS, LOGICAL_ID, SIGNATURE, STATE_MACHINE, Crash, World, properties, watching

A = properties() | {"Watch": watching("WaitA")}
B = properties(ProblemType="Regression") | {"Watch": watching("WaitB")}
UNWATCHED = properties()

IN_VAIN = (
    "this change needs another AutoML job that the deployment could not wait for: a value that is known only at deploy "
    "time has changed, and a wait condition acts only when it is created. Change 'revision', so that a new job is "
    "trained and waited for"
)


def started(world: World) -> list[dict[str, Any]]:
    return [
        json.loads(call.params["input"]) for call in world.stepfunctions.calls if call.operation == "StartExecution"
    ]


def test_new_job_is_followed(world: World) -> None:
    job = world.create(A)["PhysicalResourceId"]

    [call] = world.stepfunctions.calls
    assert call.params["stateMachineArn"] == STATE_MACHINE
    assert call.params["name"] == f"{job}-00000001"
    assert json.loads(call.params["input"]) == {
        "Action": "PollAutoMLJob",
        "Done": False,
        "Execution": f"{job}-00000001",
        "Generation": 0,
        "Looks": 0,
        "LateLooks": 0,
        "FailedLooks": 0,
        "Unsent": 0,
        "Started": world.time.wall().timestamp(),
        "Seen": "",
        "StackId": world.stack_id,
        "LogicalId": LOGICAL_ID,
        "JobName": job,
        "Watch": {
            "StateMachine": STATE_MACHINE,
            "Conditions": [{"LogicalId": "WaitA", "Seconds": 42600}],
            "EventBus": BUS,
        },
    }


def test_job_that_nobody_watches_is_not_followed(world: World) -> None:
    world.create(UNWATCHED)
    world.update(properties(revision="2"))

    assert not world.stepfunctions.calls


def test_watch_without_conditions_or_bus_follows_for_the_metrics(world: World) -> None:
    world.create(properties() | {"Watch": {"StateMachine": STATE_MACHINE}})

    [state] = started(world)
    assert state["Watch"] == {"StateMachine": STATE_MACHINE, "Conditions": [], "EventBus": ""}


def test_same_event_twice_is_one_execution(world: World) -> None:
    first = world.create(A)
    world.time.seconds += 30  # so that the state differs

    assert world.send(world.events[0]) == first
    assert len(world.stepfunctions.executions) == 1


def test_crash_between_job_and_execution_is_mended_by_the_next_delivery(world: World) -> None:
    world.status("CREATE_IN_PROGRESS")
    world.stepfunctions.fail("StartExecution", Crash())
    event = world.event("Create", ResourceProperties=A)
    with pytest.raises(Crash):
        world.send(event)
    world.sagemaker.jobs[world.jobs()[0].name].status = "Failed"

    answer = world.send(event)

    assert answer["Status"] == "SUCCESS"
    assert [state["JobName"] for state in started(world)] == [answer["PhysicalResourceId"]] * 2
    assert started(world)[-1]["Seen"] == ""  # how it ended is still to be told


def test_name_with_capitals_is_a_name_of_an_execution(world: World) -> None:
    world.create(properties(AutoMLJobName="Churn-2026") | {"Watch": watching()})

    assert world.stepfunctions.running() == ["Churn-2026-00000001"]


def test_nothing_of_the_address_is_in_the_state(world: World) -> None:
    world.create(A)

    assert SIGNATURE not in str(world.stepfunctions.calls)
    assert "ResponseURL" not in str(world.stepfunctions.calls)


@pytest.mark.parametrize("error", [("AccessDeniedException", "states:StartExecution"), ("ThrottlingException", "Rate")])
def test_start_that_is_refused_for_a_while_is_waited_for(world: World, error: tuple[str, str]) -> None:
    world.stepfunctions.fail("StartExecution", error, times=3)

    assert world.create(A)["Status"] == "SUCCESS"
    assert len(world.stepfunctions.executions) == 1


def test_job_that_cannot_be_followed_is_named_and_stopped(world: World) -> None:
    world.stepfunctions.fail("StartExecution", ("AccessDeniedException", "states:StartExecution"), times=1000)

    answer = world.create(A)

    assert answer["Status"] == "FAILED"
    [job] = world.jobs()
    assert answer["Reason"] == (
        f"the AutoML job '{job.name}' cannot be followed to its end: An error occurred (AccessDeniedException) when "
        "calling the StartExecution operation: states:StartExecution"
    )
    assert answer["PhysicalResourceId"] == job.name
    assert job.status == "Stopped"
    assert world.time.now() < ROLE.budget + 60


def test_job_of_an_update_that_cannot_be_followed_is_stopped_by_the_rollback(world: World) -> None:
    old = world.create(A)["PhysicalResourceId"]
    world.stepfunctions.fail("StartExecution", ("StateMachineDoesNotExist", "gone"))

    answer = world.update(B)

    assert answer["Status"] == "FAILED"
    assert "cannot be followed to its end" in answer["Reason"]
    assert world.running() == [world.physical_id] == [old]


def test_rollback_goes_on_although_its_job_cannot_be_followed(world: World) -> None:
    old = world.create(A)["PhysicalResourceId"]
    world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
    world.stepfunctions.fail("StartExecution", ("StateMachineDoesNotExist", "gone"))
    world.status("UPDATE_IN_PROGRESS", physical_id="gone")  # so that only the name leads back to the job

    event = world.event("Update", PhysicalResourceId="gone", ResourceProperties=A, OldResourceProperties=B)

    assert world.send(event)["PhysicalResourceId"] == old
    assert world.stepfunctions.count("StartExecution") == 2


@pytest.mark.parametrize(
    ("watch", "reason"),
    [
        ("on", "'Watch' must be an object, got 'on'"),
        ({"Conditions": []}, "'Watch.StateMachine' must be the ARN of a state machine, got None"),
        (
            {"StateMachine": "x", "EventBus": ["a"]},
            "'Watch.EventBus' must be the name or ARN of an event bus, got ['a']",
        ),
        ({"StateMachine": "x", "Conditions": "W"}, "'Watch.Conditions' must be a list, got 'W'"),
        ({"StateMachine": "x", "Conditions": ["W"]}, "'Watch.Conditions[0]' must be an object, got 'W'"),
        (
            {"StateMachine": "x", "Conditions": [{"LogicalId": "A", "Seconds": "1"}, {"LogicalId": "a-b"}]},
            "'Watch.Conditions[1].LogicalId' must be a logical id, got 'a-b'",
        ),
        (
            {"StateMachine": "x", "Conditions": [{"LogicalId": "A", "Seconds": "soon"}]},
            "'Watch.Conditions[0].Seconds' must be a number of seconds, got 'soon'",
        ),
        (
            {"StateMachine": "x", "Conditions": [{"LogicalId": "A", "Seconds": "-1"}]},
            "'Watch.Conditions[0].Seconds' must be a number of seconds, got '-1'",
        ),
    ],
)
def test_watch_that_cannot_be_read_is_refused_before_a_job_is_made(world: World, watch: Any, reason: str) -> None:
    created = world.create(properties() | {"Watch": watch})
    assert (created["Status"], created["Reason"]) == ("FAILED", reason)

    world.create(UNWATCHED)
    made = world.creates()
    updated = world.update(properties(revision="2") | {"Watch": watch})

    assert (updated["Status"], updated["Reason"]) == ("FAILED", reason)
    assert world.creates() == made == 1


def test_another_watch_never_trains_again(world: World) -> None:
    job = world.create(A)["PhysicalResourceId"]

    for watch in (watching("WaitA", "More"), watching(bus="other"), {}, watching("WaitA", seconds=5)):
        assert world.update(properties() | {"Watch": watch})["PhysicalResourceId"] == job

    assert world.creates() == 1


@pytest.mark.parametrize(
    "watch",
    [
        watching("WaitA", "WaitMore"),
        watching("WaitA", bus="another"),
        watching("WaitA") | {"StateMachine": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:another"},
    ],
    ids=["more to signal", "another bus", "another state machine"],
)
def test_kept_job_is_followed_anew_when_there_is_more_to_do(world: World, watch: dict[str, Any]) -> None:
    world.create(A)

    world.update(properties() | {"Watch": watch})

    assert len(world.stepfunctions.executions) == 2
    assert started(world)[-1]["Watch"]["EventBus"] == watch["EventBus"]
    assert started(world)[-1]["Seen"] == ""


def test_kept_job_is_followed_when_nobody_did_before(world: World) -> None:
    job = world.create(UNWATCHED)["PhysicalResourceId"]

    world.update(A)

    assert [state["JobName"] for state in started(world)] == [job]


@pytest.mark.parametrize(
    "watch",
    [watching("WaitA"), watching("WaitA", seconds=5), watching(), watching("WaitA", bus=""), {}],
    ids=["the same", "another time", "less to signal", "no bus", "nothing"],
)
def test_kept_job_is_left_to_its_execution_when_there_is_no_more_to_do(world: World, watch: dict[str, Any]) -> None:
    world.create(A)

    world.update(properties() | {"Watch": watch})

    assert len(world.stepfunctions.executions) == 1


def test_old_ending_is_no_news_but_who_waits_is_signalled(world: World) -> None:
    world.create(UNWATCHED)
    world.sagemaker.complete(world.physical_id)

    world.update(A)
    world.status("CREATE_IN_PROGRESS", "WaitA")
    world.follow(9)

    assert started(world)[0]["Seen"] == "Completed/Completed"
    assert world.cloudformation.signals == [("WaitA", "sagemaker-autopilot")]
    assert not world.events_bus.entries
    assert not world.stepfunctions.running()


def test_kept_job_that_cannot_be_followed_fails_the_update(world: World) -> None:
    world.create(UNWATCHED)
    world.stepfunctions.fail("StartExecution", ("StateMachineDoesNotExist", "gone"))

    answer = world.update(A)

    assert answer["Status"] == "FAILED"
    assert world.running() == [world.physical_id]


# An update that cannot wait


def changed_at_deploy_time() -> dict[str, Any]:
    """Another request under the same wait conditions: their ids come from what is known before the deployment."""
    return properties(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/other") | {"Watch": watching("WaitA")}


def test_update_that_the_deployment_could_not_wait_for_is_refused_before_a_job_is_made(world: World) -> None:
    old = world.create(A)["PhysicalResourceId"]

    answer = world.update(changed_at_deploy_time())

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == IN_VAIN
    assert world.creates() == 1
    assert world.physical_id == old
    assert world.running() == [old]


def test_update_that_waits_at_some_of_the_old_conditions_is_refused_too(world: World) -> None:
    world.create(properties() | {"Watch": watching("WaitA", "WaitA1")})

    assert world.update(changed_at_deploy_time())["Reason"] == IN_VAIN


@pytest.mark.parametrize("watch", [watching("WaitB"), watching("WaitA", "WaitB"), watching(), {}])
def test_update_with_a_new_condition_or_none_trains(world: World, watch: dict[str, Any]) -> None:
    world.create(A)

    assert world.update(changed_at_deploy_time() | {"Watch": watch})["Status"] == "SUCCESS"
    assert world.creates() == 2


def test_rollback_to_the_old_conditions_is_never_refused(world: World) -> None:
    old = world.create(A)["PhysicalResourceId"]

    world.update(changed_at_deploy_time() | {"Watch": watching("WaitA", "New")}, another_resource_fails=True)

    assert world.physical_id == old
    assert world.creates() == 2


def test_rolling_stack_whose_old_job_is_not_found_trains_nothing(world: World) -> None:
    job = world.create(A)["PhysicalResourceId"]
    world.job().tags.clear()
    world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
    wanted = changed_at_deploy_time()

    answer = world.send(
        world.event("Update", PhysicalResourceId=job, ResourceProperties=wanted, OldResourceProperties=A)
    )

    assert answer["Reason"] == (
        "nothing is made: the stack rolls back, and what it goes back to is not to be found, nobody waits for this "
        "request"
    )
    assert world.creates() == 1


def test_job_that_is_gone_back_to_is_not_followed_twice_for_the_same(world: World) -> None:
    world.create(A)

    world.update(properties(ProblemType="Regression") | {"Watch": watching("WaitA", "B")}, another_resource_fails=True)

    assert [state["JobName"] for state in started(world)].count(world.physical_id) == 1


@pytest.mark.parametrize("new", [B, properties() | {"Watch": watching("Other")}], ids=["another job", "the same job"])
def test_rollback_leaves_the_job_to_the_execution_that_it_has(world: World, new: dict[str, Any]) -> None:
    old = world.create(A)["PhysicalResourceId"]

    def deliver(event: Any) -> dict[str, Any]:
        answer = world.send(event)
        world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
        return answer

    world.update(new, deliver, another_resource_fails=True)

    assert world.physical_id == old
    assert [state["Watch"]["Conditions"][0]["LogicalId"] for state in started(world)] == [
        "WaitA",
        new["Watch"]["Conditions"][0]["LogicalId"],
    ]


def test_job_that_is_gone_back_to_has_no_news_if_it_has_ended(world: World) -> None:
    world.create(A)
    world.follow(1)
    world.sagemaker.complete(world.physical_id)
    world.follow(9)
    told = len(world.events_bus.entries)
    there = world.event("Update", PhysicalResourceId=world.physical_id, ResourceProperties=B, OldResourceProperties=A)
    replaced, world.physical_id = world.physical_id, world.send(there)["PhysicalResourceId"]
    world.status("UPDATE_COMPLETE")

    # The Delete of the old job has not come yet.
    back = world.event("Update", PhysicalResourceId=world.physical_id, ResourceProperties=A, OldResourceProperties=B)
    world.physical_id = world.send(back)["PhysicalResourceId"]
    assert world.physical_id == replaced
    old = [name for name in world.stepfunctions.running() if name.startswith(world.physical_id)]
    for name in old:
        world.look(name)

    assert started(world)[-1]["Seen"] == "Completed/Completed"
    assert len(world.events_bus.entries) == told


def test_redelivered_create_of_a_job_given_up_is_not_followed(world: World) -> None:
    world.create(A)
    world.delete()
    world.stepfunctions.executions.clear()
    world.cloudformation.resources.clear()

    world.send(world.events[0])

    assert not world.stepfunctions.executions
