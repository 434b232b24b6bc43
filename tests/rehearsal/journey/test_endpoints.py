"""What a rehearsal checks of endpoints: each check catches the fault that it is there for, in a scripted account."""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from constructs_lib.rehearsal import endpoints
from constructs_lib.rehearsal.account import EndpointState, Thing
from constructs_lib.rehearsal.assembly import Assembly, Job
from constructs_lib.rehearsal.endpoints import JSON
from constructs_lib.rehearsal.failures import CheckFailedError
from constructs_lib.rehearsal.journey import FAILING
from constructs_lib.rehearsal.record import Record
from constructs_lib.rehearsal.rehearse import closing
from constructs_lib.rehearsal.stacks import Place, Stack

from .test_assembly import JOB, Folder, waited
from .world import World, walk

pytestmark = pytest.mark.usefixtures("impatient")

KEYS = ["predicted_label", "probability"]
RESOURCES: dict[str, Any] = {
    "Job": JOB,
    "Model": {
        "Type": "Custom::SageMakerAutoMLModel",
        "Properties": {"JobName": {"Ref": "Job"}, "InferenceResponseKeys": KEYS},
    },
    "Config": {
        "Type": "AWS::SageMaker::EndpointConfig",
        "Properties": {"ProductionVariants": [{"ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}}]},
    },
    "Endpoint": {
        "Type": "AWS::SageMaker::Endpoint",
        "Properties": {"EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}},
    },
    "Check": {"Type": "Custom::SageMakerEndpointCheck", "Properties": {}},
}
ROWS = b"1\n2\n"


class Model:
    """What the model in an archive itself says: a line for each row, with the keys asked for."""

    def __init__(self, says: str, keys: list[str]) -> None:
        self._says = says
        self._keys = keys

    @classmethod
    def start(cls, archive: Path, environment: Mapping[str, str]) -> "Model":
        return cls(archive.read_text(), [key for key in environment["SAGEMAKER_INFERENCE_OUTPUT"].split(",") if key])

    def predict(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        assert (body, content_type) == (ROWS, "text/csv")
        return answer(self._says, accept, self._keys).encode(), accept

    def stop(self) -> None:
        pass


def answer(says: str, accept: str, keys: list[str]) -> str:
    if accept == JSON:
        return json.dumps({"predictions": [dict.fromkeys(keys, says)] * 2})
    return f"{','.join([says] * max(1, len(keys)))}\n" * 2


@dataclass
class Hosting(World):
    """An account in which an endpoint serves the best candidate of the job. A test overrides what is to go wrong."""

    name: str = "churn"
    status: str = "InService"
    asynchronous: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)

    # The job and its data

    def describe(self, name: str) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": "s3://data/churn/"}
        return {
            "AutoMLJobInputDataConfig": [{"DataSource": {"S3DataSource": source}}],
            "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "churned"}},
        }

    def objects(self, uri: str) -> list[str]:
        return [f"{uri}a.csv"]

    def read(self, uri: str) -> bytes | None:
        bucket = uri.split("/")[2]
        job = uri.split("/")[3]
        return {"data": b"age,churned\n1,yes\n2,no\n", "models": f"said by {job}".encode()}.get(bucket)

    def best_model(self, job: str) -> tuple[str, tuple[str, ...]]:
        return "randomforest", (f"s3://models/{job}/model.tar.gz",)

    # The endpoint

    def physical_id(self, place: Place) -> str:
        assert place.logical_id == "Endpoint"
        return f"arn:aws:sagemaker:us-east-1:123456789012:endpoint/{self.name}"

    def served(self) -> str:
        return self.resource

    def endpoint(self, name: str) -> EndpointState:
        assert name == self.name
        data = frozenset([f"s3://models/{self.served()}/model.tar.gz"])
        output = "s3://models/answers" if self.asynchronous else ""
        return EndpointState(name, self.status, "no capacity", data, output)

    def says(self) -> str:
        return f"said by {self.served()}"

    def invoke(self, endpoint: str, body: bytes, content_type: str, accept: str = "text/csv") -> str:
        assert (endpoint, body, content_type) == (self.name, ROWS, "text/csv")
        self.asked.append((endpoint, accept))
        return answer(self.says(), accept, KEYS)

    def invoke_by_s3(
        self, endpoint: EndpointState, body: bytes, content_type: str, accept: str
    ) -> Generator[str | None]:
        yield None
        yield answer(self.says(), accept, KEYS)


@pytest.fixture(autouse=True)
def _scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ASK_EVERY", "POLL_EVERY"):
        monkeypatch.setattr(endpoints, name, 0.0)
    monkeypatch.setattr(endpoints, "Server", Model)


def steps(record: Record) -> dict[str, list[str]]:
    return {step.title: step.checks for step in record.steps}


def test_a_good_life_of_an_endpoint(tmp_path: Path) -> None:
    world = Hosting()
    found = steps(walk(world, tmp_path, RESOURCES))

    assert found["what the endpoints answer"] == [
        "endpoint churn is InService",
        "it serves randomforest, the best candidate of job-1",
        "asked for 2 rows of the training data, it answers as the model itself, in CSV: "
        "said by job-1,said by job-1 | said by job-1,said by job-1",
        "asked for 2 rows of the training data, it answers as the model itself, in JSON: "
        '{"predictions": [{"predicted_label": "said by job-1", "probability": "said by jo...',
        "answers hold what was asked for: predicted_label, probability",
    ]
    again = found["an update that trains again"]
    assert "churn: asked 1 times during the update, always answered" in again
    assert "it serves randomforest, the best candidate of job-2" in again
    back = found["an update that fails and rolls back"]
    assert "churn: asked 1 times during update and rollback, always answered" in back
    assert "it serves randomforest, the best candidate of job-2" in back


def test_closing_lines_tell_what_the_endpoint_served_and_answered(tmp_path: Path) -> None:
    text = "\n".join(closing(walk(Hosting(), tmp_path, RESOURCES)))
    for words in (
        "Endpoint churn\n  serves: randomforest of job-1, then of job-2\n",
        "  answers: said by job-1,said by job-1 | said by job-1,said by job-1 (predicted_label, probability), as",
        "  meanwhile: asked 2 times during updates, always answered\n",
        "Shortened: how long alarms are watched while a model takes over, to a second or two in all",
    ):
        assert words in text


def test_asynchronous_endpoint_is_asked_by_way_of_s3_alone(tmp_path: Path) -> None:
    world = Hosting(asynchronous=True)
    found = steps(walk(world, tmp_path, RESOURCES))
    assert world.asked == []
    assert len(found["what the endpoints answer"]) == 5
    assert not [check for checks in found.values() for check in checks if "always answered" in check]


def test_failure_that_is_rehearsed_comes_when_the_endpoint_has_moved(tmp_path: Path) -> None:
    class Notes(Hosting):
        after: list[str] = []  # noqa: RUF012  one test

        def deploy(self, template: dict[str, Any]) -> int:
            if FAILING in template["Resources"]:
                self.after += template["Resources"][FAILING]["DependsOn"]
            return super().deploy(template)

    walk(Notes(), tmp_path, RESOURCES)
    assert Notes.after == ["Job", "Check"]


class ServesTheOldOne(Hosting):
    def served(self) -> str:
        return "job-1"


class StaysWithTheNewOne(Hosting):
    def served(self) -> str:
        return "job-3" if self.rolled_back else self.resource


class ChangesItsName(Hosting):
    def deploy(self, template: dict[str, Any]) -> int:
        self.name = f"churn-{1 + len(self.states)}"
        return super().deploy(template)


class Invents(Hosting):
    def says(self) -> str:
        return "maybe"


class InventsInJson(Hosting):
    def invoke(self, endpoint: str, body: bytes, content_type: str, accept: str = "text/csv") -> str:
        said = super().invoke(endpoint, body, content_type, accept)
        return said.replace("said by", "thought by") if accept == JSON else said


class TurnsAway(Hosting):
    def invoke(self, endpoint: str, body: bytes, content_type: str, accept: str = "text/csv") -> str:
        if len(self.asked) == 2:
            self.asked.append((endpoint, accept))
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "not found"}}, "InvokeEndpoint")
        return super().invoke(endpoint, body, content_type, accept)


class NeverWrites(Hosting):
    def invoke_by_s3(
        self, endpoint: EndpointState, body: bytes, content_type: str, accept: str
    ) -> Generator[str | None]:
        while True:
            yield None


class HasNoModel(Hosting):
    def read(self, uri: str) -> bytes | None:
        return None if uri.startswith("s3://models/") else super().read(uri)


class LeavesAnAlarm(Hosting):
    def destroy(self) -> None:
        super().destroy()
        self.left = {Thing("alarm", "churn-errors")}


@pytest.mark.parametrize(
    ("world", "message"),
    [
        (Hosting(status="Failed"), "endpoint churn is Failed: no capacity"),
        (
            ServesTheOldOne(),
            "endpoint churn should serve randomforest, the best candidate of job-2, and serves "
            "s3://models/job-1/model.tar.gz",
        ),
        (
            StaysWithTheNewOne(),
            "endpoint churn should serve randomforest, the best candidate of job-2, and serves "
            "s3://models/job-3/model.tar.gz",
        ),
        (ChangesItsName(), "endpoint churn-2 (was churn-1) is InService: no capacity"),
        (
            Invents(),
            "endpoint churn, asked for 2 rows of the training data, answers in CSV: maybe,maybe | maybe,maybe; the "
            "model itself says: said by job-1,said by job-1 | said by job-1,said by job-1",
        ),
        (
            InventsInJson(),
            'endpoint churn, asked for 2 rows of the training data, answers in JSON: {"predictions": '
            '[{"predicted_label": "thought by job-1", "probability": "thought...; the model itself says: '
            '{"predictions": [{"predicted_label": "said by job-1", "probability": "said by jo...',
        ),
        (
            TurnsAway(),
            "churn: asked 1 times during the update, and not answered 1 times: An error occurred (ValidationError) "
            "when calling the InvokeEndpoint operation: not found",
        ),
        (NeverWrites(asynchronous=True), "endpoint churn has written no answer to S3 within 0.01 seconds"),
        (HasNoModel(), "the best candidate of job-1 has no model that could be asked itself"),
        (LeavesAnAlarm(), "the stacks are destroyed, and this is left: alarm churn-errors"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, World) else "",
)
def test_each_fault_is_caught(world: World, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "PATIENCE", 0.01)
    with pytest.raises(CheckFailedError) as failed:
        walk(world, tmp_path, RESOURCES)
    assert str(failed.value) == message
    assert world.destroyed == 1


def test_answers_with_other_keys_than_were_asked_for_are_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model in the archive takes the keys from us, so it and the endpoint may agree on the wrong ones."""

    class AnswersWithAll(Model):
        def predict(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
            return answer(self._says, accept, [*KEYS, "labels"]).encode(), accept

    class Hosts(Hosting):
        def invoke(self, endpoint: str, body: bytes, content_type: str, accept: str = "text/csv") -> str:
            return answer(self.says(), accept, [*KEYS, "labels"])

    monkeypatch.setattr(endpoints, "Server", AnswersWithAll)
    with pytest.raises(CheckFailedError) as failed:
        walk(Hosts(), tmp_path, RESOURCES)
    assert str(failed.value) == (
        "answers of endpoint churn should hold predicted_label, probability, and hold predicted_label, probability, "
        "labels"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"Endpoint": {"EndpointConfigName": "theirs"}},
        {"Config": {"ProductionVariants": [{"ModelName": "theirs"}]}},
        {"Model": {"JobName": "theirs"}},
    ],
)
def test_endpoint_that_serves_no_job_of_the_app_is_said_not_to_be_asked(changes: Any, tmp_path: Path) -> None:
    [(name, properties)] = changes.items()
    record = walk(World(), tmp_path, {**RESOURCES, name: {**RESOURCES[name], "Properties": properties}})
    assert "endpoint Plain/Endpoint being asked: it serves no job of the app" in record.not_shown
    assert "what the endpoints answer" not in steps(record)


@pytest.mark.parametrize("name", [{"Ref": "Job"}, {"Fn::GetAtt": ["Outcome", "JobName"]}])
def test_endpoint_is_found_with_its_job_and_keys(name: Any, tmp_path: Path) -> None:
    model = {**RESOURCES["Model"], "Properties": {"JobName": name}}
    folder = Folder(tmp_path / "cdk.out")
    folder.stack("Plain", {**RESOURCES, **waited(), "Model": model})
    assembly = Assembly.read(folder.path)
    [found], others = endpoints.find(assembly, assembly.stacks)
    [job] = Job.all_of(assembly.stacks[0])
    assert isinstance(found.job, Job)
    assert (str(found), found.job, found.response_keys, others) == ("Plain/Endpoint", job, (), [])


def test_versions_of_a_registry_that_keeps_them_are_left_on_purpose(tmp_path: Path) -> None:
    class Registers(Hosting):
        package = "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/"

        def physical_ids(self, stack: Stack) -> dict[Place, str]:
            return {Place(stack, (stack.template,), "Version"): f"{self.package}2"}

        def destroy(self) -> None:
            super().destroy()
            self.left = {Thing("model package", f"{self.package}{number}") for number in (1, 2)}

    kept = {"Type": "Custom::SageMakerAutoMLModelPackage", "Properties": {}, "DeletionPolicy": "RetainExceptOnCreate"}
    record = walk(Registers(), tmp_path, {**RESOURCES, "Version": kept})
    assert record.retained == [f"model package {Registers.package}{number}" for number in (1, 2)]

    with pytest.raises(CheckFailedError, match=r"this is left: model package .*churn/1, model package .*churn/2$"):
        walk(Registers(), tmp_path / "again", {**RESOURCES, "Version": {**kept, "DeletionPolicy": "Delete"}})
