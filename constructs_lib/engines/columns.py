"""What each engine makes of a feature column: its type, and what a user loses by that."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from . import dates, ensembling, losses, tuning
from .ensembling import Dtype
from .target import counted, few, plain_numbers


class Kind(StrEnum):
    """The types of a feature specification."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    TEXT = "text"
    DATETIME = "datetime"
    SEQUENCE = "sequence"


CONSTANT: Final = "constant"
IDENTIFIER: Final = "identifier"
ONE_DATE: Final = "the cells that are dates all are the same one"

_ONE_PERCENT: Final = 0.01
_WORDS: Final = 3
_MOST_UNREADABLE: Final = 0.8
_LOOKED_AT: Final = 500
"""Rows of which it is tried whether they are dates."""

_FULL_CATEGORIES: Final = 0.01
_NO_CATEGORIES: Final = 0.2
_DATES: Final = 0.6
_DATES_NO_NUMBERS: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class Feature:
    """What an engine makes of a feature column."""

    kind: Kind | None
    """`None`: it is left out."""

    type: str
    """The kind; of a column that is left out, why in a word: ``constant``, ``identifier``."""

    missing: int
    distinct: int
    unused: str | None = None
    notes: tuple[str, ...] = ()
    """What is lost, each a sentence that follows the column's name."""

    faults: tuple[str, ...] = ()
    """Why a job with this column fails, as `notes`."""


def of_ensembling(cells: Sequence[str], dtype: Dtype, asked: Kind | None = None) -> Feature:
    """What ENSEMBLING makes of a column.

    Args:
        cells: Of a sample of the rows, each as `ensembling.value` has it.
        dtype: Its type by all rows.
        asked: The type that a feature specification gives it.
    """
    counts = Counter(cells)
    missing = counts.pop("", 0)
    distinct = len(counts) + bool(missing)
    if distinct <= 1 or asked:
        return _given(counts, missing, asked)
    if dtype is Dtype.LISTS:
        return _made(Kind.CATEGORICAL, counts, missing, faults=["has lists, which are refused"])
    if dtype in {Dtype.WHOLE, Dtype.DECIMAL}:
        lost = losses.of_numbers(counts, whole=dtype is Dtype.WHOLE)
        return _made(Kind.NUMERIC, counts, missing, *_flag(distinct, missing), *lost)
    if dtype not in {Dtype.BOOL, Dtype.BOOL_WITH_GAPS}:
        if _are_dates(cells):
            if distinct > 2 and _are_one_date(counts):
                return _unused(CONSTANT, ONE_DATE, counts, missing)
            lost = losses.of_dates(counts, dates.ensembling, clock="of the day on which the code runs")
            return _made(Kind.DATETIME, counts, missing, *lost, faults=losses.offsets(counts, gaps=bool(missing)))
        words = sum(len(cell.split()) for cell in counts)
        if distinct > _ONE_PERCENT * len(cells) and words >= _WORDS * len(counts):
            return _made(Kind.TEXT, counts, missing)
    if distinct > 2 and distinct == len(cells):
        why = "each value comes once, like those of an identifier"
        return _unused(IDENTIFIER, why, counts, missing)
    notes = [*_flag(distinct, missing)]
    strangers = [cell for cell in counts if math.isnan(ensembling.number(cell))]
    if strangers and 2 * len(strangers) < len(counts):
        notes.append(f"is categories and no number, for {few(strangers)} in it")
    if distinct > 2 and (alone := sum(count == 1 for count in counts.values())):
        notes.append(f"has values that come once: those {alone} count as missing")
    return _made(Kind.CATEGORICAL, counts, missing, *notes)


def of_tuning(cells: Sequence[str], asked: Kind | None = None) -> Feature:
    """What HYPERPARAMETER_TUNING makes of a column.

    Args:
        cells: Of a sample of the rows, as they are written.
        asked: The type that a feature specification gives it.
    """
    counts = Counter(cells)
    missing = sum(counts.pop(cell) for cell in [cell for cell in counts if not cell.strip()])
    if len(counts) + bool(missing) <= 1 or asked:
        return _given(counts, missing, asked)
    rows = len(cells)
    if _are_dates_and_no_numbers(cells):
        lost = losses.of_dates(counts, _date, clock="of 1970-01-01")
        without_day = "is read without the day of the month"
        return _made(Kind.DATETIME, counts, missing, without_day, *lost, faults=losses.milliseconds(counts))
    are_plain = bool(plain_numbers(counts))
    read = counts if are_plain else [cell for cell in counts if not math.isnan(tuning.counted_number(cell))]
    numbers = sum(counts[cell] for cell in read)
    share = len(counts) / rows
    categorical = min(1.0, max(0.0, (_NO_CATEGORIES - share) / (_NO_CATEGORIES - _FULL_CATEGORIES)))
    if len(counts) == 2:
        categorical = 1.0
    text = 0.0 if categorical == 1.0 else (counts.total() - numbers) / rows
    scores = {Kind.NUMERIC: numbers / rows, Kind.CATEGORICAL: categorical, Kind.TEXT: text}
    kind = max(scores, key=lambda each: scores[each])  # of equal scores the first one
    notes = []
    strangers = [] if are_plain else [cell for cell in counts if math.isnan(tuning.number(cell))]
    if kind is Kind.NUMERIC and strangers:
        lost_cells = sum(counts[cell] for cell in strangers)
        notes.append(f"is a number: {counted(lost_cells, 'cell')} without one, taken for missing: {few(strangers)}")
    if kind is Kind.CATEGORICAL and missing and numbers == counts.total():
        notes.append(f"is categories and no number, for {counted(missing, 'empty cell')} beside few different numbers")
    return _made(kind, counts, missing, *notes)


def _given(counts: Counter[str], missing: int, asked: Kind | None) -> Feature:
    if len(counts) + bool(missing) <= 1:
        of_nothing = "it has no values" if missing else "no row is trained on"
        return _unused(CONSTANT, "every row has the same value" if counts else of_nothing, counts, missing)
    if asked is None or asked is Kind.SEQUENCE:
        return _unused(Kind.SEQUENCE, "sequence features are not trained on here", counts, missing)
    return _made(asked, counts, missing)


def _made(kind: Kind, counts: Counter[str], missing: int, *notes: str, faults: Sequence[str] = ()) -> Feature:
    return Feature(kind=kind, type=str(kind), missing=missing, distinct=len(counts), notes=notes, faults=tuple(faults))


def _unused(word: str, why: str, counts: Counter[str], missing: int) -> Feature:
    return Feature(kind=None, type=str(word), missing=missing, distinct=len(counts), unused=why)


def _flag(distinct: int, missing: int) -> Sequence[str]:
    if distinct != 2:
        return ()
    gap = " (no value is one)" if missing else ""
    return (f"has two values{gap} and becomes 0 and 1: any other value counts as 0 later",)


def _some_rows(cells: Sequence[str]) -> Sequence[str]:
    return cells[:: math.ceil(len(cells) / _LOOKED_AT)]


def _are_one_date(cells: Iterable[str]) -> bool:
    """Whether all dates among these different cells are one and the same; `now` is another in each row."""
    moments = {cell: read for cell in cells if (read := dates.ensembling(cell))}
    return len(set(moments.values())) == 1 and moments.keys().isdisjoint({"now", "today"})


def _are_dates(cells: Sequence[str]) -> bool:
    seen = _some_rows(cells)
    return sum(not cell or dates.ensembling(cell) is None for cell in seen) <= _MOST_UNREADABLE * len(seen)


def _are_dates_and_no_numbers(cells: Sequence[str]) -> bool:
    seen = _some_rows(cells)
    least = _DATES_NO_NUMBERS * len(seen)
    others = [cell for cell in seen if math.isnan(tuning.counted_number(cell))]
    if len(others) <= least or sum(_date(cell) is not None for cell in others) <= least:
        return False
    return sum(_date(cell) is not None for cell in seen) > _DATES * len(seen)


def _date(cell: str) -> datetime | None:
    """A date by the analysis before the training, which wants a digit in it."""
    if not any(map(str.isdigit, cell)):
        return None
    try:
        return dates.tuning(cell)
    except OverflowError:
        return None
