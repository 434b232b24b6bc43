"""What can be seen in a local manifest before it is uploaded. Standard library only.

See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLS3DataSource.html
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from .datafile import not_utf8
from .enums import S3DataType
from .fields import counted, described, json_of, listed

SOURCE: Final = "source-ref"
"""The attribute of an augmented manifest's line that names the object."""

_METADATA: Final = "-metadata"
_MOST_PROBLEMS: Final = 5


def problems_with_manifest(path: Path, data_type: S3DataType, within: str | None) -> list[str]:
    """What is wrong with a manifest, each as a sentence that follows the prop's name; the first few of many.

    Args:
        path: The manifest.
        data_type: Which kind it is.
        within: What the URI of each object must begin with; None where it is not known.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        return [not_utf8(error)]
    except OSError as error:
        return [f"cannot be read: {error.strerror or error}"]
    found = list(_lines(text, within) if data_type == S3DataType.AUGMENTED_MANIFEST_FILE else _listing(text, within))
    rest = len(found) - _MOST_PROBLEMS
    return found[:_MOST_PROBLEMS] + ([f"has {counted(rest, 'more problem')} like these"] if rest > 0 else [])


def _listing(text: str, within: str | None) -> Iterator[str]:
    """A JSON list: the prefix first, then the keys below it."""
    try:
        document = json_of(text)
    except ValueError as error:
        yield f"is no JSON: {error}"
        return
    if not isinstance(document, list) or not document:
        yield f"must be a JSON list whose first item is {{'prefix': 's3://...'}}, got {described(document)}"
        return
    first, *keys = document
    prefix = first.get("prefix") if isinstance(first, dict) else None
    if not isinstance(prefix, str) or not prefix.startswith("s3://"):
        yield f"must begin with {{'prefix': 's3://...'}}, got {described(first)}"
        prefix = None
    if not keys:
        yield "lists no object after its prefix"
    yield from (f"must list keys as text, got {described(key)}" for key in keys if not isinstance(key, str) or not key)
    if prefix is not None:
        yield from _strangers((prefix + key for key in keys if isinstance(key, str)), within)


def _strangers(uris: Iterable[str], within: str | None) -> Iterator[str]:
    """The objects that the job's role may not read."""
    if within is not None:
        yield from (f"names '{uri}', which does not lie below '{within}'" for uri in uris if not uri.startswith(within))


def _lines(text: str, within: str | None) -> Iterator[str]:
    """JSON lines: an object each, with its source and its label."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    first: tuple[int, tuple[str, ...]] | None = None
    if not lines:
        yield "has no lines"
    for number, line in lines:
        try:
            item = json_of(line)
        except json.JSONDecodeError as error:
            yield f"has no JSON in line {number}: {error.msg} at character {error.colno}"
            continue
        except ValueError as error:
            yield f"has no JSON that can be read in line {number}: {error}"
            continue
        if not isinstance(item, dict):
            yield f"must have a JSON object in line {number}, got {described(item)}"
            continue
        source = item.get(SOURCE)
        if not isinstance(source, str) or not source.startswith("s3://"):
            yield f"must have '{SOURCE}' with an s3:// URI in line {number}, got {described(source)}"
        else:
            yield from _strangers([source], within)
        labels = {key: value for key, value in item.items() if key != SOURCE and not key.endswith(_METADATA)}
        if not labels:
            yield f"has no label beside '{SOURCE}' in line {number}"
            continue
        yield from (f"has no value for the label '{key}' in line {number}" for key in labels if labels[key] is None)
        first = first or (number, tuple(labels))
        if set(labels) != set(first[1]):
            yield f"has the label {listed(labels)} in line {number}, and {listed(first[1])} in line {first[0]}"
