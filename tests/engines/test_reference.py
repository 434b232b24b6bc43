"""The page about data is current."""

import runpy
from pathlib import Path
from typing import Any, Final

import pytest

DOCS: Final = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def generator() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "reference" / "data.py"))


def test_the_committed_page_is_current(generator: dict[str, Any]) -> None:
    committed = (DOCS / "data.md").read_text(encoding="utf-8")

    assert committed == generator["page"](committed), "run python docs/reference/data.py"


def test_both_engines_say_something_in_every_line(generator: dict[str, Any]) -> None:
    for name, table in generator["tables"]().items():
        for line in table.splitlines():
            assert line.replace("\\|", "").count("|") == 4, f"{name}: {line}"
            assert all(cell.strip() for cell in line.strip("|").split(" | ")), f"{name}: {line}"
