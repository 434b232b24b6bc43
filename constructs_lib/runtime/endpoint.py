"""Removes what one-click deployment left behind: the service never does, and an endpoint bills until it is deleted."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from . import log
from .clients import Reply, SageMaker
from .event import Event
from .failure import is_missing, unless_missing
from .jobs import Job
from .retry import Clock, insist

_POLL_SECONDS = 10.0
_SETTLED = {"InService", "Failed", "OutOfService"}
"""Endpoint states that do not change by themselves; any other may refuse to be deleted for the moment (unverified)."""

# [one-click-times]
_AFTERWARDS = timedelta(minutes=5)
"""How long after its end a job may have made its endpoint: it deploys as its last step (unverified)."""

T = TypeVar("T")


# [stopped-while-deploying]
def remove(sagemaker: SageMaker, job: Job, event: Event, clock: Clock, deadline: float) -> None:
    """Delete the endpoint that a job made, its configuration and its models, and wait until the endpoint is gone.

    The execution role must outlive it. What was not made while the job ran is somebody else's, whatever it is called;
    so is what the job does not report and serves no model of it.

    Raises:
        ClientError: The endpoint cannot be deleted, so it goes on billing.
    """

    def ask(call: Callable[[], T]) -> T:
        return insist(call, clock, deadline)

    name = job.deployed_endpoint or job.given_endpoint
    endpoint = ask(lambda: _describe(sagemaker, name)) if name else None
    if endpoint is None:
        return
    config = str(endpoint["EndpointConfigName"])
    # [endpoint-chain]
    described = ask(lambda: unless_missing(lambda: sagemaker.describe_endpoint_config(EndpointConfigName=config))) or {}
    # One that was made after the end may be the next job's, of the same name.
    is_sure = job.deployed_endpoint and (job.ended is None or endpoint["CreationTime"] <= job.ended)
    if not _was_made_during(job, endpoint) or not (is_sure or ask(lambda: _serves(job, _models(described), sagemaker))):
        log.write(event, "endpoint left alone: the job did not make it", job_name=job.name, detail=name)
        return
    # Somebody may have put another model behind the endpoint since; that is not the job's.
    is_own = described.get("CreationTime", endpoint["CreationTime"]) <= endpoint["CreationTime"]
    if not _delete_endpoint(sagemaker, endpoint, clock, deadline):
        log.write(event, "endpoint could not be deleted in time", job_name=job.name, detail=name)
        return
    if is_own:
        _remove_config(sagemaker, config, _models(described), endpoint["CreationTime"], job, event, ask)
    else:
        log.write(
            event, "endpoint config left alone: it is younger than the endpoint", job_name=job.name, detail=config
        )
    while ask(lambda: _again(sagemaker, endpoint)) is not None:
        if not clock.sleep_before(deadline, _POLL_SECONDS):
            log.write(event, "endpoint is still being deleted", job_name=job.name, detail=name)
            return
    log.write(event, "endpoint deleted", job_name=job.name, detail=name)


def _remove_config(
    sagemaker: SageMaker,
    config: str,
    models: list[str],
    deployed: datetime,
    job: Job,
    event: Event,
    ask: Callable[[Callable[[], Reply]], Reply],
) -> None:
    # Neither costs anything: whatever stands in the way of their removal must not keep the stack from going.
    def attempt(delete: Callable[[], Reply], what: str) -> None:
        try:
            ask(delete)
        except (ClientError, BotoCoreError) as error:
            if not (isinstance(error, ClientError) and is_missing(error)):
                log.write(event, f"{what} is left behind", job_name=job.name, detail=str(error))

    def delete_model(name: str) -> Reply:
        made = sagemaker.describe_model(ModelName=name).get("CreationTime")
        if made is None or made > deployed:
            log.write(event, "model left alone: it is younger than the endpoint", job_name=job.name, detail=name)
            return {}
        return sagemaker.delete_model(ModelName=name)

    attempt(lambda: sagemaker.delete_endpoint_config(EndpointConfigName=config), f"endpoint config {config}")
    for model in models:
        attempt(lambda model=model: delete_model(model), f"model {model}")  # type: ignore[misc]


def _describe(sagemaker: SageMaker, name: str) -> Reply | None:
    return unless_missing(lambda: sagemaker.describe_endpoint(EndpointName=name))


def _again(sagemaker: SageMaker, endpoint: Reply) -> Reply | None:
    """The same endpoint as it is now; None if it is gone, also if another has its name."""
    now = _describe(sagemaker, endpoint["EndpointName"])
    return now if now and now["CreationTime"] == endpoint["CreationTime"] else None


def _was_made_during(job: Job, endpoint: Reply) -> bool:
    """Whether an endpoint was made while the job ran; of one that the job reports, only later times count."""
    made = endpoint["CreationTime"]
    if job.has_ended and (job.ended is None or made > job.ended + _AFTERWARDS):
        return False
    return bool(job.deployed_endpoint) or (job.created is not None and made >= job.created)


def _serves(job: Job, models: list[str], sagemaker: SageMaker) -> bool:
    """Whether one of these models was learned by the job."""
    folder = f"{job.output_path.rstrip('/')}/{job.name}/"
    for name in models:
        model = unless_missing(lambda name=name: sagemaker.describe_model(ModelName=name)) or {}  # type: ignore[misc]
        containers = [model.get("PrimaryContainer", {}), *model.get("Containers", [])]
        if job.output_path and any(str(each.get("ModelDataUrl", "")).startswith(folder) for each in containers):
            return True
    return False


def _models(reply: Reply) -> list[str]:
    variants = [*reply.get("ProductionVariants", []), *reply.get("ShadowProductionVariants", [])]
    return [variant["ModelName"] for variant in variants if variant.get("ModelName")]


def _delete_endpoint(sagemaker: SageMaker, endpoint: Reply, clock: Clock, deadline: float) -> bool:
    """Ask until the service agrees; an endpoint that is just being made may refuse."""

    def attempt() -> bool:
        if _again(sagemaker, endpoint) is None:
            return True
        try:
            sagemaker.delete_endpoint(EndpointName=endpoint["EndpointName"])
        except ClientError:
            now = _again(sagemaker, endpoint)
            if now is None or now["EndpointStatus"] == "Deleting":
                return True
            if now["EndpointStatus"] in _SETTLED:
                raise
            return False
        return True

    while not insist(attempt, clock, deadline):
        if not clock.sleep_before(deadline, _POLL_SECONDS):
            return False
    return True
