"""What the function makes besides jobs: its name, whose it is, and the calls that find and make it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from . import log
from .clients import Aws, Hosting, Reply
from .contract import HOSTED_NAME_LENGTH, Property
from .event import Event
from .failure import Failure, is_denied, is_missing, may_have_happened
from .jobs import tag_list, tags_of
from .retry import Clock, patiently
from .shapes import restore
from .spec import generated_name, name_prefix, sha256, users_tags
from .stack import Stack

_NAME = re.compile(rf"(?=.{{{HOSTED_NAME_LENGTH}}}$)[a-z0-9](-*[a-z0-9])*")
_TAGS = "Tags"


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


@dataclass(frozen=True, slots=True)
class Kind:
    """How things of a kind are found and made."""

    noun: str
    """What the API calls it in the names of its calls and fields."""
    create: Callable[[Hosting], Callable[..., Reply]]
    describe: Callable[[Hosting], Callable[..., Reply]]

    def find(self, name: str, aws: Aws) -> Thing | None:
        """The thing of that name, whoever made it."""
        try:
            reply = self.describe(aws.hosting)(**{f"{self.noun}Name": name})
        except ClientError as error:
            if is_missing(error):
                return None
            raise
        arn = str(reply[f"{self.noun}Arn"])
        return Thing(name, arn, str(reply.get(f"{self.noun}Status", "")), dict(tags_of(aws.sagemaker, arn)))

    def find_if_visible(self, name: str, event: Event, aws: Aws, clock: Clock) -> Thing | None:
        """The thing that a physical id names. The id may be anything, and then IAM keeps us from asking."""
        if not _NAME.fullmatch(name):
            return None
        try:
            return patiently(lambda: self.find(name, aws), clock)
        except ClientError as error:
            if not is_denied(error):
                raise
            log.write(event, "not ours: no permission to describe it", job_name=name)
            return None

    def make(
        self,
        name: str,
        wish: Wish,
        event: Event,
        aws: Aws,
        clock: Clock,
        *,
        request: Mapping[str, object],
        undo: Callable[[Thing], None],
    ) -> Thing:
        """Make it, unless it is there by now; `undo` takes it back if a Delete came in between and found nothing.

        Raises:
            Failure: It cannot be made, or nobody waits for it.
        """
        stack = Stack(aws.cloudformation, event)
        tags = dict(wish.tags) | event.owner(wish.digest)

        def attempt() -> Thing:
            stack.check_wanted()
            reply = self.create(aws.hosting)(**{**request, f"{self.noun}Name": name, _TAGS: tag_list(tags)})
            return Thing(name, str(reply[f"{self.noun}Arn"]), "InProgress", tags)

        try:
            thing = patiently(attempt, clock)
        except ParamValidationError:
            raise
        except (ClientError, BotoCoreError) as error:
            found = self.find(name, aws)  # made by another delivery meanwhile, or by a call whose answer was lost
            if found is None:
                is_unsure = not isinstance(error, ClientError) or may_have_happened(error)
                raise Failure(str(error), job_name=name if is_unsure else "") from error
            return found
        log.write(event, f"{self.noun} made", job_name=name)
        try:
            stack.check_wanted(made=name)
        except Failure:
            undo(thing)
            raise
        return thing


def retag(aws: Aws, thing: Thing, wish: Wish, event: Event) -> None:
    """Give something the tags of a wish. Tags that others set stay."""
    changed = {key: value for key, value in wish.tags.items() if thing.tags.get(key) != value}
    removed = [key for key in _old_tags(event) if key in thing.tags and key not in wish.tags]
    if changed:
        aws.hosting.add_tags(ResourceArn=thing.arn, Tags=tag_list(changed))
    if removed:
        aws.hosting.delete_tags(ResourceArn=thing.arn, TagKeys=removed)
    if changed or removed:
        log.write(event, "tags changed", job_name=thing.name)


def _old_tags(event: Event) -> dict[str, str]:
    request = event.old_properties.get(Property.REQUEST)
    return users_tags(request.get(_TAGS, [])) if isinstance(request, Mapping) else {}


def is_live(physical_id: str, event: Event, aws: Aws) -> bool:
    """Whether the resource has this by now, so that a Delete of it is an old event."""
    return Stack(aws.cloudformation, event).live_job(although_deleted=False) == physical_id
