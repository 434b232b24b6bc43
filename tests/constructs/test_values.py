"""Wrong values are told in the caller's words; each stands for its kind, which `tests/fuzz` tries at length."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from constructs_lib import (
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLJobV2,
    AutoMLModelPackage,
    AutoMLProvider,
    AutoScaling,
    Channel,
    CompletionCriteria,
    FeatureSpecification,
    Mode,
    OutputLocation,
    QualityGate,
    RealTime,
    ScalingSchedule,
    Serverless,
    Tabular,
    TextClassification,
    TextGeneration,
    TimeSeriesForecasting,
)
from constructs_lib.runtime import contract
from constructs_lib.runtime.contract import OutcomeProperty
from constructs_lib.tokens import is_token

from ..fuzz.subjects import World
from ..kernel import Unsendable
from .synthesis import data_bucket, flat, new_job, new_stack, request_of, resources_of, statements_of, template_of

Call = Callable[[World], object]

LATE = {"Ref": "Number"}
SCHEDULE = {"hour": "8", "minute": "0"}


def job(world: World, **props: Any) -> AutoMLJob:
    return new_job(world.stack, world.fresh_id(), mode=Mode.ENSEMBLING, **props)


def outcome(world: World, **props: Any) -> AutoMLJobOutcome:
    return AutoMLJobOutcome(world.stack, world.fresh_id(), job=world.job, **props)


def endpoint(world: World, **props: Any) -> AutoMLEndpoint:
    serving = RealTime(instance_type="ml.m5.large")
    return AutoMLEndpoint(world.stack, world.fresh_id(), **{"outcome": world.outcome, "serving": serving, **props})


def scaled(world: World, **props: Any) -> AutoMLEndpoint:
    given = {"min_capacity": 1, "max_capacity": 4, "invocations_per_instance": 100, **props}
    return endpoint(world, serving=RealTime(instance_type="ml.m5.large", auto_scaling=AutoScaling(**given)))


def scheduled(world: World, **props: Any) -> AutoMLEndpoint:
    return scaled(world, schedules=[ScalingSchedule(**{"schedule": scaling.Schedule.cron(**SCHEDULE), **props})])


def package(world: World, **props: Any) -> AutoMLModelPackage:
    return world.outcome.register(**{"model_package_group": "group", **props})


def late() -> Any:
    return cdk.Token.as_number(LATE)


def late_list() -> Any:
    return cdk.Fn.split(",", cdk.Aws.REGION)


CASES: dict[str, tuple[Call, str]] = {
    # what is not finite
    "load nan": (
        lambda world: scaled(world, invocations_per_instance=math.nan),
        "'serving.auto_scaling.invocations_per_instance' must be a finite number, got nan",
    ),
    "load inf": (
        lambda world: scaled(world, invocations_per_instance=math.inf),
        "'serving.auto_scaling.invocations_per_instance' must be a finite number, got inf",
    ),
    "capacity inf": (
        lambda world: scaled(world, max_capacity=-math.inf),
        "'serving.auto_scaling.max_capacity' must be a whole number, got -inf (float)",
    ),
    "scheduled capacity nan": (
        lambda world: scheduled(world, min_capacity=math.nan),
        "'serving.auto_scaling.schedules[0].min_capacity' must be a whole number, got nan (float)",
    ),
    "threshold nan": (
        lambda world: endpoint(world).alarm_5xx(threshold=math.nan),  # type: ignore[arg-type]
        "'threshold' must be a finite number, got nan",
    ),
    "fraction -inf": (
        lambda world: job(world, validation_fraction=-math.inf),
        "'validation_fraction' must be a finite number, got -inf",
    ),
    "target -inf": (
        lambda world: job(world, target_attribute=-math.inf),
        "'target_attribute' must be text, got -inf (float)",
    ),
    "gate inf": (
        lambda world: outcome(world, quality_gate=QualityGate(at_least=math.inf)),
        "'quality_gate.at_least' must be a finite number, got inf",
    ),
    # schedules
    "schedule nine": (
        lambda world: scheduled(world, min_capacity="nine"),
        "'serving.auto_scaling.schedules[0].min_capacity' must be a whole number, got 'nine' (str)",
    ),
    "schedule nine above two": (
        lambda world: scheduled(world, min_capacity=9, max_capacity=2),
        "'serving.auto_scaling.schedules[0].min_capacity' must be at most 'max_capacity', got 9, and that is 2",
    ),
    "schedule on Mars": (
        lambda world: scheduled(world, min_capacity=1, time_zone="Mars"),
        "'serving.auto_scaling.schedules[0].time_zone' must be the name of a time zone, got 'Mars'",
    ),
    "schedule below nothing": (
        lambda world: scheduled(world, min_capacity=-1),
        "'serving.auto_scaling.schedules[0].min_capacity' must be at least 0, got -1",
    ),
    # what came as a raw trace
    "runtime of a number token": (
        lambda world: job(world, completion_criteria=CompletionCriteria(max_runtime=late())),
        "'completion_criteria.max_runtime' must be a Duration, got a value that is only known at deploy time: give a "
        "Duration of one",
    ),
    "timeout of half a second": (
        lambda world: outcome(world, timeout=cdk.Duration.millis(300_500)),
        "'timeout' must be whole seconds from 5 minutes to 30 days, got 300.5",
    ),
    "cooldown of half a second": (
        lambda world: scaled(world, scale_in_cooldown=cdk.Duration.millis(300_500)),
        "'serving.auto_scaling.scale_in_cooldown' must be a whole number of seconds, got 300.5",
    ),
    "late poll interval": (
        lambda world: AutoMLProvider.of(world.stack).configure(poll_interval=cdk.Duration.seconds(late())),
        "'poll_interval' must be known when the app is synthesized, so it cannot be a token",
    ),
    "late log retention": (
        lambda world: AutoMLProvider.of(world.stack).configure(log_retention=cdk.Duration.days(late())),
        "'log_retention' must be known when the app is synthesized, so it cannot be a token",
    ),
    "on_timeout list": (
        lambda world: outcome(world, on_timeout=[]),
        "'on_timeout' must be one of 'StopJob', 'Fail', 'LetRun', got [] (list)",
    ),
    "on_miss list": (
        lambda world: outcome(world, quality_gate=QualityGate(at_least=1, on_miss=[])),  # type: ignore[arg-type]
        "'quality_gate.on_miss' must be one of 'fail', 'warn', got [] (list)",
    ),
    "job name of a list token": (
        lambda world: job(world, job_name=late_list()),
        "'job_name' must be text, got a list that is only known at deploy time",
    ),
    "response keys of a number token": (
        lambda world: endpoint(world, inference_response_keys=late()),
        "'inference_response_keys' must be a list of ResponseKey, got -",
    ),
    "package group of a number token": (
        lambda world: package(world, model_package_group=late()),
        "'model_package_group' must be text, got a number that is only known at deploy time",
    ),
    "gate of 400 digits": (
        lambda world: outcome(world, quality_gate=QualityGate(at_least=10**400)),
        "'quality_gate.at_least' must be a finite number, got 1000000000",
    ),
    "candidates of 5000 digits": (
        lambda world: job(world, completion_criteria=CompletionCriteria(max_candidates=10**5000)),
        "'completion_criteria.max_candidates' must be at most 2147483647, got a value of type int",
    ),
    "a path for text": (
        lambda world: job(world, target_attribute=Path("a")),
        "'target_attribute' must be text, got PosixPath('a') (PosixPath)",
    ),
    "a stack for text": (
        lambda world: job(world, objective=world.stack),
        "'objective' must be one of",
    ),
    "a class for a role": (
        lambda world: job(world, role=iam.Role),
        "'role' must be an iam.IRole, got <class 'aws_cdk.aws_iam.Role'>",
    ),
    "no path": (
        lambda world: Channel.from_asset(None),  # type: ignore[arg-type]
        "Channel.from_asset: 'path' must be a path or text, got None (NoneType)",
    ),
    "no features": (
        lambda world: FeatureSpecification.of(None),  # type: ignore[arg-type]
        "FeatureSpecification.of: 'features' must be a map or a list of columns, got None (NoneType)",
    ),
    "path of 5000 letters": (
        lambda world: Channel.from_asset("x" * 5000),
        "Channel.from_asset: 'path' cannot be read: File name too long, got 'xxx",
    ),
    "half of a surrogate": (
        lambda world: job(world, target_attribute="a\ud800"),
        r"'target_attribute' must be text that UTF-8 can write, got 'a\ud800'",
    ),
    "what cannot say itself": (
        lambda world: job(world, target_attribute=deep()),
        "'target_attribute' must be text, got a value of type list (list)",
    ),
    # nonsense that was accepted
    "no memory": (
        lambda world: endpoint(world, serving=Serverless(memory_size_mib=None)),  # type: ignore[arg-type]
        "'serving.memory_size_mib' is required",
    ),
    "2**60 instances": (
        lambda world: endpoint(world, serving=RealTime(instance_type="ml.m5.large", instance_count=2**60)),
        "'serving.instance_count' must be at most 2147483647, got 1152921504606846976",
    ),
    "path of nothing": (
        lambda world: Channel.from_asset(""),
        "Channel.from_asset: 'path' must be a path or text, got '' (str)",
    ),
    "features of a set": (
        lambda world: FeatureSpecification.of({"a", "b"}),  # type: ignore[arg-type]
        "FeatureSpecification.of: 'features' must be a map or a list of columns, got {'",
    ),
    "period 0": (
        lambda world: endpoint(world).alarm_no_invocations(period=0),  # type: ignore[arg-type]
        "'period' must be a Duration, got 0 (int)",
    ),
    "no security groups": (
        lambda world: job(world, vpc=world.vpc, security_groups=[]),
        "'security_groups' must not be empty: leave it out to get a new one",
    ),
    "compression False": (
        lambda world: Channel.from_bucket(world.bucket, compression=False),  # type: ignore[arg-type]
        "'compression' must be one of 'None', 'Gzip', got False (bool)",
    ),
    "content type of nothing": (
        lambda world: Channel.from_bucket(world.bucket, content_type=""),  # type: ignore[arg-type]
        "'content_type' must not be empty",
    ),
    "a grantee that is none": (
        lambda world: world.job.grant_stop("role"),  # type: ignore[arg-type]
        "'grantee' must be an iam.IGrantable, such as a role or a function, got 'role' (str)",
    ),
    "an id that is none": (
        lambda world: new_job(world.stack, ""),
        "'construct_id' must not be empty",
    ),
    "a scope that is none": (
        lambda world: AutoMLJobOutcome(None, "Outcome", job=world.job),  # type: ignore[arg-type]
        "'scope' must be a construct, got None (NoneType)",
    ),
}


def deep() -> list[Any]:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize(("call", "message"), CASES.values(), ids=CASES)
def test_wrong_value_is_told(world: World, call: Call, message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the message is looked at below
        call(world)

    assert message in str(raised.value)


def test_only_so_many_problems_are_told(world: World) -> None:
    with pytest.raises(ValueError, match=r"has 30 problems:(\n  - .*){20}\n  and 10 more$"):
        job(world, vpc=world.vpc, security_groups=[None] * 30)


def test_no_more_is_told_than_somebody_reads(world: World) -> None:
    with pytest.raises(ValueError, match=r"has 1001 problems:(\n  - .*)+\n  and \d+ more$") as raised:
        job(world, algorithms=["text"] * 1000)

    assert len(str(raised.value)) < 4000


def test_noise_of_binary_fractions_is_none(world: World) -> None:
    AutoMLJobOutcome(world.stack, world.fresh_id(), job=world.job, timeout=cdk.Duration.hours(1.1))
    scaled(world, scale_in_cooldown=cdk.Duration.hours(1.1))

    template = template_of(world.stack)

    (policy,) = resources_of(template, "AWS::ApplicationAutoScaling::ScalingPolicy").values()
    assert policy["Properties"]["TargetTrackingScalingPolicyConfiguration"]["ScaleInCooldown"] == 3960
    times = [
        each["Properties"][OutcomeProperty.TIMEOUT] for each in resources_of(template, contract.OUTCOME_TYPE).values()
    ]
    assert 3960 in times


def test_guard_stands_before_the_kernel() -> None:
    for value in (math.nan, [math.inf], {"a": -math.inf}, 10**400):
        with pytest.raises(Unsendable, match="must not reach the jsii kernel"):
            cdk.Token.as_string(value)


def test_nothing_but_a_token_is_one() -> None:
    assert not any(is_token(value) for value in (Path(), cdk.App(), iam.Role, -math.inf, math.nan, -(10**400)))


# ------------------------------------------------------------------------------------------------- as all of the CDK


def test_subnets_need_no_zone() -> None:
    stack = new_stack()
    vpc = ec2.Vpc.from_vpc_attributes(stack, "V", vpc_id="vpc-1", availability_zones=["a"])
    selection = ec2.SubnetSelection(subnets=[ec2.Subnet.from_subnet_id(stack, "S", "subnet-1")])
    new_job(stack, vpc=vpc, vpc_subnets=selection)
    AutoMLProvider.of(stack).configure(vpc=vpc, vpc_subnets=selection)

    template = template_of(stack)

    config = request_of(template)["AutoMLJobConfig"]["SecurityConfig"]
    assert config["VpcConfig"]["Subnets"] == ["subnet-1"]
    (function,) = (
        each for each in resources_of(template, "AWS::Lambda::Function").values() if "VpcConfig" in each["Properties"]
    )
    assert function["Properties"]["VpcConfig"]["SubnetIds"] == ["subnet-1"]


def test_alias_is_granted_as_the_key_that_it_names() -> None:
    stack = new_stack()
    key = kms.Alias.from_alias_name(stack, "A", "alias/mine")
    new_job(stack, volume_encryption_key=key, output=OutputLocation.from_bucket(data_bucket(stack), encryption_key=key))

    granted = [each for each in statements_of(template_of(stack)) if "kms:" in str(each["Action"])]

    assert len(granted) == 2
    for each in granted:
        assert each["Condition"]["ForAnyValue:StringEquals"] == {"kms:ResourceAliases": "alias/mine"}
        assert flat(each["Resource"]) == "arn:<Partition>:kms:<Region>:<AccountId>:key/*"


def test_alias_of_this_app_is_granted_as_its_key() -> None:
    stack = new_stack()
    new_job(stack, volume_encryption_key=kms.Key(stack, "K").add_alias("alias/mine"))

    granted = [each for each in statements_of(template_of(stack)) if "kms:" in str(each["Action"])]

    assert [flat(each["Resource"])[:2] for each in granted] == ["<K"]


def test_role_of_another_stack_and_an_own_security_group_make_no_circle() -> None:
    app = cdk.App()
    roles, jobs = cdk.Stack(app, "Roles"), cdk.Stack(app, "Jobs")
    vpc = ec2.Vpc.from_vpc_attributes(
        jobs, "V", vpc_id="vpc-1", availability_zones=["a"], private_subnet_ids=["subnet-1"]
    )
    role = iam.Role(roles, "R", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    new_job(jobs, role=role, vpc=vpc)

    assert request_of(template_of(jobs))["AutoMLJobConfig"]["SecurityConfig"]["VpcConfig"]
    assert "security-group/*" in str(statements_of(template_of(roles)))


# --------------------------------------------------------------------------------------------------------- local data

SERIES = TimeSeriesForecasting(
    target_attribute="y",
    timestamp_attribute="when",
    item_identifier_attribute="item",
    forecast_frequency="1D",
    forecast_horizon=7,
)
EMPTY: dict[str, tuple[Any, str, str]] = {
    "series": (SERIES, "item,when,y\n", "must have at least 1 row, got 0"),
    "texts": (
        TextClassification(content_column="text", target_label_column="label"),
        "text,label\n",
        "must have at least 1 row, got 0",
    ),
    "prompts": (TextGeneration(), "input,output\n", "must have at least 1 row, got 0"),
    "target alone": (
        Tabular(target_attribute="y"),
        "y\n" + "1\n" * 500,
        "has no column to learn from, only 'y'",
    ),
}


@pytest.mark.parametrize(("problem", "content", "message"), EMPTY.values(), ids=EMPTY)
def test_data_that_teach_nothing_are_refused(
    world: World, tmp_path: Path, problem: Any, content: str, message: str
) -> None:
    path = tmp_path / "data.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"'training_data' \(data\.csv\) {message}"):
        AutoMLJobV2(world.stack, world.fresh_id(), problem=problem, training_data=Channel.from_asset(path))


def test_columns_of_a_parquet_file_are_known(world: World, tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"x": range(600), "why": range(600)}), path)
    with pytest.raises(
        ValueError, match=r"names the column 'y', which 'training_data' \(data\.parquet\) does not have"
    ):
        job(world, training_data=Channel.from_asset(path))
