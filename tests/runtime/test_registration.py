"""A version in the registry: one for each wish, with whose it is in its metadata."""

from typing import Any, cast

import pytest

from constructs_lib.runtime.contract import MODEL_PACKAGE_TYPE, OwnerTag
from constructs_lib.runtime.retry import ROLE

from .fake_hosting import GROUP, JOB, HostingWorld, arn_of, container
from .world import LOGICAL_ID, Crash, Sink, stringified


@pytest.fixture
def world(sink: Sink) -> HostingWorld:
    return HostingWorld(sink, resource_type=MODEL_PACKAGE_TYPE)


def package(job: str = JOB, status: str = "PendingManualApproval", **changes: Any) -> dict[str, Any]:
    """Properties as CloudFormation sends them; None takes one away."""
    request = {"ModelPackageGroupName": GROUP, "ModelApprovalStatus": status}
    wanted = {"JobName": job, "Request": request | changes.pop("request", {}), **changes}
    return cast("dict[str, Any]", stringified({name: value for name, value in wanted.items() if value is not None}))


def versions(world: HostingWorld) -> list[str]:
    return [each.name for each in world.hosting.packages.values()]


def sent(world: HostingWorld) -> dict[str, Any]:
    [call] = [call for call in world.hosting.calls if call.operation == "CreateModelPackage"]
    return call.params


def test_candidate_is_registered_with_its_containers_reports_and_approval(world: HostingWorld) -> None:
    answer = world.create(package(status="Approved"))

    assert answer["PhysicalResourceId"] == arn_of("model-package", "churn/1")
    assert answer["Data"] == {"ModelPackageArn": arn_of("model-package", "churn/1"), "ModelPackageVersion": "1"}
    request = sent(world)
    assert request["ModelApprovalStatus"] == "Approved"
    assert request["InferenceSpecification"] == {
        "Containers": [container("xgboost")],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv", "application/json"],
    }
    report = {"ContentType": "application/json"}
    assert request["ModelMetrics"] == {
        "ModelQuality": {"Statistics": {**report, "S3Uri": "s3://results/how/statistics.json"}},
        "Explainability": {"Report": {**report, "S3Uri": "s3://results/why/analysis.json"}},
    }


def test_metadata_says_where_the_version_comes_from_and_whose_it_is(world: HostingWorld) -> None:
    world.create(package(request={"CustomerMetadataProperties": {"team": "growth"}}))

    metadata = sent(world)["CustomerMetadataProperties"]
    assert metadata["team"] == "growth"
    assert metadata["automl-job"] == JOB
    assert metadata["candidate"] == f"{JOB}-trial-7"
    assert metadata[OwnerTag.STACK] == world.stack_id
    assert metadata[OwnerTag.RESOURCE] == LOGICAL_ID


def test_series_are_answered_in_csv_alone(world: HostingWorld) -> None:
    world.hosting.jobs[JOB].told["AutoMLProblemTypeConfigName"] = "TimeSeriesForecasting"

    world.create(package())

    assert sent(world)["InferenceSpecification"]["SupportedContentTypes"] == ["text/csv"]
    assert sent(world)["InferenceSpecification"]["SupportedResponseMIMETypes"] == ["text/csv"]


def test_images_are_taken_where_the_model_learned_images(world: HostingWorld) -> None:
    world.hosting.jobs[JOB].told["AutoMLProblemTypeConfigName"] = "ImageClassification"

    world.create(package())

    assert sent(world)["InferenceSpecification"]["SupportedContentTypes"] == ["image/png", "image/jpeg"]


def test_content_types_of_the_caller_count(world: HostingWorld) -> None:
    specification = {"Containers": [], "SupportedContentTypes": ["application/x-npy"]}

    world.create(package(request={"InferenceSpecification": specification}))

    assert sent(world)["InferenceSpecification"]["SupportedContentTypes"] == ["application/x-npy"]
    assert sent(world)["InferenceSpecification"]["Containers"] == [container("xgboost")]


# ------------------------------------------------------------------------------------------------------------- reports


def quality(world: HostingWorld) -> str:
    """The file that the version has for the model's quality."""
    return str(sent(world)["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"])


def said(world: HostingWorld) -> str:
    """What the version's metadata says of its reports."""
    return str(sent(world)["CustomerMetadataProperties"].get("automl-reports", ""))


def test_version_with_all_reports_says_nothing_of_them(world: HostingWorld) -> None:
    world.create(package())

    assert said(world) == ""


def test_place_without_a_slash_at_its_end_is_a_folder_all_the_same(world: HostingWorld) -> None:
    places = world.hosting.jobs[JOB].told["BestCandidate"]["CandidateProperties"]["CandidateArtifactLocations"]
    places["ModelInsights"] = "s3://results/new"
    world.s3.store("s3://results/new/run/statistics.json", "s3://results/new-2/run/statistics.json")

    world.create(package())

    assert quality(world) == "s3://results/new/run/statistics.json"


def test_newest_report_is_taken_and_other_files_are_not(world: HostingWorld) -> None:
    """In HYPERPARAMETER_TUNING the place is not the candidate's own: files lie a folder deeper."""
    world.s3.objects.clear()
    world.s3.store(
        "s3://results/how/b/statistics.json",
        "s3://results/how/c/statistics.json",
        "s3://results/how/a/statistics.json",
        "s3://results/how/a/report.pdf",
        "s3://results/how/c/more_statistics.json",
        "s3://results/how/d/analysis.json",
        "s3://elsewhere/how/e/statistics.json",
    )

    world.create(package())

    assert quality(world) == "s3://results/how/a/statistics.json"
    assert said(world) == "no Explainability: no analysis.json in its place"
    assert world.s3.count("ListObjectsV2") == 3  # six files on two pages, and an empty folder


def test_folder_without_end_is_not_read_to_its_end(world: HostingWorld) -> None:
    world.s3.store(*(f"s3://results/how/a{number:03}" for number in range(100)))

    world.create(package())

    assert said(world) == "no ModelQuality: no statistics.json in its place"
    assert world.s3.count("ListObjectsV2") == 11


def test_report_that_there_is_not_is_left_out_and_told(world: HostingWorld, capfd: pytest.CaptureFixture[str]) -> None:
    world.hosting.jobs[JOB].told["BestCandidate"]["CandidateProperties"] = {}

    world.create(package())

    told = "no ModelQuality: the job names no place for it. no Explainability: the job names no place for it"
    assert "ModelMetrics" not in sent(world)
    assert said(world) == told
    assert f"registered with {told}" in capfd.readouterr().out
    assert not world.s3.calls


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket"])
def test_place_that_cannot_be_listed_keeps_nobody_from_registering(
    world: HostingWorld, code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    world.s3.fail("ListObjectsV2", (code, "not for you"), times=1_000)

    assert world.create(package())["Status"] == "SUCCESS"

    assert "ModelMetrics" not in sent(world)
    assert said(world) == ("no ModelQuality: its place cannot be listed. no Explainability: its place cannot be listed")
    assert "s3://results/how/ cannot be listed: An error occurred" in capfd.readouterr().out
    assert (world.time.seconds > 60) == (code == "AccessDenied")
    assert world.time.seconds <= ROLE.budget


def test_permission_that_is_not_known_everywhere_yet_is_waited_for(world: HostingWorld) -> None:
    world.s3.fail("ListObjectsV2", ("AccessDenied", "not yet"), times=3)

    world.create(package())

    assert said(world) == ""


def test_what_is_no_address_in_s3_is_no_place(world: HostingWorld) -> None:
    places = world.hosting.jobs[JOB].told["BestCandidate"]["CandidateProperties"]["CandidateArtifactLocations"]
    places["ModelInsights"] = "https://elsewhere/how/"

    world.create(package())

    assert said(world) == "no ModelQuality: no statistics.json in its place"


# ---------------------------------------------------------------------------------------------------- one for each wish


def test_same_event_six_times_is_one_version(world: HostingWorld) -> None:
    event = world.event("Create", ResourceProperties=package())

    assert len({world.send(event)["PhysicalResourceId"] for _ in range(6)}) == 1
    assert versions(world) == ["churn/1"]


def test_version_made_by_a_call_that_died_is_found_again(world: HostingWorld) -> None:
    event = world.event("Create", ResourceProperties=package())
    world.hosting.fail("CreateModelPackage", Crash(), after=True)
    with pytest.raises(Crash):
        world.send(event)

    assert world.send(event)["PhysicalResourceId"] == arn_of("model-package", "churn/1")
    assert versions(world) == ["churn/1"]


def test_approval_is_changed_in_place(world: HostingWorld) -> None:
    world.create(package())

    world.update(package(status="Approved"))

    [each] = world.hosting.packages.values()
    assert (each.name, each.request["ModelApprovalStatus"]) == ("churn/1", "Approved")


def test_what_somebody_has_decided_in_the_registry_stays(world: HostingWorld) -> None:
    world.create(package())
    [each] = world.hosting.packages.values()
    each.request["ModelApprovalStatus"] = "Rejected"

    world.update(package(ServiceToken="another"))

    assert each.request["ModelApprovalStatus"] == "Rejected"
    assert world.hosting.count("UpdateModelPackage") == 0


def test_another_job_is_another_version(world: HostingWorld) -> None:
    world.create(package())

    world.update(package("churn-2"))

    assert world.physical_id == arn_of("model-package", "churn/2")
    assert versions(world) == ["churn/2"]


def test_rollback_goes_back_to_the_version_before(world: HostingWorld) -> None:
    world.create(package())

    world.update(package("churn-2", status="Approved"), another_resource_fails=True)

    assert world.physical_id == arn_of("model-package", "churn/1")
    assert versions(world) == ["churn/1"]
    assert world.hosting.count("CreateModelPackage") == 2


def test_version_that_the_registry_does_not_take_fails_and_is_deleted(world: HostingWorld) -> None:
    world.hosting.package_status = "Failed"

    answer = world.create(package())

    assert answer["Reason"] == "the registry did not take the best candidate: no such image"
    assert versions(world) == []


def test_version_that_is_not_registered_at_once_is_waited_for_a_while(world: HostingWorld) -> None:
    world.hosting.package_status = "InProgress"

    assert world.create(package())["Status"] == "SUCCESS"
    assert 60 < world.time.seconds <= 120


def test_refusal_of_the_service_is_passed_on(world: HostingWorld) -> None:
    world.hosting.fail("CreateModelPackage", ("ValidationException", "ModelPackageGroup churn does not exist"))

    assert "ModelPackageGroup churn does not exist" in world.create(package())["Reason"]


def test_keys_that_the_candidate_does_not_support_are_refused(world: HostingWorld) -> None:
    reason = world.create(package(InferenceResponseKeys=["labels"]))["Reason"]

    assert "cannot answer with labels ('inference_response_keys')" in reason
    assert versions(world) == []


def test_delete_removes_the_version_and_again_succeeds(world: HostingWorld) -> None:
    world.create(package())

    assert world.delete()["Status"] == "SUCCESS"
    assert versions(world) == []
    assert world.delete()["Status"] == "SUCCESS"


def test_delete_leaves_a_version_of_somebody_else(world: HostingWorld) -> None:
    world.create(package())
    [each] = world.hosting.packages.values()
    each.request["CustomerMetadataProperties"][OwnerTag.RESOURCE] = "Other"
    world.status("CREATE_COMPLETE", "Other", "elsewhere")

    assert world.delete()["Status"] == "SUCCESS"
    assert versions(world) == ["churn/1"]


@pytest.mark.parametrize("physical_id", ["Demo-Model-1ABCDEF", "no_automl_job_was_made"])
def test_delete_with_an_id_that_is_no_version_succeeds(world: HostingWorld, physical_id: str) -> None:
    assert world.delete(physical_id=physical_id, wanted=package())["Status"] == "SUCCESS"
    assert world.hosting.count("DescribeModelPackage") == 0


def test_delete_without_permission_to_look_is_not_stuck(world: HostingWorld) -> None:
    world.hosting.fail("DescribeModelPackage", ("AccessDeniedException", "no"), times=1_000)

    answer = world.delete(physical_id=arn_of("model-package", "other/1"), wanted=package())

    assert answer["Status"] == "SUCCESS"


def test_delete_that_comes_late_spares_the_version_that_the_resource_has_by_now(world: HostingWorld) -> None:
    world.create(package())

    world.send(world.event("Delete", PhysicalResourceId=world.physical_id, ResourceProperties=package()))

    assert versions(world) == ["churn/1"]
