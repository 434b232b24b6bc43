"""The one guard against judging a value that is only known at deploy time."""

import math
import re
from functools import cache
from typing import Annotated, Any, Final, TypeGuard

import aws_cdk as cdk

from .api.fields import Limits, described, has, raise_if_any, seconds_of, value_problems

TEXT_TOKEN: Final = re.compile(r"[$#]\{Token\[[a-zA-Z0-9:._-]+\]\}")
"""How the CDK encodes a token in text (``$``), and a list that is a token as its only item (``#``)."""

_NUMBER_MARK: Final = -1e280
"""CDK encodes number tokens as doubles around -1.9e289; no real limit of any API comes near."""


def is_token(value: object) -> bool:
    """Whether a value is a token, or text with a token in it.

    Text, numbers and lists are looked at here: asking jsii costs 0.4 ms, and nearly no value is a token.
    """
    if isinstance(value, str):
        return TEXT_TOKEN.search(value) is not None
    if isinstance(value, bool):
        return False
    if isinstance(value, (int, float)):
        # What is not finite ends the jsii process.
        return isinstance(value, float) and -math.inf < value < _NUMBER_MARK and bool(cdk.Token.is_unresolved(value))
    if isinstance(value, (list, tuple)):
        return len(value) == 1 and isinstance(value[0], str) and value[0].startswith("#") and is_token(value[0])
    # A `Path` and a `Stack` have a `resolve` too.
    return has(value, "resolve", "creation_stack")


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a value is a whole number that is known now."""
    return isinstance(value, int) and not isinstance(value, bool) and not is_token(value)


def known_seconds(span: Any) -> float | None:
    """A span of time in seconds; None where there is none, or it is no span, or only known at deploy time."""
    if not has(span, "to_seconds") or (has(span, "is_unresolved") and span.is_unresolved()):
        return None
    seconds = seconds_of(span)
    return None if is_token(seconds) else seconds


def place(what: str, scope: object, construct_id: object) -> str:
    """Where a construct is to live, for messages: `AutoMLJob 'Stack/Job'`.

    Raises:
        ValueError: `scope` is no construct, or `construct_id` no id.
    """
    wrong = value_problems(construct_id, ConstructId, is_token=is_token, path="construct_id")
    if is_token(construct_id):
        wrong.append("'construct_id' is part of logical ids, so it cannot be a token")
    if not has(scope, "node"):
        wrong.append(f"'scope' must be a construct, got {described(scope)}")
    raise_if_any(wrong, what)
    return f"{what} '{path_of(scope)}/{construct_id}'"


@cache
def path_of(construct: Any) -> str:
    """The path of a construct in its app; that stays, and to ask is two calls to jsii."""
    path: str = construct.node.path
    return path


ConstructId = Annotated[str, Limits(min_length=1)]
