"""The example of an endpoint without instances."""

import re

import pytest

from .rehearsed import rehearse

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(540)]


def test_an_endpoint_without_instances_answers() -> None:
    said = rehearse("--quick", "examples/endpoint_serverless")
    assert "it answers as the model itself, in CSV: no | yes | no" in said
    assert re.findall(r"^  (bucket|log group|model package) ", said, re.MULTILINE) == ["bucket", "log group"]
