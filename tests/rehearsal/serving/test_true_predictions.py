"""Really trained candidates of every kind that can be served: what they answer is what the trained model predicts."""

import csv
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import aws_cdk as cdk
import numpy as np
import pytest
from aws_cdk import aws_sagemaker as sagemaker

from constructs_lib import (
    Algorithm,
    ApprovalStatus,
    AssembleWith,
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLJobV2,
    Channel,
    CompletionCriteria,
    ImageClassification,
    Mode,
    OutputLocation,
    SplitType,
    TextClassification,
)
from constructs_lib.jobs.base import JobBase
from constructs_lib.rehearsal.cloud.launcher import Cloud
from constructs_lib.rehearsal.training.archive import Kept
from constructs_lib.rehearsal.training.tabular.inference import Model

from ..cloud.account import BUCKET, Account
from ..cloud.automl.test_real_training import FEATURES, TARGET, as_csv, rows
from ..waiting.stage import WAIT_SCALE, data, eventually, new_stack
from .stage import REAL_TIME, Serving

pytestmark = [pytest.mark.cloud, pytest.mark.training]

EXAMPLES = Path(__file__).parents[3] / "examples"
DIGITS = sorted((EXAMPLES / "image_classification/data/digits").rglob("*.png"))
TEXTS = (EXAMPLES / "text_classification/data/definitions.csv").read_bytes()

KEYS = ("predicted_label", "probability", "probabilities", "labels")
CLASSES = ("Ensemble", "Pipeline")
NAMES = (*CLASSES, "Numbers", "Texts", "Images")
ASKED = b"20,b\n0,b\n13,b\n8,\xc3\xa4\n"
TRUE = ["ja", "nein", "ja", "ja"]
NUMBERS = b"3,a\n15,b\n"


def numbers() -> bytes:
    dice = random.Random(7)
    lines = [f"{size},{dice.choice('ab')},{10 * size + dice.random():.3f}" for size in range(20)] * 30
    return "\n".join(["size,name,price", *lines]).encode()


def new_job(stack: cdk.Stack) -> JobBase:
    """The job of a stack, which is called by its kind."""
    name, bucket = stack.stack_name, data(stack)

    def common(folder: str) -> dict[str, Any]:
        channel = Channel.from_bucket(bucket, f"{folder}/")
        return {"training_data": channel, "output": OutputLocation.from_bucket(bucket, "models/")}

    classes = {**common("classes"), "target_attribute": TARGET}
    values = {**common("numbers"), "target_attribute": "price"}
    text = TextClassification(content_column="definition", target_label_column="topic")
    match name:
        case "Ensemble":
            return AutoMLJob(stack, "Job", **classes, mode=Mode.ENSEMBLING, algorithms=[Algorithm.RANDOMFOREST])
        case "Pipeline":
            few = CompletionCriteria(max_candidates=1)
            return AutoMLJob(stack, "Job", **classes, mode=Mode.HYPERPARAMETER_TUNING, completion_criteria=few)
        case "Numbers":
            return AutoMLJob(stack, "Job", **values, mode=Mode.ENSEMBLING, algorithms=[Algorithm.LINEAR_LEARNER])
        case "Texts":
            return AutoMLJobV2(stack, "Job", problem=text, **common("texts"))
    return AutoMLJobV2(stack, "Job", problem=ImageClassification(), **common("images"))


class Deployed(NamedTuple):
    """The stacks, each with an endpoint."""

    stage: Serving
    outputs: dict[str, dict[str, str]]

    def ask(self, name: str, body: bytes, content_type: str, accept: str) -> str:
        endpoint = self.outputs[name]["Endpoint"]
        answer = self.stage.runtime.invoke_endpoint(
            EndpointName=endpoint, Body=body, ContentType=content_type, Accept=accept
        )
        assert answer["ContentType"] == accept
        return str(answer["Body"].read().decode())

    def predictions(self, name: str, body: bytes, content_type: str = "text/csv") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.ask(name, body, content_type, "application/json"))["predictions"]
        return found

    def model(self, name: str, folder: Path) -> Any:
        """The model of a job's best candidate, as it lies in S3."""
        best = self.stage.job(self.outputs[name]["JobName"])["BestCandidate"]
        archive = folder / "model.tar.gz"
        content = self.stage.seen.read(best["InferenceContainers"][0]["ModelDataUrl"])
        assert content is not None
        archive.write_bytes(content)
        return Kept.open(archive)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with Cloud.start(tmp_path_factory.mktemp("cloud"), concurrent_jobs=8, wait_scale=WAIT_SCALE) as cloud:
        account = Account(cloud)
        stage = Serving(cloud, account)
        for key, content in (
            ("classes/a.csv", as_csv(rows(600))),
            ("numbers/a.csv", numbers()),
            ("texts/a.csv", b"\n".join(TEXTS.splitlines()[:601])),
            ("batch/a.csv", ASKED),
            *((f"images/{file.parent.name}/{file.name}", file.read_bytes()) for file in DIGITS),
        ):
            account.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        for name in NAMES:
            stage.begin(name, stage.template(new_stack_of(name)))
        for name in NAMES:
            assert stage.wait(name) == "CREATE_COMPLETE", stage.reasons(name)
        yield Deployed(stage, {name: stage.outputs(name) for name in NAMES})
        stage.delete_all(*NAMES)
        assert stage.left() == set()


def new_stack_of(name: str) -> cdk.Stack:
    stack = new_stack(name)
    outcome = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack))
    keys: dict[str, Any] = {"inference_response_keys": KEYS} if name in CLASSES else {}
    endpoint = AutoMLEndpoint(stack, "Serving", outcome=outcome, serving=REAL_TIME, **keys)
    cdk.CfnOutput(stack, "JobName", value=outcome.job_name)
    cdk.CfnOutput(stack, "Endpoint", value=endpoint.endpoint_name)
    if name == "Ensemble":
        more(stack, outcome)
    return stack


def more(stack: cdk.Stack, outcome: AutoMLJobOutcome) -> None:
    """A batch transform job, and a version in a registry that goes with the stack."""
    bucket = data(stack)
    transform = outcome.transform(
        data=Channel.from_bucket(bucket, "batch/"),
        instance_type="ml.m5.large",
        output=OutputLocation.from_bucket(bucket, "predicted/"),
        split_type=SplitType.LINE,
        accept="text/csv",
        assemble_with=AssembleWith.LINE,
        inference_response_keys=KEYS,
    )
    cdk.CfnOutput(stack, "Transform", value=transform.transform_job_name)
    group = sagemaker.CfnModelPackageGroup(stack, "Group", model_package_group_name="true-models")
    version = outcome.register(
        group,
        approval_status=ApprovalStatus.APPROVED,
        description="knows the answer",
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    cdk.CfnOutput(stack, "Version", value=version.model_package_arn)


def cells(*values: tuple[str, ...]) -> Any:
    return np.array(values, dtype=object)


@pytest.mark.parametrize("name", CLASSES)
def test_classifier_answers_with_its_own_chances_and_all_the_keys_asked_for(
    name: str, deployed: Deployed, tmp_path: Path
) -> None:
    model = deployed.model(name, tmp_path)
    assert isinstance(model, Model)
    chances = model.estimator.predict_proba(cells(("20", "b"), ("0", "b"), ("13", "b"), ("8", "ä")))

    found = deployed.predictions(name, ASKED)

    assert [tuple(each) for each in found] == [KEYS] * 4
    assert [each["predicted_label"] for each in found] == TRUE
    is_text = name == "Ensemble"  # so its container was seen to answer
    said = [json.loads(each["probabilities"]) if is_text else each["probabilities"] for each in found]
    assert said == [pytest.approx(list(each)) for each in chances]
    assert [each["labels"] for each in found] == ["['ja', 'nein']" if is_text else ["ja", "nein"]] * 4
    in_csv = list(csv.reader(io.StringIO(deployed.ask(name, ASKED, "text/csv", "text/csv"))))
    assert [[row[0], float(row[1])] for row in in_csv] == [
        [each["predicted_label"], each["probability"]] for each in found
    ]


def test_requests_may_be_json(deployed: Deployed) -> None:
    asked = {"instances": [["20", "b"], dict(zip(FEATURES, [0, "b"], strict=True))]}
    found = deployed.predictions("Ensemble", json.dumps(asked).encode(), "application/json")
    assert found == deployed.predictions("Ensemble", ASKED)[:2]


def test_regression_answers_with_its_own_values(deployed: Deployed, tmp_path: Path) -> None:
    values = deployed.model("Numbers", tmp_path).estimator.predict(cells(("3", "a"), ("15", "b")))
    assert list(values) == pytest.approx([30.5, 150.5], abs=2)

    in_csv = [float(line) for line in deployed.ask("Numbers", NUMBERS, "text/csv", "text/csv").splitlines()]

    assert in_csv == pytest.approx(list(values))
    assert [each["predicted_label"] for each in deployed.predictions("Numbers", NUMBERS)] == in_csv


@pytest.mark.parametrize(
    ("name", "body", "content_type"),
    [("Texts", TEXTS.splitlines()[1].rpartition(b",")[0], "text/csv"), ("Images", DIGITS[0].read_bytes(), "image/png")],
)
def test_texts_and_images_are_told_apart_as_the_model_does(
    name: str, body: bytes, content_type: str, deployed: Deployed, tmp_path: Path
) -> None:
    """Of an image, label and probability in one object."""
    model = deployed.model(name, tmp_path)
    keys = model.keys("")
    [[label, *chance]] = model.answers(body, content_type, keys)
    said = dict(zip(keys, [label, *chance], strict=True))
    in_json = json.loads(deployed.ask(name, body, content_type, "application/json"))
    assert in_json == ({"predictions": [said]} if name == "Texts" else said)
    assert deployed.ask(name, body, content_type, "text/csv").strip() == ",".join(map(str, [label, *chance]))
    assert label == {"Texts": "plant", "Images": DIGITS[0].parent.name}[name]


def test_batch_transform_predicts_what_the_endpoint_answers(deployed: Deployed) -> None:
    job = deployed.outputs["Ensemble"]["Transform"]
    done = eventually(
        lambda: (
            (found := deployed.stage.sagemaker.describe_transform_job(TransformJobName=job))
            and found["TransformJobStatus"] != "InProgress"
            and found
        )
    )
    assert done["TransformJobStatus"] == "Completed", done
    predicted = deployed.stage.seen.read(f"s3://{BUCKET}/predicted/a.csv.out")
    assert predicted is not None
    assert predicted.decode() == deployed.ask("Ensemble", ASKED, "text/csv", "text/csv")


def test_version_in_the_registry_has_containers_reports_and_approval(deployed: Deployed) -> None:
    version = deployed.stage.sagemaker.describe_model_package(ModelPackageName=deployed.outputs["Ensemble"]["Version"])
    best = deployed.stage.job(deployed.outputs["Ensemble"]["JobName"])["BestCandidate"]
    found = [(each["Image"], each["ModelDataUrl"]) for each in version["InferenceSpecification"]["Containers"]]
    assert found == [(each["Image"], each["ModelDataUrl"]) for each in best["InferenceContainers"]]
    assert version["ModelApprovalStatus"] == "Approved"
    assert version["ModelPackageDescription"] == "knows the answer"
    assert version["CustomerMetadataProperties"]["candidate"] == best["CandidateName"]
    reports = [
        version["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"],
        version["ModelMetrics"]["Explainability"]["Report"]["S3Uri"],
    ]
    assert [uri for uri in reports if deployed.stage.seen.read(uri) is None] == []
