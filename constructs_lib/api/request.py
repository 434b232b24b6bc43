"""The requests themselves, and what is wrong with one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from .enums import ProblemType
from .fields import Api, IsToken, Seconds, Shape, Words, problems
from .rules import UNKNOWN, ChannelFacts, Findings, JobFacts, judge
from .shapes import (
    AutoMLChannel,
    AutoMLJobConfig,
    CandidateGenerationConfig,
    CompletionCriteria,
    DataSplitConfig,
    JobName,
    ModelDeployConfig,
    Objective,
    OutputDataConfig,
    RoleArn,
    Tag,
)


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
        """What the rules read off this request; a token becomes `UNKNOWN`."""

        def known(value: object) -> Any:
            return UNKNOWN if is_token(value) else value

        config = self.job_config or AutoMLJobConfig()
        criteria = config.completion_criteria or CompletionCriteria()
        generation = config.candidate_generation_config or CandidateGenerationConfig()
        split = config.data_split_config or DataSplitConfig()
        return JobFacts(
            name=lambda prop: words.name_of(type(self), prop),
            channels=tuple(
                ChannelFacts(
                    data_type=known(channel.data_source.s3_data_source.s3_data_type),
                    channel_type=known(channel.channel_type),
                    compression=known(channel.compression),
                    content_type=known(channel.content_type),
                    target=known(channel.target_attribute),
                    sample_weight=known(channel.sample_weight_attribute),
                )
                for channel in self.input_data_config
            ),
            output_path=known(self.output_data_config.s3_output_path),
            problem_type=known(self.problem_type),
            objective=known(self.objective.metric_name) if self.objective else None,
            mode=known(config.mode),
            algorithms=tuple(
                known(algorithm) for entry in generation.algorithms_config or () for algorithm in entry.algorithms
            ),
            features=features,
            validation_fraction=known(split.validation_fraction),
            max_runtime_per_training_job=_seconds(criteria.max_runtime_per_training_job, known),
            max_runtime=_seconds(criteria.max_runtime, known),
            candidate_definitions_only=known(self.generate_candidate_definitions_only),
            deploys=self.model_deploy_config is not None,
            auto_endpoint_name=known(self.model_deploy_config and self.model_deploy_config.auto_generate_endpoint_name),
            endpoint_name=known(self.model_deploy_config and self.model_deploy_config.endpoint_name),
        )


def _seconds(span: Seconds | None, known: Callable[[object], Any]) -> Any:
    return None if span is None else known(span.to_seconds())


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
    if mistakes:  # a rule may assume that each field by itself is sound
        return Findings(errors=list(dict.fromkeys(mistakes)), warnings={})
    return judge(request.facts(features, is_token, words))
