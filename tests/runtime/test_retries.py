"""What may pass is waited for, within a budget and within the function's time; then the reason says what to do."""

import pytest

from constructs_lib.runtime.retry import QUOTA, ROLE, Clock

from .world import World, properties

A = properties()
B = properties(ProblemType="Regression")

LIMIT = ("ResourceLimitExceeded", "The account-level service limit is reached")
THROTTLED = ("ThrottlingException", "Rate exceeded")
ROLE_UNUSABLE = ("ValidationException", "Could not assume role arn:aws:iam::111122223333:role/churn")
PASS_ROLE = ("AccessDeniedException", "User is not authorized to perform: iam:PassRole on resource: churn")


@pytest.mark.parametrize("error", [LIMIT, THROTTLED, ROLE_UNUSABLE, PASS_ROLE])
def test_refusal_that_passes_is_waited_for(world: World, error: tuple[str, str]) -> None:
    world.sagemaker.fail("CreateAutoMLJob", error, times=3)

    assert world.create(A)["Status"] == "SUCCESS"
    assert world.creates() == 4


def test_policy_that_is_not_known_everywhere_yet_is_waited_for(world: World) -> None:
    world.sagemaker.fail("DescribeAutoMLJobV2", ("AccessDeniedException", "sagemaker:DescribeAutoMLJobV2"), times=3)

    assert world.create(A)["Status"] == "SUCCESS"


def test_job_starts_as_soon_as_the_quota_allows(world: World) -> None:
    world.sagemaker.quota = 1
    world.sagemaker.add_job("somebodys", {}).status = "Stopping"
    world.sagemaker.jobs["somebodys"].stops_at = 120

    assert world.create(A)["Status"] == "SUCCESS"
    assert 120 <= world.time.now() <= 120 + QUOTA.longest_delay


def test_used_up_quota_is_named_when_the_budget_ends(world: World) -> None:
    world.sagemaker.quota = 0

    answer = world.create(A)

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == (
        "An error occurred (ResourceLimitExceeded) when calling the CreateAutoMLJob operation: The account-level "
        "service limit 'Number of concurrent AutoML jobs' is reached. The account runs as many AutoML jobs at once as "
        "its quota allows. The quota can be raised in the Service Quotas console: Amazon SageMaker, "
        "concurrent AutoML jobs"
    )
    assert QUOTA.budget - QUOTA.longest_delay <= world.time.now() <= QUOTA.budget
    assert world.creates() < 50  # less and less often


def test_quota_held_by_the_resources_own_job_is_said(world: World) -> None:
    world.sagemaker.quota = 1
    name = world.create(A)["PhysicalResourceId"]

    answer = world.update(B)

    assert (
        f"The resource's present job '{name}' is one of them: stop it, or wait for its end, and try again."
        in answer["Reason"]
    )
    assert world.running() == [name]


def test_ended_job_of_the_resource_is_not_blamed_for_the_quota(world: World) -> None:
    world.create(A)
    world.job().status = "Completed"
    world.sagemaker.quota = 0

    assert "present job" not in world.update(B)["Reason"]


def test_last_seconds_of_the_function_are_kept_for_the_answer(world: World) -> None:
    clock = Clock(world.time.remaining_ms, world.time.now, world.time.sleep)
    world.time.start_call(allowed=100)

    assert clock.deadline(600) == 85
    assert clock.deadline(30) == 30


def test_waiting_for_the_quota_ends_before_the_function(world: World) -> None:
    world.sagemaker.quota = 0

    answer = world.send(world.event("Create", ResourceProperties=A), allowed=100)

    assert answer["Status"] == "FAILED"
    assert world.time.now() <= 85


@pytest.mark.parametrize("error", [ROLE_UNUSABLE, PASS_ROLE])
def test_role_that_stays_unusable_is_reported_in_the_services_words(world: World, error: tuple[str, str]) -> None:
    world.sagemaker.fail("CreateAutoMLJob", error, times=1000)

    answer = world.create(A)

    assert answer["Status"] == "FAILED"
    assert error[1] in answer["Reason"]
    assert 60 <= world.time.now() <= ROLE.budget


@pytest.mark.parametrize(
    "error",
    [
        ("ValidationException", "1 validation error: Value 'x' at 'roleArn' failed to satisfy constraint: pattern"),
        ("ValidationException", "TargetAttributeName is not in the data"),
        ("ResourceNotFound", "no such thing"),
    ],
)
def test_refusal_that_does_not_pass_is_reported_at_once(world: World, error: tuple[str, str]) -> None:
    world.sagemaker.fail("CreateAutoMLJob", error, times=1000)

    assert error[1] in world.create(A)["Reason"]
    assert world.time.now() == 0
    assert world.creates() == 1


def test_waiting_ends_when_the_resource_is_deleted_meanwhile(world: World) -> None:
    world.sagemaker.fail("CreateAutoMLJob", LIMIT, times=2)
    world.sagemaker.hooks["CreateAutoMLJob"] = lambda: world.status("DELETE_IN_PROGRESS")
    world.status("CREATE_IN_PROGRESS")

    answer = world.send(world.event("Create", ResourceProperties=A))

    assert answer["Reason"] == "nothing is made: the resource is DELETE_IN_PROGRESS, nobody waits for this request"
    assert not world.sagemaker.jobs


def test_waiting_ends_when_the_update_is_cancelled_meanwhile(world: World) -> None:
    name = world.create(A)["PhysicalResourceId"]
    world.sagemaker.fail("CreateAutoMLJob", LIMIT, times=2)
    world.sagemaker.hooks["CreateAutoMLJob"] = lambda: world.status("UPDATE_COMPLETE")
    world.status("UPDATE_IN_PROGRESS")
    event = world.event("Update", PhysicalResourceId=name, ResourceProperties=B, OldResourceProperties=A)

    answer = world.send(event)

    assert answer["Reason"] == "nothing is made: the resource is UPDATE_COMPLETE, nobody waits for this request"
    assert world.running() == [name]


def test_name_that_is_in_use_but_never_seen_is_passed_by(world: World) -> None:
    world.sagemaker.fail("CreateAutoMLJob", ("ResourceInUse", "must be unique"), times=4)

    assert world.create(A)["Status"] == "SUCCESS"
    assert len(world.jobs()) == 1
    assert len({call.params["AutoMLJobName"] for call in world.sagemaker.calls if "Create" in call.operation}) == 2
