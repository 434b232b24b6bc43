"""A random sample of rows that come one after the other, of which nobody knows how many there will be."""

import math
import random
from collections.abc import Mapping, Sequence
from typing import Final

_SEED: Final = 0


class Reservoir:
    """A sample in which each row is with the same chance; the same one for the same rows."""

    def __init__(self, size: int) -> None:
        """Empty.

        Args:
            size: Rows at most.
        """
        self.rows: list[list[str]] = []
        self.seen = 0
        """Rows that came."""

        self._size = size
        self._draw = random.Random(_SEED)  # noqa: S311 - a sample, no secret
        self._width = 1.0
        self._next = 0
        """The number of the next row that is taken, once the sample is full."""

    def add(self, rows: Sequence[list[str]]) -> None:
        """The next rows."""
        self.put(self.draw(len(rows)), rows)

    def draw(self, count: int) -> list[tuple[int, int]]:
        """Let so many rows come, and say which are taken: the place in the sample, and the number among these."""
        taken = [(len(self.rows) + number, number) for number in range(min(count, self._size - len(self.rows)))]
        before, self.seen = self.seen, self.seen + count
        if not self._next and self.seen >= self._size > 0:
            self._skip(self._size)
        while self._next and self._next <= self.seen:
            taken.append((int(self._draw.random() * self._size), self._next - before - 1))
            self._skip(self._next)
        return taken

    def put(self, taken: Sequence[tuple[int, int]], rows: Mapping[int, list[str]] | Sequence[list[str]]) -> None:
        """Keep the rows that `draw` took, given by their number."""
        for place, number in taken:
            if place == len(self.rows):
                self.rows.append(rows[number])
            else:
                self.rows[place] = rows[number]

    def _skip(self, place: int) -> None:
        """Find the next row of the sample (Li 1994, algorithm L)."""
        self._width *= math.exp(math.log(1 - self._draw.random()) / self._size)
        self._next = place + 1 + int(math.log(1 - self._draw.random()) / math.log1p(-self._width))
