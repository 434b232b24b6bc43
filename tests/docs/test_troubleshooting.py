"""The page of messages has every text that the code refuses, warns or fails with."""

import re
import runpy
from typing import Any

import pytest

from .blocks import ROOT, pages

PAGE = "docs/troubleshooting.md"


@pytest.fixture(scope="module")
def generator() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs" / "reference" / "messages.py"))


def test_the_committed_page_is_current(generator: dict[str, Any]) -> None:
    committed = pages()[PAGE]

    assert committed == generator["page"](committed), "run python docs/reference/messages.py"


def test_every_file_of_the_library_is_in_a_list(generator: dict[str, Any]) -> None:
    """But for those that tell nobody anything, or whose texts have a page of their own."""
    library = ROOT / "constructs_lib"
    listed = {file for told in generator["SECTIONS"].values() for file in generator["_files"](told)}
    rest = {path.relative_to(library).as_posix() for path in set(library.rglob("*.py")) - listed}
    shown = ("inspection/facts.py", "inspection/page.py", "inspection/screen.py")
    elsewhere = (
        *("rehearsal/cloud/", "rehearsal/training/", "cli/verify/", "cli/explain/", "access/permissions.py"),
        *shown,
    )

    assert {name for name in rest if not name.startswith(elsewhere)} == {
        "__init__.py",
        "dates.py",
        "interfaces.py",
        "keywords.py",
        "public.py",
    }


def test_what_is_explained_is_what_the_code_says(generator: dict[str, Any]) -> None:
    explained = re.findall(r"^### `(.*)`$", pages()[PAGE].partition("## All messages")[0], re.MULTILINE)
    listed = pages()[PAGE].partition("## All messages")[2]

    assert len(explained) >= 12
    assert [text for text in explained if f"- `{text}`" not in listed] == []


@pytest.mark.parametrize(
    "line",
    [
        "raise ValueError(f'the thing {x} is not there at all')",
        "def problems():\n    yield f'the thing {x} is not there at all'",
        "def judge():\n    found.append(f'the thing {x} ' + 'is not there at all')",
        "def reason():\n    return f'the thing {x} is not there at all'",
        "WHY = {1: f'the thing {x} is not there at all'}",
        "def judge():\n    return [f'the thing {x} is not there at all' for x in y]",
    ],
)
def test_text_is_found_however_it_is_told(line: str, generator: dict[str, Any]) -> None:
    assert list(generator["texts"](line)) == ["the thing … is not there at all"]


@pytest.mark.parametrize(
    "line",
    [
        "def judge():\n    'The thing is not there at all.'",
        "Permission(why='the thing is not there at all')",
        "thing: 'dict[str, the | thing that is]' = 1",
    ],
)
def test_text_that_tells_nobody_anything_is_left_out(line: str, generator: dict[str, Any]) -> None:
    assert list(generator["texts"](line)) == []
