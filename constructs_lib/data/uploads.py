"""Bringing a local folder to S3 when the app is deployed."""

from __future__ import annotations

import json
import math
import re
from functools import cache, partial
from typing import TYPE_CHECKING, Final, cast

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from ..access import permissions
from ..access.companions import Companion, Companions
from ..access.grants import acknowledge_late, add_permissions, compliance, managed_policy, new_role, warn
from ..api.datafolder import files_of
from ..api.digests import file_digest, folder_digest
from ..api.fields import counted, number
from ..keywords import ConstructorSignature
from .buckets import allow_reading_one, own_bucket

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_s3 as s3
    from constructs import IConstruct, IDependable

    from ..access.companions import Configuration
    from ..access.grants import Grants
    from ..access.permissions import Permission
    from ..api.datafolder import Extent


def file_asset(scope: Construct, construct_id: str, path: Path) -> assets.Asset:
    """A local file, which is another asset whenever a byte of it is another one."""
    return assets.Asset(scope, construct_id, path=str(path.absolute()), asset_hash=file_digest(path))


def allow_reading_asset(grants: Grants, scope: Construct, asset: assets.Asset) -> None:
    """Ask for reading an asset, and for decrypting it where its bucket may have a key of its own."""
    allow_reading_one(grants, asset.bucket, asset.s3_object_key)
    for permission in _in_foreign_bucket(scope, asset):
        grants.allow(permission)


def reading_asset(scope: Construct, asset: assets.Asset) -> list[Permission]:
    """What the stack's function has to be allowed to read an asset."""
    arn = f"{asset.bucket.bucket_arn}/{asset.s3_object_key}"
    reading = permissions.Permission(actions=permissions.READ_OBJECTS, resources=(arn,))
    return [reading, *_in_foreign_bucket(scope, asset)]


def _in_foreign_bucket(scope: Construct, asset: assets.Asset) -> list[Permission]:
    """What else it takes to read an asset that does not lie in the bucket that `cdk bootstrap` has made."""
    if not _is_foreign(cdk.Stack.of(scope), asset):
        return []
    warn(scope, {"asset_bucket": _FOREIGN})
    return [permissions.decrypt_objects_of(asset.bucket.bucket_arn)]


def _is_foreign(stack: cdk.Stack, asset: assets.Asset) -> bool:
    """Whether the stack's assets lie elsewhere, asked once for all of them: it is a call to jsii."""
    if stack not in _FOREIGN_TO:
        _FOREIGN_TO[stack] = not _BOOTSTRAPPED.search(json.dumps(stack.resolve(asset.s3_bucket_name)))
    return _FOREIGN_TO[stack]


_FOREIGN_TO: Final[dict[cdk.Stack, bool]] = {}
_BOOTSTRAPPED: Final = re.compile(r'"cdk-[A-Za-z0-9_-]{1,10}-assets-|"AssetParameters')
"""The name with its qualifier, or how a `LegacyStackSynthesizer` refers to it.

See https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
"""

_FOREIGN: Final = (
    "local data of this construct are uploaded to another bucket than that of `cdk bootstrap`: a product's or a stack "
    "set's asset bucket, or a staging bucket. Its policy, and that of its key, must let in the job's role, in every "
    "account that the template is deployed to. Channel.from_bucket takes data from a bucket of yours"
)


def upload_folder(
    scope: Construct, construct_id: str, folder: Path, extent: Extent
) -> tuple[s3.Bucket, str, IDependable]:
    """Have a folder's files, but those that are hidden, below a prefix of a bucket of their own.

    The prefix follows the content, and what was uploaded before stays until the stack goes: a job that an update failed
    to replace goes on reading it.

    Returns:
        The bucket, the prefix, and what stands when the files are there.
    """
    from aws_cdk import aws_s3_deployment as deployment  # loads aws_lambda: seconds, only for folders

    bucket = own_bucket(
        scope, f"{construct_id}Bucket", _COPIES, removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True
    )
    archive = assets.Asset(
        scope,
        f"{construct_id}Archive",
        path=str(folder.absolute()),
        asset_hash=folder_digest(folder, files_of(folder)),
        exclude=["**/.*"],
        follow_symlinks=cdk.SymlinkFollowMode.ALWAYS,  # else another content behind a link is the same archive
    )
    prefix = f"{archive.asset_hash[:_PREFIX]}/"
    copier = _copier(cdk.Stack.of(scope), disk_for(extent))
    deployed = deployment.BucketDeployment(
        scope,
        construct_id,
        sources=[deployment.Source.bucket(archive.bucket, archive.s3_object_key)],
        destination_bucket=bucket,
        destination_key_prefix=prefix,
        prune=False,
        retain_on_delete=True,
        memory_limit=_MEMORY,
        ephemeral_storage_size=cdk.Size.mebibytes(copier.disk),
        role=copier.role.without_policy_updates(),  # the CDK would let it read and delete all of both buckets
        log_group=copier.log,
    )
    deployed.node.add_dependency(
        copier.allow(
            *permissions.copied_folder(
                archive.bucket.arn_for_objects(archive.s3_object_key), bucket.bucket_arn, prefix
            ),
            *_in_foreign_bucket(scope, archive),
        )
    )
    copier.found(deployed.node.find_child("CustomResourceHandler"))
    Companions.of(cdk.Stack.of(scope)).when_configured(partial(_tell_of_network, bucket))
    return bucket, prefix, deployed


def _tell_of_network(bucket: s3.Bucket, configured: Configuration) -> None:
    """Say that the function which empties a bucket does not follow: a stack has one for all its buckets."""
    if configured.vpc is not None:
        warn(bucket, {"emptied_outside_vpc": _EMPTIED_OUTSIDE})


def unfit_to_copy(extent: Extent) -> str | None:
    """Why a folder cannot be copied when the app is deployed, as a sentence that follows its name; None: it can."""
    out = "upload it yourself and use Channel.from_bucket"
    if (needed := _needed(extent)) > _DISKS[-1]:
        return (
            f"holds {number(extent.size / _MIB)} MiB in {counted(extent.files, 'file')}: the function that copies them "
            f"would need {number(needed)} MiB of disk for them and for their archive, and Lambda has at most "
            f"{number(_DISKS[-1])}; {out}"
        )
    if extent.files > _MOST_FILES:
        return (
            f"holds {counted(extent.files, 'file')}: the function that copies them has 15 minutes, which is enough for "
            f"{number(_MOST_FILES)} at most; {out}"
        )
    return None


def disk_for(extent: Extent) -> int:
    """MiB of disk of the function that copies a folder: the least of a few that is enough."""
    return next((disk for disk in _DISKS if disk >= _needed(extent)), _DISKS[-1])


def _needed(extent: Extent) -> int:
    """MiB for a folder's archive, which need not be smaller than the folder, and for what is unpacked beside it."""
    return math.ceil(_SPARE * (2 * extent.size + extent.files * _PER_FILE) / _MIB)


@cache
def _copier(stack: cdk.Stack, disk: int) -> _Copier:
    return _Copier(stack, f"SageMakerAutopilotCopier{disk}", disk)


class _Copier(Construct):
    """What CDK's function that copies folders runs with, once in a stack for all folders that need as much disk.

    The CDK makes one function for all `BucketDeployment`s of a stack that ask for the same memory and disk. Ours are
    numbers that nobody else asks for: so what is acknowledged of it is not acknowledged of anybody else's.
    """

    __signature__ = ConstructorSignature()

    def __init__(self, scope: Construct, construct_id: str, disk: int) -> None:
        from aws_cdk import aws_logs as logs

        super().__init__(scope, construct_id)
        self.disk: Final = disk
        """MiB of disk."""
        self.log: Final = logs.LogGroup(
            self, "Log", retention=logs.RetentionDays.ONE_YEAR, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        acknowledge_late(self.log, self._log_reasons)
        self.role: Final = new_role(
            self,
            service=permissions.LAMBDA_PRINCIPAL,
            description="Copies folders to buckets of its stack",
        )
        self._companions = Companions.of(cdk.Stack.of(self))
        self._policies: list[iam.ManagedPolicy] = []
        self._copied = 0
        self._is_found = False

    def allow(self, *copying: Permission) -> iam.ManagedPolicy:
        """Let the function copy an archive's files; returns the policy that does."""
        if self._copied % _PER_POLICY == 0:
            logging = permissions.log_of_function(self.log.log_group_arn)
            policy_id = f"Permissions{len(self._policies) or ''}"
            self._policies.append(managed_policy(self, policy_id, [logging], self.role))
        self._copied += 1
        add_permissions(self._policies[-1], copying)
        return self._policies[-1]

    def found(self, handler: IConstruct) -> None:
        """Take care of the function, once it is there."""
        if self._is_found:
            return
        self._is_found = True
        function = cast("cdk.CfnResource", cast("lambda_.SingletonFunction", handler).permissions_node.default_child)
        function.node.add_dependency(self._policies[0])  # in a VPC it is not created before it may use that
        acknowledge_late(function, self._function_reasons)
        log = cast("cdk.CfnResource", self.log.node.default_child)
        self._companions.add(
            Companion(construct=self, function=function, log=log, policy=self._policies[0], role=self.role)
        )

    def _function_reasons(self) -> dict[str, str]:
        configured = self._companions.configuration
        if configured is None:
            return _ALWAYS | _UNLESS_CONFIGURED
        left = configured.function_reasons()
        return _ALWAYS | {finding: reason for finding, reason in _UNLESS_CONFIGURED.items() if finding in left}

    def _log_reasons(self) -> dict[str, str]:
        configured = self._companions.configuration
        return _LOG if configured is None or configured.log_reasons("") else {}


_MIB: Final = 1024 * 1024

_DISKS: Final = (607, 1213, 2423, 4889, 10240)
"""MiB. https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html"""

_MEMORY: Final = 1783
"""MiB: one whole processor and a little, https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""

_SPARE: Final = 1.1
_PER_FILE: Final = 5 * 1024
"""Bytes: what a file's last block leaves unused, and its name, three times, with what an archive notes of it."""

# [copied-in-time]
_MOST_FILES: Final = 100_000

_PER_POLICY: Final = 10
"""Folders whose permissions one managed policy has room for."""

_PREFIX: Final = 16
"""Letters of the content's hash in the prefix: enough to tell versions of one folder apart."""

_COPIES: Final = (
    "holds copies of files that the app has itself: one function writes them, in deployments, each version below a "
    "prefix of its own, and would write them again"
)

_EMPTIED_OUTSIDE: Final = (
    "the function of the CDK that empties this bucket when the stack goes (Custom::S3AutoDeleteObjects) is not in the "
    "'vpc' of AutoMLProvider.configure: a stack has one for all its buckets, yours too. docs/organisations.md has the "
    "lines that put it there; Channel.from_bucket does without it"
)

_LOG: Final = dict.fromkeys(
    compliance("CloudWatchLogGroupEncrypted"),
    "encrypted by CloudWatch Logs itself; CDK's function logs the names of buckets and of files",
)

_ALWAYS: Final = {
    **dict.fromkeys(
        ["AwsSolutions-L1", "Serverless-LambdaLatestVersion"], "CDK's own code, with the runtime that CDK gives it"
    ),
    "checkov-CKV_AWS_173": "its environment names a file of the runtime, nothing that is secret",
}
_UNLESS_CONFIGURED: Final = dict.fromkeys(
    [
        *compliance("LambdaInsideVPC", "LambdaConcurrency", "LambdaDLQ"),
        *(f"Serverless-Lambda{rule}" for rule in ("DLQ", "Tracing")),
    ],
    "CDK's own code: it runs while the stack is deployed, between two buckets of the account, and what it cannot do "
    "fails the deployment",
)
