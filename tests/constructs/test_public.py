"""What users get is what was meant for them: the members of the public classes are a list that somebody has read."""

import ast
import enum
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path

from constructs_lib import public

REVIEWED = Path(__file__).parent / "public_members.txt"
"""One member a line, sorted. What only our own modules call begins with an underscore: docs/architecture.md."""


def test_public_members_are_those_that_were_reviewed() -> None:
    reviewed = REVIEWED.read_text(encoding="utf-8").splitlines()
    kinds = {name: kind for name in public.__all__ if isinstance(kind := getattr(public, name), type)}
    there = sorted(f"{name}.{member}" for name, kind in kinds.items() for member in members(kind))

    assert there == reviewed, (
        f"new: {sorted(set(there) - set(reviewed))}, gone: {sorted(set(reviewed) - set(there))}. A new member that "
        "users need gets a line, and what our own modules call an underscore; one that is gone breaks users"
    )


def members(kind: type) -> set[str]:
    """What a class of ours, and those of ours below it, have; what the API names, such as enums, is held elsewhere."""
    if issubclass(kind, enum.Enum):
        return set()
    own = [each for each in kind.__mro__ if each.__module__.startswith("constructs_lib")]
    names = {name for each in own for name in (*vars(each), *inspect.get_annotations(each), *attributes(each))}
    return {name for name in names if not name.startswith("_")}


def attributes(kind: type) -> Iterator[str]:
    """What methods of a class set on the object."""
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(kind)))):
        match node:
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                yield name


def test_attributes_that_a_constructor_sets_are_seen() -> None:
    assert {"bucket", "prefix", "encryption_key"} <= members(public.OutputLocation)
