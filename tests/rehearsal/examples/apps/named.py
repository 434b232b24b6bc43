"""Two jobs in a stack, each with a name of its own; one is deployed with one click, the other takes all with it."""

from pathlib import Path

import aws_cdk as cdk

from constructs_lib import (
    Algorithm,
    AutoMLJob,
    AutoMLJobV2,
    Channel,
    Mode,
    ModelDeployConfig,
    OutputLocation,
    Tabular,
)

DATA = Path(__file__).parents[4] / "examples/quickstart/data/credit.csv"

app = cdk.App()
stack = cdk.Stack(app, "Named")
data = Channel.from_asset(DATA)
AutoMLJob(
    stack,
    "Deployed",
    job_name="credit-deployed",
    training_data=data,
    target_attribute="bad_credit",
    mode=Mode.ENSEMBLING,
    algorithms=[Algorithm.LINEAR_LEARNER],
    model_deploy_config=ModelDeployConfig.named("credit-now"),
)
AutoMLJobV2(
    stack,
    "Plain",
    job_name="credit-plain",
    problem=Tabular(target_attribute="bad_credit", mode=Mode.ENSEMBLING, algorithms=[Algorithm.RANDOMFOREST]),
    training_data=data,
    output=OutputLocation.new_bucket(removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True),
)
app.synth()
