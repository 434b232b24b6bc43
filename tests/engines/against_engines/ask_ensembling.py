"""Runs on Python 3.8 beside AutoGluon 0.4.3: what it makes of each table of a folder.

    python ask_ensembling.py TABLES.json ANSWERS.json

Its public entrances are called, as a training does before it begins: nothing is trained.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any


def _read(path: str) -> Any:
    return importlib.import_module("autogluon.tabular").TabularDataset(path)


def _columns(table: Any) -> dict[str, Any]:
    found = {}
    for place, name in enumerate(table.columns):
        column = table.iloc[:, place]
        found[str(name)] = [str(column.dtype), int(column.isna().sum()), int(column.nunique())]
    return found


def _prepared(table: Any, target: str) -> dict[str, Any]:
    features = importlib.import_module("autogluon.features.generators")
    learners = importlib.import_module("autogluon.tabular.learner")
    with tempfile.TemporaryDirectory() as folder:
        learner = learners.DefaultLearner(
            path_context=folder + "/",
            label=target,
            feature_generator=features.AutoMLPipelineFeatureGenerator(verbosity=0),
        )
        data = learner.general_data_processing(table, None, None, 0.2, 0)
    cleaner = learner.label_cleaner
    found: dict[str, Any] = {"problem_type": learner.problem_type, "rows_used": len(data[1])}
    if learner.problem_type != "regression":
        found["classes"] = [str(each) for each in cleaner.ordered_class_labels]
        found["trained"] = sorted({str(each) for each in cleaner.inverse_transform(data[1])})
    metadata = learner.feature_generator.feature_metadata_in
    found["features"] = {
        str(name): [metadata.get_feature_type_raw(name), metadata.get_feature_types_special(name)]
        for name in metadata.get_features()
    }
    return found


def _answer(path: str, target: str) -> dict[str, Any]:
    try:
        table = _read(path)
    except Exception as error:
        return {"refused": repr(error)[:200]}
    found: dict[str, Any] = {"rows": len(table), "columns": _columns(table)}
    if target not in table.columns:
        return {**found, "fails": "no such column"}
    if table.index.duplicated().any():
        return {**found, "fails": "index"}
    try:
        return {**found, **_prepared(table, target)}
    except Exception as error:
        return {**found, "fails": repr(error)[:200]}


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    asked, answered = map(Path, sys.argv[1:])
    tables = json.loads(asked.read_text(encoding="utf-8"))
    answers = [_answer(table["path"], table["target"]) for table in tables]
    answered.write_text(json.dumps(answers), encoding="utf-8")


if __name__ == "__main__":
    main()
