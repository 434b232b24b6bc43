"""Application Auto Scaling for the variants of endpoints: everything is checked and kept, and nothing ever scales.

Sources: botocore's documentation of the API, and SageMaker's Developer Guide, "Automatic scaling". The wording of most
messages is not published: unverified. No alarm is made for a target tracking policy.
"""

import asyncio
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from constructs_lib.rehearsal.cloud import condition_keys
from constructs_lib.rehearsal.cloud.calls import Call, Operation
from constructs_lib.rehearsal.cloud.errors import ObjectNotFoundError, ValidationError
from constructs_lib.rehearsal.cloud.hosting.endpoint import Endpoint
from constructs_lib.rehearsal.cloud.hosting.fleet import Variant
from constructs_lib.rehearsal.cloud.ministack.ministack import Answer
from constructs_lib.rehearsal.cloud.store import Json, Place, Store, now, page
from constructs_lib.rehearsal.cloud.wire import JsonApi, here, members

SERVICE = "application-autoscaling"
TARGET_PREFIX = "AnyScaleFrontendService."
INSTANCES = "sagemaker:variant:DesiredInstanceCount"
CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"
_NAMESPACE = "sagemaker"
_PER_PAGE = 50
_VARIANT = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")
_LINKED_ROLE = (
    "role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)
_SCHEDULE = re.compile(
    r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)|rate\([1-9]\d* (minute|hour|day)s?\)|cron\(\S+( \S+){5}\)"
)
_CONFIGURATIONS = {
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "StepScaling": "StepScalingPolicyConfiguration",
}
Key = tuple[str, str]


@dataclass(kw_only=True)
class ScalableTarget:
    """A variant that Application Auto Scaling looks after, with its policies and scheduled actions by name."""

    resource_id: str
    dimension: str
    arn: str
    minimum: int
    maximum: int
    role_arn: str
    suspended: Json
    tags: dict[str, str] = field(default_factory=dict)
    created: float = field(default_factory=now)
    policies: dict[str, Json] = field(default_factory=dict)
    actions: dict[str, Json] = field(default_factory=dict)


class AutoScaling:
    """The service as MiniStack calls it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        operations: dict[str, Operation] = {
            "RegisterScalableTarget": self._register,
            "DescribeScalableTargets": self._describe_targets,
            "DeregisterScalableTarget": self._deregister,
            "PutScalingPolicy": self._put_policy,
            "DescribeScalingPolicies": self._describe_policies,
            "DeleteScalingPolicy": self._delete_policy,
            "PutScheduledAction": self._put_action,
            "DescribeScheduledActions": self._describe_actions,
            "DeleteScheduledAction": self._delete_action,
            "ListTagsForResource": self._list_tags,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }
        self._api = JsonApi(SERVICE, TARGET_PREFIX, operations)

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations of the API by name."""
        return self._api.operations

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        """Answer one request."""
        del method, query
        return await asyncio.to_thread(self._api.answer, path, headers, body)

    def tagged_resources(self) -> list[tuple[str, list[dict[str, str]]]]:
        """Each ARN with its tags, for `aws:ResourceTag` in policies."""
        return [
            (target.arn, [{"Key": key, "Value": value} for key, value in target.tags.items()])
            for target in self._targets(here()).values()
        ]

    def context(self, operation: str, body: bytes) -> condition_keys.Context:
        """What policies can test of a request."""
        return self._api.context(operation, body)

    def resource_arn(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
        """The scalable target that IAM asks about. Before it is registered its id is not known: any stands for it."""
        del method, path
        request = members(body)
        if self._api.operation(headers).startswith("Describe"):
            return "*"
        if isinstance(request.get("ResourceARN"), str):
            return str(request["ResourceARN"])
        target = self._targets(here()).get((str(request.get("ResourceId")), str(request.get("ScalableDimension"))))
        return target.arn if target else _target_arn(here(), "*")

    def _targets(self, place: Place) -> dict[Key, ScalableTarget]:
        return self._store.at(place).of(ScalableTarget)

    # Targets

    def _register(self, call: Call, request: Json) -> Json:
        """Keep a target and bring its present capacity inside the range. Left out: scaling."""
        key = _key(request)
        with self._store.lock:
            endpoint, variant = self._variant(call.place, key)
            target = self._targets(call.place).get(key)
            minimum = request.get("MinCapacity", target.minimum if target else None)
            maximum = request.get("MaxCapacity", target.maximum if target else None)
            if minimum is None or maximum is None:
                raise ValidationError("MinCapacity and MaxCapacity must be set when a scalable target is registered")
            if not 0 <= minimum <= maximum:
                raise ValidationError(f"MinCapacity must be from 0 to MaxCapacity, got {minimum} and {maximum}")
            linked = f"arn:aws:iam::{call.place.account}:{_LINKED_ROLE}"
            role = request.get("RoleARN", target.role_arn if target else linked)
            if role != linked:
                context = {"iam:PassedToService": f"{SERVICE}.amazonaws.com"}
                call.caller.require("iam:PassRole", role, context)
            if target is None:
                target = ScalableTarget(
                    resource_id=key[0],
                    dimension=key[1],
                    arn=_target_arn(call.place, uuid.uuid4().hex),
                    minimum=minimum,
                    maximum=maximum,
                    role_arn=role,
                    suspended={},
                    tags=request.get("Tags", {}),
                )
                self._targets(call.place)[key] = target
            elif request.get("Tags"):
                raise ValidationError("A scalable target that exists is tagged with TagResource")
            target.minimum, target.maximum, target.role_arn = minimum, maximum, role
            target.suspended = {**target.suspended, **request.get("SuspendedState", {})}
            if endpoint.status == "InService":
                _bring_within(variant, target)
            return {"ScalableTargetARN": target.arn}

    def _variant(self, place: Place, key: Key) -> tuple[Endpoint, Variant]:
        """The variant that a target is about, if it has the dimension."""
        resource, dimension = key
        found = _VARIANT.fullmatch(resource)
        if found is None or dimension not in (INSTANCES, CONCURRENCY):
            raise ValidationError("Unsupported service namespace, resource type or scalable dimension")
        endpoint = self._store.at(place).of(Endpoint).get(found.group(1).lower())
        variant = endpoint.fleet.variants.get(found.group(2)) if endpoint and endpoint.fleet else None
        if endpoint is None or variant is None:
            raise ValidationError(f"There is no endpoint in service with the variant {resource}")
        if dimension == INSTANCES and variant.instances is None:
            raise ValidationError(f"{resource} is serverless: it is scaled by {CONCURRENCY}")
        if dimension == INSTANCES and variant.settings.get("InstanceType", "").startswith("ml.t2."):
            raise ValidationError(f"{resource} can not be scaled: its instances are burstable")
        if dimension == CONCURRENCY and not (variant.serverless or {}).get("ProvisionedConcurrency"):
            raise ValidationError(f"{resource} has no provisioned concurrency")
        return endpoint, variant

    def _describe_targets(self, call: Call, request: Json) -> Json:
        """The targets asked for, paged."""
        with self._store.lock:
            shown = [
                {
                    "ServiceNamespace": _NAMESPACE,
                    "ResourceId": target.resource_id,
                    "ScalableDimension": target.dimension,
                    "MinCapacity": target.minimum,
                    "MaxCapacity": target.maximum,
                    "RoleARN": target.role_arn,
                    "CreationTime": target.created,
                    "SuspendedState": {
                        name: target.suspended.get(name, False)
                        for name in (
                            "DynamicScalingInSuspended",
                            "DynamicScalingOutSuspended",
                            "ScheduledScalingSuspended",
                        )
                    },
                    "ScalableTargetARN": target.arn,
                }
                for target in self._of(call.place, request)
                if not request.get("ResourceIds") or target.resource_id in request["ResourceIds"]
            ]
        return _paged("ScalableTargets", shown, request)

    def _deregister(self, call: Call, request: Json) -> Json:
        """Forget a target with its policies and actions."""
        with self._store.lock:
            self._target(call.place, request)
            del self._targets(call.place)[_key(request)]
        return {}

    def _target(self, place: Place, request: Json) -> ScalableTarget:
        target = self._targets(place).get(_key(request))
        if target is None:
            raise ObjectNotFoundError(
                f"No scalable target registered for service namespace: {request['ServiceNamespace']}, resource ID: "
                f"{request['ResourceId']}, scalable dimension: {request.get('ScalableDimension')}"
            )
        return target

    def _of(self, place: Place, request: Json) -> Iterator[ScalableTarget]:
        """The targets that a describe request asks for."""
        for target in self._targets(place).values():
            wanted = (
                request["ServiceNamespace"] == _NAMESPACE
                and request.get("ScalableDimension", target.dimension) == target.dimension
                and request.get("ResourceId", target.resource_id) == target.resource_id
            )
            if wanted:
                yield target

    # Policies

    def _put_policy(self, call: Call, request: Json) -> Json:
        """Keep a policy. Left out: its alarms; nothing scales."""
        with self._store.lock:
            target = self._target(call.place, request)
            name = request["PolicyName"]
            known = target.policies.get(name)
            kind = request.get("PolicyType") or (known["PolicyType"] if known else "")
            _check_policy(kind, request)
            configuration = _CONFIGURATIONS[kind]
            arn = _arn(call.place, "scalingPolicy", target, f"policyName/{name}")
            target.policies[name] = {
                "PolicyARN": known["PolicyARN"] if known else arn,
                "PolicyName": name,
                "PolicyType": kind,
                configuration: request[configuration],
                "Alarms": [],
                "CreationTime": known["CreationTime"] if known else now(),
                **_identity(target),
            }
            return {"PolicyARN": target.policies[name]["PolicyARN"], "Alarms": []}

    def _describe_policies(self, call: Call, request: Json) -> Json:
        """The policies asked for, paged."""
        with self._store.lock:
            found = [policy for target in self._of(call.place, request) for policy in target.policies.values()]
        names = request.get("PolicyNames")
        return _paged("ScalingPolicies", [one for one in found if not names or one["PolicyName"] in names], request)

    def _delete_policy(self, call: Call, request: Json) -> Json:
        """Forget a policy."""
        with self._store.lock:
            policies = self._target(call.place, request).policies
            if policies.pop(request["PolicyName"], None) is None:
                raise ObjectNotFoundError(f"There is no scaling policy {request['PolicyName']}")
        return {}

    # Scheduled actions

    def _put_action(self, call: Call, request: Json) -> Json:
        """Keep a scheduled action. Left out: it never happens."""
        with self._store.lock:
            target = self._target(call.place, request)
            name = request["ScheduledActionName"]
            known = target.actions.get(name, {})
            action: Json = {member: known[member] for member in ("Schedule", "ScalableTargetAction") if member in known}
            for member in ("Schedule", "Timezone", "StartTime", "EndTime", "ScalableTargetAction"):
                if member in request:
                    action[member] = request[member]
            _check_action(action)
            arn = _arn(call.place, "scheduledAction", target, f"scheduledActionName/{name}")
            target.actions[name] = {
                "ScheduledActionName": name,
                "ScheduledActionARN": known.get("ScheduledActionARN", arn),
                "CreationTime": known.get("CreationTime", now()),
                **action,
                **_identity(target),
            }
        return {}

    def _describe_actions(self, call: Call, request: Json) -> Json:
        """The scheduled actions asked for, paged."""
        with self._store.lock:
            found = [action for target in self._of(call.place, request) for action in target.actions.values()]
        names = request.get("ScheduledActionNames")
        shown = [one for one in found if not names or one["ScheduledActionName"] in names]
        return _paged("ScheduledActions", shown, request)

    def _delete_action(self, call: Call, request: Json) -> Json:
        """Forget a scheduled action."""
        with self._store.lock:
            actions = self._target(call.place, request).actions
            if actions.pop(request["ScheduledActionName"], None) is None:
                raise ObjectNotFoundError(f"There is no scheduled action {request['ScheduledActionName']}")
        return {}

    # Tags

    def _list_tags(self, call: Call, request: Json) -> Json:
        """The tags of a target."""
        return {"Tags": self._by_arn(call.place, request).tags}

    def _tag(self, call: Call, request: Json) -> Json:
        """Add tags to a target, or change them."""
        self._by_arn(call.place, request).tags.update(request["Tags"])
        return {}

    def _untag(self, call: Call, request: Json) -> Json:
        """Take tags away from a target."""
        tags = self._by_arn(call.place, request).tags
        for key in request["TagKeys"]:
            tags.pop(key, None)
        return {}

    def _by_arn(self, place: Place, request: Json) -> ScalableTarget:
        for target in self._targets(place).values():
            if target.arn == request["ResourceARN"]:
                return target
        raise ObjectNotFoundError(f"There is no scalable target {request['ResourceARN']}")


def _key(request: Json) -> Key:
    if request["ServiceNamespace"] != _NAMESPACE:
        raise ValidationError(f"The rehearsal scales {_NAMESPACE} only, not {request['ServiceNamespace']}")
    return request["ResourceId"], request["ScalableDimension"]


def _bring_within(variant: Variant, target: ScalableTarget) -> None:
    """Registering changes the present capacity to one inside the range."""
    if target.dimension == INSTANCES:
        variant.instances = min(max(variant.instances or 0, target.minimum), target.maximum)
    elif variant.serverless is not None:
        now_provisioned = variant.serverless["ProvisionedConcurrency"]
        provisioned = min(max(now_provisioned, target.minimum), target.maximum)
        variant.serverless = {**variant.serverless, "ProvisionedConcurrency": provisioned}


def _check_policy(kind: str, request: Json) -> None:
    if kind not in _CONFIGURATIONS:
        raise ValidationError(f"PolicyType must be one of {', '.join(_CONFIGURATIONS)}, got {kind or 'none'}")
    if _CONFIGURATIONS[kind] not in request:
        raise ValidationError(f"A policy of type {kind} needs a {_CONFIGURATIONS[kind]}")
    for other, member in _CONFIGURATIONS.items():
        if other != kind and member in request:
            raise ValidationError(f"A policy of type {kind} can not have a {member}")
    configuration = request[_CONFIGURATIONS[kind]]
    if kind == "StepScaling":
        if not configuration.get("AdjustmentType") or not configuration.get("StepAdjustments"):
            raise ValidationError("A step scaling policy needs an AdjustmentType and StepAdjustments")
        return
    metrics = [
        name for name in ("PredefinedMetricSpecification", "CustomizedMetricSpecification") if name in configuration
    ]
    if len(metrics) != 1:
        raise ValidationError("A target tracking policy needs either a predefined or a customized metric")
    metric = configuration.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType", "SageMaker")
    if not metric.startswith("SageMaker"):
        raise ValidationError(f"The metric {metric} is not one of SageMaker")
    if configuration["TargetValue"] <= 0:
        raise ValidationError(f"TargetValue must be greater than 0, got {configuration['TargetValue']}")


def _check_action(action: Json) -> None:
    schedule, capacity = action.get("Schedule"), action.get("ScalableTargetAction")
    if not schedule or not capacity:
        raise ValidationError("A scheduled action needs a Schedule and a ScalableTargetAction with a capacity")
    if not _SCHEDULE.fullmatch(schedule):
        raise ValidationError(f"Schedule must be at(...), rate(...) or cron(...) with six fields, got {schedule}")
    if capacity.get("MinCapacity", 0) > capacity.get("MaxCapacity", capacity.get("MinCapacity", 0)):
        raise ValidationError("MinCapacity of a scheduled action must be less than or equal to its MaxCapacity")


def _identity(target: ScalableTarget) -> Json:
    return {
        "ServiceNamespace": _NAMESPACE,
        "ResourceId": target.resource_id,
        "ScalableDimension": target.dimension,
    }


def _target_arn(place: Place, identifier: str) -> str:
    return f"arn:aws:{SERVICE}:{place.region}:{place.account}:scalable-target/{identifier}"


def _arn(place: Place, kind: str, target: ScalableTarget, name: str) -> str:
    where = f"arn:aws:autoscaling:{place.region}:{place.account}"
    return f"{where}:{kind}:{uuid.uuid4()}:resource/{_NAMESPACE}/{target.resource_id}:{name}"


def _paged(name: str, found: list[Json], request: Json) -> Json:
    shown, more = page(found, request, default_size=_PER_PAGE)
    return {name: shown, **more}
