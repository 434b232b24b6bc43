"""Reads large CSV files with Arrow, and says of them what the engines' own reader says, cell for cell.

Arrow reads commas, quotes and line ends as the engines do where every row is as wide as the header. What else a file
may have (other widths, a character NUL, no UTF-8, a quote that is never closed) ends the quick reading: the rows after
those that came are read by the engine's rules, which tell what is wrong, or make the best of it.
"""

from __future__ import annotations

import codecs
import itertools
import math
from collections import Counter, defaultdict
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from constructs_lib.engines.ensembling import MISSING
from constructs_lib.engines.inspection import BATCH, Engine, Survey

from .tally import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

_BLOCK: Final = 1024 * 1024
_FEW: Final = 256
"""Different cells among the first rows up to which a column is read as codes of them."""

_FIRST: Final = 8
_LARGEST: Final = 2.0**63
_NO_VALUE: Final = pa.array(sorted(MISSING))
_PLAIN: Final = r"^-?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?$"
_UNUSUAL: Final = r"[^\x00-\x7f]|^[\x09-\x20]*[+-]?[0-9_]*\.?[0-9_]*([eE][+-]?[0-9_]+)?[\x09-\x20]*$"
"""All that may be a number to Python, and more: with digits of other scripts, underscores, blanks around it."""

_OF_NUMBERS: Final = np.array([byte <= 0x20 or byte >= 0x80 or chr(byte) in "+-.0123456789" for byte in range(256)])
"""By its first byte, whether a cell may be a finite number."""


class NotQuick(Exception):  # noqa: N818 - no fault: the file is read otherwise from here on
    """The rest of a file cannot be read here; says why."""


class ArrowSurvey(Survey):
    """A survey that takes Arrow's batches too, with a tally of each column beside it."""

    def __init__(self, engine: Engine, columns: Sequence[str], target: str, *, cap: int) -> None:
        """Nothing is known yet; see `Survey`."""
        super().__init__(engine, columns, target, cap=cap, counts_gaps=True)
        self.tallies = {name: Tally(engine) for name in columns}
        self._given: list[set[str]] = [set() for _ in columns]
        """Of each column, the cells that its type was found from."""

        self._drawn: dict[int, tuple[int, int]] = {}
        """For each place in the sample that has no text yet, which of `_batches` and which row of it."""

        self._batches: list[Any] = []

    def add_batch(self, batch: Any) -> None:
        """The next rows, all of the header's width, as a batch of texts or of codes of texts."""
        labels: _Cells | None = None
        for place, (name, column) in enumerate(zip(self.columns, batch.columns, strict=True)):
            cells = _Cells(column)
            if place == self._place:
                labels = cells
                self._add_labels(cells)
            self._add_column(place, name, cells)
        self.rows += len(batch)
        if not self._cap or labels is None:
            return
        unlabelled = self._missing(list(labels.counts))
        if unlabelled and not self._keeps_words(self._place):
            gone = pc.is_in(labels.texts, value_set=pa.array(sorted(unlabelled), pa.string()))
            batch = batch.filter(pc.invert(gone))
        if taken := self._labelled.draw(len(batch)):
            self._labelled.put(taken, defaultdict(list))
            self._drawn.update({place: (len(self._batches), at) for at, (place, _) in enumerate(taken)})
            self._batches.append(batch.take(pa.array([number for _, number in taken])))

    def write_sample(self) -> None:
        """Make text of the rows of the sample; most that were drawn have given way to later ones."""
        kept: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for place, (number, at) in self._drawn.items():
            kept[number].append((place, at))
        for number, places in kept.items():
            batch = self._batches[number].take(pa.array([at for _, at in places]))
            rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            for (place, _), row in zip(places, rows, strict=True):
                self._labelled.rows[place] = list(row)
        self._drawn, self._batches = {}, []

    def _add_labels(self, cells: _Cells) -> None:
        if self.labels.has_room(len(cells.counts)):
            self.labels.add_counted(list(cells.counts), list(cells.counts.values()), cells.first)
        else:
            for part in _parts(cells.texts.to_pylist()):
                self.labels.add(part)

    def _add_column(self, place: int, name: str, cells: _Cells) -> None:
        tally, scan = self.tallies[name], self._scans[place] if self._scans else None
        if cells.are_coded or (tally.known is not None and cells.are_few):
            missing = self._missing(list(cells.counts))
            self.gaps[name] += sum(cells.counts[cell] for cell in missing)
            tally.add_counted(cells.counts)
            if scan is not None and scan.needs_every_cell:
                for part in _parts(cells.texts.to_pylist()):
                    scan.add(part)
            elif scan is not None and not cells.counts.keys() <= self._given[place]:
                scan.add(cells.in_order())
                self._given[place].update(cells.counts)
            return
        if tally.known is not None:
            tally.add_distinct(list(cells.counts))
        if (scan is not None and scan.is_text) or (numbers := _finite(cells.texts)) is None:
            texts = self._add_gaps(name, cells.texts, scan)
            if scan is not None and scan.is_text:
                return
            numbers = _finite(texts)
            if numbers is None:
                if scan is not None:
                    for part in _parts(texts.to_pylist()):
                        scan.add(part)
                if scan is None or not scan.is_text:
                    _add_some_numbers(tally, texts)
                return
        else:
            texts = cells.texts
        if not len(numbers):
            return
        least, most = float(numbers.min()), float(numbers.max())
        tally.add_reach(least, most)
        if scan is None or scan.is_text:
            return
        if scan.needs_every_cell or max(abs(least), abs(most)) >= _LARGEST:
            for part in _parts(texts.to_pylist()):
                scan.add(part)
        elif not (scan.is_decimal and least >= 0):
            scan.add_numbers(whole=not scan.is_decimal and _are_whole(texts), negative=least < 0)

    def _add_gaps(self, name: str, texts: Any, scan: Any) -> Any:
        """Count the cells without a value; returns the others."""
        tally = self.tallies[name]
        gone = pc.is_in(texts, value_set=_NO_VALUE)
        if pc.any(gone).as_py():
            counts = _counted(texts.filter(gone))
            tally.empty += counts.pop("", 0)
            tally.words.update(counts)
        spaces = pc.utf8_is_space(texts)
        blank = pc.sum(spaces).as_py() or 0
        if blank and scan is None:
            gone = pc.or_(gone, spaces)
        tally.blank += blank
        self.gaps[name] = tally.missing(words=scan is not None)
        if scan is None:
            # Words are values to this engine.
            gone = pc.or_(pc.equal(pc.binary_length(texts), 0), spaces)
        if pc.any(gone).as_py():
            if scan is not None:
                scan.add(("",))
            return texts.filter(pc.invert(gone))
        return texts


class _Cells:
    """A column of a batch."""

    def __init__(self, column: Any) -> None:
        self.are_coded = pa.types.is_dictionary(column.type)
        self._column = column
        self._codes: Any = None
        self._texts: Any = None if self.are_coded else column
        self._counts: dict[str, int] | None = None

    @property
    def texts(self) -> Any:
        if self._texts is None:
            self._texts = self._column.dictionary_decode()
        return self._texts

    @property
    def codes(self) -> Any:
        if self._codes is None:
            self._codes = self._column if self.are_coded else self._column.dictionary_encode()
        return self._codes

    @property
    def are_few(self) -> bool:
        return len(self.counts) <= _FEW

    @property
    def counts(self) -> dict[str, int]:
        """The different cells and how often each comes."""
        if self._counts is None:
            spelled = self.codes.dictionary.to_pylist()
            counts = np.bincount(self.codes.indices.to_numpy(), minlength=len(spelled)).tolist()
            self._counts = {cell: count for cell, count in zip(spelled, counts, strict=True) if count}
        return self._counts

    def first(self) -> list[int]:
        """Where each of `counts` comes first."""
        indices = self.codes.indices.to_numpy()
        places = np.full(len(self.codes.dictionary), len(indices))
        places[indices[::-1]] = np.arange(len(indices) - 1, -1, -1)
        found: list[int] = places[places < len(indices)].tolist()
        return found

    def in_order(self) -> list[str]:
        """The different cells as they come."""
        places = self.first()
        cells = list(self.counts)
        return [cells[at] for at in sorted(range(len(cells)), key=places.__getitem__)]


def read(file: IO[bytes], header: Sequence[str], sample: Sequence[Sequence[str]], survey: ArrowSurvey) -> None:
    """Read a file to its end.

    Args:
        file: Its bytes, from the start.
        header: Its first record as it is written.
        sample: Some of its first rows.
        survey: What takes them.

    Raises:
        NotQuick: It cannot be read to its end; `survey` has all rows before.
    """
    columns = list(zip(*sample, strict=True))
    start = file.read(_BLOCK)
    file.seek(0)
    kinds = {
        f"f{place}": pa.dictionary(pa.int32(), pa.string()) if len(set(cells)) <= _FEW else pa.string()
        for place, cells in enumerate(columns)
    }
    try:
        reader = pyarrow.csv.open_csv(
            pa.PythonFile(_Watched(file), "r"),
            read_options=pyarrow.csv.ReadOptions(block_size=_BLOCK, autogenerate_column_names=True),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=b'"' in start),
            convert_options=pyarrow.csv.ConvertOptions(column_types=kinds, strings_can_be_null=False, check_utf8=False),
        )
        is_first = True
        for batch in reader:
            if is_first and len(batch):
                if [str(column[0]) for column in batch.columns] != list(header):
                    raise NotQuick("its header is not the first line")
                batch, is_first = batch.slice(1), False
            if len(batch):
                survey.add_batch(batch)
    except pa.ArrowException as error:
        raise NotQuick(_why(str(error))) from error
    finally:
        survey.write_sample()


def _why(text: str) -> str:
    if "Expected" in text and "columns" in text:
        return "it has a row of another width there"
    return "it has something unusual there"


class _Watched:
    """A file of UTF-8 that has no NUL in it.

    Nothing that is read ends between CR and LF: Arrow takes the LF at the beginning of the next block for the rest of
    a line end, within quotes too.
    """

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._is_ascii = True
        self._held = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def read(self, size: int = -1) -> bytes:
        data = self._held + self._file.read(size - len(self._held) if size > 0 else size)
        self._held = b"\r" if data.endswith(b"\r") and len(data) > 1 else b""
        data = data.removesuffix(self._held)
        if b"\0" in data:
            raise NotQuick("it has a character NUL there")
        if not (self._is_ascii and data.isascii()):
            self._is_ascii = False
            try:
                self._decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                raise NotQuick("it has a byte that is no UTF-8 there") from error
        return data

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        """It is closed by who opened it."""


def _finite(texts: Any) -> Any:
    """All cells as numbers, if all are finite ones as most write them; else `None`."""
    with suppress(pa.ArrowInvalid):
        pc.cast(texts.slice(0, _FIRST), pa.float64())  # a column of words is found out at once: each costs a message
        numbers = pc.cast(texts, pa.float64()).to_numpy()
        if math.isfinite(float(numbers.sum())):
            return numbers
    return None


def _are_whole(texts: Any) -> bool:
    try:
        pc.cast(texts, pa.int64())
    except pa.ArrowInvalid:
        return False
    return True


def _add_some_numbers(tally: Tally, texts: Any) -> None:
    """Add the numbers among words, however few they are: a file may begin with thousands of words."""
    texts = texts.filter(pa.array(_begin_as_numbers(texts)))
    plain = pc.match_substring_regex(texts, _PLAIN)
    numbers = _finite(texts.filter(plain))
    if numbers is None:
        tally.add_numbers(pc.unique(texts).to_pylist())
        return
    if len(numbers):
        tally.add_reach(float(numbers.min()), float(numbers.max()))
    others = texts.filter(pc.invert(plain))
    tally.add_numbers(pc.unique(others.filter(pc.match_substring_regex(others, _UNUSUAL))).to_pylist())


def _begin_as_numbers(texts: Any) -> Any:
    """Which of some cells, of which none is empty, begin with what no letter or quote of ASCII is."""
    _, offsets, data = texts.buffers()
    starts = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts)]
    return _OF_NUMBERS[np.frombuffer(data, np.uint8)[starts]] if len(texts) else np.zeros(0, bool)


def _counted(texts: Any) -> Counter[str]:
    return Counter({each["values"]: each["counts"] for each in pc.value_counts(texts).to_pylist()})


def _parts(cells: Sequence[str]) -> list[Sequence[str]]:
    """The parts in which the engines' own reader hands cells over."""
    return [cells[start : start + BATCH] for start in range(0, len(cells), BATCH)]


def sampled(rows: Any, count: int) -> list[Sequence[str]]:
    """The first rows of some that are as wide as the first."""
    taken = list(itertools.islice(rows, count))
    return [row for row in taken if len(row) == len(taken[0])]
