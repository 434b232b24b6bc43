#!/usr/bin/env python3
"""A job that somebody made by hand: its model served as it is, and its request made a resource of a stack."""

import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks

from constructs_lib import AutoMLEndpoint, AutoMLJob, AutoMLJobOutcome, OutputLocation, Serverless

REQUEST = json.loads((Path(__file__).parent / "request.json").read_text(encoding="utf-8"))
"""What the job was made with: the input of `aws sagemaker create-auto-ml-job`, or what `automl import` reads."""

app = cdk.App()

# The job as it is: nothing trains, its best candidate is served. CloudFormation never changes or stops such a job.
served = cdk.Stack(app, "Served", description="The best candidate of a job that was made by hand")
bucket = s3.Bucket.from_bucket_name(served, "Data", "acme-loans")
by_hand = AutoMLJob.from_job_name(
    served, "ByHand", REQUEST["AutoMLJobName"], output=OutputLocation.from_bucket(bucket, "loans/models/")
)
outcome = AutoMLJobOutcome(served, "Outcome", job=by_hand)
AutoMLEndpoint(served, "Endpoint", outcome=outcome, serving=Serverless(memory_size_mib=4096))

# The same request from now on: a job of the stack, which follows each change and goes with it. It has a name of its
# own each time, since AWS never gives one free again, and a role with what the request needs.
adopted = cdk.Stack(app, "Adopted", description="The request of a job that was made by hand, as a resource")
role = iam.Role(adopted, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
unnamed = {name: value for name, value in REQUEST.items() if name != "AutoMLJobName"}
job = AutoMLJob.from_request(adopted, "Credit", unnamed, role=role)
cdk.CfnOutput(adopted, "JobName", value=job.job_name, description="The Autopilot job")

cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
