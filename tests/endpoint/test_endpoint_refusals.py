"""What cannot be served is refused when the app is synthesized: all of it at once, in the caller's words."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns

from constructs_lib import (
    Asynchronous,
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLJobV2,
    AutoScaling,
    Channel,
    DataCapture,
    DeploymentPolicy,
    ImageClassification,
    Metric,
    Mode,
    OutputLocation,
    ProblemType,
    RealTime,
    ScalingSchedule,
    Serverless,
    Tabular,
    TextGeneration,
    TimeSeriesForecasting,
)
from constructs_lib.api.problem_types import AnyProblem
from constructs_lib.runtime.contract import MODEL_TYPE

from ..api.requests import with_value
from ..constructs.synthesis import data_bucket, new_job, new_stack, template_of, warnings_of
from .test_endpoint import new_endpoint, new_outcome, properties_of

FIVE = cdk.Duration.minutes(5)
M5: Any = {"instance_type": "ml.m5.large"}
Make = Callable[[cdk.Stack], Any]


def scaled(**props: Any) -> RealTime:
    return RealTime(**M5, auto_scaling=AutoScaling(**{"min_capacity": 1, "max_capacity": 2, **props}))


def place(stack: cdk.Stack) -> OutputLocation:
    return OutputLocation.from_bucket(data_bucket(stack), "x/")


def queue(stack: cdk.Stack, **props: Any) -> Asynchronous:
    return Asynchronous(**{**M5, "output": place(stack), **props})


def capture(stack: cdk.Stack, **props: Any) -> DataCapture:
    return DataCapture(**{"destination": place(stack), **props})


def policy(kind: str, **props: Any) -> Make:
    return lambda _: getattr(DeploymentPolicy, kind)(**{"wait_interval": FIVE, **props})


def alarms(count: int) -> Make:
    arn = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:a"
    return lambda stack: [cloudwatch.Alarm.from_alarm_arn(stack, f"A{each}", arn) for each in range(count)]


def vpc(stack: cdk.Stack) -> ec2.IVpc:
    return ec2.Vpc(stack, "Vpc")


def below(stack: cdk.Stack, prefix: str) -> OutputLocation:
    return OutputLocation.from_bucket(data_bucket(stack), prefix)


def outcome_of(stack: cdk.Stack, problem: AnyProblem, **props: Any) -> AutoMLJobOutcome:
    """Of a job on any problem."""
    defaults = {
        "training_data": Channel.from_bucket(data_bucket(stack), "train/"),
        "output": below(stack, "models/"),
    }
    job = AutoMLJobV2(stack, "V2", problem=problem, **{**defaults, **props})
    return AutoMLJobOutcome(stack, "Outcome", job=job)


def outcome_of_request(stack: cdk.Stack, **config: Any) -> AutoMLJobOutcome:
    request = with_value("AutoMLJobConfig", config)
    del request["InputDataConfig"][0]["SampleWeightAttributeName"]
    return AutoMLJobOutcome(stack, "Outcome", job=AutoMLJob.from_request(stack, "Requested", request))


FOUR = RealTime(**M5, instance_count=4)
SERIES = TimeSeriesForecasting(
    target_attribute="y",
    timestamp_attribute="t",
    item_identifier_attribute="i",
    forecast_frequency="1D",
    forecast_horizon=7,
)
REGRESSION: dict[str, Any] = {"problem_type": ProblemType.REGRESSION, "objective": Metric.MSE}

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "outcome": (
        {"outcome": "job"},
        "'outcome' must be an AutoMLJobOutcome, got 'job' (str); make one of the job",
    ),
    "no serving": ({"serving": "ml.m5.large"}, "'serving' must be a RealTime, Serverless or Asynchronous, got"),
    "log kept for some time": (
        {"log_retention": cdk.Duration.days(8)},
        "'log_retention' must be a number of days that CloudWatch Logs knows ('1', '3', '5',",
    ),
    "log kept for a number": ({"log_retention": 30}, "'log_retention' must be a Duration, got 30 (int)"),
    "log kept for a token": (
        {"log_retention": cdk.Duration.days(cdk.Token.as_number({"Ref": "Days"}))},
        "'log_retention' must be known when the app is synthesized, so it cannot be a token",
    ),
    "key of the log": (
        {"log_encryption_key": "alias/mine"},
        "'log_encryption_key' must be a kms.IKey, got 'alias/mine' (str)",
    ),
    "instance type": (
        {"serving": RealTime(instance_type="m5.large")},
        r"'serving.instance_type' must match ml\.[a-z0-9-]+\.[a-z0-9]+, got 'm5.large'",
    ),
    "instance type of another type": (
        {"serving": RealTime(instance_type=5)},  # type: ignore[arg-type]
        "'serving.instance_type' must be text, got 5 (int)",
    ),
    "no instances": (
        {"serving": RealTime(**M5, instance_count=0)},
        "'serving.instance_count' must be at least 1, got 0",
    ),
    "volume": (
        {"serving": RealTime(**M5, volume_size_gib=513)},
        "'serving.volume_size_gib' must be at most 512, got 513",
    ),
    "short start-up": (
        {"serving": RealTime(**M5, container_startup_timeout=cdk.Duration.seconds(59))},
        "'serving.container_startup_timeout' must be at least 60, got 59 seconds",
    ),
    "long download": (
        {"serving": RealTime(**M5, model_data_download_timeout=cdk.Duration.hours(2))},
        "'serving.model_data_download_timeout' must be at most 3600, got 7200 seconds",
    ),
    "download in seconds": (
        {"serving": RealTime(**M5, model_data_download_timeout=60)},  # type: ignore[arg-type]
        "'serving.model_data_download_timeout' must be a Duration, got 60 (int)",
    ),
    "memory": (
        {"serving": Serverless(memory_size_mib=1500)},
        "'serving.memory_size_mib' must be 1024, 2048, 3072, 4096, 5120 or 6144, got 1500",
    ),
    "little memory": ({"serving": Serverless(memory_size_mib=512)}, "must be at least 1024, got 512"),
    "concurrency": ({"serving": Serverless(max_concurrency=201)}, "'serving.max_concurrency' must be at most 200"),
    "provisioned": (
        {"serving": Serverless(max_concurrency=5, provisioned_concurrency=6)},
        "'serving.provisioned_concurrency' must be at most 'max_concurrency', got 6, and that is 5",
    ),
    "scaling of nothing": (
        {"serving": Serverless(auto_scaling=AutoScaling(min_capacity=1, max_capacity=2, utilization=0.5))},
        "'serving.auto_scaling' needs 'provisioned_concurrency': that is what it changes",
    ),
    "serverless capture": (
        {"serving": Serverless(), "data_capture": capture},
        "'data_capture' does not fit Serverless: a serverless endpoint has no such thing",
    ),
    "serverless vpc": ({"serving": Serverless(), "vpc": vpc}, "'vpc' does not fit Serverless"),
    "serverless isolation": (
        {"serving": Serverless(), "enable_network_isolation": True},
        "'enable_network_isolation' does not fit Serverless",
    ),
    "serverless policy": (
        {"serving": Serverless(), "deployment_policy": policy("canary", percent=10)},
        "'deployment_policy' does not fit Serverless: its deployments are the service's own affair",
    ),
    "serverless alarms": (
        {"serving": Serverless(), "rollback_alarms": alarms(1)},
        "'rollback_alarms' does not fit Serverless",
    ),
    "serverless pipeline": (
        {"serving": Serverless(), "outcome": lambda stack: new_outcome(stack, mode=Mode.HYPERPARAMETER_TUNING)},
        "'serving' cannot be Serverless: the candidates of a job in HYPERPARAMETER_TUNING mode, as which one without a "
        "mode runs, have several containers, and a serverless endpoint takes one; give the job mode=Mode.ENSEMBLING",
    ),
    "serverless without a mode": (
        {"serving": Serverless(), "outcome": lambda stack: new_outcome(stack, mode=None)},
        "as which one without a mode runs, have several containers, and a serverless endpoint takes one; give the job "
        "mode=Mode.ENSEMBLING",
    ),
    "serverless without a mode in V2": (
        {"serving": Serverless(), "outcome": lambda stack: outcome_of(stack, Tabular(target_attribute="y"))},
        "'serving' cannot be Serverless: the candidates of a job in HYPERPARAMETER_TUNING mode, as which one without a",
    ),
    "serverless without a mode in a request": (
        {"serving": Serverless(), "outcome": lambda stack: outcome_of_request(stack)},
        "'serving' cannot be Serverless: the candidates of a job in HYPERPARAMETER_TUNING mode, as which one without a",
    ),
    "async output": (
        {"serving": lambda stack: queue(stack, output="s3://x")},
        "'serving.output' must be an OutputLocation, got 's3://x' (str); use OutputLocation.from_bucket",
    ),
    "async failures": (
        {"serving": lambda stack: queue(stack, failure_output="s3://x")},
        "'serving.failure_output' must be an OutputLocation",
    ),
    "async topic": (
        {"serving": lambda stack: queue(stack, success_topic="arn")},
        "'serving.success_topic' must be an sns.ITopic, got 'arn' (str)",
    ),
    "async input": (
        {"serving": lambda stack: queue(stack, input_bucket="requests")},
        "'serving.input_bucket' must be an s3.IBucket, got 'requests' (str)",
    ),
    "async concurrency": (
        {"serving": lambda stack: queue(stack, max_concurrent_invocations_per_instance=1001)},
        "'serving.max_concurrent_invocations_per_instance' must be at most 1000, got 1001",
    ),
    "no scaling": (
        {"serving": RealTime(**M5, auto_scaling=3)},  # type: ignore[arg-type]
        "'serving.auto_scaling' must be an AutoScaling, got 3 (int)",
    ),
    "scaling aims at nothing": (
        {"serving": scaled()},
        "'serving.auto_scaling' aims at nothing: give 'invocations_per_instance' or 'schedules'",
    ),
    "scaling of another kind": (
        {"serving": scaled(backlog_per_instance=5)},
        "'serving.auto_scaling.backlog_per_instance' does not fit this kind of serving: use 'invocations_per_instance'",
    ),
    "scaling to nothing": (
        {"serving": scaled(min_capacity=0, invocations_per_instance=5)},
        "'serving.auto_scaling.min_capacity' must be at least 1, got 0",
    ),
    "scaling bounds": (
        {"serving": scaled(min_capacity=3, invocations_per_instance=5)},
        "'serving.auto_scaling.max_capacity' must be at least 1 and no less than 'min_capacity', got 2, and "
        "'min_capacity' is 3",
    ),
    "scaling in halves": (
        {"serving": scaled(min_capacity=1.5, invocations_per_instance=5)},
        "'serving.auto_scaling.min_capacity' must be a whole number, got 1.5 (float)",
    ),
    "scaling target": (
        {"serving": scaled(invocations_per_instance=0)},
        "'serving.auto_scaling.invocations_per_instance' must be a number above 0, got 0 (int)",
    ),
    "utilization": (
        {
            "serving": Serverless(
                provisioned_concurrency=1, auto_scaling=AutoScaling(min_capacity=1, max_capacity=2, utilization=70)
            )
        },
        "'serving.auto_scaling.utilization' must be at most 1, got 70",
    ),
    "cooldown": (
        {"serving": scaled(invocations_per_instance=5, scale_in_cooldown=60)},
        "'serving.auto_scaling.scale_in_cooldown' must be a Duration, got 60 (int)",
    ),
    "schedules": (
        {"serving": scaled(schedules="daily")},
        "'serving.auto_scaling.schedules' must be a list of ScalingSchedule, got 'daily' (str)",
    ),
    "no schedule": (
        {"serving": scaled(schedules=["daily"])},
        "'serving.auto_scaling.schedules[0]' must be a ScalingSchedule, got 'daily' (str)",
    ),
    "schedule without a time": (
        {"serving": scaled(schedules=[ScalingSchedule(schedule="daily", min_capacity=1)])},  # type: ignore[arg-type]
        "'serving.auto_scaling.schedules[0].schedule' must be a Schedule of aws_applicationautoscaling",
    ),
    "schedule without bounds": (
        {"serving": scaled(schedules=[ScalingSchedule(schedule=scaling.Schedule.rate(cdk.Duration.days(1)))])},
        "'serving.auto_scaling.schedules[0]' changes nothing: give 'min_capacity' or 'max_capacity'",
    ),
    "begins outside the bounds": (
        {
            "serving": RealTime(
                **M5,
                instance_count=5,
                auto_scaling=AutoScaling(min_capacity=1, max_capacity=2, invocations_per_instance=9),
            )
        },
        "'serving.instance_count' must lie between the bounds of 'auto_scaling', 1 and 2, got 5",
    ),
    "burstable": (
        {
            "serving": RealTime(
                instance_type="ml.t2.medium",
                auto_scaling=AutoScaling(min_capacity=1, max_capacity=2, invocations_per_instance=9),
            )
        },
        "'serving.auto_scaling' does not fit 'ml.t2.medium': burstable instances cannot be scaled by their load",
    ),
    "key and own disks": (
        {"serving": RealTime(instance_type="ml.g5.xlarge"), "encryption_key": lambda stack: kms.Key(stack, "Key")},
        "'encryption_key' does not fit 'ml.g5.xlarge': its own hardware encrypts its disks, and the service refuses "
        "another key",
    ),
    "no key": ({"encryption_key": "alias/x"}, "'encryption_key' must be a kms.IKey"),
    "capture": ({"data_capture": "s3://x"}, "'data_capture' must be a DataCapture, got 's3://x' (str)"),
    "captured where": (
        {"data_capture": lambda stack: capture(stack, destination="s3://x")},
        "'data_capture.destination' must be an OutputLocation",
    ),
    "captured how much": (
        {"data_capture": lambda stack: capture(stack, sampling_percentage=101)},
        "'data_capture.sampling_percentage' must be at most 100, got 101",
    ),
    "captures nothing": (
        {"data_capture": lambda stack: capture(stack, capture_input=False, capture_output=False)},
        "'data_capture' keeps nothing: set 'capture_input' or 'capture_output', or leave it out",
    ),
    "captures perhaps": (
        {"data_capture": lambda stack: capture(stack, capture_input="yes")},
        "'data_capture.capture_input' must be True or False, got 'yes' (str)",
    ),
    "captured types": (
        {"data_capture": lambda stack: capture(stack, csv_content_types=[])},
        "'data_capture.csv_content_types' must have at least 1 item, got 0",
    ),
    "keys": (
        {"inference_response_keys": "labels"},
        "'inference_response_keys' must be a list of ResponseKey, got 'labels' (str)",
    ),
    "no keys": ({"inference_response_keys": []}, "'inference_response_keys' must not be empty"),
    "keys twice": (
        {"inference_response_keys": ["labels", "labels"]},
        "'inference_response_keys' must be distinct, got 'labels' more than once",
    ),
    "keys of a regression": (
        {
            "outcome": lambda stack: new_outcome(stack, **REGRESSION),
            "inference_response_keys": ["probability", "predicted_label", "labels"],
        },
        "'inference_response_keys' has 'probability', 'labels', and candidates of a 'Regression' job answer with "
        "'predicted_label' alone: leave it out",
    ),
    "keys of a regression by one of two modes": (
        {
            "outcome": lambda stack: new_outcome(stack, **REGRESSION, mode=Mode.AUTO),
            "inference_response_keys": ["probabilities"],
        },
        "'inference_response_keys' has 'probabilities', and candidates of a 'Regression' job answer with",
    ),
    "keys of a tuned regression": (
        {
            "outcome": lambda stack: new_outcome(stack, **REGRESSION, mode=None),
            "inference_response_keys": ["predicted_label"],
        },
        "'inference_response_keys' cannot be chosen: the candidates of a job in HYPERPARAMETER_TUNING mode, as which "
        "one without a mode runs, answer with the number alone for a 'Regression'; leave it out",
    ),
    "keys of a forecast": (
        {"outcome": lambda stack: outcome_of(stack, SERIES), "inference_response_keys": ["predicted_label"]},
        "'inference_response_keys' cannot be chosen: a forecast has columns of its own, the quantiles and the mean; "
        "leave it out",
    ),
    "keys of a language model": (
        {"outcome": lambda stack: outcome_of(stack, TextGeneration()), "inference_response_keys": ["labels"]},
        "'inference_response_keys' cannot be chosen: the answer is a text; leave it out",
    ),
    "captured into the training data": (
        {"data_capture": lambda stack: capture(stack, destination=below(stack, "train/captured/"))},
        "'data_capture.destination' lies below 'training_data' of the job (in the same bucket, 'train/captured/' below "
        "'train/'): each training would read it as data; give another prefix or bucket",
    ),
    "answers into the validation data": (
        {
            "outcome": lambda stack: new_outcome(
                stack, validation_data=Channel.from_bucket(data_bucket(stack), "validation/")
            ),
            "serving": lambda stack: queue(stack, output=below(stack, "validation")),
        },
        "'serving.output' lies below 'validation_data' of the job (in the same bucket, 'validation/' below "
        "'validation/')",
    ),
    "failures into the training data": (
        {"serving": lambda stack: queue(stack, failure_output=below(stack, "train/failed"))},
        "'serving.failure_output' lies below 'training_data' of the job (in the same bucket, 'train/failed/' below "
        "'train/')",
    ),
    "long name": ({"endpoint_name": "n" * 64}, "'endpoint_name' must have at most 63 characters, got 64"),
    "wrong name": ({"endpoint_name": "my_endpoint"}, "'endpoint_name' must match"),
    "no name": ({"endpoint_name": 5}, "'endpoint_name' must be text, got 5 (int)"),
    "no policy": ({"deployment_policy": "canary"}, "'deployment_policy' must be a DeploymentPolicy, got 'canary'"),
    "canary of both": (
        {"serving": FOUR, "deployment_policy": policy("canary", percent=10, instances=1)},
        "'deployment_policy.canary.percent' and 'deployment_policy.canary.instances': give exactly one of the two, "
        "got both",
    ),
    "canary of none": ({"serving": FOUR, "deployment_policy": policy("canary")}, "exactly one of the two, got none"),
    "large canary": (
        {"serving": FOUR, "deployment_policy": policy("canary", percent=51)},
        "'deployment_policy.canary.percent' must be 1 to 50, got 51",
    ),
    "canary of most": (
        {"serving": FOUR, "deployment_policy": policy("canary", instances=3)},
        "'deployment_policy.canary.instances' must be at most half of the instances, got 3 of 4: with a single "
        "instance use all_at_once",
    ),
    "canary of a half": (
        {"serving": FOUR, "deployment_policy": policy("canary", instances=0.5)},
        "'deployment_policy.canary.instances' must be a whole number, got 0.5 (float)",
    ),
    "small step": (
        {"serving": FOUR, "deployment_policy": policy("linear", percent=5)},
        "'deployment_policy.linear.percent' must be 10 to 50, got 5",
    ),
    "small batch": (
        {"serving": FOUR, "deployment_policy": policy("rolling", percent=4)},
        "'deployment_policy.rolling.percent' must be 5 to 50, got 4",
    ),
    "rollback": (
        {"serving": FOUR, "deployment_policy": policy("rolling", percent=20, rollback_percent=0)},
        "'deployment_policy.rolling.rollback_percent' must be 1 to 100, got 0",
    ),
    "long wait": (
        {"serving": FOUR, "deployment_policy": policy("canary", percent=20, wait_interval=cdk.Duration.hours(2))},
        "'deployment_policy.canary.wait_interval' must be at most 3600, got 7200 seconds",
    ),
    "no wait": (
        {"serving": FOUR, "deployment_policy": policy("rolling", percent=20, wait_interval=60)},
        "'deployment_policy.rolling.wait_interval' must be a Duration, got 60 (int)",
    ),
    "waits and timeout": (
        {
            "serving": FOUR,
            "deployment_policy": policy(
                "canary",
                percent=20,
                termination_wait=cdk.Duration.minutes(10),
                maximum_execution_timeout=cdk.Duration.minutes(15),
            ),
        },
        "'deployment_policy.canary.maximum_execution_timeout' must be longer than all waits, got 900 seconds, and the "
        "waits are 900",
    ),
    "inf1": (
        {"serving": RealTime(instance_type="ml.inf1.xlarge"), "rollback_alarms": alarms(1)},
        "'rollback_alarms' does not fit 'ml.inf1.xlarge': Inf1 instances know no deployment policy",
    ),
    "no alarms": ({"rollback_alarms": "errors"}, "'rollback_alarms' must be a list of cloudwatch.IAlarm, got 'errors'"),
    "no alarm": (
        {"rollback_alarms": ["errors"]},
        "'rollback_alarms[0]' must be a cloudwatch.IAlarm, got 'errors' (str)",
    ),
    "eleven alarms": ({"rollback_alarms": alarms(11)}, "'rollback_alarms' must have at most 10 items, got 11"),
    "role": (
        {"role": "arn:aws:iam::111122223333:role/x"},
        "'role' must be an iam.IRole, got 'arn:aws:iam::111122223333:role/x' (str)",
    ),
    "network": ({"vpc": "vpc-1"}, "'vpc' must be an ec2.IVpc"),
    "groups": (
        {"security_groups": lambda stack: [ec2.SecurityGroup(stack, "Group", vpc=vpc(stack))]},
        "'security_groups' needs 'vpc': without one the endpoint does not run in your network",
    ),
    "isolation": (
        {"enable_network_isolation": "yes"},
        "'enable_network_isolation' must be True or False, got 'yes' (str)",
    ),
    "definitions only": (
        {"outcome": lambda stack: new_outcome(stack, generate_candidate_definitions_only=True)},
        "'outcome' is of a job with 'generate_candidate_definitions_only': it has no candidate",
    ),
}


def made(stack: cdk.Stack, props: dict[str, Any]) -> dict[str, Any]:
    ready = {
        name: value(stack) if callable(value) and not isinstance(value, type) else value
        for name, value in props.items()
    }
    return {"outcome": new_outcome(stack), **ready} if "outcome" not in ready else ready


@pytest.mark.parametrize(("props", "message"), REFUSED.values(), ids=REFUSED)
def test_refused_with_this_message(props: dict[str, Any], message: str) -> None:
    stack = new_stack()
    ready = made(stack, props)

    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared below
        new_endpoint(stack, **ready)

    assert message in str(refused.value)
    assert "AutoMLEndpoint 'Stack/Endpoint' has 1 problem:" in str(refused.value)
    assert stack.node.try_find_child("Endpoint") is None


def test_number_that_python_does_not_write_is_refused_all_the_same() -> None:
    beyond = Serverless(max_concurrency=5, provisioned_concurrency=10**5000)

    with pytest.raises(ValueError, match="at most 'max_concurrency', got a value of type int, and that is 5"):
        new_endpoint(new_stack(), serving=beyond)


def test_secret_is_text_and_no_list() -> None:
    stack = new_stack()
    secret: Any = cdk.SecretValue.unsafe_plain_text("text/csv")
    capture = DataCapture(destination=OutputLocation.from_bucket(data_bucket(stack), "seen/"), csv_content_types=secret)

    with pytest.raises(ValueError, match="csv_content_types' must be a list, got text that is only known at"):
        new_endpoint(stack, data_capture=capture)


def test_all_that_is_wrong_is_said_at_once() -> None:
    stack = new_stack()

    with pytest.raises(ValueError, match="AutoMLEndpoint 'Stack/Endpoint' has 4 problems:"):
        new_endpoint(
            stack,
            serving=RealTime(instance_type="large", instance_count=0),
            endpoint_name="my_endpoint",
            inference_response_keys=[],
        )


def test_job_imported_without_its_output_needs_a_role() -> None:
    stack = new_stack()
    job = AutoMLJob.from_job_name(stack, "Known", "known")

    with pytest.raises(ValueError, match="'role' is needed: the job was imported without its 'output'"):
        new_endpoint(stack, outcome=AutoMLJobOutcome(stack, "Outcome", job=job))


def test_model_is_made_where_its_job_ran() -> None:
    app = cdk.App()
    there, here = (
        cdk.Stack(app, region, env=cdk.Environment(account="111122223333", region=region))
        for region in ("eu-west-1", "us-east-1")
    )
    outcome = new_outcome(there)

    message = (
        "'outcome' is of a job in the region eu-west-1, and this stack is in us-east-1: a model is made where its job "
        "ran"
    )
    with pytest.raises(ValueError, match=message):
        new_endpoint(here, outcome=outcome)


def test_imported_endpoint_needs_a_name_that_can_be_one() -> None:
    with pytest.raises(ValueError, match="from_endpoint_name for 'Known' has 1 problem"):
        AutoMLEndpoint.from_endpoint_name(new_stack(), "Known", "my_endpoint")


def test_eleventh_rollback_alarm_is_refused() -> None:
    stack = new_stack()
    endpoint = new_endpoint(stack)
    for number in range(10):
        endpoint.add_rollback_alarm(endpoint.alarm_5xx(f"Alarm{number}"))

    with pytest.raises(ValueError, match="add_rollback_alarm of 'Stack/Endpoint' has 1 problem"):
        endpoint.add_rollback_alarm(endpoint.alarm_5xx("Alarm10"))


def test_serverless_endpoint_takes_no_rollback_alarm() -> None:
    endpoint = new_endpoint(new_stack(), serving=Serverless())

    with pytest.raises(ValueError, match="'rollback_alarms' does not fit Serverless"):
        endpoint.add_rollback_alarm(endpoint.alarm_5xx())


@pytest.mark.parametrize(
    "outcome",
    [
        lambda stack: new_outcome(stack, mode=cdk.CfnParameter(stack, "Mode").value_as_string),
        lambda stack: outcome_of_request(stack, Mode="ENSEMBLING"),
        lambda stack: outcome_of(stack, ImageClassification()),
        lambda stack: outcome_of(stack, SERIES),
        lambda stack: AutoMLJobOutcome(
            stack, "Outcome", job=AutoMLJob.from_job_name(stack, "Old", "old", output=place(stack))
        ),
    ],
    ids=["token", "ensembling", "images", "series", "made elsewhere"],
)
def test_candidate_of_one_container_or_of_nobody_knows_how_many_is_served_without_instances(outcome: Make) -> None:
    stack = new_stack()
    new_endpoint(stack, outcome=outcome(stack), serving=Serverless())

    assert properties_of(template_of(stack), MODEL_TYPE)["MaxContainers"] == 1
    assert warnings_of(stack.node.find_child("Endpoint")) == []


def test_mode_that_decides_late_is_warned_of_where_one_container_is_wanted() -> None:
    stack = new_stack()
    new_endpoint(stack, outcome=new_outcome(stack, mode=Mode.AUTO), serving=Serverless())

    assert warnings_of(stack.node.find_child("Endpoint")) == [
        "'serving' is Serverless, which takes one container, and a job in AUTO mode may make a candidate of several; "
        "give the job mode=Mode.ENSEMBLING [ack: cdk-sagemaker-autopilot:serverless_mode]"
    ]


@pytest.mark.parametrize(
    ("job_props", "keys"),
    [
        (REGRESSION, ["predicted_label"]),
        (REGRESSION | {"mode": Mode.AUTO}, ["predicted_label"]),
        ({"mode": None}, ["predicted_label", "probability", "probabilities", "labels"]),
    ],
    ids=["regression", "perhaps a regression of one container", "nobody knows what"],
)
def test_keys_that_answers_may_hold_pass(job_props: dict[str, Any], keys: list[str]) -> None:
    stack = new_stack()
    new_endpoint(stack, outcome=new_outcome(stack, **job_props), inference_response_keys=keys)

    assert properties_of(template_of(stack), MODEL_TYPE)["InferenceResponseKeys"] == keys


def test_key_that_is_a_token_is_not_judged() -> None:
    stack = new_stack()
    key = cdk.CfnParameter(stack, "Key").value_as_string
    new_endpoint(stack, outcome=outcome_of(stack, SERIES), inference_response_keys=[key])

    assert properties_of(template_of(stack), MODEL_TYPE)["InferenceResponseKeys"] == [{"Ref": "Key"}]


def test_tokens_are_never_judged() -> None:
    stack = new_stack()
    number = cdk.CfnParameter(stack, "Number", type="Number").value_as_number
    whole: Any = number
    text = cdk.CfnParameter(stack, "Text").value_as_string
    new_endpoint(
        stack,
        serving=RealTime(
            instance_type=text,
            instance_count=whole,
            volume_size_gib=whole,
            container_startup_timeout=cdk.Duration.seconds(number),
            auto_scaling=AutoScaling(min_capacity=whole, max_capacity=whole, invocations_per_instance=number),
        ),
        data_capture=capture(stack, sampling_percentage=whole),
        inference_response_keys=[text],
        endpoint_name=text,
        deployment_policy=DeploymentPolicy.canary(percent=whole, wait_interval=cdk.Duration.seconds(number)),
    )
    AutoMLEndpoint(
        stack,
        "Warm",
        outcome=AutoMLJobOutcome(stack, "Other", job=new_job(stack, "Second", mode=text)),
        serving=Serverless(memory_size_mib=whole, max_concurrency=whole, provisioned_concurrency=whole),
    )

    template = str(template_of(stack))

    assert "{token[" not in template.lower()
    assert "e+289" not in template


def test_topic_of_another_stack_is_told() -> None:
    app = cdk.App()
    stack, other = cdk.Stack(app, "Stack"), cdk.Stack(app, "Other")
    new_endpoint(stack, serving=queue(stack, success_topic=sns.Topic(other, "Topic")))

    assert template_of(stack)
