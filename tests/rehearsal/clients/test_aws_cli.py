"""The aws CLI, unchanged against the embedded AWS."""

import json
import time
from typing import Any

import pytest

from .conftest import BUCKET, Clients

pytestmark = pytest.mark.clients
S3_SOURCE = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/train/"}}


@pytest.fixture(scope="module")
def finished(clients: Clients) -> Any:
    """A job of the first version that has deployed its best candidate, as `describe-auto-ml-job` shows it."""
    request = {
        "AutoMLJobName": "cli-v1",
        "InputDataConfig": [{"DataSource": S3_SOURCE, "TargetAttributeName": "bought"}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/cli/"},
        "ProblemType": "BinaryClassification",
        "AutoMLJobObjective": {"MetricName": "F1"},
        "AutoMLJobConfig": {"Mode": "ENSEMBLING", "CompletionCriteria": {"MaxCandidates": 3}},
        "RoleArn": clients.role,
        "ModelDeployConfig": {"EndpointName": "cli-endpoint"},
        "Tags": [{"Key": "team", "Value": "red"}],
    }
    created = clients.aws("sagemaker", "create-auto-ml-job", "--cli-input-json", json.dumps(request))
    job = ended(clients, "describe-auto-ml-job", "cli-v1")
    assert job["AutoMLJobArn"] == created["AutoMLJobArn"]
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Completed", "Completed"), job
    return job


def ended(clients: Clients, describe: str, name: str) -> Any:
    """Describe a job until it has ended."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        job = clients.aws("sagemaker", describe, "--auto-ml-job-name", name)
        if job["AutoMLJobStatus"] not in ("InProgress", "Stopping"):
            return job
        time.sleep(0.3)
    raise AssertionError(f"{name} is still {job['AutoMLJobStatus']}: {job['AutoMLJobSecondaryStatus']}")


def test_a_job_is_created_and_described(finished: Any) -> None:
    assert finished["InputDataConfig"][0]["TargetAttributeName"] == "bought"
    assert finished["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]["Value"] > 0.8
    assert finished["ModelDeployResult"]["EndpointName"] == "cli-endpoint"


def test_the_one_click_endpoint_predicts(clients: Clients, finished: Any) -> None:
    (clients.folder / "asked.csv").write_text("20,plus\n0,basic\n")
    answer = clients.folder / "answer.csv"
    told = clients.aws(
        *("sagemaker-runtime", "invoke-endpoint", "--endpoint-name", finished["ModelDeployResult"]["EndpointName"]),
        *("--content-type", "text/csv", "--accept", "text/csv", "--body", "fileb://asked.csv", str(answer)),
    )
    assert answer.read_text().split() == ["yes", "no"]
    assert told == {"ContentType": "text/csv", "InvokedProductionVariant": "AllTraffic"}


def test_candidates_come_in_pages(clients: Clients, finished: Any) -> None:
    listing = ["sagemaker", "list-candidates-for-auto-ml-job", "--auto-ml-job-name", finished["AutoMLJobName"]]
    every = clients.aws(*listing, "--page-size", "1")["Candidates"]
    assert len({candidate["CandidateName"] for candidate in every}) == 3
    first = clients.aws(*listing, "--max-items", "1")
    second = clients.aws(*listing, "--max-items", "1", "--starting-token", first["NextToken"])
    assert [first["Candidates"][0], second["Candidates"][0]] == every[:2]


def test_tags_are_added_listed_and_deleted(clients: Clients, finished: Any) -> None:
    arn = finished["AutoMLJobArn"]
    clients.aws("sagemaker", "add-tags", "--resource-arn", arn, "--tags", "Key=cost,Value=7")
    clients.aws("sagemaker", "delete-tags", "--resource-arn", arn, "--tag-keys", "team")
    assert clients.aws("sagemaker", "list-tags", "--resource-arn", arn) == {"Tags": [{"Key": "cost", "Value": "7"}]}


def test_a_job_of_version_2_is_created_described_listed_and_stopped(clients: Clients) -> None:
    clients.aws(
        *("sagemaker", "create-auto-ml-job-v2", "--auto-ml-job-name", "cli-v2", "--role-arn", clients.role),
        *("--output-data-config", f"S3OutputPath=s3://{BUCKET}/cli/"),
        *("--auto-ml-job-input-data-config", json.dumps([{"ChannelType": "training", "DataSource": S3_SOURCE}])),
        *("--auto-ml-problem-type-config", json.dumps({"TabularJobConfig": {"TargetAttributeName": "bought"}})),
    )
    clients.aws("sagemaker", "stop-auto-ml-job", "--auto-ml-job-name", "cli-v2")
    job = ended(clients, "describe-auto-ml-job-v2", "cli-v2")
    assert (job["AutoMLJobStatus"], job["AutoMLProblemTypeConfigName"]) == ("Stopped", "Tabular")
    listed = clients.aws("sagemaker", "list-auto-ml-jobs", "--name-contains", "cli-v2")["AutoMLJobSummaries"]
    assert [(one["AutoMLJobName"], one["AutoMLJobStatus"]) for one in listed] == [("cli-v2", "Stopped")]


def test_refusals_read_as_on_aws(clients: Clients, finished: Any) -> None:
    request = {
        "AutoMLJobName": finished["AutoMLJobName"],
        "InputDataConfig": [{"DataSource": S3_SOURCE, "TargetAttributeName": "bought"}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/cli/"},
        "RoleArn": clients.role,
    }
    create = ["sagemaker", "create-auto-ml-job", "--cli-input-json"]
    assert "An error occurred (ResourceInUse) when calling the CreateAutoMLJob operation" in clients.refusal(
        *create, json.dumps(request)
    )
    wrong = clients.refusal(*create, json.dumps({**request, "AutoMLJobName": "under_score"}))
    assert "(ValidationException)" in wrong
    assert "Value 'under_score' at 'autoMLJobName' failed to satisfy constraint" in wrong
    missing = clients.refusal("sagemaker", "describe-auto-ml-job", "--auto-ml-job-name", "nobody")
    assert (
        "An error occurred (ResourceNotFound) when calling the DescribeAutoMLJob operation: "
        "Amazon SageMaker can't find an AutoML job called nobody."
    ) in missing
    nowhere = [{"DataSource": S3_SOURCE, "TargetAttributeName": "sold"}]
    other = clients.refusal(*create, json.dumps({**request, "AutoMLJobName": "cli-other", "InputDataConfig": nowhere}))
    assert "(ValidationException)" in other
    assert "Target attribute name sold does not exist in header." in other
    ended_already = clients.refusal("sagemaker", "stop-auto-ml-job", "--auto-ml-job-name", finished["AutoMLJobName"])
    assert "can not be stopped: its status is Completed" in ended_already
