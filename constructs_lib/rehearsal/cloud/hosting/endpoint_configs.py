"""The endpoint configuration operations of the SageMaker API, and what a configuration may ask for together.

Sources: botocore's documentation of CreateEndpointConfig, and the Developer Guide on serverless and asynchronous
inference. The wording of AWS's messages is not published: unverified.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from constructs_lib.rehearsal.cloud.calls import Call, Operation
from constructs_lib.rehearsal.cloud.errors import ValidationError
from constructs_lib.rehearsal.cloud.hosting.containers import Containers
from constructs_lib.rehearsal.cloud.hosting.models import Models
from constructs_lib.rehearsal.cloud.hosting.records import EndpointConfig, Model
from constructs_lib.rehearsal.cloud.store import Json, Place, Store, add, find, select, tags_of

_PER_PAGE = 10
_MEMORY_STEP = 1024
_NOT_OFFERED = ("ShadowProductionVariants", "ExplainerConfig")
_NOT_SERVERLESS = ("AsyncInferenceConfig", "DataCaptureConfig", "VpcConfig", "EnableNetworkIsolation")
_OF_INSTANCES = ("InstanceType", "InitialInstanceCount", "InstancePools", "VolumeSizeInGB", "ManagedInstanceScaling")


class EndpointConfigs:
    """Creates, describes, lists and deletes endpoint configurations."""

    def __init__(self, store: Store, models: Models, containers: Containers) -> None:
        self._store = store
        self._models = models
        self._containers = containers

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations by name."""
        return {
            "CreateEndpointConfig": self._create,
            "DescribeEndpointConfig": self._describe,
            "DeleteEndpointConfig": self._delete,
            "ListEndpointConfigs": self._list,
        }

    def find(self, place: Place, name: str) -> EndpointConfig:
        """The endpoint configuration of that name.

        Raises:
            ValidationError: There is none.
        """
        with self._store.lock:
            arn = place.arn("endpoint-config", name)
            return find(self._store.at(place).of(EndpointConfig), name, arn, "endpoint configuration")

    def _create(self, call: Call, request: Json) -> Json:
        """Keep a configuration whose models are there. Left out: shadow variants, explainers, inference components."""
        arn = call.place.arn("endpoint-config", request["EndpointConfigName"])
        call.require_tagging(arn, request)
        models: dict[str, Model] = {}
        for variant in request["ProductionVariants"]:
            if name := variant.get("ModelName"):
                models[name] = self._models.find(call.place, name)
        for problem in _problems(request):
            raise ValidationError(problem)
        for variant in request["ProductionVariants"]:
            if "ServerlessConfig" in variant:
                self._require_serverless(call.place, models[variant["ModelName"]])
        if role := request.get("ExecutionRoleArn"):
            call.require_passing(role)
        config = EndpointConfig(name=request["EndpointConfigName"], arn=arn, tags=tags_of(request), request=request)
        with self._store.lock:
            add(self._store.at(call.place).of(EndpointConfig), config, "endpoint configuration")
        return {"EndpointConfigArn": arn}

    def _require_serverless(self, place: Place, model: Model) -> None:
        problem = None
        if len(self._containers.definitions(place, model)) > 1:
            problem = "an inference pipeline"
        elif "VpcConfig" in model.request:
            problem = "a VpcConfig"
        elif model.request.get("EnableNetworkIsolation"):
            problem = "network isolation"
        if problem:
            raise ValidationError(
                f"Serverless inference does not support {problem}, and the model {model.name} is one with it"
            )

    def _describe(self, call: Call, request: Json) -> Json:
        """What was asked for, with ARN and time."""
        config = self.find(call.place, request["EndpointConfigName"])
        return config.request | {"EndpointConfigArn": config.arn, "CreationTime": config.created}

    def _delete(self, call: Call, request: Json) -> Json:
        """Forget a configuration, also one in use."""
        config = self.find(call.place, request["EndpointConfigName"])
        with self._store.lock:
            self._store.at(call.place).of(EndpointConfig).pop(config.name.lower(), None)
        return {}

    def _list(self, call: Call, request: Json) -> Json:
        """Configurations, filtered, sorted and paged."""
        with self._store.lock:
            found = self._store.at(call.place).of(EndpointConfig).values()
            shown, more = select(found, request, default_size=_PER_PAGE, from_creation=True)
        configs = [
            {"EndpointConfigName": one.name, "EndpointConfigArn": one.arn, "CreationTime": one.created} for one in shown
        ]
        return {"EndpointConfigs": configs, **more}


def _problems(request: Json) -> Iterator[str]:
    variants = request["ProductionVariants"]
    for member in _NOT_OFFERED:
        if member in request:
            yield f"The rehearsal offers no {member}"
    for name, count in Counter(variant["VariantName"] for variant in variants).items():
        if count > 1:
            yield f"There are {count} variants with the name {name}"
    for variant in variants:
        yield from _variant_problems(variant)
    if any("ModelName" not in variant for variant in variants):
        yield "The rehearsal offers no inference components: each variant needs a ModelName"
    if any("ServerlessConfig" in variant for variant in variants):
        if len(variants) > 1:
            yield "Serverless inference supports one production variant only"
        for member in _NOT_SERVERLESS:
            if request.get(member):
                yield f"Serverless inference does not support {member}"
    if "AsyncInferenceConfig" in request and not request["AsyncInferenceConfig"]["OutputConfig"].get("S3OutputPath"):
        # The API's model does not require it; what AWS does without one is unverified.
        yield "The rehearsal needs an S3OutputPath in AsyncInferenceConfig.OutputConfig"


def _variant_problems(variant: Json) -> Iterator[str]:
    name, serverless = variant["VariantName"], variant.get("ServerlessConfig")
    if serverless is None:
        if "InstanceType" not in variant and "InstancePools" not in variant:
            yield f"Variant {name} needs an InstanceType or a ServerlessConfig"
        return
    if given := [member for member in _OF_INSTANCES if member in variant]:
        yield f"Variant {name} has a ServerlessConfig, so it can not have {', '.join(given)}"
    if serverless["MemorySizeInMB"] % _MEMORY_STEP:
        yield f"MemorySizeInMB of variant {name} must be a multiple of {_MEMORY_STEP}"
    if serverless.get("ProvisionedConcurrency", 0) > serverless["MaxConcurrency"]:
        yield f"ProvisionedConcurrency of variant {name} must be less than or equal to its MaxConcurrency"
