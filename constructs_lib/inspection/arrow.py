"""Reads large CSV files with Arrow, and says of them what the engines' own reader says, cell for cell.

Arrow reads commas, quotes and line ends as the engines do where every row is as wide as the header. What else a file
may have (other widths, a character NUL, no UTF-8, a quote that is never closed) ends the quick reading: the rows after
those that came are read by the engine's rules, which tell what is wrong, or make the best of it.

Threads read the blocks of a file ahead; what they found is taken in the order of the file. A column is read as codes of
its different cells while they are few, then as numbers as long as its cells are numbers, and else as texts.
"""

from __future__ import annotations

import codecs
import csv
import io
import math
from collections import Counter, deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from constructs_lib.engines.ensembling import MISSING
from constructs_lib.engines.inspection import BATCH, Engine, Survey
from constructs_lib.engines.records import longer_cells

from . import arrays
from .blocks import Block, blocks, lines_end, written
from .tally import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

_THREADS: Final = 2
_BLOCK: Final = 2 * 1024 * 1024
_START: Final = 256 * 1024
"""Bytes of the first block, which tells how to read the next ones."""

_FIRST: Final = 8
_TRIES: Final = 3
"""Blocks with something else than numbers after which a column is no longer read as numbers."""

_LARGEST: Final = 2.0**63
_NO_VALUE: Final = arrays.texts(sorted(MISSING))
_PLAIN: Final = r"^-?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?$"
_UNUSUAL: Final = r"[^\x00-\x7f]|^[\x09-\x20]*[+-]?[0-9_]*\.?[0-9_]*([eE][+-]?[0-9_]+)?[\x09-\x20]*$"
"""All that may be a number to Python, and more: with digits of other scripts, underscores, blanks around it."""


def _are(others: str) -> np.ndarray:
    """Of each byte, whether it is one of these, a blank, or of a character that is not ASCII."""
    return np.array([byte <= 0x20 or byte >= 0x80 or chr(byte) in others for byte in range(256)])


_AT_ENDS: Final = _are("+-.0123456789")
"""Whether a finite number may begin or end with it."""

_WITHIN: Final = _are("+-.0123456789eE_")
"""Whether a finite number may have it within."""

_NEAR: Final = 16
"""Bytes from the end of a text in which most show that they are no number."""

_LAST: Final = _are("".join({word[-1] for word in MISSING if word}))
"""Whether a cell without a value may end with it."""

_TEXTS, _CODES = pa.string(), pa.dictionary(pa.int32(), pa.string())
_WHOLE, _DECIMALS = pa.int64(), pa.float64()
_OF_NUMBERS: Final = (_WHOLE, _DECIMALS)


class NotQuick(Exception):  # noqa: N818 - no fault: the file is read otherwise from here on
    """The rest of a file cannot be read here; says why."""


@dataclass(frozen=True)
class _Numbers:
    """A column of a block in which every cell is empty or a finite number below `_LARGEST`."""

    empty: int
    count: int
    least: float
    most: float
    are_whole: bool


@dataclass(frozen=True)
class _Read:
    """A block that has been read."""

    rows: int
    columns: list[Any]
    """Arrays of Arrow or `_Numbers`."""

    data: bytearray
    has_lines: bool
    """Whether its rows can be found in `data`."""

    begun: int = 0
    """Rows of `data` before these."""

    def some(self, numbers: np.ndarray) -> list[Any]:
        """Some rows: as they are written, in bytes, or else their cells."""
        if self.has_lines:
            return written(self.data, self.begun + self.rows, self.begun + numbers)
        some = arrays.places(numbers)
        return list(map(list, zip(*(column.take(some).to_pylist() for column in self.columns), strict=True)))


class ArrowSurvey(Survey):
    """A survey that takes blocks too, with a tally of each column beside it."""

    def __init__(self, engine: Engine, columns: Sequence[str], target: str, *, cap: int) -> None:
        """Nothing is known yet; see `Survey`."""
        super().__init__(engine, columns, target, cap=cap, counts_gaps=True)
        self.tallies = {name: Tally(engine) for name in columns}
        self._given: list[set[str]] = [set() for _ in columns]
        """Of each column, the cells that its type was found from."""

        self._done: list[set[str]] = [set() for _ in columns]
        """Of each column, cells of which no more is to be known, however often they come."""

        self._are_numbers = [False for _ in columns]
        """Of each column, whether its last cells were numbers."""

        self._tries = [0 for _ in columns]

    def kinds(self) -> list[Any]:
        """As what the columns of the next blocks are best read."""
        return [self._kind(place, name) for place, name in enumerate(self.columns)]

    def _kind(self, place: int, name: str) -> Any:
        scan = self._scans[place] if self._scans else None
        if self.tallies[name].known is not None:
            return _CODES
        if place == self._place or not self._are_numbers[place] or (scan and (scan.is_text or scan.needs_every_cell)):
            return _TEXTS
        return _WHOLE if scan and not scan.is_decimal else _DECIMALS

    def add_block(self, read: _Read) -> None:
        """The next rows, all of the header's width."""
        if self._scans and any(
            isinstance(column, _Numbers) and scan.needs_every_cell
            for column, scan in zip(read.columns, self._scans, strict=True)
        ):
            read = _read_again(read)
        labels: _Cells | None = None
        for place, (name, column) in enumerate(zip(self.columns, read.columns, strict=True)):
            if isinstance(column, _Numbers):
                self._add_numbers(place, name, column)
                continue
            cells = _Cells(column)
            if place == self._place:
                labels = cells
                self._add_labels(cells)
            self._add_column(place, name, cells)
        self.rows += read.rows
        if not self._cap or labels is None:
            return
        unlabelled = self._missing(list(labels.counts))
        numbers = np.arange(read.rows)
        if unlabelled and not self._keeps_words(self._place):
            numbers = np.flatnonzero(~labels.are(unlabelled))
        taken = self._labelled.draw(len(numbers))
        drawn = [number for _, number in taken]
        self._labelled.put(taken, dict(zip(drawn, read.some(numbers[drawn]), strict=True)))

    def write_sample(self) -> None:
        """Make cells of the rows of the sample; most that were drawn have given way to later ones."""
        rows: list[Any] = self._labelled.rows
        places = [place for place, row in enumerate(rows) if isinstance(row, bytes)]
        with longer_cells():
            for place in places:
                [rows[place]] = csv.reader(io.StringIO(rows[place].decode(), newline=""))

    def _add_labels(self, cells: _Cells) -> None:
        if self.labels.has_room(len(cells.counts)):
            self.labels.add_counted(list(cells.counts), list(cells.counts.values()), cells.first)
        else:
            for part in _parts(cells.texts.to_pylist()):
                self.labels.add(part)

    def _add_numbers(self, place: int, name: str, numbers: _Numbers) -> None:
        tally, scan = self.tallies[name], self._scans[place] if self._scans else None
        if numbers.empty:
            tally.empty += numbers.empty
            self.gaps[name] = tally.missing(words=scan is not None)
            if scan is not None:
                scan.add(("",))
        if numbers.count:
            self._add_reach(tally, scan, numbers.least, numbers.most, lambda: numbers.are_whole)

    def _add_column(self, place: int, name: str, cells: _Cells) -> None:
        tally, scan = self.tallies[name], self._scans[place] if self._scans else None
        needs_all = scan is not None and scan.needs_every_cell
        if cells.are_coded:
            if not needs_all and self._done[place].issuperset(cells.spelled):
                return
            missing = self._missing(list(cells.counts))
            self.gaps[name] += sum(cells.counts[cell] for cell in missing)
            tally.add_counted(cells.counts)
            self._done[place].update(cell for cell in cells.counts if cell.strip() and cell not in MISSING)
            if scan is not None and needs_all:
                for part in _parts(cells.texts.to_pylist()):
                    scan.add(part)
            elif scan is not None and not cells.counts.keys() <= self._given[place]:
                scan.add(cells.in_order())
                self._given[place].update(cells.counts)
            if tally.known is None and self._tries[place] < _TRIES:
                self._are_numbers[place] = _finite(cells.texts) is not None
                self._given[place] = set()
            return
        if tally.known is not None:
            tally.add_distinct(list(cells.counts))
        texts = cells.texts
        words = tally.words.total() + tally.blank
        numbers = None if scan is not None and scan.is_text else _finite(texts)
        if numbers is None:
            texts = self._add_gaps(name, texts, scan)
            if scan is not None and scan.is_text:
                return
            numbers = _finite(texts)
        are_usual = numbers is not None and _is_usual(numbers) and words == tally.words.total() + tally.blank
        self._tries[place] += not are_usual
        self._are_numbers[place] = are_usual and self._tries[place] < _TRIES
        if numbers is None:
            if scan is not None:
                for part in _parts(texts.to_pylist()):
                    scan.add(part)
            if scan is None or not scan.is_text:
                _add_some_numbers(tally, texts)
            return
        if not len(numbers):
            return
        least, most = float(numbers.min()), float(numbers.max())
        if scan is not None and (scan.needs_every_cell or not _is_usual(numbers)):
            tally.add_reach(least, most)
            for part in _parts(texts.to_pylist()):
                scan.add(part)
        else:
            self._add_reach(tally, scan, least, most, lambda: _are_whole(texts))

    def _add_reach(self, tally: Tally, scan: Any, least: float, most: float, are_whole: Any) -> None:
        tally.add_reach(least, most)
        if scan is not None and not scan.is_text and not (scan.is_decimal and least >= 0):
            scan.add_numbers(whole=not scan.is_decimal and are_whole(), negative=least < 0)

    def _add_gaps(self, name: str, texts: Any, scan: Any) -> Any:
        """Count the cells without a value; returns the others."""
        tally = self.tallies[name]
        places = np.flatnonzero(_may_be_missing(texts))
        if not len(places):
            return texts
        some = texts.take(arrays.places(places))
        is_word = pc.is_in(some, value_set=_NO_VALUE)
        counts = _counted(some.filter(is_word))
        tally.empty += counts.pop("", 0)
        tally.words.update(counts)
        is_blank = arrays.flags_of(pc.utf8_is_space(some))
        tally.blank += int(is_blank.sum())
        self.gaps[name] = tally.missing(words=scan is not None)
        left = np.ones(len(texts), bool)
        if scan is not None:
            left[places[arrays.flags_of(is_word)]] = False
        else:
            # Words are values to this engine.
            starts, ends, _ = _places(some)
            left[places[is_blank | (starts == ends)]] = False
        if left.all():
            return texts
        if scan is not None:
            scan.add(("",))
        return texts.filter(arrays.flags(left))


class _Cells:
    """A column of a block."""

    def __init__(self, column: Any) -> None:
        self.are_coded = pa.types.is_dictionary(column.type)
        self._column = column
        self._codes: Any = None
        self._texts: Any = None if self.are_coded else column
        self._spelled: list[str] | None = None
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
    def spelled(self) -> list[str]:
        """What the codes stand for; some may not come."""
        if self._spelled is None:
            self._spelled = self.codes.dictionary.to_pylist()
        return self._spelled

    @property
    def counts(self) -> dict[str, int]:
        """The different cells and how often each comes."""
        if self._counts is None:
            counts = np.bincount(arrays.numbers_of(self.codes.indices), minlength=len(self.spelled)).tolist()
            self._counts = {cell: count for cell, count in zip(self.spelled, counts, strict=True) if count}
        return self._counts

    def are(self, cells: set[str]) -> np.ndarray:
        """Of each cell, whether it is one of some."""
        known = np.array([cell in cells for cell in self.spelled], bool)
        found: np.ndarray = known[arrays.numbers_of(self.codes.indices)]
        return found

    def first(self) -> list[int]:
        """Where each of `counts` comes first."""
        indices = arrays.numbers_of(self.codes.indices)
        places = np.full(len(self.codes.dictionary), len(indices))
        places[indices[::-1]] = np.arange(len(indices) - 1, -1, -1)
        found: list[int] = places[places < len(indices)].tolist()
        return found

    def in_order(self) -> list[str]:
        """The different cells as they come."""
        places = self.first()
        cells = list(self.counts)
        return [cells[at] for at in sorted(range(len(cells)), key=places.__getitem__)]


def read(file: io.BufferedIOBase, header: Sequence[str], survey: ArrowSurvey) -> None:
    """Read a file to its end.

    Args:
        file: Its bytes, from the start.
        header: Its first record as it is written.
        survey: What takes them.

    Raises:
        NotQuick: It cannot be read to its end; `survey` has all rows before.
    """
    parts = blocks(file, _BLOCK, min(_START, _BLOCK))
    try:
        _begin(next(parts), header, survey)
        with ThreadPoolExecutor(_THREADS) as pool:
            ahead: deque[Future[_Read | None]] = deque()
            for part in parts:
                ahead.append(pool.submit(_read, part, survey.kinds()))
                if len(ahead) > _THREADS and (done := ahead.popleft().result()):
                    survey.add_block(done)
            while ahead:
                if done := ahead.popleft().result():
                    survey.add_block(done)
    finally:
        survey.write_sample()


def _begin(part: Block, header: Sequence[str], survey: ArrowSurvey) -> None:
    """Read the first block."""
    read = _read(part, [_CODES for _ in header], is_first=True)
    if read is None or [str(column[0]) for column in read.columns] != list(header):
        raise NotQuick("its header is not the first line")
    if read.rows > 1:
        columns = [column.slice(1) for column in read.columns]
        survey.add_block(_Read(read.rows - 1, columns, read.data, read.has_lines, begun=1))


def _read(part: Block, kinds: Sequence[Any], *, is_first: bool = False) -> _Read | None:
    """Read a block, as texts where it is not what it was taken for; nothing of empty lines.

    Raises:
        NotQuick: It cannot be read.
    """
    data = part.data
    if not part.is_whole:
        raise NotQuick("it has a quote that is never closed, or a very long line, there")
    if b"\0" in data:
        raise NotQuick("it has a character NUL there")
    if not is_first and data.startswith(codecs.BOM_UTF8):
        raise NotQuick("it has something unusual there")  # Arrow would pass over it
    if data.isspace() and not data.strip(b"\r\n"):
        return None
    has_lines = lines_end(data)
    texts: list[Any] = [_TEXTS if kind in _OF_NUMBERS else kind for kind in kinds]
    if not has_lines:
        kinds = texts  # the sample is made of what is written
    elif any(mark[1:] in data and mark in data for mark in (b"0x", b"0X")):
        kinds = [_TEXTS if kind == _WHOLE else kind for kind in kinds]  # hexadecimal numbers, to Arrow
    try:
        columns: list[Any] | None = None
        if kinds != texts:
            with suppress(pa.ArrowInvalid):
                columns = _as_numbers(_columns(data, kinds))
        if columns is None:
            columns = _columns(data, texts)
    except pa.ArrowException as error:
        raise NotQuick(_why(str(error))) from error
    rows = next(len(column) if not isinstance(column, _Numbers) else column.empty + column.count for column in columns)
    return _Read(rows, columns, data, has_lines)


def _read_again(read: _Read) -> _Read:
    """The same block as texts."""
    return replace(read, columns=_columns(read.data, [_TEXTS for _ in read.columns]))


def _columns(data: bytearray, kinds: Sequence[Any]) -> list[Any]:
    names = [f"f{place}" for place in range(len(kinds))]
    table = pyarrow.csv.read_csv(
        pa.BufferReader(data),
        read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=b'"' in data),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict(zip(names, kinds, strict=True)),
            null_values=[""],
            strings_can_be_null=False,
            check_utf8=not data.isascii(),
        ),
    )
    [batch] = table.to_batches()
    return list(batch.columns)


def _as_numbers(columns: list[Any]) -> list[Any] | None:
    """What there is to know of columns of numbers; nothing if a number is too large, or none."""
    found: list[Any] = []
    for column in columns:
        if column.type not in _OF_NUMBERS:
            found.append(column)
            continue
        numbers = arrays.numbers_of(column.drop_null() if column.null_count else column)
        least, most = (float(numbers.min()), float(numbers.max())) if len(numbers) else (math.inf, -math.inf)
        if len(numbers) and not -_LARGEST < least <= most < _LARGEST:
            return None
        found.append(_Numbers(column.null_count, len(numbers), least, most, column.type == _WHOLE))
    return found


def _is_usual(numbers: Any) -> bool:
    """Whether all of some numbers are such as 64 bits with a sign hold; NaN is not."""
    return not len(numbers) or bool(numbers.min() > -_LARGEST and numbers.max() < _LARGEST)


def _why(text: str) -> str:
    if "Expected" in text and "columns" in text:
        return "it has a row of another width there"
    if "UTF8" in text:
        return "it has a byte that is no UTF-8 there"
    return "it has something unusual there"


def _finite(texts: Any) -> Any:
    """All cells as numbers, if all are finite ones as most write them; else `None`."""
    with suppress(pa.ArrowInvalid):
        pc.cast(texts.slice(0, _FIRST), pa.float64())  # a column of words is found out at once: each costs a message
        numbers = arrays.numbers_of(pc.cast(texts, pa.float64()))
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
    places = _may_be_numbers(texts)
    if not len(places):
        return
    texts = texts.take(arrays.places(places))
    plain = pc.match_substring_regex(texts, _PLAIN)
    numbers = _finite(texts.filter(plain))
    if numbers is None:
        tally.add_numbers(pc.unique(texts).to_pylist())
        return
    if len(numbers):
        tally.add_reach(float(numbers.min()), float(numbers.max()))
    others = texts.filter(pc.invert(plain))
    tally.add_numbers(pc.unique(others.filter(pc.match_substring_regex(others, _UNUSUAL))).to_pylist())


def _may_be_numbers(texts: Any) -> np.ndarray:
    """Which of some cells, of which none is empty, have no character near their end that a number cannot have."""
    starts, ends, data = _places(texts)
    lasts = ends - 1
    found = np.flatnonzero(_AT_ENDS.take(data.take(starts)) & _AT_ENDS.take(data.take(lasts)))
    for step in range(1, _NEAR):
        if not len(found):
            break
        near = np.maximum(lasts.take(found) - step, starts.take(found))
        found = found[_WITHIN.take(data.take(near))]
    return found


def _may_be_missing(texts: Any) -> Any:
    """Which of some cells are empty, or end as a word for missing does, or with a blank."""
    starts, ends, data = _places(texts)
    return (starts == ends) | _LAST.take(data.take(ends - 1)) if len(data) else starts == ends


def _places(texts: Any) -> tuple[Any, Any, Any]:
    """Where each text begins and ends, and the bytes of all."""
    _, offsets, data = texts.buffers()
    if not len(texts):
        return (np.zeros(0, np.int32),) * 3
    places = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.intp)
    return places[:-1], places[1:], np.frombuffer(data or b"", np.uint8)


def _counted(texts: Any) -> Counter[str]:
    return Counter({each["values"]: each["counts"] for each in pc.value_counts(texts).to_pylist()})


def _parts(cells: Sequence[str]) -> list[Sequence[str]]:
    """The parts in which the engines' own reader hands cells over."""
    return [cells[start : start + BATCH] for start in range(0, len(cells), BATCH)]
