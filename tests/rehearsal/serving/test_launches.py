"""One template deployed often: each launch has its own names, permissions and metrics, and leaves the others alone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from constructs_lib.runtime import contract

from ...constructs.launches import as_named
from ...constructs.synthesis import jobs_of, resources_of
from ..waiting.stage import Template, new_stack
from .stage import Serving, new_endpoint
from .tiny_models import FIRST

pytestmark = pytest.mark.cloud

APP_NAME = "Product"
LAUNCHES = ("Launched-1", "Launched-2")
NAMED = "productfb9e-"
"""What names begin with where the stack has the name that the app gives it."""

ALARM, POLICY = "AWS::CloudWatch::Alarm", "AWS::IAM::ManagedPolicy"


@pytest.fixture(scope="module")
def template(stage: Serving) -> Template:
    """A job that is followed, its endpoint with an alarm, and an alarm for a job that fails."""
    stack = new_stack(APP_NAME)
    endpoint = new_endpoint(stack)
    endpoint.add_rollback_alarm(endpoint.alarm_5xx())
    job: Any = stack.node.find_child("Job")
    job.metric_failed().create_alarm(stack, "Failed", threshold=1, evaluation_periods=1)
    return stage.template(stack)


@pytest.fixture(scope="module")
def endpoints(stage: Serving, template: Template) -> Iterator[dict[str, str]]:
    """The endpoint of each launch; all are deployed side by side, one under the app's own name."""
    for name in (APP_NAME, *LAUNCHES):
        stage.begin(name, template)
    for name in (APP_NAME, *LAUNCHES):
        assert stage.wait(name) == "CREATE_COMPLETE", stage.reasons(name)
    yield {name: stage.outputs(name)["EndpointName"] for name in (APP_NAME, *LAUNCHES)}
    stage.delete_all(*(name for name in (APP_NAME, *LAUNCHES) if stage.exists(name)))
    assert stage.left() == set()


def resource(stage: Serving, template: Template, stack: str, kind: str, beginning: str = "") -> str:
    """The physical id of the only resource of a type."""
    [logical_id] = [name for name in resources_of(template, kind) if name.startswith(beginning)]
    return stage.resource(stack, logical_id)


def test_launches_share_no_name(stage: Serving, template: Template, endpoints: dict[str, str]) -> None:
    for kind in (contract.RESOURCE_TYPE, contract.MODEL_TYPE, "AWS::SageMaker::Endpoint"):
        found = {name: resource(stage, template, name, kind).rpartition("/")[2] for name in endpoints}
        begun = {each[: len(NAMED)] for each in found.values()}
        assert len(begun) == len(endpoints), found
        assert found[APP_NAME].startswith(NAMED)
        for name in LAUNCHES:
            unique = stage.describe(name)["StackId"].rpartition("/")[2].partition("-")[0]
            assert found[name].startswith(f"pro{unique}-")
    assert {stage.ask(endpoint) for endpoint in endpoints.values()} == {FIRST}


@pytest.mark.parametrize(("one", "other"), [LAUNCHES, LAUNCHES[::-1], (APP_NAME, LAUNCHES[0]), (LAUNCHES[0], APP_NAME)])
def test_function_of_a_launch_acts_on_nothing_of_another(
    one: str, other: str, stage: Serving, template: Template, endpoints: dict[str, str]
) -> None:
    function = stage.account.fresh("function")
    stage.account.iam.create_user(UserName=function)
    policies = [
        stage.resource(one, name)
        for name in resources_of(template, POLICY)
        if name.startswith("SageMakerAutopilotProvider") and "Waiter" not in name
    ]
    for arn in policies:
        stage.account.iam.attach_user_policy(UserName=function, PolicyArn=arn)
    clients = stage.account.clients_of(function)

    def calls(stack: str) -> list[tuple[str, Callable[[], Any]]]:
        sagemaker, cloudformation = clients("sagemaker"), clients("cloudformation")
        job = resource(stage, template, stack, contract.RESOURCE_TYPE)
        model = resource(stage, template, stack, contract.MODEL_TYPE)
        job_arn = stage.job(job)["AutoMLJobArn"]
        return [
            ("DescribeAutoMLJobV2", lambda: sagemaker.describe_auto_ml_job_v2(AutoMLJobName=job)),
            ("StopAutoMLJob", lambda: sagemaker.stop_auto_ml_job(AutoMLJobName=job)),
            ("AddTags", lambda: sagemaker.add_tags(ResourceArn=job_arn, Tags=[{"Key": "a", "Value": "b"}])),
            ("DescribeModel", lambda: sagemaker.describe_model(ModelName=model)),
            ("DescribeEndpoint", lambda: sagemaker.describe_endpoint(EndpointName=endpoints[stack])),
            ("DescribeStacks", lambda: cloudformation.describe_stacks(StackName=stage.describe(stack)["StackId"])),
        ]

    def outcomes(stack: str) -> dict[str, str]:
        found = {}
        for name, call in calls(stack):
            try:
                call()
                found[name] = "done"
            except stage.sagemaker.exceptions.ClientError as error:
                found[name] = error.response["Error"]["Code"]
        return found

    assert not {name for name, outcome in outcomes(one).items() if "AccessDenied" in outcome}
    denied = outcomes(other)
    assert {name for name, outcome in denied.items() if "AccessDenied" in outcome} == denied.keys(), denied

    for arn in policies:
        stage.account.iam.detach_user_policy(UserName=function, PolicyArn=arn)


@pytest.mark.usefixtures("endpoints")
@pytest.mark.parametrize("name", [APP_NAME, *LAUNCHES])
def test_alarm_of_a_launch_looks_at_what_its_function_publishes(name: str, stage: Serving, template: Template) -> None:
    published = [line for line in stage.log(name) if "_aws" in line]
    assert {line[contract.METRIC_DIMENSION] for line in published} == {f"{name}/{next(iter(jobs_of(template)))}"}

    alarm = resource(stage, template, name, ALARM, "Failed")
    [described] = stage.cloud.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    assert described["Dimensions"] == [
        {"Name": contract.METRIC_DIMENSION, "Value": line[contract.METRIC_DIMENSION]} for line in published
    ]


def test_launch_that_is_deleted_leaves_the_others(
    stage: Serving, template: Template, endpoints: dict[str, str]
) -> None:
    gone, stays = LAUNCHES
    model = resource(stage, template, gone, contract.MODEL_TYPE)
    stage.delete_all(gone)

    assert model not in stage.models()
    for name in (APP_NAME, stays):
        assert stage.ask(endpoints[name]) == FIRST
        assert resource(stage, template, name, contract.MODEL_TYPE) in stage.models()
        assert stage.job(resource(stage, template, name, contract.RESOURCE_TYPE))["AutoMLJobStatus"] == "Completed"


def test_launch_from_before_keeps_its_job_and_with_its_name_its_endpoint(stage: Serving) -> None:
    """The old template said the app's names, under whatever name the stack had."""
    name = "By-hand"
    template = stage.template_of("Handed")
    old = stage.deployed(name, as_named(template))
    job = resource(stage, template, name, contract.RESOURCE_TYPE)
    made = stage.endpoint(old)["CreationTime"]
    assert old.startswith("handed")

    kept = stage.deployed(name, stage.template_of("Handed", endpoint_name=old))
    assert kept == old
    assert stage.endpoint(old)["CreationTime"] == made

    other = stage.deployed(name, template)
    assert other.startswith("han")
    assert stage.ask(other) == FIRST
    assert other != old
    assert old not in {each["EndpointName"] for each in stage.sagemaker.list_endpoints()["Endpoints"]}
    assert resource(stage, template, name, contract.RESOURCE_TYPE) == job
    stage.delete_all(name)
