from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from constructs_lib.engines.faults import DataFault
from constructs_lib.rehearsal.training.task import TextGenerationTask
from constructs_lib.rehearsal.training.texts.generation import prepare

from ..world import run_task, write_csv

pytestmark = pytest.mark.training

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [[f"question {number}", f"answer {number}"] for number in range(1_000)]
NOT_HERE = (
    "This machine does not fine-tune language models, so the rehearsal of this job ends here. Its data is in order: "
)
PAIR = "input and output"
EXACTLY = f"the training data must have exactly the columns {PAIR}:"


def test_good_data_ends_in_the_plain_reason_and_in_no_metric(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "pairs.csv", ["input", "output"], ROWS)
    result, _ = run_task(TextGenerationTask(training_files=[file]), tmp_path)
    assert (result.status, result.secondary_status) == ("Failed", "Failed")
    assert result.failure_reason == f"{NOT_HERE}1000 rows of input and output to train on."
    assert result.candidates == ()


@pytest.mark.parametrize(
    ("header", "rows", "message"),
    [
        (["output", "input"], ROWS[:9], f"{NOT_HERE}9 rows of {PAIR} to train on (AWS recommends at least 1000)."),
        (["input", "output", "id"], [["a", "b", "1"]], f"{EXACTLY} it has also 'id'"),
        (["Input", "output"], ROWS, f"{EXACTLY} it has also 'Input' and no 'input'"),
        (
            ["input", "output"],
            [["a", ""], ["b", "c"]],
            "not every row of the training data can be used: 1 have no outp",
        ),
        (["input", "output"], [["", "b"]], "the training data has no usable row: 1 have no input"),
    ],
)
def test_a_fault_of_the_data_comes_first(
    tmp_path: Path, header: list[str], rows: list[list[str]], message: str
) -> None:
    asked: dict[str, Any] = {"training_files": [str(write_csv(tmp_path / "pairs.csv", header, rows))]}
    with pytest.raises(DataFault, match=f"^{re.escape(message)}"):
        prepare(asked, str(tmp_path))


def test_the_validation_data_is_judged_too(tmp_path: Path) -> None:
    training = write_csv(tmp_path / "pairs.csv", ["input", "output"], ROWS)
    other = write_csv(tmp_path / "more.csv", ["input"], [["a"]])
    with pytest.raises(DataFault, match=r"^the validation data must have exactly the columns .* no 'output'$"):
        prepare({"training_files": [str(training)], "validation_files": [str(other)]}, str(tmp_path))
