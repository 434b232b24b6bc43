"""The Lambda function behind the jobs of a stack: one per stack, made by the first job."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from .. import l1
from ..access import permissions
from ..access.grants import acknowledge_late, acknowledge_wildcards, add_permissions, managed_policy, new_role, warn
from ..access.keys import grant_key_to_own_role
from ..access.opening import is_to_be_opened, open_to
from ..api.fields import described, has, raise_if_any, seconds_of
from ..api.rulebook import Findings
from ..keywords import ConstructorSignature
from ..l1 import Kind
from ..naming import deployed_path, slug
from ..runtime import contract
from ..tokens import TEXT_TOKEN
from .options import LOG_RETENTION_DAYS, Options
from .waiter import POLL_SECONDS, Waiter, state_machine_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_events as events
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_stepfunctions as sfn
    from constructs import IDependable

    from ..access.keys import Key
    from ..access.opening import Owned
    from ..access.permissions import Permission

CONSTRUCT_ID: Final = "SageMakerAutopilotProvider"
"""Part of every logical id below, the function's among them: changing it breaks every stack that is deployed
("Modifying service token is not allowed")."""

RUNTIME: Final = "python3.14"
MEMORY_MIB: Final = 256

_STACK_SLUG: Final = 7
_STACK_HASH: Final = 4
_JOB_SLUG: Final = contract.NAME_LENGTH - contract.HASH_LENGTH - _STACK_SLUG - _STACK_HASH - len("--")
_HOSTED_SLUG: Final = contract.HOSTED_NAME_LENGTH - contract.HASH_LENGTH - _STACK_SLUG - _STACK_HASH - len("--")
_LISTED_HASH: Final = 8
_POLICY_LENGTH: Final = 6144
"""Characters of a managed policy."""

_POLICIES_OF_A_ROLE: Final = 10
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

_MANY_POLICIES: Final = (
    f"the function of this stack needs more than {_POLICIES_OF_A_ROLE} managed policies, which is what an account "
    "allows a role unless its quota was raised: share roles and output locations between jobs, or use several stacks"
)

_ARN_LENGTH: Final = 112
_PART_LENGTH: Final = 24
"""What a token is taken for: an ARN at the beginning of a resource (a role's, a bucket's), else a part of one."""

_OWN_STATEMENT: Final = 120
"""What a statement of its own has besides: effect, action and the condition's name."""

_LOGGED: Final = "the function logs names, statuses and decisions, never requests or URLs"

_SHARED_ROLES: Final = 1700
_SHARED_RESULTS: Final = 700
_SHARED_WATCHED: Final = 300
"""Characters of the function's first policy that are kept for roles, for results and for jobs made elsewhere."""


class AutoMLProvider(Construct):
    """Creates, tags, replaces and stops the jobs of its stack.

    Made by the first job of a stack and shared by all of them; use `of` to get at it.
    """

    __signature__ = ConstructorSignature()

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self._stack = cdk.Stack.of(self)
        self._stack_prefix = _stack_prefix(self._stack)
        self._keys: set[Key] = set()

        log = l1.create(Kind.LOG_GROUP, self, "Log", {"RetentionInDays": LOG_RETENTION_DAYS})
        log.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
        acknowledge_late(log, lambda: self._options.log_reasons(_LOGGED))
        self._role = new_role(
            self,
            service=permissions.LAMBDA_PRINCIPAL,
            description=f"Creates and stops the Autopilot jobs of {deployed_path(self._stack, self._stack)}",
        )
        self._policies = 0
        self._policy = self.new_policy(
            "Permissions",
            permissions.provider_function(
                self._stack,
                generated_names=self.generated_names,
                log_group_arn=log.get_att("Arn").to_string(),
            ),
        )
        self._roles = _Shelf(self, "PassRoles", self._policy, _SHARED_ROLES)
        self._results = _Shelf(self, "Results", self._policy, _SHARED_RESULTS)
        self._names = _Shelf(self, "Names")
        self._watched = _Shelf(self, "Watched", self._policy, _SHARED_WATCHED)
        self._stopped = _Shelf(self, "Stopped")
        self._endpoints = _Shelf(self, "Endpoints")
        self._groups = _Shelf(self, "Registry")
        # An update that takes a job, or its endpoint's name, away would change a policy before the job goes. So what
        # stands in it names it: another one is made, and this one is deleted after the job.
        # https://github.com/aws/aws-cdk/issues/9840
        self._clean_up = _Shelf(self, "CleanUp", besides=permissions.one_click_parts(self._stack))
        self._models: iam.ManagedPolicy | None = None
        self._transforms: iam.ManagedPolicy | None = None
        self._log = log
        self._function = self._new_function(log)
        self.node.default_child = self._function
        self._options = Options()
        self._waiter: Waiter | None = None
        self._sees_outcomes = False
        self.service_token: Final = self._function.get_att("Arn").to_string()
        """The function's ARN, which every job names."""

    @classmethod
    def of(cls, scope: Construct) -> AutoMLProvider:
        """The provider of the stack that `scope` lies in; made if there is none.

        Raises:
            ValueError: `scope` is no construct.
        """
        if not has(scope, "node"):
            raise ValueError(f"AutoMLProvider.of: 'scope' must be a construct, got {described(scope)}")
        return _provider_around(scope)

    @property
    def stack(self) -> cdk.Stack:
        """The stack whose jobs these are."""
        return self._stack

    def custom_resource(
        self, scope: Construct, construct_id: str, resource_type: str, properties: Mapping[str, Any]
    ) -> cdk.CfnResource:
        """A resource that the function serves."""
        served = {"ServiceToken": self.service_token, "ServiceTimeout": contract.SERVICE_TIMEOUT, **properties}
        return cdk.CfnResource(scope, construct_id, type=resource_type, properties=served)

    def name_prefix(self, construct_id: str) -> str:
        """The beginning of a generated job name: readable, and the stack's own."""
        return f"{self._stack_prefix}{slug(construct_id, _JOB_SLUG, 'job')}-"

    def serve(self, *, role_arn: str, job_name: str | None) -> list[IDependable]:
        """Allow the function what it does for one more job; returns what the job has to wait for.

        Args:
            role_arn: The role that the job runs as.
            job_name: The job's name if the caller chose it.
        """
        needed: list[IDependable] = [self._policy, self._roles.put(role_arn, permissions.pass_role([role_arn]))]
        if job_name is not None:
            needed.append(self._names.put(job_name, permissions.provider_named_job(self._stack, job_name)))
        return needed

    def clean_up(self, endpoint_name: str | None) -> list[IDependable]:
        """Allow the function to delete a one-click endpoint; returns what the endpoint's job has to wait for.

        Args:
            endpoint_name: The endpoint's name if the caller chose it.
        """
        permission = permissions.one_click_endpoint(self._stack, endpoint_name)
        return [self._clean_up.put("/".join(permission.resources), permission)]

    def new_policy(self, construct_id: str, allowed: Sequence[Permission]) -> iam.ManagedPolicy:
        """A further policy of the function's role; there is a warning where the role gets more than it surely takes."""
        self._policies += 1
        if self._policies == _POLICIES_OF_A_ROLE + 1:
            warn(self, {"policies": _MANY_POLICIES})
        return managed_policy(self, construct_id, allowed, self._role)

    @property
    def generated_names(self) -> str:
        """The pattern of all job names that this stack generates; ``?`` stands for one character, as in IAM."""
        return self._stack_prefix + "?" * (contract.NAME_LENGTH - len(self._stack_prefix))

    # Following jobs to their end

    @property
    def waiter(self) -> Waiter:
        """What follows jobs to their end; made when it is first asked for."""
        if self._waiter is None:
            options = self._options
            add_permissions(
                self._policy,
                permissions.provider_waiting(
                    self._stack,
                    state_machine_arn=permissions.states_arn(self._stack, state_machine_name(self._stack)),
                    event_bus_arn=self.event_bus_arn,
                ),
            )
            seconds = POLL_SECONDS if options.poll_interval is None else seconds_of(options.poll_interval)
            self._waiter = Waiter(
                self,
                "Waiter",
                function_arn=self.service_token,
                poll_seconds=int(seconds),
                log_level=options.log_level,
            )
            options.apply_to_waiter(self._waiter)
        return self._waiter

    @property
    def event_bus(self) -> events.IEventBus | None:
        """The bus that hears of jobs; None: the account's default one."""
        return self._options.event_bus

    @property
    def event_bus_arn(self) -> str:
        """The ARN of the bus that hears of jobs."""
        bus = self.event_bus
        return permissions.default_event_bus_arn(self._stack) if bus is None else bus.event_bus_arn

    def watch_job(self, job_arn: str) -> list[IDependable]:
        """Allow the function to look at a job that this stack did not make; returns what its watch has to wait for."""
        return [self._policy, self._watched.put(job_arn, permissions.watched_job(job_arn))]

    def judge(self, *, result: tuple[Owned, str] | None, key: Key | None, stops: str | None) -> list[IDependable]:
        """Allow the function to see what a job has come to; returns what the outcome has to wait for.

        Args:
            result: The bucket and the folder where the full result goes.
            key: The KMS key that it is encrypted with.
            stops: The ARN of a job that this stack did not make and that may be stopped.
        """
        if not self._sees_outcomes:
            self._sees_outcomes = True
            add_permissions(self._policy, permissions.provider_outcomes())
        needed: list[IDependable] = [self._policy]
        if result is not None:
            bucket, folder = result
            needed += self._reach(self._results, bucket, permissions.provider_result(bucket.arn, folder))
        if key is not None and key not in self._keys:
            self._keys.add(key)
            needed += grant_key_to_own_role(key, self._policy, self._role, self._stack, *permissions.ENCRYPT_RESULT)
        if stops is not None:
            needed.append(self._stopped.put(stops, permissions.stopped_job(stops)))
        return needed

    def _reach(self, shelf: _Shelf, bucket: Owned, permission: Permission) -> list[IDependable]:
        """Allow the function something in a bucket, in the bucket's own policy too where it must."""
        allowed: list[IDependable] = [shelf.put("/".join((*permission.resources, *permission.prefixes)), permission)]
        if not is_to_be_opened(bucket.resource, self._stack):
            return allowed
        return [*allowed, open_to(bucket.resource, self._role, self._stack, permission)]

    # Serving what a job has learned

    def hosted_prefix(self, construct_id: str) -> str:
        """The beginning of the name of a model, an endpoint or a transform job: readable, and the stack's own."""
        return f"{self._stack_prefix}{slug(construct_id, _HOSTED_SLUG, 'model')}-"

    @property
    def hosted_names(self) -> str:
        """The pattern of all such names; ``?`` stands for one character, as in IAM."""
        return self._stack_prefix + "?" * (contract.HOSTED_NAME_LENGTH - len(self._stack_prefix))

    def make_models(self, *, role_arn: str) -> list[IDependable]:
        """Allow the function to make models that run as a role; returns what they have to wait for."""
        if self._models is None:
            allowed = permissions.provider_models(self._stack, generated_names=self.hosted_names)
            self._models = self.new_policy("Models", allowed)
        return [self._policy, self._models, self._roles.put(role_arn, permissions.pass_role([role_arn]))]

    def look_at_endpoint(self, endpoint_name: str) -> list[IDependable]:
        """Allow the function to look at an endpoint whose name the caller chose."""
        return [self._endpoints.put(endpoint_name, permissions.provider_endpoint(self._stack, endpoint_name))]

    def run_transforms(self) -> list[IDependable]:
        """Allow the function to run transform jobs; returns what they have to wait for."""
        if self._transforms is None:
            allowed = permissions.provider_transforms(self._stack, generated_names=self.hosted_names)
            self._transforms = self.new_policy("Transforms", allowed)
        return [self._policy, self._transforms]

    def register_in(self, group_name: str, *, reports: tuple[Owned, str] | None) -> list[IDependable]:
        """Allow the function to register versions in a group; returns what they have to wait for.

        Args:
            group_name: The group's name or ARN.
            reports: The bucket and the folder that hold the job's reports, if they are known.
        """
        permission = permissions.provider_registry(self._stack, group_name)
        needed: list[IDependable] = [self._policy, self._groups.put(group_name, permission)]
        if reports is not None:
            bucket, folder = reports
            needed += self._reach(self._groups, bucket, permissions.provider_reports(bucket.arn, folder))
        return needed

    # Options

    def configure(
        self,
        *,
        poll_interval: cdk.Duration | None = None,
        event_bus: events.IEventBus | None = None,
        log_retention: cdk.Duration | None = None,
        log_encryption_key: kms.IKey | None = None,
        state_machine_log_level: sfn.LogLevel | None = None,
        tracing: bool | None = None,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        permissions_boundary: iam.IManagedPolicy | None = None,
        reserved_concurrent_executions: int | None = None,
        dead_letter_topic: sns.ITopic | None = None,
    ) -> AutoMLProvider:
        """Set how this stack's function and state machine run. Once per stack, before its first outcome or `on_...`.

        Args:
            poll_interval: How long after a look at a job comes the next, while somebody waits or listens: whole seconds
                from 20 seconds to 5 minutes. Default: a minute; a twelve-hour wait costs about 0.06 USD.
            event_bus: Where the events about jobs go, and where the rules of `on_finished` and its kin listen.
                Default: the account's default bus.
            log_retention: How long the logs of both are kept: a number of days that CloudWatch Logs knows (1, 3, 5, 7,
                14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653).
                Default: 365 days.
            log_encryption_key: The KMS key of both logs; CloudWatch Logs is allowed to use it. A key from elsewhere
                must allow that already. Default: CloudWatch Logs' own encryption.
            state_machine_log_level: What Step Functions logs of each execution. Default: `LogLevel.ALL`.
            tracing: Trace both with X-Ray. Default: not traced.
            vpc: The VPC of the function. It must reach SageMaker, CloudFormation, CloudWatch Logs, S3 (CloudFormation's
                own buckets too), and Step Functions and EventBridge where jobs are followed. Default: no VPC.
            vpc_subnets: Which of its subnets. Default: the private ones. Public ones are refused: Lambda functions
                reach nothing from there.
            security_groups: The security groups of the function. Default: a new one that allows all outbound traffic.
            permissions_boundary: The boundary of the roles of both. Jobs' own roles are not touched: for all roles of
                a stack use `iam.PermissionsBoundary.of(stack)`. Default: none.
            reserved_concurrent_executions: How many calls of the function run at once at most, at least 1; they are
                taken from what the account has. Default: no reservation.
            dead_letter_topic: Where Lambda sends an event that it could not have served. Such an event holds
                CloudFormation's pre-signed address for the answer, so encrypt the topic. Default: none; CloudFormation
                itself reports a call that went unanswered.

        Returns:
            This provider.

        Raises:
            ValueError: with everything that is wrong, also that it was called before, or too late.

        See https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
        """
        options = Options(
            poll_interval=poll_interval,
            event_bus=event_bus,
            log_retention=log_retention,
            log_encryption_key=log_encryption_key,
            state_machine_log_level=state_machine_log_level,
            tracing=tracing,
            vpc=vpc,
            vpc_subnets=vpc_subnets,
            security_groups=security_groups,
            permissions_boundary=permissions_boundary,
            reserved_concurrent_executions=reserved_concurrent_executions,
            dead_letter_topic=dead_letter_topic,
        )
        wrong = options.problems()
        places = Findings([], {}) if wrong else options.places(self._stack)
        wrong += places.errors
        if self._options != Options():
            wrong.append("it has been called for this stack already: give all options at once")
        if self._waiter is not None:
            wrong.append("a job of this stack is followed already: call it before the first outcome or on_...")
        raise_if_any(wrong, f"AutoMLProvider.configure in '{self._stack.node.path}'")
        self._options = options
        warn(self, options.warnings() | places.warnings)
        options.apply_to_function(self, function=self._function, log=self._log, policy=self._policy, role=self._role)
        return self

    def _new_function(self, log: cdk.CfnResource) -> cdk.CfnResource:
        library = Path(contract.__file__).parents[1]
        code = assets.Asset(
            self,
            "Code",
            path=str(library),
            exclude=["**", "!runtime", "!runtime/**", "**/__pycache__"],
            ignore_mode=cdk.IgnoreMode.GLOB,
        )
        function = l1.create(
            Kind.FUNCTION,
            self,
            "Function",
            {
                "Description": "Creates, tags and stops Amazon SageMaker Autopilot jobs (cdk-sagemaker-autopilot)",
                "Runtime": RUNTIME,
                "Architectures": ["arm64"],
                "Handler": contract.HANDLER,
                "Code": {"S3Bucket": code.s3_bucket_name, "S3Key": code.s3_object_key},
                "Role": self._role.role_arn,
                "MemorySize": MEMORY_MIB,
                "Timeout": contract.FUNCTION_TIMEOUT,
                "LoggingConfig": {"LogGroup": log.ref, "LogFormat": "JSON"},
                "Environment": {"Variables": {contract.STACK_VARIABLE: self._stack.stack_id}},
            },
        )
        acknowledge_late(function, lambda: self._options.function_reasons())
        # On removal too: a function whose permissions went first could not stop anything.
        function.node.add_dependency(self._policy)
        return function


@cache
def _provider_around(scope: Construct) -> AutoMLProvider:
    """Ask for the stack of a scope once: jobs share scopes, and it is a call to jsii."""
    return _provider_of(cdk.Stack.of(scope))


@cache
def _provider_of(stack: cdk.Stack) -> AutoMLProvider:
    return AutoMLProvider(stack, CONSTRUCT_ID)


class _Shelf:
    """Things that one statement each policy lists, in as many policies as they take.

    A listing of keys that begin with something has a statement of its own.
    """

    def __init__(
        self,
        provider: AutoMLProvider,
        policy_id: str,
        shared: iam.ManagedPolicy | None = None,
        room: int = 0,
        *,
        besides: Permission | None = None,
    ) -> None:
        """Begin an empty shelf.

        Args:
            provider: Where further policies are made.
            policy_id: What their ids begin with.
            shared: A policy that has room for the first things.
            room: How many characters of it.
            besides: What each policy of a shelf allows besides; and whose policies are others when their things are.
        """
        self._provider = provider
        self._policy_id = policy_id
        self._policies = [] if shared is None else [shared]
        self._room = room
        self._besides = besides
        self._statement: iam.PolicyStatement | None = None
        self._place_of: dict[str, iam.ManagedPolicy] = {}

    def put(self, thing: str, permission: Permission) -> iam.ManagedPolicy:
        """Allow what this thing needs, once; returns the policy that does."""
        if thing in self._place_of:
            return self._place_of[thing]
        has_own = bool(permission.prefixes)
        listed = sum(map(_length, (*permission.resources, *permission.prefixes)))
        length = listed + (_OWN_STATEMENT if has_own else 0)
        if length > self._room:
            policy_id = f"{self._policy_id}{len(self._policies)}"
            besides = [] if self._besides is None else [self._besides]
            self._policies.append(self._provider.new_policy(policy_id, besides))
            self._room = _POLICY_LENGTH - sum(len(str(each.statement())) for each in (permission, *besides))
            self._statement = None
        if self._statement is None or has_own:
            statement = iam.PolicyStatement.from_json(permission.statement())
            self._policies[-1].add_statements(statement)
            self._statement = self._statement if has_own else statement
        else:
            self._statement.add_resources(*permission.resources)
        acknowledge_wildcards(self._policies[-1], [permission])
        self._room -= length
        self._place_of[thing] = self._policies[-1]
        if self._besides is not None:
            self._rename()
        return self._policies[-1]

    def _rename(self) -> None:
        """Give the last policy an id that follows from what it lists."""
        policy = self._policies[-1]
        resource = cast("cdk.CfnResource", policy.node.default_child)
        stack = self._provider.stack
        listed = sorted(json.dumps(stack.resolve(thing)) for thing, place in self._place_of.items() if place is policy)
        digest = hashlib.sha256("".join(listed).encode()).hexdigest()[:_LISTED_HASH]
        resource.override_logical_id(f"{stack.get_logical_id(resource)}{digest}")


def _length(resource: str) -> int:
    """Characters of a resource in a policy, at the most that its tokens surely become."""
    begins = TEXT_TOKEN.match(resource)
    text = "x" * _ARN_LENGTH + resource[begins.end() :] if begins else resource
    return len(TEXT_TOKEN.sub("x" * _PART_LENGTH, text)) + len('"",')


def _stack_prefix(stack: cdk.Stack) -> str:
    """A few letters of the stack's name and a hash of its place in what is deployed, with a hyphen."""
    digest = hashlib.sha256(deployed_path(stack, stack).encode()).hexdigest()[:_STACK_HASH]
    return f"{slug(stack.stack_name, _STACK_SLUG, 'stack')}{digest}-"
