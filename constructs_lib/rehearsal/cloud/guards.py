"""What a job or an endpoint holds while it runs: a grant on its volume key, interfaces in its subnets."""

import functools

from constructs_lib.rehearsal.cloud.as_role import AsRole, Denied
from constructs_lib.rehearsal.cloud.store import Json


class VolumeGrant:
    """The grant on a volume key that the service needs while something runs."""

    def __init__(self, role: AsRole, key: str | None, *, caller_may_grant: bool) -> None:
        self._role = role
        self._key = key
        self._caller_may_grant = caller_may_grant
        self._grant: str | None = None
        self._root = role.connection.as_root("kms")

    def __enter__(self) -> None:
        if self._key is None:
            return
        if not self._caller_may_grant:
            self._role.require_grant(self._key)
        answer = self._root.create_grant(
            KeyId=self._role.key(self._key)["Arn"],
            GranteePrincipal=self._role.role_arn,
            Operations=["Decrypt", "GenerateDataKeyWithoutPlaintext"],
        )
        self._grant = answer["GrantId"]

    def __exit__(self, *_: object) -> None:
        if self._key is not None and self._grant is not None:
            self._root.revoke_grant(KeyId=self._role.key(self._key)["Arn"], GrantId=self._grant)


class NetworkInterfaces:
    """The interfaces in the subnets of a `VpcConfig`, made as the role and deleted at the end."""

    def __init__(self, role: AsRole, vpc: Json | None) -> None:
        self._role = role
        self._vpc = vpc
        self._interfaces: list[str] = []

    def __enter__(self) -> None:
        if self._vpc is None:
            return
        ec2 = self._role.client("ec2")
        groups, subnets = self._vpc["SecurityGroupIds"], self._vpc["Subnets"]
        known = self._role.call("ec2:DescribeSubnets", "*", lambda: ec2.describe_subnets(SubnetIds=subnets))
        _require_all("subnet", subnets, [subnet["SubnetId"] for subnet in known["Subnets"]])
        known = self._role.call(
            "ec2:DescribeSecurityGroups", "*", lambda: ec2.describe_security_groups(GroupIds=groups)
        )
        _require_all("security group", groups, [group["GroupId"] for group in known["SecurityGroups"]])
        self._role.call("ec2:DescribeVpcs", "*", ec2.describe_vpcs)
        self._role.call("ec2:DescribeDhcpOptions", "*", ec2.describe_dhcp_options)
        for subnet in subnets:
            answer = self._role.call(
                "ec2:CreateNetworkInterface",
                subnet,
                functools.partial(ec2.create_network_interface, SubnetId=subnet, Groups=groups),
            )
            self._interfaces.append(answer["NetworkInterface"]["NetworkInterfaceId"])

    def __exit__(self, *_: object) -> None:
        ec2 = self._role.client("ec2")
        for interface in self._interfaces:
            self._role.call(
                "ec2:DeleteNetworkInterface",
                interface,
                functools.partial(ec2.delete_network_interface, NetworkInterfaceId=interface),
            )


def _require_all(kind: str, wanted: list[str], found: list[str]) -> None:
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise Denied(f"The {kind} {', '.join(missing)} of the VpcConfig does not exist")
