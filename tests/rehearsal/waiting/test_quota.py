"""An account that runs one job at a time."""

import pytest

from constructs_lib import AutoMLJobOutcome
from constructs_lib.runtime.contract import OUTCOME_TYPE, RESOURCE_TYPE

from ...constructs.synthesis import resources_of
from .paced_training import FOR_EVER, SOME_SECONDS
from .stage import Stage, Template, impatient, new_job, new_stack

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def concurrent_jobs() -> int:
    return 1


def two_jobs(stage: Stage, name: str, target: str, *, one_by_one: bool) -> Template:
    stack = new_stack(name)
    outcome = AutoMLJobOutcome(stack, "OutcomeOne", job=new_job(stack, target, "JobOne"))
    second = new_job(stack, target, "JobTwo")
    if one_by_one:
        second.start_after(outcome)
    AutoMLJobOutcome(stack, "OutcomeTwo", job=second)
    return stage.template(stack)


def second_begins_after_first(stage: Stage, name: str, template: Template) -> bool:
    """Whether CloudFormation has begun with the second job when it knew of the first one's outcome."""
    events = stage.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    steps = [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(events)]
    [second] = [each for each in resources_of(template, RESOURCE_TYPE) if each.startswith("JobTwo")]
    [outcome] = [each for each in resources_of(template, OUTCOME_TYPE) if each.startswith("OutcomeOne")]
    return steps.index((outcome, "CREATE_COMPLETE")) < steps.index((second, "CREATE_IN_PROGRESS"))


@pytest.mark.parametrize("one_by_one", [True, False])
def test_both_jobs_complete(one_by_one: bool, stage: Stage) -> None:
    """Where the second does not wait for the first by itself, the quota makes it wait."""
    name = "Ordered" if one_by_one else "Loose"
    template = two_jobs(stage, name, SOME_SECONDS, one_by_one=one_by_one)

    assert stage.put(name, template) == "CREATE_COMPLETE", stage.reasons(name)

    first, second = (stage.job(job) for job in stage.jobs(name))
    assert (first["AutoMLJobStatus"], second["AutoMLJobStatus"]) == ("Completed", "Completed")
    assert second["CreationTime"] >= first["EndTime"]
    assert second_begins_after_first(stage, name, template) is one_by_one


def test_quota_that_does_not_come_free_is_named(stage: Stage) -> None:
    template = impatient(two_jobs(stage, "Spent", FOR_EVER, one_by_one=False))

    assert stage.put("Spent", template) == "ROLLBACK_COMPLETE"

    reasons = stage.reasons("Spent")
    assert "ResourceLimitExceeded" in reasons
    assert "Service Quotas console: Amazon SageMaker, concurrent AutoML jobs" in reasons
    [job] = stage.jobs("Spent")
    assert stage.account.wait(job)["AutoMLJobStatus"] == "Stopped"
