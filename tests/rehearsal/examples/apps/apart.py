"""A job in one stack; another stack waits for it, and again for what it hands on; a third one serves that."""

from pathlib import Path

import aws_cdk as cdk

from constructs_lib import (
    Algorithm,
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    Channel,
    Mode,
    QualityGate,
    Serverless,
)

DATA = Path(__file__).parents[4] / "examples/quickstart/data/credit.csv"

app = cdk.App()
jobs = cdk.Stack(app, "Jobs")
job = AutoMLJob(
    jobs,
    "Credit",
    training_data=Channel.from_asset(DATA),
    target_attribute="bad_credit",
    mode=Mode.ENSEMBLING,
    algorithms=[Algorithm.LINEAR_LEARNER],
)

waits = cdk.Stack(app, "Waits")
first = AutoMLJobOutcome(waits, "First", job=job)
# So good it is not: the gate warns only because the rehearsal is asked to open it.
second = AutoMLJobOutcome(waits, "Second", job=job, quality_gate=QualityGate(at_least=0.999))
cdk.CfnOutput(waits, "Best", value=first.best_candidate_name)
cdk.CfnOutput(waits, "Gate", value=second.gate_result)

serves = cdk.Stack(app, "Serves")
AutoMLEndpoint(serves, "Endpoint", outcome=first, serving=Serverless(memory_size_mib=4096, max_concurrency=10))
app.synth()
