"""What the AWS CLI checks in a request before it sends it; all else is the service's to refuse, or ours."""

import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ...api.fields import Limits, described, entry, hint, listed
from .model import Member

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "structure": (dict,),
    "list": (list, tuple),
    "map": (dict,),
    "string": (str,),
    "integer": (int,),
    "float": (int, float),
    "boolean": (bool,),
}

WORDS: Final = {
    "structure": "an object",
    "list": "a list",
    "map": "an object",
    "string": "text",
    "integer": "a whole number",
    "float": "a number",
    "boolean": "true or false",
}


_NUMBER_OR_TRUTH: Final = re.compile(r"[-+]?\d+(\.\d+)?|true|false", re.IGNORECASE)


@dataclass
class Judged:
    """A request, and what the client refuses of it."""

    sound: dict[str, Any] = field(default_factory=dict)
    """The request without what is unknown or of a wrong type."""

    refused: dict[str, list[str]] = field(default_factory=dict)
    """By the path of the member: sentences about it."""


def judge(request: Member, document: Mapping[Any, Any]) -> Judged:
    """Judge a request as the client does: all at once.

    Args:
        request: What the call takes.
        document: The request.
    """
    judged = Judged()
    judged.sound = _Judge(judged.refused).structure(request, document, "")
    return judged


class _NotSoundError(Exception):
    """A value of a wrong type, of which there is nothing more to say."""


class _Judge:
    def __init__(self, refused: dict[str, list[str]]) -> None:
        self._refused = refused

    def _refuse(self, path: str, text: str) -> None:
        self._refused.setdefault(path, []).append(f"'{path}' {text}" if path else f"the request {text}")

    def value(self, member: Member, value: Any, path: str) -> Any:
        """The value as far as it is sound.

        Raises:
            _NotSoundError: nothing of it is.
        """
        if not isinstance(value, _TYPES[member.type]):
            self._refuse(path, f"must be {WORDS[member.type]}, got {_got(value, member)}")
            raise _NotSoundError
        sound: Any = value
        if member.type == "structure":
            return self.structure(member, sound, path)
        if member.type == "map":
            return self._map(member, sound, path)
        if member.type == "float" and isinstance(value, int) and abs(value) > sys.float_info.max:
            self._refuse(path, f"must be a number, got {described(value)}: int too large to convert to float")
            raise _NotSoundError
        if member.min is not None and not (isinstance(value, float) and math.isnan(value)):
            for text in _minimum(member).problems(value):
                self._refuse(path, text)
        if member.type == "list":
            return list(self._items(member, sound, path))
        return value

    def structure(self, member: Member, value: Mapping[Any, Any], path: str) -> dict[str, Any]:
        if member.union and len(value) != 1:
            got = listed(value) if value else "none"
            self._refuse(path, f"must have exactly one of {listed(member.members)}, got {got}")
        for name in member.required:
            if name not in value:
                self._refuse(_joined(path, name), "is required")
        sound = {}
        for key, item in value.items():
            own = _joined(path, str(key))
            if key not in member.members:
                known = f", which has {', '.join(member.members)}"
                self._refuse(
                    own, f"is not a member of {path or 'the request'}{hint(str(key), member.members) or known}"
                )
                continue
            try:
                sound[key] = self.value(member.members[key], item, own)
            except _NotSoundError:
                continue
        return sound

    def _items(self, member: Member, value: list[Any], path: str) -> Iterator[Any]:
        for index, item in enumerate(value):
            try:
                yield self.value(member.held, item, f"{path}[{index}]")
            except _NotSoundError:
                continue

    def _map(self, member: Member, value: Mapping[Any, Any], path: str) -> dict[str, Any]:
        sound = {}
        for key, item in value.items():
            own = entry(path, key)
            if not isinstance(key, str):
                self._refuse(own, f"has a key that must be text, got {described(key)}: put it in quotes")
                continue
            if member.key is not None and member.key.min is not None:
                for text in _minimum(member.key).problems(key):
                    self._refuse(own, f"has a key that {text}")
            try:
                sound[key] = self.value(member.held, item, own)
            except _NotSoundError:
                continue
        return sound


def _minimum(member: Member) -> Limits:
    length = None if member.min is None else int(member.min)
    return Limits(at_least=member.min, min_length=length, min_items=length)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _got(value: Any, member: Member) -> str:
    """A value of a wrong type, and the way out."""
    if value is None:
        return "null: give a value or leave the member out"
    told = described(value)
    if member.type == "string" and isinstance(value, (int, float)):
        return f"{told}: put it in quotes"
    if member.type == "string" and hasattr(value, "isoformat"):
        return f"{told}: YAML takes it for a date, put it in quotes"
    if member.type == "string" and isinstance(value, list):
        return f"{told}: in shorthand a comma makes a list, so quote text with a comma in it"
    if isinstance(value, str) and _NUMBER_OR_TRUTH.fullmatch(value) and member.is_scalar:
        return f"{told}: documents convert nothing, write it without quotes"
    return told


def sent(value: Any) -> Any:
    """The body that a sound request becomes: what is no number in JSON is sent as text."""
    if isinstance(value, dict):
        return {key: sent(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [sent(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
