"""The endpoint operations of the SageMaker API."""

from collections.abc import Mapping

from constructs_lib.rehearsal.cloud.calls import Call, Operation
from constructs_lib.rehearsal.cloud.errors import ValidationError
from constructs_lib.rehearsal.cloud.hosting import deployment_policy, scaling
from constructs_lib.rehearsal.cloud.hosting.endpoint import Endpoint
from constructs_lib.rehearsal.cloud.hosting.endpoint_configs import EndpointConfigs
from constructs_lib.rehearsal.cloud.hosting.fleet import Fleet, Variant
from constructs_lib.rehearsal.cloud.hosting.records import EndpointConfig
from constructs_lib.rehearsal.cloud.hosting.rollout import Change, Rollouts
from constructs_lib.rehearsal.cloud.hosting.scaling import ScalableTarget
from constructs_lib.rehearsal.cloud.store import Json, Place, Store, add, find, now, select, tags_of

_PER_PAGE = 10


class Endpoints:
    """Creates, updates, describes, lists and deletes endpoints."""

    def __init__(self, store: Store, configs: EndpointConfigs, rollouts: Rollouts) -> None:
        self._store = store
        self._configs = configs
        self._rollouts = rollouts

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations by name."""
        return {
            "CreateEndpoint": self._create,
            "UpdateEndpoint": self._update,
            "UpdateEndpointWeightsAndCapacities": self._set_capacities,
            "DescribeEndpoint": self._describe,
            "DeleteEndpoint": self._delete,
            "ListEndpoints": self._list,
        }

    def _create(self, call: Call, request: Json) -> Json:
        name, config_name = request["EndpointName"], request["EndpointConfigName"]
        arn = call.place.arn("endpoint", name)
        call.require_tagging(arn, request)
        call.caller.require("sagemaker:CreateEndpoint", call.place.arn("endpoint-config", config_name))
        config = self._configs.find(call.place, config_name)
        if deployment := request.get("DeploymentConfig"):
            deployment_policy.check(deployment, config.request, config.request)
        endpoint = Endpoint(name=name, arn=arn, tags=tags_of(request), request=request, config_name=config_name)
        with self._store.lock:
            add(self._store.at(call.place).of(Endpoint), endpoint, "endpoint")
        self._rollouts.start(_change(call, endpoint, config))
        return {"EndpointArn": arn}

    def _update(self, call: Call, request: Json) -> Json:
        config_name = request["EndpointConfigName"]
        call.caller.require("sagemaker:UpdateEndpoint", call.place.arn("endpoint-config", config_name))
        config = self._configs.find(call.place, config_name)
        with self._store.lock:
            endpoint = self._changeable(call.place, request["EndpointName"])
            deployment = request.get("DeploymentConfig")
            if deployment is None:
                deployment = (request.get("RetainDeploymentConfig") and endpoint.deployment) or {}
            if endpoint.fleet is not None:
                deployment_policy.check(deployment, endpoint.fleet.config.request, config.request)
                self._require_convertible(call.place, endpoint.name, endpoint.fleet, config)
            endpoint.deployment = deployment or None
            endpoint.status, endpoint.modified, endpoint.failure_reason = "Updating", now(), None
        excluded = tuple(one["VariantPropertyType"] for one in request.get("ExcludeRetainedVariantProperties", ()))
        retain = bool(request.get("RetainAllVariantProperties"))
        change = _change(call, endpoint, config, deployment=deployment, retain=retain, excluded=excluded)
        self._rollouts.start(change)
        return {"EndpointArn": endpoint.arn}

    def _changeable(self, place: Place, name: str) -> Endpoint:
        endpoint = self._find(place, name)
        if endpoint.status not in ("InService", "Failed"):
            raise ValidationError(f"Cannot update in-progress endpoint {endpoint.name}: it is {endpoint.status}")
        return endpoint

    def _require_convertible(self, place: Place, name: str, fleet: Fleet, config: EndpointConfig) -> None:
        coming = {variant["VariantName"]: variant for variant in config.request["ProductionVariants"]}
        for variant in fleet.variants.values():
            after = coming.get(variant.name)
            if after is not None and "ServerlessConfig" in after and variant.serverless is None:
                raise ValidationError(
                    f"The instance-based variant {variant.name} of endpoint {name} can not be made serverless: "
                    "create another endpoint"
                )
            changed = after is None or after.get("InstanceType") != variant.settings.get("InstanceType")
            if changed and self._targets(place, name, variant.name):
                raise ValidationError(
                    f"The variant(s) \"['{variant.name}']\" must be deregistered as scalable targets with AWS Auto "
                    "Scaling before they can be removed or have their instance type updated."
                )

    def _set_capacities(self, call: Call, request: Json) -> Json:
        with self._store.lock:
            endpoint = self._changeable(call.place, request["EndpointName"])
            variants = endpoint.fleet.variants if endpoint.fleet else {}
            for wanted in request["DesiredWeightsAndCapacities"]:
                variant = variants.get(wanted["VariantName"])
                if variant is None:
                    raise ValidationError(f"Variant {wanted['VariantName']} of endpoint {endpoint.name} not found.")
                _check_capacity(variant, wanted)
            for wanted in request["DesiredWeightsAndCapacities"]:
                variant = variants[wanted["VariantName"]]
                variant.weight = wanted.get("DesiredWeight", variant.weight)
                variant.instances = wanted.get("DesiredInstanceCount", variant.instances)
                if variant.serverless is not None:
                    variant.serverless = {**variant.serverless, **wanted.get("ServerlessUpdateConfig", {})}
            endpoint.modified = now()
            return {"EndpointArn": endpoint.arn}

    def _describe(self, call: Call, request: Json) -> Json:
        with self._store.lock:
            endpoint = self._find(call.place, request["EndpointName"])
            described: Json = {
                "EndpointName": endpoint.name,
                "EndpointArn": endpoint.arn,
                "EndpointConfigName": endpoint.config_name,
                "EndpointStatus": endpoint.status,
                "CreationTime": endpoint.created,
                "LastModifiedTime": endpoint.modified,
            }
            if endpoint.failure_reason:
                described["FailureReason"] = endpoint.failure_reason[:1024]
            if endpoint.deployment:
                described["LastDeploymentConfig"] = endpoint.deployment
            if endpoint.arriving is not None:
                described["PendingDeploymentSummary"] = {
                    "EndpointConfigName": endpoint.arriving.config.name,
                    "StartTime": endpoint.modified,  # an endpoint that is updated is modified by nothing else
                }
            return described | (_fleet_described(endpoint.fleet) if endpoint.fleet else {})

    def _delete(self, call: Call, request: Json) -> Json:
        with self._store.lock:
            endpoint = self._find(call.place, request["EndpointName"])
            self._deregister(call, endpoint.name)
            del self._store.at(call.place).of(Endpoint)[endpoint.name.lower()]
            endpoint.deleted = True
            fleet, endpoint.fleet = endpoint.fleet, None
        if fleet is not None:
            fleet.stop()
        return {}

    def _deregister(self, call: Call, name: str) -> None:
        """What scales the variants goes with them, if the caller may do that."""
        targets = self._targets(call.place, name)
        for key in targets:
            arn = self._store.at(call.place).of(ScalableTarget)[key].arn
            if not call.caller.may(f"{scaling.SERVICE}:DeregisterScalableTarget", arn):
                raise ValidationError(
                    "An Application AutoScaling scalable target exists for a variant being deleted, and the IAM "
                    "identity used to invoke DeleteEndpoint does not have "
                    f"{scaling.SERVICE}:DeregisterScalableTarget permission to deregister the scalable target."
                )
        for key in targets:
            del self._store.at(call.place).of(ScalableTarget)[key]

    def _targets(self, place: Place, name: str, variant: str = "") -> list[tuple[str, str]]:
        """The keys of the scalable targets among an endpoint's variants."""
        prefix = f"endpoint/{name}/variant/{variant}".lower()
        return [
            (resource, dimension)
            for resource, dimension in self._store.at(place).of(ScalableTarget)
            if resource.lower() == prefix or (not variant and resource.lower().startswith(prefix))
        ]

    def _list(self, call: Call, request: Json) -> Json:
        with self._store.lock:
            shown, more = select(self._store.at(call.place).of(Endpoint).values(), request, default_size=_PER_PAGE)
        endpoints = [
            {
                "EndpointName": one.name,
                "EndpointArn": one.arn,
                "EndpointStatus": one.status,
                "CreationTime": one.created,
                "LastModifiedTime": one.modified,
            }
            for one in shown
        ]
        return {"Endpoints": endpoints, **more}

    def _find(self, place: Place, name: str) -> Endpoint:
        return find(self._store.at(place).of(Endpoint), name, place.arn("endpoint", name), "endpoint")


def _change(
    call: Call,
    endpoint: Endpoint,
    config: EndpointConfig,
    *,
    deployment: Json | None = None,
    retain: bool = False,
    excluded: tuple[str, ...] = (),
) -> Change:
    return Change(
        place=call.place,
        endpoint=endpoint,
        config=config,
        caller_may_grant=call.may_grant(config.request.get("KmsKeyId")),
        deployment=deployment or {},
        retain=retain,
        excluded=excluded,
    )


def _check_capacity(variant: Variant, wanted: Json) -> None:
    serverless = variant.serverless
    if serverless is None and "ServerlessUpdateConfig" in wanted:
        raise ValidationError(f"Variant {variant.name} is not serverless")
    if serverless is not None and "DesiredInstanceCount" in wanted:
        raise ValidationError(f"Variant {variant.name} is serverless: it has no instances")


def _fleet_described(fleet: Fleet) -> Json:
    described: Json = {"ProductionVariants": [variant.described for variant in fleet.variants.values()]}
    if fleet.capture is not None:
        described["DataCaptureConfig"] = fleet.capture.described
    if asynchronous := fleet.config.request.get("AsyncInferenceConfig"):
        described["AsyncInferenceConfig"] = asynchronous
    return described
