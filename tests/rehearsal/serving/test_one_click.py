"""One-click deployment: the service makes an endpoint, and the library removes what it made, and nothing else."""

from typing import Any

import aws_cdk as cdk
import pytest

from constructs_lib import AutoMLJobOutcome, ModelDeployConfig
from constructs_lib.runtime import contract

from ...constructs.synthesis import resources_of
from ..waiting.stage import Template, eventually, failing, logical_id, new_job, new_stack
from .stage import Serving
from .tiny_models import FIRST, SECOND

pytestmark = pytest.mark.cloud


def deployed(stage: Serving, name: str, target: str, **props: Any) -> Template:
    """The template of a stack with a job that is deployed with one click."""
    stack = new_stack(name)
    config = ModelDeployConfig.auto_named()
    outcome = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack, target, **{"model_deploy_config": config, **props}))
    cdk.CfnOutput(stack, "JobName", value=outcome.job_name)
    cdk.CfnOutput(stack, "EndpointName", value=outcome.endpoint_name)
    return stage.template(stack)


def others(stage: Serving, like: str) -> set[str]:
    """What somebody else made, under names that begin like the job's endpoint's; returns what there is now."""
    served = stage.endpoint(like)["EndpointConfigName"]
    [variant] = stage.sagemaker.describe_endpoint_config(EndpointConfigName=served)["ProductionVariants"]
    found = stage.sagemaker.describe_model(ModelName=variant["ModelName"])
    container = found.get("PrimaryContainer") or found["Containers"][0]
    name = f"{like}-x"
    stage.sagemaker.create_model(ModelName=name, ExecutionRoleArn=stage.account.job_role, PrimaryContainer=container)
    stage.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[{**variant, "ModelName": name}])
    stage.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return {name}


def remove(stage: Serving, name: str) -> None:
    stage.sagemaker.delete_endpoint(EndpointName=name)
    stage.sagemaker.delete_endpoint_config(EndpointConfigName=name)
    stage.sagemaker.delete_model(ModelName=name)


def endpoints(stage: Serving) -> set[str]:
    return {each["EndpointName"] for each in stage.sagemaker.list_endpoints(MaxResults=100)["Endpoints"]}


def test_replacement_and_removal_take_what_the_job_made_and_nothing_that_others_made(stage: Serving) -> None:
    first = stage.deployed("Click", deployed(stage, "Click", FIRST))
    assert first.startswith(stage.outputs("Click")["JobName"])
    assert stage.ask(first) == FIRST
    foreign = others(stage, first)
    eventually(lambda: stage.endpoint(*foreign)["EndpointStatus"] == "InService")

    second = stage.deployed("Click", deployed(stage, "Click", SECOND))

    assert second != first
    assert stage.ask(second) == SECOND
    assert endpoints(stage) == {second} | foreign
    assert len(stage.configs()) == len(stage.models()) == 2
    stack = stage.describe("Click")["StackId"]

    stage.delete_all("Click")

    assert endpoints(stage) == stage.configs() == stage.models() == foreign
    events = stage.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    times = {(each["LogicalResourceId"], each["ResourceStatus"]): -place for place, each in enumerate(events)}
    role, permissions = (ids(stage, kind) for kind in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy"))
    job_is_gone = times[ids(stage, contract.RESOURCE_TYPE), "DELETE_COMPLETE"]
    assert job_is_gone < times[role, "DELETE_IN_PROGRESS"]
    assert job_is_gone < times[permissions, "DELETE_IN_PROGRESS"]
    remove(stage, *foreign)
    eventually(lambda: stage.left() == set())


def ids(stage: Serving, kind: str) -> str:
    """The logical id of the job, or of its role or policy."""
    return next(name for name in resources_of(deployed(stage, "Click", FIRST), kind) if name.startswith("Job"))


def test_name_that_an_endpoint_has_keeps_another_job_out_and_the_old_one_goes_on(stage: Serving) -> None:
    mine = {"model_deploy_config": ModelDeployConfig.named("mine")}
    assert stage.deployed("Named", deployed(stage, "Named", FIRST, **mine)) == "mine"

    assert stage.put("Named", deployed(stage, "Named", SECOND, **mine)) == "UPDATE_ROLLBACK_COMPLETE"

    reasons = stage.reasons("Named")
    assert "its best candidate was not deployed: " in reasons
    assert "Cannot create already existing endpoint" in reasons
    assert stage.outputs("Named")["EndpointName"] == "mine"
    assert stage.ask("mine") == FIRST
    stage.delete_all("Named")
    assert endpoints(stage) == set()
    # What the service made before it was refused the endpoint stays: nobody knows its name, and it bills nothing.
    [left] = stage.configs()
    assert {left} == stage.models()
    stage.sagemaker.delete_endpoint_config(EndpointConfigName=left)
    stage.sagemaker.delete_model(ModelName=left)


def test_other_name_takes_the_endpoint_of_the_old_name(stage: Serving) -> None:
    """What the function may delete changes in the same update, and must not do so before the endpoint is gone."""
    one, two = ({"model_deploy_config": ModelDeployConfig.named(name)} for name in ("Renamed-one", "Renamed-two"))
    before = stage.configs() | stage.models()
    assert stage.deployed("Renamed", deployed(stage, "Renamed", FIRST, **one)).lower() == "renamed-one"

    assert stage.deployed("Renamed", deployed(stage, "Renamed", FIRST, **two)).lower() == "renamed-two"

    assert {name.lower() for name in endpoints(stage)} == {"renamed-two"}, stage.reasons("Renamed")
    [left] = (stage.configs() | stage.models()) - before
    assert left.startswith(stage.outputs("Renamed")["JobName"])
    stage.delete_all("Renamed")
    assert endpoints(stage) == set()
    assert stage.configs() | stage.models() == before


@pytest.mark.parametrize(
    "stays", [False, True], ids=["the job goes", "the job is replaced by one that is not deployed"]
)
def test_update_to_a_stack_that_deploys_nothing_takes_the_endpoint(stage: Serving, stays: bool) -> None:
    """What the function may do shrinks in the same update, and must not do so before the endpoint is gone."""
    served = stage.deployed("Shrinks", deployed(stage, "Shrinks", FIRST))
    stack = new_stack("Shrinks")
    new_job(stack, FIRST, "Job" if stays else "Other")

    stage.deployed("Shrinks", stage.template(stack))

    assert served not in endpoints(stage), stage.reasons("Shrinks")
    assert stage.configs() | stage.models() == set()
    stage.delete_all("Shrinks")


def test_create_that_is_rolled_back_takes_the_endpoint_with_it(stage: Serving) -> None:
    template = deployed(stage, "Rolled", FIRST)
    after = logical_id(template, contract.OUTCOME_TYPE)

    assert stage.put("Rolled", failing(template, after)) == "ROLLBACK_COMPLETE"

    [job] = stage.jobs("Rolled")
    assert stage.job(job)["ModelDeployResult"]["EndpointName"], "it had been deployed"
    assert not [name for name in endpoints(stage) | stage.configs() | stage.models() if name.startswith(job)]
    stage.delete_all("Rolled")
