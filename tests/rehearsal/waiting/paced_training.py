"""The tiny trainer; jobs for one of the columns take a few seconds, so that a deployment has something to wait for."""

import threading
from collections.abc import Callable
from pathlib import Path

from constructs_lib.rehearsal.training.task import Event, StageEvent, TrainingResult, TrainingTask
from tests.rehearsal.cloud import tiny_training

Server = tiny_training.Server

AT_ONCE = "y"
SOME_SECONDS = "x"
FOR_EVER = tiny_training.SLOW_TARGET
BAD = tiny_training.BAD_TARGET
"""What to learn, for jobs that take so long. The last one fails."""

SECONDS = 3.0


def train(
    task: TrainingTask, workdir: Path, *, on_event: Callable[[Event], None], cancelled: threading.Event
) -> TrainingResult:
    if task.target == SOME_SECONDS:
        on_event(StageEvent(secondary_status="FeatureEngineering"))
        if cancelled.wait(SECONDS):
            return TrainingResult(status="Stopped", secondary_status="Stopped")
    return tiny_training.train(task, workdir, on_event=on_event, cancelled=cancelled)
