"""What `DescribeStackResource` tells of a wait condition."""

from typing import Any

import pytest
from ministack.services import cloudformation
from ministack.services.cloudformation import stacks, wait_conditions

from constructs_lib.rehearsal.cloud.ministack import waits

pytestmark = pytest.mark.cloud

NAME, ID, KIND = "Waits", "arn:aws:cloudformation:eu-west-1:111122223333:stack/Waits/1", waits._CONDITION


def test_a_condition_that_has_its_signal_is_complete_although_the_signal_is_told_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cloudformation, "_stack_events", {})
    resource = {"PhysicalResourceId": "waited", "ResourceType": KIND, "ResourceStatus": "CREATE_COMPLETE"}
    stack: dict[str, Any] = {"StackName": NAME, "StackId": ID, "_resources": {}}

    stacks._add_event(ID, NAME, "Wait", KIND, "CREATE_IN_PROGRESS")
    assert (waits._shown(stack, "Wait") or {})["ResourceStatus"] == "CREATE_IN_PROGRESS"

    token = wait_conditions.register_slot(ID, url=True)
    # The waiter is woken, and the stack is complete, before MiniStack writes what it was woken by.
    monkeypatch.setitem(
        wait_conditions._waiting, (ID, "Wait"), {"token": token, "stack_name": NAME, "resource_type": KIND}
    )
    stack["_resources"] = {"Wait": resource}
    stacks._add_event(ID, NAME, "Wait", KIND, "CREATE_COMPLETE", physical_id="waited")
    assert wait_conditions.deliver_signal(token, {"Status": "SUCCESS", "UniqueId": "one"})

    assert cloudformation._stack_events[ID][-1]["ResourceStatus"] == "CREATE_IN_PROGRESS"
    assert (waits._shown(stack, "Wait") or {})["ResourceStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize("cancelled", [ID, "root"])
def test_a_wait_does_not_begin_in_an_update_that_was_cancelled_a_moment_before(
    cancelled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event that it begins comes first, and whoever cancels may be as quick as that."""
    known = {NAME: {"StackId": ID, "ParentId": "middle"}, "M": {"StackId": "middle", "ParentId": "root"}}
    root: dict[str, Any] = {"R": {"StackId": "root"}}
    stacks_now: dict[str, dict[str, Any]] = known | root
    next(stack for stack in stacks_now.values() if stack["StackId"] == cancelled)["_cancel_requested"] = True
    monkeypatch.setattr(cloudformation, "_stacks", stacks_now)
    monkeypatch.setattr(wait_conditions, "wait_for", wait_conditions.wait_for)  # put back in the end
    waits._name_cancelled_waits()
    token = wait_conditions.register_slot(ID)

    with pytest.raises(RuntimeError, match=f"^{waits._CANCELLED}$"):
        wait_conditions.wait_for(token, ID, NAME, "Wait", KIND, 1, 5)

    assert (ID, "Wait") not in wait_conditions._waiting
