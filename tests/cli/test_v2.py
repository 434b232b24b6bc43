"""`automl v2`: a V1 request in, the V2 request out, and every bad input told."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.api.migration import v2_request
from constructs_lib.cli import CANNOT_START, PASSED, main

REQUEST: dict[str, Any] = {
    "AutoMLJobName": "churn",
    "InputDataConfig": [
        {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/größe"}},
            "TargetAttributeName": "churned",
        }
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "AutoMLJobConfig": {"Mode": "ENSEMBLING"},
    "RoleArn": "arn:aws:iam::123456789012:role/automl",
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "request.json"
    path.write_text(json.dumps(REQUEST), encoding="utf-8")
    return path


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_the_v2_request_of_a_file_is_printed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["v2", "request.json"]) == PASSED
    printed = capsys.readouterr()
    assert (json.loads(printed.out), printed.err) == (v2_request(REQUEST), "")


def test_the_v2_request_of_standard_input_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stdin(monkeypatch, b"\xef\xbb\xbf" + json.dumps(REQUEST).encode())
    assert main(["v2", "-"]) == PASSED
    assert json.loads(capsys.readouterr().out) == v2_request(REQUEST)


def test_the_output_can_be_written_in_any_locale(file: Path) -> None:
    program = [sys.executable, "-m", "constructs_lib.cli", "v2", str(file)]
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(program, check=False, capture_output=True, env=environment)
    assert (done.returncode, done.stderr) == (PASSED, b"")
    assert json.loads(done.stdout) == v2_request(REQUEST)


def test_the_cdk_and_the_rehearsal_are_not_imported(file: Path) -> None:
    code = (
        "import sys; from constructs_lib.cli import main; main(['v2', sys.argv[1]]); "
        "sys.exit(','.join(m for m in ('aws_cdk', 'boto3', 'ministack', 'sklearn') if m in sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    program = [sys.executable, "-c", code, str(file)]
    done = subprocess.run(program, check=False, capture_output=True, env=environment)
    assert done.stderr.strip() == b""


def test_a_doubt_is_told_beside_the_output(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(json.dumps({**REQUEST, "OutputDataConfig": {"S3OutputPath": "s3://b/" + "x" * 122}}))
    assert main(["v2", "request.json"]) == PASSED
    printed = capsys.readouterr()
    assert json.loads(printed.out)["OutputDataConfig"]
    assert printed.err == (
        "warning: 'OutputDataConfig.S3OutputPath' is a URI of 129 characters: some AWS pages allow 128 only, "
        "so the service may refuse it\n"
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[" * 100_000, "automl v2: the request in 'request.json' is no JSON: it is nested too deep"),
        (
            b"{",
            "automl v2: the request in 'request.json' is no JSON: Expecting property name enclosed in double quotes: ",
        ),
        (
            b"\xff",
            "automl v2: the request in 'request.json' is no JSON: 'utf-8' codec can't decode byte 0xff in position 0: ",
        ),
        (
            b"AutoMLJobName: churn\n",
            "automl v2: the request in 'request.json' is no JSON: it looks like YAML, of which ",
        ),
        (
            json.dumps(v2_request(REQUEST)).encode(),
            "automl v2: the request in 'request.json' has 1 problem:\n  - it is a CreateAutoMLJobV2 request",
        ),
        (
            json.dumps({**REQUEST, "AutoMLJobArn": "x", "AutoMLJobStatus": "Completed"}).encode(),
            "automl v2: the request in 'request.json' has 1 problem:\n  - it is the answer of describe-auto-ml-job",
        ),
        (b"[]", "automl v2: the request in 'request.json' must be a JSON object, got [] (list)\n"),
        (
            json.dumps({**REQUEST, "RoleArn": None, "Mode": "AUTO"}).encode(),
            "automl v2: the request in 'request.json' has 2 problems:\n"
            "  - 'Mode' is not a member of the request\n"
            "  - 'RoleArn' is required\n",
        ),
        (
            json.dumps(
                {**REQUEST, "AutoMLJobConfig": {"Mode": "AUTO", "CompletionCriteria": {"MaxCandidates": 751}}}
                | {"ProblemType": "Regression"}
            ).encode(),
            "automl v2: the request in 'request.json' has 2 problems:\n"
            "  - 'AutoMLJobConfig.CompletionCriteria.MaxCandidates' must be at most 750, got 751\n"
            "  - give 'AutoMLJobObjective.MetricName' and 'ProblemType' together or neither, got 'ProblemType' alone\n",
        ),
        (
            json.dumps(
                {
                    **REQUEST,
                    "InputDataConfig": [
                        *REQUEST["InputDataConfig"],
                        {**REQUEST["InputDataConfig"][0], "TargetAttributeName": "left"},
                    ],
                }
            ).encode(),
            "automl v2: the request in 'request.json' has 1 problem:\n"
            "  - the channels must name the same target and sample weight: V2 names them once\n",
        ),
    ],
)
def test_everything_wrong_with_a_request_is_told(
    file: Path, content: bytes, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(content)
    assert main(["v2", "request.json"]) == CANNOT_START
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(told)
    assert "Traceback" not in printed.err


def test_a_file_that_cannot_be_read_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["v2", "nowhere.json"]) == CANNOT_START
    assert (
        capsys.readouterr().err
        == "automl v2: the request in 'nowhere.json' cannot be read: No such file or directory\n"
    )
    assert main(["v2", "."]) == CANNOT_START
    assert capsys.readouterr().err == "automl v2: the request in '.' cannot be read: Is a directory\n"


def test_nothing_on_standard_input_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stdin(monkeypatch, b"")
    assert main(["v2", "-"]) == CANNOT_START
    assert (
        capsys.readouterr().err
        == "automl v2: the request on standard input is no JSON: Expecting value: line 1 column 1 (char 0)\n"
    )


def test_a_reader_that_stops_reading_is_no_error_to_show(file: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    program = [sys.executable, "-m", "constructs_lib.cli", "v2", str(file)]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(program, check=False, stdout=writing, stderr=subprocess.PIPE, env=environment)
    os.close(writing)
    assert (done.returncode, done.stderr) == (130, b"")
