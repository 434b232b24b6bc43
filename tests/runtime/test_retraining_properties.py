"""Random lives of a retraining: whatever comes in whatever order, one job trains, nothing is lost or begun twice."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from constructs_lib.runtime import retrain_scores
from constructs_lib.runtime.contract import OwnerTag

from .fake_hosting import Hosted
from .fake_retraining import ENDPOINT, FOLDER, HOLDOUT, TEMPLATE, RetrainingWorld
from .fake_sagemaker import EPOCH, client_error
from .world import LOGICAL_ID, Crash, Sink

CEILING = 8
FAULTS = [
    "PutObject", "GetObject", "ListObjectsV2", "DeleteObject", "DescribeExecution", "CreateAutoMLJob", "UpdateEndpoint",
    "CreateModel", "CreateTransformJob", "DescribeTransformJob", "StopTransformJob",
]  # fmt: skip
RACES = ["PutObject", "GetObject", "CreateAutoMLJob", "CreateModel", "CreateTransformJob", "UpdateEndpoint"]


class Life(RuleBasedStateMachine):
    """Triggers, calls of executions in any order, deaths, lost answers, time, deployments, and the end."""

    sink: Sink

    def __init__(self) -> None:
        super().__init__()
        self.world = RetrainingWorld(self.sink)
        self.world.train_seconds = 300
        self.world.answer_seconds = 150
        self.world.hold_out(100)
        self.config, self.job, self.shape = TEMPLATE, "own-1", "1"
        """What the template says."""
        self.own_models = {"own-1": self.world.model_id}
        assert self.world.create(self.wanted())["Status"] == "SUCCESS"
        self.is_closed = False
        self.wanted_since = EPOCH
        """When the last trigger came that has to be followed by a job."""
        self.ids: set[str] = set()
        self.taken: set[str] = set()
        """Causes that the document has known."""
        self.was_full = False
        self.numbers = 0

    def wanted(self) -> dict[str, Any]:
        world = self.world
        pending = {"Request": {"ModelPackageGroupName": "churn", "ModelApprovalStatus": "PendingManualApproval"}}
        endpoint = {
            **world.wanted()["Endpoint"],
            "TemplateConfig": self.config,
            "Model": world.model_properties(self.job),
        }
        asked = pending if self.is_asked else None
        rows = HOLDOUT if self.is_held_out else None
        return world.wanted(MaxRunsPerMonth=CEILING, Endpoint=endpoint, JobName=self.job, Registry=asked, Holdout=rows)

    is_asked = False
    """Whether somebody has to approve."""

    is_held_out = True
    """Whether a holdout decides."""

    def call(self, name: str) -> bool:
        """One call of an execution; tells whether it came to its end."""
        try:
            self.world.call(name)
        except (Crash, Exception):
            return False
        self.world.work()
        return True

    @rule(number=st.integers(0, 5))
    def schedule(self, number: int) -> None:
        """A schedule's time comes, or comes again."""
        identity = str(number)
        name = self.world.start(Cause="schedule", Id=identity)
        came = self.world.time.wall()
        if self.call(name) and identity not in self.ids and not self.is_closed:
            self.ids.add(identity)
            self.wanted_since = came

    @rule(kind=st.sampled_from(["Rollback", "Reconcile", "hand"]))
    def by_hand(self, kind: str) -> None:
        if kind == "Rollback" and self.world.document().previous is None:
            return
        self.numbers += 1
        came = self.world.time.wall()
        name = self.world.start(**({} if kind == "hand" else {kind: True}), Cause=f"{kind} {self.numbers}")
        cause = f"{kind} {self.numbers}"
        if self.call(name) and kind == "hand" and not self.is_closed:
            self.wanted_since = came
            if cause in self.known():
                self.taken.add(cause)

    def known(self) -> set[str]:
        """All causes that something goes on with, or has."""
        document = self.world.document()
        runs = [run for run in (document.running, document.behind) if run]
        causes = [*document.pending.values(), *(run.causes for run in runs)]
        causes += [report["Causes"] for report in self.world.reports()]
        return {cause for each in causes for cause in each}

    @rule()
    def data(self) -> None:
        self.world.s3.upload(f"churn/train/{self.world.time.seconds}.csv")
        self.call(self.world.data_event())

    @rule(index=st.integers(0, 3))
    def look(self, index: int) -> None:
        """An execution calls, the second time perhaps while the first call is lost."""
        running = self.world.stepfunctions.running()
        if running:
            self.call(running[index % len(running)])

    @rule(rounds=st.integers(1, 25))
    def proceed(self, rounds: int) -> None:
        """All executions call, minute by minute."""
        for _ in range(rounds):
            for name in self.world.stepfunctions.running():
                if not self.world.stepfunctions.executions[name].done:
                    self.call(name)
            self.world.time.seconds += 60
            self.world.work()

    @rule(index=st.integers(0, 3))
    def die(self, index: int) -> None:
        running = self.world.stepfunctions.running()
        if running:
            self.world.stepfunctions.end(running[index % len(running)], "ABORTED")

    @rule(operation=st.sampled_from(FAULTS), kind=st.integers(0, 2), after=st.booleans())
    def fault(self, operation: str, kind: int, after: bool) -> None:
        error = [
            Crash(),
            client_error(operation, "InternalFailure", "x", 500),
            client_error(operation, "Throttling", "x"),
        ]
        service = next(
            each for each in self.world.services.values() if operation in each.meta.service_model.operation_names
        )
        service.fail(operation, error[kind], after=after and kind < 2)

    @rule(operation=st.sampled_from(RACES))
    def race(self, operation: str) -> None:
        """In the middle of the next call, another one comes."""
        services = self.world.services.values()
        service = next(each for each in services if operation in each.meta.service_model.operation_names)
        service.hooks[operation] = lambda: self.interrupt()

    def interrupt(self) -> None:
        faults = {service: service.faults for service in self.world.services.values()}
        for service in faults:
            service.faults = []
        ends = self.world.time.call_ends
        if self.numbers % 2:
            self.look(0)
        else:
            self.by_hand("hand")
        self.numbers += 1
        self.world.time.call_ends = ends
        self.world.time.seconds += 1
        for service, before in faults.items():
            service.faults = before

    @rule(seconds=st.sampled_from([1, 60, 400, 7200, 90_000]))
    def wait(self, seconds: int) -> None:
        self.world.time.seconds += seconds
        self.world.work()

    @rule(score=st.sampled_from([0.5, 0.85, 0.9, 0.95, 0.99]))
    def learn(self, score: float) -> None:
        self.world.score = score

    @rule()
    @precondition(lambda self: not self.is_closed)
    def revert(self) -> None:
        """A deployment brings the template's configuration back."""
        if self.world.hosting.endpoints[ENDPOINT].status == "InService":
            self.world.hosting.endpoints[ENDPOINT].config = self.config

    @rule(kind=st.sampled_from(["shape", "job"]), fails=st.booleans(), told=st.booleans())
    @precondition(lambda self: not self.is_closed)
    def deploy(self, kind: str, fails: bool, told: bool) -> None:
        """A deployment of another shape or another job, which may fail after the endpoint, or after the retraining."""
        world, endpoint = self.world, self.world.hosting.endpoints[ENDPOINT]
        for service in world.services.values():
            service.faults.clear()
            service.hooks.clear()
        if world.hosting.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] != "InService":
            return
        self.numbers += 1
        before = self.config, self.job, self.shape
        model, properties = world.model_id, world.model_wanted
        self.config = f"Config-{self.numbers}"
        if kind == "job":
            self.job = f"own-{self.numbers + 1}"
            world.finish_own(self.job, 0.7)
        else:
            self.shape += "1"
        world.cloudformation.stack_status = "UPDATE_IN_PROGRESS"
        asked = {**world.model_properties(self.job), "Retraining": FOLDER, "EndpointShape": self.shape}
        made = world.model_event(asked, clean=False)
        if kind == "job":
            self.own_models[self.job] = made
        world.hosting.served[self.config] = world.configuration(self.config, made, len(self.shape))
        endpoint.config = self.config
        if fails:
            if told:
                world.update(self.wanted(), another_resource_fails=True)
            gone = self.config
            self.config, self.job, self.shape = before
            endpoint.config = self.config
            world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
            assert world.model_event(properties, clean=False) == model
            left, of_left = made, asked
            world.cloudformation.stack_status = "UPDATE_ROLLBACK_COMPLETE"
        else:
            assert world.update(self.wanted())["Status"] == "SUCCESS"
            gone, left, of_left = before[0], model, properties
            world.cloudformation.stack_status = "UPDATE_COMPLETE"
        if left != world.model_id:
            world.model_delete(left, of_left)
        del world.hosting.served[gone]

    @rule(is_asked=st.booleans())
    @precondition(lambda self: not self.is_closed)
    def ask_for_approval(self, is_asked: bool) -> None:
        for service in self.world.services.values():
            service.faults.clear()
            service.hooks.clear()
        self.is_asked = is_asked
        self.world.update(self.wanted())

    @rule(is_held_out=st.booleans())
    @precondition(lambda self: not self.is_closed)
    def hold_out(self, is_held_out: bool) -> None:
        """A deployment with a holdout, or without one, while models may be answering it."""
        for service in self.world.services.values():
            service.faults.clear()
            service.hooks.clear()
        self.is_held_out = is_held_out
        assert self.world.update(self.wanted())["Status"] == "SUCCESS"

    @rule(breaks=st.sampled_from(["", "Stopped", "Failed", "execution"]))
    def answer(self, breaks: str) -> None:
        """A training comes to where models answer the holdout; somebody stops one, or it fails, or the execution."""
        self.by_hand("hand")
        for _ in range(15):
            if self.answering():
                break
            self.proceed(1)
        if breaks == "execution":
            self.die(0)
        elif breaks and self.answering():
            self.answering()[-1].status = breaks

    def answering(self) -> list[Hosted]:
        return [run for run in self.world.transforms() if run.status == "InProgress"]

    @invariant()
    def nothing_answers_a_holdout_that_nobody_owns(self) -> None:
        owned = {thing.rpartition("/")[2] for thing in self.world.document().trials}
        unowned = [run.name for run in self.answering() if run.name not in owned]
        assert not unowned
        assert not (self.is_closed and self.answering())

    @rule(index=st.integers(0, 3), status=st.sampled_from(["Approved", "Rejected"]), is_told=st.booleans())
    def decide(self, index: int, status: str, is_told: bool) -> None:
        """Somebody decides about a version, whose event may be lost."""
        packages = list(self.world.hosting.packages.values())
        if packages:
            package = packages[index % len(packages)]
            package.request["ModelApprovalStatus"] = status
            detail = {"ModelPackageArn": package.arn}
            if is_told:
                self.numbers += 1
                event = {"source": "aws.sagemaker", "id": f"approval {self.numbers}", "detail": detail}
                self.call(self.world.start(Event=event))

    @rule(is_meant=st.integers(0, 30))
    @precondition(lambda self: not self.is_closed)
    def close(self, is_meant: int) -> None:
        if is_meant != 7:  # lives are to be long
            return
        for service in self.world.services.values():
            service.faults.clear()
            service.hooks.clear()
        self.is_closed = self.world.delete()["Status"] == "SUCCESS"
        self.world.time.seconds += 60

    @invariant()
    def one_job_at_a_time(self) -> None:
        training = [job.name for job in self.world.run_jobs() if job.status == "InProgress"]
        assert len(training) <= (0 if self.is_closed else 1), training

    @invariant()
    def ceiling_holds(self) -> None:
        months = [job.created.strftime("%Y-%m") for job in self.world.run_jobs()]
        assert all(months.count(month) <= CEILING for month in months)

    @invariant()
    def what_was_taken_is_not_forgotten(self) -> None:
        self.was_full = self.was_full or self.world.document().jobs >= CEILING
        if not self.is_closed and not self.was_full:
            assert self.taken <= self.known()

    @invariant()
    def what_serves_is_there(self) -> None:
        config = self.world.hosting.endpoints[ENDPOINT].config
        assert config in self.world.hosting.served
        assert self.world.hosting.model_in_service() in self.world.hosting.hosted

    @invariant()
    def document_names_one_run(self) -> None:
        document = self.world.document()
        runs = [run.id for run in (document.running, document.behind) if run]
        assert len(set(runs)) == len(runs)
        assert document.behind is None or document.behind.kind == "train"

    def teardown(self) -> None:
        """Let all come to its end, with one more event; then look whether everything was heard."""
        for service in self.world.services.values():
            service.faults.clear()
            service.hooks.clear()
        for number in range(12):
            self.world.time.seconds += 400
            self.world.work()
            self.world.start(Event={"source": "aws.states", "id": f"end {number}", "detail": {}})
            self.world.start(Event={"source": "aws.sagemaker", "id": f"endpoint {number}", "detail": {}})
            for _ in range(200):
                running = self.world.stepfunctions.running()
                if not running:
                    break
                for name in running:
                    if not self.world.stepfunctions.executions[name].done:
                        self.world.call(name)
                self.world.time.seconds += 600
                self.world.work()
        assert not self.world.stepfunctions.running()
        assert not self.answering()
        assert not self.world.document().trials
        models = [each for each in self.world.hosting.hosted.values() if each.tags[OwnerTag.RESOURCE] == LOGICAL_ID]
        assert not models
        assert not [key for _, key in self.world.s3.objects if "/holdout/" in key]
        if self.is_closed:
            return
        document = self.world.document()
        assert document.running is None
        assert document.behind is None
        assert not document.pending
        jobs = self.world.run_jobs()
        newest = max((job.created for job in jobs), default=EPOCH - timedelta(days=1))
        month = self.wanted_since.strftime("%Y-%m")
        is_full = document.month >= month and document.jobs >= CEILING
        assert newest >= self.wanted_since or self.wanted_since == EPOCH or is_full
        best = document.best
        assert best.base == self.job
        expected = self.own_models.get(best.job) or self.world.model_of(best.job)
        assert self.world.hosting.model_in_service() == expected
        config = self.world.hosting.served[self.world.hosting.endpoints[ENDPOINT].config]
        assert config.request["ProductionVariants"][0]["InitialInstanceCount"] == len(self.shape)


def test_one_run_at_a_time_nothing_lost_nothing_twice(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrain_scores, "_MOST_RESAMPLES", 20)
    monkeypatch.setattr(retrain_scores, "_LEAST_RESAMPLES", 20)
    Life.sink = sink
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=60, stateful_step_count=45, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
