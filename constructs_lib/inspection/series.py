"""Time series: how far apart their steps are, what is missing between them, how long they are."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Final

from constructs_lib.api.problem_types.time_series_forecasting import MAX_HORIZON
from constructs_lib.dates import moment, written_date
from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.target import counted, few, short
from constructs_lib.engines.tuning import number
from constructs_lib.rehearsal.training.forecasting.frequency import Frequency, Grid

from .facts import histogram, middle
from .findings import Finding, Level, unreadable, with_findings
from .rows import each_row
from .tables import Watch

_MINUTE, _HOUR, _DAY, _WEEK = 60, 3600, 86_400, 604_800
_UNITS: Final = (("W", _WEEK, 4), ("D", _DAY, 6), ("H", _HOUR, 23), ("min", _MINUTE, 59))
_MONTHS: Final = ((28, 31, "1M"), (59, 62, "2M"), (89, 92, "3M"), (181, 184, "6M"), (365, 366, "1Y"))
_SHORT: Final = 5
"""Steps with fewer of which a series says little; the guide recommends three to five for each step of the forecast."""

_GAPS: Final = 0.1
_SHOWN: Final = 5


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is known of time series beforehand."""

    target: str
    timestamp: str
    item: str
    frequency: str | None = None
    horizon: int | None = None


@dataclass
class _Series:
    """The rows of one item."""

    moments: list[float] = field(default_factory=list)
    unknown: int = 0
    """Rows whose number is missing."""


class _Rows:
    def __init__(self) -> None:
        self.count = 0
        self.items: dict[str, _Series] = defaultdict(_Series)
        self.no_time: list[str] = []
        self.no_number: list[str] = []
        self.no_item = self.no_times = self.no_numbers = 0
        self.values: list[float] = []

    def take(self, cells: Sequence[str]) -> None:
        self.count += 1
        when, item, value = cells
        at = moment(when)
        if not item:
            self.no_item += 1
        if math.isnan(at):
            self.no_times += 1
            if len(self.no_time) < _SHOWN and when not in self.no_time:
                self.no_time.append(when)
            return
        series = self.items[item]
        series.moments.append(at)
        read = number(value)
        if math.isfinite(read):
            self.values.append(read)
        elif value:
            self.no_numbers += 1
            if len(self.no_number) < _SHOWN and value not in self.no_number:
                self.no_number.append(value)
        else:
            series.unknown += 1


def of_series(files: Sequence[Path], name: str, asked: Asked, watch: Watch | None = None) -> dict[str, Any]:
    """What was found of time series, as plain values.

    Args:
        files: Of all items; CSV or Parquet.
        name: What they are called together.
        asked: The columns, and what is known.
        watch: Is told of the progress.
    """
    rows = _Rows()
    wanted = {"timestamp": asked.timestamp, "item": asked.item, "target": asked.target}
    try:
        notes = each_row(files, wanted, rows.take, watch)
        frequency = Frequency.parse(asked.frequency) if asked.frequency else _guessed(rows)
    except DataFault as fault:
        return with_findings("time_series", {"rows": rows.count}, [unreadable(fault, files, name)])
    found = [Finding(level=Level.NOTE, id="reading", text=note) for note in notes]
    found += _about_cells(rows, name, asked)
    if frequency is None:
        if rows.items:
            said = f"{name} does not tell how far apart its steps are: give --frequency"
            found.append(Finding(level=Level.FAILS, id="no-frequency", text=said))
        return with_findings("time_series", {"rows": rows.count, "items": len(rows.items)}, found)
    return _measured(rows, name, asked, frequency, found)


def _about_cells(rows: _Rows, name: str, asked: Asked) -> list[Finding]:
    found = []
    if not rows.count:
        found.append(Finding(level=Level.FAILS, id="no-rows", text=f"{name} has no rows"))
    if rows.no_times:
        advice = next((f": {said}" for cell in rows.no_time if (said := written_date(cell))), "")
        said = f"{name} has no time that is read in {counted(rows.no_times, 'row')}: {few(rows.no_time)}{advice}"
        found.append(Finding(level=Level.FAILS, id="no-time", text=said, column=asked.timestamp))
    if rows.no_numbers:
        said = f"{name} has no number in {counted(rows.no_numbers, 'row')}: {few(rows.no_number)}"
        found.append(Finding(level=Level.FAILS, id="no-number", text=said, column=asked.target))
    if rows.no_item:
        said = f"{name} has no item in {counted(rows.no_item, 'row')}, which count as one series"
        found.append(Finding(level=Level.MISLEADS, id="no-item", text=said, column=asked.item))
    return found


def _guessed(rows: _Rows) -> Frequency | None:
    """The step that comes most often between two moments of an item, as the API spells it."""
    steps = Counter[float]()
    for series in rows.items.values():
        ordered = sorted(set(series.moments))
        steps.update(later - earlier for earlier, later in pairwise(ordered))
    if not steps:
        return None
    step, _ = max(steps.items(), key=lambda each: (each[1], -each[0]))
    days = step / _DAY
    for least, most, text in _MONTHS:
        if least <= days <= most and not (days % 7 == 0 and _are_alike(steps, step)):
            return Frequency.parse(text)
    for unit, seconds, most in _UNITS:
        if step % seconds == 0 and step // seconds <= most:
            return Frequency.parse(f"{int(step // seconds)}{unit}")
    return None


def _are_alike(steps: Counter[float], step: float) -> bool:
    """Whether nearly all steps are the same, as four weeks are, and months are not."""
    return steps[step] >= (1 - _GAPS) * steps.total()


def _measured(rows: _Rows, name: str, asked: Asked, frequency: Frequency, found: list[Finding]) -> dict[str, Any]:
    grid = Grid.of(frequency, min(min(series.moments) for series in rows.items.values()))
    lengths: dict[str, int] = {}
    ends: dict[str, int] = {}
    gaps: dict[str, int] = {}
    duplicates = merged = unknown = 0
    for item, series in rows.items.items():
        steps = {grid.step(at) for at in series.moments}
        different = len(set(series.moments))
        duplicates += len(series.moments) - different
        merged += different - len(steps)
        lengths[item], ends[item] = max(steps) - min(steps) + 1, max(steps)
        gaps[item] = lengths[item] - len(steps)
        unknown += series.unknown
    last = max(ends.values())
    whole = last + 1
    longest = min(MAX_HORIZON, whole // 4)
    total, missing = sum(lengths.values()), sum(gaps.values())
    if duplicates:
        said = f"{name} has {counted(duplicates, 'row')} with an item and a time that came before: they are added up "
        found.append(Finding(level=Level.MISLEADS, id="duplicates", text=said + "unless 'aggregation' says otherwise"))
    if merged:
        said = f"{name} has {counted(merged, 'row')} in the same step of {frequency} as another: they are added up "
        found.append(Finding(level=Level.MISLEADS, id="merged", text=said + "unless 'aggregation' says otherwise"))
    if missing:
        worst = sorted((item for item in gaps if gaps[item]), key=lambda item: -gaps[item])
        shown = ", ".join(f"{short(item)} ({gaps[item]})" for item in worst[:_SHOWN])
        said = f"{name} has {missing} of {total} steps without a row, in {len(worst)} of {len(lengths)} series: {shown}"
        level = Level.MISLEADS if missing > _GAPS * total else Level.NOTE
        found.append(Finding(level=level, id="gaps", text=said + "; 'filling' says what stands for them"))
    if unknown:
        said = f"{name} has {counted(unknown, 'row')} without a number in '{asked.target}'"
        found.append(Finding(level=Level.NOTE, id="missing", text=said, column=asked.target))
    if tiny := [item for item, length in lengths.items() if length < _SHORT]:
        said = f"{name} has series of fewer than {_SHORT} steps, of which little is learned: {few(tiny)}"
        found.append(Finding(level=Level.MISLEADS, id="short-series", text=said, column=asked.item))
    if early := [item for item, end in ends.items() if end < last]:
        said = f"{name} has series that end before {grid.text(last)}: {few(early)}"
        found.append(Finding(level=Level.NOTE, id="early-end", text=said, column=asked.item))
    if len(lengths) == rows.count > 1:
        said = f"{name} has another {asked.item!r} in each row, so no series has two steps"
        found.append(Finding(level=Level.FAILS, id="no-series", text=said, column=asked.item))
    if asked.horizon is not None and asked.horizon > longest:
        why = f"at most {MAX_HORIZON}" if longest == MAX_HORIZON else f"at most a quarter of the {whole} steps"
        said = f"{name} allows a horizon of {longest}, {why}; {asked.horizon} is asked for"
        found.append(Finding(level=Level.FAILS, id="horizon", text=said))
    facts = {
        "rows": rows.count,
        "items": len(lengths),
        "frequency": str(frequency),
        "frequency_guessed": asked.frequency is None,
        "first": grid.text(0),
        "last": grid.text(last),
        "steps": whole,
        "longest_horizon": longest,
        "lengths": {
            "minimum": min(lengths.values()),
            "median": median(lengths.values()),
            "maximum": max(lengths.values()),
            "histogram": histogram(sorted(map(float, lengths.values()))),
        },
        "gaps": missing,
        "gap_share": round(missing / total, 4),
        "duplicates": duplicates,
        "merged": merged,
        "missing": unknown,
        "target": _reach(rows.values),
    }
    return with_findings("time_series", facts, found)


def _reach(values: list[float]) -> dict[str, Any] | None:
    if not values:
        return None
    ordered = sorted(values)
    return {
        "minimum": ordered[0],
        "median": middle(ordered),
        "maximum": ordered[-1],
        "histogram": histogram(ordered),
    }
