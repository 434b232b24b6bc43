"""Reads CSV and Parquet files into rows of text, and says in a user's words what is wrong with them.

Tabular jobs read as the engine of their mode does (`survey`). How texts and time series are read is not known; `read`
takes them by a rule of ours: blanks around a cell are nothing, and some words mean that it is missing. Either way a
missing cell is empty: what a model is served later is text too.
"""

from __future__ import annotations

import csv
import difflib
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from constructs_lib.engines.ensembling import Dtype
from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.files import open_csv
from constructs_lib.engines.inspection import (
    Engine,
    Survey,
    batches,
)
from constructs_lib.engines.records import Opened, longer_cells, records
from constructs_lib.engines.reservoir import Reservoir
from constructs_lib.engines.target import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

CSV = "text/csv;header=present"
PARQUET = "x-application/vnd.amazon+parquet"

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "<NA>"})
"""Cells of texts and time series that count as no value. Autopilot's own list is not published."""

_HIDDEN = ("_", ".")
"""How names begin that Spark and its kin give to what is no data."""

_BATCH = 10_000


@dataclass
class Read:
    """What was read of a channel, besides its rows."""

    usable: int = 0
    """Rows that were usable, in the sample or not."""

    dropped: dict[str, int] = field(default_factory=dict)
    """Why other rows were left out, and how many."""

    empty_files: list[str] = field(default_factory=list)
    hidden_files: list[str] = field(default_factory=list)
    """What lay beside Parquet files and is no data, such as ``_SUCCESS``."""

    repeated_headers: int = 0
    """Rows that are the header again, as files have that were put together: a row as any other."""

    remarks: list[str] = field(default_factory=list)
    """What an engine has to say of the files."""

    def drop(self, count: int, why: str) -> None:
        """Note rows that are left out."""
        self.dropped[why] = self.dropped.get(why, 0) + count

    def notes(self, channel: str, sampled: int) -> list[str]:
        """What a reader should know of how the channel was read.

        Args:
            channel: ``training`` or ``validation``.
            sampled: Rows of the sample.
        """
        notes = [f"{count} {channel} rows are left out: {why}" for why, count in self.dropped.items()]
        notes += self.remarks
        notes += [f"{name} is empty" for name in self.empty_files]
        notes += [f"{name} is not read: its name says that it is no data" for name in self.hidden_files]
        if self.repeated_headers:
            notes.append(f"{self.repeated_headers} {channel} rows repeat the header; they are read as data")
        if self.usable > sampled:
            notes.append(f"a random sample of {sampled} of {self.usable} {channel} rows is used here")
        return notes

    def why_dropped(self) -> str:
        """The end of a message that no row is usable."""
        why = "; ".join(f"{count} have {reason}" for reason, count in self.dropped.items())
        return f": {why}" if why else ""


@dataclass
class Table(Read):
    """The usable rows of a channel, a random sample of them if there are more than the cap."""

    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    def notes(self, channel: str, sampled: int | None = None) -> list[str]:
        """What a reader should know of how the channel was read."""
        return super().notes(channel, len(self.rows) if sampled is None else sampled)


@dataclass
class Typed(Opened):
    """A Parquet file, whose columns have types."""

    dtypes: Mapping[str, Dtype] = field(default_factory=dict)


def read(
    files: Sequence[Path],
    *,
    content_type: str | None,
    compression: str | None,
    channel: str,
    check_header: Callable[[list[str]], Callable[[list[str]], str | None]],
    cap: int,
) -> Table:
    """Read all files of a channel by our own rule.

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
    table = Table()
    sample = Reservoir(cap)
    judges: list[Callable[[list[str]], str | None]] = []

    def take(source: Opened) -> None:
        if not judges:
            _check_names(source)
            judges.append(check_header(source.columns))
            table.columns = source.columns
        [why_not] = judges
        for batch in batches(source.rows):
            table.repeated_headers += batch.count(table.columns)
            usable = []
            for row in batch:
                if reason := why_not(row):
                    table.drop(1, reason)
                else:
                    usable.append(row)
            sample.add(usable)

    _each_source(files, content_type, compression, channel, None, table, take)
    table.rows, table.usable = sample.rows, sample.seen
    return table if judges else _nothing(table, channel)


def survey(
    files: Sequence[Path],
    *,
    engine: Engine,
    target: str,
    weight: str | None,
    content_type: str | None,
    compression: str | None,
    channel: str,
    check_header: Callable[[list[str]], None],
    cap: int,
    counts_gaps: bool = False,
) -> tuple[Survey, Read]:
    """Read all files of a channel as an engine does.

    Args:
        files: What to read, in order. They must have the same header.
        engine: The engine.
        target: The column to learn.
        weight: That of the weights; rows without one that is a number of 0 or more are left out.
        content_type: The API's content type. `None` is CSV.
        compression: ``Gzip``, or ``None`` (the word or nothing).
        channel: ``training`` or ``validation``, for messages.
        check_header: Given the columns, raises what is wrong with them.
        cap: The most rows to keep.
        counts_gaps: Whether the missing cells of all rows are counted.

    Raises:
        DataFault: The files cannot be used; says why, and where.
    """
    found = Read()
    table: Survey | None = None

    def take(source: Opened) -> None:
        nonlocal table
        if table is None:
            check_header(source.columns)
            dtypes = source.dtypes if isinstance(source, Typed) else None
            table = Survey(engine, source.columns, target, cap=cap, dtypes=dtypes, counts_gaps=counts_gaps)
        for batch in batches(source.rows):
            found.repeated_headers += batch.count(table.columns)
            table.add(batch if weight is None else _weighted(batch, table, weight, found))

    _each_source(files, content_type, compression, channel, engine, found, take)
    if table is None:
        return _nothing(found, channel), found
    found.usable = table.labelled
    return table, found


def _weighted(batch: list[list[str]], table: Survey, weight: str, found: Read) -> list[list[str]]:
    place = table.columns.index(weight)
    invalid = {cell for cell in {row[place] for row in batch} if not table.engine.number(table.value(cell)) >= 0}
    kept = [row for row in batch if row[place] not in invalid] if invalid else batch
    if invalid:
        found.drop(len(batch) - len(kept), f"no valid weight in {weight!r}")
    return kept


def _nothing(found: Read, channel: str) -> Any:
    names = found.empty_files + found.hidden_files
    raise DataFault(
        f"the {channel} data is empty: {', '.join(names)}" if names else f"the {channel} channel has no file"
    )


def _each_source(
    files: Sequence[Path],
    content_type: str | None,
    compression: str | None,
    channel: str,
    engine: Engine | None,
    found: Read,
    take: Callable[[Opened], None],
) -> None:
    """Hand over the files that have rows, one after the other; they must have the same header."""
    is_parquet = _is_parquet(content_type)
    header: list[str] | None = None
    for path in files:
        if is_parquet and path.name.startswith(_HIDDEN):
            found.hidden_files.append(path.name)
            continue
        opened = open_parquet(path, compression) if is_parquet else _open_csv(path, compression, engine)
        with opened as source:
            if source is None:
                found.empty_files.append(path.name)
                continue
            header = header or source.columns
            if source.columns != header:
                raise DataFault(
                    f"the {channel} files do not have the same header: {source.name} has "
                    f"{difference(source.columns, header)}"
                )
            take(source)
            found.remarks += source.told()


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


def rows_of_csv(text: Iterable[str], name: str, width: int | None = None) -> Iterator[list[str]]:
    """The rows of CSV text without blank lines, each as wide as the first (or as `width`)."""
    reader = csv.reader(text, strict=True)
    start = 1
    try:
        with longer_cells():
            for row in reader:
                if row:
                    width = width or len(row)
                    if len(row) != width:
                        values = counted(len(row), "value")
                        raise DataFault(f"{name}, line {start}: {values}, but there should be {width}")
                    yield row
                start = reader.line_num + 1
    except csv.Error as error:
        raise DataFault(f"{name}, line {start}: {error}") from error


def _is_parquet(content_type: str | None) -> bool:
    kind = media_type(content_type or CSV)
    if kind == PARQUET:
        return True
    if kind == media_type(CSV):
        if "header=absent" in (content_type or "").replace(" ", "").lower():
            raise DataFault(f"content type {content_type!r}: a header line is required ({CSV})")
        return False
    raise DataFault(f"content type {content_type!r} is not supported; use {CSV!r} or {PARQUET!r}")


def _check_names(source: Opened) -> None:
    for position, name in enumerate(source.columns, 1):
        if not name.strip():
            raise DataFault(f"{source.name}: column {position} has no name in the header")
    twice = {name for name in source.columns if source.columns.count(name) > 1}
    if twice:
        raise DataFault(f"{source.name}: the header names {', '.join(map(repr, sorted(twice)))} more than once")


@contextmanager
def _open_csv(path: Path, compression: str | None, engine: Engine | None) -> Iterator[Opened | None]:
    with open_csv(path, gzipped=(compression or "None").lower() == "gzip") as text:
        if engine:
            with closing(records(text, path.name)) as read:
                yield engine.rows(read, path.name)
        else:
            lines = rows_of_csv(text, path.name)
            header = next(lines, None)
            yield Opened(path.name, header, (list(map(_cell, row)) for row in lines)) if header else None


@contextmanager
def open_parquet(path: Path, compression: str | None = None) -> Iterator[Opened | None]:
    """The columns of a Parquet file and its rows as text; `None` of one without rows.

    Args:
        path: The file.
        compression: ``Gzip`` is refused.

    Raises:
        DataFault: It cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if (compression or "None").lower() == "gzip":
        raise DataFault("compression type Gzip is for CSV; Parquet files are compressed inside")
    if not path.stat().st_size:
        yield None
        return
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            header = [str(name) for name in schema.names]
            dtypes = {column: _dtype(kind) for column, kind in zip(header, schema.types, strict=True)}
            rows = _parquet_rows(file)
            yield Typed(path.name, header, rows, dtypes=dtypes) if file.metadata.num_rows else None
    except (pa.ArrowException, OSError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataFault(f"{path.name} cannot be read as Parquet: {first}") from error


def _parquet_rows(file: Any) -> Iterator[list[str]]:
    for batch in file.iter_batches(_BATCH):
        columns = [column.to_pylist() for column in batch.columns]
        for row in zip(*columns, strict=True):
            yield [_text(value) for value in row]


def _dtype(kind: Any) -> Dtype:
    """The type of a Parquet column without gaps."""
    import pyarrow.types as of

    if of.is_boolean(kind):
        return Dtype.BOOL
    if of.is_integer(kind):
        return Dtype.WHOLE
    if of.is_floating(kind):
        return Dtype.DECIMAL
    if of.is_nested(kind):
        return Dtype.LISTS
    return Dtype.OTHER if of.is_temporal(kind) or of.is_binary(kind) else Dtype.TEXT


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
