"""Reads CSV and Parquet files into rows of text, and says in a user's words what is wrong with them.

A cell is always a string, empty when the value is missing: what a model is served later is text too.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import random
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from ..faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

CSV = "text/csv;header=present"
PARQUET = "x-application/vnd.amazon+parquet"

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "<NA>"})
"""Cells that count as no value. Autopilot's own list is not published."""

_HIDDEN = ("_", ".")
"""How names begin that Spark and its kin give to what is no data."""

_LONGEST_CELL = 10_000_000
_BATCH = 10_000
_SEED = 0


@dataclass
class Table:
    """The usable rows of a channel, a random sample of them if there are more than the cap."""

    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    usable: int = 0
    """Rows that were usable, in the sample or not."""

    dropped: dict[str, int] = field(default_factory=dict)
    """Why other rows were left out, and how many."""

    empty_files: list[str] = field(default_factory=list)
    hidden_files: list[str] = field(default_factory=list)
    """What lay beside Parquet files and is no data, such as ``_SUCCESS``."""

    repeated_headers: int = 0
    """Rows that are the header again, as files have that were put together: a row as any other."""

    def notes(self, channel: str) -> list[str]:
        """What a reader should know of how the channel was read."""
        notes = [f"{count} {channel} rows are left out: {why}" for why, count in self.dropped.items()]
        notes += [f"{name} is empty" for name in self.empty_files]
        notes += [f"{name} is not read: its name says that it is no data" for name in self.hidden_files]
        if self.repeated_headers:
            notes.append(f"{self.repeated_headers} {channel} rows repeat the header; they are read as data")
        if self.usable > len(self.rows):
            notes.append(f"a random sample of {len(self.rows)} of {self.usable} {channel} rows is used here")
        return notes

    def why_dropped(self) -> str:
        """The end of a message that no row is usable."""
        why = "; ".join(f"{count} have {reason}" for reason, count in self.dropped.items())
        return f": {why}" if why else ""


@dataclass(frozen=True)
class _Source:
    name: str
    header: list[str]
    rows: Iterator[list[str]]


def read(
    files: Sequence[Path],
    *,
    content_type: str | None,
    compression: str | None,
    channel: str,
    check_header: Callable[[list[str]], Callable[[list[str]], str | None]],
    cap: int,
) -> Table:
    """Read all files of a channel.

    Args:
        files: What to read, in order. They must have the same header.
        content_type: The API's content type. `None` is CSV.
        compression: ``Gzip``, or ``None`` (the word or nothing).
        channel: ``training`` or ``validation``, for messages.
        check_header: Given the columns, raises what is wrong with them or returns a judge of rows: `None` for a usable
            row, else why it is left out.
        cap: The most rows to keep.

    Raises:
        DataFault: The files cannot be used; says why, and where.
    """
    is_parquet = _is_parquet(content_type)
    open_source = _open_parquet if is_parquet else _open_csv
    table: Table | None = None
    draw = random.Random(_SEED)  # noqa: S311 - a sample, no secret
    hidden = [path.name for path in files if is_parquet and path.name.startswith(_HIDDEN)]
    empty: list[str] = []
    for path in files:
        if path.name in hidden:
            continue
        with open_source(path, compression) as source:
            if source is None:
                empty.append(path.name)
                continue
            if table is None:
                _check_names(source)
                why_not = check_header(source.header)
                table = Table(columns=source.header)
            elif source.header != table.columns:
                raise DataFault(
                    f"the {channel} files do not have the same header: {source.name} has "
                    f"{difference(source.header, table.columns)}"
                )
            for row in source.rows:
                table.repeated_headers += row == table.columns
                _take(table, row, why_not(row), cap, draw)
    if table is None:
        raise DataFault(
            f"the {channel} data is empty: {', '.join(empty + hidden)}"
            if empty or hidden
            else f"the {channel} channel has no file"
        )
    table.empty_files, table.hidden_files = empty, hidden
    return table


def media_type(content_type: str) -> str:
    """A content type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def closest(name: str, names: Sequence[str]) -> str:
    """A hint at the name that was meant, or the names there are."""
    for candidate in names:
        if candidate.strip().lower() == name.strip().lower():
            return f"there is {candidate!r}, which differs in case or spaces only"
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    shown = ", ".join(map(repr, names[:20]))
    return f"the columns are {shown}" + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def difference(header: Sequence[str], expected: Sequence[str]) -> str:
    """What a header has that was not expected, and what it lacks."""
    extra = [name for name in header if name not in expected]
    lost = [name for name in expected if name not in header]
    parts = [f"{word} {', '.join(map(repr, names[:5]))}" for word, names in (("also", extra), ("no", lost)) if names]
    return " and ".join(parts) or "the columns in another order"


def rows_of_csv(text: TextIO, name: str, width: int | None = None) -> Iterator[list[str]]:
    """The rows of CSV text without blank lines, each as wide as the first (or as `width`)."""
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(text, strict=True)
    start = 1
    try:
        for row in reader:
            if row:
                width = width or len(row)
                if len(row) != width:
                    raise DataFault(f"{name}, line {start}: {_count(len(row), 'value')}, but there should be {width}")
                yield row
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataFault(f"{name}, line {start}: {error}") from error


def _take(table: Table, row: list[str], reason: str | None, cap: int, draw: random.Random) -> None:
    if reason:
        table.dropped[reason] = table.dropped.get(reason, 0) + 1
        return
    table.usable += 1
    if len(table.rows) < cap:
        table.rows.append(row)
    elif (place := draw.randrange(table.usable)) < cap:  # every row ends in the sample with the same chance
        table.rows[place] = row


def _is_parquet(content_type: str | None) -> bool:
    kind = media_type(content_type or CSV)
    if kind == PARQUET:
        return True
    if kind == media_type(CSV):
        if "header=absent" in (content_type or "").replace(" ", "").lower():
            raise DataFault(f"content type {content_type!r}: a header line is required ({CSV})")
        return False
    raise DataFault(f"content type {content_type!r} is not supported; use {CSV!r} or {PARQUET!r}")


def _check_names(source: _Source) -> None:
    for position, name in enumerate(source.header, 1):
        if not name.strip():
            raise DataFault(f"{source.name}: column {position} has no name in the header")
    twice = {name for name in source.header if source.header.count(name) > 1}
    if twice:
        raise DataFault(f"{source.name}: the header names {', '.join(map(repr, sorted(twice)))} more than once")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


@contextmanager
def _open_csv(path: Path, compression: str | None) -> Iterator[_Source | None]:
    gzipped = (compression or "None").lower() == "gzip"
    with _explained(path, gzipped=gzipped), path.open("rb") as raw:
        start = raw.read(4)
        raw.seek(0)
        if start == b"PAR1":
            raise DataFault(f"{path.name} is a Parquet file, but the channel's content type is CSV")
        if start.startswith(b"\x1f\x8b") and not gzipped:
            raise DataFault(f"{path.name} is compressed, but the channel's compression type is not Gzip")
        if start and gzipped and not start.startswith(b"\x1f\x8b"):
            raise DataFault(f"{path.name} is not a gzip file, but the channel's compression type is Gzip")
        data: Any = gzip.GzipFile(fileobj=raw) if gzipped else raw
        text = io.TextIOWrapper(data, encoding="utf-8-sig", newline="")
        lines = rows_of_csv(text, path.name)
        header = next(lines, None)
        yield None if header is None else _Source(path.name, header, (list(map(_cell, row)) for row in lines))


@contextmanager
def _open_parquet(path: Path, compression: str | None) -> Iterator[_Source | None]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if (compression or "None").lower() == "gzip":
        raise DataFault("compression type Gzip is for CSV; Parquet files are compressed inside")
    if not path.stat().st_size:
        yield None
        return
    try:
        with pq.ParquetFile(path) as file:
            header = [str(name) for name in file.schema_arrow.names]
            yield _Source(path.name, header, _parquet_rows(file)) if file.metadata.num_rows else None
    except (pa.ArrowException, OSError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataFault(f"{path.name} cannot be read as Parquet: {first}") from error


def _parquet_rows(file: Any) -> Iterator[list[str]]:
    for batch in file.iter_batches(_BATCH):
        columns = [column.to_pylist() for column in batch.columns]
        for row in zip(*columns, strict=True):
            yield [_text(value) for value in row]


@contextmanager
def _explained(path: Path, *, gzipped: bool) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise DataFault(f"{path.name} is not UTF-8 text: {_undecodable(path, gzipped=gzipped)}") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFault(f"{path.name} cannot be decompressed: {error}") from error
    except OSError as error:
        raise DataFault(f"{path.name} cannot be read: {error.strerror or error}") from error


def _undecodable(path: Path, *, gzipped: bool) -> str:
    with gzip.open(path) if gzipped else path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return f"byte 0x{line[error.start]:02x} in line {number}; save it as UTF-8"
    return "save it as UTF-8"


def _cell(value: str) -> str:
    value = value.strip()
    return "" if value in MISSING else value


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return _cell(value.decode(errors="replace"))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return _cell(str(value))
