"""A stack with a job, its outcome and an endpoint, as those have it whose packages are tried here."""

import re
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from constructs_lib import AutoMLEndpoint, AutoMLJob, AutoMLJobOutcome, AutoMLProvider, Channel, Mode, RealTime

Resources = dict[str, dict[str, Any]]


class Churn(cdk.Stack):
    """The stack; the job's output goes to a bucket that the library makes."""

    def __init__(self, scope: Construct | None = None, construct_id: str = "Churn", **props: Any) -> None:
        super().__init__(scope or cdk.App(), construct_id)
        bucket = s3.Bucket.from_bucket_name(self, "Data", "data-bucket")
        training_data = Channel.from_bucket(bucket, "train/")
        self.job = AutoMLJob(
            self, "Job", training_data=training_data, target_attribute="y", mode=Mode.ENSEMBLING, **props
        )
        self.outcome = AutoMLJobOutcome(self, "Outcome", job=self.job)
        self.endpoint = AutoMLEndpoint(
            self, "Endpoint", outcome=self.outcome, serving=RealTime(instance_type="ml.m5.large")
        )
        self.provider = AutoMLProvider.of(self)


def resources(stack: cdk.Stack) -> Resources:
    """The resources of a stack's template."""
    found: Resources = synthesized(stack).template["Resources"]
    return found


def synthesized(stack: cdk.Stack) -> Any:
    """A stack as it is deployed."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    return app.synth().get_stack_artifact(stack.artifact_id)


def told(stack: cdk.Stack) -> set[tuple[str, str]]:
    """What packs of cdk-nag 2 say of a stack: where, and which rule."""
    return {
        (each.id, rule[0])
        for each in synthesized(stack).messages
        if (rule := RULE.match(str(each.entry.data))) and each.entry.type in ("aws:cdk:error", "aws:cdk:warning")
    }


RULE = re.compile(r"(AwsSolutions|HIPAA\.Security|NIST\.800\.53\.R[45]|PCI\.DSS\.321|Serverless|CdkNag)[^:]*")


def of_type(kind: str, found: Resources) -> Resources:
    return {name: each for name, each in found.items() if each["Type"] == kind}


def one(kind: str, found: Resources) -> dict[str, Any]:
    """The properties of the only resource of a type."""
    (each,) = of_type(kind, found).values()
    properties: dict[str, Any] = each["Properties"]
    return properties
