"""boto3 of the clients' environment: paginators, a waiter, and exceptions by their class."""

import json
import sys
import time

import boto3

told = json.loads(sys.argv[1])
sagemaker = boto3.client("sagemaker")
channel = {
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{told['bucket']}/train/"}},
    "TargetAttributeName": "bought",
}
request = {
    "InputDataConfig": [channel],
    "OutputDataConfig": {"S3OutputPath": f"s3://{told['bucket']}/boto3"},
    "AutoMLJobConfig": {"Mode": "ENSEMBLING", "CompletionCriteria": {"MaxCandidates": 2}},
    "RoleArn": told["role"],
}
names = [f"boto3-{number}" for number in range(3)]
for name in names:
    sagemaker.create_auto_ml_job(AutoMLJobName=name, **request)
for name in names[1:]:
    sagemaker.stop_auto_ml_job(AutoMLJobName=name)

refused = []
try:
    sagemaker.create_auto_ml_job(AutoMLJobName=names[0], **request)
except sagemaker.exceptions.ResourceInUse as error:
    refused.append(error.response["Error"]["Code"])
try:
    sagemaker.describe_auto_ml_job(AutoMLJobName="nobody")
except sagemaker.exceptions.ResourceNotFound as error:
    refused.append(error.response["Error"]["Code"])

while (job := sagemaker.describe_auto_ml_job(AutoMLJobName=names[0]))["AutoMLJobStatus"] == "InProgress":
    time.sleep(0.2)
jobs = sagemaker.get_paginator("list_auto_ml_jobs").paginate(
    NameContains="boto3-", SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
)
candidates = sagemaker.get_paginator("list_candidates_for_auto_ml_job").paginate(
    AutoMLJobName=names[0], PaginationConfig={"PageSize": 1}
)
result = {
    "job": job,
    "refused": refused,
    "jobs": [[one["AutoMLJobName"] for one in page["AutoMLJobSummaries"]] for page in jobs],
    "candidates": [[one["CandidateStatus"] for one in page["Candidates"]] for page in candidates],
}
sys.stdout.write("\n" + json.dumps(result, default=str))
