"""The members of the two calls as the AWS CLI knows them: names, order, types, what is required, minima.

`model.json` is botocore's model, cut to what the CLI reads of it; a test holds the two together. The request layer
(`constructs_lib.api`) knows limits and rules; what it does not know is the order of members, which is that of flags.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

V1: Final = "CreateAutoMLJob"
V2: Final = "CreateAutoMLJobV2"

COMMANDS: Final = {"create-auto-ml-job": V1, "create-auto-ml-job-v2": V2}
"""The CLI's commands, with the call that each makes."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """A member of a request, or the request itself."""

    type: str
    """`structure`, `list`, `map`, `string`, `integer`, `float` or `boolean`."""

    members: "Mapping[str, Member]" = field(default_factory=dict)
    """Of a structure, in the model's order."""

    required: tuple[str, ...] = ()
    union: bool = False
    """A structure of which exactly one member is given."""

    item: "Member | None" = None
    """What a list or a map holds."""

    key: "Member | None" = None
    min: float | None = None
    """Of a number, or of the length of text and lists."""

    enum: tuple[str, ...] = ()

    @property
    def held(self) -> "Member":
        """What a list or a map holds.

        Raises:
            TypeError: it is neither.
        """
        if self.item is None:
            raise TypeError(f"a {self.type} holds nothing")
        return self.item

    @property
    def is_scalar(self) -> bool:
        """Whether it is text, a number, or true or false."""
        return self.type not in ("structure", "list", "map")


@cache
def request(call: str) -> Member:
    """What a call takes.

    Args:
        call: `V1` or `V2`.
    """
    read = json.loads(Path(__file__).with_name("model.json").read_text(encoding="utf-8"))
    return _member(read[call])


def _member(said: Mapping[str, Any]) -> Member:
    return Member(
        type=said["type"],
        members={name: _member(member) for name, member in said.get("members", {}).items()},
        required=tuple(said.get("required", ())),
        union=said.get("union", False),
        item=_member(said["item"]) if "item" in said else None,
        key=_member(said["key"]) if "key" in said else None,
        min=said.get("min"),
        enum=tuple(said.get("enum", ())),
    )
