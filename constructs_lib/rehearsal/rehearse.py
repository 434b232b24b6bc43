"""One rehearsal from beginning to end: what `automl rehearse` does."""

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from . import preflight
from .account import Account
from .app import ACCOUNT, REGION, App, find, is_home_writable, synthesize
from .assembly import Job, environment_of
from .cdk import Cdk, expect_success
from .cloud.launcher import Cloud, CloudError
from .failures import CannotStartError, CheckFailedError, Evidence, tail
from .journey import Journey
from .processes import Deadline, Running
from .record import Record
from .screen import choose, counted, leaderboard, printable, table
from .seeds import Seed
from .stacks import Stack
from .workfolder import work_folder

WAIT_SCALE = 1 / 60
"""What waits of state machines are shortened to: a minute is a second."""

WIDTH = 118
"""Characters of a closing line."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to rehearse and how."""

    app: str | None = None
    stacks: Sequence[str] = ()
    keep: Path | None = None
    port: int | None = None
    seeds: Sequence[str] = ()
    minutes: float = 30
    updates: bool = True
    open_gates: bool = False
    verbose: bool = False


def rehearse(options: Options, out: TextIO) -> None:
    """Rehearse an app and print what was seen to `out`.

    Raises:
        CannotStartError: There is nothing to rehearse.
        CheckFailedError: Something did not do what it should have done.
    """
    app = find(options.app, Path.cwd())
    seeds = [Seed.parse(seed) for seed in options.seeds]
    with work_folder(options.keep) as folder:
        with choose(out, verbose=options.verbose) as screen:
            record = Record(screen)
            _walk(app, seeds, options, folder, record)
        for line in closing(record):
            print(line, file=out)


def _walk(app: App, seeds: Sequence[Seed], options: Options, folder: Path, record: Record) -> None:
    deadline = Deadline(options.minutes * 60)
    screen = record.screen
    with ExitStack() as started:
        cloud, cdk, bootstrap = _start(started, folder, options, deadline, record, (ACCOUNT, REGION))
        with record.step("cdk synth"):
            screen.say(f"app: {app}")
            if not is_home_writable():
                screen.say("HOME cannot be written: what is unpacked there is unpacked for this rehearsal alone")
            log = folder / "00-cdk-synth.log"
            assembly = synthesize(app, folder / "cdk.out", log=log, deadline=deadline, watch=screen.activity)
            stacks = assembly.choose(options.stacks)
            screen.say(_found(stacks))
            if options.open_gates:
                opened = counted(assembly.open_gates(stacks), "quality gate")
                record.not_shown.append(f"a missed gate that fails the deployment: {opened} warned instead")
            account, region = environment_of(stacks)
            preflight.check(assembly, stacks, cloud.client("cloudformation"))
        wanted = (account or ACCOUNT, region or REGION)
        if wanted != (cloud.account, cloud.region):
            screen.say(f"the app is for {wanted[0]} in {wanted[1]}: starting again")
            started.close()
            cloud, cdk, bootstrap = _start(started, folder, options, deadline, record, wanted)
        try:
            with record.step("cdk bootstrap, begun before the synthesis"):
                expect_success("bootstrap", cdk.finish(bootstrap))
                for seed in seeds:
                    screen.say(f"{seed.upload(cloud.client('s3'))} object(s) uploaded to {seed.uri}")
                journey = Journey(assembly, stacks, Account(cloud), cdk, record)
            journey.run(updates=options.updates)
        except CheckFailedError as error:
            server = cloud.log.read_text(encoding="utf-8", errors="replace")
            error.evidence.append(Evidence("server log", tail(server, 15)))
            raise


def _start(
    started: ExitStack, folder: Path, options: Options, deadline: Deadline, record: Record, where: tuple[str, str]
) -> tuple[Cloud, Cdk, Running]:
    """Start the embedded AWS and its bootstrap, which mostly waits: the app can be synthesized meanwhile."""
    account, region = where
    with record.step("start the embedded AWS"):
        try:
            cloud = Cloud.start(
                folder / "cloud", port=options.port, account=account, region=region, wait_scale=WAIT_SCALE
            )
        except CloudError as error:
            raise CannotStartError(str(error)) from None
        started.enter_context(cloud)
        record.screen.say(f"account {account}, {region}, {cloud.endpoint_url}, with TLS, IAM enforced")
        record.screen.say("waits of state machines are shortened: a minute is a second")
    cdk = Cdk(cloud.environment(), folder, deadline, record.screen.activity)
    return cloud, cdk, started.enter_context(cdk.start("bootstrap", f"aws://{account}/{region}"))


def closing(record: Record) -> Iterator[str]:
    """The closing lines of a rehearsal that went well."""
    for job, report in record.trained:
        board = leaderboard(job, report.trained)
        if board:
            yield from ("", f"Leaderboard of {job.name}")
            last = board[0].rfind("  ") + 2
            yield from (line for row in board for line in _wrapped(row, first="  ", others=" " * (last + 2)))
        elif report.notes:
            yield from ("", f"Notes on {job.name}")
        yield from (line for note in report.notes for line in _wrapped(note, first="  - ", others="    "))
    for told in record.told:
        yield from ("", f"Outcome of {told.job}")
        yield from _wrapped(f"gate: {told.gate or 'none'}", others="    ")
        yield f"  result: {told.result or 'not written'}"
    for served in record.answered:
        yield from ("", f"Endpoint {served.endpoint}")
        yield from _wrapped(f"serves: {served.candidate} of {', then of '.join(served.jobs)}", others="    ")
        keys = f" ({', '.join(served.response_keys)})" if served.response_keys else ""
        yield from _wrapped(f"answers: {served.answer}{keys}, as the model itself", others="    ")
        if served.asked_meanwhile:
            yield f"  meanwhile: asked {served.asked_meanwhile} times during updates, always answered"
    if record.retained:
        yield from ("", "Left on purpose:", *(f"  {name}" for name in record.retained))
    if record.not_shown:
        yield from ("", "Not shown:", *(line for text in record.not_shown for line in _wrapped(text)))
    trained = any(job.candidates for job, _ in record.trained)
    yield from (
        "",
        *_emulation(trained=trained, waits=bool(record.told), serves=bool(record.answered), hurried=record.is_hurried),
        "",
    )
    rows = [(step.title, f"{step.seconds:.1f} s", str(len(step.checks) or "")) for step in record.steps]
    yield from table([("step", "time", "checks"), *rows])
    checks = sum(len(step.checks) for step in record.steps)
    seconds = sum(step.seconds for step in record.steps)
    yield from ("", f"All {checks} checks passed, in {seconds:.0f} s.")


def _wrapped(text: str, *, first: str = "  ", others: str = "  ") -> list[str]:
    return textwrap.wrap(printable(text), WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)


def _emulation(*, trained: bool, waits: bool, serves: bool, hurried: bool = False) -> Iterator[str]:
    models = ", the trained models" if trained else ""
    yield f"Real here:     the cdk CLI, the synthesized templates and assets, the Lambda code, the data{models}"
    yield "Emulated here: CloudFormation, S3, KMS, Lambda and IAM by MiniStack (policies are enforced),"
    yield "               SageMaker by this library"
    if waits:
        yield "Shortened:     the time between two looks at a job, from a minute to a second"
    if serves:
        yield "Shortened:     how long alarms are watched while a model takes over, to a second or two in all"
    if hurried:
        yield "Shortened:     how long data have to be quiet, and how seldom runs train; schedules begin none;"
        yield "               the month's ceiling is high"
        yield "Made up:       better rows are the app's own once more, worse ones have the labels of others"
    if trained:
        yield "The models were trained on this machine, not by Autopilot: scores here say nothing about scores there."


def _found(stacks: Sequence[Stack]) -> str:
    jobs = [str(job) for stack in stacks for job in Job.all_of(stack)]
    if not jobs:
        names = ", ".join(stack.path for stack in stacks)
        raise CannotStartError(f"there is no AutoMLJob in {names}: nothing to rehearse")
    return f"{counted(len(stacks), 'stack')}, {counted(len(jobs), 'AutoML job')}: {', '.join(jobs)}"
