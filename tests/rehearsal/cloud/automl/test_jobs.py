"""The AutoML operations over the wire, with a trainer that takes no time."""

import json
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
    job = account.ended(account.request(AutoMLJobName="Finished", Tags=[{"Key": "team", "Value": "a"}]))
    assert job["AutoMLJobStatus"] == "Completed", job
    return "Finished"


def test_a_finished_job_is_described_with_its_best_candidate(account: Account, finished: str) -> None:
    job = account.sagemaker.describe_auto_ml_job(AutoMLJobName=finished)
    best = job["BestCandidate"]
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Completed", "Completed")
    assert best["FinalAutoMLJobObjectiveMetric"] == {
        "Type": "Maximize",
        "MetricName": "F1",
        "StandardMetricName": "F1",
        "Value": 1.0,
    }
    assert best["CandidateProperties"]["CandidateMetrics"] == [
        {"MetricName": "F1", "StandardMetricName": "F1", "Value": 1.0, "Set": "Validation"},
        {"StandardMetricName": "LogLoss", "Value": 0.5, "Set": "Validation"},
    ]
    assert best["InferenceContainers"][0]["Image"].startswith("rehearsal.invalid/")
    assert job["ResolvedAttributes"] == {
        "AutoMLJobObjective": {"MetricName": "F1"},
        "ProblemType": "BinaryClassification",
    }
    assert job["EndTime"] >= job["CreationTime"]


def test_the_artifacts_lie_where_the_answers_say(account: Account, finished: str) -> None:
    job = account.sagemaker.describe_auto_ml_job(AutoMLJobName=finished)
    keys = account.keys(f"out/{finished}/")
    told = [
        job["BestCandidate"]["InferenceContainers"][0]["ModelDataUrl"],
        job["BestCandidate"]["CandidateProperties"]["CandidateArtifactLocations"]["Explainability"],
        job["AutoMLJobArtifacts"]["DataExplorationNotebookLocation"],
    ]
    for uri in told:
        assert any(f"s3://{BUCKET}/{key}".startswith(uri) for key in keys), (uri, keys)


def test_the_report_says_that_autopilot_did_not_train_this(account: Account, finished: str) -> None:
    body = account.s3.get_object(Bucket=BUCKET, Key=f"out/{finished}/rehearsal.json")["Body"].read()
    report = json.loads(body)
    assert "not by Amazon SageMaker Autopilot" in report["About"]
    assert report["Notes"] == ["601 lines were read", "a tiny trainer"]
    assert [row["CandidateName"] for row in report["Leaderboard"]] == ["tiny-1", "tiny-2"]


def test_the_stages_are_in_the_log(account: Account, cloud: Cloud, finished: str) -> None:
    events = cloud.client("logs").get_log_events(logGroupName="/aws/sagemaker/AutoMLJobs", logStreamName=finished)
    messages = [event["message"] for event in events["events"]]
    assert [text for text in messages if text.isalpha()] == ["AnalyzingData", "FeatureEngineering", "ModelTuning"]


def test_a_job_of_version_1_is_visible_through_version_2(account: Account, finished: str) -> None:
    job = account.sagemaker.describe_auto_ml_job_v2(AutoMLJobName=finished)
    assert job["AutoMLProblemTypeConfigName"] == "Tabular"
    assert job["AutoMLProblemTypeConfig"]["TabularJobConfig"] == {"TargetAttributeName": "y"}
    resolved = job["ResolvedAttributes"]["AutoMLProblemTypeResolvedAttributes"]
    assert resolved == {"TabularResolvedAttributes": {"ProblemType": "BinaryClassification"}}


def test_a_job_of_version_2_is_refused_by_version_1(account: Account) -> None:
    request = account.request_2()
    account.sagemaker.create_auto_ml_job_v2(**request)
    code, message = refusal(account.sagemaker.describe_auto_ml_job, AutoMLJobName=request["AutoMLJobName"])
    assert code == "ValidationException"
    assert "use DescribeAutoMLJobV2" in message
    assert account.wait(request["AutoMLJobName"])["AutoMLJobStatus"] == "Completed"


def test_a_fault_of_the_data_ends_the_job_with_its_reason(account: Account) -> None:
    job = account.ended(account.request(InputDataConfig=[channel() | {"TargetAttributeName": "nope"}]))
    assert job["AutoMLJobStatus"] == "Failed"
    assert job["FailureReason"] == "The target nope is not a column of the data"


def test_a_name_is_spent_for_good_whatever_its_case(account: Account, finished: str) -> None:
    code, message = refusal(account.sagemaker.create_auto_ml_job, **account.request(AutoMLJobName=finished.upper()))
    assert code == "ResourceInUse"
    assert finished.upper() in message
    assert account.sagemaker.describe_auto_ml_job(AutoMLJobName=finished.upper())["AutoMLJobArn"].endswith("/finished")


def test_an_unknown_job_is_not_found(account: Account) -> None:
    for operation in ("describe_auto_ml_job", "describe_auto_ml_job_v2", "stop_auto_ml_job"):
        code, message = refusal(getattr(account.sagemaker, operation), AutoMLJobName="nobody")
        assert (code, message) == ("ResourceNotFound", "Could not find an AutoML job with the name nobody")


def test_a_running_job_shows_its_candidates_and_stops_at_once(account: Account) -> None:
    request = account.request(InputDataConfig=[channel() | {"TargetAttributeName": "slow"}])
    account.sagemaker.create_auto_ml_job(**request)
    name = request["AutoMLJobName"]
    account.wait(name, until=lambda job: job["AutoMLJobSecondaryStatus"] == "ModelTuning")
    while len(account.sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=name)["Candidates"]) < 2:
        time.sleep(0.05)
    started = time.monotonic()
    account.sagemaker.stop_auto_ml_job(AutoMLJobName=name)
    job = account.wait(name)
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
    found = account.sagemaker.list_auto_ml_jobs(NameContains="inish", StatusEquals="Completed")["AutoMLJobSummaries"]
    assert [job["AutoMLJobName"] for job in found] == [finished]
    code, message = refusal(account.sagemaker.list_auto_ml_jobs, NextToken="made up")
    assert (code, message) == ("ValidationException", "The NextToken is not one that this list returned")


def test_candidates_sort_by_their_metric(account: Account, finished: str) -> None:
    pages = account.sagemaker.get_paginator("list_candidates_for_auto_ml_job").paginate(
        AutoMLJobName=finished, SortBy="FinalObjectiveMetricValue", PaginationConfig={"PageSize": 1}
    )
    assert [one["CandidateName"] for page in pages for one in page["Candidates"]] == ["tiny-2", "tiny-1"]
    one = account.sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=finished, CandidateNameEquals="tiny-2")
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
    assert (
        job["FailureReason"]
        == f"There are no objects under s3://{BUCKET}/nothing-here/, and a channel needs at least one"
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
