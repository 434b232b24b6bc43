"""What is given odd values: every public constructor, factory, dataclass and method, with a sound call of it."""

import enum
import inspect
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

import constructs_lib as library
from constructs_lib import public

from ..constructs.synthesis import data_bucket

Props = dict[str, Any]

_TABLE: Final = "x,y\n" + "".join(f"{row % 7},{row % 2}\n" for row in range(500))


@cache
def folder() -> Path:
    """Local files that are sound, one for each kind of data."""
    made = Path(tempfile.mkdtemp(prefix="fuzz-"))
    (made / "table.csv").write_text(_TABLE, encoding="utf-8")
    (made / "manifest.json").write_text('[{"prefix": "s3://data-bucket/"}, "a.csv"]', encoding="utf-8")
    return made


class World:
    """An app with one stack, and what a call needs to be sound; each part is made when it is first asked for."""

    def __init__(self, env: cdk.Environment | None = None) -> None:
        self.app = cdk.App()
        self.stack = cdk.Stack(self.app, "Stack", env=env)
        self.made = 0

    def fresh_id(self) -> str:
        """An id that is not taken."""
        self.made += 1
        return f"Made{self.made}"

    @cached_property
    def bucket(self) -> s3.IBucket:
        return data_bucket(self.stack)

    @cached_property
    def role(self) -> iam.IRole:
        return iam.Role(self.stack, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))

    @cached_property
    def key(self) -> kms.IKey:
        return kms.Key(self.stack, "Key")

    @cached_property
    def topic(self) -> sns.ITopic:
        return sns.Topic(self.stack, "Topic", master_key=self.key)

    @cached_property
    def vpc(self) -> ec2.IVpc:
        return ec2.Vpc(self.stack, "Vpc", max_azs=1, nat_gateways=0)

    @cached_property
    def alarm(self) -> cloudwatch.IAlarm:
        return cloudwatch.Alarm.from_alarm_arn(
            self.stack, "Alarm", "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:found"
        )

    @cached_property
    def parameter(self) -> cdk.CfnParameter:
        return cdk.CfnParameter(self.stack, "Parameter")

    @cached_property
    def channel(self) -> library.Channel:
        return library.Channel.from_bucket(self.bucket, "train/")

    @cached_property
    def output(self) -> library.OutputLocation:
        return library.OutputLocation.from_bucket(self.bucket, "models/")

    @cached_property
    def job(self) -> library.AutoMLJob:
        return library.AutoMLJob(self.stack, "Job", **_job(self))

    @cached_property
    def outcome(self) -> library.AutoMLJobOutcome:
        return library.AutoMLJobOutcome(self.stack, "Outcome", job=self.job)

    @cached_property
    def endpoint(self) -> library.AutoMLEndpoint:
        return library.AutoMLEndpoint(self.stack, "Endpoint", **_endpoint(self))


def _job(world: World) -> Props:
    return {
        "training_data": world.channel,
        "target_attribute": "y",
        "mode": library.Mode.ENSEMBLING,
        "output": world.output,
    }


def _job_v2(world: World) -> Props:
    return {
        "training_data": world.channel,
        "problem": library.Tabular(target_attribute="y", mode=library.Mode.ENSEMBLING),
        "output": world.output,
    }


def _another_stack(world: World) -> Props:
    """A stack where the stack is, with a provider."""
    here = world.stack
    is_known = not cdk.Token.is_unresolved(here.account)
    env = cdk.Environment(account=here.account, region=here.region) if is_known else None
    scope = cdk.Stack(world.app, world.fresh_id(), env=env)
    library.AutoMLProvider.of(scope)
    return {"scope": scope}


def _endpoint(world: World) -> Props:
    return {"outcome": world.outcome, "serving": library.RealTime(instance_type="ml.m5.large")}


def _serve(world: World, **props: Any) -> None:
    library.AutoMLEndpoint(world.stack, world.fresh_id(), **{**_endpoint(world), **props})


def _request(world: World) -> Props:
    return {
        "AutoMLJobInputDataConfig": [
            {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data-bucket/x"}}}
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://data-bucket/out"},
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}},
        "RoleArn": "arn:aws:iam::123456789012:role/TheRole",
    }


def _request_v1(world: World) -> Props:
    return {
        "InputDataConfig": [
            {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data-bucket/x"}},
                "TargetAttributeName": "y",
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://data-bucket/out"},
        "RoleArn": "arn:aws:iam::123456789012:role/TheRole",
    }


_BESIDES: Final = {
    "content_type": "content type",
    "compression": "gzip-compressed",
    "cross_stack_scope": "scope",
    "data_prefix": "does not lie below",
    "id_or_target": "construct_id|target",
    "metric": "at_least|at_most",
    "path": "there is no file|the name of|is no|is empty|cannot be read",
}
"""What a message may call a prop, where that is not its name: what is wrong shows in the job that reads the data."""

Use = Callable[[World, Any], object]


@dataclass(frozen=True)
class Subject:
    """Something public that takes props."""

    of: Callable[..., Any]
    """What is called; its signature has the props."""

    given: Callable[[World], Props] = field(default=lambda _: {})
    """The props of a call that is sound, apart from where a construct lives."""

    use: Use | None = None
    """What becomes of the result, where it is judged only when something takes it."""

    on: Callable[[World], Any] | None = None
    """Whose method it is."""

    besides: Mapping[str, str] = field(default_factory=lambda: _BESIDES)
    """What a message may call a prop, where that is not its name."""

    def props(self) -> list[str]:
        """The names of what it takes."""
        parameters = list(inspect.signature(self.of).parameters.values())
        names = [each.name for each in parameters if each.kind is not inspect.Parameter.VAR_POSITIONAL]
        return [name for name in names if name not in ("self", "scope")]

    def call(self, world: World, name: str | None = None, value: object = None) -> None:
        """Call it with sound props, but for one."""
        parameters = inspect.signature(self.of).parameters
        given = self.given(world)
        if "scope" in parameters:
            given.setdefault("scope", world.stack)
        if "construct_id" in parameters and name != "id_or_target":
            given["construct_id"] = world.fresh_id()
        if name is not None:
            given[name] = value
        first = [] if self.on is None else [self.on(world)]
        first += [given.pop("id_or_target")] if "id_or_target" in given else []
        result = self.of(*first, **given)
        if self.use is not None:
            self.use(world, result)


def _in_job(prop: str) -> Use:
    return lambda world, made: library.AutoMLJob(world.stack, world.fresh_id(), **{**_job(world), prop: made})


def _as_problem(world: World, made: Any) -> object:
    return library.AutoMLJobV2(world.stack, world.fresh_id(), **{**_job_v2(world), "problem": made})


def _as_images(world: World, made: Any) -> object:
    props = {**_job_v2(world), "problem": library.ImageClassification(), "training_data": made}
    return library.AutoMLJobV2(world.stack, world.fresh_id(), **props)


def _bucket_and(**props: Any) -> Callable[[World], Props]:
    return lambda world: {"bucket": world.bucket, **props}


def _scaling(**props: Any) -> Callable[[World], Props]:
    return lambda _: {"min_capacity": 1, "max_capacity": 4, **props}


def _as_scaling(world: World, made: Any) -> None:
    _serve(world, serving=library.RealTime(instance_type="ml.m5.large", auto_scaling=made))


def _as_schedule(world: World, made: Any) -> None:
    _as_scaling(world, library.AutoScaling(min_capacity=1, max_capacity=4, schedules=[made]))


def _as_policy(world: World, made: Any) -> None:
    _serve(world, serving=library.RealTime(instance_type="ml.m5.large", instance_count=4), deployment_policy=made)


def _alarmed(world: World, made: Any) -> object:
    return made.create_alarm(world.stack, world.fresh_id(), threshold=1, evaluation_periods=1)


def _wait(seconds: int) -> Callable[[World], Props]:
    return lambda _: {"percent": 20, "wait_interval": cdk.Duration.seconds(seconds)}


def _transform(world: World) -> Props:
    return {"data": library.Channel.from_bucket(world.bucket, "ask/"), "instance_type": "ml.m5.large"}


def _group(_: World) -> Props:
    return {"model_package_group": "group"}


def _outcome_of(world: World) -> Props:
    return {"outcome": world.outcome}


def _text(*_: World) -> Props:
    return {"content_column": "text", "target_label_column": "label"}


def _series(_: World) -> Props:
    return {
        "target_attribute": "y",
        "timestamp_attribute": "when",
        "item_identifier_attribute": "item",
        "forecast_frequency": "1D",
        "forecast_horizon": 7,
    }


def _target(world: World) -> Props:
    return {"target": world.topic}


def _grantee(world: World) -> Props:
    return {"grantee": world.role}


def _provider(world: World) -> library.AutoMLProvider:
    return library.AutoMLProvider.of(world.stack)


def _methods(cls: type, on: Callable[[World], Any], beginning: str, **more: Any) -> Iterator[Subject]:
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        if name.startswith(beginning):
            yield Subject(method, on=on, **more)


def _retraining(world: World) -> Props:
    return {"job": world.job, "max_runs_per_month": 3}


def _made_retraining(world: World) -> library.AutoMLRetraining:
    return library.AutoMLRetraining(world.stack, world.fresh_id(), job=world.job, max_runs_per_month=3)


def _as_new_data(world: World, made: library.NewData) -> None:
    retraining = library.AutoMLRetraining(
        world.stack, world.fresh_id(), job=world.job, max_runs_per_month=3, on_new_data=made
    )
    assert retraining


def _as_holdout(world: World, made: library.Holdout) -> None:
    retraining = library.AutoMLRetraining(
        world.stack, world.fresh_id(), job=world.job, max_runs_per_month=3, evaluate_on=made
    )
    assert retraining


def _metrics(cls: type, on: Callable[[World], Any]) -> Iterator[Subject]:
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        if name.startswith("metric"):
            named = {"metric_name": "JobDuration" if cls is library.AutoMLJob else "Invocations"}
            given = partial(_copied, named if name == "metric" else {})
            yield Subject(method, on=on, given=given, use=_alarmed)


def _copied(props: Props, _: World) -> Props:
    return {**props}


METRIC_OPTIONS: Final = ("statistic", "period", "label", "color")

SUBJECTS: Final[list[Subject]] = [
    Subject(library.AutoMLJob, _job),
    Subject(library.AutoMLJob.from_job_name, lambda _: {"job_name": "found"}),
    Subject(library.AutoMLJob.from_job_arn, lambda _: {"job_arn": "arn:aws:sagemaker:r:123456789012:automl-job/x"}),
    Subject(library.AutoMLJob.from_request, lambda world: {"request": _request_v1(world)}),
    Subject(library.AutoMLJobV2, _job_v2),
    Subject(library.AutoMLJobV2.from_request, lambda world: {"request": _request(world)}),
    Subject(library.AutoMLJobV2.from_v1_request, lambda world: {"request": _request_v1(world)}),
    Subject(library.Tabular, lambda _: {"target_attribute": "y", "mode": library.Mode.ENSEMBLING}, _as_problem),
    Subject(library.ImageClassification, use=lambda world, made: _as_problem_of(world, made, "image/")),
    Subject(library.TextClassification, _text, _as_problem),
    Subject(library.TextGeneration, use=_as_problem),
    Subject(library.TimeSeriesForecasting, _series, _as_problem),
    Subject(library.CompletionCriteria, use=_in_job("completion_criteria")),
    Subject(library.ModelDeployConfig, lambda _: {"endpoint_name": "served"}, _in_job("model_deploy_config")),
    Subject(library.ModelDeployConfig.named, lambda _: {"endpoint_name": "served"}, _in_job("model_deploy_config")),
    Subject(
        library.Channel.from_asset,
        lambda _: {"path": folder() / "table.csv"},
        _in_job("training_data"),
    ),
    Subject(library.Channel.from_bucket, _bucket_and(prefix="train/"), _in_job("training_data")),
    Subject(library.Channel.from_manifest, _bucket_and(key="m", data_prefix="d/"), _in_job("training_data")),
    Subject(library.Channel.from_augmented_manifest, _bucket_and(key="m", data_prefix="d/"), _as_images),
    Subject(
        library.Channel.from_manifest_asset,
        lambda world: {"path": folder() / "manifest.json", "bucket": world.bucket, "data_prefix": ""},
        lambda world, made: library.AutoMLJob(
            world.stack,
            world.fresh_id(),
            target_attribute="y",
            training_data=made,
        ),
    ),
    Subject(library.FeatureSpecification.of, lambda _: {"features": ["x"]}, _in_job("features")),
    Subject(library.FeatureSpecification.from_bucket, _bucket_and(key="f.json"), _in_job("features")),
    Subject(library.OutputLocation.from_bucket, _bucket_and(prefix="models/"), _in_job("output")),
    Subject(
        library.OutputLocation.new_bucket, lambda _: {"removal_policy": cdk.RemovalPolicy.DESTROY}, _in_job("output")
    ),
    Subject(library.OutputLocation.grant_read, _grantee, on=lambda world: world.output),
    Subject(library.AutoMLJobOutcome, lambda world: {"job": world.job}),
    Subject(
        library.QualityGate,
        lambda _: {"at_least": 0.5},
        lambda world, made: library.AutoMLJobOutcome(world.stack, world.fresh_id(), job=world.job, quality_gate=made),
    ),
    Subject(library.AutoMLTransform, lambda world: {**_outcome_of(world), **_transform(world)}),
    Subject(library.AutoMLJobOutcome.transform, _transform, on=lambda world: world.outcome),
    Subject(
        library.AutoMLTransform.grant_read_output,
        _grantee,
        on=lambda world: world.outcome.transform(world.fresh_id(), **_transform(world)),
    ),
    Subject(library.AutoMLModelPackage, lambda world: {**_outcome_of(world), **_group(world)}),
    Subject(library.AutoMLJobOutcome.register, _group, on=lambda world: world.outcome),
    Subject(library.AutoMLEndpoint, _endpoint),
    Subject(library.AutoMLEndpoint.from_endpoint_name, lambda _: {"endpoint_name": "found"}),
    Subject(
        library.AutoMLEndpoint.from_endpoint_arn,
        lambda _: {"endpoint_arn": "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/found"},
    ),
    Subject(
        library.AutoMLEndpoint.add_rollback_alarm, lambda world: {"alarm": world.alarm}, on=lambda world: world.endpoint
    ),
    Subject(
        library.RealTime,
        lambda _: {"instance_type": "ml.m5.large"},
        lambda world, made: _serve(world, serving=made),
    ),
    Subject(library.Serverless, use=lambda world, made: _serve(world, serving=made)),
    Subject(
        library.Asynchronous,
        lambda world: {"instance_type": "ml.m5.large", "output": library.OutputLocation.from_bucket(world.bucket, "a")},
        lambda world, made: _serve(world, serving=made),
    ),
    Subject(
        library.DataCapture,
        lambda world: {"destination": library.OutputLocation.from_bucket(world.bucket, "seen")},
        lambda world, made: _serve(world, data_capture=made),
    ),
    Subject(library.AutoScaling, _scaling(invocations_per_instance=100), _as_scaling),
    Subject(
        library.ScalingSchedule,
        lambda _: {"schedule": scaling.Schedule.cron(hour="8", minute="0"), "min_capacity": 2},
        _as_schedule,
    ),
    Subject(library.DeploymentPolicy.all_at_once, use=_as_policy),
    Subject(library.DeploymentPolicy.canary, _wait(60), _as_policy),
    Subject(library.DeploymentPolicy.linear, _wait(60), _as_policy),
    Subject(library.DeploymentPolicy.rolling, _wait(60), _as_policy),
    *_methods(library.AutoMLEndpoint, lambda world: world.endpoint, "alarm_5xx"),
    *_methods(library.AutoMLEndpoint, lambda world: world.endpoint, "alarm_no_invocations"),
    Subject(
        library.AutoMLEndpoint.alarm_latency,
        lambda _: {"threshold": cdk.Duration.seconds(1)},
        on=lambda world: world.endpoint,
    ),
    Subject(library.AutoMLEndpoint.grant_invoke, _grantee, on=lambda world: world.endpoint),
    *_metrics(library.AutoMLEndpoint, lambda world: world.endpoint),
    Subject(library.AutoMLRetraining, _retraining),
    Subject(library.NewData, _bucket_and(prefix="train/"), _as_new_data),
    Subject(library.Holdout.from_bucket, _bucket_and(key="holdout.csv"), _as_holdout),
    Subject(library.Holdout.from_asset, lambda _: {"path": folder() / "table.csv"}, _as_holdout),
    Subject(library.AutoMLRetraining.grant_start, _grantee, on=_made_retraining),
    Subject(library.AutoMLRetraining.dashboard, on=_made_retraining),
    Subject(library.AutoMLRetraining.widgets, on=_made_retraining),
    *_metrics(library.AutoMLRetraining, _made_retraining),
    *_methods(library.AutoMLRetraining, _made_retraining, "alarm_"),
    *_methods(library.AutoMLJob, lambda world: world.job, "on_", given=_target),
    *_methods(library.AutoMLJob, lambda world: world.job, "grant_", given=_grantee),
    *_metrics(library.AutoMLJob, lambda world: world.job),
    Subject(library.AutoMLProvider.configure, on=_provider),
    Subject(library.AutoMLProvider.configure_all, _another_stack),
]


def _as_problem_of(world: World, made: Any, prefix: str) -> None:
    channel = library.Channel.from_bucket(world.bucket, prefix)
    library.AutoMLJobV2(world.stack, world.fresh_id(), problem=made, training_data=channel)


def name_of(subject: Subject) -> str:
    """What a subject is called in a report."""
    return subject.of.__qualname__


WITHOUT_PROPS: Final = frozenset({"auto_named", "grant", "of", "start_after"})
"""Methods that take no props: a scope, any number of things, or nothing."""

MADE_BY_FACTORIES: Final = (library.Channel, library.FeatureSpecification, library.Holdout, library.OutputLocation)
MADE_BY_FACTORIES_TOO: Final = (library.DeploymentPolicy, library.AutoMLProvider)


def public_callables() -> Iterator[Callable[..., Any]]:
    """Whatever of the public names takes props: constructors, dataclasses, factories and methods."""
    for name in public.__all__:
        cls = getattr(public, name)
        if not isinstance(cls, type):  # CHAMPION
            continue
        if issubclass(cls, enum.Enum) or getattr(cls, "_is_protocol", False):
            continue
        if cls not in (*MADE_BY_FACTORIES, *MADE_BY_FACTORIES_TOO):
            yield cls
        for own, member in inspect.getmembers(cls, callable):
            module = getattr(member, "__module__", None) or ""
            if own.startswith("_") or own in WITHOUT_PROPS or not module.startswith("constructs_lib"):
                continue
            yield member


def dumped(value: object) -> str:
    """A value as JSON, for comparisons."""
    return json.dumps(value, sort_keys=True, default=str)
