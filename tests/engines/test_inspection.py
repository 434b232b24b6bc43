"""What is told of a whole table."""

from pathlib import Path

import pytest

from constructs_lib.engines.inspection import ENSEMBLING, TUNING, Engine, Inspection, engine_of, inspect_csv


def inspected(folder: Path, text: str, engine: Engine = ENSEMBLING) -> Inspection:
    path = folder / "data.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return inspect_csv(path, "y", engine, gzipped=False)


def labels(cells: list[str], rows: int) -> str:
    return "x,y\n" + "".join(f"{row % 7},{cells[row % len(cells)]}\n" for row in range(rows))


@pytest.mark.parametrize(
    ("mode", "engine"),
    [(None, TUNING), ("AUTO", TUNING), ("HYPERPARAMETER_TUNING", TUNING), ("ENSEMBLING", ENSEMBLING)],
)
def test_engine_of_a_mode(mode: str | None, engine: Engine) -> None:
    assert engine_of(mode) is engine


def test_the_other_engine_finds_another_problem(tmp_path: Path) -> None:
    found = inspected(tmp_path, labels([str(each) for each in range(101)], 1000))

    [told] = [each.text for each in found.warnings if each.id == "ambiguous-problem-type"]
    assert told == (
        "poses the problem Regression in 'y' by the rule of ENSEMBLING, and none that can be told by that of "
        "HYPERPARAMETER_TUNING: give 'problem_type'"
    )


def test_too_few_rows_for_the_other_engine_are_no_other_problem(tmp_path: Path) -> None:
    found = inspected(tmp_path, labels(["a", "b", "c"], 9), TUNING)

    assert found.problem_type == "MulticlassClassification"
    assert not [each for each in found.warnings if "by the rule of" in each.text]


def test_gaps_are_counted_in_all_rows_and_each_engine_has_its_own(tmp_path: Path) -> None:
    text = "x,y\n" + "".join(f"{cell},{row % 2}\n" for row in range(100) for cell in ("NA", "", " ", "5", "NA\0b"))

    assert inspected(tmp_path, text).features["x"].missing == 300
    assert inspected(tmp_path, text, TUNING).features["x"].missing == 200


def test_gaps_among_numbers_without_a_sign_are_labels(tmp_path: Path) -> None:
    found = inspected(tmp_path, labels(["18446744073709551615", "18446744073709551614", ""], 300))

    assert found.target
    assert found.target.classes == ("", "18446744073709551614", "18446744073709551615")
    assert found.target.rows_used == 300


def test_a_zone_by_name_alone_says_nothing_and_warns_nobody(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    text = "x,y\n" + "".join(f"2024-01-{row % 28 + 1:02} 03:00 EST,{row % 2}\n" for row in range(100))

    assert inspected(tmp_path, text, TUNING).features["x"].type == "datetime"
    assert not recwarn.list


@pytest.mark.parametrize("cells", [["2024-01-05", "2024-01-06", "soon"], ["2024-01-05", "soon", ""]])
def test_a_date_beside_a_column_that_is_called_like_its_year(cells: list[str], tmp_path: Path) -> None:
    rows = "".join(f"{cells[row % 3]},{row % 7},{('no', 'yes')[row % 2]}\n" for row in range(600))

    assert [each.text for each in inspected(tmp_path, f"d,d.year,y\n{rows}").errors] == [
        "column 'd' is a date of which the engine makes 'd.year', and there is such a column"
    ]


@pytest.mark.parametrize("year", ["2024-01-05 2025-03-06", "2024-01-05 soon - ?", "1"])
def test_a_date_or_a_constant_that_is_called_like_the_year_of_a_date(year: str, tmp_path: Path) -> None:
    days, years = ("2024-01-05", "2024-01-06", "soon"), year.split()
    rows = "".join(
        f"{days[row % 3]},{years[row % len(years)]},{row % 7},{('no', 'yes')[row % 2]}\n" for row in range(600)
    )

    assert inspected(tmp_path, f"d,d.year,x,y\n{rows}").errors == ()


def test_a_target_that_is_called_like_the_year_of_a_date(tmp_path: Path) -> None:
    rows = "".join(f"{('2024-01-05', '2024-01-06', 'soon')[row % 3]},{row % 7},{row % 2}\n" for row in range(600))
    path = tmp_path / "table.csv"
    path.write_text(f"d,x,d.year\n{rows}")

    assert inspect_csv(path, "d.year", ENSEMBLING, gzipped=False).errors == ()
