"""Nested stacks go through a life as CloudFormation's do, two deep; and exports are kept for those who import them."""

import json
import time
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..account import BUCKET, Account
from ..resource_types.test_cloudformation import custom, provider
from ..stacks import Stacks

pytestmark = pytest.mark.cloud

__all__ = ["provider"]


@pytest.fixture(scope="module")
def stacks(cloud: Cloud, account: Account) -> Stacks:
    return Stacks(cloud, account)


class Nest:
    """Uploads templates of nested stacks, each beside the others."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def of(self, resources: dict[str, Any], outputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """A nested stack of these resources; its outputs by their values."""
        shown = {key: {"Value": value} for key, value in (outputs or {}).items()}
        template = {"Resources": resources, "Outputs": shown}
        key = f"{self._account.fresh('nested')}.json"
        self._account.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(template))
        properties = {"TemplateURL": f"https://s3.us-east-1.amazonaws.com/{BUCKET}/{key}"}
        return {"Type": "AWS::CloudFormation::Stack", "Properties": properties, **more}

    def two_deep(self, resources: dict[str, Any]) -> dict[str, Any]:
        """The root's resources for these ones; what `A` is comes out as `Id`."""
        inner = self.of(resources, {"Id": {"Ref": "A"}, "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}})
        out = {name: {"Fn::GetAtt": ["Inner", f"Outputs.{name}"]} for name in ("Id", "Arn")}
        return {"Middle": self.of({"Inner": inner}, out)}


OUTPUT = {"Id": {"Value": {"Fn::GetAtt": ["Middle", "Outputs.Id"]}}}
QUEUE = {"Type": "AWS::SQS::Queue"}


@pytest.fixture(scope="module")
def nest(account: Account) -> Nest:
    return Nest(account)


def output(stacks: Stacks, name: str) -> str:
    [found] = stacks.describe(name)["Outputs"]
    return str(found["OutputValue"])


def nested(stacks: Stacks, name: str) -> str:
    """The innermost stack."""
    return stacks.resource(stacks.resource(name, "Middle"), "Inner")


def test_what_an_update_replaces_is_deleted_at_its_end_and_what_it_leaves_keeps_its_attributes(
    stacks: Stacks, provider: str, nest: Nest
) -> None:
    stacks.events()
    first = nest.two_deep({"A": custom(provider, "one"), "B": custom(provider, "gone"), "Queue": QUEUE})
    assert stacks.deploy("deep", first, OUTPUT) == "CREATE_COMPLETE", stacks.reasons("deep")
    assert output(stacks, "deep") == "A-one"
    created = stacks.events()

    second = nest.two_deep({"A": custom(provider, "two"), "Queue": QUEUE})
    last = {"Last": custom(provider, "last", DependsOn="Middle")}
    assert stacks.deploy("deep", {**second, **last}, OUTPUT) == "UPDATE_COMPLETE", stacks.reasons("deep")

    assert output(stacks, "deep") == "A-two"
    assert sorted(created) == [("Create", None, "gone", None), ("Create", None, "one", None)]
    assert stacks.events() == [
        ("Update", "A-one", "two", "one"),
        ("Create", None, "last", None),
        ("Delete", "A-one", "one", None),
        ("Delete", "B-gone", "gone", None),
    ]
    stacks.delete("deep")
    assert sorted(stacks.events()) == [("Delete", "A-two", "two", None), ("Delete", "Last-last", "last", None)]


def test_root_that_fails_after_its_nested_stacks_are_updated_takes_them_back(
    stacks: Stacks, provider: str, nest: Nest
) -> None:
    first = nest.two_deep({"A": custom(provider, "one"), "Queue": QUEUE})
    assert stacks.deploy("back", first, OUTPUT) == "CREATE_COMPLETE", stacks.reasons("back")
    queue = stacks.resource(nested(stacks, "back"), "Queue")
    stacks.events()

    new = custom(provider, "new", DependsOn="A")
    second = nest.two_deep({"A": custom(provider, "two"), "New": new, "Queue": QUEUE})
    failing = {"B": custom(provider, "bad", DependsOn="Middle")}
    assert stacks.deploy("back", {**second, **failing}, OUTPUT) == "UPDATE_ROLLBACK_COMPLETE"

    assert stacks.events() == [
        ("Update", "A-one", "two", "one"),
        ("Create", None, "new", None),
        ("Create", None, "bad", None),
        ("Update", "A-two", "one", "two"),
        ("Delete", "New-new", "new", None),
        ("Delete", "A-two", "two", None),
        ("Delete", "B-bad", "bad", None),
    ]
    assert output(stacks, "back") == "A-one"
    assert stacks.resource(nested(stacks, "back"), "Queue") == queue
    stacks.delete("back")
    assert stacks.events() == [("Delete", "A-one", "one", None)]


def test_nested_stack_that_fails_is_taken_back_and_says_what_failed(stacks: Stacks, provider: str, nest: Nest) -> None:
    first = nest.two_deep({"A": custom(provider, "one"), "Queue": QUEUE})
    assert stacks.deploy("inside", first, OUTPUT) == "CREATE_COMPLETE", stacks.reasons("inside")
    stacks.events()

    second = nest.two_deep({"A": custom(provider, "two"), "B": custom(provider, "bad", DependsOn="A"), "Queue": QUEUE})
    assert stacks.deploy("inside", second, OUTPUT) == "UPDATE_ROLLBACK_COMPLETE"

    assert "The following resource(s) failed to update: [Inner]. " in stacks.reasons("inside")
    assert "the spec is bad" in stacks.reasons(nested(stacks, "inside"))
    assert stacks.events() == [
        ("Update", "A-one", "two", "one"),
        ("Create", None, "bad", None),
        ("Update", "A-two", "one", "two"),
        ("Delete", "B-bad", "bad", None),
        ("Delete", "A-two", "two", None),
    ]
    third = nest.two_deep({"A": custom(provider, "three"), "Queue": QUEUE})
    assert stacks.deploy("inside", third, OUTPUT) == "UPDATE_COMPLETE", stacks.reasons("inside")
    stacks.delete("inside")


def test_nested_stack_that_can_not_be_created_leaves_nothing(stacks: Stacks, provider: str, nest: Nest) -> None:
    stacks.events()
    bad = nest.two_deep({"A": custom(provider, "one"), "B": custom(provider, "bad", DependsOn="A"), "Queue": QUEUE})
    assert stacks.deploy("never", bad, OUTPUT) == "ROLLBACK_COMPLETE"

    assert "The following resource(s) failed to create: [Inner]. " in stacks.reasons("never")
    assert sorted(stacks.events(), key=str) == [
        ("Create", None, "bad", None),
        ("Create", None, "one", None),
        ("Delete", "A-one", "one", None),
        ("Delete", "B-bad", "bad", None),
    ]
    pages = stacks.cloudformation.get_paginator("list_stacks").paginate()
    left = pages.search("StackSummaries[].[StackName,StackStatus]")
    assert {status for name, status in left if name.startswith("never-")} == {"DELETE_COMPLETE"}


def test_what_a_nested_stack_retains_stays_when_the_root_goes(
    stacks: Stacks, provider: str, nest: Nest, account: Account
) -> None:
    kept = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "kept-by-a-nest"}, "DeletionPolicy": "Retain"}
    resources = nest.two_deep({"A": custom(provider, "one"), "Queue": QUEUE, "Kept": kept})
    assert stacks.deploy("keeps", resources, OUTPUT) == "CREATE_COMPLETE", stacks.reasons("keeps")
    stacks.delete("keeps")
    assert "kept-by-a-nest" in [bucket["Name"] for bucket in account.s3.list_buckets()["Buckets"]]


WAITS = {
    "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
    "Wait": {
        "Type": "AWS::CloudFormation::WaitCondition",
        "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "300"},
    },
}


def until_waiting(stacks: Stacks, root: str) -> None:
    """Until the innermost stack has come to its wait."""

    def waits() -> bool:
        names = stacks.cloudformation.get_paginator("list_stacks").paginate().search("StackSummaries[].StackName")
        return any(
            event["LogicalResourceId"] == "Wait"
            for name in names
            if name.startswith(f"{root}-Middle-")
            for event in stacks.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        )

    deadline = time.monotonic() + 90
    while not waits():
        assert time.monotonic() < deadline, "nothing waits"
        time.sleep(0.1)


def test_wait_of_a_nested_stack_ends_when_the_root_is_deleted(stacks: Stacks, provider: str, nest: Nest) -> None:
    stacks.events()
    stacks.begin("gone", {"Resources": nest.two_deep({"A": custom(provider, "one"), "Queue": QUEUE, **WAITS})})
    until_waiting(stacks, "gone")
    stack = stacks.describe("gone")["StackId"]

    stacks.cloudformation.delete_stack(StackName="gone")

    assert stacks.wait(stack) == "DELETE_COMPLETE", stacks.reasons(stack)
    assert stacks.events() == [("Create", None, "one", None), ("Delete", "A-one", "one", None)]


def test_wait_of_a_nested_stack_ends_when_the_update_of_the_root_is_cancelled(
    stacks: Stacks, provider: str, nest: Nest
) -> None:
    first = nest.two_deep({"A": custom(provider, "one"), "Queue": QUEUE})
    assert stacks.deploy("stays", first, OUTPUT) == "CREATE_COMPLETE", stacks.reasons("stays")
    stacks.events()
    second = nest.two_deep({"A": custom(provider, "two"), "Queue": QUEUE, **WAITS})
    stacks.begin("stays", {"Resources": second, "Outputs": OUTPUT})
    until_waiting(stacks, "stays")

    stacks.cloudformation.cancel_update_stack(StackName="stays")

    assert stacks.wait("stays") == "UPDATE_ROLLBACK_COMPLETE", stacks.reasons("stays")
    assert stacks.events() == [
        ("Update", "A-one", "two", "one"),
        ("Update", "A-two", "one", "two"),
        ("Delete", "A-two", "two", None),
    ]
    assert output(stacks, "stays") == "A-one"


def test_export_that_another_stack_imports_can_not_change(stacks: Stacks, provider: str) -> None:
    def exporting(spec: str, *names: str) -> dict[str, Any]:
        outputs = {name: {"Value": {"Ref": "A"}, "Export": {"Name": f"exports:{name}"}} for name in names}
        return {"Resources": {"A": custom(provider, spec), "Queue": QUEUE}, "Outputs": outputs}

    assert stacks.put("exports", exporting("one", "Used", "Free")) == "CREATE_COMPLETE", stacks.reasons("exports")
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::ImportValue": "exports:Used"}}}
    assert stacks.deploy("imports", {"Topic": topic}) == "CREATE_COMPLETE", stacks.reasons("imports")

    assert stacks.put("exports", exporting("two", "Used")) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Export exports:Used cannot be updated as it is in use by imports" in stacks.reasons("exports")
    assert stacks.put("exports", exporting("one", "Free")) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Export exports:Used cannot be deleted as it is in use by imports" in stacks.reasons("exports")
    assert stacks.put("exports", exporting("one", "Used")) == "UPDATE_COMPLETE", stacks.reasons("exports")

    stacks.delete("imports")
    assert stacks.put("exports", exporting("two", "Used")) == "UPDATE_COMPLETE", stacks.reasons("exports")
