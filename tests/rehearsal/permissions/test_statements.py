"""Each action of each statement that the library writes is needed: without it a call is denied that somebody makes.

The life of the bank's stack shows it, that of a stack that fails, and that of one that trains again. The decisions of
the embedded AWS are made again without what they rested on, so no deployment is needed for each; that it does turn red
is seen with a handful.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, product
from typing import NamedTuple

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from constructs_lib import AutoMLJob, AutoMLJobOutcome, Channel, Mode, OutputLocation

from ...constructs import bank
from ...constructs.synthesis import as_list, resources_of
from ...scanners.scanning import synthesized
from ..waiting.stage import CONDITION, FUNCTION, Template, eventually, new_stack
from .life import DATA, Life, Use, start
from .rights import Right, all_rights, held, places_of, rights_of, roles_of, statements_of

pytestmark = [pytest.mark.cloud, pytest.mark.newest, pytest.mark.timeout(900)]


def _each(roles: str, actions: str, on: str) -> list[str]:
    return [f"{role} {action} on {on}" for role in roles.split() for action in actions.split()]


_LAMBDA = "function copier"
_RUNS = "job model"

NOT_TOLD: Mapping[str, Sequence[str]] = {
    "functions run on this machine: their logs, their traces and their network are not asked for": [
        *_each(_LAMBDA, "logs:CreateLogStream logs:PutLogEvents", "log-group"),
        *_each(
            f"{_LAMBDA} machine",
            "xray:GetSamplingRules xray:GetSamplingTargets xray:PutTelemetryRecords xray:PutTraceSegments",
            "*",
        ),
        *_each(_LAMBDA, "ec2:DescribeNetworkInterfaces ec2:DescribeSubnets", "*"),
        *_each(
            _LAMBDA,
            "ec2:AssignPrivateIpAddresses ec2:CreateNetworkInterface ec2:DeleteNetworkInterface "
            "ec2:UnassignPrivateIpAddresses",
            "network-interface security-group subnet",
        ),
    ],
    "no event is lost here, so nothing reaches the dead letter topic": _each("copier", "sns:Publish", "topic"),
    "the embedded S3 asks for the key of what the function writes, not of what it reads": _each(
        "function", "kms:Decrypt", "key"
    ),
    "the log of a state machine is not delivered; the list is that of AWS's page": _each(
        "machine",
        "logs:CreateLogDelivery logs:DeleteLogDelivery logs:DescribeLogGroups logs:DescribeResourcePolicies "
        "logs:GetLogDelivery logs:ListLogDeliveries logs:PutResourcePolicy logs:UpdateLogDelivery",
        "*",
    ),
    "containers are processes of this machine: no image is pulled, and no metric and no log is written": [
        *_each(_RUNS, "ecr:GetAuthorizationToken", "*"),
        *_each(_RUNS, "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer", "repository"),
        *_each(_RUNS, "cloudwatch:PutMetricData", "* if cloudwatch:namespace"),
        *_each(_RUNS, "logs:DescribeLogStreams", "log-group"),
        *_each("model", "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents", "log-group"),
    ],
    "of the documented minimum; an interface is neither handed to another account here nor looked at": [
        *_each(
            _RUNS,
            "ec2:CreateNetworkInterfacePermission ec2:DeleteNetworkInterfacePermission",
            "network-interface security-group subnet",
        ),
        *_each(_RUNS, "ec2:DescribeNetworkInterfaces", "*"),
    ],
    "of the documented minimum; the service deploys, and neither looks at more than the endpoint nor tidies up": [
        *_each(
            "job",
            "sagemaker:DescribeEndpointConfig sagemaker:DescribeModel sagemaker:ListTags",
            "endpoint endpoint-config model",
        ),
        *_each(
            "job",
            "sagemaker:DeleteEndpoint sagemaker:DeleteEndpointConfig sagemaker:InvokeEndpoint",
            "endpoint endpoint-config",
        ),
        *_each("job", "sagemaker:DeleteModel", "model"),
    ],
    "of the documented minimum; S3 asks for GenerateDataKey alone": _each(_RUNS, "kms:Encrypt", "key"),
    "large uploads are put in one piece": _each("model copier", "s3:AbortMultipartUpload", "object"),
    "whoever calls CreateEndpoint may give the grant, and the embedded CloudFormation may do everything": _each(
        "model", "kms:CreateGrant", "key if kms:GrantIsForAWSResource"
    ),
    "the service takes no request with a second role: AutoMLComputeConfig is reserved for SageMaker Canvas": _each(
        "job", "iam:PassRole", "role if iam:PassedToService of emr-serverless.amazonaws.com"
    ),
    "lists a bucket of which all is transformed, as the statements with a prefix do": _each(
        "model", "s3:ListBucket", "bucket"
    ),
    "a version is only taken back when its request is overtaken while it is made": _each(
        "function", "sagemaker:DeleteModelPackage", "model-package model-package-group"
    ),
}
"""What the embedded AWS never asks for, by the reason."""

EITHER: Mapping[str, Sequence[str]] = {
    "two statements allow it on purpose, by name and by tag: what one cannot see yet, or any more, the other does": [
        *_each("function", "sagemaker:DeleteTags sagemaker:ListTags", "automl-job"),
        *_each("function", "sagemaker:StopAutoMLJob", "automl-job if aws:ResourceTag"),
        *_each("function", "sagemaker:ListTags", "model"),
        *_each("function", "sagemaker:ListTags sagemaker:StopTransformJob", "transform-job"),
        *_each(
            "function",
            "sagemaker:AddTags sagemaker:DescribeTransformJob sagemaker:ListTags sagemaker:StopTransformJob",
            "transform-job if aws:ResourceTag",
        ),
    ],
    "the bank's one-click deployments let the function see and delete all models besides": [
        *_each("function", "sagemaker:DeleteModel", "model"),
        *_each("function", "sagemaker:DeleteModel sagemaker:DescribeModel", "model if aws:ResourceTag"),
    ],
}
"""What several statements of a role allow: without them all it is denied, and each alone would do."""

QUIET: Mapping[str, Sequence[str]] = {
    "the event is missing, and the function's log says why": _each(
        "function", "events:PutEvents", "event-bus if events:source"
    ),
    "an update that was taken back within seconds may leave its tags": _each(
        "function", "cloudformation:DescribeStackEvents", "stack"
    ),
    "the job runs on without a log": _each(
        "job", "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents", "log-group"
    ),
    "it is needed when somebody asks the endpoint, after the deployment": [
        *_each("model", "s3:PutObject", "object"),
        *_each("model", "kms:GenerateDataKey", "key"),
        *_each("model", "sns:Publish", "topic"),
    ],
    "the interface is left behind": _each(
        "model", "ec2:DeleteNetworkInterface", "network-interface security-group subnet"
    ),
}
"""What is asked for, and is missing later, or to somebody else than the deployment."""

PLACES_NOT_TOLD: Mapping[str, Sequence[str]] = {
    "the service may look at what is there before it writes; here it writes at once": [
        "job s3:ListBucket fraud-models/*",
        "job s3:ListBucket models/*",
        *(f"model s3:ListBucket {place}/*" for place in ("answers", "captured", "failures", "scored")),
        *(f"model s3:GetObject {place}/*" for place in ("captured", "failures", "scored")),
    ],
    "a manifest names its files": ["job s3:ListBucket validation.manifest*", "job s3:ListBucket validation/*"],
    "one key is asked for; without it S3 tells of a missing object as of one that is denied": [
        "model s3:ListBucket models/bank676c-???????????????????????/*",
        "model s3:ListBucket Again/againf728-??????????????????????/*",
    ],
    "large uploads are put in one piece": [
        f"model s3:AbortMultipartUpload {place}/*" for place in ("answers", "failures")
    ],
    "the wait for this job is in vain": ["function s3:PutObject models/endless/outcome.json"],
}
"""Statements about S3 that nothing in these lives rests on, although others with the same action are needed."""


class Case(NamedTuple):
    """An action that is really taken away, and what the deployment says then."""

    name: str
    role: str
    action: str
    words: str


CASES = [
    Case("NoRead", "job", "s3:GetObject", "is not authorized to perform s3:GetObject on "),
    Case("NoWrite", "job", "s3:PutObject", "is not authorized to perform s3:PutObject on "),
    Case("NoKey", "job", "kms:GenerateDataKey", "is not authorized to perform kms:GenerateDataKey on "),
    Case("NoGrant", "job", "kms:CreateGrant", "is not authorized to perform kms:CreateGrant on "),
    Case("NoSeat", "job", "ec2:CreateNetworkInterface", "is not authorized to perform ec2:CreateNetworkInterface on "),
    Case("NoResult", "function", "kms:GenerateDataKey", "is not authorized to perform: kms:GenerateDataKey "),
    Case("NoLook", "machine", "lambda:InvokeFunction", "WaitCondition timed out"),
]


DENIED = "is not authorized to perform: lambda:InvokeFunction on resource: "
"""What the execution of a machine says that may not call its function."""


class Seen(NamedTuple):
    """What has become of all."""

    uses: list[Use]
    templates: list[Template]
    reasons: dict[str, str]
    executions: str


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    with start(tmp_path_factory.mktemp("cloud")) as cloud:
        life = Life(cloud)
        for case in CASES:
            life.stage.begin(case.name, without(_template(life, case.name), case))
        executions = eventually(lambda: [told for told in [life.executions()] if DENIED in told])
        uses = life.live()
        for case in CASES:
            assert life.stage.wait(case.name) == "ROLLBACK_COMPLETE", life.stage.reasons(case.name)
        reasons = {case.name: life.stage.reasons(case.name) for case in CASES}
        yield Seen(uses, life.templates, reasons, executions[0])


def _template(life: Life, name: str) -> Template:
    """A job with all that has a permission of its own, and somebody who waits for it."""
    stack = new_stack(name)
    key = kms.Key(stack, "Key", removal_policy=cdk.RemovalPolicy.DESTROY)
    bucket = s3.Bucket.from_bucket_name(stack, "Data", DATA)
    vpc: ec2.IVpc = bank.vpc_of(stack)
    job = AutoMLJob(
        stack,
        "Job",
        training_data=Channel.from_bucket(bucket, "train/"),
        target_attribute="churned",
        output=OutputLocation.from_bucket(bucket, f"{name}/", encryption_key=key),
        volume_encryption_key=key,
        vpc=vpc,
        mode=Mode.ENSEMBLING,
    )
    AutoMLJobOutcome(stack, "Outcome", job=job)
    return life.in_its_network(life.stage.template(stack))


def without(template: Template, case: Case) -> Template:
    """The template with an action taken away from a kind of role."""
    changed: Template = json.loads(json.dumps(template))
    # What the function lacks is asked for again until its time is over.
    for function in resources_of(changed, FUNCTION).values() if case.role == "function" else ():
        function["Properties"]["Timeout"] = 60
    roles = [name for name, kind in roles_of(changed).items() if kind == case.role]
    taken = 0
    for policy in resources_of(changed, "AWS::IAM::ManagedPolicy").values():
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        if policy["Properties"]["Roles"] != [{"Ref": each} for each in roles]:
            continue
        for statement in statements:
            taken += case.action in as_list(statement["Action"])
            statement["Action"] = [each for each in as_list(statement["Action"]) if each != case.action]
        policy["Properties"]["PolicyDocument"]["Statement"] = [each for each in statements if each["Action"]]
    assert taken, f"no {case.role} may {case.action}"
    for condition in resources_of(changed, CONDITION).values() if case.role == "machine" else ():
        condition["CreationPolicy"]["ResourceSignal"]["Timeout"] = "PT20S"
    return changed


def _flat(listed: Mapping[str, Sequence[str]]) -> list[str]:
    return list(chain.from_iterable(listed.values()))


def alone(uses: Sequence[Use]) -> set[Right]:
    """What calls rested on, and on nothing besides."""
    return {use.statements[0][0] for use in uses if use.is_needed and len(use.statements) == 1}


def test_each_action_of_each_statement_is_needed_or_listed_with_the_reason(seen: Seen) -> None:
    allowed = {str(right) for right in all_rights([*synthesized().by_name.values(), *seen.templates])}
    needed = {str(right) for right in alone(seen.uses)}
    several = {str(right) for use in seen.uses for right, _ in use.statements} - needed

    assert needed <= allowed
    assert several == set(_flat(EITHER))
    assert allowed - needed - several == set(_flat(NOT_TOLD))
    assert set(_flat(QUIET)) <= needed


def test_without_what_a_call_rests_on_it_is_denied(seen: Seen) -> None:
    assert [use for use in seen.uses if not use.is_needed] == []


def test_each_statement_about_s3_is_needed_or_listed_with_the_reason(seen: Seen) -> None:
    used = {f"{right.role} {right.action} {place}" for use in seen.uses for right, place in use.statements if place}
    written = {
        f"{right.role} {right.action} {places_of(statement)}"
        for template in seen.templates
        for role, statement in statements_of(template)
        for right in rights_of(role, statement)
        if places_of(statement) and role != "copier"  # of that, there is one for each action
    }
    assert written - used == set(_flat(PLACES_NOT_TOLD))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.role}-{case.action}")
def test_what_is_really_taken_away_turns_the_deployment_red_and_is_named(case: Case, seen: Seen) -> None:
    assert case.words in seen.reasons[case.name], seen.reasons[case.name]
    assert (case.role, case.action) in {(right.role, right.action) for right in alone(seen.uses)}


def test_machine_that_may_not_call_the_function_says_so_in_its_execution(seen: Seen) -> None:
    assert DENIED in seen.executions


def test_no_statement_says_what_another_one_of_its_role_says() -> None:
    twice = []
    for name, template in synthesized().by_name.items():
        said: set[str] = set()
        for role, _, statement in held(template):
            for action, resource in product(as_list(statement["Action"]), as_list(statement["Resource"])):
                one = json.dumps([name, role, action, resource, statement.get("Condition")])
                twice += [one] if one in said else []
                said.add(one)
    assert twice == []
