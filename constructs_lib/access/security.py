"""Keys and network of a job: what the request says of them, and exactly the permissions that they need."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from ..api.fields import described, has, listed
from ..api.shapes import SecurityConfig, VpcConfig
from ..naming import deployed_path, plain
from ..releases import acknowledge
from . import permissions
from .keys import NamedKey, check_key, grantable
from .places import KEY, Used, used_network

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from constructs import Construct, IDependable

    from .grants import Grants


_KEY_NAME: Final = "'volume_encryption_key'"


@dataclass(frozen=True, kw_only=True)
class BoundSecurity:
    """Keys and network as a request names them."""

    config: SecurityConfig | None
    connections: ec2.Connections | None
    dependencies: Sequence[IDependable]
    """What must stand before the job's network interfaces can reach anything."""

    makes_group: bool = False
    """Whether the security group is one of the job's own."""

    def network_for(self, role: iam.IRole | None) -> VpcConfig | None:
        """The network as the policy of a role names it.

        A role of another stack comes first, and cannot name a security group that is made for those who use it.
        """
        network = None if self.config is None else self.config.vpc_config
        if network is None or role is None or not self.makes_group or self.connections is None:
            return network
        from aws_cdk import Stack

        (group,) = self.connections.security_groups
        return network if Stack.of(group) is Stack.of(role) else replace(network, security_group_ids=("*",))


@dataclass(frozen=True)
class Subnets:
    """The subnets of a selection."""

    ids: tuple[str, ...]
    dependencies: Sequence[IDependable]
    """What they need before they reach anything."""

    public: bool
    """Whether one is surely public."""


def selection_of(given: object) -> Any:
    """A selection of subnets as a struct of the CDK's, which takes a dict of its members in its place."""
    if not isinstance(given, Mapping):
        return given
    from aws_cdk import aws_ec2 as ec2

    try:
        return ec2.SubnetSelection(**given)
    except TypeError:  # told by `check_selection`
        return given


def check_selection(selection: object) -> list[str]:
    """What is wrong with a prop that should be a selection of subnets."""
    if selection is None or has(selection, "subnet_type"):
        return []
    if not isinstance(selection, Mapping):
        return [f"'vpc_subnets' must be an ec2.SubnetSelection, got {described(selection)}"]
    from aws_cdk import aws_ec2 as ec2

    odd = [name for name in selection if name not in inspect.signature(ec2.SubnetSelection).parameters]
    wrong = f"it has no member {listed(map(str, odd))}" if odd else "one of its members is of another type"
    return [
        f"'vpc_subnets' must be an ec2.SubnetSelection or a dict of its members, got {described(selection)}: {wrong}"
    ]


def select(vpc: ec2.IVpc | None, selection: ec2.SubnetSelection | None) -> Subnets:
    """The subnets of a selection. Those that it names are taken as they are: the CDK would ask for their zones.

    Raises:
        RuntimeError: the VPC has no such subnets.
    """
    named = None if selection is None else selection.subnets
    if named:
        ids = tuple(subnet.subnet_id for subnet in named)
        public = set() if vpc is None else {subnet.subnet_id for subnet in vpc.public_subnets}
        return Subnets(ids, [subnet.internet_connectivity_established for subnet in named], bool(public & set(ids)))
    if vpc is None:
        return Subnets((), (), public=False)
    values = {} if selection is None else selection._values  # noqa: SLF001 - how jsii structs unpack
    selected = vpc.select_subnets(**values)
    return Subnets(tuple(selected.subnet_ids), (selected.internet_connectivity_established,), bool(selected.has_public))


@dataclass(frozen=True, kw_only=True)
class Security:
    """The security props of a job, as the caller gave them."""

    volume_encryption_key: kms.IKey | None
    encrypt_inter_container_traffic: bool | None
    vpc: ec2.IVpc | None
    vpc_subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup] | None
    what: str = "job"
    """What runs in that network."""

    @property
    def in_vpc(self) -> bool:
        """Whether it runs in a VPC."""
        return self.vpc is not None or self.vpc_subnets is not None

    @property
    def network_prop(self) -> str:
        """Which prop puts it there."""
        return "vpc_subnets" if self.vpc is None else "vpc"

    def problems(self) -> list[str]:
        """What can be seen before anything is created."""
        found = check_key("volume_encryption_key", self.volume_encryption_key)
        if self.vpc is not None and not has(self.vpc, "vpc_id"):
            found.append(
                f"'vpc' must be an ec2.IVpc, got {described(self.vpc)}; for a VPC that exists use ec2.Vpc.from_lookup"
            )
        found += check_selection(self.vpc_subnets)
        found += check_groups(self.security_groups)
        return found or self._network_problems()

    def _network_problems(self) -> list[str]:
        """What is wrong between props that are of the right types."""
        if self.vpc is not None:
            try:
                self._subnets  # noqa: B018 - the selection says what it misses
            except RuntimeError as error:
                return [f"'vpc_subnets' cannot be selected from 'vpc': {str(error).splitlines()[0]}"]
        elif self.vpc_subnets is not None:
            if not (self.vpc_subnets.subnets and self.security_groups):
                return [
                    "'vpc_subnets' needs 'vpc', unless it names the subnets themselves and 'security_groups' is given"
                ]
        elif self.security_groups:
            return [f"'security_groups' needs 'vpc': without one the {self.what} does not run in your network"]
        return []

    def warnings(self) -> dict[str, str]:
        """What surely is a mistake although it may pass, of props that are sound."""
        if not self.in_vpc or not self._subnets.public:
            return {}
        told = "'vpc' has public subnets alone" if self.vpc_subnets is None else "'vpc_subnets' are public ones"
        return {
            "public_subnets": (
                f"{told}: the {self.what} gets no public address there, so it reaches S3 and AWS's services through "
                "endpoints of the VPC or not at all; private subnets say what is meant"
            )
        }

    def used(self, key_name: str = _KEY_NAME) -> Iterator[Used]:
        """What lies in some account and region; `key_name` is what the caller calls the key, in quotes."""
        yield key_name, self.volume_encryption_key, KEY
        yield from used_network(self.vpc, self.vpc_subnets, self.security_groups)

    def draft(self) -> SecurityConfig | None:
        """What is known before anything is created."""
        return self._config(self._network(self.security_groups or ()) if self.in_vpc else None)

    def bind(self, scope: Construct, grants: Grants) -> BoundSecurity:
        """Create a security group if need be, and ask for the permissions."""
        if self.volume_encryption_key is not None:
            key = grantable(self.volume_encryption_key)
            named = key if isinstance(key, NamedKey) else NamedKey(key.key_arn)
            grants.allow(named.permission(permissions.VOLUME_KEY, permissions.VOLUME_KEY_CONDITION))
        if not self.in_vpc:
            return BoundSecurity(config=self._config(None), connections=None, dependencies=())
        from aws_cdk import aws_ec2 as ec2  # seconds of import, only for jobs in a VPC

        groups = list(self.security_groups or ())
        if not groups and self.vpc is not None:
            description = plain(f"The Autopilot {self.what} {deployed_path(scope)}")
            groups = [ec2.SecurityGroup(scope, "SecurityGroup", vpc=self.vpc, description=description)]
            acknowledge(groups[0], OPEN_EGRESS)
        return BoundSecurity(
            config=self._config(self._network(groups)),
            connections=ec2.Connections(security_groups=groups),
            dependencies=self._subnets.dependencies,
            makes_group=not self.security_groups,
        )

    def _network(self, groups: Sequence[ec2.ISecurityGroup]) -> VpcConfig:
        ids = tuple(group.security_group_id for group in groups)
        return VpcConfig(security_group_ids=ids or (_UNBOUND_GROUP,), subnets=self._subnets.ids)

    @cached_property
    def _subnets(self) -> Subnets:
        return select(self.vpc, self.vpc_subnets)

    def _config(self, network: VpcConfig | None) -> SecurityConfig | None:
        key = self.volume_encryption_key
        config = SecurityConfig(
            volume_kms_key_id=None if key is None else key.key_arn,
            encrypt_inter_container_traffic=self.encrypt_inter_container_traffic,
            vpc_config=network,
        )
        return None if config == SecurityConfig() else config


def check_groups(groups: object) -> list[str]:
    """What is wrong with a prop that should be a list of security groups."""
    if groups is None:
        return []
    if not isinstance(groups, (list, tuple)):
        return [f"'security_groups' must be a list of ec2.ISecurityGroup, got {described(groups)}"]
    if not groups:
        return ["'security_groups' must not be empty: leave it out to get a new one"]
    return [
        f"'security_groups[{index}]' must be an ec2.ISecurityGroup, got {described(group)}; "
        "for one that exists use ec2.SecurityGroup.from_security_group_id"
        for index, group in enumerate(groups)
        if not has(group, "security_group_id")
    ]


OPEN_EGRESS: Final = dict.fromkeys(
    ["guard-EC2_SECURITY_GROUP_EGRESS_OPEN_TO_WORLD_RULE", "guard-SECURITY_GROUP_EGRESS_ALL_PROTOCOLS_RULE"],
    "where the network's endpoints and name servers are is not known here; give `security_groups` where it is",
)
"""Why a security group of ours is open to the outside."""

_UNBOUND_GROUP: Final = "sg-not-created-yet"
"""Stands for a security group that is created later; it is sound, so that the rules have nothing to say of it."""


@dataclass(frozen=True)
class RequestedSecurity:
    """Keys and network of a request in the API's own names."""

    config: SecurityConfig | None

    @property
    def in_vpc(self) -> bool:
        """Whether the job runs in a VPC."""
        return self.config is not None and self.config.vpc_config is not None

    @property
    def network_prop(self) -> str:
        """Which member puts it there, as the props call it."""
        return "vpc"

    def problems(self) -> list[str]:
        """Nothing beyond what the request's own checks say."""
        return []

    def warnings(self) -> dict[str, str]:
        """Nothing: of what only names are known, nobody sees whether it is public."""
        return {}

    def used(self, key_name: str = _KEY_NAME) -> Iterator[Used]:
        """Of what only names are known, the key may have one that says where it is."""
        key = None if self.config is None else self.config.volume_kms_key_id
        if key is not None:
            yield key_name, NamedKey(key), KEY

    def draft(self) -> SecurityConfig | None:
        """The settings as they were given."""
        return self.config

    def bind(self, scope: Construct, grants: Grants) -> BoundSecurity:  # noqa: ARG002 - nothing to create
        """Ask for the permission to use the key."""
        if self.config is not None and self.config.volume_kms_key_id is not None:
            key = NamedKey(self.config.volume_kms_key_id)
            grants.allow(key.permission(permissions.VOLUME_KEY, permissions.VOLUME_KEY_CONDITION))
        return BoundSecurity(config=self.config, connections=None, dependencies=())
