"""What a template says, held against botocore's model of the calls that it leads to."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import botocore.session
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

Template = Mapping[str, Any]

CALLS: Final = {
    "Custom::SageMakerAutoMLModel": ("sagemaker", "CreateModel"),
    "Custom::SageMakerAutoMLTransform": ("sagemaker", "CreateTransformJob"),
    "Custom::SageMakerAutoMLModelPackage": ("sagemaker", "CreateModelPackage"),
    "AWS::SageMaker::EndpointConfig": ("sagemaker", "CreateEndpointConfig"),
    "AWS::SageMaker::Endpoint": ("sagemaker", "UpdateEndpoint"),
    "AWS::ApplicationAutoScaling::ScalableTarget": ("application-autoscaling", "RegisterScalableTarget"),
    "AWS::ApplicationAutoScaling::ScalingPolicy": ("application-autoscaling", "PutScalingPolicy"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm"),
}
"""The call that a resource leads to; its properties, or its `Request`, have the call's own names."""

LATE: Final = "later"
"""What the lazy text among the odd values becomes: nobody knows before."""

_SCHEDULED: Final = ("application-autoscaling", "PutScheduledAction")
_NO_TEXT: Final = re.compile(r"\[object |[$#]\{Token\[\w[^]]*\]\}|Token\[TOKEN|\ufffd|[\ud800-\udfff]")
_INTRINSIC: Final = re.compile(r"Ref|Fn::\w+")


@cache
def _input_of(service: str, operation: str) -> StructureShape:
    return botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape


def faults(template: Template) -> Iterator[str]:
    """What no service would take."""
    if found := _NO_TEXT.search(json.dumps(template, ensure_ascii=False)):
        yield f"the template has {found[0]!r} in it"
    for resource in template.get("Resources", {}).values():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind == "Custom::SageMakerAutoMLJob":
            yield from _wrong(properties["Request"], _input_of("sagemaker", properties["Operation"]), "Request")
        elif kind in CALLS:
            yield from _wrong(properties.get("Request", properties), _input_of(*CALLS[kind]), kind)
        for action in properties.get("ScheduledActions", ()):
            yield from _wrong(action, _input_of(*_SCHEDULED), "ScheduledActions")


def _wrong(value: object, shape: Shape, path: str) -> Iterator[str]:
    if value == LATE:  # what a lazy token says when all else is done
        return
    if isinstance(value, dict) and len(value) == 1 and _INTRINSIC.fullmatch(next(iter(value))):
        if "Fn::Split" in value and not isinstance(shape, ListShape):
            yield f"{path} is a list, and no {shape.type_name}"
    elif isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            yield f"{path} is no structure: {value!r}"
            return
        for name, member in shape.members.items():
            if name in value:
                yield from _wrong(value[name], member, f"{path}.{name}")
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            yield f"{path} is no list: {value!r}"
            return
        yield from _out_of(shape, len(value), path)
        for item in value:
            yield from _wrong(item, shape.member, f"{path}[]")
    elif isinstance(shape, MapShape):
        if not isinstance(value, dict):
            yield f"{path} is no map: {value!r}"
            return
        for key, item in value.items():
            yield from _wrong(key, shape.key, f"{path} (a key)")
            yield from _wrong(item, shape.value, f"{path}.{key}")
    elif isinstance(shape, StringShape):
        yield from _wrong_text(value, shape, path)
    elif shape.type_name == "boolean":
        if not isinstance(value, bool):
            yield f"{path} is no boolean: {value!r}"
    elif shape.type_name in ("integer", "long", "float", "double"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield f"{path} is no number: {value!r}"
            return
        if shape.type_name in ("integer", "long") and value != int(value):
            yield f"{path} is no whole number: {value!r}"
        if shape.type_name == "integer" and abs(value) >= 2**31:
            yield f"{path} is no 32-bit number: {value!r}"
        yield from _out_of(shape, value, path)


def _wrong_text(value: object, shape: StringShape, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{path} is no text: {value!r}"
        return
    yield from _out_of(shape, len(value), path)
    if shape.enum and value not in shape.enum and "nstanceType" not in path and "MetricName" not in path:
        yield f"{path} is none of {shape.enum}: {value!r}"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.search(r"\\[pu]", pattern) and not re.fullmatch(pattern, value, re.ASCII):
        yield f"{path} does not match {pattern}: {value[:80]!r}"


def _out_of(shape: Shape, size: float, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < float(least):
        yield f"{path} is below {least}: {size}"
    if most is not None and size > float(most):
        yield f"{path} is above {most}: {size}"
