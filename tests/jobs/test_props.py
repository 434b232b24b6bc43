"""From the props of a job to its resource in the template."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from constructs_lib import (
    Algorithm,
    AutoMLJob,
    Channel,
    CompletionCriteria,
    Compression,
    ContentType,
    FeatureSpecification,
    FeatureType,
    Metric,
    Mode,
    ModelDeployConfig,
    OutputLocation,
    ProblemType,
)

from ..constructs.synthesis import (
    CREDIT,
    allowing,
    as_list,
    data_bucket,
    flat,
    job_properties,
    jobs_of,
    new_job,
    new_stack,
    only,
    request_of,
    resources_of,
    statements_of,
    template_of,
)


@pytest.fixture(scope="module")
def full() -> dict[str, Any]:
    """A stack with a job that uses every prop."""
    stack = new_stack("Full")
    key = kms.Key(stack, "Key")
    data = s3.Bucket(stack, "Data", encryption_key=kms.Key(stack, "DataKey"))
    results = s3.Bucket(stack, "Results", enforce_ssl=True)
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=1)
    role = iam.Role(stack, "JobRole", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    job = AutoMLJob(
        stack,
        "Churn",
        training_data=Channel.from_bucket(data, "train/", content_type=ContentType.CSV, compression=Compression.GZIP),
        validation_data=Channel.from_bucket(
            data, "validation/", content_type=ContentType.CSV, compression=Compression.GZIP
        ),
        target_attribute="churned",
        sample_weight_attribute="weight",
        output=OutputLocation.from_bucket(results, "models/", encryption_key=key),
        problem_type=ProblemType.BINARY_CLASSIFICATION,
        objective=Metric.AUC,
        mode=Mode.ENSEMBLING,
        algorithms=[Algorithm.LIGHTGBM, Algorithm.CATBOOST],
        features=FeatureSpecification.of({"age": "numeric", "plan": FeatureType.CATEGORICAL}),
        completion_criteria=CompletionCriteria(
            max_candidates=50,
            max_runtime_per_training_job=cdk.Duration.minutes(30),
            max_runtime=cdk.Duration.hours(4),
        ),
        generate_candidate_definitions_only=False,
        role=role,
        volume_encryption_key=key,
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
        security_groups=[ec2.SecurityGroup(stack, "Group", vpc=vpc)],
        encrypt_inter_container_traffic=True,
        model_deploy_config=ModelDeployConfig.named("Churn-Endpoint"),
        job_name="Churn-1",
        revision="7",
    )
    cdk.Tags.of(job).add("team", "growth")
    return template_of(stack)


def test_every_prop_reaches_the_request(full: dict[str, Any]) -> None:
    request = request_of(full)
    network = request["AutoMLJobConfig"]["SecurityConfig"].pop("VpcConfig")
    generation = request["AutoMLJobConfig"].pop("CandidateGenerationConfig")

    def channel(prefix: str, kind: str) -> dict[str, Any]:
        uri = {"Fn::Join": ["", ["s3://", {"Ref": "Data08E80B4A"}, f"/{prefix}/"]]}
        return {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
            "TargetAttributeName": "churned",
            "ChannelType": kind,
            "CompressionType": "Gzip",
            "ContentType": "text/csv;header=present",
            "SampleWeightAttributeName": "weight",
        }

    data = next(name for name in resources_of(full, "AWS::S3::Bucket") if name.startswith("Data"))
    results = next(name for name in resources_of(full, "AWS::S3::Bucket") if name.startswith("Results"))
    key = next(name for name in resources_of(full, "AWS::KMS::Key") if name.startswith("Key"))
    role = next(name for name in resources_of(full, "AWS::IAM::Role") if name.startswith("JobRole"))
    channels = [channel("train", "training"), channel("validation", "validation")]
    for each in channels:
        each["DataSource"]["S3DataSource"]["S3Uri"]["Fn::Join"][1][1] = {"Ref": data}
    assert request == {
        "InputDataConfig": channels,
        "OutputDataConfig": {
            "S3OutputPath": {"Fn::Join": ["", ["s3://", {"Ref": results}, "/models/"]]},
            "KmsKeyId": {"Fn::GetAtt": [key, "Arn"]},
        },
        "RoleArn": {"Fn::GetAtt": [role, "Arn"]},
        "AutoMLJobName": "Churn-1",
        "ProblemType": "BinaryClassification",
        "AutoMLJobObjective": {"MetricName": "AUC"},
        "AutoMLJobConfig": {
            "CompletionCriteria": {
                "MaxCandidates": 50,
                "MaxRuntimePerTrainingJobInSeconds": 1800,
                "MaxAutoMLJobRuntimeInSeconds": 14400,
            },
            "SecurityConfig": {
                "VolumeKmsKeyId": {"Fn::GetAtt": [key, "Arn"]},
                "EnableInterContainerTrafficEncryption": True,
            },
            "Mode": "ENSEMBLING",
        },
        "GenerateCandidateDefinitionsOnly": False,
        "ModelDeployConfig": {"EndpointName": "Churn-Endpoint"},
        "Tags": [{"Key": "team", "Value": "growth"}],
    }
    assert generation["AlgorithmsConfig"] == [{"AutoMLAlgorithms": ["lightgbm", "catboost"]}]
    assert flat(generation["FeatureSpecificationS3Uri"]).startswith("s3://cdk-hnb659fds-assets-<AccountId>-<Region>/")
    assert [list(group) for group in network["SecurityGroupIds"]] == [["Fn::GetAtt"]]
    assert [list(subnet) for subnet in network["Subnets"]] == [["Ref"], ["Ref"]]


def test_job_has_nothing_beside_the_request_but_what_the_function_needs(full: dict[str, Any]) -> None:
    properties = job_properties(full)

    assert set(properties) == {"ServiceToken", "ServiceTimeout", "Operation", "Request", "Revision"}
    assert (properties["Operation"], properties["Revision"]) == ("CreateAutoMLJob", "7")


def test_role_brought_by_the_caller_gets_everything_the_job_needs(full: dict[str, Any]) -> None:
    statements = statements_of(full, beginning="JobRoleAutopilotPermissions")
    allowed = {
        (action, flat(resource))
        for s in statements
        for action in as_list(s["Action"])
        for resource in as_list(s["Resource"])
    }
    by_action: dict[str, set[str]] = {}
    for action, resource in allowed:
        by_action.setdefault(action, set()).add(resource)

    data, results = (
        next(name for name in resources_of(full, "AWS::S3::Bucket") if name.startswith(beginning))
        for beginning in ("Data", "Results")
    )
    assert by_action["s3:PutObject"] == {f"<{results}.Arn>/models/*"}
    assert by_action["s3:GetObject"] >= {
        f"<{data}.Arn>/train/*",
        f"<{data}.Arn>/validation/*",
        f"<{results}.Arn>/models/*",
    }
    assert by_action["iam:PassRole"] == {
        f"<{next(n for n in resources_of(full, 'AWS::IAM::Role') if n.startswith('JobRole'))}.Arn>"
    }
    endpoint = "arn:<Partition>:sagemaker:<Region>:<AccountId>:endpoint"
    assert by_action["sagemaker:CreateEndpoint"] == {
        f"{endpoint}/Churn-Endpoint",
        f"{endpoint}/churn-endpoint",
        f"{endpoint}-config/*",
    }
    network = by_action["ec2:CreateNetworkInterface"]
    assert sum(":subnet/<" in resource for resource in network) == 2
    assert sum(":security-group/<" in resource for resource in network) == 1
    assert {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant"} <= set(by_action)


def test_grants_on_the_volume_key_are_for_aws_alone(full: dict[str, Any]) -> None:
    (statement,) = allowing(statements_of(full, beginning="JobRole"), "kms:CreateGrant")

    assert statement["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_job_waits_for_its_role_its_network_and_the_bucket_policy(full: dict[str, Any]) -> None:
    needed = only(jobs_of(full))["DependsOn"]

    for beginning in (
        "JobRole",
        "JobRoleAutopilotPermissions",
        "ResultsPolicy",
        "SageMakerAutopilotProviderPermissions",
        "SageMakerAutopilotProviderNames0",
        "VpcPrivateSubnet1DefaultRoute",
    ):
        assert any(name.startswith(beginning) for name in needed), beginning


def test_job_says_no_more_than_it_was_told() -> None:
    stack = new_stack()
    new_job(stack)

    properties = job_properties(template_of(stack))

    role = properties["Request"].pop("RoleArn")
    assert list(role) == ["Fn::GetAtt"]
    assert properties.pop("ServiceToken")
    assert flat(properties.pop("NamePrefix")) == "stacke551-job-"
    assert properties == {
        "ServiceTimeout": 960,
        "Operation": "CreateAutoMLJob",
        "Request": {
            "InputDataConfig": [
                {
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data-bucket/train/"}},
                    "TargetAttributeName": "y",
                    "ChannelType": "training",
                    "ContentType": "text/csv;header=present",
                }
            ],
            "OutputDataConfig": {"S3OutputPath": "s3://data-bucket/models/"},
        },
        "Revision": "1",
    }


def test_key_of_the_output_bucket_is_named_in_the_request() -> None:
    """Policies test the request (`sagemaker:OutputKmsKey`), not the bucket."""
    stack = new_stack()
    bucket = s3.Bucket(stack, "Results", encryption_key=kms.Key(stack, "Key"))
    new_job(stack, output=OutputLocation.from_bucket(bucket, "models/"))

    assert flat(request_of(template_of(stack))["OutputDataConfig"]["KmsKeyId"]) == "<Key961B73FD.Arn>"


def test_missing_output_is_a_private_bucket_that_stays() -> None:
    stack = new_stack()
    job = new_job(stack, output=None)
    cdk.CfnOutput(stack, "Where", value=job.output_location)

    template = template_of(stack)
    ((name, bucket),) = resources_of(template, "AWS::S3::Bucket").items()

    assert all(bucket["Properties"]["PublicAccessBlockConfiguration"].values())
    assert bucket["DeletionPolicy"] == "Retain"
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert flat(template["Outputs"]["Where"]["Value"]) == f"s3://<{name}>/"


def test_missing_role_is_one_that_only_sagemaker_can_take_on() -> None:
    stack = new_stack()
    new_job(stack)

    role = next(
        each for name, each in resources_of(template_of(stack), "AWS::IAM::Role").items() if name.startswith("Job")
    )

    (trusted,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert (trusted["Action"], trusted["Effect"]) == ("sts:AssumeRole", "Allow")
    assert "ManagedPolicyArns" not in role["Properties"]


def test_local_file_is_uploaded_and_only_it_may_be_read() -> None:
    stack = new_stack()
    new_job(stack, training_data=Channel.from_asset(CREDIT), target_attribute="bad_credit")

    template = template_of(stack)

    (channel,) = request_of(template)["InputDataConfig"]
    uri = flat(channel["DataSource"]["S3DataSource"]["S3Uri"])
    assert uri.endswith(".csv")
    read = allowing(statements_of(template, beginning="JobPermissions"), "s3:GetObject")[0]
    assert flat(read["Resource"]) == uri.replace("s3://", "arn:<Partition>:s3:::")


def test_manifest_may_list_objects_of_its_prefix_only() -> None:
    stack = new_stack()
    bucket = data_bucket(stack)
    new_job(stack, training_data=Channel.from_manifest(bucket, "lists/all.json", data_prefix="objects/"))

    template = template_of(stack)

    source = request_of(template)["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert source == {"S3DataType": "ManifestFile", "S3Uri": "s3://data-bucket/lists/all.json"}
    read = {
        flat(resource)
        for s in allowing(statements_of(template, beginning="JobPermissions"), "s3:GetObject")
        for resource in as_list(s["Resource"])
    }
    assert {"arn:<Partition>:s3:::data-bucket/objects/*", "arn:<Partition>:s3:::data-bucket/lists/all.json"} <= read


def test_existing_feature_specification_is_named_and_readable() -> None:
    stack = new_stack()
    new_job(stack, features=FeatureSpecification.from_bucket(data_bucket(stack), "features.json"))

    template = template_of(stack)

    generation = request_of(template)["AutoMLJobConfig"]["CandidateGenerationConfig"]
    assert generation == {"FeatureSpecificationS3Uri": "s3://data-bucket/features.json"}
    readable = [flat(s["Resource"]) for s in allowing(statements_of(template), "s3:GetObject")]
    assert "arn:<Partition>:s3:::data-bucket/features.json" in readable


def test_validation_fraction_and_automatic_endpoint_name() -> None:
    stack = new_stack()
    new_job(stack, validation_fraction=0.3, model_deploy_config=ModelDeployConfig.auto_named())

    request = request_of(template_of(stack))

    assert request["AutoMLJobConfig"] == {"DataSplitConfig": {"ValidationFraction": 0.3}}
    assert request["ModelDeployConfig"] == {"AutoGenerateEndpointName": True}


def test_job_that_deploys_nothing_may_deploy_nothing() -> None:
    stack = new_stack()
    new_job(stack)

    statements = statements_of(template_of(stack))

    assert not allowing(statements, "sagemaker:CreateEndpoint")
    assert not allowing(statements, "sagemaker:DeleteEndpoint")
    assert not allowing(statements, "ec2:CreateNetworkInterface")


def test_unknown_metric_passes_with_a_warning() -> None:
    stack = new_stack()
    new_job(stack, problem_type=ProblemType.REGRESSION, objective="RMSLE")

    annotations = cdk.assertions.Annotations.from_stack(stack)

    annotations.has_warning("/Stack/Job", cdk.assertions.Match.string_like_regexp("'objective' 'RMSLE' is no metric"))
    assert request_of(template_of(stack))["AutoMLJobObjective"] == {"MetricName": "RMSLE"}


def test_vpc_without_groups_gets_one_and_the_private_subnets() -> None:
    stack = new_stack()
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["a", "b"], private_subnet_ids=["subnet-1", "subnet-2"]
    )
    new_job(stack, vpc=vpc)

    template = template_of(stack)

    (group,) = resources_of(template, "AWS::EC2::SecurityGroup")
    network = request_of(template)["AutoMLJobConfig"]["SecurityConfig"]["VpcConfig"]
    assert network == {"SecurityGroupIds": [{"Fn::GetAtt": [group, "GroupId"]}], "Subnets": ["subnet-1", "subnet-2"]}


def test_subnets_and_groups_do_without_a_vpc() -> None:
    stack = new_stack()
    new_job(
        stack,
        vpc_subnets=ec2.SubnetSelection(subnets=[ec2.Subnet.from_subnet_id(stack, "Subnet", "subnet-1")]),
        security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-1")],
    )

    network = request_of(template_of(stack))["AutoMLJobConfig"]["SecurityConfig"]["VpcConfig"]

    assert network == {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}


def test_construct_ids_of_any_script_make_sound_descriptions() -> None:
    stack = new_stack()
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["a"], private_subnet_ids=["subnet-1"]
    )
    new_job(stack, "Prognose für 予測", vpc=vpc)

    template = template_of(stack)

    descriptions = [
        each["Properties"][prop]
        for kind, prop in (("AWS::IAM::Role", "Description"), ("AWS::EC2::SecurityGroup", "GroupDescription"))
        for each in resources_of(template, kind).values()
    ]
    assert len(descriptions) == 3
    assert all(description.isascii() for description in descriptions)
    assert flat(job_properties(template)["NamePrefix"]) == "stacke551-prognos-"


def test_generated_names_of_every_job_are_names_the_function_may_use() -> None:
    stack = new_stack("A-Stack-With-A-Long-Name")
    for construct_id in ("A", "予測", "A very long name of a job"):
        new_job(stack, construct_id)

    template = template_of(stack)

    (pattern,) = {
        flat(s["Resource"]).rpartition("/")[2] for s in allowing(statements_of(template), "sagemaker:CreateAutoMLJob")
    }
    for job in jobs_of(template).values():
        prefix = flat(job["Properties"]["NamePrefix"])
        assert len(pattern) == 32
        assert len(prefix) <= 20
        assert prefix.startswith(pattern.rstrip("?"))
        assert prefix == prefix.lower()
