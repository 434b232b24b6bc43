"""Where a job writes its models and reports."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, cast

from aws_cdk import aws_iam as iam

from ..access import permissions
from ..access.grants import Grants, check_grantee
from ..access.keys import Key, NamedKey, check_key, grant_key
from ..access.places import KEY, account_of, is_made_here
from ..api.fields import described
from ..tokens import is_token
from .buckets import Bucket, check_bucket, check_object_key, facts, own_bucket, split_uri, used_bucket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from constructs import Construct

    from ..access.places import Used

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
            prefix: What all keys begin with, without a leading slash; not below a prefix that is learned from, which
                would take models for data. Default: the whole bucket. The URI
                (`s3://bucket/prefix`) may have at most 512 characters, and above 128 there is a warning.
            encryption_key: The KMS key for what the job writes; its role may use it. Default: the bucket's own key,
                which requests name too; of a bucket without one, its own encryption.

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
    def _from_uri(cls, s3_uri: str, kms_key_id: str | None) -> OutputLocation:
        """The location of a request in the API's own names."""
        bucket, prefix = split_uri(s3_uri)
        return cls(bucket, prefix, NamedKey(kms_key_id) if kms_key_id else None)

    @classmethod
    def _private(cls, scope: Construct) -> OutputLocation:
        """A bucket of the job's own: private, encrypted, versioned, TLS only. It stays when the stack is removed."""
        bucket = own_bucket(scope, "Output", _ONE_JOB)
        return cls(bucket, "", None)

    @property
    def s3_uri(self) -> str:
        """`s3://bucket/prefix`."""
        return f"s3://{facts(self.bucket).name}/{self.prefix}"

    @property
    def _key(self) -> Key | None:
        """The KMS key of what is written here: the one that was given, else the bucket's own; None: neither."""
        return self.encryption_key or facts(self.bucket).key

    @property
    def _keys(self) -> list[Key]:
        """All KMS keys of what lies here: the bucket's own, and the one that was given."""
        return [key for key in dict.fromkeys([facts(self.bucket).key, self.encryption_key]) if key is not None]

    def _folder(self, *names: str) -> str:
        """What the keys of all that is written here begin with; with the name of a job, of what that job writes."""
        return f"{'/'.join([self.prefix.rstrip('/'), *names])}/".lstrip("/")

    def _bind(self, grants: Grants) -> str:
        """Ask for the permission to read and write here; returns the URI."""
        grants.allow_objects(facts(self.bucket), self.prefix, permissions.WRITE_OBJECTS, why=_WRITES)
        for key in self._keys:
            grants.allow_key(key, permissions.ENCRYPT)
        return self.s3_uri

    def _allow_writing_in_parts(self, grants: Grants) -> None:
        """Ask for the permission to give up large objects that are written in parts."""
        grants.allow_objects(facts(self.bucket), self.prefix, permissions.ABORT_UPLOADS, why=_WRITES)

    def grant_read(self, grantee: iam.IGrantable, job_name: str | None = None) -> iam.Grant:
        """Allow to read what the job of that name wrote here; without a name all that lies here.

        Returns:
            What was granted; where a part of it could not be, that part, whose `success` is false.
        """
        check_grantee(grantee)
        folder = self.prefix if job_name is None else self._folder(job_name)
        arn = facts(self.bucket).arn
        listing: dict[str, Any] = {
            "actions": list(permissions.LIST_BUCKET),
            "conditions": dict([permissions.below([f"{folder}*"])]),
        }
        objects: dict[str, Any] = {
            "grantee": grantee,
            "actions": list(permissions.READ_OBJECTS),
            "resource_arns": [f"{arn}/{folder}*"],
        }
        granted = [iam.Grant.add_to_principal(grantee=grantee, resource_arns=[arn], **listing)]
        if is_made_here(self.bucket):
            bucket = cast("s3.IBucket", self.bucket)
            if not granted[0].success or _is_apart(grantee, bucket):
                # The CDK's own grant would leave the condition out.
                statement = iam.PolicyStatement(resources=[arn], principals=[grantee.grant_principal], **listing)
                bucket.add_to_resource_policy(statement)
            granted = [iam.Grant.add_to_principal_or_resource(resource=bucket, **objects)]
        else:  # of a bucket from elsewhere, whose policy cannot change, it would say that it had done it
            granted.append(iam.Grant.add_to_principal(**objects))
        granted += [grant_key(key, grantee, *permissions.DECRYPT) for key in self._keys]
        failed = [each for each in granted if not each.success]
        return failed[0] if failed else reduce(lambda one, other: one.combine(other), granted)


def _is_apart(grantee: iam.IGrantable, bucket: Any) -> bool:
    """Whether somebody surely is of another account than a bucket."""
    theirs, ours = grantee.grant_principal.principal_account, account_of(bucket)
    return bool(theirs and ours) and not is_token(theirs) and theirs != ours


def used_output(prop: str, output: OutputLocation | None) -> Iterator[Used]:
    """The bucket and the keys of a location; None: a new one."""
    if output is not None:
        yield from used_bucket(f"'{prop}'", output.bucket)
        yield f"'{prop}.encryption_key'", output.encryption_key, KEY


def check_output(prop: str, output: object, *, is_required: bool = False) -> list[str]:
    """What is wrong with a prop that should be an output location."""
    if isinstance(output, OutputLocation) or (output is None and not is_required):
        return []
    return [f"'{prop}' must be an OutputLocation, got {described(output)}; use OutputLocation.from_bucket"]


_ONE_JOB = (
    "written by the role of what SageMaker runs, and by the stack's function where it notes the outcome; give `output` "
    "a bucket of yours where you want its access logged, its objects replicated or locked, or a key of yours"
)
