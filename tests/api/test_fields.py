"""How a shape is rendered, checked and parsed, and the words in which it is all said."""

import json
import sys
import unicodedata
from dataclasses import dataclass, replace
from typing import Annotated, Any

import pytest
from botocore.model import ListShape, StructureShape
from botocore.model import Shape as BotocoreShape
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from constructs_lib.api import shapes
from constructs_lib.api.enums import Algorithm, ContentType, Metric, Mode, ProblemType, S3DataType
from constructs_lib.api.fields import (
    Api,
    Limits,
    Malformed,
    SecondsValue,
    Shape,
    Words,
    described,
    fields_of,
    hint,
    number,
    parse,
    problems,
    raise_if_any,
    render,
    shorten,
    wire_paths,
)
from constructs_lib.api.problem import Problem
from constructs_lib.api.problem_types import AnyProblem, Tabular
from constructs_lib.api.request import CreateAutoMLJob, CreateAutoMLJobV2, findings

from .botocore_model import input_of
from .requests import (
    LIST_TOKEN,
    NUMBER_TOKEN,
    REQUEST,
    TEXT_TOKEN,
    V2_REQUESTS,
    LateValue,
    is_token,
    put,
    sound_values,
    with_value,
    without_empty,
)


def said(path: str, value: object, words: Words = Words.PROPS) -> list[str]:
    """What is wrong with `REQUEST` with another value at a path."""
    return problems(parse(CreateAutoMLJob, with_value(path, value)), is_token=is_token, words=words)


# ---------------------------------------------------------------------------------------------------- types and limits


def paths_of(shape: BotocoreShape, path: str = "") -> set[str]:
    """The path of every value that is no structure."""
    if isinstance(shape, StructureShape):
        return {p for name, member in shape.members.items() for p in paths_of(member, f"{path}.{name}")}
    if isinstance(shape, ListShape) and isinstance(shape.member, StructureShape):
        return paths_of(shape.member, f"{path}[0]")
    return {path[1:]}


def leaves(document: Any, shape: BotocoreShape, path: str = "") -> set[str]:
    """The path of every value of a document that is no structure."""
    if isinstance(shape, StructureShape):
        return {p for name, item in document.items() for p in leaves(item, shape.members[name], f"{path}.{name}")}
    if isinstance(shape, ListShape) and isinstance(shape.member, StructureShape):
        return leaves(document[0], shape.member, f"{path}[0]")
    return {path[1:]}


def test_the_sample_requests_have_every_member_and_nothing_is_wrong_with_them() -> None:
    v1, v2 = input_of("CreateAutoMLJob"), input_of("CreateAutoMLJobV2")
    assert paths_of(v1) - leaves(REQUEST, v1) == {"ModelDeployConfig.AutoGenerateEndpointName"}  # or a name, not both
    assert paths_of(v2) - {p for request in V2_REQUESTS.values() for p in leaves(request, v2)} == {
        "ModelDeployConfig.AutoGenerateEndpointName",
        "AutoMLComputeConfig.EmrServerlessComputeConfig.ExecutionRoleARN",
    }
    v2_requests = [parse(CreateAutoMLJobV2, request) for request in V2_REQUESTS.values()]
    requests: list[AnyRequest] = [parse(CreateAutoMLJob, REQUEST), *v2_requests]
    for request in requests:
        found = findings(request, is_token=is_token)
        assert (found.errors, found.warnings) == ([], {})


AnyRequest = CreateAutoMLJob | CreateAutoMLJobV2
VALUES = {
    request.OPERATION: sound_values(input_of(request.OPERATION)) for request in (CreateAutoMLJob, CreateAutoMLJobV2)
}

CRITERIA = "AutoMLJobConfig.CompletionCriteria"
VPC = "AutoMLJobConfig.SecurityConfig.VpcConfig"
ALGORITHMS = "AutoMLJobConfig.CandidateGenerationConfig.AlgorithmsConfig"


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("AutoMLJobName", "", "'job_name' must not be empty"),
        ("AutoMLJobName", "x" * 33, f"'job_name' must have at most 32 characters, got 33: '{'x' * 33}'"),
        ("AutoMLJobName", "my_job", "'job_name' must match [a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}, got 'my_job'"),
        ("AutoMLJobName", "my-job-", "'job_name' must match [a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}, got 'my-job-'"),
        ("AutoMLJobName", "job\n", "'job_name' must match [a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}, got 'job\\n'"),
        ("AutoMLJobName", 7, "'job_name' must be text, got 7 (int)"),
        ("RoleArn", "admin", "'role' must have at least 20 characters, got 5: 'admin'"),
        (
            "RoleArn",
            "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/automl",
            r"'role' must match arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+, "
            "got 'arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/automl'",
        ),
        (
            "OutputDataConfig.S3OutputPath",
            "bucket/out",
            "'output' must match (https|s3)://([^/]+)/?(.*), got 'bucket/out'",
        ),
        (
            "OutputDataConfig.S3OutputPath",
            "s3://" + "b" * 1020,
            f"'output' must have at most 1024 characters, got 1025: 's3://{'b' * 34}...{'b' * 36}'",
        ),
        (
            "OutputDataConfig.KmsKeyId",
            "alias/my.key",
            "'output.encryption_key' must match [a-zA-Z0-9:/_-]*, got 'alias/my.key'",
        ),
        (
            "ProblemType",
            "binaryclassification",
            "'problem_type' must be one of 'BinaryClassification', 'MulticlassClassification', 'Regression', "
            "got 'binaryclassification' (did you mean 'BinaryClassification'?)",
        ),
        (
            "AutoMLJobConfig.Mode",
            True,
            "'mode' must be one of 'AUTO', 'ENSEMBLING', 'HYPERPARAMETER_TUNING', got True (bool)",
        ),
        (f"{CRITERIA}.MaxCandidates", 0, "'completion_criteria.max_candidates' must be at least 1, got 0"),
        (f"{CRITERIA}.MaxCandidates", 751, "'completion_criteria.max_candidates' must be at most 750, got 751"),
        (
            f"{CRITERIA}.MaxCandidates",
            True,
            "'completion_criteria.max_candidates' must be a whole number, got True (bool)",
        ),
        (
            f"{CRITERIA}.MaxCandidates",
            5.0,
            "'completion_criteria.max_candidates' must be a whole number, got 5.0 (float)",
        ),
        (
            f"{CRITERIA}.MaxCandidates",
            "5",
            "'completion_criteria.max_candidates' must be a whole number, got '5' (str)",
        ),
        (
            f"{CRITERIA}.MaxAutoMLJobRuntimeInSeconds",
            0,
            "'completion_criteria.max_runtime' must be at least 1, got 0 seconds",
        ),
        (
            f"{CRITERIA}.MaxAutoMLJobRuntimeInSeconds",
            1.5,
            "'completion_criteria.max_runtime' must be a whole number of seconds, got 1.5",
        ),
        (
            f"{CRITERIA}.MaxAutoMLJobRuntimeInSeconds",
            "3600",
            "'completion_criteria.max_runtime' must be a Duration, got '3600' (str)",
        ),
        (
            f"{CRITERIA}.MaxAutoMLJobRuntimeInSeconds",
            True,
            "'completion_criteria.max_runtime' must be a Duration, got True (bool)",
        ),
        ("AutoMLJobConfig.DataSplitConfig.ValidationFraction", 2, "'validation_fraction' must be at most 1, got 2"),
        ("AutoMLJobConfig.DataSplitConfig.ValidationFraction", -1, "'validation_fraction' must be at least 0, got -1"),
        (
            "AutoMLJobConfig.DataSplitConfig.ValidationFraction",
            "0.2",
            "'validation_fraction' must be a number, got '0.2' (str)",
        ),
        (
            "AutoMLJobConfig.DataSplitConfig.ValidationFraction",
            False,
            "'validation_fraction' must be a number, got False (bool)",
        ),
        (
            "AutoMLJobConfig.SecurityConfig.EnableInterContainerTrafficEncryption",
            "true",
            "'encrypt_inter_container_traffic' must be True or False, got 'true' (str)",
        ),
        (
            "GenerateCandidateDefinitionsOnly",
            1,
            "'generate_candidate_definitions_only' must be True or False, got 1 (int)",
        ),
        (f"{VPC}.SecurityGroupIds", [], "'security_groups' must have at least 1 item, got 0"),
        (f"{VPC}.SecurityGroupIds", ["sg-1"] * 6, "'security_groups' must have at most 5 items, got 6"),
        (f"{VPC}.Subnets", "subnet-1", "'vpc_subnets' must be a list, got 'subnet-1' (str)"),
        (f"{VPC}.Subnets", ["subnet-1", "subnet_2"], "'vpc_subnets[1]' must match [-0-9a-zA-Z]+, got 'subnet_2'"),
        (f"{ALGORITHMS}.0.AutoMLAlgorithms", "mlp", "'algorithms' must be a list, got 'mlp' (str)"),
        (f"{ALGORITHMS}.0.AutoMLAlgorithms", ["mlp"] * 12, "'algorithms' must have at most 11 items, got 12"),
        (
            "InputDataConfig.0.ContentType",
            "text/csv\n",
            "'training_data.content_type' must match .*, got 'text/csv\\n'",
        ),
        (
            "InputDataConfig.0.SampleWeightAttributeName",
            "my weight",
            "'sample_weight_attribute' must match [a-zA-Z0-9_-]+, got 'my weight'",
        ),
        ("InputDataConfig.0.TargetAttributeName", "", "'target_attribute' must not be empty"),
        (
            "InputDataConfig.0.DataSource.S3DataSource.S3DataType",
            "Prefix",
            "'training_data.s3_data_type' must be one of 'S3Prefix', 'ManifestFile', 'AugmentedManifestFile', "
            "got 'Prefix' (did you mean 'S3Prefix'?)",
        ),
        ("Tags.0.Key", "a\tb", r"'tags[0].key' must match ([\p{L}\p{Z}\p{N}_.:/=+\-@]*), got 'a\tb'"),
        ("Tags", [{"Key": "k", "Value": ""}] * 51, "'tags' must have at most 50 items, got 51"),
        (
            "ModelDeployConfig.EndpointName",
            "",
            "'model_deploy_config.endpoint_name' must match [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}, got ''",
        ),
    ],
)
def test_a_wrong_value_is_told_in_the_props_words(path: str, value: object, sentence: str) -> None:
    assert said(path, value) == [sentence]


def test_a_wrong_item_of_a_list_is_told_with_its_place() -> None:
    assert said(f"{ALGORITHMS}.0.AutoMLAlgorithms", ["mlp", "xgbost", 3]) == [
        f"'algorithms[1]' must be one of {', '.join(repr(str(a)) for a in Algorithm)}, "
        "got 'xgbost' (did you mean 'xgboost'?)",
        f"'algorithms[2]' must be one of {', '.join(repr(str(a)) for a in Algorithm)}, got 3 (int)",
    ]


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (
            f"{CRITERIA}.MaxAutoMLJobRuntimeInSeconds",
            "3600",
            "'AutoMLJobConfig.CompletionCriteria.MaxAutoMLJobRuntimeInSeconds' must be a whole number of seconds, "
            "got '3600' (str)",
        ),
        (
            f"{VPC}.Subnets",
            ["subnet_1"],
            "'AutoMLJobConfig.SecurityConfig.VpcConfig.Subnets[0]' must match [-0-9a-zA-Z]+, got 'subnet_1'",
        ),
        (
            "InputDataConfig.0.DataSource.S3DataSource.S3Uri",
            "x",
            "'InputDataConfig[0].DataSource.S3DataSource.S3Uri' must match (https|s3)://([^/]+)/?(.*), got 'x'",
        ),
    ],
)
def test_a_wrong_value_of_a_request_is_told_in_the_apis_words(path: str, value: object, sentence: str) -> None:
    assert said(path, value, Words.WIRE) == [sentence]


@pytest.mark.parametrize("metric", ["", "LogLoss", "auc"])
def test_a_list_that_aws_keeps_extending_takes_any_text(metric: str) -> None:
    assert said("AutoMLJobObjective.MetricName", metric) == []
    assert said("AutoMLJobObjective.MetricName", 5) == [
        f"'objective' must be one of {', '.join(repr(str(m)) for m in Metric)}, got 5 (int)"
    ]


def test_a_structure_of_another_type_is_refused() -> None:
    request = replace(parse(CreateAutoMLJob, REQUEST), model_deploy_config={"EndpointName": "x"})  # type: ignore[arg-type]
    assert findings(request, is_token=is_token).errors == [
        "'model_deploy_config' must be of type ModelDeployConfig, got {'EndpointName': 'x'} (dict)"
    ]


def test_a_required_prop_that_is_none_is_told() -> None:
    channel = parse(CreateAutoMLJob, REQUEST).channels[0]
    request = replace(
        parse(CreateAutoMLJob, REQUEST),
        channels=(replace(channel, target_attribute=None),),  # type: ignore[arg-type]
        role_arn=None,  # type: ignore[arg-type]
    )
    assert problems(request, is_token=is_token) == ["'target_attribute' is required", "'role' is required"]


def test_the_same_mistake_in_both_channels_is_told_once_when_it_is_one_prop() -> None:
    document = with_value("InputDataConfig.0.TargetAttributeName", "")
    document["InputDataConfig"].append({**document["InputDataConfig"][0], "ChannelType": "validation"})
    document["AutoMLJobConfig"].pop("DataSplitConfig")
    assert findings(parse(CreateAutoMLJob, document), is_token=is_token).errors == [
        "'target_attribute' must not be empty"
    ]


def test_wrong_fields_and_broken_rules_are_told_together() -> None:
    document = with_value("AutoMLJobName", "my_job")
    document["AutoMLJobConfig"] |= {"Mode": "AUTO", "CompletionCriteria": {"MaxCandidates": 751}}
    assert findings(parse(CreateAutoMLJob, document), is_token=is_token, words=Words.WIRE).errors == [
        "'AutoMLJobName' must match [a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}, got 'my_job'",
        "'AutoMLJobConfig.CompletionCriteria.MaxCandidates' must be at most 750, got 751",
        "'AutoMLJobConfig.CandidateGenerationConfig.AlgorithmsConfig[0].AutoMLAlgorithms' needs 'AutoMLJobConfig.Mode' "
        "'ENSEMBLING', got 'AUTO'",
        "'InputDataConfig[0].SampleWeightAttributeName' needs 'AutoMLJobConfig.Mode' 'ENSEMBLING', got 'AUTO'",
    ]


# --------------------------------------------------------------------------------------------------- patterns, unicode


def test_the_letters_numbers_and_separators_of_a_tag_are_unicodes() -> None:
    """Each character is held against its category."""
    limits = Limits(pattern=shapes.TagText)
    wrong = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if (not list(limits.problems(chr(code))))
        != (unicodedata.category(chr(code))[0] in "LNZ" or chr(code) in "_.:/=+-@")
    ]
    assert wrong == []


@pytest.mark.parametrize("target", ["größe", "目标", "a b", "\N{GRINNING FACE}", "'quoted'", 'dou"ble', "x" * 5000])
def test_a_target_may_be_any_text(target: str) -> None:
    assert said("InputDataConfig.0.TargetAttributeName", target) == []


# -------------------------------------------------------------------------------------------------------------- tokens


@pytest.mark.parametrize("token", [TEXT_TOKEN, f"prefix-{TEXT_TOKEN}", NUMBER_TOKEN, LIST_TOKEN, LateValue()], ids=repr)
@pytest.mark.parametrize(
    "path",
    [
        "AutoMLJobName",
        "RoleArn",
        "ProblemType",
        "AutoMLJobObjective.MetricName",
        "AutoMLJobConfig.Mode",
        f"{CRITERIA}.MaxCandidates",
        f"{CRITERIA}.MaxAutoMLJobRuntimeInSeconds",
        "AutoMLJobConfig.DataSplitConfig.ValidationFraction",
        "AutoMLJobConfig.SecurityConfig.EnableInterContainerTrafficEncryption",
        f"{VPC}.Subnets",
        f"{VPC}.Subnets.0",
        f"{ALGORITHMS}.0.AutoMLAlgorithms",
        f"{ALGORITHMS}.0.AutoMLAlgorithms.1",
        "InputDataConfig.0.TargetAttributeName",
        "InputDataConfig.0.SampleWeightAttributeName",
        "InputDataConfig.0.ContentType",
        "InputDataConfig.0.ChannelType",
        "OutputDataConfig.S3OutputPath",
        "ModelDeployConfig.EndpointName",
        "Tags.0.Key",
    ],
)
def test_a_token_of_the_right_kind_is_never_judged(path: str, token: object) -> None:
    # Of the wrong kind it is, since issue 10: a list for a job's name, a number for a package group.
    found = findings(parse(CreateAutoMLJob, with_value(path, token)), is_token=is_token, words=Words.WIRE)

    is_list = path in (f"{VPC}.Subnets", f"{ALGORITHMS}.0.AutoMLAlgorithms")
    is_number = path.endswith(("InSeconds", "MaxCandidates", "ValidationFraction"))
    if token is LIST_TOKEN and not is_list:
        misfit = "a list"
    elif isinstance(token, str) and is_list:
        misfit = "text"
    elif token is NUMBER_TOKEN and not is_number:
        misfit = "a number"
    else:
        assert (found.errors, found.warnings) == ([], {})
        return
    (error,) = found.errors
    assert error.endswith(f", got {misfit} that is only known at deploy time")


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("AutoMLJobConfig", "'AutoMLJobConfig' must be an object, got '${Token[TOKEN.7]}' (str)"),
        ("Tags.0", "'Tags[0]' must be an object, got '${Token[TOKEN.7]}' (str)"),
        (ALGORITHMS, f"'{ALGORITHMS}' must be a list, got '${{Token[TOKEN.7]}}' (str)"),
    ],
)
def test_a_structure_cannot_be_a_token(path: str, sentence: str) -> None:
    with pytest.raises(Malformed) as raised:
        parse(CreateAutoMLJob, with_value(path, TEXT_TOKEN))
    assert raised.value.problems == [sentence]


@pytest.mark.parametrize(("path", "name"), [("InputDataConfig", "channels"), ("Tags", "tags")])
def test_a_list_of_structures_cannot_be_a_token(path: str, name: str) -> None:
    found = findings(parse(CreateAutoMLJob, with_value(path, TEXT_TOKEN)), is_token=is_token)
    assert found.errors == [f"'{name}' must be a list, got '${{Token[TOKEN.7]}}' (str)"]


def test_a_token_inside_a_span_of_time_is_not_judged() -> None:
    criteria = shapes.CompletionCriteria(max_runtime=SecondsValue(NUMBER_TOKEN))
    assert problems(criteria, is_token=is_token) == []
    assert render(criteria) == {"MaxAutoMLJobRuntimeInSeconds": NUMBER_TOKEN}


class Unconvertible:
    """As a `Duration.minutes` of a token: the CDK cannot say it in seconds."""

    def to_seconds(self, *, integral: bool) -> float:
        raise RuntimeError("Duration must be specified as 'Duration.seconds()' here")


def test_a_span_that_cannot_be_converted_is_told_and_not_raised() -> None:
    criteria = shapes.CompletionCriteria(max_candidates=0, max_runtime=Unconvertible())
    assert problems(criteria, is_token=is_token, path="completion_criteria") == [
        "'completion_criteria.max_candidates' must be at least 1, got 0",
        "'completion_criteria.max_runtime' cannot be told in seconds: "
        "Duration must be specified as 'Duration.seconds()' here",
    ]


# ------------------------------------------------------------------------------------------------- parsing, rendering


def test_everything_malformed_is_told_at_once() -> None:
    document = {
        "AutomlJobName": "churn",
        "Zebra": 1,
        "InputDataConfig": [
            {"ContentType": "text/csv;header=present", "DataSource": {"S3DataSource": {"S3Uri": "s3://b/k"}}},
            "s3://bucket/validation",
        ],
        "OutputDataConfig": "s3://bucket/out",
        "AutoMLJobConfig": {"CompletionCriteria": [50], "SecurityConfig": {"VpcConfig": {"Subnets": ["subnet-1"]}}},
    }
    with pytest.raises(Malformed) as raised:
        parse(CreateAutoMLJob, document)
    assert raised.value.problems == [
        "'AutomlJobName' is not a member of the request (did you mean 'AutoMLJobName'?)",
        "'Zebra' is not a member of the request",
        "'InputDataConfig[0].DataSource.S3DataSource.S3DataType' is required",
        "'InputDataConfig[0].TargetAttributeName' is required",
        "'InputDataConfig[1]' must be an object, got 's3://bucket/validation' (str)",
        "'OutputDataConfig' must be an object, got 's3://bucket/out' (str)",
        "'AutoMLJobConfig.CompletionCriteria' must be an object, got [50] (list)",
        "'AutoMLJobConfig.SecurityConfig.VpcConfig.SecurityGroupIds' is required",
        "'RoleArn' is required",
    ]
    assert str(raised.value) == "; ".join(raised.value.problems)


@pytest.mark.parametrize("document", [None, [], "request", 5])
def test_a_request_that_is_no_object_is_refused(document: object) -> None:
    with pytest.raises(Malformed) as raised:
        parse(CreateAutoMLJob, document)
    assert raised.value.problems == [f"the request must be an object, got {described(document)}"]


def test_a_member_that_is_null_counts_as_left_out() -> None:
    request = parse(CreateAutoMLJob, with_value("AutoMLJobConfig.Mode", None))
    assert "Mode" not in render(request)["AutoMLJobConfig"]
    with pytest.raises(Malformed, match=r"^'RoleArn' is required$"):
        parse(CreateAutoMLJob, with_value("RoleArn", None))


def test_enums_spans_and_tuples_are_rendered_as_json_has_them() -> None:
    request = CreateAutoMLJob(
        channels=(
            shapes.AutoMLChannel(
                s3_data_type=S3DataType.S3_PREFIX,
                s3_uri="s3://b/k",
                target_attribute="churned",
                content_type=ContentType.CSV,
            ),
        ),
        s3_output_path="s3://b/out",
        role_arn="arn:aws:iam::123456789012:role/automl",
        problem_type=ProblemType.REGRESSION,
        objective=Metric.R2,
        mode=Mode.ENSEMBLING,
        completion_criteria=shapes.CompletionCriteria(max_runtime=SecondsValue(3600.0)),
    )
    rendered = render(request)
    assert (
        json.loads(json.dumps(rendered))
        == rendered
        == {
            "InputDataConfig": [
                {
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/k"}},
                    "TargetAttributeName": "churned",
                    "ContentType": "text/csv;header=present",
                }
            ],
            "OutputDataConfig": {"S3OutputPath": "s3://b/out"},
            "RoleArn": "arn:aws:iam::123456789012:role/automl",
            "ProblemType": "Regression",
            "AutoMLJobObjective": {"MetricName": "R2"},
            "AutoMLJobConfig": {"CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": 3600}, "Mode": "ENSEMBLING"},
        }
    )
    assert type(rendered["ProblemType"]) is str, "jsii takes no subclass in every place"
    seconds = rendered["AutoMLJobConfig"]["CompletionCriteria"]["MaxAutoMLJobRuntimeInSeconds"]
    assert type(seconds) is int, "boto3 refuses a float"


BOTH = pytest.mark.parametrize("request_type", [CreateAutoMLJob, CreateAutoMLJobV2])
SLOW = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


@BOTH
@SLOW
@given(data=st.data())
def test_any_request_that_botocore_takes_is_taken_and_comes_back_unchanged(
    request_type: type[AnyRequest], data: st.DataObject
) -> None:
    shape = input_of(request_type.OPERATION)
    document = data.draw(VALUES[request_type.OPERATION])
    assert not ParamValidator().validate(document, shape).has_errors()
    request = parse(request_type, document)
    rendered = render(request)
    assert without_empty(rendered) == without_empty(document)
    assert json.dumps(without_empty(rendered), sort_keys=True) == json.dumps(without_empty(document), sort_keys=True)
    assert not ParamValidator().validate({"AutoMLJobName": "x", **rendered}, shape).has_errors()
    assert render(parse(request_type, rendered)) == rendered
    assert problems(request, is_token=is_token) == []


@BOTH
@SLOW
@given(data=st.data())
def test_whatever_a_request_holds_is_judged_and_never_raises(
    request_type: type[AnyRequest], data: st.DataObject
) -> None:
    document = data.draw(VALUES[request_type.OPERATION])
    junk = st.sampled_from([None, "", "x", -1, 1.5, True, [], ["x"], [None], {}, {"Key": 1}, TEXT_TOKEN, LIST_TOKEN])
    for _ in range(data.draw(st.integers(1, 3))):
        paths = list(paths_in(document))
        document = put(document, data.draw(st.sampled_from(paths)), data.draw(junk))
    for words in (Words.PROPS, Words.WIRE):
        assert all(everything_wrong_with(request_type, document, words))


def everything_wrong_with(request_type: type[AnyRequest], document: Any, words: Words) -> list[str]:
    try:
        request = parse(request_type, document)
    except Malformed as malformed:
        return malformed.problems
    return findings(request, is_token=is_token, words=words).errors


def paths_in(document: Any, path: tuple[str, ...] = ()) -> Any:
    """The path of every value inside a document."""
    pairs = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in pairs:
        yield [*path, str(key)]
        yield from paths_in(value, (*path, str(key)))


# --------------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(), ""),
        (Limits(at_least=1), "at least 1"),
        (Limits(at_most=2592000), "at most 2592000"),
        (Limits(at_least=0, at_most=1), "0 to 1"),
        (Limits(at_least=0.5, at_most=1.5), "0.5 to 1.5"),
        (Limits(min_length=1), "at least 1 character"),
        (Limits(max_length=63, pattern="[a-z]+"), "at most 63 characters, `[a-z]+`"),
        (Limits(min_length=20, max_length=2048), "20 to 2048 characters"),
        (Limits(max_items=1), "at most 1 item"),
        (Limits(min_items=1, max_items=16), "1 to 16 items"),
        (Limits(min_items=1, max_items=1), "exactly 1 item"),
        (Limits(min_items=2), "at least 2 items"),
    ],
)
def test_limits_are_told_in_words(limits: Limits, words: str) -> None:
    assert limits.described() == words


@pytest.mark.parametrize(
    ("limits", "within", "outside"),
    [
        (Limits(at_least=1, at_most=750), (1, 750), (0, 751)),
        (Limits(min_length=2, max_length=3), ("ab", "abc"), ("a", "abcd")),
        (Limits(min_items=1, max_items=2), ([1], [1, 2]), ([], [1, 2, 3])),
    ],
)
def test_limits_include_their_ends(limits: Limits, within: tuple[object, ...], outside: tuple[object, ...]) -> None:
    assert [list(limits.problems(value)) for value in within] == [[], []]
    assert [len(list(limits.problems(value))) for value in outside] == [1, 1]


def test_numbers_are_told_without_an_exponent() -> None:
    assert list(Limits(at_most=2592000).problems(2592001)) == ["must be at most 2592000, got 2592001"]
    assert [number(value) for value in (1, 1.0, 0.25, 1234567.0)] == ["1", "1", "0.25", "1234567"]


@pytest.mark.parametrize(
    ("given_text", "known", "told"),
    [
        ("ENSEMBLE", ["AUTO", "ENSEMBLING"], " (did you mean 'ENSEMBLING'?)"),
        ("churn", ["Churned", "age"], " (did you mean 'Churned'?)"),
        ("AUC", ["auc"], " (did you mean 'auc'?)"),
        ("zebra", ["AUTO", "ENSEMBLING"], ""),
        ("x", [], ""),
    ],
)
def test_a_near_word_is_offered(given_text: str, known: list[str], told: str) -> None:
    assert hint(given_text, known) == told


def test_a_long_value_is_cut_in_the_middle() -> None:
    assert shorten("a" * 78) == f"'{'a' * 78}'"
    cut = shorten("a" * 50 + "b" * 50)
    assert (len(cut), cut) == (80, f"'{'a' * 39}...{'b' * 36}'")


def test_all_problems_become_one_error() -> None:
    raise_if_any([], "nothing")
    with pytest.raises(ValueError, match=r"^Job 'App/Churn' has 1 problem:\n  - 'mode' is wrong$"):
        raise_if_any(["'mode' is wrong"], "Job 'App/Churn'")
    with pytest.raises(ValueError, match=r"^X has 2 problems:\n  - a\n  - b$"):
        raise_if_any(["a", "b"], "X")


@pytest.mark.parametrize("member", AnyProblem.__args__)
def test_every_prop_of_v2_has_a_path_in_the_apis_own_names(member: type[Problem]) -> None:
    v2 = input_of("CreateAutoMLJobV2")
    paths = wire_paths(CreateAutoMLJobV2, member)
    inside = f"AutoMLProblemTypeConfig.{member._MEMBER}"
    assert paths["training_data.content_type"] == "AutoMLJobInputDataConfig[0].ContentType"
    assert paths["problem.completion_criteria.max_candidates"] == f"{inside}.CompletionCriteria.MaxCandidates"
    named = {path for path in paths.values() if path in paths_of(v2)}
    other = {path for path in paths_of(v2) if path.startswith("AutoMLProblemTypeConfig.") and inside not in path}
    assert named == paths_of(v2) - other
    for prop, path in paths.items():
        assert Words.WIRE.name_of(CreateAutoMLJobV2, prop, member) == f"'{path}'"
        assert Words.PROPS.name_of(CreateAutoMLJobV2, prop, member) == f"'{prop}'"


def test_a_prop_of_the_problem_is_named_with_its_problem() -> None:
    assert Words.PROPS.name_of(CreateAutoMLJobV2, "mode", Tabular) == "'problem.mode'"
    assert Words.WIRE.name_of(CreateAutoMLJobV2, "mode", Tabular) == "'AutoMLProblemTypeConfig.TabularJobConfig.Mode'"
    assert Words.PROPS.name_of(CreateAutoMLJob, "mode", Tabular) == "'mode'"


def test_every_prop_of_v1_has_a_path_in_the_apis_own_names() -> None:
    paths = wire_paths(CreateAutoMLJob)
    assert paths_of(input_of("CreateAutoMLJob")) <= set(paths.values())
    assert paths["training_data"] == "InputDataConfig[0]"
    assert paths["validation_data"] == "InputDataConfig[1]"
    assert paths["training_data.content_type"] == "InputDataConfig[0].ContentType"
    assert paths["algorithms"].endswith("AlgorithmsConfig[0].AutoMLAlgorithms")
    assert paths["output"] == "OutputDataConfig.S3OutputPath"
    assert paths["objective"] == "AutoMLJobObjective.MetricName"
    assert paths["completion_criteria.max_runtime"] == "AutoMLJobConfig.CompletionCriteria.MaxAutoMLJobRuntimeInSeconds"


# ------------------------------------------------------------------------------------------------- reading annotations


def test_a_later_limit_wins_over_an_earlier_one() -> None:
    short = Annotated[str, Limits(max_length=5, pattern="[a-z]+")]

    @dataclass(frozen=True, kw_only=True)
    class Named(Shape):
        name: Annotated[short, Api("Name", max_length=3)]

    (field,) = fields_of(Named)
    assert (field.required, field.kind.limits) == (True, Limits(max_length=3, pattern="[a-z]+"))


def test_a_field_of_a_type_that_no_kind_stands_for_is_refused() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Odd(Shape):
        value: Annotated[int | str, Api("Value")]

    with pytest.raises(TypeError, match="no kind of field"):
        fields_of(Odd)
