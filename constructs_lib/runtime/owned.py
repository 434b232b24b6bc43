"""What the function makes besides jobs: its name, whose it is, and the calls that find and make it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from . import log, tagging
from .answer import NO_JOB
from .clients import Aws, Hosting, Reply
from .contract import HOSTED_NAME_LENGTH, OwnerTag, Property
from .event import Event
from .failure import Failure, is_denied, is_taken, may_have_happened, unless_missing
from .retry import Clock, insist, patiently
from .shapes import restore
from .spec import generated_name, name_prefix, sha256, taken, users_tags
from .stack import Stack
from .tags import tag_list, tags_of

_NAME = re.compile(rf"(?=.{{{HOSTED_NAME_LENGTH}}}$)[a-z0-9](-*[a-z0-9])*")
_TAGS = "Tags"

DELETE_BUDGET = 600.0
"""Seconds for which a call of a Delete is made again while the service is busy, or fails on its own side."""


@dataclass(frozen=True)
class Wish:
    """What a resource asks for. Two wishes with the same `digest` are met by the same thing."""

    request: Mapping[str, object]
    """The input of the call that makes it, without name and tags."""
    besides: Mapping[str, object]
    """All else that, changed, needs another thing."""
    tags: Mapping[str, str]
    prefix: str

    @cached_property
    def digest(self) -> str:
        """A hash of all that, changed, needs another thing."""
        return sha256([self.request, self.besides]).hex()

    def name(self, event: Event, attempt: int = 0) -> str:
        """What it is called; of another attempt where the name of the one before is spent."""
        identity = [event.stack_id, event.logical_id, self.digest, attempt]
        return generated_name(self.prefix, identity, HOSTED_NAME_LENGTH)


def read_request(
    properties: Mapping[str, object], operation: str, service: Any
) -> tuple[dict[str, object], dict[str, str]]:
    """The input of a call as far as the properties say it, its types restored; and the user's tags."""
    if not properties.get(Property.REQUEST):
        raise Failure(f"the resource properties lack {Property.REQUEST}")
    shape = service.operation_model(operation).input_shape
    request = cast("dict[str, object]", restore(properties[Property.REQUEST], shape, Property.REQUEST))
    return request, users_tags(cast("list[Mapping[str, str]]", request.pop(_TAGS, [])))


def prefix(properties: Mapping[str, object]) -> str:
    """The beginning of the resource's generated names."""
    return name_prefix(properties, HOSTED_NAME_LENGTH)


@dataclass(frozen=True, slots=True)
class Thing:
    """A model or a transform job, with its tags."""

    name: str
    arn: str
    status: str
    tags: Mapping[str, str]
    is_new: bool = False
    """Whether this very call made it."""

    def was_made_by(self, event: Event) -> bool:
        """Whether this very request made it."""
        return event.owns(self.tags) and self.tags.get(OwnerTag.REQUEST) == event.request_id


@dataclass(frozen=True, slots=True)
class Kind:
    """How things of a kind are found and made."""

    noun: str
    """What the names of the API call it."""
    create: Callable[[Hosting], Callable[..., Reply]]
    describe: Callable[[Hosting], Callable[..., Reply]]
    bills: bool = True
    """Whether it costs something, so that one that cannot be looked at keeps its stack from going."""

    @staticmethod
    def may_be(name: str) -> bool:
        """Whether a physical id is a name that we make; that of what was never made is none."""
        return _NAME.fullmatch(name) is not None

    def find(self, name: str, aws: Aws) -> Thing | None:
        """The thing of that name, whoever made it."""
        reply = unless_missing(lambda: self.describe(aws.hosting)(**{f"{self.noun}Name": name}))
        if reply is None:
            return None
        arn = str(reply[f"{self.noun}Arn"])
        return Thing(name, arn, str(reply.get(f"{self.noun}Status", "")), tags_of(aws.sagemaker, arn))

    def find_with_tags(
        self, name: str, aws: Aws, clock: Clock, *, is_sure: bool = False, budget: float = 0.0
    ) -> Thing | None:
        """The thing of that name. Answers lag behind: without tags it is looked at again, and if it `is_sure` to be."""
        find = partial(self.find, name, aws)
        for _ in clock.looks():
            found = insist(find, clock, clock.deadline(budget)) if budget else patiently(find, clock, repeatable=True)
            if found.tags if found else not is_sure:
                break
        return found

    def find_if_visible(
        self, name: str, event: Event, aws: Aws, clock: Clock, *, is_sure: bool = False
    ) -> Thing | None:
        """The thing of that name, if IAM lets us ask: of the stack's own it does, however it is called."""
        if not self.may_be(name):
            return None
        try:
            return self.find_with_tags(name, aws, clock, is_sure=is_sure, budget=DELETE_BUDGET)
        except ClientError as error:
            if not is_denied(error):
                raise
            log.write(event, "not ours: no permission to describe it", job_name=name)
            return None

    def find_its(self, name: str, event: Event, aws: Aws, clock: Clock, *, is_sure: bool = False) -> Thing | None:
        """The same of what the resource has, or had before that, whatever the resource was called then."""
        thing = self.find_if_visible(name, event, aws, clock, is_sure=is_sure)
        return thing and replace(thing, tags=Stack(aws.cloudformation, event, clock).passed_on(thing.tags))

    def earlier(self, wish: Wish, event: Event, aws: Aws, clock: Clock) -> Thing | None:
        """The thing that the resource has, or the one before, which a rollback goes back to, if it is of this wish."""
        current = self.find_its(event.physical_id, event, aws, clock, is_sure=True)
        if current is None or not event.owns(current.tags):
            return None
        previous = self.find_its(current.tags.get(OwnerTag.REPLACES, ""), event, aws, clock)
        for thing in (current, previous):
            if thing and event.owns(thing.tags) and thing.tags.get(OwnerTag.SPEC) == wish.digest:
                return thing
        return None

    def look_for_ours(self, names: Callable[[], Iterable[str]], event: Event, aws: Aws, clock: Clock) -> list[Thing]:
        """Everything of ours that a Delete is about: the physical id, and `names` up to the first that is free."""
        found: dict[str, Thing] = {}
        for _ in clock.looks():
            try:
                found = {thing.name: thing for thing in self._candidates(names(), event, aws, clock)}
            except ClientError as error:
                if self.bills or not is_denied(error):
                    raise
                log.write(event, "left behind: no permission to describe it", job_name=event.physical_id)
                break
            lives = any(event.owns(one.tags) and OwnerTag.RELEASED not in one.tags for one in found.values())
            if lives or event.physical_id == NO_JOB:
                break
        for thing in found.values():
            if not event.owns(thing.tags):
                log.write(event, "not this event's: left alone", job_name=thing.name)
        return [thing for thing in found.values() if event.owns(thing.tags)]

    def _candidates(self, names: Iterable[str], event: Event, aws: Aws, clock: Clock) -> Iterator[Thing]:
        deadline = clock.deadline(DELETE_BUDGET)
        named = self.find_its(event.physical_id, event, aws, clock)
        if named:
            yield named
        sees_own = named and event.owns(named.tags)

        def find(name: str) -> Thing | None:
            if sees_own:
                return self.find_with_tags(name, aws, clock, budget=DELETE_BUDGET)
            return insist(partial(self.find, name, aws), clock, deadline)

        yield from taken(names, find, sees_own=bool(sees_own))

    def confirm(self, thing: Thing, event: Event, aws: Aws, clock: Clock, *, undo: Callable[[Thing], None]) -> None:
        """See that it is still wanted; `undo` takes back what this request made."""
        stack = Stack(aws.cloudformation, event, clock)
        stack.confirm(thing.name, is_own=thing.was_made_by(event), is_new=thing.is_new, undo=lambda: undo(thing))

    def make(
        self,
        name: str,
        wish: Wish,
        event: Event,
        aws: Aws,
        clock: Clock,
        *,
        request: Mapping[str, object],
    ) -> Thing:
        """Make it, unless it is there by now. What was made is to be confirmed.

        Raises:
            Failure: It cannot be made, or nobody waits for it.
        """
        stack = Stack(aws.cloudformation, event, clock)
        tags = dict(wish.tags) | event.owner(wish.digest)
        if self.may_be(event.physical_id):
            tags[OwnerTag.REPLACES] = event.physical_id

        def attempt() -> Thing:
            stack.check_wanted()
            reply = self.create(aws.hosting)(**{**request, f"{self.noun}Name": name, _TAGS: tag_list(tags, event)})
            return Thing(name, str(reply[f"{self.noun}Arn"]), "InProgress", tags, is_new=True)

        try:
            thing = patiently(attempt, clock)
        except ParamValidationError:
            raise
        except (ClientError, BotoCoreError) as error:
            may_be = not isinstance(error, ClientError) or may_have_happened(error) or is_taken(error)
            # Made by another delivery meanwhile, or by a call whose answer was lost.
            found = self.find_with_tags(name, aws, clock, is_sure=may_be)
            if found is None:
                raise Failure(str(error), job_name=name if may_be else "") from error
            return replace(found, is_new=found.was_made_by(event))
        log.write(event, f"{self.noun} made", job_name=name)
        return thing


def check_prefix(kind: Kind, wish: Wish, old: Wish | None, event: Event, aws: Aws, clock: Clock) -> None:
    """Refuse another prefix for the owner's tags together with another wish, or for what we cannot see."""
    is_kept = old is not None and (old.digest, old.prefix) == (wish.digest, wish.prefix)

    def is_seen() -> bool:
        return kind.find_if_visible(event.physical_id, event, aws, clock, is_sure=True) is not None

    tagging.check_prefix(event, Stack(aws.cloudformation, event, clock), is_kept=is_kept, is_seen=is_seen)


def retag(aws: Aws, thing: Thing, wish: Wish, event: Event, clock: Clock) -> None:
    """Give it the tags of a wish."""
    stack = Stack(aws.cloudformation, event, clock)
    tagging.change(aws.hosting, thing.arn, thing.tags, wish.tags, _old_tags(event), event, stack, clock)


def _old_tags(event: Event) -> dict[str, str]:
    request = event.old_properties.get(Property.REQUEST)
    return users_tags(request.get(_TAGS, [])) if isinstance(request, Mapping) else {}


def is_live(physical_id: str, event: Event, aws: Aws, clock: Clock) -> bool:
    """Whether the resource has this by now, so that a Delete of it is an old event."""
    return Stack(aws.cloudformation, event, clock).live().has(physical_id)
