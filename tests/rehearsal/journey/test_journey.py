"""Each check of the journey catches the fault that it is there for, in a scripted account without any AWS."""

import io
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.rehearsal.account import JobState, Thing
from constructs_lib.rehearsal.failures import CheckFailedError
from constructs_lib.rehearsal.record import Record
from constructs_lib.rehearsal.rehearse import closing
from constructs_lib.rehearsal.training.task import NOT_TUNED

from . import world as scripted
from .test_assembly import JOB
from .world import CANDIDATE, TRAINED, World, said_in

pytestmark = pytest.mark.usefixtures("impatient")


def walk(world: World, tmp_path: Path, *, job: dict[str, Any] = JOB, seconds: float = 60) -> Record:
    bucket = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}
    resources = {"Job": job, "Results": bucket, "Log": {"Type": "AWS::Logs::LogGroup"}}
    return scripted.walk(world, tmp_path, resources, seconds=seconds)


def test_a_good_life_passes_all_checks(tmp_path: Path) -> None:
    world = World()
    record = walk(world, tmp_path)
    assert [step.title for step in record.steps] == [
        "cdk deploy",
        "wait for the job",
        "outputs",
        "the same app again",
        "an update that trains again",
        "an update of tags alone",
        "wait for the new job",
        "an update that fails and rolls back",
        "cdk destroy",
        "nothing is left",
    ]
    assert world.destroyed == 1
    assert world.jobs() == {"job-1": "Completed", "job-2": "Completed", "job-3": "Stopped"}


def test_what_fails_on_purpose_says_so(tmp_path: Path) -> None:
    out = io.StringIO()
    scripted.walk(World(), tmp_path, {"Job": JOB}, out=out)
    assert said_in("an update that fails and rolls back", out)[0] == (
        "fails on purpose: RehearsalNobodySignals waits for a signal, and nobody sends it"
    )


def test_closing_lines_tell_the_leaderboard_the_notes_and_what_was_emulated(tmp_path: Path) -> None:
    text = "\n".join(closing(walk(World(), tmp_path)))
    for words in ("Leaderboard of job-1", "a forest", "- not Autopilot", "not by Autopilot", "checks passed, in 0 s"):
        assert words in text


def test_job_with_a_name_that_is_a_token_is_not_replaced(tmp_path: Path) -> None:
    named = {**JOB, "Properties": {"Request": {"AutoMLJobName": {"Ref": "Name"}}, "Revision": "1"}}
    world = World()
    record = walk(world, tmp_path, job=named)
    assert list(world.states) == ["job-1"]
    assert record.not_shown == [
        "Plain/Job training again: its name is known to CloudFormation alone, and only one job may have it"
    ]


class NoJob(World):
    def make_job(self) -> None:
        self.resource = "nothing"


class TrainsWheneverDeployed(World):
    def changed(self, old: dict[str, Any], new: dict[str, Any]) -> bool:
        return True


class NeverTrainsAgain(World):
    def changed(self, old: dict[str, Any], new: dict[str, Any]) -> bool:
        return not old


class KeepsTheOldJob(World):
    def release(self, name: str) -> None:
        pass


class TrainsForATag(World):
    def changed(self, old: dict[str, Any], new: dict[str, Any]) -> bool:
        return old != new


class ForgetsTheTag(World):
    def deploy(self, template: dict[str, Any]) -> int:
        template["Resources"]["Job"]["Properties"]["Request"].pop("Tags", None)
        return super().deploy(template)


class DoesNotRollBack(World):
    def roll_back(self, old: str) -> None:
        pass


class StaysWithTheThird(World):
    def roll_back(self, old: str) -> None:
        third = self.resource
        super().roll_back(old)
        self.resource = third


class TrainsInTheRollback(World):
    def roll_back(self, old: str) -> None:
        super().roll_back(old)
        self.make_job()
        self.resource = old


class StopsTheOldInTheRollback(World):
    def roll_back(self, old: str) -> None:
        super().roll_back(old)
        self.states[old] = replace(self.states[old], status="Stopped")


class ReleasesTheOldInTheRollback(World):
    def roll_back(self, old: str) -> None:
        super().roll_back(old)
        self.release(old)


class LeavesTheThirdRunning(World):
    def roll_back(self, old: str) -> None:
        third = self.resource
        super().roll_back(old)
        self.states[third] = replace(self.states[third], status="InProgress")


class FailsWhenTrainedAgain(World):
    def make_job(self) -> None:
        super().make_job()
        if self.resource == "job-2":
            self.states["job-2"] = replace(
                self.states["job-2"], status="Failed", stage="Failed", failure_reason="450 rows, 500 needed"
            )


class FailsInTheRollback(World):
    def roll_back(self, old: str) -> None:
        third = self.resource
        super().roll_back(old)
        self.states[third] = replace(self.states[third], status="Failed", failure_reason="out of memory")


class IsStoppedWhenTrainedAgain(World):
    def make_job(self) -> None:
        super().make_job()
        if self.resource == "job-2":
            self.states["job-2"] = replace(self.states["job-2"], status="Stopped", stage="Stopped")


class LeavesARole(World):
    def destroy(self) -> None:
        super().destroy()
        self.left = {Thing("role", "stray"), Thing("bucket", "results-bucket")}


class LeavesItsOwnLogGroup(World):
    def destroy(self) -> None:
        super().destroy()
        self.left = {Thing("log group", "/aws/lambda/declared"), Thing("log group", "/aws/sagemaker/AutoMLJobs")}


class LeavesPartsOfADeployment(World):
    """Of job-3's own; the stage says whether that deployment has failed."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self.stage = stage

    def destroy(self) -> None:
        super().destroy()
        self.states["job-3"] = replace(self.states["job-3"], stage=self.stage)
        self.left = {Thing(kind, "job-3-0a1b2c3d") for kind in ("model", "endpoint config")}


@pytest.mark.parametrize(
    ("world", "message"),
    [
        (NoJob(), "the stacks' job resources are nothing, the service has no job"),
        (
            World(trained=replace(TRAINED, status="Failed", stage="Failed", failure_reason="450 rows, 500 needed")),
            "Plain/Job ended Failed: 450 rows, 500 needed",
        ),
        (
            World(trained=replace(TRAINED, candidates=())),
            "Plain/Job is Completed without a candidate that has a value of the objective",
        ),
        (World(diff=1), "cdk diff shows differences although nothing has changed"),
        (TrainsWheneverDeployed(), "deploying again made job-2"),
        (
            NeverTrainsAgain(),
            "the update should have made one job, now Plain/Job's; it is job-1, made were none",
        ),
        (
            KeepsTheOldJob(),
            "this does not hold: job-1 is released: the stack never takes it back (tagged "
            "sagemaker-autopilot:released)",
        ),
        (TrainsForATag(), "a change of tags made job-3, Plain/Job is job-3 (was job-2)"),
        (ForgetsTheTag(), "the job's tags are {}: rehearsal=tag-only is missing"),
        (
            DoesNotRollBack(),
            "the update should have rolled back: the CLI ended with 1, the stack is UPDATE_COMPLETE",
        ),
        (StaysWithTheThird(), "Plain/Job was job-2 before the update that failed and is job-3 after it"),
        (TrainsInTheRollback(), "the rollback trained again: job-3, job-4 are new"),
        (
            StopsTheOldInTheRollback(),
            "job-2 was Completed before the update that failed; the rollback left it Stopped",
        ),
        (
            ReleasesTheOldInTheRollback(),
            "job-2 was Completed before the update that failed; the rollback left it Completed and released",
        ),
        (
            LeavesTheThirdRunning(),
            "job-3, made by the update that was rolled back, is InProgress and was not released",
        ),
        (FailsWhenTrainedAgain(), "Plain/Job ended Failed: 450 rows, 500 needed"),
        (IsStoppedWhenTrainedAgain(), "Plain/Job ended Stopped: no reason given"),
        (
            FailsInTheRollback(),
            "job-3, made by the update that was to fail, ended Failed itself: out of memory",
        ),
        (LeavesARole(), "the stacks are destroyed, and this is left: role stray"),
        (LeavesItsOwnLogGroup(), "the stacks are destroyed, and this is left: log group /aws/lambda/declared"),
        (
            LeavesPartsOfADeployment("Completed"),
            "the stacks are destroyed, and this is left: endpoint config job-3-0a1b2c3d, model job-3-0a1b2c3d",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, World) else "",
)
def test_each_fault_is_caught_explained_and_destroyed(world: World, message: str, tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError) as failed:
        walk(world, tmp_path)
    assert str(failed.value) == message
    assert "log group /aws/lambda/provider" in [evidence.title for evidence in failed.value.evidence]
    assert world.destroyed == 1


def test_what_a_failed_deployment_of_the_service_has_made_is_told(tmp_path: Path) -> None:
    out = io.StringIO()
    record = scripted.walk(LeavesPartsOfADeployment("ModelDeploymentError"), tmp_path, {"Job": JOB}, out=out)

    told = "made by the service for a deployment that failed, costs nothing, and is in no stack"
    assert said_in("nothing is left", out)[:2] == [
        f"{told}: endpoint config job-3-0a1b2c3d",
        f"{told}: model job-3-0a1b2c3d",
    ]
    assert record.retained == ["endpoint config job-3-0a1b2c3d", "model job-3-0a1b2c3d"]


UNTUNED = replace(
    TRAINED, status="Failed", stage="Failed", failure_reason=f"{NOT_TUNED}1000 rows of input and output.", candidates=()
)


def test_job_whose_language_model_is_not_tuned_here_goes_on_and_is_said_not_to_be_shown(tmp_path: Path) -> None:
    world = World(trained=UNTUNED)
    record = walk(world, tmp_path)
    assert world.destroyed == 1
    assert record.steps[1].checks == [
        "job-1 is Failed, as expected: its data is in order, and no language model is fine-tuned here"
    ]
    text = "\n".join(closing(record))
    assert "Not shown:\n  Plain/Job fine-tuning its language model: there is no model, no score" in text
    assert "Notes on job-1\n  - not Autopilot" in text
    assert "trained models" not in text


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (replace(UNTUNED, candidates=(CANDIDATE,)), "job-1 was not fine-tuned and has 1 candidates nevertheless"),
        (replace(UNTUNED, status="Stopped"), "Plain/Job ended Stopped (Failed): This machine does not fine-tune"),
        (
            replace(UNTUNED, failure_reason="the training data has no usable row"),
            "Plain/Job ended Failed: the training data has no usable row",
        ),
    ],
)
def test_any_other_end_of_such_a_job_is_a_failed_check(state: JobState, message: str, tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match=f"^{re.escape(message)}"):
        walk(World(trained=state), tmp_path)


DEPLOYED: dict[str, Any] = {
    **JOB,
    "Properties": {"Request": {"ModelDeployConfig": {"AutoGenerateEndpointName": True}}, "Revision": "1"},
}
SERVED = replace(TRAINED, endpoint="churn-now")


@dataclass
class Serving(World):
    """An account whose endpoint has been given the first rows of some CSV."""

    status: str = "InService"
    answer: str = "yes\nno\n"

    def describe(self, name: str) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": "s3://data/churn/"}
        return {
            "AutoMLJobInputDataConfig": [{"DataSource": {"S3DataSource": source}}],
            "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "churned"}},
        }

    def objects(self, uri: str) -> list[str]:
        return [f"{uri}a.csv"]

    def read(self, uri: str) -> bytes | None:
        return b"age,churned\n1,yes\n2,no\n"

    def endpoint_status(self, name: str) -> str:
        return self.status

    def invoke(self, endpoint: str, body: bytes, content_type: str, accept: str = "text/csv") -> str:
        assert (endpoint, body, content_type) == ("churn-now", b"1\n2\n", "text/csv")
        return self.answer


def test_endpoint_is_asked_for_the_training_data(tmp_path: Path) -> None:
    record = walk(Serving(trained=SERVED), tmp_path, job=DEPLOYED)
    assert "its best model is deployed to the endpoint churn-now" in record.steps[1].checks
    assert record.steps[2].checks == [
        "endpoint churn-now is InService",
        "asked for 2 rows of the training data, it answers: yes | no",
    ]


@pytest.mark.parametrize(
    ("world", "message"),
    [
        (
            Serving(trained=replace(SERVED, endpoint="", stage="ModelDeploymentError", failure_reason="no more room")),
            "Plain/Job asks for an endpoint and has none (ModelDeploymentError): no more room",
        ),
        (Serving(trained=SERVED, status="Failed"), "endpoint churn-now is Failed"),
        (
            Serving(trained=SERVED, answer="yes\n"),
            "endpoint churn-now, asked for 2 rows of the training data, should answer in 2 lines; it answered: yes",
        ),
        (
            Serving(trained=SERVED, answer=""),
            "endpoint churn-now, asked for 2 rows of the training data, should answer in 2 lines; it answered: nothing",
        ),
    ],
)
def test_endpoint_that_does_not_serve_is_a_failed_check(world: Serving, message: str, tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError) as failed:
        walk(world, tmp_path, job=DEPLOYED)
    assert str(failed.value) == message


def test_deployment_that_fails_names_the_resource(tmp_path: Path) -> None:
    class Refused(World):
        def deploy(self, template: dict[str, Any]) -> int:
            return 1

    with pytest.raises(CheckFailedError) as failed:
        walk(Refused(), tmp_path)
    assert str(failed.value) == "cdk deploy failed\n  Role (AWS::IAM::Role): no such policy"
    assert failed.value.evidence[0].text == "cdk says why"


def test_job_that_runs_when_the_stack_goes_must_be_stopped(tmp_path: Path) -> None:
    class KeepsRunning(World):
        def roll_back(self, old: str) -> None:
            super().roll_back(old)
            self.states[old] = replace(self.states[old], status="InProgress")

    with pytest.raises(CheckFailedError, match="job-2 was running when the stack was destroyed and still is"):
        walk(KeepsRunning(), tmp_path)


def test_job_that_runs_when_the_stack_goes_is_stopped_by_it(tmp_path: Path) -> None:
    class StopsAtLast(World):
        def roll_back(self, old: str) -> None:
            super().roll_back(old)
            self.states[old] = replace(self.states[old], status="InProgress")

        def destroy(self) -> None:
            super().destroy()
            self.states["job-2"] = replace(self.states["job-2"], status="Stopped")

    record = walk(StopsAtLast(), tmp_path)
    assert "job-2, running when the stack was destroyed, is Stopped" in record.steps[-2].checks


def test_time_limit_counts_while_a_job_is_waited_for(tmp_path: Path) -> None:
    endless = World(trained=replace(TRAINED, status="InProgress", stage="TrainingModels"))
    with pytest.raises(CheckFailedError, match="waiting for a job or an endpoint; give more with --timeout"):
        walk(endless, tmp_path, seconds=0.05)
