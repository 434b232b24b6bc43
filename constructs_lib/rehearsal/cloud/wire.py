"""An API of JSON 1.1: a request is checked by botocore's model, done, and its answer checked as well."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from constructs_lib.rehearsal.cloud import condition_keys
from constructs_lib.rehearsal.cloud.calls import Call, Operation
from constructs_lib.rehearsal.cloud.errors import InternalError, SerializationError, ServiceError, UnknownOperationError
from constructs_lib.rehearsal.cloud.ministack import ministack
from constructs_lib.rehearsal.cloud.ministack.ministack import Answer
from constructs_lib.rehearsal.cloud.model import check_request, response_problems
from constructs_lib.rehearsal.cloud.store import Json, Place

logger = logging.getLogger(__name__)


class JsonApi:
    """The operations of one API by their names."""

    def __init__(self, service: str, target_prefix: str, operations: Mapping[str, Operation]) -> None:
        """Make an API.

        Args:
            service: What botocore calls the service.
            target_prefix: What stands before the operation in the header `X-Amz-Target`.
            operations: What does them.
        """
        self._service = service
        self._prefix = target_prefix
        self.operations = operations

    def operation(self, headers: Mapping[str, str]) -> str:
        """The operation that a request names; empty when it names none."""
        return headers.get("x-amz-target", "").removeprefix(self._prefix)

    def context(self, operation: str, body: bytes) -> condition_keys.Context:
        """The service's own keys that policies can test of a request."""
        if operation not in condition_keys.KEYS[self._service]:
            return {}
        return condition_keys.of_request(self._service, operation, members(body), here())

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Do what a request asks."""
        return guarded(self.operation(headers) or path, lambda: self._answer(path, headers, body))

    def _answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        operation = self.operation(headers)
        if operation not in self.operations:
            raise UnknownOperationError(f"The rehearsal does not offer {operation or path}")
        try:
            request = json.loads(body or b"{}")
        except ValueError:
            raise SerializationError("The body is no JSON") from None
        check_request(operation, request, self._service)
        request = _without_nulls(request)
        response = self.operations[operation](self._call(headers, operation, request), request)
        problems = response_problems(operation, response, self._service)
        if problems:
            raise InternalError(f"The rehearsal's answer to {operation} is wrong: {'; '.join(problems)}")
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(response).encode()

    def _call(self, headers: Mapping[str, str], operation: str, request: Json) -> Call:
        place = here()
        keys = condition_keys.of_request(self._service, operation, request, place)
        return Call(ministack.Caller.of(headers), place, operation, {**condition_keys.of_tags(request), **keys})


def guarded(what: str, answer: Callable[[], Answer]) -> Answer:
    """An answer, or the error that came instead in the wire format."""
    try:
        return answer()
    except ServiceError as error:
        return ministack.json_error(error.code, error.message, error.status, **error.members)
    except Exception as error:
        logger.exception("%s", what)
        return ministack.json_error(InternalError.code, f"{type(error).__name__}: {error}", InternalError.status)


def here() -> Place:
    """Account and region of the request that is being served."""
    return Place(ministack.account(), ministack.region())


def members(body: bytes) -> Json:
    """The members of a request whose body may be anything."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
