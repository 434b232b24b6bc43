"""Which problem a target poses by the engine of the job's mode, and what the metrics of each problem are."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from constructs_lib.engines.ensembling import FALSE, TRUE
from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.target import BINARY, MULTICLASS, REGRESSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs_lib.engines.inspection import Survey

    from ..task import Direction

__all__ = [
    "BINARY",
    "MULTICLASS",
    "OBJECTIVES",
    "OF_THE_POSITIVE_CLASS",
    "REGRESSION",
    "Problem",
    "direction",
    "resolve",
]

OBJECTIVES: Mapping[str, Sequence[str]] = {
    REGRESSION: ("MSE", "MAE", "R2", "RMSE"),
    BINARY: ("F1", "Accuracy", "AUC", "BalancedAccuracy", "Precision", "Recall"),
    MULTICLASS: ("Accuracy", "BalancedAccuracy", "F1macro", "PrecisionMacro", "RecallMacro"),
}
"""The objectives of each problem type, the default first."""

OF_THE_POSITIVE_CLASS = ("F1", "AUC", "Precision", "Recall")
"""The metrics of a binary classification that are about one of its classes."""

_MINIMIZED = frozenset({"MSE", "RMSE", "MAE", "LogLoss", "MAPE", "MASE", "WAPE", "AverageWeightedQuantileLoss"})


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A problem type, the labels of a classification, and what to know about how it was found."""

    problem_type: str
    objective: str
    labels: tuple[str, ...] = ()
    """All classes; of two, the second is the positive one."""

    learned: tuple[int, ...] = ()
    """The places of the labels that are trained on: all but those that are too rare for ENSEMBLING."""

    answers: Mapping[str, str] = field(default_factory=dict)
    """How a label is answered where that is another way."""

    class_of: Mapping[str, str] = field(default_factory=dict)
    """The label of a cell of the training data as it is written."""

    others: str | None = None
    """The label of all other cells: a tuned binary model knows one class and its opposite."""

    by_value: bool = False
    """Whether two spellings of one number are one class, as ENSEMBLING has it."""

    notes: tuple[str, ...] = ()

    @property
    def positive_class(self) -> str | None:
        """The class that F1, AUC, precision and recall of a binary classification are about."""
        return self.labels[1] if self.problem_type == BINARY else None

    def place(self, cell: str) -> float:
        """The number of a cell's class, NaN for a class that there is none of or that is not learned."""
        label = self.class_of.get(cell, self.others) or (self._by_value(cell) if self.by_value else None)
        place = self.labels.index(label) if label in self.labels else None
        return math.nan if place is None or place not in self.learned else float(place)

    def _by_value(self, cell: str) -> str | None:
        """The label of the same value, which another channel writes in another way: ``1`` and ``1.0``."""
        if cell in TRUE or cell in FALSE:
            return str(cell in TRUE)
        try:
            value = float(cell)
        except ValueError:
            return None
        return next((label for label in self.labels if _is(label, value)), None)


def _is(label: str, value: float) -> bool:
    try:
        return float(label) == value
    except ValueError:
        return False


def direction(metric: str) -> Direction:
    """Whether more of a metric is better."""
    return "Minimize" if metric in _MINIMIZED else "Maximize"


def resolve(survey: Survey, problem_type: str | None, objective: str | None) -> Problem:
    """Check the target against the problem asked for, or find the problem by the engine's rule.

    Raises:
        DataFault: The values do not fit, or there is nothing to tell apart.
    """
    target = survey.judged(problem_type)
    if target.problem_type is None:
        raise DataFault("; ".join(f"the training data {each.text}" for each in target.errors))
    if objective is None:
        objective = OBJECTIVES[target.problem_type][0]
    elif objective not in OBJECTIVES[target.problem_type]:
        known = ", ".join(OBJECTIVES[target.problem_type])
        raise DataFault(f"the objective {objective} is not one of {target.problem_type}: {known}")
    notes = [f"the training data {each.text}" for each in (*target.wastes, *target.warnings)]
    if not problem_type:
        notes.insert(0, f"the problem is taken for {target.problem_type}: {survey.target!r}, {target.why}")
    if target.positive_class:
        why = "the last of the two in order" if survey.engine.typed else "the less frequent of the two"
        metrics = f"{', '.join(OF_THE_POSITIVE_CLASS[:-1])} and {OF_THE_POSITIVE_CLASS[-1]}"
        notes.append(
            f"the positive class of {survey.target!r} is {target.positive_class!r}, {why}: {metrics} are about it"
        )
    tuned_binary = target.problem_type == BINARY and not survey.engine.typed
    return Problem(
        problem_type=target.problem_type,
        objective=objective,
        labels=target.classes,
        learned=tuple(place for place, label in enumerate(target.classes) if label not in target.cut),
        answers=target.answers,
        class_of=target.class_of,
        others=target.classes[1] if tuned_binary else None,
        by_value=survey.engine.typed,
        notes=tuple(notes),
    )
