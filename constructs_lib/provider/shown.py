"""What is shown to packages that look for L2 constructs in a scope, and pass L1 constructs over."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aws_cdk as cdk
    from aws_cdk import aws_iam as iam
    from constructs import Construct

_LOOKING = ("cdk_monitoring_constructs", "cdklabs.cdk_enterprise_iac", "cdklabs.cdk_cicd_wrapper")
"""The packages of which that is known: docs/neighbours.md. Without them nothing is shown, and nothing loaded."""


def _is_looked_for() -> bool:
    return any(package in sys.modules for package in _LOOKING)


def show_function(scope: Construct, function: cdk.CfnResource, role: iam.IRole, log: cdk.CfnResource) -> None:
    """Show the function as an L2 construct with its log, where somebody looks for one."""
    if not _is_looked_for():
        return
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_logs as logs

    class Shown(lambda_.Function):
        """What it is told, the function is told."""

        def add_environment(self, key: str, value: str, **_: Any) -> lambda_.Function:
            """Have a variable in the function's environment."""
            function.add_property_override(f"Environment.Variables.{key}", value)
            return self

    code, runtime = lambda_.Code.from_inline("-"), lambda_.Runtime.PYTHON_3_13
    group = logs.LogGroup.from_log_group_name(scope, "ShownLog", log.ref)  # else whoever asks for it makes another
    shown = Shown(scope, "Shown", code=code, handler="-.-", runtime=runtime, role=role, log_group=group)
    _stand_for(function, shown)


def show_state_machine(scope: Construct, machine: cdk.CfnResource, role: iam.IRole) -> None:
    """The same of a state machine."""
    if not _is_looked_for():
        return
    from aws_cdk import aws_stepfunctions as sfn

    body = sfn.DefinitionBody.from_string("{}")
    _stand_for(machine, sfn.StateMachine(scope, "Shown", definition_body=body, role=role))


def _stand_for(resource: cdk.CfnResource, shown: Construct) -> None:
    """Have what an L2 construct refers to, and its L1 construct, be that resource; its own leaves the template."""
    own: Any = shown.node.default_child
    own.override_logical_id(resource.logical_id)
    shown.node.try_remove_child(own.node.id)
    shown.node.default_child = resource
