"""Runs `automl init`."""

import argparse
import json
import re
import shlex
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from string import Template
from typing import Any, Final

from constructs_lib.api.datafile import format_of
from constructs_lib.engines.files import GZIP, is_named_parquet
from constructs_lib.engines.inspection import ENSEMBLING, inspect_csv

from . import sample

MADE: Final = 0
FAILS: Final = 1
WRONG_CALL: Final = 2

_FILES: Final = (
    ".gitignore",
    "README.md",
    "app.py",
    "cdk.json",
    "conftest.py",
    "pytest.ini",
    "requirements-dev.txt",
    "requirements.txt",
    "stack.py",
    "tests/test_rehearsal.py",
    "tests/test_stack.py",
)
_SUFFIX: Final = ".in"
"""The end of the names of our copies, which no tool takes for an app of ours."""

_DISTRIBUTION: Final = "cdk-sagemaker-autopilot"
_PINNED: Final = {"aws-cdk-lib": ">=2.200.0,<3", "constructs": ">=10.4.2,<11", "jsii": ">=1.142.0,<2"}
"""What the app needs besides the library, where the library is not installed but only found."""

_METRICS: Final = {"BinaryClassification": "AUC", "MulticlassClassification": "ACCURACY", "Regression": "RMSE"}
_TYPES: Final = {
    "BinaryClassification": "BINARY_CLASSIFICATION",
    "MulticlassClassification": "MULTICLASS_CLASSIFICATION",
    "Regression": "REGRESSION",
}
_LEAST_ROWS: Final = 500
_LONGEST_NAME: Final = 128
"""Characters of a stack's name."""

_MAY_BE_THERE: Final = {".git", ".venv"}
_INVENTED: Final = (
    "It holds 800 invented customers of a telephone company, and whether they left. Put your own data in its place."
)
_COPIED: Final = "It is a copy of the file that you gave."


class WrongCallError(Exception):
    """Nothing is made, since the call is wrong."""


class WouldFailError(Exception):
    """Nothing is made, since a job would fail on the data."""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What the app learns from."""

    file: str
    """The name of the file below `data`."""

    target: str
    rows: int
    problem_type: str
    about: str


def run(given: argparse.Namespace) -> int:
    """Make the app; returns the exit code."""
    try:
        made = _made(given.folder, given.data, given.target)
    except WrongCallError as error:
        _complain(str(error))
        return WRONG_CALL
    except WouldFailError as error:
        _complain(str(error))
        return FAILS
    except OSError as error:
        _complain(f"'{error.filename}' cannot be written or read: {error.strerror}")
        return WRONG_CALL
    if given.json:
        print(json.dumps(made, ensure_ascii=False))  # noqa: T201
    else:
        print(_as_text(made))  # noqa: T201
    return MADE


def _complain(told: str) -> None:
    print(f"automl init: {told}", file=sys.stderr)  # noqa: T201


def _made(folder: Path, data: Path | None, target: str | None) -> dict[str, Any]:
    if folder.exists() and not folder.is_dir():
        raise WrongCallError(f"'{folder}' is a file: give a new or an empty folder")
    if folder.is_dir() and {path.name for path in folder.iterdir()} - _MAY_BE_THERE:
        raise WrongCallError(f"the folder '{folder}' is not empty: give a new or an empty one")
    learned = _learned(data, target)
    name = stack_name(folder.resolve().name)
    words = _words(name, learned)
    source = resources.files(__package__) / "app"
    for file in _FILES:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        text = source.joinpath(f"{file}{_SUFFIX}").read_text(encoding="utf-8")
        path.write_text(Template(text).substitute(words), encoding="utf-8")
    copy = folder / "data" / learned.file
    copy.parent.mkdir()
    if data is None:
        copy.write_text(sample.customers(), encoding="utf-8")
    else:
        shutil.copyfile(data, copy)
    return {
        "folder": str(folder),
        "stack": name,
        "files": sorted([*_FILES, f"data/{learned.file}"]),
        "target": learned.target,
        "rows": learned.rows,
        "problem_type": learned.problem_type,
        "next": [
            *([] if folder == Path() else [f"cd {shlex.quote(_not_an_option(folder))}"]),
            "pip install -r requirements-dev.txt",
            "python -m pytest",
            "automl rehearse",
        ],
    }


def _learned(data: Path | None, target: str | None) -> Learned:
    if data is None:
        if target is not None:
            raise WrongCallError("--target names a column of --data: give both or neither")
        return Learned(
            file=sample.FILE,
            target=sample.TARGET,
            rows=sample.ROWS,
            problem_type="BinaryClassification",
            about=_INVENTED,
        )
    if target is None:
        raise WrongCallError("--data needs --target: the column to learn")
    return _inspected(data, target)


def _inspected(data: Path, target: str) -> Learned:
    if not data.is_file():
        raise WrongCallError(f"--data: there is no file '{data}'")
    if is_named_parquet(data.name):
        raise WrongCallError(f"--data: '{data}' is named as a Parquet file: give a CSV file")
    told = format_of(data)
    if told is None or not told[0].startswith("text/csv"):
        raise WrongCallError(f"--data: the name of {str(data)!r} must end in .csv or .csv.gz, which tells its format")
    if not data.name.isprintable():  # also what no UTF-8 is
        raise WrongCallError(f"--data: the name of {str(data)!r} has characters that no text can hold: rename it")
    with data.open("rb") as file:
        gzipped = file.read(len(GZIP)) == GZIP
    if gzipped != data.name.lower().endswith(".gz"):
        raise WrongCallError(f"--data: '{data}' must end in .gz if it is compressed, and only then")
    found = inspect_csv(data, target, ENSEMBLING, gzipped=gzipped)
    errors = [each.text for each in found.errors]
    if found.target is not None and not errors and found.target.rows_used < _LEAST_ROWS:
        errors.append(f"it has {found.target.rows_used} rows to train on, and Autopilot wants at least {_LEAST_ROWS}")
    if errors or found.target is None or found.problem_type not in _TYPES:
        listed = "".join(f"\n  - {each}" for each in errors or ["no kind of problem is found in its target"])
        raise WouldFailError(f"a job would fail on '{data}':{listed}")
    return Learned(
        file=data.name, target=target, rows=found.target.rows_used, problem_type=found.problem_type, about=_COPIED
    )


def stack_name(folder: str) -> str:
    """The stack's name, of the folder's: `my-loans` is `MyLoans`."""
    words = re.findall(r"[A-Za-z0-9]+", folder)
    name = "".join(word[0].upper() + word[1:] for word in words)
    return (name if re.match("[A-Z]", name) else f"Model{name}")[:_LONGEST_NAME]


def _words(name: str, learned: Learned) -> dict[str, str]:
    return {
        "stack": name,
        "target": json.dumps(learned.target, ensure_ascii=False),
        "file": json.dumps(learned.file, ensure_ascii=False),
        "file_name": learned.file,
        "target_name": learned.target,
        "about": learned.about,
        "problem": learned.problem_type,
        "problem_type": _TYPES[learned.problem_type],
        "metric": _METRICS[learned.problem_type],
        "requirements": "\n".join(_requirements()),
    }


def _requirements() -> list[str]:
    """What the library needs, in the ranges that it takes."""
    try:
        needed = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return [f"{name}{pinned}" for name, pinned in _PINNED.items()]
    return [each for each in needed if "extra ==" not in each]


def _as_text(made: dict[str, Any]) -> str:
    return "\n".join(
        [
            f"Made the app '{made['stack']}' in {made['folder']}: it learns {made['target']} ({made['problem_type']})",
            f"from {made['rows']} rows. README.md says what each file is for.",
            "",
            "Next",
            *(f"  {command}" for command in made["next"]),
        ]
    )


def _not_an_option(folder: Path) -> str:
    """A folder as a shell's command takes it."""
    return f"./{folder}" if str(folder).startswith("-") else str(folder)
