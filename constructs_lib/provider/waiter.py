"""State machines that call the function: one follows jobs to their ends, one trains again. Made when somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
from constructs import Construct

from .. import l1
from ..access import permissions
from ..access.grants import managed_policy, new_role
from ..l1 import Kind
from ..naming import unique_part
from ..runtime.contract import Poll
from .shown import show_state_machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk import aws_iam as iam

POLL_SECONDS: Final = 60
"""How long after a look at a job comes the next. Nine events of an execution's history go for each."""

_NAME: Final = "sagemaker-autopilot-"
_LOG_NAME: Final = "/aws/vendedlogs/states/"
"""Log groups of other names overflow the resource policy of CloudWatch Logs that they all share."""


def state_machine_name(stack: cdk.Stack) -> str:
    """The name, known before the state machine is there: the function's policy, which comes first, says it."""
    return _NAME + unique_part(stack)


def definition(function_arn: str, poll_seconds: int = POLL_SECONDS) -> dict[str, Any]:
    """The state machine in Amazon States Language.

    What goes wrong at a look must not end the wait: after some tries it goes on with the state of the look before.
    """
    return {
        "Comment": "Looks at an Autopilot job until it has ended",
        "StartAt": "Wait",
        "States": {
            "Wait": {"Type": "Wait", "Seconds": poll_seconds, "Next": "Look"},
            "Look": {
                "Type": "Task",
                "Resource": function_arn,
                "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5, "MaxAttempts": 4, "BackoffRate": 2.0}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.Error", "Next": "Wait"}],
                "Next": "IsDone",
            },
            "IsDone": {
                "Type": "Choice",
                "Choices": [{"Variable": f"$.{Poll.DONE}", "BooleanEquals": True, "Next": "Done"}],
                "Default": "Wait",
            },
            "Done": {"Type": "Succeed"},
        },
    }


class Waiter(Construct):
    """A state machine with its role and its log."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function_arn: str,
        name: str | None = None,
        description: str = "Follows the Autopilot jobs of its stack",
        definition: Callable[[str, int], dict[str, Any]] = definition,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        name = name or state_machine_name(stack)
        self._definition = definition
        self.log: Final = l1.create(Kind.LOG_GROUP, self, "Log", {"LogGroupName": f"{_LOG_NAME}{name}"})
        self.log.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
        self.role: Final[iam.Role] = new_role(
            self,
            service=permissions.STATES_PRINCIPAL,
            description=description,
            acts_for=permissions.states_arn(stack, name),
        )
        self.policy: Final = managed_policy(
            self,
            "Permissions",
            [*permissions.waiting_state_machine(function_arn), *permissions.waiting_state_machine_logs()],
            self.role,
        )
        self.resource: Final = l1.create(
            Kind.STATE_MACHINE,
            self,
            "StateMachine",
            {
                "StateMachineName": name,
                "StateMachineType": "STANDARD",
                "RoleArn": self.role.role_arn,
                "Definition": definition(function_arn, POLL_SECONDS),
                "LoggingConfiguration": self._logging("ALL"),
            },
        )
        self.resource.node.add_dependency(self.policy)
        self.node.default_child = self.resource
        show_state_machine(self, self.resource, self.role)
        self.arn: Final = self.resource.ref
        """The state machine's ARN."""
        self._function_arn = function_arn

    def look_every(self, seconds: int) -> None:
        """Let so much time pass between two looks at a job."""
        l1.change(self.resource, Definition=self._definition(self._function_arn, seconds))

    def log_at(self, level: str) -> None:
        """Have that logged of each execution."""
        l1.change(self.resource, LoggingConfiguration=self._logging(level))

    def _logging(self, level: str) -> dict[str, Any]:
        log = {"CloudWatchLogsLogGroup": {"LogGroupArn": self.log.get_att("Arn").to_string()}}
        return {"Level": level, "IncludeExecutionData": True, "Destinations": [log]}
