"""`aws_s3_deployment.BucketDeployment`: its provider runs the AWS CLI from a Lambda layer, which can not run here.

This does what the provider does, with the permissions of the provider's own role. Nothing caches here, so a
CloudFront distribution has nothing to invalidate.
"""

import fnmatch
import json
import mimetypes
import shutil
import tempfile
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from constructs_lib.rehearsal.cloud.as_role import AsRole, S3Location
from constructs_lib.rehearsal.cloud.connection import Connection
from constructs_lib.rehearsal.cloud.ministack import ministack
from constructs_lib.rehearsal.cloud.resource_types.answered import BUCKET_DEPLOYMENT
from constructs_lib.rehearsal.cloud.store import Json, Place

_OWNED = "aws-cdk:cr-owned"
"""CDK's tag on a bucket, followed by a prefix, while some deployment of that prefix is in the template."""

_SYSTEM_METADATA = {
    "acl": "ACL",
    "cache-control": "CacheControl",
    "content-disposition": "ContentDisposition",
    "content-encoding": "ContentEncoding",
    "content-language": "ContentLanguage",
    "content-type": "ContentType",
    "expires": "Expires",
    "sse": "ServerSideEncryption",
    "sse-kms-key-id": "SSEKMSKeyId",
    "storage-class": "StorageClass",
    "website-redirect": "WebsiteRedirectLocation",
}
"""`SystemMetadata` by what `PutObject` calls it."""


@dataclass(frozen=True)
class _Source:
    """An asset: where it lies, and the texts in it that are known at deployment only."""

    location: S3Location
    markers: Mapping[str, Any]
    as_json: bool
    """Whether a marker stands inside a JSON string."""

    def replace(self, content: bytes) -> bytes:
        """The content with the markers' values in place of the markers."""
        for marker, value in self.markers.items():
            text = json.dumps(value) if self.as_json else str(value)
            if self.as_json and isinstance(value, str):
                text = text[1:-1]
            content = content.replace(marker.encode(), text.encode())
        return content


@dataclass(frozen=True)
class _Deployment:
    """The resource's properties, as its provider reads them."""

    properties: Json

    @property
    def destination(self) -> S3Location:
        """Where the files go. A prefix that is not empty ends with a slash: it means a folder."""
        prefix = str(self.properties.get("DestinationBucketKeyPrefix", "")).rstrip("/")
        return S3Location(self.properties["DestinationBucketName"], f"{prefix}/" if prefix else "")

    @property
    def sources(self) -> Iterator[_Source]:
        buckets, keys = self.properties["SourceBucketNames"], self.properties["SourceObjectKeys"]
        markers = self.properties.get("SourceMarkers") or [{}] * len(keys)
        configs = self.properties.get("SourceMarkersConfig") or [{}] * len(keys)
        for bucket, key, texts, config in zip(buckets, keys, markers, configs, strict=True):
            yield _Source(S3Location(bucket, key), texts, as_json=_is_true(config.get("jsonEscape", False)))

    @property
    def put_arguments(self) -> Json:
        """What every file is uploaded with."""
        system = {name.lower(): value for name, value in self.properties.get("SystemMetadata", {}).items()}
        if unknown := sorted(system.keys() - _SYSTEM_METADATA):
            raise ValueError(
                f"The rehearsal does not know the SystemMetadata {', '.join(unknown)} of {BUCKET_DEPLOYMENT}"
            )
        arguments: Json = {_SYSTEM_METADATA[name]: value for name, value in system.items()}
        if user := self.properties.get("UserMetadata"):
            arguments["Metadata"] = {name.lower(): value for name, value in user.items()}
        return arguments

    def flag(self, name: str, *, default: bool) -> bool:
        return _is_true(self.properties.get(name, default))

    def takes(self, name: str) -> bool:
        """Whether a file takes part. Of all patterns that match its name, the last one decides; includes are last."""
        for kind, taken in (("Include", True), ("Exclude", False)):
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in self.properties.get(kind, ())):
                return taken
        return True


@dataclass(frozen=True)
class BucketDeployments:
    """The functions of the resource type."""

    connection: Connection
    folder: Path
    """Where assets are unpacked."""

    def create(self, logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        """The files of the assets in their bucket, with the permissions of the provider's own role."""
        del logical_id, stack_name
        return f"aws.cdk.s3deployment.{uuid.uuid4()}", self._deploy(_Deployment(properties))

    def update(self, physical_id: str, old: Json, new: Json, stack_name: str, logical_id: str) -> tuple[str, Json]:
        """Deploy again; what lies at an old destination goes, unless it shall be retained."""
        del stack_name, logical_id
        before, after = _Deployment(old), _Deployment(new)
        if before.destination != after.destination and not after.flag("RetainOnDelete", default=True):
            role = self._role(after)
            _remove(role, before.destination, _names(role, before.destination))
        return physical_id, self._deploy(after)

    def delete(self, physical_id: str, properties: Json) -> None:
        """Remove the files, unless they shall be retained or another deployment of the template owns them."""
        del physical_id
        deployment = _Deployment(properties)
        if deployment.flag("RetainOnDelete", default=True):
            return
        role = self._role(deployment)
        if not _is_owned(role, deployment.destination):
            _remove(role, deployment.destination, _names(role, deployment.destination))

    def _role(self, deployment: _Deployment) -> AsRole:
        place = Place(ministack.account(), ministack.region())
        functions = self.connection.as_root("lambda")
        provider = functions.get_function_configuration(FunctionName=deployment.properties["ServiceToken"])
        return AsRole(provider["Role"], self.connection, ministack.open_session(provider["Role"], "Lambda"), place)

    def _deploy(self, deployment: _Deployment) -> Json:
        role, destination = self._role(deployment), deployment.destination
        present = _names(role, destination)  # `aws s3 sync` compares first: it needs s3:ListBucket, pruning or not
        folder = Path(tempfile.mkdtemp(prefix="deployment-", dir=self.folder))
        try:
            names = _unpack(role, deployment, folder)
            for name in sorted(names):
                arguments = {**_content_type(name), **deployment.put_arguments}
                key = arguments.pop("SSEKMSKeyId", None)
                role.upload(folder / name, destination.joined(name), key, **arguments)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if deployment.flag("Prune", default=True):
            _remove(role, destination, {name for name in present - names if deployment.takes(name)})
        return _attributes(role, deployment)


def _unpack(role: AsRole, deployment: _Deployment, folder: Path) -> set[str]:
    """The sources' files in a folder, later sources over earlier ones; returns the names that take part."""
    extract = deployment.flag("Extract", default=True)
    for source in deployment.sources:
        if not extract:
            role.download(source.location, folder / _base_name(source.location))
            continue
        archive = role.download(source.location, folder.with_suffix(".zip"))
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
            for member in packed.infolist():
                if source.markers and not member.is_dir():
                    file = folder / member.filename
                    file.write_bytes(source.replace(file.read_bytes()))
        archive.unlink()
    names = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return {name for name in names if deployment.takes(name)}


def _attributes(role: AsRole, deployment: _Deployment) -> Json:
    properties = deployment.properties
    attributes: Json = {
        "DestinationBucketArn": properties.get("DestinationBucketArn", ""),
        "SourceObjectKeys": properties["SourceObjectKeys"] if deployment.flag("OutputObjectKeys", default=True) else [],
    }
    if deployment.flag("OutputObjectVersionIds", default=False):
        copies = [deployment.destination.joined(_base_name(source.location)) for source in deployment.sources]
        attributes["SourceObjectVersionIds"] = [role.version(copy) for copy in copies]
    return attributes


def _names(role: AsRole, destination: S3Location) -> set[str]:
    """What lies at the destination, named from there."""
    return {key.removeprefix(destination.key) for key in role.keys_below(destination)}


def _remove(role: AsRole, destination: S3Location, names: set[str]) -> None:
    for name in sorted(names):
        role.delete(destination.joined(name))


def _is_owned(role: AsRole, destination: S3Location) -> bool:
    """Whether the bucket's tags say that a deployment of this prefix is still in the template."""
    tag = ":".join(part for part in (_OWNED, destination.key.rstrip("/")) if part)
    return any(key.startswith(tag) for key in role.bucket_tags(destination.bucket))


def _content_type(name: str) -> Json:
    guessed, _ = mimetypes.guess_type(name)
    return {"ContentType": guessed} if guessed else {}


def _base_name(location: S3Location) -> str:
    return location.key.rpartition("/")[2]


def _is_true(value: object) -> bool:
    """A boolean of a template, which custom resources get as a string."""
    return str(value).lower() == "true"
