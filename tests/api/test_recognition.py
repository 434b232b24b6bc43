"""What looks like a request and is none is told apart by name, with the way out."""

from typing import Any

import pytest

from constructs_lib.api.recognition import Recognised, is_yaml, leftovers, mistaken_for, not_a_request, recognised
from constructs_lib.api.request import CreateAutoMLJob, CreateAutoMLJobV2

from .requests import REQUEST, V2_REQUESTS

TABULAR = V2_REQUESTS["tabular"]
ANSWER = {**REQUEST, "AutoMLJobArn": "arn", "AutoMLJobStatus": "Completed"}
V2_ANSWER = {**TABULAR, "AutoMLJobArn": "arn", "CreationTime": 1}

Call = type[CreateAutoMLJob] | type[CreateAutoMLJobV2]


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (REQUEST, Recognised.V1),
        (TABULAR, Recognised.V2),
        (ANSWER, Recognised.V1_ANSWER),
        (V2_ANSWER, Recognised.V2_ANSWER),
        ({"a": 1}, Recognised.UNKNOWN),
        ({}, Recognised.UNKNOWN),
        ({"AutoMLJobName": "churn"}, Recognised.V1),
    ],
)
def test_document_is_recognised_by_its_members(document: dict[str, Any], kind: Recognised) -> None:
    assert recognised(document) is kind


@pytest.mark.parametrize(
    ("document", "wanted", "told"),
    [
        (REQUEST, CreateAutoMLJob, None),
        (TABULAR, CreateAutoMLJobV2, None),
        ({}, CreateAutoMLJob, None),
        (
            ANSWER,
            CreateAutoMLJob,
            "it is the answer of describe-auto-ml-job, not a request: leave out 'AutoMLJobArn', 'AutoMLJobStatus'",
        ),
        (
            V2_ANSWER,
            CreateAutoMLJob,
            "it is the answer of describe-auto-ml-job-v2, not a request: leave out 'AutoMLJobArn', 'CreationTime'; "
            "what is left is a request for V2, not V1",
        ),
        (
            {"AutoMLProblemTypeConfig": {}},
            CreateAutoMLJob,
            "it is a CreateAutoMLJobV2 request (it has 'AutoMLProblemTypeConfig'): use AutoMLJobV2.from_request, or "
            "create-auto-ml-job-v2",
        ),
        (
            {"InputDataConfig": []},
            CreateAutoMLJobV2,
            "it is a CreateAutoMLJob request (it has 'InputDataConfig'): use AutoMLJobV2.from_v1_request, or turn it "
            "into one of V2 with `automl v2`",
        ),
    ],
)
def test_what_is_no_request_of_the_call_is_told(document: dict[str, Any], wanted: Call, told: str | None) -> None:
    assert mistaken_for(document, wanted) == told


def test_leftovers_of_a_skeleton_are_named_by_their_paths() -> None:
    document = {
        "RoleArn": {"required": ["text"]},
        "InputDataConfig": [{"TargetAttributeName": ""}],
        "Tags": [{"Key": "a", "Value": ""}],
        "Aggregation": {"KeyName": "sum", "optional": "sum"},
    }

    assert dict(leftovers(document)) == {
        "RoleArn": "is still the placeholder of `automl skeleton`: put a value in its place or leave the member out",
        "InputDataConfig[0].TargetAttributeName": (
            "is empty, as in a skeleton that nobody has filled in: give a value or leave the member out"
        ),
        "Aggregation['KeyName']": "is still the entry of the CLI's skeleton: name what it is for or leave it out",
    }


def test_skeleton_that_nobody_has_filled_in_is_told_from_a_member_that_is_empty() -> None:
    unfilled = {"AutoMLJobName": "", "RoleArn": "", "OutputDataConfig": {"S3OutputPath": ""}}

    told = not_a_request(unfilled, CreateAutoMLJob)

    assert told[0] == "it is a skeleton that nobody has filled in"
    assert [line.partition(" ")[0] for line in told[1:]] == [
        "'AutoMLJobName'",
        "'RoleArn'",
        "'OutputDataConfig.S3OutputPath'",
    ]
    assert not_a_request({**REQUEST, "AutoMLJobName": ""}, CreateAutoMLJob) == []


@pytest.mark.parametrize("text", ["AutoMLJobName: x", "# why\n---\nAutoMLJobName:\n", "RoleArn: x\n"])
def test_yaml_is_told_from_what_is_not(text: str) -> None:
    assert is_yaml(text)


@pytest.mark.parametrize("text", ['{"AutoMLJobName": 1}', "request.json", "{", "", "name=x", "C:\\request"])
def test_what_is_no_yaml_is_not_taken_for_it(text: str) -> None:
    assert not is_yaml(text)
