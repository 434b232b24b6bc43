from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from constructs_lib.engines.faults import DataFault
from constructs_lib.rehearsal.training.tabular import preparation
from constructs_lib.rehearsal.training.tabular.preparation import prepare
from constructs_lib.rehearsal.training.tabular.prepared import Prepared

from ..world import CUSTOMERS, customers, customers_file, prices, write_csv

if TYPE_CHECKING:
    from pathlib import Path


def _prepare(folder: Path, file: Path, **fields: Any) -> tuple[dict[str, Any], Prepared]:
    task = {"training_files": [str(file)], "target": "churned", **fields}
    answer = prepare(task, str(folder / "work"))
    return answer, Prepared.load(folder / "work")


def test_a_fifth_is_for_validation_with_every_class_in_proportion_and_no_row_twice(tmp_path: Path) -> None:
    rows = [[str(number), "rare" if number % 50 == 0 else "often" if number % 3 else "other"] for number in range(600)]
    file = write_csv(tmp_path / "rows.csv", ["n", "kind"], rows)
    _, prepared = _prepare(tmp_path, file, target="kind")
    whole = Counter(row[1] for row in rows)
    parts = Counter(prepared.problem.labels[int(label)] for label in prepared.validation.target)
    assert all(abs(parts[label] - count / 5) <= 1 for label, count in whole.items()), parts
    seen = [cells[0] for sample in (prepared.training, prepared.validation) for cells in sample.cells]
    assert sorted(seen, key=int) == [row[0] for row in rows]


def test_the_same_data_is_split_in_the_same_way_again(tmp_path: Path) -> None:
    file = customers_file(tmp_path)
    first, second = (_prepare(tmp_path, file)[1] for _ in range(2))
    assert np.array_equal(first.validation.cells, second.validation.cells)


def test_the_fraction_asked_for_is_kept(tmp_path: Path) -> None:
    _, prepared = _prepare(tmp_path, customers_file(tmp_path), validation_fraction=0.4)
    assert len(prepared.validation) == 240


def test_a_class_of_one_row_is_trained_on(tmp_path: Path) -> None:
    rows = [["1", "once"], *([str(number), "ab"[number % 2]] for number in range(600))]
    answer, prepared = _prepare(tmp_path, write_csv(tmp_path / "rows.csv", ["n", "kind"], rows), target="kind")
    assert "classes with a single row to train on: once" in answer["notes"]
    once = prepared.problem.labels.index("once")
    assert once in prepared.training.target
    assert once not in prepared.validation.target


def test_a_validation_channel_is_used_as_it_is(tmp_path: Path) -> None:
    validation = customers_file(tmp_path, rows=30, name="validation.csv")
    _, prepared = _prepare(tmp_path, customers_file(tmp_path), validation_files=[str(validation)])
    assert (len(prepared.training), len(prepared.validation)) == (600, 30)


def test_rows_without_target_are_ignored_and_counted(tmp_path: Path) -> None:
    rows = [[*row[:-1], ""] if number < 7 else row for number, row in enumerate(customers(600))]
    answer, prepared = _prepare(tmp_path, write_csv(tmp_path / "rows.csv", CUSTOMERS, rows))
    assert (
        "the training data has 7 of 600 rows without a label in 'churned', which are left out: '' in row 1"
    ) in answer["notes"]
    assert len(prepared.training) + len(prepared.validation) == 593


def test_rows_with_an_invalid_weight_are_left_out_and_the_weights_are_no_feature(tmp_path: Path) -> None:
    bad = ["", "-1", "heavy"]
    rows = [[*row, [*bad, "0"][number] if number < 4 else "0.5"] for number, row in enumerate(customers(600))]
    file = write_csv(tmp_path / "rows.csv", [*CUSTOMERS, "w"], rows)
    answer, prepared = _prepare(tmp_path, file, sample_weight="w", mode="ENSEMBLING")
    assert "3 training rows are left out: no valid weight in 'w'" in answer["notes"]
    assert prepared.training.weights is not None
    assert set(prepared.training.weights) <= {0.0, 0.5}
    assert len(prepared.training) + len(prepared.validation) == 597, "a weight of zero is valid"
    assert "w" not in [column.name for column in prepared.columns]


def test_more_rows_than_are_trained_on_here_are_sampled_and_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "MOST_ROWS", 400)
    answer, prepared = _prepare(tmp_path, customers_file(tmp_path))
    assert (len(prepared.training), len(prepared.validation)) == (400, 100)
    assert "a random sample of 500 of 600 training rows is used here" in answer["notes"]


def test_what_is_lost_of_columns_is_noted_for_each_mode(tmp_path: Path) -> None:
    rows = [[f"C{number}", "?" if number == 5 else str(number % 9), "ab"[number % 2]] for number in range(600)]
    file = write_csv(tmp_path / "rows.csv", ["id", "n", "kind"], rows)
    answer, prepared = _prepare(tmp_path, file, target="kind", mode="ENSEMBLING")
    assert "column 'id' is not used: each value comes once, like those of an identifier" in answer["notes"]
    assert "column 'n' is categories and no number, for '?' in it" in answer["notes"]
    assert [(column.name, column.kind) for column in prepared.columns] == [("id", None), ("n", "categorical")]
    answer, prepared = _prepare(tmp_path, file, target="kind")
    assert "column 'n' is a number: 1 cell without one, taken for missing: '?'" in answer["notes"]
    assert [(column.name, column.kind) for column in prepared.columns] == [("id", "text"), ("n", "numeric")]


@pytest.mark.parametrize(
    ("mode", "resolved", "note"),
    [
        (
            None,
            "HYPERPARAMETER_TUNING",
            "no mode was given, so the job runs in HYPERPARAMETER_TUNING, as Autopilot was",
        ),
        ("AUTO", "ENSEMBLING", "AUTO is ENSEMBLING here, by the size of the data as AWS documents it; no run of it on"),
        ("ENSEMBLING", "ENSEMBLING", None),
    ],
)
def test_a_mode_that_was_not_asked_for_by_name_is_noted(
    tmp_path: Path, mode: str | None, resolved: str, note: str | None
) -> None:
    answer, _ = _prepare(tmp_path, customers_file(tmp_path), mode=mode)
    assert answer["mode"] == resolved
    assert answer["stage"] == ("ModelTuning" if resolved == "HYPERPARAMETER_TUNING" else "TrainingModels")
    assert any(text.startswith(note or "no mode") for text in answer["notes"]) == (note is not None)


@pytest.mark.parametrize(
    ("mode", "kinds", "note"),
    [
        (
            "ENSEMBLING",
            ["datetime", "datetime"],
            "column 'eu' has days before months, and '2/3/2020' is read as 2020-02-03: month first, cell by cell",
        ),
        (
            "HYPERPARAMETER_TUNING",
            ["datetime", "categorical"],
            "column 'eu' is read without the day of the month",
        ),
    ],
)
def test_dates_are_those_of_the_mode(tmp_path: Path, mode: str, kinds: list[str], note: str) -> None:
    rows = [[f"{n % 27 + 2}/3/2020", f"2020Q{n % 4 + 1}", str(n), "ab"[n % 2]] for n in range(600)]
    file = write_csv(tmp_path / "rows.csv", ["eu", "quarter", "n", "kind"], rows)
    answer, prepared = _prepare(tmp_path, file, target="kind", mode=mode)
    assert note in answer["notes"]
    assert [column.kind for column in prepared.columns][:2] == kinds


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"target": "Churned"}, "there is no target column 'Churned' in the training data: there is 'churned', which"),
        (
            {"sample_weight": "w", "mode": "ENSEMBLING"},
            "there is no sample weight column 'w' in the training data: the columns are 'age',",
        ),
        ({"features": {"FeatureDataTypes": {"pln": "text"}}}, "names 'pln' in FeatureDataTypes"),
        (
            {"problem_type": "Regression", "objective": "MSE"},
            "the training data has no number in 'churned': it has 'no'",
        ),
        (
            {"problem_type": "Regression", "objective": "MSE", "mode": "ENSEMBLING"},
            "the training data has values in 'churned' that are no numbers, '",
        ),
        (
            {"algorithms": ["fastai"], "mode": "ENSEMBLING"},
            "none of the algorithms asked for (fastai) can be trained on this machine",
        ),
        ({"validation_fraction": 0.0001}, "a validation fraction of 0.0001 leaves none of 600 rows for validation"),
        ({"validation_files": []} | {"content_type": "text/plain"}, "content type 'text/plain' is not supported"),
    ],
)
def test_choices_that_do_not_fit_the_data_are_refused(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DataFault) as caught:
        _prepare(tmp_path, customers_file(tmp_path), **fields)
    assert message in str(caught.value)


def test_too_few_rows_are_counted(tmp_path: Path) -> None:
    rows = [[*row[:-1], ""] if number < 3 else row for number, row in enumerate(customers(502))]
    with pytest.raises(DataFault) as caught:
        _prepare(tmp_path, write_csv(tmp_path / "rows.csv", CUSTOMERS, rows))
    assert str(caught.value) == (
        "the training data has 499 usable rows; at least 500 are needed; 3 more have no value in the target 'churned'"
    )


def test_exactly_500_rows_are_enough(tmp_path: Path) -> None:
    _, prepared = _prepare(tmp_path, customers_file(tmp_path, rows=500))
    assert len(prepared.training) + len(prepared.validation) == 500


def test_a_target_without_any_value_is_refused(tmp_path: Path) -> None:
    rows = [[*row[:-1], "NaN"] for row in customers(600)]
    with pytest.raises(DataFault) as caught:
        _prepare(tmp_path, write_csv(tmp_path / "rows.csv", CUSTOMERS, rows), mode="ENSEMBLING")
    assert str(caught.value) == (
        "no row of the training data can be used: 600 more have no value in the target 'churned'"
    )


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        ("1,2,3", "its first line holds only numbers, so the header seems to be missing"),
        ("age;churned", "its only column is 'age;churned'; values must be separated by commas"),
    ],
)
def test_a_file_without_a_proper_header_is_recognised(tmp_path: Path, header: str, hint: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(header + "\n")
    with pytest.raises(DataFault) as caught:
        _prepare(tmp_path, file)
    assert hint in str(caught.value)


def test_data_without_a_useful_column_is_refused(tmp_path: Path) -> None:
    rows = [[f"C{number}", "ab"[number % 2]] for number in range(600)]
    with pytest.raises(DataFault, match="no column can be learned from: 'id': each value comes once"):
        _prepare(tmp_path, write_csv(tmp_path / "rows.csv", ["id", "kind"], rows), target="kind", mode="ENSEMBLING")


def test_weights_that_are_all_zero_are_refused(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "rows.csv", [*CUSTOMERS, "w"], [[*row, "0"] for row in customers(600)])
    with pytest.raises(DataFault, match="all weights in 'w' of the training rows are zero"):
        _prepare(tmp_path, file, sample_weight="w", mode="ENSEMBLING")


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (
            CUSTOMERS[:-1],
            ["1", "basic", "", ""],
            "the validation data does not have the header of the training data: it",
        ),
        (CUSTOMERS, ["1", "basic", "", "", ""], "usable row: 1 have no value in the target 'churned'"),
        (
            CUSTOMERS,
            ["1", "basic", "", "", "perhaps"],
            "1 have a value in 'churned' that the training data does not have",
        ),
    ],
)
def test_validation_data_that_does_not_fit_is_refused(
    tmp_path: Path, header: tuple[str, ...], row: list[str], message: str
) -> None:
    validation = write_csv(tmp_path / "validation.csv", header, [row])
    with pytest.raises(DataFault) as caught:
        _prepare(tmp_path, customers_file(tmp_path), validation_files=[str(validation)], mode="ENSEMBLING")
    assert message in str(caught.value)


def test_to_tuning_all_but_the_majority_is_one_class(tmp_path: Path) -> None:
    validation = write_csv(tmp_path / "validation.csv", CUSTOMERS, [["1", "basic", "", "", "perhaps"]])
    _, prepared = _prepare(tmp_path, customers_file(tmp_path), validation_files=[str(validation)])
    assert prepared.validation.target.tolist() == [1.0]


def test_validation_data_without_numbers_for_a_regression_is_refused(tmp_path: Path) -> None:
    header, rows = prices(600)
    file = write_csv(tmp_path / "rows.csv", header, rows)
    validation = write_csv(tmp_path / "validation.csv", header, [[*rows[0][:-1], "dear"]])
    with pytest.raises(DataFault, match="the validation data has no usable row: 1 have no number in 'price'"):
        _prepare(tmp_path, file, target="price", validation_files=[str(validation)])
