#!/usr/bin/env python3
"""`cdk synth` here shows the product: the quickstart's stack, held against cdk-nag."""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from examples.quickstart.stack import Quickstart

app = cdk.App()
Quickstart(app, "Quickstart", description="An Amazon SageMaker Autopilot job as a resource of a stack")
cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
