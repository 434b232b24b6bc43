"""Steps of time: the frequency of a forecast, and the grid of moments that it lays over a time series."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from constructs_lib.engines.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATTERN = re.compile(r"(\d*)(Y|M|W|D|H|min)")
_MOST: Mapping[str, int] = {"min": 59, "H": 23, "D": 6, "W": 4, "M": 11, "Y": 1}
_SECONDS: Mapping[str, int] = {"min": 60, "H": 3600, "D": 86_400, "W": 7 * 86_400}
_MONTHS: Mapping[str, int] = {"M": 1, "Y": 12}
_WHOLE_DAYS = ("D", "W")
_SEASONS: Mapping[str, int] = {"min": 1440, "H": 24, "D": 7, "W": 52, "M": 12, "Y": 1}
"""Steps of one unit after which a season begins anew: a day, a week or a year. Our choice; Autopilot's is unknown."""


@dataclass(frozen=True, kw_only=True)
class Frequency:
    """A number of minutes, hours, days, weeks, months or years."""

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Frequency:
        """Read ``1D``, ``15min`` or ``Y``, as the API spells them.

        Raises:
            DataFault: The API does not know it.
        """
        found = _PATTERN.fullmatch(text)
        if not found or not 1 <= int(found[1] or 1) <= _MOST[found[2]]:
            allowed = ", ".join(f"1 to {most} {unit}" if most > 1 else f"1 {unit}" for unit, most in _MOST.items())
            raise DataFault(f"the forecast frequency {text!r} is not one of {allowed}")
        return cls(count=int(found[1] or 1), unit=found[2])

    @property
    def season(self) -> int:
        """Steps from one season to the next; 1 where the steps do not divide it."""
        whole, rest = divmod(_SEASONS[self.unit], self.count)
        return 1 if rest else whole

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Numbered steps of a frequency. A moment belongs to the last step that is not later."""

    frequency: Frequency
    anchor: float
    """When step 0 begins: seconds since 1970, of years and months the number of the month."""

    @classmethod
    def of(cls, frequency: Frequency, earliest: float) -> Grid:
        """The grid whose step 0 begins with the minute, hour, day, month or year of a moment in seconds."""
        if frequency.unit == "Y":
            return cls(frequency=frequency, anchor=_month(earliest) // 12 * 12)
        if frequency.unit == "M":
            return cls(frequency=frequency, anchor=_month(earliest))
        whole = _SECONDS["D" if frequency.unit == "W" else frequency.unit]
        return cls(frequency=frequency, anchor=earliest // whole * whole)

    def step(self, moment: float) -> int:
        """The number of the step that a moment in seconds belongs to."""
        unit, count = self.frequency.unit, self.frequency.count
        if unit in _MONTHS:
            return int((_month(moment) - self.anchor) // (_MONTHS[unit] * count))
        return int((moment - self.anchor) // (_SECONDS[unit] * count))

    def text(self, step: int) -> str:
        """When a step begins: a date alone, as it was seen of days, or date and time of shorter steps."""
        unit, count = self.frequency.unit, self.frequency.count
        if unit in _MONTHS:
            year, month = divmod(int(self.anchor) + step * _MONTHS[unit] * count, 12)
            return f"{year:04}-{month + 1:02}-01"
        begins = datetime.fromtimestamp(self.anchor + step * _SECONDS[unit] * count, UTC)
        return begins.strftime("%Y-%m-%d" if unit in _WHOLE_DAYS else "%Y-%m-%d %H:%M:%S")


def _month(moment: float) -> int:
    when = datetime.fromtimestamp(moment, UTC)
    return when.year * 12 + when.month - 1
