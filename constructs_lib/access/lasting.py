"""Policies that stay as long as what runs with them: an update that takes something out of one makes another."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final, cast

import aws_cdk as cdk
import jsii

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam

_HASH: Final = 8


def last(policy: iam.ManagedPolicy, stack: cdk.Stack) -> iam.ManagedPolicy:
    """Give a policy of a stack an id that follows from what it allows, and return it.

    CloudFormation would change it before a job, or a model, is replaced: the old one runs on without what it reads and
    writes, and where the update fails it is the one that stays. Of another id, the policy is another one, and the old
    one goes in the clean-up after what depends on it.
    """
    resource = cast("cdk.CfnResource | None", policy.node.default_child)
    if resource is None:  # `iam.Role.customize_roles`: none is made
        return policy
    # [policy-order]
    resource.override_logical_id(cdk.Lazy.string(_Id(stack.get_logical_id(resource), stack, policy.document)))
    return policy


@jsii.implements(cdk.IStableStringProducer)
class _Id:
    """The id: what a policy allows is only known when all references are resolved."""

    def __init__(self, beginning: str, stack: cdk.Stack, document: iam.PolicyDocument) -> None:
        self._beginning = beginning
        self._stack = stack
        self._document = document

    def produce(self) -> str:
        """The id."""
        allowed = json.dumps(self._stack.resolve(self._document), sort_keys=True)
        return f"{self._beginning}{hashlib.sha256(allowed.encode()).hexdigest()[:_HASH].upper()}"
