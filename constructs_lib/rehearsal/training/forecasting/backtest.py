"""Forecasts of the past: how good each algorithm is, and which weights make the best ensemble of them.

A backtest forecasts the last steps of each history from the steps before them, in several windows one after the
other: what an algorithm says of a window is made without it. The weights of the ensemble are chosen by what its
members said of all windows, and the ensemble is measured there as well. That flatters it a little; but so it was seen
of Autopilot, whose ensemble is never behind its best member, and can be one of them alone.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from constructs_lib.engines.faults import DataFault

from ..tabular.metrics import evaluate_forecasts
from ..tabular.reports import write_json
from . import forecasters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from .frequency import Grid
    from .series import History, Key, Layout

    Floats = NDArray[np.float64]

WINDOWS = 3
"""Windows of the backtest, each as long as the horizon."""

_MEDIAN = 0.5
_ROUNDS = 25
_GAIN = 1e-6
"""The share of the error that one more member has to take away."""

_FILE = "series.joblib"


@dataclass(frozen=True, kw_only=True)
class Series:
    """What the steps of a forecasting job read."""

    layout: Layout
    header: tuple[str, ...]
    covariates: tuple[str, ...]
    grid: Grid
    horizon: int
    quantiles: tuple[str, ...]
    objective: str
    items: Mapping[Key, History]

    @property
    def levels(self) -> list[float]:
        """The quantiles as shares."""
        return [int(name[1:]) / 100 for name in self.quantiles]

    def save(self, directory: Path) -> None:
        """Keep it for the later steps."""
        directory.mkdir(parents=True, exist_ok=True)
        joblib.dump(self, directory / _FILE)

    @classmethod
    def load(cls, directory: Path) -> Series:
        """Read what `save` wrote."""
        series: Series = joblib.load(directory / _FILE)
        return series


@dataclass(frozen=True, kw_only=True)
class Case:
    """One item in one window."""

    window: int
    key: Key
    start: int
    past: Floats
    truth: Floats


class Backtest:
    """The cases of a job's series.

    What is said of them is an array: a case, its steps, and as numbers of each the quantiles, the median and the mean.
    """

    def __init__(self, series: Series) -> None:
        self.series = series
        self.cases = [case for window in range(WINDOWS) for case in _cases(series, window)]
        self._season = series.grid.frequency.season

    def run(self, algorithm: str) -> tuple[Floats, int]:
        """What an algorithm says, and of how many cases another one spoke because it could not be fitted."""
        said: list[Floats] = []
        missed = 0
        for case in self.cases:
            made = forecasters.forecast([algorithm], case.past, *self._asked)
            if not made:
                missed += 1
                made = forecasters.forecast([forecasters.ALWAYS], case.past, *self._asked)
            said += made.values()
        if missed == len(self.cases) and algorithm != forecasters.ALWAYS:
            raise DataFault(f"{algorithm} cannot be fitted to the history of any item")
        return np.stack(said), missed

    @property
    def _asked(self) -> tuple[int, list[float], int]:
        return self.series.horizon, [*self.series.levels, _MEDIAN], self._season

    def measure(self, said: Floats, window: int | None = None) -> dict[str, float]:
        """The metrics of what was said, in all windows or in one."""
        places = [place for place, case in enumerate(self.cases) if window in {None, case.window}]
        cases = [self.cases[place] for place in places]
        chosen = said[places]
        return evaluate_forecasts(
            np.stack([case.truth for case in cases]),
            chosen[..., :-2],
            np.array(self.series.levels),
            chosen[..., -2],
            np.array([_naive_error(case.past, self._season) for case in cases]),
        )

    def weigh(self, said: Mapping[str, Floats]) -> dict[str, float]:
        """The weights of the ensemble: from the best member on, whoever makes it better is added, also again."""
        errors = {name: self._error(each) for name, each in said.items()}
        chosen = [min(errors, key=lambda name: errors[name])]
        total, error = said[chosen[0]], errors[chosen[0]]
        for _ in range(_ROUNDS):
            errors = {name: self._error((total + each) / (len(chosen) + 1)) for name, each in said.items()}
            best = min(errors, key=lambda name: errors[name])
            if errors[best] > error * (1 - _GAIN):
                break
            chosen.append(best)
            total, error = total + said[best], errors[best]
        return {name: count / len(chosen) for name, count in Counter(chosen).items()}

    def _error(self, said: Floats) -> float:
        return self.measure(said).get(self.series.objective, np.inf)

    def write(self, folder: Path, said: Floats, more: Mapping[str, Any]) -> None:
        """Keep what was said beside what came to be, and how good it was."""
        series = self.series
        write_json(
            folder / "metrics.json",
            {
                "about": "true forecasts of the past: each was made from the steps before its window alone",
                "windows": WINDOWS,
                "horizon": series.horizon,
                "items": len({case.key for case in self.cases}),
                "metrics": self.measure(said),
                "metrics_by_window": [
                    self.measure(said, window) for window in sorted({case.window for case in self.cases})
                ],
                **more,
            },
        )
        with (folder / "forecasts.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            layout = series.layout
            writer.writerow(["window", *layout.items, layout.timestamp, layout.target, *series.quantiles])
            for case, of_case in zip(self.cases, said, strict=True):
                for step, (truth, numbers) in enumerate(zip(case.truth, of_case, strict=True)):
                    moment = series.grid.text(case.start + step)
                    writer.writerow([case.window + 1, *case.key, moment, float(truth), *map(float, numbers[:-2])])


def _cases(series: Series, window: int) -> Iterator[Case]:
    """Each item that has enough history before the window."""
    end = max(item.end for item in series.items.values())
    start = end - series.horizon * (WINDOWS - window)
    for key, item in series.items.items():
        known = max(0, start - item.first)
        if known >= forecasters.FEWEST_STEPS:
            past, truth = item.values[:known], item.values[known:][: series.horizon]
            yield Case(window=window, key=key, start=start, past=past, truth=truth)


def _naive_error(past: Floats, season: int) -> float:
    """How far off one is who says that each step is like the same step of the season before."""
    lag = season if len(past) > season else 1
    return float(np.mean(np.abs(past[lag:] - past[:-lag])))
