"""The forms of the repository's issues are such as GitHub takes, and name what is there."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from .blocks import ROOT

FOLDER = ROOT / ".github/ISSUE_TEMPLATE"
FORMS = sorted(path.name for path in FOLDER.glob("*.yml") if path.name != "config.yml")

# https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema
ATTRIBUTES = {
    "markdown": {"value"},
    "textarea": {"label", "description", "placeholder", "value", "render"},
    "input": {"label", "description", "placeholder", "value"},
    "dropdown": {"label", "description", "multiple", "options", "default"},
    "checkboxes": {"label", "description", "options"},
}


def problems(form: Any) -> list[str]:
    """What GitHub would refuse."""
    found = [f"no {key}" for key in ("name", "description", "body") if not form.get(key)]
    found += [
        f"unknown: {key}" for key in form.keys() - {"name", "description", "labels", "title", "body", "assignees"}
    ]
    body = form.get("body") or []
    asked = [each for each in body if each["type"] != "markdown"]
    if not asked:
        found.append("nothing is asked")
    for field in ("id", "label"):
        values = [each.get("id") if field == "id" else each["attributes"].get("label") for each in asked]
        found += [f"{field} missing or given twice" for _ in [0] if None in values or len({*values}) < len(values)]
    for each in body:
        known = ATTRIBUTES.get(each["type"])
        if known is None:
            found.append(f"unknown type: {each['type']}")
            continue
        found += [f"{each['type']}: unknown: {name}" for name in each["attributes"].keys() - known]
        found += [f"unknown: {name}" for name in each.keys() - {"type", "id", "attributes", "validations"}]
        if each["type"] == "dropdown" and len({*each["attributes"]["options"]}) < 2:
            found.append("a dropdown without a choice")
    return found


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", FORMS)
def test_form_is_one_that_github_takes(name: str) -> None:
    assert problems(read(FOLDER / name)) == []


def test_there_are_forms_and_no_blank_issue() -> None:
    assert {"bug.yml", "feature.yml", "aws.yml"} <= {*FORMS}
    assert read(FOLDER / "config.yml") == {"blank_issues_enabled": False}


@pytest.mark.parametrize("name", FORMS)
def test_pages_that_a_form_names_are_there(name: str) -> None:
    named = re.findall(r"\b(?:docs/[\w./-]+|[A-Z]+)\.md\b", (FOLDER / name).read_text(encoding="utf-8"))

    assert [page for page in named if not (ROOT / page).is_file()] == []


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "x", "description": "y", "body": [{"type": "markdown", "attributes": {"value": "z"}}]}, "nothing is"),
        ({"name": "x", "body": [{"type": "input", "id": "a", "attributes": {"label": "b"}}]}, "no description"),
        (
            {"name": "x", "description": "y", "body": [{"type": "input", "id": "a", "attributes": {"options": []}}]},
            "input: unknown: options",
        ),
        ({"name": "x", "description": "y", "body": [{"type": "input", "attributes": {"label": "b"}}]}, "id missing"),
        (
            {"name": "x", "description": "y", "body": [{"type": "text", "id": "a", "attributes": {"label": "b"}}]},
            "unknown type: text",
        ),
    ],
)
def test_what_github_would_refuse_is_found(form: dict[str, Any], said: str) -> None:
    assert any(said in each for each in problems(form))
