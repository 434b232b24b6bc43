#!/usr/bin/env python3
"""Ask the real engines and ours about random tables, and print every difference.

    python -m tests.engines.against_engines --python3.8 PATH --python3.7 PATH [--tables 1000] [--seed 0] [--keep FOLDER]

Both Pythons need only their standard library: two virtual environments are made in a folder, with the releases that
the service's images name, from the package index that pip knows. Nothing of them is kept but with `--keep`, whose
folder a later run takes again. One of the two alone will do. The exit code is 1 where something differs.

AutoGluon and sagemaker-scikit-learn-extension are under the Apache License 2.0. AWS's sagemaker-data-insights is not,
and is not asked.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from . import ours, tables

# ruff: noqa: T201 - a command

_PINS: Final = {
    "3.8": (
        "autogluon.tabular==0.4.3",
        "autogluon.core==0.4.3",
        "autogluon.features==0.4.3",
        "autogluon.common==0.4.3",
        "pandas==1.3.5",
        "numpy==1.22.4",
        "scikit-learn==1.0.2",
        "scipy==1.7.3",
    ),
    "3.7": (
        "sagemaker-scikit-learn-extension==2.5.0",
        "numpy==1.19.5",
        "scipy==1.5.4",
        "scikit-learn==0.23.2",
        "pandas==1.2.4",
        "python-dateutil==2.8.0",
        "tsfresh==0.18.0",
        "protobuf==3.11.2",
    ),
}
_HERE: Final = Path(__file__).parent
_TABLES_AT_ONCE: Final = 200


def main() -> int:
    """Ask, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python3.8", dest="python38", metavar="PATH", help="asks AutoGluon 0.4.3")
    parser.add_argument(
        "--python3.7", dest="python37", metavar="PATH", help="asks sagemaker-scikit-learn-extension 2.5"
    )
    parser.add_argument("--tables", type=int, default=1000, metavar="COUNT")
    parser.add_argument("--seed", type=int, default=0, metavar="NUMBER", help="of the first table")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the environments stay")
    given = parser.parse_args()
    if not given.python38 and not given.python37:
        parser.error("give --python3.8, --python3.7 or both")
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        found = 0
        if given.python38:
            engine = _environment(given.python38, "3.8", folder)
            for seed in range(given.seed, given.seed + given.tables, _TABLES_AT_ONCE):
                count = min(_TABLES_AT_ONCE, given.seed + given.tables - seed)
                for said in _ensembling(engine, range(seed, seed + count), Path(scratch)):
                    found += 1
                    print(said, flush=True)
        if given.python37:
            engine = _environment(given.python37, "3.7", folder)
            for said in _tuning(engine, given.seed, 10 * given.tables, Path(scratch)):
                found += 1
                print(said, flush=True)
    print(f"{found} differences")
    return 1 if found else 0


def _environment(python: str, version: str, folder: Path) -> Path:
    """The Python of an environment with an engine; `python` itself where it has one."""
    module = "autogluon.tabular" if version == "3.8" else "sagemaker_sklearn_extension"
    if subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0:
        return Path(python)
    place = folder / f"engine-{version}"
    made = place / "bin" / "python"
    if not made.exists():
        subprocess.run([python, "-m", "venv", str(place)], check=True)
        subprocess.run([str(made), "-m", "pip", "install", "--quiet", *_PINS[version]], check=True)
    return made


def _asked(engine: Path, script: str, question: Any, scratch: Path) -> Any:
    asked, answered = scratch / "asked.json", scratch / "answered.json"
    asked.write_text(json.dumps(question), encoding="utf-8")
    subprocess.run([str(engine), str(_HERE / script), str(asked), str(answered)], check=True, cwd=scratch)
    return json.loads(answered.read_text(encoding="utf-8"))


def _ensembling(engine: Path, seeds: range, scratch: Path) -> Iterator[str]:
    made = [tables.table(seed) for seed in seeds]
    question = []
    for table in made:
        path = scratch / f"table{table.seed}.csv"
        path.write_bytes(table.text.encode())
        question.append({"path": str(path), "target": table.target})
    for table, known in zip(made, _asked(engine, "ask_ensembling.py", question, scratch), strict=True):
        for said in ours.differences(table, known):
            yield f"table {table.seed}: {said}"


def _tuning(engine: Path, seed: int, count: int, scratch: Path) -> Iterator[str]:
    cells = tables.cells(seed, count)
    labels = [cell for cell in dict.fromkeys(cells) if cell.strip()]  # rows without one are not there any more
    question = {
        "cells": cells,
        "dates": tables.dates(seed, count // 10),
        "classes": [
            [*labels[place : place + 2], cells[place : place + 6]] for place in range(0, min(len(labels) - 1, 1000), 2)
        ],
    }
    yield from ours.tuning_differences(question, _asked(engine, "ask_tuning.py", question, scratch))


if __name__ == "__main__":
    sys.exit(main())
