"""A job two nested stacks deep, with all that is made of its best candidate."""

import csv
import tempfile
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker

from constructs_lib import (
    Algorithm,
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    Channel,
    Mode,
    Serverless,
)

DATA = Path(__file__).parents[4] / "examples/quickstart/data/credit.csv"
ASKED = Path(tempfile.mkdtemp()) / "asked.csv"
with DATA.open(newline="") as table, ASKED.open("w", newline="") as asked:
    csv.writer(asked).writerows(row[:-1] for row in list(csv.reader(table))[1:4])

app = cdk.App()
stack = cdk.Stack(app, "Nested")
middle = cdk.NestedStack(stack, "Middle")
inner = cdk.NestedStack(middle, "Inner")
job = AutoMLJob(
    inner,
    "Credit",
    training_data=Channel.from_asset(DATA),
    target_attribute="bad_credit",
    mode=Mode.ENSEMBLING,
    algorithms=[Algorithm.LINEAR_LEARNER],
)
outcome = AutoMLJobOutcome(inner, "Outcome", job=job)
outcome.transform(data=Channel.from_asset(ASKED), instance_type="ml.m5.large")
group = sagemaker.CfnModelPackageGroup(middle, "Models", model_package_group_name="credit")
outcome.register(group, removal_policy=cdk.RemovalPolicy.DESTROY)

endpoint = AutoMLEndpoint(
    inner, "Endpoint", outcome=outcome, serving=Serverless(memory_size_mib=4096, max_concurrency=10)
)
cdk.CfnOutput(stack, "EndpointName", value=endpoint.endpoint_name)
app.synth()
