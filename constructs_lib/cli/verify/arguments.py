"""The arguments of `automl verify`, and what its help says."""

import argparse
import math
from pathlib import Path
from typing import Any, Final

from ..command import Run, add_command

HELP: Final = "hold what the library assumes of AWS against your account, and report it"

DESCRIPTION: Final = """\
Hold what this library assumes of AWS against your account, with your own credentials, and print a report to send back.

The library was built without an AWS account: docs/unverified.md lists what nobody has seen there. This makes small
things in your account, looks at what AWS does with them, and removes them again, whatever happens. It says before what
it makes and what that costs at most, and asks. The report holds no account id, no ARN, no name of a bucket or a person.
"""

EPILOG: Final = """\
examples
  automl verify --without-training          what costs nothing to speak of: less than half of the list
  automl verify --output report.md          all of it, hours of it: a job, endpoints
  automl verify --only key-as-prefix        one of the list
  automl verify --clean                     remove what a killed run has left, and look at nothing

exit codes
  0    what could be checked agrees
  1    something differs, or something could not be removed: it is told
  2    nothing was made: bad input, no credentials, boto3 is missing, nobody is there to be asked, or the answer was no
  130  interrupted; what was made has been removed, and the report tells what was seen until then
"""


def add_to(commands: Any, *, run: Run) -> None:
    """Add the command.

    Args:
        commands: The sub-parsers of `automl`.
        run: What runs it.
    """
    verify = add_command(commands, "verify", run, HELP, DESCRIPTION, EPILOG)
    verify.add_argument(
        "--profile", metavar="NAME", help="a profile of your AWS configuration (default: as boto3 does)"
    )
    verify.add_argument("--region", metavar="REGION", help="where (default: that of the profile or the environment)")
    verify.add_argument(
        "--only", metavar="ID", action="append", default=[], help="only this assumption; may be repeated"
    )
    verify.add_argument(
        "--without-training", action="store_true", help="no training job and no endpoint: nothing to speak of is paid"
    )
    verify.add_argument(
        "--price-per-hour", metavar="PRICE", type=_price, help="of an instance: says what the run costs at most"
    )
    verify.add_argument(
        "--output", metavar="FILE", type=Path, help="write the report to a .json or .md file (default: print it)"
    )
    verify.add_argument("--json", action="store_true", help="print the report as JSON")
    verify.add_argument("--yes", action="store_true", help="do not ask")
    verify.add_argument("--clean", action="store_true", help="remove what a killed run has left, and look at nothing")


def _price(text: str) -> float:
    try:
        price = float(text)
    except ValueError:
        price = math.nan
    if not 0 <= price < math.inf:
        raise argparse.ArgumentTypeError(f"must be a price, 0 or more, got {text}")
    return price
