"""CloudFormation resource types that MiniStack lacks and an application with an AutoML job may need.

Each is made with the service's own API over HTTP, as the account's root: MiniStack does not ask what CloudFormation's
execution role may do either.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

from constructs_lib.rehearsal.cloud.connection import Connection
from constructs_lib.rehearsal.cloud.ministack import ministack
from constructs_lib.rehearsal.cloud.resource_types import alarms, cdk_providers, sagemaker, scaling
from constructs_lib.rehearsal.cloud.resource_types.bucket_deployment import BucketDeployments
from constructs_lib.rehearsal.cloud.resource_types.common import ClientOf, fresh_name
from constructs_lib.rehearsal.cloud.store import Json


def install(connection: Connection, folder: Path) -> None:
    """Add the types, complete those that lack something, and send the events that are missing.

    Args:
        connection: Where the other services answer.
        folder: Where assets may be unpacked.
    """
    client = connection.as_root
    of_sagemaker = [sagemaker.SageMakerType(client, kind) for kind in sagemaker.KINDS]
    for made in (*of_sagemaker, sagemaker.PackageGroupType(client)):
        ministack.add_resource_type(
            f"AWS::SageMaker::{made.kind}",
            made.create,
            made.update,
            made.delete,
            taggable=True,
            replaces=made.replaces,
        )
    for name, target in (
        ("ScalableTarget", scaling.TargetType(client)),
        ("ScalingPolicy", scaling.PolicyType(client)),
    ):
        ministack.add_resource_type(
            f"AWS::ApplicationAutoScaling::{name}", target.create, target.update, target.delete, taggable=False
        )
    alarms.install(client)
    network = _Network(client)
    for name, create, delete in (
        ("EIP", network.create_address, network.delete_address),
        ("NatGateway", network.create_nat_gateway, network.delete_nat_gateway),
        ("SecurityGroupIngress", network.create_ingress, network.delete_ingress),
        ("SecurityGroupEgress", network.create_egress, network.delete_egress),
        ("FlowLog", network.create_flow_log, network.delete_flow_log),
    ):
        ministack.add_resource_type(f"AWS::EC2::{name}", create, None, delete, taggable=False)
    ministack.extend_resource_type("AWS::EC2::VPC", network.vpc_attributes)
    ministack.extend_resource_type("AWS::S3::Bucket", functools.partial(_tag_bucket, client))
    cdk_providers.install(client, BucketDeployments(connection, folder))
    ministack.send_missing_custom_resource_events()


@dataclass(frozen=True)
class _Network:
    """The parts of a VPC that `ec2.Vpc` and security groups synthesize and MiniStack's CloudFormation lacks."""

    client: ClientOf

    def create_address(self, logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        """An address of EC2's own."""
        del logical_id, properties, stack_name
        address = self.client("ec2").allocate_address(Domain="vpc")
        return address["PublicIp"], {"AllocationId": address["AllocationId"], "PublicIp": address["PublicIp"]}

    def delete_address(self, address: str, properties: Json) -> None:
        del properties
        ec2 = self.client("ec2")
        for found in ec2.describe_addresses(PublicIps=[address])["Addresses"]:
            ec2.release_address(AllocationId=found["AllocationId"])

    def create_nat_gateway(self, logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        """A gateway of EC2's own. Left out: it carries nothing."""
        del logical_id, stack_name
        members = ("SubnetId", "AllocationId", "ConnectivityType")
        wanted = {member: properties[member] for member in members if member in properties}
        gateway = self.client("ec2").create_nat_gateway(**wanted)["NatGateway"]["NatGatewayId"]
        return gateway, {"NatGatewayId": gateway}

    def delete_nat_gateway(self, gateway: str, properties: Json) -> None:
        del properties
        self.client("ec2").delete_nat_gateway(NatGatewayId=gateway)

    def create_ingress(self, logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        """A rule on its security group."""
        self.client("ec2").authorize_security_group_ingress(**_rule(properties, "Source"))
        return fresh_name(stack_name, logical_id), {}

    def delete_ingress(self, rule: str, properties: Json) -> None:
        del rule
        self.client("ec2").revoke_security_group_ingress(**_rule(properties, "Source"))

    def create_egress(self, logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        """A rule on its security group."""
        self.client("ec2").authorize_security_group_egress(**_rule(properties, "Destination"))
        return fresh_name(stack_name, logical_id), {}

    def delete_egress(self, rule: str, properties: Json) -> None:
        del rule
        self.client("ec2").revoke_security_group_egress(**_rule(properties, "Destination"))

    def create_flow_log(self, logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        """A flow log of EC2's own. Left out: it holds nothing."""
        del logical_id, stack_name
        wanted = {name: value for name, value in properties.items() if name not in ("ResourceId", "Tags")}
        answer = self.client("ec2").create_flow_logs(ResourceIds=[properties["ResourceId"]], **wanted)
        return answer["FlowLogIds"][0], {"Id": answer["FlowLogIds"][0]}

    def delete_flow_log(self, flow_log: str, properties: Json) -> None:
        del properties
        self.client("ec2").delete_flow_logs(FlowLogIds=[flow_log])

    def vpc_attributes(self, vpc: str, properties: Json) -> Json:
        """What `Fn::GetAtt` misses; interface endpoints need the block."""
        del properties
        found = self.client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"][0]
        return {"CidrBlock": found["CidrBlock"]}


def _rule(properties: Json, peer: str) -> Json:
    """The request that adds or removes the rule of a `SecurityGroupIngress` or `SecurityGroupEgress`."""
    permission: Json = {"IpProtocol": str(properties["IpProtocol"])}
    for port in ("FromPort", "ToPort"):
        if port in properties:
            permission[port] = int(properties[port])
    description = {"Description": properties["Description"]} if "Description" in properties else {}
    for source, member, key in (
        ("CidrIp", "IpRanges", "CidrIp"),
        ("CidrIpv6", "Ipv6Ranges", "CidrIpv6"),
        (f"{peer}SecurityGroupId", "UserIdGroupPairs", "GroupId"),
        (f"{peer}PrefixListId", "PrefixListIds", "PrefixListId"),
    ):
        if source in properties:
            permission[member] = [{key: properties[source], **description}]
    return {"GroupId": properties["GroupId"], "IpPermissions": [permission]}


def _tag_bucket(client: ClientOf, bucket: str, properties: Json) -> Json:
    """The tags of the template are on the bucket."""
    if tags := properties.get("Tags"):
        client("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    return {}
