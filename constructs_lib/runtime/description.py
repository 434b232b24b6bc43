"""What the service says of a job: any part may be missing while it runs, and many are when it has failed."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from .clients import Reply
from .contract import ENDED, direction_of, standard_name

_SETS = ("Validation", "Test", "Train")
"""Where a metric was measured, best first: the candidates were chosen by the validation data."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of a candidate."""

    names: tuple[str, ...]
    """What it is called: the standard name first, where there is one, and the candidate's own name for it last."""
    value: float | None
    """None if it is missing or no finite number."""
    type: str = ""
    """`Type` of the API, `Minimize` or `Maximize`; empty for all but objectives, and for those of
    HYPERPARAMETER_TUNING."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.names[0] if self.names else ""

    @property
    def direction(self) -> str:
        """`Minimize` or `Maximize`: by its name, or else by its type; empty if neither tells."""
        return next(filter(None, map(direction_of, self.names)), None) or self.type


@dataclass(frozen=True, slots=True)
class Description:
    """The answer of `DescribeAutoMLJobV2`, read so that nothing in it has to be there."""

    reply: Reply = field(repr=False)

    @property
    def name(self) -> str:
        """The job's name."""
        return self._text("AutoMLJobName")

    @property
    def arn(self) -> str:
        """The job's ARN."""
        return self._text("AutoMLJobArn")

    @property
    def status(self) -> str:
        """`AutoMLJobStatus`."""
        return self._text("AutoMLJobStatus")

    @property
    def secondary_status(self) -> str:
        """`AutoMLJobSecondaryStatus`."""
        return self._text("AutoMLJobSecondaryStatus")

    @property
    def state(self) -> str:
        """Both statuses; another state is news."""
        return f"{self.status}/{self.secondary_status}"

    @property
    def has_ended(self) -> bool:
        """Whether the job can neither run nor bill any more."""
        return self.status in ENDED

    @property
    def created(self) -> datetime | None:
        """When the job was made."""
        return self._time("CreationTime")

    @property
    def ended(self) -> datetime | None:
        """When the job ended."""
        return self._time("EndTime")

    @property
    def failure_reason(self) -> str:
        """Why the job failed."""
        return self._text("FailureReason")

    @property
    def partial_failure_reasons(self) -> list[str]:
        """What went wrong in parts of the job."""
        found = [_text_at(part, "PartialFailureMessage") for part in self._list(self.reply, "PartialFailureReasons")]
        return [text for text in found if text]

    @property
    def problem_type(self) -> str:
        """What the job learns, given or inferred: a tabular problem type, or the kind of the problem."""
        tabular = "ResolvedAttributes", "AutoMLProblemTypeResolvedAttributes", "TabularResolvedAttributes"
        configured = next(iter(_map_at(self.reply, "AutoMLProblemTypeConfig")), "").removesuffix("JobConfig")
        return (
            _text_at(self.reply, *tabular, "ProblemType")
            or _text_at(self.reply, "AutoMLProblemTypeConfig", "TabularJobConfig", "ProblemType")
            or self._text("AutoMLProblemTypeConfigName")
            or configured
        )

    @property
    def makes_definitions_only(self) -> bool:
        """Whether the job was to define candidates and train none."""
        tabular = _map_at(self.reply, "AutoMLProblemTypeConfig", "TabularJobConfig")
        # Whether a job of CreateAutoMLJob shows its switch here is unverified; its secondary status tells too.
        return (
            tabular.get("GenerateCandidateDefinitionsOnly") is True
            or self.secondary_status == "CandidateDefinitionsGenerated"
        )

    @property
    def wants_endpoint(self) -> bool:
        """Whether the job was to deploy its best candidate."""
        return bool(_map_at(self.reply, "ModelDeployConfig"))

    @property
    def endpoint_name(self) -> str:
        """The endpoint that the job reports to have made."""
        return _text_at(self.reply, "ModelDeployResult", "EndpointName")

    @property
    def output_path(self) -> str:
        """Where the job's artifacts lie."""
        return _text_at(self.reply, "OutputDataConfig", "S3OutputPath")

    @property
    def output_key(self) -> str:
        """The KMS key that encrypts them; empty if they are encrypted without one of the user's."""
        return _text_at(self.reply, "OutputDataConfig", "KmsKeyId")

    # The best candidate

    @property
    def candidate_name(self) -> str:
        """The best candidate's name; empty if there is no candidate."""
        return _text_at(self.reply, "BestCandidate", "CandidateName")

    @property
    def has_candidate(self) -> bool:
        """Whether there is a best candidate."""
        return bool(_map_at(self.reply, "BestCandidate"))

    @property
    def objective(self) -> Metric:
        """The best candidate's value of what the job optimized, which the job itself may name better."""
        datum = _map_at(self.reply, "BestCandidate", "FinalAutoMLJobObjectiveMetric")
        resolved = _text_at(self.reply, "ResolvedAttributes", "AutoMLJobObjective", "MetricName")
        return _metric(datum, resolved or _text_at(self.reply, "AutoMLJobObjective", "MetricName"))

    @property
    def rounds_values(self) -> bool:
        """Whether the values are those of the algorithm's log, which has five decimals: HYPERPARAMETER_TUNING."""
        return bool(self.objective.names) and not self.objective.type

    @property
    def metrics(self) -> list[Metric]:
        """The best candidate's other metrics; one measured on several sets counts where `_SETS` names it first."""
        data = self._list(_map_at(self.reply, "BestCandidate", "CandidateProperties"), "CandidateMetrics")
        order = {name: place for place, name in enumerate(_SETS)}
        return [
            _metric(datum) for datum in sorted(data, key=lambda datum: order.get(_text_at(datum, "Set"), len(order)))
        ]

    @property
    def inference_image(self) -> str:
        """The image of the first container with a model."""
        return _text_at(self._container(), "Image")

    @property
    def model_data_url(self) -> str:
        """The model of the first container that has one."""
        return _text_at(self._container(), "ModelDataUrl")

    @property
    def explainability_uri(self) -> str:
        """Where the report on what the candidate looks at lies."""
        return self._artifact("Explainability")

    @property
    def model_insights_uri(self) -> str:
        """Where the report on how good the candidate is lies."""
        return self._artifact("ModelInsights")

    @property
    def backtest_results_uri(self) -> str:
        """Where the forecasts that a forecasting candidate was measured by lie."""
        return self._artifact("BacktestResults")

    def _artifact(self, name: str) -> str:
        return _text_at(self.reply, "BestCandidate", "CandidateProperties", "CandidateArtifactLocations", name)

    def _container(self) -> Mapping[str, Any]:
        with_model = (container for container in self._containers() if _text_at(container, "ModelDataUrl"))
        return next(with_model, {})

    def _containers(self) -> Iterator[Mapping[str, Any]]:
        best = _map_at(self.reply, "BestCandidate")
        yield from self._list(best, "InferenceContainers")
        by_processor = _map_at(best, "InferenceContainerDefinitions")
        for processor in ("CPU", "GPU"):
            yield from self._list(by_processor, processor)

    def _text(self, name: str) -> str:
        return _text_at(self.reply, name)

    def _time(self, name: str) -> datetime | None:
        value = self.reply.get(name)
        return value if isinstance(value, datetime) else None

    def _list(self, parent: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
        return cast("Sequence[Mapping[str, Any]]", parent.get(name) or [])


def _map_at(parent: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for name in path:
        parent = parent.get(name) or {}
    return parent


def _text_at(parent: Mapping[str, Any], *path: str) -> str:
    return str(_map_at(parent, *path[:-1]).get(path[-1]) or "")


def _metric(datum: Mapping[str, Any], wanted: str = "") -> Metric:
    """A metric by all its names; `wanted` is the job's objective, for a candidate without a standard name."""
    called = _text_at(datum, "MetricName")
    names = (_text_at(datum, "StandardMetricName"), wanted if datum else "", standard_name(called), called)
    value = datum.get("Value")
    is_number = isinstance(value, int | float) and math.isfinite(value)
    return Metric(
        tuple(dict.fromkeys(filter(None, names))),
        float(cast("float", value)) if is_number else None,
        _text_at(datum, "Type"),
    )
