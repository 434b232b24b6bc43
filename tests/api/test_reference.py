"""The generated reference is current, and says what it must."""

import re
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.api.fields import places
from constructs_lib.api.migration import mapping
from constructs_lib.api.problem import Problem
from constructs_lib.api.problem_types import AnyProblem
from constructs_lib.api.request import CreateAutoMLJob, CreateAutoMLJobV2
from constructs_lib.api.rulebook import RULES
from constructs_lib.cli.verify.assumptions import ASSUMPTIONS, Assumption

LIBRARY = Path(__file__).parents[2] / "constructs_lib"
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.fixture(scope="module")
def pages() -> Mapping[str, str]:
    generator: dict[str, Any] = runpy.run_path(str(REFERENCE / "generate.py"))
    written: Mapping[str, str] = generator["pages"]()
    return written


def test_the_committed_pages_are_current(pages: Mapping[str, str]) -> None:
    committed = {name: (REFERENCE / name).read_text(encoding="utf-8") for name in pages}
    assert committed == pages, "run python docs/reference/generate.py"
    elsewhere = {"commands.md"}  # made by `docs/reference/commands.py`
    assert {path.name for path in REFERENCE.glob("*.md")} - elsewhere < committed.keys()


def test_the_page_of_v1_has_every_prop_and_no_other_problem(pages: Mapping[str, str]) -> None:
    for place in places(CreateAutoMLJob):
        for prop in place.props:
            assert f"`{prop.replace('[0]', '[]')}`" in pages["limits.md"]
    for problem in AnyProblem.__args__:
        own = {rule.name for rule in RULES if rule.check.__module__ == problem.__module__}
        assert all((f"`{name}`" in pages["limits.md"]) == (problem.__name__ == "Tabular") for name in own)
    assert "emr_serverless" not in pages["limits.md"]


@pytest.mark.parametrize("problem", AnyProblem.__args__)
def test_the_page_of_v2_has_every_prop_of_every_problem(problem: type[Problem], pages: Mapping[str, str]) -> None:
    for place in places(CreateAutoMLJobV2, problem):
        for prop in place.props:
            assert f"`{prop.replace('[0]', '[]')}`" in pages["limits-v2.md"]
        assert f"`{place.wire.replace('[0]', '[]')}`" in pages["limits-v2.md"]
    for values in (*problem._METRICS.values(), *problem._ALGORITHMS.values(), problem._CONTENT_TYPES):
        assert ", ".join(f"`{value}`" for value in values) in pages["limits-v2.md"]


def test_the_page_of_v2_has_every_rule_beside_a_prop_and_with_its_source(pages: Mapping[str, str]) -> None:
    for rule in RULES:
        assert f"[{rule.name}]({rule.source})" in pages["limits-v2.md"]
        assert f"| `{rule.name}` |" in pages["limits-v2.md"]


def test_the_page_of_the_migration_has_every_member_of_v1(pages: Mapping[str, str]) -> None:
    for path in mapping():
        assert f"`{path.replace('[0]', '[]').replace('[1]', '[]')}`" in pages["v1-to-v2.md"]


@pytest.mark.parametrize("assumption", ASSUMPTIONS, ids=lambda each: each.id)
def test_each_assumption_is_named_where_the_code_rests_on_it(assumption: Assumption) -> None:
    for file in assumption.where:
        assert f"[{assumption.id}]" in (LIBRARY / file).read_text(encoding="utf-8"), file


def test_code_names_no_assumption_that_is_not_on_the_list() -> None:
    known = {each.id for each in ASSUMPTIONS}
    named = {
        id_
        for path in LIBRARY.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.lstrip().startswith("# [")
        for id_ in re.findall(r"\[([a-z0-9-]+)\]", line)
    }

    assert len(known) == len(ASSUMPTIONS)
    assert named <= known
