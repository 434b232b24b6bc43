"""What users of L2 constructs reach for: interfaces, metrics with a place, grants, the parts of the provider."""

import inspect
import json
import shutil
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from constructs_lib import (
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    Channel,
    IAutoMLEndpoint,
    IAutoMLJob,
    Metric,
    ModelDeployConfig,
    OutputLocation,
    QualityGate,
    RealTime,
)
from constructs_lib.endpoint.metrics import EndpointBase
from constructs_lib.interfaces import Resource
from constructs_lib.jobs.base import JobBase
from constructs_lib.runtime import contract

from .synthesis import (
    allowing,
    as_list,
    data_bucket,
    flat,
    job_properties,
    new_job,
    new_stack,
    only,
    resources_of,
    statements_of,
    template_of,
    warnings_of,
)

HERE = cdk.Environment(account="1" * 12, region="eu-west-1")


def new_endpoint(stack: cdk.Stack) -> AutoMLEndpoint:
    outcome = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack))
    return AutoMLEndpoint(stack, "Endpoint", outcome=outcome, serving=RealTime(instance_type="ml.m5.large"))


# ---------------------------------------------------------------------------------------------------------- interfaces

OF_EVERY_RESOURCE = {"node", "stack", "env", "apply_removal_policy"}
OF_EVERY_RESOURCE |= {"with_"} if hasattr(cdk.Resource, "with_") else set()  # older releases have no mixins


def members(kind: type) -> set[str]:
    own = [each for each in kind.__mro__ if each is kind or each in Resource.__mro__]
    return {name for each in own for name in vars(each) if not name.startswith("_")}


@pytest.mark.parametrize(("interface", "base"), [(IAutoMLJob, JobBase), (IAutoMLEndpoint, EndpointBase)])
def test_interface_has_what_every_cdk_interface_has(interface: type, base: type) -> None:
    assert members(interface) >= OF_EVERY_RESOURCE
    for name in members(interface) - OF_EVERY_RESOURCE:
        declared, made = inspect.getattr_static(interface, name), inspect.getattr_static(base, name, None)
        if made is None:  # the name and the ARN, which each kind says itself
            assert name.endswith(("_name", "_arn")), name
        elif inspect.isfunction(declared):
            assert inspect.signature(declared) == inspect.signature(made), name


def test_interface_of_a_job_has_every_public_method_of_its_base() -> None:
    assert members(JobBase) <= members(IAutoMLJob)


def test_imported_endpoint_is_of_its_arns_place() -> None:
    stack = new_stack()
    arn = "arn:aws:sagemaker:us-east-1:222222222222:endpoint/Churn"
    endpoint = AutoMLEndpoint.from_endpoint_arn(stack, "E", arn)

    assert (endpoint.endpoint_name, endpoint.endpoint_arn) == ("Churn", arn)
    assert (endpoint.env.account, endpoint.env.region) == ("222222222222", "us-east-1")


def test_endpoint_of_a_token_has_the_name_in_it() -> None:
    stack = new_stack()
    endpoint = AutoMLEndpoint.from_endpoint_arn(stack, "E", cdk.Fn.import_value("Arn"))

    split = {"Fn::Split": [":endpoint/", {"Fn::ImportValue": "Arn"}]}
    assert stack.resolve(endpoint.endpoint_name) == {"Fn::Select": [1, split]}


@pytest.mark.parametrize("arn", ["Churn", "arn:aws:sagemaker:us-east-1:222222222222:model/x", 3])
def test_arn_of_something_else_is_refused(arn: Any) -> None:
    with pytest.raises(
        ValueError,
        match=r"'endpoint_arn' must be the ARN of an endpoint, "
        r"arn:<partition>:sagemaker:<region>:<account>:endpoint/<name>, got ",
    ):
        AutoMLEndpoint.from_endpoint_arn(new_stack(), "E", arn)


def test_name_in_an_arn_is_checked() -> None:
    arn = "arn:aws:sagemaker:us-east-1:222222222222:endpoint/no_underscores"
    with pytest.raises(ValueError, match="no_underscores"):
        AutoMLEndpoint.from_endpoint_arn(new_stack(), "E", arn)


def test_removal_policy_of_a_job_is_that_of_its_resource() -> None:
    stack = new_stack()
    new_job(stack).apply_removal_policy(cdk.RemovalPolicy.RETAIN)

    assert only(resources_of(template_of(stack), "Custom::SageMakerAutoMLJob"))["DeletionPolicy"] == "Retain"


def test_condition_of_a_job_leaves_the_rest_as_it_is() -> None:
    stack = new_stack()
    condition = cdk.CfnCondition(stack, "Trains", expression=cdk.Fn.condition_equals(cdk.Aws.REGION, "eu-west-1"))
    job = new_job(stack)
    resource = job.node.default_child
    assert isinstance(resource, cdk.CfnResource)
    resource.cfn_options.condition = condition
    template = template_of(stack)

    conditional = {name for name, each in template["Resources"].items() if "Condition" in each}
    assert conditional == set(resources_of(template, "Custom::SageMakerAutoMLJob"))
    (name,) = conditional
    others = {key: each for key, each in template["Resources"].items() if key != name}
    assert f'"{name}"' not in json.dumps(others)  # nobody refers to what may not be there


# ------------------------------------------------------------------------------------------------------------- metrics


def test_metrics_carry_the_place_of_what_they_measure() -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Here", env=HERE)
    far = cdk.Stack(app, "Far", env=cdk.Environment(account="1" * 12, region="us-east-1"))
    endpoint = new_endpoint(stack)
    job = AutoMLJob.from_job_name(stack, "Old", "old")
    metrics = [endpoint.metric_invocations(), job.metric_failed(), job.metric("JobDuration")]
    board = cloudwatch.Dashboard(far, "Board")
    board.add_widgets(cloudwatch.GraphWidget(left=metrics))

    body = json.dumps(only(resources_of(template_of(far), "AWS::CloudWatch::Dashboard")))
    assert body.count(r"\"region\":\"eu-west-1\"") == len(metrics)
    with pytest.raises(RuntimeError, match="Cannot create an Alarm in region 'us-east-1' based on metric"):
        endpoint.metric_invocations().create_alarm(far, "Alarm", threshold=1, evaluation_periods=1)


def test_metric_that_a_job_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'metric_name' must be one of 'JobsCompleted', .*, got 'Completed'"):
        new_job(new_stack()).metric("Completed")


# -------------------------------------------------------------------------------------------------------------- grants


def granted(stack: cdk.Stack) -> set[tuple[str, str]]:
    return {
        (action, flat(resource))
        for statement in statements_of(template_of(stack), beginning="Reader")
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def test_any_action_can_be_granted_on_an_endpoint() -> None:
    stack = new_stack()
    reader = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    endpoint = new_endpoint(stack)
    endpoint.grant(reader, "sagemaker:DescribeEndpoint").assert_success()

    assert granted(stack) == {("sagemaker:DescribeEndpoint", flat(stack.resolve(endpoint.endpoint_arn)))}


def test_predictions_can_be_read() -> None:
    stack = new_stack()
    reader = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    bucket = data_bucket(stack)
    transform = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack)).transform(
        data=Channel.from_bucket(bucket, "new/"),
        instance_type="ml.m5.large",
        output=OutputLocation.from_bucket(bucket, "answers/"),
    )
    transform.grant_read_output(reader).assert_success()

    assert {(action, place.partition(":::")[2]) for action, place in granted(stack)} == {
        ("s3:GetObject", "data-bucket/answers/*"),
        ("s3:ListBucket", "data-bucket"),
    }
    (listing,) = allowing(statements_of(template_of(stack), beginning="Reader"), "s3:ListBucket")
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["answers/*"]}}


def test_bucket_of_the_output_is_at_hand() -> None:
    stack = new_stack()
    job = new_job(stack, output=None)
    given = new_job(stack, "Given")

    assert job.output_bucket is job.node.find_child("Output")
    assert given.output_bucket.bucket_name == "data-bucket"


def test_bucket_of_a_request_is_known_by_its_name() -> None:
    stack = new_stack()
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://churn/train/"}}
    job = AutoMLJob.from_request(
        stack,
        "Job",
        {
            "InputDataConfig": [{"DataSource": source, "TargetAttributeName": "y"}],
            "OutputDataConfig": {"S3OutputPath": "s3://models/here"},
            "RoleArn": "arn:aws:iam::111122223333:role/automl",
        },
    )

    assert job.output_bucket.bucket_name == "models"
    assert job.output_bucket.bucket_name == "models"  # and again


def test_bucket_of_an_imported_job_may_not_be_known() -> None:
    with pytest.raises(ValueError, match="output_bucket is not known of the imported job 'Stack/Old'"):
        AutoMLJob.from_job_name(new_stack(), "Old", "old").output_bucket  # noqa: B018


# ------------------------------------------------------------------------------------------------------------- outcomes


def test_outcome_knows_its_job_and_its_stack() -> None:
    stack = new_stack()
    job = new_job(stack)
    outcome = AutoMLJobOutcome(stack, "Outcome", job=job)

    assert (outcome.job, outcome.stack) == (job, stack)


def test_outcome_of_a_job_that_deploys_nothing_has_no_endpoint_name() -> None:
    outcome = AutoMLJobOutcome(stack := new_stack(), "Outcome", job=new_job(stack))

    with pytest.raises(
        ValueError, match=r"'Stack/Outcome' has no 'endpoint_name': its job deploys nothing itself\. Gi"
    ):
        outcome.endpoint_name  # noqa: B018


def test_outcome_of_a_job_that_deploys_has_it() -> None:
    stack = new_stack()
    job = new_job(stack, model_deploy_config=ModelDeployConfig.auto_named())
    found = AutoMLJob.from_job_name(stack, "Found", "found")

    for name, each in (("One", job), ("Other", found)):
        assert cdk.Token.is_unresolved(AutoMLJobOutcome(stack, name, job=each).endpoint_name)


@pytest.mark.parametrize(
    ("metric", "gate", "message"),
    [
        (Metric.F1, {"at_least": 85}, "'quality_gate.at_least' is 85, and values of 'F1' are from 0 to 1"),
        ("Accuracy", {"at_least": 1.01}, "'quality_gate.at_least' is 1.01, and values of 'Accuracy' are from 0 to 1"),
        ("AUC", {"at_least": -0.1}, "'quality_gate.at_least' is -0.1, and values of 'AUC' are from 0 to 1"),
        ("R2", {"at_least": 90}, "'quality_gate.at_least' is 90, and values of 'R2' are at most 1"),
        ("RMSE", {"at_most": -1}, "'quality_gate.at_most' is -1, and values of 'RMSE' are at least 0"),
        ("validation:f1_binary", {"at_least": 2}, "values of 'validation:f1_binary' are from 0 to 1"),
    ],
)
def test_threshold_that_no_value_of_the_metric_has_is_refused(
    metric: str, gate: dict[str, float], message: str
) -> None:
    stack = new_stack()
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        AutoMLJobOutcome(stack, "Outcome", job=new_job(stack), quality_gate=QualityGate(metric=metric, **gate))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("metric", "gate"),
    [
        (Metric.F1, {"at_least": 1}),
        (Metric.F1, {"at_least": 0.5}),
        ("R2", {"at_least": -3}),
        ("MSE", {"at_most": 4000}),
        ("Rouge1", {"at_least": 40}),
        ("mine", {"at_least": 40}),
    ],
)
def test_threshold_that_a_value_may_have_passes(metric: str, gate: dict[str, float]) -> None:
    stack = new_stack()
    AutoMLJobOutcome(stack, "Outcome", job=new_job(stack), quality_gate=QualityGate(metric=metric, **gate))  # type: ignore[arg-type]

    assert template_of(stack)


def test_job_cannot_be_better_than_itself() -> None:
    stack = new_stack()
    job = new_job(stack)
    first = AutoMLJobOutcome(stack, "First", job=job)

    with pytest.raises(ValueError, match=r"'quality_gate\.better_than' is an outcome of the same job"):
        AutoMLJobOutcome(stack, "Second", job=job, quality_gate=QualityGate(better_than=first))


def test_name_that_may_be_no_value_keeps_the_prefix_of_a_generated_one() -> None:
    stack = new_stack()
    name = cdk.CfnParameter(stack, "Name", default="")
    given = cdk.CfnCondition(
        stack, "Named", expression=cdk.Fn.condition_not(cdk.Fn.condition_equals(name.value_as_string, ""))
    )
    chosen = cdk.Fn.condition_if(given.logical_id, name.value_as_string, cdk.Aws.NO_VALUE).to_string()
    new_job(stack, job_name=chosen)
    properties = job_properties(template_of(stack))

    assert properties["Request"]["AutoMLJobName"] == {"Fn::If": ["Named", {"Ref": "Name"}, {"Ref": "AWS::NoValue"}]}
    assert flat(properties["NamePrefix"]).endswith("-job-")


# ------------------------------------------------------------------------------------------------------------ networks


def public_vpc(stack: cdk.Stack) -> ec2.IVpc:
    return ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["a"], public_subnet_ids=["subnet-1"]
    )


def test_network_with_public_subnets_alone_is_told() -> None:
    stack = new_stack()
    job = new_job(stack, vpc=public_vpc(stack))

    assert [
        each for each in warnings_of(job) if "'vpc' has public subnets alone: the job gets no public address" in each
    ]


def test_public_subnets_that_were_chosen_are_told() -> None:
    stack = new_stack()
    outcome = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack))
    endpoint = AutoMLEndpoint(
        stack,
        "Endpoint",
        outcome=outcome,
        serving=RealTime(instance_type="ml.m5.large"),
        vpc=public_vpc(stack),
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
    )

    assert [each for each in warnings_of(endpoint) if "'vpc_subnets' are public ones: the endpoint gets no" in each]


def test_private_subnets_are_not_told_of() -> None:
    stack = new_stack()
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["a"],
        public_subnet_ids=["subnet-1"],
        private_subnet_ids=["subnet-2"],
    )

    assert not [each for each in warnings_of(new_job(stack, vpc=vpc)) if "public" in each]


# ----------------------------------------------------------------------------------------------------------- the asset


def test_asset_holds_the_librarys_own_code_and_nothing_that_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = Path(contract.__file__).parent
    shutil.copytree(runtime, tmp_path / "runtime")
    for name in ("notes.txt", ".env", "handler.py.orig", "__pycache__/x.pyc", "folder/more.py"):
        (tmp_path / "runtime" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "runtime" / name).write_text("not ours", encoding="utf-8")
    monkeypatch.setattr(contract, "__file__", str(tmp_path / "runtime" / "contract.py"))
    stack = new_stack()
    new_job(stack)
    app = stack.node.root
    assert isinstance(app, cdk.App)
    staged = next(path for path in Path(app.synth().directory).glob("asset.*") if (path / "runtime").is_dir())

    packed = {path.relative_to(staged / "runtime").as_posix() for path in staged.rglob("*") if path.is_file()}
    assert packed == {path.name for path in runtime.glob("*.py")}
