"""The arguments of `automl verify`, and every bad input in one line. None of it reaches an account."""

import importlib.util
import subprocess
import sys
import time
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from constructs_lib.cli import main
from constructs_lib.cli.verify.assumptions import ASSUMPTIONS
from constructs_lib.cli.verify.command import NOTHING_MADE
from constructs_lib.cli.verify.rows import NO_CALL, PROBES

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials, no region, no profile, and no way out."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command complains about when it cannot start."""
    assert main(["verify", *arguments]) == NOTHING_MADE
    return capsys.readouterr().err.strip()


def test_every_assumption_has_a_probe_or_a_sentence_why_not() -> None:
    probed = [each for probe in PROBES for each in probe.ids]
    assert sorted([*probed, *NO_CALL]) == sorted(each.id for each in ASSUMPTIONS)
    assert all(sentence.endswith(".") for sentence in NO_CALL.values())


def test_only_what_trains_costs_minutes_of_instances_that_are_expected() -> None:
    everything = frozenset(each.id for each in ASSUMPTIONS)
    minutes = {type(probe).__name__: probe.instance_minutes(everything) for probe in PROBES if not probe.trains}
    assert {name for name, cost in minutes.items() if cost} == {"NewRole"}  # one job, which nobody expects
    assert all(probe.creates(everything) for probe in PROBES)


def test_the_job_comes_before_what_serves_its_candidate() -> None:
    order = list(PROBES)
    (job,) = (probe for probe in order if probe.gives_candidate)
    assert all(order.index(job) < order.index(probe) for probe in order if probe.needs_candidate)


def test_missing_boto3_is_told_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find_spec = importlib.util.find_spec

    def without_boto3(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "boto3" else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without_boto3)
    assert complaint(capsys) == "this needs boto3: pip install boto3"


def test_no_region(capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint(capsys) == "no region: give --region, or set AWS_REGION"


def test_region_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint(capsys, "--region", "mars") == (
        "AWS does not tell whose credentials these are: "
        "Unknown region: 'mars'. No partition found for provided region_name."
    )


def test_profile_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint(capsys, "--profile", "me") == "The config profile (me) could not be found"


def test_no_credentials(capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint(capsys, "--region", "eu-west-1") == (
        "AWS does not tell whose credentials these are: Unable to locate credentials"
    )


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("http://127.0.0.1:9", 'Could not connect to the endpoint URL: "http://127.0.0.1:9/"'),
        ("127.0.0.1:9", "Invalid endpoint: 127.0.0.1:9"),
    ],
)
def test_nobody_answers(
    endpoint: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    began = time.monotonic()
    assert complaint(capsys, "--region", "eu-wset-1") == f"AWS does not tell whose credentials these are: {said}"
    assert time.monotonic() - began < 15


def test_assumption_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    said = complaint(capsys, "--only", "role-text", "--only", "weather")
    assert said.startswith("--only: there is no assumption 'weather'; there are: endpoint-chain, ")


def test_training_that_is_both_wanted_and_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint(capsys, "--only", "key-as-prefix", "--without-training") == (
        "--only key-as-prefix needs a training job or an endpoint: leave --without-training out"
    )


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("report.txt", "--output must end in .json or .md, got 'report.txt'"),
        ("no/report.md", "--output: 'no/report.md' cannot be written: there is no folder 'no'"),
        ("folder.md", "--output: 'folder.md' is a folder"),
    ],
)
def test_report_that_could_not_be_written(
    output: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder.md").mkdir()
    assert complaint(capsys, "--output", output) == said


@pytest.mark.parametrize("price", ["-1", "nan", "inf", "cheap"])
def test_price_that_is_none(price: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["verify", f"--price-per-hour={price}"])
    assert stopped.value.code == NOTHING_MADE
    assert f"argument --price-per-hour: must be a price, 0 or more, got {price}" in capsys.readouterr().err


def run_without(modules: tuple[str, ...], program: str) -> "subprocess.CompletedProcess[str]":
    blocked = f"import sys\nfor name in {modules!r}: sys.modules[name] = None\n"
    return subprocess.run(
        [sys.executable, "-c", blocked + program], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_help_needs_nothing_but_the_standard_library() -> None:
    program = "from constructs_lib.cli import main\nmain(['verify', '--help'])"
    done = run_without(("boto3", "botocore", "aws_cdk", "constructs", "jsii", "rich", "ministack"), program)
    assert done.returncode == 0, done.stderr
    for words in ("--without-training", "--clean", "exit codes", "130 interrupted", "no account id"):
        assert words in " ".join(done.stdout.split())


def test_command_knows_no_cdk_and_nothing_of_the_extra_but_boto3() -> None:
    program = "from constructs_lib.cli.verify import command\nprint('loaded')"
    done = run_without(("aws_cdk", "constructs", "jsii", "rich", "ministack", "pandas", "sklearn"), program)
    assert (done.stdout, done.stderr) == ("loaded\n", "")
