"""Why a request fails, and what an error of an AWS service means here."""

import re

from botocore.exceptions import ClientError

_MISSING = re.compile(r"could not find|does not exist|not found", re.IGNORECASE)


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
    if code(error) == "ValidationException":
        return bool(_MISSING.search(message(error)))
    return code(error) in {"ResourceNotFound", "ResourceNotFoundException"}


def is_denied(error: ClientError) -> bool:
    """Whether IAM refused the call."""
    return code(error) in {"AccessDenied", "AccessDeniedException"}


def may_have_happened(error: ClientError) -> bool:
    """Whether the service failed on its own side, so that nobody knows if the call took effect."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)) >= 500
