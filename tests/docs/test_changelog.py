"""The changelog: sections by version, newest first, each with its date; what nobody has released is not dated."""

import re
import tomllib
from datetime import date

from .blocks import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
"""As Keep a Changelog has them."""


def problems(text: str, version: str) -> list[str]:
    """What is wrong with a changelog, for a checkout of that version."""
    found, sections = [], re.findall(r"^## (.+)$", text, re.MULTILINE)
    if sections[:1] == ["Unreleased"]:
        sections = sections[1:]
    released = []
    for section in sections:
        dated = re.fullmatch(r"(\d+)\.(\d+)\.(\d+) - (\d{4}-\d\d-\d\d)", section)
        if not dated or not _is_date(dated[4]):
            found.append(f"not 'X.Y.Z - YYYY-MM-DD': {section}")
        else:
            released.append((tuple(map(int, dated.groups()[:3])), dated[4]))
    if released != sorted(released, reverse=True):
        found.append("not the newest first")
    if len({number for number, _ in released}) < len(released):
        found.append("a version twice")
    if released and max(released)[0] > tuple(map(int, version.split("."))):
        found.append(f"newer than {version}, which pyproject.toml has")
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        kinds = re.findall(r"^### (.+)$", section, re.MULTILINE)
        if len({*kinds}) < len(kinds) or not {*kinds} <= {*KINDS} or not kinds:
            found.append(f"kinds of change: {kinds}")
    return found


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def test_changelog_is_in_order() -> None:
    assert problems(CHANGELOG, VERSION) == []


def test_what_is_wrong_with_a_changelog_is_found() -> None:
    kind = "\n### Added\n\n- x\n\n"
    good = f"## Unreleased\n{kind}## 0.2.0 - 2026-12-01\n{kind}## 0.1.0 - 2026-11-01\n{kind}"

    assert problems(good, "0.2.0") == []
    assert problems(good, "0.1.0") == ["newer than 0.1.0, which pyproject.toml has"]
    assert problems(good.replace("2026-12-01", "2026-13-01"), "0.2.0") == [
        "not 'X.Y.Z - YYYY-MM-DD': 0.2.0 - 2026-13-01"
    ]
    assert problems(good.replace("0.2.0", "0.0.9"), "0.2.0") == ["not the newest first"]
    assert problems(good.replace("0.2.0 - 2026-12", "0.1.0 - 2026-12"), "0.2.0") == ["a version twice"]
    assert problems(good.replace("### Added", "### New", 1), "0.2.0") == ["kinds of change: ['New']"]
