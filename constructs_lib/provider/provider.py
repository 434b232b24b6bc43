"""The Lambda function behind the jobs of a stack: one per stack, made by the first job."""

from __future__ import annotations

import hashlib
import json
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Unpack, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from .. import l1
from ..access import permissions
from ..access.companions import Companion, Companions
from ..access.extracted import follow
from ..access.grants import (
    acknowledge_late,
    acknowledge_wildcards,
    add_permissions,
    grant_key_to_own_role,
    managed_policy,
    new_role,
    warn,
)
from ..access.opening import is_to_be_opened, open_to
from ..access.places import account_of
from ..api.digests import folder_digest
from ..api.fields import described, has, raise_if_any, seconds_of
from ..keywords import ConstructorSignature, spelled_out
from ..l1 import Kind
from ..naming import PART_LENGTH, StackPart, at_its_longest, is_report, reported, scope_of, slug, stack_of
from ..runtime import contract
from ..runtime.contract import Property
from ..tokens import TEXT_TOKEN
from .logs import LOG_RETENTION_DAYS
from .options import RUNTIMES, Options, ProviderOptions
from .packing import packed
from .retrainer import Retrainer
from .shown import show_function
from .waiter import POLL_SECONDS, Waiter, state_machine_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aws_cdk import aws_events as events
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_logs as logs
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_stepfunctions as sfn
    from constructs import IDependable

    from ..access.keys import Key
    from ..access.opening import Owned
    from ..access.permissions import Permission

CONSTRUCT_ID: Final = "SageMakerAutopilotProvider"
"""Part of every logical id below, the function's among them: changing it breaks every stack that is deployed
("Modifying service token is not allowed")."""

MEMORY_MIB: Final = 256

HANDLER: Final = "runtime.handler.handle"
"""Where Lambda finds the function inside the asset."""

_FUNCTION_TIMEOUT: Final = 15 * 60
"""Seconds that one call of the function may take (Lambda's own maximum)."""

_JOB_SLUG: Final = contract.NAME_LENGTH - contract.HASH_LENGTH - PART_LENGTH - len("-")
_HOSTED_SLUG: Final = contract.HOSTED_NAME_LENGTH - contract.HASH_LENGTH - PART_LENGTH - len("-")
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

_NO_STAGING: Final = "aws:cdk:disable-asset-staging"

_LOGGED: Final = (
    "the function logs ids, states and decisions, and what is wrong with a request, which may quote a value of it; no "
    "data, no request as a whole, and nothing of the address that it answers to"
)

_EXECUTED: Final = (
    "an execution holds names, ids and times of a job, its stack and the conditions that wait for it, and how a look "
    "failed; no data and no request"
)

_RUN: Final = (
    "an execution holds why something runs, as the event says it, and where the document lies; no data and no request"
)

_TWICE: Final = "it has been called for this stack already: give all options at once"
_OTHERS: Final = (
    "its options are those of configure_all: for others of its own use AutoMLProvider.configure_all(stack, ...) before "
    "its first job"
)

_TAGGED: Final = (contract.RESOURCE_TYPE, contract.MODEL_TYPE, contract.TRANSFORM_TYPE, contract.RETRAINING_TYPE)
"""What gets tags of its owner."""

_SHARED_ROLES: Final = 1700
_SHARED_RESULTS: Final = 700
_SHARED_WATCHED: Final = 300
"""Characters of the function's first policy that are kept for roles, for results and for jobs made elsewhere."""


class AutoMLProvider(Construct):
    """Creates, tags, replaces and stops the jobs of its stack.

    Made by the first job of a stack and shared by all of them; use `of` to get at it.

    Example:
        ```python
        AutoMLProvider.of(stack).configure(poll_interval=Duration.minutes(5), vpc=vpc)
        ```

    See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources-lambda.html
    """

    __signature__ = ConstructorSignature()

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self._stack = stack_of(self)
        self._stack_part = StackPart(self._stack)
        self._keys: set[tuple[str, str]] = set()

        log = l1.create(Kind.LOG_GROUP, self, "Log", {"RetentionInDays": LOG_RETENTION_DAYS})
        log.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
        acknowledge_late(log, lambda: self._options.log_reasons(_LOGGED))
        self._role = new_role(
            self,
            service=permissions.LAMBDA_PRINCIPAL,
            description="Creates and stops the Autopilot jobs of its stack",
        )
        self._policies = 0
        self._policy = self._new_policy(
            "Permissions",
            permissions.provider_function(
                self._stack,
                generated_names=self._generated_names,
                log_group_arn=log.get_att("Arn").to_string(),
            ),
        )
        self._owned: list[cdk.CfnResource] = []
        self._own: list[tuple[iam.ManagedPolicy, Callable[[cdk.Stack, str], Permission]]] = [
            (self._policy, permissions.own_jobs)
        ]
        """The policies that hold what is the stack's own by its tags, and what they allow."""

        follow(self._stack, self._role, self._policy)
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
        self._one_click = _Shelf(self, "CleanUp", besides=permissions.one_click_parts(self._stack))
        self._models: iam.ManagedPolicy | None = None
        self._transforms: iam.ManagedPolicy | None = None
        self._log = log
        self._function = self._new_function(log)
        self.node.default_child = self._function
        show_function(self, self._function, self._role, log)
        self._options = _NONE
        self._made_waiter: Waiter | None = None
        self._made_retrainer: Retrainer | None = None
        self._telling: Permission | None = None
        self._rules: list[events.Rule] = []
        self._sees_outcomes = False
        self._service_token: Final = self._function.get_att("Arn").to_string()
        """The function's ARN, which every job names."""
        _PROVIDERS.append(self)
        if (chosen := _chosen_for(self._stack)) is not None:
            raise_if_any(self._unfit(chosen), f"AutoMLProvider.configure_all in '{self._stack.node.path}'")
            self._configure(chosen)

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

    # What it is made of

    @property
    def role(self) -> iam.IRole:
        """The role that the function runs as. What the function needs, it has."""
        return self._role

    @property
    def function(self) -> lambda_.IFunction:
        """The function, e.g. for an alarm of its errors. Asking for it imports `aws_lambda`."""
        from aws_cdk import aws_lambda as lambda_

        found = self.node.try_find_child("FunctionReference") or lambda_.Function.from_function_attributes(
            self, "FunctionReference", function_arn=self._service_token, role=self._role, same_environment=True
        )
        return cast("lambda_.IFunction", found)

    @property
    def log_group(self) -> logs.ILogGroup:
        """The log of the function, e.g. for a subscription. Asking for it imports `aws_logs`."""
        from aws_cdk import aws_logs as logs

        found = self.node.try_find_child("LogReference") or logs.LogGroup.from_log_group_arn(
            self, "LogReference", self._log.get_att("Arn").to_string()
        )
        return cast("logs.ILogGroup", found)

    @property
    def state_machine(self) -> sfn.IStateMachine:
        """The state machine that follows jobs to their end; made when it is first asked for, by whomever.

        Asking for it imports `aws_stepfunctions`.
        """
        from aws_cdk import aws_stepfunctions as sfn

        found = self.node.try_find_child("StateMachineReference") or sfn.StateMachine.from_state_machine_arn(
            self, "StateMachineReference", self._waiter.arn
        )
        return cast("sfn.IStateMachine", found)

    def _custom_resource(
        self, scope: Construct, construct_id: str, resource_type: str, properties: Mapping[str, Any]
    ) -> cdk.CfnResource:
        """A resource that the function serves."""
        served = {"ServiceToken": self._service_token, "ServiceTimeout": contract.SERVICE_TIMEOUT, **properties}
        resource = cdk.CfnResource(scope, construct_id, type=resource_type, properties=served)
        if resource_type in _TAGGED:
            self._owned.append(resource)
            self._mark(resource)
        return resource

    @property
    def _owner_prefix(self) -> str:
        """What the keys of the tags begin with that say whose a job, a model or a transform job is."""
        return self._options.owner_tag_prefix or contract.OWNER_PREFIX

    def _mark(self, resource: cdk.CfnResource) -> None:
        """Have the function write the owner's tags with the prefix that was asked for."""
        if self._options.owner_tag_prefix is not None:
            resource.add_property_override(Property.OWNER_TAG_PREFIX, self._options.owner_tag_prefix)

    def _know_own(self, policy: iam.ManagedPolicy, own: Callable[[cdk.Stack, str], Permission]) -> None:
        """Have the function know what is the stack's own by its tags under that prefix too."""
        self._own.append((policy, own))
        self._allow_own(policy, own)

    def _allow_own(self, policy: iam.ManagedPolicy, own: Callable[[cdk.Stack, str], Permission]) -> None:
        if self._owner_prefix != contract.OWNER_PREFIX:
            add_permissions(policy, [own(self._stack, contract.OwnerTag.STACK.under(self._owner_prefix))])

    def _name_prefix(self, construct_id: str) -> dict[str, list[str]]:
        """The beginning of a generated job name: readable, and the stack's own."""
        room = contract.NAME_LENGTH - contract.HASH_LENGTH - len("-")
        return self._stack_part.begin(lambda taken: f"{slug(construct_id, min(_JOB_SLUG, room - taken), 'job')}-")

    def _serve(self, *, role_arn: str, job_name: str | None) -> list[IDependable]:
        """Allow the function what it does for one more job; returns what the job has to wait for.

        Args:
            role_arn: The role that the job runs as.
            job_name: The job's name if the caller chose it.
        """
        needed: list[IDependable] = [self._policy, self._roles.put(role_arn, permissions.pass_role([role_arn]))]
        if job_name is not None:
            needed.append(self._names.put(job_name, permissions.provider_named_job(self._stack, job_name)))
        return needed

    def _clean_up(self, endpoint_name: str | None) -> list[IDependable]:
        """Allow the function to delete a one-click endpoint; returns what the endpoint's job has to wait for.

        Args:
            endpoint_name: The endpoint's name if the caller chose it.
        """
        permission = permissions.one_click_endpoint(self._stack, endpoint_name)
        return [self._one_click.put("/".join(permission.resources), permission)]

    def _new_policy(
        self, construct_id: str, allowed: Sequence[Permission], *, scope: Construct | None = None
    ) -> iam.ManagedPolicy:
        """A further policy of the function's role; there is a warning where the role gets more than it surely takes."""
        self._policies += 1
        if self._policies == _POLICIES_OF_A_ROLE + 1:
            warn(self, {"policies": _MANY_POLICIES})
        return managed_policy(scope or self, construct_id, allowed, self._role)

    @cached_property
    def _generated_names(self) -> str:
        """The pattern of all job names that this stack generates; ``?`` stands for one character, as in IAM."""
        return self._names_of(contract.NAME_LENGTH)

    @property
    def _former_names(self) -> str:
        """The same before names could be of a launch."""
        known = self._stack_part.known
        return known + "?" * (contract.NAME_LENGTH - len(known))

    def _names_of(self, length: int) -> str:
        return self._stack_part.text(lambda taken: "?" * (length - taken), length=length)

    # Following jobs to their end

    @property
    def _waiter(self) -> Waiter:
        """What follows jobs to their end; made when it is first asked for."""
        if self._made_waiter is None:
            machine = permissions.states_arn(self._stack, state_machine_name(self._stack))
            add_permissions(self._policy, permissions.provider_waiting(self._stack, state_machine_arn=machine))
            self._tell()
            self._made_waiter = Waiter(self, "Waiter", function_arn=self._service_token)
            self._look_after(self._made_waiter, _EXECUTED)
        return self._made_waiter

    def _look_after(self, machine: Waiter, logged: str) -> None:
        acknowledge_late(machine.log, lambda: self._options.log_reasons(logged))
        acknowledge_late(machine.resource, lambda: self._options.waiter_reasons())
        self._options.apply_to_waiter(machine)

    # Training again

    @property
    def _retrainer(self) -> Retrainer:
        """What starts runs of retrainings; made when it is first asked for."""
        if self._made_retrainer is None:
            self._tell()
            self._made_retrainer = Retrainer(self, "Retraining", function_arn=self._service_token)
            self._look_after(self._made_retrainer.machine, _RUN)
        return self._made_retrainer

    @property
    def _poll_seconds(self) -> int:
        """How long after a look at a job comes the next."""
        chosen = self._options.poll_interval
        return POLL_SECONDS if chosen is None else int(seconds_of(chosen))

    def _retrain(
        self, scope: Construct, allowed: Sequence[Permission], key: Key | None, topic: sns.ITopic | None
    ) -> tuple[iam.ManagedPolicy, list[IDependable]]:
        """Allow the function what one retraining takes, in a policy that goes after it; and what that has to wait for.

        Args:
            scope: The retraining.
            allowed: What it takes.
            key: The KMS key of its document.
            topic: What hears of failed runs.
        """
        policy = self._new_policy("Permissions", allowed, scope=scope)
        needed: list[IDependable] = [self._policy, policy]
        if key is not None:
            needed += self._use_key(key, permissions.KEEP_DOCUMENT)
        if topic is not None and is_to_be_opened(topic, self._stack):
            needed.append(open_to(topic, self._role, self._stack, permissions.publish(topic.topic_arn)))
        if (of_topic := getattr(topic, "master_key", None)) is not None:
            needed += self._use_key(of_topic, permissions.PUBLISH_ENCRYPTED)
        return policy, needed

    def _evaluate(self, bucket: Owned, key: Key | None, reading: Permission, *, role_arn: str) -> list[IDependable]:
        """Allow the function to have models answer what it reads in a bucket; returns what that has to wait for.

        Args:
            bucket: The bucket.
            key: Its KMS key, if it has one.
            reading: What it reads there.
            role_arn: The role that the models run as.
        """
        needed = [*self._make_models(role_arn=role_arn), *self._run_transforms()]
        if is_to_be_opened(bucket.resource, self._stack):
            needed.append(open_to(bucket.resource, self._role, self._stack, reading))
        if key is not None:
            needed += self._use_key(key, permissions.DECRYPT)
        return needed

    def _use_key(self, key: Key, actions: Sequence[str]) -> list[IDependable]:
        """Allow the function these actions with a key; returns what whoever needs them has to wait for."""
        name = key.key_arn  # jsii hands out an imported key as another object each time
        new = [action for action in actions if (name, action) not in self._keys]
        self._keys |= {(name, action) for action in new}
        return grant_key_to_own_role(key, self._policy, self._role, self._stack, *new) if new else []

    @property
    def event_bus(self) -> events.IEventBus | None:
        """The bus that hears of jobs; None: the account's default one."""
        return self._options.event_bus

    @property
    def _event_bus_arn(self) -> str:
        """The ARN of the bus that hears of jobs, once that is known: an aspect may still name one."""
        return cdk.Lazy.uncached_string(_BusArn(self))

    def _tell(self) -> None:
        """Let the function put events on the bus; once, whoever asks first."""
        if self._telling is None:
            self._telling = permissions.put_events(self._event_bus_arn)
            add_permissions(self._policy, [self._telling])
            self._open_bus(self._telling)

    def _open_bus(self, telling: Permission) -> None:
        """Let the function put events on a bus of another account of the app."""
        if self.event_bus is not None and is_to_be_opened(self.event_bus, self._stack):
            open_to(self.event_bus, self._role, self._stack, telling, sid=f"Autopilot-{self._stack_part.known}puts")

    def _far_bus(self, options: Options) -> str:
        """Why no rule of this stack can listen to the bus, as the end of a sentence; empty where it can."""
        bus: Any = options.event_bus
        here, there = account_of(self._stack), account_of(bus)
        if not here or there in ("", here):
            return ""
        return (
            f"'event_bus' is in the account {there}, and this stack in {here}: rules live in the account of their bus. "
            "Define an events.Rule in a stack there; docs/waiting.md has the pattern"
        )

    def _check_listening(self, what: str) -> None:
        """Refuse a rule of this stack that could not hear anything."""
        if far := self._far_bus(self._options):
            raise_if_any([far], what)

    def _listen(self, rule: events.Rule) -> None:
        """Have a rule listen to the bus."""
        self._rules.append(rule)
        if self.event_bus is not None:
            self._move(rule, self.event_bus)

    def _move(self, rule: events.Rule, bus: events.IEventBus) -> None:
        l1.change(cast("cdk.CfnResource", rule.node.default_child), EventBusName=bus.event_bus_name)

    def _watch_job(self, job_arn: str) -> list[IDependable]:
        """Allow the function to look at a job that this stack did not make; returns what its watch has to wait for."""
        return [self._policy, self._watched.put(job_arn, permissions.watched_job(job_arn))]

    def _judge(self, *, result: tuple[Owned, str] | None, key: Key | None, stops: str | None) -> list[IDependable]:
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
        if key is not None:
            needed += self._use_key(key, permissions.ENCRYPT_RESULT)
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

    def _hosted_prefix(self, construct_id: str) -> dict[str, list[str]]:
        """The beginning of the name of a model or a transform job: readable, and the stack's own."""
        return self._stack_part.begin(partial(_hosted_slug, construct_id))

    def _hosted_name(self, construct_id: str, digest: str) -> str:
        """The name of an endpoint: the same, and all but the end of a digest.

        Args:
            construct_id: The construct's id.
            digest: What makes the name one of a kind, in the stack.
        """
        length = contract.HOSTED_NAME_LENGTH

        def rest(taken: int) -> str:
            return (_hosted_slug(construct_id, taken) + digest)[: length - taken]

        return self._stack_part.text(rest, length=length)

    @cached_property
    def _hosted_names(self) -> str:
        """The pattern of all such names; ``?`` stands for one character, as in IAM."""
        return self._names_of(contract.HOSTED_NAME_LENGTH)

    def _make_models(self, *, role_arn: str) -> list[IDependable]:
        """Allow the function to make models that run as a role; returns what they have to wait for."""
        if self._models is None:
            allowed = permissions.provider_models(self._stack, generated_names=self._hosted_names)
            self._models = self._new_policy("Models", allowed)
            self._know_own(self._models, permissions.own_models)
        return [self._policy, self._models, self._roles.put(role_arn, permissions.pass_role([role_arn]))]

    def _look_at_endpoint(self, endpoint_name: str) -> list[IDependable]:
        """Allow the function to look at an endpoint whose name the caller chose."""
        return [self._endpoints.put(endpoint_name, permissions.provider_endpoint(self._stack, endpoint_name))]

    def _run_transforms(self) -> list[IDependable]:
        """Allow the function to run transform jobs; returns what they have to wait for."""
        if self._transforms is None:
            allowed = permissions.provider_transforms(self._stack, generated_names=self._hosted_names)
            self._transforms = self._new_policy("Transforms", allowed)
            self._know_own(self._transforms, permissions.own_transforms)
        return [self._policy, self._transforms]

    def _register_in(self, group_name: str, *, reports: tuple[Owned, str] | None) -> list[IDependable]:
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

    @spelled_out(ProviderOptions)
    def configure(self, **options: Unpack[ProviderOptions]) -> AutoMLProvider:
        """Set how this stack's function and state machine run, once per stack.

        What is said of the function holds for CDK's function that copies folders (`Channel.from_asset`) too, but for
        `architecture` and `runtime`.

        Returns:
            This provider.

        Raises:
            ValueError: with everything that is wrong, also that it was called before.

        See https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
        """
        chosen = Options.of(options)
        raise_if_any(self._unfit(chosen), f"AutoMLProvider.configure in '{self._stack.node.path}'")
        self._configure(chosen)
        return self

    @classmethod
    @spelled_out(ProviderOptions)
    def configure_all(cls, scope: Construct, **options: Unpack[ProviderOptions]) -> None:
        """Set how the functions and state machines of all stacks in an app or a stage run, nested stacks too.

        It counts for stacks that are there and for those that come. Of several scopes that hold a stack, the nearest
        counts, as a whole: for a stack of its own kind call it with that stack, before its first job. An aspect may
        call it too, with a stack that it visits: `of` would make a function in stacks that have no job.

        Args:
            scope: The app, a stage, or a stack.

        Raises:
            ValueError: with everything that is wrong, also that it was called for this scope before.
        """
        if not has(scope, "node"):
            raise ValueError(f"AutoMLProvider.configure_all: 'scope' must be a construct, got {described(scope)}")
        chosen = Options.of(options)
        wrong = chosen.problems()
        if scope in _CHOSEN:
            wrong.append(_TWICE.replace("stack", "scope"))
        what = f"AutoMLProvider.configure_all in '{scope.node.path or 'App'}'"
        raise_if_any(wrong, what)
        reached = [each for each in _PROVIDERS if _is_nearest(scope, each.stack)]
        wrong = [f"'{each.stack.node.path}': {text}" for each in reached for text in each._unfit(chosen)]  # noqa: SLF001
        raise_if_any(wrong, what)
        _CHOSEN[scope] = chosen
        for provider in reached:
            provider._configure(chosen)  # noqa: SLF001 - of this class

    def _unfit(self, options: Options) -> list[str]:
        """Why the stack cannot run so."""
        wrong = options.problems()
        wrong += [] if wrong else options.places(self._stack).errors
        if self._options is not _NONE:
            wrong.append(_TWICE if self._options is not _chosen_for(self._stack) else _OTHERS)
        if not wrong and self._rules and (far := self._far_bus(options)):
            wrong.append(f"{far}; '{self._rules[0].node.path}' is a rule of this stack")
        return wrong

    def _configure(self, options: Options) -> None:
        self._options = options
        warn(self, options.warnings() | options.places(self._stack).warnings)
        options.apply_to_code(self._function)
        options.apply_to_function(
            Companion(construct=self, function=self._function, log=self._log, policy=self._policy, role=self._role)
        )
        for resource in self._owned:
            self._mark(resource)
        for policy, own in self._own:
            self._allow_own(policy, own)
        Companions.of(self._stack).configure(options)
        if self._made_waiter is not None:
            options.apply_to_waiter(self._made_waiter)
        if self._made_retrainer is not None:
            options.apply_to_waiter(self._made_retrainer.machine)
        if self._telling is not None:
            self._open_bus(self._telling)
        if options.event_bus is not None:
            for rule in self._rules:
                self._move(rule, options.event_bus)

    def _new_function(self, log: cdk.CfnResource) -> cdk.CfnResource:
        library = Path(contract.__file__).parents[1]
        folder = library / "runtime"
        code = assets.Asset(
            self,
            "Code",
            path=str(packed(folder, stays=bool(self.node.try_get_context(_NO_STAGING)))),
            asset_hash=folder_digest(library, folder.glob("*.py")),
        )
        function = l1.create(
            Kind.FUNCTION,
            self,
            "Function",
            {
                "Description": "Creates, tags and stops Amazon SageMaker Autopilot jobs (cdk-sagemaker-autopilot)",
                "Runtime": RUNTIMES[0],
                "Architectures": ["arm64"],
                "Handler": HANDLER,
                "Code": {"S3Bucket": code.s3_bucket_name, "S3Key": code.s3_object_key},
                "Role": self._role.role_arn,
                "MemorySize": MEMORY_MIB,
                "Timeout": _FUNCTION_TIMEOUT,
                "LoggingConfig": {"LogGroup": log.ref, "LogFormat": "JSON"},
                "Environment": {"Variables": {contract.STACK_VARIABLE: self._stack.stack_id}},
            },
        )
        acknowledge_late(function, lambda: self._options.function_reasons())
        # On removal too: a function whose permissions went first could not stop anything.
        function.node.add_dependency(self._policy)
        return function


_NONE: Final = Options()
"""What counts where nobody has said anything."""

_CHOSEN: Final[dict[Construct, Options]] = {}
"""What was chosen for all stacks in a scope."""

_PROVIDERS: Final[list[AutoMLProvider]] = []


def _is_nearest(scope: Construct, stack: cdk.Stack) -> bool:
    """Whether a scope holds a stack, and none for which something was chosen lies in between."""
    return next((each for each in reversed(stack.node.scopes) if each is scope or each in _CHOSEN), None) is scope


def _chosen_for(stack: cdk.Stack) -> Options | None:
    """What was chosen for the nearest scope that holds a stack, if anything was for any."""
    if not _CHOSEN:
        return None
    return next((_CHOSEN[scope] for scope in reversed(stack.node.scopes) if scope in _CHOSEN), None)


@jsii.implements(cdk.IStringProducer)
class _BusArn:
    """The ARN of the bus that a stack's events go to, when the template is written."""

    def __init__(self, provider: AutoMLProvider) -> None:
        self._provider = provider

    def produce(self, context: cdk.IResolveContext) -> str:
        """The ARN."""
        bus, stack = self._provider.event_bus, self._provider.stack
        arn = permissions.default_event_bus_arn(stack) if bus is None else bus.event_bus_arn
        return reported(stack, arn) if is_report(scope_of(context)) else arn


@cache
def _provider_around(scope: Construct) -> AutoMLProvider:
    """Ask for the stack of a scope once: jobs share scopes, and it is a call to jsii."""
    return _provider_of(stack_of(scope))


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
            self._policies.append(self._provider._new_policy(policy_id, besides))
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
        resource = cast("cdk.CfnResource | None", policy.node.default_child)
        if resource is None:  # `iam.Role.customize_roles`: none is made
            return
        stack = self._provider.stack
        listed = sorted(json.dumps(stack.resolve(thing)) for thing, place in self._place_of.items() if place is policy)
        digest = hashlib.sha256("".join(listed).encode()).hexdigest()[:_LISTED_HASH]
        resource.override_logical_id(f"{stack.get_logical_id(resource)}{digest}")


def _length(resource: str) -> int:
    """Characters of a resource in a policy, at the most that its tokens surely become."""
    resource = at_its_longest(resource)
    begins = TEXT_TOKEN.match(resource)
    text = "x" * _ARN_LENGTH + resource[begins.end() :] if begins else resource
    return len(TEXT_TOKEN.sub("x" * _PART_LENGTH, text)) + len('"",')


def _hosted_slug(construct_id: str, taken: int) -> str:
    room = contract.HOSTED_NAME_LENGTH - contract.HASH_LENGTH - len("-")
    return f"{slug(construct_id, min(_HOSTED_SLUG, room - taken), 'model')}-"
