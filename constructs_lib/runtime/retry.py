"""Time, and how long each kind of refusal is worth waiting for."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import ClientError

from .failure import code, is_about_role, is_denied, is_over_quota

T = TypeVar("T")

MARGIN = 15.0
"""Seconds kept back at the end of the function's time for the answer itself."""

_random = random.SystemRandom()


class Clock:
    """The time this call has, and a way to let it pass."""

    def __init__(
        self,
        remaining_ms: Callable[[], int],
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._remaining_ms = remaining_ms
        self.now = now
        self.sleep = sleep
        self.wall = wall

    def remaining(self) -> float:
        """Seconds until Lambda ends this call."""
        return self._remaining_ms() / 1000

    def deadline(self, budget: float) -> float:
        """When to stop something that may take `budget` seconds, with time left to answer."""
        return self.now() + min(budget, self.remaining() - MARGIN)

    def sleep_before(self, deadline: float, seconds: float) -> bool:
        """Sleep if the deadline allows it; tells whether it did."""
        if self.now() + seconds > deadline:
            return False
        self.sleep(seconds)
        return True


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on about one kind of refusal, and how often."""

    budget: float
    first_delay: float
    longest_delay: float


QUOTA = Patience(budget=600, first_delay=10, longest_delay=30)
"""Another job has to end first, or the account makes too many calls."""

ROLE = Patience(budget=120, first_delay=2, longest_delay=10)
"""IAM takes a moment until a role or policy of this very deployment is known everywhere."""

_BUSY = {
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
}


def patience_with(error: ClientError) -> Patience | None:
    """How long an error is worth waiting for; None if it will not pass."""
    if code(error) in _BUSY or is_over_quota(error):
        return QUOTA
    return ROLE if is_denied(error) or is_about_role(error) else None


def patiently(call: Callable[[], T], clock: Clock) -> T:
    """Make a call again while its refusal may pass, within that refusal's budget and the function's time.

    Raises:
        ClientError: The last refusal.
    """
    deadlines: dict[Patience, float] = {}
    delays: dict[Patience, float] = {}
    while True:
        try:
            return call()
        except ClientError as error:
            patience = patience_with(error)
            if patience is None:
                raise
            deadline = deadlines.setdefault(patience, clock.deadline(patience.budget))
            delay = delays.get(patience, patience.first_delay)
            if not clock.sleep_before(deadline, jittered(delay)):
                raise
            delays[patience] = min(delay * 2, patience.longest_delay)


def jittered(seconds: float) -> float:
    """About that long, so that callers who failed together do not return together."""
    return seconds * _random.uniform(0.5, 1.0)
