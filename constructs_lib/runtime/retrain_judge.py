"""Whether a challenger is better than the champion, and what the endpoint that serves one stands at: pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .contract import Direction, GateRule, OnMiss, PromotedEndpoint, Retraining, RetrainingGate
from .description import Description, Metric
from .failure import Failure
from .gate import Gate, shown
from .retrain_document import CONFIG, Document
from .shapes import read_number

_NOISE = 1e-9
"""Decimal fractions are not quite what they look like: 0.91 is 0.01 more than 0.9."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a challenger."""

    passes: bool
    text: str


def judge(wanted: Mapping[str, Any], challenger: Description, champion: Description | None) -> Verdict:
    """Compare a challenger with bounds, and with the champion where there is one.

    Raises:
        Failure: It cannot be judged.
    """
    metric = str(wanted.get(RetrainingGate.METRIC, ""))
    said = []
    for name, rule in ((RetrainingGate.AT_LEAST, GateRule.AT_LEAST), (RetrainingGate.AT_MOST, GateRule.AT_MOST)):
        if name in wanted:
            ruling = Gate(rule, str(wanted[name]), metric, OnMiss.FAIL).judge(challenger)
            if not ruling.passes:
                return Verdict(passes=False, text=ruling.text)
            said.append(ruling.text)
    by = read_number(wanted.get(RetrainingGate.CHAMPION))
    if by is not None and champion is not None:
        compared = _compared(metric, by, challenger, champion)
        if not compared.passes:
            return compared
        said.append(compared.text)
    elif by is not None:
        said.append("met: there is no champion yet")
    return Verdict(passes=True, text="; ".join(said) or "met: nothing is asked for")


def judge_on_holdout(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Verdict:
    """The same with what both models came to on the rows of a holdout.

    Args:
        wanted: The gate.
        found: `Metric`, `Rows`, the `Challenger`'s value, and where there is a champion its value, the `Gain`, and the
            `LowerBound` of that with a `Confidence`.
    """
    metric, value, rows = str(found["Metric"]), float(found["Challenger"]), found["Rows"]
    said = []
    for name, word, sign in ((RetrainingGate.AT_LEAST, "at least", 1), (RetrainingGate.AT_MOST, "at most", -1)):
        bound = read_number(wanted.get(name))
        if bound is None:
            continue
        text = f"{metric} is {shown(value)} on {rows} held-out rows, wanted {word} {shown(bound)}"
        if sign * (value - bound) < 0:
            return Verdict(passes=False, text=f"missed: {text}")
        said.append(f"met: {text}")
    by = read_number(wanted.get(RetrainingGate.CHAMPION))
    if by is None:
        return Verdict(passes=True, text="; ".join(said))
    if "Champion" not in found:
        return Verdict(passes=True, text="; ".join([*said, "met: there is no champion yet"]))
    than = f" by {shown(by)}" if by else ""
    text = (
        f"{metric} is {shown(value)} on {rows} held-out rows, wanted better than the champion's "
        f"{shown(float(found['Champion']))} there{than}"
    )
    gain, lower = float(found["Gain"]), float(found["LowerBound"])
    if not _is_gain(gain, by):
        return Verdict(passes=False, text=f"missed: {text}")
    sure = f"with {100 * float(found['Confidence']):g}% confidence the gain is above {lower:.6g}"
    if lower <= 0:
        return Verdict(passes=False, text=f"missed: {text}; that may be noise: {sure}")
    return Verdict(passes=True, text="; ".join([*said, f"met: {text}; {sure}"]))


def _is_gain(gain: float, by: float) -> bool:
    return gain > 0 and gain - by >= -_NOISE * max(1.0, abs(by))


def measured(wanted: Mapping[str, Any], job: Description) -> Metric | None:
    """The metric that the gate judges."""
    return Gate(GateRule.BETTER_THAN, "", str(wanted.get(RetrainingGate.METRIC, "")), OnMiss.FAIL).measured_in(job)


def _compared(metric: str, by: float, challenger: Description, champion: Description) -> Verdict:
    asked: dict[str, Any] = {RetrainingGate.METRIC: metric}
    new, old = measured(asked, challenger), measured(asked, champion)
    if new is None or new.value is None:
        return Verdict(passes=False, text=f"missed: the challenger has no {metric or 'objective'}")
    if old is None or old.value is None:
        return Verdict(passes=True, text=f"met: the champion has no {new.name}")
    if not set(new.names) & set(old.names):
        raise Failure(f"the challenger has {new.name}, and the champion {old.name}: they do not compare")
    direction = new.direction or old.direction
    if direction not in set(Direction):
        raise Failure(f"nobody knows whether less or more of {new.name} is better: judge another metric")
    gain = old.value - new.value if direction == Direction.MINIMIZE else new.value - old.value
    passes = _is_gain(gain, by)
    than = f" by {shown(by)}" if by else ""
    text = f"{new.name} is {shown(new.value)}, wanted better than the champion's {shown(old.value)}{than}"
    return Verdict(passes=passes, text=f"{'met' if passes else 'missed'}: {text}")


class Standing(StrEnum):
    """What an endpoint serves, compared with what it should."""

    IN_ORDER = "in order"
    DEMOTED = "demoted"
    """The template's configuration, or one of ours, without the champion."""

    FOREIGN = "foreign"
    """Somebody else has changed it."""


def standing(document: Document, serves: str, template_model: str) -> Standing:
    """What an endpoint stands at that serves a configuration; the template's has that model."""
    endpoint = document.settings[Retraining.ENDPOINT]
    best, template, serves = document.best, str(endpoint[PromotedEndpoint.CONFIG]).lower(), serves.lower()
    is_ours = f"{CONFIG}{serves}" in {thing.lower() for thing in document.made}
    if serves == template:
        is_champion = not best.model or template_model.lower() == best.model.lower()
        return Standing.IN_ORDER if is_champion else Standing.DEMOTED
    if best.config and serves == best.config.lower():
        return Standing.IN_ORDER
    return Standing.DEMOTED if is_ours else Standing.FOREIGN
