"""One rehearsal from beginning to end: what `automl rehearse` does."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from . import tools
from .account import Account
from .app import ACCOUNT, REGION, find, synthesize
from .assembly import Stack, environment_of
from .cloud.launcher import Cloud, CloudError
from .failures import CannotStartError
from .journey import EMULATION, Journey, Surroundings
from .processes import Deadline
from .record import Record
from .screen import choose, leaderboard, printable, table
from .seeds import Seed


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
    verbose: bool = False


def rehearse(options: Options, out: TextIO) -> None:
    """Rehearse an app and print what was seen to `out`.

    Raises:
        CannotStartError: There is nothing to rehearse.
        CheckFailedError: Something did not do what it should have done.
    """
    app = find(options.app, Path.cwd())
    seeds = [Seed.parse(seed) for seed in options.seeds]
    deadline = Deadline(options.minutes * 60)
    with _work_folder(options.keep) as folder:
        with choose(out, verbose=options.verbose) as screen, ExitStack() as clouds:
            record = Record(screen)
            with record.step("start the embedded AWS"):
                cloud = _start(clouds, folder / "cloud", options.port, ACCOUNT, REGION)
            with record.step("cdk synth"):
                screen.say(str(app))
                log = folder / "00-cdk-synth.log"
                assembly = synthesize(app, folder / "cdk.out", log=log, deadline=deadline, watch=screen.activity)
                stacks = assembly.choose(options.stacks)
                screen.say(_found(stacks))
                account, region = environment_of(stacks)
            wanted = (account or ACCOUNT, region or REGION)
            if wanted != (cloud.account, cloud.region):
                with record.step(f"start again as {'/'.join(wanted)}, as the app says"):
                    clouds.close()
                    cloud = _start(clouds, folder / "cloud", options.port, *wanted)
            for seed in seeds:
                screen.say(f"{seed.upload(cloud.client('s3'))} objects uploaded to {seed.uri}")
            around = Surroundings(
                account=Account(cloud),
                environment=cloud.environment() | {"PATH": tools.path(), "CDK_DISABLE_VERSION_CHECK": "1"},
                region=cloud.region,
                account_id=cloud.account,
                logs=folder,
                server_log=cloud.log,
            )
            Journey(stacks, assembly.folder, around, record, deadline).run(updates=options.updates)
        for line in closing(record):
            print(line, file=out)


def closing(record: Record) -> Iterator[str]:
    """The closing lines of a rehearsal that went well."""
    for job in record.trained:
        yield from ("", f"Leaderboard of {job.name}")
        yield from (f"  {line}" for line in leaderboard(job))
    if record.notes:
        yield from ("", "Notes of the training")
        yield from (f"  - {printable(note)}" for note in dict.fromkeys(record.notes))
    if record.retained:
        yield from ("", f"Retained, as their DeletionPolicy says: {', '.join(record.retained)}")
    yield from ("", *EMULATION.splitlines(), "")
    rows = [(step.title, f"{step.seconds:.1f} s", str(len(step.checks) or "")) for step in record.steps]
    yield from table([("step", "time", "checks"), *rows])
    checks = sum(len(step.checks) for step in record.steps)
    seconds = sum(step.seconds for step in record.steps)
    yield from ("", f"All {checks} checks passed, in {seconds:.0f} s.")


@contextmanager
def _work_folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        folder = Path(tempfile.mkdtemp(prefix="automl-rehearsal-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    try:
        keep.mkdir(parents=True, exist_ok=True)
        occupied = any(keep.iterdir())
    except OSError as error:
        raise CannotStartError(f"--keep {keep}: {error.strerror}") from None
    if occupied:
        raise CannotStartError(f"--keep {keep}: the folder is not empty")
    yield keep.resolve()


def _start(clouds: ExitStack, folder: Path, port: int | None, account: str, region: str) -> Cloud:
    try:
        return clouds.enter_context(Cloud.start(folder, port=port, account=account, region=region))
    except CloudError as error:
        raise CannotStartError(str(error)) from None


def _found(stacks: Sequence[Stack]) -> str:
    jobs = [str(job) for stack in stacks for job in stack.jobs()]
    if not jobs:
        names = ", ".join(stack.path for stack in stacks)
        raise CannotStartError(f"there is no AutoMLJob in {names}: nothing to rehearse")
    return f"{len(stacks)} stack(s), {len(jobs)} AutoML job(s): {', '.join(jobs)}"
