"""Small CloudFormation stacks that hold what probes look at."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from .aws import Aws, policy
from .things import STACK, Ledger

Resources = dict[str, dict[str, Any]]
"""Resources of a template by their logical ids."""

SECONDS: Final = 900.0
"""How long a stack may take to be made or changed."""

_WITH_ARN: Final = ("AWS::IAM::Role", "AWS::KMS::Key", "AWS::Lambda::Function")
_NAMED: Final = (*_WITH_ARN, "AWS::S3::Bucket", "AWS::Logs::LogGroup", "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup")


class StackFailedError(Exception):
    """A stack was not made."""


class Stack:
    """A stack of this run."""

    def __init__(self, aws: Aws, ledger: Ledger, what: str) -> None:
        """Nothing is made yet.

        Args:
            aws: Where.
            ledger: Where it is noted before it is made.
            what: The end of its name.
        """
        self._aws = aws
        self._ledger = ledger
        self._cloudformation = aws.client("cloudformation")
        self._outputs: dict[str, str] = {}
        self.name = aws.name(what)
        self.id = ""

    def begin(self, resources: Resources) -> None:
        """Have it made."""
        self._ledger.note(STACK, self.name)
        self.id = self._cloudformation.create_stack(
            **self._wanted(resources), Tags=self._aws.tags, OnFailure="ROLLBACK"
        )["StackId"]

    def update(self, resources: Resources) -> str:
        """Change it, and wait; returns its status."""
        self._cloudformation.update_stack(**self._wanted(resources), Tags=self._aws.tags)
        self._outputs.clear()
        return self.ended()

    def _wanted(self, resources: Resources) -> dict[str, Any]:
        outputs = {
            **{name: {"Ref": name} for name, one in resources.items() if one["Type"] in _NAMED},
            **{
                f"{name}Arn": {"Fn::GetAtt": [name, "Arn"]}
                for name, one in resources.items()
                if one["Type"] in _WITH_ARN
            },
        }
        template = {"Resources": resources, "Outputs": {name: {"Value": value} for name, value in outputs.items()}}
        return {
            "StackName": self.name,
            "TemplateBody": json.dumps(template if outputs else {"Resources": resources}),
            "Capabilities": ["CAPABILITY_IAM"],
        }

    def status(self) -> str:
        """Its status now."""
        return str(self._describe()["StackStatus"])

    def ended(self) -> str:
        """Wait until nothing is in progress; returns its status."""
        self._aws.until(lambda: not self.status().endswith("_IN_PROGRESS"), seconds=SECONDS)
        return self.status()

    def made(self) -> None:
        """Wait until it is made.

        Raises:
            StackFailedError: It is not, with CloudFormation's reasons.
        """
        status = self.ended()
        if status != "CREATE_COMPLETE":
            raise StackFailedError(f"the probe's stack is {status}: {self.reasons()}")

    def reasons(self) -> str:
        """Why resources failed, the first first."""
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=self.id)
        failed = [
            f"{event['ResourceType']}: {event.get('ResourceStatusReason', '')}"
            for event in (event for page in pages for event in page["StackEvents"])
            if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in event.get("ResourceStatusReason", "")
        ]
        return "; ".join(reversed(failed))

    def __getitem__(self, output: str) -> str:
        """A resource's `Ref` by its logical id, or its ARN by that and `Arn`."""
        if output not in self._outputs:
            self._outputs = {one["OutputKey"]: one["OutputValue"] for one in self._describe().get("Outputs", ())}
        return self._outputs[output]

    def shown(self, logical_id: str) -> str:
        """The status of a resource as `DescribeStackResource` tells it."""
        detail = self._cloudformation.describe_stack_resource(StackName=self.id, LogicalResourceId=logical_id)
        return str(detail["StackResourceDetail"]["ResourceStatus"])

    def clients_of(self, role: str) -> Callable[[str], Any]:
        """Clients of one of its roles."""
        return self._aws.acting_as(self[f"{role}Arn"])

    def _describe(self) -> dict[str, Any]:
        found: dict[str, Any] = self._cloudformation.describe_stacks(StackName=self.id)["Stacks"][0]
        return found


def role(aws: Aws, *statements: Mapping[str, Any]) -> dict[str, Any]:
    """A role that this run assumes, with these permissions."""
    return _role(aws.assumable, statements)


def role_of(service: str, *statements: Mapping[str, Any]) -> dict[str, Any]:
    """A role that a service assumes, with these permissions."""
    return _role(trusting(service), statements)


def trusting(service: str) -> dict[str, Any]:
    """The trust policy of a role for a service."""
    return policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


def _role(trust: Mapping[str, Any], statements: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
    inline = {"Policies": [{"PolicyName": "probe", "PolicyDocument": policy(*statements)}]} if statements else {}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, **inline}}


def bucket(**properties: Any) -> dict[str, Any]:
    """A private bucket."""
    closed = {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    return {"Type": "AWS::S3::Bucket", "Properties": {"PublicAccessBlockConfiguration": closed, **properties}}


def key() -> dict[str, Any]:
    """A KMS key that the account's IAM policies govern; it is gone seven days after its stack."""
    whole_account = {
        "Effect": "Allow",
        "Principal": {"AWS": sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")},
        "Action": "kms:*",
        "Resource": "*",
    }
    return {
        "Type": "AWS::KMS::Key",
        "Properties": {"KeyPolicy": policy(whole_account), "PendingWindowInDays": 7},
    }


def function(code: str, role: str, log_group: str, **properties: Any) -> dict[str, Any]:
    """A Python function whose code stands in the template; `role` and `log_group` are logical ids."""
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": "index.handle",
            "Code": {"ZipFile": code},
            "Role": {"Fn::GetAtt": [role, "Arn"]},
            "Timeout": 60,
            "LoggingConfig": {"LogGroup": {"Ref": log_group}},
            **properties,
        },
    }


def network() -> Resources:
    """A VPC without a way to the internet: a subnet, a security group, and an endpoint for S3. None of it costs."""
    vpc = {"Ref": "Vpc"}
    route_table = {"Ref": "RouteTable"}
    return {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.213.0.0/24", "EnableDnsSupport": True}},
        "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": vpc, "CidrBlock": "10.213.0.0/25"}},
        "RouteTable": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": vpc}},
        "Routes": {
            "Type": "AWS::EC2::SubnetRouteTableAssociation",
            "Properties": {"SubnetId": {"Ref": "Subnet"}, "RouteTableId": route_table},
        },
        "Storage": {
            "Type": "AWS::EC2::VPCEndpoint",
            "Properties": {
                "VpcId": vpc,
                "ServiceName": sub("com.amazonaws.${AWS::Region}.s3"),
                "RouteTableIds": [route_table],
            },
        },
        "SecurityGroup": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {"VpcId": vpc, "GroupDescription": "automl verify"},
        },
    }


def sub(text: str) -> dict[str, str]:
    """A text in which CloudFormation fills in its pseudo parameters."""
    return {"Fn::Sub": text}


def allow(actions: str | list[str], resource: Any = "*", **condition: Any) -> dict[str, Any]:
    """A statement of a policy; the condition's operators are keywords."""
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})
