"""Classification of texts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from ..enums import Metric, ProblemType
from ..fields import Api
from ..problem import Problem
from ..rulebook import API, JobFacts, rule, same_columns
from ..shapes import ColumnName


@dataclass(frozen=True, kw_only=True)
class TextClassification(Problem):
    """Tell which class a text belongs to. One candidate.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TextClassificationJobConfig.html
    """

    _MEMBER: ClassVar = "TextClassificationJobConfig"
    _METRICS: ClassVar[Mapping[ProblemType | None, Sequence[Metric]]] = {None: (Metric.ACCURACY,)}
    _ROLES: ClassVar = ("content_column", "target_label_column")

    content_column: Annotated[ColumnName, Api("ContentColumn")]
    """The column with the text; not the label's."""

    target_label_column: Annotated[ColumnName, Api("TargetLabelColumn")]
    """The column with the class."""


@rule("content_column", "target_label_column", source=API + "API_TextClassificationJobConfig.html")
def text_and_label_differ(job: JobFacts) -> Iterator[str]:
    """A column cannot be both."""
    if job.problem is TextClassification:
        yield from same_columns(job)
