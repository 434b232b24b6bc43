"""One job from its files to its leaderboard. Runs in the caller's thread; all work is done by worker processes."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from .task import (
    REASON_LENGTH,
    Analyzed,
    BestChosen,
    Candidate,
    CandidateFinished,
    CandidateStarted,
    Note,
    StageEvent,
    TrainingResult,
    TrainingTask,
)
from .workers import Call, Outcome, Workers, side_by_side

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable

    from .task import Event, Status, Task

_MERGING = "MergingAutoMLTaskReports"
"""The one stage in which all reports on a tabular job are made. AWS shows it, and its API's model does not know it."""

_REPORTS = {
    "explain": ("GeneratingExplainabilityReport", "explainability", "ExplainabilityError"),
    "insights": ("GeneratingModelInsightsReport", "insights", "ModelInsightsError"),
}
"""The stage of each report, the candidate's field for it, and how a job ends when it fails."""


def train(
    task: Task, workdir: Path, *, on_event: Callable[[Event], None], cancelled: threading.Event
) -> TrainingResult:
    """Train all candidates of a task and choose the best.

    Args:
        task: What to train, with its data.
        workdir: Where models and reports are written. It must be kept as long as the result is used.
        on_event: Told of everything that happens, in the caller's thread.
        cancelled: Once set, the job ends as Stopped within moments, with what is finished by then.

    Returns:
        How it ended. Mistakes in the data or the task are a result with status Failed and the reason.

    Raises:
        RuntimeError: A step failed in a way that is nobody's mistake but ours.
    """
    with Workers(side_by_side(), come_back=True) as workers:
        return _Job(task, Path(workdir), workers, on_event, cancelled).run()


class _Failed(Exception):  # noqa: N818 - carries the reason to the end of the job
    pass


class _Interrupted(Exception):  # noqa: N818 - cancelled, or out of time
    pass


class _Job:
    def __init__(
        self,
        task: Task,
        directory: Path,
        workers: Workers,
        on_event: Callable[[Event], None],
        cancelled: threading.Event,
    ) -> None:
        self._task = task
        self._directory = directory
        self._workers = workers
        self._on_event = on_event
        self._cancelled = cancelled
        self._deadline = None if task.max_runtime is None else monotonic() + task.max_runtime
        self._prepared: dict[str, Any] = {}
        self._candidates: list[Candidate] = []
        self._notes: list[str] = []

    def run(self) -> TrainingResult:
        try:
            self._prepare()
            if isinstance(self._task, TrainingTask) and self._task.candidate_definitions_only:
                return self._result("Completed", "CandidateDefinitionsGenerated")
            self._train()
            return self._result("Completed", self._report())
        except _Failed as failed:
            return self._result("Failed", "Failed", str(failed))
        except _Interrupted:
            return self._interrupted_result()

    def _prepare(self) -> None:
        self._stage("AnalyzingData")
        task = json.loads(json.dumps(asdict(self._task), default=str))  # paths become text on the way to the worker
        outcome = self._do(self._call("prepare", task=task))
        if outcome.ended == "fault":
            raise _Failed(outcome.text)
        if outcome.ended != "done":
            raise RuntimeError(f"the data could not be analysed: {outcome.text}")
        self._prepared = outcome.value
        for text in self._prepared["notes"]:
            self._note(text)
        self._on_event(
            Analyzed(
                problem_type=self._prepared["problem_type"],
                objective=self._prepared["objective"],
                direction=self._prepared["direction"],
                mode=self._prepared.get("mode"),
                notebooks=self._notebooks,
            )
        )
        if isinstance(self._task, TrainingTask):
            self._stage("FeatureEngineering")

    @property
    def _notebooks(self) -> dict[str, Path]:
        return {name: Path(path) for name, path in self._prepared.get("notebooks", {}).items()}

    def _train(self) -> None:
        self._stage(self._prepared["stage"])
        self._fit(self._call("fit", trial=trial) for trial in self._prepared["trials"])
        completed = self._completed()
        ensemble = self._prepared["ensemble"]
        if ensemble and len(completed) >= ensemble["fewest"]:
            members = [str(candidate.model_archive) for candidate in completed]
            self._fit([self._call("combine", trial=ensemble["trial"], members=members)])
        if not self._completed():
            reasons = "; ".join(f"{candidate.name}: {candidate.failure_reason}" for candidate in self._candidates)
            raise _Failed(f"no candidate could be trained: {reasons}")

    def _fit(self, calls: Iterable[Call]) -> None:
        outcomes = self._workers.run(
            calls,
            interrupted=self._interrupted,
            limit=self._task.max_runtime_per_training_job,
            on_start=lambda call: self._on_event(
                CandidateStarted(name=call.arguments["trial"]["name"], algorithm=call.arguments["trial"]["algorithm"])
            ),
        )
        for outcome in outcomes:
            candidate = self._candidate(outcome)
            self._candidates.append(candidate)
            self._on_event(CandidateFinished(candidate=candidate))
        if self._interrupted():
            raise _Interrupted

    def _candidate(self, outcome: Outcome) -> Candidate:
        trial = outcome.call.arguments["trial"]
        objective = self._prepared["objective"]
        candidate = Candidate(
            name=trial["name"],
            algorithm=trial["algorithm"],
            description=trial["description"],
            status="Failed",
            objective_metric=objective,
            seconds=outcome.seconds,
        )
        if outcome.ended == "timeout":
            limit = self._task.max_runtime_per_training_job
            reason = f"it did not finish within the maximum runtime per training job, {limit} s"
            return replace(candidate, status="Stopped", failure_reason=reason)
        if outcome.ended == "stopped":
            return replace(candidate, status="Stopped", failure_reason="the job ended before it was finished")
        if outcome.ended != "done":
            return replace(candidate, failure_reason=_short(outcome.text))
        for text in outcome.value.get("notes", ()):
            self._note(text)
        candidate = replace(candidate, description=outcome.value.get("description", candidate.description))
        metrics = outcome.value["metrics"]
        if objective not in metrics["Validation"]:
            return replace(candidate, metrics=metrics, failure_reason=f"{objective} is not defined on these rows")
        return replace(
            candidate,
            status="Completed",
            objective_value=metrics["Validation"][objective],
            metrics=metrics,
            model_archive=Path(outcome.value["archive"]),
            backtest=Path(outcome.value["backtest"]) if "backtest" in outcome.value else None,
        )

    def _report(self) -> str:
        """Explain the best candidate; return the job's last secondary status."""
        best = self._completed()[0]
        ending = "Completed"
        merged = isinstance(self._task, TrainingTask)
        if merged:
            self._stage(_MERGING)
        self._on_event(BestChosen(candidate=best))
        for step in self._prepared.get("reports", self._task.reports):
            stage, attribute, error = _REPORTS[step]
            if not merged:
                self._stage(stage)
            named = {"name": best.name, "description": best.description} if step == "insights" else {}
            outcome = self._do(self._call(step, archive=str(best.model_archive), **named))
            if outcome.ended == "done":
                best = self._replaced(best, attribute, Path(outcome.value))
            else:
                ending = error
                self._note(f"the step {step!r} failed for {best.name}: {outcome.text}")
        return ending

    def _replaced(self, candidate: Candidate, attribute: str, path: Path) -> Candidate:
        changes: dict[str, Any] = {attribute: path}
        better = replace(candidate, **changes)
        self._candidates[self._candidates.index(candidate)] = better
        return better

    def _call(self, step: str, **arguments: Any) -> Call:
        return Call(step=f"{self._task.kind}.{step}", arguments={**arguments, "directory": str(self._directory)})

    def _do(self, call: Call) -> Outcome:
        for outcome in self._workers.run([call], interrupted=self._interrupted):
            if outcome.ended != "stopped":
                return outcome
        raise _Interrupted

    def _interrupted(self) -> bool:
        return self._cancelled.is_set() or (self._deadline is not None and monotonic() > self._deadline)

    def _interrupted_result(self) -> TrainingResult:
        if self._cancelled.is_set():
            return self._result("Stopped", "Stopped")
        if not self._completed():  # such a job was seen to be Completed all the same, without a best candidate
            passed = f"the maximum runtime of the job, {self._task.max_runtime} s, passed"
            self._note(f"{passed} before any candidate was finished")
        return self._result("Completed", "MaxAutoMLJobRuntimeReached")

    def _completed(self) -> list[Candidate]:
        """The completed candidates, best first; of equals, the one that is made of the others."""
        done = [candidate for candidate in self._candidates if candidate.status == "Completed"]
        sign = -1 if self._prepared.get("direction") == "Maximize" else 1
        ensemble = ((self._prepared.get("ensemble") or {}).get("trial") or {}).get("name")
        return sorted(done, key=lambda each: (sign * (each.objective_value or 0.0), each.name != ensemble))

    def _result(self, status: Status, secondary_status: str, reason: str | None = None) -> TrainingResult:
        completed = self._completed()
        others = [candidate for candidate in self._candidates if candidate.status != "Completed"]
        return TrainingResult(
            status=status,
            secondary_status=secondary_status,
            failure_reason=None if reason is None else _short(reason),
            problem_type=self._prepared.get("problem_type"),
            objective=self._prepared.get("objective"),
            objective_direction=self._prepared.get("direction"),
            candidates=(*completed, *others),
            best=completed[0] if completed else None,
            notes=tuple(self._notes),
            notebooks=self._notebooks,
        )

    def _stage(self, secondary_status: str) -> None:
        self._on_event(StageEvent(secondary_status=secondary_status))

    def _note(self, text: str) -> None:
        self._notes.append(text)
        self._on_event(Note(text=text))


def _short(reason: str) -> str:
    return reason if len(reason) <= REASON_LENGTH else reason[: REASON_LENGTH - 3] + "..."
