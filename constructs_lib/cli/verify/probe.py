"""What a probe is, and what it works with."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .aws import Aws
from .seen import Seen
from .stack import Resources, Stack
from .things import Ledger


@dataclass(kw_only=True)
class Run:
    """One run of the command."""

    aws: Aws
    ledger: Ledger
    wanted: frozenset[str]
    """The ids of the assumptions that are checked."""

    say: Callable[[str], None]
    stacks: dict["Probe", Stack] = field(default_factory=dict)
    candidate: "Candidate | None" = None
    """What a job of this run has trained; None: no job has ended well yet."""

    why_no_candidate: str = "no job was trained"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """The best candidate of the run's job, and what was made for it."""

    containers: tuple[dict[str, Any], ...]
    stack: Stack
    """It has `Bucket` and `Role`, the role that the job ran as."""


class Probe(ABC):
    """Looks at some assumptions together, because they need the same things."""

    ids: tuple[str, ...]
    """The assumptions."""

    makes: str = ""
    """What it makes, for the person who is asked."""

    trains = False
    """Whether it needs a training job or an endpoint on instances, which cost something."""

    gives_candidate = False
    """Whether it is the run's job."""

    needs_candidate = False
    """Whether it wants what the run's job has trained."""

    def creates(self, wanted: frozenset[str]) -> str:
        """What it makes for these."""
        del wanted
        return self.makes

    def instance_minutes(self, wanted: frozenset[str]) -> int:
        """The most that it can cost, in minutes of instances. What it does is bounded by the same numbers."""
        del wanted
        return 0

    def template(self, run: Run) -> Resources | None:
        """Its stack, which is made before it runs; None: it needs none."""
        del run
        return None

    @abstractmethod
    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look; gives the id of an assumption with what was seen, as soon as it is known."""
