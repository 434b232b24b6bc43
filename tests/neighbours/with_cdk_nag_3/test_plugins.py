"""Guard and checkov as validation plug-ins of the CDK: what they find on what the library makes, and what meets it."""

import contextlib
import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from cdk_validator_checkov import CheckovValidator
from cdklabs.cdk_validator_cfnguard import CfnGuardValidator

from tests.constructs.synthesis import new_job

pytestmark = pytest.mark.neighbours

OF_THE_BUCKET = {
    "s3_bucket_logging_enabled_check",
    "s3_bucket_object_lock_enabled_check",
    "s3_event_notifications_enabled_check",
}
OF_THE_REST = {"cloudwatch_log_group_encrypted_check", "lambda_inside_vpc_check"}
"""Met by options of the provider: `tests/scanners` has the bank's app with all of them."""


def with_own_bucket() -> cdk.Stack:
    """A job alone, whose output goes to a bucket that the library makes."""
    stack = cdk.Stack(cdk.App(), "Churn")
    new_job(stack, output=None)
    return stack


def found_by(plugin: Any, stack: cdk.Stack) -> dict[str, set[str]]:
    """What a plug-in finds, and where."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    cdk.Validations.of(app).add_plugins(plugin)
    with contextlib.suppress(RuntimeError):  # that it has found something
        app.synth()
    (report,) = json.loads((Path(app.outdir) / "validation-report.json").read_text())["pluginReports"]
    return {
        each["ruleName"]: {construct["constructPath"] for construct in each["violatingConstructs"]}
        for each in report["violations"]
    }


def test_guard_finds_on_the_own_bucket_what_output_meets() -> None:
    own = found_by(CfnGuardValidator(), with_own_bucket())
    stack = cdk.Stack(cdk.App(), "Churn")
    new_job(stack)  # with `output`

    assert {rule for rule, paths in own.items() if paths == {"Churn/Job/Output/Resource"}} == OF_THE_BUCKET
    assert set(own) == OF_THE_BUCKET | OF_THE_REST
    assert set(found_by(CfnGuardValidator(), stack)) == OF_THE_REST


def test_guards_findings_can_be_acknowledged_where_no_control_is_switched_on() -> None:
    stack = with_own_bucket()
    cdk.Validations.of(stack.node.find_child("Job")).acknowledge(
        *(cdk.Acknowledgment(id=f"cdk-validator-cfnguard::{rule}", reason="no such control") for rule in OF_THE_BUCKET)
    )

    assert set(found_by(CfnGuardValidator(), stack)) == OF_THE_REST


def test_checkov_finds_nothing_that_is_ours() -> None:
    stack = with_own_bucket()
    s3.CfnBucket(stack, "Theirs")
    found = found_by(CheckovValidator(), stack)

    assert "CKV_AWS_21" in found
    assert set().union(*found.values()) == {"Churn/Theirs"}
