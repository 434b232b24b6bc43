"""The example of time series."""

import re
from pathlib import Path

import pytest

from .rehearsed import ROOT, rehearse

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(540)]


def test_an_example_goes_through_its_whole_life_from_another_folder(tmp_path: Path) -> None:
    said = rehearse(str(ROOT / "examples/forecasting"), folder=tmp_path)
    assert re.search(r"1 +\S+-trial-me-1 +MAPE +0\.\d+", said)
    assert "the stack has rolled back" in said
    assert "Not shown" not in said
