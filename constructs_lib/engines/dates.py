"""Which cells each engine takes for a date or a time. Both end up in dateutil, which jsii brings along."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from dateutil import parser, tz

_TIME: Final = re.compile(r"\d?\d:\d\d")
_QUARTER: Final = re.compile(r"(?:(\d{4})-?|(\d\d)-?)[Qq]([1-4])|([1-4])[Qq]-?(?:(\d{4})|(\d\d))")
_MONTH: Final = re.compile(r"(\d{4})\.(0?[1-9]|1[0-2])")
_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?")
_FIRST_YEAR: Final = datetime(1, 1, 1)
_EPOCH: Final = datetime(1970, 1, 1)
_FIRST, _LAST = datetime(1677, 9, 22), datetime(2262, 4, 11)
"""What 64 bits of nanoseconds hold."""

_NEVER: Final = frozenset("aAmMpPtT")
_REMEMBERED: Final = 100_000


@lru_cache(_REMEMBERED)
def ensembling(cell: str) -> datetime | None:
    """The moment that ENSEMBLING reads, in UTC and without a zone: month first where that is possible, cell by cell.

    A clock time, ``now`` and ``today`` are those of the day on which the code runs.
    """
    found = any_year(cell)
    return found if found and _FIRST <= found <= _LAST else None


@lru_cache(_REMEMBERED)
def any_year(cell: str) -> datetime | None:
    """The moment that a cell names by `ensembling`, also in the years that are no date for the engine."""
    if cell in {"now", "today"}:
        return datetime.now(UTC).replace(tzinfo=None)
    if _TIME.match(cell):
        return _parsed(cell, datetime.now(UTC).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0))
    if len(cell) <= 7 and (quarter := _QUARTER.fullmatch(cell)):
        year = int(quarter[1] or quarter[5] or f"20{quarter[2] or quarter[6]}")
        return datetime(year, 3 * int(quarter[3] or quarter[4]) - 2, 1) if year else None
    if month := _MONTH.fullmatch(cell):
        return datetime(int(month[1]), int(month[2]), 1) if int(month[1]) else None
    if cell in _NEVER or (cell[:1] != "0" and _is_small_number(cell)):
        return None
    return _parsed(cell, _FIRST_YEAR)


@lru_cache(_REMEMBERED)
def offset(cell: str) -> timedelta | None:
    """The offset from UTC that is written in a cell that is a date; `None` without a zone."""
    if (":" not in cell and "T" not in cell) or _iso(cell):
        return None
    try:
        found: datetime = parser.parse(cell, default=_FIRST_YEAR, tzinfos=_zone)
    except (ValueError, OverflowError):
        return None
    return found.utcoffset()


@lru_cache(_REMEMBERED)
def tuning(cell: str) -> datetime | None:
    """The moment that HYPERPARAMETER_TUNING reads, the zone left out; what lacks is of 1970-01-01.

    Raises:
        OverflowError: A number too large for a date, as milliseconds since 1970 are: the engine does not go on.
    """
    if iso := _iso(cell):
        return iso
    try:
        found: datetime = parser.parse(cell, default=_EPOCH, tzinfos=_zone)
    except parser.ParserError:
        return None
    return found.replace(tzinfo=None)


def _parsed(cell: str, default: datetime) -> datetime | None:
    if iso := _iso(cell):
        return iso
    try:
        found: datetime = parser.parse(cell, default=default, tzinfos=_zone)
    except (ValueError, OverflowError):
        return None
    moment = found.replace(tzinfo=None)
    try:
        return moment - (found.utcoffset() or timedelta())
    except OverflowError:  # an hour from the first or the last year there is
        return moment


def _iso(cell: str) -> datetime | None:
    """The moment in a cell that is written as most are, without a zone: what dateutil says, much quicker."""
    if not _ISO.fullmatch(cell):
        return None
    try:
        return datetime.fromisoformat(cell)
    except ValueError:
        return None


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    """A zone of which the offset is written; a name alone, as `EST`, says nothing."""
    return None if offset is None else tz.tzoffset(name, offset)


def _is_small_number(cell: str) -> bool:
    try:
        return cell.isascii() and float(cell) < 1000
    except ValueError:
        return False
