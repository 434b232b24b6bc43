"""Roles that a caller brings: managed policies of the library's own, for all that run as them."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from constructs_lib import OutputLocation

from ..constructs.synthesis import (
    allowing,
    as_list,
    data_bucket,
    flat,
    jobs_of,
    new_job,
    new_stack,
    only,
    resources_of,
    statements_of,
    template_of,
)

SAGEMAKER = iam.ServicePrincipal("sagemaker.amazonaws.com")
ROLE_ARN = "arn:aws:iam::111122223333:role/path/mine"
POLICY, INLINE = "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"


def policies_of(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What roles besides the function's have."""
    found = resources_of(template, POLICY)
    return {name: each for name, each in found.items() if not name.startswith("SageMakerAutopilotProvider")}


def test_role_gets_one_managed_policy_for_all_its_jobs_and_nothing_inline() -> None:
    stack = new_stack()
    role = iam.Role(stack, "Mine", assumed_by=SAGEMAKER)
    for name in ("One", "Other"):
        output = OutputLocation.from_bucket(data_bucket(stack), f"{name}/")
        new_job(stack, name, role=role, output=output)

    template = template_of(stack)

    ((name, policy),) = policies_of(template).items()
    assert policy["Properties"]["Roles"] == [stack.resolve({"Ref": _id(stack, role)})]
    assert resources_of(template, INLINE) == {}
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    written = {flat(each) for s in allowing(statements, "s3:PutObject") for each in as_list(s["Resource"])}
    assert {each.partition("/")[2] for each in written} == {"One/*", "Other/*"}
    assert all(name in job["DependsOn"] for job in jobs_of(template).values())


def _id(stack: cdk.Stack, role: iam.Role) -> str:
    return str(stack.resolve(role.role_name)["Ref"])


def test_key_is_in_the_managed_policy_too_and_once() -> None:
    stack = new_stack()
    role, key = iam.Role(stack, "Mine", assumed_by=SAGEMAKER), kms.Key(stack, "Key")
    for name in ("One", "Other"):
        new_job(stack, name, role=role, output=OutputLocation.from_bucket(data_bucket(stack), "m/", encryption_key=key))

    template = template_of(stack)

    (encrypting,) = allowing(only(policies_of(template))["Properties"]["PolicyDocument"]["Statement"], "kms:Encrypt")
    assert flat(encrypting["Resource"]).startswith("<Key")
    assert resources_of(template, INLINE) == {}


def test_imported_role_gets_it_by_its_name_and_its_job_waits_for_it() -> None:
    stack = new_stack()
    new_job(stack, role=iam.Role.from_role_arn(stack, "Mine", ROLE_ARN))

    template = template_of(stack)

    ((name, policy),) = policies_of(template).items()
    assert policy["Properties"]["Roles"] == ["mine"]
    assert name in only(jobs_of(template))["DependsOn"]
    assert resources_of(template, INLINE) == {}


def test_imported_role_that_must_not_change_gets_nothing() -> None:
    stack = new_stack()
    new_job(stack, role=iam.Role.from_role_arn(stack, "Mine", ROLE_ARN, mutable=False))

    template = template_of(stack)

    assert policies_of(template) == {}
    assert resources_of(template, INLINE) == {}


def test_role_without_updates_gets_nothing_from_us() -> None:
    stack = new_stack()
    role = iam.Role(stack, "Mine", assumed_by=SAGEMAKER)
    new_job(stack, role=role.without_policy_updates())

    assert policies_of(template_of(stack)) == {}


def test_lazy_role_is_made_and_gets_it() -> None:
    stack = new_stack()
    new_job(stack, role=iam.LazyRole(stack, "Mine", assumed_by=SAGEMAKER))

    template = template_of(stack)

    assert allowing(only(policies_of(template))["Properties"]["PolicyDocument"]["Statement"], "s3:PutObject")
    assert [name for name in resources_of(template, "AWS::IAM::Role") if name.startswith("Mine")]


def test_role_that_somebody_else_makes_has_what_it_needs_in_their_report() -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    iam.Role.customize_roles(stack)
    new_job(stack, role=iam.Role(stack, "Mine", assumed_by=SAGEMAKER))

    assert [each for each in template_of(stack)["Resources"].values() if "::IAM::" in each["Type"]] == []
    report = json.loads((Path(app.synth().directory) / "iam-policy-report.json").read_text())
    (mine,) = [each for each in report["roles"] if each["roleConstructPath"] == "Stack/Mine"]
    assert "s3:PutObject" in json.dumps(mine)


def test_role_of_another_stack_has_its_policy_there_and_no_stack_needs_both() -> None:
    app = cdk.App()
    shared, jobs = cdk.Stack(app, "Shared"), cdk.Stack(app, "Jobs")
    new_job(jobs, role=iam.Role(shared, "Mine", assumed_by=SAGEMAKER))

    assert list(policies_of(template_of(shared))) == ["MineAutopilotPermissions" + _hash(template_of(shared))]
    assert policies_of(template_of(jobs)) == {}
    assert shared in jobs.dependencies
    assert jobs not in shared.dependencies


def _hash(template: dict[str, Any]) -> str:
    (name,) = policies_of(template)
    return name.removeprefix("MineAutopilotPermissions")


def test_more_than_a_policy_holds_goes_into_another_one() -> None:
    stack = new_stack()
    role = iam.Role(stack, "Mine", assumed_by=SAGEMAKER)
    for number in range(60):
        output = OutputLocation.from_bucket(data_bucket(stack), f"{'x' * 60}{number}/")
        new_job(stack, f"Job{number}", role=role, output=output)

    template = template_of(stack)

    assert len(policies_of(template)) > 1
    statements = statements_of(template, beginning="Mine")
    written = {flat(each) for s in allowing(statements, "s3:PutObject") for each in as_list(s["Resource"])}
    assert len(written) == 60
