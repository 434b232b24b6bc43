"""The full result of a job, beside its artifacts: what does not fit an answer."""

import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .clients import Aws, SageMaker, bucket_and_key
from .contract import RESULT_FILE
from .description import Description
from .failure import Failure
from .retry import Clock, patiently

SCHEMA_VERSION = 1
"""Changes when something in the file is taken away or means something else."""

_PAGE = 300


def uri(job: Description) -> str:
    """Where the result of a job lies; empty if the job has no place in S3."""
    bucket, _ = bucket_and_key(job.output_path)
    return f"{job.output_path.rstrip('/')}/{job.name}/{RESULT_FILE}" if bucket else ""


def write(job: Description, gate_result: str, aws: Aws, clock: Clock) -> str:
    """Write the result; returns its URI.

    Raises:
        Failure: It could not be written.
    """
    place = uri(job)
    if not place:
        raise Failure(
            f"the result cannot be written: the job's output path {job.output_path!r} is not an s3:// address"
        )
    bucket, key = bucket_and_key(place)
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": job.output_key} if job.output_key else {}
    try:
        body = _body(job, patiently(lambda: list(_candidates(aws.sagemaker, job.name)), clock), gate_result)
        patiently(
            lambda: aws.s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", **encryption),
            clock,
        )
    except (ClientError, BotoCoreError) as error:
        raise Failure(f"the result cannot be written to {place}: {error}") from error
    return place


def _candidates(sagemaker: SageMaker, job_name: str) -> Iterator[Mapping[str, Any]]:
    token: dict[str, str] = {}
    while True:
        page = sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=job_name, MaxResults=_PAGE, **token)
        yield from page.get("Candidates", [])
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _body(job: Description, candidates: list[Mapping[str, Any]], gate_result: str) -> bytes:
    described = {name: value for name, value in job.reply.items() if name != "ResponseMetadata"}
    result = {
        "SchemaVersion": SCHEMA_VERSION,
        "AutoMLJob": described,
        "Candidates": candidates,
        "GateResult": gate_result,
    }
    return json.dumps(_plain(result), indent=1, allow_nan=False).encode()


def _plain(value: object) -> object:
    """What JSON can say: times in ISO 8601, and null for a number that is none."""
    if isinstance(value, Mapping):
        return {str(key): _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
