"""A stand-in for the training package: it counts lines, so that tests of the service take no training time."""

import tarfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from constructs_lib.rehearsal.training.task import (
    Analyzed,
    BestChosen,
    Candidate,
    CandidateFinished,
    CandidateStarted,
    Event,
    Note,
    StageEvent,
    TrainingResult,
    TrainingTask,
)

STOPPED = "stopped"
SLOW_TARGET = "slow"
"""A job with this target trains until it is stopped."""

MERGING_TARGET = "merging"
"""A job with this target writes reports until it is stopped."""

BAD_TARGET = "bad"
"""A job with this target fails."""

NOTEBOOKS = ("CandidateDefinitionNotebook", "DataExplorationNotebook")


def train(
    task: TrainingTask, workdir: Path, *, on_event: Callable[[Event], None], cancelled: threading.Event
) -> TrainingResult:
    lines = [line for file in task.training_files for line in file.read_text().splitlines()]
    on_event(Note(text=f"{len(lines)} lines were read"))
    if task.target == BAD_TARGET:
        reason = f"The target {task.target} has no values"
        return TrainingResult(status="Failed", secondary_status="Failed", failure_reason=reason)
    notebooks = {name: workdir / f"{name}.ipynb" for name in NOTEBOOKS}
    for notebook in notebooks.values():
        notebook.write_text("{}")
    on_event(
        Analyzed(
            problem_type=task.problem_type or "BinaryClassification",
            objective=task.objective or "F1",
            direction="Maximize",
            mode=task.mode or "HYPERPARAMETER_TUNING",
            notebooks=notebooks,
        )
    )
    on_event(StageEvent(secondary_status="FeatureEngineering"))
    on_event(StageEvent(secondary_status="ModelTuning"))
    candidates = [_candidate(task, workdir, rank, on_event) for rank in (1, 2)]
    if task.target == SLOW_TARGET:
        cancelled.wait()
        return TrainingResult(status="Stopped", secondary_status="Stopped", candidates=candidates)
    on_event(StageEvent(secondary_status="MergingAutoMLTaskReports"))
    on_event(BestChosen(candidate=candidates[0]))
    if task.target == MERGING_TARGET:
        cancelled.wait()
        return TrainingResult(status="Stopped", secondary_status="Stopped", candidates=candidates)
    return TrainingResult(
        status="Completed",
        secondary_status="Completed",
        problem_type=task.problem_type or "BinaryClassification",
        objective=task.objective or "F1",
        objective_direction="Maximize",
        candidates=candidates,
        best=candidates[0],
        notes=["a tiny trainer"],
        notebooks=notebooks,
    )


def _candidate(task: TrainingTask, workdir: Path, rank: int, on_event: Callable[[Event], None]) -> Candidate:
    name = f"tiny-{rank}"
    on_event(CandidateStarted(name=name, algorithm="xgboost"))
    model = workdir / f"{name}.txt"
    model.write_text(f"answer {rank}")
    archive = workdir / f"{name}.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(model, arcname="model.txt")
    explained = workdir / name
    (explained / "deep").mkdir(parents=True)
    (explained / "deep" / "shap.json").write_text("{}")
    candidate = Candidate(
        name=name,
        algorithm="xgboost",
        description="counts lines",
        status="Completed",
        objective_metric=task.objective or "F1",
        objective_value=1 / rank,
        metrics={"Validation": {"F1": 1 / rank, "LogLoss": 0.5, "not-a-metric": 1.0, "AUC": float("nan")}},
        seconds=0.1,
        model_archive=archive,
        explainability=explained,
        insights=None,
    )
    on_event(CandidateFinished(candidate=candidate))
    return candidate


MODE = "AUTOML_TRANSFORM_MODE"
KEYS = ("predicted_label", "probability", "probabilities", "labels")


SERIES = "series"
"""A model with this text answers each request with a header and with how many lines it had."""

LATE = "late"
"""A model with this text takes a while to come up."""


class Server:
    """Answers every row with the model's text. The row `slow` takes a while, the row `crash` is a bug of the model."""

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def start(cls, model_archive: Path, environment: Mapping[str, str]) -> "Server":
        try:
            with tarfile.open(model_archive) as packed:
                file = packed.extractfile("model.txt")
                text = file.read().decode() if file else ""
        except (tarfile.TarError, KeyError) as error:
            raise ValueError(f"{model_archive.name} is no model: {error}") from error
        if text == LATE:
            time.sleep(0.5)
        output = environment.get("SAGEMAKER_INFERENCE_OUTPUT", "")
        if strangers := [key for key in output.split(",") if key and key not in KEYS]:
            raise ValueError(f"the model does not answer with {', '.join(strangers)}")
        return cls(f"{text} {output}".strip())

    @classmethod
    def start_containers(cls, model_archive: Path, environments: Sequence[Mapping[str, str]]) -> "Server":
        """Some containers of a candidate answer with what they do, and with nothing else."""
        modes = [environment.get(MODE) for environment in environments]
        if modes == [None]:
            return cls.start(model_archive, environments[0])
        return cls(" ".join(mode or "algorithm" for mode in modes))

    def predict(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        if content_type != "text/csv":
            raise ValueError(f"content type {content_type} is not text/csv")
        rows = body.decode().splitlines()
        if "bad" in rows:
            raise ValueError(f"row {rows.index('bad') + 1} is bad")
        if "crash" in rows:
            raise RuntimeError("the model failed: it crashed")
        if "slow" in rows:
            time.sleep(0.3)
        if self._text == STOPPED:
            raise RuntimeError("the server is stopped")
        if self._text == SERIES:
            return f"id,date,p50\n{rows[0].partition(',')[0]},2020-01-01,{len(rows)}\n".encode(), "text/csv"
        return "\n".join([self._text] * len(rows)).encode(), accept or "text/csv"

    def stop(self) -> None:
        self._text = STOPPED
