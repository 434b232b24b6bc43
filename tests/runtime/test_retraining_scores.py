"""Metrics and the bootstrap, held against scikit-learn and against one that is written out plainly."""

import random
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from constructs_lib.runtime import retrain_scores
from constructs_lib.runtime.contract import CLASS_METRICS, ERROR_METRICS
from constructs_lib.runtime.failure import Failure
from constructs_lib.runtime.retrain_scores import (
    Value,
    compare,
    label,
    of_chances,
    of_classes,
    of_numbers,
    positive_class,
)

TWO = ["no", "yes"]


def learned(metric: str, truth: Sequence[Any], answers: Sequence[Any], positive: str = "yes") -> float:
    """What scikit-learn says."""
    binary = {"pos_label": positive, "average": "binary", "zero_division": 0}
    macro = {"average": "macro", "zero_division": 0}
    known: dict[str, Any] = {
        "Accuracy": lambda: sk.accuracy_score(truth, answers),
        "BalancedAccuracy": lambda: sk.balanced_accuracy_score(truth, answers),
        "F1": lambda: sk.f1_score(truth, answers, **binary),
        "Precision": lambda: sk.precision_score(truth, answers, **binary),
        "Recall": lambda: sk.recall_score(truth, answers, **binary),
        "F1macro": lambda: sk.f1_score(truth, answers, **macro),
        "PrecisionMacro": lambda: sk.precision_score(truth, answers, **macro),
        "RecallMacro": lambda: sk.recall_score(truth, answers, **macro),
        "AUC": lambda: sk.roc_auc_score([each == positive for each in truth], answers),
        "MSE": lambda: sk.mean_squared_error(truth, answers),
        "RMSE": lambda: sk.mean_squared_error(truth, answers) ** 0.5,
        "MAE": lambda: sk.mean_absolute_error(truth, answers),
        "R2": lambda: sk.r2_score(truth, answers),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(known[metric]())


def ours(metric: str, truth: Sequence[Any], answers: Sequence[Any], positive: str = "yes") -> Value:
    if metric == "AUC":
        return of_chances(truth, answers, positive)
    if metric in ERROR_METRICS:
        return of_numbers(metric, truth, answers)
    return of_classes(metric, truth, answers, positive if metric in {"F1", "Precision", "Recall"} else "")


def whole(metric: str, truth: Sequence[Any], answers: Sequence[Any], positive: str = "yes") -> float | None:
    return ours(metric, truth, answers, positive)(range(len(truth)))


@pytest.mark.parametrize("metric", sorted(CLASS_METRICS - {"AUC", "F1", "Precision", "Recall"}))
@given(rows=st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcde")), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_metric_of_many_classes_is_that_of_scikit_learn(metric: str, rows: list[tuple[str, str]]) -> None:
    truth, answers = zip(*rows, strict=True)

    assert whole(metric, truth, answers) == pytest.approx(learned(metric, truth, answers), abs=1e-12)


@pytest.mark.parametrize("metric", ["F1", "Precision", "Recall"])
@pytest.mark.parametrize("positive", TWO)
@given(rows=st.lists(st.tuples(st.sampled_from(TWO), st.sampled_from(TWO)), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_metric_of_one_of_two_classes_is_that_of_scikit_learn(
    metric: str, positive: str, rows: list[tuple[str, str]]
) -> None:
    truth, answers = zip(*[*rows, ("no", "no"), ("yes", "yes")], strict=True)

    assert whole(metric, truth, answers, positive) == pytest.approx(learned(metric, truth, answers, positive))


@given(rows=st.lists(st.tuples(st.sampled_from(TWO), st.sampled_from([0.0, 0.1, 0.5, 0.5, 0.9, 1.0])), max_size=40))
@settings(max_examples=80, deadline=None)
def test_auc_is_that_of_scikit_learn_with_ties_too(rows: list[tuple[str, float]]) -> None:
    truth, chances = zip(*[*rows, ("no", 0.3), ("yes", 0.5)], strict=True)

    assert whole("AUC", truth, chances) == pytest.approx(learned("AUC", truth, chances))


def test_auc_of_one_class_is_not_defined() -> None:
    assert whole("AUC", ["yes", "yes"], [0.1, 0.2]) is None


@pytest.mark.parametrize("metric", sorted(ERROR_METRICS))
@given(rows=st.lists(st.tuples(st.integers(-50, 50), st.floats(-1e3, 1e3)), min_size=2, max_size=30))
@settings(max_examples=60, deadline=None)
def test_metric_of_numbers_is_that_of_scikit_learn(metric: str, rows: list[tuple[int, float]]) -> None:
    truth, answers = zip(*[(float(one), other) for one, other in [*rows, (1, 0.5), (2, 2.5)]], strict=True)

    assert whole(metric, truth, answers) == pytest.approx(learned(metric, truth, answers), rel=1e-9, abs=1e-9)


def test_r2_of_a_constant_is_not_defined_and_that_of_large_numbers_is_exact() -> None:
    assert whole("R2", [3.0, 3.0], [1.0, 2.0]) is None
    truth = [1e9 + number for number in range(10)]
    assert whole("R2", truth, [each + 0.5 for each in truth]) == pytest.approx(1 - 0.25 / np.var(range(10)))


# Labels


@pytest.mark.parametrize(
    ("one", "other"), [("1", "1.0"), (" yes", "yes"), ("True", "true"), ("1e3", "1000"), ("-0.50", "-0.5")]
)
def test_labels_that_mean_the_same_are_one(one: str, other: str) -> None:
    assert label(one) == label(other)


@pytest.mark.parametrize(("one", "other"), [("1_0", "10"), ("a", "A"), ("nan", "NaN"), ("1", "01x")])
def test_labels_that_differ_are_two(one: str, other: str) -> None:
    assert label(one) != label(other)


@pytest.mark.parametrize(
    ("truth", "is_tuned", "positive"),
    [
        (["no"] * 7 + ["yes"] * 3, False, "yes"),
        (["no"] * 3 + ["yes"] * 7, False, "yes"),
        (["no"] * 3 + ["yes"] * 7, True, "no"),
        (["no", "yes"], True, "yes"),
        (["10.0", "9.0"], False, "10.0"),
        (["true", "false"], False, "true"),
        (["Yes", "no"], False, "no"),
    ],
)
def test_positive_class_is_the_one_that_the_jobs_mode_means(truth: list[str], is_tuned: bool, positive: str) -> None:
    assert positive_class(truth, "F1", is_tuned=is_tuned) == positive


# The bootstrap


def sample(metric: str, rows: int, skill: float, seed: int) -> tuple[list[Any], list[Any], list[Any]]:
    """Rows, and two models of which the second is better by so much."""
    made = np.random.default_rng(seed)
    if metric in ERROR_METRICS:
        truth = made.normal(size=rows)
        return [
            each.tolist()
            for each in (truth, truth + made.normal(scale=0.6, size=rows), truth + made.normal(scale=skill, size=rows))
        ]  # type: ignore[return-value]
    labels = made.integers(2, size=rows)
    if metric == "AUC":
        answers = [(labels * power + made.normal(size=rows)).round(1).tolist() for power in (1.0, 1.0 + skill)]
        return [TWO[each] for each in labels], *answers
    wrong = [made.random(rows) < part for part in (0.3, 0.3 - skill)]
    return [TWO[each] for each in labels], *([TWO[each] for each in labels ^ flips] for flips in wrong)  # type: ignore[return-value]


@pytest.mark.parametrize("metric", ["Accuracy", "F1", "AUC", "RMSE", "R2"])
def test_bootstrap_is_the_plain_one_with_scikit_learn(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrain_scores, "_MOST_RESAMPLES", 300)
    truth, old, new = sample(metric, 60, 0.2, 7)
    sign = -1 if metric == "RMSE" else 1

    told = compare(
        metric, ours(metric, truth, new), ours(metric, truth, old), rows=60, confidence=0.9, seed="20260101T000000Z-1"
    )

    generator = random.Random("20260101T000000Z-1")
    gains = []
    for _ in range(300):
        drawn = generator.choices(range(60), k=60)
        rows = [[each[number] for number in drawn] for each in (truth, new, old)]
        gains.append(sign * (learned(metric, rows[0], rows[1]) - learned(metric, rows[0], rows[2])))
    assert told.gain == pytest.approx(sign * (learned(metric, truth, new) - learned(metric, truth, old)))
    assert told.lower == pytest.approx(sorted(gains)[30])
    assert told.resamples == 300


@pytest.mark.parametrize("metric", ["Accuracy", "AUC", "MSE"])
def test_gain_of_nothing_is_seldom_taken_for_one(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two models that are equally good, about one in twenty wins at 95 per cent."""
    monkeypatch.setattr(retrain_scores, "_MOST_RESAMPLES", 200)
    skill = {"MSE": 0.6}.get(metric, 0.0)
    wins = 0
    for seed in range(80):
        truth, old, new = sample(metric, 120, skill, seed)
        told = compare(
            metric, ours(metric, truth, new), ours(metric, truth, old), rows=120, confidence=0.95, seed=str(seed)
        )
        wins += told.lower > 0

    assert wins <= 11, wins


def test_same_seed_says_the_same_and_another_one_another() -> None:
    truth, old, new = sample("AUC", 200, 0.5, 3)
    one, same, other = (
        compare("AUC", ours("AUC", truth, new), ours("AUC", truth, old), rows=200, confidence=0.95, seed=seed)
        for seed in ("a", "a", "b")
    )

    assert one == same
    assert one.lower != other.lower


@pytest.mark.parametrize(("rows", "resamples"), [(100, 2000), (250, 800), (2000, 200)])
def test_many_rows_are_resampled_less_often(rows: int, resamples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrain_scores, "_DRAWS", 200_000)
    truth, old, new = sample("Accuracy", rows, 0.05, 1)
    told = compare(
        "Accuracy", ours("Accuracy", truth, new), ours("Accuracy", truth, old), rows=rows, confidence=0.95, seed="1"
    )

    assert told.resamples == resamples


def test_rows_that_seldom_define_the_metric_are_too_few() -> None:
    truth, chances = ["yes", *["no"] * 2, *["no"] * 0], [0.5, 0.1, 0.2]
    auc = of_chances(truth, chances, "yes")

    with pytest.raises(Failure, match="the rows of the holdout do not define R2: it needs more rows of each class"):
        compare("R2", of_numbers("R2", [1.0] * 9, [2.0] * 9), of_numbers("R2", [1.0] * 9, [1.0] * 9),
                rows=9, confidence=0.95, seed="1")  # fmt: skip
    assert compare("AUC", auc, auc, rows=3, confidence=0.95, seed="1").resamples < 2000
