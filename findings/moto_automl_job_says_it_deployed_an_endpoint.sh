#!/usr/bin/env bash
# One would expect moto to describe an AutoML job of version 2 that asks for no deployment without any endpoint, as a job that
# runs without results and then ends.
# What happens: moto puts in a `ModelDeployConfig` and a `ModelDeployResult` with an endpoint called `EndpointName` that does not
# exist, and a best candidate with `EndTime` from the first moment, while the status stays `InProgress` for good.
# Why it matters to people who run AutoML jobs through CDK: a clean-up or a waiter that is tested with moto is tested on a job
# that no service makes. "Delete the endpoint that the job reports" goes for an endpoint that nobody asked for, and code that
# takes a best candidate for the end of the job passes.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install moto==5.2.5 boto3==1.44.8
cat > "$work/ask.py" <<'PY'
from importlib.metadata import version

import boto3
from moto import mock_aws

with mock_aws():
    client = boto3.client("sagemaker", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    client.create_auto_ml_job_v2(
        AutoMLJobName="churn",
        AutoMLJobInputDataConfig=[
            {"ChannelType": "training", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/x"}}}
        ],
        OutputDataConfig={"S3OutputPath": "s3://data/out"},
        AutoMLProblemTypeConfig={
            "TabularJobConfig": {
                "TargetAttributeName": "churned",
                "ProblemType": "BinaryClassification",
                "CompletionCriteria": {"MaxCandidates": 1},
            }
        },
        RoleArn="arn:aws:iam::123456789012:role/job",
    )
    looks = [client.describe_auto_ml_job_v2(AutoMLJobName="churn") for _ in range(20)]
    endpoints = client.list_endpoints()["Endpoints"]

print("moto", version("moto"), "boto3", version("boto3"))
last = looks[-1]
shown = {name: last[name] for name in ("AutoMLJobStatus", "AutoMLJobSecondaryStatus", "ModelDeployConfig", "ModelDeployResult")}
print(shown, "endpoints:", endpoints)
print("best candidate:", last["BestCandidate"]["CandidateName"], last["BestCandidate"]["FinalAutoMLJobObjectiveMetric"])
assert {look["AutoMLJobStatus"] for look in looks} == {"InProgress"}, "it ends now"
assert all("BestCandidate" in look and "EndTime" in look for look in looks)
assert last["ModelDeployResult"] == {"EndpointName": "EndpointName"}, "no endpoint is told now"
assert endpoints == []
PY
"$work/venv/bin/python" "$work/ask.py"
