"""How a rehearsal ends when it does not end well."""

from dataclasses import dataclass


class CannotStartError(Exception):
    """There is nothing to rehearse: bad input, an app that does not synthesize, a busy port."""


@dataclass(frozen=True)
class Evidence:
    """The part of a log that shows what went wrong."""

    title: str
    text: str


class CheckFailedError(Exception):
    """A step did not do what it should have done."""

    def __init__(self, message: str, *evidence: Evidence) -> None:
        super().__init__(message)
        self.evidence = list(evidence)


class TimeIsUpError(CheckFailedError):
    """It did not end in the time that it had."""


def tail(text: str, lines: int = 25) -> str:
    """The last lines of a text, without the blank ones at its end."""
    return "\n".join(text.rstrip().splitlines()[-lines:])
