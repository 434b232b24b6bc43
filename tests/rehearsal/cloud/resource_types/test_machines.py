"""State machines of templates act as their role, and only for whom that trusts Step Functions."""

import io
import time
import zipfile
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud
from constructs_lib.rehearsal.cloud.ministack.machines import UNTRUSTED

from ..account import Account
from ..hosting.endpoints import until
from ..stacks import Stacks

pytestmark = pytest.mark.cloud

TRUST = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.fixture
def stacks(cloud: Cloud, account: Account) -> Stacks:
    return Stacks(cloud, account)


def machine(account: Account, role: str, name: str) -> dict[str, Any]:
    definition = {
        "StartAt": "Look",
        "States": {"Look": {"Type": "Task", "Resource": function_arn(account, "looks"), "End": True}},
    }
    properties = {"StateMachineName": name, "RoleArn": role, "Definition": definition}
    return {"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}}


def function_arn(account: Account, name: str) -> str:
    return f"arn:aws:lambda:{account.cloud.region}:{account.cloud.account}:function:{name}"


def source(account: Account, name: str) -> dict[str, Any]:
    arn = f"arn:aws:states:{account.cloud.region}:{account.cloud.account}:stateMachine:{name}"
    account_of = {"StringEquals": {"aws:SourceAccount": account.cloud.account}}
    return {**TRUST, "Condition": {"ArnLike": {"aws:SourceArn": arn}, **account_of}}


@pytest.mark.parametrize("trusted", ["another", None])
def test_machine_is_not_made_whose_role_does_not_trust_it(
    account: Account, stacks: Stacks, trusted: str | None
) -> None:
    name = account.fresh("machine")
    trust = {**TRUST, "Principal": {"Service": "lambda.amazonaws.com"}} if trusted is None else source(account, trusted)
    role = account.role(account.fresh("Machine"), trust=trust)

    assert stacks.deploy(name, machine(account, role, name)) == "ROLLBACK_COMPLETE"

    assert UNTRUSTED in stacks.reasons(name)
    states = account.cloud.client("stepfunctions")
    assert name not in [each["name"] for each in states.list_state_machines()["stateMachines"]]


def test_machine_calls_nothing_that_its_role_may_not(account: Account, stacks: Stacks) -> None:
    name = account.fresh("machine")
    role = account.role(account.fresh("Machine"), trust=source(account, name))
    assert stacks.deploy(name, machine(account, role, name)) == "CREATE_COMPLETE", stacks.reasons(name)

    told = run(account, stacks.resource(name, "Machine"))

    assert told["error"] == "Lambda.AWSLambdaException"
    assert f"perform: lambda:InvokeFunction on resource: {function_arn(account, 'looks')} " in told["cause"]


def test_machine_calls_what_its_role_may(account: Account, stacks: Stacks) -> None:
    name = account.fresh("machine")
    role = account.role(account.fresh("Machine"), ["lambda:InvokeFunction"], trust=source(account, name))
    assert stacks.deploy(name, machine(account, role, name)) == "CREATE_COMPLETE", stacks.reasons(name)

    told = run(account, stacks.resource(name, "Machine"))

    assert told["error"] == "Lambda.ResourceNotFoundException", "there is none, which only who may call it is told"


BREAKING = b"""
import time

def handler(event, context):
    time.sleep(1)
    raise ValueError("broken")
"""


def test_an_execution_that_was_stopped_stays_so_when_its_function_breaks(account: Account, stacks: Stacks) -> None:
    name = account.fresh("machine")
    role = account.role(account.fresh("Machine"), ["lambda:InvokeFunction"], trust=source(account, name))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", BREAKING)
    trust = {**TRUST, "Principal": {"Service": "lambda.amazonaws.com"}}
    function = account.cloud.client("lambda")
    function.create_function(
        FunctionName="looks", Runtime="python3.12", Handler="index.handler", Timeout=10,
        Role=account.role(account.fresh("Function"), trust=trust), Code={"ZipFile": packed.getvalue()},
    )  # fmt: skip
    assert stacks.deploy(name, machine(account, role, name)) == "CREATE_COMPLETE", stacks.reasons(name)
    states = account.cloud.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=stacks.resource(name, "Machine"))["executionArn"]
    history = states.get_execution_history
    until(lambda: str(history(executionArn=execution)["events"]), lambda told: "TaskStateEntered" in told)
    states.stop_execution(executionArn=execution)
    time.sleep(2)  # the function has broken by then
    assert states.describe_execution(executionArn=execution)["status"] == "ABORTED"
    function.delete_function(FunctionName="looks")


def run(account: Account, arn: str) -> dict[str, Any]:
    """The end of an execution."""
    states = account.cloud.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    found: dict[str, Any] = until(
        lambda: states.describe_execution(executionArn=execution), lambda told: told["status"] != "RUNNING"
    )
    return found
