"""The report of a run: what was assumed, what was seen, and nothing of whose account it was."""

import json
import platform
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from .assumptions import ASSUMPTIONS, Assumption
from .scrub import Scrub
from .seen import Seen, Verdict

_DISTRIBUTION: Final = "cdk-sagemaker-autopilot"
_WIDTH: Final = 110


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a run has seen."""

    region: str
    seen: Mapping[str, Seen]
    scrub: Scrub

    @property
    def counts(self) -> Counter[Verdict]:
        """How many assumptions got which verdict."""
        return Counter(seen.verdict for seen in self.seen.values())

    @property
    def summary(self) -> str:
        """The counts in words."""
        agree, differ, unchecked = (self.counts[verdict] for verdict in Verdict)
        return f"{agree} agree, {differ} {'differs' if differ == 1 else 'differ'}, {unchecked} could not be checked"

    def document(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return {
            "region": self.region,
            "date": datetime.now(UTC).date().isoformat(),
            "versions": {name: _version(name) for name in (_DISTRIBUTION, "boto3", "botocore")}
            | {"python": platform.python_version()},
            "summary": self.summary,
            "rows": [
                {
                    "id": assumption.id,
                    "assumed": assumption.assumed,
                    "verdict": seen.verdict.value,
                    "seen": self.scrub(seen.text),
                    "evidence": [self.scrub(each) for each in seen.evidence if each.strip()],
                }
                for assumption, seen in self._rows()
            ],
        }

    def _rows(self) -> list[tuple[Assumption, Seen]]:
        return [(each, self.seen[each.id]) for each in ASSUMPTIONS if each.id in self.seen]

    def text(self) -> str:
        """For a terminal."""
        document = self.document()
        lines = [f"automl verify: {self.summary}", _head(document)]
        for row in document["rows"]:
            lines += ["", f"{row['id']}: {row['verdict']}", *_wrapped("  assumed: ", row["assumed"])]
            lines += _wrapped("  seen:    ", row["seen"])
            for each in row["evidence"]:
                lines += _wrapped("           - ", each)
        return "\n".join(lines) + "\n"

    def markdown(self) -> str:
        """For an issue."""
        document = self.document()
        lines = ["# What `automl verify` has seen", "", f"{self.summary}. {_head(document)}.", ""]
        lines += ["| id | verdict | seen |", "| --- | --- | --- |"]
        lines += [f"| `{row['id']}` | {row['verdict']} | {_cell(row['seen'])} |" for row in document["rows"]]
        for row in document["rows"]:
            if row["evidence"]:
                lines += ["", f"## {row['id']}: {row['verdict']}", "", f"Assumed: {row['assumed']}", ""]
                lines += [f"- `{_quotable(each)}`" for each in row["evidence"]]
        return "\n".join(lines) + "\n"

    def json(self) -> str:
        """For a program."""
        return json.dumps(self.document(), indent=2) + "\n"

    def write(self, path: Path) -> None:
        """Write it to a file, in the form that its name says."""
        path.write_text(FORMATS[path.suffix](self), encoding="utf-8")


FORMATS: Final[Mapping[str, Callable[[Report], str]]] = {".json": Report.json, ".md": Report.markdown}
"""The forms of a file by its suffix."""


def _head(document: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    return f"{document['date']}, {document['region']}, {versions}"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _wrapped(head: str, text: str) -> list[str]:
    indent = " " * len(head)
    return textwrap.wrap(text, _WIDTH, initial_indent=head, subsequent_indent=indent, break_on_hyphens=False)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _quotable(text: str) -> str:
    return text.replace("`", "'")
