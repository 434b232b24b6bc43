"""What can be seen in a local data file before it is uploaded.

Of a CSV file the beginning is read: the header and as many rows as the service asks for; one that is not large is read
to its end where it is known which engine will read it. Of a Parquet file it is the footer. A compressed file of
moderate size is unpacked to its end, as nothing else tells that it has one.
"""

import csv
import gzip
import itertools
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, get_args

from ..engines.faults import DataFault
from ..engines.files import GZIP, PARQUET
from ..engines.inspection import BATCH, Engine, Survey
from ..engines.records import longer_cells, records
from .enums import Compression, ContentType
from .fields import counted, hint, listed, some
from .parquetfile import read_footer
from .problem_types import AnyProblem

if TYPE_CHECKING:
    from _csv import Reader as _Reader

COUNTED_ROWS: Final[int] = max(problem._MIN_ROWS for problem in get_args(AnyProblem))
"""As many as any problem asks for; what a file has beyond them is not read."""

SUFFIXES: Final = {
    ".csv": (ContentType.CSV, Compression.NONE),
    ".csv.gz": (ContentType.CSV, Compression.GZIP),
    ".parquet": (ContentType.PARQUET, Compression.NONE),
}
"""What the end of a file's name says of its format."""

_UNPACKED: Final = 64 * 1024 * 1024
"""Bytes of a compressed file that is unpacked to its end: a second or two."""

_PART: Final = 1024 * 1024
_WHOLE: Final = (8 * 1024 * 1024, 1024 * 1024)
"""Bytes of a file of which all rows are looked at, as it is and compressed: a second's work."""


@dataclass(frozen=True)
class DataFile:
    """A local data file as far as it was read."""

    columns: tuple[str, ...] | None
    """The header, or the columns of a Parquet file; None for a file that has problems."""

    rows: int
    """Data rows; those of a CSV file are counted up to `COUNTED_ROWS`."""

    problems: tuple[str, ...]
    """What is wrong with the file by itself, each as a sentence that follows the prop's name."""

    first_line: tuple[str, ...] = ()
    """The cells of a CSV file's first line, whether they are a header or not; none of a file that cannot be read."""

    doubts: tuple[str, ...] = ()
    """What an engine makes of its lines that a user should know, as `problems`."""

    surveys: tuple[Survey, ...] = ()
    """The target in all rows, as each engine sees it; none of a file that is larger than is read here."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a table is read where it is known by which engines."""

    reader: Engine
    """By whose rules: of several, by those of the stricter one."""

    engines: tuple[Engine, ...]
    """Who may come to read it."""

    target: str | None
    """The column to learn, if it is known."""


def format_of(path: Path) -> tuple[ContentType, Compression] | None:
    """The content type and compression that a file's name tells; None if it tells none."""
    name = path.name.lower()
    return next((known for suffix, known in SUFFIXES.items() if name.endswith(suffix)), None)


def read(path: Path, content_type: str, compression: str | None, reading: Reading | None = None) -> DataFile:
    """Read the beginning of a file and say what is wrong with it.

    Args:
        path: The file.
        content_type: Its format.
        compression: Whether it is compressed.
        reading: Which engines read it. Default: nobody knows, so that what one of them may not take is refused.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(PARQUET))
            file.seek(-min(len(PARQUET), file.seek(0, os.SEEK_END)), os.SEEK_END)
            end = file.read()
    except OSError as error:
        return _broken(f"cannot be read: {error.strerror or error}")
    if problem := _wrong_format(start, end, content_type, compression):
        return _broken(problem)
    if content_type == ContentType.PARQUET:
        return _read_parquet(path)
    if content_type != ContentType.CSV:
        return DataFile(None, 0, ())
    try:
        if compression == Compression.GZIP and path.stat().st_size <= _UNPACKED:
            _read_through(path)
        with _open_text(path, compression) as text:
            return _read_csv(text) if reading is None else _read_as(reading, text, path, compression)
    except UnicodeDecodeError as error:
        return _broken(not_utf8(error))
    except (zlib.error, EOFError, OSError) as error:
        return _broken(f"cannot be read: {error}")


def rows(path: Path, compression: str | None) -> Iterator[list[str]]:
    """All lines below the header of a CSV file; none of one that is larger than is read here."""
    if _is_moderate(path, compression):
        with _open_text(path, compression) as text, longer_cells():
            yield from itertools.islice(csv.reader(text), 1, None)


def _is_moderate(path: Path, compression: str | None) -> bool:
    return path.stat().st_size <= _WHOLE[compression == Compression.GZIP]


def _read_through(path: Path) -> None:
    """Unpack a file to its end, which tells when it breaks off."""
    with gzip.open(path) as file:
        while file.read(_PART):
            pass


def _read_parquet(path: Path) -> DataFile:
    try:
        footer = read_footer(path)
    except OSError as error:
        return _broken(f"cannot be read: {error.strerror or error}")
    except ValueError as error:
        return _broken(f"is no Parquet file that can be read: {error}")
    return DataFile(footer.columns, footer.rows, ())


def not_utf8(error: UnicodeDecodeError) -> str:
    """What is wrong with a text file of another encoding."""
    return f"is not UTF-8: byte {error.object[error.start]:#04x} cannot be decoded"


def _wrong_format(start: bytes, end: bytes, content_type: str, compression: str | None) -> str | None:
    """What the first and last bytes of a file say against the format that it is given as."""
    if not start:
        return "is empty"
    packed = start.startswith(GZIP)
    if compression == Compression.GZIP:
        return None if packed else "is not gzip-compressed"
    if packed and content_type == ContentType.CSV:
        return f"is gzip-compressed: give compression=Compression.{Compression.GZIP.name}"
    if content_type == ContentType.CSV and start == PARQUET:
        return f"is a Parquet file: give content_type=ContentType.{ContentType.PARQUET.name}"
    if content_type == ContentType.PARQUET and start != PARQUET:
        return f"is no Parquet file: it does not begin with '{PARQUET.decode()}'"
    if content_type == ContentType.PARQUET and end != PARQUET:
        return f"is no whole Parquet file: it does not end with '{PARQUET.decode()}'"
    return None


def problems_with_columns(
    prop: str, columns: Sequence[str], wanted: Iterable[tuple[str, str]], *, file: Path
) -> list[str]:
    """Which wanted columns the file of a prop does not have.

    Args:
        prop: What the caller calls the file's prop, in quotes.
        columns: The header.
        wanted: Pairs of a prop's name in quotes and the column it names.
        file: The file, for the message.
    """
    return [
        f"{wanting} names the column '{column}', which {prop} ({file.name}) does not have"
        f"{hint(column, columns)}; its columns are {some(columns)}"
        for wanting, column in wanted
        if column not in columns
    ]


def _open_text(path: Path, compression: str | None) -> IO[str]:
    if compression == Compression.GZIP:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _read_csv(text: IO[str]) -> DataFile:
    reader = csv.reader(text, strict=True)
    try:
        with longer_cells():
            return _judge_rows(reader)
    except csv.Error as error:
        return _broken(f"cannot be read at line {reader.line_num}: {error}")


def _judge_rows(reader: "_Reader") -> DataFile:
    header = next(reader, None)
    if not header or not any(name.strip() for name in header):
        return _broken("has no header line")
    problems = []
    if twice := sorted({name for name in header if name.strip() and header.count(name) > 1}):
        problems.append(f"has more than one column called {listed(twice)}")
    if nameless := [number for number, name in enumerate(header, start=1) if not name.strip()]:
        problems.append(f"has a column without a name (number {nameless[0]})")
    rows = 0
    for row in itertools.islice((row for row in reader if row), COUNTED_ROWS):
        rows += 1
        if len(row) != len(header):
            found, wanted = counted(len(row), "value"), counted(len(header), "column")
            problems.append(f"has {found} in line {reader.line_num} but {wanted} in its header")
            break
    return DataFile(tuple(header) if not problems else None, rows, tuple(problems), tuple(header))


def _read_as(reading: Reading, text: IO[str], path: Path, compression: str | None) -> DataFile:
    """Read a table by an engine's rules; to its end, if it is not large."""
    surveys: tuple[Survey, ...] = ()
    try:
        with closing(records(text, path.name)) as read:
            opened = reading.reader.rows(read, path.name)
            if opened is None:
                return _broken("has no header line")
            if opened.moved:
                return _broken(opened.notes[-1])
            columns, rows = opened.columns, opened.rows
            if not _is_moderate(path, compression):
                rows = itertools.islice(rows, COUNTED_ROWS)
            elif reading.target in columns:
                surveys = tuple(Survey(each, [reading.target], reading.target, cap=0) for each in reading.engines)
            count = _looked_at(rows, surveys, columns)
    except DataFault as fault:
        return _broken(str(fault))
    return DataFile(tuple(columns), min(count, COUNTED_ROWS), (), tuple(columns), tuple(opened.told()), surveys)


def _looked_at(rows: Iterator[list[str]], surveys: Sequence[Survey], columns: Sequence[str]) -> int:
    """How many rows there are; those who survey them see the target."""
    count = 0
    place = columns.index(surveys[0].target) if surveys else 0
    while labels := [[row[place]] for row in itertools.islice(rows, BATCH)]:
        count += len(labels)
        for survey in surveys:
            survey.add(labels)
    return count


def _broken(problem: str) -> DataFile:
    return DataFile(None, 0, (problem,))
