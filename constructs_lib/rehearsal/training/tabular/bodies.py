"""The rows of a CSV request, by what reads them: the containers of each mode, or nobody knows what."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

from constructs_lib.engines import ensembling
from constructs_lib.engines.columns import Kind
from constructs_lib.engines.ensembling import Dtype
from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.records import records

from .data import rows_of_csv

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNSEEN = "\0unseen"
"""A cell that is like none of the training data."""

_EPOCH = "1970-01-01"
_NUMBERS = frozenset({Dtype.WHOLE, Dtype.DECIMAL})
_IN_64_BITS = range(-(2**63), 2**64)


def tuned(text: str, features: Sequence[str]) -> list[list[str]]:
    """As the first container of HYPERPARAMETER_TUNING reads them: a header is a row like any other.

    Raises:
        DataFault: The rows are not as wide as each other or as they must be.
    """
    rows = list(records(io.StringIO(text, newline=""), "the body"))
    width = len(rows[0]) if rows else 0
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise DataFault(f"the body, row {number}: {len(row)} values, and the first row has {width}")
    if width == len(features) + 1:
        raise DataFault(
            f"the rows have {width} values for {len(features)} features: they are taken for rows with their target, "
            "and the algorithm then gets one feature too many"
        )
    if rows and width != len(features):  # as that container says it
        raise DataFault(
            f"Received data of unknown size. Expected number of columns is {len(features)}. Number of columns in the "
            f"received data is {width}."
        )
    return rows


# [ensembling-request]
def ensembled(text: str, features: Sequence[str]) -> list[list[str]]:
    """As ENSEMBLING gets them here: a header is a row like any other. What AWS's own code does before is not known.

    Raises:
        DataFault: A row is not as wide as it must be.
    """
    order = ", ".join(features[:8]) + (", ..." if len(features) > 8 else "")
    try:
        return list(rows_of_csv(io.StringIO(text, newline=""), "the body", len(features)))
    except DataFault as fault:
        raise DataFault(f"{fault} (features in this order: {order})") from fault


def plain(text: str, features: Sequence[str]) -> list[list[str]]:
    """As other models get them here; a first line of the features' names is skipped.

    Raises:
        DataFault: A row is not as wide as it must be.
    """
    rows = ensembled(text, features)
    return rows[1:] if rows and rows[0] == list(features) else rows


def held_against_training(
    rows: Sequence[Sequence[str]], features: Sequence[str], trained_on: Sequence[str]
) -> list[list[str]]:
    """Rows of a request as ENSEMBLING makes them fit the columns of the training data.

    A request is a table of its own, so the type of a column depends on the other rows of the request.

    Args:
        rows: Of the request.
        features: The names of the columns.
        trained_on: What each of them was in the training data: dates, or its type.

    Raises:
        DataFault: A column of numbers has something else, for which the whole request is refused.
    """
    if not rows:
        return []
    columns = [
        _column([ensembling.value(cell) for cell in column], name, trained)
        for column, name, trained in zip(zip(*rows, strict=True), features, trained_on, strict=True)
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def _column(cells: list[str], name: str, trained: str) -> list[str]:
    if trained in _NUMBERS:
        return [_number(cell, name, whole=trained == Dtype.WHOLE) for cell in cells]
    if trained == Dtype.BOOL:
        return ["True" if cell in ensembling.TRUE else "False" for cell in cells]
    if ensembling.Scan(cells).dtype not in {*_NUMBERS, Dtype.BOOL}:
        return cells
    # Numbers are no text: they match nothing that was seen, and as dates they are nanoseconds since 1970.
    return [cell and (_EPOCH if trained == Kind.DATETIME else _UNSEEN) for cell in cells]


def _number(cell: str, name: str, *, whole: bool) -> str:
    if not cell:
        return "0" if whole else ""
    read = ensembling.number(cell)
    if not math.isfinite(read) or (whole and int(read) not in _IN_64_BITS):
        raise DataFault(f"{cell[:40]!r} in the column {name!r}, which has numbers: the whole request is refused")
    return str(int(read)) if whole else cell
