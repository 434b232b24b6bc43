"""A job, its outcome and its endpoint in stacks of their own."""

import re

import pytest

from .rehearsed import APPS, rehearse

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(540)]


def test_a_job_is_waited_for_and_served_in_other_stacks_and_a_gate_is_opened() -> None:
    said = rehearse("--open-gates", str(APPS / "apart.py"))
    for words in (
        "Waits.Gate = missed: F1 is 0.",
        "the stack has rolled back",
        "a missed gate that fails the deployment: 1 quality gate warned instead",
        "\n  gate: none\n",
        "\n  gate: missed: F1 is 0.",
        "; it is asked only to warn",
        "Serves is deployed with a change of its own: it reads outputs of a stack that has changed",
    ):
        assert words in said
    assert said.count("ok: the deployment has waited for") == 4  # two outcomes, a job and the one in its place
    served = re.findall(r"ok: it serves (\S+), the best candidate of (\S+)$", said, re.MULTILINE)
    assert {name for name, _ in served} == {"WeightedEnsemble-L3-FULL-t1"}
    first, second, third = (job for _, job in served)
    assert first != second == third
