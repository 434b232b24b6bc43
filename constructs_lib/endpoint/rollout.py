"""How a new model takes over from the one in service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

from ..api.fields import SecondsValue, problems, render, value_problems
from ..api.hosting import BlueGreen, CapacitySize, CapacityUnit, Rolling, Traffic, TrafficRouting
from ..keywords import spelled_out
from ..tokens import is_token, known_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import aws_cdk as cdk

_CANARY: Final = (1, 50)
_LINEAR: Final = (10, 50)
_ROLLING: Final = (5, 50)
"""Percent of the instances that a step of each may be.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TrafficRoutingConfig.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_RollingUpdatePolicy.html
"""

_WATCHED_SECONDS: Final = 600
"""How long alarms are watched where the caller gave some and no policy: with no time at all they would never count."""


class BlueGreenProps(TypedDict, total=False):
    """What every policy takes that puts a whole new fleet beside the old one."""

    termination_wait: cdk.Duration | None
    """How long the old fleet is kept once all traffic has moved, and the alarms are watched, up to an hour. Default: it
    goes at once."""

    maximum_execution_timeout: cdk.Duration | None
    """How long the deployment may take, 10 minutes to 8 hours, and longer than all waits. Default: the service's own
    time."""


class DeploymentPolicy:
    """How a new model takes over, once it is trained: use `all_at_once`, `canary`, `linear` or `rolling`.

    While it does, SageMaker watches the endpoint's rollback alarms, and takes the deployment back when one goes off.

    See https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
    """

    def __init__(
        self,
        factory: str,
        shape: BlueGreen | Rolling,
        sizes: Mapping[str, tuple[object, object]],
        span: tuple[int, int],
    ) -> None:
        self._factory = factory
        self._shape = shape
        self._sizes = sizes
        self._span = span

    @classmethod
    @spelled_out(BlueGreenProps)
    def all_at_once(cls, **props: Unpack[BlueGreenProps]) -> DeploymentPolicy:
        """All traffic moves to the new fleet in one step."""
        traffic = Traffic(routing=TrafficRouting.ALL_AT_ONCE, wait_interval=SecondsValue(0))
        return cls("all_at_once", BlueGreen(traffic=traffic, **props), {}, _CANARY)

    @classmethod
    def _watched(cls) -> DeploymentPolicy:
        """What is done where there are alarms and no policy."""
        traffic = Traffic(routing=TrafficRouting.ALL_AT_ONCE, wait_interval=SecondsValue(0))
        return cls(
            "all_at_once", BlueGreen(traffic=traffic, termination_wait=SecondsValue(_WATCHED_SECONDS)), {}, _CANARY
        )

    @classmethod
    @spelled_out(BlueGreenProps)
    def canary(
        cls,
        *,
        percent: int | None = None,
        instances: int | None = None,
        wait_interval: cdk.Duration,
        **props: Unpack[BlueGreenProps],
    ) -> DeploymentPolicy:
        """A small part of the traffic moves first, and the rest after a while.

        Args:
            percent: How much moves first: 1 to 50 percent of the instances. Exactly one of it and `instances`.
                Default: `instances` says it.
            instances: The same as a number of instances, at most half of them. Default: `percent` says it.
            wait_interval: How long until the rest moves, up to an hour.
        """
        size = _size(percent, instances)
        traffic = Traffic(routing=TrafficRouting.CANARY, wait_interval=wait_interval, canary_size=size)
        policy = BlueGreen(traffic=traffic, **props)
        return cls("canary", policy, {"": (percent, instances)}, _CANARY)

    @classmethod
    @spelled_out(BlueGreenProps)
    def linear(
        cls,
        *,
        percent: int | None = None,
        instances: int | None = None,
        wait_interval: cdk.Duration,
        **props: Unpack[BlueGreenProps],
    ) -> DeploymentPolicy:
        """Traffic moves in equal steps.

        Args:
            percent: How much each step moves: 10 to 50 percent of the instances. Exactly one of it and `instances`.
                Default: `instances` says it.
            instances: The same as a number of instances, at most half of them. Default: `percent` says it.
            wait_interval: How long between steps, up to an hour.
        """
        size = _size(percent, instances)
        traffic = Traffic(routing=TrafficRouting.LINEAR, wait_interval=wait_interval, linear_step_size=size)
        policy = BlueGreen(traffic=traffic, **props)
        return cls("linear", policy, {"": (percent, instances)}, _LINEAR)

    @classmethod
    def rolling(
        cls,
        *,
        percent: int | None = None,
        instances: int | None = None,
        wait_interval: cdk.Duration,
        rollback_percent: int | None = None,
        rollback_instances: int | None = None,
        maximum_execution_timeout: cdk.Duration | None = None,
    ) -> DeploymentPolicy:
        """Instances are replaced in batches, so that never two whole fleets are paid for.

        Args:
            percent: How much a batch is: 5 to 50 percent of the instances. Exactly one of it and `instances`.
                Default: `instances` says it.
            instances: The same as a number of instances, at most half of them. Default: `percent` says it.
            wait_interval: How long the alarms are watched after each batch, up to an hour.
            rollback_percent: How much a batch is on the way back. Default: all at once.
            rollback_instances: The same as a number of instances. Default: `rollback_percent` says it.
            maximum_execution_timeout: How long the deployment may take, 10 minutes to 8 hours. Default: the service's
                own time.
        """
        back = (rollback_percent, rollback_instances)
        policy = Rolling(
            batch_size=_size(percent, instances),
            wait_interval=wait_interval,
            maximum_execution_timeout=maximum_execution_timeout,
            rollback_size=None if back == (None, None) else _size(*back),
        )
        sizes = {"": (percent, instances), **({} if back == (None, None) else {"rollback_": back})}
        return cls("rolling", policy, sizes, _ROLLING)

    @property
    def _is_rolling(self) -> bool:
        """Whether instances are replaced in batches."""
        return isinstance(self._shape, Rolling)

    def _problems(self, prop: str, instance_count: int | None) -> Iterator[str]:
        """What is wrong, in the caller's words.

        Args:
            prop: What the caller calls the policy.
            instance_count: How many instances there are, if that is known.
        """
        own = f"{prop}.{self._factory}"
        for prefix, (percent, instances) in self._sizes.items():
            yield from self._size_problems(own, prefix, percent, instances, instance_count)
        sizes = tuple(f"'{own}.{name}'" for name in ("size", "rollback_size"))
        yield from (text for text in problems(self._shape, is_token=is_token, path=own) if not text.startswith(sizes))
        yield from self._time_problems(own)

    def _size_problems(
        self, own: str, prefix: str, percent: object, instances: object, instance_count: int | None
    ) -> Iterator[str]:
        both = f"'{own}.{prefix}percent' and '{own}.{prefix}instances'"
        if (percent is None) == (instances is None):
            yield f"{both}: give exactly one of the two, got {'none' if percent is None else 'both'}"
            return
        name = f"'{own}.{prefix}{'instances' if percent is None else 'percent'}'"
        value = instances if percent is None else percent
        wrong = value_problems(value, int, is_token=is_token, path=name.strip("'"))
        if wrong or is_token(value) or not isinstance(value, int):
            yield from wrong
            return
        low, high = (1, 100) if prefix else self._span
        if percent is not None and not low <= value <= high:
            yield f"{name} must be {low} to {high}, got {value}"
        elif value < 1:
            yield f"{name} must be at least 1, got {value}"
        elif percent is None and not prefix and instance_count is not None and value * 2 > instance_count:
            yield (
                f"{name} must be at most half of the instances, got {value} of {instance_count}: with a single "
                "instance use all_at_once"
            )

    def _time_problems(self, own: str) -> Iterator[str]:
        shape = self._shape
        waits = [shape.wait_interval] if isinstance(shape, Rolling) else [shape.traffic.wait_interval]
        if isinstance(shape, BlueGreen) and shape.termination_wait is not None:
            waits.append(shape.termination_wait)
        seconds = [known_seconds(wait) for wait in (*waits, shape.maximum_execution_timeout)]
        if None in seconds:
            return
        *waited, most = [second for second in seconds if second is not None]
        if most <= sum(waited):
            yield (
                f"'{own}.maximum_execution_timeout' must be longer than all waits, got {most:g} seconds, and the waits "
                f"are {sum(waited):g}"
            )

    def _rendered(self) -> dict[str, Any]:
        """The deployment configuration, without alarms."""
        name = "RollingUpdatePolicy" if self._is_rolling else "BlueGreenUpdatePolicy"
        return {name: render(self._shape)}


def _size(percent: int | None, instances: int | None) -> CapacitySize:
    if percent is not None:
        return CapacitySize(unit=CapacityUnit.CAPACITY_PERCENT, value=percent)
    return CapacitySize(unit=CapacityUnit.INSTANCE_COUNT, value=1 if instances is None else instances)
