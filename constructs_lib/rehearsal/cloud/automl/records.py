"""A trained candidate in the API's shape, as each engine was seen to answer."""

import math
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from constructs_lib.rehearsal.cloud import environments
from constructs_lib.rehearsal.cloud.as_role import S3Location
from constructs_lib.rehearsal.cloud.automl import rules
from constructs_lib.rehearsal.cloud.automl.job import Job
from constructs_lib.rehearsal.cloud.automl.names import Named
from constructs_lib.rehearsal.cloud.model import service_model
from constructs_lib.rehearsal.cloud.store import Json, now
from constructs_lib.rehearsal.training.task import Candidate

IMAGE = "rehearsal.invalid/trained-on-this-machine-not-by-autopilot"
"""The image of every model trained here: a name that no registry can have."""

_OBJECTIVE_STATUS = {"Completed": "Succeeded", "Failed": "Failed", "Stopped": "Failed"}
_MOST_METRICS = 40
_DECIMALS = 5
"""Of what tuning reports: its values are those of the algorithm's log."""

_MEASURED = "Validation"
_LINEAR = {"F1": "binary_f_beta", "Accuracy": "binary_classification_accuracy"}
_LOGGED: Mapping[str, Mapping[str, str]] = {
    "linear-learner": _LINEAR,
    "mlp": _LINEAR,
    "xgboost": {"F1": "f1_binary"},
}
"""What the log of an algorithm calls a metric of two classes; any other is called as it is, in snake case."""

_SNAKE = {
    "F1macro": "f1_macro", "BalancedAccuracy": "balanced_accuracy",
    "PrecisionMacro": "precision_macro", "RecallMacro": "recall_macro",
}  # fmt: skip
_SPOKEN = {"AverageWeightedQuantileLoss": "AVERAGE_WEIGHTED_QUANTILE_LOSS"}
"""What the objective of time series is called beside its standard name."""


_ENVIRONMENTS: Mapping[str, Mapping[str, str]] = {
    rules.TEXT: environments.TEXT,
    rules.IMAGE: environments.IMAGE,
    rules.FORECASTING: environments.SERIES,
}


def candidate_record(job: Job, candidate: Candidate, named: Named) -> Json:
    """One entry of `ListCandidatesForAutoMLJob`, without anything that is written of the best one alone."""
    ended = now()
    record: Json = {
        "CandidateName": named.name,
        "CandidateStatus": candidate.status,
        "ObjectiveStatus": _OBJECTIVE_STATUS[candidate.status],
        "CandidateSteps": [
            {
                "CandidateStepType": f"AWS::SageMaker::{step.kind}",
                "CandidateStepName": step.name,
                "CandidateStepArn": job.place.exact_arn(step_kind(step.kind), step.name),
            }
            for step in named.steps
        ],
        "CreationTime": ended - candidate.seconds,
        "EndTime": ended,
        "LastModifiedTime": ended,
        "CandidateProperties": {"CandidateMetrics": list(_metrics(job, candidate))[:_MOST_METRICS]},
    }
    if candidate.failure_reason:
        record["FailureReason"] = candidate.failure_reason[:1024]
    value = candidate.objective_value
    if value is not None and math.isfinite(value):
        record["FinalAutoMLJobObjectiveMetric"] = _objective(job, candidate, value)
    if candidate.model_archive is not None:
        (kind,) = job.settings["AutoMLProblemTypeConfig"]
        containers = _containers(job, candidate, named)
        record["InferenceContainers"] = containers
        if kind != rules.TABULAR:
            record["InferenceContainerDefinitions"] = {"CPU": containers}
    return record


def with_reports(record: Json, places: Mapping[str, S3Location]) -> Json:
    """The best candidate, whose reports are written.

    Args:
        record: The candidate.
        places: Where its reports lie, by the names of `CandidateArtifactLocations`.
    """
    located = {"CandidateArtifactLocations": {name: place.uri for name, place in places.items()}} if places else {}
    return {**record, "CandidateProperties": {**located, **record["CandidateProperties"]}}


def step_kind(kind: str) -> str:
    """What the ARNs of a kind of step say: `training-job` of a `TrainingJob`."""
    return f"{kind.removesuffix('Job').lower()}-job"


def _objective(job: Job, candidate: Candidate, value: float) -> Json:
    standard = candidate.objective_metric
    if not job.is_pipeline:
        return {
            "Type": job.direction,
            "MetricName": _SPOKEN.get(standard, standard),
            "Value": value,
            "StandardMetricName": standard,
        }
    logged = _LOGGED.get(candidate.algorithm, {}) if job.problem_type == "BinaryClassification" else {}
    name = logged.get(standard) or _SNAKE.get(standard) or standard.lower()
    return {"MetricName": f"validation:{name}", "Value": round(value, _DECIMALS), "StandardMetricName": standard}


def _containers(job: Job, candidate: Candidate, named: Named) -> list[Json]:
    """One container, or in tuning mode features, algorithm and for a classification labels."""
    (kind,) = job.settings["AutoMLProblemTypeConfig"]
    labelled = job.problem_type != "Regression"
    image = f"{IMAGE}:{candidate.algorithm}"
    if named.features is None:
        told = _ENVIRONMENTS[kind] if kind in _ENVIRONMENTS else environments.ensemble(labelled=labelled)
        return [{"Image": image, "ModelDataUrl": named.model.uri, "Environment": dict(told)}]
    processor = (f"{IMAGE}:data-processor", named.features)
    parts = (processor, (image, named.model), processor)
    return [
        {"Image": part, "ModelDataUrl": data.uri, "Environment": environment}
        for (part, data), environment in zip(
            parts, environments.pipeline(labelled=labelled, recordio=named.recordio), strict=False
        )
    ]


def _metrics(job: Job, candidate: Candidate) -> Iterator[Json]:
    reported = _reported()
    for name, value in candidate.metrics.get(_MEASURED, {}).items():
        if name in reported and math.isfinite(value):
            datum: Json = {"MetricName": name, "StandardMetricName": name, "Value": value}
            yield {**datum, "Value": round(value, _DECIMALS), "Set": _MEASURED} if job.is_pipeline else datum


@cache
def _reported() -> frozenset[str]:
    model: Any = service_model()
    return frozenset(model.shape_for("AutoMLMetricExtendedEnum").enum)
