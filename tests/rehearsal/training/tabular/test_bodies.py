"""Requests as the engines were seen to take them: the cases in tests/engines that are about a request."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.inspection import ENSEMBLING, Survey, batches
from constructs_lib.engines.records import records
from constructs_lib.rehearsal.training.tabular.bodies import held_against_training, tuned
from constructs_lib.rehearsal.training.tabular.columns import Column, describe, moments, numbers
from tests.engines import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

DATA = Path(__file__).parents[3] / "engines"
CASES = {
    case["id"]: case
    for name in ("ensembling_cases.json", "tuning_cases.json")
    for case in json.loads((DATA / name).read_text(encoding="utf-8"))
}
REQUESTS = [name for name in CASES if name.startswith("q-")]
WITH_HEADER = {
    "q-missing-column": "a request has no header, so no column can be missing from it but by its width",
    "q-extra-column": "as q-missing-column",
    "q-extra-target": "as q-missing-column",
    "q-other-order": "as q-missing-column: the order is that of the training data",
    "q-case-of-header": "as q-missing-column",
    "q-no-rows": "a body without rows is refused",
    "q-float-inf-gbm": "the models here are scikit-learn's, which refuse what is infinite",
}
"""What is not held against the engine, and why."""


def _columns(table: Any) -> list[Column]:
    rows = records(io.StringIO(tables.csv_text(table), newline=""), "data.csv")
    opened = ENSEMBLING.rows(rows, "data.csv")
    assert opened is not None
    survey = Survey(ENSEMBLING, opened.columns, "y", cap=1000)
    for batch in batches(opened.rows):
        survey.add(batch)
    return [describe(survey, name) for name in opened.columns if name != "y"]


def _cells(columns: Sequence[Column], body: str) -> dict[str, str]:
    """The first row of a request, as the model gets it."""
    _, *rows = records(io.StringIO(body, newline=""), "the body")
    names = [column.name for column in columns]
    held = held_against_training(rows, names, [column.trained_on for column in columns])
    return dict(zip(names, held[0], strict=True))


def _table_of(case: dict[str, Any]) -> Any:
    return CASES["q-same"]["csv"] if case["csv"] == "the table of q-same" else case["csv"]


@pytest.mark.parametrize("name", [name for name in REQUESTS if name not in WITH_HEADER])
def test_a_request_is_taken_as_ensembling_takes_it(name: str) -> None:
    case = CASES[name]
    columns = _columns(_table_of(case))
    if case["result"].get("failed_at") == "predict":
        with pytest.raises(DataFault, match=r"which has numbers: the whole request is refused$"):
            _cells(columns, case["predict_csv"])
        return
    got = _cells(columns, case["predict_csv"])
    changes = case["result"]["predict"].get("row_changes")
    if changes is not None:
        same = _cells(columns, CASES["q-same"]["predict_csv"])
        changed = {column for column in got if got[column] != same[column] and column != "x"}  # of x nothing was noted
        assert changed == {each.partition(".")[0] for each in changes}
    for column, expected in {**case["result"]["predict"].get("row", {}), **(changes or {})}.items():
        _check(columns, column, got, expected)


def _check(columns: Sequence[Column], name: str, got: dict[str, str], expected: float | None) -> None:
    """What the engine hands to its models, against what ours is handed."""
    column = next((each for each in columns if each.name == name), None)
    if column is None or column.kind == "text":
        return  # parts of a date, counted below, and words, which are counted in another way here
    cell = np.array([[got[name]]], dtype=object)
    if column.kind == "datetime":
        parts = moments(cell, tuned=False)[0]
        if np.isnan(parts).all():
            assert expected == 1.637496e18, "no date is the mean date, which the pipeline puts in its place"
        else:
            assert parts[0] == pytest.approx(expected if expected != 20210501.0 else 0.0), "a number is nearly 1970"
    elif column.kind == "numeric":
        assert numbers(cell)[0, 0] == pytest.approx(float("nan") if expected is None else expected, nan_ok=True)
    else:
        seen = got[name] in [value for value, _ in column.frequent] or (not got[name] and column.missing > 0)
        if column.distinct + (column.missing > 0) == 2:
            assert seen or expected == 0.0, "to a flag all that is not its second value is the first"
        else:
            assert seen == (expected is not None)


def test_every_request_that_is_left_out_is_a_case_and_the_engine_agrees_with_none() -> None:
    assert set(WITH_HEADER) <= set(REQUESTS)


@pytest.mark.parametrize(
    ("name", "body", "rows"),
    [
        ("pipeline-header-line-in-request", "age,job\n30,a\n", 2),
        ("pipeline-one-feature-empty-line", "good\n\nbad\n", 2),
    ],
)
def test_to_tuning_a_header_is_a_row_and_an_empty_line_is_none(name: str, body: str, rows: int) -> None:
    case = CASES[name]
    assert case["input"].replace("\\n", "\n") == body
    expected = (
        case["result"][0] if name.endswith("line") and isinstance(case["result"][0], int) else len(case["result"])
    )
    assert len(tuned(body, body.partition("\n")[0].split(","))) == rows == expected


@pytest.mark.parametrize(
    ("name", "body", "features", "message"),
    [
        ("pipeline-target-in-request", "no,30,a\n", ["age", "job"], "they are taken for rows with their target"),
        (
            "pipeline-one-feature-text-with-comma",
            "good, phone\n",
            ["text"],
            "they are taken for rows with their target",
        ),
        ("pipeline-too-many-columns", "1,2,3,4\n", ["age", "job"], None),
        ("pipeline-too-few-columns", "1\n", ["age", "job"], None),
    ],
)
def test_tuning_refuses_requests_of_another_width(
    name: str, body: str, features: list[str], message: str | None
) -> None:
    expected = message or CASES[name]["error"].removeprefix("ValueError: ")
    with pytest.raises(DataFault) as caught:
        tuned(body, features)
    assert expected in str(caught.value)


def test_tuning_refuses_rows_of_several_widths() -> None:
    with pytest.raises(DataFault, match=r"^the body, row 2: 1 values, and the first row has 2$"):
        tuned("1,2\n3\n", ["a", "b"])


def test_blanks_are_part_of_a_cell_to_tuning() -> None:
    assert tuned(" 30, a\n", ["age", "job"]) == [[" 30", " a"]]
    assert CASES["pipeline-spaces-in-request"]["result"][0] != CASES["pipeline-spaces-in-request"]["result"][1]
