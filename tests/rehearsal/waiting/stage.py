"""Deploys stacks of the real constructs onto the embedded AWS, and tells what became of them."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from constructs_lib import AutoMLJob, Channel, OutputLocation
from constructs_lib.rehearsal.cloud.launcher import Cloud
from constructs_lib.runtime import contract

from ...constructs.synthesis import as_list, resources_of
from ..cloud.account import BUCKET, Account
from ..cloud.stacks import Stacks

Template = dict[str, Any]
T = TypeVar("T")

FUNCTION = "AWS::Lambda::Function"
CONDITION = "AWS::CloudFormation::WaitCondition"
WAIT_SCALE = 1 / 120
"""A look at a job each half a second."""

QUICK_TO_GIVE_UP = 20
"""Seconds of the function's time: 15 are kept for the answer, the rest is for trying again."""


def new_stack(name: str = "Waits") -> cdk.Stack:
    """A stack of an app of its own that needs no bootstrap."""
    synthesizer = cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False)
    return cdk.Stack(cdk.App(), name, synthesizer=synthesizer)


def data(stack: cdk.Stack) -> s3.IBucket:
    """The account's bucket, which is there already."""
    found: Any = stack.node.try_find_child("Data")
    return found or s3.Bucket.from_bucket_name(stack, "Data", BUCKET)


def new_job(stack: cdk.Stack, target: str, construct_id: str = "Job", **props: Any) -> AutoMLJob:
    """A job with the account's data."""
    return AutoMLJob(
        stack,
        construct_id,
        training_data=Channel.from_bucket(data(stack), "train/"),
        output=OutputLocation.from_bucket(data(stack), "models/"),
        target_attribute=target,
        **{"mode": "ENSEMBLING", **props},
    )


def failing(template: Template, after: str, logical_id: str = "AFailure") -> Template:
    """The template with a resource that fails a second after another one is made, and before all wait conditions."""
    handle = {f"{logical_id}Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
    condition = {
        "Type": CONDITION,
        "Properties": {"Handle": {"Ref": f"{logical_id}Handle"}, "Timeout": "1", "Count": 1},
        "DependsOn": [after],
    }
    return {**template, "Resources": {**template["Resources"], **handle, logical_id: condition}}


def without(template: Template, action: str) -> Template:
    """The template with an action taken away from the function's policies."""
    changed: Template = json.loads(json.dumps(template))
    taken = 0
    for name, policy in resources_of(changed, "AWS::IAM::ManagedPolicy").items():
        if not name.startswith("SageMakerAutopilotProvider"):
            continue
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        for statement in statements:
            actions = as_list(statement["Action"])
            taken += action in actions
            statement["Action"] = [each for each in actions if each != action]
        policy["Properties"]["PolicyDocument"]["Statement"] = [each for each in statements if each["Action"]]
    assert taken == 1, f"{action} is in {taken} statements"
    return changed


def impatient(template: Template) -> Template:
    """The template with a function that gives up soon."""
    changed: Template = json.loads(json.dumps(template))
    for function in resources_of(changed, FUNCTION).values():
        function["Properties"]["Timeout"] = QUICK_TO_GIVE_UP
    return changed


def timing_out(template: Template, seconds: int) -> Template:
    """The template with waits that take so many seconds at each condition: the props do not allow so few."""
    changed: Template = json.loads(json.dumps(template))
    for kind in (contract.RESOURCE_TYPE, contract.WATCH_TYPE):
        for resource in resources_of(changed, kind).values():
            for number, condition in enumerate(resource["Properties"].get("Watch", {}).get("Conditions", ()), start=1):
                condition["Seconds"] = seconds * number
    for outcome in resources_of(changed, contract.OUTCOME_TYPE).values():
        outcome["Properties"]["TimeoutSeconds"] = seconds
    return changed


def logical_id(template: Template, kind: str = contract.RESOURCE_TYPE) -> str:
    """The only resource of a type."""
    [name] = resources_of(template, kind)
    return name


class Stage(Stacks):
    """An account with the stacks of one test module."""

    def __init__(self, cloud: Cloud, account: Account) -> None:
        super().__init__(cloud, account)
        self.cloud = cloud
        self.sagemaker = account.sagemaker
        self.states = cloud.client("stepfunctions")
        self._assets = f"cdk-hnb659fds-assets-{cloud.account}-{cloud.region}"
        account.new_bucket(self._assets)

    # Deploying

    def template(self, stack: cdk.Stack) -> Template:
        """What the stack is synthesized to; its assets are uploaded."""
        app = stack.node.root
        assert isinstance(app, cdk.App)
        assembly = app.synth()
        folder = Path(assembly.directory)
        manifest = json.loads((folder / f"{stack.artifact_id}.assets.json").read_text())
        for asset in manifest["files"].values():
            if asset["source"]["packaging"] == "zip":
                [destination] = asset["destinations"].values()
                packed = _packed(folder / asset["source"]["path"])
                self.account.s3.put_object(Bucket=self._assets, Key=destination["objectKey"], Body=packed)
        loaded: Template = json.loads(
            Path(assembly.get_stack_artifact(stack.artifact_id).template_full_path).read_text()
        )
        return loaded

    def until_waiting(self, name: str, template: Template) -> None:
        """Until the deployment waits at a condition of the template, and the job has been looked at."""
        conditions = resources_of(template, CONDITION)

        def waits() -> bool:
            events = self.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
            latest = {event["LogicalResourceId"]: event["ResourceStatus"] for event in reversed(events)}
            return any(latest.get(each, "").endswith("_IN_PROGRESS") for each in conditions)

        eventually(waits)

    # What became of it

    def outputs(self, name: str) -> dict[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in self.describe(name).get("Outputs", ())}

    def job(self, name: str) -> dict[str, Any]:
        described: dict[str, Any] = self.sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name)
        return described

    def jobs(self, stack: str, construct_id: str = "job") -> dict[str, str]:
        """The status of each job that a stack ever made, the oldest first."""
        beginning = stack.lower()[:7]
        found = self.sagemaker.list_auto_ml_jobs(SortBy="CreationTime", SortOrder="Ascending", MaxResults=100)
        return {
            each["AutoMLJobName"]: each["AutoMLJobStatus"]
            for each in found["AutoMLJobSummaries"]
            if each["AutoMLJobName"].startswith(beginning) and f"-{construct_id}" in each["AutoMLJobName"]
        }

    def executions(self, name: str) -> dict[str, str]:
        """The status of each execution of a stack's state machine, by its ARN."""
        stack_id = self.describe(name)["StackId"]
        _, _, _, region, account, path = stack_id.split(":", 5)
        machine = f"arn:aws:states:{region}:{account}:stateMachine:sagemaker-autopilot-{path.split('/')[-1]}"
        found = self.states.list_executions(stateMachineArn=machine)["executions"]
        return {each["executionArn"]: each["status"] for each in found}

    def status_of(self, execution: str) -> str:
        """The status of an execution, whose state machine may be gone."""
        return str(self.states.describe_execution(executionArn=execution)["status"])

    def log(self, name: str) -> list[dict[str, Any]]:
        """What the function of a stack has decided so far."""
        logs = self.cloud.client("logs")
        groups = logs.describe_log_groups()["logGroups"]
        group = next(each["logGroupName"] for each in groups if f"/{name}/" in each["logGroupName"])
        messages = [each["message"] for each in logs.filter_log_events(logGroupName=group)["events"]]
        return [json.loads(each) for each in messages if each.startswith("{")]

    def result(self, uri: str) -> dict[str, Any]:
        """The full result of a job."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        loaded: dict[str, Any] = json.loads(self.account.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return loaded


def eventually(look: Callable[[], T], *, seconds: float = 90) -> T:
    """What `look` finds at last, if that is anything."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {seconds} seconds in vain"
        time.sleep(0.1)
    return found


def ended(executions: Mapping[str, str]) -> bool:
    return "RUNNING" not in executions.values()


def _packed(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return content.getvalue()
