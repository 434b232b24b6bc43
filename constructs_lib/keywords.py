"""Keywords that several calls take alike: one `TypedDict` has the type of each, and a text below it.

A call takes them as `**props: Unpack[SomeProps]`, which type checkers and editors read by themselves. `spelled_out`
does the rest while a program runs: `help()` and `inspect.signature` show them, and what is not among them is refused.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .api.fields import hint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

F = TypeVar("F", bound="Callable[..., Any]")

_REQUIRED: Final = "Required["
_NEEDED: Final = inspect.Parameter.empty
_INDENT: Final = "    "
_WIDTH: Final = 112
"""Of a line of `help()`, which indents it by eight."""


def spelled_out(props: Any, elsewhere: Callable[[str], str] | None = None, /, **defaults: object) -> Callable[[F], F]:
    """Show the members of a `TypedDict` as keywords of a function that takes them as `**props`.

    The function gets all of them: what a caller leaves out has its default.

    Args:
        props: The `TypedDict`; the text below each member says what it is.
        elsewhere: Says where a keyword belongs that the function does not take; empty: nowhere. Default: a keyword with
            a similar name is guessed.
        **defaults: What a member is when it is left out. Default: None; required members have none.
    """

    def decorate(function: F) -> F:
        *own, _ = inspect.signature(function).parameters.values()
        types = {name: annotation.__forward_arg__ for name, annotation in props.__annotations__.items()}
        # Not `__required_keys__`: it does not see a `Required` in an annotation that is still text.
        required = {name: kind[len(_REQUIRED) : -1] for name, kind in types.items() if kind.startswith(_REQUIRED)}
        filled = {name: defaults.get(name) for name in types if name not in required}
        known = {parameter.name for parameter in own} | types.keys()

        @functools.wraps(function)
        def call(*args: Any, **given: Any) -> Any:
            if odd := [name for name in given if name not in known]:
                told = [f"'{name}'{(elsewhere and elsewhere(name)) or hint(name, known)}" for name in odd]
                arguments = "an unexpected keyword argument" if len(odd) == 1 else "unexpected keyword arguments"
                raise TypeError(f"{function.__qualname__}() got {arguments} {'; '.join(told)}")
            for name in required:
                if name not in given:
                    raise TypeError(f"{function.__qualname__}() missing required keyword argument '{name}'")
            return function(*args, **{**filled, **given})

        shown = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=filled.get(name, _NEEDED), annotation=kind)
            for name, kind in (types | required).items()
        ]
        call.__signature__ = inspect.signature(function).replace(parameters=[*own, *shown])  # type: ignore[attr-defined]
        call.__doc__ = _documented(inspect.cleandoc(function.__doc__ or ""), texts_of(props))
        return call  # type: ignore[return-value]

    return decorate


class ConstructorSignature:
    """The signature of a construct's constructor, for `inspect.signature` and `help()`.

    Without it they show that of jsii's metaclass, which takes anything.
    """

    def __get__(self, instance: object, owner: type) -> inspect.Signature:
        """The signature of a class, or of one below it."""
        constructor = inspect.signature(owner.__init__)  # type: ignore[misc]
        _, *parameters = constructor.parameters.values()
        return inspect.Signature(parameters)


def _documented(text: str, props: Mapping[str, str]) -> str:
    """A docstring whose `Args` end with these."""
    own, mark, rest = text.partition("\n\nRaises:")
    own += "" if "\n\nArgs:" in own else "\n\nArgs:"
    lines = [
        textwrap.fill(f"{name}: {said}", _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT * 2)
        for name, said in props.items()
    ]
    return "\n".join([own, *lines]) + mark + rest


@functools.cache
def texts_of(props: type) -> dict[str, str]:
    """The text below each member of a `TypedDict`, of which Python itself keeps nothing."""
    source = Path(str(sys.modules[props.__module__].__file__)).read_text(encoding="utf-8")
    classes = {node.name: node.body for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    found = {}
    for member, text in itertools.pairwise(classes[props.__name__]):
        match member, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                found[name] = inspect.cleandoc(said)
    return found
