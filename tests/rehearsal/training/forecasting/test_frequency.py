from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.engines.faults import DataFault
from constructs_lib.rehearsal.training.forecasting.frequency import Frequency, Grid
from constructs_lib.rehearsal.training.tabular.columns import moment

FREQUENCIES = ["1min", "15min", "59min", "H", "6H", "D", "6D", "1W", "4W", "M", "3M", "11M", "Y", "1Y"]


@pytest.mark.parametrize("text", ["0D", "7D", "60min", "24H", "5W", "12M", "2Y", "1d", "D1", "", "-1D"])
def test_what_the_api_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(DataFault, match=f"the forecast frequency '{text}' is not one of 1 to 59 min, .*, 1 Y$"):
        Frequency.parse(text)


@pytest.mark.parametrize(
    ("text", "season"),
    [("D", 7), ("2D", 1), ("H", 24), ("6H", 4), ("M", 12), ("3M", 4), ("5M", 1), ("W", 52), ("Y", 1), ("15min", 96)],
)
def test_a_season_is_a_day_a_week_or_a_year(text: str, season: int) -> None:
    assert Frequency.parse(text).season == season


@pytest.mark.parametrize(
    ("text", "earliest", "later", "step", "begins"),
    [
        ("15min", "2024-05-01 10:07:30", "2024-05-01 10:22:00", 1, "2024-05-01 10:22:00"),
        ("H", "2024-05-01 10:07:30", "2024-05-01 11:00:00", 1, "2024-05-01 11:00:00"),
        ("D", "2024-02-28", "2024-03-01T23:59:59", 2, "2024-03-01"),
        ("W", "2024-05-01 10:00:00", "2024-05-08 09:00:00", 1, "2024-05-08"),
        ("M", "2024-01-31", "2025-02-01", 13, "2025-02-01"),
        ("3M", "2024-01-01", "2024-06-30", 1, "2024-04-01"),
        ("Y", "1958-07-01", "1972-01-01", 14, "1972-01-01"),
    ],
)
def test_a_moment_belongs_to_the_step_that_it_lies_in(
    text: str, earliest: str, later: str, step: int, begins: str
) -> None:
    grid = Grid.of(Frequency.parse(text), moment(earliest))
    assert grid.step(moment(earliest)) == 0
    assert grid.step(moment(later)) == step
    assert grid.text(step) == begins


@given(text=st.sampled_from(FREQUENCIES), earliest=st.integers(-(10**9), 2 * 10**9), step=st.integers(0, 500))
def test_a_step_begins_with_itself(text: str, earliest: int, step: int) -> None:
    grid = Grid.of(Frequency.parse(text), float(earliest))
    begins = moment(grid.text(step))
    assert grid.step(begins) == step
    assert grid.step(begins - 1) == step - 1
