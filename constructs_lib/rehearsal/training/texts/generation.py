"""Text generation: judges the data as Autopilot would, and then fails the job, because no model is tuned here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from constructs_lib.engines.faults import DataFault

from ..tabular.data import difference, read
from ..task import NOT_TUNED, TextGenerationTask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

COLUMNS = ("input", "output")
"""The columns that the data must have, and no others."""

RECOMMENDED_ROWS = 1_000
_MOST_ROWS = 1


def prepare(task: Mapping[str, Any], directory: str) -> dict[str, Any]:
    """Judge the data.

    Raises:
        DataFault: Always: what is wrong with the data, else that no language model is fine-tuned here.
    """
    del directory
    asked = TextGenerationTask(**task)
    found = [_rows(files, name, asked) for name, files in _channels(asked)]
    few = f" (AWS recommends at least {RECOMMENDED_ROWS})" if found[0] < RECOMMENDED_ROWS else ""
    raise DataFault(f"{NOT_TUNED}{found[0]} rows of {' and '.join(COLUMNS)} to train on{few}.")


def _channels(task: TextGenerationTask) -> list[tuple[str, Sequence[Path]]]:
    validation = [("validation", task.validation_files)] if task.validation_files else []
    return [("training", task.training_files), *validation]


def _rows(files: Sequence[Path], channel: str, task: TextGenerationTask) -> int:
    table = read(
        [Path(file) for file in files],
        content_type=task.content_type,
        compression=None,
        channel=channel,
        check_header=lambda names: _judge(names, channel),
        cap=_MOST_ROWS,
    )
    if not table.usable:
        raise DataFault(f"the {channel} data has no usable row{table.why_dropped()}")
    if table.dropped:
        raise DataFault(f"not every row of the {channel} data can be used{table.why_dropped()}")
    return table.usable


def _judge(names: Sequence[str], channel: str) -> Callable[[list[str]], str | None]:
    if sorted(names) != sorted(COLUMNS):
        raise DataFault(
            f"the {channel} data must have exactly the columns {' and '.join(COLUMNS)}: it has "
            f"{difference(names, COLUMNS)}"
        )
    return lambda row: next((f"no {name}" for name, cell in zip(names, row, strict=True) if not cell), None)
