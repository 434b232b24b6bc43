"""Create, Update and Delete of one resource: docs/architecture.md has the table that this file follows."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from . import check, endpoint, jobs, log, tagging, watch
from .answer import NO_JOB, Answer
from .clients import Aws
from .contract import NAME_LENGTH, Attribute, JobStatus, OwnerTag
from .description import Description
from .event import Event
from .failure import Failure, code, is_denied, is_not_offered, may_have_happened, unless_failed
from .jobs import Job
from .retry import Clock, insist, patiently
from .spec import Spec, read, taken
from .stack import Stack
from .tags import FORMER, owner_prefixes, tags_of
from .watch import Watch

RETIRE_BUDGET = 600.0
"""Seconds that a Delete waits for a job and its endpoint to end, so that role, key and bucket outlive them."""

ENDPOINT_SHARE = 120.0
"""Seconds of them that are kept for the endpoint."""

RELEASE_SHARE = 240.0
"""Seconds of them that are kept for all that comes after a job was marked as given up."""

_POLL_SECONDS = 5.0
_JOB_NAME = re.compile(rf"(?=.{{1,{NAME_LENGTH}}}$)[a-zA-Z0-9](-*[a-zA-Z0-9])*")

_SPENT = (
    "AutoML jobs cannot be deleted, so a name is spent for good. Give another 'job_name', "
    "or leave it out to get a fresh name for every job"
)

_NOT_OFFERED = "No permission mends that: the region does not have the call. Deploy in another region"
_V1 = "; for tabular data AutoMLJob makes the job with CreateAutoMLJob, which this region may have"

_ACCOUNT_FIELD = 4
"""Where an ARN holds the account; partition and region stand before it."""


def create(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Make the job, or find the one that an earlier delivery of this event made."""
    spec = _read(event.properties, aws)
    wanted = watch.read(event.properties)
    check.check_names(event, Stack(aws.cloudformation, event, clock), aws, clock)
    job = _claim(spec, event, aws, clock, accepts=lambda job: job.was_made_by(event))
    if wanted and not job.is_released:
        _follow(wanted, job, event, aws, clock)
    return _is_now(job.name, job.arn)


# [reverse-update]
def update(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Keep the job, change its tags, go back to the one that served these properties before, or make one."""
    spec = _read(event.properties, aws)
    wanted = watch.read(event.properties)
    old = unless_failed(_read, event.old_properties, aws)
    old_watch = unless_failed(watch.read, event.old_properties)
    stack = Stack(aws.cloudformation, event, clock)
    is_kept = old is not None and (old.digest, old.name_prefix) == (spec.digest, spec.name_prefix)
    check.check_names(event, stack, aws, clock)
    tagging.check_prefix(event, stack, is_kept=is_kept, is_seen=lambda: _is_seen(event, aws, clock))

    def serves(job: Job) -> bool:
        # One that was stopped is as good as none, but a rollback trains nothing.
        return job.still_serves(event, spec) and (not job.was_stopped or stack.is_rolling_back())

    is_same = old is not None and old.digest == spec.digest
    earlier = None if is_same else _earlier(spec, serves, event, aws, clock)
    if old and (is_same or (not earlier and _has_learned(old, spec, event, aws, clock))):
        if wanted and _is_more(wanted, old_watch, stack):
            stack.check_wanted()
            _follow_on(wanted, event, aws, clock)
        return _keep(old, spec, event, stack, aws, clock)
    if earlier:
        _confirm(earlier, event, stack, aws, clock)
    job = earlier or _claim(
        spec,
        event,
        aws,
        clock,
        accepts=lambda job: job.was_made_by(event) or serves(job),
        in_vain=wanted is not None and wanted.cannot_wait(old_watch),
    )
    if wanted and not job.is_released and (earlier is None or _is_more(wanted, old_watch, stack)):
        _follow(wanted, job, event, aws, clock)
    # A job that was given up since tells that this event is an old one.
    if old and not job.is_released:
        _retire_orphans(old, job, event, stack, aws, clock)
    if not job.is_new and not job.is_released:
        before = old.tags if old else {}
        tagging.change(aws.sagemaker, job.arn, job.tags, spec.tags, before, event, stack, clock)
    return _is_now(job.name, job.arn)


def delete(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Stop whatever is ours, and remove what it deployed."""
    deadline = clock.deadline(RETIRE_BUDGET)
    found = _look_for_ours(event, aws, clock, deadline)
    _retire(_spare_live(found, event, aws, clock, spare_replaced=True), event, aws, clock, deadline)
    return Answer(event.physical_id)


def _is_now(job_name: str, job_arn: str) -> Answer:
    return Answer(job_name, attributes={Attribute.JOB_NAME: job_name, Attribute.JOB_ARN: job_arn})


def _read(properties: Mapping[str, object], aws: Aws) -> Spec:
    return read(properties, aws.sagemaker.meta.service_model)


# Keeping a job


def _keep(old: Spec, spec: Spec, event: Event, stack: Stack, aws: Aws, clock: Clock) -> Answer:
    arn = patiently(lambda: _arn(event, aws), clock, repeatable=True)
    present: Mapping[str, str] = old.tags
    wanted: Mapping[str, str] = spec.tags
    if old.digest != spec.digest:
        present, wanted = {**present, OwnerTag.SPEC: old.digest}, {**wanted, OwnerTag.SPEC: spec.digest}
    if event.changes_owner_prefix:
        now = stack.passed_on(patiently(lambda: tags_of(aws.sagemaker, arn), clock, repeatable=True))
        present = {**old.tags, **{tag: now[tag] for tag in (*OwnerTag, FORMER) if tag in now}}
    if not tagging.change(aws.sagemaker, arn, present, wanted, old.tags, event, stack, clock):
        log.write(event, "nothing changed", job_name=event.physical_id)
    return _is_now(event.physical_id, arn)


def _has_learned(old: Spec, spec: Spec, event: Event, aws: Aws, clock: Clock) -> bool:
    """Whether only the role is another one, and the job needs none any more: it is completed, and deploys nothing.

    Its tag tells the role as well, and is written anew under one prefix: one that has two is replaced.
    """
    if not old.differs_in_role_alone(spec):
        return False
    job = patiently(lambda: _find_its(event.physical_id, event, aws, clock), clock, repeatable=True)
    return (
        job is not None
        and job.belongs_to(event)
        and job.status == JobStatus.COMPLETED
        and not (job.is_released or job.given_endpoint or job.deployed_endpoint)
        and patiently(lambda: owner_prefixes(aws.sagemaker, job.arn), clock, repeatable=True) == {event.owner_prefix}
    )


def _arn(event: Event, aws: Aws) -> str:
    """The ARN of the resource's job, by the stack's own; the service says it where capitals leave a doubt."""
    name, stack = event.physical_id, event.stack_id.split(":")
    if name == name.lower() and len(stack) > _ACCOUNT_FIELD:
        partition, region, account = stack[1], stack[3], stack[_ACCOUNT_FIELD]
        return f"arn:{partition}:sagemaker:{region}:{account}:automl-job/{name}"
    job = jobs.find(aws.sagemaker, name)
    if job is None:
        raise Failure(f"the AutoML job '{name}' of this resource does not exist; change 'revision' to make another")
    return job.arn


def _is_seen(event: Event, aws: Aws, clock: Clock) -> bool:
    """Whether the resource's job can be looked at."""
    try:
        return _find(event.physical_id, aws, clock) is not None
    except ClientError as error:
        if not is_denied(error):
            raise
        return False


# Following a job to its end


def _follow(wanted: Watch, job: Job, event: Event, aws: Aws, clock: Clock) -> None:
    """Start the watch over a job. How an older one has ended is no news."""
    is_news = not job.has_ended or job.was_made_by(event)
    watch.start(wanted, job.name, event, aws, clock, seen="" if is_news else _state(job.name, aws, clock))


def _is_more(wanted: Watch, old: Watch | None, stack: Stack) -> bool:
    """Whether a job that is there already is to be followed anew.

    A rollback goes back to what is followed as long as it runs: a second one would tell and count everything twice.
    """
    return wanted.adds_to(old) and not stack.is_rolling_back()


def _follow_on(wanted: Watch, event: Event, aws: Aws, clock: Clock) -> None:
    """Start another watch over the job that the resource keeps: more wait, or listen."""
    state = _state(event.physical_id, aws, clock)
    watch.start(wanted, event.physical_id, event, aws, clock, seen=state)


def _state(job_name: str, aws: Aws, clock: Clock) -> str:
    """The state that a job has ended in; empty while it runs."""
    reply = patiently(lambda: jobs.describe(aws.sagemaker, job_name), clock)
    job = Description(reply or {})
    return job.state if job.has_ended else ""


# Finding and making a job


def _earlier(spec: Spec, serves: Callable[[Job], bool], event: Event, aws: Aws, clock: Clock) -> Job | None:
    """The job that the resource has, or the one before, which a rollback goes back to, if it serves this spec.

    They are found by their ids, because the prefix of names may have changed since they were made.
    """

    def find(name: str) -> Job | None:
        job = None
        for _ in clock.looks(more=_looks_generated(name)):
            job = patiently(lambda: _find_its(name, event, aws, clock), clock, repeatable=True)
            if job and job.tags:
                break
        return job

    current = find(event.physical_id)
    if current is None or not current.belongs_to(event):
        return None
    if current.still_serves(event, spec):
        return current
    previous = find(current.tags.get(OwnerTag.REPLACES, ""))
    return previous if previous and serves(previous) else None


def _claim(
    spec: Spec, event: Event, aws: Aws, clock: Clock, *, accepts: Callable[[Job], bool], in_vain: bool = False
) -> Job:
    """The first acceptable job under the names of a spec, made where there is none.

    Raises:
        Failure: The name is spent, the deployment could not wait for a new job (`in_vain`), or nobody waits.
    """
    stack = Stack(aws.cloudformation, event, clock)
    for name in spec.names(event):
        job = _find_or_start(name, spec, event, stack, aws, clock, in_vain=in_vain)
        if accepts(job):
            _confirm(job, event, stack, aws, clock)
            return job
        log.write(event, "name is spent", job_name=name, status=job.status)
    if event.physical_id == spec.job_name:
        raise Failure(f"this change needs a new AutoML job, but 'job_name' is still '{spec.job_name}': {_SPENT}")
    raise Failure(f"an AutoML job named '{spec.job_name}' exists, and this request did not make it: {_SPENT}")


def _confirm(job: Job, event: Event, stack: Stack, aws: Aws, clock: Clock) -> None:
    """See that a job is still wanted. If not, and this request made it, it is given up."""

    def undo() -> None:
        _retire(_spare_live([job], event, aws, clock, spare_replaced=True), event, aws, clock)

    if not job.is_released:
        stack.confirm(job.name, is_own=job.was_made_by(event), is_new=job.is_new, undo=undo)


def _find(name: str, aws: Aws, clock: Clock) -> Job | None:
    return patiently(lambda: jobs.find(aws.sagemaker, name), clock, repeatable=True)


def _find_or_start(name: str, spec: Spec, event: Event, stack: Stack, aws: Aws, clock: Clock, *, in_vain: bool) -> Job:
    for _ in clock.looks():
        job = _find(name, aws, clock)
        if job is None:
            if in_vain and not stack.is_rolling_back():
                raise Failure(watch.IN_VAIN)
            started = _start(name, spec, event, stack, aws, clock)
            if started:
                return started
        elif job.is_tagged:
            log.write(event, "job exists", job_name=name, status=job.status)
            return job
    return job or Job(name=name, arn="", status="", tags={})


def _start(name: str, spec: Spec, event: Event, stack: Stack, aws: Aws, clock: Clock) -> Job | None:
    """Make the job; None if the name was taken meanwhile."""

    def attempt() -> Job:
        stack.check_wanted()
        return jobs.start(aws.sagemaker, name, spec, event)

    try:
        job = patiently(attempt, clock)
    except ParamValidationError:
        raise
    except ClientError as error:
        if code(error) == "ResourceInUse":
            return None
        if is_not_offered(error):
            way_out = _V1 if spec.operation == "CreateAutoMLJobV2" else ""
            raise Failure(f"{str(error).rstrip('. ')}. {_NOT_OFFERED}{way_out}") from error
        if code(error) == "ResourceLimitExceeded":
            raise Failure(_quota_reason(error, event, aws)) from error
        if not may_have_happened(error):
            raise Failure(str(error)) from error
        job = _made_unheard(name, str(error), event, aws, clock)
    except BotoCoreError as error:
        job = _made_unheard(name, f"{spec.operation} got no answer: {error}", event, aws, clock)
    log.write(event, "job started", job_name=name, status=job.status)
    return job


def _made_unheard(name: str, problem: str, event: Event, aws: Aws, clock: Clock) -> Job:
    """The job that this request has made although nobody heard so, or another delivery of it.

    Raises:
        Failure: It is not seen. The Delete that follows looks for it.
    """
    for _ in clock.looks():
        job = _find(name, aws, clock)
        if job and job.was_made_by(event):
            return replace(job, is_new=True)
    raise Failure(problem, job_name=name)


def _quota_reason(error: ClientError, event: Event, aws: Aws) -> str:
    previous = _find_if_visible(event.physical_id, event, aws)
    still = (
        f" The resource's present job '{previous.name}' is one of them: stop it, or wait for its end, and try again."
        if previous and previous.belongs_to(event) and not previous.has_ended
        else ""
    )
    return (
        f"{error}. The account runs as many AutoML jobs at once as its quota allows.{still} The quota can be raised in "
        "the Service Quotas console: Amazon SageMaker, concurrent AutoML jobs"
    )


def _find_if_visible(name: str, event: Event, aws: Aws) -> Job | None:
    """The job that a physical id names; that may be anything, and then IAM keeps us from asking."""
    if not _JOB_NAME.fullmatch(name):
        return None
    try:
        return jobs.find(aws.sagemaker, name)
    except ClientError as error:
        if not is_denied(error) or _looks_generated(name):
            raise
        log.write(event, "not ours: no permission to describe it", job_name=name)
        return None


def _find_its(name: str, event: Event, aws: Aws, clock: Clock) -> Job | None:
    """The same of what the resource has, or had before that, whatever the resource was called then."""
    job = _find_if_visible(name, event, aws)
    return job and replace(job, tags=Stack(aws.cloudformation, event, clock).passed_on(job.tags))


def _looks_generated(name: str) -> bool:
    """Whether the name may be one of ours; CloudFormation's own ids have capitals."""
    return len(name) == NAME_LENGTH and name == name.lower()


# Giving jobs up


def _look_for_ours(event: Event, aws: Aws, clock: Clock, deadline: float) -> list[Job]:
    """Every job of ours that a Delete is about. Answers lag behind a Create: where none lives it looks again."""
    found: dict[str, Job] = {}
    for _ in clock.looks():
        found = {job.name: job for job in _candidates(event, aws, clock, deadline) if job.belongs_to(event)}
        if event.physical_id == NO_JOB or any(not job.is_released for job in found.values()):
            break
    return list(found.values())


def _candidates(event: Event, aws: Aws, clock: Clock, deadline: float) -> Iterator[Job]:
    """Every job that a Delete may be about: the physical id, and what the properties lead to."""
    named = insist(lambda: _find_its(event.physical_id, event, aws, clock), clock, deadline)
    if named:
        if not named.belongs_to(event):
            log.write(event, "not ours: left alone", job_name=named.name, status=named.status)
        yield named
    spec = unless_failed(_read, event.properties, aws)
    if spec:
        sees_own = named is not None and named.belongs_to(event)
        yield from _under_names_of(spec, event, aws, clock, deadline, sees_own=sees_own)


def _under_names_of(
    spec: Spec, event: Event, aws: Aws, clock: Clock, deadline: float, *, sees_own: bool = True
) -> Iterator[Job]:
    """Every job under the names of a spec. They never come free again."""

    def find(name: str) -> Job | None:
        return insist(partial(jobs.find, aws.sagemaker, name), clock, deadline)

    return taken(spec.names(event), find, sees_own=sees_own)


def _retire_orphans(old: Spec, kept: Job, event: Event, stack: Stack, aws: Aws, clock: Clock) -> None:
    """Give up jobs of the old properties that are not the resource's: whoever made them died before answering.

    Answers lag behind, and a rollback may follow at once.
    """
    follows_at_once = kept.name == event.physical_id and stack.is_rolling_back()
    for _ in clock.looks(more=follows_at_once):
        orphans = [
            job
            for job in _under_names_of(old, event, aws, clock, clock.deadline(RETIRE_BUDGET))
            if job.belongs_to(event) and job.name not in {kept.name, event.physical_id}
        ]
        if any(not job.is_released for job in orphans):
            break
    _retire(_spare_live(orphans, event, aws, clock), event, aws, clock)


def _spare_live(
    found: Sequence[Job], event: Event, aws: Aws, clock: Clock, *, spare_replaced: bool = False
) -> list[Job]:
    """Leave out what is done with, and the job that the resource has by now: this event may be an old one.

    With `spare_replaced` also the one before: a rollback goes back to it, or else a Delete of its own names it.

    Raises:
        Failure: CloudFormation does not tell, and there is something to destroy.
    """
    named = [job for job in found if job.name == event.physical_id]
    others = [job for job in found if job.name != event.physical_id and not job.is_done_with]
    if not others and all(job.is_released for job in named):
        return named
    live = Stack(aws.cloudformation, event, clock).live()
    named = [job for job in named if not live.has(job.name)]
    # The clean-up of a replaced job may show as the deletion of the resource. With an id that names no job of ours it
    # is the deletion, and then nothing is spared.
    if live.is_deleted and not named:
        return others
    spared = {live.physical_id}
    if spare_replaced and live.physical_id != event.physical_id:
        job = insist(lambda: _find_if_visible(live.physical_id, event, aws), clock, clock.deadline(RETIRE_BUDGET))
        spared.add(job.tags.get(OwnerTag.REPLACES, "") if job else "")
    return named + [job for job in others if job.name not in spared]


def _retire(found: Sequence[Job], event: Event, aws: Aws, clock: Clock, deadline: float | None = None) -> None:
    end = clock.deadline(RETIRE_BUDGET) if deadline is None else deadline
    for job in found:
        try:
            insist(partial(jobs.release, aws.sagemaker, job, event), clock, end - RELEASE_SHARE)
        finally:
            insist(partial(jobs.stop, aws.sagemaker, job), clock, end)
    for job in found:
        ended = _wait_for_end(job, aws, clock, end - ENDPOINT_SHARE, end)
        log.write(
            event,
            "job given up" if ended.has_ended else "job is still ending",
            job_name=job.name,
            status=ended.status,
        )
        endpoint.remove(aws.sagemaker, ended, event, clock, end)


def _wait_for_end(job: Job, aws: Aws, clock: Clock, until: float, deadline: float) -> Job:
    """The job at its end, or as it is when the time is up: a Delete must not hang on it."""
    while not job.has_ended:
        job = insist(partial(jobs.find, aws.sagemaker, job.name), clock, deadline) or job
        if job.has_ended or not clock.sleep_before(until, _POLL_SECONDS):
            break
    return job
