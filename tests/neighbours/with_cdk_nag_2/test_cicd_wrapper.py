"""@cdklabs/cdk-cicd-wrapper brings cdk-nag 2 and aspects of its own."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sqs as sqs
from cdklabs.cdk_cicd_wrapper import CdkCicd, LambdaDLQAspect

from ..churn import Churn, of_type, resources, told

pytestmark = pytest.mark.neighbours


def test_its_checks_find_nothing_and_its_retention_reaches_every_log() -> None:
    app = cdk.App()
    stack = Churn(app)
    CdkCicd.attach(app)

    assert told(stack) == set()
    groups = of_type("AWS::Logs::LogGroup", resources(stack))
    assert len(groups) == 2
    assert len({each["Properties"]["RetentionInDays"] for each in groups.values()}) == 1


def test_its_dead_letter_queue_reaches_the_function() -> None:
    """It asks for the L2, which is shown to it."""
    app = cdk.App()
    stack = Churn(app)
    queue = sqs.Queue.from_queue_arn(stack, "Queue", "arn:aws:sqs:eu-west-1:111122223333:late")
    cdk.Aspects.of(app).add(LambdaDLQAspect(dead_letter_queue=queue))
    (function,) = of_type("AWS::Lambda::Function", resources(stack)).values()

    assert function["Properties"]["DeadLetterConfig"] == {"TargetArn": queue.queue_arn}
