"""cdk-monitoring-constructs draws what it is given, and what it finds in a scope: L2 constructs."""

import json
import sys

import pytest
from cdk_monitoring_constructs import ErrorCountThreshold, MonitoringFacade

from ..churn import Churn, of_type, one, resources

pytestmark = pytest.mark.neighbours

FUNCTION = '\\"FunctionName\\"'
MACHINE = '\\"StateMachineArn\\"'


def test_the_function_and_the_state_machine_are_monitored_when_they_are_named() -> None:
    stack = Churn()
    facade = MonitoringFacade(stack, "Monitoring")
    few = {"Few": ErrorCountThreshold(max_error_count=0)}
    facade.monitor_lambda_function(lambda_function=stack.provider.function, add_fault_count_alarm=few)
    facade.monitor_step_function(state_machine=stack.provider.state_machine, add_failed_execution_count_alarm=few)
    template = resources(stack)
    (function,) = of_type("AWS::Lambda::Function", template)
    (machine,) = of_type("AWS::StepFunctions::StateMachine", template)
    alarms = json.dumps(of_type("AWS::CloudWatch::Alarm", template))
    board = json.dumps(one("AWS::CloudWatch::Dashboard", template))

    assert len(of_type("AWS::CloudWatch::Alarm", template)) == 2
    for text in (alarms, board):
        assert f'"{function}"' in text
        assert f'"{machine}"' in text


def test_of_a_scope_they_are_found_although_they_are_l1_constructs() -> None:
    stack = Churn()
    MonitoringFacade(stack, "Monitoring").monitor_scope(stack)
    template = resources(stack)
    (function,) = of_type("AWS::Lambda::Function", template)
    (machine,) = of_type("AWS::StepFunctions::StateMachine", template)
    board = json.dumps(of_type("AWS::CloudWatch::Dashboard", template))

    assert "AWS/S3" in board or "BucketSizeBytes" in board
    assert "AWS/Lambda" in board
    assert "AWS/States" in board
    for text in (function, machine):
        assert f'"{text}"' in board


def test_who_does_not_look_has_the_same_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = resources(Churn())
    monkeypatch.delitem(sys.modules, "cdk_monitoring_constructs")

    assert resources(Churn()) == looked_at
