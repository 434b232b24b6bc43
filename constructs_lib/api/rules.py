"""The rules that hold for every job: what the fields of a request say of each other."""

from collections.abc import Iterator
from typing import Final

from .enums import Algorithm, ChannelType, Compression, ContentType, Metric, Mode, S3DataType
from .fields import hint, listed, number
from .problem_types import ImageClassification
from .rulebook import API, GUIDE, UNKNOWN, ChannelFacts, JobFacts, Unknown, either, repeated, rule

MAX_OUTPUT_PATH: Final = 512
"""Characters of an output path: the service's validation. botocore's model says 1024, which is S3Uri's own limit."""

DOUBTFUL_OUTPUT_PATH: Final = 128
"""Above this the pages of boto3 and the CLI disagree with the API's."""

MAX_RUNTIME: Final = 30 * 24 * 60 * 60
"""Seconds: the service's quota for a job."""


# ---------------------------------------------------------------------------------------------- what to learn, and how


# [v1-rules]
@rule("objective", "problem_type", source=API + "API_AutoMLJobObjective.html")
def metric_fits_problem_type(job: JobFacts) -> Iterator[str]:
    """Each problem has its own metrics; those of forecasting fit no tabular one, whichever it is."""
    if not job.problem._METRICS:
        if isinstance(job.objective, str):
            yield f"{job.name('objective')} must not be set for {job.problem.__name__}, got '{job.objective}'"
        return
    if isinstance(job.problem_type, str):
        allowed = job.problem._METRICS[job.problem_type]
        jobs = f"{job.name('problem_type')} '{job.problem_type}'"
    else:
        allowed = tuple(sorted(job.problem._metrics()))
        jobs = job.problem.__name__
    if job.objective in set(Metric) and job.objective not in allowed:
        yield f"{job.name('objective')} must be one of {listed(allowed)} for {jobs}, got '{job.objective}'"


@rule("objective", source=API + "API_AutoMLJobObjective.html", severity="warning")
def metric_is_known(job: JobFacts) -> Iterator[str]:
    """AWS keeps adding metrics, so an unknown one passes; it may also be a slip."""
    if job.problem._METRICS and isinstance(job.objective, str) and job.objective not in set(Metric):
        guess = hint(job.objective, Metric)
        yield f"{job.name('objective')} '{job.objective}' is no metric that this version knows{guess}"


@rule("algorithms", "mode", source=API + "API_AutoMLAlgorithmConfig.html")
def algorithms_fit_mode(job: JobFacts) -> Iterator[str]:
    """Each mode has its own algorithms."""
    mode = None if isinstance(job.mode, Unknown) else job.mode
    if mode not in job.problem._ALGORITHMS:
        return
    allowed = job.problem._ALGORITHMS[mode]
    if wrong := [algorithm for algorithm in _known_algorithms(job) if algorithm not in allowed]:
        yield f"{job.name('algorithms')} must be among {listed(allowed)} for {_search(job, mode)}, got {listed(wrong)}"


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
    if twice := repeated(job.algorithms):
        yield f"{job.name('algorithms')} must be distinct, got {listed(twice)} more than once"


# ------------------------------------------------------------------------------------------------------------ the data


@rule("training_data", "validation_data", source=API + "API_AutoMLS3DataSource.html")
def data_type_fits_problem(job: JobFacts) -> Iterator[str]:
    """Manifests are for some problems only; an augmented one for image classification, and "for V2 API jobs only"."""
    allowed = job.problem._S3_DATA_TYPES
    for prop, channel in _channels(job):
        if not isinstance(channel.data_type, Unknown) and channel.data_type not in allowed:
            augmented = channel.data_type == S3DataType.AUGMENTED_MANIFEST_FILE
            told = f"augmented manifests are for {ImageClassification.__name__} with AutoMLJobV2"
            yield (
                f"the S3 data type of {prop} must be {either(allowed)}, got '{channel.data_type}'"
                + (f": {told}" if augmented else f" for {job.problem.__name__}")
            )


@rule("training_data", "validation_data", source=API + "API_AutoMLJobChannel.html")
def content_fits_problem(job: JobFacts) -> Iterator[str]:
    """Each problem reads its own formats."""
    allowed = job.problem._CONTENT_TYPES
    for prop, channel in _channels(job):
        if isinstance(channel.content_type, str) and channel.content_type not in allowed:
            yield f"the content type of {prop} must be {either(allowed)}, got '{channel.content_type}'"


@rule("training_data", "validation_data", source=API + "API_AutoMLJobChannel.html")
def gzip_needs_a_prefix(job: JobFacts) -> Iterator[str]:
    """Gzip is for tabular data under an S3 prefix."""
    for prop, channel in _channels(job):
        if channel.compression != Compression.GZIP:
            continue
        if not job.problem._GZIP:
            problem = job.problem.__name__
            yield f"the compression of {prop} must be '{Compression.NONE}' for {problem}, got '{Compression.GZIP}'"
        elif channel.data_type == S3DataType.MANIFEST_FILE:
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
    default = job.problem._CONTENT_TYPES[0]
    for what, one, other in (
        ("content type", training.content_type or default, validation.content_type or default),
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


@rule("validation_fraction", source=API + "API_CreateAutoMLJobV2.html")
def some_problems_do_not_split(job: JobFacts) -> Iterator[str]:
    """Time series are split by time, by the service."""
    if isinstance(job.validation_fraction, (int, float)) and not job.problem._SPLITS:
        yield (
            f"{job.name('validation_fraction')} must not be set for {job.problem.__name__}, "
            f"got {job.validation_fraction}"
        )


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


@rule("features", source=API + "API_AutoMLCandidateGenerationConfig.html")
def features_leave_out_columns_with_another_part(job: JobFacts) -> Iterator[str]:
    """The target is no feature; nor is any column of a `TimeSeriesConfig`, says `TimeSeriesForecastingJobConfig`."""
    for prop, column in job.columns:
        if isinstance(column, str) and column in (job.features or ()) and prop != _WEIGHT:
            yield f"{job.name('features')} must not name '{column}', the column of {job.name(prop)}"


@rule("features", "sample_weight_attribute", source=API + "API_TabularJobConfig.html", severity="warning")
def weights_are_no_feature(job: JobFacts) -> Iterator[str]:
    """The weight "is not considered as a predictive feature"; whether the service refuses its name, no page says."""
    for prop, column in job.columns:
        if isinstance(column, str) and column in (job.features or ()) and prop == _WEIGHT:
            yield f"{job.name('features')} names '{column}', the column of {job.name(prop)}: it is not learnt from"


_WEIGHT: Final = "sample_weight_attribute"


@rule("features", "mode", source=API + "API_AutoMLCandidateGenerationConfig.html")
def feature_types_fit_mode(job: JobFacts) -> Iterator[str]:
    """HYPERPARAMETER_TUNING knows sequences, ENSEMBLING and forecasts do not."""
    mode = None if isinstance(job.mode, Unknown) else job.mode
    allowed = job.problem._FEATURE_TYPES.get(mode)
    if allowed is None or job.features is None:
        return
    wrong = {column: kind for column, kind in job.features.items() if kind and kind not in allowed}
    for column, kind in wrong.items():
        yield (f"{job.entry('features', column)} must be {either(allowed)} for {_search(job, mode)}, got '{kind}'")


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


@rule("completion_criteria.max_candidates", source=API + "API_AutoMLJobCompletionCriteria.html")
def one_candidate_but_for_tables(job: JobFacts) -> Iterator[str]:
    """Text, image, time-series and text-generation jobs train one candidate."""
    if not job.problem._MANY_CANDIDATES and job.max_candidates not in (None, UNKNOWN, 1):
        yield (
            f"{job.name('completion_criteria.max_candidates')} must be 1 for {job.problem.__name__}, "
            f"got {job.max_candidates}"
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


@rule("emr_serverless_role", source=API + "API_AutoMLComputeConfig.html", severity="warning")
def emr_serverless_is_for_canvas(job: JobFacts) -> Iterator[str]:
    """It is "intended for use exclusively by SageMaker Canvas", says the page; whether the service refuses it, none."""
    if job.emr_serverless and job.problem._EMR_SERVERLESS:
        yield (
            f"{job.name('emr_serverless_role')} is for SageMaker Canvas only at the moment, AWS says: "
            "the service may refuse the job"
        )


@rule("emr_serverless_role", source=API + "API_EmrServerlessComputeConfig.html")
def emr_serverless_fits_problem(job: JobFacts) -> Iterator[str]:
    """For tables and time series only."""
    if job.emr_serverless and not job.problem._EMR_SERVERLESS:
        yield f"{job.name('emr_serverless_role')} must not be set for {job.problem.__name__}"


@rule("tags", source=API + "API_Tag.html")
def tag_keys_are_distinct(job: JobFacts) -> Iterator[str]:
    """A key can have one value."""
    if twice := repeated(job.tag_keys):
        yield f"{job.name('tags')} must have distinct keys, got {listed(twice)} more than once"


def _channels(job: JobFacts) -> Iterator[tuple[str, ChannelFacts]]:
    return zip((job.name("training_data"), job.name("validation_data")), job.channels, strict=False)


def _search(job: JobFacts, mode: Mode | None) -> str:
    return job.problem.__name__ if mode is None else f"{job.name('mode')} '{mode}'"


def _known_algorithms(job: JobFacts) -> list[Algorithm]:
    named = job.algorithms if isinstance(job.algorithms, tuple) else ()
    return [algorithm for algorithm in named if not isinstance(algorithm, Unknown)]
