"""The records of CSV text: comma, double quotes, a quote in quotes doubled, no escapes; what both engines agree on."""

import csv
import itertools
from collections.abc import Iterable, Iterator
from typing import Final

from .faults import DataFault

_LONGEST_CELL: Final = 16 * 1024 * 1024
_END: Final = "\x1e\x04end of the file\x04\x1e"
"""A last line that no file has: in a cell with others, it tells of a quote that is never closed."""


def records(lines: Iterable[str], name: str) -> Iterator[list[str]]:
    """All records but empty lines. A line of blanks is a record of one cell.

    Args:
        lines: With their ends, as `open` gives them for ``newline=""``.
        name: Of the file, for messages.

    Raises:
        DataFault: A quote is never closed, or a cell is longer than 16 MiB.
    """
    before = csv.field_size_limit(_LONGEST_CELL)  # of the whole process, so it is put back
    reader = csv.reader(itertools.chain(lines, [_END]))
    last: list[str] = []
    try:
        for record in reader:
            if record:
                if last:
                    yield last
                last = record
        if last != [_END]:
            left = last[-1].removesuffix(_END)
            spanned = sum(cell.count("\n") for cell in last) + (not left.endswith("\n"))
            raise DataFault(f"{name}, line {reader.line_num - spanned}: a quote that begins here is never closed")
    except csv.Error as error:
        raise DataFault(f"{name}, line {reader.line_num}: {error}") from error
    finally:
        csv.field_size_limit(before)
