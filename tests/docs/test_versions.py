"""The table of versions is current, and what other files say of them is the same."""

import re
import runpy
from typing import Any

import pytest

import constructs_lib

from .blocks import ROOT, pages


@pytest.fixture(scope="module")
def generator() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs" / "reference" / "versions.py"))


def test_the_committed_page_is_current(generator: dict[str, Any]) -> None:
    committed = pages()["docs/versions.md"]

    assert committed == generator["page"](committed), "run python docs/reference/versions.py"
    assert "| aws-cdk-lib | >=2" in committed


def test_the_lowest_that_are_tested_are_the_lowest_that_are_taken(generator: dict[str, Any]) -> None:
    lowest = generator["pins"]("constraints-lowest.txt")
    for name, takes, _ in generator["rows"]():
        if name in ("aws-cdk-lib", "constructs", "jsii"):
            assert re.match(r">=([\d.]+)", takes)[1] == lowest[name], name  # type: ignore[index]


def test_every_text_names_the_same_pythons(generator: dict[str, Any]) -> None:
    first, *_, last = generator["minors"]()
    texts = {**pages(), "dev.py": (ROOT / "dev.py").read_text(encoding="utf-8")}
    said = {(where, found) for where, text in texts.items() for found in re.findall(r"3\.\d+ to 3\.\d+", text)}

    assert said
    assert {found for _, found in said} == {f"3.{first} to 3.{last}"}, said
    assert f"Needs Python 3.{first} or newer" in texts["dev.py"]


def test_ci_runs_the_test_command_of_the_readme() -> None:
    """So the versions that the test command runs with are those of CI."""
    assert "python3 dev.py test\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "$ python3 dev.py test " in pages()["README.md"]


def test_version_is_that_of_the_distribution() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    assert f'version = "{constructs_lib.__version__}"' in project
