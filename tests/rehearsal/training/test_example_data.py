"""The data of the examples is what their README says, and trains."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from constructs_lib.rehearsal.training.task import (
    ForecastingTask,
    ImageClassificationTask,
    ImageFile,
    TextClassificationTask,
)

from .world import run_task

pytestmark = pytest.mark.training

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_definitions_are_told_apart_by_topic(tmp_path: Path) -> None:
    file = EXAMPLES / "text_classification/data/definitions.csv"
    task = TextClassificationTask(training_files=[file], content="definition", target="topic")
    result, _ = run_task(task, tmp_path)
    assert result.best is not None, result.failure_reason
    assert (result.best.objective_value or 0) > 0.7, "a guess is right in one of six"


def test_digits_are_told_apart(tmp_path: Path) -> None:
    folder = EXAMPLES / "image_classification/data"
    files = sorted((folder / "digits").rglob("*.png"))
    assert len(files) == 400
    images = [ImageFile(path=file, name=file.relative_to(folder).as_posix()) for file in files]
    result, _ = run_task(ImageClassificationTask(training_images=images), tmp_path)
    assert result.best is not None, result.failure_reason
    assert (result.best.objective_value or 0) > 0.9


def test_the_economy_is_forecast_better_than_by_zero_or_by_habit(tmp_path: Path) -> None:
    file = EXAMPLES / "forecasting/data/macro.csv"
    task = ForecastingTask(
        training_files=[file], frequency="3M", horizon=8, target="value", timestamp="quarter", item="series"
    )
    result, _ = run_task(task, tmp_path)
    assert result.best is not None, result.failure_reason
    assert result.best.metrics["Validation"]["WAPE"] < 0.05
    assert not any("no value" in note or "left out" in note for note in result.notes)


def test_there_are_as_many_letters_as_aws_recommends() -> None:
    with (EXAMPLES / "text_generation/data/instructions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 1_000
    assert list(rows[0]) == ["input", "output"]
    assert len({row["input"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("name", "licence", "most"),
    [
        ("text_classification", "WordNet 3.0 licence", 200_000),
        ("image_classification", "Creative Commons Attribution 4.0", 200_000),
        ("forecasting", "public domain", 100_000),
        ("text_generation", "that of this repository", 300_000),
    ],
)
def test_the_data_is_small_and_says_where_it_comes_from(name: str, licence: str, most: int) -> None:
    folder = EXAMPLES / name / "data"
    files = [file for file in folder.rglob("*") if file.suffix in {".csv", ".png"}]
    assert 0 < sum(file.stat().st_size for file in files) < most
    readme = (folder / "README.md").read_text()
    assert "**Source:**" in readme
    assert licence in readme
    assert (folder / "make.py").exists()
