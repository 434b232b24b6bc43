"""Create, Update and Delete of a watch over a job that no resource of the stack made. The job is never touched."""

from . import jobs, log, watch
from .answer import Answer
from .clients import Aws
from .contract import Attribute, Property
from .description import Description
from .event import Event
from .failure import Failure
from .retry import Clock, patiently
from .stack import Stack
from .watch import Watch


def physical_id(logical_id: str) -> str:
    """What the resource is called as long as it lives, whatever job it watches."""
    return f"{logical_id}-watch"


def create(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Follow the job."""
    wanted, job = _wish(event), _job(event, aws, clock)
    return _follow(wanted, job, event, aws, clock)


def update(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Follow the job if it is another one, or if more is wanted.

    While the stack rolls back nothing is started and nothing fails: whoever waited for the old job has waited.
    """
    if Stack(aws.cloudformation, event).is_rolling_back():
        name = str(event.properties.get(Property.JOB_NAME, ""))
        log.write(event, "the stack rolls back: nothing is followed", job_name=name)
        return _answer(name, jobs.describe_if_told(aws.sagemaker, name), event)
    wanted, job = _wish(event), _job(event, aws, clock)
    old = watch.readable(event.old_properties)
    if event.old_properties.get(Property.JOB_NAME) != event.properties[Property.JOB_NAME]:
        if wanted.cannot_wait(old):
            raise Failure(watch.IN_VAIN)
    elif not wanted.adds_to(old):
        log.write(event, "nothing changed", job_name=job.name)
        return _answer(job.name, job, event)
    return _follow(wanted, job, event, aws, clock)


def delete(event: Event, aws: Aws, clock: Clock) -> Answer:  # noqa: ARG001 - all requests are served alike
    """Leave the job alone. The execution finds that its resource is gone, and ends."""
    return Answer(event.physical_id)


def _wish(event: Event) -> Watch:
    wanted = watch.read(event.properties)
    if wanted is None or not event.properties.get(Property.JOB_NAME):
        missing = [name for name in (Property.JOB_NAME, Property.WATCH) if not event.properties.get(name)]
        raise Failure(f"the resource properties lack {', '.join(missing)}")
    return wanted


def _job(event: Event, aws: Aws, clock: Clock) -> Description:
    name = str(event.properties[Property.JOB_NAME])
    reply = patiently(lambda: jobs.describe(aws.sagemaker, name), clock)
    if reply is None:
        raise Failure(f"the AutoML job '{name}' that is to be watched does not exist in this account and region")
    return Description(reply)


def _follow(wanted: Watch, job: Description, event: Event, aws: Aws, clock: Clock) -> Answer:
    name = str(event.properties[Property.JOB_NAME])
    watch.start(wanted, name, event, aws, clock, seen=job.state if job.has_ended else "")
    return _answer(name, job, event)


def _answer(name: str, job: Description, event: Event) -> Answer:
    attributes: dict[str, str] = {Attribute.JOB_NAME: name, Attribute.JOB_ARN: job.arn}
    return Answer(event.physical_id or physical_id(event.logical_id), attributes=attributes)
