"""The sagemaker SDK for Python, version 2, unchanged against the embedded AWS."""

import pytest

from .conftest import BUCKET, Clients

pytestmark = pytest.mark.clients


def test_automl_fits_attaches_and_deploys(clients: Clients) -> None:
    told = clients.script("automl_v1.py")
    source = told["job"]["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    best = told["best"]
    assert told["job"]["AutoMLJobStatus"] == "Completed"
    assert source.startswith("s3://sdk-session/auto-ml-input-data/")
    assert told["tags"] == [{"Key": "team", "Value": "blue"}]
    assert best["FinalAutoMLJobObjectiveMetric"]["MetricName"] == "AUC"
    assert 0.8 < best["FinalAutoMLJobObjectiveMetric"]["Value"] <= 1
    assert len(told["candidates"]) == 2
    assert told["candidates"][0]["CandidateName"] == best["CandidateName"]
    assert [row[0] for row in told["predictions"]] == ["yes", "no"]
    assert all(0.5 < float(row[1]) <= 1 for row in told["predictions"])


def test_automl_v2_fits_and_attaches(clients: Clients) -> None:
    told = clients.script("automl_v2.py")
    best = told["best"]
    assert told["job"]["AutoMLProblemTypeConfigName"] == "Tabular"
    assert told["job"]["AutoMLJobStatus"] == "Completed"
    assert told["target"] == "bought"
    assert best["FinalAutoMLJobObjectiveMetric"]["StandardMetricName"] == "F1"
    assert len(best["InferenceContainers"]) == 3, "as AWS's own canaries expect of a classification without a mode"
    assert len(best["CandidateSteps"]) == 4
    assert told["steps"] == [
        ["TrainingJob", "Completed", True],
        ["TransformJob", "Completed", True],
        ["TrainingJob", "Completed", True],
    ]
    assert best["InferenceContainers"][0]["ModelDataUrl"].startswith(f"s3://{BUCKET}/sdk/sdk-v2/")
    assert best["CandidateName"] in [one["CandidateName"] for one in told["candidates"]]
