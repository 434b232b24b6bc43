"""Deploys stacks with endpoints onto the embedded AWS, asks them, and tells what is left of them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aws_cdk as cdk

from constructs_lib import AutoMLEndpoint, AutoMLJobOutcome, RealTime
from constructs_lib.rehearsal import account as rehearsed
from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..cloud.account import BUCKET, Account
from ..waiting.stage import Stage, Template, new_job, new_stack
from .tiny_models import CSV, FIRST

REAL_TIME = RealTime(instance_type="ml.m5.large")


def outcome_of(stack: cdk.Stack, target: str, **props: Any) -> AutoMLJobOutcome:
    """A job for one of the columns, and what it has come to."""
    outcome = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack, target, **props))
    cdk.CfnOutput(stack, "JobName", value=outcome.job_name)
    return outcome


def new_endpoint(stack: cdk.Stack, target: str = FIRST, **props: Any) -> AutoMLEndpoint:
    """An endpoint for the best candidate of a job for one of the columns."""
    endpoint = AutoMLEndpoint(stack, "Endpoint", outcome=outcome_of(stack, target), **{"serving": REAL_TIME, **props})
    cdk.CfnOutput(stack, "Endpoint_", value=endpoint.endpoint_name).override_logical_id("EndpointName")
    return endpoint


class Serving(Stage):
    """An account with the stacks of one test module, and what they serve."""

    def __init__(self, cloud: Cloud, account: Account) -> None:
        super().__init__(cloud, account)
        account.s3.put_object(Bucket=BUCKET, Key="train/a.csv", Body=CSV)
        self.runtime = cloud.client("sagemaker-runtime")
        self.seen = rehearsed.Account(cloud)
        self._before = self.seen.things()

    def template_of(self, name: str, target: str = FIRST, **props: Any) -> Template:
        """A stack with an endpoint and nothing else."""
        stack = new_stack(name)
        new_endpoint(stack, target, **props)
        return self.template(stack)

    def guarded(self, name: str, target: str = FIRST) -> Template:
        """The same with an alarm that takes deployments back."""
        stack = new_stack(name)
        endpoint = new_endpoint(stack, target)
        endpoint.add_rollback_alarm(endpoint.alarm_5xx())
        return self.template(stack)

    def deployed(self, name: str, template: Template) -> str:
        """Deploy a stack that is in order; the name of its endpoint."""
        status = self.put(name, template)
        assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), self.reasons(name)
        return self.outputs(name).get("EndpointName", "")

    def delete_all(self, *names: str) -> None:
        """Delete stacks side by side."""
        ids = [self.describe(name)["StackId"] for name in names]
        for stack in ids:
            self.cloudformation.delete_stack(StackName=stack)
        for stack in ids:
            assert self.wait(stack) == "DELETE_COMPLETE", self.reasons(stack)

    def left(self) -> set[str]:
        """What is there that was not there at first, but for stacks, logs and what they are written by."""
        found = self.seen.things() - self._before
        return {str(thing) for thing in found if not thing.name.startswith("/aws/")}

    # What is served

    def ask(self, endpoint: str, row: str = "1", **request: Any) -> str:
        answer = self.runtime.invoke_endpoint(
            **{"EndpointName": endpoint, "Body": row.encode(), "ContentType": "text/csv", **request}
        )
        return str(answer["Body"].read().decode())

    def endpoint(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
        return found

    def models(self) -> set[str]:
        return {each["ModelName"] for each in self.sagemaker.list_models(MaxResults=100)["Models"]}

    def configs(self) -> set[str]:
        found = self.sagemaker.list_endpoint_configs(MaxResults=100)["EndpointConfigs"]
        return {each["EndpointConfigName"] for each in found}

    @contextmanager
    def asked_all_the_time(self, endpoint: str) -> Iterator["Answers"]:
        """Ask from another thread, without a second try, until the block is left."""
        answers = Answers()

        def ask() -> str:
            found = self.runtime.invoke_endpoint(EndpointName=endpoint, Body=b"1", ContentType="text/csv")
            assert found["ResponseMetadata"]["RetryAttempts"] == 0
            return str(found["Body"].read().decode())

        thread = threading.Thread(target=answers.collect, args=[ask])
        thread.start()
        try:
            yield answers
        finally:
            answers.enough.set()
            thread.join()


class Answers:
    """What an endpoint has answered, and when it has not."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.failures: list[str] = []
        self.enough = threading.Event()

    def collect(self, ask: Callable[[], str]) -> None:
        while not self.enough.wait(0.02):
            try:
                self.said.append(ask())
            except Exception as error:  # any failure counts
                self.failures.append(str(error))
