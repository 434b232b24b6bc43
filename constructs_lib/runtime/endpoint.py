"""Removes what one-click deployment left behind: the service never does, and an endpoint bills until it is deleted."""

from collections.abc import Callable

from botocore.exceptions import ClientError

from . import log
from .clients import Reply, SageMaker
from .event import Event
from .failure import is_missing
from .jobs import Job
from .retry import Clock

_POLL_SECONDS = 10.0
_SETTLED = {"InService", "Failed", "OutOfService"}
"""Endpoint states that do not change by themselves; any other may refuse to be deleted for the moment (unverified)."""


def remove(sagemaker: SageMaker, job: Job, event: Event, clock: Clock, deadline: float) -> None:
    """Delete the endpoint that a job made, its configuration and its models, and wait until the endpoint is gone.

    The execution role must outlive it.

    Raises:
        ClientError: The endpoint cannot be deleted, so it goes on billing.
    """
    name = job.deployed_endpoint or job.given_endpoint
    endpoint = _describe(sagemaker, name) if name else None
    if endpoint is None:
        return
    if not job.deployed_endpoint and not _was_made_during(job, endpoint):
        log.write(event, "endpoint left alone: it is older than the job", job_name=job.name, detail=name)
        return
    config = str(endpoint["EndpointConfigName"])
    described = _describe_config(sagemaker, config)
    # Somebody may have put another model behind the endpoint since; that is not the job's.
    is_own = described.get("CreationTime", endpoint["CreationTime"]) <= endpoint["CreationTime"]
    if not _delete_endpoint(sagemaker, name, clock, deadline):
        log.write(event, "endpoint could not be deleted in time", job_name=job.name, detail=name)
        return
    if is_own:
        _remove_config(sagemaker, config, _models(described), job, event)
    else:
        log.write(
            event, "endpoint config left alone: it is younger than the endpoint", job_name=job.name, detail=config
        )
    while _describe(sagemaker, name) is not None:
        if not clock.sleep_before(deadline, _POLL_SECONDS):
            log.write(event, "endpoint is still being deleted", job_name=job.name, detail=name)
            return
    log.write(event, "endpoint deleted", job_name=job.name, detail=name)


def _remove_config(sagemaker: SageMaker, config: str, models: list[str], job: Job, event: Event) -> None:
    # Neither costs anything: whatever stands in the way of their removal must not keep the stack from going.
    _try(lambda: sagemaker.delete_endpoint_config(EndpointConfigName=config), f"endpoint config {config}", job, event)
    for model in models:
        _try(lambda model=model: sagemaker.delete_model(ModelName=model), f"model {model}", job, event)  # type: ignore[misc]


def _describe(sagemaker: SageMaker, name: str) -> Reply | None:
    try:
        return sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if is_missing(error):
            return None
        raise


def _was_made_during(job: Job, endpoint: Reply) -> bool:
    return job.created is not None and endpoint["CreationTime"] >= job.created


def _describe_config(sagemaker: SageMaker, config: str) -> Reply:
    try:
        return sagemaker.describe_endpoint_config(EndpointConfigName=config)
    except ClientError as error:
        if is_missing(error):
            return {}
        raise


def _models(reply: Reply) -> list[str]:
    variants = [*reply.get("ProductionVariants", []), *reply.get("ShadowProductionVariants", [])]
    return [variant["ModelName"] for variant in variants if variant.get("ModelName")]


def _delete_endpoint(sagemaker: SageMaker, name: str, clock: Clock, deadline: float) -> bool:
    """Ask until the service agrees; an endpoint that is just being made may refuse."""
    while True:
        try:
            sagemaker.delete_endpoint(EndpointName=name)
        except ClientError:
            endpoint = _describe(sagemaker, name)
            if endpoint is None or endpoint["EndpointStatus"] == "Deleting":
                return True
            if endpoint["EndpointStatus"] in _SETTLED:
                raise
        else:
            return True
        if not clock.sleep_before(deadline, _POLL_SECONDS):
            return False


def _try(delete: Callable[[], Reply], what: str, job: Job, event: Event) -> None:
    try:
        delete()
    except ClientError as error:
        if not is_missing(error):
            log.write(event, f"{what} is left behind", job_name=job.name, detail=str(error))
