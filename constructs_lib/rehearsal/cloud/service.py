"""The SageMaker service on the wire: JSON 1.1 for the API, plain HTTP for invocations."""

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from constructs_lib.rehearsal.cloud import ministack
from constructs_lib.rehearsal.cloud.automl import AutoML, Call, Operation, Tags
from constructs_lib.rehearsal.cloud.connection import Connection
from constructs_lib.rehearsal.cloud.errors import InternalError, SerializationError, ServiceError, UnknownOperationError
from constructs_lib.rehearsal.cloud.execution import Runner
from constructs_lib.rehearsal.cloud.hosting import Hosting
from constructs_lib.rehearsal.cloud.ministack import Answer
from constructs_lib.rehearsal.cloud.model import check_request, response_problems
from constructs_lib.rehearsal.cloud.settings import Settings
from constructs_lib.rehearsal.cloud.store import Place, Store

logger = logging.getLogger(__name__)

_INVOCATION = re.compile(r"/endpoints/([^/]+)/(async-)?invocations")
_NAMED = {
    "AutoMLJobName": "automl-job",
    "ModelName": "model",
    "EndpointName": "endpoint",
    "EndpointConfigName": "endpoint-config",
}
"""The member that names the resource of a call, first one wins, with the resource's type in ARNs."""

_WITHOUT_RESOURCE = frozenset({"ListCandidatesForAutoMLJob"})
"""Operations that IAM can not scope although they name a resource (Service Authorization Reference)."""


class SageMaker:
    """The service as MiniStack calls it."""

    def __init__(self, settings: Settings, connection: Connection) -> None:
        store = Store()
        work = settings.work
        work.mkdir(exist_ok=True)
        self._store = store
        self._runner = Runner(store, connection, folder=work, training=settings.training)
        self._hosting = Hosting(store, connection, folder=work, training=settings.training)
        self._operations: dict[str, Operation] = {
            **AutoML(store, self._runner.start, concurrent_jobs=settings.concurrent_jobs).operations,
            **Tags(store).operations,
            **self._hosting.operations,
        }

    @property
    def offered(self) -> list[str]:
        """The names of the operations."""
        return sorted(self._operations)

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        """Answer one request. The thread keeps the event loop free for the requests this one makes."""
        del method, query
        return await asyncio.to_thread(self._answer, path, headers, body)

    def tagged_resources(self) -> list[tuple[str, list[dict[str, str]]]]:
        """Each ARN with its tags, for `aws:ResourceTag` in policies."""
        return [(resource.arn, resource.tag_list) for resource in self._store.everything()]

    def stop(self, timeout: float) -> None:
        """End everything that trains or serves."""
        self._hosting.stop()
        self._runner.stop(timeout)

    def _answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        operation = _operation(headers)
        try:
            if invocation := _INVOCATION.fullmatch(path):
                return self._invoke(unquote(invocation.group(1)), headers, body, later=bool(invocation.group(2)))
            return _json_answer(self._do(operation, path, headers, body))
        except ServiceError as error:
            return ministack.json_error(error.code, error.message, error.status)
        except Exception as error:
            logger.exception("%s", operation or path)
            return ministack.json_error(InternalError.code, f"{type(error).__name__}: {error}", InternalError.status)

    def _do(self, operation: str, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        if operation not in self._operations:
            raise UnknownOperationError(f"The rehearsal does not offer {operation or path}")
        try:
            request = json.loads(body or b"{}")
        except ValueError:
            raise SerializationError("The body is no JSON") from None
        check_request(operation, request)
        request = _without_nulls(request)
        call = Call(ministack.Caller.of(headers), Place(ministack.account(), ministack.region()))
        response = self._operations[operation](call, request)
        problems = response_problems(operation, response)
        if problems:
            raise InternalError(f"The rehearsal's answer to {operation} is wrong: {'; '.join(problems)}")
        return response

    def _invoke(self, endpoint: str, headers: Mapping[str, str], body: bytes, *, later: bool) -> Answer:
        place = Place(ministack.account(), ministack.region())
        invocations = self._hosting.invocations
        reply = (invocations.later if later else invocations.at_once)(place, endpoint, headers, body)
        return reply.status, reply.headers, reply.body


def resource_arn(method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
    """The resource that IAM asks about for a request, `*` when it names none."""
    del method
    place = Place(ministack.account(), ministack.region())
    if invocation := _INVOCATION.fullmatch(path):
        return place.arn("endpoint", unquote(invocation.group(1)))
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return "*"
    if not isinstance(request, dict) or _operation(headers) in _WITHOUT_RESOURCE:
        return "*"
    if isinstance(request.get("ResourceArn"), str):
        return str(request["ResourceArn"]).lower()
    for member, kind in _NAMED.items():
        if isinstance(request.get(member), str):
            return place.arn(kind, request[member])
    return "*"


def _operation(headers: Mapping[str, str]) -> str:
    return headers.get("x-amz-target", "").removeprefix("SageMaker.")


def _json_answer(response: dict[str, Any]) -> Answer:
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(response).encode()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
