"""A deployment that SageMaker took back silently fails; a rollback of the stack never does."""

from typing import Any

import pytest

from constructs_lib.runtime.contract import ENDPOINT_CHECK_TYPE

from .fake_hosting import HostingWorld
from .world import LOGICAL_ID, Sink

PROPERTIES = {"ServiceToken": "arn", "EndpointName": "churn", "EndpointConfigName": "churn-config-2"}


@pytest.fixture
def world(sink: Sink) -> HostingWorld:
    world = HostingWorld(sink, resource_type=ENDPOINT_CHECK_TYPE)
    world.hosting.serve_endpoint("churn", "churn-config-2")
    return world


def update(world: HostingWorld) -> dict[str, Any]:
    old = {**PROPERTIES, "EndpointConfigName": "churn-config-1"}
    event = world.event(
        "Update",
        PhysicalResourceId=f"{LOGICAL_ID}-check",
        ResourceProperties=PROPERTIES,
        OldResourceProperties=old,
    )
    return world.send(event)


def test_endpoint_that_serves_what_was_deployed_passes(world: HostingWorld) -> None:
    answer = world.create(PROPERTIES)

    assert answer["Status"] == "SUCCESS"
    assert answer["Data"] == {"EndpointName": "churn", "EndpointConfigName": "churn-config-2"}
    assert world.time.slept == []


def test_id_stays_the_same(world: HostingWorld) -> None:
    created = world.create(PROPERTIES)["PhysicalResourceId"]

    assert update(world)["PhysicalResourceId"] == created


def test_case_of_letters_in_a_name_is_no_difference(world: HostingWorld) -> None:
    world.hosting.serve_endpoint("churn", "Churn-Config-2")

    assert update(world)["Status"] == "SUCCESS"


def test_deployment_that_was_taken_back_fails(world: HostingWorld) -> None:
    world.hosting.serve_endpoint("churn", "churn-config-1")

    assert update(world)["Reason"] == (
        "SageMaker has taken the deployment of the endpoint 'churn' back: it serves the configuration "
        "'churn-config-1' and not 'churn-config-2'. See the alarms of its deployment policy, and its log below "
        "/aws/sagemaker/Endpoints/"
    )


def test_service_says_why_it_took_the_deployment_back(world: HostingWorld) -> None:
    world.hosting.serve_endpoint("churn", "churn-config-1").failure_reason = "Alarm errors is in ALARM state"

    reason = update(world)["Reason"]

    assert reason.endswith("'churn-config-1' and not 'churn-config-2': Alarm errors is in ALARM state")


@pytest.mark.parametrize("status", ["Failed", "OutOfService", "UpdateRollbackFailed"])
def test_endpoint_that_is_not_in_service_fails(world: HostingWorld, status: str) -> None:
    world.hosting.serve_endpoint("churn", "churn-config-2", status).failure_reason = "no capacity"

    assert world.create(PROPERTIES)["Reason"] == f"the endpoint 'churn' is {status}: no capacity"


def test_endpoint_that_is_not_there_fails(world: HostingWorld) -> None:
    del world.hosting.endpoints["churn"]

    assert world.create(PROPERTIES)["Reason"] == "the endpoint 'churn' does not exist"


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack"])
def test_endpoint_that_still_changes_is_waited_for(world: HostingWorld, status: str) -> None:
    endpoint = world.hosting.serve_endpoint("churn", "churn-config-2", status)

    def settle() -> None:
        if world.time.seconds < 300:
            world.hosting.hooks["DescribeEndpoint"] = settle
        else:
            endpoint.status = "InService"

    settle()

    assert world.create(PROPERTIES)["Status"] == "SUCCESS"
    assert 300 <= world.time.seconds < 400


def test_wait_ends_before_the_function_does(world: HostingWorld) -> None:
    world.hosting.serve_endpoint("churn", "churn-config-2", "Updating")

    assert world.create(PROPERTIES)["Reason"] == "the endpoint 'churn' is still Updating"
    assert world.time.seconds < 900 - 15


def test_rollback_of_the_stack_is_not_judged(world: HostingWorld) -> None:
    world.hosting.serve_endpoint("churn", "churn-config-1", "Updating")
    world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"

    assert update(world)["Status"] == "SUCCESS"
    assert world.hosting.count("DescribeEndpoint") == 0


def test_rollback_that_begins_during_the_wait_is_not_judged_either(world: HostingWorld) -> None:
    world.hosting.serve_endpoint("churn", "churn-config-1")

    def begin() -> None:
        world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"

    world.hosting.hooks["DescribeEndpoint"] = begin

    assert update(world)["Status"] == "SUCCESS"


def test_endpoint_that_cannot_be_looked_at_fails(world: HostingWorld) -> None:
    world.hosting.fail("DescribeEndpoint", ("InternalFailure", "sorry"))

    assert world.create(PROPERTIES)["Reason"].startswith("the endpoint 'churn' cannot be looked at: ")


@pytest.mark.parametrize("missing", ["EndpointName", "EndpointConfigName"])
def test_missing_property_is_named(world: HostingWorld, missing: str) -> None:
    answer = world.create({name: value for name, value in PROPERTIES.items() if name != missing})

    assert answer["Reason"] == f"the resource properties lack {missing}"


def test_delete_changes_nothing(world: HostingWorld) -> None:
    world.create(PROPERTIES)
    calls = len(world.hosting.calls)

    assert world.delete()["Status"] == "SUCCESS"
    assert len(world.hosting.calls) == calls
