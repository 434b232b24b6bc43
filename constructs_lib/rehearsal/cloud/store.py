"""What the SageMaker service remembers, per account and region."""

import datetime as dt
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from constructs_lib.rehearsal.cloud.errors import ValidationError

Json = dict[str, Any]
TERMINAL = frozenset({"Completed", "Failed", "Stopped"})
"""The statuses that a job does not leave."""


def now() -> float:
    """The present in the wire format of timestamps."""
    return round(dt.datetime.now(dt.UTC).timestamp(), 3)


@dataclass(frozen=True)
class Place:
    """An account in a region, to which every resource belongs."""

    account: str
    region: str

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a resource; SageMaker's are in lower case."""
        return f"arn:aws:sagemaker:{self.region}:{self.account}:{kind}/{name.lower()}"

    def exact_arn(self, kind: str, name: str) -> str:
        """The ARN of a kind of resource that keeps the case of its name."""
        return f"arn:aws:sagemaker:{self.region}:{self.account}:{kind}/{name}"


@dataclass(kw_only=True)
class Resource:
    """What every resource has."""

    name: str
    arn: str
    request: Json
    tags: dict[str, str] = field(default_factory=dict)
    created: float = field(default_factory=now)
    modified: float = field(default_factory=now)

    @property
    def tag_list(self) -> list[dict[str, str]]:
        """The tags as the API gives them."""
        return [{"Key": key, "Value": value} for key, value in self.tags.items()]


R = TypeVar("R", bound=Resource)
T = TypeVar("T")


class Inventory:
    """What there is in one account and region. Names differ by more than case."""

    def __init__(self) -> None:
        self._kinds: dict[type, dict[Any, Any]] = defaultdict(dict)

    def of(self, kind: type[T]) -> dict[Any, T]:
        """All things of a kind, resources by their names in lower case."""
        return self._kinds[kind]

    def __iter__(self) -> Iterator[Resource]:
        for things in self._kinds.values():
            yield from (thing for thing in things.values() if isinstance(thing, Resource))


class Store:
    """Every inventory, and the one lock that guards them."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._inventories: dict[Place, Inventory] = defaultdict(Inventory)

    def at(self, place: Place) -> Inventory:
        """The inventory of an account and region."""
        return self._inventories[place]

    def everything(self) -> list[Resource]:
        """Every resource of every account."""
        with self.lock:
            return [resource for inventory in self._inventories.values() for resource in inventory]


def find(kind: Mapping[str, R], name: str, arn: str, noun: str) -> R:
    """The resource of that name.

    Raises:
        ValidationError: There is none.
    """
    resource = kind.get(name.lower())
    if resource is None:
        raise ValidationError(f'Could not find {noun} "{arn}".')
    return resource


def add(kind: dict[str, R], resource: R, noun: str) -> None:
    """Add a resource.

    Raises:
        ValidationError: The name is taken.
    """
    if resource.name.lower() in kind:
        raise ValidationError(f'Cannot create already existing {noun} "{resource.arn}".')
    kind[resource.name.lower()] = resource


def tags_of(request: Json) -> dict[str, str]:
    """The tags of a create request, taken out of it."""
    return {tag["Key"]: tag["Value"] for tag in request.pop("Tags", None) or []}


_SORT_KEYS: Mapping[str, Callable[[Any], Any]] = {
    "Name": lambda resource: resource.name.lower(),
    "CreationTime": lambda resource: resource.created,
    "LastModifiedTime": lambda resource: resource.modified,
    "Status": lambda resource: resource.status,
}


def select(
    resources: Iterable[R], request: Json, *, default_size: int, order: str = "Descending", from_creation: bool = False
) -> tuple[list[R], Json]:
    """Filter, sort and page as the List operations do: the page, and `NextToken` if there is another.

    Args:
        resources: What there is.
        request: The filters, the order and the page that are wanted.
        default_size: How many a page has if the request does not say.
        order: The `SortOrder` if the request does not say.
        from_creation: Whether `CreationTimeAfter` means that time and later; else it means later alone.
    """
    time_filters: tuple[tuple[str, Callable[[R, float], bool]], ...] = (
        (
            "CreationTimeAfter",
            lambda resource, limit: resource.created > limit or (from_creation and resource.created == limit),
        ),
        ("CreationTimeBefore", lambda resource, limit: resource.created < limit),
        ("LastModifiedTimeAfter", lambda resource, limit: resource.modified > limit),
        ("LastModifiedTimeBefore", lambda resource, limit: resource.modified < limit),
        ("NameContains", lambda resource, part: str(part).lower() in resource.name.lower()),
        ("StatusEquals", lambda resource, status: getattr(resource, "status", None) == status),
    )
    found = list(resources)
    for member, matches in time_filters:
        if request.get(member) is not None:
            found = [resource for resource in found if matches(resource, request[member])]
    descending = request.get("SortOrder", order) == "Descending"
    # Of things that are equal the one made last comes last, or first if the order is the other way round.
    found.sort(key=_SORT_KEYS[request.get("SortBy", "CreationTime")])
    if descending:
        found.reverse()
    return page(found, request, default_size=default_size)


def page(items: list[T], request: Json, *, default_size: int) -> tuple[list[T], Json]:
    """One page of a list, and `NextToken` if there is another."""
    token = request.get("NextToken")
    if token is not None and not (token.isdecimal() and int(token) <= len(items)):
        raise ValidationError("The NextToken is not one that this list returned")
    start = int(token or 0)
    end = start + request.get("MaxResults", default_size)
    return items[start:end], {"NextToken": str(end)} if end < len(items) else {}
