"""A gate lets a good candidate pass and no other, and knows for each metric whether less or more is better."""

from typing import Any

import pytest

from constructs_lib.runtime.contract import DIRECTIONS, standard_name

from .fake_sagemaker import candidate, service_model
from .test_outcome import CONSOLE, create, update, wanted
from .world import World


def gated(rule: str, value: object, **changes: str) -> dict[str, Any]:
    return wanted(Gate={"Rule": rule, "Value": str(value), "OnMiss": "fail"} | changes)


@pytest.fixture(autouse=True)
def job(world: World) -> None:
    world.sagemaker.add_job("churn", {})
    world.sagemaker.complete("churn", value=0.9)  # of F1; AUC is 0.8, LogLoss 0.3


def measure(world: World, metric: str, value: float, direction: str) -> None:
    world.sagemaker.jobs["churn"].told["BestCandidate"] = candidate("best", value, metric=metric, direction=direction)


def rename(world: World, metric: str) -> None:
    """Let the objective be a metric that nobody knows, and that the service gives no type."""
    objective = world.sagemaker.jobs["churn"].told["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]
    objective |= {"MetricName": metric, "StandardMetricName": metric}
    del objective["Type"]


@pytest.mark.parametrize(
    ("rule", "value", "result"),
    [
        ("AtLeast", "0.9", "met: F1 is 0.9, wanted at least 0.9"),
        ("AtLeast", "0.91", "missed: F1 is 0.9, wanted at least 0.91"),
        ("BetterThan", "0.89", "met: F1 is 0.9, wanted better than 0.89"),
        ("BetterThan", "0.9", "missed: F1 is 0.9, wanted better than 0.9"),
        ("BetterThan", " 0.5\n", "met: F1 is 0.9, wanted better than 0.5"),
        ("BetterThan", "1e-3", "met: F1 is 0.9, wanted better than 0.001"),
    ],
)
def test_metric_to_be_maximized(world: World, rule: str, value: str, result: str) -> None:
    answer = create(world, gated(rule, value))

    if result.startswith("met"):
        assert answer["Status"] == "SUCCESS"
        assert answer["Data"]["GateResult"] == result
    else:
        assert answer["Status"] == "FAILED"
        assert answer["Reason"] == (
            f"the quality gate of the AutoML job 'churn' was {result}. To judge another job, change the job's "
            f"'revision'. {CONSOLE}"
        )


@pytest.mark.parametrize(
    ("rule", "value", "passes"),
    [
        ("AtMost", "12", True),
        ("AtMost", "11.9", False),
        ("BetterThan", "12.1", True),
        ("BetterThan", "12", False),
        ("BetterThan", "11", False),
    ],
)
def test_metric_to_be_minimized(world: World, rule: str, value: str, passes: bool) -> None:
    measure(world, "RMSE", 12.0, "Minimize")

    answer = create(world, gated(rule, value))

    assert answer["Status"] == ("SUCCESS" if passes else "FAILED")
    assert "RMSE is 12, wanted" in (answer["Data"]["GateResult"] or answer["Reason"])


def test_missed_gate_that_warns_goes_on_and_tells(world: World) -> None:
    answer = create(world, gated("AtLeast", "0.95", OnMiss="warn"))

    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["GateResult"] == "missed: F1 is 0.9, wanted at least 0.95"
    assert answer["Data"]["ModelDataUrl"]


def test_gate_without_a_word_on_a_miss_fails(world: World) -> None:
    assert create(world, wanted(Gate={"Rule": "AtLeast", "Value": "0.95"}))["Status"] == "FAILED"


# Which metric


def test_other_metric_is_taken_from_the_validation_data(world: World) -> None:
    answer = create(world, gated("AtLeast", "0.8", Metric="AUC"))

    assert answer["Data"]["GateResult"] == "met: AUC is 0.8, wanted at least 0.8"


@pytest.mark.parametrize(("sets", "value"), [(["Train", "Test"], 2.0), (["Train"], 1.0), (["Train", None], 1.0)])
def test_other_metric_is_taken_from_the_next_best_data(world: World, sets: list[str | None], value: float) -> None:
    best = candidate("best", 0.9)
    best["CandidateProperties"]["CandidateMetrics"] = [
        {"MetricName": "AUC", "Value": number + 1.0} | ({"Set": name} if name else {})
        for number, name in enumerate(sets)
    ]
    world.sagemaker.jobs["churn"].told["BestCandidate"] = best

    answer = create(world, gated("AtLeast", "0", Metric="AUC"))

    assert f"AUC is {value:g}," in answer["Data"]["GateResult"]


def test_metric_is_found_by_its_standard_name(world: World) -> None:
    answer = create(world, gated("BetterThan", "0.5", Metric="LogLoss"))

    assert answer["Data"]["GateResult"] == "met: LogLoss is 0.3, wanted better than 0.5"


@pytest.mark.parametrize("name", ["F1", "validation:f1"])
def test_metric_is_found_by_either_name(world: World, name: str) -> None:
    objective = world.sagemaker.jobs["churn"].told["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]
    objective["MetricName"] = "validation:f1"

    answer = create(world, gated("AtLeast", "0.9", Metric=name))

    assert answer["Data"]["GateResult"] == f"met: {name} is 0.9, wanted at least 0.9"


@pytest.mark.parametrize("metric", ["", "Novelty"])
def test_objective_that_nobody_knows_has_the_direction_that_the_service_tells(world: World, metric: str) -> None:
    measure(world, "Novelty", 12.0, "Minimize")

    answer = create(world, gated("BetterThan", "13", Metric=metric))

    assert answer["Data"]["GateResult"] == "met: Novelty is 12, wanted better than 13"


@pytest.mark.parametrize("rule", ["AtLeast", "AtMost", "BetterThan"])
@pytest.mark.parametrize(("metric", "kind", "better"), [("MSE", "Maximize", "less"), ("F1", "Minimize", "more")])
def test_objective_whose_type_contradicts_its_name_is_not_judged(
    world: World, rule: str, metric: str, kind: str, better: str
) -> None:
    """Its value may be a negated one, and then every comparison says the contrary."""
    measure(world, metric, -442.0, kind)

    answer = create(world, gated(rule, "400"))

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == (
        f"the quality gate of the AutoML job 'churn' cannot be judged: {better} of {metric} is better, but the job "
        f"reports it with the type {kind}, so nobody knows what its value means: judge another metric of the candidate "
        "('metric')"
    )


def test_metric_that_is_not_there_is_a_miss_that_says_what_is(world: World) -> None:
    gate = gated("AtMost", "1", Metric="RMSE")

    assert (
        "was missed: the best candidate has no metric RMSE (it has F1, AUC, LogLoss). " in create(world, gate)["Reason"]
    )
    assert create(world, gated("AtMost", "1", Metric="RMSE", OnMiss="warn"))["Status"] == "SUCCESS"


@pytest.mark.parametrize("rule", ["AtLeast", "AtMost", "BetterThan"])
def test_candidate_without_any_metric_misses_every_gate(world: World, rule: str) -> None:
    world.sagemaker.jobs["churn"].told["BestCandidate"] = {"CandidateName": "best"}

    assert "the best candidate has no metric at all (it has none)" in create(world, gated(rule, "1"))["Reason"]


@pytest.mark.parametrize("rule", ["AtLeast", "AtMost", "BetterThan"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_metric_that_is_no_number_misses_every_gate(world: World, rule: str, value: float) -> None:
    metric = "RMSE" if rule == "AtMost" else "F1"
    measure(world, metric, value, "Minimize" if rule == "AtMost" else "Maximize")

    assert f"missed: the best candidate's {metric} is no number" in create(world, gated(rule, "0.5"))["Reason"]


# Gates that make no sense


@pytest.mark.parametrize("value", ["", " ", "n/a", "nan", "inf", "-inf", "1_0", "0,9", "s3://x"])
def test_baseline_must_be_a_finite_number(world: World, value: str) -> None:
    answer = create(world, gated("BetterThan", value))

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == (
        "the quality gate of the AutoML job 'churn' cannot be judged: the baseline must be a finite number, "
        f"got {value!r}; it is compared with the best candidate's objective"
    )


def test_threshold_must_be_a_finite_number(world: World) -> None:
    assert "the gate's 'Value' must be a finite number, got 'x'" in create(world, gated("AtLeast", "x"))["Reason"]


def test_at_least_of_what_should_be_little_is_refused(world: World) -> None:
    measure(world, "RMSE", 12.0, "Minimize")

    reason = create(world, gated("AtLeast", "10"))["Reason"]

    assert "less of RMSE is better, so the gate must not ask for at least 10: use at_most" in reason


def test_at_most_of_what_should_be_much_is_refused(world: World) -> None:
    reason = create(world, gated("AtMost", "0.5"))["Reason"]

    assert "more of F1 is better, so the gate must not ask for at most 0.5: use at_least" in reason


def test_direction_of_a_metric_is_known_where_the_service_does_not_tell(world: World) -> None:
    reason = create(world, gated("AtLeast", "0.2", Metric="LogLoss"))["Reason"]

    assert "less of LogLoss is better" in reason


def test_better_needs_a_direction(world: World) -> None:
    rename(world, "Novelty")

    reason = create(world, gated("BetterThan", "0.5"))["Reason"]

    assert (
        "nobody knows whether less or more of Novelty is better, so it cannot be better than a baseline: "
        "use at_least or at_most"
    ) in reason


@pytest.mark.parametrize("rule", ["AtLeast", "AtMost"])
def test_threshold_needs_no_direction(world: World, rule: str) -> None:
    rename(world, "Novelty")

    assert create(world, gated(rule, "0.9"))["Data"]["GateResult"].startswith("met: Novelty is 0.9, wanted at ")


# What an objective is called, and which way it is better, where the service gives it no type


@pytest.mark.parametrize(
    ("names", "of_the_job", "shown", "is_less_better"),
    [
        ({"MetricName": "validation:mse", "StandardMetricName": "MSE"}, {}, "MSE", True),
        ({"MetricName": "validation:accuracy", "StandardMetricName": "Accuracy"}, {}, "Accuracy", False),
        ({"MetricName": "validation:f1"}, {}, "F1", False),
        ({"MetricName": "validation:rmse"}, {}, "RMSE", True),
        ({"MetricName": "validation:binary_f_beta"}, {}, "F1", False),
        ({"MetricName": "validation:binary_classification_accuracy"}, {}, "Accuracy", False),
        ({"MetricName": "validation:absolute_loss"}, {}, "MAE", True),
        ({"MetricName": "validation:mlogloss"}, {}, "LogLoss", True),
        ({"MetricName": "AVERAGE_WEIGHTED_QUANTILE_LOSS"}, {}, "AverageWeightedQuantileLoss", True),
        (
            {"MetricName": "validation:score"},
            {"ResolvedAttributes": {"AutoMLJobObjective": {"MetricName": "MSE"}}},
            "MSE",
            True,
        ),
        ({"MetricName": "validation:score"}, {"AutoMLJobObjective": {"MetricName": "AUC"}}, "AUC", False),
        (
            {"MetricName": "validation:score", "StandardMetricName": "R2"},
            {"ResolvedAttributes": {"AutoMLJobObjective": {"MetricName": "MSE"}}},
            "R2",
            False,
        ),
    ],
)
def test_direction_follows_from_what_the_objective_is_called(
    world: World, names: dict[str, str], of_the_job: dict[str, Any], shown: str, is_less_better: bool
) -> None:
    told = world.sagemaker.jobs["churn"].told
    told |= of_the_job
    told["BestCandidate"]["FinalAutoMLJobObjectiveMetric"] = names | {"Value": 0.9}
    right, wrong = ("AtMost", "AtLeast") if is_less_better else ("AtLeast", "AtMost")

    assert create(world, gated(right, "0.9"))["Data"]["GateResult"].startswith(f"met: {shown} is 0.9, wanted at ")
    better = "less" if is_less_better else "more"
    assert f"{better} of {shown} is better, so the gate must not ask" in create(world, gated(wrong, "0.9"))["Reason"]
    beaten = create(world, gated("BetterThan", "1"))
    assert beaten["Status"] == ("SUCCESS" if is_less_better else "FAILED")
    assert f"{shown} is 0.9, wanted better than 1" in (beaten["Data"]["GateResult"] or beaten["Reason"])
    assert create(world, gated(right, "0.9", Metric=shown))["Status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("called", "standard"),
    [
        ("validation:f1_binary", "F1"),
        ("validation:binary_f_beta", "F1"),
        ("validation:f1", "F1"),
        ("validation:accuracy", "Accuracy"),
        ("validation:binary_classification_accuracy", "Accuracy"),
        ("validation:multiclass_accuracy", "Accuracy"),
        ("validation:macro_f_beta", "F1macro"),
        ("validation:macro_precision", "PrecisionMacro"),
        ("validation:macro_recall", "RecallMacro"),
        ("validation:roc_auc_score", "AUC"),
        ("validation:mlogloss", "LogLoss"),
        ("validation:absolute_loss", "MAE"),
        ("validation:mse", "MSE"),
        ("AVERAGE_WEIGHTED_QUANTILE_LOSS", "AverageWeightedQuantileLoss"),
    ],
)
def test_names_that_algorithms_give_metrics_are_known(called: str, standard: str) -> None:
    assert standard_name(called) == standard


def test_direction_of_every_metric_of_the_api_is_known() -> None:
    shapes = (service_model("sagemaker").shape_for(name) for name in ("AutoMLMetricEnum", "AutoMLMetricExtendedEnum"))

    assert set(DIRECTIONS) == {name for shape in shapes for name in shape.enum}
    assert {standard_name(name) for name in DIRECTIONS} == set(DIRECTIONS)
    assert {standard_name(name) for name in ("", "validation:", "Novelty", "validation:objective_loss")} == {""}


# Zeros of values that have five decimals

ROUNDED = "; this 0 is rounded: the job reports five decimals, so it may be any smaller value"
BASELINE = "; a baseline of exactly 0 may be rounded: jobs in HYPERPARAMETER_TUNING report five decimals"


@pytest.mark.parametrize(
    ("kind", "value", "rule", "threshold", "text"),
    [
        (None, 0.0, "AtMost", "0.1", f"met: MSE is 0, wanted at most 0.1{ROUNDED}"),
        (None, 0.0, "AtMost", "0", f"met: MSE is 0, wanted at most 0{ROUNDED}"),
        (None, 0.0, "BetterThan", "0", f"missed: MSE is 0, wanted better than 0{ROUNDED}"),
        (None, 0.00001, "AtMost", "0", "missed: MSE is 1e-05, wanted at most 0"),
        (None, 0.00001, "BetterThan", "0", f"missed: MSE is 1e-05, wanted better than 0{BASELINE}"),
        ("Minimize", 0.0, "AtMost", "0.1", "met: MSE is 0, wanted at most 0.1"),
        ("Minimize", 0.5, "BetterThan", "0", f"missed: MSE is 0.5, wanted better than 0{BASELINE}"),
    ],
)
def test_zero_that_may_be_rounded_is_told(
    world: World, kind: str | None, value: float, rule: str, threshold: str, text: str
) -> None:
    measure(world, "MSE", value, kind or "")
    objective = world.sagemaker.jobs["churn"].told["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]
    if kind is None:
        del objective["Type"]

    assert create(world, gated(rule, threshold, OnMiss="warn"))["Data"]["GateResult"] == text


# Judging again


def test_baseline_that_moved_fails_nobody_who_passed(world: World) -> None:
    """The model was promoted, so the baseline is its own value by now."""
    old = gated("BetterThan", "0.8")
    assert create(world, old)["Data"]["GateResult"] == "met: F1 is 0.9, wanted better than 0.8"

    answer = update(world, gated("BetterThan", "0.9"), old)
    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["GateResult"] == "met: F1 is 0.9, wanted better than 0.8"

    again = update(world, gated("BetterThan", "0.9") | {"TimeoutSeconds": "60"}, gated("BetterThan", "0.9"))
    assert again["Status"] == "SUCCESS"
    assert again["Data"]["GateResult"] == (
        "met: F1 is 0.9, judged by an earlier deployment against the baseline of that time"
    )


def test_job_that_was_let_run_is_judged_when_it_is_seen_again(world: World) -> None:
    """Its gate was never judged, and what was never judged is not called met."""
    old = gated("BetterThan", "0.8") | {"OnTimeout": "LetRun"}

    answer = update(world, gated("BetterThan", "0.95") | {"OnTimeout": "LetRun"}, old)

    assert answer["Status"] == "FAILED"
    assert "missed: F1 is 0.9, wanted better than 0.95" in answer["Reason"]


@pytest.mark.parametrize("value", ["", "gone"])
def test_baseline_that_is_no_number_any_more_fails_nobody_who_passed(world: World, value: str) -> None:
    answer = update(world, gated("BetterThan", value), gated("BetterThan", "0.8"))

    assert answer["Data"]["GateResult"].startswith("met: F1 is 0.9")


@pytest.mark.parametrize(
    "old",
    [
        gated("BetterThan", "0.8") | {"JobName": "another"},
        gated("BetterThan", "0.8") | {"Revision": "1"},
        gated("AtLeast", "0.8"),
        gated("BetterThan", "0.8", Metric="AUC"),
        gated("BetterThan", "0.8", OnMiss="warn"),
        wanted(),
        wanted(Gate="unreadable"),
    ],
    ids=["job", "revision", "rule", "metric", "on miss", "no gate", "bad gate"],
)
def test_another_question_is_judged(world: World, old: dict[str, Any]) -> None:
    new = gated("BetterThan", "0.95")

    assert update(world, new | {"Revision": "2"} if "Revision" in old else new, old)["Status"] == "FAILED"


@pytest.mark.parametrize("value", ["0.95", "0.99"])
def test_fixed_threshold_is_judged_whenever_it_changes(world: World, value: str) -> None:
    assert update(world, gated("AtLeast", value), gated("AtLeast", "0.8"))["Status"] == "FAILED"


def test_warning_tells_of_the_baseline_of_today(world: World) -> None:
    answer = update(world, gated("BetterThan", "0.95", OnMiss="warn"), gated("BetterThan", "0.8", OnMiss="warn"))

    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["GateResult"] == "missed: F1 is 0.9, wanted better than 0.95"


def test_job_that_was_let_run_before_is_judged_by_a_fixed_threshold(world: World) -> None:
    gate = gated("AtLeast", "0.95")

    assert update(world, gate | {"OnTimeout": "Fail"}, gate | {"OnTimeout": "LetRun"})["Status"] == "FAILED"


def test_failed_job_is_told_before_its_gate(world: World) -> None:
    world.sagemaker.fail_job("churn", "no disk")

    assert "is Failed: no disk" in create(world, gated("AtLeast", "x"))["Reason"]


@pytest.mark.parametrize(
    ("rule", "value", "on_miss", "told"),
    [
        ("BetterThan", "0.8", "fail", "met: F1 is 0.9, wanted better than 0.8"),
        (
            "BetterThan",
            "0.9",
            "fail",
            "met: F1 is 0.9, judged by an earlier deployment against the baseline of that time",
        ),
        ("BetterThan", "0.95", "warn", "missed: F1 is 0.9, wanted better than 0.95"),
        ("AtLeast", "0.95", "warn", "missed: F1 is 0.9, wanted at least 0.95"),
    ],
)
def test_rollback_says_of_the_old_gate_what_it_said(
    world: World, rule: str, value: str, on_miss: str, told: str
) -> None:
    world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"

    answer = update(world, gated(rule, value, OnMiss=on_miss), wanted(JobName="the failed one"))

    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["GateResult"] == told
