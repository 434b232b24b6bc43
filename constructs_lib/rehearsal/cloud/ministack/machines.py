"""State machines act as their role: MiniStack calls functions as nobody; this module, too, knows its inside."""

import contextvars
import functools
from collections.abc import Mapping
from typing import Any

from ministack.services import stepfunctions
from ministack.services.cloudformation import provisioners

from constructs_lib.rehearsal.cloud.errors import AccessDeniedError
from constructs_lib.rehearsal.cloud.ministack import ministack

# ruff: noqa: SLF001 - there is no other way in

PRINCIPAL = "states.amazonaws.com"

UNTRUSTED = (
    f"Neither the global service principal {PRINCIPAL}, nor the regional one is authorized to assume the provided role."
)

_machine: contextvars.ContextVar[Mapping[str, Any] | None] = contextvars.ContextVar("machine", default=None)
"""The state machine whose task is at work."""


def install() -> None:
    """Let templates make machines with roles that Step Functions may assume, and machines call what those allow."""
    for change in ("create", "update"):
        _require_trust(change)
    _remember_machines()
    _require_permission()
    _leave_ended()


def _require_trust(change: str) -> None:
    handlers = provisioners._RESOURCE_HANDLERS["AWS::StepFunctions::StateMachine"]
    original = handlers[change]

    def trusted(*arguments: Any, **more: Any) -> Any:
        made = original(*arguments, **more)
        machine = stepfunctions._state_machines[made[0]]
        if not ministack.role_trusts(PRINCIPAL, machine["roleArn"], machine["stateMachineArn"]):
            if change == "create":
                del stepfunctions._state_machines[made[0]]
            raise ValueError(UNTRUSTED)
        return made

    handlers[change] = trusted


def _remember_machines() -> None:
    original = stepfunctions._execute_task

    def execute_task(state: Any, given: Any, execution: Mapping[str, Any], context: Any) -> Any:
        token = _machine.set(stepfunctions._state_machines.get(execution["stateMachineArn"]))
        try:
            return original(state, given, execution, context)
        finally:
            _machine.reset(token)

    stepfunctions._execute_task = execute_task


def _require_permission() -> None:
    original = stepfunctions._call_lambda

    def call_lambda(function: str, event: Any) -> Any:
        machine = _machine.get()
        if machine is not None:
            _require_invoke(machine, function)
        return original(function, event)

    stepfunctions._call_lambda = call_lambda


def _leave_ended() -> None:
    """An execution that was stopped stays `ABORTED`, whatever becomes of the function that it has called."""
    original = stepfunctions._fail_execution

    def fail(execution: Mapping[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            original(execution, error, cause)

    stepfunctions._fail_execution = fail


def _require_invoke(machine: Mapping[str, Any], function: str) -> None:
    role = machine["roleArn"]
    arn = function
    if not function.startswith("arn:"):
        arn = f"arn:aws:lambda:{ministack.region()}:{ministack.account()}:function:{function}"
    if not ministack.role_trusts(PRINCIPAL, role, machine["stateMachineArn"]):
        raise stepfunctions._ExecutionError("States.TaskFailed", UNTRUSTED)
    try:
        ministack.Caller(_access_key(role)).require("lambda:InvokeFunction", arn)
    except AccessDeniedError as error:
        raise stepfunctions._ExecutionError("Lambda.AWSLambdaException", error.message) from None


@functools.cache
def _access_key(role: str) -> str:
    return ministack.open_session(role, "states").access_key
