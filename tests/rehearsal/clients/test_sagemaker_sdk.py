"""The sagemaker SDK for Python, version 2, unchanged against the embedded AWS."""

import re

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


def test_each_container_of_a_pipeline_alone_does_its_part_and_no_more(clients: Clients) -> None:
    told = clients.script("containers.py")
    assert told["modes"] == ["feature-transform", None, "inverse-label-transform"]
    in_csv = [[float(value) for value in line.split(",")] for line in told["features_in_csv"].split()]
    assert [row == pytest.approx(told["features"][at], rel=1e-5) for at, row in enumerate(in_csv)] == [True] * 3
    assert len({len(row) for row in in_csv}) == 1
    assert len(in_csv[0]) >= 2, "features, no label"
    assert len(told["learned"].split()) == 3
    assert re.fullmatch(r"[-0-9.e,\s]+", told["learned"]), "the algorithm knows classes by number alone"
    assert told["labels"].split() == ["yes", "no", "yes"]
    assert told["whole"] == told["labels"]
