"""What a probe has seen of an assumption."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Whether AWS does what is assumed."""

    AGREES = "agrees"
    DIFFERS = "differs"
    UNCHECKED = "could not be checked"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen, and what shows it."""

    verdict: Verdict
    text: str
    evidence: tuple[str, ...] = ()
    """What AWS answered, as it came; the report takes out whose account it was."""


def agrees(text: str, *evidence: str) -> Seen:
    """AWS does what is assumed."""
    return Seen(verdict=Verdict.AGREES, text=text, evidence=evidence)


def differs(text: str, *evidence: str) -> Seen:
    """AWS does something else."""
    return Seen(verdict=Verdict.DIFFERS, text=text, evidence=evidence)


def refused(text: str, told: str, *, is_an_answer: bool) -> Seen:
    """AWS does not take what it is assumed to take, unless its refusal is about something else."""
    return (differs if is_an_answer else unchecked)(text, told)


def unchecked(text: str, *evidence: str) -> Seen:
    """What was seen says nothing of the assumption."""
    return Seen(verdict=Verdict.UNCHECKED, text=text, evidence=evidence)
