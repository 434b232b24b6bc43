"""For the reference: types of nested props without what stands beside them, as `inspect.signature` shows them."""

import sys
from pathlib import Path
from typing import Any

from griffe import Attribute, Class, Expr, ExprBinOp, ExprName, ExprSubscript, ExprTuple, Extension, Module, Object

sys.path.insert(0, str(Path(__file__).parents[1]))

from constructs_lib.api.fields import GIVEN


class PlainTypes(Extension):  # type: ignore[misc]  # griffe is in an environment of its own
    """Takes names and limits in the API out of annotations."""

    def on_package(self, *, pkg: Module, **kwargs: Any) -> None:
        """Once all modules are read, before signatures of dataclasses are made of their fields."""
        del kwargs
        _visit(pkg)


def _visit(thing: Object) -> None:
    for member in thing.members.values():
        if isinstance(member, Attribute):
            member.annotation = _plain(member.annotation, member.module)
            if str(member.annotation) == "ClassVar":  # without a type griffe takes it for a field
                member.labels.discard("instance-attribute")
        elif isinstance(member, (Class, Module)):
            _visit(member)


def _plain(annotation: Any, module: Module) -> Any:
    match annotation:
        case ExprSubscript(left=ExprName(name="Annotated"), slice=ExprTuple(elements=[first, *_])):
            return _plain(first, module)
        case ExprSubscript(left=left, slice=inner):
            return ExprSubscript(left, _plain(inner, module))
        case ExprTuple(elements=elements):
            return ExprTuple([_plain(each, module) for each in elements], implicit=annotation.implicit)
        case ExprBinOp(left=left, operator=operator, right=right):
            return ExprBinOp(_plain(left, module), operator, _plain(right, module))
        case ExprName(name=name) if name in GIVEN:
            return GIVEN[name]
        case ExprName():
            return _plain(stood_for, module) if (stood_for := _alias(annotation, module)) else annotation
    return annotation


def _alias(name: ExprName, module: Module) -> Expr | None:
    """What a name stands for that is short for an annotation with limits."""
    package, _, place = name.canonical_path.partition(".")
    if package != module.package.name or not place:
        return None
    try:
        found = module.package[place]
    except KeyError:
        return None
    value = found.value if isinstance(found, Attribute) else None
    is_short = isinstance(value, ExprSubscript) and str(value.left) == "Annotated"
    return value if is_short else None
