"""The services that the function calls, reduced to the calls it makes."""

# ruff: noqa: D102, N803 - the methods and the names of their arguments are boto3's

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, cast

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
    def list_candidates_for_auto_ml_job(self, **request: Any) -> Reply: ...
    def list_tags(self, **request: str) -> Reply: ...
    def add_tags(self, *, ResourceArn: str, Tags: list[dict[str, str]]) -> Reply: ...
    def delete_tags(self, *, ResourceArn: str, TagKeys: list[str]) -> Reply: ...
    def describe_endpoint(self, *, EndpointName: str) -> Reply: ...
    def describe_endpoint_config(self, *, EndpointConfigName: str) -> Reply: ...
    def delete_endpoint(self, *, EndpointName: str) -> Reply: ...
    def delete_endpoint_config(self, *, EndpointConfigName: str) -> Reply: ...
    def describe_model(self, *, ModelName: str) -> Reply: ...
    def delete_model(self, *, ModelName: str) -> Reply: ...


class Hosting(SageMaker, Protocol):
    """The same client, with the calls of those who serve a model."""

    def create_model(self, **request: Any) -> Reply: ...
    def create_transform_job(self, **request: Any) -> Reply: ...
    def describe_transform_job(self, *, TransformJobName: str) -> Reply: ...
    def stop_transform_job(self, *, TransformJobName: str) -> Reply: ...
    def create_model_package(self, **request: Any) -> Reply: ...
    def describe_model_package(self, *, ModelPackageName: str) -> Reply: ...
    def update_model_package(self, *, ModelPackageArn: str, ModelApprovalStatus: str) -> Reply: ...
    def delete_model_package(self, *, ModelPackageName: str) -> Reply: ...


class Promoting(Hosting, Protocol):
    """The same client, with the calls of those who promote a model."""

    def create_endpoint_config(self, **request: Any) -> Reply: ...
    def update_endpoint(self, **request: Any) -> Reply: ...


class CloudFormation(Protocol):
    """A CloudFormation client of boto3."""

    def describe_stack_resource(self, *, StackName: str, LogicalResourceId: str) -> Reply: ...
    def describe_stacks(self, *, StackName: str) -> Reply: ...
    def describe_stack_events(self, *, StackName: str) -> Reply: ...
    def signal_resource(self, *, StackName: str, LogicalResourceId: str, UniqueId: str, Status: str) -> Reply: ...


class StepFunctions(Protocol):
    """A Step Functions client of boto3."""

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> Reply: ...  # noqa: A002
    def describe_execution(self, *, executionArn: str) -> Reply: ...


class Executions(StepFunctions, Protocol):
    """The same client, with the call of those who end what they started."""

    def stop_execution(self, *, executionArn: str, cause: str) -> Reply: ...


class EventBridge(Protocol):
    """An EventBridge client of boto3."""

    def put_events(self, *, Entries: list[dict[str, Any]]) -> Reply: ...


class S3(Protocol):
    """An S3 client of boto3."""

    def put_object(self, **request: Any) -> Reply: ...


class Folders(S3, Protocol):
    """The same client, with the call of those who look for files."""

    def list_objects_v2(self, **request: str) -> Reply: ...


class Documents(Folders, Protocol):
    """The same client, with the calls of those who read, and remove what they wrote."""

    def get_object(self, *, Bucket: str, Key: str) -> Reply: ...
    def delete_object(self, *, Bucket: str, Key: str) -> Reply: ...


class Topics(Protocol):
    """An SNS client of boto3."""

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> Reply: ...


def bucket_and_key(uri: str) -> tuple[str, str]:
    """The parts of an S3 URI; both empty if it is none."""
    if not uri.startswith("s3://"):
        return "", ""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


@dataclass(frozen=True)
class Aws:
    """Everything the function calls. A client is made when it is first asked for: most requests need two of them."""

    client: Callable[[str], Any]
    """Makes the client of a service, by botocore's name for it."""

    @cached_property
    def sagemaker(self) -> SageMaker:
        """Amazon SageMaker."""
        return cast("SageMaker", self.client("sagemaker"))

    @property
    def hosting(self) -> Hosting:
        """Amazon SageMaker, for models and what runs with them."""
        return cast("Hosting", self.sagemaker)

    @property
    def promoting(self) -> Promoting:
        """Amazon SageMaker, for models that are promoted."""
        return cast("Promoting", self.sagemaker)

    @cached_property
    def cloudformation(self) -> CloudFormation:
        """AWS CloudFormation."""
        return cast("CloudFormation", self.client("cloudformation"))

    @cached_property
    def stepfunctions(self) -> StepFunctions:
        """AWS Step Functions."""
        return cast("StepFunctions", self.client("stepfunctions"))

    @property
    def executions(self) -> Executions:
        """AWS Step Functions, for executions that are stopped."""
        return cast("Executions", self.stepfunctions)

    @cached_property
    def events(self) -> EventBridge:
        """Amazon EventBridge."""
        return cast("EventBridge", self.client("events"))

    @cached_property
    def s3(self) -> S3:
        """Amazon S3."""
        return cast("S3", self.client("s3"))

    @property
    def folders(self) -> Folders:
        """Amazon S3, for its keys."""
        return cast("Folders", self.s3)

    @property
    def documents(self) -> Documents:
        """Amazon S3, for what its objects hold."""
        return cast("Documents", self.s3)

    @cached_property
    def topics(self) -> Topics:
        """Amazon SNS."""
        return cast("Topics", self.client("sns"))


@functools.cache
def connect() -> Aws:
    """The services, kept as long as Lambda keeps the process."""
    # A call that hangs ends well before the function does: six tries of at most 25 seconds.
    config = Config(retries={"mode": "adaptive", "total_max_attempts": 6}, connect_timeout=5, read_timeout=20)
    # boto3's clients are botocore's; without the rest of boto3 the function starts sooner.
    session = botocore.session.get_session()
    return Aws(functools.partial(session.create_client, config=config))
