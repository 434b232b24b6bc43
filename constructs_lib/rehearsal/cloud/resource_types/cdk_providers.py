"""CDK's own custom resources whose providers can not run here: they need parts of the AWS SDK for Node, or the AWS CLI.

An application made by `cdk init` gets the first with every `ec2.Vpc`; `auto_delete_objects=True` asks for the second.
These two do what CDK documents of them, as the account's root; `bucket_deployment` is the third.
"""

import functools
from collections.abc import Callable
from typing import Any

from constructs_lib.rehearsal.cloud.ministack import ministack
from constructs_lib.rehearsal.cloud.resource_types.answered import (
    BUCKET_DEPLOYMENT,
    S3_AUTO_DELETE_OBJECTS,
    VPC_RESTRICT_DEFAULT_GROUP,
)
from constructs_lib.rehearsal.cloud.resource_types.bucket_deployment import BucketDeployments
from constructs_lib.rehearsal.cloud.store import Json

_ANYWHERE = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
_MAY_BE_EMPTIED = {"Key": "aws-cdk:auto-delete-objects", "Value": "true"}


def install(client: Callable[[str], Any], deployments: BucketDeployments) -> None:
    """Answer for these providers in CloudFormation."""
    ministack.add_resource_type(
        BUCKET_DEPLOYMENT, deployments.create, deployments.update, deployments.delete, taggable=False
    )
    for name, create, delete in (
        (VPC_RESTRICT_DEFAULT_GROUP, _close_default_group, _open_default_group),
        (S3_AUTO_DELETE_OBJECTS, _promise_to_empty, _empty_bucket),
    ):
        ministack.add_resource_type(
            name, functools.partial(create, client), None, functools.partial(delete, client), taggable=False
        )


def _close_default_group(
    client: Callable[[str], Any], logical_id: str, properties: Json, stack: str
) -> tuple[str, Json]:
    """The default security group of a VPC loses its rules, and gets them back at the end."""
    del logical_id, stack
    group = properties["DefaultSecurityGroupId"]
    ec2 = client("ec2")
    rules = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    if rules["IpPermissions"]:
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rules["IpPermissions"])
    if rules["IpPermissionsEgress"]:
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=rules["IpPermissionsEgress"])
    return f"default-security-group-{group}", {}


def _open_default_group(client: Callable[[str], Any], physical_id: str, properties: Json) -> None:
    del physical_id
    group = properties["DefaultSecurityGroupId"]
    itself = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
    client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[itself])
    client("ec2").authorize_security_group_egress(GroupId=group, IpPermissions=[_ANYWHERE])


def _promise_to_empty(client: Callable[[str], Any], logical_id: str, properties: Json, stack: str) -> tuple[str, Json]:
    """The bucket is emptied at the end if CDK's tag allows it."""
    del client, logical_id, stack
    return str(properties["BucketName"]), {}


def _empty_bucket(client: Callable[[str], Any], physical_id: str, properties: Json) -> None:
    del physical_id
    s3, bucket = client("s3"), properties["BucketName"]
    # CDK takes the tag away when `auto_delete_objects` is taken away, and then nothing may be deleted.
    if _MAY_BE_EMPTIED not in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]:
        return
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
