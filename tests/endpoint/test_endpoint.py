"""`AutoMLEndpoint`: what becomes of its props, and what it lets others do."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

from constructs_lib import (
    Asynchronous,
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLProvider,
    AutoScaling,
    DataCapture,
    DeploymentPolicy,
    Mode,
    OutputLocation,
    RealTime,
    ResponseKey,
    Serverless,
)
from constructs_lib.provider.provider import CONSTRUCT_ID
from constructs_lib.runtime import contract

from ..constructs.synthesis import (
    allowing,
    as_list,
    data_bucket,
    flat,
    new_job,
    new_stack,
    only,
    resources_of,
    statements_of,
    template_of,
)

SMALL = RealTime(instance_type="ml.m5.large")
CONFIG = "AWS::SageMaker::EndpointConfig"
ENDPOINT = "AWS::SageMaker::Endpoint"
PREFIX = "stacke551-"
"""What the names of the stack's models, endpoints and jobs begin with."""


def new_outcome(stack: cdk.Stack, **props: Any) -> AutoMLJobOutcome:
    """Of a job whose candidate is one container, so that everything can serve it; props replace these."""
    return AutoMLJobOutcome(stack, "Outcome", job=new_job(stack, **{"mode": Mode.ENSEMBLING, **props}))


def new_endpoint(stack: cdk.Stack, **props: Any) -> AutoMLEndpoint:
    outcome = props.pop("outcome", None) or new_outcome(stack)
    return AutoMLEndpoint(stack, "Endpoint", **{"outcome": outcome, "serving": SMALL, **props})


def properties_of(template: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = only(resources_of(template, kind))["Properties"]
    return found


@pytest.fixture
def stack() -> cdk.Stack:
    return new_stack()


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    stack = new_stack()
    new_endpoint(stack)
    return template_of(stack)


# ------------------------------------------------------------------------------------------------- model to endpoint


def test_model_is_made_of_the_job_that_was_waited_for(template: dict[str, Any]) -> None:
    properties = properties_of(template, contract.MODEL_TYPE)

    assert flat(properties["JobName"]) == "<OutcomeA78E6737.JobName>"
    assert flat(properties["Request"]["ExecutionRoleArn"]) == "<EndpointRole47E61C54.Arn>"
    assert properties["InstanceType"] == "ml.m5.large"
    assert flat(properties["NamePrefix"]) == f"{PREFIX}endpoint-"
    assert "MaxContainers" not in properties


def test_name_of_ones_own_is_text_that_tasks_of_step_functions_can_take(stack: cdk.Stack) -> None:
    """The CDK makes an ARN of the name in lower case, and a reference would be gone in it."""
    endpoint = new_endpoint(stack, endpoint_name="Churn")
    task = tasks.SageMakerUpdateEndpoint(
        stack, "Promote", endpoint_name=endpoint.endpoint_name, endpoint_config_name="challenger"
    )
    machine = sfn.StateMachine(stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(task))
    machine.node.add_dependency(endpoint)

    policies = resources_of(template_of(stack), "AWS::IAM::Policy")
    [policy] = [each for name, each in policies.items() if name.startswith("Machine")]
    [allowed] = [
        each
        for each in policy["Properties"]["PolicyDocument"]["Statement"]
        if "sagemaker:updateEndpoint" in as_list(each["Action"])
    ]
    assert endpoint.endpoint_name == "Churn"
    assert flat(as_list(allowed["Resource"])[0]).endswith(":endpoint/churn")


def test_generated_name_is_a_reference_and_so_is_that_of_a_parameter(stack: cdk.Stack) -> None:
    outcome = new_outcome(stack)
    name = cdk.CfnParameter(stack, "Name").value_as_string
    generated = AutoMLEndpoint(stack, "One", outcome=outcome, serving=SMALL)
    late = AutoMLEndpoint(stack, "Two", outcome=outcome, serving=SMALL, endpoint_name=name)

    for endpoint, begins in ((generated, "<OneEndpoint"), (late, "<TwoEndpoint")):
        told = flat(stack.resolve(endpoint.endpoint_name))
        assert (told.startswith(begins), told.endswith(".EndpointName>")) == (True, True)


def test_name_of_ones_own_is_looked_for_before_the_job_is_made(stack: cdk.Stack) -> None:
    outcome = new_outcome(stack)
    AutoMLEndpoint(stack, "One", outcome=outcome, serving=SMALL, endpoint_name="churn")
    AutoMLEndpoint(stack, "Two", outcome=outcome, serving=SMALL, endpoint_name="churn-2")
    AutoMLEndpoint(stack, "Three", outcome=outcome, serving=SMALL)
    AutoMLEndpoint(stack, "Four", outcome=outcome, serving=SMALL, endpoint_name=f"{outcome.job_name}-4")
    template = template_of(stack)
    job = only(resources_of(template, contract.RESOURCE_TYPE))

    asked = job["Properties"]["Endpoints"]
    endpoints = resources_of(template, ENDPOINT)
    assert [each["Name"] for each in asked] == ["churn", "churn-2"]
    assert [endpoints[each["LogicalId"]]["Properties"]["EndpointName"] for each in asked] == ["churn", "churn-2"]
    describing = allowing(statements_of(template, beginning=CONSTRUCT_ID), "sagemaker:DescribeEndpoint")
    assert any("endpoint/churn-2" in json.dumps(statement) for statement in describing)
    assert any(name.startswith(f"{CONSTRUCT_ID}Endpoints") for name in job["DependsOn"])


def test_name_is_not_looked_for_where_the_job_is_of_another_stack() -> None:
    app = cdk.App()
    here, there = cdk.Stack(app, "Jobs"), cdk.Stack(app, "Serving")
    AutoMLEndpoint(there, "Endpoint", outcome=new_outcome(here), serving=SMALL, endpoint_name="churn")

    assert "Endpoints" not in properties_of(template_of(here), contract.RESOURCE_TYPE)


def test_names_of_what_is_replaced_are_left_to_be_generated(template: dict[str, Any]) -> None:
    assert "EndpointConfigName" not in properties_of(template, CONFIG)
    assert "ModelName" not in properties_of(template, contract.MODEL_TYPE)["Request"]


def test_config_serves_the_model_in_one_variant(template: dict[str, Any]) -> None:
    (variant,) = properties_of(template, CONFIG)["ProductionVariants"]

    assert flat(variant.pop("ModelName")) == "<EndpointModelE90970FC.ModelName>"
    assert variant == {
        "VariantName": "AllTraffic",
        "InitialVariantWeight": 1,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }


def test_endpoint_keeps_its_name_and_follows_its_config(template: dict[str, Any]) -> None:
    properties = properties_of(template, ENDPOINT)

    assert flat(properties["EndpointConfigName"]) == "<EndpointConfig24AD0A28.EndpointConfigName>"
    name = flat(properties["EndpointName"])
    assert name.startswith(f"{PREFIX}endpoint-")
    assert len(name) == contract.HOSTED_NAME_LENGTH


def test_name_does_not_depend_on_how_the_job_is_trained() -> None:
    names = set()
    for revision in ("1", "2"):
        stack = new_stack()
        new_endpoint(stack, outcome=new_outcome(stack, revision=revision))
        names.add(flat(properties_of(template_of(stack), ENDPOINT)["EndpointName"]))

    assert len(names) == 1


def test_name_is_another_one_in_another_stack_and_for_another_kind_of_serving() -> None:
    names = set()
    for name, serving in (("Stack", SMALL), ("Other", SMALL), ("Stack", Serverless())):
        stack = new_stack(name)
        new_endpoint(stack, serving=serving)
        names.add(flat(properties_of(template_of(stack), ENDPOINT)["EndpointName"]))

    assert len(names) == 3


def test_same_app_under_another_stack_name_has_another_endpoint_name() -> None:
    names = set()
    for name in ("prod", "test"):
        stack = new_stack(stack_name=name)
        new_endpoint(stack)
        names.add(flat(properties_of(template_of(stack), ENDPOINT)["EndpointName"]))

    assert len(names) == 2


def test_endpoint_is_looked_at_after_each_deployment(template: dict[str, Any]) -> None:
    check = only(resources_of(template, contract.ENDPOINT_CHECK_TYPE))["Properties"]

    assert flat(check["EndpointName"]) == "<Endpoint8024A810.EndpointName>"
    assert flat(check["EndpointConfigName"]) == "<EndpointConfig24AD0A28.EndpointConfigName>"


def test_model_waits_for_what_it_may_do(template: dict[str, Any]) -> None:
    needed = only(resources_of(template, contract.MODEL_TYPE))["DependsOn"]

    assert "EndpointRole47E61C54" in needed
    for beginning in ("EndpointPermissionsB0E4AAB2", f"{CONSTRUCT_ID}Models"):
        assert any(name.startswith(beginning) for name in needed)


def test_endpoint_adds_six_resources_of_its_own_and_one_shared(template: dict[str, Any]) -> None:
    stack = new_stack()
    new_outcome(stack)
    before = set(template_of(stack)["Resources"])

    added = set(template["Resources"]) - before

    assert len([name for name in added if name.startswith(CONSTRUCT_ID)]) == 1
    assert len([name for name in added if name.startswith("Endpoint")]) == 6


# ---------------------------------------------------------------------------------------------------------------- props


def test_every_prop_finds_its_place(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    capture = DataCapture(
        destination=OutputLocation.from_bucket(data_bucket(stack), "captured/", encryption_key=key),
        sampling_percentage=20,
        capture_output=False,
    )
    new_endpoint(
        stack,
        serving=RealTime(
            instance_type="ml.m5.large",
            instance_count=2,
            volume_size_gib=20,
            container_startup_timeout=cdk.Duration.minutes(5),
            model_data_download_timeout=cdk.Duration.minutes(10),
        ),
        data_capture=capture,
        inference_response_keys=[ResponseKey.PROBABILITIES, "labels"],
        endpoint_name="churn",
        encryption_key=key,
        vpc=ec2.Vpc(stack, "Vpc"),
        enable_network_isolation=True,
    )
    cdk.Tags.of(stack).add("team", "growth")

    template = template_of(stack)

    model = properties_of(template, contract.MODEL_TYPE)
    assert model["InferenceResponseKeys"] == ["probabilities", "labels"]
    assert model["Request"]["EnableNetworkIsolation"] is True
    assert len(model["Request"]["VpcConfig"]["Subnets"]) == 2
    assert flat(model["Request"]["VpcConfig"]["SecurityGroupIds"][0]).startswith("<EndpointSecurityGroup")
    assert model["Request"]["Tags"] == [{"Key": "team", "Value": "growth"}]
    config = properties_of(template, CONFIG)
    assert flat(config["KmsKeyId"]) == "<Key961B73FD.Arn>"
    assert config["Tags"] == [{"Key": "team", "Value": "growth"}]
    (variant,) = config["ProductionVariants"]
    assert variant["InitialInstanceCount"] == 2
    assert variant["VolumeSizeInGB"] == 20
    assert variant["ContainerStartupHealthCheckTimeoutInSeconds"] == 300
    assert variant["ModelDataDownloadTimeoutInSeconds"] == 600
    captured = config["DataCaptureConfig"]
    assert flat(captured.pop("KmsKeyId")) == "<Key961B73FD.Arn>"
    assert captured == {
        "EnableCapture": True,
        "DestinationS3Uri": "s3://data-bucket/captured/",
        "InitialSamplingPercentage": 20,
        "CaptureOptions": [{"CaptureMode": "Input"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
    }
    endpoint = properties_of(template, ENDPOINT)
    assert endpoint["EndpointName"] == "churn"
    assert endpoint["Tags"] == [{"Key": "team", "Value": "growth"}]


def test_network_is_taken_as_it_is_given(stack: cdk.Stack) -> None:
    isolated = ec2.SubnetConfiguration(name="in", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    vpc = ec2.Vpc(stack, "Vpc", nat_gateways=1, subnet_configuration=[*ec2.Vpc.DEFAULT_SUBNETS, isolated])
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-12345678")
    new_endpoint(
        stack,
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        security_groups=[group],
    )

    network = properties_of(template_of(stack), contract.MODEL_TYPE)["Request"]["VpcConfig"]

    assert network["Subnets"] == stack.resolve([subnet.subnet_id for subnet in vpc.isolated_subnets])
    assert network["SecurityGroupIds"] == ["sg-12345678"]


def test_what_is_kept_is_encrypted_with_the_buckets_own_key_where_none_is_given(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "Kept", encryption_key=kms.Key(stack, "Key"))
    place = OutputLocation.from_bucket(bucket, "kept/")
    new_endpoint(
        stack,
        serving=Asynchronous(instance_type="ml.m5.large", output=place),
        data_capture=DataCapture(destination=place),
    )

    config = properties_of(template_of(stack), CONFIG)

    assert flat(config["AsyncInferenceConfig"]["OutputConfig"]["KmsKeyId"]) == "<Key961B73FD.Arn>"
    assert flat(config["DataCaptureConfig"]["KmsKeyId"]) == "<Key961B73FD.Arn>"


# ------------------------------------------------------------------------------------------------------------ numbers


@pytest.mark.parametrize(
    "number",
    [cdk.Fn.import_value("number"), cdk.Token.as_any({"Fn::ImportValue": "number"})],
    ids=["as text", "as an object"],
)
def test_what_the_deployment_knows_may_stand_for_each_number(stack: cdk.Stack, number: Any) -> None:
    """E.g. a parameter of the stack or of SSM, which is text, or what the CDK calls resolvable."""
    AutoMLProvider.of(stack).configure(reserved_concurrent_executions=number)
    scaling = AutoScaling(min_capacity=number, max_capacity=number, invocations_per_instance=number)
    outcome = new_outcome(stack)
    place = OutputLocation.from_bucket(data_bucket(stack), "x/")
    minute = cdk.Duration.minutes(1)
    new_endpoint(
        stack,
        outcome=outcome,
        serving=RealTime(
            instance_type="ml.m5.large", instance_count=number, volume_size_gib=number, auto_scaling=scaling
        ),
        data_capture=DataCapture(destination=place, sampling_percentage=number),
        deployment_policy=DeploymentPolicy.canary(instances=number, wait_interval=minute),
    )
    warm = Serverless(memory_size_mib=number, max_concurrency=number, provisioned_concurrency=number)
    AutoMLEndpoint(stack, "Warm", outcome=outcome, serving=warm)
    queue = Asynchronous(instance_type="ml.m5.large", output=place, max_concurrent_invocations_per_instance=number)
    rolling = DeploymentPolicy.rolling(percent=number, wait_interval=minute)
    AutoMLEndpoint(stack, "Queue", outcome=outcome, serving=queue, deployment_policy=rolling)

    assert json.dumps(template_of(stack)["Resources"]).count('{"Fn::ImportValue": "number"}') == 13


def test_what_the_deployment_knows_may_stand_for_text_and_lists(stack: cdk.Stack) -> None:
    later: Any = cdk.Token.as_any({"Fn::ImportValue": "later"})
    place = OutputLocation.from_bucket(data_bucket(stack), "x/")
    new_endpoint(
        stack,
        serving=RealTime(instance_type=later),
        data_capture=DataCapture(destination=place, csv_content_types=later),
    )

    config = properties_of(template_of(stack), CONFIG)
    assert config["ProductionVariants"][0]["InstanceType"] == {"Fn::ImportValue": "later"}
    assert config["DataCaptureConfig"]["CaptureContentTypeHeader"]["CsvContentTypes"] == {"Fn::ImportValue": "later"}


# ---------------------------------------------------------------------------------------------------------------- log


def logs_of(template: dict[str, Any]) -> dict[str, Any]:
    """The endpoint's own."""
    found = resources_of(template, "AWS::Logs::LogGroup")
    return {name: each for name, each in found.items() if name.startswith("Endpoint")}


def test_log_is_left_to_the_service_where_nothing_is_said_of_it(template: dict[str, Any]) -> None:
    assert logs_of(template) == {}


@pytest.mark.parametrize(("name", "logged"), [(None, None), ("churn", "churn"), ("token", "<Name>")])
def test_log_of_the_stack_is_called_as_the_service_calls_it_and_comes_first(
    stack: cdk.Stack, name: str | None, logged: str | None
) -> None:
    given = cdk.CfnParameter(stack, "Name").value_as_string if name == "token" else name
    new_endpoint(stack, endpoint_name=given, log_retention=cdk.Duration.days(30))

    template = template_of(stack)

    ((logical_id, log),) = logs_of(template).items()
    endpoint = only(resources_of(template, ENDPOINT))
    assert flat(log["Properties"]["LogGroupName"]) == (
        f"/aws/sagemaker/Endpoints/{logged or flat(endpoint['Properties']['EndpointName'])}"
    )
    assert log["Properties"]["RetentionInDays"] == 30
    assert "KmsKeyId" not in log["Properties"]
    assert log["DeletionPolicy"] == "Delete"
    assert logical_id in endpoint["DependsOn"]


def test_log_with_a_key_alone_is_kept_as_long_as_the_librarys_others(stack: cdk.Stack) -> None:
    new_endpoint(stack, log_encryption_key=kms.Key(stack, "Key"))

    template = template_of(stack)

    log = only(logs_of(template))["Properties"]
    assert flat(log["KmsKeyId"]) == "<Key961B73FD.Arn>"
    assert log["RetentionInDays"] == 365
    key = only(resources_of(template, "AWS::KMS::Key"))["Properties"]["KeyPolicy"]
    assert "kms:EncryptionContext:aws:logs:arn" in json.dumps(key)


def test_key_of_the_log_may_be_of_another_stack() -> None:
    app = cdk.App()
    foundation, stack = cdk.Stack(app, "Foundation"), cdk.Stack(app, "Stack")
    new_endpoint(stack, log_encryption_key=kms.Key(foundation, "Key"))

    assert "Fn::ImportValue" in only(logs_of(template_of(stack)))["Properties"]["KmsKeyId"]
    key = only(resources_of(template_of(foundation), "AWS::KMS::Key"))["Properties"]["KeyPolicy"]
    (allowed,) = (each for each in key["Statement"] if "logs." in flat(each["Principal"].get("Service", "")))
    context = allowed["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    assert flat(context) == "arn:<Partition>:logs:<Region>:<AccountId>:log-group:*"


def test_another_kind_of_serving_has_another_log(stack: cdk.Stack) -> None:
    """It has another name, and the old endpoint writes until it is gone."""
    props: dict[str, Any] = {"log_retention": cdk.Duration.days(30)}
    new_endpoint(stack, **props)
    other = new_stack()
    new_endpoint(other, serving=Serverless(), **props)
    one, two = (logs_of(template_of(each)) for each in (stack, other))

    assert set(one) & set(two) == set()
    assert only(one)["Properties"]["LogGroupName"] != only(two)["Properties"]["LogGroupName"]


def test_tag_on_the_endpoint_alone_reaches_all_its_parts(stack: cdk.Stack) -> None:
    cdk.Tags.of(new_endpoint(stack)).add("team", "growth")

    template = template_of(stack)

    tags = [{"Key": "team", "Value": "growth"}]
    assert properties_of(template, contract.MODEL_TYPE)["Request"]["Tags"] == tags
    assert properties_of(template, CONFIG)["Tags"] == tags
    assert properties_of(template, ENDPOINT)["Tags"] == tags


def test_instance_type_with_an_arm_processor_is_warned_of(stack: cdk.Stack) -> None:
    new_endpoint(stack, serving=RealTime(instance_type="ml.m6g.large"))

    warnings = [entry.data for entry in stack.node.find_child("Endpoint").node.metadata if "warning" in entry.type]

    assert ["ml.m6g.large" in str(each) and "ARM" in str(each) for each in warnings] == [True]


def test_unknown_response_key_passes_with_a_warning(stack: cdk.Stack) -> None:
    new_endpoint(stack, inference_response_keys=["odds"])

    warnings = [entry.data for entry in stack.node.find_child("Endpoint").node.metadata if "warning" in entry.type]

    assert ["'odds'" in str(each) for each in warnings] == [True]
    assert properties_of(template_of(stack), contract.MODEL_TYPE)["InferenceResponseKeys"] == ["odds"]


# --------------------------------------------------------------------------------------------------------- permissions


def test_role_reads_what_the_job_wrote_and_nothing_else(template: dict[str, Any]) -> None:
    statements = statements_of(template, beginning="EndpointPermissions")

    (reading,) = allowing(statements, "s3:GetObject")
    assert [flat(each) for each in as_list(reading["Resource"])] == [
        f"arn:<Partition>:s3:::data-bucket/models/{PREFIX}{'?' * 22}/*",
        "<NoValue>",  # under another name of the stack, a job from before that has not trained again
    ]
    assert allowing(statements, "s3:PutObject") == []
    assert allowing(statements, "iam:PassRole") == []
    assert not [action for each in statements for action in as_list(each["Action"]) if action.startswith("sagemaker:")]


def test_role_reads_the_folder_of_a_job_whose_name_is_given(stack: cdk.Stack) -> None:
    new_endpoint(stack, outcome=new_outcome(stack, job_name="mine"))

    (reading,) = allowing(statements_of(template_of(stack), beginning="EndpointPermissions"), "s3:GetObject")

    assert [flat(each) for each in as_list(reading["Resource"])] == ["arn:<Partition>:s3:::data-bucket/models/mine/*"]


def test_role_may_decrypt_what_the_job_encrypted_and_write_what_is_captured(stack: cdk.Stack) -> None:
    key, other = kms.Key(stack, "Key"), kms.Key(stack, "Other")
    output = OutputLocation.from_bucket(data_bucket(stack), "models/", encryption_key=key)
    captured = OutputLocation.from_bucket(data_bucket(stack), "captured/", encryption_key=other)
    new_endpoint(stack, outcome=new_outcome(stack, output=output), data_capture=DataCapture(destination=captured))

    statements = statements_of(template_of(stack), beginning="EndpointPermissions")

    by_key = {flat(each["Resource"]): as_list(each["Action"]) for each in allowing(statements, "kms:Decrypt")}
    assert by_key["<Key961B73FD.Arn>"] == ["kms:Decrypt"]
    (others,) = [actions for name, actions in by_key.items() if name.startswith("<Other")]
    assert "kms:GenerateDataKey" in others
    (writing,) = allowing(statements, "s3:PutObject")
    assert flat(writing["Resource"]) == "arn:<Partition>:s3:::data-bucket/captured/*"


def test_role_gets_network_permissions_only_in_a_vpc(stack: cdk.Stack, template: dict[str, Any]) -> None:
    endpoint = new_endpoint(stack, vpc=ec2.Vpc(stack, "Vpc"))

    statements = statements_of(template_of(stack), beginning="EndpointPermissions")

    assert allowing(statements, "ec2:CreateNetworkInterface")
    assert allowing(statements_of(template, beginning="EndpointPermissions"), "ec2:CreateNetworkInterface") == []
    assert endpoint.connections.security_groups


def test_role_that_is_brought_gets_what_it_needs(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Mine", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    endpoint = new_endpoint(stack, role=role)

    template = template_of(stack)

    assert endpoint.role is role
    assert allowing(statements_of(template, beginning="MineAutopilotPermissions"), "s3:GetObject")
    assert not [name for name in template["Resources"] if name.startswith("EndpointRole")]
    assert "MineAutopilotPermissions" in str(only(resources_of(template, contract.MODEL_TYPE))["DependsOn"])


def test_function_makes_models_of_its_stack_only(template: dict[str, Any]) -> None:
    statements = statements_of(template, beginning=f"{CONSTRUCT_ID}Models")

    (making,) = allowing(statements, "sagemaker:CreateModel")
    assert flat(making["Resource"]).endswith(f":model/{PREFIX}{'?' * (contract.HOSTED_NAME_LENGTH - len(PREFIX))}")
    for statement in allowing(statements, "sagemaker:DeleteModel"):
        if flat(statement["Resource"]).endswith(":model/*"):
            assert flat(statement["Condition"]["StringEquals"]["aws:ResourceTag/sagemaker-autopilot:stack-id"]) == (
                "<StackId>"
            )
    assert all("*" not in flat(each["Resource"]) or "Condition" in each for each in statements)


def test_function_may_pass_the_role_to_sagemaker_only(template: dict[str, Any]) -> None:
    passing = allowing(statements_of(template, beginning=CONSTRUCT_ID), "iam:PassRole")

    passed = [flat(each) for statement in passing for each in as_list(statement["Resource"])]
    assert "<EndpointRole47E61C54.Arn>" in passed
    for statement in passing:
        assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_function_may_look_at_an_endpoint_whose_name_is_given(stack: cdk.Stack) -> None:
    new_endpoint(stack, endpoint_name="churn")

    template = template_of(stack)

    (looking,) = allowing(statements_of(template, beginning=f"{CONSTRUCT_ID}Endpoints"), "sagemaker:DescribeEndpoint")
    assert flat(looking["Resource"]).endswith(":endpoint/churn")
    check = only(resources_of(template, contract.ENDPOINT_CHECK_TYPE))
    assert any(name.startswith(f"{CONSTRUCT_ID}Endpoints") for name in check["DependsOn"])


def test_endpoint_in_another_stack_than_the_job_may_describe_it() -> None:
    app = cdk.App()
    training, serving = cdk.Stack(app, "Training"), cdk.Stack(app, "Serving")
    outcome = new_outcome(training)
    new_endpoint(serving, outcome=outcome)

    template = template_of(serving)

    seen = allowing(statements_of(template, beginning=CONSTRUCT_ID), "sagemaker:DescribeAutoMLJobV2")
    assert any("FnGetAttJob" in json.dumps(each["Resource"]) for each in seen)
    assert "FnGetAttOutcome" in json.dumps(properties_of(template, contract.MODEL_TYPE)["JobName"])


def test_imported_job_is_served(stack: cdk.Stack) -> None:
    output = OutputLocation.from_bucket(data_bucket(stack), "models/")
    job = AutoMLJob.from_job_name(stack, "Known", "known", output=output)
    new_endpoint(stack, outcome=AutoMLJobOutcome(stack, "Outcome", job=job))

    (reading,) = allowing(statements_of(template_of(stack), beginning="EndpointPermissions"), "s3:GetObject")

    assert flat(reading["Resource"]) == "arn:<Partition>:s3:::data-bucket/models/known/*"


# ------------------------------------------------------------------------------------------------------------ IEndpoint


def test_cdk_constructs_that_take_an_endpoint_take_this_one(stack: cdk.Stack) -> None:
    endpoint = new_endpoint(stack)
    api = apigateway.RestApi(stack, "Api")
    api.root.add_method("POST", apigateway.SagemakerIntegration(endpoint))

    template = template_of(stack)

    integration = properties_of(template, "AWS::ApiGateway::Method")["Integration"]
    assert flat(integration["Uri"]).endswith("path/endpoints/<Endpoint8024A810.EndpointName>/invocations")
    (invoking,) = allowing(statements_of(template, beginning="ApiPOST"), "sagemaker:InvokeEndpoint")
    assert flat(invoking["Resource"]) == "<Endpoint8024A810>"


def test_model_of_an_imported_job_waits_until_the_job_may_be_seen(stack: cdk.Stack) -> None:
    """Also where the permission does not fit into the function's first policy."""
    output = OutputLocation.from_bucket(data_bucket(stack), "models/")
    for number in range(4):
        job = AutoMLJob.from_job_name(stack, f"Old{number}", f"old-{number}", output=output)
        outcome = AutoMLJobOutcome(stack, f"Outcome{number}", job=job)
        AutoMLEndpoint(stack, f"Endpoint{number}", outcome=outcome, serving=SMALL)
    template = template_of(stack)

    seen = {
        policy: str(statement["Resource"])
        for policy in resources_of(template, "AWS::IAM::ManagedPolicy")
        for statement in statements_of(template, beginning=policy)
        if as_list(statement["Action"]) == ["sagemaker:DescribeAutoMLJobV2", "sagemaker:ListTags"]
    }
    assert len(seen) == 2
    for name, model in resources_of(template, contract.MODEL_TYPE).items():
        job_name = f"old-{name[len('Endpoint')]}"
        (policy,) = [each for each, resource in seen.items() if f"automl-job/{job_name}" in resource]
        assert policy in model["DependsOn"]


def test_model_waits_for_the_policy_of_the_bucket_that_it_lies_in(stack: cdk.Stack) -> None:
    new_endpoint(stack, outcome=AutoMLJobOutcome(stack, "Outcome", job=new_job(stack, output=None)))
    template = template_of(stack)

    (policy,) = resources_of(template, "AWS::S3::BucketPolicy")
    assert policy in only(resources_of(template, contract.MODEL_TYPE))["DependsOn"]


def test_imported_endpoint_is_taken_too(stack: cdk.Stack) -> None:
    endpoint = AutoMLEndpoint.from_endpoint_name(stack, "Known", "churn")
    apigateway.RestApi(stack, "Api").root.add_method("POST", apigateway.SagemakerIntegration(endpoint))

    template = template_of(stack)

    (invoking,) = allowing(statements_of(template, beginning="ApiPOST"), "sagemaker:InvokeEndpoint")
    assert flat(invoking["Resource"]) == "arn:<Partition>:sagemaker:<Region>:<AccountId>:endpoint/churn"


@pytest.mark.newest
def test_endpoint_is_every_member_of_the_interface(stack: cdk.Stack) -> None:
    endpoint: sagemaker.IEndpoint = new_endpoint(stack)

    assert stack.resolve(endpoint.endpoint_ref.endpoint_arn) == {"Ref": "Endpoint8024A810"}
    assert endpoint.stack is stack
    assert endpoint.env.region == stack.region
    endpoint.apply_removal_policy  # noqa: B018 - it is there


def test_grant_invoke_allows_to_ask_this_endpoint(stack: cdk.Stack) -> None:
    user = iam.User(stack, "User")

    new_endpoint(stack).grant_invoke(user).assert_success()

    (statement,) = statements_of(template_of(stack), beginning="UserDefaultPolicy")
    assert statement["Action"] == "sagemaker:InvokeEndpoint"
    assert flat(statement["Resource"]) == "<Endpoint8024A810>"


def test_endpoint_is_a_grantee(stack: cdk.Stack) -> None:
    s3.Bucket(stack, "Requests").grant_read(new_endpoint(stack))

    assert allowing(statements_of(template_of(stack), beginning="EndpointRoleDefaultPolicy"), "s3:GetObject*")


def test_endpoint_in_a_vpc_is_connectable(stack: cdk.Stack) -> None:
    vpc = ec2.Vpc(stack, "Vpc")
    group = ec2.SecurityGroup(stack, "Group", vpc=vpc)

    group.connections.allow_from(new_endpoint(stack, vpc=vpc), ec2.Port.tcp(443))

    assert resources_of(template_of(stack), "AWS::EC2::SecurityGroupIngress")


def test_endpoint_outside_a_vpc_says_so(stack: cdk.Stack) -> None:
    endpoint = new_endpoint(stack)

    with pytest.raises(ValueError, match="the endpoint 'Stack/Endpoint' has no connections: give it a 'vpc'"):
        endpoint.connections  # noqa: B018


# --------------------------------------------------------------------------------------------------- metrics and alarms

METRICS = {
    "metric_invocations": ("AWS/SageMaker", "Invocations", "Sum"),
    "metric_invocations_per_instance": ("AWS/SageMaker", "InvocationsPerInstance", "Sum"),
    "metric_invocation_4xx_errors": ("AWS/SageMaker", "Invocation4XXErrors", "Sum"),
    "metric_invocation_5xx_errors": ("AWS/SageMaker", "Invocation5XXErrors", "Sum"),
    "metric_model_latency": ("AWS/SageMaker", "ModelLatency", "Average"),
    "metric_overhead_latency": ("AWS/SageMaker", "OverheadLatency", "Average"),
    "metric_cpu_utilization": ("/aws/sagemaker/Endpoints", "CPUUtilization", "Average"),
    "metric_memory_utilization": ("/aws/sagemaker/Endpoints", "MemoryUtilization", "Average"),
}


@pytest.mark.parametrize(("method", "expected"), METRICS.items(), ids=METRICS)
def test_metric_is_the_services(stack: cdk.Stack, method: str, expected: tuple[str, str, str]) -> None:
    endpoint = AutoMLEndpoint.from_endpoint_name(stack, "Known", "churn")

    metric: cloudwatch.Metric = getattr(endpoint, method)(period=cdk.Duration.minutes(1))

    assert (metric.namespace, metric.metric_name, metric.statistic) == expected
    assert metric.dimensions == {"EndpointName": "churn", "VariantName": "AllTraffic"}
    assert metric.period.to_seconds() == 60


def test_backlog_is_measured_of_the_whole_endpoint(stack: cdk.Stack) -> None:
    metric = AutoMLEndpoint.from_endpoint_name(stack, "Known", "churn").metric_backlog_size()

    assert metric.dimensions == {"EndpointName": "churn"}


def test_any_metric_can_be_asked_for(stack: cdk.Stack) -> None:
    metric = new_endpoint(stack).metric("ModelSetupTime", statistic="p99", label="cold", color="#ff0000")

    assert (metric.metric_name, metric.statistic, metric.label) == ("ModelSetupTime", "p99", "cold")


def test_alarms_are_ready_made(stack: cdk.Stack) -> None:
    endpoint = new_endpoint(stack, endpoint_name="churn")
    endpoint.alarm_5xx(threshold=5)
    endpoint.alarm_latency(threshold=cdk.Duration.millis(250))
    endpoint.alarm_no_invocations(period=cdk.Duration.minutes(30))

    alarms = {
        each["Properties"]["MetricName"]: each["Properties"]
        for each in resources_of(template_of(stack), "AWS::CloudWatch::Alarm").values()
    }

    errors, latency, silence = (alarms[name] for name in ("Invocation5XXErrors", "ModelLatency", "Invocations"))
    assert (errors["Threshold"], errors["TreatMissingData"]) == (5, "notBreaching")
    assert (latency["Threshold"], latency["ExtendedStatistic"], latency["EvaluationPeriods"]) == (250_000, "p90", 3)
    assert (silence["Threshold"], silence["Period"]) == (1, 1800)
    assert silence["ComparisonOperator"] == "LessThanThreshold"
    assert silence["TreatMissingData"] == "breaching"


def test_latency_is_a_duration(stack: cdk.Stack) -> None:
    endpoint = new_endpoint(stack)

    with pytest.raises(
        ValueError, match=r"'threshold' of 'Latency' must be a Duration that is known .*, got 250 \(int\)"
    ):
        endpoint.alarm_latency(threshold=250)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------------- deployments


def test_own_alarm_takes_a_deployment_back_without_a_cycle(stack: cdk.Stack) -> None:
    endpoint = new_endpoint(stack)
    endpoint.add_rollback_alarm(endpoint.alarm_5xx())

    template = template_of(stack)

    deployment = properties_of(template, ENDPOINT)["DeploymentConfig"]
    (alarm_id,) = resources_of(template, "AWS::CloudWatch::Alarm")
    assert deployment["AutoRollbackConfiguration"] == {"Alarms": [{"AlarmName": {"Ref": alarm_id}}]}
    assert deployment["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] == 600
    alarm = template["Resources"][alarm_id]["Properties"]
    assert alarm["Dimensions"][0]["Value"] == properties_of(template, ENDPOINT)["EndpointName"]
    (looking,) = allowing(statements_of(template, beginning="EndpointPermissions"), "cloudwatch:DescribeAlarms")
    assert flat(looking["Resource"]) == f"<{alarm_id}.Arn>"


def test_alarms_and_policy_go_together(stack: cdk.Stack) -> None:
    alarm = cloudwatch.Alarm.from_alarm_arn(stack, "Alarm", "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:latency")
    wait = cdk.Duration.minutes(5)
    new_endpoint(
        stack, deployment_policy=DeploymentPolicy.canary(percent=10, wait_interval=wait), rollback_alarms=[alarm]
    )

    assert properties_of(template_of(stack), ENDPOINT)["DeploymentConfig"] == {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 300,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
            }
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "latency"}]},
    }


def test_role_that_is_brought_may_look_at_the_alarms(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Mine", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    endpoint = new_endpoint(stack, role=role)
    endpoint.add_rollback_alarm(endpoint.alarm_5xx())

    assert allowing(
        statements_of(template_of(stack), beginning="MineAutopilotPermissions"), "cloudwatch:DescribeAlarms"
    )


def test_endpoint_without_a_policy_leaves_deployments_to_the_service(template: dict[str, Any]) -> None:
    assert "DeploymentConfig" not in properties_of(template, ENDPOINT)


def test_mode_that_makes_pipelines_is_served_on_instances(stack: cdk.Stack) -> None:
    new_endpoint(stack, outcome=new_outcome(stack, mode=Mode.HYPERPARAMETER_TUNING))

    assert properties_of(template_of(stack), ENDPOINT)
