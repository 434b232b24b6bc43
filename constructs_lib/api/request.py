"""The requests themselves, and what is wrong with one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar

from .enums import ProblemType
from .fields import Api, IsToken, Shape, Words, fields_of, is_sound, problems, seconds_of
from .rules import UNKNOWN, ChannelFacts, Findings, JobFacts, judge
from .shapes import (
    AutoMLChannel,
    AutoMLJobConfig,
    JobName,
    ModelDeployConfig,
    Objective,
    OutputDataConfig,
    RoleArn,
    Tag,
)

S = TypeVar("S", bound=Shape)


@dataclass(frozen=True, kw_only=True)
class CreateAutoMLJob(Shape):
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJob.html."""

    OPERATION: ClassVar[str] = "CreateAutoMLJob"

    input_data_config: Annotated[
        tuple[AutoMLChannel, ...],
        Api("InputDataConfig", item_props=("training_data", "validation_data"), min_items=1, max_items=2),
    ]
    output_data_config: Annotated[OutputDataConfig, Api("OutputDataConfig", prop="output")]
    role_arn: Annotated[RoleArn, Api("RoleArn", prop="role")]
    job_name: Annotated[JobName | None, Api("AutoMLJobName")] = None
    problem_type: Annotated[ProblemType | None, Api("ProblemType")] = None
    objective: Annotated[Objective | None, Api("AutoMLJobObjective")] = None
    job_config: Annotated[AutoMLJobConfig | None, Api("AutoMLJobConfig", prop="")] = None
    generate_candidate_definitions_only: Annotated[bool | None, Api("GenerateCandidateDefinitionsOnly")] = None
    tags: Annotated[tuple[Tag, ...] | None, Api("Tags", max_items=50)] = None
    model_deploy_config: Annotated[ModelDeployConfig | None, Api("ModelDeployConfig")] = None

    def facts(self, features: Mapping[str, str] | None, is_token: IsToken, words: Words) -> JobFacts:
        """What the rules read off this request; a token, and what is wrong by itself, becomes `UNKNOWN`."""
        read = _Reader(is_token)
        criteria = ("job_config", "completion_criteria")
        generation = ("job_config", "candidate_generation_config")
        algorithms = read(self, *generation, "algorithms_config")
        return JobFacts(
            name=lambda prop: words.name_of(type(self), prop),
            channels=tuple(
                ChannelFacts(
                    data_type=read(channel, "data_source", "s3_data_source", "s3_data_type"),
                    channel_type=read(channel, "channel_type"),
                    compression=read(channel, "compression"),
                    content_type=read(channel, "content_type"),
                    target=read(channel, "target_attribute"),
                    sample_weight=read(channel, "sample_weight_attribute"),
                )
                for channel in _those(AutoMLChannel, self.input_data_config)
            ),
            output_path=read(self, "output_data_config", "s3_output_path"),
            problem_type=read(self, "problem_type"),
            objective=read(self, "objective", "metric_name"),
            mode=read(self, "job_config", "mode"),
            algorithms=read(algorithms[0], "algorithms") if isinstance(algorithms, tuple) and algorithms else None,
            features=features,
            validation_fraction=read(self, "job_config", "data_split_config", "validation_fraction"),
            max_runtime_per_training_job=read(self, *criteria, "max_runtime_per_training_job"),
            max_runtime=read(self, *criteria, "max_runtime"),
            candidate_definitions_only=read(self, "generate_candidate_definitions_only"),
            deploys=self.model_deploy_config is not None,
            auto_endpoint_name=read(self, "model_deploy_config", "auto_generate_endpoint_name"),
            endpoint_name=read(self, "model_deploy_config", "endpoint_name"),
            tag_keys=tuple(read(tag, "key") for tag in _those(Tag, self.tags)),
        )


class _Reader:
    """Reads one value off a shape, by the fields on the way to it."""

    def __init__(self, is_token: IsToken) -> None:
        self._is_token = is_token

    def __call__(self, shape: Shape, name: str, *names: str) -> Any:
        """The value; None if it is not set, `UNKNOWN` if it cannot be judged."""
        field = next(field for field in fields_of(type(shape)) if field.name == name)
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
        if isinstance(value, (tuple, list)):
            return tuple(self._known(item) for item in value)
        if hasattr(value, "to_seconds"):
            return self._known(seconds_of(value))
        return value


def _those(kind: type[S], values: object) -> list[S]:
    """The items of a list that are of a type; what else there is, `problems` says."""
    return [value for value in values if isinstance(value, kind)] if isinstance(values, (tuple, list)) else []


def findings(
    request: CreateAutoMLJob,
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
    judged = judge(request.facts(features, is_token, words))
    return Findings(list(dict.fromkeys([*mistakes, *judged.errors])), judged.warnings)
