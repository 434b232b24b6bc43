"""What a rule is, and what it knows of a job. The rules themselves are in `rules` and with their problem types.

A rule is a function from the facts of a job to sentences. botocore's model does not know it, so it has its source. A
value that is only known at deploy time is `UNKNOWN`, and a rule that meets one says nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal

from .fields import entry

if TYPE_CHECKING:
    from .enums import Algorithm, ChannelType, Compression, Metric, Mode, ProblemType, S3DataType
    from .problem import Problem

API = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/"
GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/"


_QUOTE: Final = "'"


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "only known at deploy time"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True, kw_only=True)
class ChannelFacts:
    """What the rules know of a channel. None: not set."""

    data_type: "S3DataType | Unknown"
    channel_type: "ChannelType | Unknown | None"
    compression: "Compression | Unknown | None"
    content_type: str | Unknown | None
    target: str | Unknown | None = None
    """None also where the channel does not name it."""


@dataclass(frozen=True, kw_only=True)
class JobFacts:
    """What the rules know of a job, whichever call makes it. None: not set."""

    name: Callable[[str], str]
    """What the caller calls a prop, in quotes."""

    problem: "type[Problem]"
    """What the job learns."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    """The problem's own props, by name."""

    columns: tuple[tuple[str, str | Unknown], ...] = ()
    """The columns with a part of their own, each with the prop that names it."""

    channels: tuple[ChannelFacts, ...]
    output_path: str | Unknown
    problem_type: "ProblemType | Unknown | None"
    objective: "Metric | str | Unknown | None"
    mode: "Mode | Unknown | None"
    algorithms: "tuple[Algorithm | Unknown, ...] | Unknown | None"
    features: Mapping[str, str] | None
    """Columns with their types, empty where the service decides; None also where they are not known."""

    validation_fraction: float | Unknown | None
    max_candidates: int | Unknown | None = None
    max_runtime_per_training_job: float | Unknown | None
    max_runtime: float | Unknown | None
    candidate_definitions_only: bool | Unknown | None
    emr_serverless: bool = False
    deploys: bool
    auto_endpoint_name: bool | Unknown | None
    endpoint_name: str | Unknown | None
    tag_keys: tuple[str | Unknown, ...]

    def setting(self, prop: str, choice: StrEnum) -> str:
        """How the caller gives a prop a value of its enum: as Python does, or as JSON does."""
        name = self.name(prop).strip(_QUOTE).rpartition(".")[2]
        return f"{name}={type(choice).__name__}.{choice.name}" if name.islower() else f'"{name}": "{choice}"'

    def entry(self, prop: str, *keys: str) -> str:
        """What the caller calls an entry of a prop that is a map, in quotes."""
        return f"'{entry(self.name(prop).strip(_QUOTE), *keys)}'"


@dataclass(frozen=True)
class Findings:
    """What is wrong, and what is doubtful."""

    errors: list[str]
    warnings: dict[str, str]
    """By the name of the rule, under which a user can acknowledge it."""

    refusals: dict[str, str] = field(default_factory=dict)
    """As `warnings`, but wrong until a user acknowledges it."""


@dataclass(frozen=True)
class Rule:
    """A rule with its source and its weight."""

    check: Callable[[JobFacts], Iterator[str]]
    props: tuple[str, ...]
    """The props that it speaks of, for the reference."""

    source: str
    severity: Literal["error", "warning"]

    @property
    def name(self) -> str:
        """What the rule is called."""
        return self.check.__name__


RULES: list[Rule] = []


def rule(
    *props: str, source: str, severity: Literal["error", "warning"] = "error"
) -> Callable[[Callable[[JobFacts], Iterator[str]]], Callable[[JobFacts], Iterator[str]]]:
    """Add a function to the rules."""

    def add(check: Callable[[JobFacts], Iterator[str]]) -> Callable[[JobFacts], Iterator[str]]:
        RULES.append(Rule(check, props, source, severity))
        return check

    return add


def judge(job: JobFacts) -> Findings:
    """Hold a job against all rules. A field that is wrong by itself is `UNKNOWN` to them."""
    errors: list[str] = []
    warnings: dict[str, str] = {}
    for each in RULES:
        said = list(each.check(job))
        if each.severity == "error":
            errors += said
        elif said:
            warnings[each.name] = "; ".join(said)
    return Findings(errors, warnings)


def repeated(values: object) -> list[str]:
    """What a list has more than once."""
    known = [value for value in values if isinstance(value, str)] if isinstance(values, tuple) else []
    return sorted({value for value in known if known.count(value) > 1})


def same_columns(job: JobFacts) -> Iterator[str]:
    """What is wrong when one column has two parts to play."""
    for index, (prop, column) in enumerate(job.columns):
        for other, same in job.columns[:index]:
            if isinstance(column, str) and column == same:
                yield f"{job.name(prop)} must differ from {job.name(other)}, got '{column}' for both"


def either(values: Iterable[object]) -> str:
    """The values in quotes, for a choice between them."""
    return " or ".join(f"'{value}'" for value in values)
