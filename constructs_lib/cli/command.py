"""How every command of `automl` is added to its parser."""

import argparse
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any, Final

APPS: Final = """\
APP is one of
  (nothing)            the app of the cdk.json in this folder
  path/to/folder       the app of the cdk.json there, or a cloud assembly (cdk.out) synthesized before
  path/to/app.py       a Python app
  "python3 app.py -x"  any other app command
"""
"""What an APP is, for the epilog of a command that takes one."""

Run = Callable[[argparse.Namespace], int]
"""What runs a command; returns its exit code."""


def add_command(
    commands: Any, name: str, run: Run, help_: str, description: str, epilog: str
) -> argparse.ArgumentParser:
    """Add a command, whose text keeps its lines.

    Args:
        commands: The sub-parsers of `automl`.
        name: The command.
        run: What runs it.
        help_: What it does, in the list of all.
        description: What it does.
        epilog: Examples and exit codes.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_,
        description=description,
        epilog=epilog,
        formatter_class=_Paragraphs,
    )
    parser.set_defaults(run=run)
    return parser


class _Paragraphs(argparse.HelpFormatter):
    """Texts at the width of the screen: paragraphs flow, and what is indented keeps its columns."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(line for block in text.split("\n\n") for line in [*self._block(block, width, indent), ""])

    def _block(self, block: str, width: int, indent: str) -> list[str]:
        lines: list[str] = []
        for line in _joined(block.strip("\n").splitlines()):
            beside = _COLUMN.match(line)
            begin = " " * (len(beside[0]) if beside else len(line) - len(line.lstrip()))
            lines += textwrap.wrap(
                line,
                width,
                initial_indent=indent,
                subsequent_indent=indent + begin,
                break_long_words=False,
                break_on_hyphens=False,
            )
        return lines


_COLUMN = re.compile(r" +\S.*?  +(?=\S)")
"""What stands in the first column of an indented list, and the gap behind it."""


def _joined(lines: list[str]) -> Iterator[str]:
    """Lines of a paragraph as one, and what continues the second column of a list as a part of it."""
    whole = ""
    for line in lines:
        beside = _COLUMN.match(whole)
        flows = whole and not whole.startswith(" ") and not line.startswith(" ")
        continues = beside is not None and line.startswith(" " * len(beside[0]))
        if whole and (flows or continues):
            whole = f"{whole.rstrip()} {line.strip()}"
        else:
            if whole:
                yield whole
            whole = line
    if whole:
        yield whole
