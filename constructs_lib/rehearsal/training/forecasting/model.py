"""A model that forecasts whatever history it is given.

A request is ``text/csv``: the history, with all columns of the training data (other ones are passed over). A header is
optional; without one the columns are those of the training data in their order. JSON is refused: no form of it is
known to work on AWS. An answer has a header, a row per item and step of the horizon, and as columns item, groups and
time, the quantiles, and last the mean. An item that cannot be forecast is answered with `ERROR`, and the request
succeeds.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from constructs_lib.engines.faults import DataFault

from ..archive import Kept
from ..tabular.data import MISSING, media_type, rows_of_csv
from ..tabular.inference import TEXT_CSV, table_of
from . import forecasters
from .series import histories, observations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from .frequency import Grid
    from .series import History, Key, Layout

    Floats = NDArray[np.float64]

ERROR = "ERROR"
"""Stands for every number of an item that cannot be forecast."""

MEAN = "mean"
"""The last column of an answer."""


@dataclass(frozen=True, kw_only=True)
class ForecastModel(Kept):
    """Forecasts with the weights that the backtest gave each algorithm."""

    names_its_columns = True

    layout: Layout
    header: tuple[str, ...]
    """The columns of the training data."""

    grid: Grid
    horizon: int
    quantiles: tuple[str, ...]
    levels: tuple[float, ...]
    weights: Mapping[str, float]

    def described(self) -> dict[str, Any]:
        """Columns, horizon, quantiles and weights."""
        return {
            "problem_type": "TimeSeriesForecasting",
            "columns": self.header,
            "frequency": str(self.grid.frequency),
            "horizon": self.horizon,
            "quantiles": self.quantiles,
            "weights": dict(self.weights),
        }

    def keys(self, output: str) -> list[str]:
        """Item, groups, time, quantiles and mean, whatever is asked for: the choice is for classifications."""
        del output
        return [*self.layout.items, self.layout.timestamp, *self.quantiles, MEAN]

    def answers(self, body: bytes, content_type: str, keys: Sequence[str]) -> list[list[Any]]:
        """The forecast of each item in the request."""
        del keys
        columns, rows = self._table(body, content_type)
        seen = observations(rows, columns, self.layout, "the body")
        found = histories(seen, self.grid, self.layout)
        begins: dict[Key, float] = {}
        for one in seen:
            begins[one.key] = min(one.moment, begins.get(one.key, one.moment))
        ends = [history.end for history in found.values()]
        return [
            [*key, self.grid.text(first + step), *cells]
            for key in sorted(begins)
            for first in [max(ends) if ends else self.grid.step(begins[key])]
            for step, cells in enumerate(self._forecast(found.get(key)))
        ]

    def _forecast(self, history: History | None) -> Iterator[list[Any]]:
        """The numbers of each step."""
        made: Mapping[str, Floats] = {}
        if history is not None and history.known >= forecasters.FEWEST_STEPS:
            algorithms = [*self.weights, *({forecasters.ALWAYS} - self.weights.keys())]
            made = forecasters.forecast(
                algorithms, history.values, self.horizon, self.levels, self.grid.frequency.season
            )
        if not made:
            yield from ([ERROR] * (len(self.quantiles) + 1) for _ in range(self.horizon))
        else:
            yield from ([float(value) for value in row] for row in combined(made, self.weights))

    def _table(self, body: bytes, content_type: str) -> tuple[Sequence[str], list[list[str]]]:
        """The columns of a request, and its rows."""
        if media_type(content_type) != TEXT_CSV:
            raise DataFault(
                f"a forecast is asked for in {TEXT_CSV}, not in {content_type!r}: no form of JSON is known to work "
                "on AWS, where two have failed"
            )
        text, _ = table_of(body, content_type)
        rows = list(rows_of_csv(io.StringIO(text, newline=""), "the body"))
        columns: Sequence[str] = self.header
        if rows and set(self.layout.columns) <= set(rows[0]):
            columns, *rows = rows
        elif rows and len(rows[0]) != len(self.header):
            raise DataFault(
                f"the body has {len(rows[0])} columns and no header with {_listed(self.layout.columns)}; without one "
                f"it has all columns of the training data: {_listed(self.header)}"
            )
        if not rows:
            raise DataFault("the body has no rows")
        return columns, [["" if (cell := value.strip()) in MISSING else cell for value in row] for row in rows]


def combined(said: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """The weighted mean of those who said anything; of `forecasters.ALWAYS` alone if none of the weighty did."""
    known = {name: weights[name] for name in said if weights.get(name)} or {forecasters.ALWAYS: 1.0}
    total = sum(known.values())
    numbers: Floats = np.sum([weight / total * said[name] for name, weight in known.items()], axis=0)
    return numbers


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
