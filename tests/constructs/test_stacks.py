"""Jobs in apps as they are: several in a stack, several stacks, stages, nested stacks, and references between them."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from constructs_lib import AutoMLJob, AutoMLProvider, Channel, FeatureSpecification, ModelDeployConfig, OutputLocation
from constructs_lib.provider.provider import CONSTRUCT_ID

from .synthesis import (
    allowing,
    as_list,
    data_bucket,
    flat,
    job_properties,
    jobs_of,
    new_job,
    new_stack,
    request_of,
    resolved,
    resources_of,
    statements_of,
    template_of,
)

MANAGED_POLICY_LIMIT = 6144


def sagemaker_role(scope: Construct) -> iam.Role:
    return iam.Role(scope, "Shared", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))


def test_jobs_of_a_stack_share_one_provider() -> None:
    stack = new_stack()
    new_job(stack, "One")
    new_job(Construct(stack, "Group"), "Other")

    template = template_of(stack)

    assert len(resources_of(template, "AWS::Lambda::Function")) == 1
    assert AutoMLProvider.of(stack) is AutoMLProvider.of(stack)


def test_every_stack_has_its_own_provider_and_its_own_names() -> None:
    app = cdk.App()
    stacks = [cdk.Stack(app, "Churn"), cdk.Stack(app, "Churning"), cdk.Stack(cdk.Stage(app, "Prod"), "Churn")]
    for stack in stacks:
        new_job(stack)
    templates = [template_of(stack) for stack in stacks]

    prefixes = [flat(job_properties(template)["NamePrefix"]) for template in templates]

    assert len(set(prefixes)) == 3
    for template in templates:
        assert len(resources_of(template, "AWS::Lambda::Function")) == 1


def test_nested_stack_whose_name_is_a_token_has_a_readable_prefix() -> None:
    stack = new_stack("Parent")
    nested = cdk.NestedStack(stack, "Nested")
    new_job(nested)
    template_of(stack)

    assembly = stack.node.root.synth()  # type: ignore[attr-defined]
    nested_template = assembly.directory + "/" + nested.template_file

    assert flat(job_properties(_load(nested_template))["NamePrefix"]).startswith("stack")


def test_job_in_a_nested_stack_may_read_a_bucket_of_its_parent() -> None:
    stack = new_stack("Parent")
    bucket = s3.Bucket(stack, "Bucket")
    nested = cdk.NestedStack(stack, "Nested")
    new_job(nested, training_data=Channel.from_bucket(bucket, "train/"))
    template = template_of(stack)

    (child,) = resources_of(template, "AWS::CloudFormation::Stack").values()

    assert any("Bucket" in name for name in child["Properties"]["Parameters"])


@pytest.mark.newest
def test_job_of_a_nested_stack_that_another_stack_reads_can_be_trained_again() -> None:
    """CloudFormation changes no export that is imported, also not one that hands on what a nested stack puts out."""
    app = cdk.App()
    top, reader = cdk.Stack(app, "Top"), cdk.Stack(app, "Reader")
    job = new_job(cdk.NestedStack(cdk.NestedStack(top, "Middle"), "Inner"))
    cdk.CfnOutput(reader, "Name", value=job.job_name)

    [published] = template_of(top)["Outputs"].items()

    name, output = published
    assert list(output) == ["Value"], "an output, not an export"
    assert output["Value"]["Fn::GetAtt"][0].startswith("Middle")
    read = template_of(reader)["Outputs"]["Name"]["Value"]["Fn::GetStackOutput"]
    assert (read["StackName"], read["OutputName"]) == ("Top", name)


def test_bucket_key_and_role_may_live_in_another_stack() -> None:
    app = cdk.App()
    shared, jobs = cdk.Stack(app, "SharedStack"), cdk.Stack(app, "Jobs")
    key = kms.Key(shared, "Key")
    bucket = s3.Bucket(shared, "Bucket", encryption_key=key)
    job = new_job(
        jobs,
        training_data=Channel.from_bucket(bucket, "train/"),
        output=OutputLocation.from_bucket(bucket, "models/", encryption_key=key),
        role=sagemaker_role(shared),
        volume_encryption_key=key,
    )

    template, shared_template = template_of(jobs), template_of(shared)

    assert job.stack is jobs
    assert list(request_of(template)["RoleArn"]) == ["Fn::ImportValue"]
    assert allowing(statements_of(shared_template, beginning="Shared"), "s3:PutObject")
    (passed,) = allowing(statements_of(template), "iam:PassRole")
    assert "Fn::ImportValue" in passed["Resource"]


def test_own_role_reads_a_bucket_of_another_stack_that_has_a_key() -> None:
    app = cdk.App()
    shared, jobs = cdk.Stack(app, "SharedStack"), cdk.Stack(app, "Jobs")
    bucket = s3.Bucket(shared, "Bucket", encryption_key=kms.Key(shared, "Key"))
    new_job(jobs, training_data=Channel.from_bucket(bucket, "train/"), volume_encryption_key=kms.Key(shared, "Other"))

    statements = statements_of(template_of(jobs), beginning="JobPermissions")

    assert allowing(statements, "kms:Decrypt")
    assert allowing(statements, "kms:CreateGrant")


def test_own_role_can_use_a_key_of_another_account() -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Jobs", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:999988887777:key/abc")
    new_job(
        stack,
        volume_encryption_key=key,
        output=OutputLocation.from_bucket(
            s3.Bucket.from_bucket_attributes(stack, "Bucket", bucket_name="results", encryption_key=key),
            "models/",
            encryption_key=key,
        ),
    )

    (encrypt,) = allowing(statements_of(template_of(stack)), "kms:Encrypt")

    assert encrypt["Resource"] == "arn:aws:kms:eu-west-1:999988887777:key/abc"


def test_key_of_another_account_in_the_same_app_is_granted_on_both_sides() -> None:
    app = cdk.App()
    theirs = cdk.Stack(app, "Theirs", env=cdk.Environment(account="999988887777", region="eu-west-1"))
    ours = cdk.Stack(app, "Ours", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    key = kms.Key(theirs, "Key", alias="theirs")
    bucket = s3.Bucket(theirs, "Bucket", bucket_name="theirs", encryption_key=key)
    role = iam.Role(ours, "Role", role_name="job-role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    new_job(ours, training_data=Channel.from_bucket(bucket, "train/"), role=role)

    decrypt = allowing(statements_of(template_of(ours), beginning="Role"), "kms:Decrypt")
    (policy,) = resources_of(template_of(theirs), "AWS::KMS::Key").values()

    # No older CDK can refer to the key itself, and none does so in its own grants.
    keys = ["arn:", {"Ref": "AWS::Partition"}, ":kms:eu-west-1:999988887777:key/*"]
    assert [statement["Resource"] for statement in decrypt] == [{"Fn::Join": ["", keys]}]
    assert "job-role" in str(policy["Properties"]["KeyPolicy"])


def test_jobs_that_share_a_role_do_not_repeat_its_statements() -> None:
    stack = new_stack()
    role = sagemaker_role(stack)
    new_job(stack, "One", role=role)
    before = len(statements_of(template_of(stack), beginning="Shared"))

    again = new_stack()
    role = sagemaker_role(again)
    for number in range(10):
        new_job(again, f"Job{number}", role=role)
    template = template_of(again)

    assert len(statements_of(template, beginning="Shared")) == before
    (passed,) = allowing(statements_of(template, beginning="SageMaker"), "iam:PassRole")
    assert len(as_list(passed["Resource"])) == 1


def size_of(policy: dict[str, Any]) -> int:
    """Characters as IAM counts them: without whitespace, and as long as AWS can make the names."""
    return len(json.dumps(resolved(policy["Properties"]["PolicyDocument"]), separators=(",", ":")))


@pytest.mark.parametrize("minimize", [True, False])
def test_forty_jobs_with_roles_and_names_of_their_own_fit_into_policies(minimize: bool) -> None:
    app = cdk.App(context={"@aws-cdk/aws-iam:minimizePolicies": minimize})
    stack = cdk.Stack(app, "A" * 128)
    for number in range(40):
        new_job(
            stack, f"Job{number}", job_name=f"{'N' * 30}{number:02}", model_deploy_config=ModelDeployConfig.auto_named()
        )

    template = template_of(stack)
    policies = resources_of(template, "AWS::IAM::ManagedPolicy")
    ours = {name: policy for name, policy in policies.items() if name.startswith("SageMakerAutopilotProvider")}

    assert len(ours) == 5
    assert max(map(size_of, ours.values())) <= MANAGED_POLICY_LIMIT
    assert max(map(size_of, policies.values())) <= MANAGED_POLICY_LIMIT
    passed = [
        each
        for s in allowing(statements_of(template, beginning="SageMaker"), "iam:PassRole")
        for each in as_list(s["Resource"])
    ]
    assert len({flat(each) for each in passed}) == len(passed) == 40
    named = [
        each
        for s in allowing(
            statements_of(template, beginning="SageMakerAutopilotProviderNames"), "sagemaker:CreateAutoMLJob"
        )
        for each in as_list(s["Resource"])
    ]
    assert len({flat(each) for each in named}) == len(named) == 80


def test_every_job_waits_for_the_policy_that_passes_its_role() -> None:
    stack = new_stack()
    for number in range(31):
        new_job(stack, f"Job{number}")
    template = template_of(stack)

    waiting_for_the_second = [
        name
        for name, job in jobs_of(template).items()
        if any(each.startswith("SageMakerAutopilotProviderPassRoles1") for each in job["DependsOn"])
    ]

    passed = {
        name: sum(
            len(as_list(statement["Resource"]))
            for statement in allowing(statements_of(template, beginning=f"{CONSTRUCT_ID}{name}"), "iam:PassRole")
        )
        for name in ("Permissions", "PassRoles1")
    }
    assert passed["Permissions"] + passed["PassRoles1"] == 31
    assert len(waiting_for_the_second) == passed["PassRoles1"]


def test_names_given_twice_are_granted_once() -> None:
    stack = new_stack()
    new_job(stack, "One", job_name="same")
    new_job(stack, "Other", job_name="same")

    (named,) = allowing(
        statements_of(template_of(stack), beginning="SageMakerAutopilotProviderNames"), "sagemaker:CreateAutoMLJob"
    )

    assert flat(named["Resource"]).endswith(":automl-job/same")


def test_resources_stay_within_the_budget() -> None:
    def count(jobs: int, **props: Any) -> int:
        stack = new_stack()
        if props.pop("share", False):
            props["role"] = sagemaker_role(stack)
        for number in range(jobs):
            new_job(stack, f"Job{number}", **props)
        return len(template_of(stack)["Resources"])

    shared = count(1, share=True) - 3  # the job, and the caller's role with its policy

    assert shared <= 8
    assert count(2, share=True) - count(1, share=True) == 1
    assert count(2) - count(1) == 3
    assert count(1, job_name="mine", share=True) - 3 <= 8


def test_150_jobs_that_share_a_role_fit_into_a_stack() -> None:
    stack = new_stack()
    role = sagemaker_role(stack)
    for number in range(150):
        new_job(stack, f"Job{number}", role=role)

    assert len(template_of(stack)["Resources"]) <= 500 - 2 * 150  # each may be waited for by two more


MANAGED_POLICIES_OF_A_ROLE = 10


def test_150_jobs_with_data_of_their_own_do_not_overfill_the_role_they_share() -> None:
    stack = new_stack()
    role = sagemaker_role(stack)
    bucket = data_bucket(stack)
    for number in range(150):
        data = Channel.from_bucket(bucket, f"train/{number}/")
        output = OutputLocation.from_bucket(bucket, f"models/{number}/")
        new_job(stack, f"Job{number}", role=role, training_data=data, output=output)

    template = template_of(stack)
    policies = resources_of(template, "AWS::IAM::ManagedPolicy")
    statements = statements_of(template, beginning="Shared")

    assert len([name for name in policies if name.startswith("Shared")]) <= MANAGED_POLICIES_OF_A_ROLE
    assert max(map(size_of, policies.values())) <= MANAGED_POLICY_LIMIT
    objects = "arn:<Partition>:s3:::data-bucket"
    read = {flat(each) for s in allowing(statements, "s3:GetObject") for each in as_list(s["Resource"])}
    written = {flat(each) for s in allowing(statements, "s3:PutObject") for each in as_list(s["Resource"])}
    listed = {
        prefix
        for s in allowing(statements, "s3:ListBucket")
        for prefix in as_list(s["Condition"]["StringLike"]["s3:prefix"])
    }
    assert written == {f"{objects}/models/{number}/*" for number in range(150)}
    assert read == written | {f"{objects}/train/{number}/*" for number in range(150)}
    assert listed == {f"{kind}/{number}/*" for kind in ("train", "models") for number in range(150)}


def test_statements_of_one_bucket_never_reach_another() -> None:
    stack = new_stack()
    role = sagemaker_role(stack)
    for name in ("one", "other"):
        bucket = s3.Bucket.from_bucket_name(stack, name, f"{name}-bucket")
        new_job(stack, f"Job-{name}", role=role, training_data=Channel.from_bucket(bucket, f"{name}/"))

    listed = allowing(statements_of(template_of(stack), beginning="Shared"), "s3:ListBucket")

    assert {
        (flat(s["Resource"]).rpartition(":")[2], *as_list(s["Condition"]["StringLike"]["s3:prefix"])) for s in listed
    } == {
        ("one-bucket", "one/*"),
        ("other-bucket", "other/*"),
        ("data-bucket", "models/*"),
    }


def test_same_stack_makes_the_same_template_again() -> None:
    def make() -> dict[str, Any]:
        stack = new_stack()
        new_job(stack, features=FeatureSpecification.of({"b": "numeric", "a": "text"}), output=None)
        return template_of(stack)

    assert make() == make()


def test_job_outside_a_stack_is_refused_by_the_cdk() -> None:
    with pytest.raises(RuntimeError, match="should be created in the scope of a Stack"):
        AutoMLJob(
            cdk.App(),
            "Job",
            training_data=Channel.from_bucket(s3.Bucket.from_bucket_name(new_stack(), "B", "bucket")),
            target_attribute="y",
        )


def _load(path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(path).read_text())
    return loaded
