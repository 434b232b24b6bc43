"""What the data report finds, by its own limits."""

import random
from collections.abc import Sequence

import pytest

from constructs_lib.engines.columns import Kind
from constructs_lib.engines.inspection import ENSEMBLING, TUNING, Engine, Survey
from constructs_lib.engines.report import Rows, findings, prediction_power
from constructs_lib.engines.target import BINARY, MULTICLASS, REGRESSION


def found(labels: Sequence[str | float], problem_type: str, **cells: list[str]) -> dict[str, str]:
    kinds = {name: Kind.NUMERIC if column[0].isdigit() else Kind.CATEGORICAL for name, column in cells.items()}
    columns = cells | {"id": [str(row) for row in range(len(labels))]}  # no two rows are the same
    told = findings(Rows(cells=columns, labels=labels), problem_type, "y", kinds, ENSEMBLING.number)
    return {each.id: each.text for each in told}


YES_NO: Sequence[str | float] = ["yes", "no", "no"] * 200
PLAIN = [str(row * 7919 % 601) for row in range(600)]


def test_plain_data_has_no_findings() -> None:
    assert found(YES_NO, BINARY, x=PLAIN) == {}


@pytest.mark.parametrize(("rows", "told"), [(19, True), (20, False)])
def test_a_minority_of_fewer_than_20_rows(rows: int, told: bool) -> None:
    labels: Sequence[str | float] = ["yes"] * rows + ["no"] * 500
    assert ("small-minority" in found(labels, BINARY)) is told
    if told:
        assert found(labels, BINARY)["small-minority"] == (
            "has 19 rows of the less frequent class of 'y', fewer than 20"
        )


@pytest.mark.parametrize("engine", [ENSEMBLING, TUNING], ids=["ensembling", "tuning"])
@pytest.mark.parametrize(("classes", "told"), [(100, False), (101, True)])
def test_more_than_100_classes_are_told_where_they_are_found(classes: int, told: bool, engine: Engine) -> None:
    labels = [f"k{row % classes}" for row in range(20 * classes)]
    assert found(labels, MULTICLASS) == {}
    survey = Survey(engine, ["y"], "y", cap=0)
    survey.add([[label] for label in labels])
    texts = [each.text for each in survey.judged(MULTICLASS).warnings if each.id == "many-classes"]
    assert texts == (["has 101 classes in 'y', more than 100"] if told else [])


def test_small_and_slight_classes() -> None:
    labels: Sequence[str | float] = ["a"] * 2000 + ["b"] * 500 + ["c"] * 10 + ["d"] * 11 + ["e"] * 19
    assert found(labels, MULTICLASS) == {
        "small-classes": "has classes of 10 rows or fewer in 'y': 'c'",
        "imbalanced": "has classes in 'y' of less than a hundredth of the largest: 'd', 'e'",
    }


def test_a_column_that_gives_the_answer_away() -> None:
    leak = [str(label)[0] for label in YES_NO]
    assert found(YES_NO, BINARY, x=PLAIN, leak=leak)["leakage"] == (
        "has columns that give 'y' away: the prediction power of 'leak' (1.00) is above 0.95; make sure that they are "
        "known before the answer is"
    )
    values: Sequence[str | float] = [float(cell) * 2 for cell in PLAIN]
    assert prediction_power(PLAIN, values, ENSEMBLING.number) > 0.95
    shuffled = random.Random(1).sample(values, len(values))
    assert prediction_power(PLAIN, shuffled, ENSEMBLING.number) == 0


def test_rows_that_are_there_twice() -> None:
    cells = {"x": ["1", "1", *map(str, range(2, 30))]}
    labels: Sequence[str | float] = ["a"] * 30
    told = findings(Rows(cells=cells, labels=labels), MULTICLASS, "y", {}, ENSEMBLING.number)
    assert "duplicates" not in {each.id for each in told}, "one of thirty is below 5 %"
    cells = {"x": ["1", "1", "1", *map(str, range(3, 30))]}
    told = findings(Rows(cells=cells, labels=labels), MULTICLASS, "y", {}, ENSEMBLING.number)
    assert [each.text for each in told if each.id == "duplicates"] == [
        "has rows that are there more than once: 2 of 30"
    ]


def test_a_number_that_may_stand_for_none() -> None:
    cells = ["999" if row % 5 == 0 else str(row) for row in range(600)]
    assert found(YES_NO, BINARY, x=cells)["suspicious-constant"] == (
        "has 999 in 120 of 600 rows of 'x', which may stand for a missing number"
    )


def test_of_numbers_to_learn() -> None:
    spread: Sequence[str | float] = [float(row) for row in range(600)]
    assert found(spread, REGRESSION) == {}
    assert found([*spread, 1e6], REGRESSION) == {"skewed": "has a skewed 'y', with 1 outlier"}
    assert found([*spread, *[0.0] * 100], REGRESSION) == {"frequent-value": "has 0 in 'y' in 101 of 700 rows"}
    assert found([*spread, *[float("nan")] * 40], REGRESSION) == {
        "no-numbers": "has no number in 'y' in 40 of 640 rows, more than a twentieth"
    }


def test_numbers_near_the_largest_ones_are_no_fault() -> None:
    huge: Sequence[str | float] = [1.7e308 * ((row % 7 - 3) / 3) for row in range(600)]
    assert "leakage" not in found(huge, REGRESSION, x=PLAIN)
