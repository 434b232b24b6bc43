from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.inspection import Survey, engine_of
from constructs_lib.rehearsal.training.tabular.problem import (
    BINARY,
    MULTICLASS,
    OBJECTIVES,
    REGRESSION,
    direction,
    resolve,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def _survey(values: Sequence[str], mode: str) -> Survey:
    survey = Survey(engine_of(mode), ["x", "y"], "y", cap=10_000)
    survey.add([[str(place), value] for place, value in enumerate(values)])
    return survey


@pytest.mark.parametrize(
    ("mode", "values", "labels", "why"),
    [
        ("ENSEMBLING", ["no"] * 9 + ["yes"] * 20, ("no", "yes"), "the last of the two in order"),
        ("HYPERPARAMETER_TUNING", ["no"] * 9 + ["yes"] * 20, ("yes", "no"), "the less frequent of the two"),
    ],
)
def test_the_positive_class_is_that_of_the_mode_and_is_named_with_its_metrics(
    mode: str, values: list[str], labels: tuple[str, str], why: str
) -> None:
    found = resolve(_survey(values, mode), None, None)
    assert (found.labels, found.positive_class) == (labels, labels[1])
    assert (
        f"the positive class of 'y' is {labels[1]!r}, {why}: F1, AUC, Precision and Recall are about it" in found.notes
    )


def test_cut_classes_stay_among_the_labels_and_are_no_place_to_learn() -> None:
    found = resolve(_survey(["a"] * 250 + ["b"] * 249 + ["c"], "ENSEMBLING"), None, None)
    assert (found.problem_type, found.labels, found.learned) == (MULTICLASS, ("a", "b", "c"), (0, 1))
    assert [found.place(cell) for cell in "ab"] == [0.0, 1.0]
    assert math.isnan(found.place("c"))


def test_to_ensembling_two_spellings_of_a_number_are_one_class_and_to_tuning_two() -> None:
    cells = ["0", "1"] * 20
    ensembled, tuned = (resolve(_survey(cells, mode), MULTICLASS, None) for mode in ("ENSEMBLING", "AUTO"))
    assert (ensembled.place("1.0"), ensembled.place(" 1")) == (1.0, 1.0)
    assert math.isnan(tuned.place("1.0"))


@pytest.mark.parametrize(
    ("mode", "values", "problem_type", "objective", "message"),
    [
        ("ENSEMBLING", ["a"] * 20, None, None, "the training data has one value in 'y', 'a': no model trains"),
        ("AUTO", ["a"] * 20, None, None, "the training data has one value in 'y', 'a': there is nothing to learn"),
        (
            "ENSEMBLING",
            ["a", "b", "c"] * 5,
            BINARY,
            "F1",
            "the training data needs two different values in 'y' for BinaryClassification; there are 3: 'a', 'b', 'c'",
        ),
        (
            "AUTO",
            [str(number) for number in range(1000)],
            None,
            None,
            "the training data does not tell which problem 'y' poses, since it has 1000 different whole numbers, so it "
            "is unclear whether they are classes or amounts: give 'problem_type'",
        ),
        ("AUTO", ["a", "b"] * 9, None, "MSE", "the objective MSE is not one of BinaryClassification: F1, Accuracy, "),
    ],
)
def test_targets_that_do_not_fit_are_refused(
    mode: str, values: list[str], problem_type: str | None, objective: str | None, message: str
) -> None:
    with pytest.raises(DataFault) as caught:
        resolve(_survey(values, mode), problem_type, objective)
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
