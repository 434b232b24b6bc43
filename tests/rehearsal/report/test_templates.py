"""What templates say, in words."""

from typing import Any

import pytest

from constructs_lib.rehearsal.report.facts import PropertyChange, ResourceChange, ResourceFact
from constructs_lib.rehearsal.report.templates import changes, in_words, permissions_of, resources_of, text

BUCKET_ARN = {"Fn::GetAtt": ["Bucket", "Arn"]}


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": BUCKET_ARN},
            "May call s3:GetObject and s3:PutObject on ${Bucket.Arn}.",
        ),
        (
            {
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "Action": "s3:*",
                "Resource": "arn:aws:s3:::b/*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            "Nobody may call s3:* on s3 b/*, if aws:SecureTransport is false.",
        ),
        (
            {
                "Effect": "Allow",
                "Trust": True,
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
                    "ArnLike": {"aws:SourceArn": ["a", "b"]},
                },
            },
            "The service sagemaker.amazonaws.com may act as this role, if aws:SourceAccount is this account and "
            "aws:SourceArn is like a or b.",
        ),
        ({"Effect": "Allow", "Action": "*", "Resource": "*"}, "May do everything on any resource."),
        (
            {"Effect": "Deny", "NotAction": "iam:*", "NotResource": "r"},
            "Must not call anything but iam:* on anything but r.",
        ),
        (
            {
                "Effect": "Allow",
                "Principal": {"AWS": ["arn:1", "arn:2"]},
                "Action": "kms:Decrypt",
                "Resource": {
                    "Fn::Join": [
                        "",
                        [
                            "arn:",
                            {"Ref": "AWS::Partition"},
                            ":kms:",
                            {"Ref": "AWS::Region"},
                            ":",
                            {"Ref": "AWS::AccountId"},
                            ":key/1",
                        ],
                    ]
                },
                "Condition": {"ForAnyValue:StringLike": {"kms:ViaService": "s3.*"}},
            },
            "Arn:1 and arn:2 may call kms:Decrypt on kms key/1, if one kms:ViaService is like s3.*.",
        ),
        (
            {"Managed": ["arn:aws:iam::aws:policy/ReadOnly"]},
            "Has the managed policies arn:aws:iam::aws:policy/ReadOnly.",
        ),
    ],
)
def test_statement_in_words(statement: dict[str, Any], words: str) -> None:
    assert in_words(statement) == words


def test_policies_are_found_wherever_they_are() -> None:
    allow = {"Effect": "Allow", "Action": "a:B", "Resource": "*"}
    document = {"Statement": allow}
    template = {
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {"Statement": [{"Principal": {"Service": "x"}}]},
                    "Policies": [{"PolicyDocument": document}],
                    "ManagedPolicyArns": ["m"],
                },
            },
            "Policy": {
                "Type": "AWS::IAM::Policy",
                "Properties": {"PolicyDocument": document, "Roles": [{"Ref": "Role"}]},
            },
            "Own": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {"PolicyDocument": document, "Bucket": {"Ref": "Bucket"}},
            },
            "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": document}},
        }
    }
    found = list(permissions_of({"Stack": template}))
    assert [each.holder for each in found] == ["role Role"] * 4 + ["bucket Bucket", "key Key"]
    assert found[-1].actions == ["a:B"]


def test_resources_say_whether_they_stay() -> None:
    kept = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}
    template = {"Resources": {"Kept": kept, "Gone": {"Type": "AWS::SNS::Topic"}}}
    assert list(resources_of({"Stack": template})) == [
        ResourceFact(stack="Stack", logical_id="Kept", type="AWS::S3::Bucket", kept=True),
        ResourceFact(stack="Stack", logical_id="Gone", type="AWS::SNS::Topic", kept=False),
    ]


def test_changes_are_told_value_by_value() -> None:
    before = {
        "Resources": {
            "Job": {"Type": "J", "Properties": {"Revision": "1", "Tags": [{"Key": "a"}], "Old": 1}},
            "Same": {"Type": "S"},
            "Gone": {"Type": "G"},
        }
    }
    after = {
        "Resources": {
            "Job": {"Type": "J", "Properties": {"Revision": "2", "Tags": [{"Key": "a"}, {"Key": "b"}]}},
            "Same": {"Type": "S"},
            "New": {"Type": "N"},
        }
    }
    assert changes(before, after) == [
        ResourceChange(change="removed", logical_id="Gone", type="G", properties=()),
        ResourceChange(
            change="changed",
            logical_id="Job",
            type="J",
            properties=[
                PropertyChange(path="Properties.Old", before="1", after=None),
                PropertyChange(path="Properties.Revision", before='"1"', after='"2"'),
                PropertyChange(path="Properties.Tags.1", before=None, after='{"Key": "b"}'),
            ],
        ),
        ResourceChange(change="added", logical_id="New", type="N", properties=()),
    ]


def test_values_are_written_as_one_reads_them() -> None:
    assert text({"Fn::Join": ["-", ["a", {"Ref": "B"}]]}) == "a-${B}"
    assert text({"Fn::If": ["C", "a", {"Ref": "AWS::NoValue"}]}) == "a"
    assert text({"Fn::If": ["C", "a", "b"]}) == "(a or b)"
    part = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}
    assert text({"Fn::Select": [0, {"Fn::Split": ["-", part]}]}) == "(a part of ${AWS::StackId})"
    assert text({"Fn::Select": [0, "x"]}) == '{"Fn::Select": [0, "x"]}'


ALLOWED = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def policy(kind: str, **properties: Any) -> dict[str, Any]:
    document = properties.pop("document", {"Statement": [ALLOWED]})
    return {"Type": f"AWS::IAM::{kind}", "Properties": {"PolicyDocument": document, **properties}}


@pytest.mark.parametrize(
    ("resource", "holder"),
    [
        (policy("RolePolicy", RoleName={"Ref": "Clerk"}), "role Clerk"),
        (policy("UserPolicy", UserName="ann"), "user ann"),
        (policy("GroupPolicy", GroupName="clerks"), "group clerks"),
        (policy("ManagedPolicy", Roles=["one", "two"]), "role one, role two"),
    ],
)
def test_policy_of_each_kind_is_told(resource: dict[str, Any], holder: str) -> None:
    (found,) = permissions_of({"Stack": {"Resources": {"Policy": resource}}})

    assert (found.holder, found.says) == (holder, "May call s3:GetObject on any resource.")


def test_both_sides_of_a_condition_are_told() -> None:
    closed = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    document = {"Statement": [{"Fn::If": ["Open", ALLOWED, closed]}, {"Fn::If": ["Open", ALLOWED, NO_VALUE]}]}
    template = {"Resources": {"Policy": policy("Policy", document=document, Roles=["clerk"])}}

    assert [each.says for each in permissions_of({"Stack": template})] == [
        "May call s3:GetObject on any resource, if Open holds.",
        "Must not call s3:PutObject on any resource, if Open does not hold.",
        "May call s3:GetObject on any resource, if Open holds.",
    ]


NO_VALUE = {"Ref": "AWS::NoValue"}


def test_statement_that_only_the_deployment_knows_is_told() -> None:
    document = {"Statement": [{"Fn::ImportValue": "shared-statement"}]}
    (found,) = permissions_of({"Stack": {"Resources": {"Policy": policy("Policy", document=document, Roles=["c"])}}})

    assert found.says == "Says what only the deployment knows: ${shared-statement}."
