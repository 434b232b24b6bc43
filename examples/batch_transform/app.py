#!/usr/bin/env python3
"""Which of the new loans go bad: a file of them is predicted by each model that is trained."""

from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from constructs_lib import (
    AssembleWith,
    AutoMLJob,
    AutoMLJobOutcome,
    Channel,
    CompletionCriteria,
    JoinSource,
    Metric,
    Mode,
    ProblemType,
    ResponseKey,
    SplitType,
)

HERE = Path(__file__).parent

app = cdk.App()
stack = cdk.Stack(app, "BatchTransform", description="An Autopilot job whose best candidate predicts for a file")
job = AutoMLJob(
    stack,
    "Credit",
    training_data=Channel.from_asset(HERE / "../quickstart/data/credit.csv"),
    target_attribute="bad_credit",
    problem_type=ProblemType.BINARY_CLASSIFICATION,
    objective=Metric.AUC,
    mode=Mode.ENSEMBLING,
    completion_criteria=CompletionCriteria(max_runtime=cdk.Duration.hours(2)),
)
outcome = AutoMLJobOutcome(stack, "Outcome", job=job)
transform = outcome.transform(
    data=Channel.from_asset(HERE / "data/new_loans.csv"),
    instance_type="ml.m5.large",
    split_type=SplitType.LINE,
    assemble_with=AssembleWith.LINE,
    input_filter="$[1:]",  # the first column is a number of ours, which the model does not know
    join_source=JoinSource.INPUT,
    output_filter="$[0,-2,-1]",  # that number, the label, how likely it is
    inference_response_keys=[ResponseKey.PREDICTED_LABEL, ResponseKey.PROBABILITY],
)
cdk.CfnOutput(stack, "Predictions", value=transform.output_location, description="Where the predictions go")

cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
