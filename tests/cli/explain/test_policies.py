"""IAM in words."""

from pathlib import Path
from typing import Any

import pytest

from constructs_lib.cli.explain.policies import opened, roles, sentence

from .assemblies import read, role


def said(tmp_path: Path, **statement: Any) -> str:
    """What a role with one statement may, in words."""
    (found,) = roles(*read(tmp_path / "out", {"Role": role({"Effect": "Allow"} | statement)}))
    (may,) = found["may"]
    return sentence(may)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::models/churn/*"},
            "may call s3 GetObject and PutObject on s3:models/churn/*",
        ),
        ({"Action": "s3:*", "Resource": "*"}, "may call every action of s3 (*) on every resource (*)"),
        ({"Action": "*", "Resource": "*"}, "may call every action of every service (*) on every resource (*)"),
        (
            {"NotAction": "iam:*", "NotResource": "arn:aws:s3:::secret"},
            "may call every action (*) but for iam:* on every resource (*) but for s3:secret",
        ),
        (
            {"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"},
            "must not call kms Decrypt on any resource (*)",
        ),
        (
            {"Action": ["ec2:DescribeVpcs", "ecr:GetAuthorizationToken"], "Resource": "*"},
            "may call ec2 DescribeVpcs; ecr GetAuthorizationToken on every resource (*)",
        ),
        (
            {"Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:999988887777:jobs"},
            "may call sqs SendMessage on sqs:jobs (us-east-1, account 999988887777)",
        ),
        (
            {"Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:111122223333:jobs"},
            "may call sqs SendMessage on sqs:jobs",
        ),
    ],
)
def test_statement_is_a_sentence(statement: dict[str, Any], words: str, tmp_path: Path) -> None:
    assert said(tmp_path, **statement) == words


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            "iam:PassedToService is sagemaker.amazonaws.com",
        ),
        ({"StringNotEquals": {"aws:SourceAccount": ["1", "2"]}}, "aws:SourceAccount is not 1 nor 2"),
        ({"StringLike": {"s3:prefix": ["a/*", "b/*"]}}, "s3:prefix is like a/* or b/*"),
        ({"ArnNotLike": {"aws:SourceArn": "x"}}, "aws:SourceArn is not like x"),
        ({"Bool": {"aws:SecureTransport": "false"}}, "aws:SecureTransport is false"),
        ({"Null": {"aws:SourceVpce": "true"}}, "aws:SourceVpce is absent"),
        ({"Null": {"aws:SourceVpce": "false"}}, "aws:SourceVpce is given"),
        ({"NumericLessThanEquals": {"s3:max-keys": 10}}, "s3:max-keys is at most 10"),
        ({"StringEqualsIfExists": {"aws:x": "y"}}, "aws:x is y (or is absent)"),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, "each value of aws:TagKeys is a"),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, "aws:SourceIp is not 10.0.0.0/8"),
        ({"StringSomehow": {"aws:x": "y"}}, "aws:x StringSomehow y"),
    ],
)
def test_condition_is_said(condition: dict[str, Any], words: str, tmp_path: Path) -> None:
    text = said(tmp_path, Action="s3:GetObject", Resource="*", Condition=condition)

    assert text == f"may call s3 GetObject on every resource (*), if {words}"


def test_wildcards_are_named(tmp_path: Path) -> None:
    statement = {"Effect": "Allow", "Action": ["s3:Get*", "kms:Decrypt"], "Resource": ["arn:aws:s3:::a", "*"]}
    (found,) = roles(*read(tmp_path / "out", {"Role": role(statement)}))

    assert found["may"][0]["wildcards"] == ["s3:Get*", "*"]


def test_policies_are_found_wherever_they_stand(tmp_path: Path) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = {"Statement": statement}
    named: dict[str, Any] = {"PolicyDocument": document, "Roles": [{"Ref": "Role"}]}
    resources = {
        "Role": role(
            statement, ManagedPolicyArns=[{"Ref": "Attached"}, {"Ref": "Both"}, "arn:aws:iam::aws:policy/Full"]
        ),
        "Inline": {"Type": "AWS::IAM::Policy", "Properties": named},
        "Attached": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}},
        "Both": {"Type": "AWS::IAM::ManagedPolicy", "Properties": named},
        "Foreign": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": document, "Roles": ["their-role"]}},
    }
    own, theirs = roles(*read(tmp_path / "out", resources))

    assert len(own["may"]) == 4  # its own, and of three policies, each once
    assert own["managed_policies"] == ["arn:aws:iam::aws:policy/Full"]
    assert (theirs["name"], theirs["in_this_stack"], len(theirs["may"])) == ("their-role", False, 1)
    assert "what else it may do is not known" in theirs["description"]


def test_who_assumes_a_role(tmp_path: Path) -> None:
    trust = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::999988887777:root"]}, "Action": "sts:AssumeRole"},
            {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"},
        ]
    }
    (found,) = roles(*read(tmp_path / "out", {"Role": role(AssumeRolePolicyDocument=trust)}))

    assert [each["who"] for each in found["assumed_by"]] == [["account 999988887777"], ["*"]]
    assert found["assumed_by"][1]["wildcards"] == ["*"]


def test_resources_opened_to_others(tmp_path: Path) -> None:
    allowed = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "kms:Decrypt"}
    resources = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": [allowed]}}},
        "Call": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": "ask",
                "Principal": "s3.amazonaws.com",
                "SourceAccount": {"Ref": "AWS::AccountId"},
            },
        },
    }
    key, call = opened(*read(tmp_path / "out", resources))

    assert (key["resource"], key["statements"][0]["who"]) == ("{Key}", ["the service cloudwatch.amazonaws.com"])
    assert sentence(call["statements"][0]) == "may call lambda InvokeFunction, if aws:SourceAccount is 111122223333"


STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
OTHER = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
NOTHING = {"Ref": "AWS::NoValue"}


@pytest.mark.parametrize(
    ("document", "sentences"),
    [
        (
            {"Statement": [{"Fn::If": ["Open", STATEMENT, OTHER]}]},
            [
                "may call s3 GetObject on every resource (*), if Open holds",
                "may call kms Decrypt on every resource (*), if Open does not hold",
            ],
        ),
        (
            {"Statement": {"Fn::If": ["Open", [STATEMENT], NOTHING]}},
            ["may call s3 GetObject on every resource (*), if Open holds"],
        ),
        (
            {"Fn::If": ["Open", {"Statement": STATEMENT}, NOTHING]},
            ["may call s3 GetObject on every resource (*), if Open holds"],
        ),
        ({"Fn::If": ["Never", {"Statement": STATEMENT}, NOTHING]}, []),
        ({"Statement": [{"Fn::Transform": {"Name": "x"}}]}, ["may call what only the deployment knows"]),
    ],
)
def test_statements_that_only_the_deployment_knows_are_not_left_out(
    document: dict[str, Any], sentences: list[str], tmp_path: Path
) -> None:
    conditions = {"Open": {"Fn::Equals": [{"Ref": "Param"}, "x"]}, "Never": {"Fn::Equals": ["a", "b"]}}
    policies = [{"PolicyName": "p", "PolicyDocument": document}]
    for properties in ({"Policies": policies}, {"Policies": {"Fn::If": ["Never", [], policies]}}):
        found = roles(*read(tmp_path / "out", {"Role": role(**properties)}, conditions=conditions))
        assert [sentence(each) for each in found[0]["may"]] == sentences


@pytest.mark.parametrize("kind", ["Role", "User", "Group"])
def test_an_inline_policy_of_its_own_resource_type(kind: str, tmp_path: Path) -> None:
    properties = {f"{kind}Name": "elsewhere", "PolicyName": "p", "PolicyDocument": {"Statement": [STATEMENT]}}
    found = roles(*read(tmp_path / "out", {"Inline": {"Type": f"AWS::IAM::{kind}Policy", "Properties": properties}}))

    assert [(each["name"], [sentence(may) for may in each["may"]]) for each in found] == [
        ("elsewhere", ["may call s3 GetObject on every resource (*)"])
    ]
