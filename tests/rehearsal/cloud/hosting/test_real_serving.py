"""Candidates that were really trained, in service: true predictions with the keys that were asked for."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud
from constructs_lib.rehearsal.cloud.store import TERMINAL

from ..account import BUCKET, Account, channel
from ..automl.test_real_training import TARGET, as_csv, rows
from .endpoints import config, created, settled, until, updated

pytestmark = [pytest.mark.cloud, pytest.mark.training]

KEYS = ("predicted_label", "probability", "probabilities", "labels")
ASKED = b"20,b\n0,b\n"
TRUE = ["ja", "nein"]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with Cloud.start(tmp_path_factory.mktemp("cloud")) as cloud:
        made = Account(cloud)
        made.s3.put_object(Bucket=BUCKET, Key="real/a.csv", Body=as_csv(rows(600)))
        yield made


@pytest.fixture(scope="module", params=["ENSEMBLING", "HYPERPARAMETER_TUNING"])
def containers(account: Account, request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """The inference containers of a candidate of each mode."""
    mode = {"Mode": request.param, "CompletionCriteria": {"MaxCandidates": 1}}
    data = [{**channel(f"s3://{BUCKET}/real/"), "TargetAttributeName": TARGET}]
    job = account.ended(account.request(InputDataConfig=data, AutoMLJobConfig=mode))
    assert job["AutoMLJobStatus"] == "Completed", job
    found: list[dict[str, Any]] = job["BestCandidate"]["InferenceContainers"]
    return found


def answering_with(containers: Sequence[dict[str, Any]], *keys: str) -> list[dict[str, Any]]:
    """The containers told to answer with these keys, as AWS's page on them says."""
    changed = [{**container, "Environment": {**container.get("Environment", {})}} for container in containers]
    algorithm = ",".join(key for key in keys if key != "labels")
    for container in changed[1:2]:
        container["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] = algorithm
    for container in changed[2:]:
        container["Environment"]["SAGEMAKER_INFERENCE_INPUT"] = algorithm
    changed[-1]["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] = ",".join(keys)
    return changed


def model(account: Account, containers: Sequence[dict[str, Any]]) -> str:
    name = account.fresh("real")
    account.sagemaker.create_model(ModelName=name, ExecutionRoleArn=account.job_role, Containers=containers)
    return name


def test_an_endpoint_answers_with_true_predictions_and_the_keys_asked_for(
    account: Account, containers: list[dict[str, Any]]
) -> None:
    endpoint = created(account, config(account, model(account, answering_with(containers, *KEYS))))
    runtime = account.cloud.client("sagemaker-runtime")

    def ask(body: bytes, content_type: str, accept: str) -> str:
        answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType=content_type, Accept=accept)
        assert answer["ContentType"] == accept
        return str(answer["Body"].read().decode())

    in_json = json.loads(ask(ASKED, "text/csv", "application/json"))["predictions"]
    assert [list(row) for row in in_json] == [list(KEYS)] * 2
    assert [row["predicted_label"] for row in in_json] == TRUE
    is_text = len(containers) == 1  # so the container of an ensemble was seen to answer
    assert [row["labels"] for row in in_json] == ["['ja', 'nein']" if is_text else ["ja", "nein"]] * 2
    chances = [json.loads(row["probabilities"]) if is_text else row["probabilities"] for row in in_json]
    assert all(sum(row) == pytest.approx(1) for row in chances)
    in_csv = list(csv.reader(io.StringIO(ask(ASKED, "text/csv", "text/csv"))))
    assert [row[0] for row in in_csv] == TRUE
    assert [float(row[1]) for row in in_csv] == [row["probability"] for row in in_json]
    asked = json.dumps({"instances": [["20", "b"], {"größe, cm": 0, "名前": "b"}]}).encode()
    assert json.loads(ask(asked, "application/json", "application/json"))["predictions"] == in_json
    plain = updated(account, endpoint, config(account, model(account, containers)))
    assert plain["EndpointStatus"] == "InService"
    assert ask(ASKED, "text/csv", "text/csv").split() == TRUE, "retrained behind the same name"


def test_a_key_that_the_model_does_not_know_does_not_come_up(
    account: Account, containers: list[dict[str, Any]]
) -> None:
    changed = answering_with(containers, "predicted_label", "odds")
    name = account.fresh("odd")
    account.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config(account, model(account, changed)))
    endpoint = settled(account, name)
    assert endpoint["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in endpoint["FailureReason"]
    assert "odds" in endpoint["FailureReason"]


def test_a_batch_is_transformed_with_true_predictions(account: Account, containers: list[dict[str, Any]]) -> None:
    prefix = account.fresh("batch")
    account.s3.put_object(Bucket=BUCKET, Key=f"{prefix}/a.csv", Body=ASKED)
    account.sagemaker.create_transform_job(
        TransformJobName=prefix,
        ModelName=model(account, containers),
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{prefix}/"}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/{prefix}-out", "Accept": "text/csv", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        DataProcessing={"JoinSource": "Input"},
    )
    job = until(
        lambda: account.sagemaker.describe_transform_job(TransformJobName=prefix),
        lambda job: job["TransformJobStatus"] in TERMINAL,
    )
    assert job["TransformJobStatus"] == "Completed", job
    body = account.s3.get_object(Bucket=BUCKET, Key=f"{prefix}-out/a.csv.out")["Body"].read()
    assert body == b"20,b,ja\n0,b,nein\n"
