"""Folders of images: the function that copies them is sized for them, may do little, and is nobody else's."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment
from aws_cdk import aws_sns as sns

from constructs_lib import AutoMLProvider, Channel, ImageClassification
from constructs_lib.api.datafolder import Extent, extent_of
from constructs_lib.data import channels
from constructs_lib.data.uploads import disk_for, unfit_to_copy

from ..constructs.bank import vpc_of
from ..constructs.synthesis import (
    as_list,
    flat,
    job_properties,
    new_stack,
    only,
    resolved,
    resources_of,
    template_of,
    warnings_of,
)
from .test_v2 import PNG, digits, images_job, new_v2_job, stack

__all__ = ["digits", "stack"]  # fixtures

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("files", "mib", "disk"),
    [
        (0, 0, 607),
        (1, 1, 607),
        (100, 275, 607),
        (100, 276, 1213),
        (1, 551, 1213),
        (20_000, 500, 1213),
        (50_000, 500, 2423),
        (1, 4654, 10240),
    ],
)
def test_function_has_room_for_the_archive_and_for_what_is_in_it(files: int, mib: int, disk: int) -> None:
    assert disk_for(Extent(files, mib * MIB)) == disk
    assert unfit_to_copy(Extent(files, mib * MIB)) is None


def as_large_as(monkeypatch: pytest.MonkeyPatch, files: int, mib: int) -> None:
    """Folders hold as much, without that anybody has to read it."""
    monkeypatch.setattr(channels, "extent_of", lambda _: Extent(files, mib * MIB))


@pytest.mark.parametrize(
    ("files", "mib", "told"),
    [
        (
            2,
            4655,
            "'training_data' (digits) holds 4655 MiB in 2 files: the function that copies them would need 10242 MiB of "
            "disk for them and for their archive, and Lambda has at most 10240; upload it yourself and use "
            "Channel.from_bucket",
        ),
        (
            100_001,
            500,
            "'training_data' (digits) holds 100001 files: the function that copies them has 15 minutes, which is "
            "enough for 100000 at most; upload it yourself and use Channel.from_bucket",
        ),
    ],
)
def test_folder_that_cannot_be_copied_is_refused(
    files: int, mib: int, told: str, stack: cdk.Stack, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_large_as(monkeypatch, files, mib)

    with pytest.raises(ValueError, match="AutoMLJobV2") as caught:
        images_job(stack, digits)

    assert told in str(caught.value)


def test_size_of_a_folder_is_that_of_what_is_uploaded(digits: Path) -> None:
    (digits / "1" / ".hidden").write_bytes(b"x" * 1000)
    (digits / "1" / "link.png").symlink_to(digits / "1" / "b.png")

    assert extent_of(digits) == Extent(3, 3 * len(PNG))


def test_larger_folder_has_a_function_of_its_own(
    stack: cdk.Stack, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images_job(stack, digits)
    as_large_as(monkeypatch, 3, 600)
    new_v2_job(stack, "Large", problem=ImageClassification(), training_data=Channel.from_asset(digits))

    functions = copiers(template_of(stack))

    assert sorted(each["EphemeralStorage"]["Size"] for each in functions.values()) == [607, 2423]
    assert {each["MemorySize"] for each in functions.values()} == {1783}


def test_folder_that_is_copied_by_another_function_stays_where_it_is(
    digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudFormation changes no service token, so another function makes the copy another resource; no job is new."""

    def template() -> dict[str, Any]:
        stack = new_stack()
        images_job(stack, digits)
        return template_of(stack)

    before = template()
    as_large_as(monkeypatch, 3, 600)
    after = template()

    (old,), (new,) = (resources_of(each, "Custom::CDKBucketDeployment").items() for each in (before, after))
    assert old[0] != new[0]
    assert old[1]["Properties"]["ServiceToken"] != new[1]["Properties"]["ServiceToken"]
    assert old[1]["Properties"]["RetainOnDelete"] is True
    same = ("DestinationBucketName", "DestinationBucketKeyPrefix", "SourceObjectKeys", "Prune", "RetainOnDelete")
    assert [old[1]["Properties"][each] for each in same] == [new[1]["Properties"][each] for each in same]
    assert job_properties(before) == job_properties(after)


def copiers(template: Mapping[str, Any]) -> dict[str, Any]:
    """The functions that copy folders, by their names."""
    functions = resources_of(template, "AWS::Lambda::Function").items()
    return {name: each["Properties"] for name, each in functions if name.startswith("CustomCDKBucketDeployment")}


def test_function_that_copies_may_do_that_and_nothing_else(stack: cdk.Stack, digits: Path) -> None:
    images_job(stack, digits)

    template = template_of(stack)

    (function,) = copiers(template).values()
    role = function["Role"]["Fn::GetAtt"][0]
    (policy,) = (
        each["Properties"]
        for each in resources_of(template, "AWS::IAM::ManagedPolicy").values()
        if {"Ref": role} in each["Properties"]["Roles"]
    )
    copy = only(resources_of(template, "Custom::CDKBucketDeployment"))["Properties"]
    bucket, prefix = copy["DestinationBucketName"]["Ref"], copy["DestinationBucketKeyPrefix"]
    log = function["LoggingConfig"]["LogGroup"]["Ref"]
    assets = "arn:<Partition>:s3:::cdk-hnb659fds-assets-<AccountId>-<Region>"
    (key,) = copy["SourceObjectKeys"]
    assert [
        (as_list(each["Action"]), [flat(resource) for resource in as_list(each["Resource"])])
        for each in policy["PolicyDocument"]["Statement"]
    ] == [
        (["logs:CreateLogStream", "logs:PutLogEvents"], [f"<{log}.Arn>"]),
        (["s3:GetObject"], [f"{assets}/{key}"]),
        (["s3:ListBucket"], [f"<{bucket}.Arn>"]),
        (["s3:AbortMultipartUpload", "s3:PutObject"], [f"<{bucket}.Arn>/{prefix}*"]),
    ]
    assert set(template["Resources"][role]["Properties"]) == {"AssumeRolePolicyDocument", "Description"}
    assert template["Resources"][log]["Properties"] == {"RetentionInDays": 365}


def test_function_that_copies_many_folders_has_as_many_policies_as_it_needs(stack: cdk.Stack, digits: Path) -> None:
    for number in range(11):
        new_v2_job(stack, f"Job{number}", problem=ImageClassification(), training_data=Channel.from_asset(digits))

    template = template_of(stack)

    (function,) = copiers(template).values()
    policies = {
        name: json.dumps(each["Properties"]["PolicyDocument"])
        for name, each in resources_of(template, "AWS::IAM::ManagedPolicy").items()
        if {"Ref": function["Role"]["Fn::GetAtt"][0]} in each["Properties"]["Roles"]
    }
    assert len(policies) == 2
    assert max(len(json.dumps(resolved(json.loads(each)))) for each in policies.values()) < 6144
    for copy in resources_of(template, "Custom::CDKBucketDeployment").values():
        bucket = copy["Properties"]["DestinationBucketName"]["Ref"]
        (allowed,) = (name for name, text in policies.items() if bucket in text)
        assert allowed in copy["DependsOn"]


def test_deployment_of_the_user_has_a_function_of_its_own(stack: cdk.Stack, digits: Path) -> None:
    bucket = s3.Bucket(stack, "Website")
    sources = [deployment.Source.asset(str(digits))]
    deployment.BucketDeployment(stack, "Site", destination_bucket=bucket, sources=sources)
    images_job(stack, digits)

    template = template_of(stack)

    theirs, ours = sorted(copiers(template).values(), key=lambda each: each.get("MemorySize") == 1783)
    assert ours["MemorySize"] == 1783
    assert "EphemeralStorage" not in theirs
    assert theirs["Role"] != ours["Role"]
    tokens = {
        each["Properties"]["DestinationBucketName"]["Ref"][:3]: each["Properties"]["ServiceToken"]["Fn::GetAtt"][0]
        for each in resources_of(template, "Custom::CDKBucketDeployment").values()
    }
    assert tokens["Web"] != tokens["Job"]


@pytest.mark.parametrize("comes_first", ["configuration", "job"])
def test_function_that_copies_runs_as_the_provider_is_configured(
    comes_first: str, stack: cdk.Stack, digits: Path
) -> None:
    key = kms.Key(stack, "Key")
    topic = sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:eu-west-1:111122223333:topic")

    def configure() -> None:
        AutoMLProvider.of(stack).configure(
            log_retention=cdk.Duration.days(30),
            log_encryption_key=key,
            tracing=True,
            vpc=vpc_of(stack),
            permissions_boundary=iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "boundary"),
            reserved_concurrent_executions=5,
            dead_letter_topic=topic,
        )

    if comes_first == "configuration":
        configure()
    images_job(stack, digits)
    if comes_first == "job":
        configure()

    template = template_of(stack)

    resources = template["Resources"]
    (function,) = copiers(template).values()
    (own,) = (
        each["Properties"]
        for name, each in resources_of(template, "AWS::Lambda::Function").items()
        if name.startswith("SageMakerAutopilotProvider")
    )
    for same in ("DeadLetterConfig", "ReservedConcurrentExecutions", "TracingConfig"):
        assert function[same] == own[same]
    assert function["VpcConfig"]["SubnetIds"] == ["subnet-0123456789abcdef0"]
    assert function["VpcConfig"]["SecurityGroupIds"] != own["VpcConfig"]["SecurityGroupIds"]
    role = function["Role"]["Fn::GetAtt"][0]
    assert "boundary" in json.dumps(resources[role]["Properties"]["PermissionsBoundary"])
    log = resources[function["LoggingConfig"]["LogGroup"]["Ref"]]["Properties"]
    assert (log["RetentionInDays"], "KmsKeyId" in log) == (30, True)
    (name,) = copiers(template)
    (policy,) = (each for each in resources[name]["DependsOn"] if "Permissions" in each)
    assert "ec2:CreateNetworkInterface" in json.dumps(resources[policy])


@pytest.mark.parametrize("comes_first", ["configuration", "job"])
def test_function_that_empties_the_bucket_is_told_where_it_is_not_in_the_vpc(
    comes_first: str, stack: cdk.Stack, digits: Path
) -> None:
    if comes_first == "configuration":
        AutoMLProvider.of(stack).configure(vpc=vpc_of(stack))
    job = images_job(stack, digits)
    if comes_first == "job":
        AutoMLProvider.of(stack).configure(vpc=vpc_of(stack))

    (told,) = warnings_of(job.node.find_child("TrainingDataBucket"))
    assert told == (
        "the function of the CDK that empties this bucket when the stack goes (Custom::S3AutoDeleteObjects) is not in "
        "the 'vpc' of AutoMLProvider.configure: a stack has one for all its buckets, yours too. docs/organisations.md "
        "has the lines that put it there; Channel.from_bucket does without it "
        "[ack: cdk-sagemaker-autopilot:emptied_outside_vpc]"
    )
    cdk.Annotations.of(job).acknowledge_warning("cdk-sagemaker-autopilot:emptied_outside_vpc", "it may be outside")
    assert warnings_of(job.node.find_child("TrainingDataBucket")) == []


def test_nothing_is_told_of_it_without_a_vpc(stack: cdk.Stack, digits: Path) -> None:
    AutoMLProvider.of(stack).configure(tracing=True)
    job = images_job(stack, digits)

    assert warnings_of(job.node.find_child("TrainingDataBucket")) == []


def test_configuration_moves_nothing_that_was_deployed(stack: cdk.Stack, digits: Path) -> None:
    """CDK would make another function of another name, and another copy, for a VPC that it is given itself."""

    def names(template: Mapping[str, Any]) -> list[str]:
        return [*copiers(template), *resources_of(template, "Custom::CDKBucketDeployment")]

    images_job(stack, digits)
    plain = names(template_of(stack))
    other = new_stack()
    AutoMLProvider.of(other).configure(vpc=vpc_of(other))
    images_job(other, digits)

    assert names(template_of(other)) == plain
