"""The tiny trainer, whose models of one column are worse than all others: a gate has something to beat."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from constructs_lib.rehearsal.training.task import (
    BestChosen,
    Candidate,
    CandidateFinished,
    Event,
    TrainingResult,
    TrainingTask,
)
from tests.rehearsal.cloud import tiny_training
from tests.rehearsal.serving import tiny_models

Server = tiny_models.Server

WORSE, FOR_EVER = "worse", tiny_training.SLOW_TARGET
CSV = f"churned,fraud,{WORSE},{FOR_EVER}\n".encode() + b"1,0,0,0\n2,1,1,1\n" * 300


def train(
    task: TrainingTask, workdir: Path, *, on_event: Callable[[Event], None], cancelled: threading.Event
) -> TrainingResult:
    if not isinstance(task, TrainingTask):
        return TrainingResult(status="Failed", secondary_status="Failed", failure_reason="images are not looked at")

    def judged(candidate: Candidate) -> Candidate:
        if task.target != WORSE:
            return candidate
        return replace(candidate, objective_value=0.4, metrics={"Validation": {"F1": 0.4}})

    def tell(event: Event) -> None:
        if isinstance(event, (BestChosen, CandidateFinished)):
            event = replace(event, candidate=judged(event.candidate))
        on_event(event)

    result = tiny_models.train(task, workdir, on_event=tell, cancelled=cancelled)
    return replace(
        result,
        candidates=[judged(each) for each in result.candidates],
        best=None if result.best is None else judged(result.best),
    )
