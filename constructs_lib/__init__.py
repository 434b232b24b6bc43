"""AWS CDK constructs for Amazon SageMaker Autopilot: the public names.

They are loaded when they are first used. The `automl` command, the embedded AWS and each of its training processes
import parts of this package and must not pay for the CDK (a second and a Node process each).
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .public import *  # noqa: F403 - `public.__all__` is the list


def __getattr__(name: str) -> object:
    if name.startswith("__") and name != "__all__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(".public", __name__), name)


def __dir__() -> list[str]:
    return list(import_module(".public", __name__).__all__)
