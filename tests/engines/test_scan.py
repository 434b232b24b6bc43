"""The type of a column as ENSEMBLING finds it: whole numbers at the edge of 64 bits, and what is among them."""

import pytest

from constructs_lib.engines.ensembling import Dtype, Scan

SIGNED, UNSIGNED, LARGER, BELOW = (
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
)


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        ([SIGNED], Dtype.WHOLE),
        ([UNSIGNED], Dtype.WHOLE),
        ([UNSIGNED, "-1"], Dtype.TEXT),
        ([UNSIGNED, ""], Dtype.TEXT),
        ([LARGER], Dtype.TEXT),
        ([BELOW], Dtype.TEXT),
        ([LARGER, "1.5"], Dtype.TEXT),
        (["1.5", LARGER], Dtype.DECIMAL),
        ([UNSIGNED, "1.5", LARGER], Dtype.DECIMAL),
        ([BELOW, "1E5"], Dtype.DECIMAL),
        ([UNSIGNED, "-1.5"], Dtype.TEXT),
        ([UNSIGNED, "-1.5", "1.5"], Dtype.DECIMAL),
        ([UNSIGNED, "1.280", "-1e400"], Dtype.TEXT),
        (["tRUE", "fALSE"], Dtype.BOOL),
        (["True", "1"], Dtype.TEXT),
        (["1", ""], Dtype.DECIMAL),
        (["", "NA"], Dtype.EMPTY),
    ],
)
def test_type(cells: list[str], dtype: Dtype) -> None:
    one_by_one = Scan()
    for cell in cells:
        one_by_one.add([cell])

    assert (Scan(cells).dtype, one_by_one.dtype) == (dtype, dtype)


@pytest.mark.parametrize(
    ("cells", "keeps"),
    [([UNSIGNED, "NA"], True), ([UNSIGNED, "-1", "NA"], True), ([LARGER, "NA"], False), ([UNSIGNED, "x", "NA"], False)],
)
def test_words_for_missing_stay_words_among_numbers_without_a_sign(cells: list[str], keeps: bool) -> None:
    assert Scan(cells).keeps_words is keeps
