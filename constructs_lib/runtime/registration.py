"""A job's best candidate as a version in the Model Registry.

Versions have no tags of their own: whose one is, its metadata says. A client token makes one of the same request twice.
"""

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from . import candidate, log, owned, reports
from .answer import Answer
from .candidate import Container
from .clients import Aws, Reply
from .contract import ModelPackageAttribute, OwnerTag
from .description import Description
from .event import Event
from .failure import Failure, is_denied, is_missing, unless_missing
from .owned import Wish
from .reports import Reports
from .retry import Clock, insist, patiently
from .spec import sha256
from .stack import Stack

_ARN = re.compile(r"arn:[^:]+:sagemaker:[^:]+:\d{12}:model-package/[^/]+/\d+")
_APPROVAL = "ModelApprovalStatus"
_METADATA = "CustomerMetadataProperties"
_NO_REPORT = "automl-reports"
"""The key in the metadata of a version that lacks a report: which, and why. Versions with both lack the key."""

_TOKEN_LENGTH = 36
_POLL_SECONDS = 5.0
_BUDGET = 120.0
"""Seconds to wait for a version that is not registered at once."""

_PENDING = {"Pending", "InProgress"}
_JSON = "application/json"
_CSV = "text/csv"
_CONTENT_TYPES = {"ImageClassification": ["image/png", "image/jpeg"]}
"""What a model of a problem type takes where the caller does not say; all others take CSV."""

_RESPONSE_TYPES = {"TimeSeriesForecasting": [_CSV]}
"""What it answers in: nobody has seen a series model take or give JSON. All others answer both."""


def create(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Register the candidate; the same event again registers nothing more."""
    return _is_now(_register(read(event.properties, aws), event, aws, clock))


def update(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Keep the version, change its approval, go back to the version before, or register another one."""
    wish = read(event.properties, aws)
    package = _earlier(wish, event, aws, clock) or _register(wish, event, aws, clock)
    status = _approval(event.properties)
    # Compared with what was asked before, not with what is: what somebody has decided in the registry stays.
    if status and status != _approval(event.old_properties) and status != package.get(_APPROVAL):
        arn, before = str(package["ModelPackageArn"]), str(package.get(_APPROVAL, ""))
        stack = Stack(aws.cloudformation, event, clock)
        # An old event tells what was wanted once.
        stack.check_wanted(in_rollback=True)
        _approve(arn, status, event, aws, clock)
        if before and stack.went_back():  # meanwhile: the way back found nothing to change yet
            _approve(arn, before, event, aws, clock)
    return _is_now(package)


def _approve(arn: str, status: str, event: Event, aws: Aws, clock: Clock) -> None:
    patiently(lambda: aws.hosting.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status), clock)
    log.write(event, f"approval is now {status}", job_name=arn)


def delete(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Delete the version if it is ours. One whose making got no answer stays: it costs nothing."""
    package = _find(event.physical_id, event, aws, clock)
    if package is None:
        return Answer(event.physical_id)
    arn = event.physical_id
    if not event.owns(_owner(package)) or owned.is_live(arn, event, aws, clock):
        log.write(event, "not this event's: left alone", job_name=arn)
    else:
        _delete(arn, event, aws, clock)
    return Answer(event.physical_id)


def _delete(arn: str, event: Event, aws: Aws, clock: Clock) -> None:
    deadline = clock.deadline(owned.DELETE_BUDGET)
    unless_missing(lambda: insist(lambda: aws.hosting.delete_model_package(ModelPackageName=arn), clock, deadline))
    log.write(event, "version deleted", job_name=arn)


def _is_now(package: Reply) -> Answer:
    arn = str(package["ModelPackageArn"])
    version = str(package.get("ModelPackageVersion") or arn.rpartition("/")[2])
    return Answer(arn, attributes={ModelPackageAttribute.ARN: arn, ModelPackageAttribute.VERSION: version})


def read(properties: Mapping[str, object], aws: Aws) -> Wish:
    """Read the resource properties."""
    request, _ = owned.read_request(properties, "CreateModelPackage", aws.hosting.meta.service_model)
    lasting = {name: value for name, value in request.items() if name != _APPROVAL}
    return Wish(lasting, candidate.read(properties).content, {}, "")


def _approval(properties: Mapping[str, object]) -> str:
    request = properties.get("Request")
    return str(request.get(_APPROVAL, "")) if isinstance(request, Mapping) else ""


def _register(wish: Wish, event: Event, aws: Aws, clock: Clock) -> Reply:
    wanted = candidate.read(event.properties)
    job = candidate.describe(wanted, aws, clock)
    containers = candidate.containers(job, wanted)
    found = reports.find(job, aws, clock)
    if found.missing:
        log.write(event, f"registered with {found.missing}", job_name=job.name, detail=found.trouble)
    request = request_of(wish, containers, job, found, event)
    stack = Stack(aws.cloudformation, event, clock)

    def attempt() -> Reply:
        stack.check_wanted()
        return aws.hosting.create_model_package(**request)

    arn = str(patiently(attempt, clock)["ModelPackageArn"])
    log.write(event, "version registered", job_name=arn)
    stack.confirm(arn, is_own=True, is_new=True, undo=lambda: _delete(arn, event, aws, clock))
    deadline = clock.deadline(_BUDGET)
    package = _describe(arn, aws, clock)
    while package.get("ModelPackageStatus") in _PENDING and clock.sleep_before(deadline, _POLL_SECONDS):
        package = _describe(arn, aws, clock)
    if package.get("ModelPackageStatus") == "Failed":
        details = package.get("ModelPackageStatusDetails", {}).get("ValidationStatuses", [])
        why = "; ".join(str(each["FailureReason"]) for each in details if each.get("FailureReason"))
        raise Failure(f"the registry did not take the best candidate{': ' if why else ''}{why}", job_name=arn)
    return package


def request_of(
    wish: Wish, containers: list[Container], job: Description, found: Reports, event: Event
) -> dict[str, Any]:
    """The input of the call: what the caller asked for, and what comes of the job."""
    given: dict[str, Any] = dict(wish.request)
    content_types = _CONTENT_TYPES.get(job.problem_type, [_CSV])
    specification = {
        "SupportedContentTypes": content_types,
        "SupportedResponseMIMETypes": _RESPONSE_TYPES.get(job.problem_type, [_CSV, _JSON]),
        **given.pop("InferenceSpecification", {}),
        "Containers": containers,
    }
    metadata = given.pop(_METADATA, {}) | {"automl-job": job.name, "candidate": job.candidate_name}
    metadata |= {_NO_REPORT: found.missing} if found.missing else {}
    metadata |= event.owner(wish.digest)
    if _ARN.fullmatch(event.physical_id):
        metadata[OwnerTag.REPLACES] = event.physical_id
    status = _approval(event.properties)
    return {
        **given,
        **({_APPROVAL: status} if status else {}),
        **({"ModelMetrics": found.metrics} if found.metrics else {}),
        "InferenceSpecification": specification,
        _METADATA: {str(key): value for key, value in metadata.items() if value},
        # [client-token] [token-metadata]
        "ClientToken": sha256([event.stack_id, event.logical_id, event.request_id, wish.digest]).hex()[:_TOKEN_LENGTH],
    }


def _earlier(wish: Wish, event: Event, aws: Aws, clock: Clock) -> Reply | None:
    """The version that the resource has, or the one before, if it is of this wish."""
    current = _find(event.physical_id, event, aws, clock)
    if current is None or not event.owns(_owner(current)):
        return None
    previous = _owner(current).get(OwnerTag.REPLACES, "")
    for package in (current, _find(previous, event, aws, clock)):
        if package and event.owns(_owner(package)) and _owner(package).get(OwnerTag.SPEC) == wish.digest:
            return package
    return None


def _owner(package: Reply) -> Mapping[str, str]:
    metadata: Mapping[str, str] = package.get(_METADATA) or {}
    return metadata


def _find(arn: str, event: Event, aws: Aws, clock: Clock) -> Reply | None:
    """The version of that ARN, if it is one that IAM lets us ask for."""
    if not _ARN.fullmatch(arn):
        return None
    try:
        package = _describe(arn, aws, clock)
    except ClientError as error:
        if is_missing(error):
            return None
        if not is_denied(error):
            raise
        log.write(event, "not ours: no permission to describe it", job_name=arn)
        return None
    owner = Stack(aws.cloudformation, event, clock).passed_on(_owner(package))
    return {**package, _METADATA: dict(owner)}


def _describe(arn: str, aws: Aws, clock: Clock) -> Reply:
    return patiently(lambda: aws.hosting.describe_model_package(ModelPackageName=arn), clock, repeatable=True)
