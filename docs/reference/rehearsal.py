#!/usr/bin/env python3
"""Write the tables of `docs/rehearsal.md`: what the embedded AWS checks, plays and leaves out, read from its code.

    python docs/reference/rehearsal.py

`tests/rehearsal/cloud/test_reference.py` fails when the page is not current.
"""

import ast
import functools
import inspect
import itertools
import re
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from constructs_lib.rehearsal import cloud, studies
from constructs_lib.rehearsal.cloud import calls, errors
from constructs_lib.rehearsal.cloud.connection import Connection, fresh_credentials
from constructs_lib.rehearsal.cloud.hosting import scaling
from constructs_lib.rehearsal.cloud.ministack import (
    bus,
    door,
    exports,
    functions,
    machines,
    ministack,
    nested,
    polls,
    waits,
)
from constructs_lib.rehearsal.cloud.model import service_model
from constructs_lib.rehearsal.cloud.resource_types import cloudformation
from constructs_lib.rehearsal.cloud.service import SageMaker
from constructs_lib.rehearsal.cloud.settings import Settings
from constructs_lib.rehearsal.cloud.store import Store
from constructs_lib.rehearsal.report import facts

# ruff: noqa: SLF001 - the page tells what is inside

PAGE: Final = Path(__file__).parents[1] / "rehearsal.md"
_PACKAGE = cloud.__name__
_MARKED = re.compile(
    r"(<!-- (?P<name>[\w -]+): made by docs/reference/rehearsal\.py -->\n).*?(<!-- end -->)", re.DOTALL
)
_LEFT_OUT = re.compile(r"Left out: (?P<what>.+?)\.?$", re.DOTALL)
_GAP = "…"
_HEADER = "x-amzn-sagemaker-"


def page(text: str) -> str:
    """The page with its tables renewed."""
    made = tables()
    return _MARKED.sub(lambda found: f"{found[1]}\n{made[found['name']]}\n\n{found[3]}", text)


def tables() -> dict[str, str]:
    """The tables by the name that the page gives them."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store()
        connection = Connection(
            endpoint_url="https://localhost", certificate=Path(), region="us-east-1", root=fresh_credentials()
        )
        settings = _settings(Path(folder))
        sagemaker = SageMaker(settings, connection, store)
        asked = sagemaker._hosting.invocations
        invocations = {"InvokeEndpoint": asked.at_once, "InvokeEndpointAsync": asked.later}
        return {
            "sagemaker": _operations("sagemaker", sagemaker._api.operations),
            "scaling": _operations(scaling.SERVICE, scaling.AutoScaling(store)._api.operations),
            "runtime": _operations("sagemaker-runtime", invocations),
            "emulator": "\n".join(f"- {said}" for said in _changes_of_ministack()),
            "report": _table(("Object", "Member", "Form", "What it is"), _members()),
            "types": _table(("Type", "What is done"), _types(connection, Path(folder))),
        }


def _settings(folder: Path) -> Settings:
    return Settings(
        port=0,
        account="123456789012",
        region="us-east-1",
        access_key="",
        secret_key="",
        authority=Path(),
        certificate=Path(),
        key=Path(),
        folder=folder,
    )


# Operations


def _operations(service: str, operations: Mapping[str, Callable[..., Any]]) -> str:
    return _table(
        ("Operation", "What is checked", "What is played", "Left out"),
        ((f"`{name}`", _checked(does), *_played(does, _ignored(service, name))) for name, does in operations.items()),
    )


def _checked(operation: Callable[..., Any]) -> str:
    """What may be refused, in the words of the refusal, after the permissions that are asked for."""
    permissions: dict[str, None] = {}
    refusals: dict[str, None] = {}
    for function in _reached(operation):
        for node in ast.walk(_tree(function)):
            if (action := _permission(node)) is not None:
                permissions[f"`{action}`"] = None
            for text in _refusals(node, _globals(function)):
                refusals[text] = None
    return "<br>".join([*([f"IAM: {', '.join(permissions)}"] if permissions else []), *refusals])


def _played(operation: Callable[..., Any], ignored: Iterable[str] = ()) -> tuple[str, str]:
    """What the docstring says, and what has no effect."""
    said = " ".join((inspect.getdoc(operation) or "").partition("\n\nRaises:")[0].split())
    found = _LEFT_OUT.search(said)
    left_out = [found["what"]] if found else []
    unnamed = ", ".join(f"`{member}`" for member in ignored)
    if unnamed:
        left_out.append(f"not looked at: {unnamed}")
    return said[: found.start()].strip() if found else said, "; ".join(left_out)


def _ignored(service: str, operation: str) -> list[str]:
    """The members of the input that no line of the embedded AWS names, and no header that carries one."""
    shape = service_model(service).operation_model(operation).input_shape
    if shape is None:
        return []
    headers = {name: member.serialization.get("name", name).lower() for name, member in shape.members.items()}
    named = {name for name in shape.members if name in _words() or headers[name].removeprefix(_HEADER) in _words()}
    return [name for name in shape.members if name not in named]


@functools.cache
def _words() -> frozenset[str]:
    """Every text in the code that could be a member's name."""
    files = Path(cloud.__file__).parent.rglob("*.py")
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in files)
    return frozenset(
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


# What a function reaches


def _reached(operation: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """A function and all of the embedded AWS that it calls before it answers, each once."""
    waiting, seen = [operation], set()
    while waiting:
        function = waiting.pop(0)
        code = inspect.unwrap(getattr(function, "__func__", function)).__code__
        if code in seen:
            continue
        seen.add(code)
        yield function
        called = (_called(node.func, function) for node in ast.walk(_tree(function)) if isinstance(node, ast.Call))
        waiting += [each for each in called if each is not None]


def _called(node: ast.expr, caller: Callable[..., Any]) -> Callable[..., Any] | None:
    """The function of the embedded AWS that an expression names; None: it is of something else."""
    found: Any = _value(node, caller)
    if isinstance(found, (ModuleType, type)) or not callable(found):
        return None
    module = getattr(found, "__module__", None) or ""
    is_ours = module.startswith(_PACKAGE) and not module.startswith(f"{_PACKAGE}.ministack")
    return found if is_ours and hasattr(getattr(found, "__func__", found), "__code__") else None


def _value(node: ast.expr, caller: Callable[..., Any]) -> Any:
    match node:
        case ast.Name(id="self"):
            return getattr(caller, "__self__", None)
        case ast.Name(id="call"):
            return calls.Call
        case ast.Name(id=name):
            return _globals(caller).get(name)
        case ast.Attribute(value=value, attr=name):
            return getattr(_value(value, caller), name, None)
    return None


def _globals(function: Callable[..., Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(function, "__func__", function).__globals__
    return found


@functools.cache
def _tree_of(code: Any) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(code)))


def _tree(function: Callable[..., Any]) -> ast.AST:
    return _tree_of(getattr(function, "__func__", function).__code__)


# What is said when something is refused


def _permission(node: ast.AST) -> str | None:
    match node:
        case ast.Call(func=ast.Attribute(attr="require" | "may"), args=[ast.Constant(value=str(action)), *_]) if (
            ":" in action
        ):
            return action
        case ast.Call(func=ast.Attribute(attr="require" | "may"), args=[ast.JoinedStr() as action, *_]):
            return _text(action).replace(_GAP, scaling.SERVICE)
    return None


def _refusals(node: ast.AST, known: Mapping[str, Any]) -> Iterator[str]:
    match node:
        case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=[message, *_])):
            kind = known.get(name)
            if isinstance(kind, type) and issubclass(kind, errors.ServiceError):
                yield from _texts(message)
        case ast.Yield(value=ast.expr() as message):
            yield from _texts(message)


def _texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.IfExp(body=body, orelse=other):
            yield from (*_texts(body), *_texts(other))
        case ast.Constant(value=str()) | ast.JoinedStr():
            yield _text(node)


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=value):
            return str(value)
        case ast.JoinedStr(values=values):
            return "".join(_text(value) for value in values)
    return _GAP


# CloudFormation


def _types(connection: Connection, folder: Path) -> list[tuple[str, str]]:
    """The types of resources that are added to MiniStack's, or changed there."""
    found: dict[str, str] = {}

    def add(name: str, does: Callable[..., Any], *_: Any, **__: Any) -> None:
        found[name] = _sentence(does.func if isinstance(does, functools.partial) else does)

    stand_ins = {
        "add_resource_type": add,
        "extend_resource_type": add,
        "adapt_resource_type": add,
        "send_missing_custom_resource_events": lambda: None,
    }
    with ExitStack() as patched:
        for name, stand_in in stand_ins.items():
            patched.callback(setattr, ministack, name, getattr(ministack, name))
            setattr(ministack, name, stand_in)
        cloudformation.install(connection, folder)
    return [(f"`{name}`", said) for name, said in found.items()]


def _members() -> Iterator[tuple[str, ...]]:
    """The members of each object of a report, the outermost object first."""
    classes = {
        node.name: node
        for module in (studies, facts)
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.ClassDef)
    }
    waiting = [facts.Facts.__name__]
    for name in waiting:  # grows meanwhile
        body = classes[name].body
        for member, text in itertools.zip_longest(body, body[1:]):
            match member, text:
                case ast.AnnAssign(target=ast.Name(id=called), annotation=form), following:
                    said = following.value if isinstance(following, ast.Expr) else None
                    what = " ".join(str(said.value).split()) if isinstance(said, ast.Constant) else ""
                    yield name, f"`{called}`", _form(ast.unparse(form)), what
                    inner = [word for word in re.findall(r"\w+", ast.unparse(form)) if word in classes]
                    waiting += [word for word in inner if word not in waiting]


_FORMS: Final = (
    (r"Literal\[.*?\]|Status|\bstr\b", "text"),
    (r"\bint\b|\bfloat\b", "number"),
    (r"\bbool\b", "true or false"),
    (r" \| None", " or null"),
    (r"Mapping\[text, (.*)\]", r"object of \1 by name"),
    (r"(?:Sequence|tuple)\[(.*?)(?:, \.\.\.)?\]", r"list of \1"),
    (r"(?:Sequence|tuple)\[(.*?)(?:, \.\.\.)?\]", r"list of \1"),
    (r"Mapping\[text, (.*?)\]", r"object of \1 by name"),
)


def _form(annotation: str) -> str:
    """A type as JSON has it."""
    for pattern, words in _FORMS:
        annotation = re.sub(pattern, words, annotation)
    return annotation


def _changes_of_ministack() -> Iterator[str]:
    """What MiniStack is made to do otherwise: a paragraph of a module, or the sentence of each of its changes."""
    for module in (nested, exports, door, functions, polls):
        yield " ".join((module.__doc__ or "").partition("\n\nhttps://")[0].split())
    yield _sentence(ministack.send_missing_custom_resource_events)
    for module in (waits, bus, machines, ministack):
        for node in ast.walk(_tree(module.install)):
            match node:
                case ast.Call(func=ast.Name(id=name)) if said := _sentence(getattr(module, name, None)):
                    yield said.partition("; returns ")[0].removesuffix(".") + "."


def _sentence(function: Any) -> str:
    return " ".join((inspect.getdoc(function) or "").split())


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([line(head), line("---" for _ in head), *map(line, rows)])


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
