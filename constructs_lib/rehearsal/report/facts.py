"""The facts of a rehearsal, as `--report FILE.json` writes them: one object, its members named as here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs_lib.rehearsal.studies import Study

SCHEMA_VERSION: Final = 1
"""Changes when a member is renamed, removed or means something else; a new member leaves it."""

Status = Literal["passed", "failed", "could not start", "timed out", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class EvidenceFact:
    """The part of a log that shows what went wrong."""

    title: str
    """Which log."""

    text: str
    """Its last lines."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How the rehearsal ended."""

    status: Status
    """`passed`, `failed`, `could not start`, `timed out` or `interrupted`."""

    reason: str
    """Why it did not pass; empty if it did."""

    evidence: Sequence[EvidenceFact]
    """Ends of logs, after a failure."""

    checks: int
    """Checks that passed."""

    seconds: float
    """How long the whole of it took."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What was rehearsed, where and when."""

    app: str
    """The app as it was found."""

    stacks: Sequence[str]
    """The paths of the stacks that were rehearsed."""

    account: str
    """The account of the embedded AWS."""

    region: str
    """Its region."""

    began: str
    """When it began: date and time in UTC (ISO 8601)."""

    library: str
    """The version of this library."""


@dataclass(frozen=True, kw_only=True)
class StepFact:
    """One step."""

    number: int
    """From 1."""

    title: str
    """What was done."""

    status: Literal["passed", "failed"]
    """`failed` too where it was interrupted."""

    began: float
    """Seconds from the start of the rehearsal."""

    seconds: float
    """How long it took."""

    checks: Sequence[str]
    """What was checked in it, and held."""

    notes: Sequence[str]
    """What else was told in it."""


@dataclass(frozen=True, kw_only=True)
class CandidateFact:
    """A model that a job has tried."""

    rank: int
    """From 1, the best one."""

    name: str
    """As the job calls it."""

    status: str
    """`CandidateStatus` of the API."""

    metric: str
    """The objective."""

    value: float | None
    """Its value on the validation rows; null: there is none."""

    seconds: float | None
    """How long it was trained; null: it was not over."""

    trained_here: str
    """What really was trained on this machine."""

    metrics: Mapping[str, float]
    """Every metric of it, by name."""


@dataclass(frozen=True, kw_only=True)
class JobFact:
    """A job of the first deployment."""

    name: str
    """The job's name."""

    status: str
    """`AutoMLJobStatus` of the API."""

    stage: str
    """`AutoMLJobSecondaryStatus` of the API."""

    failure_reason: str
    """Why it failed; empty if it did not."""

    seconds: float | None
    """How long it ran; null: it was not over."""

    smaller_is_better: bool
    """Whether the least value of the objective is the best."""

    notes: Sequence[str]
    """What the trainer said of its data and models."""

    candidates: Sequence[CandidateFact]
    """Best first."""

    study: Study
    """What was found out about the best candidate; what does not fit the problem is null or empty."""


@dataclass(frozen=True, kw_only=True)
class OutcomeFact:
    """What an outcome said of its job."""

    outcome: str
    """Its path in the app."""

    job: str
    """The job's name."""

    gate: str
    """What the quality gate said; empty without one."""

    result: str
    """Where the full result was written; empty if it was not."""


@dataclass(frozen=True, kw_only=True)
class EndpointFact:
    """What an endpoint was asked, and answered."""

    endpoint: str
    """Its name."""

    jobs: Sequence[str]
    """The jobs whose best candidates it served, one after the other."""

    candidate: str
    """The first of those candidates; empty for a one-click deployment, which the job made itself."""

    asked: str
    """What it was asked about."""

    answer: str
    """Its answer as CSV, lines parted by `|`; a long one is cut."""

    as_the_model: bool
    """Whether that was held against what the model itself predicts."""

    response_keys: Sequence[str]
    """What each prediction holds, where that was asked for."""

    asked_meanwhile: int
    """How often it was asked, and answered, while updates were under way."""


@dataclass(frozen=True, kw_only=True)
class PropertyChange:
    """One value that differs."""

    path: str
    """Where in the resource: names and positions, parted by dots."""

    before: str | None
    """As JSON; null: it was not there."""

    after: str | None
    """As JSON; null: it is gone."""


@dataclass(frozen=True, kw_only=True)
class ResourceChange:
    """A resource of a template that differs from the one deployed before."""

    change: Literal["added", "changed", "removed"]
    """What happened to it."""

    logical_id: str
    """Its logical id."""

    type: str
    """Its CloudFormation type."""

    properties: Sequence[PropertyChange]
    """What differs in it; empty for one that is new or gone."""


@dataclass(frozen=True, kw_only=True)
class ResourceSpan:
    """What CloudFormation did with a resource in one deployment."""

    logical_id: str
    """Its logical id."""

    type: str
    """Its CloudFormation type."""

    status: str
    """The last status."""

    reason: str
    """Why, where it failed."""

    began: float
    """Seconds from the start of the deployment."""

    seconds: float
    """From its first event to its last."""


@dataclass(frozen=True, kw_only=True)
class StackDeployment:
    """One stack in one deployment."""

    stack: str
    """Its path; of a nested one, also the file of its template."""

    changes: Sequence[ResourceChange]
    """How its template differs from the one before; empty in the first deployment."""

    resources: Sequence[ResourceSpan]
    """What CloudFormation did, the first first."""


@dataclass(frozen=True, kw_only=True)
class DeploymentFact:
    """One run of `cdk deploy`."""

    step: str
    """The step that it belongs to."""

    stacks: Sequence[StackDeployment]
    """The stacks of the app."""


@dataclass(frozen=True, kw_only=True)
class ResourceFact:
    """A resource of the app as it was synthesized."""

    stack: str
    """Its stack."""

    logical_id: str
    """Its logical id."""

    type: str
    """Its CloudFormation type."""

    kept: bool
    """Whether it stays when the stack is destroyed."""


@dataclass(frozen=True, kw_only=True)
class PermissionFact:
    """One statement of a policy."""

    stack: str
    """Its stack."""

    holder: str
    """Whose permission it is: a role, or the resource that the policy belongs to."""

    says: str
    """The statement in words."""

    actions: Sequence[str]
    """As in the policy."""

    resources: Sequence[str]
    """As in the policy, references written as `${LogicalId}`."""


@dataclass(frozen=True, kw_only=True)
class AssumptionFact:
    """Something that nobody has checked against AWS and that this app rests on: a row of docs/unverified.md."""

    id: str
    """The row."""

    assumed: str
    """What is assumed."""

    if_wrong: str
    """What happens if it is wrong."""

    noticed: str
    """What one would notice."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All of it."""

    schema_version: int = SCHEMA_VERSION
    """Of this form: changes when a member is renamed, removed or means something else."""

    verdict: Verdict
    """How it ended."""

    about: About
    """What was rehearsed, where and when."""

    steps: Sequence[StepFact]
    """What was done, in order."""

    jobs: Sequence[JobFact] = ()
    """The jobs of the first deployment."""

    outcomes: Sequence[OutcomeFact] = ()
    """What outcomes said of their jobs."""

    endpoints: Sequence[EndpointFact] = ()
    """What endpoints answered."""

    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The outputs of the first deployment, by stack and name."""

    deployments: Sequence[DeploymentFact] = ()
    """Each run of `cdk deploy`, with what changed."""

    resources: Sequence[ResourceFact] = ()
    """What the app is made of."""

    permissions: Sequence[PermissionFact] = ()
    """What its policies allow and deny."""

    real: Sequence[str] = ()
    """What was real."""

    played: Sequence[str] = ()
    """What stood for AWS, and what was shortened."""

    not_shown: Sequence[str] = ()
    """What a real deployment does and this rehearsal did not."""

    retained: Sequence[str] = ()
    """What the stacks left behind on purpose."""

    assumptions: Sequence[AssumptionFact] = ()
    """What the app rests on and nobody has checked against AWS."""
