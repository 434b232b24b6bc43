"""Processes side by side: what they take, and how it compares with what they may take."""

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str
    value: float
    most: float | None = None
    """The budget; None: it is shown for what it is."""
    unit: str = ""

    @property
    def is_missed(self) -> bool:
        """Whether it is above its budget, or no number: what a busy machine hides is not met."""
        return self.most is not None and not self.value <= self.most

    def __str__(self) -> str:
        budget = "" if self.most is None else f"   at most {self.most:g}{self.unit}"
        return f"{self.what:56} {self.value:8.2f}{self.unit:4}{budget}{'   MISSED' if self.is_missed else ''}"


@dataclass(frozen=True)
class Taken:
    """What runs of one thing took, round by round."""

    seconds: list[float]
    processor: list[float]
    """Seconds of processor time, of all its processes: what others do on the machine is hardly seen in it."""

    mebibytes: list[float]

    @property
    def median(self) -> float:
        """Of the seconds of wall time."""
        return statistics.median(self.seconds)

    @property
    def memory(self) -> float:
        """The median of the peaks."""
        return statistics.median(self.mebibytes)

    def __str__(self) -> str:
        spread = f"{self.median:6.2f} s ({min(self.seconds):.2f} to {max(self.seconds):.2f})"
        return f"{spread:28} {statistics.median(self.processor):6.2f} s of processor {self.memory:6.0f} MiB"


def ratio(one: Taken, other: Taken) -> float:
    """How much processor time one takes of another's: the median of the rounds' ratios."""
    return statistics.median(mine / theirs for mine, theirs in zip(one.processor, other.processor, strict=True))


def each_further(many: Taken, one: Taken, count: int) -> float:
    """Seconds of processor time of each further one, where `many` has `count` more: the median of the rounds."""
    pairs = zip(many.processor, one.processor, strict=True)
    return statistics.median((of_many - of_one) / count for of_many, of_one in pairs)


def in_turns(commands: dict[str, list[str]], runs: int) -> dict[str, Taken]:
    """Run each so many times, one after the other, so that a busy moment of the machine hits all sides."""
    taken = {name: Taken([], [], []) for name in commands}
    for run in range(runs + 1):
        for name, command in commands.items():
            seconds, processor, mebibytes = measured(command)
            if run:  # the first round warms the file cache
                taken[name].seconds.append(seconds)
                taken[name].processor.append(processor)
                taken[name].mebibytes.append(mebibytes)
    return taken


def measured(command: list[str]) -> tuple[float, float, float]:
    """Seconds of wall and of processor time, and the peak memory in MiB, of a process and its children."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, "CDK_VALIDATION": "false", "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1"},
        stdout=subprocess.DEVNULL,
    )
    peaks: dict[int, int] = {}
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        for pid in [process.pid, *_children(process.pid)]:
            peaks[pid] = max(peaks.get(pid, 0), _peak_kibibytes(pid))
        time.sleep(0.01)
    seconds = time.perf_counter() - started
    _, status, usage = ended
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed with {process.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, sum(peaks.values()) / 1024


def _children(pid: int) -> list[int]:
    """All descendants of a process."""
    try:
        found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return found + [below for child in found for below in _children(child)]


def _peak_kibibytes(pid: int) -> int:
    """The most memory that a process ever held, as Linux counts it; 0 where there is no /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
