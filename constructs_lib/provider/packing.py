"""The function's code as it is uploaded: without the texts that only people read, line by line where it was."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

_TEXT: Final = re.compile(r'^( *)"""[\s\S]*?"""$', re.MULTILINE)
"""A docstring; read as text, since to parse the code would take a tenth of a synthesis."""


def bare(source: str) -> str:
    """Python without its docstrings; all else keeps its line, so that a traceback names the lines of this library."""
    return _TEXT.sub(lambda text: f"{text[1]}pass" + "\n" * text[0].count("\n"), source)


def pack(folder: Path, target: Path) -> None:
    """Write the files of a folder of Python, as they are uploaded, into a folder of that name."""
    (target / folder.name).mkdir()
    for path in folder.glob("*.py"):
        (target / folder.name / path.name).write_text(bare(path.read_text(encoding="utf-8")), encoding="utf-8")


@cache
def packed(folder: Path, *, stays: bool) -> Path:
    """A folder that holds the packed one, as long as this program runs: the CDK copies it at once.

    Args:
        folder: What is packed.
        stays: Whether it is kept: with `--no-staging` the CDK copies nothing.
    """
    target = Path(tempfile.mkdtemp(prefix="sagemaker-autopilot-"))
    pack(folder, target)
    if not stays:
        atexit.register(shutil.rmtree, target, ignore_errors=True)
    return target
