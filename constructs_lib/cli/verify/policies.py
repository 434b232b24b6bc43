"""Permissions as the library's constructs give them. `tests/cli/verify/test_policies.py` holds the two together."""

from typing import Any, Final

from constructs_lib.runtime.contract import OwnerTag

from .stack import allow, sub

Statement = dict[str, Any]

_ARN: Final = "arn:${AWS::Partition}:%s:${AWS::Region}:%s:%s"


def arn(service: str, resource: str, *, account: str = "${AWS::AccountId}") -> dict[str, str]:
    """The ARN of something in the stack's account and region."""
    return sub(_ARN % (service, account, resource))


FUNCTION_IN_VPC: Final[tuple[Statement, ...]] = (
    allow(
        [
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:UnassignPrivateIpAddresses",
        ],
        [arn("ec2", f"{kind}/*") for kind in ("network-interface", "security-group", "subnet")],
    ),
    allow(["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], ["*"]),
)
"""A function in a VPC."""

_IMAGES_AND_METRICS: Final[tuple[Statement, ...]] = (
    allow(
        ["cloudwatch:PutMetricData"],
        ["*"],
        StringLike={"cloudwatch:namespace": ["/aws/sagemaker/*", "aws/sagemaker/*"]},
    ),
    allow(["ecr:GetAuthorizationToken"], ["*"]),
    allow(
        ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        [arn("ecr", "repository/*", account="*")],
    ),
)

_LOGS: Final = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")

JOB: Final[tuple[Statement, ...]] = (
    allow(
        ["iam:PassRole"],
        [{"Fn::GetAtt": ["Role", "Arn"]}],
        StringEquals={"iam:PassedToService": "sagemaker.amazonaws.com"},
    ),
    allow(list(_LOGS), [arn("logs", "log-group:/aws/sagemaker/*")]),
    *_IMAGES_AND_METRICS,
    allow(
        [
            "sagemaker:DescribeEndpoint",
            "sagemaker:DescribeEndpointConfig",
            "sagemaker:DescribeModel",
            "sagemaker:ListTags",
        ],
        [arn("sagemaker", f"{kind}/*") for kind in ("endpoint", "endpoint-config", "model")],
    ),
)
"""A job as its own role; the role is `Role`."""

ONE_CLICK: Final[tuple[Statement, ...]] = (
    allow(["sagemaker:CreateModel", "sagemaker:DeleteModel"], [arn("sagemaker", "model/*")]),
    allow(
        [
            "sagemaker:CreateEndpoint",
            "sagemaker:CreateEndpointConfig",
            "sagemaker:DeleteEndpoint",
            "sagemaker:DeleteEndpointConfig",
            "sagemaker:InvokeEndpoint",
        ],
        [arn("sagemaker", "endpoint/*"), arn("sagemaker", "endpoint-config/*")],
    ),
)
"""A job that deploys its best candidate."""

NETWORK: Final[tuple[Statement, ...]] = (
    allow(
        [
            "ec2:CreateNetworkInterface",
            "ec2:CreateNetworkInterfacePermission",
            "ec2:DeleteNetworkInterface",
            "ec2:DeleteNetworkInterfacePermission",
        ],
        [
            arn("ec2", "network-interface/*"),
            arn("ec2", "subnet/${Subnet}"),
            arn("ec2", "security-group/${SecurityGroup.GroupId}"),
        ],
    ),
    allow(
        [
            "ec2:DescribeDhcpOptions",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ],
        ["*"],
    ),
)
"""A job in a VPC: `Subnet` and `SecurityGroup`."""

_BUCKET: Final = {"Fn::GetAtt": ["Bucket", "Arn"]}


def data(prefix: str, objects: str, output: str) -> tuple[Statement, ...]:
    """What a job does in `Bucket`.

    Args:
        prefix: What the keys of its data begin with.
        objects: The keys that it reads: the prefix itself, if that is a whole key.
        output: What the keys of its artifacts begin with.
    """
    return (
        allow(["s3:ListBucket"], [_BUCKET], StringLike={"s3:prefix": [f"{prefix}*"]}),
        allow(["s3:GetObject"], [sub("${Bucket.Arn}/" + objects)]),
        allow(["s3:ListBucket"], [_BUCKET], StringLike={"s3:prefix": [f"{output}*"]}),
        allow(["s3:GetObject", "s3:PutObject"], [sub("${Bucket.Arn}/" + f"{output}*")]),
    )


VOLUME_KEY: Final = allow(
    ["kms:CreateGrant"], [{"Fn::GetAtt": ["Key", "Arn"]}], Bool={"kms:GrantIsForAWSResource": "true"}
)
"""The key of volumes: `Key`."""

CALLER_OF_JOBS: Final[tuple[Statement, ...]] = (
    allow(
        ["sagemaker:AddTags", "sagemaker:CreateAutoMLJob", "sagemaker:CreateAutoMLJobV2"],
        [arn("sagemaker", "automl-job/*")],
    ),
    JOB[0],
)
"""Who makes a job that has a role of its own: what the service does as that role it must not do as the caller."""

CALLER_OF_ENDPOINTS: Final[tuple[Statement, ...]] = (
    allow(
        [
            "sagemaker:AddTags",
            "sagemaker:CreateEndpoint",
            "sagemaker:CreateEndpointConfig",
            "sagemaker:UpdateEndpoint",
            "sagemaker:UpdateEndpointWeightsAndCapacities",
        ],
        [arn("sagemaker", "endpoint/*"), arn("sagemaker", "endpoint-config/*")],
    ),
)
"""Who makes an endpoint, in the same way."""

SERVING: Final[tuple[Statement, ...]] = (
    allow(
        list(_LOGS),
        [arn("logs", "log-group:/aws/sagemaker/Endpoints/*"), arn("logs", "log-group:/aws/sagemaker/TransformJobs*")],
    ),
    *_IMAGES_AND_METRICS,
)
"""A model as its own role."""


def roll_back(alarm: Any) -> Statement:
    """The alarm that takes a deployment back."""
    return allow(["cloudwatch:DescribeAlarms"], [alarm])


OWN_MODELS: Final = ("sagemaker:DescribeModel", "sagemaker:DeleteModel", "sagemaker:ListTags")
OWN_JOBS: Final = (
    "sagemaker:AddTags",
    "sagemaker:DeleteTags",
    "sagemaker:DescribeAutoMLJobV2",
    "sagemaker:ListTags",
    "sagemaker:StopAutoMLJob",
)


def own(kind: str, actions: tuple[str, ...], owner: Any) -> Statement:
    """The function's permission on what it has made, whatever its name: by the tag of its stack."""
    tagged = {f"aws:ResourceTag/{OwnerTag.STACK}": owner}
    return allow(list(actions), [arn("sagemaker", f"{kind}/*")], StringEquals=tagged)


REGISTRY: Final = (
    "sagemaker:CreateModelPackage",
    "sagemaker:DeleteModelPackage",
    "sagemaker:DescribeModelPackage",
    "sagemaker:UpdateModelPackage",
)


def registry(group: str) -> Statement:
    """The function's permission on the versions of a group."""
    names = [arn("sagemaker", f"model-package-group/{group}"), arn("sagemaker", f"model-package/{group}/*")]
    return allow(list(REGISTRY), names)
