"""What the cloud and all that it starts know of the person, and what another user of the machine can see and do."""

import contextlib
import io
import json
import os
import re
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.connection import Credentials
from constructs_lib.rehearsal.cloud.launcher import Cloud
from constructs_lib.rehearsal.training.workers import Call, Workers

from .account import Account
from .conftest import TINY_TRAINING
from .wire import BUCKETS, IDENTITY, JOBS, ask

SECRETS = {
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAOFTHEPERSON00000",
    "AWS_SECRET_ACCESS_KEY": "of-the-person",
    "AWS_SESSION_TOKEN": "of-the-person",
    "GITHUB_TOKEN": "of-the-person",
    "PIP_INDEX_URL": "https://of-the-person@example.com",
    "HTTPS_PROXY": "http://of-the-person@127.0.0.1:1",
    "SSH_AUTH_SOCK": "/of-the-person",
}
LAMBDA_TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
CODE = """
import json, os, boto3
def handle(event, context):
    return {"environment": dict(os.environ), "arn": boto3.client("sts").get_caller_identity()["Arn"]}
"""
NODE = """
exports.handle = async () => ({environment: process.env, arn: ""});
"""
CUSTOM = """#!/usr/bin/env python3
import json, os, urllib.request
address = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(address + "next") as asked:
        number = asked.headers["Lambda-Runtime-Aws-Request-Id"]
    answer = json.dumps({"environment": dict(os.environ), "arn": ""}).encode()
    urllib.request.urlopen(address + number + "/response", answer).close()
"""
RUNTIMES = {
    "python3.11": ("index.py", CODE),
    "nodejs22.x": ("index.js", NODE),
    "provided.al2023": ("bootstrap", CUSTOM),
}
ALLOWED = re.compile(
    r"AWS_(REGION|DEFAULT_REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|ENDPOINT_URL|CA_BUNDLE|CONFIG_FILE"
    r"|SHARED_CREDENTIALS_FILE|EC2_METADATA_DISABLED|LAMBDA_\w+|DISABLE_HOST_PREFIX_INJECTION)"
    r"|HOME|LANG|LC_CTYPE|PATH|TMPDIR|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|SSL_CERT_FILE|LAMBDA_TASK_ROOT|_LAMBDA\w*|_HANDLER"
    r"|_X_AMZN_TRACE_ID|OWN|AUTH|__MINISTACK\w*|_MINISTACK\w*"
)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud that was started by somebody with secrets."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in SECRETS.items():
            patched.setenv(name, value)
        folder = tmp_path_factory.mktemp("parent") / "cloud"
        folder.mkdir(mode=0o755)
        with Cloud.start(folder, training=TINY_TRAINING) as running:
            yield running


@pytest.fixture(scope="module")
def account(cloud: Cloud) -> Account:
    return Account(cloud)


def invoked(account: Account, name: str, runtime: str = "python3.11") -> dict[str, Any]:
    """What a function tells of itself."""
    functions = account.cloud.client("lambda")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(*RUNTIMES[runtime])
    functions.create_function(
        FunctionName=name, Runtime=runtime, Handler="index.handle", Code={"ZipFile": archive.getvalue()}, Timeout=30,
        Role=account.role(f"Of{name}", trust=LAMBDA_TRUST), Environment={"Variables": {"OWN": "1", "AUTH": "true"}},
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(functions.invoke(FunctionName=name)["Payload"].read())
    assert "environment" in answer, answer
    return answer


@pytest.mark.cloud
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_function_gets_what_it_needs_and_nothing_of_the_person(account: Account, runtime: str) -> None:
    name = f"tells-{runtime[:4]}"
    told = invoked(account, name, runtime)
    environment = told["environment"]
    assert [each for each in environment if not ALLOWED.fullmatch(each)] == []
    assert {"OWN": "1", "AUTH": "true"}.items() <= environment.items()
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert not set(SECRETS.values()) & set(environment.values())
    root = account.cloud._connection.root
    assert root.secret_key not in json.dumps(told)
    if told["arn"]:
        assert told["arn"] == f"arn:aws:sts::{account.cloud.account}:assumed-role/Of{name}/{name}"


@pytest.mark.cloud
def test_credentials_of_functions_follow_from_nothing(account: Account) -> None:
    given = []
    for name in ("first", "second"):
        environment = invoked(account, name)["environment"]
        given += [environment[f"AWS_{part}"] for part in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")]
    assert len(set(given)) == len(given)
    account.cloud.client("lambda").delete_function(FunctionName="first")
    account.iam.delete_role(RoleName="Offirst")
    again = invoked(account, "first")["environment"]
    assert again["AWS_ACCESS_KEY_ID"] not in given


@pytest.mark.training
def test_a_process_that_trains_or_serves_gets_nothing_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**SECRETS, "REHEARSAL_CLOUD": "{}"}.items():
        monkeypatch.setenv(name, value)
    with Workers(1) as workers:
        [_] = workers.run([Call(step="no such step", arguments={})], interrupted=lambda: False)
        environment = Path(f"/proc/{workers.pids[0]}/environ").read_bytes().decode().split("\0")
    names = {variable.partition("=")[0] for variable in environment if variable}
    assert names <= {
        "HOME", "LANG", "LC_ALL", "LC_CTYPE", "PATH", "PYTHONPATH", "TMPDIR", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS", "OMP_WAIT_POLICY",
    }  # fmt: skip


@pytest.mark.cloud
def test_the_server_itself_has_no_secret_but_those_of_the_run(cloud: Cloud) -> None:
    environment = Path(f"/proc/{cloud._process.pid}/environ").read_text()
    assert not [value for value in SECRETS.values() if value in environment]
    assert cloud._connection.root.secret_key not in Path(f"/proc/{cloud._process.pid}/cmdline").read_text()


@pytest.mark.cloud
def test_the_folder_is_closed_to_others(cloud: Cloud) -> None:
    folder = cloud.certificate.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "server.key").stat().st_mode) == 0o600


@pytest.mark.cloud
def test_everything_listens_on_the_loopback_interface_alone(account: Account) -> None:
    interface = invoked(account, "listens", "provided.al2023")["environment"]["AWS_LAMBDA_RUNTIME_API"]
    ports = {int(address.rpartition(":")[2]) for address in (account.cloud.endpoint_url, interface)}
    found = listening(os.getpgid(account.cloud._process.pid))
    assert ports <= {port for _, port in found}
    assert {host for host, _ in found} == {"0100007F"}


def listening(group: int) -> set[tuple[str, int]]:
    """Where the processes of a group listen."""
    sockets = set()
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if os.getpgid(int(process.name)) == group:
                sockets |= {str(each.readlink()) for each in (process / "fd").iterdir()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                host, _, port = fields[1].partition(":")
                found.add((host, int(port, 16)))
    return found


OTHER = """
import http.client, json, os, ssl, sys
from pathlib import Path
told = json.load(sys.stdin)
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
http.client.HTTPSConnection("localhost", 1)
"localhost".encode("idna")
os.setgroups([])
os.setgid(told["user"])
os.setuid(told["user"])

def tried(what):
    try:
        return what()
    except OSError as error:
        return type(error).__name__

def asked(method, path, headers, body):
    connection = http.client.HTTPSConnection("localhost", told["port"], context=context, timeout=20)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status

def readable(folder):
    return [str(each) for each, _, _ in os.walk(folder)]

commands = []
for process in os.listdir("/proc"):
    if process.isdecimal():
        said = tried(Path(f"/proc/{process}/cmdline").read_bytes)
        commands.append(said if isinstance(said, str) else said.decode(errors="replace"))
print(json.dumps({
    "user": os.getuid(),
    "listed": tried(lambda: os.listdir(told["folder"])),
    "read": [tried(lambda: Path(told["folder"], name).read_text()) for name in told["files"]],
    "environment": [
        tried(lambda: Path(f"/proc/{told['process']}/{name}").read_bytes().hex()) for name in ("environ", "mem")
    ],
    "commands": "\\n".join(commands),
    "answers": [asked(*call) for call in told["calls"]],
}))
"""

INTERFACE = """
import http.client, os, sys
"localhost".encode("idna")
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
connection = http.client.HTTPConnection(sys.argv[1], timeout=10)
connection.request("GET", "/2018-06-01/runtime/invocation/next")
print(connection.getresponse().status)
"""

if os.geteuid() == 0:  # else there is no second user that a test could be

    @pytest.mark.cloud
    def test_another_user_can_neither_read_nor_call(cloud: Cloud, account: Account) -> None:
        account.s3.put_object(Bucket="data", Key="a", Body=b"")
        root, folder = cloud._connection.root, cloud.certificate.parent
        guesses = [
            Credentials(access_key=key, secret_key=secret)
            for key, secret in (
                (cloud.account, "test"), ("test", "test"), (root.access_key, "test"), (root.access_key, ""),
                (cloud.account, cloud.account),
            )
        ]  # fmt: skip
        calls: list[tuple[str, str, dict[str, str], str]] = [
            (each.method, each.path, headers, each.body.decode())
            for each in (IDENTITY, BUCKETS, JOBS)
            for headers in (dict(each.headers or {}), *(each.signed(cloud, guess) for guess in guesses))
        ]
        calls += [
            ("GET", path, {}, "") for path in ("/_ministack/health", "/health", "/data/a", "/_ministack/sqs/messages")
        ]
        told = {
            "user": 65534, "port": int(cloud.endpoint_url.rpartition(":")[2]), "folder": str(folder),
            "process": cloud._process.pid, "files": ["ca.pem", "server.key", "cloud.log", "home/.cdk/cache"],
            "calls": calls,
        }  # fmt: skip
        run = subprocess.run(
            [sys.executable, "-c", OTHER], input=json.dumps(told), capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        seen = json.loads(run.stdout)
        assert (seen["user"], seen["listed"]) == (65534, "PermissionError")
        assert set(seen["read"]) == set(seen["environment"]) == {"PermissionError"}
        assert "constructs_lib.rehearsal.cloud.server" in seen["commands"]  # what is started can be seen, no secret
        assert root.secret_key not in seen["commands"]
        assert set(seen["answers"]) <= {400, 403}
        # The same calls are harmless, and answered to the one who started it.
        assert {ask(cloud, each, each.signed(cloud)).status for each in (IDENTITY, BUCKETS, JOBS)} == {200}

    @pytest.mark.cloud
    def test_another_user_gets_no_events_of_a_custom_runtime(account: Account) -> None:
        address = invoked(account, "custom", "provided.al2023")["environment"]["AWS_LAMBDA_RUNTIME_API"]
        run = subprocess.run([sys.executable, "-c", INTERFACE, address], capture_output=True, text=True, check=False)
        assert (run.stdout.strip(), run.stderr) == ("403", "")
        functions = account.cloud.client("lambda")
        assert "environment" in json.loads(functions.invoke(FunctionName="custom")["Payload"].read())
