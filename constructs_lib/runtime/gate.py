"""What the best candidate must reach."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from . import contract
from .answer import cut
from .contract import Direction, GateRule, OnMiss, OutcomeProperty, direction_of
from .description import Description, Metric
from .failure import Failure, unless_failed

_KNOWN_LENGTH = 200
"""Characters of the metrics' names that are worth showing."""

_NAME_LENGTH = 64
"""Characters of one: more than any has."""

_WORDS = {GateRule.AT_LEAST: "at least", GateRule.AT_MOST: "at most", GateRule.BETTER_THAN: "better than"}
_ONE_SIDED = {
    # rule: (the direction that it makes no sense for, what to use there)
    GateRule.AT_LEAST: (Direction.MINIMIZE, "at_most"),
    GateRule.AT_MOST: (Direction.MAXIMIZE, "at_least"),
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a gate says of a candidate."""

    text: str
    """Begins with `met` or `missed`."""

    @property
    def passes(self) -> bool:
        """Whether the candidate is good enough."""
        return self.text.startswith("met")


@dataclass(frozen=True, slots=True)
class Gate:
    """One wish for quality."""

    rule: GateRule
    value: str
    """As it was given: a baseline is the text of a parameter, which nobody has checked."""
    metric: str
    """Empty: the job's objective."""
    on_miss: OnMiss

    @property
    def is_warning(self) -> bool:
        """Whether a candidate that misses it goes on all the same."""
        return self.on_miss == OnMiss.WARN

    def is_judged_again(self, old: "Gate | None") -> bool:
        """Whether it means another question than the old one about the same job.

        A baseline that moved is none: it moves when the job's own model is promoted, which would then fail against
        itself. A fixed threshold answers as before, and a warning fails nothing.
        """
        if self.rule != GateRule.BETTER_THAN or self.is_warning or old is None:
            return True
        return (self.rule, self.metric, self.on_miss) != (old.rule, old.metric, old.on_miss)

    def judge(self, job: Description) -> Ruling:
        """Compare the candidate's metric.

        Raises:
            Failure: The gate cannot be judged: its value is no number, its rule contradicts the metric, or nobody knows
                which direction is better.
        """
        threshold, measured = self._threshold(), self.measured_in(job)
        direction = measured.direction if measured else direction_of(self.metric) or ""
        self._check(direction, measured)
        if measured is None:
            known = ", ".join(dict.fromkeys(metric.name for metric in [job.objective, *job.metrics] if metric.name))
            has = cut(known, _KNOWN_LENGTH) or "none"
            return Ruling(f"missed: the best candidate has no metric {self.metric or 'at all'} (it has {has})")
        if measured.value is None:
            return Ruling(f"missed: the best candidate's {self._called(measured)} is no number")
        is_less_better = self.rule == GateRule.AT_MOST or (
            self.rule == GateRule.BETTER_THAN and direction == Direction.MINIMIZE
        )
        gain = threshold - measured.value if is_less_better else measured.value - threshold
        passes = gain > 0 if self.rule == GateRule.BETTER_THAN else gain >= 0
        sentence = f"{self._called(measured)} is {shown(measured.value)}, wanted {_WORDS[self.rule]} {shown(threshold)}"
        return Ruling(f"{'met' if passes else 'missed'}: {sentence}{self._doubt(measured.value, threshold, job)}")

    def recall(self, job: Description, old: "Gate | None") -> str:
        """What was said of the same job before: if it had not been met, the deployment would have failed."""
        ruling = unless_failed(old.judge, job) if old else None
        if ruling and (ruling.passes or self.is_warning or self.rule != GateRule.BETTER_THAN):
            return ruling.text
        measured = self.measured_in(job)
        value = (
            f"{self._called(measured)} is {shown(measured.value)}, " if measured and measured.value is not None else ""
        )
        return f"met: {value}judged by an earlier deployment against the baseline of that time"

    def _doubt(self, value: float, threshold: float, job: Description) -> str:
        """Why a zero in this comparison is to be doubted; empty where there is nothing to doubt."""
        if value == 0 and job.rounds_values:
            return "; this 0 is rounded: the job reports five decimals, so it may be any smaller value"
        if threshold == 0 and self.rule == GateRule.BETTER_THAN:
            return "; a baseline of exactly 0 may be rounded: jobs in HYPERPARAMETER_TUNING report five decimals"
        return ""

    def _threshold(self) -> float:
        text = self.value.strip()
        try:
            number = float("nan" if "_" in text else text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            what = "the baseline" if self.rule == GateRule.BETTER_THAN else f"the gate's '{contract.Gate.VALUE}'"
            raise Failure(
                f"{what} must be a finite number, got {self.value[:100]!r}; it is compared with the best candidate's "
                f"{self.metric or 'objective'}"
            )
        return number

    def measured_in(self, job: Description) -> Metric | None:
        """The metric that counts: the objective, or another one by either of its names."""
        objective = job.objective
        if not self.metric:
            return objective if objective.names else None
        candidates = [objective, *job.metrics]
        return next((metric for metric in candidates if self.metric in metric.names), None)

    def _called(self, measured: Metric) -> str:
        return cut(self.metric or measured.name, _NAME_LENGTH)

    def _check(self, direction: str, measured: Metric | None) -> None:
        name = self._called(measured) if measured else self.metric or "the objective"
        better = "less" if direction == Direction.MINIMIZE else "more"
        if measured and measured.type not in {"", direction}:
            raise Failure(
                f"{better} of {name} is better, but the job reports it with the type {cut(measured.type, _NAME_LENGTH)}"
                ", so nobody knows what its value means: judge another metric of the candidate ('metric')"
            )
        if self.rule == GateRule.BETTER_THAN:
            if direction not in set(Direction) and measured is not None:
                raise Failure(
                    f"nobody knows whether less or more of {name} is better, so it cannot be "
                    "better than a baseline: use at_least or at_most"
                )
            return
        senseless, instead = _ONE_SIDED[self.rule]
        if direction == senseless:
            raise Failure(
                f"{better} of {name} is better, so the gate must not ask for {_WORDS[self.rule]} "
                f"{self.value.strip()}: use {instead}"
            )


def read(properties: Mapping[str, object]) -> Gate | None:
    """Read `OutcomeProperty.GATE`; None if there is no gate.

    Raises:
        Failure: It cannot be read.
    """
    value = properties.get(OutcomeProperty.GATE)
    if not value:
        return None
    if not isinstance(value, Mapping):
        raise Failure(f"'{OutcomeProperty.GATE}' must be an object, got {value!r}")
    rule, on_miss = value.get(contract.Gate.RULE), value.get(contract.Gate.ON_MISS, OnMiss.FAIL)
    if rule not in set(GateRule):
        raise _unknown(contract.Gate.RULE, [*GateRule], rule)
    if on_miss not in set(OnMiss):
        raise _unknown(contract.Gate.ON_MISS, [*OnMiss], on_miss)
    return Gate(
        rule=GateRule(rule),
        value=str(value.get(contract.Gate.VALUE, "")),
        metric=str(value.get(contract.Gate.METRIC, "")),
        on_miss=OnMiss(on_miss),
    )


def shown(value: float) -> str:
    """A metric as text: short, and the same number when it is read again."""
    return repr(value).removesuffix(".0")


def _unknown(name: contract.Gate, known: list[str], value: object) -> Failure:
    return Failure(f"'{OutcomeProperty.GATE}.{name}' must be {' or '.join(known)}, got {value!r}")
