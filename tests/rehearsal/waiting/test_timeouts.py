"""The time that a deployment waits is over while its job still runs."""

import aws_cdk as cdk
import pytest

from constructs_lib import AutoMLJobOutcome, OnTimeout

from .paced_training import FOR_EVER
from .stage import Stage, ended, eventually, new_job, new_stack, timing_out

pytestmark = pytest.mark.cloud

SECONDS = 2


def deploy(stage: Stage, name: str, choice: OnTimeout) -> str:
    stack = new_stack(name)
    outcome = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack, FOR_EVER), on_timeout=choice)
    cdk.CfnOutput(stack, "Status", value=outcome.status)
    cdk.CfnOutput(stack, "Best", value=f"<{outcome.best_candidate_name}>")
    return stage.put(name, timing_out(stage.template(stack), SECONDS))


@pytest.mark.parametrize(
    ("choice", "what_happens"), [(OnTimeout.STOP_JOB, "it was stopped"), (OnTimeout.FAIL, "it runs on")]
)
def test_deployment_fails_and_its_own_job_is_stopped(choice: OnTimeout, what_happens: str, stage: Stage) -> None:
    name = f"Out{choice}"

    assert deploy(stage, name, choice) == "ROLLBACK_COMPLETE"

    [job] = stage.jobs(name)
    waited = f"the AutoML job '{job}' has not ended (InProgress, ModelTuning) within the {SECONDS} seconds"
    assert f"{waited} that the deployment waits for it; {what_happens}" in stage.reasons(name)
    assert stage.jobs(name) == {job: "Stopped"}


def test_job_that_is_let_run_goes_on_and_is_followed_to_its_end(stage: Stage) -> None:
    assert deploy(stage, "LetRun", OnTimeout.LET_RUN) == "CREATE_COMPLETE", stage.reasons("LetRun")

    assert stage.outputs("LetRun") == {"Status": "InProgress", "Best": "<>"}
    [(job, status)] = stage.jobs("LetRun").items()
    assert status == "InProgress"
    assert list(stage.executions("LetRun").values()) == ["RUNNING"]

    stage.sagemaker.stop_auto_ml_job(AutoMLJobName=job)

    eventually(lambda: ended(stage.executions("LetRun")))
    assert list(stage.executions("LetRun").values()) == ["SUCCEEDED"]


def test_longer_waits_go_from_condition_to_condition(stage: Stage) -> None:
    stack = new_stack("Chain")
    job = new_job(stack, FOR_EVER)
    AutoMLJobOutcome(stack, "Outcome", job=job, timeout=cdk.Duration.hours(30), on_timeout=OnTimeout.LET_RUN)
    template = timing_out(stage.template(stack), SECONDS)

    assert stage.put("Chain", template) == "CREATE_COMPLETE", stage.reasons("Chain")

    signalled = [each["detail"] for each in stage.log("Chain") if each.get("decision") == "wait condition signalled"]
    assert len(signalled) == len(set(signalled)) == 3
