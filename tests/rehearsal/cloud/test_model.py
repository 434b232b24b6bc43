"""Requests against botocore's model: what is refused, in the words of AWS."""

from typing import Any

import botocore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.rehearsal.cloud.errors import SerializationError, ValidationError
from constructs_lib.rehearsal.cloud.model import check_request, python_pattern, response_problems, service_model

ROLE = "arn:aws:iam::123456789012:role/Job"


def request(**changes: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/k"}}
    return {
        "AutoMLJobName": "job",
        "InputDataConfig": [{"DataSource": source, "TargetAttributeName": "y"}],
        "OutputDataConfig": {"S3OutputPath": "s3://b/out"},
        "RoleArn": ROLE,
        **changes,
    }


def test_a_good_request_passes() -> None:
    check_request("CreateAutoMLJob", request(GenerateCandidateDefinitionsOnly=True, Tags=[{"Key": "é à", "Value": ""}]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"RoleArn": None}, "Value null at 'roleArn' failed to satisfy constraint: Member must not be null"),
        (
            {"OutputDataConfig": {"S3OutputPath": "s3://b/out", "KmsKeyId": "k" * 2049}},
            f"Value '{'k' * 2049}' at 'outputDataConfig.kmsKeyId' failed to satisfy constraint: "
            "Member must have length less than or equal to 2048",
        ),
        (
            {"InputDataConfig": []},
            "Value '[]' at 'inputDataConfig' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (
            {"ProblemType": "Clustering"},
            "Value 'Clustering' at 'problemType' failed to satisfy constraint: Member must satisfy enum value set: "
            "[BinaryClassification, MulticlassClassification, Regression]",
        ),
        (
            {"AutoMLJobConfig": {"CompletionCriteria": {"MaxCandidates": 751}}},
            "Value '751' at 'autoMLJobConfig.completionCriteria.maxCandidates' failed to satisfy constraint: "
            "Member must have value less than or equal to 750",
        ),
        (
            {"AutoMLJobConfig": {"CompletionCriteria": {"MaxCandidates": 0}}},
            "Value '0' at 'autoMLJobConfig.completionCriteria.maxCandidates' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
        (
            {"Tags": [{"Key": "<", "Value": "v"}]},
            "Value '<' at 'tags.1.member.key' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)",
        ),
        (
            {"Misspelt": 1},
            "Value '1' at 'misspelt' failed to satisfy constraint: Member is not known to this operation "
            f"(botocore {botocore.__version__})",
        ),
    ],
    ids=["required", "too long", "too short", "enum", "too great", "too small", "pattern", "unknown"],
)
def test_one_error_reads_as_on_aws(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        check_request("CreateAutoMLJob", request(**changes))
    assert refused.value.message == f"1 validation error detected: {message}"


def test_all_errors_come_at_once() -> None:
    with pytest.raises(ValidationError, match=r"^2 validation errors detected: Value .*; Value "):
        check_request("CreateAutoMLJob", request(AutoMLJobName="a_b", ProblemType="x"))


def test_a_union_takes_exactly_one_member() -> None:
    tabular = {"TargetAttributeName": "y"}
    text = {"ContentColumn": "x", "TargetLabelColumn": "y"}
    both = {"TabularJobConfig": tabular, "TextClassificationJobConfig": text}
    for config in ({}, both):
        with pytest.raises(ValidationError, match=r"'autoMLProblemTypeConfig' .* Exactly one of"):
            check_request("CreateAutoMLJobV2", {"AutoMLProblemTypeConfig": config})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"AutoMLJobName": 3}, "NUMBER_VALUE at 'autoMLJobName' can not be converted to string"),
        ({"GenerateCandidateDefinitionsOnly": "true"}, "STRING_VALUE at 'generateCandidateDefinitionsOnly' can not be"),
        ({"AutoMLJobConfig": {"CompletionCriteria": {"MaxCandidates": True}}}, "BOOLEAN_VALUE at .* to integer"),
        ({"InputDataConfig": {}}, "OBJECT at 'inputDataConfig' can not be converted to list"),
    ],
)
def test_another_type_is_no_input_at_all(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SerializationError, match=message):
        check_request("CreateAutoMLJob", request(**changes))


def test_a_wrong_response_is_seen() -> None:
    assert response_problems("CreateAutoMLJob", {"AutoMLJobArn": "arn:aws:sagemaker:r:123456789012:automl-job/a"}) == []
    assert response_problems("CreateAutoMLJob", {"AutoMLJobArn": "a"}) != []
    assert response_problems("CreateAutoMLJob", {"AutoMLJobArn": 1}) == [
        "NUMBER_VALUE at 'autoMLJobArn' can not be converted to string"
    ]
    assert response_problems("StopAutoMLJob", {}) == []
    assert response_problems("StopAutoMLJob", {"X": 1}) != []


@pytest.mark.parametrize("service", ["sagemaker", "sagemaker-runtime", "application-autoscaling"])
def test_every_pattern_of_an_api_compiles(service: str) -> None:
    found: set[str] = set()
    for name in service_model(service).operation_names:
        operation = service_model(service).operation_model(name)
        for shape in (operation.input_shape, operation.output_shape):
            if shape is not None:
                collect_patterns(shape, found, set())
    assert len(found) > 3
    for pattern in found:
        python_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"\p{Print}+", "a policy ~", "a\nb"),
        (r"\A\S[\p{Print}]*\z", "a b", " a"),
        (r"\p{ASCII}*", "a\n", "é"),
        (r"arn:[\p{Alnum}\-]+", "arn:aws-cn", "arn:_"),
        (r"([\p{L}\p{N}]*)${1,128}", "key1", "a key"),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*", "a \U0001f600\n", "\x07"),
    ],
)
def test_a_pattern_of_java_means_the_same_here(pattern: str, good: str, bad: str) -> None:
    assert python_pattern(pattern).fullmatch(good)
    assert not python_pattern(pattern).fullmatch(bad)


def collect_patterns(shape: Any, found: set[str], seen: set[str]) -> None:
    if shape.name in seen:
        return
    seen.add(shape.name)
    if "pattern" in shape.metadata:
        found.add(shape.metadata["pattern"])
    if shape.type_name == "structure":
        inner = list(shape.members.values())
    elif shape.type_name == "list":
        inner = [shape.member]
    else:
        inner = [shape.key, shape.value] if shape.type_name == "map" else []
    for member in inner:
        collect_patterns(member, found, seen)


@given(st.text(st.characters(categories=["L", "Z", "N"]), max_size=20))
def test_unicode_classes_take_every_letter_number_and_space(text: str) -> None:
    assert python_pattern(r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)").fullmatch(text)


@given(st.characters(categories=["S", "C", "M", "P"], exclude_characters="_.:/=+-@"))
def test_unicode_classes_take_nothing_else(character: str) -> None:
    assert not python_pattern(r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)").fullmatch(character)
