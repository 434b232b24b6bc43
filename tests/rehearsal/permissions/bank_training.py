"""The tiny trainer, whose models of one column are worse than all others: a gate has something to beat."""

import threading
import time
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

SECONDS = 3.0
"""How long a model of these takes for a row that says `slow`."""

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


class Server(tiny_models.Server):
    """Takes so long for slow rows that a transform job of some of them is at work until it is stopped."""

    def predict(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        if body.startswith(FOR_EVER.encode()):
            time.sleep(SECONDS)
        return super().predict(body, content_type, accept)
