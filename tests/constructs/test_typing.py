"""mypy tells a user's slips before anything runs, and has nothing to say of sound code."""

import re
from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).parents[2]

APP = """
import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from constructs_lib import (
    Algorithm, AutoMLJob, Channel, CompletionCriteria, FeatureSpecification, IAutoMLJob, Metric, Mode,
    ModelDeployConfig, OutputLocation, ProblemType,
)

stack = cdk.Stack(cdk.App(), "Stack")
bucket = s3.Bucket(stack, "Bucket")
key = kms.Key(stack, "Key")
vpc = ec2.Vpc(stack, "Vpc")
role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
data = Channel.from_bucket(bucket, "train/")
job = AutoMLJob(
    stack, "Job", training_data=data, target_attribute="y",
    output=OutputLocation.from_bucket(bucket, encryption_key=key),
    problem_type=ProblemType.REGRESSION, objective="RMSLE", mode=Mode.ENSEMBLING, algorithms=[Algorithm.XGBOOST],
    features=FeatureSpecification.of({"a": "numeric"}), role=role, volume_encryption_key=key, vpc=vpc,
    vpc_subnets=ec2.SubnetSelection(one_per_az=True), security_groups=[ec2.SecurityGroup(stack, "Group", vpc=vpc)],
    completion_criteria=CompletionCriteria(max_candidates=5, max_runtime=cdk.Duration.hours(1)),
    model_deploy_config=ModelDeployConfig.auto_named(),
)
name: str = job.job_name
either: list[IAutoMLJob] = [job, AutoMLJob.from_job_name(stack, "Known", "known")]
grant: iam.Grant = either[1].grant_describe(role)
bucket.grant_read(job)
job.connections.allow_to_any_ipv4(ec2.Port.tcp(443))
cdk.Tags.of(job).add("team", "growth")

AutoMLJob(stack, "A", training_data=data)  # call-arg
AutoMLJob(stack, "B", training_data="s3://bucket", target_attribute="y")  # arg-type
AutoMLJob(stack, "C", training_data=data, target_attribute="y", mode="ENSEMBLING")  # arg-type
AutoMLJob(stack, "D", training_data=data, target_attribute="y", algorithms=["xgboost"])  # list-item
AutoMLJob(stack, "E", training_data=data, target_attribute="y", role="arn:aws:iam::1:role/x")  # arg-type
AutoMLJob(stack, "F", training_data=data, target_attribute="y", max_candidates=5)  # call-arg
AutoMLJob(stack, "G", data, "y")  # call-arg misc
CompletionCriteria(max_candidates="5")  # arg-type
CompletionCriteria(max_runtime=60)  # arg-type
OutputLocation.from_bucket("bucket")  # arg-type
Metric.RMSLE  # attr-defined
job.job_name = "x"  # misc
AutoMLJob.from_job_name(stack, "H", 5)  # arg-type
job.deploy()  # attr-defined
"""


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> dict[int, set[str]]:
    """The kinds of mistake that mypy reports, by line."""
    app = tmp_path_factory.mktemp("typing") / "user_app.py"
    app.write_text(APP, encoding="utf-8")
    # The cache is the one that the lint step fills.
    options = ["--strict", "--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(ROOT / ".mypy_cache")]
    out, err, _ = api.run([*options, "--show-error-codes", "--no-error-summary", str(app)])
    assert not err
    found: dict[int, set[str]] = {}
    for line, code in re.findall(r"user_app\.py:(\d+): error: .*\[([a-z-]+)\]", out):
        found.setdefault(int(line), set()).add(code)
    return found


def test_every_slip_is_reported_and_sound_code_is_not(reported: dict[int, set[str]]) -> None:
    planted = {
        number: set(comment.split())
        for number, line in enumerate(APP.splitlines(), start=1)
        for _, mark, comment in [line.partition("  # ")]
        if mark
    }

    assert len(planted) == 14
    assert sorted(reported) == sorted(planted)
    assert [line for line, codes in planted.items() if not codes & reported[line]] == []
