"""Rules that hear of a job's end: what `on_finished` and its kin take, and what of it is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, TypedDict

import aws_cdk as cdk

from ..api.fields import Limits, described, has, raise_if_any, value_problems
from ..tokens import is_token, place

if TYPE_CHECKING:
    from aws_cdk import aws_events as events
    from aws_cdk import aws_sns as sns
    from constructs import Construct


class RuleOptions(TypedDict, total=False):
    """What the rule of `on_finished` and its kin takes: the CDK's `events.OnEventOptions`, and `construct_id`."""

    target: events.IRuleTarget | sns.ITopic | None
    """A rule target of `aws_events_targets`, or an SNS topic. Default: the first argument; where that is an id, nobody
    is told until `add_target` of the rule is called."""

    construct_id: str | None
    """The id of the rule, where the first argument is the target. Default: the usual id of that method."""

    description: str | None
    """What people read about the rule, up to 512 characters. Default: which job, and what has become of it."""

    rule_name: str | None
    """A name of your own: up to 64 letters, digits, `.`, `-` and `_`. Default: CloudFormation makes one."""

    cross_stack_scope: Construct | None
    """Where the rule lives, for a target of another stack that the job's stack must not need. Default: below the
    job."""


@dataclass(frozen=True, kw_only=True)
class Listening:
    """A rule that was asked for."""

    scope: Construct
    construct_id: str
    target: events.IRuleTarget | sns.ITopic | None = None
    description: str | None = None
    rule_name: str | None = None


def listening(job: Construct, first: object, default_id: str, options: RuleOptions) -> Listening:
    """The rule that was asked for.

    Args:
        job: Below what it lives.
        first: What was given without a name: its id, or a target.
        default_id: Its id where none is given.
        options: What was given by name.

    Raises:
        ValueError: with everything that is wrong.
    """
    said: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    is_id = isinstance(first, str) and not is_token(first) and not first.startswith("arn:")  # of a topic, most likely
    named = "construct_id" if is_id else "target"
    twice = [named] if named in said and first != default_id else []
    given = {"construct_id": default_id, named: first, **said}
    scope = given.pop("cross_stack_scope", job)
    place("the rule", scope, given["construct_id"])
    wrong = [f"'{name}' must be given once, and the first argument is one already" for name in twice]
    if scope is not job and not any(cdk.Stack.is_stack(each) for each in scope.node.scopes):
        wrong.append(f"'cross_stack_scope' must be a stack or lie in one, got {described(scope)}")
    if "target" in given and not _is_target(given["target"]):
        wrong.append(
            f"'target' of '{job.node.path}' must be an events.IRuleTarget or an sns.ITopic, got "
            f"{described(given['target'])}; targets are in aws_cdk.aws_events_targets"
        )
    for prop, kind in _TEXTS.items():
        wrong += value_problems(given.get(prop), kind, is_token=is_token, path=prop)
    if scope.node.try_find_child(given["construct_id"]) is not None:
        wrong += [
            f"'{prop}' comes too late: a rule with the id '{given['construct_id']}' is there already, and another "
            "target joins it as it is; say it with the first target, or give another id"
            for prop in _TEXTS
            if prop in given
        ]
    raise_if_any(wrong, f"the rule '{given['construct_id']}' of '{job.node.path}'")
    return Listening(scope=scope, **given)


def _is_target(value: object) -> bool:
    """Whether a value is a topic, or a target of the CDK's or of a class that implements its interface."""
    is_of_the_cdk = any(hasattr(type(value), mark) for mark in ("__jsii_type__", "__jsii_ifaces__"))
    return has(value, "topic_arn") or (has(value, "bind") and is_of_the_cdk)


# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
_TEXTS: Final[dict[str, Any]] = {
    "description": Annotated[str | None, Limits(max_length=512)],
    "rule_name": Annotated[str | None, Limits(min_length=1, max_length=64, pattern=r"[\.\-_A-Za-z0-9]+")],
}
