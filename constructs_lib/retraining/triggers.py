"""What starts a retraining: new data, an alarm, a schedule; and the rule that hears of all but the last."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk

from ..api.fields import described, has, number
from ..data.buckets import check_bucket, check_object_key
from ..runtime.contract import RetrainingTrigger
from ..tokens import known_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_s3 as s3

_A_DAY: Final = 24 * 3600
_LONGEST: Final = 366 * _A_DAY
_QUIET: Final = 30 * 60
_EVERY: Final = _A_DAY


@dataclass(frozen=True)
class NewData:
    """Objects whose arrival trains again: once they are quiet, and not too often.

    The events of S3 only wake a run; the objects that are there decide. So a thousand files make one training, and a
    late event of data that were learned from makes none. As long as objects keep coming, it waits.

    See https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
    """

    bucket: s3.IBucket
    """The bucket. One of this app has its events turned on; one from elsewhere must have EventBridge on."""

    prefix: str = ""
    """What the keys begin with: what the job reads. Default: any object of the bucket."""

    quiet_for: cdk.Duration = field(default_factory=lambda: cdk.Duration.seconds(_QUIET))
    """How long no object may have come before a run begins: up to a day. Default: 30 minutes."""

    at_most_every: cdk.Duration = field(default_factory=lambda: cdk.Duration.seconds(_EVERY))
    """How long after a training the next one begins at the earliest because of data: up to a year. Default: a day."""

    def _problems(self) -> Iterator[str]:
        """What is wrong, in the caller's words."""
        try:
            check_bucket("NewData", self.bucket)
            check_object_key("prefix", self.prefix)
        except ValueError as error:
            yield f"'on_new_data': {error}"
        for name, longest in (("quiet_for", _A_DAY), ("at_most_every", _LONGEST)):
            span = getattr(self, name)
            if not has(span, "to_seconds"):
                yield f"'on_new_data.{name}' must be a Duration, got {described(span)}"
                continue
            seconds = known_seconds(span)
            if seconds is None:
                yield f"'on_new_data.{name}' must be known when the app is synthesized, so it cannot be a token"
            elif not 0 <= seconds <= longest or seconds != int(seconds):
                yield f"'on_new_data.{name}' must be 0 to {number(longest)} whole seconds, got {number(seconds)}"


def of_objects(bucket_name: str, prefix: str) -> dict[str, Any]:
    """The events of objects that come to a bucket; folders have no size."""
    key = {"key": [{"prefix": prefix}]} if prefix else {}
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket_name]}, "object": {**key, "size": [{"numeric": [">", 0]}]}},
    }


def of_alarms(alarms: Sequence[cloudwatch.IAlarm]) -> dict[str, Any]:
    """The events of alarms that go off."""
    return {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "resources": [alarm.alarm_arn for alarm in alarms],
        "detail": {"state": {"value": ["ALARM"]}},
    }


def of_versions(group: str) -> dict[str, Any]:
    """The events of versions that somebody has decided about."""
    return {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": [group], "ModelApprovalStatus": ["Approved", "Rejected"]},
    }


def of_endpoint(name: str) -> dict[str, Any]:
    """The events of an endpoint that is in service, perhaps with something else than before."""
    return {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Endpoint State Change"],
        # [endpoint-events]
        "detail": {"EndpointName": [name], "EndpointStatus": ["IN_SERVICE"]},
    }


def of_executions(state_machine_arn: str) -> dict[str, Any]:
    """The events of executions that were ended from outside; a failed one must not start another, round for ever."""
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [state_machine_arn], "status": ["ABORTED", "TIMED_OUT"]},
    }


def event_input(folder: str) -> dict[str, Any]:
    """What a rule makes of an event for the state machine."""
    event = ",".join(f'"{name}":<{name}>' for name in _OF_EVENTS)
    return {
        "InputPathsMap": {name: f"$.{name}" for name in _OF_EVENTS},
        # [event-as-object]
        "InputTemplate": f'{{"{RetrainingTrigger.RETRAINING}":"{folder}","{RetrainingTrigger.EVENT}":{{{event}}}}}',
    }


_OF_EVENTS: Final = ("source", "id", "detail")


def scheduled_input(folder: str) -> str:
    """What a schedule gives the state machine; the time is the same for each attempt."""
    given = {
        RetrainingTrigger.RETRAINING: folder,
        RetrainingTrigger.CAUSE: "schedule",
        # [scheduled-time]
        RetrainingTrigger.ID: "<aws.scheduler.scheduled-time>",
    }
    return json.dumps(given)


def schedule_properties(expression: Any, window: Any) -> dict[str, Any]:
    """An `aws_scheduler.ScheduleExpression` and a `TimeWindow` as CloudFormation has them."""
    zone = expression.time_zone
    most = None if window is None else window.max_window
    return {
        "ScheduleExpression": expression.expression_string,
        **({} if zone is None else {"ScheduleExpressionTimezone": zone.timezone_name}),
        "FlexibleTimeWindow": (
            {"Mode": "OFF"} if most is None else {"Mode": window.mode, "MaximumWindowInMinutes": most.to_minutes()}
        ),
    }
