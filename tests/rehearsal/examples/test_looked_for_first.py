"""Examples that people look for first, rehearsed as their pages say; others: `tests/constructs/test_examples.py`."""

import re

import pytest

from .rehearsed import ROOT, rehearse

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(540)]

SAID = {
    "own_bucket": ("1 object uploaded to s3://acme-loans/loans/train/", "RMSE", "ok: the gate says: met: "),
    "batch_transform": ("BatchTransform.Predictions = s3://",),
    "endpoint_asynchronous": ("EndpointAsynchronous.Answers = s3://", "predicted_label, probability"),
}


@pytest.mark.parametrize("example", SAID)
def test_example_is_rehearsed_as_its_page_says(example: str) -> None:
    page = (ROOT / "examples" / example / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\$ automl rehearse (.+)$", page, re.MULTILINE)

    said = rehearse(*command.split())

    for words in (*SAID[example], "nothing else is left of the stacks"):
        assert words in said
