"""CloudFormation: what it sends for each resource, how long it listens, and what it shows meanwhile."""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from constructs_lib.runtime.contract import OWNER_PREFIX, SERVICE_TIMEOUT

from ..runtime.fake_sagemaker import ACCOUNT, EPOCH, REGION
from ..runtime.world import watching
from .promotions import NATIVE
from .scenario import HOSTING, StackPlan, Step
from .wishes import HOLDOUT, LEARNED, SERVED, named, properties_of

if TYPE_CHECKING:
    from .simulation import Simulation

TRIES = 3
"""So often CloudFormation sends a Delete that fails."""

PATIENCE_OF_A_PERSON = 3
"""So often a person asks again for a deletion, or a rollback, that has failed."""

WAITS = 43_200
"""Seconds that a deployment waits at a condition."""

RANKS = {"job": 0, "followed": 2, "config": 3, "endpoint": 4, "seen": 5}
"""What comes after what, and goes before it; all else but a retraining that promotes stands behind the job."""

Then = Callable[[Mapping[str, Any] | None], None]


@dataclass
class Resource:
    """A resource of a template, as it is deployed."""

    kind: str
    logical_id: str
    stack_number: int
    former_ids: tuple[str, ...] = ()
    """What it was called before stack refactorings."""
    status: str = ""
    """Empty: it is in no deployed template."""
    physical_id: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    wish: str = ""
    changed: float = 0.0
    now: Callable[[], float] = lambda: 0.0
    disguise: tuple[str, str] | None = None

    def become(self, status: str) -> None:
        self.status, self.changed = status, self.now()

    def shown(self, *, dates: bool) -> dict[str, Any]:
        status, physical_id = self.disguise or (self.status, self.physical_id)
        date = {"LastUpdatedTimestamp": EPOCH + timedelta(seconds=int(self.changed))} if dates else {}
        known = {"PhysicalResourceId": physical_id} if physical_id else {}
        return {"ResourceStatus": status, **known, **date}


@dataclass
class Wait:
    """A wait condition, and the job that a deployment waits for at it before it goes on."""

    job: str
    began: float
    go_on: Callable[[], None]
    status: str = "CREATE_IN_PROGRESS"


@dataclass
class Request:
    """A request that CloudFormation has sent, and whether it still listens."""

    number: int
    raw: dict[str, Any]
    resource: Resource
    then: Then
    is_rollback: bool
    listens: bool = True
    heard: Mapping[str, Any] | None = None

    @property
    def id(self) -> str:
        return str(self.raw["RequestId"])

    @property
    def is_waited_for(self) -> bool:
        return self.listens and self.heard is None


class Stack:
    """One stack, from its creation to its deletion. One operation runs at a time."""

    def __init__(self, simulation: "Simulation", number: int, plan: StackPlan) -> None:
        self._simulation = simulation
        self.number = number
        self.stack_id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/Demo{number}/{uuid.UUID(int=7 + number)}"
        self.status = ""
        self.resources = [
            Resource(kind, f"{kind.title()}{place}", number, now=simulation.time.now)
            for place, kind in enumerate(plan.resources)
        ]
        self.events: list[tuple[str, str, str, float]] = []
        """Logical id, status, properties and time of each request, the latest first."""
        self._steps = list(plan.steps)
        self._operation = 0
        self._open: list[Request] = []
        self._before: dict[str, Resource] = {}
        self._tried: list[Resource] = []
        self._asked_again = 0
        self._rolls_back = False
        self.owner_prefix = OWNER_PREFIX
        """What the keys of the owner's tags begin with, in the function's policy too."""
        self._prefix_before = OWNER_PREFIX
        self.promotes = HOSTING[0] in plan.resources
        """Whether the retraining promotes to an endpoint of the stack."""
        self.follows = True
        """Whether the template has that retraining."""
        self._followed_before = True
        self.moves = len({"prefix" in step.wishes[-1] for step in plan.steps if step.wishes}) > 1
        self.moves = self.moves or any(step.leaves for step in plan.steps)
        """Whether its retraining leaves, or its document moves: the way back loses a model, which is made anew."""
        self.holds_out = simulation.scenario.holds_out
        self.waits: dict[str, Wait] = {}
        """The wait conditions that are there, by logical id."""

    @property
    def lives(self) -> bool:
        return bool(self.status) and self.status not in {"DELETE_COMPLETE"}

    @property
    def job(self) -> Resource | None:
        """The job that an outcome, a model or a transform of the stack is about."""
        return next((each for each in self.resources if each.kind == "job"), None)

    @property
    def retraining(self) -> Resource | None:
        """The retraining of the stack; it comes last and goes first."""
        return self.the("retraining")

    def the(self, kind: str) -> Resource | None:
        """The one resource of a kind."""
        return next((each for each in self.resources if each.kind == kind), None)

    def _rank(self, resource: Resource) -> int:
        if resource.kind == "retraining":
            return max(RANKS.values()) + 1 if self.promotes else 1
        return RANKS.get(resource.kind, 1)

    def _of_rank(self, many: list[Resource], choose: Callable[..., int]) -> list[Resource]:
        """Those that come first (`min`), or go first (`max`)."""
        rank = choose((self._rank(each) for each in many), default=0)
        return [each for each in many if self._rank(each) == rank]

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What the names in its function's policy begin with: policies change before what needs them."""
        wanted = [named(each.kind, each.wish, self) for each in self.resources if each.wish]
        found = [each.get("NamePrefix") or each.get("Request", {}).get("AutoMLJobName") for each in wanted]
        held_out = (str(HOLDOUT["NamePrefix"]),) if self.holds_out else ()
        return (*filter(None, found), *held_out, *LEARNED, SERVED)

    # Steps of the scenario

    def go_on(self) -> None:
        """Take the next step, some time from now."""
        if self._steps:
            step = self._steps.pop(0)
            self._simulation.at(step.gap, lambda: self._take(step))

    def end(self) -> None:
        """Delete the stack, whatever it is."""
        self._steps = []
        if self.lives:
            self._delete()

    def _take(self, step: Step) -> None:
        self._simulation.tell(f"stack {self.number}: {step.told()}")
        self._operation += 1
        self._asked_again = 0
        if step.refactors and self.status.endswith("_COMPLETE"):
            for resource in self.resources:
                resource.former_ids += (resource.logical_id,)
                resource.logical_id += "R"
        if step.verb == "create" and self.status in {"", "DELETE_COMPLETE"}:
            self._create(step)
        elif (
            step.verb == "update"
            and self.status.endswith("_COMPLETE")
            and self.status
            not in {
                "ROLLBACK_COMPLETE",
                "DELETE_COMPLETE",
            }
        ):
            self._update(step)
        elif step.verb == "delete" and self.lives:
            self._delete()
        else:
            self.go_on()

    def _while(self, then: Callable[[bool], None]) -> Callable[[bool], None]:
        """The same unless another phase has begun by then."""
        operation = self._operation
        return lambda well: then(well) if self._operation == operation else None

    @property
    def config_before(self) -> str:
        """The configuration that a rollback goes back to."""
        return next(each.physical_id for each in self._before.values() if each.kind == "config")

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something unless another phase has begun by then."""
        operation = self._operation

        def act() -> None:
            if self._operation == operation:
                action()

        self._simulation.at(seconds, act)

    def _next_phase(self) -> None:
        self._operation += 1
        for request in self._open:
            request.listens = False
        self._open.clear()

    # Sending

    def _send(self, kind: str, resource: Resource, then: Then, **more: Any) -> None:
        operation = self._operation

        def hear(answer: Mapping[str, Any] | None) -> None:
            if self._operation == operation:
                self._open[:] = [each for each in self._open if each is not request]
                then(answer)

        request = None
        if resource.kind in NATIVE:
            self._simulation.promotions.serve(self, resource, kind, hear, is_rollback=self._rolls_back)
            return
        shown = json.dumps(more["ResourceProperties"])
        self.events.insert(0, (resource.logical_id, resource.status, shown, self._simulation.time.now()))
        request = self._simulation.request(
            self, resource, {"RequestType": kind, **more}, hear, is_rollback=self._rolls_back and kind == "Update"
        )
        self._open.append(request)
        self._later(SERVICE_TIMEOUT, lambda: self._time_out(request))

    def _time_out(self, request: Request) -> None:
        if request.listens and request.heard is None:
            self._simulation.tell(f"CloudFormation gives request {request.number} up")
            request.listens = False
            request.then(None)

    # Waiting

    def _properties(self, resource: Resource) -> dict[str, Any]:
        """What the template wants of a resource; a job that is waited for is, at a condition of its own wish."""
        wanted = properties_of(resource.kind, resource.wish, self)
        if resource.kind != "job" or not self._simulation.scenario.waits:
            return wanted
        asked = {**wanted, "Request": {name: each for name, each in wanted["Request"].items() if name != "Tags"}}
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:8]
        return wanted | {"Watch": watching(f"Wait{resource.logical_id}{digest}", seconds=WAITS - 600)}

    def _wait(self, resource: Resource, then: Callable[[], None]) -> None:
        """Let the deployment go on when all that is new of the resource's conditions has its signal."""
        wanted = resource.properties.get("Watch", {}).get("Conditions", []) if resource.kind == "job" else []
        new = [each["LogicalId"] for each in wanted if each["LogicalId"] not in self.waits]
        if not new:
            then()
            return
        [logical_id] = new
        self._simulation.tell(f"stack {self.number} waits at {logical_id} for {resource.physical_id}")
        self.waits[logical_id] = Wait(resource.physical_id, self._simulation.time.now(), then)
        self._later(WAITS, lambda: self._give_up(logical_id))

    def signal(self, logical_id: str) -> bool:
        """Let a deployment go on; tells whether one waits there."""
        wait = self.waits.get(logical_id)
        if wait is None or wait.status != "CREATE_IN_PROGRESS":
            return False
        # The state machine counts from its own beginning, which the rest of the request may be long after.
        is_early = self._simulation.time.now() - wait.began < WAITS - 600 - SERVICE_TIMEOUT
        if is_early and not self._has_ended(wait):
            self._simulation.complain(f"{logical_id} is signalled, and {wait.job}, waited for there, still runs")
        wait.status = "CREATE_COMPLETE"
        self._later(0.1, wait.go_on)
        return True

    def _give_up(self, logical_id: str) -> None:
        wait = self.waits[logical_id]
        if wait.status != "CREATE_IN_PROGRESS":
            return
        if self._has_ended(wait):
            self._simulation.complain(f"nobody has signalled {logical_id}, and {wait.job} has ended")
        wait.status = "CREATE_FAILED"
        (self._roll_back if self.status == "UPDATE_IN_PROGRESS" else self._roll_back_creation)()

    def _has_ended(self, wait: Wait) -> bool:
        job = self._simulation.sagemaker.jobs.get(wait.job.lower())
        return job is None or job.status != "InProgress"

    def _end_waits(self) -> None:
        """A way back ends what is waited for."""
        for wait in self.waits.values():
            if wait.status == "CREATE_IN_PROGRESS":
                wait.status = "CREATE_FAILED"

    def _drop_waits(self) -> None:
        """The conditions that no template wants any more go with what was replaced."""
        wanted = {
            each["LogicalId"]
            for resource in self.resources
            if resource.status != "DELETE_COMPLETE"
            for each in resource.properties.get("Watch", {}).get("Conditions", [])
        }
        self.waits = {name: wait for name, wait in self.waits.items() if name in wanted}

    # Create

    def _create(self, step: Step) -> None:
        self.waits = {}
        self.status = "CREATE_IN_PROGRESS"
        self.owner_prefix = step.owner_prefix or self.owner_prefix
        self._rolls_back = False
        self.follows = True
        for resource, wish in zip(self.resources, step.wishes, strict=True):
            resource.status, resource.wish, resource.physical_id = "", wish, ""
        self._tried = []
        if step.cancelled_after is not None:
            self._later(step.cancelled_after, self._roll_back_creation)
        self._create_next(list(self.resources))

    def _create_next(self, left: list[Resource]) -> None:
        """A job first, because others may be about it; then the rest at once, or one after the other."""
        first = self._of_rank(left, min)
        rest = [each for each in left if each not in first]
        waiting = {each.logical_id for each in first}

        def waited(resource: Resource) -> None:
            waiting.discard(resource.logical_id)
            if not waiting and rest:
                self._create_next(rest)
            elif not waiting:
                self._next_phase()
                self.status = "CREATE_COMPLETE"
                self.go_on()

        def done(resource: Resource, answer: Mapping[str, Any] | None) -> None:
            if answer and answer["Status"] == "SUCCESS":
                resource.physical_id = answer["PhysicalResourceId"]
                resource.become("CREATE_COMPLETE")
                self._wait(resource, lambda: waited(resource))
            else:
                resource.physical_id = answer["PhysicalResourceId"] if answer else ""
                resource.become("CREATE_FAILED")
                self._roll_back_creation()

        for resource in first:
            resource.properties = self._properties(resource)
            resource.become("CREATE_IN_PROGRESS")
            self._tried.append(resource)
            self._send(
                "Create",
                resource,
                lambda answer, resource=resource: done(resource, answer),  # type: ignore[misc]
                ResourceProperties=resource.properties,
            )

    def _roll_back_creation(self) -> None:
        self._simulation.tell(f"stack {self.number}: its creation is rolled back")
        self._next_phase()
        self.status = "ROLLBACK_IN_PROGRESS"
        self._end_waits()
        for resource in self._tried:
            if resource.status == "CREATE_IN_PROGRESS":
                resource.become("CREATE_FAILED")
        self._remove(list(self._tried), "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")

    # Delete

    def _delete(self) -> None:
        self._next_phase()
        self._end_waits()
        self.status = "DELETE_IN_PROGRESS"
        left = [each for each in self.resources if each.status not in {"", "DELETE_COMPLETE"}]
        self._remove(left, "DELETE_COMPLETE", "DELETE_FAILED")

    def _remove(self, left: list[Resource], good: str, bad: str) -> None:
        """Delete resources, those about a job before the job."""
        others = self._of_rank(left, max)
        rest = [each for each in left if each not in others]
        waiting = {each.logical_id for each in others}
        failed: list[Resource] = []
        if not waiting:
            self._removed(good)
            return

        def done(resource: Resource, *, well: bool) -> None:
            waiting.discard(resource.logical_id)
            resource.become("DELETE_COMPLETE" if well else "DELETE_FAILED")
            if not well:
                failed.append(resource)
            if not waiting and failed:
                self._could_not_remove(bad, good)
            elif not waiting and rest:
                self._remove(rest, good, bad)
            elif not waiting:
                self._removed(good)

        for resource in others:
            resource.become("DELETE_IN_PROGRESS")
            physical_id = resource.physical_id or f"Demo{self.number}-{resource.logical_id}-1QXAMPLE2IDZ3"
            self._ask_to_delete(
                resource,
                physical_id,
                resource.properties,
                lambda well, resource=resource: done(resource, well=well),  # type: ignore[misc]
            )

    def _could_not_remove(self, bad: str, good: str) -> None:
        self.status = bad
        self._next_phase()
        self._asked_again += 1
        if self._asked_again > PATIENCE_OF_A_PERSON:
            self._simulation.complain(f"stack {self.number} is stuck in {bad}")
            return
        self._later(60.0, self._delete if good == "DELETE_COMPLETE" else self._roll_back_creation)

    def _removed(self, status: str) -> None:
        self._next_phase()
        self.status = status
        if status == "ROLLBACK_COMPLETE":  # it can only be deleted: the next step may create it anew
            self.status = "DELETE_COMPLETE"
        self.go_on()

    def _ask_to_delete(
        self,
        resource: Resource,
        physical_id: str,
        properties: dict[str, Any],
        then: Callable[[bool], None],
        tries: int = TRIES,
        *,
        is_lost: bool = True,
    ) -> None:
        if resource.kind in NATIVE:
            self._simulation.promotions.remove(self, resource, physical_id, self._while(then))
            return

        def answered(answer: Mapping[str, Any] | None) -> None:
            is_unheard = is_lost and answer is None
            if answer and answer["Status"] == "SUCCESS":
                then(True)
            elif tries > 1:
                self._ask_to_delete(resource, physical_id, properties, then, tries - 1, is_lost=is_unheard)
            else:
                if is_unheard:
                    self._simulation.lose(physical_id)
                then(False)

        self._send("Delete", resource, answered, PhysicalResourceId=physical_id, ResourceProperties=properties)

    # Update

    def _update(self, step: Step) -> None:
        self.status = "UPDATE_IN_PROGRESS"
        self._rolls_back = False
        self._before = {each.logical_id: replace(each) for each in self.resources}
        self._tried = []
        self._prefix_before = self.owner_prefix
        self.owner_prefix = step.owner_prefix or self.owner_prefix
        removed = [self.resources[0]] if step.removes and self.resources[0].kind != "job" else []
        removed += [each for each in self.resources if step.leaves and each.kind == "retraining"]
        changing = []
        for resource, wish in zip(self.resources, step.wishes, strict=True):
            # What comes anew comes in another deployment than another prefix, as the documentation asks.
            is_gone = self.owner_prefix != self._prefix_before and resource.status == "DELETE_COMPLETE"
            if resource in removed or is_gone:
                continue
            resource.wish = wish
            changing.append(resource)
        self._followed_before = self.follows
        self.follows = self.retraining in changing
        if step.cancelled_after is not None:
            self._later(step.cancelled_after, self._roll_back)
        self._update_next(changing, removed)

    def _update_next(self, left: list[Resource], removed: list[Resource]) -> None:
        first = self._of_rank(left, min)
        rest = [each for each in left if each not in first]
        wanted = {each.logical_id: self._properties(each) for each in first}
        changed = [
            each for each in first if wanted[each.logical_id] != each.properties or each.status == "DELETE_COMPLETE"
        ]
        waiting = {each.logical_id for each in changed}

        def go_on() -> None:
            if waiting:
                return
            if rest:
                self._update_next(rest, removed)
            else:
                self._next_phase()
                self._clean_up("UPDATE_COMPLETE", removed)

        def waited(resource: Resource) -> None:
            waiting.discard(resource.logical_id)
            go_on()

        def done(resource: Resource, answer: Mapping[str, Any] | None) -> None:
            is_new = resource.status == "CREATE_IN_PROGRESS"
            if answer and answer["Status"] == "SUCCESS":
                resource.physical_id = answer["PhysicalResourceId"]
                resource.become("CREATE_COMPLETE" if is_new else "UPDATE_COMPLETE")
                self._wait(resource, lambda: waited(resource))
            else:
                if is_new and answer:
                    resource.physical_id = answer["PhysicalResourceId"]
                resource.become("CREATE_FAILED" if is_new else "UPDATE_FAILED")
                self._roll_back()

        for resource in changed:
            old, is_new = resource.properties, resource.status == "DELETE_COMPLETE"
            resource.properties = wanted[resource.logical_id]
            self._tried.append(resource)
            more: dict[str, Any] = {"ResourceProperties": resource.properties}
            if is_new:
                resource.physical_id = ""
                resource.become("CREATE_IN_PROGRESS")
            else:
                more |= {"PhysicalResourceId": resource.physical_id, "OldResourceProperties": old}
                resource.become("UPDATE_IN_PROGRESS")
            self._send(
                "Create" if is_new else "Update",
                resource,
                lambda answer, resource=resource: done(resource, answer),  # type: ignore[misc]
                **more,
            )
        go_on()

    def _roll_back(self) -> None:
        self._simulation.tell(f"stack {self.number}: its update is rolled back")
        self._next_phase()
        self.status = "UPDATE_ROLLBACK_IN_PROGRESS"
        self._end_waits()
        self._rolls_back = True
        made: list[tuple[Resource, str, dict[str, Any]]] = []
        back = []
        for resource in self._tried:
            before = self._before[resource.logical_id]
            made.append((resource, resource.physical_id, resource.properties))
            if before.status == "DELETE_COMPLETE":
                resource.become("CREATE_FAILED")
            else:
                back.append(resource)
                if resource.status == "UPDATE_IN_PROGRESS":
                    resource.become("UPDATE_FAILED")
        self.owner_prefix = self._prefix_before
        self.follows = self._followed_before
        for resource in self.resources:
            resource.wish = self._before[resource.logical_id].wish
        self._asked_again = 0
        # Those about a job go back after it, as in any update.
        self._go_back(sorted(back, key=self._rank), made)

    def _go_back(self, left: list[Resource], made: list[tuple[Resource, str, dict[str, Any]]]) -> None:
        if not left:
            self._next_phase()
            self._clean_up("UPDATE_ROLLBACK_COMPLETE", [], made)
            return
        resource, *rest = left
        before = self._before[resource.logical_id]

        def done(answer: Mapping[str, Any] | None) -> None:
            if answer and answer["Status"] == "SUCCESS":
                resource.physical_id = answer["PhysicalResourceId"]
                resource.properties = before.properties
                resource.become("UPDATE_COMPLETE")
                self._go_back(rest, made)
                return
            resource.become("UPDATE_FAILED")
            self._asked_again += 1
            if self._asked_again > PATIENCE_OF_A_PERSON:
                self._simulation.complain(f"stack {self.number} is stuck in UPDATE_ROLLBACK_FAILED: {answer}")
                resource.properties = before.properties
                resource.become("UPDATE_COMPLETE")
                self._go_back(rest, made)
                return
            self._later(60.0, lambda: self._go_back(left, made))

        resource.become("UPDATE_IN_PROGRESS")
        if resource.kind == "config":  # that of before is still there
            self._later(0.1, lambda: done({"Status": "SUCCESS", "PhysicalResourceId": before.physical_id}))
            return
        self._send(
            "Update",
            resource,
            done,
            PhysicalResourceId=resource.physical_id,
            ResourceProperties=before.properties,
            OldResourceProperties=next(each[2] for each in made if each[0] is resource),
        )

    def _clean_up(
        self,
        good: str,
        removed: list[Resource],
        made: list[tuple[Resource, str, dict[str, Any]]] | None = None,
    ) -> None:
        """Delete what was replaced, or what a rollback has no use for."""
        self.status = f"{good}_CLEANUP_IN_PROGRESS"
        todo: list[tuple[Resource, str, dict[str, Any]]] = []
        for resource in self._tried:
            before = self._before[resource.logical_id]
            if made is None and before.status != "DELETE_COMPLETE" and before.physical_id != resource.physical_id:
                todo.append((resource, before.physical_id, before.properties))
        for resource, physical_id, properties in made or []:
            if self._before[resource.logical_id].status == "DELETE_COMPLETE":
                resource.become("DELETE_IN_PROGRESS")
                invented = f"Demo{self.number}-{resource.logical_id}-1QXAMPLE2IDZ3"
                todo.append((resource, physical_id or invented, properties))
            elif physical_id != resource.physical_id:
                todo.append((resource, physical_id, properties))
        for resource in removed:
            if resource.status != "DELETE_COMPLETE":
                resource.become("DELETE_IN_PROGRESS")
                todo.append((resource, resource.physical_id, resource.properties))
        self._clear(todo, good)

    def _clear(self, todo: list[tuple[Resource, str, dict[str, Any]]], good: str) -> None:
        """Delete what goes first, then the rest."""
        rank = max((self._rank(each[0]) for each in todo), default=0)
        now = [each for each in todo if self._rank(each[0]) == rank or rank <= 1]
        rest = [each for each in todo if each not in now]
        waiting = len(now)

        def finish() -> None:
            self._next_phase()
            self.status = good
            self._drop_waits()
            self._rolls_back = False
            if self._followed_before and not self.follows and self.promotes:
                self._simulation.promotions.look_when_left(self)
            self.go_on()

        def done(resource: Resource) -> None:
            nonlocal waiting
            waiting -= 1
            resource.disguise = None
            if resource.status == "DELETE_IN_PROGRESS":
                resource.become("DELETE_COMPLETE")
            if not waiting and rest:
                self._clear(rest, good)
            elif not waiting:
                finish()

        if not now:
            finish()
        for resource, physical_id, properties in now:
            if self._simulation.scenario.shows_clean_up and resource.status != "DELETE_IN_PROGRESS":
                resource.disguise = ("DELETE_IN_PROGRESS", physical_id)
            self._ask_to_delete(resource, physical_id, properties, lambda _, resource=resource: done(resource))  # type: ignore[misc]
