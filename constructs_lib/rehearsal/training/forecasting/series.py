"""Time series from rows: one value per item and step, aggregated and filled as the job's transformations say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

import numpy as np

from constructs_lib.dates import written_date
from constructs_lib.engines.faults import DataFault

from ..tabular.columns import moment, number
from ..tabular.data import closest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from ..task import ForecastingTask
    from .frequency import Grid

Key = tuple[str, ...]
"""An item and its groups."""

AGGREGATIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": math.fsum,
    "avg": fmean,
    "first": lambda values: values[0],
    "min": min,
    "max": max,
}
_FILLINGS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "zero": lambda _: 0.0,
    "median": median,
    "mean": fmean,
    "min": min,
    "max": max,
}
_VALUE = "value"
_PLACES = ("frontfill", "middlefill", "backfill", "futurefill")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Which column says what, and what becomes of several values for a step, and of none."""

    items: tuple[str, ...]
    """The item identifier and the groupings."""

    timestamp: str
    target: str
    aggregation: str
    filling: Mapping[str, str]

    @classmethod
    def of(cls, task: ForecastingTask, columns: Sequence[str]) -> Layout:
        """The layout of a task, checked against the columns that there are.

        Raises:
            DataFault: A column is missing or has two roles, or a transformation does not exist.
        """
        roles = {
            "target": [task.target],
            "timestamp": [task.timestamp],
            "item identifier": [task.item],
            "grouping": list(task.groupings),
        }
        for role, names in roles.items():
            for name in names:
                if name not in columns:
                    raise DataFault(
                        f"there is no {role} column {name!r} in the training data: {closest(name, columns)}"
                    )
        named = [name for names in roles.values() for name in names]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise DataFault(
                f"target, timestamp, item identifier and groupings must differ: {twice[0]!r} is named twice"
            )
        return cls(
            items=(task.item, *task.groupings),
            timestamp=task.timestamp,
            target=task.target,
            aggregation=_aggregation(task),
            filling=_filling(task, columns),
        )

    @property
    def columns(self) -> list[str]:
        """The columns that a row must have."""
        return [*self.items, self.timestamp, self.target]


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One row: of which item, when, and how much; no number for a row that has none."""

    key: Key
    moment: float
    value: float


@dataclass(frozen=True, kw_only=True)
class History:
    """The values of an item, one per step, without a gap."""

    first: int
    """The number of the first step."""

    values: NDArray[np.float64]
    filled: int
    """How many of the values stand for missing ones."""

    merged: int
    """How many of the values were made of several rows."""

    @property
    def known(self) -> int:
        """How many of the values were in the data."""
        return len(self.values) - self.filled

    @property
    def end(self) -> int:
        """The number of the step after the last."""
        return self.first + len(self.values)


def observations(
    rows: Iterable[Sequence[str]], columns: Sequence[str], layout: Layout, where: str
) -> list[Observation]:
    """Rows of text as observations.

    Args:
        rows: The cells.
        columns: Their columns.
        layout: Which column says what.
        where: What the rows are, for messages.

    Raises:
        DataFault: A time stamp or a value cannot be read.
    """
    items = [columns.index(name) for name in layout.items]
    when, target = columns.index(layout.timestamp), columns.index(layout.target)
    made: list[Observation] = []
    wrong: dict[str, list[str]] = {layout.timestamp: [], layout.target: []}
    for row in rows:
        seen = Observation(
            key=tuple(row[place] for place in items), moment=moment(row[when]), value=number(row[target])
        )
        if math.isnan(seen.moment):
            wrong[layout.timestamp].append(row[when])
        if row[target] and math.isnan(seen.value):
            wrong[layout.target].append(row[target])
        made.append(seen)
    for column, needed in ((layout.timestamp, "ISO 8601 dates or times"), (layout.target, "numbers")):
        if bad := wrong[column]:
            shown = ", ".join(repr(cell[:40]) for cell in dict.fromkeys(bad[:5]))
            called = next(filter(None, map(written_date, bad)), None) if column == layout.timestamp else None
            raise DataFault(
                f"{column!r} needs {needed}; {len(bad)} of {len(made)} rows of {where} have none: {shown}"
                + (f" ({called})" if called else "")
            )
    return made


def histories(seen: Iterable[Observation], grid: Grid, layout: Layout) -> dict[Key, History]:
    """The history of each item, up to the last step of all. An item without any value has none."""
    steps: dict[Key, dict[int, list[tuple[float, float]]]] = {}
    for one in seen:
        if not math.isnan(one.value):
            steps.setdefault(one.key, {}).setdefault(grid.step(one.moment), []).append((one.moment, one.value))
    last = max((max(of_item) for of_item in steps.values()), default=0)
    return {key: _history(of_item, last, layout) for key, of_item in sorted(steps.items())}


def _history(steps: Mapping[int, list[tuple[float, float]]], last: int, layout: Layout) -> History:
    aggregate = AGGREGATIONS[layout.aggregation]
    known = {
        step: aggregate([value for _, value in sorted(values, key=lambda pair: pair[0])])
        for step, values in steps.items()
    }
    first, latest = min(known), max(known)
    values = [known.get(step, math.nan) for step in range(first, last + 1)]
    gaps = {
        "middlefill": [step - first for step in range(first, latest) if step not in known],
        "backfill": list(range(latest + 1 - first, last + 1 - first)),
    }
    for place, missing in gaps.items():
        for position in missing:
            values[position] = _fill(layout.filling, place, list(known.values()))
    return History(
        first=first,
        values=np.array(values),
        filled=sum(map(len, gaps.values())),
        merged=sum(len(rows) > 1 for rows in steps.values()),
    )


def _fill(filling: Mapping[str, str], place: str, known: Sequence[float]) -> float:
    """Without a filling it is zero: documented for Amazon Forecast, unverified for Autopilot."""
    method = filling.get(place, "zero")
    return float(filling[f"{place}_value"]) if method == _VALUE else float(_FILLINGS[method](known))


def _aggregation(task: ForecastingTask) -> str:
    for column, method in task.aggregation.items():
        if column != task.target:
            raise DataFault(f"Aggregation is for the target {task.target!r} alone, not for {column!r}")
        if method not in AGGREGATIONS:
            raise DataFault(f"the aggregation {method!r} is not one of {', '.join(AGGREGATIONS)}")
    return task.aggregation.get(task.target, "sum")


def _filling(task: ForecastingTask, columns: Sequence[str]) -> Mapping[str, str]:
    for column, methods in task.filling.items():
        if column not in columns:
            raise DataFault(f"Filling names the column {column!r}: {closest(column, columns)}")
        for place in _PLACES:
            if place in methods:
                _check_filling(column, place, methods, is_target=column == task.target)
    return dict(task.filling.get(task.target, {}))


def _check_filling(column: str, place: str, methods: Mapping[str, Any], *, is_target: bool) -> None:
    method = methods[place]
    if place == "frontfill":
        if not is_target or method != "none":
            raise DataFault(f"frontfill of {column!r} is {method!r}: it is for the target alone, and only none")
    elif method == _VALUE:
        given = methods.get(f"{place}_value")
        if given is None or math.isnan(number(given)):
            raise DataFault(f"{place} of {column!r} is value, so {place}_value must be a number; it is {given!r}")
    elif method not in _FILLINGS:
        raise DataFault(f"{place} of {column!r} is {method!r}: use one of {', '.join(_FILLINGS)}, {_VALUE}")
