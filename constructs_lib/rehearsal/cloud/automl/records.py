"""A trained candidate in the API's shape."""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

from constructs_lib.rehearsal.cloud.as_role import S3Location
from constructs_lib.rehearsal.cloud.automl import rules
from constructs_lib.rehearsal.cloud.automl.job import Job
from constructs_lib.rehearsal.cloud.environments import FEATURES, INPUT, LABELS, OUTPUT, SUPPORTED, TRANSFORM_MODE
from constructs_lib.rehearsal.cloud.model import service_model
from constructs_lib.rehearsal.cloud.store import Json, now
from constructs_lib.rehearsal.training.task import Candidate

IMAGE = "rehearsal.invalid/trained-on-this-machine-not-by-autopilot"
"""The image of every model trained here: a name that no registry can have."""

_LABEL = "predicted_label"
_CHANCES = f"{_LABEL},probability,probabilities"
_LABELS = {OUTPUT: _LABEL, SUPPORTED: f"{_CHANCES},labels"}
_OBJECTIVE_STATUS = {"Completed": "Succeeded", "Failed": "Failed", "Stopped": "Failed"}
_MOST_METRICS = 40
_LONGEST_NAME = 63


def locations_of(output: S3Location, candidate: Candidate) -> Json:
    """Where a candidate's files go. The folders are Autopilot's as documented; the exact layout is unverified."""
    return {
        "Model": output.joined("sagemaker-automl-candidates", "model", candidate.name, "model.tar.gz").uri,
        "Features": output.joined("data-processor-models", candidate.name, "output", "model.tar.gz").uri,
        "Explainability": output.joined("documentation", "explainability", "output", candidate.name).uri,
        "ModelInsights": output.joined("documentation", "model_monitor", "output", candidate.name).uri,
        "BacktestResults": output.joined("backtest-results", candidate.name).uri,
    }


def candidate_record(job: Job, candidate: Candidate, direction: str | None, locations: Json) -> Json:
    """One entry of `ListCandidatesForAutoMLJob`. The direction is known only when the whole job has ended."""
    ended = now()
    step = f"{job.name}-{candidate.name}"[:_LONGEST_NAME]
    record: Json = {
        "CandidateName": candidate.name,
        "CandidateStatus": candidate.status,
        "ObjectiveStatus": _OBJECTIVE_STATUS[candidate.status],
        "CandidateSteps": [
            {
                "CandidateStepType": "AWS::SageMaker::TrainingJob",
                "CandidateStepName": step,
                "CandidateStepArn": job.place.arn("training-job", step),
            }
        ],
        "CreationTime": ended - candidate.seconds,
        "EndTime": ended,
        "LastModifiedTime": ended,
    }
    if candidate.failure_reason:
        record["FailureReason"] = candidate.failure_reason[:1024]
    value = candidate.objective_value
    if value is not None and math.isfinite(value):
        metric = {"MetricName": candidate.objective_metric, "Value": value}
        record["FinalAutoMLJobObjectiveMetric"] = metric | {"StandardMetricName": candidate.objective_metric}
        if direction:
            record["FinalAutoMLJobObjectiveMetric"]["Type"] = direction
    if candidate.model_archive is not None:
        (kind,) = job.settings["AutoMLProblemTypeConfig"]
        containers = _containers(job, candidate, locations)
        record["InferenceContainers"] = containers
        if kind in (rules.TEXT, rules.IMAGE):
            record["InferenceContainerDefinitions"] = {"CPU": containers}
    properties: Json = {"CandidateMetrics": list(_metrics(candidate))[:_MOST_METRICS]}
    if candidate.explainability is not None:
        properties["CandidateArtifactLocations"] = {"Explainability": locations["Explainability"]}
        for name, folder in (("ModelInsights", candidate.insights), ("BacktestResults", candidate.backtest)):
            if folder is not None:
                properties["CandidateArtifactLocations"][name] = locations[name]
    record["CandidateProperties"] = properties
    return record


def is_pipeline(job: Job) -> bool:
    """Whether its candidates are several containers: those of Autopilot's tuning mode are."""
    problem: Json = next(iter(job.settings["AutoMLProblemTypeConfig"].values()))
    return problem.get("Mode") == "HYPERPARAMETER_TUNING"


def _containers(job: Job, candidate: Candidate, locations: Json) -> list[Json]:
    """One container, or in tuning mode features, algorithm and for a classification labels, as AWS documents them."""
    (kind,) = job.settings["AutoMLProblemTypeConfig"]
    labelled = job.problem_type != "Regression" and kind != rules.FORECASTING
    algorithm = {"Image": f"{IMAGE}:{candidate.algorithm}", "ModelDataUrl": locations["Model"]}
    if not is_pipeline(job):
        return [{**algorithm, "Environment": dict(_LABELS) if labelled else {}}]
    processor = {"Image": f"{IMAGE}:data-processor", "ModelDataUrl": locations["Features"]}
    chances = {OUTPUT: _LABEL, SUPPORTED: _CHANCES} if labelled else {}
    containers = [{**processor, "Environment": {TRANSFORM_MODE: FEATURES}}, {**algorithm, "Environment": chances}]
    if labelled:
        containers.append({**processor, "Environment": {TRANSFORM_MODE: LABELS, INPUT: _LABEL, **_LABELS}})
    return containers


def _metrics(candidate: Candidate) -> Iterator[Json]:
    settable, reported = _enum("AutoMLMetricEnum"), _enum("AutoMLMetricExtendedEnum")
    for subset, values in candidate.metrics.items():
        for name, value in values.items():
            if name in reported and math.isfinite(value):
                datum: Json = {"StandardMetricName": name, "Value": value, "Set": subset}
                yield datum | ({"MetricName": name} if name in settable else {})


@cache
def _enum(shape: str) -> frozenset[str]:
    model: Any = service_model()
    return frozenset(model.shape_for(shape).enum)
