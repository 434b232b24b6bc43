"""What a resource asks for, and the names that follow from it."""

import base64
import hashlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from .contract import HASH_LENGTH, NAME_LENGTH, OwnerTag, Property
from .event import Event
from .failure import Failure
from .shapes import restore

OPERATIONS = ("CreateAutoMLJob", "CreateAutoMLJobV2")
"""The calls that make a job."""

_NAME = "AutoMLJobName"
_TAGS = "Tags"
_PREFIX_PATTERN = re.compile(rf"(?=.{{0,{NAME_LENGTH - HASH_LENGTH}}}$)[a-z0-9](-*[a-z0-9])*-")


@dataclass(frozen=True)
class Spec:
    """One wish for a job. Two wishes with the same `digest` are met by the same job."""

    operation: str
    request: Mapping[str, object]
    """The input of the call without its tags."""
    tags: Mapping[str, str]
    revision: str
    name_prefix: str

    @property
    def job_name(self) -> str:
        """The name that the user gave; empty when it is generated."""
        return str(self.request.get(_NAME, ""))

    @cached_property
    def digest(self) -> str:
        """A hash of all that, changed, needs another job."""
        return _sha256(
            {Property.OPERATION: self.operation, Property.REQUEST: self.request, Property.REVISION: self.revision}
        ).hex()

    def names(self, event: Event) -> Iterator[str]:
        """Every name that a job of this resource may have, in the order in which they are taken."""
        if self.job_name:
            yield self.job_name
            return
        for attempt in itertools.count():
            key = _sha256([event.stack_id, event.logical_id, self.digest, attempt])
            yield (self.name_prefix + base64.b32encode(key).decode().lower())[:NAME_LENGTH]


def read(properties: Mapping[str, object], service: Any) -> Spec:
    """Read the resource properties.

    Args:
        properties: As CloudFormation sent them; names that are not in `Property` are passed over.
        service: botocore's model of SageMaker.

    Raises:
        Failure: Something is missing, or no request of this operation.
    """
    missing = [key for key in (Property.OPERATION, Property.REQUEST) if not properties.get(key)]
    if missing:
        raise Failure(f"the resource properties lack {', '.join(missing)}")
    operation = properties[Property.OPERATION]
    if operation not in OPERATIONS:
        raise Failure(f"'{Property.OPERATION}' must be {' or '.join(OPERATIONS)}, got {operation!r}")
    shape = service.operation_model(operation).input_shape
    request = cast("dict[str, object]", restore(properties[Property.REQUEST], shape, Property.REQUEST))
    tags = cast("list[Mapping[str, str]]", request.pop(_TAGS, []))
    return Spec(
        operation=str(operation),
        request=request,
        tags={tag.get("Key", ""): tag.get("Value", "") for tag in tags if _is_users(tag.get("Key", ""))},
        revision=str(properties.get(Property.REVISION, "")),
        name_prefix="" if request.get(_NAME) else _prefix(properties),
    )


def _prefix(properties: Mapping[str, object]) -> str:
    prefix = properties.get(Property.NAME_PREFIX)
    if not prefix:
        raise Failure(f"the resource properties lack {Property.NAME_PREFIX}, and the request has no {_NAME}")
    if not isinstance(prefix, str) or not _PREFIX_PATTERN.fullmatch(prefix):
        raise Failure(
            f"'{Property.NAME_PREFIX}' must be at most {NAME_LENGTH - HASH_LENGTH} lower-case letters, digits and "
            f"hyphens, begin with a letter or digit and end with a hyphen, got {prefix!r}"
        )
    return prefix


def _is_users(key: str) -> bool:
    """Whether users may set this tag: `aws:` is the service's, and the owner tags are ours."""
    return not key.startswith("aws:") and key not in set(OwnerTag)


def _sha256(value: object) -> bytes:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).digest()
