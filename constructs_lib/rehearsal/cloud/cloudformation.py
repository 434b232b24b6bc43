"""CloudFormation resource types that MiniStack lacks and an application with an AutoML job may need.

Each is made with the service's own API over HTTP, as the account's root: MiniStack does not ask what CloudFormation's
execution role may do either.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from constructs_lib.rehearsal.cloud import cdk_providers, ministack
from constructs_lib.rehearsal.cloud.bucket_deployment import BucketDeployments
from constructs_lib.rehearsal.cloud.connection import Connection, root_credentials
from constructs_lib.rehearsal.cloud.model import service_model
from constructs_lib.rehearsal.cloud.store import Json

_POLL = 0.2
_LONGEST_NAME = 63
ClientOf = Callable[[str], Any]


def install(connection: Connection, folder: Path) -> None:
    """Add the types, complete those that lack something, and send the events that are missing.

    Args:
        connection: Where the other services answer.
        folder: Where assets may be unpacked.
    """

    def client(service: str) -> Any:
        return connection.client(service, root_credentials(ministack.account()))

    for kind in ("Model", "EndpointConfig", "Endpoint"):
        sagemaker = _SageMakerType(kind, client)
        ministack.add_resource_type(
            f"AWS::SageMaker::{kind}", sagemaker.create, sagemaker.update, sagemaker.delete, taggable=True
        )
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
    ministack.extend_resource_type(
        "AWS::S3::Bucket", lambda bucket, properties: _tag_bucket(client, bucket, properties)
    )
    cdk_providers.install(client, BucketDeployments(connection, folder))
    ministack.send_missing_custom_resource_events()


def typed(shape: Any, value: Any) -> Any:
    """A template's value in the types of the API: CloudFormation accepts `"1"` for 1 and `"true"` for true."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return {
            name: typed(shape.members[name], item) if name in shape.members else item for name, item in value.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [typed(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: typed(shape.value, item) for name, item in value.items()}
    if shape.type_name in ("integer", "long") and isinstance(value, str):
        return int(value)
    if shape.type_name in ("float", "double") and isinstance(value, str):
        return float(value)
    if shape.type_name == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    if shape.type_name == "string" and not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


@dataclass(frozen=True)
class _SageMakerType:
    """A model, an endpoint configuration or an endpoint. `Ref` is the ARN."""

    kind: str
    client: ClientOf

    @property
    def _name_property(self) -> str:
        return f"{self.kind}Name"

    def create(self, logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        name = properties.get(self._name_property) or _fresh_name(stack_name, logical_id)
        answer = self._call("create", {**properties, self._name_property: name})
        if self.kind == "Endpoint":
            self._wait(name)
        return answer[f"{self.kind}Arn"], {self._name_property: name}

    def update(self, arn: str, old: Json, new: Json, stack_name: str, logical_id: str) -> tuple[str, Json]:
        name = self._name(arn, new)
        changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
        if changed <= {"Tags"}:
            self._replace_tags(arn, old, new)
            return arn, {self._name_property: name}
        if self.kind == "Endpoint" and self._name_property not in changed:
            return self._update_endpoint(arn, name, new)
        if self._name_property in new and self._name_property not in changed:
            raise ValueError(
                f"CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {new[self._name_property]} and update the stack again."
            )
        return self.create(logical_id, new, stack_name)

    def delete(self, arn: str, properties: Json) -> None:
        sagemaker = self.client("sagemaker")
        try:
            self._call("delete", {self._name_property: self._name(arn, properties)})
        except sagemaker.exceptions.ClientError as error:
            if not error.response["Error"]["Message"].startswith("Could not find"):
                raise

    def _update_endpoint(self, arn: str, name: str, properties: Json) -> tuple[str, Json]:
        wanted = properties["EndpointConfigName"]
        self._call("update", {**properties, self._name_property: name})
        self._wait(name)
        running = self.client("sagemaker").describe_endpoint(EndpointName=name)
        if running["EndpointConfigName"].lower() != wanted.lower():
            raise ValueError(
                f"The endpoint {name} rolled back to its old configuration: {running.get('FailureReason')}"
            )
        return arn, {self._name_property: name}

    def _wait(self, name: str) -> None:
        while True:
            endpoint = self.client("sagemaker").describe_endpoint(EndpointName=name)
            if endpoint["EndpointStatus"] not in ("Creating", "Updating", "RollingBack"):
                break
            time.sleep(_POLL)
        if endpoint["EndpointStatus"] == "Failed":
            raise ValueError(f"The endpoint {name} failed: {endpoint.get('FailureReason')}")

    def _call(self, verb: str, properties: Json) -> Any:
        shape = service_model().operation_model(f"{verb.capitalize()}{self.kind}").input_shape
        request = {name: value for name, value in typed(shape, properties).items() if name in shape.members}
        snake = {"Model": "model", "EndpointConfig": "endpoint_config", "Endpoint": "endpoint"}[self.kind]
        return getattr(self.client("sagemaker"), f"{verb}_{snake}")(**request)

    def _name(self, arn: str, properties: Json) -> str:
        return str(properties.get(self._name_property) or arn.rpartition("/")[2])

    def _replace_tags(self, arn: str, old: Json, new: Json) -> None:
        kept = {tag["Key"] for tag in new.get("Tags", ())}
        gone = [tag["Key"] for tag in old.get("Tags", ()) if tag["Key"] not in kept]
        sagemaker = self.client("sagemaker")
        if gone:
            sagemaker.delete_tags(ResourceArn=arn, TagKeys=gone)
        if kept:
            sagemaker.add_tags(ResourceArn=arn, Tags=new["Tags"])


@dataclass(frozen=True)
class _Network:
    """The parts of a VPC that `ec2.Vpc` and security groups synthesize and MiniStack's CloudFormation lacks."""

    client: ClientOf

    def create_address(self, logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        del logical_id, properties, stack_name
        address = self.client("ec2").allocate_address(Domain="vpc")
        return address["PublicIp"], {"AllocationId": address["AllocationId"], "PublicIp": address["PublicIp"]}

    def delete_address(self, address: str, properties: Json) -> None:
        del properties
        ec2 = self.client("ec2")
        for found in ec2.describe_addresses(PublicIps=[address])["Addresses"]:
            ec2.release_address(AllocationId=found["AllocationId"])

    def create_nat_gateway(self, logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        del logical_id, stack_name
        members = ("SubnetId", "AllocationId", "ConnectivityType")
        wanted = {member: properties[member] for member in members if member in properties}
        gateway = self.client("ec2").create_nat_gateway(**wanted)["NatGateway"]["NatGatewayId"]
        return gateway, {"NatGatewayId": gateway}

    def delete_nat_gateway(self, gateway: str, properties: Json) -> None:
        del properties
        self.client("ec2").delete_nat_gateway(NatGatewayId=gateway)

    def create_ingress(self, logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        self.client("ec2").authorize_security_group_ingress(**_rule(properties, "Source"))
        return _fresh_name(stack_name, logical_id), {}

    def delete_ingress(self, rule: str, properties: Json) -> None:
        del rule
        self.client("ec2").revoke_security_group_ingress(**_rule(properties, "Source"))

    def create_egress(self, logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        self.client("ec2").authorize_security_group_egress(**_rule(properties, "Destination"))
        return _fresh_name(stack_name, logical_id), {}

    def delete_egress(self, rule: str, properties: Json) -> None:
        del rule
        self.client("ec2").revoke_security_group_egress(**_rule(properties, "Destination"))

    def create_flow_log(self, logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
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
    if tags := properties.get("Tags"):
        client("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    return {}


def _fresh_name(stack_name: str, logical_id: str) -> str:
    suffix = secrets.token_hex(6)
    return f"{f'{stack_name}-{logical_id}'[: _LONGEST_NAME - len(suffix) - 1]}-{suffix}"
