"""What a value in a template of an assembly refers to, through outputs of other stacks and nested ones."""

from collections.abc import Iterable
from typing import Any

from .stacks import Place, Stack


def origin(value: Any, stack: Stack, templates: tuple[str, ...], stacks: Iterable[Stack]) -> Place | None:
    """The resource that a value in a template comes from; None for text, and for what comes from elsewhere.

    Args:
        value: A property's value.
        stack: The stack it is in.
        templates: From the stack's template to the (nested) one it is in.
        stacks: All stacks of the assembly.
    """
    match value:
        case {"Fn::ImportValue": str(export)}:
            for other in stacks:
                for output in other.load((other.template,)).get("Outputs", {}).values():
                    if output.get("Export", {}).get("Name") == export:
                        return origin(output["Value"], other, (other.template,), stacks)
        case {"Fn::GetStackOutput": {"StackName": str(name), "OutputName": str(key)}}:
            for other in stacks:
                if other.name == name:
                    output = other.load((other.template,)).get("Outputs", {}).get(key, {})
                    return origin(output.get("Value"), other, (other.template,), stacks)
        case {"Fn::GetAtt": [str(name), str(attribute)]} if attribute.startswith("Outputs."):
            inner = _nested(stack, templates, name)
            output = stack.load(inner).get("Outputs", {}).get(attribute.removeprefix("Outputs."), {}) if inner else {}
            return origin(output.get("Value"), stack, inner, stacks) if inner else None
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            if name in stack.load(templates).get("Resources", {}):
                return Place(stack, templates, name)
            return _argument(name, stack, templates, stacks)
    return None


def _nested(stack: Stack, templates: tuple[str, ...], logical_id: str) -> tuple[str, ...] | None:
    file = stack.nested(stack.load(templates)["Resources"].get(logical_id, {}))
    return (*templates, file) if file else None


def _argument(parameter: str, stack: Stack, templates: tuple[str, ...], stacks: Iterable[Stack]) -> Place | None:
    """Where the parameter of a nested stack comes from."""
    outer = templates[:-1]
    if not outer:
        return None
    for resource in stack.load(outer)["Resources"].values():
        if stack.nested(resource) == templates[-1]:
            return origin(resource.get("Properties", {}).get("Parameters", {}).get(parameter), stack, outer, stacks)
    return None
