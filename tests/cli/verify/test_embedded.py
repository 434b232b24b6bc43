"""`automl verify` in an account of the embedded AWS: it tells what is there, and leaves nothing."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from constructs_lib.cli.verify import policies, things
from constructs_lib.cli.verify.assumptions import ASSUMPTIONS
from constructs_lib.cli.verify.aws import PREFIX
from constructs_lib.cli.verify.command import AGREED, DIFFERED, INTERRUPTED, NOTHING_MADE, Options, Told, verify
from constructs_lib.cli.verify.probes import access, functions, hosting, registry, stacks
from constructs_lib.cli.verify.probes.access import Events
from constructs_lib.cli.verify.rows import NO_CALL
from constructs_lib.cli.verify.stack import allow, trusting
from constructs_lib.cli.verify.things import STACK, Ledger
from constructs_lib.rehearsal.cloud.launcher import Cloud

from . import account
from .account import PACE, contents, surroundings

pytestmark = pytest.mark.cloud

ROOT = Path(__file__).parents[3]
TINY_TRAINING = str(ROOT / "tests" / "rehearsal" / "cloud" / "tiny_training.py")

OTHERWISE = {
    # The embedded AWS is known to do these otherwise than the library assumes of AWS, or not at all.
    "rollback-status": "differs",
    "answer-date": "differs",  # its addresses are not signed
    "stack-events": "differs",  # its events show no properties
    "token-metadata": "differs",  # it is strict, since what AWS does is not known
    "key-aliases": "differs",
    "metric-lines": "differs",
    "async-capture": "differs",
    "emr-serverless": "differs",
    "stopped-while-deploying": "differs",
    "report-files": "differs",  # of the tiny training
    "result-key": "could not be checked",
    "multipart-keys": "could not be checked",
    "role-text": "could not be checked",
    "x86-images": "could not be checked",
    **dict.fromkeys(NO_CALL, "could not be checked"),
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with Cloud.start(tmp_path_factory.mktemp("cloud"), training=TINY_TRAINING, account="210987654321") as running:
        yield running


@pytest.fixture(autouse=True)
def _in_the_cloud(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in surroundings(cloud, tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdin", io.StringIO())


def run(monkeypatch: pytest.MonkeyPatch, *rows: str) -> int:
    return account.verify(monkeypatch, "--yes", *(argument for row in rows for argument in ("--only", row)))


@contextmanager
def nothing_left(cloud: Cloud) -> Iterator[None]:
    before = contents(cloud)
    yield
    assert contents(cloud) == before


def test_whole_run_tells_of_every_row_and_leaves_nothing(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What will not come is not waited for.
    monkeypatch.setattr(functions, "METRIC_SECONDS", 10)
    monkeypatch.setattr(hosting, "CAPTURE_SECONDS", 60)
    monkeypatch.setattr(access, "ALIAS_SECONDS", 60)
    file = tmp_path / "report.json"
    with nothing_left(cloud):
        assert account.verify(monkeypatch, "--yes", "--output", str(file)) == DIFFERED
    rows = {row["id"]: row for row in json.loads(file.read_text())["rows"]}
    expected = {each.id: OTHERWISE.get(each.id, "agrees") for each in ASSUMPTIONS}
    assert {name: row["verdict"] for name, row in rows.items()} == expected, json.dumps(rows, indent=1)
    assert rows["twelve-hours"]["seen"] == NO_CALL["twelve-hours"]
    report = file.read_text()
    assert cloud.account not in report
    assert "arn:" not in report
    assert "s3://" not in report
    assert not re.search(rf"{PREFIX}-[0-9a-f]{{8}}", report)


def without_its_condition(statement: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name != "Condition"}


def test_what_aws_does_otherwise_differs(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own, template = policies.own, Events.template

    def for_another_source(self: Events, run: Any) -> Any:
        return json.loads(json.dumps(template(self, run)).replace('"automl-verify"', '"somebody"'))

    # A condition that holds nobody, one that lets nobody pass, and a grant that is not enough: the user may let the
    # service use any key, and must not be the one who does.
    monkeypatch.setattr(policies, "own", lambda *which: without_its_condition(own(*which)))
    monkeypatch.setattr(Events, "template", for_another_source)
    monkeypatch.setattr(policies, "VOLUME_KEY", {**policies.VOLUME_KEY, "Action": ["kms:DescribeKey"]})
    with nothing_left(cloud):
        assert run(monkeypatch, "tags-of-actions", "event-source", "volume-grants") == DIFFERED
    said = capsys.readouterr().err.splitlines()
    assert "event-source: differs. An event of the source that the policy names is refused" in said
    assert "volume-grants: differs. The job is Failed" in said
    assert (
        "tags-of-actions: differs. A policy that names another owner's tag was no obstacle to DescribeAutoMLJobV2, "
        "ListTags, AddTags, DeleteTags, StopAutoMLJob"
    ) in said


SHOWN = 'shown["StackResourceDetail"]'
CREATION = '{**%s, "LastUpdatedTimestamp": cloudformation.describe_stacks(**of_stack)["Stacks"][0]["CreationTime"]}'


def test_what_cloudformation_and_the_registry_do_otherwise_differs(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # A time that stays, an output that stays, and a token that binds the metadata too.
    assert SHOWN in stacks._RECORDER
    monkeypatch.setattr(stacks, "_RECORDER", stacks._RECORDER.replace(SHOWN, CREATION % SHOWN))
    monkeypatch.setattr(stacks, "_output_of", lambda stack: f"{stack.name.removesuffix('output')}out-1")
    with nothing_left(cloud):
        assert run(monkeypatch, "update-time", "stack-output", "token-metadata") == DIFFERED
    report = capsys.readouterr().out
    for row, seen in (
        ("update-time", "LastUpdatedTimestamp is not the start of the request under way"),
        ("stack-output", "An update that changes something else keeps the old output"),
        ("token-metadata", "A request with other metadata and the same token is refused"),
    ):
        assert f"{row}: differs\n" in report
        assert f"  seen:    {seen}\n" in report
    assert "- if what reads it is changed itself, it is not read anew either (UPDATE_COMPLETE)" in report
    assert "- CreateModelPackage: ConflictException: ClientToken <ours> was used with other parameters" in report


def test_what_the_embedded_aws_does_otherwise_would_agree(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    signed = 'event["ResponseURL"] += "?X-Amz-Date=" + time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())\n'
    body = "def handle(event, context):\n    "
    assert body in stacks._RECORDER
    monkeypatch.setattr(stacks, "_RECORDER", stacks._RECORDER.replace(body, f"{body}{signed}    "))
    monkeypatch.setattr(registry, "OTHER_METADATA", {})
    with nothing_left(cloud):
        assert run(monkeypatch, "answer-date", "token-metadata") == AGREED
    said = capsys.readouterr().err.splitlines()
    assert "answer-date: agrees. X-Amz-Date in the address for an answer is the time of the request" in said
    assert "token-metadata: agrees. A request with other metadata and the same token gives the same version" in said


def test_interruption_in_the_middle_cleans_up_and_tells_what_was_seen(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(self: Events, run: Any) -> Any:
        assert len(contents(cloud)["stacks"]) == 3
        raise KeyboardInterrupt

    monkeypatch.setattr(Events, "run", interrupted)
    with nothing_left(cloud):
        assert run(monkeypatch, "signal-resource", "event-source", "tags-of-models") == INTERRUPTED
    report = capsys.readouterr().out
    assert "signal-resource: agrees" in report
    for row in ("event-source", "tags-of-models"):
        assert f"{row}: could not be checked" in report
    assert "The run was interrupted before." in report


def test_interruption_of_the_removal_does_not_end_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    remove, interrupted = type(STACK).remove, list[str]()

    def once_interrupted(self: Any, aws: Any, name: str) -> bool:
        if not interrupted:
            interrupted.append(name)
            raise KeyboardInterrupt
        return remove(self, aws, name)

    monkeypatch.setattr(type(STACK), "remove", once_interrupted)
    with nothing_left(cloud):
        assert run(monkeypatch, "signal-resource") == INTERRUPTED
    said = capsys.readouterr()
    assert "Interrupted: the removal goes on, or what was made would stay. That may take some minutes." in said.err
    assert "signal-resource: agrees" in said.out


def test_probe_that_breaks_does_not_keep_the_others_from_looking(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Events, "template", lambda self, run: {"Bad": {"Type": "AWS::IAM::NoSuchThing"}})
    with nothing_left(cloud):
        assert run(monkeypatch, "event-source", "signal-resource") == AGREED
    report = capsys.readouterr().out
    assert "signal-resource: agrees" in report
    assert "event-source: could not be checked" in report


@contextmanager
def started(*rows: str, hang_up: str = "SIG_DFL") -> Iterator["subprocess.Popen[str]"]:
    """The command as a process of its own that has made something.

    Args:
        rows: What it looks at; it has seen the first.
        hang_up: What its starter does about the end of the terminal: `nohup` ignores it, `SIG_IGN`.
    """
    only = [argument for row in rows for argument in ("--only", row)]
    program = (
        "import signal, sys\nfrom constructs_lib.cli import main\nfrom constructs_lib.cli.verify import aws\n"
        f"signal.signal(signal.SIGHUP, signal.{hang_up})\n"
        f"aws.PACE = {PACE}\nsys.exit(main(['verify', '--yes', *sys.argv[1:]]))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, *only],
        cwd=ROOT, env=dict(os.environ), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(f"{rows[0]}: "):
                break
        try:
            yield process
        finally:
            process.kill()


def test_signal_in_the_middle_cleans_up(cloud: Cloud) -> None:
    with nothing_left(cloud), started("signal-resource", "function-network", "role-text") as process:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
        assert process.returncode == INTERRUPTED
        assert "Interrupted: what was made is removed now" in said


def test_nobody_who_reads_any_more_keeps_nothing_from_being_removed(cloud: Cloud) -> None:
    with nothing_left(cloud), started("signal-resource", "event-source") as process:
        assert process.stderr is not None
        assert process.stdout is not None
        process.stderr.close()
        report = process.stdout.read()
        assert process.wait(60) == AGREED
    assert "automl verify: 2 agree, 0 differ, 0 could not be checked" in report


def test_run_outlives_its_terminal_with_nohup_and_is_ended_by_it_without(cloud: Cloud) -> None:
    with nothing_left(cloud):
        for hang_up, code in (("SIG_IGN", AGREED), ("SIG_DFL", INTERRUPTED)):
            with started("signal-resource", "event-source", hang_up=hang_up) as process:
                process.send_signal(signal.SIGHUP)
                process.communicate(timeout=60)
                assert process.returncode == code


def decoys(cloud: Cloud) -> str:
    """Things of somebody else, with names like ours but without our tag, or with that of another name.

    Returns the name of a job that runs until it is stopped.
    """
    name = f"{PREFIX}-0badcafe-mine"
    other = [{"Key": PREFIX, "Value": "another"}]
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    cloud.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template), Tags=other)
    iam, sagemaker, s3 = cloud.client("iam"), cloud.client("sagemaker"), cloud.client("s3")
    role = iam.create_role(
        RoleName=name,
        Path=f"/{PREFIX}/",
        AssumeRolePolicyDocument=json.dumps(trusting("sagemaker.amazonaws.com")),
    )["Role"]["Arn"]
    document = {"Version": "2012-10-17", "Statement": [allow(["s3:*", "logs:*"])]}
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(document))
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a.csv", Body=b"x,y,slow\n" + b"1,0,0\n2,1,1\n" * 300)

    def job(suffix: str, target: str) -> str:
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{name}/a.csv"}}
        sagemaker.create_auto_ml_job(
            AutoMLJobName=f"{name}-{suffix}",
            InputDataConfig=[{"DataSource": source, "TargetAttributeName": target}],
            OutputDataConfig={"S3OutputPath": f"s3://{name}/out"},
            RoleArn=role,
        )
        return f"{name}-{suffix}"

    done, deadline = job("1", "y"), time.monotonic() + 30
    while not (best := sagemaker.describe_auto_ml_job_v2(AutoMLJobName=done).get("BestCandidate")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    container = best["InferenceContainers"][0]
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container)
    variant = {"VariantName": "one", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], Tags=other)
    return job("2", "slow")


def test_leftovers_of_a_killed_run_are_removed_by_the_next_and_nothing_else(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running = decoys(cloud)
    with nothing_left(cloud):
        with started("signal-resource", "key-as-prefix") as process:
            deadline = time.monotonic() + 30
            while contents(cloud)["running jobs"] == [running] and time.monotonic() < deadline:
                time.sleep(0.02)
            process.kill()
        left = contents(cloud)
        assert len(left["stacks"]) > 1
        # Nobody is asked about it: it is told.
        assert account.verify(monkeypatch, "--clean") == NOTHING_MADE
        said = capsys.readouterr().err
        assert "Removed first, since an earlier run has left it" in said
        assert "0badcafe" not in said
        assert contents(cloud)["stacks"] == left["stacks"]
        assert account.verify(monkeypatch, "--clean", "--yes") == AGREED
    capsys.readouterr()
    cloud.client("sagemaker").stop_auto_ml_job(AutoMLJobName=running)
    assert account.verify(monkeypatch, "--clean") == AGREED
    assert capsys.readouterr().err == "There is nothing to be removed.\n"


def test_all_kinds_of_leftovers_are_found(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with nothing_left(cloud):
        with monkeypatch.context() as killed:  # as far as the account can tell
            killed.setattr(Ledger, "clean", lambda self: [])
            killed.setattr(Ledger, "remove", lambda self, *which: [])
            run(killed, "endpoint-chain", "endpoint-volume", "role-text", "client-token")
        assert len(contents(cloud)["endpoints"]) == 2
        capsys.readouterr()
        assert account.verify(monkeypatch, "--clean", "--yes") == AGREED
        said = capsys.readouterr().err
        for what in ("endpoint", "endpoint configuration", "model", "role", "stack"):
            assert re.search(rf"^  {what} {PREFIX}-[0-9a-f]{{8}}-", said, re.MULTILINE), what


def refused(code: str, message: str) -> botocore.exceptions.ClientError:
    return botocore.exceptions.ClientError({"Error": {"Code": code, "Message": message}}, "DeleteStack")


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (refused("AccessDenied", "not allowed"), "DeleteStack: AccessDenied: not allowed"),
        (refused("ExpiredToken", "The token is expired"), "DeleteStack: ExpiredToken: The token is expired"),
        (botocore.exceptions.UnauthorizedSSOTokenError(), "The SSO session associated with this profile has expired"),
    ],
    ids=["denied", "expired", "signed out"],
)
def test_what_cannot_be_removed_is_told_at_once(
    error: Exception, why: str, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[str] = []

    def refuse(self: Any, aws: Any, name: str) -> bool:
        tried.append(name)
        raise error

    with nothing_left(cloud):
        with monkeypatch.context() as lacking:
            lacking.setattr(type(STACK), "remove", refuse)
            assert run(lacking, "signal-resource") == DIFFERED
        said = capsys.readouterr().err
        assert re.search(rf"could not be removed: stack \S+-signal: {why}", said)
        assert said.endswith("`automl verify --clean` tries again.\n")
        assert len(tried) == 1
        with monkeypatch.context() as lacking:
            lacking.setattr(type(STACK), "remove", refuse)
            assert run(lacking, "twelve-hours") == DIFFERED  # what an earlier run has left is told, too
        assert re.search(rf"could not be removed: stack \S+-signal: {why}", capsys.readouterr().err)
        assert account.verify(monkeypatch, "--clean", "--yes") == AGREED


def test_stack_that_is_not_deleted_in_time_is_told_with_its_reason(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with nothing_left(cloud):
        with monkeypatch.context() as full:
            full.setattr(things, "_empty_group", lambda aws, group: None)
            full.setattr(type(STACK), "seconds", 100.0)
            assert run(full, "client-token") == DIFFERED
        said = capsys.readouterr().err
        told = r"could not be removed: stack \S+-registry: it is DELETE_\w+: .*failed to delete: \[Group\]"
        assert re.search(told, said), said  # it may be at it again
        assert account.verify(monkeypatch, "--clean", "--yes") == AGREED


@pytest.mark.parametrize("answer", ["n\n", "\n", ""], ids=["no", "nothing", "end of input"])
def test_question_tells_what_is_made_and_where_and_no_is_no(answer: str, cloud: Cloud) -> None:
    asked: list[str] = []
    err = io.StringIO()

    def ask(question: str) -> str:
        asked.append(question)
        return answer

    with nothing_left(cloud):
        assert verify(Options(only=["scaled-capture"], price=0.5), Told(io.StringIO(), err, ask)) == NOTHING_MADE
    assert asked == ["Do this in account 210987654321, us-east-1, as root? [y/N] "]
    said = err.getvalue()
    assert "an endpoint with up to two ml.m5.large (four while it changes)" in said
    assert "what the others need: a bucket with 600 rows, two roles, an AutoML job with one candidate" in said
    # Three instances for an hour of a job; four for an hour and a half of an endpoint, and half an hour to delete it.
    assert "Instances run for 660 minutes at most (11.0 hours of one instance)" in said
    assert "At 0.5 an hour that is 5.50 at most." in said
    assert said.endswith("\nNothing was made.\n")


@pytest.mark.parametrize("stdin", [io.StringIO(), None], ids=["no terminal", "closed"])
def test_nobody_to_be_asked_is_a_refusal(
    stdin: io.StringIO | None, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", stdin)
    with nothing_left(cloud):
        assert account.verify(monkeypatch, "--only", "signal-resource") == NOTHING_MADE
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == "there is no terminal to ask on: give --yes if all of this may be done"
    assert "  signal-resource: a stack with a wait condition" in said


def test_ctrl_c_instead_of_an_answer_makes_nothing(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin", Terminal())
    with nothing_left(cloud):
        assert account.verify(monkeypatch, "--only", "signal-resource") == INTERRUPTED
    assert capsys.readouterr().err.endswith("as root? [y/N] interrupted: nothing was made\n")


def test_credentials_that_are_nobodys(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.delenv("AWS_PROFILE")
    assert run(monkeypatch, "signal-resource") == NOTHING_MADE
    assert capsys.readouterr().err == (
        "AWS does not tell whose credentials these are: An error occurred (InvalidClientTokenId) when calling the "
        "GetCallerIdentity operation: The security token included in the request is invalid. (it says so, too, where "
        "a region is not enabled in the account: is us-east-1?)\n"
    )


def test_report_that_cannot_be_written_at_the_end_is_printed(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.md"
    file.symlink_to(tmp_path / "no" / "report.md")
    assert account.verify(monkeypatch, "--yes", "--only", "twelve-hours", "--output", str(file)) == AGREED
    said = capsys.readouterr()
    assert said.err == f"--output: '{file}' cannot be written: No such file or directory; it is here:\n"
    assert said.out.startswith("automl verify: 0 agree, 0 differ, 1 could not be checked\n")


def test_the_report_is_printed_as_json(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert account.verify(monkeypatch, "--yes", "--only", "twelve-hours", "--json") == AGREED

    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["id"], row["verdict"]) == ("twelve-hours", "could not be checked")
