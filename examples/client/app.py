#!/usr/bin/env python3
"""An endpoint, and what somebody needs to ask it: its name, and a policy that allows that and nothing else."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from cdk_nag import AwsSolutionsChecks

from constructs_lib import (
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    Channel,
    CompletionCriteria,
    Metric,
    Mode,
    ProblemType,
    ResponseKey,
    Serverless,
)

DATA = Path(__file__).parent / "../quickstart/data/credit.csv"

app = cdk.App()
stack = cdk.Stack(app, "Client", description="An endpoint and the policy of those who ask it")
job = AutoMLJob(
    stack,
    "Credit",
    training_data=Channel.from_asset(DATA),
    target_attribute="bad_credit",
    problem_type=ProblemType.BINARY_CLASSIFICATION,
    objective=Metric.AUC,
    mode=Mode.ENSEMBLING,
    completion_criteria=CompletionCriteria(max_runtime=cdk.Duration.hours(2)),
)
endpoint = AutoMLEndpoint(
    stack,
    "Endpoint",
    outcome=AutoMLJobOutcome(stack, "Outcome", job=job),
    serving=Serverless(memory_size_mib=4096),
    inference_response_keys=[ResponseKey.PREDICTED_LABEL, ResponseKey.PROBABILITY],
)
policy = iam.ManagedPolicy(stack, "Ask", description="Asks the endpoint, and nothing else")
endpoint.grant_invoke(policy)
cdk.CfnOutput(stack, "EndpointName", value=endpoint.endpoint_name, description="For ask.py")
cdk.CfnOutput(stack, "AskPolicy", value=policy.managed_policy_arn, description="For those who ask")

cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
