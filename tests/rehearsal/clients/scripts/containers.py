"""The containers of a tuning candidate, each behind an endpoint of its own, one handing on to the next.

The SDK's own reader of recordio says what the first one answers.
"""

import io
import json
import sys
import time
from typing import Any

import boto3
from sagemaker.amazon.common import read_records

CSV, RECORDIO = "text/csv", "application/x-recordio-protobuf"
told = json.loads(sys.argv[1])
client, runtime = boto3.client("sagemaker"), boto3.client("sagemaker-runtime")

client.create_auto_ml_job_v2(
    AutoMLJobName="apart",
    AutoMLJobInputDataConfig=[
        {
            "ChannelType": "training",
            "ContentType": "text/csv;header=present",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{told['bucket']}/train/"}},
        }
    ],
    OutputDataConfig={"S3OutputPath": f"s3://{told['bucket']}/apart/"},
    AutoMLProblemTypeConfig={
        "TabularJobConfig": {
            "TargetAttributeName": "bought",
            "Mode": "HYPERPARAMETER_TUNING",
            "CompletionCriteria": {"MaxCandidates": 1},
        }
    },
    RoleArn=told["role"],
)
while (job := client.describe_auto_ml_job_v2(AutoMLJobName="apart"))["AutoMLJobStatus"] == "InProgress":
    time.sleep(0.2)
containers = job["BestCandidate"]["InferenceContainers"]


def serve(name: str, *parts: dict[str, Any]) -> None:
    client.create_model(ModelName=name, ExecutionRoleArn=told["role"], Containers=parts)
    variant = {"VariantName": "All", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)


def ask(name: str, body: bytes, content_type: str, accept: str) -> bytes:
    answer = runtime.invoke_endpoint(EndpointName=name, Body=body, ContentType=content_type, Accept=accept)
    assert answer["ContentType"] == accept, answer["ContentType"]
    read: bytes = answer["Body"].read()
    return read


names = ["features", "algorithm", "labels"]
for name, part in zip(names, containers, strict=True):
    serve(name, part)
serve("whole", *containers)
for name in [*names, "whole"]:
    client.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})

rows = b"20,plus\n0,basic\n20,basic\n"
features = ask("features", rows, CSV, RECORDIO)
learned = ask("algorithm", features, RECORDIO, CSV)


def row_of(record: Any) -> list[float]:
    tensor = record.features["values"].float32_tensor
    places = tensor.keys or range(len(tensor.values))
    row = [0.0] * (tensor.shape[0] if tensor.keys else len(tensor.values))
    for place, value in zip(places, tensor.values, strict=True):
        row[place] = value
    return row


result = {
    "modes": [part["Environment"].get("AUTOML_TRANSFORM_MODE") for part in containers],
    "features": [row_of(record) for record in read_records(io.BytesIO(features))],
    "features_in_csv": ask("features", rows, CSV, CSV).decode(),
    "learned": learned.decode(),
    "labels": ask("labels", learned, CSV, CSV).decode(),
    "whole": ask("whole", rows, CSV, CSV).decode(),
}
sys.stdout.write("\n" + json.dumps(result))
