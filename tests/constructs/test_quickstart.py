"""The quickstart's whole template: a change here is a change for every stack that is deployed.

`UPDATE_SNAPSHOTS=1 pytest tests/constructs/test_quickstart.py` writes it anew: read the difference before you commit.
"""

import json
import os
import re
from pathlib import Path

import aws_cdk as cdk
import pytest

from examples.quickstart.stack import Quickstart

from .synthesis import template_of

SNAPSHOT = Path(__file__).parent / "quickstart.template.json"


def test_template_is_the_one_we_know() -> None:
    stack = Quickstart(cdk.App(), "Quickstart")
    text = json.dumps(template_of(stack), indent=1, sort_keys=True) + "\n"
    template = re.sub(r"[0-9a-f]{64}", "<asset>", text)

    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(template, encoding="utf-8")
        pytest.skip("the snapshot was written, not compared")
    assert template.splitlines() == SNAPSHOT.read_text(encoding="utf-8").splitlines()
