"""What to know of a table before a training: what fails a job, what misleads a model, what is well to know."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from constructs_lib.engines.columns import Feature, Kind
from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.inspection import Inspection, Survey
from constructs_lib.engines.target import REGRESSION, Told, short

from .tally import Tally

LEAST_ROWS: Final = 500
"""Rows of a table below which the service makes no job."""

_LOOKED_AT: Final = 10_000
_HEAVY: Final = 0.5
_FEW_ROWS: Final = 50
_USUAL: Final = 0.99
_MISLEADS: Final = frozenset(
    {"ambiguous-problem-type", "rare-classes", "missing-word-is-a-class", "more-than-two-classes"}
)
_WRITTEN: Final = (
    ("days of eight digits", re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")),
    ("seconds since 1970", re.compile(r"1[0-9]{9}")),
    ("milliseconds since 1970", re.compile(r"1[0-9]{12}")),
    ("quarters", re.compile(r"(?:19|20)\d\d[ /-]?[Qq][1-4]|[Qq][1-4][ /-]?(?:19|20)\d\d")),
    ("weeks", re.compile(r"(?:19|20)\d\d-?W[0-5]\d")),
    ("days", re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[ T].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}(?:[ T].*)?")),
)


class Level(StrEnum):
    """What a finding does."""

    FAILS = "fails"
    MISLEADS = "misleads"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that was found."""

    level: Level
    id: str
    text: str
    """A sentence, with its evidence."""

    column: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The finding as plain values."""
        return asdict(self)


def worst_first(found: Iterable[Finding]) -> list[Finding]:
    """Findings in the order in which they are told."""
    order = list(Level)
    return sorted(found, key=lambda each: order.index(each.level))


def with_findings(kind: str, facts: Mapping[str, Any], found: Iterable[Finding]) -> dict[str, Any]:
    """Facts of data that are no table, and what was found, as plain values.

    Args:
        kind: What the data are.
        facts: What is known of them.
        found: In any order.
    """
    ordered = worst_first(found)
    return {
        "kind": kind,
        **facts,
        "findings": [each.as_json() for each in ordered],
        "errors": [each.text for each in ordered if each.level is Level.FAILS],
        "warnings": [each.text for each in ordered if each.level is not Level.FAILS],
    }


def unreadable(fault: DataFault, files: Sequence[Path], name: str) -> Finding:
    """That data cannot be read, by the file that it is about, where that is said.

    Args:
        fault: Why.
        files: Of the data.
        name: What they are called together.
    """
    said = str(fault)
    text = said if said.startswith(tuple(path.name for path in files)) else f"{name}: {said}"
    return Finding(level=Level.FAILS, id="unreadable", text=text)


def findings(found: Inspection, name: str, survey: Survey | None, tallies: Mapping[str, Tally]) -> list[Finding]:
    """All of a table, the worst first.

    Args:
        found: By the engine.
        name: What the data is called.
        survey: Of the table, where it could be read.
        tallies: Of its columns.
    """
    made = [_told(Level.FAILS, each, name) for each in found.errors]
    used = found.target.rows_used if found.target else 0
    if found.target and not made and used < LEAST_ROWS:
        # The engine would train on it; the service does not let it come to that.
        said = f"has {used} rows to train on, and Autopilot wants at least {LEAST_ROWS}"
        made.append(_told(Level.FAILS, Told("too-few-rows", said), name))
    for each in found.warnings:
        misleads = each.id in _MISLEADS or each.id in found.wastes
        made.append(_told(Level.MISLEADS if misleads else Level.NOTE, each, name))
    if survey is not None and survey.sample and found.target:
        made += _about_columns(found, survey, tallies)
    return worst_first(made)


def _told(level: Level, told: Told, name: str) -> Finding:
    text = told.text if told.text.startswith((name, "column ")) else f"{name} {told.text}"
    column = re.match(r"column '([^']*)' ", text)
    return Finding(level=level, id=told.id, text=text, column=column[1] if column else None)


def _about_columns(found: Inspection, survey: Survey, tallies: Mapping[str, Tally]) -> Iterator[Finding]:
    rows = survey.sample[:_LOOKED_AT]
    columns = {name: survey.values(cells) for name, cells in zip(survey.columns, zip(*rows, strict=True), strict=True)}
    whole = len(rows) == survey.labelled
    among = f"the {len(rows)} rows" if whole else f"{len(rows)} rows that were looked at"
    for name, feature in found.features.items():
        yield from _misleads(name, feature, columns[name], among)
        yield from _gaps(name, feature, survey, tallies.get(name))
        if twin := _said_again(name, columns, survey.target, found):
            yield twin


def _misleads(name: str, feature: Feature, cells: Sequence[str], among: str) -> Iterator[Finding]:
    counts = Counter(cells)
    missing = sum(count for cell, count in counts.items() if not cell.strip())
    known = {cell: count for cell, count in counts.items() if cell.strip()}
    rows = len(cells) - missing
    if rows < _FEW_ROWS or feature.kind is None:
        return
    if len(known) == rows and feature.kind is not Kind.DATETIME and (whole := _are_codes(known, feature.kind)):
        yield Finding(
            level=Level.MISLEADS,
            id="identifier",
            column=name,
            text=f"column {name!r} has another {whole} in each of {among}, as an identifier has: a model learns rows "
            "by heart from it; leave it out unless it is a measure",
        )
    cell, count = max(known.items(), key=lambda each: each[1])
    if _USUAL * rows <= count < rows:
        yield Finding(
            level=Level.NOTE,
            id="nearly-constant",
            column=name,
            text=f"column {name!r} is {short(cell)} in {count} of {among}: there is little to learn from it",
        )
    if feature.kind is not Kind.DATETIME:
        for what, pattern in _WRITTEN:
            if all(map(pattern.fullmatch, known)) and (len(known) > 1):
                yield Finding(
                    level=Level.MISLEADS,
                    id="dates-not-read",
                    column=name,
                    text=f"column {name!r} holds {what}, {short(next(iter(known)))} and the like, and is read as "
                    f"{feature.kind}: write days as 2024-01-05",
                )
                return


def _are_codes(cells: Mapping[str, int], kind: Kind) -> str | None:
    """What cells are called that may number rows; decimals and long texts measure or tell something."""
    if kind is Kind.NUMERIC:
        return "whole number" if all(map(str.isdecimal, cells)) else None
    return "word" if not any(" " in cell.strip() for cell in cells) else None


def _gaps(name: str, feature: Feature, survey: Survey, tally: Tally | None) -> Iterator[Finding]:
    missing = survey.missing(name)
    if feature.kind is not None and missing >= _HEAVY * survey.rows:
        share = missing / survey.rows
        yield Finding(
            level=Level.MISLEADS,
            id="heavy-missing",
            column=name,
            text=f"column {name!r} has no value in {missing} of {survey.rows} rows ({share:.0%}): what a model learns "
            "from it may be who left it empty",
        )
    if tally and survey.is_text and tally.words:
        words = ", ".join(f"{short(word)} ({count})" for word, count in tally.words.most_common(5))
        yield Finding(
            level=Level.NOTE,
            id="words-for-missing",
            column=name,
            text=f"column {name!r} has {words}: no value to ENSEMBLING, and a value or a word to HYPERPARAMETER_TUNING",
        )


def _said_again(name: str, columns: Mapping[str, Sequence[str]], target: str, found: Inspection) -> Finding | None:
    """Whether a column says what the target says, or what a column before it says, each value for another one."""
    cells = columns[name]
    if found.features[name].kind is None or len(set(cells)) < 2:
        return None
    if _is_one_to_one(cells, columns[target], exactly=found.target is not None and found.target.found == REGRESSION):
        pairs = ", ".join(
            f"{short(a)} is {short(b)}" for a, b in list(dict(zip(cells, columns[target], strict=True)).items())[:3]
        )
        return Finding(
            level=Level.MISLEADS,
            id="copies-target",
            column=name,
            text=f"column {name!r} says what {target!r} says ({pairs}): a model that has it learns nothing else; leave "
            "it out unless it is known before the answer is",
        )
    for other, values in columns.items():
        if other == name:
            return None
        if other != target and values == cells:
            return Finding(
                level=Level.NOTE,
                id="same-column",
                column=name,
                text=f"column {name!r} has the same cells as {other!r}",
            )
    return None


def _is_one_to_one(cells: Sequence[str], labels: Sequence[str], *, exactly: bool) -> bool:
    if exactly:
        return list(cells) == list(labels)
    pairs = set(zip(cells, labels, strict=True))
    known = len(set(labels))
    return len(pairs) == known == len(set(cells)) and 2 * known <= len(cells)
