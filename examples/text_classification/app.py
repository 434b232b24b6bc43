#!/usr/bin/env python3
"""What a dictionary's definition is about."""

from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from constructs_lib import AutoMLJobV2, Channel, TextClassification

DATA = Path(__file__).parent / "data/definitions.csv"

app = cdk.App()
stack = cdk.Stack(app, "TextClassification", description="An Autopilot job on texts")
job = AutoMLJobV2(
    stack,
    "Topics",
    problem=TextClassification(content_column="definition", target_label_column="topic"),
    training_data=Channel.from_asset(DATA),
)
cdk.CfnOutput(stack, "JobName", value=job.job_name, description="The Autopilot job")
cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
