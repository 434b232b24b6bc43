"""Runs of a retraining: what trains, what is promoted, what is left alone; and what comes of lost and late calls."""

import json
from typing import Any

import pytest

from constructs_lib.runtime.contract import OwnerTag

from .fake_hosting import ROLE
from .fake_retraining import ENDPOINT, FOLDER, MODEL_ID, REGISTRY, TEMPLATE, RetrainingWorld
from .fake_sagemaker import client_error
from .world import LOGICAL_ID, Sink


@pytest.fixture
def world(sink: Sink) -> RetrainingWorld:
    world = RetrainingWorld(sink)
    assert world.create(world.wanted())["Status"] == "SUCCESS"
    return world


def schedule(world: RetrainingWorld, time: str = "2026-01-05T03:00:00Z") -> str:
    return world.start(Cause="schedule", Id=time)


# One run


def test_better_model_is_promoted_with_the_shape_and_the_policy_of_the_template(world: RetrainingWorld) -> None:
    world.go(schedule(world))

    [job] = world.run_jobs()
    assert world.decisions() == ["Promoted"]
    assert job.tags[OwnerTag.REQUEST] == world.reports()[0]["Run"]
    assert world.hosting.model_in_service() == world.model_of(job.name)
    config = world.hosting.served[world.hosting.endpoints[ENDPOINT].config]
    template = world.hosting.served[TEMPLATE].request["ProductionVariants"][0]
    assert config.request["ProductionVariants"] == [template | {"ModelName": world.hosting.model_in_service()}]
    [update] = [call.params for call in world.hosting.calls if call.operation == "UpdateEndpoint"]
    assert update["DeploymentConfig"]["AutoRollbackConfiguration"] == {"Alarms": [{"AlarmName": "errors"}]}
    assert update["DeploymentConfig"]["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] == 600
    assert update["RetainAllVariantProperties"] is True
    assert world.document().running is None


def test_report_says_why_with_what_and_against_whom(world: RetrainingWorld) -> None:
    world.s3.upload("churn/train/1.csv")
    world.go(schedule(world))

    [report] = world.reports()
    assert report["Causes"] == ["schedule"]
    assert report["Data"].endswith("churn/train/1.csv")
    assert report["Challenger"]["Value"] == 0.9
    assert report["Champion"] == {"Job": "own-1", "Metric": "F1", "Value": 0.8}
    assert report["Ruling"].startswith("met: F1 is 0.9, wanted better than the champion's 0.8 by 0.01")
    [event] = [json.loads(entry["Detail"]) for entry in world.events_bus.entries]
    assert event["Decision"] == "Promoted"
    assert not world.topics.messages


@pytest.mark.parametrize("error", [("AccessDeniedException", "not authorized"), None])
def test_run_whose_event_no_bus_takes_ends_all_the_same_and_says_so(
    world: RetrainingWorld, error: tuple[str, str] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if error:
        world.events_bus.fail("PutEvents", error, times=99)
    else:
        world.events_bus.refuses = 9

    world.go(schedule(world))

    assert world.decisions() == ["Promoted"]
    assert not world.events_bus.entries
    lines = capsys.readouterr().out
    assert "event could not be sent" in lines
    assert ("not authorized" if error else "ThrottlingException: Rate exceeded") in lines


@pytest.mark.parametrize("score", [0.8, 0.805, 0.7])
def test_model_that_is_not_so_much_better_changes_nothing(world: RetrainingWorld, score: float) -> None:
    world.score = score

    world.go(schedule(world))

    assert world.decisions() == ["ChampionKept"]
    assert world.hosting.endpoints[ENDPOINT].config == TEMPLATE
    assert world.hosting.count("UpdateEndpoint", "CreateModel") == 1  # the template's
    assert not world.topics.messages


def test_champion_is_what_the_next_challenger_has_to_beat(world: RetrainingWorld) -> None:
    world.go(schedule(world, "1"))
    world.score = 0.905
    world.go(schedule(world, "2"))
    world.score = 0.92
    world.go(schedule(world, "3"))

    assert world.decisions() == ["Promoted", "ChampionKept", "Promoted"]


def test_bounds_alone_decide_where_there_is_no_champion(world: RetrainingWorld) -> None:
    world.hosting.fail_job("own-1", "no data")
    gate = {"BetterThanChampion": 0.01, "AtLeast": 0.95}
    world.update(world.wanted(Gate=gate))
    world.go_all()
    world.go(schedule(world, "1"))
    world.score = 0.96
    world.go(schedule(world, "2"))

    assert world.decisions() == ["ChampionKept", "Promoted"]
    assert "there is no champion yet" in world.reports()[-1]["Ruling"]


@pytest.mark.parametrize(
    ("end", "decision", "told"),
    [("Failed", "Failed", 1), ("Stopped", "JobStopped", 0)],
)
def test_job_that_comes_to_nothing_changes_nothing(world: RetrainingWorld, end: str, decision: str, told: int) -> None:
    world.trains = False
    name = schedule(world)
    world.call(name)
    [job] = world.run_jobs()
    if end == "Failed":
        world.hosting.fail_job(job.name, "the target is constant")
    else:
        job.status = end
    world.go(name)

    assert world.decisions() == [decision]
    assert len(world.topics.messages) == told
    assert world.hosting.endpoints[ENDPOINT].config == TEMPLATE


def test_job_that_does_not_end_in_its_time_is_stopped(world: RetrainingWorld) -> None:
    world.trains = False
    world.go(schedule(world), looks=400)

    [job] = world.run_jobs()
    assert job.status == "Stopped"
    assert world.decisions() == ["Failed"]
    assert "had not ended in its time" in world.reports()[0]["Reason"]


def test_deployment_that_sagemaker_takes_back_is_found_by_the_configuration(world: RetrainingWorld) -> None:
    world.hosting.takes_back = True
    world.go(schedule(world))

    assert world.decisions() == ["DeploymentTakenBack"]
    assert world.document().champion is None
    assert len(world.topics.messages) == 1


# Triggers


def test_forty_triggers_at_once_make_one_run(world: RetrainingWorld) -> None:
    names = [schedule(world, str(number)) for number in range(40)]
    for name in names:
        world.call(name)

    assert len(world.stepfunctions.running()) == 1
    assert len(world.run_jobs()) == 1
    assert world.document().pending == {"train": ("schedule",)}
    world.go_all()
    assert len(world.run_jobs()) == 2


def test_events_of_many_files_make_one_run_when_they_are_quiet(world: RetrainingWorld) -> None:
    world.time.seconds += 90_000
    names = []
    for number in range(10):
        world.s3.upload(f"churn/train/{number}.csv")
        names.append(world.data_event(f"churn/train/{number}.csv"))
        world.time.seconds += 60
    for name in names:
        world.call(name)
    assert not world.run_jobs()
    before = world.time.seconds
    world.go_all()

    assert len(world.run_jobs()) == 1
    assert world.time.seconds - before >= 1700
    assert world.document().data.endswith("churn/train/9.csv")


def test_late_event_of_data_that_were_learned_from_trains_nothing(world: RetrainingWorld) -> None:
    world.time.seconds += 90_000
    world.s3.upload("churn/train/1.csv")
    world.go(world.data_event())
    world.time.seconds += 100_000
    world.go(world.data_event())

    assert len(world.run_jobs()) == 1
    assert world.decisions() == ["Promoted"]


def test_data_wait_for_the_time_between_trainings_and_a_schedule_does_not(world: RetrainingWorld) -> None:
    world.go(schedule(world, "1"))
    world.s3.upload("churn/train/2.csv")
    waiting = world.data_event()
    world.call(waiting)
    world.time.seconds += 7200
    world.call(waiting)
    assert len(world.run_jobs()) == 1

    world.score = 0.95
    world.go(schedule(world, "2"))

    assert len(world.run_jobs()) == 2
    world.go(waiting)
    assert len(world.run_jobs()) == 2
    assert world.reports()[-1]["Causes"] == ["new data", "schedule"]


def test_schedule_that_comes_twice_trains_once(world: RetrainingWorld) -> None:
    world.go(schedule(world, "1"))
    world.go(schedule(world, "1"))

    assert len(world.run_jobs()) == 1


def test_month_has_a_ceiling(world: RetrainingWorld) -> None:
    world.update(world.wanted(MaxRunsPerMonth=2))
    for number in range(5):
        world.go(schedule(world, str(number)))
    assert len(world.run_jobs()) == 2

    world.time.seconds += 31 * 86400
    world.go(schedule(world, "next"))
    assert len(world.run_jobs()) == 3


def test_trigger_that_finds_the_month_full_at_the_end_of_a_run_is_dropped(world: RetrainingWorld) -> None:
    world.update(world.wanted(MaxRunsPerMonth=1))
    first = schedule(world, "1")
    world.call(first)
    world.go(schedule(world, "2"))
    world.go(first)

    assert len(world.run_jobs()) == 1
    assert world.document().running is None


# Executions that are gone


@pytest.mark.parametrize("status", ["ABORTED", "FAILED", "TIMED_OUT"])
def test_run_whose_execution_is_gone_goes_on_in_the_next(world: RetrainingWorld, status: str) -> None:
    first = schedule(world, "1")
    world.call(first)
    world.stepfunctions.end(first, status)
    world.time.seconds += 900
    world.work()

    world.go(world.start(Event={"source": "aws.states", "id": "x", "detail": {}}))

    assert len(world.run_jobs()) == 1
    assert world.decisions() == ["Promoted"]


def test_run_is_not_taken_over_while_its_execution_runs_however_long(world: RetrainingWorld) -> None:
    world.trains = False
    first = schedule(world, "1")
    world.call(first)
    world.time.seconds += 5 * 3600
    world.go(schedule(world, "2"))

    running = world.document().running
    assert running is not None
    assert running.execution.endswith(first)
    assert world.document().pending == {"train": ("schedule",)}


def test_execution_of_before_ends_when_another_has_taken_its_run(world: RetrainingWorld) -> None:
    first = schedule(world, "1")
    world.call(first)
    world.stepfunctions.end(first)
    second = schedule(world, "2")
    world.call(second)

    assert world.call(first)["Done"] is True
    world.go(second)
    assert len(world.run_jobs()) == 2  # the one that was taken over, and the trigger itself


def test_run_that_loses_its_execution_again_and_again_fails(world: RetrainingWorld) -> None:
    world.trains = False
    for number in range(8):
        name = (
            world.start(Event={"source": "aws.states", "id": str(number), "detail": {}}) if number else schedule(world)
        )
        world.call(name)
        world.stepfunctions.end(name)

    assert world.decisions() == ["Failed"]
    assert "its execution was lost" in world.reports()[0]["Reason"]


def test_long_run_goes_on_in_another_execution(world: RetrainingWorld) -> None:
    world.train_seconds = 15 * 3600
    world.update(world.wanted(TimeoutSeconds=20 * 3600))
    world.go_all(looks=1200)

    first = schedule(world)
    world.go_all(looks=1200)

    assert world.stepfunctions.executions[first].done
    assert [name for name in world.stepfunctions.executions if name.startswith("on-")]
    assert world.decisions() == ["Promoted"]
    assert len(world.run_jobs()) == 1


def test_execution_that_nobody_started_gets_nothing(world: RetrainingWorld) -> None:
    name = schedule(world)
    world.stepfunctions.end(name)

    with pytest.raises(Exception, match="does not run"):
        world.call(name)
    assert not world.run_jobs()
    assert world.document().running is None


# Approval


@pytest.fixture
def registry(world: RetrainingWorld) -> RetrainingWorld:
    pending = {"Request": {**REGISTRY["Request"], "ModelApprovalStatus": "PendingManualApproval"}}
    world.update(world.wanted(Registry=pending))
    world.go_all()
    return world


def approve(world: RetrainingWorld, arn: str, status: str = "Approved") -> str:
    world.hosting.packages[arn].request["ModelApprovalStatus"] = status
    return world.start(Event={"source": "aws.sagemaker", "id": arn, "detail": {"ModelPackageArn": arn}})


def test_run_that_waits_for_approval_holds_nothing_and_its_event_promotes(registry: RetrainingWorld) -> None:
    registry.go(schedule(registry))
    assert registry.decisions() == ["WaitsForApproval"]
    assert registry.document().running is None
    assert registry.hosting.endpoints[ENDPOINT].config == TEMPLATE

    [arn] = registry.hosting.packages
    registry.hosting.last_changed_by = {"UserProfileName": "ann"}
    registry.go(approve(registry, arn))

    assert registry.decisions() == ["WaitsForApproval", "Promoted"]
    assert registry.reports()[-1]["Approved"] == {"Package": arn, "By": "ann"}
    assert registry.document().waiting == ()
    registry.go(approve(registry, arn))  # sent again on any edit
    assert registry.decisions() == ["WaitsForApproval", "Promoted"]


def test_approval_whose_event_is_lost_is_found_by_the_next_run(registry: RetrainingWorld) -> None:
    registry.go(schedule(registry, "1"))
    [arn] = registry.hosting.packages
    registry.hosting.packages[arn].request["ModelApprovalStatus"] = "Approved"
    registry.score = 0.5

    registry.go(schedule(registry, "2"))

    assert registry.decisions() == ["WaitsForApproval", "ChampionKept", "Promoted"]  # by names: the training's is older
    assert registry.document().champion is not None


def test_newest_approved_version_wins_and_older_ones_lapse(registry: RetrainingWorld) -> None:
    for number, score in enumerate((0.9, 0.93)):
        registry.score = score
        registry.go(schedule(registry, str(number)))
    old, new = registry.hosting.packages
    registry.go(approve(registry, new))
    registry.go(approve(registry, old))

    champion = registry.document().champion
    assert champion is not None
    assert champion.package == new
    assert registry.decisions().count("Promoted") == 1


def test_rejected_version_waits_no_more(registry: RetrainingWorld) -> None:
    registry.go(schedule(registry))
    [arn] = registry.hosting.packages
    registry.go(approve(registry, arn, "Rejected"))

    assert registry.document().waiting == ()
    assert registry.hosting.endpoints[ENDPOINT].config == TEMPLATE


def test_version_that_needs_no_approval_is_registered_once_and_promoted(world: RetrainingWorld) -> None:
    world.update(world.wanted(Registry=REGISTRY))
    world.go_all()
    world.hosting.fail(
        "CreateModelPackage", client_error("CreateModelPackage", "InternalFailure", "x", 500), after=True
    )
    world.go(schedule(world))

    assert world.decisions() == ["Promoted"]
    assert len(world.hosting.packages) == 1


# What serves


def test_rollback_goes_to_the_model_before_and_again_back(world: RetrainingWorld) -> None:
    world.go(schedule(world))
    own, better = world.model_id, world.hosting.model_in_service()
    world.go(world.start(Rollback=True))
    assert world.hosting.model_in_service() == own
    world.go(world.start(Rollback=True))

    assert world.hosting.model_in_service() == better
    assert world.decisions() == ["Promoted"] * 3


def test_rollback_does_not_wait_for_a_job_that_trains(world: RetrainingWorld) -> None:
    world.go(schedule(world, "1"))
    world.train_seconds, world.score = 20_000, 0.95
    training = schedule(world, "2")
    world.call(training)
    own = world.model_id

    world.go(world.start(Rollback=True))
    assert world.hosting.model_in_service() == own
    assert world.run_jobs()[-1].status == "InProgress"

    world.go(training, looks=600)
    assert world.hosting.model_in_service() == world.model_of(world.run_jobs()[-1].name)


def test_training_whose_execution_dies_behind_a_rollback_goes_on_after_it(world: RetrainingWorld) -> None:
    world.go(schedule(world, "1"))
    world.train_seconds, world.score = 20_000, 0.95
    training = schedule(world, "2")
    world.call(training)
    rollback = world.start(Rollback=True)
    world.call(rollback)
    world.stepfunctions.end(training)

    world.go(rollback, looks=600)

    assert len(world.run_jobs()) == 2
    assert world.hosting.model_in_service() == world.model_of(world.run_jobs()[-1].name)


def test_rollback_without_a_model_before_says_so(world: RetrainingWorld) -> None:
    world.go(world.start(Rollback=True))

    assert world.decisions() == ["Failed"]
    assert "no model before" in world.reports()[0]["Reason"]


def test_what_serves_and_served_before_stays_and_older_ones_go(world: RetrainingWorld) -> None:
    for number in range(4):
        world.score = 0.9 + number / 50
        world.go(schedule(world, str(number)))

    jobs = [job.name for job in world.run_jobs()]
    assert [bool(world.model_of(job)) for job in jobs] == [False, False, True, True]
    assert world.model_id in world.hosting.hosted  # the template's own
    assert len(world.hosting.served) == 3
    assert len(world.document().made) == 4


def test_endpoint_that_somebody_else_changed_is_left_alone_and_told(world: RetrainingWorld) -> None:
    world.hosting.served["theirs"] = world.hosting.served[TEMPLATE]
    world.hosting.endpoints[ENDPOINT].config = "theirs"

    world.go(schedule(world))

    assert world.decisions() == ["EndpointLeftAlone"]
    assert world.hosting.endpoints[ENDPOINT].config == "theirs"
    assert "somebody else changed it" in world.reports()[0]["Reason"]
    assert len(world.topics.messages) == 1


def test_nothing_is_promoted_while_the_stack_is_busy(world: RetrainingWorld) -> None:
    world.cloudformation.stack_status = "UPDATE_IN_PROGRESS"
    name = schedule(world)
    world.go(name, looks=60)
    assert world.hosting.endpoints[ENDPOINT].config == TEMPLATE

    world.cloudformation.stack_status = "UPDATE_COMPLETE"
    world.go(name)
    assert world.decisions() == ["Promoted"]


# Deployments after promotions


def promoted(world: RetrainingWorld, times: int = 3) -> str:
    for number in range(times):
        world.score = 0.85 + number / 20
        world.go(schedule(world, f"p{number}"))
    assert world.decisions() == ["Promoted"] * times
    return str(world.run_jobs()[-1].name)


def endpoint_settings(world: RetrainingWorld, config: str, job: str = "own-1") -> dict[str, Any]:
    return {
        "Endpoint": {**world.wanted()["Endpoint"], "TemplateConfig": config, "Model": world.model_properties(job)},
        "JobName": job,
    }


def test_deployment_of_another_shape_keeps_the_champion(world: RetrainingWorld) -> None:
    champion = world.model_of(promoted(world))

    assert world.deploy("own-1", "Config-2", shape="22") == champion
    world.update(world.wanted(**endpoint_settings(world, "Config-2")))
    world.go_all()

    assert world.hosting.endpoints[ENDPOINT].config == "Config-2"
    assert world.hosting.model_in_service() == champion
    assert champion in world.hosting.hosted
    world.score = 0.99
    world.go(schedule(world, "next"))
    config = world.hosting.served[world.hosting.endpoints[ENDPOINT].config]
    assert config.request["ProductionVariants"][0]["InitialInstanceCount"] == 2


def test_deployment_of_another_job_wins(world: RetrainingWorld) -> None:
    promoted(world)
    world.finish_own("own-2", 0.7)

    name = world.deploy("own-2", "Config-2")
    world.update(world.wanted(**endpoint_settings(world, "Config-2", "own-2")))
    world.go_all()

    assert world.hosting.model_in_service() == name
    world.score = 0.75
    world.go(schedule(world, "next"))
    assert world.reports()[-1]["Champion"]["Job"] == "own-2"
    assert world.decisions()[-1] == "Promoted"


def test_job_that_is_deployed_while_a_run_goes_wins_over_its_challenger(world: RetrainingWorld) -> None:
    name = schedule(world)
    world.call(name)
    world.finish_own("own-2", 0.7)
    model = world.deploy("own-2", "Config-2")
    world.cloudformation.stack_status = "UPDATE_IN_PROGRESS"
    world.go(name, looks=20)  # trained, judged, and waiting for the deployment
    world.update(world.wanted(**endpoint_settings(world, "Config-2", "own-2")))
    world.cloudformation.stack_status = "UPDATE_COMPLETE"
    world.go_all()

    assert world.decisions() == ["ChampionKept"]
    assert "that one wins" in world.reports()[0]["Reason"]
    assert world.hosting.model_in_service() == model


def test_rollback_of_another_shape_goes_back_to_the_model_that_the_resource_had(world: RetrainingWorld) -> None:
    champion = world.model_of(promoted(world))
    own, before = world.model_id, world.model_wanted
    world.model_event({**before, "EndpointShape": "22"}, clean=False)
    assert world.model_id == champion

    world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
    failed = world.model_wanted
    assert world.model_event(before, clean=False) == own
    world.model_delete(champion, failed)  # the clean-up of what the update made
    assert champion in world.hosting.hosted
    world.hosting.endpoints[ENDPOINT].config = TEMPLATE
    event = {"source": "aws.sagemaker", "id": "x", "detail": {"EndpointName": ENDPOINT}}
    name = world.start(Event=event)
    world.call(name)
    assert world.hosting.model_in_service() == own  # the stack is busy

    world.cloudformation.stack_status = "UPDATE_ROLLBACK_COMPLETE"
    world.go(name)
    assert world.hosting.model_in_service() == champion
    assert world.reports()[-1]["Kind"] == "reconcile"


def test_rollback_of_another_role_goes_back_to_the_model_that_the_configuration_has(world: RetrainingWorld) -> None:
    """Of the soak: a model of another role, by the same shape and job, was taken for the one of before."""
    own, before = world.model_id, world.model_wanted
    other = {**before, "Request": {**before["Request"], "ExecutionRoleArn": f"{ROLE}-2"}}
    made = world.model_event(other, clean=False)
    assert made != own

    world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"

    assert world.model_event(before, clean=False) == own


@pytest.mark.parametrize("shapes", [("1",), ("2", "1")])
def test_rollback_of_tags_puts_them_back_on_the_model_that_the_resource_had(
    world: RetrainingWorld, shapes: tuple[str, ...]
) -> None:
    """Of the soak: the update takes the champion with the same shape, and other tags; or has it already."""
    champion = world.model_of(promoted(world))
    for shape in shapes[:-1]:
        world.model_event({**world.model_wanted, "EndpointShape": shape}, clean=False)
    own, before = world.model_id, {**world.model_wanted, "EndpointShape": shapes[-1]}
    if len(shapes) > 1:
        world.model_event(before, clean=False)
    tags = dict(world.hosting.hosted[own].tags)
    tagged = {**before, "Request": {**before["Request"], "Tags": [{"Key": "team", "Value": "growth"}]}}
    assert world.model_event(tagged, clean=False) == champion
    assert world.hosting.hosted[champion].tags["team"] == "growth"

    world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"

    assert world.model_event(before, clean=False) == own
    assert {key for key in world.hosting.hosted[own].tags if "autopilot" not in key} == {
        key for key in tags if "autopilot" not in key
    }


def test_clean_up_of_a_promoted_model_spares_the_one_of_its_own_job(world: RetrainingWorld) -> None:
    """Of the soak: the clean-up shows as the deletion of the resource, and properties lead to the job's own model."""
    own, before = world.model_id, world.model_wanted
    champion = world.model_of(promoted(world))
    tagged = {**before, "Request": {**before["Request"], "Tags": [{"Key": "team", "Value": "growth"}]}}
    assert world.model_event(tagged, clean=False) == champion
    world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
    assert world.model_event(before, clean=False) == own

    world.cloudformation.stack_status = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
    world.status("DELETE_IN_PROGRESS", MODEL_ID, champion)
    world.model_delete(champion, tagged)

    assert own in world.hosting.hosted


def test_champion_that_the_template_has_taken_stays_when_its_retraining_leaves(world: RetrainingWorld) -> None:
    """Of the soak: the clean-up of the model before it shows as the deletion of the resource."""
    name = world.model_of(promoted(world))
    old, wanted = world.model_id, world.model_wanted
    assert world.model_event(world.model_properties("own-1"), clean=False) == name
    world.hosting.served["Config-2"] = world.hosting.served[world.hosting.endpoints[ENDPOINT].config]
    world.hosting.endpoints[ENDPOINT].config = "Config-2"
    world.delete()

    world.cloudformation.stack_status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    world.status("DELETE_IN_PROGRESS", MODEL_ID, old)
    world.model_delete(old, wanted)

    assert world.hosting.model_in_service() in world.hosting.hosted


def test_deployment_that_does_not_show_at_once_is_waited_for(world: RetrainingWorld) -> None:
    """Of the soak: an answer that lagged behind was told as a deployment that SageMaker had taken back."""
    name = schedule(world)
    describe = world.hosting.describe_endpoint
    shown: list[dict[str, Any]] = []

    def late(**params: str) -> dict[str, Any]:
        reply = describe(**params)
        if reply["EndpointStatus"] == "Updating" and not shown:
            shown.append(reply)
            return reply | {"EndpointStatus": "InService"}
        return reply

    world.hosting.describe_endpoint = late  # type: ignore[method-assign]
    world.go(name)

    assert shown
    assert world.decisions() == ["Promoted"]


def test_rollback_of_another_job_brings_the_champion_back(world: RetrainingWorld) -> None:
    champion = world.model_of(promoted(world))
    world.finish_own("own-2", 0.7)
    world.deploy("own-2", "Config-2")
    world.update(world.wanted(**endpoint_settings(world, "Config-2", "own-2")), another_resource_fails=True)
    world.hosting.endpoints[ENDPOINT].config = TEMPLATE
    world.go_all()

    assert world.hosting.model_in_service() == champion


def test_configuration_of_the_template_that_comes_back_is_followed_by_the_champion(world: RetrainingWorld) -> None:
    champion = world.model_of(promoted(world))
    world.hosting.endpoints[ENDPOINT].config = TEMPLATE  # cdk deploy --revert-drift, whose event was lost
    world.score = 0.1

    world.go(schedule(world, "next"))

    assert world.hosting.model_in_service() == champion
    assert sorted(report["Kind"] for report in world.reports()[-2:]) == ["reconcile", "train"]


def test_other_tags_of_the_model_keep_the_champion_after_the_retraining_has_left(world: RetrainingWorld) -> None:
    champion = promoted(world)
    name = world.model_of(champion)
    left = world.model_properties("own-1")
    old, wanted = world.model_id, world.model_wanted
    assert world.model_event(left, clean=False) == name  # the template adopts it
    world.hosting.served["Config-2"] = world.hosting.served[world.hosting.endpoints[ENDPOINT].config]
    world.hosting.endpoints[ENDPOINT].config = "Config-2"
    world.delete()
    world.model_delete(old, wanted)

    assert set(world.hosting.hosted) == {name}
    assert world.model_event({**left, "EndpointShape": "3"}) == name
    world.finish_own("own-2", 0.7)
    assert world.model_event(world.model_properties("own-2")) != name


# The end


@pytest.mark.parametrize("looks", range(20))
def test_destroy_at_any_moment_leaves_nothing(world: RetrainingWorld, looks: int) -> None:
    promoted(world, 2)
    world.score = 0.99
    name = schedule(world, "last")
    for _ in range(looks):
        if not world.stepfunctions.executions[name].done:
            state = world.call(name)
            world.time.seconds += state["Seconds"]
            world.work()

    destroy(world)
    if not world.stepfunctions.executions[name].done:
        world.call(name)
    world.go(schedule(world, "late"))

    assert not [job for job in world.run_jobs() if job.status == "InProgress"]
    assert not world.hosting.hosted
    assert set(world.hosting.served) == {TEMPLATE}  # CloudFormation's own
    assert not world.stepfunctions.running()


def destroy(world: RetrainingWorld) -> None:
    assert world.delete()["Status"] == "SUCCESS"
    del world.hosting.endpoints[ENDPOINT]
    world.status("DELETE_IN_PROGRESS", "EndpointModel12AB", world.model_id)
    world.model_delete(world.model_id, world.model_wanted)


def test_job_that_is_made_while_the_retraining_is_closed_is_stopped(world: RetrainingWorld) -> None:
    name = schedule(world)

    def close() -> None:
        world.hosting.stop_seconds = 0
        destroy(world)
        world.time.start_call()

    world.hosting.hooks["CreateAutoMLJob"] = close
    world.call(name)

    [job] = world.run_jobs()
    assert job.status in {"Stopping", "Stopped"}
    assert OwnerTag.RELEASED in job.tags


def test_job_of_a_run_is_stopped_although_its_execution_cannot_be(world: RetrainingWorld) -> None:
    world.call(schedule(world))
    world.stepfunctions.fail("StopExecution", ("ThrottlingException", "Rate exceeded"), times=1000)

    assert world.delete()["Status"] == "SUCCESS"

    [job] = world.run_jobs()
    assert job.status in {"Stopping", "Stopped"}
    assert OwnerTag.RELEASED in job.tags


def test_way_back_stops_what_a_move_that_failed_has_left_running(world: RetrainingWorld) -> None:
    world.call(schedule(world))
    moves = {"ResourceProperties": world.wanted(Folder=FOLDER.replace("weekly", "monthly"))}
    world.hosting.fail("AddTags", ("ThrottlingException", "Rate exceeded"), times=1000)
    world.hosting.fail("StopAutoMLJob", ("ThrottlingException", "Rate exceeded"), times=1000)
    event = world.event("Update", PhysicalResourceId=FOLDER, OldResourceProperties=world.wanted(), **moves)
    world.status("UPDATE_IN_PROGRESS", physical_id=FOLDER)
    assert world.send(event)["Status"] == "FAILED"
    assert [job for job in world.run_jobs() if job.status == "InProgress"]
    world.hosting.faults.clear()

    back = {"ResourceProperties": world.wanted(), "OldResourceProperties": moves["ResourceProperties"]}
    world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
    assert world.send(world.event("Update", PhysicalResourceId=FOLDER, **back))["Status"] == "SUCCESS"

    assert world.document().closed is False
    assert not [job for job in world.run_jobs() if job.status == "InProgress"]


def test_retraining_that_comes_back_keeps_what_was_spent_in_the_month(world: RetrainingWorld) -> None:
    world.go(schedule(world, "1"))
    world.delete()
    world.physical_id = ""
    world.create(world.wanted())

    assert world.document().jobs == 1
    assert world.document().closed is False


def test_document_of_another_owner_is_refused(world: RetrainingWorld) -> None:
    answer = world.send(world.event("Create", LogicalResourceId="Other1", ResourceProperties=world.wanted()))

    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(
        f"the retraining '{LOGICAL_ID}' of the stack {world.stack_id} keeps its document"
    )


def test_old_delete_closes_nothing(world: RetrainingWorld) -> None:
    event = world.event("Delete", PhysicalResourceId=FOLDER, ResourceProperties=world.wanted())
    world.send(event)

    assert world.document().closed is False


def test_other_place_takes_what_is_known_along(world: RetrainingWorld) -> None:
    champion = promoted(world, 1)
    running = schedule(world, "x")
    world.call(running)
    other = FOLDER.replace("weekly", "monthly")
    world.update(world.wanted(Folder=other))

    assert world.document().closed is True
    moved = json.loads(world.s3.objects["results", "churn/monthly/state.json"]["Body"])
    assert moved["champion"]["job"] == champion
    assert moved["closed"] is False
    assert world.call(running)["Done"] is True
    assert not [job for job in world.run_jobs() if job.status == "InProgress"]
