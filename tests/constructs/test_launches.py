"""One template that becomes many stacks: names, patterns and metrics are those of each launch."""

import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_servicecatalog as servicecatalog
from constructs import Construct, IConstruct

from constructs_lib import (
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLRetraining,
    Channel,
    Holdout,
    Mode,
    RealTime,
)
from constructs_lib.runtime import contract

from .launches import UUIDS, Launch, Template, templates_of
from .synthesis import as_list, data_bucket, new_job

CONFIG = "endpoint-config"
ENDPOINT, ALARM = "AWS::SageMaker::Endpoint", "AWS::CloudWatch::Alarm"
PROVIDER = "SageMakerAutopilotProvider"


def define(scope: Construct) -> tuple[AutoMLJob, AutoMLEndpoint]:
    """All that has a name, or a pattern of names."""
    job = new_job(scope, mode=Mode.ENSEMBLING)
    outcome = AutoMLJobOutcome(scope, "Outcome", job=job)
    outcome.transform(data=Channel.from_bucket(data_bucket(scope), "new/"), instance_type="ml.m5.large")
    endpoint = AutoMLEndpoint(
        scope,
        "Endpoint",
        outcome=outcome,
        serving=RealTime(instance_type="ml.m5.large"),
        log_retention=cdk.Duration.days(30),
    )
    endpoint.add_rollback_alarm(endpoint.alarm_5xx())
    job.metric_failed().create_alarm(scope, "Failed", threshold=1, evaluation_periods=1)
    return job, endpoint


def plain(app: cdk.App) -> Construct:
    return cdk.Stack(app, "Churn")


def in_a_stage(app: cdk.App) -> Construct:
    return cdk.Stack(cdk.Stage(app, "Production"), "Churn", stack_name="Churn")


def product(app: cdk.App) -> Construct:
    """A product whose versions Service Catalog launches under names of its own."""
    portfolio = cdk.Stack(app, "Portfolio")
    assets = s3.Bucket.from_bucket_name(portfolio, "Assets", "assets-of-products")
    churn = servicecatalog.ProductStack(portfolio, "Churn", asset_bucket=assets)
    version = servicecatalog.CloudFormationProductVersion(
        cloud_formation_template=servicecatalog.CloudFormationTemplate.from_product_stack(churn)
    )
    servicecatalog.CloudFormationProduct(
        portfolio, "Product", product_name="Churn", owner="ML", product_versions=[version]
    )
    return churn


def for_a_stack_set(app: cdk.App) -> Construct:
    """A template for a StackSet: it has no assets of the account that synthesizes it."""
    synthesizer = cdk.CliCredentialsStackSynthesizer(file_assets_bucket_name="assets-of-all", bucket_prefix="sets/")
    return cdk.Stack(app, "Churn", synthesizer=synthesizer)


PLACES = [plain, in_a_stage, product, for_a_stack_set]
LAUNCHED: dict[Callable[[cdk.App], Construct], str] = {
    plain: "Churn-2",
    in_a_stage: "Copied",
    product: "SC-111122223333-pp-abcdefghijklm",
}
"""What the stacks are called that somebody else deploys."""


def launched(place: Callable[[cdk.App], Construct]) -> tuple[Launch, Launch]:
    """Two launches of a template, one after the other."""
    app = cdk.App()
    define(place(app))
    [template] = [each for each in templates_of(app).values() if PROVIDER in json.dumps(each.get("Resources", {}))]
    name = LAUNCHED.get(place, "StackSet-churn-0a1b2c3d-4e5f")
    return Launch(template, f"{name}-1", UUIDS[0]), Launch(template, f"{name}-2", UUIDS[1])


def names_of(launch: Launch) -> list[str]:
    """The names that a launch says, and how generated ones begin."""
    prefixes = [
        each["Properties"]["NamePrefix"]
        for each in launch.resources.values()
        if "NamePrefix" in each.get("Properties", {})
    ]
    logs = [
        each["LogGroupName"].rpartition("/")[2] for each in launch.of("AWS::Logs::LogGroup") if "LogGroupName" in each
    ]
    return [*prefixes, *(each["EndpointName"] for each in launch.of(ENDPOINT)), *logs]


def patterns_of(launch: Launch, kind: str, policy: str = PROVIDER) -> list[str]:
    """What the function may create of a kind, by its name."""
    return [
        resource.rpartition("/")[2]
        for statement in launch.statements(policy)
        if any("Create" in action or "DescribeEndpoint" in action for action in as_list(statement["Action"]))
        for resource in as_list(statement["Resource"])
        if f":{kind}/" in resource
    ]


@pytest.mark.parametrize("place", PLACES)
def test_two_launches_share_no_name(place: Callable[[cdk.App], Construct]) -> None:
    one, other = launched(place)

    assert (
        len(names_of(one)) == len(names_of(other)) == 7
    )  # job, two models, transform, endpoint, its log, the waiter's
    assert not set(names_of(one)) & set(names_of(other))


@pytest.mark.parametrize("place", PLACES)
def test_function_of_a_launch_may_do_nothing_with_names_of_another(place: Callable[[cdk.App], Construct]) -> None:
    launches = launched(place)
    lengths = {"automl-job": contract.NAME_LENGTH, "model": contract.HOSTED_NAME_LENGTH}
    for one in launches:
        for kind, length in {**lengths, "endpoint": contract.HOSTED_NAME_LENGTH}.items():
            [pattern] = patterns_of(one, kind)
            assert len(pattern) == length
            for launch in launches:
                names = [each["EndpointName"] for each in launch.of(ENDPOINT)]
                if kind != "endpoint":
                    named = contract.RESOURCE_TYPE if kind == "automl-job" else contract.MODEL_TYPE
                    names = [each["NamePrefix"].ljust(length, "x") for each in launch.of(named)]
                assert [fnmatchcase(name, pattern) for name in names] == [launch is one] * len(names)
        [stack] = [
            statement["Resource"]
            for statement in one.statements(PROVIDER)
            if "cloudformation:DescribeStacks" in as_list(statement["Action"])
        ]
        assert stack == one.stack_id


@pytest.mark.parametrize("place", PLACES)
def test_names_of_a_launch_are_names(place: Callable[[cdk.App], Construct]) -> None:
    for launch in launched(place):
        for job in launch.of(contract.RESOURCE_TYPE):
            assert len(job["NamePrefix"]) <= contract.NAME_LENGTH - contract.HASH_LENGTH
        for kind in (contract.MODEL_TYPE, contract.TRANSFORM_TYPE):
            for each in launch.of(kind):
                assert len(each["NamePrefix"]) <= contract.HOSTED_NAME_LENGTH - contract.HASH_LENGTH
        [endpoint] = launch.of(ENDPOINT)
        assert len(endpoint["EndpointName"]) <= 63
        assert {each["Value"] for alarm in launch.of(ALARM) for each in alarm["Dimensions"]} == {
            endpoint["EndpointName"],
            "AllTraffic",
            f"{launch.name}/{job_of(launch)}",
        }


def test_two_launches_of_a_retraining_share_no_name_and_no_folder() -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Churn")
    job, endpoint = define(stack)
    AutoMLRetraining(
        stack,
        "Weekly",
        job=job,
        evaluate_on=Holdout.from_bucket(data_bucket(stack), "holdout.csv"),
        promotes=endpoint,
        max_runs_per_month=3,
    )
    [template] = templates_of(app).values()
    one, other = (Launch(template, f"Churn-{number}", uuid) for number, uuid in enumerate(UUIDS[:2]))

    def named(launch: Launch) -> list[str]:
        [retraining] = launch.of(contract.RETRAINING_TYPE)
        machines = [each["StateMachineName"] for each in launch.of("AWS::StepFunctions::StateMachine")]
        begun = [retraining["NamePrefix"], retraining["Holdout"]["NamePrefix"]]
        return [*begun, retraining["Folder"], *machines, pattern_of_configs(launch)]

    def pattern_of_configs(launch: Launch) -> str:
        """Of those that it makes; CloudFormation names the template's, which it only looks at and serves again."""
        [pattern] = {*patterns_of(launch, CONFIG, "Weekly")} - {"*"}
        return pattern

    assert len(named(one)) == len(named(other)) == 6  # two machines, and the pattern of configurations
    assert not set(named(one)) & set(named(other))
    [model] = [each["NamePrefix"] for each in one.of(contract.MODEL_TYPE) if "EndpointShape" in each]
    assert fnmatchcase(model.ljust(contract.HOSTED_NAME_LENGTH, "x"), pattern_of_configs(one))


def job_of(launch: Launch) -> str:
    [name] = [name for name, each in launch.resources.items() if each["Type"] == contract.RESOURCE_TYPE]
    return name


@pytest.mark.parametrize("place", [plain, in_a_stage])
def test_names_stay_what_they_were_where_the_app_deploys(place: Callable[[cdk.App], Construct]) -> None:
    """These are what was deployed before names could be of a launch: another one replaces an endpoint in production."""
    launch = Launch(launched(place)[0].template, "Churn")

    [endpoint] = launch.of(ENDPOINT)
    assert endpoint["EndpointName"] == "churn2b58-endpoint-45aa8d5d4fd2c00e6091a9d58"
    [job] = launch.of(contract.RESOURCE_TYPE)
    assert job["NamePrefix"] == "churn2b58-job-"
    assert patterns_of(launch, "automl-job") == ["churn2b58-" + "?" * 22]
    assert patterns_of(launch, "model") == patterns_of(launch, "endpoint") == ["churn2b58-" + "?" * 34]


# ------------------------------------------------------------------------------------------------------ nested stacks


@pytest.fixture(scope="module")
def nest() -> dict[str, Template]:
    """A job in the outer stack, its endpoint two stacks below, another such endpoint beside, alarms everywhere."""
    app = cdk.App()
    outer = cdk.Stack(app, "Churn")
    job = new_job(outer, mode=Mode.ENSEMBLING)
    deep = cdk.NestedStack(cdk.NestedStack(outer, "Middle"), "Deep")
    beside = cdk.NestedStack(outer, "Beside")
    for stack in (deep, beside):
        outcome = AutoMLJobOutcome(stack, "Outcome", job=job)
        endpoint = AutoMLEndpoint(stack, "E", outcome=outcome, serving=RealTime(instance_type="ml.m5.large"))
        # An alarm of the outer stack takes its deployments back: its name goes in, the endpoint's must not come out.
        endpoint.add_rollback_alarm(
            endpoint.metric_invocation_5xx_errors().create_alarm(
                outer, f"{stack.node.id}Errors", threshold=1, evaluation_periods=1
            )
        )
        job.metric_failed().create_alarm(stack, "Failed", threshold=1, evaluation_periods=1)
    own = new_job(deep, "Own", mode=Mode.ENSEMBLING)
    own.metric_failed().create_alarm(outer, "OwnFailed", threshold=1, evaluation_periods=1)
    own.metric_failed().create_alarm(deep, "Failed2", threshold=1, evaluation_periods=1)
    return templates_of(app)


def stacks_of(nest: dict[str, Template], name: str, uuid: str = UUIDS[0]) -> dict[str, Launch]:
    """The outer stack and those in it, as CloudFormation makes them."""
    files = {file.partition(".")[0].rstrip("0123456789ABCDEF"): each for file, each in nest.items()}
    outer = Launch(files["Churn"], name, uuid)
    deep = outer.nested("Middle", files["ChurnMiddle"]).nested("Deep", files["ChurnMiddleDeep"])
    return {"outer": outer, "deep": deep, "beside": outer.nested("Beside", files["ChurnBeside"])}


@pytest.mark.parametrize("name", ["Churn", "Launched"])
def test_nested_stacks_have_names_of_their_own_and_all_templates_say_the_same(
    name: str, nest: dict[str, Template]
) -> None:
    stacks = stacks_of(nest, name)
    endpoints = {key: stacks[key].of(ENDPOINT)[0]["EndpointName"] for key in ("deep", "beside")}

    assert len(set(endpoints.values())) == 2
    for key, endpoint in endpoints.items():
        [pattern] = patterns_of(stacks[key], "endpoint")
        assert fnmatchcase(endpoint, pattern)
        assert len(endpoint) == len(pattern) == contract.HOSTED_NAME_LENGTH
        assert [fnmatchcase(each, pattern) for each in endpoints.values()].count(True) == 1
    watched = {
        dimension["Value"]
        for alarm in stacks["outer"].of(ALARM)
        for dimension in alarm["Dimensions"]
        if dimension["Name"] == "EndpointName"
    }
    assert watched == set(endpoints.values())
    is_plain = {each.startswith("stack") for each in endpoints.values()}
    assert is_plain == {name == "Churn"}


@pytest.mark.parametrize("name", ["Churn", "Launched"])
def test_metric_of_a_job_has_the_name_of_its_own_stack_in_every_template(name: str, nest: dict[str, Template]) -> None:
    stacks = stacks_of(nest, name)
    job = f"{name}/{job_of(stacks['outer'])}"

    def dimensions(stack: str) -> set[str]:
        return {
            each["Value"]
            for alarm in stacks[stack].of(ALARM)
            for each in alarm["Dimensions"]
            if each["Name"] == contract.METRIC_DIMENSION
        }

    own = f"{stacks['deep'].name}/{job_of(stacks['deep'])}"
    assert dimensions("beside") == {job}
    assert dimensions("deep") == {job, own}
    [from_outside] = dimensions("outer")
    assert from_outside.endswith(own.partition("/")[2])


@pytest.mark.parametrize("name", ["Churn", "Launched"])
def test_role_of_an_endpoint_reads_what_jobs_of_the_outer_stack_write(name: str, nest: dict[str, Template]) -> None:
    stacks = stacks_of(nest, name)
    prefix = stacks["outer"].of(contract.RESOURCE_TYPE)[0]["NamePrefix"]
    for key in ("deep", "beside"):
        read = {
            resource.split("/models/")[1].partition("/")[0]
            for statement in stacks[key].statements("EPermissions")
            for resource in as_list(statement["Resource"])
            if "/models/" in resource
        }
        former = set() if name == "Churn" else {"churn2b58-" + "?" * 22}  # a job that has not trained since
        [pattern] = read - former
        assert read == former | {pattern}
        assert fnmatchcase(prefix.ljust(contract.NAME_LENGTH, "x"), pattern)


def test_two_launches_of_nested_stacks_share_no_name(nest: dict[str, Template]) -> None:
    one, other = (stacks_of(nest, f"Launched-{uuid[0]}", uuid) for uuid in UUIDS)
    for key in one:
        assert not set(names_of(one[key])) & set(names_of(other[key]))


def test_nested_stack_with_nothing_else_of_ours_says_the_same() -> None:
    """A role, and an alarm. What they need to know the outermost stack's name comes while references are resolved."""
    app = cdk.App()
    outer = cdk.Stack(app, "Churn")
    inner = cdk.NestedStack(cdk.NestedStack(outer, "Middle"), "Inner")
    role = iam.Role(inner, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    outcome = AutoMLJobOutcome(outer, "Outcome", job=new_job(outer, mode=Mode.ENSEMBLING))
    serving = RealTime(instance_type="ml.m5.large")
    endpoint = AutoMLEndpoint(outer, "Endpoint", outcome=outcome, serving=serving, role=role)
    endpoint.metric_invocations().create_alarm(inner, "Alarm", threshold=1, evaluation_periods=1)
    files = {file.partition(".")[0].rstrip("0123456789ABCDEF"): each for file, each in templates_of(app).items()}

    for name in ("Churn", "Launched"):
        outermost = Launch(files["Churn"], name)
        launch = outermost.nested("Middle", files["ChurnMiddle"]).nested("Inner", files["ChurnMiddleInner"])
        [alarm] = launch.of(ALARM)
        assert alarm["Dimensions"][0]["Value"] == outermost.of(ENDPOINT)[0]["EndpointName"]
        [read] = [each["Resource"] for each in launch.statements() if each["Action"] == "s3:GetObject"]
        assert read[0] == f"arn:aws:s3:::data-bucket/models/{patterns_of(outermost, 'automl-job')[0]}/*"
        assert len(read) == (1 if name == "Churn" else 2)


# --------------------------------------------------------------------------------------------- stacks by themselves


def test_stack_of_its_own_says_what_the_app_knows() -> None:
    app = cdk.App()
    job, endpoint = define(cdk.Stack(app, "Churn"))
    other = cdk.Stack(app, "Watching")
    job.metric_failed().create_alarm(other, "Failed", threshold=1, evaluation_periods=1)
    endpoint.metric_invocations().create_alarm(other, "Asked", threshold=1, evaluation_periods=1)
    AutoMLJobOutcome(other, "Outcome", job=job)  # has names of its own too
    found = templates_of(app)
    made, watching = Launch(found["Churn.template.json"], "Churn"), Launch(found["Watching.template.json"], "Launched")

    values = {each["Value"] for alarm in watching.of(ALARM) for each in alarm["Dimensions"]}
    assert values == {f"Churn/{job_of(made)}", made.of(ENDPOINT)[0]["EndpointName"], "AllTraffic"}
    [written] = [each["Resource"] for each in watching.statements(PROVIDER) if each["Action"] == "s3:PutObject"]
    assert written == f"arn:aws:s3:::data-bucket/models/churn2b58-{'?' * 22}/outcome.json"
    assert patterns_of(watching, "automl-job") == ["wat1c2fa620-" + "?" * 20]


# ---------------------------------------------------------------------------------------- policies that are elsewhere

KNOWN = "arn:aws:cloudformation:eu-west-1:111122223333:stack/Churn/*"
IAM = ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")


@jsii.implements(cdk.IAspect)
class Extractor:
    """What `ResourceExtractor` of cdk-enterprise-iac 0.1.0 does with roles and policies: it copies what was written.

    What refers to what it takes away, it corrects; that is left out here.
    """

    def __init__(self, template: Template, destination: cdk.Stack) -> None:
        self._template = template
        self._destination = destination

    def visit(self, node: IConstruct) -> None:
        if not isinstance(node, cdk.CfnResource) or node.cfn_resource_type not in IAM:
            return
        stack = cdk.Stack.of(node)
        name = stack.resolve(node.logical_id)
        if stack is self._destination:
            return
        cdk.CfnResource(
            self._destination,
            name,
            type=node.cfn_resource_type,
            properties=self._template["Resources"][name]["Properties"],
        )
        assert node.node.scope is not None
        node.node.scope.node.try_remove_child(node.node.id)


@pytest.fixture(scope="module")
def extracted() -> Launch:
    """The stack that roles and policies were taken to."""
    app = cdk.App()
    stack, destination = cdk.Stack(app, "Churn"), cdk.Stack(app, "Security")
    define(stack)
    first = templates_of(app)["Churn.template.json"]
    cdk.Aspects.of(app).add(Extractor(first, destination))
    app.synth(force=True)
    return Launch(json.loads((Path(app.outdir) / "Security.template.json").read_text()), "Security")


def test_policies_in_another_stack_name_the_stack_by_its_name(extracted: Launch) -> None:
    text = json.dumps(extracted.template["Resources"])
    assert "AWS::StackId" not in text
    assert "Fn::If" not in text

    [described] = [each for each in extracted.statements() if "cloudformation:DescribeStacks" in each["Action"]]
    [signalled] = [each for each in extracted.statements() if each["Action"] == "cloudformation:SignalResource"]
    assert described["Resource"] == signalled["Resource"] == KNOWN
    [started] = [each for each in extracted.statements() if each["Action"] == "states:StartExecution"]
    assert started["Resource"] == "arn:aws:states:eu-west-1:111122223333:stateMachine:sagemaker-autopilot-*"
    assert patterns_of(extracted, "automl-job") == ["churn2b58-" + "?" * 22]
    tagged = [each["Condition"] for each in extracted.statements() if "aws:ResourceTag" in json.dumps(each)]
    assert tagged == [{"StringLike": {"aws:ResourceTag/sagemaker-autopilot:stack-id": KNOWN}}] * 3


def test_what_is_made_beforehand_is_reported_without_tokens() -> None:
    for prevented in (True, False):
        report = json.dumps(reported(prevented=prevented))
        assert "${Token" not in report
        assert "[object Object]" not in report
        assert "arn:(PARTITION):cloudformation:(REGION):(ACCOUNT):stack/Churn/*" in report
        assert "arn:(PARTITION):states:(REGION):(ACCOUNT):stateMachine:sagemaker-autopilot-*" in report
        assert "arn:(PARTITION):events:(REGION):(ACCOUNT):event-bus/default" in report
        assert "automl-job/churn2b58-" + "?" * 22 in report


def reported(*, prevented: bool) -> Any:
    app = cdk.App()
    paths = {path: path for path in (PROVIDER, f"{PROVIDER}/Waiter", "Job", "Endpoint", "Outcome/Transform")}
    names = {f"Churn/{path}/Role": f"ml-{index}" for index, path in enumerate(paths)}
    if prevented:
        iam.Role.customize_roles(app, use_precreated_roles=names)
    else:
        iam.Role.customize_roles(app, prevent_synthesis=False)
    define(cdk.Stack(app, "Churn"))
    app.synth()
    return json.loads((Path(app.outdir) / "iam-policy-report.json").read_text())
