"""What a job or an endpoint does with its execution role: over HTTP, with temporary credentials of that role."""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import botocore.exceptions

from constructs_lib.rehearsal.cloud.connection import Connection, Credentials
from constructs_lib.rehearsal.cloud.errors import AccessDeniedError
from constructs_lib.rehearsal.cloud.ministack import ministack
from constructs_lib.rehearsal.cloud.store import Place

T = TypeVar("T")
_CHUNK = 1 << 20
GRANT_CONTEXT: Mapping[str, str] = {"kms:GrantIsForAWSResource": "true"}
"""What policies can test of a grant that a service makes for its own use."""


def of_all(place: Place) -> str:
    """For what SageMaker assumes the roles of models: "the asterisk does not stand for wildcard", says its page."""
    return f"arn:aws:sagemaker:{place.region}:{place.account}:*"


def not_assumable(role_arn: str) -> str:
    """What SageMaker says of a role that it may not assume."""
    return (
        f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
        f"'{ministack.PRINCIPAL}' to assume the role."
    )


_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "404"})


_S3_HOST = re.compile(r"(?:(?P<bucket>.+)\.)?s3[.-](?:[a-z0-9-]+\.)*amazonaws\.com(?:\.cn)?")


class Denied(Exception):  # noqa: N818 - says what happened
    """The role lacks a permission, or what it should use is not there. The text is fit for a `FailureReason`."""


class Cancelled(Exception):  # noqa: N818 - says what happened
    """The work was stopped on request."""


@dataclass(frozen=True)
class S3Location:
    """A bucket and a key, or the beginning of keys."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> "S3Location":
        """Read `s3://bucket/key` as it stands, or either style of `https` address.

        Raises:
            Denied: It is neither.
        """
        scheme, _, rest = uri.partition("://")
        host, _, path = rest.partition("/")
        if scheme == "s3" and host:
            return cls(host, path)
        address = _S3_HOST.fullmatch(host) if scheme == "https" else None
        if address is None:
            raise Denied(f"{uri} is not the address of anything in S3")
        path = unquote(path)
        if bucket := address.group("bucket"):
            return cls(bucket, path)
        bucket, _, key = path.partition("/")
        return cls(bucket, key)

    @property
    def uri(self) -> str:
        """The location as `s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def arn(self) -> str:
        """The ARN for IAM."""
        return f"arn:aws:s3:::{self.bucket}/{self.key}"

    def joined(self, *names: str) -> "S3Location":
        """A location below this one."""
        return S3Location(self.bucket, "/".join(part for part in (self.key.rstrip("/"), *names) if part))


@dataclass
class AsRole:
    """Calls to other services as the execution role; a refusal becomes `Denied` and names action and resource."""

    role_arn: str
    connection: Connection
    credentials: Credentials
    place: Place
    _clients: dict[str, Any] = field(default_factory=dict)
    _usable_keys: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def assumed(cls, role_arn: str, connection: Connection, place: Place, source: str) -> "AsRole":
        """The role, assumed by SageMaker for a job, or for `of_all` its models.

        Raises:
            Denied: It may not be assumed for that.
        """
        if not ministack.role_trusts(ministack.PRINCIPAL, role_arn, source):
            raise Denied(not_assumable(role_arn))
        return cls(role_arn, connection, ministack.open_session(role_arn, "SageMaker"), place)

    def client(self, service: str) -> Any:
        """A client of `service` that signs as the role."""
        if service not in self._clients:
            self._clients[service] = self.connection.client(service, self.credentials)
        return self._clients[service]

    def call(self, action: str, resource: str, request: Callable[[], T]) -> T:
        """Do a request; a refusal says which permission on which resource is missing."""
        try:
            return request()
        except botocore.exceptions.ClientError as error:
            details = error.response["Error"]
            if details["Code"] in _DENIED:
                raise Denied(f"{self._unauthorized(action, resource)} {details['Message']}") from None
            raise Denied(f"{action} on {resource} failed: {details['Code']}: {details['Message']}") from None
        except botocore.exceptions.ParamValidationError as error:  # a bucket can not be called that
            raise Denied(f"{action} on {resource} failed: {error}") from None

    def keys_below(self, location: S3Location) -> Iterator[str]:
        """The keys that begin with the location's, without folder markers."""

        def pages() -> list[str]:
            paginator = self.client("s3").get_paginator("list_objects_v2")
            found = paginator.paginate(Bucket=location.bucket, Prefix=location.key)
            return [item["Key"] for answer in found for item in answer.get("Contents", ())]

        keys = self.call("s3:ListBucket", f"arn:aws:s3:::{location.bucket}", pages)
        return (key for key in keys if not key.endswith("/"))

    def has(self, location: S3Location) -> bool:
        """Whether an object is there.

        Raises:
            Denied: The role may not read it.
        """
        try:
            self.client("s3").head_object(Bucket=location.bucket, Key=location.key)
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return False
            raise Denied(self._unauthorized("s3:GetObject", location.arn)) from None
        except botocore.exceptions.ParamValidationError:  # a bucket can not be called that
            return False
        return True

    def download(self, location: S3Location, to: Path, cancelled: threading.Event | None = None) -> Path:
        """Read an object into a file, decrypting it with the key it was encrypted with."""
        answer = self.call(
            "s3:GetObject",
            location.arn,
            lambda: self.client("s3").get_object(Bucket=location.bucket, Key=location.key),
        )
        if key := answer.get("SSEKMSKeyId"):
            self.require_key("kms:Decrypt", key)
        to.parent.mkdir(parents=True, exist_ok=True)
        with to.open("wb") as file, contextlib.closing(answer["Body"]) as body:
            for chunk in body.iter_chunks(_CHUNK):
                if cancelled is not None and cancelled.is_set():
                    raise Cancelled
                file.write(chunk)
        return to

    def upload(self, body: bytes | Path, location: S3Location, key: str | None = None, **more: Any) -> None:
        """Write an object, encrypted with a KMS key if one is given or the bucket's default says so.

        Args:
            body: What to write: bytes or a file.
            location: Where to.
            key: The KMS key.
            more: Further members of `PutObject`.
        """
        request = {"Bucket": location.bucket, "Key": location.key, **more}
        if key:
            request |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
            self.require_key("kms:GenerateDataKey", key)

        def put() -> Any:
            if isinstance(body, bytes):
                return self.client("s3").put_object(Body=body, **request)
            with body.open("rb") as file:
                return self.client("s3").put_object(Body=file, **request)

        answer = self.call("s3:PutObject", location.arn, put)
        if not key and (default := answer.get("SSEKMSKeyId")):
            self.require_key("kms:GenerateDataKey", default)

    def delete(self, location: S3Location) -> None:
        """Delete an object."""
        self.call(
            "s3:DeleteObject",
            location.arn,
            lambda: self.client("s3").delete_object(Bucket=location.bucket, Key=location.key),
        )

    def version(self, location: S3Location) -> str:
        """The version of an object, empty when it is not there or the bucket keeps none."""
        if location.key not in self.keys_below(location):
            return ""
        answer = self.call(
            "s3:GetObject",
            location.arn,
            lambda: self.client("s3").head_object(Bucket=location.bucket, Key=location.key),
        )
        return str(answer.get("VersionId", ""))

    def bucket_tags(self, bucket: str) -> dict[str, str]:
        """A bucket's tags; none when the role may not read them."""
        try:
            answer = self.client("s3").get_bucket_tagging(Bucket=bucket)
        except botocore.exceptions.ClientError:
            return {}
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}

    def require_key(self, action: str, key: str) -> None:
        """Raise unless S3 may use a key on the role's behalf, which MiniStack's S3 does not ask."""
        if (action, key) not in self._usable_keys:
            self._require(action, key, {"kms:ViaService": f"s3.{self.place.region}.amazonaws.com"})
            self._usable_keys.add((action, key))

    def require_grant(self, key: str) -> None:
        """Raise unless the role may let the service use a key while a job runs."""
        self._require("kms:CreateGrant", key, GRANT_CONTEXT)

    def _require(self, action: str, key: str, context: Mapping[str, str]) -> None:
        described = self.key(key)
        if described["KeyManager"] == "AWS":  # the policy of such a key lets everyone in the account use it
            return
        if described["KeyState"] != "Enabled":
            raise Denied(f"{action} on {key} failed: the key is {described['KeyState']}")
        try:
            session = ministack.Caller(self.credentials.access_key)
            session.require(action, described["Arn"], {"kms:CallerAccount": self.place.account, **context})
        except AccessDeniedError as error:
            raise Denied(f"{self._unauthorized(action, key)} {error.message}") from None

    def key(self, key: str) -> dict[str, Any]:
        """A key by its ARN, id or alias."""
        root = self.connection.as_root("kms")
        described = self.call("kms:DescribeKey", key, lambda: root.describe_key(KeyId=key))
        metadata: dict[str, Any] = described["KeyMetadata"]
        return metadata

    def _unauthorized(self, action: str, resource: str) -> str:
        return f"The execution role {self.role_arn} is not authorized to perform {action} on {resource}."
