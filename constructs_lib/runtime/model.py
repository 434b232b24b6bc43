"""A SageMaker model of a job's best candidate.

Its name follows from all that makes it what it is: a second delivery of an event, and a rollback, find the same model.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from . import candidate, log, owned
from .answer import Answer
from .clients import Aws, Reply
from .contract import (
    PROMOTED_JOB,
    TAKEN_WITH,
    CandidateOfRuns,
    ModelAttribute,
    OwnerTag,
    PromotedEndpoint,
    Property,
    Retraining,
)
from .event import Event
from .failure import Failure, unless_failed, unless_missing
from .owned import Kind, Thing, Wish
from .retrain_document import MODEL, Document
from .retrain_store import Store
from .retry import Clock, insist, patiently
from .spec import sha256
from .stack import Stack
from .tags import FORMER, tag_list

if TYPE_CHECKING:
    from .clients import Promoting

MODELS = Kind(
    "Model", lambda sagemaker: sagemaker.create_model, lambda sagemaker: sagemaker.describe_model, bills=False
)

CONFIGS = Kind(
    "EndpointConfig",
    lambda sagemaker: cast("Promoting", sagemaker).create_endpoint_config,
    lambda sagemaker: sagemaker.describe_endpoint_config,
    bills=False,
)
"""Configurations that runs make for the resource; the template's is CloudFormation's own."""


def create(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Find the model of these properties, or make it; an Update is served alike.

    Where runs may have put another job's model in service, it is that one: the shape follows the template, and the
    model the champion.
    """
    if before := _before(event, aws, clock):
        _go_back(before, event, aws, clock)
        return _is_now(before.name)
    job = _champion(event, aws, clock)
    asked = event if not job else replace(event, properties={**event.properties, Property.JOB_NAME: job})
    wish = read(asked.properties, aws)
    owned.check_prefix(MODELS, wish, unless_failed(read, event.old_properties, aws), event, aws, clock)
    name = wish.name(event)
    model = MODELS.find_with_tags(name, aws, clock) or _earlier(wish, event, aws, clock)
    model = model or _make(name, wish, asked, aws, clock)
    if not event.owns(model.tags):
        raise Failure(f"a model named '{name}' exists, and this resource did not make it: delete or rename it")

    def undo(model: Thing) -> None:
        _delete(model.name, event, aws, clock)

    MODELS.confirm(model, event, aws, clock, undo=undo)
    owned.retag(aws, model, wish, event, clock)
    follows = job or _is_followed(event.properties) or _is_followed(event.old_properties)
    if follows or _was_noted(model, event, aws, clock):
        _note(model, job, event, aws, clock)
    else:
        _delete_orphan(model, event, aws, clock)
    return _is_now(model.name)


update = create


def _earlier(wish: Wish, event: Event, aws: Aws, clock: Clock) -> Thing | None:
    """The model of this wish that the resource has, or had, when it had another logical id, which is in the name."""
    found = MODELS.earlier(wish, event, aws, clock) if event.request_type == "Update" else None
    return found if found and FORMER in found.tags else None


def delete(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Delete the model if it is ours, and not the one that the resource has by now, nor one that runs go on with.

    Where the retraining has closed its document, what runs have left goes too: the endpoint is gone by now.
    """
    document = _document(event.properties, event, aws, clock)
    made = document.made if document else ()
    stack = Stack(aws.cloudformation, event, clock)
    for model in MODELS.look_for_ours(lambda: _names(event.properties, event, aws), event, aws, clock):
        is_kept = document is not None and not document.closed and f"{MODEL}{model.name}" in made
        # The clean-up of what a run's model was replaced by, or with: the resource may have that of its own job again.
        # An update may just have taken the retraining out, so these properties need not say that runs are followed.
        is_another = MODELS.may_be(event.physical_id) and model.name != event.physical_id
        is_kept = is_kept or (is_another and stack.is_updating())
        if not is_kept:
            stack.wait_for_update()
        if is_kept or owned.is_live(model.name, event, aws, clock):
            log.write(event, "not this event's: left alone", job_name=model.name)
        else:
            _delete(model.name, event, aws, clock)
    if document is not None and document.closed and stack.live().is_deleted:
        # The clean-up of a replaced model may look like this too, while the endpoint serves one of these.
        for thing in () if _is_there(document, aws, clock) else made:
            remove(thing, event, aws, clock)
    return Answer(event.physical_id)


def read(properties: Mapping[str, object], aws: Aws) -> Wish:
    """Read the resource properties."""
    request, tags = owned.read_request(properties, "CreateModel", aws.hosting.meta.service_model)
    return Wish(request, candidate.read(properties).content, tags, owned.prefix(properties))


def _is_now(name: str) -> Answer:
    return Answer(name, attributes={ModelAttribute.MODEL_NAME: name})


# What runs have put in service


def remove(thing: str, event: Event, aws: Aws, clock: Clock) -> None:
    """Delete a model or a configuration that a run has made for the resource of this event."""
    name = thing.partition("/")[2]
    if thing.startswith(MODEL):
        model = MODELS.find_if_visible(name, event, aws, clock)
        if model and event.owns(model.tags):
            _delete(name, event, aws, clock)
        return
    config = CONFIGS.find_if_visible(name, event, aws, clock)
    if config is None or not event.owns(config.tags):
        return
    deadline = clock.deadline(owned.DELETE_BUDGET)
    unless_missing(
        lambda: insist(lambda: aws.sagemaker.delete_endpoint_config(EndpointConfigName=name), clock, deadline)
    )
    log.write(event, "endpoint config deleted", job_name=name)


def _is_followed(properties: Mapping[str, object]) -> bool:
    return bool(properties.get(CandidateOfRuns.RETRAINING))


def _document(properties: Mapping[str, object], event: Event, aws: Aws, clock: Clock) -> Document | None:
    if not _is_followed(properties):
        return None
    key = str(properties.get(Retraining.KEY, ""))
    document = Store(str(properties[CandidateOfRuns.RETRAINING]), aws, clock, key).load()
    return document if document and document.stack_id == event.stack_id else None


def _is_there(document: Document, aws: Aws, clock: Clock) -> bool:
    """Whether the endpoint of a retraining exists."""
    endpoint = document.settings.get(Retraining.ENDPOINT)

    def ask() -> Reply:
        return aws.hosting.describe_endpoint(EndpointName=str(endpoint[PromotedEndpoint.NAME]))  # type: ignore[index]

    return bool(endpoint) and unless_missing(lambda: patiently(ask, clock, repeatable=True)) is not None


def _champion(event: Event, aws: Aws, clock: Clock) -> str:
    """The job whose model the resource is to have, where that is another one than its own.

    It is the champion of the retraining, or of the one that leaves with this event; without any it is the job of the
    model that the resource has. Another job of the resource's own beats all.
    """
    own, is_update = event.properties.get(Property.JOB_NAME), event.request_type == "Update"
    if is_update and own != event.old_properties.get(Property.JOB_NAME):
        return ""
    followed = event.properties if _is_followed(event.properties) else event.old_properties
    document = _document(followed, event, aws, clock)
    if document and document.champion and document.champion.base == own:
        return document.champion.job if document.champion.job != own else ""
    current = MODELS.find_its(event.physical_id, event, aws, clock, is_sure=True) if is_update else None
    return current.tags.get(PROMOTED_JOB, "") if current and event.owns(current.tags) else ""


def _note(model: Thing, job: str, event: Event, aws: Aws, clock: Clock) -> None:
    """Note on a model that the resource takes with which properties it does, and from where: a rollback goes back."""
    wanted = sha256(event.properties).hex()
    if model.name != event.physical_id:
        tags = {TAKEN_WITH: wanted} | ({PROMOTED_JOB: job} if job else {})
        if event.request_type == "Update":
            tags[OwnerTag.REPLACES] = event.physical_id
    elif model.tags.get(TAKEN_WITH) == wanted:  # and had it before: what takes this update back goes nowhere
        tags = {TAKEN_WITH: ""}
    else:
        return
    patiently(lambda: aws.hosting.add_tags(ResourceArn=model.arn, Tags=tag_list(tags, event)), clock, repeatable=True)


def _was_noted(model: Thing, event: Event, aws: Aws, clock: Clock) -> bool:
    """Whether the resource had another model before that does not follow from its properties alone."""
    if event.request_type != "Update" or model.name == event.physical_id:
        return False
    before = MODELS.find_its(event.physical_id, event, aws, clock)
    return before is not None and event.owns(before.tags) and bool(before.tags.get(TAKEN_WITH))


def _before(event: Event, aws: Aws, clock: Clock) -> Thing | None:
    """In a rollback, the model that the resource had before, where that does not follow from its properties alone."""
    if event.request_type != "Update" or not Stack(aws.cloudformation, event, clock).is_rolling_back():
        return None
    current = MODELS.find_its(event.physical_id, event, aws, clock, is_sure=True)
    if current is None or not event.owns(current.tags) or TAKEN_WITH not in current.tags:
        return None
    if current.tags[TAKEN_WITH] != sha256(event.old_properties).hex():
        return current
    previous = MODELS.find_its(current.tags.get(OwnerTag.REPLACES, ""), event, aws, clock)
    return previous if previous and event.owns(previous.tags) else None


def _go_back(before: Thing, event: Event, aws: Aws, clock: Clock) -> None:
    """Take back what the update has done to models, those of runs too."""
    log.write(event, "the stack rolls back: the model of before", job_name=before.name)
    wish = read(event.properties, aws)
    owned.retag(aws, before, wish, event, clock)
    document = _document(event.old_properties, event, aws, clock) or _document(event.properties, event, aws, clock)
    made = document.made if document else ()
    if before.name != event.physical_id and f"{MODEL}{event.physical_id}" in made:  # it stays, and may come back
        left = MODELS.find_its(event.physical_id, event, aws, clock)
        if left and event.owns(left.tags):
            owned.retag(aws, left, wish, event, clock)
    _delete_orphan(before, event, aws, clock, keeps=made)


def _names(properties: Mapping[str, object], event: Event, aws: Aws) -> list[str]:
    """The name that properties lead to, which may never have worked."""
    try:
        return [read(properties, aws).name(event)]
    except Failure:
        return []


def _delete_orphan(kept: Thing, event: Event, aws: Aws, clock: Clock, *, keeps: Collection[str] = ()) -> None:
    """Delete a model of the old properties that the resource does not have, and no run has made."""
    names = [name for name in _names(event.old_properties, event, aws) if name not in {kept.name, event.physical_id}]
    for name in names:
        if f"{MODEL}{name}" in keeps:
            continue
        follows_at_once = kept.name == event.physical_id and Stack(aws.cloudformation, event, clock).is_rolling_back()
        model = MODELS.find_if_visible(name, event, aws, clock, is_sure=follows_at_once)
        if model and event.owns(model.tags) and not owned.is_live(name, event, aws, clock):
            _delete(name, event, aws, clock)


def request_of(properties: Mapping[str, object], wish: Wish, aws: Aws, clock: Clock) -> dict[str, Any]:
    """The input of the call that makes it, without name and tags."""
    wanted = candidate.read(properties)
    containers = candidate.containers(candidate.describe(wanted, aws, clock), wanted)
    # One container in a list would make an inference pipeline of it, which not everything takes.
    content = {"PrimaryContainer": containers[0]} if len(containers) == 1 else {"Containers": containers}
    return {**wish.request, **content}


def _make(name: str, wish: Wish, event: Event, aws: Aws, clock: Clock) -> Thing:
    return MODELS.make(name, wish, event, aws, clock, request=request_of(event.properties, wish, aws, clock))


def _delete(name: str, event: Event, aws: Aws, clock: Clock) -> None:
    deadline = clock.deadline(owned.DELETE_BUDGET)
    unless_missing(lambda: insist(lambda: aws.hosting.delete_model(ModelName=name), clock, deadline))
    log.write(event, "model deleted", job_name=name)
