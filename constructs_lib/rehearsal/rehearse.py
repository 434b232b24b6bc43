"""One rehearsal from beginning to end: what `automl rehearse` does."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from . import preflight
from .account import Account
from .app import ACCOUNT, REGION, App, Synthesis, find, is_home_writable
from .assembly import Job, environment_of
from .cdk import Cdk, expect_success
from .cloud.launcher import Cloud, CloudError
from .failures import CannotStartError, CheckFailedError, Evidence, tail
from .journey import Journey
from .processes import Deadline, Running
from .record import Record, templates_of
from .report import files, gather
from .report.played import NOT_AUTOPILOT, emulated, made_up, real, shortened, trained
from .report.touched import Unverified
from .screen import choose, counted, leaderboard, printable
from .seeds import Seed
from .stacks import Stack
from .text import table, width_of, wrapped
from .workfolder import work_folder

WAIT_SCALE = 1 / 60
"""What waits of state machines are shortened to: a minute is a second."""


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
    reports: Sequence[Path] = ()
    """Files that the report is written to, however the rehearsal ends."""

    register: Sequence[Unverified] = ()
    """What nobody has checked against AWS: the report names what the app rests on."""


def rehearse(options: Options, out: TextIO) -> None:
    """Rehearse an app and print what was seen to `out`.

    Raises:
        CannotStartError: There is nothing to rehearse.
        CheckFailedError: Something did not do what it should have done.
    """
    files.require_writable(options.reports)
    with choose(out, verbose=options.verbose) as screen:
        record = Record(screen)
        with _reported(record, options):
            app = find(options.app, Path.cwd())
            record.app = str(app)
            seeds = [Seed.parse(seed) for seed in options.seeds]
            with work_folder(options.keep) as folder:
                _walk(app, seeds, options, folder, record)
    for line in closing(record, width_of(out)):
        print(line, file=out)


@contextmanager
def _reported(record: Record, options: Options) -> Iterator[None]:
    """Write the report at the end, whatever that is."""
    ended: BaseException | None = None
    try:
        yield
    except BaseException as error:
        ended = error
        raise
    finally:
        if options.reports:
            problems = files.write(gather.facts(record, options.register, ended), options.reports)
            if problems and ended is None:
                raise CannotStartError("\n".join(problems))
            for problem in problems:  # what ended the rehearsal is the reason; this comes on top
                record.screen.say(problem)


def _walk(app: App, seeds: Sequence[Seed], options: Options, folder: Path, record: Record) -> None:
    deadline = Deadline(options.minutes * 60)
    # Synthesized beside all that needs no assembly; what comes of it is told in its own step.
    synthesis = Synthesis(app, folder / "cdk.out", log=folder / "00-cdk-synth.log")
    with synthesis, ExitStack() as started:
        cloud, cdk, bootstrap = _start(started, folder, options, deadline, record, (ACCOUNT, REGION))
        with record.step("cdk synth"):
            record.say(f"app: {app}")
            if not is_home_writable():
                record.say("HOME cannot be written: what is unpacked there is unpacked for this rehearsal alone")
            assembly = synthesis.finish(deadline, record.screen.activity)
            stacks = assembly.choose(options.stacks)
            record.stacks, record.templates = [stack.path for stack in stacks], templates_of(stacks)
            record.say(_found(stacks))
            if options.open_gates:
                opened = counted(assembly.open_gates(stacks), "quality gate")
                record.not_shown.append(f"a missed gate that fails the deployment: {opened} warned instead")
            account, region = environment_of(stacks)
            preflight.check(assembly, stacks, cloud.client("cloudformation"))
        wanted = (account or ACCOUNT, region or REGION)
        if wanted != (cloud.account, cloud.region):
            record.say(f"the app is for {wanted[0]} in {wanted[1]}: starting again")
            started.close()
            cloud, cdk, bootstrap = _start(started, folder, options, deadline, record, wanted)
        try:
            with record.step("cdk bootstrap, begun beside the synthesis"):
                expect_success("bootstrap", cdk.finish(bootstrap))
                for seed in seeds:
                    record.say(f"{counted(seed.upload(cloud.client('s3')), 'object')} uploaded to {seed.uri}")
                journey = Journey(assembly, stacks, Account(cloud), cdk, record)
            journey.run(updates=options.updates)
        except CheckFailedError as error:
            server = cloud.log.read_text(encoding="utf-8", errors="replace")
            error.evidence.append(Evidence("server log", tail(server, 15)))
            raise


def _start(
    started: ExitStack, folder: Path, options: Options, deadline: Deadline, record: Record, where: tuple[str, str]
) -> tuple[Cloud, Cdk, Running]:
    """Start the embedded AWS and its bootstrap, while the app is synthesized."""
    account, region = where
    with record.step("start the embedded AWS"):
        try:
            cloud = Cloud.start(
                folder / "cloud",
                port=options.port,
                account=account,
                region=region,
                wait_scale=WAIT_SCALE,
                trains_soon=True,
            )
        except CloudError as error:
            raise CannotStartError(str(error)) from None
        started.enter_context(cloud)
        record.account, record.region = account, region
        record.say(f"account {account}, {region}, {cloud.endpoint_url}, with TLS, IAM enforced")
        record.say("waits of state machines are shortened: a minute is a second")
    cdk = Cdk(cloud.environment(), folder, deadline, record.screen.activity)
    return cloud, cdk, started.enter_context(cdk.start("bootstrap", f"aws://{account}/{region}"))


def closing(record: Record, width: int | None = None) -> Iterator[str]:
    """The closing lines of a rehearsal that went well.

    Args:
        record: What was noted.
        width: The columns of the screen; None: texts keep their lines.
    """

    def lines(text: str, first: str = "  ", others: str = "    ") -> list[str]:
        return wrapped(printable(text), width, first=first, others=others)

    for job, report in record.trained:
        board = leaderboard(job, width, report.trained, indent="  ")
        if board or report.notes:
            yield ""
            yield from lines(f"{'Leaderboard of' if board else 'Notes on'} {job.name}", "", "  ")
        yield from (printable(line) for line in board)
        for note in report.notes:
            yield from lines(note, "  - ")
    for told in record.told:
        yield ""
        yield from lines(f"Outcome of {told.job}", "", "  ")
        yield from lines(f"gate: {told.gate or 'none'}")
        yield from lines(f"result: {told.result or 'not written'}")
    for served in record.answered:
        yield ""
        yield from lines(f"Endpoint {served.endpoint}", "", "  ")
        yield from lines(f"serves: {served.candidate} of {', then of '.join(served.jobs)}")
        keys = f" ({', '.join(served.response_keys)})" if served.response_keys else ""
        yield from lines(f"answers: {served.answer}{keys}, as the model itself")
        if served.asked_meanwhile:
            yield from lines(f"meanwhile: asked {served.asked_meanwhile} times during updates, always answered")
    for title, texts in (("Left on purpose:", record.retained), ("Not shown:", record.not_shown)):
        if texts:
            yield from ("", title)
            yield from (line for text in texts for line in lines(text))
    yield ""
    for title, texts in (
        ("Real here", real(record)),
        ("Emulated here", emulated()),
        ("Shortened", shortened(record)),
        ("Made up", made_up(record)),
    ):
        if texts:
            yield from lines(f"{title}: {'; '.join(texts)}", "", "  ")
    if trained(record):
        yield from lines(NOT_AUTOPILOT, "", "  ")
    yield ""
    steps = [
        (str(step.number), step.title, f"{step.seconds:.1f} s", str(len(step.checks) or "")) for step in record.steps
    ]
    yield from table(("step", "what", "time", "checks"), steps, width)
    checks = sum(len(step.checks) for step in record.steps)
    seconds = sum(step.seconds for step in record.steps)
    yield from ("", f"All {checks} checks passed, in {seconds:.0f} s.")


def _found(stacks: Sequence[Stack]) -> str:
    jobs = [str(job) for stack in stacks for job in Job.all_of(stack)]
    if not jobs:
        names = ", ".join(stack.path for stack in stacks)
        raise CannotStartError(f"there is no AutoMLJob in {names}: nothing to rehearse")
    return f"{counted(len(stacks), 'stack')}, {counted(len(jobs), 'AutoML job')}: {', '.join(jobs)}"
