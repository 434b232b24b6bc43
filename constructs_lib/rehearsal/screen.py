"""What the user sees: a live view on a terminal, plain lines everywhere else."""

import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.text import Text

from .account import Candidate, JobState
from .text import table, width_of, wrapped


@dataclass
class Step:
    """One part of the journey, and what was checked in it."""

    title: str
    seconds: float = 0.0
    checks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What else was told in it."""

    number: int = 0
    of: int = 0
    """How many steps there are; 0 as long as nobody knows."""

    since: float = 0.0
    """Seconds from the start of the rehearsal to that of the step."""

    failed: bool = False
    """It ended with a failure, or was interrupted."""


class Screen(Protocol):
    """Where the journey reports to."""

    def begin(self, step: Step) -> None:
        """A step begins."""

    def end(self, step: Step) -> None:
        """A step has ended well."""

    def fail(self, step: Step) -> None:
        """A step has failed, or was interrupted: why is told by whoever ends the rehearsal."""

    def say(self, text: str) -> None:
        """Something worth knowing."""

    def checked(self, text: str) -> None:
        """A check has passed."""

    def activity(self, line: str) -> None:
        """A line of a program that is running."""

    def training(self, job: JobState) -> None:
        """How far a job is. Called often, also when nothing has changed."""


class Plain:
    """Lines with the time since the start: for logs and pipes. No control characters."""

    def __init__(self, out: TextIO, *, verbose: bool) -> None:
        self._out = out
        self._width = width_of(out)
        self._verbose = verbose
        self._start = time.monotonic()
        self._stages: dict[str, str] = {}
        self._reported: set[tuple[str, str]] = set()

    def begin(self, step: Step) -> None:
        """Write the title."""
        self._line(f"{numbered(step)} ...")

    def end(self, step: Step) -> None:
        """Write how long it took."""
        self._line(f"{step.title}: done in {step.seconds:.1f} s")

    def fail(self, step: Step) -> None:
        """Write that it did not."""
        self._line(f"{step.title}: did not end well, after {step.seconds:.1f} s")

    def say(self, text: str) -> None:
        """Write lines."""
        for line in text.splitlines():
            self._line(f"  {line}")

    def checked(self, text: str) -> None:
        """Write what was checked."""
        self.say(f"ok: {text}")

    def activity(self, line: str) -> None:
        """Write the line if the user wants to see all."""
        if self._verbose:
            self._line(f"  | {readable(line)}")

    def training(self, job: JobState) -> None:
        """Write what is new: a stage, a candidate with its value."""
        if self._stages.get(job.name) != job.stage:
            self._stages[job.name] = job.stage
            self.say(f"{job.name}: {job.stage}")
        for candidate in job.candidates:
            if candidate.status in ENDED_CANDIDATE and (job.name, candidate.name) not in self._reported:
                self._reported.add((job.name, candidate.name))
                self.say(f"{job.name}: {described(candidate)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def _line(self, text: str) -> None:
        time_ = f"[{time.monotonic() - self._start:6.1f} s] "
        indent = " " * (len(time_) + len(text) - len(text.lstrip()))
        for line in wrapped(text, self._width, first=time_, others=indent):
            print(line, file=self._out, flush=True)


class Lively:
    """A view that moves: what is done scrolls up, what is being done stays below with its time."""

    def __init__(self, console: Console, *, verbose: bool) -> None:
        self._console = console
        self._verbose = verbose
        self._step: Step | None = None
        self._since = 0.0
        self._last = ""
        self._jobs: dict[str, JobState] = {}
        self._spinner = Spinner("dots")
        self._live = Live(get_renderable=self.view, console=console, refresh_per_second=8, transient=True)

    def begin(self, step: Step) -> None:
        """Show the step with its running time."""
        self._step, self._since, self._last = step, time.monotonic(), ""
        self._jobs.clear()

    def end(self, step: Step) -> None:
        """Leave the step and its checks behind, above what follows."""
        self._step = None
        self._leave("[green]✓[/]", step)

    def fail(self, step: Step) -> None:
        """Leave the step and what was checked in it behind, marked."""
        self._step = None
        self._leave("[red]✗[/]", step)

    def say(self, text: str) -> None:
        """Write lines above the moving part."""
        self._print(text, first="  ", others="  ", style="dim")

    def checked(self, text: str) -> None:
        """Show what was checked last."""
        self._last = text

    def activity(self, line: str) -> None:
        """Show the line, until the next one."""
        self._last = readable(line)
        if self._verbose:
            self._print(self._last, first="  | ", others="  | ", style="dim")

    def training(self, job: JobState) -> None:
        """Show the stage and the leaderboard so far."""
        self._jobs[job.name] = job

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def _leave(self, mark: str, step: Step) -> None:
        seconds = f"{step.seconds:.1f} s"
        *lines, last = wrapped(f"{numbered(step)}  {seconds}", self._console.width - 2)
        title = "\n  ".join([*lines, last])
        self._console.print(f"{mark} [bold]{escape(title)}[/]", highlight=False)
        for check in step.checks:
            self._print(check, first="  · ", others="    ")

    def _print(self, text: str, *, first: str, others: str, style: str = "") -> None:
        for line in wrapped(text, self._console.width, first=first, others=others):
            self._console.print(Text(line, style=style))

    def view(self) -> RenderableType:
        """The moving part: the step, its last line, and each job with its leaderboard so far."""
        if self._step is None:
            return Text("")
        passed = f"{time.monotonic() - self._since:.0f} s"
        self._spinner.update(text=Text(f"{numbered(self._step)}  {passed}", style="bold"))
        rows: list[RenderableType] = [self._spinner]
        if self._last:
            lines = wrapped(self._last, self._console.width, first="  ", others="    ")
            rows += [Text(line, style="dim") for line in lines[:_MOST_LINES]]
        for job in self._jobs.values():
            rows.append(Text(f"  {job.name}  {job.stage}", style="cyan"))
            room = max(3, self._console.height - 7 - _MOST_LINES)
            board = leaderboard(job, self._console.width, indent="    ")
            rows += [Text(line, no_wrap=True, overflow="ellipsis") for line in board[:room]]
        return Group(*rows)


_PROGRESS = re.compile(
    r"(?P<stack>\S+) \| +\d+(?:/\d+)? \| [\d:]+(?: [AP]M)? \| (?P<status>[A-Z_]+) +\| (?P<kind>\S+) +\| (?P<id>.+)"
)
"""How the cdk CLI tells of a resource; the numbers in it count events and resources, and confuse."""

_COLORS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

_MOST_LINES = 3
"""Lines that what a program says last may take below the step."""

ENDED_CANDIDATE = ("Completed", "Failed", "Stopped")


@contextmanager
def choose(out: TextIO, *, verbose: bool) -> Iterator[Screen]:
    """The live view if `out` is a terminal that can show it, else plain lines."""
    lively = out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    if lively and "utf" in (out.encoding or "").lower():
        with Lively(Console(file=out), verbose=verbose) as screen:
            yield screen
    else:
        with Plain(out, verbose=verbose) as plain:
            yield plain


def described(candidate: Candidate) -> str:
    """A candidate in one line."""
    took = "" if candidate.seconds is None else f" in {candidate.seconds:.1f} s"
    if candidate.value is None:
        return f"{candidate.name}: {candidate.status}{took}"
    return f"{candidate.name}: {candidate.metric} {candidate.value:.4f}{took}"


def leaderboard(
    job: JobState, width: int | None, trained: Mapping[str, str] | None = None, *, indent: str = ""
) -> list[str]:
    """The candidates of a job, best first, as an aligned table; `trained` says what each really is."""
    if not job.candidates:
        return []
    rows = []
    for rank, candidate in enumerate(job.candidates, start=1):
        value = candidate.status if candidate.value is None else f"{candidate.value:.4f}"
        took = "" if candidate.seconds is None else f"{candidate.seconds:.1f}"
        what = [trained.get(candidate.name, "")] if trained else []
        rows.append((str(rank), candidate.name, candidate.metric, value, took, *what))
    head = ("rank", "candidate", "metric", "value", "seconds", *(["trained here"] if trained else []))
    return table(head, rows, width, indent=indent)


def numbered(step: Step) -> str:
    """A step with its number: `Step 4 of 13: cdk deploy`."""
    if not step.number:
        return step.title
    return f"Step {step.number}{f' of {step.of}' if step.of else ''}: {step.title}"


def counted(number: int, noun: str) -> str:
    """`1 job`, `2 jobs`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def readable(line: str) -> str:
    """A line of the cdk CLI in words."""
    line = printable(line).strip()
    found = _PROGRESS.fullmatch(line)
    if not found:
        return line
    return f"{found['stack']}: {found['id'].strip()} ({found['kind']}) is {found['status']}"


def printable(line: str) -> str:
    """A line without colors and control characters, whatever a program has written."""
    return "".join(character for character in _COLORS.sub("", line).expandtabs() if character.isprintable())
