"""Create, Update and Delete of a retraining: its document is opened, told what is wanted now, and closed."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from . import jobs, log, owned
from .answer import Answer
from .clients import Aws
from .contract import Property, Retraining, RetrainingAttribute, RetrainingTrigger
from .event import Event
from .failure import Failure, code
from .retrain_document import Document, Phase, Run
from .retrain_executions import start
from .retrain_promotion import CHANGING, Promotion
from .retrain_store import Store
from .retry import Clock, insist
from .stack import Stack

_REQUIRED = (
    Property.OPERATION,
    Property.REQUEST,
    Property.NAME_PREFIX,
    Property.JOB_NAME,
    Retraining.FOLDER,
    Retraining.STATE_MACHINE,
    Retraining.TIMEOUT,
    Retraining.MAX_JOBS,
)
_POLL_SECONDS = 10.0
_END_BUDGET = 360.0
"""Seconds that a Delete waits for a job to end, and for a deployment of the endpoint."""

_STOP_BUDGET = 60.0
"""Seconds of them in which an execution is to be stopped: it ends by itself, what it has started does not."""

_UNHEARD = 60.0
"""Seconds in which a call of UpdateEndpoint that was under way shows."""

_REQUEST_ID = 36


def create(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Open the document; an Update is served alike. What it knows of champions and of the month stays.

    Raises:
        Failure: Another owner's document lies there, or nobody waits for this request.
    """
    folder = _read(event.properties)
    stack = Stack(aws.cloudformation, event, clock)
    store = _store(event.properties, aws, clock)
    settings = {name: value for name, value in event.properties.items() if name not in _NOT_KEPT}
    moved = _moved(event, stack, aws, clock)
    left = store.load()
    if left and left.closed and (left.running or left.behind):
        _close(store, event, aws, clock)  # a Delete, or a move, that did not come as far as that

    def decide(now: Document | None) -> Document:
        stack.check_wanted(in_rollback=True)
        if now and not now.closed and not now.owned_by(event.stack_id, event.logical_id):
            raise Failure(
                f"the retraining '{now.logical_id}' of the stack {now.stack_id} keeps its document in {folder}: give "
                "the job another output, or, if that stack is gone, delete the document"
            )
        is_own = now is not None and now.owned_by(event.stack_id, event.logical_id)
        # Opened by another delivery of this event, or what the place of before knew, or what a former life here did.
        known = now if is_own and now and not now.closed else moved or (now if is_own else None)
        if known is None:
            return Document(event.stack_id, event.logical_id, settings)
        # What ran when it was closed was stopped.
        kept = replace(known, running=None, behind=None, pending={}) if known.closed else known
        return replace(kept, settings=settings, closed=False)

    document = store.change(decide)
    if moved:
        old = _store(event.old_properties, aws, clock)
        old.change(lambda now: now and (replace(now, made=()) if now.closed else now))
    if document and not document.settings.get(Retraining.HOLDOUT):
        document = _clear(document, store, event, aws, clock)
    log.write(event, "retraining is open", detail=folder)
    if document and event.request_type == "Update":
        _reconcile(document, event, aws, clock)
    return Answer(folder, attributes={RetrainingAttribute.FOLDER: folder})


update = create

_NOT_KEPT = {"ServiceToken", "ServiceTimeout"}


def _read(properties: Mapping[str, object]) -> str:
    missing = [name for name in _REQUIRED if not properties.get(name)]
    if missing:
        raise Failure(f"the resource properties lack {', '.join(missing)}")
    return str(properties[Retraining.FOLDER])


def _store(properties: Mapping[str, object], aws: Aws, clock: Clock) -> Store:
    return Store(str(properties[Retraining.FOLDER]), aws, clock, str(properties.get(Retraining.KEY, "")))


def _moved(event: Event, stack: Stack, aws: Aws, clock: Clock) -> Document | None:
    """What the document of before knows, where this event gives another place to it; it is closed first.

    Raises:
        Failure: Nobody waits for this request: it came late, and what it would close may live.
    """
    old = event.old_properties
    if event.request_type != "Update" or old.get(Retraining.FOLDER) in {None, event.properties[Retraining.FOLDER]}:
        return None
    stack.check_wanted(in_rollback=True)
    return _close(_store(old, aws, clock), event, aws, clock)


def _reconcile(document: Document, event: Event, aws: Aws, clock: Clock) -> None:
    """Have a run see that the endpoint serves the champion, once the deployment is over."""
    if not document.settings.get(Retraining.ENDPOINT):
        return
    given: dict[str, object] = {
        RetrainingTrigger.RETRAINING: document.settings[Retraining.FOLDER],
        RetrainingTrigger.RECONCILE: True,
        RetrainingTrigger.CAUSE: "deployment",
    }
    try:
        name = f"deployment-{event.request_id[:_REQUEST_ID]}"
        start(str(document.settings[Retraining.STATE_MACHINE]), name, given, aws, clock)
    except ClientError as error:  # the next trigger looks at it too
        log.write(event, "the endpoint is looked at with the next trigger", detail=str(error))


def delete(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Close the document, stop what runs, and remove what runs have made but for what serves.

    What serves goes after the endpoint, with its model; where only the retraining goes, the template has adopted it.
    """
    folder = str(event.properties.get(Retraining.FOLDER, ""))
    if event.physical_id.startswith("s3://"):
        folder = event.physical_id
    if not folder or owned.is_live(folder, event, aws, clock):
        log.write(event, "not this event's: left alone")
        return Answer(event.physical_id)
    store = _store({**event.properties, Retraining.FOLDER: folder}, aws, clock)
    document = _close(store, event, aws, clock)
    if document is None:
        log.write(event, "there is no document")
        return Answer(event.physical_id)
    if not document.settings.get(Retraining.ENDPOINT):
        return Answer(event.physical_id)
    _wait_for_endpoint(document, aws, clock)
    removed = Promotion(document, event.request_id, aws, clock).remove_others(None, None)
    store.change(lambda now: now and replace(now, made=tuple(each for each in now.made if each not in removed)))
    return Answer(event.physical_id)


def _close(store: Store, event: Event, aws: Aws, clock: Clock) -> Document | None:
    """Close a document of this resource, and stop what runs; None if there is none."""

    def decide(now: Document | None) -> Document | None:
        return replace(now, closed=True) if now and now.owned_by(event.stack_id, event.logical_id) else now

    document = store.change(decide)
    if document is None or not document.closed:
        return None
    log.write(event, "retraining is closed")
    deadline = clock.deadline(_END_BUDGET)
    for run in (document.running, document.behind):
        if run:
            _stop(run, event, aws, clock, deadline)
    return _clear(document, store, event, aws, clock)


def _clear(document: Document, store: Store, event: Event, aws: Aws, clock: Clock) -> Document:
    """Stop and delete what made models answer a holdout that does not decide any more."""
    if not document.trials:
        return document
    from . import retrain_evaluation

    removed = retrain_evaluation.remove(document.trials, event, store, aws, clock, waits=True)
    return store.change(lambda now: now and now.without_trials(removed)) or document


def _stop(run: Run, event: Event, aws: Aws, clock: Clock, deadline: float) -> None:
    """Stop the execution of a run, and its job; that may just be made."""

    def end() -> None:
        try:
            aws.executions.stop_execution(executionArn=run.execution, cause="the retraining is deleted")
        except ClientError as error:
            if code(error) != "ExecutionDoesNotExist":
                raise

    try:
        insist(end, clock, min(deadline, clock.deadline(_STOP_BUDGET)))
    except (ClientError, BotoCoreError) as error:  # its next step sees that the document is closed
        log.write(event, "the execution ends by itself", detail=str(error))
    job = None
    for _ in clock.looks(more=bool(run.job)):
        job = insist(partial(jobs.find, aws.sagemaker, run.job), clock, deadline) if run.job else None
        if job:
            break
    if job is None or not job.belongs_to(event):
        return
    try:
        insist(partial(jobs.release, aws.sagemaker, job, event), clock, deadline)
    finally:
        insist(partial(jobs.stop, aws.sagemaker, job), clock, deadline)
    while not job.has_ended and clock.sleep_before(deadline, _POLL_SECONDS):
        job = insist(partial(jobs.find, aws.sagemaker, job.name), clock, deadline) or job
    log.write(event, "job given up", job_name=job.name, status=job.status)


def _wait_for_endpoint(document: Document, aws: Aws, clock: Clock) -> None:
    """Let a promotion under way come to its end: an endpoint that is being updated can be neither kept nor deleted."""
    deadline, run = clock.deadline(_END_BUDGET), document.running
    is_unheard = run is not None and run.phase is Phase.PROMOTE and run.asked > 0
    shows_until = clock.now() + (_UNHEARD if is_unheard else 0)
    promotion = Promotion(document, "", aws, clock)
    while (endpoint := promotion.look()) and (endpoint.status in CHANGING or clock.now() < shows_until):
        if not clock.sleep_before(deadline, _POLL_SECONDS):
            return
