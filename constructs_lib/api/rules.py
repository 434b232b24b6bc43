"""What the fields of a request say of each other; botocore's model does not know it, so each rule has its source.

A rule is a function from the facts of a job to sentences. A value that is only known at deploy time is `UNKNOWN`, and a
rule that meets one says nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
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
from .fields import hint, listed, number

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

MAX_RUNTIME: Final = 30 * 24 * 60 * 60
"""Seconds: the service's quota for a job."""


@dataclass(frozen=True, kw_only=True)
class ChannelFacts:
    """What the rules know of a channel. None: not set."""

    data_type: S3DataType | Unknown
    channel_type: ChannelType | Unknown | None
    compression: Compression | Unknown | None
    content_type: str | Unknown | None
    target: str | Unknown
    sample_weight: str | Unknown | None


@dataclass(frozen=True, kw_only=True)
class JobFacts:
    """What the rules know of a job, whichever call makes it. None: not set."""

    name: Callable[[str], str]
    """What the caller calls a prop, in quotes."""

    channels: tuple[ChannelFacts, ...]
    output_path: str | Unknown
    problem_type: ProblemType | Unknown | None
    objective: Metric | str | Unknown | None
    mode: Mode | Unknown | None
    algorithms: tuple[Algorithm | Unknown, ...] | Unknown | None
    features: Mapping[str, str] | None
    """Columns with their types, empty where the service decides; None also where they are not known."""

    validation_fraction: float | Unknown | None
    max_runtime_per_training_job: float | Unknown | None
    max_runtime: float | Unknown | None
    candidate_definitions_only: bool | Unknown | None
    deploys: bool
    auto_endpoint_name: bool | Unknown | None
    endpoint_name: str | Unknown | None
    tag_keys: tuple[str | Unknown, ...]


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
    props: tuple[str, ...]
    """The props that it speaks of, for the reference."""

    source: str
    severity: Literal["error", "warning"]

    @property
    def name(self) -> str:
        """What the rule is called."""
        return self.check.__name__


RULES: list[Rule] = []


def rule(
    *props: str, source: str, severity: Literal["error", "warning"] = "error"
) -> Callable[[Callable[[JobFacts], Iterator[str]]], Callable[[JobFacts], Iterator[str]]]:
    """Add a function to the rules."""

    def add(check: Callable[[JobFacts], Iterator[str]]) -> Callable[[JobFacts], Iterator[str]]:
        RULES.append(Rule(check, props, source, severity))
        return check

    return add


def judge(job: JobFacts) -> Findings:
    """Hold a job against all rules. A field that is wrong by itself is `UNKNOWN` to them."""
    errors: list[str] = []
    warnings: dict[str, str] = {}
    for each in RULES:
        said = list(each.check(job))
        if each.severity == "error":
            errors += said
        elif said:
            warnings[each.name] = "; ".join(said)
    return Findings(errors, warnings)


# ---------------------------------------------------------------------------------------------- what to learn, and how


@rule("objective", "problem_type", source=API + "API_AutoMLJobObjective.html")
def metric_fits_problem_type(job: JobFacts) -> Iterator[str]:
    """Each problem type has its own metrics; those of forecasting fit no tabular one, whichever it is."""
    if isinstance(job.problem_type, str):
        allowed = METRICS[job.problem_type]
        jobs = f"{job.name('problem_type')} '{job.problem_type}'"
    else:
        allowed = tuple(sorted({metric for metrics in METRICS.values() for metric in metrics}))
        jobs = "a tabular job"
    if job.objective in set(Metric) and job.objective not in allowed:
        yield f"{job.name('objective')} must be one of {listed(allowed)} for {jobs}, got '{job.objective}'"


@rule("objective", source=API + "API_AutoMLJobObjective.html", severity="warning")
def metric_is_known(job: JobFacts) -> Iterator[str]:
    """AWS keeps adding metrics, so an unknown one passes; it may also be a slip."""
    if isinstance(job.objective, str) and job.objective not in set(Metric):
        guess = hint(job.objective, Metric)
        yield f"{job.name('objective')} '{job.objective}' is no metric that this version knows{guess}"


@rule("objective", "problem_type", source=API + "API_TabularJobConfig.html")
def objective_and_problem_type_go_together(job: JobFacts) -> Iterator[str]:
    """Both or neither: so says V2's page, and AWS's SageMaker SDK holds V1 to it too."""
    if UNKNOWN in (job.objective, job.problem_type):
        return
    if (job.objective is None) != (job.problem_type is None):
        objective, problem_type = job.name("objective"), job.name("problem_type")
        given = objective if job.problem_type is None else problem_type
        yield f"give {objective} and {problem_type} together or neither, got {given} alone"


@rule("algorithms", "mode", source=API + "API_AutoMLAlgorithmConfig.html")
def algorithms_fit_mode(job: JobFacts) -> Iterator[str]:
    """Each mode has its own algorithms."""
    if not isinstance(job.mode, str) or job.mode not in ALGORITHMS:
        return
    allowed = ALGORITHMS[job.mode]
    if wrong := [algorithm for algorithm in _known_algorithms(job) if algorithm not in allowed]:
        yield (
            f"{job.name('algorithms')} must be among {listed(allowed)} for {job.name('mode')} '{job.mode}', "
            f"got {listed(wrong)}"
        )


@rule("algorithms", "mode", source=API + "API_AutoMLCandidateGenerationConfig.html")
def algorithms_need_a_mode(job: JobFacts) -> Iterator[str]:
    """Not to be set in AUTO mode, and without a mode there is nothing that they could belong to."""
    if isinstance(job.algorithms, tuple) and job.mode in (None, Mode.AUTO):
        yield f"{job.name('algorithms')} needs {job.name('mode')} {_either(ALGORITHMS)}, got {_or_no_mode(job.mode)}"


@rule("algorithms", source=API + "API_AutoMLAlgorithmConfig.html", severity="warning")
def algorithms_are_named(job: JobFacts) -> Iterator[str]:
    """An empty list means all, says `AutoMLCandidateGenerationConfig`; this page wants one at least."""
    if job.algorithms == ():
        yield (
            f"{job.name('algorithms')} is empty, which AWS's pages read in two ways: leave it out to train all "
            "algorithms of the mode"
        )


@rule("algorithms", source=API + "API_AutoMLAlgorithmConfig.html")
def algorithms_are_distinct(job: JobFacts) -> Iterator[str]:
    """The same algorithm twice is a slip."""
    known = _known_algorithms(job)
    if twice := sorted({algorithm for algorithm in known if known.count(algorithm) > 1}):
        yield f"{job.name('algorithms')} must be distinct, got {listed(twice)} more than once"


@rule("sample_weight_attribute", "mode", source=API + "API_AutoMLChannel.html")
def sample_weights_need_ensembling(job: JobFacts) -> Iterator[str]:
    """Sample weights are read in ENSEMBLING mode only."""
    weighted = any(isinstance(channel.sample_weight, str) for channel in job.channels)
    if weighted and job.mode not in (Mode.ENSEMBLING, UNKNOWN):
        yield (
            f"{job.name('sample_weight_attribute')} needs {job.name('mode')} '{Mode.ENSEMBLING}', "
            f"got {_or_no_mode(job.mode)}"
        )


@rule("sample_weight_attribute", "target_attribute", source=API + "API_AutoMLChannel.html")
def sample_weight_is_not_the_target(job: JobFacts) -> Iterator[str]:
    """A column cannot be both."""
    both = {channel.target for channel in job.channels if channel.target == channel.sample_weight} - {UNKNOWN}
    for column in sorted(both, key=str):
        yield (
            f"{job.name('sample_weight_attribute')} must differ from {job.name('target_attribute')}, "
            f"got '{column}' for both"
        )


# ------------------------------------------------------------------------------------------------------------ the data


@rule("training_data", "validation_data", source=API + "API_AutoMLS3DataSource.html")
def augmented_manifests_are_not_for_this_call(job: JobFacts) -> Iterator[str]:
    """AugmentedManifestFile: "available for V2 API jobs only", and there for image classification."""
    for prop, channel in _channels(job):
        if channel.data_type == S3DataType.AUGMENTED_MANIFEST_FILE:
            yield (
                f"the S3 data type of {prop} must be '{S3DataType.S3_PREFIX}' or '{S3DataType.MANIFEST_FILE}', "
                f"got '{channel.data_type}': augmented manifests are for image classification with AutoMLJobV2"
            )


@rule("training_data", "validation_data", source=API + "API_AutoMLChannel.html")
def content_is_csv_or_parquet(job: JobFacts) -> Iterator[str]:
    """Tabular jobs read CSV with a header, or Parquet."""
    for prop, channel in _channels(job):
        if isinstance(channel.content_type, str) and channel.content_type not in set(ContentType):
            yield f"the content type of {prop} must be {_either(ContentType)}, got '{channel.content_type}'"


@rule("training_data", "validation_data", source=API + "API_AutoMLJobChannel.html")
def gzip_needs_a_prefix(job: JobFacts) -> Iterator[str]:
    """Gzip is for tabular data under an S3 prefix."""
    for prop, channel in _channels(job):
        if channel.compression == Compression.GZIP and channel.data_type == S3DataType.MANIFEST_FILE:
            yield (
                f"the compression of {prop} can be '{Compression.GZIP}' with '{S3DataType.S3_PREFIX}' only, "
                f"got '{channel.data_type}'"
            )


@rule("training_data", "validation_data", source=API + "API_AutoMLChannel.html", severity="warning")
def parquet_compresses_itself(job: JobFacts) -> Iterator[str]:
    """A gzipped Parquet file is no format that the service documents."""
    for prop, channel in _channels(job):
        if channel.compression == Compression.GZIP and channel.content_type == ContentType.PARQUET:
            yield (
                f"{prop} is Parquet and '{Compression.GZIP}': Parquet compresses its columns itself, "
                "and the service may not read it"
            )


@rule("training_data", "validation_data", "target_attribute", source=API + "API_AutoMLChannel.html")
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


@rule("training_data", "validation_data", source=API + "API_AutoMLChannel.html")
def channels_are_one_of_each(job: JobFacts) -> Iterator[str]:
    """One channel is for training; of two the other is for validation, in any order."""
    kinds = [channel.channel_type or ChannelType.TRAINING for channel in job.channels]
    if UNKNOWN in kinds:
        return
    if len(kinds) == 1 and kinds != [ChannelType.TRAINING]:
        yield f"{job.name('training_data')} must be of channel type '{ChannelType.TRAINING}', got {listed(kinds)}"
    if len(kinds) == 2 and set(kinds) != set(ChannelType):
        yield (
            f"of {job.name('training_data')} and {job.name('validation_data')} one must be of channel type "
            f"'{ChannelType.TRAINING}' and one of '{ChannelType.VALIDATION}', got {listed(kinds)}"
        )


@rule("validation_fraction", "validation_data", source=API + "API_AutoMLDataSplitConfig.html")
def split_or_validation_channel(job: JobFacts) -> Iterator[str]:
    """The fraction splits the training data; with a validation channel there is nothing to split."""
    if isinstance(job.validation_fraction, (int, float)) and len(job.channels) > 1:
        yield f"give {job.name('validation_fraction')} or {job.name('validation_data')}, not both"


@rule("validation_fraction", source=API + "API_AutoMLDataSplitConfig.html")
def fraction_leaves_both_parts(job: JobFacts) -> Iterator[str]:
    """Greater than 0 and less than 1; botocore's model includes both ends."""
    if isinstance(job.validation_fraction, (int, float)) and not 0 < job.validation_fraction < 1:
        yield f"{job.name('validation_fraction')} must be more than 0 and less than 1, got {job.validation_fraction}"


@rule("validation_fraction", source=API + "API_AutoMLDataSplitConfig.html", severity="warning")
def fraction_is_below_half(job: JobFacts) -> Iterator[str]:
    """Less than 0.5 is recommended."""
    if isinstance(job.validation_fraction, (int, float)) and 0.5 <= job.validation_fraction < 1:
        yield (
            f"{job.name('validation_fraction')} should be less than 0.5, got {job.validation_fraction}: "
            "that leaves no more to train on than to validate with"
        )


@rule("features", "target_attribute", source=API + "API_AutoMLCandidateGenerationConfig.html")
def features_leave_out_the_target(job: JobFacts) -> Iterator[str]:
    """The target is no feature."""
    targets = {channel.target for channel in job.channels}
    for target in sorted(targets.intersection(job.features or ()), key=str):
        yield f"{job.name('features')} must not name the target '{target}' ({job.name('target_attribute')})"


@rule("features", "mode", source=API + "API_AutoMLCandidateGenerationConfig.html")
def feature_types_fit_mode(job: JobFacts) -> Iterator[str]:
    """HYPERPARAMETER_TUNING knows sequences, ENSEMBLING does not."""
    if job.features is None or job.mode != Mode.ENSEMBLING:
        return
    if sequences := [name for name, kind in job.features.items() if kind == FeatureType.SEQUENCE]:
        yield (
            f"{job.name('features')} of type '{FeatureType.SEQUENCE}' need {job.name('mode')} "
            f"'{Mode.HYPERPARAMETER_TUNING}', got '{job.mode}' and {listed(sequences)}"
        )


# ------------------------------------------------------------------------------------ output, budget, deployment, tags


@rule("output", source=API + "API_AutoMLOutputDataConfig.html")
def output_path_is_short_enough(job: JobFacts) -> Iterator[str]:
    """At most 512 characters."""
    if isinstance(job.output_path, str) and len(job.output_path) > MAX_OUTPUT_PATH:
        yield f"{job.name('output')} must be a URI of at most {MAX_OUTPUT_PATH} characters, got {len(job.output_path)}"


@rule(
    "output",
    source="https://docs.aws.amazon.com/cli/latest/reference/sagemaker/create-auto-ml-job.html",
    severity="warning",
)
def output_path_is_short_enough_for_all_pages(job: JobFacts) -> Iterator[str]:
    """Some of AWS's pages say 128."""
    if isinstance(job.output_path, str) and DOUBTFUL_OUTPUT_PATH < len(job.output_path) <= MAX_OUTPUT_PATH:
        yield (
            f"{job.name('output')} is a URI of {len(job.output_path)} characters: some AWS pages allow "
            f"{DOUBTFUL_OUTPUT_PATH} only, so the service may refuse it"
        )


@rule(
    "completion_criteria.max_runtime_per_training_job",
    "completion_criteria.max_runtime",
    source=API + "API_AutoMLJobCompletionCriteria.html",
    severity="warning",
)
def job_outlasts_its_training_jobs(job: JobFacts) -> Iterator[str]:
    """No relation is documented, but a training job longer than the whole job makes no sense."""
    one, whole = job.max_runtime_per_training_job, job.max_runtime
    if isinstance(one, (int, float)) and isinstance(whole, (int, float)) and one > whole:
        yield (
            f"{job.name('completion_criteria.max_runtime_per_training_job')} ({number(one)} s) exceeds "
            f"{job.name('completion_criteria.max_runtime')} ({number(whole)} s)"
        )


@rule("completion_criteria.max_runtime", source=GUIDE + "autopilot-quotas.html", severity="warning")
def job_ends_within_the_quota(job: JobFacts) -> Iterator[str]:
    """30 days; whether the service refuses more or cuts it is not documented."""
    if isinstance(job.max_runtime, (int, float)) and job.max_runtime > MAX_RUNTIME:
        yield (
            f"{job.name('completion_criteria.max_runtime')} ({number(job.max_runtime)} s) exceeds the "
            f"{MAX_RUNTIME} s (30 days) that the service lets a job run"
        )


@rule(
    "model_deploy_config.endpoint_name",
    "model_deploy_config.auto_generate_endpoint_name",
    source=API + "API_ModelDeployConfig.html",
)
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


@rule(
    "model_deploy_config",
    "generate_candidate_definitions_only",
    source=API + "API_CreateAutoMLJob.html",
    severity="warning",
)
def definitions_have_nothing_to_deploy(job: JobFacts) -> Iterator[str]:
    """Candidate definitions are notebooks; no model comes of them."""
    if job.deploys and job.candidate_definitions_only is True:
        yield (
            f"{job.name('model_deploy_config')} has nothing to deploy: "
            f"{job.name('generate_candidate_definitions_only')} trains no model"
        )


@rule("tags", source=API + "API_Tag.html")
def tag_keys_are_distinct(job: JobFacts) -> Iterator[str]:
    """A key can have one value."""
    known = [key for key in job.tag_keys if isinstance(key, str)]
    if twice := sorted({key for key in known if known.count(key) > 1}):
        yield f"{job.name('tags')} must have distinct keys, got {listed(twice)} more than once"


def _channels(job: JobFacts) -> Iterator[tuple[str, ChannelFacts]]:
    return zip((job.name("training_data"), job.name("validation_data")), job.channels, strict=False)


def _known_algorithms(job: JobFacts) -> list[Algorithm]:
    named = job.algorithms if isinstance(job.algorithms, tuple) else ()
    return [algorithm for algorithm in named if not isinstance(algorithm, Unknown)]


def _either(values: Iterable[object]) -> str:
    return " or ".join(f"'{value}'" for value in values)


def _or_no_mode(mode: Mode | Unknown | None) -> str:
    return "no mode" if mode is None else f"'{mode}'"
