"""Exports that another stack imports, which CloudFormation keeps as they are and MiniStack does not.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
"""

from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, stacks

# ruff: noqa: SLF001 - there is no other way in


def install() -> None:
    """Let an update fail that changes such an export, or takes it away."""
    original = stacks._resolve_stack_outputs

    def resolve(outputs: Any, conditions: Any, resources: Any, parameters: Any, mappings: Any, *stack: str) -> Any:
        resolved, exports = original(outputs, conditions, resources, parameters, mappings, *stack)
        _, stack_id = stack
        for name, before in list(cloudformation._exports.items()):
            if before["StackId"] == stack_id and exports.get(name, {}).get("Value") != before["Value"]:
                _refuse_if_imported(name, "updated" if name in exports else "deleted")
        return resolved, exports

    stacks._resolve_stack_outputs = resolve


def _refuse_if_imported(export: str, done: str) -> None:
    users = [
        name
        for name, stack in cloudformation._stacks.items()
        if not stack["StackStatus"].startswith("DELETE_") and export in handlers._imported_export_names(stack, name)
    ]
    if users:
        raise ValueError(f"Export {export} cannot be {done} as it is in use by {', '.join(sorted(users))}")
