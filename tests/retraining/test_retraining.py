"""A retraining in a template: its parts, its least permissions, its order, and its costs."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from statelint.linter import Linter

from constructs_lib import (
    CHAMPION,
    ApprovalStatus,
    AutoMLEndpoint,
    AutoMLJobOutcome,
    AutoMLProvider,
    AutoMLRetraining,
    Channel,
    DeploymentPolicy,
    Holdout,
    NewData,
    OutputLocation,
    QualityGate,
    RealTime,
)
from constructs_lib.provider.provider import CONSTRUCT_ID
from constructs_lib.provider.retrainer import definition
from constructs_lib.runtime.contract import MODEL_TYPE, RETRAINING_TYPE

from ..constructs.synthesis import (
    allowing,
    data_bucket,
    flat,
    new_job,
    new_stack,
    only,
    resources_of,
    statements_of,
    warnings_of,
)
from ..constructs.synthesis import template_of as template_of

EVERY_MONDAY = scheduler.ScheduleExpression.cron(
    week_day="MON", hour="3", minute="0", time_zone=cdk.TimeZone.EUROPE_BERLIN
)


def served(stack: cdk.Stack, job: Any, **props: Any) -> AutoMLEndpoint:
    outcome = AutoMLJobOutcome(stack, "Outcome", job=job)
    serving = props.pop("serving", RealTime(instance_type="ml.m5.large", instance_count=1))
    return AutoMLEndpoint(stack, "Endpoint", outcome=outcome, serving=serving, **props)


def retrained(stack: cdk.Stack, **props: Any) -> AutoMLRetraining:
    """A retraining of a new job, with all that it can do unless something else is said."""
    job = props.pop("job", None) or new_job(stack)
    defaults: dict[str, Any] = {"job": job, "max_runs_per_month": 10, "schedule": EVERY_MONDAY}
    return AutoMLRetraining(stack, props.pop("construct_id", "Weekly"), **{**defaults, **props})


def everything(stack: cdk.Stack, **props: Any) -> AutoMLRetraining:
    job = new_job(stack)
    endpoint = served(stack, job, deployment_policy=DeploymentPolicy.all_at_once())
    return retrained(
        stack,
        job=job,
        **{
            "on_new_data": NewData(data_bucket(stack), "train/"),
            "on_alarm": [endpoint.alarm_5xx()],
            "register_in": "churn",
            "promotes": endpoint,
            "quality_gate": QualityGate(better_than=CHAMPION, by=0.01, at_least=0.5),
            "on_failed": sns.Topic(stack, "Alerts"),
            **props,
        },
    )


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    stack = new_stack()
    everything(stack)
    return template_of(stack)


def retraining_of(template: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = only(resources_of(template, RETRAINING_TYPE))["Properties"]
    return properties


def test_request_is_the_jobs_own_under_a_fresh_name(template: dict[str, Any]) -> None:
    (job,) = resources_of(template, "Custom::SageMakerAutoMLJob").values()
    properties = retraining_of(template)

    assert properties["Request"] == job["Properties"]["Request"]
    assert properties["Operation"] == job["Properties"]["Operation"]
    assert "weekly" in flat(properties["NamePrefix"])


def test_settings_are_what_the_function_reads(template: dict[str, Any]) -> None:
    properties = retraining_of(template)

    assert properties["Gate"] == {"BetterThanChampion": 0.01, "AtLeast": 0.5}
    assert properties["Data"] | {"Bucket": ""} == {
        "Bucket": "",
        "Prefix": "train/",
        "QuietSeconds": 1800,
        "EverySeconds": 86400,
    }
    assert properties["MaxRunsPerMonth"] == 10
    assert properties["TimeoutSeconds"] == 12 * 3600
    assert flat(properties["Folder"]).startswith("s3://data-bucket/models/stacke")
    assert properties["Registry"]["Request"]["ModelApprovalStatus"] == "PendingManualApproval"


def test_endpoint_is_named_with_its_template_its_model_and_its_policy(template: dict[str, Any]) -> None:
    endpoint = retraining_of(template)["Endpoint"]
    ((model_id, model),) = resources_of(template, MODEL_TYPE).items()
    (deployed,) = resources_of(template, "AWS::SageMaker::Endpoint").values()

    assert endpoint["ModelLogicalId"] == model_id
    besides = {"ServiceToken", "ServiceTimeout", "Retraining", "EndpointShape", "JobSpec"}
    assert endpoint["Model"] == {name: value for name, value in model["Properties"].items() if name not in besides}
    assert endpoint["Update"]["DeploymentConfig"] == deployed["Properties"]["DeploymentConfig"]
    assert endpoint["TemplateConfig"] == deployed["Properties"]["EndpointConfigName"]
    assert endpoint["Name"] == deployed["Properties"]["EndpointName"]


def test_alarm_that_is_added_later_counts_in_a_promotion_too() -> None:
    stack = new_stack()
    job = new_job(stack)
    endpoint = served(stack, job)
    retrained(stack, job=job, promotes=endpoint)
    endpoint.add_rollback_alarm(endpoint.alarm_5xx())

    update = retraining_of(template_of(stack))["Endpoint"]["Update"]
    assert len(update["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]) == 1


def shape_of(count: int, *, instance: str = "ml.m5.large") -> str:
    stack = new_stack()
    job = new_job(stack)
    retrained(
        stack, job=job, promotes=served(stack, job, serving=RealTime(instance_type=instance, instance_count=count))
    )
    return str(only(resources_of(template_of(stack), MODEL_TYPE))["Properties"]["EndpointShape"])


def test_model_is_asked_again_when_the_shape_of_the_endpoint_changes_and_only_then() -> None:
    assert shape_of(1) == shape_of(1)
    assert len({shape_of(1), shape_of(2), shape_of(1, instance="ml.m5.xlarge")}) == 3


def test_one_rule_hears_of_everything_in_less_than_a_pattern_may_have(template: dict[str, Any]) -> None:
    rule = only(resources_of(template, "AWS::Events::Rule"))["Properties"]

    kinds = [pattern["detail-type"][0] for pattern in rule["EventPattern"]["$or"]]
    assert kinds == [
        "Step Functions Execution Status Change",
        "Object Created",
        "CloudWatch Alarm State Change",
        "SageMaker Model Package State Change",
        "SageMaker Endpoint State Change",
    ]
    assert len(json.dumps(rule["EventPattern"])) < 4096
    (target,) = rule["Targets"]
    assert target["InputTransformer"]["InputPathsMap"] == {"source": "$.source", "id": "$.id", "detail": "$.detail"}
    assert flat(target["InputTransformer"]["InputTemplate"]).endswith(
        '"Event":{"source":<source>,"id":<id>,"detail":<detail>}}'
    )


def test_failed_execution_starts_no_other(template: dict[str, Any]) -> None:
    rule = only(resources_of(template, "AWS::Events::Rule"))["Properties"]

    assert rule["EventPattern"]["$or"][0]["detail"]["status"] == ["ABORTED", "TIMED_OUT"]


def test_schedule_has_its_zone_and_its_window() -> None:
    stack = new_stack()
    retrained(stack, time_window=scheduler.TimeWindow.flexible(cdk.Duration.minutes(15)))
    schedule = only(resources_of(template_of(stack), "AWS::Scheduler::Schedule"))["Properties"]

    assert schedule["ScheduleExpression"] == "cron(0 3 ? * MON *)"
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    given = json.loads(flat(schedule["Target"]["Input"]))
    assert given["Id"] == "<aws.scheduler.scheduled-time>"
    assert given["Retraining"].startswith("s3://")


# Order and number


def test_what_starts_runs_goes_first_and_the_policy_last(template: dict[str, Any]) -> None:
    ((name, resource),) = resources_of(template, RETRAINING_TYPE).items()
    (policy,) = [each for each in template["Resources"] if each.startswith("WeeklyPermissions")]
    (check,) = resources_of(template, "Custom::SageMakerEndpointCheck")
    for kind in ("AWS::Events::Rule", "AWS::Scheduler::Schedule"):
        assert name in only(resources_of(template, kind))["DependsOn"]

    assert {policy, check} <= set(resource["DependsOn"])
    assert policy in only(resources_of(template, MODEL_TYPE))["DependsOn"]


def test_document_outlives_its_users_in_a_bucket_that_is_emptied() -> None:
    stack = new_stack()
    output = OutputLocation.new_bucket(removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True)
    job = new_job(stack, output=output)
    retrained(stack, job=job, promotes=served(stack, job))
    template = template_of(stack)

    (emptying,) = resources_of(template, "Custom::S3AutoDeleteObjects")
    assert emptying in only(resources_of(template, RETRAINING_TYPE))["DependsOn"]
    assert emptying in only(resources_of(template, MODEL_TYPE))["DependsOn"]


def count_of(endpoints: int, retrainings: int, **props: Any) -> int:
    stack = new_stack()
    for number in range(endpoints):
        bucket = data_bucket(stack)
        job = new_job(stack, f"Job{number}", output=OutputLocation.from_bucket(bucket, f"models{number}/"))
        outcome = AutoMLJobOutcome(stack, f"Outcome{number}", job=job)
        serving = RealTime(instance_type="ml.m5.large", instance_count=1)
        endpoint = AutoMLEndpoint(stack, f"Endpoint{number}", outcome=outcome, serving=serving)
        if number < retrainings:
            retrained(
                stack,
                job=job,
                construct_id=f"Weekly{number}",
                promotes=endpoint,
                register_in="churn",
                on_new_data=NewData(bucket, "train/"),
                **props,
            )
    return len(template_of(stack)["Resources"])


def test_retraining_takes_four_resources_and_the_first_twelve_at_most() -> None:
    none, one, two = (count_of(2, retrainings) for retrainings in range(3))

    assert one - none <= 12
    assert two - one <= 4


def test_group_may_be_a_construct_of_the_app_which_is_there_first() -> None:
    stack = new_stack()
    everything(stack)
    by_name = retraining_of(template_of(stack))
    stack = new_stack()
    group = sagemaker.CfnModelPackageGroup(stack, "Group", model_package_group_name="churn")
    everything(stack, register_in=group)
    template = template_of(stack)
    resource = only(resources_of(template, RETRAINING_TYPE))

    assert resource["Properties"] == by_name
    assert stack.get_logical_id(group) in resource["DependsOn"]


def test_holdout_takes_none_of_its_own_but_the_permissions_of_transforms_once() -> None:
    holdout = Holdout.from_bucket(data_bucket(new_stack()), "holdout.csv")
    without, one = count_of(2, 1), count_of(2, 1, evaluate_on=holdout)

    assert one - without <= 1
    assert one - count_of(2, 0) <= 12
    assert count_of(2, 2, evaluate_on=holdout) - one <= 4


def test_span_that_is_whole_but_for_binary_noise_is_taken_as_such() -> None:
    stack = new_stack()
    data = NewData(data_bucket(stack), "train/", quiet_for=cdk.Duration.hours(1.1))
    retrained(stack, on_new_data=data)

    assert retraining_of(template_of(stack))["Data"]["QuietSeconds"] == 3960


def test_bucket_of_the_app_sends_its_events_without_a_further_resource() -> None:
    stack = new_stack()
    bucket = s3.Bucket(stack, "Mine")
    job = new_job(stack, training_data=Channel.from_bucket(bucket, "train/"))
    retrained(stack, job=job, on_new_data=NewData(bucket, "train/"))
    template = template_of(stack)

    (made,) = [each for name, each in resources_of(template, "AWS::S3::Bucket").items() if name.startswith("Mine")]
    setting = made["Properties"]["NotificationConfiguration"]
    assert setting == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert not resources_of(template, "Custom::S3BucketNotifications")


# Permissions


def test_function_may_do_what_a_run_does_where_it_does_it(template: dict[str, Any]) -> None:
    statements = statements_of(template, beginning="WeeklyPermissions")
    allowed = {
        action: [flat(each) for each in as_list(statement["Resource"])]
        for statement in statements
        if statement["Effect"] == "Allow"
        for action in as_list(statement["Action"])
    }

    assert all(arn.endswith("/*") and "/models/stacke" in arn for arn in allowed["s3:PutObject"])
    assert allowed["states:StopExecution"] == [
        "arn:<Partition>:states:<Region>:<AccountId>:execution:sagemaker-autopilot-retraining-"
        + allowed["states:StopExecution"][0].rpartition("retraining-")[2]
    ]
    assert allowed["sns:Publish"] == ["<Alerts4FD9F5C2>"] or allowed["sns:Publish"][0].startswith("<Alerts")
    assert all("endpoint-config/stacke" in arn for arn in allowed["sagemaker:CreateEndpointConfig"])
    assert not [action for action in allowed if action.endswith("*")]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_function_may_never_approve_where_a_person_has_to(template: dict[str, Any]) -> None:
    (denied,) = [each for each in statements_of(template) if each["Effect"] == "Deny"]

    assert denied["Condition"] == {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}}
    assert set(denied["Action"]) == {"sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"}


def test_function_that_is_to_approve_may() -> None:
    stack = new_stack()
    retrained(stack, register_in="churn", approval_status=ApprovalStatus.APPROVED)
    template = template_of(stack)

    assert not [each for each in statements_of(template) if each["Effect"] == "Deny"]
    assert retraining_of(template)["Registry"]["Request"]["ModelApprovalStatus"] == "Approved"


def test_rules_and_schedules_may_start_one_state_machine(template: dict[str, Any]) -> None:
    (name,) = [
        flat(each["Properties"]["StateMachineName"])
        for each in resources_of(template, "AWS::StepFunctions::StateMachine").values()
        if "retraining" in flat(each["Properties"]["StateMachineName"])
    ]
    (statement,) = [
        each
        for name, policy in resources_of(template, "AWS::IAM::ManagedPolicy").items()
        if "StartPermissions" in name
        for each in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    assert (statement["Action"], statement["Effect"]) == ("states:StartExecution", "Allow")
    assert flat(statement["Resource"]) == f"arn:<Partition>:states:<Region>:<AccountId>:stateMachine:{name}"
    (role,) = [each for name, each in resources_of(template, "AWS::IAM::Role").items() if "StartRole" in name]
    trusted = {
        each["Principal"]["Service"]: flat(each["Condition"]["ArnLike"]["aws:SourceArn"])
        for each in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    }
    assert trusted == {
        "events.amazonaws.com": "arn:<Partition>:events:<Region>:<AccountId>:rule/*",
        "scheduler.amazonaws.com": "arn:<Partition>:scheduler:<Region>:<AccountId>:schedule-group/default",
    }


def test_key_of_the_output_encrypts_the_document_too() -> None:
    stack = new_stack()
    key = kms.Key(stack, "Key")
    job = new_job(stack, output=OutputLocation.from_bucket(data_bucket(stack), "models/", encryption_key=key))
    retrained(stack, job=job)
    template = template_of(stack)

    assert flat(retraining_of(template)["EncryptionKey"]).startswith("<Key")
    (statement,) = allowing(statements_of(template, beginning=CONSTRUCT_ID), "kms:GenerateDataKey")
    assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}


def test_imported_key_is_in_one_statement_of_the_function() -> None:
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:111122223333:key/x")
    bucket = s3.Bucket.from_bucket_attributes(stack, "Keyed", bucket_name="keyed", encryption_key=key)
    job = new_job(stack, output=OutputLocation.from_bucket(bucket, "models/"))
    AutoMLJobOutcome(stack, "Outcome", job=job)
    retrained(stack, job=job)
    told = statements_of(template_of(stack), beginning=CONSTRUCT_ID)

    assert len(allowing(told, "kms:GenerateDataKey")) == len(allowing(told, "kms:Decrypt")) == 1


def test_run_is_told_on_a_bus_of_another_account_of_the_app() -> None:
    app = cdk.App()
    here, there = (cdk.Environment(account=each, region="eu-west-1") for each in ("111111111111", "222222222222"))
    stack = cdk.Stack(app, "Churn", env=here)
    bus = events.EventBus(cdk.Stack(app, "Hub", env=there), "Bus", event_bus_name="hub")
    AutoMLProvider.of(stack).configure(event_bus=bus)
    retrained(stack)
    template = template_of(stack)

    (told,) = allowing(statements_of(template, beginning=CONSTRUCT_ID), "events:PutEvents")
    assert flat(told["Resource"]) == "arn:<Partition>:events:eu-west-1:222222222222:event-bus/hub"
    (policy,) = resources_of(template_of(bus.stack), "AWS::Events::EventBusPolicy").values()
    assert policy["Properties"]["Statement"]["Action"] == "events:PutEvents"


def test_grant_start_allows_to_start_and_nothing_else() -> None:
    stack = new_stack()
    retraining = retrained(stack)
    role = iam.Role(stack, "Ann", assumed_by=iam.AccountRootPrincipal())
    retraining.grant_start(role)
    cdk.CfnOutput(stack, "Input", value=retraining.start_input)
    cdk.CfnOutput(stack, "Back", value=retraining.rollback_input)
    template = template_of(stack)

    (statement,) = statements_of(template, beginning="AnnDefaultPolicy")
    assert statement["Action"] == "states:StartExecution"
    assert json.loads(flat(template["Outputs"]["Back"]["Value"]))["Rollback"] is True
    with pytest.raises(ValueError, match=r"'grantee' must be an iam.IGrantable"):
        retraining.grant_start("ann")  # type: ignore[arg-type]


# The state machine


def test_statelint_finds_nothing() -> None:
    assert (
        Linter().validate(json.loads(json.dumps(definition("arn:aws:lambda:eu-west-1:111122223333:function:f")))) == []
    )


def test_failed_step_is_made_again_and_a_failed_admission_ends() -> None:
    states = definition("arn")["States"]

    assert states["Step"]["Catch"][0]["Next"] == "Wait"
    assert "Catch" not in states["Admit"]


# Metrics


def test_metrics_and_dashboard_are_of_this_retraining() -> None:
    stack = new_stack()
    retraining = retrained(stack)
    retraining.metric_failed().create_alarm(stack, "Alarm", threshold=1, evaluation_periods=1)
    retraining.dashboard()
    template = template_of(stack)

    alarm = only(resources_of(template, "AWS::CloudWatch::Alarm"))["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == (
        "SageMakerAutopilot",
        "RetrainingRunsFailed",
        "Sum",
    )
    (name,) = resources_of(template, RETRAINING_TYPE)
    assert flat(alarm["Dimensions"][0]["Value"]).endswith(f"/{name}")
    body = flat(only(resources_of(template, "AWS::CloudWatch::Dashboard"))["Properties"]["DashboardBody"])
    assert "ChampionObjective" in body
    assert "AWS/SageMaker" not in body
    assert isinstance(retraining.widgets()[0], cloudwatch.GraphWidget)


def test_dashboard_shows_errors_and_latency_of_what_is_promoted() -> None:
    stack = new_stack()
    job = new_job(stack)
    endpoint = served(stack, job)
    retrained(stack, job=job, promotes=endpoint).dashboard()
    template = template_of(stack)

    body = flat(only(resources_of(template, "AWS::CloudWatch::Dashboard"))["Properties"]["DashboardBody"])
    for shown in ("RetrainingRuns", "Promotions", "ChampionObjective", "Invocation5XXErrors", "ModelLatency"):
        assert f'"{shown}"' in body
    assert not resources_of(template, "AWS::CloudWatch::Alarm")


@pytest.mark.parametrize(
    ("construct_id", "told"),
    [
        ("", "'construct_id' must not be empty"),
        (cdk.Aws.REGION, "'construct_id' is part of logical ids, so it cannot be a token"),
    ],
    ids=["empty", "a token"],
)
def test_dashboard_needs_an_id(construct_id: str, told: str) -> None:
    stack = new_stack()
    retraining = retrained(stack)

    with pytest.raises(ValueError, match="the dashboard") as refused:
        retraining.dashboard(construct_id)

    assert told in str(refused.value)


def test_alarms_are_made_when_they_are_asked_for() -> None:
    stack = new_stack()
    retraining = retrained(stack)
    retraining.alarm_failed(threshold=2)
    retraining.alarm_no_runs()
    alarms = [each["Properties"] for each in resources_of(template_of(stack), "AWS::CloudWatch::Alarm").values()]

    failed, silent = sorted(alarms, key=lambda each: each["MetricName"], reverse=True)
    assert (failed["MetricName"], failed["Threshold"], failed["TreatMissingData"]) == (
        "RetrainingRunsFailed",
        2,
        "notBreaching",
    )
    assert (silent["MetricName"], silent["ComparisonOperator"], silent["TreatMissingData"]) == (
        "RetrainingRuns",
        "LessThanThreshold",
        "breaching",
    )
    assert silent["Period"] * silent["EvaluationPeriods"] == 7 * 24 * 3600


def test_alarm_without_a_period_is_refused() -> None:
    with pytest.raises(ValueError, match="'evaluation_periods' must be at least 1, got 0"):
        retrained(new_stack()).alarm_failed(evaluation_periods=0)


def test_function_may_use_the_key_of_the_topic_that_hears_of_failures() -> None:
    stack = new_stack()
    key = kms.Key(stack, "Key")
    retrained(stack, on_failed=sns.Topic(stack, "Alerts", master_key=key))
    template = template_of(stack)

    (allowed,) = allowing(statements_of(template, beginning="SageMakerAutopilot"), "kms:GenerateDataKey")
    assert allowed["Resource"] == stack.resolve(key.key_arn)
    assert "kms:Decrypt" in allowed["Action"]


def test_key_of_a_topic_from_elsewhere_is_granted_and_what_its_policy_needs_is_told() -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:444455556666:key/abc")
    topic = sns.Topic(stack, "Alerts", master_key=key)
    retraining = retrained(stack, on_failed=topic)

    (allowed,) = allowing(statements_of(template_of(stack), beginning="SageMakerAutopilot"), "kms:GenerateDataKey")
    assert allowed["Resource"] == key.key_arn
    assert any("the key of 'on_failed' is in the account 444455556666" in each for each in warnings_of(retraining))
