"""What a rehearsal has done and seen so far."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from .account import JobState, TrainingReport
from .failures import CheckFailedError, Evidence
from .screen import Screen, Step


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


@dataclass
class Record:
    """The steps with their checks, told to the screen as they happen."""

    screen: Screen
    steps: list[Step] = field(default_factory=list)
    trained: list[tuple[JobState, TrainingReport]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    retained: list[str] = field(default_factory=list)
    """What is left of the stacks on purpose."""

    not_shown: list[str] = field(default_factory=list)
    """What a real deployment does and this rehearsal did not."""

    is_hurried: bool = False
    """Whether retrainings wait shorter for data than the app says."""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Report and time a step."""
        step = Step(title)
        self.steps.append(step)
        start = time.monotonic()
        self.screen.begin(step)
        yield
        step.seconds = time.monotonic() - start
        self.screen.end(step)

    def expect(self, holds: bool, text: str, otherwise: str = "", *evidence: Evidence) -> None:  # noqa: FBT001  as `assert`
        """Note that `text` holds in the current step, or fail with what is the case `otherwise`."""
        if not holds:
            raise CheckFailedError(otherwise or f"this does not hold: {text}", *evidence)
        self.steps[-1].checks.append(text)
        self.screen.checked(text)
