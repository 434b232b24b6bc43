"""`automl import`: the Python of the construct that makes a job like one that exists."""

import argparse
import importlib.util
import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from ..runtime.contract import OwnerTag, read_owner
from .command import Run, add_command

if TYPE_CHECKING:  # the other commands start without the request layer
    from .requests.words import Asked

FINE: Final = 0
WRONG: Final = 1
WRONG_CALL: Final = 2

HELP: Final = "print the construct that makes a job like one of an account"

DESCRIPTION: Final = """\
Describe an AutoML job of an account, and print the Python of the construct that makes one like it: the same data, the
same settings, the same role, the same tags. Nothing is changed; only DescribeAutoMLJob, DescribeAutoMLJobV2 and
ListTags are called, with the credentials and the region that every AWS tool would use here.

The construct trains a new job. AWS never gives a job's name out a second time, so the name is left out: a fresh one is
made for each job. Where the job itself is wanted, `AutoMLJob.from_job_name(scope, id, name)` refers to it.
"""

EPILOG: Final = """\
examples
  automl import churn-2026-11
  automl import arn:aws:sagemaker:eu-west-1:111122223333:automl-job/churn-2026-11 > churn.py
  automl import churn-2026-11 --profile production --region eu-west-1
  automl import churn-2026-11 --json

exit codes
  0    the Python is on standard output; warnings are on standard error
  1    there is such a job, but no construct makes one like it: all of why is told
  2    the job cannot be described: no such job, no credentials, no permission, a wrong name
"""

_ARN: Final = re.compile(r"arn:[^:]+:sagemaker:(?P<region>[^:]+):\d{12}:automl-job/(?P<name>[^/]+)")
_NAME: Final = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}")
_STACK: Final = OwnerTag.STACK.under("")
_MISSING: Final = {"ResourceNotFound", "ResourceNotFoundException", "ValidationException"}
"""What DescribeAutoMLJob says of a job of V2, or of none: which of them, the other call tells."""


class NotDescribedError(Exception):
    """The job cannot be described, with the reason."""


def add_to(commands: Any, *, run: Run) -> None:
    """Add the command.

    Args:
        commands: The sub-parsers of `automl`.
        run: What runs it.
    """
    parser = add_command(commands, "import", run, HELP, DESCRIPTION, EPILOG)
    parser.add_argument("job", metavar="JOB", help="the job's name or ARN")
    parser.add_argument("--profile", metavar="NAME", help="the profile of the AWS configuration (default: the usual)")
    parser.add_argument("--region", metavar="REGION", help="the region (default: the ARN's, or the usual)")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object: the request, the Python, what is wrong"
    )


def run(given: argparse.Namespace) -> int:
    """Print the Python; returns the exit code."""
    from .requests import convert

    if importlib.util.find_spec("boto3") is None:
        return _wrong_call("it needs boto3: pip install boto3")
    place = _ARN.fullmatch(given.job)
    name = place["name"] if place else given.job
    if not _NAME.fullmatch(name):
        return _wrong_call(
            f"'{given.job}' is neither the name nor the ARN of an AutoML job: a name has 1 to 32 letters, digits and "
            "hyphens"
        )
    try:
        asked, status = _described(name, given.profile, given.region or (place["region"] if place else None))
    except NotDescribedError as error:
        return _wrong_call(str(error))
    verdict = convert.judged(asked)
    if given.json:
        told = {
            "job": name,
            "status": status,
            "call": asked.call,
            "request": asked.request,
            "python": None if verdict.errors else convert.python_of(asked),
            "errors": list(verdict.errors),
            "warnings": list(verdict.warnings),
        }
        print(json.dumps(told, ensure_ascii=False, default=str))  # noqa: T201
        return WRONG if verdict.errors else FINE
    for warning in verdict.warnings:
        print(f"warning: {warning}", file=sys.stderr)  # noqa: T201
    if verdict.errors:
        lines = "".join(f"\n  - {error}" for error in verdict.errors)
        print(f"automl import: no construct makes a job like '{name}':{lines}", file=sys.stderr)  # noqa: T201
        return WRONG
    print(f"# Like the AutoML job '{name}', which is {status}. Deployed, this trains a new job under a fresh name.")  # noqa: T201
    print(convert.python_of(asked), end="")  # noqa: T201
    return FINE


def _wrong_call(told: str) -> int:
    print(f"automl import: {told}", file=sys.stderr)  # noqa: T201
    return WRONG_CALL


def _described(name: str, profile: str | None, region: str | None) -> tuple["Asked", str]:
    """The request that would make such a job, and the job's status."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from .requests import model
    from .requests.words import Asked

    try:
        client = boto3.Session(profile_name=profile, region_name=region).client("sagemaker")
        call, reply = model.V1, _of_v1(client, name)
        if reply is None:
            call, reply = model.V2, client.describe_auto_ml_job_v2(AutoMLJobName=name)
        tags = list(_users(_tags_of(client, reply["AutoMLJobArn"])))
    except (BotoCoreError, ClientError) as error:
        raise NotDescribedError(f"the job '{name}' cannot be described: {error}") from error
    members = set(model.request(call).members) - {"AutoMLJobName", "Tags"}
    # An answer tells what was left out as what is empty, or not the case.
    request = {key: value for key, value in reply.items() if key in members and value}
    return Asked(call=call, request=request | ({"Tags": tags} if tags else {})), str(reply["AutoMLJobStatus"])


def _of_v1(client: Any, name: str) -> Mapping[str, Any] | None:
    """The job as V1 tells of it; None if it is none of V1's."""
    from botocore.exceptions import ClientError

    try:
        described: Mapping[str, Any] = client.describe_auto_ml_job(AutoMLJobName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise
        return None
    return described


def _tags_of(client: Any, arn: str) -> dict[str, str]:
    pages = client.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def _users(tags: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The tags without those of AWS and of this library, under whatever prefix, where it has made the job."""
    prefixes = {key.removesuffix(_STACK) for key in tags if key.endswith(_STACK)}
    own = {
        tag.under(prefix)
        for prefix in prefixes
        if OwnerTag.STACK in read_owner({key: value for key, value in tags.items() if key.startswith(prefix)})
        for tag in OwnerTag
    }
    for key, value in tags.items():
        if not key.startswith("aws:") and key not in own:
            yield {"Key": key, "Value": value}
