"""What serves a model: endpoint configurations, deployments and transform jobs, one line a field.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Annotated, Final, TypeVar

from .fields import Api, Limits, Seconds, Shape
from .shapes import ContentTypeName

InstanceTypeName = Annotated[str, Limits(pattern=r"ml\.[a-z0-9-]+\.[a-z0-9]+")]
"""A pattern where the API has a list: it grows every month, and what it has is told at the deployment."""

MimeType = Annotated[
    str,
    Limits(min_length=1, max_length=256, pattern=r"[a-zA-Z0-9](-*[a-zA-Z0-9])*\/[a-zA-Z0-9](-*[a-zA-Z0-9.])*"),
]
EndpointName = Annotated[str, Limits(max_length=63, pattern="[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")]
GroupName = Annotated[
    str,
    Limits(
        min_length=1,
        max_length=170,
        pattern=r"(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:[a-z\-]*\/)?([a-zA-Z0-9]([a-zA-Z0-9-]){0,62})(?<!-)",
    ),
]

ARM: Final = re.compile(r"ml\.[a-z]+\d+g[a-z]*\.")
"""Instance types with a Graviton processor: m6g, c7gd, r8g, g5g."""

# [local-storage]
LOCAL_STORAGE: Final = re.compile(r"ml\.(?:[a-z]+\d+[a-z]*d[a-z]*|g[5-9][a-z]*|p5[a-z]*|trn\d[a-z]*|dl\d[a-z]*)\.")
"""Instance types whose disks are their own and encrypted by their own hardware: m5d, g4dn, p4de, g5.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/InstanceStorage.html
"""

INF1: Final = re.compile(r"ml\.inf1\.")
BURSTING: Final = re.compile(r"ml\.t\d[a-z]*\.")

S = TypeVar("S", bound=Shape)


def part(value: Shape, shape: type[S]) -> S:
    """The fields of a shape out of one that has more."""
    return shape(**{field.name: getattr(value, field.name) for field in fields(shape)})


class ResponseKey(StrEnum):
    """What answers of a classifier can hold. Which of them a candidate supports is known when it is trained.

    A regression in ENSEMBLING mode supports the first one only; one in HYPERPARAMETER_TUNING, and a forecast, none.

    See https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-automate-model-development-container-output.html
    """

    PREDICTED_LABEL = "predicted_label"
    """The label that is most likely."""

    PROBABILITY = "probability"
    """How likely it is."""

    PROBABILITIES = "probabilities"
    """How likely each label is; in JSON a text that holds a list."""

    LABELS = "labels"
    """All labels, in the order of the probabilities; in JSON a text that holds a list as Python writes it."""


class ApprovalStatus(StrEnum):
    """`ModelApprovalStatus` of a version in the Model Registry.

    See https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-approve.html
    """

    APPROVED = "Approved"
    """It may be deployed."""

    REJECTED = "Rejected"
    """It may not be deployed."""

    PENDING_MANUAL_APPROVAL = "PendingManualApproval"
    """Somebody has to look at it first."""


@dataclass(frozen=True, kw_only=True)
class InstanceVariant(Shape):
    """Instances that serve a model (ProductionVariant)."""

    instance_type: Annotated[InstanceTypeName, Api("InstanceType")]
    """The instance type, such as `ml.m5.xlarge`. Candidates for images and texts come with containers for CPU and for
    GPU, and the type decides between them. An endpoint with auto scaling refuses another type: take the scaling out
    first."""

    instance_count: Annotated[int, Api("InitialInstanceCount", at_least=1)] = 1
    """How many instances to begin with, at least 1. Two or more lie in different availability zones. Default: one."""

    volume_size_gib: Annotated[int | None, Api("VolumeSizeInGB", at_least=1, at_most=512)] = None
    """Size of the volume of each instance, 1 to 512 GiB. Default: the service chooses."""

    model_data_download_timeout: Annotated[
        Seconds | None, Api("ModelDataDownloadTimeoutInSeconds", at_least=60, at_most=3600)
    ] = None
    """How long an instance may load the model, 1 minute to 1 hour. Default: the service's own time."""

    container_startup_timeout: Annotated[
        Seconds | None, Api("ContainerStartupHealthCheckTimeoutInSeconds", at_least=60, at_most=3600)
    ] = None
    """How long a container may take until it passes its health check, 1 minute to 1 hour. Default: the service's own
    time."""


@dataclass(frozen=True, kw_only=True)
class ServerlessVariant(Shape):
    """A model that is served without instances (ProductionVariantServerlessConfig)."""

    memory_size_mib: Annotated[int, Api("MemorySizeInMB", at_least=1024, at_most=6144)] = 2048
    """Memory in MiB: 1024, 2048, 3072, 4096, 5120 or 6144. More memory comes with more processors.
    Default: 2048."""

    max_concurrency: Annotated[int, Api("MaxConcurrency", at_least=1, at_most=200)] = 5
    """How many requests are served at once, 1 to 200; more are refused. Default: 5."""

    provisioned_concurrency: Annotated[int | None, Api("ProvisionedConcurrency", at_least=1, at_most=200)] = None
    """For how many requests at once the endpoint is kept warm, 1 to `max_concurrency`, at a price for each hour.
    Default: none; the first request after a pause waits until a container has started."""


@dataclass(frozen=True, kw_only=True)
class CaptureFields(Shape):
    """What is kept of requests and answers (DataCaptureConfig)."""

    sampling_percentage: Annotated[int, Api("InitialSamplingPercentage", at_least=0, at_most=100)] = 100
    """How many requests of a hundred are kept, 0 to 100. Default: all of them."""

    csv_content_types: Annotated[
        Sequence[MimeType] | None, Api("CaptureContentTypeHeader.CsvContentTypes", min_items=1, max_items=10)
    ] = ("text/csv",)
    """Content types that are kept as CSV text, 1 to 10; what is in neither list is kept in base64. None: no list.
    Default: `text/csv`."""

    json_content_types: Annotated[
        Sequence[MimeType] | None, Api("CaptureContentTypeHeader.JsonContentTypes", min_items=1, max_items=10)
    ] = ("application/json",)
    """Content types that are kept as JSON text, 1 to 10. None: no list. Default: `application/json`."""


@dataclass(frozen=True, kw_only=True)
class AsyncFields(Shape):
    """How an asynchronous endpoint calls its model (AsyncInferenceClientConfig)."""

    max_concurrent_invocations_per_instance: Annotated[
        int | None, Api("MaxConcurrentInvocationsPerInstance", at_least=1, at_most=1000)
    ] = None
    """How many requests an instance works at, 1 to 1000. Default: the service chooses."""


# ------------------------------------------------------------------------------------------------------- deployments


class CapacityUnit(StrEnum):
    """What a step of a deployment is measured in."""

    INSTANCE_COUNT = "INSTANCE_COUNT"
    CAPACITY_PERCENT = "CAPACITY_PERCENT"


class TrafficRouting(StrEnum):
    """How traffic moves to a new fleet."""

    ALL_AT_ONCE = "ALL_AT_ONCE"
    CANARY = "CANARY"
    LINEAR = "LINEAR"


@dataclass(frozen=True, kw_only=True)
class CapacitySize(Shape):
    """How much of a fleet a step of a deployment moves (CapacitySize)."""

    unit: Annotated[CapacityUnit, Api("Type", prop="")]
    value: Annotated[int, Api("Value", prop="", at_least=1)]


@dataclass(frozen=True, kw_only=True)
class Traffic(Shape):
    """How traffic moves to a new fleet (TrafficRoutingConfig)."""

    routing: Annotated[TrafficRouting, Api("Type")]
    wait_interval: Annotated[Seconds, Api("WaitIntervalInSeconds", at_least=0, at_most=3600)]
    canary_size: Annotated[CapacitySize | None, Api("CanarySize", prop="size")] = None
    linear_step_size: Annotated[CapacitySize | None, Api("LinearStepSize", prop="size")] = None


@dataclass(frozen=True, kw_only=True)
class BlueGreen(Shape):
    """A whole new fleet takes over (BlueGreenUpdatePolicy)."""

    traffic: Annotated[Traffic, Api("TrafficRoutingConfiguration", prop="")]
    termination_wait: Annotated[Seconds | None, Api("TerminationWaitInSeconds", at_least=0, at_most=3600)] = None
    maximum_execution_timeout: Annotated[
        Seconds | None, Api("MaximumExecutionTimeoutInSeconds", at_least=600, at_most=28800)
    ] = None


@dataclass(frozen=True, kw_only=True)
class Rolling(Shape):
    """Instances are replaced in batches (RollingUpdatePolicy)."""

    batch_size: Annotated[CapacitySize, Api("MaximumBatchSize", prop="size")]
    wait_interval: Annotated[Seconds, Api("WaitIntervalInSeconds", at_least=0, at_most=3600)]
    maximum_execution_timeout: Annotated[
        Seconds | None, Api("MaximumExecutionTimeoutInSeconds", at_least=600, at_most=28800)
    ] = None
    rollback_size: Annotated[CapacitySize | None, Api("RollbackMaximumBatchSize")] = None


# -------------------------------------------------------------------------------------------------------------- batch


class SplitType(StrEnum):
    """How a transform job cuts the objects that it reads into requests.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformInput.html (SplitType).
    """

    NONE = "None"
    """Whole: an object is one request."""

    LINE = "Line"
    """At the ends of lines, as in CSV and JSON Lines."""

    RECORD_IO = "RecordIO"
    """At the records of RecordIO."""

    TF_RECORD = "TFRecord"
    """At the records of TFRecord."""


class AssembleWith(StrEnum):
    """How a transform job puts answers together.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformOutput.html (AssembleWith).
    """

    NONE = "None"
    """As they are, one after the other."""

    LINE = "Line"
    """Each in a line of its own."""


class BatchStrategy(StrEnum):
    """How many records a transform job puts into a request.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html (BatchStrategy).
    """

    MULTI_RECORD = "MultiRecord"
    """As many records as a request may hold."""

    SINGLE_RECORD = "SingleRecord"
    """One record in each request."""


class JoinSource(StrEnum):
    """What a transform job joins its answers with.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DataProcessing.html (JoinSource).
    """

    INPUT = "Input"
    """Each answer is written behind its own input."""

    NONE = "None"
    """Answers alone are written."""


@dataclass(frozen=True, kw_only=True)
class TransformFields(Shape):
    """How a transform job works (CreateTransformJob), apart from where it reads and writes."""

    instance_type: Annotated[InstanceTypeName, Api("TransformResources.InstanceType")]
    instance_count: Annotated[int, Api("TransformResources.InstanceCount", at_least=1)]
    content_type: Annotated[ContentTypeName | None, Api("TransformInput.ContentType")] = None
    split_type: Annotated[SplitType | None, Api("TransformInput.SplitType")] = None
    accept: Annotated[ContentTypeName | None, Api("TransformOutput.Accept")] = None
    assemble_with: Annotated[AssembleWith | None, Api("TransformOutput.AssembleWith")] = None
    batch_strategy: Annotated[BatchStrategy | None, Api("BatchStrategy")] = None
    max_payload_mib: Annotated[int | None, Api("MaxPayloadInMB", at_least=0)] = None
    max_concurrent_transforms: Annotated[int | None, Api("MaxConcurrentTransforms", at_least=0)] = None
    input_filter: Annotated[str | None, Api("DataProcessing.InputFilter", max_length=63)] = None
    output_filter: Annotated[str | None, Api("DataProcessing.OutputFilter", max_length=63)] = None
    join_source: Annotated[JoinSource | None, Api("DataProcessing.JoinSource")] = None


@dataclass(frozen=True, kw_only=True)
class PackageFields(Shape):
    """What is said of a version in the Model Registry (CreateModelPackage)."""

    model_package_group: Annotated[GroupName, Api("ModelPackageGroupName")]
    approval_status: Annotated[ApprovalStatus, Api("ModelApprovalStatus")]
    description: Annotated[str | None, Api("ModelPackageDescription", max_length=1024)] = None
    content_types: Annotated[Sequence[ContentTypeName] | None, Api("InferenceSpecification.SupportedContentTypes")] = (
        None
    )
    response_mime_types: Annotated[
        Sequence[Annotated[str, Limits(max_length=1024, pattern=r"[-\w]+\/.+")]] | None,
        Api("InferenceSpecification.SupportedResponseMIMETypes"),
    ] = None
