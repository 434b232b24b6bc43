"""The two notebooks of a job: what the data looks like, and which candidates are to be trained."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from .columns import mean
from .problem import OF_THE_POSITIVE_CLASS, REGRESSION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from constructs_lib.engines.target import Spellings

    from .families import Plan
    from .prepared import Prepared

EXPLORATION = "DataExplorationNotebook"
DEFINITION = "CandidateDefinitionNotebook"

_ORIGIN = "Made by the rehearsal of cdk-sagemaker-autopilot on this machine, not by Autopilot."
_CLASSES_SHOWN = 20


def write(
    prepared: Prepared,
    plan: Plan,
    rows: int,
    notes: Sequence[str],
    report: Sequence[str],
    target: Spellings,
    directory: Path,
) -> dict[str, str]:
    """Write both notebooks.

    Args:
        prepared: The data.
        plan: The candidates.
        rows: Usable rows of the training channel.
        notes: What there is to know besides.
        report: What the data report finds.
        target: The target's cells.
        directory: Where to write.

    Returns:
        Their paths by name.
    """
    cells = {
        EXPLORATION: _exploration(prepared, rows, notes, report, target),
        DEFINITION: _definition(prepared, plan),
    }
    paths = {}
    for name, texts in cells.items():
        path = directory / "notebooks" / f"SageMakerAutopilot{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_notebook(texts), indent=1) + "\n", encoding="utf-8")
        paths[name] = str(path)
    return paths


def _exploration(
    prepared: Prepared, rows: int, notes: Sequence[str], report: Sequence[str], target: Spellings
) -> list[str]:
    table = ["| Column | Type | Missing | Different | Values |", "|---|---|---|---|---|"]
    for column in prepared.columns:
        kind = column.kind or f"not used: {column.unused}"
        values = (
            f"{column.minimum:.6g} to {column.maximum:.6g}, mean {column.mean:.6g}"
            if column.minimum is not None
            else ", ".join(f"{_shown(value)} ({count})" for value, count in column.frequent)
        )
        table.append(f"| {_shown(column.name)} | {kind} | {column.missing} | {column.distinct} | {values} |")
    return [
        f"# Data exploration\n\n{_ORIGIN}",
        f"## Rows\n\n{rows} usable rows of training data; {len(prepared.training)} to train on, "
        f"{len(prepared.validation)} to validate with.",
        f"## Target {_shown(prepared.target)}\n\n{_target(prepared, target)}",
        "## Columns\n\n" + "\n".join(table),
        "## Findings\n\n" + ("\n".join(f"- {_shown(each, 500)}" for each in report) or "None."),
        "## Notes\n\n" + ("\n".join(f"- {_shown(note, 500)}" for note in notes) or "None."),
    ]


def _target(prepared: Prepared, target: Spellings) -> str:
    problem = prepared.problem
    if problem.problem_type == REGRESSION:
        values = prepared.training.target.tolist() + prepared.validation.target.tolist()
        return f"{min(values):.6g} to {max(values):.6g}, mean {mean(values):.6g}."
    sizes: Counter[str] = Counter()
    for cell, count in target.counts.items():
        if label := problem.class_of.get(cell):
            sizes[label] += count
    counts = sizes.most_common()
    lines = [f"- {_shown(label)}: {count} rows" for label, count in counts[:_CLASSES_SHOWN]]
    more = len(counts) - len(lines)
    lines += [f"- {more} more classes"] if more > 0 else []
    if positive := problem.positive_class:
        of = f"{', '.join(OF_THE_POSITIVE_CLASS)} are about"
        lines.append(f"\nThe positive class is {_shown(positive)}: {of} it.")
    return "\n".join(lines)


def _definition(prepared: Prepared, plan: Plan) -> list[str]:
    problem = prepared.problem
    trials = [f"- **{trial.name}**: {trial.description}" for trial in plan.trials]
    if plan.average:
        trials.append("- the mean of all their predictions")
    return [
        f"# Candidate definitions\n\n{_ORIGIN}",
        f"## Problem\n\n{problem.problem_type}, objective {problem.objective}, mode {plan.mode}.",
        "## Candidates\n\n" + "\n".join(trials),
        "## Notes\n\n" + ("\n".join(f"- {note}" for note in plan.notes) or "None."),
    ]


def _notebook(texts: Sequence[str]) -> dict[str, Any]:
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "cells": [
            {
                "cell_type": "markdown",
                "id": f"cell-{number}",
                "metadata": {},
                "source": text.splitlines(keepends=True),
            }
            for number, text in enumerate(texts)
        ],
    }


def _shown(text: str, length: int = 60) -> str:
    """Text that cannot break a table."""
    return text[:length].replace("|", "\\|").replace("\n", " ")
