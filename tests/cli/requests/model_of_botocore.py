"""The members of the two calls, from botocore's model: `python -m tests.cli.requests.model_of_botocore` writes them."""

import json
from pathlib import Path
from typing import Any

from botocore.model import ListShape, MapShape, StructureShape
from botocore.model import Shape as BotocoreShape

from ...api.botocore_model import input_of

FILE = Path(__file__).parents[3] / "constructs_lib" / "cli" / "requests" / "model.json"


def model() -> dict[str, Any]:
    return {name: _described(input_of(name)) for name in ("CreateAutoMLJob", "CreateAutoMLJobV2")}


def text() -> str:
    return json.dumps(model(), indent=1) + "\n"


def _described(shape: BotocoreShape) -> dict[str, Any]:
    """What the CLI knows of a shape; maxima and patterns are the service's alone."""
    said: dict[str, Any] = {"type": shape.type_name}
    if isinstance(shape, StructureShape):
        said["members"] = {name: _described(member) for name, member in shape.members.items()}
        if shape.required_members:
            said["required"] = shape.required_members
        if shape.is_tagged_union:
            said["union"] = True
    elif isinstance(shape, ListShape):
        said["item"] = _described(shape.member)
    elif isinstance(shape, MapShape):
        said["key"], said["item"] = _described(shape.key), _described(shape.value)
    if shape.metadata.get("min") is not None:
        said["min"] = shape.metadata["min"]
    if getattr(shape, "enum", None):
        said["enum"] = list(shape.metadata["enum"])
    return said


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
