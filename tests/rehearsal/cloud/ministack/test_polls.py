"""The `cdk` CLI hears of a stack when it has settled; everybody else hears at once how it is."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud
from constructs_lib.rehearsal.cloud.ministack import polls

from ..account import Account
from ..stacks import Stacks

pytestmark = pytest.mark.cloud

SECONDS = 3


def waiting(seconds: int) -> dict[str, Any]:
    """A template that nobody signals to."""
    return {
        "Resources": {
            "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
            "Wait": {
                "Type": "AWS::CloudFormation::WaitCondition",
                "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": str(seconds), "Count": 1},
            },
        }
    }


@pytest.fixture
def stacks(cloud: Cloud, account: Account) -> Iterator[Stacks]:
    stacks = Stacks(cloud, account)
    yield stacks
    stacks.delete("slow")


@pytest.fixture
def of_the_cli(cloud: Cloud) -> Any:
    """A client that says that it is the CLI."""

    def name(request: Any, **_: Any) -> None:
        request.headers["User-Agent"] = f"{polls.AGENT}/2.0.0 aws-sdk-js/3.0.0"

    client = cloud.client("cloudformation")
    client.meta.events.register("before-send.cloudformation.*", name)
    return client


def test_the_cli_hears_of_the_end_and_others_of_the_moment(stacks: Stacks, of_the_cli: Any) -> None:
    began = time.monotonic()
    stacks.begin("slow", waiting(SECONDS))
    assert stacks.describe("slow")["StackStatus"] == "CREATE_IN_PROGRESS"
    assert time.monotonic() - began < SECONDS
    [found] = of_the_cli.describe_stacks(StackName="slow")["Stacks"]
    assert found["StackStatus"] == "ROLLBACK_COMPLETE"
    assert time.monotonic() - began >= SECONDS


def test_the_cli_hears_at_once_of_what_has_settled_and_of_what_is_not_there(stacks: Stacks, of_the_cli: Any) -> None:
    stacks.put("slow", waiting(0))
    began = time.monotonic()
    identity = of_the_cli.describe_stacks(StackName="slow")["Stacks"][0]["StackId"]
    assert of_the_cli.describe_stacks(StackName=identity)["Stacks"]
    with pytest.raises(of_the_cli.exceptions.ClientError, match="does not exist"):
        of_the_cli.describe_stacks(StackName="nowhere")
    assert of_the_cli.describe_stacks()["Stacks"]
    assert time.monotonic() - began < polls.LONGEST / 10


def test_a_review_is_told_at_once(stacks: Stacks, of_the_cli: Any) -> None:
    """Else the CLI would wait for a change set that it has not executed yet."""
    template = '{"Resources": {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}'
    stacks.cloudformation.create_change_set(
        StackName="slow", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=template
    )
    began = time.monotonic()
    [found] = of_the_cli.describe_stacks(StackName="slow")["Stacks"]
    assert found["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert time.monotonic() - began < polls.LONGEST / 10
