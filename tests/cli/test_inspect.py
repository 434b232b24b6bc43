"""`automl inspect`: what it prints, and with which exit code it ends."""

import gc
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from constructs_lib.cli import INTERRUPTED, main
from constructs_lib.cli.inspection import FAILS, FINE, WRONG_CALL
from constructs_lib.inspection.sources import WrongCall

LEARNS = "a model learns rows by heart from it; leave it out unless it is a measure"
ROOT = Path(__file__).parents[2]


def table(rows: int = 600, mark: str = ",", header: str = "x,c,churned") -> str:
    lines = [f"{row},{'abc'[row % 3]},{'yes' if row % 5 == 0 else 'no'}" for row in range(rows)]
    return "\n".join([header, *lines, ""]).replace(",", mark)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int) -> str:
    assert main(["inspect", *arguments]) == code
    return capsys.readouterr().out


def object_of(capsys: pytest.CaptureFixture[str], *arguments: str, code: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told(capsys, *arguments, "--json", code=code))
    return found


def test_text(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (written / "churn.csv").write_text(table().replace("599,c,no", "599,c,"))

    assert (
        told(capsys, "churn.csv", "--target", "churned", code=FINE)
        == f"""\
churn.csv, as HYPERPARAMETER_TUNING has it

  rows          600, of which 599 are trained on
  problem type  BinaryClassification (it has two different values)
  classes       2 in 'churned': 'no', 'yes'; F1, precision, recall and AUC are of 'yes'

  columns
    x  numeric     600 different, 0 to 599
    c  categorical 3 different

  misleads a model
    - column 'x' has another whole number in each of the 599 rows, as an identifier has: {LEARNS}

  worth knowing
    - churn.csv has 1 of 600 rows without a label in 'churned', which are left out: '' in row 600
"""
    )


@pytest.mark.parametrize("is_on", [True, False])
def test_the_garbage_collector_is_left_as_it_was(is_on: bool, written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def read(*_: Any) -> None:
        seen.append(gc.isenabled())
        raise WrongCall("enough")

    monkeypatch.setattr("constructs_lib.inspection.tables.read_table", read)
    (written / "churn.csv").write_text(table())
    if not is_on:
        gc.disable()
    try:
        assert main(["inspect", "churn.csv", "--target", "churned"]) == WRONG_CALL
        assert [*seen, gc.isenabled()] == [False, is_on]
    finally:
        gc.enable()


def test_json(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (written / "churn.csv").write_text(table().replace("599,c,no", ",c,NA").replace("598,b,no", "598,b,None"))

    found = object_of(capsys, "churn.csv", "--target", "churned", "--mode", "ensembling", code=FINE)

    assert {name: found[name] for name in found if name not in ("warnings", "columns", "findings")} == {
        "kind": "table",
        "mode": "ENSEMBLING",
        "files": [],
        "rows": 600,
        "rows_used": 598,
        "problem_type": "MulticlassClassification",
        "why": "it is text, of 3 different values",
        "near": [{"labels": -1, "problem_type": "BinaryClassification"}],
        "classes": ["None", "no", "yes"],
        "class_count": 3,
        "class_rows": [
            {"class": "no", "rows": 478, "share": 0.798},
            {"class": "yes", "rows": 120, "share": 0.2003},
            {"class": "None", "rows": 1, "share": 0.0017},
        ],
        "positive_class": None,
        "target": None,
        "sampled": 599,
        "errors": [],
        "remarks": [],
    }
    x, c = found["columns"]
    assert x == {
        "name": "x",
        "type": "numeric",
        "missing": 1,
        "missing_share": 0.0017,
        "missing_in": {"ENSEMBLING": 1, "HYPERPARAMETER_TUNING": 1},
        "distinct": 599,
        "minimum": 0.0,
        "median": 299.0,
        "maximum": 598.0,
        "histogram": x["histogram"],
    }
    assert sum(x["histogram"]["counts"]) == 599
    assert {each["value"] for each in c["frequent"]} == {"a", "b", "c"}
    assert {each["level"] for each in found["findings"]} == {"misleads", "note"}
    [rare] = [text for text in found["warnings"] if "too rare" in text]
    assert "churn.csv has classes in 'churned' that are too rare to be learned, 'None'" in rare


def test_no_mode_is_that_of_tuning_and_a_mode_may_be_in_capitals(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (written / "churn.csv").write_text(table().replace("599,c,no", "599,c,NA"))

    classes = [
        object_of(capsys, "churn.csv", "--target", "churned", *mode, code=FINE)["classes"]
        for mode in ([], ["--mode", "HYPERPARAMETER_TUNING"], ["--mode", "ENSEMBLING"])
    ]

    assert classes == [["NA", "no", "yes"], ["NA", "no", "yes"], ["no", "yes"]]


def test_fewer_rows_than_a_job_takes(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (written / "small.csv").write_text(table(20))

    found = object_of(capsys, "small.csv", "--target", "churned", "--mode", "ensembling", code=FAILS)

    assert found["errors"] == ["small.csv has 20 rows to train on, and Autopilot wants at least 500"]
    assert (found["problem_type"], found["positive_class"]) == ("BinaryClassification", "yes")


def test_so_few_rows_that_no_model_trains_still_pose_a_problem(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (written / "tiny.csv").write_text("x,y\n1,a\n2,b\n3,c\n")

    found = object_of(capsys, "tiny.csv", "--target", "y", "--mode", "ensembling", code=FAILS)

    assert found["errors"] == ["tiny.csv has 3 rows with a label in 'y': no model trains on fewer than 15"]
    assert found["problem_type"] == "MulticlassClassification"


def test_a_problem_that_is_unclear(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (written / "count.csv").write_text("x,y\n" + "".join(f"{row % 7},{row}\n" for row in range(1000)))

    found = object_of(capsys, "count.csv", "--target", "y", code=FAILS)

    assert found["problem_type"] is None
    assert found["errors"] == [
        "count.csv does not tell which problem 'y' poses, since it has 1000 different whole numbers, so it is unclear "
        "whether they are classes or amounts: give 'problem_type'"
    ]


@pytest.mark.parametrize(
    ("text", "target", "error"),
    [
        (table(), "churn", "data.csv has no column 'churn'; it has 'x', 'c', 'churned' (did you mean 'churned'?)"),
        (
            table(),
            "Churned ",
            "data.csv has no column 'Churned '; it has 'x', 'c', 'churned' (did you mean 'churned'?)",
        ),
        (
            table(mark=";"),
            "churned",
            "data.csv has no column 'churned'; it has 'x;c;churned': cells are parted by commas, and here it seems to "
            "be by semicolons",
        ),
        (
            table(mark="\t"),
            "churned",
            "data.csv has no column 'churned'; it has 'x\\tc\\tchurned': cells are parted by commas, and here it seems "
            "to be by tabs",
        ),
        (
            table(header="7,a,no"),
            "churned",
            "data.csv has no column 'churned'; it has '7', 'a', 'no': the first line is the header, and this one looks "
            "like data",
        ),
        ("", "churned", "data.csv is empty"),
        (table(0), "churned", "data.csv has no label in 'churned' in any of its 0 rows"),
    ],
)
def test_what_a_newcomer_meets(
    text: str, target: str, error: str, written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (written / "data.csv").write_text(text)

    assert object_of(capsys, "data.csv", "--target", target, code=FAILS)["errors"] == [error]


def test_text_of_a_file_that_cannot_be_read(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (written / "data.csv").write_bytes(table().encode("utf-16"))

    assert (
        told(capsys, "data.csv", "--target", "churned", code=FAILS)
        == """\
data.csv, as HYPERPARAMETER_TUNING has it

  problem type  none: a job fails

  a job fails
    - data.csv is not UTF-8 text: byte 0xff in line 1; save it as UTF-8
"""
    )


def test_gzip_goes_by_the_name(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("data.csv.gz", "data.csv"):
        (written / name).write_bytes(gzip.compress(table().encode()))

    assert object_of(capsys, "data.csv.gz", "--target", "churned", code=FINE)["rows"] == 600
    assert object_of(capsys, "data.csv", "--target", "churned", code=FAILS)["errors"] == [
        "data.csv is a gzip file, and is not called so: give it a name that ends with '.gz'"
    ]


@pytest.mark.parametrize("more", [[], ["--text", "c"], ["--timestamp", "x", "--item", "c"]])
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (table().encode(), "is called .gz, and is no gzip file: leave '.gz' out of its name, or compress it"),
        (gzip.compress(table().encode())[:-300], "is cut off: what is compressed in it goes on where the file ends"),
    ],
)
def test_a_wrong_gzip_file(
    data: bytes, said: str, more: list[str], written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (written / "data.csv.gz").write_bytes(data)

    found = object_of(capsys, "data.csv.gz", "--target", "churned", *more, code=FAILS)

    assert found["errors"] == [f"data.csv.gz {said}"]


@pytest.mark.parametrize("name", ["data.pq.csv", "my.parquet.bak"])
def test_ensembling_takes_a_file_for_parquet_by_its_name(
    name: str, written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (written / name).write_text(table())

    assert object_of(capsys, name, "--target", "churned", code=FINE)["rows"] == 600
    assert object_of(capsys, name, "--target", "churned", "--mode", "ensembling", code=FAILS)["errors"] == [
        f"{name} is CSV, and ENSEMBLING takes it for Parquet, for its name: give it another one"
    ]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda path: None, "there is no file 'data.csv'"),
        (lambda path: path.mkdir(), "'data.csv' is an empty folder"),
    ],
)
def test_a_wrong_call(made: Any, said: str, written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(written / "data.csv")

    assert main(["inspect", "data.csv", "--target", "y", "--json"]) == WRONG_CALL
    assert capsys.readouterr() == ("", f"automl inspect: {said}\n")


@pytest.mark.parametrize("mode", ["ensembling", "hyperparameter_tuning"])
def test_a_full_column_is_not_called_empty_where_no_row_has_a_label(
    mode: str, written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (written / "data.csv").write_text("a,y\n" + "".join(f"{number},\n" for number in range(600)))

    told = object_of(capsys, "data.csv", "--target", "y", "--mode", mode, code=FAILS)

    assert told["errors"][0] == "data.csv has no label in 'y' in any of its 600 rows"
    assert "('a': no row is trained on)" in told["errors"][1]


def test_a_file_in_s3_is_not_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "s3://bucket/data.csv", "--target", "y"]) == WRONG_CALL
    assert capsys.readouterr().err == (
        "automl inspect: nothing is read from S3 here: copy it to this machine first (aws s3 cp)\n"
    )


def test_a_file_that_may_not_be_read(
    written: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (written / "data.csv").write_text(table())

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)

    assert main(["inspect", "data.csv", "--target", "churned"]) == WRONG_CALL
    assert capsys.readouterr().err == "automl inspect: 'data.csv' cannot be read: Permission denied\n"


@pytest.mark.parametrize(
    "arguments", [["data.csv"], ["data.csv", "--target", "y", "--mode", "auto"], ["--target", "y"]]
)
def test_a_call_without_what_it_needs(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["inspect", *arguments])

    assert ended.value.code == WRONG_CALL
    assert "automl inspect: error:" in capsys.readouterr().err


@pytest.mark.parametrize("streams", ["</dev/null | head -c 1", "<&- >&-"])
def test_others_that_read_only_the_begin_or_nothing_see_no_fault(streams: str, written: Path) -> None:
    columns = [f"column{number}" for number in range(20_000)]
    (written / "wide.csv").write_text(",".join(columns) + "\n" + ",".join("1" for _ in columns) + "\n")
    command = f"{sys.executable} -m constructs_lib.cli inspect wide.csv --target column0 {streams}"

    ended = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=written,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
    )

    assert ended.stderr == ""


def test_an_interruption_is_told(
    written: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (written / "churn.csv").write_text(table())

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("constructs_lib.inspection.tables.read_table", interrupt)

    assert main(["inspect", "churn.csv", "--target", "churned"]) == INTERRUPTED
    assert capsys.readouterr() == ("", "interrupted\n")


@pytest.mark.parametrize("mode", ["ensembling", "hyperparameter_tuning"])
def test_a_parquet_file_keeps_its_types(mode: str, written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = range(600)
    columns = {"i": [row % 5 if row % 4 else None for row in rows], "y": [row % 2 == 0 for row in rows]}
    pq.write_table(pa.table(columns), written / "data.parquet")

    found = object_of(capsys, "data.parquet", "--target", "y", "--mode", mode, code=FINE)

    assert (found["rows"], found["problem_type"], sorted(found["classes"])) == (
        600,
        "BinaryClassification",
        ["False", "True"],
    )
    assert found["positive_class"] == ("True" if mode == "ensembling" else "False")
    kind = "numeric" if mode == "ensembling" else "categorical"
    [column] = found["columns"]
    assert {key: column[key] for key in ("name", "type", "missing", "missing_share", "missing_in", "distinct")} == {
        "name": "i",
        "type": kind,
        "missing": 150,
        "missing_share": 0.25,
        "missing_in": {"ENSEMBLING": 150, "HYPERPARAMETER_TUNING": 150},
        "distinct": 5,
    }


def test_a_label_of_dates_in_parquet_is_refused_by_ensembling(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = pa.array([row * 86_400_000 for row in range(600)], pa.timestamp("ms"))
    pq.write_table(pa.table({"i": list(range(600)), "y": days}), written / "data.parquet")

    found = object_of(capsys, "data.parquet", "--target", "y", "--mode", "ensembling", code=FAILS)

    assert (found["problem_type"], found["errors"]) == (
        None,
        ["data.parquet has a target 'y' of the type timestamp or bytes, which is refused"],
    )
    assert main(["inspect", "data.parquet", "--target", "z", "--json"]) == FAILS
    assert "data.parquet has no column 'z'; it has 'i', 'y'" in capsys.readouterr().out


def test_parquet_needs_the_extra(
    written: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (written / "data.parquet").write_bytes(b"PAR1....PAR1")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    assert main(["inspect", "data.parquet", "--target", "y"]) == WRONG_CALL
    assert capsys.readouterr().err == (
        "automl inspect: 'data.parquet' is a Parquet file, for which the extra is needed: "
        "in a checkout, pip install '.[inspect]'\n"
    )
