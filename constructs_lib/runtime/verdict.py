"""What a job's end means for the deployment that waits for it: nothing, or a reason to fail."""

import re

from .answer import REASON_LENGTH, cut, size
from .contract import JobStatus
from .description import Description

_BYTES = 2300
"""Bytes of a reason that fit an answer whatever its ids are."""

_WORD = 64
"""Characters of a status: more than any has."""

_ARN = re.compile(r"arn:(?P<partition>[^:]*):sagemaker:(?P<region>[a-z0-9-]+):")
_CONSOLES = {
    "aws": "https://{region}.console.aws.amazon.com",
    "aws-cn": "https://{region}.console.amazonaws.cn",
    "aws-us-gov": "https://{region}.console.amazonaws-us-gov.com",
}
"""By partition [console-pages]."""

_TIME_IS_UP = "MaxAutoMLJobRuntimeReached"
_MORE_TIME = "Give it more time ('max_runtime'), or fewer candidates"
_AGAIN = "The same job would only fail again: to train again, change the job's 'revision'."


def problem(job: Description) -> str:
    """Why the deployment fails at a job that has ended; empty if it does not."""
    if job.status == JobStatus.FAILED:
        return _composed(f"the AutoML job '{job.name}' is Failed{_secondary(job)}", _reasons(job), job)
    if job.status == JobStatus.STOPPED:
        head = f"the AutoML job '{job.name}' was stopped from outside before its end{_secondary(job)}"
        return _composed(head, _reasons(job), job)
    if not job.has_candidate and not job.makes_definitions_only:
        head = f"the AutoML job '{job.name}' is Completed{_secondary(job)} and has no best candidate"
        if job.secondary_status == _TIME_IS_UP:
            head += f": its time was up before one was finished. {_MORE_TIME}"
        return _composed(head, _reasons(job), job)
    if job.wants_endpoint and (job.secondary_status == "ModelDeploymentError" or not job.endpoint_name):
        return _composed(_not_deployed(job), _reasons(job), job)
    return ""


def still_running(job: Description, seconds: str, what_happens: str, details: str = "") -> str:
    """Why the deployment fails at a job that has not ended."""
    state = ", ".join(cut(status, _WORD) for status in (job.status, job.secondary_status) if status)
    head = (
        f"the AutoML job '{job.name}' has not ended ({state}) within the {seconds} seconds that the deployment waits "
        f"for it; {what_happens}"
    )
    return _fitted(head, f": {details}" if details else "", f". {_link(job)}".rstrip())


def missed(job: Description, ruling: str) -> str:
    """Why the deployment fails at a candidate that is not good enough."""
    head = f"the quality gate of the AutoML job '{job.name}' was {ruling}"
    return _composed(head, "", job, again=f"To judge another job, change the job's 'revision'. {_link(job)}")


def _not_deployed(job: Description) -> str:
    head = f"the AutoML job '{job.name}' is Completed{_secondary(job)}, but its best candidate was not deployed"
    if job.secondary_status == _TIME_IS_UP:
        head += f": its time was up, and then the service leaves out the deployment. {_MORE_TIME}"
    return head


def _secondary(job: Description) -> str:
    return f" ({cut(job.secondary_status, _WORD)})" if job.secondary_status not in {"", job.status} else ""


def _reasons(job: Description) -> str:
    partial = "; ".join(job.partial_failure_reasons)
    return ". Partial failures: ".join(part for part in (job.failure_reason.rstrip(". "), partial) if part)


def _composed(head: str, details: str, job: Description, again: str = "") -> str:
    tail = again or " ".join(part for part in (_AGAIN, _link(job)) if part)
    return _fitted(head, f": {details}" if details else "", f". {tail}")


def _fitted(head: str, details: str, tail: str) -> str:
    """All three, or less of the details, so that the tail survives every cut."""
    length = max(REASON_LENGTH - len(head) - len(tail), 0)
    while length and size(head + cut(details, length) + tail) > _BYTES:
        length = length * 7 // 8
    return head + (cut(details.rstrip(". "), length) if length > len(": ...") else "") + tail


def _link(job: Description) -> str:
    """Where to look further; empty where no console is known. The page behind it is unverified."""
    match = _ARN.match(job.arn)
    console = _CONSOLES.get(match["partition"]) if match else None
    if not match or not console:
        return ""
    return f"Its training jobs: {console.format(region=match['region'])}/sagemaker/home?region={match['region']}#/jobs"
