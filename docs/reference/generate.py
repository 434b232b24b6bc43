#!/usr/bin/env python3
"""Write the pages beside this file: what the library knows of the API, read from the code.

    python docs/reference/generate.py

`tests/api/test_reference.py` fails when a page is not current.
"""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final

from constructs_lib.api import rules
from constructs_lib.api.datafile import SUFFIXES
from constructs_lib.api.fields import Kind, Place, Seconds, fields_of, number, places, wire_paths
from constructs_lib.api.migration import mapping
from constructs_lib.api.problem import Problem
from constructs_lib.api.problem_types import AnyProblem, Tabular
from constructs_lib.api.problem_types.text_generation import HYPER_PARAMETERS
from constructs_lib.api.problem_types.time_series_forecasting import FILLINGS
from constructs_lib.api.request import CreateAutoMLJob, CreateAutoMLJobV2
from constructs_lib.api.rulebook import RULES, Rule
from constructs_lib.api.shapes import MAX_TAGS
from constructs_lib.cli.verify.assumptions import ASSUMPTIONS, Noticed
from constructs_lib.jobs.owned import MAX_USER_TAGS

FOLDER: Final = Path(__file__).parent

GENERATED: Final = "Generated from `constructs_lib/api` by `python docs/reference/generate.py`; do not edit."

TYPES: Final = {str: "text", int: "whole number", float: "number", bool: "True or False", Seconds: "`Duration`"}

PROBLEMS: Final[tuple[type[Problem], ...]] = AnyProblem.__args__


def pages() -> dict[str, str]:
    """The pages by their files' names."""
    return {"limits.md": _v1(), "limits-v2.md": _v2(), "v1-to-v2.md": _migration(), "../unverified.md": _unverified()}


def _v1() -> str:
    return _page(
        f"Limits of `{CreateAutoMLJob.OPERATION}`",
        *_introduction("AutoMLJob"),
        "## Fields",
        *_fields(list(places(CreateAutoMLJob)), Tabular),
        "## Rules between fields",
        *_rules(rule for rule in RULES if _concerns(rule, Tabular) and _props_of_v1().issuperset(rule.props)),
        "## Metrics by problem type",
        *_matrix("Problem type", "`objective`", ((str(name), metrics) for name, metrics in Tabular._METRICS.items())),
        "## Algorithms by mode",
        *_matrix("Mode", "`algorithms`", ((str(mode), names) for mode, names in Tabular._ALGORITHMS.items())),
        "## Beside the request",
        *_beside(),
    )


def _v2() -> str:
    return _page(
        f"Limits of `{CreateAutoMLJobV2.OPERATION}`",
        *_introduction("AutoMLJobV2"),
        "## Fields of every job",
        *_fields(list(places(CreateAutoMLJobV2)), Problem),
        "## Problems and their data",
        *_table(
            ("Problem", "S3 data types", "Content types, the default first", "Gzip", "Candidates", "Split", "Rows"),
            (
                (
                    f"`{problem.__name__}`",
                    _either(problem._S3_DATA_TYPES),
                    _either(problem._CONTENT_TYPES),
                    "yes" if problem._GZIP else "no",
                    "many" if problem._MANY_CANDIDATES else "one",
                    "yes" if problem._SPLITS else "no",
                    f"at least {problem._MIN_ROWS}" if problem._MIN_ROWS else "",
                )
                for problem in PROBLEMS
            ),
        ),
        "## Metrics",
        *_matrix(
            "Problem",
            "`objective`",
            (
                (_named(problem, problem_type), metrics)
                for problem in PROBLEMS
                for problem_type, metrics in (problem._METRICS or {None: ()}).items()
            ),
        ),
        "## Algorithms",
        *_matrix(
            "Problem",
            "`problem.algorithms`",
            ((_named(problem, mode), names) for problem in PROBLEMS for mode, names in problem._ALGORITHMS.items()),
        ),
        "## Types of features",
        *_matrix(
            "Problem",
            "type in `problem.features`",
            ((_named(problem, mode), names) for problem in PROBLEMS for mode, names in problem._FEATURE_TYPES.items()),
        ),
        "## Rules of every problem",
        *_rules(rule for rule in RULES if rule.check.__module__ == rules.__name__),
        *(line for problem in PROBLEMS for line in _problem(problem)),
        "## Fillings",
        *_matrix("Gap", "method", ((str(gap), methods) for gap, methods in FILLINGS.items())),
        "## Hyper-parameters",
        *_table(
            ("Hyper-parameter", "From", "To"),
            ((f"`{name}`", number(low), number(high)) for name, (low, high) in HYPER_PARAMETERS.items()),
        ),
        "## Beside the request",
        *_beside(),
    )


def _problem(problem: type[Problem]) -> list[str]:
    own = [rule for rule in RULES if rule.check.__module__ == problem.__module__]
    (path,) = (field.api.wire for field in fields_of(CreateAutoMLJobV2) if field.name == "problem")
    return [
        f"## `{problem.__name__}`",
        *_fields(list(places(problem, problem, "problem", f"{path}.{problem._MEMBER}")), problem),
        *(_rules(own) if own else []),
    ]


def _migration() -> str:
    return _page(
        f"From `{CreateAutoMLJob.OPERATION}` to `{CreateAutoMLJobV2.OPERATION}`",
        GENERATED,
        "`AutoMLJobV2.from_v1_request(...)` and `automl v2 REQUEST.json` move each member of a V1 request to where V2 "
        "has it. Both channels must name the same target and sample weight, because V2 names them once; nothing else "
        "of V1 is refused. The way back, `constructs_lib.api.migration.v1_request`, takes `TabularJobConfig` only, "
        "without `AutoMLComputeConfig`.",
        *_table(
            ("V1", "V2"),
            (
                (f"`{_any_item(v1)}`", "the same" if v1 == v2 else f"`{_any_item(v2)}`")
                for v1, v2 in mapping().items()
                if "[1]" not in v1
            ),
        ),
    )


def _introduction(construct: str) -> list[str]:
    return [
        GENERATED,
        f"Each mistake of an `{construct}` against what stands here is refused when the app is synthesized, all of "
        "them at once. A value that is only known at deploy time is not judged. Props are called as error messages "
        "call them; `validation_data` has the fields of `training_data`. A rule with the weight `warning` has the id "
        "`cdk-sagemaker-autopilot:<rule>` and can be acknowledged; an `error` cannot.",
    ]


def _beside() -> list[str]:
    suffixes = ", ".join(f"`{suffix}`" for suffix in SUFFIXES)
    return [
        f"- A local file's format is told from its name: {suffixes}.\n"
        f"- A local training file of a `{Tabular.__name__}` job has at least {Tabular._MIN_ROWS} rows.\n"
        f"- At most {MAX_USER_TAGS} tags of your own: the service takes {MAX_TAGS}, "
        f"and the library sets up to {MAX_TAGS - MAX_USER_TAGS}."
    ]


def _fields(rows: list[Place], problem: type[Problem]) -> list[str]:
    """A table of fields; where several go by one prop, of the innermost."""
    innermost = {prop: row.wire for row in rows for prop in row.props}
    return _table(
        ("Prop", "API name", "Type", "Limits", "Rules"),
        (
            (
                ", ".join(f"`{_any_item(prop)}`" for prop in row.props) + _required(row),
                f"`{_any_item(row.wire)}`",
                _type(row.field.kind),
                _limits(row.field.kind),
                ", ".join(f"[{rule.name}]({rule.source})" for rule in RULES if _speaks_of(rule, row, problem)),
            )
            for row in rows
            if innermost[row.props[-1]] == row.wire
        ),
    )


def _required(row: Place) -> str:
    """Of a problem's props only: for others the constructs have their own defaults."""
    return " (required)" if row.field.required and row.props[0].startswith("problem.") else ""


def _speaks_of(rule: Rule, row: Place, problem: type[Problem]) -> bool:
    own_names = {prop.removeprefix("problem.") for prop in row.props}
    return _concerns(rule, problem) and not own_names.isdisjoint(rule.props)


def _concerns(rule: Rule, problem: type[Problem]) -> bool:
    """Whether a rule is one of a problem's; those of `Problem` are all."""
    return problem is Problem or rule.check.__module__ in (rules.__name__, problem.__module__)


def _props_of_v1() -> frozenset[str]:
    return frozenset(wire_paths(CreateAutoMLJob))


def _rules(those: Iterable[Rule]) -> list[str]:
    return _table(
        ("Rule", "What it holds", "Weight", "Source"),
        (
            (f"`{rule.name}`", " ".join((rule.check.__doc__ or "").split()), rule.severity, _link(rule.source))
            for rule in those
        ),
    )


def _type(kind: Kind) -> str:
    if kind.members:
        return "one of " + ", ".join(f"`{member.__name__}`" for member in kind.members)
    if kind.item is not None and kind.key is not None:
        return f"map of {_type(kind.key)} to {_type(kind.item)}"
    if kind.item is not None:
        return f"list of {_type(kind.item)}"
    return TYPES.get(kind.type, f"`{kind.type.__name__}`")


def _limits(kind: Kind) -> str:
    parts = [kind.limits.described()]
    if kind.type is Seconds:
        parts = [f"{parts[0]} second{'' if kind.limits.at_least == 1 else 's'}"]
    if issubclass(kind.type, StrEnum):
        choices = _either(kind.type)
        parts.append(choices + ("; other text passes with a warning" if kind.open else ""))
    if kind.key is not None and (each := _limits(kind.key)):
        parts.append(f"each key {each}")
    if kind.item is not None and (each := _limits(kind.item)):
        parts.append(f"each {'value ' if kind.key is not None else ''}{each}")
    return "; ".join(part for part in parts if part)


def _named(problem: type[Problem], choice: StrEnum | None) -> str:
    return problem.__name__ if choice is None else f"{problem.__name__}, {choice}"


def _matrix(key: str, value: str, matrix: Iterable[tuple[str, Iterable[str]]]) -> list[str]:
    return _table((key, value), ((f"`{one}`", _either(values) or "must not be set") for one, values in matrix))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return ["\n".join([line(head), line("---" for _ in head), *(line(row) for row in rows)])]


def _unverified() -> str:
    """What nobody has seen, sorted by what a user would notice."""
    sections = [
        part
        for noticed in Noticed
        for part in (
            f"## {noticed}",
            *_table(
                ("Id", "Assumption", "Where", "If it is wrong"),
                (
                    (f"`{each.id}`", each.assumed, ", ".join(f"`{file}`" for file in each.where), each.if_wrong)
                    for each in ASSUMPTIONS
                    if each.noticed is noticed
                ),
            ),
        )
    ]
    return _page(
        "What nobody has checked against AWS",
        "The library was built without an AWS account, and held against outputs of the real service in public runs.\n"
        "What these do not show is listed here, the worst first, with the place that rests on it and what happens if\n"
        "it is wrong. Comments in the code name an assumption by its id.",
        "Made from `constructs_lib/cli/verify/assumptions.py` by `python docs/reference/generate.py`; do not edit.",
        *sections,
    )


def _page(title: str, *paragraphs: str) -> str:
    return "\n\n".join([f"# {title}", *paragraphs]) + "\n"


def _either(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _any_item(path: str) -> str:
    return path.replace("[0]", "[]")


def _link(url: str) -> str:
    return f"[{url.rpartition('/')[2].removesuffix('.html')}]({url})"


if __name__ == "__main__":
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
