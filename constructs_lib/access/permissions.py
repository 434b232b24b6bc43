"""Every IAM action that the library hands out, named for who needs it. A ``*`` has its reason beside it.

Source of the job's own list: "CreateAutoMLJob and CreateAutoMLJobV2 API: Execution Role Permissions",
https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html. Resource types of the actions:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import aws_cdk as cdk

from ..api.shapes import VpcConfig
from ..naming import deployed_id
from ..runtime.contract import EVENT_SOURCE, RESULT_FILE, OwnerTag
from ..tokens import is_token

# ------------------------------------------------------------------------------------------ S3 and KMS, per location

LIST_BUCKET: Final = ("s3:ListBucket",)
READ_OBJECTS: Final = ("s3:GetObject",)
WRITE_OBJECTS: Final = ("s3:GetObject", "s3:PutObject")
"""A job reads back what its earlier steps wrote."""

ABORT_UPLOADS: Final = ("s3:AbortMultipartUpload",)
"""Answers of an asynchronous endpoint may have a gigabyte.

https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-create-endpoint-prerequisites.html
"""

DECRYPT: Final = ("kms:Decrypt",)
# [multipart-keys]
ENCRYPT: Final = ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey")
"""Encrypt is the documented minimum; multipart uploads under SSE-KMS want the other two (unverified for Autopilot)."""

# [endpoint-volume]
VOLUME_KEY: Final = ("kms:CreateGrant",)
# [volume-grants]
VOLUME_KEY_CONDITION: Final = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
"""Only grants that AWS services make for their own resources (that Autopilot's volumes are such is unverified)."""

# ---------------------------------------------------------------------------------------------------- users of a job

DESCRIBE_JOB: Final = ("sagemaker:DescribeAutoMLJob", "sagemaker:DescribeAutoMLJobV2", "sagemaker:ListTags")
LIST_CANDIDATES: Final = ("sagemaker:ListCandidatesForAutoMLJob",)
"""The service authorization reference gives it no resource type, so only ``*`` grants it."""

STOP_JOB: Final = ("sagemaker:StopAutoMLJob",)

# --------------------------------------------------------------------------------------------------------- statements


@dataclass(frozen=True, kw_only=True)
class Permission:
    """One statement of a policy."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Any] | None = None
    reason: str | None = None
    """Why a resource holds a ``*``: the evidence that goes with the acknowledged finding."""

    is_denied: bool = False
    """Whether the actions are denied, whatever else allows them."""

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The prefixes of S3 keys that the conditions name."""
        return tuple((self.conditions or {}).get("StringLike", {}).get("s3:prefix", ()))

    def statement(self) -> dict[str, Any]:
        """The statement as a policy document has it."""
        rendered = {
            "Effect": "Deny" if self.is_denied else "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        return rendered | ({"Condition": dict(self.conditions)} if self.conditions else {})


def below(prefixes: Sequence[str]) -> tuple[str, dict[str, list[str]]]:
    """The condition that S3 keys begin with one of these."""
    return "StringLike", {"s3:prefix": list(prefixes)}


def listing(bucket_arn: str, prefixes: Sequence[str]) -> Permission:
    """List the keys of a bucket that begin with one of these; all keys if there are none."""
    return Permission(
        actions=LIST_BUCKET,
        resources=(bucket_arn,),
        conditions=dict([below(prefixes)]) if prefixes else None,
    )


SAGEMAKER_PRINCIPAL: Final = "sagemaker.amazonaws.com"
EMR_SERVERLESS_PRINCIPAL: Final = "emr-serverless.amazonaws.com"
LAMBDA_PRINCIPAL: Final = "lambda.amazonaws.com"
STATES_PRINCIPAL: Final = "states.amazonaws.com"
_PASSED_TO_SAGEMAKER: Final = {"StringEquals": {"iam:PassedToService": SAGEMAKER_PRINCIPAL}}


def pass_role(role_arns: Sequence[str]) -> Permission:
    """Hand these roles to SageMaker, and to nothing else."""
    return Permission(actions=("iam:PassRole",), resources=tuple(role_arns), conditions=_PASSED_TO_SAGEMAKER)


# [emr-serverless]
def pass_emr_serverless_role(role_arn: str) -> Permission:
    """Hand a job's second role to EMR Serverless (unverified: the pages show it for SageMaker Canvas)."""
    service = {"StringEquals": {"iam:PassedToService": EMR_SERVERLESS_PRINCIPAL}}
    return Permission(actions=("iam:PassRole",), resources=(role_arn,), conditions=service)


class _Arns:
    """ARNs of one stack's account and region, written with its pseudo parameters."""

    def __init__(self, stack: cdk.Stack) -> None:
        self._partition = stack.partition
        self._region = stack.region
        self._account = stack.account

    def sagemaker(self, resource: str) -> str:
        return self.other("sagemaker", resource)

    def other(self, service: str, resource: str, *, account: str | None = None) -> str:
        return f"arn:{self._partition}:{service}:{self._region}:{account or self._account}:{resource}"


@cache
def _arns(stack: cdk.Stack) -> _Arns:
    return _Arns(stack)


def any_of_sagemaker(stack: cdk.Stack) -> str:
    """The pattern of all that SageMaker does in the stack's account and region, each with an ARN of its own.

    Endpoints assume a role for this very text, training, processing and transform jobs for their own ARNs:
    https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html
    """
    return _arns(stack).sagemaker("*")


def job_arn(stack: cdk.Stack, job_name: str) -> str:
    """The ARN of the AutoML job of that name in the stack's account and region."""
    return _arns(stack).sagemaker(f"automl-job/{job_name}")


def _spellings(name: str) -> list[str]:
    """A name that the caller chose, as ARNs may have it.

    IAM compares letter by letter, while the service's names are case-insensitive; whether it lower-cases them in ARNs
    is unverified.
    """
    return [name] if is_token(name) else list(dict.fromkeys([name, name.lower()]))


# [scoped-minimum]
def execution_role(
    stack: cdk.Stack, *, role_arn: str, endpoint_name: str | None, deploys: bool, network: VpcConfig | None
) -> list[Permission]:
    """What a job does as its own role apart from S3 and KMS, which its locations grant themselves.

    Args:
        stack: Where the job lives.
        role_arn: The role itself: the job hands it on to its training jobs and models.
        endpoint_name: The name of the one-click endpoint, if it is known.
        deploys: Whether the job deploys its best candidate.
        network: The subnets and security groups that the job runs in, if it runs in a VPC.
    """
    arns = _arns(stack)
    permissions = [
        pass_role([role_arn]),
        Permission(
            actions=("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
            resources=(arns.other("logs", "log-group:/aws/sagemaker/*"),),
            reason="SageMaker makes the log groups below /aws/sagemaker/ and names them and their streams",
        ),
        *_metrics_and_images(arns),
        Permission(
            actions=(
                "sagemaker:DescribeEndpoint",
                "sagemaker:DescribeEndpointConfig",
                "sagemaker:DescribeModel",
                "sagemaker:ListTags",
            ),
            resources=(
                arns.sagemaker("endpoint/*"),
                arns.sagemaker("endpoint-config/*"),
                arns.sagemaker("model/*"),
            ),
            reason="read only; part of the documented minimum, and the service chooses the names",
        ),
    ]
    if deploys:
        permissions += _deployment(arns, endpoint_name)
    if network is not None:
        permissions += _network(arns, network)
    return permissions


def _deployment(arns: _Arns, endpoint_name: str | None) -> list[Permission]:
    names = ["*"] if endpoint_name is None else _spellings(endpoint_name)
    endpoints = [arns.sagemaker(f"endpoint/{name}") for name in names]
    return [
        Permission(
            actions=("sagemaker:CreateModel", "sagemaker:DeleteModel"),
            resources=(arns.sagemaker("model/*"),),
            reason="one-click deployment: the service chooses the model's name",
        ),
        Permission(
            actions=(
                "sagemaker:CreateEndpoint",
                "sagemaker:CreateEndpointConfig",
                "sagemaker:DeleteEndpoint",
                "sagemaker:DeleteEndpointConfig",
                "sagemaker:InvokeEndpoint",
            ),
            resources=(*endpoints, arns.sagemaker("endpoint-config/*")),
            reason="one-click deployment: the service chooses the names that the caller did not",
        ),
    ]


# [network-interfaces]
def _network(arns: _Arns, network: VpcConfig) -> list[Permission]:
    # How many subnets a list token stands for is not known, so they cannot be listed.
    subnets = ("*",) if is_token(network.subnets) else network.subnets
    groups = ("*",) if is_token(network.security_group_ids) else network.security_group_ids
    return [
        Permission(
            actions=(
                "ec2:CreateNetworkInterface",
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ),
            resources=(
                arns.other("ec2", "network-interface/*"),
                *(arns.other("ec2", f"subnet/{subnet}") for subnet in subnets),
                *(arns.other("ec2", f"security-group/{group}") for group in groups),
            ),
            reason="network interfaces get their ids when they are made; subnets and groups are named where known",
        ),
        Permission(
            actions=(
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ),
            resources=("*",),
            reason="EC2's Describe actions have no resource type",
        ),
    ]


def log_of_function(log_group_arn: str) -> Permission:
    """What a function writes to the log group that it was given."""
    return Permission(actions=("logs:CreateLogStream", "logs:PutLogEvents"), resources=(log_group_arn,))


# [asset-keys]
def decrypt_objects_of(bucket_arn: str) -> Permission:
    """Decrypt what lies in a bucket of which nobody knows whether it has a key: through S3 alone, and nothing else."""
    return Permission(
        actions=DECRYPT,
        resources=(f"arn:{cdk.Aws.PARTITION}:kms:{cdk.Aws.REGION}:*:key/*",),
        conditions={
            "StringEquals": {"kms:ViaService": f"s3.{cdk.Aws.REGION}.amazonaws.com"},
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket_arn, f"{bucket_arn}/*"]},
        },
        reason="the key of a bucket that the stack's synthesizer names is not known; conditions hold it to that bucket",
    )


# [copied-folders]
def copied_folder(archive_arn: str, bucket_arn: str, prefix: str) -> list[Permission]:
    """What CDK's function does to copy an archive's files: `aws s3 cp`, then `aws s3 sync` without `--delete`."""
    return [
        Permission(actions=READ_OBJECTS, resources=(archive_arn,)),
        listing(bucket_arn, [f"{prefix}*"]),
        Permission(
            actions=("s3:AbortMultipartUpload", "s3:PutObject"),
            resources=(f"{bucket_arn}/{prefix}*",),
            reason="a folder's files are called as they are; their prefix is the folder's own",
        ),
    ]


def provider_function(stack: cdk.Stack, *, generated_names: str, log_group_arn: str) -> list[Permission]:
    """What the Lambda function does for every job of its stack.

    Args:
        stack: The stack of the function and its jobs.
        generated_names: The pattern of all names that it generates; ``?`` stands for one character.
        log_group_arn: The function's own log group.
    """
    return [
        log_of_function(log_group_arn),
        Permission(
            actions=(
                "cloudformation:DescribeStackEvents",
                "cloudformation:DescribeStackResource",
                "cloudformation:DescribeStacks",
            ),
            resources=(deployed_id(stack),),
        ),
        Permission(actions=_PROVIDER_JOBS, resources=(job_arn(stack, generated_names),)),
        own_jobs(stack),
    ]


def own_jobs(stack: cdk.Stack, owner_tag: str = OwnerTag.STACK) -> Permission:
    """What the Lambda function does with jobs of the stack, whatever they are called.

    Args:
        stack: The stack of the function and its jobs.
        owner_tag: The key of the tag that holds the stack's id.
    """
    return Permission(
        actions=_OWN_JOBS,
        resources=(job_arn(stack, "*"),),
        conditions=_tagged(stack, owner_tag),
        reason=(
            "an update may take a job's name or its prefix out of this policy before the job itself is stopped; "
            "the condition holds the stack's own jobs, by the tag that each is created with"
        ),
    )


def _tagged(stack: cdk.Stack, owner_tag: str) -> dict[str, dict[str, str]]:
    return {"StringEquals": {f"aws:ResourceTag/{owner_tag}": stack.stack_id}}


def provider_named_job(stack: cdk.Stack, job_name: str) -> Permission:
    """What the Lambda function does with a job whose name the caller chose."""
    return Permission(
        actions=_PROVIDER_JOBS, resources=tuple(job_arn(stack, spelling) for spelling in _spellings(job_name))
    )


# [tags-of-actions]
_OWN_JOBS: Final = (
    "sagemaker:AddTags",
    "sagemaker:DeleteTags",
    "sagemaker:DescribeAutoMLJobV2",
    "sagemaker:ListTags",
    "sagemaker:StopAutoMLJob",
)
_PROVIDER_JOBS: Final = ("sagemaker:CreateAutoMLJob", "sagemaker:CreateAutoMLJobV2", *_OWN_JOBS)


def one_click_endpoint(stack: cdk.Stack, endpoint_name: str | None) -> Permission:
    """What the Lambda function does with a one-click endpoint when its job goes.

    Args:
        stack: Where the job lives.
        endpoint_name: The endpoint's name, if it is known.
    """
    names = ["*"] if endpoint_name is None or is_token(endpoint_name) else _spellings(endpoint_name)
    arns = _arns(stack)
    return Permission(
        actions=("sagemaker:DeleteEndpoint", "sagemaker:DescribeEndpoint"),
        resources=tuple(arns.sagemaker(f"endpoint/{name}") for name in names),
        reason=_DEPLOYED if names == ["*"] else None,
    )


def one_click_parts(stack: cdk.Stack) -> Permission:
    """What the Lambda function does with what stands behind such an endpoint."""
    arns = _arns(stack)
    return Permission(
        actions=(
            "sagemaker:DeleteEndpointConfig",
            "sagemaker:DeleteModel",
            "sagemaker:DescribeEndpointConfig",
            "sagemaker:DescribeModel",
        ),
        resources=(arns.sagemaker("endpoint-config/*"), arns.sagemaker("model/*")),
        reason=_DEPLOYED,
    )


_DEPLOYED: Final = (
    "the service chooses the names of what it deploys, but for that of an endpoint which the caller has named; the "
    "function deletes an endpoint that its times and its model show to be the job's, and what is as old and stands "
    "behind it"
)


# -------------------------------------------------------------------------------------------------------- waiting


# [event-source]
def provider_waiting(stack: cdk.Stack, *, state_machine_arn: str) -> list[Permission]:
    """What the Lambda function does to follow jobs and to let a deployment go on."""
    return [
        Permission(actions=("states:StartExecution",), resources=(state_machine_arn,)),
        Permission(
            actions=("states:DescribeExecution",),
            resources=(f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:*",),
            reason="executions of the stack's own state machine are named after the jobs that they follow",
        ),
        Permission(actions=("cloudformation:SignalResource",), resources=(deployed_id(stack),)),
    ]


def put_events(event_bus_arn: str) -> Permission:
    """Tell a bus of jobs and of runs."""
    return Permission(
        actions=("events:PutEvents",),
        resources=(event_bus_arn,),
        conditions={"StringEquals": {"events:source": EVENT_SOURCE}},
    )


def provider_outcomes() -> list[Permission]:
    """What the Lambda function does besides to see what a job has come to."""
    return [
        Permission(
            actions=LIST_CANDIDATES,
            resources=("*",),
            reason="ListCandidatesForAutoMLJob has no resource type",
        )
    ]


def watched_job(arn: str) -> Permission:
    """What the Lambda function does with a job that no resource of its stack made."""
    return Permission(actions=("sagemaker:DescribeAutoMLJobV2", "sagemaker:ListTags"), resources=(arn,))


def stopped_job(arn: str) -> Permission:
    """What the Lambda function may do besides with such a job when the time to wait for it is over."""
    return Permission(actions=STOP_JOB, resources=(arn,))


def provider_result(bucket_arn: str, folder: str) -> Permission:
    """Write the full result of a job beside its artifacts."""
    return Permission(actions=("s3:PutObject",), resources=(f"{bucket_arn}/{folder}{RESULT_FILE}",))


# [result-key]
ENCRYPT_RESULT: Final = ("kms:GenerateDataKey",)
"""One object of a few kilobytes is put in one piece, so nothing has to be decrypted."""


def waiting_state_machine(function_arn: str) -> list[Permission]:
    """What the state machine does: it calls the function."""
    return [Permission(actions=("lambda:InvokeFunction",), resources=(function_arn,))]


def waiting_state_machine_logs() -> list[Permission]:
    """What Step Functions needs to deliver the state machine's log."""
    return [
        Permission(
            actions=(
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DescribeLogGroups",
                "logs:DescribeResourcePolicies",
                "logs:GetLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
            ),
            resources=("*",),
            reason=(
                "the log delivery actions have no resource type: "
                "https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html"
            ),
        )
    ]


def traces() -> list[Permission]:
    """Write traces."""
    return [
        Permission(
            actions=(
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
                "xray:PutTelemetryRecords",
                "xray:PutTraceSegments",
            ),
            resources=("*",),
            reason="X-Ray's write actions have no resource type",
        )
    ]


# [function-network]
def function_in_vpc(stack: cdk.Stack) -> list[Permission]:
    """What Lambda needs, in the role of a function, to put it into a VPC."""
    page = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html"
    return [
        Permission(
            actions=(
                "ec2:AssignPrivateIpAddresses",
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:UnassignPrivateIpAddresses",
            ),
            resources=tuple(
                _arns(stack).other("ec2", f"{kind}/*") for kind in ("network-interface", "security-group", "subnet")
            ),
            reason=f"Lambda asks for these before it makes the interfaces, and then shares them: {page}",
        ),
        Permission(
            actions=("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"),
            resources=("*",),
            reason="EC2's Describe actions have no resource type",
        ),
    ]


def publish(topic_arn: str) -> Permission:
    """Send messages to a topic."""
    return Permission(actions=("sns:Publish",), resources=(topic_arn,))


PUBLISH_ENCRYPTED: Final = ("kms:Decrypt", "kms:GenerateDataKey")
"""With the key of a topic: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"""


def states_arn(stack: cdk.Stack, name: str) -> str:
    """The ARN of the state machine of that name in the stack's account and region."""
    return _arns(stack).other("states", f"stateMachine:{name}")


def default_event_bus_arn(stack: cdk.Stack) -> str:
    """The ARN of the event bus that every account has."""
    return _arns(stack).other("events", "event-bus/default")


# ------------------------------------------------------------------------------------------------------------- hosting

INVOKE_ENDPOINT: Final = ("sagemaker:InvokeEndpoint",)
INVOKE_ENDPOINT_ASYNC: Final = ("sagemaker:InvokeEndpointAsync",)

_TAGGED: Final = ("sagemaker:AddTags", "sagemaker:DeleteTags", "sagemaker:ListTags")
# [tags-of-models]
_OWN_MODELS: Final = ("sagemaker:DescribeModel", "sagemaker:DeleteModel", *_TAGGED)
_OLD_MODELS: Final = ("sagemaker:DescribeModel", "sagemaker:DeleteModel", "sagemaker:ListTags")
"""What is done with models of another prefix, which get no other tags: what has another name is another model."""

_OWN_TRANSFORMS: Final = ("sagemaker:DescribeTransformJob", "sagemaker:StopTransformJob", *_TAGGED)
_OLD_TRANSFORMS: Final = (
    "sagemaker:DescribeTransformJob",
    "sagemaker:StopTransformJob",
    "sagemaker:AddTags",
    "sagemaker:ListTags",
)
"""The same; a job that is given up is marked so, with a tag."""


def endpoint_arn(stack: cdk.Stack, endpoint_name: str) -> str:
    """The ARN of the endpoint of that name in the stack's account and region."""
    return _arns(stack).sagemaker(f"endpoint/{endpoint_name}")


def serving_role(stack: cdk.Stack, *, network: VpcConfig | None) -> list[Permission]:
    """What a model does as its own role apart from S3 and KMS, which its locations grant themselves.

    Source: "CreateModel API: Execution Role Permissions",
    https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    """
    arns = _arns(stack)
    permissions = [
        Permission(
            actions=("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
            resources=(
                arns.other("logs", "log-group:/aws/sagemaker/Endpoints/*"),
                arns.other("logs", "log-group:/aws/sagemaker/TransformJobs*"),
            ),
            reason="SageMaker makes the log groups of endpoints and transform jobs and names their streams",
        ),
        *_metrics_and_images(arns),
    ]
    return permissions + (_network(arns, network) if network is not None else [])


# [rollback-alarms]
def roll_back(alarm_arns: Sequence[str]) -> Permission:
    """Look at the alarms that take a deployment back.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
    """
    return Permission(actions=("cloudwatch:DescribeAlarms",), resources=tuple(alarm_arns))


def _metrics_and_images(arns: _Arns) -> list[Permission]:
    return [
        Permission(
            actions=("cloudwatch:PutMetricData",),
            resources=("*",),
            conditions={"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "aws/sagemaker/*"]}},
            reason="PutMetricData has no resource type; a condition confines it to SageMaker's namespaces",
        ),
        Permission(
            actions=("ecr:GetAuthorizationToken",),
            resources=("*",),
            reason="GetAuthorizationToken has no resource type",
        ),
        Permission(
            actions=("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
            resources=(arns.other("ecr", "repository/*", account="*"),),
            reason="Autopilot's images lie in repositories of AWS accounts that differ by region and are not published",
        ),
    ]


def provider_models(stack: cdk.Stack, *, generated_names: str) -> list[Permission]:
    """What the Lambda function does to make models of candidates, and to look at endpoints.

    Args:
        stack: The stack of the function and its models.
        generated_names: The pattern of all names that it generates; ``?`` stands for one character.
    """
    arns = _arns(stack)
    return [
        Permission(
            actions=("sagemaker:CreateModel", *_OWN_MODELS),
            resources=(arns.sagemaker(f"model/{generated_names}"),),
        ),
        own_models(stack),
        provider_endpoint(stack, generated_names),
    ]


def provider_endpoint(stack: cdk.Stack, endpoint_name: str) -> Permission:
    """What the Lambda function does with an endpoint: it looks at it."""
    resources = tuple(endpoint_arn(stack, spelling) for spelling in _spellings(endpoint_name))
    return Permission(actions=("sagemaker:DescribeEndpoint",), resources=resources)


def provider_transforms(stack: cdk.Stack, *, generated_names: str) -> list[Permission]:
    """What the Lambda function does to run transform jobs."""
    return [
        Permission(
            actions=("sagemaker:CreateTransformJob", *_OWN_TRANSFORMS),
            resources=(_arns(stack).sagemaker(f"transform-job/{generated_names}"),),
        ),
        own_transforms(stack),
    ]


def own_models(stack: cdk.Stack, owner_tag: str = OwnerTag.STACK) -> Permission:
    """What the Lambda function does with models of the stack, whatever they are called."""
    return _own(stack, "model", _OLD_MODELS, owner_tag)


def own_transforms(stack: cdk.Stack, owner_tag: str = OwnerTag.STACK) -> Permission:
    """What the Lambda function does with transform jobs of the stack, whatever they are called."""
    return _own(stack, "transform-job", _OLD_TRANSFORMS, owner_tag)


def _own(stack: cdk.Stack, kind: str, actions: tuple[str, ...], owner_tag: str) -> Permission:
    return Permission(
        actions=actions,
        resources=(_arns(stack).sagemaker(f"{kind}/*"),),
        conditions=_tagged(stack, owner_tag),
        reason=(
            "an update may take the prefix of a name out of this policy before what has that name is given up; the "
            "condition holds the stack's own, by the tag that each is created with"
        ),
    )


def provider_reports(bucket_arn: str, folder: str) -> Permission:
    """Look for the files of a job's reports, which lie in folders that the service names."""
    return listing(bucket_arn, [f"{folder}*"])


# [registry-objects]
def provider_registry(stack: cdk.Stack, group: str) -> Permission:
    """What the Lambda function does with the versions of a model package group, given by its name or ARN."""
    kind = "model-package-group/"
    group_arn = group if group.startswith("arn:") else _arns(stack).sagemaker(f"{kind}{group}")
    return Permission(
        actions=(
            "sagemaker:CreateModelPackage",
            "sagemaker:DeleteModelPackage",
            "sagemaker:DescribeModelPackage",
            "sagemaker:UpdateModelPackage",
        ),
        resources=(group_arn, f"{group_arn.replace(kind, 'model-package/')}/*"),
        reason="the registry numbers the versions of a group",
    )


# ------------------------------------------------------------------------------------------------------- retraining


def starting_sources(stack: cdk.Stack) -> dict[str, str]:
    """Who starts retrainings, each with the ARN that it acts for: of schedules it is their group's."""
    arns = _arns(stack)
    return {
        "events.amazonaws.com": arns.other("events", "rule/*"),
        "scheduler.amazonaws.com": arns.other("scheduler", "schedule-group/default"),
    }


def start_executions(state_machine_arn: str) -> Permission:
    """Start one state machine."""
    return Permission(actions=("states:StartExecution",), resources=(state_machine_arn,))


def provider_retraining(*, state_machine_arn: str, bucket_arn: str, folder: str) -> list[Permission]:
    """What the Lambda function does for any retraining: its document and reports, its executions.

    Args:
        state_machine_arn: What runs retrainings.
        bucket_arn: Where the document lies.
        folder: The folder there, with its final slash.
    """
    return [
        Permission(
            actions=("s3:GetObject", "s3:PutObject"),
            resources=(f"{bucket_arn}/{folder}*",),
            reason="the folder is the retraining's own; each run writes a report there",
        ),
        listing(bucket_arn, [f"{folder}*"]),
        start_executions(state_machine_arn),
        Permission(
            actions=("states:DescribeExecution", "states:StopExecution"),
            resources=(f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:*",),
            reason="executions of the stack's own state machine are named by those who start them",
        ),
    ]


KEEP_DOCUMENT: Final = ("kms:Decrypt", "kms:GenerateDataKey")
"""Read and write a document of a few kilobytes."""


def provider_promotion(stack: cdk.Stack, *, endpoint_name: str, generated_names: str) -> list[Permission]:
    """What the Lambda function does to promote a model, besides looking at the endpoint, which whoever makes it allows.

    Args:
        stack: The stack of the function and the endpoint.
        endpoint_name: The endpoint's name.
        generated_names: The pattern of all names that it generates; ``?`` stands for one character.
    """
    arns = _arns(stack)
    any_config = arns.sagemaker("endpoint-config/*")
    return [
        Permission(
            # [promotion-rights]
            actions=("sagemaker:UpdateEndpoint",),
            resources=(*provider_endpoint(stack, endpoint_name).resources, any_config),
            reason="CloudFormation names the template's configuration; the endpoint has to be this one",
        ),
        Permission(
            actions=("sagemaker:DescribeEndpointConfig",),
            resources=(any_config,),
            reason="CloudFormation names the template's configuration",
        ),
        Permission(
            actions=(
                "sagemaker:CreateEndpointConfig",
                "sagemaker:DeleteEndpointConfig",
                "sagemaker:AddTags",
                "sagemaker:ListTags",
            ),
            resources=(arns.sagemaker(f"endpoint-config/{generated_names}"),),
        ),
    ]


# [denied-approval]
def never_approve(stack: cdk.Stack, group: str) -> Permission:
    """Never approve a version of a group: a person has to.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
    """
    registry = provider_registry(stack, group)
    return Permission(
        actions=("sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"),
        resources=registry.resources,
        conditions={"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}},
        is_denied=True,
    )
