"""A scripted account without any AWS, and the journey through it."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from constructs_lib.rehearsal.account import Account, Candidate, JobState, ResourceEvent, Thing, TrainingReport
from constructs_lib.rehearsal.assembly import Assembly, Job
from constructs_lib.rehearsal.journey import FAILING, Journey
from constructs_lib.rehearsal.processes import Deadline, Finished
from constructs_lib.rehearsal.record import Record
from constructs_lib.rehearsal.screen import Plain
from constructs_lib.rehearsal.stacks import Place, Stack
from constructs_lib.runtime.contract import OwnerTag

from .test_assembly import Folder

if TYPE_CHECKING:
    from constructs_lib.rehearsal.cdk import Cdk

CANDIDATE = Candidate(
    name="randomforest", status="Completed", metric="F1", value=0.75, smaller_is_better=False, seconds=1.0
)
TRAINED = JobState(
    name="",
    arn="",
    status="Completed",
    stage="Completed",
    failure_reason="",
    endpoint="",
    output="s3://results/",
    seconds=3.0,
    candidates=(CANDIDATE,),
)


@dataclass
class World(Account):
    """An account, and what deploying a template does in it. A test overrides what is to go wrong."""

    trained: JobState = TRAINED
    states: dict[str, JobState] = field(default_factory=dict)
    job_tags: dict[str, dict[str, str]] = field(default_factory=dict)
    resource: str = ""
    deployed: dict[str, Any] = field(default_factory=dict)
    rolled_back: bool = False
    left: set[Thing] = field(default_factory=set)
    destroyed: int = 0
    diff: int = 0

    def make_job(self) -> None:
        self.resource = f"job-{len(self.states) + 1}"
        self.states[self.resource] = replace(self.trained, name=self.resource, arn=self.resource)
        self.job_tags[self.resource] = {}

    def release(self, name: str) -> None:
        self.job_tags[name][OwnerTag.RELEASED] = "true"

    def deploy(self, template: dict[str, Any]) -> int:
        properties = template["Resources"]["Job"]["Properties"]
        old, was = self.resource, self.deployed
        if self.changed(was, properties):
            self.make_job()
        if FAILING in template["Resources"]:
            self.roll_back(old)
            return 1
        if old != self.resource and old:
            self.release(old)
        tags = {tag["Key"]: tag["Value"] for tag in properties["Request"].get("Tags", [])}
        self.job_tags.setdefault(self.resource, {}).update(tags)
        self.deployed = properties
        return 0

    def changed(self, old: dict[str, Any], new: dict[str, Any]) -> bool:
        return bool(old.get("Revision") != new["Revision"])

    def roll_back(self, old: str) -> None:
        self.rolled_back = True
        if self.resource != old:
            self.states[self.resource] = replace(self.states[self.resource], status="Stopped")
            self.release(self.resource)
            self.resource = old

    def destroy(self) -> None:
        self.destroyed += 1

    # What the journey sees.

    def jobs(self) -> dict[str, str]:
        return {name: state.status for name, state in self.states.items()}

    def job(self, name: str) -> JobState:
        return self.states[name]

    def report(self, job: JobState) -> TrainingReport:
        return TrainingReport(notes=("not Autopilot",), trained={"randomforest": "a forest"})

    def tags(self, arn: str) -> dict[str, str]:
        return self.job_tags[arn]

    def name_of(self, job: Job) -> str:
        return self.resource

    def outputs(self, stack: Stack) -> dict[str, str]:
        return {"JobName": self.resource}

    def stack_status(self, stack: Stack) -> str:
        return "UPDATE_ROLLBACK_COMPLETE" if self.rolled_back else "UPDATE_COMPLETE"

    def failures(self, stack: Stack) -> list[str]:
        return ["Role (AWS::IAM::Role): no such policy"]

    def products(self) -> list[str]:
        return []

    def events(self, stack: Stack, since: datetime) -> list[ResourceEvent]:
        return [ResourceEvent("Job", "Custom::SageMakerAutoMLJob", "CREATE_COMPLETE", since, "")]

    def describe(self, name: str) -> dict[str, Any]:
        return {}

    def physical_ids(self, stack: Stack) -> dict[Place, str]:
        names = {"Results": "results-bucket", "Log": "/aws/lambda/declared"}
        return {Place(stack, (stack.template,), name): physical for name, physical in names.items()}

    def things(self) -> set[Thing]:
        return {Thing("stack", "CDKToolkit"), Thing("stack", "Plain")} | (self.left if self.destroyed else set())

    def log_tails(self, lines: int) -> Iterator[tuple[str, str]]:
        yield "/aws/lambda/provider", "the function's last words"


@dataclass
class ScriptedCdk:
    """A `cdk` CLI that acts on the world at once."""

    world: World
    folder: Path
    deadline: Deadline

    @contextmanager
    def start(self, name: str, *_: str) -> Iterator[str]:
        yield name

    def finish(self, running: str, meanwhile: Callable[[], None]) -> Finished:
        meanwhile()
        if running == "diff":
            return Finished(self.world.diff, "Resources\n[~] Job")
        if running == "destroy":
            self.world.destroy()
            return Finished(0, "")
        template = json.loads((self.folder / "Plain.template.json").read_text())
        return Finished(self.world.deploy(template), "cdk says why")


def walk(
    world: World, tmp_path: Path, resources: dict[str, Any], *, seconds: float = 60, out: io.StringIO | None = None
) -> Record:
    """The whole journey of a stack with these resources; `out` gets what a user sees of it."""
    folder = Folder(tmp_path / "cdk.out")
    folder.stack("Plain", resources)
    assembly = Assembly.read(folder.path)
    cdk = cast("Cdk", ScriptedCdk(world, folder.path, Deadline(seconds)))
    record = Record(Plain(out or io.StringIO(), verbose=False))
    Journey(assembly, assembly.stacks, world, cdk, record).run(updates=True)
    return record


def said_in(step: str, out: io.StringIO) -> list[str]:
    """The lines below the title of a step, without their times."""
    lines = [line.partition("] ")[2] for line in out.getvalue().splitlines()]
    begin = next(number for number, line in enumerate(lines) if line.endswith(f": {step} ..."))
    end = next(number for number, line in enumerate(lines) if line.startswith(f"{step}: done"))
    return [line.strip() for line in lines[begin + 1 : end]]
