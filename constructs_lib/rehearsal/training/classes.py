"""What text and image classification share: classes, a fair split, and the choice of one model among several."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from constructs_lib.engines.faults import DataFault

from .tabular.metrics import evaluate
from .tabular.preparation import DEFAULT_VALIDATION_FRACTION, rare_classes, split_rows
from .tabular.prepared import Prepared, Sample
from .tabular.problem import MULTICLASS, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from .tabular.columns import Column
    from .tabular.inference import Model

OBJECTIVE = "Accuracy"
"""The one objective of text and image classification."""

_CHOOSING_FRACTION = 0.25
_ROWS_TO_CHOOSE = 3
"""Rows of the largest class, of which one can be held back."""


def labels_of(values: Sequence[str], where: str) -> tuple[str, ...]:
    """All classes, sorted.

    Args:
        values: The class of each row.
        where: Where they are, for the message.

    Raises:
        DataFault: There is only one.
    """
    labels = tuple(sorted(set(values)))
    if len(labels) < 2:
        raise DataFault(f"there is only one class {where} ({labels[0]!r}): there is nothing to learn")
    return labels


def sample(cells: NDArray[Any], values: Sequence[str], labels: Sequence[str]) -> Sample:
    """Rows with the numbers of their classes."""
    numbers = {label: float(number) for number, label in enumerate(labels)}
    return Sample(cells=cells, target=np.array([numbers[value] for value in values]), weights=None)


def split(rows: Sample, fraction: float | None) -> tuple[Sample, Sample]:
    """Rows to train on and rows to measure with, each class in proportion."""
    return split_rows(rows, fraction or DEFAULT_VALIDATION_FRACTION, stratified=True)


def prepared(
    *,
    target: str,
    columns: tuple[Column, ...],
    labels: tuple[str, ...],
    samples: tuple[Sample, Sample],
    trial: Mapping[str, str],
    problem_type: str,
    notes: Sequence[str],
    directory: Path,
) -> dict[str, Any]:
    """Keep what training needs; the job's only candidate, problem and notes as plain values."""
    training, validation = samples
    problem = Problem(problem_type=MULTICLASS, objective=OBJECTIVE, labels=labels)
    Prepared(target=target, mode="", problem=problem, columns=columns, training=training, validation=validation).save(
        directory
    )
    return {
        "problem_type": problem_type,
        "objective": OBJECTIVE,
        "direction": "Maximize",
        "stage": "TrainingModels",
        "trials": [dict(trial)],
        "ensemble": None,
        "notes": [*notes, *rare_classes(labels, training)],
    }


def fit(trial: Mapping[str, Any], directory: str, choices: Mapping[str, Any], kind: type[Model]) -> dict[str, Any]:
    """Choose the pipeline that does best on a part of the training rows, train it on all of them, and keep it.

    The validation rows take no part in the choice, so that what is measured on them is true.

    Args:
        trial: Name and description of the candidate.
        directory: What `prepared` wrote to.
        choices: Untrained pipelines by description.
        kind: The class that serves it.

    Returns:
        The path of its ``model.tar.gz``, its metrics by set and name, what it is, and what the choice was.
    """
    rows = Prepared.load(Path(directory))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of slow convergence: the metrics say how good it is
        scores = _scores(choices, rows.training)
        name = max(scores, key=lambda choice: scores[choice])
        estimator = choices[name].fit(rows.training.cells, rows.training.target.astype(int))
    model = kind(
        estimator=estimator,
        mode=rows.mode,
        problem_type=rows.problem.problem_type,
        features=tuple(column.name for column in rows.columns),
        labels=rows.problem.labels,
    )
    metrics = {
        source: evaluate(MULTICLASS, part.target, model.predict(part.cells), None)
        for source, part in (("Validation", rows.validation), ("Train", rows.training))
    }
    archive = Path(directory) / "candidates" / trial["name"] / "model.tar.gz"
    description = f"scikit-learn {name}"
    model.save(
        archive,
        {"candidate": trial["name"], "description": description, "target": rows.target, "metrics": metrics},
    )
    return {"archive": str(archive), "metrics": metrics, "description": description, "notes": [_choice(scores)]}


def _scores(choices: Mapping[str, Any], training: Sample) -> dict[str, float]:
    """The accuracy of each choice, trained on three quarters of the rows. One that cannot be trained has none."""
    if max(Counter(training.target).values()) < _ROWS_TO_CHOOSE:
        return {next(iter(choices)): math.nan}
    learned, judged = split_rows(training, _CHOOSING_FRACTION, stratified=True)
    scores = {}
    problems = []
    for name, pipeline in choices.items():
        try:
            fitted = clone(pipeline).fit(learned.cells, learned.target.astype(int))
            scores[name] = float(np.mean(fitted.predict(judged.cells) == judged.target))
        except ValueError as error:  # texts without a single word, say, leave nothing to count
            problems.append(f"{name}: {error}")
    if not scores:
        raise DataFault(f"no model can be trained on these rows: {'; '.join(problems)}")
    return scores


def _choice(scores: Mapping[str, float]) -> str:
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    if math.isnan(ranked[0][1]):
        return f"there are too few rows to choose among models: {ranked[0][0]} is used"
    shown = ", ".join(f"{name} {score:.3f}" for name, score in ranked)
    return f"the model was chosen by {OBJECTIVE} on a quarter of the training rows, held back for it: {shown}"
