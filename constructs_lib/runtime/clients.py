"""The services that the function calls, reduced to the calls it makes."""

# ruff: noqa: D102, N803 - the methods and the names of their arguments are boto3's

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import botocore.session
from botocore.config import Config

Reply = Mapping[str, Any]
"""What a call of boto3 returns; botocore has no types."""


class SageMaker(Protocol):
    """A SageMaker client of boto3."""

    @property
    def meta(self) -> Any:
        """Holds botocore's model of the service."""

    def create_auto_ml_job(self, **request: Any) -> Reply: ...
    def create_auto_ml_job_v2(self, **request: Any) -> Reply: ...
    def describe_auto_ml_job_v2(self, *, AutoMLJobName: str) -> Reply: ...
    def stop_auto_ml_job(self, *, AutoMLJobName: str) -> Reply: ...
    def list_tags(self, **request: str) -> Reply: ...
    def add_tags(self, *, ResourceArn: str, Tags: list[dict[str, str]]) -> Reply: ...
    def delete_tags(self, *, ResourceArn: str, TagKeys: list[str]) -> Reply: ...
    def describe_endpoint(self, *, EndpointName: str) -> Reply: ...
    def describe_endpoint_config(self, *, EndpointConfigName: str) -> Reply: ...
    def delete_endpoint(self, *, EndpointName: str) -> Reply: ...
    def delete_endpoint_config(self, *, EndpointConfigName: str) -> Reply: ...
    def delete_model(self, *, ModelName: str) -> Reply: ...


class CloudFormation(Protocol):
    """A CloudFormation client of boto3."""

    def describe_stack_resource(self, *, StackName: str, LogicalResourceId: str) -> Reply: ...


@dataclass(frozen=True)
class Aws:
    """Everything the function calls."""

    sagemaker: SageMaker
    cloudformation: CloudFormation


@functools.cache
def connect() -> Aws:
    """The clients, made when they are first needed and kept as long as Lambda keeps the process."""
    # A call that hangs ends well before the function does: six tries of at most 25 seconds.
    config = Config(retries={"mode": "adaptive", "total_max_attempts": 6}, connect_timeout=5, read_timeout=20)
    # boto3's clients are botocore's; without the rest of boto3 the function starts sooner.
    session = botocore.session.get_session()
    return Aws(
        sagemaker=session.create_client("sagemaker", config=config),
        cloudformation=session.create_client("cloudformation", config=config),
    )
