"""What all rows of a local CSV file tell of time series, classes and the target of a table.

Doubts only: the service may take such data, and nobody has seen how it reads them.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..dates import written_date
from ..engines.inspection import Survey
from ..engines.target import Target, Told
from .fields import counted, some

_NAMED = 3
"""How many series or classes are told by name."""


@dataclass(frozen=True)
class Table:
    """The lines of a file, and what its columns are called."""

    columns: Sequence[str]
    lines: Iterable[Sequence[str]]

    def places(self, *columns: str) -> list[int]:
        """Where in a row these columns are."""
        return [self.columns.index(column) for column in columns]

    def rows(self) -> Iterator[Sequence[str]]:
        """The rows; those of another length are passed over, and what cannot be read is the end."""
        length = len(self.columns)
        try:
            for cells in self.lines:
                if len(cells) == length:
                    yield cells
        except (csv.Error, UnicodeDecodeError):
            return


@dataclass(slots=True)
class _Series:
    """What is remembered of a time series."""

    only_zeros: bool = True
    moments: set[str] = field(default_factory=set)
    repeated: set[str] = field(default_factory=set)


def doubts_about_series(
    table: Table, *, target: str, timestamp: str, of_series: Sequence[str], is_aggregated: bool
) -> Iterator[str]:
    """What surely is a mistake in time series, each a sentence that follows what the file is called.

    Args:
        table: All rows.
        target: The column of the values.
        timestamp: That of the dates.
        of_series: Those that tell series apart.
        is_aggregated: Whether the caller says what becomes of several rows of a step.
    """
    found: dict[tuple[str, ...], _Series] = {}
    moments: set[str] = set()
    called = None
    when, value, *names = table.places(timestamp, target, *of_series)
    for row in table.rows():
        moment, name = row[when], tuple([row[place] for place in names])
        series = found.get(name)
        if series is None:
            series = found[name] = _Series()
        if series.only_zeros and not _is_zero(row[value]):
            series.only_zeros = False
        if moment in series.moments:
            series.repeated.add(moment)
        else:
            series.moments.add(moment)
        if called is None and moment not in moments:
            moments.add(moment)
            called = written_date(moment)
    if called:
        yield f"needs dates or times as ISO 8601 writes them in '{timestamp}', and {called}"
    if zeros := [name for name, series in found.items() if series.only_zeros]:
        every = "all" if len(zeros) == len(found) else f"{len(zeros)} of {len(found)}"
        said = f"has nothing but zeros or gaps in '{target}' for {every} of its series, {_named(zeros)}"
        yield f"{said}: nothing is learned"
    repeated = {name: len(series.repeated) for name, series in found.items() if series.repeated}
    if repeated and not is_aggregated:
        yield (
            f"has {counted(sum(repeated.values()), 'step')} with more than one row, in {_named(repeated)}: the service "
            "adds their values up; give 'aggregation' if that is not meant"
        )


def counted_classes(table: Table, target: str) -> Counter[str]:
    """How many rows have each class of a column."""
    [place] = table.places(target)
    return Counter(row[place] for row in table.rows())


def doubts_about_classes(rows: Mapping[str, int], *, target: str) -> Iterator[str]:
    """Classes that cannot be learned and measured at once; nothing where the target may be a number.

    Args:
        rows: How many each class has, one of blanks being none.
        target: The column of the classes.
    """
    classes = {name: count for name, count in rows.items() if name.strip()}
    if all(_is_number(each) for each in classes):
        return
    if alone := [name for name, count in classes.items() if count == 1]:
        yield (
            f"has a single row for each of these classes of '{target}': {some(sorted(alone), _NAMED)}; it is learned "
            "from or measured on, never both"
        )


WAYS_OUT: Final[Mapping[str, str]] = {
    "class-spelled-twice": "spell it in one way",
    "classes-of-one-row": "put them into larger classes",
    "no-label": "name another target",
    "no-number": "write numbers only, or give another 'problem_type'",
    "not-two-classes": "give another 'problem_type', or keep two values",
    "one-class": "name another target",
    "one-value": "name another target",
    "too-few-rows": "add rows with a label",
    "too-many-classes": "put them into larger classes",
    "unclear-problem-type": "",
    "unusable-target": "name another target",
    "words-among-numbers": "correct these cells, or leave them empty",
}
"""What to do where an engine would fail or waste a training, by the name of what it tells; empty: it says so itself."""


@dataclass(frozen=True)
class Judged:
    """What engines make of a target; each a sentence that follows what the file is called."""

    refused: Sequence[Told]
    """A job would fail, or its training be wasted."""

    told: Sequence[Told]
    """What to know."""

    classes: Mapping[str, int]
    """Rows of each class, where nothing was said yet of those with few."""


def judged(surveys: Sequence[Survey], *, problem_type: str | None, least: int) -> Judged:
    """Ask all engines that may come to learn a target.

    Args:
        surveys: What each of them saw of it.
        problem_type: The one that the job is given, if it is.
        least: Rows that the service asks for.
    """
    found = [(survey.engine.mode, survey.judged(problem_type), survey) for survey in surveys]
    refused: dict[Told, list[str]] = {}
    told: dict[Told, list[str]] = {}
    engines = [survey.engine for survey in surveys]
    differ = len({target.problem_type for _, target, _ in found}) > 1
    for mode, target, survey in found:
        for each in (*target.errors, *target.wastes, *_too_few(target, survey, least)):
            # What one of them finds is enough, for the other says so in a warning that asks for it.
            if not (differ and each.id == "unclear-problem-type"):
                refused.setdefault(_with_way_out(each), []).append(mode)
        for each in target.warnings:
            if not (differ and each.id == "ambiguous-problem-type"):
                told.setdefault(each, []).append(mode)
            elif not any(other.id == each.id for other in told):
                told[each] = [engine.mode for engine in engines]  # it names both answers
    classes = Counter[str]()
    if not refused and not any(each.id == "rare-classes" for each in told):
        _, target, survey = found[0]
        for cell, name in target.class_of.items():
            classes[name] += survey.labels.counts[cell]
    return Judged(_said(refused, found), _said(told, found), classes)


def _said(told: Mapping[Told, Sequence[str]], found: Sequence[object]) -> list[Told]:
    """Where not all of several engines say it, who does."""
    return [
        each if len(modes) == len(found) else Told(each.id, f"as {modes[0]} reads it {each.text}")
        for each, modes in told.items()
    ]


def _with_way_out(told: Told) -> Told:
    way = WAYS_OUT[told.id]
    return Told(told.id, f"{told.text}; {way}") if way else told


def _too_few(target: Target, survey: Survey, least: int) -> Iterator[Told]:
    """Rows that the engine leaves out may be those that the service asks for."""
    if target.errors:
        return
    cut = set(target.cut)
    rows = target.rows_used + sum(
        survey.labels.counts[cell] for cell, class_name in target.class_of.items() if class_name in cut
    )
    if rows < least:
        yield Told(
            "too-few-rows",
            f"has {rows} of {survey.rows} rows that can be learned from in '{survey.target}', and the service asks for "
            f"{least}",
        )


def _named(names: Iterable[tuple[str, ...]]) -> str:
    return some(sorted(" ".join(parts) for parts in names), _NAMED)


def _is_zero(value: str) -> bool:
    return not value.strip() or (_is_number(value) and float(value) == 0)


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
