"""A single permission that is missing turns a deployment red, in AWS's words."""

import json
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from aws_cdk import aws_iam as iam

from ...constructs.synthesis import as_list, resources_of
from ..waiting.stage import Template, impatient, new_stack
from .stage import Serving, new_endpoint
from .tiny_models import FIRST, SECOND

pytestmark = pytest.mark.cloud

POLICY = "AWS::IAM::ManagedPolicy"
FUNCTION, ROLE = "SageMakerAutopilotProvider", "EndpointPermissions"


class Case(NamedTuple):
    """A permission, and what a deployment without it says."""

    name: str
    policy: str
    action: str
    resource: str
    words: str


CASES = [
    Case("NoCreate", FUNCTION, "sagemaker:CreateModel", "model/", "perform: sagemaker:CreateModel on resource: "),
    Case("NoDescribe", FUNCTION, "sagemaker:DescribeModel", "model/", "perform: sagemaker:DescribeModel on resource: "),
    Case("NoTags", FUNCTION, "sagemaker:AddTags", "model/", "perform: sagemaker:AddTags on resource: "),
    Case("NoPass", FUNCTION, "iam:PassRole", "EndpointRole", "perform: iam:PassRole on resource: "),
    Case(
        "NoLook", FUNCTION, "sagemaker:DescribeEndpoint", "endpoint/", "cannot be looked at: An error occurred (AccessD"
    ),
    Case("NoModel", ROLE, "s3:GetObject", "", 'role has "s3:GetObject" permissions'),
]


def without(template: Template, policy: str, action: str, resource: str) -> Template:
    """The template with an action on a kind of resources taken out of a policy."""
    changed: Template = json.loads(json.dumps(template))
    taken = 0
    for name, found in resources_of(changed, POLICY).items():
        statements = found["Properties"]["PolicyDocument"]["Statement"]
        for statement in statements if name.startswith(policy) else ():
            if action not in as_list(statement["Action"]):
                continue
            hit = [each for each in as_list(statement["Resource"]) if resource in json.dumps(each)]
            taken += len(hit)
            if len(hit) < len(as_list(statement["Resource"])):
                statement["Resource"] = [each for each in as_list(statement["Resource"]) if each not in hit]
            else:
                statement["Action"] = [each for each in as_list(statement["Action"]) if each != action]
        found["Properties"]["PolicyDocument"]["Statement"] = [each for each in statements if each["Action"]]
    assert taken, f"no policy {policy} allows {action}"
    return changed


@pytest.fixture(scope="module")
def statuses(stage: Serving) -> Iterator[dict[str, str]]:
    """What becomes of a stack without each of the permissions; all are deployed side by side."""
    for case in CASES:
        template = without(stage.template_of(case.name), case.policy, case.action, case.resource)
        stage.begin(case.name, impatient(template))
    yield {case.name: stage.wait(case.name) for case in CASES}
    stage.delete_all(*(case.name for case in CASES))
    assert stage.left() == set()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.action)
def test_permission_that_is_missing_fails_the_deployment_and_is_named(
    case: Case, stage: Serving, statuses: dict[str, str]
) -> None:
    reasons = stage.reasons(case.name)
    assert statuses[case.name] == "ROLLBACK_COMPLETE", reasons
    assert case.words in reasons, reasons


def test_role_that_may_not_see_the_alarms_takes_no_new_model(stage: Serving) -> None:
    name = stage.deployed("NoAlarms", stage.guarded("NoAlarms", FIRST))

    blind = without(stage.guarded("NoAlarms", SECOND), ROLE, "cloudwatch:DescribeAlarms", "")
    assert stage.put("NoAlarms", blind) == "UPDATE_ROLLBACK_COMPLETE"

    assert "perform: cloudwatch:DescribeAlarms on resource: " in stage.reasons("NoAlarms")
    assert stage.ask(name) == FIRST
    stage.delete_all("NoAlarms")


def test_caller_that_was_granted_to_invoke_may_ask_this_endpoint_and_no_other(stage: Serving) -> None:
    stack = new_stack("Caller")
    endpoint = new_endpoint(stack)
    policy = iam.ManagedPolicy(stack, "Policy")
    endpoint.grant_invoke(policy)
    name = stage.deployed("Caller", stage.template(stack))
    other = f"{name}-other"
    stage.sagemaker.create_endpoint(EndpointName=other, EndpointConfigName=stage.endpoint(name)["EndpointConfigName"])
    [policy_id] = [each for each in resources_of(stage.template(stack), POLICY) if each.startswith("Policy")]
    user = stage.account.fresh("caller")
    stage.account.iam.create_user(UserName=user)
    stage.account.iam.attach_user_policy(UserName=user, PolicyArn=stage.resource("Caller", policy_id))
    runtime = stage.account.clients_of(user)("sagemaker-runtime")

    answer = runtime.invoke_endpoint(EndpointName=name, Body=b"1", ContentType="text/csv")
    assert answer["Body"].read().decode() == FIRST
    with pytest.raises(runtime.exceptions.ClientError, match="not authorized to perform: sagemaker:InvokeEndpoint"):
        runtime.invoke_endpoint(EndpointName=other, Body=b"1", ContentType="text/csv")

    stage.sagemaker.delete_endpoint(EndpointName=other)
    stage.account.iam.detach_user_policy(UserName=user, PolicyArn=stage.resource("Caller", policy_id))
    stage.delete_all("Caller")
