"""What CloudFormation sends."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from urllib.parse import urlsplit

from .contract import OWNER_PREFIX, STACK_VARIABLE, OwnerTag, Property
from .failure import Failure


class RawEvent(TypedDict, total=False):
    """The event as Lambda hands it over. Nothing is certain about it until `check` has passed."""

    RequestType: str
    ResourceType: str
    ResponseURL: str
    StackId: str
    RequestId: str
    LogicalResourceId: str
    PhysicalResourceId: str
    ResourceProperties: Mapping[str, object]
    OldResourceProperties: Mapping[str, object]


_SIGNED = re.compile(r"[?&]X-Amz-Date=(\d{8}T\d{6}Z)(?:&|$)")

# [answer-hosts]
_BUCKET = re.compile(
    r"cloudformation-custom-resource-response-[a-z0-9-]+\.s3[a-z0-9.-]*"
    r"\.(amazonaws\.(com|com\.cn|eu)|(c2s|csp\.hci)\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk)"
)
"""The hosts that CloudFormation gives out, in all partitions (unverified beyond `aws` and `aws-cn`)."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}

_ALWAYS = ("ResourceType", "StackId", "RequestId", "LogicalResourceId", "ResourceProperties")
_NEEDS = {
    "Create": _ALWAYS,
    "Update": (*_ALWAYS, "PhysicalResourceId", "OldResourceProperties"),
    "Delete": (*_ALWAYS, "PhysicalResourceId"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One request for one resource. What it does not hold is empty."""

    request_type: str
    stack_id: str
    request_id: str
    logical_id: str
    physical_id: str
    response_url: str = field(repr=False)
    """A secret: whoever has it can answer for us."""
    properties: Mapping[str, object] = field(repr=False)
    old_properties: Mapping[str, object] = field(repr=False)
    resource_type: str = ""
    missing: tuple[str, ...] = ()

    # [answer-date]
    @property
    def sent(self) -> float | None:
        """When CloudFormation asked, in seconds since 1970: it signs its address then (unverified). None: unknown."""
        if not (date := _SIGNED.search(self.response_url)):
            return None
        try:
            return datetime.fromisoformat(date[1]).timestamp()
        except ValueError:
            return None

    @property
    def owner_prefix(self) -> str:
        """What the keys of the owner's tags begin with."""
        return _owner_prefix(self.properties)

    @property
    def changes_owner_prefix(self) -> bool:
        """Whether they began with something else before."""
        return self.request_type == "Update" and self.owner_prefix != _owner_prefix(self.old_properties)

    def owner(self, digest: str) -> dict[str, str]:
        """The tags that say whose something is. They are sent with the call that makes it."""
        return {
            OwnerTag.STACK: self.stack_id,
            OwnerTag.RESOURCE: self.logical_id,
            OwnerTag.SPEC: digest,
            OwnerTag.REQUEST: self.request_id,
        }

    def owns(self, tags: Mapping[str, str]) -> bool:
        """Whether the resource of this event made what has these tags."""
        return tags.get(OwnerTag.STACK) == self.stack_id and tags.get(OwnerTag.RESOURCE) == self.logical_id

    def check(self) -> None:
        """Refuse what cannot be served.

        Raises:
            Failure: The request type is unknown, something that CloudFormation always sends is missing, or another
                stack asks.
        """
        if self.request_type not in _NEEDS:
            raise Failure(f"the request type must be Create, Update or Delete, got {self.request_type!r}")
        if self.missing:
            raise Failure(f"the {self.request_type} request lacks {', '.join(self.missing)}")
        if os.environ.get(STACK_VARIABLE, self.stack_id) != self.stack_id:
            raise Failure(f"the request is of the stack {self.stack_id}: this function serves its own stack only")


def _owner_prefix(properties: Mapping[str, object]) -> str:
    return str(properties.get(Property.OWNER_TAG_PREFIX) or OWNER_PREFIX)


def parse(raw: RawEvent) -> Event:
    """Read an event, so far as it can be answered at all.

    Raises:
        ValueError: There is no `ResponseURL`, or it is not CloudFormation's, so nobody can be told anything.
    """
    url = raw.get("ResponseURL")
    if not isinstance(url, str) or not _is_cloudformations(url):
        raise ValueError("the event has no ResponseURL to answer to: the function serves CloudFormation only")
    request_type = str(raw.get("RequestType", ""))
    return Event(
        request_type=request_type,
        stack_id=str(raw.get("StackId", "")),
        request_id=str(raw.get("RequestId", "")),
        logical_id=str(raw.get("LogicalResourceId", "")),
        physical_id=str(raw.get("PhysicalResourceId", "")),
        response_url=url,
        properties=_mapping(raw.get("ResourceProperties")),
        old_properties=_mapping(raw.get("OldResourceProperties")),
        resource_type=str(raw.get("ResourceType", "")),
        missing=tuple(key for key in _NEEDS.get(request_type, ()) if not raw.get(key)),
    )


def _is_cloudformations(url: str) -> bool:
    """Whether an address is one of CloudFormation's buckets, or the emulator's."""
    try:
        address, emulator = urlsplit(url), urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
        place, other = (address.hostname or "", address.port), (emulator.hostname or "", emulator.port)
    except ValueError:
        return False
    if address.scheme == "https" and address.port is None and _BUCKET.fullmatch(place[0]):
        return True
    is_local = {place[0], other[0]} <= _LOOPBACK and place[1] == other[1]
    return bool(emulator.scheme) and address.scheme == emulator.scheme and (place == other or is_local)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
