"""What lies in a file or in one word: JSON and YAML as the AWS CLI reads them, and why it does not."""

import importlib.util
import json
import os
import re
import stat
import warnings
from pathlib import Path
from typing import Any, Final

FILE: Final = "file://"
_BYTES: Final = "fileb://"

EXTRA: Final = "in a checkout, pip install '.[requests]'"


class UnreadableError(Exception):
    """What cannot be read, with the reason in words."""


class MissingPackageError(Exception):
    """YAML, without the extra that reads it."""


def content(value: str, *, twice: bool = False) -> str | bytes:
    r"""What a value of a flag stands for: the content of a `file://` or `fileb://`, any other text itself.

    Line ends become `\n`, as the CLI reads text; the last of them stays, and so does a byte order mark.

    Args:
        value: The value.
        twice: Whether the CLI reads it a second time, when a pipe is empty.

    Raises:
        UnreadableError: there is no such file, or it is no text.
    """
    prefix = next((prefix for prefix in (FILE, _BYTES) if value.startswith(prefix)), None)
    if prefix is None:
        return value
    path = Path(os.path.expandvars(os.path.expanduser(value.removeprefix(prefix))))  # noqa: PTH111 - as the CLI does
    try:
        if twice and stat.S_ISFIFO(path.stat().st_mode):
            raise UnreadableError(
                f"{value} is a pipe, of which the CLI gets nothing: it reads the file twice; redirect a file "
                f"(`{FILE}/dev/stdin < request.json`) or name it"
            )
        return path.read_text(encoding="utf-8") if prefix == FILE else path.read_bytes()
    except OSError as error:
        reason = f"Unable to load paramfile {value}: {error.strerror or error}"
        raise UnreadableError(f"{reason} (from {Path.cwd()})") from error
    except UnicodeDecodeError as error:
        raise UnreadableError(
            f"Unable to load paramfile {value}: its text contents could not be decoded as UTF-8; save it as UTF-8"
        ) from error
    except ValueError as error:  # a NUL in the name
        raise UnreadableError(f"Unable to load paramfile {value!r}: {error}") from error


def json_of(text: str | bytes) -> Any:
    """The value that JSON says; of a key that stands twice, the last.

    Raises:
        UnreadableError: it is no JSON, with a guess at what was meant.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise UnreadableError("Invalid JSON: it is nested too deep") from error
    except ValueError as error:
        guess = _guess(text) if isinstance(text, str) else ""
        raise UnreadableError(f"Invalid JSON: {error}{guess}") from error


def yaml_of(text: str | bytes) -> Any:
    """The value that YAML 1.2 says.

    Raises:
        UnreadableError: it is no YAML, or two documents, or has a key twice.
        MissingPackageError: the extra is not there.
    """
    if not can_read_yaml():
        raise MissingPackageError(f"YAML needs the extra: {EXTRA}")
    from ruamel.yaml import YAML

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numbers that YAML 1.1 reads in another way
            return YAML(typ="safe", pure=True).load(text)
    except Exception as error:  # besides its own errors, whatever Python says of a date that is none
        said = getattr(error, "problem", None) or str(error).partition("\n")[0] or type(error).__name__
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise UnreadableError(f"Invalid YAML: {said}{place}") from error


def can_read_yaml() -> bool:
    """Whether the extra is there."""
    try:
        return importlib.util.find_spec("ruamel.yaml") is not None
    except ModuleNotFoundError:
        return False


def _guess(text: str) -> str:
    """What is wrong with text that is no JSON, as far as that shows, and the way out."""
    stripped = text.strip()
    if text.startswith("\ufeff"):
        return "; it begins with a byte order mark: save it without one"
    if not stripped:
        return "; it is empty"
    if "\n" not in stripped and stripped[0] not in "[{\"'":
        path = re.sub(r"^(@|file:/*)", "", stripped, flags=re.IGNORECASE)
        if path.endswith((".json", ".yaml", ".yml")) or os.path.lexists(path):
            return f"; a file is given as {FILE}{path}"
    if re.search(r"^\s*(//|#|/\*)", text, re.MULTILINE):
        return "; JSON has no comments: take them out, or give it as YAML (--cli-input-yaml)"
    if re.search(r"[{,\[]\s*'", text):
        return "; JSON quotes with \", not with '"
    if re.search(r",\s*[}\]]", text):
        return "; a comma stands before a closing bracket: take it out"
    if re.search(r":\s*(True|False|None)\b", text):
        return "; JSON writes true, false and null in lower case"
    return ""
