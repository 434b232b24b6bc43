"""What both engines have to say of labels, whatever they make of them."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from .target import Counts, Spellings, Target, Told

_MANY_CLASSES: Final = 100
_FAR: Final = 1_000
_MOST_LABELS: Final = 2_500


@dataclass(frozen=True)
class Near:
    """How far another problem is."""

    labels: int
    """So many different labels more, or fewer where it is below zero."""

    problem_type: str | None
    """What they would pose; `None` for what cannot be told, so that the job fails."""


class Labels(ABC):
    """The cells of a target, and what is told of them."""

    def __init__(self, name: str, cells: Spellings) -> None:
        """Nothing is told yet.

        Args:
            name: The column.
            cells: All of its cells.
        """
        self._name, self._cells = name, cells
        self._warnings: list[Told] = []
        self._wastes: list[Told] = []
        self._errors: list[Told] = []

    @abstractmethod
    def target(self, given: str | None) -> Target:
        """What the engine makes of the target.

        Args:
            given: The problem type that the job is given, if it is.
        """

    def found(self) -> str | None:
        """The problem type by the rule of the engine, with nothing else looked at."""
        return self._rule(self._counts())[0]

    def nearest(self) -> tuple[Near, ...]:
        """What the rule would find with a few different labels more or fewer in as many rows: the nearest change each.

        Nothing where the problem cannot be told, or no other one is as near as `_FAR` labels.
        """
        counts = self._counts()
        found, _ = self._rule(counts)
        if found is None or not 2 < counts.distinct <= _MOST_LABELS:  # two are meant to be all
            return ()
        nearest = []
        for step in (1, -1):
            for away in range(1, _FAR + 1):
                distinct = counts.distinct + step * away
                if not 2 <= distinct <= counts.rows:
                    break
                other, _ = self._rule(replace(counts, distinct=distinct))
                if other != found:
                    nearest.append(Near(step * away, other))
                    break
        return tuple(nearest)

    @abstractmethod
    def _counts(self) -> Counts:
        """The figures by which the rule goes."""

    @abstractmethod
    def _rule(self, counts: Counts) -> tuple[str | None, str]:
        """The problem type by these figures, `None` for none that can be told, and why."""

    def _error(self, name: str, text: str) -> None:
        self._errors.append(Told(name, text))

    def _waste(self, name: str, text: str) -> None:
        self._wastes.append(Told(name, text))

    def _warn(self, name: str, text: str) -> None:
        self._warnings.append(Told(name, text))

    def _tell_of_missing(self, known: Iterable[str], also: Callable[[list[str]], str]) -> None:
        """Tell of the cells without a label.

        Args:
            known: Those with one.
            also: What else to say of the others.
        """
        labelled, rows = frozenset(known), self._cells.rows
        missing = [cell for cell in self._cells.counts if cell not in labelled]
        count = sum(self._cells.counts[cell] for cell in missing)
        if count == rows:
            self._error("no-label", f"has no label in '{self._name}' in any of its {rows} rows")
        elif count:
            self._warn(
                "rows-without-label",
                f"has {count} of {rows} rows without a label in '{self._name}', which are left out: "
                f"{self._cells.some(missing)}{also(missing)}",
            )

    def _tell_of_neighbours(self, found: str) -> None:
        """Tell where nearly the same data would pose another problem."""
        for change, other in self._counts().varied():
            flipped, _ = self._rule(other)
            if flipped != found:
                self._warn(
                    "ambiguous-problem-type",
                    f"poses the problem {found} in '{self._name}', and {change} it would be "
                    f"{flipped or 'unclear, so that the job fails'}: give 'problem_type'",
                )
                return

    def _tell_of_sizes(self, sizes: Counter[str] | Counter[float | str], *, is_explained: bool = False) -> None:
        """Tell of classes that are too small or too many.

        Args:
            sizes: How many rows each has.
            is_explained: Whether it is told what made them so small.
        """
        alone = sum(size == 1 for size in sizes.values())
        if len(sizes) > 2 and 2 * alone >= len(sizes) and not is_explained:
            self._waste(
                "classes-of-one-row",
                f"has {len(sizes)} classes in '{self._name}', and {alone} of them have a single row: nothing of them "
                "is learned",
            )
        elif len(sizes) > _MANY_CLASSES:
            self._warn("many-classes", f"has {len(sizes)} classes in '{self._name}', more than {_MANY_CLASSES}")
