"""`automl check`: what the AWS CLI would send, and all that is wrong with it."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any, Final

from ...api.recognition import Recognised, recognised
from . import documents, judgement, model
from .judgement import Verdict
from .words import Asked, asked_in

FINE: Final = 0
WRONG: Final = 1
WRONG_CALL: Final = 2

_STDIN: Final = "-"
_YAML: Final = (".yaml", ".yml")
_VERSIONS: Final = {"v1": model.V1, "v2": model.V2}


def run(given: argparse.Namespace) -> int:
    """Check what was given; returns the exit code."""
    words: list[str] | None = given.words
    if (words is None) == (given.request is None):
        told = "give REQUEST or, after --, the words of a command line" + (", not both" if words else "")
        return _wrong_call(told)
    try:
        if words is not None:
            what, asked = "the command line", asked_in(words)
        else:
            what, asked = _what(given.request), asked_by(given.request, given.call)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        return _wrong_call(f"'{given.request}' cannot be read: {error.strerror}")
    except documents.MissingPackageError as error:
        return _wrong_call(str(error))
    verdict = judgement.judge(asked)
    if given.json:
        print(json.dumps(dataclasses.asdict(verdict)))  # noqa: T201
    else:
        print(_as_text(verdict, asked, what))  # noqa: T201
    return WRONG if verdict.errors else FINE


def _wrong_call(told: str) -> int:
    print(f"automl check: {told}", file=sys.stderr)  # noqa: T201
    return WRONG_CALL


def _what(request: str) -> str:
    return "standard input" if request == _STDIN else request


def asked_by(request: str, version: str | None) -> Asked:
    """What a document asks for, as the CLI has it from `--cli-input-json` or `--cli-input-yaml`."""
    content = sys.stdin.buffer.read() if request == _STDIN else Path(request).read_bytes()
    asked = Asked(call=_VERSIONS[version or "v1"])
    try:
        document = _read(content, request)
    except documents.UnreadableError as error:
        asked.refused.append(str(error))
        asked.unread |= set(model.request(str(asked.call)).members)
        return asked
    if not isinstance(document, dict):
        asked.refused.append(f"Invalid type: expecting map, received {type(document)}: a request is one object")
        asked.unread |= set(model.request(str(asked.call)).members)
        return asked
    kind = recognised(document)
    if version is None:
        asked.call = model.V2 if kind in (Recognised.V2, Recognised.V2_ANSWER) else model.V1
    if kind is Recognised.UNKNOWN:
        asked.refused.append("this is no request of either call: it has no member of one")
    asked.request = document
    return asked


def _read(content: bytes, name: str) -> Any:
    try:
        text = content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise documents.UnreadableError("its text contents could not be decoded as UTF-8: save it as UTF-8") from error
    suffix = Path(name).suffix.lower()
    if suffix in _YAML or (suffix != ".json" and not text.lstrip("\ufeff \t\n").startswith(("{", "["))):
        return documents.yaml_of(text)
    return documents.json_of(text)


def _as_text(verdict: Verdict, asked: Asked, what: str) -> str:
    called = f", for {asked.call}" if asked.call else ""
    lines = [f"{what}{called}"]
    for title, texts in (("wrong", verdict.errors), ("worth knowing", verdict.warnings)):
        if texts:
            lines += ["", f"  {title}", *(f"    - {text}" for text in texts)]
    would = "the AWS CLI sends it" if verdict.request is not None else "the AWS CLI sends nothing"
    found = "nothing is wrong" if not verdict.errors else f"{len(verdict.errors)} wrong"
    return "\n".join([*lines, "", f"  {found}; {would}"])
