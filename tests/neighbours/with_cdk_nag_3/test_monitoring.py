"""cdk-monitoring-constructs draws what it is given; of a scope it takes L2 constructs alone."""

import json

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


def test_of_a_scope_no_l1_function_is_found() -> None:
    """What `docs/neighbours.md` says has to be named; where this fails, that is not needed any more."""
    stack = Churn()
    MonitoringFacade(stack, "Monitoring").monitor_scope(stack)
    board = json.dumps(of_type("AWS::CloudWatch::Dashboard", resources(stack)))

    assert "AWS/S3" in board or "BucketSizeBytes" in board  # the bucket is an L2
    assert "AWS/Lambda" not in board
    assert "AWS/States" not in board
