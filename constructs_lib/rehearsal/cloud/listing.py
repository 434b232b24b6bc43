"""Which objects of S3 a job reads."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from constructs_lib.rehearsal.cloud.as_role import AsRole, S3Location


class BadInput(Exception):  # noqa: N818 - says what happened
    """The job can not be done with these inputs; the text is fit for a `FailureReason`."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One object of a channel."""

    location: S3Location
    name: str
    """Its key, for `S3Prefix` below the prefix."""
    label: str | None = None
    """The class that an augmented manifest gives it."""


def below(role: AsRole, location: S3Location) -> Iterator[Item]:
    """The objects whose keys begin with the location's."""
    folders = (f"{location.key.rstrip('/')}/", location.key[: location.key.rfind("/") + 1])
    for key in role.keys_below(location):
        start = next(folder for folder in folders if key.startswith(folder))
        yield Item(location=S3Location(location.bucket, key), name=key.removeprefix(start))


def of_manifest(location: S3Location, content: bytes) -> Iterator[Item]:
    """The objects that a manifest names: `[{"prefix": "s3://bucket/folder/"}, "name", ...]`."""
    wrong = f'The manifest {location.uri} must be a JSON list: {{"prefix": "s3://..."}} first, then object names'
    entries = parsed(content, wrong)
    prefix = (
        entries[0].get("prefix") if isinstance(entries, list) and entries and isinstance(entries[0], dict) else None
    )
    named = isinstance(prefix, str) and prefix.startswith("s3://")
    if not named or not all(isinstance(entry, str) for entry in entries[1:]):
        raise BadInput(wrong)
    for entry in entries[1:]:
        found = S3Location.parse(prefix + entry)
        yield Item(location=found, name=found.key)


def parsed(content: bytes, wrong: str) -> Any:
    """Content as JSON.

    Raises:
        BadInput: It is none; says what is wrong.
    """
    try:
        return json.loads(content)
    except ValueError:
        raise BadInput(wrong) from None
