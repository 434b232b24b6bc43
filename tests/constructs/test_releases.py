"""What older releases of the CDK lack has another way, and the user is told where that is a worse one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from constructs_lib import AutoMLJob, releases
from examples.quickstart.stack import Quickstart

from .synthesis import new_job, new_stack, only, resources_of, statements_of, template_of, warnings_of

ROOT = Path(__file__).parents[2]
ID = "cdk-sagemaker-autopilot:strongReference"
ELSEWHERE = "arn:aws:kms:eu-west-1:444455556666:key/12345678-1234-1234-1234-123456789012"


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the library take the CDK for an older one; with the lowest releases it does so by itself."""
    monkeypatch.setattr(releases, "_WEAK", False)
    monkeypatch.setattr(releases, "_VALIDATIONS", False)
    monkeypatch.setattr(releases, "_IN_METADATA", True)


def told(job: AutoMLJob) -> list[str]:
    (resource,) = (each for each in job.node.children if isinstance(each, cdk.CfnResource))
    return [each for each in warnings_of(resource) if ID in each]


def read_elsewhere(job: AutoMLJob, app: cdk.App, **props: Any) -> None:
    reader = cdk.Stack(app, "Reader", **props)
    cdk.CfnOutput(reader, "Name", value=job.job_name)
    template_of(reader)


# ------------------------------------------------------------------------------------------------ references


@pytest.mark.usefixtures("older")
def test_strong_reference_to_a_job_is_told_with_the_way_out() -> None:
    app = cdk.App()
    job = new_job(cdk.Stack(app, "Jobs"))
    read_elsewhere(job, app)

    (warning,) = told(job)
    assert "the next update that trains again fails" in warning
    assert "Use a newer aws-cdk-lib" in warning


@pytest.mark.usefixtures("older")
def test_strong_reference_is_told_of_a_job_in_a_nested_stack_too_and_of_no_other() -> None:
    app = cdk.App()
    inner = cdk.NestedStack(cdk.NestedStack(cdk.Stack(app, "Top"), "Middle"), "Inner")
    job, other = new_job(inner), new_job(inner, "Other")
    cdk.CfnOutput(cdk.Stack.of(other), "Own", value=other.job_name)
    read_elsewhere(job, app)

    assert len(told(job)) == 1
    assert told(other) == []


@pytest.mark.usefixtures("older")
def test_strong_reference_from_another_region_is_told() -> None:
    app = cdk.App()
    job = new_job(cdk.Stack(app, "Jobs", env=cdk.Environment(account="111122223333", region="eu-west-1")))
    env = cdk.Environment(account="111122223333", region="us-east-1")
    read_elsewhere(job, app, env=env, cross_region_references=True)

    assert len(told(job)) == 1


@pytest.mark.usefixtures("older")
def test_strong_reference_that_is_acknowledged_is_told_no_more() -> None:
    app = cdk.App()
    job = new_job(cdk.Stack(app, "Jobs"))
    cdk.Annotations.of(job).acknowledge_warning(ID, "the two are always destroyed together")
    read_elsewhere(job, app)

    assert told(job) == []


def test_job_that_its_own_stack_reads_is_not_warned_of(older: None) -> None:
    stack = new_stack()
    job = new_job(stack)
    cdk.CfnOutput(stack, "Name", value=job.job_name)
    template_of(stack)

    assert told(job) == []


@pytest.mark.newest
def test_weak_reference_is_not_warned_of() -> None:
    app = cdk.App()
    job = new_job(cdk.Stack(app, "Jobs"))
    read_elsewhere(job, app)

    assert told(job) == []


# ---------------------------------------------------------------------------------------------------- acknowledgements


@pytest.mark.usefixtures("older")
def test_findings_are_suppressed_in_the_metadata_that_cdk_nag_2_reads() -> None:
    resources = template_of(Quickstart(cdk.App(), "Quickstart"))["Resources"]
    rules = {
        name: resource["Metadata"]["cdk_nag"]["rules_to_suppress"]
        for name, resource in resources.items()
        if "cdk_nag" in resource.get("Metadata", {})
    }

    of_the_policy = [each for name, found in rules.items() if "Permissions" in name for each in found]
    assert {each["id"] for each in of_the_policy} == {"AwsSolutions-IAM5"}
    assert all(set(each) == {"id", "reason", "applies_to"} for each in of_the_policy)
    assert all(resource.startswith("Resource::") for each in of_the_policy for resource in each["applies_to"])
    of_the_bucket = [each for name, found in rules.items() if "Output" in name for each in found]
    assert "AwsSolutions-S1" in {each["id"] for each in of_the_bucket}


@pytest.mark.parametrize("installed", [True, False])
def test_without_cdk_nag_2_its_metadata_is_in_no_template_and_all_else_is(
    installed: bool, older: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installed, it may still be that nobody imports it."""
    monkeypatch.setattr(releases, "_IN_METADATA", installed)
    monkeypatch.delitem(sys.modules, "cdk_nag")
    template = template_of(Quickstart(cdk.App(), "Quickstart"))
    (function,) = (each["Metadata"] for each in resources_of(template, "AWS::Lambda::Function").values())

    assert "cdk_nag" not in json.dumps(template)
    assert function["checkov"]["skip"]


@pytest.mark.usefixtures("older")
def test_suppression_goes_beside_those_that_are_there() -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    bucket = s3.Bucket(stack, "Bucket")
    resource = bucket.node.default_child
    assert isinstance(resource, cdk.CfnResource)
    resource.add_metadata("cdk_nag", {"rules_to_suppress": [{"id": "AwsSolutions-S10", "reason": "the user's own"}]})
    releases.acknowledge(bucket, {"AwsSolutions-S1": "ours, said by the library"})
    app.synth()

    noted = resource.get_metadata("cdk_nag")["rules_to_suppress"]
    assert [each["id"] for each in noted] == ["AwsSolutions-S10", "AwsSolutions-S1"]


def test_what_is_acknowledged_in_the_template_goes_beside_what_is_there() -> None:
    stack = new_stack()
    bucket = s3.Bucket(stack, "Bucket")
    resource = bucket.node.default_child
    assert isinstance(resource, cdk.CfnResource)
    theirs = {"id": "CKV_AWS_18", "comment": "the user's own"}
    resource.add_metadata("checkov", {"skip": [theirs]})
    releases.acknowledge(
        bucket, {"checkov-CKV_AWS_21": "said by the library", "guard-S3_A": "said", "guard-S3_B": "so"}
    )

    metadata = only(resources_of(template_of(stack), "AWS::S3::Bucket"))["Metadata"]
    assert metadata["checkov"] == {"skip": [theirs, {"id": "CKV_AWS_21", "comment": "said by the library"}]}
    assert metadata["guard"] == {"SuppressedRules": ["S3_A", "S3_B"]}


@pytest.mark.lowest
def test_cdk_nag_2_finds_nothing_that_is_not_suppressed() -> None:
    app = cdk.App()
    Quickstart(app, "Quickstart")
    s3.Bucket(cdk.Stack(app, "Bare"), "Bucket")
    packs: list[Any] = [cdk_nag.AwsSolutionsChecks, cdk_nag.HIPAASecurityChecks, cdk_nag.NIST80053R5Checks]
    for pack in packs:
        cdk.Aspects.of(app).add(pack())
    found = {message.id for stack in app.synth().stacks for message in stack.messages if "aws:cdk" not in message.id}

    assert found == {"/Bare/Bucket/Resource"}


# --------------------------------------------------------------------------------------------------- grants, references


def test_key_of_another_account_is_granted_to_a_managed_policy() -> None:
    stack = new_stack()
    job = new_job(stack, volume_encryption_key=kms.Key.from_key_arn(stack, "Key", ELSEWHERE))

    statements = statements_of(template_of(stack), beginning=str(job.node.id))
    assert [each for each in statements if each["Resource"] == ELSEWHERE]


def test_own_key_is_granted_in_its_own_policy_where_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    from constructs_lib.access.keys import grant_key

    asked: list[Any] = []
    stack = new_stack()
    key, policy = kms.Key(stack, "Key"), iam.ManagedPolicy(stack, "Policy")
    monkeypatch.setattr(kms.Key, "grant", lambda self, grantee, *actions: asked.append((grantee, actions)))
    grant_key(key, policy, "kms:Decrypt")

    assert asked == [(policy, ("kms:Decrypt",))]


def test_endpoint_has_no_reference_where_l1_constructs_take_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aws_cdk.interfaces", None)

    with pytest.raises(AttributeError, match="give them 'endpoint_arn' or 'endpoint_name', or use a newer aws-cdk-lib"):
        releases.endpoint_reference("arn")


# -------------------------------------------------------------------------------------------------- the same templates


@pytest.mark.lowest
@pytest.mark.parametrize("app", ["app.py", "examples/platform/app.py"])
def test_templates_are_those_of_the_newest_release_but_for_suppressions(app: str, tmp_path: Path) -> None:
    newest = os.environ.get("NEWEST_PYTHON")
    if not newest:
        pytest.fail("needs the environment with the newest releases: python3 dev.py lowest")
    programs = {"newest": [newest], "lowest": [sys.executable, "-m", "tests.constructs.older"]}
    for name, program in programs.items():
        subprocess.run(
            [*program, app],
            cwd=ROOT,
            env={**os.environ, "CDK_OUTDIR": str(tmp_path / name), "PYTHONPATH": str(ROOT)},
            check=True,
            timeout=250,
        )
    newer, older = (templates_below(tmp_path / name) for name in programs)

    assert newer
    assert older == newer


def templates_below(folder: Path) -> dict[str, Any]:
    found = {}
    for path in folder.rglob("*.template.json"):
        template = json.loads(path.read_text())
        for resource in template["Resources"].values():
            if "cdk_nag" in (metadata := resource.get("Metadata", {})):
                del metadata["cdk_nag"]
                if not metadata:
                    del resource["Metadata"]
        found[path.relative_to(folder).as_posix()] = template
    return found
