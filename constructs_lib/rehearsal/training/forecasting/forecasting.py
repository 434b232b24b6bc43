"""Forecasting: reads the series, forecasts what is known already to learn whom to trust, and serves the mean of all.

A backtest forecasts the last steps of each history from the steps before them, in several windows one after the
other. The weights of the algorithms in a window come from earlier windows alone, so that the metrics are those of real
forecasts; a window before the first, where the data has one, is for the weights alone.

A request is the history, with the columns of item, groups, time and target: ``text/csv`` with a header (other columns
are passed over), or ``application/json``: ``{"instances": [{column: value}, ...]}``. An answer has a row per item and
step of the horizon and a column per quantile. That form is ours: Autopilot's was not verified.
"""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from ..archive import Kept
from ..faults import DataFault
from ..tabular.data import MISSING, read, rows_of_csv
from ..tabular.inference import rows_of_json, table_of
from ..tabular.metrics import evaluate_forecasts
from ..tabular.problem import direction
from ..tabular.reports import write_json
from ..task import ForecastingTask
from . import forecasters
from .frequency import Frequency, Grid
from .series import History, Key, Layout, Observation, histories, observations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

OBJECTIVES = ("AverageWeightedQuantileLoss", "RMSE", "MAPE", "MASE", "WAPE")
"""What a forecast can be measured by, the default first."""

DEFAULT_QUANTILES = ("p10", "p50", "p90")
LONGEST_HORIZON = 500
STEPS_PER_HORIZON = 4
"""The dataset has at least this many times the steps of the horizon."""

MOST_ROWS = 1_000_000
MOST_ITEMS = 20
"""Items that the backtest looks at; a random sample of more."""

WINDOWS = 3
"""Windows of the backtest, each as long as the horizon."""

_MEDIAN = 0.5
_NAME = "ensemble"
_FILE = "series.joblib"
_SEED = 0


@dataclass(frozen=True, kw_only=True)
class Series:
    """What the steps of a forecasting job read."""

    layout: Layout
    grid: Grid
    horizon: int
    quantiles: tuple[str, ...]
    algorithms: tuple[str, ...]
    objective: str
    items: Mapping[Key, History]

    @property
    def levels(self) -> Floats:
        """The quantiles as shares, and last the median."""
        return np.array([*(int(name[1:]) / 100 for name in self.quantiles), _MEDIAN])

    @classmethod
    def load(cls, directory: Path) -> Series:
        """Read what `prepare` wrote."""
        series: Series = joblib.load(directory / _FILE)
        return series


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What was said of one item in one window, and what came to be."""

    window: int
    key: Key
    start: int
    truth: Floats
    scale: float
    said: Mapping[str, Floats]
    """By algorithm, and `_NAME`: a row per step, a column per quantile and one for the median."""


@dataclass(frozen=True, kw_only=True)
class ForecastModel(Kept):
    """Forecasts whatever history it is given, with the weights that the backtest gave each algorithm."""

    names_its_columns = True

    layout: Layout
    grid: Grid
    horizon: int
    quantiles: tuple[str, ...]
    levels: tuple[float, ...]
    weights: Mapping[str, float]

    def described(self) -> dict[str, Any]:
        """Columns, horizon, quantiles and weights."""
        return {
            "problem_type": "TimeSeriesForecasting",
            "columns": self.layout.columns,
            "frequency": str(self.grid.frequency),
            "horizon": self.horizon,
            "quantiles": self.quantiles,
            "weights": dict(self.weights),
        }

    def keys(self, output: str) -> list[str]:
        """Item, groups, time and quantiles, whatever is asked for: the choice is for classifications."""
        del output
        return [*self.layout.items, self.layout.timestamp, *self.quantiles]

    def answers(self, body: bytes, content_type: str, keys: Sequence[str]) -> list[list[Any]]:
        """The forecast of each item in the request."""
        del keys
        rows = []
        for key, history in self._histories(body, content_type).items():
            if len(history.values) < forecasters.FEWEST_STEPS:
                raise DataFault(
                    f"{_shown(key)} has {len(history.values)} steps of {self.grid.frequency}; a forecast needs at "
                    f"least {forecasters.FEWEST_STEPS}"
                )
            made = forecasters.forecast(
                list(self.weights), history.values, self.horizon, self.levels, self.grid.frequency.season
            )
            if not made:
                raise DataFault(f"no algorithm of the model can be fitted to the history of {_shown(key)}")
            for step, quantiles in enumerate(_mean(made, self.weights)):
                rows.append([*key, self.grid.text(history.end + step), *map(float, quantiles)])
        return rows

    def _histories(self, body: bytes, content_type: str) -> dict[Key, History]:
        text, is_json = table_of(body, content_type)
        columns = self.layout.columns
        if is_json:
            rows = rows_of_json(text, columns)
        else:
            columns, *rows = list(rows_of_csv(io.StringIO(text, newline=""), "the body")) or [[]]
            lost = [name for name in self.layout.columns if name not in columns]
            if lost:
                raise DataFault(f"the body must begin with a header; it has no {', '.join(map(repr, lost))}")
        cells = [["" if (cell := value.strip()) in MISSING else cell for value in row] for row in rows]
        found = histories(observations(cells, columns, self.layout, "the body"), self.grid, self.layout)
        if not found:
            raise DataFault("the body has no history")
        return found


def prepare(task: Mapping[str, Any], directory: str) -> dict[str, Any]:
    """Read the series of a job, as `preparation.prepare` does with tables.

    Raises:
        DataFault: The data or the choices cannot be trained with; says why.
    """
    return _Preparation(ForecastingTask(**task)).result(Path(directory))


def fit(trial: Mapping[str, Any], directory: str) -> dict[str, Any]:
    """Backtest all algorithms, weigh them, and keep the candidate.

    Returns:
        The path of its ``model.tar.gz`` and of the backtest's folder, its metrics, what it is, and notes.
    """
    series = Series.load(Path(directory))
    forecasts, weights = _backtest(series)
    metrics = {
        name: _measure([one for one in forecasts if name in one.said], name, series) for name in (_NAME, *weights)
    }
    description = (
        f"the weighted mean of {', '.join(f'{weight:.2f} {name}' for name, weight in weights.items())} ("
        + ("; ".join(f"{name}: {forecasters.DESCRIPTIONS[name]}" for name in weights))
        + ")"
    )
    folder = Path(directory) / "candidates" / trial["name"]
    model = ForecastModel(
        layout=series.layout,
        grid=series.grid,
        horizon=series.horizon,
        quantiles=series.quantiles,
        levels=tuple(float(level) for level in series.levels[:-1]),
        weights=weights,
    )
    model.save(
        folder / "model.tar.gz", {"candidate": trial["name"], "description": description, "metrics": metrics[_NAME]}
    )
    _write_backtest(folder / "backtest", series, forecasts, metrics, weights)
    missed = {name: sum(name not in one.said for one in forecasts) for name in series.algorithms}
    return {
        "archive": str(folder / "model.tar.gz"),
        "backtest": str(folder / "backtest"),
        "metrics": {"Validation": metrics[_NAME]},
        "description": description,
        "notes": [
            f"{name} could not be fitted to {count} of {len(forecasts)} histories of the backtest"
            for name, count in missed.items()
            if count
        ],
    }


def explain(archive: str, directory: str) -> str:
    """Write how much each algorithm counts, and what columns count for.

    Returns:
        The folder with ``weights.json``.
    """
    model, series = ForecastModel.open(Path(archive)), Series.load(Path(directory))
    folder = Path(archive).parent / "explainability"
    write_json(
        folder / "weights.json",
        {
            "method": "weights of the algorithms by their errors (Autopilot reports the impact of columns)",
            "meaning": "each forecast is their weighted mean; the only column that any of them looks at is the target",
            "objective": series.objective,
            "weights": dict(model.weights),
        },
    )
    return str(folder)


class _Preparation:
    def __init__(self, task: ForecastingTask) -> None:
        self._task = task
        self._notes: list[str] = []

    def result(self, directory: Path) -> dict[str, Any]:
        task = self._task
        forecasters.require_library()
        frequency = Frequency.parse(task.frequency)
        objective, algorithms = self._objective(), self._algorithms()
        layout, seen = self._read()
        grid = Grid.of(frequency, min(one.moment for one in seen))
        found = histories(seen, grid, layout)
        self._check_horizon(found)
        items = self._long_enough(found)
        self._note_gaps(items, layout)
        directory.mkdir(parents=True, exist_ok=True)
        series = Series(
            layout=layout,
            grid=grid,
            horizon=task.horizon,
            quantiles=tuple(task.quantiles or DEFAULT_QUANTILES),
            algorithms=algorithms,
            objective=objective,
            items=self._sampled(items),
        )
        joblib.dump(series, directory / _FILE)
        return {
            "problem_type": "TimeSeriesForecasting",
            "objective": objective,
            "direction": direction(objective),
            "stage": "TrainingModels",
            "trials": [
                {
                    "name": "forecast-ensemble",
                    "algorithm": _NAME,
                    "description": f"the weighted mean of {', '.join(algorithms)}",
                }
            ],
            "average": None,
            "cut_short": False,
            "notes": self._notes,
        }

    def _objective(self) -> str:
        objective = self._task.objective or OBJECTIVES[0]
        if objective not in OBJECTIVES:
            raise DataFault(f"the objective {objective} is not one of forecasts: {', '.join(OBJECTIVES)}")
        return objective

    def _algorithms(self) -> tuple[str, ...]:
        asked = self._task.algorithms or (*forecasters.DESCRIPTIONS, *forecasters.NOT_RUN)
        run = tuple(name for name in forecasters.DESCRIPTIONS if name in asked)
        if not run:
            raise DataFault(
                f"none of the algorithms asked for ({', '.join(asked)}) is run on this machine; it has "
                f"{', '.join(forecasters.DESCRIPTIONS)}"
            )
        self._notes += [
            f"{name} is not run here: it needs libraries too heavy for a rehearsal"
            for name in forecasters.NOT_RUN
            if name in asked
        ]
        return run

    def _read(self) -> tuple[Layout, list[Observation]]:
        task = self._task
        layout: Layout | None = None

        def check_header(names: list[str]) -> Callable[[list[str]], str | None]:
            nonlocal layout
            layout = Layout.of(task, names)
            self._note_unused(layout, names)
            item, when = names.index(task.item), names.index(task.timestamp)
            return lambda row: f"no {task.item!r} or no {task.timestamp!r}" if not (row[item] and row[when]) else None

        table = read(
            [Path(file) for file in task.training_files],
            content_type=task.content_type,
            compression=None,
            channel="training",
            check_header=check_header,
            cap=MOST_ROWS,
        )
        if table.usable > MOST_ROWS:
            raise DataFault(f"a rehearsal takes at most {MOST_ROWS} rows of time series; there are {table.usable}")
        self._notes += table.notes("training")
        if layout is None or not table.rows:
            raise DataFault(f"the training data has no usable row{table.why_dropped()}")
        return layout, observations(table.rows, table.columns, layout, "the training data")

    def _note_unused(self, layout: Layout, names: Sequence[str]) -> None:
        task = self._task
        others = [name for name in names if name not in layout.columns]
        asked = (task.features or {}).get("FeatureAttributeNames") or others
        for name in asked:
            if name not in others:
                raise DataFault(f"the feature specification names {name!r}, which cannot be a feature of this data")
        if asked and others:
            self._notes.append(
                f"other columns are not used here: {', '.join(asked)}; the algorithms look at the target alone"
            )
        if task.holiday_country:
            self._notes.append(
                f"the holidays of {task.holiday_country} are not used here, nor is it known whether Autopilot has them"
            )
        if task.validation_files:
            self._notes.append("the validation channel is not used: forecasts are measured by a backtest")

    def _check_horizon(self, items: Mapping[Key, History]) -> None:
        if not items:
            raise DataFault(f"no row of the training data has a value in {self._task.target!r}")
        horizon = self._task.horizon
        steps = max(item.end for item in items.values()) - min(item.first for item in items.values())
        if horizon > LONGEST_HORIZON or STEPS_PER_HORIZON * horizon > steps:
            raise DataFault(
                f"the forecast horizon of {horizon} steps is too long: it can be at most {LONGEST_HORIZON}, and at "
                f"most a quarter of the {steps} steps of {self._task.frequency} in the data"
            )

    def _long_enough(self, items: Mapping[Key, History]) -> Mapping[Key, History]:
        needed, fewest = self._task.horizon + forecasters.FEWEST_STEPS, forecasters.FEWEST_STEPS
        kept = {k: item for k, item in items.items() if len(item.values) >= needed and item.known >= fewest}
        rule = f"a history of {needed} steps, with values in {fewest} of them"
        if not kept:
            raise DataFault(f"no item has {rule}, as a horizon of {self._task.horizon} needs at least")
        if short := [_shown(key) for key in items if key not in kept]:
            shown = ", ".join(short[:3]) + (", ..." if len(short) > 3 else "")
            self._notes.append(f"{len(short)} items are left out of the backtest, without {rule}: {shown}")
        return kept

    def _note_gaps(self, items: Mapping[Key, History], layout: Layout) -> None:
        filled = sum(item.filled for item in items.values())
        if filled:
            total = sum(len(item.values) for item in items.values())
            how = ", ".join(f"{place} {layout.filling.get(place, 'zero')}" for place in ("middlefill", "backfill"))
            self._notes.append(f"{filled} of {total} steps had no value and were filled: {how}")

    def _sampled(self, items: Mapping[Key, History]) -> Mapping[Key, History]:
        if len(items) <= MOST_ITEMS:
            return items
        self._notes.append(f"the backtest looks at a random sample of {MOST_ITEMS} of {len(items)} items here")
        chosen = random.Random(_SEED).sample(sorted(items), MOST_ITEMS)  # noqa: S311 - a sample, no secret
        return {key: items[key] for key in sorted(chosen)}


def _backtest(series: Series) -> tuple[list[Forecast], dict[str, float]]:
    """The forecasts of all windows, the earliest first, and the weights that the algorithms have after them."""
    done: list[Forecast] = []
    weights = dict.fromkeys(series.algorithms, 1 / len(series.algorithms))
    for window in range(-1, WINDOWS):
        for key, start, past, truth in _cases(series, window):
            said = forecasters.forecast(
                series.algorithms, past, series.horizon, series.levels.tolist(), series.grid.frequency.season
            )
            if said:
                said = {**said, _NAME: _mean(said, weights)}
                scale = _naive_error(past, series.grid.frequency.season)
                done.append(Forecast(window=window, key=key, start=start, truth=truth, scale=scale, said=said))
        weights = _weights(done, series) or weights
    measured = [one for one in done if one.window >= 0]
    if not measured:
        raise DataFault("no algorithm can be fitted to the history of any item")
    return measured, weights


def _cases(series: Series, window: int) -> Iterator[tuple[Key, int, Floats, Floats]]:
    """Each item with the step where the window starts, the values before it, and those in it."""
    end = max(item.end for item in series.items.values())
    start = end - series.horizon * (WINDOWS - window)
    for key, item in series.items.items():
        past, truth = (
            item.values[: max(0, start - item.first)],
            item.values[max(0, start - item.first) :][: series.horizon],
        )
        if len(past) >= forecasters.FEWEST_STEPS:
            yield key, start, past, truth


def _weights(done: Sequence[Forecast], series: Series) -> dict[str, float]:
    """More for an algorithm with smaller errors so far; one that could never be fitted gets none."""
    errors = {}
    for name in series.algorithms:
        forecasts = [one for one in done if name in one.said]
        if forecasts:
            measured = _measure(forecasts, name, series)
            errors[name] = measured.get(OBJECTIVES[0], measured["RMSE"])
    smallest = min(errors.values(), default=0.0)
    if smallest == 0:
        errors = {name: 1.0 for name, error in errors.items() if error == 0}
    total = sum(1 / error for error in errors.values())
    return {name: 1 / error / total for name, error in errors.items()}


def _mean(said: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """The weighted mean of those who said anything."""
    known = {name: weights[name] for name in said if weights.get(name)}
    if not known:  # whoever earned trust cannot be fitted to this history: listen to the others alike
        known = dict.fromkeys(said, 1.0)
    total = sum(known.values())
    mean: Floats = np.sum([weight / total * said[name] for name, weight in known.items()], axis=0)
    return mean


def _measure(forecasts: Sequence[Forecast], name: str, series: Series) -> dict[str, float]:
    said = np.stack([one.said[name] for one in forecasts])
    return evaluate_forecasts(
        np.stack([one.truth for one in forecasts]),
        said[..., :-1],
        series.levels[:-1],
        said[..., -1],
        np.array([one.scale for one in forecasts]),
    )


def _naive_error(past: Floats, season: int) -> float:
    """How far off one is who says that each step is like the same step of the season before."""
    lag = season if len(past) > season else 1
    return float(np.mean(np.abs(past[lag:] - past[:-lag])))


def _write_backtest(
    folder: Path,
    series: Series,
    forecasts: Sequence[Forecast],
    metrics: Mapping[str, Mapping[str, float]],
    weights: Mapping[str, float],
) -> None:
    write_json(
        folder / "metrics.json",
        {
            "about": "true forecasts of the past: each was made from the steps before its window alone",
            "windows": WINDOWS,
            "horizon": series.horizon,
            "items": len({one.key for one in forecasts}),
            "metrics": metrics,
            "metrics_by_window": [
                _measure(of_window, _NAME, series)
                for window in range(WINDOWS)
                if (of_window := [one for one in forecasts if one.window == window])
            ],
            "weights": dict(weights),
        },
    )
    with (folder / "forecasts.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["window", *series.layout.items, series.layout.timestamp, series.layout.target, *series.quantiles]
        )
        for one in forecasts:
            for step, (truth, said) in enumerate(zip(one.truth, one.said[_NAME], strict=True)):
                moment = series.grid.text(one.start + step)
                writer.writerow([one.window + 1, *one.key, moment, float(truth), *map(float, said[:-1])])


def _shown(key: Key) -> str:
    return " / ".join(key)
