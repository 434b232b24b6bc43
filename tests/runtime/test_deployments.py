"""Whatever happens to a deployment that waits: it goes on in the end, nothing runs unwanted, and no secret gets out."""

import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from constructs_lib.runtime.contract import OUTCOME_TYPE, OwnerTag
from constructs_lib.runtime.watch import IN_VAIN

from .fake_sagemaker import ACCOUNT, REGION, FakeJob, client_error
from .world import OTHERS, SIGNATURE, Crash, Sink, Squatter, World, properties, watching

OUTCOME = "Outcome5D1F"
TWELVE_HOURS = 43_200

CALLS = [
    ("sagemaker", "CreateAutoMLJob"),
    ("sagemaker", "DescribeAutoMLJobV2"),
    ("sagemaker", "ListTags"),
    ("sagemaker", "StopAutoMLJob"),
    ("sagemaker", "ListCandidatesForAutoMLJob"),
    ("stepfunctions", "StartExecution"),
    ("events", "PutEvents"),
    ("cloudformation", "SignalResource"),
    ("cloudformation", "DescribeStackResource"),
    ("cloudformation", "DescribeStacks"),
    ("s3", "PutObject"),
]
FAULTS = st.none() | st.tuples(st.sampled_from(CALLS), st.sampled_from(["throttled", "crash"]), st.booleans())
Fault = tuple[tuple[str, str], str, bool] | None

WISHES = st.fixed_dictionaries(
    {"problem": st.sampled_from(["Regression", "BinaryClassification"]), "revision": st.sampled_from(["1", "2"])}
) | st.fixed_dictionaries(
    # A role that only the deployment knows: the ids of the wait conditions do not tell.
    {"problem": st.just("Regression"), "revision": st.just("1"), "role": st.sampled_from(["churn", "other"])}
)
RUNS_ON = "runs on until the time is over"
SELDOM = st.sampled_from([False, False, False, True])
ENDS = st.sampled_from(["Completed", "Completed", "Completed", "Failed", "Stopped"])
JUDGEMENTS = st.fixed_dictionaries(
    {
        "OnTimeout": st.sampled_from(["StopJob", "Fail", "LetRun"]),
        "WriteResult": st.sampled_from(["true", "false"]),
    },
    optional={
        "Gate": st.fixed_dictionaries(
            {
                "Rule": st.sampled_from(["AtLeast", "BetterThan"]),
                "Value": st.sampled_from(["0.5", "0.95", ""]),
                "OnMiss": st.sampled_from(["fail", "warn"]),
            }
        )
    },
)


def job_properties(problem: str, revision: str, role: str = "churn") -> dict[str, Any]:
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    wait = f"Wait{problem}{revision}"
    return properties(ProblemType=problem, RoleArn=arn, revision=revision) | {
        "Watch": watching(wait, f"{wait}Next", seconds=TWELVE_HOURS - 600)
    }


def condition_ids(wanted: dict[str, Any]) -> list[str]:
    return [condition["LogicalId"] for condition in wanted["Watch"]["Conditions"]]


class Deployments(RuleBasedStateMachine):
    """A stack with a job, two wait conditions in a row and an outcome, deployed as CloudFormation does it."""

    sink: Sink

    def __init__(self) -> None:
        super().__init__()
        self.sink.received.clear()
        self.world = World(self.sink)
        self.log = io.StringIO()
        self.foreign = self.world.sagemaker.add_job("somebodys", {"owner": "x", OwnerTag.STACK: "theirs"})
        self.squatters: list[Squatter] = []
        self.phase = "none"
        self.job_id = ""
        self.job: dict[str, Any] = {}
        self.outcome: dict[str, Any] = {}
        self.old_id = ""
        self.old_job: dict[str, Any] = {}
        self.old_outcome: dict[str, Any] = {}
        self.new_outcome: dict[str, Any] = {}
        self.waits_since = 0.0
        self.conditions: list[str] = []
        """Those that are still to begin, in their order."""
        self.sent = 0

    # What CloudFormation and Lambda do

    @contextmanager
    def broken(self, fault: Fault) -> Iterator[None]:
        if fault:
            (service, operation), kind, after = fault
            error: Any = (
                client_error(operation, "ThrottlingException", "Rate exceeded") if kind == "throttled" else Crash()
            )
            self.world.services[service].fail(operation, error, after=after, times=2 if kind == "throttled" else 1)
        try:
            with redirect_stdout(self.log):
                yield
        finally:
            for fake in self.world.services.values():
                fake.faults.clear()

    def deliver(self, event: Any, fault: Fault = None, *, again: bool = False) -> dict[str, Any]:
        """Deliver an event until it is answered, as Lambda does, and once more if it feels like it."""
        answers = []
        with self.broken(fault):
            for _ in range(2 if again else 1):
                try:
                    answers.append(self.world.send(event))
                except Crash:
                    answers.append(self.world.send(event))
                self.sent += 1
        return answers[0]

    def send_job(
        self, request_type: str, fault: Fault = None, *, again: bool = False, **members: Any
    ) -> dict[str, Any]:
        return self.deliver(self.world.event(request_type, **members), fault, again=again)

    def send_outcome(self, request_type: str, fault: Fault = None, **members: Any) -> dict[str, Any]:
        event = self.world.event(request_type, ResourceType=OUTCOME_TYPE, LogicalResourceId=OUTCOME, **members)
        return self.deliver(event, fault)

    def stack(self, status: str) -> None:
        self.world.cloudformation.stack_status = status

    def resource(self, status: str) -> None:
        self.world.status(status, physical_id=self.job_id)

    def judged(self, judgement: dict[str, Any]) -> dict[str, Any]:
        return {"ServiceToken": "arn", "JobName": self.job_id, "TimeoutSeconds": str(TWELVE_HOURS)} | judgement

    def wait(self, new: list[str]) -> None:
        self.phase, self.waits_since, self.conditions = "waiting", self.world.time.now(), new

    def drop(self, conditions: list[str]) -> None:
        for name in conditions:
            self.world.cloudformation.resources.pop((self.world.stack_id, name), None)

    def status_of(self, condition: str) -> str:
        return self.world.cloudformation.resources.get((self.world.stack_id, condition), ("", ""))[0]

    def of_others(self) -> list[FakeJob]:
        return [self.foreign, *(squatter.job for squatter in self.squatters)]

    def waits_at(self) -> list[str]:
        return [name for name in condition_ids(self.job) if self.status_of(name) == "CREATE_IN_PROGRESS"]

    # Deploying

    @rule(wish=WISHES, whose=st.sampled_from(OTHERS))
    def somebody_takes_a_name(self, wish: dict[str, str], whose: str) -> None:
        self.squatters.append(self.world.squat(job_properties(**wish), whose))

    @precondition(lambda self: self.phase == "none")
    @rule(wish=WISHES, judgement=JUDGEMENTS, fault=FAULTS, again=st.booleans())
    def create(self, wish: dict[str, str], judgement: dict[str, Any], fault: Fault, again: bool) -> None:
        self.world.stack_id = (
            f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/Demo/{uuid.uuid5(uuid.NAMESPACE_DNS, str(self.sent))}"
        )
        self.world.cloudformation.stacks.add(self.world.stack_id)
        self.stack("CREATE_IN_PROGRESS")
        self.job, self.old_job, self.old_id, self.job_id = job_properties(**wish), {}, "", ""
        self.new_outcome, self.outcome = judgement, {}
        self.resource("CREATE_IN_PROGRESS")
        answer = self.send_job("Create", fault, again=again, ResourceProperties=self.job)
        self.job_id = answer["PhysicalResourceId"]
        if answer["Status"] == "FAILED":
            self.roll_back()
        else:
            self.resource("CREATE_COMPLETE")
            self.wait(condition_ids(self.job))

    @precondition(lambda self: self.phase == "rest")
    @rule(wish=WISHES, judgement=JUDGEMENTS, fault=FAULTS, again=st.booleans())
    def update(self, wish: dict[str, str], judgement: dict[str, Any], fault: Fault, again: bool) -> None:
        self.stack("UPDATE_IN_PROGRESS")
        self.resource("UPDATE_IN_PROGRESS")
        self.old_id, self.old_job, self.old_outcome = self.job_id, self.job, self.outcome
        self.job, self.new_outcome = job_properties(**wish), judgement
        made = self.world.creates()
        has_learned = self.world.sagemaker.jobs[self.old_id.lower()].status == "Completed"
        if self.job == self.old_job:
            self.resource("UPDATE_COMPLETE")
            self.wait([])
            return
        answer = self.send_job(
            "Update",
            fault,
            again=again,
            PhysicalResourceId=self.old_id,
            ResourceProperties=self.job,
            OldResourceProperties=self.old_job,
        )
        new = [name for name in condition_ids(self.job) if name not in condition_ids(self.old_job)]
        if not new:
            assert self.world.creates() == made
            if has_learned:
                assert answer["Status"] == "FAILED" or answer["PhysicalResourceId"] == self.old_id
            else:
                assert answer["Reason"] == IN_VAIN
        if answer["Status"] == "FAILED":
            self.roll_back()
        else:
            self.job_id = answer["PhysicalResourceId"]
            self.resource("UPDATE_COMPLETE")
            self.wait(new)

    @precondition(lambda self: self.phase == "waiting" and self.conditions and not self.waits_at())
    @rule()
    def next_condition_begins(self) -> None:
        self.world.status("CREATE_IN_PROGRESS", self.conditions.pop(0), "condition")

    @precondition(lambda self: self.phase == "waiting")
    @rule(status=ENDS | st.just(RUNS_ON), looks=FAULTS, fault=FAULTS)
    def waits_to_the_end(self, status: str, looks: Fault, fault: Fault) -> None:
        """All of the fine steps below in a row, which chance alone seldom gets through."""
        if status == RUNS_ON:
            self.world.time.seconds = max(self.world.time.now(), self.waits_since + TWELVE_HOURS - 600)
        elif self.job_id in self.world.running():
            self.end(self.job_id, status)
        while self.conditions or self.waits_at():
            if not self.waits_at():
                self.next_condition_begins()
            for name in self.world.stepfunctions.running():
                self.look_at(name, looks)
            with redirect_stdout(self.log):
                self.world.follow(2)
            assert not self.waits_at()
        self.outcome_is_asked_for(fault)

    @precondition(lambda self: self.phase == "waiting" and not self.conditions and not self.waits_at())
    @rule(fault=FAULTS)
    def outcome_is_asked_for(self, fault: Fault) -> None:
        wanted = self.judged(self.new_outcome)
        if self.outcome:
            if wanted == self.outcome:
                self.finish()
                return
            answer = self.send_outcome(
                "Update",
                fault,
                PhysicalResourceId=f"{OUTCOME}-outcome",
                ResourceProperties=wanted,
                OldResourceProperties=self.outcome,
            )
        else:
            answer = self.send_outcome("Create", fault, ResourceProperties=wanted)
        assert answer["PhysicalResourceId"] == f"{OUTCOME}-outcome"
        if answer["Status"] == "SUCCESS":
            self.outcome = wanted
            self.finish()
        else:
            self.roll_back(wanted)

    @precondition(lambda self: self.phase == "waiting")
    @rule(really=SELDOM)
    def cancelled(self, really: bool) -> None:
        """By somebody, or because another resource failed meanwhile."""
        if really:
            self.roll_back()

    def finish(self) -> None:
        self.stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" if self.old_job else "CREATE_COMPLETE")
        if self.old_job and self.job_id != self.old_id:
            answer = self.send_job("Delete", PhysicalResourceId=self.old_id, ResourceProperties=self.old_job)
            assert answer["Status"] == "SUCCESS"
        self.drop(
            [name for name in condition_ids(self.old_job) if name not in condition_ids(self.job)]
            if self.old_job
            else []
        )
        self.stack("UPDATE_COMPLETE")
        self.phase = "rest"

    def roll_back(self, failed_outcome: dict[str, Any] | None = None) -> None:
        new_job, new_id = self.job, self.job_id
        self.phase = "rest" if self.old_job else "none"
        self.conditions = []
        if not self.old_job:
            self.stack("ROLLBACK_IN_PROGRESS")
            self.remove(failed_outcome)
            return
        self.stack("UPDATE_ROLLBACK_IN_PROGRESS")
        made = self.world.creates()
        if failed_outcome:
            back = self.send_outcome(
                "Update",
                PhysicalResourceId=f"{OUTCOME}-outcome",
                ResourceProperties=self.old_outcome,
                OldResourceProperties=failed_outcome,
            )
            assert back["Status"] == "SUCCESS"
        if new_job != self.old_job:
            self.resource("UPDATE_IN_PROGRESS")
            back = self.send_job(
                "Update",
                PhysicalResourceId=new_id,
                ResourceProperties=self.old_job,
                OldResourceProperties=new_job,
            )
            assert back["Status"] == "SUCCESS"
            assert back["PhysicalResourceId"] == self.old_id
            self.world.status("UPDATE_COMPLETE", physical_id=self.old_id)
        assert self.world.creates() == made
        self.stack("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        if new_id != self.old_id:
            self.send_job("Delete", PhysicalResourceId=new_id, ResourceProperties=new_job)
        self.drop([name for name in condition_ids(new_job) if name not in condition_ids(self.old_job)])
        self.job, self.job_id, self.outcome = self.old_job, self.old_id, self.old_outcome
        self.resource("UPDATE_COMPLETE")
        self.stack("UPDATE_ROLLBACK_COMPLETE")

    def remove(self, outcome: dict[str, Any] | None) -> None:
        if outcome:
            answer = self.send_outcome("Delete", PhysicalResourceId=f"{OUTCOME}-outcome", ResourceProperties=outcome)
            assert answer["Status"] == "SUCCESS"
        self.drop(condition_ids(self.job))
        self.resource("DELETE_IN_PROGRESS")
        answer = self.send_job("Delete", PhysicalResourceId=self.job_id, ResourceProperties=self.job)
        assert answer["Status"] == "SUCCESS"
        self.resource("DELETE_COMPLETE")
        self.stack("DELETE_COMPLETE")
        self.phase = "none"

    @precondition(lambda self: self.phase == "rest")
    @rule(really=SELDOM)
    def delete(self, really: bool) -> None:
        if really:
            self.stack("DELETE_IN_PROGRESS")
            self.remove(self.outcome)

    # What goes on meanwhile

    @precondition(lambda self: self.world.stepfunctions.running())
    @rule(data=st.data(), fault=FAULTS)
    def look(self, data: st.DataObject, fault: Fault) -> None:
        self.look_at(data.draw(st.sampled_from(self.world.stepfunctions.running())), fault)

    def look_at(self, name: str, fault: Fault) -> None:
        with self.broken(fault):
            try:
                self.world.look(name)
            except Crash:
                """The state machine tries again with the state that it has."""

    @rule(seconds=st.sampled_from([60, 3_600, 20_000]))
    def time_passes(self, seconds: int) -> None:
        self.world.time.seconds += seconds
        if self.phase == "waiting" and self.world.time.now() - self.waits_since > TWELVE_HOURS and self.waits_at():
            self.roll_back()

    @precondition(lambda self: self.world.running())
    @rule(data=st.data(), status=ENDS)
    def job_ends(self, data: st.DataObject, status: str) -> None:
        self.end(data.draw(st.sampled_from(self.world.running())), status)

    def end(self, name: str, status: str) -> None:
        if status == "Completed":
            self.world.sagemaker.complete(name)
        else:
            self.world.sagemaker.jobs[name].status = status

    @precondition(lambda self: any(self.is_repeatable(event) for event in self.world.events))
    @rule(data=st.data())
    def late_event(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from([event for event in self.world.events if self.is_repeatable(event)]))
        self.deliver(event)

    def is_repeatable(self, event: Any) -> bool:
        """As in `test_lifetimes`: an Update that found its job left no trace on it."""
        if event["ResourceType"] == OUTCOME_TYPE:
            return event["StackId"] != self.world.stack_id or self.phase == "none"
        made = any(job.tags.get(OwnerTag.REQUEST) == event["RequestId"] for job in self.world.sagemaker.jobs.values())
        return made or event["RequestType"] == "Delete"

    # What holds at every moment, and what at the end

    @invariant()
    def nothing_runs_unwanted(self) -> None:
        running = {job.name for job in self.world.sagemaker.running() if job not in self.of_others()}
        wanted = {"none": set(), "rest": {self.job_id}, "waiting": {self.job_id, self.old_id}}[self.phase]
        assert {name for name in running if self.world.sagemaker.jobs[name].status == "InProgress"} <= wanted

    @invariant()
    def foreign_job_is_untouched(self) -> None:
        assert self.foreign.status == "InProgress"
        assert self.foreign.tags == {"owner": "x", OwnerTag.STACK: "theirs"}
        assert all(squatter.is_untouched for squatter in self.squatters)

    @invariant()
    def every_event_is_answered_once(self) -> None:
        assert len(self.sink.received) == self.sent

    def teardown(self) -> None:
        if self.phase == "waiting":
            self.waits_to_the_end("Completed", None, None)
        for name in self.world.running():
            self.world.sagemaker.complete(name)
        with redirect_stdout(self.log):
            self.world.follow(60)
        assert not self.world.stepfunctions.running()
        told = [self.log.getvalue(), *map(str, (self.world.s3.objects, self.world.events_bus.entries))]
        told += [str(execution) for execution in self.world.stepfunctions.executions.values()]
        assert not any(SIGNATURE in text or "ResponseURL" in text for text in told)


@pytest.mark.timeout(120)
def test_any_deployment_ends_and_leaves_nothing_running(sink: Sink) -> None:
    Deployments.sink = sink
    case = Deployments.TestCase
    case.settings = settings(
        deadline=None, max_examples=150, stateful_step_count=30, suppress_health_check=list(HealthCheck)
    )
    case("runTest").debug()
