"""What the data report finds that Autopilot writes before it trains, by its own limits, on a sample of the rows."""

import bisect
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from .columns import Kind
from .target import BINARY, REGRESSION, Told, counted, few, plain_numbers

LOOKED_AT: Final = 10_000
"""Rows at most: of a larger sample the first."""

_LEAKAGE: Final = 0.95
_DUPLICATES: Final = 0.05
_MINORITY: Final = 20
_SMALL_CLASS: Final = 10
_SMALL_SHARE: Final = 0.01
_NO_NUMBERS: Final = 0.05
_ROBUST: Final = 5
_SKEWED: Final = 3
_HEAVY_TAIL: Final = 10
_FREQUENT: Final = 0.1
_DISTINCT: Final = 20
_BINS: Final = 200


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A sample of the rows with a label, by columns."""

    cells: Mapping[str, Sequence[str]]
    """Of all columns, as the engine keeps them."""

    labels: Sequence[str | float]
    """The class of each row, or its number; NaN for none."""


def findings(
    rows: Rows, problem_type: str, name: str, kinds: Mapping[str, Kind | None], read: Callable[[str], float]
) -> list[Told]:
    """What the report finds.

    Args:
        rows: What to look at.
        problem_type: What is learned.
        name: The target's column.
        kinds: The types of the other columns.
        read: The number in a cell, NaN for none.
    """
    found = list(_about_rows(rows))
    if problem_type == REGRESSION:
        found += _about_values(rows, name)
    else:
        found += _about_classes(name, Counter(rows.labels), binary=problem_type == BINARY)
    for column, kind in kinds.items():
        if kind is Kind.NUMERIC:
            found += _about_numbers(column, rows.cells[column], read)
    leaks = {}
    for column, kind in kinds.items():
        if kind:
            power = prediction_power(rows.cells[column], rows.labels, read if kind is Kind.NUMERIC else None)
            leaks[column] = power if power > _LEAKAGE else 0.0
    if given_away := [column for column, power in leaks.items() if power]:
        shown = ", ".join(f"{column!r} ({leaks[column]:.2f})" for column in given_away)
        found.append(
            Told(
                "leakage",
                f"has columns that give '{name}' away: the prediction power of {shown} is above {_LEAKAGE}; make sure "
                "that they are known before the answer is",
            )
        )
    return found


def prediction_power(cells: Sequence[str], labels: Sequence[str | float], read: Callable[[str], float] | None) -> float:
    """How well one column foretells the target, from 0 to 1: learned on every second row, measured on the others.

    Args:
        cells: The column.
        labels: The target.
        read: Of a column of numbers, the number in a cell.
    """
    known = [place for place, label in enumerate(labels) if isinstance(label, str) or math.isfinite(label)]
    learned, measured = known[::2], known[1::2]
    if not measured:
        return 0.0
    group = _grouped(cells, learned, read) if read else cells.__getitem__
    groups: dict[str | int, list[str | float]] = defaultdict(list)
    for place in learned:
        groups[group(place)].append(labels[place])
    if isinstance(labels[known[0]], float):
        return _explained(groups, [(group(place), float(labels[place])) for place in measured])
    usual = Counter(labels[place] for place in learned).most_common(1)[0][0]
    answers = {key: seen[0] if len(seen) == 1 else Counter(seen).most_common(1)[0][0] for key, seen in groups.items()}
    right = sum(answers.get(group(place), usual) == labels[place] for place in measured) / len(measured)
    by_chance = sum(labels[place] == usual for place in measured) / len(measured)
    return max(0.0, (right - by_chance) / (1 - by_chance)) if by_chance < 1 else 0.0


def _grouped(cells: Sequence[str], learned: Sequence[int], read: Callable[[str], float]) -> Callable[[int], int]:
    """Numbers in groups of the same size, missing ones in one of their own."""
    values = _numbers(cells, read)
    known = sorted(value for place in learned if math.isfinite(value := values[place]))
    edges = sorted({known[len(known) * step // _BINS] for step in range(1, _BINS)}) if known else []

    groups = [bisect.bisect_right(edges, value) if math.isfinite(value) else -1 for value in values]
    return groups.__getitem__


def _numbers(cells: Sequence[str], read: Callable[[str], float]) -> list[float]:
    return plain_numbers(cells) or list(map(read, cells))


def _explained(groups: Mapping[str | int, Sequence[str | float]], measured: Sequence[tuple[str | int, float]]) -> float:
    try:
        means = {key: statistics.fmean(map(float, seen)) for key, seen in groups.items()}
        overall = statistics.fmean(value for _, value in measured)
        spread = math.fsum((value - overall) ** 2 for _, value in measured)
        missed = math.fsum((value - means.get(key, overall)) ** 2 for key, value in measured)
    except OverflowError:  # numbers near the largest ones
        return 0.0
    return max(0.0, 1 - missed / spread) if spread else 0.0


def _about_rows(rows: Rows) -> Iterator[Told]:
    whole = list(zip(*rows.cells.values(), strict=True))
    repeated = len(whole) - len(set(whole))
    if repeated > _DUPLICATES * len(whole):
        yield Told("duplicates", f"has rows that are there more than once: {repeated} of {len(whole)}")


def _about_classes(name: str, sizes: Counter[str | float], *, binary: bool) -> Iterator[Told]:
    if binary:
        least = min(sizes.values(), default=0)
        if least < _MINORITY:
            yield Told(
                "small-minority",
                f"has {counted(least, 'row')} of the less frequent class of '{name}', fewer than {_MINORITY}",
            )
        return
    if small := [str(label) for label, size in sizes.items() if size <= _SMALL_CLASS]:
        yield Told("small-classes", f"has classes of {_SMALL_CLASS} rows or fewer in '{name}': {few(small)}")
    largest = max(sizes.values(), default=0)
    slight = [str(label) for label, size in sizes.items() if _SMALL_CLASS < size < _SMALL_SHARE * largest]
    if slight:
        yield Told("imbalanced", f"has classes in '{name}' of less than a hundredth of the largest: {few(slight)}")


def _about_values(rows: Rows, name: str) -> Iterator[Told]:
    values = [float(label) for label in rows.labels if math.isfinite(float(label))]
    if len(values) < 2:
        return
    lost = len(rows.labels) - len(values)
    if lost > _NO_NUMBERS * len(rows.labels):
        yield Told(
            "no-numbers", f"has no number in '{name}' in {lost} of {len(rows.labels)} rows, more than a twentieth"
        )
    value, count = Counter(values).most_common(1)[0]
    if count > max(_FREQUENT, 5 / len(set(values))) * len(values):
        yield Told("frequent-value", f"has {value:g} in '{name}' in {count} of {len(values)} rows")
    with suppress(OverflowError):  # the spread of numbers near the largest ones is larger than any
        yield from _about_spread(values, name)


def _about_spread(values: Sequence[float], name: str) -> Iterator[Told]:
    outliers = _outliers(values)
    if not outliers:
        return
    mean, spread = statistics.fmean(values), statistics.pstdev(values)
    skew = statistics.fmean(((value - mean) / spread) ** 3 for value in values)
    tail = statistics.fmean(((value - mean) / spread) ** 4 for value in values) - 3
    if abs(skew) > _SKEWED:
        yield Told("skewed", f"has a skewed '{name}', with {counted(outliers, 'outlier')}")
    elif tail > _HEAVY_TAIL:
        yield Told("heavy-tail", f"has a heavy tail in '{name}', with {counted(outliers, 'outlier')}")
    else:
        yield Told("outliers", f"has {counted(outliers, 'outlier')} in '{name}'")


def _outliers(values: Sequence[float]) -> int:
    """Values that are more than five deviations from the median, as the middle nine tenths have them."""
    ordered = sorted(values)
    middle = ordered[len(ordered) // 20 : len(ordered) - len(ordered) // 20]
    reach = _ROBUST * statistics.pstdev(middle)
    median = statistics.median(ordered)
    return sum(abs(value - median) > reach for value in ordered) if reach else 0


def _about_numbers(column: str, cells: Sequence[str], read: Callable[[str], float]) -> Iterator[Told]:
    values = Counter(value for value in _numbers(cells, read) if math.isfinite(value))
    if len(values) <= _DISTINCT:
        return
    (value, first), (_, second) = values.most_common(2)
    if value.is_integer() and first > _FREQUENT * len(cells) and first > 10 * second:
        yield Told(
            "suspicious-constant",
            f"has {value:g} in {first} of {len(cells)} rows of '{column}', which may stand for a missing number",
        )
