"""Each case on which the engine of ENSEMBLING was run: ours agrees, or the case is in the list with its reason."""

import ast
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from constructs_lib.engines import ensembling
from constructs_lib.engines.columns import Kind
from constructs_lib.engines.ensembling import Dtype
from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.files import is_named_parquet, open_csv
from constructs_lib.engines.inspection import ENSEMBLING, Inspection, Survey, batches, inspect_csv
from constructs_lib.engines.records import records

from .tables import file_bytes

CASES: Final[list[dict[str, Any]]] = json.loads((Path(__file__).parent / "ensembling_cases.json").read_text())

_BAGGED: Final = (
    "bagged, as the service's models are, the same table trains: classes of one row are wasted, not refused"
)
_LOG_LOSS: Final = "log_loss is not a metric by which Autopilot chooses, so rare classes are cut"
_TAB: Final = "a channel's content type is CSV or Parquet, so tabs are cells of one column whatever the file is called"
_ZIP: Final = "a channel's compression type is None or Gzip"
_PARQUET: Final = "Parquet is read by the rehearsal: tests/rehearsal/training/tabular/test_survey.py"

APART: Final[Mapping[str, str]] = {
    "l-regression-one-typo": _BAGGED,
    "l-dollar-many": _BAGGED,
    "l-decimal-comma": _BAGGED,
    "l-overflow": _BAGGED,
    "l-big-int-25-many": _BAGGED,
    "l-dates-many": _BAGGED,
    "l-unique-text": _BAGGED,
    "p-multi-given-floats": _BAGGED,
    "r-typo-twice-each": _BAGGED,
    "r-one-log-loss": _LOG_LOSS,
    "r-one-log-loss-bag": _LOG_LOSS,
    "s-tabs-tsv": _TAB,
}
"""Cases in which ours is another on purpose."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "q-": "requests: tests/rehearsal/training/tabular/test_bodies.py",
    "e-": "metrics by names of AutoGluon's own; Autopilot's are in tests/rehearsal/training/tabular/test_metrics.py",
    "w-": "weights, of which AWS leaves out invalid ones first: tests/rehearsal/training/tabular/test_preparation.py",
    "call-": "a call about metrics, without a table; ties and signs are in tests/rehearsal/training/tabular",
    "s-parquet-": _PARQUET,
    "s-zip": _ZIP,
    "m-words": "words without a table: see below",
}
"""Kinds of cases that are about something else; their tables are still read here."""

_PROBLEMS: Final = {
    "binary": "BinaryClassification",
    "multiclass": "MulticlassClassification",
    "regression": "Regression",
}
_DTYPES: Final = {
    "int64": {Dtype.WHOLE},
    "uint64": {Dtype.WHOLE},
    "float64": {Dtype.DECIMAL, Dtype.EMPTY},
    "bool": {Dtype.BOOL},
    "object": {Dtype.TEXT, Dtype.BOOL_WITH_GAPS},
}
_SHOWN: Final = 40
"""Characters of a long value that a case has."""

_KINDS: Final = {
    "int": Kind.NUMERIC,
    "float": Kind.NUMERIC,
    "bool": Kind.CATEGORICAL,
    "object": Kind.CATEGORICAL,
    "object[text]": Kind.TEXT,
    "object[datetime_as_object]": Kind.DATETIME,
}


def _file(case: Mapping[str, Any], folder: Path) -> Path | None:
    content = file_bytes(case)
    if content is None:
        return None
    path = folder / str(case.get("file_name", "data.csv"))
    path.write_bytes(content)
    return path


def _is_gzip(path: Path) -> bool:
    return path.name.endswith(".gz")


def _survey(path: Path, target: str | None) -> Survey:
    if is_named_parquet(path.name):
        raise DataFault("Parquet by its name")
    with open_csv(path, gzipped=_is_gzip(path)) as text:
        opened = ENSEMBLING.rows(records(text, path.name), path.name)
        if opened is None:
            raise DataFault("empty")
        columns, rows = opened.columns, opened.rows
        survey = Survey(ENSEMBLING, columns, target if target in columns else columns[-1], cap=1_000, counts_gaps=True)
        for batch in batches(rows):
            survey.add(batch)
    return survey


def _read(case: Mapping[str, Any], path: Path) -> Iterator[str]:
    """What differs in the table itself."""
    facts: dict[str, Any] = case.get("pandas14") or {}
    try:
        survey = _survey(path, case.get("target"))
    except DataFault as fault:
        if "error" not in facts and case["id"] != "s-first-row-one-more":
            yield f"refused: {fault}"
        return
    if "error" in facts:
        yield f"read, but {facts['error']}"
    if facts.get("columns", survey.columns) != survey.columns:
        yield f"columns {facts['columns']}: {survey.columns}"
    if facts.get("rows", survey.rows) != survey.rows:
        yield f"{facts['rows']} rows: {survey.rows}"
    for name, known in facts.items():
        if name not in survey.columns or not isinstance(known, list) or name == "columns":
            continue
        dtype, missing, distinct = known[:3]
        found = survey.dtype(name)
        if survey.rows and found not in _DTYPES[dtype]:
            yield f"{name} is {dtype}: {found}"
        if survey.gaps[name] != missing:
            yield f"{name} misses {missing}: {survey.gaps[name]}"
        cells = [survey.value(row[survey.columns.index(name)]) for row in survey.sample]
        if survey.gaps[survey.target] or len(cells) < survey.rows:
            continue  # not all rows are there
        values = list(dict.fromkeys(_printed(cell, found) for cell in cells if cell))
        if "0.0" in values and "-0.0" in values:
            values.remove("0.0")
        shown = [text[:_SHOWN] for text in known[3]] if len(known) > 3 else [text[:_SHOWN] for text in values[:3]]
        if len(values) != distinct or [text[:_SHOWN] for text in values[:3]] != shown:
            yield f"{name} has {known}: {len(values)}, {values[:3]}"


def _printed(cell: str, dtype: Dtype) -> str:
    """A value as Python prints it."""
    if dtype is Dtype.WHOLE:
        return str(int(cell))
    if dtype is Dtype.DECIMAL:
        return str(ensembling.number(cell))
    if dtype in {Dtype.BOOL, Dtype.BOOL_WITH_GAPS}:
        return str(cell in ensembling.TRUE)
    return repr(cell)


def _judged(case: Mapping[str, Any], found: Inspection) -> Iterator[str]:
    """What differs in what the engine makes of the table."""
    facts: dict[str, Any] = case["result"]
    target = found.target
    fails = "failed_at" in facts
    if case.get("only") == "infer":
        if found.problem_type != _PROBLEMS[facts["problem_type"]]:
            yield f"{facts['problem_type']}: {found.problem_type}"
        return
    if fails != bool(found.errors):
        yield f"fails {facts.get('error')}: {[error.text for error in found.errors]}"
    if target is None or fails:
        return
    if target.problem_type != _PROBLEMS[facts["problem_type"]]:
        yield f"{facts['problem_type']}: {target.problem_type}"
    classes = facts.get("classes", ["'no'", "'yes'"] if facts["problem_type"] == "binary" else [])
    names = [str(ast.literal_eval(each)) for each in classes]
    if classes and (
        list(target.classes[: len(names)]) != names or len(target.classes) != facts.get("class_count", len(names))
    ):
        yield f"classes {names}, {facts.get('class_count')}: {target.classes[:5]}, {len(target.classes)}"
    if "classes_trained" in facts and "class_count" not in facts:
        trained = [str(ast.literal_eval(each)) for each in facts["classes_trained"]]
        if trained != [each for each in target.classes if each not in target.cut]:
            yield f"trained {trained}: cut {target.cut}"
    if "positive_class" in facts and str(facts["positive_class"]) != target.positive_class:
        yield f"positive {facts['positive_class']}: {target.positive_class}"
    if facts.get("rows_used", found.rows) != target.rows_used:
        yield f"rows used {facts.get('rows_used', found.rows)}: {target.rows_used}"
    labels = (facts.get("predict") or {}).get("labels")
    if labels and target.classes:
        known = {target.answers.get(each, each) for each in target.classes}
        if strangers := {str(ast.literal_eval(each)) for each in labels} - known:
            yield f"answers {strangers}: {sorted(known)[:5]}"


def _made(case: Mapping[str, Any], found: Inspection) -> Iterator[str]:
    """What differs in the columns."""
    facts: dict[str, Any] = case["result"]
    for name, type_ in facts.get("feature_types", {}).items():
        if name in found.features and found.features[name].kind is not _KINDS[type_]:
            yield f"{name} is {type_}: {found.features[name]}"
    for name in facts.get("dropped", []):
        if found.features[name].kind is not None:
            yield f"{name} is dropped: {found.features[name]}"


def differences(case: Mapping[str, Any], folder: Path) -> list[str] | None:
    """What ours has otherwise; `None` where there is nothing to compare."""
    path = _file(case, folder)
    if path is None:
        return None
    said = list(_read(case, path)) if case.get("pandas14") else []
    facts = case.get("result")
    if facts and case.get("target"):
        kind = _PROBLEMS.get(case.get("fit", {}).get("problem_type"))
        found = inspect_csv(path, case["target"], ENSEMBLING, gzipped=_is_gzip(path), problem_type=kind)
        if case.get("only") == "features":
            if ("failed_at" in facts) != bool(found.errors):
                said.append(f"fails {facts.get('error')}: {[error.text for error in found.errors]}")
        elif not case["id"].startswith(tuple(ELSEWHERE)):
            said += _judged(case, found)
        said += _made(case, found)
    elif not case.get("pandas14"):
        return None
    return said


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_case_is_agreed_with_or_listed(case: dict[str, Any], tmp_path: Path) -> None:
    found = differences(case, tmp_path)

    if case["id"] in APART:
        assert found, "agreed with after all: take it off the list"
    elif found is None:
        assert case["id"].startswith(tuple(ELSEWHERE)), "neither compared nor listed"
    else:
        assert found == []


def test_the_lists_name_cases_that_there_are() -> None:
    known = [case["id"] for case in CASES]

    assert set(APART) <= set(known)
    assert all(any(each.startswith(kind) for each in known) for kind in ELSEWHERE)


def test_words_that_mean_missing() -> None:
    [case] = [case for case in CASES if case["id"] == "m-words"]
    words = [word[1:-1] if word.startswith('"') else word for word in case["csv"]["words"]]
    missing = {word.strip('"') for word in case["pandas14"]["missing"]}

    assert {word for word in words if not ensembling.value(word)} == missing
    assert {word for word in words if word in missing and not math.isnan(ensembling.number(word))} == set()
