"""What a resource asks for, and the names that follow from it."""

import base64
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, cast

from botocore.exceptions import ClientError

from .contract import HASH_LENGTH, NAME_LENGTH, OwnerTag, Property
from .event import Event
from .failure import Failure, is_denied
from .shapes import restore

OPERATIONS = ("CreateAutoMLJob", "CreateAutoMLJobV2")
"""The calls that make a job."""

T = TypeVar("T")

_NAME = "AutoMLJobName"
_ROLE = "RoleArn"
_TAGS = "Tags"
_PREFIX_PATTERN = re.compile("[a-z0-9](-*[a-z0-9])*-")


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
        return sha256(
            {Property.OPERATION: self.operation, Property.REQUEST: self.request, Property.REVISION: self.revision}
        ).hex()

    def differs_in_role_alone(self, other: "Spec") -> bool:
        """Whether both learn the same, each as another role: that may be the same one under another name."""
        roles = dict(self.request) | {_ROLE: ""}, dict(other.request) | {_ROLE: ""}
        return roles[0] == roles[1] and (self.operation, self.revision) == (other.operation, other.revision)

    def names(self, event: Event) -> Iterator[str]:
        """Every name that a job of this resource may have, in the order in which they are taken."""
        if self.job_name:
            yield self.job_name
            return
        for attempt in itertools.count():
            yield generated_name(self.name_prefix, [event.stack_id, event.logical_id, self.digest, attempt])


def read(properties: Mapping[str, object], service: Any) -> Spec:
    """Read the resource properties.

    Names that are not in `Property` are passed over; `service` is botocore's model of SageMaker.

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
        tags=users_tags(tags),
        revision=str(properties.get(Property.REVISION, "")),
        name_prefix="" if request.get(_NAME) else _prefix(properties),
    )


def _prefix(properties: Mapping[str, object]) -> str:
    if not properties.get(Property.NAME_PREFIX):
        raise Failure(f"the resource properties lack {Property.NAME_PREFIX}, and the request has no {_NAME}")
    return name_prefix(properties)


def name_prefix(properties: Mapping[str, object], length: int = NAME_LENGTH) -> str:
    """The beginning of the resource's generated names, which are to have that length.

    Raises:
        Failure: There is none, or it leaves no room for the hash, or no name begins so.
    """
    prefix = properties.get(Property.NAME_PREFIX)
    longest = length - HASH_LENGTH
    if not isinstance(prefix, str) or len(prefix) > longest or not _PREFIX_PATTERN.fullmatch(prefix):
        raise Failure(
            f"'{Property.NAME_PREFIX}' must be at most {longest} lower-case letters, digits and hyphens, begin with a "
            f"letter or digit and end with a hyphen, got {prefix!r}"
        )
    return prefix


def users_tags(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The tags that users may set: `aws:` is the service's, and the owner tags are ours."""
    read = {tag.get("Key", ""): tag.get("Value", "") for tag in tags}
    return {key: value for key, value in read.items() if not key.startswith("aws:") and key not in set(OwnerTag)}


def generated_name(prefix: str, identity: object, length: int = NAME_LENGTH) -> str:
    """A name that begins so and ends with a hash of what makes it one of a kind."""
    return (prefix + base64.b32encode(sha256(identity)).decode().lower().rstrip("="))[:length]


def sha256(value: object) -> bytes:
    """A hash of a value in canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).digest()


_HIDDEN = 3


def taken(names: Iterable[str], find: Callable[[str], T | None], *, sees_own: bool = True) -> Iterator[T]:
    """What has these names, which are taken in their order, up to the first that is free.

    Of names that have left the policy we may see what is ours alone, by its tags (`sees_own`): a denial is a free name
    then, or somebody else's, behind which a few more are looked at.
    """
    hidden = 0
    for name in names:
        try:
            found = find(name)
        except ClientError as error:
            if not (sees_own and is_denied(error)):
                raise
            hidden += 1
            if hidden > _HIDDEN:
                return
            continue
        if found is None:
            return
        yield found
