"""Assertions of integ-tests on what an outcome gives, and on what the service says."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.integ_tests_alpha import ActualResult, ExpectedResult, IntegTest

from ..churn import Churn, of_type

pytestmark = pytest.mark.neighbours


class Value(ActualResult):  # type: ignore[misc] # it is in an environment of its own
    """A value of the stack under test, as `docs/neighbours.md` has it."""

    def __init__(self, value: str) -> None:
        super().__init__()
        self._value = value

    @property
    def result(self) -> str:
        return self._value

    @result.setter
    def result(self, value: str) -> None:
        self._value = value


@pytest.fixture
def assertions() -> dict[str, Any]:
    """Both kinds, in the stack that integ-tests makes for them."""
    app = cdk.App()
    stack = Churn(app)
    test = IntegTest(app, "Integ", test_cases=[stack])
    test.assertions.expect(
        "Algorithm", ExpectedResult.string_like_regexp("XGBoost"), Value(stack.outcome.best_candidate_name)
    )
    described = test.assertions.aws_api_call("SageMaker", "describeAutoMLJobV2", {"AutoMLJobName": stack.job.job_name})
    described.expect(ExpectedResult.object_like({"AutoMLJobStatus": "Completed"}))
    (artifact,) = (each for each in app.synth().stacks_recursively if "DeployAssert" in each.id)
    resources: dict[str, Any] = artifact.template["Resources"]
    return resources


def test_an_outcomes_attribute_is_the_actual_value(assertions: dict[str, Any]) -> None:
    (assertion,) = of_type("Custom::DeployAssert@AssertEquals", assertions).values()

    assert "Fn::GetAtt" in json.dumps(assertion) or "Fn::ImportValue" in json.dumps(assertion)
    assert "XGBoost" in json.dumps(assertion["Properties"]["expected"])


def test_the_service_is_asked_for_the_job(assertions: dict[str, Any]) -> None:
    (call,) = (each for name, each in assertions.items() if "describeAutoMLJobV2" in json.dumps(each.get("Type", "")))

    assert "AutoMLJobName" in json.dumps(call["Properties"]["parameters"])
