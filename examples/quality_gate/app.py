#!/usr/bin/env python3
"""Which loans go bad, as in the quickstart, but the deployment waits and goes on only if the model is good enough."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm
from cdk_nag import AwsSolutionsChecks

from constructs_lib import (
    AutoMLJob,
    AutoMLJobOutcome,
    Channel,
    CompletionCriteria,
    Metric,
    Mode,
    ProblemType,
    QualityGate,
)

DATA = Path(__file__).parent / "../quickstart/data/credit.csv"

app = cdk.App()
stack = cdk.Stack(app, "QualityGate", description="An Autopilot job whose model has to be good enough")
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
key.grant(iam.ServicePrincipal("events.amazonaws.com"), "kms:Decrypt", "kms:GenerateDataKey")
job.on_failed(sns.Topic(stack, "Alerts", enforce_ssl=True, master_key=key))

outcome = AutoMLJobOutcome(stack, "Outcome", job=job, quality_gate=QualityGate(at_least=0.6))
ssm.StringParameter(stack, "InService", parameter_name="/credit/model", string_value=outcome.model_data_url)
cdk.CfnOutput(stack, "Best", value=outcome.best_candidate_name, description="The best candidate")
cdk.CfnOutput(stack, "Gate", value=outcome.gate_result, description="What the gate said")
cdk.CfnOutput(stack, "Result", value=outcome.result_uri, description="Everything about the job, as JSON")

cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
