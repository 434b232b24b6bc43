"""Bringing a local folder to S3 when the app is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets

from ..access.grants import acknowledge_wildcards, compliance
from ..access.permissions import Permission
from ..releases import acknowledge

if TYPE_CHECKING:
    from pathlib import Path

    from constructs import Construct, IDependable


def upload_folder(scope: Construct, construct_id: str, folder: Path) -> tuple[s3.Bucket, str, IDependable]:
    """Have a folder's files, but those that are hidden, below a prefix of a bucket of their own.

    The prefix follows the content, and what was uploaded before stays until the stack goes: a job that an update failed
    to replace goes on reading it.

    Returns:
        The bucket, the prefix, and what stands when the files are there.
    """
    from aws_cdk import aws_s3_deployment as deployment  # loads aws_lambda: seconds, only for folders

    bucket = s3.Bucket(
        scope,
        f"{construct_id}Bucket",
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.KMS_MANAGED,
        enforce_ssl=True,
        removal_policy=cdk.RemovalPolicy.DESTROY,
        auto_delete_objects=True,
    )
    acknowledge(bucket, _COPY)
    archive = assets.Asset(
        scope,
        f"{construct_id}Archive",
        path=str(folder.absolute()),
        exclude=["**/.*"],
        follow_symlinks=cdk.SymlinkFollowMode.ALWAYS,  # else another content behind a link is the same archive
    )
    prefix = f"{archive.asset_hash[:_PREFIX]}/"
    deployed = deployment.BucketDeployment(
        scope,
        construct_id,
        sources=[deployment.Source.bucket(archive.bucket, archive.s3_object_key)],
        destination_bucket=bucket,
        destination_key_prefix=prefix,
        prune=False,
        retain_on_delete=True,
    )
    handler = deployed.handler_role.node.scope
    if handler is not None:
        acknowledge(handler, _CDKS_OWN)
        copied = tuple(f"{each.bucket_arn}/*" for each in (archive.bucket, bucket))
        acknowledge_wildcards(handler, [Permission(actions=(), resources=copied, reason=_CDKS)])
    return bucket, prefix, deployed


_PREFIX: Final = 16
"""Letters of the content's hash in the prefix: enough to tell versions of one folder apart."""

_COPY: Final = dict.fromkeys(
    [
        "AwsSolutions-S1",
        *compliance(*(f"S3Bucket{rule}Enabled" for rule in ("DefaultLock", "Logging", "Replication", "Versioning"))),
    ],
    "holds a copy of files that are in the app itself, written by its deployment and read by one job",
)

_CDKS: Final = "CDK's own BucketDeployment: its function copies the app's assets to the bucket during deployments"
_CDKS_OWN: Final = dict.fromkeys(
    [
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]",
        *(
            f"AwsSolutions-IAM5[Action::s3:{action}*]"
            for action in ("Abort", "DeleteObject", "GetBucket", "GetObject", "List")
        ),
        "AwsSolutions-L1",
        *compliance("IAMNoInlinePolicy", "LambdaInsideVPC", "LambdaConcurrency", "LambdaDLQ"),
        *(f"Serverless-Lambda{rule}" for rule in ("DLQ", "LatestVersion", "Tracing")),
    ],
    _CDKS,
)
