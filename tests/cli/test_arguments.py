"""The `automl` command: its arguments, and every bad input in one line."""

import importlib.util
import json
import os
import platform
import socket
import subprocess
import sys
import tomllib
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from pathlib import Path

import pytest

from constructs_lib.cli import CANNOT_START, EXTRA, main

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command complains about when it cannot start."""
    assert main(["rehearse", *arguments]) == CANNOT_START
    return capsys.readouterr().err.strip()


def test_no_app_in_this_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint(capsys) == "this folder has neither a cdk.json nor a cloud assembly's manifest.json: give an APP"


def test_app_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint(capsys, "nowhere.py") == (
        "'nowhere.py' is no app: give a folder with a cdk.json, a Python file, a cloud assembly (cdk.out) "
        'or a command in quotes ("python3 app.py")'
    )


def test_cdk_json_that_is_no_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cdk.json").write_text("app: python3 app.py")
    assert complaint(capsys).startswith("cdk.json of this folder is not a JSON object: ")


def test_cdk_json_without_an_app(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cdk.json").write_text(json.dumps({"context": {}}))
    assert complaint(capsys) == 'cdk.json of this folder has no "app": give the app\'s command as APP'


@pytest.mark.parametrize("seed", ["bucket=x.csv", "s3://bucket/key", "s3://=x.csv"])
def test_seed_of_another_form(seed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cdk.json").write_text(json.dumps({"app": "true"}))
    assert complaint(capsys, "--seed", seed) == f"--seed {seed!r} is not of the form s3://BUCKET/PREFIX=LOCAL"


def test_seed_of_a_file_that_does_not_exist(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cdk.json").write_text(json.dumps({"app": "true"}))
    assert complaint(capsys, "--seed", "s3://b/p/=data.csv") == "--seed: there is no file or folder 'data.csv'"


def test_folder_to_keep_that_is_not_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cdk.json").write_text(json.dumps({"app": "true"}))
    assert complaint(capsys, "--keep", ".") == "--keep .: the folder is not empty"


def test_busy_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cdk.json").write_text(json.dumps({"app": "true"}))
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        text = complaint(capsys, "--port", str(port))
    assert f"port {port}" in text
    assert "give another port" in text
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--port", "0"], "argument --port: must be from 1 to 65535, got 0"),
        (["--port", "x"], "argument --port: must be from 1 to 65535, got x"),
        (["--timeout", "0"], "argument --timeout: must be a number of minutes above 0, got 0"),
        (["--timeout", "nan"], "argument --timeout: must be a number of minutes above 0, got nan"),
    ],
)
def test_argument_out_of_range(arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["rehearse", *arguments])
    assert stopped.value.code == CANNOT_START
    assert text in capsys.readouterr().err


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    find_spec = importlib.util.find_spec

    def without_ministack(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "ministack" else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without_ministack)
    assert complaint(capsys) == (
        "the rehearsal needs the extra: in a checkout, pip install '.[rehearsal]' (missing: ministack)"
    )


def test_packages_looked_for_are_those_of_the_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extra = [requirement.split("=")[0].rstrip("><") for requirement in project["optional-dependencies"]["rehearsal"]]
    assert sorted(EXTRA.values()) == sorted(extra)


def test_command_starts_without_the_extra() -> None:
    """Nothing of it may be imported before the check."""
    blocked = "import sys\nfor name in ('boto3', 'botocore', 'rich', 'pandas', 'ministack'): sys.modules[name] = None\n"
    help_ = subprocess.run(
        [sys.executable, "-c", f"{blocked}from constructs_lib.cli import main\nmain(['rehearse', '--help'])"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert help_.returncode == 0, help_.stderr
    for words in ("exit codes", "--seed", "--keep", "not Autopilot's", "130  interrupted"):
        assert words in help_.stdout


def test_a_command_starts_without_what_others_need() -> None:
    heavy = ("constructs_lib.api.fields", "constructs_lib.engines.inspection", "dateutil")
    program = (
        "import sys\nfrom constructs_lib.cli import main\ntry:\n    main(['--help'])\n"
        f"finally:\n    print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_command_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == CANNOT_START
    assert "COMMAND" in capsys.readouterr().err


def test_versions_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"automl {version('cdk-sagemaker-autopilot')}", f"python {platform.python_version()}"]
    assert f"aws-cdk-lib {version('aws-cdk-lib')}" in lines

    assert main(["--version", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [f"{name} {each}" for name, each in told.items()] == lines


def test_a_package_that_is_not_installed_has_no_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("constructs_lib.cli.versions._BESIDES", ("no-such-distribution",))

    assert main(["--version"]) == 0
    assert "no-such-distribution not installed" in capsys.readouterr().out
    assert main(["--version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["no-such-distribution"] is None


def test_json_without_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--json", "skeleton", "v1"])
    assert stopped.value.code == CANNOT_START
    assert "--json stands behind COMMAND, or beside --version" in capsys.readouterr().err


def test_runs_as_a_module() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "constructs_lib.cli", "--help"],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "rehearse" in shown.stdout


def test_terminal_that_cannot_show_a_character_shows_another_one() -> None:
    code = (
        "import sys\n"
        "from constructs_lib.rehearsal import rehearse\n"
        "rehearse.rehearse = lambda options, out: print('\\u2713 Gr\\xf6\\xdfe', file=out)\n"
        "from constructs_lib.cli import main\n"
        "sys.exit(main(['rehearse']))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, "? Gr??e\n", "")
