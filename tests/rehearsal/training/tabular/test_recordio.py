"""Rows of numbers as the containers of a tuning candidate hand them on."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.engines.faults import DataFault
from constructs_lib.rehearsal.training.tabular.recordio import decode, encode

DENSE = "0a23d7ce180000000a160a0676616c756573120c120a0a080000c03f000000c0"
SPARSE = "0a23d7ce1c0000000a1a0a0676616c7565731210120e0a040000c03f1202ac021a029003"


def test_rows_are_the_records_that_the_python_sdk_writes() -> None:
    assert encode(np.array([[1.5, -2.0]])).hex() == DENSE
    row = np.zeros((1, 400))
    row[0, 300] = 1.5
    assert encode(row, sparse=True).hex() == SPARSE


def test_numbers_of_64_bits_and_strange_members_are_read() -> None:
    record = "0a160a0676616c756573120c1a0a0a08000000000000f83f" + "1a0175" + "2801"
    length = (len(record) // 2).to_bytes(4, "little").hex()
    padding = "00" * (-(len(record) // 2) % 4)
    assert decode(bytes.fromhex(f"0a23d7ce{length}{record}{padding}")).tolist() == [[1.5]]


@given(
    st.lists(st.lists(st.floats(width=32, allow_nan=False), min_size=3, max_size=3), min_size=1, max_size=4),
    st.booleans(),
)
def test_rows_survive_writing_and_reading(rows: list[list[float]], sparse: bool) -> None:
    assert decode(encode(np.array(rows), sparse=sparse)).tolist() == rows


@pytest.mark.parametrize(
    "body",
    [b"", b"1,2\n", bytes.fromhex(DENSE)[:-4], bytes.fromhex(DENSE[:16]), bytes.fromhex(DENSE) + b"x"],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(DataFault, match=re.escape("the body is no application/x-recordio-protobuf")):
        decode(body)


def test_records_have_one_length() -> None:
    two = encode(np.array([[1.0]])) + encode(np.array([[1.0, 2.0]]))
    with pytest.raises(DataFault, match="with records of one length"):
        decode(two)
