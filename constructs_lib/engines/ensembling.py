"""How the engine of ENSEMBLING reads a table: AutoGluon 0.4.3, which leaves it to pandas 1.3.

The whole file is read before a column gets a type, so one word makes a column of numbers text.
"""

import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Final

from .faults import DataFault
from .labels import Labels
from .records import Opened
from .target import (
    BINARY,
    MULTICLASS,
    PLAIN,
    REGRESSION,
    TOO_FEW_ROWS,
    Counts,
    Spellings,
    Target,
    counted,
    few,
    short,
    spelled_alike,
)

MODE: Final = "ENSEMBLING"

MISSING: Final = frozenset(
    "|NA|n/a|N/A|#N/A|#NA|#N/A N/A|null|NULL|NaN|nan|-NaN|-nan|<NA>|1.#IND|-1.#IND|1.#QNAN|-1.#QNAN".split("|")  # noqa: SIM905
)
"""Cells without a value, in quotes or not. ``None``, a blank and all other words are values."""

TRUE: Final = frozenset(map("".join, itertools.product(*zip("true", "TRUE", strict=True))))
FALSE: Final = frozenset(map("".join, itertools.product(*zip("false", "FALSE", strict=True))))
"""Truth values in any case, ``tRUE`` too."""

_BLANKS: Final = " \t\n\v\f\r"
_WHOLE: Final = re.compile(rf"[{_BLANKS}]*[+-]?[0-9]+[{_BLANKS}]*")
_DECIMAL: Final = re.compile(rf"[{_BLANKS}]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[{_BLANKS}]*")
_PLAIN_WHOLE: Final = re.compile(r"(?:-?[0-9]{1,18}+\n)*+")
"""As `PLAIN`, of whole numbers that fit into 64 bits."""

_INFINITE: Final = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_INT64: Final = range(-(2**63), 2**63)
_UINT64: Final = range(2**64)

_FEW_KNOWN: Final = 1_000
_RARE: Final = 10
_KEPT: Final = 0.975
_MOST_CLASSES_OF_NUMBERS: Final = 1000
_LEAST: Final = {BINARY: 3, REGRESSION: 4, MULTICLASS: 15}
"""Rows below which no model trains (without bagging; with it two were enough for a binary one)."""


class Dtype(StrEnum):
    """What a column of a table is."""

    EMPTY = "empty"
    WHOLE = "whole numbers"
    DECIMAL = "decimals"
    BOOL = "bool"
    BOOL_WITH_GAPS = "bool with gaps"
    TEXT = "text"
    OTHER = "timestamp or bytes"
    LISTS = "lists"
    """This and the next are those of a Parquet file."""


def with_gaps(dtype: Dtype) -> Dtype:
    """The type of a column some cells of which are missing."""
    return {Dtype.WHOLE: Dtype.DECIMAL, Dtype.BOOL: Dtype.BOOL_WITH_GAPS}.get(dtype, dtype)


def value(cell: str) -> str:
    """A cell of a CSV file as it is read: up to a NUL character, and empty where it is missing."""
    if "\0" in cell:
        cell = cell.partition("\0")[0]
    return "" if cell in MISSING else cell


def missing(cells: set[str]) -> set[str]:
    """Those of these cells, as they are written, that `value` makes empty."""
    ended = {cell for cell in cells if "\0" in cell} if "\0" in "".join(cells) else set[str]()
    return (cells & MISSING) | {cell for cell in ended if not value(cell)}


def number(cell: str) -> float:
    """The number in a cell, NaN for none. Unlike in tuning, infinity is one."""
    if _DECIMAL.fullmatch(cell) and not math.isinf(read := float(cell)):
        return read
    return float(cell) if _INFINITE.fullmatch(cell) else math.nan


def _is_whole(key: float | str) -> bool:
    """Whether a decimal is a whole number that 64 bits hold."""
    return float(key).is_integer() and abs(float(key)) < -_INT64.start


def _has_mark(cell: str) -> bool:
    return "." in cell or "e" in cell or "E" in cell


class Scan:
    """Finds the type of a column from all of its cells."""

    def __init__(self, cells: Sequence[str] = ()) -> None:
        self.missing = False
        self._known: set[str] | None = set()
        self._whole = self._decimal = self._bool = self._text = self._negative = self._unsigned = False
        self._over = 0
        """Of whole numbers too large for 64 bits with a sign, if one came before any cell that is none: 1 for
        those below zero or that fit without a sign, 2 for others."""

        self._ended = False
        """Whether a cell that is no whole number came after such a one."""

        self.add(cells)

    def add(self, cells: Sequence[str]) -> None:
        """The next cells."""
        if self._text:
            return
        new: Sequence[str] | set[str] = cells
        if self._known is not None:
            new = set(cells).difference(self._known)
            self._known.update(new)
            if len(self._known) > _FEW_KNOWN:
                self._known = None
        if not new or (not self._over and self._numbers(new)):
            return
        for cell in dict.fromkeys(cells) if isinstance(new, set) else cells:
            self._look_at(cell)

    def add_numbers(self, *, whole: bool, negative: bool) -> None:
        """The next cells are finite numbers, and none of them a whole one that 64 bits with a sign do not hold.

        Args:
            whole: Whether all of them are whole numbers.
            negative: Whether one of them is below zero.
        """
        self._whole = self._whole or whole
        self._decimal = self._decimal or not whole
        self._negative = self._negative or negative

    @property
    def needs_every_cell(self) -> bool:
        """Whether it matters in which order the next cells come, so that `add_numbers` does not do."""
        return bool(self._over)

    @property
    def is_text(self) -> bool:
        """Whether the column is text, whatever comes."""
        return self._text

    @property
    def is_decimal(self) -> bool:
        """Whether a number came that is not whole."""
        return self._decimal

    def _numbers(self, cells: Sequence[str] | set[str]) -> bool:
        """Whether all of these are numbers of which nothing else is to be known, which is quickly said of many."""
        text = "\n".join(cells) + "\n"
        if text.count("\n") == len(cells):
            if self._decimal and PLAIN.fullmatch(text):
                return True
            if not self._decimal and _PLAIN_WHOLE.fullmatch(text):
                self._whole = True
                self._negative = self._negative or "-" in text
                return True
        try:
            total = sum(map(float, cells))
        except ValueError:
            return False
        if not math.isfinite(total) or not text.isascii() or "_" in text:
            return False
        self._decimal = self._decimal or all(map(_has_mark, cells))
        return self._decimal

    def _look_at(self, cell: str) -> None:
        cell = value(cell)
        if not cell:
            self.missing = True
        elif _WHOLE.fullmatch(cell):
            self._look_at_whole(int(cell))
        else:
            if self._over and cell.lstrip(_BLANKS).startswith("-"):
                self._negative = True  # where numbers without a sign are looked for, what follows a minus is not read
            elif self._over:
                self._ended = True
            if not math.isnan(number(cell)):
                self._decimal = True
            elif cell in TRUE or cell in FALSE:
                self._bool = True
            else:
                self._text = True

    def _look_at_whole(self, whole: int) -> None:
        self._negative = self._negative or whole < 0
        if whole in _INT64:
            self._whole = True
        elif self._ended or (not self._over and (self._decimal or self._bool or self._text)):
            self._decimal = True
        else:
            self._over = max(self._over, 1 if whole < 0 or whole in _UINT64 else 2)
            self._unsigned = self._unsigned or whole in _UINT64

    @property
    def keeps_words(self) -> bool:
        """Whether words for missing are text like any other.

        So it is where whole numbers that 64 bits hold without a sign only are among others below zero, or among gaps.
        """
        return self._over == 1 and not self._ended and self._unsigned and (self._negative or self.missing)

    @property
    def dtype(self) -> Dtype:
        """The type that the column gets."""
        if self._over == 1 and not self._ended:
            return Dtype.TEXT if self._negative or self.missing else Dtype.WHOLE
        numbers = self._whole or self._decimal or self._over
        if self._text or (self._bool and numbers) or self._over > 1:
            return Dtype.TEXT
        if self._bool:
            return Dtype.BOOL_WITH_GAPS if self.missing else Dtype.BOOL
        if self._decimal:
            return Dtype.DECIMAL
        if not numbers:
            return Dtype.EMPTY
        return Dtype.DECIMAL if self.missing else Dtype.WHOLE


def header(record: Sequence[str]) -> list[str]:
    """The names of the columns: one without gets a number, and one that is there before gets one too."""
    counts: Counter[str] = Counter()
    names = []
    for place, given in enumerate(record):
        name = base = given.partition("\0")[0] or f"Unnamed: {place}"
        while again := counts[name]:
            counts[name] = again + 1
            name = f"{base}.{again}"
        counts[name] += 1
        names.append(name)
    return names


# [readers]
def rows(records: Iterator[list[str]], name: str) -> Opened | None:
    """The header, and rows as wide as it; nothing of a file without a line.

    Args:
        records: Of the file.
        name: Its name, for messages.

    Raises:
        DataFault: The file is refused.
    """
    first = next(filter(_is_row, records), None)
    if first is None:
        return None
    opened = Opened(name, header(first))
    if opened.columns != first:
        opened.notes.append(f"{name}: the columns are called {few(opened.columns)}, since each needs a name of its own")
    begin = next(filter(_is_row, records), None)
    width = len(first)
    if begin and len(begin) > width:
        opened.moved = len(begin) - width
        opened.notes.append(
            f"{name}: the first row has {len(begin)} cells, {opened.moved} more than the header: the engine takes the "
            f"first {'cell' if opened.moved == 1 else f'{opened.moved} cells'} of every row for its number, and each "
            "name then is that of the cell after it"
        )
    filled = _filled(itertools.chain([begin] if begin else [], records), width + opened.moved, opened)
    opened.rows = _numbered(filled, opened) if opened.moved else filled
    return opened


def _is_row(record: Sequence[str]) -> bool:
    """Whether it is no line of blanks, which is passed over."""
    return len(record) > 1 or bool(record[0].strip(" \t"))


def _filled(records: Iterator[list[str]], width: int, opened: Opened) -> Iterator[list[str]]:
    for number, row in enumerate(records, 1):
        if len(row) == width > 1:
            yield row
        elif len(row) > width:
            raise DataFault(
                f"{opened.name}, row {number}: {len(row)} values, but there are {width}: the whole file is refused"
            )
        elif _is_row(row):
            if len(row) < width - opened.moved:
                opened.short += 1
                opened.first_short = opened.first_short or number
            yield row + [""] * (width - len(row))


def _numbered(rows: Iterator[list[str]], opened: Opened) -> Iterator[list[str]]:
    """Rows whose first cells are their number, which no two may have."""
    seen: set[tuple[str, ...]] = set()
    for number, row in enumerate(rows, 1):
        key = tuple(row[: opened.moved])
        if key in seen:
            raise DataFault(
                f"{opened.name}: the first row has more cells than the header, so the first cell of each is its "
                f"number; row {number} has the number {short(key[0])} of one before"
            )
        seen.add(key)
        yield row[opened.moved :]


def labels(name: str, cells: Spellings, dtype: Dtype, *, words: bool = True, gaps: bool = True) -> Labels:
    """The labels as the engine has them.

    Args:
        name: The column.
        cells: All of its cells.
        dtype: Its type.
        words: Whether words mean missing, as in a CSV file.
        gaps: Whether an empty cell does; see `Scan.keeps_words`.
    """
    return _Labels(name, cells, dtype, value if words else str, gaps=gaps)


def _of_words(missing: Sequence[str]) -> str:
    words = [cell for cell in missing if cell]
    return f"; ENSEMBLING takes {few(words)} for a missing label, in quotes too" if words else ""


class _Labels(Labels):
    def __init__(self, name: str, cells: Spellings, dtype: Dtype, read: Callable[[str], str], *, gaps: bool) -> None:
        super().__init__(name, cells)
        self._dtype, self._read = dtype, read
        self._keys: dict[str, float | str] = {}
        """The value of each spelling; of what is missing there is none."""

        sizes: dict[float | str, int] = {}
        key_of: Callable[[str], float | str] = str if dtype in {Dtype.TEXT, Dtype.OTHER, Dtype.LISTS} else self._number
        for cell, count in cells.counts.items():
            if (known := read(cell)) or not gaps:
                self._keys[cell] = key = key_of(known)
                sizes[key] = sizes.get(key, 0) + count
        self._sizes = Counter(sizes)
        self._rows = self._sizes.total() + cells.others

    def _number(self, cell: str) -> float:
        if self._dtype is Dtype.DECIMAL:
            return float(cell) + 0.0  # each is a number, or it would be text
        return float(cell in TRUE) if self._dtype in {Dtype.BOOL, Dtype.BOOL_WITH_GAPS} else int(cell)

    def target(self, given: str | None) -> Target:
        self._tell_of_missing(self._keys, _of_words)
        found, why = (given, "it is given") if given else self._infer()
        if self._rows and not self._errors:
            self._check(found, given)
        classes: dict[float | str, str] = {}
        cut: list[float | str] = []
        if found in {BINARY, MULTICLASS} and self._rows:
            keys = sorted(self._sizes)
            classes = {key: self._class(key, binary=found == BINARY) for key in keys}
            if found == MULTICLASS:
                cut = self._cut()
            self._tell_of_classes(classes, cut)
        elif found == REGRESSION and self._rows and not self._errors:
            self._tell_of_values()
        self._tell_of_spellings(found)
        used = self._rows - sum(self._sizes[key] for key in cut)
        least = _LEAST.get(found or "", 0)
        if not self._errors and used < least:
            rows = f"has {counted(used, 'row')} with a label in '{self._name}'"
            self._error(TOO_FEW_ROWS, f"{rows}: no model trains on fewer than {least}")
        return Target(
            problem_type=None if self._errors else found,
            why=why,
            found=found,
            rows_used=used,
            classes=tuple(classes.values()),
            class_of={cell: classes[key] for cell, key in self._keys.items()} if classes else {},
            answers={text: said for key, text in classes.items() if (said := self._answer(key)) != text},
            cut=tuple(classes[key] for key in cut),
            errors=tuple(self._errors),
            wastes=tuple(self._wastes),
            warnings=tuple(self._warnings),
        )

    def _infer(self) -> tuple[str | None, str]:
        found, why = self._rule(self._counts())
        if found:
            self._tell_of_neighbours(found)
        return found, why

    def _counts(self) -> Counts:
        return Counts(rows=self._rows, distinct=len(self._sizes) + bool(self._cells.others))

    # [ensembling-problem]
    def _rule(self, counts: Counts) -> tuple[str | None, str]:
        rows, distinct = counts.rows, counts.distinct
        if distinct == 2:
            return BINARY, "it has two different values"
        if not distinct:
            return None, "it has no value"
        if self._dtype in {Dtype.TEXT, Dtype.BOOL_WITH_GAPS}:
            return MULTICLASS, f"it is text, of {distinct} different values"
        if self._dtype is Dtype.DECIMAL and not all(map(_is_whole, self._sizes)):
            return REGRESSION, "it has decimals that are not whole"
        if self._dtype in {Dtype.WHOLE, Dtype.DECIMAL}:
            share = 0.1 if rows <= 1000 else 0.05
            few_enough = distinct / rows <= share and distinct <= _MOST_CLASSES_OF_NUMBERS
            limit = min(int(rows * share), _MOST_CLASSES_OF_NUMBERS)
            why = f"it has {distinct} different whole numbers, and up to {limit} are classes among {rows} rows"
            return MULTICLASS if few_enough else REGRESSION, why
        return None, f"it is of the type {self._dtype}, of {distinct} different values"

    def _check(self, found: str | None, given: str | None) -> None:
        distinct = len(self._sizes)
        if self._dtype in {Dtype.OTHER, Dtype.LISTS} or (self._dtype is Dtype.BOOL and distinct == 1 and not given):
            self._error("unusable-target", f"has a target '{self._name}' of the type {self._dtype}, which is refused")
        elif found == BINARY and distinct != 2:
            known = few(list(self._keys))
            self._error(
                "not-two-classes",
                f"needs two different values in '{self._name}' for {BINARY}; there are {distinct}: {known}",
            )
        elif found == MULTICLASS and distinct == 1:
            [only] = self._sizes
            self._error("one-class", f"has one value in '{self._name}', {short(str(only))}: no model trains")
        elif found == REGRESSION and self._dtype is Dtype.TEXT:
            words = [cell for cell in self._keys if math.isnan(number(self._read(cell)))]
            self._error(
                "words-among-numbers",
                f"has values in '{self._name}' that are no numbers, {self._cells.some(words)}, which {REGRESSION} "
                "needs everywhere: no model trains",
            )

    def _cut(self) -> list[float | str]:
        sizes = self._sizes
        limit = _RARE
        while True:
            kept = [size for size in sizes.values() if size >= limit]
            if len(kept) > 1 and sum(kept) >= _KEPT * self._rows:
                return sorted(key for key, size in sizes.items() if size < limit)
            smaller = [size for size in sizes.values() if size < limit]
            if not smaller:
                return []
            limit = max(smaller)

    def _class(self, key: float | str, *, binary: bool) -> str:
        if isinstance(key, str):
            return key
        if self._dtype in {Dtype.BOOL, Dtype.BOOL_WITH_GAPS}:
            return str(bool(key))
        # Nought and one are nought and one, however they are written.
        return str(int(key)) if binary and set(self._sizes) == {0, 1} else str(key)

    def _answer(self, key: float | str) -> str:
        return self._class(key, binary=False)

    def _tell_of_classes(self, classes: dict[float | str, str], cut: Sequence[float | str]) -> None:
        name, cells = self._name, self._cells
        words = [cell for cell in self._keys if math.isnan(number(self._read(cell)))]
        if self._dtype is Dtype.TEXT and words and 2 * len(words) <= len(self._keys) and len(self._keys) > 2:
            told = self._waste if len(classes) > _RARE else self._warn
            becomes = f"all of '{name}' is read as text of {len(classes)} classes"
            told("words-among-numbers", f"has values in '{name}' that are no numbers, {cells.some(words)}: {becomes}")
        self._tell_of_sizes(self._sizes, is_explained=bool(self._wastes or self._errors))
        if cut:
            sizes = sum(self._sizes[key] for key in cut)
            trained = " and the model is trained as one of two classes" if len(classes) - len(cut) == 2 else ""
            self._warn(
                "rare-classes",
                f"has classes in '{name}' that are too rare to be learned, {few([classes[key] for key in cut])}: "
                f"{counted(sizes, 'row')} left out, never answered{trained}",
            )
        for group in spelled_alike(list(classes.values())):
            self._waste(
                "class-spelled-twice",
                f"has classes in '{name}' that differ in case or blanks only, {few(group)}: each is one of its own",
            )

    def _tell_of_values(self) -> None:
        name = self._name
        if infinite := [cell for cell, key in self._keys.items() if math.isinf(float(key))]:
            self._warn(
                "infinite-label",
                f"has infinite values in '{name}', {self._cells.some(infinite)}: answers are as large as 1e36",
            )
        if len(self._sizes) == 1 and not self._errors and not self._cells.others:
            [only] = self._sizes
            self._waste("one-value", f"has one value in '{name}', {only}: there is nothing to learn")

    def _tell_of_spellings(self, found: str | None) -> None:
        if found not in {BINARY, MULTICLASS} or self._errors:
            return
        name = self._name
        if self._dtype in {Dtype.BOOL, Dtype.BOOL_WITH_GAPS}:
            if others := [cell for cell in self._keys if cell not in {"True", "False"}]:
                self._warn(
                    "answers-respelled", f"has {few(others)} in '{name}', and the answers are 'True' and 'False'"
                )
        elif self._dtype is Dtype.WHOLE:
            if padded := [cell for cell in self._keys if cell.strip().lstrip("+-") != str(abs(int(cell)))]:
                self._warn(
                    "answers-respelled",
                    f"has {self._cells.some(padded)} in '{name}', which are whole numbers: the answers are "
                    f"{few([str(int(cell)) for cell in padded])}",
                )
        elif self._dtype is Dtype.DECIMAL and (
            whole := [cell for cell, key in self._keys.items() if cell.strip() != str(key)]
        ):
            answers = few(list(dict.fromkeys(str(self._keys[cell]) for cell in whole)))
            self._warn(
                "answers-respelled",
                f"has decimals in '{name}', since numbers with a gap or a point are: {few(whole)} are answered as "
                f"{answers}",
            )
