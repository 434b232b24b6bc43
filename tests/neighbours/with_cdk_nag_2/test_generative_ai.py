"""@cdklabs/generative-ai-cdk-constructs brings cdk-nag 2."""

import aws_cdk as cdk
import pytest
from cdklabs.generative_ai_cdk_constructs import bedrock

from ..churn import Churn, of_type, resources, told
from . import cdk_nag

pytestmark = pytest.mark.neighbours


def test_a_prompt_beside_our_job_passes_the_same_checks() -> None:
    app = cdk.App()
    stack = Churn(app)
    bedrock.Guardrail(stack, "Guardrail", name="churn")
    cdk.Aspects.of(app).add(cdk_nag.AwsSolutionsChecks())

    assert told(stack) == set()
    assert len(of_type("AWS::Bedrock::Guardrail", resources(stack))) == 1
