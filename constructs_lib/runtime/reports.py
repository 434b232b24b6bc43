"""The files of a job's reports on its best candidate.

A job tells folders only. In ENSEMBLING mode the file lies right in it, in HYPERPARAMETER_TUNING in a folder whose name
nobody tells: so S3 is asked. Without the file there is no report, and that fails nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .clients import Aws, Folders, Reply, bucket_and_key
from .description import Description
from .retry import Clock, patiently

_PAGES = 10
"""Pages of a thousand keys: more than a folder of reports has."""


@dataclass(frozen=True, slots=True)
class Reports:
    """What was found."""

    metrics: dict[str, Any]
    """`ModelMetrics` of a version in the registry."""
    missing: str
    """What of it is not there, and why, in words that the registry takes; empty if all of it is."""
    trouble: str
    """What S3 had to say about it, for the log."""


def find(job: Description, aws: Aws, clock: Clock) -> Reports:
    """Find the newest file of each report, with a call for each unless there are very many files."""
    metrics: dict[str, Any] = {}
    missing: list[str] = []
    trouble = ""
    for name, member, folder, file in (
        # [report-files]
        ("ModelQuality", "Statistics", job.model_insights_uri, "statistics.json"),
        ("Explainability", "Report", job.explainability_uri, "analysis.json"),
    ):
        uri = ""
        if not trouble:  # what keeps one from being listed keeps the other too, and has been waited for
            try:
                uri = _newest(folder, file, aws, clock)
            except (ClientError, BotoCoreError) as error:
                trouble = f"{folder} cannot be listed: {error}"
        if uri:
            metrics[name] = {member: {"ContentType": "application/json", "S3Uri": uri}}
        elif not folder:
            missing.append(f"no {name}: the job names no place for it")
        else:
            missing.append(f"no {name}: {'its place cannot be listed' if trouble else f'no {file} in its place'}")
    return Reports(metrics, ". ".join(missing), trouble)


def _newest(folder: str, file: str, aws: Aws, clock: Clock) -> str:
    """The URI of the newest file of that name in a folder or below; empty if there is none."""
    bucket, key = bucket_and_key(folder)
    if not bucket:
        return ""
    listed = patiently(lambda: list(_list(aws.folders, bucket, f"{key.rstrip('/')}/")), clock)
    files = [(each["LastModified"], each["Key"]) for each in listed if each["Key"].endswith(f"/{file}")]
    return f"s3://{bucket}/{max(files)[1]}" if files else ""


def _list(s3: Folders, bucket: str, prefix: str) -> Iterator[Reply]:
    token: dict[str, str] = {}
    for _ in range(_PAGES):
        page = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, **token)
        yield from page.get("Contents", [])
        if not page.get("NextContinuationToken"):
            return
        token = {"ContinuationToken": page["NextContinuationToken"]}
