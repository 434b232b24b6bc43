"""What is told of a job besides to CloudFormation: an event for each change of its state, metrics of its end."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from .clients import EventBridge
from .contract import (
    EVENT_DETAIL_TYPE,
    EVENT_SOURCE,
    METRIC_DIMENSION,
    METRIC_NAMESPACE,
    EventDetail,
    JobMetric,
    JobStatus,
)
from .description import Description

_ENDS = {
    JobStatus.COMPLETED: JobMetric.COMPLETED,
    JobStatus.FAILED: JobMetric.FAILED,
    JobStatus.STOPPED: JobMetric.STOPPED,
}


def send_event(events: EventBridge, bus: str, job: Description, stack_id: str, logical_id: str) -> str:
    """Tell an event bus of the job's state; returns what went wrong, or nothing."""
    objective = job.objective
    detail: dict[str, object] = {
        EventDetail.JOB_NAME: job.name,
        EventDetail.JOB_ARN: job.arn,
        EventDetail.STATUS: job.status,
        EventDetail.SECONDARY_STATUS: job.secondary_status,
        EventDetail.CREATION_TIME: _milliseconds(job.created),
        EventDetail.END_TIME: _milliseconds(job.ended),
        EventDetail.FAILURE_REASON: job.failure_reason,
        EventDetail.BEST_CANDIDATE_NAME: job.candidate_name,
        EventDetail.METRIC_NAME: objective.name,
        EventDetail.METRIC_VALUE: objective.value,
        EventDetail.STACK_ID: stack_id,
        EventDetail.LOGICAL_ID: logical_id,
    }
    try:
        return put_event(events, bus, EVENT_DETAIL_TYPE, detail, [job.arn])
    except (ClientError, BotoCoreError) as error:
        return str(error)


def put_event(
    events: EventBridge, bus: str, detail_type: str, detail: Mapping[str, object], resources: Sequence[str] = ()
) -> str:
    """Put an event of the library's on a bus; returns why the bus refused it, or nothing."""
    entry = {
        "Source": EVENT_SOURCE,
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
        "EventBusName": bus,
        **({"Resources": list(resources)} if resources else {}),
    }
    reply = events.put_events(Entries=[entry])
    if not reply.get("FailedEntryCount"):
        return ""
    [refused] = reply.get("Entries") or [{}]
    return f"{refused.get('ErrorCode', 'refused')}: {refused.get('ErrorMessage', '')}"


def write_metrics(job: Description, stack_id: str, logical_id: str, now: float) -> None:
    """Write metrics of the job's end."""
    metrics: dict[str, float] = {_ENDS[JobStatus(job.status)]: 1}
    if job.created and job.ended:
        metrics[JobMetric.DURATION] = (job.ended - job.created).total_seconds()
    if job.objective.value is not None:
        metrics[JobMetric.OBJECTIVE] = job.objective.value
    units: dict[str, str] = {JobMetric.DURATION: "Seconds", JobMetric.OBJECTIVE: "None"}
    write_line(metrics, units, stack_id, logical_id, now, {"AutoMLJobName": job.name})


def write_line(
    metrics: Mapping[str, float],
    units: Mapping[str, str],
    stack_id: str,
    logical_id: str,
    now: float,
    besides: Mapping[str, str],
) -> None:
    """Write metrics of a resource in CloudWatch's embedded metric format: its agent finds them in the log.

    That Lambda passes such a line on as it is when the function logs in JSON is unverified [metric-lines].

    Args:
        metrics: Values by name.
        units: Units by name; of all others it is `Count`.
        stack_id: The stack.
        logical_id: The resource, which is their dimension.
        now: When they are of, in seconds since 1970.
        besides: What else the line says.
    """
    embedded = {
        "Timestamp": int(now * 1000),
        "CloudWatchMetrics": [
            {
                "Namespace": METRIC_NAMESPACE,
                "Dimensions": [[METRIC_DIMENSION]],
                "Metrics": [{"Name": name, "Unit": units.get(name, "Count")} for name in metrics],
            }
        ],
    }
    line = {"_aws": embedded, METRIC_DIMENSION: f"{_stack_name(stack_id)}/{logical_id}", **besides, **metrics}
    sys.stdout.write(json.dumps(line) + "\n")


def _stack_name(stack_id: str) -> str:
    """The name in a stack's ARN: `arn:...:stack/<name>/<uuid>`."""
    _, _, path = stack_id.partition("/")
    return path.partition("/")[0] or stack_id


def _milliseconds(time: datetime | None) -> int | None:
    return None if time is None else int(time.timestamp() * 1000)
