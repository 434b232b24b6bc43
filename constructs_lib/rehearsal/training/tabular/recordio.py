"""RecordIO with protobuf inside, the format in which the containers of a tuning candidate hand features on.

Only as much of it as they use: a record per row, whose tensor ``values`` has 32-bit numbers, all of them or those that
are not zero. Read are 64-bit numbers as well. Sources: AWS's page "Common data formats for training", and the public
``record.proto`` of the SageMaker Python SDK.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from constructs_lib.engines.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

CONTENT_TYPE = "application/x-recordio-protobuf"
_MAGIC = 0xCED7230A
_LENGTH = (1 << 29) - 1
"""The bits of a frame's second word that are its length."""

_FEATURES, _KEY, _VALUE = 1, 1, 2
_FLOATS = {2: "<f4", 3: "<f8"}
"""The members of a value that are tensors of numbers with a point, and what these look like."""

_NUMBERS, _KEYS, _SHAPE = 1, 2, 3
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


def encode(rows: NDArray[np.float64], *, sparse: bool = False) -> bytes:
    """Rows as records.

    Args:
        rows: A row per record.
        sparse: Whether zeros are left out.
    """
    return b"".join(_framed(_record(row, sparse=sparse)) for row in np.asarray(rows, dtype="<f4"))


def decode(body: bytes) -> NDArray[np.float64]:
    """The rows of records.

    Raises:
        DataFault: The body is something else.
    """
    try:
        rows = [_row(record) for record in _frames(body)]
    except (IndexError, KeyError, ValueError, struct.error) as error:
        raise DataFault(f"the body is no {CONTENT_TYPE}: {error}") from error
    if not rows or any(len(one) != len(other) for one, other in pairwise(rows)):
        raise DataFault(f"the body is no {CONTENT_TYPE} with records of one length")
    return np.array(rows, dtype=np.float64)


def _record(row: NDArray[np.float32], *, sparse: bool) -> bytes:
    places = np.flatnonzero(row) if sparse else range(len(row))
    tensor = _member(_NUMBERS, row[places].tobytes())
    if sparse:
        tensor += _member(_KEYS, b"".join(map(_varint, map(int, places)))) + _member(_SHAPE, _varint(len(row)))
    value = _member(2, tensor)
    return _member(_FEATURES, _member(_KEY, b"values") + _member(_VALUE, value))


def _row(record: bytes) -> NDArray[np.float64]:
    for number, entry in _members(record):
        if number == _FEATURES and dict(_members(entry))[_KEY] == b"values":
            for kind, tensor in _members(dict(_members(entry))[_VALUE]):
                if kind in _FLOATS:
                    return _numbers(dict(_members(tensor)), _FLOATS[kind])
    raise ValueError("a record without values")


def _numbers(tensor: dict[int, bytes], kind: str) -> NDArray[np.float64]:
    numbers = np.frombuffer(tensor.get(_NUMBERS, b""), dtype=kind).astype(np.float64)
    if _SHAPE not in tensor:
        return numbers
    row = np.zeros(_varints(tensor[_SHAPE])[-1])
    row[_varints(tensor[_KEYS]) if _KEYS in tensor else slice(None)] = numbers
    return row


def _framed(record: bytes) -> bytes:
    return struct.pack("<II", _MAGIC, len(record)) + record + bytes(-len(record) % 4)


def _frames(body: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(body):
        magic, length = struct.unpack_from("<II", body, start)
        length &= _LENGTH
        if magic != _MAGIC or start + 8 + length > len(body):
            raise ValueError("a frame is broken")
        yield body[start + 8 : start + 8 + length]
        start += 8 + length + -length % 4


def _member(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _members(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The members of a message that are bytes, with their numbers; others are passed over."""
    start = 0
    while start < len(message):
        tag, start = _read_varint(message, start)
        if tag & 7 == _BYTES:
            length, start = _read_varint(message, start)
            if start + length > len(message):
                raise ValueError("a member is cut off")
            yield tag >> 3, message[start : start + length]
            start += length
        elif tag & 7 == _VARINT:
            _, start = _read_varint(message, start)
        else:
            start += {_EIGHT: 8, _FOUR: 4}[tag & 7]


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:  # seven bits to a byte
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])


def _read_varint(message: bytes, start: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[start]
        number |= (byte & 0x7F) << shift
        start, shift = start + 1, shift + 7
        if not byte & 0x80:
            return number, start


def _varints(content: bytes) -> list[int]:
    found, start = [], 0
    while start < len(content):
        number, start = _read_varint(content, start)
        found.append(number)
    return found
