"""Whatever happens to a resource, in whatever order: one running job while it lives, none afterwards."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from constructs_lib.runtime.contract import OwnerTag

from .world import OTHERS, Crash, Sink, Squatter, World, properties

WISHES = [
    properties(),
    properties(tags={"team": "growth"}),
    properties(revision="2"),
    properties(ProblemType="Regression"),
    properties(ProblemType="Regression", tags={"team": "growth", "cost": "7"}),
    properties(prefix="renamed-", revision="2"),
    properties(Misspelt="x"),
]
CALLS = ["CreateAutoMLJob", "DescribeAutoMLJobV2", "ListTags", "AddTags", "StopAutoMLJob"]
CRASHES = st.none() | st.tuples(st.sampled_from(CALLS), st.booleans())
CANCELLED = {"Status": "FAILED", "PhysicalResourceId": "Demo-Churn8A3F2C11-1QXAMPLE2IDZ3"}
STATUSES = ["Completed", "Failed", "Stopped"]


class Lifetimes(RuleBasedStateMachine):
    """Drives one resource through CloudFormation's moves, with crashes, duplicates and late events in between."""

    sink: Sink

    def __init__(self) -> None:
        super().__init__()
        self.sink.received.clear()
        self.world = World(self.sink)
        self.foreign = self.world.sagemaker.add_job("somebodys", {"owner": "x", OwnerTag.STACK: "theirs"})
        self.lives = False
        self.ended: set[str] = set()
        self.squatters: list[Squatter] = []

    def delivery(self, crash: tuple[str, bool] | None, *, again: bool, dies: bool = False) -> Any:
        """Deliver an event as Lambda may: crashed and tried again, or twice, or crashed for good."""

        def deliver(event: Any) -> dict[str, Any]:
            if crash:
                self.world.sagemaker.fail(crash[0], Crash(), after=crash[1])
                try:
                    return self.world.send(event)
                except Crash:
                    if dies:  # CloudFormation waits, then calls it a failure
                        return CANCELLED | {key: event[key] for key in ("PhysicalResourceId",) if key in event}
                finally:
                    self.world.sagemaker.faults.clear()
            answer = self.world.send(event)
            if again:
                assert self.world.send(event) == answer
            return answer

        return deliver

    @initialize(quota=st.sampled_from([2, 20]))
    def limit(self, quota: int) -> None:
        self.world.sagemaker.quota = quota

    @rule(wish=st.sampled_from(WISHES[:-1]), whose=st.sampled_from(OTHERS))
    def somebody_takes_a_name(self, wish: dict[str, Any], whose: str) -> None:
        self.squatters.append(self.world.squat(wish, whose))

    @precondition(lambda self: not self.lives)
    @rule(wish=st.sampled_from(WISHES), crash=CRASHES, again=st.booleans(), dies=st.booleans())
    def create(self, wish: dict[str, Any], crash: tuple[str, bool] | None, again: bool, dies: bool) -> None:
        answer = self.world.create(wish, self.delivery(crash, again=again, dies=dies))
        self.lives = answer["Status"] == "SUCCESS"

    @precondition(lambda self: self.lives)
    @rule(
        wish=st.sampled_from(WISHES),
        crash=CRASHES,
        again=st.booleans(),
        dies=st.booleans(),
        another_resource_fails=st.booleans(),
    )
    def update(
        self,
        wish: dict[str, Any],
        crash: tuple[str, bool] | None,
        again: bool,
        dies: bool,
        another_resource_fails: bool,
    ) -> None:
        before, made = self.world.physical_id, len(self.world.jobs())
        answer = self.world.update(
            wish,
            self.delivery(crash, again=again, dies=dies),
            another_resource_fails=another_resource_fails,
        )
        if answer["Status"] == "FAILED" or another_resource_fails:
            assert self.world.physical_id == before  # the rollback trained nothing
            assert len(self.world.jobs()) <= made + 1

    @precondition(lambda self: not self.lives)
    @rule(wish=st.sampled_from(WISHES), crash=CRASHES)
    def create_is_cancelled(self, wish: dict[str, Any], crash: tuple[str, bool] | None) -> None:
        """Another resource fails meanwhile, and CloudFormation deletes with an id of its own."""
        self.world.create(wish, lambda event: self.delivery(crash, again=False, dies=True)(event) | CANCELLED)

    @precondition(lambda self: self.lives)
    @rule(again=st.booleans())
    def delete(self, again: bool) -> None:
        self.world.delete()
        if again:
            self.world.send(self.world.events[-1])
        self.lives = False

    @precondition(lambda self: self.world.physical_id.lower() in self.world.sagemaker.jobs)
    @rule(status=st.sampled_from(STATUSES))
    def job_ends(self, status: str) -> None:
        if self.world.job().status == "InProgress":
            self.world.job().status = status
            self.ended.add(self.world.physical_id)

    @precondition(lambda self: self.world.events)
    @rule(data=st.data())
    def late_event(self, data: st.DataObject) -> None:
        self.world.send(data.draw(st.sampled_from(self.world.events)))

    @invariant()
    def one_running_job_at_most(self) -> None:
        running = self.world.running()
        if self.lives:
            assert set(running) <= {self.world.physical_id}
            assert OwnerTag.RELEASED not in self.world.job().tags
        else:
            assert running == []

    @invariant()
    def job_carries_the_tags_of_its_properties(self) -> None:
        if self.lives:
            wanted = {tag["Key"]: tag["Value"] for tag in self.world.properties["Request"].get("Tags", [])}
            tags = self.world.job().tags
            assert {key: value for key, value in tags.items() if key not in set(OwnerTag)} == wanted

    @invariant()
    def job_was_not_stopped_for_the_resource_and_taken_all_the_same(self) -> None:
        if self.lives and self.world.physical_id not in self.ended:
            assert self.world.job().status == "InProgress"

    @invariant()
    def jobs_of_others_are_untouched(self) -> None:
        assert all(squatter.is_untouched for squatter in self.squatters)

    @invariant()
    def foreign_job_is_untouched(self) -> None:
        assert self.foreign.status == "InProgress"
        assert self.foreign.tags == {"owner": "x", OwnerTag.STACK: "theirs"}


@pytest.mark.timeout(120)
def test_any_life_leaves_one_running_job_or_none(sink: Sink) -> None:
    Lifetimes.sink = sink
    case = Lifetimes.TestCase
    case.settings = settings(
        deadline=None, max_examples=120, stateful_step_count=15, suppress_health_check=list(HealthCheck)
    )
    case("runTest").debug()
