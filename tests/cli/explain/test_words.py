"""Values of a template in words."""

from pathlib import Path
from typing import Any

import pytest

from constructs_lib.cli.explain.words import Words, counted, duration, number_of

from .assemblies import read

RESOURCES: dict[str, Any] = {
    "Bucket83908E77": {"Type": "AWS::S3::Bucket", "Metadata": {"aws:cdk:path": "Churn/Models/Bucket/Resource"}},
    "Key": {"Type": "AWS::KMS::Key"},
}


@pytest.fixture(name="words")
def _words(tmp_path: Path) -> Words:
    conditions = {
        "AsNamed": {"Fn::Equals": [{"Ref": "AWS::StackName"}, "Churn"]},
        "Other": {"Fn::Not": [{"Condition": "AsNamed"}]},
        "Asked": {"Fn::Equals": [{"Ref": "Parameter"}, "yes"]},
        "Both": {"Fn::And": [{"Condition": "AsNamed"}, {"Condition": "Other"}]},
        "Any": {"Fn::Or": [{"Condition": "AsNamed"}, {"Condition": "Asked"}]},
    }
    assembly, stack = read(tmp_path / "out", RESOURCES, conditions=conditions)
    return Words(assembly, stack, (stack.template,))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "text"),
        (True, "true"),
        (3, "3"),
        (0.25, "0.25"),
        ({"Ref": "AWS::AccountId"}, "111122223333"),
        ({"Ref": "AWS::StackName"}, "Churn"),
        ({"Ref": "Bucket83908E77"}, "{Models/Bucket}"),
        ({"Fn::GetAtt": ["Bucket83908E77", "Arn"]}, "{Models/Bucket}"),
        ({"Fn::GetAtt": ["Bucket83908E77", "DomainName"]}, "{Models/Bucket.DomainName}"),
        ({"Ref": "Key"}, "{Key}"),
        ({"Ref": "Parameter"}, "{Parameter}"),
        ({"Fn::ImportValue": "shared-key"}, "{import shared-key}"),
        ({"Fn::Join": ["/", ["s3:/", {"Ref": "Bucket83908E77"}, "a"]]}, "s3://{Models/Bucket}/a"),
        ({"Fn::Sub": "s3://assets-${AWS::AccountId}-${AWS::Region}/x"}, "s3://assets-111122223333-eu-west-1/x"),
        ({"Fn::Sub": ["${a}/${!b}/${Key.Arn}", {"a": "A"}]}, "A/${b}/{Key}"),
        ({"Fn::If": ["AsNamed", "churn-*", "other-*"]}, "churn-*"),
        ({"Fn::If": ["Other", "churn-*", "other-*"]}, "other-*"),
        ({"Fn::If": ["Both", "yes", "no"]}, "no"),
        ({"Fn::If": ["Any", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Asked", "yes", {"Ref": "AWS::NoValue"}]}, "{if Asked: yes, else nothing}"),
        ({"Fn::If": ["Asked", "same", "same"]}, "same"),
        ({"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}, "{part 2 of stack id}"),
        ({"Fn::FindInMap": ["a", "b", "c"]}, "{Fn::FindInMap}"),
        ({"Fn::GetStackOutput": {"StackName": "Other", "OutputName": "Key"}}, "{Other.Key}"),
        (["a", {"Ref": "AWS::NoValue"}, "b"], "a, b"),
    ],
)
def test_value_is_said(value: Any, text: str, words: Words) -> None:
    assert words.of(value) == text


def test_what_is_not_known_before_the_deployment_is_named(tmp_path: Path) -> None:
    assembly, stack = read(tmp_path / "out", RESOURCES, region=None)
    said = Words(assembly, stack, (stack.template,)).of({"Fn::Sub": "${AWS::AccountId}/${AWS::Region}"})

    assert said == "{account}/{region}"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (5400, "1 hour 30 minutes"),
        (2592000, "30 days"),
        (86461, "1 day 1 minute 1 second"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(1, "1 job"), (2, "2 jobs"), (0.001, "0.01 jobs"), (2.5, "2.5 jobs"), (7200, "7,200 jobs")]
)
def test_an_upper_bound_is_never_rounded_down(count: float, text: str) -> None:
    assert counted(count, "job") == text


@pytest.mark.parametrize(
    ("value", "number"), [("2", 2.0), (3, 3.0), (True, None), ({"Ref": "P"}, None), ("x", None), ("nan", None)]
)
def test_number_of_a_template(value: Any, number: float | None) -> None:
    assert number_of(value) == number
