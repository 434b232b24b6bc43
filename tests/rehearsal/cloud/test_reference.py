"""The page about the rehearsal is current, and every operation says there what is played of it."""

import runpy
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def generator() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "reference" / "rehearsal.py"))


@pytest.fixture(scope="module")
def tables(generator: dict[str, Any]) -> dict[str, str]:
    made: dict[str, str] = generator["tables"]()
    return made


def rows(table: str) -> dict[str, list[str]]:
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]
    return {name: rest for name, *rest in cells}


def test_the_committed_page_is_current(generator: dict[str, Any]) -> None:
    committed = (DOCS / "rehearsal.md").read_text(encoding="utf-8")
    assert committed == generator["page"](committed), "run python docs/reference/rehearsal.py"


@pytest.mark.parametrize("name", ["sagemaker", "runtime", "scaling"])
def test_every_operation_says_what_is_played(name: str, tables: dict[str, str]) -> None:
    silent = [operation for operation, (_, played, _) in rows(tables[name]).items() if not played]
    assert not silent, f"say in the docstrings of {silent} what is played, and after 'Left out:' what is not"


def test_every_type_says_what_is_done(tables: dict[str, str]) -> None:
    assert not [kind for kind, (done,) in rows(tables["types"]).items() if not done]


def test_what_is_checked_comes_from_the_code_with_all_that_it_reaches(tables: dict[str, str]) -> None:
    checked, _, left_out = rows(tables["sagemaker"])["`CreateTransformJob`"]
    assert checked.startswith("IAM: `sagemaker:AddTags`")
    assert "JoinSource Input needs SplitType Line and AssembleWith Line" in checked
    assert "`ModelClientConfig`" in left_out
    checked, _, _ = rows(tables["sagemaker"])["`CreateAutoMLJob`"]
    for refusal in ("There is already an AutoML job with the name …", "One channel must be the training channel"):
        assert refusal in checked


def test_every_member_of_a_report_says_what_it_is(tables: dict[str, str]) -> None:
    lines = [line.strip("| ").split(" | ") for line in tables["report"].splitlines()[2:]]
    assert [line for line in lines if len(line) != 4 or not line[3].strip()] == []
    objects = {line[0] for line in lines}
    assert {"Facts", "Verdict", "StepFact", "JobFact", "Study", "Forecast", "PropertyChange"} <= objects
