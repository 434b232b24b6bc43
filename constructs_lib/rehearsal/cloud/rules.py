"""What the members of a create request say of each other, as the service checks it.

Sources: botocore's documentation of CreateAutoMLJob and CreateAutoMLJobV2, and the Developer Guide. The wording of
AWS's messages is not published: unverified.
"""

from collections.abc import Iterator
from typing import Any

from constructs_lib.rehearsal.cloud.errors import ValidationError
from constructs_lib.rehearsal.cloud.store import Json

TABULAR = "TabularJobConfig"
_METRICS = {
    "Regression": {"MAE", "MSE", "R2", "RMSE"},
    "BinaryClassification": {"Accuracy", "AUC", "BalancedAccuracy", "F1", "Precision", "Recall"},
    "MulticlassClassification": {"Accuracy", "BalancedAccuracy", "F1macro", "PrecisionMacro", "RecallMacro"},
}
_ALGORITHMS = {
    "ENSEMBLING": {
        "catboost", "extra-trees", "fastai", "lightgbm", "linear-learner", "nn-torch", "randomforest", "xgboost",
    },
    "HYPERPARAMETER_TUNING": {"linear-learner", "mlp", "xgboost"},
}  # fmt: skip
_LONGEST_OUTPUT_PATH = 512
"""What its documentation says; the model's own limit is that of every `S3Uri`."""
_CSV = "text/csv;header=present"
"""The content type of a channel that gives none."""
_CONTENT_TYPES = {_CSV, "x-application/vnd.amazon+parquet"}


def check_version_1(request: Json) -> None:
    """Raise for what only `CreateAutoMLJob` can get wrong; the rest is seen in the shape of version 2."""
    channels = request["InputDataConfig"]
    for channel in channels:
        if channel.get("DataSource", {}).get("S3DataSource", {}).get("S3DataType") == "AugmentedManifestFile":
            raise ValidationError("AugmentedManifestFile is not supported by CreateAutoMLJob: use CreateAutoMLJobV2")
    if len({channel["TargetAttributeName"] for channel in channels}) > 1:
        raise ValidationError("The training and validation channels must share the same TargetAttributeName")


def check(settings: Json) -> None:
    """Raise for the first rule that a request in the shape of version 2 breaks."""
    for problem in _problems(settings):
        raise ValidationError(problem)


def _problems(settings: Json) -> Iterator[str]:
    if len(settings["OutputDataConfig"]["S3OutputPath"]) > _LONGEST_OUTPUT_PATH:
        yield f"S3OutputPath can have at most {_LONGEST_OUTPUT_PATH} characters"
    yield from _channel_problems(settings)
    kind, problem = next(iter(settings["AutoMLProblemTypeConfig"].items()))
    if kind == TABULAR:
        yield from _tabular_problems(problem, settings.get("AutoMLJobObjective", {}).get("MetricName"))
    elif problem.get("CompletionCriteria", {}).get("MaxCandidates", 1) != 1:
        yield f"MaxCandidates must be 1 with {kind}"
    if "AutoMLComputeConfig" in settings:
        yield "AutoMLComputeConfig is reserved for SageMaker Canvas"
    deploy = settings.get("ModelDeployConfig")
    if deploy is not None and bool(deploy.get("AutoGenerateEndpointName")) == bool(deploy.get("EndpointName")):
        yield "ModelDeployConfig: set either EndpointName, or AutoGenerateEndpointName to true"


def _channel_problems(settings: Json) -> Iterator[str]:
    channels = settings["AutoMLJobInputDataConfig"]
    types = [channel.get("ChannelType", "training") for channel in channels]
    if "training" not in types:
        yield "One channel must be the training channel"
    if len(set(types)) != len(types):
        yield f"There can be one {types[0]} channel only"
    if any("S3DataSource" not in channel.get("DataSource", {}) for channel in channels):
        yield "Each channel must have a DataSource with an S3DataSource"
    if len({channel.get("ContentType", _CSV) for channel in channels}) > 1:
        yield "The training and validation channels must share the same ContentType"
    if TABULAR in settings["AutoMLProblemTypeConfig"]:
        for content_type in {channel["ContentType"] for channel in channels if channel.get("ContentType")}:
            if content_type not in _CONTENT_TYPES:
                yield f"ContentType {content_type} is not supported: use one of {', '.join(sorted(_CONTENT_TYPES))}"
        for channel in channels:
            source = channel.get("DataSource", {}).get("S3DataSource", {})
            if source.get("S3DataType") == "AugmentedManifestFile":
                yield "AugmentedManifestFile is supported for image classification only"
            if channel.get("CompressionType") == "Gzip" and source.get("S3DataType") == "ManifestFile":
                yield "CompressionType Gzip is supported with S3Prefix only"
    fraction = settings.get("DataSplitConfig", {}).get("ValidationFraction")
    if fraction is not None and len(channels) > 1:
        yield "ValidationFraction can not be set when there is a validation channel"
    if fraction in (0, 1):
        yield "ValidationFraction must be greater than 0 and less than 1"


def _tabular_problems(tabular: dict[str, Any], metric: str | None) -> Iterator[str]:
    problem_type, mode = tabular.get("ProblemType"), tabular.get("Mode", "AUTO")
    if (problem_type is None) != (metric is None):
        yield "ProblemType and AutoMLJobObjective must both be set, or none of them"
    if problem_type and metric and metric not in _METRICS[problem_type]:
        allowed = ", ".join(sorted(_METRICS[problem_type]))
        yield f"Metric {metric} is not supported for {problem_type}: use one of {allowed}"
    algorithms = {
        name
        for config in tabular.get("CandidateGenerationConfig", {}).get("AlgorithmsConfig", [])
        for name in config["AutoMLAlgorithms"]
    }
    if algorithms and mode not in _ALGORITHMS:
        yield "AlgorithmsConfig can not be set when Mode is AUTO"
    elif wrong := sorted(algorithms - _ALGORITHMS.get(mode, set())):
        yield f"Mode {mode} does not support the algorithms {', '.join(wrong)}"
    if tabular.get("SampleWeightAttributeName") and mode != "ENSEMBLING":
        yield "SampleWeightAttributeName is supported in ENSEMBLING mode only"
    if tabular.get("SampleWeightAttributeName") == tabular["TargetAttributeName"]:
        yield "SampleWeightAttributeName must differ from TargetAttributeName"
