"""The structures inside a request, one line a field: https://docs.aws.amazon.com/sagemaker/latest/APIReference/."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Self

from .enums import ChannelType, Compression, S3DataType
from .fields import Api, Limits, Seconds, Shape

S3Uri = Annotated[str, Limits(max_length=1024, pattern="(https|s3)://([^/]+)/?(.*)")]
KmsKeyId = Annotated[str, Limits(max_length=2048, pattern="[a-zA-Z0-9:/_-]*")]
SecurityGroupId = Annotated[str, Limits(max_length=32, pattern="[-0-9a-zA-Z]+")]
SubnetId = Annotated[str, Limits(max_length=32, pattern="[-0-9a-zA-Z]+")]
RoleArn = Annotated[
    str,
    Limits(min_length=20, max_length=2048, pattern=r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"),
]
JobName = Annotated[str, Limits(min_length=1, max_length=32, pattern="[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}")]
ContentTypeName = Annotated[str, Limits(max_length=256, pattern=".*")]
SampleWeightAttribute = Annotated[str, Limits(min_length=1, max_length=256, pattern="[a-zA-Z0-9_-]+")]
ColumnName = Annotated[str, Limits(min_length=1, max_length=256)]


@dataclass(frozen=True, kw_only=True)
class AutoMLJobChannel(Shape):
    """A channel of `CreateAutoMLJobV2` (AutoMLJobChannel)."""

    s3_data_type: Annotated[S3DataType, Api("DataSource.S3DataSource.S3DataType")]
    s3_uri: Annotated[S3Uri, Api("DataSource.S3DataSource.S3Uri")]
    channel_type: Annotated[ChannelType | None, Api("ChannelType")] = None
    compression: Annotated[Compression | None, Api("CompressionType")] = None
    content_type: Annotated[ContentTypeName | None, Api("ContentType")] = None


@dataclass(frozen=True, kw_only=True)
class AutoMLChannel(AutoMLJobChannel):
    """A channel of `CreateAutoMLJob` (AutoMLChannel), which names the columns too."""

    target_attribute: Annotated[str, Api("TargetAttributeName", prop="/target_attribute", min_length=1)]
    sample_weight_attribute: Annotated[
        SampleWeightAttribute | None, Api("SampleWeightAttributeName", prop="/sample_weight_attribute")
    ] = None


@dataclass(frozen=True, kw_only=True)
class CompletionCriteria(Shape):
    """When a job stops looking for better models.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLJobCompletionCriteria.html
    """

    max_candidates: Annotated[int | None, Api("MaxCandidates", at_least=1, at_most=750)] = None
    """How many candidates to train at most: 1 to 750 for tabular data, and 1 for every other problem.

    Default: the service decides (tabular data: 10 in ENSEMBLING mode, up to 100 in HYPERPARAMETER_TUNING).
    """

    max_runtime_per_training_job: Annotated[Seconds | None, Api("MaxRuntimePerTrainingJobInSeconds", at_least=1)] = None
    """How long one training job may take: a `Duration` of at least one second. Default: the service decides."""

    max_runtime: Annotated[Seconds | None, Api("MaxAutoMLJobRuntimeInSeconds", at_least=1)] = None
    """How long the whole job may take: a `Duration` of at least one second.

    When it is over, the service stops the job gracefully and the best model so far counts; a deployment that had not
    begun is not done. Default: the service's own maximum of 30 days.
    """


@dataclass(frozen=True, kw_only=True)
class VpcConfig(Shape):
    """The network a job runs in (VpcConfig)."""

    security_group_ids: Annotated[
        Sequence[SecurityGroupId], Api("SecurityGroupIds", prop="/security_groups", min_items=1, max_items=5)
    ]
    subnets: Annotated[Sequence[SubnetId], Api("Subnets", prop="/vpc_subnets", min_items=1, max_items=16)]


@dataclass(frozen=True, kw_only=True)
class SecurityConfig(Shape):
    """Encryption and network of a job's instances (AutoMLSecurityConfig)."""

    volume_kms_key_id: Annotated[KmsKeyId | None, Api("VolumeKmsKeyId", prop="/volume_encryption_key")] = None
    encrypt_inter_container_traffic: Annotated[
        bool | None, Api("EnableInterContainerTrafficEncryption", prop="/encrypt_inter_container_traffic")
    ] = None
    vpc_config: Annotated[VpcConfig | None, Api("VpcConfig", prop="/vpc")] = None


TagText = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"


MAX_TAGS: Final = 50
"""Tags that the service allows on a job."""

PATTERN_CHARACTERS: Final = "*?$"
"""What an IAM policy reads as a pattern, or as the beginning of a variable."""


def is_of_aws(tag_key: str) -> bool:
    """Whether AWS keeps a tag's key for itself."""
    return tag_key.lower().startswith("aws:")


@dataclass(frozen=True, kw_only=True)
class Tag(Shape):
    """A tag of a job (Tag)."""

    key: Annotated[str, Api("Key", min_length=1, max_length=128, pattern=TagText)]
    value: Annotated[str, Api("Value", max_length=256, pattern=TagText)]


@dataclass(frozen=True, kw_only=True)
class ModelDeployConfig(Shape):
    """One-click deployment: the service itself puts the best candidate behind an endpoint.

    It picks the instances: at least two ml.m5.2xlarge (HYPERPARAMETER_TUNING) or one ml.m5.12xlarge (ENSEMBLING), which
    bill until they are deleted. When the job's resource is removed or replaced, the endpoint, its configuration and its
    model are deleted with it.

    Use `auto_named` or `named`.
    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ModelDeployConfig.html
    """

    auto_generate_endpoint_name: Annotated[bool | None, Api("AutoGenerateEndpointName")] = None
    """Whether the service generates the endpoint's name. Default: it takes `endpoint_name`."""

    endpoint_name: Annotated[
        str | None, Api("EndpointName", max_length=63, pattern="[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
    ] = None
    """The endpoint's name: at most 63 letters, digits and hyphens. Default: the service generates one."""

    @classmethod
    def auto_named(cls) -> Self:
        """An endpoint whose name the service generates."""
        return cls(auto_generate_endpoint_name=True)

    @classmethod
    def named(cls, endpoint_name: str) -> Self:
        """An endpoint of that name: at most 63 letters, digits and hyphens, unique in account and region.

        The service creates it anew, so another job can only take the name once the endpoint is gone: an update that
        trains again leaves no endpoint of the name until the new job has deployed, and fails where an
        `AutoMLJobOutcome` of the same deployment waits for that.
        """
        return cls(endpoint_name=endpoint_name)
