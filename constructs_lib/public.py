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
from .data.channels import Channel
from .data.features import FeatureSpecification
from .data.output import OutputLocation
from .endpoint.endpoint import AutoMLEndpoint
from .endpoint.metrics import IAutoMLEndpoint
from .endpoint.rollout import DeploymentPolicy
from .endpoint.scaling import AutoScaling, ScalingSchedule
from .endpoint.serving import Asynchronous, DataCapture, RealTime, Serverless
from .jobs.base import IAutoMLJob
from .jobs.job import AutoMLJob, AutoMLJobV2
from .outcome.gate import CHAMPION, QualityGate
from .outcome.outcome import AutoMLJobOutcome
from .provider.provider import AutoMLProvider
from .retraining.holdout import Holdout
from .retraining.retraining import AutoMLRetraining
from .retraining.triggers import NewData
from .runtime.contract import OnMiss, OnTimeout

__all__ = [
    "CHAMPION",
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
    "AutoMLRetraining",
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
    "Holdout",
    "IAutoMLEndpoint",
    "IAutoMLJob",
    "ImageClassification",
    "JoinSource",
    "Metric",
    "Mode",
    "ModelDeployConfig",
    "NewData",
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
