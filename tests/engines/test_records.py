"""Records of CSV text."""

import csv
import io
from pathlib import Path

import pytest

from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.inspection import engine_of
from constructs_lib.engines.records import records
from constructs_lib.rehearsal.training.tabular.data import _open_csv


@pytest.mark.parametrize("first_to_end", [0, 1])
def test_readers_that_overlap_leave_the_limit_of_the_process_as_it_was(first_to_end: int) -> None:
    before = csv.field_size_limit()
    readers = [records(io.StringIO("a,b\n1,2\n3,4\n"), "data.csv") for _ in range(2)]
    assert [next(reader) for reader in readers] == [["a", "b"], ["a", "b"]]
    assert csv.field_size_limit() > before
    readers.pop(first_to_end).close()
    assert csv.field_size_limit() > before, "the other is under way"
    assert list(readers[0]) == [["1", "2"], ["3", "4"]]
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("text", "line"), [('a,b\n1,"2\n3,4\n', 2), ('a,b\n1,2\n3,"4', 3), ('a,"b\nc"\n1,2\n3,"4\n5', 4)]
)
def test_a_quote_that_is_never_closed_is_told_by_its_line(text: str, line: int) -> None:
    with pytest.raises(DataFault, match=rf"^data\.csv, line {line}: a quote that begins here is never closed$"):
        list(records(io.StringIO(text, newline=""), "data.csv"))


def test_file_that_is_left_before_its_end_leaves_the_limit_of_the_process_as_it_was(tmp_path: Path) -> None:
    table = tmp_path / "data.csv"
    table.write_text("a,b\n1,2\n3,4\n")
    before = csv.field_size_limit()
    with _open_csv(table, None, engine_of("ENSEMBLING")) as opened:
        assert opened is not None
        assert next(opened.rows) == ["1", "2"]
        assert csv.field_size_limit() > before

    assert csv.field_size_limit() == before, "whoever still has the rows keeps it raised"
