"""The life of a stack that trains again: winners that a person approves, an endpoint that somebody changes, an end."""

import json
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from constructs_lib import (
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLRetraining,
    Channel,
    Holdout,
    Metric,
    Mode,
    NewData,
    OutputLocation,
    ProblemType,
    QualityGate,
)

from ..serving.stage import REAL_TIME, Serving
from ..waiting.stage import Template, eventually, new_stack

NAME, GROUP = "Again", "again"
WINNERS = 3
"""After so many promotions there is a configuration that is needed no more."""

HOLDOUT = "holdout.csv"
ROWS = b"churned,fraud\n" + b"churned,0\naway,1\n" * 50
"""Models of the tiny trainer answer with the name of what they have learned."""


def template_of(stage: Serving, bucket_name: str, topic_arn: str) -> Template:
    """A job that is trained again, and whose winners somebody has to approve."""
    stack = new_stack(NAME)
    key = kms.Key(stack, "Key", removal_policy=cdk.RemovalPolicy.DESTROY)
    bucket = s3.Bucket.from_bucket_name(stack, "Data", bucket_name)
    job = AutoMLJob(
        stack,
        "Job",
        training_data=Channel.from_bucket(bucket, "train/"),
        target_attribute="churned",
        problem_type=ProblemType.BINARY_CLASSIFICATION,
        objective=Metric.F1,
        mode=Mode.ENSEMBLING,
        output=OutputLocation.from_bucket(bucket, f"{NAME}/", encryption_key=key),
    )
    outcome = AutoMLJobOutcome(stack, "Outcome", job=job)
    endpoint = AutoMLEndpoint(stack, "Endpoint", outcome=outcome, serving=REAL_TIME, encryption_key=key)
    retraining = AutoMLRetraining(
        stack,
        "Weekly",
        job=job,
        on_new_data=NewData(bucket, "train/", quiet_for=cdk.Duration.days(1)),
        quality_gate=QualityGate(at_least=0.1),
        evaluate_on=Holdout.from_bucket(_with_key(stack, key, bucket_name), HOLDOUT),
        register_in=GROUP,
        promotes=endpoint,
        max_runs_per_month=10,
        on_failed=sns.Topic.from_topic_arn(stack, "Topic", topic_arn),
    )
    told = {
        "Machine": retraining.state_machine_arn,
        "Start": retraining.start_input,
        "Folder": retraining.folder_uri,
        "Serves": endpoint.endpoint_name,
    }
    for name, value in told.items():
        cdk.CfnOutput(stack, name, value=value)
    return stage.template(stack)


def _with_key(stack: cdk.Stack, key: kms.IKey, bucket_name: str) -> s3.IBucket:
    """The same bucket as one whose objects have a key."""
    return s3.Bucket.from_bucket_attributes(stack, "HeldOut", bucket_name=bucket_name, encryption_key=key)


def live(stage: Serving, template: Template, bucket_name: str) -> None:
    """Deploy it, let it use all that it may, and delete it while a run waits."""
    stage.account.s3.put_object(Bucket=bucket_name, Key=HOLDOUT, Body=ROWS)
    stage.sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)
    stage.deployed(NAME, template)
    told = stage.outputs(NAME)
    for _ in range(WINNERS):
        before = _serves(stage, told)
        _start(stage, told)
        _approve(stage)
        eventually(lambda before=before: _serves(stage, told) != before)  # type: ignore[misc]
        _until_idle(stage, told)
    _change(stage, told)
    _start(stage, told)
    _approve(stage)
    _until_idle(stage, told)
    decisions = eventually(lambda: [each for each in _decisions(stage, told) if each == "EndpointLeftAlone"])
    assert decisions
    stage.account.s3.put_bucket_notification_configuration(
        Bucket=bucket_name, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    stage.account.s3.put_object(Bucket=bucket_name, Key="train/b.csv", Body=b"1,1,0,0\n" * 300)
    eventually(lambda: _document(stage, told).get("running"))
    stage.delete(NAME)


def _start(stage: Serving, told: Mapping[str, str]) -> None:
    stage.states.start_execution(stateMachineArn=told["Machine"], input=told["Start"])


def _approve(stage: Serving) -> None:
    """As a person does, once there is something to approve."""

    def waiting() -> list[str]:
        found = stage.sagemaker.list_model_packages(
            ModelPackageGroupName=GROUP, ModelApprovalStatus="PendingManualApproval"
        )
        return [each["ModelPackageArn"] for each in found["ModelPackageSummaryList"]]

    for arn in eventually(waiting):
        stage.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")


def _change(stage: Serving, told: Mapping[str, str]) -> None:
    """Give the endpoint another configuration, as somebody at the console would."""
    kept = ("ProductionVariants", "KmsKeyId")
    found = stage.sagemaker.describe_endpoint_config(EndpointConfigName=_serves(stage, told))
    stage.sagemaker.create_endpoint_config(
        EndpointConfigName="somebody-elses", **{name: found[name] for name in kept if name in found}
    )
    stage.sagemaker.update_endpoint(EndpointName=told["Serves"], EndpointConfigName="somebody-elses")
    eventually(lambda: stage.endpoint(told["Serves"])["EndpointStatus"] == "InService")


def _serves(stage: Serving, told: Mapping[str, str]) -> str:
    return str(stage.endpoint(told["Serves"])["EndpointConfigName"])


def _statuses(stage: Serving, told: Mapping[str, str]) -> set[str]:
    found = stage.states.list_executions(stateMachineArn=told["Machine"])["executions"]
    return {each["status"] for each in found}


def _until_idle(stage: Serving, told: Mapping[str, str]) -> None:
    eventually(lambda: _statuses(stage, told) <= {"SUCCEEDED"})


def _decisions(stage: Serving, told: Mapping[str, str]) -> list[str]:
    bucket, _, folder = told["Folder"].removeprefix("s3://").partition("/")
    listed: Any = stage.account.s3.list_objects_v2(Bucket=bucket, Prefix=f"{folder}runs/")
    keys = [each["Key"] for each in listed.get("Contents", [])]
    return [json.loads(stage.account.s3.get_object(Bucket=bucket, Key=key)["Body"].read())["Decision"] for key in keys]


def _document(stage: Serving, told: Mapping[str, str]) -> dict[str, Any]:
    bucket, _, folder = told["Folder"].removeprefix("s3://").partition("/")
    loaded: dict[str, Any] = json.loads(
        stage.account.s3.get_object(Bucket=bucket, Key=f"{folder}state.json")["Body"].read()
    )
    return loaded
