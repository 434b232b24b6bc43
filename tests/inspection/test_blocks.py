"""A file is cut into blocks where its records end, whatever is in quotes."""

import csv
import io
import random

import numpy as np
import pytest

from constructs_lib.inspection import blocks as cutting
from constructs_lib.inspection.blocks import blocks, lines_end, records, written

CELLS = ["1", "", "a b", '"x"', '"a,b"', '"two\nlines"', '"x\r\ny"', '"say ""yes"""', '""', '""""', '"\n\n"', '"a"b']
STRAY = ['5" x', '"a"b"c', 'x""']


def table(draw: random.Random, cells: list[str]) -> bytes:
    lines = [",".join(draw.choice(cells) for _ in range(3)) for _ in range(60)]
    lines = [line for line in lines if line]
    return draw.choice(["\n", "\r\n"]).join([*lines, *draw.choice([[], [""], ["", ""]])]).encode()


def read(data: bytes | bytearray) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(data.decode(), newline="")) if row]


@pytest.mark.parametrize("cells", [CELLS[:3], CELLS, CELLS + STRAY], ids=["no quote", "quotes", "quotes within cells"])
@pytest.mark.parametrize("seed", range(40))
def test_blocks_are_whole_records(seed: int, cells: list[str]) -> None:
    draw = random.Random(seed)
    data = table(draw, cells)

    parts = list(blocks(io.BytesIO(data), draw.choice([7, 40, 300]), 20))

    assert b"".join(part.data for part in parts) == data
    assert all(part.is_whole for part in parts)
    assert len(parts) > 1
    assert [row for part in parts for row in read(part.data)] == read(data)
    for part in parts:
        assert lines_end(part.data)
        rows = read(part.data)
        lines = [part.data[start:end] for start, end in zip(*records(part.data), strict=True)]
        assert [read(line) for line in lines] == [[row] for row in rows]
        drawn = draw.choices(range(len(rows)), k=len(rows) // 2)
        assert written(part.data, len(rows), np.array(drawn, int)) == [lines[number] for number in drawn]


def test_a_quote_that_is_never_closed_is_told() -> None:
    parts = list(blocks(io.BytesIO(b'a,b\n1,2\n3,"4\n5,6\n'), 8, 8))

    assert [(bytes(part.data), part.is_whole) for part in parts] == [(b"a,b\n1,2\n", True), (b'3,"4\n5,6\n', False)]


def test_a_record_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "_LONGEST", 50)

    parts = list(blocks(io.BytesIO(b"a\n" + b"x" * 200), 10, 10))

    assert [(len(part.data), part.is_whole) for part in parts] == [(2, True), (58, False)]


@pytest.mark.parametrize("data", [b"a\rb\n", b'"a\rb",c\n', b"a\r\rb\r\n"])
def test_records_that_cr_ends_are_not_told_apart(data: bytes) -> None:
    assert not lines_end(bytearray(data))


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("length", [1, 3, 60, 251, 254, 255, 256, 600])
@pytest.mark.parametrize("tail", [b"", b"last"])
def test_any_line_is_found_by_its_number(end: bytes, length: int, tail: bytes) -> None:
    ended = [b"%d," % row + b"x" * (row * 7 % length) + end[:-1] for row in range(300)]
    lines = [*ended, *([tail] if tail else [])]
    data = bytearray(b"\n".join([*ended, tail]))

    assert written(data, len(lines), np.arange(len(lines))) == lines
    assert [written(data, len(lines), np.array([number])) for number in (299, 0)] == [[lines[299]], [lines[0]]]


@pytest.mark.parametrize("data", [b"\na,1\n\n\nb,2\n\nc,3\n\n", b"a,1\n\nb,2\nc,3"])
def test_empty_lines_are_no_records(data: bytes) -> None:
    assert written(bytearray(data), 3, np.array([2, 0, 1])) == [b"c,3", b"a,1", b"b,2"]


def test_where_cr_ends_all_lines_blocks_end_there() -> None:
    parts = list(blocks(io.BytesIO(b"a,b\r1,2\r3,4\r5,6\r"), 6, 6))

    assert [part.data for part in parts] == [b"a,b\r", b"1,2\r", b"3,4\r", b"5,6\r"]
