"""`QualityGate`: what the best candidate must reach for a deployment to go on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol

from ..api.fields import Limits, described, has, hint, listed, number, value_problems
from ..runtime.contract import (
    DIRECTIONS,
    Direction,
    Gate,
    GateRule,
    OnMiss,
    RetrainingGate,
    direction_of,
    standard_name,
)
from ..tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_cdk import aws_ssm as ssm

    from ..api.enums import Metric


class IAutoMLJobOutcome(Protocol):
    """An `AutoMLJobOutcome`, as far as a gate asks it."""

    @property
    def objective_value(self) -> str:
        """The objective's value of the best candidate."""


class Champion:
    """The model that a retraining has in service: there is one of it, `CHAMPION`."""

    def __repr__(self) -> str:
        """Its name."""
        return "CHAMPION"


CHAMPION: Final = Champion()
"""What a challenger has to beat: the model that is in service because of the stack's job or of a run since.

For `QualityGate(better_than=CHAMPION)` of an `AutoMLRetraining`. Values of one metric on two sets of data say little.
"""


@dataclass(frozen=True, kw_only=True)
class QualityGate:
    """What the best candidate must reach for the deployment to go on: exactly one of the first three.

    A retraining's gate may have a bound besides `better_than=CHAMPION`; while there is no champion, it alone decides.

    Values are those that Autopilot reports: in HYPERPARAMETER_TUNING with five decimals, so that the MSE of a target of
    small numbers is 0. Scores of the rehearsal say nothing about them: calibrate no gate there.

    See https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-metrics-validation.html
    """

    at_least: float | None = None
    """The least that is good enough, for a metric of which more is better. Default: no such bound."""

    at_most: float | None = None
    """The most that is good enough, for a metric of which less is better. Default: no such bound."""

    better_than: ssm.IStringParameter | IAutoMLJobOutcome | Champion | None = None
    """What has to be beaten, in the metric's own direction: an SSM parameter that holds a number, or another outcome;
    of an `AutoMLRetraining` it is `CHAMPION`. Default: nothing has to be beaten.

    It is judged once for each job. When the parameter changes later, say to the value of the job itself, nothing is
    judged anew.
    """

    by: float | None = None
    """By how much `CHAMPION` has to be beaten, at the least, in the metric's own unit. Default: by anything at all."""

    metric: Metric | str | None = None
    """Which metric of the best candidate. Default: the job's objective.

    Where a metric was measured on several sets, the validation set's value counts, then the test set's, then the
    training set's. A metric that the candidate does not have fails the deployment.
    """

    on_miss: OnMiss | str = OnMiss.FAIL
    """`fail`: the deployment fails. `warn`: it goes on, and `gate_result` tells. Default: it fails."""

    @property
    def _rules(self) -> list[tuple[GateRule, Any]]:
        """What was given, with its value."""
        given = (
            (GateRule.AT_LEAST, self.at_least),
            (GateRule.AT_MOST, self.at_most),
            (GateRule.BETTER_THAN, self.better_than),
        )
        return [(rule, value) for rule, value in given if value is not None]

    def _problems(self, objective: str | None) -> Iterator[str]:
        """What is wrong, in the caller's words.

        Args:
            objective: What the job optimizes, if that is known.
        """
        if self.by is not None:
            yield "'quality_gate.by' is for 'better_than=CHAMPION', which an AutoMLRetraining has"
        if self.better_than is CHAMPION:
            yield (
                "'quality_gate.better_than' is CHAMPION, which an AutoMLRetraining has: give an outcome or a parameter"
            )
            return
        if len(self._rules) != 1:
            given = listed([_PROPS[rule] for rule, _ in self._rules]) if self._rules else "none"
            yield f"'quality_gate' must have exactly one of 'at_least', 'at_most' and 'better_than', got {given}"
            return
        yield from self._rule_problems(objective)

    def _champion_problems(self, objective: str | None) -> Iterator[str]:
        """What is wrong with the gate of a retraining."""
        if self.by is not None and (not _is_number(self.by) or (not is_token(self.by) and self.by < 0)):
            yield f"'quality_gate.by' must be a finite number of at least 0, got {described(self.by)}"
        if self.by is not None and self.better_than is not CHAMPION:
            yield "'quality_gate.by' is for 'better_than=CHAMPION'"
        if self.better_than not in (None, CHAMPION):
            yield (
                f"'quality_gate.better_than' must be CHAMPION, got {described(self.better_than)}: runs compare with "
                "the model in service; for a number use 'at_least' or 'at_most'"
            )
        if self.on_miss != OnMiss.FAIL:
            yield "'quality_gate.on_miss' is for deployments: what misses the gate is not promoted; leave it out"
        bounds = [value for value in (self.at_least, self.at_most) if value is not None]
        if len(bounds) > 1 or not (bounds or self.better_than):
            yield "'quality_gate' must have 'better_than=CHAMPION', or one of 'at_least' and 'at_most', or both kinds"
        elif bounds:
            yield from replace(self, better_than=None, by=None)._rule_problems(objective)
        elif self.better_than is CHAMPION:
            yield from self._direction_problems(GateRule.BETTER_THAN, objective if self.metric is None else self.metric)

    def _champion_rendered(self) -> dict[str, Any]:
        """The property of a retraining that the function reads."""
        asked = {
            RetrainingGate.CHAMPION: None if self.better_than is None else self.by or 0,
            RetrainingGate.AT_LEAST: self.at_least,
            RetrainingGate.AT_MOST: self.at_most,
            RetrainingGate.METRIC: None if self.metric is None else str(self.metric),
        }
        return {name: value for name, value in asked.items() if value is not None}

    def _rule_problems(self, objective: str | None) -> Iterator[str]:
        ((rule, value),) = self._rules
        prop = f"quality_gate.{_PROPS[rule]}"
        if rule is GateRule.BETTER_THAN:
            if not (has(value, "string_value") or _is_outcome(value)):
                yield (
                    f"'{prop}' must be an ssm.IStringParameter or an AutoMLJobOutcome, got {described(value)}; "
                    "for a number use 'at_least' or 'at_most'"
                )
        elif not _is_number(value):
            yield f"'{prop}' must be a finite number, got {described(value)}"
        yield from value_problems(self.on_miss, OnMiss, is_token=is_token, path="quality_gate.on_miss")
        if self.metric is not None and not isinstance(self.metric, str):
            yield f"'quality_gate.metric' must be a Metric or text, got {described(self.metric)}"
            return
        metric = Annotated[str | None, Limits(min_length=1)]
        yield from value_problems(self.metric, metric, is_token=is_token, path="quality_gate.metric")
        yield from self._direction_problems(rule, objective if self.metric is None else self.metric)
        yield from self._range_problems(rule, value, objective if self.metric is None else self.metric)

    def _range_problems(self, rule: GateRule, value: Any, metric: str | None) -> Iterator[str]:
        """A threshold that every candidate reaches, or none: an 85 that means per cent."""
        if metric is None or is_token(metric) or not _is_number(value) or is_token(value):
            return
        called = standard_name(metric)
        lowest, highest = _RANGES.get(called, (-math.inf, math.inf))
        if not lowest <= value <= highest:
            span = f"from {lowest} to {highest}" if lowest > -math.inf and highest < math.inf else ""
            span = span or (f"at most {highest}" if highest < math.inf else f"at least {lowest}")
            yield f"'quality_gate.{_PROPS[rule]}' is {number(value)}, and values of '{metric}' are {span}"

    def _direction_problems(self, rule: GateRule, metric: str | None) -> Iterator[str]:
        if metric is None or is_token(metric):
            return
        direction = direction_of(metric)
        if rule is GateRule.AT_LEAST and direction is Direction.MINIMIZE:
            yield f"'quality_gate.at_least' does not fit '{metric}', of which less is better: use 'at_most'"
        if rule is GateRule.AT_MOST and direction is Direction.MAXIMIZE:
            yield f"'quality_gate.at_most' does not fit '{metric}', of which more is better: use 'at_least'"
        if rule is GateRule.BETTER_THAN and direction is None and self.metric is not None:
            yield (
                f"'quality_gate.better_than' needs a metric whose better direction is known, got '{metric}'"
                f"{hint(metric, DIRECTIONS)}: use 'at_least' or 'at_most'"
            )

    def _warnings(self) -> dict[str, str]:
        """What surely is a mistake although it may pass."""
        found = {}
        if isinstance(self.metric, str) and not is_token(self.metric) and self.metric not in DIRECTIONS:
            guess = hint(self.metric, DIRECTIONS)
            found["gate_metric"] = f"'quality_gate.metric' is '{self.metric}', which this library does not know{guess}"
        for rule, value in self._rules:
            if rule is not GateRule.BETTER_THAN and not is_token(value) and value == 0:
                found["gate_zero"] = f"'quality_gate.{_PROPS[rule]}' is 0: {_ROUNDED}"
        return found

    def _rendered(self) -> dict[str, Any]:
        """The property that the function reads."""
        ((rule, value),) = self._rules
        if _is_outcome(value):
            value = value.objective_value
        elif rule is GateRule.BETTER_THAN:
            value = value.string_value
        return {
            Gate.RULE: rule,
            Gate.VALUE: value,
            **({} if self.metric is None else {Gate.METRIC: str(self.metric)}),
            Gate.ON_MISS: str(self.on_miss),
        }


_PROPS: Final = {
    GateRule.AT_LEAST: "at_least",
    GateRule.AT_MOST: "at_most",
    GateRule.BETTER_THAN: "better_than",
}


_FRACTIONS: Final = (
    "Accuracy", "AUC", "BalancedAccuracy", "F1", "F1macro", "Precision", "PrecisionMacro", "Recall", "RecallMacro",
)  # fmt: skip
_RANGES: Final = {
    **dict.fromkeys(_FRACTIONS, (0, 1)),
    **dict.fromkeys(("MAE", "MSE", "RMSE", "LogLoss"), (0, math.inf)),
    "R2": (-math.inf, 1),
}
"""Between what the values of a metric lie, by its definition.

See https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-metrics-validation.html
"""

_ROUNDED: Final = (
    "a job in HYPERPARAMETER_TUNING, which no 'mode' means too, reports five decimals, so a 0 may be any smaller value "
    "and the gate says little. Give a threshold that five decimals tell from 0; where errors are that small, train on "
    "a target in a smaller unit"
)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return is_token(value) or math.isfinite(value)
    except OverflowError:  # a whole number that no floating-point number holds
        return False


def _is_outcome(value: object) -> bool:
    return has(value, "objective_value")
