"""Interfaces of the CDK that our classes implement, without the modules that hold them.

Those take long to import, and all that jsii reads of an interface is its name and the names of its members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from constructs import IConstruct

if TYPE_CHECKING:
    from collections.abc import Callable

    import aws_cdk as cdk
    from aws_cdk import aws_iam as iam


def _member(name: str) -> Callable[..., object]:
    def stand_in(*_: object) -> object: ...

    stand_in.__jsii_name__ = name  # type: ignore[attr-defined]
    return stand_in


class Connectable:
    """Stands for `aws_ec2.IConnectable`."""

    __jsii_type__ = "aws-cdk-lib.aws_ec2.IConnectable"

    connections = property(_member("connections"))


class Endpoint:
    """Stands for `aws_sagemaker.IEndpoint`."""

    __jsii_type__ = "aws-cdk-lib.aws_sagemaker.IEndpoint"

    endpoint_arn = property(_member("endpointArn"))
    endpoint_name = property(_member("endpointName"))
    endpoint_ref = property(_member("endpointRef"))
    grant_invoke = _member("grantInvoke")


class Resource(IConstruct, Protocol):
    """What every resource of the CDK has, for our own interfaces; what every construct has differs by release."""

    @property
    def stack(self) -> cdk.Stack:
        """The stack that it is defined in."""

    @property
    def env(self) -> Any:
        """Its account and region."""

    def apply_removal_policy(self, policy: cdk.RemovalPolicy) -> None:
        """What becomes of it when it leaves the stack; a job that is retained is not stopped."""

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Allow actions on it."""
