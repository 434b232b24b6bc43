"""The steps that train: one pipeline, or the mean of those that are trained."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .families import TUNING, Trial
from .inference import Model
from .pipeline import Average, build
from .prepared import Prepared, Sample

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray


def fit(trial: Mapping[str, Any], directory: str) -> dict[str, Any]:
    """Train one candidate and keep it.

    Args:
        trial: A `Trial` as plain values.
        directory: What `prepare` wrote to.

    Returns:
        The path of its ``model.tar.gz``, and its metrics by set and name.
    """
    candidate = Trial.from_json(trial)
    prepared = Prepared.load(Path(directory))
    training = prepared.training
    pipeline = build(candidate, prepared.columns, tuned=prepared.mode == TUNING)
    weights = {} if training.weights is None else {"model__sample_weight": training.weights}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of slow convergence: a candidate's metrics say how good it is
        pipeline.fit(training.cells, _target(training, prepared), **weights)
    return _keep(pipeline, candidate.name, candidate.description, prepared, Path(directory))


def combine(trial: Mapping[str, str], members: Sequence[str], directory: str) -> dict[str, Any]:
    """Make a candidate of the mean of others.

    Args:
        trial: Name and description.
        members: The others' archives.
        directory: What `prepare` wrote to.

    Returns:
        As `fit`.
    """
    average = Average([Model.open(Path(member)).estimator for member in members])
    return _keep(average, trial["name"], trial["description"], Prepared.load(Path(directory)), Path(directory))


def _target(sample: Sample, prepared: Prepared) -> NDArray[np.float64] | NDArray[np.int_]:
    return sample.target.astype(int) if prepared.problem.labels else sample.target


def _keep(estimator: object, name: str, description: str, prepared: Prepared, directory: Path) -> dict[str, Any]:
    problem = prepared.problem
    model = Model(
        estimator=estimator,
        mode=prepared.mode,
        problem_type=problem.problem_type,
        features=tuple(column.name for column in prepared.columns),
        labels=problem.labels,
        learned=problem.learned,
        spelled=problem.answers,
        trained_on=tuple(column.trained_on for column in prepared.columns),
    )
    metrics = {
        source: model.measured(sample)
        for source, sample in (("Validation", prepared.validation), ("Train", prepared.training))
    }
    archive = directory / "candidates" / name / "model.tar.gz"
    columns = {column.name: column.kind or f"not used: {column.unused}" for column in prepared.columns}
    model.save(
        archive,
        {
            "candidate": name,
            "description": description,
            "target": prepared.target,
            "columns": columns,
            "metrics": metrics,
        },
    )
    return {"archive": str(archive), "metrics": metrics}
