"""Dates that are written in other ways than the service reads."""

import pytest

from constructs_lib.dates import written_date


@pytest.mark.parametrize(
    ("cell", "called"),
    [
        ("2009Q1", "'2009Q1' is a quarter: write the day that it begins with, 2009-01-01"),
        ("2009-q4", "'2009-q4' is a quarter: write the day that it begins with, 2009-10-01"),
        ("Q3 2009", "'Q3 2009' is a quarter: write the day that it begins with, 2009-07-01"),
        ("12/31/2009", "'12/31/2009' is a date as in the US, month/day/year: write 2009-12-31"),
        (
            "1/2/09",
            "'1/2/09' is a date as in the US, month/day/year: write 2009-01-02, or 2009-02-01 if it means "
            "day/month/year",
        ),
        ("5/5/2009", "'5/5/2009' is a date as in the US, month/day/year: write 2009-05-05"),
        ("31/12/2009", "'31/12/2009' is day/month/year: write 2009-12-31"),
        ("32/12/2009", None),
        ("2009-12-31", None),
        ("120/80", None),
        ("Q5 2009", None),
        ("", None),
    ],
)
def test_dates_of_other_forms_are_called_by_their_names(cell: str, called: str | None) -> None:
    assert written_date(cell) == called
