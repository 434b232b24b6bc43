"""What a training job is asked, what it reports on the way, and what it ends with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Status = Literal["Completed", "Failed", "Stopped"]
Direction = Literal["Maximize", "Minimize"]

REASON_LENGTH = 1024
"""The longest failure reason that the service reports."""

ENSEMBLE = "ensemble"
"""Stands for an algorithm where a candidate is made of others."""

NOT_TUNED = (
    "This machine does not fine-tune language models, so the rehearsal of this job ends here. Its data is in order: "
)
"""How the reason begins for which every text generation job with sound data ends here."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One AutoML job, its data already on this machine. Names and values are spelled as in the API."""

    kind: ClassVar[str]
    """Which steps of the worker do it."""

    reports: ClassVar[Sequence[str]] = ("explain", "insights")
    """The steps that say something of the best candidate."""

    content_type: str | None = None
    validation_fraction: float | None = None
    max_runtime_per_training_job: int | None = None
    """Seconds that one candidate may take."""

    max_runtime: int | None = None
    """Seconds that the whole job may take."""


@dataclass(frozen=True, kw_only=True)
class FileTask(Task):
    """A job whose channels are CSV or Parquet files."""

    training_files: Sequence[Path]
    validation_files: Sequence[Path] = ()


@dataclass(frozen=True, kw_only=True)
class TrainingTask(FileTask):
    """A tabular job."""

    kind = "tabular"

    compression: str | None = None
    target: str
    sample_weight: str | None = None
    problem_type: str | None = None
    objective: str | None = None
    mode: str | None = None
    algorithms: Sequence[str] | None = None
    features: Mapping[str, Any] | None = None
    """The parsed feature specification: ``FeatureAttributeNames`` and ``FeatureDataTypes``."""

    max_candidates: int | None = None
    candidate_definitions_only: bool = False


@dataclass(frozen=True, kw_only=True)
class TextClassificationTask(FileTask):
    """A job that learns the class of a text."""

    kind = "text"

    content: str
    """The column of texts."""

    target: str
    """The column of classes."""


@dataclass(frozen=True, kw_only=True)
class ImageFile:
    """One image of a channel."""

    path: Path
    name: str
    """As the user knows it; the last folder in it is the image's class unless `label` says another."""

    label: str | None = None
    """The class that an augmented manifest gives."""


@dataclass(frozen=True, kw_only=True)
class ImageClassificationTask(Task):
    """A job that learns the class of an image."""

    kind = "image"

    training_images: Sequence[ImageFile]
    validation_images: Sequence[ImageFile] = ()


@dataclass(frozen=True, kw_only=True)
class ForecastingTask(FileTask):
    """A job that forecasts the values of several time series."""

    kind = "forecast"

    frequency: str
    horizon: int
    quantiles: Sequence[str] | None = None
    target: str
    timestamp: str
    item: str
    groupings: Sequence[str] = ()
    filling: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    aggregation: Mapping[str, str] = field(default_factory=dict)
    holiday_country: str | None = None
    algorithms: Sequence[str] | None = None
    features: Mapping[str, Any] | None = None
    objective: str | None = None


@dataclass(frozen=True, kw_only=True)
class TextGenerationTask(FileTask):
    """A job that would fine-tune a language model: its data is judged, and then it fails, because none is here."""

    kind = "generation"

    base_model: str | None = None


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One model that was trained, or was meant to be."""

    name: str
    algorithm: str
    description: str
    """Which estimator really ran, with its parameters; says so where it stands for another one."""

    status: Status
    objective_metric: str
    objective_value: float | None = None
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Values by set (``Validation``, ``Train``) and metric, in the API's spellings."""

    seconds: float = 0.0
    failure_reason: str | None = None
    model_archive: Path | None = None
    explainability: Path | None = None
    insights: Path | None = None
    backtest: Path | None = None
    """A folder with what a forecasting candidate said of the past, beside what was."""


@dataclass(frozen=True, kw_only=True)
class StageEvent:
    """The job has entered a stage, named as the service shows it in ``AutoMLJobSecondaryStatus``."""

    secondary_status: str


@dataclass(frozen=True, kw_only=True)
class Analyzed:
    """The data is analysed: what is to be learned from it, and how."""

    problem_type: str
    """As in `TrainingResult`."""

    objective: str
    direction: Direction
    mode: str | None = None
    """Of a tabular job, the ``Mode`` that it runs in, whether one was given or not."""

    notebooks: Mapping[str, Path] = field(default_factory=dict)
    """As in `TrainingResult`."""


@dataclass(frozen=True, kw_only=True)
class CandidateStarted:
    """A candidate's process has begun to train."""

    name: str
    algorithm: str


@dataclass(frozen=True, kw_only=True)
class CandidateFinished:
    """A candidate is trained, has failed, or was stopped."""

    candidate: Candidate


@dataclass(frozen=True, kw_only=True)
class BestChosen:
    """All is trained, and this is the best of it; what is said of it is still to be written."""

    candidate: Candidate


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something that a reader of the result should know."""

    text: str


Event = StageEvent | Analyzed | CandidateStarted | CandidateFinished | BestChosen | Note


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """How a job ended."""

    status: Status
    secondary_status: str
    failure_reason: str | None = None
    problem_type: str | None = None
    """Of a tabular job as in ``ProblemType``, of others as in ``AutoMLProblemTypeConfigName``."""

    objective: str | None = None
    objective_direction: Direction | None = None
    candidates: Sequence[Candidate] = ()
    """The completed ones first, best first."""

    best: Candidate | None = None
    notes: Sequence[str] = ()
    notebooks: Mapping[str, Path] = field(default_factory=dict)
    """``CandidateDefinitionNotebook`` and ``DataExplorationNotebook``."""
