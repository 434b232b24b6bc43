"""Tags reach the job; what the service would not take is refused when the app is synthesized."""

import aws_cdk as cdk
import pytest

from constructs_lib.api.shapes import MAX_TAGS
from constructs_lib.jobs.owned import MAX_USER_TAGS
from constructs_lib.runtime.contract import OwnerTag

from ..constructs.synthesis import job_properties, jobs_of, new_job, new_stack, request_of, resources_of, template_of


@pytest.fixture
def stack() -> cdk.Stack:
    return new_stack()


def test_tags_of_the_app_the_stack_and_the_job_reach_the_job(stack: cdk.Stack) -> None:
    job = new_job(stack)
    cdk.Tags.of(stack.node.root).add("org", "acme")
    cdk.Tags.of(stack).add("team", "growth")
    cdk.Tags.of(job).add("team", "churn")

    assert request_of(template_of(stack))["Tags"] == [
        {"Key": "org", "Value": "acme"},
        {"Key": "team", "Value": "churn"},
    ]


def test_tags_reach_what_the_library_makes_for_the_job(stack: cdk.Stack) -> None:
    new_job(stack, output=None)
    cdk.Tags.of(stack).add("team", "growth")

    template = template_of(stack)

    for kind in ("AWS::S3::Bucket", "AWS::IAM::Role"):
        for resource in resources_of(template, kind).values():
            assert {"Key": "team", "Value": "growth"} in resource["Properties"]["Tags"]


def test_tags_can_be_kept_from_jobs_and_removed(stack: cdk.Stack) -> None:
    job = new_job(stack)
    cdk.Tags.of(stack).add("a", "1", exclude_resource_types=["Custom::SageMakerAutoMLJob"])
    cdk.Tags.of(stack).add("b", "1")
    cdk.Tags.of(job).remove("b")

    assert "Tags" not in request_of(template_of(stack))


def test_job_without_tags_has_no_tags_member(stack: cdk.Stack) -> None:
    new_job(stack)

    assert "Tags" not in request_of(template_of(stack))


def test_tag_value_may_be_a_token(stack: cdk.Stack) -> None:
    new_job(stack)
    cdk.Tags.of(stack).add("stack", cdk.Aws.STACK_NAME)

    assert request_of(template_of(stack))["Tags"] == [{"Key": "stack", "Value": {"Ref": "AWS::StackName"}}]


def test_tags_do_not_change_anything_else_of_the_job() -> None:
    plain, tagged = new_stack(), new_stack()
    for stack in (plain, tagged):
        new_job(stack)
    cdk.Tags.of(tagged).add("a", "1")

    properties = job_properties(template_of(tagged))

    properties["Request"].pop("Tags")
    assert properties == job_properties(template_of(plain))


def refusal(stack: cdk.Stack) -> str:
    with pytest.raises(RuntimeError, match="Validation failed with the following errors") as refused:
        template_of(stack)
    return str(refused.value)


def test_as_many_tags_as_the_service_leaves_us_pass(stack: cdk.Stack) -> None:
    new_job(stack)
    for number in range(MAX_USER_TAGS):
        cdk.Tags.of(stack).add(f"tag{number}", "1")

    assert len(request_of(template_of(stack))["Tags"]) == MAX_USER_TAGS


def test_one_tag_more_is_refused(stack: cdk.Stack) -> None:
    new_job(stack)
    for number in range(MAX_USER_TAGS + 1):
        cdk.Tags.of(stack).add(f"tag{number}", "1")

    assert (
        f"the job 'Stack/Job': 'tags' must be at most {MAX_USER_TAGS}, got {MAX_USER_TAGS + 1}: the service takes "
        f"{MAX_TAGS}, and the library marks its jobs with {len(OwnerTag)} of its own"
    ) in refusal(stack)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("aws:team", "x", "the tag 'aws:team' is reserved"),
        ("AWS:team", "x", "the tag 'AWS:team' is reserved"),
        (OwnerTag.STACK, "x", "the tag 'sagemaker-autopilot:stack-id' is reserved"),
        ("k" * 129, "x", "must have at most 128 characters, got 129"),
        ("team", "v" * 257, "'tags['team'].value' must have at most 256 characters, got 257"),
        ("team", "a|b", "'tags['team'].value' must match"),
    ],
)
def test_tag_that_the_service_would_not_take_is_refused(stack: cdk.Stack, key: str, value: str, message: str) -> None:
    new_job(stack)
    cdk.Tags.of(stack).add(key, value)

    found = refusal(stack)

    assert "the job 'Stack/Job': " in found
    assert message in found


def test_every_job_with_a_bad_tag_is_named(stack: cdk.Stack) -> None:
    new_job(stack, "One")
    new_job(stack, "Other")
    cdk.Tags.of(stack).add("team", "a|b")

    found = refusal(stack)

    assert "the job 'Stack/One': " in found
    assert "the job 'Stack/Other': " in found
    assert found.count("must match") == 2


def test_two_jobs_have_tags_of_their_own(stack: cdk.Stack) -> None:
    one, _ = new_job(stack, "One"), new_job(stack, "Other")
    cdk.Tags.of(one).add("a", "1")

    tags = [job["Properties"]["Request"].get("Tags") for job in jobs_of(template_of(stack)).values()]

    assert tags == [[{"Key": "a", "Value": "1"}], None]
