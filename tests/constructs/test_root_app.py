"""What the README shows synthesizes with the root `cdk.json`, with the CDK's own constructs where it names them."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

import constructs_lib
from constructs_lib import AutoMLJobOutcome, Mode, public

from .synthesis import new_job, template_of
from .test_readme import BLOCKS, ROOT

CONTEXT = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]

TRIED = {
    "job.grant_read_artifacts(report_function)": {
        "AWS::EC2::VPC",
        "AWS::IAM::Role",
        "AWS::KMS::Key",
        "AWS::Lambda::Function",
        "AWS::S3::Bucket",
        "Custom::SageMakerAutoMLJob",
    },
    "cfn_options.condition = condition": {"Custom::SageMakerAutoMLJob"},
    "job.on_failed(alerts)": {"AWS::SNS::Topic", "AWS::Events::Rule", "Custom::SageMakerAutoMLOutcome"},
    "endpoint.grant_invoke(function)": {
        "AWS::Lambda::Function",
        "AWS::S3::Bucket",
        "AWS::SageMaker::Endpoint",
        "Custom::SageMakerAutoMLModelPackage",
        "Custom::SageMakerAutoMLTransform",
    },
    "AutoMLProvider.of(self).configure(": {
        "AWS::EC2::VPC",
        "AWS::IAM::ManagedPolicy",
        "AWS::KMS::Key",
        "AWS::SNS::Topic",
    },
}
"""Blocks of the README that name constructs of the CDK, by a line of each; and what is in their stacks then."""


class Named(dict[str, Any]):
    """The names that the README uses, each made when a block asks for it."""

    def __init__(self, stack: cdk.Stack) -> None:
        super().__init__({name: getattr(constructs_lib, name) for name in public.__all__})
        self.update(self=stack)
        self.update(
            {name: getattr(cdk, name) for name in ("Aws", "CfnCondition", "CfnOutput", "Duration", "Fn", "Tags")}
        )
        self._stack = stack

    def __missing__(self, name: str) -> Any:
        stack, construct_id = self._stack, f"Named-{name}"
        match name:
            case "bucket" | "results":
                made: Any = s3.Bucket(stack, construct_id, encryption_key=self["key"])
            case "key":
                made = kms.Key(stack, construct_id)
            case "role":
                made = iam.Role(stack, construct_id, assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
            case "vpc":
                made = ec2.Vpc(stack, construct_id)
            case "alerts" | "topic":
                made = sns.Topic(stack, construct_id, master_key=self["key"])
            case "function" | "report_function":
                made = lambda_.Function(
                    stack,
                    construct_id,
                    code=lambda_.Code.from_inline("def handle(event, context): pass"),
                    handler="index.handle",
                    runtime=lambda_.Runtime.PYTHON_3_12,
                )
            case "boundary":
                statement = iam.PolicyStatement(actions=["s3:*"], resources=["*"])
                made = iam.ManagedPolicy(stack, construct_id, statements=[statement])
            case "job":
                made = new_job(stack, mode=Mode.ENSEMBLING)
            case "outcome":
                made = AutoMLJobOutcome(stack, "Served", job=self["job"])
            case _:
                raise NameError(name)
        self[name] = made
        return made


def of(line: str) -> str:
    """The block that has a line."""
    (block,) = [str(block) for block in BLOCKS if line in block]
    return block


@pytest.mark.parametrize("line", TRIED)
def test_what_the_readme_shows_synthesizes_with_the_root_context(line: str) -> None:
    stack = cdk.Stack(cdk.App(context=CONTEXT), "Stack")

    exec(compile(of(line), "README.md", "exec"), Named(stack))

    template = template_of(stack)
    assert TRIED[line] <= {each["Type"] for each in template["Resources"].values()}


def test_every_block_that_names_a_construct_of_the_cdk_is_tried() -> None:
    known = {"bucket", "results", "key", "role", "vpc", "alerts", "topic", "function", "report_function", "boundary"}
    untried = [block for block in BLOCKS if not any(line in block for line in TRIED)]
    for block in untried:
        names = set(compile(block, "README.md", "exec").co_names)
        assert names & known <= {"bucket"}, block  # which is any bucket
