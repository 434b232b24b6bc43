"""What is said of the best candidate: which columns matter to it, and where it is right and wrong.

Autopilot explains with SHAP values (SageMaker Clarify) and writes its insights as a PDF. These are neither, and say so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .inference import Model
from .prepared import Prepared
from .problem import OF_THE_POSITIVE_CLASS, REGRESSION, direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .prepared import Sample

_MOST_ROWS = 500
_MOST_REPEATS = 3
_MOST_SHUFFLES = 60
"""Predictions to make in all, so that wide data does not take minutes (each column is shuffled at least once)."""

_SEED = 0
_MOST_CLASSES_SHOWN = 20


def explain(archive: str, directory: str) -> str:
    """Write how much worse the model gets, by the objective, when one column's values are shuffled.

    Returns:
        The folder with ``analysis.json``.
    """
    model, prepared = Model.open(Path(archive)), Prepared.load(Path(directory))
    generator = np.random.default_rng(_SEED)
    sample = prepared.validation
    sample = sample.part(generator.permutation(len(sample))[:_MOST_ROWS])
    objective = prepared.problem.objective
    base = _measure(model, sample, sample.cells, objective)
    worse = 1 if direction(objective) == "Minimize" else -1
    used = [place for place, column in enumerate(prepared.columns) if column.kind]
    repeats = max(1, min(_MOST_REPEATS, _MOST_SHUFFLES // len(used)))
    importances = {}
    for place in used:
        values = [_measure(model, sample, _shuffled(sample, place, generator), objective) for _ in range(repeats)]
        importances[prepared.columns[place].name] = worse * (float(np.mean(values)) - base)
    ranked = dict(sorted(importances.items(), key=lambda item: -item[1]))
    folder = Path(archive).parent / "explainability"
    write_json(
        folder / "analysis.json",
        {
            "method": "permutation importance (Autopilot reports SHAP values of SageMaker Clarify instead)",
            "meaning": f"how much worse {objective} gets on validation rows when the column is shuffled",
            "objective": objective,
            "objective_value": base,
            "rows": len(sample),
            "repeats": repeats,
            "columns": ranked,
        },
    )
    return str(folder)


def insights(archive: str, directory: str, name: str, description: str) -> str:
    """Write the model's metrics and its right and wrong answers on the validation rows.

    Returns:
        The folder with ``statistics.json`` and ``insights.md``.
    """
    model, prepared = Model.open(Path(archive)), Prepared.load(Path(directory))
    sample = prepared.validation
    predicted = model.predict(sample.cells)
    found: dict[str, Any] = {
        "candidate": name,
        "description": description,
        "problem_type": model.problem_type,
        "objective": prepared.problem.objective,
        "rows": len(sample),
        "metrics": model.measured_by(predicted, sample),
    }
    if positive := prepared.problem.positive_class:
        found["positive_class"] = positive
    if model.problem_type == REGRESSION:
        found["residuals"] = _residuals(sample.target - predicted)
    else:
        found["labels"] = list(model.labels)
        found["confusion_matrix"] = _confusion(sample.target.astype(int), model.chosen(predicted), len(model.labels))
    folder = Path(archive).parent / "model-insights"
    write_json(folder / "statistics.json", found)
    (folder / "insights.md").write_text(_as_markdown(found), encoding="utf-8")
    return str(folder)


def _measure(model: Model, sample: Sample, cells: NDArray[Any], objective: str) -> float:
    return model.measured_by(model.predict(cells), sample)[objective]


def _shuffled(sample: Sample, place: int, generator: np.random.Generator) -> NDArray[Any]:
    cells = sample.cells.copy()
    cells[:, place] = generator.permutation(cells[:, place])
    return cells


def _residuals(residuals: NDArray[np.float64]) -> dict[str, float]:
    shares = {"minimum": 0.0, "p10": 0.1, "median": 0.5, "p90": 0.9, "maximum": 1.0}
    return {"mean": float(residuals.mean()), **{k: float(np.quantile(residuals, share)) for k, share in shares.items()}}


def _confusion(truth: NDArray[np.int_], chosen: NDArray[np.int_], classes: int) -> list[list[int]]:
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (truth, chosen), 1)
    rows: list[list[int]] = counts.tolist()
    return rows


def _as_markdown(found: dict[str, Any]) -> str:
    lines = [
        f"# Model insights: {found['candidate']}",
        "",
        f"Trained on this machine, not by Autopilot: {found['description']}.",
        f"{found['problem_type']}, objective {found['objective']}, measured on {found['rows']} validation rows.",
        "",
        *_table(
            ["Metric", "Value"], [[_named(name, found), f"{value:.4f}"] for name, value in found["metrics"].items()]
        ),
        "",
    ]
    if "residuals" in found:
        lines += ["## Residuals (true value minus predicted)", ""]
        lines += _table(["", "Value"], [[name, f"{value:.4g}"] for name, value in found["residuals"].items()])
    else:
        labels = found["labels"]
        lines += ["## Confusion matrix (rows: true class; columns: predicted)", ""]
        if len(labels) > _MOST_CLASSES_SHOWN:
            lines.append(f"{len(labels)} classes: see statistics.json.")
        else:
            rows = [[label, *map(str, row)] for label, row in zip(labels, found["confusion_matrix"], strict=True)]
            lines += _table(["", *labels], rows)
    return "\n".join(lines) + "\n"


def _named(metric: str, found: dict[str, Any]) -> str:
    """A metric, with the class that it is about."""
    positive = found.get("positive_class")
    return f"{metric} of {positive!r}" if positive and metric in OF_THE_POSITIVE_CLASS else metric


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]


def write_json(path: Path, content: dict[str, Any]) -> None:
    """A file that programs and people can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
