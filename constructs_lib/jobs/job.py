"""`AutoMLJob`: an Amazon SageMaker Autopilot job as a resource of a stack."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypedDict, Unpack, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable, IValidation

from ..access import permissions
from ..access.grants import Grants, check_role, new_role, warn
from ..access.security import RequestedSecurity, Security
from ..api import shapes
from ..api.enums import ChannelType
from ..api.fields import Malformed, Words, described, fields_of, parse, problems, raise_if_any, render, seconds_of
from ..api.migration import v2_request
from ..api.problem_types import Problem, Tabular
from ..api.request import CreateAutoMLJob, CreateAutoMLJobV2, findings
from ..api.rulebook import Findings
from ..data.channels import UNBOUND_URI, Channel, judge_local_data
from ..data.features import FeatureSpecification
from ..data.output import OutputLocation, check_output
from ..interfaces import Connectable
from ..provider.following import Following, let_change
from ..provider.provider import AutoMLProvider
from ..runtime import contract
from ..runtime.contract import ENDED, Attribute, JobMetric, JobStatus, Property
from ..tokens import is_token, plain

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_events as events
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sns as sns

    from ..api.enums import Algorithm, Metric, Mode, ProblemType
    from ..api.problem_types import AnyProblem
    from ..api.shapes import CompletionCriteria, ModelDeployConfig
    from ..data.channels import BoundChannel

_ARN_SEPARATOR: Final = "automl-job/"
_ARN: Final = re.compile(r"arn:[^:]+:sagemaker:[^:]+:\d{12}:automl-job/(.+)")


class MetricOptions(TypedDict, total=False):
    """What a metric of a job takes: the CDK's `cloudwatch.MetricOptions`, as far as they make sense here."""

    statistic: str
    """How values of a period are combined. Default: see the metric."""

    period: cdk.Duration
    """The time that a value stands for. Default: five minutes."""

    label: str
    """What graphs call it. Default: the metric's name."""

    color: str
    """Its color in graphs, `#rrggbb`. Default: CloudWatch chooses."""


class IAutoMLJob(Protocol):
    """A job of this stack, or one made elsewhere."""

    @property
    def job_name(self) -> str:
        """The job's name."""

    @property
    def job_arn(self) -> str:
        """The job's ARN."""

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Allow actions on this job."""

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow to follow the job."""

    def grant_stop(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow to stop the job."""

    def grant_read_artifacts(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow to read what the job wrote."""

    def on_finished(self, target: events.IRuleTarget | sns.ITopic, *, construct_id: str = "OnFinished") -> events.Rule:
        """Send something when the job has ended, however it did."""

    def on_completed(
        self, target: events.IRuleTarget | sns.ITopic, *, construct_id: str = "OnCompleted"
    ) -> events.Rule:
        """Send something when the job has ended well."""

    def on_failed(self, target: events.IRuleTarget | sns.ITopic, *, construct_id: str = "OnFailed") -> events.Rule:
        """Send something when the job has failed."""


class JobBase(cdk.Resource):
    """What jobs of this stack and imported ones share.

    Both kinds say the name and the ARN themselves. They cannot be abstract: jsii's metaclass and ABC's conflict. So
    what they say is declared for type checkers.
    """

    if TYPE_CHECKING:

        @property
        def job_name(self) -> str:
            """The job's name: at most 32 characters, unique in account and region for ever."""

        @property
        def job_arn(self) -> str:
            """The job's ARN."""

    facts: JobFacts
    """What an outcome has to know of the job."""

    _output: OutputLocation | None
    _following: Following | None

    def places_apart(self, stack: cdk.Stack) -> Iterator[tuple[str, str, str]]:
        """What keeps a stack from the job: account or region, where the job is, and where the stack is."""
        for what, of_job, of_stack in (
            ("account", self.env.account, stack.account),
            ("region", self.env.region, stack.region),
        ):
            if not is_token(of_job) and not is_token(of_stack) and of_job != of_stack:
                yield what, of_job, of_stack

    @property
    def following(self) -> Following:
        """What follows the job to its end: its own resource, or a watch where no resource of the app made it."""
        if self._following is None:
            self._following = watch(self, "Watch", self)
        return self._following

    @property
    def output_location(self) -> str:
        """The S3 URI below which the job writes: the artifacts lie at `<output_location>/<job name>/`.

        Raises:
            ValueError: the job was imported without its `output`.
        """
        return self._known_output("output_location").s3_uri

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Allow actions on this job.

        Args:
            grantee: Who may.
            actions: IAM actions whose resource is an AutoML job, e.g. `sagemaker:StopAutoMLJob`.
        """
        return iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[self.job_arn])

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow to follow the job: describe it, list its candidates and its tags.

        Listing candidates has no resource type in IAM, so that one action is granted on ``*``.
        """
        candidates = iam.Grant.add_to_principal(
            grantee=grantee, actions=list(permissions.LIST_CANDIDATES), resource_arns=["*"]
        )
        return self.grant(grantee, *permissions.DESCRIBE_JOB).combine(candidates)

    def grant_stop(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow to stop the job. What it has trained so far stays."""
        return self.grant(grantee, *permissions.STOP_JOB)

    def grant_read_artifacts(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow to read what the job writes, and to decrypt it where its bucket or its output has a key.

        Raises:
            ValueError: the job was imported without its `output`.
        """
        return self._known_output("grant_read_artifacts").grant_read(grantee, self.job_name)

    def on_finished(self, target: events.IRuleTarget | sns.ITopic, *, construct_id: str = "OnFinished") -> events.Rule:
        """Send something when the job has ended, however it did: completed, failed or stopped.

        AWS itself sends no event when an AutoML job ends. The stack's state machine looks at the job once a minute and
        puts an `Autopilot Job State Change` event of the source `cdk-sagemaker-autopilot` on the bus; a change may be
        told twice, and a state that passes between two looks is not told.

        Args:
            target: A rule target of `aws_events_targets`, or an SNS topic.
            construct_id: The id of the rule below the job. Another target under the same id joins the rule.

        See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
        """
        return self._on(construct_id, target, sorted(ENDED), "has ended")

    def on_completed(
        self, target: events.IRuleTarget | sns.ITopic, *, construct_id: str = "OnCompleted"
    ) -> events.Rule:
        """Send something when the job has ended well. For the rest see `on_finished`."""
        return self._on(construct_id, target, [JobStatus.COMPLETED], "has completed")

    def on_failed(self, target: events.IRuleTarget | sns.ITopic, *, construct_id: str = "OnFailed") -> events.Rule:
        """Send something when the job has failed; a job that was stopped has not. For the rest see `on_finished`."""
        return self._on(construct_id, target, [JobStatus.FAILED], "has failed")

    def _on(
        self, construct_id: str, target: events.IRuleTarget | sns.ITopic, statuses: Sequence[str], what: str
    ) -> events.Rule:
        if not (hasattr(target, "bind") or hasattr(target, "topic_arn")):
            raise ValueError(
                f"'target' of '{self.node.path}' must be an events.IRuleTarget or an sns.ITopic, got "
                f"{described(target)}; targets are in aws_cdk.aws_events_targets"
            )
        description = plain(f"The Autopilot job {self.node.path} {what}")
        return self.following.rule(self, construct_id, target, statuses, description)

    def metric_completed(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many jobs of this resource have completed: 1 at the end of each. Statistic by default: sum.

        The function writes the metrics at the end of a job in the embedded metric format, in the namespace
        `SageMakerAutopilot`. Asking for one has the job followed.
        """
        return self.following.metric(JobMetric.COMPLETED, {"statistic": "Sum", **options})

    def metric_failed(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many jobs of this resource have failed: 1 at the end of each. Statistic by default: sum."""
        return self.following.metric(JobMetric.FAILED, {"statistic": "Sum", **options})

    def metric_stopped(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many jobs of this resource were stopped: 1 at the end of each. Statistic by default: sum."""
        return self.following.metric(JobMetric.STOPPED, {"statistic": "Sum", **options})

    def metric_duration(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How long each job ran, in seconds. Statistic by default: average."""
        return self.following.metric(JobMetric.DURATION, {"statistic": "Average", **options})

    def metric_objective_value(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """The objective's value of each job's best candidate. Statistic by default: average."""
        return self.following.metric(JobMetric.OBJECTIVE, {"statistic": "Average", **options})

    def _known_output(self, what: str) -> OutputLocation:
        if self._output is None:
            raise ValueError(
                f"{what} is not known of the imported job '{self.node.path}': give from_job_name or from_job_arn its "
                "'output'"
            )
        return self._output


class _ImportedJob(JobBase):
    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, arn: str | None, output: OutputLocation | None
    ) -> None:
        super().__init__(scope, construct_id, environment_from_arn=arn)
        self._name = name
        self._arn = arn or permissions.job_arn(self.stack, name)
        self._output = output
        self._following = None
        self.facts = JobFacts(spec=name, output=output, folder=name, is_made_elsewhere=True)

    @property
    def job_name(self) -> str:
        return self._name

    @property
    def job_arn(self) -> str:
        return self._arn


@dataclass(frozen=True, kw_only=True)
class JobFacts:
    """What an outcome has to know of a job."""

    spec: object
    """All that, changed, makes another job; it may hold tokens."""

    output: OutputLocation | None
    """Where the job writes, if that is known."""

    folder: str
    """The folder there; ``?`` stands for one character of a name that is not known yet, as in IAM."""

    max_runtime: float | None = None
    """Seconds that the job may run, where a limit is given and known."""

    objective: str | None = None
    """The metric that the job optimizes, where it is given and known."""

    mode: str | None = None
    """How the job trains, where it is given and known."""

    definitions_only: bool = False
    """Whether the job trains nothing, so that there is no best candidate."""

    is_made_elsewhere: bool = False
    """Whether no resource of this app made the job."""


def watch(scope: Construct, construct_id: str, job: IAutoMLJob) -> Following:
    """A resource that follows a job which no resource of the scope's stack made."""
    provider = AutoMLProvider.of(scope)
    resource = provider.custom_resource(scope, construct_id, contract.WATCH_TYPE, {Property.JOB_NAME: job.job_name})
    resource.node.add_dependency(*provider.watch_job(job.job_arn))
    return Following(provider, resource, job)


Request = CreateAutoMLJob | CreateAutoMLJobV2


@dataclass(frozen=True, kw_only=True)
class _Bound:
    """What a request names that exists only once the job's parts are created."""

    training: BoundChannel
    validation: BoundChannel | None
    output_uri: str
    role_arn: str
    security: shapes.SecurityConfig | None
    features_uri: str | None

    def channels(self) -> list[tuple[BoundChannel, ChannelType]]:
        """The channels with what each is for."""
        named = ((self.training, ChannelType.TRAINING), (self.validation, ChannelType.VALIDATION))
        return [(channel, channel_type) for channel, channel_type in named if channel is not None]


@dataclass(frozen=True)
class _NamedRole:
    """A role of which only the ARN is known."""

    role_arn: str


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """A job before it is created: its parts, and how they become a request."""

    training: Channel
    validation: Channel | None
    output: OutputLocation | None
    features: FeatureSpecification | None
    role: iam.IRole | None
    """The role that the caller brought, to be given what the job needs."""

    role_arn: str | None
    """The ARN of a role that is used as it is."""

    emr_serverless_role: iam.IRole | _NamedRole | None = None
    """The second role of a job that may use EMR Serverless."""

    security: Security | RequestedSecurity
    job_name: str | None
    deploy: ModelDeployConfig | None
    revision: str
    request_type: type[Request]
    request: Callable[[_Bound], Request]
    problem: type[Problem]
    columns: Sequence[tuple[str, object]]
    """Props that name a column of the data, with that column."""

    tags: Mapping[str, str]
    words: Words

    def draft(self) -> Request:
        """The request, with stand-ins where nothing is created yet."""
        return self.request(
            _Bound(
                training=self.training.describe(),
                validation=self.validation.describe() if self.validation else None,
                output_uri=self.output.s3_uri if self.output else UNBOUND_URI,
                role_arn=self.role_arn or _UNBOUND_ROLE,
                security=self.security.draft(),
                features_uri=UNBOUND_URI if self.features else None,
            )
        )

    def judge(self) -> Findings:
        """Everything that can be seen before AWS is called."""
        wrong_types = [
            f"{self._name(prop)} must be a {kind.__name__}, got {described(value)}; use {kind.__name__}.{factory}"
            for prop, value, kind, factory in (
                ("training_data", self.training, Channel, "from_asset or from_bucket"),
                ("validation_data", self.validation, Channel, "from_asset or from_bucket"),
                ("features", self.features, FeatureSpecification, "of"),
            )
            if not isinstance(value, kind) and (value is not None or prop == "training_data")
        ]
        wrong_types += check_output("output", self.output)
        if not isinstance(self.role, iam.Role):  # which has what `check_role` would ask jsii for
            wrong_types += check_role("role", self.role)
        emr_role = self.emr_serverless_role
        if emr_role is not None and not hasattr(emr_role, "role_arn"):
            wrong_types.append(f"'emr_serverless_role' must be an iam.IRole, got {described(emr_role)}")
        if not isinstance(self.revision, str):
            wrong_types.append(f"'revision' must be text, got {described(self.revision)}")
        wrong_types += self.security.problems()
        if wrong_types:  # the rest reads these values
            return Findings(wrong_types, {})
        columns = self.features.columns if self.features else None
        judged = findings(self.draft(), features=columns, is_token=is_token, words=self.words)
        errors, doubts = self._judge_data(columns)
        warnings = judged.warnings | ({"local_data": "; ".join(doubts)} if doubts else {})
        return Findings(judged.errors + errors, warnings)

    def _judge_data(self, features: Mapping[str, str] | None) -> tuple[list[str], list[str]]:
        wanted = [(prop, column) for prop, column in self.columns if isinstance(column, str) and not is_token(column)]
        wanted += [("features", column) for column in features or ()]
        return judge_local_data(
            self.training,
            self.validation,
            [(self._name(prop), column) for prop, column in wanted],
            names={prop: self._name(prop) for prop in ("training_data", "validation_data")},
            problem=self.problem,
        )

    def _name(self, prop: str) -> str:
        return self.words.name_of(self.request_type, prop, self.problem)


def _arn_of(role: iam.IRole) -> str:
    """Read it once: it is a call to jsii, and jobs share roles."""
    if role not in _ROLE_ARNS:
        _ROLE_ARNS[role] = role.role_arn
    return _ROLE_ARNS[role]


_ROLE_ARNS: Final[dict[Any, str]] = {}


_UNBOUND_ROLE: Final = "arn:aws:iam::000000000000:role/not-created-yet"
"""Stands for a role that is created later; it is sound, so that the rules have nothing to say of it."""


@jsii.implements(iam.IGrantable, cdk.ITaggableV2, Connectable)
class _OwnedJob(JobBase):
    """A job of this stack, whichever call makes it."""

    @classmethod
    def from_job_name(
        cls, scope: Construct, construct_id: str, job_name: str, *, output: OutputLocation | None = None
    ) -> IAutoMLJob:
        """Refer to a job made elsewhere, in the stack's account and region.

        Args:
            scope: Where the reference lives.
            construct_id: Its id there.
            job_name: The job's name.
            output: Where the job writes. Default: not known, so `output_location` and `grant_read_artifacts` fail.

        Raises:
            ValueError: `job_name` cannot be the name of a job.
        """
        raise_if_any(
            [*_name_problems(job_name), *check_output("output", output)], f"from_job_name for '{construct_id}'"
        )
        return _ImportedJob(scope, construct_id, name=job_name, arn=None, output=output)

    @classmethod
    def from_job_arn(
        cls, scope: Construct, construct_id: str, job_arn: str, *, output: OutputLocation | None = None
    ) -> IAutoMLJob:
        """Refer to a job made elsewhere, in any account and region.

        Args:
            scope: Where the reference lives.
            construct_id: Its id there.
            job_arn: The job's ARN, `arn:aws:sagemaker:<region>:<account>:automl-job/<name>`.
            output: Where the job writes. Default: not known, so `output_location` and `grant_read_artifacts` fail.

        Raises:
            ValueError: `job_arn` is no ARN of an AutoML job.
        """
        if is_token(job_arn):
            name = cdk.Fn.select(1, cdk.Fn.split(_ARN_SEPARATOR, job_arn))
        else:
            matched = _ARN.fullmatch(str(job_arn))
            name = matched[1] if matched else ""
            wrong = (
                _name_problems(name)
                if matched
                else [
                    "'job_arn' must be the ARN of an AutoML job, "
                    f"arn:<partition>:sagemaker:<region>:<account>:automl-job/<name>, got {described(job_arn)}"
                ]
            )
            raise_if_any([*wrong, *check_output("output", output)], f"from_job_arn for '{construct_id}'")
        return _ImportedJob(scope, construct_id, name=name, arn=job_arn, output=output)

    def __init__(self, scope: Construct, construct_id: str, plan: _Plan) -> None:
        judged = plan.judge()
        if judged.errors:
            raise_if_any(judged.errors, f"{type(self).__name__} '{scope.node.path}/{construct_id}'")
        super().__init__(scope, construct_id)
        warn(self, judged.warnings)

        self._provider = AutoMLProvider.of(scope)
        self._tags = cdk.TagManager(cdk.TagType.KEY_VALUE, contract.RESOURCE_TYPE)
        for key, value in plan.tags.items():
            self._tags.set_tag(key, value)
        _TagCheck.of(self._provider).add(self, self._tags)
        self._output = output = plan.output or OutputLocation.private(self)
        self._role = self._role_of(plan)
        bound, needed = self._bind(plan, output)
        needed += self._provider.serve(role_arn=bound.role_arn, job_name=plan.job_name, deploys=plan.deploy is not None)
        request = plan.request(bound)
        properties = self._properties(plan, construct_id, request)
        self._resource = self._provider.custom_resource(self, "Resource", contract.RESOURCE_TYPE, properties)
        self._resource.node.add_dependency(*needed)
        self._following = Following(self._provider, self._resource, self)
        self._may_change = False
        self.facts = self._facts_of(plan, request, properties)

    def _role_of(self, plan: _Plan) -> iam.IRole:
        if plan.role is not None:
            return plan.role
        if plan.role_arn is not None:
            return iam.Role.from_role_arn(self, "Role", plan.role_arn, mutable=False)
        return new_role(
            self,
            service=permissions.SAGEMAKER_PRINCIPAL,
            description=f"The Autopilot job {self.node.path} runs as this",
        )

    def _bind(self, plan: _Plan, output: OutputLocation) -> tuple[_Bound, list[IDependable]]:
        """Create the parts, give the role what they need, and say what the job has to wait for."""
        asked = Grants()
        security = plan.security.bind(self, asked)
        bound = _Bound(
            training=plan.training.bind(self, "TrainingData", asked),
            validation=plan.validation.bind(self, "ValidationData", asked) if plan.validation else None,
            output_uri=output.bind(asked),
            role_arn=plan.role_arn or _arn_of(self._role),
            security=security.config,
            features_uri=plan.features.bind(self, asked) if plan.features else None,
        )
        own = permissions.execution_role(
            self._provider.stack,
            role_arn=bound.role_arn,
            endpoint_name=plan.deploy.endpoint_name if plan.deploy else None,
            deploys=plan.deploy is not None,
            network=security.config.vpc_config if security.config else None,
        )
        if plan.emr_serverless_role is not None:
            own.append(permissions.pass_emr_serverless_role(plan.emr_serverless_role.role_arn))
        needed: list[IDependable] = [self._role, *security.dependencies]
        needed += [dependency for channel, _ in bound.channels() for dependency in channel.dependencies]
        if plan.role is not None:
            asked.apply_to_given_role(plan.role, own)
        elif plan.role_arn is None:
            needed.append(asked.apply_to_new_role(self, self._role, own))
        if (policy := output.bucket.policy) is not None:
            needed.append(policy)
        self._connections = security.connections
        return bound, needed

    def _properties(self, plan: _Plan, construct_id: str, request: Request) -> dict[str, Any]:
        properties: dict[str, Any] = {
            Property.OPERATION: request.OPERATION,
            Property.REQUEST: {
                **render(request),
                "Tags": self._tags.rendered_tags,
            },
            Property.REVISION: plan.revision,
        }
        if plan.job_name is None:
            properties[Property.NAME_PREFIX] = self._provider.name_prefix(construct_id)
        return properties

    def _facts_of(self, plan: _Plan, request: Request, properties: Mapping[str, Any]) -> JobFacts:
        judged = {name: member for name, member in properties[Property.REQUEST].items() if name != "Tags"}
        settings = request.settings
        criteria = getattr(settings, "completion_criteria", None)
        max_runtime = None if criteria is None or criteria.max_runtime is None else seconds_of(criteria.max_runtime)
        objective = request.objective
        return JobFacts(
            spec=[properties[Property.OPERATION], judged, properties[Property.REVISION]],
            output=self._output,
            folder=plan.job_name or self._provider.generated_names,
            max_runtime=None if max_runtime is None or is_token(max_runtime) else max_runtime,
            objective=_known_text(objective),
            mode=_known_text(getattr(settings, "mode", None)),
            definitions_only=getattr(settings, "generate_candidate_definitions_only", None) is True,
        )

    @property
    def job_name(self) -> str:
        """The job's name: at most 32 characters, unique in account and region for ever."""
        self._let_change()
        return self._resource.ref

    @property
    def job_arn(self) -> str:
        """The job's ARN."""
        self._let_change()
        return self._resource.get_att(Attribute.JOB_ARN).to_string()

    def _let_change(self) -> None:
        if not self._may_change:  # two calls to jsii, for nothing where nobody refers to the job
            self._may_change = True
            let_change(self._resource)

    def start_after(self, *scopes: IDependable) -> None:
        """Start the job only when others are done: where one job runs at a time, an outcome of the job before.

        `job.node.add_dependency(outcome)` has the job's role wait too, and with it the function that serves both: that
        goes round in a circle, and is refused.

        Args:
            scopes: Constructs, e.g. an `AutoMLJobOutcome`.

        Raises:
            ValueError: one of `scopes` is no construct.
        """
        wrong = [
            f"'scopes[{index}]' must be a construct, got {described(scope)}; e.g. an AutoMLJobOutcome"
            for index, scope in enumerate(scopes)
            if not hasattr(scope, "__jsii_type__")
        ]
        raise_if_any(wrong, f"start_after of '{self.node.path}'")
        self._resource.node.add_dependency(*scopes)

    @property
    def role(self) -> iam.IRole:
        """The role the job runs as."""
        return self._role

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """Whom a grant to the job reaches: its role."""
        return self._role.grant_principal

    @property
    def connections(self) -> ec2.Connections:
        """The network connections of a job in a VPC.

        Raises:
            ValueError: the job is not in a VPC of yours.
        """
        if self._connections is None:
            raise ValueError(f"the job '{self.node.path}' has no connections: give it a 'vpc'")
        return self._connections

    @property
    def cdk_tag_manager(self) -> cdk.TagManager:
        """What `Tags.of(...)` talks to. Tags are changed in place, without another job."""
        return self._tags


class AutoMLJob(_OwnedJob):
    """An Amazon SageMaker Autopilot job on tabular data (`CreateAutoMLJob`).

    The job starts when the stack is deployed; the deployment does not wait for it. A change to anything but tags trains
    a new job, and the old one is stopped if it still runs. When the job is removed from the stack, or the stack goes,
    it is stopped and what its one-click deployment made is deleted.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJob.html
    """

    @classmethod
    def from_request(
        cls,
        scope: Construct,
        construct_id: str,
        request: Mapping[str, Any] | str | Path,
        *,
        role: iam.IRole | None = None,
        revision: str = "1",
    ) -> AutoMLJob:
        """A job from a request that exists: the input of boto3's `create_auto_ml_job`, or the CLI's JSON.

        Error messages use the request's own names. The role that the request names is used as it is: nothing is added
        to its policies.

        Args:
            scope: Where the job lives.
            construct_id: Its id there.
            request: The input as a dict, as JSON text, or the path of a JSON file. `AutoMLJobName` is optional: without
                it each job gets a fresh name.
            role: The role the job runs as, in place of `RoleArn`; it gets what the job needs. Default: `RoleArn`.
            revision: Another value trains again. Default: `1`.

        Raises:
            ValueError: the request is no JSON, has members that the API does not know, lacks required ones, or breaks a
                rule; with everything that is wrong.

        See https://docs.aws.amazon.com/cli/latest/reference/sagemaker/create-auto-ml-job.html
        """
        return _RequestedJob(scope, construct_id, request, role=role, revision=revision)

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        training_data: Channel,
        target_attribute: str,
        validation_data: Channel | None = None,
        sample_weight_attribute: str | None = None,
        output: OutputLocation | None = None,
        problem_type: ProblemType | None = None,
        objective: Metric | str | None = None,
        mode: Mode | None = None,
        algorithms: Sequence[Algorithm] | None = None,
        features: FeatureSpecification | None = None,
        validation_fraction: float | None = None,
        completion_criteria: CompletionCriteria | None = None,
        generate_candidate_definitions_only: bool | None = None,
        role: iam.IRole | None = None,
        volume_encryption_key: kms.IKey | None = None,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        encrypt_inter_container_traffic: bool | None = None,
        model_deploy_config: ModelDeployConfig | None = None,
        job_name: str | None = None,
        revision: str = "1",
    ) -> None:
        """Define a job.

        Args:
            scope: Where the job lives.
            construct_id: Its id there; generated job names begin with the stack's name and this id.
            training_data: What to learn from: CSV with a header, or Parquet; at least 500 rows, below 100 GB.
            target_attribute: The column to predict.
            validation_data: What candidates are measured on, below 2 GB, with the columns, content type and target of
                the training data. Default: the service splits the training data.
            sample_weight_attribute: The column with the weight of each row, 1 to 256 letters, digits, `_` and `-`;
                ENSEMBLING mode only. Default: all rows weigh the same.
            output: Where models and reports go. Default: a new private, encrypted bucket, which stays when the stack is
                removed.
            problem_type: What kind of prediction; goes together with `objective`. Default: the service infers it.
            objective: What to optimize; must fit `problem_type`. Default: the service chooses (MSE, F1 or Accuracy).
            mode: How to search. Default: the service chooses by the size of the data, as AUTO does.
            algorithms: What to train, distinct, and fitting `mode`, which must be given. Default: all of the mode.
            features: The columns to learn from and their types. Default: all columns, and the service infers the types.
            validation_fraction: The part of the training data that candidates are measured on, more than 0 and less
                than 1, not together with `validation_data`. Default: the service takes 0.2.
            completion_criteria: When to stop looking for better models. Default: the service's own limits.
            generate_candidate_definitions_only: Only write the notebooks with the candidates' definitions, train
                nothing. Default: train.
            role: The role the job runs as; it must trust `sagemaker.amazonaws.com`, and gets what the job needs. One of
                another stack cannot be given a bucket of this one: the stacks would need each other. A bucket with a
                key of another account wants a role with a `role_name`. Default: a new role with only what it needs.
            volume_encryption_key: The KMS key for the volumes of the job's instances. Default: the service's own.
            vpc: The VPC to run in; it must reach S3 and the AWS APIs that the job calls. Default: the service's own
                network.
            vpc_subnets: Which of its subnets, 1 to 16. Default: the private ones, as elsewhere in the CDK.
            security_groups: The security groups, 1 to 5. Default: a new one in `vpc` that allows all outbound traffic.
            encrypt_inter_container_traffic: Encrypt the traffic between the job's instances, which can make training
                slower. Default: not encrypted.
            model_deploy_config: Deploy the best candidate when the job is done (one-click). Default: nothing is
                deployed.
            job_name: A name of your own: at most 32 letters, digits and hyphens. A name is spent for good, so a change
                that needs a new job then needs a new name too. Default: a fresh unique name for each job.
            revision: Another value trains again although nothing else has changed.

        Raises:
            ValueError: with everything that is wrong with the props and the local data, each in the props' own names.
        """

        def request(bound: _Bound) -> CreateAutoMLJob:
            return CreateAutoMLJob(
                channels=[
                    shapes.AutoMLChannel(
                        target_attribute=target_attribute,
                        sample_weight_attribute=sample_weight_attribute,
                        **_channel(channel, channel_type, Tabular),
                    )
                    for channel, channel_type in bound.channels()
                ],
                s3_output_path=bound.output_uri,
                output_kms_key_id=_key_of(output),
                role_arn=bound.role_arn,
                job_name=job_name,
                problem_type=problem_type,
                objective=objective,
                mode=mode,
                algorithms=algorithms,
                features=bound.features_uri,
                completion_criteria=completion_criteria,
                validation_fraction=validation_fraction,
                security_config=bound.security,
                generate_candidate_definitions_only=generate_candidate_definitions_only,
                model_deploy_config=model_deploy_config,
            )

        plan = _Plan(
            training=training_data,
            validation=validation_data,
            output=output,
            features=features,
            role=role,
            role_arn=None,
            security=Security(
                volume_encryption_key=volume_encryption_key,
                encrypt_inter_container_traffic=encrypt_inter_container_traffic,
                vpc=vpc,
                vpc_subnets=vpc_subnets,
                security_groups=security_groups,
            ),
            job_name=job_name,
            deploy=model_deploy_config,
            revision=revision,
            request_type=CreateAutoMLJob,
            request=request,
            problem=Tabular,
            columns=[
                ("target_attribute", target_attribute),
                ("sample_weight_attribute", sample_weight_attribute),
            ],
            tags={},
            words=Words.PROPS,
        )
        super().__init__(scope, construct_id, plan)


class AutoMLJobV2(_OwnedJob):
    """An Amazon SageMaker Autopilot job on any problem that it knows (`CreateAutoMLJobV2`).

    It lives as `AutoMLJob` does: started by the deployment, replaced by a change, stopped when it is removed.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJobV2.html
    """

    @classmethod
    def from_request(
        cls,
        scope: Construct,
        construct_id: str,
        request: Mapping[str, Any] | str | Path,
        *,
        role: iam.IRole | None = None,
        revision: str = "1",
    ) -> AutoMLJobV2:
        """A job from a request that exists: the input of boto3's `create_auto_ml_job_v2`, or the CLI's JSON.

        Error messages use the request's own names. The role that the request names is used as it is: nothing is added
        to its policies. For a V1 request see `from_v1_request`.

        Args:
            scope: Where the job lives.
            construct_id: Its id there.
            request: The input as a dict, as JSON text, or the path of a JSON file. `AutoMLJobName` is optional: without
                it each job gets a fresh name.
            role: The role the job runs as, in place of `RoleArn`; it gets what the job needs. Default: `RoleArn`.
            revision: Another value trains again. Default: `1`.

        Raises:
            ValueError: the request is no JSON, has members that the API does not know, lacks required ones, or breaks a
                rule; with everything that is wrong.

        See https://docs.aws.amazon.com/cli/latest/reference/sagemaker/create-auto-ml-job-v2.html
        """
        return _RequestedJobV2(scope, construct_id, request, role=role, revision=revision)

    @classmethod
    def from_v1_request(
        cls,
        scope: Construct,
        construct_id: str,
        request: Mapping[str, Any] | str | Path,
        *,
        role: iam.IRole | None = None,
        revision: str = "1",
    ) -> AutoMLJobV2:
        """A job from the request of a V1 job: the same job, made by V2.

        Args:
            scope: Where the job lives.
            construct_id: Its id there.
            request: The input of `create_auto_ml_job` as a dict, as JSON text, or the path of a JSON file.
            role: The role the job runs as, in place of `RoleArn`; it gets what the job needs. Default: `RoleArn`.
            revision: Another value trains again. Default: `1`.

        Raises:
            ValueError: the request is no JSON, or no V1 request; with everything that is wrong.

        See https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-create-experiment.html
        """
        what = f"the V1 request of '{construct_id}'"
        given = _loaded(request, what, role)
        _judged(CreateAutoMLJob, given, what)  # in the words of what was given
        try:
            translated = v2_request(given)
        except Malformed as malformed:
            raise_if_any(malformed.problems, what)
            raise
        return _RequestedJobV2(scope, construct_id, translated, role=role, revision=revision)

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        problem: AnyProblem,
        training_data: Channel,
        validation_data: Channel | None = None,
        output: OutputLocation | None = None,
        objective: Metric | str | None = None,
        validation_fraction: float | None = None,
        role: iam.IRole | None = None,
        volume_encryption_key: kms.IKey | None = None,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        encrypt_inter_container_traffic: bool | None = None,
        emr_serverless_role: iam.IRole | None = None,
        model_deploy_config: ModelDeployConfig | None = None,
        job_name: str | None = None,
        revision: str = "1",
    ) -> None:
        """Define a job.

        Args:
            scope: Where the job lives.
            construct_id: Its id there; generated job names begin with the stack's name and this id.
            problem: What to learn: `Tabular`, `ImageClassification`, `TextClassification`, `TimeSeriesForecasting` or
                `TextGeneration`.
            training_data: What to learn from, in a format and place that the problem takes.
            validation_data: What candidates are measured on, below 2 GB, with the columns and content type of the
                training data. Default: the service splits the training data.
            output: Where models and reports go. Default: a new private, encrypted bucket, which stays when the stack is
                removed.
            objective: What to optimize; must fit the problem, and with `Tabular` goes together with its `problem_type`.
                Default: the service chooses.
            validation_fraction: The part of the training data that candidates are measured on, more than 0 and less
                than 1; not together with `validation_data`, and not for time series. Default: the service takes 0.2.
            role: The role the job runs as; it must trust `sagemaker.amazonaws.com`, and gets what the job needs.
                Default: a new role with only that.
            volume_encryption_key: The KMS key for the volumes of the job's instances. Default: the service's own.
            vpc: The VPC to run in; it must reach S3 and the AWS APIs that the job calls. Default: the service's own
                network.
            vpc_subnets: Which of its subnets, 1 to 16. Default: the private ones, as elsewhere in the CDK.
            security_groups: The security groups, 1 to 5. Default: a new one in `vpc` that allows all outbound traffic.
            encrypt_inter_container_traffic: Encrypt the traffic between the job's instances, which can make training
                slower. Default: not encrypted.
            emr_serverless_role: The role for large data on EMR Serverless; it must trust
                `emr-serverless.amazonaws.com`. AWS says of it: for SageMaker Canvas only, at the moment; so it comes
                with a warning. Default: no EMR Serverless.
            model_deploy_config: Deploy the best candidate when the job is done (one-click). Default: nothing is
                deployed.
            job_name: A name of your own: at most 32 letters, digits and hyphens. A name is spent for good, so a change
                that needs a new job then needs a new name too. Default: a fresh unique name for each job.
            revision: Another value trains again although nothing else has changed.

        Raises:
            ValueError: with everything that is wrong with the props and the local data, each in the props' own names.
        """
        known = isinstance(problem, Problem)
        kind = type(problem) if known else Problem
        features = getattr(problem, "features", None)

        def request(bound: _Bound) -> CreateAutoMLJobV2:
            return CreateAutoMLJobV2(
                channels=[
                    shapes.AutoMLJobChannel(**_channel(channel, channel_type, kind))
                    for channel, channel_type in bound.channels()
                ],
                problem=problem if features is None else replace(cast("Tabular", problem), features=bound.features_uri),
                s3_output_path=bound.output_uri,
                output_kms_key_id=_key_of(output),
                role_arn=bound.role_arn,
                job_name=job_name,
                objective=objective,
                validation_fraction=validation_fraction,
                security_config=bound.security,
                emr_serverless_role_arn=None if emr_serverless_role is None else emr_serverless_role.role_arn,
                model_deploy_config=model_deploy_config,
            )

        plan = _Plan(
            training=training_data,
            validation=validation_data,
            output=output,
            features=features,
            role=role,
            role_arn=None,
            emr_serverless_role=emr_serverless_role,
            security=Security(
                volume_encryption_key=volume_encryption_key,
                encrypt_inter_container_traffic=encrypt_inter_container_traffic,
                vpc=vpc,
                vpc_subnets=vpc_subnets,
                security_groups=security_groups,
            ),
            job_name=job_name,
            deploy=model_deploy_config,
            revision=revision,
            request_type=CreateAutoMLJobV2,
            request=request,
            problem=kind,
            columns=list(problem.columns()) if known else (),
            tags={},
            words=Words.PROPS,
        )
        super().__init__(scope, construct_id, plan)


class _RequestedJob(AutoMLJob):
    """A job whose request was given in the API's own names."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        document: Mapping[str, Any] | str | Path,
        *,
        role: iam.IRole | None,
        revision: str,
    ) -> None:
        plan = _requested(CreateAutoMLJob, document, construct_id, role=role, revision=revision)
        _OwnedJob.__init__(self, scope, construct_id, plan)


class _RequestedJobV2(AutoMLJobV2):
    """A V2 job whose request was given in the API's own names."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        document: Mapping[str, Any] | str | Path,
        *,
        role: iam.IRole | None,
        revision: str,
    ) -> None:
        plan = _requested(CreateAutoMLJobV2, document, construct_id, role=role, revision=revision)
        _OwnedJob.__init__(self, scope, construct_id, plan)


def _requested(
    request_type: type[Request],
    document: Mapping[str, Any] | str | Path,
    construct_id: str,
    *,
    role: iam.IRole | None,
    revision: str,
) -> _Plan:
    """The plan of a job whose request was given in the API's own names."""
    what = f"the request of '{construct_id}'"
    request = _judged(request_type, _loaded(document, what, role), what)
    settings = request.settings
    emr_role_arn = getattr(request, "emr_serverless_role_arn", None)
    features = getattr(settings, "features", None)
    channels = [Channel.from_shape(channel) for channel in request.channels]
    return _Plan(
        training=channels[0],
        validation=channels[1] if len(channels) > 1 else None,
        output=OutputLocation.from_uri(request.s3_output_path, request.output_kms_key_id),
        features=FeatureSpecification.from_uri(features) if isinstance(features, str) else None,
        role=role,
        role_arn=None if role else request.role_arn,
        emr_serverless_role=None if emr_role_arn is None else _NamedRole(emr_role_arn),
        security=RequestedSecurity(request.security_config),
        job_name=request.job_name,
        deploy=request.model_deploy_config,
        revision=revision,
        request_type=request_type,
        request=lambda bound: replace(request, role_arn=bound.role_arn, tags=None),
        problem=type(settings) if isinstance(settings, Problem) else Tabular,
        columns=(),
        tags={tag.key: tag.value for tag in request.tags or ()},
        words=Words.WIRE,
    )


def _judged(request_type: type[Request], document: Mapping[str, Any], what: str) -> Request:
    """The request that a document in the API's own names describes, if nothing is wrong with it."""
    try:
        request = parse(request_type, document)
    except Malformed as malformed:
        raise_if_any(malformed.problems, what)
        raise
    raise_if_any(findings(request, is_token=is_token, words=Words.WIRE).errors or _not_s3(request), what)
    return request


@jsii.implements(IValidation)
class _TagCheck:
    """Looks at the tags of a stack's jobs once all of them are there."""

    def __init__(self, provider: AutoMLProvider) -> None:
        self._jobs: list[tuple[_OwnedJob, cdk.TagManager]] = []
        provider.node.add_validation(self)

    @classmethod
    @cache
    def of(cls, provider: AutoMLProvider) -> _TagCheck:
        """The check of a stack's jobs."""
        return cls(provider)

    @property
    def jobs(self) -> list[_OwnedJob]:
        """The jobs of the stack."""
        return [job for job, _ in self._jobs]

    def add(self, job: _OwnedJob, tags: cdk.TagManager) -> None:
        """Look at the tags of this job too."""
        self._jobs.append((job, tags))

    def validate(self) -> list[str]:
        """What is wrong with the tags."""
        return [
            f"the job '{job.node.path}': {problem}"
            for job, tags in self._jobs
            for problem in _tag_problems(tags.tag_values())
        ]


def jobs_of(provider: AutoMLProvider) -> list[_OwnedJob]:
    """The jobs that a provider serves."""
    return _TagCheck.of(provider).jobs


def _tag_problems(tags: Mapping[str, str]) -> list[str]:
    found = []
    if len(tags) > contract.MAX_USER_TAGS:
        found.append(
            f"'tags' must be at most {contract.MAX_USER_TAGS}, got {len(tags)}: the service takes "
            f"{contract.MAX_TAGS}, and the library marks its jobs with {len(contract.OwnerTag)} of its own"
        )
    for key, value in tags.items():
        if key.lower().startswith("aws:") or key in set(contract.OwnerTag):
            found.append(f"the tag '{key}' is reserved")
        found += problems(shapes.Tag(key=key, value=value), is_token=is_token, path=f"tags[{key!r}]")
    return found


def _not_s3(request: Request) -> list[str]:
    """The URIs that the API takes although they do not tell the bucket."""
    settings, member = request.settings, type(request.settings)
    named = {"output": request.s3_output_path, "features": getattr(settings, "features", None)}
    uris = {Words.WIRE.name_of(type(request), prop, member): uri for prop, uri in named.items()}
    for index, channel in enumerate(request.channels):
        list_path = Words.WIRE.name_of(type(request), "training_data").strip("'").removesuffix("[0]")
        uris[f"'{list_path}[{index}].DataSource.S3DataSource.S3Uri'"] = channel.s3_uri
    return [
        f"{path} must be an s3:// URI, whose bucket can be told, got '{uri}'"
        for path, uri in uris.items()
        if isinstance(uri, str) and not is_token(uri) and not uri.startswith("s3://")
    ]


def _channel(channel: BoundChannel, channel_type: ChannelType, problem: type[Problem]) -> dict[str, Any]:
    """What both kinds of channel are made of."""
    return {
        "s3_data_type": channel.s3_data_type,
        "s3_uri": channel.s3_uri,
        "channel_type": channel_type,
        "compression": channel.compression,
        "content_type": channel.content_type or problem.CONTENT_TYPES[0],
    }


def _known_text(value: object) -> str | None:
    return None if value is None or is_token(value) else str(value)


def _key_of(output: OutputLocation | None) -> str | None:
    return output.encryption_key.key_arn if output and output.encryption_key else None


def _loaded(document: Mapping[str, Any] | str | Path, what: str, role: iam.IRole | None) -> Mapping[str, Any]:
    """The request as a dict; a role in place of its own is created later."""
    loaded = document if isinstance(document, Mapping) else _read_json(document, what)
    return loaded if role is None else {**loaded, "RoleArn": _UNBOUND_ROLE}


def _read_json(document: str | Path, what: str) -> Mapping[str, Any]:
    try:
        text = document.read_text(encoding="utf-8-sig") if isinstance(document, Path) else document
        loaded = json.loads(text)
    except OSError as error:
        raise ValueError(f"{what} cannot be read: {error}") from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} must be a dict, JSON text or the path of a JSON file: {error}") from error
    if not isinstance(loaded, dict):
        raise ValueError(f"{what} must be a JSON object, got {described(loaded)}")
    return loaded


def _name_problems(job_name: str) -> list[str]:
    limits = next(field for field in fields_of(CreateAutoMLJob) if field.name == "job_name").kind.limits
    if is_token(job_name):
        return []
    if not isinstance(job_name, str):
        return [f"'job_name' must be text, got {described(job_name)}"]
    return [f"'job_name' {problem}" for problem in limits.problems(job_name)]
