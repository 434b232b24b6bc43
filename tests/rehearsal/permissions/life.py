"""The lives of stacks on the embedded AWS that use what they may: the bank's, one that fails, one that trains again."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from constructs_lib import (
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLJobV2,
    Channel,
    ImageClassification,
    OnTimeout,
    OutputLocation,
)
from constructs_lib.rehearsal.cloud.launcher import Cloud
from constructs_lib.runtime import contract

from ...constructs import bank
from ...constructs.synthesis import resources_of
from ..cloud.account import SAGEMAKER_TRUST, Account, channel
from ..serving.stage import Serving
from ..waiting.stage import WAIT_SCALE, Template, eventually, new_stack, timing_out
from . import again
from .bank_training import CSV, FOR_EVER, WORSE
from .rights import Right, places_of, rights_of, roles_of

ACCOUNT, REGION = "111122223333", "eu-west-1"
TRAINING = str(Path(__file__).with_name("bank_training.py"))
DATA = "bank-data"
PREFIX, OTHER_PREFIX = "bank676c", "another1"
"""How generated names begin in the bank's template, and how else they might."""

RENAMED, KEPT = ("Churn", "QueueModel", "RealTimeModel"), {"automl-job": ["fr"], "model": ["se", "tr"]}
"""What has a name that begins otherwise in the end, and how names go on that do not."""

ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True)
class Use:
    """One call that a role could do because of some statements."""

    action: str
    statements: tuple[tuple[Right, str], ...]
    """What each of them allows, and the keys in S3 that it is about."""

    is_needed: bool
    """Without them all, the call is denied."""


def start(folder: Path) -> Cloud:
    """An embedded AWS that takes note of decisions."""
    return Cloud.start(
        folder,
        account=ACCOUNT,
        region=REGION,
        training=TRAINING,
        concurrent_jobs=20,
        wait_scale=WAIT_SCALE,
        records_decisions=True,
    )


class Life:
    """What roles did, and what they might have done."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.stage = Serving(cloud, Account(cloud))
        self.templates: list[Template] = []
        self._fill()

    def live(self) -> list[Use]:
        """Deploy the stacks, change them, have them asked, and take them away."""
        stage = self.stage
        ends = self._ending()
        stage.begin("Ends", ends)
        first = self._bank()
        self._deploy("Bank", first)
        self._ask()
        second = _retrained(first)
        self._deploy("Bank", second)
        self._deploy("Bank", _renamed(second))
        stage.delete("Bank")
        trained_again = again.template_of(stage, DATA, bank.TOPIC)
        again.live(stage, trained_again, DATA)
        assert stage.wait("Ends") == "ROLLBACK_COMPLETE", stage.reasons("Ends")
        self.templates = [ends, first, trained_again]
        return list(self._uses())

    def _deploy(self, name: str, template: Template) -> None:
        status = self.stage.put(name, template)
        assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), self.stage.reasons(name)

    def _uses(self) -> Iterator[Use]:
        roles = {f"{name}-": kind for template in self.templates for name, kind in roles_of(template).items()}
        for decision in self._cloud.decisions():
            kind = next((kind for name, kind in roles.items() if f"-{name}" in decision["Role"]), None)
            if kind is not None:
                yield _use(kind, decision)

    def in_its_network(self, template: Template) -> Template:
        """The template with the network that is there."""
        found: Template = json.loads(_replaced(json.dumps(template), self._network))
        return found

    def executions(self) -> str:
        """What all state machines tell of what they did."""
        states, told = self._cloud.client("stepfunctions"), []
        for machine in states.list_state_machines()["stateMachines"]:
            for execution in states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]:
                told += states.get_execution_history(executionArn=execution["executionArn"])["events"]
        return json.dumps(told, default=str)

    # What is there

    def _fill(self) -> None:
        """What the bank has from elsewhere."""
        stage, account = self.stage, self.stage.account
        account.new_bucket(DATA)
        rows = json.dumps([{"prefix": f"s3://{DATA}/validation/"}, "a.csv"]).encode()
        files = {f"{folder}/a.csv": CSV for folder in ("train", "validation", "fraud", "endless")}
        requests = {f"new/{number}.csv": FOR_EVER.encode() for number in range(150)}
        more = {"validation.manifest": rows, "answers/good": b"1", "answers/bad": b"bad"}
        for key, body in {**files, **requests, **more}.items():
            account.s3.put_object(Bucket=DATA, Key=key, Body=body)
        account.new_bucket("whole")
        account.s3.put_object(Bucket="whole", Key="a.csv", Body=CSV)
        account.iam.create_policy(PolicyName="boundary", PolicyDocument=json.dumps(ANYTHING))
        account.role("emr", trust={**SAGEMAKER_TRUST, "Principal": {"Service": "emr-serverless.amazonaws.com"}})
        self._cloud.client("sns").create_topic(Name="topic")
        self._cloud.client("events").create_event_bus(Name="ml")
        stage.sagemaker.create_model_package_group(ModelPackageGroupName="churn")
        vpc = stage.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = stage.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        self._network = {"vpc-0123456789abcdef0": vpc, "subnet-0123456789abcdef0": subnet}
        account.wait(self._made("champion", "train", WORSE))
        self._made("endless", "endless", FOR_EVER)

    def _made(self, name: str, folder: str, target: str) -> str:
        """A job that no stack makes."""
        self.stage.sagemaker.create_auto_ml_job(
            **self.stage.account.request(
                AutoMLJobName=name,
                InputDataConfig=[{**channel(f"s3://{DATA}/{folder}/"), "TargetAttributeName": target}],
                OutputDataConfig={"S3OutputPath": f"s3://{DATA}/models/"},
                AutoMLJobConfig={"Mode": "ENSEMBLING"},
                ProblemType="BinaryClassification",
                AutoMLJobObjective={"MetricName": "F1"},
            )
        )
        return name

    # The stacks

    def _bank(self) -> Template:
        """The bank as it is, but that the service takes its requests, and that what it needs has other ids."""
        app = cdk.App()
        bank.define_bank(app)
        cdk.Tags.of(app).add("cost-center", "risk")
        stack = app.node.find_child("Bank")
        assert isinstance(stack, cdk.Stack)
        template = self.in_its_network(self.stage.template(stack))
        del template["Rules"], template["Parameters"]["BootstrapVersion"]
        for job in resources_of(template, contract.RESOURCE_TYPE).values():
            job["Properties"]["Request"].pop("AutoMLComputeConfig", None)  # "reserved for SageMaker Canvas"
        return template

    def _ending(self) -> Template:
        """A job that never ends, one of a folder, and a wait for a third that is in vain."""
        stack = new_stack("Ends")
        output = OutputLocation.from_bucket(s3.Bucket.from_bucket_name(stack, "Data", DATA), "models/")
        whole = s3.Bucket.from_bucket_name(stack, "Whole", "whole")
        folder = Path(__file__).parents[3] / "examples" / "image_classification" / "data" / "digits"
        AutoMLJob(stack, "Runs", training_data=Channel.from_bucket(whole), target_attribute=FOR_EVER, output=output)
        images = Channel.from_asset(folder)
        AutoMLJobV2(stack, "Copied", problem=ImageClassification(), training_data=images, output=output)
        job = AutoMLJob.from_job_name(stack, "Endless", "endless", output=output)
        AutoMLJobOutcome(stack, "Outcome", job=job, on_timeout=OnTimeout.STOP_JOB)
        return timing_out(self.stage.template(stack), 3)

    def _ask(self) -> None:
        """Have each endpoint asked, one of them by way of S3."""
        stage = self.stage
        for endpoint in stage.sagemaker.list_endpoints()["Endpoints"]:
            name = endpoint["EndpointName"]
            if "-queue-" not in name:
                stage.ask(name)
                continue
            for key in ("good", "bad"):
                stage.runtime.invoke_endpoint_async(
                    EndpointName=name, InputLocation=f"s3://{DATA}/answers/{key}", ContentType="text/csv"
                )
        written = [f"s3:PutObject {place}" for place in ("answers/*", "failures/*", "captured/*")]
        eventually(lambda: all(each in self._written() for each in written))

    def _written(self) -> set[str]:
        return {
            f"{decision['Action']} {place}"
            for decision in self._cloud.decisions()
            for place in map(places_of, decision["Statements"])
        }


def _use(role: str, decision: Mapping[str, Any]) -> Use:
    statements = tuple(
        (right, places_of(statement))
        for statement in decision["Statements"]
        for right in rights_of(role, statement)
        if right.action == decision["Action"]
    )
    return Use(decision["Action"], statements, decision["IsNeeded"])


def _replaced(text: str, names: Mapping[str, str]) -> str:
    for name, other in names.items():
        text = text.replace(name, other)
    return text


def _retrained(template: Template) -> Template:
    """The template with another revision of the jobs: what the CDK makes of that has other ids."""
    text = json.dumps(template)
    specs = set(re.findall(r'"JobSpec": "(\w+)"', text))
    waits = [name for name in resources_of(template, "AWS::CloudFormation::WaitCondition") if "Champion" not in name]
    others = {name: f"{name[:-1]}{'10'[name[-1] == '1']}" for name in (*specs, *waits)}
    changed: Template = json.loads(_replaced(text, others))
    for job in resources_of(changed, contract.RESOURCE_TYPE).values():
        job["Properties"]["Revision"] = "2"
    return changed


def _renamed(template: Template) -> Template:
    """The template with names that begin otherwise, with other tags of the user, and with an approval."""
    changed: Template = json.loads(json.dumps(template))
    for name, resource in changed["Resources"].items():
        properties = resource.get("Properties", {})
        if name.startswith(RENAMED) and "NamePrefix" in properties:
            properties["NamePrefix"] = json.loads(json.dumps(properties["NamePrefix"]).replace(PREFIX, OTHER_PREFIX))
        if resource["Type"].startswith("Custom::"):
            properties.get("Request", {}).pop("Tags", None)
        if resource["Type"] == contract.MODEL_PACKAGE_TYPE:
            properties["Request"]["ModelApprovalStatus"] = "Approved"
    for policy in resources_of(changed, "AWS::IAM::ManagedPolicy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            _rename(statement)
    return changed


def _rename(statement: dict[str, Any]) -> None:
    """Let a statement of the bank's generated names be one of those that `_renamed` leads to."""
    text = json.dumps(statement["Resource"])
    for kind, kept in KEPT.items():
        if f":{kind}/" in text and f"{PREFIX}-??" in text:
            named = [text.replace(f"{PREFIX}-??", f"{PREFIX}-{beginning}") for beginning in kept]
            statement["Resource"] = [json.loads(each) for each in (*named, text.replace(PREFIX, OTHER_PREFIX))]
