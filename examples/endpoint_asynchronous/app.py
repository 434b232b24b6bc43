#!/usr/bin/env python3
"""Which loans go bad, asked in bulk by a queue: instances that are there only while there is something to do."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from cdk_nag import AwsSolutionsChecks

from constructs_lib import (
    Asynchronous,
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoScaling,
    Channel,
    CompletionCriteria,
    Metric,
    Mode,
    OutputLocation,
    ProblemType,
    ResponseKey,
)

DATA = Path(__file__).parent / "../quickstart/data/credit.csv"

app = cdk.App()
stack = cdk.Stack(app, "EndpointAsynchronous", description="An Autopilot job whose best candidate works at a queue")
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
key = kms.Key(stack, "Key", enable_key_rotation=True)
answered = sns.Topic(stack, "Answered", enforce_ssl=True, master_key=key)
failed = sns.Topic(stack, "Failed", enforce_ssl=True, master_key=key)
answers = OutputLocation.new_bucket()
endpoint = AutoMLEndpoint(
    stack,
    "Endpoint",
    outcome=AutoMLJobOutcome(stack, "Outcome", job=job),
    serving=Asynchronous(
        instance_type="ml.m5.large",
        output=answers,
        success_topic=answered,
        error_topic=failed,
        auto_scaling=AutoScaling(min_capacity=0, max_capacity=2, backlog_per_instance=5),
    ),
    inference_response_keys=[ResponseKey.PREDICTED_LABEL, ResponseKey.PROBABILITY],
)
caller = iam.ManagedPolicy(stack, "Caller", description="For those who ask")
endpoint.grant_invoke(caller)
cdk.CfnOutput(stack, "EndpointName", value=endpoint.endpoint_name, description="Stays when the job is trained again")
cdk.CfnOutput(stack, "Answers", value=answers.s3_uri, description="Requests go below it, and answers come below it")

cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
