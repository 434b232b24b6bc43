"""Whether CloudFormation still wants what an event asks for. Events can arrive late, and twice."""

import re

from botocore.exceptions import BotoCoreError, ClientError

from .clients import CloudFormation
from .event import Event
from .failure import Failure, code, message

_DELETED = {"DELETE_IN_PROGRESS", "DELETE_COMPLETE"}
_IN_PROGRESS = "_IN_PROGRESS"
_STACK_GONE = re.compile(r"stack\b.*does not exist", re.IGNORECASE)


class Stack:
    """CloudFormation's own view of the resource that an event is about."""

    def __init__(self, client: CloudFormation, event: Event) -> None:
        self._client = client
        self._event = event
        self._was_in_progress = False

    def check_wanted(self, *, made: str = "") -> None:
        """Refuse to go on for a resource that is deleted, or whose request was settled while this call was waiting.

        Nobody would stop the job of such a request. If CloudFormation does not tell, the call goes on.

        Args:
            made: The job that was made already. Then only a deletion counts: the request may well be settled, because
                another delivery of the event has found this job and answered with it.

        Raises:
            Failure: Nobody waits for this request any more.
        """
        status = self._status()
        settled = status and self._was_in_progress and not status.endswith(_IN_PROGRESS)
        if status in _DELETED or (settled and not made):
            raise Failure(f"no job is made: the resource is {status}, nobody waits for this request", job_name=made)
        self._was_in_progress = self._was_in_progress or status.endswith(_IN_PROGRESS)

    def live_job(self, *, although_deleted: bool) -> str:
        """The physical id that the resource has now; empty if CloudFormation does not tell.

        Args:
            although_deleted: Tell it also while the resource is being deleted.
        """
        try:
            resource = self._describe()
        except (ClientError, BotoCoreError):
            return ""
        deleted = resource.get("ResourceStatus") in _DELETED
        return "" if deleted and not although_deleted else str(resource.get("PhysicalResourceId", ""))

    def _status(self) -> str:
        try:
            return str(self._describe().get("ResourceStatus", ""))
        except ClientError as error:
            gone = code(error) == "ValidationError" and _STACK_GONE.match(message(error))
            return "DELETE_COMPLETE" if gone else ""
        except BotoCoreError:
            return ""

    def _describe(self) -> dict[str, object]:
        reply = self._client.describe_stack_resource(
            StackName=self._event.stack_id, LogicalResourceId=self._event.logical_id
        )
        return dict(reply.get("StackResourceDetail", {}))
