"""Resources of another account of the app: their own policies have to allow what a role's policy allows.

The role is named by a condition, below its account as principal: S3 and KMS refuse a principal that is not there yet,
and the resource comes first. Roles that the library makes get a name where one is needed so, and only there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from .places import account_of, is_made_here

if TYPE_CHECKING:
    from constructs import IDependable

    from .permissions import Permission


class Owned(Protocol):
    """What a policy of its own may belong to, and what its ARN is."""

    @property
    def arn(self) -> str:
        """The ARN."""

    @property
    def resource(self) -> Any:
        """The construct; one that has no `env` is not known to be elsewhere."""


def is_to_be_opened(resource: Any, stack: cdk.Stack) -> bool:
    """Whether a resource is made in this app, and in another account than this stack."""
    here = account_of(stack)
    if not here:
        return False
    there = account_of(resource)
    return bool(there) and there != here and is_made_here(resource)


# [other-account]
def open_to(
    resource: Any, role: iam.IRole, stack: cdk.Stack, permission: Permission, *, sid: str | None = None
) -> IDependable:
    """Let a role of a stack do with a resource of another account what its own policy allows it.

    Args:
        resource: A bucket, a key, a topic or an event bus, made in this app.
        role: The role.
        stack: Where the role is.
        permission: What it may.
        sid: What the statement is called, which only buses need.

    Returns:
        What has to be there before the role does so.
    """
    statement = permission.statement() | ({} if sid is None else {"Sid": sid})
    named = {"ArnEquals": {"aws:PrincipalArn": role.role_arn}}
    principal = f"arn:{cdk.Aws.PARTITION}:iam::{account_of(stack)}:root"
    resource.add_to_resource_policy(
        iam.PolicyStatement.from_json(
            {**statement, "Principal": {"AWS": principal}, "Condition": {**statement.get("Condition", {}), **named}}
        )
    )
    return cast("IDependable", resource)
