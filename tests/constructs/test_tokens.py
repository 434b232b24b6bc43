"""Values that are only known at deploy time are never judged, and reach the template."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from constructs_lib import (
    Channel,
    CompletionCriteria,
    FeatureSpecification,
    Mode,
    ModelDeployConfig,
    OutputLocation,
)
from constructs_lib.tokens import is_token

from .synthesis import (
    allowing,
    as_list,
    data_bucket,
    flat,
    jobs_of,
    new_job,
    new_stack,
    only,
    request_of,
    statements_of,
    template_of,
)


@jsii.implements(cdk.IStableStringProducer)
class Later:
    def produce(self) -> str:
        return "later"


def parameter(stack: cdk.Stack, kind: str = "String") -> cdk.CfnParameter:
    return cdk.CfnParameter(stack, "Value", type=kind)


TEXTS: dict[str, Callable[[cdk.Stack], str]] = {
    "parameter": lambda stack: parameter(stack).value_as_string,
    "pseudo parameter": lambda _: cdk.Aws.STACK_NAME,
    "part of a text": lambda stack: f"a-{parameter(stack).value_as_string}-z",
    "lazy": lambda _: cdk.Lazy.string(Later()),
    "select": lambda stack: cdk.Fn.select(0, cdk.Fn.split(",", parameter(stack).value_as_string)),
    "import": lambda _: cdk.Fn.import_value("exported"),
}


@pytest.fixture
def stack() -> cdk.Stack:
    return new_stack()


def rendered(stack: cdk.Stack, value: Any) -> Any:
    return stack.resolve(value)


@pytest.mark.parametrize("make", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize(
    ("prop", "path"),
    [
        ("target_attribute", ("InputDataConfig", 0, "TargetAttributeName")),
        ("sample_weight_attribute", ("InputDataConfig", 0, "SampleWeightAttributeName")),
        ("objective", ("AutoMLJobObjective", "MetricName")),
        ("problem_type", ("ProblemType",)),
        ("mode", ("AutoMLJobConfig", "Mode")),
        ("job_name", ("AutoMLJobName",)),
    ],
)
def test_text_prop_takes_a_token(
    stack: cdk.Stack, make: Callable[[cdk.Stack], str], prop: str, path: tuple[str | int, ...]
) -> None:
    value = make(stack)
    both = {"objective": "problem_type", "problem_type": "objective"}
    props: dict[str, Any] = {prop: value} | ({both[prop]: value} if prop in both else {})
    new_job(stack, **({"mode": Mode.ENSEMBLING} if prop == "sample_weight_attribute" else {}) | props)

    found: Any = request_of(template_of(stack))
    for key in path:
        found = found[key]

    assert found == rendered(stack, value)


@pytest.mark.parametrize("make", TEXTS.values(), ids=TEXTS)
def test_name_that_is_a_token_is_granted_as_it_stands(stack: cdk.Stack, make: Callable[[cdk.Stack], str]) -> None:
    name = make(stack)
    new_job(stack, job_name=name, model_deploy_config=ModelDeployConfig.named(name))

    template = template_of(stack)

    granted = allowing(
        statements_of(template, beginning="SageMakerAutopilotProviderNames"), "sagemaker:CreateAutoMLJob"
    )
    assert [flat(statement["Resource"]) for statement in granted] == [
        f"arn:<Partition>:sagemaker:<Region>:<AccountId>:automl-job/{flat(rendered(stack, name))}"
    ]
    endpoints = [flat(each) for each in allowing(statements_of(template), "sagemaker:CreateEndpoint")[0]["Resource"]]
    assert endpoints[0].endswith(f":endpoint/{flat(rendered(stack, name))}")
    assert "{token[" not in str(template).lower()


def test_number_props_take_tokens(stack: cdk.Stack) -> None:
    number = parameter(stack, "Number").value_as_number
    new_job(
        stack,
        validation_fraction=number,
        completion_criteria=CompletionCriteria(
            max_candidates=number,  # type: ignore[arg-type]
            max_runtime=cdk.Duration.seconds(number),
            max_runtime_per_training_job=cdk.Duration.seconds(number),
        ),
    )

    config = request_of(template_of(stack))["AutoMLJobConfig"]

    value = {"Ref": "Value"}
    assert config["DataSplitConfig"] == {"ValidationFraction": value}
    assert config["CompletionCriteria"] == {
        "MaxCandidates": value,
        "MaxRuntimePerTrainingJobInSeconds": value,
        "MaxAutoMLJobRuntimeInSeconds": value,
    }


def test_prefix_and_key_take_tokens(stack: cdk.Stack) -> None:
    value = parameter(stack).value_as_string
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", value)
    new_job(
        stack,
        training_data=Channel.from_bucket(bucket, value),
        validation_data=Channel.from_manifest(bucket, value, data_prefix=value),
        features=FeatureSpecification.from_bucket(bucket, value),
        output=OutputLocation.from_bucket(bucket, value),
    )

    request = request_of(template_of(stack))

    uris = [channel["DataSource"]["S3DataSource"]["S3Uri"] for channel in request["InputDataConfig"]]
    uris.append(request["OutputDataConfig"]["S3OutputPath"])
    uris.append(request["AutoMLJobConfig"]["CandidateGenerationConfig"]["FeatureSpecificationS3Uri"])
    assert {flat(uri) for uri in uris} == {"s3://<Value>/<Value>"}


def test_subnets_that_are_one_list_token_reach_the_request(stack: cdk.Stack) -> None:
    ids = cdk.Fn.split(",", parameter(stack).value_as_string)
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["a"], private_subnet_ids=ids[:1]
    )
    new_job(stack, vpc=vpc, security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "G", "sg-1")])

    template = template_of(stack)

    network = request_of(template)["AutoMLJobConfig"]["SecurityConfig"]["VpcConfig"]
    assert network["Subnets"] == {"Fn::Split": [",", {"Ref": "Value"}]}
    (interfaces,) = allowing(statements_of(template, beginning="JobPermissions"), "ec2:CreateNetworkInterface")
    assert "arn:<Partition>:ec2:<Region>:<AccountId>:subnet/*" in [flat(each) for each in interfaces["Resource"]]


def test_algorithms_take_a_list_token(stack: cdk.Stack) -> None:
    algorithms: Any = cdk.Fn.split(",", parameter(stack).value_as_string)
    new_job(stack, algorithms=algorithms, mode=Mode.ENSEMBLING)

    generation = request_of(template_of(stack))["AutoMLJobConfig"]["CandidateGenerationConfig"]

    assert generation["AlgorithmsConfig"] == [{"AutoMLAlgorithms": {"Fn::Split": [",", {"Ref": "Value"}]}}]


def test_one_algorithm_can_be_a_token(stack: cdk.Stack) -> None:
    algorithms: Any = ["xgboost", parameter(stack).value_as_string]
    new_job(stack, algorithms=algorithms, mode=Mode.ENSEMBLING)

    generation = request_of(template_of(stack))["AutoMLJobConfig"]["CandidateGenerationConfig"]

    assert generation["AlgorithmsConfig"] == [{"AutoMLAlgorithms": ["xgboost", {"Ref": "Value"}]}]


def test_boolean_props_take_intrinsics(stack: cdk.Stack) -> None:
    condition: Any = cdk.Fn.condition_if("Cond", True, False)
    new_job(stack, encrypt_inter_container_traffic=condition, generate_candidate_definitions_only=condition)

    request = request_of(template_of(stack))

    assert request["GenerateCandidateDefinitionsOnly"] == {"Fn::If": ["Cond", True, False]}
    assert request["AutoMLJobConfig"]["SecurityConfig"] == {
        "EnableInterContainerTrafficEncryption": {"Fn::If": ["Cond", True, False]}
    }


def test_revision_takes_a_token(stack: cdk.Stack) -> None:
    new_job(stack, revision=parameter(stack).value_as_string)

    assert only(jobs_of(template_of(stack)))["Properties"]["Revision"] == {"Ref": "Value"}


def test_role_whose_arn_is_a_token_can_be_passed(stack: cdk.Stack) -> None:
    role = iam.Role.from_role_arn(stack, "Role", parameter(stack).value_as_string, mutable=False)
    new_job(stack, role=role)

    template = template_of(stack)

    assert request_of(template)["RoleArn"] == {"Ref": "Value"}
    (passed,) = allowing(statements_of(template), "iam:PassRole")
    assert as_list(passed["Resource"]) == [{"Ref": "Value"}]


def test_local_data_is_not_held_against_a_target_that_is_a_token(stack: cdk.Stack) -> None:
    bucket = data_bucket(stack)
    new_job(
        stack,
        training_data=Channel.from_bucket(bucket, "train/"),
        target_attribute=parameter(stack).value_as_string,
        features=FeatureSpecification.of(["y"]),
    )

    assert request_of(template_of(stack))["InputDataConfig"][0]["TargetAttributeName"] == {"Ref": "Value"}


def test_guard_says_of_text_and_lists_what_the_cdk_says(stack: cdk.Stack) -> None:
    value = parameter(stack)
    texts = [value.value_as_string, f"x{cdk.Aws.REGION}y", "plain", "${Token[", "${Token[a b.1]}", "${AWS::Region}", ""]
    lists = [cdk.Fn.split(",", value.value_as_string), ["a", "b"], ["${Token["], []]
    numbers = [cdk.Token.as_number({"Ref": "Value"}), 0, -1.5, 1e300, -1e300]

    for each in (*texts, *lists, *numbers):
        assert is_token(each) == cdk.Token.is_unresolved(each), each
    assert [is_token(each) for each in texts] == [True, True, False, False, False, False, False]


def test_guard_knows_every_other_kind_of_value() -> None:
    assert is_token(cdk.Token.as_any({"Ref": "X"}))
    assert is_token(cdk.Fn.split(",", cdk.Aws.REGION)[0])
    assert not any(is_token(value) for value in (None, True, {}, object(), Mode.AUTO))
