"""A stack that goes takes everything with it, at whatever moment."""

import pytest

from constructs_lib.runtime import contract

from ..waiting.stage import eventually, failing, logical_id, new_stack
from .stage import Serving, outcome_of
from .tiny_models import FIRST, LATE, SECOND

pytestmark = pytest.mark.cloud


def test_stack_that_is_deleted_while_its_endpoint_comes_up_leaves_nothing(stage: Serving) -> None:
    stage.begin("Creating", stage.template_of("Creating", LATE))
    stack = stage.describe("Creating")["StackId"]
    eventually(lambda: stage.sagemaker.list_endpoints()["Endpoints"])
    [endpoint] = stage.sagemaker.list_endpoints()["Endpoints"]
    assert endpoint["EndpointStatus"] == "Creating"

    stage.cloudformation.delete_stack(StackName=stack)

    assert stage.wait(stack) == "DELETE_COMPLETE", stage.reasons(stack)
    assert stage.left() == set()


def test_endpoint_that_was_made_before_another_resource_failed_leaves_nothing(stage: Serving) -> None:
    template = stage.template_of("Failing")
    after = logical_id(template, contract.ENDPOINT_CHECK_TYPE)

    assert stage.put("Failing", failing(template, after)) == "ROLLBACK_COMPLETE"

    assert stage.models() == stage.configs() == set()
    stage.delete_all("Failing")
    assert stage.left() == set()


def test_update_that_is_cancelled_while_a_model_takes_over_keeps_the_old_one(stage: Serving) -> None:
    name = stage.deployed("Cancelled", stage.template_of("Cancelled"))
    [model] = stage.models()
    stage.begin("Cancelled", stage.template_of("Cancelled", LATE))
    eventually(lambda: stage.endpoint(name)["EndpointStatus"] == "Updating")

    with stage.asked_all_the_time(name) as answers:
        stage.cloudformation.cancel_update_stack(StackName="Cancelled")
        assert stage.wait("Cancelled") == "UPDATE_ROLLBACK_COMPLETE", stage.reasons("Cancelled")

    assert answers.failures == []
    assert stage.ask(name) == FIRST
    assert stage.models() == {model}
    stage.delete_all("Cancelled")
    assert stage.left() == set()


def test_endpoint_that_is_taken_out_of_the_stack_goes_and_the_job_stays(stage: Serving) -> None:
    stage.deployed("Removed", stage.template_of("Removed", SECOND))
    [job] = stage.jobs("Removed")
    stack = new_stack("Removed")
    outcome_of(stack, SECOND)

    stage.deployed("Removed", stage.template(stack))

    assert stage.outputs("Removed") == {"JobName": job}
    assert stage.models() == stage.configs() == set()
    assert stage.sagemaker.list_endpoints()["Endpoints"] == []
    stage.delete_all("Removed")
    assert stage.left() == set()
