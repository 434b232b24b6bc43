"""Channels as the engines read them: Parquet, and several files. The cases are those of tests/engines."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.inspection import ENSEMBLING, TUNING, Engine
from constructs_lib.inspection.tables import read_table
from constructs_lib.rehearsal.training.tabular.data import Read, survey

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs_lib.engines.inspection import Survey

CASES = json.loads((Path(__file__).parents[3] / "engines" / "ensembling_cases.json").read_text(encoding="utf-8"))
PARQUET = {case["id"]: case for case in CASES if case["id"].startswith("s-parquet-")}
PROBLEMS = {"binary": "BinaryClassification", "multiclass": "MulticlassClassification"}

FIRST = datetime(2021, 1, 1)
LABELS: dict[str, Callable[[int], Any]] = {
    "s-parquet-bool": lambda i: i % 2 == 0,
    "s-parquet-string-numbers": lambda i: str(i % 2),
    "s-parquet-category": lambda i: ["no", "yes"][i % 2],
    "s-parquet-decimal": lambda i: Decimal(i) / 10,
    "s-parquet-date-label": lambda i: FIRST + timedelta(days=i % 28),
    "s-parquet-bool-null": lambda i: None if i % 10 == 9 else i % 2 == 0,
    "s-parquet-list": lambda i: i % 2,
}


def _written(name: str, folder: Path) -> Path:
    """The file that a case describes in words."""
    columns: dict[str, Any] = {
        "i": [None if i % 4 == 3 else i % 5 for i in range(60)],
        "s": [("red", "blue", None)[i % 3] for i in range(60)],
        "d": pa.array([FIRST + timedelta(days=11 * i) for i in range(60)], pa.timestamp("ms")),
        "b": [i % 3 == 0 for i in range(60)],
        "y": pa.array([LABELS[name](i) for i in range(60)]),
    }
    if name == "s-parquet-category":
        columns["y"] = columns["y"].dictionary_encode()
    if name == "s-parquet-list":
        columns["l"] = [[i, i + 1] for i in range(60)]
    path = folder / "data.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def test_every_case_of_parquet_can_be_built() -> None:
    assert set(LABELS) == set(PARQUET)


@pytest.mark.parametrize("name", PARQUET)
def test_parquet_is_taken_as_ensembling_takes_it(name: str, tmp_path: Path) -> None:
    result = PARQUET[name]["result"]
    found = read_table([_written(name, tmp_path)], "y", ENSEMBLING).found
    if name in ("s-parquet-date-label", "s-parquet-list"):
        assert result["failed_at"] == "fit"
        assert (found.problem_type, [error.text for error in found.errors]) == (
            None,
            ["has a target 'y' of the type timestamp or bytes, which is refused"]
            if name == "s-parquet-date-label"
            else ["column 'l' has lists, which are refused"],
        )
        return
    target = found.target
    assert target is not None
    assert found.problem_type == PROBLEMS[result["problem_type"]]
    assert target.rows_used == result.get("rows_used", 60)
    if "class_count" in result:  # of decimals it fails unbagged; the service's models are bagged, and learn nothing
        assert len(target.classes) == result["class_count"] == len({*target.classes})
        assert [waste.id for waste in target.wastes] == ["classes-of-one-row"]
    elif "classes" in result:
        assert [each.strip("'") for each in result["classes"]] == list(target.classes)
    kinds = {
        "int": "numeric",
        "float": "numeric",
        "datetime": "datetime",
        "object": "categorical",
        "bool": "categorical",
    }
    for column, kind in result.get("feature_types", {}).items():
        assert found.features[column].type == kinds[kind], column


def _read(engine: Engine, *files: Path) -> tuple[Survey, Read]:
    return survey(
        files,
        engine=engine,
        target="y",
        weight=None,
        content_type=None,
        compression=None,
        channel="training",
        check_header=lambda _: None,
        cap=100,
    )


@pytest.mark.parametrize("engine", [ENSEMBLING, TUNING], ids=["ensembling", "tuning"])
def test_all_files_are_read_hidden_ones_too_and_empty_ones_told(engine: Engine, tmp_path: Path) -> None:
    for name, text in {"a.csv": "x,y\n1,2\n", ".x": "x,y\n9,9\n", "_SUCCESS": ""}.items():
        (tmp_path / name).write_text(text)
    found, read = _read(engine, *(tmp_path / name for name in ("a.csv", ".x", "_SUCCESS")))
    assert found.sample == [["1", "2"], ["9", "9"]]
    assert read.notes("training", 2) == ["_SUCCESS is empty"]


@pytest.mark.parametrize("engine", [ENSEMBLING, TUNING], ids=["ensembling", "tuning"])
def test_a_file_of_another_width_is_refused(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("x,y,z\n1,2,3\n")
    with pytest.raises(DataFault, match=r"^the training files do not have the same header: b\.csv has also 'z'$"):
        _read(engine, tmp_path / "a.csv", tmp_path / "b.csv")


def test_what_cannot_be_decoded_late_in_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x,y\n" + b"1,2\n" * 5000 + b"caf\xe9,2\n")
    with pytest.raises(DataFault, match=r"^a\.csv is not UTF-8 text: byte 0xe9 in line 5002; save it as UTF-8$"):
        _read(TUNING, tmp_path / "a.csv")


def test_rows_of_a_large_file_are_sampled_evenly_and_the_same_way_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n" + "".join(f"{row},{row % 2}\n" for row in range(10_000)))
    first, second = (_read(TUNING, tmp_path / "a.csv")[0] for _ in range(2))
    assert first.sample == second.sample
    assert (first.rows, len({row[0] for row in first.sample})) == (10_000, 100)
    quarters = [sum(int(row[0]) // 2500 == quarter for row in first.sample) for quarter in range(4)]
    assert min(quarters) > 10, quarters
