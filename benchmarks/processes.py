"""What a command and all that it starts take, process by process: `python -m benchmarks.processes COMMAND ...`.

Ten times a second it looks into /proc. What is printed of each process: when it began and ended in seconds, its
processor time, its command.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LOOK_EVERY = 0.1
TICKS = os.sysconf("SC_CLK_TCK")
LONGEST = 120


@dataclass
class Seen:
    """A process that was seen."""

    command: str
    began: float
    ended: float = 0.0
    processor: float = 0.0

    def __str__(self) -> str:
        return f"{self.began:7.1f} {self.ended:7.1f} {self.processor:7.2f}  {self.command[:LONGEST]}"


def watch(command: list[str]) -> tuple[int, list[Seen]]:
    """Run a command, its output beside ours; its exit code, and the processes by their beginning."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=sys.stderr)
    seen: dict[int, Seen] = {}
    while process.poll() is None:
        now = time.monotonic() - start
        for pid, parent, processor in _all():
            if pid == process.pid or parent in seen or pid in seen:
                found = seen.setdefault(pid, Seen("", now))
                found.command = _command(pid) or found.command  # it may become another program
                found.ended, found.processor = now, processor
        time.sleep(LOOK_EVERY)
    return process.returncode, sorted(seen.values(), key=lambda each: each.began)


def _all() -> Iterator[tuple[int, int, float]]:
    """The id of each process there is, that of its parent, and its processor time so far."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        yield int(folder.name), int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return ""
    return " ".join(Path(word).name if word.startswith("/") else word for word in words).strip()


def main() -> int:
    """Print the table."""
    code, seen = watch(sys.argv[1:])
    print("  began   ended     cpu  command")
    print(*seen, sep="\n")
    print(
        f"{sum(each.processor for each in seen):23.2f}  in all; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    return code


if __name__ == "__main__":
    sys.exit(main())
