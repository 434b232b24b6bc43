"""What every job can be asked, one of this stack or one that was made elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypedDict, Unpack, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ..access import permissions
from ..access.grants import check_grantee
from ..access.places import place_of
from ..api.fields import has, listed, raise_if_any, value_problems
from ..interfaces import Resource
from ..keywords import spelled_out
from ..provider.following import Following
from ..provider.provider import AutoMLProvider
from ..runtime import contract
from ..runtime.contract import ENDED, JobMetric, JobStatus, Property
from ..tokens import is_token
from .listening import Listening, RuleOptions, listening

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_events as events
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from ..api.problem import Problem
    from ..data.channels import Channel
    from ..data.output import OutputLocation
    from .digest import Stated


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


class IAutoMLJob(Resource, Protocol):
    """A job of this stack, or one made elsewhere.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeAutoMLJob.html
    """

    @property
    def job_name(self) -> str:
        """The job's name."""

    @property
    def job_arn(self) -> str:
        """The job's ARN."""

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow to follow the job."""

    def grant_stop(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow to stop the job."""

    def grant_read_artifacts(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow to read what the job wrote."""

    @property
    def output_location(self) -> str:
        """The S3 URI below which the job writes."""

    @property
    def output_bucket(self) -> s3.IBucket:
        """The bucket that the job writes to."""

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """A metric of the job's ends, by its name."""

    def metric_completed(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many jobs have completed."""

    def metric_failed(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many jobs have failed."""

    def metric_stopped(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many jobs were stopped."""

    def metric_duration(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How long each job ran, in seconds."""

    def metric_objective_value(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """The objective's value of each job's best candidate."""

    @spelled_out(RuleOptions)
    def on_finished(
        self, id_or_target: str | events.IRuleTarget | sns.ITopic = "OnFinished", /, **options: Unpack[RuleOptions]
    ) -> events.Rule:
        """Send something when the job has ended, however it did.

        Args:
            id_or_target: The id of the rule, or the target, for the usual id. Default: the id `OnFinished`.
        """

    @spelled_out(RuleOptions)
    def on_completed(
        self, id_or_target: str | events.IRuleTarget | sns.ITopic = "OnCompleted", /, **options: Unpack[RuleOptions]
    ) -> events.Rule:
        """Send something when the job has ended well.

        Args:
            id_or_target: The id of the rule, or the target, for the usual id. Default: the id `OnCompleted`.
        """

    @spelled_out(RuleOptions)
    def on_failed(
        self, id_or_target: str | events.IRuleTarget | sns.ITopic = "OnFailed", /, **options: Unpack[RuleOptions]
    ) -> events.Rule:
        """Send something when the job has failed.

        Args:
            id_or_target: The id of the rule, or the target, for the usual id. Default: the id `OnFailed`.
        """


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

    _facts: JobFacts
    """What an outcome has to know of the job."""

    _output: OutputLocation | None
    _follows: Following | None

    def _places_apart(self, stack: cdk.Stack) -> Iterator[tuple[str, str, str]]:
        """What keeps a stack from the job: account or region, where the job is, and where the stack is."""
        job, here = place_of(self), place_of(stack)
        for what, of_job, of_stack in (("account", job.account, here.account), ("region", job.region, here.region)):
            if not is_token(of_job) and not is_token(of_stack) and of_job != of_stack:
                yield what, of_job, of_stack

    @property
    def _stated(self) -> Stated | None:
        """What its resource tells of what it is made of; None: no resource of this app made it."""
        return None

    @property
    def _following(self) -> Following:
        """What follows the job to its end: its own resource, or a watch where no resource of the app made it."""
        if self._follows is None:
            self._follows = watch(self, "Watch", self)
        return self._follows

    @property
    def output_location(self) -> str:
        """The S3 URI below which the job writes: the artifacts lie at `<output_location>/<job name>/`.

        Raises:
            ValueError: the job was imported without its `output`.
        """
        return self._known_output("output_location").s3_uri

    @property
    def output_bucket(self) -> s3.IBucket:
        """The bucket that the job writes to; its objects' keys begin with the prefix of its `output`.

        Raises:
            ValueError: the job was imported without its `output`.
        """
        bucket = self._known_output("output_bucket").bucket
        if has(bucket, "node"):
            return cast("s3.IBucket", bucket)
        from aws_cdk import aws_s3 as s3

        found = self.node.try_find_child("OutputBucket")
        return cast("s3.IBucket", found or s3.Bucket.from_bucket_name(self, "OutputBucket", bucket.bucket_name))

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Allow actions on this job.

        Args:
            grantee: Who may.
            actions: IAM actions whose resource is an AutoML job, e.g. `sagemaker:StopAutoMLJob`.
        """
        check_grantee(grantee)
        return iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[self.job_arn])

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow to follow the job: describe it, list its candidates and its tags.

        Listing candidates has no resource type in IAM, so that one action is granted on ``*``.
        """
        check_grantee(grantee)
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

    @spelled_out(RuleOptions)
    def on_finished(
        self, id_or_target: str | events.IRuleTarget | sns.ITopic = "OnFinished", /, **options: Unpack[RuleOptions]
    ) -> events.Rule:
        """Send something when the job has ended, however it did: completed, failed or stopped.

        AWS itself sends no event when an AutoML job ends. The stack's state machine looks at the job once a minute and
        puts an `Autopilot Job State Change` event of the source `cdk-sagemaker-autopilot` on the bus; a change may be
        told twice, and a state that passes between two looks is not told. `add_event_pattern` of the rule that comes
        back asks for more, e.g. of the event's `detail` (docs/waiting.md).

        Args:
            id_or_target: The id of the rule, or the target, for the usual id. Another target under the same id joins
                the rule. Default: the id `OnFinished`.

        Raises:
            ValueError: with everything that is wrong.

        See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
        """
        return self._on(listening(self, id_or_target, "OnFinished", options), sorted(ENDED), "has ended")

    @spelled_out(RuleOptions)
    def on_completed(
        self, id_or_target: str | events.IRuleTarget | sns.ITopic = "OnCompleted", /, **options: Unpack[RuleOptions]
    ) -> events.Rule:
        """Send something when the job has ended well. For the rest see `on_finished`.

        Args:
            id_or_target: The id of the rule, or the target, for the usual id. Default: the id `OnCompleted`.
        """
        return self._on(listening(self, id_or_target, "OnCompleted", options), [JobStatus.COMPLETED], "has completed")

    @spelled_out(RuleOptions)
    def on_failed(
        self, id_or_target: str | events.IRuleTarget | sns.ITopic = "OnFailed", /, **options: Unpack[RuleOptions]
    ) -> events.Rule:
        """Send something when the job has failed; a job that was stopped has not. For the rest see `on_finished`.

        Args:
            id_or_target: The id of the rule, or the target, for the usual id. Default: the id `OnFailed`.
        """
        return self._on(listening(self, id_or_target, "OnFailed", options), [JobStatus.FAILED], "has failed")

    def _on(self, asked: Listening, statuses: Sequence[str], what: str) -> events.Rule:
        description = asked.description or f"An Autopilot job {what}"
        return self._following.rule(
            asked.scope, asked.construct_id, asked.target, statuses, description=description, rule_name=asked.rule_name
        )

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """A metric of the job's ends by its name. Statistic by default: average.

        Args:
            metric_name: `JobsCompleted`, `JobsFailed`, `JobsStopped`, `JobDuration` or `ObjectiveValue`; each has a
                method too.
            options: As the CDK's metrics take them.

        Raises:
            ValueError: a job has no metric of that name.
        """
        wrong = value_problems(metric_name, JobMetric, is_token=is_token, path="metric_name")
        if is_token(metric_name):
            wrong = [f"'metric_name' must be one of {listed(JobMetric)}, and is a token: it cannot be known late"]
        raise_if_any(wrong, f"a metric of '{self.node.path}'")
        return self._following.metric(JobMetric(metric_name), {"statistic": "Average", **options})

    def metric_completed(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many jobs of this resource have completed: 1 at the end of each. Statistic by default: sum.

        The function writes the metrics at the end of a job in the embedded metric format, in the namespace
        `SageMakerAutopilot`. Asking for one has the job followed.
        """
        return self._following.metric(JobMetric.COMPLETED, {"statistic": "Sum", **options})

    def metric_failed(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many jobs of this resource have failed: 1 at the end of each. Statistic by default: sum."""
        return self._following.metric(JobMetric.FAILED, {"statistic": "Sum", **options})

    def metric_stopped(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many jobs of this resource were stopped: 1 at the end of each. Statistic by default: sum."""
        return self._following.metric(JobMetric.STOPPED, {"statistic": "Sum", **options})

    def metric_duration(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How long each job ran, in seconds. Statistic by default: average."""
        return self._following.metric(JobMetric.DURATION, {"statistic": "Average", **options})

    def metric_objective_value(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """The objective's value of each job's best candidate. Statistic by default: average."""
        return self._following.metric(JobMetric.OBJECTIVE, {"statistic": "Average", **options})

    def _known_output(self, what: str) -> OutputLocation:
        if self._output is None:
            raise ValueError(
                f"{what} is not known of the imported job '{self.node.path}': give from_job_name or from_job_arn its "
                "'output'"
            )
        return self._output


class ImportedJob(JobBase):
    """A job that was made elsewhere, of which the name is known."""

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, arn: str | None, output: OutputLocation | None
    ) -> None:
        super().__init__(scope, construct_id, environment_from_arn=arn)
        self._name = name
        self._arn = arn or permissions.job_arn(self.stack, name)
        self._output = output
        self._follows = None
        self._facts = JobFacts(spec=name, output=output, folder=name, is_made_elsewhere=True)

    @property
    def job_name(self) -> str:
        """The job's name."""
        return self._name

    @property
    def job_arn(self) -> str:
        """The job's ARN."""
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

    former_folder: tuple[cdk.Stack, str] | None = None
    """The stack of the job, and the folder that it had before names could be of a launch: it may not train again."""

    max_runtime: float | None = None
    """Seconds that the job may run, where a limit is given and known."""

    objective: str | None = None
    """The metric that the job optimizes, where it is given and known."""

    problem: type[Problem] | None = None
    """What the job learns, where that is known."""

    problem_type: str | None = None
    """Which problem of a table's, where it is given and known."""

    mode: str | None = None
    """How the job trains, where that is known: it is of a job that names no mode, and not where the mode is a token."""

    target: str | None = None
    """The column that the job learns to predict, where it is given and known."""

    channels: Sequence[tuple[str, Channel]] = ()
    """What the job reads, the training data first, each with what the caller calls it."""

    deploys: bool | None = None
    """Whether the job itself deploys its best candidate to an endpoint; None: nobody knows."""

    deployed_name: str | None = None
    """What the job's own endpoint is to be called, where the caller has chosen that."""

    definitions_only: bool = False
    """Whether the job trains nothing, so that there is no best candidate."""

    is_made_elsewhere: bool = False
    """Whether no resource of this app made the job."""


def watch(scope: Construct, construct_id: str, job: JobBase) -> Following:
    """A resource that follows a job which no resource of the scope's stack made."""
    provider = AutoMLProvider.of(scope)
    stated = {} if job._stated is None else job._stated.properties_for(provider.stack)
    properties = {Property.JOB_NAME: job.job_name, **stated}
    resource = provider._custom_resource(scope, construct_id, contract.WATCH_TYPE, properties)
    resource.node.add_dependency(*provider._watch_job(job.job_arn))
    return Following(provider, resource, job)
