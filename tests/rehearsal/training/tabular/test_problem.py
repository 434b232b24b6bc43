from __future__ import annotations

import pytest

from constructs_lib.rehearsal.training.faults import DataFault
from constructs_lib.rehearsal.training.tabular.problem import (
    BINARY,
    MULTICLASS,
    OBJECTIVES,
    REGRESSION,
    direction,
    resolve,
)

AMBIGUOUS = "the problem type is ambiguous"
WHOLE = [str(number) for number in range(1000)]
FLOATS = [f"{number / 7:.3f}" for number in range(1000)]


@pytest.mark.parametrize(
    ("values", "problem_type"),
    [
        (["yes", "no"], BINARY),
        (["1", "0"], BINARY),
        (["red", "green", "blue"], MULTICLASS),
        (FLOATS, REGRESSION),
        (WHOLE, REGRESSION),
    ],
)
def test_clear_targets_are_told_without_a_doubt(values: list[str], problem_type: str) -> None:
    found = resolve("y", values, None, None)
    assert found.problem_type == problem_type
    assert not any(AMBIGUOUS in note for note in found.notes)


@pytest.mark.parametrize(
    ("values", "problem_type", "why"),
    [
        (["1.0", "0.0"], BINARY, "it has the two numbers"),
        (["1", "2", "3", "4", "5"], MULTICLASS, "it has only 5 different numbers"),
        ([str(number) for number in range(50)], REGRESSION, "it has only 50 different numbers"),
        (["0.5", "1.5", "2.5"], REGRESSION, "it has only 3 different numbers"),
        ([str(year) for year in range(1990, 2024)], REGRESSION, "its values look like years"),
        ([f"{number:05}" for number in range(500, 900)], REGRESSION, "some numbers begin with 0, like postal codes"),
        ([str(number) for number in range(10115, 10500)], REGRESSION, "all values have five digits"),
        ([*map(str, range(50)), "unknown"], MULTICLASS, "it has numbers with some text between them"),
    ],
)
def test_a_doubtful_target_is_called_ambiguous_and_says_what_to_set(
    values: list[str], problem_type: str, why: str
) -> None:
    found = resolve("y", values, None, None)
    assert found.problem_type == problem_type
    (note,) = [note for note in found.notes if AMBIGUOUS in note]
    assert why in note
    assert "set problem_type and objective to be sure" in note
    assert not any(AMBIGUOUS in note for note in resolve("y", values, problem_type, None).notes)


@pytest.mark.parametrize(
    ("values", "labels"),
    [(["no", "yes", "yes"], ("no", "yes")), (["10", "9"], ("9", "10")), (["1", "0", "0"], ("0", "1"))],
)
def test_the_positive_class_is_the_last_in_order_and_is_named(values: list[str], labels: tuple[str, str]) -> None:
    found = resolve("y", values, BINARY, None)
    assert found.labels == labels
    assert any(f"the positive class of 'y' is {labels[1]!r} here" in note for note in found.notes)


@pytest.mark.parametrize(
    ("values", "problem_type", "objective", "message"),
    [
        (["a", "a"], None, None, "every row has the same value in 'y' ('a'): there is nothing to learn"),
        (["a", "b", "c"], BINARY, "F1", "BinaryClassification needs two different values in 'y'; there are 3: 'a', "),
        (
            ["1", "2", "n/k", "n/k"],
            REGRESSION,
            "MSE",
            "Regression needs numbers in 'y'; 2 of 4 rows have none: 'n/k'",
        ),
        (
            [*WHOLE, "unknown"],
            None,
            None,
            "cannot tell what kind of problem 'y' poses: 1001 different values, 1 of 1001 rows without a number",
        ),
        (["a", "b"], None, "MSE", "the objective MSE is not one of BinaryClassification: F1, Accuracy, AUC, "),
    ],
)
def test_targets_that_do_not_fit_are_refused(
    values: list[str], problem_type: str | None, objective: str | None, message: str
) -> None:
    with pytest.raises(DataFault) as caught:
        resolve("y", values, problem_type, objective)
    assert message in str(caught.value)


def test_the_default_objectives_are_those_of_the_service() -> None:
    assert {kind: metrics[0] for kind, metrics in OBJECTIVES.items()} == {
        REGRESSION: "MSE",
        BINARY: "F1",
        MULTICLASS: "Accuracy",
    }


def test_errors_are_minimized_and_the_rest_maximized() -> None:
    every = {metric for metrics in OBJECTIVES.values() for metric in metrics}
    assert {metric for metric in every if direction(metric) == "Minimize"} == {"MSE", "MAE", "RMSE"}
