"""The props that both kinds of job take alike: each with its type and its text, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms

    from ..api.shapes import ModelDeployConfig
    from ..data.channels import Channel
    from ..data.output import OutputLocation


class JobProps(TypedDict, total=False):
    """What `AutoMLJob` and `AutoMLJobV2` take besides what is to be learned."""

    validation_data: Channel | None
    """What candidates are measured on, below 2 GB, with the columns, content type and target of the training data; not
    together with `validation_fraction`. Default: the service splits the training data."""

    validation_fraction: float | None
    """The part of the training data that candidates are measured on, more than 0 and less than 1; not for time series.
    Default: the service takes 0.2."""

    output: OutputLocation | None
    """Where models and reports go. Default: a new private, encrypted bucket, which stays when the stack is removed; for
    one that goes see `OutputLocation.new_bucket`."""

    role: iam.IRole | None
    """The role the job runs as; it must trust `sagemaker.amazonaws.com`, and gets what the job needs. One of another
    stack cannot be given a bucket of this one: the stacks would need each other. A bucket with a key of another account
    wants a role with a `role_name`. Default: a new role with only what the job needs."""

    volume_encryption_key: kms.IKey | None
    """The KMS key for the volumes of the job's instances. Default: the service's own."""

    vpc: ec2.IVpc | None
    """The VPC to run in; it must reach S3 and the AWS APIs that the job calls. Default: the service's own network."""

    vpc_subnets: ec2.SubnetSelection | Mapping[str, Any] | None
    """Which of its subnets, 1 to 16. Default: the private ones, as elsewhere in the CDK."""

    security_groups: Sequence[ec2.ISecurityGroup] | None
    """The security groups, 1 to 5. Default: a new one in `vpc` that allows all outbound traffic."""

    encrypt_inter_container_traffic: bool | None
    """Encrypt the traffic between the job's instances, which can make training slower. Default: not encrypted."""

    model_deploy_config: ModelDeployConfig | None
    """Deploy the best candidate when the job is done (one-click). The request gives the endpoint a name and no more:
    where the job has a volume key, a network or tags there is a warning, and `AutoMLEndpoint` takes them. Default:
    nothing is deployed."""

    job_name: str | None
    """A name of your own: at most 32 letters, digits and hyphens. AWS never gives the name of a job free again, so a
    change that needs a new job then needs a new name too. Default: a fresh unique name for each job."""

    revision: str
    """Another value trains again although nothing else has changed. Default: `1`."""


class RequestProps(TypedDict, total=False):
    """What a job takes whose request exists already."""

    role: iam.IRole | None
    """The role the job runs as, in place of `RoleArn`; it gets what the job needs. Default: `RoleArn`."""

    revision: str
    """Another value trains again. Default: `1`."""
