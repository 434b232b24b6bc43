"""Transform jobs and versions of models: each check catches the fault that it is there for, in a scripted account."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.rehearsal import products
from constructs_lib.rehearsal.account import ProductState
from constructs_lib.rehearsal.assembly import Assembly
from constructs_lib.rehearsal.failures import CheckFailedError
from constructs_lib.rehearsal.record import Record
from constructs_lib.rehearsal.stacks import Place

from .test_assembly import JOB, Folder
from .world import World, walk

pytestmark = pytest.mark.usefixtures("impatient")

VERSION = "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/"
MODEL = {"Type": "Custom::SageMakerAutoMLModel", "Properties": {"JobName": {"Ref": "Job"}}}
TRANSFORM = {
    "Type": "Custom::SageMakerAutoMLTransform",
    "Properties": {"Request": {"ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}}},
}
REGISTERED = {"Type": "Custom::SageMakerAutoMLModelPackage", "Properties": {"JobName": {"Ref": "Job"}, "Request": {}}}
RESOURCES: dict[str, Any] = {"Job": JOB, "Model": MODEL, "Transform": TRANSFORM, "Version": REGISTERED}


@dataclass
class Batches(World):
    """An account where each job's best candidate predicts and is registered. A test overrides what is to go wrong."""

    made: dict[str, ProductState] = field(default_factory=dict)
    now: dict[str, str] = field(default_factory=dict)

    def make_job(self) -> None:
        super().make_job()
        number = len(self.states)
        model_data = frozenset([f"s3://models/{self.resource}/model.tar.gz"])
        transform = ProductState("transform job", f"t-{number}", "Completed", "", model_data, released=False,
                                 read="s3://data/new/", written="s3://answers/all/")  # fmt: skip
        version = ProductState("version", f"{VERSION}{number}", "Completed", "", model_data, released=False)
        for product in (transform, version):
            self.made[product.name] = product
        self.now = {"Transform": transform.name, "Version": version.name}

    def roll_back(self, old: str) -> None:
        if self.resource != old:
            number = len(self.states)
            self.made[f"t-{number}"] = replace(self.made[f"t-{number}"], status="Stopped", released=True)
            del self.made[f"{VERSION}{number}"]
            self.now = {"Transform": f"t-{number - 1}", "Version": f"{VERSION}{number - 1}"}
        super().roll_back(old)

    def products(self) -> list[str]:
        return list(self.made)

    def product(self, name: str) -> ProductState:
        return self.made[name]

    def physical_id(self, place: Place) -> str:
        return self.now[place.logical_id]

    def best_model(self, job: str) -> tuple[str, tuple[str, ...]]:
        return "randomforest", (f"s3://models/{job}/model.tar.gz",)

    def objects(self, uri: str) -> list[str]:
        found = {"s3://data/new/": ["a.csv", "deep/b.csv"], "s3://answers/all/": ["a.csv.out", "deep/b.csv.out"]}
        return [f"{uri}{name}" for name in found[uri]] if uri in found else [uri]


def steps(record: Record) -> dict[str, list[str]]:
    return {step.title: step.checks for step in record.steps}


def test_a_good_life_of_what_is_made_of_candidates(tmp_path: Path) -> None:
    found = steps(walk(Batches(), tmp_path, RESOURCES))

    assert found["wait for the job"][2:] == [
        "version churn/1 is Completed",
        "its model lies in S3: s3://models/job-1/model.tar.gz",
        "transform job t-1 is Completed",
        "predictions for 2 objects are at s3://answers/all/",
        "transform job t-1 is of randomforest, the best candidate of job-1",
        "version churn/1 is of randomforest, the best candidate of job-1",
    ]
    assert found["the same app again"][-1] == "deploying again made no transform job and no version"
    again = found["an update that trains again"]
    assert "transform job t-2 is Completed" in again
    assert again[-1] == "version churn/2 is of randomforest, the best candidate of job-2"
    assert found["an update of tags alone"][-1] == "a change of tags made no transform job and no version"
    assert found["an update that fails and rolls back"][-3:] == [
        "transform job t-2 is still what Plain/Transform is",
        "version churn/2 is still what Plain/Version is",
        "transform job t-3 is Stopped, and released",
    ]


def test_failure_that_is_rehearsed_comes_when_the_candidate_predicts_and_is_registered(tmp_path: Path) -> None:
    after: list[str] = []

    class Notes(Batches):
        def roll_back(self, old: str) -> None:
            after.extend(self.failing["DependsOn"])
            super().roll_back(old)

        def deploy(self, template: dict[str, Any]) -> int:
            self.failing = template["Resources"].get("RehearsalNobodySignals")
            return super().deploy(template)

    walk(Notes(), tmp_path, RESOURCES)
    assert after == ["Job", "Transform", "Version"]


class FailsAt(Batches):
    """An account in which the transform job of this number fails."""

    number = 1

    def make_job(self) -> None:
        super().make_job()
        if len(self.states) == self.number:
            name = f"t-{self.number}"
            self.made[name] = replace(self.made[name], status="Failed", reason="a.csv: 3 columns, 2 wanted")

    def roll_back(self, old: str) -> None:
        super().roll_back(old)
        if self.number == 3:
            self.made["t-3"] = replace(self.made["t-3"], status="Failed")


class FailsInTheUpdate(FailsAt):
    number = 2


class FailsInTheRollback(FailsAt):
    number = 3


class IsStoppedFromOutside(Batches):
    def make_job(self) -> None:
        super().make_job()
        self.made["t-1"] = replace(self.made["t-1"], status="Stopped")


class FailsToRegister(Batches):
    def make_job(self) -> None:
        super().make_job()
        name = f"{VERSION}1"
        self.made[name] = replace(self.made[name], status="Failed", reason="the image can not be pulled")


class ForgetsAnObject(Batches):
    def objects(self, uri: str) -> list[str]:
        return [each for each in super().objects(uri) if not each.endswith("b.csv.out")]


class HasNoModel(Batches):
    def objects(self, uri: str) -> list[str]:
        return [] if uri.startswith("s3://models/") else super().objects(uri)


class StaysWithTheOld(Batches):
    def make_job(self) -> None:
        before = dict(self.now)
        super().make_job()
        self.now = {**self.now, **before}


class PredictsForATag(Batches):
    def deploy(self, template: dict[str, Any]) -> int:
        code = super().deploy(template)
        if template["Resources"]["Job"]["Properties"]["Request"].get("Tags"):
            self.made["t-9"] = replace(self.made["t-1"], name="t-9")
        return code


class KeepsTheThird(Batches):
    def roll_back(self, old: str) -> None:
        third = dict(self.now)
        super().roll_back(old)
        self.now = third | {"Version": self.now["Version"]}


class GivesTheOldUp(Batches):
    def roll_back(self, old: str) -> None:
        super().roll_back(old)
        self.made["t-2"] = replace(self.made["t-2"], released=True)


class OwnsTheThird(Batches):
    def roll_back(self, old: str) -> None:
        super().roll_back(old)
        self.made["t-3"] = replace(self.made["t-3"], released=False)


@pytest.mark.parametrize(
    ("world", "message"),
    [
        (FailsAt(), "transform job t-1 ended Failed: a.csv: 3 columns, 2 wanted"),
        (FailsInTheUpdate(), "transform job t-2 ended Failed: a.csv: 3 columns, 2 wanted"),
        (
            FailsInTheRollback(),
            "transform job t-3, made by the update that was rolled back, is Failed: a.csv: 3 columns, 2 wanted",
        ),
        (IsStoppedFromOutside(), "transform job t-1 ended Stopped"),
        (FailsToRegister(), "version churn/1 ended Failed: the image can not be pulled"),
        (ForgetsAnObject(), "transform job t-1 is Completed, and b.csv.out is not at s3://answers/all/"),
        (HasNoModel(), "version churn/1 names a model that does not lie in S3: s3://models/job-1/model.tar.gz"),
        (
            StaysWithTheOld(),
            "Plain/Transform should be of randomforest, the best candidate of job-2; transform job t-1 is of "
            "s3://models/job-1/model.tar.gz",
        ),
        (PredictsForATag(), "a change of tags made transform job t-9"),
        (
            KeepsTheThird(),
            "Plain/Transform was t-2 before the update that failed and is t-3 after it",
        ),
        (
            GivesTheOldUp(),
            "Plain/Transform was t-2 before the update that failed and is t-2 after it, released",
        ),
        (
            OwnsTheThird(),
            "transform job t-3, made by the update that was rolled back, is Stopped and was not released",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, World) else "",
)
def test_each_fault_is_caught(world: World, message: str, tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError) as failed:
        walk(world, tmp_path, RESOURCES)
    assert str(failed.value) == message
    assert world.destroyed == 1


def test_transform_job_that_the_app_starts_by_itself_is_looked_at_all_the_same(tmp_path: Path) -> None:
    class StartsByItself(World):
        def products(self) -> list[str]:
            return ["mine"]

        def product(self, name: str) -> ProductState:
            return ProductState(
                "transform job", name, "Failed", "no such model", frozenset(), released=False, written="s3"
            )

    with pytest.raises(CheckFailedError, match=r"^transform job mine ended Failed: no such model$"):
        walk(StartsByItself(), tmp_path, {"Job": JOB})


def test_what_is_made_of_another_job_than_the_apps_belongs_to_none_of_its_jobs(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "cdk.out")
    theirs = {**MODEL, "Properties": {"JobName": "theirs"}}
    folder.stack("Plain", {**RESOURCES, "Model": theirs})
    assembly = Assembly.read(folder.path)
    [found] = products.find(assembly, assembly.stacks)
    assert str(found.place) == "Plain/Version"
