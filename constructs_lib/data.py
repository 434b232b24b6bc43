"""Where a job reads and writes: each location grants what the job needs there, and says its URI."""

from __future__ import annotations

import json
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets

from . import permissions
from .api.datafile import format_of, problems_with_columns, read
from .api.datafolder import ImageFolder, read_images
from .api.enums import Compression, ContentType, FeatureType, S3DataType
from .api.fields import PendingUri, described, hint, listed
from .api.manifestfile import problems_with_manifest
from .grants import COMPLIANCE_PACKS, Grants, acknowledge
from .keys import Key, NamedKey, check_key
from .tokens import is_token
from .uploads import upload_folder

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct, IDependable

    from .api.problem_types import Problem
    from .api.shapes import AutoMLJobChannel

_READS = "the objects below a prefix have keys that are not known here"
_WRITES = "the job names what it writes below its output location"


@dataclass(frozen=True, kw_only=True)
class BoundChannel:
    """A channel as a request names it."""

    s3_uri: str
    s3_data_type: S3DataType
    content_type: str | None
    compression: str | None
    dependencies: Sequence[IDependable] = ()
    """What must be there before the job can read it."""


class Channel(ABC):
    """Data that a job reads: for training, or for validation.

    Use `from_asset`, `from_bucket` or `from_manifest`. The job's role is allowed to read just this data, and to decrypt
    it where its bucket has a key.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLChannel.html
    """

    @classmethod
    def from_asset(
        cls, path: str | Path, *, content_type: ContentType | None = None, compression: Compression | None = None
    ) -> Channel:
        """A local file, or a folder of images, uploaded when the app is deployed. Another content trains again.

        It is checked when the app is synthesized. A file: readable, CSV with a header of distinct names that has the
        target and every named column, at least 500 data rows to train on tabular data. A folder: images only, each in
        the folder of its class (that the service reads folders as classes is unverified).

        A folder is uploaded by CDK's `BucketDeployment` into a bucket of the job's own, which goes with the stack.

        Args:
            path: The file or folder; a relative path starts at the current directory.
            content_type: The format. Default: told from the name (`.csv`, `.csv.gz`, `.parquet`), or from the images.
            compression: Whether the file is gzip-compressed (CSV only). Default: told from the name.

        Raises:
            ValueError: there is no such file or folder, or its name does not tell the format and `content_type` is not
                given.
        """
        if Path(path).is_dir():
            return _FolderChannel(Path(path), content_type)
        return _AssetChannel.of(Path(path), content_type, compression)

    @classmethod
    def from_bucket(
        cls,
        bucket: s3.IBucket,
        prefix: str = "",
        *,
        content_type: ContentType | None = None,
        compression: Compression | None = None,
    ) -> Channel:
        """All objects of a bucket whose keys begin with a prefix (`S3Prefix`).

        Args:
            bucket: The bucket, in the job's region. If it has a key, the job's role may decrypt with it.
            prefix: What the keys begin with, without a leading slash. Default: all objects of the bucket.
            content_type: The format of the objects. Default: CSV whose first line names the columns; for images
                `image/*`.
            compression: Whether the objects are gzip-compressed (CSV only). Default: they are not.

        Raises:
            ValueError: `bucket` is no bucket, or `prefix` is not one.
        """
        _check_bucket("Channel.from_bucket", bucket)
        _check_key("prefix", prefix)
        return _BucketChannel(bucket, prefix, prefix, S3DataType.S3_PREFIX, content_type, compression)

    @classmethod
    def from_manifest(
        cls,
        bucket: s3.IBucket,
        key: str,
        *,
        data_prefix: str,
        content_type: ContentType | None = None,
    ) -> Channel:
        """The objects that a manifest lists (`ManifestFile`).

        The size of such data is not known to the service, so AUTO mode means HYPERPARAMETER_TUNING.

        Args:
            bucket: The bucket of the manifest and of the objects it lists.
            key: The manifest: a JSON list whose first item is `{"prefix": "s3://bucket/..."}`.
            data_prefix: What the keys of the listed objects begin with: the job's role may read these and the
                manifest. Empty: every object of the bucket.
            content_type: The format of the objects. Default: CSV whose first line names the columns; for images
                `image/*`.

        Raises:
            ValueError: `bucket` is no bucket, or a key is not one.

        See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLS3DataSource.html
        """
        return _manifest("Channel.from_manifest", bucket, key, data_prefix, S3DataType.MANIFEST_FILE, content_type)

    @classmethod
    def from_augmented_manifest(
        cls, bucket: s3.IBucket, key: str, *, data_prefix: str, content_type: ContentType | None = None
    ) -> Channel:
        """The objects and labels of an augmented manifest: for image classification with `AutoMLJobV2`.

        Args:
            bucket: The bucket of the manifest and of the objects it names.
            key: The manifest, in JSON lines.
            data_prefix: What the keys of the named objects begin with: the job's role may read these and the manifest.
            content_type: The format of the objects. Default: `image/*`.

        Raises:
            ValueError: `bucket` is no bucket, or a key is not one. `AutoMLJob` refuses such a channel.
        """
        kind = S3DataType.AUGMENTED_MANIFEST_FILE
        return _manifest("Channel.from_augmented_manifest", bucket, key, data_prefix, kind, content_type)

    @classmethod
    def from_manifest_asset(
        cls,
        path: str | Path,
        bucket: s3.IBucket,
        *,
        data_prefix: str,
        augmented: bool = False,
        content_type: ContentType | None = None,
    ) -> Channel:
        """The objects that a local manifest lists; the manifest is uploaded when the app is deployed.

        Its form is checked when the app is synthesized: the list and its prefix, or each line's source and label.

        Args:
            path: The manifest.
            bucket: The bucket of the objects.
            data_prefix: What the keys of the objects begin with: the job's role may read these. Empty: every object of
                the bucket.
            augmented: Whether it is an augmented manifest (JSON lines with labels). Default: a plain one.
            content_type: The format of the objects. Default: CSV whose first line names the columns; for images
                `image/*`.

        Raises:
            ValueError: there is no such file, `bucket` is no bucket, or `data_prefix` not a prefix.
        """
        _check_bucket("Channel.from_manifest_asset", bucket)
        _check_key("data_prefix", data_prefix)
        if not Path(path).is_file():
            raise ValueError(f"Channel.from_manifest_asset: there is no file '{path}' (from '{Path.cwd()}')")
        kind = S3DataType.AUGMENTED_MANIFEST_FILE if augmented else S3DataType.MANIFEST_FILE
        return _ManifestChannel(Path(path), bucket, data_prefix, kind, content_type)

    @classmethod
    def from_shape(cls, channel: AutoMLJobChannel) -> Channel:
        """The channel of a request in the API's own names. A manifest's objects may lie anywhere in its bucket."""
        bucket, key = _split_uri(channel.s3_uri)
        prefix = key if channel.s3_data_type == S3DataType.S3_PREFIX else ""
        return _BucketChannel(bucket, key, prefix, channel.s3_data_type, channel.content_type, channel.compression)

    @abstractmethod
    def describe(self) -> BoundChannel:
        """What is known before anything is created; an URI that is not known yet is a token."""

    @abstractmethod
    def bind(self, scope: Construct, construct_id: str, grants: Grants) -> BoundChannel:
        """Create what the channel needs below `scope`, and ask for the permission to read it."""

    def inspect(self) -> LocalData | None:
        """What is seen in the local file or folder behind the channel; None if there is none."""
        return None


@dataclass(frozen=True, kw_only=True)
class LocalData:
    """What is seen in a local file or folder."""

    name: str
    columns: Sequence[str] | None = None
    """The header of a CSV file that is sound."""

    rows: int = 0
    problems: Sequence[str] = ()
    """What is wrong with it by itself, each as a sentence that follows the prop's name."""

    doubts: Sequence[str] = ()
    """What surely is a mistake although the service may take it."""


@dataclass(frozen=True)
class _BucketChannel(Channel):
    bucket: _Bucket
    key: str
    data_prefix: str
    data_type: S3DataType
    content_type: str | None
    compression: str | None

    def describe(self) -> BoundChannel:
        return BoundChannel(
            s3_uri=f"s3://{_facts(self.bucket).name}/{self.key}",
            s3_data_type=self.data_type,
            content_type=self.content_type,
            compression=self.compression,
        )

    def bind(self, scope: Construct, construct_id: str, grants: Grants) -> BoundChannel:  # noqa: ARG002 - nothing to make
        _allow_reading(grants, self.bucket, self.data_prefix)
        if not self.key.startswith(self.data_prefix):
            _allow_reading_one(grants, self.bucket, self.key)
        return self.describe()


@dataclass(frozen=True)
class _AssetChannel(Channel):
    path: Path
    content_type: str
    compression: str | None

    @classmethod
    def of(cls, path: Path, content_type: ContentType | None, compression: Compression | None) -> _AssetChannel:
        if not path.is_file():
            raise ValueError(f"Channel.from_asset: there is no file '{path}' (from '{Path.cwd()}')")
        told = format_of(path)
        if content_type is None and told is None:
            raise ValueError(
                f"Channel.from_asset: the name of '{path}' does not tell its format, give content_type "
                f"({listed(ContentType)})"
            )
        told_type, told_compression = told or (None, None)
        if told_compression is Compression.NONE:
            told_compression = None
        return cls(path, content_type or str(told_type), compression or told_compression)

    def describe(self) -> BoundChannel:
        return self._bound(UNBOUND_URI)

    def bind(self, scope: Construct, construct_id: str, grants: Grants) -> BoundChannel:
        asset = assets.Asset(scope, construct_id, path=str(self.path))
        _allow_reading_one(grants, asset.bucket, asset.s3_object_key)
        return self._bound(asset.s3_object_url)

    def inspect(self) -> LocalData:
        seen = read(self.path, self.content_type, self.compression)
        return LocalData(name=self.path.name, columns=seen.columns, rows=seen.rows, problems=seen.problems)

    def _bound(self, uri: str) -> BoundChannel:
        return BoundChannel(
            s3_uri=uri,
            s3_data_type=S3DataType.S3_PREFIX,
            content_type=self.content_type,
            compression=self.compression,
        )


@dataclass(frozen=True)
class _FolderChannel(Channel):
    path: Path
    content_type: ContentType | None

    def describe(self) -> BoundChannel:
        return self._bound(UNBOUND_URI)

    def bind(self, scope: Construct, construct_id: str, grants: Grants) -> BoundChannel:
        bucket, prefix, deployed = upload_folder(scope, construct_id, self.path)
        _allow_reading(grants, bucket, prefix)
        bound = self._bound(f"s3://{bucket.bucket_name}/{prefix}")
        return replace(bound, dependencies=(deployed,))

    def inspect(self) -> LocalData:
        return LocalData(name=self.path.name, problems=self._seen.problems, doubts=self._seen.doubts)

    @cached_property
    def _seen(self) -> ImageFolder:
        return read_images(self.path)

    def _bound(self, uri: str) -> BoundChannel:
        return BoundChannel(
            s3_uri=uri,
            s3_data_type=S3DataType.S3_PREFIX,
            content_type=self.content_type or self._seen.content_type,
            compression=None,
        )


@dataclass(frozen=True)
class _ManifestChannel(Channel):
    path: Path
    bucket: s3.IBucket
    data_prefix: str
    data_type: S3DataType
    content_type: ContentType | None

    def describe(self) -> BoundChannel:
        return self._bound(UNBOUND_URI)

    def bind(self, scope: Construct, construct_id: str, grants: Grants) -> BoundChannel:
        asset = assets.Asset(scope, construct_id, path=str(self.path))
        _allow_reading_one(grants, asset.bucket, asset.s3_object_key)
        _allow_reading(grants, self.bucket, self.data_prefix)
        return self._bound(asset.s3_object_url)

    def inspect(self) -> LocalData:
        return LocalData(name=self.path.name, problems=problems_with_manifest(self.path, self.data_type))

    def _bound(self, uri: str) -> BoundChannel:
        return BoundChannel(s3_uri=uri, s3_data_type=self.data_type, content_type=self.content_type, compression=None)


UNBOUND_URI = "s3://not-uploaded-yet/"
"""Stands for the URI of an asset before there is one; it is sound, so that the rules have nothing to say of it."""


def _manifest(
    caller: str, bucket: s3.IBucket, key: str, data_prefix: str, kind: S3DataType, content_type: ContentType | None
) -> Channel:
    _check_bucket(caller, bucket)
    _check_key("key", key)
    _check_key("data_prefix", data_prefix)
    if not key:
        raise ValueError(f"{caller}: 'key' must not be empty: it names the manifest")
    return _BucketChannel(bucket, key, data_prefix, kind, content_type, None)


def judge_local_data(
    training: Channel,
    validation: Channel | None,
    wanted: Sequence[tuple[str, str]],
    *,
    names: Mapping[str, str],
    problem: type[Problem],
) -> tuple[list[str], list[str]]:
    """What is wrong, and what is doubtful, with the local files and folders behind the channels.

    Args:
        training: The training channel.
        validation: The validation channel, if there is one.
        wanted: Pairs of a prop in quotes and the column that it names.
        names: What the caller calls `training_data` and `validation_data`, in quotes.
        problem: What the job learns.
    """
    found: list[str] = []
    doubts: list[str] = []
    headers: list[tuple[str, Sequence[str]]] = []
    for prop, channel in (("training_data", training), ("validation_data", validation)):
        seen = channel.inspect() if channel else None
        if seen is None:
            continue
        whole_name = f"{names[prop]} ({seen.name})"
        found += [f"{whole_name} {text}" for text in seen.problems]
        doubts += [f"{whole_name} {text}" for text in seen.doubts]
        if seen.columns is None:
            continue
        headers.append((names[prop], seen.columns))
        found += problems_with_columns(names[prop], seen.columns, wanted, file=Path(seen.name))
        if problem.EXACT_COLUMNS and (others := sorted(set(seen.columns) - {column for _, column in wanted})):
            columns = listed(column for _, column in wanted)
            found.append(f"{whole_name} must have the columns {columns} and no other, got {listed(others)}")
        if prop == "training_data" and seen.rows < problem.MIN_ROWS:
            found.append(f"{whole_name} must have at least {problem.MIN_ROWS} rows, got {seen.rows}")
    if len(headers) == len(names) and headers[0][1] != headers[1][1]:
        found.append(f"{headers[0][0]} and {headers[1][0]} must have the same header{_difference(*headers)}")
    return found, doubts


def _difference(one: tuple[str, Sequence[str]], other: tuple[str, Sequence[str]]) -> str:
    parts = []
    for (prop, columns), (_, others) in ((one, other), (other, one)):
        if only := [column for column in columns if column not in others]:
            parts.append(f"{listed(only)} only in {prop}")
    return ": " + ", ".join(parts) if parts else ", their columns are in another order"


# -------------------------------------------------------------------------------------------------------------- output


class OutputLocation:
    """Where a job writes its models and reports.

    Use `from_bucket`. The job writes below `<prefix>/<job name>/`; its role may read and write below the prefix.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLOutputDataConfig.html
    """

    def __init__(self, bucket: _Bucket, prefix: str, encryption_key: Key | None) -> None:
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
        _check_bucket("OutputLocation.from_bucket", bucket)
        _check_key("prefix", prefix)
        found = check_key("encryption_key", encryption_key)
        if found:
            raise ValueError(f"OutputLocation.from_bucket: {found[0]}")
        return cls(bucket, prefix, encryption_key)

    @classmethod
    def from_uri(cls, s3_uri: str, kms_key_id: str | None) -> OutputLocation:
        """The location of a request in the API's own names."""
        bucket, prefix = _split_uri(s3_uri)
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
        return f"s3://{_facts(self.bucket).name}/{self.prefix}"

    def bind(self, grants: Grants) -> str:
        """Ask for the permission to read and write here; returns the URI."""
        grants.allow_objects(_facts(self.bucket).arn, self.prefix, permissions.WRITE_OBJECTS, why=_WRITES)
        for key in self._keys():
            grants.allow_key(key, permissions.ENCRYPT)
        return self.s3_uri

    def grant_read(self, grantee: iam.IGrantable, job_name: str) -> iam.Grant:
        """Allow to read what the job of that name wrote here."""
        folder = f"{self.prefix.rstrip('/')}/{job_name}/".lstrip("/")
        arn = _facts(self.bucket).arn
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
            *(key.grant(grantee, *permissions.DECRYPT) for key in self._keys()),
        ]
        return reduce(lambda one, other: one.combine(other), granted)

    def _keys(self) -> list[Key]:
        return [key for key in dict.fromkeys([_facts(self.bucket).key, self.encryption_key]) if key is not None]


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


# ------------------------------------------------------------------------------------------------------------ features


class FeatureSpecification(PendingUri):
    """Which columns a job learns from, and how each is to be read.

    Use `of`, or `from_bucket` for a specification that exists.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLCandidateGenerationConfig.html
    """

    def __init__(self, types: Mapping[str, str] | None, names: Sequence[str], source: _Bucket | None, key: str) -> None:
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
        _check_bucket("FeatureSpecification.from_bucket", bucket)
        _check_key("key", key)
        if not key:
            raise ValueError("FeatureSpecification.from_bucket: 'key' must not be empty")
        return cls(None, (), bucket, key)

    @classmethod
    def from_uri(cls, s3_uri: str) -> FeatureSpecification:
        """The specification of a request in the API's own names."""
        return cls(None, (), *_split_uri(s3_uri))

    @property
    def columns(self) -> Mapping[str, str] | None:
        """The columns with their types (empty where the service decides); None when they are not known here."""
        if self._source is not None:
            return None
        return self._types if self._types is not None else dict.fromkeys(self._names, "")

    def bind(self, scope: Construct, grants: Grants) -> str:
        """Upload the specification if need be, and ask for the permission to read it; returns its URI."""
        if self._source is not None:
            _allow_reading_one(grants, self._source, self._key)
            return f"s3://{_facts(self._source).name}/{self._key}"
        document: dict[str, object] = {"FeatureAttributeNames": list(self._names)}
        if self._types is not None:
            document["FeatureDataTypes"] = dict(self._types)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "features.json")
            path.write_text(json.dumps(document, ensure_ascii=False, sort_keys=True), encoding="utf-8")
            asset = assets.Asset(scope, "Features", path=str(path))
        _allow_reading_one(grants, asset.bucket, asset.s3_object_key)
        return asset.s3_object_url


# ------------------------------------------------------------------------------------------------------------- shared


class _Bucket(Protocol):
    """What a location reads off a bucket: an `s3.IBucket`, or one of which only the name is known."""

    @property
    def bucket_name(self) -> str: ...

    @property
    def bucket_arn(self) -> str: ...

    @property
    def encryption_key(self) -> Key | None: ...

    @property
    def policy(self) -> Any: ...


@dataclass(frozen=True)
class _NamedBucket:
    bucket_name: str
    encryption_key: None = None
    policy: None = None

    @property
    def bucket_arn(self) -> str:
        return f"arn:{cdk.Aws.PARTITION}:s3:::{self.bucket_name}"


@dataclass(frozen=True)
class _BucketFacts:
    """What never changes of a bucket."""

    name: str
    arn: str
    key: Key | None


_FACTS: dict[Any, _BucketFacts] = {}


def _facts(bucket: _Bucket) -> _BucketFacts:
    """Read a bucket once: each of these is a call to jsii, and jobs share buckets."""
    if bucket not in _FACTS:
        _FACTS[bucket] = _BucketFacts(bucket.bucket_name, bucket.bucket_arn, bucket.encryption_key)
    return _FACTS[bucket]


def _split_uri(s3_uri: str) -> tuple[_NamedBucket, str]:
    """The bucket and the key of an `s3://` URI; of a token the bucket alone, as if the key were empty."""
    if is_token(s3_uri) and not s3_uri.startswith("s3://"):
        return _NamedBucket(cdk.Fn.select(2, cdk.Fn.split("/", s3_uri))), ""
    name, _, key = s3_uri.removeprefix("s3://").partition("/")
    return _NamedBucket(name), key


def _allow_reading(grants: Grants, bucket: _Bucket, prefix: str) -> None:
    grants.allow_objects(_facts(bucket).arn, prefix, permissions.READ_OBJECTS, why=_READS)
    _allow_decrypting(grants, bucket)


def _allow_reading_one(grants: Grants, bucket: _Bucket, key: str) -> None:
    grants.allow_object(_facts(bucket).arn, key, permissions.READ_OBJECTS)
    _allow_decrypting(grants, bucket)


def _allow_decrypting(grants: Grants, bucket: _Bucket) -> None:
    if (key := _facts(bucket).key) is not None:
        grants.allow_key(key, permissions.DECRYPT)


def _check_bucket(caller: str, bucket: Any) -> None:
    try:
        _facts(bucket)
    except (AttributeError, TypeError) as error:  # no such attributes, or not even hashable
        raise ValueError(
            f"{caller}: 'bucket' must be an s3.IBucket, got {described(bucket)}; "
            "for a bucket that exists use s3.Bucket.from_bucket_name"
        ) from error


def _check_key(prop: str, key: object) -> None:
    if not isinstance(key, str):
        raise ValueError(f"'{prop}' must be text, got {described(key)}")
    if is_token(key):
        return
    if key.startswith("/") or "://" in key:
        raise ValueError(f"'{prop}' is a key within the bucket, without the bucket and a leading slash, got '{key}'")
    if wild := sorted(set(key) & set("*?$")):
        raise ValueError(f"'{prop}' goes into an IAM policy, where {listed(wild)} would be a pattern, got '{key}'")
