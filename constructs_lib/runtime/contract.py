"""The names that the constructs and the Lambda function both use. Nothing else is shared between the two."""

from enum import StrEnum

RESOURCE_TYPE = "Custom::SageMakerAutoMLJob"
"""The CloudFormation type of a job."""

HANDLER = "runtime.handler.handle"
"""Where Lambda finds the function inside the asset."""

NAME_LENGTH = 32
"""The length of every generated job name: the most that the API takes.

All names of a stack share a prefix and have this length, so that IAM can name them with ``?`` alone.
"""

HASH_LENGTH = 12
"""The shortest hash at the end of a generated name; a `NAME_PREFIX` leaves at least this much room."""

SERVICE_TIMEOUT = 15 * 60 + 60
"""Seconds that CloudFormation waits for an answer: a little more than the function can run."""

FUNCTION_TIMEOUT = 15 * 60
"""Seconds that one call of the function may take (Lambda's own maximum)."""


class Property(StrEnum):
    """The resource properties of a job."""

    OPERATION = "Operation"
    """The API call that makes the job: `CreateAutoMLJob` or `CreateAutoMLJobV2`."""

    REQUEST = "Request"
    """The input of that call in the API's own names; without `AutoMLJobName` when the name is generated."""

    NAME_PREFIX = "NamePrefix"
    """The beginning of a generated name, with its final hyphen. Absent when the request carries a name."""

    REVISION = "Revision"
    """Any string; another value trains again although nothing else has changed."""


class Attribute(StrEnum):
    """What `Fn::GetAtt` returns for a job. Every answer carries all of them, empty if unknown."""

    JOB_NAME = "JobName"
    JOB_ARN = "JobArn"


class OwnerTag(StrEnum):
    """Tags on every job: whose it is. They decide what may be adopted, and what may be stopped."""

    STACK = "sagemaker-autopilot:stack-id"
    RESOURCE = "sagemaker-autopilot:logical-id"
    SPEC = "sagemaker-autopilot:spec"
    """A hash of all that, changed, needs another job."""

    REQUEST = "sagemaker-autopilot:request-id"
    """The CloudFormation request that made the job: the same event again finds the same job."""

    REPLACES = "sagemaker-autopilot:replaces"
    """The physical id that the resource had before. A rollback goes back to it whatever names are computed by now."""

    RELEASED = "sagemaker-autopilot:released"
    """Set when the resource gave the job up (deleted or replaced). A released job is never adopted again."""


MAX_TAGS = 50
"""Tags that the service allows on a job."""

MAX_USER_TAGS = MAX_TAGS - len(OwnerTag)
"""Tags that users may set: ours need a place too, `RELEASED` included."""
