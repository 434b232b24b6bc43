"""Pairs of input and output from which text is learned to be written: how many, how long, which are there twice."""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.target import counted

from .facts import lengths
from .findings import Finding, Level, unreadable, with_findings
from .rows import each_row
from .tables import Watch

COLUMNS: Final = ("input", "output")
RECOMMENDED_ROWS: Final = 1_000


class _Rows:
    def __init__(self) -> None:
        self.count = self.usable = self.copies = self.same = 0
        self.empty = dict.fromkeys(COLUMNS, 0)
        self.words: dict[str, Counter[int]] = {name: Counter() for name in COLUMNS}
        self.outputs: dict[bytes, set[bytes]] = {}

    def take(self, cells: Sequence[str]) -> None:
        self.count += 1
        for name, cell in zip(COLUMNS, cells, strict=True):
            self.empty[name] += not cell
        if not all(cells):
            return
        self.usable += 1
        for name, cell in zip(COLUMNS, cells, strict=True):
            self.words[name][len(cell.split())] += 1
        given, answer = cells
        self.same += given == answer
        known = self.outputs.setdefault(_digest(given), set())
        self.copies += _digest(answer) in known
        known.add(_digest(answer))


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def of_pairs(files: Sequence[Path], name: str, watch: Watch | None = None) -> dict[str, Any]:
    """What was found of pairs of input and output, as plain values.

    Args:
        files: CSV or Parquet.
        name: What they are called together.
        watch: Is told of the progress.
    """
    rows = _Rows()
    try:
        notes = each_row(files, {each: each for each in COLUMNS}, rows.take, watch, exactly=True)
        found = [Finding(level=Level.NOTE, id="reading", text=note) for note in notes] + _found(rows, name)
    except DataFault as fault:
        found = [unreadable(fault, files, name)]
    facts = {
        "rows": rows.count,
        "rows_used": rows.usable,
        "input": lengths(rows.words["input"]),
        "output": lengths(rows.words["output"]),
        "duplicates": rows.copies,
    }
    return with_findings("pairs", facts, found)


def _found(rows: _Rows, name: str) -> list[Finding]:
    found = []
    for column, count in rows.empty.items():
        if count:
            said = f"{name} has {counted(count, 'row')} with an empty '{column}': take them out"
            found.append(Finding(level=Level.FAILS, id=f"no-{column}", text=said, column=column))
    if not rows.usable:
        said = f"{name} has no row with an input and an output: there is nothing to learn"
        found.append(Finding(level=Level.FAILS, id="no-rows", text=said))
    elif rows.usable < RECOMMENDED_ROWS:
        said = f"{name} has {counted(rows.usable, 'row')} to train on, and AWS recommends at least {RECOMMENDED_ROWS}"
        found.append(Finding(level=Level.MISLEADS, id="few-rows", text=said))
    if several := sum(len(answers) > 1 for answers in rows.outputs.values()):
        said = f"{name} has {counted(several, 'input')} with more than one output: the model learns to answer either"
        found.append(Finding(level=Level.NOTE, id="several-outputs", text=said, column="input"))
    if rows.copies:
        said = f"{name} has {counted(rows.copies, 'row')} that came before: a model is judged by what it has seen"
        found.append(Finding(level=Level.MISLEADS, id="duplicates", text=said))
    if rows.same:
        said = f"{name} has {counted(rows.same, 'row')} whose output is the input: the model learns to repeat"
        found.append(Finding(level=Level.MISLEADS, id="output-is-input", text=said, column="output"))
    return found
