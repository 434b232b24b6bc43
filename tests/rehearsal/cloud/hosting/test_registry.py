"""The Model Registry over the wire and in stacks."""

import json
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.connection import Credentials
from constructs_lib.rehearsal.cloud.launcher import Cloud
from constructs_lib.rehearsal.cloud.resource_types.sagemaker import SageMakerType

from ..account import BUCKET, Account, refusal
from ..stacks import Stacks
from .endpoints import answer, config, created, model_data

pytestmark = pytest.mark.cloud

ARN = "arn:aws:sagemaker:us-east-1:123456789012"


@pytest.fixture
def group(account: Account) -> str:
    name = account.fresh("Group")
    account.sagemaker.create_model_package_group(ModelPackageGroupName=name, ModelPackageGroupDescription="ours")
    return name


def version(account: Account, group: str, **members: Any) -> str:
    arn: str = account.sagemaker.create_model_package(ModelPackageGroupName=group, **members)["ModelPackageArn"]
    return arn


def inference(data: str, image: str = "i", **environment: str) -> dict[str, Any]:
    return {
        "Containers": [{"Image": image, "ModelDataUrl": data, "Environment": environment}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }


def test_a_group_is_described_and_listed(account: Account, group: str) -> None:
    described = account.sagemaker.describe_model_package_group(ModelPackageGroupName=group)
    assert described["ModelPackageGroupArn"] == f"{ARN}:model-package-group/{group}"
    assert (described["ModelPackageGroupDescription"], described["ModelPackageGroupStatus"]) == ("ours", "Completed")
    listed = account.sagemaker.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"]
    assert [one["ModelPackageGroupName"] for one in listed] == [group]
    assert refusal(account.sagemaker.create_model_package_group, ModelPackageGroupName=group) == (
        "ValidationException",
        f"Model Package Group already exists: {ARN}:model-package-group/{group}",
    )
    assert refusal(account.sagemaker.describe_model_package_group, ModelPackageGroupName="no") == (
        "ValidationException",
        f"ModelPackageGroup {ARN}:model-package-group/no does not exist.",
    )


def test_versions_are_numbered_and_described_as_they_were_made(account: Account, group: str) -> None:
    members: dict[str, Any] = {
        "InferenceSpecification": inference(f"s3://{BUCKET}/m.tar.gz", A="b"),
        "ModelMetrics": {
            "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": f"s3://{BUCKET}/metrics.json"}}
        },
        "CustomerMetadataProperties": {"job": "churn"},
        "ModelPackageDescription": "the first",
    }
    first = version(account, group, **members)
    assert first == f"{ARN}:model-package/{group}/1"
    assert version(account, f"{ARN}:model-package-group/{group}", ModelApprovalStatus="Approved").endswith("/2")
    described = account.sagemaker.describe_model_package(ModelPackageName=first)
    assert {name: described[name] for name in members} == members
    assert described["ModelPackageVersion"] == 1
    assert described["ModelPackageGroupName"] == group
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["ModelPackageStatus"] == "Completed"


def test_a_version_is_approved_and_gets_metadata(account: Account, group: str) -> None:
    arn = version(account, group, CustomerMetadataProperties={"a": "1", "b": "2"})
    account.sagemaker.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        ApprovalDescription="good",
        CustomerMetadataProperties={"a": "3"},
        CustomerMetadataPropertiesToRemove=["b"],
    )
    described = account.sagemaker.describe_model_package(ModelPackageName=arn)
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Approved", "good")
    assert described["CustomerMetadataProperties"] == {"a": "3"}
    assert described["LastModifiedTime"] >= described["CreationTime"]


def test_who_changed_a_version_last_is_noted(account: Account, group: str) -> None:
    arn = version(account, group)
    assert "LastModifiedBy" not in account.sagemaker.describe_model_package(ModelPackageName=arn)
    approver = account.acting_as({"Effect": "Allow", "Action": "sagemaker:UpdateModelPackage", "Resource": "*"})
    approver("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    identity = approver("sts").get_caller_identity()
    assert account.sagemaker.describe_model_package(ModelPackageName=arn)["LastModifiedBy"] == {
        "IamIdentity": {"Arn": identity["Arn"], "PrincipalId": identity["UserId"]}
    }
    account.sagemaker.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties={"a": "b"})
    last = account.sagemaker.describe_model_package(ModelPackageName=arn)["LastModifiedBy"]["IamIdentity"]
    assert last["Arn"] == "arn:aws:iam::123456789012:root", "it is who changed anything, not who approved"


def test_a_function_that_may_not_approve_is_refused(account: Account, group: str) -> None:
    """Where a person has to approve, the function's role is denied the value."""
    everything = {"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}
    denied = {
        "Effect": "Deny",
        "Action": ["sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"],
        "Resource": "*",
        "Condition": {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}},
    }
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
    role = account.role(account.fresh("Function"), statements=[everything, denied], trust=trust)
    taken = account.cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="function")["Credentials"]
    function = account.client_with(
        Credentials(access_key=taken["AccessKeyId"], secret_key=taken["SecretAccessKey"], token=taken["SessionToken"])
    )("sagemaker")
    create, update = function.create_model_package, function.update_model_package
    arn = create(ModelPackageGroupName=group, ModelApprovalStatus="PendingManualApproval")["ModelPackageArn"]
    create(ModelPackageGroupName=group)
    update(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    update(ModelPackageArn=arn, CustomerMetadataProperties={"a": "b"})
    for call, request in ((create, {"ModelPackageGroupName": group}), (update, {"ModelPackageArn": arn})):
        code, message = refusal(call, **request, ModelApprovalStatus="Approved")
        assert (code, "with an explicit deny in an identity-based policy" in message) == ("AccessDeniedException", True)
    described = account.sagemaker.describe_model_package(ModelPackageName=arn)
    assert described["ModelApprovalStatus"] == "Rejected"
    assert described["LastModifiedBy"]["IamIdentity"]["Arn"].endswith(f"{role.rpartition('/')[2]}/function")


def test_versions_are_listed_by_group_and_approval(account: Account, group: str) -> None:
    first = version(account, group)
    second = version(account, group, ModelApprovalStatus="Rejected")
    account.sagemaker.create_model_package(ModelPackageName=account.fresh("alone"))

    def listed(**request: Any) -> list[str]:
        found = account.sagemaker.list_model_packages(**request)["ModelPackageSummaryList"]
        return [one["ModelPackageArn"] for one in found]

    assert listed(ModelPackageGroupName=group, SortOrder="Ascending") == [first, second]
    assert listed(ModelPackageGroupName=group, ModelApprovalStatus="Rejected") == [second]
    assert first not in listed()
    assert {first, second} <= set(listed(ModelPackageType="Both", MaxResults=100))


def test_a_group_with_versions_can_not_be_deleted(account: Account, group: str) -> None:
    arn = version(account, group)
    delete = account.sagemaker.delete_model_package_group
    assert refusal(delete, ModelPackageGroupName=group) == (
        "ConflictException",
        f"Model Package Group {group} cannot be deleted as it still contains Model Packages",
    )
    account.sagemaker.delete_model_package(ModelPackageName=arn)
    assert refusal(account.sagemaker.describe_model_package, ModelPackageName=arn) == (
        "ValidationException",
        f"ModelPackage {arn} does not exist.",
    )
    assert version(account, group).endswith("/2"), "a number is never given twice"
    account.sagemaker.delete_model_package(ModelPackageName=f"{ARN}:model-package/{group}/2")
    delete(ModelPackageGroupName=group)
    assert account.sagemaker.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"] == []


def test_a_change_set_says_what_makes_another_group(account: Account, cloud: Cloud) -> None:
    stacks = Stacks(cloud, account)

    def template(**properties: Any) -> dict[str, Any]:
        named = {"ModelPackageGroupName": "Said", **properties}
        return {"Group": {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": named}}

    assert stacks.deploy("said", template()) == "CREATE_COMPLETE"
    for name, properties, replacement in (
        ("tagged", {"Tags": [{"Key": "a", "Value": "b"}]}, "False"),
        ("described", {"ModelPackageGroupDescription": "other"}, "True"),
    ):
        named = {"StackName": "said", "ChangeSetName": name}
        body = json.dumps({"Resources": template(**properties)})
        stacks.cloudformation.create_change_set(**named, TemplateBody=body)
        [change] = stacks.cloudformation.describe_change_set(**named)["Changes"]
        assert change["ResourceChange"]["Replacement"] == replacement
    stacks.delete("said")


@pytest.mark.parametrize(
    ("kind", "name", "replaces"),
    [
        ("Endpoint", "EndpointConfigName", False),
        ("Endpoint", "EndpointName", True),
        ("EndpointConfig", "ProductionVariants", True),
        ("Model", "Tags", False),
    ],
)
def test_an_endpoint_changes_in_place_and_what_it_serves_does_not(kind: str, name: str, *, replaces: bool) -> None:
    assert SageMakerType(lambda _: None, kind).replaces(name) is replaces


def test_a_package_that_can_not_be_is_refused(account: Account, group: str) -> None:
    create = account.sagemaker.create_model_package
    alone = account.fresh("alone")
    create(ModelPackageName=alone)
    for request, message in (
        ({}, "Missing ARN."),
        (
            {"ModelPackageName": "a", "ModelPackageGroupName": group},
            "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which one to "
            "use.",
        ),
        (
            {"ModelPackageGroupName": group, "Tags": [{"Key": "a", "Value": "b"}]},
            "A version of a model package can not have tags: they are put on its group",
        ),
        ({"ModelPackageName": alone}, f'Cannot create already existing model package "{ARN}:model-package/{alone}".'),
        ({"ModelPackageGroupName": "no"}, f"ModelPackageGroup {ARN}:model-package-group/no does not exist."),
    ):
        assert refusal(create, **request) == ("ValidationException", message)


def test_the_same_client_token_gives_the_same_version(account: Account, group: str) -> None:
    token = {"ClientToken": "a" * 32}
    first = version(account, group, ModelPackageDescription="one", **token)
    assert version(account, group, ModelPackageDescription="one", **token) == first
    assert refusal(account.sagemaker.create_model_package, ModelPackageGroupName=group, **token) == (
        "ConflictException",
        f"ClientToken {'a' * 32} was used with other parameters, for {first}",
    )
    assert version(account, group, ClientToken="b" * 32).endswith("/2")


def test_an_approval_status_of_an_unversioned_package_is_taken_and_means_nothing(account: Account) -> None:
    alone = account.fresh("alone")
    create, describe = account.sagemaker.create_model_package, account.sagemaker.describe_model_package
    create(ModelPackageName=alone, ModelApprovalStatus="PendingManualApproval")
    assert "ModelApprovalStatus" not in describe(ModelPackageName=alone)


def test_the_policy_of_a_group_that_is_not_there_is_missed_in_words_of_its_own(account: Account) -> None:
    sagemaker = account.sagemaker
    for call, members in (
        (sagemaker.get_model_package_group_policy, {}),
        (sagemaker.put_model_package_group_policy, {"ResourcePolicy": "{}"}),
        (sagemaker.delete_model_package_group_policy, {}),
    ):
        assert refusal(call, ModelPackageGroupName="no", **members) == (
            "ValidationException",
            f"Cannot find Model Package Group: {ARN}:model-package-group/no",
        )


def test_groups_and_versions_are_listed_from_the_oldest_on(account: Account, group: str) -> None:
    other = account.fresh("Group")
    account.sagemaker.create_model_package_group(ModelPackageGroupName=other)
    listed = account.sagemaker.list_model_package_groups(NameContains="Group", MaxResults=100)
    names = [one["ModelPackageGroupName"] for one in listed["ModelPackageGroupSummaryList"]]
    assert names.index(group) < names.index(other)
    made = [version(account, group) for _ in range(3)]
    versions = account.sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    assert [one["ModelPackageArn"] for one in versions] == made


class TestDeployment:
    def model(self, account: Account, package: str, **environment: str) -> str:
        name = account.fresh("packaged")
        account.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=account.job_role,
            Containers=[{"ModelPackageName": package, "Environment": environment}],
        )
        return name

    def test_an_approved_version_is_deployed(self, account: Account, group: str) -> None:
        data = model_data(account, "yes")
        specification = inference(data, account.image, SAGEMAKER_INFERENCE_OUTPUT="predicted_label")
        arn = version(account, group, InferenceSpecification=specification, ModelApprovalStatus="Approved")
        plain = created(account, config(account, self.model(account, arn)))
        assert answer(account, plain) == "yes predicted_label"
        asked = self.model(account, arn, SAGEMAKER_INFERENCE_OUTPUT="probability")
        assert answer(account, created(account, config(account, asked))) == "yes probability"

    def test_a_version_that_is_not_approved_is_not_deployed(self, account: Account, group: str) -> None:
        arn = version(account, group, InferenceSpecification=inference("s3://b/k"))
        request = {"ModelName": "no", "ExecutionRoleArn": account.job_role}
        create = account.sagemaker.create_model
        assert refusal(create, **request, Containers=[{"ModelPackageName": arn}])[1] == (
            f"The model package {arn} is PendingManualApproval: only an approved one can be deployed"
        )
        empty = version(account, group, ModelApprovalStatus="Approved")
        assert refusal(create, **request, PrimaryContainer={"ModelPackageName": empty})[1] == (
            f"The model package {empty} has no InferenceSpecification"
        )


class TestPermissions:
    def test_registering_needs_the_action_on_group_and_version(self, account: Account, group: str) -> None:
        allow = {"Effect": "Allow", "Action": "sagemaker:CreateModelPackage"}
        versions, groups = f"{ARN}:model-package/{group}/*", f"{ARN}:model-package-group/{group}"
        for resource, denied in ((versions, groups), (groups, versions)):
            caller = account.acting_as({**allow, "Resource": resource})("sagemaker")
            code, message = refusal(caller.create_model_package, ModelPackageGroupName=group)
            assert code == "AccessDeniedException"
            assert f"sagemaker:CreateModelPackage on resource: {denied}" in message
        account.acting_as({**allow, "Resource": [versions, groups]})("sagemaker").create_model_package(
            ModelPackageGroupName=group
        )

    def test_a_version_is_named_by_its_arn(self, account: Account, group: str) -> None:
        first, second = version(account, group), version(account, group)
        allow = {"Effect": "Allow", "Action": "sagemaker:*", "Resource": first}
        caller = account.acting_as(allow)("sagemaker")
        caller.describe_model_package(ModelPackageName=first)
        caller.update_model_package(ModelPackageArn=first, ModelApprovalStatus="Approved")
        for call, request in (
            (caller.describe_model_package, {"ModelPackageName": second}),
            (caller.update_model_package, {"ModelPackageArn": second, "ModelApprovalStatus": "Approved"}),
            (caller.delete_model_package, {"ModelPackageName": second}),
            (caller.describe_model_package_group, {"ModelPackageGroupName": group}),
            (caller.list_model_packages, {"ModelPackageGroupName": group}),
        ):
            assert refusal(call, **request)[0] == "AccessDeniedException"
        caller.delete_model_package(ModelPackageName=first)

    def test_lists_can_not_be_scoped(self, account: Account, group: str) -> None:
        allow = {"Effect": "Allow", "Action": "sagemaker:ListModelPackages"}
        scoped = account.acting_as({**allow, "Resource": f"{ARN}:*"})("sagemaker")
        assert (
            "sagemaker:ListModelPackages on resource: * "
            in refusal(scoped.list_model_packages, ModelPackageGroupName=group)[1]
        )
        account.acting_as({**allow, "Resource": "*"})("sagemaker").list_model_packages(ModelPackageGroupName=group)

    def test_a_group_can_be_tagged_and_its_tags_tested(self, account: Account, group: str) -> None:
        arn = f"{ARN}:model-package-group/{group}"
        account.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "ours"}])
        assert account.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "ours"}]
        allow = {"Effect": "Allow", "Action": "sagemaker:DescribeModelPackageGroup", "Resource": "*"}
        for team, allowed in (("ours", True), ("theirs", False)):
            condition = {"StringEquals": {"aws:ResourceTag/team": team}}
            caller = account.acting_as({**allow, "Condition": condition})("sagemaker")
            if allowed:
                caller.describe_model_package_group(ModelPackageGroupName=group)
            else:
                assert refusal(caller.describe_model_package_group, ModelPackageGroupName=group)[0] == (
                    "AccessDeniedException"
                )


class TestStacks:
    @pytest.fixture
    def stacks(self, cloud: Cloud, account: Account) -> Stacks:
        return Stacks(cloud, account)

    def group(self, name: str, **properties: Any) -> dict[str, Any]:
        return {
            "Group": {
                "Type": "AWS::SageMaker::ModelPackageGroup",
                "Properties": {"ModelPackageGroupName": name, **properties},
            }
        }

    def test_a_group_deploys_changes_in_place_and_goes(self, stacks: Stacks, account: Account) -> None:
        statement = {"Effect": "Allow", "Principal": "*", "Action": "sagemaker:DescribeModelPackage", "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        tags = [{"Key": "a", "Value": "b"}]
        output = {"Arn": {"Value": {"Fn::GetAtt": ["Group", "ModelPackageGroupArn"]}}}
        resources = self.group("Deployed", ModelPackageGroupPolicy=policy, Tags=tags)
        assert stacks.deploy("registry", resources, output) == "CREATE_COMPLETE", stacks.reasons("registry")
        arn = f"{ARN}:model-package-group/Deployed"
        assert stacks.resource("registry", "Group") == stacks.describe("registry")["Outputs"][0]["OutputValue"] == arn
        asked = {"ModelPackageGroupName": "Deployed"}
        assert "DescribeModelPackage" in account.sagemaker.get_model_package_group_policy(**asked)["ResourcePolicy"]
        assert {"Key": "a", "Value": "b"} in account.sagemaker.list_tags(ResourceArn=arn)["Tags"]
        version(account, "Deployed")
        assert stacks.deploy("registry", self.group("Deployed")) == "UPDATE_COMPLETE", stacks.reasons("registry")
        assert refusal(account.sagemaker.get_model_package_group_policy, **asked)[1] == (
            f"Cannot find resource policy for: {arn}"
        )
        assert {"Key": "a", "Value": "b"} not in account.sagemaker.list_tags(ResourceArn=arn)["Tags"]
        account.sagemaker.delete_model_package(ModelPackageName=f"{ARN}:model-package/Deployed/1")
        stacks.delete("registry")
        assert refusal(account.sagemaker.describe_model_package_group, **asked)[0] == "ValidationException"

    def test_a_group_that_has_versions_stays(self, stacks: Stacks, account: Account) -> None:
        assert stacks.deploy("full", self.group("Full")) == "CREATE_COMPLETE", stacks.reasons("full")
        version(account, "Full")
        stacks.cloudformation.delete_stack(StackName="full")
        assert stacks.wait("full") == "DELETE_FAILED"
        assert "cannot be deleted as it still contains Model Packages" in stacks.reasons("full")
