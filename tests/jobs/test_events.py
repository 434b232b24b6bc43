"""Who is told when a job has ended, and what is measured of it."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from constructs_lib import AutoMLJob, AutoMLJobOutcome, AutoMLProvider
from constructs_lib.runtime import contract

from ..constructs.synthesis import (
    allowing,
    flat,
    job_properties,
    new_job,
    new_stack,
    only,
    resources_of,
    statements_of,
    template_of,
)

RULE = "AWS::Events::Rule"


def rule_of(template: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = only(resources_of(template, RULE))["Properties"]
    return properties


@pytest.mark.parametrize(
    ("method", "statuses"),
    [
        ("on_finished", ["Completed", "Failed", "Stopped"]),
        ("on_completed", ["Completed"]),
        ("on_failed", ["Failed"]),
    ],
)
def test_rule_listens_for_the_events_of_the_library_about_this_job(method: str, statuses: list[str]) -> None:
    stack = new_stack()
    job = new_job(stack)
    getattr(job, method)(targets.SqsQueue(sqs.Queue(stack, "Queue")))

    template = template_of(stack)

    assert rule_of(template)["EventPattern"] == {
        "source": [contract.EVENT_SOURCE],
        "detail-type": [contract.EVENT_DETAIL_TYPE],
        "account": [{"Ref": "AWS::AccountId"}],
        "region": [{"Ref": "AWS::Region"}],
        "detail": {"AutoMLJobName": [stack.resolve(job.job_name)], "AutoMLJobStatus": statuses},
    }
    assert not rule_of(template)["EventPattern"]["source"][0].startswith("aws.")


@pytest.mark.parametrize("made", ["here", "elsewhere by name", "elsewhere by arn"])
def test_nobody_else_on_a_shared_bus_is_heard(made: str) -> None:
    """What is told of a job comes from where the function looks at it, whoever made the job."""
    stack = new_stack(env=cdk.Environment(account="111122223333", region="eu-west-1"))
    AutoMLProvider.of(stack).configure(event_bus=events.EventBus(stack, "Shared"))
    arn = "arn:aws:sagemaker:eu-west-1:111122223333:automl-job/churn"
    job: Any
    if made == "here":
        job = new_job(stack)
    elif made == "elsewhere by name":
        job = AutoMLJob.from_job_name(stack, "Old", "churn")
    else:
        job = AutoMLJob.from_job_arn(stack, "Old", arn)
    for listen in (job.on_finished, job.on_completed, job.on_failed):
        listen(sns.Topic(stack, f"To{listen.__name__}"))

    rules = [rule["Properties"] for rule in resources_of(template_of(stack), RULE).values()]

    assert len(rules) == 3
    for rule in rules:
        assert (rule["EventPattern"]["account"], rule["EventPattern"]["region"]) == (["111122223333"], ["eu-west-1"])


def test_a_job_that_is_listened_to_is_followed_without_making_a_deployment_wait() -> None:
    stack = new_stack()
    new_job(stack).on_finished(sns.Topic(stack, "Topic"))

    template = template_of(stack)

    assert job_properties(template)["Watch"]["Conditions"] == []
    assert resources_of(template, "AWS::CloudFormation::WaitCondition") == {}
    assert len(resources_of(template, "AWS::StepFunctions::StateMachine")) == 1


def test_a_topic_is_a_target() -> None:
    stack = new_stack()
    topic = sns.Topic(stack, "Topic")
    new_job(stack).on_failed(topic)

    template = template_of(stack)
    allowed = only(resources_of(template, "AWS::SNS::TopicPolicy"))["Properties"]["PolicyDocument"]["Statement"]

    assert [target["Arn"] for target in rule_of(template)["Targets"]] == [stack.resolve(topic.topic_arn)]
    assert [statement["Principal"] for statement in allowed] == [{"Service": "events.amazonaws.com"}]


def test_more_targets_join_the_rule_and_another_id_makes_another_rule() -> None:
    stack = new_stack()
    job = new_job(stack)
    first = job.on_failed(sns.Topic(stack, "One"))
    second = job.on_failed(sns.Topic(stack, "Two"))
    job.on_failed(sns.Topic(stack, "Three"), construct_id="Pager")

    rules = resources_of(template_of(stack), RULE).values()

    assert first is second
    assert sorted(len(rule["Properties"]["Targets"]) for rule in rules) == [1, 2]


def test_rule_is_defined_as_those_of_the_cdk_are() -> None:
    stack = new_stack()
    topic = sns.Topic(stack, "Topic")
    job = new_job(stack)
    pager = job.on_failed("Pager", target=topic, description="Wake somebody", rule_name="churn-failed")

    rule = rule_of(template_of(stack))

    assert (rule["Description"], rule["Name"]) == ("Wake somebody", "churn-failed")
    assert [target["Arn"] for target in rule["Targets"]] == [stack.resolve(topic.topic_arn)]
    assert job.on_failed(topic, construct_id="Pager") is job.on_failed("Pager") is pager


def test_rule_has_the_same_id_however_its_target_is_given() -> None:
    ids = []
    for give in ("alone", "by name", "behind an id"):
        stack = new_stack()
        job, topic = new_job(stack), sns.Topic(stack, "Topic")
        if give == "alone":
            job.on_failed(topic)
        elif give == "by name":
            job.on_failed(target=topic)
        else:
            job.on_failed("OnFailed", target=topic)
        ids.append(list(resources_of(template_of(stack), RULE)))

    assert ids == [["JobOnFailedF94673F3"]] * 3


def test_rule_without_a_target_waits_for_one() -> None:
    stack = new_stack()
    rule = new_job(stack).on_completed("Done")
    rule.add_event_pattern(detail={"MetricValue": events.Match.greater_than(0.9)})
    rule.add_target(targets.SnsTopic(sns.Topic(stack, "Topic")))

    made = rule_of(template_of(stack))

    assert len(made["Targets"]) == 1
    assert made["EventPattern"]["detail"]["MetricValue"] == [{"numeric": [">", 0.9]}]
    assert made["EventPattern"]["detail"]["AutoMLJobStatus"] == ["Completed"]


def test_rule_lives_where_its_target_does_not_make_stacks_need_each_other() -> None:
    app = cdk.App()
    stack, other = cdk.Stack(app, "Stack"), cdk.Stack(app, "Other")
    new_job(stack).on_failed("Pager", target=targets.SqsQueue(sqs.Queue(other, "Queue")), cross_stack_scope=other)

    assert resources_of(template_of(stack), RULE) == {}
    assert len(rule_of(template_of(other))["Targets"]) == 1


ODD_RULES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "two ids": ("Pager", {"construct_id": "Other"}, "'construct_id' must be given once, and the first argument is one"),
    "two targets": ("topic", {"target": "topic"}, "'target' must be given once, and the first argument is one"),
    "no target": ("Pager", {"target": 3}, "'target' of 'Stack/Job' must be an events.IRuleTarget or an sns.ITopic"),
    "a name": ("Pager", {"rule_name": "a b"}, "'rule_name' must match .*, got 'a b'"),
    "a text": ("Pager", {"description": "x" * 513}, "'description' must .*512"),
    "a scope": ("Pager", {"cross_stack_scope": "Stack"}, "'scope' must be a construct, got 'Stack'"),
    "no stack": ("Pager", {"cross_stack_scope": cdk.App()}, "'cross_stack_scope' must be a stack or lie in one, got"),
    "an id": ("topic", {"construct_id": ""}, "'construct_id' must"),
    "too late": (
        "There",
        {"rule_name": "x"},
        "'rule_name' comes too late: a rule with the id 'There' is",
    ),
}


@pytest.mark.parametrize(("first", "options", "message"), ODD_RULES.values(), ids=ODD_RULES)
def test_odd_rule_is_refused(first: Any, options: dict[str, Any], message: str) -> None:
    stack = new_stack()
    job: Any = new_job(stack)
    topic = sns.Topic(stack, "Topic")
    job.on_failed("There", target=topic)
    given = {name: topic if value == "topic" else value for name, value in options.items()}

    with pytest.raises(ValueError, match=message):
        job.on_failed(topic if first == "topic" else first, **given)


def test_a_job_made_elsewhere_is_watched() -> None:
    stack = new_stack()
    job = AutoMLJob.from_job_name(stack, "Old", "churn-2025")
    job.on_completed(sns.Topic(stack, "Topic"))
    AutoMLJobOutcome(stack, "Outcome", job=job)

    template = template_of(stack)

    assert rule_of(template)["EventPattern"]["detail"]["AutoMLJobName"] == ["churn-2025"]
    assert len(only(resources_of(template, contract.WATCH_TYPE))["Properties"]["Watch"]["Conditions"]) == 1


def test_events_go_to_the_bus_that_was_given() -> None:
    stack = new_stack()
    bus = events.EventBus(stack, "Bus")
    AutoMLProvider.of(stack).configure(event_bus=bus)
    new_job(stack).on_failed(sns.Topic(stack, "Topic"))

    template = template_of(stack)
    (statement,) = allowing(statements_of(template, beginning="SageMakerAutopilotProvider"), "events:PutEvents")

    assert rule_of(template)["EventBusName"] == stack.resolve(bus.event_bus_name)
    assert job_properties(template)["Watch"]["EventBus"] == stack.resolve(bus.event_bus_arn)
    assert statement["Resource"] == stack.resolve(bus.event_bus_arn)


def test_the_function_may_only_tell_in_its_own_name() -> None:
    stack = new_stack()
    new_job(stack).on_failed(sns.Topic(stack, "Topic"))
    (statement,) = allowing(
        statements_of(template_of(stack), beginning="SageMakerAutopilotProvider"), "events:PutEvents"
    )

    assert statement["Condition"] == {"StringEquals": {"events:source": contract.EVENT_SOURCE}}
    assert flat(statement["Resource"]) == "arn:<Partition>:events:<Region>:<AccountId>:event-bus/default"


@pytest.mark.parametrize("target", [None, "arn:aws:sns:eu-west-1:111122223333:topic"])
def test_what_is_no_target_is_refused(target: Any) -> None:
    stack = new_stack()
    job = new_job(stack)
    with pytest.raises(ValueError, match=r"'target' of 'Stack/Job' must be an events.IRuleTarget or an sns.ITopic"):
        job.on_finished(target)


METRICS = {
    "metric_completed": ("JobsCompleted", "Sum"),
    "metric_failed": ("JobsFailed", "Sum"),
    "metric_stopped": ("JobsStopped", "Sum"),
    "metric_duration": ("JobDuration", "Average"),
    "metric_objective_value": ("ObjectiveValue", "Average"),
}


@pytest.mark.parametrize(("method", "expected"), METRICS.items())
def test_metric_of_a_job_is_what_the_function_measures(method: str, expected: tuple[str, str]) -> None:
    stack = new_stack("Demo")
    job = new_job(stack)
    metric = getattr(job, method)(period=cdk.Duration.hours(1), label="x")

    assert (metric.metric_name, metric.statistic) == expected
    assert metric.namespace == contract.METRIC_NAMESPACE
    dimensions = stack.resolve(metric.dimensions)
    (job_id,) = resources_of(template_of(stack), contract.RESOURCE_TYPE)
    assert {name: flat(value) for name, value in dimensions.items()} == {
        contract.METRIC_DIMENSION: f"<StackName>/{job_id}"
    }
    assert metric.period.to_seconds() == 3600
    assert "Watch" in job_properties(template_of(stack))


def test_every_metric_of_the_function_has_a_method() -> None:
    assert {name for name, _ in METRICS.values()} == set(contract.JobMetric)


def test_a_failed_job_can_raise_an_alarm() -> None:
    stack = new_stack()
    new_job(stack).metric_failed().create_alarm(stack, "Alarm", threshold=1, evaluation_periods=1)

    assert only(resources_of(template_of(stack), "AWS::CloudWatch::Alarm"))["Properties"]["MetricName"] == "JobsFailed"


def test_name_of_a_metric_that_is_known_late_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'metric_name' must be one of 'JobsCompleted', .*, and is a token"):
        new_job(new_stack()).metric(cdk.Aws.REGION)
