"""`automl rehearse` as its users run it: a process of its own, with the product's own app."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "constructs_lib.cli", "rehearse"]

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(420)]

TWO_ENVIRONMENTS = """
import aws_cdk as cdk
app = cdk.App()
for region in ("us-east-1", "eu-central-1"):
    stack = cdk.Stack(app, region, env=cdk.Environment(account="210987654321", region=region))
    cdk.CfnResource(stack, "Job", type="Custom::SageMakerAutoMLJob", properties={"ServiceToken": "t"})
app.synth()
"""

NO_JOB = """
import aws_cdk as cdk
app = cdk.App()
cdk.CfnResource(cdk.Stack(app, "Plain"), "Topic", type="AWS::SNS::Topic")
app.synth()
"""

NOT_HERE = """
import aws_cdk as cdk
from aws_cdk import custom_resources as cr
app = cdk.App()
stack = cdk.Stack(app, "Plain")
cdk.CfnResource(stack, "Job", type="Custom::SageMakerAutoMLJob", properties={"ServiceToken": {"Ref": "AWS::NoValue"}})
cdk.CfnResource(stack, "Domain", type="AWS::SageMaker::Domain")
call = cr.AwsSdkCall(service="SSM", action="getParameter", physical_resource_id=cr.PhysicalResourceId.of("x"))
cr.AwsCustomResource(stack, "Call", on_create=call,
                     policy=cr.AwsCustomResourcePolicy.from_sdk_calls(resources=["*"]))
app.synth()
"""

MISSING_DATA = """
import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs_lib import AutoMLJob, Channel
app = cdk.App()
stack = cdk.Stack(app, "Missing")
bucket = s3.Bucket.from_bucket_name(stack, "Data", "my-company-data")
AutoMLJob(stack, "Job", training_data=Channel.from_bucket(bucket, "churn/"), target_attribute="churned")
app.synth()
"""


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where the command makes its temporary folder."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder


@pytest.fixture
def other_temporary(tmp_path: Path) -> Path:
    """The same for a second command."""
    folder = tmp_path / "other"
    folder.mkdir()
    return folder


def environment(temporary: Path) -> dict[str, str]:
    """Without any node on PATH, and without a trace of the user's AWS."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return own | {"TMPDIR": str(temporary), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}


def rehearse(temporary: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=environment(temporary),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def app(tmp_path: Path, text: str) -> str:
    file = tmp_path / "app.py"
    file.write_text(text)
    return str(file)


def processes(word: str) -> list[str]:
    """The command lines and environments' owners that mention `word`, e.g. a folder of one rehearsal alone."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if word.encode() in line:
            found.append(f"{folder.name} {(folder / 'cmdline').read_text()[:80]}" if folder.exists() else folder.name)
    return found


def expect_nothing_left(temporary: Path, port: int) -> None:
    deadline = time.monotonic() + 10
    while processes(str(temporary)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes(str(temporary)) == []
    assert list(temporary.iterdir()) == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


@contextmanager
def started(temporary: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=environment(temporary),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def read_until(process: "subprocess.Popen[str]", words: str) -> str:
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if words in line:
            return seen
    raise AssertionError(f"{words!r} was never said:\n{seen}")


def port_in(text: str) -> int:
    found = re.search(r"https://localhost:(\d+)", text)
    assert found is not None
    return int(found.group(1))


def test_the_products_own_app_goes_through_its_whole_life_beside_another_rehearsal(
    temporary: Path, other_temporary: Path
) -> None:
    report = temporary.parent / "report.json"
    with started(temporary, "--report", str(report)) as whole, started(other_temporary, "--quick") as quick:
        said_by_quick, _ = quick.communicate(timeout=300)
        said, complaints = whole.communicate(timeout=300)

    assert whole.returncode == 0, said + complaints
    assert quick.returncode == 0, said_by_quick
    assert port_in(said) != port_in(said_by_quick)
    assert "rolls back" not in said_by_quick
    for words in (
        "each job resource has made one job",
        "is Completed after",
        "cdk diff shows no difference",
        "deploying again made no job",
        "is a new job now",
        "is released: the stack never takes it back",
        "the job has the new tag rehearsal=tag-only",
        "the stack has rolled back",
        "is still the resource",
        "the rollback trained nothing",
        "no job is running",
        "Leaderboard of",
        "trained on this machine, not by Autopilot",
        "checks passed",
    ):
        assert words in said
    assert all(line.isprintable() for line in said.splitlines())
    expect_told(json.loads(report.read_text()))
    expect_nothing_left(temporary, port_in(said))
    expect_nothing_left(other_temporary, port_in(said_by_quick))


def expect_told(facts: dict[str, Any]) -> None:
    """The report of a whole life of the product's own app."""
    assert facts["verdict"]["status"] == "passed"
    [job] = facts["jobs"]
    assert [each["rank"] for each in job["candidates"]] == list(range(1, len(job["candidates"]) + 1))
    assert all(each["metrics"] and each["trained_here"] for each in job["candidates"])
    study = job["study"]
    assert study["problem_type"] == "BinaryClassification"
    assert set(study["confusion"]["labels"]) == {"no", "yes"}
    assert len(study["importance"]["columns"]) > 10
    changed = {each["step"]: each["stacks"][0]["changes"] for each in facts["deployments"]}
    assert not changed["the same app again"]
    assert [each["change"] for each in changed["an update that trains again"]] == ["changed"]
    assert "RehearsalNobodySignals" in [each["logical_id"] for each in changed["an update that fails and rolls back"]]
    first = facts["deployments"][0]["stacks"][0]["resources"]
    assert {each["status"] for each in first} == {"CREATE_COMPLETE"}
    assert [each for each in facts["resources"] if each["kept"]]
    assert [each for each in facts["permissions"] if each["says"].startswith("May call s3:GetObject")]


@pytest.mark.parametrize(("number", "moment"), [(signal.SIGINT, "cdk deploy ..."), (signal.SIGTERM, "cdk synth ...")])
def test_interruption_leaves_nothing_but_the_report(
    number: signal.Signals, moment: str, temporary: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    with started(temporary, "--report", str(report), "--report", str(report.with_suffix(".html"))) as process:
        port = port_in(read_until(process, "https://localhost"))
        read_until(process, moment)
        time.sleep(0.5)  # each of these steps takes longer
        assert processes(str(temporary)), "something must be running for the test to mean anything"

        process.send_signal(number)
        _, errors = process.communicate(timeout=15)

    assert process.returncode == 130
    assert errors.strip() == "interrupted: all that was started has been ended"
    expect_nothing_left(temporary, port)
    facts = json.loads(report.read_text())
    assert facts["verdict"]["status"] == "interrupted"
    assert f"{facts['steps'][-1]['title']} ..." == moment
    assert facts["steps"][-1]["status"] == "failed"
    assert "It was interrupted" in report.with_suffix(".html").read_text()


def test_reader_that_goes_away_leaves_nothing(temporary: Path) -> None:
    with started(temporary) as process:
        port = port_in(read_until(process, "https://localhost"))
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=120) == 130
        assert process.stderr is not None
        assert process.stderr.read() == ""
        expect_nothing_left(temporary, port)


def test_data_that_is_not_there_is_a_failed_check_with_a_hint(tmp_path: Path, temporary: Path) -> None:
    report = tmp_path / "report.json"
    done = rehearse(temporary, app(tmp_path, MISSING_DATA), "--report", str(report))
    assert done.returncode == 1
    reason = done.stderr.splitlines()[1]
    assert reason.startswith("A check failed: "), "the reason comes first"
    assert re.search(r"Missing/Job\w* ended Failed: .*my-company-data", reason)
    assert "bring it with --seed s3://BUCKET/PREFIX=LOCAL" in done.stderr
    assert "cdk destroy, after the failure: done" in done.stdout
    assert "--- server log" in done.stderr
    facts = json.loads(report.read_text())
    assert facts["verdict"]["status"] == "failed"
    assert facts["verdict"]["reason"] == reason.removeprefix("A check failed: ") + "\n" + done.stderr.splitlines()[2]
    assert "server log" in [each["title"] for each in facts["verdict"]["evidence"]]
    [job] = facts["jobs"]
    assert (job["status"], job["candidates"]) == ("Failed", [])
    expect_nothing_left(temporary, port_in(done.stdout))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (NO_JOB, "there is no AutoMLJob in Plain: nothing to rehearse"),
        (
            TWO_ENVIRONMENTS,
            "the app's stacks are for several environments (210987654321/eu-central-1, 210987654321/us-east-1) and the "
            "rehearsal is one account in one region: choose with --stack",
        ),
    ],
)
def test_app_with_nothing_to_rehearse_is_refused_in_one_line(
    text: str, complaint: str, tmp_path: Path, temporary: Path
) -> None:
    done = rehearse(temporary, app(tmp_path, text))
    assert done.returncode == 2
    assert done.stderr.strip() == complaint
    expect_nothing_left(temporary, port_in(done.stdout))


def test_app_with_what_cannot_run_here_is_told_so_before_anything_is_deployed(tmp_path: Path, temporary: Path) -> None:
    done = rehearse(temporary, app(tmp_path, NOT_HERE))
    assert done.returncode == 2
    first, call, domain, last = done.stderr.strip().splitlines()
    assert first == "the app has what cannot run here:"
    assert re.fullmatch(r"  - Plain/Call\w+ \(Custom::AWS\): the function of AwsCustomResource needs @aws-sdk/.*", call)
    assert domain == "  - Plain/Domain: the embedded CloudFormation knows no AWS::SageMaker::Domain"
    assert last.startswith("Leave out the stacks that hold it: --stack")
    assert "cdk deploy" not in done.stdout
    expect_nothing_left(temporary, port_in(done.stdout))
