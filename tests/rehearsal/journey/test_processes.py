"""Programs are followed, and none of them outlives the rehearsal."""

import os
import sys
import time
from pathlib import Path

import pytest

from constructs_lib.rehearsal.failures import CheckFailedError
from constructs_lib.rehearsal.processes import Deadline, Running

# Starts a child that ignores SIGTERM, tells both pids, and stays.
STUBBORN = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import signal,time; signal.signal(15, 1); time.sleep(600)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def expect_gone(pids: list[int]) -> None:
    assert len(pids) == 2
    deadline = time.monotonic() + 5
    while [pid for pid in pids if is_alive(pid)] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in pids if is_alive(pid)]


def start(code: str, folder: Path, lines: list[str]) -> tuple[int, str]:
    command = [sys.executable, "-c", code]
    with Running(command, folder=folder, environment=os.environ, log=folder / "program.log") as running:
        finished = running.wait(Deadline(60), lines.append)
    return finished.code, finished.output


def test_lines_are_handed_on_and_the_exit_code_is_kept(tmp_path: Path) -> None:
    lines: list[str] = []
    code, output = start("import sys; print('one'); print('two', file=sys.stderr); sys.exit(3)", tmp_path, lines)
    assert code == 3
    assert sorted(lines) == ["one", "two"]
    assert sorted(output.split()) == ["one", "two"]


def test_time_limit_ends_the_program_and_shows_how_far_it_was(tmp_path: Path) -> None:
    lines: list[str] = []

    class UntilItHasPrinted(Deadline):
        def check(self, doing: str) -> None:
            self._end = float("-inf") if lines else self._end
            super().check(doing)

    command = [sys.executable, "-c", STUBBORN]
    with (
        pytest.raises(CheckFailedError, match=r"busy with: program; give more with --timeout") as failed,
        Running(command, folder=tmp_path, environment=os.environ, log=tmp_path / "program.log") as running,
    ):
        running.wait(UntilItHasPrinted(60), lines.append)
    [evidence] = failed.value.evidence
    assert evidence.text == lines[0]
    expect_gone([int(pid) for pid in lines[0].split()])


def test_interruption_ends_the_program_and_what_it_started(tmp_path: Path) -> None:
    pids: list[int] = []

    def interrupt(line: str) -> None:
        pids.extend(map(int, line.split()))
        raise KeyboardInterrupt

    before = time.monotonic()
    command = [sys.executable, "-c", STUBBORN]
    program = Running(command, folder=tmp_path, environment=os.environ, log=tmp_path / "program.log")
    with pytest.raises(KeyboardInterrupt), program:
        program.wait(Deadline(60), interrupt)
    assert time.monotonic() - before < 30
    expect_gone(pids)
