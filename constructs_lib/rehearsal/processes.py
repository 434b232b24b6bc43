"""Run other programs so that none of them outlives the rehearsal."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .failures import CheckFailedError, Evidence, TimeIsUpError, tail

LOOK_EVERY = 0.1
"""Seconds between two looks at a running program."""

PATIENCE = 3.0
"""Seconds that a program has to end by itself before it is killed."""


class Deadline:
    """The moment at which the whole rehearsal has to be over."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def check(self, doing: str) -> None:
        """Fail if the time is up."""
        if time.monotonic() > self._end:
            raise TimeIsUpError(
                f"the rehearsal was not over after {self._seconds / 60:g} minutes, it was busy with: {doing}; "
                "give more with --timeout"
            )


@dataclass(frozen=True)
class Finished:
    """A program that has ended."""

    code: int
    output: str


class Running:
    """A program that runs, all its output in `log`. Leaving the context ends it and everything that it has started.

    The program has a session of its own: Ctrl-C on the terminal reaches the rehearsal alone.
    """

    def __init__(self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        self._name = log.stem.lstrip("0123456789-").replace("-", " ")
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(
        self, deadline: Deadline, watch: Callable[[str], None], meanwhile: Callable[[], None] = lambda: None
    ) -> Finished:
        """Wait for the end; `watch` gets each line of output as it appears, `meanwhile` is called all the time."""
        lines = _Follower(self._log, watch)
        try:
            while self._process.poll() is None:
                lines.look()
                meanwhile()
                deadline.check(self._name)
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(LOOK_EVERY)
        except CheckFailedError as error:
            if so_far := tail(_text(self._log)):
                error.evidence.append(Evidence(f"{self._name}, so far", so_far))
            raise
        lines.look()
        return Finished(self._process.returncode, _text(self._log))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._process)


class _Follower:
    """Hands on what is added to a file, line by line."""

    def __init__(self, log: Path, watch: Callable[[str], None]) -> None:
        self._log = log
        self._watch = watch
        self._read = 0

    def look(self) -> None:
        with self._log.open("rb") as file:
            file.seek(self._read)
            added = file.read()
        whole = added[: added.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            if line.strip():
                self._watch(line.rstrip())


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and what it has started, kindly first. Its group may outlive it, so both are always asked."""
    if process.poll() is None and _signal(process.pid, signal.SIGTERM):
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            _signal(process.pid, signal.SIGKILL)
    _signal(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)


def _signal(group: int, number: signal.Signals) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        # Nobody is left in the group; macOS says "not permitted" when only zombies are.
        return False
    return True
