"""Which assumptions an app rests on is told by its templates."""

from typing import Any

import pytest

from constructs_lib.cli.verify.assumptions import ASSUMPTIONS, Assumption, Noticed
from constructs_lib.rehearsal.report import touched as module
from constructs_lib.rehearsal.report.touched import touched

JOB: dict[str, Any] = {
    "Type": "Custom::SageMakerAutoMLJob",
    "Properties": {"Operation": "CreateAutoMLJob", "Request": {"AutoMLJobConfig": {"Mode": "ENSEMBLING"}}},
}


def ids(*resources: dict[str, Any]) -> set[str]:
    template = {"Resources": {f"R{number}": resource for number, resource in enumerate(resources)}}
    return {each.id for each in touched(ASSUMPTIONS, {"Stack": template})}


def test_job_alone_rests_on_what_every_job_does_and_on_no_endpoint() -> None:
    found = ids(JOB)
    assert {"reverse-update", "scoped-minimum", "ensembling-problem", "v1-rules", "key-as-prefix"} <= found
    assert not {"one-click-times", "client-token", "promotion-rights", "config-after-rollback", "picture-batch"} & found


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"Type": "Custom::SageMakerAutoMLOutcome"}, "signal-resource"),
        ({"Type": "Custom::SageMakerAutoMLModelPackage"}, "client-token"),
        ({"Type": "Custom::SageMakerAutoMLTransform"}, "picture-batch"),
        ({"Type": "Custom::SageMakerAutoMLRetraining"}, "scheduled-time"),
        ({"Type": "Custom::SageMakerEndpointCheck"}, "config-after-rollback"),
        ({"Type": "AWS::SageMaker::EndpointConfig", "Properties": {"ServerlessConfig": {}}}, "serverless-limits"),
        ({"Type": "X", "Properties": {"ModelDeployConfig": {}}}, "one-click-times"),
    ],
)
def test_each_part_of_an_app_brings_its_own(resource: dict[str, Any], expected: str) -> None:
    assert expected not in ids(JOB)
    assert expected in ids(JOB, resource)


def test_app_without_a_job_rests_on_nothing() -> None:
    assert ids({"Type": "AWS::SNS::Topic"}) == set()


def test_new_assumption_of_a_file_that_nobody_knows_counts_for_every_job() -> None:
    new = Assumption(id="new", assumed="a", where=("somewhere/new.py",), if_wrong="b", noticed=Noticed.BILLS)
    [found] = touched([new], {"Stack": {"Resources": {"Job": JOB}}})
    assert (found.id, found.assumed, found.if_wrong, found.noticed) == ("new", "a", "b", "Something runs on, and bills")


def test_no_pattern_is_of_an_assumption_that_is_gone() -> None:
    known = {each.id for each in ASSUMPTIONS}
    assert set(module._OF_ID) <= known
    files = [file for each in ASSUMPTIONS for file in each.where]
    assert [start for start in module._OF_FILE if not any(file.startswith(start) for file in files)] == []
