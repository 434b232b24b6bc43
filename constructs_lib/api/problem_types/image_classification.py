"""Classification of images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..enums import ContentType, Metric, ProblemType, S3DataType
from ..problem import Problem


@dataclass(frozen=True, kw_only=True)
class ImageClassification(Problem):
    """Tell which class an image (PNG or JPEG) belongs to. One candidate.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ImageClassificationJobConfig.html
    """

    MEMBER: ClassVar = "ImageClassificationJobConfig"
    METRICS: ClassVar[Mapping[ProblemType | None, Sequence[Metric]]] = {None: (Metric.ACCURACY,)}
    CONTENT_TYPES: ClassVar = (ContentType.IMAGE, ContentType.PNG, ContentType.JPEG)
    S3_DATA_TYPES: ClassVar = tuple(S3DataType)
