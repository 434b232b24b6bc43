"""A table as the engine of a mode has it: rows, target, columns."""

import difflib
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

from . import columns as column_types
from . import ensembling, report, tuning
from .columns import CONSTANT, Feature, Kind
from .ensembling import Dtype, Scan, with_gaps
from .faults import DataFault
from .files import is_named_parquet, open_csv
from .labels import Labels, Near
from .records import Opened, records
from .reservoir import Reservoir
from .target import REGRESSION, TOO_FEW_ROWS, Spellings, Target, Told, few, plain_numbers

BATCH: Final = 100
_DATE_PARTS: Final = ("year", "month", "day", "dayofweek")

_OTHER_MARKS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class Engine:
    """What is asked of an engine."""

    mode: str
    rows: Callable[[Iterator[list[str]], str], Opened | None]
    """Header and rows of a file's records; see `ensembling.rows`."""

    value: Callable[[str], str]
    """A cell of a CSV file as the engine keeps it; empty where it is missing."""

    number: Callable[[str], float]
    """The number in a cell, NaN for none."""

    typed: bool
    """Whether a column has one type, found from all of its cells."""


ENSEMBLING: Final = Engine(ensembling.MODE, ensembling.rows, ensembling.value, ensembling.number, typed=True)
TUNING: Final = Engine(tuning.MODE, tuning.rows, str, tuning.number, typed=False)


def engine_of(mode: str | None) -> Engine:
    """The engine of a mode; without one, that of tuning, in which such a job was seen to run."""
    return ENSEMBLING if mode == ENSEMBLING.mode else TUNING


class Survey:
    """What is known of all rows of a table, and a random sample of them."""

    def __init__(
        self,
        engine: Engine,
        columns: Sequence[str],
        target: str,
        *,
        cap: int,
        dtypes: Mapping[str, Dtype] | None = None,
        counts_gaps: bool = False,
    ) -> None:
        """Nothing is known yet.

        Args:
            engine: Whose view it is.
            columns: The header.
            target: One of it.
            cap: Rows of the sample; 0 where the target alone is looked at.
            dtypes: The types of the columns where the file has them, as Parquet has.
            counts_gaps: Whether the missing cells of all rows are counted, which takes a while.
        """
        self.engine, self.columns, self.target = engine, list(columns), target
        self.rows = 0
        self.labels = Spellings()
        self.gaps = Counter[str]()
        """The missing cells of each column, where they are counted."""

        self._counts_gaps = counts_gaps
        self._cap, self._dtypes = cap, dtypes
        self._places = {name: place for place, name in reversed(list(enumerate(self.columns)))}
        """Where each column is; a file may have thousands."""

        self._place = self._places[target]
        self._scans = [Scan() for _ in columns] if engine.typed and dtypes is None else []
        self._labelled = Reservoir(cap)

    def place(self, column: str) -> int:
        """Where a column is: the first of that name."""
        return self._places[column]

    @property
    def sample(self) -> list[list[str]]:
        """Of the rows with a label; of a CSV file as they are written."""
        return self._labelled.rows

    @property
    def labelled(self) -> int:
        """Rows with a label."""
        return self._labelled.seen

    @property
    def is_text(self) -> bool:
        """Whether the cells are those of a CSV file."""
        return self._dtypes is None

    def value(self, cell: str) -> str:
        """A cell as the engine keeps it."""
        return self.engine.value(cell) if self.is_text else cell

    def values(self, cells: Sequence[str]) -> list[str]:
        """Cells as the engine keeps them."""
        known = set(cells)
        changed = {cell: kept for cell in known if (kept := self.value(cell)) != cell} if self._changes(known) else {}
        return [changed.get(cell, cell) for cell in cells] if changed else list(cells)

    def _changes(self, cells: set[str]) -> bool:
        """Whether the engine may keep one of these as something else, which is quickly said of many."""
        if not self.engine.typed or not self.is_text:
            return False
        return not ensembling.MISSING.isdisjoint(cells) or "\0" in "".join(cells)

    def as_number(self, cell: str) -> float:
        """The finite number in a cell of numbers, NaN for none; of a bool it is 1 or 0."""
        kept = self.value(cell)
        if self.engine.typed and (kept in ensembling.TRUE or kept in ensembling.FALSE):
            return float(kept in ensembling.TRUE)
        read = self.engine.number(kept)
        return read if math.isfinite(read) else math.nan

    def as_numbers(self, cells: Sequence[str]) -> list[float]:
        """`as_number` of each cell that has one."""
        given = [cell for cell in cells if cell]
        return plain_numbers(given) or [read for cell in given if math.isfinite(read := self.as_number(cell))]

    def add(self, rows: Sequence[list[str]]) -> None:
        """The next rows, all of the header's width."""
        cells = list(zip(*rows, strict=True))
        labels = cells[self._place]
        self.labels.add(labels)
        for scan, column in zip(self._scans, cells, strict=False):
            scan.add(column)
        self.rows += len(rows)
        if not self._cap:
            return
        if self._counts_gaps:
            for name, column in zip(self.columns, cells, strict=True):
                self.gaps[name] += sum(map(column.count, self._missing(column)))
        if (unlabelled := self._missing(labels)) and not self._keeps_words(self._place):
            rows = [row for row in rows if row[self._place] not in unlabelled]
        self._labelled.add(rows)

    def report(self, problem_type: str, class_of: Mapping[str, str], kinds: Mapping[str, Kind | None]) -> list[Told]:
        """What the data report finds.

        Args:
            problem_type: What is learned.
            class_of: The class of a cell of the target.
            kinds: The types of the features.
        """
        rows = self.sample[: report.LOOKED_AT]
        columns = zip(self.columns, zip(*rows, strict=True), strict=False)
        cells = {name: self.values(column) for name, column in columns}
        given = [row[self._place] for row in rows]
        is_regression = problem_type == REGRESSION
        labels = [self.as_number(cell) if is_regression else class_of.get(cell, "") for cell in given]
        known = report.Rows(cells=cells, labels=labels)
        return report.findings(known, problem_type, self.target, kinds, self.engine.number)

    def _keeps_words(self, place: int) -> bool:
        return bool(self._scans) and self._scans[place].keeps_words

    def _missing(self, cells: Sequence[str]) -> set[str]:
        """The spellings among these that have no value."""
        found = set(cells)
        if not self.engine.typed:
            return {cell for cell in found if not cell.strip()}
        return ensembling.missing(found) if self.is_text else found & {""}

    def dtype(self, column: str) -> Dtype:
        """The type of a column, as ENSEMBLING finds it from all rows."""
        if self._dtypes is not None:
            place = self._places[column]
            gaps = "" in self.labels.counts if place == self._place else any(not row[place] for row in self.sample)
            return with_gaps(self._dtypes[column]) if gaps else self._dtypes[column]
        return self._scans[self._places[column]].dtype if self._scans else Dtype.TEXT

    def judged(self, problem_type: str | None = None) -> Target:
        """What the engine makes of the target; where the other one finds another problem, a warning says so."""
        target = self._labels_for(self.engine).target(problem_type)
        if problem_type or target.problem_type is None:
            return target
        other = TUNING if self.engine.typed else ENSEMBLING
        found = self._labels_for(other).found()
        if found == target.problem_type:
            return target
        said = (
            f"poses the problem {target.problem_type} in '{self.target}' by the rule of {self.engine.mode}, and "
            f"{found or 'none that can be told'} by that of {other.mode}: give 'problem_type'"
        )
        kept = [each for each in target.warnings if each.id != "ambiguous-problem-type"]
        return replace(target, warnings=(*kept, Told("ambiguous-problem-type", said)))

    def nearest(self) -> tuple[Near, ...]:
        """How far another problem is by the rule of the engine; see `Labels.nearest`."""
        return self._labels_for(self.engine).nearest()

    def _labels_for(self, engine: Engine) -> Labels:
        if not engine.typed:
            return tuning.labels(self.target, self.labels)
        dtype = self.dtype(self.target) if self.engine.typed else Scan(list(self.labels.counts)).dtype
        keeps = self._keeps_words(self._place)
        words = self.is_text and not keeps
        return ensembling.labels(self.target, self.labels, dtype, words=words, gaps=not keeps)

    def missing(self, column: str) -> int:
        """The missing cells of a column, where they are counted."""
        return 0 if self._keeps_words(self._places[column]) else self.gaps[column]

    def feature(self, column: str, asked: Kind | None = None) -> Feature:
        """What the engine makes of a feature column."""
        feature = self._alone(column, asked)
        if self.engine.typed and (feature.kind is Kind.DATETIME or feature.unused == column_types.ONE_DATE):
            made = [name for part in _DATE_PARTS if self._is_in_the_way(name := f"{column}.{part}")]
            if made:
                said = f"is a date of which the engine makes {made[0]!r}, and there is such a column"
                return replace(feature, faults=(*feature.faults, said))
        return feature

    def _is_in_the_way(self, column: str) -> bool:
        """Whether the engine refuses a column of this name that it makes itself; in place of a date it writes it."""
        if column == self.target or column not in self._places:
            return False
        other = self._alone(column)
        return other.kind is not Kind.DATETIME and other.type != CONSTANT

    def _alone(self, column: str, asked: Kind | None = None) -> Feature:
        """A feature column without a look at the others."""
        place = self._places[column]
        keeps = self._keeps_words(place)
        cells = [row[place] for row in self.sample]
        if not keeps:
            cells = self.values(cells)
        if not self.engine.typed:
            return column_types.of_tuning(cells, asked)
        return column_types.of_ensembling(cells, self.dtype(column), asked)


def batches(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    """Rows in parts of a size that is quickly looked at."""
    while batch := list(islice(rows, BATCH)):
        yield batch


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What the engine of a mode makes of a table."""

    rows: int
    target: Target | None
    """`None`: the table cannot be read as far as that."""

    features: Mapping[str, Feature]
    errors: tuple[Told, ...]
    """Why a job fails, all of it."""

    warnings: tuple[Told, ...]
    """What to know, also why a training would be wasted."""

    wastes: frozenset[str] = frozenset()
    """The ids of those warnings that tell why."""

    @property
    def problem_type(self) -> str | None:
        """The problem; `None` where the job fails, unless it fails for too few rows alone."""
        if self.target is None or any(error.id != TOO_FEW_ROWS for error in self.errors):
            return None
        return self.target.found


def inspect_csv(
    path: Path, target: str, engine: Engine, *, gzipped: bool, problem_type: str | None = None, cap: int = 20_000
) -> Inspection:
    """Read a CSV file to its end, and say what the engine makes of it.

    Args:
        path: The file.
        target: The column to learn.
        engine: Whose view it is.
        gzipped: Whether it is compressed.
        problem_type: The one that the job is given, if it is.
        cap: Rows that are looked at for the types of the columns.
    """
    try:
        with open_csv(path, gzipped=gzipped) as text, closing(records(text, path.name)) as read:
            survey, notes = _surveyed(read, path.name, target, engine, cap)
    except DataFault as fault:
        return unreadable(fault)
    return inspected(survey, problem_type, notes)


def unreadable(fault: DataFault) -> Inspection:
    """What is known of a table that cannot be read."""
    return Inspection(rows=0, target=None, features={}, errors=(Told("unreadable", str(fault)),), warnings=())


def _surveyed(read: Iterator[list[str]], name: str, target: str, engine: Engine, cap: int) -> tuple[Survey, list[str]]:
    if engine.typed and is_named_parquet(name):
        raise DataFault(f"{name} is CSV, and {engine.mode} takes it for Parquet, for its name: give it another one")
    opened = engine.rows(read, name)
    if opened is None:
        raise DataFault(f"{name} is empty")
    if target not in opened.columns:
        raise DataFault(no_target(name, opened.columns, target))
    survey = Survey(engine, opened.columns, target, cap=cap, counts_gaps=True)
    for batch in batches(opened.rows):
        survey.add(batch)
    return survey, opened.told()


def no_target(name: str, columns: Sequence[str], target: str) -> str:
    """What to say where the target is no column.

    Args:
        name: Of the file.
        columns: Its header.
        target: What is not in it.
    """
    said = f"{name} has no column {target!r}; it has {few(columns)}"
    marks = [mark for mark in _OTHER_MARKS if len(columns) == 1 and mark in columns[0]]
    if marks:
        return f"{said}: cells are parted by commas, and here it seems to be by {_OTHER_MARKS[marks[0]]}"
    folded = {column.strip().lower(): column for column in reversed(columns)}
    if near := difflib.get_close_matches(target.strip().lower(), folded, n=1):
        return f"{said} (did you mean {folded[near[0]]!r}?)"
    if any(not math.isnan(tuning.number(column)) for column in columns):
        return f"{said}: the first line is the header, and this one looks like data"
    return said


def inspected(survey: Survey, problem_type: str | None, notes: Sequence[str]) -> Inspection:
    """What the engine makes of a table that has been read."""
    target = survey.judged(problem_type)
    features = {name: survey.feature(name) for name in survey.columns if name != survey.target}
    errors = [
        *target.errors,
        *(Told("column", f"column {name!r} {said}") for name, each in features.items() for said in each.faults),
    ]
    if survey.rows and not any(feature.kind for feature in features.values()):
        why = "; ".join(f"{name!r}: {feature.unused}" for name, feature in features.items())
        said = "has no column to learn from besides the target" + (f" ({why})" if why else "")
        errors.append(Told("no-feature", said))
    columns = [Told("column", f"column {name!r} {said}") for name, each in features.items() for said in each.notes]
    unused = {name: feature.unused for name, feature in features.items() if feature.unused}
    columns += [Told("column", f"column {name!r} is left out: {why}") for name, why in unused.items()]
    kinds = {name: feature.kind for name, feature in features.items()}
    found = survey.report(target.problem_type, target.class_of, kinds) if target.problem_type else []
    return Inspection(
        rows=survey.rows,
        target=target,
        features={name: replace(feature, missing=survey.missing(name)) for name, feature in features.items()},
        errors=tuple(errors),
        warnings=(*(Told("reading", note) for note in notes), *target.wastes, *target.warnings, *found, *columns),
        wastes=frozenset(told.id for told in (*target.wastes, *found)),
    )
