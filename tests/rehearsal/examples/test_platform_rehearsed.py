"""The example of a platform of two accounts, rehearsed; what its function answers is in `test_platform.py`."""

import pytest

from .rehearsed import rehearse

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(540)]


def test_the_platform_of_one_of_two_accounts_answers_from_its_network() -> None:
    said = rehearse("--quick", "--stack", "Test/Credit", "examples/platform")
    for words in (
        "the app is for 111122223333 in eu-west-1: starting again",
        "2 stacks, 1 AutoML job: Test/Credit/Credit",
        "ok: answers hold what was asked for: predicted_label, probability",
        "nothing else is left of the stacks",
    ):
        assert words in said
    assert "Production" not in said
