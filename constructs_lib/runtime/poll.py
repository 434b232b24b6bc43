"""One look at a job, for the state machine that follows it: state in, state out, nothing kept in between.

The state machine waits, calls this, and ends when the state says `Done`. Any call may fail, and the next look does what
is left: events and signals may come more than once.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from botocore.exceptions import BotoCoreError, ClientError

from . import contract, jobs, log
from .clients import Aws
from .contract import STACK_VARIABLE, Poll
from .description import Description
from .event import Event
from .failure import Failure, code
from .publish import send_event, write_metrics
from .retry import Clock
from .stack import Stack
from .watch import Condition, Watch, execute, physical_id, read

MAX_LOOKS = 1100
"""Looks of one execution. Its history holds 25,000 events, nine a look and 21 where this function fails four times."""

MAX_LATE_LOOKS = 30
"""Looks that are spent on wait conditions alone once the stack is at rest."""

MAX_UNSENT = 10
"""Looks at which an event that the bus does not take is tried."""

MAX_FAILED_LOOKS = 1000
"""Looks in a row at which SageMaker may fail to tell of the job."""

_YOUNG_SECONDS = 600
"""For so long after the watch began, a resource that CloudFormation does not know may not have been noted yet."""

_SIGNAL_ID = "sagemaker-autopilot"
"""Always the same: a signal that is repeated counts once."""

_WAITS = "CREATE_IN_PROGRESS"

_UNKNOWN = (
    "the state is none that this function has begun: it follows jobs for its own stack only, in executions that it "
    "has started itself and that run"
)


def _execution(first: str, generation: int) -> str:
    """The name of an execution that goes on from the first one of a watch."""
    return f"{first}-{generation}" if generation else first


@dataclass(frozen=True, slots=True)
class State:
    """What the state machine carries from look to look."""

    execution: str
    generation: int
    looks: int = field(compare=False)
    late_looks: int = field(compare=False)
    failed_looks: int = field(compare=False)
    unsent: int = field(compare=False)
    started: float
    seen: str = field(compare=False)
    stack_id: str
    logical_id: str
    job_name: str
    watch: Watch
    done: bool = False

    @classmethod
    def read(cls, raw: Mapping[str, object]) -> "State":
        """Take it from what the state machine hands over; anything else in there is dropped."""

        def count(name: Poll) -> int:
            return int(str(raw.get(name, 0)))

        return cls(
            execution=str(raw[Poll.EXECUTION]),
            generation=count(Poll.GENERATION),
            looks=count(Poll.LOOKS),
            late_looks=count(Poll.LATE_LOOKS),
            failed_looks=count(Poll.FAILED_LOOKS),
            unsent=count(Poll.UNSENT),
            started=float(str(raw[Poll.STARTED])),
            seen=str(raw.get(Poll.SEEN, "")),
            stack_id=str(raw[Poll.STACK_ID]),
            logical_id=str(raw[Poll.LOGICAL_ID]),
            job_name=str(raw[Poll.JOB_NAME]),
            watch=read(raw) or Watch(""),
        )

    @property
    def execution_arn(self) -> str:
        """The execution that carries it."""
        machine = self.watch.state_machine.replace(":stateMachine:", ":execution:")
        return f"{machine}:{_execution(self.execution, self.generation)}"

    def goes_on_from(self, begun: "State") -> bool:
        """Whether looks can have led here from another state: they count, tell and settle conditions, nothing else."""
        left = self.watch.conditions
        same = replace(begun, watch=replace(begun.watch, conditions=left))
        return self == same and set(left) <= set(begun.watch.conditions)

    def written(self) -> dict[str, object]:
        """As the state machine takes it."""
        return {
            Poll.ACTION: contract.POLL_ACTION,
            Poll.DONE: self.done,
            Poll.EXECUTION: self.execution,
            Poll.GENERATION: self.generation,
            Poll.LOOKS: self.looks,
            Poll.LATE_LOOKS: self.late_looks,
            Poll.FAILED_LOOKS: self.failed_looks,
            Poll.UNSENT: self.unsent,
            Poll.STARTED: self.started,
            Poll.SEEN: self.seen,
            Poll.STACK_ID: self.stack_id,
            Poll.LOGICAL_ID: self.logical_id,
            Poll.JOB_NAME: self.job_name,
            Poll.WATCH: self.watch.state(),
        }


def look(raw: Mapping[str, object], aws: Aws, clock: Clock) -> dict[str, object]:
    """Look once at a job, do what is due, and tell the state machine how to go on.

    Raises:
        ValueError: The state is none that this function has begun.
        ClientError: Step Functions does not tell; the state machine asks again.
    """
    state = _proved(raw, aws)
    return _Look(replace(state, looks=state.looks + 1), aws, clock).take().written()


def _proved(raw: Mapping[str, object], aws: Aws) -> State:
    """The state, where a running execution began with one that leads to it: whoever may call this makes none up."""
    try:
        state = State.read(raw)
        execution = aws.stepfunctions.describe_execution(executionArn=state.execution_arn)
        begun = State.read(json.loads(execution["input"]))
    except (ClientError, KeyError, ValueError, Failure) as error:
        if isinstance(error, ClientError) and code(error) != "ExecutionDoesNotExist":
            raise
        raise ValueError(_UNKNOWN) from error
    # The name of a stack's state machine ends as the stack's id does.
    own = os.environ.get(STACK_VARIABLE, "")
    is_own = not own or (state.stack_id == own and state.watch.state_machine.endswith(own.rpartition("/")[2]))
    if not (is_own and execution["status"] == "RUNNING" and state.goes_on_from(begun)):
        raise ValueError(_UNKNOWN)
    return state


class _Look:
    """One look, step by step; each step returns the state that it leaves."""

    def __init__(self, state: State, aws: Aws, clock: Clock) -> None:
        self._state = state
        self._aws = aws
        self._now = clock.wall()
        # For the log, and for CloudFormation's view. There is no request, and no address to answer to.
        self._event = Event("Poll", state.stack_id, "", state.logical_id, "", "", {}, {})
        self._stack = Stack(aws.cloudformation, self._event)

    def take(self) -> State:
        job = self._describe()
        self._signal(has_ended=job is not None and job.has_ended)
        if job is not None:
            self._tell(job)
        if not self._state.done and self._is_unwanted():
            self._finish("the resource is gone: the job is not followed any more")
        if job is not None and job.has_ended and job.state == self._state.seen and not self._state.watch.conditions:
            self._finish("job has ended, and everybody knows")
        if not self._state.done and self._state.looks >= MAX_LOOKS:
            self._pass_on()
        return self._state

    def _describe(self) -> Description | None:
        """The job; None if SageMaker does not tell, or if there is none."""
        state = self._state
        try:
            reply = jobs.describe(self._aws.sagemaker, state.job_name)
        except (ClientError, BotoCoreError) as error:
            self._log("SageMaker does not tell of the job", str(error))
            self._state = replace(state, failed_looks=state.failed_looks + 1)
            if self._state.failed_looks >= MAX_FAILED_LOOKS:
                self._finish("SageMaker does not tell of the job: it is not followed any more")
            return None
        self._state = replace(state, failed_looks=0)
        if reply is None:
            self._finish("there is no such job")
            return None
        return Description(reply)

    # [signal-resource]
    def _signal(self, *, has_ended: bool) -> None:
        """Signal what is due. A condition is settled when CloudFormation shows that it waits no more."""
        state = self._state
        age = self._now - state.started
        due = [condition for condition in state.watch.conditions if has_ended or age >= condition.seconds]
        left = [
            condition for condition in state.watch.conditions if condition not in due or not self._settle(condition)
        ]
        late = state.late_looks
        if left and len(due) == len(state.watch.conditions) and not self._stack.is_busy():
            late += 1
        if late >= MAX_LATE_LOOKS:
            self._log("wait conditions could not be signalled", ", ".join(one.logical_id for one in left))
            left = []
        self._state = replace(state, watch=replace(state.watch, conditions=tuple(left)), late_looks=late)

    def _settle(self, condition: Condition) -> bool:
        """Whether a condition waits no more; else it is signalled, and the next look sees what came of it.

        The same update after one that was taken back waits at the same condition, for a job of its own.
        """
        status = self._stack.condition_status(condition.logical_id)
        if status == _WAITS and not self._stack.is_now(self._ids):
            self._log("wait condition is another job's", condition.logical_id)
        elif status == _WAITS:
            try:
                self._stack.signal(condition.logical_id, _SIGNAL_ID)
                self._log("wait condition signalled", condition.logical_id)
            except (ClientError, BotoCoreError) as error:
                self._log("wait condition does not take its signal", f"{condition.logical_id}: {error}")
        return status not in {"", _WAITS}

    def _tell(self, job: Description) -> None:
        """Tell of a state that is not known yet."""
        state = self._state
        if job.state == state.seen:
            return
        bus = state.watch.event_bus
        problem = send_event(self._aws.events, bus, job, state.stack_id, state.logical_id) if bus else ""
        if problem:
            self._log("event could not be sent", problem)
            if state.unsent + 1 < MAX_UNSENT:
                self._state = replace(state, unsent=state.unsent + 1)
                return
        self._state = replace(state, seen=job.state, unsent=0)
        if job.has_ended:
            write_metrics(job, state.stack_id, state.logical_id, self._now)

    def _is_unwanted(self) -> bool:
        is_old = self._now - self._state.started > _YOUNG_SECONDS
        return self._stack.is_gone(self._ids, when_missing=is_old)

    @property
    def _ids(self) -> set[str]:
        """What the resource is called while it is this job, or watches it."""
        return {self._state.job_name, physical_id(self._state.logical_id, self._state.job_name)}

    def _pass_on(self) -> None:
        """Let another execution go on: this one's history is nearly full. If that fails, the next look tries again."""
        state = self._state
        following = replace(state, looks=0, generation=state.generation + 1)
        name = _execution(state.execution, following.generation)
        try:
            execute(self._aws, state.watch.state_machine, name, following.written())
        except (ClientError, BotoCoreError) as error:
            self._log("no other execution can go on", str(error))
            return
        self._finish("another execution goes on", name)

    def _finish(self, why: str, detail: str = "") -> None:
        if not self._state.done:
            self._log(why, detail)
        self._state = replace(self._state, done=True)

    def _log(self, decision: str, detail: str = "") -> None:
        log.write(self._event, decision, job_name=self._state.job_name, detail=detail)
