"""Gives a request back the types that CloudFormation took: it hands every number and boolean over as a string."""

import json
import math
from collections.abc import Mapping
from typing import Any

import botocore

from .failure import Failure

Shape = Any
"""A shape of botocore, which carries no types of its own."""


def restore(value: object, shape: Shape, path: str) -> object:
    """Turn a value into what a shape of botocore wants. An empty string stays what it is.

    Raises:
        Failure: It cannot be read as that type, or botocore does not know the field.
    """
    match shape.type_name:
        case "structure":
            return _structure(value, shape, path)
        case "list":
            if not isinstance(value, list):
                raise _unreadable(value, "a list", path)
            return [restore(member, shape.member, f"{path}[{index}]") for index, member in enumerate(value)]
        case "map":
            return {key: restore(item, shape.value, f"{path}.{key}") for key, item in _object(value, path).items()}
        case "string":
            return _string(value, path)
        case "boolean":
            return _boolean(value, path)
        case "integer" | "long":
            return _integer(value, path)
        case "float" | "double":
            return _float(value, path)
        case other:
            raise Failure(
                f"'{path}' has the type {other!r}, which no request could hold when this function was written"
            )


def _structure(value: object, shape: Shape, path: str) -> dict[str, object]:
    members = _object(value, path)
    for name in members:
        if name not in shape.members:
            raise Failure(
                f"'{path}.{name}' is unknown to this function's boto3 (botocore {botocore.__version__}): "
                "it is misspelt, or the function's boto3 is older than the field"
            )
    return {name: restore(member, shape.members[name], f"{path}.{name}") for name, member in members.items()}


def _object(value: object, path: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise _unreadable(value, "an object", path)
    return value


def _string(value: object, path: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise _unreadable(value, "a string", path)


def _boolean(value: object, path: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    raise _unreadable(value, "true or false", path)


def _integer(value: object, path: str) -> int:
    number = read_number(value)
    if number is None or int(number) != number:
        raise _unreadable(value, "a whole number", path)
    return int(number)


def _float(value: object, path: str) -> float:
    number = read_number(value)
    if number is None:
        raise _unreadable(value, "a number", path)
    return float(number)


def read_number(value: object) -> int | float | None:
    """The number that a value is or spells in JSON, as CloudFormation writes it; None if it is none."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    return None


def _unreadable(value: object, wanted: str, path: str) -> Failure:
    return Failure(f"'{path}' must be {wanted}, got {value!r}")
