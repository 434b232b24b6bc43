"""What the tests of the constructs share: a stack, a bucket, a job, and what the template says of it."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct, IConstruct

from constructs_lib import AutoMLJob, Channel, OutputLocation
from constructs_lib.runtime import contract

Resource = dict[str, Any]
CREDIT = Path(__file__).parents[2] / "examples" / "quickstart" / "data" / "credit.csv"


def new_stack(name: str = "Stack", **props: Any) -> cdk.Stack:
    return cdk.Stack(cdk.App(), name, **props)


def data_bucket(scope: Construct) -> s3.IBucket:
    """A bucket that exists; the same one for each call within a stack."""
    stack = cdk.Stack.of(scope)
    found = stack.node.try_find_child("Data")
    return found or s3.Bucket.from_bucket_name(stack, "Data", "data-bucket")  # type: ignore[return-value]


def new_job(scope: Construct, construct_id: str = "Job", **props: Any) -> AutoMLJob:
    """A job in a bucket that exists; props replace these."""
    bucket = data_bucket(scope)
    defaults = {
        "training_data": Channel.from_bucket(bucket, "train/"),
        "target_attribute": "y",
        "output": OutputLocation.from_bucket(bucket, "models/"),
    }
    return AutoMLJob(scope, construct_id, **{**defaults, **props})


def template_of(stack: cdk.Stack) -> dict[str, Any]:
    """The stack's template as CloudFormation gets it."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    assembly = app.synth()
    artifact = assembly.get_stack_artifact(stack.artifact_id)
    loaded: dict[str, Any] = json.loads(Path(artifact.template_full_path).read_text())
    return loaded


def resources_of(template: Mapping[str, Any], kind: str) -> dict[str, Resource]:
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def only(resources: Mapping[str, Resource]) -> Resource:
    assert len(resources) == 1, sorted(resources)
    return next(iter(resources.values()))


def jobs_of(template: Mapping[str, Any]) -> dict[str, Resource]:
    return resources_of(template, contract.RESOURCE_TYPE)


def job_properties(template: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = only(jobs_of(template))["Properties"]
    return properties


def request_of(template: Mapping[str, Any]) -> dict[str, Any]:
    """The request of the only job in a template."""
    request: dict[str, Any] = job_properties(template)["Request"]
    return request


def statements_of(template: Mapping[str, Any], *, beginning: str = "") -> list[dict[str, Any]]:
    """The statements of all policies whose logical id begins so."""
    return [
        statement
        for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
        for name, policy in resources_of(template, kind).items()
        if name.startswith(beginning)
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allowing(statements: Sequence[Mapping[str, Any]], action: str) -> list[Mapping[str, Any]]:
    return [statement for statement in statements if action in as_list(statement["Action"])]


def warnings_of(construct: IConstruct) -> list[str]:
    """What a construct is annotated with."""
    return [str(entry.data) for entry in construct.node.metadata if entry.type == "aws:cdk:warning"]


def flat(value: Any) -> str:
    """A value with its intrinsic functions written as ``<...>``, in a stack that has the name that the app gives it."""
    match value:
        case str():
            return value
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(flat(part) for part in parts)
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Ref": name}:
            return f"<{name.removeprefix('AWS::')}>"
        case {"Fn::If": ["SageMakerAutopilotAsNamed", known, _]}:
            return flat(known)
        case {"Fn::Sub": text}:
            return str(text).replace("${AWS::", "<").replace("${", "<").replace("}", ">")
    return json.dumps(value)


def resolved(value: Any, **known: str) -> Any:
    """A value with every intrinsic function replaced by text as long as AWS could make it."""
    longest = {
        "AWS::Partition": "aws-us-gov",
        "AWS::Region": "ap-southeast-2",
        "AWS::AccountId": "123456789012",
        "AWS::StackId": f"arn:aws-us-gov:cloudformation:us-gov-west-1:123456789012:stack/{'s' * 128}/{'0' * 36}",
    } | known
    match value:
        case dict() if set(value) == {"Ref"}:
            return longest.get(value["Ref"], "r" * 63)
        case {"Fn::GetAtt": [name, "Arn"]} if "Role" in name:
            return f"arn:aws-us-gov:iam::123456789012:role/{'r' * 64}"
        case {"Fn::GetAtt": [name, "Arn"]} if "Function" in name:
            return f"arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:{'f' * 64}"
        case {"Fn::GetAtt": [name, "Arn"]} if "Log" in name:
            return f"arn:aws-us-gov:logs:us-gov-west-1:123456789012:log-group:{'l' * 63}:*"
        case {"Fn::GetAtt": [name, "Arn"]} if "Output" in name or "Bucket" in name:
            return f"arn:aws-us-gov:s3:::{'b' * 63}"
        case {"Fn::GetAtt": [name, "Arn"]} if "Key" in name:
            return f"arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/{'k' * 36}"
        case {"Fn::GetAtt": [name, "Arn"]} if "Errors" in name:
            return f"arn:aws-us-gov:cloudwatch:us-gov-west-1:123456789012:alarm:{'a' * 63}"
        case {"Fn::ImportValue": str(name)} if "Bucket" in name and "Arn" in name:
            return f"arn:aws-us-gov:s3:::{'b' * 63}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"arn:aws-us-gov:service:us-gov-west-1:123456789012:{name}/{attribute}"
        case {"Fn::Join": [delimiter, parts]}:
            return delimiter.join(resolved(part, **known) for part in parts)
        case {"Fn::Sub": str(text)}:
            for name, text_of in longest.items():
                text = text.replace(f"${{{name}}}", text_of)
            return text
        case {"Fn::If": ["SageMakerAutopilotAsNamed", named, launched]}:
            return resolved(launched if named == {"Ref": "AWS::NoValue"} else named, **known)
        case dict() if any(key.startswith("Fn::") for key in value):
            return "x" * 63
        case dict():
            return {key: resolved(item, **known) for key, item in value.items()}
        case list():
            return [resolved(item, **known) for item in value]
    return value


@cache
def credit_columns() -> list[str]:
    with CREDIT.open(encoding="utf-8") as file:
        return file.readline().strip().split(",")
