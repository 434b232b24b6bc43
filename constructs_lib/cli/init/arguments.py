"""The arguments of `automl init`."""

from pathlib import Path
from typing import Any, Final

from ..command import Run, add_command

HELP: Final = "make a small app in an empty folder: stack, data, tests, README"

DESCRIPTION: Final = """\
Make a small CDK app with an Autopilot job in a new or empty folder: the stack, data, tests, cdk.json, requirements and
a README. It is ready to be tested, rehearsed and deployed.

Without --data it learns from 800 invented customers of a telephone company, of which some left. With --data it learns
from a copy of your CSV file: the file is read as the engine of ENSEMBLING reads it, which says what kind of problem the
target column is. Nothing leaves this machine.
"""

EPILOG: Final = """\
examples
  automl init churn
  automl init loans --data credit.csv --target bad_credit
  automl init churn --json

exit codes
  0    the app is made
  1    a job would fail on the data: all of why is told, and nothing is made
  2    a wrong call: a folder that is not empty, no such file, no --target
"""


def add_to(commands: Any, *, run: Run) -> None:
    """Add the command.

    Args:
        commands: The sub-parsers of `automl`.
        run: What runs it.
    """
    parser = add_command(commands, "init", run, HELP, DESCRIPTION, EPILOG)
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        nargs="?",
        type=Path,
        default=Path(),
        help="a new or an empty folder; its name becomes the stack's (default: this folder)",
    )
    parser.add_argument("--data", metavar="FILE", type=Path, help="a CSV file, also compressed (.gz); it is copied")
    parser.add_argument("--target", metavar="COLUMN", help="the column of --data to learn")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
