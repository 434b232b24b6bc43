#!/usr/bin/env bash
# One would expect `AutoMLV2.fit(..., wait=True, logs=False)` of the SageMaker Python SDK to start a job and return when the job
# has ended, as `AutoML.fit` does for jobs of version 1.
# What happens: the job is created, and then the SDK ends with a `TypeError`: `AutoMLV2.wait` calls
# `Session.wait_for_auto_ml_job` with a keyword that this function does not have. `attach(...).wait(logs=False)` ends alike.
# Why it matters to people who run AutoML jobs through CDK: who follows a deployed job from a notebook or a pipeline without
# its logs gets an error at once, while the job trains and bills; who retries makes a second one.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install sagemaker==2.257.7
cat > "$work/ask.py" <<'PY'
import logging
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import boto3
from botocore.stub import Stubber
from sagemaker.automl.automlv2 import AutoMLDataChannel, AutoMLTabularConfig, AutoMLV2
from sagemaker.session import Session

logging.disable(logging.WARNING)
boto = boto3.Session("test", "test", region_name="us-east-1")
client = boto.client("sagemaker")
asked = []
client.meta.events.register("before-parameter-build", lambda model, **_: asked.append(model.name))
with Stubber(client) as service:
    service.add_response(
        "create_auto_ml_job_v2", {"AutoMLJobArn": "arn:aws:sagemaker:us-east-1:123456789012:automl-job/churn"}
    )
    session = Session(boto_session=boto, sagemaker_client=client, default_bucket="data")
    job = AutoMLV2(
        problem_config=AutoMLTabularConfig(target_attribute_name="churned"),
        role="arn:aws:iam::123456789012:role/job",
        output_path="s3://data/out",
        sagemaker_session=session,
    )
    channel = AutoMLDataChannel(s3_data_type="S3Prefix", s3_uri="s3://data/x", channel_type="training")
    try:
        job.fit([channel], wait=True, logs=False, job_name="churn")
        said = "waited"
    except TypeError as error:
        said = f"TypeError: {error}"
print("sagemaker", version("sagemaker"))
print("calls:", asked)
print(said)
assert asked == ["CreateAutoMLJobV2"], "the job is there, and nobody has looked at it"
assert "unexpected keyword argument 'job_name'" in said
PY
HOME="$work" "$work/venv/bin/python" "$work/ask.py" 2>/dev/null
