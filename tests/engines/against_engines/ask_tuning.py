"""Runs on Python 3.7 beside sagemaker-scikit-learn-extension 2.5: what it reads in each cell.

python ask_tuning.py CELLS.json ANSWERS.json
"""

from __future__ import annotations

import importlib
import json
import math
import sys
import warnings
from pathlib import Path
from typing import Any

_PARTS = ("year", "month", "hour", "minute", "second", "weekday")


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _numbers(cells: list[str]) -> dict[str, list[float | None]]:
    numpy = importlib.import_module("numpy")
    encoders = importlib.import_module("sagemaker_sklearn_extension.preprocessing")
    impute = importlib.import_module("sagemaker_sklearn_extension.impute")
    labels = encoders.NALabelEncoder().fit_transform(numpy.array(cells, dtype=object))
    column = numpy.array([[cell] for cell in cells], dtype=object)
    imputer = impute.RobustImputer(strategy="constant", fill_values=numpy.nan)
    return {
        "label": [_plain(value) for value in labels],
        "number": [_plain(value) for value in imputer.fit_transform(column)[:, 0]],
    }


def _date(cell: str) -> Any:
    datetime = importlib.import_module("datetime")
    numpy = importlib.import_module("numpy")
    dates = importlib.import_module("sagemaker_sklearn_extension.feature_extraction.date_time")
    column = numpy.array([[cell], ["2001-02-03 04:05:06"], ["1999-11-12 13:14:15"]], dtype=object)
    vectorizer = dates.DateTimeVectorizer(mode="ordinal", default_datetime=datetime.datetime(1970, 1, 1))
    try:
        found = vectorizer.fit_transform(column)[0]
    except OverflowError:
        return "fails"
    return [_plain(value) for value in found]


def _labels(known: str, fill: str, cells: list[str]) -> list[str]:
    encoders = importlib.import_module("sagemaker_sklearn_extension.preprocessing")
    encoder = encoders.RobustLabelEncoder(labels=[known], fill_label_value=fill, include_unseen_class=True)
    encoder.fit([known, fill])
    return [str(each) for each in encoder.inverse_transform(encoder.transform(cells))]


def main() -> None:
    warnings.simplefilter("ignore")
    asked, answered = map(Path, sys.argv[1:])
    given = json.loads(asked.read_text(encoding="utf-8"))
    found = {
        **_numbers(given["cells"]),
        "dates": [_date(cell) for cell in given["dates"]],
        "classes": [_labels(*each) for each in given["classes"]],
    }
    answered.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
