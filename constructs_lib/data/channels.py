"""What a job reads: each channel grants what the job needs there, and says its URI."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..api.datafile import Reading, format_of, problems_with_columns, read, rows
from ..api.datafolder import Extent, ImageFolder, extent_of, read_images
from ..api.datarows import Table, counted_classes, doubts_about_classes, doubts_about_series, judged
from ..api.enums import Compression, ContentType, S3DataType
from ..api.fields import counted, described, listed, raise_if_any, shorten, some, unfit, value_problems
from ..api.manifestfile import problems_with_manifest
from ..api.rulebook import Findings
from ..api.shapes import ContentTypeName
from ..tokens import is_token
from .buckets import Bucket, allow_reading, allow_reading_one, check_bucket, check_object_key, facts, split_uri
from .uploads import allow_reading_asset, file_asset, unfit_to_copy, upload_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aws_cdk import aws_s3 as s3
    from constructs import Construct, IDependable

    from ..access.grants import Grants
    from ..api.problem import Problem
    from ..api.shapes import AutoMLJobChannel
    from ..engines.inspection import Survey


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

    # [key-as-prefix]
    @classmethod
    def from_asset(
        cls, path: str | Path, *, content_type: ContentType | None = None, compression: Compression | None = None
    ) -> Channel:
        """A local file, or a folder of images, uploaded when the app is deployed. Another byte trains again.

        It is checked when the app is synthesized. A file: readable, CSV with a header that has the target and every
        named column, at least 500 data rows to train on tabular data; rows and names as the engine of the job's mode
        takes them, and a target that it can learn (docs/warnings.md), elsewhere distinct names. A folder: images only,
        each in the folder of its class (as AWS's own tests of image jobs lay them out). What is hidden, a name that
        begins with a dot, is left out; links are followed.

        A folder is uploaded by CDK's `BucketDeployment` into a bucket of the job's own, which goes with the stack: at
        most 100,000 files and 4.5 GiB. Its function runs as `AutoMLProvider.configure` says; that which empties the
        bucket at the end is CDK's for all buckets, and in a VPC only where you put it there: docs/organisations.md.

        Args:
            path: The file or folder; a relative path starts at the current directory.
            content_type: The format. Default: told from the name (`.csv`, `.csv.gz`, `.parquet`), or from the images.
            compression: Whether the file is gzip-compressed (CSV only). Default: told from the name.

        Raises:
            ValueError: there is no such file or folder, its name does not tell the format and `content_type` is not
                given, or a folder is given a `compression`.
        """
        path = _local("Channel.from_asset", path)
        _check_kinds("Channel.from_asset", content_type, compression)
        if path.is_dir():
            if compression is not None:
                raise ValueError(f"Channel.from_asset: 'compression' is for files, and '{path}' is a folder")
            return _FolderChannel(path, content_type)
        return _AssetChannel.of(path, content_type, compression)

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
        check_bucket("Channel.from_bucket", bucket)
        check_object_key("prefix", prefix)
        _check_kinds("Channel.from_bucket", content_type, compression)
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

        It is checked when the app is synthesized: the list and its prefix, or each line's source and label; and that
        the objects lie below `data_prefix`, where the job may read them.

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
        check_bucket("Channel.from_manifest_asset", bucket)
        check_object_key("data_prefix", data_prefix)
        if not isinstance(augmented, bool):
            raise ValueError(
                f"Channel.from_manifest_asset: 'augmented' must be True or False, got {described(augmented)}"
            )
        _check_kinds("Channel.from_manifest_asset", content_type)
        path = _local("Channel.from_manifest_asset", path)
        if not path.is_file():
            raise ValueError(f"Channel.from_manifest_asset: there is no file '{path}' (from '{Path.cwd()}')")
        kind = S3DataType.AUGMENTED_MANIFEST_FILE if augmented else S3DataType.MANIFEST_FILE
        return _ManifestChannel(path, bucket, data_prefix, kind, content_type)

    @classmethod
    def _from_shape(cls, channel: AutoMLJobChannel) -> Channel:
        """The channel of a request in the API's own names. A manifest's objects may lie anywhere in its bucket."""
        bucket, key = split_uri(channel.s3_uri)
        prefix = key if channel.s3_data_type == S3DataType.S3_PREFIX else ""
        return _BucketChannel(bucket, key, prefix, channel.s3_data_type, channel.content_type, channel.compression)

    @abstractmethod
    def _describe(self) -> BoundChannel:
        """What is known before anything is created; an URI that is not known yet is a token."""

    @abstractmethod
    def _bind(self, scope: Construct, construct_id: str, grants: Grants) -> BoundChannel:
        """Create what the channel needs below `scope`, and ask for the permission to read it."""

    def _inspect(self, reading: Reading | None = None) -> LocalData | None:  # noqa: ARG002 - most hold no local table
        """What is seen in the local file or folder behind the channel; None if there is none.

        Args:
            reading: Which engines read a table. Default: nobody knows.
        """
        return None

    def _rows(self) -> Iterator[list[str]]:
        """All lines below the header of a local CSV file that is not large; none of all else."""
        return iter(())

    @property
    def _source(self) -> Bucket | None:
        """The bucket of the data; None where they are local."""
        return None

    @property
    def _is_uploaded(self) -> bool:
        """Whether the app itself says what is read, so that it changes with a deployment alone."""
        return True

    def _prefix_in(self, bucket: Bucket) -> str | None:  # noqa: ARG002 - the others read what the app itself uploads
        """What the keys of the objects begin with that are read in a bucket; None where it reads none, or a list."""
        return None


@dataclass(frozen=True, kw_only=True)
class LocalData:
    """What is seen in a local file or folder."""

    name: str
    columns: Sequence[str] | None = None
    """The columns of a table that is sound."""

    first_line: Sequence[str] = ()
    """The first line of a CSV file, whether it is a header or not."""

    rows: int = 0
    problems: Sequence[str] = ()
    """What is wrong with it by itself, each as a sentence that follows the prop's name."""

    doubts: Sequence[str] = ()
    """What surely is a mistake although the service may take it."""

    surveys: Sequence[Survey] = ()
    """The target in all rows of a table, as each engine sees it that may read it."""


@dataclass(frozen=True)
class _BucketChannel(Channel):
    bucket: Bucket
    key: str
    data_prefix: str
    data_type: S3DataType
    content_type: str | None
    compression: str | None

    def _describe(self) -> BoundChannel:
        return BoundChannel(
            s3_uri=f"s3://{facts(self.bucket).name}/{self.key}",
            s3_data_type=self.data_type,
            content_type=self.content_type,
            compression=self.compression,
        )

    def _bind(self, scope: Construct, construct_id: str, grants: Grants) -> BoundChannel:  # noqa: ARG002 - nothing to make
        allow_reading(grants, self.bucket, self.data_prefix)
        if not self.key.startswith(self.data_prefix):
            allow_reading_one(grants, self.bucket, self.key)
        return self._describe()

    @property
    def _source(self) -> Bucket | None:
        return self.bucket

    @property
    def _is_uploaded(self) -> bool:
        return False

    def _prefix_in(self, bucket: Bucket) -> str | None:
        if self.data_type != S3DataType.S3_PREFIX or facts(self.bucket).name != facts(bucket).name:
            return None
        return self.key


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

    def _describe(self) -> BoundChannel:
        return self._bound(UNBOUND_URI)

    def _bind(self, scope: Construct, construct_id: str, grants: Grants) -> BoundChannel:
        asset = file_asset(scope, construct_id, self.path)
        allow_reading_asset(grants, scope, asset)
        return self._bound(asset.s3_object_url)

    def _rows(self) -> Iterator[list[str]]:
        return rows(self.path, self.compression) if self.content_type == ContentType.CSV else iter(())

    def _inspect(self, reading: Reading | None = None) -> LocalData:
        seen = read(self.path, self.content_type, self.compression, reading)
        return LocalData(
            name=self.path.name,
            columns=seen.columns,
            first_line=seen.first_line,
            rows=seen.rows,
            problems=seen.problems,
            doubts=seen.doubts,
            surveys=seen.surveys,
        )

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

    def _describe(self) -> BoundChannel:
        return self._bound(UNBOUND_URI)

    def _bind(self, scope: Construct, construct_id: str, grants: Grants) -> BoundChannel:
        bucket, prefix, deployed = upload_folder(scope, construct_id, self.path, self._extent)
        allow_reading(grants, bucket, prefix)
        bound = self._bound(f"s3://{bucket.bucket_name}/{prefix}")
        return replace(bound, dependencies=(deployed,))

    def _inspect(self, reading: Reading | None = None) -> LocalData:  # noqa: ARG002 - it holds no table
        seen, problems = self._seen, list(self._seen.problems)
        if self.content_type not in (None, ContentType.IMAGE, seen.content_type) and not problems:
            problems.append(f"holds images of '{seen.content_type}', not of '{self.content_type}'")
        if not problems and (reason := unfit_to_copy(self._extent)) is not None:
            problems.append(reason)
        return LocalData(name=self.path.resolve().name or str(self.path), problems=problems, doubts=seen.doubts)

    @cached_property
    def _extent(self) -> Extent:
        return extent_of(self.path)

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

    def _describe(self) -> BoundChannel:
        return self._bound(UNBOUND_URI)

    def _bind(self, scope: Construct, construct_id: str, grants: Grants) -> BoundChannel:
        asset = file_asset(scope, construct_id, self.path)
        allow_reading_asset(grants, scope, asset)
        allow_reading(grants, self.bucket, self.data_prefix)
        return self._bound(asset.s3_object_url)

    @property
    def _source(self) -> Bucket | None:
        return self.bucket

    def _inspect(self, reading: Reading | None = None) -> LocalData:  # noqa: ARG002 - it holds no table
        return LocalData(name=self.path.name, problems=problems_with_manifest(self.path, self.data_type, self._within))

    @property
    def _within(self) -> str | None:
        """What the URIs of all objects must begin with, if it is known before the deployment."""
        uri = f"s3://{facts(self.bucket).name}/{self.data_prefix}"
        return None if is_token(uri) else uri

    def _bound(self, uri: str) -> BoundChannel:
        return BoundChannel(s3_uri=uri, s3_data_type=self.data_type, content_type=self.content_type, compression=None)


def _local(caller: str, path: object) -> Path:
    """A local path, if it can be one."""
    if not isinstance(path, (str, Path)) or not str(path):
        raise ValueError(f"{caller}: 'path' must be a path or text, got {described(path)}")
    if problem := unfit(str(path)):
        raise ValueError(f"{caller}: 'path' {problem}")
    if is_token(str(path)):
        raise ValueError(f"{caller}: 'path' is read when the app is synthesized, so it cannot be a token")
    try:
        Path(path).stat()
    except FileNotFoundError:
        pass  # told by those who know what should be there
    except (OSError, ValueError) as error:  # a name that is too long, or has a NUL in it
        raise ValueError(f"{caller}: 'path' cannot be read: {_why(error)}, got {shorten(str(path))}") from error
    return Path(path)


def _why(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or str(error)


def _check_kinds(caller: str, content_type: object, compression: object = None) -> None:
    """Refuse what is no content type or compression."""
    wrong = [
        *value_problems(content_type, ContentTypeName | None, is_token=is_token, path="content_type"),
        *value_problems(compression, Compression | None, is_token=is_token, path="compression"),
    ]
    if content_type == "":
        wrong.append("'content_type' must not be empty")
    raise_if_any(wrong, caller)


UNBOUND_URI = "s3://not-uploaded-yet/"
"""Stands for the URI of an asset before there is one; it is sound, so that the rules have nothing to say of it."""


def _manifest(
    caller: str, bucket: s3.IBucket, key: str, data_prefix: str, kind: S3DataType, content_type: ContentType | None
) -> Channel:
    check_bucket(caller, bucket)
    check_object_key("key", key)
    check_object_key("data_prefix", data_prefix)
    _check_kinds(caller, content_type)
    if not key:
        raise ValueError(f"{caller}: 'key' must not be empty: it names the manifest")
    return _BucketChannel(bucket, key, data_prefix, kind, content_type, None)


@dataclass(frozen=True, kw_only=True)
class Learning:
    """What is known of a job that reads local data."""

    problem: type[Problem]
    """What it learns."""

    reading: Reading | None = None
    """Which engines read its table, where they are known."""

    problem_type: str | None = None
    """The one that it is given, if it is."""

    is_known: bool = False
    """Whether all that it is given is known before the deployment, so that its target can be judged."""


def judge_local_data(
    training: Channel,
    validation: Channel | None,
    wanted: Sequence[tuple[str, str]],
    *,
    parts: Mapping[str, Sequence[str]],
    names: Mapping[str, str],
    learning: Learning,
    chosen: bool,
) -> Findings:
    """What is wrong, and what is doubtful, with the local files and folders behind the channels.

    Args:
        training: The training channel.
        validation: The validation channel, if there is one.
        wanted: Pairs of a prop in quotes and the column that it names.
        parts: The columns by the prop that names them, as `Problem` calls it.
        names: What the caller calls `training_data` and `validation_data`, in quotes.
        learning: What is known of the job.
        chosen: Whether `wanted` names columns to learn from.
    """
    found: list[str] = []
    told: dict[str, list[str]] = {}
    refused: dict[str, list[str]] = {}
    headers: list[tuple[str, Sequence[str]]] = []
    problem = learning.problem
    for prop, channel in (("training_data", training), ("validation_data", validation)):
        if channel is None or (seen := channel._inspect(learning.reading)) is None:
            continue
        whole_name = f"{names[prop]} ({seen.name})"
        found += [_sentence(whole_name, seen.name, text) for text in seen.problems]
        doubts = [*seen.doubts]
        if seen.columns is not None:
            headers.append((names[prop], seen.columns))
            if prop == "training_data" and learning.is_known and seen.surveys:
                target = judged(seen.surveys, problem_type=learning.problem_type, least=problem._MIN_ROWS)
                for kept, sentences in ((refused, target.refused), (told, target.told)):
                    for each in sentences:
                        kept.setdefault(each.id, []).append(f"{whole_name} {each.text}")
                doubts += doubts_about_classes(target.classes, target=seen.surveys[0].target)
            else:
                doubts += _doubts_about_rows(channel, seen, parts, problem)
            found += _problems_with_table(names[prop], seen, wanted, problem=problem, chosen=chosen)
            least = max(problem._MIN_ROWS, 1) if prop == "training_data" else 1
            if seen.rows < least:
                found.append(f"{whole_name} must have at least {counted(least, 'row')}, got {seen.rows}")
        if doubts:
            told.setdefault("local_data", []).extend(_sentence(whole_name, seen.name, text) for text in doubts)
    if len(headers) == len(names) and headers[0][1] != headers[1][1]:
        found.append(f"{headers[0][0]} and {headers[1][0]} must have the same header{_difference(*headers)}")
    return Findings(found, *({name: "; ".join(texts) for name, texts in each.items()} for each in (told, refused)))


def _sentence(whole_name: str, name: str, text: str) -> str:
    """What is said of a file, which is called as a whole; some of those who say it call it by its name."""
    begins_so = text.startswith((f"{name}, ", f"{name}: ", f"{name} has "))
    return f"{whole_name}{text.removeprefix(name)}" if begins_so else f"{whole_name} {text}"


def _problems_with_table(
    prop: str, seen: LocalData, wanted: Sequence[tuple[str, str]], *, problem: type[Problem], chosen: bool
) -> Iterator[str]:
    """What is wrong with the columns of a table."""
    columns = seen.columns or ()
    named = {column for _, column in wanted}
    whole_name = f"{prop} ({seen.name})"
    if not problem._EXACT_COLUMNS:
        yield from problems_with_columns(prop, columns, wanted, file=Path(seen.name))
    elif set(columns) != named:
        them = listed(column for _, column in wanted)
        yield f"{whole_name} must have the columns {them} and no other, got {some(columns)}"
    if problem._LEARNS_FROM_OTHERS and not chosen and set(columns) <= named:
        yield f"{whole_name} has no column to learn from, only {some(columns)}"


def _doubts_about_rows(
    channel: Channel, seen: LocalData, parts: Mapping[str, Sequence[str]], problem: type[Problem]
) -> Iterator[str]:
    """What all rows of a local table tell."""
    columns = seen.columns or ()
    target = (parts.get("target_attribute") or parts.get("target_label_column") or [""])[0]
    if seen.surveys:
        yield from doubts_about_classes(seen.surveys[0].labels.counts, target=target)
        return
    table = Table(columns, channel._rows())
    if "timestamp_attribute" in problem._ROLES:
        timestamp = parts.get("timestamp_attribute", [""])[0]
        of_series = [*parts.get("item_identifier_attribute", ()), *parts.get("grouping_attributes", ())]
        if {target, timestamp, *of_series} <= set(columns):
            yield from doubts_about_series(
                table,
                target=target,
                timestamp=timestamp,
                of_series=of_series,
                is_aggregated="aggregation" in parts,
            )
    elif target in columns:
        yield from doubts_about_classes(counted_classes(table, target), target=target)


def _difference(one: tuple[str, Sequence[str]], other: tuple[str, Sequence[str]]) -> str:
    parts = []
    for (prop, columns), (_, others) in ((one, other), (other, one)):
        if only := [column for column in columns if column not in others]:
            parts.append(f"{listed(only)} only in {prop}")
    return ": " + ", ".join(parts) if parts else ", their columns are in another order"
