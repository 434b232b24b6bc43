"""What a construct costs that can be counted without noise: calls to the jsii kernel, and resources.

A number that goes up is seen here before anybody can measure it; docs/performance.md has the times.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from jsii._kernel.providers import process

from constructs_lib import AutoMLEndpoint, AutoMLJob, AutoMLJobOutcome, Channel, OutputLocation, RealTime

from .synthesis import new_stack, template_of


class Counted:
    """A stack with all that a stack has once, and how many calls something makes."""

    def __init__(self, stack: cdk.Stack, calls: list[object]) -> None:
        self.stack = stack
        self.made = calls
        self._bucket = s3.Bucket.from_bucket_name(stack, "Data", "data-bucket")
        self._output = OutputLocation.from_bucket(self._bucket, "models/")
        self._made = 0

    def job(self, **props: Any) -> AutoMLJob:
        self._made += 1
        return AutoMLJob(
            self.stack,
            f"Job{self._made}",
            training_data=Channel.from_bucket(self._bucket, "train/"),
            target_attribute="y",
            output=self._output,
            **props,
        )

    def outcome(self, **props: Any) -> AutoMLJobOutcome:
        job = self.job(**props)
        return AutoMLJobOutcome(self.stack, f"Outcome{self._made}", job=job)

    def endpoint(self, outcome: AutoMLJobOutcome, **props: Any) -> AutoMLEndpoint:
        serving = RealTime(instance_type="ml.m5.large")
        return AutoMLEndpoint(self.stack, f"Endpoint{self._made}", outcome=outcome, serving=serving, **props)

    def calls(self, make: Callable[[], object]) -> int:
        before = len(self.made)
        make()
        return len(self.made) - before


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    calls: list[object] = []
    send = process._NodeProcess.send

    def count(self: Any, request: Any, response_type: Any) -> Any:
        calls.append(request)
        return send(self, request, response_type)

    monkeypatch.setattr(process._NodeProcess, "send", count)
    monkeypatch.delitem(sys.modules, "cdk_nag", raising=False)  # which is told more, where another test has loaded it
    yield Counted(new_stack(), calls)
    assert calls


def test_further_job_with_a_role_of_the_users_takes_seven_calls(counted: Counted) -> None:
    role = iam.Role(counted.stack, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    counted.job(role=role)

    assert counted.calls(lambda: counted.job(role=role)) == 7


def test_further_job_with_a_role_of_its_own_takes_twenty_one_calls(counted: Counted) -> None:
    for _ in range(2):  # the second is the first that finds its statement in the function's policy
        counted.job()

    assert counted.calls(counted.job) == 21


def test_further_outcome_takes_thirty_two_calls(counted: Counted) -> None:
    counted.outcome()
    job = counted.job()

    assert counted.calls(lambda: AutoMLJobOutcome(counted.stack, "Last", job=job)) == 32


def test_further_endpoint_takes_fifty_six_calls(counted: Counted) -> None:
    counted.endpoint(counted.outcome())
    outcome = counted.outcome()

    assert counted.calls(lambda: counted.endpoint(outcome)) == 56


def test_synthesis_of_a_further_job_with_what_serves_it_takes_eighty_two_calls(counted: Counted) -> None:
    def calls(count: int) -> int:
        other = Counted(new_stack(), counted.made)
        for _ in range(count):
            other.endpoint(other.outcome())
        return other.calls(lambda: template_of(other.stack))

    assert calls(3) - calls(2) == 82


def resources_of_further(*, brings_role: bool) -> int:
    """Resources of a job with its outcome and an endpoint, where a stack has one already."""

    def resources(count: int) -> int:
        counted = Counted(new_stack(), [])
        principal = iam.ServicePrincipal("sagemaker.amazonaws.com")
        role = {"role": iam.Role(counted.stack, "Role", assumed_by=principal)} if brings_role else {}
        for _ in range(count):
            counted.endpoint(counted.outcome(**role), **role)
        return len(template_of(counted.stack)["Resources"])

    return resources(2) - resources(1)


def test_job_with_what_serves_it_takes_eleven_resources_after_the_first() -> None:
    assert resources_of_further(brings_role=False) == 11


def test_roles_that_are_brought_leave_seven() -> None:
    assert resources_of_further(brings_role=True) == 7
