"""Batch transform jobs and versions in the registry, through the life of their stack."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sagemaker as sagemaker

from constructs_lib import ApprovalStatus, AssembleWith, BatchStrategy, Channel, OutputLocation, SplitType
from constructs_lib.runtime import contract

from ..cloud.account import BUCKET
from ..waiting.stage import Template, data, eventually, failing, logical_id, new_stack
from .stage import Serving, outcome_of
from .tiny_models import FIRST, SECOND

pytestmark = pytest.mark.cloud


def transforming(stage: Serving, name: str, target: str, prefix: str, **props: Any) -> Template:
    stack = new_stack(name)
    transform = outcome_of(stack, target).transform(
        data=Channel.from_bucket(data(stack), prefix),
        instance_type="ml.m5.large",
        output=OutputLocation.from_bucket(data(stack), f"predicted/{name}/"),
        split_type=SplitType.LINE,
        assemble_with=AssembleWith.LINE,
        **props,
    )
    cdk.CfnOutput(stack, "Transform", value=transform.transform_job_name)
    return stage.template(stack)


def status_of(stage: Serving, job: str) -> str:
    return str(stage.sagemaker.describe_transform_job(TransformJobName=job)["TransformJobStatus"])


def test_batch_is_predicted_again_when_the_job_is_trained_again_and_by_no_rollback(stage: Serving) -> None:
    stage.account.s3.put_object(Bucket=BUCKET, Key="batch/a.csv", Body=b"1\n2\n")
    stage.deployed("Batch", transforming(stage, "Batch", FIRST, "batch/"))
    first = stage.outputs("Batch")["Transform"]
    eventually(lambda: status_of(stage, first) == "Completed")
    assert stage.seen.read(f"s3://{BUCKET}/predicted/Batch/a.csv.out") == f"{FIRST}\n{FIRST}\n".encode()

    stage.deployed("Batch", transforming(stage, "Batch", SECOND, "batch/"))
    second = stage.outputs("Batch")["Transform"]
    assert second != first
    eventually(lambda: status_of(stage, second) == "Completed")
    assert stage.seen.read(f"s3://{BUCKET}/predicted/Batch/a.csv.out") == f"{SECOND}\n{SECOND}\n".encode()

    template = transforming(stage, "Batch", FIRST, "batch/", batch_strategy=BatchStrategy.SINGLE_RECORD)
    after = logical_id(template, contract.TRANSFORM_TYPE)
    assert stage.put("Batch", failing(template, after)) == "UPDATE_ROLLBACK_COMPLETE"

    assert stage.outputs("Batch")["Transform"] == second
    made = stage.sagemaker.list_transform_jobs()["TransformJobSummaries"]
    assert len(made) == 3, "the first, the second, and that of the update which failed"
    assert len(stage.models()) == 1
    stage.delete_all("Batch")
    assert stage.left() == set()


def test_transform_job_that_runs_when_its_stack_goes_is_stopped(stage: Serving) -> None:
    stage.account.s3.put_object(Bucket=BUCKET, Key="slow/a.csv", Body=b"slow\n" * 200)
    stage.deployed(
        "Stopped", transforming(stage, "Stopped", FIRST, "slow/", batch_strategy=BatchStrategy.SINGLE_RECORD)
    )
    job = stage.outputs("Stopped")["Transform"]
    assert status_of(stage, job) == "InProgress"

    stage.delete_all("Stopped")

    assert status_of(stage, job) == "Stopped"
    tags = stage.sagemaker.list_tags(
        ResourceArn=stage.sagemaker.describe_transform_job(TransformJobName=job)["TransformJobArn"]
    )["Tags"]
    assert contract.OwnerTag.RELEASED in {tag["Key"] for tag in tags}
    assert stage.left() == set()


def registering(stage: Serving, name: str, target: str, *, own_group: bool = False, **props: Any) -> Template:
    stack = new_stack(name)
    group: Any = "others"
    if own_group:
        group = sagemaker.CfnModelPackageGroup(stack, "Group", model_package_group_name="own")
    version = outcome_of(stack, target).register(group, **props)
    cdk.CfnOutput(stack, "Version", value=version.model_package_arn)
    return stage.template(stack)


def versions(stage: Serving, group: str) -> dict[str, str]:
    """The versions of a group with their approval, oldest first."""
    found = stage.sagemaker.list_model_packages(ModelPackageGroupName=group, SortOrder="Ascending")
    return {each["ModelPackageArn"]: each["ModelApprovalStatus"] for each in found["ModelPackageSummaryList"]}


def test_registry_keeps_every_version_and_what_people_decide(stage: Serving) -> None:
    stage.sagemaker.create_model_package_group(ModelPackageGroupName="others")
    stage.deployed("Record", registering(stage, "Record", FIRST))
    first = stage.outputs("Record")["Version"]
    assert versions(stage, "others") == {first: "PendingManualApproval"}

    stage.sagemaker.update_model_package(ModelPackageArn=first, ModelApprovalStatus="Rejected")
    stage.deployed("Record", registering(stage, "Record", FIRST, description="the same"))
    second = stage.outputs("Record")["Version"]
    stage.deployed("Record", registering(stage, "Record", SECOND))
    third = stage.outputs("Record")["Version"]
    assert list(versions(stage, "others")) == [first, second, third]
    assert versions(stage, "others")[first] == "Rejected"

    approved = registering(stage, "Record", SECOND, approval_status=ApprovalStatus.APPROVED)
    stage.deployed("Record", approved)
    assert stage.outputs("Record")["Version"] == third
    assert versions(stage, "others")[third] == "Approved"

    stage.delete_all("Record")
    assert list(versions(stage, "others")) == [first, second, third]
    assert stage.left() == {"model package group others", *(f"model package {arn}" for arn in (first, second, third))}
    for version in (first, second, third):
        stage.sagemaker.delete_model_package(ModelPackageName=version)
    stage.sagemaker.delete_model_package_group(ModelPackageGroupName="others")


def test_group_of_the_same_stack_goes_with_versions_that_may_be_destroyed(stage: Serving) -> None:
    destroy: dict[str, Any] = {"own_group": True, "removal_policy": cdk.RemovalPolicy.DESTROY}
    stage.deployed("Own", registering(stage, "Own", FIRST, **destroy))
    first = stage.outputs("Own")["Version"]
    stage.deployed("Own", registering(stage, "Own", SECOND, **destroy))
    second = stage.outputs("Own")["Version"]
    assert first != second
    assert list(versions(stage, "own")) == [second]

    stage.delete_all("Own")

    assert stage.left() == set()
