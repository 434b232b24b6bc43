"""Measure the budgets, side by side in one run: ``python3 dev.py bench``.

Every figure is the median of several processes, taken in turns so that a busy moment of the machine hits all sides.
Ratios of syntheses and of the function are those of processor time, of one round after the other.
CDK's own template validation is off: it adds the same seconds to every side. Exits with 1 if a budget is missed.
"""

import argparse
import datetime as dt
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from . import function, inspection, synthesis
from .measuring import Figure

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
_PACKAGES = ("aws-cdk-lib", "jsii", "boto3")


def main() -> int:
    """Measure and print; returns 1 if a budget is missed."""
    parser = argparse.ArgumentParser(prog="python3 dev.py bench", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=5, help="processes a figure (default 5)")
    parser.add_argument(
        "what",
        nargs="?",
        choices=["budgets", "draw", "inspect"],
        default="budgets",
        help="the budgets (default); the cost of 1 to 150 jobs, drawn; or `automl inspect` beside pandas",
    )
    parser.add_argument("--gigabytes", type=float, default=1.0, help="of the file for `inspect` (default 1)")
    parser.add_argument("--append", action="store_true", help=f"add a dated row to {PAGE.name}")
    given = parser.parse_args()
    print(f"{machine()}; {given.runs} runs a figure, median (least to most)\n")
    if given.what == "draw":
        synthesis.draw(given.runs)
        return 0
    if given.what == "inspect":
        found = list(inspection.figures(given.runs, given.gigabytes))
    else:
        found = list(chain(synthesis.figures(given.runs), function.figures(given.runs)))
    for figure in found:
        print(figure)
    missed = [figure for figure in found if figure.is_missed]
    print(f"\n{len(missed)} of {sum(figure.most is not None for figure in found)} budgets missed")
    if given.append:
        append(found)
    return 1 if missed else 0


def machine() -> str:
    """The machine, as far as it says, and the versions that were measured."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return f"{os.cpu_count()} cores{load}, Python {platform.python_version()}, {packages}, commit {_commit()}"


def _commit() -> str:
    told = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=PAGE.parent)
    return told.stdout.strip() or "unknown"


def append(found: list[Figure]) -> None:
    """Add a dated row with the budgets' figures to the page."""
    budgets = [f"{each.what}: {each.value:.2f}{each.unit}" for each in found if each.most is not None]
    row = f"| {dt.datetime.now(dt.UTC):%Y-%m-%d} | {machine()} | {'<br>'.join(budgets)} |\n"
    PAGE.write_text(PAGE.read_text(encoding="utf-8").rstrip("\n") + "\n" + row, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
