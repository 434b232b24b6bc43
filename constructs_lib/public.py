"""The public names, to be imported from `constructs_lib`."""

from .api.enums import (
    Aggregation,
    Algorithm,
    Compression,
    ContentType,
    FeatureType,
    FillingType,
    Metric,
    Mode,
    ProblemType,
)
from .api.hosting import ResponseKey
from .api.problem_types import (
    ImageClassification,
    Tabular,
    TextClassification,
    TextGeneration,
    TimeSeriesForecasting,
)
from .api.shapes import CompletionCriteria, ModelDeployConfig
from .data import Channel, FeatureSpecification, OutputLocation
from .endpoint import (
    Asynchronous,
    AutoMLEndpoint,
    AutoScaling,
    DataCapture,
    DeploymentPolicy,
    RealTime,
    ScalingSchedule,
    Serverless,
)
from .job import AutoMLJob, AutoMLJobV2, IAutoMLJob
from .outcome import AutoMLJobOutcome, OnMiss, OnTimeout, QualityGate
from .provider import AutoMLProvider

__all__ = [
    "Aggregation",
    "Algorithm",
    "Asynchronous",
    "AutoMLEndpoint",
    "AutoMLJob",
    "AutoMLJobOutcome",
    "AutoMLJobV2",
    "AutoMLProvider",
    "AutoScaling",
    "Channel",
    "CompletionCriteria",
    "Compression",
    "ContentType",
    "DataCapture",
    "DeploymentPolicy",
    "FeatureSpecification",
    "FeatureType",
    "FillingType",
    "IAutoMLJob",
    "ImageClassification",
    "Metric",
    "Mode",
    "ModelDeployConfig",
    "OnMiss",
    "OnTimeout",
    "OutputLocation",
    "ProblemType",
    "QualityGate",
    "RealTime",
    "ResponseKey",
    "ScalingSchedule",
    "Serverless",
    "Tabular",
    "TextClassification",
    "TextGeneration",
    "TimeSeriesForecasting",
]
