"""Processes that train and serve: each does one step at a time and can be killed without harm to the others.

A worker imports scikit-learn once and then takes steps, one line of JSON each, until its standard input closes, so it
ends when its owner dies, however that happens. They are new programs, not forks: the owner has threads. The import
takes about as long as a small job, so those that have nothing to do wait in the reserve for the next.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MODULE = f"{__package__}.worker"

_ROOT = Path(__file__).parents[3]
"""Where `constructs_lib` lies, for a checkout that is not installed."""

_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # Without it idle OpenMP threads spin, and two candidates on two cores take three times as long.
    "OMP_WAIT_POLICY": "PASSIVE",
}
_HANDED_ON = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")
"""What a process gets of its owner's environment: it calls nobody, so it needs no credentials."""

_POLL = 0.1


class WorkerDied(RuntimeError):  # noqa: N818 - says what happened
    """A worker ended although nobody asked it to."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One step to be done by any worker."""

    step: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a call ended.

    `done` carries the step's value, `fault` the user's mistake, `error` any other exception, `died` the end of the
    process, `timeout` and `stopped` say that we killed it.
    """

    call: Call
    ended: Literal["done", "fault", "error", "died", "timeout", "stopped"]
    seconds: float
    value: Any = None
    text: str = ""


Messages = queue.Queue[tuple["Worker", dict[str, Any] | None]]


class Worker:
    """One process. Its messages arrive in the queue as ``(worker, message)``; `None` is its end."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._telling = threading.Lock()
        self._is_over = False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        handed_on = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            # -P: nothing in the user's working directory may shadow a module.
            [sys.executable, "-P", "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**handed_on, **_ONE_THREAD, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C goes to the owner, who decides
        )
        self.ready = threading.Event()
        """Whether it has imported all that it needs, or is over."""

        self.has_started = False
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def tell(self, messages: Messages) -> bool:
        """Send all further messages elsewhere; says whether any can come."""
        with self._telling:
            self._messages = messages
            return not self._is_over

    def send(self, call: Call) -> None:
        """Hand the worker its next step."""
        assert self._process.stdin is not None  # noqa: S101 - opened above
        line = json.dumps({"step": call.step, "arguments": call.arguments})
        with contextlib.suppress(OSError):  # a dead worker is reported by its end, not here
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def kill(self) -> None:
        """End the process and whatever it started, at once."""
        with contextlib.suppress(ProcessLookupError):
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._errors):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()

    def why_it_died(self) -> str:
        """The signal or exit code, and the last line it wrote."""
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"the process ended with {how}" + (f": {lines[-1]}" if lines else "")

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - opened above
        with self._process.stdout as lines:
            for line in lines:
                message = json.loads(line)
                if "ready" in message:
                    self.has_started = True
                    self.ready.set()
                with self._telling:
                    self._messages.put((self, message))
        with self._telling:
            self._is_over = True
            self._messages.put((self, None))
        self.ready.set()


class Reserve:
    """Workers that nobody uses now. They end with this process; before, if it is closed, as it is at first."""

    def __init__(self) -> None:
        self._most = 0
        self._idle: list[Worker] = []
        self._lock = threading.Lock()

    def open(self, most: int) -> None:
        """Keep as many from now on."""
        self._most = most

    @property
    def pids(self) -> list[int]:
        """The processes that wait."""
        with self._lock:
            return [worker.pid for worker in self._idle]

    def fill(self) -> None:
        """Start as many as may wait, one after the other: others need the processor too."""
        for _ in range(self._most):
            with self._lock:
                if len(self._idle) >= self._most:  # it is closed, or a job has given its own
                    return
                worker = Worker(queue.Queue())
                self._idle.append(worker)
            worker.ready.wait()

    def take(self, messages: Messages) -> Worker | None:
        """A worker that tells its messages here; None if there is none."""
        with self._lock:
            while self._idle:
                worker = self._idle.pop(0)
                if worker.tell(messages):
                    return worker
                worker.kill()
        return None

    def give(self, worker: Worker) -> bool:
        """Keep a worker, if there is room for it; else it is ended."""
        worker.tell(queue.Queue())
        with self._lock:
            if len(self._idle) < self._most:
                self._idle.append(worker)
                return True
        worker.kill()
        return False

    def close(self) -> None:
        """End all, and those that would come."""
        with self._lock:
            self._most = 0
            while self._idle:
                self._idle.pop().kill()


def side_by_side() -> int:
    """How many workers a job has."""
    return min(2, os.cpu_count() or 1)


RESERVE = Reserve()
"""That of this process."""


@dataclass
class _Running:
    call: Call
    since: float


class Workers:
    """A few workers that do calls side by side. Use as a context manager: leaving it ends them all.

    Args:
        count: How many.
        come_back: Whether those that have nothing to do then wait in the reserve instead: not those that keep a model.
    """

    def __init__(self, count: int, *, come_back: bool = False) -> None:
        self._messages: Messages = queue.Queue()
        self._count = count
        self._come_back = come_back
        self._workers = [self._new() for _ in range(count)]
        self._running: dict[Worker, _Running] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes, or let them wait for the next."""
        while self._workers:
            worker = self._workers.pop()
            if self._come_back and worker not in self._running:
                RESERVE.give(worker)
            else:
                worker.kill()

    def _new(self) -> Worker:
        return RESERVE.take(self._messages) or Worker(self._messages)

    @property
    def pids(self) -> list[int]:
        """The processes alive."""
        return [worker.pid for worker in self._workers]

    def run(
        self,
        calls: Iterable[Call],
        *,
        interrupted: Callable[[], bool],
        limit: float | None = None,
        on_start: Callable[[Call], None] = lambda _: None,
    ) -> Iterator[Outcome]:
        """Do the calls, in order, as workers become free; yield each outcome when it is there.

        Args:
            calls: What to do.
            interrupted: Asked ten times a second; once true, running calls are killed and waiting ones never start.
            limit: Seconds that one call may take before it is killed.
            on_start: Told of each call when it starts.

        Raises:
            WorkerDied: A worker could not even start.
        """
        waiting = deque(calls)
        while waiting or self._running:
            if interrupted():
                for worker in list(self._running):
                    yield self._killed(worker, "stopped")
                return
            while len(self._workers) < min(self._count, len(waiting) + len(self._running)):
                self._workers.append(self._new())
            for worker in [w for w in self._workers if w.ready.is_set() and w not in self._running]:
                if waiting:
                    call = waiting.popleft()
                    self._running[worker] = _Running(call, time.monotonic())
                    on_start(call)
                    worker.send(call)
            outcome = self._next_outcome()
            if outcome:
                yield outcome
            for worker, running in list(self._running.items()):
                if limit is not None and time.monotonic() - running.since > limit:
                    yield self._killed(worker, "timeout")

    def _next_outcome(self) -> Outcome | None:
        try:
            worker, message = self._messages.get(timeout=_POLL)
        except queue.Empty:
            return None
        if worker not in self._workers:
            return None  # the last words of one that was killed
        if message is None:
            return self._died(worker)
        if "ready" in message:
            return None
        running = self._running.pop(worker)
        return Outcome(
            call=running.call,
            ended=message["ended"],
            seconds=time.monotonic() - running.since,
            value=message.get("value"),
            text=message.get("text", ""),
        )

    def _died(self, worker: Worker) -> Outcome | None:
        why = worker.why_it_died()
        if worker in self._running:
            return self._killed(worker, "died", why)
        worker.kill()
        self._workers.remove(worker)
        if not worker.has_started:
            raise WorkerDied(f"a training process did not start: {why}")
        return None  # it was idle; another takes its place when there is work

    def _killed(self, worker: Worker, ended: Literal["died", "timeout", "stopped"], text: str = "") -> Outcome:
        running = self._running.pop(worker)
        worker.kill()
        self._workers.remove(worker)
        return Outcome(call=running.call, ended=ended, seconds=time.monotonic() - running.since, text=text)
