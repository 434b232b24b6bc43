"""Candidates in the API's shape, held against answers of the real service.

What was seen is in notebooks and code that others published: tuned jobs of 2020 to 2025, an ensemble of a table and
time series of 2025. Times, buckets and values are ours.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.as_role import S3Location
from constructs_lib.rehearsal.cloud.automl.job import Job
from constructs_lib.rehearsal.cloud.automl.names import Ensembled, Forecasting, Names, Tuned
from constructs_lib.rehearsal.cloud.automl.records import candidate_record, with_reports
from constructs_lib.rehearsal.cloud.model import response_problems
from constructs_lib.rehearsal.cloud.store import Json, Place
from constructs_lib.rehearsal.training.task import Candidate

OUTPUT = S3Location("b", "out")
HEX = r"[0-9a-f]+"
SERIES = ("arima", "cnn-qr", "deepar", "ets", "npts", "prophet")


def job_of(name: str = "churn", kind: str = "Tabular", mode: str | None = None, **known: Any) -> Job:
    return Job(
        name=name,
        arn=f"arn:aws:sagemaker:us-east-1:123456789012:automl-job/{name}",
        request={},
        place=Place("123456789012", "us-east-1"),
        version=2,
        settings={"AutoMLProblemTypeConfig": {f"{kind}JobConfig": {}}},
        mode=mode,
        **known,
    )


def tuned(problem_type: str, **known: Any) -> Job:
    return job_of(mode="HYPERPARAMETER_TUNING", problem_type=problem_type, direction="Minimize", **known)


def candidate(
    algorithm: str, metric: str, value: float, metrics: Mapping[str, float] = {}, name: str = ""
) -> Candidate:
    return Candidate(
        name=name or algorithm,
        algorithm=algorithm,
        description="",
        status="Completed",
        objective_metric=metric,
        objective_value=value,
        metrics={"Validation": {metric: value, **metrics}, "Train": {metric: 0.0}},
        seconds=2.0,
        model_archive=Path("model.tar.gz"),
    )


def recorded(job: Job, names: Names, one: Candidate) -> Json:
    return candidate_record(job, one, names.of(one.name, one.algorithm))


def matches(names: Sequence[str], patterns: Sequence[str]) -> bool:
    return len(names) == len(patterns) and all(map(re.fullmatch, patterns, names))


# Names and places


def test_a_tuned_candidate_is_called_by_the_job_and_letters_up_to_32_and_a_number() -> None:
    """`automl-pcd-20250116-22-36iM0mIb0-001-9c2e06f8`."""
    names = Tuned("automl-pcd-20250116-22-36", OUTPUT)
    first, second = (names.of(str(number), "xgboost").name for number in (1, 2))
    assert re.fullmatch(r"automl-pcd-20250116-22-36[A-Za-z0-9]{7}-001-[0-9a-f]{8}", first)
    assert second.startswith(f"{first[:32]}-002-")
    assert names.of("1", "xgboost").name == first, "it keeps its name"
    assert re.fullmatch(r"j{32}-001-[0-9a-f]{8}", Tuned("j" * 32, OUTPUT).of("1", "mlp").name)


@pytest.mark.parametrize(("algorithm", "short", "form"), [("xgboost", "xgb", "csv"), ("linear-learner", "ll", "rpb")])
def test_a_tuned_candidate_has_four_steps_and_its_files_lie_by_them(algorithm: str, short: str, form: str) -> None:
    names = Tuned("ts-20240807-1", OUTPUT)
    named = names.of("one", algorithm)
    builder, processor, transform, training = named.steps
    assert [step.kind for step in named.steps] == ["ProcessingJob", "TrainingJob", "TransformJob", "TrainingJob"]
    assert matches(
        [step.name for step in named.steps],
        [
            f"ts-20240807-1-db-1-{HEX}",
            f"ts-20240807-1-dpp0-1-{HEX}",
            f"ts-20240807-1-dpp0-{form}-1-{HEX}",
            re.escape(named.name),
        ],
    )
    assert {len(step.name) for step in (builder, processor, transform)} == {63}, "cut"
    assert training.name == named.name
    assert named.model.uri == (
        f"s3://b/out/ts-20240807-1/tuning/ts-2024080-dpp0-{short}/{named.name}/output/model.tar.gz"
    )
    assert named.features is not None
    assert named.features.uri == f"s3://b/out/ts-20240807-1/data-processor-models/{processor.name}/output/model.tar.gz"
    assert names.of("two", algorithm).steps[0] == builder, "one data builder per job"
    assert names.of("two", algorithm).steps[1] != processor
    assert "-dpp1-" in names.of("three", "mlp").steps[1].name, "a pipeline per algorithm"


def test_the_notebooks_of_a_tuned_job_lie_by_the_job_that_explored_the_data() -> None:
    notebooks = Tuned("churn", OUTPUT).notebooks
    assert list(notebooks) == ["CandidateDefinitionNotebook", "DataExplorationNotebook"]
    for name, place in notebooks.items():
        folder = rf"s3://b/out/churn/sagemaker-automl-candidates/churn-pr-1-{HEX}/notebooks"
        assert re.fullmatch(rf"{folder}/SageMakerAutopilot{name}\.ipynb", place.uri)


@pytest.mark.parametrize(
    ("alone", "called"), [(False, "WeightedEnsemble-L3-FULL-t{}"), (True, "Canvas1734649444174-trial-t{}-1")]
)
def test_an_ensemble_is_called_by_its_trial(alone: bool, called: str) -> None:
    job = "Canvas1734649444174"
    names = Ensembled(job, OUTPUT, alone=alone)
    for number in (1, 2, 3):
        named = names.of(f"any {number}", "lightgbm")
        assert named.name == called.format(number)
        assert matches([step.name for step in named.steps], [f"{job}-t{number}-1-{HEX}"])
        assert named.model.uri == f"s3://b/out/{job}/sagemaker-automl-candidates/model/{named.name}/model.tar.gz"
        assert names.reports(named)["ModelInsights"].uri == (
            f"s3://b/out/{job}/documentation/model_monitor/output/{named.name}"
        )


def test_candidates_of_time_series_are_called_by_their_algorithm_and_lie_in_one_folder() -> None:
    names = Forecasting("demand", OUTPUT)
    folder = "s3://b/out/demand/demand-trial-TimeSeriesModelTraining"
    best = names.of("ensemble", "ensemble")
    assert best.name == "demand-trial-me-1"
    assert matches([step.name for step in best.steps], [f"demand-me-1-{HEX}"])
    assert len(best.steps[0].name) == 63
    assert best.model.uri == f"{folder}/models/model-ensemble/full-dataset/{best.steps[0].name}/output/model.tar.gz"
    assert names.reports(best)["ModelInsights"].uri == f"{folder}/documentation/model_monitor"
    assert names.reports(best)["BacktestResults"].uri == f"{folder}/backtest-export/model-ensemble/backtest-1"
    called = [names.of(algorithm, algorithm).name for algorithm in SERIES]
    for word in ("deepar", "cnnqr", "tsnpts", "tsets", "tsarima", "tsprophet"):
        assert sum(word in name for name in called) == 1, word


@pytest.mark.parametrize("names", [Tuned("j" * 32, OUTPUT), Forecasting("j" * 32, OUTPUT)])
def test_no_name_is_too_long_or_there_twice(names: Names) -> None:
    made = [names.of(algorithm, algorithm) for algorithm in SERIES]
    assert len({named.name for named in made}) == len(made)
    assert max(len(named.name) for named in made) <= 64
    assert max(len(step.name) for named in made for step in named.steps) <= 63


# Metrics

MULTICLASS = {
    "F1macro": 0.71234567, "PrecisionMacro": 0.7, "BalancedAccuracy": 0.7, "RecallMacro": 0.7, "LogLoss": 0.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("problem_type", "algorithm", "metric", "value", "seen"),
    [
        ("Regression", "xgboost", "MSE", 0.0000002, ("validation:mse", 0.0)),
        ("Regression", "mlp", "RMSE", 1.234567, ("validation:rmse", 1.23457)),
        ("MulticlassClassification", "xgboost", "Accuracy", 0.7, ("validation:accuracy", 0.7)),
        ("MulticlassClassification", "mlp", "F1macro", 0.7, ("validation:f1_macro", 0.7)),
        ("BinaryClassification", "xgboost", "F1", 0.7, ("validation:f1_binary", 0.7)),
        ("BinaryClassification", "linear-learner", "F1", 0.7, ("validation:binary_f_beta", 0.7)),
        (
            "BinaryClassification",
            "linear-learner",
            "Accuracy",
            0.7,
            ("validation:binary_classification_accuracy", 0.7),
        ),
    ],
)
def test_the_objective_of_a_tuned_candidate_is_that_of_a_log_and_has_no_type(
    problem_type: str, algorithm: str, metric: str, value: float, seen: tuple[str, float]
) -> None:
    record = recorded(tuned(problem_type), Tuned("churn", OUTPUT), candidate(algorithm, metric, value))
    name, shown = seen
    assert record["FinalAutoMLJobObjectiveMetric"] == {
        "MetricName": name,
        "Value": shown,
        "StandardMetricName": metric,
    }


def test_the_metrics_of_a_tuned_candidate_name_their_set() -> None:
    one = candidate("xgboost", "Accuracy", 0.7, MULTICLASS)
    record = recorded(tuned("MulticlassClassification"), Tuned("churn", OUTPUT), one)
    assert record["CandidateProperties"] == {
        "CandidateMetrics": [
            {"MetricName": name, "StandardMetricName": name, "Value": value, "Set": "Validation"}
            for name, value in {"Accuracy": 0.7, **MULTICLASS, "F1macro": 0.71235}.items()
        ]
    }


def test_those_of_an_ensemble_do_not_and_its_objective_has_a_type() -> None:
    job = job_of(mode="ENSEMBLING", problem_type="Regression", direction="Maximize")
    one = candidate("lightgbm", "R2", 0.123456789, {"MSE": 2.0})
    record = recorded(job, Ensembled("churn", OUTPUT, alone=True), one)
    assert record["FinalAutoMLJobObjectiveMetric"] == {
        "Type": "Maximize",
        "MetricName": "R2",
        "Value": 0.123456789,
        "StandardMetricName": "R2",
    }
    assert record["CandidateProperties"]["CandidateMetrics"] == [
        {"MetricName": "R2", "StandardMetricName": "R2", "Value": 0.123456789},
        {"MetricName": "MSE", "StandardMetricName": "MSE", "Value": 2.0},
    ]


def series(metric: str = "AverageWeightedQuantileLoss") -> Json:
    job = job_of("demand", "TimeSeriesForecasting", problem_type="TimeSeriesForecasting", direction="Minimize")
    others = {"MASE": 0.7351, "WAPE": 0.1193, "MAPE": 0.1474, "RMSE": 6.84}
    one = candidate("ensemble", metric, 0.0752, others)
    names = Forecasting("demand", OUTPUT)
    places = names.reports(names.of("ensemble", "ensemble"))
    return with_reports(
        recorded(job, names, one), {name: places[name] for name in ("ModelInsights", "BacktestResults")}
    )


def test_the_objective_of_time_series_has_another_name_beside_the_standard_one() -> None:
    assert series()["FinalAutoMLJobObjectiveMetric"] == {
        "Type": "Minimize",
        "MetricName": "AVERAGE_WEIGHTED_QUANTILE_LOSS",
        "Value": 0.0752,
        "StandardMetricName": "AverageWeightedQuantileLoss",
    }
    assert series("WAPE")["FinalAutoMLJobObjectiveMetric"]["MetricName"] == "WAPE"


# Containers

ACCEPT = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"
SERVE = {"SAGEMAKER_PROGRAM": "sagemaker_serve", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
FEATURES = {
    "AUTOML_TRANSFORM_MODE": "feature-transform",
    ACCEPT: "application/x-recordio-protobuf",
    **SERVE,
}
ALGORITHM = {"MAX_CONTENT_LENGTH": "20971520", ACCEPT: "text/csv"}
CHANCES = {
    "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label",
    "SAGEMAKER_INFERENCE_SUPPORTED": "predicted_label,probability,probabilities",
}
LABELS = {
    "AUTOML_TRANSFORM_MODE": "inverse-label-transform",
    ACCEPT: "text/csv",
    "SAGEMAKER_INFERENCE_INPUT": "predicted_label",
    "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label",
    "SAGEMAKER_INFERENCE_SUPPORTED": "predicted_label,probability,labels,probabilities",
    **SERVE,
}


@pytest.mark.parametrize(
    ("problem_type", "algorithm", "environments"),
    [
        ("Regression", "xgboost", [FEATURES, ALGORITHM]),
        (
            "Regression",
            "linear-learner",
            [{**FEATURES, "AUTOML_SPARSE_ENCODE_RECORDIO_PROTOBUF": "1"}, ALGORITHM],
        ),
        ("BinaryClassification", "xgboost", [FEATURES, {**ALGORITHM, **CHANCES}, LABELS]),
        ("MulticlassClassification", "mlp", [FEATURES, {**ALGORITHM, **CHANCES}, LABELS]),
    ],
)
def test_the_containers_of_a_tuned_candidate_are_as_seen(
    problem_type: str, algorithm: str, environments: list[dict[str, str]]
) -> None:
    record = recorded(tuned(problem_type), Tuned("churn", OUTPUT), candidate(algorithm, "MSE", 1.0))
    containers = record["InferenceContainers"]
    assert [container["Environment"] for container in containers] == environments
    assert containers[0]["ModelDataUrl"] == containers[-1]["ModelDataUrl"] or len(containers) == 2
    assert containers[0]["ModelDataUrl"] != containers[1]["ModelDataUrl"]
    assert "InferenceContainerDefinitions" not in record


@pytest.mark.parametrize(
    ("problem_type", "supported"),
    [
        ("Regression", "predicted_label"),
        ("BinaryClassification", "predicted_label,probability,probabilities,labels"),
    ],
)
def test_the_container_of_an_ensemble_says_what_it_can_answer(problem_type: str, supported: str) -> None:
    job = job_of(mode="ENSEMBLING", problem_type=problem_type, direction="Maximize")
    record = recorded(job, Ensembled("churn", OUTPUT, alone=False), candidate("lightgbm", "R2", 0.5))
    (container,) = record["InferenceContainers"]
    assert container["Environment"] == {
        "SAGEMAKER_PROGRAM": "tabular_serve.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        ACCEPT: "text/csv",
        "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label",
        "SAGEMAKER_INFERENCE_SUPPORTED": supported,
    }


def test_the_container_of_time_series_has_nothing_to_choose_and_is_for_processors_alone() -> None:
    record = series()
    (container,) = record["InferenceContainers"]
    assert container["Environment"] == {}
    assert record["InferenceContainerDefinitions"] == {"CPU": [container]}


def test_time_series_without_other_columns_explain_nothing() -> None:
    assert set(series()["CandidateProperties"]["CandidateArtifactLocations"]) == {"ModelInsights", "BacktestResults"}


# What botocore's model does not know


def described(best: Json, stage: str = "Completed") -> Json:
    times = {"CreationTime": 1.0, "LastModifiedTime": 1.0}
    return {
        "AutoMLJobName": "churn",
        "AutoMLJobArn": "arn:aws:sagemaker:us-east-1:123456789012:automl-job/churn",
        "AutoMLJobInputDataConfig": [{}],
        "OutputDataConfig": {"S3OutputPath": "s3://b/out"},
        "RoleArn": "arn:aws:iam::123456789012:role/Job",
        "AutoMLJobStatus": "InProgress",
        "AutoMLJobSecondaryStatus": stage,
        "BestCandidate": best,
        **times,
    }


@pytest.mark.parametrize(
    "best",
    [
        recorded(tuned("Regression"), Tuned("churn", OUTPUT), candidate("xgboost", "MSE", 1.0, {"R2": 0.5})),
        recorded(tuned("x"), Tuned("churn", OUTPUT), candidate("xgboost", "Accuracy", 0.7, MULTICLASS)),
        series(),
    ],
)
def test_answers_that_were_seen_pass_the_check_of_answers(best: Json) -> None:
    assert response_problems("DescribeAutoMLJobV2", described(best, "MergingAutoMLTaskReports")) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"AutoMLJobSecondaryStatus": "MergingAutoMLReports"}, "'autoMLJobSecondaryStatus' failed to satisfy"),
        ({"AutoMLJobStatus": "MergingAutoMLTaskReports"}, "'autoMLJobStatus' failed to satisfy"),
    ],
)
def test_nothing_else_passes_that_the_model_does_not_know(change: dict[str, str], problem: str) -> None:
    (found,) = response_problems("DescribeAutoMLJobV2", described(series()) | change)
    assert problem in found


@pytest.mark.parametrize("name", ["validation:", "validation:MSE", "average", "LogLoss"])
def test_a_metric_of_no_log_does_not_pass(name: str) -> None:
    best = series()
    best["FinalAutoMLJobObjectiveMetric"]["MetricName"] = name
    (found,) = response_problems("DescribeAutoMLJobV2", described(best))
    assert "'bestCandidate.finalAutoMLJobObjectiveMetric.metricName' failed to satisfy" in found
