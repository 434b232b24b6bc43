"""What the rules are told of a request."""

import dataclasses
from typing import Any

import pytest

from constructs_lib.api import shapes
from constructs_lib.api.enums import ChannelType
from constructs_lib.api.fields import SecondsValue, Words, parse
from constructs_lib.api.request import CreateAutoMLJob, findings
from constructs_lib.api.rules import UNKNOWN, ChannelFacts, JobFacts

from .test_fields import LIST_TOKEN, NUMBER_TOKEN, REQUEST, is_token

FEATURES = {"age": "numeric"}


def facts_of(request: CreateAutoMLJob) -> dict[str, Any]:
    facts = request.facts(FEATURES, is_token, Words.PROPS)
    return {field.name: getattr(facts, field.name) for field in dataclasses.fields(JobFacts) if field.name != "name"}


MINIMAL = CreateAutoMLJob(
    input_data_config=(parse(CreateAutoMLJob, REQUEST).input_data_config[0],),
    output_data_config=shapes.OutputDataConfig(s3_output_path="s3://bucket/out"),
    role_arn="arn:aws:iam::123456789012:role/automl",
)

CHANNEL = ChannelFacts(
    data_type="S3Prefix",  # type: ignore[arg-type]  # a parsed request has the plain text
    channel_type=ChannelType.TRAINING,
    compression="None",  # type: ignore[arg-type]
    content_type="text/csv;header=present",
    target="churned",
    sample_weight="weight",
)


def test_each_fact_is_read_off_its_own_field() -> None:
    assert facts_of(parse(CreateAutoMLJob, REQUEST)) == {
        "channels": (CHANNEL,),
        "output_path": "s3://bucket/out",
        "problem_type": "BinaryClassification",
        "objective": "AUC",
        "mode": "ENSEMBLING",
        "algorithms": ("lightgbm", "catboost"),
        "features": FEATURES,
        "validation_fraction": 0.2,
        "max_runtime_per_training_job": 1800,
        "max_runtime": 14400,
        "candidate_definitions_only": False,
        "deploys": True,
        "auto_endpoint_name": None,
        "endpoint_name": "churn",
        "tag_keys": ("team",),
    }
    auto_named = dataclasses.replace(MINIMAL, model_deploy_config=shapes.ModelDeployConfig.auto_named())
    assert facts_of(auto_named)["auto_endpoint_name"] is True


def test_what_is_not_set_is_none() -> None:
    facts = facts_of(MINIMAL)
    assert facts == {
        **dict.fromkeys(facts),
        "channels": (CHANNEL,),
        "output_path": "s3://bucket/out",
        "features": FEATURES,
        "deploys": False,
        "tag_keys": (),
    }


@pytest.mark.parametrize(
    ("changes", "fact", "value"),
    [
        ({"problem_type": "${Token[TOKEN.1]}"}, "problem_type", UNKNOWN),
        ({"problem_type": "Guess"}, "problem_type", UNKNOWN),
        ({"objective": shapes.Objective(metric_name=5)}, "objective", UNKNOWN),  # type: ignore[arg-type]
        ({"objective": "AUC"}, "objective", UNKNOWN),
        ({"job_config": {"Mode": "AUTO"}}, "mode", UNKNOWN),
        ({"job_config": shapes.ModelDeployConfig()}, "mode", UNKNOWN),
        ({"output_data_config": None}, "output_path", UNKNOWN),
        ({"input_data_config": "s3://bucket"}, "channels", ()),
        ({"tags": (shapes.Tag(key="a", value=""), "b")}, "tag_keys", ("a",)),
    ],
)
def test_what_is_wrong_by_itself_is_unknown_to_the_rules(changes: dict[str, Any], fact: str, value: object) -> None:
    assert facts_of(dataclasses.replace(MINIMAL, **changes))[fact] == value


@pytest.mark.parametrize(
    ("algorithms", "known"),
    [
        (("xgboost", "${Token[TOKEN.1]}"), ("xgboost", UNKNOWN)),
        (LIST_TOKEN, UNKNOWN),
        ((), ()),
        (("xgbost",), None),
        ("mlp", None),
    ],
)
def test_of_a_list_each_item_may_be_unknown_or_all_of_it(algorithms: Any, known: object) -> None:
    config = shapes.AutoMLJobConfig(
        candidate_generation_config=shapes.CandidateGenerationConfig(
            algorithms_config=(shapes.AlgorithmsConfig(algorithms=algorithms),)
        )
    )
    assert facts_of(dataclasses.replace(MINIMAL, job_config=config))["algorithms"] == known


@pytest.mark.parametrize(("seconds", "known"), [(60.0, 60), (NUMBER_TOKEN, UNKNOWN), (1.5, UNKNOWN), (0, UNKNOWN)])
def test_a_span_of_time_is_known_in_seconds(seconds: float, known: object) -> None:
    criteria = shapes.CompletionCriteria(max_runtime=SecondsValue(seconds))
    request = dataclasses.replace(MINIMAL, job_config=shapes.AutoMLJobConfig(completion_criteria=criteria))
    assert facts_of(request)["max_runtime"] == known


def test_a_request_is_judged_by_the_rules_in_either_vocabulary() -> None:
    request = dataclasses.replace(MINIMAL, model_deploy_config=shapes.ModelDeployConfig())
    weights = "needs {} 'ENSEMBLING', got no mode"
    endpoint = "give either '{0}.{1}' or '{0}.{2}' as True, got neither"
    assert findings(request, is_token=is_token).errors == [
        "'sample_weight_attribute' " + weights.format("'mode'"),
        endpoint.format("model_deploy_config", "endpoint_name", "auto_generate_endpoint_name"),
    ]
    assert findings(request, is_token=is_token, words=Words.WIRE).errors == [
        "'InputDataConfig[0].SampleWeightAttributeName' " + weights.format("'AutoMLJobConfig.Mode'"),
        endpoint.format("ModelDeployConfig", "EndpointName", "AutoGenerateEndpointName"),
    ]


def test_doubts_are_warnings_under_the_name_of_their_rule() -> None:
    path = "s3://bucket/" + "x" * 117
    request = dataclasses.replace(
        MINIMAL,
        input_data_config=(dataclasses.replace(MINIMAL.input_data_config[0], sample_weight_attribute=None),),
        output_data_config=shapes.OutputDataConfig(s3_output_path=path),
    )
    found = findings(request, is_token=is_token)
    assert found.errors == []
    assert list(found.warnings) == ["output_path_is_short_enough_for_all_pages"]
