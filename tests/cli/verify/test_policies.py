"""The permissions that probes try are those that the library gives."""

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from botocore.exceptions import ClientError

from constructs_lib.access import permissions
from constructs_lib.access.grants import Grants
from constructs_lib.access.keys import NamedKey
from constructs_lib.access.permissions import Permission
from constructs_lib.access.security import Security
from constructs_lib.api.shapes import VpcConfig
from constructs_lib.cli.verify import policies
from constructs_lib.cli.verify.probes.access import _ALIASED
from constructs_lib.cli.verify.probes.jobs import about_the_role
from constructs_lib.data.buckets import allow_reading, facts
from constructs_lib.data.output import OutputLocation
from constructs_lib.runtime.contract import EVENT_SOURCE
from constructs_lib.runtime.retry import ROLE, patience_with

BUCKET, ROLE_ARN, KEY = "arn:aws:s3:::probe", "arn:aws:iam::111122223333:role/probe", "arn:aws:kms:r:1:key/probe"
REFERENCES = {"Role.Arn": ROLE_ARN, "Bucket.Arn": BUCKET, "Key.Arn": KEY, "Subnet": "subnet-1"}
REFERENCES |= {"SecurityGroup.GroupId": "sg-1", "AWS::StackId": "the stack", "AWS::Partition": "aws"}
REFERENCES |= {"AWS::Region": "eu-west-1", "AWS::AccountId": "111122223333"}


@pytest.fixture(scope="module")
def stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(account="111122223333", region="eu-west-1"))


def filled(value: Any) -> Any:
    """A part of a template with all references resolved."""
    if isinstance(value, list):
        return [filled(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Fn::Sub"}:
        return re.sub(r"\$\{([^}]+)\}", lambda found: REFERENCES[found[1]], value["Fn::Sub"])
    if value.keys() == {"Fn::GetAtt"}:
        return REFERENCES[".".join(value["Fn::GetAtt"])]
    if value.keys() == {"Ref"}:
        return REFERENCES[value["Ref"]]
    if value.keys() == {"Fn::Join"}:
        return "".join(filled(value["Fn::Join"][1]))
    return {name: filled(each) for name, each in value.items()}


def statements(stack: cdk.Stack, given: list[Permission]) -> list[dict[str, Any]]:
    """What the library gives, with all references resolved."""
    return [filled(stack.resolve(permission.statement())) for permission in given]


def by_text(listed: Any) -> list[str]:
    return sorted(json.dumps(each, sort_keys=True) for each in filled(list(listed)))


def test_job(stack: cdk.Stack) -> None:
    def given(*, deploys: bool = False, network: VpcConfig | None = None) -> list[str]:
        wanted = permissions.execution_role(
            stack, role_arn=ROLE_ARN, endpoint_name=None, deploys=deploys, network=network
        )
        return by_text(statements(stack, wanted))

    assert by_text(policies.JOB) == given()
    assert by_text([*policies.JOB, *policies.ONE_CLICK]) == given(deploys=True)
    network = VpcConfig(security_group_ids=("sg-1",), subnets=("subnet-1",))
    assert by_text([*policies.JOB, *policies.NETWORK]) == given(network=network)


def test_data(stack: cdk.Stack) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "probe")
    folder = Grants(stack)
    allow_reading(folder, bucket, "train/")
    OutputLocation.from_bucket(bucket, "out/")._bind(folder)
    assert by_text(policies.data("train/", "train/*", "out/")) == by_text(statements(stack, folder._permissions))
    whole = Grants(stack)
    whole.allow_object(facts(bucket), "train/data.csv", permissions.READ_OBJECTS)
    reading = policies.data("train/data.csv", "train/data.csv", "out/")[:2]
    assert by_text(reading) == by_text(statements(stack, whole._permissions))


def test_keys(stack: cdk.Stack) -> None:
    grants = Grants(stack)
    Security(volume_encryption_key=kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:111122223333:key/probe"),
             vpc=None, vpc_subnets=None, security_groups=None, encrypt_inter_container_traffic=None, what="job",
             ).bind(stack, grants)  # fmt: skip
    (volume,) = statements(stack, grants._permissions)
    assert {**filled(policies.VOLUME_KEY), "Resource": 0} == {**volume, "Resource": 0}
    named = NamedKey("alias/mine").permission(_ALIASED, {}).statement()
    assert named["Condition"] == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/mine"}}
    all_of_a_key = {*permissions.DECRYPT, *permissions.ENCRYPT, *permissions.VOLUME_KEY}
    assert set(_ALIASED) == all_of_a_key
    assert permissions.ENCRYPT_RESULT == ("kms:GenerateDataKey",)


def test_serving(stack: cdk.Stack) -> None:
    given = permissions.serving_role(stack, network=None)
    assert by_text(policies.SERVING) == by_text(statements(stack, given))
    alarm = "arn:aws:cloudwatch:r:1:alarm:one"
    assert policies.roll_back(alarm) == permissions.roll_back([alarm]).statement()


def test_function(stack: cdk.Stack) -> None:
    assert by_text(policies.FUNCTION_IN_VPC) == by_text(statements(stack, permissions.function_in_vpc(stack)))
    jobs = permissions.provider_function(stack, generated_names="x", log_group_arn="y")
    own = policies.own("automl-job", policies.OWN_JOBS, "the stack")
    assert own_statement(stack, jobs) == normal(filled(own))
    models = permissions.provider_models(stack, generated_names="x")
    assert own_statement(stack, models) == normal(filled(policies.own("model", policies.OWN_MODELS, "the stack")))
    assert permissions.put_events("b").conditions == {"StringEquals": {"events:source": EVENT_SOURCE}}


def own_statement(stack: cdk.Stack, given: list[Permission]) -> dict[str, Any]:
    """The one statement that a tag confines."""
    (found,) = [each for each in statements(stack, given) if "aws:ResourceTag" in json.dumps(each)]
    return normal(json.loads(json.dumps(found).replace(json.dumps(filled_id(stack))[1:-1], "the stack")))


def filled_id(stack: cdk.Stack) -> str:
    return str(filled(stack.resolve(stack.stack_id)))


def normal(statement: dict[str, Any]) -> dict[str, Any]:
    return {**statement, "Action": sorted(statement["Action"])}


def test_registry_has_no_permission_on_objects(stack: cdk.Stack) -> None:
    given = permissions.provider_registry(stack, "mine")
    assert filled(policies.registry("mine")) == statements(stack, [given])[0]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ValidationException", "Could not assume role arn:aws:iam::1:role/x. Please ensure that the role exists"),
        ("ValidationException", "Value 'x' at 'roleArn' failed to satisfy constraint: Member must satisfy"),
        ("ValidationException", "Target attribute name y does not exist in header."),
        ("AccessDeniedException", "User: x is not authorized to perform: sagemaker:CreateAutoMLJob"),
        ("ResourceInUse", "There is already a job"),
        ("ResourceLimitExceeded", "The account-level service limit"),
    ],
)
def test_an_error_of_a_new_role_is_what_the_function_waits_for(code: str, message: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": message}}, "CreateAutoMLJob")
    assert about_the_role(error) == (patience_with(error) is ROLE)


def test_roles_of_probes_trust_who_the_librarys_roles_trust(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    document = stack.resolve(role.assume_role_policy.to_json()) if role.assume_role_policy else {}
    from constructs_lib.cli.verify.stack import trusting

    assert trusting("sagemaker.amazonaws.com") == document
