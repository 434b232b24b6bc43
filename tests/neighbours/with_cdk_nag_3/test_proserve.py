"""Aspects of @cdklabs/cdk-proserve-lib: what was chosen with us stays, all else is theirs."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_logs as logs
from cdklabs.cdk_proserve_lib.aspects import (
    ApplyRemovalPolicy,
    CreateLambdaLogGroup,
    SecurityCompliance,
    SetLogRetention,
)

from constructs_lib import AutoMLProvider

from ..churn import Churn, of_type, one, resources

pytestmark = pytest.mark.neighbours


def test_security_compliance_reaches_function_state_machine_and_bucket() -> None:
    stack = Churn()
    cdk.Aspects.of(stack).add(
        SecurityCompliance(settings={"s3": {"server_access_logs": {"destination_bucket_name": "logs"}}})
    )
    template = resources(stack)

    assert one("AWS::Lambda::Function", template)["ReservedConcurrentExecutions"] == 1
    assert one("AWS::StepFunctions::StateMachine", template)["TracingConfiguration"] == {"Enabled": True}
    assert one("AWS::S3::Bucket", template)["LoggingConfiguration"]["DestinationBucketName"] == "logs"


def test_what_the_provider_was_told_stays() -> None:
    stack = Churn()
    AutoMLProvider.configure_all(stack, reserved_concurrent_executions=5, tracing=True)
    own = resources(stack)
    other = Churn()
    AutoMLProvider.configure_all(other, reserved_concurrent_executions=5, tracing=True)
    cdk.Aspects.of(other).add(SecurityCompliance())
    theirs = resources(other)

    for kind in ("AWS::Lambda::Function", "AWS::StepFunctions::StateMachine", "AWS::S3::Bucket"):
        assert one(kind, theirs) == one(kind, own)


def test_retention_reaches_every_log() -> None:
    stack = Churn()
    cdk.Aspects.of(stack).add(SetLogRetention(period=logs.RetentionDays.ONE_YEAR))
    groups = of_type("AWS::Logs::LogGroup", resources(stack))

    assert len(groups) == 2
    assert [each["Properties"]["RetentionInDays"] for each in groups.values()] == [365, 365]


def test_functions_have_their_log_already() -> None:
    stack = Churn()
    cdk.Aspects.of(stack).add(CreateLambdaLogGroup())

    assert resources(stack) == resources(Churn())


def test_removal_policy_reaches_the_job_and_its_bucket() -> None:
    stack = Churn()
    cdk.Aspects.of(stack).add(ApplyRemovalPolicy(removal_policy=cdk.RemovalPolicy.RETAIN))
    kept = {each["Type"] for each in resources(stack).values() if each.get("DeletionPolicy") == "Retain"}

    assert {"AWS::S3::Bucket", "AWS::SageMaker::Endpoint", "AWS::Lambda::Function"} <= kept
