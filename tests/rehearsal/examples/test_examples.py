"""The examples of tables, texts and images, and the one that is not shown to its end, as a user rehearses them.

The quickstart's own rehearsal is in `tests/cli/test_rehearse.py`; other examples have files of their own.
"""

import re

import pytest

from .rehearsed import rehearse

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(540)]


@pytest.mark.parametrize("example", ["tabular_v2", "text_classification", "image_classification"])
def test_an_example_is_deployed_trained_and_destroyed(example: str) -> None:
    said = rehearse("--quick", f"examples/{example}")
    assert " is Completed after " in said
    assert "Leaderboard of" in said
    assert re.findall(r"^  (bucket|log group) ", said, re.MULTILINE) == ["bucket", "log group"], said
    assert "updates and a rollback, left out by --quick" in said


def test_text_generation_ends_where_its_data_is_judged() -> None:
    said = rehearse("--quick", "examples/text_generation")
    assert "Its data is in order: 1000 rows of input and output to train on." in said
    assert "is Failed, as expected" in said
    assert "Letters" in said.split("Not shown:\n")[1].split("\n\n")[0]
    assert "Leaderboard" not in said
    assert "trained models" not in said
