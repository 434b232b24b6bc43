"""Dates as the service reads them, and those that are written in other ways."""

import math
import re
from datetime import UTC, datetime

_QUARTER = re.compile(r"(?P<year>\d{4})[ /-]?[Qq](?P<number>[1-4])|[Qq](?P<first>[1-4])[ /-]?(?P<later>\d{4})")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})")


def moment(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 date or time (also with slashes), UTC unless it says otherwise, else NaN."""
    try:
        value = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return math.nan
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


def written_date(text: str) -> str | None:
    """What a date is called that is not read as one here, with what to write in its place; `None` for all else."""
    if quarter := _QUARTER.fullmatch(text):
        year, number = (quarter["year"] or quarter["later"]), int(quarter["number"] or quarter["first"])
        return f"{text!r} is a quarter: write the day that it begins with, {year}-{3 * number - 2:02}-01"
    if date := _SLASHED.fullmatch(text):
        first, second, year = int(date[1]), int(date[2]), date[3] if len(date[3]) > 2 else f"20{date[3]}"
        if first <= 12 and second <= 31:
            also = (
                f", or {year}-{second:02}-{first:02} if it means day/month/year"
                if second <= 12 and second != first
                else ""
            )
            return f"{text!r} is a date as in the US, month/day/year: write {year}-{first:02}-{second:02}{also}"
        if first <= 31 and second <= 12:
            return f"{text!r} is day/month/year: write {year}-{second:02}-{first:02}"
    return None
