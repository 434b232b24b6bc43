"""A bank's app: one stack with every prop that adds a permission, as an organisation with many rules would have it."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from constructs_lib import (
    Asynchronous,
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLJobV2,
    AutoMLProvider,
    AutoScaling,
    Channel,
    DataCapture,
    Metric,
    Mode,
    ModelDeployConfig,
    OnTimeout,
    OutputLocation,
    ProblemType,
    QualityGate,
    RealTime,
    Serverless,
    Tabular,
)

TOPIC = "arn:aws:sns:eu-west-1:111122223333:topic"
EMR_ROLE = "arn:aws:iam::111122223333:role/emr"


def vpc_of(stack: cdk.Stack) -> ec2.IVpc:
    """A network that exists."""
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        vpc_cidr_block="10.0.0.0/16",
        availability_zones=["a"],
        private_subnet_ids=["subnet-0123456789abcdef0"],
    )


def define_bank(app: cdk.App) -> None:
    """The stack. What is not the library's comes from elsewhere, but for one key."""
    stack = cdk.Stack(app, "Bank")
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    bucket = s3.Bucket.from_bucket_attributes(stack, "Data", bucket_name="bank-data", encryption_key=key)
    topic = sns.Topic.from_topic_arn(stack, "Topic", TOPIC)
    vpc = vpc_of(stack)
    AutoMLProvider.of(stack).configure(
        poll_interval=cdk.Duration.minutes(2),
        event_bus=events.EventBus.from_event_bus_name(stack, "Bus", "ml"),
        log_retention=cdk.Duration.days(731),
        log_encryption_key=key,
        tracing=True,
        permissions_boundary=iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "boundary"),
        reserved_concurrent_executions=5,
        dead_letter_topic=topic,
        vpc=vpc,
    )

    def place(prefix: str) -> OutputLocation:
        return OutputLocation.from_bucket(bucket, prefix, encryption_key=key)

    job = AutoMLJob(
        stack,
        "Churn",
        training_data=Channel.from_bucket(bucket, "train/"),
        validation_data=Channel.from_manifest(bucket, "validation.manifest", data_prefix="validation/"),
        target_attribute="churned",
        problem_type=ProblemType.BINARY_CLASSIFICATION,
        objective=Metric.F1,
        mode=Mode.ENSEMBLING,
        output=place("models/"),
        volume_encryption_key=key,
        encrypt_inter_container_traffic=True,
        model_deploy_config=ModelDeployConfig.auto_named(),
        vpc=vpc,
    )
    tabular = AutoMLJobV2(
        stack,
        "Fraud",
        problem=Tabular(target_attribute="fraud", mode=Mode.ENSEMBLING),
        training_data=Channel.from_bucket(bucket, "fraud/"),
        output=place("fraud-models/"),
        volume_encryption_key=key,
        encrypt_inter_container_traffic=True,
        emr_serverless_role=iam.Role.from_role_arn(stack, "EmrRole", EMR_ROLE),
        model_deploy_config=ModelDeployConfig.named("Fraud"),
        vpc=vpc,
    )
    tabular.on_failed(topic)
    champion = AutoMLJob.from_job_name(stack, "Old", "champion", output=place("models/"))
    baseline = AutoMLJobOutcome(stack, "Champion", job=champion, on_timeout=OnTimeout.STOP_JOB)
    outcome = AutoMLJobOutcome(
        stack, "Outcome", job=job, timeout=cdk.Duration.days(1), quality_gate=QualityGate(better_than=baseline)
    )
    outcome.transform(data=Channel.from_bucket(bucket, "new/"), instance_type="ml.m5.large", output=place("scored/"))
    outcome.register("churn")

    endpoint = AutoMLEndpoint(
        stack,
        "RealTime",
        outcome=outcome,
        serving=RealTime(
            instance_type="ml.m5.large",
            auto_scaling=AutoScaling(min_capacity=1, max_capacity=4, invocations_per_instance=100),
        ),
        data_capture=DataCapture(destination=place("captured/")),
        encryption_key=key,
        enable_network_isolation=True,
        log_retention=cdk.Duration.days(731),
        log_encryption_key=key,
        vpc=vpc,
    )
    alarm = endpoint.alarm_5xx()
    alarm.add_alarm_action(actions.SnsAction(topic))
    endpoint.add_rollback_alarm(alarm)
    warm = Serverless(
        provisioned_concurrency=1, auto_scaling=AutoScaling(min_capacity=1, max_capacity=2, utilization=0.7)
    )
    AutoMLEndpoint(stack, "Serverless", outcome=outcome, serving=warm, encryption_key=key, log_encryption_key=key)
    queue = Asynchronous(
        instance_type="ml.m5.large",
        output=place("answers/"),
        failure_output=place("failures/"),
        success_topic=topic,
        error_topic=topic,
        auto_scaling=AutoScaling(min_capacity=0, max_capacity=2, backlog_per_instance=3),
    )
    AutoMLEndpoint(stack, "Queue", outcome=outcome, serving=queue, encryption_key=key, log_encryption_key=key)
