"""A deployment that waits: each check catches the fault that it is there for, in a scripted account."""

import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.rehearsal.account import Thing
from constructs_lib.rehearsal.failures import CheckFailedError
from constructs_lib.rehearsal.journey import FAILING
from constructs_lib.rehearsal.record import Record
from constructs_lib.rehearsal.rehearse import closing
from constructs_lib.rehearsal.stacks import Place, Stack

from . import world as scripted
from .test_assembly import waited
from .world import World, said_in

pytestmark = pytest.mark.usefixtures("impatient")

GATE = {"Rule": "AtLeast", "Value": 0.6, "OnMiss": "fail"}


@dataclass
class Waiting(World):
    """An account whose deployments wait for their job. It cancels what the journey asks it to."""

    gate: str = "met: F1 is 0.75, wanted at least 0.6"
    cancelled: bool = False
    followed: set[str] = field(default_factory=set)
    is_over_too_soon: bool = False

    def deploy(self, template: dict[str, Any]) -> int:
        if not self.cancelled:
            return super().deploy(template)
        self.cancelled = False
        old = self.resource
        self.make_job()
        self.roll_back(old)
        return 1

    def waits_at(self, place: Place, conditions: Iterable[str]) -> bool:
        [condition] = conditions
        assert re.fullmatch("OutcomeWait[0-9A-F]{12}", condition)
        return not self.is_over_too_soon

    def cancel_update(self, stack: Stack) -> None:
        self.cancelled = True

    def executions(self) -> set[str]:
        return self.followed

    def result(self, name: str) -> dict[str, Any]:
        return {"AutoMLJob": {"AutoMLJobName": name}, "Candidates": [{}], "GateResult": self.gate}

    def read(self, uri: str) -> bytes | None:
        found = re.fullmatch("s3://results/(job-[0-9])/outcome.json", uri)
        return json.dumps(self.result(found[1])).encode() if found else None


def walk(world: Waiting, tmp_path: Path, **outcome: Any) -> Record:
    given = {"WriteResult": True, "Gate": GATE, **outcome}
    properties = {name: value for name, value in given.items() if value is not None}
    return scripted.walk(world, tmp_path, waited(**properties))


def test_a_good_life_of_a_job_that_is_waited_for(tmp_path: Path) -> None:
    world = Waiting()
    record = walk(world, tmp_path)

    assert [step.title for step in record.steps] == [
        "cdk deploy",
        "what the deployment has waited for",
        "outputs",
        "the same app again",
        "an update that trains again",
        "an update of tags alone",
        "an update that is cancelled while it waits",
        "an update that fails and rolls back",
        "cdk destroy",
        "nothing is left",
    ]
    assert record.steps[1].checks[:4] == [
        "the deployment has waited for job-1, which is Completed",
        "its result tells of all candidates: s3://results/job-1/outcome.json",
        "the gate says: met: F1 is 0.75, wanted at least 0.6",
        "job-1 is Completed after 3.0 s",
    ]
    assert record.steps[1].checks[-1] == "no state machine waits for a job now"
    assert "the deployment has waited for job-2, which is Completed" in record.steps[4].checks
    assert record.steps[6].checks[0] == "the stack has rolled back"
    assert world.jobs() == {"job-1": "Completed", "job-2": "Completed", "job-3": "Stopped", "job-4": "Stopped"}


def test_what_is_cancelled_on_purpose_says_so(tmp_path: Path) -> None:
    out = io.StringIO()
    scripted.walk(Waiting(), tmp_path, waited(WriteResult=True, Gate=GATE), out=out)
    assert said_in("an update that is cancelled while it waits", out)[0] == (
        "cancelled on purpose, as soon as it waits for its job: what fails now is meant to"
    )


def test_gate_that_is_missed_and_only_warns_says_so(tmp_path: Path) -> None:
    missed = "missed: F1 is 0.75, wanted at least 0.9"
    record = walk(Waiting(gate=missed), tmp_path, Gate={**GATE, "OnMiss": "warn"})
    assert f"the gate says: {missed}; it is asked only to warn" in record.steps[1].checks


def test_closing_lines_tell_the_gate_the_result_and_what_was_shortened(tmp_path: Path) -> None:
    text = "\n".join(closing(walk(Waiting(), tmp_path)))
    for words in (
        "Outcome of job-1\n  gate: met: F1 is 0.75, wanted at least 0.6\n  result: s3://results/job-1/outcome.json",
        "Shortened: the time between two looks at a job, from a minute to a second",
    ):
        assert words in text


def test_outcome_without_gate_and_result_is_told_as_such(tmp_path: Path) -> None:
    record = walk(Waiting(), tmp_path, Gate=None, WriteResult=False)
    assert record.steps[1].checks[1] == "job-1 is Completed after 3.0 s"
    assert "Outcome of job-1\n  gate: none\n  result: not written" in "\n".join(closing(record))


def test_update_that_is_over_before_it_can_be_cancelled_is_said_not_to_be_shown(tmp_path: Path) -> None:
    record = walk(Waiting(is_over_too_soon=True), tmp_path)
    assert record.not_shown == ["an update that waits for Plain/Job being cancelled: it was over before"]
    assert not record.steps[6].checks


class DoesNotWait(Waiting):
    def make_job(self) -> None:
        super().make_job()
        self.states[self.resource] = replace(self.states[self.resource], status="InProgress")


class ForgetsCandidates(Waiting):
    def result(self, name: str) -> dict[str, Any]:
        return {**super().result(name), "Candidates": []}


class TellsOfTheFirstJob(Waiting):
    def result(self, name: str) -> dict[str, Any]:
        return super().result("job-1")


class WritesNothing(Waiting):
    def read(self, uri: str) -> bytes | None:
        return None


class GoesOnTraining(Waiting):
    def roll_back(self, old: str) -> None:
        third = self.resource
        super().roll_back(old)
        self.states[third] = replace(self.states[third], status="InProgress")


class FollowsAfterTheCancellation(Waiting):
    def roll_back(self, old: str) -> None:
        super().roll_back(old)
        self.followed = {"job-3-execution"}


class LeavesAParameter(Waiting):
    def destroy(self) -> None:
        super().destroy()
        self.left = {Thing("parameter", "/credit/model")}


@pytest.mark.parametrize(
    ("world", "message"),
    [
        (DoesNotWait(), "Plain/Outcome should have waited for job-1, which is InProgress"),
        (
            ForgetsCandidates(),
            "the result at s3://results/job-1/outcome.json tells of 0 candidates, job-1 has 1",
        ),
        (
            TellsOfTheFirstJob(),
            "the result at s3://results/job-2/outcome.json tells of 1 candidates, job-2 has 1",
        ),
        (WritesNothing(), "the result at s3://results/job-1/outcome.json tells of 0 candidates, job-1 has 1"),
        (Waiting(gate=""), "the gate of Plain/Outcome is not in the result at s3://results/job-1/outcome.json"),
        (Waiting(followed={"job-1-execution"}), "state machines that still wait for a job: job-1-execution"),
        (GoesOnTraining(), "job-3, made by the update that was rolled back, is InProgress and was not released"),
        (FollowsAfterTheCancellation(), "state machines that still wait for a job: job-3-execution"),
        (LeavesAParameter(), "the stacks are destroyed, and this is left: parameter /credit/model"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, World) else "",
)
def test_each_fault_is_caught(world: Waiting, message: str, tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError) as failed:
        walk(world, tmp_path)
    assert str(failed.value) == message
    assert world.destroyed == 1


def test_a_verdict_that_nobody_asked_for_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match=r"^nobody asked for: met: F1 is"):
        walk(Waiting(), tmp_path, Gate=None)


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        (
            "Outcome: the quality gate of the AutoML job 'job-1' was missed: F1 is 0.75, wanted at least 0.9",
            "the gate was asked about a model of this machine, not Autopilot's: it may be met there all the same; "
            "--open-gates lets gates that are missed warn",
        ),
        (
            "Outcome: the AutoML job 'job-1' is Failed: This machine does not fine-tune language models, so the "
            "rehearsal of this job ends here. Its data is in order: 1000 rows.",
            "a deployment that waits for a language model cannot go on here: none is fine-tuned",
        ),
        (
            "Watch: the AutoML job 'theirs' that is to be watched does not exist in this account and region",
            "a job that the app only refers to is not in the embedded AWS: its outcome cannot be rehearsed",
        ),
    ],
)
def test_deployment_that_fails_for_the_rehearsals_sake_says_so(reason: str, hint: str, tmp_path: Path) -> None:
    class Refused(Waiting):
        def deploy(self, template: dict[str, Any]) -> int:
            return 1

        def failures(self, stack: Stack) -> list[str]:
            return [reason]

    with pytest.raises(CheckFailedError) as failed:
        walk(Refused(), tmp_path)
    assert str(failed.value) == f"cdk deploy failed\n  {reason}\n  {hint}"


def test_failure_that_is_rehearsed_comes_after_the_wait(tmp_path: Path) -> None:
    class NotesOrder(Waiting):
        after: list[str] = []  # noqa: RUF012  one test

        def deploy(self, template: dict[str, Any]) -> int:
            if FAILING in template["Resources"]:
                self.after += template["Resources"][FAILING]["DependsOn"]
            return super().deploy(template)

    walk(NotesOrder(), tmp_path)
    assert NotesOrder.after == ["Job", "Outcome"]
