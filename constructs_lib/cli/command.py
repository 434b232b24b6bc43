"""How every command of `automl` is added to its parser."""

import argparse
from collections.abc import Callable
from typing import Any

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
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser
