"""Roles and policies that an aspect has taken to another stack, for those who may make them there.

`ResourceExtractor` of cdk-enterprise-iac copies what a template says of them. There, `AWS::StackId` is another stack's,
and no condition of the template is known, so the copy has to say what the app knows.
"""

from __future__ import annotations

from typing import Any, Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import IValidation

from ..naming import CONDITION, known_id

_STACK_ID = {"Ref": "AWS::StackId"}
_UNIQUE_PART = {"Fn::Select": [2, {"Fn::Split": ["/", _STACK_ID]}]}


_MADE: Final[list[iam.Role | iam.ManagedPolicy]] = []


def may_be_taken(made: iam.Role | iam.ManagedPolicy) -> None:
    """Note a role or a policy of the library."""
    _MADE.append(made)


def follow(stack: cdk.Stack, *samples: iam.Role | iam.ManagedPolicy) -> None:
    """Have those of a stack say what is right wherever an aspect takes them to.

    Args:
        stack: The stack.
        samples: One of each kind: an aspect takes all of a kind.
    """
    stack.node.add_validation(_Taken(stack, samples))


@jsii.implements(IValidation)
class _Taken:
    """Looks, once all aspects are done, for what is gone from a stack, and corrects it where it has come to."""

    def __init__(self, stack: cdk.Stack, samples: tuple[iam.Role | iam.ManagedPolicy, ...]) -> None:
        self._stack = stack
        self._samples = samples

    def validate(self) -> list[str]:
        """Nothing is wrong any more."""
        if all(each.node.default_child is not None for each in self._samples):
            return []
        taken = [each for each in _MADE if cdk.Stack.of(each) is self._stack and each.node.default_child is None]
        ours = {name for made in taken if (name := self._logical_id(made))}
        for stack in self._stack.node.root.node.find_all():
            if isinstance(stack, cdk.Stack) and stack is not self._stack:
                for copy in stack.node.children:
                    if copy.node.id in ours and isinstance(copy, cdk.CfnResource):
                        self._correct(copy)
        return []

    def _logical_id(self, made: iam.Role | iam.ManagedPolicy) -> str:
        """What it was called in the template; empty if it was in none: `iam.Role.customize_roles`."""
        match self._stack.resolve(made.role_arn if isinstance(made, iam.Role) else made.managed_policy_arn):
            case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]}:
                return name
        return ""

    def _correct(self, copy: cdk.CfnResource) -> None:
        for name, said in copy._cfn_properties.items():  # noqa: SLF001 - protected, not private
            known = self._known(said)
            if known != said:
                copy.add_property_override(name, known)

    def _known(self, said: Any) -> Any:
        """What the app knows, instead of what CloudFormation knows in the stack itself."""
        if isinstance(said, list):
            return [self._known(each) for each in said]
        if not isinstance(said, dict):
            return said
        if said == _STACK_ID:
            return self._stack.resolve(known_id(self._stack))
        if said == _UNIQUE_PART:
            return "*"
        if said.get("Fn::If", [None])[0] == CONDITION:
            return said["Fn::If"][1]
        return {name: self._known(each) for name, each in _patterns_allowed(said).items()}


def _patterns_allowed(block: dict[str, Any]) -> dict[str, Any]:
    """The conditions of a statement with the operator that knows patterns, for what becomes one."""
    equal = block.get("StringEquals")
    if not isinstance(equal, dict) or _STACK_ID not in equal.values():
        return block
    exact = {key: value for key, value in equal.items() if value != _STACK_ID}
    like = {key: value for key, value in equal.items() if value == _STACK_ID}
    others = {operator: each for operator, each in block.items() if operator != "StringEquals"}
    others["StringLike"] = {**others.get("StringLike", {}), **like}
    return others | ({"StringEquals": exact} if exact else {})
