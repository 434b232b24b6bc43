"""The requests equal botocore's model, both ways and all the way down."""

import dataclasses
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, cast

import pytest
from botocore.model import ListShape, MapShape, StringShape, StructureShape
from botocore.model import Shape as BotocoreShape

from constructs_lib.api import enums, shapes
from constructs_lib.api.fields import Api, Branch, Field, Kind, Limits, Seconds, Shape, fields_of, tree_of
from constructs_lib.api.request import CreateAutoMLJob, CreateAutoMLJobV2

from .botocore_model import Changes, input_of, service, structures, with_new_member

REQUESTS: tuple[type[Shape], ...] = (CreateAutoMLJob, CreateAutoMLJobV2)
OPERATIONS = (CreateAutoMLJob.OPERATION, CreateAutoMLJobV2.OPERATION)

REQUIRED_HERE_ONLY = {
    "InputDataConfig[].DataSource": "the API takes a channel without a source, which can train nothing",
    "AutoMLJobInputDataConfig[].DataSource": "the API takes a channel without a source, which can train nothing",
}
"""Members that we require and botocore does not, with the reason."""

REQUIRED_THERE_ONLY = {
    "AutoMLJobName": "the Lambda function makes a fresh name, unless the user gives one",
}
"""Members that botocore requires and we do not, with the reason."""

NOT_OFFERED: dict[str, str] = {}
"""Members of botocore's model that the library does not offer, by path, with the reason."""

SCALARS = {str: "string", int: "integer", float: "float", bool: "boolean", Seconds: "integer"}


def differences(
    ours: type[Shape], theirs: StructureShape, path: str = "", not_offered: dict[str, str] = NOT_OFFERED
) -> list[str]:
    """Each place where a shape and botocore's structure are not the same."""
    return list(_Comparison(not_offered).shape(ours, theirs, path))


class _Comparison:
    def __init__(self, not_offered: dict[str, str]) -> None:
        self._not_offered = not_offered

    def shape(self, ours: type[Shape], theirs: BotocoreShape, path: str) -> Iterator[str]:
        yield from self._branch(tree_of(ours), theirs, path, required=True)

    def _branch(self, ours: Branch, theirs: BotocoreShape, path: str, *, required: bool) -> Iterator[str]:
        """A structure, whose members a shape names; `required` tells whether it is always there in a sound request."""
        if ours.in_list:
            if not isinstance(theirs, ListShape):
                yield f"{path}: we have a list, botocore a {theirs.type_name}"
                return
            if theirs.metadata.get("max") != 1:
                yield f"{path}: we allow one item, botocore {theirs.metadata.get('max')}"
            path, theirs = f"{path}[]", theirs.member
        if not isinstance(theirs, StructureShape):
            yield f"{path}: we have a structure, botocore a {theirs.type_name}"
            return
        if not required and theirs.required_members and len(theirs.members) > 1:
            yield f"{path}: is optional and has required members, so it must be a shape of its own"
        for name in theirs.members:
            if name not in ours.members and _joined(path, name) not in self._not_offered:
                yield f"{_joined(path, name)}: botocore has it, we do not"
        for name, member in ours.members.items():
            own_path = _joined(path, name)
            if name not in theirs.members:
                yield f"{own_path}: we have it, botocore does not"
                continue
            needed = required and (name in theirs.required_members or own_path in REQUIRED_HERE_ONLY)
            if isinstance(member, Branch):
                yield from self._branch(member, theirs.members[name], own_path, required=needed)
            else:
                yield from self._field(member, theirs.members[name], own_path, required=needed)

    def _field(self, ours: Field, theirs: BotocoreShape, path: str, *, required: bool) -> Iterator[str]:
        if ours.required != (required and path not in REQUIRED_THERE_ONLY):
            yield f"{path}: required is {ours.required}, botocore says {required}"
        yield from self._value(ours.kind, theirs, path)

    def _value(self, kind: Kind, theirs: Any, path: str) -> Iterator[str]:
        if kind.members:
            yield from self._union(kind, theirs, path)
        elif issubclass(kind.type, Shape):
            yield from self.shape(kind.type, theirs, path)
        elif kind.type is tuple:
            if not isinstance(theirs, ListShape):
                yield f"{path}: we have a list, botocore a {theirs.type_name}"
                return
            yield from _limits(kind.limits, theirs, path, "min_items", "max_items")
            yield from self._value(_known(kind.item), theirs.member, f"{path}[]")
        elif kind.type is dict:
            if not isinstance(theirs, MapShape):
                yield f"{path}: we have a map, botocore a {theirs.type_name}"
                return
            yield from _limits(kind.limits, theirs, path, "min_items", "max_items")
            yield from self._value(_known(kind.key), theirs.key, f"{path}{{key}}")
            yield from self._value(_known(kind.item), theirs.value, f"{path}{{}}")
        elif issubclass(kind.type, StrEnum):
            yield from _enum(kind, theirs, path)
        else:
            yield from _scalar(kind, theirs, path)

    def _union(self, kind: Kind, theirs: BotocoreShape, path: str) -> Iterator[str]:
        if not isinstance(theirs, StructureShape) or not theirs.is_tagged_union:
            yield f"{path}: we have a union, botocore a {theirs.type_name}"
            return
        ours = {member._MEMBER: member for member in kind.members}
        for name in theirs.members:
            if name not in ours and _joined(path, name) not in self._not_offered:
                yield f"{_joined(path, name)}: botocore has it, we do not"
        for name, member in ours.items():
            if name not in theirs.members:
                yield f"{_joined(path, name)}: we have it, botocore does not"
            else:
                yield from self.shape(member, theirs.members[name], _joined(path, name))


def _enum(kind: Kind, theirs: Any, path: str) -> Iterator[str]:
    if not getattr(theirs, "enum", None):
        yield f"{path}: we have an enum, botocore has none"
    elif different := set(cast("type[StrEnum]", kind.type)) ^ set(theirs.enum):
        yield f"{path}: enum {sorted(different)} differ"


def _scalar(kind: Kind, theirs: Any, path: str) -> Iterator[str]:
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


def _known(kind: Kind | None) -> Kind:
    assert kind is not None
    return kind


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


# ----------------------------------------------------------------------------------------------------------- the model


@pytest.mark.parametrize(("request_type", "operation"), list(zip(REQUESTS, OPERATIONS, strict=True)))
def test_the_request_equals_botocores(request_type: type[Shape], operation: str) -> None:
    assert differences(request_type, input_of(operation)) == []


def test_every_listed_exception_is_still_one_and_has_a_reason() -> None:
    stale = {*REQUIRED_HERE_ONLY, *REQUIRED_THERE_ONLY, *NOT_OFFERED}
    for operation in OPERATIONS:
        for path, structure in structures(input_of(operation)):
            for name in structure.members:
                own = _joined(path, name)
                required = name in structure.required_members
                if own in NOT_OFFERED or required == (own in REQUIRED_THERE_ONLY):
                    stale.discard(own)
    assert stale == set()
    assert all({**REQUIRED_HERE_ONLY, **REQUIRED_THERE_ONLY, **NOT_OFFERED}.values())


def test_enums_that_are_no_field_equal_botocores() -> None:
    """The content types and feature types stand in no enum of botocore's: their AWS pages are their source."""
    free = {enums.ContentType, enums.FeatureType}
    fields = {kind.type for request in REQUESTS for kind in kinds(request) if issubclass(kind.type, StrEnum)}
    ours = {value for value in vars(enums).values() if isinstance(value, type) and value.__module__ == enums.__name__}
    assert ours == fields | free


def kinds(shape: type[Shape]) -> Iterator[Kind]:
    """What the fields of a request hold, all the way down."""
    pending = [field.kind for field in fields_of(shape)]
    while pending:
        kind = pending.pop()
        yield kind
        pending += [inner for inner in (kind.item, kind.key) if inner is not None]
        for inner_shape in (*kind.members, *([kind.type] if issubclass(kind.type, Shape) else [])):
            pending += [field.kind for field in fields_of(inner_shape)] if inner_shape is not Shape else []


# ----------------------------------------------------------------------------------------------- that it is a real test

STRUCTURES = [(operation, *place) for operation in OPERATIONS for place in structures(input_of(operation))]


@pytest.mark.parametrize(
    ("operation", "path", "structure"), STRUCTURES, ids=[f"{operation}-{path}" for operation, path, _ in STRUCTURES]
)
def test_a_member_that_a_newer_botocore_adds_is_told_by_its_path(
    operation: str, path: str, structure: StructureShape
) -> None:
    request_type = REQUESTS[OPERATIONS.index(operation)]
    theirs = input_of(operation, with_new_member(structure.name))
    new = _joined(path, "BrandNew")
    found = differences(request_type, theirs)
    assert f"{new}: botocore has it, we do not" in found
    same = {p for o, p, s in STRUCTURES if o == operation and s.name == structure.name}
    excused = {_joined(p, "BrandNew"): "not offered, for a reason" for p in same}
    left = differences(request_type, theirs, not_offered=excused)
    assert all("must be a shape of its own" in line for line in left), left


SERIES = "AutoMLProblemTypeConfig.TimeSeriesForecastingJobConfig"
GENERATION = "AutoMLProblemTypeConfig.TextGenerationJobConfig"
TABULAR = "AutoMLProblemTypeConfig.TabularJobConfig"


@pytest.mark.parametrize(
    ("request_type", "changes", "told"),
    [
        (CreateAutoMLJob, {"MaxCandidates": {"max": 700}}, "AutoMLJobConfig.CompletionCriteria.MaxCandidates: at_most"),
        (
            CreateAutoMLJob,
            {"VpcSecurityGroupIds": {"max": 6}},
            "AutoMLJobConfig.SecurityConfig.VpcConfig.SecurityGroupIds: max_items 5",
        ),
        (
            CreateAutoMLJob,
            {"SubnetId": {"pattern": "x"}},
            "AutoMLJobConfig.SecurityConfig.VpcConfig.Subnets[]: pattern",
        ),
        (CreateAutoMLJob, {"AutoMLMode": {"enum": ["AUTO", "NEW"]}}, "AutoMLJobConfig.Mode: enum"),
        (CreateAutoMLJob, {"AutoMLMetricEnum": {"enum": ["AUC"]}}, "AutoMLJobObjective.MetricName: enum"),
        (
            CreateAutoMLJob,
            {"AutoMLDataSource": {"required": []}},
            "InputDataConfig[].DataSource.S3DataSource.S3DataType: required is True",
        ),
        (CreateAutoMLJob, {"ModelDeployConfig": {"members": {}}}, "ModelDeployConfig.EndpointName: we have it"),
        (
            CreateAutoMLJob,
            {"ValidationFraction": {"type": "integer"}},
            "AutoMLJobConfig.DataSplitConfig.ValidationFraction: we have float",
        ),
        (
            CreateAutoMLJob,
            {"AutoMLAlgorithmsConfig": {"max": 2}},
            "AutoMLJobConfig.CandidateGenerationConfig.AlgorithmsConfig: we allow one item, botocore 2",
        ),
        (CreateAutoMLJobV2, {"SampleWeightAttributeName": {"max": 99}}, f"{TABULAR}.SampleWeightAttributeName: max"),
        (CreateAutoMLJobV2, {"ForecastHorizon": {"max": 500}}, f"{SERIES}.ForecastHorizon: at_most None"),
        (CreateAutoMLJobV2, {"ForecastQuantiles": {"max": 9}}, f"{SERIES}.ForecastQuantiles: max_items 5"),
        (CreateAutoMLJobV2, {"ForecastQuantile": {"min": 3}}, f"{SERIES}.ForecastQuantiles[]: min_length 2"),
        (CreateAutoMLJobV2, {"FillingTransformations": {"max": 9}}, f"{SERIES}.Transformations.Filling: max_items 50"),
        (
            CreateAutoMLJobV2,
            {"TransformationAttributeName": {"max": 9}},
            f"{SERIES}.Transformations.Filling{{key}}: max_length 256",
        ),
        (
            CreateAutoMLJobV2,
            {"FillingTransformationMap": {"max": 7}},
            f"{SERIES}.Transformations.Filling{{}}: max_items 6",
        ),
        (CreateAutoMLJobV2, {"FillingType": {"enum": ["x"]}}, f"{SERIES}.Transformations.Filling{{}}{{key}}: enum"),
        (
            CreateAutoMLJobV2,
            {"FillingTransformationValue": {"pattern": "x"}},
            f"{SERIES}.Transformations.Filling{{}}{{}}: pattern",
        ),
        (
            CreateAutoMLJobV2,
            {"AggregationTransformationValue": {"enum": ["sum"]}},
            f"{SERIES}.Transformations.Aggregation{{}}: enum",
        ),
        (CreateAutoMLJobV2, {"HolidayConfig": {"max": 3}}, f"{SERIES}.HolidayConfig: we allow one item, botocore 3"),
        (CreateAutoMLJobV2, {"CountryCode": {"max": 3}}, f"{SERIES}.HolidayConfig[].CountryCode: max_length 2"),
        (
            CreateAutoMLJobV2,
            {"TimeSeriesConfig": {"required": ["TargetAttributeName"]}},
            f"{SERIES}.TimeSeriesConfig.TimestampAttributeName: required is True, botocore says False",
        ),
        (
            CreateAutoMLJobV2,
            {"TextGenerationHyperParameters": {"max": 31}},
            f"{GENERATION}.TextGenerationHyperParameters: max_items 30",
        ),
        (
            CreateAutoMLJobV2,
            {"TextGenerationHyperParameterKey": {"max": 31}},
            f"{GENERATION}.TextGenerationHyperParameters{{key}}: max_length 32",
        ),
        (CreateAutoMLJobV2, {"AcceptEula": {"type": "string"}}, f"{GENERATION}.ModelAccessConfig.AcceptEula: we have"),
        (CreateAutoMLJobV2, {"AutoMLProblemTypeConfig": {"union": False}}, "AutoMLProblemTypeConfig: we have a union"),
        (
            CreateAutoMLJobV2,
            {"AutoMLProblemTypeConfig": {"members": {"TabularJobConfig": {"shape": "TabularJobConfig"}}}},
            f"{GENERATION}: we have it, botocore does not",
        ),
        (
            CreateAutoMLJobV2,
            {"TimeSeriesTransformations": {"required": ["Filling"]}},
            f"{SERIES}.Transformations: is optional and has required members, so it must be a shape of its own",
        ),
        (
            CreateAutoMLJobV2,
            {"EmrServerlessComputeConfig": {"members": {}}},
            "AutoMLComputeConfig.EmrServerlessComputeConfig.ExecutionRoleARN: we have it, botocore does not",
        ),
    ],
)
def test_a_planted_difference_is_told_by_its_path(request_type: type[Any], changes: Changes, told: str) -> None:
    found = differences(request_type, input_of(request_type.OPERATION, changes))
    assert any(line.startswith(told) for line in found), found


def test_a_planted_wrong_limit_of_ours_is_told() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Wrong(shapes.CompletionCriteria):
        max_candidates: Annotated[int | None, Api("MaxCandidates", at_least=1, at_most=700)] = None

    theirs = service().shape_for("AutoMLJobCompletionCriteria")
    assert differences(Wrong, theirs, "Here") == ["Here.MaxCandidates: at_most 700, botocore says 750"]


def test_an_optional_structure_with_required_members_cannot_be_flat() -> None:
    """Half of it would be a request that the service refuses."""

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Flat(Shape):
        volume_kms_key_id: Annotated[shapes.KmsKeyId | None, Api("VolumeKmsKeyId")] = None
        encrypt: Annotated[bool | None, Api("EnableInterContainerTrafficEncryption")] = None
        groups: Annotated[
            list[shapes.SecurityGroupId] | None, Api("VpcConfig.SecurityGroupIds", min_items=1, max_items=5)
        ] = None
        subnets: Annotated[list[shapes.SubnetId] | None, Api("VpcConfig.Subnets", min_items=1, max_items=16)] = None

    assert differences(Flat, service().shape_for("AutoMLSecurityConfig")) == [
        "VpcConfig: is optional and has required members, so it must be a shape of its own"
    ]
