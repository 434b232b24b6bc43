"""cdk-nag 3: a company's own pack, and the audit trail in the template."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import jsii
import pytest
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_stepfunctions as sfn

from ..churn import Churn, resources

pytestmark = pytest.mark.neighbours


@jsii.implements(cdk_nag.IApplyRule)
class Broken:
    """A rule of a company that a resource has broken."""

    def __init__(self, node: cdk.CfnResource, suffix: str) -> None:
        self._node = node
        self._suffix = suffix

    @property
    def node(self) -> cdk.CfnResource:
        return self._node

    @property
    def rule_suffix_override(self) -> str:
        return self._suffix

    @property
    def info(self) -> str:
        return f"{self._suffix} is not what we have agreed on."

    @property
    def explanation(self) -> str:
        return "Ask the platform team."

    @property
    def level(self) -> cdk_nag.NagMessageLevel:
        return cdk_nag.NagMessageLevel.ERROR

    def rule(self, node: cdk.CfnResource) -> cdk_nag.NagRuleCompliance:
        return cdk_nag.NagRuleCompliance.NON_COMPLIANT


def broken(node: cdk.CfnResource, suffix: str) -> Any:
    """The same; as a protocol it asks for properties that can be set."""
    return Broken(node, suffix)


class CompanyPack(cdk_nag.NagPack):
    """A company's rules, by the class of the resource and by its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self._pack_name = "Company"

    @property
    def name(self) -> str:
        return "Company"

    def _check_resource(self, node: Any) -> None:
        if isinstance(node, lambda_.CfnFunction) and (node.timeout or 0) > 60 and node.dead_letter_config is None:
            self._apply_rule(broken(node, "SlowFunction"))
        if isinstance(node, sfn.CfnStateMachine) and node.tracing_configuration is None:
            self._apply_rule(broken(node, "UntracedStateMachine"))
        variants: Any = node.production_variants if isinstance(node, sagemaker.CfnEndpointConfig) else []
        if any(each.initial_instance_count < 2 for each in variants):
            self._apply_rule(broken(node, "SingleInstance"))


def reported(app: cdk.App, kind: str) -> list[dict[str, Any]]:
    """What the validation of a synthesized app has found, of one kind."""
    reports = json.loads((Path(app.outdir) / "validation-report.json").read_text())["pluginReports"]
    return [each for report in reports for each in report.get(kind, [])]


def test_a_companys_own_pack_judges_by_type_and_attribute() -> None:
    app = cdk.App()
    Churn(app)
    cdk.Validations.of(app).add_plugins(CompanyPack())
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    found = {
        (construct["constructPath"], each["ruleName"])
        for each in reported(app, "violations")
        for construct in each["violatingConstructs"]
    }

    assert found == {
        ("Churn/SageMakerAutopilotProvider/Function", "Company-SlowFunction"),
        ("Churn/SageMakerAutopilotProvider/Waiter/StateMachine", "Company-UntracedStateMachine"),
        ("Churn/Endpoint/Config", "Company-SingleInstance"),
    }


def test_audit_trail_has_every_acknowledgement() -> None:
    app = cdk.App(context={"aws:cdk:enable-path-metadata": True})
    kept = cdk_nag.AwsSolutionsChecks(app, write_suppressions_to_cloud_formation=True)
    cdk.Validations.of(app).add_plugins(kept, cdk_nag.HIPAASecurityChecks(app))
    trail = {
        (metadata["aws:cdk:path"], rule["id"].partition("::")[2], rule["reason"])
        for metadata in (each.get("Metadata", {}) for each in resources(Churn(app)).values())
        for rule in metadata.get("cdk_nag", {"rules_to_suppress": []})["rules_to_suppress"]
    }
    suppressed = {
        (construct["constructPath"], each["ruleName"], each["reason"])
        for each in reported(app, "suppressedViolations")
        for construct in each["violatingConstructs"]
    }

    assert ("Churn/SageMakerAutopilotProvider/Function", "HIPAA.Security-LambdaDLQ") in {
        each[:2] for each in suppressed
    }
    assert "AwsSolutions-IAM5" in {rule.partition("[")[0] for _, rule, _ in suppressed}
    assert suppressed - trail == set()


def test_audit_trail_of_one_stack_is_that_stacks_alone() -> None:
    app = cdk.App()
    kept, other = Churn(app, "Kept"), Churn(app, "Other")
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(kept, write_suppressions_to_cloud_formation=True))

    assert "cdk_nag" in json.dumps(resources(kept))
    assert "cdk_nag" not in json.dumps(resources(other))
