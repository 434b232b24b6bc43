"""What templates say, in words: their resources, what their policies allow, and how two of them differ."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from constructs_lib.rehearsal import policies
from constructs_lib.rehearsal.stacks import resources

from .facts import PermissionFact, PropertyChange, ResourceChange, ResourceFact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from constructs_lib.rehearsal.stacks import Template

_KEPT: Final = ("Retain", "RetainExceptOnCreate", "Snapshot")
_ANYTHING: Final = "*"
_PART: Final = "(a part of "
_EVERYBODY: Final = "Everybody"

_CALLED: Final = {
    "AWS::S3::BucketPolicy": "bucket",
    "AWS::SQS::QueuePolicy": "queue",
    "AWS::SNS::TopicPolicy": "topic",
    "AWS::KMS::Key": "key",
}
"""What a policy of a resource opens."""

_OPERATORS: Final = {
    "StringEquals": "is",
    "StringEqualsIfExists": "is, where there is one,",
    "StringLike": "is like",
    "StringNotEquals": "is not",
    "StringNotLike": "is not like",
    "ArnEquals": "is",
    "ArnLike": "is like",
    "Bool": "is",
    "BoolIfExists": "is, where there is one,",
    "NumericLessThan": "is less than",
    "Null": "is missing:",
}
"""What operators of conditions mean; any other one is named as it is."""


def resources_of(templates: Mapping[str, Template]) -> Iterator[ResourceFact]:
    """All resources, stack by stack."""
    for stack, template in templates.items():
        for logical_id, resource in resources(template).items():
            yield ResourceFact(
                stack=stack,
                logical_id=logical_id,
                type=str(resource.get("Type", "")),
                kept=resource.get("DeletionPolicy") in _KEPT,
            )


def permissions_of(templates: Mapping[str, Template]) -> Iterator[PermissionFact]:
    """All statements of all policies, stack by stack."""
    for stack, template in templates.items():
        for holder, statement in _statements(template):
            yield PermissionFact(
                stack=stack,
                holder=holder,
                says=in_words(statement),
                actions=_listed(statement.get("Action", statement.get("NotAction", ()))),
                resources=_listed(statement.get("Resource", statement.get("NotResource", ()))),
            )


def changes(before: Template, after: Template) -> list[ResourceChange]:
    """How a template differs from the one before it, resource by resource."""
    old, new = resources(before), resources(after)
    found = []
    for name in sorted({*old, *new}):
        if name not in old or name not in new:
            kind = (new.get(name) or old[name]).get("Type", "")
            change: Any = "added" if name in new else "removed"
            found.append(ResourceChange(change=change, logical_id=name, type=str(kind), properties=()))
        elif differing := list(_differences(old[name], new[name])):
            kind = str(new[name].get("Type", ""))
            found.append(ResourceChange(change="changed", logical_id=name, type=kind, properties=differing))
    return found


def _differences(before: Any, after: Any, path: tuple[str, ...] = ()) -> Iterator[PropertyChange]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            yield from _differences(before.get(name, _GONE), after.get(name, _GONE), (*path, name))
    elif isinstance(before, list) and isinstance(after, list):
        for place in range(max(len(before), len(after))):
            one, other = (each[place] if place < len(each) else _GONE for each in (before, after))
            yield from _differences(one, other, (*path, str(place)))
    else:
        yield PropertyChange(path=".".join(path), before=_as_json(before), after=_as_json(after))


_GONE: Final = object()


def _as_json(value: Any) -> str | None:
    return None if value is _GONE else json.dumps(value, ensure_ascii=False)


def _statements(template: Template) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, resource in resources(template).items():
        kind, properties = resource.get("Type"), resource.get("Properties", {})
        if kind == policies.ROLE:
            role = f"role {name}"
            yield from ((role, {**each, "Trust": True}) for each in _of(properties.get("AssumeRolePolicyDocument")))
            for policy, conditions in policies.either(properties.get("Policies"), _unknown):
                yield from ((role, each) for each in _of(policy.get("PolicyDocument"), conditions))
            if managed := properties.get("ManagedPolicyArns"):
                yield role, {"Managed": managed}
        elif kind in policies.ATTACHED:
            whose = ", ".join(
                f"{what} {each}" for what, names in policies.holders(properties) for each in _listed(names)
            )
            yield from ((_named(whose) or name, each) for each in _of(properties.get("PolicyDocument")))
        elif kind in policies.OF_RESOURCES:
            opens, document = policies.OF_RESOURCES[kind]
            opened = ", ".join(_listed(properties.get(opens, ()))) if opens else name
            yield from ((f"{_CALLED[kind]} {_named(opened) or name}", each) for each in _of(properties.get(document)))


def _of(document: Any, conditions: Sequence[str] = ()) -> Iterator[Mapping[str, Any]]:
    """The statements of a document, on both sides of the template's conditions, which are then said."""
    for statement, some in policies.statements(document, _unknown, conditions):
        known = isinstance(statement, dict) and not policies.is_intrinsic(statement)
        yield {**(statement if known else {"Unknown": text(statement)}), **({"Where": some} if some else {})}


def _unknown(_: str) -> None:
    """A report is of a template, not of one deployment: what a condition comes to is not asked."""


def _named(holder: str) -> str:
    """A reference to a resource of the template as its name."""
    return re.sub(r"\$\{(\w+)\}", r"\1", holder)


def in_words(statement: Mapping[str, Any]) -> str:
    """A statement of a policy as a sentence."""
    if "Managed" in statement:
        return f"Has the managed policies {_enumerated(_listed(statement['Managed']))}."
    denied = statement.get("Effect") == "Deny"
    if "Unknown" in statement:
        return f"Says what only the deployment knows: {statement['Unknown']}."
    tests = [*_conditions(statement.get("Condition", {})), *statement.get("Where", ())]
    conditions = f", if {_enumerated(tests)}" if tests else ""
    who = _principals(statement)
    if denied and who == _EVERYBODY:
        who, denied = "Nobody", False
    if statement.get("Trust"):
        return f"{who or 'Nobody named'} may {'not ' if denied else ''}act as this role{conditions}."
    if "NotAction" in statement:
        does = f"call anything but {_enumerated(_listed(statement['NotAction']))}"
    else:
        does = _actions(_listed(statement.get("Action", ())))
    where = _where(statement)
    verb = "must not" if denied else "may"
    return f"{f'{who} {verb}' if who else verb.capitalize()} {does}{where}{conditions}."


def _where(statement: Mapping[str, Any]) -> str:
    if "NotResource" in statement:
        return f" on anything but {_enumerated(_listed(statement['NotResource']))}"
    found = list(map(_place, _listed(statement.get("Resource", ()))))
    if not found:
        return ""
    return " on any resource" if found == [_ANYTHING] else f" on {_enumerated(found)}"


_ACCOUNT: Final = "${AWS::AccountId}"
_PSEUDO: Final = {
    "${AWS::Partition}": "aws",
    "${AWS::Region}": "REGION",
    _ACCOUNT: "ACCOUNT",
    "${AWS::StackId}": "this stack",
}


def _spoken(value: str) -> str:
    if value == _ACCOUNT:
        return "this account"
    for name, word in _PSEUDO.items():
        value = value.replace(name, word)
    return value


def _place(arn: str) -> str:
    """An ARN of this account and region without what they all have."""
    spoken = _spoken(arn)
    found = re.fullmatch(r"arn:aws:([\w-]+):(?:REGION|\*|):(?:ACCOUNT|\*|):(.+)", spoken)
    return f"{found[1]} {found[2]}" if found else spoken


def _actions(actions: Sequence[str]) -> str:
    if list(actions) == [_ANYTHING]:
        return "do everything"
    return f"call {_enumerated(actions)}"


def _principals(statement: Mapping[str, Any]) -> str:
    principal = statement.get("Principal", {})
    if principal == _ANYTHING or principal == {"AWS": _ANYTHING}:
        return _EVERYBODY
    if not principal:
        return ""
    if not isinstance(principal, dict):
        return text(principal)
    words = {"Service": "the service", "AWS": "", "Federated": "users of"}
    found = [f"{words.get(kind, kind)} {each}".strip() for kind, who in principal.items() for each in _listed(who)]
    said = _enumerated(found)
    return said[:1].upper() + said[1:]


def _conditions(condition: Any) -> Iterator[str]:
    if not isinstance(condition, dict) or any(not isinstance(tests, dict) for tests in condition.values()):
        yield text(condition)
        return
    for operator, tests in condition.items():
        quantifier, _, plain = operator.rpartition(":")
        for key, values in tests.items():
            each = {"ForAllValues": "every ", "ForAnyValue": "one "}.get(quantifier, "")
            yield f"{each}{key} {_OPERATORS.get(plain, plain)} {_spoken(_enumerated(_listed(values), 'or'))}"


def _enumerated(words: Sequence[str], word: str = "and") -> str:
    *first, last = words or ("nothing",)
    return f"{', '.join(first)} {word} {last}" if first else last


def _listed(value: Any) -> list[str]:
    return [text(each) for each in value] if isinstance(value, (list, tuple)) else [text(value)]


def text(value: Any) -> str:
    """A value of a template as one reads it: references as `${LogicalId}`."""
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case {"Ref": str(name)} if len(value) == 1:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [str(name), str(attribute)]} if len(value) == 1:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Join": [str(between), list(parts)]} if len(value) == 1:
            return between.join(map(text, parts))
        case {"Fn::Sub": str(found)} if len(value) == 1:
            return found
        case {"Fn::If": [_, one, other]} if len(value) == 1:
            found = [text(each) for each in (one, other) if each != {"Ref": "AWS::NoValue"}]
            return found[0] if len(found) == 1 else f"({' or '.join(found)})"
        case {"Fn::Select": [_, {"Fn::Split": [_, whole]}]} if len(value) == 1:
            # The parts of a part are parts of the same.
            of = text(whole)
            return of if of.startswith(_PART) else f"{_PART}{of})"
        case {"Fn::ImportValue": found} if len(value) == 1:
            return f"${{{text(found)}}}"
        case _:
            return json.dumps(value, ensure_ascii=False)
