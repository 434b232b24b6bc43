"""An app with as many jobs as asked for, made with this library.

usage: ours.py OUTDIR JOBS own-role|shared-role
"""

import sys

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from constructs_lib import AutoMLJob, Channel, Metric, Mode, OutputLocation, ProblemType

outdir, jobs, roles = sys.argv[1:]
app = cdk.App(outdir=outdir)
stack = cdk.Stack(app, "Bench")
data = s3.Bucket.from_bucket_name(stack, "Data", "bench-data")
role = (
    iam.Role(stack, "Shared", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    if roles == "shared-role"
    else None
)
training_data, output = Channel.from_bucket(data, "train/"), OutputLocation.from_bucket(data, "models/")
for number in range(int(jobs)):
    AutoMLJob(
        stack,
        f"Job{number}",
        training_data=training_data,
        target_attribute="churned",
        output=output,
        problem_type=ProblemType.BINARY_CLASSIFICATION,
        objective=Metric.AUC,
        mode=Mode.ENSEMBLING,
        role=role,
    )
app.synth()
