"""The name that an endpoint of the stack is to have is looked for before a job is made, not after it has trained."""

from typing import Any

import pytest

from .fake_sagemaker import ACCOUNT, REGION, FakeEndpoint, client_error
from .world import World, properties

LOGICAL_ID = "Endpoint5C3D"
A = properties()
NAMED = A | {"Endpoints": [{"Name": "Churn", "LogicalId": LOGICAL_ID}]}
OF_THE_STACK = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/churn"
TAKEN = (
    f"an endpoint named 'Churn' exists, and it is not this stack's '{LOGICAL_ID}', so that could not be made once the "
    "job has trained: give another 'endpoint_name', or delete that endpoint. No job was started"
)


def somebodys(world: World, name: str = "Churn") -> None:
    world.sagemaker.endpoints[name] = FakeEndpoint("config", "InService", world.time.wall())


def test_taken_name_fails_the_creation_before_anything_trains(world: World) -> None:
    somebodys(world)

    answer = world.create(NAMED)

    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(TAKEN)
    assert world.creates() == 0


def test_free_name_is_no_hindrance(world: World) -> None:
    somebodys(world, "another")

    assert world.create(NAMED)["Status"] == "SUCCESS"
    assert world.creates() == 1


@pytest.mark.parametrize("wanted", [NAMED, NAMED | {"Revision": "2"}])
def test_taken_name_fails_an_update_and_the_job_stays(world: World, wanted: dict[str, Any]) -> None:
    name = world.create(A)["PhysicalResourceId"]
    somebodys(world)

    answer = world.update(wanted)

    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(TAKEN)
    assert (world.physical_id, world.creates()) == (name, 1)


def test_endpoint_of_the_stack_may_have_the_name(world: World) -> None:
    """Its job comes anew, or the library did not look before."""
    somebodys(world)
    world.status("CREATE_COMPLETE", LOGICAL_ID, OF_THE_STACK)

    assert world.create(NAMED)["Status"] == "SUCCESS"


def test_another_resource_of_the_stack_with_that_id_is_not_the_endpoint(world: World) -> None:
    somebodys(world)
    world.status("CREATE_COMPLETE", LOGICAL_ID, OF_THE_STACK + "-2")

    assert world.create(NAMED)["Reason"].startswith(TAKEN)


def test_name_that_was_looked_for_is_not_looked_for_again(world: World) -> None:
    world.create(NAMED)
    somebodys(world)

    assert world.update(NAMED | {"Revision": "2"})["Status"] == "SUCCESS"


def test_going_back_looks_for_nothing(world: World) -> None:
    world.create(NAMED)
    somebodys(world)

    world.update(A, another_resource_fails=True)

    assert world.sagemaker.count("DescribeEndpoint") == 1


@pytest.mark.parametrize("operation", ["DescribeEndpoint", "DescribeStackResource"])
def test_unknown_is_no_go_ahead(world: World, operation: str) -> None:
    somebodys(world)
    service = world.sagemaker if operation == "DescribeEndpoint" else world.cloudformation
    service.fail(operation, client_error(operation, "AccessDeniedException", "no"), times=100)

    answer = world.create(NAMED)

    assert answer["Status"] == "FAILED"
    assert world.creates() == 0
