"""Jobs of every problem type over the wire, really trained, described, and served."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..account import BUCKET, JOB_ACTIONS, Account, source

pytestmark = pytest.mark.cloud

DATA = Path(__file__).parents[4] / "examples"
DEPLOYMENT = (
    "sagemaker:CreateModel", "sagemaker:CreateEndpointConfig", "sagemaker:CreateEndpoint", "sagemaker:DescribeEndpoint",
    "iam:PassRole",
)  # fmt: skip
DIGITS = ("0", "1")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with Cloud.start(tmp_path_factory.mktemp("cloud"), concurrent_jobs=4) as cloud:
        yield Account(cloud)


@pytest.fixture(scope="module")
def jobs(account: Account) -> dict[str, dict[str, Any]]:
    """A finished job of each problem type, trained side by side and deployed."""
    role = account.role("Deploying", [*JOB_ACTIONS, *DEPLOYMENT])
    names = {}
    for kind, (problem, uri, data_type) in _problems(account).items():
        request = account.request_2(
            AutoMLProblemTypeConfig={f"{kind}JobConfig": problem},
            AutoMLJobInputDataConfig=[{"DataSource": source(f"s3://{BUCKET}/{uri}", data_type)}],
            ModelDeployConfig={"AutoGenerateEndpointName": True},
            RoleArn=role,
        )
        account.sagemaker.create_auto_ml_job_v2(**request)
        names[kind] = request["AutoMLJobName"]
    return {kind: account.wait(name) for kind, name in names.items()}


def _problems(account: Account) -> dict[str, tuple[dict[str, Any], str, str]]:
    _upload(account, "texts/definitions.csv", DATA / "text_classification/data/definitions.csv")
    _upload(account, "pairs/instructions.csv", DATA / "text_generation/data/instructions.csv")
    _upload(account, "series/macro.csv", DATA / "forecasting/data/macro.csv")
    columns = {
        "TargetAttributeName": "value",
        "TimestampAttributeName": "quarter",
        "ItemIdentifierAttributeName": "series",
    }
    return {
        "TextClassification": (
            {"ContentColumn": "definition", "TargetLabelColumn": "topic"},
            "texts/",
            "S3Prefix",
        ),
        "ImageClassification": ({}, _labelled_images(account), "AugmentedManifestFile"),
        "TimeSeriesForecasting": (
            {
                "ForecastFrequency": "3M",
                "ForecastHorizon": 4,
                "TimeSeriesConfig": columns,
                "CompletionCriteria": {"MaxCandidates": 1},
            },
            "series",
            "S3Prefix",
        ),
        "TextGeneration": ({}, "pairs/", "S3Prefix"),
    }


def _labelled_images(account: Account) -> str:
    """Upload some digits, flat, and the manifest that says which is which."""
    lines = []
    for digit in DIGITS:
        for file in sorted((DATA / f"image_classification/data/digits/{digit}").iterdir()):
            _upload(account, f"flat/{file.name}", file)
            label = {"digit": 0, "digit-metadata": {"class-name": f"digit {digit}", "type": "groundtruth"}}
            lines.append(json.dumps({"source-ref": f"s3://{BUCKET}/flat/{file.name}", **label}))
    account.s3.put_object(Bucket=BUCKET, Key="images.manifest", Body="\n".join([*lines, ""]).encode())
    return "images.manifest"


def _upload(account: Account, key: str, file: Path) -> None:
    account.s3.put_object(Bucket=BUCKET, Key=key, Body=file.read_bytes())


def _invoke(account: Account, job: dict[str, Any], body: bytes, content_type: str) -> str:
    answer = account.cloud.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=job["ModelDeployResult"]["EndpointName"], Body=body, ContentType=content_type
    )
    return str(answer["Body"].read().decode())


@pytest.mark.parametrize(
    ("kind", "metric", "direction", "candidates"),
    [
        ("TextClassification", "Accuracy", "Maximize", 1),
        ("ImageClassification", "Accuracy", "Maximize", 1),
        ("TimeSeriesForecasting", "AverageWeightedQuantileLoss", "Minimize", 7),
    ],
)
def test_a_job_is_described_with_its_best_candidate(
    account: Account, jobs: dict[str, dict[str, Any]], kind: str, metric: str, direction: str, candidates: int
) -> None:
    """Time series have seven, also when MaxCandidates is 1."""
    job = jobs[kind]
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Completed", "Completed"), job
    assert job["AutoMLProblemTypeConfigName"] == kind
    assert job["ResolvedAttributes"]["AutoMLJobObjective"] == {"MetricName": metric}
    listed = account.sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=job["AutoMLJobName"])["Candidates"]
    best = job["BestCandidate"]
    assert len(listed) == candidates
    assert best in listed
    values = [one["FinalAutoMLJobObjectiveMetric"]["Value"] for one in listed]
    assert best["FinalAutoMLJobObjectiveMetric"]["Value"] == (max if direction == "Maximize" else min)(values)
    assert best["FinalAutoMLJobObjectiveMetric"]["Type"] == direction
    assert best["FinalAutoMLJobObjectiveMetric"]["StandardMetricName"] == metric
    keys = account.keys(f"out/{job['AutoMLJobName']}/")
    places = best["CandidateProperties"]["CandidateArtifactLocations"]
    other = "BacktestResults" if kind == "TimeSeriesForecasting" else "Explainability"
    assert set(places) == {"ModelInsights", other}
    models = [container["ModelDataUrl"] for one in listed for container in one["InferenceContainers"]]
    for uri in (*places.values(), *models):
        assert any(f"s3://{BUCKET}/{key}".startswith(uri) for key in keys), (uri, keys)


def test_containers_are_listed_by_processor(jobs: dict[str, dict[str, Any]]) -> None:
    for kind in ("TextClassification", "ImageClassification", "TimeSeriesForecasting"):
        best = jobs[kind]["BestCandidate"]
        assert best["InferenceContainerDefinitions"] == {"CPU": best["InferenceContainers"]}
        told = best["InferenceContainers"][0]["Environment"]
        assert ("SAGEMAKER_INFERENCE_OUTPUT" in told) == (kind != "TimeSeriesForecasting")


def test_an_endpoint_classifies_texts(account: Account, jobs: dict[str, dict[str, Any]]) -> None:
    body = b'"a large tree, with purple leaves and white flowers"\n"a cake, baked with butter and sugar"\n'
    assert _invoke(account, jobs["TextClassification"], body, "text/csv").split() == ["plant", "food"]


def test_an_endpoint_classifies_images(account: Account, jobs: dict[str, dict[str, Any]]) -> None:
    for digit in DIGITS:
        file = DATA / f"image_classification/data/digits/{digit}/{digit}-00.png"
        answer = _invoke(account, jobs["ImageClassification"], file.read_bytes(), "image/png")
        label, chance = answer.strip().split(",")
        assert label == f"digit {digit}"
        assert 0.5 < float(chance) <= 1


def test_an_endpoint_forecasts_a_history(account: Account, jobs: dict[str, dict[str, Any]]) -> None:
    body = (DATA / "forecasting/data/macro.csv").read_bytes()
    rows = list(csv.DictReader(io.StringIO(_invoke(account, jobs["TimeSeriesForecasting"], body, "text/csv"))))
    assert len(rows) == 7 * 4
    assert list(rows[0]) == ["series", "quarter", "p10", "p50", "p90", "mean"]
    assert [row["quarter"] for row in rows[:4]] == ["2009-10-01", "2010-01-01", "2010-04-01", "2010-07-01"]
    assert all(float(row["p10"]) < float(row["p50"]) < float(row["p90"]) for row in rows)


def test_text_generation_ends_with_the_plain_reason(jobs: dict[str, dict[str, Any]]) -> None:
    job = jobs["TextGeneration"]
    assert (job["AutoMLJobStatus"], job["AutoMLProblemTypeConfigName"]) == ("Failed", "TextGeneration")
    assert job["FailureReason"].startswith("This machine does not fine-tune language models")
    assert "BestCandidate" not in job
    assert job["ResolvedAttributes"] == {
        "AutoMLProblemTypeResolvedAttributes": {
            "TextGenerationResolvedAttributes": {"BaseModelName": "Falcon7BInstruct"}
        }
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            '{"source-ref": "s3://data/flat/0-00.png"}',
            "Line 1 of the augmented manifest s3://data/bad.manifest must have ",
        ),
        (
            '{"label-metadata": {"class-name": "a"}}',
            "Line 1 of the augmented manifest s3://data/bad.manifest has no sour",
        ),
        ("cat.jpg", "Line 1 of the augmented manifest s3://data/bad.manifest is no JSON"),
        ("", 'No S3 objects found under S3 URL "s3://data/bad.manifest" given in input data source.'),
    ],
)
def test_a_bad_line_of_an_augmented_manifest_is_named(
    account: Account, jobs: dict[str, dict[str, Any]], line: str, reason: str
) -> None:
    account.s3.put_object(Bucket=BUCKET, Key="bad.manifest", Body=line.encode())
    request = account.request_2(
        AutoMLProblemTypeConfig={"ImageClassificationJobConfig": {}},
        AutoMLJobInputDataConfig=[{"DataSource": source(f"s3://{BUCKET}/bad.manifest", "AugmentedManifestFile")}],
    )
    account.sagemaker.create_auto_ml_job_v2(**request)
    assert account.wait(request["AutoMLJobName"])["FailureReason"].startswith(reason)


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("folders/", "there is only one class among the training images ('only')"),
        ("folders", "there is only one class among the training images ('only')"),
        ("folders/only/", "1 training images lie in no folder that names a class: 0.png"),
        ("fold", "there is only one class among the training images ('only')"),
    ],
)
def test_the_class_of_an_image_is_its_folder_below_the_prefix(
    account: Account, jobs: dict[str, dict[str, Any]], uri: str, reason: str
) -> None:
    _upload(account, "folders/only/0.png", DATA / "image_classification/data/digits/0/0-00.png")
    request = account.request_2(
        AutoMLProblemTypeConfig={"ImageClassificationJobConfig": {}},
        AutoMLJobInputDataConfig=[{"DataSource": source(f"s3://{BUCKET}/{uri}")}],
    )
    account.sagemaker.create_auto_ml_job_v2(**request)
    assert account.wait(request["AutoMLJobName"])["FailureReason"].startswith(reason)
