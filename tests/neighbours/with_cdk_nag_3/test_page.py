"""The code of `docs/neighbours.md` runs, here where its packages are."""

from pathlib import Path

import pytest

from ...docs.blocks import python
from ...docs.test_blocks import folder, run_and_synthesize

pytestmark = pytest.mark.neighbours

__all__ = ["folder"]


def test_the_blocks_of_the_page_run_and_synthesize(folder: Path) -> None:
    shown = [block for block in python() if block.page == "docs/neighbours.md"]

    assert shown
    run_and_synthesize(shown)
