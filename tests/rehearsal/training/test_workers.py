"""Processes that have nothing to do wait for the next job; none is used that should not be, and none is left."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.rehearsal.training import workers
from constructs_lib.rehearsal.training.workers import Call, Reserve, Workers

# Answers each step with its own pid, but for one, which it never ends.
LIGHT = """
import json, os, sys, time
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    if json.loads(line)["step"] == "endless":
        time.sleep(600)
    print(json.dumps({"ended": "done", "value": os.getpid()}), flush=True)
"""


@pytest.fixture(autouse=True)
def _light_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "light_worker.py").write_text(LIGHT)
    monkeypatch.setattr(workers, "MODULE", "light_worker")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.fixture
def reserve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reserve]:
    reserve = Reserve()
    reserve.open(2)
    monkeypatch.setattr(workers, "RESERVE", reserve)
    yield reserve
    reserve.close()


def pid_that_does(step: str, group: Workers) -> Any:
    [outcome] = group.run([Call(step=step, arguments={})], interrupted=lambda: False)
    assert outcome.ended == "done"
    return outcome.value


def is_alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_an_idle_process_waits_for_the_next_job(reserve: Reserve) -> None:
    with Workers(1, come_back=True) as first:
        pid = pid_that_does("any", first)
    assert reserve.pids == [pid]
    with Workers(1, come_back=True) as second:
        assert reserve.pids == []
        assert pid_that_does("any", second) == pid


def test_a_process_that_keeps_a_model_is_ended(reserve: Reserve) -> None:
    with Workers(1) as server:
        pid = pid_that_does("any", server)
    assert reserve.pids == []
    assert not is_alive(pid)


def test_a_process_at_work_is_ended(reserve: Reserve) -> None:
    started: list[Call] = []
    with Workers(1, come_back=True) as job:
        running = job.run(
            [Call(step="endless", arguments={})], interrupted=lambda: bool(started), on_start=started.append
        )
        [pid] = job.pids
        assert [outcome.ended for outcome in running] == ["stopped"]
    assert reserve.pids == []
    assert not is_alive(pid)


def test_a_process_that_died_while_it_waited_is_not_given(reserve: Reserve) -> None:
    with Workers(1, come_back=True) as first:
        pid = pid_that_does("any", first)
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)
    with Workers(1, come_back=True) as second:
        assert pid_that_does("any", second) != pid
    assert not is_alive(pid)


def test_no_more_wait_than_may(reserve: Reserve) -> None:
    with Workers(3, come_back=True) as job:
        pids = job.pids
        pid_that_does("any", job)
    assert len(reserve.pids) == 2
    assert sorted(filter(is_alive, pids)) == sorted(reserve.pids)


def test_the_reserve_is_filled_before_the_first_job(reserve: Reserve) -> None:
    reserve.fill()
    before = set(reserve.pids)
    assert len(before) == 2
    with Workers(2, come_back=True) as job:
        assert set(job.pids) == before
        assert pid_that_does("any", job) in before


def test_a_closed_reserve_has_and_takes_none(reserve: Reserve) -> None:
    reserve.fill()
    pids = reserve.pids
    with Workers(1, come_back=True) as job:
        pid_that_does("any", job)
        reserve.close()
    assert reserve.pids == []
    assert not [pid for pid in pids if is_alive(pid)]


def test_without_a_server_none_waits() -> None:
    """A program that trains by itself has no process left after a job."""
    with Workers(1, come_back=True) as job:
        pid = pid_that_does("any", job)
    assert not is_alive(pid)


def test_a_reserve_that_is_closed_while_it_is_filled_stays_empty(reserve: Reserve, tmp_path: Path) -> None:
    (tmp_path / "light_worker.py").write_text("import time; time.sleep(600)")
    filling = threading.Thread(target=reserve.fill)
    filling.start()
    while not (pids := reserve.pids):
        time.sleep(0.01)
    reserve.close()
    filling.join(10)
    assert not filling.is_alive()
    assert reserve.pids == []
    assert not [pid for pid in pids if is_alive(pid)]


def test_a_process_ends_with_its_owner_while_it_still_imports(tmp_path: Path) -> None:
    package = tmp_path / "slow"
    package.mkdir()
    (package / "__init__.py").touch()
    text = Path(workers.__file__).with_name("worker.py").read_text()
    (package / "worker.py").write_text(text)
    (package / "steps.py").write_text("import time; print('imports', flush=True); time.sleep(600)")
    command = [sys.executable, "-m", "slow.worker"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(workers._ROOT)])}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        assert process.stderr.readline() == b"imports\n"
        process.stdin.close()
        assert process.wait(10) == 0
