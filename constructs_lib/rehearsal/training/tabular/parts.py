"""The containers of a tuning candidate one by one: features, algorithm, labels.

Autopilot's pipeline is served by three containers for a classification and by two for a regression; here each of them
comes with the whole model, and does its own part of what that does. What they hand each other follows AWS's page
"Configure inference output in generated containers" and the public sample that deploys each to an endpoint of its own.
A class travels as its number, as the XGBoost container has it.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from constructs_lib.engines.faults import DataFault

from ..archive import Kept
from ..serving import FEATURES, LABELS, OUTPUT_VARIABLE, TRANSFORM_MODE
from . import inference, recordio
from .data import media_type
from .families import TUNING
from .problem import BINARY, REGRESSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

INPUT_VARIABLE = "SAGEMAKER_INFERENCE_INPUT"
ACCEPT_VARIABLE = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"
SPARSE_VARIABLE = "AUTOML_SPARSE_ENCODE_RECORDIO_PROTOBUF"
UNSEEN = "<unseen_label>"
"""What is answered for a class that there is none of."""

_LABEL = "predicted_label"
_CHANCES = (_LABEL, "probability", "probabilities")


@dataclass(frozen=True)
class Answer:
    """What a container says, and in which format."""

    body: bytes
    content_type: str


def load(archive: str, environments: str) -> None:
    """Load containers ahead of the first request.

    Args:
        archive: A ``model.tar.gz``.
        environments: The containers' environments in their order, as JSON.

    Raises:
        DataFault: There is no model in the archive, or the containers can not be.
    """
    _served(archive, environments)


def predict(archive: str, environments: str, body: str, content_type: str, accept: str) -> dict[str, str]:
    """Answer one request, as `inference.predict` does, by one container after the other.

    Raises:
        DataFault: A container does not understand what it is given.
    """
    parts = _served(archive, environments)
    if parts is None:
        return inference.predict(archive, _output(json.loads(environments)), body, content_type, accept)
    answer = Answer(base64.b64decode(body), content_type)
    for part in parts[:-1]:
        answer = part.answer(answer.body, answer.content_type, "")
    answer = parts[-1].answer(answer.body, answer.content_type, accept)
    return {"body": base64.b64encode(answer.body).decode(), "content_type": answer.content_type}


@lru_cache(maxsize=1)
def _served(archive: str, environments: str) -> list[_Features | _Algorithm | _Labels] | None:
    """The containers, `None` where together they are the whole model, or the model is one of a single container."""
    model, given = Kept.open(Path(archive)), json.loads(environments)
    modes = [environment.get(TRANSFORM_MODE) for environment in given]
    if not isinstance(model, inference.Model) or model.mode != TUNING:
        model.keys(_output(given))
        return None
    if modes == [FEATURES, None] and model.problem_type == REGRESSION:
        model.keys(_output(given))
        return None
    return [_part(model, environment) for environment in given]


def _output(environments: Sequence[Mapping[str, str]]) -> str:
    return environments[-1].get(OUTPUT_VARIABLE, "")


def _part(model: inference.Model, environment: Mapping[str, str]) -> _Features | _Algorithm | _Labels:
    mode = environment.get(TRANSFORM_MODE)
    if mode is None:
        return _Algorithm(model, environment)
    kinds: dict[str, type[_Features | _Labels]] = {FEATURES: _Features, LABELS: _Labels}
    if mode not in kinds:
        raise DataFault(f"{TRANSFORM_MODE} must be {FEATURES} or {LABELS}, or not be there; it is {mode!r}")
    return kinds[mode](model, environment)


class _Features:
    """The first container: from rows to numbers."""

    def __init__(self, model: inference.Model, environment: Mapping[str, str]) -> None:
        self._model = model
        self._sparse = environment.get(SPARSE_VARIABLE) == "1"
        self._accept = environment.get(ACCEPT_VARIABLE, recordio.CONTENT_TYPE)

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """The features of each row: 32-bit numbers, in records unless CSV is asked for."""
        numbers = self._model.estimator[:-1].transform(self._model.cells(body, content_type))
        kind = media_type(self._accept if accept in {"", "*/*"} else accept)
        if kind == recordio.CONTENT_TYPE:
            return Answer(recordio.encode(numbers, sparse=self._sparse), kind)
        if kind == inference.TEXT_CSV:
            return Answer(_csv([[float(np.float32(cell)) for cell in row] for row in numbers]), kind)
        raise DataFault(
            f"the accept type {accept!r} is not supported; use {recordio.CONTENT_TYPE} or {inference.TEXT_CSV}"
        )


class _Algorithm:
    """The container in the middle: from numbers to classes, as numbers, and to their chances."""

    def __init__(self, model: inference.Model, environment: Mapping[str, str]) -> None:
        self._model = replace(model, estimator=model.estimator[-1])
        self._keys = _keys(environment.get(OUTPUT_VARIABLE, ""), _CHANCES[: 1 if self._regression else None])

    @property
    def _regression(self) -> bool:
        return self._model.problem_type == REGRESSION

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """The value of each row; or its class, as a number, and chances."""
        predicted = self._model.predict(self._numbers(body, content_type))
        rows = [[float(value)] for value in predicted] if self._regression else [self._row(one) for one in predicted]
        return _answer(self._keys, rows, accept)

    def _row(self, chances: NDArray[np.float64]) -> list[Any]:
        winner = int(chances.argmax())
        shown = 1 if self._model.problem_type == BINARY else winner
        values = dict(zip(_CHANCES, (winner, float(chances[shown]), list(map(float, chances))), strict=True))
        return [values[key] for key in self._keys]

    def _numbers(self, body: bytes, content_type: str) -> NDArray[np.float64]:
        kind = media_type(content_type)
        if kind == recordio.CONTENT_TYPE:
            numbers = recordio.decode(body)
        elif kind == inference.TEXT_CSV:
            numbers = _read_numbers(body)
        else:
            raise DataFault(
                f"the content type {content_type!r} is not supported; use {recordio.CONTENT_TYPE} or "
                f"{inference.TEXT_CSV}"
            )
        wanted = getattr(self._model.estimator, "n_features_in_", numbers.shape[1])
        if numbers.shape[1] != wanted:
            raise DataFault(f"the algorithm takes {wanted} features, and a row has {numbers.shape[1]}")
        return numbers


class _Labels:
    """The last container: from the numbers of classes to their names."""

    def __init__(self, model: inference.Model, environment: Mapping[str, str]) -> None:
        self._labels = model.labels
        self._taken = _keys(environment.get(INPUT_VARIABLE, ""), _CHANCES)
        self._keys = _keys(environment.get(OUTPUT_VARIABLE, ""), (*self._taken, "labels"))

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """The rows with the names of their classes."""
        if media_type(content_type) != inference.TEXT_CSV:
            raise DataFault(f"the content type {content_type!r} is not supported; use {inference.TEXT_CSV}")
        return _answer(self._keys, [self._row(row) for row in _read(body)], accept)

    def _row(self, row: Sequence[str]) -> list[Any]:
        if len(row) != len(self._taken):
            raise DataFault(f"a row must have {', '.join(self._taken)}; it has {len(row)} cells")
        values: dict[str, Any] = {"labels": list(self._labels)}
        for key, cell in zip(self._taken, row, strict=True):
            values[key] = self._label(cell) if key == _LABEL else _json(cell)
        return [values[key] for key in self._keys]

    def _label(self, cell: str) -> str:
        try:
            place = int(float(cell))
        except ValueError:
            raise DataFault(f"{cell!r} is not the number of a class") from None
        return self._labels[place] if 0 <= place < len(self._labels) else UNSEEN


def _keys(output: str, known: Sequence[str]) -> list[str]:
    keys = [key for key in output.replace(" ", "").split(",") if key] or [_LABEL]
    if strangers := [key for key in keys if key not in known]:
        raise DataFault(f"{OUTPUT_VARIABLE} asks for {', '.join(strangers)}; there is {', '.join(known)}")
    return keys


def _answer(keys: Sequence[str], rows: Sequence[Sequence[Any]], accept: str) -> Answer:
    kind = inference.type_of_answer(accept)
    if kind == inference.JSON:
        return Answer(json.dumps({"predictions": [dict(zip(keys, row, strict=True)) for row in rows]}).encode(), kind)
    return Answer(_csv(rows), kind)


def _csv(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _read(body: bytes) -> list[list[str]]:
    text, _ = inference.table_of(body, inference.TEXT_CSV)
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    if not rows:
        raise DataFault("the body has no rows")
    return rows


def _read_numbers(body: bytes) -> NDArray[np.float64]:
    try:
        return np.array([[float(cell) for cell in row] for row in _read(body)], dtype=np.float64)
    except ValueError as error:
        raise DataFault(f"the rows are no numbers of one length: {error}") from error


def _json(cell: str) -> Any:
    try:
        return json.loads(cell)
    except ValueError as error:
        raise DataFault(f"{cell!r} is no number, and no list of them") from error
