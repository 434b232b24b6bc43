"""The function's code as it is uploaded: without the texts that only people read, line by line where it was."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

_TEXT: Final = re.compile(r'^( *)"""[\s\S]*?"""$(?P<goes_on>(?=\n+\1\S))?', re.MULTILINE)
"""A docstring, and whether its block goes on; as text, since to parse the code would take a tenth of a synthesis."""


_COMMENT: Final = re.compile(r"^ *#.*$|  # (?:noqa|type: ignore)[^\"'\n]*$", re.MULTILINE)
"""A comment that has its line, or is for a linter; any other may be a part of a text."""


_INDENT: Final = re.compile(r"^(?: {4})+", re.MULTILINE)


def bare(source: str) -> str:
    """Python without docstrings and comments, and with an indent of one space.

    All else keeps its line, so that tracebacks name the lines of this library.
    """

    def empty(text: re.Match[str]) -> str:
        body = "" if text["goes_on"] is not None else f"{text[1]}pass"
        return body + "\n" * text[0].count("\n")

    without = _COMMENT.sub("", _TEXT.sub(empty, source))
    return _INDENT.sub(lambda spaces: " " * (len(spaces[0]) // 4), without)


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
