"""`automl inspect`: what people look at before they train."""

import argparse
import gc
import importlib.util
import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .command import Run, add_command

if TYPE_CHECKING:  # the other commands start without the engines
    from constructs_lib.inspection.sources import Source
    from constructs_lib.inspection.tables import Watch

FINE: Final = 0
FAILS: Final = 1
WRONG_CALL: Final = 2

_MODES: Final = ("ensembling", "hyperparameter_tuning")
_LONG: Final = 32 * 1024 * 1024
"""Bytes from which a bar shows how far the reading is."""

_ONE_LINE: Final = 100_000
"""Where there is no terminal, a sentence is a line."""

HELP: Final = "say what Autopilot makes of data before anything is deployed"

DESCRIPTION: Final = """\
Read data as Autopilot does, and say what it makes of them: which rows it trains on, which problem it finds and how
close another one is, the classes and which one of two is the positive one, the type of each column, missing values,
reach. Then what would fail a job, what would mislead a model, and what is worth knowing, each with its evidence.

PATH is a CSV file, also compressed (.gz), a Parquet file, a folder of such files (one header for all), a folder of
pictures (a folder for each class), or a manifest (.manifest, .json, .jsonl) whose objects lie beside it as files.
Tables need --target. With --timestamp and --item they are time series, with --text texts to classify,
with --generation pairs of input and output from which text is learned to be written, which have no target.

ENSEMBLING and HYPERPARAMETER_TUNING read tables by rules of their own: `NA` is a missing label for the one, and a class
for the other. Without --mode it is HYPERPARAMETER_TUNING, as in a request that names none. Nothing leaves this machine.
"""

EPILOG: Final = """\
examples
  automl inspect data/churn.csv --target churned --mode ensembling
  automl inspect data/churn.csv --target churned --json
  automl inspect data/ --target churned --html churn.html
  automl inspect demand.csv --target units --timestamp day --item shop --horizon 14
  automl inspect reviews.csv --target stars --text review
  automl inspect chats.csv --generation
  automl inspect pictures/

exit codes
  0    a job would train on it
  1    a job would fail: "a job fails" (in JSON: "errors") says why
  2    a wrong call: no such file, no --target

Large CSV files are read quickly with pip install '.[inspect]' in a checkout, with the same answers. On a terminal small
pictures show classes and columns; NO_COLOR leaves them out. docs/data.md has the rules of both modes side by side. They
were found by running both engines on small inputs, not on AWS: what AWS does before and after its engines is in
docs/unverified.md.
"""


def add_to(commands: Any, *, run: Run) -> None:
    """Add the command.

    Args:
        commands: The sub-parsers of `automl`.
        run: What runs it.
    """
    parser = add_command(commands, "inspect", run, HELP, DESCRIPTION, EPILOG)
    parser.add_argument("file", metavar="PATH", type=Path, help="a file, a folder or a manifest")
    parser.add_argument("--target", metavar="COLUMN", help="the column to learn; pictures have none")
    parser.add_argument(
        "--mode",
        choices=_MODES,
        type=str.lower,
        help="whose rules: those of a job in this mode (default: a job without a mode, which is hyperparameter_tuning)",
    )
    series = parser.add_argument_group("time series")
    series.add_argument("--timestamp", metavar="COLUMN", help="the column with the time")
    series.add_argument("--item", metavar="COLUMN", help="the column that tells the series apart")
    series.add_argument("--frequency", metavar="STEP", help="such as 1D, 1H or 15min (default: as most steps are)")
    series.add_argument(
        "--horizon", metavar="STEPS", type=_steps, help="steps to forecast, to be held against the data"
    )
    parser.add_argument("--text", metavar="COLUMN", help="texts to classify: the column with the text")
    parser.add_argument(
        "--generation", action="store_true", help="text generation: a table with the columns input and output alone"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--html", metavar="FILE", type=Path, help="write a page with the same facts, and print them too"
    )
    parser.set_defaults(refuse=parser.error)


def _steps(text: str) -> int:
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"a number of steps from 1 on, got {text!r}")


def run(given: argparse.Namespace) -> int:
    """Look at the data; returns the exit code."""
    from constructs_lib.inspection.sources import MANIFESTS, WrongCall, source_of

    if not (given.target or given.generation or given.file.is_dir() or given.file.name.lower().endswith(MANIFESTS)):
        given.refuse("the following arguments are required: --target")
    try:
        source = source_of(given.file)
        _keep_data(given, source)
        _check(given, source)
        told = _told(given, source)
        if given.html:
            _write_page(told, source.name, given)
    except WrongCall as wrong:
        print(f"automl inspect: {wrong}", file=sys.stderr)  # noqa: T201
        return WRONG_CALL
    print(json.dumps(told, ensure_ascii=False) if given.json else _text(told, source.name, given))  # noqa: T201
    return FAILS if told["errors"] else FINE


def _keep_data(given: argparse.Namespace, source: "Source") -> None:
    """Let no page be written over what is looked at.

    Raises:
        WrongCall: One would be.
    """
    from constructs_lib.inspection.sources import WrongCall

    if given.html is None or not given.html.is_file():
        return
    data = [given.file, *source.files, *(picture for picture, _ in source.pictures)]
    if any(path.is_file() and path.samefile(given.html) for path in data):
        raise WrongCall(f"--html: '{given.html}' is data that you ask about, and would be lost: give another name")


def _check(given: argparse.Namespace, source: "Source") -> None:
    """Refuse what does not go together.

    Raises:
        WrongCall: A package is missing.
    """
    from constructs_lib.inspection.sources import WrongCall
    from constructs_lib.inspection.tables import is_parquet

    if source.folder or source.pictures or source.errors:
        return
    if given.generation and any((given.target, given.text, given.timestamp, given.item, given.mode)):
        given.refuse("--generation has two columns of its own: leave out --target, --text, --timestamp, --item, --mode")
    if not (given.target or given.generation):
        given.refuse("the following arguments are required: --target")
    if bool(given.timestamp) != bool(given.item):
        given.refuse("--timestamp and --item go together")
    if given.timestamp and given.text:
        given.refuse("--timestamp is for time series and --text for texts: give one of them")
    if (given.frequency or given.horizon) and not given.timestamp:
        given.refuse("--frequency and --horizon need --timestamp and --item")
    for path in source.files:
        try:
            needs_arrow = is_parquet(path)
        except OSError as error:
            raise WrongCall(f"'{path}' cannot be read: {error.strerror}") from error
        if needs_arrow and importlib.util.find_spec("pyarrow") is None:
            extra = "in a checkout, pip install '.[inspect]'"
            raise WrongCall(f"'{path}' is a Parquet file, for which the extra is needed: {extra}")


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let nobody look for garbage: there are many cells and no cycles, and each look takes a while."""
    is_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_on:
            gc.enable()


def _told(given: argparse.Namespace, source: "Source") -> dict[str, Any]:
    """What is found, as plain values."""
    if source.errors:
        found = [{"level": "fails", "id": "manifest", "text": text, "column": None} for text in source.errors]
        return _of_nothing(list(source.errors), found)
    if source.folder or source.pictures:
        from constructs_lib.inspection import pictures

        if source.folder:
            return pictures.of_folder(source.folder, source.name)
        return pictures.of_manifest(source.pictures, source.name)
    with _progress(0 if given.json else sum(path.stat().st_size for path in source.files)) as watch:
        if given.timestamp:
            from constructs_lib.inspection import series

            asked = series.Asked(
                target=given.target,
                timestamp=given.timestamp,
                item=given.item,
                frequency=given.frequency,
                horizon=given.horizon,
            )
            return series.of_series(source.files, source.name, asked, watch)
        if given.generation:
            from constructs_lib.inspection import generation

            return generation.of_pairs(source.files, source.name, watch)
        if given.text:
            from constructs_lib.inspection import texts

            return texts.of_texts(source.files, source.name, texts.Asked(target=given.target, text=given.text), watch)
        from constructs_lib.engines.inspection import engine_of
        from constructs_lib.inspection.facts import of_table
        from constructs_lib.inspection.tables import read_table

        engine = engine_of(given.mode and given.mode.upper())
        several = [path.name for path in source.files] if len(source.files) > 1 else []
        with _uncollected():
            table = read_table(source.files, given.target, engine, watch)
            return of_table(table, source.name, several, engine.mode)


def _of_nothing(errors: list[str], found: list[dict[str, Any]]) -> dict[str, Any]:
    from constructs_lib.inspection.facts import NOTHING

    return {**NOTHING, "findings": found, "errors": errors}


def _text(told: dict[str, Any], name: str, given: argparse.Namespace) -> str:
    from constructs_lib.inspection.screen import as_text

    width = shutil.get_terminal_size().columns if _is_terminal(sys.stdout) else _ONE_LINE
    return as_text(told, name, given.target or "", width=width, pictures=_draws(sys.stdout))


def _draws(stream: Any) -> bool:
    """Whether a stream is a terminal that shows small pictures."""
    encoding = (getattr(stream, "encoding", None) or "").lower()
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return _is_terminal(stream) and not plain and encoding.replace("-", "") == "utf8"


def _is_terminal(stream: Any) -> bool:
    return stream is not None and bool(stream.isatty())


def _write_page(told: dict[str, Any], name: str, given: argparse.Namespace) -> None:
    from constructs_lib.inspection.page import as_page
    from constructs_lib.inspection.sources import WrongCall

    try:
        given.html.write_text(as_page(told, name, given.target or ""), encoding="utf-8")
    except OSError as error:
        raise WrongCall(f"'{given.html}' cannot be written: {error.strerror}") from error


@contextmanager
def _progress(size: int) -> Iterator["Watch | None"]:
    """A bar on a terminal's standard error, where the reading takes long."""
    shown = size >= _LONG and isinstance(sys.stderr, io.TextIOBase) and sys.stderr.isatty()
    if not shown or importlib.util.find_spec("rich") is None:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=size)
        yield lambda count: bar.advance(task, count)
