"""Assertions on what the jobs of a template ask for."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions

from constructs_lib import AutoMLJob, Mode
from constructs_lib.testing import job_request, job_requests

from ..constructs.synthesis import new_job, new_stack, template_of


def test_request_of_the_only_job_in_the_apis_names() -> None:
    stack = new_stack()
    new_job(stack, mode=Mode.ENSEMBLING)

    for template in (stack, assertions.Template.from_stack(stack), template_of(stack)):
        request = job_request(template)
        assert request["AutoMLJobConfig"] == {"Mode": "ENSEMBLING"}
        assert request["InputDataConfig"][0]["TargetAttributeName"] == "y"
        assert "Ref" in request["RoleArn"] or "Fn::GetAtt" in request["RoleArn"]


def test_one_of_several_by_its_construct_or_logical_id() -> None:
    stack = new_stack()
    jobs = {name: new_job(stack, name, target_attribute=name.lower()) for name in ("Churn", "Fraud")}

    found = job_requests(stack)
    assert len(found) == 2
    for name, job in jobs.items():
        request = job_request(stack, job)
        assert request["InputDataConfig"][0]["TargetAttributeName"] == name.lower()
        assert request == job_request(stack, next(each for each in found if each.startswith(name)))


def one(stack: cdk.Stack) -> None:
    new_job(stack, "Churn")


def two(stack: cdk.Stack) -> None:
    new_job(stack, "Churn")
    new_job(stack, "Fraud")


@pytest.mark.parametrize(
    ("filled", "job", "told"),
    [
        (None, None, "the template has 0 AutoML jobs (none), so 'job' has to say which"),
        (two, None, "the template has 2 AutoML jobs (Churn"),
        (one, "Other", "the template has no AutoML job 'Other'; it has Churn"),
    ],
)
def test_job_that_is_not_to_be_found_is_told(filled: Any, job: str | None, told: str) -> None:
    stack = new_stack()
    if filled:
        filled(stack)
    else:
        cdk.CfnOutput(stack, "Nothing", value="x")

    with pytest.raises(AssertionError) as refused:
        job_request(stack, job)

    assert str(refused.value).startswith(told)


def test_what_is_no_template_is_told() -> None:
    with pytest.raises(TypeError) as refused:
        job_request("template.json")  # type: ignore[arg-type]

    assert str(refused.value) == "'template' must be a Stack, an assertions.Template or a dict, got str"


def test_a_job_that_is_made_elsewhere_is_told() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")

    with pytest.raises(AssertionError) as refused:
        job_request(stack, AutoMLJob.from_job_name(stack, "Theirs", "churn"))

    assert str(refused.value) == "'Stack/Theirs' makes no job: it names one that is made elsewhere"


def test_what_is_no_job_is_told() -> None:
    with pytest.raises(TypeError) as refused:
        job_request({}, 3)  # type: ignore[arg-type]

    assert str(refused.value) == "'job' must be a construct or a logical id, got int"


def test_what_else_a_template_may_have_is_passed_over() -> None:
    assert job_requests({"Resources": {"Fn::ForEach::X": ["a", ["b"], {}]}}) == {}
