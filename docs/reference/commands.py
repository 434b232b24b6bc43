#!/usr/bin/env python3
"""Write `docs/reference/commands.md`: what each command of `automl` takes, read from its parser.

    python docs/reference/commands.py

`tests/cli/test_commands.py` fails when the page is not current.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from constructs_lib.cli import _parser

PAGE: Final = Path(__file__).parent / "commands.md"

_CODES: Final = re.compile(r"^exit codes\n((?:  .*\n)+)", re.MULTILINE)


def commands() -> dict[str, argparse.ArgumentParser]:
    """The parsers of the commands by their names, in the order of `automl --help`."""
    (found,) = [each for each in _parser()._actions if isinstance(each, argparse._SubParsersAction)]  # noqa: SLF001
    parsers: dict[str, argparse.ArgumentParser] = dict(found.choices)
    return parsers


def exit_codes(parser: argparse.ArgumentParser) -> dict[int, str]:
    """The exit codes that a command's help tells, with what each means."""
    found = _CODES.search(f"{parser.epilog or ''}\n")
    codes: dict[int, str] = {}
    for line in found[1].splitlines() if found else ():
        told = re.match(r"  (\d+) +(.*)", line)
        if told:
            codes[int(told[1])] = told[2]
        elif codes:
            codes[list(codes)[-1]] += f" {line.strip()}"
    return codes


def page() -> str:
    """The page."""
    parsers = commands()
    listed = "\n".join(f"| [`{name}`](#{name}) | {_help(name)} |" for name in parsers)
    head = (
        "# The commands of `automl`\n\n"
        "Read from the command's own help by `python docs/reference/commands.py`; do not edit. "
        "`automl --version` prints the versions, with `--json` as one object.\n\n"
        f"| command | what it does |\n|---|---|\n{listed}\n"
    )
    return "\n".join([head, *(part for name, parser in parsers.items() for part in _command(name, parser))])


def _help(name: str) -> str:
    (found,) = [each for each in _parser()._actions if isinstance(each, argparse._SubParsersAction)]  # noqa: SLF001
    return next(str(each.help) for each in found._choices_actions if each.dest == name)  # noqa: SLF001


def _command(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {name}\n"
    yield f"{_prose(parser.description or '')}\n"
    rows = [_row(action) for action in parser._actions if action.dest != "help"]  # noqa: SLF001
    yield "| argument | what it is |\n|---|---|\n" + "\n".join(rows) + "\n"
    yield (
        "| exit code | meaning |\n|---|---|\n"
        + "\n".join(f"| {code} | {_cell(text)} |" for code, text in exit_codes(parser).items())
        + "\n"
    )
    besides = re.sub(r"\n{3,}", "\n\n", _CODES.sub("", f"{parser.epilog or ''}\n")).strip()
    yield f"```text\n{besides}\n```\n"


def _prose(text: str) -> str:
    """A description, whose indented lines are shown as they stand."""
    parts = []
    for paragraph in text.strip().split("\n\n"):
        lines = paragraph.splitlines()
        parts.append(f"```text\n{paragraph}\n```" if any(line.startswith("  ") for line in lines) else " ".join(lines))
    return "\n\n".join(parts)


def _row(action: argparse.Action) -> str:
    takes = str(action.metavar or "") or (
        f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.dest.upper()
    )
    if not action.option_strings:
        return f"| `{_cell(takes)}` | {_cell(action.help or '')} |"
    value = "" if action.nargs == 0 else f" {takes}"
    return f"| {', '.join(f'`{option}{value}`' for option in action.option_strings)} | {_cell(action.help or '')} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
