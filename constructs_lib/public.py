"""The public names, to be imported from `constructs_lib`."""

from .api.enums import (
    Algorithm,
    Compression,
    ContentType,
    FeatureType,
    Metric,
    Mode,
    ProblemType,
)
from .api.shapes import CompletionCriteria, ModelDeployConfig
from .data import Channel, FeatureSpecification, OutputLocation
from .job import AutoMLJob, IAutoMLJob
from .provider import AutoMLProvider

__all__ = [
    "Algorithm",
    "AutoMLJob",
    "AutoMLProvider",
    "Channel",
    "CompletionCriteria",
    "Compression",
    "ContentType",
    "FeatureSpecification",
    "FeatureType",
    "IAutoMLJob",
    "Metric",
    "Mode",
    "ModelDeployConfig",
    "OutputLocation",
    "ProblemType",
]
