"""Models, endpoint configurations, endpoints, and the predictions that endpoints in service answer."""

import contextvars
import functools
import logging
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from constructs_lib.rehearsal.cloud import ministack
from constructs_lib.rehearsal.cloud.as_role import AsRole, Denied, S3Location
from constructs_lib.rehearsal.cloud.automl import Call, Operation
from constructs_lib.rehearsal.cloud.connection import Connection
from constructs_lib.rehearsal.cloud.errors import ModelError, ValidationError
from constructs_lib.rehearsal.cloud.store import (
    Endpoint,
    EndpointConfig,
    Json,
    Model,
    Place,
    R,
    Store,
    now,
    select,
    tags_of,
)
from constructs_lib.rehearsal.cloud.training_module import load_training

logger = logging.getLogger(__name__)
_PER_PAGE = 10


class Hosting:
    """The hosting operations of the SageMaker API."""

    def __init__(self, store: Store, connection: Connection, *, folder: Path, training: str) -> None:
        self._store = store
        self._connection = connection
        self._folder = folder
        self._training = training

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations by name."""
        return {
            "CreateModel": self._create_model,
            "DescribeModel": self._describe_model,
            "DeleteModel": self._delete_model,
            "ListModels": self._list_models,
            "CreateEndpointConfig": self._create_config,
            "DescribeEndpointConfig": self._describe_config,
            "DeleteEndpointConfig": self._delete_config,
            "ListEndpointConfigs": self._list_configs,
            "CreateEndpoint": self._create_endpoint,
            "UpdateEndpoint": self._update_endpoint,
            "DescribeEndpoint": self._describe_endpoint,
            "DeleteEndpoint": self._delete_endpoint,
            "ListEndpoints": self._list_endpoints,
        }

    # Models

    def _create_model(self, call: Call, request: Json) -> Json:
        arn = call.place.arn("model", request["ModelName"])
        call.require_tagging(arn, request)
        containers = [
            *request.get("Containers", ()),
            *([request["PrimaryContainer"]] if "PrimaryContainer" in request else ()),
        ]
        if not containers:
            raise ValidationError("A model needs a PrimaryContainer or Containers")
        if role := request.get("ExecutionRoleArn"):
            call.require_passing(role)
            call.require_assumable(role, arn)
        model = Model(name=request["ModelName"], arn=arn, tags=tags_of(request), request=request)
        self._add(self._store.at(call.place).models, model, "model")
        return {"ModelArn": arn}

    def _describe_model(self, call: Call, request: Json) -> Json:
        model = self._model(call.place, request["ModelName"])
        return model.request | {"ModelArn": model.arn, "CreationTime": model.created}

    def _delete_model(self, call: Call, request: Json) -> Json:
        model = self._model(call.place, request["ModelName"])
        with self._store.lock:
            self._store.at(call.place).models.pop(model.name.lower(), None)
        return {}

    def _list_models(self, call: Call, request: Json) -> Json:
        with self._store.lock:
            found, more = select(self._store.at(call.place).models.values(), request, default_size=_PER_PAGE)
        models = [{"ModelName": one.name, "ModelArn": one.arn, "CreationTime": one.created} for one in found]
        return {"Models": models, **more}

    def _model(self, place: Place, name: str) -> Model:
        return _find(self._store.at(place).models, name, place.arn("model", name), "model")

    # Endpoint configurations

    def _create_config(self, call: Call, request: Json) -> Json:
        arn = call.place.arn("endpoint-config", request["EndpointConfigName"])
        call.require_tagging(arn, request)
        for variant in request["ProductionVariants"]:
            if variant.get("ModelName"):
                self._model(call.place, variant["ModelName"])
            if "ServerlessConfig" not in variant and "InstanceType" not in variant:
                raise ValidationError(f"Variant {variant['VariantName']} needs an InstanceType or a ServerlessConfig")
        if any("ModelName" not in variant for variant in request["ProductionVariants"]):
            raise ValidationError("The rehearsal offers no inference components: each variant needs a ModelName")
        if role := request.get("ExecutionRoleArn"):
            call.require_passing(role)
        config = EndpointConfig(name=request["EndpointConfigName"], arn=arn, tags=tags_of(request), request=request)
        self._add(self._store.at(call.place).configs, config, "endpoint configuration")
        return {"EndpointConfigArn": arn}

    def _describe_config(self, call: Call, request: Json) -> Json:
        config = self._config(call.place, request["EndpointConfigName"])
        return config.request | {"EndpointConfigArn": config.arn, "CreationTime": config.created}

    def _delete_config(self, call: Call, request: Json) -> Json:
        config = self._config(call.place, request["EndpointConfigName"])
        with self._store.lock:
            self._store.at(call.place).configs.pop(config.name.lower(), None)
        return {}

    def _list_configs(self, call: Call, request: Json) -> Json:
        with self._store.lock:
            found, more = select(self._store.at(call.place).configs.values(), request, default_size=_PER_PAGE)
        configs = [
            {"EndpointConfigName": one.name, "EndpointConfigArn": one.arn, "CreationTime": one.created} for one in found
        ]
        return {"EndpointConfigs": configs, **more}

    def _config(self, place: Place, name: str) -> EndpointConfig:
        return _find(self._store.at(place).configs, name, place.arn("endpoint-config", name), "endpoint configuration")

    # Endpoints

    def _create_endpoint(self, call: Call, request: Json) -> Json:
        name, config_name = request["EndpointName"], request["EndpointConfigName"]
        arn = call.place.arn("endpoint", name)
        call.require_tagging(arn, request)
        call.caller.require("sagemaker:CreateEndpoint", call.place.arn("endpoint-config", config_name))
        config = self._config(call.place, config_name)
        endpoint = Endpoint(name=name, arn=arn, tags=tags_of(request), request=request, config_name=config_name)
        self._add(self._store.at(call.place).endpoints, endpoint, "endpoint")
        self._in_background(self._bring_up, call.place, endpoint, config)
        return {"EndpointArn": arn}

    def _update_endpoint(self, call: Call, request: Json) -> Json:
        config_name = request["EndpointConfigName"]
        call.caller.require("sagemaker:UpdateEndpoint", call.place.arn("endpoint-config", config_name))
        config = self._config(call.place, config_name)
        with self._store.lock:
            endpoint = self._endpoint(call.place, request["EndpointName"])
            if endpoint.status not in ("InService", "Failed"):
                raise ValidationError(f"Cannot update in-progress endpoint {endpoint.name}: it is {endpoint.status}")
            endpoint.status, endpoint.modified, endpoint.failure_reason = "Updating", now(), None
        self._in_background(self._bring_up, call.place, endpoint, config)
        return {"EndpointArn": endpoint.arn}

    def _describe_endpoint(self, call: Call, request: Json) -> Json:
        with self._store.lock:
            endpoint = self._endpoint(call.place, request["EndpointName"])
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
            if endpoint.servers:
                described["ProductionVariants"] = [{"VariantName": variant} for variant in endpoint.servers]
            return described

    def _delete_endpoint(self, call: Call, request: Json) -> Json:
        with self._store.lock:
            endpoint = self._endpoint(call.place, request["EndpointName"])
            del self._store.at(call.place).endpoints[endpoint.name.lower()]
            endpoint.deleted = True
            servers, endpoint.servers = endpoint.servers, {}
        _stop(servers)
        return {}

    def _list_endpoints(self, call: Call, request: Json) -> Json:
        with self._store.lock:
            found, more = select(self._store.at(call.place).endpoints.values(), request, default_size=_PER_PAGE)
        endpoints = [
            {
                "EndpointName": one.name,
                "EndpointArn": one.arn,
                "EndpointStatus": one.status,
                "CreationTime": one.created,
                "LastModifiedTime": one.modified,
            }
            for one in found
        ]
        return {"Endpoints": endpoints, **more}

    def _endpoint(self, place: Place, name: str) -> Endpoint:
        return _find(self._store.at(place).endpoints, name, place.arn("endpoint", name), "endpoint")

    # Serving

    def invoke(
        self, place: Place, name: str, body: bytes, content_type: str, accept: str, variant: str | None
    ) -> tuple[bytes, str, str]:
        """What the endpoint answers: body, content type, variant."""
        with self._store.lock:
            endpoint = self._store.at(place).endpoints.get(name.lower())
            servers = dict(endpoint.servers) if endpoint is not None else {}
        if not servers:
            raise ValidationError(f"Endpoint {name} of account {place.account} not found.")
        chosen = variant or next(iter(servers))
        if chosen not in servers:
            raise ValidationError(f"Variant {chosen} of endpoint {name} not found.")
        try:
            answer, answer_type = servers[chosen].predict(body, content_type, accept)
        except ValueError as error:
            raise ModelError(f"Received client error (400) from the model with message '{error}'") from None
        return answer, answer_type, chosen

    def stop(self) -> None:
        """Stop every process that serves."""
        for resource in self._store.everything():
            if isinstance(resource, Endpoint):
                _stop(resource.servers)

    def _bring_up(self, place: Place, endpoint: Endpoint, config: EndpointConfig) -> None:
        """Start the configuration's models. On failure an update keeps the old ones, as on AWS."""
        started: dict[str, Any] = {}
        try:
            for variant in config.request["ProductionVariants"]:
                started[variant["VariantName"]] = self._serve(place, variant["ModelName"])
        except Exception as error:
            if not isinstance(error, (Denied, ValidationError, ValueError)):
                logger.exception("endpoint %s", endpoint.name)
            _stop(started)
            with self._store.lock:
                endpoint.status = "InService" if endpoint.servers else "Failed"
                endpoint.failure_reason, endpoint.modified = str(error), now()
            return
        with self._store.lock:
            replaced, endpoint.servers = endpoint.servers, started
            endpoint.status, endpoint.config_name, endpoint.modified = "InService", config.name, now()
            if endpoint.deleted:
                replaced, endpoint.servers = replaced | started, {}
        _stop(replaced)

    def _serve(self, place: Place, model_name: str) -> Any:
        model = self._model(place, model_name)
        container = (model.request.get("Containers") or [model.request.get("PrimaryContainer")])[0]
        role_arn, data = model.request.get("ExecutionRoleArn"), container.get("ModelDataUrl")
        if not role_arn or not data:
            raise ValidationError(f"The model {model_name} needs an ExecutionRoleArn and a ModelDataUrl to be served")
        role = AsRole(role_arn, self._connection, ministack.open_session(role_arn, "SageMaker"), place)
        folder = Path(tempfile.mkdtemp(prefix="model-", dir=self._folder))
        try:
            archive = role.download(S3Location.parse(data), folder / "model.tar.gz")
            return load_training(self._training).Server.start(archive, container.get("Environment", {}))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _in_background(self, work: Callable[..., None], *arguments: Any) -> None:
        run = functools.partial(contextvars.copy_context().run, work, *arguments)
        threading.Thread(target=run, daemon=True).start()

    def _add(self, kind: dict[str, R], resource: R, noun: str) -> None:
        with self._store.lock:
            if resource.name.lower() in kind:
                raise ValidationError(f'Cannot create already existing {noun} "{resource.arn}".')
            kind[resource.name.lower()] = resource


def _find(kind: Mapping[str, R], name: str, arn: str, noun: str) -> R:
    found = kind.get(name.lower())
    if found is None:
        raise ValidationError(f'Could not find {noun} "{arn}".')
    return found


def _stop(servers: Mapping[str, Any]) -> None:
    for server in servers.values():
        server.stop()
