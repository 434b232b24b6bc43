"""What all rows of a local CSV file tell of time series and classes. Doubts only: the service may take such data."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..dates import written_date
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


def doubts_about_classes(table: Table, *, target: str) -> Iterator[str]:
    """Classes that cannot be learned and measured at once; nothing where the target may be a number.

    Args:
        table: All rows.
        target: The column of the classes.
    """
    [place] = table.places(target)
    classes = Counter(row[place] for row in table.rows() if row[place].strip())
    if all(_is_number(each) for each in classes):
        return
    if alone := [name for name, count in classes.items() if count == 1]:
        yield (
            f"has a single row for each of these classes of '{target}': {some(sorted(alone), _NAMED)}; it is learned "
            "from or measured on, never both"
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
