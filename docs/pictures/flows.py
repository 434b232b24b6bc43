#!/usr/bin/env python3
"""Draw what happens in an example as `examples/<name>/flow.svg`: boxes on a grid, and arrows between them.

    python docs/pictures/flows.py

`tests/docs/test_examples.py` holds that the pictures are current, and that no text leaves its box.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from docs.pictures.draw import STYLE  # noqa: E402 - found by the line above, where this is run as a program

_MARGIN: Final = 16
_WIDTH: Final = 208
_HEIGHT: Final = 66
_ACROSS: Final = 100
_DOWN: Final = 46
_LETTER: Final = 5.7
_BOLD: Final = 8.6
"""About the width of a letter of the small text, and of a name, in pixels."""

_LABELS: Final = """
  .label { font-size: 11px; fill: #57606a; stroke: #fff; stroke-width: 4px; paint-order: stroke }
  @media (prefers-color-scheme: dark) { .label { fill: #9198a1; stroke: #0d1117 } }
"""


@dataclass(frozen=True)
class Box:
    """A thing in the picture: what it is called, and what is said of it."""

    column: int
    row: int
    name: str
    said: tuple[str, ...] = ()

    @property
    def left(self) -> int:
        """Where it begins, from the left."""
        return _MARGIN + self.column * (_WIDTH + _ACROSS)

    @property
    def top(self) -> int:
        """Where it begins, from the top."""
        return _MARGIN + self.row * (_HEIGHT + _DOWN)


@dataclass(frozen=True)
class Flow:
    """A picture: its title, boxes by a short name, and arrows between them with what they say."""

    title: str
    boxes: dict[str, Box]
    arrows: tuple[tuple[str, str, str], ...]


FLOWS: Final = {
    "own_bucket": Flow(
        "A regression on data of a bucket that is there",
        {
            "data": Box(0, 0, "Your bucket", ("loans/train/ is read,", "loans/models/ is written")),
            "job": Box(1, 0, "AutoMLJob", ("six columns, one number", "objective: RMSE")),
            "gate": Box(2, 0, "AutoMLJobOutcome", ("the deployment waits:", "at most 10,000 off?")),
            "out": Box(2, 1, "Stack's outputs", ("the error, and the model",)),
            "role": Box(1, 1, "Role", ("reads and writes below", "these two prefixes only")),
        },
        (("data", "job", "rows"), ("job", "gate", "ends"), ("gate", "out", "good enough"), ("role", "job", "runs as")),
    ),
    "champion_challenger": Flow(
        "A challenger that takes the place of the champion only if it is better",
        {
            "data": Box(0, 0, "credit.csv", ("the same rows for both",)),
            "champion": Box(1, 0, "Champion", ("a job on two columns",)),
            "challenger": Box(1, 1, "Challenger", ("a job on all columns,", "after the champion")),
            "gate": Box(2, 1, "QualityGate", ("better_than the champion?",)),
            "endpoint": Box(2, 0, "AutoMLEndpoint", ("its name stays",)),
            "back": Box(2, 2, "Rollback", ("the champion serves on",)),
        },
        (
            ("data", "champion", "trains"),
            ("data", "challenger", "trains"),
            ("champion", "endpoint", "served first"),
            ("challenger", "gate", "AUC"),
            ("gate", "endpoint", "yes: takes over"),
            ("gate", "back", "no"),
        ),
    ),
    "endpoint_asynchronous": Flow(
        "An endpoint that works at a queue",
        {
            "caller": Box(0, 0, "Whoever asks", ("puts rows into S3 and calls", "InvokeEndpointAsync")),
            "queue": Box(1, 0, "Queue", ("of the endpoint: up to an", "hour for a request")),
            "fleet": Box(2, 0, "Instances", ("0 to 2: none while there", "is nothing to do")),
            "bucket": Box(2, 1, "Bucket", ("answers, one object each",)),
            "topics": Box(1, 1, "SNS topics", ("Answered, Failed",)),
        },
        (
            ("caller", "queue", "asks"),
            ("queue", "fleet", "takes"),
            ("fleet", "bucket", "writes"),
            ("bucket", "topics", "tells"),
            ("topics", "caller", "hears of it"),
        ),
    ),
    "batch_transform": Flow(
        "A file that each new model predicts for",
        {
            "data": Box(0, 0, "credit.csv", ("known loans",)),
            "job": Box(1, 0, "AutoMLJob", ("learns",)),
            "outcome": Box(2, 0, "AutoMLJobOutcome", ("hands the best candidate on",)),
            "new": Box(0, 1, "new_loans.csv", ("200 loans, no header,", "a number in front")),
            "transform": Box(1, 1, "AutoMLTransform", ("instances for some minutes",)),
            "out": Box(2, 1, "new_loans.csv.out", ("number, label,", "how likely it is")),
        },
        (
            ("data", "job", "rows"),
            ("job", "outcome", "ends"),
            ("outcome", "transform", "model"),
            ("new", "transform", "rows"),
            ("transform", "out", "writes"),
        ),
    ),
    "adopted_job": Flow(
        "A job made by hand, referred to and adopted",
        {
            "hand": Box(0, 0, "credit-by-hand", ("a job that is there", "already")),
            "request": Box(0, 1, "request.json", ("what it was made with",)),
            "served": Box(1, 0, "Stack Served", ("from_job_name: waits for it,", "serves its best candidate")),
            "adopted": Box(1, 1, "Stack Adopted", ("from_request: the same", "request, from now on")),
            "endpoint": Box(2, 0, "AutoMLEndpoint", ("the old job itself is", "never touched")),
            "job": Box(2, 1, "A job of the stack", ("follows changes, goes", "with the stack")),
        },
        (
            ("hand", "served", "its name"),
            ("served", "endpoint", "serves"),
            ("request", "adopted", "is read"),
            ("adopted", "job", "trains"),
        ),
    ),
    "bank": Flow(
        "A model inside of what a central team has made",
        {
            "vpc": Box(0, 0, "VPC without a way out", ("subnets, security group",)),
            "keys": Box(0, 1, "KMS key", ("volumes, models, logs,", "captured traffic")),
            "boundary": Box(0, 2, "Permissions boundary", ("on every role of the stack",)),
            "job": Box(1, 0, "AutoMLJob", ("reads the bank's bucket,", "writes the bank's bucket")),
            "function": Box(1, 1, "The library's function", ("in the VPC, traced, its", "log encrypted")),
            "endpoint": Box(2, 0, "AutoMLEndpoint", ("isolated; a copy of its", "traffic is kept")),
            "alerts": Box(2, 1, "SNS topic", ("failed jobs, dead letters",)),
        },
        (
            ("vpc", "job", "around"),
            ("keys", "function", "encrypts"),
            ("boundary", "function", "limits"),
            ("job", "endpoint", "AUC >= 0.75"),
            ("function", "alerts", "tells"),
        ),
    ),
    "pipeline": Flow(
        "A model on its way through two accounts",
        {
            "source": Box(0, 0, "Repository", ("a push to main",)),
            "pipeline": Box(0, 1, "Pipeline", ("account of the tools:", "cdk synth, assets")),
            "test": Box(1, 1, "Test", ("trains, AUC >= 0.5,", "has an endpoint")),
            "person": Box(1, 0, "Somebody", ("looks at the model of", "the test account")),
            "production": Box(2, 1, "Production", ("trains on its own,", "AUC >= 0.7, endpoint")),
        },
        (
            ("source", "pipeline", "starts"),
            ("pipeline", "test", "deploys"),
            ("test", "person", "shows"),
            ("person", "production", "approves"),
        ),
    ),
    "client": Flow(
        "A program that asks an endpoint",
        {
            "rows": Box(0, 0, "rows.csv", ("with a header",)),
            "ask": Box(1, 0, "ask.py", ("100 rows in a request,", "without the target")),
            "endpoint": Box(2, 0, "AutoMLEndpoint", ("predicted_label,", "probability")),
            "out": Box(0, 1, "answered.csv", ("each row with its answer",)),
            "policy": Box(1, 1, "Policy", ("sagemaker:InvokeEndpoint", "on this endpoint")),
        },
        (
            ("rows", "ask", "read"),
            ("ask", "endpoint", "InvokeEndpoint"),
            ("ask", "out", "writes"),
            ("policy", "ask", "allows"),
        ),
    ),
}
"""By the name of the example's folder."""


def pictures() -> dict[Path, str]:
    """Every picture by the place of its file."""
    return {ROOT / "examples" / name / "flow.svg": drawn(flow) for name, flow in FLOWS.items()}


def drawn(flow: Flow) -> str:
    """A picture."""
    width = max(box.left for box in flow.boxes.values()) + _WIDTH + _MARGIN
    height = max(box.top for box in flow.boxes.values()) + _HEIGHT + _MARGIN
    title = escape(flow.title)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{title}">',
        f"<title>{title}</title>",
        f"<style>{STYLE}{_LABELS}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">',
        '<path d="M0 0 L8 4 L0 8 z"/></marker></defs>',
        *(_arrow(flow.boxes[start], flow.boxes[end], label) for start, end, label in flow.arrows),
        *(_box(box) for box in flow.boxes.values()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def too_long(flow: Flow) -> list[str]:
    """Texts that leave their box, or the way between two."""
    texts = [text for box in flow.boxes.values() for text in box.said]
    return [
        *(text for text in texts if len(text) * _LETTER > _WIDTH - 12),
        *(box.name for box in flow.boxes.values() if len(box.name) * _BOLD > _WIDTH - 12),
        *(label for *_, label in flow.arrows if len(label) * _LETTER > _ACROSS - 8),
    ]


def _box(box: Box) -> str:
    middle = box.left + _WIDTH // 2
    said = "".join(
        f'<text class="what" text-anchor="middle" x="{middle}" y="{box.top + 40 + 14 * number}">{escape(line)}</text>'
        for number, line in enumerate(box.said)
    )
    return (
        f'<rect x="{box.left}" y="{box.top}" width="{_WIDTH}" height="{_HEIGHT}"/>'
        f'<text class="name" text-anchor="middle" x="{middle}" y="{box.top + 22}">{escape(box.name)}</text>{said}'
    )


def _arrow(start: Box, end: Box, label: str) -> str:
    x1, y1 = start.left + _WIDTH // 2, start.top + _HEIGHT // 2
    x2, y2 = end.left + _WIDTH // 2, end.top + _HEIGHT // 2
    if start.column != end.column:
        side = 1 if end.column > start.column else -1
        x1, x2 = x1 + side * _WIDTH // 2, x2 - side * _WIDTH // 2
    else:
        side = 1 if end.row > start.row else -1
        y1, y2 = y1 + side * _HEIGHT // 2, y2 - side * _HEIGHT // 2
    middle = f'x="{(x1 + x2) // 2}" y="{(y1 + y2) // 2 + (4 if x1 == x2 or y1 != y2 else -6)}"'
    return (
        f'<path marker-end="url(#tip)" d="M{x1} {y1} L{x2} {y2}"/>'
        f'<text class="label" text-anchor="middle" {middle}>{escape(label)}</text>'
    )


if __name__ == "__main__":
    for file, picture in pictures().items():
        file.write_text(picture, encoding="utf-8")
