#!/usr/bin/env python3
"""Which loans go bad, answered without instances: nothing is paid for while nobody asks."""

from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from constructs_lib import (
    ApprovalStatus,
    AutoMLEndpoint,
    AutoMLJobOutcome,
    AutoMLJobV2,
    Channel,
    Mode,
    Serverless,
    Tabular,
)

DATA = Path(__file__).parent / "../quickstart/data/credit.csv"

app = cdk.App()
stack = cdk.Stack(app, "EndpointServerless", description="An Autopilot job whose best candidate needs no instances")
job = AutoMLJobV2(
    stack,
    "Credit",
    problem=Tabular(target_attribute="bad_credit", mode=Mode.ENSEMBLING),  # one container, as serverless wants it
    training_data=Channel.from_asset(DATA),
)
outcome = AutoMLJobOutcome(stack, "Outcome", job=job)
endpoint = AutoMLEndpoint(
    stack, "Endpoint", outcome=outcome, serving=Serverless(memory_size_mib=4096, max_concurrency=10)
)
group = cdk.CfnResource(
    stack, "Models", type="AWS::SageMaker::ModelPackageGroup", properties={"ModelPackageGroupName": "credit"}
)
outcome.register(
    "credit", approval_status=ApprovalStatus.APPROVED, removal_policy=cdk.RemovalPolicy.DESTROY
).node.add_dependency(group)
cdk.CfnOutput(stack, "EndpointName", value=endpoint.endpoint_name, description="Stays when the job is trained again")
cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
