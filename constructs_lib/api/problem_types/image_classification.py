"""Classification of images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..enums import ContentType, Metric, ProblemType, S3DataType
from ..problem import Problem


@dataclass(frozen=True, kw_only=True)
class ImageClassification(Problem):
    """Tell which class an image (PNG or JPEG) belongs to. One candidate.

    It takes one picture as it is and answers one JSON object: `predicted_label` and `probability`.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ImageClassificationJobConfig.html
    """

    _MEMBER: ClassVar = "ImageClassificationJobConfig"
    _METRICS: ClassVar[Mapping[ProblemType | None, Sequence[Metric]]] = {None: (Metric.ACCURACY,)}
    _CONTENT_TYPES: ClassVar = (ContentType.IMAGE, ContentType.PNG, ContentType.JPEG)
    _S3_DATA_TYPES: ClassVar = tuple(S3DataType)
