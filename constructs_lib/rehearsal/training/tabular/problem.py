"""Which problem a target poses, and what the metrics of each problem are.

Autopilot infers a missing problem type by a rule that AWS does not publish. Ours, used only when none is given:

* two different values: ``BinaryClassification``
* values that are not all numbers: ``MulticlassClassification``, up to 200 different ones
* whole numbers written without a decimal point, at most 20 different ones: ``MulticlassClassification``
* all other numbers: ``Regression``

Where another reasonable rule would decide otherwise, a note says that the target is ambiguous.

The positive class of a binary problem is the label that comes last when both are sorted (as numbers if both are).
AWS documents that Autopilot chooses one and returns it as the second label, not how it chooses.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..faults import DataFault
from .columns import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..task import Direction

REGRESSION = "Regression"
BINARY = "BinaryClassification"
MULTICLASS = "MulticlassClassification"

OBJECTIVES: Mapping[str, Sequence[str]] = {
    REGRESSION: ("MSE", "MAE", "R2", "RMSE"),
    BINARY: ("F1", "Accuracy", "AUC", "BalancedAccuracy", "Precision", "Recall"),
    MULTICLASS: ("Accuracy", "BalancedAccuracy", "F1macro", "PrecisionMacro", "RecallMacro"),
}
"""The objectives of each problem type, the default first."""

_MINIMIZED = frozenset({"MSE", "RMSE", "MAE", "LogLoss", "MAPE", "MASE", "WAPE", "AverageWeightedQuantileLoss"})

_FEW_NUMBERS = 20
_MANY_NUMBERS = 100
_MOST_CLASSES = 200
_YEARS = range(1800, 2101)
_NEARLY_NUMERIC = 0.9
_REMEDY = "set problem_type and objective to be sure; Autopilot's own rule is not published and may differ"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A problem type, the labels of a classification, and what to know about how it was found."""

    problem_type: str
    objective: str
    labels: tuple[str, ...] = ()
    """All classes, sorted; of two, the second is the positive one."""

    notes: tuple[str, ...] = ()


def direction(metric: str) -> Direction:
    """Whether more of a metric is better."""
    return "Minimize" if metric in _MINIMIZED else "Maximize"


def resolve(target: str, values: Sequence[str], problem_type: str | None, objective: str | None) -> Problem:
    """Check the target's values against the problem asked for, or find the problem by the rule above.

    Raises:
        DataFault: The values do not fit, or there is nothing to tell apart.
    """
    counts = Counter(values)
    if len(counts) == 1:
        raise DataFault(f"every row has the same value in {target!r} ({values[0]!r}): there is nothing to learn")
    notes: list[str] = []
    if problem_type is None:
        problem_type, notes = _infer(target, counts)
    else:
        _check(target, counts, problem_type)
    if objective is None:
        objective = OBJECTIVES[problem_type][0]
    elif objective not in OBJECTIVES[problem_type]:
        raise DataFault(
            f"the objective {objective} is not one of {problem_type}: {', '.join(OBJECTIVES[problem_type])}"
        )
    labels = () if problem_type == REGRESSION else _sorted_labels(counts)
    if problem_type == BINARY:
        notes.append(
            f"the positive class of {target!r} is {labels[1]!r} here, the last of the two labels in order; "
            "how Autopilot chooses it is not published"
        )
    return Problem(problem_type=problem_type, objective=objective, labels=labels, notes=tuple(notes))


def _check(target: str, counts: Counter[str], problem_type: str) -> None:
    if problem_type == BINARY and len(counts) > 2:
        raise DataFault(f"{BINARY} needs two different values in {target!r}; there are {len(counts)}: {_some(counts)}")
    if problem_type == REGRESSION:
        words = Counter({value: count for value, count in counts.items() if math.isnan(number(value))})
        if words:
            raise DataFault(
                f"{REGRESSION} needs numbers in {target!r}; {words.total()} of {counts.total()} rows have none: "
                f"{_some(words)}"
            )


def _infer(target: str, counts: Counter[str]) -> tuple[str, list[str]]:
    distinct = len(counts)
    numbers = {value: number(value) for value in counts}
    numeric = [value for value in numbers.values() if not math.isnan(value)]
    if distinct == 2:
        plain = len(numeric) < distinct or set(counts) == {"0", "1"}
        return BINARY, [] if plain else [_ambiguous(target, f"it has the two numbers {_some(counts)}", BINARY)]
    if len(numeric) < distinct:
        return _infer_from_words(target, counts, len(numeric))
    whole = all(value.lstrip("+-").isdigit() for value in counts)
    found = MULTICLASS if whole and distinct <= _FEW_NUMBERS else REGRESSION
    doubt = _doubt(counts, numeric, whole=whole)
    return found, [_ambiguous(target, doubt, found)] if doubt else []


def _infer_from_words(target: str, counts: Counter[str], numeric: int) -> tuple[str, list[str]]:
    distinct = len(counts)
    if distinct > _MOST_CLASSES:
        words = Counter({value: count for value, count in counts.items() if math.isnan(number(value))})
        raise DataFault(
            f"cannot tell what kind of problem {target!r} poses: {distinct} different values, "
            f"{words.total()} of {counts.total()} rows without a number ({_some(words)}); "
            "clean the column or set problem_type and objective"
        )
    if numeric >= _NEARLY_NUMERIC * distinct:
        return MULTICLASS, [_ambiguous(target, "it has numbers with some text between them", MULTICLASS)]
    return MULTICLASS, []


def _doubt(counts: Counter[str], numeric: Sequence[float], *, whole: bool) -> str | None:
    if whole and any(len(value) > 1 and value.startswith("0") for value in counts):
        return "some numbers begin with 0, like postal codes"
    if whole and all(value in _YEARS for value in numeric):
        return "its values look like years"
    if whole and len(counts) > _FEW_NUMBERS and {len(value) for value in counts} == {5}:
        return "all values have five digits, like postal codes"
    if len(counts) <= (_MANY_NUMBERS if whole else _FEW_NUMBERS):
        return f"it has only {len(counts)} different numbers"
    return None


def _ambiguous(target: str, why: str, found: str) -> str:
    return f"the problem type is ambiguous: {target!r} is taken for {found}, but {why}; {_REMEDY}"


def _sorted_labels(counts: Counter[str]) -> tuple[str, ...]:
    numeric = not any(math.isnan(number(value)) for value in counts)
    return tuple(sorted(counts, key=lambda value: (number(value) if numeric else 0.0, value)))


def _some(counts: Counter[str]) -> str:
    shown = ", ".join(repr(value[:40]) for value, _ in counts.most_common(5))
    return shown + (", ..." if len(counts) > 5 else "")
