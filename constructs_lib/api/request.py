"""The requests themselves, and what is wrong with one."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar

from . import rules  # noqa: F401 - fills the rulebook
from .enums import Algorithm, Metric, Mode, ProblemType
from .fields import Api, IsToken, PendingUri, Shape, Words, fields_of, has, is_sound, problems, seconds_of
from .problem import Problem
from .problem_types import AnyProblem, Tabular
from .rulebook import UNKNOWN, ChannelFacts, Findings, JobFacts, Unknown, judge
from .shapes import (
    AutoMLChannel,
    AutoMLJobChannel,
    CompletionCriteria,
    JobName,
    KmsKeyId,
    ModelDeployConfig,
    RoleArn,
    S3Uri,
    SecurityConfig,
    Tag,
)

S = TypeVar("S", bound=Shape)

_CHANNELS = ("training_data", "validation_data")


@dataclass(frozen=True, kw_only=True)
class JobRequest(Shape):
    """What both requests have, under the same names."""

    OPERATION: ClassVar[str]

    channels: Sequence[AutoMLJobChannel]
    s3_output_path: Annotated[S3Uri, Api("OutputDataConfig.S3OutputPath", prop="output")]
    role_arn: Annotated[RoleArn, Api("RoleArn", prop="role")]
    output_kms_key_id: Annotated[KmsKeyId | None, Api("OutputDataConfig.KmsKeyId", prop="output.encryption_key")] = None
    job_name: Annotated[JobName | None, Api("AutoMLJobName")] = None
    objective: Annotated[Metric | str | None, Api("AutoMLJobObjective.MetricName")] = None
    tags: Annotated[Sequence[Tag] | None, Api("Tags", max_items=50)] = None
    model_deploy_config: Annotated[ModelDeployConfig | None, Api("ModelDeployConfig")] = None

    @property
    def settings(self) -> Shape:
        """The shape that holds what the problem is and how it is searched."""
        raise TypeError(type(self).__name__)


@dataclass(frozen=True, kw_only=True)
class CreateAutoMLJob(JobRequest):
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJob.html."""

    OPERATION: ClassVar[str] = "CreateAutoMLJob"

    channels: Annotated[Sequence[AutoMLChannel], Api("InputDataConfig", item_props=_CHANNELS, min_items=1, max_items=2)]
    problem_type: Annotated[ProblemType | None, Api("ProblemType")] = None
    mode: Annotated[Mode | None, Api("AutoMLJobConfig.Mode")] = None
    algorithms: Annotated[
        Sequence[Algorithm] | None,
        Api("AutoMLJobConfig.CandidateGenerationConfig.AlgorithmsConfig[0].AutoMLAlgorithms", max_items=11),
    ] = None
    features: Annotated[
        PendingUri | S3Uri | None, Api("AutoMLJobConfig.CandidateGenerationConfig.FeatureSpecificationS3Uri")
    ] = None
    completion_criteria: Annotated[CompletionCriteria | None, Api("AutoMLJobConfig.CompletionCriteria")] = None
    validation_fraction: Annotated[
        float | None, Api("AutoMLJobConfig.DataSplitConfig.ValidationFraction", at_least=0, at_most=1)
    ] = None
    security_config: Annotated[SecurityConfig | None, Api("AutoMLJobConfig.SecurityConfig", prop="")] = None
    generate_candidate_definitions_only: Annotated[bool | None, Api("GenerateCandidateDefinitionsOnly")] = None

    @property
    def settings(self) -> Shape:
        """The request itself: V1 knows tabular problems only, and has their settings at the top."""
        return self


@dataclass(frozen=True, kw_only=True)
class CreateAutoMLJobV2(JobRequest):
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJobV2.html."""

    OPERATION: ClassVar[str] = "CreateAutoMLJobV2"

    channels: Annotated[
        Sequence[AutoMLJobChannel], Api("AutoMLJobInputDataConfig", item_props=_CHANNELS, min_items=1, max_items=2)
    ]
    problem: Annotated[AnyProblem, Api("AutoMLProblemTypeConfig")]
    validation_fraction: Annotated[float | None, Api("DataSplitConfig.ValidationFraction", at_least=0, at_most=1)] = (
        None
    )
    security_config: Annotated[SecurityConfig | None, Api("SecurityConfig", prop="")] = None
    emr_serverless_role_arn: Annotated[
        RoleArn | None,
        Api("AutoMLComputeConfig.EmrServerlessComputeConfig.ExecutionRoleARN", prop="emr_serverless_role"),
    ] = None

    @property
    def settings(self) -> Shape:
        """The problem."""
        return self.problem


def facts(
    request: CreateAutoMLJob | CreateAutoMLJobV2, features: Mapping[str, str] | None, is_token: IsToken, words: Words
) -> JobFacts:
    """What the rules read off a request; a token, and what is wrong by itself, becomes `UNKNOWN`."""
    read = _Reader(is_token)
    settings = request.settings
    problem = type(settings) if isinstance(settings, Problem) else Tabular
    own = {name: read(settings, name) for name in _own_props(problem)}
    channels = _those(AutoMLJobChannel, request.channels)
    column_shapes = [c for c in channels if isinstance(c, AutoMLChannel)] if settings is request else [settings]
    return JobFacts(
        name=lambda prop: words.name_of(type(request), prop, problem),
        problem=problem,
        settings=own,
        columns=tuple(dict.fromkeys(column for shape in column_shapes for column in _roles(shape, problem, read))),
        channels=tuple(
            ChannelFacts(
                data_type=read(channel, "s3_data_type"),
                channel_type=read(channel, "channel_type"),
                compression=read(channel, "compression"),
                content_type=read(channel, "content_type"),
                target=read(channel, "target_attribute"),
            )
            for channel in channels
        ),
        output_path=read(request, "s3_output_path"),
        problem_type=own.get("problem_type"),
        objective=read(request, "objective"),
        mode=own.get("mode"),
        algorithms=own.get("algorithms"),
        features=features,
        validation_fraction=read(request, "validation_fraction"),
        max_candidates=read(settings, "completion_criteria", "max_candidates"),
        max_runtime_per_training_job=read(settings, "completion_criteria", "max_runtime_per_training_job"),
        max_runtime=read(settings, "completion_criteria", "max_runtime"),
        candidate_definitions_only=own.get("generate_candidate_definitions_only"),
        emr_serverless=read(request, "emr_serverless_role_arn") is not None,
        deploys=request.model_deploy_config is not None,
        auto_endpoint_name=read(request, "model_deploy_config", "auto_generate_endpoint_name"),
        endpoint_name=read(request, "model_deploy_config", "endpoint_name"),
        tag_keys=tuple(read(tag, "key") for tag in _those(Tag, request.tags)),
    )


def _own_props(problem: type[Problem]) -> list[str]:
    return [field.name for field in fields_of(problem) if not issubclass(field.kind.type, Shape)]


def _roles(shape: Shape, problem: type[Problem], read: "_Reader") -> Iterator[tuple[str, str | Unknown]]:
    """The columns to which a shape gives a part of their own."""
    for prop in problem._ROLES:
        named = read(shape, prop)
        yield from (
            (prop, column) for column in (named if isinstance(named, tuple) else (named,)) if column is not None
        )


class _Reader:
    """Reads values off a shape, by the fields on the way to them."""

    def __init__(self, is_token: IsToken) -> None:
        self._is_token = is_token

    def __call__(self, shape: Shape, name: str, *names: str) -> Any:
        """The value; None if it is not set or the shape has no such field, `UNKNOWN` if it cannot be judged."""
        field = next((field for field in fields_of(type(shape)) if field.name == name), None)
        if field is None:
            return None
        value: Any = getattr(shape, name)
        if value is None:
            return UNKNOWN if field.required else None
        if names:
            of_its_type = isinstance(value, Shape) and isinstance(value, field.kind.type)
            return self(value, *names) if of_its_type else UNKNOWN
        return self._known(value) if is_sound(value, field.kind, self._is_token) else UNKNOWN

    def _known(self, value: Any) -> Any:
        if self._is_token(value):
            return UNKNOWN
        if isinstance(value, Mapping):
            if any(self._is_token(key) for key in value):  # what an entry is of is not known
                return UNKNOWN
            return {key: self._known(item) for key, item in value.items()}
        if isinstance(value, (tuple, list)):
            return tuple(self._known(item) for item in value)
        if has(value, "to_seconds"):
            return self._known(seconds_of(value))
        return value


def _those(kind: type[S], values: object) -> list[S]:
    """The items of a list that are of a type; what else there is, `problems` says."""
    return [value for value in values if isinstance(value, kind)] if isinstance(values, (tuple, list)) else []


def findings(
    request: CreateAutoMLJob | CreateAutoMLJobV2,
    *,
    features: Mapping[str, str] | None = None,
    is_token: IsToken,
    words: Words = Words.PROPS,
) -> Findings:
    """Everything that is wrong with a request, and what surely is a mistake although the service would take it.

    Args:
        request: The request.
        features: The columns of its feature specification with their types, when they are known.
        is_token: Tells a value that is only known at deploy time; it is not judged.
        words: Whose names to use: the props', or the API's own.
    """
    mistakes = problems(request, is_token=is_token, words=words)
    if not isinstance(request.settings, (AnyProblem, CreateAutoMLJob)):
        return Findings(mistakes, {})  # the rules are those of a problem
    judged = judge(facts(request, features, is_token, words))
    return Findings(list(dict.fromkeys([*mistakes, *judged.errors])), judged.warnings)


def not_s3(request: CreateAutoMLJob | CreateAutoMLJobV2, is_token: IsToken = lambda _: False) -> list[str]:
    """The URIs that the API takes although they do not tell the bucket, which the constructs have to know."""
    settings, member = request.settings, type(request.settings)
    named = {"output": request.s3_output_path, "features": getattr(settings, "features", None)}
    uris = {Words.WIRE.name_of(type(request), prop, member): uri for prop, uri in named.items()}
    for index, channel in enumerate(_those(AutoMLJobChannel, request.channels)):
        list_path = Words.WIRE.name_of(type(request), "training_data").strip("'").removesuffix("[0]")
        uris[f"'{list_path}[{index}].DataSource.S3DataSource.S3Uri'"] = channel.s3_uri
    return [
        f"{path} must be an s3:// URI, whose bucket can be told, got '{uri}'"
        for path, uri in uris.items()
        if isinstance(uri, str) and not is_token(uri) and not uri.startswith("s3://")
    ]


def no_roles(request: CreateAutoMLJob | CreateAutoMLJobV2, is_token: IsToken = lambda _: False) -> list[str]:
    """The ARNs that the API's pattern takes although they name no role, which the constructs have to know."""
    roles = {"role": request.role_arn, "emr_serverless_role": getattr(request, "emr_serverless_role_arn", None)}
    return [
        f"{Words.WIRE.name_of(type(request), prop)} must name a role after 'role/', got '{arn}'"
        for prop, arn in roles.items()
        if isinstance(arn, str) and not is_token(arn) and not re.search(":role/.*[^/]$", arn)
    ]
