"""What a value of a template says, in words."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from constructs_lib.rehearsal.assembly import Assembly
from constructs_lib.rehearsal.stacks import Place, Stack

_VARIABLE: Final = re.compile(r"\$\{(!?)([^}]+)\}")
_UNITS: Final = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True)
class Words:
    """Words for the values of one template.

    A resource is called by its path in the app, in braces: `{Credit/Output}`.
    """

    assembly: Assembly
    stack: Stack
    templates: tuple[str, ...]
    """From the stack's template to the (nested) one."""

    def of(self, value: Any) -> str:
        """A value as text: what is known now is filled in, what is not is named in braces."""
        match value:
            case str():
                return value
            case bool():
                return str(value).lower()
            case int() | float():
                return f"{value:g}" if isinstance(value, float) else str(value)
            case list():
                return ", ".join(self.all_of(value))
            case {"Ref": str(name)} if name.startswith("AWS::"):
                return self._pseudo(name)
            case {"Fn::Join": [str(separator), list(parts)]}:
                return separator.join(self.all_of(parts))
            case {"Fn::Sub": str(text)}:
                return self._substituted(text, {})
            case {"Fn::Sub": [str(text), dict(variables)]}:
                return self._substituted(text, variables)
            case {"Fn::If": [str(condition), yes, no]}:
                return self._either(condition, yes, no)
            case {"Fn::Select": [index, {"Fn::Split": [_, whole]}]}:
                return f"{{part {index} of {self.of(whole).strip('{}')}}}"
            case {"Ref": str(name)}:
                return self._referred(value, name, "")
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return self._referred(value, name, "" if attribute == "Arn" else f".{attribute}")
            case {"Fn::ImportValue": exported}:
                return self._referred(value, f"import {self.of(exported)}", "")
            case {"Fn::GetStackOutput": {"StackName": name, "OutputName": key}}:
                return self._referred(value, f"{self.of(name)}.{self.of(key)}", "")
        if isinstance(value, dict) and len(value) == 1:
            return f"{{{next(iter(value))}}}"
        return str(value)

    def all_of(self, values: Any) -> list[str]:
        """The texts of a list, or of the one value that stands in its place; what is no value is left out."""
        listed = values if isinstance(values, list) else [values]
        return [text for each in listed if (text := self.of(each)) or each == ""]

    def name_of(self, logical_id: str) -> str:
        """What a resource of this template is called: its path below the stack, or its logical id."""
        return name_of(Place(self.stack, self.templates, logical_id), self.stack)

    def _pseudo(self, name: str) -> str:
        known = {
            "AWS::AccountId": self.stack.account or "{account}",
            "AWS::Region": self.stack.region or "{region}",
            "AWS::Partition": "aws",
            "AWS::StackName": self.stack.name,
            "AWS::StackId": "{stack id}",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": "",
        }
        return known.get(name, f"{{{name}}}")

    def _referred(self, value: Any, name: str, attribute: str) -> str:
        place = self.assembly.origin(value, Place(self.stack, self.templates, ""))
        return f"{{{name_of(place, self.stack) if place else name}{attribute}}}"

    def _substituted(self, text: str, variables: dict[str, Any]) -> str:
        def filled(found: re.Match[str]) -> str:
            literal, name = found.groups()
            if literal:
                return f"${{{name}}}"
            if name in variables:
                return self.of(variables[name])
            resource, _, attribute = name.partition(".")
            return self.of({"Fn::GetAtt": [resource, attribute]} if attribute else {"Ref": name})

        return _VARIABLE.sub(filled, text)

    def _either(self, condition: str, yes: Any, no: Any) -> str:
        holds = self.holds(condition)
        if holds is not None:
            return self.of(yes if holds else no)
        first, second = self.of(yes), self.of(no)
        return first if first == second else f"{{if {condition}: {first or 'nothing'}, else {second or 'nothing'}}}"

    def holds(self, condition: str) -> bool | None:
        """Whether a condition of the template holds when the stack has the name of its template; None: not known."""
        found = self.stack.load(self.templates).get("Conditions", {}).get(condition)
        return self._holds(found)

    def _holds(self, found: Any) -> bool | None:
        match found:
            case {"Fn::Equals": [one, other]}:
                texts = self.of(one), self.of(other)
                return None if any("{" in text for text in texts) else texts[0] == texts[1]
            case {"Fn::Not": [inner]}:
                holds = self._holds(inner)
                return None if holds is None else not holds
            case {"Fn::And": list(inner)}:
                return _all([self._holds(each) for each in inner])
            case {"Fn::Or": list(inner)}:
                negated = _all([None if (held := self._holds(each)) is None else not held for each in inner])
                return None if negated is None else not negated
            case {"Condition": str(name)}:
                return self.holds(name)
        return None


def _all(held: list[bool | None]) -> bool | None:
    if False in held:
        return False
    return None if None in held else True


def name_of(place: Place, seen_from: Stack) -> str:
    """What a resource is called: its path in the app, below the stack that it is seen from, or its logical id."""
    path = place.resource.get("Metadata", {}).get("aws:cdk:path", "")
    name = str(path).removesuffix("/Resource").removesuffix("/Default") or f"{place.stack.path}/{place.logical_id}"
    return name.removeprefix(f"{seen_from.path}/")


def duration(seconds: float) -> str:
    """A time in words: `2 hours 30 minutes`."""
    parts = list(_parts(seconds))
    return " ".join(parts) or "0 seconds"


def _parts(seconds: float) -> Iterator[str]:
    left = round(seconds)
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count:
            yield f"{count} {unit}{'' if count == 1 else 's'}"


def counted(count: float, noun: str) -> str:
    """`1 job`, `2 jobs`, `2.5 instance-hours`, `12,000 jobs`."""
    rounded = math.ceil(count * 100 - 1e-9) / 100  # an upper bound is never rounded down
    return f"{rounded:,.10g} {noun}{'' if rounded == 1 else 's'}"


def number_of(value: Any) -> float | None:
    """A number of a template, which may be text; None: it is only known at deploy time, or is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
