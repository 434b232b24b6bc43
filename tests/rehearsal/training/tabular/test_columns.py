from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.inspection import Survey, engine_of
from constructs_lib.rehearsal.training.tabular.columns import (
    Kind,
    asked_features,
    describe,
    moment,
    moments,
    number,
    numbers,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def _survey(cells: Sequence[str], mode: str = "ENSEMBLING") -> Survey:
    survey = Survey(engine_of(mode), ["c", "y"], "y", cap=10_000)
    survey.add([[cell, "ab"[place % 2]] for place, cell in enumerate(cells)])
    return survey


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("ENSEMBLING", "each value comes once, like those of an identifier"),
        ("HYPERPARAMETER_TUNING", None),
    ],
)
def test_columns_without_use_are_left_out_with_the_reason(mode: str, why: str | None) -> None:
    identifiers = [f"C-{number}" for number in range(100)]
    assert describe(_survey(identifiers, mode), "c").unused == why
    empty = describe(_survey(["", ""], mode), "c")
    assert (empty.kind, empty.unused) == (None, "it has no values")


def test_a_kind_that_is_given_wins() -> None:
    assert describe(_survey(["1", "2", "3"] * 20), "c", Kind.CATEGORICAL).kind is Kind.CATEGORICAL
    assert describe(_survey([f"C-{number}" for number in range(100)]), "c", Kind.TEXT).kind is Kind.TEXT


def test_the_statistics_are_those_of_the_values() -> None:
    column = describe(_survey(["4", "", "1", "1", "x"], "HYPERPARAMETER_TUNING"), "c", Kind.NUMERIC)
    assert (column.missing, column.distinct) == (1, 3)
    assert (column.minimum, column.mean, column.maximum) == (1.0, 2.0, 4.0)
    assert describe(_survey(["1.5e308", "1.7e308"]), "c").mean == pytest.approx(1.6e308)
    assert describe(_survey(["b", "a", "b", ""]), "c").frequent == (("b", 2), ("a", 1))


@pytest.mark.parametrize(
    ("mode", "cells", "message"),
    [
        (
            "ENSEMBLING",
            ["2024-03-01T10:00:00+01:00", "2024-07-01T10:00:00+02:00", "2024-03-02T10:00:00+01:00"],
            "column 'c' has times of more than one offset from UTC",
        ),
        (
            "HYPERPARAMETER_TUNING",
            ["2020-01-02", "2020-01-03", "2020-01-04", "1600000000000"] * 9,
            "column 'c' has milliseconds since 1970 among its dates, '1600000000000'",
        ),
    ],
)
def test_a_column_on_which_the_engine_does_not_go_on_is_refused(mode: str, cells: list[str], message: str) -> None:
    with pytest.raises(DataFault) as caught:
        describe(_survey(cells, mode), "c")
    assert message in str(caught.value)


def test_cells_that_are_no_numbers_are_missing() -> None:
    read = numbers(np.array([["1", ""], ["x", "inf"]], dtype=object))
    assert read[0, 0] == 1.0
    assert np.isnan(read).sum() == 3
    assert np.isnan(numbers(np.array(["1", "inf", ""], dtype=object))).tolist() == [False, True, True]


def test_a_moment_becomes_the_parts_that_the_engine_makes_of_it() -> None:
    cells = np.array([["13/02/2020", "x"]], dtype=object)
    tuned = moments(cells, tuned=True)
    assert tuned.shape == (1, 14)
    assert tuned[0, :7].tolist() == [3, 2020, 0, 0, 0, 2, 7], "weekday, year, hour, minute, second, month, week"
    assert np.isnan(tuned[0, 7:]).all()
    ensembled = moments(cells, tuned=False)
    assert ensembled[0, :5].tolist() == [1581552000e9, 2020, 2, 13, 3], "nanoseconds, year, month, day, weekday"
    assert np.isnan(ensembled[0, 5:]).all()
    with pytest.raises(DataFault, match="'1600000000000' in a column of dates is too large for one"):
        moments(np.array([["1600000000000"]], dtype=object), tuned=True)


def test_a_moment_of_a_time_series_is_iso_8601() -> None:
    assert moment("1970-01-01") == 0
    assert math.isnan(moment("01/02/1970"))
    assert math.isnan(number("nan"))


COLUMNS = ["age", "plan"]


def test_the_specification_selects_columns_in_the_order_of_the_data() -> None:
    names, kinds = asked_features(
        {"FeatureAttributeNames": ["plan", "age"], "FeatureDataTypes": {"age": "categorical"}},
        COLUMNS,
        target="churned",
        ensembling=True,
    )
    assert (names, kinds) == (["age", "plan"], {"age": Kind.CATEGORICAL})


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ({"FeatureAttributeNames": ["Age"]}, "there is 'age', which differs in case or spaces only"),
        ({"FeatureDataTypes": {"wage": "numeric"}}, "names 'wage' in FeatureDataTypes, which cannot be a feature"),
        ({"FeatureAttributeNames": ["churned"]}, "the feature specification names the target 'churned'"),
        (
            {"FeatureAttributeNames": ["age"], "FeatureDataTypes": {"plan": "text"}},
            "FeatureDataTypes names 'plan', which is not in FeatureAttributeNames",
        ),
        (
            {"FeatureDataTypes": {"age": "number"}},
            "FeatureDataTypes gives 'age' the type 'number'; use one of numeric, categorical, text, datetime",
        ),
        ({"FeatureDataTypes": {"age": "sequence"}}, "gives 'age' the type 'sequence'; use one of numeric"),
        ({"FeatureAttributeNames": []}, "there is no column to learn from besides the target"),
        ({"FeatureAttributeNames": "age"}, "the feature specification must hold a list of names"),
    ],
)
def test_a_wrong_specification_is_refused(specification: dict[str, Any], message: str) -> None:
    with pytest.raises(DataFault) as caught:
        asked_features(specification, COLUMNS, target="churned", ensembling=True)
    assert message in str(caught.value)


def test_tuning_accepts_sequences_but_does_not_train_on_them() -> None:
    _, kinds = asked_features({"FeatureDataTypes": {"age": "sequence"}}, COLUMNS, target="churned", ensembling=False)
    survey = _survey(["1", "2"], "HYPERPARAMETER_TUNING")
    assert describe(survey, "c", kinds["age"]).unused == "sequence features are not trained on here"
