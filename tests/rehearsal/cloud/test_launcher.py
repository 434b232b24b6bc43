"""Starting, stopping, and leaving nothing behind."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from constructs_lib.rehearsal.cloud import launcher
from constructs_lib.rehearsal.cloud.launcher import Cloud, CloudError, PortInUseError
from constructs_lib.rehearsal.training import workers

from .account import Account, channel
from .conftest import TINY_TRAINING

pytestmark = pytest.mark.cloud

PARENT = """
import signal, sys, time
from pathlib import Path
from constructs_lib.rehearsal.cloud.launcher import Cloud
signal.signal(signal.SIGINT, signal.default_int_handler)  # where the tests run behind a shell, it is ignored
with Cloud.start(Path(sys.argv[1])) as cloud:
    print(cloud._process.pid, cloud.endpoint_url.rpartition(":")[2], flush=True)
    time.sleep(60)
"""


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_the_parent(tmp_path: Path, how: signal.Signals) -> None:
    root = str(Path(launcher.__file__).parents[3])
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": root},
        text=True,
    ) as parent:
        assert parent.stdout is not None
        group, port = map(int, parent.stdout.readline().split())
        assert listens(port)
        parent.send_signal(how)
    deadline = time.monotonic() + 10
    while group_lives(group) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not group_lives(group)
    assert not listens(port)


def test_two_clouds_run_side_by_side_and_stop_with_a_job_at_work(tmp_path: Path) -> None:
    first = Cloud.start(tmp_path / "1", account="111111111111", region="eu-west-1", training=TINY_TRAINING)
    with first, Cloud.start(tmp_path / "2", account="222222222222") as second:
        for cloud in (first, second):
            assert cloud.client("sts").get_caller_identity()["Account"] == cloud.account
        account = Account(first)
        request = account.request(InputDataConfig=[channel() | {"TargetAttributeName": "slow"}])
        arn = account.sagemaker.create_auto_ml_job(**request)["AutoMLJobArn"]
        assert arn == f"arn:aws:sagemaker:eu-west-1:111111111111:automl-job/{request['AutoMLJobName']}"
        assert second.client("s3").list_buckets()["Buckets"] == []
        account.wait(request["AutoMLJobName"], until=lambda job: job["AutoMLJobSecondaryStatus"] == "ModelTuning")
        started = time.monotonic()
        first.stop()
        assert time.monotonic() - started < 5
        assert not group_lives(first._process.pid)
        first.stop()
        assert second.client("sts").get_caller_identity()["Account"] == "222222222222"


def test_a_port_in_use_is_refused_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError) as refused:
            Cloud.start(tmp_path, port=port)
    assert str(refused.value) == (
        f"port {port} on 127.0.0.1 can not be used (Address already in use): give another port, or none for a free one"
    )


def test_a_server_that_dies_shows_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "VARIABLE", "NOT_WHAT_THE_SERVER_READS")
    with pytest.raises(CloudError, match=r"ended with code 1 before it was ready; the end of its log") as died:
        Cloud.start(tmp_path)
    assert "KeyError: 'REHEARSAL_CLOUD'" in str(died.value)


def test_the_surroundings_do_not_reach_the_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "secret",
        "AWS_CONFIG_FILE": "nowhere",
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    with Cloud.start(tmp_path, account="333333333333") as cloud:
        assert cloud.client("sts").get_caller_identity()["Account"] == "333333333333"
        environment = cloud.environment()
        child = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
        said = subprocess.run(
            [sys.executable, "-c", child], env=environment, capture_output=True, text=True, check=True
        )
        assert said.stdout.strip() == "333333333333"
    assert {"AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTPS_PROXY"}.isdisjoint(environment)
    assert environment["HOME"].startswith(str(tmp_path))


def test_only_the_loopback_interface_is_listened_on(tmp_path: Path) -> None:
    with Cloud.start(tmp_path) as cloud:
        listening = set()
        for table in ("tcp", "tcp6"):
            with contextlib.suppress(FileNotFoundError):
                for line in Path(f"/proc/{cloud._process.pid}/net/{table}").read_text().splitlines()[1:]:
                    address, state = line.split()[1], line.split()[3]
                    if state == "0A" and address.endswith(f":{int(cloud.endpoint_url.rpartition(':')[2]):04X}"):
                        listening.add(address.partition(":")[0])
    assert listening == {"0100007F"}


def test_processes_that_train_are_started_when_asked_for_and_end_with_the_cloud(tmp_path: Path) -> None:
    with Cloud.start(tmp_path, trains_soon=True) as cloud:
        deadline = time.monotonic() + 60
        while len(found := trainers(cloud)) < workers.side_by_side() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(found) == workers.side_by_side()
    assert not [pid for pid in found if Path(f"/proc/{pid}").exists()]


def trainers(cloud: Cloud) -> list[int]:
    """The processes that train, which are children of the server's threads."""
    tasks = Path(f"/proc/{cloud._process.pid}/task").glob("*/children")
    children = [int(pid) for task in tasks for pid in task.read_text().split()]
    return [pid for pid in children if workers.MODULE in Path(f"/proc/{pid}/cmdline").read_text().split("\0")]
