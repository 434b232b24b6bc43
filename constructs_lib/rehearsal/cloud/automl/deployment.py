"""One-click deployment: the service makes model, configuration and endpoint, with the execution role's permissions."""

import secrets
import threading

from constructs_lib.rehearsal.cloud.as_role import AsRole, Cancelled
from constructs_lib.rehearsal.cloud.automl.job import Job
from constructs_lib.rehearsal.cloud.store import Json

_POLL = 0.2
_INSTANCE = {"ENSEMBLING": ("ml.m5.12xlarge", 1), "HYPERPARAMETER_TUNING": ("ml.m5.2xlarge", 2)}
"""What Autopilot deploys on, by mode (Developer Guide, "Deploy Autopilot models for real-time inference")."""


class DeploymentFailed(Exception):  # noqa: N818 - says what happened
    """The endpoint did not come into service."""


def deploy(job: Job, role: AsRole, config: Json, cancelled: threading.Event) -> str:
    """Put the job's best candidate behind an endpoint and return the endpoint's name."""
    best = job.best
    if best is None:
        raise DeploymentFailed("There is no best candidate to deploy")
    sagemaker = role.client("sagemaker")
    suffix = secrets.token_hex(4)
    endpoint_name = str(config.get("EndpointName") or f"{job.name}-{suffix}")
    made_name = f"{job.name}-{suffix}"
    place = job.place
    instance, count = _INSTANCE.get(job.mode or "", _INSTANCE["ENSEMBLING"])
    role.call(
        "sagemaker:CreateModel",
        place.arn("model", made_name),
        lambda: sagemaker.create_model(
            ModelName=made_name, ExecutionRoleArn=role.role_arn, Containers=best["InferenceContainers"]
        ),
    )
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": made_name,
        "InstanceType": instance,
        "InitialInstanceCount": count,
        "InitialVariantWeight": 1.0,
    }
    role.call(
        "sagemaker:CreateEndpointConfig",
        place.arn("endpoint-config", made_name),
        lambda: sagemaker.create_endpoint_config(EndpointConfigName=made_name, ProductionVariants=[variant]),
    )
    role.call(
        "sagemaker:CreateEndpoint",
        place.arn("endpoint", endpoint_name),
        lambda: sagemaker.create_endpoint(EndpointName=endpoint_name, EndpointConfigName=made_name),
    )
    while True:
        endpoint = role.call(
            "sagemaker:DescribeEndpoint",
            place.arn("endpoint", endpoint_name),
            lambda: sagemaker.describe_endpoint(EndpointName=endpoint_name),
        )
        if endpoint["EndpointStatus"] == "InService":
            return endpoint_name
        if endpoint["EndpointStatus"] != "Creating":
            raise DeploymentFailed(f"The endpoint {endpoint_name} failed: {endpoint.get('FailureReason', '')}")
        if cancelled.wait(_POLL):
            raise Cancelled
