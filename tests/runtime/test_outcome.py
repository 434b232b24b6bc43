"""A deployment that waited for a job goes on with its result, or fails with what the job itself has to say."""

from typing import Any

import pytest

from constructs_lib.runtime.answer import REASON_LENGTH
from constructs_lib.runtime.contract import OUTCOME_TYPE

from .fake_sagemaker import FakeJob, candidate
from .world import LOGICAL_ID, World, request

PHYSICAL_ID = f"{LOGICAL_ID}-outcome"
CONSOLE = "Its training jobs: https://eu-west-1.console.aws.amazon.com/sagemaker/home?region=eu-west-1#/jobs"
AGAIN = f"The same job would only fail again: to train again, change the job's 'revision'. {CONSOLE}"


def wanted(**changes: Any) -> dict[str, Any]:
    return {"ServiceToken": "arn", "JobName": "churn", "TimeoutSeconds": "43200", "OnTimeout": "Fail"} | changes


def create(world: World, properties: dict[str, Any] | None = None) -> dict[str, Any]:
    return world.send(world.event("Create", ResourceType=OUTCOME_TYPE, ResourceProperties=properties or wanted()))


def update(world: World, new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    event = world.event(
        "Update",
        ResourceType=OUTCOME_TYPE,
        PhysicalResourceId=PHYSICAL_ID,
        ResourceProperties=new,
        OldResourceProperties=old,
    )
    return world.send(event)


@pytest.fixture
def job(world: World) -> FakeJob:
    return world.sagemaker.add_job("churn", {}, request())


@pytest.fixture
def completed(world: World, job: FakeJob) -> FakeJob:
    return world.sagemaker.complete("churn")


# Passing on


def test_best_candidate_is_handed_on(world: World, completed: FakeJob) -> None:
    completed.told |= {
        "AutoMLJobSecondaryStatus": "MaxCandidatesReached",
        "ResolvedAttributes": {
            "AutoMLProblemTypeResolvedAttributes": {
                "TabularResolvedAttributes": {"ProblemType": "BinaryClassification"}
            }
        },
    }

    answer = create(world)

    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == PHYSICAL_ID
    assert answer["Data"] == {
        "JobName": "churn",
        "JobArn": completed.arn,
        "JobSpec": "",
        "Status": "Completed",
        "SecondaryStatus": "MaxCandidatesReached",
        "ProblemType": "BinaryClassification",
        "BestCandidateName": "churn-trial-7",
        "BestCandidateMetric": "F1",
        "ObjectiveValue": "0.9",
        "GateResult": "",
        "EndpointName": "",
        "ResultUri": "",
        "InferenceImage": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/xgboost:1",
        "ModelDataUrl": "s3://results/model.tar.gz",
        "ModelInsightsUri": "s3://results/how/",
        "ExplainabilityUri": "s3://results/why/",
        "BacktestResultsUri": "",
    }


@pytest.mark.parametrize(
    ("told", "problem_type"),
    [
        ({}, ""),
        ({"AutoMLProblemTypeConfigName": "TimeSeriesForecasting"}, "TimeSeriesForecasting"),
        ({"AutoMLProblemTypeConfig": {"TextGenerationJobConfig": {}}}, "TextGeneration"),
        ({"AutoMLProblemTypeConfig": {"TabularJobConfig": {"ProblemType": "Regression"}}}, "Regression"),
    ],
)
def test_problem_type_is_the_most_exact_that_is_told(
    world: World, completed: FakeJob, told: dict[str, Any], problem_type: str
) -> None:
    completed.told |= told

    assert create(world)["Data"]["ProblemType"] == problem_type


@pytest.mark.parametrize(
    ("definitions", "image"),
    [
        (
            {"GPU": [{"Image": "gpu", "ModelDataUrl": "s3://g"}], "CPU": [{"Image": "cpu", "ModelDataUrl": "s3://c"}]},
            "cpu",
        ),
        ({"GPU": [{"Image": "gpu", "ModelDataUrl": "s3://g"}]}, "gpu"),
        ({"CPU": [{"Image": "no model"}], "GPU": [{"Image": "gpu", "ModelDataUrl": "s3://g"}]}, "gpu"),
        ({}, ""),
    ],
)
def test_container_of_a_deep_model_is_the_one_for_cpus_if_there_is_one(
    world: World, completed: FakeJob, definitions: dict[str, Any], image: str
) -> None:
    best = candidate("best", 0.5) | {"InferenceContainers": [], "InferenceContainerDefinitions": definitions}
    completed.told |= {"BestCandidate": best}

    assert create(world)["Data"]["InferenceImage"] == image


def test_endpoint_of_a_one_click_deployment_is_handed_on(world: World, completed: FakeJob) -> None:
    completed.told |= {
        "ModelDeployConfig": {"AutoGenerateEndpointName": True},
        "ModelDeployResult": {"EndpointName": "auto-churn"},
    }

    assert create(world)["Data"]["EndpointName"] == "auto-churn"


@pytest.mark.parametrize("secondary", ["ExplainabilityError", "ModelInsightsError"])
def test_missing_report_fails_nothing_and_is_logged(
    world: World, completed: FakeJob, secondary: str, capfd: pytest.CaptureFixture[str]
) -> None:
    completed.told |= {"AutoMLJobSecondaryStatus": secondary}

    assert create(world)["Status"] == "SUCCESS"
    assert f"a report is missing: {secondary}" in capfd.readouterr().out


def test_empty_members_of_a_candidate_are_empty_attributes(world: World, completed: FakeJob) -> None:
    completed.told |= {"BestCandidate": {"CandidateName": "best", "CandidateProperties": {}}}

    answer = create(world)

    assert answer["Status"] == "SUCCESS"
    assert {name for name, value in answer["Data"].items() if value} == {
        "JobName",
        "JobArn",
        "Status",
        "SecondaryStatus",
        "BestCandidateName",
    }


# Failing


def test_failed_job_fails_the_deployment_in_its_own_words(world: World, job: FakeJob) -> None:
    world.sagemaker.fail_job("churn", "Target has one class only.", "no space", "no time")

    answer = create(world)

    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == PHYSICAL_ID
    assert answer["Reason"] == (
        f"the AutoML job 'churn' is Failed: Target has one class only. Partial failures: no space; no time. {AGAIN}"
    )


def test_failed_job_says_its_secondary_status_where_it_is_another_one(world: World, job: FakeJob) -> None:
    world.sagemaker.fail_job("churn", "").told["AutoMLJobSecondaryStatus"] = "MaxAutoMLJobRuntimeReached"

    assert create(world)["Reason"] == f"the AutoML job 'churn' is Failed (MaxAutoMLJobRuntimeReached). {AGAIN}"


@pytest.mark.parametrize("letter", ["x", "ä", "列", "😀", '"', "\x00", "\ud800"])
def test_long_reasons_are_cut_before_the_way_out_is(world: World, job: FakeJob, letter: str) -> None:
    world.sagemaker.fail_job("churn", letter * 1024, *[letter * 1024] * 5)

    reason = create(world)["Reason"]

    assert reason.startswith("the AutoML job 'churn' is Failed: ")
    assert reason.endswith(f".... {AGAIN}")
    assert len(reason) <= REASON_LENGTH
    assert len(reason) > 450


@pytest.mark.parametrize(
    ("partition", "region", "console"),
    [
        ("aws-cn", "cn-north-1", "https://cn-north-1.console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_link_leads_to_the_partitions_own_console(
    world: World, job: FakeJob, partition: str, region: str, console: str
) -> None:
    job.arn = f"arn:{partition}:sagemaker:{region}:111122223333:automl-job/churn"
    world.sagemaker.fail_job("churn", "no")

    assert f"{console}/sagemaker/home?region={region}#/jobs" in create(world)["Reason"]


def test_no_link_where_no_console_is_known(world: World, job: FakeJob) -> None:
    job.arn = "arn:aws-iso:sagemaker:us-iso-east-1:111122223333:automl-job/churn"
    world.sagemaker.fail_job("churn", "no")

    assert create(world)["Reason"].endswith("change the job's 'revision'.")


def test_job_that_somebody_stopped_is_said_to_be_stopped(world: World, job: FakeJob) -> None:
    job.status = "Stopped"

    assert create(world)["Reason"] == f"the AutoML job 'churn' was stopped from outside before its end. {AGAIN}"


def test_completed_job_without_a_candidate_fails_the_deployment(world: World, completed: FakeJob) -> None:
    del completed.told["BestCandidate"]
    completed.told |= {"AutoMLJobSecondaryStatus": "MaxAutoMLJobRuntimeReached"}

    assert create(world)["Reason"] == (
        "the AutoML job 'churn' is Completed (MaxAutoMLJobRuntimeReached) and has no best candidate: its time was up "
        f"before one was finished. Give it more time ('max_runtime'), or fewer candidates. {AGAIN}"
    )


@pytest.mark.parametrize(
    "told",
    [
        {"AutoMLProblemTypeConfig": {"TabularJobConfig": {"GenerateCandidateDefinitionsOnly": True}}},
        {"AutoMLJobSecondaryStatus": "CandidateDefinitionsGenerated"},
    ],
)
def test_job_that_was_to_train_nothing_needs_no_candidate(
    world: World, completed: FakeJob, told: dict[str, Any]
) -> None:
    del completed.told["BestCandidate"]
    completed.told |= told

    assert create(world)["Status"] == "SUCCESS"


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"ModelDeployResult": {}},
        {"ModelDeployResult": {"EndpointName": "half"}, "AutoMLJobSecondaryStatus": "ModelDeploymentError"},
    ],
)
def test_candidate_that_was_not_deployed_fails_the_deployment(
    world: World, completed: FakeJob, told: dict[str, Any]
) -> None:
    completed.told |= {"ModelDeployConfig": {"EndpointName": "churn"}} | told

    reason = create(world)["Reason"]

    assert "is Completed" in reason
    assert "but its best candidate was not deployed. The same job" in reason


def test_deployment_that_the_time_did_not_suffice_for_says_so(world: World, completed: FakeJob) -> None:
    completed.told |= {
        "ModelDeployConfig": {"EndpointName": "churn"},
        "AutoMLJobSecondaryStatus": "MaxAutoMLJobRuntimeReached",
    }

    assert (
        "but its best candidate was not deployed: its time was up, and then the service leaves out the deployment. "
        "Give it more time ('max_runtime'), or fewer candidates. The same job"
    ) in create(world)["Reason"]


def test_completed_job_without_a_candidate_says_no_more_than_it_knows(world: World, completed: FakeJob) -> None:
    del completed.told["BestCandidate"]

    assert create(world)["Reason"] == f"the AutoML job 'churn' is Completed and has no best candidate. {AGAIN}"


def test_job_that_does_not_exist_fails_the_deployment(world: World) -> None:
    assert create(world)["Reason"] == "the AutoML job 'churn' does not exist in this account and region"


# The time is over


@pytest.mark.parametrize("status", ["InProgress", "Stopping"])
def test_job_that_still_runs_fails_the_deployment_and_runs_on(world: World, job: FakeJob, status: str) -> None:
    job.status, job.stops_at = status, 10**9

    answer = create(world)

    assert answer["Status"] == "FAILED"
    secondary = "TrainingModels" if status == "InProgress" else "Stopping"
    assert answer["Reason"] == (
        f"the AutoML job 'churn' has not ended ({status}, {secondary}) within the 43200 seconds that the deployment "
        f"waits for it; it runs on. {CONSOLE}"
    )
    assert job.status == status


def test_job_that_still_runs_is_stopped_if_so_chosen(world: World, job: FakeJob) -> None:
    answer = create(world, wanted(OnTimeout="StopJob"))

    assert answer["Status"] == "FAILED"
    assert "waits for it; it was stopped. " in answer["Reason"]
    assert job.status == "Stopping"


def test_job_that_cannot_be_stopped_is_said_to_run_on(world: World, job: FakeJob) -> None:
    world.sagemaker.fail("StopAutoMLJob", ("AccessDeniedException", "sagemaker:StopAutoMLJob"))

    reason = create(world, wanted(OnTimeout="StopJob"))["Reason"]

    assert "it could not be stopped and runs on: An error occurred (AccessDeniedException)" in reason
    assert reason.endswith(CONSOLE)


def test_job_that_is_let_run_tells_its_status_only(world: World, job: FakeJob) -> None:
    answer = create(world, wanted(OnTimeout="LetRun", WriteResult="true", Gate={"Rule": "AtLeast", "Value": "1"}))

    assert answer["Status"] == "SUCCESS"
    assert {name: value for name, value in answer["Data"].items() if value} == {
        "JobName": "churn",
        "JobArn": job.arn,
        "Status": "InProgress",
        "SecondaryStatus": "TrainingModels",
    }
    assert not world.s3.calls


# Properties


@pytest.mark.parametrize("missing", ["JobName", "TimeoutSeconds", "OnTimeout"])
def test_missing_property_is_refused_by_its_name(world: World, completed: FakeJob, missing: str) -> None:
    properties = wanted()
    del properties[missing]

    assert create(world, properties)["Reason"] == f"the resource properties lack {missing}"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"OnTimeout": "Panic"}, "'OnTimeout' must be StopJob or Fail or LetRun, got 'Panic'"),
        ({"WriteResult": "maybe"}, "'WriteResult' must be true or false, got 'maybe'"),
        ({"Gate": "high"}, "'Gate' must be an object, got 'high'"),
        ({"Gate": {"Rule": "About"}}, "'Gate.Rule' must be AtLeast or AtMost or BetterThan, got 'About'"),
        ({"Gate": {"Rule": "AtMost", "OnMiss": "cry"}}, "'Gate.OnMiss' must be fail or warn, got 'cry'"),
    ],
)
def test_property_that_cannot_be_read_is_refused(
    world: World, completed: FakeJob, changes: dict[str, Any], reason: str
) -> None:
    assert create(world, wanted(**changes))["Reason"] == reason


def test_unknown_property_is_passed_over(world: World, completed: FakeJob) -> None:
    assert create(world, wanted(FromTheFuture="x"))["Status"] == "SUCCESS"


@pytest.mark.parametrize("physical_id", [PHYSICAL_ID, "Demo-Churn8A3F2C11-1QXAMPLE2IDZ3", "churn"])
def test_delete_does_nothing(world: World, job: FakeJob, physical_id: str) -> None:
    event = world.event(
        "Delete", ResourceType=OUTCOME_TYPE, PhysicalResourceId=physical_id, ResourceProperties={"anything": "old"}
    )

    answer = world.send(event)

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", physical_id)
    assert not any(service.calls for service in world.services.values())


# Updates


def test_update_reports_the_new_job_under_the_old_name(world: World, completed: FakeJob) -> None:
    world.sagemaker.add_job("next", {})
    world.sagemaker.complete("next")

    answer = update(world, wanted(JobName="next"), wanted())

    assert answer["Data"]["JobName"] == "next"
    assert answer["PhysicalResourceId"] == PHYSICAL_ID


def test_update_to_a_failed_job_fails(world: World, completed: FakeJob) -> None:
    world.sagemaker.add_job("next", {})
    world.sagemaker.fail_job("next", "no")

    assert update(world, wanted(JobName="next"), wanted())["Status"] == "FAILED"


@pytest.mark.parametrize("status", ["Stopped", "Failed", "InProgress", "Completed"])
@pytest.mark.parametrize("on_timeout", ["Fail", "StopJob"])
@pytest.mark.parametrize("stack_status", ["UPDATE_ROLLBACK_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"])
def test_rollback_reports_and_fails_at_nothing(
    world: World, job: FakeJob, status: str, on_timeout: str, stack_status: str
) -> None:
    job.status = status
    world.cloudformation.stack_status = stack_status
    gate = {"Rule": "BetterThan", "Value": "moved away"}

    answer = update(
        world, wanted(OnTimeout=on_timeout, Gate=gate, WriteResult="true"), wanted(JobName="the failed one")
    )

    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["Status"] == status
    assert job.status == status
    assert answer["Data"]["ResultUri"] == ("" if status == "InProgress" else "s3://results/churn/churn/outcome.json")
    assert not world.s3.calls


def test_rollback_to_a_job_that_still_runs_hands_on_no_candidate_that_is_the_best_so_far(
    world: World, job: FakeJob
) -> None:
    world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
    job.told = {"BestCandidate": candidate("so far", 0.9), "AutoMLJobSecondaryStatus": "MergingAutoMLTaskReports"}

    answer = update(world, wanted(Gate={"Rule": "AtLeast", "Value": "0.5"}), wanted(JobName="the failed one"))

    assert {name: value for name, value in answer["Data"].items() if value} == {
        "JobName": "churn",
        "JobArn": job.arn,
        "Status": "InProgress",
        "SecondaryStatus": "MergingAutoMLTaskReports",
    }


@pytest.mark.parametrize("error", [("AccessDeniedException", "no"), ("ThrottlingException", "Rate exceeded")])
def test_rollback_reports_although_the_job_is_out_of_sight(world: World, error: tuple[str, str]) -> None:
    world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
    world.sagemaker.fail("DescribeAutoMLJobV2", error, times=9)

    answer = update(world, wanted(), wanted(JobName="the failed one"))

    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["JobName"] == "churn"


def test_stack_that_does_not_tell_is_not_rolling_back(world: World, job: FakeJob) -> None:
    world.cloudformation.fail("DescribeStacks", ("AccessDenied", "no"))
    job.status = "Stopped"

    assert update(world, wanted(), wanted(JobName="before"))["Status"] == "FAILED"


def test_what_may_pass_is_waited_for(world: World, completed: FakeJob) -> None:
    world.sagemaker.fail("DescribeAutoMLJobV2", ("AccessDeniedException", "not yet known everywhere"), times=3)

    assert create(world)["Status"] == "SUCCESS"
