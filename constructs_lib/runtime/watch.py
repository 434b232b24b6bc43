"""How a job is followed to its end: what a resource asks for, and the execution of the state machine that does it.

A job that no resource of the stack made is followed by a resource of its own; the job itself is never touched.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from . import contract, jobs, log
from .answer import Answer
from .clients import Aws
from .contract import POLL_ACTION, Attribute, Poll, Property
from .description import Description
from .event import Event
from .failure import Failure, code, unless_failed
from .retry import Clock, patiently
from .shapes import read_number
from .stack import Stack

IN_VAIN = (
    "this change needs another AutoML job that the deployment could not wait for: a value that is known only at deploy "
    "time has changed, and a wait condition acts only when it is created. Change 'revision', so that a new job is "
    "trained and waited for"
)
"""Why nothing is made for an update that `Watch.cannot_wait` for."""

_LOGICAL_ID = re.compile(r"[A-Za-z0-9]{1,255}")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")
_NAME_LENGTH = 60
"""Executions have names of at most 80 characters; those that go on from this one put a number behind it."""

_REQUEST_ID = 8
"""Letters of the request's id in the name: the same request again names the same execution."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A wait condition, and when it is signalled at the latest."""

    logical_id: str
    seconds: int
    """So many seconds after the watch began although the job still runs."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One wish for a job to be followed."""

    state_machine: str
    conditions: tuple[Condition, ...] = ()
    event_bus: str = ""

    @property
    def condition_ids(self) -> set[str]:
        """The logical ids of the wait conditions."""
        return {condition.logical_id for condition in self.conditions}

    def adds_to(self, old: "Watch | None") -> bool:
        """Whether an execution that was started for the old wish would leave something of this one undone."""
        return (
            old is None
            or self.state_machine != old.state_machine
            or bool(self.condition_ids - old.condition_ids)
            or self.event_bus not in {"", old.event_bus}
        )

    def cannot_wait(self, old: "Watch | None") -> bool:
        """Whether a deployment cannot wait for another job: a wait condition acts when it is created, never again."""
        return old is not None and bool(self.conditions) and self.condition_ids <= old.condition_ids

    def state(self) -> dict[str, object]:
        """As resource properties, and the state of the state machine, hold it."""
        return {
            contract.Watch.STATE_MACHINE: self.state_machine,
            contract.Watch.CONDITIONS: [
                {contract.Condition.LOGICAL_ID: condition.logical_id, contract.Condition.SECONDS: condition.seconds}
                for condition in self.conditions
            ],
            contract.Watch.EVENT_BUS: self.event_bus,
        }


def read(properties: Mapping[str, object]) -> Watch | None:
    """Read `Property.WATCH`; None if nobody follows the job.

    Raises:
        Failure: It cannot be read.
    """
    value = properties.get(Property.WATCH)
    if not value:
        return None
    if not isinstance(value, Mapping):
        raise _unreadable("", "an object", value)
    state_machine = value.get(contract.Watch.STATE_MACHINE)
    if not isinstance(state_machine, str) or not state_machine:
        raise _unreadable(f".{contract.Watch.STATE_MACHINE}", "the ARN of a state machine", state_machine)
    event_bus = value.get(contract.Watch.EVENT_BUS, "")
    if not isinstance(event_bus, str):
        raise _unreadable(f".{contract.Watch.EVENT_BUS}", "the name or ARN of an event bus", event_bus)
    conditions = value.get(contract.Watch.CONDITIONS, [])
    if not isinstance(conditions, list):
        raise _unreadable(f".{contract.Watch.CONDITIONS}", "a list", conditions)
    return Watch(
        state_machine=state_machine,
        conditions=tuple(_condition(condition, number) for number, condition in enumerate(conditions)),
        event_bus=event_bus,
    )


def start(watch: Watch, job_name: str, event: Event, aws: Aws, clock: Clock, *, seen: str = "") -> None:
    """Follow a job. The same request again finds that it is followed already.

    The execution knows the event's stack and resource and nothing else of it; `seen` is the state that is no news.

    Raises:
        Failure: The state machine did not start. It names the job, so that the Delete that follows stops it.
    """
    name = _NOT_IN_NAMES.sub("-", f"{job_name}-{event.request_id[:_REQUEST_ID]}")[:_NAME_LENGTH]
    state: dict[str, object] = {
        Poll.ACTION: POLL_ACTION,
        Poll.DONE: False,
        Poll.EXECUTION: name,
        Poll.GENERATION: 0,
        Poll.LOOKS: 0,
        Poll.LATE_LOOKS: 0,
        Poll.FAILED_LOOKS: 0,
        Poll.UNSENT: 0,
        Poll.STARTED: int(clock.wall()),
        Poll.SEEN: seen,
        Poll.STACK_ID: event.stack_id,
        Poll.LOGICAL_ID: event.logical_id,
        Poll.JOB_NAME: job_name,
        Poll.WATCH: watch.state(),
    }
    try:
        patiently(lambda: execute(aws, watch.state_machine, name, state), clock)
    except (ClientError, BotoCoreError) as error:
        if Stack(aws.cloudformation, event, clock).is_rolling_back():
            log.write(event, "job is not followed: the stack rolls back", job_name=job_name, detail=str(error))
            return
        raise Failure(
            f"the AutoML job '{job_name}' cannot be followed to its end: {error}", job_name=job_name
        ) from error
    log.write(event, "job is followed", job_name=job_name, detail=name)


def execute(aws: Aws, state_machine: str, name: str, state: Mapping[str, object]) -> None:
    """Start an execution, unless it was started before: its name is its identity.

    Raises:
        ClientError: It was not started.
    """
    try:
        aws.stepfunctions.start_execution(stateMachineArn=state_machine, name=name, input=json.dumps(state))
    except ClientError as error:
        if code(error) != "ExecutionAlreadyExists":
            raise


def _condition(value: object, number: int) -> Condition:
    path = f".{contract.Watch.CONDITIONS}[{number}]"
    if not isinstance(value, Mapping):
        raise _unreadable(path, "an object", value)
    logical_id = value.get(contract.Condition.LOGICAL_ID)
    if not isinstance(logical_id, str) or not _LOGICAL_ID.fullmatch(logical_id):
        raise _unreadable(f"{path}.{contract.Condition.LOGICAL_ID}", "a logical id", logical_id)
    seconds = read_number(value.get(contract.Condition.SECONDS))
    if seconds is None or seconds < 0:
        raise _unreadable(
            f"{path}.{contract.Condition.SECONDS}", "a number of seconds", value.get(contract.Condition.SECONDS)
        )
    return Condition(logical_id, int(seconds))


def _unreadable(path: str, wanted: str, value: object) -> Failure:
    return Failure(f"'{Property.WATCH}{path}' must be {wanted}, got {value!r}")


# The resource that watches a job made elsewhere


def physical_id(logical_id: str, job_name: str = "watch") -> str:
    """What the resource is called as long as it watches a job, or if it came to watch none."""
    return f"{logical_id}-{job_name}"


def create(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Follow the job."""
    wanted, job = _wish(event), _job(event, aws, clock)
    return _follow(wanted, job, event, aws, clock)


def update(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Follow the job if it is another one, or if more is wanted.

    While the stack rolls back nothing is started and nothing fails: whoever waited for the old job has waited.
    """
    if Stack(aws.cloudformation, event, clock).is_rolling_back():
        name = str(event.properties.get(Property.JOB_NAME, ""))
        log.write(event, "the stack rolls back: nothing is followed", job_name=name)
        return _answer(name, jobs.describe_if_told(aws.sagemaker, name), event)
    wanted, job = _wish(event), _job(event, aws, clock)
    old = unless_failed(read, event.old_properties)
    if event.old_properties.get(Property.JOB_NAME) != event.properties[Property.JOB_NAME]:
        if wanted.cannot_wait(old):
            raise Failure(IN_VAIN)
    elif not wanted.adds_to(old):
        log.write(event, "nothing changed", job_name=job.name)
        return _answer(job.name, job, event)
    return _follow(wanted, job, event, aws, clock)


def delete(event: Event, aws: Aws, clock: Clock) -> Answer:  # noqa: ARG001 - all requests are served alike
    """Leave the job alone. The execution finds that its resource is gone, and ends."""
    return Answer(event.physical_id)


def _wish(event: Event) -> Watch:
    wanted = read(event.properties)
    if wanted is None or not event.properties.get(Property.JOB_NAME):
        missing = [name for name in (Property.JOB_NAME, Property.WATCH) if not event.properties.get(name)]
        raise Failure(f"the resource properties lack {', '.join(missing)}")
    return wanted


def _job(event: Event, aws: Aws, clock: Clock) -> Description:
    name = str(event.properties[Property.JOB_NAME])
    reply = patiently(lambda: jobs.describe(aws.sagemaker, name), clock)
    if reply is None:
        raise Failure(f"the AutoML job '{name}' that is to be watched does not exist in this account and region")
    return Description(reply)


def _follow(wanted: Watch, job: Description, event: Event, aws: Aws, clock: Clock) -> Answer:
    name = str(event.properties[Property.JOB_NAME])
    Stack(aws.cloudformation, event, clock).check_wanted()
    start(wanted, name, event, aws, clock, seen=job.state if job.has_ended else "")
    return _answer(name, job, event)


def _answer(name: str, job: Description, event: Event) -> Answer:
    attributes: dict[str, str] = {Attribute.JOB_NAME: name, Attribute.JOB_ARN: job.arn}
    return Answer(physical_id(event.logical_id, name), attributes=attributes)
