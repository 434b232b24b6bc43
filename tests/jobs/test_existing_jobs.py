"""Jobs that were made elsewhere: by name, by ARN, or from a request that exists."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from constructs_lib import AutoMLJob, OutputLocation

from ..constructs.synthesis import (
    allowing,
    as_list,
    data_bucket,
    flat,
    job_properties,
    jobs_of,
    new_stack,
    request_of,
    resources_of,
    statements_of,
    template_of,
)

ARN = "arn:aws:sagemaker:eu-west-1:111122223333:automl-job/churn-1"
ROLE_ARN = "arn:aws:iam::111122223333:role/service-role/automl"


@pytest.fixture
def stack() -> cdk.Stack:
    return new_stack()


def new_role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Reader", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))


def as_any(value: Any) -> Any:
    return value


# ---------------------------------------------------------------------------------------------------- by name or ARN


def test_job_is_found_by_name_in_the_account_and_region_of_the_stack(stack: cdk.Stack) -> None:
    job = AutoMLJob.from_job_name(stack, "Job", "churn-1")

    assert job.job_name == "churn-1"
    assert flat(stack.resolve(job.job_arn)) == "arn:<Partition>:sagemaker:<Region>:<AccountId>:automl-job/churn-1"


def test_imported_job_adds_nothing_to_the_template(stack: cdk.Stack) -> None:
    AutoMLJob.from_job_name(stack, "Job", "churn-1")

    assert "Resources" not in template_of(stack)


def test_name_may_be_a_token(stack: cdk.Stack) -> None:
    job = AutoMLJob.from_job_name(stack, "Job", cdk.CfnParameter(stack, "Name").value_as_string)

    assert flat(stack.resolve(job.job_arn)).endswith(":automl-job/<Name>")


def test_job_of_another_account_and_region_is_found_by_arn(stack: cdk.Stack) -> None:
    job = AutoMLJob.from_job_arn(stack, "Job", ARN)

    assert (job.job_name, job.job_arn) == ("churn-1", ARN)
    assert isinstance(job, cdk.Resource)
    assert (job.env.account, job.env.region) == ("111122223333", "eu-west-1")


def test_arn_may_be_a_token(stack: cdk.Stack) -> None:
    arn = cdk.CfnParameter(stack, "Arn").value_as_string
    job = AutoMLJob.from_job_arn(stack, "Job", arn)

    assert stack.resolve(job.job_arn) == {"Ref": "Arn"}
    assert stack.resolve(job.job_name) == {"Fn::Select": [1, {"Fn::Split": ["automl-job/", {"Ref": "Arn"}]}]}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda stack: AutoMLJob.from_job_name(stack, "Job", "no name"),
            "'job_name' must match [a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}, got 'no name'",
        ),
        (lambda stack: AutoMLJob.from_job_name(stack, "Job", as_any(3)), "'job_name' must be text, got 3 (int)"),
        (
            lambda stack: AutoMLJob.from_job_arn(stack, "Job", "churn-1"),
            "'job_arn' must be the ARN of an AutoML job, "
            "arn:<partition>:sagemaker:<region>:<account>:automl-job/<name>, got 'churn-1' (str)",
        ),
        (
            lambda stack: AutoMLJob.from_job_arn(stack, "Job", ARN.replace("automl-job", "training-job")),
            "'job_arn' must be the ARN of an AutoML job",
        ),
        (
            lambda stack: AutoMLJob.from_job_arn(stack, "Job", f"{ARN}-"),
            "'job_name' must match [a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}, got 'churn-1-'",
        ),
        (
            lambda stack: AutoMLJob.from_job_name(stack, "Job", "churn-1", output=as_any("s3://x/")),
            "'output' must be an OutputLocation, got 's3://x/' (str); use OutputLocation.from_bucket",
        ),
    ],
)
def test_what_names_no_job_is_refused(stack: cdk.Stack, make: Callable[[cdk.Stack], Any], message: str) -> None:
    with pytest.raises(ValueError, match="for 'Job' has 1 problem") as refused:
        make(stack)

    assert str(refused.value).splitlines()[1].startswith(f"  - {message}")
    assert stack.node.try_find_child("Job") is None


def test_imported_job_knows_its_output_only_when_told(stack: cdk.Stack) -> None:
    job = AutoMLJob.from_job_name(stack, "Job", "churn-1")

    with pytest.raises(ValueError, match="grant_read_artifacts is not known of the imported job 'Stack/Job': give"):
        job.grant_read_artifacts(new_role(stack))


def test_artifacts_of_an_imported_job_can_be_read(stack: cdk.Stack) -> None:
    output = OutputLocation.from_bucket(data_bucket(stack), "models/")
    AutoMLJob.from_job_arn(stack, "Job", ARN, output=output).grant_read_artifacts(new_role(stack))

    (read,) = allowing(statements_of(template_of(stack)), "s3:GetObject")

    assert flat(read["Resource"]) == "arn:<Partition>:s3:::data-bucket/models/churn-1/*"


# --------------------------------------------------------------------------------------------------- from a request

REQUEST: Mapping[str, Any] = {
    "AutoMLJobName": "churn-2",
    "InputDataConfig": [
        {
            "ChannelType": "training",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://churn/train/"}},
            "TargetAttributeName": "y",
            "ContentType": "text/csv;header=present",
            "CompressionType": "None",
            "SampleWeightAttributeName": "w",
        },
        {
            "ChannelType": "validation",
            "DataSource": {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": "s3://churn/lists/validation"}},
            "TargetAttributeName": "y",
            "ContentType": "text/csv;header=present",
        },
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://churn/models", "KmsKeyId": "alias/churn"},
    "ProblemType": "BinaryClassification",
    "AutoMLJobObjective": {"MetricName": "F1"},
    "AutoMLJobConfig": {
        "CompletionCriteria": {
            "MaxCandidates": 10,
            "MaxRuntimePerTrainingJobInSeconds": 600,
            "MaxAutoMLJobRuntimeInSeconds": 3600,
        },
        "SecurityConfig": {
            "VolumeKmsKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab",
            "EnableInterContainerTrafficEncryption": False,
            "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]},
        },
        "CandidateGenerationConfig": {
            "FeatureSpecificationS3Uri": "s3://churn/features.json",
            "AlgorithmsConfig": [{"AutoMLAlgorithms": ["xgboost", "catboost"]}],
        },
        "Mode": "ENSEMBLING",
    },
    "RoleArn": ROLE_ARN,
    "GenerateCandidateDefinitionsOnly": False,
    "Tags": [{"Key": "cost", "Value": "42"}, {"Key": "team", "Value": "growth"}],
    "ModelDeployConfig": {"AutoGenerateEndpointName": False, "EndpointName": "churn"},
}


def changed(**members: Any) -> dict[str, Any]:
    """The request with other members; None leaves one out."""
    request = {**deepcopy(dict(REQUEST)), **members}
    return {name: value for name, value in request.items() if value is not None}


def test_request_reaches_the_template_as_it_was_given(stack: cdk.Stack) -> None:
    AutoMLJob.from_request(stack, "Job", REQUEST)

    properties = job_properties(template_of(stack))

    assert properties["Request"] == REQUEST
    assert properties["Operation"] == "CreateAutoMLJob"
    assert "NamePrefix" not in properties


def test_request_can_be_json_text_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text(json.dumps(REQUEST), encoding="utf-8")
    stack = new_stack()
    AutoMLJob.from_request(stack, "Text", json.dumps(REQUEST))
    AutoMLJob.from_request(stack, "File", file)

    assert [job["Properties"]["Request"] for job in jobs_of(template_of(stack)).values()] == [REQUEST, REQUEST]


def test_path_of_a_request_can_be_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stack: cdk.Stack) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.json").write_text(json.dumps(REQUEST), encoding="utf-8")

    AutoMLJob.from_request(stack, "Job", "job.json")

    assert job_properties(template_of(stack))["Request"] == REQUEST


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("missing.json", "the request of 'Job' cannot be read: .*No such file or directory: 'missing.json'"),
        ("AutoMLJobName: churn\n", "the request of 'Job' is YAML, which is not read here: `automl convert` prints its"),
        ("job.yaml", "the request of 'Job' is YAML"),
        ({**REQUEST, "AutoMLJobArn": "arn"}, "it is the answer of describe-auto-ml-job, not a request: leave out"),
        ({"AutoMLProblemTypeConfig": {}}, r"it is a CreateAutoMLJobV2 request \(it has 'AutoMLProblemTypeConfig'\)"),
        ({"AutoMLJobName": "", "RoleArn": "", "ProblemType": ""}, "a skeleton that nobody has filled in\n.*'RoleArn'"),
    ],
)
def test_what_only_looks_like_a_request_is_told_by_name(
    document: Any, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stack: cdk.Stack
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.yaml").write_text("{}", encoding="utf-8")

    with pytest.raises(ValueError, match=f"(?s){told}"):
        AutoMLJob.from_request(stack, "Job", document)


def test_request_without_a_name_gets_a_fresh_one(stack: cdk.Stack) -> None:
    AutoMLJob.from_request(stack, "Job", changed(AutoMLJobName=None), revision="2")

    properties = job_properties(template_of(stack))

    assert "AutoMLJobName" not in properties["Request"]
    assert flat(properties["NamePrefix"]).endswith("-job-")
    assert properties["Revision"] == "2"


def test_role_of_the_request_is_used_as_it_is(stack: cdk.Stack) -> None:
    job = AutoMLJob.from_request(stack, "Job", REQUEST)
    data_bucket(stack).grant_read(job)

    template = template_of(stack)

    assert job.role.role_arn == ROLE_ARN
    assert list(resources_of(template, "AWS::IAM::Role")) == ["SageMakerAutopilotProviderRole52EFB3D4"]
    assert all(
        name.startswith("SageMakerAutopilotProvider") for name in resources_of(template, "AWS::IAM::ManagedPolicy")
    )
    assert not resources_of(template, "AWS::IAM::Policy")
    (passed,) = allowing(statements_of(template), "iam:PassRole")
    assert passed["Resource"] == ROLE_ARN


def test_role_in_place_of_the_requests_gets_what_the_job_needs(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    AutoMLJob.from_request(stack, "Job", changed(RoleArn=None), role=role)

    template = template_of(stack)

    assert request_of(template)["RoleArn"] == stack.resolve(role.role_arn)
    statements = statements_of(template, beginning="RoleAutopilotPermissions")
    read = {flat(each) for s in allowing(statements, "s3:GetObject") for each in as_list(s["Resource"])}
    assert {"arn:<Partition>:s3:::churn/train/*", "arn:<Partition>:s3:::churn/models*"} <= read
    (encrypt,) = allowing(statements, "kms:Encrypt")
    assert flat(encrypt["Resource"]) == "arn:<Partition>:kms:<Region>:<AccountId>:key/*"
    assert encrypt["Condition"] == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/churn"}}
    (volume,) = allowing(statements, "kms:CreateGrant")
    assert flat(volume["Resource"]).endswith(":key/1234abcd-12ab-34cd-56ef-1234567890ab")
    assert volume["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("arn:aws:kms:eu-west-1:111122223333:key/abc", "arn:aws:kms:eu-west-1:111122223333:key/abc"),
        ("arn:aws:kms:eu-west-1:111122223333:alias/churn", "arn:<Partition>:kms:<Region>:<AccountId>:key/*"),
        ("abc", "arn:<Partition>:kms:<Region>:<AccountId>:key/abc"),
    ],
)
def test_key_can_be_named_in_every_way_of_the_api(stack: cdk.Stack, name: str, resource: str) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    output = {"S3OutputPath": "s3://churn/models", "KmsKeyId": name}
    AutoMLJob.from_request(stack, "Job", changed(OutputDataConfig=output), role=role)

    template = template_of(stack)

    assert request_of(template)["OutputDataConfig"] == output
    (encrypt,) = allowing(statements_of(template), "kms:Encrypt")
    assert flat(encrypt["Resource"]) == resource


def test_tags_of_the_request_and_of_the_stack_meet(stack: cdk.Stack) -> None:
    AutoMLJob.from_request(stack, "Job", REQUEST)
    cdk.Tags.of(stack).add("env", "prod")
    cdk.Tags.of(stack).add("team", "platform")

    assert request_of(template_of(stack))["Tags"] == [
        {"Key": "cost", "Value": "42"},
        {"Key": "env", "Value": "prod"},
        {"Key": "team", "Value": "platform"},
    ]


def test_request_may_hold_tokens(stack: cdk.Stack) -> None:
    value = cdk.CfnParameter(stack, "Value").value_as_string
    output = {"S3OutputPath": value, "KmsKeyId": value}
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    AutoMLJob.from_request(stack, "Job", changed(OutputDataConfig=output, RoleArn=value, AutoMLJobName=value))
    AutoMLJob.from_request(stack, "Other", changed(OutputDataConfig=output), role=role)

    template = template_of(stack)

    one, _ = (job["Properties"]["Request"] for job in jobs_of(template).values())
    ref = {"Ref": "Value"}
    assert one["OutputDataConfig"] == {"S3OutputPath": ref, "KmsKeyId": ref}
    assert (one["RoleArn"], one["AutoMLJobName"]) == (ref, ref)


REFUSED: list[tuple[Any, list[str]]] = [
    (
        changed(AutoMLJobName="-", ProblemType="Clustering"),
        [
            "'AutoMLJobName' must match [a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}, got '-'",
            "'ProblemType' must be one of 'BinaryClassification', 'MulticlassClassification', 'Regression', "
            "got 'Clustering'",
        ],
    ),
    (changed(RoleArn=None), ["'RoleArn' is required"]),
    (changed(Mode="AUTO"), ["'Mode' is not a member of the request"]),
    (
        changed(OutputDataConfig={"S3OutputPath": "https://churn.s3.amazonaws.com/models"}),
        [
            "'OutputDataConfig.S3OutputPath' must be an s3:// URI, whose bucket can be told, "
            "got 'https://churn.s3.amazonaws.com/models'"
        ],
    ),
    (changed(RoleArn="automl"), ["'RoleArn' must"]),
    (
        changed(RoleArn="arn:aws:iam::123456789012:roleautoml"),
        ["'RoleArn' must name a role after 'role/', got 'arn:aws:iam::123456789012:roleautoml'"],
    ),
    (changed(InputDataConfig=[]), ["'InputDataConfig' must have at least 1 item, got 0"]),
]


@pytest.mark.parametrize(("request_", "messages"), REFUSED)
def test_mistakes_in_a_request_are_named_in_its_own_words(
    stack: cdk.Stack, request_: dict[str, Any], messages: list[str]
) -> None:
    with pytest.raises(ValueError, match="the request of 'Job' has") as refused:
        AutoMLJob.from_request(stack, "Job", request_)

    problems = [line.removeprefix("  - ") for line in str(refused.value).splitlines()[1:]]
    assert len(problems) == len(messages)
    assert all(problem.startswith(message) for problem, message in zip(problems, messages, strict=True))
    assert [child.node.id for child in stack.node.children] == []


def test_role_of_the_wrong_type_in_place_of_the_requests_is_refused(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match=r"'role' must be an iam.IRole, got 'arn' \(str\)"):
        AutoMLJob.from_request(stack, "Job", REQUEST, role="arn")  # type: ignore[arg-type]

    assert [child.node.id for child in stack.node.children] == []


def deep() -> list[Any]:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "the request of 'Job' must be a dict, JSON text or the path of a JSON file: Expecting property name"),
        ("[]", r"the request of 'Job' must be a JSON object, got \[\] \(list\)"),
        (3, "the request of 'Job' must be a dict, JSON text or the path of a JSON file"),
        pytest.param(
            '{"Tags": ' + "[" * 100_000 + "]" * 100_000 + "}",
            "the request of 'Job' must be a dict, JSON text or the path of a JSON file: it is nested too deep",
            id="too deep",
        ),
        pytest.param(
            '{"Tags": ' + "9" * 5_000 + "}",
            "the request of 'Job' must be a dict, JSON text or the path of a JSON file: Exceeds the limit",
            id="too long a number",
        ),
        ({**REQUEST, "Tags": deep()}, r"'Tags\[0\]' must be an object, got a value of type list"),
        (Path("nowhere.json"), "the request of 'Job' cannot be read: .*nowhere.json"),
    ],
)
def test_what_is_no_request_is_refused(stack: cdk.Stack, document: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AutoMLJob.from_request(stack, "Job", document)
