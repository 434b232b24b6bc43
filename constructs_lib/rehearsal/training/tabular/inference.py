"""A trained model: how it is kept, and how it answers requests.

Requests are ``text/csv``, a row per line with the features in the order of the training data and no header, or
``application/json``: ``{"instances": [...]}``, each instance a list in that order or an object of column and value,
where a column left out is a missing value. JSON requests are our choice; the rest follows AWS's page "Configure
inference output in generated containers", and JSON answers those that were seen.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from constructs_lib.engines.faults import DataFault

from ..archive import Kept
from ..serving import OUTPUT_VARIABLE
from . import bodies
from .data import CSV, MISSING, media_type
from .families import ENSEMBLING, TUNING
from .metrics import evaluate
from .problem import BINARY, REGRESSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from .prepared import Sample

TEXT_CSV = media_type(CSV)
JSON = "application/json"

_KEYS = ("predicted_label", "probability", "probabilities", "labels")


@dataclass(frozen=True, kw_only=True)
class Model(Kept):
    """A fitted pipeline and what its answers mean."""

    estimator: Any
    mode: str
    problem_type: str
    features: tuple[str, ...]
    """The columns of a request, in order."""

    labels: tuple[str, ...]

    learned: tuple[int, ...] = ()
    """The places of the labels that were trained on; the chance of others is 0. None means all."""

    spelled: Mapping[str, str] = field(default_factory=dict)
    """How a label is answered where that is another way."""

    trained_on: tuple[str, ...] = ()
    """Of ENSEMBLING, what each column was in the training data."""

    default_keys: ClassVar[tuple[str, ...]] = ("predicted_label",)
    """What an answer holds when nothing is asked for."""

    def predict(self, cells: NDArray[Any]) -> NDArray[np.float64]:
        """Values, or for a classification one column of probabilities per label."""
        if self.problem_type == REGRESSION:
            return np.asarray(self.estimator.predict(cells), dtype=np.float64)
        chances = np.asarray(self.estimator.predict_proba(cells), dtype=np.float64)
        if chances.shape[1] == len(self.labels):
            return chances
        all_chances = np.zeros((len(chances), len(self.labels)))
        all_chances[:, list(self.learned)] = chances
        return all_chances

    def measured(self, sample: Sample) -> dict[str, float]:
        """All metrics on these rows."""
        return self.measured_by(self.predict(sample.cells), sample)

    def measured_by(self, predicted: NDArray[np.float64], sample: Sample) -> dict[str, float]:
        """All metrics on these rows, of which it is known what is predicted."""
        chosen = None if self.problem_type == REGRESSION else self.chosen(predicted)
        return evaluate(self.problem_type, sample.target, predicted, sample.weights, chosen)

    def chosen(self, chances: NDArray[np.float64]) -> NDArray[np.int_]:
        """The place of the label of each row: the likeliest; of two that are as likely, ENSEMBLING takes the second."""
        if self.mode == ENSEMBLING and self.problem_type == BINARY:
            return np.asarray(chances[:, 1] >= chances[:, 0], dtype=int)
        return np.asarray(chances.argmax(axis=1), dtype=int)

    def described(self) -> dict[str, Any]:
        """Problem, mode, features and labels."""
        return {
            "problem_type": self.problem_type,
            "mode": self.mode,
            "features": self.features,
            "labels": self.labels,
        }

    def keys(self, output: str) -> list[str]:
        """The keys asked for, or the default ones."""
        keys = [key for key in output.replace(" ", "").split(",") if key] or [*self.default_keys]
        known = _KEYS[:1] if self.problem_type == REGRESSION else _KEYS
        strangers = [key for key in keys if key not in known]
        if strangers:
            raise DataFault(
                f"{OUTPUT_VARIABLE} asks for {', '.join(map(repr, strangers))}; a {self.problem_type} model answers "
                f"with {', '.join(known)}"
            )
        return keys

    def answers(self, body: bytes, content_type: str, keys: Sequence[str]) -> list[list[Any]]:
        """A row for each row of the request."""
        return _answers(self, keys, self.predict(self.cells(body, content_type)))

    def as_json(self, keys: Sequence[str], rows: Sequence[Sequence[Any]]) -> Any:
        """As the containers of each mode were seen to answer: a value's name, and whether lists are text."""
        if self.mode == TUNING and self.problem_type == REGRESSION:
            return {"predictions": [{"score": value} for (value,) in rows]}
        if self.mode == ENSEMBLING:
            rows = [[str(value) if isinstance(value, list) else value for value in row] for row in rows]
        return super().as_json(keys, rows)

    def cells(self, body: bytes, content_type: str) -> NDArray[Any]:
        """The rows of a request as the estimator takes them."""
        text, is_json = table_of(body, content_type)
        if self.mode == TUNING:
            rows = rows_of_json(text, self.features) if is_json else bodies.tuned(text, self.features)
        elif self.mode == ENSEMBLING:
            rows = rows_of_json(text, self.features) if is_json else bodies.ensembled(text, self.features)
            rows = bodies.held_against_training(rows, self.features, self.trained_on)
        else:
            rows = rows_of_json(text, self.features) if is_json else bodies.plain(text, self.features)
            rows = [["" if (cell := value.strip()) in MISSING else cell for value in row] for row in rows]
        if not rows:
            raise DataFault("the body has no rows")
        cells = np.empty((len(rows), len(self.features)), dtype=object)
        for place, row in enumerate(rows):
            cells[place] = row
        return cells


def load(archive: str, output: str) -> None:
    """Load a model ahead of the first request.

    Args:
        archive: A ``model.tar.gz``.
        output: The value of `OUTPUT_VARIABLE`; empty means the predicted label alone.

    Raises:
        DataFault: There is no model in the archive, or the output asks for what the model does not answer.
    """
    _served(archive, output)


def predict(archive: str, output: str, body: str, content_type: str, accept: str) -> dict[str, str]:
    """Answer one request. Bodies are base64, so that they fit into a line of JSON.

    Args:
        archive: As in `load`.
        output: As in `load`.
        body: The request's body.
        content_type: What the body is.
        accept: What the answer may be; empty means CSV.

    Raises:
        DataFault: The request cannot be understood.
    """
    model, keys = _served(archive, output)
    answer_type = type_of_answer(accept)
    rows = model.answers(base64.b64decode(body), content_type, keys)
    answer = (
        json.dumps(model.as_json(keys, rows))
        if answer_type == JSON
        else _as_csv([keys, *rows] if model.names_its_columns else rows)
    )
    return {"body": base64.b64encode(answer.encode()).decode(), "content_type": answer_type}


@lru_cache(maxsize=1)
def _served(archive: str, output: str) -> tuple[Kept, list[str]]:
    """The model, and the keys of its answers in order."""
    model = Kept.open(Path(archive))
    return model, model.keys(output)


def type_of_answer(accept: str) -> str:
    """The first of the accepted types that there is: CSV unless JSON is asked for.

    Raises:
        DataFault: There is none.
    """
    for choice in accept.split(","):
        kind = media_type(choice)
        if kind in {"", "*/*", "text/*", TEXT_CSV}:
            return TEXT_CSV
        if kind in {JSON, "application/*"}:
            return JSON
    raise DataFault(f"the accept type {accept!r} is not supported; use {TEXT_CSV} or {JSON}")


def table_of(body: bytes, content_type: str) -> tuple[str, bool]:
    """The text of a request in rows, and whether it is JSON and not CSV.

    Raises:
        DataFault: It is neither, or no UTF-8.
    """
    kind = media_type(content_type)
    if kind not in {TEXT_CSV, JSON}:
        raise DataFault(f"the content type {content_type!r} is not supported; use {TEXT_CSV} or {JSON}")
    try:
        return body.decode("utf-8-sig"), kind == JSON
    except UnicodeDecodeError as error:
        raise DataFault(f"the body is not UTF-8 text: byte 0x{body[error.start]:02x}") from error


def rows_of_json(text: str, features: Sequence[str]) -> list[list[str]]:
    """The rows of ``{"instances": [...]}``, in the order of the features.

    Raises:
        DataFault: It has another form.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise DataFault(f"the body is not JSON: {error}") from error
    instances = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(instances, list):
        raise DataFault('the body must be {"instances": [...]}')
    return [_row_of_instance(instance, number, features) for number, instance in enumerate(instances, 1)]


def _row_of_instance(instance: object, number: int, features: Sequence[str]) -> list[str]:
    if isinstance(instance, dict):
        strangers = [name for name in instance if name not in features]
        if strangers:
            raise DataFault(f"instance {number} has {strangers[0]!r}, which is not a feature of the model")
        values = [instance.get(name) for name in features]
    elif isinstance(instance, list):
        if len(instance) != len(features):
            raise DataFault(f"instance {number} has {len(instance)} values, but there should be {len(features)}")
        values = instance
    else:
        raise DataFault(f"instance {number} must be a list or an object")
    return ["" if value is None else str(value) for value in values]


def _answers(model: Model, keys: Sequence[str], predicted: NDArray[np.float64]) -> list[list[Any]]:
    if model.problem_type == REGRESSION:
        return [[float(value)] for value in predicted]
    rows = []
    for chances, winner in zip(predicted, model.chosen(predicted).tolist(), strict=True):
        # In HPO mode the probability of a binary answer is that of the positive class, whatever is predicted.
        shown = 1 if model.mode == TUNING and model.problem_type == BINARY else winner
        answer = {
            "predicted_label": model.spelled.get(model.labels[winner], model.labels[winner]),
            "probability": float(chances[shown]),
            "probabilities": [float(chance) for chance in chances],
            "labels": list(model.labels),
        }
        rows.append([answer[key] for key in keys])
    return rows


def _as_csv(rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
