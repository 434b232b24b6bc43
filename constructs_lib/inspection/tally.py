"""What is counted of all cells of a column, whoever reads it."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from constructs_lib.engines.ensembling import MISSING
from constructs_lib.engines.inspection import Engine

MOST_DISTINCT: Final = 1_000
"""Different cells that are counted one by one; of more, only that there are more."""


class Tally:
    """Different cells, cells without a value and the reach of the numbers of a column."""

    def __init__(self, engine: Engine) -> None:
        """Nothing is counted yet.

        Args:
            engine: Who says what a number is.
        """
        self.empty = 0
        """Cells with nothing in them."""

        self.blank = 0
        """Cells of blanks only: no value to HYPERPARAMETER_TUNING."""

        self.words: Counter[str] = Counter()
        """Words that mean no value to ENSEMBLING, and are values to HYPERPARAMETER_TUNING."""

        self.least, self.most = math.inf, -math.inf
        """Of the finite numbers."""

        self.known: set[str] | None = set()
        """The different cells that hold something; `None` for more than `MOST_DISTINCT`."""

        self._number = engine.number

    @property
    def distinct(self) -> int | None:
        """Different cells that hold something; `None` for more than `MOST_DISTINCT`."""
        return None if self.known is None else len(self.known)

    def add(self, cells: Sequence[str]) -> None:
        """The next cells."""
        self.add_counted(Counter(cells))

    def add_counted(self, counts: Mapping[str, int]) -> None:
        """The next cells, counted."""
        for cell, count in counts.items():
            if not cell:
                self.empty += count
            elif cell in MISSING:
                self.words[cell] += count
            elif cell.isspace():
                self.blank += count
        known = self.known
        new = counts if known is None else {cell: count for cell, count in counts.items() if cell not in known}
        if new:
            self.add_numbers(new)
            self.add_distinct(new)

    def add_distinct(self, cells: Mapping[str, int] | Sequence[str]) -> None:
        """Different cells among the next ones."""
        if self.known is not None:
            self.known.update(cells)
            self.known.discard("")
            if len(self.known) > MOST_DISTINCT:
                self.known = None

    def add_numbers(self, cells: Mapping[str, int] | Sequence[str]) -> None:
        """Different cells among the next ones, those that are numbers to the engine."""
        values = [value for cell in cells if math.isfinite(value := self._number(cell))]
        if values:
            self.add_reach(min(values), max(values))

    def add_reach(self, least: float, most: float) -> None:
        """The least and the largest number among the next cells."""
        self.least, self.most = min(self.least, least), max(self.most, most)

    def missing(self, *, words: bool) -> int:
        """Cells without a value.

        Args:
            words: Whether they are those of ENSEMBLING; else of HYPERPARAMETER_TUNING.
        """
        return self.empty + (self.words.total() if words else self.blank)
