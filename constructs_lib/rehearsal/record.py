"""What a rehearsal has done and seen so far."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from .account import JobState, ResourceEvent, TrainingReport
from .failures import CheckFailedError, Evidence
from .screen import Screen, Step
from .stacks import Stack, Template
from .studies import Study


class Told(NamedTuple):
    """What an outcome says of its job."""

    outcome: str
    job: str
    gate: str
    """What the gate said; empty without one."""

    result: str
    """Where the full result lies; empty if none is written."""


@dataclass
class Answered:
    """What an endpoint has answered."""

    endpoint: str
    jobs: list[str]
    """The jobs whose best candidates it has served, one after the other."""

    candidate: str
    response_keys: tuple[str, ...]
    about: str
    answer: str
    """As CSV."""

    asked_meanwhile: int = 0
    """How often it was asked while deployments were under way."""


class OneClick(NamedTuple):
    """What the endpoint of a one-click deployment has answered."""

    job: str
    about: str
    answer: str
    """As CSV."""


@dataclass
class Deployment:
    """What one run of `cdk deploy` was given, and what CloudFormation did."""

    step: str
    began: datetime
    templates: Mapping[str, Template]
    """By the path of the stack; of a nested one, also its file."""

    events: Mapping[str, list[ResourceEvent]] = field(default_factory=dict)
    """By the path of the stack, the first event first."""


@dataclass
class Record:
    """The steps with their checks, told to the screen as they happen."""

    screen: Screen
    steps: list[Step] = field(default_factory=list)
    planned: int = 0
    """How many steps there will be in all; 0 as long as nobody knows."""

    app: str = ""
    account: str = ""
    region: str = ""
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    stacks: list[str] = field(default_factory=list)
    templates: Mapping[str, Template] = field(default_factory=dict)
    """As synthesized: what the app is, before any update."""

    deployments: list[Deployment] = field(default_factory=list)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    """By the path of the stack, after the first deployment."""

    studies: dict[str, Study] = field(default_factory=dict)
    """By the name of the job."""

    trained: list[tuple[JobState, TrainingReport]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    one_click: dict[str, OneClick] = field(default_factory=dict)
    """By the name of the endpoint."""

    retained: list[str] = field(default_factory=list)
    """What is left of the stacks on purpose."""

    not_shown: list[str] = field(default_factory=list)
    """What a real deployment does and this rehearsal did not."""

    is_hurried: bool = False
    """Whether retrainings wait shorter for data than the app says."""

    _start: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Report and time a step."""
        step = Step(title, number=len(self.steps) + 1, of=self.planned, since=self._passed())
        self.steps.append(step)
        self.screen.begin(step)
        try:
            yield
        except BaseException:
            step.seconds, step.failed = self._passed() - step.since, True
            self.screen.fail(step)
            raise
        step.seconds = self._passed() - step.since
        self.screen.end(step)

    def say(self, text: str) -> None:
        """Note something worth knowing in the current step, if one has begun, and tell it."""
        for step in self.steps[-1:]:
            step.notes.append(text)
        self.screen.say(text)

    def expect(self, holds: bool, text: str, otherwise: str = "", *evidence: Evidence) -> None:  # noqa: FBT001  as `assert`
        """Note that `text` holds in the current step, or fail with what is the case `otherwise`."""
        if not holds:
            raise CheckFailedError(otherwise or f"this does not hold: {text}", *evidence)
        self.steps[-1].checks.append(text)
        self.screen.checked(text)

    def deploying(self, stacks: Iterable[Stack]) -> Deployment:
        """Note what is about to be deployed."""
        deployment = Deployment(self.steps[-1].title, datetime.now(UTC), templates_of(stacks))
        self.deployments.append(deployment)
        return deployment

    def _passed(self) -> float:
        return time.monotonic() - self._start


def templates_of(stacks: Iterable[Stack]) -> dict[str, Template]:
    """All templates of stacks as they are now, by the path of the stack; of a nested one, also its file."""
    return {
        " ".join([stack.path, *templates[1:]]): stack.load(templates)
        for stack in stacks
        for templates in stack.templates()
    }
