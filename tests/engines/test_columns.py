"""What ENSEMBLING makes of a feature column, where it is at an edge; each was asked of AutoGluon 0.4.3."""

import pytest

from constructs_lib.engines import columns, ensembling
from constructs_lib.engines.columns import Feature


def of(cells: list[str]) -> Feature:
    return columns.of_ensembling([ensembling.value(cell) for cell in cells], ensembling.Scan(cells).dtype)


def ids(count: int) -> list[str]:
    return [f"id{number}" for number in range(count)]


@pytest.mark.parametrize(
    ("cells", "type_"),
    [
        (ids(100), "identifier"),
        (["x", *map(str, range(99))], "identifier"),
        ([*ids(99), "NA"], "identifier"),
        ([*ids(998), "same", "same"], "categorical"),
        ([*ids(998), "", ""], "categorical"),
        (["a", "b"], "categorical"),
        ([f"the {number} day" for number in range(100)], "text"),
        ([*(f"the {number} day" for number in range(50)), *[""] * 50], "text"),
        (["2024-01-05", "soon"] * 50, "datetime"),
        (["2024-01-05", "soon", "later"] * 50, "constant"),
        (["2024-01-05", "2024-01-06", "later"] * 50, "datetime"),
        (["now", "soon", "later"] * 50, "datetime"),
        (["2024-01-05", *["soon", "a", "b", "c", "d"] * 4, "2024-01-06"], "categorical"),
        (["18446744073709551615", ""] * 50, "categorical"),
    ],
)
def test_type(cells: list[str], type_: str) -> None:
    assert of(cells).type == type_


def test_why_a_column_is_left_out() -> None:
    assert of(ids(100)).unused == "each value comes once, like those of an identifier"
    assert of(["2024-01-05", "soon", ""] * 9).unused == "the cells that are dates all are the same one"


@pytest.mark.parametrize(
    ("zones", "fails"),
    [
        (["Z", "Z"], False),
        (["Z", "+00:00"], False),
        (["Z", " GMT"], False),
        (["", " EST"], False),
        (["Z", ""], True),
        (["+01:00", "+02:00"], True),
        (["+01:00", "Z"], True),
    ],
)
def test_times_of_two_offsets_or_with_and_without_a_zone_end_a_job(zones: list[str], fails: bool) -> None:
    cells = [f"2024-01-{day:02}T10:00:00{zones[day % 2]}" for day in range(1, 29)] * 4

    assert bool(of(cells).faults) is fails


@pytest.mark.parametrize(
    "cell", ["1500-01-01", "9999-12-31", "Jan", "--1", "07", "\uff11\uff12", "9999-12-31T23:00:00-05:00", "1500Q1"]
)
@pytest.mark.parametrize(("other", "fails"), [("", True), ("NAN", True), ("nat", True), ("soon", False)])
def test_a_date_too_far_off_has_an_offset_where_cells_without_a_date_are_written(
    cell: str, other: str, fails: bool
) -> None:
    cells = [*(f"2024-01-{day:02}T10:00:00Z" for day in range(1, 29)), cell, other] * 3

    assert bool(of(cells).faults) is fails


@pytest.mark.parametrize(
    "cell", ["9999-12-31T23:00:00-05:00", "0001-01-01T00:00:00+05:00", "0000Q1", "0000-Q4", "0000.1"]
)
def test_what_no_calendar_has_is_no_date(cell: str) -> None:
    dates = [f"2024-01-{day:02}" for day in range(1, 29)]

    assert of([*dates, cell] * 3).type == "datetime"
    assert of([cell, "soon", "later"] * 30).type == "categorical"


def test_now_is_of_any_offset() -> None:
    assert of([*(f"2024-01-{day:02}T10:00:00Z" for day in range(1, 29)), "now"] * 3).faults == ()


def test_how_two_offsets_are_told() -> None:
    assert of(["2024-01-05T10:00:00Z", "2024-01-06T10:00:00", "soon"] * 9).faults == (
        "has times of more than one offset from UTC, '2024-01-05T10:00:00Z', '2024-01-06T10:00:00'",
    )
