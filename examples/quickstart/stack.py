"""The quickstart: predict which loans go bad, from a file in this folder."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
from constructs import Construct

from constructs_lib import AutoMLJob, Channel, CompletionCriteria, Metric, Mode, ProblemType

DATA = Path(__file__).parent / "data" / "credit.csv"


class Quickstart(cdk.Stack):
    """One Autopilot job with all that it needs."""

    def __init__(self, scope: Construct, construct_id: str, **kwargs: Any) -> None:
        """Define the stack."""
        super().__init__(scope, construct_id, **kwargs)
        job = AutoMLJob(
            self,
            "Credit",
            training_data=Channel.from_asset(DATA),
            target_attribute="bad_credit",
            problem_type=ProblemType.BINARY_CLASSIFICATION,
            objective=Metric.AUC,
            mode=Mode.ENSEMBLING,
            completion_criteria=CompletionCriteria(max_runtime=cdk.Duration.hours(1)),
        )
        cdk.CfnOutput(self, "JobName", value=job.job_name, description="The Autopilot job")
        cdk.CfnOutput(self, "Models", value=job.output_location, description="Where it writes models and reports")
