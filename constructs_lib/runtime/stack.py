"""What CloudFormation says of a stack and its resources: whether it still wants what an event asks for.

Events can arrive late, and twice. Where CloudFormation does not tell, nobody is kept from anything.
"""

from botocore.exceptions import BotoCoreError, ClientError

from .clients import CloudFormation
from .event import Event
from .failure import Failure, is_resource_gone, is_stack_gone

DELETED = "DELETE_COMPLETE"

_DELETED = {"DELETE_IN_PROGRESS", DELETED}
_IN_PROGRESS = "_IN_PROGRESS"
_ROLLBACK = "ROLLBACK"


class Stack:
    """CloudFormation's own view of the resource that an event is about, and of the stack that it is in."""

    def __init__(self, client: CloudFormation, event: Event) -> None:
        self._client = client
        self._event = event
        self._was_in_progress = False

    def check_wanted(self, *, made: str = "") -> None:
        """Refuse to go on for a resource that is deleted, or whose request was settled while this call was waiting.

        Nobody would stop the job of such a request. If CloudFormation does not tell, the call goes on.

        Where something was `made` already only a deletion counts: the request may well be settled, because another
        delivery of the event has found it and answered with it.

        Raises:
            Failure: Nobody waits for this request any more.
        """
        status = self._status()
        settled = status and self._was_in_progress and not status.endswith(_IN_PROGRESS)
        if status in _DELETED or (settled and not made):
            raise Failure(f"nothing is made: the resource is {status}, nobody waits for this request", job_name=made)
        self._was_in_progress = self._was_in_progress or status.endswith(_IN_PROGRESS)

    def live_job(self, *, although_deleted: bool) -> str:
        """The physical id that the resource has now; empty if CloudFormation does not tell, or if it is deleted."""
        try:
            resource = self._describe(self._event.logical_id)
        except (ClientError, BotoCoreError):
            return ""
        deleted = resource.get("ResourceStatus") in _DELETED
        return "" if deleted and not although_deleted else str(resource.get("PhysicalResourceId", ""))

    def is_rolling_back(self) -> bool:
        """Whether the stack goes back to what it was. What fails now leaves it stuck."""
        return _ROLLBACK in self._stack_status()

    def is_busy(self) -> bool:
        """Whether the stack is being created, updated or deleted."""
        return self._stack_status().endswith(_IN_PROGRESS)

    def condition_status(self, logical_id: str) -> str:
        """The status of another resource of the stack; empty if it is not there yet or CloudFormation does not tell."""
        try:
            return str(self._describe(logical_id).get("ResourceStatus", ""))
        except (ClientError, BotoCoreError):
            return ""

    def is_gone(self, physical_ids: set[str], *, when_missing: bool) -> bool:
        """Whether the resource was deleted, or its whole stack.

        A replaced one shows as deleted, under its old name, when CloudFormation cleans up (unverified). `when_missing`
        says whether a stack that does not know the resource has deleted it, or is not yet to be asked.
        """
        try:
            resource = self._describe(self._event.logical_id)
        except ClientError as error:
            return is_stack_gone(error) or (when_missing and is_resource_gone(error))
        except BotoCoreError:
            return False
        physical_id = str(resource.get("PhysicalResourceId", ""))
        return resource.get("ResourceStatus") == DELETED and physical_id in {"", *physical_ids}

    def signal(self, logical_id: str, unique_id: str) -> None:
        """Let a wait condition go on.

        Raises:
            ClientError: CloudFormation did not take the signal.
        """
        self._client.signal_resource(
            StackName=self._event.stack_id, LogicalResourceId=logical_id, UniqueId=unique_id, Status="SUCCESS"
        )

    def _status(self) -> str:
        try:
            return str(self._describe(self._event.logical_id).get("ResourceStatus", ""))
        except ClientError as error:
            return DELETED if is_stack_gone(error) else ""
        except BotoCoreError:
            return ""

    def _stack_status(self) -> str:
        try:
            stacks = self._client.describe_stacks(StackName=self._event.stack_id).get("Stacks", [])
        except (ClientError, BotoCoreError):
            return ""
        return str(stacks[0].get("StackStatus", "")) if stacks else ""

    def _describe(self, logical_id: str) -> dict[str, object]:
        reply = self._client.describe_stack_resource(StackName=self._event.stack_id, LogicalResourceId=logical_id)
        return dict(reply.get("StackResourceDetail", {}))
