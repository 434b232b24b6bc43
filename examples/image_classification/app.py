#!/usr/bin/env python3
"""Which digit an image shows."""

from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from constructs_lib import AutoMLJobV2, Channel, ImageClassification

DATA = Path(__file__).parent / "data/digits"

app = cdk.App()
stack = cdk.Stack(app, "ImageClassification", description="An Autopilot job on images")
job = AutoMLJobV2(
    stack,
    "Digits",
    problem=ImageClassification(),
    training_data=Channel.from_asset(DATA),
)
cdk.CfnOutput(stack, "JobName", value=job.job_name, description="The Autopilot job")
cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
