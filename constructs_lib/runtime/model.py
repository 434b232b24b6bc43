"""A SageMaker model of a job's best candidate.

Its name follows from all that makes it what it is: a second delivery of an event, and a rollback, find the same model.
"""

from collections.abc import Mapping

from . import candidate, log, owned
from .answer import Answer
from .clients import Aws
from .contract import ModelAttribute
from .event import Event
from .failure import Failure, unless_failed, unless_missing
from .owned import Kind, Thing, Wish
from .retry import Clock, insist
from .stack import Stack
from .tags import FORMER

_MODELS = Kind(
    "Model", lambda sagemaker: sagemaker.create_model, lambda sagemaker: sagemaker.describe_model, bills=False
)


def create(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Find the model of these properties, or make it; an Update is served alike."""
    wish = _read(event.properties, aws)
    owned.check_prefix(_MODELS, wish, unless_failed(_read, event.old_properties, aws), event, aws, clock)
    name = wish.name(event)
    model = _MODELS.find_with_tags(name, aws, clock) or _earlier(wish, event, aws, clock)
    model = model or _make(name, wish, event, aws, clock)
    if not event.owns(model.tags):
        raise Failure(f"a model named '{name}' exists, and this resource did not make it: delete or rename it")

    def undo(model: Thing) -> None:
        _delete(model.name, event, aws, clock)

    _MODELS.confirm(model, event, aws, clock, undo=undo)
    owned.retag(aws, model, wish, event, clock)
    _delete_orphan(model, event, aws, clock)
    return Answer(model.name, attributes={ModelAttribute.MODEL_NAME: model.name})


update = create


def _earlier(wish: Wish, event: Event, aws: Aws, clock: Clock) -> Thing | None:
    """The model of this wish that the resource has, or had, when it had another logical id, which is in the name."""
    found = _MODELS.earlier(wish, event, aws, clock) if event.request_type == "Update" else None
    return found if found and FORMER in found.tags else None


def delete(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Delete the model if it is ours, and not the one that the resource has by now."""
    for model in _MODELS.look_for_ours(lambda: _names(event.properties, event, aws), event, aws, clock):
        if owned.is_live(model.name, event, aws, clock):
            log.write(event, "not this event's: left alone", job_name=model.name)
        else:
            _delete(model.name, event, aws, clock)
    return Answer(event.physical_id)


def _read(properties: Mapping[str, object], aws: Aws) -> Wish:
    request, tags = owned.read_request(properties, "CreateModel", aws.hosting.meta.service_model)
    return Wish(request, candidate.read(properties).content, tags, owned.prefix(properties))


def _names(properties: Mapping[str, object], event: Event, aws: Aws) -> list[str]:
    """The name that properties lead to, which may never have worked."""
    try:
        return [_read(properties, aws).name(event)]
    except Failure:
        return []


def _delete_orphan(kept: Thing, event: Event, aws: Aws, clock: Clock) -> None:
    """Delete a model of the old properties that the resource does not have."""
    names = [name for name in _names(event.old_properties, event, aws) if name not in {kept.name, event.physical_id}]
    for name in names:
        follows_at_once = kept.name == event.physical_id and Stack(aws.cloudformation, event, clock).is_rolling_back()
        model = _MODELS.find_if_visible(name, event, aws, clock, is_sure=follows_at_once)
        if model and event.owns(model.tags) and not owned.is_live(name, event, aws, clock):
            _delete(name, event, aws, clock)


def _make(name: str, wish: Wish, event: Event, aws: Aws, clock: Clock) -> Thing:
    wanted = candidate.read(event.properties)
    containers = candidate.containers(candidate.describe(wanted, aws, clock), wanted)
    # One container in a list would make an inference pipeline of it, which not everything takes.
    content = {"PrimaryContainer": containers[0]} if len(containers) == 1 else {"Containers": containers}
    return _MODELS.make(name, wish, event, aws, clock, request={**wish.request, **content})


def _delete(name: str, event: Event, aws: Aws, clock: Clock) -> None:
    deadline = clock.deadline(owned.DELETE_BUDGET)
    unless_missing(lambda: insist(lambda: aws.hosting.delete_model(ModelName=name), clock, deadline))
    log.write(event, "model deleted", job_name=name)
