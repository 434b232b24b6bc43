"""Mistakes are refused in the constructor: all at once, in the caller's words, and without a trace in the tree."""

import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from constructs_lib import (
    Algorithm,
    AutoMLJob,
    Channel,
    CompletionCriteria,
    Compression,
    ContentType,
    FeatureSpecification,
    Metric,
    Mode,
    ModelDeployConfig,
    OutputLocation,
    ProblemType,
)

from ..constructs.synthesis import CREDIT, credit_columns, data_bucket, jobs_of, new_job, new_stack, template_of


@pytest.fixture(scope="module")
def stack() -> cdk.Stack:
    return new_stack()


@pytest.fixture
def scope(stack: cdk.Stack, request: pytest.FixtureRequest) -> Construct:
    return Construct(stack, re.sub(r"\W", "-", request.node.name))


def refusal(scope: Construct, **props: Any) -> list[str]:
    """What a job with these props is refused for; nothing of it may be left."""
    with pytest.raises(ValueError, match=r"AutoMLJob '.*' has") as refused:
        new_job(scope, **props)
    assert [child.node.id for child in scope.node.children] == []
    first, *problems = str(refused.value).splitlines()
    assert first.startswith(f"AutoMLJob '{scope.node.path}/Job' has {len(problems)} problem")
    return [problem.removeprefix("  - ") for problem in problems]


def test_all_mistakes_come_at_once(scope: Construct) -> None:
    assert refusal(
        scope,
        target_attribute="",
        job_name="-no-",
        problem_type="Clustering",
        completion_criteria=CompletionCriteria(max_candidates=751, max_runtime=cdk.Duration.seconds(0)),
    ) == [
        "'target_attribute' must not be empty",
        "'job_name' must match [a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}, got '-no-'",
        "'problem_type' must be one of 'BinaryClassification', 'MulticlassClassification', 'Regression', "
        "got 'Clustering'",
        "'completion_criteria.max_candidates' must be at most 750, got 751",
        "'completion_criteria.max_runtime' must be at least 1, got 0 seconds",
    ]


def test_id_of_a_refused_job_can_be_used_again() -> None:
    stack = new_stack()
    with pytest.raises(ValueError, match="'target_attribute' must not be empty"):
        new_job(stack, target_attribute="", output=None, job_name="x")
    new_job(stack, output=None)

    assert len(jobs_of(template_of(stack))) == 1


JOB_TYPES: list[tuple[str, Any, str]] = [
    (
        "training_data",
        "s3://bucket/key",
        "'training_data' must be a Channel, got 's3://bucket/key' (str); use Channel.from_asset or from_bucket",
    ),
    (
        "training_data",
        None,
        "'training_data' must be a Channel, got None (NoneType); use Channel.from_asset or from_bucket",
    ),
    (
        "validation_data",
        {"a": 1},
        "'validation_data' must be a Channel, got {'a': 1} (dict); use Channel.from_asset or from_bucket",
    ),
    ("target_attribute", None, "'target_attribute' is required"),
    ("target_attribute", 3, "'target_attribute' must be text, got 3 (int)"),
    ("sample_weight_attribute", 3, "'sample_weight_attribute' must be text, got 3 (int)"),
    (
        "output",
        "s3://bucket/",
        "'output' must be an OutputLocation, got 's3://bucket/' (str); use OutputLocation.from_bucket",
    ),
    (
        "problem_type",
        1,
        "'problem_type' must be one of 'BinaryClassification', 'MulticlassClassification', 'Regression', got 1 (int)",
    ),
    ("objective", 1, "'objective' must be one of"),
    (
        "mode",
        "ensembling",
        "'mode' must be one of 'AUTO', 'ENSEMBLING', 'HYPERPARAMETER_TUNING', got 'ensembling' "
        "(did you mean 'ENSEMBLING'?)",
    ),
    ("algorithms", "xgboost", "'algorithms' must be a list, got 'xgboost' (str)"),
    ("algorithms", ["xgbost"], "got 'xgbost' (did you mean 'xgboost'?)"),
    (
        "features",
        {"a": "numeric"},
        "'features' must be a FeatureSpecification, got {'a': 'numeric'} (dict); use FeatureSpecification.of",
    ),
    ("validation_fraction", "0.2", "'validation_fraction' must be a number, got '0.2' (str)"),
    (
        "completion_criteria",
        {"max_candidates": 5},
        "'completion_criteria' must be of type CompletionCriteria, got {'max_candidates': 5} (dict)",
    ),
    (
        "completion_criteria",
        CompletionCriteria(max_candidates=True),
        "'completion_criteria.max_candidates' must be a whole number, got True (bool)",
    ),
    (
        "completion_criteria",
        CompletionCriteria(max_runtime=60),  # type: ignore[arg-type]
        "'completion_criteria.max_runtime' must be a Duration, got 60 (int)",
    ),
    (
        "generate_candidate_definitions_only",
        "yes",
        "'generate_candidate_definitions_only' must be True or False, got 'yes' (str)",
    ),
    (
        "role",
        "arn:aws:iam::1:role/x",
        "'role' must be an iam.IRole, got 'arn:aws:iam::1:role/x' (str); "
        "for a role that exists use iam.Role.from_role_arn",
    ),
    (
        "volume_encryption_key",
        "alias/x",
        "'volume_encryption_key' must be a kms.IKey, got 'alias/x' (str); "
        "for a key that exists use kms.Key.from_key_arn",
    ),
    ("vpc", "vpc-1", "'vpc' must be an ec2.IVpc, got 'vpc-1' (str); for a VPC that exists use ec2.Vpc.from_lookup"),
    (
        "vpc_subnets",
        {"subnetType": "Public"},
        "'vpc_subnets' must be an ec2.SubnetSelection or a dict of its members, got {'subnetType': 'Public'} (dict): "
        "it has no member 'subnetType'",
    ),
    (
        "vpc_subnets",
        {"subnet_type": "Public"},
        "'vpc_subnets' must be an ec2.SubnetSelection or a dict of its members, got {'subnet_type': 'Public'} (dict): "
        "one of its members is of another type",
    ),
    ("vpc_subnets", ["subnet-1"], "'vpc_subnets' must be an ec2.SubnetSelection, got ['subnet-1'] (list)"),
    ("security_groups", "sg-1", "'security_groups' must be a list of ec2.ISecurityGroup, got 'sg-1' (str)"),
    ("security_groups", 3, "'security_groups' must be a list of ec2.ISecurityGroup, got 3 (int)"),
    (
        "security_groups",
        ["sg-1"],
        "'security_groups[0]' must be an ec2.ISecurityGroup, got 'sg-1' (str); "
        "for one that exists use ec2.SecurityGroup.from_security_group_id",
    ),
    ("encrypt_inter_container_traffic", 1, "'encrypt_inter_container_traffic' must be True or False, got 1 (int)"),
    (
        "model_deploy_config",
        "endpoint",
        "'model_deploy_config' must be of type ModelDeployConfig, got 'endpoint' (str)",
    ),
    ("job_name", 5, "'job_name' must be text, got 5 (int)"),
    ("revision", 2, "'revision' must be text, got 2 (int)"),
    ("revision", None, "'revision' must be text, got None (NoneType)"),
]


@pytest.mark.parametrize(("prop", "value", "message"), JOB_TYPES)
def test_value_of_the_wrong_type_is_named(scope: Construct, prop: str, value: Any, message: str) -> None:
    (problem,) = refusal(scope, **{prop: value})

    assert message in problem


RULES: list[tuple[dict[str, Any], str]] = [
    (
        {"problem_type": ProblemType.REGRESSION, "objective": Metric.AUC},
        "'objective' must be one of 'MAE', 'MSE', 'R2', 'RMSE' for 'problem_type' 'Regression', got 'AUC'",
    ),
    ({"objective": Metric.AUC}, "give 'objective' and 'problem_type' together or neither, got 'objective' alone"),
    (
        {"algorithms": [Algorithm.XGBOOST]},
        "'algorithms' needs 'mode' 'ENSEMBLING' or 'HYPERPARAMETER_TUNING', got no mode, with which a job runs as "
        "'HYPERPARAMETER_TUNING'",
    ),
    (
        {"algorithms": [Algorithm.MLP], "mode": Mode.ENSEMBLING},
        "'algorithms' must be among 'catboost', 'extra-trees', 'fastai', 'lightgbm', 'linear-learner', 'nn-torch', "
        "'randomforest', 'xgboost' for 'mode' 'ENSEMBLING', got 'mlp'",
    ),
    (
        {"sample_weight_attribute": "w"},
        "'sample_weight_attribute' needs 'mode' 'ENSEMBLING', got no mode, with which a job runs as "
        "'HYPERPARAMETER_TUNING': give mode=Mode.ENSEMBLING",
    ),
    ({"validation_fraction": 1}, "'validation_fraction' must be more than 0 and less than 1, got 1"),
    (
        {"model_deploy_config": ModelDeployConfig()},
        "give either 'model_deploy_config.endpoint_name' or 'model_deploy_config.auto_generate_endpoint_name' as True, "
        "got neither",
    ),
    ({"features": FeatureSpecification.of(["y"])}, "'features' must not name 'y', the column of 'target_attribute'"),
    (
        {"features": FeatureSpecification.of({"a": "sequence"}), "mode": Mode.ENSEMBLING},
        "'features['a']' must be 'numeric' or 'categorical' or 'text' or 'datetime' for 'mode' 'ENSEMBLING', "
        "got 'sequence'",
    ),
]


@pytest.mark.parametrize(("props", "message"), RULES)
def test_rules_between_props_hold(scope: Construct, props: dict[str, Any], message: str) -> None:
    (problem,) = refusal(scope, **props)

    assert problem.startswith(message)


def test_fraction_and_validation_channel_exclude_each_other(scope: Construct) -> None:
    validation = Channel.from_bucket(data_bucket(scope), "validation/")

    assert refusal(scope, validation_fraction=0.2, validation_data=validation) == [
        "give 'validation_fraction' or 'validation_data', not both"
    ]


def test_augmented_manifest_is_sent_to_v2(scope: Construct) -> None:
    channel = Channel.from_augmented_manifest(data_bucket(scope), "list.jsonl", data_prefix="images/")

    (problem,) = refusal(scope, training_data=channel)

    assert problem.endswith(
        "got 'AugmentedManifestFile': augmented manifests are for ImageClassification with AutoMLJobV2"
    )


def test_output_uri_of_more_than_512_characters_is_refused(scope: Construct) -> None:
    output = OutputLocation.from_bucket(data_bucket(scope), "x" * 500)

    assert refusal(scope, output=output) == ["'output' must be a URI of at most 512 characters, got 517"]


# ----------------------------------------------------------------------------------- what is read must not be written


@pytest.mark.parametrize(
    ("read", "written", "place"),
    [
        ("train/", "train/models/", "in the same bucket, 'train/models/' below 'train/'"),
        ("train/", "train", "in the same bucket, 'train/' below 'train/'"),
        ("train", "training-models", "in the same bucket, 'training-models/' below 'train'"),
        ("", "models/", "in a bucket that is read as a whole"),
        ("", "", "in a bucket that is read as a whole"),
    ],
)
@pytest.mark.parametrize("prop", ["training_data", "validation_data"])
def test_output_below_what_is_read_is_refused(scope: Construct, prop: str, read: str, written: str, place: str) -> None:
    bucket = data_bucket(scope)
    elsewhere = Channel.from_bucket(bucket, "elsewhere/")
    channels = {"training_data": elsewhere, prop: Channel.from_bucket(bucket, read)}

    assert refusal(scope, **channels, output=OutputLocation.from_bucket(bucket, written)) == [
        f"'output' lies below '{prop}' ({place}): each training would read it as data; give another prefix or bucket"
    ]


def test_folder_of_a_job_with_a_name_counts(scope: Construct) -> None:
    bucket = data_bucket(scope)

    (problem,) = refusal(
        scope,
        training_data=Channel.from_bucket(bucket, "churn/model-1/"),
        output=OutputLocation.from_bucket(bucket, "churn/"),
        job_name="model-1",
    )

    assert problem.startswith("'output' lies below 'training_data' (in the same bucket, 'churn/model-1/' below 'churn")


def test_bucket_is_the_same_by_its_name_too(stack: cdk.Stack, scope: Construct) -> None:
    """A bucket of the stack is told by its own name, whatever that will be."""
    for name in ("one-bucket", s3.Bucket(stack, "Made").bucket_name):
        one, other = (s3.Bucket.from_bucket_name(scope, f"B{each}-{len(name)}", name) for each in range(2))

        with pytest.raises(ValueError, match="'output' lies below 'training_data'"):
            new_job(
                scope,
                training_data=Channel.from_bucket(one, "train/"),
                output=OutputLocation.from_bucket(other, "train/models/"),
            )


def test_what_is_not_read_may_be_written(stack: cdk.Stack, scope: Construct) -> None:
    bucket, token = s3.Bucket(stack, "Both"), cdk.CfnParameter(stack, "Prefix").value_as_string
    other = s3.Bucket.from_bucket_name(stack, "Third", cdk.CfnParameter(stack, "Name").value_as_string)
    pairs = [
        (Channel.from_bucket(bucket, "train/"), OutputLocation.from_bucket(bucket, "models/")),
        (Channel.from_bucket(bucket, "train/a/"), OutputLocation.from_bucket(bucket, "train/b/")),
        (Channel.from_bucket(bucket, "train/data.csv"), OutputLocation.from_bucket(bucket, "train/")),
        (Channel.from_bucket(bucket), OutputLocation.from_bucket(other)),  # perhaps the same, perhaps not
        (Channel.from_bucket(bucket, token), OutputLocation.from_bucket(bucket, token)),
        (Channel.from_bucket(bucket, "train/"), OutputLocation.from_bucket(bucket, f"train/{token}/")),
        (
            Channel.from_manifest(bucket, "train/list.json", data_prefix="train/"),
            OutputLocation.from_bucket(bucket, "train/models/"),
        ),
        (Channel.from_bucket(bucket), None),
        (Channel.from_asset(CREDIT), OutputLocation.from_bucket(bucket)),
    ]
    for number, (training, output) in enumerate(pairs):
        new_job(scope, f"Job{number}", training_data=training, output=output, target_attribute="bad_credit")

    assert len(scope.node.children) == len(pairs)


# ------------------------------------------------------------------------------------------------------------- network


@pytest.fixture(scope="module")
def vpc(stack: cdk.Stack) -> ec2.IVpc:
    return ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["a"], public_subnet_ids=["subnet-1"]
    )


def test_more_than_five_security_groups_are_refused(stack: cdk.Stack, scope: Construct, vpc: ec2.IVpc) -> None:
    groups = [ec2.SecurityGroup.from_security_group_id(stack, f"G{n}", f"sg-{n}") for n in range(6)]

    assert refusal(
        scope, vpc=vpc, vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC), security_groups=groups
    ) == ["'security_groups' must have at most 5 items, got 6"]


def test_more_than_sixteen_subnets_are_refused(stack: cdk.Stack, scope: Construct) -> None:
    subnets = [ec2.Subnet.from_subnet_id(stack, f"S{n}", f"subnet-{n}") for n in range(17)]
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-1")

    assert refusal(scope, vpc_subnets=ec2.SubnetSelection(subnets=subnets), security_groups=[group]) == [
        "'vpc_subnets' must have at most 16 items, got 17"
    ]


def test_selection_that_finds_no_subnet_is_refused_with_its_reason(scope: Construct, vpc: ec2.IVpc) -> None:
    private = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)

    (problem,) = refusal(scope, vpc=vpc, vpc_subnets=private)

    assert problem.startswith("'vpc_subnets' cannot be selected from 'vpc': ")
    assert "'Private'" in problem


def test_groups_without_a_network_are_refused(stack: cdk.Stack, scope: Construct) -> None:
    group = ec2.SecurityGroup.from_security_group_id(stack, "Lonely", "sg-1")

    assert refusal(scope, security_groups=[group]) == [
        "'security_groups' needs 'vpc': without one the job does not run in your network"
    ]


def test_subnets_without_groups_are_refused(stack: cdk.Stack, scope: Construct) -> None:
    subnets = ec2.SubnetSelection(subnets=[ec2.Subnet.from_subnet_id(stack, "Subnet", "subnet-1")])

    assert refusal(scope, vpc_subnets=subnets) == [
        "'vpc_subnets' needs 'vpc', unless it names the subnets themselves and 'security_groups' is given"
    ]


# ---------------------------------------------------------------------------------------------------------- local data


def test_columns_that_the_file_lacks_are_named(scope: Construct) -> None:
    found = refusal(
        scope,
        training_data=Channel.from_asset(CREDIT),
        target_attribute="bad_credits",
        features=FeatureSpecification.of(["age", "housing"]),
    )

    columns = ", ".join(f"'{column}'" for column in credit_columns()[:12])
    assert found == [
        "'target_attribute' names the column 'bad_credits', which 'training_data' (credit.csv) does not have "
        f"(did you mean 'bad_credit'?); its columns are {columns} and 6 more",
        "'features' names the column 'age', which 'training_data' (credit.csv) does not have; its columns are "
        f"{columns} and 6 more",
    ]


def test_file_of_fewer_than_500_rows_is_refused(scope: Construct, tmp_path: Path) -> None:
    small = tmp_path / "small.csv"
    small.write_text("y,x\n" + "1,2\n" * 499)

    assert refusal(scope, training_data=Channel.from_asset(small)) == [
        "'training_data' (small.csv) must have at least 500 rows, got 499"
    ]


def test_channels_of_different_headers_are_refused(scope: Construct, tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("y,x\n" + "1,2\n" * 500)
    other.write_text("y,z\n1,2\n")

    assert refusal(scope, training_data=Channel.from_asset(one), validation_data=Channel.from_asset(other)) == [
        "'training_data' and 'validation_data' must have the same header: 'x' only in 'training_data', "
        "'z' only in 'validation_data'"
    ]


# ----------------------------------------------------------------------------------------------------------- factories


def raised(make: Any) -> str:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - each test compares the whole message
        make()
    return str(refused.value)


BUCKET = "must be an s3.IBucket, got 'bucket' (str); for a bucket that exists use s3.Bucket.from_bucket_name"


@pytest.mark.parametrize(
    ("caller", "make"),
    [
        ("Channel.from_bucket", lambda: Channel.from_bucket("bucket")),  # type: ignore[arg-type]
        ("Channel.from_manifest", lambda: Channel.from_manifest("bucket", "k", data_prefix="")),  # type: ignore[arg-type]
        ("OutputLocation.from_bucket", lambda: OutputLocation.from_bucket("bucket")),  # type: ignore[arg-type]
        ("FeatureSpecification.from_bucket", lambda: FeatureSpecification.from_bucket("bucket", "k")),  # type: ignore[arg-type]
    ],
)
def test_name_in_place_of_a_bucket_is_refused(caller: str, make: Any) -> None:
    assert raised(make) == f"{caller}: 'bucket' {BUCKET}"


def test_dict_in_place_of_a_bucket_is_refused() -> None:
    assert "must be an s3.IBucket, got {} (dict)" in raised(lambda: Channel.from_bucket({}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("/data", "'prefix' is a key within the bucket, without the bucket and a leading slash, got '/data'"),
        ("s3://b/d", "'prefix' is a key within the bucket, without the bucket and a leading slash, got 's3://b/d'"),
        ("a*", "'prefix' goes into an IAM policy, where '*' would be a pattern, got 'a*'"),
        ("${aws:username}/", "'prefix' goes into an IAM policy, where '$' would be a pattern, got '${aws:username}/'"),
        ("a\nb", "'prefix' must be one line, which an S3 URI of the API is, got 'a\\nb'"),
        (None, "'prefix' must be text, got None (NoneType)"),
    ],
)
def test_prefix_that_is_none_is_refused(stack: cdk.Stack, prefix: Any, message: str) -> None:
    assert raised(lambda: Channel.from_bucket(data_bucket(stack), prefix)) == message
    assert raised(lambda: OutputLocation.from_bucket(data_bucket(stack), prefix)) == message


def test_key_of_the_wrong_type_is_refused(stack: cdk.Stack) -> None:
    assert raised(lambda: OutputLocation.from_bucket(data_bucket(stack), encryption_key="alias/k")) == (  # type: ignore[arg-type]
        "OutputLocation.from_bucket: 'encryption_key' must be a kms.IKey, got 'alias/k' (str); "
        "for a key that exists use kms.Key.from_key_arn"
    )


def test_empty_manifest_and_specification_keys_are_refused(stack: cdk.Stack) -> None:
    bucket = data_bucket(stack)

    assert raised(lambda: Channel.from_manifest(bucket, "", data_prefix="")) == (
        "Channel.from_manifest: 'key' must not be empty: it names the manifest"
    )
    assert raised(lambda: FeatureSpecification.from_bucket(bucket, "")) == (
        "FeatureSpecification.from_bucket: 'key' must not be empty"
    )


def test_asset_must_be_a_file_whose_format_can_be_told(tmp_path: Path) -> None:
    nameless = tmp_path / "data"
    nameless.write_text("y\n")

    assert f"there is no file '{tmp_path / 'no.csv'}'" in raised(lambda: Channel.from_asset(tmp_path / "no.csv"))
    assert f"the name of '{nameless}' does not tell its format, give content_type" in raised(
        lambda: Channel.from_asset(nameless)
    )
    assert Channel.from_asset(nameless, content_type=ContentType.CSV)._describe().content_type == ContentType.CSV


def test_compression_is_told_from_the_name(tmp_path: Path) -> None:
    packed = tmp_path / "data.csv.gz"
    packed.write_bytes(b"")

    assert Channel.from_asset(packed)._describe().compression == Compression.GZIP


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({}, "'features' must name at least one column"),
        ("age", "'features' must be a map or a list of columns, got 'age' (str)"),
        (["a", "a"], "'features' must be distinct, got 'a' more than once"),
        ([""], "'features' must name columns, got '' (str)"),
        (
            {"a": "number"},
            "'features' must give 'a' one of 'numeric', 'categorical', 'text', 'datetime', 'sequence', got 'number' "
            "(did you mean 'numeric'?)",
        ),
        ([cdk.Aws.REGION], "'features' are uploaded when the app is synthesized, so they cannot hold a token"),
    ],
)
def test_feature_specification_says_what_it_misses(features: Any, message: str) -> None:
    assert raised(lambda: FeatureSpecification.of(features)).startswith(f"FeatureSpecification.of: {message}")


def test_missing_props_are_named_by_python() -> None:
    stack = new_stack()

    with pytest.raises(TypeError, match=r"training_data.*target_attribute"):
        AutoMLJob(stack, "Job")  # type: ignore[call-arg]


def test_role_of_another_kind_is_refused_even_when_it_is_a_construct(stack: cdk.Stack, scope: Construct) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "NoRole", "bucket")

    (problem,) = refusal(scope, role=bucket)

    assert problem.startswith("'role' must be an iam.IRole")


def test_principal_in_place_of_a_role_is_refused(scope: Construct) -> None:
    (problem,) = refusal(scope, role=iam.ServicePrincipal("sagemaker.amazonaws.com"))

    assert problem.startswith("'role' must be an iam.IRole")
