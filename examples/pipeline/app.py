#!/usr/bin/env python3
"""A pipeline that brings a model through a test account into production, and asks somebody in between."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines
from cdk_nag import AwsSolutionsChecks
from constructs import Construct, IConstruct

from constructs_lib import (
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    Channel,
    CompletionCriteria,
    Metric,
    Mode,
    ProblemType,
    QualityGate,
    Serverless,
)

DATA = Path(__file__).parent / "../quickstart/data/credit.csv"
REGION = "eu-west-1"
TOOLS, TEST, PRODUCTION = "111111111111", "222222222222", "333333333333"
"""The account of the pipeline, and those that it deploys to."""

PACKS = ("HIPAA.Security", "NIST.800.53.R5", "PCI.DSS.321", "NIST.800.53.R4")
"""The packs of cdk-nag that, besides AwsSolutions and Serverless, this app is held against."""

ARTIFACTS = [
    "AwsSolutions-S1",
    "NIST.800.53.R4-S3BucketDefaultLockEnabled",
    *(f"{pack}-S3Bucket{what}Enabled" for pack in PACKS for what in ("Logging", "Replication")),
]
"""What cdk-nag finds about the bucket."""

_CODEBUILD = f"arn:<AWS::Partition>:codebuild:{REGION}:{TOOLS}:report-group/"
_LOGS = f"arn:<AWS::Partition>:logs:{REGION}:{TOOLS}:log-group:/aws/codebuild/"
_PROJECTS = ("<PipelineBuildSynthCdkBuildProject6BEFA8E6>", "<PipelineUpdatePipelineSelfMutationDAA41400>")
_ACTIONS = (
    "kms:GenerateDataKey",
    "kms:ReEncrypt",
    "s3:Abort",
    "s3:DeleteObject",
    "s3:GetBucket",
    "s3:GetObject",
    "s3:List",
)
PLUMBING = [
    *(f"AwsSolutions-IAM5[Action::{action}*]" for action in _ACTIONS),
    *(f"AwsSolutions-IAM5[Resource::{_CODEBUILD}{project}-*]" for project in _PROJECTS),
    *(f"AwsSolutions-IAM5[Resource::{_LOGS}{project}:*]" for project in _PROJECTS),
    f"AwsSolutions-IAM5[Resource::{_CODEBUILD}*]",
    f"AwsSolutions-IAM5[Resource::{_LOGS}*]",
    f"AwsSolutions-IAM5[Resource::arn:*:iam::{TOOLS}:role/*]",
    "AwsSolutions-IAM5[Resource::<Artifacts82DD59A1.Arn>/*]",
    "AwsSolutions-IAM5[Resource::*]",
    *(f"{pack}-IAMNoInlinePolicy" for pack in PACKS),
    *(f"{pack}-CodeBuildProjectSourceRepoUrl" for pack in PACKS),
]
"""What it finds about what CDK Pipelines makes."""


def acknowledge(construct: IConstruct, reason: str, findings: Iterable[str]) -> None:
    """Note for cdk-nag why findings stand."""
    cdk.Validations.of(construct).acknowledge(
        *(cdk.Acknowledgment(id=f"{finding.partition('-')[0]}::{finding}", reason=reason) for finding in findings)
    )


class Credit(cdk.Stage):
    """The model, once for each account: each trains its own."""

    def __init__(self, scope: Construct, construct_id: str, *, at_least: float, **kwargs: Any) -> None:
        """Define the stage.

        Args:
            scope: Where it lives.
            construct_id: Its id there.
            at_least: The AUC that its model has to reach.
            **kwargs: As the CDK's stages take them.
        """
        super().__init__(scope, construct_id, **kwargs)
        stack = cdk.Stack(self, "Credit", description="A model of one account")
        job = AutoMLJob(
            stack,
            "Credit",
            training_data=Channel.from_asset(DATA),
            target_attribute="bad_credit",
            problem_type=ProblemType.BINARY_CLASSIFICATION,
            objective=Metric.AUC,
            mode=Mode.ENSEMBLING,
            completion_criteria=CompletionCriteria(max_runtime=cdk.Duration.hours(2)),
        )
        outcome = AutoMLJobOutcome(stack, "Outcome", job=job, quality_gate=QualityGate(at_least=at_least))
        AutoMLEndpoint(stack, "Endpoint", outcome=outcome, serving=Serverless(memory_size_mib=4096))


class Pipeline(cdk.Stack):
    """The pipeline, which also updates itself."""

    def __init__(self, scope: Construct, construct_id: str, **kwargs: Any) -> None:
        """Define the stack."""
        super().__init__(scope, construct_id, **kwargs)
        source = pipelines.CodePipelineSource.connection(
            "acme/credit",
            "main",
            connection_arn=f"arn:aws:codeconnections:{REGION}:{TOOLS}:connection/11111111-2222-3333-4444-555555555555",
        )
        # What a pipeline moves lies in a bucket of the tools account, under a key that the other accounts may use.
        artifacts = s3.Bucket(
            self,
            "Artifacts",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=kms.Key(self, "Key", enable_key_rotation=True),
            enforce_ssl=True,
            versioned=True,
        )
        pipeline = pipelines.CodePipeline(
            self,
            "Pipeline",
            cross_account_keys=True,
            artifact_bucket=artifacts,
            synth=pipelines.ShellStep(
                "Synth", input=source, commands=["pip install -r requirements.txt", "npx cdk synth"]
            ),
        )
        test = Credit(self, "Test", at_least=0.5, env=cdk.Environment(account=TEST, region=REGION))
        production = Credit(self, "Production", at_least=0.7, env=cdk.Environment(account=PRODUCTION, region=REGION))
        pipeline.add_stage(test)
        pipeline.add_stage(production, pre=[pipelines.ManualApprovalStep("Promote")])
        acknowledge(artifacts, "what the pipeline moves is made again from the sources by each run", ARTIFACTS)
        acknowledge(pipeline, "roles and projects that CDK Pipelines makes: tell the CDK, not this stack", PLUMBING)


app = cdk.App()
Pipeline(app, "Pipeline", env=cdk.Environment(account=TOOLS, region=REGION))
cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
