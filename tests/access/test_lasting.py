"""What a role of the library's may do stays as long as what runs as it: a change makes another policy."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from constructs_lib import AutoMLEndpoint, AutoMLJobOutcome, Channel, Mode, OutputLocation, RealTime

from ..constructs.synthesis import Resource, data_bucket, new_job, new_stack, resources_of, template_of

Props = Callable[[cdk.Stack], dict[str, Any]]


def template(props: Props = lambda _: {}) -> dict[str, Any]:
    """A job that is served, as both get their roles from the library."""
    stack = new_stack()
    job = new_job(stack, mode=Mode.ENSEMBLING, **props(stack))
    outcome = AutoMLJobOutcome(stack, "Outcome", job=job)
    AutoMLEndpoint(stack, "Endpoint", outcome=outcome, serving=RealTime(instance_type="ml.m5.large"))
    return template_of(stack)


def policies(template: dict[str, Any], beginning: str) -> dict[str, Resource]:
    found = resources_of(template, "AWS::IAM::ManagedPolicy")
    return {name: each for name, each in found.items() if name.startswith(beginning)}


MOVED: dict[str, tuple[Props, tuple[str, ...]]] = {
    "output": (
        lambda stack: {"output": OutputLocation.from_bucket(data_bucket(stack), "moved/")},
        ("JobPermissions", "EndpointPermissions"),
    ),
    "key of the output": (
        lambda stack: {
            "output": OutputLocation.from_bucket(data_bucket(stack), "models/", encryption_key=kms.Key(stack, "K"))
        },
        ("JobPermissions", "EndpointPermissions"),
    ),
    "training data": (
        lambda stack: {"training_data": Channel.from_bucket(data_bucket(stack), "moved/")},
        ("JobPermissions",),
    ),
}


@pytest.mark.parametrize(("props", "changed"), MOVED.values(), ids=MOVED)
def test_old_policy_stays_until_the_clean_up_where_it_allows_what_the_new_one_does_not(
    props: Props, changed: tuple[str, ...]
) -> None:
    before, after = template(), template(props)

    for beginning in changed:
        [(old, _)], [(new, policy)] = policies(before, beginning).items(), policies(after, beginning).items()
        assert old != new
        waiting = [each for each in after["Resources"].values() if new in each.get("DependsOn", ())]
        assert waiting
        assert policy["Properties"]["Roles"] == before["Resources"][old]["Properties"]["Roles"]


def test_policy_that_allows_the_same_is_the_same() -> None:
    before, after = template(), template(lambda _: {"revision": "2"})

    for beginning in ("JobPermissions", "EndpointPermissions"):
        assert policies(before, beginning) == policies(after, beginning)
