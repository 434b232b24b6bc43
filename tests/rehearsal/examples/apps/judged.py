"""Jobs that are trained again by hand; both models answer the same loans before anybody says which is better."""

import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment

from constructs_lib import (
    CHAMPION,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLRetraining,
    Channel,
    CompletionCriteria,
    Holdout,
    Metric,
    Mode,
    OutputLocation,
    ProblemType,
    QualityGate,
)

ROWS, *JOBS = sys.argv[1:]
MOST = 2
"""Candidates of each job but the first."""

app = cdk.App()
stack = cdk.Stack(app, "Judged")
key = kms.Key(stack, "Key", removal_policy=cdk.RemovalPolicy.DESTROY)
bucket = s3.Bucket(
    stack, "Rows", encryption_key=key, removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True
)
first = deployment.BucketDeployment(
    stack,
    "First",
    sources=[deployment.Source.asset(str(Path(ROWS)))],
    destination_bucket=bucket,
    destination_key_prefix="train/",
    prune=False,
)
retrainings = []
for number, about in enumerate(JOBS):
    mode, target, problem, metric = about.split("/")
    job = AutoMLJob(
        stack,
        f"Job{number}",
        training_data=Channel.from_bucket(bucket, "train/"),
        target_attribute=target,
        problem_type=ProblemType(problem),
        objective=Metric(metric),
        mode=Mode(mode),
        output=OutputLocation.from_bucket(bucket, "models/", encryption_key=key),
        completion_criteria=CompletionCriteria(max_candidates=MOST) if number else None,
    )
    job.start_after(first)
    AutoMLJobOutcome(stack, f"Outcome{number}", job=job, timeout=cdk.Duration.hours(1))
    retraining = AutoMLRetraining(
        stack,
        f"Weekly{number}",
        job=job,
        quality_gate=QualityGate(better_than=CHAMPION, by=0.001),
        evaluate_on=Holdout.from_bucket(bucket, "holdout.csv", confidence=0.99),
        max_runs_per_month=10,
    )
    cdk.CfnOutput(stack, f"Start{number}", value=retraining.start_input)
    cdk.CfnOutput(stack, f"Folder{number}", value=retraining.folder_uri)
    retrainings.append(retraining)
cdk.CfnOutput(stack, "Bucket", value=bucket.bucket_name)
cdk.CfnOutput(stack, "Machine", value=retrainings[0].state_machine_arn)
app.synth()
