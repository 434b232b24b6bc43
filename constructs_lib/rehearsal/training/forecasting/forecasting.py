"""The steps of a forecasting job: it reads the series, backtests each algorithm, and makes an ensemble of them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib

from constructs_lib.engines.faults import DataFault

from ..tabular.data import read
from ..tabular.problem import direction
from ..tabular.reports import write_json
from ..task import ENSEMBLE, ForecastingTask
from . import forecasters
from .backtest import Backtest, Series
from .frequency import Frequency, Grid
from .model import ForecastModel, combined
from .series import History, Key, Layout, Observation, histories, observations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
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

_SHOWN = 3
_SAID = "said.joblib"
_SEED = 0


def prepare(task: Mapping[str, Any], directory: str) -> dict[str, Any]:
    """Read the series of a job, as `preparation.prepare` does with tables.

    Raises:
        DataFault: The data or the choices cannot be trained with; says why.
    """
    return _Preparation(ForecastingTask(**task)).result(Path(directory))


def fit(trial: Mapping[str, Any], directory: str) -> dict[str, Any]:
    """Backtest one algorithm and keep it as a candidate.

    Returns:
        The path of its ``model.tar.gz`` and of the backtest's folder, its metrics, and notes.
    """
    algorithm = trial["algorithm"]
    backtest = Backtest(Series.load(Path(directory)))
    said, missed = backtest.run(algorithm)
    kept = _keep(trial, directory, backtest, said, {algorithm: 1.0}, trial["description"])
    note = (
        f"{algorithm} could not be fitted to {missed} of {len(backtest.cases)} histories of the backtest: "
        f"{forecasters.ALWAYS} spoke for it there"
    )
    return {**kept, "notes": [note] if missed else []}


def combine(trial: Mapping[str, str], members: Sequence[str], directory: str) -> dict[str, Any]:
    """Weigh the algorithms that were backtested, and keep the ensemble.

    Args:
        trial: Name and description.
        members: The archives of their candidates.
        directory: What `prepare` wrote to.

    Returns:
        As `fit`, and what the candidate is.
    """
    backtest = Backtest(Series.load(Path(directory)))
    said: dict[str, Floats] = {}
    for member in members:
        said |= joblib.load(Path(member).parent / _SAID)
    weights = backtest.weigh(said)
    description = (
        f"the weighted mean of {', '.join(f'{weight:.2f} {name}' for name, weight in weights.items())} ("
        + "; ".join(f"{name}: {forecasters.DESCRIPTIONS[name]}" for name in weights)
        + ")"
    )
    return _keep(trial, directory, backtest, combined(said, weights), weights, description)


def explain(archive: str, directory: str) -> str:
    """Write what the columns beside the series count for: nothing.

    Returns:
        The folder with ``impacts.json``.
    """
    series = Series.load(Path(directory))
    folder = Path(archive).parent / "explainability"
    write_json(
        folder / "impacts.json",
        {
            "method": "none is needed (Autopilot computes the impact of each column)",
            "meaning": "the only column that any algorithm looks at here is the target",
            "columns": dict.fromkeys(series.covariates, 0.0),
        },
    )
    return str(folder)


def insights(archive: str, directory: str, name: str, description: str) -> str:
    """Write how good the model was in the backtest, and how much each algorithm counts in it.

    Returns:
        The folder with ``accuracy.json``: a name of ours, as nobody has seen Autopilot's files of time series.
    """
    model, series = ForecastModel.open(Path(archive)), Series.load(Path(directory))
    backtest = Backtest(series)
    said = joblib.load(Path(archive).parent / _SAID)
    folder = Path(archive).parent / "model-insights"
    write_json(
        folder / "accuracy.json",
        {
            "candidate": name,
            "description": description,
            "problem_type": "TimeSeriesForecasting",
            "objective": series.objective,
            "metrics": backtest.measure(*said.values()),
            "weights": dict(model.weights),
        },
    )
    return str(folder)


def _keep(
    trial: Mapping[str, str],
    directory: str,
    backtest: Backtest,
    said: Floats,
    weights: Mapping[str, float],
    description: str,
) -> dict[str, Any]:
    series = backtest.series
    metrics = backtest.measure(said)
    folder = Path(directory) / "candidates" / trial["name"]
    model = ForecastModel(
        layout=series.layout,
        header=series.header,
        grid=series.grid,
        horizon=series.horizon,
        quantiles=series.quantiles,
        levels=tuple(series.levels),
        weights=weights,
    )
    model.save(folder / "model.tar.gz", {"candidate": trial["name"], "description": description, "metrics": metrics})
    joblib.dump({trial["algorithm"]: said}, folder / _SAID)
    backtest.write(folder / "backtest", said, {"weights": dict(weights)})
    return {
        "archive": str(folder / "model.tar.gz"),
        "backtest": str(folder / "backtest"),
        "metrics": {"Validation": metrics},
        "description": description,
    }


class _Preparation:
    def __init__(self, task: ForecastingTask) -> None:
        self._task = task
        self._covariates: tuple[str, ...] = ()
        self._notes: list[str] = []

    def result(self, directory: Path) -> dict[str, Any]:
        task = self._task
        forecasters.require_library()
        frequency = Frequency.parse(task.frequency)
        objective, algorithms = self._objective(), self._algorithms()
        layout, header, seen = self._read()
        grid = Grid.of(frequency, min(one.moment for one in seen))
        found = histories(seen, grid, layout)
        self._check_horizon(found)
        items = self._long_enough(found)
        self._note_zeros(items, objective)
        self._note_merged(items, layout)
        self._note_gaps(items, layout)
        series = Series(
            layout=layout,
            header=header,
            covariates=self._covariates,
            grid=grid,
            horizon=task.horizon,
            quantiles=tuple(task.quantiles or DEFAULT_QUANTILES),
            objective=objective,
            items=self._sampled(items),
        )
        series.save(directory)
        return {
            "problem_type": "TimeSeriesForecasting",
            "objective": objective,
            "direction": direction(objective),
            "stage": "TrainingModels",
            "trials": [
                {"name": name, "algorithm": name, "description": forecasters.DESCRIPTIONS[name]} for name in algorithms
            ],
            "ensemble": {
                "trial": {
                    "name": ENSEMBLE,
                    "algorithm": ENSEMBLE,
                    "description": f"the weighted mean of {', '.join(algorithms)}",
                },
                "fewest": 1,
            },
            # Without other columns than those of the series, Autopilot was seen to explain nothing.
            "reports": [*(["explain"] if self._covariates else []), "insights"],
            "notes": self._notes,
        }

    def _objective(self) -> str:
        objective = self._task.objective or OBJECTIVES[0]
        if objective not in OBJECTIVES:
            raise DataFault(f"the objective {objective} is not one of forecasts: {', '.join(OBJECTIVES)}")
        return objective

    def _algorithms(self) -> tuple[str, ...]:
        asked = self._task.algorithms or (*forecasters.DESCRIPTIONS,)
        self._notes += [
            f"{name} is not run here, it needs libraries too heavy for a rehearsal: {forecasters.DESCRIPTIONS[name]}"
            for name in forecasters.STAND_INS
            if name in asked
        ]
        return tuple(name for name in forecasters.DESCRIPTIONS if name in asked)

    def _read(self) -> tuple[Layout, tuple[str, ...], list[Observation]]:
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
        return layout, tuple(table.columns), observations(table.rows, table.columns, layout, "the training data")

    def _note_unused(self, layout: Layout, names: Sequence[str]) -> None:
        task = self._task
        others = [name for name in names if name not in layout.columns]
        asked = (task.features or {}).get("FeatureAttributeNames") or others
        for name in asked:
            if name not in others:
                raise DataFault(f"the feature specification names {name!r}, which cannot be a feature of this data")
        self._covariates = tuple(asked) if others else ()
        if self._covariates:
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
        if short := [key for key in items if key not in kept]:
            self._notes.append(f"{len(short)} items are left out of the backtest, without {rule}: {_named(short)}")
        return kept

    def _note_zeros(self, items: Mapping[Key, History], objective: str) -> None:
        zeros = [key for key, item in items.items() if not item.values.any()]
        if len(zeros) == len(items) and objective != "RMSE":
            raise DataFault(
                f"every value of {self._task.target!r} is zero, in each of {len(items)} series: {objective} is not "
                "defined there"
            )
        if zeros:
            self._notes.append(
                f"{len(zeros)} of {len(items)} series hold nothing but zeros, of which MAPE and MASE say nothing: "
                f"{_named(zeros)}"
            )

    def _note_merged(self, items: Mapping[Key, History], layout: Layout) -> None:
        merged = [key for key, item in items.items() if item.merged]
        if merged:
            steps = sum(items[key].merged for key in merged)
            how = layout.aggregation + ("" if self._task.aggregation else ", as without an Aggregation")
            self._notes.append(
                f"{steps} steps have more than one row, in {len(merged)} of {len(items)} series ({_named(merged)}); "
                f"the rows of a step became one value: {how}"
            )

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


def _named(keys: Sequence[Key]) -> str:
    shown = ", ".join(" / ".join(key) for key in keys[:_SHOWN])
    return f"{shown}, ..." if len(keys) > _SHOWN else shown
