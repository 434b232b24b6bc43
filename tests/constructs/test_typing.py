"""mypy tells a user's slips before anything runs, and has nothing to say of sound code."""

import re
from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).parents[2]

APP = """
from dataclasses import replace

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_kms as kms
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm
from aws_cdk import aws_stepfunctions as sfn

from constructs_lib import (
    ApprovalStatus, Asynchronous, AutoMLEndpoint, AutoScaling, DataCapture, DeploymentPolicy, RealTime, ResponseKey,
    ScalingSchedule, Serverless, SplitType,
    Aggregation, Algorithm, AutoMLJob, AutoMLJobOutcome, AutoMLJobV2, AutoMLProvider, Channel, CompletionCriteria,
    FeatureSpecification, FeatureType, FillingType, IAutoMLJob, ImageClassification, Metric, Mode, ModelDeployConfig,
    OnMiss, OnTimeout, OutputLocation, ProblemType, QualityGate, Tabular, TextClassification, TextGeneration,
    TimeSeriesForecasting,
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

criteria = CompletionCriteria(max_candidates=1, max_runtime_per_training_job=cdk.Duration.minutes(5))
features = FeatureSpecification.of({"a": FeatureType.NUMERIC, "b": "text"})
table = Tabular(
    target_attribute="y", problem_type=ProblemType.REGRESSION, mode=Mode.ENSEMBLING, algorithms=(Algorithm.XGBOOST,),
    features=features, sample_weight_attribute="w", generate_candidate_definitions_only=True,
    completion_criteria=criteria,
)
images = ImageClassification(completion_criteria=criteria)
texts = TextClassification(content_column="text", target_label_column="label", completion_criteria=criteria)
fillings: dict[FillingType, str] = {FillingType.MIDDLEFILL: "value", FillingType.MIDDLEFILL_VALUE: "0"}
quantiles: list[str] = ["p10", "p90"]
series = TimeSeriesForecasting(
    target_attribute="y", timestamp_attribute="t", item_identifier_attribute="i", forecast_frequency="1D",
    forecast_horizon=7, forecast_quantiles=quantiles, grouping_attributes=["shop"],
    filling={"y": fillings, "price": {FillingType.BACKFILL: "zero"}}, aggregation={"y": Aggregation.SUM},
    holiday_country="DE", algorithms=[Algorithm.ETS], features=features, completion_criteria=criteria,
)
model = TextGeneration(
    base_model_name="Falcon7BInstruct", hyper_parameters={"epochCount": "2"}, accept_eula=True,
    completion_criteria=criteria,
)
jobs: list[IAutoMLJob] = [
    AutoMLJobV2(stack, "Table", problem=table, training_data=data),
    AutoMLJobV2(stack, "Images", problem=images, training_data=data),
    AutoMLJobV2(stack, "Texts", problem=texts, training_data=data),
    AutoMLJobV2(stack, "Series", problem=series, training_data=data),
    AutoMLJobV2(stack, "Model", problem=model, training_data=data),
]
whole = AutoMLJobV2(
    stack, "Whole", problem=table, training_data=Channel.from_asset("images/"), validation_data=data,
    output=OutputLocation.from_bucket(bucket), objective=Metric.RMSE, validation_fraction=None, role=role,
    volume_encryption_key=key, vpc=vpc, encrypt_inter_container_traffic=True, emr_serverless_role=role,
    model_deploy_config=ModelDeployConfig.named("best"), job_name="whole", revision="2",
)
from_file: AutoMLJobV2 = AutoMLJobV2.from_v1_request(stack, "File", {"RoleArn": "..."}, role=whole.role)

topic = sns.Topic(stack, "Topic")
AutoMLJob(
    stack, "InPublic", training_data=data, target_attribute="y", vpc=vpc,
    vpc_subnets={"subnet_type": ec2.SubnetType.PUBLIC},
)
rule = job.on_finished(targets.SnsTopic(topic))
either[1].on_failed(topic, construct_id="Pager")
either[1].on_failed("Third", target=topic, description="x", rule_name="churn")
alarm = job.metric_failed(period=cdk.Duration.hours(1)).create_alarm(stack, "Alarm", threshold=1, evaluation_periods=1)
baseline = ssm.StringParameter(stack, "Baseline", string_value="0.8")
outcome = AutoMLJobOutcome(stack, "Outcome", job=job, quality_gate=QualityGate(at_least=0.8, metric=Metric.AUC))
other = AutoMLJobOutcome(
    stack, "Other", job=either[1], timeout=cdk.Duration.hours(3), on_timeout=OnTimeout.LET_RUN, revision="2",
    quality_gate=QualityGate(better_than=baseline, on_miss=OnMiss.WARN),
)
gates = [QualityGate(better_than=outcome, on_miss="warn"), QualityGate(at_most=3, metric="LogLoss")]
value: str = outcome.objective_value
endpoint = AutoMLEndpoint(
    stack, "Endpoint", outcome=outcome,
    serving=RealTime(
        instance_type="ml.m5.large", instance_count=2, container_startup_timeout=cdk.Duration.minutes(5),
        auto_scaling=AutoScaling(
            min_capacity=1, max_capacity=2, invocations_per_instance=10.5,
            schedules=[ScalingSchedule(schedule=scaling.Schedule.rate(cdk.Duration.hours(1)), min_capacity=1)],
        ),
    ),
    data_capture=DataCapture(destination=OutputLocation.from_bucket(bucket), csv_content_types=None),
    inference_response_keys=[ResponseKey.LABELS, "odds"], deployment_policy=DeploymentPolicy.all_at_once(),
    rollback_alarms=[], role=role, encryption_key=key, vpc=vpc, enable_network_isolation=True,
)
endpoint.add_rollback_alarm(endpoint.alarm_5xx())
invoked: iam.Grant = endpoint.grant_invoke(role)
any_endpoint: sagemaker.IEndpoint = endpoint
known_endpoint: sagemaker.IEndpoint = AutoMLEndpoint.from_endpoint_name(stack, "KnownEndpoint", "churn")
apigateway.SagemakerIntegration(endpoint)
queue = Asynchronous(
    instance_type="ml.m5.large", output=OutputLocation.from_bucket(bucket), input_bucket=bucket,
    success_topic=sns.Topic(stack, "Answers"),
)
AutoMLEndpoint(stack, "Warm", outcome=outcome, serving=Serverless(provisioned_concurrency=1))
predicted: str = outcome.transform(data=data, instance_type="ml.m5.large", split_type=SplitType.LINE).transform_job_name
version: str = outcome.register("churn", approval_status=ApprovalStatus.APPROVED).model_package_arn
outcome.register(sagemaker.CfnModelPackageGroup(stack, "Group", model_package_group_name="x"), "Second")
provider: AutoMLProvider = AutoMLProvider.of(stack).configure(
    poll_interval=cdk.Duration.minutes(2), tracing=True, vpc=vpc, dead_letter_topic=topic, log_encryption_key=key,
    state_machine_log_level=sfn.LogLevel.ERROR, reserved_concurrent_executions=2,
)

AutoMLJobOutcome(stack, "Q")  # call-arg
AutoMLJobOutcome(stack, "R", job="churn")  # arg-type
AutoMLJobOutcome(stack, "S", job=job, timeout=3600)  # arg-type
AutoMLJobOutcome(stack, "T", job=job, on_timeout="StopJob")  # arg-type
AutoMLJobOutcome(stack, "U", job=job, quality_gate=0.8)  # arg-type
QualityGate(at_least="0.8")  # arg-type
QualityGate(better_than=0.8)  # arg-type
outcome.objective_value = "1"  # misc
outcome.best  # attr-defined
AutoMLEndpoint(stack, "N1", outcome=job, serving=queue)  # arg-type
AutoMLEndpoint(stack, "N2", outcome=outcome)  # call-arg
AutoMLEndpoint(stack, "N3", outcome=outcome, serving="ml.m5.large")  # arg-type
AutoMLEndpoint(stack, "N4", outcome=outcome, serving=queue, data_capture=bucket)  # arg-type
AutoMLEndpoint(stack, "N5", outcome=outcome, serving=queue, rollback_alarms=["errors"])  # list-item
AutoMLEndpoint(stack, "N6", outcome=outcome, serving=queue, deployment_policy="canary")  # arg-type
RealTime()  # call-arg
RealTime(instance_type="ml.m5.large", instance_count="2")  # arg-type
RealTime(instance_type="ml.m5.large", container_startup_timeout=300)  # arg-type
RealTime("ml.m5.large")  # call-arg misc
Serverless(memory_size=2048)  # call-arg
Asynchronous(instance_type="ml.m5.large")  # call-arg
AutoScaling(min_capacity=1)  # call-arg
DeploymentPolicy.canary(percent=10)  # call-arg
endpoint.alarm_latency(threshold=500)  # arg-type
endpoint.endpoint_name = "x"  # misc
outcome.transform(data=data)  # call-arg
outcome.transform(data=data, instance_type="ml.m5.large", split_type="Line")  # arg-type
outcome.register("churn", approval_status="Approved")  # arg-type
job.on_finished(target="arn:aws:sns:eu-west-1:1:topic")  # arg-type
job.metric_failed(every=5)  # call-arg
AutoMLProvider.of(stack).configure(poll_interval=60)  # arg-type
AutoMLProvider.of(stack).configure(dead_letter_topic="arn")  # arg-type

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

AutoMLJobV2(stack, "I", training_data=data)  # call-arg
AutoMLJobV2(stack, "J", problem="Tabular", training_data=data)  # arg-type
AutoMLJobV2(stack, "K", problem={"TabularJobConfig": {}}, training_data=data)  # arg-type
AutoMLJobV2(stack, "L", problem=Tabular, training_data=data)  # arg-type
AutoMLJobV2(stack, "M", problem=images, training_data=data, emr_serverless_role="arn:aws:iam::1:role/x")  # arg-type
Tabular()  # call-arg
Tabular(target_attribute="y", features={"a": "numeric"})  # arg-type
Tabular(target_attribute="y", mode="ENSEMBLING")  # arg-type
Tabular(target_attribute="y", algorithms="xgboost")  # arg-type
Tabular(target_attribute="y", completion_criteria={"max_candidates": 3})  # arg-type
table.target_attribute = "x"  # misc
ImageClassification(completion_criteria=1)  # arg-type
ImageClassification(target_attribute="y")  # call-arg
TextClassification(content_column="text")  # call-arg
TextClassification(content_column=1, target_label_column="label")  # arg-type
TextClassification("text", "label")  # misc call-arg
TimeSeriesForecasting(target_attribute="y")  # call-arg
TextGeneration(hyper_parameters={"epochCount": 2})  # dict-item
TextGeneration(accept_eula="yes")  # arg-type
TextGeneration(base_model_name=Algorithm)  # arg-type
replace(series, forecast_horizon="7")  # arg-type
replace(series, forecast_frequency=1)  # arg-type
replace(series, forecast_quantiles=[0.1])  # list-item
replace(series, grouping_attributes=1)  # arg-type
replace(series, filling={"y": {"backfill": "zero"}})  # dict-item
replace(series, filling={"y": {FillingType.BACKFILL: 0}})  # dict-item
replace(series, aggregation={"y": "sum"})  # dict-item
replace(series, holiday_country=Metric)  # arg-type
replace(series, algorithms=["ets"])  # list-item
replace(series, features=["price"])  # arg-type
AutoMLJobV2.from_v1_request(stack, "N", 5)  # arg-type
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

    assert len(planted) == 77
    assert sorted(reported) == sorted(planted)
    assert [line for line, codes in planted.items() if not codes & reported[line]] == []
