"""Who may assume a role: what is only known when the app is complete."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import IValidation

if TYPE_CHECKING:
    from collections.abc import Mapping


def require_trust(prop: str, role: object, service: str) -> None:
    """Refuse, when the app is complete, a role of it that a service may not assume. Of others nothing is known."""
    if isinstance(role, iam.Role):
        _check(prop, role, service)


@cache
def _check(prop: str, role: iam.Role, service: str) -> None:
    role.node.add_validation(_TrustCheck(prop, role, service))


@jsii.implements(IValidation)
class _TrustCheck:
    def __init__(self, prop: str, role: iam.Role, service: str) -> None:
        self._prop, self._role, self._service = prop, role, service

    def validate(self) -> list[str]:
        """What is wrong."""
        document = self._role.assume_role_policy
        if document is None:
            return []
        statements = cdk.Stack.of(self._role).resolve(document.to_json())["Statement"]
        if any(self._is_trusted(statement) for statement in statements):
            return []
        return [
            f"the '{self._prop}' '{self._role.node.path}' must trust {self._service}: "
            f'assumed_by=iam.ServicePrincipal("{self._service}")'
        ]

    def _is_trusted(self, statement: Mapping[str, Any]) -> bool:
        """Whether a statement names the service, or what nobody knows yet."""
        principal = statement.get("Principal", "*")
        named = principal.get("Service", ()) if isinstance(principal, dict) else "*"
        each = named if isinstance(named, list) else [named] if named else []
        return any(not isinstance(one, str) or one in (self._service, "*") for one in each)
