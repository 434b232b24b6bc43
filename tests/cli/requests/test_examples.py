"""Each command of the help texts and of docs/command.md works as it stands."""

import io
import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.cli import main
from constructs_lib.cli.requests import arguments

from ...api.requests import REQUEST, V2_REQUESTS

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "command.md"
DATA = ROOT / "examples" / "quickstart" / "data" / "credit.csv"
HELP = (arguments._CHECK_EPILOG, arguments._SKELETON_EPILOG, arguments._CONVERT_EPILOG)
COMMANDS = [
    *re.findall(r"^\$ (automl (?!import).*?)(?:  +#.*)?$", PAGE.read_text(encoding="utf-8"), re.MULTILINE),
    *(command for text in HELP for command in re.findall(r"^  (automl .*)$", text, re.MULTILINE)),
]
UNSENT = "--generate-cli-skeleton"


@pytest.mark.parametrize("command", COMMANDS)
def test_example_works(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, request in {"request": REQUEST, "request-v2": V2_REQUESTS["tabular"]}.items():
        content = json.dumps({"AutoMLJobName": "churn", **request})
        for suffix in ("json", "yaml"):  # JSON is YAML too
            Path(f"{name}.{suffix}").write_text(content)
    Path("credit.csv").symlink_to(DATA)
    Path("chats.csv").write_text("input,output\n" + "".join(f"{row}?,{row}!\n" for row in range(1_000)))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("request.json").read_bytes())))
    words = shlex.split(re.split(r" [<>] ", command)[0])

    assert main(words[1:]) == 0

    printed = capsys.readouterr().out
    assert printed
    if "--json" in words:
        assert set(json.loads(printed)) == {"request", "errors", "warnings"}


def test_there_are_examples() -> None:
    assert len(COMMANDS) >= 12


@pytest.mark.parametrize("command", ["check", "skeleton", "convert"])
def test_help_is_told(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])

    assert end.value.code == 0
    assert "examples" in capsys.readouterr().out


def test_completion_answers_the_shell(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    argcomplete = pytest.importorskip("argcomplete")
    answered: list[Any] = []
    monkeypatch.setenv("_ARGCOMPLETE", "1")
    monkeypatch.setattr(argcomplete, "autocomplete", answered.append)

    assert main(["skeleton", "v1"]) == 0
    assert [parser.prog for parser in answered] == ["automl"]
