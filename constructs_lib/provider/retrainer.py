"""What starts runs of a stack's retrainings: one state machine, and one role for rules and schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
from constructs import Construct

from ..access import permissions
from ..access.grants import managed_policy, new_shared_role
from ..naming import unique_part
from ..runtime.contract import RETRAIN_ACTION, Look
from .waiter import Waiter

if TYPE_CHECKING:
    from constructs import IDependable

_NAME: Final = "sagemaker-autopilot-retraining-"


def retrainer_name(stack: cdk.Stack) -> str:
    """The state machine's name, known before it is there."""
    return _NAME + unique_part(stack)


def definition(function_arn: str) -> dict[str, Any]:
    """The state machine in Amazon States Language.

    A trigger that cannot be admitted fails its execution, which nobody reacts to: an event of a failure that starts
    another execution would go round for ever. A step that fails does not end a run: it is made again.
    """
    patience = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5, "BackoffRate": 2.0}
    return {
        "Comment": "Trains an Autopilot job again: a trigger is admitted or ends, and a run goes step by step",
        "StartAt": "Admit",
        "States": {
            "Admit": {
                "Type": "Task",
                "Resource": function_arn,
                "Parameters": {
                    Look.ACTION: RETRAIN_ACTION,
                    f"{Look.EXECUTION}.$": "$$.Execution.Id",
                    f"{Look.BEGAN}.$": "$$.Execution.StartTime",
                    f"{Look.TRIGGER}.$": "$",
                },
                "Retry": [{**patience, "MaxAttempts": 7}],
                "Next": "IsDone",
            },
            "IsDone": {
                "Type": "Choice",
                "Choices": [{"Variable": f"$.{Look.DONE}", "BooleanEquals": True, "Next": "Done"}],
                "Default": "Wait",
            },
            "Wait": {"Type": "Wait", "SecondsPath": f"$.{Look.SECONDS}", "Next": "Step"},
            "Step": {
                "Type": "Task",
                "Resource": function_arn,
                "Retry": [{**patience, "MaxAttempts": 4}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.Error", "Next": "Wait"}],
                "Next": "IsDone",
            },
            "Done": {"Type": "Succeed"},
        },
    }


class Retrainer(Construct):
    """The state machine, and the role that starts it."""

    def __init__(self, scope: Construct, construct_id: str, *, function_arn: str) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        self.machine: Final = Waiter(
            self,
            "Machine",
            function_arn=function_arn,
            name=retrainer_name(stack),
            description="Trains again the Autopilot jobs of its stack",
            definition=lambda arn, _: definition(arn),
        )
        # [one-start-role]
        self.role: Final = new_shared_role(
            self,
            "StartRole",
            services=permissions.starting_sources(stack),
            description="Rules and schedules start retrainings of their stack as this",
        )
        self._policy = managed_policy(
            self,
            "StartPermissions",
            [permissions.start_executions(permissions.states_arn(stack, retrainer_name(stack)))],
            self.role,
        )

    @property
    def needed(self) -> list[IDependable]:
        """What has to be there before anything is started."""
        return [self.machine.resource, self.role, self._policy]
