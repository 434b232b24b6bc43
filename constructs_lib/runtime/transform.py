"""A batch transform job: started when its resource is made or changed, stopped when the resource goes.

Like an AutoML job's, its name is spent for good; its tags say whether it may be taken for what is asked now.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping

from botocore.exceptions import ClientError

from . import log, owned
from .answer import Answer
from .clients import Aws
from .contract import ENDED, JobStatus, OwnerTag, Property, TransformAttribute
from .event import Event
from .failure import Failure
from .jobs import tag_list
from .owned import Kind, Thing, Wish
from .retry import Clock, patiently

_POLL_SECONDS = 10.0
_STOP_BUDGET = 300.0
"""Seconds that a Delete waits, so that role, key and bucket outlive the job."""

_JOBS = Kind(
    "TransformJob",
    lambda sagemaker: sagemaker.create_transform_job,
    lambda sagemaker: sagemaker.describe_transform_job,
)


def create(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Start the job, or find the one that an earlier delivery of this event started."""
    return _is_now(_claim(_read(event.properties, aws), event, aws, clock, accepts=lambda job: _made_by(job, event)))


def update(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Keep the job, go back to the one before, or start one: a rollback transforms nothing a second time."""
    wish = _read(event.properties, aws)
    old = _readable(event.old_properties, aws)
    current = _JOBS.find_if_visible(event.physical_id, event, aws, clock)
    if old and old.digest == wish.digest and current and event.owns(current.tags):
        owned.retag(aws, current, wish, event)
        return _is_now(current)

    def accepts(job: Thing) -> bool:
        return _made_by(job, event) or (
            event.owns(job.tags) and job.tags.get(OwnerTag.SPEC) == wish.digest and OwnerTag.RELEASED not in job.tags
        )

    return _is_now(_claim(wish, event, aws, clock, accepts=accepts))


def delete(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Stop what is ours, but for the job that the resource has by now."""
    found = {job.name: job for job in _candidates(event, aws, clock) if event.owns(job.tags)}
    given_up = [job for job in found.values() if not owned.is_live(job.name, event, aws)]
    for job in given_up:
        aws.hosting.add_tags(ResourceArn=job.arn, Tags=tag_list({OwnerTag.RELEASED: "true"}))
        _stop(job, aws)
    deadline = clock.deadline(_STOP_BUDGET)
    for job in given_up:
        _wait_for_end(job, event, aws, clock, deadline)
    return Answer(event.physical_id)


def _is_now(job: Thing) -> Answer:
    return Answer(job.name, attributes={TransformAttribute.JOB_NAME: job.name, TransformAttribute.JOB_ARN: job.arn})


def _made_by(job: Thing, event: Event) -> bool:
    """Whether this very request made it."""
    return event.owns(job.tags) and job.tags.get(OwnerTag.REQUEST) == event.request_id


def _read(properties: Mapping[str, object], aws: Aws) -> Wish:
    request, tags = owned.read_request(properties, "CreateTransformJob", aws.hosting.meta.service_model)
    revision = str(properties.get(Property.REVISION, ""))
    return Wish(request, {Property.REVISION: revision}, tags, owned.prefix(properties))


def _readable(properties: Mapping[str, object], aws: Aws) -> Wish | None:
    """The wish of properties that may never have worked."""
    try:
        return _read(properties, aws)
    except Failure:
        return None


def _claim(wish: Wish, event: Event, aws: Aws, clock: Clock, *, accepts: Callable[[Thing], bool]) -> Thing:
    """The first acceptable job under the names of a wish; it is started where there is none."""

    def undo(job: Thing) -> None:
        _stop(job, aws)

    attempt = 0
    while True:
        name = wish.name(event, attempt)
        job = patiently(lambda name=name: _JOBS.find(name, aws), clock)  # type: ignore[misc]
        job = job or _JOBS.make(name, wish, event, aws, clock, request=wish.request, undo=undo)
        if accepts(job):
            return job
        log.write(event, "name is spent", job_name=name, status=job.status)
        attempt += 1


def _candidates(event: Event, aws: Aws, clock: Clock) -> Iterator[Thing]:
    """Every job that a Delete may be about: the physical id, and what the properties lead to."""
    named = _JOBS.find_if_visible(event.physical_id, event, aws, clock)
    if named:
        yield named
    wish = _readable(event.properties, aws)
    for attempt in itertools.count() if wish else ():
        job = _JOBS.find(wish.name(event, attempt), aws) if wish else None
        if job is None:  # names are taken in order and never come free
            return
        yield job


def _stop(job: Thing, aws: Aws) -> None:
    """Stop a job. One that ends at the same moment may refuse; that is as good."""
    if job.status != JobStatus.IN_PROGRESS:
        return
    try:
        aws.hosting.stop_transform_job(TransformJobName=job.name)
    except ClientError:
        now = _JOBS.find(job.name, aws)
        if now and now.status == JobStatus.IN_PROGRESS:
            raise


def _wait_for_end(job: Thing, event: Event, aws: Aws, clock: Clock, deadline: float) -> None:
    while job.status not in ENDED and clock.sleep_before(deadline, _POLL_SECONDS):
        job = _JOBS.find(job.name, aws) or job
    log.write(event, "transform job given up", job_name=job.name, status=job.status)
