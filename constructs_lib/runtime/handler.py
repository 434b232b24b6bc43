"""Where Lambda calls: every event gets exactly one answer, whatever happens."""

import traceback
from collections.abc import Callable
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from . import lifecycle, log
from .answer import NO_JOB, Answer, deliver, encode
from .clients import Aws, connect
from .contract import Attribute
from .event import Event, RawEvent, parse
from .failure import Failure
from .retry import Clock


class Context(Protocol):
    """What the function uses of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """How long this call may still run."""


def handle(raw: RawEvent, context: Context) -> None:
    """Serve one event of CloudFormation."""
    serve(raw, connect, Clock(context.get_remaining_time_in_millis))


def serve(raw: RawEvent, connect: Callable[[], Aws], clock: Clock) -> None:
    """Serve one event with the given services and time.

    Raises:
        ValueError: The event has no address for an answer.
        NotDeliveredError: CloudFormation did not take the answer.
    """
    event = parse(raw)
    answer = _answer(event, connect, clock)
    log.write(event, "answer", job_name=answer.physical_id, status=answer.status, detail=answer.reason)
    deliver(encode(answer, event), event.response_url, clock)


def _answer(event: Event, connect: Callable[[], Aws], clock: Clock) -> Answer:
    try:
        event.check()
        return _dispatch(event, connect(), clock)
    except Failure as failure:
        return _failed(event, str(failure), failure.job_name)
    except (BotoCoreError, ClientError) as error:
        return _failed(event, str(error))
    except Exception as error:
        log.write(event, "unexpected error", detail=traceback.format_exc())
        return _failed(event, f"unexpected {type(error).__name__}: {error}")


def _dispatch(event: Event, aws: Aws, clock: Clock) -> Answer:
    if event.request_type == "Delete":
        lifecycle.delete(event, aws, clock)
        return Answer(event.physical_id)
    serve_request = lifecycle.create if event.request_type == "Create" else lifecycle.update
    outcome = serve_request(event, aws, clock)
    attributes = {Attribute.JOB_NAME: outcome.job_name, Attribute.JOB_ARN: outcome.job_arn}
    return Answer(outcome.job_name, attributes=attributes)


def _failed(event: Event, reason: str, job_name: str = "") -> Answer:
    """A failure changes no physical id: CloudFormation would take another one for a replacement."""
    return Answer(event.physical_id or job_name or NO_JOB, reason=log.mask(reason, event.response_url) or "unknown")
