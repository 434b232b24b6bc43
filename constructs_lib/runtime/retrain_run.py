"""A run, step by step: what a phase does can be done again, and nobody but who has the slot does it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Never, cast

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from . import candidate, jobs, log, registration, reports, spec, verdict
from .answer import cut
from .clients import Aws, Reply
from .contract import (
    REPORTS_FOLDER,
    RETRAINING_DETAIL_TYPE,
    TROUBLE,
    Decision,
    JobStatus,
    Property,
    Retraining,
    RetrainingData,
    RetrainingGate,
    RunDetail,
    RunMetric,
)
from .description import Description
from .event import Event
from .failure import Failure, code, is_over_quota, may_have_happened, unless_missing
from .publish import put_event, write_line
from .retrain_document import (
    MOST_TAKEOVERS,
    Document,
    Kind,
    Phase,
    Run,
    Serving,
    finished,
    preempted,
)
from .retrain_evaluation import Evaluation, StoppedError, remove
from .retrain_executions import is_gone
from .retrain_judge import Standing, judge, judge_on_holdout, measured
from .retrain_promotion import CHANGING, IN_SERVICE, Endpoint, Promotion
from .retrain_store import Store
from .retry import BUSY, Clock, patiently

_RESERVE = 180.0
"""Seconds of the function's time with which no further phase is begun."""

_LONGEST_WAIT = 3600.0
_SOON = 30.0
_LATER = 60.0
_QUIET = 2.0
"""Seconds at the least: times of objects are whole seconds."""

_LONGEST_PHASE = 7 * 24 * 3600.0
"""Seconds for which a phase other than a wait or a training tries."""

_LONGEST_EVALUATION = 3 * 3600.0
"""Seconds for which models may answer the rows of a holdout."""

_HOLDOUT = "Holdout"
"""The fact about them."""

_ASKS = 3
_PENDING = {"Pending", "InProgress"}
_APPROVED = "Approved"
_SUBJECT = 100


class _LostError(Exception):
    """The run is not this execution's any more, or another call of it was faster, or the retraining is closed."""


class _EndedError(Exception):
    """The run has come to its end."""


@dataclass(frozen=True, slots=True)
class _Newest:
    """The newest object that is learned from."""

    time: float
    text: str
    """Sorts as times do."""


def advance(document: Document, run: Run, store: Store, aws: Aws, clock: Clock) -> float | None:
    """Take a run as far as it goes now, and those that follow it in its execution.

    Returns:
        After how many seconds to look again; None: the execution has nothing left to do.
    """
    store.key = str(document.settings.get(Retraining.KEY, ""))
    execution = run.execution
    present: Document | None = document
    while present and not present.closed and present.running and present.running.execution == execution:
        step = _Step(present, present.running, store, aws, clock)
        try:
            return step.take()
        except _EndedError:
            present = step.document
        except _LostError:
            present = store.load()
            if not present or present.closed or not _is_mine(present, execution):
                return None
    is_behind = present and not present.closed and present.behind and present.behind.execution == execution
    return _LATER if is_behind else None


def _mark(run: Run) -> tuple[object, ...]:
    """Where a run stands: whoever sees another mark than the one from which it began has come too late."""
    return run.id, run.execution, run.phase, run.is_looked_at, run.job, run.asked


def _is_mine(document: Document, execution: str) -> bool:
    return document.running is not None and document.running.execution == execution


class _Step:
    def __init__(self, document: Document, run: Run, store: Store, aws: Aws, clock: Clock) -> None:
        self.document = document
        self._run = run
        self._store = store
        self._aws = aws
        self._clock = clock

    # How it goes on

    def take(self) -> float:
        """Go through phases until something has to be waited for; returns for how many seconds.

        Raises:
            _EndedError: The run has come to its end.
            _LostError: It is somebody else's.
        """
        phases: Mapping[Phase, Callable[[], float]] = {
            Phase.BEGIN: self._begin,
            Phase.WAIT: self._wait,
            Phase.JOB: self._job,
            Phase.TRAIN: self._train,
            Phase.EVALUATE: self._evaluate,
            Phase.JUDGE: self._judge,
            Phase.REGISTER: self._register,
            Phase.PROMOTE: self._promote,
            Phase.SETTLE: self._settle,
            Phase.END: self._finish,
        }
        while self._clock.remaining() > _RESERVE:
            try:
                if self._run.takeovers > MOST_TAKEOVERS and self._run.phase is not Phase.END:
                    self._end(Decision.FAILED, f"its execution was lost {self._run.takeovers} times")
                seconds = phases[self._run.phase]()
                if seconds:
                    self._check_time()
                    return seconds
            except Failure as failure:
                self._end(Decision.FAILED, str(failure))
            except (ClientError, BotoCoreError) as error:
                if not _may_pass(error):
                    self._end(Decision.FAILED, str(error))
                self._log("the next look tries again", str(error))
                try:
                    self._check_time()
                except Failure as failure:
                    self._end(Decision.FAILED, f"{failure}: {error}")
                return _LATER
        return 1

    def _check_time(self) -> None:
        phase, passed = self._run.phase, self._now - self._run.since
        if phase is Phase.EVALUATE and passed > _LONGEST_EVALUATION:
            raise Failure(f"the models have not answered the holdout in {_LONGEST_EVALUATION:.0f} seconds")
        if phase not in {Phase.WAIT, Phase.TRAIN} and passed > _LONGEST_PHASE:
            raise Failure(f"the phase '{phase}' has not come to its end in {_LONGEST_PHASE:.0f} seconds")

    @property
    def _now(self) -> float:
        return self._clock.wall()

    @property
    def _settings(self) -> Mapping[str, Any]:
        return self.document.settings

    @property
    def _event(self) -> Event:
        """As whom jobs and versions are made: the run stands where CloudFormation's request does."""
        owner = self.document
        return Event("Run", owner.stack_id, self._run.id, owner.logical_id, "", "", self._settings, {})

    def _change(self, decide: Callable[[Document, Run], Document]) -> None:
        """Change the document, which is open and has this run in its slot."""

        def guarded(now: Document | None) -> Document | None:
            if now is None or now.closed or now.running is None or _mark(now.running) != _mark(self._run):
                raise _LostError
            return decide(now, now.running)

        changed = self._store.change(guarded)
        if changed is None or changed.running is None or changed.running.id != self._run.id:
            raise _LostError
        self.document, self._run = changed, changed.running

    def _go(self, phase: Phase, *, facts: Mapping[str, Any] | None = None, **changes: Any) -> float:
        """Write that a phase begins."""
        now = self._now

        def decide(document: Document, run: Run) -> Document:
            since = run.since if run.phase is phase else now
            known = {**run.facts, **(facts or {})}
            return document.with_run(replace(run, phase=phase, since=since, facts=known, **changes))

        self._change(decide)
        return 0

    def _end(self, decision: Decision, reason: str = "") -> Never:
        """Write how the run ends; then it is told, and the slot is free."""
        self._go(Phase.END, facts={RunDetail.DECISION: decision, RunDetail.REASON: reason})
        self._finish()

    def _finish(self) -> Never:
        self._clear_at_the_end()
        run, now = self._run, self._now
        decision = Decision(run.facts[RunDetail.DECISION])
        self._log(f"run ended: {decision}", str(run.facts[RunDetail.REASON]))
        if run.job or decision is not Decision.IN_ORDER:
            self._tell(decision)
        behind = self.document.behind
        gone = behind is not None and behind.execution != run.execution and is_gone(behind, self._aws, self._clock)

        def decide(document: Document | None) -> Document | None:
            if document is None or document.closed:
                raise _LostError
            return finished(document, run, now, is_behind_gone=gone and document.behind == behind)

        changed = self._store.change(decide)
        if changed is None:
            raise _LostError
        self.document = changed
        raise _EndedError

    def _clear_at_the_end(self) -> None:
        """Remove what answered the holdout; what cannot be removed now, a later run or the Delete removes."""
        try:
            self._clear()
        except (ClientError, BotoCoreError) as error:
            if _may_pass(error) and self._now - self._run.since < _LONGEST_WAIT:
                raise
            self._log("what answered the holdout is left behind", str(error))

    def _tell(self, decision: Decision) -> None:
        """Report, event, metrics and message. The run ends although one of them may not come through."""
        run, owner = self._run, self.document
        detail: dict[str, Any] = {
            RunDetail.RUN: run.id,
            RunDetail.KIND: run.kind,
            RunDetail.CAUSES: list(run.causes),
            RunDetail.DECISION: decision,
            RunDetail.REASON: run.facts[RunDetail.REASON],
            RunDetail.JOB_NAME: run.job,
            RunDetail.STACK_ID: owner.stack_id,
            RunDetail.LOGICAL_ID: owner.logical_id,
        }
        started, ended = (datetime.fromtimestamp(time, UTC).isoformat() for time in (run.started, self._now))
        whole = {**detail, "Started": started, "Ended": ended, "Data": self.document.data, **run.facts}
        if run.target:
            whole["Target"] = {"Job": run.target.job, "Model": run.target.model, "EndpointConfig": run.target.config}

        def attempt(what: str, call: Callable[[], object]) -> None:
            try:
                call()
            except (ClientError, BotoCoreError) as error:
                self._log(f"{what} could not be sent", str(error))

        attempt("report", lambda: self._store.report(f"{REPORTS_FOLDER}{run.id}.json", whole))
        bus = str(self._settings.get(Retraining.EVENT_BUS, "default"))

        def tell() -> None:
            events = self._aws.events
            refused = patiently(lambda: put_event(events, bus, RETRAINING_DETAIL_TYPE, detail), self._clock)
            if refused:
                self._log("event could not be sent", refused)

        attempt("event", tell)
        self._write_metrics(decision)
        topic = self._settings.get(Retraining.TOPIC)
        if topic and decision in TROUBLE:
            subject = cut(f"Retraining {self.document.logical_id}: {decision}", _SUBJECT)
            body = json.dumps(whole, indent=1, default=str)
            attempt(
                "message",
                lambda: self._aws.topics.publish(TopicArn=str(topic), Subject=subject, Message=body),
            )

    def _write_metrics(self, decision: Decision) -> None:
        values: dict[str, float] = {RunMetric.RUNS: 1}
        values[RunMetric.PROMOTIONS] = int(decision is Decision.PROMOTED)
        values[RunMetric.FAILED] = int(decision in TROUBLE)
        for metric, fact in ((RunMetric.CHALLENGER, "Challenger"), (RunMetric.CHAMPION, "Champion")):
            value = self._run.facts.get(fact, {}).get("Value")
            if value is not None:
                values[metric] = value
        units: dict[str, str] = {RunMetric.CHALLENGER: "None", RunMetric.CHAMPION: "None"}
        owner = self.document
        write_line(values, units, owner.stack_id, owner.logical_id, self._now, {"Run": self._run.id})

    def _log(self, decision: str, detail: str = "") -> None:
        log.write(self._event, decision, job_name=self._run.job, status=self._run.phase, detail=detail)

    # Beginning

    def _begin(self) -> float:
        match self._run.kind:
            case Kind.TRAIN:
                return self._begin_training()
            case Kind.APPROVAL:
                version = self._approved()
                if version is None:
                    self._end(Decision.IN_ORDER, "no version that waits was approved")
                return self._go(Phase.PROMOTE, target=replace(version, base=self.document.base))
            case Kind.ROLLBACK:
                previous = self.document.previous
                if previous is None:
                    self._end(Decision.FAILED, "there is no model before the one in service")
                return self._go(Phase.PROMOTE, target=replace(previous, base=self.document.base))
        return self._reconcile()

    def _begin_training(self) -> float:
        if self._run.is_looked_at:
            return self._go(Phase.WAIT)
        self._go(Phase.BEGIN, is_looked_at=True)
        endpoint = self._endpoint()
        now = self._now
        if self._approved():
            self._change(lambda document, run: preempted(document, run, Kind.APPROVAL, "registry", now))
        elif endpoint and endpoint.standing is Standing.DEMOTED:
            self._change(lambda document, run: preempted(document, run, Kind.RECONCILE, "endpoint", now))
        return 0

    def _reconcile(self) -> float:
        if not self._settings.get(Retraining.ENDPOINT):
            self._end(Decision.IN_ORDER)
        if not self._promotion.is_at_rest():
            return _LATER
        endpoint = self._endpoint()
        if endpoint is None:
            raise Failure(f"the endpoint '{self._promotion.name}' does not exist")
        if endpoint.status in CHANGING:
            return _SOON
        if endpoint.standing is Standing.IN_ORDER:
            self._end(Decision.IN_ORDER)
        if endpoint.standing is Standing.FOREIGN:
            self._leave_alone(endpoint)
        return self._go(Phase.PROMOTE, target=self.document.best)

    def _leave_alone(self, endpoint: Endpoint) -> Never:
        self._end(
            Decision.LEFT_ALONE,
            f"the endpoint '{self._promotion.name}' serves the configuration '{endpoint.serves}', which neither the "
            "template nor a run has made: somebody else changed it. To have it back, deploy with --revert-drift",
        )

    def _approved(self) -> Serving | None:
        """The newest version that somebody has approved; those that are rejected or deleted wait no more."""
        for version in reversed(self.document.waiting):
            package = unless_missing(lambda version=version: self._package(version.package))  # type: ignore[misc]
            status = package.get("ModelApprovalStatus") if package else "Rejected"
            if package and status == _APPROVED:
                self._go(self._run.phase, facts={"Approved": {"Package": version.package, "By": _who(package)}})
                return version
            if status == "Rejected":
                arn = version.package
                self._change(
                    lambda document, _, arn=arn: replace(  # type: ignore[misc]
                        document, waiting=tuple(each for each in document.waiting if each.package != arn)
                    )
                )
        return None

    def _package(self, arn: str) -> Reply:
        return patiently(
            lambda: self._aws.hosting.describe_model_package(ModelPackageName=arn), self._clock, repeatable=True
        )

    # Training

    def _wait(self) -> float:
        if not self._run.is_patient or not self._settings.get(Retraining.DATA):
            return self._go(Phase.JOB)
        newest = self._newest()
        if newest is None or newest.text <= self.document.data:
            self._end(Decision.IN_ORDER, "there is no newer object than what was learned from")
        quiet = max(self.document.number(RetrainingData.QUIET, Retraining.DATA), _QUIET)
        every = self.document.number(RetrainingData.EVERY, Retraining.DATA)
        left = max(newest.time + quiet, self.document.trained + every) - self._now
        return self._go(Phase.JOB) if left <= 0 else min(left + 1, _LONGEST_WAIT)

    def _newest(self) -> _Newest | None:
        """The newest object, by looking at all."""
        data = self._settings[Retraining.DATA]
        found = [
            _Newest(
                each["LastModified"].timestamp(), f"{each['LastModified'].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {key}"
            )
            for each in self._objects(str(data[RetrainingData.BUCKET]), str(data.get(RetrainingData.PREFIX, "")))
            if not (key := str(each["Key"])).endswith("/")
        ]
        return max(found, key=lambda each: each.text, default=None)

    def _objects(self, bucket: str, key_prefix: str) -> Iterator[Mapping[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = patiently(
                lambda token=token: self._aws.folders.list_objects_v2(  # type: ignore[misc]
                    Bucket=bucket, Prefix=key_prefix, **token
                ),
                self._clock,
                repeatable=True,
            )
            yield from page.get("Contents", [])
            if not page.get("NextContinuationToken"):
                return
            if self._clock.remaining() < _RESERVE:
                raise Failure(f"s3://{bucket}/{key_prefix} holds too many objects to look for the newest")
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def _job(self) -> float:
        wanted = spec.read(self._settings, self._aws.sagemaker.meta.service_model)
        wanted = replace(
            wanted, request={key: value for key, value in wanted.request.items() if key != "AutoMLJobName"}
        )
        if not self._run.job:
            newest = self._newest() if self._settings.get(Retraining.DATA) else None
            self._name(wanted, 0, newest.text if newest else "")
        job = jobs.find(self._aws.sagemaker, self._run.job)
        if job is None:
            try:
                job = jobs.start(self._aws.sagemaker, self._run.job, wanted, self._event)
            except ClientError as error:
                if code(error) != "ResourceInUse":
                    raise
                return 1
            self._log("job started")
            self._confirm(job)
        elif not job.was_made_by(self._event):
            if not job.is_tagged and self._now - self._run.since < _LATER:
                return _SOON  # answers may lag behind
            self._name(wanted, self._run.attempt + 1, "")
            return 0
        return self._go(Phase.TRAIN)

    def _name(self, wanted: spec.Spec, attempt: int, data: str) -> None:
        """Write the job's name, and count it in the same write, before it is made."""
        now = self._now
        identity = [self.document.stack_id, self.document.logical_id, wanted.digest, self._run.id, attempt]
        name = spec.generated_name(spec.name_prefix(self._settings), identity)
        deadline = now + self.document.number(Retraining.TIMEOUT)

        def decide(document: Document, run: Run) -> Document:
            if run.job == name:
                return document
            named = document.named(replace(run, attempt=attempt), name, data=data, now=now, deadline=deadline)
            return named or document

        self._change(decide)
        if self._run.job != name:
            self._end(Decision.CEILING, "the month's jobs are used up ('max_runs_per_month')")

    def _confirm(self, job: jobs.Job) -> None:
        """Take back a job that was made while the retraining was closed: its Delete may have looked before."""
        now = self._store.load()
        if now and not now.closed and now.running and now.running.id == self._run.id:
            return
        jobs.release(self._aws.sagemaker, job, self._event)
        jobs.stop(self._aws.sagemaker, job)
        raise _LostError

    def _train(self) -> float:
        job = self._described(self._run.job)
        if job is None:
            if self._now - self._run.since < _LATER:
                return _SOON  # answers may lag behind
            raise Failure(f"the AutoML job '{self._run.job}' does not exist")
        if not job.has_ended:
            if self._now > self._run.deadline:
                if not self._run.facts.get("TimedOut"):
                    self._go(Phase.TRAIN, facts={"TimedOut": True})
                jobs.stop(self._aws.sagemaker, jobs.Job(job.name, job.arn, job.status, {}))
                return _SOON
            return self.document.number(Retraining.POLL) or _LATER
        if self._run.facts.get("TimedOut") and job.status == JobStatus.STOPPED:
            raise Failure(f"the AutoML job '{job.name}' had not ended in its time ('timeout') and was stopped")
        if job.status == JobStatus.STOPPED:
            self._end(Decision.STOPPED, verdict.problem(job))
        if problem := verdict.problem(job):
            raise Failure(problem)
        return self._go(Phase.EVALUATE)

    def _described(self, name: str) -> Description | None:
        reply = patiently(lambda: jobs.describe(self._aws.sagemaker, name), self._clock, repeatable=True)
        return None if reply is None else Description(reply)

    # Judging and registering

    @property
    def _gate(self) -> Mapping[str, Any]:
        wanted: Mapping[str, Any] = self._settings.get(Retraining.GATE) or {}
        return wanted

    def _challenger(self) -> Description:
        challenger = self._described(self._run.job)
        if challenger is None:
            raise Failure(f"the AutoML job '{self._run.job}' does not exist")
        return challenger

    def _champion(self) -> Description | None:
        """The champion's job; None where there is nothing to compare with."""
        best = self.document.best
        champion = self._described(best.job) if best.job else None
        return champion if champion is not None and champion.has_ended and champion.has_candidate else None

    def _evaluate(self) -> float:
        """Have both models answer the rows of the holdout, if there is one."""
        if not self._settings.get(Retraining.HOLDOUT):
            return self._go(Phase.JUDGE)
        challenger = self._challenger()
        champion = self._champion() if RetrainingGate.CHAMPION in self._gate else None
        metric = measured(self._gate, challenger)
        evaluation = Evaluation(
            self.document,
            self._event,
            self._store,
            self._aws,
            self._clock,
            metric=metric.name if metric else str(self._gate.get(RetrainingGate.METRIC, "")),
        )
        if self._rows.get("Uri") != evaluation.holdout.uri:
            self._note_trial(evaluation.files)
            prepared = evaluation.prepare()
            self._go(Phase.EVALUATE, facts={_HOLDOUT: prepared})
        evaluation.use(str(self._rows["Copy"]))
        jobs_of = [job for job in (challenger, champion) if job]
        answering = [evaluation.start(job, self._note_trial, self._confirm_trial) for job in jobs_of]
        try:
            is_over = all([evaluation.has_ended(each) for each in answering])  # noqa: C419 - each may have failed
        except StoppedError as stopped:
            self._end(Decision.STOPPED, str(stopped))
        if not is_over:
            return _SOON
        found = evaluation.judge(challenger, champion)
        return self._go(Phase.JUDGE, facts={_HOLDOUT: {**self._rows, **found}})

    def _note_trial(self, thing: str) -> None:
        self._change(lambda document, _: document.with_trial(thing))

    def _confirm_trial(self, thing: str) -> None:
        """Take back what was made while the run came to its end: who ended it may have looked before."""
        now = self._store.load()
        runs = [run for run in (now.running, now.behind) if run] if now and not now.closed else []
        if now and thing in now.trials and any((run.id, run.phase) == (self._run.id, Phase.EVALUATE) for run in runs):
            return
        remove([thing], self._event, self._store, self._aws, self._clock)
        raise _LostError

    def _clear(self) -> None:
        """Remove what answered the holdout, of this run and of such that are over."""
        behind = self.document.behind
        things = [each for each in self.document.trials if not (behind and each.startswith(f"{behind.id}/"))]
        if things:
            removed = remove(things, self._event, self._store, self._aws, self._clock)
            self._change(lambda document, _: document.without_trials(removed))

    @property
    def _rows(self) -> Mapping[str, Any]:
        """What is known of the rows that both models answer."""
        found: Mapping[str, Any] = self._run.facts.get(_HOLDOUT) or {}
        return found

    def _judge(self) -> float:
        challenger, champion, found = self._challenger(), self._champion(), self._rows
        if self._settings.get(Retraining.HOLDOUT) and not self._has_answered(found, champion):
            return self._go(Phase.EVALUATE)
        self._clear()
        facts: dict[str, Any] = {}
        for name, job in (("Challenger", challenger), ("Champion", champion)):
            metric = measured(self._gate, job) if job else None
            if job and metric:
                facts[name] = {"Job": job.name, "Metric": metric.name, "Value": metric.value}
        if self._settings.get(Retraining.HOLDOUT):
            for name in ("Challenger", "Champion"):
                if name in found:  # jobs' own values are of other rows
                    known = facts.get(name, {})
                    facts[name] = {
                        **known,
                        "Metric": found["Metric"],
                        "JobValue": known.get("Value"),
                        "Value": found[name],
                    }
            said = judge_on_holdout(self._gate, found)
        else:
            said = judge(self._gate, challenger, champion)
        facts["Ruling"] = said.text
        value = facts.get("Challenger", {})
        target = Serving(
            job=self._run.job,
            base=self.document.base,
            metric=str(value.get("Metric", "")),
            value=value.get("Value"),
            at=self._now,
        )
        self._go(Phase.REGISTER if said.passes else Phase.JUDGE, facts=facts, target=target)
        if not said.passes:
            self._end(Decision.KEPT, said.text)
        return 0

    def _has_answered(self, found: Mapping[str, Any], champion: Description | None) -> bool:
        """Whether the models of now were evaluated: another champion, or a holdout, may have come meanwhile."""
        asked = champion.name if champion and RetrainingGate.CHAMPION in self._gate else None
        return "Challenger" in found and found.get("Against") == asked

    def _register(self) -> float:
        properties = self._settings.get(Retraining.REGISTRY)
        target = self._target
        if not properties:
            return self._go(Phase.PROMOTE)
        if not target.package:
            given = {**properties, Property.JOB_NAME: target.job}
            wish = registration.read(given, self._aws)
            wanted = candidate.read(given)
            job = candidate.describe(wanted, self._aws, self._clock)
            found = reports.find(job, self._aws, self._clock)
            event = replace(self._event, properties=given)
            request = registration.request_of(wish, candidate.containers(job, wanted), job, found, event)
            reply = patiently(lambda: self._aws.hosting.create_model_package(**request), self._clock, repeatable=True)
            target = replace(target, package=str(reply["ModelPackageArn"]))
            self._go(Phase.REGISTER, target=target, facts={"Package": target.package})
        package = self._package(target.package)
        if package.get("ModelPackageStatus") in _PENDING:
            return _SOON
        if package.get("ModelPackageStatus") == "Failed":
            raise Failure(f"the registry did not take the best candidate: {target.package}")
        if package.get("ModelApprovalStatus") == _APPROVED:
            return self._go(Phase.PROMOTE)
        self._change(lambda document, _: document.with_waiting(target))
        return self._end(Decision.WAITS, f"{target.package} waits for somebody's approval")

    @property
    def _target(self) -> Serving:
        if self._run.target is None:
            raise Failure("the run has nothing to promote")
        return self._run.target

    # Promoting

    @property
    def _promotion(self) -> Promotion:
        return Promotion(self.document, self._run.id, self._aws, self._clock)

    def _endpoint(self) -> Endpoint | None:
        return self._promotion.look() if self._settings.get(Retraining.ENDPOINT) else None

    def _promote(self) -> float:
        target = self._target
        if target.base != self.document.base:
            self._end(Decision.KEPT, f"the stack has got another job meanwhile, '{self.document.base}': that one wins")
        if not self._settings.get(Retraining.ENDPOINT):
            self._change(lambda document, _: document.promoted(target))
            self._end(Decision.REGISTERED)
        promotion, endpoint = self._promotion, self._endpoint()
        if endpoint is None:
            raise Failure(f"the endpoint '{promotion.name}' does not exist")
        if endpoint.status in CHANGING or not promotion.is_at_rest():
            return _SOON
        if endpoint.status != IN_SERVICE:
            raise Failure(f"the endpoint '{promotion.name}' is {endpoint.status}: {endpoint.reason}")
        if self._run.asked and _same(endpoint.serves, target.config):
            return self._go(Phase.SETTLE, is_heard=True)
        if endpoint.standing is Standing.FOREIGN:
            self._leave_alone(endpoint)
        if self._run.asked >= _ASKS:
            self._end(Decision.TAKEN_BACK, _taken_back(promotion.name, endpoint))
        try:
            model, config = promotion.make(target.job, self._note)
            made = replace(target, model=model, config=config)
            self._go(Phase.PROMOTE, target=made, before=endpoint.serves, asked=self._run.asked + 1)
        except _LostError:
            self._take_back_if_closed()
            raise
        try:
            if not _same(endpoint.serves, config):
                promotion.update(config)
        except ClientError:
            now = self._endpoint()
            if now and now.status in CHANGING:  # somebody was faster: a deployment, or another call of this run
                return _SOON
            raise
        return self._go(Phase.SETTLE, is_heard=True)

    def _note(self, thing: str) -> None:
        self._change(lambda document, _: document.with_made(thing))

    def _take_back_if_closed(self) -> None:
        """Remove what was made while the retraining was closed: its Delete may have looked before."""
        now = self._store.load()
        if now is None or now.closed:
            self._promotion.remove_others(None, None)

    def _settle(self) -> float:
        target, promotion, endpoint = self._target, self._promotion, self._endpoint()
        if endpoint is None:
            raise Failure(f"the endpoint '{promotion.name}' does not exist")
        if endpoint.status in CHANGING:
            return _SOON
        if not _same(endpoint.serves, target.config):
            # [endpoint-lag]
            if self._now - self._run.since < _SOON:
                return _SOON
            self._end(Decision.TAKEN_BACK, _taken_back(promotion.name, endpoint))
        if endpoint.status != IN_SERVICE:
            raise Failure(f"the endpoint '{promotion.name}' is {endpoint.status}: {endpoint.reason}")
        self._change(lambda document, _: document.promoted(target))
        removed = self._promotion.remove_others(self.document.best, self.document.previous, self._run.before)
        if removed:
            self._change(
                lambda document, _: replace(document, made=tuple(each for each in document.made if each not in removed))
            )
        return self._end(Decision.PROMOTED)


def _taken_back(name: str, endpoint: Endpoint) -> str:
    why = f": {endpoint.reason}" if endpoint.reason else ". See the alarms of its deployment policy"
    return f"SageMaker has taken the deployment of the endpoint '{name}' back: it serves '{endpoint.serves}'{why}"


def _same(one: str, other: str) -> bool:
    """Whether two names are one: ARNs do not keep their case."""
    return one.lower() == other.lower()


def _who(package: Reply) -> str:
    """Who last changed a version, as far as AWS tells."""
    by: Mapping[str, Any] = cast("Mapping[str, Any]", package.get("LastModifiedBy") or {})
    identity = by.get("IamIdentity") or {}
    return str(by.get("UserProfileName") or identity.get("Arn") or "")


def _may_pass(error: Exception) -> bool:
    """Whether the next look may do better."""
    if isinstance(error, ClientError):
        return may_have_happened(error) or is_over_quota(error) or code(error) in BUSY
    return not isinstance(error, ParamValidationError)
