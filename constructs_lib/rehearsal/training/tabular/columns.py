"""What kind of values a column holds, and how they become numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from constructs_lib.dates import written_date

from ..faults import DataFault
from .data import closest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_MOST = 0.95
"""A column is numeric (or datetime) when this share of its values is; the others count as missing."""

_TEXT_WORDS = 3
_MANY_DISTINCT = 0.5
_IDENTIFIER = 0.95


class Kind(StrEnum):
    """The types of a feature specification."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    TEXT = "text"
    DATETIME = "datetime"
    SEQUENCE = "sequence"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A feature column and what is known of its values in the training data."""

    name: str
    kind: Kind | None
    """`None`: not used, for the reason in `unused`."""

    unused: str | None = None
    missing: int
    distinct: int
    unreadable: int = 0
    """Values that are not of the column's kind. They count as missing."""

    minimum: float | None = None
    mean: float | None = None
    maximum: float | None = None
    frequent: tuple[tuple[str, int], ...] = ()
    date: str | None = None
    """What its values are called if most of them are dates that are not read as such here."""

    def as_json(self) -> dict[str, Any]:
        """The column as plain values."""
        return asdict(self)


def number(text: str) -> float:
    """The finite number in a cell, else NaN."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def moment(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 date or time (also with slashes), UTC unless it says otherwise, else NaN."""
    try:
        value = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return math.nan
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


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


def moments(cells: NDArray[Any]) -> NDArray[np.float64]:
    """Columns of dates and times as seconds, month, day of the week and hour."""
    seconds = np.array([moment(cell) for cell in cells.ravel()], dtype=np.float64).reshape(cells.shape)
    parts = np.full((*cells.shape, 3), math.nan)
    for place in zip(*np.nonzero(~np.isnan(seconds)), strict=True):
        when = datetime.fromtimestamp(seconds[place], UTC)
        parts[place] = when.month, when.weekday(), when.hour
    return np.concatenate([seconds, parts.reshape(len(cells), -1)], axis=1)


def describe(name: str, cells: Sequence[str], kind: Kind | None = None) -> Column:
    """Look at a column's values; decide its kind unless it is given.

    The rule is ours: numeric if 95 % of the values are numbers; datetime if 95 % are ISO 8601; else text if the values
    have three words or more on average and at least half of them differ; else categorical. A column without values is
    not used, nor is one of shorter texts that differ in 95 % of the rows (an identifier).
    """
    values = [cell for cell in cells if cell]
    counts = Counter(values)
    unused = None
    if not values:
        kind, unused = None, "it has no values"
    elif kind is Kind.SEQUENCE:
        kind, unused = None, "sequence features are not trained on here"
    elif kind is None:
        kind = _infer(values, len(counts))
        if kind is None:
            unused = f"{len(counts)} of {len(values)} values are different, like those of an identifier"
    readers = {Kind.NUMERIC: number, Kind.DATETIME: moment}
    read = [readers[kind](value) for value in values] if kind in readers else []
    known = [value for value in read if not math.isnan(value)]
    summary = known if kind is Kind.NUMERIC else []
    return Column(
        name=name,
        kind=kind,
        unused=unused,
        missing=len(cells) - len(values),
        distinct=len(counts),
        unreadable=len(read) - len(known),
        minimum=min(summary, default=None),
        mean=mean(summary) if summary else None,
        maximum=max(summary, default=None),
        frequent=tuple(counts.most_common(5)) if kind is not Kind.NUMERIC else (),
        date=_dates(counts) if kind is not Kind.NUMERIC else None,
    )


def _dates(counts: Mapping[str, int]) -> str | None:
    found = {value: called for value in counts if (called := written_date(value))}
    return next(iter(found.values())) if found and len(found) >= _MOST * len(counts) else None


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


def _infer(values: Sequence[str], distinct: int) -> Kind | None:
    for kind, read in ((Kind.NUMERIC, number), (Kind.DATETIME, moment)):
        if sum(not math.isnan(read(value)) for value in values) >= _MOST * len(values):
            return kind
    words = sum(len(value.split()) for value in values) / len(values)
    if words >= _TEXT_WORDS and distinct >= _MANY_DISTINCT * len(values):
        return Kind.TEXT
    if distinct >= _IDENTIFIER * len(values):
        return None
    return Kind.CATEGORICAL
