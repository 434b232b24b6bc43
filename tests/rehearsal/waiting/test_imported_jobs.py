"""A deployment waits for a job that no resource of its stack made, and never touches it."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns

from constructs_lib import AutoMLJob, AutoMLJobOutcome, OnTimeout, OutputLocation
from constructs_lib.runtime.contract import WATCH_TYPE

from ..cloud.account import BUCKET, channel
from .paced_training import AT_ONCE, BAD, FOR_EVER, SOME_SECONDS
from .stage import Stage, Template, data, ended, eventually, logical_id, new_stack, timing_out

pytestmark = pytest.mark.cloud


def made_elsewhere(stage: Stage, target: str) -> str:
    data = [{**channel(), "TargetAttributeName": target}]
    request = stage.account.request(InputDataConfig=data, AutoMLJobConfig={"Mode": "ENSEMBLING"})
    stage.sagemaker.create_auto_ml_job(**request)
    name: str = request["AutoMLJobName"]
    return name


def outcome_of(stage: Stage, stack_name: str, job_name: str, **props: Any) -> Template:
    stack = new_stack(stack_name)
    output = OutputLocation.from_bucket(data(stack), "out")
    job = AutoMLJob.from_job_name(stack, "Job", job_name, output=output)
    outcome = AutoMLJobOutcome(stack, "Outcome", job=job, **props)
    cdk.CfnOutput(stack, "Best", value=outcome.best_candidate_name)
    cdk.CfnOutput(stack, "Result", value=outcome.result_uri)
    return stage.template(stack)


@pytest.mark.parametrize("target", [SOME_SECONDS, AT_ONCE])
def test_job_that_runs_or_has_ended_is_waited_for(target: str, stage: Stage) -> None:
    job = made_elsewhere(stage, target)
    if target == AT_ONCE:
        stage.account.wait(job)
    name = f"Elsewhere{target.upper()}"

    assert stage.put(name, outcome_of(stage, name, job)) == "CREATE_COMPLETE", stage.reasons(name)

    assert stage.outputs(name) == {
        "Best": "WeightedEnsemble-L3-FULL-t1",
        "Result": f"s3://{BUCKET}/out/{job}/outcome.json",
    }
    assert stage.result(stage.outputs(name)["Result"])["AutoMLJob"]["AutoMLJobName"] == job
    eventually(lambda: ended(stage.executions(name)))
    stage.delete(name)
    assert stage.job(job)["AutoMLJobStatus"] == "Completed"


def test_another_job_in_its_place_is_waited_for_too(stage: Stage) -> None:
    first, second = made_elsewhere(stage, AT_ONCE), made_elsewhere(stage, SOME_SECONDS)
    template = outcome_of(stage, "Moves", first)
    assert stage.put("Moves", template) == "CREATE_COMPLETE", stage.reasons("Moves")

    assert stage.put("Moves", outcome_of(stage, "Moves", second)) == "UPDATE_COMPLETE", stage.reasons("Moves")

    assert stage.outputs("Moves")["Result"] == f"s3://{BUCKET}/out/{second}/outcome.json"
    assert stage.resource("Moves", logical_id(template, WATCH_TYPE)) == f"{logical_id(template, WATCH_TYPE)}-{second}"


def test_job_that_failed_fails_the_deployment(stage: Stage) -> None:
    job = made_elsewhere(stage, BAD)
    assert stage.put("Broken", outcome_of(stage, "Broken", job)) == "ROLLBACK_COMPLETE"
    assert f"the AutoML job '{job}' is Failed" in stage.reasons("Broken")
    assert stage.job(job)["FailureReason"] in stage.reasons("Broken")


def test_job_that_is_not_there_is_named(stage: Stage) -> None:
    assert stage.put("Absent", outcome_of(stage, "Absent", "nobody-made-it")) == "ROLLBACK_COMPLETE"
    assert "the AutoML job 'nobody-made-it' that is to be watched does not exist" in stage.reasons("Absent")


@pytest.mark.parametrize(
    ("choice", "status", "what_happens"),
    [(None, "InProgress", "it runs on"), (OnTimeout.STOP_JOB, "Stopped", "it was stopped")],
)
def test_job_that_outlasts_the_wait_is_only_stopped_when_asked_for(
    choice: OnTimeout | None, status: str, what_happens: str, stage: Stage
) -> None:
    job = made_elsewhere(stage, FOR_EVER)
    name = f"Outlasts{choice or 'Default'}"

    template = outcome_of(stage, name, job, **({} if choice is None else {"on_timeout": choice}))
    assert stage.put(name, timing_out(template, 2)) == "ROLLBACK_COMPLETE"

    assert what_happens in stage.reasons(name)
    assert stage.account.wait(job, until=lambda found: found["AutoMLJobStatus"] == status)
    if status == "InProgress":  # the next test wants its place
        stage.sagemaker.stop_auto_ml_job(AutoMLJobName=job)


def test_job_that_nobody_listens_to_any_more_runs_on_and_is_not_followed(stage: Stage) -> None:
    def listening(*jobs: str) -> Template:
        stack = new_stack("Listeners")
        topic = sns.Topic(stack, "Topic")
        for number, job in enumerate(jobs):
            AutoMLJob.from_job_name(stack, f"Job{number}", job).on_finished(topic)
        return stage.template(stack)

    jobs = [made_elsewhere(stage, FOR_EVER) for _ in range(2)]
    assert stage.put("Listeners", listening(*jobs)) == "CREATE_COMPLETE", stage.reasons("Listeners")
    assert list(stage.executions("Listeners").values()) == ["RUNNING", "RUNNING"]

    assert stage.put("Listeners", listening(jobs[0])) == "UPDATE_COMPLETE", stage.reasons("Listeners")

    eventually(lambda: "SUCCEEDED" in stage.executions("Listeners").values())
    kept, dropped = (
        next(status for execution, status in stage.executions("Listeners").items() if f":{job}-" in execution)
        for job in jobs
    )
    assert (kept, dropped) == ("RUNNING", "SUCCEEDED")
    assert [stage.job(job)["AutoMLJobStatus"] for job in jobs] == ["InProgress", "InProgress"]
    for job in jobs:
        stage.sagemaker.stop_auto_ml_job(AutoMLJobName=job)
