"""What holds for every command of `automl`: its help, its exit codes, its completion."""

import argparse
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.cli import _parser, main

ROOT = Path(__file__).parents[2]
PRINTS_FACTS = ("check", "explain", "import", "init", "inspect", "verify")
"""Commands whose answer a program may want to read; the others print a file, JSON itself, or rehearse."""


def _commands() -> dict[str, argparse.ArgumentParser]:
    (found,) = [each for each in _parser()._actions if isinstance(each, argparse._SubParsersAction)]
    parsers: dict[str, argparse.ArgumentParser] = dict(found.choices)
    return parsers


COMMANDS = _commands()


@pytest.fixture(scope="module", name="reference")
def _reference() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs" / "reference" / "commands.py"))


@pytest.mark.parametrize("name", COMMANDS)
def test_exit_codes_are_told(name: str, reference: dict[str, Any]) -> None:
    codes = reference["exit_codes"](COMMANDS[name])

    assert {0, 2} <= codes.keys() <= {0, 1, 2, 130}
    assert all(codes.values())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_wrong_call_ends_with_the_code_that_is_told(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--no-such-option"])

    assert ended.value.code == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_is_explained(name: str) -> None:
    unexplained = [action.dest for action in COMMANDS[name]._actions if not action.help]

    assert unexplained == []
    assert COMMANDS[name].description
    assert "examples\n  automl" in (COMMANDS[name].epilog or "")


@pytest.mark.parametrize("name", PRINTS_FACTS)
def test_facts_are_printed_as_json_too(name: str) -> None:
    assert "--json" in COMMANDS[name]._option_string_actions


def test_the_reference_of_the_commands_is_current(reference: dict[str, Any]) -> None:
    committed = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")

    assert committed == reference["page"](), "run python docs/reference/commands.py"


def completed(line: str, folder: Path) -> list[str]:
    """What the shell is answered that asks how a line may go on, by the rules of `register-python-argcomplete`."""
    answers = folder / "answers"
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answers),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    subprocess.run(
        [sys.executable, "-m", "constructs_lib.cli"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **asked},
        capture_output=True,
        check=True,
    )
    return [each.strip() for each in answers.read_text().split("\n")]


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ("automl e", ["explain"]),
        ("automl explain --pr", ["--prices"]),
        ("automl inspect x.csv --mode e", ["ensembling"]),
        ("automl skeleton v2 --problem te", ["text-classification", "text-generation"]),
    ],
)
def test_the_shell_is_answered(line: str, answers: list[str], tmp_path: Path) -> None:
    pytest.importorskip("argcomplete")

    assert completed(line, tmp_path) == answers
