"""Giving a job's role what its props need: collected first, then written as one policy."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ..api.fields import described, has
from ..naming import at_its_longest, if_launched, plain, stack_of
from ..releases import acknowledge, before_findings
from ..tokens import is_token
from .extracted import may_be_taken
from .keys import grantable
from .opening import is_to_be_opened, open_to
from .permissions import SAGEMAKER_PRINCIPAL, Permission, below, listing
from .places import account_of, is_made_here, place_of
from .trust import require_trust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from constructs import Construct, IConstruct, IDependable

    from .opening import Owned


class Grants:
    """The permissions that the parts of a job ask for, in the order in which they do."""

    def __init__(self, stack: cdk.Stack) -> None:
        """Nothing is asked for yet.

        Args:
            stack: Where the job's role is.
        """
        self._stack = stack
        self._permissions: list[Permission] = []
        self._keys: dict[Any, tuple[str, ...]] = {}
        self._apart: list[tuple[Any, Permission]] = []
        self.needed: list[IDependable] = []
        """What has to be there, besides the role's policies, before all that was asked for is allowed."""

    def allow(self, permission: Permission, on: Any = None) -> None:
        """Ask for a statement.

        Args:
            permission: What it allows.
            on: The bucket or the topic that it is about, if its own policy may have to allow that too.
        """
        if permission not in self._permissions:
            self._permissions.append(permission)
        if on is not None and is_to_be_opened(on, self._stack) and (on, permission) not in self._apart:
            self._apart.append((on, permission))

    def allow_objects(
        self,
        bucket: Owned,
        prefix: str,
        actions: tuple[str, ...],
        *,
        why: str,
        besides: tuple[cdk.Stack, str] | None = None,
    ) -> None:
        """Ask for the objects of a bucket whose keys begin with a prefix, and for listing them.

        Args:
            bucket: The bucket.
            prefix: The prefix.
            actions: What is done with the objects.
            why: Why they have no names yet.
            besides: Another prefix, where this stack has another name than the app gives it.
        """
        more = () if besides is None else (besides,)
        prefixes = [f"{prefix}*", *(if_launched(stack, f"{other}*") for stack, other in more)] if prefix else []
        self.allow(listing(bucket.arn, prefixes), bucket.resource)
        arns = (
            f"{bucket.arn}/{prefix}*",
            *(if_launched(stack, f"{bucket.arn}/{other}*") for stack, other in more),
        )
        self.allow(Permission(actions=actions, resources=arns, reason=why), bucket.resource)

    def allow_object(self, bucket: Owned, key: str, actions: tuple[str, ...]) -> None:
        """Ask for one object, and for listing it: the service treats its key as a prefix."""
        self._allow_listing(bucket, key)
        self.allow(Permission(actions=actions, resources=(f"{bucket.arn}/{key}",)), bucket.resource)

    def _allow_listing(self, bucket: Owned, prefix: str) -> None:
        self.allow(listing(bucket.arn, [f"{prefix}*"] if prefix else []), bucket.resource)

    def allow_key(self, key: Any, actions: tuple[str, ...]) -> None:  # a kms.IKey, whose module this one need not load
        """Ask for a key of which there is a construct, so that its own policy can follow where it must."""
        key = grantable(key)
        if key not in self._keys:  # what jsii hands out of an imported key is another object each time
            key = next((known for known in self._keys if known.key_arn == key.key_arn), key)
        self._keys[key] = tuple(dict.fromkeys((*self._keys.get(key, ()), *actions)))

    def apply_to_new_role(
        self, scope: Construct, role: iam.IRole, permissions: Iterable[Permission]
    ) -> iam.ManagedPolicy:
        """Write everything, these permissions too, as one managed policy of a role that the library made."""
        for permission in permissions:
            self.allow(permission)
        policy = managed_policy(scope, "Permissions", self._permissions, role)
        for key, actions in self._keys.items():
            self.needed += grant_key_to_own_role(key, policy, role, self._stack, *actions)
        self._open_to(role)
        return policy

    def _open_to(self, role: iam.IRole) -> None:
        for resource, permission in self._apart:
            self.needed.append(open_to(resource, role, self._stack, permission))

    def apply_to_given_role(self, role: iam.IRole, permissions: Iterable[Permission]) -> None:
        """Add everything to a role that the caller brought, except what it already has from another job."""
        if role not in _BROUGHT:
            _BROUGHT[role] = _Brought(role)
            require_trust("role", role, SAGEMAKER_PRINCIPAL)
        brought = _BROUGHT[role]
        for permission in (*self._permissions, *permissions):
            self.needed += brought.add(permission)
        for key, actions in self._keys.items():
            self.needed += brought.add_key(key, actions, self._stack)
        self._open_to(role)


@dataclass
class _Policy:
    """A managed policy, and how long its document is at most."""

    policy: iam.ManagedPolicy
    size: int = 0


@dataclass(frozen=True)
class _Statement:
    """A statement that grows, the policy that holds it, and what it is about so far."""

    statement: iam.PolicyStatement
    policy: _Policy
    about: list[str]


class _Brought:
    """What this library added to a role that a caller brought: managed policies, for all that run as it.

    Permissions that differ in their resources or in the prefix they may list share a statement: a role has few
    policies, a policy has room for a few thousand characters, and many jobs may share the role.
    """

    def __init__(self, role: iam.IRole) -> None:
        self._role = role
        self._policies: list[_Policy] = []
        self._is_closed = False
        self._known: dict[str, list[IDependable]] = {}
        """What there is already, and what has to be there before it is allowed."""

        self._open: dict[str, _Statement] = {}

    def add(self, permission: Permission) -> list[IDependable]:
        """Add a permission, unless the role has it, or cannot change; returns what its use has to wait for."""
        marker = json.dumps(permission.statement(), sort_keys=True)
        if marker not in self._known:
            self._known[marker] = self._add(permission, marker)
        return self._known[marker]

    def _add(self, permission: Permission, marker: str) -> list[IDependable]:
        prefixes = permission.prefixes
        fresh = prefixes or permission.resources
        shared = permission.resources if prefixes else permission.conditions
        kind = json.dumps([permission.actions, bool(prefixes), shared], sort_keys=True)
        grown = self._open.get(kind)
        size = sum(map(_length, fresh)) + _QUOTES * len(fresh)
        if grown is not None and grown.policy.size + size <= _ROOM:
            grown.about.extend(fresh)
            if prefixes:
                grown.statement.add_condition(*below(grown.about))
            else:
                grown.statement.add_resources(*fresh)
            policy = grown.policy
        else:
            size = _length(marker)
            found = self._with_room(size)
            if found is None:
                return []
            policy = found
            statement = iam.PolicyStatement.from_json(permission.statement())
            policy.policy.add_statements(statement)
            self._open[kind] = _Statement(statement, policy, list(fresh))
        policy.size += size
        acknowledge_wildcards(policy.policy, [permission])
        return [policy.policy]

    def add_key(self, key: Any, actions: tuple[str, ...], stack: cdk.Stack) -> list[IDependable]:
        """The same for actions with a key."""
        marker = json.dumps([key.key_arn, actions])
        if marker not in self._known:
            policy = self._with_room(_OF_A_KEY)
            if policy is None:
                return []
            policy.size += _OF_A_KEY
            opened = grant_key_to_own_role(key, policy.policy, self._role, stack, *actions)
            self._known[marker] = [policy.policy, *opened]
        return self._known[marker]

    def _with_room(self, size: int) -> _Policy | None:
        """A policy that takes a statement of so many characters; None where the role cannot change."""
        if not self._is_closed and (not self._policies or self._policies[-1].size + size > _ROOM):
            self._attach()
        return None if self._is_closed else self._policies[-1]

    def _attach(self) -> None:
        """Have one more policy, if the role takes it: one that was imported may not, or may be another account's."""
        role = self._role
        construct_id = f"AutopilotPermissions{len(self._policies) or ''}"
        if isinstance(role, (iam.Role, iam.LazyRole)):
            self._policies.append(_Policy(iam.ManagedPolicy(role, construct_id, roles=[role])))
            may_be_taken(self._policies[-1].policy)
            return
        here, there = account_of(cdk.Stack.of(role)), account_of(cast("Any", role))
        self._is_closed = bool(here and there and here != there)
        if self._is_closed:
            return
        # To jsii, what was imported is no construct, and nothing can be made below it.
        scope = cast("Construct", role.node.scope)
        construct_id = f"{role.node.id}{construct_id}"
        policy = iam.ManagedPolicy(scope, construct_id)
        role.add_managed_policy(policy)
        self._is_closed = not cdk.Stack.of(role).resolve(cast("iam.CfnManagedPolicy", policy.node.default_child).roles)
        if self._is_closed:
            scope.node.try_remove_child(construct_id)
        else:
            self._policies.append(_Policy(policy))
            may_be_taken(policy)


_ROOM: Final = 6000
"""Characters of a managed policy that are filled: it may have 6144, and some stand around its statements."""

_QUOTES: Final = 3
_OF_A_KEY: Final = 320
_TOKEN: Final = re.compile(r"\$\{Token\[([^\]]*)\]\}")
_KNOWN_LENGTHS: Final = {"AWS.Partition": 10, "AWS.AccountId": 12, "AWS.Region": 14}
_UNKNOWN_LENGTH: Final = 128


def _length(text: str) -> int:
    """How long a text is at most when it is deployed: what it refers to is an ARN or a name."""
    text = at_its_longest(text)
    tokens = [found[1].rpartition(".")[0] for found in _TOKEN.finditer(text)]
    return len(_TOKEN.sub("", text)) + sum(_KNOWN_LENGTHS.get(token, _UNKNOWN_LENGTH) for token in tokens)


_BROUGHT: Final[dict[iam.IRole, _Brought]] = {}


# [trust-keys]
@cache
def _principal(service: str, acts_for: str | None, account: str | None) -> iam.ServicePrincipal:
    if acts_for is None:
        return iam.ServicePrincipal(service)
    return iam.ServicePrincipal(
        service,
        conditions={"ArnLike": {"aws:SourceArn": acts_for}, "StringEquals": {"aws:SourceAccount": account}},
    )


def check_grantee(grantee: object) -> None:
    """Refuse who cannot be granted anything.

    Raises:
        ValueError: it is no `iam.IGrantable`.
    """
    if not has(grantee, "grant_principal"):
        raise ValueError(f"'grantee' must be an iam.IGrantable, such as a role or a function, got {described(grantee)}")


def check_role(prop: str, role: object) -> list[str]:
    """What is wrong with a prop that should be a role."""
    if role is None or has(role, "role_arn"):
        return []
    return [f"'{prop}' must be an iam.IRole, got {described(role)}; for a role that exists use iam.Role.from_role_arn"]


def new_role(scope: Construct, *, service: str, description: str, acts_for: str | None = None) -> iam.Role:
    """A role without inline policies; it has a name of ours only where another account of the app has to name it.

    Args:
        scope: What it belongs to.
        service: Who may assume it.
        description: What it is for.
        acts_for: The ARN of that for which the service does so, or its pattern; of the stack's account alone. None: the
            service is not known to say for what.
    """
    account = None if acts_for is None else place_of(stack_of(scope)).account
    return _new_role(scope, "Role", _principal(service, acts_for, account), description)


def new_shared_role(scope: Construct, construct_id: str, *, services: Mapping[str, str], description: str) -> iam.Role:
    """A role like `new_role`'s that several services assume, each for what is said of it."""
    account = place_of(stack_of(scope)).account
    who = [_principal(service, acts_for, account) for service, acts_for in services.items()]
    return _new_role(scope, construct_id, iam.CompositePrincipal(*who), description)


def _new_role(scope: Construct, construct_id: str, assumed_by: iam.IPrincipal, description: str) -> iam.Role:
    role = iam.Role(
        scope,
        construct_id,
        assumed_by=assumed_by,
        description=plain(description),
        role_name=_name_if_needed(),
    )
    may_be_taken(role)
    return role


@cache
def _name_if_needed() -> str:
    return cdk.PhysicalName.GENERATE_IF_NEEDED


def managed_policy(
    scope: Construct, construct_id: str, permissions: Sequence[Permission], role: iam.IRole
) -> iam.ManagedPolicy:
    """A policy of a role that the library made, with a note for each ``*`` in it."""
    document = {"Version": "2012-10-17", "Statement": [permission.statement() for permission in permissions]}
    policy = iam.ManagedPolicy(scope, construct_id, document=iam.PolicyDocument.from_json(document), roles=[role])
    acknowledge_wildcards(policy, permissions)
    may_be_taken(policy)
    return policy


def add_permissions(policy: iam.ManagedPolicy, permissions: Sequence[Permission]) -> None:
    """Add statements to a policy that the library made, with a note for each ``*`` in them."""
    for permission in permissions:
        policy.add_statements(iam.PolicyStatement.from_json(permission.statement()))
    acknowledge_wildcards(policy, permissions)


def grant_key_to_own_role(
    key: Any, policy: iam.ManagedPolicy, role: iam.IRole, stack: cdk.Stack, *actions: str
) -> list[IDependable]:
    """Allow a role of the stack actions with a key, in this policy of the role, and in the key's own.

    The policy of a key from elsewhere cannot change. Older releases of the CDK ask whom to name there all the same,
    which a managed policy cannot answer. The id of a key of another account is made there at deployment, and they
    cannot hand it over, so all keys of that account are named: the key's own policy names the role.

    Returns:
        What has to be there before the role can use the key.
    """
    key = grantable(key)
    if is_to_be_opened(key, stack):
        region = "*" if is_token(key.env.region) else key.env.region
        keys = f"arn:{cdk.Aws.PARTITION}:kms:{region}:{account_of(key)}:key/*"
        add_permissions(policy, [Permission(actions=actions, resources=(keys,), reason=_FAR_KEY)])
        return [open_to(key, role, stack, Permission(actions=actions, resources=("*",)))]
    if not has(key, "node") or is_made_here(key):
        key.grant(policy, *actions)
    else:
        iam.Grant.add_to_principal(grantee=policy, actions=list(actions), resource_arns=[key.key_arn])
    return []


_FAR_KEY: Final = (
    "the id of a key of another account is made there at deployment; of that account's keys the role can use those "
    "alone whose own policy lets it"
)


# ---------------------------------------------------------------------------------------------------- acknowledgements


_PACKS: Final = ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")
"""cdk-nag's packs that share the names of their rules."""

_IN_SOME: Final = {
    "LambdaConcurrency": ("HIPAA.Security", "NIST.800.53.R5"),
    "LambdaDLQ": ("HIPAA.Security", "NIST.800.53.R5"),
    "S3BucketDefaultLockEnabled": ("NIST.800.53.R4",),
}
"""Rules that not all of them have."""


_ELSEWHERE: Final = {
    "CloudWatchLogGroupEncrypted": ("checkov-CKV_AWS_158", "guard-CLOUDWATCH_LOG_GROUP_ENCRYPTED"),
    "LambdaConcurrency": ("checkov-CKV_AWS_115", "guard-LAMBDA_CONCURRENCY_CHECK"),
    "LambdaDLQ": ("checkov-CKV_AWS_116", "guard-LAMBDA_DLQ_CHECK"),
    "LambdaInsideVPC": ("checkov-CKV_AWS_117", "guard-LAMBDA_INSIDE_VPC"),
    "S3BucketDefaultLockEnabled": ("guard-S3_BUCKET_DEFAULT_LOCK_ENABLED",),
    "S3BucketLoggingEnabled": ("checkov-CKV_AWS_18", "guard-S3_BUCKET_LOGGING_ENABLED"),
    "S3BucketReplicationEnabled": ("guard-S3_BUCKET_REPLICATION_ENABLED",),
}
"""What checkov and the Guard Rules Registry call the same findings."""


def compliance(*rules: str) -> list[str]:
    """The findings of these rules, in each pack that has them, and in the other scanners that do."""
    return [
        finding
        for rule in rules
        for finding in (*(f"{pack}-{rule}" for pack in _IN_SOME.get(rule, _PACKS)), *_ELSEWHERE.get(rule, ()))
    ]


def warn(construct: IConstruct, warnings: Mapping[str, str]) -> None:
    """Annotate a construct with what surely is a mistake although it may pass, each warning under its name."""
    for name, warning in warnings.items():
        cdk.Annotations.of(construct).add_warning_v2(warning_id(name), warning)


def warning_id(name: str) -> str:
    """By what a user acknowledges a warning of this name."""
    return f"cdk-sagemaker-autopilot:{name}"


def acknowledge_wildcards(construct: IConstruct, permissions: Iterable[Permission]) -> None:
    """Note for scanners why resources of these statements hold a ``*``, each finding by itself."""
    if noted := [permission for permission in permissions if permission.reason]:
        _Notes.of(stack_of(construct)).add(construct, noted)


def acknowledge_late(construct: IConstruct, reasons: Callable[[], Mapping[str, str]]) -> None:
    """Note for scanners why findings on this construct stand, when the app is complete and it is known which do."""
    _Notes.of(stack_of(construct)).add_late(construct, reasons)


class _Notes:
    """Writes a stack's notes when the app is complete: a finding quotes the resource as the template has it."""

    def __init__(self, stack: cdk.Stack) -> None:
        self._stack = stack
        self._noted: list[tuple[IConstruct, Permission]] = []
        self._late: list[tuple[IConstruct, Callable[[], Mapping[str, str]]]] = []

    @classmethod
    @cache
    def of(cls, stack: cdk.Stack) -> _Notes:
        """The notes of a stack."""
        notes = cls(stack)
        before_findings(stack, notes.write)
        return notes

    def add(self, construct: IConstruct, permissions: Iterable[Permission]) -> None:
        """Note the reasons of these permissions, which the construct holds."""
        self._noted += [(construct, permission) for permission in permissions]

    def add_late(self, construct: IConstruct, reasons: Callable[[], Mapping[str, str]]) -> None:
        """Note reasons that are only known when the app is complete."""
        self._late.append((construct, reasons))

    def write(self) -> Iterable[IConstruct]:
        """Acknowledge what has been noted; returns for which constructs."""
        for construct, reasons_of in self._late:
            acknowledge(construct, reasons_of())
        resources = self._stack.resolve([list(permission.resources) for _, permission in self._noted])
        reasons: dict[IConstruct, dict[str, list[str]]] = {}
        for (construct, permission), resolved in zip(self._noted, resources, strict=True):
            for text in map(_flat, resolved):
                if "*" in text and _is_paired(text):  # CDK refuses ids with unpaired brackets
                    said = reasons.setdefault(construct, {}).setdefault(f"AwsSolutions-IAM5[Resource::{text}]", [])
                    said.append(str(permission.reason))
                    if text == "*" and isinstance(construct, iam.ManagedPolicy):  # a policy of ours alone
                        reasons[construct].setdefault("guard-IAM_POLICYDOCUMENT_NO_WILDCARD_RESOURCE", [])
        for construct, findings in reasons.items():
            acknowledge(construct, {finding: "; ".join(said) for finding, said in findings.items()})
        return [*reasons, *(construct for construct, _ in self._late)]


def _is_paired(text: str) -> bool:
    return all(text.count(opening) == text.count(closing) for opening, closing in ("[]", "()", "{}"))


def _flat(value: Any) -> str:
    """A resolved value as cdk-nag writes it in the id of a finding."""
    if isinstance(value, str):
        return value.replace("${", "<").replace("}", ">")
    ((function, argument),) = value.items()
    if function == "Fn::Join":
        delimiter, parts = argument
        return str(delimiter).join(_flat(part) for part in parts)
    if function == "Fn::GetAtt":
        return f"<{argument[0]}.{argument[1]}>"
    if function == "Ref":
        return f"<{argument}>"
    if function in ("Fn::ImportValue", "Fn::Sub"):
        return _flat(argument)
    return json.dumps(value, separators=(",", ":"))
