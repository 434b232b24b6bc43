"""The data of a job as every later step reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import joblib

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from . import columns, problem


_FILE = "prepared.joblib"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Rows to train on or to measure with."""

    cells: NDArray[Any]
    """Text, a row per row and a column per feature. Of images: their pixels."""

    target: NDArray[np.float64]
    """The number of the class, or the value."""

    weights: NDArray[np.float64] | None

    def __len__(self) -> int:
        return len(self.target)

    def part(self, chosen: NDArray[np.int_]) -> Sample:
        """Some of the rows."""
        weights = None if self.weights is None else self.weights[chosen]
        return Sample(cells=self.cells[chosen], target=self.target[chosen], weights=weights)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What every later step of a job reads."""

    target: str
    mode: str
    problem: problem.Problem
    columns: tuple[columns.Column, ...]
    training: Sample
    validation: Sample

    def save(self, directory: Path) -> None:
        """Keep it for the later steps."""
        directory.mkdir(parents=True, exist_ok=True)
        joblib.dump(self, directory / _FILE)

    @classmethod
    def load(cls, directory: Path) -> Prepared:
        """Read what `save` wrote."""
        prepared: Prepared = joblib.load(directory / _FILE)
        return prepared
