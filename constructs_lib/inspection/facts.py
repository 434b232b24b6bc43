"""What was found of a table, as plain values: what `--json` prints, and what text and page show."""

import bisect
import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from constructs_lib.engines.columns import Kind
from constructs_lib.engines.ensembling import MODE as ENSEMBLING
from constructs_lib.engines.inspection import Inspection, Survey
from constructs_lib.engines.target import REGRESSION
from constructs_lib.engines.tuning import MODE as TUNING

from .findings import Level, findings
from .tables import Table

BINS: Final = 16
_FREQUENT: Final = 8
_MOST_CLASSES: Final = 100

NOTHING: Final[Mapping[str, Any]] = {
    "kind": "table",
    "mode": "",
    "files": [],
    "rows": 0,
    "rows_used": 0,
    "problem_type": None,
    "why": "",
    "near": [],
    "classes": [],
    "class_count": 0,
    "class_rows": [],
    "positive_class": None,
    "target": None,
    "columns": [],
    "sampled": 0,
    "findings": [],
    "errors": [],
    "warnings": [],
    "remarks": [],
}
"""What is known of a table of which nothing is."""


def of_table(table: Table, name: str, files: Sequence[str], mode: str) -> dict[str, Any]:
    """What was found of a table.

    Args:
        table: As it was read.
        name: What the data is called.
        files: Their names, where there are several.
        mode: Of the engine.
    """
    found, survey = table.found, table.survey
    target = found.target
    made = findings(found, name, survey, table.tallies)
    says = {level: [each.text for each in made if each.level == level] for level in Level}
    errors = [each.text for each in made if each.level is Level.FAILS]
    return {
        "kind": "table",
        "mode": mode,
        "files": list(files),
        "rows": found.rows,
        "rows_used": target.rows_used if target else 0,
        "problem_type": found.problem_type,
        "why": target.why if target else "",
        "near": [
            {"labels": each.labels, "problem_type": each.problem_type}
            for each in (survey.nearest() if survey and target and target.found else ())
        ],
        "classes": list(target.classes) if target else [],
        "class_count": len(target.classes) if target else 0,
        "class_rows": _class_rows(survey, found),
        "positive_class": target.positive_class if target else None,
        "target": _numbers_of(survey, survey.target, table)
        if survey and target and target.found == REGRESSION
        else None,
        "columns": [_column(column, table) for column in found.features],
        "sampled": len(survey.sample) if survey else 0,
        "findings": [each.as_json() for each in made],
        "errors": errors,
        "warnings": says[Level.MISLEADS] + says[Level.NOTE],
        "remarks": table.remarks,
    }


def _class_rows(survey: Survey | None, found: Inspection) -> list[dict[str, Any]]:
    if survey is None or found.target is None:
        return []
    sizes = Counter[str]()
    for cell, known in found.target.class_of.items():
        sizes[known] += survey.labels.counts[cell]
    total = sizes.total()
    return [
        {"class": known, "rows": count, "share": round(count / total, 4)}
        for known, count in sizes.most_common(_MOST_CLASSES)
    ]


def _column(name: str, table: Table) -> dict[str, Any]:
    feature, survey = table.found.features[name], table.survey
    told: dict[str, Any] = {"name": name, "type": feature.type, "missing": feature.missing}
    if survey is None:
        return told
    tally = table.tallies[name]
    told["missing_share"] = round(feature.missing / survey.rows, 4) if survey.rows else 0.0
    told["missing_in"] = {
        ENSEMBLING: tally.missing(words=True) if survey.is_text else tally.empty,
        TUNING: tally.missing(words=False) if survey.is_text else tally.empty,
    }
    told["distinct"] = tally.distinct
    if feature.kind is Kind.NUMERIC:
        return told | (_numbers_of(survey, name, table) or {})
    place = survey.place(name)
    cells = Counter(survey.values([row[place] for row in survey.sample]))
    cells.pop("", None)
    total = len(survey.sample)
    told["frequent"] = [
        {"value": cell, "share": round(count / total, 4)} for cell, count in cells.most_common(_FREQUENT) if count > 1
    ]
    return told


def _numbers_of(survey: Survey, name: str, table: Table) -> dict[str, Any] | None:
    """Reach of all numbers of a column, and how they are spread in the sample."""
    tally = table.tallies[name]
    if not math.isfinite(tally.least):
        return None
    place = survey.place(name)
    values = sorted(survey.as_numbers([row[place] for row in survey.sample]))
    if not values:
        return None
    return {
        "minimum": tally.least,
        "median": middle(values),
        "maximum": tally.most,
        "histogram": histogram(values),
    }


def middle(ordered: Sequence[float]) -> float:
    """The median of some numbers in order; between the two in the middle, whose sum may be too large for a number."""
    return ordered[(len(ordered) - 1) // 2] / 2 + ordered[len(ordered) // 2] / 2


def lengths(words: Counter[int]) -> dict[str, Any] | None:
    """How many words texts have, given how often each number of them comes; None where there is no text."""
    ordered = sorted(map(float, words.elements()))
    if not ordered:
        return None
    return {
        "minimum": int(ordered[0]),
        "median": int(ordered[len(ordered) // 2]),
        "maximum": int(ordered[-1]),
        "histogram": histogram(ordered),
    }


def histogram(ordered: Sequence[float]) -> dict[str, Any]:
    """How many of some numbers, in order, lie in each of `BINS` parts of their middle 98 %; the rest at the ends.

    A few that are far away would press all others into one part.
    """
    low, high = ordered[len(ordered) // 100], ordered[len(ordered) - 1 - len(ordered) // 100]
    reach = high - low

    def part(value: float) -> int:
        return int((value - low) / reach * BINS) if reach > 0 and math.isfinite(reach) else 0

    ends = [bisect.bisect_left(ordered, at, key=part) for at in range(1, BINS)]
    counts = [end - start for start, end in itertools.pairwise([0, *ends, len(ordered)])]
    return {"from": low, "to": high, "counts": counts}
