"""What things are called: names that people can recognize, and that stay when the app around a stack changes."""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import aws_cdk as cdk
import jsii

from .tokens import TEXT_TOKEN, is_token, path_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import Construct, IConstruct


def stack_of(construct: IConstruct) -> cdk.Stack:
    """The stack of a construct; that stays, and to ask is a call to jsii."""
    return _stack_of(cast("Any", construct))


@cache
def _stack_of(construct: Any) -> cdk.Stack:
    return construct if isinstance(construct, cdk.Stack) else cdk.Stack.of(construct)


def deployed_path(construct: Construct, stack: cdk.Stack | None = None) -> str:
    """The path of a construct in what is deployed: the stack's name, and what lies below that stack.

    Of a nested stack it is the name of the outermost one, below which it lies. `node.path` is another as soon as a
    deployed stack moves into a stage, or its construct gets another id; two stacks that are told apart by `stack_name`
    alone have the same.

    Args:
        construct: The construct.
        stack: Its stack, where that is known: to ask for it is a call to jsii.
    """
    name, path = _outermost(stack or stack_of(construct))
    return name + path_of(construct).removeprefix(path)


@cache
def _outermost(stack: cdk.Stack) -> tuple[str, str]:
    """The name and the path of the stack that a stack is deployed with."""
    outermost = _deployed_with(stack)
    return outermost.stack_name, path_of(outermost)


def is_one_deployment(one: cdk.Stack, other: cdk.Stack) -> bool:
    """Whether two stacks are deployed at once: they are one, or nested in one."""
    return _deployed_with(one) is _deployed_with(other)


@cache
def _deployed_with(stack: cdk.Stack) -> cdk.Stack:
    parent = stack.nested_stack_parent
    return stack if parent is None else _deployed_with(parent)


def slug(text: str, length: int, fallback: str) -> str:
    """Lower-case letters, digits and hyphens of a text, for a name that people can recognize."""
    if is_token(text):
        return fallback[:length]
    cleaned = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return cleaned[:length].rstrip("-") or fallback[:length]


def plain(text: str) -> str:
    """A text as a description: construct ids may hold any letter, EC2 and IAM take ASCII only, EC2 up to 255."""
    return re.sub(r"[^A-Za-z0-9 ._/-]", "_", text)[:255]


# --------------------------------------------------------------------------------- what is known when it is deployed
#
# docs/decisions/0009-names-follow-what-is-deployed.md


class Told(ABC):
    """A text about a stack, by who writes it down: its own template says it otherwise than one of another stack.

    What CloudFormation knows counts in the stack's own template, and in those of the stacks that are deployed with it.
    Elsewhere `AWS::StackName` is another's, so there it is what the app knows.
    """

    def __init__(self, stack: cdk.Stack, *, known: str) -> None:
        """Tell of a stack.

        Args:
            stack: The stack.
            known: What the app knows.
        """
        self.stack = stack
        self.known = known
        self._said: dict[cdk.Stack, str] = {}

    @abstractmethod
    def deployed(self, reader: cdk.Stack) -> str:
        """What CloudFormation knows, for a template that is deployed with the stack's."""

    def text(self) -> str:
        """A token that becomes the text."""
        return cdk.Lazy.uncached_string(_Teller(self))

    def to(self, scope: IConstruct) -> str:
        """The text for that scope."""
        if is_report(scope):
            return reported(self.stack, self.known)
        reader = stack_of(scope)
        if reader not in self._said:  # a template is resolved more than once, and each text of it is calls to jsii
            self._said[reader] = self.deployed(reader) if is_one_deployment(reader, self.stack) else self.known
        return self._said[reader]


def is_report(scope: IConstruct) -> bool:
    """Whether a text is for the report of `iam.Role.customize_roles`, which looks it up as a role or a policy.

    A template is resolved as a stack, and its references as its elements.
    """
    return not isinstance(scope, (cdk.Stack, cdk.CfnElement))


def reported(stack: cdk.Stack, text: str) -> str:
    """A text for that report: it spells accounts, regions and partitions itself, but not within what it looks up."""
    for known, spelled in ((stack.partition, "(PARTITION)"), (stack.region, "(REGION)"), (stack.account, "(ACCOUNT)")):
        text = text.replace(known, spelled) if is_token(known) else text
    return text


@jsii.implements(cdk.IStringProducer)
class _Teller:
    def __init__(self, told: Told) -> None:
        self._told = told

    def produce(self, context: cdk.IResolveContext) -> str:
        """The text for whoever writes it down."""
        return self._told.to(scope_of(context))


def scope_of(context: cdk.IResolveContext) -> IConstruct:
    """What is being resolved: what `context.scope` says, which asks the kernel twice, and there are thousands."""
    scope: IConstruct = jsii.get(context, "scope")
    return scope


def _is_below(reader: cdk.Stack, stack: cdk.Stack) -> bool:
    parent = reader.nested_stack_parent
    return reader is stack or (parent is not None and _is_below(parent, stack))


class _Name(Told):
    def deployed(self, reader: cdk.Stack) -> str:
        if self.stack is _deployed_with(reader):
            return _outermosts(reader, "StackName")
        return cdk.ScopedAws(self.stack).stack_name if _is_below(reader, self.stack) else self.stack.stack_name


class _Id(Told):
    def deployed(self, reader: cdk.Stack) -> str:
        if self.stack is _deployed_with(reader):
            return _outermosts(reader, "StackId")
        return cdk.ScopedAws(self.stack).stack_id if _is_below(reader, self.stack) else self.stack.stack_id


class _Unique(_Id):
    def deployed(self, reader: cdk.Stack) -> str:
        return _unique_part(super().deployed(reader))


@cache
def _outermosts(reader: cdk.Stack, what: Literal["StackName", "StackId"]) -> str:
    """What CloudFormation knows of the outermost stack: each nested one is told by that around it.

    The CDK would call the parameter by the path in the app.
    """
    around = reader.nested_stack_parent
    if around is None:
        return cdk.Aws.STACK_NAME if what == "StackName" else cdk.Aws.STACK_ID
    name = f"{_OURS}{what}"
    parameter = cdk.CfnParameter(reader, name)
    parameter.override_logical_id(name)
    cast("cdk.NestedStack", reader).set_parameter(name, _outermosts(around, what))
    return parameter.value_as_string


def _unique_part(stack_id: str) -> str:
    """The last part of a stack's id: what is between the slashes before it is no id."""
    return cdk.Fn.select(2, cdk.Fn.split("/", stack_id))


@cache
def deployed_name(stack: cdk.Stack) -> str:
    """The name of a stack as CloudFormation knows it, wherever that can be said; else as the app knows it."""
    return _Name(stack, known=stack.stack_name).text()


@cache
def deployed_id(stack: cdk.Stack) -> str:
    """The ARN of a stack for policies: its id, or, where that would be another's, a pattern of its name.

    A pattern needs `ArnLike` or `StringLike` where it is a condition's.
    """
    return _Id(stack, known=known_id(stack)).text()


def known_id(stack: cdk.Stack) -> str:
    """What the app knows of the ARN of a stack: its name, of a nested stack how its name begins."""
    outermost, _ = _outermost(stack)
    name = outermost if stack.nested_stack_parent is None else f"{outermost}-*"
    return f"arn:{stack.partition}:cloudformation:{stack.region}:{stack.account}:stack/{name}/*"


@cache
def unique_part(stack: cdk.Stack) -> str:
    """What is in no other stack's id, ever; where that cannot be said, the pattern of any."""
    return _Unique(stack, known="*").text()


_HASH: Final = 4
_LONGEST: Final = 7
_OF_THE_ID: Final = 8
"""The first group of a stack's id, a UUID. Of those that tell the time it is the part that changes first; the last
group says which machine made it, and so is shared."""

PART_LENGTH: Final = _LONGEST + _HASH + len("-")
"""How long the stack's part of a name is at most, but for a nested stack's that is called otherwise: one more."""


class StackPart:
    """What names of a stack begin with: letters of its name, and what no other stack has, with a hyphen.

    Under the name that the app gives the stack, that is a hash of its place in what is deployed. Under another one (the
    template was deployed by somebody else, or often) it is of the stack's id; of a nested stack it is of the outermost
    one's, which every template around it can say, and the hash.
    """

    def __init__(self, stack: cdk.Stack) -> None:
        self.stack: Final = stack
        digest = hashlib.sha256(deployed_path(stack).encode()).hexdigest()[:_HASH]
        self.known: Final = f"{slug(stack.stack_name, _LONGEST, 'stack')}{digest}-"
        """The part that the app knows."""
        is_nested = stack.nested_stack_parent is not None
        letters = "" if is_nested else slug(stack.stack_name, PART_LENGTH - _OF_THE_ID - len("-"), "stack")
        self._around: Final = (letters, digest if is_nested else "")

    def begin(self, rest: Callable[[int], str]) -> dict[str, list[str]]:
        """A name that begins so, as an intrinsic function in the stack's own template.

        Args:
            rest: What follows, after so many characters.
        """
        return {"Fn::If": self._either(self.stack, rest)}

    def text(self, rest: Callable[[int], str], *, length: int) -> str:
        """The same for any template.

        Args:
            rest: What follows, after so many characters.
            length: How long it is all in all, at most.
        """
        token = _Begun(self, rest).text()
        _LENGTHS[token] = length
        return token

    def _in(self, reader: cdk.Stack, rest: Callable[[int], str]) -> str:
        return cdk.Fn.condition_if(*self._either(reader, rest)).to_string()

    def _either(self, reader: cdk.Stack, rest: Callable[[int], str]) -> list[str]:
        """The condition, the name under the name that the app gives the stack, and the one under another."""
        before, after = self._around
        length = len(before) + _OF_THE_ID + len(after) + len("-")
        launched = f"{before}{_launched_part(reader)}{after}-{rest(length)}"
        return [_as_named(reader), self.known + rest(len(self.known)), launched]


@cache
def _launched_part(reader: cdk.Stack) -> str:
    # [stack-uuid]
    return cdk.Fn.select(0, cdk.Fn.split("-", _unique_part(_outermosts(reader, "StackId"))))


class _Begun(Told):
    def __init__(self, part: StackPart, rest: Callable[[int], str]) -> None:
        super().__init__(part.stack, known=part.known + rest(len(part.known)))
        self._part = part
        self._rest = rest

    def deployed(self, reader: cdk.Stack) -> str:
        return self._part._in(reader, self._rest)  # noqa: SLF001 - of this module


@cache
def _no_value() -> str:
    return cdk.Aws.NO_VALUE


class _IfLaunched(Told):
    def __init__(self, stack: cdk.Stack, text: str) -> None:
        super().__init__(stack, known=_no_value())
        self._text = text

    def deployed(self, reader: cdk.Stack) -> str:
        # [left-out-items]
        return cdk.Fn.condition_if(_as_named(reader), _no_value(), self._text).to_string()


def if_launched(stack: cdk.Stack, text: str) -> str:
    """An item of a list that is there only where a stack has another name than the app gives it."""
    return _IfLaunched(stack, text).text()


@cache
def _as_named(stack: cdk.Stack) -> str:
    """The condition that a stack, or that which it is nested in, is deployed under the name that the app gives it.

    It may be asked for while references are resolved, so it makes none that would have to be resolved too.
    """
    name, _ = _outermost(stack)
    expression = cdk.Fn.condition_equals(_outermosts(stack, "StackName"), name)
    condition = cdk.CfnCondition(stack, CONDITION, expression=expression)
    condition.override_logical_id(CONDITION)
    return CONDITION


_OURS: Final = "SageMakerAutopilot"
CONDITION: Final = f"{_OURS}AsNamed"

_LENGTHS: Final[dict[str, int]] = {}


def at_its_longest(text: str) -> str:
    """A text in which names of ours, which are tokens, are as long as they become."""
    return TEXT_TOKEN.sub(lambda token: "x" * _LENGTHS[token[0]] if token[0] in _LENGTHS else token[0], text)
