"""`automl skeleton`: a request to fill in, of which nothing is sent by mistake."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ...api.enums import Compression, Metric
from ...api.fields import Kind, counted, places
from ...api.problem import Problem
from ...api.problem_types import ImageClassification, Tabular, TextClassification, TextGeneration, TimeSeriesForecasting
from ...api.problem_types.text_generation import HYPER_PARAMETERS
from ...api.recognition import PLACEHOLDERS
from . import model
from .judgement import REQUESTS
from .model import Member

FINE: Final = 0
WRONG_CALL: Final = 2

PROBLEMS: Final[dict[str, type[Problem]]] = {
    "tabular": Tabular,
    "image-classification": ImageClassification,
    "text-classification": TextClassification,
    "time-series-forecasting": TimeSeriesForecasting,
    "text-generation": TextGeneration,
}
_CALLS: Final = {"v1": model.V1, "v2": model.V2}
_REQUIRED, _OPTIONAL = PLACEHOLDERS
_SOURCE: Final = "DataSource"
"""What the API lets a channel leave out, which then can train nothing."""


def run(given: argparse.Namespace) -> int:
    """Print the skeleton; returns the exit code."""
    call = _CALLS[given.call]
    problem = PROBLEMS[given.problem or "tabular"]
    wrong = ""
    if call == model.V2 and given.problem is None:
        wrong = f"v2 needs --problem: one of {', '.join(PROBLEMS)}"
    elif call == model.V1 and problem is not Tabular:
        wrong = f"v1 knows tabular problems only: `automl skeleton v2 --problem {given.problem}`"
    if wrong:
        print(f"automl skeleton: {wrong}", file=sys.stderr)  # noqa: T201
        return WRONG_CALL
    print(as_yaml(call, problem) if given.yaml else json.dumps(as_json(call, problem), indent=2))  # noqa: T201
    return FINE


def as_json(call: str, problem: type[Problem]) -> dict[str, Any]:
    """The skeleton with an object in each place, which the CLI refuses there: `{"required": [...]}` or `"optional"`.

    Args:
        call: `model.V1` or `model.V2`.
        problem: What to learn.
    """
    return _Skeleton(call, problem).json()


def as_yaml(call: str, problem: type[Problem]) -> str:
    """The skeleton with what is required, without values, and all else as comments.

    Args:
        call: `model.V1` or `model.V2`.
        problem: What to learn.
    """
    head = [
        f"# A {call} request: {problem.__name__}.",
        "# Give each member marked `required` a value. Take the first `# ` away from what else you want, and from the",
        "# lines above it that it lies in.",
    ]
    return "\n".join([*head, *_Skeleton(call, problem).yaml()])


class _Skeleton:
    def __init__(self, call: str, problem: type[Problem]) -> None:
        self._call = call
        self._problem = problem
        self._kinds = {place.wire: place.field.kind for place in places(REQUESTS[call], problem)}
        unused = {
            "AutoMLComputeConfig": not problem._EMR_SERVERLESS,
            "AutoMLJobObjective": not problem._METRICS,
            "DataSplitConfig": not problem._SPLITS,
        }
        self._unused = {name for name, is_unused in unused.items() if is_unused and call == model.V2}

    # --------------------------------------------------------------------------------------------------------- JSON

    def json(self) -> dict[str, Any]:
        return self._object(model.request(self._call), "", is_given=True)

    def _object(self, member: Member, path: str, *, is_given: bool) -> dict[str, Any]:
        return {
            name: self._place(inner, own, is_given=is_given and is_required, mark=mark)
            for name, inner, own, is_required, mark in self._inner(member, path, is_given=is_given)
        }

    def _place(self, member: Member, path: str, *, is_given: bool, mark: str) -> Any:
        if member.type == "structure":
            return self._object(member, path, is_given=is_given)
        if member.type == "list":
            return [self._place(member.held, f"{path}[0]", is_given=is_given, mark=mark)]
        return {mark or _OPTIONAL: self._choices(member, path) or [self._said(member, path)]}

    # --------------------------------------------------------------------------------------------------------- YAML

    def yaml(self) -> Iterator[str]:
        yield from self._lines(model.request(self._call), "", indent=0, is_given=True)

    def _lines(self, member: Member, path: str, *, indent: int, is_given: bool) -> Iterator[str]:
        for name, inner, own, is_required, mark in self._inner(member, path, is_given=is_given):
            given = is_given and is_required
            yield from self._member_lines(name, inner, own, indent=indent, is_given=given, mark=mark)

    def _item_lines(self, member: Member, path: str, *, indent: int, is_given: bool) -> Iterator[str]:
        """A structure as the item of a list: what is given comes first, for the hyphen stands before it."""
        lines = [
            list(self._member_lines(name, inner, own, indent=indent + 2, is_given=is_given and is_required, mark=mark))
            for name, inner, own, is_required, mark in self._inner(member, path, is_given=is_given)
        ]
        first, *others = [line for block in sorted(lines, key=lambda block: block[0][0] == "#") for line in block]
        lead = "# " if first.startswith("#") else ""
        yield f"{lead}{' ' * indent}- {first[len(lead) + indent + 2 :]}"
        yield from others

    def _member_lines(
        self, name: str, member: Member, path: str, *, indent: int, is_given: bool, mark: str
    ) -> Iterator[str]:
        start = " " * indent + name + ":" if is_given else "# " + " " * indent + name + ":"
        if member.type == "structure":
            inner = list(self._lines(member, path, indent=indent + 2, is_given=is_given))
            if is_given and all(line.startswith("#") for line in inner):
                yield f"{start} {{}}  # take the {{}} away to give members"
            else:
                yield _marked(start, mark)
            yield from inner
        elif member.type == "list" and member.held.type == "structure":
            yield _marked(start, mark)
            yield from self._item_lines(member.held, f"{path}[0]", indent=indent, is_given=is_given)
        else:
            yield f"{start}  # {f'{mark}: ' if mark else ''}{self._described(member, path)}"

    # -------------------------------------------------------------------------------------------------------- words

    def _inner(self, member: Member, path: str, *, is_given: bool) -> Iterator[tuple[str, Member, str, bool, str]]:
        """The members of a structure that the problem has: name, member, path, whether required, and its mark."""
        for name, inner in member.members.items():
            if (member.union and name != self._problem._MEMBER) or (not path and name in self._unused):
                continue
            is_required = name in member.required or member.union or name == _SOURCE
            parent = path.rpartition(".")[2].removesuffix("[0]")
            mark = "" if not is_required else _REQUIRED if is_given else f"{_REQUIRED} where {parent} is given"
            yield name, inner, f"{path}.{name}" if path else name, is_required, mark

    def _described(self, member: Member, path: str) -> str:
        if member.type == "list":
            choices = self._choices(member.held, f"{path}[0]")
            return (
                f"a list of {', '.join(choices)}" if choices else f"a list of {self._said(member.held, f'{path}[0]')}"
            )
        choices = self._choices(member, path)
        return ", ".join(choices) if choices else self._said(member, path)

    def _kind(self, path: str) -> Kind | None:
        kind = self._kinds.get(path)
        if kind is None and path.endswith("[0]"):
            outer = self._kinds.get(path.removesuffix("[0]"))
            return outer.item if outer else None
        return kind

    def _choices(self, member: Member, path: str) -> list[str]:
        """What may stand there for this problem; empty: it is no choice."""
        problem, name = self._problem, path.rpartition(".")[2]
        narrowed: Mapping[str, Sequence[str]] = {
            "S3DataType": problem._S3_DATA_TYPES,
            "ContentType": problem._CONTENT_TYPES,
            "CompressionType": tuple(Compression) if problem._GZIP else (Compression.NONE,),
            "MetricName": [metric for metric in Metric if metric in problem._metrics()],
            "AutoMLAlgorithms[0]": list(dict.fromkeys(one for names in problem._ALGORITHMS.values() for one in names)),
        }
        return [str(choice) for choice in narrowed.get(name, member.enum)]

    def _said(self, member: Member, path: str) -> str:
        """What may stand there, in words."""
        if member.type == "map":
            return self._map_said(member, path)
        words = {"string": "text", "integer": "a whole number", "float": "a number", "boolean": "true or false"}
        said = words[member.type]
        if path.endswith("MaxCandidates") and not self._problem._MANY_CANDIDATES:
            return f"{said}: 1"
        kind = self._kind(path)
        limits = kind.limits.described().replace("`", "") if kind else ""
        return f"{said}, {limits}" if limits else said

    def _map_said(self, member: Member, path: str) -> str:
        if path.endswith("HyperParameters"):
            known = ", ".join(f"{name} ({low:g} to {high:g})" for name, (low, high) in HYPER_PARAMETERS.items())
            return f"by name, each value as text: {known}"
        kind = self._kind(path)
        held = member.held
        if held.type == "map":
            keys = ", ".join(held.key.enum) if held.key else ""
            return f"by column, an object with some of {keys}"
        most = f"; at most {counted(kind.limits.max_items, 'column')}" if kind and kind.limits.max_items else ""
        return f"by column, one of {', '.join(held.enum)}{most}"


def _marked(start: str, mark: str) -> str:
    return f"{start}  # {mark}" if mark else start
