"""Where a job reads and writes, and what of the data it learns from."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets

from ..access import permissions
from ..access.grants import COMPLIANCE_PACKS, Grants, acknowledge
from ..access.keys import Key, NamedKey, check_key
from ..api.enums import FeatureType
from ..api.fields import PendingUri, described, hint, listed
from ..tokens import is_token
from .buckets import Bucket, allow_reading_one, check_bucket, check_object_key, facts, split_uri
from .channels import Channel

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct

__all__ = ["Channel", "FeatureSpecification", "OutputLocation"]

_WRITES = "the job names what it writes below its output location"


class OutputLocation:
    """Where a job writes its models and reports.

    Use `from_bucket`. The job writes below `<prefix>/<job name>/`; its role may read and write below the prefix.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLOutputDataConfig.html
    """

    def __init__(self, bucket: Bucket, prefix: str, encryption_key: Key | None) -> None:
        self.bucket = bucket
        """The bucket."""
        self.prefix = prefix
        """What all keys begin with."""
        self.encryption_key = encryption_key
        """The key the job encrypts with; None: the bucket's own encryption."""

    @classmethod
    def from_bucket(
        cls, bucket: s3.IBucket, prefix: str = "", *, encryption_key: kms.IKey | None = None
    ) -> OutputLocation:
        """Below a prefix of a bucket.

        Args:
            bucket: The bucket, in the job's region.
            prefix: What all keys begin with, without a leading slash. Default: the whole bucket. The URI
                (`s3://bucket/prefix`) may have at most 512 characters, and above 128 there is a warning.
            encryption_key: The KMS key for what the job writes; its role may use it. Default: the bucket's own
                encryption.

        Raises:
            ValueError: `bucket` is no bucket, `prefix` not a prefix, or `encryption_key` no key.
        """
        check_bucket("OutputLocation.from_bucket", bucket)
        check_object_key("prefix", prefix)
        found = check_key("encryption_key", encryption_key)
        if found:
            raise ValueError(f"OutputLocation.from_bucket: {found[0]}")
        return cls(bucket, prefix, encryption_key)

    @classmethod
    def from_uri(cls, s3_uri: str, kms_key_id: str | None) -> OutputLocation:
        """The location of a request in the API's own names."""
        bucket, prefix = split_uri(s3_uri)
        return cls(bucket, prefix, NamedKey(kms_key_id) if kms_key_id else None)

    @classmethod
    def private(cls, scope: Construct) -> OutputLocation:
        """A bucket of the job's own: private, encrypted, versioned, TLS only. It stays when the stack is removed."""
        bucket = s3.Bucket(
            scope,
            "Output",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.KMS_MANAGED,
            enforce_ssl=True,
            versioned=True,
        )
        acknowledge(bucket, _PRIVATE_BUCKET)
        return cls(bucket, "", None)

    @property
    def s3_uri(self) -> str:
        """`s3://bucket/prefix`."""
        return f"s3://{facts(self.bucket).name}/{self.prefix}"

    @property
    def key(self) -> Key | None:
        """The KMS key of what is written here: the one that was given, else the bucket's own; None: neither."""
        return self.encryption_key or facts(self.bucket).key

    @property
    def keys(self) -> list[Key]:
        """All KMS keys of what lies here: the bucket's own, and the one that was given."""
        return [key for key in dict.fromkeys([facts(self.bucket).key, self.encryption_key]) if key is not None]

    def folder(self, job_name: str) -> str:
        """Where the job of that name writes: what its keys begin with."""
        return f"{self.prefix.rstrip('/')}/{job_name}/".lstrip("/")

    def bind(self, grants: Grants) -> str:
        """Ask for the permission to read and write here; returns the URI."""
        grants.allow_objects(facts(self.bucket).arn, self.prefix, permissions.WRITE_OBJECTS, why=_WRITES)
        for key in self.keys:
            grants.allow_key(key, permissions.ENCRYPT)
        return self.s3_uri

    def grant_read(self, grantee: iam.IGrantable, job_name: str) -> iam.Grant:
        """Allow to read what the job of that name wrote here."""
        folder = self.folder(job_name)
        arn = facts(self.bucket).arn
        granted = [
            iam.Grant.add_to_principal(
                grantee=grantee, actions=list(permissions.READ_OBJECTS), resource_arns=[f"{arn}/{folder}*"]
            ),
            iam.Grant.add_to_principal(
                grantee=grantee,
                actions=list(permissions.LIST_BUCKET),
                resource_arns=[arn],
                conditions=dict([permissions.below([f"{folder}*"])]),
            ),
            *(key.grant(grantee, *permissions.DECRYPT) for key in self.keys),
        ]
        return reduce(lambda one, other: one.combine(other), granted)


def check_output(prop: str, output: object, *, is_required: bool = False) -> list[str]:
    """What is wrong with a prop that should be an output location."""
    if isinstance(output, OutputLocation) or (output is None and not is_required):
        return []
    return [f"'{prop}' must be an OutputLocation, got {described(output)}; use OutputLocation.from_bucket"]


_ONE_WRITER = (
    "written by one role only, the job's; give `output` a bucket of your own where you want its access logged, its "
    "objects replicated, or a key of yours"
)
_PRIVATE_BUCKET = dict.fromkeys(
    [
        "AwsSolutions-S1",
        *(f"{pack}-S3BucketLoggingEnabled" for pack in COMPLIANCE_PACKS),
        *(f"{pack}-S3BucketReplicationEnabled" for pack in COMPLIANCE_PACKS),
    ],
    _ONE_WRITER,
)


class FeatureSpecification(PendingUri):
    """Which columns a job learns from, and how each is to be read.

    Use `of`, or `from_bucket` for a specification that exists.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLCandidateGenerationConfig.html
    """

    def __init__(self, types: Mapping[str, str] | None, names: Sequence[str], source: Bucket | None, key: str) -> None:
        self._types = types
        self._names = names
        self._source = source
        self._key = key

    @classmethod
    def of(cls, features: Mapping[str, FeatureType | str] | Sequence[str]) -> FeatureSpecification:
        """A specification that is written and uploaded for you.

        Args:
            features: The columns to learn from, with the type of each: `numeric`, `categorical`, `text`, `datetime`, or
                (in HYPERPARAMETER_TUNING mode) `sequence`. A list of names leaves the types to the service. The
                target is no feature.

        Raises:
            ValueError: there is no feature, a type is not one of these, a name is empty, given twice, or a token.
        """
        types = dict(features) if isinstance(features, Mapping) else None
        names = [features] if isinstance(features, str) else list(features)
        found = []
        if isinstance(features, str):
            found.append(f"'features' must be a map or a list of columns, got {described(features)}")
        if not names:
            found.append("'features' must name at least one column")
        for name in names:
            if not isinstance(name, str) or not name.strip():
                found.append(f"'features' must name columns, got {described(name)}")
            elif is_token(name) or is_token((types or {}).get(name)):
                found.append(
                    f"'features' are uploaded when the app is synthesized, so they cannot hold a token: {name!r}"
                )
            elif types is not None and types[name] not in set(FeatureType):
                guess = hint(str(types[name]), FeatureType)
                found.append(f"'features' must give '{name}' one of {listed(FeatureType)}, got {types[name]!r}{guess}")
        if twice := sorted({str(name) for name in names if names.count(name) > 1}):
            found.append(f"'features' must be distinct, got {listed(twice)} more than once")
        if found:
            raise ValueError(f"FeatureSpecification.of: {'; '.join(found)}")
        return cls({name: str(kind) for name, kind in types.items()} if types is not None else None, names, None, "")

    @classmethod
    def from_bucket(cls, bucket: s3.IBucket, key: str) -> FeatureSpecification:
        """A specification that lies in a bucket. Its columns are not known here, so they are not checked.

        Args:
            bucket: The bucket, in the job's region; the job's role may read the object.
            key: The JSON object with `FeatureAttributeNames` and/or `FeatureDataTypes`.

        Raises:
            ValueError: `bucket` is no bucket, or `key` not a key.
        """
        check_bucket("FeatureSpecification.from_bucket", bucket)
        check_object_key("key", key)
        if not key:
            raise ValueError("FeatureSpecification.from_bucket: 'key' must not be empty")
        return cls(None, (), bucket, key)

    @classmethod
    def from_uri(cls, s3_uri: str) -> FeatureSpecification:
        """The specification of a request in the API's own names."""
        return cls(None, (), *split_uri(s3_uri))

    @property
    def columns(self) -> Mapping[str, str] | None:
        """The columns with their types (empty where the service decides); None when they are not known here."""
        if self._source is not None:
            return None
        return self._types if self._types is not None else dict.fromkeys(self._names, "")

    def bind(self, scope: Construct, grants: Grants) -> str:
        """Upload the specification if need be, and ask for the permission to read it; returns its URI."""
        if self._source is not None:
            allow_reading_one(grants, self._source, self._key)
            return f"s3://{facts(self._source).name}/{self._key}"
        document: dict[str, object] = {"FeatureAttributeNames": list(self._names)}
        if self._types is not None:
            document["FeatureDataTypes"] = dict(self._types)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "features.json")
            path.write_text(json.dumps(document, ensure_ascii=False, sort_keys=True), encoding="utf-8")
            asset = assets.Asset(scope, "Features", path=str(path))
        allow_reading_one(grants, asset.bucket, asset.s3_object_key)
        return asset.s3_object_url
