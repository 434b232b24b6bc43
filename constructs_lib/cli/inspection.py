"""`automl inspect`: what the engine of a mode makes of a data file."""

import argparse
import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from constructs_lib.engines.files import PARQUET

from .command import Run, add_command

if TYPE_CHECKING:  # the other commands start without the engines
    from constructs_lib.engines.inspection import Engine, Inspection

FINE: Final = 0
FAILS: Final = 1
WRONG_CALL: Final = 2

_LEAST_ROWS: Final = 500
_MODES: Final = ("ensembling", "hyperparameter_tuning")

HELP: Final = "say what Autopilot makes of a data file before anything is deployed"

DESCRIPTION: Final = """\
Read a data file as the engine of a mode does, and say what it makes of it: which rows it trains on, which problem it
finds, which classes, which one of two is the positive one, the type of each column, and what a user loses by that.

ENSEMBLING and HYPERPARAMETER_TUNING read data by rules of their own: `NA` is a missing label for the one, and a class
for the other. Without --mode it is HYPERPARAMETER_TUNING, as in a request that names none. Nothing leaves this machine.
"""

EPILOG: Final = """\
examples
  automl inspect data/churn.csv --target churned --mode ensembling
  automl inspect data/churn.csv --target churned --json

exit codes
  0    a job would train on it
  1    a job would fail: "errors" say why
  2    a wrong call: no such file, no --target

docs/data.md has the rules of both modes side by side. They were found by running both engines on small inputs, not on
AWS: what AWS does before and after its engines is in docs/unverified.md.
"""


def add_to(commands: Any, *, run: Run) -> None:
    """Add the command.

    Args:
        commands: The sub-parsers of `automl`.
        run: What runs it.
    """
    parser = add_command(commands, "inspect", run, HELP, DESCRIPTION, EPILOG)
    parser.add_argument("file", metavar="FILE", type=Path, help="a CSV file, also compressed (.gz), or a Parquet file")
    parser.add_argument("--target", metavar="COLUMN", required=True, help="the column to learn")
    parser.add_argument(
        "--mode",
        choices=_MODES,
        type=str.lower,
        help="whose rules: those of a job in this mode (default: a job without a mode, which is hyperparameter_tuning)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(given: argparse.Namespace) -> int:
    """Look at the file; returns the exit code."""
    from constructs_lib.engines.inspection import engine_of

    path: Path = given.file
    if wrong := _wrong(path):
        print(f"automl inspect: {wrong}", file=sys.stderr)  # noqa: T201
        return WRONG_CALL
    engine = engine_of(given.mode and given.mode.upper())
    found = _inspected(path, given.target, engine)
    told = as_json(found, path.name)
    if given.json:
        print(json.dumps(told, ensure_ascii=False))  # noqa: T201
    else:
        print(_as_text(told, path.name, given.target, engine.mode))  # noqa: T201
    return FAILS if told["errors"] else FINE


def _wrong(path: Path) -> str | None:
    """Why it cannot be looked at; `None` if it can."""
    shown = repr(str(path))
    if path.is_dir():
        return f"{shown} is a folder: give one of its files, since each of them has to hold the same columns"
    if not path.is_file():
        return f"there is no file {shown}"
    try:
        with path.open("rb") as file:
            start = file.read(len(PARQUET))
    except OSError as error:
        return f"{shown} cannot be read: {error.strerror}"
    if start == PARQUET and importlib.util.find_spec("pyarrow") is None:
        extra = "in a checkout, pip install '.[rehearsal]'"
        return f"{shown} is a Parquet file, for which the extra is needed: {extra}"
    return None


def _inspected(path: Path, target: str, engine: "Engine") -> "Inspection":
    from constructs_lib.engines.inspection import inspect_csv

    with path.open("rb") as file:
        is_parquet = file.read(len(PARQUET)) == PARQUET
    if not is_parquet:
        return inspect_csv(path, target, engine, gzipped=path.name.lower().endswith(".gz"))
    # Only now, when the packages of the extra are known to be there.
    from constructs_lib.rehearsal.training.tabular.data import inspect_parquet

    return inspect_parquet(path, target, engine)


def as_json(found: "Inspection", name: str) -> dict[str, Any]:
    """What was found, as plain values.

    Args:
        found: By the engine.
        name: Of the file.
    """
    target = found.target
    errors = [_sentence(each.text, name) for each in found.errors]
    if target and not errors and target.rows_used < _LEAST_ROWS:
        # The engine would train on it; the service does not let it come to that.
        errors.append(f"{name} has {target.rows_used} rows to train on, and Autopilot wants at least {_LEAST_ROWS}")
    return {
        "rows": found.rows,
        "rows_used": target.rows_used if target else 0,
        "problem_type": found.problem_type,
        "why": target.why if target else "",
        "classes": list(target.classes) if target else [],
        "class_count": len(target.classes) if target else 0,
        "positive_class": target.positive_class if target else None,
        "columns": [
            {"name": column, "type": feature.type, "missing": feature.missing}
            for column, feature in found.features.items()
        ],
        "errors": errors,
        "warnings": [_sentence(each.text, name) for each in found.warnings],
    }


def _sentence(text: str, name: str) -> str:
    return text if text.startswith((name, "column ")) else f"{name} {text}"


def _as_text(told: dict[str, Any], name: str, target: str, mode: str) -> str:
    lines = [f"{name}, as {mode} has it", ""]
    if told["columns"]:
        lines.append(f"  rows          {told['rows']}, of which {told['rows_used']} are trained on")
    problem = told["problem_type"] or "none: a job fails"
    lines.append(f"  problem type  {problem}" + (f" ({told['why']})" if told["why"] else ""))
    if told["classes"]:
        shown = ", ".join(map(repr, told["classes"][:10])) + (", ..." if told["class_count"] > 10 else "")
        positive = (
            f"; F1, precision, recall and AUC are of {told['positive_class']!r}" if told["positive_class"] else ""
        )
        lines.append(f"  classes       {told['class_count']} in {target!r}: {shown}{positive or ''}")
    if told["columns"]:
        lines += ["", "  columns"]
        width = max(len(column["name"]) for column in told["columns"])
        lines += [
            f"    {column['name']:<{width}}  {column['type']}"
            + (f", {column['missing']} missing" if column["missing"] else "")
            for column in told["columns"]
        ]
    for title, key in (("a job fails", "errors"), ("worth knowing", "warnings")):
        if told[key]:
            lines += ["", f"  {title}", *(f"    - {text}" for text in told[key])]
    return "\n".join(lines)
