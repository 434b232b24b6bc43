"""Who may do what with a job, and what a job may do elsewhere."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3

from constructs_lib import Channel, OutputLocation

from ..constructs.synthesis import allowing, as_list, flat, new_job, new_stack, resources_of, statements_of, template_of


@pytest.fixture
def stack() -> cdk.Stack:
    return new_stack()


@pytest.fixture
def reader(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())


def granted(stack: cdk.Stack, beginning: str = "Reader") -> dict[str, set[str]]:
    """Actions with their resources, of the policies whose logical id begins so."""
    found: dict[str, set[str]] = {}
    for statement in statements_of(template_of(stack), beginning=beginning):
        for action in as_list(statement["Action"]):
            found.setdefault(action, set()).update(flat(each) for each in as_list(statement["Resource"]))
    return found


def test_describing_is_granted_on_the_job_and_listing_candidates_on_all(stack: cdk.Stack, reader: iam.Role) -> None:
    job = new_job(stack)
    job.grant_describe(reader).assert_success()

    arn = flat(stack.resolve(job.job_arn))
    assert granted(stack) == {
        "sagemaker:DescribeAutoMLJob": {arn},
        "sagemaker:DescribeAutoMLJobV2": {arn},
        "sagemaker:ListTags": {arn},
        "sagemaker:ListCandidatesForAutoMLJob": {"*"},
    }


def test_stopping_is_granted_on_the_job(stack: cdk.Stack, reader: iam.Role) -> None:
    job = new_job(stack)
    job.grant_stop(reader).assert_success()

    assert granted(stack) == {"sagemaker:StopAutoMLJob": {flat(stack.resolve(job.job_arn))}}


def test_any_action_can_be_granted_on_the_job(stack: cdk.Stack, reader: iam.Role) -> None:
    job = new_job(stack)
    job.grant(reader, "sagemaker:AddTags", "sagemaker:DeleteTags").assert_success()

    assert set(granted(stack)) == {"sagemaker:AddTags", "sagemaker:DeleteTags"}


def test_lambda_function_can_be_granted_and_waits_for_nothing(stack: cdk.Stack) -> None:
    job = new_job(stack)
    function = lambda_.Function(
        stack,
        "Reader",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=lambda_.Code.from_inline("handler = print"),
        environment={"JOB": job.job_name},
    )
    job.grant_describe(function)

    assert "sagemaker:DescribeAutoMLJobV2" in granted(stack)


def test_artifacts_can_be_read_below_the_jobs_own_folder_and_decrypted(stack: cdk.Stack, reader: iam.Role) -> None:
    bucket = s3.Bucket(stack, "Results", encryption_key=kms.Key(stack, "BucketKey"))
    output = OutputLocation.from_bucket(bucket, "models/", encryption_key=kms.Key(stack, "OutputKey"))
    job = new_job(stack, output=output)
    job.grant_read_artifacts(reader).assert_success()

    found = granted(stack)
    name = flat(stack.resolve(job.job_name))
    (results,) = (each for each in resources_of(template_of(stack), "AWS::S3::Bucket") if each.startswith("Results"))
    assert found["s3:GetObject"] == {f"<{results}.Arn>/models/{name}/*"}
    assert found["s3:ListBucket"] == {f"<{results}.Arn>"}
    assert {each.partition("Key")[0] for each in found["kms:Decrypt"]} == {"<Bucket", "<Output"}
    (listing,) = allowing(statements_of(template_of(stack), beginning="Reader"), "s3:ListBucket")
    (prefix,) = as_list(listing["Condition"]["StringLike"]["s3:prefix"])
    assert flat(prefix) == f"models/{name}/*"


@pytest.mark.parametrize("name", ["*", "a/../b", 3])
def test_artifacts_of_what_is_no_job_are_not_granted(stack: cdk.Stack, reader: iam.Role, name: Any) -> None:
    output = OutputLocation.from_bucket(s3.Bucket(stack, "Results"))

    with pytest.raises(ValueError, match=r"OutputLocation.grant_read has 1 problem:\n  - 'job_name' must .*got"):
        output.grant_read(reader, name)


def test_job_is_a_grantee(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "More")
    job = new_job(stack)
    bucket.grant_read(job)

    assert "s3:GetObject*" in granted(stack, "JobRoleDefaultPolicy")
    template = template_of(stack)
    (resource,) = (each for each in template["Resources"].values() if each["Type"].startswith("Custom::"))
    assert any(name.startswith("JobRoleDefaultPolicy") for name in resource["DependsOn"])


def test_job_can_be_let_into_a_network(stack: cdk.Stack) -> None:
    vpc = ec2.Vpc(stack, "Vpc", max_azs=1)
    database = ec2.SecurityGroup(stack, "Database", vpc=vpc)
    job = new_job(stack, vpc=vpc)
    database.connections.allow_from(job, ec2.Port.tcp(5432))
    job.connections.allow_to(ec2.Peer.ipv4("10.0.0.0/8"), ec2.Port.tcp(443))

    (ingress,) = resources_of(template_of(stack), "AWS::EC2::SecurityGroupIngress").values()

    assert ingress["Properties"]["FromPort"] == 5432
    assert flat(ingress["Properties"]["SourceSecurityGroupId"]).startswith("<JobSecurityGroup")


def test_job_outside_a_vpc_has_no_connections(stack: cdk.Stack) -> None:
    job = new_job(stack)

    with pytest.raises(ValueError, match="the job 'Stack/Job' has no connections: give it a 'vpc'"):
        _ = job.connections


def test_key_of_an_encrypted_data_bucket_is_granted(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "Secret", encryption_key=kms.Key(stack, "SecretKey"))
    new_job(stack, training_data=Channel.from_bucket(bucket, "train/"))

    (key,) = granted(stack, "JobPermissions")["kms:Decrypt"]
    assert key.startswith("<SecretKey")


def test_imported_key_of_several_places_is_one_statement_of_the_jobs_role(stack: cdk.Stack) -> None:
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:111122223333:key/1-2")
    data, models = (
        s3.Bucket.from_bucket_attributes(stack, name, bucket_name=f"bank-{name.lower()}", encryption_key=key)
        for name in ("Read", "Models")
    )
    new_job(
        stack,
        training_data=Channel.from_bucket(data, "train/"),
        output=OutputLocation.from_bucket(models, "models/", encryption_key=key),
    )

    of_key = [
        as_list(statement["Action"])
        for statement in statements_of(template_of(stack), beginning="Job")
        if ":key/1-2" in str(statement["Resource"])
    ]
    assert len(of_key) == 1, of_key
    assert set(of_key[0]) == {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}
