"""What CloudFormation's types of resources share: the names they give, and the requests that templates become."""

import secrets
from collections.abc import Callable
from typing import Any

from constructs_lib.rehearsal.cloud.model import service_model
from constructs_lib.rehearsal.cloud.store import Json

_LONGEST_NAME = 63
ClientOf = Callable[[str], Any]


def request_of(operation: str, properties: Json, service: str = "sagemaker") -> Json:
    """The members of an operation's input among the properties of a resource, in the types of the API."""
    shape: Any = service_model(service).operation_model(operation).input_shape
    return {name: value for name, value in _typed(shape, properties).items() if name in shape.members}


def _typed(shape: Any, value: Any) -> Any:
    """A template's value in the types of the API: CloudFormation accepts `"1"` for 1 and `"true"` for true."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return {
            name: _typed(shape.members[name], item) if name in shape.members else item for name, item in value.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_typed(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: _typed(shape.value, item) for name, item in value.items()}
    if shape.type_name in ("integer", "long") and isinstance(value, str):
        return int(value)
    if shape.type_name in ("float", "double") and isinstance(value, str):
        return float(value)
    if shape.type_name == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    if shape.type_name == "string" and not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


def fresh_name(stack_name: str, logical_id: str) -> str:
    """A name for a resource without one."""
    suffix = secrets.token_hex(6)
    return f"{f'{stack_name}-{logical_id}'[: _LONGEST_NAME - len(suffix) - 1]}-{suffix}"
