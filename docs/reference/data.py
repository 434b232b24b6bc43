#!/usr/bin/env python3
"""Write the tables of `docs/data.md`: what both engines make of the same few lines, by asking the code.

    python docs/reference/data.py

`tests/engines/test_reference.py` fails when the page is not current.
"""

import gzip
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from constructs_lib.engines import columns, ensembling
from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.files import open_csv
from constructs_lib.engines.inspection import ENSEMBLING, TUNING, Engine, inspect_csv
from constructs_lib.engines.records import records
from constructs_lib.engines.target import Told

PAGE: Final = Path(__file__).parents[1] / "data.md"
_MARKED = re.compile(r"(<!-- (?P<name>[\w -]+): made by docs/reference/data\.py -->\n).*?(<!-- end -->)", re.DOTALL)
_ENGINES: Final = (ENSEMBLING, TUNING)
_FILE: Final = "data.csv"
_PROBLEMS: Final = re.compile("Classification$")


@dataclass(frozen=True)
class Probe:
    """A line of a table."""

    what: str
    said: Callable[[Engine], str]
    """What the engine makes of it."""


def page(text: str) -> str:
    """The page with its tables renewed."""
    made = tables()
    return _MARKED.sub(lambda found: f"{found[1]}\n{made[found['name']]}\n\n{found[3]}", text)


def tables() -> dict[str, str]:
    """The tables by the name that the page gives them."""
    return {name: _table(probes) for name, probes in _PROBES.items()}


def _table(probes: Sequence[Probe]) -> str:
    head = ["In the file", *(engine.mode for engine in _ENGINES)]
    lines = [head, ["---"] * len(head)]
    lines += [[probe.what, *(probe.said(engine) for engine in _ENGINES)] for probe in probes]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# What is shown


def _code(cell: str) -> str:
    shown = cell.replace("\n", "\\n").replace("\t", "\\t").replace("\0", "\\0").replace("|", "\\|")
    return f"`{shown}`" if cell == cell.strip() and cell else f"`'{shown}'`"


def _all(cells: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(map(_code, cells[:most]))
    return f"{shown}, ... ({len(cells)})" if len(cells) > most else shown


def _refused(fault: object) -> str:
    return "refused: " + re.sub(rf"^{re.escape(_FILE)}(\.gz)?[:,]? ?", "", str(fault)).replace("|", "\\|")


# Kinds of probes


def _reads(what: str, content: str | bytes, *, gzipped: bool = False) -> Probe:
    """Shows the header and the rows."""

    def said(engine: Engine) -> str:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / (f"{_FILE}.gz" if gzipped else _FILE)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            try:
                with open_csv(path, gzipped=gzipped) as text:
                    opened = engine.rows(records(text, path.name), path.name)
                    names, rows = (opened.columns, list(opened.rows)) if opened else ([], [])
            except DataFault as fault:
                return _refused(fault)
        shown = [[_code(engine.value(cell)) if engine.value(cell) else "(missing)" for cell in row] for row in rows]
        return f"columns {_all(names)}; rows " + "; ".join(" and ".join(row) for row in shown)

    return Probe(what, said)


def _learns(what: str, labels: Sequence[str], rows: int = 1000) -> Probe:
    """Shows what the target is taken for."""

    def said(engine: Engine) -> str:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / _FILE
            lines = [f"{row * 7 % rows},{labels[row % len(labels)]}" for row in range(rows)]
            path.write_text("\n".join(["x,y", *lines, ""]), encoding="utf-8", newline="")
            found = inspect_csv(path, "y", engine, gzipped=False)
        target = found.target
        if target is None or found.problem_type is None:
            return "the job fails: " + "; ".join(_short(error) for error in found.errors)
        parts = [_PROBLEMS.sub("", found.problem_type).lower()]
        if target.classes:
            parts.append(f"of {_all(target.classes)}")
        if target.positive_class:
            parts.append(f"with {_code(target.positive_class)} as the positive class")
        if target.answers:
            parts.append(f"answered as {_all([target.answers.get(each, each) for each in target.classes])}")
        if target.cut:
            parts.append(f"but for {_all(target.cut)}, too rare to be learned")
        if target.rows_used < found.rows:
            parts.append(f"({found.rows - target.rows_used} of {found.rows} rows are left out)")
        return " ".join(parts)

    return Probe(what, said)


def _short(error: Told) -> str:
    return re.sub(r"^does not tell which problem 'y' poses, since ", "", error.text).replace("|", "\\|")


def _numbers(what: str, cells: Sequence[str]) -> Probe:
    """Shows which cells are numbers."""

    def said(engine: Engine) -> str:
        read = {cell: engine.number(engine.value(cell)) for cell in cells}
        numbers = [f"{_code(cell)} is {number:g}" for cell, number in read.items() if number == number]
        return ", ".join(numbers) + "; no number is any other" if numbers else "none of them"

    return Probe(what, said)


def _types(what: str, cells: Sequence[str], rows: int = 1000) -> Probe:
    """Shows the type of a feature column."""

    def said(engine: Engine) -> str:
        column = [cells[row % len(cells)] for row in range(rows)]
        if engine is ENSEMBLING:
            feature = columns.of_ensembling([engine.value(cell) for cell in column], ensembling.Scan(column).dtype)
        else:
            feature = columns.of_tuning(column)
        said = [*feature.faults, *feature.notes, *([f"is left out: {feature.unused}"] if feature.unused else [])]
        told = "; ".join(said).replace("|", "\\|")
        return (f"**{feature.type}**" + (f": it {told}" if told else "")) + (
            ", and the job fails for it" if feature.faults else ""
        )

    return Probe(what, said)


def _counting(*numbers: int) -> list[str]:
    return [str(number) for number in range(*numbers)]


_WORDS: Final = ("NA", "n/a", "null", "nan", "None", "-")
_SPELLINGS: Final = ("1e3", "+1", " 7 ", ".5", "1_0", "1,000", "$5", "5%", "0x10", "inf", "1e400", "\uff11\uff12")
_HEAD: Final = "x,y\n"
_PROBES: Final[dict[str, list[Probe]]] = {
    "reading": [
        _reads('quotes: `1,"a,b"`, `2,"a""b"`, `3,\'a\'`', _HEAD + '1,"a,b"\n2,"a""b"\n3,\'a\'\n'),
        _reads('a blank before a quote: `1, "a"`', f'{_HEAD}1, "a"\n'),
        _reads("a quote that is never closed", f'{_HEAD}1,"a\n2,b\n'),
        _reads("a short row: `1,a`, then `2`", f"{_HEAD}1,a\n2\n"),
        _reads("a long row: `1,a`, then `2,b,c`", f"{_HEAD}1,a\n2,b,c\n"),
        _reads("a first row wider than the header: `1,a,b`", f"{_HEAD}1,a,b\n"),
        _reads("every row ends in a comma: `1,a,` and `2,b,`", f"{_HEAD}1,a,\n2,b,\n"),
        _reads("an empty line", f"{_HEAD}1,a\n\n2,b\n"),
        _reads("a line of blanks", f"{_HEAD}1,a\n  \n2,b\n"),
        _reads("a column without a name: `,y`", ",y\n1,a\n"),
        _reads("two columns of one name: `x,x,y`", "x,x,y\n1,2,a\n"),
        _reads("a NUL character in a cell", f"{_HEAD}1,a\0b\n"),
        _reads("UTF-16", f"{_HEAD}1,a\n".encode("utf-16")),
        _reads(
            "gzip of two members, the second with a header again",
            gzip.compress(f"{_HEAD}1,a\n".encode()) + gzip.compress(f"{_HEAD}2,b\n".encode()),
            gzipped=True,
        ),
    ],
    "cells": [
        _learns(f"labels `yes`, `no`, empty and {_all(_WORDS)}", ["yes", "no", "", *_WORDS]),
        _learns("labels `yes`, `no`, `'yes '` and a blank", ["yes", "no", "yes ", " "]),
        _numbers(f"the cells {_all(_SPELLINGS, 20)}", _SPELLINGS),
        _learns("1,000 decimals, one of them `x`", ["x", *(f"{row * 37 % 9973 / 10}" for row in range(999))]),
        _learns("labels `0`, `0.0` and `1`", ["0", "0.0", "1"]),
        _learns("labels `007`, `008` and `010`", ["007", "008", "010"]),
        _learns("labels `1`, `2`, `3` and a gap", ["1", "2", "3", ""]),
        _learns("labels `true` and `false`", ["true", "false"]),
        _learns("labels `True`, `true` and `FALSE`", ["True", "true", "FALSE"]),
    ],
    "labels": [
        _learns("700 `good`, 300 `bad`", ["good"] * 7 + ["bad"] * 3),
        _learns("300 `good`, 700 `bad`", ["good"] * 3 + ["bad"] * 7),
        _learns("500 `a`, 491 `b`, 9 `c`", ["a"] * 500 + ["b"] * 491 + ["c"] * 9),
        _learns("1,000 rows, `0` to `99`", _counting(100)),
        _learns("1,000 rows, `0` to `100`", _counting(101)),
        _learns("1,001 rows, `0` to `99`", _counting(100), 1001),
        _learns("years, `1990` to `2020`", _counting(1990, 2021)),
        _learns("`0.5`, `1.0` and `1.5`", ["0.5", "1.0", "1.5"]),
        _learns("`0` to `999`, each once", _counting(1000)),
        _learns("1,000 different words", [f"w{row}" for row in range(1000)]),
        _learns("one word", ["a"]),
    ],
    "columns": [
        _types("numbers, `0` to `8`", _counting(9)),
        _types("numbers, `0` to `8`, and gaps", [*_counting(9), ""]),
        _types("numbers, one in a hundred `?`", ["?", *_counting(99)]),
        _types("codes, `007` and `010` to `099`", ["007", *(f"{each:03}" for each in range(10, 100))]),
        _types("`red` and `blue`", ["red", "blue"]),
        _types("50 words", [f"w{row}" for row in range(50)]),
        _types("1,000 different words", [f"w{row}" for row in range(1000)]),
        _types("1,000 sentences of four words", [f"w{row} of the day" for row in range(1000)]),
        _types("days, `2024-01-05` and on", [f"2024-01-{day:02}" for day in range(5, 29)]),
        _types("days, `13/02/2024` and `05/02/2024`", ["13/02/2024", "05/02/2024", "06/02/2024"]),
        _types("clock times, `07:05`", [f"{hour:02}:05" for hour in range(24)]),
        _types("versions, `1.2.3`", [f"1.2.{part}" for part in range(1, 20)]),
        _types(
            "times of two offsets",
            ["2024-01-05T10:00:00+01:00", "2024-07-05T10:00:00+02:00", "2024-07-06T10:00:00+02:00"],
        ),
        _types("days, one in 25 in milliseconds", ["1600000000000", *(f"2024-01-{day:02}" for day in range(5, 29))]),
        _types("months, `may` and others", ["jan", "feb", "mar", "may", "jun"]),
        _types("`True`, `False` and gaps", ["True", "False", ""]),
        _types("one value", ["5"]),
    ],
}


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
