"""Where Lambda calls: every event of CloudFormation gets exactly one answer, whatever happens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import import_module
from types import ModuleType
from typing import Protocol, cast

from botocore.exceptions import BotoCoreError, ClientError

from . import log
from .answer import NO_JOB, Answer, deliver, encode
from .clients import Aws, connect
from .contract import (
    ENDPOINT_CHECK_TYPE,
    MODEL_PACKAGE_TYPE,
    MODEL_TYPE,
    OUTCOME_TYPE,
    POLL_ACTION,
    RESOURCE_TYPE,
    RETRAIN_ACTION,
    RETRAINING_TYPE,
    TRANSFORM_TYPE,
    WATCH_TYPE,
    Attribute,
    EndpointCheck,
    Look,
    ModelAttribute,
    ModelPackageAttribute,
    OutcomeAttribute,
    Poll,
    Property,
    RetrainingAttribute,
    TransformAttribute,
)
from .event import Event, RawEvent, parse
from .failure import Failure
from .retry import Clock


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of resource, and what every answer about it carries."""

    module: str
    """It has `create`, `update` and `delete`, and `physical_id` where that follows from the logical id."""
    attributes: type[StrEnum]

    @property
    def service(self) -> ModuleType:
        """The module, loaded when it is needed: a new process serves one type, and somebody waits for it."""
        return import_module(f".{self.module}", __package__)


KINDS = {
    RESOURCE_TYPE: Kind("lifecycle", Attribute),
    WATCH_TYPE: Kind("watch", Attribute),
    OUTCOME_TYPE: Kind("outcome", OutcomeAttribute),
    MODEL_TYPE: Kind("model", ModelAttribute),
    ENDPOINT_CHECK_TYPE: Kind("check", EndpointCheck),
    TRANSFORM_TYPE: Kind("transform", TransformAttribute),
    MODEL_PACKAGE_TYPE: Kind("registration", ModelPackageAttribute),
    RETRAINING_TYPE: Kind("retrain", RetrainingAttribute),
}
"""The types that this function serves."""


class Context(Protocol):
    """What the function uses of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """How long this call may still run."""


def handle(raw: RawEvent, context: Context) -> dict[str, object] | None:
    """Serve one event of CloudFormation, or one call of a state machine."""
    return serve(raw, connect, Clock(context.get_remaining_time_in_millis))


def serve(raw: RawEvent, connect: Callable[[], Aws], clock: Clock) -> dict[str, object] | None:
    """Serve one call with the given services and time; returns the state machine's next state, if it is one of its.

    Raises:
        ValueError: The event has no address for an answer.
        NotDeliveredError: CloudFormation did not take the answer.
    """
    state = cast("Mapping[str, object]", raw)
    if "ResponseURL" not in state and state.get(Poll.ACTION) == POLL_ACTION:
        from . import poll

        return poll.look(state, connect(), clock)
    if "ResponseURL" not in state and state.get(Look.ACTION) == RETRAIN_ACTION:
        from . import retrain_trigger

        return retrain_trigger.serve(state, connect(), clock)
    event = parse(raw)
    answer = _complete(_answer(event, connect, clock), event)
    log.write(event, "answer", job_name=answer.physical_id, status=answer.status, detail=answer.reason)
    deliver(encode(answer, event), event.response_url, clock)
    return None


def _answer(event: Event, connect: Callable[[], Aws], clock: Clock) -> Answer:
    try:
        event.check()
        return _dispatch(event, connect(), clock)
    except Failure as failure:
        return _failed(event, str(failure), failure.job_name)
    except (BotoCoreError, ClientError) as error:
        return _failed(event, str(error))
    except Exception as error:
        import traceback

        log.write(event, "unexpected error", detail=traceback.format_exc())
        return _failed(event, f"unexpected {type(error).__name__}: {error}")


def _dispatch(event: Event, aws: Aws, clock: Clock) -> Answer:
    kind = KINDS.get(event.resource_type)
    if kind is None:
        raise Failure(f"the resource type must be {' or '.join(KINDS)}, got {event.resource_type!r}")
    if Property.DEPLOYED_JOB_SPEC in event.properties:
        from .check import check_job_spec

        check_job_spec(event, aws, clock)
    serve_request: Callable[[Event, Aws, Clock], Answer] = getattr(kind.service, event.request_type.lower())
    return serve_request(event, aws, clock)


def _failed(event: Event, reason: str, job_name: str = "") -> Answer:
    """A failure changes no physical id: CloudFormation would take another one for a replacement."""
    kind = KINDS.get(event.resource_type)
    lasting: Callable[[str], str] | None = getattr(kind.service, "physical_id", None) if kind else None
    physical_id = lasting(event.logical_id) if lasting else job_name or NO_JOB
    return Answer(event.physical_id or physical_id, reason=log.mask(reason, event.response_url) or "unknown")


def _complete(answer: Answer, event: Event) -> Answer:
    """The answer with every attribute of the resource's type, empty if unknown."""
    kind = KINDS.get(event.resource_type)
    names: list[StrEnum] = list(kind.attributes) if kind else []
    known = {Attribute.JOB_SPEC: str(event.properties.get(Property.JOB_SPEC, "")), **answer.attributes}
    return replace(answer, attributes={name: known.get(name, "") for name in names})
