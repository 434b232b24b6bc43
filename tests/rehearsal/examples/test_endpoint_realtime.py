"""The example of an endpoint with instances."""

import re

import pytest

from .rehearsed import rehearse

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(540)]


def test_an_endpoint_goes_through_its_whole_life_without_downtime() -> None:
    said = rehearse("examples/endpoint_realtime")
    [name] = re.findall(r"EndpointName = (\S+)$", said, re.MULTILINE)
    served = re.findall(r"ok: it serves (\S+), the best candidate of (\S+)$", said, re.MULTILINE)
    (best, first), (_, second) = served[:2]
    assert first != second
    assert best.startswith("WeightedEnsemble-L3-FULL-t")
    assert said.count(f"ok: it serves {best}, the best candidate of {second}\n") == 2, "and again after a rollback"
    answer = r"asked for 3 rows of the training data, it answers as the model itself, in CSV: (no|yes),0\.\d+ \| "
    assert len(re.findall(answer, said)) == 3
    assert said.count('in JSON: {"predictions": [{"predicted_label": "') == 3
    assert said.count("ok: answers hold what was asked for: predicted_label, probability") == 3
    for during in ("the update", "update and rollback"):
        assert re.search(rf"ok: {name}: asked [1-9]\d+ times during {during}, always answered", said)
    closing = said.split(f"\nEndpoint {name}\n")[1]
    assert f"  serves: {best} of {first}, then of {second}\n" in closing
    assert "(predicted_label, probability), as the model itself" in " ".join(closing.split())
    assert re.search(r"  meanwhile: asked \d+ times during updates, always answered", closing)
    assert re.findall(r"^  (bucket|log group|KMS key) ", closing, re.MULTILINE) == ["KMS key", "bucket", "log group"]
    assert "Not shown" not in said
