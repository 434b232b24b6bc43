"""Scanners find nothing in what the library makes but what is acknowledged in the template, or is told of here.

What they find without the acknowledgements must be exactly what is acknowledged: none outlives its finding.
"""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from .scanning import Found, Templates, checkov, cloudsplaining, control_tower, guard, registry, synthesized

pytestmark = [pytest.mark.scanners, pytest.mark.newest, pytest.mark.timeout(900)]

USERS = re.compile(
    r":(Owner/|Brought/JobRole/(?!AutopilotPermissions)|Queue/Role/|\w+/Key$)"
    r"|^platform:\w+/(Foundation/|Credit/Predict)|^pipeline:Pipeline/(Artifacts$|Pipeline/)"
    r"|^retraining:Retraining/(Loans\b|Custom::CDKBucketDeployment)|^broken:"
)
"""What the apps bring themselves."""

CDKS = re.compile(r"/Custom::S3AutoDeleteObjectsCustomResourceProvider/")
"""CDK's function that empties buckets when a stack goes: all buckets of a stack share it, also those of the user."""

SOME = re.compile(r"all-(Configured|Images|Network|Quickstart|Serving|Waiting)$|all-Bank$")
"""Templates that are also looked at as they are: together they have every acknowledgement."""


@dataclass(frozen=True)
class Scanned:
    """What was found without acknowledgements, and in some templates with them."""

    bare: dict[str, Found]
    acknowledged: dict[str, Found]
    policies: Found


@pytest.fixture(scope="module")
def templates() -> Templates:
    for name in ("SCANNERS_BIN", "CFN_GUARD"):
        if name not in os.environ:
            pytest.fail(f"{name} must say where the scanners are: `dev.py test all` sets it", pytrace=False)
    made = synthesized()
    broken = {"broken-Broken": {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}}
    return Templates({**made.by_name, **broken}, {**made.paths, "broken-Broken": {}})


@pytest.fixture(scope="module")
def scanned(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """All scanners at once, each once for what is bare and once for some as they are."""
    folder = tmp_path_factory.mktemp("templates")
    some = Templates({name: each for name, each in templates.by_name.items() if SOME.search(name)}, templates.paths)
    bare, as_they_are = (
        templates.write(folder / "bare", as_they_are=False),
        some.write(folder / "some", as_they_are=True),
    )
    controls = control_tower(templates)
    with ThreadPoolExecutor(max_workers=2) as pool:
        runs = {
            ("checkov", bare): pool.submit(checkov, bare, templates),
            ("registry", bare): pool.submit(guard, bare, registry(), templates),
            ("controls", bare): pool.submit(guard, bare, controls, templates),
            ("checkov", as_they_are): pool.submit(checkov, as_they_are, templates),
            ("registry", as_they_are): pool.submit(guard, as_they_are, registry(), templates),
        }
        policies = pool.submit(cloudsplaining, policies_of(templates))
        found = {key: run.result() for key, run in runs.items()}
        return Scanned(
            bare={scanner: each for (scanner, place), each in found.items() if place == bare},
            acknowledged={scanner: each for (scanner, place), each in found.items() if place == as_they_are},
            policies=policies.result(),
        )


def some(templates: Templates) -> Templates:
    """Those that are also looked at as they are."""
    chosen = {name: each for name, each in templates.by_name.items() if SOME.search(name)}
    return Templates(chosen, templates.paths)


def policies_of(templates: Templates) -> dict[str, object]:
    return {
        path: resource["Properties"]["PolicyDocument"]
        for path, resource in templates.resources()
        if resource["Type"] in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy") and not USERS.search(path)
    }


def ours(found: Found) -> Found:
    return {path: names for path, names in found.items() if not USERS.search(path) and not CDKS.search(path)}


def by_name(found: Found) -> dict[str, set[str]]:
    """For each finding, the constructs within their stacks."""
    turned: dict[str, set[str]] = {}
    for path, names in found.items():
        for name in names:
            turned.setdefault(name, set()).add(path)
    return turned


# ------------------------------------------------------------------------------------------------ checkov, the registry


@pytest.mark.parametrize(("scanner", "key"), [("checkov", "checkov"), ("registry", "guard")])
def test_acknowledged_is_exactly_what_is_found_without(
    scanner: str, key: str, templates: Templates, scanned: Scanned
) -> None:
    acknowledged = {
        path: names - NOT_IN_THE_SELECTION
        for path, names in templates.acknowledged(key).items()
        if names - NOT_IN_THE_SELECTION
    }

    assert ours(scanned.bare[scanner]) == acknowledged


NOT_IN_THE_SELECTION = {
    *("CLOUDWATCH_LOG_GROUP_ENCRYPTED", "LAMBDA_CONCURRENCY_CHECK", "LAMBDA_DLQ_CHECK", "LAMBDA_INSIDE_VPC"),
}
"""Rules of the registry that the package leaves out: they ask what those of cdk-nag and checkov ask."""

SAME = {
    "CLOUDWATCH_LOG_GROUP_ENCRYPTED": "CKV_AWS_158",
    "LAMBDA_CONCURRENCY_CHECK": "CKV_AWS_115",
    "LAMBDA_DLQ_CHECK": "CKV_AWS_116",
    "LAMBDA_INSIDE_VPC": "CKV_AWS_117",
}


def test_rules_that_no_package_has_are_acknowledged_where_checkov_finds_the_same(templates: Templates) -> None:
    for_checkov, for_guard = templates.acknowledged("checkov"), templates.acknowledged("guard")

    for rule, same in SAME.items():
        places = {path for path, names in for_guard.items() if rule in names}
        assert places
        assert places == {path for path, names in for_checkov.items() if same in names}


@pytest.mark.parametrize("scanner", ["checkov", "registry"])
def test_nothing_of_ours_is_found_in_templates_as_they_are(scanner: str, scanned: Scanned) -> None:
    assert ours(scanned.acknowledged[scanner]) == {}


def test_what_is_looked_at_as_it_is_has_every_acknowledgement(templates: Templates) -> None:
    for key in ("checkov", "guard"):
        everywhere, there = (set().union(*each.acknowledged(key).values()) for each in (templates, some(templates)))
        assert there == everywhere


# ------------------------------------------------------------------------------------------------------- Control Tower

_MACHINES = r"(Waiter|Retraining/Machine)"
CONTROLS = {
    "cloudwatch_log_group_encrypted_check": rf"/SageMaker\w+(/{_MACHINES})?/Log$|/EndpointLog$",  # log_encryption_key
    "lambda_inside_vpc_check": r"/SageMakerAutopilotProvider/Function$|/Custom::CDKBucketDeployment",  # vpc
    "s3_bucket_logging_enabled_check": r"/(Output|(Training|Validation)DataBucket)$",  # output, Channel.from_bucket
    "s3_bucket_object_lock_enabled_check": r"/(Output|(Training|Validation)DataBucket)$",
    "s3_event_notifications_enabled_check": r"/(Output|(Training|Validation)DataBucket)$",
    "step_functions_state_machine_tracing_enabled_check": rf"/{_MACHINES}/StateMachine$",  # tracing
}
"""Controls that a template cannot acknowledge, where they are not met; each with the option that meets it."""


def test_controls_that_are_not_met_are_those_that_an_option_meets(scanned: Scanned) -> None:
    found = by_name(ours(scanned.bare["controls"]))

    assert set(found) == set(CONTROLS)
    for name, paths in found.items():
        assert [path for path in paths if not re.search(CONTROLS[name], path)] == []


@pytest.mark.parametrize("scanner", ["checkov", "registry", "controls"])
def test_nothing_at_all_is_found_in_the_banks_app(scanner: str, scanned: Scanned) -> None:
    found = scanned.bare if scanner == "controls" else scanned.acknowledged  # those read no acknowledgements

    assert [path for path in ours(found[scanner]) if path.startswith("all:Bank/")] == []


# ------------------------------------------------------------------------------------------------------ cloudsplaining


def test_policies_give_away_nothing_but_the_login_of_a_registry(templates: Templates, scanned: Scanned) -> None:
    shared = {path: names for path, names in scanned.policies.items() if not CDKS.search(path)}

    assert set().union(*shared.values()) == {"credentials_exposure: ecr:GetAuthorizationToken"}
    assert all("ecr:GetAuthorizationToken" in str(policies_of(templates)[path]) for path in shared)


def test_cloudsplaining_would_have_found_more() -> None:
    def policy(action: str) -> dict[str, object]:
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}

    found = cloudsplaining({each: policy(each) for each in ("s3:GetObject", "s3:PutObject", "s3:*")})

    assert "allows_data_exfiltration_actions: s3:GetObject" in found["s3:GetObject"]
    assert found["s3:PutObject"]
    assert "service_wildcard: s3" in found["s3:*"]


@pytest.mark.parametrize(
    ("scanner", "finding"),
    [
        ("checkov", "CKV_AWS_21"),
        ("registry", "S3_BUCKET_VERSIONING_ENABLED"),
        ("controls", "s3_bucket_versioning_enabled_check"),
    ],
)
def test_scanners_would_have_found_more(scanner: str, finding: str, scanned: Scanned) -> None:
    assert finding in scanned.bare[scanner]["broken:Bucket"]
