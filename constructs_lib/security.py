"""Keys and network of a job: what the request says of them, and exactly the permissions that they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import permissions
from .api.fields import described
from .api.shapes import SecurityConfig, VpcConfig
from .data import NamedKey, check_key_construct

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

    @property
    def in_vpc(self) -> bool:
        """Whether the job runs in a VPC."""
        return self.vpc is not None or self.vpc_subnets is not None

    def problems(self) -> list[str]:
        """What can be seen before anything is created."""
        found = []
        try:
            check_key_construct("volume_encryption_key", self.volume_encryption_key)
        except ValueError as error:
            found.append(str(error))
        if self.vpc is not None and not hasattr(self.vpc, "vpc_id"):
            found.append(
                f"'vpc' must be an ec2.IVpc, got {described(self.vpc)}; for a VPC that exists use ec2.Vpc.from_lookup"
            )
        groups = self.security_groups
        if groups is not None and isinstance(groups, str):
            found.append(f"'security_groups' must be a list of ec2.ISecurityGroup, got {described(groups)}")
        elif groups is not None:
            found += [
                f"'security_groups[{index}]' must be an ec2.ISecurityGroup, got {described(group)}"
                for index, group in enumerate(groups)
                if not hasattr(group, "security_group_id")
            ]
        if self.vpc is None:
            if self.vpc_subnets is not None and not (self.vpc_subnets.subnets and groups):
                found.append(
                    "'vpc_subnets' needs 'vpc', unless it names the subnets themselves and 'security_groups' is given"
                )
            elif groups and self.vpc_subnets is None:
                found.append("'security_groups' needs 'vpc': without one the job does not run in your network")
        return found

    def draft(self) -> SecurityConfig | None:
        """What is known before anything is created."""
        return self._config(None)

    def bind(self, scope: Construct, grants: Grants) -> BoundSecurity:
        """Create a security group if need be, and ask for the permissions."""
        if self.volume_encryption_key is not None:
            grants.allow_key(self.volume_encryption_key, permissions.VOLUME_KEY)
        if not self.in_vpc:
            return BoundSecurity(config=self._config(None), connections=None, dependencies=())
        from aws_cdk import aws_ec2 as ec2  # seconds of import, only for jobs in a VPC

        subnets, reachable = self._subnets()
        groups = list(self.security_groups or ())
        if not groups and self.vpc is not None:
            groups = [
                ec2.SecurityGroup(
                    scope, "SecurityGroup", vpc=self.vpc, description=f"The Autopilot job {scope.node.path}"
                )
            ]
        network = VpcConfig(security_group_ids=tuple(group.security_group_id for group in groups), subnets=subnets)
        return BoundSecurity(
            config=self._config(network),
            connections=ec2.Connections(security_groups=groups),
            dependencies=reachable,
        )

    def _subnets(self) -> tuple[tuple[str, ...], Sequence[IDependable]]:
        if self.vpc is None:
            assert self.vpc_subnets is not None  # noqa: S101 - see in_vpc
            return tuple(subnet.subnet_id for subnet in self.vpc_subnets.subnets or ()), ()
        selected = self.vpc.select_subnets(
            **(self.vpc_subnets._values if self.vpc_subnets is not None else {})  # noqa: SLF001 - how jsii structs unpack
        )
        return tuple(selected.subnet_ids), (selected.internet_connectivity_established,)

    def _config(self, network: VpcConfig | None) -> SecurityConfig | None:
        key = self.volume_encryption_key
        config = SecurityConfig(
            volume_kms_key_id=key.key_arn if key is not None and hasattr(key, "key_arn") else None,
            encrypt_inter_container_traffic=self.encrypt_inter_container_traffic,
            vpc_config=network,
        )
        return None if config == SecurityConfig() else config


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
            grants.allow_key(NamedKey(self.config.volume_kms_key_id), permissions.VOLUME_KEY)
        return BoundSecurity(config=self.config, connections=None, dependencies=())
