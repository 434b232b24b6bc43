"""What endpoints in service answer, at once or by way of S3.

Sources: botocore's documentation of the runtime, and the Developer Guide, "Asynchronous inference". The names of
failure objects and the shape of the notices are as AWS's pages show them: unverified. What a model's error and a target
model that is none are answered with is what clients were seen to get.
"""

import base64
import contextlib
import datetime as dt
import json
import logging
import random
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory

from constructs_lib.rehearsal.cloud import background
from constructs_lib.rehearsal.cloud.as_role import AsRole, Denied, S3Location
from constructs_lib.rehearsal.cloud.errors import ModelError, ValidationError
from constructs_lib.rehearsal.cloud.hosting.capture import Exchange
from constructs_lib.rehearsal.cloud.hosting.endpoint import Endpoint
from constructs_lib.rehearsal.cloud.hosting.fleet import Fleet, Variant
from constructs_lib.rehearsal.cloud.model import check_request, of_http
from constructs_lib.rehearsal.cloud.store import Json, Place, Store

logger = logging.getLogger(__name__)
_CSV = "text/csv"
_HEADER = "x-amzn-sagemaker-"
_RUNTIME = "sagemaker-runtime"
_NOT_PLAIN = {
    "TargetModel": "is not a multi-model endpoint and does not support target model header.",
    # Unverified, in the manner of the sentence above.
    "TargetContainerHostname": "is not a multi-container endpoint and does not support target container header.",
    "InferenceComponentName": "has no inference components and does not support inference component header.",
    "EnableExplanations": "has no explainer and does not support enable explanations header.",
    "SessionId": "is not stateful and does not support session id header.",
    "PrefixAwareId": "has no prefix aware routing and does not support prefix aware id header.",
}
"""The members of a request that are for other kinds of endpoints, and what one is told who sends them to ours."""

_LONGEST_IN_NOTICE = 128 * 1024


@dataclass(frozen=True)
class Reply:
    """An answer of the runtime: status, headers and body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Invocations:
    """Asks the models behind endpoints."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def at_once(self, place: Place, name: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The answer of `InvokeEndpoint`.

        Raises:
            ValidationError: No such endpoint is in service, or it is an asynchronous one.
            ModelError: The model refuses the request, or failed.
        """
        request = of_http("InvokeEndpoint", {"EndpointName": name}, headers, body, _RUNTIME)
        check_request("InvokeEndpoint", request, _RUNTIME)
        with self._fleet(place, name) as fleet:
            return _answered(fleet, place, request)

    def later(self, place: Place, name: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The answer of `InvokeEndpointAsync`; the model is asked afterwards.

        Raises:
            ValidationError: No such asynchronous endpoint is in service.
        """
        request = of_http("InvokeEndpointAsync", {"EndpointName": name}, headers, body, _RUNTIME)
        check_request("InvokeEndpointAsync", request, _RUNTIME)
        with self._fleet(place, name) as fleet:
            config = fleet.config.request.get("AsyncInferenceConfig")
            if config is None:
                raise ValidationError(f"Endpoint {name} is not asynchronous: it is invoked with InvokeEndpoint")
            if ("InputLocation" in request) == bool(body):
                raise ValidationError("An asynchronous invocation needs either an InputLocation or a body")
            fleet.enter()  # and leaves when the invocation is done
        later = _Later(
            endpoint=name,
            fleet=fleet,
            variant=fleet.any_variant(),
            output=config["OutputConfig"],
            request=request,
            body=body,
            inference_id=request.get("InferenceId") or str(uuid.uuid4()),
            folder=self._folder,
            received=_now(),
        )
        background.start(f"invocation-{later.inference_id}", later.run)
        answer = {"content-type": "application/json", f"{_HEADER}outputlocation": later.result.uri}
        if later.failure is not None:
            answer[f"{_HEADER}failurelocation"] = later.failure.uri
        return Reply(202, answer, json.dumps({"InferenceId": later.inference_id}).encode())

    @contextlib.contextmanager
    def _fleet(self, place: Place, name: str) -> Iterator[Fleet]:
        """The fleet that answers this request: the old one, or in its share the one that arrives."""
        with self._store.lock:
            endpoint = self._store.at(place).of(Endpoint).get(name.lower())
            fleet = None if endpoint is None else endpoint.fleet
            if endpoint is not None and endpoint.arriving is not None:
                fleet = endpoint.arriving if random.random() < endpoint.share else fleet  # noqa: S311 - traffic
            if fleet is None:
                raise ValidationError(f"Endpoint {name} of account {place.account} not found.")
            fleet.enter()
        try:
            yield fleet
        finally:
            fleet.leave()


def _answered(fleet: Fleet, place: Place, request: Json) -> Reply:
    name, body, content_type = request["EndpointName"], request["Body"], request.get("ContentType", _CSV)
    if "AsyncInferenceConfig" in fleet.config.request:
        raise ValidationError(f"Endpoint {name} is asynchronous: it is invoked with InvokeEndpointAsync")
    for member, told in _NOT_PLAIN.items():
        if member in request:
            raise ValidationError(f"Endpoint {name} {told}")
    variant = _chosen(fleet, name, request.get("TargetVariant"))
    try:
        answer, answer_type = variant.serving.predict(body, content_type, request.get("Accept", ""))
    except ValueError as error:
        raise _model_error(place, name, 400, str(error)) from None
    except RuntimeError as error:
        raise _model_error(place, name, 500, str(error)) from None
    if fleet.capture is not None:
        exchange = Exchange(
            body=body,
            content_type=content_type,
            answer=answer,
            answer_type=answer_type,
            inference_id=request.get("InferenceId"),
        )
        fleet.capture.record(variant.name, variant.serving.role, exchange)
    # In lower case, or MiniStack takes the model's JSON for the envelope of an API and calls it so.
    return Reply(200, {"content-type": answer_type, "x-amzn-invoked-production-variant": variant.name}, answer)


def _model_error(place: Place, endpoint: str, status: int, message: str) -> ModelError:
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    console = f"https://{place.region}.console.aws.amazon.com/cloudwatch/home?region={place.region}"
    told = (
        f"{_from_model(status, message)}. See {console}#logEventViewer:group={group} in account {place.account} for "
        "more information."
    )
    stream = f"arn:aws:logs:{place.region}:{place.account}:log-group:{group}"
    return ModelError(told, Message=told, OriginalStatusCode=status, OriginalMessage=message, LogStreamArn=stream)


def _from_model(status: int, message: str) -> str:
    kind = "client" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "server"
    return f'Received {kind} error ({status}) from primary with message "{message}"'


def _chosen(fleet: Fleet, endpoint: str, target: str | None) -> Variant:
    if target is None:
        return fleet.any_variant()
    if target not in fleet.variants:
        raise ValidationError(f"Variant {target} of endpoint {endpoint} not found.")
    return fleet.variants[target]


@dataclass(frozen=True, kw_only=True)
class _Later:
    """One asynchronous invocation."""

    endpoint: str
    fleet: Fleet
    variant: Variant
    output: Json
    """The `OutputConfig`."""

    request: Json
    body: bytes
    inference_id: str
    folder: Path
    received: str

    @property
    def result(self) -> S3Location:
        """Where the answer goes."""
        extension = self.request.get("S3OutputPathExtension", "")
        name = self.request.get("Filename") or f"{uuid.uuid5(uuid.NAMESPACE_OID, self.inference_id)}.out"
        return S3Location.parse(self.output["S3OutputPath"]).joined(*extension.split("/"), name)

    @property
    def failure(self) -> S3Location | None:
        """Where the reason of a failure goes, if the configuration says so."""
        path = self.output.get("S3FailurePath")
        return path and S3Location.parse(path).joined(
            f"{self.result.key.rpartition('/')[2].removesuffix('.out')}-error.out"
        )

    def run(self) -> None:
        """Ask the model as its role, write the answer and tell the topics."""
        try:
            self._run()
        finally:
            self.fleet.leave()

    def _run(self) -> None:
        role = self.variant.serving.role
        try:
            body = self._input(role)
            content_type, accept = self.request.get("ContentType", _CSV), self.request.get("Accept", "")
            answer, answer_type = self.variant.serving.predict(body, content_type, accept)
            role.upload(answer, self.result, self.output.get("KmsKeyId"), ContentType=answer_type)
        except Denied as error:
            self._fail(role, f"ClientError: {error}")
        except ValueError as error:
            self._fail(role, f"ClientError: {_from_model(400, str(error))}")
        except Exception as error:
            if not isinstance(error, RuntimeError):
                logger.exception("invocation %s", self.inference_id)
            self._fail(role, f"InternalServerError: {error}")
        else:
            more = {"responseParameters": {"contentType": answer_type, "outputLocation": self.result.uri}}
            self._tell(role, "Success", more, answer)

    def _input(self, role: AsRole) -> bytes:
        location = self.request.get("InputLocation")
        if location is None:
            return self.body
        with TemporaryDirectory(prefix="input-", dir=self.folder) as folder:
            return role.download(S3Location.parse(location), Path(folder) / "input").read_bytes()

    def _fail(self, role: AsRole, reason: str) -> None:
        logger.warning("invocation %s of endpoint %s: %s", self.inference_id, self.endpoint, reason)
        if self.failure is not None:
            try:
                role.upload(reason.encode(), self.failure, self.output.get("KmsKeyId"))
            except Denied as error:
                logger.warning("invocation %s could not write its failure: %s", self.inference_id, error)
        self._tell(role, "Error", {"failureReason": reason}, reason.encode())

    def _tell(self, role: AsRole, kind: str, more: Json, response: bytes) -> None:
        config = self.output.get("NotificationConfig", {})
        topic = config.get(f"{kind}Topic")
        if topic is None:
            return
        notice: Json = {
            "awsRegion": role.place.region,
            "eventTime": _now(),
            "receivedTime": self.received,
            "invocationStatus": "Completed" if kind == "Success" else "Failed",
            "requestParameters": {
                "accept": self.request.get("Accept", _CSV),
                "contentType": self.request.get("ContentType", _CSV),
                "endpointName": self.endpoint,
                "inputLocation": self.request.get("InputLocation", ""),
            },
            "inferenceId": self.inference_id,
            "eventVersion": "1.0",
            "eventSource": "aws:sagemaker",
            "eventName": "InferenceResult",
            **more,
        }
        included = f"{kind.upper()}_NOTIFICATION_TOPIC" in config.get("IncludeInferenceResponseIn", ())
        if included and len(response) <= _LONGEST_IN_NOTICE:
            notice["responseBody"] = {"content": base64.b64encode(response).decode(), "encoding": "BASE64"}
        try:
            sns = role.client("sns")
            role.call("sns:Publish", topic, lambda: sns.publish(TopicArn=topic, Message=json.dumps(notice)))
        except Denied as error:
            logger.warning("invocation %s told nobody: %s", self.inference_id, error)


def _now() -> str:
    time = dt.datetime.now(dt.UTC)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"
