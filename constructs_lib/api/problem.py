"""What all problems have in common, and what the rules must know of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from .enums import Algorithm, ContentType, FeatureType, Metric, Mode, ProblemType, S3DataType
from .fields import Api, Shape
from .shapes import CompletionCriteria

TABLES = (ContentType.CSV, ContentType.PARQUET)
"""The formats of data in rows and columns."""


@dataclass(frozen=True, kw_only=True)
class Problem(Shape):
    """What a job learns: one member of the API's `AutoMLProblemTypeConfig`.

    A new problem is a file with a class like this one, a name in `problem_types.AnyProblem`, an export and an example.
    """

    _METRICS: ClassVar[Mapping[ProblemType | None, Sequence[Metric]]] = {}
    """What can be optimized, by problem type where there are several; nothing: the objective may not be set."""

    _DEFAULT_MODE: ClassVar[Mode | None] = None
    """How a job searches that names no mode; None where there are no modes."""

    _ALGORITHMS: ClassVar[Mapping[Mode | None, Sequence[Algorithm]]] = {}
    """What can be trained, by mode where there are several; nothing: no choice."""

    _FEATURE_TYPES: ClassVar[Mapping[Mode | None, Sequence[FeatureType]]] = {}
    """How columns can be read, by mode where there are several; nothing: it takes no feature specification."""

    _ROLES: ClassVar[Sequence[str]] = ()
    """The props that name a column with a part of its own, such as the target."""

    _CONTENT_TYPES: ClassVar[Sequence[ContentType]] = TABLES
    """The formats it reads; the first is the default."""

    _S3_DATA_TYPES: ClassVar[Sequence[S3DataType]] = (S3DataType.S3_PREFIX,)
    """What an S3 URI may stand for."""

    _GZIP: ClassVar[bool] = False
    """Whether its data may be gzip-compressed."""

    _MANY_CANDIDATES: ClassVar[bool] = False
    """Whether more than one candidate may be asked for."""

    _SPLITS: ClassVar[bool] = True
    """Whether the training data may be split by a fraction."""

    _EXACT_COLUMNS: ClassVar[bool] = False
    """Whether the data may have no other columns than those that are named."""

    _EMR_SERVERLESS: ClassVar[bool] = False
    """Whether its data may be prepared on EMR Serverless."""

    _LEARNS_FROM_OTHERS: ClassVar[bool] = False
    """Whether there have to be columns besides those that are named."""

    _MIN_ROWS: ClassVar[int] = 0
    """Rows that training needs; 0 where the service says none."""

    completion_criteria: Annotated[CompletionCriteria | None, Api("CompletionCriteria")] = None
    """When to stop looking for better models. Default: the service's own limits."""

    def _columns(self) -> Iterator[tuple[str, object]]:
        """The props that name columns of the data, with each column."""
        yield from ((role, getattr(self, role)) for role in self._ROLES)

    @classmethod
    def _metrics(cls) -> frozenset[Metric]:
        """All that can be optimized."""
        return frozenset(metric for metrics in cls._METRICS.values() for metric in metrics)
