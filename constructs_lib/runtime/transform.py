"""A batch transform job: started when its resource is made or changed, stopped when the resource goes.

Like an AutoML job's, its name is spent for good; its tags say whether it may be taken for what is asked now.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from botocore.exceptions import ClientError

from . import log, owned
from .answer import Answer
from .clients import Aws
from .contract import ENDED, JobStatus, OwnerTag, Property, TransformAttribute
from .event import Event
from .failure import unless_failed
from .owned import Kind, Thing, Wish
from .retry import Clock, insist
from .spec import taken
from .stack import Stack
from .tags import tag_list

_POLL_SECONDS = 10.0
_STOP_BUDGET = 300.0
"""Seconds that a Delete waits, so that role, key and bucket outlive the job."""

JOBS = Kind(
    "TransformJob",
    lambda sagemaker: sagemaker.create_transform_job,
    lambda sagemaker: sagemaker.describe_transform_job,
)


def create(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Start the job, or find the one that an earlier delivery of this event started."""
    return _is_now(_claim(_read(event.properties, aws), event, aws, clock, accepts=lambda job: job.was_made_by(event)))


def update(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Keep the job, go back to the one before, or start one: a rollback transforms nothing a second time."""
    wish = _read(event.properties, aws)
    old = unless_failed(_read, event.old_properties, aws)
    owned.check_prefix(JOBS, wish, old, event, aws, clock)
    current = JOBS.find_its(event.physical_id, event, aws, clock, is_sure=True)
    if old and old.digest == wish.digest and current and event.owns(current.tags):
        owned.retag(aws, current, wish, event, clock)
        return _is_now(current)
    stack = Stack(aws.cloudformation, event, clock)

    def accepts(job: Thing) -> bool:
        serves = event.owns(job.tags) and job.tags.get(OwnerTag.SPEC) == wish.digest
        return job.was_made_by(event) or (
            serves
            and OwnerTag.RELEASED not in job.tags
            and (job.status not in {JobStatus.STOPPING, JobStatus.STOPPED} or stack.is_rolling_back())
        )

    earlier = JOBS.earlier(wish, event, aws, clock)
    if earlier and accepts(earlier):
        job = earlier
        stack.check_wanted(made=job.name, in_rollback=True)
    else:
        job = _claim(wish, event, aws, clock, accepts=accepts)
    if old and OwnerTag.RELEASED not in job.tags:
        give_up(_orphans(old, job, event, aws, clock), event, aws, clock)
    return _is_now(job)


def delete(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Stop what is ours, but for the job that the resource has by now."""
    wish = unless_failed(_read, event.properties, aws)
    found = JOBS.look_for_ours(lambda: _names(wish, event), event, aws, clock)
    give_up([job for job in found if not owned.is_live(job.name, event, aws, clock)], event, aws, clock)
    return Answer(event.physical_id)


def _is_now(job: Thing) -> Answer:
    return Answer(job.name, attributes={TransformAttribute.JOB_NAME: job.name, TransformAttribute.JOB_ARN: job.arn})


def _read(properties: Mapping[str, object], aws: Aws) -> Wish:
    request, tags = owned.read_request(properties, "CreateTransformJob", aws.hosting.meta.service_model)
    revision = str(properties.get(Property.REVISION, ""))
    return Wish(request, {Property.REVISION: revision}, tags, owned.prefix(properties))


def _claim(wish: Wish, event: Event, aws: Aws, clock: Clock, *, accepts: Callable[[Thing], bool]) -> Thing:
    """The first acceptable job under the names of a wish; it is started where there is none."""

    def undo(job: Thing) -> None:
        give_up([job], event, aws, clock)

    for name in _names(wish, event):
        job = JOBS.find_with_tags(name, aws, clock)
        job = job or JOBS.make(name, wish, event, aws, clock, request=wish.request)
        if accepts(job):
            if OwnerTag.RELEASED not in job.tags:
                JOBS.confirm(job, event, aws, clock, undo=undo)
            return job
        log.write(event, "name is spent", job_name=name, status=job.status)
    raise AssertionError("names never end")


def _names(wish: Wish | None, event: Event) -> Iterator[str]:
    """The names of the jobs of a wish, in their order."""
    return (wish.name(event, attempt) for attempt in itertools.count()) if wish else iter(())


def _orphans(old: Wish, kept: Thing, event: Event, aws: Aws, clock: Clock) -> list[Thing]:
    """Jobs of the old properties that are not the resource's."""
    follows_at_once = kept.name == event.physical_id and Stack(aws.cloudformation, event, clock).is_rolling_back()
    found: list[Thing] = []
    for _ in clock.looks(more=follows_at_once):
        found = [job for job in _of(old, event, aws, clock) if job.name not in {kept.name, event.physical_id}]
        if any(OwnerTag.RELEASED not in job.tags for job in found):
            break
    left = [job for job in found if not (OwnerTag.RELEASED in job.tags and job.status in ENDED)]
    return [job for job in left if not owned.is_live(job.name, event, aws, clock)]


def _of(wish: Wish, event: Event, aws: Aws, clock: Clock) -> Iterator[Thing]:
    """The resource's jobs of a wish."""
    found = taken(_names(wish, event), lambda name: JOBS.find_with_tags(name, aws, clock, budget=owned.DELETE_BUDGET))
    return (job for job in found if event.owns(job.tags))


def give_up(given_up: Sequence[Thing], event: Event, aws: Aws, clock: Clock) -> None:
    """Mark jobs as given up, stop them, and wait for their ends."""
    deadline = clock.deadline(_STOP_BUDGET)
    last = clock.deadline(owned.DELETE_BUDGET)
    released = tag_list({OwnerTag.RELEASED: "true"}, event)
    for job in given_up:
        try:
            if OwnerTag.RELEASED not in job.tags:
                insist(partial(aws.hosting.add_tags, ResourceArn=job.arn, Tags=released), clock, deadline)
        finally:
            insist(partial(stop, job, aws), clock, last)
    for job in given_up:
        _wait_for_end(job, event, aws, clock, deadline, last)


def stop(job: Thing, aws: Aws) -> None:
    """Stop a job, as `jobs.stop` does."""
    if job.status != JobStatus.IN_PROGRESS:
        return
    try:
        aws.hosting.stop_transform_job(TransformJobName=job.name)
    except ClientError:
        now = JOBS.find(job.name, aws)
        if now and now.status == JobStatus.IN_PROGRESS:
            raise


def _wait_for_end(job: Thing, event: Event, aws: Aws, clock: Clock, until: float, deadline: float) -> None:
    while job.status not in ENDED:
        job = insist(partial(JOBS.find, job.name, aws), clock, deadline) or job
        if job.status in ENDED or not clock.sleep_before(until, _POLL_SECONDS):
            break
    log.write(event, "transform job given up", job_name=job.name, status=job.status)
