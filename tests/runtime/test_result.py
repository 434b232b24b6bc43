"""The full result lies beside the job's artifacts, whatever the job has come to, as JSON that everybody can read."""

import json
from typing import Any

import pytest

from .fake_sagemaker import FakeJob, candidate
from .test_outcome import create, update, wanted
from .world import SIGNATURE, World, request

WRITING = wanted(WriteResult="true")
PLACE = ("results", "churn/churn/outcome.json")


@pytest.fixture
def job(world: World) -> FakeJob:
    world.sagemaker.add_job("churn", {}, request())
    return world.sagemaker.complete("churn")


def written(world: World) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(world.s3.objects[PLACE]["Body"], parse_constant=pytest.fail)
    return body


def test_result_is_written_beside_the_artifacts(world: World, job: FakeJob) -> None:
    answer = create(world, WRITING | {"Gate": {"Rule": "AtLeast", "Value": "0.5"}})

    assert answer["Data"]["ResultUri"] == "s3://results/churn/churn/outcome.json"
    assert world.s3.objects[PLACE]["ContentType"] == "application/json"
    assert "ServerSideEncryption" not in world.s3.objects[PLACE]
    result = written(world)
    assert set(result) == {"SchemaVersion", "AutoMLJob", "Candidates", "GateResult"}
    assert result["SchemaVersion"] == 1
    assert result["AutoMLJob"]["AutoMLJobName"] == "churn"
    assert result["AutoMLJob"]["CreationTime"] == "2026-01-01T00:00:00+00:00"
    assert [one["CandidateName"] for one in result["Candidates"]] == ["churn-trial-7", "churn-trial-2"]
    assert result["GateResult"] == "met: F1 is 0.9, wanted at least 0.5"


@pytest.mark.parametrize("path", ["s3://results/churn", "s3://results/churn/"])
def test_output_path_ends_as_it_likes(world: World, job: FakeJob, path: str) -> None:
    job.told["OutputDataConfig"] = {"S3OutputPath": path}

    assert create(world, WRITING)["Data"]["ResultUri"] == "s3://results/churn/churn/outcome.json"
    assert list(world.s3.objects) == [PLACE]


def test_result_of_a_job_whose_output_has_moved_lies_there_and_the_old_one_stays(world: World, job: FakeJob) -> None:
    create(world, WRITING)
    old = dict(world.s3.objects[PLACE])
    world.sagemaker.add_job("next", {}, request())
    world.sagemaker.complete("next").told["OutputDataConfig"] = {"S3OutputPath": "s3://elsewhere/moved/"}

    answer = update(world, WRITING | {"JobName": "next"}, WRITING)

    assert answer["Data"]["ResultUri"] == "s3://elsewhere/moved/next/outcome.json"
    assert set(world.s3.objects) == {PLACE, ("elsewhere", "moved/next/outcome.json")}
    assert world.s3.objects[PLACE] == old


@pytest.mark.parametrize("path", ["s3://results", "s3://results/"])
def test_output_path_may_be_a_whole_bucket(world: World, job: FakeJob, path: str) -> None:
    job.told["OutputDataConfig"] = {"S3OutputPath": path}

    create(world, WRITING)

    assert list(world.s3.objects) == [("results", "churn/outcome.json")]


def test_result_is_encrypted_as_the_artifacts_are(world: World, job: FakeJob) -> None:
    job.told["OutputDataConfig"] = {"S3OutputPath": "s3://results/churn/", "KmsKeyId": "arn:aws:kms:x:1:key/abc"}

    create(world, WRITING)

    assert world.s3.objects[PLACE]["ServerSideEncryption"] == "aws:kms"
    assert world.s3.objects[PLACE]["SSEKMSKeyId"] == "arn:aws:kms:x:1:key/abc"


@pytest.mark.parametrize("choice", [{}, {"WriteResult": "false"}])
def test_nothing_is_written_unless_asked_for(world: World, job: FakeJob, choice: dict[str, str]) -> None:
    answer = create(world, wanted(**choice))

    assert answer["Data"]["ResultUri"] == ""
    assert not world.s3.calls
    assert not world.sagemaker.count("ListCandidatesForAutoMLJob")


def test_more_than_a_thousand_candidates_are_all_written(world: World, job: FakeJob) -> None:
    job.candidates = [candidate(f"trial-{number}", 0.5) for number in range(1234)]

    create(world, WRITING)

    assert [one["CandidateName"] for one in written(world)["Candidates"]] == [f"trial-{n}" for n in range(1234)]
    assert world.sagemaker.count("ListCandidatesForAutoMLJob") == 5


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_metric_that_is_no_number_is_null(world: World, job: FakeJob, value: float) -> None:
    job.candidates = [candidate("trial", value)]

    create(world, WRITING)

    assert written(world)["Candidates"][0]["FinalAutoMLJobObjectiveMetric"]["Value"] is None


@pytest.mark.parametrize("text", ["列 😀", "\ud800", "\x00", '"\\'])
def test_any_text_is_written(world: World, job: FakeJob, text: str) -> None:
    job.told["FailureReason"] = text

    create(world, WRITING)

    assert written(world)["AutoMLJob"]["FailureReason"] == text


def test_result_of_a_failed_job_is_written_before_the_deployment_fails(world: World, job: FakeJob) -> None:
    world.sagemaker.fail_job("churn", "no disk")

    assert "no disk" in create(world, WRITING)["Reason"]
    assert written(world)["AutoMLJob"]["FailureReason"] == "no disk"


@pytest.mark.parametrize(("value", "told"), [("0.95", "missed: F1 is 0.9, wanted at least 0.95"), ("x", "")])
def test_result_is_written_when_the_gate_fails(world: World, job: FakeJob, value: str, told: str) -> None:
    answer = create(world, WRITING | {"Gate": {"Rule": "AtLeast", "Value": value}})

    assert answer["Status"] == "FAILED"
    assert written(world)["GateResult"] == told


@pytest.mark.parametrize(("service", "operation"), [("s3", "PutObject"), ("sagemaker", "ListCandidatesForAutoMLJob")])
def test_result_that_cannot_be_written_fails_the_deployment(
    world: World, job: FakeJob, service: str, operation: str
) -> None:
    world.services[service].fail(operation, ("AccessDenied", "no"), times=1000)

    answer = create(world, WRITING)

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == (
        "the result cannot be written to s3://results/churn/churn/outcome.json: An error occurred (AccessDenied) when "
        f"calling the {operation} operation: no"
    )


def test_result_that_cannot_be_written_hides_no_failure_of_the_job(
    world: World, job: FakeJob, capfd: pytest.CaptureFixture[str]
) -> None:
    world.sagemaker.fail_job("churn", "no disk")
    world.s3.fail("PutObject", ("NoSuchBucket", "gone"))

    assert "is Failed: no disk" in create(world, WRITING)["Reason"]
    assert "result is not written" in capfd.readouterr().out


def test_permission_that_is_not_known_everywhere_yet_is_waited_for(world: World, job: FakeJob) -> None:
    world.s3.fail("PutObject", ("AccessDenied", "s3:PutObject"), times=3)

    assert create(world, WRITING)["Status"] == "SUCCESS"


def test_output_path_outside_s3_is_refused(world: World, job: FakeJob) -> None:
    job.told["OutputDataConfig"] = {"S3OutputPath": "https://results/"}

    assert create(world, WRITING)["Reason"] == (
        "the result cannot be written: the job's output path 'https://results/' is not an s3:// address"
    )


def test_nothing_of_the_address_is_written(world: World, job: FakeJob) -> None:
    job.told["ResponseMetadata"] = {"RequestId": "x"}
    create(world, WRITING)

    assert SIGNATURE not in str(world.s3.objects)
    assert "ResponseMetadata" not in written(world)["AutoMLJob"]
