"""What a deployment that waited for its jobs has to show for it."""

import json
from collections.abc import Iterable
from typing import Any

from .account import Account, JobState
from .assembly import Outcome
from .record import Record, Told
from .training.task import NOT_TUNED


def check(outcomes: Iterable[Outcome], account: Account, record: Record) -> list[Told]:
    """Check what outcomes of deployed stacks say of their jobs, which have ended."""
    outcomes = list(outcomes)
    # All outcomes of a job write the same file.
    judged = [outcome.job.place for outcome in outcomes if outcome.has_gate]
    return [
        _check(outcome, account.job(account.name_of(outcome.job)), account, record, judged=outcome.job.place in judged)
        for outcome in outcomes
    ]


def _check(outcome: Outcome, job: JobState, account: Account, record: Record, *, judged: bool) -> Told:
    record.expect(
        job.status == "Completed",
        f"the deployment has waited for {job.name}, which is {job.status}",
        f"{outcome} should have waited for {job.name}, which is {job.status}",
    )
    place = outcome.result(job.output, job.name)
    if place is None:
        return Told(str(outcome), job.name, "", "")
    result = _read(account, place)
    candidates, gate = len(result.get("Candidates", ())), str(result.get("GateResult", ""))
    record.expect(
        result.get("AutoMLJob", {}).get("AutoMLJobName") == job.name and candidates == len(job.candidates),
        f"its result tells of all candidates: {place}",
        f"the result at {place} tells of {candidates} candidates, {job.name} has {len(job.candidates)}",
    )
    record.expect(
        bool(gate) == judged,
        f"the gate says: {gate}{_why_green(outcome, gate)}" if gate else "no gate was asked for, and none has judged",
        f"the gate of {outcome} is not in the result at {place}" if judged else f"nobody asked for: {gate}",
    )
    return Told(str(outcome), job.name, gate if outcome.has_gate else "", place)


def _why_green(outcome: Outcome, gate: str) -> str:
    """A deployment that goes on although its gate was missed was asked to."""
    return "" if gate.startswith("met") or not outcome.has_gate else "; it is asked only to warn"


def _read(account: Account, place: str) -> dict[str, Any]:
    found = account.read(place)
    loaded: dict[str, Any] = json.loads(found) if found else {}
    return loaded


def hints(reasons: Iterable[str]) -> list[str]:
    """What the reasons of a failed deployment may have to do with the rehearsal itself."""
    reasons = list(reasons)
    found = []
    if any("quality gate" in reason for reason in reasons):
        found.append(
            "the gate was asked about a model of this machine, not Autopilot's: it may be met there all the same; "
            "--open-gates lets gates that are missed warn"
        )
    if any(NOT_TUNED in reason for reason in reasons):
        found.append("a deployment that waits for a language model cannot go on here: none is fine-tuned")
    if any("that is to be watched does not exist" in reason for reason in reasons):
        found.append("a job that the app only refers to is not in the embedded AWS: its outcome cannot be rehearsed")
    return found
