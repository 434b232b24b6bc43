"""Auto scaling of an endpoint: what is asked for, and the resources that it becomes."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final

import aws_cdk as cdk

from .. import l1
from ..api.fields import Limits, Seconds, described, has, hint, seconds_of, shorten, value_problems
from ..l1 import Kind
from ..tokens import is_token, is_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aws_cdk import aws_applicationautoscaling as scaling
    from constructs import Construct

_NAMESPACE: Final = "sagemaker"


class Target(StrEnum):
    """The props that say what scaling aims at."""

    INVOCATIONS = "invocations_per_instance"
    UTILIZATION = "utilization"
    BACKLOG = "backlog_per_instance"


@dataclass(frozen=True, kw_only=True)
class ScalingSchedule:
    """Other bounds at certain times.

    See https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scheduled-scaling.html
    """

    schedule: scaling.Schedule
    """When, e.g. `Schedule.cron(hour="8", minute="0", week_day="MON-FRI")` of `aws_applicationautoscaling`."""

    min_capacity: int | None = None
    """The least capacity from then on. Default: as before. At least one of the two is needed."""

    max_capacity: int | None = None
    """The most capacity from then on. Default: as before."""

    time_zone: str | None = None
    """The time zone of the schedule, such as `Europe/Berlin`. Default: UTC."""

    def _problems(self, prop: str) -> Iterator[str]:
        """What is wrong, in the caller's words.

        Args:
            prop: What the caller calls the schedule.
        """
        if not has(self.schedule, "expression_string"):
            yield (
                f"'{prop}.schedule' must be a Schedule of aws_applicationautoscaling, got {described(self.schedule)}"
            )
        found = [
            problem
            for name in ("min_capacity", "max_capacity")
            for problem in _judged(self, prop, name, Annotated[int | None, Limits(at_least=0)])
        ]
        yield from found
        low, high = self.min_capacity, self.max_capacity
        if low is None and high is None:
            yield f"'{prop}' changes nothing: give 'min_capacity' or 'max_capacity'"
        elif not found and is_whole(low) and is_whole(high) and low > high:
            yield f"'{prop}.min_capacity' must be at most 'max_capacity', got {low}, and that is {high}"
        zone, known = self.time_zone, _time_zones()
        wrong = _judged(self, prop, "time_zone", Annotated[str | None, Limits(min_length=1)])
        yield from wrong
        if not wrong and isinstance(zone, str) and not is_token(zone) and known and zone not in known:
            yield f"'{prop}.time_zone' must be the name of a time zone, got {shorten(zone)}{hint(zone, known)}"


@dataclass(frozen=True, kw_only=True)
class AutoScaling:
    """Capacity that follows the load of an endpoint: instances, or provisioned concurrency of a serverless one.

    See https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling.html
    """

    min_capacity: int
    """The least capacity. An asynchronous endpoint may have 0: it then costs nothing until a request arrives."""

    max_capacity: int
    """The most capacity, no less than `min_capacity`."""

    invocations_per_instance: float | None = None
    """For `RealTime`: how many requests a minute an instance is to serve on average. Measure what one can bear.
    Default: none; scaling of `RealTime` needs it."""

    utilization: float | None = None
    """For `Serverless`: how much of the provisioned concurrency is to be in use, more than 0 and at most 1.
    Default: none; scaling of `Serverless` needs it."""

    backlog_per_instance: float | None = None
    """For `Asynchronous`: how many requests are to wait for each instance on average. Default: none; scaling of
    `Asynchronous` needs it."""

    scale_in_cooldown: cdk.Duration | None = None
    """How long after a step down before the next. Default: the service's own, 5 minutes."""

    scale_out_cooldown: cdk.Duration | None = None
    """How long after a step up before the next. Default: the service's own, 5 minutes."""

    schedules: Sequence[ScalingSchedule] = ()
    """Other bounds at certain times. Default: none."""

    @property
    def _target(self) -> tuple[Target, float] | None:
        """What is aimed at, and the value."""
        given = [(target, getattr(self, target)) for target in Target if getattr(self, target) is not None]
        return given[0] if given else None

    def _problems(self, prop: str, fitting: Target, least: int) -> Iterator[str]:
        """What is wrong, in the caller's words.

        Args:
            prop: What the caller calls the scaling.
            fitting: What this kind of serving can aim at.
            least: The least capacity it can have.
        """
        found = [
            problem
            for name in ("min_capacity", "max_capacity")
            for problem in _judged(self, prop, name, Annotated[int, Limits(at_least=0)])
        ]
        yield from found or self._bound_problems(prop, least)
        for target in Target:
            value = getattr(self, target)
            if value is None:
                continue
            most = 1 if target is Target.UTILIZATION else None
            wrong = _judged(self, prop, target, Annotated[float, Limits(at_most=most)])
            if target is not fitting and not is_token(value):
                yield f"'{prop}.{target}' does not fit this kind of serving: use '{fitting}'"
            elif wrong or is_token(value):
                yield from wrong
            elif value <= 0:
                yield f"'{prop}.{target}' must be a number above 0, got {described(value)}"
        if self._target is None and self.schedules in ((), []):
            yield f"'{prop}' aims at nothing: give '{fitting}' or 'schedules'"
        for name in ("scale_in_cooldown", "scale_out_cooldown"):
            yield from _judged(self, prop, name, Annotated[Seconds | None, Limits(at_least=0)])
        yield from self._schedule_problems(prop)

    def _bound_problems(self, prop: str, least: int) -> Iterator[str]:
        if not is_token(self.min_capacity) and self.min_capacity < least:
            yield f"'{prop}.min_capacity' must be at least {least}, got {self.min_capacity}"
        if is_token(self.min_capacity) or is_token(self.max_capacity):
            return
        if self.max_capacity < max(self.min_capacity, 1):
            yield (
                f"'{prop}.max_capacity' must be at least 1 and no less than 'min_capacity', got {self.max_capacity}, "
                f"and 'min_capacity' is {self.min_capacity}"
            )

    def _schedule_problems(self, prop: str) -> Iterator[str]:
        if not isinstance(self.schedules, (list, tuple)):
            yield f"'{prop}.schedules' must be a list of ScalingSchedule, got {described(self.schedules)}"
            return
        for index, each in enumerate(self.schedules):
            own = f"{prop}.schedules[{index}]"
            if not isinstance(each, ScalingSchedule):
                yield f"'{own}' must be a ScalingSchedule, got {described(each)}"
                continue
            yield from each._problems(own)


def _judged(value: object, prop: str, name: str, annotation: object) -> list[str]:
    """What is wrong with a member of a value by itself."""
    return value_problems(getattr(value, name), annotation, is_token=is_token, path=f"{prop}.{name}")


@cache
def _time_zones() -> frozenset[str]:
    """The names of time zones that Python finds on this machine; none where it has no list of them."""
    return frozenset(zoneinfo.available_timezones())


def scale(
    scope: Construct,
    wanted: AutoScaling,
    *,
    fitting: Target,
    endpoint: cdk.CfnResource,
    endpoint_name: str,
    variant: str,
) -> None:
    """Make the resources that scale an endpoint.

    Args:
        scope: Where they live.
        wanted: What the caller asked for.
        fitting: What this kind of serving can aim at.
        endpoint: The endpoint, which is there before.
        endpoint_name: Its name.
        variant: The name of its variant.
    """
    dimension = "DesiredProvisionedConcurrency" if fitting is Target.UTILIZATION else "DesiredInstanceCount"
    target = l1.create(
        Kind.SCALABLE_TARGET,
        scope,
        "ScalableTarget",
        {
            "ServiceNamespace": _NAMESPACE,
            "ScalableDimension": f"sagemaker:variant:{dimension}",
            "ResourceId": f"endpoint/{endpoint_name}/variant/{variant}",
            "MinCapacity": wanted.min_capacity,
            "MaxCapacity": wanted.max_capacity,
            **({"ScheduledActions": _schedules(wanted.schedules)} if wanted.schedules else {}),
        },
    )
    target.node.add_dependency(endpoint)
    if wanted._target is not None:
        _policy(scope, "ScalingPolicy", target, "TargetTrackingScaling", _tracking(wanted, endpoint_name))
        if wanted._target[0] is Target.BACKLOG and wanted.min_capacity == 0:
            _wake(scope, target, endpoint_name)


def _schedules(schedules: Sequence[ScalingSchedule]) -> list[dict[str, Any]]:
    return [
        {
            "ScheduledActionName": f"schedule-{index}",
            "Schedule": each.schedule.expression_string,
            "ScalableTargetAction": {
                **({} if each.min_capacity is None else {"MinCapacity": each.min_capacity}),
                **({} if each.max_capacity is None else {"MaxCapacity": each.max_capacity}),
            },
            **({} if each.time_zone is None else {"Timezone": each.time_zone}),
        }
        for index, each in enumerate(schedules)
    ]


def _tracking(wanted: AutoScaling, endpoint_name: str) -> dict[str, Any]:
    if wanted._target is None:
        raise TypeError("no target")
    target, value = wanted._target
    predefined = {
        Target.INVOCATIONS: "SageMakerVariantInvocationsPerInstance",
        Target.UTILIZATION: "SageMakerVariantProvisionedConcurrencyUtilization",
    }
    cooldowns = {"ScaleInCooldown": wanted.scale_in_cooldown, "ScaleOutCooldown": wanted.scale_out_cooldown}
    measured: dict[str, Any] = (
        {"PredefinedMetricSpecification": {"PredefinedMetricType": predefined[target]}}
        if target in predefined
        else {
            "CustomizedMetricSpecification": {
                "Namespace": "AWS/SageMaker",
                "MetricName": "ApproximateBacklogSizePerInstance",
                "Dimensions": [{"Name": "EndpointName", "Value": endpoint_name}],
                "Statistic": "Average",
            }
        }
    )
    seconds = {name: seconds_of(span) for name, span in cooldowns.items() if span is not None}
    return {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": value, **measured, **seconds}}


def _wake(scope: Construct, target: cdk.CfnResource, endpoint_name: str) -> None:
    """Scale from nothing to one: where there is no instance, there is no backlog per instance either.

    https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-autoscale.html
    """
    steps = {
        "AdjustmentType": "ChangeInCapacity",
        "MetricAggregationType": "Average",
        "Cooldown": 300,
        "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
    }
    policy = _policy(scope, "WakePolicy", target, "StepScaling", {"StepScalingPolicyConfiguration": steps})
    l1.create(
        Kind.ALARM,
        scope,
        "WakeAlarm",
        {
            "AlarmDescription": "Requests wait and there is no instance to serve them",
            "Namespace": "AWS/SageMaker",
            "MetricName": "HasBacklogWithoutCapacity",
            "Dimensions": [{"Name": "EndpointName", "Value": endpoint_name}],
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 2,
            "DatapointsToAlarm": 2,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "missing",
            "AlarmActions": [policy.ref],
        },
    )


def _policy(
    scope: Construct, construct_id: str, target: cdk.CfnResource, kind: str, configuration: dict[str, Any]
) -> cdk.CfnResource:
    return l1.create(
        Kind.SCALING_POLICY,
        scope,
        construct_id,
        {
            "PolicyName": cdk.Names.unique_resource_name(scope, max_length=200, separator="-") + construct_id,
            "PolicyType": kind,
            "ScalingTargetId": target.ref,
            **configuration,
        },
    )
