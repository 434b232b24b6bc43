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
from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
import jsii
from jsii import _reference_map

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct


class Kind(StrEnum):
    """The L1 constructs that this library makes so, and how jsii calls them."""

    ALARM = "aws_cloudwatch.CfnAlarm"
    ENDPOINT = "aws_sagemaker.CfnEndpoint"
    ENDPOINT_CONFIG = "aws_sagemaker.CfnEndpointConfig"
    FUNCTION = "aws_lambda.CfnFunction"
    LOG_GROUP = "aws_logs.CfnLogGroup"
    RULE = "aws_events.CfnRule"
    SCALABLE_TARGET = "aws_applicationautoscaling.CfnScalableTarget"
    SCALING_POLICY = "aws_applicationautoscaling.CfnScalingPolicy"
    SCHEDULE = "aws_scheduler.CfnSchedule"
    STATE_MACHINE = "aws_stepfunctions.CfnStateMachine"


def create(kind: Kind, scope: Construct, construct_id: str, properties: Mapping[str, Any]) -> cdk.CfnResource:
    """An L1 construct, with its properties as CloudFormation spells them.

    A reference to another resource must be text (`get_att(...).to_string()`).

    Returns:
        The construct. In Python this object is a `CfnResource`, which is all that this library needs of it.
    """
    resource: cdk.CfnResource = cdk.CfnResource.__new__(cdk.CfnResource)
    made = jsii.create(_type_of(kind), resource, [scope, construct_id, _spelled(properties)])
    # Else jsii would hand this very object to whoever meets the construct.
    _reference_map._refs._refs.pop(made.ref)  # noqa: SLF001 - the reason for this file
    return resource


def change(resource: cdk.CfnResource, **properties: Any) -> None:
    """Set properties of such a construct, as CloudFormation spells them."""
    for name, value in _spelled(properties).items():
        jsii.set(resource, name, value)


@cache
def _type_of(kind: Kind) -> Any:
    """What jsii reads of a class."""
    return type(kind.name, (), {"__jsii_type__": f"aws-cdk-lib.{kind}"})


_VERBATIM: Final = {"Definition", "EventPattern", "InputPathsMap", "Variables"}
"""Properties whose own keys are the user's, not CloudFormation's."""


_NUMBERS: Final = {
    *("InitialInstanceCount", "InitialSamplingPercentage", "MaxCapacity", "MaxConcurrency", "MemorySizeInMB"),
    *("MaxConcurrentInvocationsPerInstance", "MinCapacity", "ProvisionedConcurrency", "ReservedConcurrentExecutions"),
    *("TargetValue", "VolumeSizeInGB"),
    *(f"{size}.Value" for size in ("CanarySize", "LinearStepSize", "MaximumBatchSize", "RollbackMaximumBatchSize")),
}
"""Numbers that are the user's. What is only known at deploy time may stand there as text; jsii takes none for one."""

_LISTS: Final = {"CsvContentTypes", "JsonContentTypes"}
"""Lists that are the user's."""


def _spelled(value: Any, name: str = "", around: str = "") -> Any:
    """Keys as JavaScript spells them; a key that it does not know would be left out without a word.

    Args:
        value: What stands there.
        name: The key that it stands at.
        around: The key around that one.
    """
    if isinstance(value, dict):
        return {_camel(key): each if key in _VERBATIM else _spelled(each, key, name) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_spelled(each, name, around) for each in value]
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    is_text = isinstance(value, str)
    if not _NUMBERS.isdisjoint((name, f"{around}.{name}")):
        # A token within a text is none by itself.
        return cdk.Token.as_number(cdk.Token.as_any(cdk.Fn.join("", [value])) if is_text else value)
    if is_text:
        return value
    return cdk.Token.as_list(value) if name in _LISTS else cdk.Token.as_string(value)


_ACRONYM: Final = re.compile(r"(?<=[A-Z])[A-Z]+(?![a-z])")


@cache
def _camel(name: str) -> str:
    return name[0].lower() + _ACRONYM.sub(lambda found: found[0].lower(), name)[1:]
