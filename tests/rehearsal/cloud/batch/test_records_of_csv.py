"""Which columns of a row a path picks."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.rehearsal.cloud.batch.records_of_csv import Columns, read, write

ROW = ["id", "a", "b", "c"]


@pytest.mark.parametrize(
    ("path", "picked"),
    [
        ("$", ROW),
        ("$[0]", ["id"]),
        ("$[-1]", ["c"]),
        ("$[1:]", ["a", "b", "c"]),
        ("$[:-1]", ["id", "a", "b"]),
        ("$[0,2]", ["id", "b"]),
        ("$[0, 2:]", ["id", "b", "c"]),
    ],
)
def test_a_path_picks_columns(path: str, picked: list[str]) -> None:
    assert Columns(path).of(ROW) == picked


@pytest.mark.parametrize("path", ["", "$.features", "$[a]", "$[1;2]", "$[1-2]", "$[:1:]"])
def test_another_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{path} is no path to columns: use $, $[1:], $[0] or $[0,2]")):
        Columns(path)


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=re.escape("$[7] picks a column that a row of 4 does not have")):
        Columns("$[7]").of(ROW)


def test_what_is_no_csv_is_refused() -> None:
    with pytest.raises(ValueError, match="the rows are no CSV"):
        read(b'"a" b,c')
    with pytest.raises(ValueError, match="the rows are no CSV"):
        read(b"\xff")


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\r\x00", exclude_categories=["Cs"])), min_size=2)))
def test_rows_survive_writing_and_reading(rows: list[list[str]]) -> None:
    assert read(write(rows)) == rows
