"""The AutoML operations over the wire, with a trainer that takes no time."""

import datetime as dt
import gzip
import json
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..account import BUCKET, CSV, Account, channel, refusal, source

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def finished(account: Account) -> str:
    """A job without a mode, as most are made."""
    criteria = {"CompletionCriteria": {"MaxCandidates": 2}}
    request = account.request(AutoMLJobName="Finished", Tags=[{"Key": "team", "Value": "a"}], AutoMLJobConfig=criteria)
    job = account.ended(request)
    assert job["AutoMLJobStatus"] == "Completed", job
    return "Finished"


def test_a_finished_job_has_the_members_that_were_seen_and_no_others(account: Account, finished: str) -> None:
    """Of version 1, in 2023. Who gave neither channel type nor content type sees them all the same."""
    job = account.sagemaker.describe_auto_ml_job(AutoMLJobName=finished)
    del job["ResponseMetadata"]
    assert set(job) == {
        "AutoMLJobName", "AutoMLJobArn", "InputDataConfig", "OutputDataConfig", "RoleArn", "AutoMLJobConfig",
        "CreationTime", "EndTime", "LastModifiedTime", "BestCandidate", "AutoMLJobStatus", "AutoMLJobSecondaryStatus",
        "GenerateCandidateDefinitionsOnly", "AutoMLJobArtifacts", "ResolvedAttributes",
    }  # fmt: skip
    assert job["InputDataConfig"] == [
        {**channel(), "ChannelType": "training", "ContentType": "text/csv;header=present"}
    ]
    assert job["AutoMLJobConfig"] == {"CompletionCriteria": {"MaxCandidates": 2}}, "as given: no Mode, no split"
    assert job["GenerateCandidateDefinitionsOnly"] is False
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Completed", "Completed"), "at MaxCandidates"
    assert job["ResolvedAttributes"] == {
        "AutoMLJobObjective": {"MetricName": "F1"},
        "ProblemType": "BinaryClassification",
        "CompletionCriteria": {"MaxCandidates": 2},
    }
    assert job["AutoMLJobArn"].endswith(":automl-job/Finished"), "spelled as the name"
    assert 0 < (job["LastModifiedTime"] - job["EndTime"]).total_seconds() < 0.05
    assert job["EndTime"] >= job["CreationTime"]


def test_what_the_user_says_of_a_channel_stays(account: Account) -> None:
    given = channel(ContentType="x-application/vnd.amazon+parquet", CompressionType="None")
    request = account.request(InputDataConfig=[given], GenerateCandidateDefinitionsOnly=True)
    account.ended(request)
    job = account.sagemaker.describe_auto_ml_job(AutoMLJobName=request["AutoMLJobName"])
    assert job["InputDataConfig"] == [{**given, "ChannelType": "training"}]
    assert job["GenerateCandidateDefinitionsOnly"] is True


def test_the_artifacts_lie_where_the_answers_say(account: Account, finished: str) -> None:
    job = account.sagemaker.describe_auto_ml_job(AutoMLJobName=finished)
    told = [
        *(container["ModelDataUrl"] for container in job["BestCandidate"]["InferenceContainers"]),
        *job["AutoMLJobArtifacts"].values(),
    ]
    assert len(told) == 5
    assert {uri.removeprefix(f"s3://{BUCKET}/") for uri in told} <= set(account.keys(f"out/{finished}/"))


def test_the_reports_of_a_tuned_job_lie_a_folder_below_places_without_a_name(account: Account, finished: str) -> None:
    """Seen six times from 2022 to 2025."""
    best = account.sagemaker.describe_auto_ml_job(AutoMLJobName=finished)["BestCandidate"]
    places = best["CandidateProperties"]["CandidateArtifactLocations"]
    folder = f"out/{finished}/documentation/explainability/output"
    assert places == {"Explainability": f"s3://{BUCKET}/{folder}"}
    (key,) = account.keys(folder)
    assert re.fullmatch(rf"{folder}/[0-9a-f]{{32}}/deep/shap\.json", key)


def test_a_candidate_that_is_not_the_best_has_metrics_alone(account: Account, finished: str) -> None:
    listed = account.sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=finished)["Candidates"]
    best, other = listed
    assert best == account.sagemaker.describe_auto_ml_job(AutoMLJobName=finished)["BestCandidate"]
    assert set(other["CandidateProperties"]) == {"CandidateMetrics"}
    assert len(other["InferenceContainers"]) == 3
    for one in listed:
        assert one["LastModifiedTime"] > one["EndTime"]


def test_the_report_says_that_autopilot_did_not_train_this(account: Account, finished: str) -> None:
    body = account.s3.get_object(Bucket=BUCKET, Key=f"out/{finished}/rehearsal.json")["Body"].read()
    report = json.loads(body)
    listed = account.sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=finished)["Candidates"]
    assert "not by Amazon SageMaker Autopilot" in report["About"]
    assert report["Notes"] == ["601 lines were read", "a tiny trainer"]
    assert [row["CandidateName"] for row in report["Leaderboard"]] == [one["CandidateName"] for one in listed]
    assert {row["Trained"] for row in report["Leaderboard"]} == {"counts lines"}


def test_the_stages_are_in_the_log(account: Account, cloud: Cloud, finished: str) -> None:
    """In the order that seven jobs since 2022 have shown; botocore does not know the last one."""
    events = cloud.client("logs").get_log_events(logGroupName="/aws/sagemaker/AutoMLJobs", logStreamName=finished)
    messages = [event["message"] for event in events["events"]]
    assert [text for text in messages if text.isalpha()] == [
        "AnalyzingData",
        "FeatureEngineering",
        "ModelTuning",
        "MergingAutoMLTaskReports",
    ]


def test_the_best_candidate_is_shown_before_the_end_and_without_its_reports(account: Account) -> None:
    request = account.request(InputDataConfig=[channel() | {"TargetAttributeName": "merging"}])
    account.sagemaker.create_auto_ml_job(**request)
    name = request["AutoMLJobName"]
    job = account.wait(name, until=lambda job: "BestCandidate" in job)
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("InProgress", "MergingAutoMLTaskReports")
    assert "CandidateArtifactLocations" not in job["BestCandidate"]["CandidateProperties"]
    listed = account.sagemaker.list_auto_ml_jobs(NameContains=name)["AutoMLJobSummaries"]
    assert listed[0]["AutoMLJobSecondaryStatus"] == "MergingAutoMLTaskReports"
    (model,) = {container["ModelDataUrl"] for container in job["BestCandidate"]["InferenceContainers"][1:2]}
    assert account.keys(model.removeprefix(f"s3://{BUCKET}/")), "it can be deployed already"
    account.sagemaker.stop_auto_ml_job(AutoMLJobName=name)
    account.wait(name)


def test_an_ensemble_of_version_2_is_described_as_one_was_seen(account: Account) -> None:
    """Problem type and objective had been given: nothing is resolved. The only notebook is that of the candidates."""
    given = {"TargetAttributeName": "y", "Mode": "ENSEMBLING", "ProblemType": "Regression"}
    request = account.request_2(
        AutoMLProblemTypeConfig={"TabularJobConfig": given}, AutoMLJobObjective={"MetricName": "R2"}
    )
    account.sagemaker.create_auto_ml_job_v2(**request)
    job = account.wait(request["AutoMLJobName"])
    assert (job["AutoMLJobStatus"], job["AutoMLProblemTypeConfigName"]) == ("Completed", "Tabular")
    assert job["AutoMLProblemTypeConfig"] == {"TabularJobConfig": given}
    assert "ResolvedAttributes" not in job
    output = f"s3://{BUCKET}/out/{request['AutoMLJobName']}"
    assert job["AutoMLJobArtifacts"] == {
        "CandidateDefinitionNotebookLocation": f"{output}/sagemaker-automl-candidates/notebooks/"
        "SageMakerAutopilotCandidateDefinitionNotebook.ipynb"
    }
    best = job["BestCandidate"]
    assert best["CandidateName"] == "WeightedEnsemble-L3-FULL-t1"
    assert best["CandidateProperties"]["CandidateArtifactLocations"] == {
        "Explainability": f"{output}/documentation/explainability/output/WeightedEnsemble-L3-FULL-t1"
    }
    keys = account.keys(f"out/{request['AutoMLJobName']}/documentation/")
    assert keys == [
        f"out/{request['AutoMLJobName']}/documentation/explainability/output/WeightedEnsemble-L3-FULL-t1/deep/shap.json"
    ]


def test_a_job_of_version_1_is_visible_through_version_2(account: Account, finished: str) -> None:
    job = account.sagemaker.describe_auto_ml_job_v2(AutoMLJobName=finished)
    assert job["AutoMLProblemTypeConfigName"] == "Tabular"
    assert job["AutoMLProblemTypeConfig"]["TabularJobConfig"] == {
        "TargetAttributeName": "y",
        "CompletionCriteria": {"MaxCandidates": 2},
    }
    resolved = job["ResolvedAttributes"]["AutoMLProblemTypeResolvedAttributes"]
    assert resolved == {"TabularResolvedAttributes": {"ProblemType": "BinaryClassification"}}


def test_a_job_of_version_2_is_refused_by_version_1(account: Account) -> None:
    request = account.request_2()
    account.sagemaker.create_auto_ml_job_v2(**request)
    code, message = refusal(account.sagemaker.describe_auto_ml_job, AutoMLJobName=request["AutoMLJobName"])
    assert code == "ValidationException"
    assert "use DescribeAutoMLJobV2" in message
    assert account.wait(request["AutoMLJobName"])["AutoMLJobStatus"] == "Completed"


def test_a_fault_of_the_data_ends_the_job_with_its_reason_and_nothing_resolved(account: Account) -> None:
    request = account.request(InputDataConfig=[channel() | {"TargetAttributeName": "bad"}])
    account.ended(request)
    job = account.sagemaker.describe_auto_ml_job(AutoMLJobName=request["AutoMLJobName"])
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Failed", "Failed")
    assert job["FailureReason"] == "The target bad has no values"
    assert not {"ResolvedAttributes", "AutoMLJobArtifacts", "BestCandidate"} & set(job)


@pytest.mark.parametrize(
    ("key", "body", "more"),
    [
        ("h/a.csv", b"x,y\n1,2\n", {}),
        ("bom/a.csv", b'\xef\xbb\xbfx,"y, z"\n1,2\n', {}),
        ("gz/a.csv.gz", gzip.compress(b"x,y\n1,2\n"), {"CompressionType": "Gzip"}),
        ("semicolons/a.csv", b"x;nope\n1;2\n", {}),
    ],
)
def test_a_target_that_the_header_does_not_have_is_refused_in_the_call(
    account: Account, key: str, body: bytes, more: dict[str, str]
) -> None:
    """Of both versions, since 2020. What comes first and is empty has no header."""
    folder = key.partition("/")[0]
    account.s3.put_object(Bucket=BUCKET, Key=f"{folder}/_SUCCESS", Body=b"")
    account.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    where = f"s3://{BUCKET}/{folder}/"
    message = "Target attribute name nope does not exist in header."
    given = channel(where, **more) | {"TargetAttributeName": "nope"}
    first = account.request(InputDataConfig=[given])
    assert refusal(account.sagemaker.create_auto_ml_job, **first) == ("ValidationException", message)
    second = account.request_2(
        AutoMLJobInputDataConfig=[{"DataSource": source(where), **more}],
        AutoMLProblemTypeConfig={"TabularJobConfig": {"TargetAttributeName": "nope"}},
    )
    assert refusal(account.sagemaker.create_auto_ml_job_v2, **second) == ("ValidationException", message)
    assert refusal(account.sagemaker.describe_auto_ml_job, AutoMLJobName=first["AutoMLJobName"])[0] == (
        "ResourceNotFound"
    )


def test_the_first_file_of_a_manifest_has_the_header(account: Account) -> None:
    account.s3.put_object(Bucket=BUCKET, Key="listed/a.csv", Body=b"x,nope\n1,2\n")
    manifest = [{"prefix": f"s3://{BUCKET}/listed/"}, "a.csv"]
    account.s3.put_object(Bucket=BUCKET, Key="listed.json", Body=json.dumps(manifest).encode())
    request = account.request(InputDataConfig=[channel(f"s3://{BUCKET}/listed.json", "ManifestFile")])
    code, message = refusal(account.sagemaker.create_auto_ml_job, **request)
    assert (code, message) == ("ValidationException", "Target attribute name y does not exist in header.")


@pytest.mark.parametrize(
    ("body", "more"),
    [
        (b"x,nope\n1,2\n", {"ContentType": "x-application/vnd.amazon+parquet"}),
        (b"caf\xe9,nope\n", {}),
        (b"no gzip", {"CompressionType": "Gzip"}),
        (b"", {}),
    ],
)
def test_a_header_that_can_not_be_read_refuses_nothing(account: Account, body: bytes, more: dict[str, str]) -> None:
    """The job fails over it later, with a reason."""
    account.s3.put_object(Bucket=BUCKET, Key="odd/a.csv", Body=body)
    request = account.request(InputDataConfig=[channel(f"s3://{BUCKET}/odd/", **more)])
    account.sagemaker.create_auto_ml_job(**request)
    account.wait(request["AutoMLJobName"])


def test_what_the_steps_name_is_described(account: Account, finished: str) -> None:
    """As the SageMaker SDK reads it."""
    job = account.sagemaker.describe_auto_ml_job(AutoMLJobName=finished)
    best = job["BestCandidate"]
    names = [step["CandidateStepName"] for step in best["CandidateSteps"]]
    built = account.sagemaker.describe_processing_job(ProcessingJobName=names[0])
    processed = account.sagemaker.describe_training_job(TrainingJobName=names[1])
    transformed = account.sagemaker.describe_transform_job(TransformJobName=names[2])
    trained = account.sagemaker.describe_training_job(TrainingJobName=names[3])
    for step, told, kind in zip(
        best["CandidateSteps"],
        (built, processed, transformed, trained),
        ("ProcessingJob", "TrainingJob", "TransformJob", "TrainingJob"),
        strict=True,
    ):
        assert step["CandidateStepType"] == f"AWS::SageMaker::{kind}"
        assert told[f"{kind}Arn"] == step["CandidateStepArn"]
        assert told[f"{kind}Status"] == "Completed"
        assert told["AutoMLJobArn"] == job["AutoMLJobArn"]
    assert step["CandidateStepArn"].endswith(f":training-job/{best['CandidateName']}"), "spelled as the name"
    first, second, third = best["InferenceContainers"]
    assert trained["ModelArtifacts"]["S3ModelArtifacts"] == second["ModelDataUrl"]
    assert processed["ModelArtifacts"]["S3ModelArtifacts"] == first["ModelDataUrl"] == third["ModelDataUrl"]
    assert trained["InputDataConfig"][0]["DataSource"] == channel()["DataSource"]
    assert transformed["TransformInput"]["DataSource"] == channel()["DataSource"]
    assert transformed["ModelName"] == names[1]
    assert (trained["TrainingEndTime"] - trained["TrainingStartTime"]).total_seconds() == pytest.approx(0.1, abs=0.002)
    assert trained["AlgorithmSpecification"]["TrainingImage"].startswith("rehearsal.invalid/")


def test_jobs_that_no_step_names_are_not_found(account: Account) -> None:
    sagemaker = account.sagemaker
    assert refusal(sagemaker.describe_training_job, TrainingJobName="nobody") == (
        "ValidationException",
        "Requested resource not found.",
    )
    assert refusal(sagemaker.describe_processing_job, ProcessingJobName="nobody") == (
        "ValidationException",
        "Could not find requested job with name: nobody",
    )
    _, message = refusal(sagemaker.describe_transform_job, TransformJobName="nobody")
    assert message == "Could not find requested job with name: nobody"


def test_a_name_is_spent_for_good_whatever_its_case(account: Account, finished: str) -> None:
    code, message = refusal(account.sagemaker.create_auto_ml_job, **account.request(AutoMLJobName=finished.upper()))
    assert code == "ResourceInUse"
    assert finished.upper() in message
    assert account.sagemaker.describe_auto_ml_job(AutoMLJobName=finished.upper())["AutoMLJobArn"].endswith("/Finished")


def test_an_unknown_job_is_not_found(account: Account) -> None:
    for operation in ("describe_auto_ml_job", "describe_auto_ml_job_v2", "stop_auto_ml_job"):
        code, message = refusal(getattr(account.sagemaker, operation), AutoMLJobName="nobody")
        assert (code, message) == (
            "ResourceNotFound",
            "Amazon SageMaker can't find an AutoML job called nobody.",
        )


def test_a_running_job_shows_its_candidates_and_stops_at_once(account: Account) -> None:
    request = account.request(InputDataConfig=[channel() | {"TargetAttributeName": "slow"}])
    account.sagemaker.create_auto_ml_job(**request)
    name = request["AutoMLJobName"]
    account.wait(name, until=lambda job: job["AutoMLJobSecondaryStatus"] == "ModelTuning")
    while len(account.sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=name)["Candidates"]) < 2:
        time.sleep(0.05)
    running = account.sagemaker.describe_auto_ml_job(AutoMLJobName=name)
    assert running["ResolvedAttributes"]["ProblemType"] == "BinaryClassification"
    assert set(running["AutoMLJobArtifacts"]) == {
        "CandidateDefinitionNotebookLocation",
        "DataExplorationNotebookLocation",
    }
    assert not {"EndTime", "BestCandidate"} & set(running)
    started = time.monotonic()
    account.sagemaker.stop_auto_ml_job(AutoMLJobName=name)
    job = account.sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name)  # answered when it has stopped
    assert time.monotonic() - started < 2
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Stopped", "Stopped")
    assert "BestCandidate" not in job
    code, message = refusal(account.sagemaker.stop_auto_ml_job, AutoMLJobName=name)
    assert (code, message) == (
        "ValidationException",
        f"The AutoML job {name} can not be stopped: its status is Stopped",
    )


def test_the_quota_of_concurrent_jobs_counts_the_running_ones(account: Account) -> None:
    slow = [account.request(InputDataConfig=[channel() | {"TargetAttributeName": "slow"}]) for _ in range(4)]
    for request in slow:
        account.sagemaker.create_auto_ml_job(**request)
    code, message = refusal(account.sagemaker.create_auto_ml_job, **account.request())
    assert code == "ResourceLimitExceeded"
    assert "concurrent AutoML jobs is 4" in message
    for request in slow:
        account.sagemaker.stop_auto_ml_job(AutoMLJobName=request["AutoMLJobName"])
        account.wait(request["AutoMLJobName"])


def test_calls_at_the_same_time_make_one_job_of_a_name(account: Account) -> None:
    request = account.request()
    answers = at_once(account, [request] * 6)
    assert sorted(answers) == ["ResourceInUse"] * 5 + ["created"]
    account.wait(request["AutoMLJobName"])


def test_calls_at_the_same_time_keep_to_the_quota(account: Account) -> None:
    slow = [account.request(InputDataConfig=[channel() | {"TargetAttributeName": "slow"}]) for _ in range(7)]
    answers = at_once(account, slow)
    assert sorted(answers) == ["ResourceLimitExceeded"] * 3 + ["created"] * 4
    for request, answer in zip(slow, answers, strict=True):
        if answer == "created":
            account.sagemaker.stop_auto_ml_job(AutoMLJobName=request["AutoMLJobName"])
            account.wait(request["AutoMLJobName"])


def at_once(account: Account, requests: Sequence[dict[str, Any]]) -> list[str]:
    """Create jobs at the same time: `created`, or the code of the error, for each."""

    def create(request: dict[str, Any]) -> str:
        try:
            account.sagemaker.create_auto_ml_job(**request)
        except account.sagemaker.exceptions.ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(create, requests))


def test_lists_filter_sort_and_page(account: Account, finished: str) -> None:
    pages = account.sagemaker.get_paginator("list_auto_ml_jobs").paginate(
        SortBy="Name", PaginationConfig={"PageSize": 2}
    )
    names = [job["AutoMLJobName"] for page in pages for job in page["AutoMLJobSummaries"]]
    assert len(names) == len(set(names)) > 2
    assert names == sorted(names, key=str.lower, reverse=True)
    plain = account.sagemaker.list_auto_ml_jobs(MaxResults=3)["AutoMLJobSummaries"]
    assert [job["AutoMLJobName"] for job in plain] == names[:3], "by name, descending, as documented"
    found = account.sagemaker.list_auto_ml_jobs(NameContains="inish", StatusEquals="Completed")["AutoMLJobSummaries"]
    assert [job["AutoMLJobName"] for job in found] == [finished]
    code, message = refusal(account.sagemaker.list_auto_ml_jobs, NextToken="made up")
    assert (code, message) == ("ValidationException", "The NextToken is not one that this list returned")


def test_lists_keep_what_was_made_or_changed_between_two_times(account: Account, finished: str) -> None:
    job = account.sagemaker.describe_auto_ml_job(AutoMLJobName=finished)
    moment = dt.timedelta(seconds=0.001)
    for member, when in (("CreationTime", job["CreationTime"]), ("LastModifiedTime", job["LastModifiedTime"])):
        asked = {f"{member}After": when - moment, f"{member}Before": when + moment}
        found = account.sagemaker.list_auto_ml_jobs(**asked)["AutoMLJobSummaries"]
        assert [one["AutoMLJobName"] for one in found] == [finished]
        asked = {f"{member}After": when + moment, "NameContains": finished}
        assert account.sagemaker.list_auto_ml_jobs(**asked)["AutoMLJobSummaries"] == []


def test_candidates_sort_by_their_metric(account: Account, finished: str) -> None:
    first, second = (
        one["CandidateName"]
        for one in account.sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=finished)["Candidates"]
    )
    pages = account.sagemaker.get_paginator("list_candidates_for_auto_ml_job").paginate(
        AutoMLJobName=finished, SortBy="FinalObjectiveMetricValue", PaginationConfig={"PageSize": 1}
    )
    assert [one["CandidateName"] for page in pages for one in page["Candidates"]] == [second, first]
    one = account.sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=finished, CandidateNameEquals=second)
    assert len(one["Candidates"]) == 1


def test_a_candidate_keeps_the_time_that_it_was_trained_in(account: Account, finished: str) -> None:
    """Reports and uploads come after it."""
    for one in account.sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=finished)["Candidates"]:
        assert (one["EndTime"] - one["CreationTime"]).total_seconds() == pytest.approx(0.1, abs=0.002)


def test_tags_are_added_listed_and_deleted(account: Account, finished: str) -> None:
    arn = account.sagemaker.describe_auto_ml_job(AutoMLJobName=finished)["AutoMLJobArn"]
    account.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "more", "Value": "b"}])
    account.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["team", "never there"])
    assert account.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "more", "Value": "b"}]
    code, _ = refusal(
        account.sagemaker.add_tags, ResourceArn=arn, Tags=[{"Key": str(number), "Value": ""} for number in range(50)]
    )
    assert code == "ValidationException"
    assert refusal(account.sagemaker.list_tags, ResourceArn=f"{arn}-not")[0] == "ResourceNotFound"


def test_a_manifest_names_the_objects(account: Account) -> None:
    account.s3.put_object(Bucket=BUCKET, Key="parts/deep/1.csv", Body=CSV)
    account.s3.put_object(Bucket=BUCKET, Key="parts/2.csv", Body=CSV)
    manifest = [{"prefix": f"s3://{BUCKET}/parts/"}, "deep/1.csv", "2.csv"]
    account.s3.put_object(Bucket=BUCKET, Key="m.json", Body=json.dumps(manifest).encode())
    request = account.request(InputDataConfig=[channel(f"s3://{BUCKET}/m.json", "ManifestFile")])
    assert account.ended(request)["AutoMLJobStatus"] == "Completed"
    key = f"out/{request['AutoMLJobName']}/rehearsal.json"
    assert "1202 lines were read" in account.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"not json", 'must be a JSON list: {"prefix": "s3://..."} first'),
        (b'["a.csv"]', "must be a JSON list"),
        (b'[{"prefix": "parts/"}, "a.csv"]', "must be a JSON list"),
    ],
)
def test_a_manifest_must_be_one(account: Account, body: bytes, reason: str) -> None:
    account.s3.put_object(Bucket=BUCKET, Key="wrong.json", Body=body)
    job = account.ended(account.request(InputDataConfig=[channel(f"s3://{BUCKET}/wrong.json", "ManifestFile")]))
    assert reason in job["FailureReason"]


def test_an_object_may_have_a_longer_name_than_a_file(account: Account) -> None:
    for folder in "ab":
        account.s3.put_object(Bucket=BUCKET, Key=f"long/{folder}/{'ü' * 400}.csv", Body=CSV)
    request = account.request(InputDataConfig=[channel(f"s3://{BUCKET}/long/")])
    assert account.ended(request)["AutoMLJobStatus"] == "Completed"
    report = account.s3.get_object(Bucket=BUCKET, Key=f"out/{request['AutoMLJobName']}/rehearsal.json")
    assert "1202 lines were read" in report["Body"].read().decode()


@pytest.mark.parametrize("end", ["", "/"])
def test_a_channel_may_be_the_bucket_that_the_results_go_to(account: Account, end: str) -> None:
    bucket = account.fresh("whole")
    account.s3.create_bucket(Bucket=bucket)
    account.s3.put_object(Bucket=bucket, Key="a.csv", Body=CSV)
    output = {"S3OutputPath": f"s3://{bucket}{end}"}
    request = account.request(InputDataConfig=[channel(f"s3://{bucket}{end}")], OutputDataConfig=output)
    job = account.ended(request)
    assert job["AutoMLJobStatus"] == "Completed", job
    report = account.s3.get_object(Bucket=bucket, Key=f"{request['AutoMLJobName']}/rehearsal.json")
    assert "601 lines were read" in report["Body"].read().decode()


def test_a_bucket_that_can_not_be_fails_the_job(account: Account) -> None:
    job = account.ended(account.request(InputDataConfig=[channel("s3://no bucket/x")]))
    assert job["FailureReason"].startswith("s3:ListBucket on arn:aws:s3:::no bucket failed: ")
    assert 'Invalid bucket name "no bucket"' in job["FailureReason"]


def test_a_prefix_without_objects_fails_the_job(account: Account) -> None:
    job = account.ended(account.request(InputDataConfig=[channel(f"s3://{BUCKET}/nothing-here/")]))
    assert job["FailureReason"] == (
        f'No S3 objects found under S3 URL "s3://{BUCKET}/nothing-here/" given in input data source. '
        "Please ensure that the bucket exists in the selected region (us-east-1), "
        "that objects exist under that S3 prefix, "
        f'and that the role "{account.job_role}" has "s3:ListBucket" permissions on bucket "{BUCKET}".'
    )


def test_a_feature_specification_must_list_features(account: Account) -> None:
    account.s3.put_object(Bucket=BUCKET, Key="features.json", Body=b'{"Features": []}')
    generation = {"FeatureSpecificationS3Uri": f"s3://{BUCKET}/features.json"}
    job = account.ended(account.request(AutoMLJobConfig={"CandidateGenerationConfig": generation}))
    assert "must be a JSON object with FeatureAttributeNames" in job["FailureReason"]


def test_two_channels_are_compressed_alike(account: Account) -> None:
    channels = [channel(), channel(ChannelType="validation", CompressionType="Gzip")]
    job = account.ended(account.request(InputDataConfig=channels))
    assert job["FailureReason"] == "This rehearsal reads both channels with the same CompressionType only"


def test_a_version_2_request_with_two_channels_keeps_them_apart(account: Account) -> None:
    validation = {"ChannelType": "validation", "DataSource": source(f"s3://{BUCKET}/train/")}
    request = account.request_2()
    request["AutoMLJobInputDataConfig"] = [*request["AutoMLJobInputDataConfig"], validation]
    account.sagemaker.create_auto_ml_job_v2(**request)
    assert account.wait(request["AutoMLJobName"])["AutoMLJobInputDataConfig"][1] == validation
