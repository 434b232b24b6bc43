"""The event bus: what services tell it, and how often an event arrives; this module, too, knows MiniStack's inside.

MiniStack delivers each event once, at once and in order. AWS says "at least once" of some events and "best effort" of
others, so a file may say of a kind of event, by its detail type, how often each of them arrives: 0 is never, 2 is
twice. What the file does not name arrives once. `launcher.Cloud.deliver` writes it.
"""

import contextvars
import datetime as dt
import json
import logging
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ministack.services import cloudwatch, eventbridge, s3

# ruff: noqa: SLF001 - there is no other way in

logger = logging.getLogger(__name__)

_ALARM_CHANGED = "CloudWatch Alarm State Change"


@dataclass
class _Deliveries:
    """How often events arrive."""

    file: Path | None = None

    def of(self, detail_type: str) -> int:
        """How often an event of that kind is to arrive that comes now."""
        if self.file is None or not self.file.exists():
            return 1
        return int(json.loads(self.file.read_bytes()).get(detail_type, 1))


_deliveries = _Deliveries()
_times: contextvars.ContextVar[int | None] = contextvars.ContextVar("times", default=None)
"""How often what is being told arrives, as it was when it was put."""

_waiting: queue.SimpleQueue[tuple[contextvars.Context, dict[str, Any]]] = queue.SimpleQueue()
"""What is to be told, with account and region of who tells it."""


def install(deliveries: Path) -> None:
    """Let services tell the bus, CloudWatch too, and events arrive as often as a file says."""
    _deliveries.file = deliveries
    _count_deliveries()
    _count_when_objects_change()
    _tell_of_alarms()
    threading.Thread(target=_tell, name="events", daemon=True).start()


def put(source: str, detail_type: str, detail: Mapping[str, Any], *resources: str) -> None:
    """Tell the default bus of the account and region of the request.

    It is told a moment later, so whoever holds a lock may put. Events arrive in the order in which they were put.
    """
    entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": list(resources)}
    context = contextvars.copy_context()
    context.run(_times.set, _deliveries.of(detail_type))
    _waiting.put((context, entry))


def _tell() -> None:
    while True:
        context, entry = _waiting.get()
        try:
            context.run(eventbridge._put_events, {"Entries": [entry]}, allow_aws_source=True)
        except Exception:
            logger.exception("%s", entry["DetailType"])


def _count_deliveries() -> None:
    """An event arrives as often as the rehearsal was told: once, or for its kind never or several times."""
    original = eventbridge._dispatch_event

    def dispatch(event: dict[str, Any], view: Any = None) -> None:
        # What a rule passes on to another bus, and what is replayed, has been counted before.
        if event.get("_DispatchPath") or "ReplayName" in event:
            original(event, view)
            return
        times = _times.get()
        for _ in range(_deliveries.of(event["DetailType"]) if times is None else times):
            original(event, view)

    eventbridge._dispatch_event = dispatch


def _count_when_objects_change() -> None:
    """S3 tells a moment later; how often is what was asked for when the object changed."""
    original = s3._fire_s3_event_async

    def fire(bucket: str, key: str, event: str, *rest: Any, **more: Any) -> None:
        detail_type, _ = s3._s3_event_to_eventbridge(event)
        before = _times.set(_deliveries.of(detail_type))
        try:
            original(bucket, key, event, *rest, **more)
        finally:
            _times.reset(before)

    s3._fire_s3_event_async = fire


def _tell_of_alarms() -> None:
    """CloudWatch tells the default bus of each change of an alarm's state.

    Left out: data of a reason, and ids of metrics.
    """
    original = cloudwatch._record_history
    states: dict[str, dict[str, str]] = {}

    def record(name: str, before: str, after: str, reason: str, *rest: Any, **more: Any) -> None:
        original(name, before, after, reason, *rest, **more)
        alarm = cloudwatch._alarms.get(name) or cloudwatch._composite_alarms[name]
        previous, state = states.get(alarm["AlarmArn"]), _state(after, reason)
        states[alarm["AlarmArn"]] = state
        if before == after:  # it was made
            return
        detail = {
            "alarmName": name,
            "state": state,
            "previousState": previous if previous and previous["value"] == before else {"value": before},
            "configuration": _configuration(alarm),
        }
        put("aws.cloudwatch", _ALARM_CHANGED, detail, alarm["AlarmArn"])

    cloudwatch._record_history = record


def _state(value: str, reason: str) -> dict[str, str]:
    moment = dt.datetime.now(dt.UTC)
    milliseconds = moment.microsecond // 1000
    return {"value": value, "reason": reason, "timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds:03}+0000"}


def _configuration(alarm: Mapping[str, Any]) -> dict[str, Any]:
    described = {"description": alarm["AlarmDescription"]} if alarm.get("AlarmDescription") else {}
    if "AlarmRule" in alarm:
        return {"alarmRule": alarm["AlarmRule"], **described}
    metric = {
        "namespace": alarm["Namespace"],
        "name": alarm["MetricName"],
        "dimensions": {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or ()},
    }
    statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
    measured = {"metricStat": {"metric": metric, "period": alarm["Period"], "stat": statistic}, "returnData": True}
    return {"metrics": [measured], **described}
