"""What ours says, in the same form as the answers of the engines."""

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from constructs_lib.engines import dates, tuning
from constructs_lib.engines.columns import CONSTANT, Kind
from constructs_lib.engines.ensembling import Dtype
from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.files import open_csv
from constructs_lib.engines.inspection import ENSEMBLING, Survey, batches, inspected
from constructs_lib.engines.records import records
from constructs_lib.engines.target import TOO_FEW_ROWS, Spellings

from .tables import Table

_DTYPES: Final = {
    "int64": {Dtype.WHOLE},
    "uint64": {Dtype.WHOLE},
    "float64": {Dtype.DECIMAL, Dtype.EMPTY},
    "bool": {Dtype.BOOL},
    "object": {Dtype.TEXT, Dtype.BOOL_WITH_GAPS},
}
_PROBLEMS: Final = {
    "binary": "BinaryClassification",
    "multiclass": "MulticlassClassification",
    "regression": "Regression",
}


_FEW_ROWS: Final = 20
_DECIMAL: Final = re.compile(r"-?\d+\.\d+(e[+-]\d+)?")


def differences(table: Table, known: Mapping[str, Any]) -> Iterator[str]:
    """What ours has otherwise than the engine of ENSEMBLING.

    Args:
        table: The table.
        known: What `ask_ensembling` says of it.
    """
    try:
        survey, notes = _survey(table)
    except DataFault as fault:
        if "refused" not in known and "fails" not in known:
            yield f"ours refuses: {fault}"
        return
    if "refused" in known:
        yield f"ours reads what is refused: {known['refused']}"
        return
    yield from _read(survey, known)
    found = inspected(survey, None, notes)
    target = found.target
    assert target is not None
    errors = [error for error in found.errors if error.id not in {TOO_FEW_ROWS, "no-feature", "one-class"}]
    if bool(errors) != ("fails" in known):
        yield f"fails {known.get('fails')}: {[error.text for error in errors]}"
    if "problem_type" not in known or errors:
        return
    if target.found != _PROBLEMS[known["problem_type"]]:
        yield f"{known['problem_type']}: {target.found}, {target.why}"
        return
    if known["rows_used"] != target.rows_used:
        yield f"{known['rows_used']} rows used: {target.rows_used}"
    if "classes" in known:
        classes = _rounded(known["classes"])
        if classes != _rounded(target.classes):
            yield f"classes {classes[:8]}: {target.classes[:8]}"
        trained = [target.answers.get(each, each) for each in target.classes if each not in target.cut]
        if set(_rounded(known["trained"])) != set(_rounded(trained)):
            yield f"trained {known['trained'][:8]}: {trained[:8]}"
    if target.cut:
        return  # the engine looks at the columns once the rows are gone, ours at all of them
    for name, feature in found.features.items():
        kind = _kind(known["features"].get(name))
        if (kind, feature.type) == (Kind.DATETIME, CONSTANT):
            continue  # whether dates that all are the same one stay depends on how their mean is rounded
        if (kind, feature.kind) == (None, Kind.TEXT) and survey.rows < _FEW_ROWS:
            continue  # of a few texts of the same length, nothing differs that is counted
        if kind is not feature.kind:
            yield f"{name} is {known['features'].get(name)}: {feature}"


def _rounded(classes: Iterable[str]) -> list[str]:
    """Classes as both print them: of a decimal of 17 digits, pandas may read another last digit, and a -0.0 stays."""
    return [f"{float(each) + 0:.13g}" if _DECIMAL.fullmatch(each) else each for each in classes]


def _survey(table: Table) -> tuple[Survey, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        path.write_bytes(table.text.encode())
        with open_csv(path, gzipped=False) as text:
            opened = ENSEMBLING.rows(records(text, path.name), path.name)
            if opened is None or table.target not in opened.columns:
                raise DataFault("no target")
            survey = Survey(ENSEMBLING, opened.columns, table.target, cap=20_000, counts_gaps=True)
            for batch in batches(opened.rows):
                survey.add(batch)
    return survey, opened.told()


def _read(survey: Survey, known: Mapping[str, Any]) -> Iterator[str]:
    if survey.columns != list(known["columns"]):
        yield f"columns {list(known['columns'])}: {survey.columns}"
        return
    if survey.rows != known["rows"]:
        yield f"{known['rows']} rows: {survey.rows}"
    for name, (dtype, missing, distinct) in known["columns"].items():
        found = survey.dtype(name)
        if survey.rows and found not in _DTYPES[dtype]:
            yield f"{name} is {dtype}, {distinct} different: {found}"
        if survey.missing(name) != missing:
            yield f"{name} misses {missing}: {survey.missing(name)}"


def _kind(types: list[Any] | None) -> Kind | None:
    if types is None:
        return None
    raw, special = types
    if "text" in special:
        return Kind.TEXT
    if "datetime_as_object" in special:
        return Kind.DATETIME
    return Kind.NUMERIC if raw in {"int", "float"} else Kind.CATEGORICAL


def tuning_differences(asked: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[str]:
    """What ours has otherwise than the engine of HYPERPARAMETER_TUNING.

    Args:
        asked: Cells, dates, and labels of two classes.
        known: What `ask_tuning` says of them.
    """
    for cell, label, number in zip(asked["cells"], known["label"], known["number"], strict=True):
        for value in (label, number):
            read = tuning.number(cell)
            if (value if value is not None else "nan") != (read if read == read else "nan"):
                yield f"number {cell!r} is {value}: {read}"
    for cell, parts in zip(asked["dates"], known["dates"], strict=True):
        if parts != (read_parts := _parts(cell)):
            yield f"date {cell!r} is {parts}: {read_parts}"
    for (majority, minority, cells), back in zip(asked["classes"], known["classes"], strict=True):
        counts = Spellings([*[majority] * 90, *[minority] * 40, *cells])
        target = tuning.labels("y", counts).target("BinaryClassification")
        for cell, want in zip(cells, back, strict=True):
            if cell.strip() and target.class_of[cell] != want:
                yield f"label {cell!r} beside {majority!r} and {minority!r} is {want!r}: {target.class_of[cell]!r}"


def _parts(cell: str) -> list[float | None] | str:
    """Weekday, year, hour, minute, second, month and week, as the engine has them."""
    try:
        found = dates.tuning(cell)
    except OverflowError:
        return "fails"
    if found is None:
        return [None] * 7
    week = found.isocalendar()[1] - 1
    parts = (found.weekday(), found.year, found.hour, found.minute, found.second, found.month - 1, week)
    return [float(part) for part in parts]
