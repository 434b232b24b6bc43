"""IAM and KMS as on AWS: of the caller, and of the job's own role."""

import json
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from .account import BUCKET, CSV, JOB_ACTIONS, SAGEMAKER_TRUST, Account, channel, refusal

pytestmark = pytest.mark.cloud

CREATE = {"Effect": "Allow", "Action": "sagemaker:CreateAutoMLJob", "Resource": "*"}
PASS = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}


def acting_for(source: str) -> dict[str, Any]:
    """A trust policy that lets SageMaker assume a role for some things alone."""
    return {**SAGEMAKER_TRUST, "Condition": {"ArnLike": {"aws:SourceArn": source}}}


def sagemaker_as(account: Account, *statements: dict[str, Any]) -> Any:
    return account.acting_as(*statements)("sagemaker")


def test_a_call_needs_its_action_on_its_own_job(account: Account) -> None:
    other = {**CREATE, "Resource": "arn:aws:sagemaker:*:*:automl-job/other-*"}
    request = account.request()
    code, message = refusal(sagemaker_as(account, other, PASS).create_auto_ml_job, **request)
    assert code == "AccessDeniedException"
    name = request["AutoMLJobName"]
    assert (
        f"sagemaker:CreateAutoMLJob on resource: arn:aws:sagemaker:us-east-1:123456789012:automl-job/{name}" in message
    )
    assert "because no identity-based policy allows the sagemaker:CreateAutoMLJob action" in message


def test_describing_as_version_2_is_an_action_of_its_own(account: Account) -> None:
    caller = sagemaker_as(account, {"Effect": "Allow", "Action": "sagemaker:DescribeAutoMLJob", "Resource": "*"})
    assert refusal(caller.describe_auto_ml_job, AutoMLJobName="nobody")[0] == "ResourceNotFound"
    assert refusal(caller.describe_auto_ml_job_v2, AutoMLJobName="nobody")[0] == "AccessDeniedException"


def test_creating_needs_pass_role_on_the_role(account: Account) -> None:
    code, message = refusal(sagemaker_as(account, CREATE).create_auto_ml_job, **account.request())
    assert code == "AccessDeniedException"
    assert f"iam:PassRole on resource: {account.job_role}" in message


def test_pass_role_to_another_service_is_not_enough(account: Account) -> None:
    to_lambda = {**PASS, "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}
    to_sagemaker = {**PASS, "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}}
    assert refusal(sagemaker_as(account, CREATE, to_lambda).create_auto_ml_job, **account.request())[0] == (
        "AccessDeniedException"
    )
    sagemaker_as(account, CREATE, to_sagemaker).create_auto_ml_job(**account.request())


def test_tags_at_creation_need_add_tags(account: Account) -> None:
    request = account.request(Tags=[{"Key": "a", "Value": "b"}])
    code, message = refusal(sagemaker_as(account, CREATE, PASS).create_auto_ml_job, **request)
    assert (code, "sagemaker:AddTags on resource" in message) == ("AccessDeniedException", True)


def test_a_policy_can_test_the_tags_of_a_request_and_of_a_job(account: Account) -> None:
    ours = {"StringEquals": {"aws:RequestTag/team": "ours"}}
    tagging = {"Effect": "Allow", "Action": "sagemaker:AddTags", "Resource": "*"}
    stop = {
        "Effect": "Allow",
        "Action": "sagemaker:StopAutoMLJob",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/team": "ours"}},
    }
    caller = sagemaker_as(account, {**CREATE, "Condition": ours}, tagging, PASS, stop)
    theirs = account.request(Tags=[{"Key": "team", "Value": "theirs"}])
    assert refusal(caller.create_auto_ml_job, **theirs)[0] == "AccessDeniedException"
    account.ended(theirs)
    assert refusal(caller.stop_auto_ml_job, AutoMLJobName=theirs["AutoMLJobName"])[0] == "AccessDeniedException"
    mine = account.request(
        Tags=[{"Key": "team", "Value": "ours"}], InputDataConfig=[channel() | {"TargetAttributeName": "slow"}]
    )
    caller.create_auto_ml_job(**mine)
    caller.stop_auto_ml_job(AutoMLJobName=mine["AutoMLJobName"])


@pytest.mark.parametrize(
    "trust",
    [
        {**SAGEMAKER_TRUST, "Principal": {"Service": "lambda.amazonaws.com"}},
        {**SAGEMAKER_TRUST, "Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}},
        acting_for("arn:aws:sagemaker:eu-north-1:123456789012:*"),
        acting_for("arn:aws:sagemaker:*:*:automl-job/*"),
    ],
    ids=["another service", "another source account", "another region", "not for its training jobs"],
)
def test_the_role_must_trust_sagemaker(account: Account, trust: dict[str, Any]) -> None:
    role = account.role(account.fresh("Untrusting"), JOB_ACTIONS, trust=trust)
    code, message = refusal(account.sagemaker.create_auto_ml_job, **account.request(RoleArn=role))
    assert code == "ValidationException"
    assert message == (
        f"Could not assume role {role}. Please ensure that the role exists and allows principal "
        "'sagemaker.amazonaws.com' to assume the role."
    )


def test_a_trust_policy_may_have_conditions_and_other_services(account: Account) -> None:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": ["lambda.amazonaws.com", "sagemaker.amazonaws.com"]},
        "Action": "sts:*",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account.cloud.account},
            "ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:{account.cloud.region}:{account.cloud.account}:*"},
        },
    }
    role = account.role(account.fresh("Trusting"), JOB_ACTIONS, trust=trust)
    assert account.ended(account.request(RoleArn=role))["AutoMLJobStatus"] == "Completed"


def test_role_of_a_model_is_assumed_for_the_pages_very_text_and_not_for_the_model(account: Account) -> None:
    container = {"Image": account.image, "ModelDataUrl": f"s3://{BUCKET}/missing.tar.gz"}

    def made(source: str) -> str:
        role = account.role(account.fresh("Serving"), JOB_ACTIONS, trust=acting_for(source))
        request = {"ModelName": account.fresh("model"), "ExecutionRoleArn": role, "PrimaryContainer": container}
        return refusal(account.sagemaker.create_model, **request)[1]

    place = f"arn:aws:sagemaker:{account.cloud.region}:{account.cloud.account}"
    assert "Could not assume role" in made(f"{place}:model/*")
    assert "Could not find model data" in made(f"{place}:*")


def test_the_role_must_exist(account: Account) -> None:
    request = account.request(RoleArn="arn:aws:iam::123456789012:role/Nobody")
    assert "Could not assume role" in refusal(account.sagemaker.create_auto_ml_job, **request)[1]


@pytest.mark.parametrize(
    ("missing", "resource"),
    [
        ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}."),
        ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/train/a.csv"),
        ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/out/"),
    ],
)
def test_the_role_needs_each_s3_permission(account: Account, missing: str, resource: str) -> None:
    role = account.role(account.fresh("Lacking"), [action for action in JOB_ACTIONS if action != missing])
    job = account.ended(account.request(RoleArn=role))
    assert job["AutoMLJobStatus"] == "Failed"
    assert f"The execution role {role} is not authorized to perform {missing} on {resource}" in job["FailureReason"]


def test_a_bucket_policy_can_deny_the_role(account: Account) -> None:
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::guarded/*",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": account.job_role}},
    }
    account.s3.create_bucket(Bucket="guarded")
    account.s3.put_object(Bucket="guarded", Key="train/a.csv", Body=CSV)
    account.s3.put_bucket_policy(Bucket="guarded", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    job = account.ended(account.request(InputDataConfig=[channel("s3://guarded/train/")]))
    assert "not authorized to perform s3:GetObject on arn:aws:s3:::guarded/train/a.csv" in job["FailureReason"]


def test_a_job_runs_without_permission_to_log(account: Account) -> None:
    role = account.role(account.fresh("Silent"), [action for action in JOB_ACTIONS if not action.startswith("logs:")])
    request = account.request(RoleArn=role)
    assert account.ended(request)["AutoMLJobStatus"] == "Completed"
    key = f"out/{request['AutoMLJobName']}/rehearsal.json"
    assert "No log was written" in account.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()


class Keys:
    """A key whose policy leaves it to IAM, and roles with and without permissions on it."""

    def __init__(self, cloud: Cloud, account: Account) -> None:
        self.account = account
        root = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{cloud.account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [root]})
        self.kms = cloud.client("kms")
        self.arn: str = self.kms.create_key(Policy=policy)["KeyMetadata"]["Arn"]

    def role(self, *actions: str) -> str:
        return self.account.role(self.account.fresh("Keyed"), [*JOB_ACTIONS, *actions])


@pytest.fixture(scope="module")
def keys(cloud: Cloud, account: Account) -> Keys:
    made = Keys(cloud, account)
    account.s3.put_object(
        Bucket=BUCKET, Key="sealed/a.csv", Body=CSV, ServerSideEncryption="aws:kms", SSEKMSKeyId=made.arn
    )
    return made


def test_reading_encrypted_data_needs_decrypt(account: Account, keys: Keys) -> None:
    sealed = [channel(f"s3://{BUCKET}/sealed/")]
    lacking = account.ended(account.request(RoleArn=keys.role(), InputDataConfig=sealed))
    assert f"is not authorized to perform kms:Decrypt on {keys.arn}" in lacking["FailureReason"]
    allowed = account.ended(account.request(RoleArn=keys.role("kms:Decrypt"), InputDataConfig=sealed))
    assert allowed["AutoMLJobStatus"] == "Completed"


def test_writing_with_a_key_needs_generate_data_key(account: Account, keys: Keys) -> None:
    output = {"S3OutputPath": f"s3://{BUCKET}/sealed-out", "KmsKeyId": keys.arn}
    lacking = account.ended(account.request(RoleArn=keys.role("kms:Decrypt"), OutputDataConfig=output))
    assert f"is not authorized to perform kms:GenerateDataKey on {keys.arn}" in lacking["FailureReason"]
    request = account.request(RoleArn=keys.role("kms:GenerateDataKey"), OutputDataConfig=output)
    assert account.ended(request)["AutoMLJobStatus"] == "Completed"
    head = account.s3.head_object(Bucket=BUCKET, Key=f"sealed-out/{request['AutoMLJobName']}/rehearsal.json")
    assert head["SSEKMSKeyId"] == keys.arn


def test_a_bucket_encrypted_by_default_needs_its_key_too(account: Account, keys: Keys) -> None:
    account.s3.create_bucket(Bucket="encrypting")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": keys.arn}}
    account.s3.put_bucket_encryption(Bucket="encrypting", ServerSideEncryptionConfiguration={"Rules": [rule]})
    job = account.ended(account.request(RoleArn=keys.role(), OutputDataConfig={"S3OutputPath": "s3://encrypting/out"}))
    assert f"is not authorized to perform kms:GenerateDataKey on {keys.arn}" in job["FailureReason"]


def test_a_volume_key_needs_create_grant_of_the_role_or_the_caller(account: Account, keys: Keys) -> None:
    security = {"AutoMLJobConfig": {"SecurityConfig": {"VolumeKmsKeyId": keys.arn}}}
    lacking = account.request(RoleArn=keys.role(), **security)
    sagemaker_as(account, CREATE, PASS).create_auto_ml_job(**lacking)
    reason = account.wait(lacking["AutoMLJobName"])["FailureReason"]
    assert f"is not authorized to perform kms:CreateGrant on {keys.arn}" in reason
    by_caller = account.request(RoleArn=keys.role(), **security)
    grant = {"Effect": "Allow", "Action": "kms:CreateGrant", "Resource": keys.arn}
    sagemaker_as(account, CREATE, PASS, grant).create_auto_ml_job(**by_caller)
    assert account.wait(by_caller["AutoMLJobName"])["AutoMLJobStatus"] == "Completed"
    by_role = account.request(RoleArn=keys.role("kms:CreateGrant"), **security)
    sagemaker_as(account, CREATE, PASS).create_auto_ml_job(**by_role)
    assert account.wait(by_role["AutoMLJobName"])["AutoMLJobStatus"] == "Completed"
    assert keys.kms.list_grants(KeyId=keys.arn)["Grants"] == []


def test_conditions_on_who_uses_a_key_hold(account: Account, keys: Keys) -> None:
    through_s3 = {
        "Effect": "Allow",
        "Action": "kms:GenerateDataKey",
        "Resource": keys.arn,
        "Condition": {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
    }
    for_services = {
        "Effect": "Allow",
        "Action": "kms:CreateGrant",
        "Resource": keys.arn,
        "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
    }
    role = account.role(account.fresh("Conditioned"), JOB_ACTIONS, statements=[through_s3, for_services])
    request = account.request(
        RoleArn=role,
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/sealed-out", "KmsKeyId": keys.arn},
        AutoMLJobConfig={"SecurityConfig": {"VolumeKmsKeyId": keys.arn}},
    )
    sagemaker_as(account, CREATE, PASS).create_auto_ml_job(**request)
    assert account.wait(request["AutoMLJobName"])["AutoMLJobStatus"] == "Completed"


def test_a_key_that_is_gone_fails_the_job(account: Account, keys: Keys, cloud: Cloud) -> None:
    gone = cloud.client("kms").create_key()["KeyMetadata"]["KeyId"]
    cloud.client("kms").schedule_key_deletion(KeyId=gone, PendingWindowInDays=7)
    output = {"S3OutputPath": f"s3://{BUCKET}/out", "KmsKeyId": gone}
    job = account.ended(account.request(RoleArn=keys.role("kms:*"), OutputDataConfig=output))
    assert job["FailureReason"] == f"kms:GenerateDataKey on {gone} failed: the key is PendingDeletion"


class TestNetwork:
    ACTIONS = (
        "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups", "ec2:DescribeVpcs", "ec2:DescribeDhcpOptions",
        "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
    )  # fmt: skip

    def job(self, account: Account, cloud: Cloud, actions: tuple[str, ...], **changes: list[str]) -> dict[str, Any]:
        ec2 = cloud.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
        network = {
            "Subnets": [ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.1.0/24")["Subnet"]["SubnetId"]],
            "SecurityGroupIds": [
                ec2.create_security_group(GroupName=account.fresh("g"), Description="d", VpcId=vpc)["GroupId"]
            ],
        }
        config = {"SecurityConfig": {"VpcConfig": {**network, **changes}}}
        role = account.role(account.fresh("Networked"), [*JOB_ACTIONS, *actions])
        return account.ended(account.request(RoleArn=role, AutoMLJobConfig=config))

    def test_the_interfaces_are_given_back(self, account: Account, cloud: Cloud) -> None:
        assert self.job(account, cloud, self.ACTIONS)["AutoMLJobStatus"] == "Completed"
        assert cloud.client("ec2").describe_network_interfaces()["NetworkInterfaces"] == []

    @pytest.mark.parametrize("missing", ["ec2:DescribeSubnets", "ec2:CreateNetworkInterface"])
    def test_the_role_needs_the_network_permissions(self, account: Account, cloud: Cloud, missing: str) -> None:
        job = self.job(account, cloud, tuple(action for action in self.ACTIONS if action != missing))
        assert f"is not authorized to perform {missing}" in job["FailureReason"]

    def test_the_subnet_must_exist(self, account: Account, cloud: Cloud) -> None:
        job = self.job(account, cloud, self.ACTIONS, Subnets=["subnet-00000000000000000"])
        assert job["AutoMLJobStatus"] == "Failed"
        assert "subnet-00000000000000000" in job["FailureReason"]


class TestDeployment:
    ACTIONS = (
        "sagemaker:CreateModel", "sagemaker:CreateEndpointConfig", "sagemaker:CreateEndpoint",
        "sagemaker:DescribeEndpoint", "iam:PassRole",
    )  # fmt: skip

    def job(self, account: Account, actions: tuple[str, ...], **config: Any) -> dict[str, Any]:
        role = account.role(account.fresh("Deploying"), [*JOB_ACTIONS, *actions])
        return account.ended(account.request(RoleArn=role, ModelDeployConfig=config))

    def test_the_endpoint_answers_who_may_invoke_it(self, account: Account, cloud: Cloud) -> None:
        job = self.job(account, self.ACTIONS, EndpointName="Deployed")
        assert job["ModelDeployResult"] == {"EndpointName": "Deployed"}
        request = {"EndpointName": "Deployed", "Body": b"1", "ContentType": "text/csv"}
        answer = cloud.client("sagemaker-runtime").invoke_endpoint(**request)
        assert (answer["Body"].read(), answer["InvokedProductionVariant"]) == (
            b"answer 1 predicted_label",
            "AllTraffic",
        )
        invoke = {"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint"}
        arn = f"arn:aws:sagemaker:{cloud.region}:{cloud.account}:endpoint"
        account.acting_as({**invoke, "Resource": f"{arn}/deployed"})("sagemaker-runtime").invoke_endpoint(**request)
        other = account.acting_as({**invoke, "Resource": f"{arn}/other"})("sagemaker-runtime")
        code, message = refusal(other.invoke_endpoint, **request)
        assert code == "AccessDeniedException"
        assert f"sagemaker:InvokeEndpoint on resource: {arn}/deployed" in message

    def test_a_name_can_be_generated(self, account: Account) -> None:
        job = self.job(account, self.ACTIONS, AutoGenerateEndpointName=True)
        assert job["ModelDeployResult"]["EndpointName"].startswith(job["AutoMLJobName"])

    @pytest.mark.parametrize("missing", ACTIONS)
    def test_the_role_needs_the_deployment_permissions(self, account: Account, missing: str) -> None:
        actions = tuple(action for action in self.ACTIONS if action != missing)
        job = self.job(account, actions, AutoGenerateEndpointName=True)
        assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Completed", "ModelDeploymentError")
        assert missing in job["FailureReason"]
        assert "ModelDeployResult" not in job
