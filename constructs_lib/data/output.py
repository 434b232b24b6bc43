"""Where a job writes its models and reports."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ..access import permissions
from ..access.grants import Grants, check_grantee
from ..access.keys import Key, NamedKey, check_key, grant_key
from ..access.places import KEY, account_of, is_made_here
from ..api.fields import described, raise_if_any, value_problems
from ..api.shapes import JobName
from ..tokens import is_token
from .buckets import Bucket, check_bucket, check_object_key, facts, own_bucket, split_uri, used_bucket
from .readback import note_output

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from constructs import Construct

    from ..access.places import Used

_WRITES = "the job names what it writes below its output location"


class OutputLocation:
    """Where a job writes its models and reports.

    Use `from_bucket` or `new_bucket`. The job writes below `<prefix>/<job name>/`; its role may read and write below
    the prefix.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLOutputDataConfig.html
    """

    def __init__(
        self, bucket: Bucket | None, prefix: str, encryption_key: Key | None, props: Mapping[str, Any] | None = None
    ) -> None:
        self._bucket = bucket
        self._props = props or {}
        """What the bucket is made with, where there is none yet."""
        self.prefix = prefix
        """What all keys begin with."""
        self.encryption_key = encryption_key
        """The key the job encrypts with; None: the bucket's own encryption."""

    @property
    def bucket(self) -> Bucket:
        """The bucket.

        Raises:
            ValueError: it is a new one, which nothing writes to yet.
        """
        if self._bucket is None:
            raise ValueError(
                "OutputLocation.new_bucket has no bucket yet: the job, transform or endpoint that gets it makes one"
            )
        return self._bucket

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
    def new_bucket(
        cls,
        *,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
        auto_delete_objects: bool = False,
        encryption_key: kms.IKey | None = None,
    ) -> OutputLocation:
        """A bucket that is made below the job: private, encrypted, versioned, TLS only.

        It is the one that a job without an `output` gets, and stays it when only the policy changes. Where one location
        is given to several, the first of them makes the bucket; transforms and endpoints take it too.

        Args:
            removal_policy: What becomes of it when the job leaves the stack. Default: it stays.
            auto_delete_objects: Empty it before it is destroyed, which needs `RemovalPolicy.DESTROY`: without it only
                an empty bucket goes. CDK's function does it, once the job is gone. Default: it is not emptied.
            encryption_key: The KMS key of the bucket and of what the job writes; its role may use it. Default: S3's own
                key for the account (`aws/s3`).

        Raises:
            ValueError: with everything that is wrong.
        """
        wrong = check_key("encryption_key", encryption_key)
        if not isinstance(removal_policy, cdk.RemovalPolicy) or removal_policy is cdk.RemovalPolicy.SNAPSHOT:
            wrong.append(
                "'removal_policy' must be RemovalPolicy.DESTROY, RETAIN or RETAIN_ON_UPDATE_OR_DELETE, got "
                f"{described(removal_policy)}"
            )
        elif auto_delete_objects is True and removal_policy is not cdk.RemovalPolicy.DESTROY:
            wrong.append(
                f"'auto_delete_objects' needs removal_policy=RemovalPolicy.DESTROY, got {removal_policy}: a bucket "
                "that stays is not emptied; leave it out"
            )
        if not isinstance(auto_delete_objects, bool):
            wrong.append(f"'auto_delete_objects' must be True or False, got {described(auto_delete_objects)}")
        raise_if_any(wrong, "OutputLocation.new_bucket")
        props = {"removal_policy": removal_policy, "auto_delete_objects": auto_delete_objects}
        return cls(
            None, "", encryption_key, props if encryption_key is None else props | {"encryption_key": encryption_key}
        )

    @property
    def _is_made(self) -> bool:
        """Whether there is a bucket."""
        return self._bucket is not None

    def _made(self, scope: Construct, construct_id: str = "Output") -> OutputLocation:
        """This location, with a bucket below a scope if there was none."""
        if self._bucket is None:
            self._bucket = own_bucket(scope, construct_id, _ONE_JOB, **self._props)
        else:
            note_output(scope, self)
        return self

    @property
    def s3_uri(self) -> str:
        """`s3://bucket/prefix`."""
        return f"s3://{facts(self.bucket).name}/{self.prefix}"

    @property
    def _key(self) -> Key | None:
        """The KMS key of what is written here: the one that was given, else the bucket's own; None: neither."""
        return self.encryption_key or (facts(self.bucket).key if self._is_made else None)

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
        if self._props.get("auto_delete_objects"):  # what writes goes first, then what it wrote
            grants.needed.append(cast("s3.Bucket", self.bucket))
        return self.s3_uri

    def _allow_writing_in_parts(self, grants: Grants) -> None:
        """Ask for the permission to give up large objects that are written in parts."""
        grants.allow_objects(facts(self.bucket), self.prefix, permissions.ABORT_UPLOADS, why=_WRITES)

    def grant_read(self, grantee: iam.IGrantable, job_name: str | None = None) -> iam.Grant:
        """Allow to read what the job of that name wrote here; without a name all that lies here.

        Args:
            grantee: Who may.
            job_name: The job whose results may be read. Default: all that lies here.

        Returns:
            What was granted; where a part of it could not be, that part, whose `success` is false.

        Raises:
            ValueError: `grantee` is nobody, or `job_name` cannot be the name of a job.
        """
        check_grantee(grantee)
        if is_token(job_name):
            job_name = cdk.Token.as_string(job_name)
        wrong = value_problems(job_name, JobName | None, is_token=is_token, path="job_name")
        raise_if_any(wrong, "OutputLocation.grant_read")
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
        yield from used_bucket(f"'{prop}'", output.bucket if output._is_made else None)
        yield f"'{prop}.encryption_key'", output.encryption_key, KEY


def check_output(prop: str, output: object, *, is_required: bool = False, is_there: bool = False) -> list[str]:
    """What is wrong with a prop that should be an output location.

    Args:
        prop: What the caller calls it.
        output: Its value.
        is_required: Whether it has to be given.
        is_there: Whether somebody writes there already.
    """
    if isinstance(output, OutputLocation):
        if is_there and not output._is_made:
            return [f"'{prop}' is where the job writes already, so it is no new bucket; use OutputLocation.from_bucket"]
        return []
    if output is None and not is_required:
        return []
    return [f"'{prop}' must be an OutputLocation, got {described(output)}; use OutputLocation.from_bucket"]


_ONE_JOB = (
    "written by the role of what SageMaker runs, and by the stack's function where it notes the outcome; give `output` "
    "a bucket of yours where you want its access logged, its objects replicated or locked, or a key of yours"
)
