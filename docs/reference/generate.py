#!/usr/bin/env python3
"""Write `limits.md` beside this file: what the library knows of the API, read from the code.

    python docs/reference/generate.py

`tests/api/test_reference.py` fails when the file is not current.
"""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final

from constructs_lib.api.datafile import MIN_TRAINING_ROWS, SUFFIXES
from constructs_lib.api.fields import Kind, Place, Seconds, Shape, places, wire_paths
from constructs_lib.api.request import CreateAutoMLJob
from constructs_lib.api.rules import ALGORITHMS, METRICS, RULES
from constructs_lib.runtime.contract import MAX_TAGS, MAX_USER_TAGS

FILE: Final = Path(__file__).parent / "limits.md"

TYPES: Final = {str: "text", int: "whole number", float: "number", bool: "True or False", Seconds: "`Duration`"}


def rows_of(request: type[Shape]) -> list[Place]:
    """All fields in their order; where several go by one prop, the innermost."""
    innermost = set(wire_paths(request).items())
    return [place for place in places(request) if len(place.props) > 1 or (place.props[0], place.wire) in innermost]


def limits(request: type[CreateAutoMLJob] = CreateAutoMLJob) -> str:
    """The page."""
    return "\n".join(
        [
            f"# Limits of `{request.OPERATION}`",
            "",
            "Generated from `constructs_lib/api` by `python docs/reference/generate.py`; do not edit.",
            "",
            "Each mistake against what stands here is refused when the app is synthesized, all of them at once. "
            "A value that is only known at deploy time is not judged. Props are called as error messages call them; "
            "`validation_data` has the fields of `training_data`.",
            "",
            "## Fields",
            "",
            *_table(
                ("Prop", "API name", "Type", "Limits", "Rules"),
                (
                    (
                        ", ".join(f"`{_any_item(prop)}`" for prop in row.props),
                        f"`{_any_item(row.wire)}`",
                        _type(row.field.kind),
                        _limits(row.field.kind),
                        ", ".join(f"[{rule.name}]({rule.source})" for rule in RULES if {*rule.props} & {*row.props}),
                    )
                    for row in rows_of(request)
                ),
            ),
            "",
            "## Rules between fields",
            "",
            "A warning has the id `cdk-sagemaker-autopilot:<rule>` and can be acknowledged; an error cannot.",
            "",
            *_table(
                ("Rule", "What it holds", "Weight", "Source"),
                (
                    (f"`{rule.name}`", " ".join((rule.check.__doc__ or "").split()), rule.severity, _link(rule.source))
                    for rule in RULES
                ),
            ),
            "",
            "## Metrics by problem type",
            "",
            *_matrix("Problem type", "`objective`", METRICS.items()),
            "",
            "## Algorithms by mode",
            "",
            *_matrix("Mode", "`algorithms`", ALGORITHMS.items()),
            "",
            "## Beside the request",
            "",
            f"- A local training file has at least {MIN_TRAINING_ROWS} rows; a format is told from the name: "
            + ", ".join(f"`{suffix}`" for suffix in SUFFIXES)
            + ".",
            f"- At most {MAX_USER_TAGS} tags of your own: the service takes {MAX_TAGS}, "
            f"and the library sets up to {MAX_TAGS - MAX_USER_TAGS}.",
            "",
        ]
    )


def _type(kind: Kind) -> str:
    if kind.item is not None:
        return f"list of {_type(kind.item)}"
    return TYPES.get(kind.type, f"`{kind.type.__name__}`")


def _limits(kind: Kind) -> str:
    parts = [kind.limits.described()]
    if kind.type is Seconds:
        parts = [f"{parts[0]} second{'' if kind.limits.at_least == 1 else 's'}"]
    if issubclass(kind.type, StrEnum):
        parts.append(_either(kind.type) + ("; other text passes with a warning" if kind.open else ""))
    if kind.item is not None and (each := _limits(kind.item)):
        parts.append(f"each {each}")
    return "; ".join(part for part in parts if part)


def _matrix(key: str, value: str, matrix: Iterable[tuple[StrEnum, Iterable[StrEnum]]]) -> list[str]:
    return _table((key, value), ((f"`{one}`", _either(values)) for one, values in matrix))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return [line(head), line("---" for _ in head), *(line(row) for row in rows)]


def _either(values: Iterable[StrEnum]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _any_item(path: str) -> str:
    return path.replace("[0]", "[]")


def _link(url: str) -> str:
    return f"[{url.rpartition('/')[2].removesuffix('.html')}]({url})"


if __name__ == "__main__":
    FILE.write_text(limits(), encoding="utf-8")
