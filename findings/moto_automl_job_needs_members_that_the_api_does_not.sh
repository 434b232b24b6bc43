#!/usr/bin/env bash
# One would expect moto to take a tabular AutoML job that gives the one required member, `TargetAttributeName`: the problem type
# is then found by the service, and criteria of completion are optional for every problem type.
# What happens: botocore finds the request valid, and moto ends the call with a `KeyError`, for a tabular job without
# `ProblemType`, and for every kind of job without `CompletionCriteria`.
# Why it matters to people who run AutoML jobs through CDK: tests against moto push people to name a problem type that the
# service would have found, and to write criteria into requests that were meant to have the service's own limits; both change
# what is trained.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install moto==5.2.5 boto3==1.44.8
cat > "$work/ask.py" <<'PY'
from importlib.metadata import version

import boto3
from botocore.validate import ParamValidator
from moto import mock_aws

CRITERIA = {"CompletionCriteria": {"MaxCandidates": 1}}
PROBLEMS = {
    "tabular, no problem type": {"TabularJobConfig": {"TargetAttributeName": "churned", **CRITERIA}},
    "tabular, no criteria": {"TabularJobConfig": {"TargetAttributeName": "churned", "ProblemType": "Regression"}},
    "images, no criteria": {"ImageClassificationJobConfig": {}},
    "all given": {"TabularJobConfig": {"TargetAttributeName": "churned", "ProblemType": "Regression", **CRITERIA}},
}
source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/x"}}
said = {}
with mock_aws():
    client = boto3.client("sagemaker", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    shape = client.meta.service_model.operation_model("CreateAutoMLJobV2").input_shape
    for number, (name, problem) in enumerate(PROBLEMS.items()):
        request = {
            "AutoMLJobName": f"churn-{number}",
            "AutoMLJobInputDataConfig": [{"ChannelType": "training", "DataSource": source}],
            "OutputDataConfig": {"S3OutputPath": "s3://data/out"},
            "AutoMLProblemTypeConfig": problem,
            "RoleArn": "arn:aws:iam::123456789012:role/job",
        }
        assert not ParamValidator().validate(request, shape).has_errors()
        try:
            client.create_auto_ml_job_v2(**request)
            said[name] = "taken"
        except KeyError as error:
            said[name] = f"KeyError: {error}"
print("moto", version("moto"), "boto3", version("boto3"))
for name, answer in said.items():
    print(f"{name}: {answer}")
assert list(said.values()) == ["KeyError: 'ProblemType'", "KeyError: 'CompletionCriteria'", "KeyError: 'CompletionCriteria'", "taken"]
PY
"$work/venv/bin/python" "$work/ask.py"
