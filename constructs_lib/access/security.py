"""Keys and network of a job: what the request says of them, and exactly the permissions that they need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ..api.fields import described
from ..api.shapes import SecurityConfig, VpcConfig
from ..tokens import plain
from . import permissions
from .keys import NamedKey, check_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from constructs import Construct, IDependable

    from .grants import Grants


@dataclass(frozen=True, kw_only=True)
class BoundSecurity:
    """Keys and network as a request names them."""

    config: SecurityConfig | None
    connections: ec2.Connections | None
    dependencies: Sequence[IDependable]
    """What must stand before the job's network interfaces can reach anything."""


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

    def problems(self) -> list[str]:
        """What can be seen before anything is created."""
        found = check_key("volume_encryption_key", self.volume_encryption_key)
        groups = self.security_groups
        if self.vpc is not None and not hasattr(self.vpc, "vpc_id"):
            found.append(
                f"'vpc' must be an ec2.IVpc, got {described(self.vpc)}; for a VPC that exists use ec2.Vpc.from_lookup"
            )
        if self.vpc_subnets is not None and not hasattr(self.vpc_subnets, "subnet_type"):
            found.append(f"'vpc_subnets' must be an ec2.SubnetSelection, got {described(self.vpc_subnets)}")
        if groups is not None and not isinstance(groups, (list, tuple)):
            found.append(f"'security_groups' must be a list of ec2.ISecurityGroup, got {described(groups)}")
        elif groups is not None:
            found += [
                f"'security_groups[{index}]' must be an ec2.ISecurityGroup, got {described(group)}; "
                "for one that exists use ec2.SecurityGroup.from_security_group_id"
                for index, group in enumerate(groups)
                if not hasattr(group, "security_group_id")
            ]
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

    def draft(self) -> SecurityConfig | None:
        """What is known before anything is created."""
        return self._config(self._network(self.security_groups or ()) if self.in_vpc else None)

    def bind(self, scope: Construct, grants: Grants) -> BoundSecurity:
        """Create a security group if need be, and ask for the permissions."""
        if self.volume_encryption_key is not None:
            grants.allow(
                permissions.Permission(
                    actions=permissions.VOLUME_KEY,
                    resources=(self.volume_encryption_key.key_arn,),
                    conditions=permissions.VOLUME_KEY_CONDITION,
                )
            )
        if not self.in_vpc:
            return BoundSecurity(config=self._config(None), connections=None, dependencies=())
        from aws_cdk import aws_ec2 as ec2  # seconds of import, only for jobs in a VPC

        groups = list(self.security_groups or ())
        if not groups and self.vpc is not None:
            description = plain(f"The Autopilot {self.what} {scope.node.path}")
            groups = [ec2.SecurityGroup(scope, "SecurityGroup", vpc=self.vpc, description=description)]
        return BoundSecurity(
            config=self._config(self._network(groups)),
            connections=ec2.Connections(security_groups=groups),
            dependencies=self._subnets[1],
        )

    def _network(self, groups: Sequence[ec2.ISecurityGroup]) -> VpcConfig:
        ids = tuple(group.security_group_id for group in groups)
        return VpcConfig(security_group_ids=ids or (_UNBOUND_GROUP,), subnets=self._subnets[0])

    @cached_property
    def _subnets(self) -> tuple[tuple[str, ...], Sequence[IDependable]]:
        """The ids of the subnets, and what they need before they reach anything."""
        if self.vpc is None:
            subnets = self.vpc_subnets.subnets if self.vpc_subnets is not None else None
            return tuple(subnet.subnet_id for subnet in subnets or ()), ()
        selected = self.vpc.select_subnets(
            **(self.vpc_subnets._values if self.vpc_subnets is not None else {})  # noqa: SLF001 - how jsii structs unpack
        )
        return tuple(selected.subnet_ids), (selected.internet_connectivity_established,)

    def _config(self, network: VpcConfig | None) -> SecurityConfig | None:
        key = self.volume_encryption_key
        config = SecurityConfig(
            volume_kms_key_id=None if key is None else key.key_arn,
            encrypt_inter_container_traffic=self.encrypt_inter_container_traffic,
            vpc_config=network,
        )
        return None if config == SecurityConfig() else config


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

    def problems(self) -> list[str]:
        """Nothing beyond what the request's own checks say."""
        return []

    def draft(self) -> SecurityConfig | None:
        """The settings as they were given."""
        return self.config

    def bind(self, scope: Construct, grants: Grants) -> BoundSecurity:  # noqa: ARG002 - nothing to create
        """Ask for the permission to use the key."""
        if self.config is not None and self.config.volume_kms_key_id is not None:
            key = NamedKey(self.config.volume_kms_key_id)
            grants.allow(key.permission(permissions.VOLUME_KEY, permissions.VOLUME_KEY_CONDITION))
        return BoundSecurity(config=self.config, connections=None, dependencies=())
