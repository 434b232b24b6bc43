"""How a stack's function and state machine run."""

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import IConstruct

from constructs_lib import AutoMLJobOutcome, AutoMLJobV2, AutoMLProvider, Channel, ImageClassification
from constructs_lib.provider.provider import CONSTRUCT_ID
from constructs_lib.runtime import contract

from ..constructs.synthesis import (
    CREDIT,
    allowing,
    as_list,
    flat,
    new_job,
    new_stack,
    only,
    resources_of,
    statements_of,
    template_of,
    warnings_of,
)

DIGITS = CREDIT.parents[2] / "image_classification" / "data" / "digits"
FUNCTION = "AWS::Lambda::Function"
KEY_ID = f"{'1' * 8}-1111-1111-1111-{'1' * 12}"
MACHINE = "AWS::StepFunctions::StateMachine"
LOG = "AWS::Logs::LogGroup"


def configured(stack: cdk.Stack | None = None, **options: Any) -> dict[str, Any]:
    """The template of a stack with a job that is waited for."""
    stack = stack or new_stack()
    AutoMLProvider.of(stack).configure(**options)
    AutoMLJobOutcome(stack, "Outcome", job=new_job(stack))
    return template_of(stack)


def function_of(template: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = only(resources_of(template, FUNCTION))["Properties"]
    return properties


def machine_of(template: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = only(resources_of(template, MACHINE))["Properties"]
    return properties


def logs_of(template: dict[str, Any]) -> list[dict[str, Any]]:
    return [log["Properties"] for log in resources_of(template, LOG).values()]


def test_without_options_a_job_is_looked_at_once_a_minute_and_everything_is_logged_for_a_year() -> None:
    template = configured()

    assert machine_of(template)["Definition"]["States"]["Wait"]["Seconds"] == 60
    assert machine_of(template)["StateMachineType"] == "STANDARD"
    assert machine_of(template)["LoggingConfiguration"]["Level"] == "ALL"
    assert [log["RetentionInDays"] for log in logs_of(template)] == [365, 365]
    assert not [key for key in function_of(template) if key in ("VpcConfig", "TracingConfig", "DeadLetterConfig")]
    assert "TracingConfiguration" not in machine_of(template)


def test_log_of_the_state_machine_has_a_name_that_fits_the_shared_policy_of_logs() -> None:
    (named,) = [log for log in logs_of(configured()) if "LogGroupName" in log]

    assert flat(named["LogGroupName"]).startswith("/aws/vendedlogs/states/sagemaker-autopilot-")


def test_poll_interval() -> None:
    template = configured(poll_interval=cdk.Duration.seconds(20))

    assert machine_of(template)["Definition"]["States"]["Wait"]["Seconds"] == 20


def test_log_retention_and_key_hold_for_both_logs() -> None:
    stack = new_stack()
    key = kms.Key(stack, "Key")
    template = configured(stack, log_retention=cdk.Duration.days(14), log_encryption_key=key)

    assert [log["RetentionInDays"] for log in logs_of(template)] == [14, 14]
    assert [log["KmsKeyId"] for log in logs_of(template)] == [stack.resolve(key.key_arn)] * 2
    policy = only(resources_of(template, "AWS::KMS::Key"))["Properties"]["KeyPolicy"]["Statement"]
    (of_logs,) = [statement for statement in policy if "logs." in flat(statement["Principal"].get("Service", ""))]
    assert "kms:EncryptionContext:aws:logs:arn" in of_logs["Condition"]["ArnLike"]


def test_log_level_of_the_state_machine() -> None:
    template = configured(state_machine_log_level=sfn.LogLevel.ERROR)

    assert machine_of(template)["LoggingConfiguration"]["Level"] == "ERROR"


def test_tracing_holds_for_both_and_both_may_write_traces() -> None:
    template = configured(tracing=True)

    assert function_of(template)["TracingConfig"] == {"Mode": "Active"}
    assert machine_of(template)["TracingConfiguration"] == {"Enabled": True}
    for beginning in ("SageMakerAutopilotProviderPermissions", "SageMakerAutopilotProviderWaiterPermissions"):
        assert allowing(statements_of(template, beginning=beginning), "xray:PutTraceSegments")


def test_function_in_a_vpc_has_a_security_group_and_may_have_interfaces() -> None:
    stack = new_stack()
    vpc = ec2.Vpc(stack, "Vpc")
    template = configured(stack, vpc=vpc)
    network = function_of(template)["VpcConfig"]

    assert network["SubnetIds"] == stack.resolve([subnet.subnet_id for subnet in vpc.private_subnets])
    assert len(network["SecurityGroupIds"]) == 1
    assert allowing(statements_of(template, beginning=CONSTRUCT_ID), "ec2:CreateNetworkInterface")


def test_function_in_a_vpc_takes_subnets_and_groups_as_given() -> None:
    stack = new_stack()
    vpc = ec2.Vpc(
        stack,
        "Vpc",
        nat_gateways=0,
        subnet_configuration=[ec2.SubnetConfiguration(name="in", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)],
    )
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-12345678")
    isolated = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    network = function_of(configured(stack, vpc=vpc, vpc_subnets=isolated, security_groups=[group]))["VpcConfig"]

    assert network["SecurityGroupIds"] == ["sg-12345678"]
    assert network["SubnetIds"] == stack.resolve([subnet.subnet_id for subnet in vpc.isolated_subnets])


def test_permissions_boundary_holds_for_the_roles_of_both_and_not_for_the_jobs() -> None:
    stack = new_stack()
    boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "boundary")
    template = configured(stack, permissions_boundary=boundary)

    bound = {name for name, role in resources_of(template, "AWS::IAM::Role").items() if "Boundary" in str(role)}

    assert {name for name in resources_of(template, "AWS::IAM::Role") if name.startswith(CONSTRUCT_ID)} == bound
    assert len(bound) == 2


def test_reserved_concurrency() -> None:
    assert function_of(configured(reserved_concurrent_executions=3))["ReservedConcurrentExecutions"] == 3


def test_dead_letters_go_to_a_topic_that_the_function_may_publish_to() -> None:
    stack = new_stack()
    key = kms.Key(stack, "Key")
    topic = sns.Topic(stack, "Topic", master_key=key)
    template = configured(stack, dead_letter_topic=topic)

    assert function_of(template)["DeadLetterConfig"] == {"TargetArn": stack.resolve(topic.topic_arn)}
    of_the_function = statements_of(template, beginning=CONSTRUCT_ID)
    (publish,) = allowing(of_the_function, "sns:Publish")
    assert publish["Resource"] == stack.resolve(topic.topic_arn)
    assert allowing(of_the_function, "kms:GenerateDataKey")
    assert not resources_of(template, "AWS::IAM::Policy")


@pytest.mark.parametrize("kind", ["plain", "encrypted", "from elsewhere"])
def test_topic_that_is_known_not_to_be_encrypted_is_warned_of(kind: str) -> None:
    """What goes there holds an address that whoever has it can answer at."""
    stack = new_stack()
    topics: dict[str, Callable[[], sns.ITopic]] = {
        "plain": lambda: sns.Topic(stack, "Topic"),
        "encrypted": lambda: sns.Topic(stack, "Topic", master_key=kms.Key(stack, "Key")),
        "from elsewhere": lambda: sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:eu-west-1:111122223333:topic"),
    }
    provider = AutoMLProvider.of(stack).configure(dead_letter_topic=topics[kind]())

    warnings = [str(each.data) for each in provider.node.metadata if each.type == "aws:cdk:warning"]
    assert ["'dead_letter_topic' has no 'master_key'" in each for each in warnings] == [True] * (kind == "plain")


def test_configure_returns_the_provider() -> None:
    stack = new_stack()
    assert AutoMLProvider.of(stack).configure(tracing=True) is AutoMLProvider.of(stack)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"poll_interval": 60}, "'poll_interval' must be a Duration, got 60"),
        (
            {"poll_interval": cdk.Duration.seconds(15)},
            "'poll_interval' must be whole seconds from 20 to 300, got 15: each look takes nine of the 25,000 events",
        ),
        ({"poll_interval": cdk.Duration.minutes(6)}, "'poll_interval' must be whole seconds from 20 to 300, got 360"),
        (
            {"log_retention": cdk.Duration.days(8)},
            "'log_retention' must be a number of days that CloudWatch Logs knows ('1', '3', '5',",
        ),
        ({"log_encryption_key": "key"}, "'log_encryption_key' must be a kms.IKey, got 'key'"),
        ({"event_bus": "bus"}, "'event_bus' must be an events.IEventBus, got 'bus'"),
        ({"state_machine_log_level": "ALL"}, "'state_machine_log_level' must be an sfn.LogLevel, got 'ALL'"),
        ({"tracing": "yes"}, "'tracing' must be true or false, got 'yes'"),
        ({"vpc": "vpc-1"}, "'vpc' must be an ec2.IVpc, got 'vpc-1'"),
        ({"security_groups": []}, "'security_groups' needs 'vpc'"),
        ({"permissions_boundary": "arn"}, "'permissions_boundary' must be an iam.IManagedPolicy, got 'arn'"),
        (
            {"reserved_concurrent_executions": 0},
            "'reserved_concurrent_executions' must be a whole number of at least 1, got 0",
        ),
        ({"dead_letter_topic": "arn"}, "'dead_letter_topic' must be an sns.ITopic, got 'arn'"),
        ({"environment": ["HTTPS_PROXY"]}, "'environment' must be a map, got ['HTTPS_PROXY'] (list)"),
        (
            {"environment": cdk.Token.as_any({"Ref": "Variables"})},
            "'environment' must be a dict whose names are known when the app is synthesized, got a token; its values "
            "may be tokens",
        ),
        ({"environment": {"NO_PROXY": 3}}, "'environment['NO_PROXY']' must be text, got 3 (int)"),
        (
            {"environment": {"A-B": "x"}},
            "'environment' must have names of letters, digits and _, at least two, that begin with a letter, got 'A-B'",
        ),
        (
            {"environment": {cdk.Aws.REGION: "x"}},
            "'environment' must have names of letters, digits and _, at least two, that begin with a letter, got '$",
        ),
        ({"environment": {"AWS_REGION": "x"}}, "'environment' must not have 'AWS_REGION' (str): Lambda sets it itself"),
        (
            {"environment": {"STACK_ID": "x", "AWS_ENDPOINT_URL_S3": "https://x"}},
            "'environment' must not have 'AWS_ENDPOINT_URL_S3' (str): it says whom the function serves",
        ),
        (
            {"environment": {"NO_PROXY": "x" * 3889}},
            "'environment' must hold at most 3896 bytes, names and values together, got 3897",
        ),
        ({"owner_tag_prefix": 3}, "'owner_tag_prefix' must be text, got 3"),
        ({"owner_tag_prefix": ""}, "'owner_tag_prefix' must be 1 to 118 letters, digits and _.:/=+@-, got ''"),
        ({"owner_tag_prefix": "a b"}, "'owner_tag_prefix' must be 1 to 118 letters, digits and _.:/=+@-, got 'a b'"),
        ({"owner_tag_prefix": "x" * 119}, "'owner_tag_prefix' must be 1 to 118 letters, digits and _.:/=+@-, got 'xxx"),
        (
            {"owner_tag_prefix": "AWS:x"},
            "'owner_tag_prefix' must not begin with 'aws:', which is AWS's own, got 'AWS:x'",
        ),
        (
            {"owner_tag_prefix": cdk.Aws.STACK_NAME},
            "'owner_tag_prefix' must be known when the app is synthesized, so it cannot be a token: IAM's conditions",
        ),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=r"AutoMLProvider.configure in 'Stack'") as refused:
        AutoMLProvider.of(new_stack()).configure(**options)
    assert message in str(refused.value)


def test_environment_stands_beside_what_the_function_has() -> None:
    proxy = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": cdk.Aws.URL_SUFFIX}
    template = configured(environment=proxy)

    assert function_of(template)["Environment"]["Variables"] == {
        "STACK_ID": {"Ref": "AWS::StackId"},
        "HTTPS_PROXY": "http://proxy:3128",
        "NO_PROXY": {"Ref": "AWS::URLSuffix"},
    }


@pytest.mark.parametrize(("environment", "noted"), [({}, True), ({"NO_PROXY": "x"}, False)])
def test_what_stands_in_the_environment_is_no_longer_ours_to_vouch_for(
    environment: dict[str, str], *, noted: bool
) -> None:
    function = only(resources_of(configured(environment=environment), FUNCTION))

    assert ("CKV_AWS_173" in json.dumps(function["Metadata"])) is noted


@pytest.mark.parametrize("late", [False, True])
def test_owner_tag_prefix_reaches_what_is_tagged_and_the_policies(*, late: bool) -> None:
    stack = new_stack()
    prefix: dict[str, Any] = {"owner_tag_prefix": "acme:autopilot/"}
    if not late:
        AutoMLProvider.of(stack).configure(**prefix)
    outcome = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack))
    data = Channel.from_bucket(s3.Bucket.from_bucket_name(stack, "New", "new"), "scores/")
    outcome.transform("Scores", data=data, instance_type="ml.m5.large")
    if late:
        cdk.Aspects.of(stack).add(Configured(lambda _: prefix, of=True))
    template = template_of(stack)

    marked = [
        resource["Properties"]["OwnerTagPrefix"]
        for kind in (contract.RESOURCE_TYPE, contract.MODEL_TYPE, contract.TRANSFORM_TYPE)
        for resource in resources_of(template, kind).values()
    ]
    assert marked == ["acme:autopilot/"] * 3
    keys = [key for statement in conditions_of(template) for key in statement if key.startswith("aws:ResourceTag/")]
    assert sorted(keys) == [
        *["aws:ResourceTag/acme:autopilot/stack-id"] * 3,
        *["aws:ResourceTag/sagemaker-autopilot:stack-id"] * 3,  # what is there from before
    ]


def conditions_of(template: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        statement.get("Condition", {}).get("StringEquals", {})
        for statement in statements_of(template, beginning="SageMakerAutopilotProvider")
    ]


def test_without_a_prefix_nothing_says_so() -> None:
    template = configured()

    assert "OwnerTagPrefix" not in json.dumps(template)
    keys = [key for statement in conditions_of(template) for key in statement if key.startswith("aws:ResourceTag/")]
    assert keys == ["aws:ResourceTag/sagemaker-autopilot:stack-id"]


@pytest.mark.parametrize("key", ["acme:spec", "sagemaker-autopilot:spec"])
def test_tags_of_the_owner_are_reserved_under_each_prefix(key: str) -> None:
    stack = new_stack()
    AutoMLProvider.of(stack).configure(owner_tag_prefix="acme:")
    cdk.Tags.of(new_job(stack)).add(key, "mine")

    with pytest.raises(RuntimeError, match=f"the tag '{key}' is reserved"):
        template_of(stack)


def test_public_subnets_are_refused() -> None:
    stack = new_stack()
    public = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)
    with pytest.raises(ValueError, match="'vpc_subnets' must not be public: a Lambda function reaches nothing"):
        AutoMLProvider.of(stack).configure(vpc=ec2.Vpc(stack, "Vpc"), vpc_subnets=public)


def test_options_are_given_once() -> None:
    stack = new_stack()
    AutoMLProvider.of(stack).configure(tracing=True)

    with pytest.raises(ValueError, match="it has been called for this stack already: give all options at once"):
        AutoMLProvider.of(stack).configure(tracing=False)


@jsii.implements(cdk.IAspect)
class Configured:
    """Says of each stack that it visits how its function and state machine run."""

    def __init__(self, options: Callable[[cdk.Stack], dict[str, Any]], *, of: bool) -> None:
        self._options = options
        self._of = of

    def visit(self, node: IConstruct) -> None:
        if not isinstance(node, cdk.Stack):
            return
        if self._of:
            AutoMLProvider.of(node).configure(**self._options(node))
        else:
            AutoMLProvider.configure_all(node, **self._options(node))


def everything(stack: cdk.Stack) -> dict[str, Any]:
    """An option of each kind: of the function, of the state machine, of both, and of who hears."""
    return {
        "poll_interval": cdk.Duration.minutes(2),
        "event_bus": events.EventBus.from_event_bus_name(stack, "Bus", "ml"),
        "state_machine_log_level": sfn.LogLevel.ERROR,
        "log_retention": cdk.Duration.days(30),
        "log_encryption_key": kms.Key.from_key_arn(stack, "Key", f"arn:aws:kms:eu-west-1:111122223333:key/{KEY_ID}"),
        "tracing": True,
        "reserved_concurrent_executions": 2,
        "runtime": lambda_.Runtime.PYTHON_3_12,
    }


def followed(stack: cdk.Stack) -> None:
    job = new_job(stack)
    AutoMLJobOutcome(stack, "Outcome", job=job)
    job.on_failed(sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:eu-west-1:111122223333:topic"))


@pytest.mark.parametrize("how", ["of", "configure_all"])
def test_options_from_an_aspect_are_those_that_were_given_at_once(how: str) -> None:
    at_once = new_stack()
    AutoMLProvider.of(at_once).configure(**everything(at_once))
    followed(at_once)
    late = new_stack()
    followed(late)
    cdk.Aspects.of(late.node.root).add(Configured(everything, of=how == "of"))

    assert ordered(template_of(late)) == ordered(template_of(at_once))


def ordered(template: Any) -> Any:
    """With the statements of policies, and the reasons noted beside them, in an order of their own: it says nothing."""
    if isinstance(template, dict):
        return {
            name: sorted(map(str, each))
            if name == "Statement"
            else sorted(each.split("; "))
            if name == "reason"
            else ordered(each)
            for name, each in template.items()
        }
    return [ordered(each) for each in template] if isinstance(template, list) else template


def test_stack_without_jobs_gets_no_function_of_options_for_all() -> None:
    stack = new_stack()
    cdk.Aspects.of(stack).add(Configured(lambda _: {"tracing": True}, of=False))

    assert "Resources" not in template_of(stack)


def test_options_for_all_that_are_refused_leave_nothing_behind() -> None:
    app = cdk.App()
    sound, taken = cdk.Stack(app, "Sound"), cdk.Stack(app, "Taken")
    for stack in (sound, taken):
        new_job(stack)
    AutoMLProvider.of(taken).configure(tracing=True)

    with pytest.raises(ValueError, match=r"configure_all in 'App' has 1 problem:\n  - 'Taken': it has been called for"):
        AutoMLProvider.configure_all(app, reserved_concurrent_executions=2)
    AutoMLProvider.configure_all(sound, reserved_concurrent_executions=3)
    following = cdk.Stack(app, "Next")
    new_job(following)

    assert function_of(template_of(sound))["ReservedConcurrentExecutions"] == 3
    assert "ReservedConcurrentExecutions" not in function_of(template_of(taken))
    assert "ReservedConcurrentExecutions" not in function_of(template_of(following))


def test_state_machine_may_call_the_function_and_deliver_its_log_and_nothing_else() -> None:
    template = configured()
    statements = statements_of(template, beginning="SageMakerAutopilotProviderWaiter")

    invoke, deliver = statements
    assert invoke["Action"] == "lambda:InvokeFunction"
    assert invoke["Resource"] == {"Fn::GetAtt": ["SageMakerAutopilotProviderFunction8807CA69", "Arn"]}
    assert all(action.startswith("logs:") for action in as_list(deliver["Action"]))


# ------------------------------------------------------------------------------------------ a bus of another account

HERE, THERE = (cdk.Environment(account=account, region="eu-west-1") for account in ("111111111111", "222222222222"))


def far_bus(app: cdk.App) -> events.EventBus:
    return events.EventBus(cdk.Stack(app, "Hub", env=THERE), "Bus", event_bus_name="hub")


@pytest.mark.parametrize("late", [False, True])
def test_bus_of_another_account_of_the_app_lets_the_function_in(late: bool) -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Churn", env=HERE)
    bus = far_bus(app)
    if late:
        AutoMLJobOutcome(stack, "Outcome", job=new_job(stack))
        AutoMLProvider.of(stack).configure(event_bus=bus)
        template = template_of(stack)
    else:
        template = configured(stack, event_bus=bus)

    (told,) = allowing(statements_of(template, beginning=CONSTRUCT_ID), "events:PutEvents")
    policy = only(resources_of(template_of(bus.stack), "AWS::Events::EventBusPolicy"))["Properties"]["Statement"]
    assert flat(told["Resource"]) == "arn:<Partition>:events:eu-west-1:222222222222:event-bus/hub"
    assert (policy["Action"], policy["Effect"]) == ("events:PutEvents", "Allow")
    assert flat(policy["Principal"]["AWS"]) == "arn:<Partition>:iam::111111111111:root"
    roles = resources_of(template, "AWS::IAM::Role")
    (name,) = (each["Properties"]["RoleName"] for each in roles.values() if "RoleName" in each["Properties"])
    assert policy["Condition"]["StringEquals"] == {"events:source": "cdk-sagemaker-autopilot"}
    assert flat(policy["Condition"]["ArnEquals"]["aws:PrincipalArn"]).endswith(f":role/{name}")


def test_rule_that_could_not_listen_to_a_far_bus_is_refused() -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Churn", env=HERE)
    AutoMLProvider.of(stack).configure(event_bus=far_bus(app))
    topic = sns.Topic(stack, "Topic")

    with pytest.raises(
        ValueError,
        match=r"the rule 'Churn/Job/OnFailed' has 1 problem:\n  - 'event_bus' is in the account 222222222222, and this "
        r"stack in 111111111111: rules live in the account of their bus. Define an events.Rule in a stack there",
    ):
        new_job(stack).on_failed(topic)


def test_far_bus_is_refused_where_there_are_rules_already() -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Churn", env=HERE)
    new_job(stack).on_failed(sns.Topic(stack, "Topic"))

    with pytest.raises(
        ValueError, match=r"rules live in the account of their bus.*'Churn/Job/OnFailed' is a rule of this"
    ):
        AutoMLProvider.of(stack).configure(event_bus=far_bus(app))


def test_bus_of_another_region_is_refused_and_one_from_elsewhere_is_doubted() -> None:
    app = cdk.App()
    stack, other = cdk.Stack(app, "Churn", env=HERE), cdk.Stack(app, "Other", env=HERE)
    arn = "arn:aws:events:us-east-1:111111111111:event-bus/ml"
    with pytest.raises(
        ValueError, match="'event_bus' is in the region us-east-1, and the stack in eu-west-1: events are"
    ):
        AutoMLProvider.of(stack).configure(event_bus=events.EventBus.from_event_bus_arn(stack, "Far", arn))

    found = events.EventBus.from_event_bus_arn(other, "Found", "arn:aws:events:eu-west-1:222222222222:event-bus/ml")
    AutoMLProvider.of(other).configure(event_bus=found)

    (told,) = warnings_of(AutoMLProvider.of(other))
    assert "'event_bus' is in the account 222222222222, and the stack in 111111111111: its policy has to allow" in told


# ------------------------------------------------------------------------------------------- architecture and runtime


def test_function_runs_where_its_region_has_it() -> None:
    function = function_of(configured(architecture=lambda_.Architecture.X86_64, runtime=lambda_.Runtime.PYTHON_3_12))

    assert (function["Architectures"], function["Runtime"]) == (["x86_64"], "python3.12")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"runtime": lambda_.Runtime.NODEJS_20_X}, "'runtime' must be a lambda_.Runtime that the function runs on .*"),
        ({"runtime": lambda_.Runtime.PYTHON_3_9}, ".*'python3.14', 'python3.13', 'python3.12'.*, got 'python3.9'"),
        ({"runtime": "python3.12"}, "'runtime' must be a lambda_.Runtime .*got 'python3.12'"),
        ({"architecture": "arm64"}, "'architecture' must be lambda_.Architecture.ARM_64 or X86_64, got 'arm64'"),
        (
            {"architecture": lambda_.Architecture.custom("riscv")},
            "'architecture' must be lambda_.Architecture.ARM_64 or X86_64, got 'riscv'",
        ),
    ],
)
def test_other_machines_are_refused(option: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        configured(**option)


# ---------------------------------------------------------------------------------------------------- for all at once


def test_options_for_all_reach_stacks_that_are_there_that_come_and_nested_ones() -> None:
    app = cdk.App()
    before = new_job(cdk.Stack(app, "Before")).stack
    AutoMLProvider.configure_all(app, reserved_concurrent_executions=2)
    after = cdk.Stack(cdk.Stage(app, "Stage"), "After")
    inner = cdk.NestedStack(after, "Inner")
    for stack in (after, inner):
        new_job(stack)

    for stack in (before, after, inner):
        function: Any = AutoMLProvider.of(stack).node.default_child
        assert function.reserved_concurrent_executions == 2, stack.node.path


def test_nearest_scope_counts_as_a_whole() -> None:
    app = cdk.App()
    AutoMLProvider.configure_all(app, reserved_concurrent_executions=2, tracing=True)
    stack = cdk.Stack(app, "Own")
    AutoMLProvider.configure_all(stack, log_retention=cdk.Duration.days(30))
    new_job(stack)

    function = function_of(template_of(stack))
    assert "ReservedConcurrentExecutions" not in function
    assert "TracingConfig" not in function


def test_options_for_all_are_given_once_for_a_scope() -> None:
    app = cdk.App()
    AutoMLProvider.configure_all(app, tracing=True)

    with pytest.raises(ValueError, match=r"AutoMLProvider\.configure_all in 'App' .*\n.*called for this scope already"):
        AutoMLProvider.configure_all(app, tracing=True)


def test_stack_with_options_for_all_is_told_how_to_have_its_own() -> None:
    app = cdk.App()
    AutoMLProvider.configure_all(app, tracing=True)
    stack = cdk.Stack(app, "Stack")

    with pytest.raises(
        ValueError, match=r"its options are those of configure_all: for others of its own use AutoMLPro"
    ):
        AutoMLProvider.of(stack).configure(tracing=False)


def test_options_for_all_are_judged_at_once() -> None:
    with pytest.raises(ValueError, match=r"configure_all in 'App' .*\n.*'tracing' must be true or false"):
        AutoMLProvider.configure_all(cdk.App(), tracing="yes")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="configure_all: 'scope' must be a construct, got 3"):
        AutoMLProvider.configure_all(3)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------- what it is made of


def test_parts_of_the_provider_can_be_watched() -> None:
    stack = new_stack()
    new_job(stack)
    provider = AutoMLProvider.of(stack)
    provider.function.metric_errors().create_alarm(stack, "Errors", threshold=1, evaluation_periods=1)
    provider.state_machine.metric_failed().create_alarm(stack, "Failed", threshold=1, evaluation_periods=1)
    provider.log_group.add_stream("Stream")
    template = template_of(stack)

    (function,) = resources_of(template, FUNCTION)
    (machine,) = resources_of(template, MACHINE)
    dimensions = [
        each["Properties"]["Dimensions"] for each in resources_of(template, "AWS::CloudWatch::Alarm").values()
    ]
    assert f'"{function}"' in str(dimensions).replace("'", '"')
    assert f'"{machine}"' in str(dimensions).replace("'", '"')
    stream = only(resources_of(template, "AWS::Logs::LogStream"))
    assert "ProviderLog" in str(stream["Properties"]["LogGroupName"])
    assert provider.role.role_name
    assert provider.function.role is provider.role


def copying_images(stack: cdk.Stack) -> tuple[dict[str, Any], dict[str, Any]]:
    """The library's function, and CDK's that copies a folder."""
    AutoMLJobV2(stack, "Images", problem=ImageClassification(), training_data=Channel.from_asset(DIGITS))
    functions = [each["Properties"] for each in resources_of(template_of(stack), FUNCTION).values()]
    (ours,) = (each for each in functions if each["Handler"] == "runtime.handler.handle")
    (copying,) = (each for each in functions if each["Handler"] == "index.handler" and "Layers" in each)
    return ours, copying


def test_function_that_copies_folders_keeps_its_own_runtime() -> None:
    """CDK's own code runs there, of which nothing is known here."""
    stack = new_stack()
    provider = AutoMLProvider.of(stack)
    provider.configure(architecture=lambda_.Architecture.X86_64, runtime=lambda_.Runtime.PYTHON_3_12, tracing=True)
    ours, copying = copying_images(stack)
    _, as_made = copying_images(new_stack())

    assert (ours["Runtime"], ours["Architectures"]) == ("python3.12", ["x86_64"])
    assert copying["Runtime"] == as_made["Runtime"] != "python3.12"
    assert copying.get("Architectures") == as_made.get("Architectures")
    assert copying["TracingConfig"] == {"Mode": "Active"}
