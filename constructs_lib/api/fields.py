"""How an API shape is written down, and what follows from that: rendering, checking, parsing.

A shape is a frozen dataclass. Each of its fields is one line, ``name: Annotated[type, Api("Wire.Name", limits...)]``,
and that line is the only place where the field's name and limits are said. A shape is as flat as its users like it: a
field may stand for a member deep inside the API's structure.
"""

import dataclasses
import difflib
import functools
import inspect
import json
import math
import operator
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Protocol, TypeVar, cast, get_args, get_origin

IsToken = Callable[[object], bool]
"""Tells a value that is only known at deploy time."""


class Seconds(Protocol):
    """A span of time that can say itself in seconds, as `aws_cdk.Duration` does."""

    def to_seconds(self, *, integral: bool) -> float:
        """The span in seconds; with `integral` a fraction is an error."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a value must keep to, as botocore's model has it."""

    at_least: float | None = None
    at_most: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    min_items: int | None = None
    max_items: int | None = None

    def problems(self, value: object) -> Iterator[str]:
        """What is wrong with a value of the right type, each as the end of a sentence."""
        if isinstance(value, str):
            yield from self._text_problems(value)
        elif isinstance(value, (int, float)):
            if self.at_least is not None and value < self.at_least:
                yield f"must be at least {number(self.at_least)}, got {shorten(value)}"
            if self.at_most is not None and value > self.at_most:
                yield f"must be at most {number(self.at_most)}, got {shorten(value)}"
        elif isinstance(value, Sequence):
            if self.min_items is not None and len(value) < self.min_items:
                yield f"must have at least {counted(self.min_items, 'item')}, got {len(value)}"
            if self.max_items is not None and len(value) > self.max_items:
                yield f"must have at most {counted(self.max_items, 'item')}, got {len(value)}"

    def _text_problems(self, value: str) -> Iterator[str]:
        if self.min_length is not None and len(value) < self.min_length:
            if not value:
                yield "must not be empty"
            else:
                yield f"must have at least {counted(self.min_length, 'character')}, got {len(value)}: {value!r}"
        elif self.max_length is not None and len(value) > self.max_length:
            yield f"must have at most {counted(self.max_length, 'character')}, got {len(value)}: {shorten(value)}"
        elif self.pattern is not None and not _compiled(self.pattern).fullmatch(value):
            yield f"must match {self.pattern}, got {shorten(value)}"

    def described(self) -> str:
        """The limits in words, for the reference; empty when there are none."""
        parts = []
        if self.at_least is not None or self.at_most is not None:
            parts.append(_span(self.at_least, self.at_most))
        if self.min_length or self.max_length is not None:
            parts.append(_span(self.min_length, self.max_length, "character"))
        if self.min_items or self.max_items is not None:
            parts.append(_span(self.min_items, self.max_items, "item"))
        if self.pattern is not None:
            parts.append(f"`{self.pattern}`")
        return ", ".join(parts)


@dataclass(frozen=True)
class Api(Limits):
    """What a field is called in the API, its limits, and what the user calls it."""

    wire: str
    """The member's name, or its path: ``Outer.Inner``, and ``Outer[0].Inner`` for the only item of a list."""

    prop: str | None = dataclasses.field(default=None, kw_only=True)
    """The prop as the user wrote it, below that of the enclosing shape.

    None: the field's own name. Empty: the shape adds no level. With a leading ``/``: a top-level prop.
    """

    item_props: tuple[str, ...] = dataclasses.field(default=(), kw_only=True)
    """For a list whose items are props of their own: those top-level props, in order."""


class _ShapeSignature:
    """The signature of a shape as one reads it: types by their short names; for spans of time what one gives."""

    def __get__(self, instance: object, owner: type) -> inspect.Signature:
        """The signature of a shape."""
        _, *parameters = inspect.signature(owner.__init__).parameters.values()  # type: ignore[misc]
        return inspect.Signature([each.replace(annotation=_short(each.annotation)) for each in parameters])


def _short(annotation: object) -> str:
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return re.sub(r"\b(?:\w+\.)*(\w+)\b", lambda name: GIVEN.get(name[1], name[1]), text)


GIVEN: Final = {"Seconds": "Duration", "PendingUri": "FeatureSpecification"}
"""What one gives, by the name of what this layer knows of it."""


def _plain(annotation: Any) -> Any:
    """An annotation without what stands beside the types in it."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (typing.Union, types.UnionType):
        return functools.reduce(operator.or_, map(_plain, get_args(annotation)))
    if isinstance(annotation, types.GenericAlias) or get_origin(annotation) in (Mapping, Sequence):
        return get_origin(annotation)[tuple(map(_plain, get_args(annotation)))]
    return annotation


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A structure of the API, or the part of one that its fields name."""

    _MEMBER: ClassVar[str] = ""
    """For a shape that is one of several in a union: the union's member."""

    _STATED: ClassVar[Mapping[str, object]] = {}
    """The annotations of the class's own fields as they are written, with name and limits in the API."""

    __signature__ = _ShapeSignature()

    def __init_subclass__(cls) -> None:
        """Keep names and limits in the API out of what `help()`, editors and `inspect.signature` show."""
        super().__init_subclass__()
        cls._STATED = inspect.get_annotations(cls)
        cls.__annotations__ = {name: _plain(annotation) for name, annotation in cls._STATED.items()}


_ShapeType = type[Shape]


class PendingUri:
    """Something that becomes an S3 URI when the job's parts are created; until then it is taken on trust."""


@dataclass(frozen=True)
class Kind:
    """What a field holds: a scalar type, a list or a map of something, a shape, or one of several; and its limits."""

    type: type
    """str, int, float, bool, a `StrEnum`, `Seconds`, a `Shape` (a union: itself), tuple (a list), or dict (a map)."""

    limits: Limits
    item: "Kind | None" = None
    """What a list or a map holds."""

    key: "Kind | None" = None
    """What a map's keys are."""

    members: tuple[_ShapeType, ...] = ()
    """The shapes of a union."""

    open: bool = False
    """An enum to which the service keeps adding: other text passes."""

    pending: bool = False
    """A `PendingUri` is welcome too."""


@dataclass(frozen=True)
class Field:
    """A field of a shape, read from its annotation."""

    name: str
    api: Api
    kind: Kind
    required: bool
    takes_none: bool = True


S = TypeVar("S", bound=Shape)


_FIELDS: dict[type[Shape], tuple[Field, ...]] = {}
"""What was read already; mypy takes no dataclass type as the argument of a `functools.cache`."""


def fields_of(shape: type[Shape]) -> tuple[Field, ...]:
    """The fields of a shape in their order."""
    if shape not in _FIELDS:
        _FIELDS[shape] = tuple(_read_fields(shape))
    return _FIELDS[shape]


def _read_fields(shape: type[Shape]) -> Iterator[Field]:
    annotations = {name: stated for each in reversed(shape.__mro__) for name, stated in _stated(each).items()}
    for field in dataclasses.fields(shape):
        annotation = annotations[field.name]
        api = next(m for m in annotation.__metadata__ if isinstance(m, Api))
        required = field.default is dataclasses.MISSING
        yield Field(field.name, api, _kind(annotation), required=required, takes_none=_takes_none(annotation))


def _stated(kind: type) -> Mapping[str, Any]:
    return kind._STATED if issubclass(kind, Shape) else {}


@dataclass(frozen=True)
class Step:
    """One name on the way to a member."""

    name: str
    in_list: bool
    """The name is that of a list, of which the way goes through the only item."""


def steps_to(field: Field) -> tuple[Step, ...]:
    """The way to a field's member from the structure that its shape stands for."""
    parts = field.api.wire.split(".")
    return tuple(Step(part.removesuffix("[0]"), part.endswith("[0]")) for part in parts)


@dataclass
class Branch:
    """A structure of the API as far as the fields of one shape name it."""

    in_list: bool = False
    members: "dict[str, Field | Branch]" = dataclasses.field(default_factory=dict)


def tree_of(shape: type[Shape]) -> Branch:
    """The members that a shape's fields name, as the API nests them."""
    root = Branch()
    for field in fields_of(shape):
        here = root
        *way, last = steps_to(field)
        for step in way:
            branch = here.members.setdefault(step.name, Branch(step.in_list))
            if not isinstance(branch, Branch):
                raise TypeError(f"{shape.__name__}.{field.name} lies inside another field: {field.api.wire}")
            here = branch
        here.members[last.name] = field
    return root


# ---------------------------------------------------------------------------------------------------------- rendering


def render(value: object) -> Any:
    """The value in the API's own names; what is not set is left out."""
    if isinstance(value, Shape):
        return _render_shape(value)
    if isinstance(value, Mapping):
        return {str(key): render(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [render(item) for item in value]
    if isinstance(value, StrEnum):
        return str(value)
    if has(value, "to_seconds"):
        return seconds_of(cast("Seconds", value))
    return value


def _render_shape(shape: Shape) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for field in fields_of(type(shape)):
        value = getattr(shape, field.name)
        rendered = render(value)
        if rendered is None:
            continue
        if field.kind.members:
            rendered = {value._MEMBER: rendered}
        here = document
        *way, last = steps_to(field)
        for step in way:
            here = here.setdefault(step.name, [{}])[0] if step.in_list else here.setdefault(step.name, {})
        here[last.name] = rendered
    return document


def seconds_of(span: Seconds) -> float:
    """The span in seconds, fraction and all: whether there may be one, `problems` says.

    What a binary fraction adds to a whole number is none: 1.1 hours are 3,960 seconds, not 3,960.0000000000005.
    """
    return whole(round(span.to_seconds(integral=False), _NANO))


_NANO: Final = 9


def whole(number: float) -> float:
    """The number as an int when it is one: jsii hands out floats, the API wants integers."""
    return int(number) if isinstance(number, float) and number.is_integer() and abs(number) < 2**53 else number


# ----------------------------------------------------------------------------------------------------------- checking


class Words:
    """What the fields of a request are called when one speaks to the user: props, or the API's own names."""

    PROPS: ClassVar["Words"]
    WIRE: ClassVar["Words"]

    def __init__(self, *, wire: bool) -> None:
        self._wire = wire

    def field(self, path: str, field: Field) -> str:
        """The path of a field below `path`."""
        own = field.api.wire if self._wire else field.api.prop
        if own is None:
            own = field.name
        if own.startswith("/"):
            return own[1:]
        return ".".join(part for part in (path, own) if part)

    def item(self, path: str, api: Api | None, index: int) -> str:
        """The path of an item of the list at `path`, which is that field's value."""
        if not self._wire and api is not None and index < len(api.item_props):
            return api.item_props[index]
        return f"{path}[{index}]"

    @property
    def span(self) -> str:
        """How a span of time is to be given."""
        return "a whole number of seconds" if self._wire else "a Duration"

    def name_of(self, shape: type[Shape], prop: str, member: type[Shape] | None = None) -> str:
        """What to call a prop of this request, in quotes.

        Args:
            shape: The request.
            prop: The prop; one of the union's member may be given without the union's own prop.
            member: The member of the request's union, if it has one.
        """
        paths = wire_paths(shape, member)
        if prop not in paths:
            prop = next((path for path in paths if path.endswith(f".{prop}")), prop)
        return f"'{paths.get(prop, prop) if self._wire else prop}'"

    def member(self, path: str, shape: type[Shape]) -> str:
        """The path of a union's member, which has no name of its own among the props."""
        return f"{path}.{shape._MEMBER}" if self._wire else path


Words.PROPS = Words(wire=False)
Words.WIRE = Words(wire=True)


@dataclass(frozen=True)
class Place:
    """A field of a request, and what it is called there."""

    props: tuple[str, ...]
    """By the user; more than one for a list whose items are props of their own."""

    wire: str
    field: Field


def places(
    shape: type[Shape], member: type[Shape] | None = None, prop_path: str = "", wire_path: str = ""
) -> Iterator[Place]:
    """All fields of a request, from the outside to the inside; of a list's items the first.

    Args:
        shape: The request, or a shape inside it.
        member: The member of the request's union, if it has one; other members are left out.
        prop_path: Where the shape stands, in the user's words.
        wire_path: Where it stands, in the API's.
    """
    for field in fields_of(shape):
        prop, wire = Words.PROPS.field(prop_path, field), Words.WIRE.field(wire_path, field)
        inner = field.kind
        if field.api.prop != "" or not issubclass(inner.type, Shape):
            yield Place(field.api.item_props or (prop,), wire, field)
        if inner.item is not None:
            prop, wire, inner = Words.PROPS.item(prop, field.api, 0), Words.WIRE.item(wire, None, 0), inner.item
        if member in inner.members:
            yield from places(member, member, prop, Words.WIRE.member(wire, member))
        if issubclass(inner.type, Shape):
            yield from places(inner.type, member, prop, wire)


_WIRE_PATHS: dict[tuple[type[Shape], type[Shape] | None], Mapping[str, str]] = {}
"""What was walked already: every sentence about a job asks for it."""


def wire_paths(shape: type[Shape], member: type[Shape] | None = None) -> Mapping[str, str]:
    """For each prop of a request, its path in the API's own names: the innermost, where several go by one prop."""
    if (shape, member) not in _WIRE_PATHS:
        _WIRE_PATHS[shape, member] = dict(_walk_wire_paths(shape, member))
    return _WIRE_PATHS[shape, member]


def _walk_wire_paths(shape: type[Shape], member: type[Shape] | None) -> Iterator[tuple[str, str]]:
    for place in places(shape, member):
        wires = [place.wire]
        if place.field.api.item_props:
            wires = [Words.WIRE.item(place.wire, None, index) for index in range(len(place.props))]
        yield from zip(place.props, wires, strict=True)


def problems(shape: Shape, *, is_token: IsToken, words: Words = Words.PROPS, path: str = "") -> list[str]:
    """Everything that is wrong with the fields of a shape, each a sentence in the caller's words."""
    return list(_shape_problems(shape, is_token, words, path))


def _shape_problems(shape: Shape, is_token: IsToken, words: Words, path: str) -> Iterator[str]:
    for field in fields_of(type(shape)):
        value = getattr(shape, field.name)
        own_path = words.field(path, field)
        if value is None:
            if field.required or not field.takes_none:
                yield f"'{own_path}' is required"
        else:
            yield from _value_problems(value, field.kind, is_token, words, own_path, field.api)


def is_sound(value: object, kind: Kind, is_token: IsToken) -> bool:
    """Whether nothing is wrong with a value by itself; a token is sound."""
    return not any(_value_problems(value, kind, is_token, Words.PROPS, ""))


def _value_problems(
    value: object, kind: Kind, is_token: IsToken, words: Words, path: str, api: Api | None = None
) -> Iterator[str]:
    if is_token(value) and not _has_members(kind):
        if (misfit := _misfit(value, kind, words)) is not None:
            yield f"'{path}' must be {_wanted(kind, words)}, got {misfit}"
        return
    if kind.pending and isinstance(value, PendingUri):
        return
    if kind.type is tuple:
        if not isinstance(value, (tuple, list)):
            yield f"'{path}' must be a list, got {described(value)}"
            return
        yield from (f"'{path}' {text}" for text in kind.limits.problems(value))
        for index, item in enumerate(value):
            yield from _value_problems(item, _known(kind.item), is_token, words, words.item(path, api, index))
    elif kind.type is dict:
        yield from _map_problems(value, kind, is_token, words, path)
    elif kind.members:
        if isinstance(value, kind.members):
            yield from _shape_problems(value, is_token, words, words.member(path, type(value)))
        else:
            yield f"'{path}' must be one of {', '.join(m.__name__ for m in kind.members)}, got {described(value)}"
    elif issubclass(kind.type, Shape):
        if isinstance(value, kind.type):
            yield from _shape_problems(value, is_token, words, path)
        else:
            yield f"'{path}' must be of type {kind.type.__name__}, got {described(value)}"
    else:
        yield from (f"'{path}' {text}" for text in _scalar_problems(value, kind, is_token, words))


def _map_problems(value: object, kind: Kind, is_token: IsToken, words: Words, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"'{path}' must be a map, got {described(value)}"
        return
    yield from (f"'{path}' {text}" for text in kind.limits.problems(list(value)))
    for key, item in value.items():
        yield from (f"a key of {text}" for text in _value_problems(key, _known(kind.key), is_token, words, path))
        yield from _value_problems(item, _known(kind.item), is_token, words, entry(path, key))


def value_problems(value: object, annotation: object, *, is_token: IsToken, path: str) -> list[str]:
    """Everything that is wrong with a value that is no field of a shape, each a sentence in the caller's words.

    Args:
        value: The value.
        annotation: Its type with its limits: `Annotated[int | None, Limits(at_least=1)]`.
        is_token: Tells a value that is only known at deploy time.
        path: What the caller calls it.
    """
    if value is None and _takes_none(annotation):
        return []
    return list(_value_problems(value, _kind(annotation), is_token, Words.PROPS, path))


def _takes_none(annotation: object) -> bool:
    base = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    return type(None) in get_args(base)


def _misfit(token: object, kind: Kind, words: Words) -> str | None:
    """What is wrong with a token where a value of this kind belongs; None: nothing.

    Text is what the deployment makes of every value, so a text token may stand for a number. A span of time among the
    props has to say itself in seconds, which no token does but a Duration of one.
    """
    if kind.type is Seconds and words is Words.PROPS:
        return f"a value that is only known at deploy time: give {words.span} of one"
    is_list = isinstance(token, (list, tuple))
    if is_list != (kind.type is tuple) and isinstance(token, (str, int, float, list, tuple)):
        return "a list that is only known at deploy time" if is_list else _later(token)
    if kind.type is dict and isinstance(token, (str, int, float)):
        return _later(token)
    if isinstance(token, (int, float)) and kind.type not in (int, float, Seconds):
        return _later(token)
    # A secret of the CDK is text, whatever object it is here.
    if kind.type in (tuple, dict) and has(token, "unsafe_unwrap"):
        return _later("")
    return None


def _later(token: object) -> str:
    return f"{'text' if isinstance(token, str) else 'a number'} that is only known at deploy time"


def _wanted(kind: Kind, words: Words) -> str:
    """What a value of this kind is, in words."""
    if kind.type in (tuple, dict):
        return "a list" if kind.type is tuple else "a map"
    if kind.type is Seconds:
        return words.span
    return _SCALARS[str if issubclass(kind.type, StrEnum) else kind.type].words


def _known(kind: Kind | None) -> Kind:
    """The kind of a list's items or a map's keys, which such a kind always has."""
    if kind is None:
        raise TypeError("a list or map without a kind of items")
    return kind


def _has_members(kind: Kind) -> bool:
    """Whether it is a structure, or a list of them: what the library reads its members from cannot be a token."""
    return issubclass(kind.type, Shape) or (kind.item is not None and _has_members(kind.item))


def _scalar_problems(value: object, kind: Kind, is_token: IsToken, words: Words) -> Iterator[str]:
    if kind.type is Seconds:
        yield from _span_problems(value, kind, is_token, words)
    elif issubclass(kind.type, StrEnum):
        if not isinstance(value, str):
            yield f"must be one of {listed(kind.type)}, got {described(value)}"
        elif value not in set(kind.type) and not kind.open:
            yield f"must be one of {listed(kind.type)}, got {shorten(value)}{hint(value, kind.type)}"
        elif (problem := unfit(value)) is not None:
            yield problem
    else:
        expected = _SCALARS[kind.type]
        if not isinstance(value, expected.accepted) or (isinstance(value, bool) and kind.type is not bool):
            yield f"must be {expected.words}, got {described(value)}"
        elif (problem := unfit(value)) is not None:
            yield problem
        else:
            yield from kind.limits.problems(value)


# [whole-numbers]
_LARGEST: Final = 2**31 - 1
"""The API's whole numbers have 32 bits."""


def unfit(value: object) -> str | None:
    """What is wrong with text or a number that no request can carry, as the end of a sentence; None: nothing."""
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            return f"must be text that UTF-8 can write, got {shorten(value)}"
    elif isinstance(value, float) and not math.isfinite(value):
        return f"must be a finite number, got {value}"
    elif isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
        bound = f"most {_LARGEST}" if value > 0 else f"least -{_LARGEST}"
        return f"must be at {bound}, got {shorten(value)}"
    return None


def _span_problems(value: object, kind: Kind, is_token: IsToken, words: Words) -> Iterator[str]:
    if not has(value, "to_seconds"):
        yield f"must be {words.span}, got {described(value)}"
        return
    try:
        seconds = seconds_of(cast("Seconds", value))
    except RuntimeError as error:  # what jsii raises: a Duration in minutes that is a token cannot be converted
        yield f"cannot be told in seconds: {error}"
        return
    if is_token(seconds):
        return
    if not isinstance(seconds, int):
        yield f"must be a whole number of seconds, got {seconds}"
        return
    if (problem := unfit(seconds)) is not None:
        yield f"{problem} seconds"
        return
    yield from (f"{text} seconds" for text in kind.limits.problems(seconds))


@dataclass(frozen=True)
class _Scalar:
    accepted: tuple[type, ...]
    words: str


_SCALARS = {
    str: _Scalar((str,), "text"),
    int: _Scalar((int,), "a whole number"),
    float: _Scalar((int, float), "a number"),
    bool: _Scalar((bool,), "True or False"),
}


# ------------------------------------------------------------------------------------------------------------ parsing


class Malformed(Exception):  # noqa: N818 - the sentence matters, not the suffix
    """A request that does not have the API's form; `problems` says why."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


def parse(shape: type[S], document: object) -> S:
    """The shape that a request in the API's own names describes.

    Values are taken as they stand; `problems` judges them.

    Raises:
        Malformed: a member is unknown, missing, or not of the form that it must have.
    """
    result, found = parse_as_far_as_it_goes(shape, document)
    if found:
        raise Malformed(found)
    return result


def parse_as_far_as_it_goes(shape: type[S], document: object) -> tuple[S, list[str]]:
    """As `parse`, with None for what is missing or malformed; `problems` says of that no more than that it is required.

    Returns:
        The shape, and what is wrong with the form.
    """
    found: list[str] = []
    return cast("S", _parse_shape(shape, document, "", found)), found


def _parse_shape(shape: type[Shape], document: object, path: str, found: list[str]) -> Shape:
    values: dict[str, object] = {}
    _parse_branch(tree_of(shape), document, path, found, values)
    missing = [field for field in fields_of(shape) if field.required and field.name not in values]
    found.extend(f"'{_joined(path, field.api.wire)}' is required" for field in missing)
    values.update((field.name, None) for field in missing)
    return shape(**values)


def _parse_branch(branch: Branch, document: object, path: str, found: list[str], values: dict[str, object]) -> None:
    if branch.in_list:
        if not isinstance(document, (list, tuple)):
            found.append(f"{_quoted(path)} must be a list, got {described(document)}")
            values.update(_left_out(branch))
            return
        found.extend(f"{_quoted(path)} {text}" for text in Limits(max_items=1).problems(document))
        path, document = f"{path}[0]", document[0] if document else {}
    if not isinstance(document, Mapping):
        found.append(f"{_quoted(path)} must be an object, got {described(document)}")
        values.update(_left_out(branch))
        return
    for key, value in document.items():
        own_path = _joined(path, str(key))
        member = branch.members.get(key)
        if member is None:
            guess = hint(str(key), branch.members)
            found.append(f"'{own_path}' is not a member of {path or 'the request'}{guess}")
        elif value is None:
            continue
        elif isinstance(member, Branch):
            _parse_branch(member, value, own_path, found, values)
        else:
            values[member.name] = _parse_value(member.kind, value, own_path, found)


def _left_out(branch: Branch) -> Iterator[tuple[str, None]]:
    """The fields below a structure that is malformed: of each of them there is nothing more to say."""
    for member in branch.members.values():
        if isinstance(member, Branch):
            yield from _left_out(member)
        else:
            yield member.name, None


def _parse_value(kind: Kind, value: object, path: str, found: list[str]) -> object:
    if kind.type is tuple and isinstance(value, (list, tuple)):
        item_kind = _known(kind.item)
        return tuple(_parse_value(item_kind, item, f"{path}[{index}]", found) for index, item in enumerate(value))
    if kind.type is dict and isinstance(value, Mapping):
        return {key: _parse_value(_known(kind.item), item, entry(path, key), found) for key, item in value.items()}
    if kind.type is Seconds and isinstance(value, (int, float)) and not isinstance(value, bool):
        return SecondsValue(value)
    if kind.members:
        return _parse_member(kind, value, path, found)
    if issubclass(kind.type, Shape):
        return _parse_shape(kind.type, value, path, found)
    return value


def _parse_member(kind: Kind, value: object, path: str, found: list[str]) -> Shape | None:
    """The one member of a union that is given."""
    by_wire = {member._MEMBER: member for member in kind.members}
    given = {key: item for key, item in value.items() if item is not None} if isinstance(value, Mapping) else {}
    unknown = [key for key in given if key not in by_wire]
    found.extend(f"'{_joined(path, str(key))}' is not a member of {path}{hint(str(key), by_wire)}" for key in unknown)
    if not unknown and len(given) != 1:
        got = listed(given) if given else described(value)
        found.append(f"'{path}' must have exactly one of {listed(by_wire)}, got {got}")
    if len(given) != 1 or unknown:
        return None
    ((key, item),) = given.items()
    return _parse_shape(by_wire[key], item, _joined(path, key), found)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@dataclass(frozen=True)
class SecondsValue:
    """A number of seconds, as a request in the API's own names holds it."""

    seconds: float

    def to_seconds(self, *, integral: bool) -> float:  # noqa: ARG002 - a fraction is judged, not refused
        """The number."""
        return self.seconds

    def __repr__(self) -> str:
        return repr(self.seconds)


# -------------------------------------------------------------------------------------------------------------- words


def listed(values: Iterable[object]) -> str:
    """The values in quotes, in their order."""
    return ", ".join(f"'{value}'" for value in values)


def some(values: Sequence[object], most: int = 12) -> str:
    """The first few of many, in quotes."""
    rest = f" and {len(values) - most} more" if len(values) > most else ""
    return listed(values[:most]) + rest


def hint(given: str, known: Iterable[str]) -> str:
    """A guess at what was meant, as the end of a sentence; empty when nothing is near."""
    folded = {str(word).lower(): str(word) for word in known}
    near = difflib.get_close_matches(given.lower(), folded, n=1, cutoff=0.6)
    return f" (did you mean '{folded[near[0]]}'?)" if near else ""


def has(value: object, *names: str) -> bool:
    """Whether a value has members of these names. They are not asked: each would be a call to jsii, and may fail.

    A class has none of them: it is what its objects are made of, as `iam.Role` is no role.
    """
    return not isinstance(value, type) and all(_has(value, name) for name in names)


def _has(value: object, name: str) -> bool:
    if inspect.getattr_static(value, name, _ABSENT) is not _ABSENT:
        return True
    # What jsii hands out as an interface finds its members only when it is asked.
    try:
        return hasattr(type(value), "__getattr__") and hasattr(value, name)
    except Exception:  # it is there, but cannot say itself
        return True


_ABSENT: Final = object()


def json_of(text: str) -> Any:
    """The value that JSON says.

    Raises:
        ValueError: it is none, or has a number that is too long for Python.
    """
    try:
        return json.loads(text)
    except RecursionError:  # how deep is too deep depends on the release of Python, and so do its words
        raise ValueError("it is nested too deep") from None


def described(value: object) -> str:
    """A value with its type, short enough for an error message."""
    return f"{shorten(value)} ({type(value).__name__})"


def shorten(value: object, length: int = 80) -> str:
    """The value's repr, cut in the middle when it is long; text that any screen can show."""
    try:
        text = repr(value)
    except Exception:  # an object of anybody's: a whole number of 5,000 digits, a list 100,000 deep
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= length else f"{text[: length // 2]}...{text[-length // 2 + 3 :]}"


def raise_if_any(problems: Sequence[str], what: str) -> None:
    """Raise all problems as one `ValueError`; the only place where bad input becomes an exception."""
    if problems:
        told = [f"\n  - {problem}" for problem in problems[:_MOST_TOLD]]
        while len(told) > 1 and sum(map(len, told)) > _MOST_CHARACTERS:
            told.pop()
        lines = "".join(told)
        if len(problems) > len(told):
            lines += f"\n  and {len(problems) - len(told)} more"
        raise ValueError(f"{what} has {len(problems)} problem{'s' if len(problems) > 1 else ''}:{lines}")


_MOST_TOLD: Final = 20
"""Problems that somebody reads before mending them."""

_MOST_CHARACTERS: Final = 3500


def entry(path: str, *keys: object) -> str:
    """The path of an entry of a map."""
    return path + "".join(f"[{str(key)!r}]" for key in keys)


def _quoted(path: str) -> str:
    return f"'{path}'" if path else "the request"


def number(value: float) -> str:
    """A number as one writes it: no fraction where there is none, and no exponent."""
    return str(whole(value))


def counted(count: float, unit: str) -> str:
    """A number of things."""
    return f"{number(count)} {unit}" + ("" if count == 1 else "s")


def _span(low: float | None, high: float | None, unit: str = "") -> str:
    def said(count: float) -> str:
        return counted(count, unit) if unit else number(count)

    if high is None:
        return f"at least {said(low or 0)}"
    if low is None:
        return f"at most {said(high)}"
    return f"exactly {said(high)}" if low == high else f"{number(low)} to {said(high)}"


_SEPARATORS = "".join(map(chr, (0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)))
"""Unicode's category Z."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of AWS's model for Python, whose `re` knows no Unicode classes.

    Letters and numbers become word characters, which are both and the underscore: AWS's one pattern with them has
    all three.
    """
    flags = re.NOFLAG if r"\p{" in pattern else re.ASCII
    for theirs, ours in ((r"\p{L}", r"\w"), (r"\p{N}", ""), (r"\p{Z}", _SEPARATORS)):
        pattern = pattern.replace(theirs, ours)
    return re.compile(pattern, flags)


# -------------------------------------------------------------------------------------------------- reading annotations


def _kind(annotation: object) -> Kind:
    if get_origin(annotation) is Annotated:
        base, *metadata = get_args(annotation)
        kind = _kind(base)
        return dataclasses.replace(kind, limits=_merged(kind.limits, *metadata))
    if get_origin(annotation) in (typing.Union, types.UnionType):
        return _union_kind([arm for arm in get_args(annotation) if arm is not type(None)])
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        key, item = get_args(annotation)
        return Kind(dict, Limits(), key=_kind(key), item=_kind(item))
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return Kind(tuple, Limits(), item=_kind(get_args(annotation)[0]))
    return Kind(cast("type", annotation), Limits())


def _union_kind(arms: list[object]) -> Kind:
    if len(arms) == 1:
        return _kind(arms[0])
    if PendingUri in arms:
        return dataclasses.replace(_union_kind([arm for arm in arms if arm is not PendingUri]), pending=True)
    shapes = [arm for arm in arms if isinstance(arm, type) and issubclass(arm, Shape)]
    if len(shapes) == len(arms):
        return Kind(Shape, Limits(), members=tuple(shapes))
    enums = [arm for arm in arms if isinstance(arm, type) and issubclass(arm, StrEnum)]
    if len(enums) == 1 and set(arms) == {enums[0], str}:
        return Kind(enums[0], Limits(), open=True)
    raise TypeError(f"no kind of field: {arms}")


def _merged(*metadata: object) -> Limits:
    """All limits in one; a later one wins."""
    names = [field.name for field in dataclasses.fields(Limits)]
    given: dict[str, Any] = {}
    for limits in metadata:
        if isinstance(limits, Limits):
            given |= {name: value for name in names if (value := getattr(limits, name)) is not None}
    return Limits(**given)
