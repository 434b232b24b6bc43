"""What reads templates for faults finds none in ours: cdk-nag, cfn-lint, parliament, and a few checks of our own.

What the packs of cdk-nag find must be exactly what the library acknowledges: no acknowledgement outlives its finding.
"""

import json
import os
import runpy
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from cfnlint.api import lint_file  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

from constructs_lib import (
    Algorithm,
    Asynchronous,
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLJobV2,
    AutoMLProvider,
    AutoMLRetraining,
    AutoScaling,
    Channel,
    CompletionCriteria,
    DataCapture,
    FeatureSpecification,
    Holdout,
    ImageClassification,
    Metric,
    Mode,
    ModelDeployConfig,
    NewData,
    OnTimeout,
    OutputLocation,
    ProblemType,
    QualityGate,
    RealTime,
    Serverless,
)
from examples.quickstart.stack import Quickstart

from .bank import EMR_ROLE, TOPIC, define_bank, vpc_of
from .synthesis import CREDIT, allowing, as_list, data_bucket, jobs_of, new_job, resolved, resources_of, statements_of

pytestmark = pytest.mark.newest
"""cdk-nag 3, which acknowledges with the CDK itself; of cdk-nag 2 see `tests/neighbours`."""

PACKS = (
    cdk_nag.AwsSolutionsChecks,
    cdk_nag.HIPAASecurityChecks,
    cdk_nag.NIST80053R4Checks,
    cdk_nag.NIST80053R5Checks,
    cdk_nag.PCIDSS321Checks,
    cdk_nag.ServerlessChecks,
)
# W3005: the CDK writes dependencies that a reference implies already. E3703: it joins where a linter would substitute.
LINT = ManualArgs(regions=["eu-west-1"], ignore_checks=["W3005", "E3703"])
ROOT = Path(__file__).parents[2]
DIGITS = ROOT / "examples" / "image_classification" / "data" / "digits"
COPIES = "CustomCDKBucketDeployment"
"""What CDK copies folders with: its policy is not ours."""

STACKS = (
    *("Quickstart", "Named", "Network", "Deploying", "Requested", "Brought", "Referring", "Images"),
    *("Waiting", "Configured", "Serving", "Retrained", "Queue", "Batch", "Bank"),
)


COMPLIANCE = ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")


def define(app: cdk.App) -> None:
    """A stack for each kind of job."""
    Quickstart(app, "Quickstart")

    stack = cdk.Stack(app, "Named")
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    new_job(
        stack,
        training_data=Channel.from_asset(CREDIT),
        validation_data=Channel.from_asset(CREDIT),
        target_attribute="bad_credit",
        output=OutputLocation.from_bucket(data_bucket(stack), "models/", encryption_key=key),
        problem_type=ProblemType.BINARY_CLASSIFICATION,
        objective=Metric.F1,
        mode=Mode.ENSEMBLING,
        algorithms=[Algorithm.XGBOOST],
        features=FeatureSpecification.of(["housing", "savings"]),
        completion_criteria=CompletionCriteria(max_candidates=3, max_runtime=cdk.Duration.hours(1)),
        volume_encryption_key=key,
        encrypt_inter_container_traffic=True,
        job_name="Mine",
    )
    cdk.Tags.of(stack).add("team", "growth")

    stack = cdk.Stack(app, "Network")
    new_job(stack, vpc=vpc_of(stack), validation_fraction=0.2)

    stack = cdk.Stack(app, "Deploying")
    new_job(stack, "Auto", model_deploy_config=ModelDeployConfig.auto_named())
    new_job(stack, "Named", model_deploy_config=ModelDeployConfig.named("Churn"))

    stack = cdk.Stack(app, "Requested")
    AutoMLJob.from_request(stack, "Job", request())

    stack = cdk.Stack(app, "Brought")
    role = iam.Role(stack, "JobRole", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    new_job(stack, "Typed", role=role, training_data=Channel.from_bucket(data_bucket(stack), "train/"))
    AutoMLJob.from_request(stack, "Requested", request(), role=role)

    owner = cdk.Stack(app, "Owner")
    stack = cdk.Stack(app, "Referring")
    names = cdk.Fn.split(",", cdk.CfnParameter(stack, "Names").value_as_string)
    selected = s3.Bucket.from_bucket_name(stack, "Selected", cdk.Fn.select(0, names))
    owned = s3.Bucket(
        owner,
        "Bucket",
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        server_access_logs_prefix="logs/",
    )
    new_job(
        stack,
        training_data=Channel.from_bucket(selected, "train/"),
        validation_data=Channel.from_bucket(owned, "validation/"),
        output=OutputLocation.from_bucket(s3.Bucket.from_bucket_name(stack, "Imported", cdk.Fn.import_value("name"))),
    )
    for pack in COMPLIANCE:
        for rule in (
            "S3BucketDefaultLockEnabled",
            "S3BucketReplicationEnabled",
            "S3BucketVersioningEnabled",
            "S3DefaultEncryptionKMS",
        ):
            acknowledgment = cdk.Acknowledgment(id=f"{pack}::{pack}-{rule}", reason="a bucket of the test's own")
            cdk.Validations.of(owned).acknowledge(acknowledgment)

    stack = cdk.Stack(app, "Images")
    AutoMLJobV2(
        stack,
        "Job",
        problem=ImageClassification(),
        training_data=Channel.from_asset(DIGITS),
        validation_data=Channel.from_asset(DIGITS),
    )

    define_waiting(app)


def define_waiting(app: cdk.App) -> None:
    """Jobs that are waited for, with and without options."""
    stack = cdk.Stack(app, "Waiting")
    output = OutputLocation.from_bucket(
        data_bucket(stack), "models/", encryption_key=kms.Key.from_key_arn(stack, "Key", KEY)
    )
    job = new_job(stack, output=output)
    champion = AutoMLJob.from_job_name(stack, "Old", "champion", output=output)
    baseline = AutoMLJobOutcome(stack, "Champion", job=champion, on_timeout=OnTimeout.STOP_JOB)
    AutoMLJobOutcome(
        stack, "Outcome", job=job, timeout=cdk.Duration.days(1), quality_gate=QualityGate(better_than=baseline)
    )
    job.on_failed(sns.Topic.from_topic_arn(stack, "Topic", TOPIC))

    stack = cdk.Stack(app, "Configured")
    AutoMLProvider.of(stack).configure(
        poll_interval=cdk.Duration.minutes(2),
        event_bus=events.EventBus.from_event_bus_name(stack, "Bus", "ml"),
        log_retention=cdk.Duration.days(731),
        log_encryption_key=kms.Key(stack, "Key", enable_key_rotation=True),
        tracing=True,
        vpc=vpc_of(stack),
        permissions_boundary=iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "boundary"),
        reserved_concurrent_executions=5,
        dead_letter_topic=sns.Topic.from_topic_arn(stack, "DeadLetters", TOPIC),
    )
    AutoMLJobOutcome(stack, "Outcome", job=new_job(stack))
    AutoMLJobV2(stack, "Images", problem=ImageClassification(), training_data=Channel.from_asset(DIGITS))

    define_serving(app)


def define_serving(app: cdk.App) -> None:
    """A stack for each way to serve a model."""
    stack = cdk.Stack(app, "Serving")
    outcome = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack, mode=Mode.ENSEMBLING))
    scaled = AutoScaling(min_capacity=1, max_capacity=4, invocations_per_instance=100)
    endpoint = AutoMLEndpoint(
        stack,
        "RealTime",
        outcome=outcome,
        serving=RealTime(instance_type="ml.m5.large", auto_scaling=scaled),
        data_capture=DataCapture(destination=OutputLocation.from_bucket(data_bucket(stack), "captured/")),
        vpc=vpc_of(stack),
        enable_network_isolation=True,
        endpoint_name="Churn",
        log_retention=cdk.Duration.days(365),
    )
    alarm = endpoint.alarm_5xx()
    alarm.add_alarm_action(actions.SnsAction(sns.Topic.from_topic_arn(stack, "Topic", TOPIC)))
    endpoint.add_rollback_alarm(alarm)
    warm = Serverless(
        provisioned_concurrency=1, auto_scaling=AutoScaling(min_capacity=1, max_capacity=2, utilization=0.7)
    )
    AutoMLEndpoint(stack, "Serverless", outcome=outcome, serving=warm)

    stack = cdk.Stack(app, "Retrained")
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    output = OutputLocation.from_bucket(data_bucket(stack), "models/", encryption_key=key)
    job = new_job(stack, output=output)
    outcome = AutoMLJobOutcome(stack, "Outcome", job=job)
    endpoint = AutoMLEndpoint(
        stack, "Endpoint", outcome=outcome, serving=RealTime(instance_type="ml.m5.large"), encryption_key=key
    )
    AutoMLRetraining(
        stack,
        "Weekly",
        job=job,
        schedule=scheduler.ScheduleExpression.rate(cdk.Duration.days(7)),
        on_new_data=NewData(data_bucket(stack), "train/"),
        on_alarm=[cloudwatch.Alarm.from_alarm_name(stack, "Drift", "drift")],
        evaluate_on=Holdout.from_bucket(
            s3.Bucket.from_bucket_attributes(stack, "HeldOut", bucket_name="held-out", encryption_key=key), "churn.csv"
        ),
        register_in="churn",
        promotes=endpoint,
        max_runs_per_month=5,
        on_failed=sns.Topic.from_topic_arn(stack, "Topic", TOPIC),
    )

    stack = cdk.Stack(app, "Queue")
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/serving")
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    serving = Asynchronous(
        instance_type="ml.m5.large",
        output=OutputLocation.from_bucket(data_bucket(stack), "answers/", encryption_key=key),
        success_topic=sns.Topic.from_topic_arn(stack, "Topic", TOPIC),
        auto_scaling=AutoScaling(min_capacity=0, max_capacity=2, backlog_per_instance=3),
    )
    outcome = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack))
    AutoMLEndpoint(stack, "Endpoint", outcome=outcome, serving=serving, encryption_key=key)
    AutoMLEndpoint(stack, "Brought", outcome=outcome, serving=serving, role=role)

    stack = cdk.Stack(app, "Batch")
    outcome = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack))
    outcome.transform(data=Channel.from_bucket(data_bucket(stack), "new/"), instance_type="ml.m5.large")
    outcome.register("churn")

    define_bank(app)


KEY = "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"


def request() -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://churn/train/"}}
    return {
        "InputDataConfig": [{"DataSource": source, "TargetAttributeName": "y"}],
        "OutputDataConfig": {"S3OutputPath": "s3://churn/models", "KmsKeyId": "alias/churn"},
        "AutoMLJobConfig": {"SecurityConfig": {"VolumeKmsKeyId": "alias/churn"}},
        "RoleArn": "arn:aws:iam::111122223333:role/automl",
    }


@dataclass(frozen=True)
class Synthesized:
    folder: Path

    def template(self, stack: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.path(stack).read_text())
        return loaded

    def path(self, stack: str) -> Path:
        return self.folder / f"{stack}.template.json"

    def found(self, kind: str = "violations") -> dict[str, set[str]]:
        """For each construct, by its path, what the packs found."""
        found: dict[str, set[str]] = defaultdict(set)
        for report in json.loads((self.folder / "validation-report.json").read_text())["pluginReports"]:
            for finding in report.get(kind, []):
                for construct in finding["violatingConstructs"]:
                    found[construct["constructPath"]].add(finding["ruleName"])
        return dict(found)

    def acknowledged(self, stack: str) -> dict[str, set[str]]:
        """For each construct, by its path, the findings that are acknowledged there."""
        noted: dict[str, set[str]] = defaultdict(set)
        metadata = json.loads((self.folder / f"{stack}.metadata.json").read_text())
        for path, entries in metadata.items():
            for entry in entries:
                if entry["type"] == "aws:cdk:acknowledged-rules":
                    noted[path.removeprefix("/")] |= {name.partition("::")[2] for name in entry["data"]}
        return dict(noted)


def ours(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Without what CDK's own `BucketDeployment` and `auto_delete_objects` add to a stack."""
    return {name: each for name, each in resources.items() if not name.startswith((COPIES, "CustomS3AutoDelete"))}


def synthesize(app: cdk.App) -> Synthesized:
    for pack in PACKS:
        cdk.Validations.of(app).add_plugins(pack(app))
    try:
        app.synth(force=True)
    except RuntimeError as error:  # findings are read from the report
        if "ValidationFailed" not in str(error):
            raise
    return Synthesized(Path(app.outdir))


@pytest.fixture(scope="module")
def synthesized() -> Synthesized:
    app = cdk.App(context={"aws:cdk:enable-path-metadata": True})
    define(app)
    return synthesize(app)


# ------------------------------------------------------------------------------------------------------------- cdk-nag


def test_six_packs_pass(synthesized: Synthesized) -> None:
    assert synthesized.found() == {}


@pytest.mark.parametrize("stack", STACKS)
def test_acknowledged_is_exactly_what_the_packs_find(stack: str, synthesized: Synthesized) -> None:
    acknowledged = synthesized.acknowledged(stack)
    found: dict[str, set[str]] = defaultdict(set)
    for path, rules in synthesized.found("suppressedViolations").items():
        if path.startswith(f"{stack}/"):
            place = next((each for each in acknowledged if f"{path}/".startswith(f"{each}/")), path)
            found[place] |= rules

    assert dict(found) == acknowledged


def test_function_is_seen_by_the_packs(synthesized: Synthesized) -> None:
    seen = {path.partition("/")[0] for path in synthesized.found("suppressedViolations") if "Provider/Function" in path}

    assert seen == set(STACKS) - {"Configured", "Bank"}  # there nothing is left to be found


def test_wildcards_carry_evidence_of_their_own(synthesized: Synthesized) -> None:
    reports = json.loads((synthesized.folder / "validation-report.json").read_text())["pluginReports"]
    reasons = {finding["reason"] for report in reports for finding in report.get("suppressedViolations", [])}

    assert len(reasons) >= 10
    assert all(len(reason) > 20 for reason in reasons)


# ------------------------------------------------------------------------------------------------- the evidence is true


def roles_that(template: Mapping[str, Any], action: str, bucket: str) -> set[str]:
    """The roles whose managed policies allow an action on objects of a bucket."""
    return {
        role["Ref"]
        for policy in resources_of(template, "AWS::IAM::ManagedPolicy").values()
        for statement in allowing(policy["Properties"]["PolicyDocument"]["Statement"], action)
        if f'"{bucket}"' in json.dumps(statement["Resource"])
        for role in policy["Properties"]["Roles"]
    }


@pytest.mark.parametrize("stack", STACKS)
def test_own_buckets_are_written_by_those_alone_of_whom_it_is_said(stack: str, synthesized: Synthesized) -> None:
    template = synthesized.template(stack)
    for name, bucket in resources_of(template, "AWS::S3::Bucket").items():
        writers = roles_that(template, "s3:PutObject", name)
        principals = {
            role: template["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
            for role in writers
        }
        of_functions = {role for role in writers if principals[role] != {"Service": "sagemaker.amazonaws.com"}}
        if bucket["DeletionPolicy"] == "Delete":  # a copy of a folder
            (copier,) = writers
            assert copier.startswith("SageMakerAutopilotCopier")
        else:
            assert writers - of_functions
            assert {role[:27] for role in of_functions} <= {"SageMakerAutopilotProviderR"}  # for a result
        assert not roles_that(template, "s3:DeleteObject", name)


@pytest.mark.parametrize("stack", STACKS)
def test_function_is_called_by_those_alone_of_whom_it_is_said(stack: str, synthesized: Synthesized) -> None:
    template = synthesized.template(stack)
    callers = [
        name
        for name, policy in resources_of(template, "AWS::IAM::ManagedPolicy").items()
        if allowing(policy["Properties"]["PolicyDocument"]["Statement"], "lambda:InvokeFunction")
    ]

    assert resources_of(template, "AWS::Lambda::Permission") == {}
    machines = ("SageMakerAutopilotProviderWaiter", "SageMakerAutopilotProviderRetrainingMachine")
    assert [name for name in callers if not name.startswith(machines)] == []
    for machine in resources_of(template, "AWS::StepFunctions::StateMachine").values():
        states = machine["Properties"]["Definition"]["States"]
        look = states["Look" if "Look" in states else "Step"]
        assert look["Retry"][0]["ErrorEquals"] == look["Catch"][0]["ErrorEquals"] == ["States.ALL"]


@pytest.mark.parametrize("stack", STACKS)
def test_functions_hold_no_secret_and_read_no_data(stack: str, synthesized: Synthesized) -> None:
    template = synthesized.template(stack)
    environments = [
        function["Properties"]["Environment"]["Variables"]
        for name, function in ours(resources_of(template, "AWS::Lambda::Function")).items()
    ]
    read = {
        action
        for statement in statements_of(template, beginning="SageMakerAutopilotProvider")
        for action in as_list(statement["Action"])
        if action.startswith("s3:")
    }

    assert environments == [{"STACK_ID": {"Ref": "AWS::StackId"}}]
    assert read <= {"s3:ListBucket", "s3:PutObject"}


def test_findings_on_a_deployment_of_the_user_stay() -> None:
    """CDK shares one function between all deployments of a stack that ask for the same: ours ask for something else."""

    def found(*, with_folder: bool) -> dict[str, set[str]]:
        app = cdk.App()
        stack = cdk.Stack(app, "Site")
        deployment.BucketDeployment(
            stack,
            "Site",
            destination_bucket=data_bucket(stack),
            sources=[deployment.Source.asset(str(DIGITS))],
        )
        if with_folder:
            images = Channel.from_asset(DIGITS)
            AutoMLJobV2(stack, "Job", problem=ImageClassification(), training_data=images)
        return synthesize(app).found()

    alone = found(with_folder=False)

    assert sum(map(len, alone.values())) >= 16
    assert found(with_folder=True) == alone


# ------------------------------------------------------------------------------------------------- cfn-lint, parliament


@pytest.mark.parametrize("stack", STACKS)
def test_cfn_lint_passes(stack: str, synthesized: Synthesized) -> None:
    assert [str(match) for match in lint_file(synthesized.path(stack), config=LINT)] == []


def test_cfn_lint_would_have_found_a_fault(synthesized: Synthesized, tmp_path: Path) -> None:
    template = synthesized.template("Quickstart")
    next(iter(resources_of(template, "AWS::Lambda::Function").values()))["Properties"]["Timeout"] = 901
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(template))

    assert [match.rule.id for match in lint_file(broken, config=LINT)] == ["E3717"]


@pytest.mark.parametrize("stack", STACKS)
def test_parliament_knows_every_action_and_its_resources(stack: str, synthesized: Synthesized) -> None:
    parliament = pytest.importorskip("parliament", exc_type=ImportError)
    for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
        for name, policy in ours(resources_of(synthesized.template(stack), kind)).items():
            document = json.dumps(resolved(policy["Properties"]["PolicyDocument"]))
            found = parliament.analyze_policy_string(document).findings
            # A condition key that is newer than its data; and it wants both types of resource of `DescribeExecution`,
            # of which the executions of a standard state machine are one.
            known = ("kms:ResourceAliases", ":express:")
            told = [each for each in found if not any(words in str(each.detail) for words in known)]
            assert [(name, each.issue, each.detail) for each in told] == []


# -------------------------------------------------------------------------------------------------------------- our own


@pytest.mark.parametrize("stack", STACKS)
def test_limits_that_no_linter_knows_are_kept(stack: str, synthesized: Synthesized) -> None:
    for job in jobs_of(synthesized.template(stack)).values():
        assert len(job["Type"]) <= 60
        assert 1 <= job["Properties"]["ServiceTimeout"] <= 3600


@pytest.mark.parametrize("stack", STACKS)
def test_roles_are_passed_one_by_one_and_to_the_service_that_takes_them(stack: str, synthesized: Synthesized) -> None:
    passed = allowing(statements_of(synthesized.template(stack)), "iam:PassRole")

    assert passed
    for statement in passed:
        service = "emr-serverless" if EMR_ROLE in json.dumps(statement["Resource"]) else "sagemaker"
        assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}}
        assert all("*" not in json.dumps(resource) for resource in as_list(statement["Resource"]))


@pytest.mark.parametrize("stack", STACKS)
def test_nobody_gets_every_action_of_a_service(stack: str, synthesized: Synthesized) -> None:
    template = {"Resources": ours(synthesized.template(stack)["Resources"])}
    actions = {action for statement in statements_of(template) for action in as_list(statement["Action"])}

    assert not [action for action in actions if "*" in action]
    assert "ManagedPolicyArns" not in json.dumps(template)
    assert "FullAccess" not in json.dumps(template)


@pytest.mark.parametrize("stack", STACKS)
def test_wildcards_stand_only_where_a_condition_or_the_service_leaves_no_choice(
    stack: str, synthesized: Synthesized
) -> None:
    anywhere = {
        action
        for statement in statements_of(synthesized.template(stack))
        if "*" in as_list(statement["Resource"])
        for action in as_list(statement["Action"])
    }

    assert anywhere <= {
        "cloudwatch:PutMetricData",
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "ecr:GetAuthorizationToken",
        "sagemaker:ListCandidatesForAutoMLJob",
    } | WITHOUT_RESOURCES.get(stack, set())


LOG_DELIVERY = {
    *("logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:GetLogDelivery", "logs:ListLogDeliveries"),
    *("logs:UpdateLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:PutResourcePolicy"),
}
TRACES = {
    *("xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"),
}
WITHOUT_RESOURCES = {
    **dict.fromkeys(("Waiting", "Serving", "Retrained", "Queue", "Batch"), LOG_DELIVERY),
    **dict.fromkeys(("Bank", "Configured"), LOG_DELIVERY | TRACES),
}


# ------------------------------------------------------------------------------------------------------------- the apps

APPS = ["app.py", *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("examples/*/app.py"))]


@pytest.fixture(scope="module")
def app(request: pytest.FixtureRequest) -> Synthesized:
    """An app as it is run, and then once more with all packs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        names = runpy.run_path(str(ROOT / request.param))
    return synthesize(names["app"])


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_example_passes_six_packs_and_cfn_lint(app: Synthesized) -> None:
    templates = sorted(app.folder.rglob("*.template.json"))

    assert templates
    assert app.found() == {}
    assert [str(match) for template in templates for match in lint_file(template, config=LINT)] == []


def test_every_example_is_an_app_that_is_tested_here_or_by_its_stack() -> None:
    folders = {
        path.name for path in (ROOT / "examples").iterdir() if path.is_dir() and not path.name.startswith((".", "_"))
    }

    assert folders - {Path(path).parent.name for path in APPS} == {"quickstart"}  # the root's app


CDK_VALIDATION_PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:]

import aws_cdk as cdk
from tests.constructs.test_validators import define

context = {"@aws-cdk/core:validateAgainstDefaultRules": True}
app = cdk.App(context=context)
define(app)
app.synth()
print("ours pass")

app = cdk.App(context=context)
group = {"GroupDescription": "x", "VpcId": "vpc-1"}
cdk.CfnResource(cdk.Stack(app, "Broken"), "Group", type="AWS::EC2::SecurityGroup", properties=group)
try:
    app.synth()
except RuntimeError:
    print("a broken one does not")
"""


def test_cdks_own_template_validation_passes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CDK_VALIDATION_PROGRAM, str(ROOT)],
        env={name: value for name, value in os.environ.items() if name != "CDK_VALIDATION"},
        capture_output=True,
        text=True,
        timeout=240,
    )

    assert done.stdout.splitlines() == ["ours pass", "a broken one does not"], done.stderr
