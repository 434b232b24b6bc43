"""`outcome.transform` and `outcome.register`: what becomes of their props."""

import inspect
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker

from constructs_lib import (
    ApprovalStatus,
    AssembleWith,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLModelPackage,
    AutoMLTransform,
    BatchStrategy,
    Channel,
    Compression,
    ImageClassification,
    JoinSource,
    OutputLocation,
    SplitType,
)
from constructs_lib.candidate.batch import TransformProps
from constructs_lib.candidate.registry import ModelPackageProps
from constructs_lib.provider.provider import CONSTRUCT_ID
from constructs_lib.runtime import clients, contract

from ..constructs.synthesis import (
    CREDIT,
    allowing,
    as_list,
    credit_columns,
    data_bucket,
    flat,
    new_stack,
    only,
    resources_of,
    statements_of,
    template_of,
    warnings_of,
)
from ..constructs.test_stacks import MANAGED_POLICY_LIMIT, size_of
from ..endpoint.test_endpoint import PREFIX, new_outcome, properties_of
from ..endpoint.test_endpoint_refusals import REGRESSION, SERIES, outcome_of

CREATE_PACKAGE = "sagemaker:CreateModelPackage"


@pytest.fixture
def stack() -> cdk.Stack:
    return new_stack()


def transform(stack: cdk.Stack, outcome: AutoMLJobOutcome | None = None, **props: Any) -> AutoMLTransform:
    defaults = {
        "data": Channel.from_bucket(data_bucket(stack), "new/"),
        "instance_type": "ml.m5.large",
        "output": OutputLocation.from_bucket(data_bucket(stack), "predictions/"),
    }
    return (outcome or new_outcome(stack)).transform(**{**defaults, **props})


def register(stack: cdk.Stack, outcome: AutoMLJobOutcome | None = None, **props: Any) -> AutoMLModelPackage:
    return (outcome or new_outcome(stack)).register(props.pop("group", "churn"), **props)


# ---------------------------------------------------------------------------------------------------------- transform


def test_transform_job_reads_predicts_and_writes(stack: cdk.Stack) -> None:
    transform(stack)

    template = template_of(stack)

    properties = properties_of(template, contract.TRANSFORM_TYPE)
    request = properties["Request"]
    assert flat(request.pop("ModelName")) == "<OutcomeTransformModel4BE1384E.ModelName>"
    assert request == {
        "TransformInput": {
            "ContentType": "text/csv",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data-bucket/new/"}},
        },
        "TransformOutput": {"S3OutputPath": "s3://data-bucket/predictions/"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    assert flat(properties["NamePrefix"]) == f"{PREFIX}transform-"
    assert properties["Revision"] == "1"
    assert flat(properties_of(template, contract.MODEL_TYPE)["JobName"]) == "<OutcomeA78E6737.JobName>"


def test_every_prop_of_a_transform_job_finds_its_place(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    transform(
        stack,
        data=Channel.from_bucket(data_bucket(stack), "new/", compression=Compression.GZIP),
        output=OutputLocation.from_bucket(data_bucket(stack), "predictions/", encryption_key=key),
        instance_count=2,
        content_type="application/json",
        split_type=SplitType.LINE,
        accept="application/jsonlines",
        assemble_with=AssembleWith.LINE,
        batch_strategy=BatchStrategy.SINGLE_RECORD,
        max_payload_mib=6,
        max_concurrent_transforms=4,
        input_filter="$[1:]",
        output_filter="$[0,-1]",
        join_source=JoinSource.INPUT,
        inference_response_keys=["probability"],
        volume_encryption_key=key,
        enable_network_isolation=True,
        revision="2",
    )
    cdk.Tags.of(stack).add("team", "growth")

    template = template_of(stack)

    properties = properties_of(template, contract.TRANSFORM_TYPE)
    request = properties["Request"]
    del request["ModelName"], request["TransformInput"]["DataSource"]
    assert flat(request["TransformOutput"].pop("KmsKeyId")).startswith("<Key")
    assert flat(request["TransformResources"].pop("VolumeKmsKeyId")).startswith("<Key")
    assert request == {
        "TransformInput": {"ContentType": "application/json", "SplitType": "Line", "CompressionType": "Gzip"},
        "TransformOutput": {
            "S3OutputPath": "s3://data-bucket/predictions/",
            "Accept": "application/jsonlines",
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
        "BatchStrategy": "SingleRecord",
        "MaxPayloadInMB": 6,
        "MaxConcurrentTransforms": 4,
        "DataProcessing": {"InputFilter": "$[1:]", "OutputFilter": "$[0,-1]", "JoinSource": "Input"},
        "Tags": [{"Key": "team", "Value": "growth"}],
    }
    assert properties["Revision"] == "2"
    assert properties_of(template, contract.MODEL_TYPE)["InferenceResponseKeys"] == ["probability"]


def test_role_and_network_of_a_transform_job_are_taken_as_they_are_given(stack: cdk.Stack) -> None:
    isolated = ec2.SubnetConfiguration(name="in", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    vpc = ec2.Vpc(stack, "Vpc", nat_gateways=1, subnet_configuration=[*ec2.Vpc.DEFAULT_SUBNETS, isolated])
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    made = transform(
        stack,
        role=role,
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-12345678")],
    )

    request = properties_of(template_of(stack), contract.MODEL_TYPE)["Request"]

    assert made.role is role
    assert request["ExecutionRoleArn"] == stack.resolve(role.role_arn)
    assert request["VpcConfig"] == {
        "SecurityGroupIds": ["sg-12345678"],
        "Subnets": stack.resolve([subnet.subnet_id for subnet in vpc.isolated_subnets]),
    }


def test_predictions_are_encrypted_with_the_buckets_own_key_where_none_is_given(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "Kept", encryption_key=kms.Key(stack, "Key"))
    transform(stack, output=OutputLocation.from_bucket(bucket, "predictions/"))

    request = properties_of(template_of(stack), contract.TRANSFORM_TYPE)["Request"]

    assert flat(request["TransformOutput"]["KmsKeyId"]) == "<Key961B73FD.Arn>"


def test_version_waits_until_it_may_be_registered(stack: cdk.Stack) -> None:
    register(stack)
    template = template_of(stack)

    policies = resources_of(template, "AWS::IAM::ManagedPolicy")
    (registry,) = [each for each in policies if allowing(statements_of(template, beginning=each), CREATE_PACKAGE)]
    assert registry in only(resources_of(template, contract.MODEL_PACKAGE_TYPE))["DependsOn"]


def test_role_of_a_transform_job_reads_the_data_and_writes_predictions(stack: cdk.Stack) -> None:
    job = transform(stack)

    statements = statements_of(template_of(stack), beginning="OutcomeTransformPermissions")

    read = [flat(each) for one in allowing(statements, "s3:GetObject") for each in as_list(one["Resource"])]
    assert "arn:<Partition>:s3:::data-bucket/new/*" in read
    (writing,) = allowing(statements, "s3:PutObject")
    assert flat(writing["Resource"]) == "arn:<Partition>:s3:::data-bucket/predictions/*"
    assert job.output_location == "s3://data-bucket/predictions/"
    assert isinstance(job.role, iam.Role)


def test_predictions_get_a_private_bucket_by_default(stack: cdk.Stack) -> None:
    transform(stack, output=None)

    bucket = properties_of(template_of(stack), "AWS::S3::Bucket")

    assert bucket["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is True


def test_function_runs_transform_jobs_of_its_stack_only(stack: cdk.Stack) -> None:
    transform(stack)

    template = template_of(stack)

    statements = statements_of(template, beginning=f"{CONSTRUCT_ID}Transforms")
    (starting,) = allowing(statements, "sagemaker:CreateTransformJob")
    rest = contract.HOSTED_NAME_LENGTH - len(PREFIX)
    assert flat(starting["Resource"]).endswith(f":transform-job/{PREFIX}{'?' * rest}")
    needed = only(resources_of(template, contract.TRANSFORM_TYPE))["DependsOn"]
    assert any(name.startswith(f"{CONSTRUCT_ID}Transforms") for name in needed)


def test_attributes_of_a_transform_job_are_the_functions(stack: cdk.Stack) -> None:
    job = transform(stack)

    names = [stack.resolve(each)["Fn::GetAtt"][1] for each in (job.transform_job_name, job.transform_job_arn)]

    assert names == ["TransformJobName", "TransformJobArn"] == list(contract.TransformAttribute)


def series_outcome(stack: cdk.Stack) -> AutoMLJobOutcome:
    return outcome_of(stack, SERIES)


def test_whole_files_of_series_are_forecast(stack: cdk.Stack) -> None:
    """As AWS's own sample does it: a file in pieces would be series in pieces."""
    transform(stack, series_outcome(stack))

    request = properties_of(template_of(stack), contract.TRANSFORM_TYPE)["Request"]

    assert request["TransformInput"]["SplitType"] == "None"
    assert request["TransformInput"]["ContentType"] == "text/csv"
    assert request["TransformOutput"]["AssembleWith"] == "Line"
    assert request["BatchStrategy"] == "SingleRecord"
    assert request["MaxPayloadInMB"] == 0


def test_what_is_said_of_series_stands(stack: cdk.Stack) -> None:
    transform(
        stack,
        series_outcome(stack),
        max_payload_mib=50,
        split_type=SplitType.NONE,
        assemble_with=AssembleWith.NONE,
        batch_strategy=BatchStrategy.MULTI_RECORD,
    )

    request = properties_of(template_of(stack), contract.TRANSFORM_TYPE)["Request"]

    assert request["TransformOutput"]["AssembleWith"] == "None"
    assert request["BatchStrategy"] == "MultiRecord"
    assert request["MaxPayloadInMB"] == 50


@pytest.mark.parametrize("split", [SplitType.LINE, SplitType.RECORD_IO, "TFRecord"])
def test_series_that_would_be_cut_apart_are_refused(stack: cdk.Stack, split: Any) -> None:
    outcome = series_outcome(stack)

    with pytest.raises(ValueError, match="'split_type' must be 'None' for time series") as refused:
        transform(stack, outcome, split_type=split)

    assert (
        f"'split_type' must be 'None' for time series, got '{split}': it cuts series apart, each piece is forecast on "
        "its own, and header lines repeat"
    ) in str(refused.value)


def test_rows_of_a_table_may_be_cut_apart(stack: cdk.Stack) -> None:
    job = AutoMLJob.from_job_name(stack, "Old", "old", output=OutputLocation.from_bucket(data_bucket(stack), "models/"))
    transform(stack, new_outcome(stack), split_type=SplitType.LINE)
    transform(stack, AutoMLJobOutcome(stack, "Known", job=job), split_type=SplitType.LINE)

    split = [
        each["Properties"]["Request"]["TransformInput"]["SplitType"]
        for each in resources_of(template_of(stack), contract.TRANSFORM_TYPE).values()
    ]
    assert split == ["Line", "Line"]


def test_json_for_series_is_warned_of(stack: cdk.Stack) -> None:
    made = transform(stack, series_outcome(stack), content_type="application/json", accept="application/jsonlines")

    assert warnings_of(made) == [
        "'content_type' has 'application/json' and 'accept' has 'application/jsonlines': nobody has shown that "
        "candidates for time series take or give anything but 'text/csv', and JSON requests were seen to fail "
        "[ack: cdk-sagemaker-autopilot:forecast_types]"
    ]


@pytest.mark.parametrize("content_type", ["text/csv", "text/csv;header=present", None])
def test_csv_for_series_passes_without_a_word(stack: cdk.Stack, content_type: str | None) -> None:
    assert warnings_of(transform(stack, series_outcome(stack), content_type=content_type, accept="text/csv")) == []


def test_pictures_are_not_sent_as_csv(stack: cdk.Stack) -> None:
    transform(stack, outcome_of(stack, ImageClassification()))

    request = properties_of(template_of(stack), contract.TRANSFORM_TYPE)["Request"]

    assert request["TransformInput"]["ContentType"] == "application/x-image"
    assert "SplitType" not in request["TransformInput"]


# --- local data


@pytest.fixture
def credit(stack: cdk.Stack) -> AutoMLJobOutcome:
    return new_outcome(stack, training_data=Channel.from_asset(CREDIT), target_attribute="bad_credit")


def local(tmp_path: Path, *columns: str) -> Channel:
    """A file of a line with these cells, and one with numbers."""
    path = tmp_path / "new.csv"
    path.write_text(f"{','.join(columns)}\n{','.join(str(number) for number, _ in enumerate(columns))}\n")
    return Channel.from_asset(path)


def test_training_file_itself_is_refused_as_data_to_predict_for(stack: cdk.Stack, credit: AutoMLJobOutcome) -> None:
    with pytest.raises(ValueError, match="AutoMLTransform 'Stack/Outcome/Transform' has 1 problem") as refused:
        transform(stack, credit, data=Channel.from_asset(CREDIT))

    assert (
        "'data' (credit.csv) begins with the header of the training data, but is to be rows without a header and "
        "without the target 'bad_credit'"
    ) in str(refused.value)


def test_header_without_the_target_is_refused_too(stack: cdk.Stack, credit: AutoMLJobOutcome, tmp_path: Path) -> None:
    features = [column for column in credit_columns() if column != "bad_credit"]

    with pytest.raises(
        ValueError,
        match=r"'data' \(new.csv\) begins with the header of the training data, but is to be rows without a "
        r"header$",
    ):
        transform(stack, credit, data=local(tmp_path, *features), input_filter="$[1:]")


def test_header_is_known_from_the_validation_data_too(stack: cdk.Stack) -> None:
    outcome = new_outcome(stack, validation_data=Channel.from_asset(CREDIT), target_attribute="bad_credit")

    with pytest.raises(ValueError, match="begins with the header of the training data"):
        transform(stack, outcome, data=Channel.from_asset(CREDIT))


def test_rows_without_header_and_target_pass_without_a_word(
    stack: cdk.Stack, credit: AutoMLJobOutcome, tmp_path: Path
) -> None:
    cells = ["0"] * (len(credit_columns()) - 1)

    assert warnings_of(transform(stack, credit, data=local(tmp_path, *cells))) == []


def test_column_too_many_is_warned_of(stack: cdk.Stack, credit: AutoMLJobOutcome, tmp_path: Path) -> None:
    data = local(tmp_path, *["0"] * len(credit_columns()))

    made, filtered = (
        transform(stack, credit, construct_id=name, data=data, input_filter=columns)
        for name, columns in (("All", None), ("Some", "$[:-2]"))
    )

    count = len(credit_columns())
    assert warnings_of(made) == [
        f"'data' (new.csv) has {count} columns, as many as the training data with the target: leave the target out, or "
        "keep it from the candidate with 'input_filter' [ack: cdk-sagemaker-autopilot:data_with_target]"
    ]
    assert warnings_of(filtered) == []


def test_history_of_series_has_header_and_target(stack: cdk.Stack, tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("i,t,y\na,2026-01-01,1\n")
    outcome = outcome_of(stack, SERIES, training_data=Channel.from_asset(path))

    assert warnings_of(transform(stack, outcome, data=Channel.from_asset(path))) == []


def test_local_data_cannot_be_compared_where_the_training_data_are_elsewhere(stack: cdk.Stack) -> None:
    assert warnings_of(transform(stack, data=Channel.from_asset(CREDIT))) == []


# --- what is read must not be written


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        (
            "train/predictions/",
            "'output' lies below 'training_data' of the job (in the same bucket, 'train/predictions/' below 'train/'): "
            "each training would read it as data; give another prefix or bucket",
        ),
        (
            "new/predictions",
            "'output' lies below 'data' (in the same bucket, 'new/predictions/' below 'new/'): each transform job "
            "would predict for the predictions of the one before; give another prefix or bucket",
        ),
    ],
)
def test_predictions_below_what_is_read_are_refused(stack: cdk.Stack, prefix: str, message: str) -> None:
    with pytest.raises(ValueError, match="AutoMLTransform 'Stack/Outcome/Transform' has 1 problem") as refused:
        transform(stack, output=OutputLocation.from_bucket(data_bucket(stack), prefix))

    assert message in str(refused.value)


TRANSFORMS_REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "data": ({"data": "s3://x"}, "'data' must be a Channel, got 's3://x' (str); use Channel.from_asset or from_bucket"),
    "output": ({"output": "s3://x"}, "'output' must be an OutputLocation, got 's3://x' (str)"),
    "type": ({"instance_type": "large"}, r"'instance_type' must match ml\.[a-z0-9-]+\.[a-z0-9]+, got 'large'"),
    "count": ({"instance_count": 0}, "'instance_count' must be at least 1, got 0"),
    "split": ({"split_type": "line"}, "'split_type' must be one of 'None', 'Line', 'RecordIO', 'TFRecord', got 'line'"),
    "filter": ({"input_filter": "$" * 64}, "'input_filter' must have at most 63 characters, got 64"),
    "payload": ({"max_payload_mib": -1}, "'max_payload_mib' must be at least 0, got -1"),
    "in flight": (
        {"max_payload_mib": 50, "max_concurrent_transforms": 3},
        "'max_payload_mib' times 'max_concurrent_transforms' must be at most 100, got 50 times 3",
    ),
    "revision": ({"revision": 2}, "'revision' must be text, got 2 (int)"),
    "key": ({"volume_encryption_key": "alias/x"}, "'volume_encryption_key' must be a kms.IKey"),
    "groups": ({"vpc": 5}, "'vpc' must be an ec2.IVpc, got 5 (int)"),
    "keys": ({"inference_response_keys": []}, "'inference_response_keys' must not be empty"),
    "keys of a regression": (
        {
            "outcome": lambda stack: new_outcome(stack, **REGRESSION, mode=None),
            "inference_response_keys": ["predicted_label"],
        },
        "'inference_response_keys' cannot be chosen: the candidates of a job in HYPERPARAMETER_TUNING mode, as which "
        "one without a mode runs, answer with the number alone for a 'Regression'; leave it out",
    ),
}


@pytest.mark.parametrize(("props", "message"), TRANSFORMS_REFUSED.values(), ids=TRANSFORMS_REFUSED)
def test_transform_job_is_refused_with_this_message(stack: cdk.Stack, props: dict[str, Any], message: str) -> None:
    outcome = props.get("outcome", new_outcome)(stack)
    with pytest.raises(ValueError, match="AutoMLTransform 'Stack/Outcome/Transform' has 1 problem:") as refused:
        transform(stack, **{**props, "outcome": outcome})

    assert message in str(refused.value)


def test_transform_needs_an_outcome(stack: cdk.Stack) -> None:
    data = Channel.from_bucket(data_bucket(stack), "new/")

    with pytest.raises(ValueError, match=r"'outcome' must be an AutoMLJobOutcome, got 'job' \(str\)"):
        AutoMLTransform(stack, "Score", outcome="job", data=data, instance_type="ml.m5.large")  # type: ignore[arg-type]


def test_transform_prop_may_be_a_token(stack: cdk.Stack) -> None:
    number: Any = cdk.CfnParameter(stack, "Number", type="Number").value_as_number
    text = cdk.CfnParameter(stack, "Text").value_as_string
    transform(
        stack,
        instance_type=text,
        instance_count=number,
        max_payload_mib=number,
        max_concurrent_transforms=number,
        revision=text,
    )

    request = properties_of(template_of(stack), contract.TRANSFORM_TYPE)["Request"]

    assert request["TransformResources"] == {"InstanceType": {"Ref": "Text"}, "InstanceCount": {"Ref": "Number"}}


# ----------------------------------------------------------------------------------------------------------- registry


def test_candidate_is_registered_and_waits_for_approval(stack: cdk.Stack) -> None:
    register(stack)

    properties = properties_of(template_of(stack), contract.MODEL_PACKAGE_TYPE)

    assert flat(properties["JobName"]) == "<OutcomeA78E6737.JobName>"
    assert properties["Request"] == {
        "ModelPackageGroupName": "churn",
        "ModelApprovalStatus": "PendingManualApproval",
    }


def test_every_prop_of_a_version_finds_its_place(stack: cdk.Stack) -> None:
    register(
        stack,
        approval_status=ApprovalStatus.APPROVED,
        description="Who leaves",
        metadata={"team": "growth"},
        content_types=["text/csv"],
        response_mime_types=["application/json"],
        instance_type="ml.g5.xlarge",
        inference_response_keys=["labels"],
    )

    properties = properties_of(template_of(stack), contract.MODEL_PACKAGE_TYPE)

    assert properties["Request"] == {
        "ModelPackageGroupName": "churn",
        "ModelApprovalStatus": "Approved",
        "ModelPackageDescription": "Who leaves",
        "CustomerMetadataProperties": {"team": "growth"},
        "InferenceSpecification": {
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    }
    assert properties["InstanceType"] == "ml.g5.xlarge"
    assert properties["InferenceResponseKeys"] == ["labels"]


def test_version_stays_unless_it_is_to_be_deleted(stack: cdk.Stack) -> None:
    outcome = new_outcome(stack)
    outcome.register("kept")
    outcome.register("gone", "Gone", removal_policy=cdk.RemovalPolicy.DESTROY)

    kept, gone = resources_of(template_of(stack), contract.MODEL_PACKAGE_TYPE).values()

    assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert (gone["DeletionPolicy"], gone["UpdateReplacePolicy"]) == ("Delete", "Delete")


def test_group_of_the_same_stack_is_there_before(stack: cdk.Stack) -> None:
    group = sagemaker.CfnModelPackageGroup(stack, "Group", model_package_group_name="churn")
    register(stack, group=group)

    template = template_of(stack)

    version = only(resources_of(template, contract.MODEL_PACKAGE_TYPE))
    assert version["Properties"]["Request"]["ModelPackageGroupName"] == "churn"
    assert "Group" in version["DependsOn"]


@pytest.mark.parametrize(
    ("group", "beginning"),
    [
        ("churn", "arn:<Partition>:sagemaker:<Region>:<AccountId>:"),
        (
            "arn:aws:sagemaker:eu-west-1:222233334444:model-package-group/churn",
            "arn:aws:sagemaker:eu-west-1:222233334444:",
        ),
    ],
    ids=["name", "arn"],
)
def test_function_registers_in_that_group_only(stack: cdk.Stack, group: str, beginning: str) -> None:
    register(stack, group=group)

    (registering,) = allowing(statements_of(template_of(stack), beginning=f"{CONSTRUCT_ID}Registry"), CREATE_PACKAGE)

    assert [flat(each) for each in registering["Resource"]] == [
        f"{beginning}model-package-group/churn",
        f"{beginning}model-package/churn/*",
    ]


def test_function_looks_for_reports_below_the_jobs_own_folders_only(stack: cdk.Stack) -> None:
    outcome = new_outcome(stack)
    outcome.register("churn")
    outcome.register("churn", "Again")
    outcome.register("other", "Other")
    output = OutputLocation.from_bucket(s3.Bucket.from_bucket_name(stack, "There", "there"), "deep/er/")
    known = AutoMLJob.from_job_name(stack, "Known", "known", output=output)
    AutoMLJobOutcome(stack, "KnownOutcome", job=known).register("churn")

    template = template_of(stack)
    listing = allowing(statements_of(template, beginning=f"{CONSTRUCT_ID}Registry"), "s3:ListBucket")
    own, others = [
        (flat(each["Resource"]), [flat(one) for one in each["Condition"]["StringLike"]["s3:prefix"]], each["Action"])
        for each in listing
    ]

    assert others == ("arn:<Partition>:s3:::there", ["deep/er/known/*"], "s3:ListBucket")
    assert own == ("arn:<Partition>:s3:::data-bucket", [f"models/{PREFIX}{'?' * 22}/*"], "s3:ListBucket")
    (registering,) = allowing(statements_of(template, beginning=f"{CONSTRUCT_ID}Registry"), CREATE_PACKAGE)
    assert {flat(each).partition("/")[2] for each in registering["Resource"]} == {
        "churn",
        "churn/*",
        "other",
        "other/*",
    }


def test_many_registrations_fit_the_policies_of_a_role(stack: cdk.Stack) -> None:
    for number in range(60):
        bucket = s3.Bucket.from_bucket_name(stack, f"There{number}", f"{'there' * 12}{number:03}")
        output = OutputLocation.from_bucket(bucket, f"{'deep/' * 10}")
        job = AutoMLJob.from_job_name(stack, f"Known{number}", f"known{number}", output=output)
        AutoMLJobOutcome(stack, f"Outcome{number}", job=job).register(f"group{number}")

    policies = resources_of(template_of(stack), "AWS::IAM::ManagedPolicy")
    registries = {name: each for name, each in policies.items() if name.startswith(f"{CONSTRUCT_ID}Registry")}
    assert len(registries) > 1
    assert max(map(size_of, registries.values())) <= MANAGED_POLICY_LIMIT
    versions = resources_of(template_of(stack), contract.MODEL_PACKAGE_TYPE)
    assert all(set(registries) & set(each["DependsOn"]) for each in versions.values())


def test_attributes_of_a_version_are_the_functions(stack: cdk.Stack) -> None:
    package = register(stack)

    names = [
        stack.resolve(each)["Fn::GetAtt"][1] for each in (package.model_package_arn, package.model_package_version)
    ]

    assert names == ["ModelPackageArn", "ModelPackageVersion"] == list(contract.ModelPackageAttribute)


def test_imported_job_without_its_output_is_registered_without_a_role(stack: cdk.Stack) -> None:
    job = AutoMLJob.from_job_name(stack, "Known", "known")

    AutoMLJobOutcome(stack, "Outcome", job=job).register("churn")

    assert resources_of(template_of(stack), contract.MODEL_PACKAGE_TYPE)


REGISTRATIONS_REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "group": ({"group": "my_group"}, "'model_package_group' must match"),
    "no group": ({"group": 5}, "'model_package_group' must be text, got 5 (int)"),
    "status": (
        {"approval_status": "approved"},
        "'approval_status' must be one of 'Approved', 'Rejected', 'PendingManualApproval', got 'approved'",
    ),
    "description": ({"description": "x" * 1025}, "'description' must have at most 1024 characters, got 1025"),
    "metadata": ({"metadata": ["a"]}, "'metadata' must be a dict of text, got ['a'] (list)"),
    "much metadata": (
        {"metadata": {str(number): "x" for number in range(43)}},
        "'metadata' must have at most 42 items, got 43",
    ),
    "empty value": (
        {"metadata": {"a": ""}},
        "['a'] of 'metadata' must be text of 1 to 256 characters, got '' (str)",
    ),
    "number": ({"metadata": {"a": 1}}, "['a'] of 'metadata' must be text of 1 to 256 characters, got 1 (int)"),
    "reserved": (
        {"metadata": {"sagemaker-autopilot:spec": "x"}},
        "the key 'sagemaker-autopilot:spec' of 'metadata' is reserved",
    ),
    "instance": ({"instance_type": 5}, "'instance_type' must be text, got 5 (int)"),
    "keys": ({"inference_response_keys": []}, "'inference_response_keys' must not be empty"),
    "removal": ({"removal_policy": "destroy"}, "'removal_policy' must be a RemovalPolicy, got 'destroy' (str)"),
    "types": ({"response_mime_types": ["json"]}, "'response_mime_types[0]' must match"),
    "keys of a regression": (
        {
            "outcome": lambda stack: new_outcome(stack, **REGRESSION),
            "inference_response_keys": ["probability"],
        },
        "'inference_response_keys' has 'probability', and candidates of a 'Regression' job answer with "
        "'predicted_label' alone: leave it out",
    ),
}


@pytest.mark.parametrize(("props", "message"), REGISTRATIONS_REFUSED.values(), ids=REGISTRATIONS_REFUSED)
def test_version_is_refused_with_this_message(stack: cdk.Stack, props: dict[str, Any], message: str) -> None:
    outcome = props.get("outcome", new_outcome)(stack)
    with pytest.raises(ValueError, match="AutoMLModelPackage 'Stack/Outcome/ModelPackage' has 1 problem:") as refused:
        register(stack, **{**props, "outcome": outcome})

    assert message in str(refused.value)


def test_json_for_series_is_warned_of_in_the_registry(stack: cdk.Stack) -> None:
    made = register(
        stack, outcome=series_outcome(stack), content_types=["text/csv"], response_mime_types=["application/json"]
    )

    assert warnings_of(made) == [
        "'response_mime_types' has 'application/json': nobody has shown that candidates for time series take or give "
        "anything but 'text/csv', and JSON requests were seen to fail [ack: cdk-sagemaker-autopilot:forecast_types]"
    ]


def test_version_needs_an_outcome(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match=r"'outcome' must be an AutoMLJobOutcome, got 'job' \(str\)"):
        AutoMLModelPackage(stack, "Version", outcome="job", model_package_group="churn")  # type: ignore[arg-type]


# --------------------------------------------------------------------------------------------------------------- both


def test_function_may_do_what_it_calls_and_nothing_else(stack: cdk.Stack) -> None:
    transform(stack).node.scope.register("churn")  # type: ignore[union-attr]
    statements = [
        statement
        for policy in ("Models", "Transforms", "Registry")
        for statement in statements_of(template_of(stack), beginning=f"{CONSTRUCT_ID}{policy}")
    ]

    allowed = {action for statement in statements for action in as_list(statement["Action"])}

    calls = {name for name in vars(clients.Hosting) if not name.startswith("_")}
    besides = {"describe_endpoint", "describe_model", "delete_model", "add_tags", "delete_tags", "list_tags"}
    in_other_services = {"s3:ListBucket"}  # what ListObjectsV2 needs
    assert {name for name in vars(clients.Folders) if not name.startswith("_")} == {"list_objects_v2"}
    assert allowed >= in_other_services
    assert {action.partition(":")[2] for action in allowed - in_other_services} == {
        "".join(part.capitalize() for part in name.split("_")) for name in calls | besides
    }


@pytest.mark.parametrize(
    ("props", "construct", "own"),
    [
        (TransformProps, AutoMLTransform, set()),
        (ModelPackageProps, AutoMLModelPackage, {"model_package_group"}),
    ],
    ids=["transform", "register"],
)
def test_methods_take_what_the_constructs_take(props: Any, construct: type, own: set[str]) -> None:
    parameters = set(inspect.signature(vars(construct)["__init__"]).parameters)
    parameters -= {"self", "scope", "construct_id", "outcome"}

    assert set(props.__annotations__) == parameters - own
