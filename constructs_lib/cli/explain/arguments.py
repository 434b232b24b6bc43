"""The arguments of `automl explain`."""

from pathlib import Path
from typing import Any, Final

from ..command import APPS, Run, add_command

HELP: Final = "say what an app will create, may do, cost at most, and leave behind"

DESCRIPTION: Final = """\
Say what a CDK app with Autopilot jobs will do, stack by stack, before it is deployed: what it creates; what each job
trains on, and when it stops; what deployments wait for; what serves, and costs money while nobody asks; what each role
may do, in words; what it costs at most; what is left after `cdk destroy`.

The app is synthesized as `cdk synth` does, without lookups and without a way to an AWS account. Nothing is deployed.
"""

EPILOG: Final = f"""\
{APPS}
examples
  automl explain
  automl explain cdk.out --stack Churn
  automl explain --prices prices.json --json

exit codes
  0    it is told
  1    it is told, but --prices has no price for something: "price_is_missing" says for what
  2    nothing is told: bad input, an app that does not synthesize, prices that cannot be read, a missing package
  130  interrupted

Prices come from a file of yours (--prices); the library has none. Without a price, instance-hours are told: unknown is
not 0. docs/how-to/explain.md has the format of the file, and how to ask AWS for the prices.
"""


def add_to(commands: Any, *, run: Run) -> None:
    """Add the command.

    Args:
        commands: The sub-parsers of `automl`.
        run: What runs it.
    """
    parser = add_command(commands, "explain", run, HELP, DESCRIPTION, EPILOG)
    parser.add_argument("app", metavar="APP", nargs="?", help="what to explain, see below (default: this folder)")
    parser.add_argument(
        "--stack",
        metavar="NAME",
        action="append",
        default=[],
        help="only this stack and what it needs; may be repeated",
    )
    parser.add_argument(
        "--prices",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="a JSON file of prices of one region; may be repeated (default: no prices, instance-hours)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
