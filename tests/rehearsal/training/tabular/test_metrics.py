"""Each metric is compared with its definition, written out in plain Python."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from constructs_lib.rehearsal.training.tabular.metrics import evaluate
from constructs_lib.rehearsal.training.tabular.problem import BINARY, MULTICLASS, OBJECTIVES, REGRESSION

ROWS = 40


def _weights(weighted: bool) -> list[float]:
    draw = random.Random(3)
    return [draw.choice([0.5, 1.0, 3.0]) if weighted else 1.0 for _ in range(ROWS)]


def _share(weights: list[float], chosen: list[bool], among: list[bool]) -> float:
    total = sum(weight for weight, counts in zip(weights, among, strict=True) if counts)
    hit = sum(weight for weight, a, b in zip(weights, chosen, among, strict=True) if a and b)
    return hit / total if total else 0.0


def _per_class(weights: list[float], truth: list[int], said: list[int], label: int) -> tuple[float, float, float]:
    is_label, said_label = [value == label for value in truth], [value == label for value in said]
    precision, recall = _share(weights, is_label, said_label), _share(weights, said_label, is_label)
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@pytest.mark.parametrize("weighted", [False, True])
def test_binary_metrics_are_their_definitions(weighted: bool) -> None:
    draw, weights = random.Random(1), _weights(weighted)
    truth = [draw.randint(0, 1) for _ in range(ROWS)]
    chance = [round(draw.random() * 0.6 + 0.35 * label, 1) * 0.98 + 0.01 for label in truth]  # rounded: some ties
    said = [int(value > 0.5) for value in chance]
    found = evaluate(
        BINARY, np.array(truth, float), np.array([[1 - c, c] for c in chance]), np.array(weights) if weighted else None
    )
    precision, recall, f1 = _per_class(weights, truth, said, 1)
    _, other_recall, _ = _per_class(weights, truth, said, 0)
    pairs = [
        (weights[i] * weights[j], (chance[i] > chance[j]) + 0.5 * (chance[i] == chance[j]))
        for i in range(ROWS)
        for j in range(ROWS)
        if truth[i] > truth[j]
    ]
    losses = [-math.log(c if label else 1 - c) for label, c in zip(truth, chance, strict=True)]
    expected = {
        "Accuracy": _share(weights, [a == b for a, b in zip(truth, said, strict=True)], [True] * ROWS),
        "Precision": precision,
        "Recall": recall,
        "F1": f1,
        "BalancedAccuracy": (recall + other_recall) / 2,
        "AUC": sum(weight * wins for weight, wins in pairs) / sum(weight for weight, _ in pairs),
        "LogLoss": sum(map(math.prod, zip(weights, losses, strict=True))) / sum(weights),
    }
    assert found == pytest.approx(expected)
    assert set(OBJECTIVES[BINARY]) < set(found)


@pytest.mark.parametrize("weighted", [False, True])
def test_multiclass_metrics_are_their_definitions(weighted: bool) -> None:
    draw, weights = random.Random(2), _weights(weighted)
    truth = [draw.randint(0, 2) for _ in range(ROWS)]
    raw = [[draw.random() + (place == label) for place in range(3)] for label in truth]
    chances = [[value / sum(row) for value in row] for row in raw]
    said = [row.index(max(row)) for row in chances]
    found = evaluate(MULTICLASS, np.array(truth, float), np.array(chances), np.array(weights) if weighted else None)
    classes = [_per_class(weights, truth, said, label) for label in range(3)]
    mean = [sum(values) / 3 for values in zip(*classes, strict=True)]
    losses = [-math.log(row[label]) for label, row in zip(truth, chances, strict=True)]
    expected = {
        "Accuracy": _share(weights, [a == b for a, b in zip(truth, said, strict=True)], [True] * ROWS),
        "PrecisionMacro": mean[0],
        "RecallMacro": mean[1],
        "F1macro": mean[2],
        "BalancedAccuracy": mean[1],
        "LogLoss": sum(map(math.prod, zip(weights, losses, strict=True))) / sum(weights),
    }
    assert found == pytest.approx(expected)
    assert set(OBJECTIVES[MULTICLASS]) < set(found)


@pytest.mark.parametrize("weighted", [False, True])
def test_regression_metrics_are_their_definitions_and_errors_are_positive(weighted: bool) -> None:
    draw, weights = random.Random(4), _weights(weighted)
    truth = [draw.gauss(50, 10) for _ in range(ROWS)]
    said = [value + draw.gauss(0, 3) for value in truth]
    found = evaluate(REGRESSION, np.array(truth), np.array(said), np.array(weights) if weighted else None)
    total = sum(weights)
    triples = list(zip(weights, truth, said, strict=True))
    mean = sum(w * t for w, t, _ in triples) / total
    squared = sum(w * (t - s) ** 2 for w, t, s in triples)
    expected = {
        "MSE": squared / total,
        "RMSE": math.sqrt(squared / total),
        "MAE": sum(w * abs(t - s) for w, t, s in triples) / total,
        "R2": 1 - squared / sum(w * (t - mean) ** 2 for w, t, _ in triples),
    }
    assert found == pytest.approx(expected)
    assert set(OBJECTIVES[REGRESSION]) == set(found)


def test_a_metric_that_the_rows_do_not_define_is_left_out() -> None:
    one_class = evaluate(BINARY, np.array([1.0, 1.0]), np.array([[0.2, 0.8], [0.6, 0.4]]), None)
    assert "AUC" not in one_class
    assert one_class["Accuracy"] == one_class["Recall"] == 0.5
