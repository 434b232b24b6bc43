"""Interfaces of the CDK that our classes implement, without the modules that hold them.

Those take long to import, and all that jsii reads of an interface is its name and the names of its members.
"""

from collections.abc import Callable


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
