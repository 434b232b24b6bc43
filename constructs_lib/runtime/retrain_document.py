"""The document of a retraining, and how it may change: pure functions, which say the same when they are asked again.

docs/decisions/0010-retraining.md says what it is for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from .contract import Property, Retraining
from .shapes import read_number

SCHEMA_VERSION = 1
"""Changes when something in the document is taken away or means something else."""

MOST_CAUSES = 20
"""Causes of one run that are kept."""

CONFIG = "config/"
MODEL = "model/"
"""What begins the names of things in `Document.made`."""

_MOST_SEEN = 50
_MOST_WAITING = 10
MOST_TAKEOVERS = 5
"""How often a run may lose its execution."""


class Kind(StrEnum):
    """What a run is for, the most urgent first. All but `TRAIN` take minutes."""

    ROLLBACK = "rollback"
    APPROVAL = "approval"
    RECONCILE = "reconcile"
    TRAIN = "train"
    LOOK = "look"
    """No run: a trigger that looks whether a run's execution is gone."""


class Phase(StrEnum):
    """Where a run stands. It is written before it begins, and what it does can be done again."""

    BEGIN = "begin"
    WAIT = "wait"
    JOB = "job"
    TRAIN = "train"
    EVALUATE = "evaluate"
    JUDGE = "judge"
    REGISTER = "register"
    PROMOTE = "promote"
    SETTLE = "settle"
    END = "end"


_BEFORE_THE_JOB = {Phase.BEGIN, Phase.WAIT}
_LONG = {*_BEFORE_THE_JOB, Phase.TRAIN, Phase.EVALUATE}
"""Phases in which nothing of what serves is changed, and which may last."""


class Says(StrEnum):
    """What becomes of a trigger."""

    HOLDS = "its execution has the slot"
    JOINS = "joins the run that has not begun its job"
    REMEMBERED = "remembered: something runs"
    KNOWN = "taken before, or remembered already"
    FULL = "the month's jobs are used up"
    NOTHING = "there is nothing to do"
    CLOSED = "the retraining is closed"


@dataclass(frozen=True, slots=True)
class Trigger:
    """Why something should run."""

    id: str
    """The same again is the same trigger."""
    kind: Kind
    cause: str
    is_patient: bool = False
    """Whether it waits for quiet data."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A model that won."""

    job: str
    base: str
    """The stack's own job at that time: with another one the model does not count any more."""
    model: str = ""
    config: str = ""
    package: str = ""
    metric: str = ""
    value: float | None = None
    at: float = 0.0
    """When it won."""


@dataclass(frozen=True, slots=True)
class Run:
    """Something that runs."""

    id: str
    kind: Kind
    execution: str
    started: float
    causes: tuple[str, ...] = ()
    is_patient: bool = False
    phase: Phase = Phase.BEGIN
    since: float = 0.0
    """When the phase began."""
    is_looked_at: bool = False
    """Whether registry and endpoint were looked at when it began."""
    takeovers: int = 0
    job: str = ""
    attempt: int = 0
    deadline: float = 0.0
    target: Serving | None = None
    """What is to be promoted."""
    before: str = ""
    """The configuration in service when the promotion began."""
    asked: int = 0
    """How often UpdateEndpoint was called."""
    is_heard: bool = False
    """Whether it answered."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the report says."""


@dataclass(frozen=True, slots=True)
class Document:
    """All that a retraining knows."""

    stack_id: str
    logical_id: str
    settings: Mapping[str, Any]
    closed: bool = False
    runs: int = 0
    running: Run | None = None
    behind: Run | None = None
    pending: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Causes by kind."""
    patient: bool = False
    """Whether all that is pending of `TRAIN` waits for quiet data."""
    month: str = ""
    jobs: int = 0
    champion: Serving | None = None
    before: Serving | None = None
    waiting: tuple[Serving, ...] = ()
    made: tuple[str, ...] = ()
    """Models and configurations of runs, with `MODEL` and `CONFIG` before their names."""
    trials: tuple[str, ...] = ()
    """What there is so that models answer a holdout: `<run>/<kind>/<name>`. It goes when that is over."""
    seen: tuple[str, ...] = ()
    data: str = ""
    """The newest object that was learned from."""
    trained: float = 0.0
    """When the last job began."""
    looked: float = 0.0
    """When a trigger that changed nothing last looked whether the execution of what runs is gone."""

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "Document":
        """Take it from JSON."""
        given = {name: raw[name] for name in cls.__dataclass_fields__ if name in raw}
        for name in ("running", "behind"):
            given[name] = _run(given.get(name))
        for name in ("champion", "before"):
            given[name] = _serving(given.get(name))
        given["waiting"] = tuple(Serving(**each) for each in given.get("waiting", ()))
        given["pending"] = {kind: tuple(causes) for kind, causes in given.get("pending", {}).items()}
        for name in ("made", "trials", "seen"):
            given[name] = tuple(given.get(name, ()))
        return cls(**given)

    def written(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {"schema": SCHEMA_VERSION, **asdict(self)}

    def owned_by(self, stack_id: str, logical_id: str) -> bool:
        """Whether that resource owns it."""
        return (self.stack_id, self.logical_id) == (stack_id, logical_id)

    # What counts

    @property
    def base(self) -> str:
        """The stack's own job."""
        return str(self.settings.get(Property.JOB_NAME, ""))

    @property
    def best(self) -> Serving:
        """What should serve: the champion, or the stack's own job where that is another one than it came after."""
        if self.champion and self.champion.base == self.base:
            return self.champion
        return Serving(job=self.base, base=self.base)

    @property
    def previous(self) -> Serving | None:
        """What served before that; a champion that another job has beaten is one."""
        if self.champion and self.champion.base != self.base:
            return self.champion
        return self.before if self.champion else None

    def number(self, name: str, *path: str) -> float:
        """A number of the settings, which CloudFormation has made text of; 0 if there is none."""
        value: Any = self.settings
        for key in (*path, name):
            value = value.get(key) if isinstance(value, Mapping) else None
        return float(read_number(value) or 0)

    def is_full(self, now: float) -> bool:
        """Whether no more job may be made in this month."""
        return self.month == month_of(now) and self.jobs >= self.number(Retraining.MAX_JOBS)

    # How it changes

    def with_run(self, run: Run) -> "Document":
        """With another state of the run that has its id; unchanged if it has gone."""
        if self.running and self.running.id == run.id:
            return replace(self, running=run)
        return replace(self, behind=run) if self.behind and self.behind.id == run.id else self

    def named(self, run: Run, name: str, *, data: str, now: float, deadline: float) -> "Document | None":
        """With a job of the run under that name, counted once for each run; None where the month is full."""
        if not run.job and self.is_full(now):
            return None
        count = 0 if run.job else 1
        return replace(
            self.with_run(replace(run, job=name, deadline=run.deadline or deadline)),
            month=month_of(now),
            jobs=(self.jobs if self.month == month_of(now) else 0) + count,
            data=data or self.data,
            trained=now,
        )

    def promoted(self, serving: Serving) -> "Document":
        """With another model in service. Versions that are older than it lapse."""
        before = self.previous if serving.job == self.best.job else self.best
        left = tuple(each for each in self.waiting if each.at > serving.at)
        return replace(self, champion=serving, before=before, waiting=left)

    def with_waiting(self, version: Serving) -> "Document":
        """With a version that waits for somebody's approval, the newest last."""
        others = [each for each in self.waiting if each.package != version.package]
        return replace(self, waiting=tuple([*others, version][-_MOST_WAITING:]))

    def with_made(self, *things: str) -> "Document":
        """With more that runs have made."""
        return replace(self, made=tuple(dict.fromkeys([*self.made, *things])))

    def with_trial(self, thing: str) -> "Document":
        """With one more thing that answers a holdout."""
        return replace(self, trials=tuple(dict.fromkeys([*self.trials, thing])))

    def without_trials(self, removed: Iterable[str]) -> "Document":
        """Without those that were removed."""
        gone = set(removed)
        return replace(self, trials=tuple(each for each in self.trials if each not in gone))


def _run(raw: Mapping[str, Any] | None) -> Run | None:
    if raw is None:
        return None
    given = {**raw, "kind": Kind(raw["kind"]), "phase": Phase(raw["phase"]), "causes": tuple(raw["causes"])}
    return Run(**{**given, "target": _serving(raw["target"])})


def _serving(raw: Mapping[str, Any] | None) -> Serving | None:
    return Serving(**raw) if raw else None


def month_of(now: float) -> str:
    """The calendar month in UTC."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m")


def begun(
    document: Document, kind: Kind, causes: Iterable[str], execution: str, now: float, *, is_patient: bool = False
) -> Document:
    """With a run that has the slot, which was free."""
    number = document.runs + 1
    run = Run(
        id=f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}-{number}",
        kind=kind,
        execution=execution,
        started=now,
        since=now,
        causes=tuple(causes)[:MOST_CAUSES],
        is_patient=is_patient,
    )
    return replace(document, running=run, runs=number)


def admit(
    document: Document, trigger: Trigger, execution: str, now: float, *, is_gone: bool = False
) -> tuple[Document, Says]:
    """What becomes of a trigger, and of the document. `is_gone`: the execution of what runs is."""
    running, behind = document.running, document.behind
    if document.closed:
        return document, Says.CLOSED
    if execution in {run.execution for run in (running, behind) if run}:
        return document, Says.HOLDS
    if running and is_gone:
        return _taken_over(document, running, trigger, execution), Says.HOLDS
    if trigger.id in document.seen:
        return document, Says.KNOWN
    if trigger.kind is Kind.LOOK:
        return document, Says.NOTHING
    if trigger.kind is Kind.TRAIN and running is None and document.is_full(now):
        return document, Says.FULL
    known = _with_seen(document, trigger)
    if running is None:
        run = begun(known, trigger.kind, [trigger.cause], execution, now, is_patient=trigger.is_patient)
        return run, Says.HOLDS
    if running.kind is Kind.TRAIN and trigger.kind is not Kind.TRAIN and running.phase in _LONG:
        return begun(replace(known, behind=running), trigger.kind, [trigger.cause], execution, now), Says.HOLDS
    training = running if running.kind is Kind.TRAIN else behind
    if trigger.kind is Kind.TRAIN and training and training.phase in _BEFORE_THE_JOB:
        return _joined(document, known, training, trigger, execution)
    remembered = _remembered(document, trigger)
    if remembered == document:
        return document, Says.KNOWN
    return _with_seen(remembered, trigger), Says.REMEMBERED


def _joined(
    document: Document, known: Document, training: Run, trigger: Trigger, execution: str
) -> tuple[Document, Says]:
    """The trigger as a cause of a training without a job; one that is not patient ends the training's wait."""
    if trigger.cause in training.causes and (trigger.is_patient or not training.is_patient):
        return document, Says.KNOWN
    causes = tuple(dict.fromkeys([*training.causes, trigger.cause]))[:MOST_CAUSES]
    ends_wait = training.is_patient and not trigger.is_patient
    joined = replace(training, causes=causes, is_patient=training.is_patient and trigger.is_patient)
    if ends_wait and document.running == training:
        return known.with_run(replace(joined, execution=execution)), Says.HOLDS
    return known.with_run(joined), Says.JOINS


def _taken_over(document: Document, running: Run, trigger: Trigger, execution: str) -> Document:
    taken = replace(running, execution=execution, takeovers=running.takeovers + 1)
    is_known = trigger.kind is Kind.LOOK or trigger.id in document.seen
    known = document if is_known else _remembered(_with_seen(document, trigger), trigger)
    if known.behind and known.behind.execution == running.execution:
        known = replace(known, behind=replace(known.behind, execution=execution))
    return replace(known, running=taken)


def _remembered(document: Document, trigger: Trigger) -> Document:
    causes = document.pending.get(trigger.kind, ())
    patient = (
        trigger.is_patient and (document.patient or not causes) if trigger.kind is Kind.TRAIN else document.patient
    )
    if trigger.cause not in causes and len(causes) < MOST_CAUSES:
        causes = (*causes, trigger.cause)
    return replace(document, pending={**document.pending, trigger.kind: causes}, patient=patient)


def _with_seen(document: Document, trigger: Trigger) -> Document:
    return replace(document, seen=(*document.seen, trigger.id)[-_MOST_SEEN:])


def passed_on(document: Document, before: str, execution: str) -> Document:
    """With another execution that goes on with the runs of the one before."""
    for run in (document.running, document.behind):
        if run and run.execution == before:
            document = document.with_run(replace(run, execution=execution))
    return document


def preempted(document: Document, run: Run, kind: Kind, cause: str, now: float) -> Document:
    """With something short that goes before a training, in the same execution."""
    if document.running != run or document.behind:
        return document
    return begun(replace(document, behind=run), kind, [cause], run.execution, now)


def finished(document: Document, run: Run, now: float, *, is_behind_gone: bool = False) -> Document:
    """With what comes after a run: the most urgent of what is pending, the training behind it, or nothing."""
    if document.running is None or document.running.id != run.id:
        return document
    document = replace(document, running=None)
    if document.behind and is_behind_gone:
        taken = replace(document.behind, execution=run.execution, takeovers=document.behind.takeovers + 1)
        document = replace(document, behind=taken)
    pending = dict(document.pending)
    for kind in Kind:
        if kind is Kind.TRAIN and document.behind:
            break
        causes = pending.pop(kind, None)
        if causes is None or (kind is Kind.TRAIN and document.is_full(now)):
            continue
        left = replace(document, pending=pending)
        return begun(left, kind, causes, run.execution, now, is_patient=kind is Kind.TRAIN and document.patient)
    return replace(document, pending=pending, running=document.behind, behind=None)
