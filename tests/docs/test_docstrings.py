"""What `help()`, editors and the reference say of the public names: complete, and true where it can be run."""

import ast
import dataclasses
import enum
import inspect
import re
import sys
import textwrap
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from constructs_lib import AutoMLEndpoint, AutoMLJob, AutoMLJobOutcome, Channel, RealTime, public
from constructs_lib.keywords import texts_of
from tests.constructs.synthesis import data_bucket, new_stack

KINDS = {name: kind for name in public.__all__ if isinstance(kind := getattr(public, name), type)}
"""The public classes; the one value that is none, `CHAMPION`, has its text in the module."""

AWS = re.compile(r"https://docs\.aws\.amazon\.com/\S+")
EXAMPLE = re.compile(r"^Example:\n    ```python\n(.*?)^    ```$", re.MULTILINE | re.DOTALL)


def problems_of(kind: type) -> list[str]:
    """What a class and its members leave unsaid."""
    own = [each for each in kind.__mro__ if each.__module__ == kind.__module__ or "constructs_lib" in each.__module__]
    found = [] if AWS.search(inspect.getdoc(kind) or "") else ["no page of AWS"]
    if issubclass(kind, enum.Enum):
        return found + [f"{name}: {wrong}" for name in kind.__members__ for wrong in _of_member(texts(kind).get(name))]
    if issubclass(kind, Construct) and not EXAMPLE.search(inspect.getdoc(kind) or ""):
        found.append("no example")
    if dataclasses.is_dataclass(kind):
        found += _of_fields(kind, own)
    for name in sorted({name for each in own for name in vars(each)}):
        if name == "__init__" and (dataclasses.is_dataclass(kind) or _is_made_by_others(kind)):
            continue
        if name == "__init__" or not name.startswith("_"):
            found += [f"{name}: {wrong}" for wrong in _of_callable(inspect.getattr_static(kind, name), kind, name)]
    return found


def _is_made_by_others(kind: type) -> bool:
    """Whether a class says that one calls something else than itself; its constructor then says nothing."""
    return vars(kind)["__init__"].__doc__ is None and bool(re.search(r"[Uu]se `\w+`", inspect.getdoc(kind) or ""))


def _of_member(said: str | None) -> list[str]:
    return [] if said and re.match(r"[A-Z0-9].*\.$", said) else ["no sentence about it"]


def _of_fields(kind: type, own: list[type]) -> Iterator[str]:
    said: dict[str, str] = {}
    for each in reversed(own):
        said |= texts(each)
    for field in dataclasses.fields(kind):
        if field.name.startswith("_"):
            continue
        text = said.get(field.name)
        needed = field.default is field.default_factory is dataclasses.MISSING
        if text is None:
            yield f"{field.name}: no text"
        elif needed == ("Default: " in text):
            yield f"{field.name}: " + ("a default, and it is needed" if needed else "no default")


def _of_callable(member: Any, kind: type, name: str) -> Iterator[str]:
    if not callable(member) and not isinstance(member, (classmethod, staticmethod, property)):
        return
    text = inspect.getdoc(getattr(kind, name))
    if not text:
        yield "no text"
        return
    if isinstance(member, property):
        return
    said = arguments(text)
    parameters = [each for each in inspect.signature(getattr(kind, name)).parameters.values() if each.name != "self"]
    for each in parameters:
        if each.kind is inspect.Parameter.VAR_KEYWORD:
            yield from _of_options(each.annotation)
        elif each.default is not inspect.Parameter.empty and "Default: " not in said.get(each.name, ""):
            yield f"{each.name}: no default"
        elif said and each.name not in said:
            yield f"{each.name}: no text"
    yield from (f"{each}: a text, and no such argument" for each in said.keys() - {each.name for each in parameters})


def _of_options(annotation: str) -> Iterator[str]:
    """What keywords of a `TypedDict` leave unsaid, which a call takes as they are."""
    name = re.fullmatch(r"Unpack\[(\w+)\]", annotation)
    assert name, annotation
    ours = [module for place, module in sys.modules.items() if place.startswith("constructs_lib.")]
    kind = next(vars(module)[name[1]] for module in ours if name[1] in vars(module))
    yield from (f"{each}: no default" for each, text in texts_of(kind).items() if "Default: " not in text)


@cache
def texts(kind: type) -> Mapping[str, str]:
    """The text below each thing that a class assigns or declares."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(node, ast.ClassDef)
    found = {}
    for member, text in zip(node.body, node.body[1:], strict=False):
        match member, text:
            case (
                (ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)])),
                ast.Expr(value=ast.Constant(value=str(said))),
            ):
                found[name] = " ".join(said.split())
    return found


def arguments(text: str) -> dict[str, str]:
    """The text of each argument in a docstring of Google's form."""
    section = re.search(r"^Args:\n((?:    .*\n?|\n)*)", text, re.MULTILINE)
    parts = re.split(r"^    (\w+): ", section[1] if section else "", flags=re.MULTILINE)
    return {name: " ".join(said.split()) for name, said in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.parametrize("name", KINDS)
def test_nothing_is_left_unsaid(name: str) -> None:
    assert problems_of(KINDS[name]) == []


def test_all_kinds_of_public_names_are_looked_at() -> None:
    assert {*public.__all__} - {*KINDS} == {"CHAMPION"}
    assert sum(issubclass(kind, enum.Enum) for kind in KINDS.values()) >= 15
    assert sum(dataclasses.is_dataclass(kind) for kind in KINDS.values()) >= 13
    assert sum(issubclass(kind, Construct) for kind in KINDS.values()) >= 8


# Planted faults


class Colour(enum.StrEnum):
    """Colours."""

    RED = "red"
    """The first one."""

    GREEN = "green"


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings: https://docs.aws.amazon.com/x."""

    first: int
    """What is needed. Default: it is not."""

    second: int = 2
    """What is left out."""

    third: int = 3


class Thing(Construct):
    """A thing.

    See https://docs.aws.amazon.com/x
    """

    is_known: ClassVar[bool] = True

    def __init__(self, scope: Construct, construct_id: str, *, colour: str = "red", size: int = 1) -> None:  # noqa: D417
        """Make it.

        Args:
            scope: Where.
            construct_id: Its id.
            colour: Its colour.
            weight: Its weight.
        """
        super().__init__(scope, construct_id)
        del colour, size

    def paint(self) -> None:
        pass

    def cut(self, times: int = 1) -> None:
        """Cut it."""


@pytest.mark.parametrize(
    ("kind", "problems"),
    [
        (Colour, ["no page of AWS", "GREEN: no sentence about it"]),
        (Settings, ["first: a default, and it is needed", "second: no default", "third: no text"]),
        (
            Thing,
            [
                "no example",
                "__init__: colour: no default",
                "__init__: size: no default",
                "__init__: weight: a text, and no such argument",
                "cut: times: no default",
                "paint: no text",
            ],
        ),
    ],
)
def test_what_is_left_unsaid_is_found(kind: type, problems: list[str]) -> None:
    assert problems_of(kind) == problems


# Examples run


EXAMPLES = {
    name: textwrap.dedent(code[1])
    for name, kind in KINDS.items()
    if issubclass(kind, Construct) and (code := EXAMPLE.search(inspect.getdoc(kind) or ""))
}


def stand_ins() -> dict[str, Any]:
    """What the examples of docstrings take for given, and the names of the library."""
    stack = new_stack()
    bucket = data_bucket(stack)
    job = AutoMLJob(
        stack,
        "Job",
        training_data=Channel.from_bucket(bucket, "given/"),
        target_attribute="y",
        problem_type=public.ProblemType.BINARY_CLASSIFICATION,
        objective=public.Metric.AUC,
        mode=public.Mode.ENSEMBLING,
    )
    outcome = AutoMLJobOutcome(stack, "Given", job=job)
    code = lambda_.Code.from_inline("def handle(event, context): pass")
    return {
        **{name: getattr(public, name) for name in public.__all__},
        "CfnOutput": cdk.CfnOutput,
        "Duration": cdk.Duration,
        "ScheduleExpression": scheduler.ScheduleExpression,
        "stack": stack,
        "bucket": bucket,
        "job": job,
        "outcome": outcome,
        "endpoint": AutoMLEndpoint(stack, "Served", outcome=outcome, serving=RealTime(instance_type="ml.m5.large")),
        "vpc": ec2.Vpc(stack, "Vpc"),
        "function": lambda_.Function(
            stack, "Function", runtime=lambda_.Runtime.PYTHON_3_13, handler="index.handle", code=code
        ),
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_of_a_construct_runs_and_synthesizes(name: str) -> None:
    names = stand_ins()

    exec(compile(EXAMPLES[name], f"the example of {name}", "exec"), names)

    assert name in EXAMPLES[name]
    assert typing.cast("cdk.App", names["stack"].node.root).synth().stacks
