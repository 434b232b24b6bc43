"""What the real AWS CLI was seen to do with words and documents, held against ours."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.cli.requests import judgement, words
from constructs_lib.cli.requests.judgement import Verdict

from .model_of_botocore import FILE, text

DATA = Path(__file__).parents[1] / "data"

SEEN: list[dict[str, Any]] = [
    case for case in json.loads((DATA / "cli_cases.json").read_text(encoding="utf-8")) if case["version"] != "v1"
]
"""Version 2 of the CLI; of version 1, what it does in another way is left out."""

ASKED: list[dict[str, Any]] = json.loads((DATA / "cli_answers.json").read_text(encoding="utf-8"))
"""Answers to `against_aws_cli/lines.py`."""

REFUSED_BY_SERVICE = 254

TOLD_IN_OTHER_WORDS = {
    "json-snake-keys": "the name is told as a slip of the key",
    "json-skeleton-v2-into-v1": "it is told that it is a request of V2",
    "json-v1-into-v2": "it is told that it is a request of V1",
    "back-v1-unfilled": "all that is empty is told as a leftover of the skeleton",
}
"""Cases whose first reason of the CLI does not stand in ours, with the reason."""


def judged(case: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    for name, content in (case["files"] or {}).items():
        (folder / name).write_bytes(content.encode())
    return judgement.judge(words.asked_in(case["argv"]))


@pytest.mark.parametrize("case", SEEN, ids=lambda case: case["id"])
def test_request_is_what_the_cli_sends(case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = judged(case, tmp_path, monkeypatch)

    assert json.dumps(verdict.request) == json.dumps(case["body"])  # also the order, and 1 is not True
    if case["exit"] not in (0, REFUSED_BY_SERVICE):
        assert verdict.errors
    if case["id"] not in TOLD_IN_OTHER_WORDS:
        assert any(all(fact in error for fact in facts(case["stderr"])) for error in [*verdict.errors, ""])


@pytest.mark.parametrize("case", ASKED, ids=lambda case: " ".join(case["argv"])[-60:])
def test_request_is_what_the_cli_answered_to_us(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = judged(case, tmp_path, monkeypatch)

    assert json.dumps(verdict.request) == json.dumps(case["body"])
    assert case["exit"] == 0 or verdict.errors


def facts(reason: str) -> list[str]:
    """What of the CLI's first reason has to stand in one of our errors."""
    if found := re.match(r'.*(?:Unknown parameter in|Missing required parameter in) (\S+): "([^"]*)"', reason):
        path = "" if found[1] == "input" else f"{found[1]}."
        return [f"'{path}{found[2]}'"]
    if found := re.match(r".*Invalid (?:type|length|value) for parameter (\S+), value", reason):
        return [f"'{re.sub(HYPER_PARAMETER, WITH_KEY, found[1])}'"]
    if found := re.match(r"Error parsing parameter '(--\S+)': (Expected: .*, received: .*) for input:", reason):
        return [found[1], found[2]]
    if found := re.match(
        r"(?:Error parsing parameter '-*(cli-input-json|cli-input-yaml)': )?(Invalid [A-Z]{4})", reason
    ):
        return [found[1] or "", found[2]]
    if reason.startswith(("the following arguments", "Unknown options", "ambiguous", "invalid literal", "Only one")):
        return [reason.rstrip(".")]
    if found := re.match(r"argument (\S+): Found invalid choice '(\S*)'", reason):
        return list(found.groups())
    return []


HYPER_PARAMETER, WITH_KEY = r"(HyperParameters)\.(\w+)$", r"\1['\2']"


def test_facts_of_a_reason_are_found() -> None:
    assert facts('Parameter validation failed: Missing required parameter in OutputDataConfig: "S3OutputPath"') == [
        "'OutputDataConfig.S3OutputPath'"
    ]
    assert facts("Error parsing parameter '--tags': Expected: '=', received: 'EOF' for input:") == [
        "--tags",
        "Expected: '=', received: 'EOF'",
    ]
    assert len([case for case in SEEN if facts(case["stderr"])]) > 100


def test_members_are_those_of_botocore() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "python -m tests.cli.requests.model_of_botocore"


def test_all_cases_are_there() -> None:
    assert len(SEEN) == 292
    assert len(ASKED) > 200
