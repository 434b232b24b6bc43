"""One life of two stacks as plain data: it follows from a seed, can be cut down, and says in words what happens."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

T = TypeVar("T")

KINDS = ("job", "outcome", "watch", "model", "transform", "package", "check")
OWNERS = ("nobody", "another stack", "another resource")
SETTINGS = ("plain", "tagged", "another revision", "another problem", "another problem, tagged", "another prefix")
"""What a resource can ask for; a job can ask for the four below besides."""

OWNER_PREFIXES = ("acme:autopilot/", "sagemaker-autopilot:", "x")
PREFIXED = 0.2
"""The share of lives in which stacks ask for other keys of the owner's tags."""

RETRAINED = 0.12
"""The share of lives in which a stack has a retraining."""

HOSTING = ("followed", "config", "endpoint", "seen")
"""An endpoint to which a retraining promotes: its model, its configuration, itself, and the look at it."""

PROMOTING = 0.35
"""The share of retrainings that promote to an endpoint of their stack."""

HELD_OUT = 0.3
"""The share of those that judge by a holdout."""

MEDDLING = ("changes endpoint", "reverts endpoint")
"""What somebody does to an endpoint."""

TRIGGERS = ("schedule", "schedule", "by hand", "data", "data", "rolls back", "approves", "approves", "ends execution")
ENDINGS = ("works", "works", "works", "works", "taken back", "refused")
"""What begins runs, or is done to them."""

REFACTORED = 0.2
"""The share of lives in which stacks are refactored, where nothing comes late."""

WAITING = 0.12
"""The share of lives in which deployments wait for jobs, where nothing is refactored."""

NAMED = "a name with capitals"
DEPLOYED = "a one-click endpoint"
DEPLOYED_ANEW = "a one-click endpoint of the same name, another problem"
WATCHED = "watched"


@dataclass(frozen=True)
class Step:
    """One thing that a person does with a stack."""

    verb: str
    """`create`, `update` or `delete`."""
    gap: float = 0.0
    """Seconds that the stack is left at rest before."""
    wishes: tuple[str, ...] = ()
    """One for each resource."""
    cancelled_after: float | None = None
    """Seconds after which another resource fails, or somebody cancels; None: neither."""
    removes: bool = False
    """The update takes the first resource out of the template."""
    owner_prefix: str = ""
    """What the keys of the owner's tags begin with from now on; empty: with what they begin."""
    refactors: bool = False
    """All resources got other logical ids before, by a stack refactoring."""
    leaves: bool = False
    """The update takes the retraining out of the template."""

    def told(self) -> str:
        """In words."""
        wishes = f" to {', '.join(self.wishes)}" if self.wishes else ""
        removed = ", without the first resource" if self.removes else ""
        removed += ", without the retraining" if self.leaves else ""
        cancelled = "" if self.cancelled_after is None else f", cancelled after {self.cancelled_after:g} s"
        prefix = f", owner's tags begin with {self.owner_prefix}" if self.owner_prefix else ""
        refactored = "a stack refactoring, then " if self.refactors else ""
        return f"after {self.gap:g} s: {refactored}{self.verb}{wishes}{removed}{cancelled}{prefix}"


@dataclass(frozen=True)
class Quirk:
    """Something that goes wrong with a request of CloudFormation. Requests are numbered as they are sent, from 0."""

    request: int
    what: str
    """`late`, `again`, `killed`, `killed for good`, `throttled`, `broken`, `lost`."""
    at: int = 0
    """The call of its first delivery at which it happens, from 0."""
    seconds: float = 0.0
    after: bool = False
    """The call takes effect all the same."""
    service: str = ""

    def told(self) -> str:
        """In words."""
        when = f"{'after' if self.after else 'before'} call {self.at}"
        said = {
            "late": f"comes {self.seconds:g} s late",
            "again": f"comes again after {self.seconds:g} s",
            "killed": f"its function dies {when}",
            "killed for good": f"its function dies {when}, and is not tried again",
            "throttled": f"from call {self.at} on {self.service} throttles for {self.seconds:g} s",
            "broken": f"{when} the service fails",
            "lost": f"the answer to call {self.at} is lost",
        }
        return f"request {self.request}: {said[self.what]}"


@dataclass(frozen=True)
class Rollout:
    """What becomes of a call of UpdateEndpoint."""

    ends: str = "works"
    """Or `taken back`: the endpoint is in service again with what it had; or `refused`."""
    seconds: float = 40.0
    is_told: bool = True
    """Whether its event comes."""

    def told(self) -> str:
        """In words."""
        return f"{self.ends} after {self.seconds:g} s, {'' if self.is_told else 'un'}told"


@dataclass(frozen=True)
class Act:
    """What somebody else does at some time."""

    at: float
    what: str
    """`squats`, `completes`, `fails`, `stops` (a person stops the job), `endpoint` (a person makes one again),
    `deploys` (each job of the stack that is to be deployed is, as soon as the name of its endpoint is free), or one
    of `TRIGGERS` and `MEDDLING`.
    """
    who: str = ""
    stack: int = 0
    wish: str = "plain"

    def told(self) -> str:
        """In words."""
        said = {
            "squats": f"{self.who} has something under the next name of '{self.wish}' of stack {self.stack}",
            "completes": f"the job of stack {self.stack} completes",
            "fails": f"the job of stack {self.stack} fails",
            "stops": f"a person stops the job of stack {self.stack}",
            "deploys": f"from now on jobs of stack {self.stack} are deployed when the name of their endpoint is free",
            "schedule": f"the schedule of stack {self.stack} is due (for the time {self.wish})",
            "by hand": f"a person starts a run of stack {self.stack}",
            "rolls back": f"a person asks stack {self.stack} for the model before",
            "data": f"an object comes for stack {self.stack}, told {'once' if self.who == 'nobody' else 'twice'}",
            "approves": f"a person approves the latest version, {'un' if self.who == 'nobody' else ''}told",
            "ends execution": f"a person stops an execution of stack {self.stack}",
            "changes endpoint": f"a person has the endpoint of stack {self.stack} serve a model of their own",
            "reverts endpoint": f"a person has the endpoint of stack {self.stack} serve the template's configuration",
            "endpoint": f"a person makes the endpoint of stack {self.stack} (again), with a model of their own",
        }
        return f"at {self.at:g} s {said[self.what]}"


@dataclass(frozen=True)
class StackPlan:
    """A stack: its resources, and what is done with it."""

    resources: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Scenario:
    """All that happens. Two runs of the same scenario are the same to the last call."""

    stacks: tuple[StackPlan, ...]
    quirks: tuple[Quirk, ...] = ()
    acts: tuple[Act, ...] = ()
    lag: float = 0.0
    """Seconds that Describe does not see what is new, and ListTags none of its tags."""
    quota: int = 20
    skew: float = 0.0
    """Seconds that the function's clock is ahead of the others."""
    run_quirks: tuple[Quirk, ...] = ()
    """What goes wrong with calls of state machines, which are numbered as they come, from 0."""
    scores: tuple[float, ...] = ()
    """What jobs of runs come to, one after the other."""
    rollouts: tuple[Rollout, ...] = ()
    """What becomes of the calls of UpdateEndpoint, one after the other; then all work."""
    holds_out: bool = False
    """Whether the retraining that promotes judges by a holdout."""
    shows_clean_up: bool = False
    """The clean-up of what was replaced shows as the deletion of the resource, under its old id (unverified)."""
    waits: bool = False
    """Whether deployments wait at conditions until their jobs have ended."""
    dates: bool = True
    """Whether CloudFormation tells when it asked: the signature of the address, and of the status (unverified)."""
    seed: int | None = field(default=None, compare=False)

    def told(self) -> str:
        """In words, a line each."""
        lines = []
        for number, stack in enumerate(self.stacks):
            lines.append(f"stack {number} of {', '.join(stack.resources)}")
            lines += [f"  {step.told()}" for step in stack.steps]
        lines += [f"of runs, {quirk.told()}" for quirk in self.run_quirks]
        lines += [f"UpdateEndpoint {number}: {each.told()}" for number, each in enumerate(self.rollouts)]
        lines += [quirk.told() for quirk in self.quirks] + [act.told() for act in self.acts]
        defaults = Scenario(stacks=())
        lines += [
            f"{name} = {getattr(self, name)}"
            for name in ("lag", "quota", "skew", "shows_clean_up", "dates", "holds_out", "waits")
            if getattr(self, name) != getattr(defaults, name)
        ]
        return "\n".join(lines)

    def smaller(self) -> Iterator["Scenario"]:
        """Scenarios with a little less in them, the boldest cuts first."""
        for number, stack in enumerate(self.stacks):
            if len(self.stacks) > 1:
                yield replace(self, stacks=_without(self.stacks, number), acts=())
            if HOSTING[0] in stack.resources:
                places = [place for place, kind in enumerate(stack.resources) if kind not in HOSTING]
                yield self._with(number, _only(stack, places))
            for place in range(len(stack.resources)):
                if len(stack.resources) > 1 and not _is_needed(stack, place):
                    steps = tuple(replace(step, wishes=_without(step.wishes, place)) for step in stack.steps)
                    yield self._with(number, StackPlan(_without(stack.resources, place), steps))
            for place in reversed(range(1, len(stack.steps))):
                yield self._with(number, replace(stack, steps=_without(stack.steps, place)))
        for place in range(len(self.quirks)):
            yield replace(self, quirks=_without(self.quirks, place))
        for place in range(len(self.run_quirks)):
            yield replace(self, run_quirks=_without(self.run_quirks, place))
        for place in range(len(self.rollouts)):
            yield replace(self, rollouts=_without(self.rollouts, place))
            calm_one = (*self.rollouts[:place], Rollout(), *self.rollouts[place + 1 :])
            if calm_one != self.rollouts:
                yield replace(self, rollouts=calm_one)
        for place in range(len(self.acts)):
            yield replace(self, acts=_without(self.acts, place))
        for number, stack in enumerate(self.stacks):
            for place, step in enumerate(stack.steps):
                calmer = [
                    replace(step, cancelled_after=None),
                    replace(step, gap=0.0),
                    replace(step, removes=False),
                    replace(step, owner_prefix=""),
                    replace(step, refactors=False),
                    replace(step, leaves=False),
                    replace(step, wishes=tuple("plain" for _ in step.wishes)),
                ]
                for each in calmer:
                    if each != step:
                        steps = (*stack.steps[:place], each, *stack.steps[place + 1 :])
                        yield self._with(number, replace(stack, steps=steps))
        calm = Scenario(stacks=())
        for change in (
            replace(self, lag=calm.lag),
            replace(self, quota=calm.quota),
            replace(self, skew=calm.skew),
            replace(self, shows_clean_up=calm.shows_clean_up),
            replace(self, dates=calm.dates),
            replace(self, holds_out=calm.holds_out),
            replace(self, waits=calm.waits),
        ):
            if change != self:
                yield change
        for place, quirk in enumerate(self.quirks):
            for other in (replace(quirk, request=quirk.request - 1), replace(quirk, at=quirk.at - 1)):
                if other.request >= 0 and other.at >= 0:
                    yield replace(self, quirks=(*self.quirks[:place], other, *self.quirks[place + 1 :]))

    def _with(self, number: int, stack: StackPlan) -> "Scenario":
        return replace(self, stacks=(*self.stacks[:number], stack, *self.stacks[number + 1 :]))


def _without(many: tuple[T, ...], place: int) -> tuple[T, ...]:
    return many[:place] + many[place + 1 :]


def _only(stack: StackPlan, places: list[int]) -> StackPlan:
    """Without the other resources."""
    steps = tuple(
        replace(step, wishes=tuple(step.wishes[place] for place in places if step.wishes)) for step in stack.steps
    )
    return StackPlan(tuple(stack.resources[place] for place in places), steps)


def _is_needed(stack: StackPlan, place: int) -> bool:
    """Whether an endpoint goes with this resource alone."""
    kind = stack.resources[place]
    return HOSTING[0] in stack.resources and kind in {*HOSTING, "retraining"}


def from_seed(seed: int) -> Scenario:
    """The scenario of a seed: the same on every machine."""
    dice = random.Random(seed)
    is_served = dice.random() < 0.15
    stacks = tuple(_stack(dice, is_served=is_served) for _ in range(dice.choice((1, 1, 2))))
    stacks = _with_prefixes(stacks, random.Random(-seed - 1))
    requests = sum(len(stack.steps) * len(stack.resources) for stack in stacks) * 2
    quirks = tuple(_quirk(dice, requests) for _ in range(dice.choice((0, 1, 1, 2, 2, 3, 4))))
    stacks = _refactored(stacks, quirks, random.Random(-seed - 2**40))
    stacks, triggers, run_quirks, scores = _retrained(stacks, random.Random(-seed - 2**41))
    promoting = random.Random(-seed - 2**42)
    stacks, meddling, rollouts = _promoting(stacks, promoting)
    holds_out = bool(rollouts) and promoting.random() < HELD_OUT
    stacks, waits = _waiting(stacks, random.Random(-seed - 2**43))
    if rollouts:
        requests += len(HOSTING) * 6
        more = (_quirk(promoting, requests) for _ in range(promoting.choice((0, 0, 1, 2))))
        quirks, run_quirks = (*quirks, *more), (*run_quirks, *_more_run_quirks(promoting))
        scores = tuple(promoting.choice((0.5, 0.92, 0.94, 0.97, 0.99)) for _ in range(4))
    return Scenario(
        stacks=stacks,
        quirks=quirks,
        rollouts=rollouts,
        holds_out=holds_out,
        run_quirks=run_quirks,
        scores=scores,
        acts=(
            *(Act(0.0, "deploys", dice.choice(OWNERS), number) for number in range(len(stacks) if is_served else 0)),
            *(_act(dice, len(stacks)) for _ in range(dice.choice((0, 0, 1, 2)))),
            *triggers,
            *meddling,
        ),
        lag=dice.choice((0.0, 0.0, 0.5, 1.5)),
        quota=dice.choice((20, 20, 20, 2, 3)),
        skew=dice.choice((0.0, 0.0, -3.0, 3.0)),
        shows_clean_up=dice.random() < 0.3,
        waits=waits,
        dates=dice.random() < 0.7,
        seed=seed,
    )


def _stack(dice: random.Random, *, is_served: bool) -> StackPlan:
    """A stack; one that `is_served` is all about one-click endpoints."""
    resources = tuple(dice.choices(KINDS, (8, 2, 1, 3, 4, 2, 1), k=dice.choice((1, 1, 1, 2, 3))))
    resources = ("job", *resources[1:]) if is_served else resources
    verbs = ["create", *("update" for _ in range(dice.choice((0, 1, 1, 2, 2, 3, 4)))), *dice.choice(((), ("delete",)))]
    return StackPlan(resources, tuple(_step(dice, verb, resources, is_served=is_served) for verb in verbs))


def _with_prefixes(stacks: tuple[StackPlan, ...], dice: random.Random) -> tuple[StackPlan, ...]:
    """Let an organisation ask for tags of its own; half of the times in a step that changes nothing else.

    Its dice are of their own: all else stays what a seed has always told.
    """
    if dice.random() >= PREFIXED:
        return stacks
    return tuple(
        replace(stack, steps=tuple(_prefixed(dice, step, before) for before, step in _pairs(stack.steps)))
        for stack in stacks
    )


def _refactored(stacks: tuple[StackPlan, ...], quirks: tuple[Quirk, ...], dice: random.Random) -> tuple[StackPlan, ...]:
    """Let stacks be refactored between two steps, where no request is delivered after it.

    What comes later under an id that the stack does not have any more cannot be told from what it has lost.
    """
    if dice.random() >= REFACTORED or any(quirk.what in {"late", "again", "killed"} for quirk in quirks):
        return stacks
    return tuple(
        replace(
            stack,
            steps=tuple(
                replace(step, refactors=step.verb != "create" and dice.random() < 0.5, gap=max(step.gap, 3000.0))
                for step in stack.steps
            ),
        )
        for stack in stacks
    )


def _waiting(stacks: tuple[StackPlan, ...], dice: random.Random) -> tuple[tuple[StackPlan, ...], bool]:
    """Let deployments wait for their jobs, and what was cancelled be asked for again. Its dice are of their own."""
    if dice.random() >= WAITING or any(step.refactors for stack in stacks for step in stack.steps):
        return stacks, False
    return tuple(
        replace(stack, steps=tuple(each for step in stack.steps for each in _asked_again(dice, step)))
        for stack in stacks
    ), True


def _asked_again(dice: random.Random, step: Step) -> Iterator[Step]:
    """A step, cancelled while it waits, and the same once more."""
    if step.verb != "update" or dice.random() < 0.5:
        yield step
        return
    yield replace(step, cancelled_after=dice.choice((5.0, 20.0, 50.0, 100.0)))
    yield replace(step, cancelled_after=None, gap=dice.choice((0.0, 5.0, 30.0)))


def _retrained(
    stacks: tuple[StackPlan, ...], dice: random.Random
) -> tuple[tuple[StackPlan, ...], tuple[Act, ...], tuple[Quirk, ...], tuple[float, ...]]:
    """Give a stack a retraining, with what begins its runs. Its dice are of their own."""
    if dice.random() >= RETRAINED or any(step.refactors for stack in stacks for step in stack.steps):
        return stacks, (), (), ()
    first, *others = stacks
    steps = tuple(
        step if step.verb == "delete" else replace(step, wishes=(*step.wishes, dice.choice(SETTINGS)))
        for step in first.steps
    )
    acts = tuple(
        Act(
            dice.choice((30.0, 300.0, 1200.0, 2500.0, 6000.0)) + dice.random() * dice.choice((1.0, 1000.0)),
            dice.choice(TRIGGERS),
            dice.choice(OWNERS),
            wish=str(dice.randrange(3)),
        )
        for _ in range(dice.choice((1, 2, 3, 5, 8)))
    )
    quirks = tuple(_run_quirk(dice) for _ in range(dice.choice((0, 0, 1, 2))))
    scores = tuple(dice.choice((0.5, 0.8, 0.9, 0.95, 0.99)) for _ in range(4))
    return (StackPlan((*first.resources, "retraining"), steps), *others), acts, quirks, scores


def _promoting(
    stacks: tuple[StackPlan, ...], dice: random.Random
) -> tuple[tuple[StackPlan, ...], tuple[Act, ...], tuple[Rollout, ...]]:
    """Give a retraining an endpoint, and more time; and what becomes of that. Its dice are of their own."""
    first, *others = stacks
    if first.resources[-1] != "retraining" or dice.random() >= PROMOTING:
        return stacks, (), ()
    before = len(first.resources) - 1
    steps = []
    for step in first.steps:
        wish = dice.choice(SETTINGS)
        gap = max(step.gap, dice.choice((0.0, 0.0, 1500.0, 5000.0)))
        leaves = step.verb == "update" and dice.random() < 0.12
        wishes = step.wishes and (*step.wishes[:before], *(wish for _ in HOSTING), step.wishes[-1])
        is_longer = step.cancelled_after is not None and dice.random() < 0.5
        cancelled = step.cancelled_after and step.cancelled_after + (60.0 if is_longer else 0.0)
        steps.append(replace(step, wishes=wishes, gap=gap, leaves=leaves, cancelled_after=cancelled))
    acts = tuple(
        Act(dice.random() * dice.choice((3000.0, 12000.0)), what, dice.choice(OWNERS), wish=str(number))
        for number in range(dice.choice((0, 1, 2, 3)))
        for what in [dice.choice((*MEDDLING, "schedule", "rolls back", "by hand"))]
    )
    rollouts = tuple(
        Rollout(dice.choice(ENDINGS), dice.choice((5.0, 40.0, 90.0)), is_told=dice.random() < 0.7) for _ in range(6)
    )
    resources = (*first.resources[:before], *HOSTING, "retraining")
    return (StackPlan(resources, tuple(steps)), *others), acts, rollouts


def _more_run_quirks(dice: random.Random) -> tuple[Quirk, ...]:
    """Runs that promote make more calls."""
    quirks = (_run_quirk(dice) for _ in range(dice.choice((0, 1, 2))))
    return tuple(replace(each, request=dice.randrange(30), at=dice.randrange(40)) for each in quirks)


def _run_quirk(dice: random.Random) -> Quirk:
    what = dice.choice(("killed", "broken", "lost"))
    return Quirk(dice.randrange(12), what, dice.randrange(16), after=dice.random() < 0.5 or what == "lost")


def _pairs(steps: tuple[Step, ...]) -> list[tuple[Step, Step]]:
    return list(zip((steps[0], *steps), steps, strict=False))


def _prefixed(dice: random.Random, step: Step, before: Step) -> Step:
    if step.verb == "delete" or dice.random() < 0.4:
        return step
    step = replace(step, owner_prefix=dice.choice(OWNER_PREFIXES))
    return replace(step, wishes=before.wishes, removes=False) if dice.random() < 0.5 else step


def _step(dice: random.Random, verb: str, resources: tuple[str, ...], *, is_served: bool) -> Step:
    cancelled = dice.choice((1.0, 20.0, 100.0, 500.0)) if dice.random() < 0.25 else None
    return Step(
        verb,
        gap=dice.choice((0.0, 0.0, 1.0, 30.0, 400.0, 3000.0)),
        wishes=() if verb == "delete" else tuple(_wish(dice, kind, is_served=is_served) for kind in resources),
        cancelled_after=None if verb == "delete" else cancelled,
        removes=verb == "update" and len(resources) > 1 and dice.random() < 0.1,
    )


def _wish(dice: random.Random, kind: str, *, is_served: bool) -> str:
    if kind == "job" and is_served:
        return dice.choice((DEPLOYED, DEPLOYED_ANEW))
    if kind == "job":
        return dice.choice((*SETTINGS, *SETTINGS, NAMED, DEPLOYED, DEPLOYED, DEPLOYED_ANEW, WATCHED))
    return dice.choice(SETTINGS)


def _quirk(dice: random.Random, requests: int) -> Quirk:
    request = dice.randrange(max(requests, 1))
    at = dice.choice((dice.randrange(8), dice.randrange(16), dice.randrange(40)))
    after = dice.random() < 0.5
    match what := dice.choice(
        ("late", "late", "again", "again", "killed", "killed for good", "throttled", "broken", "lost")
    ):
        case "late":
            return Quirk(request, what, seconds=dice.choice((0.5, 5.0, 70.0, 300.0, 1000.0, 1500.0, 5000.0, 20000.0)))
        case "again":
            return Quirk(request, what, seconds=dice.choice((0.2, 1.0, 60.0, 1000.0, 4000.0, 20000.0)))
        case "throttled":
            service = dice.choice(("sagemaker", "cloudformation", "stepfunctions"))
            return Quirk(request, what, at, seconds=dice.choice((5.0, 60.0, 300.0, 500.0)), service=service)
        case _:
            return Quirk(request, what, at, after=after or what == "lost")


def _act(dice: random.Random, stacks: int) -> Act:
    what = dice.choice(
        ("squats", "squats", "completes", "completes", "deploys", "deploys", "fails", "stops", "endpoint")
    )
    at = 0.0 if what in {"squats", "deploys"} else dice.choice((10.0, 200.0, 1000.0, 2500.0, 6000.0))
    return Act(at, what, dice.choice(OWNERS), dice.randrange(stacks), dice.choice(SETTINGS))
