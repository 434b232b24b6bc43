"""Find the CDK app that is to be rehearsed, and synthesize it."""

import json
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from . import cdk
from .assembly import Assembly
from .failures import CannotStartError, tail
from .processes import Deadline, Running

ACCOUNT = "123456789012"
REGION = "us-east-1"
"""Where a stack without an explicit environment is deployed."""


@dataclass(frozen=True)
class App:
    """A CDK app, or what one has already been synthesized to."""

    folder: Path
    """Where the `cdk` CLI runs, or the cloud assembly itself."""

    command: str | None = None
    """The app's command; None: `cdk.json` has it."""

    ready: bool = False
    """`folder` is a cloud assembly."""

    def __str__(self) -> str:
        return str(self.folder) if self.command is None else f"{self.command} (in {self.folder})"


def find(argument: str | None, here: Path) -> App:
    """What the user means by APP: nothing, a folder, a Python file, a command, or a cloud assembly."""
    if argument is None:
        return _in_folder(here, "this folder")
    path = here / argument
    if path.is_dir():
        return _in_folder(path.resolve(), repr(argument))
    if path.is_file() and path.suffix == ".py":
        file = path.resolve()
        return App(file.parent, command=shlex.join([sys.executable, str(file)]))
    if path.is_file() and os.access(path, os.X_OK):
        return App(here, command=shlex.quote(str(path.resolve())))
    if any(character.isspace() for character in argument):
        return App(here, command=argument)
    raise CannotStartError(
        f"{argument!r} is no app: give a folder with a cdk.json, a Python file, a cloud assembly (cdk.out) "
        'or a command in quotes ("python3 app.py")'
    )


def _in_folder(folder: Path, name: str) -> App:
    if (folder / "manifest.json").is_file() and (folder / "cdk.out").is_file():
        return App(folder, ready=True)
    settings = folder / "cdk.json"
    if not settings.is_file():
        raise CannotStartError(f"{name} has neither a cdk.json nor a cloud assembly's manifest.json: give an APP")
    try:
        command = json.loads(settings.read_text(encoding="utf-8")).get("app")
    except (ValueError, AttributeError) as error:
        raise CannotStartError(f"{settings.name} of {name} is not a JSON object: {error}") from None
    if not command:
        raise CannotStartError(f'cdk.json of {name} has no "app": give the app\'s command as APP')
    return App(folder)


class Synthesis:
    """An app on its way to a cloud assembly in `folder`, which the rehearsal edits later. Leaving the context ends it.

    One that is synthesized already is copied in the end.
    """

    def __init__(self, app: App, folder: Path, *, log: Path) -> None:
        self._app = app
        self._folder = folder
        self._running: Running | None = None
        if app.ready:
            return
        command = [*cdk.command(), "synth", "--quiet", "--lookups=false", "--output", str(folder)]
        if app.command is not None:
            command += ["--app", app.command]
        self._running = Running(command, folder=app.folder, environment=_environment(folder.parent), log=log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._running:
            self._running.__exit__()

    def finish(self, deadline: Deadline, watch: Callable[[str], None]) -> Assembly:
        """Wait for it.

        Raises:
            CannotStartError: The app cannot be synthesized.
        """
        if self._running is None:
            shutil.copytree(self._app.folder, self._folder)
            return Assembly.read(self._folder)
        finished = self._running.wait(deadline, watch)
        if finished.code != 0:
            hint = ""
            if "ookups have been disabled" in finished.output:
                hint = (
                    "\nThe rehearsal looks nothing up: it would write invented values into your cdk.context.json. "
                    "Run `cdk synth` once against the real account, then rehearse."
                )
            raise CannotStartError(f"the app could not be synthesized:\n{tail(finished.output)}{hint}")
        return Assembly.read(self._folder)


def is_home_writable() -> bool:
    """Whether the CDK can keep there what it unpacks."""
    try:
        with tempfile.TemporaryDirectory(dir=Path.home()):
            return True
    except (OSError, RuntimeError):
        return False


def _environment(temporary: Path) -> dict[str, str]:
    """The user's own environment, for their app, but without the way to a real AWS account."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    if not is_home_writable():
        own = {
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(temporary / "jsii"),
            "CDK_HOME": str(temporary / "cdk-home"),
        } | own
    return own | {
        "PATH": cdk.search_path(),
        "TMPDIR": str(temporary),  # an app that is interrupted leaves its temporary files there
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,  # the one that boto3 reads
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CI": "1",
        "PYTHON_COLORS": "0",  # the CLI gives apps FORCE_COLOR=0, in which Python from 3.13 on sees a wish for colours
    }
