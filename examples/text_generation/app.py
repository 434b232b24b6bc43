#!/usr/bin/env python3
"""Answers to customers' letters, from a fine-tuned language model."""

from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from constructs_lib import AutoMLJobV2, Channel, TextGeneration

DATA = Path(__file__).parent / "data/instructions.csv"

app = cdk.App()
stack = cdk.Stack(app, "TextGeneration", description="An Autopilot job that fine-tunes a language model")
job = AutoMLJobV2(
    stack,
    "Letters",
    problem=TextGeneration(
        base_model_name="Falcon7BInstruct",
        hyper_parameters={"epochCount": "2", "learningRate": "0.0001"},
        accept_eula=True,
    ),
    training_data=Channel.from_asset(DATA),
)
cdk.CfnOutput(stack, "JobName", value=job.job_name, description="The Autopilot job")
cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
