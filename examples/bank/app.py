#!/usr/bin/env python3
"""A bank's set-up: its own keys, its own network, its own buckets, a permissions boundary, and nothing outside of them.

What the central team made has names, and here nothing of it is changed.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from cdk_nag import AwsSolutionsChecks
from constructs import Construct

from constructs_lib import (
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLProvider,
    Channel,
    CompletionCriteria,
    DataCapture,
    Metric,
    Mode,
    OutputLocation,
    ProblemType,
    QualityGate,
    RealTime,
)

ACCOUNT, REGION = "111122223333", "eu-west-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
DATA, MODELS = "acme-bank-data", "acme-bank-models"
VPC, ZONES = "vpc-0123456789abcdef0", ["eu-west-1a", "eu-west-1b"]
SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
GROUP = "sg-0123456789abcdef0"
ALERTS = f"arn:aws:sns:{REGION}:{ACCOUNT}:ml-alerts"
BOUNDARY = "ml-boundary"
"""What the central team made."""


class Credit(cdk.Stack):
    """One model, with every setting that such an organisation asks for."""

    def __init__(self, scope: Construct, construct_id: str, **kwargs: Any) -> None:
        """Define the stack."""
        super().__init__(scope, construct_id, **kwargs)
        key = kms.Key.from_key_arn(self, "Key", KEY)
        data = s3.Bucket.from_bucket_attributes(self, "Data", bucket_name=DATA, encryption_key=key)
        models = s3.Bucket.from_bucket_attributes(self, "Models", bucket_name=MODELS, encryption_key=key)
        vpc = ec2.Vpc.from_vpc_attributes(
            self, "Vpc", vpc_id=VPC, availability_zones=ZONES, isolated_subnet_ids=SUBNETS
        )
        group = ec2.SecurityGroup.from_security_group_id(self, "Group", GROUP, mutable=False)
        network: dict[str, Any] = {
            "vpc": vpc,
            "vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            "security_groups": [group],
        }
        alerts = sns.Topic.from_topic_arn(self, "Alerts", ALERTS)
        boundary = iam.ManagedPolicy.from_managed_policy_name(self, "Boundary", BOUNDARY)

        AutoMLProvider.of(self).configure(
            permissions_boundary=boundary,
            log_retention=cdk.Duration.days(731),
            log_encryption_key=key,
            dead_letter_topic=alerts,
            tracing=True,
            **network,
        )
        iam.PermissionsBoundary.of(self).apply(boundary)  # of every role here, those of jobs and models among them

        job = AutoMLJob(
            self,
            "Credit",
            training_data=Channel.from_bucket(data, "loans/train/"),
            validation_data=Channel.from_bucket(data, "loans/validation/"),
            target_attribute="bad_credit",
            problem_type=ProblemType.BINARY_CLASSIFICATION,
            objective=Metric.AUC,
            mode=Mode.ENSEMBLING,
            output=OutputLocation.from_bucket(models, "loans/", encryption_key=key),
            volume_encryption_key=key,
            encrypt_inter_container_traffic=True,
            completion_criteria=CompletionCriteria(max_runtime=cdk.Duration.hours(4)),
            **network,
        )
        job.on_failed(alerts)
        outcome = AutoMLJobOutcome(self, "Outcome", job=job, quality_gate=QualityGate(at_least=0.75))
        AutoMLEndpoint(
            self,
            "Endpoint",
            outcome=outcome,
            serving=RealTime(instance_type="ml.m5.large", instance_count=2),
            data_capture=DataCapture(destination=OutputLocation.from_bucket(models, "captured/", encryption_key=key)),
            encryption_key=key,
            enable_network_isolation=True,
            log_retention=cdk.Duration.days(731),
            log_encryption_key=key,
            **network,
        )


app = cdk.App()
stack = Credit(app, "Bank", env=cdk.Environment(account=ACCOUNT, region=REGION))
cdk.Tags.of(stack).add("cost-center", "credit")
cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
