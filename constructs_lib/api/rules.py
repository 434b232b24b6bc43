"""What the fields of a request say of each other; botocore's model does not know it, so each rule has its source.

A rule is a function from the facts of a job to sentences. A value that is only known at deploy time is `UNKNOWN`, and a
rule that meets one says nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from .enums import (
    Algorithm,
    ChannelType,
    Compression,
    ContentType,
    FeatureType,
    Metric,
    Mode,
    ProblemType,
    S3DataType,
)
from .fields import hint, listed

API = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/"
GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/"


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "only known at deploy time"


UNKNOWN: Final = Unknown.UNKNOWN

METRICS: Mapping[ProblemType, tuple[Metric, ...]] = {
    ProblemType.REGRESSION: (Metric.MAE, Metric.MSE, Metric.R2, Metric.RMSE),
    ProblemType.BINARY_CLASSIFICATION: (
        Metric.ACCURACY,
        Metric.AUC,
        Metric.BALANCED_ACCURACY,
        Metric.F1,
        Metric.PRECISION,
        Metric.RECALL,
    ),
    ProblemType.MULTICLASS_CLASSIFICATION: (
        Metric.ACCURACY,
        Metric.BALANCED_ACCURACY,
        Metric.F1_MACRO,
        Metric.PRECISION_MACRO,
        Metric.RECALL_MACRO,
    ),
}

ALGORITHMS: Mapping[Mode, tuple[Algorithm, ...]] = {
    Mode.ENSEMBLING: (
        Algorithm.CATBOOST,
        Algorithm.EXTRA_TREES,
        Algorithm.FASTAI,
        Algorithm.LIGHTGBM,
        Algorithm.LINEAR_LEARNER,
        Algorithm.NN_TORCH,
        Algorithm.RANDOMFOREST,
        Algorithm.XGBOOST,
    ),
    Mode.HYPERPARAMETER_TUNING: (Algorithm.LINEAR_LEARNER, Algorithm.MLP, Algorithm.XGBOOST),
}

MAX_OUTPUT_PATH: Final = 512
"""Characters of an output path: the service's validation. botocore's model says 1024, which is S3Uri's own limit."""

DOUBTFUL_OUTPUT_PATH: Final = 128
"""Above this the pages of boto3 and the CLI disagree with the API's."""


@dataclass(frozen=True, kw_only=True)
class ChannelFacts:
    """What the rules know of a channel."""

    data_type: S3DataType | Unknown
    channel_type: ChannelType | Unknown | None
    compression: Compression | Unknown | None
    content_type: str | Unknown | None
    target: str | Unknown
    sample_weight: str | Unknown | None


@dataclass(frozen=True, kw_only=True)
class JobFacts:
    """What the rules know of a job, whichever call makes it."""

    name: Callable[[str], str]
    """What the caller calls a prop, in quotes."""

    channels: tuple[ChannelFacts, ...]
    output_path: str | Unknown
    problem_type: ProblemType | Unknown | None
    objective: Metric | str | Unknown | None
    mode: Mode | Unknown | None
    algorithms: tuple[Algorithm | Unknown, ...]
    features: Mapping[str, str] | None
    validation_fraction: float | Unknown | None
    max_runtime_per_training_job: float | Unknown | None
    max_runtime: float | Unknown | None
    candidate_definitions_only: bool | Unknown | None
    deploys: bool
    auto_endpoint_name: bool | Unknown | None
    endpoint_name: str | Unknown | None


@dataclass(frozen=True)
class Findings:
    """What is wrong, and what is doubtful."""

    errors: list[str]
    warnings: dict[str, str]
    """By the name of the rule, under which a user can acknowledge it."""


@dataclass(frozen=True)
class Rule:
    """A rule with its source and its weight."""

    check: Callable[[JobFacts], Iterator[str]]
    source: str
    severity: Literal["error", "warning"]


RULES: list[Rule] = []


def rule(
    source: str, *, severity: Literal["error", "warning"] = "error"
) -> Callable[..., Callable[..., Iterator[str]]]:
    """Add a function to the rules."""

    def add(check: Callable[[JobFacts], Iterator[str]]) -> Callable[[JobFacts], Iterator[str]]:
        RULES.append(Rule(check, source, severity))
        return check

    return add


def judge(job: JobFacts) -> Findings:
    """Hold a job against all rules. Each of its fields must be sound by itself."""
    errors: list[str] = []
    warnings: dict[str, str] = {}
    for each in RULES:
        said = list(each.check(job))
        if each.severity == "error":
            errors += said
        elif said:
            warnings[each.check.__name__] = "; ".join(said)
    return Findings(errors, warnings)


# ---------------------------------------------------------------------------------------------- what to learn, and how


@rule(API + "API_AutoMLJobObjective.html")
def metric_fits_problem_type(job: JobFacts) -> Iterator[str]:
    """Each problem type has its own metrics."""
    if isinstance(job.problem_type, Unknown) or job.problem_type is None or job.objective not in set(Metric):
        return
    allowed = METRICS[ProblemType(job.problem_type)]
    if job.objective not in allowed:
        yield (
            f"{job.name('objective')} must be one of {listed(allowed)} for {job.name('problem_type')} "
            f"'{job.problem_type}', got '{job.objective}'"
        )


@rule(API + "API_AutoMLJobObjective.html")
def metric_is_one_of_tabular_jobs(job: JobFacts) -> Iterator[str]:
    """Metrics of forecasting and the like fit no tabular problem type, not even an unknown one."""
    tabular = {metric for metrics in METRICS.values() for metric in metrics}
    if job.objective in set(Metric) - tabular:
        allowed = listed(sorted(tabular))
        yield f"{job.name('objective')} must be a metric of tabular jobs ({allowed}), got '{job.objective}'"


@rule(API + "API_AutoMLJobObjective.html", severity="warning")
def metric_is_known(job: JobFacts) -> Iterator[str]:
    """AWS keeps adding metrics, so an unknown one passes; it may also be a slip."""
    if isinstance(job.objective, str) and job.objective not in set(Metric):
        guess = hint(job.objective, Metric)
        yield f"{job.name('objective')} '{job.objective}' is no metric that this version knows{guess}"


@rule(API + "API_CreateAutoMLJob.html")
def objective_and_problem_type_go_together(job: JobFacts) -> Iterator[str]:
    """The V1 page says what follows from the problem type; V2's (`TabularJobConfig`) that it is both or neither."""
    if (job.objective is None) != (job.problem_type is None):
        given, missing = ("objective", "problem_type") if job.objective is not None else ("problem_type", "objective")
        yield f"give {job.name(given)} and {job.name(missing)} together or neither, got {job.name(given)} alone"


@rule(API + "API_AutoMLAlgorithmConfig.html")
def algorithms_fit_mode(job: JobFacts) -> Iterator[str]:
    """Each mode has its own algorithms; without a mode, or with AUTO, none may be named."""
    if not job.algorithms or isinstance(job.mode, Unknown):
        return
    if job.mode is None or job.mode not in ALGORITHMS:
        given = "no mode" if job.mode is None else f"'{job.mode}'"
        yield f"{job.name('algorithms')} needs {job.name('mode')} {_either(ALGORITHMS)}, got {given}"
        return
    allowed = ALGORITHMS[job.mode]
    if wrong := [
        algorithm for algorithm in job.algorithms if not isinstance(algorithm, Unknown) and algorithm not in allowed
    ]:
        yield (
            f"{job.name('algorithms')} must be among {listed(allowed)} for {job.name('mode')} '{job.mode}', "
            f"got {listed(wrong)}"
        )


@rule(API + "API_AutoMLAlgorithmConfig.html")
def algorithms_are_distinct(job: JobFacts) -> Iterator[str]:
    """The same algorithm twice is a slip."""
    known = [algorithm for algorithm in job.algorithms if not isinstance(algorithm, Unknown)]
    if twice := sorted({algorithm for algorithm in known if known.count(algorithm) > 1}):
        yield f"{job.name('algorithms')} must be distinct, got {listed(twice)} more than once"


@rule(API + "API_AutoMLChannel.html")
def sample_weights_need_ensembling(job: JobFacts) -> Iterator[str]:
    """Sample weights are read in ENSEMBLING mode only."""
    weighted = any(channel.sample_weight is not None for channel in job.channels)
    if weighted and job.mode not in (Mode.ENSEMBLING, UNKNOWN):
        given = "no mode" if job.mode is None else f"'{job.mode}'"
        yield f"{job.name('sample_weight_attribute')} needs {job.name('mode')} '{Mode.ENSEMBLING}', got {given}"


@rule(API + "API_AutoMLChannel.html")
def sample_weight_is_not_the_target(job: JobFacts) -> Iterator[str]:
    """A column cannot be both."""
    channel = job.channels[0]
    if isinstance(channel.sample_weight, str) and channel.sample_weight == channel.target:
        yield (
            f"{job.name('sample_weight_attribute')} must differ from {job.name('target_attribute')}, "
            f"got '{channel.target}' for both"
        )


# ------------------------------------------------------------------------------------------------------------ the data


@rule(API + "API_AutoMLS3DataSource.html")
def augmented_manifests_are_not_for_this_call(job: JobFacts) -> Iterator[str]:
    """AugmentedManifestFile: "available for V2 API jobs only", and there for image classification."""
    for prop, channel in _channels(job):
        if channel.data_type == S3DataType.AUGMENTED_MANIFEST_FILE:
            yield (
                f"{prop} must be '{S3DataType.S3_PREFIX}' or '{S3DataType.MANIFEST_FILE}', got '{channel.data_type}': "
                "augmented manifests are for image classification with AutoMLJobV2"
            )


@rule(API + "API_AutoMLChannel.html")
def content_is_csv_or_parquet(job: JobFacts) -> Iterator[str]:
    """Tabular jobs read CSV with a header, or Parquet."""
    for prop, channel in _channels(job):
        if isinstance(channel.content_type, str) and channel.content_type not in set(ContentType):
            yield f"the content type of {prop} must be {_either(ContentType)}, got '{channel.content_type}'"


@rule(API + "API_AutoMLChannel.html")
def gzip_needs_a_prefix(job: JobFacts) -> Iterator[str]:
    """Gzip is for tabular data under an S3 prefix."""
    for prop, channel in _channels(job):
        if channel.compression == Compression.GZIP and channel.data_type == S3DataType.MANIFEST_FILE:
            yield (
                f"the compression of {prop} can be '{Compression.GZIP}' with '{S3DataType.S3_PREFIX}' only, "
                f"got '{channel.data_type}'"
            )


@rule(API + "API_AutoMLChannel.html", severity="warning")
def parquet_compresses_itself(job: JobFacts) -> Iterator[str]:
    """A gzipped Parquet file is no format that the service documents."""
    for prop, channel in _channels(job):
        if channel.compression == Compression.GZIP and channel.content_type == ContentType.PARQUET:
            yield (
                f"{prop} is Parquet and '{Compression.GZIP}': Parquet compresses its columns itself, "
                "and the service may not read it"
            )


@rule(API + "API_CreateAutoMLJob.html")
def channels_share_content_type_and_target(job: JobFacts) -> Iterator[str]:
    """Two channels must have the same content type and target."""
    if len(job.channels) != 2:
        return
    training, validation = job.channels
    for what, one, other in (
        ("content type", training.content_type or ContentType.CSV, validation.content_type or ContentType.CSV),
        (f"target ({job.name('target_attribute')})", training.target, validation.target),
    ):
        if UNKNOWN not in (one, other) and one != other:
            yield (
                f"{job.name('training_data')} and {job.name('validation_data')} must have the same {what}, "
                f"got '{one}' and '{other}'"
            )


@rule(API + "API_AutoMLChannel.html")
def channels_are_one_of_each(job: JobFacts) -> Iterator[str]:
    """One channel is for training; of two the other is for validation."""
    kinds = [channel.channel_type or ChannelType.TRAINING for channel in job.channels]
    if UNKNOWN in kinds:
        return
    if kinds not in ([ChannelType.TRAINING], [ChannelType.TRAINING, ChannelType.VALIDATION]):
        yield (
            f"{job.name('training_data')} must be of channel type '{ChannelType.TRAINING}' and "
            f"{job.name('validation_data')} of '{ChannelType.VALIDATION}', got {listed(kinds)}"
        )


@rule(API + "API_AutoMLDataSplitConfig.html")
def split_or_validation_channel(job: JobFacts) -> Iterator[str]:
    """The fraction splits the training data; with a validation channel there is nothing to split."""
    if job.validation_fraction is not None and len(job.channels) > 1:
        yield f"give {job.name('validation_fraction')} or {job.name('validation_data')}, not both"


@rule(API + "API_AutoMLDataSplitConfig.html")
def fraction_leaves_both_parts(job: JobFacts) -> Iterator[str]:
    """Greater than 0 and less than 1; botocore's model includes both ends."""
    if isinstance(job.validation_fraction, (int, float)) and not 0 < job.validation_fraction < 1:
        yield f"{job.name('validation_fraction')} must be more than 0 and less than 1, got {job.validation_fraction}"


@rule(API + "API_AutoMLDataSplitConfig.html", severity="warning")
def fraction_is_below_half(job: JobFacts) -> Iterator[str]:
    """Less than 0.5 is recommended."""
    if isinstance(job.validation_fraction, (int, float)) and 0.5 <= job.validation_fraction < 1:
        yield (
            f"{job.name('validation_fraction')} should be less than 0.5, got {job.validation_fraction}: "
            "most of the data would not train"
        )


@rule(GUIDE + "autopilot-datasets-problem-types.html")
def features_leave_out_the_target(job: JobFacts) -> Iterator[str]:
    """The target is no feature."""
    target = job.channels[0].target
    if job.features is not None and isinstance(target, str) and target in job.features:
        yield f"{job.name('features')} must not name the target '{target}'"


@rule(API + "API_AutoMLCandidateGenerationConfig.html")
def feature_types_fit_mode(job: JobFacts) -> Iterator[str]:
    """HYPERPARAMETER_TUNING knows sequences, ENSEMBLING does not."""
    if job.features is None or job.mode != Mode.ENSEMBLING:
        return
    if sequences := [name for name, kind in job.features.items() if kind == FeatureType.SEQUENCE]:
        yield (
            f"{job.name('features')} of type '{FeatureType.SEQUENCE}' need {job.name('mode')} "
            f"'{Mode.HYPERPARAMETER_TUNING}', got '{job.mode}' and {listed(sequences)}"
        )


# ------------------------------------------------------------------------------------------ output, budget, deployment


@rule(API + "API_AutoMLOutputDataConfig.html")
def output_path_is_short_enough(job: JobFacts) -> Iterator[str]:
    """At most 512 characters."""
    if isinstance(job.output_path, str) and len(job.output_path) > MAX_OUTPUT_PATH:
        yield f"{job.name('output')} must be a URI of at most {MAX_OUTPUT_PATH} characters, got {len(job.output_path)}"


@rule("https://docs.aws.amazon.com/cli/latest/reference/sagemaker/create-auto-ml-job.html", severity="warning")
def output_path_is_short_enough_for_all_pages(job: JobFacts) -> Iterator[str]:
    """Some of AWS's pages say 128."""
    if isinstance(job.output_path, str) and DOUBTFUL_OUTPUT_PATH < len(job.output_path) <= MAX_OUTPUT_PATH:
        yield (
            f"{job.name('output')} is a URI of {len(job.output_path)} characters: some AWS pages allow "
            f"{DOUBTFUL_OUTPUT_PATH} only, so the service may refuse it"
        )


@rule(API + "API_AutoMLJobCompletionCriteria.html", severity="warning")
def job_outlasts_its_training_jobs(job: JobFacts) -> Iterator[str]:
    """No relation is documented, but a training job longer than the whole job makes no sense."""
    one, whole = job.max_runtime_per_training_job, job.max_runtime
    if isinstance(one, (int, float)) and isinstance(whole, (int, float)) and one > whole:
        yield (
            f"{job.name('completion_criteria.max_runtime_per_training_job')} ({one:g} s) exceeds "
            f"{job.name('completion_criteria.max_runtime')} ({whole:g} s)"
        )


@rule(API + "API_ModelDeployConfig.html")
def endpoint_is_named_or_auto_named(job: JobFacts) -> Iterator[str]:
    """Exactly one of the two, else the service answers 400."""
    if not job.deploys or UNKNOWN in (job.auto_endpoint_name, job.endpoint_name):
        return
    if bool(job.auto_endpoint_name) == (job.endpoint_name is not None):
        given = "both" if job.auto_endpoint_name else "neither"
        yield (
            f"give either {job.name('model_deploy_config.endpoint_name')} or "
            f"{job.name('model_deploy_config.auto_generate_endpoint_name')} as True, got {given}"
        )


@rule(API + "API_CreateAutoMLJob.html", severity="warning")
def definitions_have_nothing_to_deploy(job: JobFacts) -> Iterator[str]:
    """Candidate definitions are notebooks; no model comes of them."""
    if job.deploys and job.candidate_definitions_only is True:
        yield (
            f"{job.name('model_deploy_config')} has nothing to deploy: "
            f"{job.name('generate_candidate_definitions_only')} trains no model"
        )


def _channels(job: JobFacts) -> Iterator[tuple[str, ChannelFacts]]:
    return zip((job.name("training_data"), job.name("validation_data")), job.channels, strict=False)


def _either(values: Iterator[str] | type[ContentType] | Mapping[Mode, object]) -> str:
    return " or ".join(f"'{value}'" for value in values)
