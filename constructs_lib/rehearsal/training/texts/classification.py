"""Text classification: TF-IDF features and linear models, where Autopilot fine-tunes language models."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from constructs_lib.engines.faults import DataFault

from .. import classes
from ..tabular.columns import Column, Kind
from ..tabular.data import Table, read
from ..tabular.inference import Model
from ..tabular.preparation import column_of, where_is
from ..tabular.prepared import Prepared, Sample
from ..tabular.reports import write_json
from ..task import TextClassificationTask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

MOST_ROWS = 20_000
"""Texts to train on; a random sample of more."""

_SEED = 0
_EXPLAINED_TEXTS = 200
_EXPLAINED_WORDS = 15
_LONGEST_EXPLAINED = 100
"""Words of a text that are left out in turn; a longer text is explained by its beginning."""


def prepare(task: Mapping[str, Any], directory: str) -> dict[str, Any]:
    """Read the texts of a job and their classes, as `preparation.prepare` does with tables.

    Raises:
        DataFault: The data cannot be trained with; says why.
    """
    return _Preparation(TextClassificationTask(**task)).result(Path(directory))


def fit(trial: Mapping[str, Any], directory: str) -> dict[str, Any]:
    """Train the candidate. See `classes.fit`."""
    return classes.fit(trial, directory, _pipelines(), Model)


def explain(archive: str, directory: str) -> str:
    """Write which words matter: how much less sure of its class the model is without them.

    Returns:
        The folder with ``words.json``.
    """
    model, prepared = Model.open(Path(archive)), Prepared.load(Path(directory))
    chosen = np.random.default_rng(_SEED).permutation(len(prepared.validation))[:_EXPLAINED_TEXTS]
    drops: dict[str, dict[str, list[float]]] = {label: defaultdict(list) for label in model.labels}
    for text in prepared.validation.cells[chosen, 0]:
        words = list(re.finditer(r"\w+", text))[:_LONGEST_EXPLAINED]
        without = [text[: word.start()] + text[word.end() :] for word in words]
        chances = model.predict(_cells([text, *without]))
        winner = int(chances[0].argmax())
        for word, less in zip(words, chances[0, winner] - chances[1:, winner], strict=True):
            drops[model.labels[winner]][word.group().lower()].append(float(less))
    folder = Path(archive).parent / "explainability"
    write_json(
        folder / "words.json",
        {
            "method": "leave one word out (not the method of Autopilot)",
            "meaning": "how much less probable the predicted class gets, on average, when the word is taken out",
            "texts": len(chosen),
            "labels": {label: _heaviest(words) for label, words in drops.items()},
        },
    )
    return str(folder)


class _Preparation:
    def __init__(self, task: TextClassificationTask) -> None:
        self._task = task
        self._notes: list[str] = []

    def result(self, directory: Path) -> dict[str, Any]:
        task = self._task
        if task.content == task.target:
            raise DataFault(f"the content column and the target column are both {task.target!r}")
        training = self._read(task.training_files, "training")
        labels = classes.labels_of(column_of(training, task.target), f"in {task.target!r}")
        if task.validation_files:
            validation = self._read(task.validation_files, "validation", labels)
            samples = self._sample(training, labels), self._sample(validation, labels)
        else:
            samples = classes.split(self._sample(training, labels), task.validation_fraction)
        texts = column_of(training, task.content)
        column = Column(name=task.content, kind=Kind.TEXT, missing=0, distinct=len(set(texts)))
        self._notes.append(
            "texts are classified by TF-IDF features and a linear model here; Autopilot fine-tunes language models"
        )
        return classes.prepared(
            target=task.target,
            columns=(column,),
            labels=labels,
            samples=samples,
            trial={
                "name": "text-classifier",
                "algorithm": "tf-idf",
                "description": "scikit-learn TF-IDF features with the better of its linear models and naive Bayes",
            },
            problem_type="TextClassification",
            notes=self._notes,
            directory=directory,
        )

    def _read(self, files: Sequence[Path], channel: str, labels: Sequence[str] = ()) -> Table:
        task = self._task

        def check_header(names: list[str]) -> Callable[[list[str]], str | None]:
            for role, name in (("content", task.content), ("target", task.target)):
                if name not in names:
                    raise DataFault(
                        f"there is no {role} column {name!r} in the {channel} data: {where_is(name, names)}"
                    )
            content, target = names.index(task.content), names.index(task.target)

            def why_not(row: list[str]) -> str | None:
                if not row[content]:
                    return f"no text in {task.content!r}"
                if not row[target]:
                    return f"no class in {task.target!r}"
                if labels and row[target] not in labels:
                    return f"a class in {task.target!r} that the training data does not have"
                return None

            return why_not

        table = read(
            [Path(file) for file in files],
            content_type=task.content_type,
            compression=None,
            channel=channel,
            check_header=check_header,
            cap=MOST_ROWS,
        )
        self._notes += table.notes(channel)
        if not table.rows:
            raise DataFault(f"the {channel} data has no usable row{table.why_dropped()}")
        return table

    def _sample(self, table: Table, labels: Sequence[str]) -> Sample:
        return classes.sample(_cells(column_of(table, self._task.content)), column_of(table, self._task.target), labels)


def _cells(texts: Sequence[str]) -> NDArray[Any]:
    return np.array(texts, dtype=object).reshape(-1, 1)


def _pipelines() -> dict[str, Any]:
    words = {"ngram_range": (1, 2), "sublinear_tf": True}
    letters = {"analyzer": "char_wb", "ngram_range": (2, 5), "sublinear_tf": True, "max_features": 50_000}
    linear = {"C": 10.0, "max_iter": 1000}
    choices = {
        "TfidfVectorizer of words and pairs of words, LogisticRegression(C=10.0)": (
            words,
            LogisticRegression(**linear),
        ),
        "TfidfVectorizer of words and pairs of words, ComplementNB(alpha=0.3)": (words, ComplementNB(alpha=0.3)),
        "TfidfVectorizer of 2 to 5 letters, LogisticRegression(C=10.0)": (letters, LogisticRegression(**linear)),
    }
    return {
        name: Pipeline(
            [("texts", FunctionTransformer(_first)), ("features", TfidfVectorizer(**options)), ("model", model)]
        )
        for name, (options, model) in choices.items()
    }


def _first(cells: NDArray[Any]) -> NDArray[Any]:
    column: NDArray[Any] = cells[:, 0]
    return column


def _heaviest(words: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The words that matter most in all texts together."""
    ranked = sorted(words, key=lambda word: -sum(words[word]))[:_EXPLAINED_WORDS]
    return {word: float(np.mean(words[word])) for word in ranked if sum(words[word]) > 0}
