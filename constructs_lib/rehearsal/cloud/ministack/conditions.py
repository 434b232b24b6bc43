"""Conditions on what CloudFormation itself knows, such as `AWS::StackName`, which MiniStack's know nothing of.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ministack.core import responses
from ministack.services.cloudformation import changesets, engine, handlers, stacks

# ruff: noqa: SLF001 - there is no other way in

_STACK: ContextVar[str] = ContextVar("stack", default="")
"""The name of the stack that a request is about; the tasks that it begins know it too."""


def install() -> None:
    """Let conditions know the stack's name, its account and its region."""
    original = engine._evaluate_conditions

    def evaluate(template: dict[str, Any], parameters: dict[str, Any]) -> dict[str, bool]:
        known = {
            "AWS::StackName": _STACK.get(),
            "AWS::AccountId": responses.get_account_id(),
            "AWS::Region": responses.get_region(),
        }
        evaluated: dict[str, bool] = original(
            template, {**parameters, **{name: {"Value": value} for name, value in known.items()}}
        )
        return evaluated

    engine._evaluate_conditions = stacks._evaluate_conditions = evaluate
    handlers._evaluate_conditions = changesets._evaluate_conditions = evaluate
    for action, handler in handlers._ACTION_HANDLERS.items():
        handlers._ACTION_HANDLERS[action] = _knowing(handler)


def _knowing(handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def handle(parameters: Any) -> Any:
        name = handlers._p(parameters, "StackName")
        with about(name.split("/")[1] if name.startswith("arn:") else name):
            return handler(parameters)

    return handle


@contextmanager
def about(stack_name: str) -> Iterator[None]:
    """Let what is done meanwhile be about a stack."""
    before = _STACK.set(stack_name)
    try:
        yield
    finally:
        _STACK.reset(before)
