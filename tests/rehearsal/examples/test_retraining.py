"""A retraining in the embedded AWS: what its rehearsal does not show, and the rehearsal of the example."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from .rehearsed import rehearse
from .story import ACCOUNT, CREDIT, REGION, Told

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(900)]


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    with Cloud.start(tmp_path / "cloud", account=ACCOUNT, region=REGION, wait_scale=1 / 60) as cloud:
        told = Told(cloud, tmp_path, app="retraining.py", stack="Retrained")
        told.run("bootstrap", f"aws://{ACCOUNT}/{REGION}")
        yield told


def test_what_events_lose_is_found_and_what_somebody_reverts_comes_back(told: Told) -> None:
    told.deploy()
    own = told.serves()
    sagemaker = told.cloud.client("sagemaker")
    template = sagemaker.describe_endpoint(EndpointName=told.outputs["Name"])["EndpointConfigName"]

    told.cloud.deliver("Object Created", times=2)
    told.upload("better", CREDIT[1:601])  # whoever has seen a row knows it better
    told.wait()
    assert told.decisions() == ["WaitsForApproval"]
    assert told.serves() == own

    told.cloud.deliver("SageMaker Model Package State Change", times=0)
    (package,) = sagemaker.list_model_packages(ModelPackageGroupName="loans")["ModelPackageSummaryList"]
    sagemaker.update_model_package(ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus="Approved")
    told.wait()
    assert told.serves() == own  # nobody has heard
    told.cloud.client("cloudwatch").set_alarm_state(
        AlarmName=told.outputs["Alarm"], StateValue="ALARM", StateReason="a test"
    )
    told.wait()  # the run of the alarm looks at the registry first, and learns the same again
    assert sorted(told.decisions()) == ["ChampionKept", "Promoted", "WaitsForApproval"]
    better = told.serves()
    assert better != own

    sagemaker.update_endpoint(EndpointName=told.outputs["Name"], EndpointConfigName=template)  # as --revert-drift does
    told.wait()
    assert told.serves() == better
    told.start("Back")
    told.wait()
    assert told.serves() == own

    told.run("destroy", "--all", "--force", "--app", str(told.out))
    assert sagemaker.list_models()["Models"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []


def test_example_learns_promotes_what_is_approved_and_leaves_nothing() -> None:
    said = rehearse("examples/retraining", seconds=850)

    told = [
        "10 objects made one run, with one job: ",
        "the run ended WaitsForApproval: met: AUC is ",
        " on 200 held-out rows, wanted better than the champion's 0.",
        "; with 95% confidence the gain is above 0.",
        "both models answered the 200 rows of the holdout",
        "nothing that this took is left",
        "loans/1 was approved, and took over",
        "the run ended ChampionKept: missed: AUC is ",
        "times during the run, always answered",
        "another shape of what is promoted: done",
        "in its middle the stack is destroyed",
        "running when the stack was destroyed, is Stopped",
    ]
    assert [each for each in told if each not in said] == []
    left = re.findall(r"^  (log group|model package group|model package|bucket) ", said, re.MULTILINE)
    assert left == ["log group", "model package", "model package group"]
    assert "Not shown:" not in said
