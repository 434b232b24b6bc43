"""`docs/neighbours.md` names the versions that are run, and what has a row is really run."""

import re
from pathlib import Path

import pytest

from dev import NEIGHBOURS

ROOT = Path(__file__).parents[2]
EXTRA = re.compile(r"^neighbours[\w-]* = \[\n(.*?)^\]", re.MULTILINE | re.DOTALL)


def pinned(extra: str) -> dict[str, str]:
    """The versions of an environment."""
    lines = (ROOT / f"constraints-{extra}.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def rows() -> set[tuple[str, str]]:
    """Packages of the table by their names on PyPI, and the versions."""
    page = (ROOT / "docs" / "neighbours.md").read_text()
    return {(name, version) for name, version in re.findall(r"^\| `([\w.-]+)` \| ([\w.]+) \|", page, re.MULTILINE)}


def test_the_table_has_the_versions_that_are_run() -> None:
    asked = {
        re.split("[<>=]", name)[0]
        for listed in EXTRA.findall((ROOT / "pyproject.toml").read_text())
        for name in re.findall(r'"(.+?)"', listed)
    }
    run = {(name, version) for extra in NEIGHBOURS.values() for name, version in pinned(extra).items() if name in asked}

    assert len(run) == 12
    assert rows() == run


@pytest.mark.parametrize(("folder", "extra"), NEIGHBOURS.items())
def test_every_environment_has_a_folder_of_tests(folder: str, extra: str) -> None:
    assert list((ROOT / "tests" / "neighbours" / folder).glob("test_*.py"))
    assert pinned(extra)["cdk-nag"].partition(".")[0] == folder.rpartition("_")[2]
