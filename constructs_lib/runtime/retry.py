"""Time, and how long each kind of refusal is worth waiting for."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from .failure import code, is_about_role, is_denied, is_over_quota, may_have_happened

T = TypeVar("T")

MARGIN = 15.0
"""Seconds kept back at the end of the function's time for the answer itself."""

LOOKS = 4
"""How often to look for what may exist."""

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

    def looks(self, *, more: bool = True) -> Iterator[None]:
        """Look again, a second apart, for what may be there: the service's answers may lag behind (unverified)."""
        for look in range(LOOKS if more else 1):
            if look:
                self.sleep(1)
            yield


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

UNSURE = Patience(budget=300, first_delay=2, longest_delay=30)
"""The service failed on its own side, or its answer was lost."""

BUSY = {
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
}


def patience_with(error: ClientError) -> Patience | None:
    """How long an error is worth waiting for; None if it will not pass."""
    if code(error) in BUSY or is_over_quota(error):
        return QUOTA
    return ROLE if is_denied(error) or is_about_role(error) else None


def patiently(call: Callable[[], T], clock: Clock, *, repeatable: bool = False) -> T:
    """Make a call again while its refusal may pass, within that refusal's budget and the function's time.

    `repeatable` says that twice is as good as once: then a service that fails, or whose answer is lost, is asked again.

    Raises:
        ClientError: The last refusal.
        BotoCoreError: There was no answer.
    """

    def patience(error: Exception) -> Patience | None:
        known = patience_with(error) if isinstance(error, ClientError) else None
        return known or (UNSURE if repeatable and _is_unsure(error) else None)

    return _again(call, clock, patience)


def insist(call: Callable[[], T], clock: Clock, deadline: float) -> T:
    """Make a call of a Delete, which is as good twice as once, until the deadline: what it leaves goes on billing.

    What is denied is not asked again: the permissions were good enough to make it.

    Raises:
        ClientError: The last refusal.
        BotoCoreError: There was no answer.
    """
    until_then = Patience(deadline - clock.now(), UNSURE.first_delay, UNSURE.longest_delay)

    def patience(error: Exception) -> Patience | None:
        is_busy = isinstance(error, ClientError) and code(error) in BUSY
        return until_then if is_busy or _is_unsure(error) else None

    return _again(call, clock, patience)


def _is_unsure(error: Exception) -> bool:
    if isinstance(error, ClientError):
        return may_have_happened(error)
    return isinstance(error, BotoCoreError) and not isinstance(error, ParamValidationError)


def _again(call: Callable[[], T], clock: Clock, patience_of: Callable[[Exception], Patience | None]) -> T:
    deadlines: dict[Patience, float] = {}
    delays: dict[Patience, float] = {}
    while True:
        try:
            return call()
        except (ClientError, BotoCoreError) as error:
            patience = patience_of(error)
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
