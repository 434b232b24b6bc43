"""`automl init`: the app that it makes is typed, tested, synthesized and rehearsed; each refusal."""

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mypy import api as mypy

from constructs_lib.cli import _parser, main
from constructs_lib.cli.init import sample
from constructs_lib.cli.init.command import stack_name

ROOT = Path(__file__).parents[2]


def made(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["init", *arguments]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 2) -> str:
    assert main(["init", *arguments]) == code
    return capsys.readouterr().err.strip()


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command as a user of the app gives it, in its folder."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CDK_"))}
    cdk = {"CDK_OUTDIR": str(folder / "cdk.out"), "CDK_VALIDATION": os.environ["CDK_VALIDATION"]}
    environment = {**own, "PYTHONPATH": str(ROOT), **cdk}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def table(folder: Path, *labels: str, rows: int = 600) -> Path:
    """A CSV file with a number and a label, which take turns."""
    path = folder / "table.csv"
    path.write_text("x,label\n" + "".join(f"{row},{labels[row % len(labels)]}\n" for row in range(rows)))
    return path


def test_the_app_is_strictly_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "churn"
    made(capsys, str(folder))
    monkeypatch.chdir(folder)
    # The cache is the one that the lint step fills.
    options = ["--strict", "--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(ROOT / ".mypy_cache")]
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))
    out, err, code = mypy.run([*options, "--no-error-summary", *files])

    assert (out, err, code) == ("", "", 0)
    assert "stack.py" in files


def test_the_tests_of_the_app_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "my-churn"
    text = made(capsys, str(folder))

    assert "Made the app 'MyChurn' in" in text
    assert "it learns churned (BinaryClassification)" in text
    commands = text.partition("Next\n")[2].split("\n")
    assert [each.strip() for each in commands if each] == [
        f"cd {folder}",
        "pip install -r requirements-dev.txt",
        "python -m pytest",
        "automl rehearse",
    ]
    tested = run(folder, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert tested.returncode == 0, tested.stdout
    assert "2 passed, 1 deselected" in tested.stdout


def test_its_tests_can_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(capsys, str(tmp_path / "churn"))
    stack = tmp_path / "churn" / "stack.py"
    stack.write_text(stack.read_text().replace("cdk.Duration.hours(1)", "cdk.Duration.hours(2)"))
    tested = run(stack.parent, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")

    assert tested.returncode == 1
    assert "1 failed, 1 passed" in tested.stdout


@pytest.mark.parametrize(
    ("labels", "props"),
    [
        (("no", "yes"), ["BINARY_CLASSIFICATION", "AUC"]),
        (("a", "b", "c"), ["MULTICLASS_CLASSIFICATION", "ACCURACY"]),
        (tuple(f"{number}.5" for number in range(300)), ["REGRESSION", "RMSE"]),
    ],
)
def test_the_problem_is_what_the_target_says(
    labels: tuple[str, ...], props: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "app"
    found = json.loads(
        made(capsys, str(folder), "--data", str(table(tmp_path, *labels)), "--target", "label", "--json")
    )

    assert (found["target"], found["rows"], found["stack"]) == ("label", 600, "App")
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == found["files"]
    text = (folder / "stack.py").read_text()
    assert re.findall(r"(?:ProblemType|Metric)\.(\w+)", text) == props
    assert (folder / "data" / "table.csv").read_bytes() == (tmp_path / "table.csv").read_bytes()
    synthesized = run(folder, sys.executable, "app.py")
    assert synthesized.returncode == 0, synthesized.stderr
    assert (folder / "cdk.out" / "App.template.json").is_file()


def test_names_may_have_any_characters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / 'it\'s "data".csv.gz'
    rows = "".join(f"{row},{'yes' if row % 3 else 'no'}\n" for row in range(600))
    data.write_bytes(gzip.compress(f'x,"went ""bad"", \\n"\n{rows}'.encode()))
    folder = tmp_path / "a b"
    text = made(capsys, str(folder), "--data", str(data), "--target", 'went "bad", \\n')

    assert f"cd '{folder}'" in text
    synthesized = run(folder, sys.executable, "app.py")
    assert synthesized.returncode == 0, synthesized.stderr


def test_the_invented_data_are_the_same_each_time() -> None:
    lines = sample.customers().splitlines()

    assert lines == sample.customers().splitlines()
    assert len(lines) == sample.ROWS + 1
    assert 0.1 < sum(line.endswith("yes") for line in lines[1:]) / sample.ROWS < 0.5


def test_commands_of_the_readme_are_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(capsys, str(tmp_path / "churn"))
    readme = (tmp_path / "churn" / "README.md").read_text()
    commands = re.findall(r"^\$ (.*?)(?:  +#.*)?$", readme, re.MULTILINE)

    assert "pip install cdk-sagemaker-autopilot" not in readme
    assert len(commands) == 7
    for command in commands:
        program, *words = command.split()
        assert program in ("pip", "python", "automl", "cdk"), command
        if program == "automl":
            _parser().parse_args(words)
    for name in re.findall(r"^\| ((?:`[\w./]+`(?:, )?)+)", readme, re.MULTILINE):
        for file in re.findall(r"`(.*?)`", name):
            assert (tmp_path / "churn" / file).exists(), file


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("my-loans", "MyLoans"),
        ("churn2", "Churn2"),
        ("2026", "Model2026"),
        ("äöü", "Model"),
        ("n" * 200, "N" + "n" * 127),
    ],
)
def test_the_stack_is_named_as_the_folder(folder: str, name: str) -> None:
    assert stack_name(folder) == name


def test_a_folder_whose_name_begins_as_an_option_can_be_gone_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert "cd ./-x\n" in made(capsys, "--", "-x")


def test_this_folder_is_taken_without_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    text = made(capsys)

    assert (tmp_path / "app.py").is_file()
    assert "cd " not in text


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "app.py").write_text("mine")

    assert refused(capsys, str(tmp_path)) == (
        f"automl init: the folder '{tmp_path}' is not empty: give a new or an empty one"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]
    assert refused(capsys, str(tmp_path / "app.py")) == (
        f"automl init: '{tmp_path / 'app.py'}' is a file: give a new or an empty folder"
    )


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    told = refused(capsys, str(tmp_path / "file" / "app"))

    assert told == f"automl init: '{tmp_path / 'file' / 'app'}' cannot be written or read: Not a directory"


def test_data_and_target_go_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = str(tmp_path / "app")

    assert refused(capsys, app, "--data", "x.csv") == "automl init: --data needs --target: the column to learn"
    assert refused(capsys, app, "--target", "x") == (
        "automl init: --target names a column of --data: give both or neither"
    )
    assert refused(capsys, app, "--data", "none.csv", "--target", "x") == (
        "automl init: --data: there is no file 'none.csv'"
    )
    assert not (tmp_path / "app").exists()


def test_data_of_another_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.parquet").write_bytes(b"PAR1")
    Path("x.csv.gz").write_text("x,label\n")

    assert refused(capsys, "app", "--data", "x.parquet", "--target", "x") == (
        "automl init: --data: 'x.parquet' is named as a Parquet file: give a CSV file"
    )
    assert refused(capsys, "app", "--data", "x.csv.gz", "--target", "x") == (
        "automl init: --data: 'x.csv.gz' must end in .gz if it is compressed, and only then"
    )


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("noext", "the name of 'noext' must end in .csv or .csv.gz, which tells its format"),
        ("x.png", "the name of 'x.png' must end in .csv or .csv.gz, which tells its format"),
        ("x.CSV.GZ", "'x.CSV.GZ' must end in .gz if it is compressed, and only then"),
        ("a\nb.csv", "the name of 'a\\nb.csv' has characters that no text can hold: rename it"),
        ("x\udcff.csv", "the name of 'x\\udcff.csv' has characters that no text can hold: rename it"),
    ],
)
def test_names_of_data_that_no_app_can_have(
    name: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text("x,label\n")

    assert refused(capsys, "app", "--data", name, "--target", "label") == f"automl init: --data: {told}"
    assert not Path("app").exists()


@pytest.mark.parametrize(
    ("labels", "rows", "target", "text"),
    [
        (("no", "yes"), 600, "lable", "has no column 'lable'"),
        (("no", "yes"), 499, "label", "it has 499 rows to train on, and Autopilot wants at least 500"),
        (("no",), 600, "label", "label"),
    ],
)
def test_data_on_which_a_job_would_fail(
    labels: tuple[str, ...], rows: int, target: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = table(tmp_path, *labels, rows=rows)
    told = refused(capsys, str(tmp_path / "app"), "--data", str(data), "--target", target, code=1)

    assert told.startswith(f"automl init: a job would fail on '{data}':\n  - ")
    assert text in told
    assert not (tmp_path / "app").exists()


@pytest.mark.cloud
@pytest.mark.training
def test_the_app_is_rehearsed_by_its_own_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(capsys, str(tmp_path / "churn"))
    tested = run(tmp_path / "churn", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "rehearsal")

    assert tested.returncode == 0, tested.stdout
    assert "1 passed" in tested.stdout
