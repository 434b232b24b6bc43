"""The records of CSV text: comma, double quotes, a quote in quotes doubled, no escapes; what both engines agree on."""

import csv
import itertools
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from .faults import DataFault

_LONGEST_CELL: Final = 16 * 1024 * 1024
_END: Final = "\x1e\x04end of the file\x04\x1e"
"""A last line that no file has: in a cell with others, it tells of a quote that is never closed."""


_readers: Final[list[int]] = []
"""For each reader under way, the limit of the process when the first of them began."""


@contextmanager
def longer_cells() -> Iterator[None]:
    """Cells of up to 16 MiB. The csv module's limit is one for the whole process: the last reader puts it back."""
    before = csv.field_size_limit(_LONGEST_CELL)
    _readers.append(_readers[0] if _readers else before)
    try:
        yield
    finally:
        before = _readers.pop()
        if not _readers:
            csv.field_size_limit(before)


@dataclass
class Opened:
    """A file of which an engine has read the header."""

    name: str
    columns: list[str]
    rows: Iterator[list[str]] = field(default_factory=lambda: iter(()))
    """As wide as the header. They raise `DataFault` where the engine refuses the file."""

    notes: list[str] = field(default_factory=list)
    """What a user should know of the header."""

    moved: int = 0
    """Cells of each row that no name is left for, so that each name is that of a later cell."""

    short: int = 0
    """Rows with fewer cells than the header, as far as they are read."""

    first_short: int = 0

    def told(self) -> list[str]:
        """What a user should know of the file, as far as it is read."""
        if not self.short:
            return self.notes
        rows = f"{self.short} row" + ("" if self.short == 1 else "s")
        said = f"with fewer values than its header, the first in row {self.first_short}"
        return [*self.notes, f"{self.name} has {rows} {said}: what is not there counts as missing"]


def records(lines: Iterable[str], name: str) -> Generator[list[str], None, None]:
    """All records but empty lines. A line of blanks is a record of one cell.

    Who may leave before the end closes it: the csv module's limit stays raised until then.

    Args:
        lines: With their ends, as `open` gives them for ``newline=""``.
        name: Of the file, for messages.

    Raises:
        DataFault: A quote is never closed, or a cell is longer than 16 MiB.
    """
    reader = csv.reader(itertools.chain(lines, [_END]))
    last: list[str] = []
    try:
        with longer_cells():
            for record in reader:
                if record:
                    if last:
                        yield last
                    last = record
    except csv.Error as error:
        raise DataFault(f"{name}, line {reader.line_num}: {error}") from error
    if last != [_END]:
        left = last[-1].removesuffix(_END)
        spanned = sum(cell.count("\n") for cell in last) + (not left.endswith("\n"))
        raise DataFault(f"{name}, line {reader.line_num - spanned}: a quote that begins here is never closed")
