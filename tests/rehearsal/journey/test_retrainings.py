"""What a rehearsal checks of retrainings: each check catches the fault that it is there for, in a scripted account."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from constructs_lib.rehearsal import retrainings
from constructs_lib.rehearsal.account import ProductState
from constructs_lib.rehearsal.failures import CheckFailedError
from constructs_lib.rehearsal.record import Record
from constructs_lib.rehearsal.stacks import Place

from .test_endpoints import RESOURCES, Hosting, steps
from .test_endpoints import _scripted as _scripted
from .world import walk

pytestmark = pytest.mark.usefixtures("impatient")

FOLDER = "s3://weekly/"
WATCHED = {"Bucket": "data", "Prefix": "churn/", "QuietSeconds": 1800, "EverySeconds": 86400}
RETRAINED: dict[str, Any] = {
    **RESOURCES,
    "Model": {
        **RESOURCES["Model"],
        "Properties": {**RESOURCES["Model"]["Properties"], "EndpointShape": "abc", "Retraining": FOLDER},
    },
    "Weekly": {
        "Type": "Custom::SageMakerAutoMLRetraining",
        "Properties": {
            "JobName": {"Ref": "Job"},
            "Data": WATCHED,
            "MaxRunsPerMonth": 2,
            "Registry": {"Request": {"ModelPackageGroupName": "loans"}},
            "Endpoint": {
                "TemplateConfig": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
                "ModelLogicalId": "Model",
            },
        },
    },
    "Schedule": {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {"State": "ENABLED", "Target": {"Input": '{"Retraining": "s3://weekly/"}'}},
    },
}
BETTER, APPROVED, WORSE = "better rows come, 10 objects at once", "somebody approves the version", "worse rows come"


@dataclass
class Repeating(Hosting):
    """An account with a retraining, whose runs decide as a test says."""

    decides: list[str] = field(default_factory=lambda: ["WaitsForApproval", "ChampionKept"])
    jobs_of_a_run: int = 1
    promotes: bool = True
    watches: bool = True
    files: dict[str, bytes] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)
    uploads: dict[str, int] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    champion: str = ""
    running: str = ""
    groups: list[str] = field(default_factory=list)
    holdout: str = ""
    answers: bool = True
    answered: str = "Completed"
    trials: list[str] = field(default_factory=list)
    products_made: dict[str, ProductState] = field(default_factory=dict)
    _waits: bool = False
    template: dict[str, Any] = field(default_factory=dict)

    def physical_id(self, place: Place) -> str:
        return FOLDER if place.logical_id == "Weekly" else super().physical_id(place)

    def deploy(self, template: dict[str, Any]) -> int:
        self.template = template
        job = self.resource
        code = super().deploy(template)
        if self.resource != job:
            self.champion = ""
        return code

    def read(self, uri: str) -> bytes | None:
        if uri == f"{FOLDER}state.json":
            settings = {"StateMachine": "machine", **({"Data": WATCHED} if self.watches else {})}
            if self.holdout:
                bucket, _, key = self.holdout.removeprefix("s3://").partition("/")
                settings["Holdout"] = {"Bucket": bucket, "Key": key, "MinimumRows": "3"}
            running = {"job": self.running} if self.running else None
            document = {"settings": settings, "running": running, "pending": {}, "trials": self.trials}
            return json.dumps(document).encode()
        if uri.startswith(FOLDER):
            return json.dumps(self.told[int(uri.rpartition("/")[2])]).encode()
        return self.files.get(uri) if uri in (self.holdout, *self.files) else super().read(uri)

    def objects(self, uri: str) -> list[str]:
        if uri == f"{FOLDER}holdout/":
            return []
        if uri.startswith(FOLDER):
            return [f"{uri}{number}" for number in range(len(self.told))]
        return super().objects(uri)

    def write(self, uri: str, content: bytes) -> None:
        if uri == self.holdout:
            self.files[uri] = content
            return
        kind = uri.rpartition("/")[2].split("-")[1]
        self.uploads[kind] = self.uploads.get(kind, 0) + 1
        self.files[uri] = content
        self._waits = True

    def remove(self, uris: Any) -> None:
        self.removed += uris

    def make_group(self, name: str) -> bool:
        self.groups.append(name)
        return True

    def start_execution(self, machine: str, given: Mapping[str, object]) -> None:
        assert (machine, given["Retraining"]) == ("machine", FOLDER)
        if given["Cause"] == "schedule":
            self.running = self._new_job("InProgress")
        else:
            self._waits = True

    def executions(self) -> set[str]:
        if self._waits:
            self._waits = False
            names = [self._new_job("Completed") for _ in range(self.jobs_of_a_run)]
            for name in names:
                self._tell(self.decides.pop(0) if self.decides else "ChampionKept", name)
        return set()

    def _new_job(self, status: str) -> str:
        name = f"run-{len(self.states)}"
        self.states[name] = replace(self.trained, name=name, arn=name, status=status)
        self.job_tags[name] = {}
        return name

    def _tell(self, decision: str, job: str) -> None:
        if decision == "Promoted" and self.promotes:
            self.champion = job or self.champion
        report = {"Decision": decision, "AutoMLJobName": job, "Causes": ["new data"], "Reason": "so it is"}
        judged = {"Holdout": {"Rows": 3, "Challenger": 0.9, "Champion": 0.8}} if self.answers else {}
        self.told.append({**report, **judged, "Ruling": "AUC", "Package": "arn/loans/1", "Target": {"Job": job}})
        if self.holdout and job:
            self.products_made[f"answer-{job}"] = ProductState(
                "transform job", f"answer-{job}", self.answered, "", frozenset(), released=False,
                read=f"{FOLDER}holdout/run/rows.csv", written=f"{FOLDER}holdout/run/answers",
            )  # fmt: skip

    def products(self) -> list[str]:
        return list(self.products_made)

    def product(self, name: str) -> ProductState:
        return self.products_made[name]

    def approve(self, package: str) -> None:
        job = self.told[-1]["AutoMLJobName"]
        self._tell("Promoted", "")
        self.told[-1]["Target"] = {"Job": job}
        self.champion = job if self.promotes else self.champion

    def served(self) -> str:
        return self.champion or self.resource

    def destroy(self) -> None:
        super().destroy()
        self.states = {name: replace(each, status="Stopped") for name, each in self.states.items()}


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrainings, "POLL_EVERY", 0.0)
    monkeypatch.setattr(retrainings, "_PATIENCE", 0.5)


def rehearsed(world: Repeating, tmp_path: Path, resources: dict[str, Any] = RETRAINED) -> Record:
    return walk(world, tmp_path, resources)


def test_a_good_life_of_a_retraining(tmp_path: Path) -> None:
    world = Repeating()
    record = rehearsed(world, tmp_path)
    found = steps(record)

    assert world.uploads == {"better": 10, "worse": 1}
    assert sorted(world.removed) == sorted(world.files)
    assert "10 objects made one run, with one job: run-1" in found[BETTER]
    assert "it serves randomforest, the best candidate of job-1" in found[BETTER]
    assert "loans/1 was approved, and took over" in found[APPROVED]
    assert "it serves randomforest, the best candidate of run-1" in found[APPROVED]
    assert "the run ended ChampionKept: AUC" in found[WORSE]
    assert "it serves randomforest, the best candidate of run-1" in found["the same app again"]
    assert "it made no job" in found["another shape of what is promoted"]
    again = next(each for each in found["an update that trains again"] if each.startswith("Plain/Job is a new job now"))
    own = again.rpartition(": ")[2]
    assert f"it serves randomforest, the best candidate of {own}" in found["an update that trains again"]
    assert "Plain/Weekly trains" in found["a run that goes when the stack is destroyed"][0]
    assert record.is_hurried
    assert not record.not_shown


def test_template_is_changed_so_that_runs_need_no_days(tmp_path: Path) -> None:
    world = Repeating()
    rehearsed(world, tmp_path)
    resources = world.template["Resources"]

    assert resources["Weekly"]["Properties"]["Data"] | {"QuietSeconds": 2, "EverySeconds": 0} == {
        **WATCHED,
        "QuietSeconds": 2,
        "EverySeconds": 0,
    }
    assert resources["Weekly"]["Properties"]["MaxRunsPerMonth"] == retrainings.JOBS
    assert resources["Schedule"]["Properties"]["State"] == "DISABLED"
    assert resources["Model"]["Properties"]["EndpointShape"] == "abc-1"
    assert resources["Config"]["Properties"]["ProductionVariants"][0]["InitialInstanceCount"] == 2
    assert world.groups == ["loans"]


def test_worse_rows_have_the_labels_of_others_and_better_ones_are_the_same_once_more(tmp_path: Path) -> None:
    world = Repeating()
    rehearsed(world, tmp_path)

    rows = sorted(
        line for uri, text in world.files.items() if "better" in uri for line in text.decode().splitlines()[1:]
    )
    assert rows == ["1,yes", "2,no"]
    assert world.files["s3://data/churn/rehearsal-worse-1.csv"] == b"age,churned\n1,no\n2,yes\n"


FAULTS = [
    ({"jobs_of_a_run": 2}, "10 objects should have made one run with one job; runs tell of run-1, run-2"),
    ({"jobs_of_a_run": 0}, "10 objects should have made one run with one job; runs tell of none, and made were none"),
    ({"decides": ["Failed"]}, "a run of Plain/Weekly ended Failed: so it is"),
    ({"decides": ["EndpointLeftAlone"]}, "a run of Plain/Weekly ended EndpointLeftAlone"),
    ({"decides": ["JobStopped"]}, "the run ended JobStopped"),
    (
        {"promotes": False},
        "endpoint churn should serve randomforest, the best candidate of run-1, and serves s3://models/job-1/model",
    ),
]


@pytest.mark.parametrize(("fault", "message"), FAULTS, ids=[message[:50] for _, message in FAULTS])
def test_fault_is_found_and_the_rows_are_removed(fault: dict[str, Any], message: str, tmp_path: Path) -> None:
    world = Repeating(**fault)
    with pytest.raises(CheckFailedError) as found:
        rehearsed(world, tmp_path)

    assert message in str(found.value)
    assert sorted(world.removed) == sorted(world.files)
    assert world.destroyed


def test_rows_that_are_not_good_enough_are_told(tmp_path: Path) -> None:
    record = rehearsed(Repeating(decides=["ChampionKept", "Promoted"]), tmp_path)

    assert record.not_shown == [
        "a better model of Plain/Weekly: so it is",
        "a worse model of Plain/Weekly: labels of other rows made a better one",
    ]


def test_data_that_nobody_watches_are_followed_by_a_start_by_hand(tmp_path: Path) -> None:
    properties = {name: value for name, value in RETRAINED["Weekly"]["Properties"].items() if name != "Data"}
    record = rehearsed(
        Repeating(watches=False), tmp_path, {**RETRAINED, "Weekly": {**RETRAINED["Weekly"], "Properties": properties}}
    )

    assert "10 objects made one run, with one job: run-1" in steps(record)[BETTER]


def test_run_that_does_not_end_is_told(tmp_path: Path) -> None:
    world = Repeating()
    world.running = "run-0"
    with pytest.raises(CheckFailedError, match=r"Plain/Weekly does not come to its end: \{'job': 'run-0'\}"):
        rehearsed(world, tmp_path)


def test_what_is_no_csv_below_a_prefix_is_trained_by_hand_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrainings, "_csv", lambda _: [])
    record = rehearsed(Repeating(decides=["Promoted"]), tmp_path)

    assert "the run by hand made one run, with one job: run-1" in steps(record)["a run by hand"]
    assert record.not_shown == [
        "new rows that Plain/Weekly learns from: what its job reads is no CSV below a prefix",
    ]


HELD_OUT = "s3://held/out.csv"
ROWS_HELD_OUT = b"\xef\xbb\xbfchurned,age\nyes,7\nno,8\nno,9\n"
"""With the target at the other end than in what the job reads."""


def test_better_rows_are_those_too_by_which_models_are_judged_and_worse_ones_have_other_labels(tmp_path: Path) -> None:
    world = Repeating(holdout=HELD_OUT, files={HELD_OUT: ROWS_HELD_OUT})
    record = rehearsed(world, tmp_path)
    found = steps(record)

    def lines(kind: str) -> list[str]:
        files = {uri: text for uri, text in world.files.items() if f"rehearsal-{kind}-" in uri}
        assert {text.splitlines()[0] for text in files.values()} == {b"age,churned"}
        return sorted(line for text in files.values() for line in text.decode().splitlines()[1:])

    assert lines("better") == ["1,yes", "2,no", "7,yes", "8,no", "9,no"]
    assert [line.partition(",")[0] for line in lines("worse")] == ["1", "2", "7", "8", "9"]
    assert lines("worse") != lines("better")
    for step in (BETTER, WORSE):
        assert "both models answered the 3 rows of the holdout" in found[step]
        assert "nothing that this took is left" in found[step]
    assert "transform job answer-run-1 is Completed" in found[WORSE]
    assert not [check for check in found[WORSE] if "predictions for" in check]
    assert HELD_OUT not in world.removed
    assert not record.not_shown


HOLDOUT_FAULTS = [
    ({"answers": False}, f"no model answered the holdout {HELD_OUT}"),
    ({"trials": ["run/model/m"]}, "what models answered the holdout with is left: run/model/m"),
    ({"answered": "Failed"}, "transform job answer-run-1 ended Failed"),
]


@pytest.mark.parametrize(("fault", "message"), HOLDOUT_FAULTS, ids=[message[:30] for _, message in HOLDOUT_FAULTS])
def test_fault_of_a_judgement_is_found(fault: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError) as found:
        rehearsed(Repeating(holdout=HELD_OUT, files={HELD_OUT: ROWS_HELD_OUT}, **fault), tmp_path)

    assert message in str(found.value)


def test_where_no_holdout_lies_rows_of_the_job_stand_there_meanwhile_and_that_is_told(tmp_path: Path) -> None:
    world = Repeating(holdout=HELD_OUT)
    record = rehearsed(world, tmp_path)

    assert world.files[HELD_OUT] == b"age,churned\n1,yes\n2,no\n1,yes\n2,no\n"
    assert HELD_OUT in world.removed
    assert record.not_shown == [
        f"a fair judgement of Plain/Weekly: nothing lay at {HELD_OUT}, so rows that both models have learned from "
        "stood there",
    ]


def test_holdout_in_a_bucket_that_is_not_there_is_asked_for(tmp_path: Path) -> None:
    class Without(Repeating):
        def write(self, uri: str, content: bytes) -> None:
            raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "PutObject")

    with pytest.raises(CheckFailedError) as found:
        rehearsed(Without(holdout=HELD_OUT), tmp_path)

    assert f"the holdout {HELD_OUT} of Plain/Weekly cannot be made: " in str(found.value)
    assert str(found.value).endswith(f"; bring it with --seed {HELD_OUT}=LOCAL")
