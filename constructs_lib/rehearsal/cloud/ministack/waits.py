"""What CloudFormation does about wait conditions and MiniStack does not; this module, too, knows MiniStack's inside.

MiniStack makes one resource after the other and shows each only once it is complete. A deployment that waits can be
neither cancelled nor deleted there: it looks for such a wish between two resources only, and for a deletion never.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import cloudformation, stepfunctions
from ministack.services.cloudformation import engine, handlers, provisioners, stacks, wait_conditions

from constructs_lib.rehearsal.cloud.ministack import nested

# ruff: noqa: SLF001 - there is no other way in

_CANCELLED = "Resource creation cancelled"
_MARK = "cancelled by the deployment"
"""Id of the signal that ends a wait from inside."""

_RECEIVED = "Received "
"""How the reason of an event begins that tells of a signal."""

_STACK = "AWS::CloudFormation::Stack"
_CONDITION = "AWS::CloudFormation::WaitCondition"
_DELETING = "DELETE_IN_PROGRESS"
_POLL = 0.05
Handle = Callable[[Mapping[str, Any]], Any]


def install() -> None:
    """Let resources in progress be seen, waits be cancelled, and state machines end with what runs in them."""
    _wait_after_all_else()
    _show_resources_in_progress()
    _name_cancelled_waits()
    ended = _note_ends_of_deleted_stacks()
    _end_waits_of_cancelled_updates()
    _end_waits_of_deleted_stacks(ended)
    _end_executions_of_deleted_state_machines()
    _tell_of_clean_ups()


def _wait_after_all_else() -> None:
    """What need not wait is made at the same time on AWS, so it comes first here."""
    original = engine._topological_sort

    def sort(resources: Mapping[str, Any], conditions: Mapping[str, Any]) -> list[str]:
        order: list[str] = original(resources, conditions)
        late: set[str] = set()
        for name in order:
            kind = resources[name].get("Type")
            may_wait = kind == _STACK or (kind == _CONDITION and "CreationPolicy" in resources[name])
            if may_wait or late.intersection(engine._extract_deps(resources[name], set(order))):
                late.add(name)
        return [name for name in order if name not in late] + [name for name in order if name in late]

    engine._topological_sort = stacks._topological_sort = sort


def _replace_action(name: str, make: Callable[[Handle], Handle]) -> None:
    handlers._ACTION_HANDLERS[name] = make(handlers._ACTION_HANDLERS[name])


def _show_resources_in_progress() -> None:
    """`DescribeStackResource` tells status and time of the latest event, also of what is not there yet or gone."""

    def make(original: Handle) -> Handle:
        def describe(parameters: Mapping[str, Any]) -> Any:
            stack = handlers._resolve_stack(handlers._p(parameters, "StackName"))
            logical_id = handlers._p(parameters, "LogicalResourceId")
            shown = _shown(stack, logical_id) if stack else None
            if not shown:
                return original(parameters)
            resources = stack["_resources"]
            stack["_resources"] = {**resources, logical_id: shown}
            try:
                return original(parameters)
            finally:
                stack["_resources"] = resources

        return describe

    _replace_action("DescribeStackResource", make)


def _shown(stack: Mapping[str, Any], logical_id: str) -> dict[str, Any] | None:
    event = _latest_event(stack, logical_id)
    if event is None:
        return None
    known = stack.get("_resources", {}).get(logical_id)
    status = event["ResourceStatus"]
    if known and event["PhysicalResourceId"] in ("", known["PhysicalResourceId"]):
        return {**known, "ResourceStatus": status, "Timestamp": event["Timestamp"]}
    if known:  # the event is about what it has replaced
        return None
    # What an update makes anew is created all the same; what was complete and is not there any more was removed.
    status = "DELETE_COMPLETE" if status.endswith("_COMPLETE") else status.replace("UPDATE_", "CREATE_")
    return {
        "PhysicalResourceId": event["PhysicalResourceId"],
        "ResourceType": event["ResourceType"],
        "ResourceStatus": status,
        "Timestamp": event["Timestamp"],
    }


def _latest_event(stack: Mapping[str, Any], logical_id: str) -> Mapping[str, Any] | None:
    """The latest that was done; that a signal was received is told perhaps only after the wait that it has ended."""
    return next(
        (
            event
            for event in reversed(cloudformation._stack_events.get(stack["StackId"], []))
            if event["LogicalResourceId"] == logical_id
            and event["ResourceType"] != _STACK
            and not event["ResourceStatusReason"].startswith(_RECEIVED)
        ),
        None,
    )


def _name_cancelled_waits() -> None:
    """A wait tells why it was ended, and does not begin in an update that was cancelled a moment before."""
    original = wait_conditions.wait_for

    def wait_for(token: str, stack_id: str, stack_name: str, logical_id: str, kind: str, *rest: Any) -> Any:
        with wait_conditions._changed:
            # From now on whoever cancels finds it; who has done so already has left a word.
            wait_conditions._waiting[stack_id, logical_id] = {
                "token": token, "stack_name": stack_name, "resource_type": kind
            }  # fmt: skip
        if any(stack.get("_cancel_requested") for stack in nested.around(stack_id)):
            _end_waits(stack_id)
        try:
            return original(token, stack_id, stack_name, logical_id, kind, *rest)
        except RuntimeError as error:
            raise RuntimeError(_CANCELLED if _MARK in str(error) else str(error)) from None

    wait_conditions.wait_for = wait_for


def _end_waits(stack_id: str) -> bool:
    """End what a stack waits for, or one that is nested in it; tells whether there was anything."""
    ended = False
    ids = {stack["StackId"] for stack in nested.tree(stack_id)}
    with wait_conditions._changed:
        for (of_stack, _), waiter in wait_conditions._waiting.items():
            if of_stack in ids and waiter["token"] in wait_conditions._handles:
                signals = wait_conditions._handles[waiter["token"]]["signals"]
                signals[_MARK] = {"Status": "FAILURE", "Reason": "", "Data": ""}
                ended = True
        wait_conditions._changed.notify_all()
    return ended


def _end_waits_of_cancelled_updates() -> None:
    def make(original: Handle) -> Handle:
        def cancel(parameters: Mapping[str, Any]) -> Any:
            answer = original(parameters)
            stack = handlers._resolve_stack(handlers._p(parameters, "StackName"))
            if stack and stack.get("_cancel_requested"):
                _end_waits(stack["StackId"])
            return answer

        return cancel

    _replace_action("CancelUpdateStack", make)


def _note_ends_of_deleted_stacks() -> dict[str, asyncio.Event]:
    """Keep a deployment from rolling back what is being deleted; returns what tells, by stack id, that it has ended."""
    ended: dict[str, asyncio.Event] = {}
    original = stacks._roll_back_operation

    async def roll_back(
        name: str, stack_id: str, stack: dict[str, Any], operation: dict[str, Any], **more: Any
    ) -> None:
        if stack_id in ended:
            ended.pop(stack_id).set()
            return
        if stack.pop("_cancel_requested", False):
            operation["cancelled"] = True
        await original(name, stack_id, stack, operation, **more)

    stacks._roll_back_operation = handlers._roll_back_operation = roll_back
    return ended


def _end_waits_of_deleted_stacks(ended: dict[str, asyncio.Event]) -> None:
    """A stack that is deleted while it is created makes nothing more; what it has made is deleted."""
    original, make = handlers._delete_stack_async, stacks._provision_keeping_seed

    def provision(resource_type: str, logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        stack = cloudformation._stacks.get(stack_name)
        if stack and nested.root_id(stack) in ended:
            raise RuntimeError(_CANCELLED)
        return make(resource_type, logical_id, properties, stack_name)

    async def delete(name: str, stack_id: str, *rest: Any, **more: Any) -> None:
        stack = cloudformation._stacks.get(name)
        if stack and stack["StackStatus"] == "CREATE_IN_PROGRESS":
            stack["StackStatus"] = _DELETING
            ended[stack_id] = over = asyncio.Event()
            _end_waits(stack_id)
            # The last resource may have been made meanwhile.
            while not over.is_set() and stack["StackStatus"] == _DELETING:
                await asyncio.sleep(_POLL)
            ended.pop(stack_id, None)
        await original(name, stack_id, *rest, **more)

    stacks._provision_keeping_seed = provision
    handlers._delete_stack_async = delete


def _end_executions_of_deleted_state_machines() -> None:
    """An execution of a state machine that is deleted ends at its next transition."""
    handlers_of_type = provisioners._RESOURCE_HANDLERS["AWS::StepFunctions::StateMachine"]
    original = handlers_of_type["delete"]

    def delete(state_machine: str, properties: Mapping[str, Any]) -> None:
        original(state_machine, properties)
        for execution in list(stepfunctions._executions.values()):
            if execution["stateMachineArn"] == state_machine and execution["status"] == "RUNNING":
                execution["status"] = "ABORTED"

    handlers_of_type["delete"] = delete


def _tell_of_clean_ups() -> None:
    """The end of an update deletes what it has removed or replaced; MiniStack tells of that only where it fails."""
    original = stacks._delete_resource

    def delete(
        resource_type: str, physical_id: str, properties: dict[str, Any], stack_name: str, logical_id: str
    ) -> None:
        stack = cloudformation._stacks.get(stack_name)
        latest = _latest_event(stack, logical_id) if stack else None
        if not stack or (latest and latest["ResourceStatus"].startswith("DELETE_")):
            original(resource_type, physical_id, properties, stack_name, logical_id)
            return
        event = (stack["StackId"], stack_name, logical_id, resource_type)
        stacks._add_event(*event, "DELETE_IN_PROGRESS", physical_id=physical_id)
        original(resource_type, physical_id, properties, stack_name, logical_id)
        stacks._add_event(*event, "DELETE_COMPLETE", physical_id=physical_id)

    stacks._delete_resource = delete
