"""What stands for the content of local files. Standard library only.

The CDK's own hash does not: between two runs it goes by a file's number, size and time of change, it takes two ends of
a line for one, and letters that are no UTF-8 for each other.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def file_digest(path: Path) -> str:
    """A hash of a file's bytes, which are not held in memory.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digest(folder: Path, files: Iterable[Path]) -> str:
    """A hash of the names below a folder, and of the bytes, of some of its files, in whatever order they come.

    Raises:
        OSError: one cannot be read.
    """
    named = sorted((path.relative_to(folder).as_posix(), path) for path in files)
    lines = [f"{file_digest(path)} {name}" for name, path in named]
    return hashlib.sha256("\0".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
