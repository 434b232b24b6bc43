"""What a user loses by the way in which an engine reads a column: sentences that follow the column's name."""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

from . import dates, ensembling
from .target import few, plain_numbers, short

_CLOCK: Final = re.compile(r"\d?\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?[AaPp][Mm])?")
_VERSION: Final = re.compile(r"\d{1,2}\.\d{1,2}\.\d{1,2}")
_NUMBERED: Final = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-]\d{4}(?:\D.*)?", re.DOTALL)
_TWO_DIGIT_YEAR: Final = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2}")
_MILLISECONDS: Final = re.compile(r"\d{13}")
_NO_TIMES: Final = frozenset(("NAN", "NAT", "NaT", "nat"))
"""What ENSEMBLING takes for a date without a value, and not for a cell without one."""

_MONTHS: Final = 12


def of_dates(cells: Iterable[str], read: Callable[[str], datetime | None], *, clock: str) -> Iterator[str]:
    """Of a column of dates.

    Args:
        cells: Its different values.
        read: How the engine reads one.
        clock: Of which day a clock time is.
    """
    known = list(cells)
    if clocks := [cell for cell in known if _CLOCK.fullmatch(cell.strip())]:
        yield f"has clock times, {few(clocks)}, which are read as moments {clock}"
    moments = [(cell, moment) for cell in known if _VERSION.fullmatch(cell) and (moment := read(cell))]
    if moments:
        cell, moment = moments[0]
        yield f"may have version numbers or the like: {short(cell)} is read as {moment:%Y-%m-%d}"
    numbered = [(cell, int(found[1]), int(found[2])) for cell in known if (found := _NUMBERED.fullmatch(cell))]
    swapped = [cell for cell, day, month in numbered if max(day, month) <= _MONTHS and day != month]
    if swapped and any(day > _MONTHS for _, day, _ in numbered) and (swap := read(swapped[0])):
        yield f"has days before months, and {short(swapped[0])} is read as {swap:%Y-%m-%d}: month first, cell by cell"
    if years := [cell for cell in known if _TWO_DIGIT_YEAR.fullmatch(cell)]:
        yield f"has years of two digits, {few(years)}, whose century depends on the day on which they are read"


def offsets(cells: Iterable[str], *, gaps: bool) -> list[str]:
    """Why dates end a job in ENSEMBLING: those without a zone count as another offset.

    Args:
        cells: Its different values.
        gaps: Whether cells without a value are among them. Beside one, a date before 1677 or after 2262 counts too.
    """
    known = list(cells)
    read = dates.ensembling if not gaps and _NO_TIMES.isdisjoint(known) else dates.any_year
    found = {dates.offset(cell): cell for cell in known if cell not in {"now", "today"} and read(cell)}
    return [f"has times of more than one offset from UTC, {few(list(found.values()))}"] if len(found) > 1 else []


def milliseconds(cells: Iterable[str]) -> list[str]:
    """Why dates end a job in HYPERPARAMETER_TUNING."""
    found = [cell for cell in cells if _MILLISECONDS.fullmatch(cell)]
    return [f"has milliseconds since 1970 among its dates, {few(found)}"] if found else []


def of_numbers(cells: Iterable[str], *, whole: bool) -> Iterator[str]:
    """Of a column of numbers in ENSEMBLING.

    Args:
        cells: Its different values.
        whole: Whether all of them are whole numbers.
    """
    known = list(cells)
    if whole and (padded := [cell for cell in known if _has_zeros(cell)]):
        yield f"is a number, so the zeros before it are lost: {few(padded)}"
    if plain_numbers(known):
        return
    if infinite := [cell for cell in known if math.isinf(ensembling.number(cell))]:
        yield f"has infinite values, {few(infinite)}, on which some algorithms fail"


def _has_zeros(cell: str) -> bool:
    digits = cell.strip().lstrip("+-")
    return len(digits) > 1 and digits.startswith("0")
