"""The tiny trainer, whose models answer with the name of the column that they have learned.

So an answer tells which job's model it is from. Models of some columns are trouble in service.
"""

import tarfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from constructs_lib.rehearsal.training.task import CandidateFinished, Event, TrainingResult, TrainingTask
from tests.rehearsal.cloud import tiny_training

FIRST, SECOND = "x", "y"
BROKEN = "broken"
"""There is nothing in the archive: the container does not come up."""

LATE = "late"
"""The container takes some seconds to come up."""

CSV = f"{FIRST},{SECOND},{BROKEN},{LATE},slow\n".encode() + b"1,0,0,0,0\n2,1,1,1,1\n" * 300
SECONDS = 3.0
OUTPUT = "SAGEMAKER_INFERENCE_OUTPUT"


def train(
    task: TrainingTask, workdir: Path, *, on_event: Callable[[Event], None], cancelled: threading.Event
) -> TrainingResult:
    def tell(event: Event) -> None:
        if isinstance(event, CandidateFinished) and event.candidate.model_archive is not None:
            model = workdir / "model"
            model.write_text(task.target)
            with tarfile.open(event.candidate.model_archive, "w:gz") as packed:
                packed.add(model, arcname="nothing" if task.target == BROKEN else "model.txt")
        on_event(event)

    result = tiny_training.train(task, workdir, on_event=tell, cancelled=cancelled)
    if result.best is None:
        return result
    # The reports that Autopilot writes of a candidate.
    insights = workdir / "insights"
    insights.mkdir()
    (insights / "statistics.json").write_text("{}")
    best = replace(result.best, insights=insights)
    candidates = [best if each is result.best else each for each in result.candidates]
    return replace(result, best=best, candidates=candidates)


class Server(tiny_training.Server):
    """Answers every row with the model's text, and the keys if it was asked for any but the label."""

    @classmethod
    def start(cls, model_archive: Path, environment: Mapping[str, str]) -> "tiny_training.Server":
        asked = environment.get(OUTPUT, "")
        server = super().start(model_archive, {OUTPUT: "" if asked == tiny_training.KEYS[0] else asked})
        if server.predict(b"1", "text/csv", "text/csv")[0].startswith(LATE.encode()):
            time.sleep(SECONDS)
        return server
