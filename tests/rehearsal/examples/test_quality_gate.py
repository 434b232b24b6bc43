"""The example of a deployment that waits, with a gate."""

import re

import pytest

from .rehearsed import rehearse

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(540)]


def test_a_deployment_that_waits_goes_through_its_whole_life() -> None:
    said = rehearse("examples/quality_gate")
    for words in (
        "waits of state machines are shortened: a minute is a second",
        "ok: the gate says: met: AUC is 0.",
        "QualityGate.Gate = met: AUC is 0.",
        "ok: no state machine waits for a job now",
        "an update that is cancelled while it waits: done",
        "an update that fails and rolls back: done",
        "nothing else is left of the stacks",
        "\n  gate: met: AUC is 0.",
        "Shortened: ",
    ):
        assert words in said
    assert said.count("ok: the stack has rolled back") == 2
    assert said.count("ok: the deployment has waited for") == 2
    # The job is shown while the deployment waits for it.
    deploying = said.split("cdk deploy ...\n")[1].split("cdk deploy: done")[0]
    assert "TrainingModels" in deploying
    assert re.search(r"WeightedEnsemble-L3-FULL-t\d: AUC 0\.\d+ in", deploying)
    assert "Not shown" not in said
