"""What `docs/organisations.md` says is met is met: each row of its table, each of its pieces of code, in templates."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3

import constructs_lib
from constructs_lib import AutoMLJobV2, Channel, ImageClassification, Mode, ModelDeployConfig, OutputLocation, public
from constructs_lib.rehearsal.cloud import condition_keys
from constructs_lib.rehearsal.cloud.store import Place
from constructs_lib.runtime import contract

from .synthesis import (
    CREDIT,
    Resource,
    allowing,
    flat,
    new_job,
    only,
    resources_of,
    statements_of,
    template_of,
    warnings_of,
)

Template = dict[str, Any]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "organisations.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^## ([^\n]+)$(?:(?!^## ).)*?^```python\n(?!# Stand-ins)(.*?)^```$", PAGE, re.M | re.S))
"""The piece of code below each heading that has one."""

DIGITS = ROOT / "examples" / "image_classification" / "data" / "digits"
HERE = Place("111122223333", "eu-west-1")
CREATED = {
    contract.MODEL_TYPE: "CreateModel",
    contract.TRANSFORM_TYPE: "CreateTransformJob",
    "AWS::SageMaker::EndpointConfig": "CreateEndpointConfig",
}
"""The calls that make what has such a type."""

NETWORK = ("sagemaker:VpcSubnets", "sagemaker:VpcSecurityGroupIds")


class Names(dict[str, Any]):
    """The names that the page uses."""

    def __init__(self, stack: cdk.Stack) -> None:
        super().__init__({name: getattr(constructs_lib, name) for name in public.__all__})
        self.update(vars(cdk))
        self.update(ec2=ec2, iam=iam, jsii=jsii, kms=kms, logs=logs, s3=s3, app=stack.node.root, stack=stack)

    def run(self, heading: str) -> None:
        """Run the piece of code below a heading."""
        exec(compile(BLOCKS[heading], heading, "exec"), self)


def learning(app: cdk.App) -> Names:
    """A stack with a network without a way out, and all that the page has below "All of it"."""
    stack = cdk.Stack(app, "Learning")
    names = Names(stack)
    isolated = ec2.SubnetConfiguration(name="In", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    names["vpc"] = ec2.Vpc(
        stack, "Vpc", max_azs=2, subnet_configuration=[isolated], restrict_default_security_group=False
    )
    names["private"] = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    names["s3_addresses"] = ec2.Peer.prefix_list("pl-12345678")
    names["interfaces"] = ec2.SecurityGroup.from_security_group_id(stack, "Interfaces", "sg-12345678", mutable=False)
    names["boundary"] = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "boundary")
    names.run("Security groups without open egress")
    names.run("All of it")
    return names


@pytest.fixture(scope="module")
def template() -> Template:
    """That stack, with a job that learns from a folder, and with what its emptier is given."""
    app = cdk.App(context={"@aws-cdk/core:explicitStackTags": True})
    names = learning(app)
    names["digits"] = AutoMLJobV2(
        names["stack"],
        "Digits",
        problem=ImageClassification(),
        training_data=Channel.from_asset(DIGITS),
        output=OutputLocation.from_bucket(names["bucket"], "digits/"),
        volume_encryption_key=names["key"],
        encrypt_inter_container_traffic=True,
        **names["network"],
    )
    names.run("The function that empties buckets")
    made = template_of(names["stack"])
    assert [warning for each in names["stack"].node.find_all() for warning in warnings_of(each)] == []
    return made


def creates(template: Template) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The calls of SageMaker that make what is in a template, each with its request."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == contract.RESOURCE_TYPE:
            yield properties["Operation"], properties["Request"]
        elif resource["Type"] in CREATED:
            yield CREATED[resource["Type"]], properties.get("Request", properties)


def calls_with(template: Template, key: str) -> set[str]:
    """The calls that have a condition key, all of whose requests in a template do say something for it."""
    able = {call: [] for call, keys in condition_keys.KEYS["sagemaker"].items() if key.partition(":")[2] in keys}  # type: dict[str, list[bool]]
    for call, request in creates(template):
        if call in able:
            found = condition_keys.of_request("sagemaker", call, dict(request), HERE)
            able[call].append(found.get(key) not in (None, "false"))
    return {call for call, said in able.items() if said and all(said)}


JOBS = {"CreateAutoMLJob", "CreateAutoMLJobV2"}


def volume_key(template: Template) -> None:
    assert calls_with(template, "sagemaker:VolumeKmsKey") == JOBS | {"CreateTransformJob", "CreateEndpointConfig"}


def output_key(template: Template) -> None:
    assert calls_with(template, "sagemaker:OutputKmsKey") == JOBS | {"CreateTransformJob"}
    capture = only(resources_of(template, "AWS::SageMaker::EndpointConfig"))["Properties"]["DataCaptureConfig"]
    assert flat(capture["KmsKeyId"]).startswith("<Key")


def vpc(template: Template) -> None:
    for key in NETWORK:
        assert calls_with(template, key) == JOBS | {"CreateModel"}


def traffic(template: Template) -> None:
    assert calls_with(template, "sagemaker:InterContainerTrafficEncryption") == JOBS


def isolation(template: Template) -> None:
    assert calls_with(template, "sagemaker:NetworkIsolation") == {"CreateModel"}


TAKE_NO_TAGS = {
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::CloudFormation::WaitCondition",
    "AWS::IAM::ManagedPolicy",
    "AWS::Lambda::LayerVersion",
    "AWS::S3::BucketPolicy",
    "Custom::CDKBucketDeployment",
    "Custom::S3AutoDeleteObjects",
    "Custom::SageMakerAutoMLOutcome",
    "Custom::SageMakerEndpointCheck",
}


def tags(template: Template) -> None:
    untagged = {each["Type"] for each in template["Resources"].values() if '"growth"' not in json.dumps(each)}
    assert untagged == TAKE_NO_TAGS


def boundary(template: Template) -> None:
    roles = resources_of(template, "AWS::IAM::Role")
    assert any(name.startswith("CustomS3AutoDeleteObjects") for name in roles)
    assert any(name.startswith("SageMakerAutopilotCopier") for name in roles)
    assert [name for name, role in roles.items() if "PermissionsBoundary" not in role["Properties"]] == []


def functions(template: Template) -> None:
    found = resources_of(template, "AWS::Lambda::Function")
    assert len(found) == 3  # the stack's, and CDK's two
    assert [name for name, each in found.items() if not each["Properties"].get("VpcConfig", {}).get("SubnetIds")] == []


def environment(template: Template) -> None:
    found = resources_of(template, "AWS::Lambda::Function")
    told = [name for name, each in found.items() if '"AWS_USE_FIPS_ENDPOINT": "true"' in json.dumps(each)]
    assert sorted(name.startswith("CustomS3AutoDelete") for name in set(found) - set(told)) == [True]


def asset_buckets(_: Template) -> None:
    synthesizer = cdk.DefaultStackSynthesizer(file_assets_bucket_name="cdk-acme-staging-${AWS::AccountId}")
    stack = cdk.Stack(cdk.App(), "Stack", synthesizer=synthesizer)
    job = new_job(stack, training_data=Channel.from_asset(CREDIT), target_attribute="bad_credit")
    [statement] = allowing(statements_of(template_of(stack), beginning="Job"), "kms:Decrypt")
    assert set(statement["Condition"]["StringLike"]) == {"kms:EncryptionContext:aws:s3:arn"}
    assert "asset_bucket]" in warnings_of(job)[-1]


def log_groups(template: Template) -> None:
    found = resources_of(template, "AWS::Logs::LogGroup")
    assert {each["Properties"]["RetentionInDays"] for each in found.values()} == {731}
    assert [name for name, each in found.items() if "KmsKeyId" not in each["Properties"]] == []
    for function in resources_of(template, "AWS::Lambda::Function").values():
        assert function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"] in found
    destination = only(resources_of(template, "AWS::StepFunctions::StateMachine"))["Properties"]["LoggingConfiguration"]
    assert any(name in json.dumps(destination) for name in found)
    endpoint = only(resources_of(template, "AWS::SageMaker::Endpoint"))["Properties"]["EndpointName"]
    named = [flat(each["Properties"].get("LogGroupName")) for each in found.values()]
    assert f"/aws/sagemaker/Endpoints/{flat(endpoint)}" in named


def egress(template: Template) -> None:
    """One group for all, which lets out what it is told to."""
    name, group = next(iter(resources_of(template, "AWS::EC2::SecurityGroup").items()))
    assert only(resources_of(template, "AWS::EC2::SecurityGroup")) is group
    assert "SecurityGroupEgress" not in group["Properties"]  # the rules below take the place of EC2's open one
    rules = [each["Properties"] for each in resources_of(template, "AWS::EC2::SecurityGroupEgress").values()]
    to = ("CidrIp", "DestinationPrefixListId", "DestinationSecurityGroupId")
    own = f"<{name}.GroupId>"
    assert {(next(flat(rule[each]) for each in to if each in rule), rule["IpProtocol"]) for rule in rules} == {
        ("pl-12345678", "tcp"),
        ("sg-12345678", "tcp"),
        (own, "tcp"),
        (own, "udp"),
        (own, "50"),
    }


def names_and_paths(_: Template) -> None:
    app = cdk.App()
    names = learning(app)
    names.run("Names and paths of roles")
    roles = resources_of(template_of(names["stack"]), "AWS::IAM::Role")
    given = {(role["Properties"]["Path"], role["Properties"]["RoleName"]) for role in roles.values()}
    assert len(given) == len(roles) == 5
    assert {path for path, _ in given} == {"/ml/"}
    assert all(name.startswith("ml-Learning") and len(name) <= 64 for _, name in given)


def no_iam(_: Template) -> None:
    app = cdk.App()
    exec(compile(BLOCKS["Roles that somebody else makes"], "roles", "exec"), {"iam": iam, "app": app})
    names = learning(app)
    found = template_of(names["stack"])
    assert [kind for kind in {each["Type"] for each in found["Resources"].values()} if "::IAM::" in kind] == []
    for call, request in creates(found):
        if call in JOBS | {"CreateModel"}:
            assert ":role/ml-" in flat(request.get("RoleArn", request.get("ExecutionRoleArn")))
    report = json.loads((Path(app.outdir) / "iam-policy-report.json").read_text())
    assert {role["roleName"] for role in report["roles"]} == {
        "ml-function",
        "ml-waiter",
        "ml-job",
        "ml-endpoint",
        "ml-transform",
    }
    job = next(role for role in report["roles"] if role["roleName"] == "ml-job")
    assert "sagemaker.amazonaws.com" in json.dumps(job["assumeRolePolicy"])
    assert "iam:PassRole" in json.dumps(job)


def one_click(_: Template) -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    key = kms.Key(stack, "Key")
    job = new_job(
        stack, mode=Mode.ENSEMBLING, volume_encryption_key=key, model_deploy_config=ModelDeployConfig.auto_named()
    )
    cdk.Tags.of(job).add("team", "growth")
    template_of(stack)
    assert ["one_click]" in warnings_of(job)[0], "one_click_tags]" in warnings_of(job)[1]] == [True, True]


ROWS: dict[str, Callable[[Template], None]] = {
    "Volume key": volume_key,
    "Output key": output_key,
    "VPC": vpc,
    "Traffic between instances": traffic,
    "Network isolation": isolation,
    "Tags in requests": tags,
    "Boundary on every role": boundary,
    "Names and paths of roles": names_and_paths,
    "No IAM in templates": no_iam,
    "Functions in a VPC": functions,
    "A proxy, FIPS endpoints, certificates of one's own": environment,
    "Asset buckets with a key": asset_buckets,
    "Logs with an end and a key": log_groups,
    "No open egress": egress,
    "One-click deployment": one_click,
}


@pytest.mark.parametrize("row", ROWS)
def test_what_is_said_to_be_met_is_met(row: str, template: Template) -> None:
    ROWS[row](template)


def test_each_row_of_the_table_is_looked_at() -> None:
    assert re.findall(r"^\| \*\*(.+?)\*\*", PAGE, re.M) == list(ROWS)


def test_condition_keys_of_the_table_are_those_of_the_reference() -> None:
    named = set(re.findall(r"`sagemaker:(\w+)`", PAGE.partition("## All of it")[0]))
    known = {key for keys in condition_keys.KEYS["sagemaker"].values() for key in keys}
    assert named <= known
    assert len(named) == 6


def test_logs_that_are_the_accounts_have_an_end_and_a_key() -> None:
    stack = cdk.Stack(cdk.App(), "Account")
    names = Names(stack)
    names["key"] = kms.Key(stack, "Key")
    names.run("Logs that are the account's")

    found: list[Resource] = list(resources_of(template_of(stack), "AWS::Logs::LogGroup").values())
    assert {each["Properties"]["LogGroupName"] for each in found} == {
        f"/aws/sagemaker/{kind}" for kind in ("TrainingJobs", "ProcessingJobs", "TransformJobs")
    }
    assert all(each["Properties"]["RetentionInDays"] == 731 and "KmsKeyId" in each["Properties"] for each in found)


def test_roles_are_made_elsewhere_for_one_click_deployment_and_folders_too() -> None:
    app = cdk.App()
    paths = {
        "SageMakerAutopilotProvider": "function",
        "Job": "job",
        "Digits": "digits",
        "SageMakerAutopilotCopier607": "copier",
        "Custom::S3AutoDeleteObjectsCustomResourceProvider": "emptier",
    }
    iam.Role.customize_roles(app, use_precreated_roles={f"Stack/{path}/Role": name for path, name in paths.items()})
    stack = cdk.Stack(app, "Stack")
    new_job(stack, mode=Mode.ENSEMBLING, model_deploy_config=ModelDeployConfig.named("churn"))
    folder = Channel.from_asset(DIGITS)
    AutoMLJobV2(stack, "Digits", problem=ImageClassification(), training_data=folder)

    kinds = {each["Type"] for each in template_of(stack)["Resources"].values()}
    assert [kind for kind in kinds if "::IAM::" in kind] == []
    assert {"Custom::SageMakerAutoMLJob", "Custom::CDKBucketDeployment"} <= kinds
    report = json.loads((Path(app.outdir) / "iam-policy-report.json").read_text())
    assert {role["roleName"] for role in report["roles"]} == set(paths.values())


def test_policies_follow_roles_with_a_path() -> None:
    """They name roles by reference: an ARN has the path in it."""
    names = learning(cdk.App())
    names.run("Names and paths of roles")
    passed = json.dumps(resources_of(template_of(names["stack"]), "AWS::IAM::ManagedPolicy"))

    assert ":role/" not in passed
