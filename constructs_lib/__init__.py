"""AWS CDK constructs for Amazon SageMaker Autopilot: the public names.

Each is loaded when it is first used, from the module that `public` names. The `automl` command, the embedded AWS and
each of its training processes import parts of this package and must not pay for the CDK (a second and a Node process
each), and an app with a job does not pay for endpoints.
"""

import ast
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .public import *  # noqa: F403 - `public.__all__` is the list

    __version__: str
    """The version of the installed distribution, such as `0.1.0`."""


@cache
def _homes() -> dict[str, str]:
    """The module of each public name, read off `public` without running it."""
    source = Path(__file__).with_name("public.py").read_text(encoding="utf-8")
    imports = [node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom)]
    return {alias.name: f".{node.module}" for node in imports for alias in node.names}


def __getattr__(name: str) -> object:
    if name == "__all__":
        return sorted(_homes())
    if name == "__version__":
        from importlib.metadata import version  # not for those who do not ask

        return version("cdk-sagemaker-autopilot")
    if name not in _homes():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_homes()[name], __name__), name)


def __dir__() -> list[str]:
    return sorted(_homes())
