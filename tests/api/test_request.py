"""What the rules are told of a request."""

import dataclasses
from typing import Any

import pytest

from constructs_lib.api import shapes
from constructs_lib.api.enums import ChannelType
from constructs_lib.api.fields import SecondsValue, Words, parse
from constructs_lib.api.problem_types import (
    ImageClassification,
    Tabular,
    TextClassification,
    TextGeneration,
    TimeSeriesForecasting,
)
from constructs_lib.api.request import CreateAutoMLJob, CreateAutoMLJobV2, facts, findings
from constructs_lib.api.rulebook import UNKNOWN, ChannelFacts, JobFacts

from .requests import (
    FORECAST,
    GENERATION,
    IMAGES,
    LIST_TOKEN,
    NUMBER_TOKEN,
    REQUEST,
    TABULAR,
    TEXT_TOKEN,
    TEXTS,
    is_token,
    with_value,
)

FEATURES = {"age": "numeric"}


def facts_of(request: CreateAutoMLJob | CreateAutoMLJobV2) -> dict[str, Any]:
    told = facts(request, FEATURES, is_token, Words.PROPS)
    return {field.name: getattr(told, field.name) for field in dataclasses.fields(JobFacts) if field.name != "name"}


V1 = parse(CreateAutoMLJob, REQUEST)
MINIMAL = CreateAutoMLJob(
    channels=V1.channels, s3_output_path="s3://bucket/out", role_arn="arn:aws:iam::123456789012:role/automl"
)

CHANNEL = ChannelFacts(
    data_type="S3Prefix",  # type: ignore[arg-type]  # a parsed request has the plain text
    channel_type=ChannelType.TRAINING,
    compression="None",  # type: ignore[arg-type]
    content_type="text/csv;header=present",
    target="churned",
)
COLUMNS = (("target_attribute", "churned"), ("sample_weight_attribute", "weight"))

OF_TABLES = {
    "target_attribute": None,
    "problem_type": None,
    "mode": None,
    "algorithms": None,
    "features": None,
    "sample_weight_attribute": None,
    "generate_candidate_definitions_only": None,
}
"""Tabular's own props as V1 has them: its columns are the channels'."""


def test_each_fact_is_read_off_its_own_field() -> None:
    assert facts_of(V1) == {
        "problem": Tabular,
        "settings": OF_TABLES
        | {
            "problem_type": "BinaryClassification",
            "mode": "ENSEMBLING",
            "algorithms": ("lightgbm", "catboost"),
            "features": "s3://bucket/features.json",
            "generate_candidate_definitions_only": False,
        },
        "columns": COLUMNS,
        "channels": (CHANNEL,),
        "output_path": "s3://bucket/out",
        "problem_type": "BinaryClassification",
        "objective": "AUC",
        "mode": "ENSEMBLING",
        "algorithms": ("lightgbm", "catboost"),
        "features": FEATURES,
        "validation_fraction": 0.2,
        "max_candidates": 50,
        "max_runtime_per_training_job": 1800,
        "max_runtime": 14400,
        "candidate_definitions_only": False,
        "emr_serverless": False,
        "deploys": True,
        "auto_endpoint_name": None,
        "endpoint_name": "churn",
        "tag_keys": ("team",),
    }
    auto_named = dataclasses.replace(MINIMAL, model_deploy_config=shapes.ModelDeployConfig.auto_named())
    assert facts_of(auto_named)["auto_endpoint_name"] is True


def test_what_is_not_set_is_none() -> None:
    told = facts_of(MINIMAL)
    assert told == {
        **dict.fromkeys(told),
        "problem": Tabular,
        "settings": OF_TABLES,
        "columns": COLUMNS,
        "channels": (CHANNEL,),
        "output_path": "s3://bucket/out",
        "features": FEATURES,
        "emr_serverless": False,
        "deploys": False,
        "tag_keys": (),
    }


def test_a_forecast_is_read_off_its_problem() -> None:
    told = facts_of(parse(CreateAutoMLJobV2, FORECAST))
    assert told["problem"] is TimeSeriesForecasting
    assert told["channels"] == (dataclasses.replace(CHANNEL, target=None),)
    assert told["columns"] == (
        ("target_attribute", "demand"),
        ("timestamp_attribute", "time"),
        ("item_identifier_attribute", "item"),
        ("grouping_attributes", "shop"),
        ("grouping_attributes", "country"),
    )
    assert told["settings"] == {
        "target_attribute": "demand",
        "timestamp_attribute": "time",
        "item_identifier_attribute": "item",
        "forecast_frequency": "15min",
        "forecast_horizon": 96,
        "forecast_quantiles": ("p10", "p99"),
        "grouping_attributes": ("shop", "country"),
        "filling": {
            "demand": {"frontfill": "none", "middlefill": "value", "middlefill_value": "0"},
            "price": {"futurefill": "mean"},
        },
        "aggregation": {"demand": "sum"},
        "holiday_country": "DE",
        "algorithms": ("ets", "npts"),
        "features": "s3://bucket/features.json",
    }
    assert (told["algorithms"], told["max_candidates"], told["mode"]) == (("ets", "npts"), 1, None)


@pytest.mark.parametrize(
    ("request_", "problem", "columns"),
    [
        (TABULAR, Tabular, (("target_attribute", "price"), ("sample_weight_attribute", "weight"))),
        (IMAGES, ImageClassification, ()),
        (TEXTS, TextClassification, (("content_column", "text"), ("target_label_column", "label"))),
        (GENERATION, TextGeneration, ()),
    ],
)
def test_the_columns_of_a_problem_are_told_with_their_props(
    request_: dict[str, Any], problem: type, columns: object
) -> None:
    told = facts_of(parse(CreateAutoMLJobV2, request_))
    assert (told["problem"], told["columns"]) == (problem, columns)


def test_the_columns_that_a_problem_names_are_those_that_its_data_must_have() -> None:
    def columns(request: dict[str, Any]) -> list[tuple[str, object]]:
        return list(parse(CreateAutoMLJobV2, request).problem._columns())

    assert columns(TABULAR) == [("target_attribute", "price"), ("sample_weight_attribute", "weight")]
    assert columns(IMAGES) == []
    assert columns(TEXTS) == [("content_column", "text"), ("target_label_column", "label")]
    assert columns(GENERATION) == [("problem", "input"), ("problem", "output")]
    assert columns(FORECAST) == [
        ("target_attribute", "demand"),
        ("timestamp_attribute", "time"),
        ("item_identifier_attribute", "item"),
        ("grouping_attributes", "shop"),
        ("grouping_attributes", "country"),
        ("filling", "demand"),
        ("filling", "price"),
        ("aggregation", "demand"),
    ]


def test_the_columns_of_both_channels_of_v1_are_told_once() -> None:
    document = with_value("InputDataConfig", REQUEST["InputDataConfig"] * 2)
    document["InputDataConfig"][1] = {**document["InputDataConfig"][1], "TargetAttributeName": "left"}
    told = facts_of(parse(CreateAutoMLJob, document))
    assert told["columns"] == (*COLUMNS, ("target_attribute", "left"))
    assert [channel.target for channel in told["channels"]] == ["churned", "left"]


@pytest.mark.parametrize(
    ("changes", "fact", "value"),
    [
        ({"problem_type": TEXT_TOKEN}, "problem_type", UNKNOWN),
        ({"problem_type": "Guess"}, "problem_type", UNKNOWN),
        ({"objective": 5}, "objective", UNKNOWN),
        ({"mode": ["AUTO"]}, "mode", UNKNOWN),
        ({"completion_criteria": {"MaxCandidates": 5}}, "max_candidates", UNKNOWN),
        ({"completion_criteria": shapes.ModelDeployConfig()}, "max_candidates", UNKNOWN),
        ({"s3_output_path": None}, "output_path", UNKNOWN),
        ({"channels": "s3://bucket"}, "channels", ()),
        ({"channels": "s3://bucket"}, "columns", ()),
        ({"tags": (shapes.Tag(key="a", value=""), "b")}, "tag_keys", ("a",)),
    ],
)
def test_what_is_wrong_by_itself_is_unknown_to_the_rules(changes: dict[str, Any], fact: str, value: object) -> None:
    assert facts_of(dataclasses.replace(MINIMAL, **changes))[fact] == value


@pytest.mark.parametrize(
    ("changes", "setting", "value"),
    [
        ({"filling": {TEXT_TOKEN: {"backfill": "zero"}}}, "filling", UNKNOWN),
        ({"filling": {"a": {TEXT_TOKEN: "zero"}}}, "filling", {"a": UNKNOWN}),
        ({"filling": {"a": {"backfill": TEXT_TOKEN}}}, "filling", {"a": {"backfill": UNKNOWN}}),
        ({"filling": {"a": {"backfil": "zero"}}}, "filling", UNKNOWN),
        ({"aggregation": {"a": "sum", "b": 5}}, "aggregation", UNKNOWN),
        ({"forecast_horizon": NUMBER_TOKEN}, "forecast_horizon", UNKNOWN),
        ({"forecast_quantiles": LIST_TOKEN}, "forecast_quantiles", UNKNOWN),
        ({"forecast_quantiles": ("p1", TEXT_TOKEN)}, "forecast_quantiles", ("p1", UNKNOWN)),
    ],
)
def test_of_a_map_or_list_a_part_may_be_unknown_or_all_of_it(
    changes: dict[str, Any], setting: str, value: object
) -> None:
    request = parse(CreateAutoMLJobV2, FORECAST)
    changed = dataclasses.replace(request, problem=dataclasses.replace(request.problem, **changes))
    assert facts_of(changed)["settings"][setting] == value


@pytest.mark.parametrize(
    ("algorithms", "known"),
    [
        (("xgboost", TEXT_TOKEN), ("xgboost", UNKNOWN)),
        (LIST_TOKEN, UNKNOWN),
        ((), ()),
        (("xgbost",), UNKNOWN),
        ("mlp", UNKNOWN),
    ],
)
def test_of_the_algorithms_each_may_be_unknown_or_all_of_them(algorithms: Any, known: object) -> None:
    assert facts_of(dataclasses.replace(MINIMAL, algorithms=algorithms))["algorithms"] == known


@pytest.mark.parametrize(("seconds", "known"), [(60.0, 60), (NUMBER_TOKEN, UNKNOWN), (1.5, UNKNOWN), (0, UNKNOWN)])
def test_a_span_of_time_is_known_in_seconds(seconds: float, known: object) -> None:
    criteria = shapes.CompletionCriteria(max_runtime=SecondsValue(seconds))
    assert facts_of(dataclasses.replace(MINIMAL, completion_criteria=criteria))["max_runtime"] == known


def test_a_request_is_judged_by_the_rules_in_either_vocabulary() -> None:
    request = dataclasses.replace(MINIMAL, model_deploy_config=shapes.ModelDeployConfig())
    weights = "needs {} 'ENSEMBLING', got no mode, with which a job runs as 'HYPERPARAMETER_TUNING': give {}"
    endpoint = "give either '{0}.{1}' or '{0}.{2}' as True, got neither"
    assert findings(request, is_token=is_token).errors == [
        "'sample_weight_attribute' " + weights.format("'mode'", "mode=Mode.ENSEMBLING"),
        endpoint.format("model_deploy_config", "endpoint_name", "auto_generate_endpoint_name"),
    ]
    assert findings(request, is_token=is_token, words=Words.WIRE).errors == [
        "'InputDataConfig[0].SampleWeightAttributeName' "
        + weights.format("'AutoMLJobConfig.Mode'", '"Mode": "ENSEMBLING"'),
        endpoint.format("ModelDeployConfig", "EndpointName", "AutoGenerateEndpointName"),
    ]


def test_doubts_are_warnings_under_the_name_of_their_rule() -> None:
    request = dataclasses.replace(
        MINIMAL,
        channels=(dataclasses.replace(MINIMAL.channels[0], sample_weight_attribute=None),),
        s3_output_path="s3://bucket/" + "x" * 117,
    )
    found = findings(request, is_token=is_token)
    assert found.errors == []
    assert list(found.warnings) == ["output_path_is_short_enough_for_all_pages"]
