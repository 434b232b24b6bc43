"""What cannot work is refused when the app is synthesized, and what surely is a mistake is told."""

import re
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_s3_notifications import SqsDestination

from constructs_lib import (
    CHAMPION,
    ApprovalStatus,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLJobV2,
    Channel,
    CompletionCriteria,
    Metric,
    ModelDeployConfig,
    NewData,
    OnMiss,
    OutputLocation,
    ProblemType,
    QualityGate,
    TextGeneration,
)

from ..constructs.synthesis import CREDIT, data_bucket, new_job, new_stack, template_of, warnings_of
from .test_retraining import EVERY_MONDAY, retrained, served

Make = Callable[[cdk.Stack], Any]


def asset_job(stack: cdk.Stack) -> Any:
    return new_job(stack, training_data=Channel.from_asset(CREDIT), target_attribute="bad_credit")


def generating(stack: cdk.Stack) -> Any:
    bucket = data_bucket(stack)
    return AutoMLJobV2(
        stack,
        "Job",
        problem=TextGeneration(),
        training_data=Channel.from_bucket(bucket, "train/"),
        output=OutputLocation.from_bucket(bucket, "models/"),
    )


def other_stack(stack: cdk.Stack) -> cdk.Stack:
    return cdk.Stack(stack.node.root, "Other")  # type: ignore[arg-type]


def other_endpoint(stack: cdk.Stack) -> dict[str, Any]:
    return {"job": new_job(stack), "promotes": served(stack, new_job(stack, "OtherJob"))}


def promoted_twice(stack: cdk.Stack) -> dict[str, Any]:
    job = new_job(stack)
    endpoint = served(stack, job)
    retrained(stack, job=job, promotes=endpoint, construct_id="First")
    return {"job": job, "promotes": endpoint}


def named(stack: cdk.Stack) -> dict[str, Any]:
    job = new_job(stack, job_name="churn")
    return {"job": job, "promotes": served(stack, job)}


def watching(prefix: str, **props: Any) -> Make:
    def make(stack: cdk.Stack) -> dict[str, Any]:
        return {"on_new_data": NewData(data_bucket(stack), prefix, **props)}

    return make


def below_the_data(stack: cdk.Stack) -> dict[str, Any]:
    job = new_job(stack, training_data=Channel.from_bucket(data_bucket(stack), "data/"))
    return {"job": job, "on_new_data": NewData(data_bucket(stack), "other/")}


REFUSED: list[tuple[Make, str]] = [
    (
        lambda stack: {"job": "churn"},
        "'job' must be an AutoMLJob or an AutoMLJobV2 of this app, got 'churn' (str): a run makes",
    ),
    (
        lambda stack: {"job": AutoMLJob.from_job_name(stack, "Old", "churn-2025")},
        "'job' must be an AutoMLJob or an AutoMLJobV2 of this app, got ",
    ),
    (
        lambda stack: {"job": new_job(other_stack(stack))},
        "'job' is of another stack: the function of a stack makes jobs",
    ),
    (
        lambda stack: {"job": generating(stack)},
        "'job' is for TextGeneration, which has no objective: nothing says whether",
    ),
    (
        lambda stack: {"job": new_job(stack, model_deploy_config=ModelDeployConfig.auto_named())},
        "'job' has a 'model_deploy_config': each run would deploy to the same name",
    ),
    (
        lambda stack: {"job": new_job(stack, generate_candidate_definitions_only=True)},
        "'job' has 'generate_candidate_definitions_only': it trains nothing that could be promoted",
    ),
    (
        lambda stack: {"schedule": "rate(7 days)"},
        "'schedule' must be an aws_scheduler.ScheduleExpression, got 'rate(7 days)'",
    ),
    (
        lambda stack: {"schedule": events.Schedule.rate(cdk.Duration.days(7))},
        "'schedule' must be an aws_scheduler.ScheduleExpression, got ",
    ),
    (lambda stack: {"time_window": "OFF"}, "'time_window' must be an aws_scheduler.TimeWindow, got 'OFF'"),
    (
        lambda stack: {"schedule": None, "time_window": scheduler.TimeWindow.off()},
        "'time_window' needs a 'schedule'",
    ),
    (lambda stack: {"on_alarm": "drift"}, "'on_alarm' must be a list of cloudwatch.IAlarm, got 'drift'"),
    (lambda stack: {"on_alarm": ["drift"]}, "'on_alarm[0]' must be a cloudwatch.IAlarm, got 'drift'"),
    (lambda stack: {"on_new_data": "train/"}, "'on_new_data' must be a NewData, got 'train/'"),
    (
        lambda stack: {"on_new_data": NewData("data", "train/")},  # type: ignore[arg-type]
        "'on_new_data': NewData: ",
    ),
    (watching("/train/"), "'on_new_data': 'prefix' is a key within the bucket, without the bucket and a leading slash"),
    (watching("train/", quiet_for=5), "'on_new_data.quiet_for' must be a Duration, got 5"),
    (
        watching("train/", quiet_for=cdk.Duration.days(2)),
        "'on_new_data.quiet_for' must be 0 to 86400 whole seconds, got 172800",
    ),
    (
        lambda stack: {"job": asset_job(stack), "on_new_data": NewData(data_bucket(stack), "train/")},
        "'on_new_data' does not fit a job whose 'training_data' is an asset: the same bytes would be learned from",
    ),
    (
        watching("m"),
        "'job.output' lies below 'on_new_data' (in the same bucket, 'models/' below 'm'): what a run writes would",
    ),
    (
        lambda stack: {"on_new_data": NewData(s3.Bucket(stack, "Mine"), "train/")},
        "'on_new_data' is another bucket than the job's 'training_data', or the job reads a manifest",
    ),
    (below_the_data, "'on_new_data.prefix' is 'other/', and the job's 'training_data' is below 'data/'"),
    (lambda stack: {"timeout": 5}, "'timeout' must be a Duration, got 5"),
    (
        lambda stack: {"timeout": cdk.Duration.seconds(10)},
        "'timeout' must be whole seconds from 5 minutes to 30 days, got 10",
    ),
    (
        lambda stack: {
            "job": new_job(stack, completion_criteria=CompletionCriteria(max_runtime=cdk.Duration.hours(4))),
            "timeout": cdk.Duration.hours(3),
        },
        "'timeout' is 10800 seconds, but the job's 'completion_criteria.max_runtime' lets it run 14400",
    ),
    (
        lambda stack: {"register_in": 5},
        "'register_in' must be a model package group: its name, its ARN or a CfnModelPackageGroup, got 5",
    ),
    (
        lambda stack: {"register_in": cdk.CfnWaitConditionHandle(stack, "Handle")},
        "'register_in' must be a model package group: its name, its ARN or a CfnModelPackageGroup, got",
    ),
    (lambda stack: {"approval_status": ApprovalStatus.APPROVED}, "'approval_status' needs 'register_in'"),
    (
        lambda stack: {"register_in": "churn", "approval_status": "Fine"},
        "'approval_status' must be one of 'Approved', 'Rejected', 'PendingManualApproval', got 'Fine'",
    ),
    (lambda stack: {"promotes": "churn"}, "'promotes' must be an AutoMLEndpoint of this app, got 'churn'"),
    (other_endpoint, "'promotes' serves another job than 'job'"),
    (promoted_twice, "'promotes' is promoted by 'Stack/First' already: two would take the endpoint from each other"),
    (named, "'job' has a 'job_name', and the model's role may read that job's folder alone"),
    (lambda stack: {"max_runs_per_month": 0}, "'max_runs_per_month' must be a whole number from 1 to 1000, got 0"),
    (lambda stack: {"on_failed": "ann"}, "'on_failed' must be an sns.ITopic, got 'ann'"),
    (lambda stack: {"quality_gate": 0.8}, "'quality_gate' must be a QualityGate, got 0.8"),
    (
        lambda stack: {"quality_gate": QualityGate(at_least=0.8, by=0.01)},
        "'quality_gate.by' is for 'better_than=CHAMPION'",
    ),
    (
        lambda stack: {"quality_gate": QualityGate(better_than=CHAMPION, by=-1)},
        "'quality_gate.by' must be a finite number of at least 0, got -1",
    ),
    (
        lambda stack: {"quality_gate": QualityGate(better_than=CHAMPION, on_miss=OnMiss.WARN)},
        "'quality_gate.on_miss' is for deployments",
    ),
    (
        lambda stack: {"quality_gate": QualityGate()},
        "'quality_gate' must have 'better_than=CHAMPION', or one of 'at_least' and 'at_most', or both kinds",
    ),
    (
        lambda stack: {
            "job": new_job(stack, problem_type=ProblemType.REGRESSION, objective=Metric.MSE),
            "quality_gate": QualityGate(better_than=CHAMPION, at_least=0.8),
        },
        "'quality_gate.at_least' does not fit 'MSE', of which less is better: use 'at_most'",
    ),
    (
        lambda stack: {"on_new_data": NewData(data_bucket(stack), "train/", quiet_for=cdk.Duration.millis(300_500))},
        "'on_new_data.quiet_for' must be 0 to 86400 whole seconds, got 300.5",
    ),
    (
        lambda stack: {
            "on_new_data": NewData(
                data_bucket(stack), "train/", at_most_every=cdk.Duration.minutes(cdk.Token.as_number({"Ref": "M"}))
            )
        },
        "'on_new_data.at_most_every' must be known when the app is synthesized, so it cannot be a token",
    ),
    (lambda _: {"register_in": "x" * 64}, "'register_in' must match (arn:aws"),
    (lambda _: {"register_in": "\ud800"}, "'register_in' must be text that UTF-8 can write, got '\\ud800'"),
    (
        lambda stack: {"quality_gate": QualityGate(better_than=AutoMLJobOutcome(stack, "O", job=new_job(stack, "J2")))},
        "'quality_gate.better_than' must be CHAMPION, got ",
    ),
]


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=[message[:60] for _, message in REFUSED])
def test_mistakes_are_told_in_the_callers_words(make: Make, message: str) -> None:
    stack = new_stack()
    props = make(stack)

    with pytest.raises(ValueError, match=re.escape(message)):
        retrained(stack, **props)


def test_bucket_whose_events_come_to_another_account_is_refused() -> None:
    app = cdk.App()
    here, there = (cdk.Environment(account=each, region="eu-west-1") for each in ("111111111111", "222222222222"))
    stack = cdk.Stack(app, "Churn", env=here)
    bucket = s3.Bucket(cdk.Stack(app, "Lake", env=there), "Rows", bucket_name="rows-there")
    job = new_job(stack, training_data=Channel.from_bucket(bucket, "train/"))

    with pytest.raises(
        ValueError,
        match=r"'on_new_data.bucket' is in the account 222222222222, and the stack in 111111111111: the events of a "
        r"bucket reach the EventBridge of its own account and region alone",
    ):
        retrained(stack, job=job, on_new_data=NewData(bucket, "train/"))


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ValueError, match="AutoMLRetraining 'Stack/Weekly' has 3 problems:"):
        retrained(new_stack(), schedule=1, timeout=2, max_runs_per_month="3")


def test_champion_is_no_baseline_of_a_deployment() -> None:
    stack = new_stack()
    gate = QualityGate(better_than=CHAMPION)

    with pytest.raises(ValueError, match=r"'quality_gate.better_than' is CHAMPION, which an AutoMLRetraining has"):
        AutoMLJobOutcome(stack, "Outcome", job=new_job(stack), quality_gate=gate)
    with pytest.raises(ValueError, match=r"'quality_gate.by' is for 'better_than=CHAMPION'"):
        AutoMLJobOutcome(stack, "Outcome", job=new_job(stack, "J"), quality_gate=QualityGate(at_least=0.5, by=1))


# Told


def test_schedule_over_an_asset_is_told() -> None:
    stack = new_stack()
    retraining = retrained(stack, job=asset_job(stack), schedule=EVERY_MONDAY)

    assert any("the same bytes each time" in text for text in warnings_of(retraining))


def test_imported_bucket_is_told_how() -> None:
    stack = new_stack()
    retraining = retrained(stack, on_new_data=NewData(data_bucket(stack), "train/"))

    (told,) = [text for text in warnings_of(retraining) if "EventBridge" in text]
    assert "'on_new_data' watches 'data-bucket', which this app does not make" in told


def own(stack: cdk.Stack, *, before: bool) -> tuple[Any, dict[str, Any]]:
    bucket = s3.Bucket(stack, "Mine")
    job = new_job(stack, training_data=Channel.from_bucket(bucket, "train/"))
    queue = sqs.Queue(stack, "Queue")
    if before:
        bucket.add_event_notification(s3.EventType.OBJECT_CREATED, SqsDestination(queue))
    retraining = retrained(stack, job=job, on_new_data=NewData(bucket, "train/"))
    if not before:
        bucket.add_event_notification(s3.EventType.OBJECT_CREATED, SqsDestination(queue))
    return retraining, template_of(stack)


def test_notifications_that_come_later_turn_the_events_off_and_it_is_told() -> None:
    retraining, _ = own(new_stack(), before=False)

    assert any("turns EventBridge off again" in text for text in warnings_of(retraining))


def test_notifications_that_are_there_are_joined() -> None:
    retraining, template = own(new_stack(), before=True)

    assert not any("EventBridge" in text for text in warnings_of(retraining))
    (handler,) = [each for each in template["Resources"].values() if each["Type"] == "Custom::S3BucketNotifications"]
    assert "EventBridgeConfiguration" in handler["Properties"]["NotificationConfiguration"]


def scored(stack: cdk.Stack, prefix: str) -> None:
    """Another job's candidate predicts, and writes below a prefix of the data bucket."""
    job = new_job(stack, "Other", training_data=Channel.from_bucket(data_bucket(stack), "other/"))
    outcome = AutoMLJobOutcome(stack, "OtherOutcome", job=job)
    outcome.transform(
        "Scores",
        data=Channel.from_bucket(data_bucket(stack), "new/"),
        instance_type="ml.m5.large",
        output=OutputLocation.from_bucket(data_bucket(stack), prefix),
    )


def watching_train(stack: cdk.Stack) -> None:
    retrained(stack, on_new_data=NewData(data_bucket(stack), "train/"))


BELOW = "(in the same bucket, 'train/scores/' below 'train/'): whatever is written there starts a run"


def test_transform_that_writes_below_what_is_watched_is_refused_when_the_retraining_was_first() -> None:
    stack = new_stack()
    watching_train(stack)

    wrong = f"the output lies below what 'Stack/Weekly' watches with 'on_new_data' {BELOW}"
    with pytest.raises(ValueError, match=re.escape(wrong)):
        scored(stack, "train/scores")


def test_transform_that_writes_below_what_is_watched_is_refused_when_it_was_first() -> None:
    stack = new_stack()
    scored(stack, "train/scores")

    wrong = "the output of 'Stack/OtherOutcome/Scores' lies below 'on_new_data' " + BELOW
    with pytest.raises(ValueError, match=re.escape(wrong)):
        watching_train(stack)


def test_transform_that_writes_beside_what_is_watched_or_in_another_app_is_welcome() -> None:
    scored(new_stack(), "train/scores")
    stack = new_stack()
    scored(stack, "scores")
    watching_train(stack)
    scored(new_stack(), "train/scores")
