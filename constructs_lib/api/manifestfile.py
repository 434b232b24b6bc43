"""What can be seen in a local manifest before it is uploaded. Standard library only.

See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLS3DataSource.html
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .enums import S3DataType
from .fields import described

SOURCE: Final = "source-ref"
"""The attribute of an augmented manifest's line that names the object."""

_METADATA: Final = "-metadata"
_MOST_PROBLEMS: Final = 5


def problems_with_manifest(path: Path, data_type: S3DataType) -> list[str]:
    """What is wrong with a manifest, each as a sentence that follows the prop's name; the first few of many."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return [f"cannot be read: {error}"]
    found = list(_lines(text) if data_type == S3DataType.AUGMENTED_MANIFEST_FILE else _listing(text))
    rest = len(found) - _MOST_PROBLEMS
    return found[:_MOST_PROBLEMS] + ([f"has {rest} more problems like these"] if rest > 0 else [])


def _listing(text: str) -> Iterator[str]:
    """A JSON list: the prefix first, then the keys below it."""
    try:
        document = json.loads(text)
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
    if not keys:
        yield "lists no object after its prefix"
    yield from (f"must list keys as text, got {described(key)}" for key in keys if not isinstance(key, str) or not key)


def _lines(text: str) -> Iterator[str]:
    """JSON lines: an object each, with its source and its label."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if not lines:
        yield "has no lines"
    for number, line in lines:
        try:
            item = json.loads(line)
        except ValueError as error:
            yield f"has no JSON in line {number}: {error}"
            continue
        if not isinstance(item, dict):
            yield f"must have a JSON object in line {number}, got {described(item)}"
            continue
        source = item.get(SOURCE)
        if not isinstance(source, str) or not source.startswith("s3://"):
            yield f"must have '{SOURCE}' with an s3:// URI in line {number}, got {described(source)}"
        if not [key for key in item if key != SOURCE and not key.endswith(_METADATA)]:
            yield f"has no label beside '{SOURCE}' in line {number}"
