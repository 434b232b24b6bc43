#!/usr/bin/env python3
"""A model in service, and another one that takes its place only if it is better: champion and challenger."""

from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from constructs_lib import (
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    Channel,
    CompletionCriteria,
    FeatureSpecification,
    Metric,
    Mode,
    ProblemType,
    QualityGate,
    Serverless,
)

DATA = Path(__file__).parent / "../quickstart/data/credit.csv"

app = cdk.App()
stack = cdk.Stack(app, "ChampionChallenger", description="A model that takes over only if it is better")


def train(name: str, features: FeatureSpecification | None) -> AutoMLJob:
    """A job: the same rows, the same objective, other columns."""
    return AutoMLJob(
        stack,
        name,
        training_data=Channel.from_asset(DATA),
        target_attribute="bad_credit",
        problem_type=ProblemType.BINARY_CLASSIFICATION,
        objective=Metric.AUC,
        mode=Mode.ENSEMBLING,
        features=features,
        completion_criteria=CompletionCriteria(max_runtime=cdk.Duration.hours(2)),
    )


champion = train("Champion", FeatureSpecification.of({"housing": "categorical", "telephone": "categorical"}))
in_service = AutoMLJobOutcome(stack, "InService", job=champion)

if app.node.try_get_context("challenger") != "false":
    challenger = train("Challenger", None)  # all columns
    challenger.start_after(in_service)  # most accounts may run one job at a time
    in_service = AutoMLJobOutcome(stack, "Better", job=challenger, quality_gate=QualityGate(better_than=in_service))

endpoint = AutoMLEndpoint(stack, "Endpoint", outcome=in_service, serving=Serverless(memory_size_mib=4096))
cdk.CfnOutput(stack, "EndpointName", value=endpoint.endpoint_name, description="Stays when another model takes over")
cdk.CfnOutput(stack, "Score", value=in_service.objective_value, description="AUC of the model in service")

cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
