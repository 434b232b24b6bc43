"""An account that runs one job at a time."""

import pytest

from constructs_lib import AutoMLJobOutcome

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
        # Not `second.node`: the function, which the outcome needs, must know the second job's role.
        resource = second.node.default_child
        assert resource is not None
        resource.node.add_dependency(outcome)
    AutoMLJobOutcome(stack, "OutcomeTwo", job=second)
    return stage.template(stack)


@pytest.mark.parametrize("one_by_one", [True, False])
def test_both_jobs_complete(one_by_one: bool, stage: Stage) -> None:
    """Where the second does not wait for the first by itself, the quota makes it wait."""
    name = "Ordered" if one_by_one else "Loose"

    assert stage.put(name, two_jobs(stage, name, SOME_SECONDS, one_by_one=one_by_one)) == "CREATE_COMPLETE", (
        stage.reasons(name)
    )

    first, second = (stage.job(job) for job in stage.jobs(name))
    assert (first["AutoMLJobStatus"], second["AutoMLJobStatus"]) == ("Completed", "Completed")
    assert second["CreationTime"] >= first["EndTime"]


def test_quota_that_does_not_come_free_is_named(stage: Stage) -> None:
    template = impatient(two_jobs(stage, "Spent", FOR_EVER, one_by_one=False))

    assert stage.put("Spent", template) == "ROLLBACK_COMPLETE"

    reasons = stage.reasons("Spent")
    assert "ResourceLimitExceeded" in reasons
    assert "Service Quotas console: Amazon SageMaker, concurrent AutoML jobs" in reasons
    [job] = stage.jobs("Spent")
    assert stage.account.wait(job)["AutoMLJobStatus"] == "Stopped"
