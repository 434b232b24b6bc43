"""What a document is that was given as a request: one of the two calls' requests, or something that looks like one."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from .fields import entry, listed, tree_of
from .request import CreateAutoMLJob, CreateAutoMLJobV2

_MEMBERS: Final = {kind: frozenset(tree_of(kind).members) for kind in (CreateAutoMLJob, CreateAutoMLJobV2)}

_OF_ANSWERS: Final = (
    "AutoMLJobArn",
    "AutoMLJobSecondaryStatus",
    "AutoMLJobStatus",
    "AutoMLJobArtifacts",
    "BestCandidate",
    "CreationTime",
    "EndTime",
    "FailureReason",
    "LastModifiedTime",
    "ModelDeployResult",
    "PartialFailureReasons",
    "ResolvedAttributes",
    "ResponseMetadata",
)
"""What the answer of a describe call has, and no request."""


class Recognised(StrEnum):
    """What a document is."""

    V1 = "a CreateAutoMLJob request"
    V2 = "a CreateAutoMLJobV2 request"
    V1_ANSWER = "the answer of describe-auto-ml-job"
    V2_ANSWER = "the answer of describe-auto-ml-job-v2"
    UNKNOWN = "neither"


def recognised(document: Mapping[Any, Any]) -> Recognised:
    """What a document is, by the members that only one of the calls has."""
    names = {str(name) for name in document}
    v1, v2 = _MEMBERS[CreateAutoMLJob], _MEMBERS[CreateAutoMLJobV2]
    own_v1, own_v2 = len(names & (v1 - v2)), len(names & (v2 - v1))
    if not names & (v1 | v2):
        return Recognised.UNKNOWN
    is_v2 = own_v2 > own_v1
    if names & set(_OF_ANSWERS):
        return Recognised.V2_ANSWER if is_v2 else Recognised.V1_ANSWER
    return Recognised.V2 if is_v2 else Recognised.V1


def mistaken_for(document: Mapping[Any, Any], wanted: type[CreateAutoMLJob] | type[CreateAutoMLJobV2]) -> str | None:
    """What a document is instead of a request of a call, with the way out; None: nothing says so.

    Args:
        document: What was given.
        wanted: The request that was asked for.
    """
    kind = recognised(document)
    call = "V2" if wanted is CreateAutoMLJobV2 else "V1"
    if kind in (Recognised.V1_ANSWER, Recognised.V2_ANSWER):
        extra = [name for name in document if name in _OF_ANSWERS]
        told = f"it is {kind}, not a request: leave out {listed(extra)}"
        if (kind is Recognised.V2_ANSWER) == (wanted is CreateAutoMLJobV2):
            return told
        return f"{told}; what is left is a request for {'V2' if kind is Recognised.V2_ANSWER else 'V1'}, not {call}"
    if kind is Recognised.V2 and wanted is CreateAutoMLJob:
        own = listed(_own(document, kind))
        return f"it is {kind} (it has {own}): use AutoMLJobV2.from_request, or create-auto-ml-job-v2"
    if kind is Recognised.V1 and wanted is CreateAutoMLJobV2 and _own(document, kind):
        return (
            f"it is {kind} (it has {listed(_own(document, kind))}): use AutoMLJobV2.from_v1_request, or turn it into "
            "one of V2 with `automl v2`"
        )
    return None


def not_a_request(document: Mapping[Any, Any], wanted: type[CreateAutoMLJob] | type[CreateAutoMLJobV2]) -> list[str]:
    """Why a document is no request of a call but something else: sentences; none where nothing says so.

    Args:
        document: What was given.
        wanted: The request that was asked for.
    """
    mistaken = mistaken_for(document, wanted)
    if mistaken is not None:
        return [mistaken]
    left = [f"'{path}' {text}" for path, text in leftovers(document)]
    return ["it is a skeleton that nobody has filled in", *left] if len(left) >= _MANY_LEFTOVERS else []


_MANY_LEFTOVERS: Final = 3
"""Empty members of which somebody would have seen one."""

YAML_SUFFIXES: Final = (".yaml", ".yml")


def is_yaml(text: str) -> bool:
    """Whether text that is no JSON begins as a request in YAML does: `AutoMLJobName: churn`."""
    return re.match(r"(\s*#.*\n|---.*\n|\s*\n)*[A-Z]\w*:(\s|$)", text) is not None


def _own(document: Mapping[Any, Any], kind: Recognised) -> list[str]:
    """The members that only this call has."""
    v1, v2 = _MEMBERS[CreateAutoMLJob], _MEMBERS[CreateAutoMLJobV2]
    own = v2 - v1 if kind is Recognised.V2 else v1 - v2
    return [name for name in document if name in own]


PLACEHOLDERS: Final = ("required", "optional")
"""What the key of an object begins with that stands in a skeleton of ours where a value belongs; it holds a list."""

_KEY_NAME: Final = "KeyName"
"""What the AWS CLI's skeleton calls the only entry of a map."""


_DEEPEST: Final = 30
"""Levels, of which no request has so many."""


def leftovers(document: object, path: str = "") -> Iterator[tuple[str, str]]:
    """What of a skeleton nobody has filled in: each path, with what stands there.

    An empty value of a tag is sound, and so is taken for one.
    """
    if path.count(".") + path.count("[") > _DEEPEST:
        return
    if isinstance(document, Mapping):
        if _is_placeholder(document):
            yield (
                path,
                "is still the placeholder of `automl skeleton`: put a value in its place or leave the member out",
            )
            return
        for key, value in document.items():
            own = f"{path}.{key}" if path else str(key)
            if key == _KEY_NAME:
                yield entry(path, key), "is still the entry of the CLI's skeleton: name what it is for or leave it out"
            elif not (key == "Value" and value == "" and path.startswith("Tags[")):
                yield from leftovers(value, own)
    elif isinstance(document, (list, tuple)):
        for index, item in enumerate(document):
            yield from leftovers(item, f"{path}[{index}]")
    elif document == "":
        yield path, "is empty, as in a skeleton that nobody has filled in: give a value or leave the member out"


def _is_placeholder(document: Mapping[Any, Any]) -> bool:
    return len(document) == 1 and all(
        str(key).startswith(PLACEHOLDERS) and isinstance(value, list) for key, value in document.items()
    )
