"""What the statements of roles allow, in a form in which those of templates and of accounts can be compared."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from constructs_lib.provider.provider import HANDLER
from constructs_lib.runtime import contract

from ...constructs.launches import as_named
from ...constructs.synthesis import as_list, resources_of

Template = Mapping[str, Any]

OF_MODELS = {contract.MODEL_TYPE: "ExecutionRoleArn"}
OF_JOBS = {contract.RESOURCE_TYPE: "RoleArn"}


@dataclass(frozen=True, order=True)
class Right:
    """One action of a statement."""

    role: str
    """Whose it is: `function`, `machine`, `copier`, `job` or `model`."""

    action: str
    resources: str
    """The types of what it is about."""

    conditions: str = ""
    """The keys that it asks for."""

    def __str__(self) -> str:
        asked = f" if {self.conditions}" if self.conditions else ""
        return f"{self.role} {self.action} on {self.resources}{asked}"


def roles_of(template: Template) -> dict[str, str]:
    """The roles that the library made, by logical id, and what each is for."""
    found: dict[str, str] = {}
    for name, role in resources_of(template, "AWS::IAM::Role").items():
        for kind, is_for in (
            ("function", _used(template, "AWS::Lambda::Function", "Role", name, Handler=HANDLER)),
            ("machine", _used(template, "AWS::StepFunctions::StateMachine", "RoleArn", name)),
            ("copier", name.startswith("SageMakerAutopilotCopier")),
            ("job", _requested(template, OF_JOBS, name)),
            ("model", _requested(template, OF_MODELS, name)),
        ):
            if is_for and "Description" in role["Properties"]:  # those that a test brings have none
                found[name] = kind
    return found


def _used(template: Template, kind: str, member: str, role: str, **more: str) -> bool:
    made = resources_of(template, kind).values()
    return any(_names(each["Properties"], member, role) and more.items() <= each["Properties"].items() for each in made)


def _requested(template: Template, kinds: Mapping[str, str], role: str) -> bool:
    return any(
        _names(each["Properties"]["Request"], member, role)
        for kind, member in kinds.items()
        for each in resources_of(template, kind).values()
    )


def _names(properties: Mapping[str, Any], member: str, role: str) -> bool:
    return bool(properties.get(member) == {"Fn::GetAtt": [role, "Arn"]})


def held(template: Template) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Each statement that allows those roles something, as the app deploys it, with the role and what that is for."""
    roles = roles_of(template)
    for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
        for policy in resources_of(template, kind).values():
            named = policy["Properties"].get("Roles", ())  # a policy may be one that people are given
            by = [each["Ref"] for each in named if isinstance(each, dict) and "Ref" in each]
            for role in (each for each in by if each in roles):
                for statement in as_named(policy["Properties"]["PolicyDocument"]["Statement"]):
                    if statement["Effect"] == "Allow":
                        yield role, roles[role], statement


def statements_of(template: Template) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each statement of those roles with ARNs of the right types as resources, and what the role is for."""
    for _, kind, statement in held(template):
        yield kind, {**statement, "Resource": [_arn(each, template) for each in as_list(statement["Resource"])]}


def rights_of(role: str, statement: Mapping[str, Any]) -> Iterator[Right]:
    """What a statement allows; its resources are ARNs."""
    resources = " ".join(sorted({_type(arn) for arn in as_list(statement["Resource"])}))
    asked = [item for keys in (statement.get("Condition") or {}).values() for item in keys.items()]
    conditions = " ".join(sorted(_condition(*item) for item in asked))
    for action in as_list(statement["Action"]):
        yield Right(role, action, resources, conditions)


def _condition(key: str, value: Any) -> str:
    """What is asked for; of services that get a role, which."""
    return f"{key} of {value}" if key == "iam:PassedToService" else key.partition("/")[0]


def places_of(statement: Mapping[str, Any]) -> str:
    """Which keys in S3 a statement is about; empty where it is about something else."""
    listed = (statement.get("Condition") or {}).get("StringLike", {}).get("s3:prefix", [])
    keys = [arn.partition("/")[2] for arn in as_list(statement["Resource"]) if arn.startswith("arn:aws:s3:::")]
    return " ".join(filter(None, [*keys, *as_list(listed)]))


def all_rights(templates: Iterable[Template]) -> set[Right]:
    """What all roles of templates may."""
    return {right for template in templates for one in statements_of(template) for right in rights_of(*one)}


def _type(arn: str) -> str:
    """The type of a resource as the service's own page calls it."""
    if not arn.startswith("arn:"):
        return arn
    service, rest = arn.split(":")[2], arn.split(":", 5)[5]
    if service == "s3":
        return "object" if "/" in rest else "bucket"
    return "topic" if service == "sns" else re.split("[:/]", rest)[0]


_ATTRIBUTES = {
    "AWS::IAM::Role": "arn:aws:iam::1:role/x",
    "AWS::KMS::Key": "arn:aws:kms:r:1:key/x",
    "AWS::Lambda::Function": "arn:aws:lambda:r:1:function:x",
    "AWS::Logs::LogGroup": "arn:aws:logs:r:1:log-group:x",
    "AWS::S3::Bucket": "arn:aws:s3:::x",
    "AWS::CloudWatch::Alarm": "arn:aws:cloudwatch:r:1:alarm:x",
    "AWS::Events::EventBus": "arn:aws:events:r:1:event-bus/x",
}
_REFERENCES = {"AWS::SNS::Topic": "arn:aws:sns:r:1:x"}
_PSEUDO = {"AWS::Partition": "aws", "AWS::StackId": "arn:aws:cloudformation:r:1:stack/x/x"}


def _arn(value: Any, template: Template) -> str:
    """A value of a template as an ARN of the same type."""
    match value:
        case str():
            return value
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(_arn(part, template) for part in parts)
        case {"Ref": name}:
            kind = template["Resources"].get(name, {}).get("Type", "")
            return _PSEUDO.get(name) or _REFERENCES.get(kind, "x")
        case {"Fn::GetAtt": [name, "Arn"]}:
            return _ATTRIBUTES[template["Resources"][name]["Type"]]
        case {"Fn::Sub": str()}:
            return "x"
        case {"Fn::ImportValue": str(name)}:
            kinds = ("S3::Bucket", "KMS::Key", "IAM::Role", "CloudWatch::Alarm")
            found = [kind for kind in kinds if kind.partition("::")[2] in name and name.partition("GetAtt")[1]]
            return _ATTRIBUTES[f"AWS::{found[0]}"] if found else "x"
    return "x"
