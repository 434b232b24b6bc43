"""The arguments of `automl check`, `automl convert` and `automl skeleton`."""

import argparse
from typing import Any, Final

from ..command import Run, add_command
from .model import COMMANDS

CHECK: Final = "check"

_CHECK_HELP: Final = "say all that is wrong with a request before AWS is called"

_CHECK: Final = """\
Check a request of CreateAutoMLJob or CreateAutoMLJobV2, without an AWS account: all at once, what the AWS CLI refuses,
what the service would (enumerations, maxima, what fields say of each other), and what nobody has filled in. It is

  automl check REQUEST             a file of JSON or YAML, as `aws ... --cli-input-json` and `--cli-input-yaml` take it
  automl check -- create-auto-ml-job[-v2] WORDS...
                                   a command line, as one types it after `aws sagemaker`: flags, shorthand, file://,
                                   key@=file://, --cli-input-json and --cli-input-yaml merged with flags
"""

_CHECK_EPILOG: Final = """\
examples
  automl check request.json
  automl check --json request.yaml
  automl check -- create-auto-ml-job --cli-input-json file://request.json --tags Key=team,Value=growth

exit codes
  0    nothing is wrong
  1    something is: all of it is told
  2    a wrong call: no such file, or YAML without its extra

--json prints {"request": {...}, "errors": [...], "warnings": [...]}: the body that the AWS CLI (version 2) would send,
or null where it refuses or sends nothing. docs/command.md says more.
"""

_SKELETON_HELP: Final = "print a request to fill in, for one problem"

_SKELETON: Final = """\
Print a request to fill in: only the members of that problem, what is required marked, choices listed.

Nothing of it is sent by mistake. In YAML, optional members are comments. JSON has none, so there each place holds an
object {"required": ...} or {"optional": ...}, which the AWS CLI refuses and `automl check` names, until a value stands
in its place or the member is taken out.
"""

_SKELETON_EPILOG: Final = """\
examples
  automl skeleton v1 --yaml > request.yaml
  automl skeleton v2 --problem time-series-forecasting > request.json

exit codes
  0    the skeleton is on standard output
  2    a wrong call
"""

_CONVERT_HELP: Final = "print the Python of the construct for a request"

_CONVERT: Final = """\
Print a stack in Python with the construct that makes the same job: AutoMLJob for a CreateAutoMLJob request, AutoMLJobV2
for a CreateAutoMLJobV2 one. Buckets, keys, role and network of the request are referred to as they are.
"""

_CONVERT_EPILOG: Final = """\
examples
  automl convert request.json > churn_stack.py
  automl convert request.yaml

exit codes
  0    the Python is on standard output; warnings are on standard error
  1    something is wrong with the request: all of it is told
  2    a wrong call: no such file, or YAML without its extra
"""

PROBLEMS: Final = (
    "tabular",
    "image-classification",
    "text-classification",
    "time-series-forecasting",
    "text-generation",
)
_SUFFIX: Final = "jobconfig"


def add_to(commands: Any, *, check: Run, convert: Run, skeleton: Run) -> None:
    """Add the commands.

    Args:
        commands: The sub-parsers of `automl`.
        check: What runs `automl check`.
        convert: What runs `automl convert`.
        skeleton: What runs `automl skeleton`.
    """
    parser = add_command(commands, CHECK, check, _CHECK_HELP, _CHECK, _CHECK_EPILOG)
    parser.set_defaults(words=None)
    parser.add_argument(
        "request",
        metavar="REQUEST",
        nargs="?",
        help="a file of JSON or YAML; - for standard input; or, after --, WORDS",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    _add_call(parser)
    parser = add_command(commands, "skeleton", skeleton, _SKELETON_HELP, _SKELETON, _SKELETON_EPILOG)
    parser.add_argument("call", metavar="v1|v2", choices=("v1", "v2"), type=str.lower, help="which call")
    parser.add_argument(
        "--problem",
        metavar="PROBLEM",
        choices=PROBLEMS,
        type=_problem,
        help=f"what to learn: {', '.join(PROBLEMS)} (v2 needs it; v1 knows tabular only)",
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print JSON (the default)")
    forms.add_argument("--yaml", action="store_true", help="print YAML")
    parser = add_command(commands, "convert", convert, _CONVERT_HELP, _CONVERT, _CONVERT_EPILOG)
    parser.add_argument("request", metavar="REQUEST", help="a file of JSON or YAML; - for standard input")
    _add_call(parser)


def _add_call(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--call", choices=("v1", "v2"), type=str.lower, help="which call REQUEST is for (default: its members say it)"
    )


def _problem(text: str) -> str:
    """A problem by any of its names: `image-classification`, `ImageClassification`, `ImageClassificationJobConfig`."""
    folded = "".join(filter(str.isalnum, text)).lower().removesuffix(_SUFFIX)
    found = [problem for problem in PROBLEMS if problem.replace("-", "").startswith(folded)] if folded else []
    return found[0] if len(found) == 1 else text


def without_words(arguments: list[str]) -> tuple[list[str], list[str] | None]:
    """The arguments of the command itself, and the words of a command line after `--`; None: there are none.

    argparse takes the first `--` away, and with it what tells its own options from those of the AWS CLI. Where somebody
    forgot it, the name of the CLI's command says where its words begin.
    """
    if arguments[:1] != [CHECK]:
        return arguments, None
    for index, word in enumerate(arguments):
        if word == "--":
            return arguments[:index], arguments[index + 1 :]
        if word in COMMANDS:
            return arguments[:index], arguments[index:]
    return arguments, None
