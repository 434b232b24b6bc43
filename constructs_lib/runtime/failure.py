"""Why a request fails, and what an error of an AWS service means here."""

import re
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import ClientError

T = TypeVar("T")

_VALIDATION = "ValidationException"
"""SageMaker's general refusal: only its text tells more."""

_CLOUDFORMATION = "ValidationError"
"""CloudFormation's."""

_TEXTS = {
    "missing": r"(could not|cannot|can't) find|does not exist|not found",
    "taken": r"already exist",
    "not offered": r"not (currently )?available (for|in) the requested region",
    "no quota": r"\bis 0\b",
    "role": r"role",
    "lasting": r"failed to satisfy constraint|does not exist in header",
    "stack gone": r"^stack\b.*does not exist",
    "resource gone": r"^resource\b.*does not exist",
}
"""What is read off the words of AWS's errors, and nothing else is: tests/runtime/test_errors.py has the real ones.

They are tolerant, as a code alone says too little and words change.
"""

_READ = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _TEXTS.items()}


class Failure(Exception):  # noqa: N818 - what CloudFormation calls it
    """A refusal whose text is written for the person who reads the stack's events.

    `job_name` is the job that may exist although the request failed, for the Delete that follows; or empty.
    """

    def __init__(self, reason: str, *, job_name: str = "") -> None:
        super().__init__(reason)
        self.job_name = job_name


def code(error: ClientError) -> str:
    """The service's name for the error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message(error: ClientError) -> str:
    """The service's own words."""
    return str(error.response.get("Error", {}).get("Message", ""))


def is_missing(error: ClientError) -> bool:
    """Whether the named thing is not there. Parts of SageMaker say so with a general `ValidationException`."""
    if code(error) == _VALIDATION:
        return _says(error, "missing")
    return code(error) in {"ResourceNotFound", "ResourceNotFoundException"}


def unless_missing(call: Callable[[], T]) -> T | None:
    """What a call answers about a named thing; None if that is not there."""
    try:
        return call()
    except ClientError as error:
        if is_missing(error):
            return None
        raise


def unless_failed(read: Callable[..., T], *given: object) -> T | None:
    """What is read of properties that may never have worked; None if they did not."""
    try:
        return read(*given)
    except Failure:
        return None


def is_taken(error: ClientError) -> bool:
    """Whether the name is that of something which is there, whether Describe shows it yet or not."""
    return code(error) == "ResourceInUse" or (code(error) == _VALIDATION and _says(error, "taken"))


def is_denied(error: ClientError) -> bool:
    """Whether IAM refused the call."""
    return code(error) in {"AccessDenied", "AccessDeniedException"}


def is_not_offered(error: ClientError) -> bool:
    """Whether the region does not have the call at all, which no permission mends."""
    return code(error) == "NotAuthorizedException" and _says(error, "not offered")


def is_over_quota(error: ClientError) -> bool:
    """Whether something else has to end first. A quota of 0 is none of that: nothing ever runs under it."""
    return code(error) == "ResourceLimitExceeded" and not _says(error, "no quota")


# [role-text]
def is_about_role(error: ClientError) -> bool:
    """Whether a role may not be usable yet.

    The texts are unverified, so any `ValidationException` that mentions a role counts, unless it is surely about
    something else: at worst a true refusal is late.
    """
    return code(error) == _VALIDATION and _says(error, "role") and not _says(error, "lasting")


def is_stack_gone(error: ClientError) -> bool:
    """Whether CloudFormation knows no such stack."""
    return code(error) == _CLOUDFORMATION and _says(error, "stack gone")


def is_resource_gone(error: ClientError) -> bool:
    """Whether the stack, which CloudFormation knows, has no such resource."""
    return code(error) == _CLOUDFORMATION and _says(error, "resource gone")


def may_have_happened(error: ClientError) -> bool:
    """Whether the service failed on its own side, so that nobody knows if the call took effect."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)) >= 500


def _says(error: ClientError, what: str) -> bool:
    return _READ[what].search(message(error)) is not None
