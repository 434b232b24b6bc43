"""Arrow's arrays as NumPy's and back: pyarrow's own functions for that import pandas, where it is installed."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa


def numbers_of(array: Any) -> np.ndarray:
    """The numbers of an array that has no gaps."""
    kind = np.dtype(str(array.type).replace("double", "float64"))
    read = np.frombuffer(array.buffers()[1] or b"", kind)
    return read[array.offset : array.offset + len(array)]


def flags_of(array: Any) -> np.ndarray:
    """The flags of an array that has no gaps."""
    return numbers_of(array.cast(pa.uint8())).astype(bool)


def places(numbers: np.ndarray) -> Any:
    """Numbers of rows."""
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers.astype(np.int64))])


def flags(known: np.ndarray) -> Any:
    """Whether each row is meant."""
    bits = np.packbits(known, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(known), [None, pa.py_buffer(bits)])


def texts(cells: Sequence[str]) -> Any:
    """Some texts of ASCII."""
    ends = np.array([0, *accumulate(map(len, cells))], np.int32)
    data = pa.py_buffer("".join(cells).encode())
    return pa.Array.from_buffers(pa.string(), len(cells), [None, pa.py_buffer(ends), data])
