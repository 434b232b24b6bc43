from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from constructs_lib.rehearsal.training.faults import DataFault
from constructs_lib.rehearsal.training.tabular.columns import (
    Kind,
    asked_features,
    describe,
    moment,
    moments,
    number,
    numbers,
)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "", "-3e2"] * 10, Kind.NUMERIC),
        ([*map(str, range(99)), "unknown"], Kind.NUMERIC),
        (["2024-01-05", "2024/02/06", "2024-01-05T10:00:00Z"] * 10, Kind.DATETIME),
        (["red", "green", "very dark blue indeed"] * 30, Kind.CATEGORICAL),
        ([f"the {number} time I called you" for number in range(50)], Kind.TEXT),
        (["1", "2", "x"] * 20, Kind.CATEGORICAL),
    ],
)
def test_the_kind_of_a_column_follows_from_its_values(cells: list[str], kind: Kind) -> None:
    assert describe("c", cells).kind is kind


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["", ""], "it has no values"),
        ([f"C-{number}" for number in range(100)], "100 of 100 values are different, like those of an identifier"),
    ],
)
def test_columns_without_use_are_left_out_with_the_reason(cells: list[str], why: str) -> None:
    column = describe("c", cells)
    assert (column.kind, column.unused) == (None, why)


def test_a_kind_that_is_given_wins() -> None:
    assert describe("c", ["1", "2"] * 20, Kind.CATEGORICAL).kind is Kind.CATEGORICAL
    assert describe("c", [f"C-{number}" for number in range(100)], Kind.TEXT).kind is Kind.TEXT


def test_the_statistics_are_those_of_the_values() -> None:
    column = describe("c", ["4", "", "1", "1", "x"], Kind.NUMERIC)
    assert (column.missing, column.distinct, column.unreadable) == (1, 3, 1)
    assert (column.minimum, column.mean, column.maximum) == (1.0, 2.0, 4.0)
    assert describe("c", ["1.5e308", "1.7e308"]).mean == pytest.approx(1.6e308)
    assert describe("c", ["b", "a", "b", ""]).frequent == (("b", 2), ("a", 1))


def test_cells_that_are_no_numbers_are_missing() -> None:
    read = numbers(np.array([["1", ""], ["x", "inf"]], dtype=object))
    assert read[0, 0] == 1.0
    assert np.isnan(read).sum() == 3
    assert np.isnan(numbers(np.array(["1", "inf", ""], dtype=object))).tolist() == [False, True, True]


def test_a_moment_becomes_seconds_month_weekday_and_hour() -> None:
    read = moments(np.array([["1970-01-02T03:00:00+00:00", "x"]], dtype=object))
    assert read.shape == (1, 8)
    seconds, unread, month, weekday, hour, *rest = read[0]
    assert (seconds, month, weekday, hour) == (97200, 1, 4, 3)
    assert math.isnan(unread)
    assert np.isnan(rest).all()
    assert moment("1970-01-01") == 0
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
    assert describe("age", ["1", "2"], kinds["age"]).unused == "sequence features are not trained on here"
