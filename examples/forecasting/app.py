#!/usr/bin/env python3
"""Two years of seven economic series, a quarter at a time."""

from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from constructs_lib import AutoMLJobV2, Channel, FillingType, Metric, TimeSeriesForecasting

DATA = Path(__file__).parent / "data/macro.csv"

app = cdk.App()
stack = cdk.Stack(app, "Forecasting", description="An Autopilot job on time series")
job = AutoMLJobV2(
    stack,
    "Macro",
    problem=TimeSeriesForecasting(
        target_attribute="value",
        timestamp_attribute="quarter",
        item_identifier_attribute="series",
        forecast_frequency="3M",
        forecast_horizon=8,
        forecast_quantiles=["p10", "p50", "p90"],
        filling={"value": {FillingType.MIDDLEFILL: "mean"}},
    ),
    training_data=Channel.from_asset(DATA),
    objective=Metric.MAPE,
)
cdk.CfnOutput(stack, "JobName", value=job.job_name, description="The Autopilot job")
cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
