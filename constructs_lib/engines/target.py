"""What an engine makes of a target column."""

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

TOO_FEW_ROWS: Final = "too-few-rows"
"""Of an error: with more rows of the same kind, it would go."""

REGRESSION: Final = "Regression"
BINARY: Final = "BinaryClassification"
MULTICLASS: Final = "MulticlassClassification"

PLAIN: Final = re.compile(r"(?:-?[0-9]++(?:\.[0-9]*+)?+\n)*+")
"""Lines that are numbers as most write them, which are matched at once."""

_MOST_KNOWN: Final = 200_000
"""Different spellings that are counted; of more, only how many rows have others."""

_MOST_PLACES: Final = 5_000
"""Spellings of which it is known where they come first: as many, and ten times as many that are no plain numbers."""

_SHOWN: Final = 5
_LONGEST: Final = 40


@dataclass(frozen=True)
class Told:
    """Something that a user has to know, with a name by which it can be acknowledged."""

    id: str
    text: str
    """A sentence that follows what the data is called."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What an engine makes of a target column."""

    problem_type: str | None
    """`None`: the job would fail, `errors` say why."""

    why: str
    found: str | None = None
    """The problem that is given or found by the rule, also where the job would fail for another reason."""

    rows_used: int
    """Rows that are trained on: those with a label, but for classes that are cut."""

    classes: tuple[str, ...] = ()
    """As ``labels`` has them, also those that are cut; of two, the second is the positive one."""

    class_of: Mapping[str, str] = field(default_factory=dict)
    """The class of a cell as it is written; what is not in it has no label."""

    answers: Mapping[str, str] = field(default_factory=dict)
    """How a class is spelled as ``predicted_label`` where that is another way."""

    cut: tuple[str, ...] = ()
    """Classes that are too rare to be learned: they stay in ``labels``, and their probability is 0."""

    errors: tuple[Told, ...] = ()
    """Why the job would fail."""

    wastes: tuple[Told, ...] = ()
    """Why a training would be wasted, although it would end well."""

    warnings: tuple[Told, ...] = ()

    @property
    def positive_class(self) -> str | None:
        """Of a binary classification, the class that F1, precision, recall and AUC are about."""
        return self.classes[1] if self.problem_type == BINARY and len(self.classes) == 2 else None


class Spellings:
    """The cells of a column as they are written: how often each, and where first."""

    def __init__(self, cells: Sequence[str] = ()) -> None:
        self.counts: Counter[str] = Counter()
        self.rows = 0
        self.others = 0
        """Rows whose spelling is not counted, since there are too many."""

        self._first: dict[str, int] = {}
        self.add(cells)

    def add(self, cells: Sequence[str]) -> None:
        """The next cells."""
        known = self.counts
        if len(self._first) < 10 * _MOST_PLACES:
            is_full = len(self._first) >= _MOST_PLACES
            if new := {cell for cell in cells if cell not in known and not (is_full and _is_plain(cell))}:
                places = dict(zip(reversed(cells), range(self.rows + len(cells), self.rows, -1), strict=True))
                for cell in sorted(new, key=places.__getitem__):
                    if len(self._first) < _MOST_PLACES * (1 if _is_plain(cell) else 10):
                        self._first[cell] = places[cell]
        if len(known) < _MOST_KNOWN:
            known.update(cells)
        else:
            found = [cell for cell in cells if cell in known or (not _is_plain(cell) and len(known) < 2 * _MOST_KNOWN)]
            known.update(found)
            self.others += len(cells) - len(found)
        self.rows += len(cells)

    def add_counted(self, cells: Sequence[str], counts: Sequence[int], first: Callable[[], Sequence[int]]) -> None:
        """The next cells, counted, as `add` has them one by one.

        Args:
            cells: The different spellings among them, but for what `has_room` says.
            counts: Of each, how often it comes.
            first: Of each, where it comes first among them, from 0.
        """
        known = self.counts
        if len(self._first) < 10 * _MOST_PLACES:
            is_full = len(self._first) >= _MOST_PLACES
            new = [at for at, cell in enumerate(cells) if cell not in known and not (is_full and _is_plain(cell))]
            if new:
                places = first()
                for at in sorted(new, key=places.__getitem__):
                    if len(self._first) < _MOST_PLACES * (1 if _is_plain(cells[at]) else 10):
                        self._first[cells[at]] = self.rows + places[at] + 1
        if len(known) < _MOST_KNOWN:
            for cell, count in zip(cells, counts, strict=True):
                known[cell] += count
        else:
            for cell, count in zip(cells, counts, strict=True):
                if cell in known or not _is_plain(cell):
                    known[cell] += count
                else:
                    self.others += count
        self.rows += sum(counts)

    def has_room(self, more: int) -> bool:
        """Whether so many more spellings come near none of the limits, so that they may be added counted."""
        known = len(self.counts)
        return known + more < _MOST_KNOWN or _MOST_KNOWN <= known < 2 * _MOST_KNOWN - more

    def where(self, cell: str) -> str:
        """Where a spelling comes first: its row, the header not counted."""
        return f"row {self._first[cell]}" if cell in self._first else "a later row"

    def some(self, cells: Sequence[str]) -> str:
        """The first few of these spellings, in the order of the file, with their rows."""
        ordered = sorted(cells, key=lambda cell: self._first.get(cell, self.rows))
        shown = ", ".join(f"{short(cell)} in {self.where(cell)}" for cell in ordered[:_SHOWN])
        return shown + (f" and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else "")


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The figures by which a rule tells the problem type; all of them in rows."""

    rows: int
    """All rows, or those with a label: as the rule has it."""

    distinct: int
    """Different labels."""

    def varied(self) -> list[tuple[str, "Counts"]]:
        """Nearly the same data: a tenth more or fewer rows, or one label more, where two are not meant to be all."""
        more, fewer = self.rows + self.rows // 10, self.rows - self.rows // 10
        varied = [
            ("with a tenth more rows", Counts(rows=more, distinct=self.distinct)),
            ("with a tenth fewer rows", Counts(rows=fewer, distinct=self.distinct)),
        ]
        if self.distinct > 2:
            varied.append(("with one more value", Counts(rows=self.rows, distinct=self.distinct + 1)))
        return varied


def short(cell: str) -> str:
    """A cell in a message."""
    return repr(cell if len(cell) <= _LONGEST else cell[: _LONGEST - 3] + "...")


def counted(number: int, noun: str) -> str:
    """So many of something."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def few(cells: Sequence[str]) -> str:
    """The first few in a message."""
    shown = ", ".join(map(short, cells[:_SHOWN]))
    return shown + (f" and {len(cells) - _SHOWN} more" if len(cells) > _SHOWN else "")


def spelled_alike(classes: Sequence[str]) -> list[tuple[str, ...]]:
    """Classes that differ in case or blanks only."""
    groups: dict[str, list[str]] = {}
    for each in classes:
        groups.setdefault(" ".join(each.casefold().split()), []).append(each)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def plain_numbers(cells: Collection[str]) -> list[float] | None:
    """The numbers in these cells, if all are finite and as most write them: quickly said of many."""
    text = "\n".join(cells) + "\n"
    if text.count("\n") != len(cells) or not PLAIN.fullmatch(text):
        return None
    numbers = list(map(float, cells))
    return numbers if math.isfinite(sum(numbers)) else None


def _is_plain(cell: str) -> bool:
    """Whether a cell is a finite number as most write it: one of many, which nobody looks for."""
    return cell.replace(".", "", 1).lstrip("-").isdecimal()
