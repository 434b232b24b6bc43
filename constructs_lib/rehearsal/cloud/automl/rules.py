"""What the members of a create request say of each other, as the service checks it.

Sources: botocore's documentation of CreateAutoMLJob and CreateAutoMLJobV2, and the Developer Guide. The wording of
AWS's messages is not published: unverified.
"""

from collections.abc import Iterator
from typing import Any

from constructs_lib.rehearsal.cloud.errors import ValidationError
from constructs_lib.rehearsal.cloud.store import Json

TABULAR = "TabularJobConfig"
TEXT = "TextClassificationJobConfig"
IMAGE = "ImageClassificationJobConfig"
FORECASTING = "TimeSeriesForecastingJobConfig"
GENERATION = "TextGenerationJobConfig"
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
CSV = "text/csv;header=present"
"""The content type of a channel of tables that names none."""

_ANY_IMAGE = "image/*"
_CONTENT_TYPES = {
    kind: {CSV, "x-application/vnd.amazon+parquet"} for kind in (TABULAR, TEXT, FORECASTING, GENERATION)
} | {IMAGE: {_ANY_IMAGE, "image/png", "image/jpeg"}}
_S3_DATA_TYPES = {kind: {"S3Prefix"} for kind in (TEXT, FORECASTING, GENERATION)} | {
    TABULAR: {"S3Prefix", "ManifestFile"},
    IMAGE: {"S3Prefix", "ManifestFile", "AugmentedManifestFile"},
}
_METRICS_OF_KIND = {
    TEXT: {"Accuracy"},
    IMAGE: {"Accuracy"},
    FORECASTING: {"AverageWeightedQuantileLoss", "MAPE", "MASE", "RMSE", "WAPE"},
}
_FORECASTING_ALGORITHMS = {"arima", "cnn-qr", "deepar", "ets", "npts", "prophet"}


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
    metric = settings.get("AutoMLJobObjective", {}).get("MetricName")
    if kind == TABULAR:
        yield from _tabular_problems(problem, metric)
    else:
        yield from _other_problems(kind, problem, metric)
    if kind == FORECASTING and "ValidationFraction" in settings.get("DataSplitConfig", {}):
        yield f"ValidationFraction can not be set with {kind}"
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
    (kind,) = settings["AutoMLProblemTypeConfig"]
    default = _ANY_IMAGE if kind == IMAGE else CSV
    content_types = {channel.get("ContentType") or default for channel in channels}
    if len(content_types) > 1:
        yield "The training and validation channels must share the same ContentType"
    for content_type in content_types - _CONTENT_TYPES[kind]:
        allowed = ", ".join(sorted(_CONTENT_TYPES[kind]))
        yield f"ContentType {content_type} is not supported: use one of {allowed}"
    for channel in channels:
        yield from _source_problems(kind, channel, channel.get("DataSource", {}).get("S3DataSource", {}))
    fraction = settings.get("DataSplitConfig", {}).get("ValidationFraction")
    if fraction is not None and len(channels) > 1:
        yield "ValidationFraction can not be set when there is a validation channel"
    if fraction in (0, 1):
        yield "ValidationFraction must be greater than 0 and less than 1"


def _source_problems(kind: str, channel: Json, source: Json) -> Iterator[str]:
    data_type = source.get("S3DataType")
    if data_type == "AugmentedManifestFile" and kind != IMAGE:
        yield "AugmentedManifestFile is supported for image classification only"
    elif data_type not in _S3_DATA_TYPES[kind]:
        yield f"S3DataType {data_type} is not supported with {kind}: use S3Prefix"
    if channel.get("CompressionType") == "Gzip" and kind != TABULAR:
        yield "CompressionType Gzip is supported for tabular data only"
    elif channel.get("CompressionType") == "Gzip" and data_type == "ManifestFile":
        yield "CompressionType Gzip is supported with S3Prefix only"


def _other_problems(kind: str, problem: Json, metric: str | None) -> Iterator[str]:
    if problem.get("CompletionCriteria", {}).get("MaxCandidates", 1) != 1:
        yield f"MaxCandidates must be 1 with {kind}"
    if metric and kind == GENERATION:
        yield f"AutoMLJobObjective can not be set with {kind}"
    elif metric and metric not in _METRICS_OF_KIND[kind]:
        yield f"Metric {metric} is not supported with {kind}: use one of {', '.join(sorted(_METRICS_OF_KIND[kind]))}"
    if kind == TEXT and problem.get("ContentColumn") == problem.get("TargetLabelColumn"):
        yield "ContentColumn must differ from TargetLabelColumn"
    if wrong := sorted(_algorithms(problem) - _FORECASTING_ALGORITHMS):
        yield f"{kind} does not support the algorithms {', '.join(wrong)}"


def _algorithms(problem: Json) -> set[str]:
    return {
        name
        for config in problem.get("CandidateGenerationConfig", {}).get("AlgorithmsConfig", [])
        for name in config["AutoMLAlgorithms"]
    }


def _tabular_problems(tabular: dict[str, Any], metric: str | None) -> Iterator[str]:
    problem_type, mode = tabular.get("ProblemType"), tabular.get("Mode")
    if (problem_type is None) != (metric is None):
        yield "ProblemType and AutoMLJobObjective must both be set, or none of them"
    if problem_type and metric and metric not in _METRICS[problem_type]:
        allowed = ", ".join(sorted(_METRICS[problem_type]))
        yield f"Metric {metric} is not supported for {problem_type}: use one of {allowed}"
    algorithms = _algorithms(tabular)
    if algorithms and mode not in _ALGORITHMS:
        yield f"AlgorithmsConfig can not be set when Mode is {mode or 'not set'}"
    elif wrong := sorted(algorithms - _ALGORITHMS.get(mode or "", set())):
        yield f"Mode {mode} does not support the algorithms {', '.join(wrong)}"
    if tabular.get("SampleWeightAttributeName") and mode != "ENSEMBLING":
        yield "SampleWeightAttributeName is supported in ENSEMBLING mode only"
    if tabular.get("SampleWeightAttributeName") == tabular["TargetAttributeName"]:
        yield "SampleWeightAttributeName must differ from TargetAttributeName"
