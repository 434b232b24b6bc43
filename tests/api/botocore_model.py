"""botocore's model of the two calls, as it is and with changes planted in it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, StructureShape
from botocore.model import Shape as BotocoreShape

Changes = dict[str, dict[str, Any]]
"""Shapes of the model by name, with what is different about each."""


@cache
def _raw() -> dict[str, Any]:
    loader = botocore.session.get_session().get_component("data_loader")
    raw: dict[str, Any] = loader.load_service_model("sagemaker", "service-2")
    return raw


def service(changes: Changes | None = None) -> ServiceModel:
    shapes = {name: {**_raw()["shapes"][name], **change} for name, change in (changes or {}).items()}
    return ServiceModel({**_raw(), "shapes": {**_raw()["shapes"], **shapes}}, "sagemaker")


def input_of(operation: str, changes: Changes | None = None) -> StructureShape:
    """What a call takes."""
    return service(changes).operation_model(operation).input_shape


def with_new_member(shape: str) -> Changes:
    """A model in which a structure has got one more member, as a newer botocore may have it."""
    return {shape: {"members": {**_raw()["shapes"][shape]["members"], "BrandNew": {"shape": "Boolean"}}}}


def structures(shape: BotocoreShape, path: str = "") -> Iterator[tuple[str, StructureShape]]:
    """All structures inside a shape, each with its path."""
    if isinstance(shape, StructureShape):
        yield path, shape
        for name, member in shape.members.items():
            yield from structures(member, f"{path}.{name}" if path else name)
    elif isinstance(shape, ListShape):
        yield from structures(shape.member, f"{path}[]")
    elif isinstance(shape, MapShape):
        yield from structures(shape.value, f"{path}{{}}")
