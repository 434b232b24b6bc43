"""What CloudFormation makes of a template: the same one under several names of the stack."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aws_cdk as cdk

Template = dict[str, Any]
UUIDS = ("1c2fa620-982a-11e3-aff7-50e2416294e0", "2d3fb731-982a-11e3-aff7-50e2416294e0")
"""Of two stacks that one machine made in one minute."""


@dataclass(frozen=True)
class Launch:
    """A stack that a template became."""

    template: Template
    name: str
    uuid: str = UUIDS[0]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stack_id(self) -> str:
        return f"arn:aws:cloudformation:eu-west-1:111122223333:stack/{self.name}/{self.uuid}"

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources with the texts that CloudFormation makes of functions; what it only knows later is `<...>`."""
        found: dict[str, dict[str, Any]] = self.text(self.template["Resources"])
        return found

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The properties of all resources of a type."""
        return [each["Properties"] for each in self.resources.values() if each["Type"] == kind]

    def statements(self, logical_id: str = "") -> list[dict[str, Any]]:
        """The statements of all policies whose logical id begins so."""
        return [
            statement
            for name, each in self.resources.items()
            if each["Type"] in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy") and name.startswith(logical_id)
            for statement in each["Properties"]["PolicyDocument"]["Statement"]
        ]

    def nested(self, logical_id: str, template: Template) -> "Launch":
        """A nested stack of this one, as CloudFormation names it."""
        [resource] = [name for name in self.template["Resources"] if name.startswith(f"{logical_id}NestedStack")]
        given = self.resources[resource]["Properties"].get("Parameters", {})
        return Launch(template, f"{self.name}-{resource}-ABCDEFGHIJKL", f"9{self.uuid[1:]}", given)

    def text(self, value: Any) -> Any:
        match value:
            case {"Fn::If": [str(name), one, other]}:
                return self.text(one if self._holds(self.template["Conditions"][name]) else other)
            case {"Fn::Join": [str(between), parts]}:
                return between.join(self.text(part) for part in parts)
            case {"Fn::Select": [index, parts]}:
                found = self.text(parts)
                return found[int(index)] if int(index) < len(found) else "<...>"
            case {"Fn::Split": [str(between), text]}:
                return self.text(text).split(between)
            case {"Ref": str(name)}:
                return self._known.get(name, f"<{name}>")
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return f"<{name}.{attribute}>"
            case {"Fn::GetStackOutput": _} | {"Fn::Sub": _}:
                return "<...>"
            case dict():
                return {key: self.text(each) for key, each in value.items()}
            case list():
                return [text for each in value if (text := self.text(each)) != "<AWS::NoValue>"]
        return value

    @property
    def _known(self) -> dict[str, Any]:
        pseudo = {"StackName": self.name, "StackId": self.stack_id, "Partition": "aws", "Region": "eu-west-1"}
        return (
            {f"AWS::{name}": each for name, each in pseudo.items()}
            | {"AWS::AccountId": "111122223333"}
            | {**self.parameters}
        )

    def _holds(self, condition: Any) -> bool:
        one, other = condition["Fn::Equals"]
        return bool(self.text(one) == self.text(other))


def templates_of(app: cdk.App) -> dict[str, Template]:
    """All templates of an app, by the names of their files."""
    folder = Path(app.synth().directory)
    return {path.name: json.loads(path.read_text()) for path in folder.rglob("*.template.json")}


def as_named(value: Any) -> Any:
    """A template, or a part of one, as it says the names of a stack that has the name that the app gives it."""
    match value:
        case {"Fn::If": ["SageMakerAutopilotAsNamed", named, _]}:
            return named
        case {"Fn::Join": ["", parts]} if all(isinstance(part, str) for part in as_named(parts)):
            return "".join(as_named(parts))
        case dict():
            return {name: as_named(each) for name, each in value.items()}
        case list():
            return [text for each in value if (text := as_named(each)) != {"Ref": "AWS::NoValue"}]
    return value
