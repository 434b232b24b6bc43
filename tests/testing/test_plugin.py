"""The fixture with which a user's test rehearses a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest

from constructs_lib import AutoMLJob, AutoMLJobOutcome, Channel, CompletionCriteria, Mode, QualityGate

from ..constructs.synthesis import CREDIT

if TYPE_CHECKING:
    from pathlib import Path

    from constructs_lib.testing.plugin import Rehearse

pytest_plugins = ["constructs_lib.testing.plugin"]


def loans(*, at_least: float) -> cdk.Stack:
    """A stack of an app that has another one."""
    app = cdk.App()
    cdk.CfnOutput(cdk.Stack(app, "Beside"), "Nothing", value="x")
    stack = cdk.Stack(app, "Loans")
    job = AutoMLJob(
        stack,
        "Credit",
        training_data=Channel.from_asset(CREDIT),
        target_attribute="bad_credit",
        mode=Mode.ENSEMBLING,
        completion_criteria=CompletionCriteria(max_candidates=1),
    )
    AutoMLJobOutcome(stack, "Outcome", job=job, quality_gate=QualityGate(at_least=at_least))
    return stack


@pytest.mark.cloud
def test_stack_is_rehearsed(rehearse: Rehearse) -> None:
    printed = rehearse(loans(at_least=0.01))

    assert "checks passed" in printed
    assert "Loans" in printed
    assert "Beside" not in printed


@pytest.mark.cloud
def test_what_fails_there_fails_the_test(rehearse: Rehearse) -> None:
    with pytest.raises(pytest.fail.Exception) as failed:
        rehearse(loans(at_least=1.5))

    assert "a check of the rehearsal failed: " in str(failed.value)
    assert "wanted at least 1.5" in str(failed.value)


def test_what_cannot_start_is_told(rehearse: Rehearse, tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception) as failed:
        rehearse(tmp_path / "nothing")

    assert str(failed.value).startswith("the rehearsal cannot start: ")


@pytest.mark.parametrize("app", [3, None])
def test_what_is_no_app_is_told(rehearse: Rehearse, app: Any) -> None:
    with pytest.raises(TypeError) as refused:
        rehearse(app)

    assert str(refused.value) == (
        f"'app' must be an App, a stack of one, or what `automl rehearse` takes as text, got {type(app).__name__}"
    )
