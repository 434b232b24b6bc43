"""One call of the retraining's state machine: a trigger is admitted or ends, and who has the slot takes a step."""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from . import log
from .clients import Aws
from .contract import (
    RETRAIN_ACTION,
    STACK_VARIABLE,
    Look,
    Retraining,
    RetrainingTrigger,
)
from .event import Event
from .failure import Failure
from .retrain_document import Document, Kind, Run, Says, Trigger, admit, passed_on
from .retrain_executions import is_gone, start
from .retrain_store import Store
from .retry import Clock, patiently
from .spec import sha256

LONGEST = 12 * 3600.0
"""Seconds after which another execution goes on: a look takes nine events of a history that holds 25,000, one that
fails four times 21."""

_LOOKED = 300.0
"""Seconds for which one look at the execution of what runs is enough."""

_BEHIND = 60
_BY_HAND = "by hand"


def parse(given: Mapping[str, Any], execution: str) -> Trigger:
    """Read the input of an execution; what it does not say, its event does.

    Raises:
        Failure: It is no trigger.
    """
    event = given.get(RetrainingTrigger.EVENT)
    if isinstance(event, Mapping):
        return _of_event(event)
    cause = str(given.get(RetrainingTrigger.CAUSE) or _BY_HAND)
    own = str(given.get(RetrainingTrigger.ID) or "")
    if own.startswith("<"):  # nobody has put the time of a schedule there
        own = ""
    identity = f"{cause}/{own}" if own else execution
    if given.get(RetrainingTrigger.ROLLBACK) is True:
        return Trigger(identity, Kind.ROLLBACK, cause)
    return Trigger(identity, Kind.RECONCILE if given.get(RetrainingTrigger.RECONCILE) is True else Kind.TRAIN, cause)


def _of_event(event: Mapping[str, Any]) -> Trigger:
    source, identity = str(event.get("source", "")), str(event.get("id", ""))
    given = event.get("detail")
    detail: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    match source:
        case "aws.s3":
            return Trigger(identity, Kind.TRAIN, "new data", is_patient=True)
        case "aws.cloudwatch":
            state = detail.get("state")
            time = state.get("timestamp", identity) if isinstance(state, Mapping) else identity
            name = str(detail.get("alarmName", ""))
            return Trigger(f"{name}/{time}", Kind.TRAIN, f"alarm {name}")
        case "aws.sagemaker" if "ModelPackageArn" in detail:
            return Trigger(identity, Kind.APPROVAL, f"approval of {detail['ModelPackageArn']}")
        case "aws.sagemaker":
            return Trigger(identity, Kind.RECONCILE, "the endpoint has changed")
        case "aws.states":
            return Trigger(identity, Kind.LOOK, "an execution has ended")
    raise Failure(f"no trigger: an event of {source!r}")


def serve(raw: Mapping[str, Any], aws: Aws, clock: Clock) -> dict[str, object]:
    """Admit a trigger, or take a step of the run that its execution has; tells the state machine how to go on.

    Raises:
        Failure: The input is no trigger.
        ClientError: S3 or Step Functions does not tell; the state machine asks again.
    """
    execution, given = str(raw.get(Look.EXECUTION, "")), raw.get(Look.TRIGGER)
    if not isinstance(given, Mapping):
        raise Failure("the input of the execution must be an object")
    store = Store(str(given.get(RetrainingTrigger.RETRAINING, "")), aws, clock)
    seconds = _Call(store, execution, given, aws, clock).answer()
    began = datetime.fromisoformat(str(raw[Look.BEGAN])).timestamp()
    if seconds is not None and clock.wall() - began > LONGEST:
        _pass_on(execution, store.folder, aws, clock)
        seconds = None
    return {
        Look.ACTION: RETRAIN_ACTION,
        Look.EXECUTION: execution,
        Look.BEGAN: raw[Look.BEGAN],
        Look.TRIGGER: given,
        Look.DONE: seconds is None,
        Look.SECONDS: int(seconds or 0),
    }


class _Call:
    def __init__(self, store: Store, execution: str, given: Mapping[str, Any], aws: Aws, clock: Clock) -> None:
        self._store = store
        self._execution = execution
        self._given = given
        self._aws = aws
        self._clock = clock

    def answer(self) -> float | None:
        """After how many seconds to look again; None: nothing is left to do."""
        document = self._store.load()
        if document is None or document.stack_id != os.environ.get(STACK_VARIABLE, document.stack_id):
            self._log(document, "there is no such retraining")
            return None
        before = self._given.get(RetrainingTrigger.GOES_ON)
        if before:
            document = self._store.change(
                lambda now: now and (now if now.closed else passed_on(now, str(before), self._execution))
            )
            says = Says.HOLDS
        else:
            document, says = self._admit()
        if document is None or document.closed or says is not Says.HOLDS:
            self._log(document, f"trigger: {says}")
            return None
        if document.running and document.running.execution == self._execution:
            from . import retrain_run

            return retrain_run.advance(document, document.running, self._store, self._aws, self._clock)
        is_behind = document.behind and document.behind.execution == self._execution
        return _BEHIND if is_behind else None

    def _admit(self) -> tuple[Document | None, Says]:
        trigger = parse(self._given, self._execution)
        says = Says.NOTHING
        gone: dict[str, bool] = {}
        is_checked = False

        def decide(now: Document | None) -> Document | None:
            nonlocal says, is_checked
            if now is None:
                says = Says.CLOSED
                return None
            time = self._clock.wall()
            wanted, says = admit(now, trigger, self._execution, time)
            running = now.running
            if running and _may_be_gone(now, running, says, trigger, time):
                if running.execution not in gone:
                    gone[running.execution] = is_gone(running, self._aws, self._clock)
                if gone[running.execution]:
                    wanted, says = admit(now, trigger, self._execution, time, is_gone=True)
                elif says is Says.KNOWN:
                    wanted = replace(now, looked=time)
            if wanted != now and not is_checked:
                _check_runs(self._execution, now, self._aws, self._clock)
                is_checked = True
            return wanted

        return self._store.change(decide), says

    def _log(self, document: Document | None, decision: str) -> None:
        where = (document.stack_id, document.logical_id) if document else ("", "")
        log.write(Event("Trigger", where[0], self._execution, where[1], "", "", {}, {}), decision)


def _may_be_gone(document: Document, running: Run, says: Says, trigger: Trigger, now: float) -> bool:
    """Whether to look at the execution of what runs. Of thousands of triggers that change nothing, few do."""
    if says is Says.KNOWN:
        return now - max(document.looked, running.since) > _LOOKED
    return trigger.kind is Kind.LOOK or says in {Says.REMEMBERED, Says.JOINS}


def _check_runs(execution: str, document: Document, aws: Aws, clock: Clock) -> None:
    """Refuse an execution that does not run, or is of another state machine: whoever may call this makes none up.

    A running execution that is not seen yet is asked for again by the state machine.
    """
    machine = str(document.settings.get(Retraining.STATE_MACHINE, ""))
    if execution.rpartition(":")[0] != machine.replace(":stateMachine:", ":execution:"):
        raise Failure(f"the execution {execution} is not of the stack's state machine")
    reply = patiently(lambda: aws.stepfunctions.describe_execution(executionArn=execution), clock)
    if reply["status"] != "RUNNING":
        raise Failure(f"the execution {execution} does not run")


def _pass_on(execution: str, folder: str, aws: Aws, clock: Clock) -> None:
    """Have another execution go on, whose name follows from this one's: started twice it is one."""
    machine, _, name = execution.replace(":execution:", ":stateMachine:").rpartition(":")
    given: dict[str, object] = {RetrainingTrigger.RETRAINING: folder, RetrainingTrigger.GOES_ON: execution}
    start(machine, f"on-{sha256([name]).hex()[:40]}", given, aws, clock)
