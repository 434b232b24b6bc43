"""What an account says of stacks that are nested, without any AWS."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from constructs_lib.rehearsal.account import Account
from constructs_lib.rehearsal.assembly import Assembly
from constructs_lib.rehearsal.stacks import NESTED_STACK, Place

from ...constructs.synthesis import new_job
from .test_assembly import JOB, Folder, nest, write

INNER = "arn:aws:cloudformation:us-east-1:123456789012:stack/Outer-Inner-1A2B/c0ffee"


class Described(Account):
    """An account whose CloudFormation answers what a test has prepared, by stack."""

    def __init__(self, answers: dict[str, list[dict[str, Any]]]) -> None:
        self._answers = answers

    def _all(self, service: str, operation: str, expression: str, **arguments: Any) -> list[Any]:
        assert service == "cloudformation"
        return self._answers[arguments["StackName"]]


def event(name: str, status: str, reason: str, kind: str = "Custom::Thing") -> dict[str, Any]:
    return {"LogicalResourceId": name, "ResourceType": kind, "ResourceStatus": status, "ResourceStatusReason": reason}


@pytest.fixture
def assembly(tmp_path: Path) -> Assembly:
    folder = Folder(tmp_path / "cdk.out")
    bucket = {"Type": "AWS::S3::Bucket"}
    write(folder.path / "Inner.json", {"Resources": {"Job": JOB, "Bucket": bucket}})
    folder.stack("Outer", {"Inner": nest("Inner.json"), "Bucket": bucket}, nested=("Inner.json",))
    return Assembly.read(folder.path)


def resource(name: str, physical_id: str) -> dict[str, Any]:
    return {"LogicalResourceId": name, "PhysicalResourceId": physical_id}


def test_resources_of_nested_stacks_are_found_where_they_are(assembly: Assembly) -> None:
    [stack] = assembly.stacks
    account = Described(
        {
            "Outer": [resource("Inner", INNER), resource("Bucket", "outer-bucket")],
            INNER: [resource("Job", "job-1"), resource("Bucket", "inner-bucket")],
        }
    )
    outer, inner = ("Outer.template.json",), ("Outer.template.json", "Inner.json")
    assert account.physical_ids(stack) == {
        Place(stack, outer, "Inner"): INNER,
        Place(stack, outer, "Bucket"): "outer-bucket",
        Place(stack, inner, "Job"): "job-1",
        Place(stack, inner, "Bucket"): "inner-bucket",
    }
    assert account.physical_id(Place(stack, inner, "Bucket")) == "inner-bucket"


def test_nested_stack_that_is_not_there_yet_has_nothing(assembly: Assembly) -> None:
    [stack] = assembly.stacks
    account = Described({"Outer": [resource("Bucket", "outer-bucket")]})
    assert list(account.physical_ids(stack).values()) == ["outer-bucket"]
    with pytest.raises(LookupError, match=r"^stack Outer has no nested stack Inner$"):
        account.physical_id(Place(stack, ("Outer.template.json", "Inner.json"), "Job"))


def test_failure_of_a_nested_stack_is_told_by_what_failed_in_it(assembly: Assembly) -> None:
    embedded = (
        f"Embedded stack {INNER} was not successfully created: The following resource(s) failed to create: [Job]."
    )
    account = Described(
        {
            "Outer": [
                event("Inner", "CREATE_FAILED", embedded, "AWS::CloudFormation::Stack"),
                event("Role", "CREATE_FAILED", "no such policy", "AWS::IAM::Role"),
                event("Inner", "CREATE_IN_PROGRESS", "begins", "AWS::CloudFormation::Stack"),
            ],
            INNER: [event("Job", "CREATE_FAILED", "450 rows, 500 needed")],
        }
    )
    assert account.failures(assembly.stacks[0]) == [
        "Role (AWS::IAM::Role): no such policy",
        "Job (Custom::Thing): 450 rows, 500 needed",
    ]
    account = Described({"Outer": [event("Inner", "CREATE_FAILED", embedded, "AWS::CloudFormation::Stack")], INNER: []})
    assert account.failures(assembly.stacks[0]) == [f"Inner (AWS::CloudFormation::Stack): {embedded}"]


def test_nested_stack_of_an_app_that_the_cli_did_not_synthesize_is_found_by_its_asset(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path))
    middle = cdk.NestedStack(cdk.Stack(app, "Outer"), "Middle")
    new_job(cdk.NestedStack(middle, "Inner"))
    app.synth()

    [stack] = Assembly.read(tmp_path).stacks
    kinds = [(len(place.templates), resource["Type"]) for place, resource in stack.resources()]

    assert "aws:asset:path" not in (tmp_path / "Outer.template.json").read_text()
    assert (3, "Custom::SageMakerAutoMLJob") in kinds


def test_nested_stack_of_somebodys_template_is_not_read(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "cdk.out")
    theirs = {"Type": NESTED_STACK, "Properties": {"TemplateURL": "https://example.com/theirs.json"}}
    folder.stack("Outer", {"Inner": theirs})

    [stack] = Assembly.read(folder.path).stacks

    assert [place.logical_id for place, _ in stack.resources()] == ["Inner"]
