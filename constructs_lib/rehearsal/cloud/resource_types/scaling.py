"""CloudFormation's types of Application Auto Scaling."""

from dataclasses import dataclass

from constructs_lib.rehearsal.cloud.hosting.scaling import SERVICE
from constructs_lib.rehearsal.cloud.resource_types.common import ClientOf, request_of
from constructs_lib.rehearsal.cloud.store import Json

_IDENTITY = ("ResourceId", "ScalableDimension", "ServiceNamespace")


@dataclass(frozen=True)
class TargetType:
    """`AWS::ApplicationAutoScaling::ScalableTarget`. `Ref` is resource, dimension and namespace, in that order."""

    client: ClientOf

    def create(self, logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        """Register the target and its scheduled actions."""
        del logical_id, stack_name
        self._register({**properties, "Tags": _tags(properties)}, [])
        physical_id = "|".join(properties[member] for member in _IDENTITY)
        return physical_id, {"Id": physical_id}

    def update(self, physical_id: str, old: Json, new: Json, stack_name: str, logical_id: str) -> tuple[str, Json]:
        """Register it again, or another one in its place."""
        if any(old[member] != new[member] for member in _IDENTITY):
            return self.create(logical_id, new, stack_name)
        kept = {action["ScheduledActionName"] for action in new.get("ScheduledActions", ())}
        before = [action["ScheduledActionName"] for action in old.get("ScheduledActions", ())]
        arn = self._register(
            {name: value for name, value in new.items() if name != "Tags"},
            [name for name in before if name not in kept],
        )
        self._replace_tags(arn, _tags(old), _tags(new))
        return physical_id, {"Id": physical_id}

    def delete(self, physical_id: str, properties: Json) -> None:
        """Deregister it; its policies and scheduled actions go with it."""
        del properties
        _delete(self.client, "deregister_scalable_target", identity_of(physical_id))

    def _register(self, properties: Json, gone: list[str]) -> str:
        scaling, identity = self.client(SERVICE), {member: properties[member] for member in _IDENTITY}
        answer = scaling.register_scalable_target(**request_of("RegisterScalableTarget", properties, SERVICE))
        for name in gone:
            scaling.delete_scheduled_action(ScheduledActionName=name, **identity)
        for action in properties.get("ScheduledActions", ()):
            scaling.put_scheduled_action(**request_of("PutScheduledAction", {**action, **identity}, SERVICE))
        return str(answer["ScalableTargetARN"])

    def _replace_tags(self, arn: str, old: Json, new: Json) -> None:
        if gone := sorted(old.keys() - new.keys()):
            self.client(SERVICE).untag_resource(ResourceARN=arn, TagKeys=gone)
        if new:
            self.client(SERVICE).tag_resource(ResourceARN=arn, Tags=new)


@dataclass(frozen=True)
class PolicyType:
    """`AWS::ApplicationAutoScaling::ScalingPolicy`. `Ref` is the ARN."""

    client: ClientOf

    def create(self, logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        """Put the policy on its target."""
        del logical_id, stack_name
        request = request_of("PutScalingPolicy", {**properties, **_target_of(properties)}, SERVICE)
        arn = self.client(SERVICE).put_scaling_policy(**request)["PolicyARN"]
        return arn, {"Arn": arn}

    def update(self, arn: str, old: Json, new: Json, stack_name: str, logical_id: str) -> tuple[str, Json]:
        """Put it again: another name or target makes another policy, with another ARN."""
        del arn, old
        return self.create(logical_id, new, stack_name)

    def delete(self, arn: str, properties: Json) -> None:
        """Delete it, unless its target took it along."""
        del arn
        request = {"PolicyName": properties["PolicyName"], **_target_of(properties)}
        _delete(self.client, "delete_scaling_policy", request)


def identity_of(scaling_target_id: str) -> Json:
    """The members that `Ref` of a scalable target is made of."""
    return dict(zip(_IDENTITY, scaling_target_id.split("|"), strict=True))


def _tags(properties: Json) -> Json:
    """Tags as the API takes them; a template has a list."""
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", ())}


def _target_of(properties: Json) -> Json:
    if given := properties.get("ScalingTargetId"):
        return identity_of(given)
    return {member: properties[member] for member in _IDENTITY}


def _delete(client: ClientOf, operation: str, request: Json) -> None:
    scaling = client(SERVICE)
    try:
        getattr(scaling, operation)(**request)
    except scaling.exceptions.ObjectNotFoundException:
        return
