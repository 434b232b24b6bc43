"""V1 requests become V2 requests and come back the same, and what cannot be said is refused."""

from typing import Any

import pytest
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from constructs_lib.api.fields import Malformed, fields_of, parse, wire_paths
from constructs_lib.api.migration import COLUMNS, mapping, v1_request, v2_request
from constructs_lib.api.problem_types import Tabular
from constructs_lib.api.request import CreateAutoMLJob, CreateAutoMLJobV2, findings
from constructs_lib.api.shapes import AutoMLChannel, AutoMLJobChannel

from .botocore_model import input_of
from .requests import (
    FORECAST,
    GENERATION,
    IMAGES,
    REQUEST,
    TABULAR,
    TEXTS,
    is_token,
    sound_values,
    with_value,
    without_empty,
)

SLOW = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)

V1, V2 = input_of("CreateAutoMLJob"), input_of("CreateAutoMLJobV2")


def same_columns_in_all_channels(request: dict[str, Any]) -> dict[str, Any]:
    first = request["InputDataConfig"][0]
    names = ("TargetAttributeName", "SampleWeightAttributeName")
    columns = {name: first[name] for name in names if name in first}
    others = [{key: item for key, item in c.items() if key not in names} for c in request["InputDataConfig"]]
    return {**request, "InputDataConfig": [{**channel, **columns} for channel in others]}


V1_REQUESTS = sound_values(V1).map(same_columns_in_all_channels)

MEMBERS = V2.members
TABULAR_REQUESTS = st.fixed_dictionaries(
    {
        **{name: sound_values(MEMBERS[name]) for name in V2.required_members},
        "AutoMLProblemTypeConfig": st.fixed_dictionaries(
            {"TabularJobConfig": sound_values(MEMBERS["AutoMLProblemTypeConfig"].members["TabularJobConfig"])}
        ),
    },
    optional={
        name: sound_values(MEMBERS[name])
        for name in MEMBERS
        if name not in V2.required_members and name != "AutoMLComputeConfig"
    },
)


def valid(document: dict[str, Any], shape: Any) -> bool:
    return not ParamValidator().validate(document, shape).has_errors()


@SLOW
@given(V1_REQUESTS)
def test_a_v1_request_becomes_a_v2_request_and_comes_back(v1: dict[str, Any]) -> None:
    v2 = v2_request(v1)
    assert valid(v2, V2)
    back = v1_request(v2)
    assert valid(back, V1)
    assert without_empty(back) == without_empty(v1)


@SLOW
@given(TABULAR_REQUESTS)
def test_a_tabular_v2_request_becomes_a_v1_request_and_comes_back(v2: dict[str, Any]) -> None:
    v1 = v1_request(v2)
    assert valid(v1, V1)
    back = v2_request(v1)
    assert valid(back, V2)
    assert without_empty(back) == without_empty(v2)


@SLOW
@given(V1_REQUESTS)
def test_the_rules_say_the_same_of_both(v1: dict[str, Any]) -> None:
    before = findings(parse(CreateAutoMLJob, v1), is_token=is_token)
    after = findings(parse(CreateAutoMLJobV2, v2_request(v1)), is_token=is_token)
    assert len(after.errors) == len(before.errors)
    assert list(after.warnings) == list(before.warnings)


def test_each_value_moves_to_its_place() -> None:
    job = REQUEST["AutoMLJobConfig"]
    channel = REQUEST["InputDataConfig"][0]
    moved = ("TargetAttributeName", "SampleWeightAttributeName")
    assert v2_request(REQUEST) == {
        "AutoMLJobName": "churn",
        "AutoMLJobInputDataConfig": [{name: item for name, item in channel.items() if name not in moved}],
        "OutputDataConfig": REQUEST["OutputDataConfig"],
        "AutoMLProblemTypeConfig": {
            "TabularJobConfig": {
                "TargetAttributeName": "churned",
                "SampleWeightAttributeName": "weight",
                "ProblemType": "BinaryClassification",
                "Mode": "ENSEMBLING",
                "CompletionCriteria": job["CompletionCriteria"],
                "CandidateGenerationConfig": {"AlgorithmsConfig": job["CandidateGenerationConfig"]["AlgorithmsConfig"]},
                "FeatureSpecificationS3Uri": "s3://bucket/features.json",
                "GenerateCandidateDefinitionsOnly": False,
            }
        },
        "AutoMLJobObjective": {"MetricName": "AUC"},
        "DataSplitConfig": {"ValidationFraction": 0.2},
        "SecurityConfig": job["SecurityConfig"],
        "RoleArn": REQUEST["RoleArn"],
        "Tags": REQUEST["Tags"],
        "ModelDeployConfig": {"EndpointName": "churn"},
    }


def test_a_name_may_be_missing_on_both_sides() -> None:
    nameless = {key: item for key, item in REQUEST.items() if key != "AutoMLJobName"}
    assert "AutoMLJobName" not in v2_request(nameless)
    assert v1_request(v2_request(nameless)) == nameless


def test_no_field_of_v1_is_lost() -> None:
    """A field that has no namesake would be dropped without a word."""
    v1 = {field.name for field in fields_of(CreateAutoMLJob)} | {field.name for field in fields_of(AutoMLChannel)}
    v2 = {field.name for shape in (CreateAutoMLJobV2, Tabular, AutoMLJobChannel) for field in fields_of(shape)}
    assert v1 <= v2
    assert v2 - v1 == {"problem", "emr_serverless_role_arn"}
    assert COLUMNS == ("target_attribute", "sample_weight_attribute")


def test_the_mapping_has_every_member_of_v1_and_names_members_of_v2() -> None:
    assert set(mapping()) == set(wire_paths(CreateAutoMLJob).values())
    assert set(mapping().values()) <= set(wire_paths(CreateAutoMLJobV2, Tabular).values())
    assert mapping()["InputDataConfig[0].TargetAttributeName"] == (
        "AutoMLProblemTypeConfig.TabularJobConfig.TargetAttributeName"
    )


OTHER = {**REQUEST["InputDataConfig"][0], "ChannelType": "validation"}


@pytest.mark.parametrize(
    ("v1", "sentence"),
    [
        (with_value("RoleArn", None), "'RoleArn' is required"),
        (with_value("InputDataConfig", []), "'InputDataConfig' must have at least 1 item, got 0"),
        (
            {**REQUEST, "AutoMLProblemTypeConfig": {}},
            "'AutoMLProblemTypeConfig' is not a member of the request (did you mean 'AutoMLJobConfig'?)",
        ),
        *(
            (
                with_value("InputDataConfig", [REQUEST["InputDataConfig"][0], {**OTHER, **change}]),
                "the channels must name the same target and sample weight: V2 names them once",
            )
            for change in (
                {"TargetAttributeName": "left"},
                {"SampleWeightAttributeName": "other"},
                {"SampleWeightAttributeName": None},
            )
        ),
    ],
)
def test_what_v2_cannot_say_is_refused(v1: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Malformed) as raised:
        v2_request(v1)
    assert raised.value.problems == [sentence]


@pytest.mark.parametrize(
    ("v2", "sentences"),
    [
        (IMAGES, ["V1 knows TabularJobConfig only, got ImageClassificationJobConfig"]),
        (TEXTS, ["V1 knows TabularJobConfig only, got TextClassificationJobConfig"]),
        (GENERATION, ["V1 knows TabularJobConfig only, got TextGenerationJobConfig"]),
        (
            {
                **FORECAST,
                "AutoMLComputeConfig": {"EmrServerlessComputeConfig": {"ExecutionRoleARN": REQUEST["RoleArn"]}},
            },
            [
                "V1 knows TabularJobConfig only, got TimeSeriesForecastingJobConfig",
                "V1 has no AutoMLComputeConfig",
            ],
        ),
        (
            {
                **TABULAR,
                "AutoMLComputeConfig": {"EmrServerlessComputeConfig": {"ExecutionRoleARN": REQUEST["RoleArn"]}},
            },
            ["V1 has no AutoMLComputeConfig"],
        ),
        (with_value("RoleArn", None, TABULAR), ["'RoleArn' is required"]),
    ],
)
def test_what_v1_cannot_say_is_refused(v2: dict[str, Any], sentences: list[str]) -> None:
    with pytest.raises(Malformed) as raised:
        v1_request(v2)
    assert raised.value.problems == sentences
