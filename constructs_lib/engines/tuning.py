"""How the engine of HYPERPARAMETER_TUNING reads a table: sagemaker-scikit-learn-extension 2.5 upon ML-IO 0.7.

Every cell is text, and stays the text that it is: no word means missing, no two spellings are one class.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from .faults import DataFault
from .labels import Labels
from .records import Opened
from .target import (
    BINARY,
    MULTICLASS,
    REGRESSION,
    Counts,
    Spellings,
    Target,
    counted,
    few,
    plain_numbers,
    short,
    spelled_alike,
)

MODE: Final = "HYPERPARAMETER_TUNING"

_DECIMAL: Final = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*", re.ASCII)
_HEX: Final = re.compile(r"\s*[+-]?0[xX][0-9a-fA-F]+\s*", re.ASCII)
_NEARLY_WHOLE: Final = 1e-5

_FEW_CLASSES: Final = 5
_FRACTIONS: Final = 0.01
_ORDINAL: Final = 10
_MANY_VALUES: Final = 0.015
_MOST_CLASSES_OF_NUMBERS: Final = 100
_MOST_CLASSES: Final = 2000
_WORDS_FOR_MISSING: Final = frozenset({"na", "n/a", "nan", "null", "none", "#n/a", "<na>"})


def number(cell: str) -> float:
    """The finite number in a cell of a number column, as Python's own reading has it, else NaN: any word is missing."""
    try:
        read = float(cell)
    except ValueError:
        return math.nan
    return read if math.isfinite(read) else math.nan


def counted_number(cell: str) -> float:
    """The finite number in a cell as the analysis before the training counts it, else NaN."""
    if _DECIMAL.fullmatch(cell):
        read = float(cell)
        return read if math.isfinite(read) else math.nan
    return float(int(cell, 16)) if _HEX.fullmatch(cell) else math.nan


def counted_numbers(cells: Collection[str]) -> list[float]:
    """`counted_number` of each."""
    return plain_numbers(cells) or list(map(counted_number, cells))


# [readers]
def rows(records: Iterator[list[str]], name: str) -> Opened | None:
    """The header, and rows as wide as it; nothing of a file without a line.

    Args:
        records: Of the file.
        name: Its name, for messages.

    Raises:
        DataFault: The file is refused.
    """
    first = next(records, None)
    if first is None:
        return None
    if twice := [column for column, count in Counter(first).items() if count > 1]:
        raise DataFault(f"{name}: the header has {few(twice)} more than once")
    opened = Opened(name, first, _checked(records, len(first), name))
    if "" in first:
        opened.notes.append(f"{name}: column {first.index('') + 1} has an empty name, which is a name like another")
    return opened


def _checked(records: Iterator[list[str]], width: int, name: str) -> Iterator[list[str]]:
    for number, row in enumerate(records, 1):
        if len(row) != width:
            values = counted(len(row), "value")
            raise DataFault(f"{name}, row {number}: {values}, but there should be {width}: no more is read")
        yield row


@dataclass(frozen=True)
class _Numbers:
    """What the rule asks of the numbers among the labels; all in rows."""

    finite: int
    fractions: int
    least: float
    most: float


def labels(name: str, cells: Spellings) -> Labels:
    """The labels as the engine has them.

    Args:
        name: The column.
        cells: All of its cells.
    """
    return _Labels(name, cells)


class _Labels(Labels):
    def __init__(self, name: str, cells: Spellings) -> None:
        super().__init__(name, cells)
        self._sizes = Counter({cell: count for cell, count in cells.counts.items() if cell.strip()})
        self._rows = self._sizes.total() + cells.others
        self._distinct = len(self._sizes) + bool(cells.others)
        self._numbers = self._counted()

    def _counted(self) -> _Numbers:
        finite = fractions = 0
        values = []
        for count, value in zip(self._sizes.values(), counted_numbers(self._sizes), strict=True):
            if not math.isnan(value):
                values.append(value)
                finite += count
                if abs(value - round(value)) > _NEARLY_WHOLE:
                    fractions += count
        return _Numbers(
            finite=finite + self._cells.others,
            fractions=fractions,
            least=min(values, default=math.nan),
            most=max(values, default=math.nan),
        )

    def target(self, given: str | None) -> Target:
        self._tell_of_missing((cell for cell in self._cells.counts if cell.strip()), lambda _: "")
        found, why = (given, "it is given") if given else self._infer()
        used = self._rows
        classes: tuple[str, ...] = ()
        class_of: dict[str, str] = {}
        if self._rows and not self._errors:
            if found == REGRESSION:
                used = self._regression()
            elif found == BINARY:
                classes, class_of = self._binary()
            else:
                classes, class_of = self._several()
        return Target(
            problem_type=None if self._errors else found,
            why=why,
            found=found,
            rows_used=used,
            classes=classes,
            class_of=class_of,
            errors=tuple(self._errors),
            wastes=tuple(self._wastes),
            warnings=tuple(self._warnings),
        )

    def _counts(self) -> Counts:
        return Counts(rows=self._cells.rows, distinct=self._distinct)

    def _rule(self, counts: Counts) -> tuple[str | None, str]:
        rows, distinct, numbers = counts.rows, counts.distinct, self._numbers
        if distinct < 2:
            return None, f"it has {distinct} different values"
        if distinct == 2:
            return BINARY, "it has two different values"
        # Of nearly the same data, the share of numbers is the same.
        if 2 * numbers.finite > self._cells.rows:
            if distinct <= _FEW_CLASSES:
                return MULTICLASS, f"it has {distinct} different values, mostly numbers"
            if numbers.fractions >= _FRACTIONS * numbers.finite:
                return REGRESSION, "it has numbers that are not whole, at least one in a hundred"
            ordinal = numbers.least >= 0 and numbers.most <= _ORDINAL * distinct
            if not ordinal and distinct / rows >= _MANY_VALUES:
                return REGRESSION, f"it has {distinct} different whole numbers, which are no ranks, in {rows} rows"
            if distinct <= _MOST_CLASSES_OF_NUMBERS:
                return MULTICLASS, f"it has {distinct} different whole numbers"
            return (
                None,
                f"it has {distinct} different whole numbers, so it is unclear whether they are classes or amounts",
            )
        if distinct <= _MOST_CLASSES:
            return MULTICLASS, f"it is mostly text, of {distinct} different values"
        return None, f"it is mostly text, of {distinct} different values, and at most {_MOST_CLASSES} are classes"

    def _infer(self) -> tuple[str | None, str]:
        found, why = self._rule(self._counts())
        if found:
            self._tell_of_neighbours(found)
        elif self._rows and self._distinct < 2:
            self._one_value()
        elif self._rows:
            said = f"does not tell which problem '{self._name}' poses, since {why}: give 'problem_type'"
            self._error("unclear-problem-type", said)
        return found, why

    def _regression(self) -> int:
        name, cells = self._name, self._cells
        read = plain_numbers(self._sizes) or map(number, self._sizes)
        values = dict(zip(self._sizes, read, strict=True))
        words = [cell for cell, value in values.items() if math.isnan(value)]
        lost = sum(self._sizes[cell] for cell in words)
        if lost == self._rows:
            self._error("no-number", f"has no number in '{name}': it has {few(list(self._sizes))}")
        elif words:
            self._warn(
                "rows-without-number",
                f"has {counted(lost, 'row')} without a finite number in '{name}', left out: {cells.some(words)}",
            )
        if len({value for value in values.values() if not math.isnan(value)}) == 1 and not cells.others:
            self._one_value()
        return self._rows - lost

    def _binary(self) -> tuple[tuple[str, ...], dict[str, str]]:
        name, sizes = self._name, self._sizes
        if self._distinct < 2:
            self._one_value()
            return (), {}
        # Of two that are as frequent, the later one in order is taken for the majority.
        known = max(sizes, key=lambda cell: (sizes[cell], cell))
        others = sorted((cell for cell in sizes if cell != known), key=lambda cell: (-sizes[cell], cell))
        minority = others[0]
        if len(others) > 1:
            self._warn(
                "more-than-two-classes",
                f"has {self._distinct} different values in '{name}' for {BINARY}: all but {short(known)} count as one "
                f"class, {short(minority)}: {self._cells.some(others)}",
            )
        self._tell_of_classes()
        return (known, minority), {cell: known if cell == known else minority for cell in sizes}

    def _several(self) -> tuple[tuple[str, ...], dict[str, str]]:
        if self._distinct < 2:
            self._one_value()
            return (), {}
        self._tell_of_classes()
        if len(self._sizes) > _MOST_CLASSES:
            self._error(
                "too-many-classes", f"has {self._distinct} classes in '{self._name}'; at most {_MOST_CLASSES} are taken"
            )
        classes = tuple(sorted(self._sizes))
        return classes, {cell: cell for cell in classes}

    def _tell_of_classes(self) -> None:
        name, sizes, cells = self._name, self._sizes, self._cells
        alike = spelled_alike(list(sizes))
        values: dict[float, list[str]] = {}
        for cell in sizes:
            if not math.isnan(read := number(cell)):
                values.setdefault(read, []).append(cell)
        for group in [*alike, *(group for group in values.values() if len(group) > 1 and tuple(group) not in alike)]:
            self._waste(
                "class-spelled-twice",
                f"has {cells.some(group)} in '{name}': to {MODE} each spelling is a class of its own",
            )
        if words := [cell for cell in sizes if cell.strip().lower() in _WORDS_FOR_MISSING]:
            self._warn(
                "missing-word-is-a-class",
                f"has {cells.some(words)} in '{name}': to {MODE} that is a class, and no missing label",
            )
        numbers = [cell for cell in sizes if not math.isnan(counted_number(cell))]
        if len(sizes) > _FEW_CLASSES and len(sizes) > len(numbers) >= len(sizes) / 2:
            strangers = [cell for cell in sizes if math.isnan(counted_number(cell))]
            self._waste(
                "words-among-numbers",
                f"has values in '{name}' that are no numbers, {cells.some(strangers)}, and is learned as "
                f"{len(sizes)} classes",
            )
        self._tell_of_sizes(sizes)

    def _one_value(self) -> None:
        only = few(list(self._sizes))
        self._error("one-value", f"has one value in '{self._name}', {only}: there is nothing to learn")
