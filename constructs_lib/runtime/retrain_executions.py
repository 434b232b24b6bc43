"""Executions of the retraining's state machine: whether one is gone, and how one is started."""

from collections.abc import Mapping

from botocore.exceptions import ClientError

from .clients import Aws
from .failure import code
from .retrain_document import Run
from .retry import Clock, patiently
from .watch import execute

_YOUNG = 60.0
"""Seconds in which an execution that was started may not be seen yet."""

_ALIVE = {"RUNNING", "PENDING_REDRIVE"}


def is_gone(run: Run, aws: Aws, clock: Clock) -> bool:
    """Whether the execution of a run has ended, or is not there. What Step Functions does not tell is no yes."""
    try:
        reply = patiently(lambda: aws.stepfunctions.describe_execution(executionArn=run.execution), clock)
    except ClientError as error:
        if code(error) != "ExecutionDoesNotExist":
            raise
        return clock.wall() - run.since > _YOUNG
    return str(reply["status"]) not in _ALIVE


def start(machine: str, name: str, given: Mapping[str, object], aws: Aws, clock: Clock) -> None:
    """Start an execution, whose name makes it one of a kind."""
    patiently(lambda: execute(aws, machine, name, given), clock, repeatable=True)
