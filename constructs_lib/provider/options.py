"""How a stack's function and state machine run: what `AutoMLProvider.configure` takes, and what becomes of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from .. import l1
from ..access import permissions
from ..access.grants import add_permissions, compliance, grant_key_to_own_role
from ..access.keys import check_key
from ..access.opening import is_to_be_opened, open_to
from ..access.places import EVENT_BUS, FUNCTIONS_KEY, LOG_KEY, apart, used_network
from ..access.security import OPEN_EGRESS, Subnets, check_groups, check_selection, select, selection_of
from ..api.fields import described, has, listed, number, seconds_of, value_problems
from ..naming import deployed_path, plain
from ..releases import NEWEST_RUNTIME, acknowledge
from ..runtime.contract import STACK_VARIABLE, OwnerTag
from ..tokens import is_token, is_whole, known_seconds
from .logs import keep, retention_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_events as events
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_stepfunctions as sfn

    from ..access.companions import Companion
    from ..access.places import Used
    from ..api.rulebook import Findings
    from .waiter import Waiter

RUNTIMES: Final = ("python3.14", "python3.13", "python3.12")
"""What the function runs on; the first where nobody says otherwise."""

_ARCHITECTURES: Final = ("arm64", "x86_64")

_SHORTEST_POLL: Final = 20
_LONGEST_POLL: Final = 300


class ProviderOptions(TypedDict, total=False):
    """How a stack's function and state machine run."""

    poll_interval: cdk.Duration | None
    """How long after a look at a job comes the next, while somebody waits or listens: whole seconds from 20 seconds
    to 5 minutes. Default: a minute; a twelve-hour wait costs about 0.06 USD."""

    event_bus: events.IEventBus | None
    """Where the events about jobs go, and where the rules of `on_finished` and its kin listen. A bus of another account
    of the app lets the function in; one from elsewhere must do so already. Rules live in the account of their bus, so
    on that of another one `on_finished` and its kin are refused (docs/waiting.md). Default: the account's default
    bus."""

    log_retention: cdk.Duration | None
    """How long the logs of both are kept: a number of days that CloudWatch Logs knows (1, 3, 5, 7, 14, 30, 60, 90,
    120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653). Default: 365 days."""

    log_encryption_key: kms.IKey | None
    """The KMS key of both logs; CloudWatch Logs is allowed to use it. A key from elsewhere must allow that already.
    Default: CloudWatch Logs' own encryption."""

    state_machine_log_level: sfn.LogLevel | None
    """What Step Functions logs of each execution. Default: `LogLevel.ALL`."""

    tracing: bool | None
    """Trace both with X-Ray. Default: not traced."""

    vpc: ec2.IVpc | None
    """The VPC of the function. It must reach SageMaker, CloudFormation, CloudWatch Logs, S3 (CloudFormation's own
    buckets too), and Step Functions and EventBridge where jobs are followed. Default: no VPC."""

    vpc_subnets: ec2.SubnetSelection | Mapping[str, Any] | None
    """Which of its subnets. Default: the private ones. Public ones are refused: Lambda functions reach nothing from
    there."""

    security_groups: Sequence[ec2.ISecurityGroup] | None
    """The security groups of the function. Default: a new one that allows all outbound traffic."""

    permissions_boundary: iam.IManagedPolicy | None
    """The boundary of the roles of both. Jobs' own roles are not touched: for all roles of a stack use
    `iam.PermissionsBoundary.of(stack)`. Default: none."""

    reserved_concurrent_executions: int | None
    """How many calls of the function run at once at most, at least 1; they are taken from what the account has.
    Default: no reservation."""

    dead_letter_topic: sns.ITopic | None
    """Where Lambda sends an event that it could not have served. Such an event holds CloudFormation's pre-signed
    address for the answer, so encrypt the topic. Default: none; CloudFormation itself reports a call that went
    unanswered."""

    architecture: lambda_.Architecture | None
    """The function's processor, `lambda_.Architecture.ARM_64` or `X86_64`. Default: ARM_64."""

    runtime: lambda_.Runtime | None
    """The function's Python, for a region that has not got the newest: `lambda_.Runtime.PYTHON_3_12`, `PYTHON_3_13`
    or `PYTHON_3_14`. Default: the newest of them."""

    environment: Mapping[str, str] | None
    """Further environment variables of the function, such as `HTTPS_PROXY`, `NO_PROXY`, `AWS_USE_FIPS_ENDPOINT` or
    `AWS_CA_BUNDLE`, which its calls of AWS follow; the answers to CloudFormation go through the proxy too. All of them
    hold up to 4 KB. They stand in the template, so nothing secret. Default: none but the library's own.
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""

    owner_tag_prefix: str | None
    """What the keys of the tags begin with by which the function knows the stack's own jobs, models and transform
    jobs: 1 to 118 letters, digits and `_.:/=+@-`. For accounts that allow listed tag keys alone (`aws:TagKeys`):
    after it come `stack-id`, `logical-id`, `spec`, `request-id`, `replaces` and `released`. Another prefix in a
    deployed stack is written beside the one before, in a deployment that changes no job, model, transform job or name;
    else the function refuses the update. Default: `sagemaker-autopilot:`."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What was asked for; None: the default."""

    poll_interval: cdk.Duration | None = None
    event_bus: events.IEventBus | None = None
    log_retention: cdk.Duration | None = None
    log_encryption_key: kms.IKey | None = None
    state_machine_log_level: sfn.LogLevel | None = None
    tracing: bool | None = None
    vpc: ec2.IVpc | None = None
    vpc_subnets: ec2.SubnetSelection | None = None
    security_groups: Sequence[ec2.ISecurityGroup] | None = None
    permissions_boundary: iam.IManagedPolicy | None = None
    reserved_concurrent_executions: int | None = None
    dead_letter_topic: sns.ITopic | None = None
    architecture: lambda_.Architecture | None = None
    runtime: lambda_.Runtime | None = None
    environment: Mapping[str, str] | None = None
    owner_tag_prefix: str | None = None

    @classmethod
    def of(cls, options: ProviderOptions) -> Options:
        """What somebody asked for."""
        return cls(**{**options, "vpc_subnets": selection_of(options.get("vpc_subnets"))})

    def problems(self) -> list[str]:
        """What is wrong, in the caller's words."""
        found = [
            f"'{prop}' must be {kind}, got {described(value)}"
            for prop, attribute, kind in _INTERFACES
            if (value := getattr(self, prop)) is not None and not has(value, attribute)
        ]
        found += retention_problems(self.log_retention)
        found += check_key("log_encryption_key", self.log_encryption_key)
        found += check_selection(self.vpc_subnets)
        found += [] if self.vpc is None else check_groups(self.security_groups)
        level = self.state_machine_log_level
        if level is not None and getattr(type(level), "__jsii_type__", None) != _LOG_LEVEL:
            found.append(f"'state_machine_log_level' must be an sfn.LogLevel, got {described(level)}")
        if self.architecture is not None and getattr(self.architecture, "name", None) not in _ARCHITECTURES:
            found.append(
                "'architecture' must be lambda_.Architecture.ARM_64 or X86_64, got "
                f"{described(getattr(self.architecture, 'name', self.architecture))}"
            )
        if self.runtime is not None and getattr(self.runtime, "name", None) not in RUNTIMES:
            found.append(
                f"'runtime' must be a lambda_.Runtime that the function runs on ({listed(RUNTIMES)}), got "
                f"{described(getattr(self.runtime, 'name', self.runtime))}"
            )
        if self.environment is not None:
            found += environment_problems(self.environment)
        if self.owner_tag_prefix is not None:
            found += owner_prefix_problems(self.owner_tag_prefix)
        if self.tracing is not None and not isinstance(self.tracing, bool):
            found.append(f"'tracing' must be true or false, got {described(self.tracing)}")
        if found:
            return found
        found += self._number_problems()
        return found or list(self._network_problems())

    def places(self, stack: cdk.Stack) -> Findings:
        """What lies elsewhere than the stack, for options that are sound."""
        return apart(stack, self._used())

    def _used(self) -> Iterator[Used]:
        yield "'event_bus'", self.event_bus, EVENT_BUS
        yield "'log_encryption_key'", self.log_encryption_key, LOG_KEY
        yield from used_network(self.vpc, self.vpc_subnets, self.security_groups)
        yield "the key of 'dead_letter_topic'", getattr(self.dead_letter_topic, "master_key", None), FUNCTIONS_KEY

    def _number_problems(self) -> Iterator[str]:
        if self.poll_interval is not None and self.poll_interval.is_unresolved():
            yield "'poll_interval' must be known when the app is synthesized, so it cannot be a token"
        if (seconds := known_seconds(self.poll_interval)) is not None and not (
            _SHORTEST_POLL <= seconds <= _LONGEST_POLL and seconds == int(seconds)
        ):
            yield (
                f"'poll_interval' must be whole seconds from {_SHORTEST_POLL} to {_LONGEST_POLL}, got "
                f"{number(seconds)}: each look takes nine of the 25,000 events that an execution may have"
            )
        reserved, prop = self.reserved_concurrent_executions, "reserved_concurrent_executions"
        wrong = value_problems(reserved, int | None, is_token=is_token, path=prop)
        if reserved is not None and not is_token(reserved) and (not is_whole(reserved) or reserved < 1):
            yield (
                f"'{prop}' must be a whole number of at least 1, got {described(reserved)}: with none the function "
                "could never be called"
            )
        else:
            yield from wrong

    def _network_problems(self) -> Iterator[str]:
        if self.vpc is None:
            yield from (
                f"'{prop}' needs 'vpc'"
                for prop in ("vpc_subnets", "security_groups")
                if getattr(self, prop) is not None
            )
            return
        try:
            selected = self._selected()
        except RuntimeError as error:
            yield f"'vpc_subnets' cannot be selected from 'vpc': {str(error).splitlines()[0]}"
            return
        if selected.public:
            yield "'vpc_subnets' must not be public: a Lambda function reaches nothing from a public subnet"

    def _selected(self) -> Subnets:
        return select(self.vpc, self.vpc_subnets)

    def warnings(self) -> dict[str, str]:
        """What surely is a mistake although it may pass."""
        topic = self.dead_letter_topic
        # A topic from elsewhere may well be encrypted: nobody knows here.
        if topic is None or topic.node.default_child is None or getattr(topic, "master_key", None) is not None:
            return {}
        return {
            "dead_letters": "'dead_letter_topic' has no 'master_key': the events that go there hold CloudFormation's "
            "pre-signed address for the answer, so encrypt it"
        }

    def apply_to_code(self, function: cdk.CfnResource) -> None:
        """Change what the library's own code runs on."""
        if self.architecture is not None:
            l1.change(function, Architectures=[self.architecture.name])
        if self.runtime is not None:
            l1.change(function, Runtime=self.runtime.name)

    def apply_to_function(self, companion: Companion) -> None:
        """Change a function, its log and its permissions."""
        function, policy, stack = companion.function, companion.policy, cdk.Stack.of(companion.construct)
        self._apply_to_log(companion.log)
        if self.permissions_boundary is not None:
            iam.PermissionsBoundary.of(companion.construct).apply(self.permissions_boundary)
        for name, value in (self.environment or {}).items():
            function.add_property_override(f"Environment.Variables.{name}", value)
        if self.tracing:
            l1.change(function, TracingConfig={"Mode": "Active"})
            add_permissions(policy, permissions.traces())
        if self.reserved_concurrent_executions is not None:
            l1.change(function, ReservedConcurrentExecutions=self.reserved_concurrent_executions)
        if self.dead_letter_topic is not None:
            l1.change(function, DeadLetterConfig={"TargetArn": self.dead_letter_topic.topic_arn})
            publish = permissions.publish(self.dead_letter_topic.topic_arn)
            add_permissions(policy, [publish])
            needed = []
            if is_to_be_opened(self.dead_letter_topic, stack):
                needed.append(open_to(self.dead_letter_topic, companion.role, stack, publish))
            if (key := getattr(self.dead_letter_topic, "master_key", None)) is not None:
                needed += grant_key_to_own_role(key, policy, companion.role, stack, *permissions.PUBLISH_ENCRYPTED)
            function.node.add_dependency(*needed)
        if self.vpc is not None:
            self._apply_network(companion, self.vpc)

    def _apply_network(self, companion: Companion, vpc: ec2.IVpc) -> None:
        from aws_cdk import aws_ec2 as ec2

        groups = self.security_groups
        if not groups:
            description = plain(f"The function of {deployed_path(companion.construct)}")
            groups = [ec2.SecurityGroup(companion.construct, "SecurityGroup", vpc=vpc, description=description)]
            acknowledge(groups[0], OPEN_EGRESS)
        selected = self._selected()
        l1.change(
            companion.function,
            VpcConfig={
                "SubnetIds": list(selected.ids),
                "SecurityGroupIds": [group.security_group_id for group in groups],
            },
        )
        companion.function.node.add_dependency(*selected.dependencies)
        add_permissions(companion.policy, permissions.function_in_vpc(cdk.Stack.of(companion.construct)))

    def apply_to_waiter(self, waiter: Waiter) -> None:
        """Change the state machine, its log and its permissions."""
        self._apply_to_log(waiter.log)
        if self.poll_interval is not None:
            waiter.look_every(int(seconds_of(self.poll_interval)))
        if self.state_machine_log_level is not None:
            waiter.log_at(self.state_machine_log_level.value)
        if self.tracing:
            l1.change(waiter.resource, TracingConfiguration={"Enabled": True})
            add_permissions(waiter.policy, permissions.traces())

    def waiter_reasons(self) -> dict[str, str]:
        """Why findings on the state machine stand."""
        return {} if self.tracing else _UNTRACED

    def function_reasons(self) -> dict[str, str]:
        """Why findings of cdk-nag on the function stand."""
        reasons = {} if self.environment else dict(_NOTHING_SECRET)
        if self.runtime is None:
            reasons |= NEWEST_RUNTIME
        if self.reserved_concurrent_executions is None:
            reasons |= _UNRESERVED
        if self.dead_letter_topic is None:
            reasons |= _WITHOUT_DEAD_LETTERS
        if self.vpc is None:
            reasons |= _OUTSIDE_VPC
        if not self.tracing:
            reasons["Serverless-LambdaTracing"] = (
                "called during deployments and waits; each answer and each decision is logged"
            )
        return reasons

    def log_reasons(self, what: str) -> dict[str, str]:
        """Why findings of cdk-nag on a log stand; `what` says what is in it."""
        if self.log_encryption_key is not None:
            return {}
        return dict.fromkeys(compliance("CloudWatchLogGroupEncrypted"), f"encrypted by CloudWatch Logs itself; {what}")

    def _apply_to_log(self, log: cdk.CfnResource) -> None:
        keep(log, self.log_retention, self.log_encryption_key)


def environment_problems(environment: object) -> Iterator[str]:
    """What is wrong with environment variables of the function."""
    prop = "environment"
    if is_token(environment):
        yield (
            f"'{prop}' must be a dict whose names are known when the app is synthesized, got a token; its values may "
            "be tokens"
        )
        return
    wrong = list(value_problems(environment, dict[str, str], is_token=is_token, path=prop))
    yield from wrong
    if wrong or not isinstance(environment, dict):
        return
    for name in environment:
        if is_token(name) or not _VARIABLE.fullmatch(name):
            yield (
                f"'{prop}' must have names of letters, digits and _, at least two, that begin with a letter, got "
                f"{described(name)}"
            )
        elif name in _RESERVED:
            yield f"'{prop}' must not have {described(name)}: Lambda sets it itself"
        elif name == STACK_VARIABLE or name.startswith("AWS_ENDPOINT_URL"):
            yield f"'{prop}' must not have {described(name)}: it says whom the function serves"
    size = sum(len(name.encode()) + len(value.encode()) for name, value in environment.items() if not is_token(value))
    if size > _MOST_VARIABLES:
        yield f"'{prop}' must hold at most {_MOST_VARIABLES} bytes, names and values together, got {size}"


_VARIABLE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
_RESERVED: Final = {
    *("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV"),
    *("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION"),
    *("AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"),
    *("AWS_LAMBDA_RUNTIME_API", "AWS_REGION"),
    *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT"),
}
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime"""

_OWN_VARIABLES: Final = 200
"""What the stack's id takes, with its name."""

_MOST_VARIABLES: Final = 4096 - _OWN_VARIABLES


def owner_prefix_problems(prefix: object) -> Iterator[str]:
    """What is wrong with a prefix for the tags of an owner."""
    prop = "owner_tag_prefix"
    if not isinstance(prefix, str):
        yield f"'{prop}' must be text, got {described(prefix)}"
    elif is_token(prefix):
        yield f"'{prop}' must be known when the app is synthesized, so it cannot be a token: IAM's conditions name it"
    elif not _OWNER_PREFIX.fullmatch(prefix):
        yield f"'{prop}' must be 1 to {_LONGEST_PREFIX} letters, digits and _.:/=+@-, got {described(prefix)}"
    elif prefix.lower().startswith("aws:"):
        yield f"'{prop}' must not begin with 'aws:', which is AWS's own, got {described(prefix)}"


_LONGEST_PREFIX: Final = 128 - max(len(tag.under("")) for tag in OwnerTag)
_OWNER_PREFIX: Final = re.compile(rf"[A-Za-z0-9_.:/=+@-]{{1,{_LONGEST_PREFIX}}}")

_INTERFACES: Final = (
    ("poll_interval", "to_seconds", "a Duration"),
    ("event_bus", "event_bus_arn", "an events.IEventBus"),
    ("vpc", "vpc_id", "an ec2.IVpc"),
    ("permissions_boundary", "managed_policy_arn", "an iam.IManagedPolicy"),
    ("dead_letter_topic", "topic_arn", "an sns.ITopic"),
)
"""Props that take an object: what tells one, and what to call it."""

_LOG_LEVEL: Final = "aws-cdk-lib.aws_stepfunctions.LogLevel"

_NOTHING_SECRET: Final = {"checkov-CKV_AWS_173": "its environment holds the stack's id, nothing that is secret"}
_UNRESERVED: Final = dict.fromkeys(
    compliance("LambdaConcurrency"),
    "nobody but CloudFormation and one state machine is meant to call it; a reservation would take from the account",
)
_WITHOUT_DEAD_LETTERS: Final = dict.fromkeys(
    [*compliance("LambdaDLQ"), "Serverless-LambdaDLQ"],
    "CloudFormation reports a call that went unanswered, and the state machine repeats one that failed; a queue would "
    "keep the address that the answer goes to",
)
_OUTSIDE_VPC: Final = dict.fromkeys(
    compliance("LambdaInsideVPC"),
    "talks over TLS to AWS APIs alone, with IAM, and to the address that CloudFormation has signed for the answer",
)
_UNTRACED: Final = dict.fromkeys(
    ["AwsSolutions-SF2", "Serverless-StepFunctionStateMachineXray"],
    "each look at a job is in the history of its execution; AutoMLProvider.configure(tracing=True) traces it too",
)
