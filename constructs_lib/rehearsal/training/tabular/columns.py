"""What is known of a feature column, and how its cells become numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

import numpy as np

from constructs_lib.dates import moment
from constructs_lib.engines import dates
from constructs_lib.engines.columns import Kind
from constructs_lib.engines.ensembling import Dtype
from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.tuning import number

from .data import closest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from constructs_lib.engines.inspection import Survey

__all__ = ["Column", "Kind", "asked_features", "describe", "mean", "moment", "moments", "number", "numbers"]

_NANOSECONDS = 1e9


@dataclass(frozen=True, kw_only=True)
class Column:
    """A feature column and what is known of its values in the training data."""

    name: str
    kind: Kind | None
    """`None`: not used, for the reason in `unused`."""

    unused: str | None = None
    missing: int
    distinct: int
    dtype: str = Dtype.TEXT
    """Of ENSEMBLING, the type of the column in the training data."""

    notes: tuple[str, ...] = ()
    """What is lost by the way in which it is read."""

    minimum: float | None = None
    mean: float | None = None
    maximum: float | None = None
    frequent: tuple[tuple[str, int], ...] = ()

    @property
    def trained_on(self) -> str:
        """What a request is held against: dates, or the type of the column."""
        return Kind.DATETIME if self.kind is Kind.DATETIME else self.dtype

    def as_json(self) -> dict[str, Any]:
        """The column as plain values."""
        return asdict(self)


def mean(values: Sequence[float]) -> float:
    """The mean, also of numbers whose sum is too large."""
    return math.fsum(value / len(values) for value in values)


def numbers(cells: NDArray[Any]) -> NDArray[np.float64]:
    """Cells of text as numbers."""
    try:
        read = np.where(cells == "", "nan", cells).astype(np.float64)
    except ValueError:  # some cell is no number: look at each
        return np.array([number(cell) for cell in cells.ravel()], dtype=np.float64).reshape(cells.shape)
    read[~np.isfinite(read)] = math.nan
    return read


def moments(cells: NDArray[Any], *, tuned: bool) -> NDArray[np.float64]:
    """Columns of dates and times as the parts that an engine makes of them.

    Of HYPERPARAMETER_TUNING that is weekday, year, hour, minute, second, month and week, but no day of the month; of
    ENSEMBLING it is the moment itself, year, month, day and weekday. What is no date has none of them.
    """
    parts = [_tuned_parts(cell) if tuned else _ensembled_parts(cell) for cell in cells.ravel()]
    return np.array(parts, dtype=np.float64).reshape(len(cells), -1)


def _tuned_parts(cell: str) -> Sequence[float]:
    try:
        when = dates.tuning(cell)
    except OverflowError as error:
        raise DataFault(f"{cell!r} in a column of dates is too large for one: the engine does not go on") from error
    if when is None:
        return [math.nan] * 7
    return [when.weekday(), when.year, when.hour, when.minute, when.second, when.month, when.isocalendar().week]


def _ensembled_parts(cell: str) -> Sequence[float]:
    when = dates.ensembling(cell)
    if when is None:
        return [math.nan] * 5
    seconds = when.replace(tzinfo=UTC).timestamp()
    return [seconds * _NANOSECONDS, when.year, when.month, when.day, when.weekday()]


def describe(survey: Survey, name: str, kind: Kind | None = None) -> Column:
    """Look at a column as the engine does; its kind is found unless it is given.

    Raises:
        DataFault: The engine does not go on with such a column.
    """
    feature = survey.feature(name, kind)
    if feature.faults:
        raise DataFault(f"column {name!r} {'; and '.join(feature.faults)}")
    place = survey.columns.index(name)
    values = [value for row in survey.sample if (value := survey.value(row[place]))]
    known = [] if feature.kind is not Kind.NUMERIC else [v for value in values if not math.isnan(v := number(value))]
    return Column(
        name=name,
        kind=feature.kind,
        unused=feature.unused,
        missing=feature.missing,
        distinct=feature.distinct,
        dtype=survey.dtype(name),
        notes=feature.notes,
        minimum=min(known, default=None),
        mean=mean(known) if known else None,
        maximum=max(known, default=None),
        frequent=tuple(Counter(values).most_common(5)) if feature.kind is not Kind.NUMERIC else (),
    )


def asked_features(
    specification: Mapping[str, Any] | None, columns: Sequence[str], *, target: str, ensembling: bool
) -> tuple[list[str], dict[str, Kind]]:
    """The columns and types that a feature specification asks for, checked.

    Args:
        specification: The parsed JSON, or nothing.
        columns: The columns that can be features: all but target and weight.
        target: The target column.
        ensembling: Whether the mode is ENSEMBLING, which does not know sequences.

    Raises:
        DataFault: The specification names what is not there, the target, or a type that does not exist.
    """
    specification = specification or {}
    names = specification.get("FeatureAttributeNames")
    types = specification.get("FeatureDataTypes") or {}
    if not isinstance(types, dict) or not (names is None or _is_list_of_names(names)):
        raise DataFault(
            "the feature specification must hold a list of names in FeatureAttributeNames "
            "and an object of column and type in FeatureDataTypes"
        )
    for key, asked in (("FeatureAttributeNames", names or ()), ("FeatureDataTypes", types)):
        for name in asked:
            if name == target:
                raise DataFault(f"the feature specification names the target {target!r} in {key}")
            if name not in columns:
                raise DataFault(
                    f"the feature specification names {name!r} in {key}, which cannot be a feature of this data; "
                    f"{closest(name, columns)}"
                )
    if names is not None and (strays := [name for name in types if name not in names]):
        raise DataFault(f"FeatureDataTypes names {strays[0]!r}, which is not in FeatureAttributeNames")
    allowed = [kind for kind in Kind if not (ensembling and kind is Kind.SEQUENCE)]
    for name, kind in types.items():
        if kind not in allowed:
            raise DataFault(f"FeatureDataTypes gives {name!r} the type {kind!r}; use one of {', '.join(allowed)}")
    chosen = columns if names is None else [name for name in columns if name in names]
    if not chosen:
        raise DataFault("there is no column to learn from besides the target")
    return list(chosen), {name: Kind(kind) for name, kind in types.items()}


def _is_list_of_names(names: object) -> bool:
    return isinstance(names, Sequence) and not isinstance(names, str) and all(isinstance(name, str) for name in names)
