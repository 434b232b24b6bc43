"""`AutoMLJob` and `AutoMLJobV2`: an Amazon SageMaker Autopilot job as a resource of a stack."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, Unpack, cast

from ..access.security import Security, selection_of
from ..api import shapes
from ..api.fields import Malformed, Words, fields_of, raise_if_any
from ..api.migration import v2_request
from ..api.problem import Problem
from ..api.problem_types import AnyProblem, Tabular
from ..api.request import CreateAutoMLJob, CreateAutoMLJobV2
from ..keywords import spelled_out
from ..tokens import place
from .owned import OwnedJob
from .plan import Bound, Plan
from .props import JobProps, RequestProps
from .requested import judged, loaded, plan_of_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from aws_cdk import aws_iam as iam
    from constructs import Construct

    from ..api.enums import Algorithm, ChannelType, Metric, Mode, ProblemType
    from ..api.shapes import CompletionCriteria
    from ..data.channels import BoundChannel, Channel
    from ..data.features import FeatureSpecification
    from ..data.output import OutputLocation


def _kinds_with(name: str) -> str:
    """The problems of V2 that have a field of that name, as one writes it."""
    kinds: Sequence[type[Problem]] = AnyProblem.__args__
    having = [kind.__name__ for kind in kinds if name in {field.name for field in fields_of(kind)}]
    return "problem=" + " or ".join(f"{kind}({name}=...)" for kind in having) if having else ""


def _elsewhere_than_v1(name: str) -> str:
    """Where a keyword belongs that `AutoMLJob` does not take."""
    if name == "problem":
        return ": what a Tabular holds is given here by itself, as target_attribute=...; AutoMLJobV2 takes a problem"
    if name == "emr_serverless_role":
        return ": AutoMLJobV2 takes it"
    kinds = _kinds_with(name)
    return f": AutoMLJobV2 takes it, in {kinds}" if kinds else ""


def _elsewhere_than_v2(name: str) -> str:
    """Where a keyword belongs that `AutoMLJobV2` does not take."""
    kinds = _kinds_with(name)
    return f": it belongs to the problem, {kinds}" if kinds else ""


class AutoMLJob(OwnedJob):
    """An Amazon SageMaker Autopilot job on tabular data (`CreateAutoMLJob`).

    The job starts when the stack is deployed; the deployment does not wait for it. A change to anything but tags trains
    a new job, and the old one is stopped if it still runs. When the job is removed from the stack, or the stack goes,
    it is stopped and what its one-click deployment made is deleted.

    Example:
        ```python
        AutoMLJob(
            stack, "Churn",
            training_data=Channel.from_bucket(bucket, "churn/train/"),
            target_attribute="churned",
            mode=Mode.ENSEMBLING,
        )
        ```

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJob.html
    """

    _request_type = CreateAutoMLJob

    @spelled_out(JobProps, _elsewhere_than_v1, revision="1")
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        training_data: Channel,
        target_attribute: str,
        sample_weight_attribute: str | None = None,
        problem_type: ProblemType | None = None,
        objective: Metric | str | None = None,
        mode: Mode | None = None,
        algorithms: Sequence[Algorithm] | None = None,
        features: FeatureSpecification | None = None,
        completion_criteria: CompletionCriteria | None = None,
        generate_candidate_definitions_only: bool | None = None,
        **props: Unpack[JobProps],
    ) -> None:
        """Define a job.

        Args:
            scope: Where the job lives.
            construct_id: Its id there; generated job names begin with the stack's name and this id.
            training_data: What to learn from: CSV with a header, or Parquet; at least 500 rows, below 100 GB. A local
                CSV file of up to 8 MiB is read as the engine of `mode` reads it: a training that would fail or be
                wasted is refused by `synth` until its warning is acknowledged, see docs/warnings.md.
            target_attribute: The column to predict. Rows without a value in it are left out.
            sample_weight_attribute: The column with the weight of each row, 1 to 256 letters, digits, `_` and `-`;
                it needs `mode=Mode.ENSEMBLING`. Default: all rows weigh the same.
            problem_type: What kind of prediction; goes together with `objective`. Default: the service infers it, each
                mode by a rule of its own; where a local target is unclear to it, `synth` asks for this prop.
            objective: What to optimize; must fit `problem_type`. Default: the service chooses (MSE, F1 or Accuracy).
            mode: How to search. Name one: it decides what can be asked of the job and what serves its candidates, one
                container (ENSEMBLING) or several in a row (HYPERPARAMETER_TUNING), and how data are read: `NA` is a
                missing label for the first, and a class for the second. Default: the service takes
                HYPERPARAMETER_TUNING, however small the data are.
            algorithms: What to train, distinct, and fitting `mode`, which must be named. Default: all of the mode.
            features: The columns to learn from and their types. Default: all columns, and the service infers the types.
            completion_criteria: When to stop looking for better models. Default: the service's own limits.
            generate_candidate_definitions_only: Only write the notebooks with the candidates' definitions, train
                nothing. Default: train.

        Raises:
            ValueError: with everything that is wrong with the props and the local data, each in the props' own names.
        """

        def request(bound: Bound) -> CreateAutoMLJob:
            return CreateAutoMLJob(
                channels=[
                    shapes.AutoMLChannel(
                        target_attribute=target_attribute,
                        sample_weight_attribute=sample_weight_attribute,
                        **_channel(channel, channel_type, Tabular),
                    )
                    for channel, channel_type in bound.channels()
                ],
                problem_type=problem_type,
                objective=objective,
                mode=mode,
                algorithms=algorithms,
                features=bound.features_uri,
                completion_criteria=completion_criteria,
                generate_candidate_definitions_only=generate_candidate_definitions_only,
                **_common(props, bound),
            )

        plan = Plan(
            training=training_data,
            features=features,
            request_type=CreateAutoMLJob,
            request=request,
            problem=Tabular,
            columns=[
                ("target_attribute", target_attribute),
                ("sample_weight_attribute", sample_weight_attribute),
            ],
            **_parts(props),
        )
        super().__init__(scope, construct_id, plan)


class AutoMLJobV2(OwnedJob):
    """An Amazon SageMaker Autopilot job on any problem that it knows (`CreateAutoMLJobV2`).

    It lives as `AutoMLJob` does: started by the deployment, replaced by a change, stopped when it is removed.

    Example:
        ```python
        AutoMLJobV2(
            stack, "Demand",
            problem=TimeSeriesForecasting(
                target_attribute="sold", timestamp_attribute="day", item_identifier_attribute="article",
                forecast_frequency="1D", forecast_horizon=14,
            ),
            training_data=Channel.from_bucket(bucket, "demand/"),
        )
        ```

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJobV2.html
    """

    _request_type = CreateAutoMLJobV2

    @classmethod
    @spelled_out(RequestProps, revision="1")
    def from_v1_request(
        cls,
        scope: Construct,
        construct_id: str,
        request: Mapping[str, Any] | str | Path,
        **props: Unpack[RequestProps],
    ) -> Self:
        """A job from the request of a V1 job: the same job, made by V2.

        Args:
            scope: Where the job lives.
            construct_id: Its id there.
            request: The input of `create_auto_ml_job` as a dict, as JSON text, or the path of a JSON file.

        Raises:
            ValueError: the request is no JSON, or no V1 request; with everything that is wrong.

        See https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-create-experiment.html
        """
        place(cls.__name__, scope, construct_id)
        what = f"the V1 request of '{construct_id}'"
        given = loaded(request, what, props["role"])
        judged(CreateAutoMLJob, given, what)  # in the words of what was given
        try:
            translated = v2_request(given)
        except Malformed as malformed:
            raise_if_any(malformed.problems, what)
            raise
        plan = plan_of_request(
            CreateAutoMLJobV2, translated, construct_id, role=props["role"], revision=props["revision"]
        )
        return cls._planned(scope, construct_id, plan)

    @spelled_out(JobProps, _elsewhere_than_v2, revision="1")
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        problem: AnyProblem,
        training_data: Channel,
        objective: Metric | str | None = None,
        emr_serverless_role: iam.IRole | None = None,
        **props: Unpack[JobProps],
    ) -> None:
        """Define a job.

        Args:
            scope: Where the job lives.
            construct_id: Its id there; generated job names begin with the stack's name and this id.
            problem: What to learn: `Tabular`, `ImageClassification`, `TextClassification`, `TimeSeriesForecasting` or
                `TextGeneration`.
            training_data: What to learn from, in a format and place that the problem takes.
            objective: What to optimize; must fit the problem, and with `Tabular` goes together with its `problem_type`.
                Default: the service chooses.
            emr_serverless_role: The role for large data on EMR Serverless; it must trust
                `emr-serverless.amazonaws.com`. AWS says of it: for SageMaker Canvas only, at the moment; so it comes
                with a warning. Default: no EMR Serverless.

        Raises:
            ValueError: with everything that is wrong with the props and the local data, each in the props' own names.
        """
        known = isinstance(problem, Problem)
        kind = type(problem) if known else Problem
        features = getattr(problem, "features", None)

        def request(bound: Bound) -> CreateAutoMLJobV2:
            return CreateAutoMLJobV2(
                channels=[
                    shapes.AutoMLJobChannel(**_channel(channel, channel_type, kind))
                    for channel, channel_type in bound.channels()
                ],
                problem=problem if features is None else replace(cast("Tabular", problem), features=bound.features_uri),
                objective=objective,
                emr_serverless_role_arn=None if emr_serverless_role is None else emr_serverless_role.role_arn,
                **_common(props, bound),
            )

        plan = Plan(
            training=training_data,
            features=features,
            emr_serverless_role=emr_serverless_role,
            request_type=CreateAutoMLJobV2,
            request=request,
            problem=kind,
            columns=list(problem._columns()) if known else (),
            **_parts(props),
        )
        super().__init__(scope, construct_id, plan)


def _parts(props: JobProps) -> dict[str, Any]:
    """The parts of a job that both kinds of job have alike."""
    return {
        "validation": props["validation_data"],
        "output": props["output"],
        "role": props["role"],
        "role_arn": None,
        "security": Security(
            volume_encryption_key=props["volume_encryption_key"],
            encrypt_inter_container_traffic=props["encrypt_inter_container_traffic"],
            vpc=props["vpc"],
            vpc_subnets=selection_of(props["vpc_subnets"]),
            security_groups=props["security_groups"],
        ),
        "job_name": props["job_name"],
        "deploy": props["model_deploy_config"],
        "revision": props["revision"],
        "tags": {},
        "words": Words.PROPS,
    }


def _common(props: JobProps, bound: Bound) -> dict[str, Any]:
    """The members that both requests have alike."""
    return {
        "s3_output_path": bound.output_uri,
        "output_kms_key_id": _key_of(props["output"]),
        "role_arn": bound.role_arn,
        "job_name": props["job_name"],
        "validation_fraction": props["validation_fraction"],
        "security_config": bound.security,
        "model_deploy_config": props["model_deploy_config"],
    }


def _channel(channel: BoundChannel, channel_type: ChannelType, problem: type[Problem]) -> dict[str, Any]:
    """What both kinds of channel are made of."""
    return {
        "s3_data_type": channel.s3_data_type,
        "s3_uri": channel.s3_uri,
        "channel_type": channel_type,
        "compression": channel.compression,
        "content_type": channel.content_type or problem._CONTENT_TYPES[0],
    }


def _key_of(output: OutputLocation | None) -> str | None:
    """The key of the output; the bucket's own is named too, or the service may take another one in its place."""
    return output._key.key_arn if output and output._key else None
