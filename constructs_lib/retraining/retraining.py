"""`AutoMLRetraining`: a job's request again and again, and the better model in service."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IValidation

from .. import l1
from ..access import permissions
from ..access.grants import check_grantee, warn
from ..access.permissions import Permission
from ..access.places import FUNCTIONS_KEY, KEY, Bond, Used, apart, used_alarm
from ..api.fields import described, has, listed, number, raise_if_any, render, seconds_of, value_problems
from ..api.hosting import ApprovalStatus, GroupName, PackageFields
from ..api.problem_types import TextGeneration
from ..candidate.model import Candidate
from ..candidate.registry import name_of_group
from ..data.buckets import facts
from ..data.channels import Channel
from ..data.readback import note_watched, problems_with_output, problems_with_watched
from ..endpoint.endpoint import AutoMLEndpoint
from ..jobs.owned import OwnedJob
from ..keywords import ConstructorSignature
from ..l1 import Kind
from ..naming import deployed_path, stack_of
from ..outcome.gate import CHAMPION, QualityGate
from ..provider.provider import AutoMLProvider
from ..provider.retrainer import retrainer_name
from ..releases import acknowledge
from ..runtime import contract
from ..runtime.contract import (
    PromotedEndpoint,
    Property,
    Retraining,
    RetrainingAttribute,
    RetrainingData,
    RetrainingTrigger,
)
from ..tokens import is_token, known_seconds, place
from .holdout import Holdout
from .metrics import RunMetrics
from .triggers import (
    NewData,
    event_input,
    of_alarms,
    of_endpoint,
    of_executions,
    of_objects,
    of_versions,
    schedule_properties,
    scheduled_input,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_sagemaker as sagemaker
    from aws_cdk import aws_scheduler as scheduler
    from aws_cdk import aws_sns as sns
    from constructs import IDependable

_SHORTEST: Final = 5 * 60
_LONGEST: Final = 30 * 24 * 3600
_DEFAULT: Final = 12 * 3600
_AFTER_THE_RUN: Final = 3600
_MOST_RUNS: Final = 1000
_PATTERN_LENGTH: Final = 4096
_NOTIFICATIONS: Final = "Notifications"
"""The child of a bucket that the CDK makes for its own notifications."""

_NO_QUEUE: Final = {
    "Serverless-EventBusDLQ": "EventBridge goes on trying for a day; the next trigger looks at data, registry and "
    "endpoint, so what an event that is lost would have said is heard then"
}

_GATE: Final = QualityGate(better_than=CHAMPION)


class AutoMLRetraining(RunMetrics):
    """A job's request again, under a fresh name, and what it has learned in service if it is better.

    Nothing runs between runs. One run goes at a time; what comes meanwhile is remembered once. Each run reports to
    `<output>/<name>/runs/`; docs/retraining.md says what a run does, what deployments do after promotions, and how to
    roll back.

    Example:
        ```python
        AutoMLRetraining(
            stack, "Weekly",
            job=job,
            schedule=ScheduleExpression.cron(week_day="MON", hour="3", minute="0"),
            promotes=endpoint,
            max_runs_per_month=5,
        )
        ```

    See https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
    """

    __signature__ = ConstructorSignature()

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        job: OwnedJob,
        schedule: scheduler.ScheduleExpression | None = None,
        time_window: scheduler.TimeWindow | None = None,
        on_new_data: NewData | None = None,
        on_alarm: Sequence[cloudwatch.IAlarm] = (),
        timeout: cdk.Duration | None = None,
        quality_gate: QualityGate = _GATE,
        evaluate_on: Holdout | None = None,
        register_in: str | sagemaker.CfnModelPackageGroup | None = None,
        approval_status: ApprovalStatus | str | None = None,
        promotes: AutoMLEndpoint | None = None,
        max_runs_per_month: int,
        on_failed: sns.ITopic | None = None,
    ) -> None:
        """Define a retraining.

        Args:
            scope: Where it lives: in the stack of the job.
            construct_id: Its id there; the folder of its reports holds the stack's name and this id.
            job: An `AutoMLJob` or `AutoMLJobV2` of the stack: each run makes the same request, whatever its prefix
                holds then. Not one that deploys by itself (`model_deploy_config`) or only defines candidates.
            schedule: `aws_cdk.aws_scheduler.ScheduleExpression`, with its time zone. A cron expression with a zone
                keeps its hour when the clocks change, `rate` does not. Default: no schedule.
            time_window: `aws_cdk.aws_scheduler.TimeWindow`: how much later it may start. Default: at once.
            on_new_data: Objects whose arrival trains again. Default: none.
            on_alarm: CloudWatch alarms that train again when they go off, e.g. of a drift. Default: none.
            timeout: How long a job may run, 5 minutes to 30 days, until it is stopped and the run fails. Default: the
                job's `max_runtime` and an hour more; 12 hours where none is given.
            quality_gate: What a challenger must reach to be registered and promoted: `better_than=CHAMPION`, with `by`,
                and one of `at_least` and `at_most`. Without a champion yet, the bound alone decides. Default: the
                challenger has to beat the model in service by anything at all.
            evaluate_on: Rows that both models answer in batch transforms: the gate then judges the metric of these
                answers, its bounds too, and a challenger that is to beat the champion has to do so in a paired
                bootstrap of the rows. The models run as the job's role, in its network. Default: the gate compares what
                the jobs report, each of its own data.
            register_in: The Model Registry's group, which gets a version for each challenger that wins: its name,
                its ARN or the CDK's own construct. Default: nothing is registered.
            approval_status: The status of such a version. With `PENDING_MANUAL_APPROVAL` the promotion follows
                somebody's approval, which the function itself is denied by IAM. Default: that.
            promotes: The endpoint of the same job that a winner takes over. Default: none; the champion is then the
                last winner.
            max_runs_per_month: How many jobs runs may make in a calendar month (UTC), 1 to 1000: a ceiling on money.
                What comes after it is dropped, and the next month trains again.
            on_failed: An SNS topic that hears of failed runs, of deployments that SageMaker took back, and of endpoints
                that somebody else has changed. Default: nobody hears; the event `Autopilot Retraining Run` tells.

        Raises:
            ValueError: with everything that is wrong, each in the props' own names.
        """
        where = place("AutoMLRetraining", scope, construct_id)
        stack = stack_of(scope)
        places = apart(stack, _used(on_new_data, on_alarm, on_failed, evaluate_on))
        group = name_of_group(register_in)
        problems = [
            *places.errors,
            *_job_problems(job, stack),
            *_trigger_problems(schedule, time_window, on_new_data, on_alarm, job),
            *_timeout_problems(timeout, job),
            *_registry_problems(group, approval_status),
            *_promotion_problems(promotes, job, stack),
            *_ceiling_problems(max_runs_per_month),
            *_holdout_problems(evaluate_on, job, quality_gate, on_new_data),
        ]
        if not isinstance(quality_gate, QualityGate):
            problems.append(f"'quality_gate' must be a QualityGate, got {described(quality_gate)}")
        else:
            problems += quality_gate._champion_problems(job._facts.objective if isinstance(job, OwnedJob) else None)
        if on_failed is not None and not has(on_failed, "topic_arn"):
            problems.append(f"'on_failed' must be an sns.ITopic, got {described(on_failed)}")
        raise_if_any(problems, where)
        super().__init__(scope, construct_id)
        warn(self, {**_warnings(schedule, job), **places.warnings})
        provider = AutoMLProvider.of(self)
        output = job._facts.output
        assert output is not None  # noqa: S101 - a job of the app has one
        bucket, key = facts(output.bucket), output._key
        digest = hashlib.sha256(deployed_path(self).encode()).hexdigest()
        folder = output._folder(provider._hosted_name(construct_id, digest))
        self._folder_uri: Final = f"s3://{bucket.name}/{folder}"
        machine = provider._retrainer.machine
        self._machine_arn: Final = machine.arn

        allowed = permissions.provider_retraining(
            state_machine_arn=permissions.states_arn(stack, retrainer_name(stack)),
            bucket_arn=bucket.arn,
            folder=folder,
        )
        settings: dict[str, Any] = {}
        if on_new_data is not None:
            settings[Retraining.DATA] = self._watch_data(on_new_data, allowed)
        if on_failed is not None:
            settings[Retraining.TOPIC] = on_failed.topic_arn
            allowed.append(permissions.publish(on_failed.topic_arn))
        needed: list[IDependable] = []
        status = ApprovalStatus(approval_status or ApprovalStatus.PENDING_MANUAL_APPROVAL)
        candidate = Candidate(job=job, job_name=job.job_name)
        if group is not None:
            fields = PackageFields(
                model_package_group=group, approval_status=status, description=None, content_types=None,
                response_mime_types=None,
            )  # fmt: skip
            settings[Retraining.REGISTRY] = {Property.REQUEST: render(fields)}
            needed += provider._register_in(group, reports=candidate.folder)
            if isinstance(register_in, cdk.CfnResource):
                needed.append(register_in)
            if status != ApprovalStatus.APPROVED:
                allowed.append(permissions.never_approve(stack, group))
        if promotes is not None:
            allowed += permissions.provider_promotion(
                stack, endpoint_name=promotes._plain_name, generated_names=provider._hosted_names
            )
            if promotes._uses_key is not None:
                allowed.append(_volume_key(promotes._uses_key.key_arn))
            needed += promotes._seen_by
            settings[Retraining.ENDPOINT] = _endpoint_settings(promotes)
        rows = None if evaluate_on is None else evaluate_on._bind(self)
        if rows is not None:
            allowed += [*rows[2], permissions.provider_evaluation(bucket.arn, folder)]
        policy, opened = provider._retrain(self, allowed, key, on_failed)
        if evaluate_on is not None and rows is not None:
            held, held_key, (reading, *_) = rows
            needed += provider._evaluate(held, held.key, reading, role_arn=job.role.role_arn)
            settings[Retraining.HOLDOUT] = evaluate_on._rendered(
                held, held_key, target=str(job._facts.target), prefix=provider._hosted_prefix(construct_id)
            )
        lasting = [policy, *_emptied(output.bucket)]
        needed += [*opened, *lasting, machine.resource, job._resource]
        if promotes is not None:
            key_arn = None if key is None else key.key_arn
            needed.append(promotes._follow(self.node.path, self._folder_uri, key_arn, *lasting))

        operation, request, revision = job._facts.spec  # type: ignore[misc]
        named = {name: value for name, value in request.items() if name != "AutoMLJobName"}  # type: ignore[has-type]
        seconds = _DEFAULT if job._facts.max_runtime is None else int(job._facts.max_runtime) + _AFTER_THE_RUN
        self._resource = provider._custom_resource(
            self,
            "Resource",
            contract.RETRAINING_TYPE,
            {
                Property.OPERATION: operation,  # type: ignore[has-type]
                Property.REQUEST: {**named, "Tags": job.cdk_tag_manager.rendered_tags},
                Property.REVISION: revision,  # type: ignore[has-type]
                Property.NAME_PREFIX: provider._name_prefix(construct_id),
                Property.JOB_NAME: job.job_name if promotes is None else promotes._model.properties[Property.JOB_NAME],
                Retraining.FOLDER: self._folder_uri,
                Retraining.STATE_MACHINE: machine.arn,
                Retraining.EVENT_BUS: provider._event_bus_arn,
                Retraining.TIMEOUT: int(seconds_of(timeout)) if timeout is not None else min(seconds, _LONGEST),
                Retraining.POLL: provider._poll_seconds,
                Retraining.MAX_JOBS: max_runs_per_month,
                Retraining.GATE: quality_gate._champion_rendered(),
                **({} if key is None else {Retraining.KEY: key.key_arn}),
                **settings,
            },
        )
        self.node.default_child = self._resource
        self._resource.node.add_dependency(*needed)
        self._measure(provider, self._resource, promotes)
        self._listen_to(on_new_data, on_alarm, group, promotes)
        if schedule is not None:
            self._schedule(schedule, time_window)

    def _watch_data(self, data: NewData, allowed: list[Permission]) -> dict[str, Any]:
        """Have the events of a bucket come, and let the function look at its objects; returns the settings."""
        bucket = facts(data.bucket)
        allowed.append(permissions.listing(bucket.arn, [f"{data.prefix}*"] if data.prefix else []))
        turn_on(self, data.bucket)
        note_watched(self, Channel.from_bucket(data.bucket, data.prefix))
        return {
            RetrainingData.BUCKET: bucket.name,
            RetrainingData.PREFIX: data.prefix,
            RetrainingData.QUIET: int(seconds_of(data.quiet_for)),
            RetrainingData.EVERY: int(seconds_of(data.at_most_every)),
        }

    def _listen_to(
        self,
        data: NewData | None,
        alarms: Sequence[cloudwatch.IAlarm],
        group: str | None,
        endpoint: AutoMLEndpoint | None,
    ) -> None:
        """One rule for all events; it is gone before the retraining is."""
        patterns = [of_executions(self._machine_arn)]
        if data is not None:
            patterns.append(of_objects(facts(data.bucket).name, data.prefix))
        if alarms:
            patterns.append(of_alarms(alarms))
        if group is not None:
            patterns.append(of_versions(group.rpartition("/")[2]))
        if endpoint is not None:
            patterns.append(of_endpoint(endpoint._plain_name))
        length = len(json.dumps(patterns))
        if length > _PATTERN_LENGTH:
            wrong = f"'on_alarm' makes an event pattern of {length} characters, of which a rule takes {_PATTERN_LENGTH}"
            raise_if_any([f"{wrong}: name fewer"], f"AutoMLRetraining '{self.node.path}'")
        role = AutoMLProvider.of(self)._retrainer.role
        target = {"Id": "Run", "Arn": self._machine_arn, "RoleArn": role.role_arn}
        rule = l1.create(
            Kind.RULE,
            self,
            "Rule",
            {
                "Description": "Starts a retraining, or lets one go on",
                "EventPattern": {"$or": patterns} if len(patterns) > 1 else patterns[0],
                "State": "ENABLED",
                "Targets": [{**target, "InputTransformer": event_input(self._folder_uri)}],
            },
        )
        acknowledge(rule, _NO_QUEUE)
        self._after(rule)

    def _schedule(self, expression: scheduler.ScheduleExpression, window: scheduler.TimeWindow | None) -> None:
        role = AutoMLProvider.of(self)._retrainer.role
        self._after(
            l1.create(
                Kind.SCHEDULE,
                self,
                "Schedule",
                {
                    **schedule_properties(expression, window),
                    "Description": "Starts a retraining",
                    "State": "ENABLED",
                    "Target": {
                        "Arn": self._machine_arn,
                        "RoleArn": role.role_arn,
                        "Input": scheduled_input(self._folder_uri),
                    },
                },
            )
        )

    def _after(self, trigger: cdk.CfnResource) -> None:
        """What starts runs comes last, and goes first."""
        trigger.node.add_dependency(self._resource, *AutoMLProvider.of(self)._retrainer.needed)

    @property
    def folder_uri(self) -> str:
        """The S3 URI of the folder of the document (`state.json`) and of the reports (`runs/`)."""
        return self._resource.get_att(RetrainingAttribute.FOLDER).to_string()

    @property
    def state_machine_arn(self) -> str:
        """The state machine that runs retrainings of the stack; an execution with `start_input` starts a run."""
        return self._machine_arn

    @property
    def start_input(self) -> str:
        """The input of an execution that trains again, as JSON; a `Cause` in it is told in the report."""
        return self._input({RetrainingTrigger.CAUSE: "by hand"})

    @property
    def rollback_input(self) -> str:
        """The input of an execution that puts the model before in service again, as JSON."""
        return self._input({RetrainingTrigger.ROLLBACK: True, RetrainingTrigger.CAUSE: "rollback by hand"})

    def _input(self, given: dict[RetrainingTrigger, object]) -> str:
        return json.dumps({RetrainingTrigger.RETRAINING: self._folder_uri, **given})

    def grant_start(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow to start a run with `start_input` or `rollback_input`, of any retraining of the stack."""
        check_grantee(grantee)
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=["states:StartExecution"], resource_arns=[self._machine_arn]
        )


def _volume_key(key_arn: str) -> Permission:
    return Permission(actions=permissions.VOLUME_KEY, resources=(key_arn,), conditions=permissions.VOLUME_KEY_CONDITION)


def _endpoint_settings(endpoint: AutoMLEndpoint) -> dict[str, Any]:
    properties = {
        name: value
        for name, value in endpoint._model.properties.items()
        if name not in {Property.JOB_SPEC, Property.DEPLOYED_JOB_SPEC}
    }
    return {
        PromotedEndpoint.NAME: endpoint._plain_name,
        PromotedEndpoint.CONFIG: endpoint._config.get_att("EndpointConfigName"),
        PromotedEndpoint.MODEL: properties,
        PromotedEndpoint.MODEL_ID: endpoint._model.resource.logical_id,
        PromotedEndpoint.UPDATE: cdk.Lazy.any(_Late(endpoint._update_request)),
    }


@jsii.implements(cdk.IStableAnyProducer)
class _Late:
    """What is only known when the app is complete: alarms may still be added."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        self._ask = ask

    def produce(self) -> Any:
        """The value."""
        return self._ask()


# What is wrong


def _watched(what: str) -> Bond:
    """What has events, which a rule of the stack hears."""
    why = f"the events of {what} reach the EventBridge of its own account and region alone"
    return Bond({"account": why, "region": why})


_BUCKET: Final = _watched("a bucket")
_ALARM: Final = _watched("an alarm")


def _used(data: object, alarms: object, topic: object, holdout: object) -> Iterator[Used]:
    if isinstance(data, NewData) and has(data.bucket, "bucket_arn"):
        yield "'on_new_data.bucket'", data.bucket, _BUCKET
        yield "the key of 'on_new_data.bucket'", facts(data.bucket).key, KEY
    for index, alarm in enumerate(alarms if isinstance(alarms, (list, tuple)) else ()):
        if has(alarm, "alarm_arn"):
            yield used_alarm(f"'on_alarm[{index}]'", alarm, _ALARM)
    yield "the key of 'on_failed'", getattr(topic, "master_key", None), FUNCTIONS_KEY
    if isinstance(holdout, Holdout):
        yield from holdout._used()


def _job_problems(job: object, stack: cdk.Stack) -> Iterator[str]:
    if not isinstance(job, OwnedJob):
        yield (
            f"'job' must be an AutoMLJob or an AutoMLJobV2 of this app, got {described(job)}: a run makes its request "
            "again, which of a job made elsewhere is not known"
        )
        return
    if stack_of(job) is not stack:
        yield "'job' is of another stack: the function of a stack makes jobs of that stack alone; define both in one"
    facts_of_job = job._facts
    if facts_of_job.problem is TextGeneration:
        yield (
            "'job' is for TextGeneration, which has no objective: nothing says whether a challenger is better, so a "
            "run would promote it blindly; train it again with 'revision' and look at it"
        )
    if facts_of_job.deploys:
        yield (
            "'job' has a 'model_deploy_config': each run would deploy to the same name; leave it out and give "
            "'promotes' an AutoMLEndpoint"
        )
    if facts_of_job.definitions_only:
        yield "'job' has 'generate_candidate_definitions_only': it trains nothing that could be promoted"


def _trigger_problems(schedule: object, window: object, data: object, alarms: object, job: object) -> Iterator[str]:
    if schedule is not None and not has(schedule, "expression_string", "time_zone"):
        yield (
            f"'schedule' must be an aws_scheduler.ScheduleExpression, got {described(schedule)}; e.g. "
            "ScheduleExpression.cron(week_day='MON', hour='3', minute='0', time_zone=TimeZone.EUROPE_BERLIN)"
        )
    if window is not None and not has(window, "mode"):
        yield f"'time_window' must be an aws_scheduler.TimeWindow, got {described(window)}"
    elif window is not None and schedule is None:
        yield "'time_window' needs a 'schedule'"
    if not isinstance(alarms, (list, tuple)):
        yield f"'on_alarm' must be a list of cloudwatch.IAlarm, got {described(alarms)}"
    else:
        yield from (
            f"'on_alarm[{index}]' must be a cloudwatch.IAlarm, got {described(alarm)}"
            for index, alarm in enumerate(alarms)
            if not has(alarm, "alarm_arn")
        )
    if data is None:
        return
    if not isinstance(data, NewData):
        yield f"'on_new_data' must be a NewData, got {described(data)}"
        return
    wrong = list(data._problems())
    yield from wrong
    if wrong or not isinstance(job, OwnedJob):
        return
    (_, training), *_ = job._facts.channels
    if training._is_uploaded:
        yield (
            "'on_new_data' does not fit a job whose 'training_data' is an asset: the same bytes would be learned from "
            "again; give the job Channel.from_bucket"
        )
        return
    watched, output = Channel.from_bucket(data.bucket, data.prefix), job._facts.output
    yield from problems_with_output("'job.output'", output, [("'on_new_data'", watched)], why=_ENDLESS)
    yield from problems_with_watched(job, watched, output)
    read = training._prefix_in(data.bucket)
    if read is None:
        yield (
            "'on_new_data' is another bucket than the job's 'training_data', or the job reads a manifest: nothing new "
            "is read"
        )
    elif not is_token(read) and not is_token(data.prefix) and not data.prefix.startswith(read):
        yield (
            f"'on_new_data.prefix' is '{data.prefix}', and the job's 'training_data' is below '{read}': what "
            "comes elsewhere is not learned from"
        )


_ENDLESS: Final = "what a run writes would start the next, for ever"


def _timeout_problems(timeout: object, job: object) -> Iterator[str]:
    if timeout is None:
        return
    if not isinstance(timeout, cdk.Duration):
        yield f"'timeout' must be a Duration, got {described(timeout)}"
        return
    seconds = known_seconds(timeout)
    if seconds is None:
        yield "'timeout' must be known when the app is synthesized, so it cannot be a token"
    elif not _SHORTEST <= seconds <= _LONGEST or seconds != int(seconds):
        yield f"'timeout' must be whole seconds from 5 minutes to 30 days, got {number(seconds)}"
    elif isinstance(job, OwnedJob) and job._facts.max_runtime is not None and seconds < job._facts.max_runtime:
        yield (
            f"'timeout' is {number(seconds)} seconds, but the job's 'completion_criteria.max_runtime' lets it run "
            f"{number(job._facts.max_runtime)}: wait longer, or let the job end sooner"
        )


def _registry_problems(group: object, status: object) -> Iterator[str]:
    yield from value_problems(status, ApprovalStatus | None, is_token=is_token, path="approval_status")
    if is_token(status):
        yield f"'approval_status' decides what the function may do, so it cannot be a token: {listed(ApprovalStatus)}"
    if group is None:
        if status is not None:
            yield "'approval_status' needs 'register_in'"
    elif not isinstance(group, str) or not group:
        yield (
            "'register_in' must be a model package group: its name, its ARN or a CfnModelPackageGroup, got "
            f"{described(group)}"
        )
    else:
        yield from value_problems(group, GroupName, is_token=is_token, path="register_in")


def _promotion_problems(endpoint: object, job: object, stack: cdk.Stack) -> Iterator[str]:
    if endpoint is None:
        return
    if not isinstance(endpoint, AutoMLEndpoint):
        yield f"'promotes' must be an AutoMLEndpoint of this app, got {described(endpoint)}"
        return
    if endpoint._served_job is not job:
        yield "'promotes' serves another job than 'job': the model in service and the challenger would not compare"
    if stack_of(endpoint) is not stack:
        yield "'promotes' is of another stack than the retraining: define both in one"
    if isinstance(job, OwnedJob) and "AutoMLJobName" in job._facts.spec[1]:  # type: ignore[index]
        yield (
            "'job' has a 'job_name', and the model's role may read that job's folder alone: leave it out, so that each "
            "job gets a fresh name"
        )
    if endpoint._promoted_by is not None:
        yield (
            f"'promotes' is promoted by '{endpoint._promoted_by}' already: two would take the endpoint from each "
            "other; give one retraining all the triggers"
        )


def _ceiling_problems(most: object) -> Iterator[str]:
    if is_token(most) or isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= _MOST_RUNS:
        yield f"'max_runs_per_month' must be a whole number from 1 to {_MOST_RUNS}, got {described(most)}"


def _holdout_problems(holdout: object, job: object, gate: object, watched: object) -> Iterator[str]:
    if holdout is None:
        return
    if not isinstance(holdout, Holdout):
        yield f"'evaluate_on' must be a Holdout, got {described(holdout)}; use Holdout.from_bucket"
        return
    known = job._facts if isinstance(job, OwnedJob) else None
    objective = None if known is None else known.objective
    metric = gate.metric if isinstance(gate, QualityGate) and gate.metric is not None else objective
    yield from holdout._problems(known, metric, watched if isinstance(watched, NewData) else None)


def _warnings(schedule: object, job: OwnedJob) -> dict[str, str]:
    (_, training), *_ = job._facts.channels
    if schedule is None or not training._is_uploaded:
        return {}
    return {
        "schedule_asset": (
            "'schedule' trains on 'training_data' that is an asset: the same bytes each time until the app is deployed "
            "again; give the job Channel.from_bucket"
        )
    }


# The buckets


def _emptied(bucket: Any) -> list[IDependable]:
    """What empties a bucket when the stack goes: the document is read until its last user is gone."""
    node = getattr(bucket, "node", None)
    emptying = None if node is None else node.try_find_child(_EMPTYING)
    return [] if emptying is None else [emptying]


_EMPTYING: Final = "AutoDeleteObjectsCustomResource"
"""The child of a bucket with `auto_delete_objects`."""


def turn_on(retraining: Construct, bucket: s3.IBucket) -> None:
    """Have a bucket of the app send its events to EventBridge, without further resources; of another one say how."""
    name = facts(bucket).name
    resource: Any = bucket.node.default_child
    if not has(resource, "add_property_override"):
        shown = "the bucket" if is_token(name) else f"'{name}'"
        warn(retraining, {"bucket_events": _IMPORTED.format(name=shown)})
        return
    if bucket.node.try_find_child(_NOTIFICATIONS) is not None:
        bucket.enable_event_bridge_notification()
        return
    resource.add_property_override("NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", True)  # noqa: FBT003
    retraining.node.add_validation(_TurnedOff(retraining, bucket))


_IMPORTED: Final = (
    "'on_new_data' watches {name}, which this app does not make: its events must go to EventBridge. See to it where it "
    "is made, with event_bridge_enabled=True, or in the console under Properties, Amazon EventBridge"
)


@jsii.implements(IValidation)
class _TurnedOff:
    """Tells when the CDK's own notifications came later: they write the whole setting, and turn EventBridge off."""

    def __init__(self, retraining: Construct, bucket: s3.IBucket) -> None:
        self._retraining = retraining
        self._bucket = bucket

    def validate(self) -> list[str]:
        """Nothing is wrong with the template; what it does is."""
        if self._bucket.node.try_find_child(_NOTIFICATIONS) is not None:
            warn(self._retraining, {"bucket_notifications": _BOTH})
        return []


_BOTH: Final = (
    "the bucket of 'on_new_data' got notifications after the retraining was defined, and the CDK's resource for "
    "them turns EventBridge off again: define them before the retraining, or call the bucket's "
    "enable_event_bridge_notification()"
)
