#!/usr/bin/env python3
"""Which loans go bad, answered at once: instances that follow the load, and alarms that take a bad model back."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from cdk_nag import AwsSolutionsChecks

from constructs_lib import (
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoScaling,
    Channel,
    CompletionCriteria,
    DeploymentPolicy,
    Metric,
    Mode,
    ProblemType,
    QualityGate,
    RealTime,
    ResponseKey,
)

DATA = Path(__file__).parent / "../quickstart/data/credit.csv"

app = cdk.App()
stack = cdk.Stack(app, "EndpointRealTime", description="An Autopilot job whose best candidate answers at once")
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
outcome = AutoMLJobOutcome(stack, "Outcome", job=job, quality_gate=QualityGate(at_least=0.6))
endpoint = AutoMLEndpoint(
    stack,
    "Endpoint",
    outcome=outcome,
    serving=RealTime(
        instance_type="ml.m5.large",
        instance_count=2,
        auto_scaling=AutoScaling(min_capacity=2, max_capacity=6, invocations_per_instance=1000),
    ),
    inference_response_keys=[ResponseKey.PREDICTED_LABEL, ResponseKey.PROBABILITY],
    deployment_policy=DeploymentPolicy.canary(
        percent=50, wait_interval=cdk.Duration.minutes(10), termination_wait=cdk.Duration.minutes(5)
    ),
    log_retention=cdk.Duration.days(365),
)

key = kms.Key(stack, "Key", enable_key_rotation=True)
key.grant(iam.ServicePrincipal("cloudwatch.amazonaws.com"), "kms:Decrypt", "kms:GenerateDataKey")
alerts = actions.SnsAction(sns.Topic(stack, "Alerts", enforce_ssl=True, master_key=key))
errors = endpoint.alarm_5xx()
slow = endpoint.alarm_latency(threshold=cdk.Duration.millis(500))
for alarm in (errors, slow, endpoint.alarm_no_invocations()):
    alarm.add_alarm_action(alerts)
for alarm in (errors, slow):
    endpoint.add_rollback_alarm(alarm)

cdk.CfnOutput(stack, "EndpointName", value=endpoint.endpoint_name, description="Stays when the job is trained again")
cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
