"""Each case on which the engine of HYPERPARAMETER_TUNING was run: ours agrees, or it is in a list with its reason.

The targets and columns of 1,000 rows are given in words in the facts; here they are made anew from these.
"""

import ast
import gzip
import io
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from constructs_lib.engines import columns, dates, ensembling, tuning
from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.files import open_csv
from constructs_lib.engines.inspection import ENSEMBLING, TUNING, Engine
from constructs_lib.engines.records import records
from constructs_lib.engines.target import MULTICLASS, Spellings

CASES: Final[list[dict[str, Any]]] = json.loads((Path(__file__).parent / "tuning_cases.json").read_text())

_BUILDER: Final = "what the data builder does with another encoding is not known, so it is refused"
_DROPPED: Final = "in reports of real jobs, rows without a label are dropped before labels are encoded"
_UNIQUE: Final = "a header with a name twice is refused when the target is looked for (header-duplicate)"
_NO_TEXT: Final = "no CSV file holds this: every cell is text"
_REPORTS: Final = "reports of real jobs divide by all rows, and not by those with a value"
_LEFT_OUT: Final = "constant columns are left out of a job"

APART: Final[Mapping[str, str]] = {
    "read-utf16-le-bom": _BUILDER,
    "compare-duplicate-names": _UNIQUE,
    "label-binary-missing-is-positive": _DROPPED,
    "label-auto-with-empty": _DROPPED,
    "column-numbers-10-empty-90": _REPORTS,
    "column-constant-number": _LEFT_OUT,
    "column-all-empty": _LEFT_OUT,
}
"""Cases in which ours is another on purpose."""

_MODEL: Final = "what a pipeline makes of typed columns: scikit-learn's own steps stand for those here"
_FILES: Final = "several files: tests/rehearsal/training/tabular/test_survey.py"
_ANSWERS: Final = "what containers hand on: tests/rehearsal/training/tabular/test_parts.py and test_recordio.py"
_UNSEEN: Final = "classes that training never saw: tests/rehearsal/training/tabular/test_problem.py"
_REQUESTS: Final = "requests are in tests/rehearsal/training/tabular/test_bodies.py; pipelines are scikit-learn's here"

ELSEWHERE: Final[Mapping[str, str]] = {
    "onehot-": _MODEL,
    "ordinal-": _MODEL,
    "woe-": _MODEL,
    "text-": _MODEL,
    "scale-": _MODEL,
    "constant-": _MODEL,
    "extreme-": _MODEL,
    "pca-": _MODEL,
    "sequence-": _MODEL,
    "numeric-median-": _MODEL,
    "numeric-all-missing-": _MODEL,
    "numeric-column-empty-only-later": _MODEL,
    "numeric-missing-indicator": _MODEL,
    "numeric-float32-in-recordio": _MODEL,
    "pipeline-": _REQUESTS,
    "answer-": _ANSWERS,
    "recordio-": _ANSWERS,
    "csv-of-features-nan": _ANSWERS,
    "date-cyclic": _MODEL,
    "read-two-files-name-order": _FILES,
    "read-natural-name-order": _FILES,
    "read-empty-file-beside": _FILES,
    "read-other-width-file": _FILES,
    "read-hidden-file-beside": _FILES,
    "read-target-out-of-range": "a call with a column number; users give a name",
    "header-target-as-feature": "a call of the transformer",
    "label-multi-missing-and-unseen": _UNSEEN,
    "label-multi-1.0-beside-1": _UNSEEN,
    "label-fraction-code-back": "codes of an algorithm: tests/rehearsal/training/tabular/test_parts.py",
    "label-no-fill": "a setting that no job was seen to have",
    "label-unknown-code-back": "codes of an algorithm: tests/rehearsal/training/tabular/test_parts.py",
    "label-auto-mixed-types": _NO_TEXT,
    "numeric-none": _NO_TEXT,
    "target-bytes-none": _NO_TEXT,
}
"""Kinds of cases, and single ones, that are about something else."""


def _records(content: bytes, folder: Path, name: str = "data.csv") -> list[list[str]]:
    path = folder / name
    path.write_bytes(content)
    with open_csv(path, gzipped=name.endswith(".gz")) as text:
        return list(records(text, name))


def _table(engine: Engine, found: Sequence[list[str]]) -> tuple[list[str], list[list[str]]]:
    opened = engine.rows(iter(found), "data.csv")
    return (opened.columns, list(opened.rows)) if opened else ([], [])


def _same(known: Any, found: float) -> bool:
    return math.isnan(found) if known == "NaN" else math.isclose(float(known), found, rel_tol=1e-6)


# Reading


def _reader(case: Mapping[str, Any], folder: Path) -> Iterator[str]:
    given = case["input"]
    name = "data.csv"
    if case["id"] == "read-gzip-by-name":
        content, name = gzip.compress(b"1,2\n3,4\n"), "a.csv.gz"
    elif given.startswith("bytes "):
        content = ast.literal_eval(given.removeprefix("bytes "))
    else:
        content = given.encode()
    try:
        found = _records(content, folder, name)
        # Its own header, since what the container reads has none.
        _, rows = _table(TUNING, [[str(place) for place in range(len(found[0]))], *found] if found else [])
    except DataFault as fault:
        if "error" not in case:
            yield f"refused: {fault}"
        return
    if "error" in case:
        yield f"read, but {case['error']}"
        return
    known = case["result"]
    if "target_column_index" in case["transformer"] and len(known) == 2 and isinstance(known[0][0], list):
        features, labels = known
        first = "0}" in case["transformer"]
        known = [[label, *row] if first else [*row, label] for row, label in zip(features, labels, strict=True)]
    if rows != known:
        yield f"{known}: {rows}"


def _header(case: Mapping[str, Any], folder: Path) -> Iterator[str]:
    try:
        names, _ = _table(TUNING, [case["input"]])
        refused = "y" not in names
    except DataFault:
        refused = True
    if refused != ("error" in case):
        yield f"{case.get('error')}: {refused}"


def _comparison(case: Mapping[str, Any], folder: Path) -> Iterator[str]:
    found = _records(case["input"].encode(), folder)
    for engine, key in ((TUNING, "hpo"), (ENSEMBLING, "pandas 1.2.4")):
        known = case["result"][key]
        fails = isinstance(known, str) or "error" in known
        try:
            names, rows = _table(engine, found)
        except DataFault as fault:
            if not fails:
                yield f"{key}: refused: {fault}"
            continue
        if fails:
            yield f"{key}: read, but {known}"
        elif engine is TUNING:
            if (names, rows) != (known["columns"], known["cells"]):
                yield f"{key}: {known}: {names}, {rows}"
            numbers = known.get("x as numeric feature", [])
            read = [tuning.number(row[names.index("x")]) for row in rows] if numbers else []
            if not all(map(_same, numbers, read)):
                yield f"{key}: numbers {numbers}: {read}"
        else:
            yield from _pandas(known, names, rows)


def _pandas(known: Mapping[str, Any], names: list[str], rows: list[list[str]]) -> Iterator[str]:
    if names != [name for name in known if name != "(types)"]:
        yield f"names {known}: {names}"
        return
    types = {
        "int64": "whole numbers",
        "uint64": "whole numbers",
        "float64": "decimals",
        "bool": "bool",
        "object": "text",
    }
    for place, name in enumerate(names):
        cells = [ensembling.value(row[place]) for row in rows]
        dtype = ensembling.Scan([row[place] for row in rows]).dtype
        if dtype != types[known["(types)"][place]]:
            yield f"{name} is {known['(types)'][place]}: {dtype}"
        numeric = dtype in {ensembling.Dtype.WHOLE, ensembling.Dtype.DECIMAL}
        for want, cell in zip(known[name], cells, strict=True):
            if want is None or not cell:
                same = want is None and not cell
            elif numeric:
                same = float(want) == ensembling.number(cell)
            else:
                same = want == (str(cell in ensembling.TRUE) if dtype is ensembling.Dtype.BOOL else cell)
            if not same:
                yield f"{name} has {want!r}: {cell!r}"


# Cells


def _numbers(case: Mapping[str, Any], folder: Path) -> Iterator[str]:
    for cell, known in zip(case["input"], case["result"], strict=True):
        want = known[0] if isinstance(known, list) else known
        if not _same(want, tuning.number(cell)):
            yield f"{cell!r} is {want}: {tuning.number(cell)}"


def _analyzer(case: Mapping[str, Any], folder: Path) -> Iterator[str]:
    cells = [row[0] if row else "" for row in _quoted(case["input"])]
    numbers = [read for cell in cells if not math.isnan(read := tuning.counted_number(cell))]
    [known] = case["result"]
    found = {
        "rows_seen": len(cells),
        "numeric_finite_count": len(numbers),
        "numeric_int_count": sum(abs(each - round(each)) <= 1e-5 for each in numbers),
        "string_empty_count": cells.count(""),
        "string_only_whitespace_count": sum(bool(cell) and not cell.strip() for cell in cells),
        "string_cardinality": len({*cells} - {""}),
    }
    for name, value in found.items():
        if int(known[name]) != value:
            yield f"{name} is {known[name]}: {value}"


def _quoted(text: str) -> list[list[str]]:
    return list(records(io.StringIO(text, newline=""), "data.csv"))


def _dates(case: Mapping[str, Any], folder: Path) -> Iterator[str]:
    try:
        found = [dates.tuning(cell) for cell in case["input"]]
    except OverflowError as error:
        if "error" not in case:
            yield f"raises {error}"
        return
    if "error" in case:
        yield f"read, but {case['error']}"
        return
    parts = case["result"]["parts"]
    for cell, moment, row in zip(case["input"], found, case["result"]["rows"], strict=True):
        want = [None if value == "NaN" else value for value in row]
        if case["id"] == "date-two-digit-years" and moment and [moment.year % 100] == [row[1] % 100]:
            continue  # the century, and so the day of the week, depends on the year in which the code runs
        read = [_part(moment, part) for part in parts]
        if read != want:
            yield f"{cell!r} is {dict(zip(parts, want, strict=True))}: {read}"


def _part(moment: datetime | None, part: str) -> float | None:
    if moment is None:
        return None
    if part == "weekday":
        return float(moment.weekday())
    if part == "week_of_year":
        return float(moment.isocalendar()[1] - 1)
    return float(moment.month - 1) if part == "month" else float(getattr(moment, part))


# Labels


def _label(case: Mapping[str, Any], folder: Path) -> Iterator[str]:
    cells = case["input"]
    known = case["result"]
    if case["id"].startswith("label-binary-"):
        majority, minority = known["classes"]
        target = tuning.labels("y", Spellings([*[majority] * 90, *[minority] * 40, *cells])).target(
            "BinaryClassification"
        )
        back = [target.class_of.get(cell, "no label") for cell in cells]
        if (list(target.classes), back) != (known["classes"], known["back"]):
            yield f"{known}: {target.classes}, {back}"
    else:
        target = tuning.labels("y", Spellings(cells)).target(None if len(set(cells)) < 2 else MULTICLASS)
        classes = list(target.classes) or sorted({cell for cell in cells if cell.strip()})
        if classes != known["classes"]:
            yield f"{known['classes']}: {classes}"


# Targets and columns of many rows


def _cycle(values: Sequence[object], rows: int = 1000) -> list[str]:
    return [str(values[row % len(values)]) for row in range(rows)]


def _with(cells: list[str], word: str, every: int) -> list[str]:
    return [word if row % every == 0 else cell for row, cell in enumerate(cells)]


def _days(count: int) -> list[str]:
    return [str(date(2020, 1, 1) + timedelta(days=day)) for day in range(count)]


_MONTHS: Final = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

TARGETS: Final[Mapping[str, list[str]]] = {
    "problem-two-numbers": _cycle([0, 1]),
    "problem-two-numbers-float": _cycle(["1.0", "0.0"]),
    "problem-two-and-empty": _with(_cycle(["yes", "no"]), "", 100),
    "problem-two-and-nan-word": _with(_cycle(["yes", "no"]), "nan", 100),
    "problem-0-0.0-1-1.0": _cycle(["0", "0.0", "1", "1.0"]),
    "problem-minus1-0-1": _cycle([-1, 0, 1]),
    "problem-five-floats": _cycle([0.5, 1.5, 2.5, 3.5, 4.5]),
    "problem-six-floats": _cycle([0.5, 1.5, 2.5, 3.5, 4.5, 5.5]),
    "problem-integers-1-29": _cycle(range(1, 30)),
    "problem-integers-0-99": _cycle(range(100)),
    "problem-integers-0-100": _cycle(range(101)),
    "problem-integers-0-999": _cycle(range(1000)),
    "problem-integers-wide": _cycle(range(0, 200_000, 1000)),
    "problem-integers-wide-few": _cycle(range(1000, 7000, 1000)),
    "problem-integers-negative": _cycle(range(-20, 21)),
    "problem-years": _cycle(range(1990, 2021)),
    "problem-years-10000-rows": _cycle(range(1990, 2021), 10_000),
    "problem-zip-like": _cycle(range(10_000, 10_300)),
    "problem-counts-3000-values": _cycle(range(3000), 200_000),
    "problem-integers-with-1-percent-fractions": _with(_cycle(range(300)), "7.5", 100),
    "problem-integers-written-as-floats": _cycle([f"{each}.0" for each in range(300)]),
    "problem-prices": _cycle([f"{each * 37 % 9973 / 100:.2f}" for each in range(1000)]),
    "problem-mostly-numbers-some-text": _with(_cycle([f"{each / 7:.3f}" for each in range(1000)]), "unknown", 5),
    "problem-money": _cycle([f"${each:,}" for each in range(1000, 2000)]),
    "problem-text-50": _cycle([f"word{each}" for each in range(50)]),
    "problem-text-2000": _cycle([f"word{each}" for each in range(2000)], 4000),
    "problem-text-2001": _cycle([f"word{each}" for each in range(2001)], 4002),
    "problem-one-class": _cycle(["a"]),
}

COLUMNS: Final[Mapping[str, list[str]]] = {
    "column-numbers-unique": _cycle(range(1000)),
    "column-numbers-9-values": _cycle(range(9)),
    "column-words-2": _cycle(["m", "f"]),
    "column-words-9": _cycle([f"word{each}" for each in range(9)]),
    "column-words-50": _cycle([f"word{each}" for each in range(50)]),
    "column-words-120": _cycle([f"word{each}" for each in range(120)]),
    "column-words-150": _cycle([f"word{each}" for each in range(150)]),
    "column-words-unique": _cycle([f"word{each}" for each in range(1000)]),
    "column-numbers-half-words": [f"word{each}" if each % 2 else str(each) for each in range(1000)],
    "column-numbers-80-na-20": _with(_cycle(range(1000)), "NA", 5),
    "column-numbers-10-empty-90": [str(each) if each % 10 == 0 else "" for each in range(1000)],
    "column-money": _cycle([f"${each:,}" for each in range(1000, 2000)]),
    "column-dates-iso": _cycle(_days(1000)),
    "column-dates-few": _cycle(_days(5)),
    "column-dates-compact": _cycle([day.replace("-", "") for day in _days(1000)]),
    "column-dates-half-missing": _with(_cycle(_days(1000)), "", 2),
    "column-month-names": _cycle(_MONTHS),
    "column-weekday-names": _cycle(["mon", "tue", "wed", "thu", "fri"]),
    "column-years": _cycle(range(1990, 2021)),
    "column-times": _cycle([f"{each // 60 % 24:02d}:{each % 60:02d}" for each in range(1000)]),
    "column-booleans": _cycle(["True", "False"]),
    "column-constant-number": _cycle([5]),
    "column-all-empty": _cycle([""]),
    "column-sentences": _cycle([f"this is the sentence number {each} of many" for each in range(1000)]),
    "column-sequences": _cycle([f"{each},{each + 1},{each + 2}" for each in range(1000)]),
}


def _problem(case: Mapping[str, Any], folder: Path) -> Iterator[str]:
    target = tuning.labels("y", Spellings(TARGETS[case["id"]])).target(None)
    if target.problem_type != case.get("result"):
        yield f"{case.get('result')}: {target.problem_type}, {target.why}"
    if ("error" in case) != bool(target.errors):
        yield f"{case.get('error')}: {target.errors}"


def _column(case: Mapping[str, Any], folder: Path) -> Iterator[str]:
    feature = columns.of_tuning(COLUMNS[case["id"]])
    if feature.type != case["result"]["type"]:
        yield f"{case['result']}: {feature}"


COMPARED: Final[Mapping[str, Callable[[Mapping[str, Any], Path], Iterator[str]]]] = {
    "reader": _reader,
    "header": _header,
    "comparison": _comparison,
    "regression target": _numbers,
    "numeric": _numbers,
    "analyzer": _analyzer,
    "datetime": _dates,
    "label": _label,
    "problem type": _problem,
    "column type": _column,
}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_case_is_agreed_with_or_listed(case: dict[str, Any], tmp_path: Path) -> None:
    if case["id"].startswith(tuple(ELSEWHERE)):
        return
    assert case["kind"] in COMPARED, "neither compared nor listed"

    found = list(COMPARED[case["kind"]](case, tmp_path))

    if case["id"] in APART:
        assert found, "agreed with after all: take it off the list"
    else:
        assert found == []


def test_the_lists_name_cases_that_there_are() -> None:
    known = [case["id"] for case in CASES]

    assert set(APART) <= set(known)
    assert all(any(each.startswith(kind) for each in known) for kind in ELSEWHERE)
    assert not {each for each in APART if each.startswith(tuple(ELSEWHERE))}
