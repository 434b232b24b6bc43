"""What the candidates of a job are called, which jobs made them, and where their files lie: as it was seen of AWS.

Each engine has its own ways: hyperparameter tuning, the ensembles of tables, and those of time series. Nobody has shown
candidates for texts and images; they are called as a lone ensemble is.
"""

import secrets
import string
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from constructs_lib.rehearsal.cloud.as_role import S3Location
from constructs_lib.rehearsal.training.task import ENSEMBLE

_LONGEST = 63
"""Characters after which the name of a step is cut."""

_LONGEST_TUNING = 32
_SHORT: Mapping[str, str] = {"linear-learner": "ll", "xgboost": "xgb", "mlp": "mlp"}
_RECORDIO = ("linear-learner",)
"""Algorithms that get their features as recordio; the others get CSV."""

_SERIES: Mapping[str, str] = {
    ENSEMBLE: "me", "cnn-qr": "cnnqr", "deepar": "deepar",
    "arima": "tsarima", "ets": "tsets", "npts": "tsnpts", "prophet": "tsprophet",
}  # fmt: skip
"""What clients look for in the names of candidates that forecast."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A job of SageMaker that made a part of a candidate."""

    kind: str
    """`TrainingJob`, `ProcessingJob` or `TransformJob`."""
    name: str
    output: S3Location
    """Where it has written to."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """A candidate."""

    name: str
    steps: tuple[Step, ...]
    """The last one has trained the model."""
    model: S3Location
    features: S3Location | None = None
    """The first container's data, in a pipeline."""
    recordio: bool = False
    """Whether the features reach the algorithm as recordio."""


class Names(ABC):
    """All names of one job. A candidate keeps those that it was given first."""

    def __init__(self, job: str, output: S3Location) -> None:
        self._job = job
        self._output = output.joined(job)
        self._known: dict[str, Named] = {}

    def of(self, candidate: str, algorithm: str) -> Named:
        """The names of a candidate.

        Args:
            candidate: What the trainer calls it.
            algorithm: What it was trained with.
        """
        if candidate not in self._known:
            self._known[candidate] = self._make(algorithm, len(self._known) + 1)
        return self._known[candidate]

    @property
    @abstractmethod
    def notebooks(self) -> Mapping[str, S3Location]:
        """Where the notebooks lie that the service writes of such a job."""

    @abstractmethod
    def reports(self, named: Named) -> Mapping[str, S3Location]:
        """Where the reports on the best candidate lie, by the names of `CandidateArtifactLocations`."""

    @abstractmethod
    def report_folder(self, place: S3Location) -> S3Location:
        """The folder at such a place that holds the files."""

    @abstractmethod
    def _make(self, algorithm: str, number: int) -> Named: ...

    def _step(self, kind: str, part: str, output: S3Location) -> Step:
        return Step(kind=kind, name=self._cut(part), output=output)

    def _cut(self, part: str) -> str:
        return f"{self._job}-{part}-1-{secrets.token_hex(_LONGEST)}"[:_LONGEST]


class Tuned(Names):
    """Hyperparameter tuning: a pipeline per candidate, made by a data builder, a data processor and an algorithm."""

    def __init__(self, job: str, output: S3Location) -> None:
        super().__init__(job, output)
        letters = string.ascii_letters + string.digits
        more = "".join(secrets.choice(letters) for _ in range(_LONGEST_TUNING - len(job)))
        self._tuning = f"{job}{more}"
        self._explored = self._cut("pr")
        self._run = secrets.token_hex(16)
        self._builder = self._step("ProcessingJob", "db", self._output.joined("preprocessed-data"))
        self._pipelines: dict[str, int] = {}

    @property
    def notebooks(self) -> Mapping[str, S3Location]:
        """Both, in the folder of the job that explored the data."""
        folder = self._output.joined("sagemaker-automl-candidates", self._explored, "notebooks")
        return _notebooks(folder, "CandidateDefinitionNotebook", "DataExplorationNotebook")

    def reports(self, named: Named) -> Mapping[str, S3Location]:
        """Places that do not name the candidate."""
        del named
        return _reports(self._output)

    def report_folder(self, place: S3Location) -> S3Location:
        """One below, called by the run that wrote it."""
        return place.joined(self._run)

    def _make(self, algorithm: str, number: int) -> Named:
        pipeline = f"dpp{self._pipelines.setdefault(algorithm, len(self._pipelines))}"
        recordio = algorithm in _RECORDIO
        form = "rpb" if recordio else "csv"
        name = f"{self._tuning}-{number:03}-{secrets.token_hex(4)}"
        processors = self._output.joined("data-processor-models")
        processor = self._step("TrainingJob", pipeline, processors)
        tuning = self._output.joined("tuning", f"{self._job[:10]}-{pipeline}-{_SHORT.get(algorithm, algorithm)}")
        return Named(
            name=name,
            steps=(
                self._builder,
                processor,
                self._step(
                    "TransformJob", f"{pipeline}-{form}", self._output.joined("transformed-data", pipeline, form)
                ),
                Step(kind="TrainingJob", name=name, output=tuning),
            ),
            model=tuning.joined(name, "output", "model.tar.gz"),
            features=processors.joined(processor.name, "output", "model.tar.gz"),
            recordio=recordio,
        )


class Ensembled(Names):
    """An ensemble per trial: one container, made by one training job."""

    def __init__(self, job: str, output: S3Location, *, alone: bool) -> None:
        """Make the names.

        Args:
            job: The job's name.
            output: The job's output path.
            alone: Whether the job has one candidate, which is called by the job's name then.
        """
        super().__init__(job, output)
        self._alone = alone

    @property
    def notebooks(self) -> Mapping[str, S3Location]:
        """The definition of the candidates alone."""
        folder = self._output.joined("sagemaker-automl-candidates", "notebooks")
        return _notebooks(folder, "CandidateDefinitionNotebook")

    def reports(self, named: Named) -> Mapping[str, S3Location]:
        """Places that end with the candidate's name."""
        return {name: place.joined(named.name) for name, place in _reports(self._output).items()}

    def report_folder(self, place: S3Location) -> S3Location:
        """The place itself."""
        return place

    def _make(self, algorithm: str, number: int) -> Named:
        del algorithm
        name = f"{self._job}-trial-t{number}-1" if self._alone else f"WeightedEnsemble-L3-FULL-t{number}"
        models = self._output.joined("sagemaker-automl-candidates", "model")
        return Named(
            name=name,
            steps=(self._step("TrainingJob", f"t{number}", models),),
            model=models.joined(name, "model.tar.gz"),
        )


class Forecasting(Names):
    """Time series: a candidate per algorithm and their ensemble, all below one folder."""

    def __init__(self, job: str, output: S3Location) -> None:
        super().__init__(job, output)
        self._folder = self._output.joined(f"{job}-trial-TimeSeriesModelTraining")
        self._models: dict[str, str] = {}

    @property
    def notebooks(self) -> Mapping[str, S3Location]:
        """None."""
        return {}

    def reports(self, named: Named) -> Mapping[str, S3Location]:
        """Insights and explanations of the best one, and the backtest of each model."""
        backtest = self._folder.joined("backtest-export", self._models[named.name], "backtest-1")
        return {
            "Explainability": self._folder.joined("documentation", "explainability"),
            "ModelInsights": self._folder.joined("documentation", "model_monitor"),
            "BacktestResults": backtest,
        }

    def report_folder(self, place: S3Location) -> S3Location:
        """The place itself."""
        return place

    def _make(self, algorithm: str, number: int) -> Named:
        del number
        short = _SERIES.get(algorithm, algorithm)
        name = f"{self._job}-trial-{short}-1"
        self._models[name] = f"model-{ENSEMBLE if algorithm == ENSEMBLE else short}"
        models = self._folder.joined("models", self._models[name], "full-dataset")
        step = self._step("TrainingJob", short, models)
        return Named(name=name, steps=(step,), model=models.joined(step.name, "output", "model.tar.gz"))


def _notebooks(folder: S3Location, *names: str) -> dict[str, S3Location]:
    return {name: folder.joined(f"SageMakerAutopilot{name}.ipynb") for name in names}


def _reports(output: S3Location) -> dict[str, S3Location]:
    documentation = output.joined("documentation")
    return {
        "Explainability": documentation.joined("explainability", "output"),
        "ModelInsights": documentation.joined("model_monitor", "output"),
    }
