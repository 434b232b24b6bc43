"""An app with as many jobs as asked for, each with its outcome and an endpoint.

usage: served.py OUTDIR JOBS ROLES (the last is ignored)
"""

import sys

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from constructs_lib import AutoMLEndpoint, AutoMLJob, AutoMLJobOutcome, Channel, OutputLocation, RealTime

outdir, jobs, _ = sys.argv[1:]
app = cdk.App(outdir=outdir)
stack = cdk.Stack(app, "Bench")
data = s3.Bucket.from_bucket_name(stack, "Data", "bench-data")
training_data, output = Channel.from_bucket(data, "train/"), OutputLocation.from_bucket(data, "models/")
for number in range(int(jobs)):
    job = AutoMLJob(stack, f"Job{number}", training_data=training_data, target_attribute="churned", output=output)
    outcome = AutoMLJobOutcome(stack, f"Outcome{number}", job=job)
    AutoMLEndpoint(stack, f"Endpoint{number}", outcome=outcome, serving=RealTime(instance_type="ml.m5.large"))
app.synth()
