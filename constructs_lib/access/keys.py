"""KMS keys as locations and volumes name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ..api.fields import described, has
from ..tokens import is_token
from .permissions import Permission
from .places import NamedPlace

if TYPE_CHECKING:
    from collections.abc import Mapping


class Key(Protocol):
    """What is read off a key: a `kms.IKey`, or one of which only the name is known."""

    @property
    def key_arn(self) -> str:
        """Its ARN."""

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Allow actions with it."""


@dataclass(frozen=True)
class NamedKey:
    """A KMS key as a request names it: by ARN, id or alias."""

    key_arn: str
    """The name as it was given, which the API takes too."""

    @property
    def env(self) -> NamedPlace:
        """Where it is, as far as an ARN says."""
        return NamedPlace.of_arn(self.key_arn)

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Allow actions with the key."""
        permission = self.permission(actions, {})
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(actions),
            resource_arns=list(permission.resources),
            conditions=dict(permission.conditions or {}),
        )

    def permission(self, actions: tuple[str, ...], conditions: Mapping[str, Any]) -> Permission:
        """Actions with the key under these conditions; an alias is no resource in IAM, so it becomes another one."""
        name = self.key_arn.rpartition(":")[2]
        in_account = f"arn:{cdk.Aws.PARTITION}:kms:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:key/"
        if name.startswith("alias/"):
            return Permission(
                actions=actions,
                resources=(f"{in_account}*",),
                # [key-aliases]
                conditions={**conditions, "ForAnyValue:StringEquals": {"kms:ResourceAliases": name}},
                reason="the key is named by its alias, which a condition holds",
            )
        arn = self.key_arn if self.key_arn.startswith("arn:") or is_token(self.key_arn) else in_account + self.key_arn
        return Permission(actions=actions, resources=(arn,), conditions=conditions)


def grantable(key: Key) -> Key:
    """What can be granted of a key: an alias is no resource in IAM.

    The key behind an alias of this app is known. One from elsewhere is held by its name.
    """
    if not has(key, "alias_name"):
        return key
    try:
        target: Key = key.alias_target_key  # type: ignore[attr-defined]
    except RuntimeError:  # an imported alias does not know its key
        return NamedKey(key.alias_name)  # type: ignore[attr-defined]
    return target


def grant_key(key: Key, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
    """Allow somebody actions with a key, in its own policy too where it must."""
    return grantable(key).grant(grantee, *actions)


def check_key(prop: str, key: object) -> list[str]:
    """What is wrong with a prop that should be a KMS key."""
    if key is None or has(key, "key_arn"):
        return []
    return [f"'{prop}' must be a kms.IKey, got {described(key)}; for a key that exists use kms.Key.from_key_arn"]
