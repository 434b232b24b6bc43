"""Regression and classification of rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from ..enums import Algorithm, FeatureType, Metric, Mode, ProblemType, S3DataType
from ..fields import Api, PendingUri
from ..problem import Problem
from ..rulebook import API, UNKNOWN, JobFacts, either, rule, same_columns
from ..shapes import S3Uri, SampleWeightAttribute


@dataclass(frozen=True, kw_only=True)
class Tabular(Problem):
    """Predict a column of a table from the others.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TabularJobConfig.html
    """

    _MEMBER: ClassVar = "TabularJobConfig"
    _METRICS: ClassVar[Mapping[ProblemType | None, Sequence[Metric]]] = {
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
    # Not AUTO: seen in every public run, of both calls, on data far below AUTO's 100 MB.
    _DEFAULT_MODE: ClassVar = Mode.HYPERPARAMETER_TUNING
    _ALGORITHMS: ClassVar[Mapping[Mode | None, Sequence[Algorithm]]] = {
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
    _FEATURE_TYPES: ClassVar[Mapping[Mode | None, Sequence[FeatureType]]] = {
        Mode.ENSEMBLING: (FeatureType.NUMERIC, FeatureType.CATEGORICAL, FeatureType.TEXT, FeatureType.DATETIME),
        Mode.HYPERPARAMETER_TUNING: tuple(FeatureType),
    }
    _ROLES: ClassVar = ("target_attribute", "sample_weight_attribute")
    _LEARNS_FROM_OTHERS: ClassVar = True
    _S3_DATA_TYPES: ClassVar = (S3DataType.S3_PREFIX, S3DataType.MANIFEST_FILE)
    _GZIP: ClassVar = True
    _MANY_CANDIDATES: ClassVar = True
    _EMR_SERVERLESS: ClassVar = True
    # https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-datasets-problem-types.html
    _MIN_ROWS: ClassVar = 500

    target_attribute: Annotated[str, Api("TargetAttributeName", min_length=1)]
    """The column to predict. Rows without a value in it are left out."""

    problem_type: Annotated[ProblemType | None, Api("ProblemType")] = None
    """What kind of prediction; goes together with the job's `objective`. Default: the service infers it, each mode by a
    rule of its own; where a local target is unclear to it, `synth` asks for this prop."""

    mode: Annotated[Mode | None, Api("Mode")] = None
    """How to search. Name one: it decides what can be asked of the job and what serves its candidates, one container
    (ENSEMBLING) or several in a row (HYPERPARAMETER_TUNING), and how data are read: `NA` is a missing label for the
    first, and a class for the second. Default: the service takes HYPERPARAMETER_TUNING."""

    algorithms: Annotated[
        Sequence[Algorithm] | None,
        Api("CandidateGenerationConfig.AlgorithmsConfig[0].AutoMLAlgorithms", max_items=11),
    ] = None
    """What to train, distinct, and fitting `mode`, which must be named. Default: all of the mode."""

    features: Annotated[PendingUri | S3Uri | None, Api("FeatureSpecificationS3Uri")] = None
    """A `FeatureSpecification`: the columns to learn from, and their types. Default: all; the service infers types."""

    sample_weight_attribute: Annotated[SampleWeightAttribute | None, Api("SampleWeightAttributeName")] = None
    """The column with the weight of each row; it needs `mode=Mode.ENSEMBLING`. Default: all rows weigh the same."""

    generate_candidate_definitions_only: Annotated[bool | None, Api("GenerateCandidateDefinitionsOnly")] = None
    """Only write the notebooks with the candidates' definitions, train nothing. Default: train."""


@rule("objective", "problem_type", source=API + "API_TabularJobConfig.html")
def objective_and_problem_type_go_together(job: JobFacts) -> Iterator[str]:
    """Both or neither: so says V2's page, and AWS's SageMaker SDK holds V1 to it too."""
    if job.problem is not Tabular or UNKNOWN in (job.objective, job.problem_type):
        return
    if (job.objective is None) != (job.problem_type is None):
        objective, problem_type = job.name("objective"), job.name("problem_type")
        given = objective if job.problem_type is None else problem_type
        yield f"give {objective} and {problem_type} together or neither, got {given} alone"


@rule("algorithms", "mode", source=API + "API_AutoMLCandidateGenerationConfig.html")
def algorithms_need_a_mode(job: JobFacts) -> Iterator[str]:
    """Not to be set in AUTO mode or without a mode, says the page of `AutoMLAlgorithmConfig`."""
    if job.problem is Tabular and isinstance(job.algorithms, tuple) and job.mode in (None, Mode.AUTO):
        known = {algorithm for algorithm in job.algorithms if algorithm is not UNKNOWN}
        all_of_them = [mode for mode, names in Tabular._ALGORITHMS.items() if mode and known.issubset(names)]
        yield _needs("algorithms", all_of_them or [mode for mode in Tabular._ALGORITHMS if mode], job)


@rule("sample_weight_attribute", "mode", source=API + "API_AutoMLChannel.html")
def sample_weights_need_ensembling(job: JobFacts) -> Iterator[str]:
    """Sample weights are read in ENSEMBLING mode only, and a job without a mode runs in the other one."""
    weighted = any(prop == "sample_weight_attribute" and isinstance(column, str) for prop, column in job.columns)
    if weighted and job.mode not in (Mode.ENSEMBLING, UNKNOWN):
        yield _needs("sample_weight_attribute", [Mode.ENSEMBLING], job)


@rule("sample_weight_attribute", "target_attribute", source=API + "API_TabularJobConfig.html")
def sample_weight_is_not_the_target(job: JobFacts) -> Iterator[str]:
    """A column cannot be both."""
    if job.problem is Tabular:
        yield from same_columns(job)


def _needs(prop: str, modes: Sequence[Mode], job: JobFacts) -> str:
    needs = f"{job.name(prop)} needs {job.name('mode')} {either(modes)}"
    if job.mode is not None:
        return f"{needs}, got '{job.mode}'"
    way_out = f": give {job.setting('mode', modes[0])}" if len(modes) == 1 else ""
    return f"{needs}, got no mode, with which a job runs as '{Tabular._DEFAULT_MODE}'{way_out}"
