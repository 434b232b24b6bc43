"""All that is wrong with a request: what the AWS CLI refuses, and what the constructs know beyond that."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ...api.enums import S3DataType
from ...api.fields import Words, parse_as_far_as_it_goes
from ...api.recognition import leftovers, mistaken_for
from ...api.request import CreateAutoMLJob, CreateAutoMLJobV2, findings, no_roles, not_s3
from ...api.shapes import Tag, is_of_aws
from . import model, validation
from .model import Member
from .words import Asked

REQUESTS: Final[dict[str, type[CreateAutoMLJob] | type[CreateAutoMLJobV2]]] = {
    request.OPERATION: request for request in (CreateAutoMLJob, CreateAutoMLJobV2)
}

_NAME: Final = "AutoMLJobName"
_NEWLINE: Final = ": a file:// keeps the final newline, take it out of the file"
_ONLY_DEFINITIONS: Final = "GenerateCandidateDefinitionsOnly"


@dataclass(frozen=True)
class Verdict:
    """What becomes of a request."""

    request: dict[str, Any] | None
    """What the CLI would send; None: it refuses, or was asked for something else."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def judge(asked: Asked) -> Verdict:
    """What the CLI would send, and all that is wrong."""
    if asked.call is None:
        return Verdict(None, _lines(asked.refused))
    member = model.request(asked.call)
    try:
        judged = validation.judge(member, asked.request)
        errors, warnings = _beyond(asked, member, judged)
        sent = validation.sent(asked.request) if asked.is_judged else None
    except RecursionError:
        return Verdict(None, _lines([*asked.refused, "the request is nested too deep, or holds itself"]))
    refused = {
        path: texts
        for path, texts in judged.refused.items()
        if not (path in asked.unread and path not in asked.request)
    }
    if not asked.is_judged:
        return Verdict(None, _lines(asked.refused), ["nothing is sent: this only prints"])
    if not asked.sends:
        warnings.append("nothing is sent: --generate-cli-skeleton output only judges the request")
    is_refused = bool(asked.refused or refused)
    return Verdict(sent if asked.sends and not is_refused else None, _lines(errors), _lines(warnings))


def _beyond(asked: Asked, member: Member, judged: validation.Judged) -> tuple[list[str], list[str]]:
    """Errors and warnings, each thing told once: the more there is to say of it, the earlier it is said."""
    request_type = REQUESTS[str(asked.call)]
    told: set[str] = set(asked.unread - asked.request.keys())
    errors = list(asked.refused)
    mistaken = mistaken_for(asked.request, request_type)
    if mistaken is not None:
        errors.append(f"this is no request for {asked.call}: {mistaken}")
        told |= {
            path for path in judged.refused if path in member.required or path.partition(".")[0] not in member.members
        }
    left = dict(leftovers(asked.request))
    errors += [f"'{path}' {text}" for path, text in left.items() if path not in told]
    told |= left.keys()
    for path, texts in judged.refused.items():
        if not _is_told(path, told):
            errors += texts
    if _NAME in judged.refused and _NAME not in asked.request and not asked.refused and _NAME not in told:
        index = errors.index(f"'{_NAME}' is required")
        errors[index] += " by the CLI and boto3 (AutoMLJob.from_request takes a fresh name where there is none)"
    told |= judged.refused.keys()
    told |= {path.rpartition("[")[0] for path in told if path.endswith("]")}  # the list has one item less for us
    shape, malformed = parse_as_far_as_it_goes(request_type, judged.sound)
    found = findings(shape, is_token=lambda _: False, words=Words.WIRE)
    ours = [*malformed, *found.errors]
    named = {path for text in ours for path in _paths(text)}
    of_places = [*not_s3(shape), *no_roles(shape), *_written_where_read(shape), *_reserved(shape)]
    ours += [text for text in of_places if not named & set(_paths(text))]
    if mistaken is None:
        errors += [
            text + (_NEWLINE if re.search(r"\\n'( \(did you mean .*\))?$", text) else "")
            for text in ours
            if not any(_is_told(path, told) for path in _paths(text))
        ]
    doubts = found.warnings.values() if mistaken is None else ()
    warnings = [text for text in doubts if not any(_is_told(path, told) for path in _paths(text))]
    warnings += _looks_chosen(asked.request, member, left)
    return errors, warnings


def _paths(text: str) -> list[str]:
    """The paths that a sentence names."""
    return re.findall(r"'((?:[^'\[]|\[\d+\]|\['[^']*'\])+)'", text)


def _is_told(path: str, told: Iterable[str]) -> bool:
    """Whether something has been said of this member, or of one that it lies in."""
    return bool(path) and any(path == other or path.startswith((f"{other}.", f"{other}[")) for other in told if other)


def _looks_chosen(request: Mapping[str, Any], member: Member, left: Mapping[str, str]) -> Iterator[str]:
    """Values that the CLI's skeleton has put in by itself, in a request that shows signs of one."""
    untouched = dict(_untouched(request, member, "")) if left else {}
    for path, value in untouched.items():
        shown = str(value).lower() if isinstance(value, bool) else repr(value)
        yield f"'{path}' is {shown}, as in the CLI's skeleton: leave it out unless it is meant"
    for path, value in _untouched(request, member, ""):
        if path.endswith(_ONLY_DEFINITIONS) and path not in untouched:
            yield f"'{path}' is {str(value).lower()}: the job only writes notebooks, no model is trained"


_PUT_IN: Final[Mapping[str, tuple[object, ...]]] = {"boolean": (True,), "float": (0,), "integer": (0,)}
"""What the CLI's skeleton has where there is no enumeration."""


def _untouched(value: object, member: Member, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and member.type == "structure":
        for name, item in value.items():
            if name in member.members:
                yield from _untouched(item, member.members[name], f"{path}.{name}" if path else name)
    elif isinstance(value, list) and member.type == "list":
        for index, item in enumerate(value):
            yield from _untouched(item, member.held, f"{path}[{index}]")
    elif (member.type == "boolean") == isinstance(value, bool) and value in _PUT_IN.get(member.type, member.enum[:1]):
        yield path, value


def _lines(texts: Iterable[str]) -> list[str]:
    """Each sentence once, on one line."""
    return list(dict.fromkeys(" ".join(text.split()) if "\n" in text else text for text in texts))


def _written_where_read(request: CreateAutoMLJob | CreateAutoMLJobV2) -> Iterator[str]:
    """An output that lies below what is learned from, as the constructs see it."""
    if not isinstance(request.s3_output_path, str):
        return
    name = [request.job_name] if isinstance(request.job_name, str) else []
    written = f"{'/'.join([request.s3_output_path.rstrip('/'), *name])}/"
    for index, channel in enumerate(request.channels or ()):
        read = channel.s3_uri
        if channel.s3_data_type != S3DataType.S3_PREFIX or not isinstance(read, str):
            continue
        if read.count("/") < _TO_KEY:
            read = f"{read}/"  # the whole bucket
        if written.startswith(read):
            channels = Words.WIRE.name_of(type(request), "training_data").strip("'").removesuffix("[0]")
            output = Words.WIRE.name_of(type(request), "output")
            yield (
                f"{output} lies below '{channels}[{index}]' ({written} below {read}): each training would read it as "
                "data; give another prefix or bucket"
            )


_TO_KEY: Final = 3
"""Slashes of an S3 URI up to its key."""


def _reserved(request: CreateAutoMLJob | CreateAutoMLJobV2) -> Iterator[str]:
    """Tags that AWS keeps for itself."""
    for index, tag in enumerate(request.tags or ()):
        if isinstance(tag, Tag) and isinstance(tag.key, str) and is_of_aws(tag.key):
            yield f"'Tags[{index}].Key' is reserved, got '{tag.key}': AWS keeps what begins with 'aws:' for itself"
