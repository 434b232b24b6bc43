"""What AWS has been seen to answer is read for what it means, each text as it was written."""

import pytest

from constructs_lib.runtime import failure
from constructs_lib.runtime.retry import QUOTA, ROLE, Patience, patience_with

from .fake_sagemaker import client_error
from .world import World, properties

ARN = "arn:aws:sagemaker:us-east-1:111122223333"
LIMIT = (
    "The account-level service limit '{} usage' is {} Instances, with current utilization of {} Instances and a "
    "request delta of 1 Instances. Please contact AWS support to request an increase for this limit."
)
VALIDATION, NOT_FOUND, OVER = "ValidationException", "ResourceNotFound", "ResourceLimitExceeded"

MISSING = [
    ("DescribeAutoMLJobV2", NOT_FOUND, "Amazon SageMaker can't find an AutoML job called churn."),
    ("DescribeTransformJob", VALIDATION, "Could not find requested job with name: churn"),
    ("DescribeTransformJob", NOT_FOUND, "Could not find requested job with name: churn"),
    ("StopTransformJob", VALIDATION, "Could not find requested job with name"),
    ("DescribeModel", VALIDATION, f'Could not find model "{ARN}:model/churn".'),
    ("DescribeEndpoint", VALIDATION, f'Could not find endpoint "{ARN}:endpoint/churn".'),
    ("DescribeEndpointConfig", VALIDATION, f'Could not find endpoint configuration "{ARN}:endpoint-config/churn".'),
    ("DescribeModelPackage", VALIDATION, f"ModelPackage {ARN}:model-package/churn/1 does not exist."),
    ("DescribeModelPackage", VALIDATION, "ModelPackageGroup churn does not exist."),
    ("GetModelPackageGroupPolicy", VALIDATION, "Cannot find Model Package Group: churn"),
]
OTHERS = [
    ("DeleteEndpoint", VALIDATION, f'Cannot update in-progress endpoint "{ARN}:endpoint/churn".'),
    ("UpdateEndpoint", VALIDATION, f'Cannot update failed endpoint "{ARN}:endpoint/churn".'),
    ("CreateModel", VALIDATION, f'Cannot create already existing model "{ARN}:model/churn".'),
    ("CreateModel", VALIDATION, 'Using non-ECR image "x" without Vpc repository access mode is not supported.'),
    ("CreateAutoMLJob", VALIDATION, "Target attribute name role does not exist in header."),
    ("CreateAutoMLJob", "ResourceInUse", "Job name must be unique within an AWS account and region"),
    (
        "CreateAutoMLJobV2",
        "NotAuthorizedException",
        "CreateAutoMLJobV2 API is currently not available for the requested region.",
    ),
    ("CreateTransformJob", OVER, LIMIT.format("ml.m5.large for transform job", 0, 0)),
]
WAITED_FOR = [
    ("CreateEndpoint", OVER, LIMIT.format("ml.m5.large for endpoint", 2, 2), QUOTA),
    ("CreateEndpoint", OVER, LIMIT.format("ml.m5.large for endpoint", 10, 0), QUOTA),
    ("CreateAutoMLJob", "ThrottlingException", "Rate exceeded", QUOTA),
    (
        "CreateModel",
        VALIDATION,
        'Could not find model data at s3://x/model.tar.gz. Please ensure that the role "arn:aws:iam::1:role/x" exists '
        'and that its trust relationship policy allows the action "sts:AssumeRole"',
        ROLE,
    ),
    (
        "DescribeEndpoint",
        "AccessDeniedException",
        "User is not authorized to perform: sagemaker:DescribeEndpoint",
        ROLE,
    ),
    ("ListObjectsV2", "AccessDenied", "Access Denied", ROLE),
]
GONE = [
    ("DescribeStackResource", "ValidationError", "Stack 'Demo' does not exist", True),
    ("DescribeStackResource", "ValidationError", "Stack with id arn:aws:cloudformation:1 does not exist", True),
    ("DescribeStackResource", "ValidationError", "Resource Churn does not exist for stack Demo", False),
]


@pytest.mark.parametrize(("operation", "code", "text"), MISSING)
def test_what_is_not_there_is_missing(operation: str, code: str, text: str) -> None:
    error = client_error(operation, code, text)

    assert failure.is_missing(error)
    assert patience_with(error) is None


@pytest.mark.parametrize(("operation", "code", "text"), OTHERS)
def test_what_is_refused_for_good_is_not_waited_for(operation: str, code: str, text: str) -> None:
    assert patience_with(client_error(operation, code, text)) is None


@pytest.mark.parametrize(("operation", "code", "text"), [each for each in OTHERS if "header" not in each[2]])
def test_what_is_refused_is_not_missing(operation: str, code: str, text: str) -> None:
    assert not failure.is_missing(client_error(operation, code, text))


def test_name_that_is_taken_is_told_apart() -> None:
    taken = {
        text for operation, code, text in (*MISSING, *OTHERS) if failure.is_taken(client_error(operation, code, text))
    }

    assert taken == {
        OTHERS[2][2],
        OTHERS[5][2],
    }
    assert not failure.is_taken(client_error("CreateModel", "AccessDeniedException", OTHERS[2][2]))


@pytest.mark.parametrize(("operation", "code", "text", "patience"), WAITED_FOR)
def test_what_may_pass_is_waited_for(operation: str, code: str, text: str, patience: Patience) -> None:
    assert patience_with(client_error(operation, code, text)) is patience


@pytest.mark.parametrize(("operation", "code", "text", "is_stack"), GONE)
def test_cloudformation_says_which_of_the_two_is_gone(operation: str, code: str, text: str, is_stack: bool) -> None:
    error = client_error(operation, code, text)

    assert (failure.is_stack_gone(error), failure.is_resource_gone(error)) == (is_stack, not is_stack)


@pytest.mark.parametrize("code", ["Throttling", "AccessDenied"])
def test_text_alone_means_nothing(code: str) -> None:
    for operation, _, text in MISSING:
        assert not failure.is_missing(client_error(operation, code, text))
    assert not failure.is_stack_gone(client_error(*GONE[0][:1], code, GONE[0][2]))
    assert not failure.is_not_offered(client_error("CreateAutoMLJobV2", code, OTHERS[6][2]))


@pytest.mark.parametrize(
    ("operation", "way_out"),
    [
        (
            "CreateAutoMLJobV2",
            "; for tabular data AutoMLJob makes the job with CreateAutoMLJob, which this region may have",
        ),
        ("CreateAutoMLJob", ""),
    ],
)
def test_call_that_the_region_does_not_have_is_told_at_once_and_for_what_it_is(
    world: World, operation: str, way_out: str
) -> None:
    text = f"{operation} API is currently not available for the requested region."
    world.sagemaker.fail(operation, ("NotAuthorizedException", text), times=1_000)
    body = {
        "AutoMLJobInputDataConfig": [{"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://x/"}}}],
        "OutputDataConfig": {"S3OutputPath": "s3://results/"},
        "AutoMLProblemTypeConfig": {"TextClassificationJobConfig": {"ContentColumn": "a", "TargetLabelColumn": "b"}},
        "RoleArn": "arn:aws-cn:iam::111122223333:role/churn",
    }
    wanted = {"Operation": operation, "Request": body, "NamePrefix": "demo-"}

    answer = world.create(wanted if operation.endswith("V2") else properties())

    assert answer["Reason"] == (
        f"An error occurred (NotAuthorizedException) when calling the {operation} operation: {text} No permission "
        f"mends that: the region does not have the call. Deploy in another region{way_out}"
    )
    assert world.time.now() == 0
    assert world.creates() == 1
    assert not world.sagemaker.jobs


def test_other_refusals_of_that_kind_are_passed_on_as_they_are(world: World) -> None:
    world.sagemaker.fail("CreateAutoMLJob", ("NotAuthorizedException", "the account is closed"))

    assert world.create(properties())["Reason"].endswith("operation: the account is closed")
