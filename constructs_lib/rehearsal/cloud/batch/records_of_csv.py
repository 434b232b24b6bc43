"""What `DataProcessing` of a transform job does with rows of CSV: pick columns, and join answers to their rows.

The paths are the part of JSONPath that AWS's page "Associate Prediction Results with Input Records" shows for CSV.
"""

import csv
import io
import re
from collections.abc import Sequence

_PATH = re.compile(r"\$(?:\[(?P<picks>[-\d:, ]+)\])?")
_PICK = re.compile(r"(?P<one>-?\d+)|(?P<first>-?\d+)?:(?P<end>-?\d+)?")

Row = list[str]


class Columns:
    """The columns that a path picks, such as `$`, `$[1:]` or `$[0,-1]`."""

    def __init__(self, path: str) -> None:
        """Read a path.

        Raises:
            ValueError: It is no such path.
        """
        found = _PATH.fullmatch(path)
        if found is None:
            raise ValueError(f"{path} is no path to columns: use $, $[1:], $[0] or $[0,2]")
        self._path = path
        self._picks = [self._pick(part.strip()) for part in (found.group("picks") or ":").split(",")]

    def of(self, row: Row) -> Row:
        """The picked cells.

        Raises:
            ValueError: The row has no such column.
        """
        picked: Row = []
        for pick in self._picks:
            try:
                picked += row[pick] if isinstance(pick, slice) else [row[pick]]
            except IndexError:
                raise ValueError(f"{self._path} picks a column that a row of {len(row)} does not have") from None
        return picked

    def _pick(self, part: str) -> int | slice:
        found = _PICK.fullmatch(part)
        if found is None:
            raise ValueError(f"{self._path} is no path to columns: use $, $[1:], $[0] or $[0,2]")
        if found.group("one") is not None:
            return int(found.group("one"))
        first, end = found.group("first"), found.group("end")
        return slice(int(first) if first else None, int(end) if end else None)


def read(body: bytes) -> list[Row]:
    """The rows of CSV, without blank ones.

    Raises:
        ValueError: It is none.
    """
    try:
        return [row for row in csv.reader(io.StringIO(body.decode(), newline=""), strict=True) if row]
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"the rows are no CSV: {error}") from None


def write(rows: Sequence[Row]) -> bytes:
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
