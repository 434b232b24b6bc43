"""A job that is trained again when rows come or an alarm goes off; somebody approves what is better."""

import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment

from constructs_lib import (
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLRetraining,
    Channel,
    Metric,
    Mode,
    NewData,
    OutputLocation,
    ProblemType,
    RealTime,
)

(ROWS,) = sys.argv[1:]

app = cdk.App()
stack = cdk.Stack(app, "Retrained")
bucket = s3.Bucket(stack, "Rows", removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True)
first = deployment.BucketDeployment(
    stack,
    "First",
    sources=[deployment.Source.asset(str(Path(ROWS)))],
    destination_bucket=bucket,
    destination_key_prefix="train/",
    prune=False,
)
job = AutoMLJob(
    stack,
    "Credit",
    training_data=Channel.from_bucket(bucket, "train/"),
    target_attribute="bad_credit",
    problem_type=ProblemType.BINARY_CLASSIFICATION,
    objective=Metric.AUC,
    mode=Mode.ENSEMBLING,
    output=OutputLocation.new_bucket(removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True),
)
job.start_after(first)
outcome = AutoMLJobOutcome(stack, "Outcome", job=job, timeout=cdk.Duration.hours(1))
serving = RealTime(instance_type="ml.m5.large", instance_count=1)
endpoint = AutoMLEndpoint(stack, "Endpoint", outcome=outcome, serving=serving)
group = cdk.CfnResource(
    stack, "Models", type="AWS::SageMaker::ModelPackageGroup", properties={"ModelPackageGroupName": "loans"}
)
group.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
alarm = cloudwatch.Alarm(
    stack,
    "Drift",
    metric=cloudwatch.Metric(namespace="Acme", metric_name="Drift"),
    threshold=1,
    evaluation_periods=1,
)
retraining = AutoMLRetraining(
    stack,
    "Weekly",
    job=job,
    on_new_data=NewData(bucket, "train/", quiet_for=cdk.Duration.seconds(3), at_most_every=cdk.Duration.seconds(0)),
    on_alarm=[alarm],
    register_in="loans",
    promotes=endpoint,
    max_runs_per_month=10,
)
cdk.CfnOutput(stack, "Bucket", value=bucket.bucket_name)
cdk.CfnOutput(stack, "Name", value=endpoint.endpoint_name)
cdk.CfnOutput(stack, "Machine", value=retraining.state_machine_arn)
cdk.CfnOutput(stack, "Start", value=retraining.start_input)
cdk.CfnOutput(stack, "Alarm", value=alarm.alarm_name)
cdk.CfnOutput(stack, "Back", value=retraining.rollback_input)
cdk.CfnOutput(stack, "Folder", value=retraining.folder_uri)
app.synth()
