"""Following a job to its end: what its resource says about it, and the events and metrics that come of it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

import jsii
from constructs import IValidation

from ..access.grants import warn
from ..api.fields import has
from ..naming import deployed_name, stack_of
from ..releases import acknowledge, pinned, refer_weakly
from ..runtime.contract import (
    EVENT_DETAIL_TYPE,
    EVENT_SOURCE,
    METRIC_DIMENSION,
    METRIC_NAMESPACE,
    Condition,
    EventDetail,
    JobMetric,
    Property,
    Watch,
)
from .metrics import checked_metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import aws_cdk as cdk
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_events as events
    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from .provider import AutoMLProvider


def let_change(resource: cdk.CfnResource, stack: cdk.Stack) -> None:
    """Let other stacks refer to a resource of a stack without pinning it.

    Each training gives another job: an export of its name could not change as long as another stack imports it, and no
    update would train again. What leaves a nested stack is an output of that stack's resource, so whatever other stacks
    read from there, of anybody's, is not pinned either.
    """
    named: cdk.CfnResource | None = resource
    around = stack
    while named is not None:
        if not refer_weakly(named):
            _Pinned.of(stack).add(resource)
            return
        named = _nested_as(around)
        around = around if named is None else stack_of(named)


@cache
def _nested_as(stack: cdk.Stack) -> cdk.CfnResource | None:
    """What a nested stack is in the one around it."""
    return stack.nested_stack_resource


@jsii.implements(IValidation)
class _Pinned:
    """Tells, once all references are resolved, what other stacks pin because they refer to it strongly."""

    def __init__(self, stack: cdk.Stack) -> None:
        self._stack = stack
        self._resources: dict[cdk.CfnResource, None] = {}

    @classmethod
    @cache
    def of(cls, stack: cdk.Stack) -> _Pinned:
        """What may be pinned of a stack."""
        looked_at = cls(stack)
        stack.node.add_validation(looked_at)
        return looked_at

    def add(self, resource: cdk.CfnResource) -> None:
        """Look at a resource that should be free to change."""
        self._resources[resource] = None

    def validate(self) -> list[str]:
        """Nothing is wrong, yet; this is the moment at which it is known who refers to what."""
        for resource in pinned(self._stack, self._resources):
            warn(resource, {"strongReference": _PINNED})
        return []


class HasName(Protocol):
    """A job, as far as events need it."""

    @property
    def job_name(self) -> str:
        """Its name."""


class Following:
    """A resource of a stack whose job is followed from the first time that somebody asks for it."""

    def __init__(self, provider: AutoMLProvider, resource: cdk.CfnResource, job: HasName) -> None:
        self.provider: Final = provider
        self.resource: Final = resource
        """What starts the state machine: the job's own resource, or a watch over a job made elsewhere."""
        self._job = job
        self._conditions: list[dict[str, Any]] = []
        self._followed = False

    def begin(self) -> None:
        """Have the job followed; events tell of each change of its state."""
        if not self._followed:
            self._followed = True
            self._render()

    def signal(self, logical_id: str, seconds: int) -> None:
        """Have a wait condition signalled when the job has ended, or after so many seconds."""
        self._followed = True
        self._conditions.append({Condition.LOGICAL_ID: logical_id, Condition.SECONDS: seconds})
        self._render()

    def _render(self) -> None:
        waiter = self.provider._waiter
        watch = {
            Watch.STATE_MACHINE: waiter.arn,
            Watch.EVENT_BUS: self.provider._event_bus_arn,
            Watch.CONDITIONS: [dict(condition) for condition in self._conditions],
        }
        self.resource.add_property_override(Property.WATCH, watch)

    def rule(
        self,
        scope: Construct,
        construct_id: str,
        target: events.IRuleTarget | sns.ITopic | None,
        statuses: Sequence[str],
        *,
        description: str,
        rule_name: str | None,
    ) -> events.Rule:
        """A rule that fires when the job's status becomes one of these; a second target joins the rule of its id.

        Anybody whom a shared bus lets in may use the library's source and a job's name. EventBridge itself says which
        account and region an event comes from: the stack's own, where the function looks at the job.
        """
        from aws_cdk import aws_events as events
        from aws_cdk import aws_events_targets as targets

        self.provider._check_listening(f"the rule '{scope.node.path}/{construct_id}'")
        self.begin()
        rule = scope.node.try_find_child(construct_id)
        if not isinstance(rule, events.Rule):
            rule = events.Rule(
                scope,
                construct_id,
                description=description,
                rule_name=rule_name,
                event_pattern=events.EventPattern(
                    source=[EVENT_SOURCE],
                    detail_type=[EVENT_DETAIL_TYPE],
                    account=[self.provider.stack.account],
                    region=[self.provider.stack.region],
                    detail={EventDetail.JOB_NAME: [self._job.job_name], EventDetail.STATUS: list(statuses)},
                ),
            )
            self.provider._listen(rule)
            if has(target, "topic_arn"):
                acknowledge(rule, _TO_TOPIC)
        if target is not None:
            rule.add_target(targets.SnsTopic(target) if has(target, "topic_arn") else target)  # type: ignore[arg-type]
        return rule

    def metric(self, name: JobMetric, options: Mapping[str, Any]) -> cloudwatch.Metric:
        """A metric of the job's ends; the job is followed from now on."""
        from aws_cdk import aws_cloudwatch as cloudwatch

        checked = checked_metric(self.resource, name, options)
        self.begin()
        stack = self.provider.stack
        dimension = f"{deployed_name(stack)}/{stack.get_logical_id(self.resource)}"
        metric = cloudwatch.Metric(
            namespace=METRIC_NAMESPACE,
            metric_name=name,
            dimensions_map={METRIC_DIMENSION: dimension},
            **checked,
        )
        return metric.attach_to(self.provider)


_PINNED: Final = (
    "another stack imports what this resource is called, and CloudFormation changes no export that is imported: the "
    "next update that trains again fails, and is rolled back. Use a newer aws-cdk-lib (one with CrossStackReferences), "
    "with which such a reference is weak, or define in one stack what belongs together"
)

_TO_TOPIC: Final = {
    "Serverless-EventBusDLQ": "EventBridge goes on trying for a day; give a target with a dead-letter queue where that "
    "is not enough"
}
