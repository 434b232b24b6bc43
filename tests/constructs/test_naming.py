"""Names stay when the app around a deployed stack changes, and two stacks never share one."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sns as sns
from constructs import Construct

from constructs_lib import AutoMLJobOutcome, AutoMLProvider, Channel
from constructs_lib.naming import deployed_path, plain, slug

from .synthesis import data_bucket, new_job
from .test_l1 import TOPIC, define

Template = dict[str, Any]


def in_app(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "Churn")


def in_a_stage(app: cdk.App) -> cdk.Stack:
    """As CDK Pipelines wants it."""
    return cdk.Stack(cdk.Stage(app, "Production"), "Churn", stack_name="Churn")


def in_stages(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(cdk.Stage(cdk.Stage(app, "Europe"), "Production"), "Churn", stack_name="Churn")


def renamed(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "Model", stack_name="Churn")


def templates(place: Callable[[cdk.App], cdk.Stack], *, nested: bool = False) -> list[Template]:
    """What is deployed: each template, without what the CDK itself notes of paths."""
    app = cdk.App()
    stack = place(app)
    scope = cdk.NestedStack(stack, "Inner") if nested else stack
    define(scope)
    vpc = ec2.Vpc.from_vpc_attributes(
        scope, "Network", vpc_id="vpc-1", availability_zones=["a"], private_subnet_ids=["subnet-1"]
    )
    job = new_job(scope, "Inside", vpc=vpc)
    job.on_failed(sns.Topic.from_topic_arn(scope, "Failures", TOPIC))
    outcome = AutoMLJobOutcome(scope, "Best", job=job)
    outcome.transform(data=Channel.from_bucket(data_bucket(scope), "new/"), instance_type="ml.m5.large")
    outcome.register("churn")
    found = Path(app.synth().directory).rglob("*.template.json")
    return sorted((deployed(json.loads(path.read_text())) for path in found), key=len)


def deployed(template: Template) -> dict[str, Any]:
    """The resources of a template; the CDK names its networks and the files of nested stacks for their paths."""
    resources: dict[str, Any] = {
        name: each for name, each in template["Resources"].items() if not name.startswith("Vpc")
    }
    for resource in resources.values():
        resource.pop("Metadata", None)
        resource["Properties"] = {
            name: each for name, each in resource.get("Properties", {}).items() if name != "TemplateURL"
        }
    return resources


@pytest.mark.parametrize("place", [in_a_stage, in_stages, renamed])
@pytest.mark.parametrize("nested", [False, True])
def test_deployed_stack_moves_in_its_app_and_nothing_changes(
    place: Callable[[cdk.App], cdk.Stack], *, nested: bool
) -> None:
    assert templates(place, nested=nested) == templates(in_app, nested=nested)


def names(template: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Each name, or pattern of names, that is the template's own and no reference."""
    if isinstance(template, dict):
        for key, value in template.items():
            yield from names(value, f"{path}/{key}")
    elif isinstance(template, list):
        for each in template:
            yield from names(each, path)
    elif isinstance(template, str) and re.search(r"(stack|churn-?d?)[0-9a-f]{4}-", template):
        yield path, template


@pytest.mark.parametrize("nested", [False, True])
def test_two_stacks_of_one_construct_share_no_name(*, nested: bool) -> None:
    def named(name: str) -> set[str]:
        return {
            text
            for template in templates(lambda app: cdk.Stack(app, "Churn", stack_name=name), nested=nested)
            for _, text in names(template)
        }

    one, other = named("churn-dev-a"), named("churn-dev-b")

    assert len(one) == len(other) >= 8  # patterns of jobs and models in policies, prefixes, an endpoint's name ...
    assert not one & other


def test_path_is_that_of_the_deployed_stack() -> None:
    app = cdk.App()
    stack = cdk.Stack(cdk.Stage(app, "Production"), "Churn", stack_name="churn")
    inner = cdk.NestedStack(cdk.NestedStack(stack, "Outer"), "Inner")

    assert deployed_path(stack) == "churn"
    assert deployed_path(Construct(stack, "Job")) == "churn/Job"
    assert deployed_path(Construct(inner, "Job")) == "churn/Outer/Inner/Job"
    assert deployed_path(Construct(inner, "Other"), inner) == "churn/Outer/Inner/Other"
    assert deployed_path(AutoMLProvider.of(inner)) == "churn/Outer/Inner/SageMakerAutopilotProvider"


@pytest.mark.parametrize(
    ("text", "slugged"),
    [
        ("Churn Job", "churn-job"),
        ("--", "job"),
        ("予測", "job"),
        pytest.param(cdk.Aws.REGION, "job", id="token"),  # its text differs from process to process
        ("abcdefgh-ijkl", "abcdefgh-i"),
    ],
)
def test_slug_is_fit_for_a_name(text: str, slugged: str) -> None:
    assert slug(text, 10, "job") == slugged


def test_plain_text_is_fit_for_a_description() -> None:
    assert plain("Stack/Tür*") == "Stack/T_r_"
    assert len(plain("x" * 300)) == 255
