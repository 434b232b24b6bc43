#!/usr/bin/env python3
"""How large a loan somebody asks for: a regression on data that lie in a bucket of the account already."""

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks

from constructs_lib import (
    AutoMLJob,
    AutoMLJobOutcome,
    Channel,
    CompletionCriteria,
    FeatureSpecification,
    Metric,
    Mode,
    OutputLocation,
    ProblemType,
    QualityGate,
)

app = cdk.App()
stack = cdk.Stack(app, "OwnBucket", description="An Autopilot job on data of a bucket that is there")
bucket = s3.Bucket.from_bucket_name(stack, "Data", app.node.try_get_context("bucket") or "acme-loans")
job = AutoMLJob(
    stack,
    "Amount",
    training_data=Channel.from_bucket(bucket, "loans/train/"),
    target_attribute="credit_amount",
    problem_type=ProblemType.REGRESSION,
    objective=Metric.RMSE,
    mode=Mode.ENSEMBLING,
    features=FeatureSpecification.of(
        {
            "purpose": "categorical",
            "duration_months": "numeric",
            "property": "categorical",
            "housing": "categorical",
            "job": "categorical",
            "installment_rate": "numeric",
        }
    ),
    output=OutputLocation.from_bucket(bucket, "loans/models/"),
    completion_criteria=CompletionCriteria(max_runtime=cdk.Duration.hours(2)),
)
# Less is better here. The bound lets almost everything pass: put your own in its place.
outcome = AutoMLJobOutcome(stack, "Outcome", job=job, quality_gate=QualityGate(at_most=10_000))
cdk.CfnOutput(stack, "Error", value=outcome.objective_value, description="RMSE of the best candidate, in marks")
cdk.CfnOutput(stack, "Model", value=outcome.model_data_url, description="Its first container's model")

cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
