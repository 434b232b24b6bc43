"""The page of `automl inspect --html` in a real browser, by a checker of accessibility, light and dark, phone and desk.

See `tests/rehearsal/report/test_browser.py` for what it needs.
"""

import random
from pathlib import Path

import pytest

from constructs_lib.cli import main
from tests.rehearsal.report.test_browser import AXE, BROWSER, DARK, LIGHT, checked, widths

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here: apt-get install chromium"),
]

PHONE, DESK = 390, 1280


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The page of a table with all levels of findings, and of time series."""
    monkeypatch.chdir(tmp_path)
    draw = random.Random(0)
    kinds = ["one", "two", "a class with a rather long name", "NA"]
    head = ["amount", "a_column_with_a_name_that_is_very_long_and_has_no_blank_in_it", "gaps", "id", "day", "y"]
    rows = [
        [
            f"{draw.lognormvariate(3, 1):.2f}",
            *draw.choice(["a", "b"]),
            "1" * (row % 3 == 0),
            f"c{row}",
            "20240105",
            kind,
        ]
        for row in range(400)
        for kind in [draw.choice(kinds)]
    ]
    Path("table.csv").write_text("\n".join(map(",".join, [head, *rows])) + "\n")
    days = [f"2024-01-{day:02},{item},{day * draw.random():.1f}" for item in "abc" for day in range(1, 29)]
    Path("series.csv").write_text("\n".join(["day,item,units", *days]) + "\n")
    main(["inspect", "table.csv", "--target", "y", "--html", "table.html"])
    main(
        ["inspect", "series.csv", "--target", "units", "--timestamp", "day", "--item", "item", "--html", "series.html"]
    )
    return {name: Path(f"{name}.html").read_text() for name in ("table", "series")}


@pytest.mark.skipif(not AXE, reason="AXE_CORE names no axe.min.js: python3 dev.py test provides it")
@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["table", "series"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_checker_of_accessibility_finds_nothing(
    width: int, name: str, scheme: list[str], pages: dict[str, str], tmp_path: Path
) -> None:
    problems, passes = checked(pages[name], tmp_path, *scheme, f"--window-size={width},900")

    assert problems == []
    assert {"color-contrast", "document-title", "html-has-lang", "region"} <= passes


@pytest.mark.skipif(not AXE, reason="AXE_CORE names no axe.min.js: python3 dev.py test provides it")
def test_a_table_that_the_keyboard_does_not_scroll_would_be_found(pages: dict[str, str], tmp_path: Path) -> None:
    page = pages["table"].replace(' tabindex="0"', "")

    problems, _ = checked(page, tmp_path, *LIGHT, f"--window-size={PHONE},900")

    assert [problem.split(":")[0] for problem in problems] == ["scrollable-region-focusable"]


@pytest.mark.parametrize("name", ["table", "series"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_page_is_as_wide_as_the_screen(width: int, name: str, pages: dict[str, str], tmp_path: Path) -> None:
    assert widths(pages[name], width, tmp_path) == (width, width)
