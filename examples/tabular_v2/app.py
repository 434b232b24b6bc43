#!/usr/bin/env python3
"""Which loans go bad, as in the quickstart, asked of V2."""

from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from constructs_lib import AutoMLJobV2, Channel, Metric, Mode, ProblemType, Tabular

DATA = Path(__file__).parent / "../quickstart/data/credit.csv"

app = cdk.App()
stack = cdk.Stack(app, "TabularV2", description="An Autopilot job on a table")
job = AutoMLJobV2(
    stack,
    "Credit",
    problem=Tabular(
        target_attribute="bad_credit",
        problem_type=ProblemType.BINARY_CLASSIFICATION,
        mode=Mode.ENSEMBLING,
    ),
    training_data=Channel.from_asset(DATA),
    objective=Metric.F1,
)
cdk.CfnOutput(stack, "JobName", value=job.job_name, description="The Autopilot job")
cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
