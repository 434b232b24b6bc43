"""Where the CDK takes a dict for one of its structs, our props do too."""

import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2

from ..fuzz.subjects import SUBJECTS, Props, Subject, World, name_of

STRUCTS: Final[dict[str, tuple[Callable[..., Any], Props]]] = {
    "ec2.SubnetSelection": (ec2.SubnetSelection, {"subnet_type": ec2.SubnetType.PRIVATE_ISOLATED})
}
"""The structs of the CDK that our props take, with members of one."""

OF_THE_CDK: Final = re.compile(r"\b([a-z0-9]+_?)\.([A-Z]\w+)")
"""A type as our annotations name it."""


def named(subject: Subject) -> set[tuple[str, str, str]]:
    """Each prop with the CDK's types that it takes."""
    parameters = inspect.signature(subject.of).parameters.items()
    return {(prop, *found) for prop, each in parameters for found in OF_THE_CDK.findall(str(each.annotation))}


def is_struct(module: str, name: str) -> bool:
    try:
        where = cdk if module == "cdk" else __import__(f"aws_cdk.aws_{ALIASES.get(module, module)}", fromlist=[name])
    except ImportError:  # ours
        return False
    return hasattr(getattr(where, name, None), "__jsii_struct_bases__")


ALIASES: Final = {"lambda_": "lambda", "sfn": "stepfunctions", "scaling": "applicationautoscaling"}

TAKING: Final = [
    pytest.param(subject, prop, f"{module}.{name}", id=f"{name_of(subject)}-{prop}")
    for subject in SUBJECTS
    for prop, module, name in sorted(named(subject))
    if is_struct(module, name)
]


def test_structs_are_found() -> None:
    assert len(TAKING) >= 5


@pytest.mark.parametrize(("subject", "prop", "kind"), TAKING)
def test_dict_is_the_struct_that_it_stands_for(subject: Subject, prop: str, kind: str) -> None:
    struct, members = STRUCTS[kind]

    assert called(subject, prop, lambda: members) == called(subject, prop, lambda: struct(**members))


def called(subject: Subject, prop: str, value: Callable[[], Any]) -> list[Any]:
    world = World()
    vpc = ec2.Vpc(
        world.stack,
        "Network",
        max_azs=2,
        nat_gateways=0,
        subnet_configuration=[
            ec2.SubnetConfiguration(name="In", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            ec2.SubnetConfiguration(name="Out", subnet_type=ec2.SubnetType.PUBLIC),
        ],
    )

    def given(world: World) -> Props:
        return {**subject.given(world), "vpc": vpc}

    replace(subject, given=given).call(world, prop, value())
    templates = [artifact.template for artifact in world.app.synth().stacks]
    isolated = world.stack.resolve([each.subnet_id for each in vpc.isolated_subnets])
    assert "ExportsOutput" in str(templates) or str(isolated) in str(templates)
    return templates
