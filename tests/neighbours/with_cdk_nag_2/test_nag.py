"""cdk-nag 2 finds its acknowledgements in the resources' metadata, whatever the CDK's release."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_

from constructs_lib import AutoMLProvider
from tests.constructs.test_validators import PACKS, STACKS, define

from ..churn import Churn, resources, told
from . import cdk_nag

pytestmark = pytest.mark.neighbours


@pytest.fixture(scope="module")
def app() -> cdk.App:
    """A stack for each kind of job and the bank's app, with six packs."""
    app = cdk.App()
    define(app)
    for pack in PACKS:
        cdk.Aspects.of(app).add(getattr(cdk_nag, pack.__name__)())
    return app


def test_six_packs_find_nothing(app: cdk.App) -> None:
    assert {stack: told(cdk.Stack.of(app.node.find_child(stack))) for stack in STACKS} == {
        stack: set() for stack in STACKS
    }


def test_they_would_have_found_what_is_not_acknowledged() -> None:
    app = cdk.App()
    stack = Churn(app)
    lambda_.CfnFunction(
        stack, "Theirs", code=lambda_.CfnFunction.CodeProperty(zip_file="x"), role="arn:aws:iam::111122223333:role/x"
    )
    cdk.Aspects.of(app).add(cdk_nag.HIPAASecurityChecks())

    rules = ("LambdaConcurrency", "LambdaDLQ", "LambdaInsideVPC")
    assert told(stack) == {("/Churn/Theirs", f"HIPAA.Security-{rule}") for rule in rules}


def test_what_is_acknowledged_stands_once_and_on_the_resource_that_it_is_of() -> None:
    app = cdk.App()
    stack = Churn(app)
    cdk.Aspects.of(app).add(cdk_nag.AwsSolutionsChecks())
    noted = {
        name: [json.dumps(rule) for rule in each["Metadata"]["cdk_nag"]["rules_to_suppress"]]
        for name, each in resources(stack).items()
        if "cdk_nag" in each.get("Metadata", {})
    }

    assert all(len(set(rules)) == len(rules) for rules in noted.values())
    assert not [name for name in noted if "Policy" in name]  # of the bucket: it has no findings of its own


def test_notes_of_the_user_stay() -> None:
    app = cdk.App()
    stack = Churn(app)
    mine: Any = {"id": "HIPAA.Security-LambdaDLQ", "reason": "this is what we have agreed on"}
    cdk_nag.NagSuppressions.add_resource_suppressions(AutoMLProvider.of(stack), [mine], apply_to_children=True)
    (function,) = (each for each in resources(stack).values() if each["Type"] == "AWS::Lambda::Function")
    rules = function["Metadata"]["cdk_nag"]["rules_to_suppress"]

    assert mine in rules
    assert "HIPAA.Security-LambdaConcurrency" in {each["id"] for each in rules}
