"""Champion and challenger answer the same rows: what decides, what it says, and that nothing of it stays."""

from typing import Any

import pytest

from constructs_lib.runtime.contract import OwnerTag

from .fake_retraining import ENDPOINT, HOLDOUT, HOLDOUT_PLACE, TEMPLATE, RetrainingWorld
from .fake_sagemaker import client_error
from .test_retraining import schedule
from .world import LOGICAL_ID, Crash, Sink


@pytest.fixture
def world(sink: Sink) -> RetrainingWorld:
    world = RetrainingWorld(sink)
    world.hold_out()
    assert world.create(world.wanted(Holdout=HOLDOUT))["Status"] == "SUCCESS"
    return world


def left(world: RetrainingWorld) -> dict[str, list[str]]:
    """What answered a holdout and is still there."""
    models = [each.name for each in world.hosting.hosted.values() if each.tags[OwnerTag.RESOURCE] == LOGICAL_ID]
    files = [key for _, key in world.s3.objects if key.startswith("churn/weekly/holdout/")]
    running = [run.name for run in world.transforms() if run.status == "InProgress"]
    return {kind: found for kind, found in (("models", models), ("files", files), ("running", running)) if found}


def reason_of(world: RetrainingWorld) -> str:
    return str(world.reports()[-1]["Reason"])


# What decides


def test_both_answer_the_same_rows_and_the_better_one_is_promoted(world: RetrainingWorld) -> None:
    world.go(schedule(world))

    [report] = world.reports()
    assert report["Decision"] == "Promoted"
    told = report["Holdout"]
    assert (told["Uri"], told["ETag"], told["Rows"]) == ("s3://data/churn/holdout.csv", '"400"', 400)
    assert (told["Metric"], told["Challenger"], told["Champion"], told["Against"]) == ("F1", 0.9, 0.8, "own-1")
    assert told["Gain"] == pytest.approx(0.1)
    assert 0 < told["LowerBound"] < 0.1
    assert (told["Confidence"], told["Resamples"], told["PositiveClass"]) == (0.95, 2000, "yes")
    assert report["Ruling"].startswith(
        "met: F1 is 0.9 on 400 held-out rows, wanted better than the champion's 0.8 there by 0.01; with 95% confidence"
    )
    assert world.hosting.model_in_service() == world.model_of(world.run_jobs()[0].name)
    assert left(world) == {}
    assert not world.document().trials


def test_transform_jobs_see_the_rows_without_header_and_target(world: RetrainingWorld) -> None:
    name = schedule(world)
    while len(world.transforms()) != 2:
        world.time.seconds += world.call(name)["Seconds"]
        world.work()

    first, second = world.transforms()
    assert first.request["TransformInput"] == second.request["TransformInput"]
    uri = first.request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    body = world.s3.objects["results", uri.removeprefix("s3://results/")]["Body"].decode()
    assert body.splitlines()[:3] == ["0,0", "1,1", "2,2"]
    assert len(body.splitlines()) == 400
    [run] = {each.tags[OwnerTag.REQUEST] for each in (first, second)}
    assert run == world.document().running.id  # type: ignore[union-attr]
    assert {each.tags[OwnerTag.RESOURCE] for each in (first, second)} == {LOGICAL_ID}
    assert first.request["TransformResources"] == {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1}
    assert {world.job_of(first), world.job_of(second)} == {world.run_jobs()[0].name, "own-1"}


def test_job_that_looks_better_on_its_own_rows_is_judged_by_the_holdout(world: RetrainingWorld) -> None:
    world.score = 0.99
    world.skills["own-1"] = 0.9
    name = schedule(world)
    world.call(name)
    world.skills[world.run_jobs()[0].name] = 0.85
    world.go(name)

    assert world.decisions() == ["ChampionKept"]
    assert world.reports()[0]["Challenger"]["Value"] == pytest.approx(0.85, abs=0.01)
    assert world.reports()[0]["Challenger"]["JobValue"] == 0.99
    assert world.hosting.endpoints[ENDPOINT].config == TEMPLATE
    assert left(world) == {}


def test_gain_that_may_be_noise_is_none(world: RetrainingWorld) -> None:
    world.hold_out(100)
    world.score = 0.82

    world.go(schedule(world))

    assert world.decisions() == ["ChampionKept"]
    assert "; that may be noise: with 95% confidence the gain is above " in reason_of(world)


@pytest.mark.parametrize(("bound", "decision"), [(0.85, "Promoted"), (0.95, "ChampionKept")])
def test_bound_holds_on_the_holdout_and_decides_alone_without_a_champion(
    world: RetrainingWorld, bound: float, decision: str
) -> None:
    world.hosting.fail_job("own-1", "no data")
    world.update(world.wanted(Holdout=HOLDOUT, Gate={"BetterThanChampion": 0.01, "AtLeast": bound}))
    world.go_all()

    world.go(schedule(world))

    assert world.decisions() == [decision]
    assert len(world.transforms()) == 1
    words = "met" if decision == "Promoted" else "missed"
    assert f"{words}: F1 is 0.9 on 400 held-out rows, wanted at least {bound}" in world.reports()[0]["Ruling"]


def test_bound_without_a_comparison_pays_for_one_transform(world: RetrainingWorld) -> None:
    world.update(world.wanted(Holdout=HOLDOUT, Gate={"AtLeast": 0.85}))
    world.go_all()

    world.go(schedule(world))

    assert world.decisions() == ["Promoted"]
    assert len(world.transforms()) == 1


def test_champion_of_a_run_answers_the_next_time(world: RetrainingWorld) -> None:
    world.go(schedule(world, "1"))
    world.score = 0.99
    world.go(schedule(world, "2"))

    first, second = (job.name for job in world.run_jobs())
    assert world.decisions() == ["Promoted", "Promoted"]
    assert world.reports()[1]["Holdout"]["Against"] == first
    assert second != first
    assert left(world) == {}


ALL_KEYS = "predicted_label,probability,probabilities,labels"


def test_auc_is_of_the_chances_that_the_model_answers_with(world: RetrainingWorld) -> None:
    world.support(ALL_KEYS)
    world.update(world.wanted(Holdout=HOLDOUT, Gate={"BetterThanChampion": 0, "Metric": "AUC"}))
    world.go_all()

    def spoken(number: int, is_right: bool) -> str:
        chance = 0.6 + number % 5 / 20
        of_yes = chance if (number % 2 == 1) is is_right else 1 - chance
        return f"\"[{1 - of_yes!r}, {of_yes!r}]\",\"['no', 'yes']\""

    world.spoken = spoken
    world.go(schedule(world))

    told = world.reports()[0]["Holdout"]
    assert world.decisions() == ["Promoted"]
    assert told["Metric"] == "AUC"
    assert 0.75 < told["Champion"] < told["Challenger"] < 0.95
    keys = {
        container["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"]
        for call in world.hosting.calls
        if call.operation == "CreateModel" and "weekly" in call.params["ModelName"]
        for container in call.params.get("Containers") or [call.params["PrimaryContainer"]]
    }
    assert keys == {"probabilities,labels"}


def test_error_of_numbers_is_better_when_it_is_less(world: RetrainingWorld) -> None:
    world.hold_out(1, "id,churned\n" + "".join(f"{number},{number % 10}\n" for number in range(300)))
    world.update(world.wanted(Holdout=HOLDOUT, Gate={"BetterThanChampion": 0.05, "Metric": "MAE", "AtMost": 0.2}))
    world.go_all()
    world.spoken = lambda number, is_right: str(number % 10 + (0 if is_right else 1))

    world.go(schedule(world))

    told = world.reports()[0]["Holdout"]
    assert world.decisions() == ["Promoted"]
    assert (told["Challenger"], told["Champion"]) == (pytest.approx(0.1), pytest.approx(0.2))
    assert told["Gain"] == pytest.approx(0.1)
    assert "PositiveClass" not in told


@pytest.mark.parametrize(
    ("metric", "spoken", "reason"),
    [
        ("MAE", "a lot", "does not fit MAE: could not convert string to float: "),
        ("MAE", "nan", "does not fit MAE: a value is no finite number"),
        ("AUC", "0.5", "does not fit AUC: "),
        ("AUC", "\"[0.1, 0.9]\",\"['a', 'b']\"", "does not fit AUC: 'yes' is not in list"),
    ],
)
def test_answers_of_another_kind_end_the_run(world: RetrainingWorld, metric: str, spoken: str, reason: str) -> None:
    world.support(ALL_KEYS)
    if metric == "MAE":
        world.hold_out(1, "id,churned\n" + "1,2\n" * 200)
    world.update(world.wanted(Holdout=HOLDOUT, Gate={"BetterThanChampion": 0, "Metric": metric}))
    world.go_all()
    world.spoken = lambda *_: spoken

    world.go(schedule(world))

    assert world.decisions() == ["Failed"]
    assert reason in reason_of(world)
    assert left(world) == {}


def test_models_run_where_the_job_did_and_with_its_key(world: RetrainingWorld) -> None:
    security = {"VolumeKmsKeyId": "key-1", "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}
    request = {**world.wanted()["Request"], "AutoMLJobConfig": {"SecurityConfig": security}}
    world.update(world.wanted(Holdout=HOLDOUT, Request=request, EncryptionKey="key-2"))
    world.go_all()

    world.go(schedule(world))

    created = [call.params for call in world.hosting.calls if call.operation == "CreateModel"]
    [model, _] = [each for each in created if each["ModelName"].startswith(HOLDOUT["NamePrefix"])]
    assert model["VpcConfig"] == security["VpcConfig"]
    assert model["ExecutionRoleArn"] == request["RoleArn"]
    run = world.transforms()[0].request
    assert run["TransformResources"]["VolumeKmsKeyId"] == "key-1"
    assert run["TransformOutput"]["KmsKeyId"] == "key-2"


# What fails, and says why


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\n1,2\n", "must name the columns, with the target 'churned' once, got a, b"),
        ("", "must name the columns, with the target 'churned' once, got "),
        ("id,churned\n" + "1,yes\n2,no\n" * 49, "has 98 rows, and less than 100 ('minimum_rows') say little about"),
        ("id,churned\n1,yes\n2\n", "row 3 of the holdout s3://data/churn/holdout.csv has 1 values, not 2"),
        ("id,churned\n1,yes\n2,\n", "row 3 of the holdout s3://data/churn/holdout.csv has no 'churned': leave it out"),
        ('id,churned\n"1\n2",yes\n', "row 2 of the holdout s3://data/churn/holdout.csv has a line break in a value"),
        ('id,churned\n"1,yes\n', "is no CSV file in UTF-8: unexpected end of data"),
        ("id,churned\n" + "1,yes\n" * 120, "the holdout has 1 classes, and F1 is about two"),
        ("id,churned\n" + "1,yes\n2,no\n3,maybe\n" * 120, "the holdout has 3 classes, and F1 is about two"),
        ("id,churned\n" + "1,yes\n" * 50_001, "has more than 50000 rows: take a sample of them"),
        ("id,churned\n" + "1" * (10 * 1024 * 1024), "has more than 10 MiB: take a sample of its rows"),
    ],
)
def test_holdout_that_does_not_fit_ends_the_run_before_anything_is_paid_for(
    world: RetrainingWorld, text: str, reason: str
) -> None:
    world.hold_out(1, text or "\n")

    world.go(schedule(world))

    assert world.decisions() == ["Failed"]
    assert reason in reason_of(world)
    assert not world.transforms()
    assert world.hosting.endpoints[ENDPOINT].config == TEMPLATE
    assert len(world.topics.messages) == 1
    assert left(world) == {}


@pytest.mark.parametrize("error", [("AccessDenied", "not authorized"), None])
def test_holdout_that_cannot_be_read_ends_the_run(world: RetrainingWorld, error: tuple[str, str] | None) -> None:
    del world.s3.objects[HOLDOUT_PLACE]

    world.go(schedule(world))

    assert world.decisions() == ["Failed"]
    assert reason_of(world).startswith("the holdout s3://data/churn/holdout.csv cannot be read: ")


def test_metric_that_answers_do_not_show_ends_the_run(world: RetrainingWorld) -> None:
    world.update(world.wanted(Holdout=HOLDOUT, Gate={"BetterThanChampion": 0, "Metric": "LogLoss"}))
    world.go_all()

    world.go(schedule(world))

    assert world.decisions() == ["Failed"]
    assert reason_of(world) == "'LogLoss' cannot be computed of answers ('evaluate_on'): judge another metric"


def test_candidate_without_chances_has_no_auc(world: RetrainingWorld) -> None:
    world.update(world.wanted(Holdout=HOLDOUT, Gate={"BetterThanChampion": 0, "Metric": "AUC"}))
    world.go_all()

    world.go(schedule(world))

    assert world.decisions() == ["Failed"]
    assert reason_of(world).startswith("AUC cannot be computed of answers ('evaluate_on'): the best candidate of")
    assert left(world) == {}


def answering(world: RetrainingWorld) -> str:
    """A run whose models answer; the execution."""
    world.answers = False
    name = schedule(world)
    while len(world.transforms()) < 2:
        world.time.seconds += world.call(name)["Seconds"]
        world.work()
    return name


@pytest.mark.parametrize(
    ("status", "decision", "reason"),
    [
        ("Failed", "Failed", "which answers the holdout, has failed: no such image"),
        ("Stopped", "JobStopped", "was stopped"),
    ],
)
def test_transform_job_that_comes_to_nothing_ends_the_run_and_the_other_one(
    world: RetrainingWorld, status: str, decision: str, reason: str
) -> None:
    name = answering(world)
    world.transforms()[0].status = status

    world.go(name)

    assert world.decisions() == [decision]
    assert reason in reason_of(world)
    assert left(world) == {}
    assert world.hosting.endpoints[ENDPOINT].config == TEMPLATE


def test_transform_job_that_does_not_end_is_stopped(world: RetrainingWorld) -> None:
    world.go(answering(world), looks=600)

    assert world.decisions() == ["Failed"]
    assert reason_of(world) == "the models have not answered the holdout in 10800 seconds"
    assert left(world) == {}


def test_quota_that_others_use_up_ends_the_run_at_last(world: RetrainingWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of seed 2492: else the run would keep its slot, and the next one never begin."""

    def refuse(**_: object) -> None:
        raise client_error("CreateTransformJob", "ResourceLimitExceeded", "the account-level limit is 1 Instances")

    monkeypatch.setattr(world.hosting, "create_transform_job", refuse)
    world.answers = False
    world.go(schedule(world), looks=600)

    assert world.decisions() == ["Failed"]
    assert reason_of(world).startswith("the models have not answered the holdout in 10800 seconds: ")
    assert "the account-level limit is 1 Instances" in reason_of(world)
    assert left(world) == {}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"yes\n" * 399, "has answered 399 of the holdout's 400 rows"),
        (b"perhaps\n" * 400, "no answer of the best candidate of 'own-1' is a class of the holdout: it answers 'perha"),
    ],
)
def test_answers_that_do_not_fit_end_the_run(world: RetrainingWorld, body: bytes, reason: str) -> None:
    name = answering(world)
    for run in world.transforms():
        world.answer(run)
        if world.job_of(run) == "own-1":
            place = run.request["TransformOutput"]["S3OutputPath"].removeprefix("s3://results/")
            world.s3.objects["results", f"{place}/rows.csv.out"]["Body"] = body

    world.go(name)

    assert world.decisions() == ["Failed"]
    assert reason in reason_of(world)
    assert left(world) == {}


def test_transform_job_without_answers_ends_the_run(world: RetrainingWorld) -> None:
    name = answering(world)
    for run in world.transforms():
        run.status = "Completed"

    world.go(name)

    assert world.decisions() == ["Failed"]
    assert "has left 0 files, not the one of the holdout" in reason_of(world)
    assert left(world) == {}


def test_transform_job_of_somebody_else_is_left_alone(world: RetrainingWorld) -> None:
    name = answering(world)
    theirs = world.transforms()[0]
    theirs.tags[OwnerTag.RESOURCE] = "another"

    world.go(name)

    assert world.decisions() == ["Failed"]
    assert reason_of(world) == f"a TransformJob named '{theirs.name}' exists, and this run did not make it"
    assert left(world) == {"running": [theirs.name]}


# Lost and late calls


CALLS = [
    ("sagemaker", "CreateModel"),
    ("sagemaker", "CreateTransformJob"),
    ("sagemaker", "DescribeTransformJob"),
    ("sagemaker", "DeleteModel"),
    ("s3", "PutObject"),
    ("s3", "GetObject"),
    ("s3", "ListObjectsV2"),
    ("s3", "DeleteObject"),
]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("error", [Crash(), client_error("X", "InternalFailure", "x", 500)])
@pytest.mark.parametrize(("service", "operation"), CALLS)
def test_call_that_is_lost_anywhere_in_an_evaluation_changes_nothing_of_its_end(
    world: RetrainingWorld, service: str, operation: str, error: BaseException, after: bool
) -> None:
    name = schedule(world)
    world.call(name)
    world.time.seconds += 900
    world.work()
    calls = 0
    while not world.stepfunctions.executions[name].done and calls < 400:
        calls += 1
        if calls % 2:
            world.services[service].fail(operation, error, after=after)
        try:
            world.time.seconds += world.call(name)["Seconds"]
        except (Crash, Exception):
            world.time.seconds += 5
        for each in world.services.values():
            each.faults.clear()
        world.work()

    assert world.decisions() == ["Promoted"]
    assert len(world.transforms()) == 2
    assert left(world) == {}


def test_run_that_is_taken_over_goes_on_with_the_same_transform_jobs(world: RetrainingWorld) -> None:
    world.stepfunctions.end(answering(world))
    world.answers = True
    world.go(world.start(Event={"source": "aws.states", "id": "x", "detail": {}}))

    assert world.decisions() == ["Promoted"]
    assert len(world.transforms()) == 2
    assert left(world) == {}


def test_same_rows_and_the_same_run_say_the_same(world: RetrainingWorld) -> None:
    name = schedule(world)
    world.call(name)
    world.go(name)
    told: dict[str, Any] = world.reports()[0]["Holdout"]

    again = RetrainingWorld(world.sink)
    again.hold_out()
    again.create(again.wanted(Holdout=HOLDOUT))
    name = schedule(again)
    again.call(name)
    again.go(name)

    assert again.reports()[0]["Holdout"] == told


def test_delete_stops_what_answers_and_leaves_nothing(world: RetrainingWorld) -> None:
    name = answering(world)

    assert world.delete()["Status"] == "SUCCESS"

    assert left(world) == {}
    assert {run.status for run in world.transforms()} <= {"Stopping", "Stopped"}
    assert world.call(name)["Done"] is True


@pytest.mark.parametrize("operation", ["CreateModel", "CreateTransformJob"])
def test_delete_in_the_middle_of_the_call_that_makes_it_leaves_nothing(world: RetrainingWorld, operation: str) -> None:
    name = schedule(world)
    world.call(name)
    world.time.seconds += 900
    world.work()

    def delete() -> None:
        assert world.delete()["Status"] == "SUCCESS"

    world.hosting.hooks[operation] = delete
    world.go(name)

    assert left(world) == {}
    assert not world.decisions()


def test_update_without_the_holdout_stops_what_answers_and_judges_as_before(world: RetrainingWorld) -> None:
    name = answering(world)

    assert world.update(world.wanted())["Status"] == "SUCCESS"
    assert left(world) == {}
    world.go(name)

    assert world.decisions() == ["Promoted"]
    assert "Challenger" in world.reports()[0]
    assert world.reports()[0]["Ruling"].startswith("met: F1 is 0.9, wanted better than the champion's 0.8")


def test_rollback_goes_before_an_evaluation_which_then_meets_the_champion_of_then(world: RetrainingWorld) -> None:
    world.go(schedule(world, "1"))
    world.score = 0.99
    world.answers = False
    name = schedule(world, "2")
    while len(world.transforms()) < 4:
        world.time.seconds += world.call(name)["Seconds"]
        world.work()
    world.go(world.start(Rollback=True, Cause="rollback by hand"))
    world.answers = True
    world.go(name)

    assert world.decisions() == ["Promoted", "Promoted", "Promoted"]
    assert [report["Kind"] for report in world.reports()] == ["train", "train", "rollback"]
    assert world.reports()[1]["Holdout"]["Against"] == "own-1"
    assert left(world) == {}
