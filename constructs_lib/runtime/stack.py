"""What CloudFormation says of a stack and its resources: whether it still wants what an event asks for.

Events can arrive late, and twice. Before something is made or destroyed, silence is a reason to fail.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from .clients import CloudFormation
from .contract import SERVICE_TIMEOUT, OwnerTag
from .event import Event
from .failure import Failure, is_resource_gone, is_stack_gone
from .retry import Clock, patiently
from .tags import FORMER

T = TypeVar("T")

DELETED = "DELETE_COMPLETE"

# [late-redelivery]
_DELETED = {"DELETE_IN_PROGRESS", DELETED}
_GONE: Mapping[str, Any] = {"ResourceStatus": DELETED}
_IN_PROGRESS = "_IN_PROGRESS"
# [rollback-status]
_ROLLBACK = "ROLLBACK"
# [clean-up-status]
_CLEAN_UP = "UPDATE_COMPLETE_CLEANUP"
_UNDER_WAY = {"UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"}
_TOLERANCE = 15.0
"""Seconds by which two of CloudFormation's own times may differ although they are of one moment."""

_POLL_SECONDS = 10.0
_SETTLE_BUDGET = 600.0
"""Seconds that a Delete waits for an update under way: what it is about may be what that update goes back to."""


def _plain(properties: object) -> str:
    """Properties for a comparison, text throughout."""
    return json.dumps(properties, sort_keys=True).replace('"', "").lower()


@dataclass(frozen=True, slots=True)
class Live:
    """What a resource is by now."""

    physical_id: str
    is_deleted: bool
    """The resource goes, or is gone. The clean-up of what it has replaced may look the same (unverified)."""

    def has(self, physical_id: str) -> bool:
        """Whether the resource has this and keeps it, so that a Delete of it is an old event."""
        return not self.is_deleted and self.physical_id == physical_id


class Stack:
    """CloudFormation's own view of the resource that an event is about, and of the stack that it is in.

    With a clock, what CloudFormation does not tell at once is waited for.
    """

    def __init__(self, client: CloudFormation, event: Event, clock: Clock | None = None) -> None:
        self._client = client
        self._event = event
        self._clock = clock

    def check_wanted(self, *, made: str = "", in_rollback: bool = False) -> None:
        """Refuse to go on for a resource that is deleted or at rest, or with another request than the one under way.

        Nobody would answer for what such an event makes. What was `made` already may stay if the resource has it:
        another delivery has answered with it. `in_rollback`: the event may be about the way back of the whole stack.

        Raises:
            Failure: Nobody waits for this request any more, or CloudFormation does not tell.
        """
        problem = self._problem(made, in_rollback=in_rollback)
        if problem:
            raise Failure(f"nothing is made: {problem}, nobody waits for this request", job_name=made)

    def confirm(self, made: str, *, is_own: bool, is_new: bool, undo: Callable[[], None]) -> None:
        """See that something that was made, or found, is still wanted; `undo` takes back what this request made.

        Raises:
            Failure: Nobody waits for this request any more: a Delete that came in between found nothing.
        """
        try:
            self.check_wanted(made=made, in_rollback=not is_own)
        except Failure as failure:
            with suppress(Failure):  # not told: the Delete that follows does it
                if is_own and self.is_nobodys(made, is_new=is_new):
                    undo()
            raise Failure(str(failure), job_name=made) from failure

    def live(self) -> "Live":
        """What the resource is now. An event that would destroy something waits for what is under way to end.

        Raises:
            Failure: CloudFormation does not tell, or an update is under way all the time.
        """
        clock = self._clock
        deadline = clock.deadline(_SETTLE_BUDGET) if clock else 0.0
        while True:
            _, status, physical_id = self._resource()
            if not self._is_to_settle(status, physical_id):
                return Live(physical_id, status in _DELETED)
            if not (clock and clock.sleep_before(deadline, _POLL_SECONDS)):
                raise Failure(f"nothing is deleted: the resource is {status}, so this request is an older one")

    # [clean-up-status]
    def wait_for_update(self) -> None:
        """Let an update of the stack, or its way back, come to its end: what it has replaced is deleted after that.

        A Delete before is an older one, and what it is about may be in service until an endpoint has gone back.

        Raises:
            Failure: CloudFormation does not tell, or it takes too long.
        """
        clock = self._clock
        deadline = clock.deadline(_SETTLE_BUDGET) if clock else 0.0
        while (status := self._told(self._read_stack_status, DELETED)) in _UNDER_WAY:
            if not (clock and clock.sleep_before(deadline, _POLL_SECONDS)):
                raise Failure(f"nothing is deleted: the stack is {status}, so this request is an older one")

    def _is_to_settle(self, status: str, physical_id: str) -> bool:
        """Whether it is not to be seen yet what the resource will be."""
        if not status.endswith(_IN_PROGRESS):
            return False
        is_delete = self._event.request_type == "Delete"
        if status not in _DELETED:
            return is_delete
        if not physical_id or (is_delete and physical_id == self._event.physical_id):
            return False
        # Not what this event asks for: it may be the clean-up of what was replaced (unverified).
        return self._told(self._read_stack_status, DELETED).startswith(_CLEAN_UP)

    # [refactored-resource]
    def passed_on(self, tags: Mapping[str, str]) -> Mapping[str, str]:
        """Tags of what the resource has, or had: with the resource as the owner of what the stack made for another one.

        A stack refactoring gives resources other logical ids, and asks nobody. A resource that the stack has lost
        without a word has become this one; one that it still has keeps what it has made.

        Raises:
            Failure: CloudFormation does not tell.
        """
        former = tags.get(OwnerTag.RESOURCE, "")
        is_here = tags.get(OwnerTag.STACK) == self._event.stack_id and former not in {"", self._event.logical_id}
        if not is_here or self._told(lambda: self._known(former), _GONE):
            return tags
        return {**tags, OwnerTag.RESOURCE: self._event.logical_id, FORMER: former}

    def is_nobodys(self, physical_id: str, *, is_new: bool) -> bool:
        """Whether the resource neither has this nor can be led back to it.

        Of what `is_new`, made by this very call, nobody but another delivery of the event can have told.
        """
        live = self.live()
        if live.has(physical_id):
            return False
        if is_new:
            return True
        if live.is_deleted:
            # With what this request was to replace, it may be the clean-up after the request went well.
            return not live.physical_id or live.physical_id != self._event.physical_id
        return not self._told(self._read_stack_status, DELETED).endswith(_IN_PROGRESS)

    def is_rolling_back(self) -> bool:
        """Whether the stack goes back to what it was. What fails now leaves it stuck."""
        return _ROLLBACK in self._stack_status()

    def is_updating(self) -> bool:
        """Whether the stack is being updated, rolled back or cleaned up: it stays.

        Raises:
            Failure: CloudFormation does not tell.
        """
        return self._told(self._read_stack_status, DELETED).startswith("UPDATE")

    def is_busy(self) -> bool:
        """Whether the stack is being created, updated or deleted."""
        return self._stack_status().endswith(_IN_PROGRESS)

    def is_at_rest(self) -> bool:
        """Whether the stack surely is neither being created, updated nor deleted.

        Raises:
            Failure: CloudFormation does not tell.
        """
        status = self._told(self._read_stack_status, "")
        return bool(status) and not status.endswith(_IN_PROGRESS)

    def condition_status(self, logical_id: str) -> str:
        """The status of another resource of the stack; empty if it is not there yet or CloudFormation does not tell."""
        try:
            return str(self._describe(logical_id).get("ResourceStatus", ""))
        except (ClientError, BotoCoreError):
            return ""

    def is_gone(self, physical_ids: set[str], *, when_missing: bool) -> bool:
        """Whether the resource was deleted, or its whole stack.

        A replaced one shows as deleted, under its old name, in the clean-up (unverified). `when_missing`: whether a
        stack that does not know the resource has deleted it.
        """
        try:
            resource = self._describe(self._event.logical_id)
        except ClientError as error:
            return is_stack_gone(error) or (when_missing and is_resource_gone(error))
        except BotoCoreError:
            return False
        physical_id = str(resource.get("PhysicalResourceId", ""))
        return resource.get("ResourceStatus") == DELETED and physical_id in {"", *physical_ids}

    def is_now(self, physical_ids: set[str]) -> bool:
        """Whether the resource surely is one of these; not where CloudFormation does not tell."""
        try:
            return str(self._describe(self._event.logical_id).get("PhysicalResourceId", "")) in physical_ids
        except (ClientError, BotoCoreError):
            return False

    def signal(self, logical_id: str, unique_id: str) -> None:
        """Let a wait condition go on.

        Raises:
            ClientError: CloudFormation did not take the signal.
        """
        self._client.signal_resource(
            StackName=self._event.stack_id, LogicalResourceId=logical_id, UniqueId=unique_id, Status="SUCCESS"
        )

    def _too_old(self) -> str:
        """Why nobody can listen any more, by the request's own time; empty if somebody may."""
        sent = self._event.sent
        if sent is None or self._clock is None or self._clock.wall() - sent <= SERVICE_TIMEOUT + _TOLERANCE:
            return ""
        return f"the request is older than the {SERVICE_TIMEOUT} seconds for which CloudFormation waits"

    def _problem(self, made: str, *, in_rollback: bool) -> str:
        """Why CloudFormation does not wait for this request; empty if it does."""
        kind, named = self._event.request_type, self._event.physical_id
        if not made and (problem := self._too_old()):
            return problem
        resource, status, has = self._resource()
        if status in _DELETED:
            return f"the resource is {status}"
        if made and has == made:
            return ""
        if problem := self._too_old():
            return problem
        if not status:  # one that is being created may not have been noted yet
            return "" if kind == "Create" else "the stack has no such resource"
        if made and status.endswith("_COMPLETE") and not has:
            return ""
        if not status.endswith(_IN_PROGRESS) or (kind == "Create") != status.startswith("CREATE"):
            return f"the resource is {status}"
        if kind == "Create":
            return self._older_than(resource)
        if has and has != named:
            return f"the resource is '{has}' by now"
        if not in_rollback and _ROLLBACK in self._told(self._read_stack_status, DELETED):
            return "the stack rolls back, and what it goes back to is not to be found"
        return self._older_than(resource)

    # [update-time]
    def _older_than(self, resource: Mapping[str, Any]) -> str:
        """Why the request is not the one that is under way, if times tell."""
        since, sent = resource.get("LastUpdatedTimestamp"), self._event.sent
        if not isinstance(since, datetime) or sent is None or int(since.timestamp()) <= int(sent):
            return ""
        is_older = sent + _TOLERANCE < since.timestamp() or self._is_overtaken(sent)
        return "another request is under way" if is_older else ""

    def _is_overtaken(self, sent: float) -> bool:
        """Whether it was taken back; or two requests are later, of which one may be itself."""
        requests = self._requests()
        return sum(int(time) > int(sent) for _, time in requests) > 1 or self._is_way_back(requests)

    def went_back(self) -> bool:
        """Whether the latest request about the resource is the way back from this one."""
        return self._is_way_back(self._requests()[:1])

    def _is_way_back(self, requests: list[tuple[str, float]]) -> bool:
        """Whether of the way there and the way back the latter is the later one, whatever has followed since."""
        there, back = _plain(self._event.properties), _plain(self._event.old_properties)
        since = int(self._event.sent or 0)
        with suppress(ValueError):
            later = (_plain(json.loads(asked)) for asked, time in requests if int(time) >= since)
            return next((asked == back for asked in later if asked in {there, back}), False) and there != back
        return False

    # [stack-events]
    def _requests(self) -> list[tuple[str, float]]:
        """Properties and times of requests about the resource, the latest first; none if untold."""
        try:
            page = self._told(lambda: self._client.describe_stack_events(StackName=self._event.stack_id), _GONE)
        except Failure:
            return []
        return [
            (str(each.get("ResourceProperties")), each["Timestamp"].timestamp())
            for each in page.get("StackEvents", [])
            if each["LogicalResourceId"] == self._event.logical_id and each["ResourceStatus"].endswith(_IN_PROGRESS)
        ]

    def _told(self, read: Callable[[], T], gone: T) -> T:
        """What CloudFormation tells, at last; `gone` if the stack does not exist any more.

        Raises:
            Failure: It does not tell.
        """
        try:
            return patiently(read, self._clock, repeatable=True) if self._clock else read()
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and is_stack_gone(error):
                return gone
            raise Failure(f"CloudFormation does not tell whether this is still wanted: {error}") from error

    def _stack_status(self) -> str:
        try:
            return self._told(self._read_stack_status, "")
        except Failure:
            return ""

    def _read_stack_status(self) -> str:
        stacks = self._client.describe_stacks(StackName=self._event.stack_id).get("Stacks", [])
        return str(stacks[0].get("StackStatus", "")) if stacks else ""

    def _resource(self) -> tuple[Mapping[str, Any], str, str]:
        """The event's own resource, its status and its physical id."""
        resource = self._told(self._own, _GONE)
        return resource, str(resource.get("ResourceStatus", "")), str(resource.get("PhysicalResourceId", ""))

    def physical_id(self, logical_id: str) -> str:
        """What a resource of the stack is; empty if there is none yet.

        Raises:
            Failure: CloudFormation does not tell.
        """
        return str(self._told(lambda: self._known(logical_id), _GONE).get("PhysicalResourceId", ""))

    def _own(self) -> Mapping[str, Any]:
        """The event's own resource; empty if the stack does not know it."""
        return self._known(self._event.logical_id)

    def _known(self, logical_id: str) -> Mapping[str, Any]:
        try:
            return self._describe(logical_id)
        except ClientError as error:
            if is_resource_gone(error):
                return {}
            raise

    def _describe(self, logical_id: str) -> dict[str, object]:
        reply = self._client.describe_stack_resource(StackName=self._event.stack_id, LogicalResourceId=logical_id)
        return dict(reply.get("StackResourceDetail", {}))
