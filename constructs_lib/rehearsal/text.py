"""Text on a screen of some width: no word is cut that fits on a line, and no line is longer than the screen."""

from __future__ import annotations

import io
import os
import re
from typing import TYPE_CHECKING, Final, TextIO

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEAST: Final = 20
"""Columns below which no screen is taken seriously."""

USUAL: Final = 80
"""Columns of a terminal that does not tell."""

FOR_FILES: Final = 120
"""Columns that a table may take where nobody has said how wide the screen is."""

_GAP: Final = "  "
"""Between two columns of a table."""

_JOINTS: Final = re.compile(r"(?<=[/:,_.=|-])(?=.)")
"""Where a word that is longer than a line is parted: a name, an address, an ARN."""


def width_of(out: TextIO) -> int | None:
    """The columns of a terminal, or what `COLUMNS` says; None: nobody has said, as for a pipe or a file."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said):
        return max(int(said), LEAST)
    if not out.isatty():
        return None
    try:
        return max(os.get_terminal_size(out.fileno()).columns or USUAL, LEAST)
    except (OSError, io.UnsupportedOperation):
        return USUAL


def wrapped(text: str, width: int | None, *, first: str = "", others: str = "") -> list[str]:
    """A text as lines; line ends in it stay, and so does what a line of it is indented by.

    Args:
        text: What to say.
        width: The longest line; None: each line of the text stays whole.
        first: What the first line begins with.
        others: What all others begin with.
    """
    lines: list[str] = []
    for line in text.splitlines() or [""]:
        indent = line[: len(line) - len(line.lstrip())]
        begin = (others if lines else first) + indent
        if width is None or len(begin + line.lstrip()) <= width:
            lines.append(f"{begin}{line.lstrip()}".rstrip())
        else:
            lines += _filled(line.split(), width, begin, others + indent)
    return lines


def _filled(words: Sequence[str], width: int, first: str, others: str) -> Iterator[str]:
    line, is_empty = first, True
    for word in words:
        for number, piece in enumerate(_pieces(word, width - len(others))):
            gap = "" if is_empty or number else " "
            if not is_empty and len(line) + len(gap) + len(piece) > width:
                yield line.rstrip()
                line, gap = others, ""
            line += gap + piece
            is_empty = False
    yield line.rstrip()


def _pieces(word: str, room: int) -> Iterator[str]:
    """A word as it is, or in pieces that fit into a line."""
    room = max(1, room)
    for piece in [word] if len(word) <= room else _JOINTS.split(word):
        yield from (piece[start : start + room] for start in range(0, len(piece), room))


def table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int | None, *, indent: str = "") -> list[str]:
    """Rows as lines with aligned columns; below one another, cell by cell, where a screen is too narrow for that.

    Args:
        head: The titles of the columns.
        rows: Their cells.
        width: The columns of the screen; None: as many as a table for a file may take.
        indent: What each line begins with.
    """
    room = (width or FOR_FILES) - len(indent)
    columns = list(zip(head, *rows, strict=True))
    natural = [max(map(len, column)) for column in columns]
    flows = max(range(len(columns)), key=lambda place: natural[place])
    left = room - sum(natural) - len(_GAP) * (len(columns) - 1) + natural[flows]
    if left < max((len(word) for cell in columns[flows] for word in cell.split()), default=1):
        return list(_stacked(head, rows, width or FOR_FILES, indent))
    made = Table(box=None, padding=(0, len(_GAP), 0, 0), pad_edge=False, show_edge=False, header_style="")
    for place, title in enumerate(head):
        made.add_column(title, width=min(natural[place], left) if place == flows else natural[place])
    for row in rows:
        made.add_row(*row)
    out = io.StringIO()
    Console(file=out, width=room, color_system=None, markup=False, emoji=False, highlight=False).print(made)
    return [f"{indent}{line}".rstrip() for line in out.getvalue().splitlines()]


def _stacked(head: Sequence[str], rows: Sequence[Sequence[str]], width: int, indent: str) -> Iterator[str]:
    for row in rows:
        begin = indent
        for title, cell in zip(head, row, strict=True):
            if cell:
                yield from wrapped(f"{title} {cell}", width, first=begin, others=f"{indent}    ")
                begin = f"{indent}  "
