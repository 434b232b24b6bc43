"""What is seen in a local data file before it is uploaded, and in which words."""

import csv
import gzip
import io
import os
import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from constructs_lib.api.datafile import COUNTED_ROWS, DataFile, format_of, problems_with_columns, read
from constructs_lib.api.enums import Compression, ContentType

HEADER = "age,plan,churned"
ROWS = "".join(f"{n},plus,{n % 2}\n" for n in range(COUNTED_ROWS + 100))


def given(tmp_path: Path, content: str | bytes, name: str = "data.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read_csv(tmp_path: Path, content: str | bytes, compression: Compression | None = None) -> DataFile:
    return read(given(tmp_path, content), ContentType.CSV, compression)


def broken(problem: str) -> DataFile:
    return DataFile(columns=None, rows=0, problems=(problem,))


SOUND = DataFile(
    columns=("age", "plan", "churned"), rows=COUNTED_ROWS, problems=(), first_line=("age", "plan", "churned")
)

# ------------------------------------------------------------------------------------------------------- what is sound


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n{ROWS}",
        f"{HEADER}\n{ROWS}".replace("\n", "\r\n"),
        f"{HEADER}\n{ROWS}".replace("\n", "\r"),
        f"\ufeff{HEADER}\n{ROWS}",
        f'"age","plan","churned"\n{ROWS}',
        f"{HEADER}\n\n{ROWS}\n\n",
    ],
    ids=["LF", "CRLF", "CR", "byte order mark", "quoted header", "blank lines"],
)
def test_a_csv_file_is_read_whatever_its_line_ends_and_quotes(tmp_path: Path, content: str) -> None:
    assert read_csv(tmp_path, content) == SOUND
    assert read_csv(tmp_path, gzip.compress(content.encode()), Compression.GZIP) == SOUND


@pytest.mark.parametrize("rows", [0, 1, COUNTED_ROWS - 1, COUNTED_ROWS, COUNTED_ROWS + 1])
def test_rows_are_counted_up_to_what_training_needs(tmp_path: Path, rows: int) -> None:
    found = read_csv(tmp_path, HEADER + "\n" + "1,plus,0\n" * rows)
    assert (found.columns, found.rows, found.problems) == (SOUND.columns, min(rows, COUNTED_ROWS), ())


def test_a_last_line_without_an_end_counts(tmp_path: Path) -> None:
    assert read_csv(tmp_path, f"{HEADER}\n1,plus,0").rows == 1


def test_a_row_over_several_lines_is_one_row(tmp_path: Path) -> None:
    found = read_csv(tmp_path, 'age,"the\nplan"\n1,"a ""long""\r\nplan, with commas"\n2,short\n')
    assert (found.columns, found.rows, found.problems) == (("age", "the\nplan"), 2, ())


def test_only_as_much_of_a_file_is_read_as_is_needed(tmp_path: Path) -> None:
    rows = "1,plus,0\n" * COUNTED_ROWS
    assert read_csv(tmp_path, f"{HEADER}\n{rows}too,many,values,here\n") == SOUND


def test_a_cell_longer_than_the_csv_module_takes_by_itself_is_read(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    found = read_csv(tmp_path, f"text\n{'x' * (before + 1)}\n")
    assert (found.columns, found.rows, found.problems) == (("text",), 1, ())
    assert csv.field_size_limit() == before, "the limit is the whole process's"


@pytest.mark.parametrize(
    ("table", "columns", "rows"),
    [
        ({"age": [1, 2]}, ("age",), 2),
        ({"age": []}, ("age",), 0),
        ({"größe": [1.5], "within": [{"a": 1, "b": [1, 2]}], "last": ["x"]}, ("größe", "within", "last"), 1),
        ({f"c{index}": range(3000) for index in range(40)}, tuple(f"c{index}" for index in range(40)), 3000),
    ],
)
def test_footer_of_parquet_is_read(tmp_path: Path, table: dict[str, Any], columns: tuple[str, ...], rows: int) -> None:
    # Until issue 10 it was not: a file of four bytes passed.
    buffer = io.BytesIO()
    pd.DataFrame(table).to_parquet(buffer)
    path = given(tmp_path, buffer.getvalue(), "data.parquet")
    assert read(path, ContentType.PARQUET, None) == DataFile(columns=columns, rows=rows, problems=())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"PAR1", "is no Parquet file that can be read: it has 4 bytes, and the shortest one 12"),
        (b"PAR1" * 2, "is no Parquet file that can be read: it has 8 bytes, and the shortest one 12"),
        (b"PAR1\0\0\0\0PAR1", "is no Parquet file that can be read: its footer cannot be made sense of"),
        (b"PAR1\xff\xff\3\0\0\0PAR1", "is no Parquet file that can be read: its footer"),
    ],
    ids=["4 bytes", "8 bytes", "12 bytes", "noise"],
)
def test_parquet_without_a_footer_is_told(tmp_path: Path, content: bytes, problem: str) -> None:
    (told,) = read(given(tmp_path, content, "data.parquet"), ContentType.PARQUET, None).problems
    assert told.startswith(problem)


def test_damaged_footer_never_ends_in_a_trace(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    pd.DataFrame({"age": [1, 2], "within": [{"a": 1}, {"a": 2}]}).to_parquet(buffer)
    whole, dice = buffer.getvalue(), random.Random(10)
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(3):
            damaged[dice.randrange(4, len(whole) - 4)] = dice.randrange(256)
        seen = read(given(tmp_path, bytes(damaged), "data.parquet"), ContentType.PARQUET, None)
        assert seen.problems or seen.columns is not None


def test_archive_that_breaks_off_is_told(tmp_path: Path) -> None:
    packed = gzip.compress(("x,y\n" + "".join(f"{row},{row % 7}\n" for row in range(20_000))).encode())
    path = given(tmp_path, packed[:-2000], "data.csv.gz")
    (told,) = read(path, ContentType.CSV, Compression.GZIP).problems
    assert told == "cannot be read: Compressed file ended before the end-of-stream marker was reached"


def test_a_format_that_is_not_known_here_is_not_judged(tmp_path: Path) -> None:
    assert read(given(tmp_path, b"\x89PNG"), "image/png", None) == DataFile(columns=None, rows=0, problems=())


# ------------------------------------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"\n1,2\n", "has no header line"),
        (b"\xef\xbb\xbf", "has no header line"),
        (b" , \n1,2\n", "has no header line"),
        (b"PAR1 and so on", "is a Parquet file: give content_type=ContentType.PARQUET"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "is gzip-compressed: give compression=Compression.GZIP"),
        ("größe\n1\n".encode("latin-1"), "is not UTF-8: byte 0xf6 cannot be decoded"),
        ("a,b\n1,2\n".encode("utf-16"), "is not UTF-8: byte 0xff cannot be decoded"),
        (b"a,b\n" + b"1,2\n" * 400 + b"1,\xe9\n", "is not UTF-8: byte 0xe9 cannot be decoded"),
        (b'a,b\n1,"2"3\n', "cannot be read at line 2: ',' expected after '\"'"),
        (b'a,b\n1,2\n3,"4\n5\n', "cannot be read at line 4: unexpected end of data"),
        (b"a\n" + b"x" * (16 * 1024 * 1024 + 1), "cannot be read at line 2: field larger than field limit (16777216)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, problem: str) -> None:
    before = csv.field_size_limit()
    assert read_csv(tmp_path, content) == broken(problem)
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "is not gzip-compressed"),
        (b"PAR1", "is not gzip-compressed"),
        (gzip.compress(b"", mtime=0), "has no header line"),
        (
            gzip.compress(os.urandom(1000).hex().encode())[:-200],
            "cannot be read: Compressed file ended before the end-of-stream marker was reached",
        ),
        (b"\x1f\x8b\x07" + bytes(20), "cannot be read: Unknown compression method"),
        (
            gzip.compress(b"a,b\n1,2\n", mtime=0)[:10] + b"\xff" * 20,
            "cannot be read: Error -3 while decompressing data: invalid block type",
        ),
    ],
    ids=["empty", "text", "parquet", "nothing inside", "truncated", "other method", "damaged"],
)
def test_a_gzip_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, problem: str) -> None:
    assert read_csv(tmp_path, content, Compression.GZIP) == broken(problem)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "is no Parquet file: it does not begin with 'PAR1'"),
        (gzip.compress(b"PAR1", mtime=0), "is no Parquet file: it does not begin with 'PAR1'"),
        (b"PAR1 and no footer", "is no whole Parquet file: it does not end with 'PAR1'"),
    ],
)
def test_what_is_no_parquet_file_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    assert read(given(tmp_path, content), ContentType.PARQUET, None) == broken(problem)


@pytest.mark.parametrize(
    ("content", "rows", "problems"),
    [
        ("a,b,a,b,c\n1,2,3,4,5\n", 1, ("has more than one column called 'a', 'b'",)),
        ("a,,c\n1,2,3\n", 1, ("has a column without a name (number 2)",)),
        ("a,b, ,\n1,2,3,4\n", 1, ("has a column without a name (number 3)",)),
        ("a,b\n1,2\n1,2,3\n1\n", 2, ("has 3 values in line 3 but 2 columns in its header",)),
        ('a,b\n"1\n1",2\n1\n', 2, ("has 1 value in line 4 but 2 columns in its header",)),
        (
            "a,,a\n1\n",
            1,
            (
                "has more than one column called 'a'",
                "has a column without a name (number 2)",
                "has 1 value in line 2 but 3 columns in its header",
            ),
        ),
    ],
)
def test_a_header_or_row_that_does_not_fit_is_told(
    tmp_path: Path, content: str, rows: int, problems: tuple[str, ...]
) -> None:
    found = read_csv(tmp_path, content)
    assert (found.columns, found.rows, found.problems) == (None, rows, problems)
    assert found.first_line == tuple(next(csv.reader([content.splitlines()[0]])))


def test_a_file_that_is_not_there_or_no_file_says_so(tmp_path: Path) -> None:
    assert read(tmp_path, ContentType.CSV, None) == broken("cannot be read: Is a directory")
    assert read(tmp_path / "no.csv", ContentType.CSV, None) == broken("cannot be read: No such file or directory")


# ------------------------------------------------------------------------------------------------ formats and columns


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("churn.csv", (ContentType.CSV, Compression.NONE)),
        ("Churn.CSV.GZ", (ContentType.CSV, Compression.GZIP)),
        ("churn.snappy.parquet", (ContentType.PARQUET, Compression.NONE)),
        ("churn.csv/data", None),
        ("churn.gz", None),
        ("churn", None),
    ],
)
def test_the_end_of_a_name_tells_the_format(name: str, told: tuple[ContentType, Compression] | None) -> None:
    assert format_of(Path(name)) == told


def test_a_column_that_the_file_does_not_have_is_told_with_those_it_has() -> None:
    wanted = [("'target_attribute'", "Churned"), ("'features'", "age"), ("'features'", "zip")]
    assert problems_with_columns("'training_data'", ["age", "churned"], wanted, file=Path("data/churn.csv")) == [
        "'target_attribute' names the column 'Churned', which 'training_data' (churn.csv) does not have "
        "(did you mean 'churned'?); its columns are 'age', 'churned'",
        "'features' names the column 'zip', which 'training_data' (churn.csv) does not have; "
        "its columns are 'age', 'churned'",
    ]


@pytest.mark.parametrize(("count", "rest"), [(12, ""), (13, " and 1 more"), (500, " and 488 more")])
def test_of_many_columns_the_first_twelve_are_named(count: int, rest: str) -> None:
    columns = [f"c{n}" for n in range(count)]
    (problem,) = problems_with_columns("'training_data'", columns, [("'features'", "zz")], file=Path("x.csv"))
    assert problem.endswith("its columns are " + ", ".join(f"'c{n}'" for n in range(12)) + rest)
