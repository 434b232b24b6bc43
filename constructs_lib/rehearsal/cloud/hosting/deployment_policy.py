"""How an endpoint goes from one fleet to the next: the rules of a `DeploymentConfig`, and its steps.

Sources: botocore's documentation of the members, and the Developer Guide, "Deployment guardrails". The wording of
AWS's messages is not published: unverified.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from constructs_lib.rehearsal.cloud.errors import ValidationError
from constructs_lib.rehearsal.cloud.store import Json

_ALL = 1.0
_LEAST_LINEAR, _LEAST_ROLLING, _MOST = 0.1, 0.05, 0.5
_TYPES = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}


@dataclass(frozen=True)
class Steps:
    """The parts of the requests that the new fleet gets one after the other, and the wait after each."""

    shares: tuple[float, ...] = (_ALL,)
    seconds: float = 0.0


def check(deployment: Json, before: Json, after: Json) -> None:
    """Raise for the first rule that a deployment breaks.

    Args:
        deployment: The `DeploymentConfig`.
        before: The endpoint configuration in service.
        after: The one that comes.
    """
    for problem in _problems(deployment, before, after):
        raise ValidationError(problem)


def steps(deployment: Json, config: Json) -> Steps:
    """The steps of a deployment that was checked."""
    count = config["ProductionVariants"][0].get("InitialInstanceCount", 1)
    if rolling := deployment.get("RollingUpdatePolicy"):
        return Steps(_even(_part(rolling["MaximumBatchSize"], count)), rolling["WaitIntervalInSeconds"])
    routing = deployment.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration")
    if routing is None:
        return Steps()
    seconds = routing["WaitIntervalInSeconds"]
    if routing["Type"] == "CANARY":
        return Steps((_part(routing["CanarySize"], count), _ALL), seconds)
    if routing["Type"] == "LINEAR":
        return Steps(_even(_part(routing["LinearStepSize"], count)), seconds)
    return Steps((_ALL,), seconds)


def at_once(deployment: Json, count: int) -> int:
    """How many of that many new instances there are beside the old ones: all, unless they are replaced in batches."""
    rolling = deployment.get("RollingUpdatePolicy")
    return math.ceil(_part(rolling["MaximumBatchSize"], count) * count) if rolling else count


def alarms(deployment: Json) -> list[str]:
    """The names of the alarms that roll a deployment back."""
    return [alarm["AlarmName"] for alarm in deployment.get("AutoRollbackConfiguration", {}).get("Alarms", ())]


def _even(step: float) -> tuple[float, ...]:
    count = math.ceil(_ALL / step - 1e-9)
    return tuple(min(_ALL, step * number) for number in range(1, count + 1))


def _part(size: Json, count: int) -> float:
    return float(size["Value"] / (100 if size["Type"] == "CAPACITY_PERCENT" else count))


def _problems(deployment: Json, before: Json, after: Json) -> Iterator[str]:
    blue_green, rolling = deployment.get("BlueGreenUpdatePolicy"), deployment.get("RollingUpdatePolicy")
    if blue_green and rolling:
        yield "A DeploymentConfig has either a BlueGreenUpdatePolicy or a RollingUpdatePolicy"
    old, new = ({variant["VariantName"] for variant in config["ProductionVariants"]} for config in (before, after))
    if (blue_green or rolling) and old != new:
        yield (
            "A deployment policy needs the same variants in both endpoint configurations: "
            f"{', '.join(sorted(old))} is in service, and {', '.join(sorted(new))} comes"
        )
    count = after["ProductionVariants"][0].get("InitialInstanceCount", 1)
    if rolling:
        if len(new) > 1 or "ServerlessConfig" in after["ProductionVariants"][0]:
            yield "A RollingUpdatePolicy supports neither several variants nor serverless inference"
        yield from _size_problems("MaximumBatchSize", rolling["MaximumBatchSize"], count, _LEAST_ROLLING, _MOST)
        if back := rolling.get("RollbackMaximumBatchSize"):
            yield from _size_problems("RollbackMaximumBatchSize", back, count, 0, _ALL)
    if blue_green:
        yield from _routing_problems(blue_green["TrafficRoutingConfiguration"], count)


def _routing_problems(routing: Json, count: int) -> Iterator[str]:
    wanted = _TYPES.get(routing["Type"])
    for member in _TYPES.values():
        if member in routing and member != wanted:
            yield f"{member} can not be set when the type of the traffic routing is {routing['Type']}"
    if wanted and wanted not in routing:
        yield f"{wanted} must be set when the type of the traffic routing is {routing['Type']}"
    elif wanted:
        least = _LEAST_LINEAR if wanted == "LinearStepSize" else 0
        yield from _size_problems(wanted, routing[wanted], count, least, _MOST)


def _size_problems(name: str, size: Json, count: int, least: float, most: float) -> Iterator[str]:
    if not least <= _part(size, count) <= most:
        of = f"{size['Value']} of {count} instances" if size["Type"] == "INSTANCE_COUNT" else f"{size['Value']}%"
        allowed = f"{least:.0%} to {most:.0%}" if least else f"at most {most:.0%}"
        yield f"{name} must be {allowed} of the variant's total instance count, got {of}"
