"""The one function behind the jobs of a stack: its ids, its asset, its permissions."""

import inspect
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

import constructs_lib
from constructs_lib import AutoMLJobOutcome, AutoMLProvider, ModelDeployConfig, OutputLocation, runtime
from constructs_lib.provider.provider import CONSTRUCT_ID
from constructs_lib.runtime import clients, contract

from ..constructs.synthesis import (
    allowing,
    as_list,
    data_bucket,
    flat,
    jobs_of,
    new_job,
    new_stack,
    only,
    resources_of,
    statements_of,
    template_of,
)

RUNTIME = Path(runtime.__file__).parent


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    stack = new_stack()
    new_job(stack, model_deploy_config=ModelDeployConfig.auto_named(), job_name="mine")
    return template_of(stack)


def test_logical_ids_never_change() -> None:
    """The function's is the service token of every job that is deployed, which CloudFormation does not let change."""
    stack = new_stack("AnyName")
    jobs = [new_job(stack, f"Job{number}", job_name=f"Job-{number}") for number in range(40)]
    AutoMLJobOutcome(stack, "Outcome", job=jobs[0])

    ours = {name for name in template_of(stack)["Resources"] if name.startswith(CONSTRUCT_ID)}

    assert ours == {
        "SageMakerAutopilotProviderFunction8807CA69",
        "SageMakerAutopilotProviderLogEF8E8966",
        "SageMakerAutopilotProviderNames083C283F3",
        "SageMakerAutopilotProviderNames1AE51D151",
        "SageMakerAutopilotProviderPassRoles1952012B2",
        "SageMakerAutopilotProviderPermissionsA20E9CD1",
        "SageMakerAutopilotProviderRole52EFB3D4",
        "SageMakerAutopilotProviderWaiterLogBE3211B3",
        "SageMakerAutopilotProviderWaiterPermissions244FBDF8",
        "SageMakerAutopilotProviderWaiterRole0B0B73F8",
        "SageMakerAutopilotProviderWaiterStateMachine5909E07E",
    }


def test_job_names_the_function_and_nothing_else_as_its_service(template: dict[str, Any]) -> None:
    job = only(jobs_of(template))

    assert job["Properties"]["ServiceToken"] == {"Fn::GetAtt": ["SageMakerAutopilotProviderFunction8807CA69", "Arn"]}


def test_function_is_what_the_runtime_needs(template: dict[str, Any]) -> None:
    properties = only(resources_of(template, "AWS::Lambda::Function"))["Properties"]

    assert properties["Handler"] == "runtime.handler.handle"
    assert properties["Timeout"] == 15 * 60 < contract.SERVICE_TIMEOUT
    assert properties["Runtime"] == "python3.14"
    assert properties["Environment"] == {"Variables": {contract.STACK_VARIABLE: {"Ref": "AWS::StackId"}}}


def test_function_goes_before_what_it_may_do(template: dict[str, Any]) -> None:
    assert only(resources_of(template, "AWS::Lambda::Function"))["DependsOn"] == [
        "SageMakerAutopilotProviderPermissionsA20E9CD1"
    ]


def test_log_goes_with_the_stack_and_is_kept_for_a_year(template: dict[str, Any]) -> None:
    log = only(resources_of(template, "AWS::Logs::LogGroup"))

    assert log["DeletionPolicy"] == "Delete"
    assert log["Properties"] == {"RetentionInDays": 365}


def test_provider_is_made_by_the_first_job_or_by_hand() -> None:
    stack = new_stack()
    provider = AutoMLProvider.of(stack)
    new_job(stack)

    assert AutoMLProvider.of(stack.node.find_child("Job")) is provider  # type: ignore[arg-type]
    assert provider.stack is stack


# --------------------------------------------------------------------------------------------------------- permissions

IAM_ACTION_OF = {"PutLogEvents": "logs", "CreateLogStream": "logs", "PassRole": "iam"}
"""What the function's role needs beside its calls: Lambda writes the log, and a create call passes a role."""


def operations(protocol: type) -> set[str]:
    """The API operations of a client protocol, in the spelling of IAM."""
    methods = {name for name, _ in inspect.getmembers(protocol, inspect.isfunction) if not name.startswith("_")}
    spelled = {"".join(part.capitalize() for part in name.split("_")) for name in methods}
    return {name.replace("AutoMlJobV2", "AutoMLJobV2").replace("AutoMlJob", "AutoMLJob") for name in spelled}


def actions_of_the_function(template: dict[str, Any]) -> set[str]:
    return {
        action
        for statement in statements_of(template, beginning=CONSTRUCT_ID)
        for action in as_list(statement["Action"])
        if not action.startswith("lambda:") and not (action.startswith("logs:") and "Deliver" in action)
    } - {"logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:PutResourcePolicy"}  # the state machine's


def test_function_may_do_what_it_calls_and_nothing_else() -> None:
    stack = new_stack()
    job = new_job(stack, model_deploy_config=ModelDeployConfig.auto_named(), job_name="mine")
    AutoMLJobOutcome(stack, "Outcome", job=job)

    allowed = actions_of_the_function(template_of(stack))

    assert allowed == {
        *(f"sagemaker:{operation}" for operation in operations(clients.SageMaker)),
        *(f"cloudformation:{operation}" for operation in operations(clients.CloudFormation)),
        *(f"states:{operation}" for operation in operations(clients.StepFunctions)),
        *(f"events:{operation}" for operation in operations(clients.EventBridge)),
        *(f"s3:{operation}" for operation in operations(clients.S3)),
        *(f"{service}:{action}" for action, service in IAM_ACTION_OF.items()),
    }


def test_function_may_touch_jobs_of_its_stack_only() -> None:
    stack = new_stack()
    new_job(stack)

    by_name, by_tag = (
        statement
        for statement in statements_of(template_of(stack), beginning=CONSTRUCT_ID)
        if any(action.startswith("sagemaker:") for action in as_list(statement["Action"]))
    )

    jobs = "arn:<Partition>:sagemaker:<Region>:<AccountId>:automl-job"
    assert [flat(resource) for resource in as_list(by_name["Resource"])] == [f"{jobs}/stacke551-{'?' * 22}"]
    assert [flat(resource) for resource in as_list(by_tag["Resource"])] == [f"{jobs}/*"]
    assert by_tag["Condition"] == {
        "StringEquals": {"aws:ResourceTag/sagemaker-autopilot:stack-id": {"Ref": "AWS::StackId"}}
    }
    assert not [action for action in as_list(by_tag["Action"]) if "Create" in action]


def test_job_with_a_name_of_its_own_adds_both_spellings_of_it() -> None:
    stack = new_stack()
    new_job(stack, job_name="Churn")

    named = {
        flat(resource).rpartition("/")[2]
        for statement in statements_of(template_of(stack), beginning=f"{CONSTRUCT_ID}Names")
        for resource in as_list(statement["Resource"])
    }

    assert named == {"Churn", "churn"}


def test_nothing_is_deleted_for_jobs_that_deploy_nothing() -> None:
    stack = new_stack()
    new_job(stack)

    actions = {
        action
        for statement in statements_of(template_of(stack), beginning=CONSTRUCT_ID)
        for action in as_list(statement["Action"])
    }

    assert "sagemaker:DeleteEndpoint" not in actions


ENDPOINTS = ["sagemaker:DeleteEndpoint", "sagemaker:DescribeEndpoint"]


def clean_up(*configs: ModelDeployConfig, **stack_props: Any) -> dict[str, list[dict[str, Any]]]:
    """The statements of the policies of a stack with such one-click endpoints, by the policies' logical ids."""
    stack = new_stack(**stack_props)
    for number, config in enumerate(configs):
        new_job(stack, f"Job{number}", model_deploy_config=config)
    template = template_of(stack)
    policies = {
        name: policy["Properties"]["PolicyDocument"]["Statement"]
        for name, policy in resources_of(template, "AWS::IAM::ManagedPolicy").items()
        if name.startswith(f"{CONSTRUCT_ID}CleanUp")
    }
    for job in jobs_of(template).values():
        assert set(job["DependsOn"]) & set(policies), "the job would lose its clean-up before it goes"
    return policies


def deletable(policies: dict[str, list[dict[str, Any]]]) -> set[str]:
    return {
        flat(resource)
        for statements in policies.values()
        for statement in allowing(statements, "sagemaker:DeleteEndpoint")
        for resource in as_list(statement["Resource"])
    }


def test_endpoint_that_may_be_deleted_is_the_one_that_was_named() -> None:
    sagemaker = "arn:<Partition>:sagemaker:<Region>:<AccountId>"
    [[parts, endpoints]] = clean_up(ModelDeployConfig.named("Churn-Endpoint")).values()

    assert endpoints["Action"] == ENDPOINTS
    assert [flat(resource) for resource in endpoints["Resource"]] == [
        f"{sagemaker}:endpoint/Churn-Endpoint",
        f"{sagemaker}:endpoint/churn-endpoint",
    ]
    assert not set(ENDPOINTS) & set(parts["Action"])
    assert [flat(resource) for resource in parts["Resource"]] == [
        f"{sagemaker}:endpoint-config/*",
        f"{sagemaker}:model/*",
    ]


@pytest.mark.parametrize("is_token", [False, True])
def test_endpoint_whose_name_is_not_known_may_have_any(is_token: bool) -> None:
    name = cdk.Fn.import_value("Name")
    config = ModelDeployConfig.named(name) if is_token else ModelDeployConfig.auto_named()

    assert deletable(clean_up(config)) == {"arn:<Partition>:sagemaker:<Region>:<AccountId>:endpoint/*"}


def test_policy_of_a_name_is_another_when_the_name_is_another() -> None:
    """It lives until the job whose endpoint it names is gone: an update changes no policy that a job needs to go."""
    named = {
        name: set(clean_up(*map(ModelDeployConfig.named, name)))
        for name in (("one",), ("two",), ("one", "two"), ("two", "one"))
    }
    auto = set(clean_up(ModelDeployConfig.auto_named()))

    assert named["one", "two"] == named["two", "one"]
    assert len({*named["one",], *named["two",], *named["one", "two"], *auto}) == 4


def length(statements: list[dict[str, Any]]) -> int:
    """Characters of a policy when it is deployed; each pseudo parameter is at most as long as its name here."""
    return len(json.dumps([{**each, "Resource": [flat(one) for one in each["Resource"]]} for each in statements]))


def test_many_names_take_as_many_policies_as_they_need() -> None:
    policies = clean_up(*(ModelDeployConfig.named(f"Endpoint-{number}-{'x' * 45}") for number in range(60)))

    assert len(deletable(policies)) == 120
    assert 1 < len(policies) < 6
    assert all(length(statements) < 6144 for statements in policies.values())


# --------------------------------------------------------------------------------------------------------------- asset


def asset_of(stack: cdk.Stack) -> Path:
    """The folder that becomes the function's code."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    assembly = app.synth()
    folders = [path for path in Path(assembly.directory).glob("asset.*") if path.is_dir()]
    assert len(folders) == 1
    return folders[0]


def test_asset_holds_the_runtime_and_nothing_else() -> None:
    stack = new_stack()
    new_job(stack)

    folder = asset_of(stack)

    assert {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()} == {
        Path("runtime", path.name) for path in RUNTIME.glob("*.py")
    }


def test_asset_is_below_90_kb(tmp_path: Path) -> None:
    """As it is uploaded: the CDK packs a folder."""
    stack = new_stack()
    new_job(stack)
    folder = asset_of(stack)

    packed = tmp_path / "code.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in folder.rglob("*.py"):
            archive.write(path, path.relative_to(folder))

    assert packed.stat().st_size < 90_000


HASH_PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import aws_cdk as cdk
from constructs_lib import AutoMLProvider
import constructs_lib
assert constructs_lib.__file__.startswith(sys.argv[1])
app = cdk.App()
stack = cdk.Stack(app, "Stack")
AutoMLProvider.of(stack)
resources = app.synth().get_stack_by_name("Stack").template["Resources"]
function = next(each for each in resources.values() if each["Type"] == "AWS::Lambda::Function")
print(function["Properties"]["Code"]["S3Key"])
"""


def test_hash_of_the_asset_depends_on_the_code_alone(tmp_path: Path) -> None:
    shutil.copytree(
        Path(constructs_lib.__file__).parent, tmp_path / "constructs_lib", ignore=shutil.ignore_patterns("__pycache__")
    )

    def key() -> str:
        program = [sys.executable, "-c", HASH_PROGRAM, str(tmp_path)]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    before = key()
    runtime_copy = tmp_path / "constructs_lib" / "runtime"
    (runtime_copy / "__pycache__").mkdir()
    (runtime_copy / "__pycache__" / "handler.cpython-314.pyc").write_bytes(b"x")
    (runtime_copy / "deeper" / "__pycache__").mkdir(parents=True)
    job_copy = tmp_path / "constructs_lib" / "jobs" / "job.py"
    job_copy.write_text(job_copy.read_text() + "\n# changed\n")
    assert key() == before

    (runtime_copy / "handler.py").write_text((runtime_copy / "handler.py").read_text() + "\n# changed\n")
    assert key() != before


def waiting_stack(outputs: int) -> AutoMLProvider:
    """The provider of a stack whose outcomes are written to so many places with long names."""
    stack = new_stack()
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    for number in range(outputs):
        output = OutputLocation.from_bucket(data_bucket(stack), f"{'p' * 480}{number}/")
        AutoMLJobOutcome(stack, f"Outcome{number}", job=new_job(stack, f"Job{number}", role=role, output=output))
    return AutoMLProvider.of(stack)


@pytest.mark.parametrize(("outputs", "warned"), [(20, 0), (120, 1)])
def test_more_policies_than_a_role_takes_are_warned_of_once(outputs: int, warned: int) -> None:
    found = [each.data for each in waiting_stack(outputs).node.metadata if each.type == "aws:cdk:warning"]

    assert len(found) == warned
    assert all("needs more than 10 managed policies" in str(each) for each in found)
