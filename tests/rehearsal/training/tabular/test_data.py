from __future__ import annotations

import gzip
from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from constructs_lib.engines.faults import DataFault
from constructs_lib.rehearsal.training.tabular.data import PARQUET, closest, read

from ..world import table

if TYPE_CHECKING:
    from pathlib import Path


def _file(folder: Path, content: bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_byte_order_mark_is_not_part_of_the_first_name(tmp_path: Path) -> None:
    assert table(_file(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n")).columns == ["a", "b"]


def test_a_quoted_line_break_is_part_of_its_cell(tmp_path: Path) -> None:
    assert table(_file(tmp_path, b'a,b\r\n"one\ntwo",2\r\n')).rows == [["one\ntwo", "2"]]


def test_blank_lines_are_no_rows_and_spellings_of_nothing_are_empty(tmp_path: Path) -> None:
    read_table = table(_file(tmp_path, b"a,b\n\n NA ,1\nnull,x \n\n"))
    assert read_table.rows == [["", "1"], ["", "x"]]


def test_files_with_one_header_are_one_table_and_empty_ones_are_reported(tmp_path: Path) -> None:
    files = [_file(tmp_path, content, f"{n}.csv") for n, content in enumerate((b"a,b\n1,2\n", b"", b"a,b\n3,4\n"))]
    read_table = table(*files)
    assert (read_table.rows, read_table.empty_files) == ([["1", "2"], ["3", "4"]], ["1.csv"])


def test_gzip_is_read_when_the_channel_says_so(tmp_path: Path) -> None:
    file = _file(tmp_path, gzip.compress(b"a,b\n1,2\n"), "data.csv.gz")
    assert table(file, compression="Gzip").rows == [["1", "2"]]


def test_a_gzip_of_several_members_is_one_file(tmp_path: Path) -> None:
    """As `cat a.csv.gz b.csv.gz` makes it; a header in the middle is a row, and noted."""
    members = gzip.compress(b"a,b\n1,2\n3,") + gzip.compress(b"4\n") + gzip.compress(b"a,b\n5,6\n")
    found = table(_file(tmp_path, members, "data.csv.gz"), compression="Gzip")
    assert found.rows == [["1", "2"], ["3", "4"], ["a", "b"], ["5", "6"]]
    assert found.notes("training") == ["1 training rows repeat the header; they are read as data"]


def test_what_lies_beside_parquet_files_is_skipped_and_noted(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": ["1"]}), tmp_path / "part-0.parquet")
    names = {"_SUCCESS": b"", "_committed_7": b"{}", ".part-0.parquet.crc": b"crc", "part-1.parquet": b""}
    files = [_file(tmp_path, content, name) for name, content in names.items()]
    found = table(*files, tmp_path / "part-0.parquet", content_type=PARQUET)
    assert found.rows == [["1"]]
    assert found.notes("training") == [
        "part-1.parquet is empty",
        "_SUCCESS is not read: its name says that it is no data",
        "_committed_7 is not read: its name says that it is no data",
        ".part-0.parquet.crc is not read: its name says that it is no data",
    ]
    with pytest.raises(DataFault, match=r"the training data is empty: part-1\.parquet, _SUCCESS"):
        table(files[0], files[3], content_type=PARQUET)


def test_an_empty_marker_beside_csv_files_is_noted(tmp_path: Path) -> None:
    found = table(_file(tmp_path, b"", "_SUCCESS"), _file(tmp_path, b"a,b\n1,2\n"))
    assert (found.rows, found.notes("training")) == ([["1", "2"]], ["_SUCCESS is empty"])


def test_parquet_values_become_text_and_nulls_become_missing(tmp_path: Path) -> None:
    columns = {
        "n": [1, None, 3],
        "x": [0.5, float("nan"), 2.0],
        "flag": [True, False, None],
        "when": pa.array([0, 86_400_000, None], pa.timestamp("ms")),
    }
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table(columns), path)
    assert table(path, content_type=PARQUET).rows == [
        ["1", "0.5", "True", "1970-01-01T00:00:00"],
        ["", "", "False", "1970-01-02T00:00:00"],
        ["3", "2.0", "", ""],
    ]


def test_more_rows_than_the_cap_are_sampled_evenly_and_the_same_way_again(tmp_path: Path) -> None:
    file = _file(tmp_path, b"a,b\n" + b"".join(b"%d,x\n" % number for number in range(10_000)))
    first, second = table(file, cap=1000), table(file, cap=1000)
    assert first.rows == second.rows
    assert (first.usable, len(first.rows)) == (10_000, 1000)
    quarters = Counter(int(row[0]) // 2500 for row in first.rows)
    assert all(150 < quarters[quarter] < 350 for quarter in range(4)), quarters


def test_unusable_rows_are_counted_by_reason(tmp_path: Path) -> None:
    file = _file(tmp_path, b"a,b\n1,\n2,x\n3,\n")
    kept = read(
        [file],
        content_type=None,
        compression=None,
        channel="training",
        check_header=lambda _: lambda row: None if row[1] else "no b",
        cap=10,
    )
    assert (kept.rows, kept.dropped) == ([["2", "x"]], {"no b": 2})


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"a,b\n1,2\n1,2,3\n", {}, "data.csv, line 3: 3 values, but there should be 2"),
        (b'a,b\n"x\ny",2\n1\n', {}, "data.csv, line 4: 1 value, but there should be 2"),
        (b'a,b\n1,2\n1,"2\n3,4\n', {}, "data.csv, line 3: unexpected end of data"),
        (b"a,b,a\n1,2,3\n", {}, "data.csv: the header names 'a' more than once"),
        (b"a,,c\n1,2,3\n", {}, "data.csv: column 2 has no name in the header"),
        (b"a,b\n1,2\nx,caf\xe9\n", {}, "data.csv is not UTF-8 text: byte 0xe9 in line 3; save it as UTF-8"),
        (b"", {}, "the training data is empty: data.csv"),
        (b"PAR1....", {}, "data.csv is a Parquet file, but the channel's content type is CSV"),
        (b"a,b\n", {"compression": "Gzip"}, "data.csv is not a gzip file, but the channel's compression type is Gzip"),
        (
            gzip.compress(b"a,b\n1,2\n"),
            {},
            "data.csv is compressed, but the channel's compression type is not Gzip",
        ),
        (
            gzip.compress(b"a,b\n1,2\n" * 100)[:-12],
            {"compression": "Gzip"},
            "data.csv is cut off: what is compressed in it goes on where the file ends",
        ),
        (b"a,b\n", {"content_type": PARQUET}, "data.csv cannot be read as Parquet: "),
        (b"a,b\n", {"content_type": PARQUET, "compression": "Gzip"}, "compression type Gzip is for CSV"),
        (b"a,b\n", {"content_type": "text/csv;header=absent"}, "a header line is required (text/csv;header=present)"),
        (b"a,b\n", {"content_type": "image/png"}, "content type 'image/png' is not supported; use 'text/csv;header="),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_is_wrong(
    tmp_path: Path, content: bytes, options: dict[str, str], message: str
) -> None:
    file = _file(tmp_path, content)
    with pytest.raises(DataFault) as caught:
        table(file, content_type=options.get("content_type"), compression=options.get("compression"))
    assert message in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match=r"^gone\.csv cannot be read: No such file or directory$"):
        table(tmp_path / "gone.csv")


def test_no_file_at_all_is_a_fault() -> None:
    with pytest.raises(DataFault, match="the training channel has no file"):
        table()


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"a,c\n1,2\n", "1.csv has also 'c' and no 'b'"),
        (b"b,a\n1,2\n", "1.csv has the columns in another order"),
    ],
)
def test_files_of_a_channel_must_have_one_header(tmp_path: Path, header: bytes, message: str) -> None:
    files = [_file(tmp_path, b"a,b\n1,2\n", "0.csv"), _file(tmp_path, header, "1.csv")]
    with pytest.raises(DataFault) as caught:
        table(*files)
    assert str(caught.value) == f"the training files do not have the same header: {message}"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Churned", "there is 'churned', which differs in case or spaces only"),
        ("churnd", "did you mean 'churned'?"),
        ("price", "the columns are 'age', 'churned'"),
    ],
)
def test_a_wrong_name_comes_with_a_hint(name: str, hint: str) -> None:
    assert closest(name, ["age", "churned"]) == hint


@given(content=st.binary(max_size=60) | st.text('a1,"\n\r\0 \ufeff', max_size=60).map(str.encode))
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_content_breaks_the_reader(tmp_path: Path, content: bytes) -> None:
    file = _file(tmp_path, content)
    for options in ({}, {"compression": "Gzip"}, {"content_type": PARQUET}):
        try:
            read_table = table(file, content_type=options.get("content_type"), compression=options.get("compression"))
        except DataFault:
            continue
        assert all(len(row) == len(read_table.columns) for row in read_table.rows)
