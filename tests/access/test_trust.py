"""Who may assume the roles that the library makes, and for whom."""

from typing import Any

from constructs_lib import AutoMLJobOutcome, Channel, Mode, OutputLocation

from ..constructs.synthesis import data_bucket, flat, new_job, new_stack, resources_of, template_of


def trusted(template: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """The service that may assume each role, and the conditions."""
    found = {}
    for name, role in resources_of(template, "AWS::IAM::Role").items():
        (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Action"] == "sts:AssumeRole"
        found[name] = (statement["Principal"]["Service"], statement.get("Condition", {}))
    return found


def test_sagemaker_and_step_functions_must_say_for_whom_they_assume_a_role() -> None:
    stack = new_stack()
    job = new_job(stack, mode=Mode.ENSEMBLING)
    outcome = AutoMLJobOutcome(stack, "Outcome", job=job)
    outcome.transform(
        data=Channel.from_bucket(data_bucket(stack), "new/"),
        instance_type="ml.m5.large",
        output=OutputLocation.from_bucket(data_bucket(stack), "scored/"),
    )

    roles = trusted(template_of(stack))

    asked = {
        service: {
            flat(condition["ArnLike"]["aws:SourceArn"]) for other, condition in roles.values() if other == service
        }
        for service in ("sagemaker.amazonaws.com", "states.amazonaws.com")
    }
    assert asked["sagemaker.amazonaws.com"] == {"arn:<Partition>:sagemaker:<Region>:<AccountId>:*"}
    (machine,) = asked["states.amazonaws.com"]
    assert machine.startswith("arn:<Partition>:states:<Region>:<AccountId>:stateMachine:sagemaker-autopilot-")
    accounts = [
        flat(condition["StringEquals"]["aws:SourceAccount"])
        for service, condition in roles.values()
        if service != "lambda.amazonaws.com"
    ]
    assert accounts == ["<AccountId>"] * 3


def test_role_of_the_function_asks_for_nothing_that_lambda_is_not_known_to_say() -> None:
    stack = new_stack()
    new_job(stack)

    assert ("lambda.amazonaws.com", {}) in trusted(template_of(stack)).values()
