"""Metrics of two models on the same rows, and whether their difference is more than noise: nothing but numbers."""

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

from .contract import CLASS_METRICS, ERROR_METRICS, Direction, direction_of
from .failure import Failure

_MOST_RESAMPLES = 2000
_LEAST_RESAMPLES = 200
_DRAWS = 10_000_000
"""Rows that are drawn in all: a minute of a function of 256 MiB."""

_TWO = 2

Draws = Sequence[int]
"""Numbers of rows, some of them more than once."""

Value = Callable[[Draws], float | None]
"""The metric of a model on these rows; None where they do not define it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better the challenger is."""

    gain: float
    """On the rows themselves; above 0 is better, whichever way the metric goes."""
    lower: float
    """What the gain is above with the confidence that was asked for."""
    resamples: int


def label(text: str) -> str:
    """A label as it compares: numbers by value, true and false in any case, all else letter by letter."""
    text = text.strip()
    if text.lower() in {"true", "false"}:
        return text.lower()
    try:
        number = float("x" if "_" in text else text)
    except ValueError:
        return text
    return repr(number) if math.isfinite(number) else text


def positive_class(truth: Sequence[str], metric: str, *, is_tuned: bool) -> str:
    """Which of two classes a metric is about: the less frequent one in HYPERPARAMETER_TUNING, else the last in order.

    Raises:
        Failure: There are not two.
    """
    counts = Counter(truth)
    if len(counts) != _TWO:
        raise Failure(f"the holdout has {len(counts)} classes, and {metric} is about two")
    first, last = sorted(counts, key=_order)
    return first if is_tuned and counts[first] < counts[last] else last


def _order(text: str) -> tuple[float, str]:
    try:
        return float(text), ""
    except ValueError:
        return math.inf, text


# The metric of a model


def of_classes(metric: str, truth: Sequence[str], predicted: Sequence[str], positive: str = "") -> Value:
    """A metric of predicted classes."""
    names = sorted({*truth, *predicted})
    number = {name: index for index, name in enumerate(names)}
    size = len(names)
    cells = [number[one] * size + number[other] for one, other in zip(truth, predicted, strict=True)]

    def value(draws: Draws) -> float | None:
        hits: Counter[int] = Counter()
        true: Counter[int] = Counter()
        told: Counter[int] = Counter()
        for cell, count in Counter(map(cells.__getitem__, draws)).items():
            one, other = divmod(cell, size)
            true[one] += count
            told[other] += count
            if one == other:
                hits[one] += count

        def of(each: int) -> float:
            if metric.startswith("F1"):
                return _TWO * hits[each] / (true[each] + told[each]) if true[each] + told[each] else 0.0
            base = told if metric.startswith("Precision") else true
            return hits[each] / base[each] if base[each] else 0.0

        if metric == "Accuracy":
            return hits.total() / len(draws)
        if metric == "BalancedAccuracy":
            return math.fsum(map(of, true)) / len(true)
        if positive:
            return of(number[positive])
        present = {*true, *told}
        return math.fsum(map(of, present)) / len(present)

    return value


def of_chances(truth: Sequence[str], chances: Sequence[float], positive: str) -> Value:
    """AUC of the chances of the positive class; those that are equal count half."""
    rank = {chance: index for index, chance in enumerate(sorted(set(chances)))}
    cells = [_TWO * rank[chance] + (each == positive) for each, chance in zip(truth, chances, strict=True)]
    size = _TWO * len(rank)

    def value(draws: Draws) -> float | None:
        counts = [0] * size
        for draw in draws:
            counts[cells[draw]] += 1
        negative, of_positive = counts[0::2], counts[1::2]
        pairs = sum(negative) * sum(of_positive)
        if not pairs:
            return None
        below: int = sum(map(mul, of_positive, accumulate(negative)))
        ties: int = sum(map(mul, of_positive, negative))
        return (below - ties / _TWO) / pairs

    return value


def of_numbers(metric: str, truth: Sequence[float], predicted: Sequence[float]) -> Value:
    """A metric of predicted numbers."""
    pairs = list(zip(truth, predicted, strict=True))
    errors = [abs(one - other) if metric == "MAE" else (one - other) ** 2 for one, other in pairs]
    middle = math.fsum(truth) / len(truth)
    offsets = [each - middle for each in truth]
    squares = [each * each for each in offsets]

    def value(draws: Draws) -> float | None:
        error = math.fsum(map(errors.__getitem__, draws))
        if metric != "R2":
            mean = error / len(draws)
            return math.sqrt(mean) if metric == "RMSE" else mean
        spread = math.fsum(map(squares.__getitem__, draws))
        spread -= math.fsum(map(offsets.__getitem__, draws)) ** 2 / len(draws)
        if len(set(map(truth.__getitem__, draws))) == 1 or spread <= 0:
            return None
        return 1 - error / spread

    return value


def is_known(metric: str) -> bool:
    """Whether a metric can be computed here."""
    return metric in CLASS_METRICS or metric in ERROR_METRICS


# Two models


def compare(metric: str, challenger: Value, champion: Value, *, rows: int, confidence: float, seed: str) -> Difference:
    """How much better one is, in a paired bootstrap: each resample draws rows, and both models answer those.

    The same seed draws the same rows, so a step that is done again says the same.

    Raises:
        Failure: Too few resamples define the metric.
    """
    sign = -1 if direction_of(metric) is Direction.MINIMIZE else 1

    def gain(draws: Draws) -> float | None:
        new, old = challenger(draws), champion(draws)
        return None if new is None or old is None else sign * (new - old)

    whole = gain(range(rows))
    generator = random.Random(seed)  # noqa: S311 - it draws rows, and no secret
    wanted = max(_LEAST_RESAMPLES, min(_MOST_RESAMPLES, _DRAWS // rows))
    drawn = (gain(generator.choices(range(rows), k=rows)) for _ in range(wanted))
    gains = sorted(each for each in drawn if each is not None)
    if whole is None or _TWO * len(gains) < wanted:
        raise Failure(f"the rows of the holdout do not define {metric}: it needs more rows of each class, or values")
    return Difference(whole, gains[int(round((1 - confidence) * len(gains), 6))], len(gains))
