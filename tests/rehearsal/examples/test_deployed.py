"""One-click endpoints of every problem type."""

import re

import pytest

from .rehearsed import APPS, rehearse

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(540)]


def test_the_endpoint_of_each_problem_type_answers() -> None:
    said = rehearse("--quick", str(APPS / "deployed.py"))
    asked = re.findall(r"ok: asked for (.*), it answers: (.*)$", said, re.MULTILINE)
    assert [about for about, _ in asked] == [
        "3 rows of the training data",
        "3 rows of the training data",
        "the image 0/0-00.png",
        "3 series, 4 steps ahead",
    ]
    assert asked[2][1].startswith("0,0.")
    assert asked[3][1].startswith("series,quarter,p10,p50,p90,mean | consumption,2009-10-01,")
