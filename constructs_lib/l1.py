"""L1 constructs of the CDK, made without importing the Python module that declares them.

What CloudFormation makes itself shall be in the construct tree as what it is: tags, aspects, cdk-nag and everybody's
rules look for an `aws_lambda.CfnFunction`, not for a `CfnResource`. But `import aws_cdk.aws_lambda` takes over a second
and 200 MiB, and only to declare classes of Python: the construct itself is one of JavaScript, and is made there by the
name of its type. Whoever then meets it from Python, an aspect or `node.default_child`, is given the class of that
module; jsii imports it at that moment.

Nobody else touches the inside of jsii; `tests/constructs/test_l1.py` looks whether it still is as this file takes it.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

import aws_cdk as cdk
import jsii
from jsii import _reference_map

from .api.fields import has
from .tokens import TEXT_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from constructs import Construct


T = TypeVar("T")


class Kind(StrEnum):
    """The L1 constructs that this library makes so, and how jsii calls them."""

    ALARM = "aws_cloudwatch.CfnAlarm"
    ENDPOINT = "aws_sagemaker.CfnEndpoint"
    ENDPOINT_CONFIG = "aws_sagemaker.CfnEndpointConfig"
    FUNCTION = "aws_lambda.CfnFunction"
    LOG_GROUP = "aws_logs.CfnLogGroup"
    SCALABLE_TARGET = "aws_applicationautoscaling.CfnScalableTarget"
    SCALING_POLICY = "aws_applicationautoscaling.CfnScalingPolicy"
    STATE_MACHINE = "aws_stepfunctions.CfnStateMachine"


def create(kind: Kind, scope: Construct, construct_id: str, properties: Mapping[str, Any]) -> cdk.CfnResource:
    """An L1 construct, with its properties as CloudFormation spells them.

    A reference to another resource must be text (`get_att(...).to_string()`).

    Returns:
        The construct. In Python this object is a `CfnResource`, which is all that this library needs of it.
    """
    resource: cdk.CfnResource = cdk.CfnResource.__new__(cdk.CfnResource)
    made = _as_fits(properties, lambda given: jsii.create(_type_of(kind), resource, [scope, construct_id, given]))
    # Else jsii would hand this very object to whoever meets the construct.
    _reference_map._refs._refs.pop(made.ref)  # noqa: SLF001 - the reason for this file
    return resource


def change(resource: cdk.CfnResource, **properties: Any) -> None:
    """Set properties of such a construct, as CloudFormation spells them."""
    for name, value in properties.items():
        _as_fits({name: value}, lambda given: [jsii.set(resource, *each) for each in given.items()])


def _as_fits(properties: Mapping[str, Any], use: Callable[[dict[str, Any]], T]) -> T:
    """Use properties, with tokens encoded as what the properties' types are, which only jsii knows.

    A token may stand as text where a number belongs, or be an object. What is a token as a whole may hold either: jsii
    does not look into it.
    """
    tokens = [name for name, value in properties.items() if _is_token(value)]
    spelled = _spelled(properties)
    if not tokens and not any(map(_holds_token, properties.values())):
        return use(spelled)
    late = {_camel(name): _spelled(value, opaque=True) for name, value in properties.items()}
    ways: list[Callable[[], dict[str, Any]]] = [
        lambda: spelled,
        lambda: late | {_camel(name): cdk.Token.as_string(properties[name]) for name in tokens},
        lambda: late | {_camel(name): cdk.Token.as_number(cdk.Token.as_any(properties[name])) for name in tokens},
    ]
    refused: RuntimeError | None = None
    for given in ways:
        try:
            return use(given())
        except RuntimeError as error:
            refused = refused or error
    raise refused or RuntimeError(str(properties))


def _is_token(value: object) -> bool:
    """Whether a value is a token: text with one in it, or an object."""
    return TEXT_TOKEN.search(value) is not None if isinstance(value, str) else has(value, "resolve", "creation_stack")


def _holds_token(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_token, value.values()))
    return any(map(_holds_token, value)) if isinstance(value, (list, tuple)) else _is_token(value)


@cache
def _type_of(kind: Kind) -> Any:
    """What jsii reads of a class."""
    return type(kind.name, (), {"__jsii_type__": f"aws-cdk-lib.{kind}"})


_VERBATIM: Final = {"Definition", "Variables"}
"""Properties whose own keys are the user's, not CloudFormation's."""


def _spelled(value: Any, *, opaque: bool = False) -> Any:
    """Keys as JavaScript spells them; a key that it does not know would be left out without a word.

    Args:
        value: A property, or some.
        opaque: Make a token of each structure that holds one.
    """
    if isinstance(value, dict):
        spelled = {
            _camel(key): each if key in _VERBATIM else _spelled(each, opaque=opaque) for key, each in value.items()
        }
        return cdk.Token.as_any(spelled) if opaque and _holds_token(value) else spelled
    if isinstance(value, (list, tuple)):
        return [_spelled(each, opaque=opaque) for each in value]
    return value


_ACRONYM: Final = re.compile(r"(?<=[A-Z])[A-Z]+(?![a-z])")


@cache
def _camel(name: str) -> str:
    return name[0].lower() + _ACRONYM.sub(lambda found: found[0].lower(), name)[1:]
