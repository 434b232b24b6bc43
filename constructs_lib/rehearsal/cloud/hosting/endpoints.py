"""The endpoint operations of the SageMaker API.

What refuses an update or a deletion is in the service's own words, as clients have seen them; that a failed endpoint
refuses changes of capacity as well, and that one that is being deleted refuses to be deleted again, is unverified.
"""

from collections import Counter
from collections.abc import Mapping

from constructs_lib.rehearsal.cloud.calls import Call, Operation
from constructs_lib.rehearsal.cloud.errors import ServiceError, ValidationError
from constructs_lib.rehearsal.cloud.hosting import deployment_policy, scaling
from constructs_lib.rehearsal.cloud.hosting.capacity import Instances, Quotas, instance_type, instances
from constructs_lib.rehearsal.cloud.hosting.endpoint import Endpoint
from constructs_lib.rehearsal.cloud.hosting.endpoint_configs import EndpointConfigs
from constructs_lib.rehearsal.cloud.hosting.fleet import Fleet, Variant
from constructs_lib.rehearsal.cloud.hosting.records import EndpointConfig
from constructs_lib.rehearsal.cloud.hosting.rollout import Change, Rollouts
from constructs_lib.rehearsal.cloud.hosting.scaling import ScalableTarget
from constructs_lib.rehearsal.cloud.store import Json, Place, Store, add, find, select, tags_of

_PER_PAGE = 10
_IN_PROGRESS = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})


class Endpoints:
    """Creates, updates, describes, lists and deletes endpoints."""

    def __init__(self, store: Store, configs: EndpointConfigs, rollouts: Rollouts, quotas: Quotas) -> None:
        self._store = store
        self._configs = configs
        self._rollouts = rollouts
        self._quotas = quotas

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
        """Start a process for each variant, which loads its artifacts as the model's role. Left out: instances."""
        name, config_name = request["EndpointName"], request["EndpointConfigName"]
        arn = call.place.arn("endpoint", name)
        call.require_tagging(arn, request)
        call.require("sagemaker:CreateEndpoint", call.place.arn("endpoint-config", config_name))
        config = self._configs.find(call.place, config_name)
        if deployment := request.get("DeploymentConfig"):
            deployment_policy.check(deployment, config.request, config.request)
        endpoint = Endpoint(name=name, arn=arn, tags=tags_of(request), request=request, config_name=config_name)
        with self._store.lock:
            endpoints = self._store.at(call.place).of(Endpoint)
            add(endpoints, endpoint, "endpoint")
            try:
                self._grant(call.place, endpoint, instances(config.request, {}))
            except ServiceError:
                del endpoints[name.lower()]
                raise
            endpoint.tell()
        self._rollouts.start(_change(call, endpoint, config))
        return {"EndpointArn": arn}

    def _update(self, call: Call, request: Json) -> Json:
        """Start the new configuration beside the old one, watch alarms in short, move over or go back."""
        config_name = request["EndpointConfigName"]
        call.require("sagemaker:UpdateEndpoint", call.place.arn("endpoint-config", config_name))
        config = self._configs.find(call.place, config_name)
        with self._store.lock:
            endpoint = self._changeable(call.place, request["EndpointName"])
            self._configs.find(call.place, endpoint.config_name)
            deployment = request.get("DeploymentConfig")
            if deployment is None:
                deployment = (request.get("RetainDeploymentConfig") and endpoint.deployment) or {}
            excluded = tuple(one["VariantPropertyType"] for one in request.get("ExcludeRetainedVariantProperties", ()))
            retain = bool(request.get("RetainAllVariantProperties"))
            if endpoint.fleet is not None:
                deployment_policy.check(deployment, endpoint.fleet.config.request, config.request)
                self._require_convertible(call.place, endpoint.name, endpoint.fleet, config)
                kept = endpoint.fleet if retain and "DesiredInstanceCount" not in excluded else None
                self._grant(call.place, endpoint, _at_once(deployment, config, kept))
            endpoint.deployment = deployment or None
            endpoint.failure_reason = None
            endpoint.become("Updating")
        change = _change(call, endpoint, config, deployment=deployment, retain=retain, excluded=excluded)
        self._rollouts.start(change)
        return {"EndpointArn": endpoint.arn}

    def _changeable(self, place: Place, name: str) -> Endpoint:
        endpoint = self._settled(place, name)
        if endpoint.status == "Failed":
            raise ValidationError(f'Cannot update failed endpoint "{endpoint.arn}".')
        return endpoint

    def _settled(self, place: Place, name: str) -> Endpoint:
        endpoint = self._find(place, name)
        if endpoint.status in _IN_PROGRESS:
            raise ValidationError(f'Cannot update in-progress endpoint "{endpoint.arn}".')
        return endpoint

    def _grant(self, place: Place, endpoint: Endpoint, more: Instances) -> None:
        """Let an endpoint have more instances, if the quotas allow them."""
        used = sum((one.instances for one in self._store.at(place).of(Endpoint).values()), Instances())
        self._quotas.require("endpoint", used, more)
        endpoint.coming = +more

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
        """Note weights and counts; weights share the requests out. Left out: instances."""
        with self._store.lock:
            endpoint = self._changeable(call.place, request["EndpointName"])
            variants = endpoint.fleet.variants if endpoint.fleet else {}
            wanted = request["DesiredWeightsAndCapacities"]
            _check_names([one["VariantName"] for one in wanted], list(variants), endpoint.config_name)
            more = Instances()
            for one in wanted:
                variant = variants[one["VariantName"]]
                _check_capacity(variant, one)
                if (kind := instance_type(variant.settings)) and variant.instances is not None:
                    more[kind] += one.get("DesiredInstanceCount", variant.instances) - variant.instances
            self._grant(call.place, endpoint, more)
            for one in wanted:
                variants[one["VariantName"]].wanted = one
            endpoint.become("Updating")
            self._rollouts.set_capacities(endpoint)
            return {"EndpointArn": endpoint.arn}

    def _describe(self, call: Call, request: Json) -> Json:
        """Status, variants, the reason of a failure, the deployment under way."""
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
        """End what serves, and its scalable targets with it."""
        with self._store.lock:
            endpoint = self._settled(call.place, request["EndpointName"])
            self._deregister(call, endpoint.name)
            endpoint.become("Deleting")
            self._rollouts.remove(call.place, endpoint)
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
        """Endpoints, filtered, sorted and paged."""
        with self._store.lock:
            found = self._store.at(call.place).of(Endpoint).values()
            shown, more = select(found, request, default_size=_PER_PAGE, from_creation=True)
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


def _at_once(deployment: Json, config: EndpointConfig, kept: Fleet | None) -> Instances:
    """The instances that a deployment needs beside those in service.

    Args:
        deployment: The `DeploymentConfig`.
        config: The endpoint configuration that comes.
        kept: The fleet whose variants keep their capacity. Default: none does.
    """
    counts = {variant.name: variant.instances for variant in kept.variants.values()} if kept else {}
    return Instances(
        {
            kind: deployment_policy.at_once(deployment, count)
            for kind, count in instances(config.request, counts).items()
        }
    )


def _check_names(given: list[str], known: list[str], config: str) -> None:
    if unknown := [name for name in given if name not in known]:
        shown = ", ".join(f'"{name}"' for name in unknown)
        raise ValidationError(
            f'The variant name(s) {shown} is/are not present within endpoint configuration "{config}".'
        )
    for name, count in Counter(given).items():
        if count > 1:
            raise ValidationError(f'The variant name "{name}" was non-unique within the request.')


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
