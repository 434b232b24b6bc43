"""The request model equals botocore's, both ways and all the way down."""

import dataclasses
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, ServiceModel, StringShape, StructureShape

from constructs_lib.api import enums, shapes
from constructs_lib.api.fields import Kind, Limits, Seconds, Shape, fields_of
from constructs_lib.api.request import CreateAutoMLJob

REQUIRED_HERE_ONLY = {
    "InputDataConfig[].DataSource": "the API takes a channel without a source, which can train nothing",
}
"""Members that we require and botocore does not, with the reason."""

REQUIRED_THERE_ONLY = {
    "AutoMLJobName": "the Lambda function makes a fresh name, unless the user gives one",
}
"""Members that botocore requires and we do not, with the reason."""

NOT_OFFERED: dict[str, str] = {}
"""Members of botocore's model that the library does not offer, with the reason."""

SCALARS = {str: "string", int: "integer", float: "float", bool: "boolean", Seconds: "integer"}


def botocore_input(operation: str) -> StructureShape:
    model = botocore.session.get_session().get_service_model("sagemaker")
    return model.operation_model(operation).input_shape


def differences(ours: type[Shape], theirs: StructureShape) -> list[str]:
    return list(_shape(ours, theirs, ""))


def _shape(ours: type[Shape], theirs: StructureShape, path: str) -> Iterator[str]:
    fields = {field.api.wire: field for field in fields_of(ours)}
    for name in theirs.members:
        if name not in fields and _join(path, name) not in NOT_OFFERED:
            yield f"{_join(path, name)}: botocore has it, we do not"
    for name, field in fields.items():
        own_path = _join(path, name)
        if name not in theirs.members:
            yield f"{own_path}: we have it, botocore does not"
            continue
        required = name in theirs.required_members
        if field.required != required and own_path not in (
            REQUIRED_HERE_ONLY if field.required else REQUIRED_THERE_ONLY
        ):
            yield f"{own_path}: required is {field.required}, botocore says {required}"
        yield from _value(field.kind, theirs.members[name], own_path)


def _value(kind: Kind, theirs: Any, path: str) -> Iterator[str]:
    if issubclass(kind.type, Shape):
        if theirs.type_name != "structure":
            yield f"{path}: we have a structure, botocore a {theirs.type_name}"
        else:
            yield from _shape(kind.type, theirs, path)
        return
    if kind.type is tuple:
        if theirs.type_name != "list":
            yield f"{path}: we have a list, botocore a {theirs.type_name}"
            return
        yield from _limits(kind.limits, theirs, path, "min_items", "max_items")
        assert kind.item is not None
        yield from _value(kind.item, theirs.member, f"{path}[]")
        return
    if issubclass(kind.type, StrEnum):
        if list(theirs.enum) and set(kind.type) != set(theirs.enum):
            yield f"{path}: enum {sorted(set(kind.type) ^ set(theirs.enum))} differ"
        if not theirs.enum and not kind.open:
            yield f"{path}: we have an enum, botocore has none"
        return
    if theirs.type_name != SCALARS[kind.type]:
        yield f"{path}: we have {SCALARS[kind.type]}, botocore {theirs.type_name}"
    if getattr(theirs, "enum", None):
        yield f"{path}: botocore has an enum, we have none"
    if isinstance(theirs, StringShape):
        yield from _limits(kind.limits, theirs, path, "min_length", "max_length")
        pattern = theirs.metadata.get("pattern")
        if kind.limits.pattern != pattern:
            yield f"{path}: pattern {kind.limits.pattern!r}, botocore says {pattern!r}"
    elif theirs.type_name != "boolean":
        yield from _limits(kind.limits, theirs, path, "at_least", "at_most")


def _limits(limits: Limits, theirs: Any, path: str, low: str, high: str) -> Iterator[str]:
    for name, key in ((low, "min"), (high, "max")):
        mine, other = getattr(limits, name), theirs.metadata.get(key)
        if (mine or None) != (other or None):  # a minimum of 0 says nothing of a length, and of our numbers
            yield f"{path}: {name} {mine}, botocore says {other}"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@pytest.mark.parametrize("request_type", [CreateAutoMLJob])
def test_the_model_equals_botocores(request_type: type[CreateAutoMLJob]) -> None:
    assert differences(request_type, botocore_input(request_type.OPERATION)) == []


def test_every_listed_exception_is_still_one() -> None:
    model = botocore_input("CreateAutoMLJob")
    for path in [*REQUIRED_HERE_ONLY, *REQUIRED_THERE_ONLY, *NOT_OFFERED]:
        here: Any = model
        *parents, name = path.split(".")
        for parent in parents:
            here = here.members[parent.removesuffix("[]")]
            here = here.member if isinstance(here, ListShape) else here
        assert name in here.members, f"botocore no longer has {path}"
        assert (name in here.required_members) == (path in REQUIRED_THERE_ONLY)


def planted(shape: str, change: dict[str, Any]) -> StructureShape:
    """botocore's model with one shape changed."""
    loader = botocore.session.get_session().get_component("data_loader")
    raw = loader.load_service_model("sagemaker", "service-2")
    raw = {**raw, "shapes": {**raw["shapes"], shape: {**raw["shapes"][shape], **change}}}
    return ServiceModel(raw, "sagemaker").operation_model("CreateAutoMLJob").input_shape


@pytest.mark.parametrize(
    ("shape", "change", "told"),
    [
        ("MaxCandidates", {"max": 700}, "AutoMLJobConfig.CompletionCriteria.MaxCandidates: at_most 750"),
        ("VpcSecurityGroupIds", {"max": 6}, "AutoMLJobConfig.SecurityConfig.VpcConfig.SecurityGroupIds: max_items 5"),
        ("SubnetId", {"pattern": "x"}, "AutoMLJobConfig.SecurityConfig.VpcConfig.Subnets[]: pattern"),
        ("AutoMLMode", {"enum": ["AUTO", "NEW"]}, "AutoMLJobConfig.Mode: enum"),
        ("AutoMLDataSource", {"required": []}, "InputDataConfig[].DataSource.S3DataSource: required is True"),
        (
            "AutoMLDataSplitConfig",
            {"members": {"ValidationFraction": {"shape": "ValidationFraction"}, "New": {"shape": "Boolean"}}},
            "AutoMLJobConfig.DataSplitConfig.New: botocore has it, we do not",
        ),
        ("ModelDeployConfig", {"members": {}}, "ModelDeployConfig.EndpointName: we have it, botocore does not"),
        ("ValidationFraction", {"type": "integer"}, "DataSplitConfig.ValidationFraction: we have float"),
    ],
)
def test_a_planted_difference_is_told_by_its_path(shape: str, change: dict[str, Any], told: str) -> None:
    found = differences(CreateAutoMLJob, planted(shape, change))
    assert any(told in line for line in found), found


def test_a_planted_wrong_limit_of_ours_is_told() -> None:
    field = next(f for f in fields_of(shapes.CompletionCriteria) if f.name == "max_candidates")
    kind = dataclasses.replace(field.kind, limits=dataclasses.replace(field.kind.limits, at_most=700))
    theirs = botocore_input("CreateAutoMLJob").members["AutoMLJobConfig"].members["CompletionCriteria"]
    told = list(_value(kind, theirs.members["MaxCandidates"], "MaxCandidates"))
    assert told == ["MaxCandidates: at_most 700, botocore says 750"]


def test_enums_that_are_no_field_equal_botocores() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    assert set(enums.ProblemType) == set(model.shape_for("ProblemType").enum)
