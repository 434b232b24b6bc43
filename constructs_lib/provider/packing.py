"""The function's code as it is uploaded: without the texts that only people read, line by line where it was."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
import jsii

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT: Final = re.compile(r'^( *)"""[\s\S]*?"""$', re.MULTILINE)
"""A docstring; read as text, since to parse the code would take a tenth of a synthesis."""


def bare(source: str) -> str:
    """Python without its docstrings; all else keeps its line, so that a traceback names the lines of this library."""
    return _TEXT.sub(lambda text: f"{text[1]}pass" + "\n" * text[0].count("\n"), source)


@cache
def packed(folder: Path) -> Mapping[str, str]:
    """The files of a folder of Python as they are uploaded."""
    return {path.name: bare(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.py"))}


@jsii.implements(cdk.ILocalBundling)
class Packing:
    """Writes them where the CDK stages the asset; no container is started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def try_bundle(self, output_dir: str, *_: Any, **__: Any) -> bool:
        """Write a folder of the same name."""
        target = Path(output_dir) / self._folder.name
        target.mkdir()
        for name, source in packed(self._folder).items():
            (target / name).write_text(source, encoding="utf-8")
        return True
