"""Texts with classes: how many of each, how long, and which are there twice."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.target import counted, few

from .facts import lengths
from .findings import Finding, Level, unreadable, with_findings
from .rows import each_row
from .tables import Watch

_FEW: Final = 10
_SLIGHT: Final = 0.01


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The columns."""

    target: str
    text: str


class _Rows:
    def __init__(self) -> None:
        self.count = self.no_text = self.no_label = 0
        self.classes: Counter[str] = Counter()
        self.words: Counter[int] = Counter()
        self.labels: dict[bytes, set[str]] = {}
        self.copies = 0

    def take(self, cells: Sequence[str]) -> None:
        self.count += 1
        text, label = cells
        self.no_text += not text
        self.no_label += not label
        if not text or not label:
            return
        self.classes[label] += 1
        self.words[len(text.split())] += 1
        known = self.labels.setdefault(blake2b(text.encode(), digest_size=16).digest(), set())
        self.copies += bool(known)
        known.add(label)


def of_texts(files: Sequence[Path], name: str, asked: Asked, watch: Watch | None = None) -> dict[str, Any]:
    """What was found of texts, as plain values.

    Args:
        files: CSV or Parquet.
        name: What they are called together.
        asked: The columns.
        watch: Is told of the progress.
    """
    rows = _Rows()
    try:
        notes = each_row(files, {"text": asked.text, "target": asked.target}, rows.take, watch)
        found = [Finding(level=Level.NOTE, id="reading", text=note) for note in notes] + _found(rows, name, asked)
    except DataFault as fault:
        found = [unreadable(fault, files, name)]
    total = rows.classes.total()
    facts = {
        "rows": rows.count,
        "rows_used": total,
        "classes": sorted(rows.classes),
        "class_count": len(rows.classes),
        "class_rows": [
            {"class": label, "rows": count, "share": round(count / total, 4)}
            for label, count in rows.classes.most_common(100)
        ],
        "words": lengths(rows.words),
        "duplicates": rows.copies,
    }
    return with_findings("texts", facts, found)


def _found(rows: _Rows, name: str, asked: Asked) -> list[Finding]:
    found = []
    if len(rows.classes) < 2:
        known = few(list(rows.classes)) or "none"
        said = f"{name} needs two different classes in '{asked.target}'; it has {known}"
        found.append(Finding(level=Level.FAILS, id="one-class", text=said, column=asked.target))
    for count, what, column in ((rows.no_text, "text", asked.text), (rows.no_label, "label", asked.target)):
        if count:
            said = f"{name} has {counted(count, 'row')} without a {what} in '{column}'"
            found.append(Finding(level=Level.NOTE, id=f"no-{what}", text=said, column=column))
    if torn := sum(len(labels) > 1 for labels in rows.labels.values()):
        said = f"{name} has {counted(torn, 'text')} with more than one class: one of them is wrong"
        found.append(Finding(level=Level.MISLEADS, id="two-classes", text=said, column=asked.text))
    if rows.copies:
        said = f"{name} has {counted(rows.copies, 'row')} whose text came before: a model is judged by what it has seen"
        found.append(Finding(level=Level.MISLEADS, id="duplicates", text=said, column=asked.text))
    if small := [label for label, count in rows.classes.items() if count < _FEW]:
        said = f"{name} has classes of fewer than {_FEW} rows in '{asked.target}': {few(small)}"
        found.append(Finding(level=Level.MISLEADS, id="small-classes", text=said, column=asked.target))
    largest = max(rows.classes.values(), default=0)
    if slight := [label for label, count in rows.classes.items() if _FEW <= count < _SLIGHT * largest]:
        said = f"{name} has classes of less than a hundredth of the largest in '{asked.target}': {few(slight)}"
        found.append(Finding(level=Level.MISLEADS, id="imbalanced", text=said, column=asked.target))
    return found
