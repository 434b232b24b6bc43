"""Two jobs in a stack, with names of their own."""

import re

import pytest

from .rehearsed import APPS, rehearse

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(540)]


def test_jobs_with_names_of_their_own_go_through_their_whole_life() -> None:
    said = rehearse(str(APPS / "named.py"))
    for words in (
        "2 AutoML jobs",
        "each job resource has made one job: credit-deployed, credit-plain",
        "its best model is deployed to the endpoint credit-now",
        "endpoint credit-now is InService",
        "asked for 3 rows of the training data, it answers: no | yes | no",
        "is a new job now: credit-deployed-2",
        "credit-deployed is released",
        "credit-deployed-2 is still the resource",
        "nothing else is left of the stacks",
        "Leaderboard of credit-deployed\n",
        "Leaderboard of credit-plain\n",
    ):
        assert words in said
    assert "bucket named-deployedoutput" in said
    assert "bucket named-plainoutput" not in said  # emptied and gone, as its `new_bucket` says
    [live] = re.findall(r"credit-plain: WeightedEnsemble-L3-FULL-t1: F1 0\.\d+ in (\S+) s$", said, re.MULTILINE)
    leaderboard = said.split("Leaderboard of credit-plain\n")[1]
    last = re.findall(r"1 +WeightedEnsemble-L3-FULL-t1 +F1 +0\.\d+ +(\S+)", leaderboard)[0]
    assert live == last
