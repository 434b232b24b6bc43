"""What MiniStack's CloudFormation lacks of alarms: composite ones, and metric math, which stays without data here."""

from dataclasses import dataclass

from constructs_lib.rehearsal.cloud.ministack import ministack
from constructs_lib.rehearsal.cloud.resource_types.common import ClientOf, fresh_name, request_of
from constructs_lib.rehearsal.cloud.store import Json

_MATH = "Rehearsal/MetricMath"
"""The namespace that stands for the metrics of an expression: nobody publishes there."""


def install(client: ClientOf) -> None:
    """Add composite alarms, and let alarms have expressions."""
    composite = CompositeType(client)
    ministack.add_resource_type(
        "AWS::CloudWatch::CompositeAlarm", composite.create, composite.update, composite.delete, taggable=False
    )
    ministack.adapt_resource_type("AWS::CloudWatch::Alarm", without_expression)


def without_expression(properties: Json) -> Json:
    """An alarm on an expression as one on a metric that never has data; its state can be set all the same."""
    metrics = properties.get("Metrics")
    if not metrics:
        return properties
    returned = next((one for one in metrics if one.get("ReturnData", True)), metrics[0])
    kept = {name: value for name, value in properties.items() if name not in ("Metrics", "ThresholdMetricId")}
    return {**kept, "Namespace": _MATH, "MetricName": returned.get("Label") or returned["Id"]}


@dataclass(frozen=True)
class CompositeType:
    """`AWS::CloudWatch::CompositeAlarm`. `Ref` is the name."""

    client: ClientOf

    def create(self, logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        """Put the alarm."""
        return self._put(properties.get("AlarmName") or fresh_name(stack_name, logical_id), properties)

    def update(self, name: str, old: Json, new: Json, stack_name: str, logical_id: str) -> tuple[str, Json]:
        """Put it again, or one of another name in its place."""
        if old.get("AlarmName") != new.get("AlarmName"):
            return self.create(logical_id, new, stack_name)
        return self._put(name, new)

    def delete(self, name: str, properties: Json) -> None:
        """Delete it."""
        del properties
        self.client("cloudwatch").delete_alarms(AlarmNames=[name])

    def _put(self, name: str, properties: Json) -> tuple[str, Json]:
        request = request_of("PutCompositeAlarm", properties, "cloudwatch")
        cloudwatch = self.client("cloudwatch")
        cloudwatch.put_composite_alarm(**{**request, "AlarmName": name})
        found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        return name, {"Arn": found[0]["AlarmArn"]}
