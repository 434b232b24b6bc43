from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.engines.faults import DataFault
from constructs_lib.rehearsal.training.forecasting.frequency import Frequency, Grid
from constructs_lib.rehearsal.training.forecasting.series import Key, Layout, histories, observations
from constructs_lib.rehearsal.training.tabular.columns import moment
from constructs_lib.rehearsal.training.task import ForecastingTask

COLUMNS = ["shop", "item", "day", "sold", "price"]


def layout(**fields: Any) -> Layout:
    task = {
        "training_files": [Path("a.csv")],
        "frequency": "D",
        "horizon": 1,
        "target": "sold",
        "timestamp": "day",
        "item": "item",
        "groupings": ["shop"],
    }
    return Layout.of(ForecastingTask(**{**task, **fields}), COLUMNS)


def values(rows: list[tuple[str, str, str]], **fields: Any) -> dict[Key, list[float]]:
    """The histories of rows of item, day in May and units sold."""
    of = layout(**fields)
    cells = [["north", item, f"2024-05-{day}", sold, "1"] for item, day, sold in rows]
    seen = observations(cells, COLUMNS, of, "the data")
    grid = Grid.of(Frequency.parse("D"), moment("2024-05-01"))
    return {key: history.values.tolist() for key, history in histories(seen, grid, of).items()}


def test_an_item_is_told_apart_by_its_groups() -> None:
    seen = [["north", "tea", "2024-05-01", "1", ""], ["south", "tea", "2024-05-01", "2", ""]]
    of = layout()
    found = histories(observations(seen, COLUMNS, of, ""), Grid.of(Frequency.parse("D"), moment("2024-05-01")), of)
    assert list(found) == [("tea", "north"), ("tea", "south")]


@pytest.mark.parametrize(("method", "value"), [("sum", 9), ("avg", 3), ("first", 4), ("min", 2), ("max", 4), (None, 9)])
def test_several_values_of_a_step_become_one(method: str | None, value: float) -> None:
    rows = [("tea", "01T12:00:00", "3"), ("tea", "01T09:00:00", "4"), ("tea", "01T15:00:00", "2")]
    assert values(rows, aggregation={"sold": method} if method else {}) == {("tea", "north"): [value]}


@pytest.mark.parametrize(
    ("filling", "middle", "back"),
    [
        ({}, 0, 0),
        ({"middlefill": "median", "backfill": "mean"}, 2, 4),
        ({"middlefill": "min", "backfill": "max", "frontfill": "none"}, 1, 9),
        ({"middlefill": "value", "middlefill_value": "7.5", "backfill": "zero"}, 7.5, 0),
    ],
)
def test_gaps_are_filled_as_the_transformations_say(filling: dict[str, str], middle: float, back: float) -> None:
    rows = [("tea", "02", "1"), ("tea", "04", "9"), ("tea", "05", "2"), ("rum", "06", "5"), ("rum", "01", "")]
    found = values(rows, filling={"sold": filling} if filling else {})
    assert found == {("tea", "north"): [1, middle, 9, 2, back], ("rum", "north"): [5]}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"target": "Sold"}, "there is no target column 'Sold' in the training data: there is 'sold', which di"),
        ({"timestamp": "date"}, "there is no timestamp column 'date' in the training data: "),
        ({"item": "article"}, "there is no item identifier column 'article' in the training data: "),
        ({"groupings": ["town"]}, "there is no grouping column 'town' in the training data: "),
        ({"groupings": ["item"]}, "target, timestamp, item identifier and groupings must differ: 'item' is named"),
        ({"aggregation": {"price": "avg"}}, "Aggregation is for the target 'sold' alone, not for 'price'"),
        ({"aggregation": {"sold": "last"}}, "the aggregation 'last' is not one of sum, avg, first, min, max"),
        ({"filling": {"promo": {"backfill": "zero"}}}, "Filling names the column 'promo': the columns are 'shop', "),
        ({"filling": {"sold": {"frontfill": "zero"}}}, "frontfill of 'sold' is 'zero': it is for the target alone"),
        ({"filling": {"price": {"frontfill": "none"}}}, "frontfill of 'price' is 'none': it is for the target alo"),
        ({"filling": {"sold": {"backfill": "linear"}}}, "backfill of 'sold' is 'linear': use one of zero, median, m"),
        (
            {"filling": {"sold": {"middlefill": "value"}}},
            "middlefill of 'sold' is value, so middlefill_value must be a number; it is None",
        ),
        (
            {"filling": {"sold": {"middlefill": "value", "middlefill_value": "x"}}},
            "middlefill of 'sold' is value, so middlefill_value must be a number; it is 'x'",
        ),
    ],
)  # fmt: skip
def test_what_the_layout_cannot_be_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DataFault, match=f"^{re.escape(message)}"):
        layout(**fields)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("tea", "32", "1"), "'day' needs ISO 8601 dates or times; 1 of 2 rows of the data have none: '2024-05-32'"),
        (("tea", "02", "many"), "'sold' needs numbers; 1 of 2 rows of the data have none: 'many'"),
    ],
)
def test_cells_that_cannot_be_read_are_named(row: tuple[str, str, str], message: str) -> None:
    with pytest.raises(DataFault, match=f"^{re.escape(message)}$"):
        values([("tea", "01", "1"), row])
