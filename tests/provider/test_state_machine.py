"""The state machine that follows jobs, judged by two linters of Amazon States Language and by its limits.

It is run for real in `tests/rehearsal/waiting`.
"""

import copy
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from statelint.linter import Linter

from constructs_lib import AutoMLJobOutcome, AutoMLProvider
from constructs_lib.runtime.poll import MAX_LOOKS

from ..constructs.synthesis import new_job, new_stack, only, resolved, resources_of, template_of

Definition = dict[str, Any]

VARIABLE = "ASL_VALIDATOR"
"""Says where `asl-validator.js` lies; `dev.py test` puts it there."""

HISTORY = 25_000
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""


@pytest.fixture(scope="module", params=[None, 20])
def definition(request: pytest.FixtureRequest) -> Definition:
    """What a stack that waits is synthesized to: with the default interval, and with the shortest."""
    stack = new_stack()
    if request.param:
        AutoMLProvider.of(stack).configure(poll_interval=cdk.Duration.seconds(request.param))
    AutoMLJobOutcome(stack, "Outcome", job=new_job(stack))
    machine = only(resources_of(template_of(stack), "AWS::StepFunctions::StateMachine"))
    found: Definition = resolved(machine["Properties"]["Definition"])
    return found


def with_bad_next(definition: Definition) -> Definition:
    changed = copy.deepcopy(definition)
    changed["States"]["Look"]["Next"] = "IsDonne"
    return changed


def with_empty_catch(definition: Definition) -> Definition:
    changed = copy.deepcopy(definition)
    changed["States"]["Look"]["Catch"][0]["ErrorEquals"] = []
    return changed


# asl-validator


def asl_validator(definition: Definition, tmp_path: Path) -> "subprocess.CompletedProcess[str]":
    script = os.environ.get(VARIABLE)
    if script is None:
        pytest.fail(
            f"{VARIABLE} must name asl-validator's program: `dev.py test` installs it and sets it", pytrace=False
        )
    assert Path(script).is_file(), f"there is no {script}: npm could not install it"
    node = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert node
    file = tmp_path / "definition.json"
    file.write_text(json.dumps(definition))
    return subprocess.run([node, script, "--json-path", str(file)], capture_output=True, text=True, check=False)


def test_asl_validator_finds_nothing(definition: Definition, tmp_path: Path) -> None:
    done = asl_validator(definition, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_asl_validator_would_find_a_state_that_is_not_there(definition: Definition, tmp_path: Path) -> None:
    done = asl_validator(with_bad_next(definition), tmp_path)
    assert done.returncode != 0
    assert "IsDonne" in done.stdout + done.stderr


# statelint


def statelint(definition: Definition) -> list[str]:
    checked = copy.deepcopy(definition)
    for retry in checked["States"]["Look"]["Retry"]:
        # The CDK writes 2.0 as 2, which is the same in JSON; statelint wants to see the point.
        retry["BackoffRate"] = float(retry["BackoffRate"])
    return list(Linter().validate(checked))


def test_statelint_finds_nothing(definition: Definition) -> None:
    assert statelint(definition) == []


def test_statelint_would_find_a_state_that_is_not_there(definition: Definition) -> None:
    assert any("IsDonne" in problem for problem in statelint(with_bad_next(definition)))


def test_statelint_would_find_a_catch_of_nothing(definition: Definition) -> None:
    """asl-validator does not."""
    assert any("ErrorEquals" in problem for problem in statelint(with_empty_catch(definition)))


# Limits


def events_of_a_look(definition: Definition, *, failed_attempts: int) -> int:
    """Events in the history from one wait to the next, the function having failed so often before it answered."""
    entered_and_exited = 2
    attempt = 3  # scheduled, started, and succeeded or failed
    events, name = 0, "Wait"
    while True:
        state = definition["States"][name]
        events += entered_and_exited
        if state["Type"] == "Task":
            events += attempt * (failed_attempts + 1)
        name = state["Default"] if state["Type"] == "Choice" else state["Next"]
        if name == "Wait":
            return events


def test_history_of_an_execution_never_gets_too_long_however_often_the_function_fails(definition: Definition) -> None:
    [retry] = definition["States"]["Look"]["Retry"]
    around = 4  # the execution started and succeeded, its last state entered and exited
    assert events_of_a_look(definition, failed_attempts=0) == 9
    worst = events_of_a_look(definition, failed_attempts=retry["MaxAttempts"])
    assert worst * MAX_LOOKS + around < HISTORY


def test_look_that_fails_for_good_is_followed_by_another_with_the_state_of_the_one_before(
    definition: Definition,
) -> None:
    [catch] = definition["States"]["Look"]["Catch"]
    assert catch["ErrorEquals"] == ["States.ALL"]
    assert catch["Next"] == definition["StartAt"] == "Wait"
    assert catch["ResultPath"] == "$.Error"
