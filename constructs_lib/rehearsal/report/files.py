"""Write the report where the user wants it."""

from __future__ import annotations

import json
import math
import os
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from constructs_lib.rehearsal.failures import CannotStartError

from . import page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from .facts import Facts

FORMS: Final[Mapping[str, Callable[[Facts], str]]] = {
    ".json": lambda facts: json.dumps(_finite(asdict(facts)), indent=2, ensure_ascii=False, allow_nan=False) + "\n",
    ".html": lambda facts: page.rendered(facts),
}
"""How the facts are written, by the end of the file's name."""


def _finite(value: Any) -> Any:
    """A value whose numbers JSON knows: what is none, or endless, becomes null."""
    if isinstance(value, dict):
        return {str(name): _finite(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def require_writable(paths: Sequence[Path]) -> None:
    """Look before a rehearsal whether its report can be written.

    Raises:
        CannotStartError: It cannot, with every file that cannot.
    """
    problems = list(filter(None, map(_problem, paths)))
    if problems:
        raise CannotStartError("\n".join(problems))


def _problem(path: Path) -> str | None:
    if path.suffix.lower() not in FORMS:
        return f"--report {path}: a report is written as {' or '.join(FORMS)}, told by the end of the file's name"
    if path.is_dir():
        return f"--report {path}: this is a folder"
    if not path.parent.is_dir():
        return f"--report {path}: there is no folder {path.parent}"
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        return f"--report {path}: it cannot be written: permission denied"
    return None


def write(facts: Facts, paths: Sequence[Path]) -> list[str]:
    """Write each file as a whole or not at all; returns what could not be written, and why."""
    problems = []
    for path in paths:
        new = path.with_name(f".{path.name}.new")
        try:
            new.write_text(FORMS[path.suffix.lower()](facts), encoding="utf-8")
            new.replace(path)
        except OSError as error:
            problems.append(f"the report {path} could not be written: {error.strerror}")
            with suppress(OSError):
                new.unlink(missing_ok=True)
    return problems
