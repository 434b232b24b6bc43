"""Cuts the bytes of a CSV file into blocks of whole records, which can then be read side by side.

A record ends at a line end outside of quotes. A quote opens a cell only at its beginning, and in quotes two of them are
one; elsewhere it is a character like another.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Final

import numpy as np

_LONGEST: Final = 32 * 1024 * 1024
"""Bytes in which a record must end: twice the longest cell."""

_SPAN: Final = 255
"""Bytes of which the ends of lines are counted together, in one byte."""

_COMMA, _LF, _CR, _QUOTE = b',\n\r"'
_BEFORE: Final = re.compile(rb'(?:^|[,\r\n])"')


@dataclass(frozen=True)
class Block:
    """Some bytes of a file."""

    data: bytearray
    is_whole: bool = True
    """Whether they end with a record; if not, no more blocks come."""


def blocks(file: BufferedIOBase, size: int, first: int) -> Iterator[Block]:
    """The bytes of a file from its start, in order.

    Args:
        file: What is read.
        size: Bytes of a block, about; it is longer where a record is.
        first: Bytes of the first block.
    """
    rest = bytearray()
    wanted = first
    while True:
        data = rest.ljust(len(rest) + wanted)
        with memoryview(data) as free:
            count = file.readinto(free[len(rest) :])
        del data[len(rest) + count :]
        if not count:
            break
        if end := _end(data):
            rest, wanted = data[end:], size
            del data[end:]
            yield Block(data)
        elif len(data) > _LONGEST:
            yield Block(data, is_whole=False)
            return
        else:
            rest = data
    if rest:
        yield Block(rest, is_whole=not _opened(rest))


def lines_end(data: bytearray) -> bool:
    """Whether all lines of a block end with LF, after a CR or not."""
    return b"\r" not in data or data.count(b"\r") == data.count(b"\r\n")


def written(data: bytearray, count: int, numbers: np.ndarray) -> list[bytes]:
    """Some records of a block whose lines all end with LF, as they are written.

    Args:
        data: The block.
        count: Its records, but for empty lines.
        numbers: Those that are asked for, from 0 on.
    """
    if b'"' not in data:
        is_end = np.frombuffer(data, np.uint8) == _LF
        ends = np.add.reduceat(is_end.view(np.uint8), np.arange(0, len(data), _SPAN), dtype=np.uint8)
        passed = np.cumsum(ends, dtype=np.int64)
        if passed[-1] + (not data.endswith(b"\n")) == count:  # no line is empty
            spans = np.searchsorted(passed, numbers)
            more = numbers - passed[spans] + ends[spans]
            return [_line(data, span * _SPAN, ended) for span, ended in zip(spans.tolist(), more.tolist(), strict=True)]
    starts, ends = (places[numbers].tolist() for places in records(data))
    return [bytes(data[start:end]) for start, end in zip(starts, ends, strict=True)]


def _line(data: bytearray, at: int, ended: int) -> bytes:
    """The line that comes after so many ends of lines from a place on."""
    for _ in range(ended):
        at = data.index(b"\n", at) + 1
    end = data.find(b"\n", at)
    return bytes(data[at:end] if end >= 0 else data[at:])


def records(data: bytearray) -> tuple[np.ndarray, np.ndarray]:
    """Where each record of a block begins and ends, but for empty lines; `lines_end` must say yes."""
    read = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(read == _LF)
    if b'"' in data:
        opens, closes = _quoted(data)
        cell = np.searchsorted(opens, ends)
        ends = ends[(cell == 0) | (np.append(closes, len(data))[cell - 1] < ends)]
    if not len(ends) or ends[-1] != len(data) - 1:
        ends = np.append(ends, len(data))
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts
    if lengths.min() <= 1:
        told = (lengths > 1) | ((lengths == 1) & (read[starts] != _CR))
        return starts[told], ends[told]
    return starts, ends


def _end(data: bytearray) -> int:
    """Where the last record that is whole ends; 0 where none is."""
    mark = b"\n" if b"\n" in data else b"\r"
    # A CR at the end may be half of a line end.
    stop = len(data) if mark == b"\n" else len(data) - 1
    if b'"' not in data:
        return data.rfind(mark, 0, stop) + 1
    opens, closes = _quoted(data)
    at = data.rfind(mark, 0, stop)
    while at >= 0 and (place := int(np.searchsorted(opens, at))):
        if place <= len(closes) and closes[place - 1] < at:
            break
        at = data.rfind(mark, 0, int(opens[place - 1]))
    return at + 1


def _opened(data: bytearray) -> bool:
    """Whether a quote is open at the end."""
    if b'"' not in data:
        return False
    opens, closes = _quoted(data)
    return len(opens) > len(closes)


def _quoted(data: bytearray) -> tuple[np.ndarray, np.ndarray]:
    """Where cells in quotes open and close; two quotes in one may count as its end and the next one's beginning."""
    read = np.frombuffer(data, np.uint8)
    places = np.flatnonzero(read == _QUOTE)
    opens, closes = places[::2], places[1::2]
    before = read[opens[opens > 0] - 1]
    after = read[closes[closes < len(read) - 1] + 1]
    marks = (_COMMA, _LF, _CR, _QUOTE)
    if np.isin(before, marks).all() and np.isin(after, marks).all():
        return opens, closes
    return _walked(data)


def _walked(data: bytearray) -> tuple[np.ndarray, np.ndarray]:
    """As `_quoted`, one cell after the other."""
    opens: list[int] = []
    closes: list[int] = []
    at = 0
    while found := _BEFORE.search(data, at):
        opens.append(found.end() - 1)
        at = found.end()
        while (quote := data.find(b'"', at)) >= 0 and data[quote + 1 : quote + 2] == b'"':
            at = quote + 2
        if quote < 0:
            break
        closes.append(quote)
        at = quote + 1
    return np.array(opens, np.int64), np.array(closes, np.int64)
