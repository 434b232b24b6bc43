"""The quickstart's whole template: a change here is a change for every stack that is deployed.

`python -m tests.constructs.test_quickstart` writes it anew: read the difference before you commit.
"""

import json
import re
from pathlib import Path

import aws_cdk as cdk
import pytest

from examples.quickstart.stack import Quickstart

from .synthesis import template_of

SNAPSHOT = Path(__file__).parent / "quickstart.template.json"


def current_template() -> str:
    text = json.dumps(template_of(Quickstart(cdk.App(), "Quickstart")), indent=1, sort_keys=True) + "\n"
    return re.sub(r"[0-9a-f]{64}", "<asset>", text)


@pytest.mark.newest
def test_template_is_the_one_we_know() -> None:
    assert current_template().splitlines() == SNAPSHOT.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    SNAPSHOT.write_text(current_template(), encoding="utf-8")
