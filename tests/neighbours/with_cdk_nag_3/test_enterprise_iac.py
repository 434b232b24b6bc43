"""Aspects of @cdklabs/cdk-enterprise-iac."""

import json

import aws_cdk as cdk
import pytest
from cdklabs.cdk_enterprise_iac import (
    AddLambdaEnvironmentVariables,
    AddPermissionBoundary,
    ConvertInlinePoliciesToManaged,
    RemoveTags,
    ResourceExtractor,
    ResourceExtractorShareMethod,
)

from constructs_lib import AutoMLProvider

from ..churn import Churn, of_type, one, resources

pytestmark = pytest.mark.neighbours

PROXY = {"HTTPS_PROXY": "http://proxy.example.com:3128"}


def variables(stack: cdk.Stack) -> dict[str, object]:
    found: dict[str, object] = one("AWS::Lambda::Function", resources(stack))["Environment"]["Variables"]
    return found


def test_environment_variables_reach_the_function_beside_those_of_the_provider() -> None:
    stack = Churn()
    AutoMLProvider.configure_all(stack, environment=PROXY)
    cdk.Aspects.of(stack).add(AddLambdaEnvironmentVariables({"OTHER": "x"}))

    assert variables(stack) == {"STACK_ID": {"Ref": "AWS::StackId"}, "OTHER": "x", **PROXY}


def test_boundary_path_and_names_reach_every_role_and_policy() -> None:
    stack = Churn()
    cdk.Aspects.of(stack).add(
        AddPermissionBoundary(
            permissions_boundary_policy_name="Boundary", role_path="/ml/", role_prefix="Team-", policy_prefix="Team-"
        )
    )
    template = resources(stack)
    roles = of_type("AWS::IAM::Role", template)
    policies = of_type("AWS::IAM::ManagedPolicy", template)

    assert len(roles) == 4
    for role in roles.values():
        assert ":policy/Boundary" in json.dumps(role["Properties"]["PermissionsBoundary"])
        assert role["Properties"]["Path"] == "/ml/"
        assert role["Properties"]["RoleName"].startswith("Team-")
    assert len(policies) >= 4
    assert all(each["Properties"]["ManagedPolicyName"].startswith("Team-") for each in policies.values())


def test_no_policy_of_ours_is_inline() -> None:
    stack = Churn()
    before = resources(Churn())
    cdk.Aspects.of(stack).add(ConvertInlinePoliciesToManaged())

    assert of_type("AWS::IAM::Policy", before) == {}
    assert resources(stack) == before


def test_tags_are_taken_from_the_types_that_are_named() -> None:
    stack = Churn()
    cdk.Tags.of(stack).add("team", "growth")
    cdk.Aspects.of(stack).add(RemoveTags(cloudformation_resource="AWS::Lambda::Function"))
    template = resources(stack)

    assert "Tags" not in one("AWS::Lambda::Function", template)
    assert {"Key": "team", "Value": "growth"} in one("AWS::SageMaker::Endpoint", template)["Tags"]


IAM = ["AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"]


def test_roles_and_policies_in_another_stack_name_the_one_that_they_are_for() -> None:
    app = cdk.App()
    stack = Churn(app)
    before = resources(stack)
    security = cdk.Stack(app, "Security")
    extractor = ResourceExtractor(
        extract_destination_stack=security,
        resource_types_to_extract=IAM,
        stack_artifacts=app.synth(force=True).stacks,
        value_share_method=ResourceExtractorShareMethod.CFN_OUTPUT,
    )
    cdk.Aspects.of(app).add(extractor)
    assembly = app.synth(force=True)
    kept, taken = (assembly.get_stack_artifact(each.artifact_id).template["Resources"] for each in (stack, security))

    assert {name for name, each in before.items() if each["Type"] in IAM} == set(taken)
    assert not [name for name, each in kept.items() if each["Type"] in IAM]
    assert "AWS::StackId" not in json.dumps(taken)
    assert ":stack/Churn/*" in json.dumps(taken)
