"""What things are called: names that people can recognize, and that stay when the app around a stack changes."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import aws_cdk as cdk

from .tokens import is_token

if TYPE_CHECKING:
    from constructs import IConstruct


def deployed_path(construct: IConstruct, stack: cdk.Stack | None = None) -> str:
    """The path of a construct in what is deployed: the stack's name, and what lies below that stack.

    Of a nested stack it is the name of the outermost one, below which it lies. `node.path` is another as soon as a
    deployed stack moves into a stage, or its construct gets another id; two stacks that are told apart by `stack_name`
    alone have the same.

    Args:
        construct: The construct.
        stack: Its stack, where that is known: to ask for it is a call to jsii.
    """
    stack = construct if isinstance(construct, cdk.Stack) else stack or cdk.Stack.of(construct)
    name, path = _outermost(stack)
    return name + construct.node.path.removeprefix(path)


@cache
def _outermost(stack: cdk.Stack) -> tuple[str, str]:
    """The name and the path of the stack that a stack is deployed with."""
    parent = stack.nested_stack_parent
    return (stack.stack_name, stack.node.path) if parent is None else _outermost(parent)


def slug(text: str, length: int, fallback: str) -> str:
    """Lower-case letters, digits and hyphens of a text, for a name that people can recognize."""
    if is_token(text):
        return fallback[:length]
    cleaned = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return cleaned[:length].rstrip("-") or fallback[:length]


def plain(text: str) -> str:
    """A text as a description: construct ids may hold any letter, EC2 and IAM take ASCII only, EC2 up to 255."""
    return re.sub(r"[^A-Za-z0-9 ._/-]", "_", text)[:255]
