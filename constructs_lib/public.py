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
from .api.hosting import ApprovalStatus, AssembleWith, BatchStrategy, JoinSource, ResponseKey, SplitType
from .api.problem_types import (
    ImageClassification,
    Tabular,
    TextClassification,
    TextGeneration,
    TimeSeriesForecasting,
)
from .api.shapes import CompletionCriteria, ModelDeployConfig
from .candidate.batch import AutoMLTransform
from .candidate.registry import AutoMLModelPackage
from .data.output import Channel, FeatureSpecification, OutputLocation
from .endpoint.endpoint import (
    Asynchronous,
    AutoMLEndpoint,
    AutoScaling,
    DataCapture,
    DeploymentPolicy,
    RealTime,
    ScalingSchedule,
    Serverless,
)
from .jobs.job import AutoMLJob, AutoMLJobV2, IAutoMLJob
from .outcome.outcome import AutoMLJobOutcome, OnMiss, OnTimeout, QualityGate
from .provider.provider import AutoMLProvider

__all__ = [
    "Aggregation",
    "Algorithm",
    "ApprovalStatus",
    "AssembleWith",
    "Asynchronous",
    "AutoMLEndpoint",
    "AutoMLJob",
    "AutoMLJobOutcome",
    "AutoMLJobV2",
    "AutoMLModelPackage",
    "AutoMLProvider",
    "AutoMLTransform",
    "AutoScaling",
    "BatchStrategy",
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
    "JoinSource",
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
    "SplitType",
    "Tabular",
    "TextClassification",
    "TextGeneration",
    "TimeSeriesForecasting",
]
