"""Each look tells what is new, signals who waits, and leaves a state from which the next look can go on."""

import json
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from constructs_lib.runtime.contract import METRIC_DIMENSION, METRIC_NAMESPACE
from constructs_lib.runtime.poll import MAX_FAILED_LOOKS, MAX_LATE_LOOKS, MAX_LOOKS, MAX_UNSENT

from .world import BUS, LOGICAL_ID, SIGNATURE, Crash, World, properties, watching

THROTTLED = ("ThrottlingException", "Rate exceeded")


@pytest.fixture
def watched(world: World) -> World:
    """A job that one condition waits for."""
    world.create(properties() | {"Watch": watching("Wait")})
    world.status("CREATE_IN_PROGRESS", "Wait")
    world.cloudformation.stack_status = "CREATE_IN_PROGRESS"
    return world


def metrics(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]
    return [line for line in lines if "_aws" in line]


# Waiting


def test_look_at_a_running_job_signals_nobody(watched: World) -> None:
    state = watched.look()

    assert state["Done"] is False
    assert state["Looks"] == 1
    assert not watched.cloudformation.signals
    assert [one["LogicalId"] for one in state["Watch"]["Conditions"]] == ["Wait"]


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped"])
def test_end_of_the_job_lets_the_deployment_go_on_whatever_it_was(watched: World, status: str) -> None:
    watched.job().status = status

    assert watched.follow(9) == 2  # one to signal, one to see that it was heard
    assert watched.cloudformation.signals == [("Wait", "sagemaker-autopilot")]


def test_conditions_in_a_row_are_each_signalled_in_their_time(world: World) -> None:
    watch = watching("Wait1", "Wait2")
    watch["Conditions"][0]["Seconds"] = "600"
    world.create(properties() | {"Watch": watch})
    world.cloudformation.stack_status = "CREATE_IN_PROGRESS"
    world.status("CREATE_IN_PROGRESS", "Wait1")

    world.follow(9)
    assert not world.cloudformation.signals
    world.follow(2)
    assert [name for name, _ in world.cloudformation.signals] == ["Wait1"]

    world.status("CREATE_IN_PROGRESS", "Wait2")
    world.follow(20)
    assert [name for name, _ in world.cloudformation.signals] == ["Wait1"]
    world.sagemaker.complete(world.physical_id)
    world.follow(9)
    assert [name for name, _ in world.cloudformation.signals] == ["Wait1", "Wait2"]
    assert not world.stepfunctions.running()


def test_condition_is_signalled_when_its_time_is_over_and_the_job_is_followed_on(world: World) -> None:
    world.create(properties() | {"Watch": watching("Wait", seconds=100)})
    world.status("CREATE_IN_PROGRESS", "Wait")

    world.follow(5)

    assert world.cloudformation.signals
    assert world.stepfunctions.running()
    world.sagemaker.complete(world.physical_id)
    world.follow(5)
    assert not world.stepfunctions.running()
    assert world.events_bus.states() == ["TrainingModels", "Completed"]


def test_condition_that_comes_late_is_waited_for_as_long_as_the_stack_is_at_work(watched: World) -> None:
    del watched.cloudformation.resources[watched.stack_id, "Wait"]
    watched.sagemaker.complete(watched.physical_id)
    assert watched.follow(3 * MAX_LATE_LOOKS) == 3 * MAX_LATE_LOOKS

    watched.status("CREATE_IN_PROGRESS", "Wait")
    watched.follow(2)

    assert watched.cloudformation.signals
    assert not watched.stepfunctions.running()


@pytest.mark.parametrize("resting", ["ROLLBACK_COMPLETE", ""])
def test_condition_that_never_comes_is_given_up_when_the_stack_is_at_rest(
    watched: World, resting: str, capfd: pytest.CaptureFixture[str]
) -> None:
    del watched.cloudformation.resources[watched.stack_id, "Wait"]
    watched.cloudformation.stack_status = resting
    watched.follow(MAX_LATE_LOOKS)  # looks at a running job are no late ones
    watched.sagemaker.complete(watched.physical_id)

    assert watched.follow(99) == MAX_LATE_LOOKS
    assert "wait conditions could not be signalled" in capfd.readouterr().out


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "CREATE_FAILED", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"])
def test_condition_that_does_not_wait_is_settled(watched: World, status: str) -> None:
    watched.status(status, "Wait")
    watched.job().status = "Stopped"

    assert watched.look()["Done"] is True
    assert not watched.cloudformation.count("SignalResource")


def test_condition_of_the_same_update_after_one_that_was_cancelled_waits_for_its_own_job(
    watched: World, capfd: pytest.CaptureFixture[str]
) -> None:
    """The job of the cancelled update is stopped, and looked at once more when the next one waits already."""
    watched.job().status = "Stopped"
    watched.status("UPDATE_COMPLETE", physical_id="the-job-after")

    watched.look()
    assert not watched.cloudformation.signals
    assert "wait condition is another job's" in capfd.readouterr().out

    watched.status("CREATE_COMPLETE", "Wait")  # the other job has ended, and its own watch has told
    assert watched.look()["Done"] is True


def test_condition_is_not_signalled_while_nobody_tells_whose_it_is(watched: World) -> None:
    watched.sagemaker.complete(watched.physical_id)
    watched.status("CREATE_IN_PROGRESS", physical_id="")
    watched.follow(3)
    assert not watched.cloudformation.signals

    watched.status("CREATE_COMPLETE", physical_id=watched.physical_id)
    watched.follow(2)
    assert watched.cloudformation.signals


@pytest.mark.parametrize("operation", ["SignalResource", "DescribeStackResource"])
@pytest.mark.parametrize("error", [THROTTLED, ReadTimeoutError(endpoint_url="https://x")])
def test_signal_that_fails_is_repeated_at_the_next_look(
    watched: World, operation: str, error: tuple[str, str] | Exception
) -> None:
    watched.sagemaker.complete(watched.physical_id)
    watched.cloudformation.fail(operation, error, times=3)

    watched.follow(9)

    assert watched.cloudformation.signals
    assert not watched.stepfunctions.running()


def test_signal_that_was_lost_after_it_was_taken_does_no_harm(watched: World) -> None:
    watched.sagemaker.complete(watched.physical_id)
    watched.cloudformation.fail("SignalResource", THROTTLED, after=True)

    watched.follow(9)

    assert watched.cloudformation.signals == [("Wait", "sagemaker-autopilot")]


def test_look_that_crashed_is_made_again(watched: World) -> None:
    watched.sagemaker.complete(watched.physical_id)
    watched.events_bus.fail("PutEvents", Crash(), after=True)
    with pytest.raises(Crash):
        watched.look()

    watched.follow(9)

    assert watched.cloudformation.signals
    assert watched.events_bus.states() == ["Completed", "Completed"]  # at least once


# Telling


def test_every_new_state_is_told_once(watched: World) -> None:
    for secondary in ("AnalyzingData", "AnalyzingData", "ModelTuning"):
        watched.job().told = {"AutoMLJobSecondaryStatus": secondary}
        watched.follow(1)
    watched.sagemaker.fail_job(watched.physical_id, "no disk")
    watched.follow(9)

    assert watched.events_bus.states() == ["AnalyzingData", "ModelTuning", "Failed"]


def test_event_has_every_member_of_its_schema(watched: World) -> None:
    watched.time.seconds += 90
    watched.sagemaker.complete(watched.physical_id)
    watched.look()

    [entry] = watched.events_bus.entries
    job = watched.job()
    assert {key: entry[key] for key in ("Source", "DetailType", "EventBusName", "Resources")} == {
        "Source": "cdk-sagemaker-autopilot",
        "DetailType": "Autopilot Job State Change",
        "EventBusName": BUS,
        "Resources": [job.arn],
    }
    assert json.loads(entry["Detail"]) == {
        "AutoMLJobName": job.name,
        "AutoMLJobArn": job.arn,
        "AutoMLJobStatus": "Completed",
        "AutoMLJobSecondaryStatus": "Completed",
        "CreationTime": 1767225600000,
        "EndTime": 1767225690000,
        "FailureReason": "",
        "BestCandidateName": f"{job.name}-trial-7",
        "MetricName": "F1",
        "MetricValue": 0.9,
        "StackId": watched.stack_id,
        "LogicalResourceId": LOGICAL_ID,
    }


def test_what_a_running_job_does_not_know_is_empty_or_null(watched: World) -> None:
    watched.look()

    [detail] = watched.events_bus.details()
    assert detail["AutoMLJobStatus"] == "InProgress"
    assert detail["BestCandidateName"] == detail["MetricName"] == detail["FailureReason"] == ""
    assert detail["EndTime"] is detail["MetricValue"] is None


def test_metric_that_is_no_number_is_null(watched: World) -> None:
    watched.sagemaker.complete(watched.physical_id, value=float("nan"))
    watched.look()

    assert watched.events_bus.details()[0]["MetricValue"] is None


def test_job_without_a_bus_is_told_of_nowhere(world: World) -> None:
    world.create(properties() | {"Watch": watching(bus="")})
    world.sagemaker.complete(world.physical_id)

    assert world.follow(9) == 1
    assert not world.events_bus.calls


@pytest.mark.parametrize("error", [THROTTLED, ReadTimeoutError(endpoint_url="https://x"), None])
def test_event_that_the_bus_does_not_take_is_sent_at_the_next_look(
    watched: World, error: tuple[str, str] | Exception | None
) -> None:
    watched.sagemaker.complete(watched.physical_id)
    if error:
        watched.events_bus.fail("PutEvents", error, times=3)
    else:
        watched.events_bus.refuses = 3

    watched.follow(9)

    assert watched.events_bus.states() == ["Completed"]
    assert not watched.stepfunctions.running()


def test_each_event_has_its_own_tries(watched: World) -> None:
    for secondary in ("AnalyzingData", "ModelTuning"):
        watched.job().told = {"AutoMLJobSecondaryStatus": secondary}
        watched.events_bus.refuses = MAX_UNSENT - 1
        watched.follow(MAX_UNSENT)

    assert watched.events_bus.states() == ["AnalyzingData", "ModelTuning"]


def test_bus_that_takes_nothing_keeps_nobody_waiting(watched: World, capfd: pytest.CaptureFixture[str]) -> None:
    watched.events_bus.refuses = 10_000
    watched.sagemaker.complete(watched.physical_id)

    watched.look()
    assert watched.cloudformation.signals

    assert watched.follow(99) == MAX_UNSENT - 1
    assert len(metrics(capfd)) == 1


# Measuring


@pytest.mark.parametrize(
    ("status", "metric"), [("Completed", "JobsCompleted"), ("Failed", "JobsFailed"), ("Stopped", "JobsStopped")]
)
def test_end_of_a_job_is_one_line_of_metrics(
    watched: World, status: str, metric: str, capfd: pytest.CaptureFixture[str]
) -> None:
    watched.follow(2)
    watched.sagemaker.complete(watched.physical_id, AutoMLJobSecondaryStatus="MaxCandidatesReached").status = status
    watched.follow(9)

    [line] = metrics(capfd)
    [described] = line["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == METRIC_NAMESPACE
    assert described["Dimensions"] == [[METRIC_DIMENSION]]
    assert line[METRIC_DIMENSION] == f"Demo/{LOGICAL_ID}"
    units = {one["Name"]: one["Unit"] for one in described["Metrics"]}
    assert units == {metric: "Count", "JobDuration": "Seconds", "ObjectiveValue": "None"}
    assert {name: line[name] for name in units} == {metric: 1, "JobDuration": 120.0, "ObjectiveValue": 0.9}
    assert line["_aws"]["Timestamp"] == pytest.approx(watched.time.wall().timestamp() * 1000, abs=200_000)


def test_what_is_not_known_is_not_measured(watched: World, capfd: pytest.CaptureFixture[str]) -> None:
    watched.job().status = "Failed"
    watched.look()

    [line] = metrics(capfd)
    assert [one["Name"] for one in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]] == ["JobsFailed"]
    assert "JobDuration" not in line
    assert "ObjectiveValue" not in line


# Ending


def test_job_that_does_not_exist_is_not_followed(watched: World) -> None:
    watched.sagemaker.jobs.clear()

    assert watched.look()["Done"] is True


def test_watch_over_a_running_job_ends_with_its_resource(watched: World) -> None:
    watched.status("DELETE_COMPLETE")

    assert watched.look()["Done"] is True
    assert watched.events_bus.states() == ["TrainingModels"]  # the last news is still told


def test_watch_ends_with_its_stack(watched: World) -> None:
    watched.cloudformation.stacks.clear()

    assert watched.look()["Done"] is True


def test_job_of_a_replaced_resource_is_followed_on_while_the_old_one_shows_as_deleted(watched: World) -> None:
    watched.status("DELETE_COMPLETE", physical_id="the-job-before")

    assert watched.look()["Done"] is False


def test_resource_that_is_being_deleted_is_followed_until_its_job_has_stopped(watched: World) -> None:
    watched.delete()
    watched.status("DELETE_IN_PROGRESS")
    watched.status("DELETE_IN_PROGRESS", "Wait")

    watched.follow(9)

    assert watched.events_bus.states() == ["Stopped"]
    assert not watched.stepfunctions.running()


def test_resource_that_the_stack_does_not_know_is_waited_for_before_it_counts_as_gone(watched: World) -> None:
    del watched.cloudformation.resources[watched.stack_id, LOGICAL_ID]

    assert watched.follow(30) == 11  # ten minutes


@pytest.mark.parametrize("error", [("AccessDenied", "no"), THROTTLED, ReadTimeoutError(endpoint_url="https://x")])
def test_cloudformation_that_does_not_tell_ends_nothing(watched: World, error: tuple[str, str] | Exception) -> None:
    watched.cloudformation.fail("DescribeStackResource", error, times=9)

    assert watched.look()["Done"] is False


@pytest.mark.parametrize("error", [THROTTLED, ReadTimeoutError(endpoint_url="https://x")])
def test_sagemaker_that_does_not_tell_loses_nothing(watched: World, error: tuple[str, str] | Exception) -> None:
    watched.sagemaker.fail("DescribeAutoMLJobV2", error, times=40)
    assert watched.follow(40) == 40

    watched.sagemaker.complete(watched.physical_id)
    watched.follow(9)

    assert watched.cloudformation.signals
    assert watched.events_bus.states() == ["Completed"]
    assert not watched.stepfunctions.running()


def test_time_of_a_condition_ends_although_sagemaker_does_not_tell(world: World) -> None:
    world.create(properties() | {"Watch": watching("Wait", seconds=100)})
    world.status("CREATE_IN_PROGRESS", "Wait")
    world.sagemaker.fail("DescribeAutoMLJobV2", THROTTLED, times=40)

    world.follow(3)

    assert world.cloudformation.signals


def test_sagemaker_that_never_tells_again_is_asked_for_a_bounded_time(watched: World) -> None:
    watched.sagemaker.fail("DescribeAutoMLJobV2", ("AccessDeniedException", "no"), times=10**6)
    [execution] = watched.stepfunctions.executions.values()
    execution.state["FailedLooks"] = MAX_FAILED_LOOKS - 2

    assert watched.follow(9) == 2


def test_sagemaker_that_tells_in_between_is_asked_on(watched: World) -> None:
    [execution] = watched.stepfunctions.executions.values()
    for _ in range(2):
        execution.state["FailedLooks"] = MAX_FAILED_LOOKS - 2
        watched.follow(1)
        watched.sagemaker.fail("DescribeAutoMLJobV2", THROTTLED, times=3)
        assert watched.follow(3) == 3

    assert watched.stepfunctions.running()


def test_long_wait_goes_on_in_another_execution_before_the_history_is_full(watched: World) -> None:
    [first] = watched.stepfunctions.running()
    watched.stepfunctions.executions[first].state |= {"Looks": MAX_LOOKS - 2, "Seen": "InProgress/TrainingModels"}

    watched.follow(2)

    assert watched.stepfunctions.running() == [f"{first}-1"]
    state = watched.stepfunctions.executions[f"{first}-1"].state
    before = watched.stepfunctions.executions[first].state
    assert state == before | {"Done": False, "Looks": 0, "Generation": 1}

    watched.stepfunctions.executions[f"{first}-1"].state["Looks"] = MAX_LOOKS - 1
    watched.follow(1)
    assert watched.stepfunctions.running() == [f"{first}-2"]
    watched.sagemaker.complete(watched.physical_id)
    watched.follow(9)
    assert watched.cloudformation.signals
    assert not watched.stepfunctions.running()


def test_execution_goes_on_itself_until_another_one_can(watched: World) -> None:
    [first] = watched.stepfunctions.running()
    watched.stepfunctions.executions[first].state["Looks"] = MAX_LOOKS - 1
    watched.stepfunctions.fail("StartExecution", THROTTLED, times=3)

    watched.follow(3)
    assert watched.stepfunctions.running() == [first]
    watched.follow(1)
    assert watched.stepfunctions.running() == [f"{first}-1"]


def test_crash_after_another_execution_was_started_starts_no_third(watched: World) -> None:
    [first] = watched.stepfunctions.running()
    watched.stepfunctions.executions[first].state["Looks"] = MAX_LOOKS - 1
    watched.stepfunctions.fail("StartExecution", Crash(), after=True)
    with pytest.raises(Crash):
        watched.look(first)
    watched.stepfunctions.executions[f"{first}-1"].given = "something else"

    watched.look(first)

    assert watched.stepfunctions.running() == [f"{first}-1"]


def test_end_of_the_job_needs_no_other_execution(watched: World) -> None:
    [first] = watched.stepfunctions.running()
    watched.status("CREATE_COMPLETE", "Wait")
    watched.stepfunctions.executions[first].state["Looks"] = MAX_LOOKS
    watched.sagemaker.complete(watched.physical_id)

    watched.look()

    assert list(watched.stepfunctions.executions) == [first]


def test_what_the_state_machine_adds_is_dropped(watched: World) -> None:
    [execution] = watched.stepfunctions.executions.values()
    known = set(execution.state)
    execution.state["Error"] = {"Error": "Lambda.Unknown", "Cause": SIGNATURE}

    watched.look()

    assert set(execution.state) == known


def test_nothing_of_the_address_is_told(watched: World, capfd: pytest.CaptureFixture[str]) -> None:
    watched.sagemaker.complete(watched.physical_id)
    watched.follow(9)

    told = capfd.readouterr().out + str(watched.stepfunctions.executions) + str(watched.events_bus.entries)
    assert watched.physical_id in told
    assert SIGNATURE not in told
    assert "ResponseURL" not in told
