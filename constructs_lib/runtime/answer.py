"""What the function tells CloudFormation, and how it gets there."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field, replace

from .contract import Attribute
from .event import Event
from .retry import Clock, jittered

BODY_LIMIT = 4096
"""The most bytes that CloudFormation takes, everything included."""

REASON_LENGTH = 1000
"""Characters of a reason that are worth showing in a stack's events."""

NO_JOB = "no_automl_job_was_made"
"""The physical id of a Create that made nothing. No job can have it: names hold no underscore."""

_TRIES = 6
_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one request."""

    physical_id: str
    reason: str = ""
    """Why it failed; empty if it did not."""
    attributes: dict[Attribute, str] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """CloudFormation's word for it."""
        return "FAILED" if self.reason else "SUCCESS"


class NotDeliveredError(Exception):
    """CloudFormation did not take the answer. Lambda calls again with the same event, which finds the same job."""


def encode(answer: Answer, event: Event) -> bytes:
    """The body, in at most `BODY_LIMIT` bytes: the reason is cut, then the attributes go, then more of the reason."""
    answer = replace(answer, reason=_cut(answer.reason, REASON_LENGTH))
    body = _json(answer, event)
    if len(body) > BODY_LIMIT:
        body = _json(answer, event, with_data=False)
    length = len(answer.reason)
    while len(body) > BODY_LIMIT and length > 1:
        length //= 2
        body = _json(replace(answer, reason=_cut(answer.reason, length)), event, with_data=False)
    return body


def deliver(body: bytes, url: str, clock: Clock) -> None:
    """Put the body at CloudFormation's address.

    Raises:
        NotDeliveredError: It was not taken. The text holds nothing of the address.
    """
    problems: list[str] = []
    for delay in (0, *(2**n for n in range(_TRIES - 1))):
        if delay:
            if clock.remaining() < delay:
                break
            clock.sleep(jittered(delay))
        problem = _put(body, url)
        if not problem:
            return
        problems.append(problem)
    raise NotDeliveredError(f"CloudFormation did not take the answer ({', '.join(problems)})")


def _put(body: bytes, url: str) -> str:
    """Try once; returns what went wrong, and only the kind of it: the texts of urllib's errors may hold the address."""
    # The address is signed for an empty content type; urllib would send one of its own.
    headers = {"content-type": "", "content-length": str(len(body))}
    try:
        request = urllib.request.Request(url, data=body, headers=headers, method="PUT")  # noqa: S310 - checked in `parse`
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310
            return "" if response.status // 100 == 2 else f"HTTP {response.status}"
    except urllib.error.HTTPError as error:
        with error:
            return f"HTTP {error.code}"
    except Exception as error:  # whatever it is, the next try may pass
        return type(error).__name__


def _json(answer: Answer, event: Event, *, with_data: bool = True) -> bytes:
    body: dict[str, object] = {
        "Status": answer.status,
        "PhysicalResourceId": answer.physical_id,
        "StackId": event.stack_id,
        "RequestId": event.request_id,
        "LogicalResourceId": event.logical_id,
    }
    if answer.reason:
        body["Reason"] = answer.reason
    if with_data:
        body["Data"] = {str(name): answer.attributes.get(name, "") for name in Attribute}
    # UTF-8 rather than escapes: Japanese takes half the bytes. A lone surrogate has no UTF-8 and becomes "?".
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: max(length - 3, 0)] + "..."
