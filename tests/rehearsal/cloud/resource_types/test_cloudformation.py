"""What CloudFormation does here that MiniStack alone does not."""

import json
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..account import BUCKET, SAGEMAKER_TRUST, Account
from ..stacks import Stacks

pytestmark = pytest.mark.cloud

PROVIDER = """
import json, sys, urllib.request
import boto3

def handle(event, context):
    props = event["ResourceProperties"]
    old_id = event.get("PhysicalResourceId")
    new_id = f"{event['LogicalResourceId']}-{props['Spec']}"
    told = {"Event": event["RequestType"], "Id": old_id, "Spec": props["Spec"],
            "Old": event.get("OldResourceProperties", {}).get("Spec"), "Python": sys.version_info[:2]}
    s3 = boto3.client("s3")
    number = s3.list_objects_v2(Bucket=props["Log"], Prefix="events/")["KeyCount"]
    s3.put_object(Bucket=props["Log"], Key=f"events/{number:03d}", Body=json.dumps(told))
    failed = event["RequestType"] != "Delete" and props["Spec"].startswith("bad")
    body = {"Status": "FAILED" if failed else "SUCCESS", "Reason": "the spec is bad", "StackId": event["StackId"],
            "RequestId": event["RequestId"], "LogicalResourceId": event["LogicalResourceId"],
            "PhysicalResourceId": old_id if event["RequestType"] == "Delete" else new_id}
    answer = json.dumps(body).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], answer, {"content-type": ""}, method="PUT"))
"""


@pytest.fixture(scope="module")
def stacks(cloud: Cloud, account: Account) -> Stacks:
    return Stacks(cloud, account)


@pytest.fixture(scope="module")
def provider(stacks: Stacks, account: Account) -> str:
    role = account.role(
        "ProviderRole",
        ["s3:PutObject", "s3:ListBucket"],
        trust={**SAGEMAKER_TRUST, "Principal": {"Service": "lambda.amazonaws.com"}},
    )
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Handler": "index.handle",
            "Runtime": "python3.14",
            "Role": role,
            "Timeout": 30,
            "Code": {"ZipFile": PROVIDER},
        },
    }
    output = {"Arn": {"Value": {"Fn::GetAtt": ["Function", "Arn"]}}}
    assert stacks.deploy("provider", {"Function": function}, output) == "CREATE_COMPLETE", stacks.reasons("provider")
    return str(stacks.describe("provider")["Outputs"][0]["OutputValue"])


def custom(provider: str, spec: str, **more: Any) -> dict[str, Any]:
    properties = {"ServiceToken": provider, "ServiceTimeout": "30", "Spec": spec, "Log": BUCKET}
    return {"Type": "Custom::Thing", "Properties": properties, **more}


def test_a_failed_create_is_deleted_on_rollback(stacks: Stacks, provider: str) -> None:
    stacks.events()
    assert stacks.deploy("failing", {"A": custom(provider, "bad")}) == "ROLLBACK_COMPLETE"
    assert "the spec is bad" in stacks.reasons("failing")
    assert stacks.events() == [("Create", None, "bad", None), ("Delete", "A-bad", "bad", None)]


def test_a_rolled_back_replacement_is_updated_back_and_then_deleted(stacks: Stacks, provider: str) -> None:
    assert stacks.deploy("replaced", {"A": custom(provider, "one")}) == "CREATE_COMPLETE", stacks.reasons("replaced")
    stacks.events()
    update = {"A": custom(provider, "two"), "B": custom(provider, "bad", DependsOn="A")}
    assert stacks.deploy("replaced", update) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.events() == [
        ("Update", "A-one", "two", "one"),
        ("Create", None, "bad", None),
        ("Update", "A-two", "one", "two"),
        ("Delete", "B-bad", "bad", None),
        ("Delete", "A-two", "two", None),
    ]
    assert stacks.resource("replaced", "A") == "A-one"
    stacks.delete("replaced")
    assert stacks.events() == [("Delete", "A-one", "one", None)]


def test_a_failed_update_is_sent_back(stacks: Stacks, provider: str) -> None:
    stacks.deploy("sent-back", {"A": custom(provider, "one")})
    stacks.events()
    assert stacks.deploy("sent-back", {"A": custom(provider, "bad")}) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.events() == [("Update", "A-one", "bad", "one"), ("Update", "A-one", "one", "bad")]


def test_a_rollback_that_was_asked_for_sends_the_same_as_any(stacks: Stacks, provider: str) -> None:
    """`deploy --no-rollback`, then `rollback`, as the CDK's CLI calls them."""
    stacks.deploy("paused", {"A": custom(provider, "one")})
    stacks.events()
    update = {"A": custom(provider, "two"), "B": custom(provider, "bad", DependsOn="A")}
    body = json.dumps({"Resources": update})
    stacks.cloudformation.update_stack(StackName="paused", TemplateBody=body, DisableRollback=True)
    assert stacks.wait("paused") == "UPDATE_FAILED"
    assert stacks.events() == [("Update", "A-one", "two", "one"), ("Create", None, "bad", None)]
    stacks.cloudformation.rollback_stack(StackName="paused")
    assert stacks.wait("paused") == "UPDATE_ROLLBACK_COMPLETE"
    assert [event for event in stacks.events() if event[1] != "B-bad"] == [
        ("Update", "A-two", "one", "two"),
        ("Delete", "A-two", "two", None),
    ]


def test_the_parts_of_a_vpc_deploy_and_leave_nothing(stacks: Stacks) -> None:
    vpc, subnet, group = {"Ref": "Vpc"}, {"Ref": "Subnet"}, {"Fn::GetAtt": ["Group", "GroupId"]}
    peer = {"GroupId": group, "IpProtocol": "tcp", "FromPort": "443", "ToPort": 443}
    resources = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}},
        "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": vpc, "CidrBlock": "10.9.1.0/24"}},
        "Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}},
        "Nat": {
            "Type": "AWS::EC2::NatGateway",
            "Properties": {"SubnetId": subnet, "AllocationId": {"Fn::GetAtt": ["Address", "AllocationId"]}},
        },
        "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "g", "VpcId": vpc}},
        "In": {
            "Type": "AWS::EC2::SecurityGroupIngress",
            "Properties": {**peer, "SourceSecurityGroupId": group, "Description": "itself"},
        },
        "Out": {"Type": "AWS::EC2::SecurityGroupEgress", "Properties": {**peer, "CidrIp": "10.0.0.0/8"}},
    }
    outputs = {"Block": {"Value": {"Fn::GetAtt": ["Vpc", "CidrBlock"]}}, "Nat": {"Value": {"Ref": "Nat"}}}
    outputs["Group"] = {"Value": group}
    assert stacks.deploy("network", resources, outputs) == "CREATE_COMPLETE", stacks.reasons("network")
    told = {output["OutputKey"]: output["OutputValue"] for output in stacks.describe("network")["Outputs"]}
    assert told["Block"] == "10.9.0.0/16"
    described = stacks.ec2.describe_security_groups(GroupIds=[told["Group"]])["SecurityGroups"][0]
    assert described["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == told["Group"]
    assert "10.0.0.0/8" in [block["CidrIp"] for rule in described["IpPermissionsEgress"] for block in rule["IpRanges"]]
    stacks.delete("network")
    assert not stacks.ec2.describe_addresses()["Addresses"]
    gateways = stacks.ec2.describe_nat_gateways(NatGatewayIds=[told["Nat"]])["NatGateways"]
    assert [gateway["State"] for gateway in gateways] in ([], ["deleted"])


def test_cdk_empties_the_buckets_that_it_was_told_to(stacks: Stacks, account: Account) -> None:
    tag = {"Key": "aws-cdk:auto-delete-objects", "Value": "true"}
    versioned = {"VersioningConfiguration": {"Status": "Enabled"}, "Tags": [tag]}
    properties = {
        "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:node",
        "BucketName": {"Ref": "Bucket"},
    }
    resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "emptied", **versioned}},
        "Empty": {"Type": "Custom::S3AutoDeleteObjects", "Properties": properties},
    }
    assert stacks.deploy("emptied", resources) == "CREATE_COMPLETE", stacks.reasons("emptied")
    for body in (b"1", b"2"):
        account.s3.put_object(Bucket="emptied", Key="a", Body=body)
    account.s3.delete_object(Bucket="emptied", Key="a")
    stacks.delete("emptied")
    assert "emptied" not in [bucket["Name"] for bucket in account.s3.list_buckets()["Buckets"]]


def test_cdk_closes_the_default_group_of_a_vpc_while_it_lasts(stacks: Stacks) -> None:
    vpc = stacks.ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    mine = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    group = stacks.ec2.describe_security_groups(Filters=mine)["SecurityGroups"][0]["GroupId"]
    properties = {
        "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:node",
        "DefaultSecurityGroupId": group,
        "Account": "123456789012",
    }
    resource = {"Closed": {"Type": "Custom::VpcRestrictDefaultSG", "Properties": properties}}
    assert stacks.deploy("closed", resource) == "CREATE_COMPLETE", stacks.reasons("closed")
    closed = stacks.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert (closed["IpPermissions"], closed["IpPermissionsEgress"]) == ([], [])
    stacks.delete("closed")
    opened = stacks.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert opened["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group
    assert opened["IpPermissionsEgress"][0]["IpRanges"][0]["CidrIp"] == "0.0.0.0/0"


def test_a_bucket_keeps_the_tags_of_the_template(stacks: Stacks, account: Account) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "tagged", "Tags": [{"Key": "a", "Value": "b"}]}}
    assert stacks.deploy("bucket", {"Bucket": bucket}) == "CREATE_COMPLETE", stacks.reasons("bucket")
    assert account.s3.get_bucket_tagging(Bucket="tagged")["TagSet"] == [{"Key": "a", "Value": "b"}]


def endpoint_resources(container: dict[str, str], role: str, weight: str = "1") -> dict[str, Any]:
    return {
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {"ExecutionRoleArn": role, "PrimaryContainer": container},
        },
        "Config": {
            "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": {
                "ProductionVariants": [
                    {
                        "VariantName": "AllTraffic",
                        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
                        "InstanceType": "ml.m5.large",
                        "InitialInstanceCount": "1",  # CloudFormation takes numbers as strings
                        "InitialVariantWeight": weight,
                    }
                ]
            },
        },
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointName": "served",
                "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
                "Tags": [{"Key": "a", "Value": "b"}],
            },
        },
    }


def test_an_endpoint_is_created_updated_in_place_and_deleted(stacks: Stacks, account: Account, cloud: Cloud) -> None:
    job = account.ended(account.request(AutoMLJobConfig={"Mode": "ENSEMBLING"}))
    [served] = job["BestCandidate"]["InferenceContainers"]
    container = {member: served[member] for member in ("Image", "ModelDataUrl")}
    resources = endpoint_resources(container, account.job_role)
    assert stacks.deploy("serving", resources) == "CREATE_COMPLETE", stacks.reasons("serving")
    runtime = cloud.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName="served", Body=b"1\n2", ContentType="text/csv")
    assert answer["Body"].read() == b"answer 1\nanswer 1"
    first = account.sagemaker.describe_endpoint(EndpointName="served")
    update = endpoint_resources(container, account.job_role, weight="2")
    assert stacks.deploy("serving", update) == "UPDATE_COMPLETE", stacks.reasons("serving")
    second = account.sagemaker.describe_endpoint(EndpointName="served")
    assert second["CreationTime"] == first["CreationTime"]
    assert second["EndpointConfigName"] != first["EndpointConfigName"]
    assert len(account.sagemaker.list_endpoint_configs()["EndpointConfigs"]) == 1
    stacks.delete("serving")
    assert account.sagemaker.list_models()["Models"] == []
    assert account.sagemaker.list_endpoints()["Endpoints"] == []


def test_a_model_without_its_data_fails_the_stack(stacks: Stacks, account: Account) -> None:
    container = {"Image": account.image, "ModelDataUrl": f"s3://{BUCKET}/no/model.tar.gz"}
    assert stacks.deploy("no-model", endpoint_resources(container, account.job_role)) == "ROLLBACK_COMPLETE"
    assert f"Could not find model data at s3://{BUCKET}/no/model.tar.gz." in stacks.reasons("no-model")
