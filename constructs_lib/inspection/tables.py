"""Files as one table, read as the engine of a mode reads them."""

import gzip
import importlib.util
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.files import GZIP, PARQUET, is_named_parquet, open_csv
from constructs_lib.engines.inspection import (
    Engine,
    Inspection,
    Survey,
    batches,
    inspected,
    no_target,
    unreadable,
)
from constructs_lib.engines.records import Opened, records
from constructs_lib.engines.target import few

from .tally import Tally

if TYPE_CHECKING:
    from constructs_lib.engines.ensembling import Dtype

QUICK: Final = 16 * 1024 * 1024
"""Bytes from which a CSV file is worth the start of Arrow."""

CAP: Final = 20_000
"""Rows of the sample from which types are found."""

_NEEDED: Final = ("pyarrow", "numpy")

Watch = Callable[[int], None]
"""Is told how many more bytes of the files are read."""


@dataclass
class Table:
    """What was read."""

    found: Inspection
    survey: Survey | None = None
    """`None`: it cannot be read as far as that."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    """How the files were read, for who wonders why it took long."""


def read_table(files: Sequence[Path], target: str, engine: Engine, watch: Watch | None = None) -> Table:
    """Read files to their ends. All must have the same header.

    Args:
        files: CSV, also compressed (by the end of its name), or Parquet, in order.
        target: The column to learn.
        engine: Whose view it is.
        watch: Is told of the progress.
    """
    reading = _Reading(target, engine, watch)
    try:
        for path in files:
            reading.add(path)
    except DataFault as fault:
        return Table(found=unreadable(fault), remarks=reading.remarks)
    if reading.survey is None:
        return Table(found=unreadable(DataFault(reading.empty())), remarks=reading.remarks)
    found = inspected(reading.survey, None, reading.notes)
    return Table(found, reading.survey, reading.tallies, reading.remarks)


class _Reading:
    def __init__(self, target: str, engine: Engine, watch: Watch | None) -> None:
        self.survey: Survey | None = None
        self.tallies: dict[str, Tally] = {}
        self.notes: list[str] = []
        self.remarks: list[str] = []
        self._target, self._engine, self._watch = target, engine, watch
        self._empty: list[str] = []
        self._first = ""

    def empty(self) -> str:
        """What to say where no file has a row."""
        return f"{few(self._empty)[1:-1]} is empty" if len(self._empty) == 1 else f"has no rows: {few(self._empty)}"

    def add(self, path: Path) -> None:
        """Read one more file."""
        if is_parquet(path):
            from constructs_lib.rehearsal.training.tabular.data import open_parquet

            with open_parquet(path) as opened:
                self._add(opened, path, None)
            if self._watch:
                self._watch(path.stat().st_size)
        elif self._engine.typed and is_named_parquet(path.name):
            raise DataFault(
                f"{path.name} is CSV, and {self._engine.mode} takes it for Parquet, for its name: give it another one"
            )
        else:
            check_gzip(path)
            with open_csv(path, gzipped=is_gzipped(path)) as text:
                lines: Iterator[str] = self._watched(text) if self._watch and not self._is_quick(path) else text
                with closing(records(lines, path.name)) as read:
                    self._add(self._engine.rows(read, path.name), path, text)

    def _watched(self, text: IO[str]) -> Iterator[str]:
        watch = self._watch or (lambda _: None)
        for line in text:
            watch(len(line))
            yield line

    def _add(self, opened: Opened | None, path: Path, text: IO[str] | None) -> None:
        if opened is None:
            self._empty.append(path.name)
            return
        if self.survey is None:
            self.survey = self._new(opened)
            self._first = path.name
        elif opened.columns != self.survey.columns:
            raise DataFault(f"{path.name} has another header than {self._first}: {few(opened.columns)}")
        rows = opened.rows
        if text is not None and path.stat().st_size >= QUICK and not _has_arrow():
            extra = "with pip install '.[inspect]' in a checkout it is read quickly, with the same answers"
            self.remarks.append(f"{path.name} is read cell by cell: {extra}")
        if text is not None and self._is_quick(path) and len(opened.columns) > 1 and not opened.moved:
            rows = self._quickly(path, opened)
        for group in batches(rows):
            self.survey.add(group)
            for name, cells in zip(opened.columns, zip(*group, strict=True), strict=True):
                self.tallies[name].add_counted(Counter(cells))
        self.notes += opened.told()

    def _new(self, opened: Opened) -> Survey:
        if self._target not in opened.columns:
            raise DataFault(no_target(opened.name, opened.columns, self._target))
        dtypes: dict[str, Dtype] | None = getattr(opened, "dtypes", None)
        if dtypes is None and _has_arrow():
            from .arrow import ArrowSurvey

            survey = ArrowSurvey(self._engine, opened.columns, self._target, cap=CAP)
            self.tallies = survey.tallies
            return survey
        self.tallies = {name: Tally(self._engine) for name in opened.columns}
        return Survey(self._engine, opened.columns, self._target, cap=CAP, dtypes=dtypes, counts_gaps=True)

    def _is_quick(self, path: Path) -> bool:
        return path.stat().st_size >= QUICK // (8 if is_gzipped(path) else 1) and _has_arrow()

    def _quickly(self, path: Path, opened: Opened) -> Iterator[list[str]]:
        """Read a file with Arrow; returns the rows that it did not come to."""
        from . import arrow

        survey: Any = self.survey
        with open_csv(path, gzipped=is_gzipped(path)) as text, closing(records(text, path.name)) as read:
            header = next(read)
        before = survey.rows
        try:
            with _bytes_of(path, self._watch) as file:
                arrow.read(file, header, survey)
        except arrow.NotQuick as reason:
            done = survey.rows - before
            self.remarks.append(
                f"{path.name} is read cell by cell from row {done + 1} on, since {reason} or a little later: "
                "that takes longer, and says the same"
            )
            return itertools.islice(opened.rows, done, None)
        return iter(())


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet by its content."""
    with path.open("rb") as file:
        return file.read(len(PARQUET)) == PARQUET


def is_gzipped(path: Path) -> bool:
    """Whether a file is taken for compressed, which goes by its name."""
    return path.name.lower().endswith(".gz")


def check_gzip(path: Path) -> None:
    """Hold the name of a file against its content.

    Raises:
        DataFault: One of them says that it is compressed, and the other does not.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(GZIP))
    except OSError as error:
        raise DataFault(f"{path.name} cannot be read: {error.strerror or error}") from error
    if start and is_gzipped(path) and start != GZIP:
        raise DataFault(f"{path.name} is called .gz, and is no gzip file: leave '.gz' out of its name, or compress it")
    if start == GZIP and not is_gzipped(path):
        raise DataFault(f"{path.name} is a gzip file, and is not called so: give it a name that ends with '.gz'")


def _has_arrow() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in _NEEDED)


@contextmanager
def _bytes_of(path: Path, watch: Watch | None) -> Iterator[Any]:
    with path.open("rb") as raw:
        watched = _Progress(raw, watch) if watch else raw
        with gzip.GzipFile(fileobj=watched) if is_gzipped(path) else nullcontext(watched) as file:
            yield file


class _Progress:
    """A file that tells how far it is read."""

    def __init__(self, file: BufferedIOBase, watch: Watch) -> None:
        self._file, self._watch = file, watch

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._watch(len(data))
        return data

    def readinto(self, free: memoryview) -> int:
        count = self._file.readinto(free)
        self._watch(count)
        return count

    def seek(self, place: int, whence: int = 0) -> int:
        self._watch(place - self._file.tell() if not whence else 0)
        return self._file.seek(place, whence)

    def tell(self) -> int:
        return self._file.tell()
