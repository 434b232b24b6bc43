"""What could be left of a stack that waits is seen from outside."""

import json

import pytest

from constructs_lib.rehearsal.account import Account, Thing

from ..cloud.account import SAGEMAKER_TRUST
from .stage import Stage, eventually

pytestmark = pytest.mark.cloud

ENDLESS = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "Next": "Wait"}}}


def test_everything_that_a_waiting_stack_has_is_looked_for(stage: Stage) -> None:
    account = Account(stage.cloud)
    before = account.things()
    trust = {**SAGEMAKER_TRUST, "Principal": {"Service": "states.amazonaws.com"}}
    role = stage.account.role("LeftRole", trust=trust)
    client = stage.cloud.client
    client("ssm").put_parameter(Name="/left/parameter", Value="v", Type="String")
    topic = client("sns").create_topic(Name="left-topic")["TopicArn"]
    client("events").put_rule(Name="left-rule", EventPattern=json.dumps({"source": ["x"]}))
    client("logs").create_log_group(logGroupName="/aws/vendedlogs/states/left")
    client("sagemaker").create_model_package_group(ModelPackageGroupName="left-group")
    machine = stage.states.create_state_machine(name="left-machine", definition=json.dumps(ENDLESS), roleArn=role)

    assert account.things() - before == {
        Thing("role", "LeftRole"),
        Thing("parameter", "/left/parameter"),
        Thing("topic", topic),
        Thing("event rule", "left-rule"),
        Thing("log group", "/aws/vendedlogs/states/left"),
        Thing("model package group", "left-group"),
        Thing("state machine", "left-machine"),
    }

    assert account.executions() == set()
    running = stage.states.start_execution(stateMachineArn=machine["stateMachineArn"], name="left-running")
    assert account.executions() == {"left-running"}
    stage.states.stop_execution(executionArn=running["executionArn"])
    eventually(lambda: not account.executions())
