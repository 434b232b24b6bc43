"""A job in nested stacks."""

import re

import pytest

from .rehearsed import APPS, rehearse

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(540)]


def test_a_job_two_nested_stacks_deep_goes_through_its_whole_life() -> None:
    said = rehearse(str(APPS / "nested.py"))
    for words in (
        "1 stack, 1 AutoML job: Nested/Credit",
        "ok: version credit/1 is Completed",
        "ok: predictions for 1 object are at s3://",
        "ok: deploying again made no transform job and no version",
        "ok: version credit/2 is of WeightedEnsemble-L3-FULL-t1, the best candidate of ",
        "ok: version credit/2 is still what Nested/Outcome",
        "cancelled on purpose, as soon as it waits for its job",
        "fails on purpose: ",
        "ok: no state machine waits for a job now",
        "ok: nothing else is left of the stacks",
    ):
        assert words in said
    assert said.count("ok: the stack has rolled back") == 2
    assert (
        len(re.findall(r"ok: transform job \S+ is of WeightedEnsemble-L3-FULL-t1, the best candidate of ", said)) == 2
    )
    assert said.count("retained, as its DeletionPolicy says: bucket ") == 2
    assert "Not shown" not in said
