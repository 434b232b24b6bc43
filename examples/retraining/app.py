#!/usr/bin/env python3
"""Which loans go bad, learned again when rows come: what is surely better takes over once somebody has approved it."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment
from aws_cdk.aws_scheduler import ScheduleExpression
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct

from constructs_lib import (
    CHAMPION,
    ApprovalStatus,
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLRetraining,
    Channel,
    Holdout,
    Metric,
    Mode,
    NewData,
    OutputLocation,
    ProblemType,
    QualityGate,
    RealTime,
)

PACKS = ("HIPAA.Security", "NIST.800.53.R5", "PCI.DSS.321", "NIST.800.53.R4")
"""The packs of cdk-nag that, besides AwsSolutions and Serverless, this app is held against."""

DATA = Path(__file__).parent / "../quickstart/data/credit.csv"
FIRST = 601
"""Lines that are there from the beginning, the header included. The other loans come later."""

HOLDOUT = Path(__file__).parent / "holdout.csv"
"""The last 200 of the loans, from which nobody may learn."""


def acknowledge(construct: IConstruct, reason: str, *findings: str) -> None:
    """Note for cdk-nag why findings stand."""
    cdk.Validations.of(construct).acknowledge(
        *(cdk.Acknowledgment(id=f"{finding.partition('-')[0]}::{finding}", reason=reason) for finding in findings)
    )


app = cdk.App()
stack = cdk.Stack(app, "Retraining", description="An Autopilot job that is repeated, and what it learns in service")
bucket = s3.Bucket(
    stack,
    "Loans",
    block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
    enforce_ssl=True,
    removal_policy=cdk.RemovalPolicy.DESTROY,
    auto_delete_objects=True,
)
first = deployment.BucketDeployment(
    stack,
    "First",
    destination_bucket=bucket,
    destination_key_prefix="train/",
    sources=[deployment.Source.data("first.csv", "\n".join(DATA.read_text(encoding="utf-8").splitlines()[:FIRST]))],
    prune=False,
)
acknowledge(
    bucket,
    "an example: its loans can be had again from the quickstart's",
    "AwsSolutions-S1",
    *(f"{pack}-S3Bucket{what}Enabled" for pack in PACKS for what in ("Logging", "Replication", "Versioning")),
    *(f"{pack}-S3DefaultEncryptionKMS" for pack in PACKS),
    "NIST.800.53.R4-S3BucketDefaultLockEnabled",
)
acknowledge(
    stack.node.find_child("Custom::CDKBucketDeployment8693BB64968944B69AAFB0CC9EB8756C"),
    "CDK's own function, which brings the first loans once; yours come otherwise",
    "AwsSolutions-L1",
    "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]",
    "AwsSolutions-IAM5[Resource::<Loans06669F46.Arn>/*]",
    "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>/*]",
    *(
        f"AwsSolutions-IAM5[Action::s3:{action}*]"
        for action in ("GetObject", "GetBucket", "List", "DeleteObject", "Abort")
    ),
    *(f"{pack}-IAMNoInlinePolicy" for pack in PACKS),
    *(f"{pack}-Lambda{what}" for pack in PACKS for what in ("Concurrency", "DLQ", "InsideVPC")),
    *(f"Serverless-Lambda{what}" for what in ("DLQ", "LatestVersion", "Tracing")),
)
job = AutoMLJob(
    stack,
    "Credit",
    training_data=Channel.from_bucket(bucket, "train/"),
    target_attribute="bad_credit",
    problem_type=ProblemType.BINARY_CLASSIFICATION,
    objective=Metric.AUC,
    mode=Mode.ENSEMBLING,
    output=OutputLocation.new_bucket(removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True),
)
job.start_after(first)
outcome = AutoMLJobOutcome(stack, "Outcome", job=job)
endpoint = AutoMLEndpoint(
    stack, "Endpoint", outcome=outcome, serving=RealTime(instance_type="ml.m5.large", instance_count=1)
)

group = cdk.CfnResource(
    stack, "Models", type="AWS::SageMaker::ModelPackageGroup", properties={"ModelPackageGroupName": "loans"}
)
group.apply_removal_policy(cdk.RemovalPolicy.RETAIN)  # the registry says what served when, after the stack too
retraining = AutoMLRetraining(
    stack,
    "Weekly",
    job=job,
    schedule=ScheduleExpression.cron(week_day="MON", hour="3", minute="0", time_zone=cdk.TimeZone.EUROPE_BERLIN),
    on_new_data=NewData(bucket, "train/", quiet_for=cdk.Duration.minutes(30), at_most_every=cdk.Duration.days(1)),
    quality_gate=QualityGate(better_than=CHAMPION, by=0.01),
    evaluate_on=Holdout.from_asset(HOLDOUT),
    register_in="loans",
    approval_status=ApprovalStatus.PENDING_MANUAL_APPROVAL,
    promotes=endpoint,
    max_runs_per_month=10,
)
retraining.node.add_dependency(group)

cdk.CfnOutput(stack, "EndpointName", value=endpoint.endpoint_name, description="Stays whichever model serves")
cdk.CfnOutput(stack, "Bucket", value=bucket.bucket_name, description="New loans go below train/")
cdk.CfnOutput(stack, "Machine", value=retraining.state_machine_arn, description="Runs; start_input and rollback_input")
cdk.CfnOutput(stack, "Start", value=retraining.start_input, description="The input that trains now")
cdk.CfnOutput(stack, "RollBack", value=retraining.rollback_input, description="The input that goes back one model")
cdk.CfnOutput(stack, "Reports", value=f"{retraining.folder_uri}runs/", description="What became of each run")
cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
