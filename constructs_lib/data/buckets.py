"""What channels and outputs share: a bucket, the prefixes within it, and the permission to read there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from ..access import permissions
from ..access.grants import compliance
from ..access.places import BUCKET, KEY
from ..api.fields import described, has, listed, shorten, unfit
from ..api.shapes import PATTERN_CHARACTERS
from ..releases import acknowledge
from ..tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs import Construct

    from ..access.grants import Grants
    from ..access.keys import Key
    from ..access.places import Used

_READS: Final = "the objects below a prefix have keys that are not known here"


class Bucket(Protocol):
    """What a location reads off a bucket: an `s3.IBucket`, or one of which only the name is known."""

    @property
    def bucket_name(self) -> str:
        """Its name."""

    @property
    def bucket_arn(self) -> str:
        """Its ARN."""

    @property
    def encryption_key(self) -> Key | None:
        """Its KMS key, where one is known."""

    @property
    def policy(self) -> Any:
        """Its policy, where the app has one."""


@dataclass(frozen=True)
class NamedBucket:
    """A bucket of which only the name is known."""

    bucket_name: str
    encryption_key: None = None
    policy: None = None

    @property
    def bucket_arn(self) -> str:
        """Its ARN."""
        return f"arn:{cdk.Aws.PARTITION}:s3:::{self.bucket_name}"


@dataclass(frozen=True)
class BucketFacts:
    """What never changes of a bucket."""

    name: str
    arn: str
    key: Key | None
    resource: Bucket


_FACTS: dict[Any, BucketFacts] = {}


def facts(bucket: Bucket) -> BucketFacts:
    """Read a bucket once: each of these is a call to jsii, and jobs share buckets."""
    if bucket not in _FACTS:
        _FACTS[bucket] = BucketFacts(bucket.bucket_name, bucket.bucket_arn, bucket.encryption_key, bucket)
    return _FACTS[bucket]


def own_bucket(scope: Construct, construct_id: str, why: str, **props: Any) -> s3.Bucket:
    """A bucket that the library makes: private, encrypted, versioned, TLS only, without uploads that nobody finished.

    Args:
        scope: Where.
        construct_id: Its id there.
        why: Why its access is not logged, and its objects are neither replicated nor locked.
        props: Further props; with an `encryption_key` its key is that one.
    """
    encryption = s3.BucketEncryption.KMS if "encryption_key" in props else s3.BucketEncryption.KMS_MANAGED
    bucket = s3.Bucket(
        scope,
        construct_id,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=encryption,
        enforce_ssl=True,
        versioned=True,
        lifecycle_rules=[s3.LifecycleRule(abort_incomplete_multipart_upload_after=_UNFINISHED)],
        **props,
    )
    acknowledge(bucket, dict.fromkeys(_NOT_FOR_OWN, why) | _NO_LISTS)
    return bucket


_UNFINISHED: Final = cdk.Duration.days(7)

_NOT_FOR_OWN: Final = (
    "AwsSolutions-S1",
    *compliance("S3BucketDefaultLockEnabled", "S3BucketLoggingEnabled", "S3BucketReplicationEnabled"),
)
_NO_LISTS: Final = {"guard-S3_BUCKET_NO_PUBLIC_RW_ACL": "it has no access control list at all"}


def used_bucket(name: str, bucket: Bucket | None) -> Iterator[Used]:
    """A bucket and its key; None: a new one. `name` is the caller's, in quotes."""
    if bucket is not None:
        yield name, bucket, BUCKET
        yield f"the key of {name}", facts(bucket).key, KEY


def split_uri(s3_uri: str) -> tuple[NamedBucket, str]:
    """The bucket and the key of an `s3://` URI; of a token the bucket alone, as if the key were empty."""
    if is_token(s3_uri) and not s3_uri.startswith("s3://"):
        return NamedBucket(cdk.Fn.select(2, cdk.Fn.split("/", s3_uri))), ""
    name, _, key = s3_uri.removeprefix("s3://").partition("/")
    return NamedBucket(name), key


def allow_reading(grants: Grants, bucket: Bucket, prefix: str) -> None:
    """Ask for reading what begins with a prefix, and for decrypting it where the bucket has a key."""
    grants.allow_objects(facts(bucket), prefix, permissions.READ_OBJECTS, why=_READS)
    _allow_decrypting(grants, bucket)


def allow_reading_one(grants: Grants, bucket: Bucket, key: str) -> None:
    """Ask for reading one object, and for decrypting it where the bucket has a key."""
    grants.allow_object(facts(bucket), key, permissions.READ_OBJECTS)
    _allow_decrypting(grants, bucket)


def _allow_decrypting(grants: Grants, bucket: Bucket) -> None:
    if (key := facts(bucket).key) is not None:
        grants.allow_key(key, permissions.DECRYPT)


_LONGEST_KEY: Final = 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""


def check_bucket(caller: str, bucket: Any) -> None:
    """Refuse what is no bucket, in the name of who was given it."""
    if not has(bucket, "bucket_name", "bucket_arn", "encryption_key"):
        raise ValueError(
            f"{caller}: 'bucket' must be an s3.IBucket, got {described(bucket)}; "
            "for a bucket that exists use s3.Bucket.from_bucket_name"
        )


def check_object_key(prop: str, key: object) -> None:
    """Refuse what is no key or prefix within a bucket."""
    if not isinstance(key, str):
        raise ValueError(f"'{prop}' must be text, got {described(key)}")
    if problem := unfit(key):
        raise ValueError(f"'{prop}' {problem}")
    if len(key.encode()) > _LONGEST_KEY:
        raise ValueError(f"'{prop}' must have at most {_LONGEST_KEY} bytes, got {len(key.encode())}: {shorten(key)}")
    if is_token(key):
        return
    if key.startswith("/") or "://" in key:
        raise ValueError(f"'{prop}' is a key within the bucket, without the bucket and a leading slash, got '{key}'")
    if "\n" in key:
        raise ValueError(f"'{prop}' must be one line, which an S3 URI of the API is, got {shorten(key)}")
    if wild := sorted(set(key) & set(PATTERN_CHARACTERS)):
        raise ValueError(f"'{prop}' goes into an IAM policy, where {listed(wild)} would be a pattern, got '{key}'")
