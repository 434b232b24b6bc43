"""Nested stacks as CloudFormation has them.

MiniStack makes nested stacks beside its own engine: what an update leaves as it is loses its attributes, what it
replaces is forgotten, what it removes goes before the rest has succeeded, what fails is left, and everything is deleted
whatever its `DeletionPolicy`. Here the engine does them like any other stack. What an update of one replaces or removes
stays until the whole tree is updated, so that a rollback finds it.
"""

import asyncio
import contextlib
import copy
import secrets
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from ministack.core import concurrency, responses
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, engine, handlers, helpers, provisioners, stacks

from . import conditions

# ruff: noqa: SLF001 - there is no other way in

TYPE = "AWS::CloudFormation::Stack"
_LONGEST_NAME = 128
_KEPT = (
    "_resources", "_template", "_template_body", "_resolved_params", "_conditions", "Parameters", "Tags", "Outputs",
)  # fmt: skip
"""What a rollback puts back."""

_UNDO = "_failed_operation"
"""Where the engine notes what its rollback needs."""

_HELD = "_held_clean_ups"
"""The deletions that wait for the end of the root's update."""

Stack = dict[str, Any]
Made = tuple[str, dict[str, Any]]


def install() -> None:
    """Let nested stacks be made, changed and deleted as stacks are."""
    provisioners._RESOURCE_HANDLERS[TYPE] = {
        "create": _create,
        "update": _update,
        "update_with_logical_id": True,
        "delete": _delete,
    }
    _hold_clean_ups()
    _clean_up_with_the_root()


def root_id(stack: Stack) -> str:
    """The id of the stack at the root of the tree that a stack is in: its own if it is not nested."""
    return str(stack.get("RootId", stack["StackId"]))


def tree(stack_id: str) -> list[Stack]:
    """A stack and all that are nested in it, at any depth."""
    everything = list(cloudformation._stacks.values())
    found = [stack for stack in everything if stack["StackId"] == stack_id]
    for outer in found:  # grows meanwhile
        found += [stack for stack in everything if stack.get("ParentId") == outer["StackId"]]
    return found


def around(stack_id: str) -> list[Stack]:
    """A stack and all that it is nested in, outwards."""
    by_id = {stack["StackId"]: stack for stack in list(cloudformation._stacks.values())}
    found = [by_id[stack_id]] if stack_id in by_id else []
    for inner in found:  # grows meanwhile
        found += [by_id[parent] for parent in [inner.get("ParentId")] if parent in by_id]
    return found


def _create(logical_id: str, properties: Stack, parent_name: str) -> Made:
    parent = cloudformation._stacks[parent_name]
    template, body, parameters = _read(properties, parent_name)
    end = f"-{secrets.token_hex(6).upper()}"
    name = f"{parent_name}-{logical_id}"[: _LONGEST_NAME - len(end)] + end
    *arn, _ = parent["StackId"].split("/")[0].split(":")
    stack_id = f"{':'.join(arn)}:stack/{name}/{responses.new_uuid()}"
    stack = {
        "StackName": name,
        "StackId": stack_id,
        "ParentId": parent["StackId"],
        "RootId": root_id(parent),
        "StackStatusReason": "",
        "CreationTime": responses.now_iso(),
        "Description": template.get("Description", ""),
        "Outputs": [],
        "DisableRollback": False,
        "Capabilities": parent.get("Capabilities", []),
        "_region": responses.get_region(),
        "_resources": {},
        "_template": template,
    }
    cloudformation._stacks[name] = stack
    cloudformation._stack_events[stack_id] = []
    arguments = _begin(stack, "CREATE", properties, template, body, parameters)
    _run(name, stacks._deploy_stack_async(*arguments, disable_rollback=False, tags=stack["Tags"]))
    if stack["StackStatus"] != "CREATE_COMPLETE":
        failed = _failed(stack, "CREATE_FAILED")
        _run(name, stacks._delete_stack_async(name, stack_id))
        raise ValueError(
            f"Embedded stack {stack_id} was not successfully created: "
            f"The following resource(s) failed to create: [{failed}]. "
        )
    return stack_id, _attributes(stack)


def _update(stack_id: str, old: Stack, new: Stack, parent_name: str, logical_id: str) -> Made:
    del old, logical_id
    [stack, *_] = tree(stack_id)
    if cloudformation._stacks[parent_name]["StackStatus"].startswith("UPDATE_ROLLBACK"):
        return _undo(stack)
    template, body, parameters = _read(new, parent_name)
    before = {name: copy.deepcopy(stack[name]) for name in _KEPT}
    arguments = _begin(stack, "UPDATE", new, template, body, parameters)
    stack[_HELD] = []
    with _holding(stack):
        _run(
            stack["StackName"],
            stacks._deploy_stack_async(
                *arguments, disable_rollback=True, tags=stack["Tags"], is_update=True, previous_stack=before
            ),
        )
    if stack["StackStatus"] != "UPDATE_COMPLETE":
        raise ValueError(
            f"Embedded stack {stack_id} was not successfully updated. Currently in UPDATE_ROLLBACK_IN_PROGRESS with "
            f"reason: The following resource(s) failed to update: [{_failed(stack, 'UPDATE_FAILED')}]. "
        )
    order = stacks._topological_sort(template["Resources"], stack["_conditions"])
    made = [name for name in order if name in stack["_resources"]]
    stack[_UNDO] = stacks._failed_operation(
        is_update=True, previous_stack=before, created=made, failed_update=None, failed_logical_id=None,
        replaced_ids=[], cancelled=False, template=template, param_values=parameters, retain_except_on_create=False,
        stack_tags=stack["Tags"], previous_tags=before["Tags"],
    )  # fmt: skip
    return stack_id, _attributes(stack)


def _undo(stack: Stack) -> Made:
    """Take an update back whose root has failed, or the stack itself."""
    stack[_HELD] = []
    operation = stack.pop(_UNDO)
    _run(stack["StackName"], stacks._roll_back_operation(stack["StackName"], stack["StackId"], stack, operation))
    stack["_conditions"] = operation["previous_stack"]["_conditions"]
    if stack["StackStatus"] != "UPDATE_ROLLBACK_COMPLETE":
        raise ValueError(f"Embedded stack {stack['StackId']} was not rolled back: {stack['StackStatusReason']}")
    return stack["StackId"], _attributes(stack)


def _delete(stack_id: str, properties: Stack) -> None:
    del properties
    [stack, *_] = tree(stack_id)
    if stack["StackStatus"] == "DELETE_COMPLETE":
        return
    _run(stack["StackName"], stacks._delete_stack_async(stack["StackName"], stack_id))
    if stack["StackStatus"] != "DELETE_COMPLETE":
        raise ValueError(
            f"Embedded stack {stack_id} was not successfully deleted: "
            f"The following resource(s) failed to delete: [{_failed(stack, 'DELETE_FAILED')}]. "
        )


def _read(properties: Stack, parent_name: str) -> tuple[Stack, str, Stack]:
    """The template, also as text, and the values of its parameters."""
    url = properties["TemplateURL"]
    body, problem = helpers._resolve_template({"TemplateURL": [url]})
    if problem is not None or not body:
        raise ValueError(f"Failed to fetch the template of a nested stack: {url}")
    template = engine._parse_template(body)
    provisioners._check_nested_stack_capabilities(parent_name, template)
    given = [{"Key": key, "Value": str(value)} for key, value in properties.get("Parameters", {}).items()]
    return template, body, engine._resolve_parameters(template, given)


def _begin(
    stack: Stack, verb: str, properties: Stack, template: Stack, body: str, parameters: Stack
) -> tuple[str, str, Stack, Stack]:
    """Note what the stack is to become; returns what the engine wants to know."""
    stack |= {
        "StackStatus": f"{verb}_IN_PROGRESS",
        "LastUpdatedTime": responses.now_iso(),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value["Value"], "NoEcho": value["NoEcho"]}
            for key, value in parameters.items()
        ],
        "Tags": [tag for tag in properties.get("Tags", []) if not tag["Key"].startswith("aws:")],
        "_template_body": body,
        "_resolved_params": parameters,
    }
    name, stack_id = stack["StackName"], stack["StackId"]
    with conditions.about(name):
        stack["_conditions"] = engine._evaluate_conditions(template, parameters)
    stacks._add_event(stack_id, name, name, TYPE, stack["StackStatus"], physical_id=stack_id)
    return name, stack_id, template, parameters


def _run(name: str, coroutine: Coroutine[Any, Any, None]) -> None:
    """Nested stacks are done on threads of their own, which have no loop yet."""
    with conditions.about(name):
        asyncio.run(coroutine)


def _attributes(stack: Stack) -> dict[str, Any]:
    return {f"Outputs.{output['OutputKey']}": output["OutputValue"] for output in stack["Outputs"]}


def _failed(stack: Stack, status: str) -> str:
    """The resources that failed in the stack's latest operation."""
    names = []
    for event in reversed(cloudformation._stack_events[stack["StackId"]]):
        if event["PhysicalResourceId"] == stack["StackId"] and event["ResourceStatus"] == f"{status[:6]}_IN_PROGRESS":
            break
        if event["ResourceStatus"] == status and event["LogicalResourceId"] != stack["StackName"]:
            names.append(event["LogicalResourceId"])
    return ", ".join(reversed(names))


# The clean-up after an update

_holding_now: set[str] = set()


@contextlib.contextmanager
def _holding(stack: Stack) -> Iterator[None]:
    _holding_now.add(stack["StackName"])
    try:
        yield
    finally:
        _holding_now.remove(stack["StackName"])


def _hold_clean_ups() -> None:
    """Keep the engine from deleting at the end of a nested stack's update: the root does that."""
    original: Callable[..., None] = stacks._delete_resource

    def delete(resource_type: str, physical_id: str, properties: Stack, stack_name: str, logical_id: str) -> None:
        arguments = (resource_type, physical_id, properties, stack_name, logical_id)
        if stack_name in _holding_now:
            cloudformation._stacks[stack_name][_HELD].append(arguments)
            return
        _say_that_it_cleans_up(cloudformation._stacks.get(stack_name))
        original(*arguments)

    stacks._delete_resource = delete


def _say_that_it_cleans_up(stack: Stack | None) -> None:
    """The engine deletes what an update has replaced or removed before it calls that a clean-up."""
    if stack is not None and stack.get("StackStatus") == "UPDATE_IN_PROGRESS":
        stack["StackStatus"] = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
        name, stack_id = stack["StackName"], stack["StackId"]
        stacks._add_event(stack_id, name, name, TYPE, stack["StackStatus"], physical_id=stack_id)


def _clean_up_with_the_root() -> None:
    original = stacks._deploy_stack_async

    async def deploy(name: str, stack_id: str, *rest: Any, **more: Any) -> None:
        await original(name, stack_id, *rest, **more)
        root = cloudformation._stacks[name]
        if root["StackStatus"] != "UPDATE_COMPLETE":
            return
        # Nobody has seen the end yet: there was no `await` since.
        events = cloudformation._stack_events[stack_id]
        end = events.pop()
        root["StackStatus"] = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
        stacks._add_event(stack_id, name, name, TYPE, root["StackStatus"], physical_id=stack_id)
        for stack in reversed(tree(stack_id)):
            stack.pop(_UNDO, None)
            for arguments in stack.pop(_HELD, ()):
                await _clean_up(stack, *arguments)
        root["StackStatus"] = "UPDATE_COMPLETE"
        events.append({**end, "Timestamp": responses.now_iso()})

    handlers._deploy_stack_async = changesets._deploy_stack_async = deploy


async def _clean_up(stack: Stack, resource_type: str, physical_id: str, *rest: Any) -> None:
    try:
        await concurrency.run_reentrant(stacks._delete_resource, resource_type, physical_id, *rest)
    except Exception as error:  # a stack whose clean-up fails is updated all the same
        *_, name, logical_id = rest
        event = (stack["StackId"], name, logical_id, resource_type)
        stacks._add_event(*event, "DELETE_FAILED", str(error), physical_id)
