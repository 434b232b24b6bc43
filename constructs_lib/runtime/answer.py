"""What the function tells CloudFormation, and how it gets there."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What `Fn::GetAtt` returns. An answer that is too long loses whole values, from the last one on."""

    @property
    def status(self) -> str:
        """CloudFormation's word for it."""
        return "FAILED" if self.reason else "SUCCESS"


class NotDeliveredError(Exception):
    """CloudFormation did not take the answer. Lambda calls again with the same event, which finds the same job."""


def encode(answer: Answer, event: Event) -> bytes:
    """The body, in at most `BODY_LIMIT` bytes.

    The reason is cut to what is worth showing. If that is not enough, values of attributes go, then more of the reason.
    A value is never cut, because half an address is a wrong address; its key stays, because CloudFormation fails a
    template that asks for a key that is not there.
    """
    answer = replace(answer, reason=cut(answer.reason, REASON_LENGTH))
    kept = dict(answer.attributes)
    body = _json(answer, event, kept)
    for name in reversed(list(answer.attributes)):
        if len(body) <= BODY_LIMIT:
            return body
        kept[name] = ""
        body = _json(answer, event, kept)
    length = len(answer.reason)
    while len(body) > BODY_LIMIT and length > 1:
        length = length * 7 // 8
        body = _json(replace(answer, reason=cut(answer.reason, length)), event, kept)
    return body


def cut(text: str, length: int) -> str:
    """The text, or its beginning with three dots behind it."""
    return text if len(text) <= length else text[: max(length - 3, 0)] + "..."


def size(text: str) -> int:
    """How many bytes the text takes in the body."""
    return len(_encoded(text))


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


def _json(answer: Answer, event: Event, attributes: Mapping[str, str]) -> bytes:
    body: dict[str, object] = {
        "Status": answer.status,
        "PhysicalResourceId": answer.physical_id,
        "StackId": event.stack_id,
        "RequestId": event.request_id,
        "LogicalResourceId": event.logical_id,
    }
    if answer.reason:
        body["Reason"] = answer.reason
    body["Data"] = {str(name): value for name, value in attributes.items()}
    return _encoded(body)


def _encoded(value: object) -> bytes:
    """JSON in UTF-8, which takes less than escapes. A lone surrogate becomes "?"."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
