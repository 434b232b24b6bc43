"""What the service reads of the data while it creates a job: the header of a table.

It was seen to refuse a target that is not there, in the call. Nothing else is known to be looked at: data that cannot
be read here ends the job later, with the reason.
"""

import contextlib
import csv
import io
import zlib
from collections.abc import Iterator

from constructs_lib.rehearsal.cloud.as_role import AsRole, Denied, S3Location
from constructs_lib.rehearsal.cloud.automl import rules
from constructs_lib.rehearsal.cloud.errors import ValidationError
from constructs_lib.rehearsal.cloud.listing import BadInput, below, of_manifest
from constructs_lib.rehearsal.cloud.store import Json

_READ = 1 << 20
"""Bytes that hold any header."""

_GZIP = 16 + zlib.MAX_WBITS


def require_target(settings: Json, role: AsRole) -> None:
    """Refuse a target that the header of the training data does not have.

    Args:
        settings: The request in the shape of version 2.
        role: The job's role, which reads.

    Raises:
        ValidationError: In the words of AWS.
    """
    tabular = settings["AutoMLProblemTypeConfig"].get(rules.TABULAR)
    channels = settings["AutoMLJobInputDataConfig"]
    training = next(one for one in channels if one.get("ChannelType", "training") == "training")
    if tabular is None or training.get("ContentType", rules.CSV) != rules.CSV:
        return
    try:
        header = _header(training, role)
    except (Denied, BadInput, UnicodeDecodeError, csv.Error, zlib.error):
        return
    target = tabular["TargetAttributeName"]
    if header and target not in header:
        raise ValidationError(f"Target attribute name {target} does not exist in header.")


def _header(channel: Json, role: AsRole) -> list[str]:
    """The first line of the first file that has one."""
    for location in _files(channel["DataSource"]["S3DataSource"], role):
        start = _start(location, role)
        if channel.get("CompressionType") == "Gzip":
            start = zlib.decompressobj(_GZIP).decompress(start, _READ)
        text = start.decode("utf-8-sig", "ignore" if len(start) >= _READ else "strict")
        for row in csv.reader(io.StringIO(text, newline="")):
            if row:
                return row
    return []


def _files(source: Json, role: AsRole) -> Iterator[S3Location]:
    location = S3Location.parse(source["S3Uri"])
    if source["S3DataType"] == "S3Prefix":
        yield from (item.location for item in below(role, location))
    else:
        yield from (item.location for item in of_manifest(location, _start(location, role)))


def _start(location: S3Location, role: AsRole) -> bytes:
    s3 = role.client("s3")
    answer = role.call("s3:GetObject", location.arn, lambda: s3.get_object(Bucket=location.bucket, Key=location.key))
    with contextlib.closing(answer["Body"]) as body:
        read: bytes = body.read(_READ)
    return read
