"""Runs of retrainings in the simulation: what starts them, what goes wrong around them, and what must hold."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from constructs_lib.runtime.contract import OwnerTag, read_owner
from constructs_lib.runtime.failure import Failure
from constructs_lib.runtime.retrain_document import Document

from ..runtime.fake_hosting import container
from ..runtime.fake_retraining import MACHINE
from ..runtime.fake_sagemaker import EPOCH, FakeJob
from ..runtime.fake_services import Execution
from .wishes import CEILING, WATCHED_DATA, folder_of

if TYPE_CHECKING:
    from .scenario import Act
    from .simulation import Simulation
    from .stacks import Resource, Stack

TRAINING = 900.0
"""Seconds that a job of a run takes."""

ADMISSIONS = 7
"""So often a state machine asks again whether a trigger is admitted."""

AGAIN = 30.0
"""Seconds after which it asks again."""

LATER = 3600.0
"""Seconds after which events that were lost, or executions that were, have been followed by others."""

ROUNDS = 8


class Runs:
    """Executions of the retrainings' state machine, and the jobs that they train."""

    def __init__(self, simulation: "Simulation") -> None:
        self._simulation = simulation
        self._numbers = 0
        self._calls = 0
        self._read: tuple[str, Document | None] = ("", None)
        """The document that was looked at last."""
        self._scores = iter(simulation.scenario.scores)
        self._killed: set[str] = set()
        """Executions whose function died in a call: what it was about to take back may be left."""

    # What starts runs

    def act(self, act: "Act", stack: "Stack") -> None:
        """A trigger, or what somebody does to a run."""
        resource = stack.retraining
        if resource is None:
            return
        match act.what:
            case "schedule":
                self.start(stack, Cause="schedule", Id=act.wish)
            case "by hand":
                self.start(stack, Cause="by hand")
            case "rolls back":
                self.start(stack, Cause="by hand", Rollback=True)
            case "data":
                bucket, prefix = WATCHED_DATA
                self._simulation.s3.upload(f"{prefix}{self._simulation.time.seconds}.csv", bucket=bucket)
                event = {"source": "aws.s3", "id": f"s3-{self._numbers}", "detail": {}}
                for _ in range(1 if act.who == "nobody" else 2):  # at least once
                    self.start(stack, Event=event)
            case "approves":
                self._approve(stack, is_told=act.who != "nobody")
            case "ends execution":
                self._end_execution(stack)

    def start(self, stack: "Stack", **given: Any) -> None:
        self._numbers += 1
        name = f"run-{self._numbers}"
        self.follow(name, {"Retraining": folder_of(stack), **given})

    def follow(self, name: str, given: Mapping[str, Any]) -> None:
        """Have an execution of this name call the function until it is done."""
        simulation = self._simulation
        simulation.stepfunctions.executions[name] = Execution({}, json.dumps(given))
        first = {
            "Action": "RetrainAutoMLJob",
            "Execution": f"{MACHINE.replace(':stateMachine:', ':execution:')}:{name}",
            "Began": simulation.time.wall().isoformat(),
            "Trigger": dict(given),
        }
        simulation.tell(f"execution {name} starts: {given}")
        simulation.at(0.1, lambda: self._step(name, first, 0))

    def _step(self, name: str, first: Mapping[str, Any], tried: int) -> None:
        simulation = self._simulation
        execution = simulation.stepfunctions.executions[name]
        if execution.done:
            return
        if simulation.is_busy:
            simulation.at(7.0, lambda: self._step(name, first, tried))
            return
        quirks = [quirk for quirk in simulation.scenario.run_quirks if quirk.request == self._calls]
        self._calls += 1
        state = simulation.call(execution.state or first, [] if simulation.is_calm else quirks)
        if execution.done:  # it was stopped meanwhile
            return
        if state is None:
            self._killed.add(name)
            if not execution.state and tried >= ADMISSIONS:
                simulation.stepfunctions.end(name, "FAILED")
                return
            simulation.at(AGAIN, lambda: self._step(name, first, tried + 1))
            return
        execution.state = dict(state)
        execution.done = bool(state["Done"])
        if not execution.done:
            simulation.at(max(float(str(state["Seconds"])), 1.0), lambda: self._step(name, first, 0))

    def _end_execution(self, stack: "Stack") -> None:
        """Somebody stops what runs, whose event may come before anybody has seen it."""
        simulation = self._simulation
        running = [
            name
            for name, each in simulation.stepfunctions.executions.items()
            if not each.done and each.given.startswith("{") and folder_of(stack) in each.given
        ]
        if running:
            simulation.stepfunctions.end(running[0])
            simulation.at(
                1.0,
                lambda: self.start(stack, Event={"source": "aws.states", "id": f"end-{self._numbers}", "detail": {}}),
            )

    def _approve(self, stack: "Stack", *, is_told: bool) -> None:
        packages = [
            each
            for each in self._simulation.sagemaker.packages.values()
            if each.request.get("ModelPackageGroupName") == "runs"
        ]
        if not packages:
            return
        package = packages[-1]
        package.request["ModelApprovalStatus"] = "Approved"
        if is_told:
            detail = {"ModelPackageArn": package.arn}
            self.start(stack, Event={"source": "aws.sagemaker", "id": f"approval-{self._numbers}", "detail": detail})

    # Jobs

    def trains(self, name: str) -> None:
        """A run is about to make a job of this name."""
        self._simulation.at(TRAINING, lambda: self._complete(name))

    def _complete(self, name: str) -> None:
        sagemaker = self._simulation.sagemaker
        job = sagemaker.jobs.get(name.lower())
        if job is None or job.status != "InProgress":
            return
        sagemaker.complete(job.name, value=next(self._scores, 0.9))
        job.told["BestCandidate"]["InferenceContainers"] = [container(job.name)]

    def _jobs(self, resource: "Resource", stack: "Stack") -> list[FakeJob]:
        def is_mine(tags: Mapping[str, str]) -> bool:
            owner = read_owner(tags)
            ids = {resource.logical_id, *resource.former_ids}
            return owner.get(OwnerTag.STACK) == stack.stack_id and owner.get(OwnerTag.RESOURCE) in ids

        return [job for job in self._simulation.sagemaker.jobs.values() if is_mine(job.tags)]

    # What must hold

    def look(self) -> None:
        """One job at a time, as many in a month as are allowed, and none of what is gone."""
        for stack in self._simulation.stacks:
            resource = stack.retraining
            if resource is None:
                continue
            jobs = self._jobs(resource, stack)
            training = [job.name for job in jobs if job.status == "InProgress"]
            if len(training) > 1:
                self._simulation.complain(f"{len(training)} jobs of one retraining train: {', '.join(training)}")
            months = [job.created.strftime("%Y-%m") for job in jobs]
            if any(months.count(month) > CEILING for month in months):
                self._simulation.complain("a retraining has made more jobs in a month than it may")

    def look_when_closed(self, resource: "Resource", stack: "Stack") -> None:
        """Its Delete has succeeded."""
        training = [job.name for job in self._jobs(resource, stack) if job.status == "InProgress"]
        if training:
            self._simulation.complain(f"the run's job {', '.join(training)} trains on after the retraining is gone")

    def come_to_rest(self) -> None:
        """Let what lives hear some events more, as it would."""
        simulation = self._simulation
        for stack in simulation.stacks:
            if stack.retraining is None:
                continue
            for number in range(1, ROUNDS + 1):
                event = {"source": "aws.states", "id": f"rest-{number}", "detail": {}}
                simulation.at(number * LATER, lambda stack=stack, event=event: self.start(stack, Event=event))  # type: ignore[misc]
            if stack.promotes:
                for number in (3, 5):
                    moment = (number + 0.5) * LATER
                    simulation.at(moment, lambda stack=stack: simulation.promotions.tell(stack, is_told=True))  # type: ignore[misc]

    def look_at_rest(self) -> None:
        """Nothing runs any more, and nothing is remembered for ever."""
        for stack in self._simulation.stacks:
            resource = stack.retraining
            if resource is None or resource.status in {"", "DELETE_COMPLETE"}:
                continue
            document = self.document(stack)
            if document is None:
                self._simulation.complain(f"the document of {resource.logical_id} is not there")
            elif document.closed:
                self._simulation.complain(f"{resource.logical_id} is there, and its document is closed")
            elif document.running or document.behind or document.pending:
                self._simulation.complain(f"a run of {resource.logical_id} never ends: {document.running}")

    def document(self, stack: "Stack") -> Document | None:
        resource = stack.retraining
        uri = resource.physical_id if resource else ""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        found = self._simulation.s3.objects.get((bucket, f"{key}state.json"))
        if found and self._read[0] != found["ETag"]:
            self._read = found["ETag"], Document.read(json.loads(found["Body"]))
        return self._read[1] if found else None


PASSING = (ClientError, BotoCoreError, Failure)
"""What a call of a state machine may raise: it is made again."""

YESTERDAY = EPOCH - timedelta(days=1)
