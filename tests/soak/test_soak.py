"""Three thousand lives of stacks, each from its own seed: whatever goes wrong, nothing runs that no resource owns."""

import pytest

from .scenario import from_seed
from .soak import report, search

pytestmark = pytest.mark.soak

SEEDS = 3000
"""Sequences, in parts that the cores share."""

PARTS = 12


@pytest.mark.parametrize("part", range(PARTS))
def test_no_life_of_two_stacks_goes_wrong(part: int) -> None:
    size = SEEDS // PARTS
    faulty = search(part * size, size)

    assert not faulty, report(faulty[0][0])


def test_seed_always_tells_the_same_story() -> None:
    assert from_seed(7) == from_seed(7)
    assert from_seed(7).told() == from_seed(7).told()
