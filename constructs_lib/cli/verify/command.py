"""`automl verify`: says what it is going to do, asks, looks, cleans up and reports."""

import argparse
import importlib.util
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from .assumptions import ASSUMPTIONS
from .aws import PREFIX, Aws, CannotStartError, told
from .probe import Probe, Run
from .report import FORMATS, Report
from .rows import NO_CALL, PROBES
from .scrub import Scrub
from .seen import Seen, Verdict, unchecked
from .stack import Stack, StackFailedError
from .things import Ledger

AGREED, DIFFERED, NOTHING_MADE, INTERRUPTED = 0, 1, 2, 130

_ASSUMED: Final = {each.id: each for each in ASSUMPTIONS}


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user asks for."""

    profile: str | None = None
    region: str | None = None
    only: Sequence[str] = ()
    """Ids of assumptions. Empty: all."""

    training: bool = True
    price: float | None = None
    """Of an hour of an instance, in whatever currency."""

    output: Path | None = None
    json: bool = False
    yes: bool = False
    clean: bool = False


class Told:
    """Where the command says what it does."""

    def __init__(self, out: TextIO, err: TextIO, ask: Callable[[str], str] | None) -> None:
        """Say it somewhere.

        Args:
            out: Gets the report, and nothing else.
            err: Gets all else.
            ask: Asks somebody a question. None: there is nobody.
        """
        self.out = out
        self.err = err
        self.ask = ask

    def say(self, text: str) -> None:
        """Say a line. That nobody reads any more, in a terminal that was closed say, keeps nothing from its end."""
        try:
            self.err.write(f"{text}\n")
            self.err.flush()
        except OSError:
            self.err = io.StringIO()


def run(given: argparse.Namespace) -> int:
    """Run the command as it was given; returns its exit code."""
    options = Options(
        profile=given.profile,
        region=given.region,
        only=given.only,
        training=not given.without_training,
        price=given.price_per_hour,
        output=given.output,
        json=given.json,
        yes=given.yes,
        clean=given.clean,
    )
    told_to = Told(sys.stdout, sys.stderr, _ask if sys.stdin and sys.stdin.isatty() else None)
    try:
        return verify(options, told_to)
    except CannotStartError as error:
        told_to.say(str(error))
        return NOTHING_MADE


def _ask(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline()


def verify(options: Options, told_to: Told) -> int:
    """Run the command; returns its exit code.

    Raises:
        CannotStartError: Nothing was made, and why.
    """
    wanted, left_out = _selected(options)
    _check_output(options.output)
    if importlib.util.find_spec("boto3") is None:
        raise CannotStartError("this needs boto3: pip install boto3")
    aws = Aws.open(profile=options.profile, region=options.region)
    leftovers = _leftovers(aws)
    probes = _probes(wanted) if not options.clean else []
    if not leftovers and not probes:
        if options.clean:
            told_to.say("There is nothing to be removed.")
            return AGREED
    elif not _agreed(options, aws, probes, wanted, leftovers, told_to):
        told_to.say("Nothing was made." if probes else "Nothing was removed.")
        return NOTHING_MADE
    for problem in (problems := leftovers.clean()):
        told_to.say(f"could not be removed: {problem}")
    code = AGREED
    if not options.clean:
        looking = _Looking(options, Run(aws=aws, ledger=Ledger(aws), wanted=wanted, say=told_to.say), probes, told_to)
        code = looking.all(left_out)
    return DIFFERED if problems and code == AGREED else code


def _selected(options: Options) -> tuple[frozenset[str], dict[str, Seen]]:
    """The ids that are looked at, and what is said of the others."""
    if strangers := [each for each in options.only if each not in _ASSUMED]:
        known = ", ".join(_ASSUMED)
        raise CannotStartError(f"--only: there is no assumption {', '.join(map(repr, strangers))}; there are: {known}")
    training = frozenset(each for probe in PROBES if probe.trains for each in probe.ids)
    if not options.training and (dear := training.intersection(options.only)):
        raise CannotStartError(
            f"--only {' '.join(sorted(dear))} needs a training job or an endpoint: leave --without-training out"
        )
    asked = frozenset(options.only or _ASSUMED)
    left_out = {each: unchecked(why) for each, why in NO_CALL.items() if each in asked}
    if not options.training:
        text = "It needs a training job or an endpoint, and --without-training was given."
        left_out |= {each: unchecked(text) for each in asked & training}
    return asked - left_out.keys(), left_out


def _check_output(output: Path | None) -> None:
    if output is None:
        return
    if output.suffix not in FORMATS:
        raise CannotStartError(f"--output must end in {' or '.join(FORMATS)}, got '{output}'")
    if output.is_dir():
        raise CannotStartError(f"--output: '{output}' is a folder")
    if not output.parent.is_dir():
        raise CannotStartError(f"--output: '{output}' cannot be written: there is no folder '{output.parent}'")


def _probes(wanted: frozenset[str]) -> list[Probe]:
    """The probes that look at these, and the job if one of them wants a candidate."""
    chosen = [probe for probe in PROBES if wanted.intersection(probe.ids)]
    trains = any(probe.needs_candidate for probe in chosen)
    return [probe for probe in PROBES if probe in chosen or (trains and probe.gives_candidate)]


def _leftovers(aws: Aws) -> Ledger:
    import botocore.exceptions

    try:
        return Ledger.of_earlier_runs(aws)
    except botocore.exceptions.ClientError as error:
        text = f"the account cannot be searched for what an earlier run has left: {told(error)}"
        raise CannotStartError(text) from None
    except botocore.exceptions.BotoCoreError as error:
        raise CannotStartError(f"AWS cannot be reached: {error}") from None


def _agreed(
    options: Options, aws: Aws, probes: Sequence[Probe], wanted: frozenset[str], leftovers: Ledger, told_to: Told
) -> bool:
    for line in _plan(options, probes, wanted, leftovers):
        told_to.say(line)
    if options.yes:
        return True
    if told_to.ask is None:
        raise CannotStartError("there is no terminal to ask on: give --yes if all of this may be done")
    question = f"Do this in account {aws.account}, {aws.region}, as {aws.caller.rpartition(':')[2]}? [y/N] "
    return told_to.ask(question).strip().lower() in ("y", "yes")


def _plan(options: Options, probes: Sequence[Probe], wanted: frozenset[str], leftovers: Ledger) -> Iterator[str]:
    if leftovers:
        yield "Removed first, since an earlier run has left it (let a run that still goes on elsewhere end before):"
        yield from (f"  {kind.what} {name}" for kind, name in leftovers)
    if not probes:
        return
    yield f"Made, looked at and removed, with names that begin with {PREFIX}- and the tag {PREFIX}:"
    for probe in probes:
        ids = ", ".join(each for each in probe.ids if each in wanted) or "what the others need"
        yield f"  {ids}: {probe.creates(wanted)}"
    minutes = sum(probe.instance_minutes(wanted) for probe in probes)
    if not minutes:
        yield "No instance runs. What else it uses are single requests, and a KMS key where one is named above."
        return
    yield (
        f"Instances run for {minutes} minutes at most ({minutes / 60:.1f} hours of one instance): the jobs are limited "
        "to one candidate and by their run time, the endpoints are deleted when their time is over."
    )
    if options.price is None:
        yield "With --price-per-hour, the price of the dearest instance there, this says what that costs at most."
    else:
        yield f"At {options.price:g} an hour that is {options.price * minutes / 60:.2f} at most."


class _Looking:
    """The run itself."""

    def __init__(self, options: Options, run: Run, probes: Sequence[Probe], told_to: Told) -> None:
        self._options = options
        self._run = run
        self._probes = probes
        self._told = told_to
        self._seen: dict[str, Seen] = {}
        self._scrub = Scrub(run.aws.secrets)
        self._interrupted = False

    def all(self, left_out: dict[str, Seen]) -> int:
        """Look at everything, clean up, and report."""
        try:
            for probe in self._probes:
                if not probe.needs_candidate:
                    self._begin(probe)
            for probe in self._probes:
                self._look(probe)
        except KeyboardInterrupt:
            self._interrupt("what was made is removed now. That may take some minutes.")
        finally:
            problems = self._clean()
        rest = unchecked("The run was interrupted before.")
        seen = {**dict.fromkeys(self._run.wanted, rest), **self._seen, **left_out}
        report = Report(region=self._run.aws.region, seen=seen, scrub=self._scrub)
        self._write(report)
        if self._interrupted:
            return INTERRUPTED
        return DIFFERED if problems or report.counts[Verdict.DIFFERS] else AGREED

    def _begin(self, probe: Probe) -> None:
        with self._problems_of(probe):
            if (template := probe.template(self._run)) is not None:
                stack = Stack(self._run.aws, self._run.ledger, type(probe).__name__.lower())
                stack.begin(template)
                self._run.stacks[probe] = stack

    def _look(self, probe: Probe) -> None:
        if probe.needs_candidate and self._run.candidate is None:
            self._note_rest(probe, unchecked("There is no candidate to be served.", self._run.why_no_candidate))
            return
        if probe.needs_candidate:
            self._begin(probe)
        with self._problems_of(probe):
            for each, seen in probe.run(self._run):
                self._note(each, seen)
        self._note_rest(probe, unchecked("Nothing was seen of it."))

    def _note(self, each: str, seen: Seen) -> None:
        if each in self._run.wanted and each not in self._seen:
            self._seen[each] = seen
            self._told.say(f"{each}: {seen.verdict}. {self._scrub(seen.text)}")

    def _note_rest(self, probe: Probe, seen: Seen) -> None:
        """Something is to be said of all that a probe has not told of."""
        for each in probe.ids:
            self._note(each, seen)

    @contextmanager
    def _problems_of(self, probe: Probe) -> Iterator[None]:
        """Whatever goes wrong with a probe, the others still look."""
        import botocore.exceptions

        try:
            yield
        except botocore.exceptions.ClientError as error:
            self._note_rest(probe, unchecked("A call that prepares the check was refused.", told(error)))
        except StackFailedError as error:
            self._note_rest(probe, unchecked("What is looked at was not made.", str(error)))
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            self._note_rest(probe, unchecked("The check itself failed.", text))

    def _clean(self) -> list[str]:
        try:
            if self._run.ledger:
                self._told.say("Removing what was made ...")
            problems = self._run.ledger.clean()
        except KeyboardInterrupt:  # there is no second one: see `constructs_lib.cli`
            self._interrupt("the removal goes on, or what was made would stay. That may take some minutes.")
            problems = self._run.ledger.clean()
        for problem in problems:
            self._told.say(f"could not be removed: {problem}")
        if problems:
            self._told.say("`automl verify --clean` tries again.")
        return problems

    def _interrupt(self, what_now: str) -> None:
        self._interrupted = True
        self._told.say(f"Interrupted: {what_now}")

    def _write(self, report: Report) -> None:
        if self._options.output is not None:
            try:
                report.write(self._options.output)
            except OSError as error:
                self._told.say(f"--output: '{self._options.output}' cannot be written: {error.strerror}; it is here:")
            else:
                self._told.say(f"{report.summary}: see {self._options.output}")
                return
        self._told.out.write(report.json() if self._options.json else report.text())
        self._told.out.flush()
