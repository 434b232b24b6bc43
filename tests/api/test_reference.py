"""The generated reference is current, and says what it must."""

import runpy
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.api.fields import places
from constructs_lib.api.request import CreateAutoMLJob
from constructs_lib.api.rules import RULES

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.fixture(scope="module")
def page() -> str:
    generator: dict[str, Any] = runpy.run_path(str(REFERENCE / "generate.py"))
    text: str = generator["limits"]()
    return text


def test_the_committed_page_is_current(page: str) -> None:
    assert (REFERENCE / "limits.md").read_text(encoding="utf-8") == page, "run python docs/reference/generate.py"


def test_the_page_has_every_prop_and_every_rule_with_its_source(page: str) -> None:
    for place in places(CreateAutoMLJob):
        for prop in place.props:
            assert f"`{prop.replace('[0]', '[]')}`" in page
    fields, _, rules = page.partition("## Rules between fields")
    for rule in RULES:
        assert f"[{rule.name}]({rule.source})" in fields
        assert f"| `{rule.name}` |" in rules
