"""Cloud assemblies of one stack, made by hand."""

import json
from pathlib import Path
from typing import Any

from constructs_lib.rehearsal.assembly import Assembly
from constructs_lib.rehearsal.stacks import Stack

JOB = "Custom::SageMakerAutoMLJob"

REQUEST: dict[str, Any] = {
    "InputDataConfig": [
        {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/churn.csv"}},
            "ChannelType": "training",
            "ContentType": "text/csv;header=present",
            "TargetAttributeName": "churned",
        }
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://models/churn/"},
    "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
    "ProblemType": "BinaryClassification",
    "AutoMLJobObjective": {"MetricName": "AUC"},
    "AutoMLJobConfig": {"Mode": "ENSEMBLING", "CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": 7200}},
}


def job(**members: Any) -> dict[str, Any]:
    """A job with members of its request in place of others."""
    return {"Type": JOB, "Properties": {"Operation": "CreateAutoMLJob", "Request": REQUEST | members, "Revision": "1"}}


def role(*statements: dict[str, Any], **properties: Any) -> dict[str, Any]:
    """A role that SageMaker assumes, with these permissions."""
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policies = [{"PolicyName": "p", "PolicyDocument": {"Statement": list(statements)}}] if statements else []
    document = {"AssumeRolePolicyDocument": {"Statement": [trust]}, "Policies": policies}
    return {"Type": "AWS::IAM::Role", "Properties": document | properties}


def write(
    folder: Path,
    resources: dict[str, Any],
    *,
    name: str = "Churn",
    region: str | None = "eu-west-1",
    conditions: dict[str, Any] | None = None,
) -> Path:
    """Write a cloud assembly of one stack."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cdk.out").write_text('{"version": "48.0.0"}')
    environment = f"aws://{'111122223333' if region else 'unknown-account'}/{region or 'unknown-region'}"
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": environment,
        "properties": {"templateFile": f"{name}.template.json"},
    }
    (folder / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": {name: artifact}}))
    template = {"Resources": resources, "Conditions": conditions or {}}
    (folder / f"{name}.template.json").write_text(json.dumps(template))
    return folder


def read(folder: Path, resources: dict[str, Any], **options: Any) -> tuple[Assembly, Stack]:
    """The assembly, and its stack."""
    assembly = Assembly.read(write(folder, resources, **options))
    return assembly, assembly.stacks[0]
