"""Another model behind the same endpoint: without downtime, or not at all."""

import json

import pytest

from constructs_lib.runtime import contract

from ...constructs.synthesis import resources_of
from ..waiting.stage import CONDITION, Template, eventually, failing, logical_id
from .stage import Serving
from .tiny_models import BROKEN, FIRST, SECOND

pytestmark = pytest.mark.cloud


def test_new_model_takes_over_behind_the_same_name_and_nobody_is_turned_away(stage: Serving) -> None:
    name = stage.deployed("Again", stage.template_of("Again"))
    before = stage.endpoint(name)
    [model] = stage.models()
    assert stage.ask(name) == FIRST

    with stage.asked_all_the_time(name) as answers:
        assert stage.deployed("Again", stage.template_of("Again", SECOND)) == name
        assert stage.ask(name) == SECOND

    assert answers.failures == []
    assert set(answers.said) == {FIRST, SECOND}
    assert answers.said == sorted(answers.said), "from the old model to the new one, and not back"
    after = stage.endpoint(name)
    assert after["EndpointArn"] == before["EndpointArn"]
    assert after["CreationTime"] == before["CreationTime"]
    # The old ones are gone, and only the new ones are there.
    assert stage.configs() == {after["EndpointConfigName"]} != {before["EndpointConfigName"]}
    [now] = stage.models()
    assert now != model
    stage.delete_all("Again")
    assert stage.left() == set()


def test_bad_model_is_taken_back_with_the_reason_and_the_old_one_goes_on(stage: Serving) -> None:
    name = stage.deployed("Bad", stage.template_of("Bad"))
    before = stage.endpoint(name)

    with stage.asked_all_the_time(name) as answers:
        assert stage.put("Bad", stage.template_of("Bad", BROKEN)) == "UPDATE_ROLLBACK_COMPLETE"

    assert answers.failures == []
    assert set(answers.said) == {FIRST}
    assert "did not pass the ping health check" in stage.reasons("Bad")
    after = stage.endpoint(name)
    assert after["EndpointConfigName"] == before["EndpointConfigName"]
    assert stage.configs() == {before["EndpointConfigName"]}
    assert len(stage.models()) == 1

    stage.delete_all("Bad")
    assert stage.left() == set()


def test_update_that_fails_late_goes_back_to_the_old_model_and_nobody_is_turned_away(stage: Serving) -> None:
    name = stage.deployed("Late", stage.template_of("Late"))
    template = stage.template_of("Late", SECOND)
    [model] = stage.models()

    with stage.asked_all_the_time(name) as answers:
        assert stage.put("Late", failing(template, checked(template))) == "UPDATE_ROLLBACK_COMPLETE"

    assert answers.failures == []
    assert set(answers.said) == {FIRST, SECOND}, "it had moved, and went back"
    assert answers.said[-1] == FIRST
    assert stage.models() == {model}
    stage.delete_all("Late")


def checked(template: Template) -> str:
    """The logical id of the check, which is there when the endpoint has moved."""
    return logical_id(template, contract.ENDPOINT_CHECK_TYPE)


def with_wait(template: Template, *, after: str, before: str) -> Template:
    """The template with a wait that the test ends, between two other resources."""
    changed: Template = json.loads(json.dumps(template))
    changed["Resources"] |= {
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Wait": {
            "Type": CONDITION,
            "CreationPolicy": {"ResourceSignal": {"Count": 1, "Timeout": "PT30S"}},
            "DependsOn": [after],
        },
    }
    resource = changed["Resources"][before]
    resource["DependsOn"] = [*resource.get("DependsOn", ()), "Wait"]
    return changed


def test_deployment_that_sagemaker_takes_back_in_silence_fails_and_goes_back(stage: Serving) -> None:
    """CloudFormation's own handler has seen the new model in service; when the check looks, the old one is."""
    name = stage.deployed("Silent", stage.template_of("Silent"))
    old = stage.endpoint(name)["EndpointConfigName"]
    template = stage.template_of("Silent", SECOND)
    endpoint = logical_id(template, "AWS::SageMaker::Endpoint")
    stage.begin("Silent", with_wait(template, after=endpoint, before=checked(template)))
    stage.until_waiting("Silent", {"Resources": {"Wait": {"Type": CONDITION}}})
    new = stage.endpoint(name)["EndpointConfigName"]
    assert stage.ask(name) == SECOND

    stage.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=old)
    eventually(lambda: stage.endpoint(name)["EndpointStatus"] == "InService")
    stage.cloudformation.signal_resource(
        StackName="Silent", LogicalResourceId="Wait", UniqueId="test", Status="SUCCESS"
    )

    assert stage.wait("Silent") == "UPDATE_ROLLBACK_COMPLETE"
    assert (
        f"SageMaker has taken the deployment of the endpoint '{name}' back: it serves the configuration '{old}' and "
        f"not '{new}'"
    ) in stage.reasons("Silent")
    assert stage.endpoint(name)["EndpointConfigName"] == old
    assert stage.ask(name) == FIRST
    assert stage.configs() == {old}
    stage.delete_all("Silent")


def test_alarm_takes_a_deployment_back_and_the_stack_goes_back_too(stage: Serving) -> None:
    name = stage.deployed("Guarded", stage.guarded("Guarded", FIRST))
    before = stage.endpoint(name)
    [alarm] = resources_of(stage.guarded("Guarded", FIRST), "AWS::CloudWatch::Alarm")
    stage.cloud.client("cloudwatch").set_alarm_state(
        AlarmName=stage.resource("Guarded", alarm), StateValue="ALARM", StateReason="a test"
    )

    with stage.asked_all_the_time(name) as answers:
        assert stage.put("Guarded", stage.guarded("Guarded", SECOND)) == "UPDATE_ROLLBACK_COMPLETE"

    assert answers.failures == []
    assert answers.said[-1] == FIRST
    assert "The deployment was rolled back because of alarms: " in stage.reasons("Guarded")
    assert stage.endpoint(name)["EndpointConfigName"] == before["EndpointConfigName"]
    stage.cloud.client("cloudwatch").set_alarm_state(
        AlarmName=stage.resource("Guarded", alarm), StateValue="OK", StateReason="a test"
    )
    assert stage.deployed("Guarded", stage.guarded("Guarded", SECOND)) == name
    assert stage.ask(name) == SECOND
    stage.delete_all("Guarded")
    assert stage.left() == set()
